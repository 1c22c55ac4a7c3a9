//! Delivery inside the body of another: in base64, compressed, in a string, in a platform's event, after a byte order mark.

use crate::providers::Keys;
use crate::providers::Provider;
use crate::providers::diagnose::layers::{self, Wrapping};
use crate::providers::reading::{outline, read_where, recognise};
use crate::webhook::{Delivery, Document, Receipt, Recognition, VerifyOptions};

/// Reads a delivery as [`read`](crate::providers::read) does. Where no provider is named and none is recognised by the
/// body, it is read as a delivery of the provider whose delivery is inside of it.
pub fn read_beneath(
    delivery: &Delivery,
    named: Option<&'static Provider>,
    keys: &Keys,
    options: &VerifyOptions,
) -> Receipt {
    read_beneath_where(delivery, named, keys, options, |_| true).unwrap_or_default()
}

/// Reads a delivery like [`read_beneath`], but none if it is not `wanted`, which is asked before the signature is
/// verified.
pub fn read_beneath_where(
    delivery: &Delivery,
    named: Option<&'static Provider>,
    keys: &Keys,
    options: &VerifyOptions,
    wanted: impl Fn(&Receipt) -> bool,
) -> Option<Receipt> {
    let mut found = None;
    let receipt = read_where(delivery, named, keys, options, |receipt| {
        found = beneath(delivery, receipt);
        found.is_none() && wanted(receipt)
    });
    match found {
        Some(_) => read_where(delivery, found, keys, options, wanted),
        None => receipt,
    }
}

/// Reads the provider and the events of a delivery like [`read_beneath`], without verifying its signature.
pub fn outline_beneath(delivery: &Delivery, named: Option<&'static Provider>) -> Receipt {
    let receipt = outline(delivery, named);
    match beneath(delivery, &receipt) {
        None => receipt,
        found => outline(delivery, found),
    }
}

/// Provider of the delivery inside the body. A body that is recognised itself is not searched.
fn beneath(delivery: &Delivery, receipt: &Receipt) -> Option<&'static Provider> {
    if let Some(Recognition::Body(_) | Recognition::Named) = receipt.recognised_by {
        return None;
    }
    let mut by_header = None;
    for it in layers::unwrapped(delivery) {
        let document = Document::of(&it.delivery).ok();
        match document.and_then(|document| recognise(&it.delivery, Some(&document))) {
            Some((provider, Recognition::Body(_))) => return Some(provider),
            // An event has the headers of the request as well.
            Some((provider, _)) if it.wrapping == Wrapping::Event => by_header = Some(provider),
            _ => {}
        }
    }
    by_header
}
