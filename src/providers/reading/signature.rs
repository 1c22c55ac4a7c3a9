//! Signature of a delivery: the verdict on it, and the signing.

use crate::providers::catalog::ses;
use crate::providers::provider::{Envelope, Provider};
use crate::providers::{Keys, departure};
use crate::webhook::{
    Algorithm, Delivery, Document, Key, Scheme, Secret, Signature, SigningContext, Verdict,
    VerifyOptions,
};

pub(super) fn judge_signature(
    provider: &Provider,
    delivery: &Delivery,
    document: Option<&Document>,
    keys: &Keys,
    verify_options: &VerifyOptions,
) -> Signature {
    let general = verdict_of(
        provider,
        delivery,
        document,
        keys.given(provider),
        || keys.tried(provider),
        verify_options,
    );
    let mut signature =
        departure::judged(provider, delivery, document, keys, verify_options, general);
    if signature.verdict == Verdict::Verified
        && signature
            .key
            .is_some_and(|at| keys.is_certificate(provider, at))
    {
        let own = "with the certificate from `--secret`, whose chain is not checked";
        signature.reason = Some(match signature.reason {
            Some(reason) => format!("{reason}; {own}"),
            None => own.into(),
        });
    }
    if !signature.verdict.holds()
        && provider.name == ses::PROVIDER.name
        && let Some(why) = document.and_then(|document| ses::misuse(delivery, document))
    {
        signature.reason = Some(why.into());
    } else if signature.verdict == Verdict::Unchecked
        && let Some(why) = keys.missing(provider)
    {
        signature.reason = Some(why);
    }
    signature
}

/// Verifies a signature with these keys; `test` returns the test key where it may be tried.
pub(in crate::providers) fn verdict_of<'a>(
    provider: &Provider,
    delivery: &Delivery,
    document: Option<&Document>,
    keys: &[Key],
    test: impl Fn() -> Option<&'a Key>,
    verify_options: &VerifyOptions,
) -> Signature {
    let verify =
        |scheme: &&'static Scheme| scheme.verify(delivery, document, keys, &test, verify_options);
    // Credentials that the user names may be in any header.
    let shows = |scheme: &Scheme| {
        let named = keys.iter().any(|key| matches!(key, Key::Credentials(_)));
        named && scheme.algorithm == Algorithm::Credentials
    };
    // Where a delivery has several signatures (a parent account's beside the account's own), one valid signature is
    // enough.
    let mut present = provider
        .schemes
        .iter()
        .filter(|scheme| scheme.is_present(delivery, document) || shows(scheme))
        .map(verify);
    let signature = match present.next() {
        Some(first) if first.verdict.holds() => first,
        Some(first) => present.find(|other| other.verdict.holds()).unwrap_or(first),
        None => provider.schemes.first().map(verify).unwrap_or_default(),
    };
    if signature.verdict.holds() {
        return signature;
    }
    setup_verdict(provider, delivery, document, verify_options).unwrap_or(signature)
}

/// Verdict on the check of a new URL that a provider signs with a public key: accepted only for a batch without events;
/// none for anything else.
fn setup_verdict(
    provider: &Provider,
    delivery: &Delivery,
    document: Option<&Document>,
    verify_options: &VerifyOptions,
) -> Option<Signature> {
    let secret = provider.conduct.setup_secret?;
    let Envelope::Text(at, _) = provider.envelope else {
        return None;
    };
    let document = document?;
    // A handler that reads another field of the form, or the last of two, must not be given events that anyone could
    // have signed.
    if document.members().is_none_or(|fields| fields.len() != 1) {
        return None;
    }
    let text = document.text(at)?;
    let events = Document::json(text.as_bytes()).ok()?;
    if events.values().is_none_or(|events| !events.is_empty()) {
        return None;
    }
    let scheme = provider.schemes.first()?;
    let key = scheme.key.key(&Secret::new(secret))?;
    let signature = scheme.verify(delivery, Some(document), &[], || Some(&key), verify_options);
    signature.verdict.holds().then(|| Signature {
        reason: Some(format!(
            "the check of a new URL, signed with the public key `{secret}`"
        )),
        ..signature
    })
}

/// The scheme that signs a delivery of this provider: the one it is signed by already, else the first that can sign it.
/// None for a delivery that is all query, or whose body lacks the field for the signature.
pub fn signing_scheme(provider: &Provider, delivery: &Delivery) -> Option<&'static Scheme> {
    let mut schemes = provider.schemes.iter().copied();
    let document = schemes
        .clone()
        .any(|scheme| scheme.signature.is_inside())
        .then(|| Document::of(delivery).ok())
        .flatten();
    schemes
        .clone()
        .find(|scheme| scheme.is_present(delivery, document.as_ref()))
        .or_else(|| {
            schemes
                .find(|scheme| !scheme.signature.is_inside() && delivery.told_by_query().is_none())
        })
}

/// Signs a delivery by one of a provider's schemes, and adds the companion headers if that is the first scheme.
pub fn sign(
    provider: &Provider,
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    scheme.sign(delivery, key, context)?;
    let first = provider.schemes.first();
    match provider.conduct.beside {
        Some(beside) if first.is_some_and(|first| std::ptr::eq(*first, scheme)) => {
            (beside.sign)(delivery, key, context)
        }
        _ => Ok(()),
    }
}
