//! Receipt of a delivery: everything read from it, put together.

use crate::providers::behaviour::Handshake;
use crate::providers::catalog::{cloudevents, ses};
use crate::providers::provider::{Envelope, Provider};
use crate::providers::reading::events::read_events;
use crate::providers::reading::leads::LEADS;
use crate::providers::reading::mails::read_mails;
use crate::providers::reading::recognition::recognise;
use crate::providers::reading::signature::judge_signature;
use crate::providers::{Keys, dedup_key, find};
use crate::webhook::{Delivery, Document, Receipt, Recognition, Signature, Verdict, VerifyOptions};

/// Reads a delivery: its provider, its events, and the verdict on its signature. `named` is the provider given by the
/// user; without it the provider is recognised.
pub fn read(
    delivery: &Delivery,
    named: Option<&'static Provider>,
    keys: &Keys,
    verify_options: &VerifyOptions,
) -> Receipt {
    let any = |_: &Receipt| true;
    let read = read_where(delivery, named, keys, verify_options, any);
    read.unwrap_or_default()
}

/// Reads a delivery like [`read`], but none if it is not `wanted`, which is asked before the signature is verified.
pub fn read_where(
    delivery: &Delivery,
    named: Option<&'static Provider>,
    keys: &Keys,
    verify_options: &VerifyOptions,
    wanted: impl FnOnce(&Receipt) -> bool,
) -> Option<Receipt> {
    let (mut receipt, found) = look(delivery, named);
    if !wanted(&receipt) {
        return None;
    }
    if let Some((provider, document)) = found {
        receipt.signature =
            judge_signature(provider, delivery, document.as_ref(), keys, verify_options);
    }
    let is_refused = receipt.signature.verdict == Verdict::Refused;
    if receipt.handshake
        && is_refused
        && !named
            .or_else(|| find(receipt.provider?))
            .is_some_and(|provider| is_signed(provider, delivery))
    {
        // Nobody signs a question, so there is nothing to refuse.
        receipt.signature = Signature {
            reason: Some("a handshake: it only asks for a response, and nothing is signed".into()),
            scheme: receipt.signature.scheme,
            ..Signature::default()
        };
    }
    Some(receipt)
}

/// Reads the provider and the events of a delivery, without verifying its signature.
pub fn outline(delivery: &Delivery, named: Option<&'static Provider>) -> Receipt {
    look(delivery, named).0
}

/// Returns true if a delivery has a signature of that provider.
fn is_signed(provider: &Provider, delivery: &Delivery) -> bool {
    let mut schemes = provider.schemes.iter();
    schemes.any(|scheme| scheme.is_present(delivery, None))
}

/// True if no secret could verify a delivery, because it did not come as signed SNS posts come (raw delivery or
/// EventBridge, say).
pub fn cannot_be_verified(delivery: &Delivery) -> bool {
    Document::of(delivery).is_ok_and(|document| {
        recognise(delivery, Some(&document))
            .is_some_and(|(provider, _)| provider.name == ses::PROVIDER.name)
            && ses::misuse(delivery, &document).is_some()
    })
}

/// Provider of a delivery, and its body as it came, in the envelope that is signed.
type Found<'a> = (&'static Provider, Option<Document<'a>>);

/// Reads all of a delivery but its signature.
fn look<'a>(
    delivery: &'a Delivery,
    named: Option<&'static Provider>,
) -> (Receipt, Option<Found<'a>>) {
    let (mut receipt, found) = receipt(delivery, named);
    receipt.handshake = is_handshake(delivery, &receipt);
    if receipt.handshake {
        receipt.asks = asking(delivery, receipt.provider);
    }
    (receipt, found)
}

