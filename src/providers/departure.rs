//! Verifying what comes under a general scheme from a provider that departs from it.

use std::time::Duration;

use crate::providers::keys::Keys;
use crate::providers::provider::{Provider, SchemeVariant};
use crate::webhook::{Delivery, Document, Key, Signature, Verdict, VerifyOptions};

/// The departure of the provider whose body this is; none where nobody is known to send it.
pub fn departure_of(
    provider: &Provider,
    document: Option<&Document>,
) -> Option<&'static SchemeVariant> {
    let document = document?;
    let mut departures = provider.departures.iter();
    departures.find(|departure| departure.provider.claims_body(document))
}

/// The verdict by the general scheme, or that by the departure of the provider whose body this is, with what differs
/// as its reason.
pub(super) fn judged(
    provider: &Provider,
    delivery: &Delivery,
    document: Option<&Document>,
    keys: &Keys,
    verify_options: &VerifyOptions,
    general: Signature,
) -> Signature {
    if provider.departures.is_empty() {
        return general;
    }
    if general.verdict.holds() {
        let text = general.key.and_then(|at| keys.stretched(provider, at));
        return match text {
            Some(says) if general.verdict == Verdict::Verified => said(general, says),
            _ => general,
        };
    }
    departed(provider, delivery, document, keys, verify_options).unwrap_or(general)
}

/// The verdict by the departure; none if the signature is no better by it.
fn departed(
    provider: &Provider,
    delivery: &Delivery,
    document: Option<&Document>,
    keys: &Keys,
    verify_options: &VerifyOptions,
) -> Option<Signature> {
    let departure = departure_of(provider, document)?;
    let scheme = departure.provider.schemes.first()?;
    let (places, given): (Vec<usize>, Vec<Key>) = keys.in_form(provider, departure.key).unzip();
    let test = || {
        keys.tried(provider)
            .and_then(|_| keys.test(departure.provider))
    };
    let verify = |verify_options: &VerifyOptions| {
        scheme.verify(delivery, document, &given, test, verify_options)
    };
    // Where only the age speaks against it, that is the reason to tell.
    let ageless = VerifyOptions {
        tolerance: Some(Duration::from_secs(u32::MAX.into())),
        ..verify_options.clone()
    };
    if !verify(&ageless).verdict.holds() {
        return None;
    }
    let signature = verify(verify_options);
    let signature = Signature {
        key: signature.key.and_then(|at| places.get(at)).copied(),
        ..signature
    };
    Some(if signature.verdict.holds() {
        said(signature, departure.says)
    } else {
        signature
    })
}

fn said(signature: Signature, says: &str) -> Signature {
    let reason = match signature.reason {
        Some(reason) => format!("{says}; {reason}"),
        None => says.to_owned(),
    };
    Signature {
        reason: Some(reason),
        ..signature
    }
}
