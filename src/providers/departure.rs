//! Verification of deliveries that arrive under a general scheme, from providers whose variant of it differs in a
//! detail.

use std::time::Duration;

use crate::providers::keys::Keys;
use crate::providers::provider::{Provider, SchemeVariant};
use crate::webhook::{Delivery, Document, Key, Signature, Verdict, VerifyOptions};

/// The variant of the provider that claims this body; none if no known provider does.
pub fn departure_of(
    provider: &Provider,
    document: Option<&Document>,
) -> Option<&'static SchemeVariant> {
    let document = document?;
    let mut departures = provider.departures.iter();
    departures.find(|departure| departure.provider.claims_body(document))
}

/// Verifies by the general scheme first, then by the variant of the provider that claims the body; the difference
/// becomes the reason of the verdict.
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

/// Verdict by the variant; none if the signature does not hold by it either, leaving its age aside.
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
    let verify = |options: &VerifyOptions| scheme.verify(delivery, document, &given, test, options);
    // If only the age is wrong, that is the reason to report.
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
