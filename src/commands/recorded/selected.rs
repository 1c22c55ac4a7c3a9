//! Deliveries of sources that a [`Selection`] chooses.

use jiff::Timestamp;

use crate::providers;
use crate::providers::Keys;
use crate::report::text::inflate::inflate;
use crate::webhook::{Delivery, Fixture, Receipt, Selection, VerifyOptions};

/// Mark of a delivery that is not chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unchosen;

/// Options to verify a recorded delivery: as of the time of its recording, with the default tolerance (`--tolerance`).
/// `public_url` is that of `--public-url`.
pub fn as_recorded(fixture: &Fixture, public_url: Option<&String>) -> VerifyOptions {
    VerifyOptions {
        now: fixture.at.unwrap_or_else(Timestamp::now),
        tolerance: None,
        public_url: public_url.cloned(),
        topics: Vec::new(),
    }
}

/// Delivery with its body decompressed; unchanged, if that cannot be done or the body is too large.
pub fn decompressed(delivery: &Delivery) -> Delivery {
    let mut delivery = delivery.clone();
    let coding = delivery.headers.text("content-encoding");
    let inflated = coding.and_then(|coding| inflate(coding, &delivery.body));
    if let Some(inflated) = inflated.filter(|it| it.cut.is_none()) {
        delivery.body = inflated.bytes.into();
        delivery.headers.remove("content-encoding");
    }
    delivery
}

/// Applies a selection to a fixture, `skip`, `limit` and `last` not considered. Returns its receipt, if that had to be
/// read; without the verdict, unless that is asked for.
pub fn choose(
    selection: &Selection,
    fixture: &Fixture,
    keys: &Keys,
    options: &VerifyOptions,
) -> Result<Option<Receipt>, Unchosen> {
    let delivery = &fixture.delivery;
    if !selection.wants_request(delivery)
        || (selection.reads_answer()
            && !selection.wants_answer(fixture.last_status(), fixture.has_failed()))
    {
        return Err(Unchosen);
    }
    if !selection.reads_events() {
        return Ok(None);
    }
    let named = providers::beneath(delivery);
    let receipt = match selection.reads_verdict() {
        true => providers::read(delivery, named, keys, options),
        false => providers::outline(delivery, named),
    };
    match selection.wants_receipt(&receipt, fixture.at) {
        true => Ok(Some(receipt)),
        false => Err(Unchosen),
    }
}