/// Title of the provider that sends this handshake: the named one, if it sends such; without a name, the one known for this
/// method.
fn asking(delivery: &Delivery, provider: Option<&str>) -> Option<&'static str> {
    let method = delivery.method.as_str();
    let name = match (provider, method) {
        (Some(name), _) => name,
        (None, "HEAD") => "mandrill",
        (None, "GET") => "mailchimp",
        (None, "OPTIONS") => "cloudevents",
        (None, _) => return None,
    };
    let provider = find(name)?;
    let asks = provider.conduct.handshake.iter().any(|handshake| {
        matches!(
            (handshake, method),
            (Handshake::Head, "HEAD") | (Handshake::Get, "GET") | (Handshake::Options, "OPTIONS")
        )
    });
    asks.then_some(provider.title)
}

fn receipt<'a>(
    delivery: &'a Delivery,
    named: Option<&'static Provider>,
) -> (Receipt, Option<Found<'a>>) {
    let mut receipt = Receipt::default();
    let document = match Document::of(delivery) {
        Ok(document) => {
            receipt.problems.extend_from_slice(document.problems());
            receipt.is_json = document.is_json() && delivery.told_by_query().is_none();
            Some(document)
        }
        Err(_) if is_bare(delivery) => None,
        Err(problem) => {
            receipt.problems.push(problem);
            None
        }
    };
    let recognised = match named {
        Some(provider) => Some((provider, Recognition::Named)),
        None => recognise(delivery, document.as_ref()),
    };
    let Some((provider, reason)) = recognised else {
        return (receipt, None);
    };
    receipt.provider = Some(provider.name);
    receipt.recognised_by = Some(reason);
    let unpacked = unpacked(provider, delivery, document.as_ref());
    read_content(
        provider,
        delivery,
        unpacked.as_ref().or(document.as_ref()),
        &mut receipt,
    );
    (receipt, Some((provider, document)))
}

/// Reads what the body of a delivery says: its events, its identity, and what is odd about it.
fn read_content(
    provider: &'static Provider,
    delivery: &Delivery,
    document: Option<&Document>,
    receipt: &mut Receipt,
) {
    if provider.name == ses::PROVIDER.name
        && let Some(document) = document
        && let Some(why) = ses::misuse(delivery, document).filter(|_| !ses::is_bare(document))
    {
        receipt.problems.push(why.into());
    }
    receipt.identity = dedup_key::of_delivery(provider, delivery, document);
    if let Envelope::Own(open) = provider.envelope {
        let opened = open(delivery, document);
        if opened.events.is_some() {
            // In that case the body is data, in any format.
            receipt.problems.clear();
        }
        receipt.problems.extend(opened.problems);
        if let Some(events) = opened.events.as_ref().or(document) {
            read_events(provider, delivery, events, receipt);
        }
    } else if let Some(document) = document {
        receipt.confirm = provider
            .confirm
            .and_then(|at| document.text(at))
            .map(Into::into);
        read_events(provider, delivery, document, receipt);
    }
    if let Some(document) = document {
        read_mails(provider, delivery, document, receipt);
    }
}

/// A CloudEvent whose attributes are header fields, put together; none if the provider sends no CloudEvents.
fn unpacked<'a>(
    provider: &Provider,
    delivery: &Delivery,
    document: Option<&Document<'a>>,
) -> Option<Document<'a>> {
    LEADS
        .packs(provider)
        .then(|| cloudevents::unpacked(delivery, document))
        .flatten()
}

/// True for a GET, HEAD or OPTIONS request without a body.
fn is_bare(delivery: &Delivery) -> bool {
    delivery.body.is_empty() && matches!(delivery.method.as_str(), "GET" | "HEAD" | "OPTIONS")
}

/// True for a request that only checks that the URL responds, as providers send before they trust a URL. The URL that
/// was configured may have a query of its own; a query that contains an event makes the request a delivery.
fn is_handshake(delivery: &Delivery, receipt: &Receipt) -> bool {
    let by_itself = |by: Recognition| !matches!(by, Recognition::Named);
    let signals = || !receipt.events.is_empty() || receipt.recognised_by.is_some_and(by_itself);
    is_bare(delivery) && (delivery.told_by_query().is_none() || !signals())
}
