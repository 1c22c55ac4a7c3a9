//! Variants of the keys: other forms of the secret, the test key, secrets of other providers.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::providers::diagnose::evidence::Evidence;
use crate::providers::diagnose::variant::{Variant, Variants};
use crate::webhook::{Key, Secret};

/// Alternative decodings of the secrets (raw, trimmed, base64, hex, with or without prefix).
pub(crate) fn secret_forms(case: &Evidence) -> Variants<'_> {
    let is_shared = |key: &Key| matches!(key, Key::Shared(_));
    if !case.keys.iter().any(is_shared) {
        return Box::new(std::iter::empty());
    }
    let forms = case.secrets.iter().flat_map(forms_of);
    let forms = forms.filter(|(_, key)| !key.is_empty());
    Box::new(forms.map(|(how, key)| Variant {
        how: how.into(),
        keys: Some(vec![Key::shared(key)]),
        ..Variant::default()
    }))
}

/// Alternative decodings of one secret, each with its description.
fn forms_of(secret: &Secret) -> Vec<(&'static str, Vec<u8>)> {
    let text = secret.reveal();
    let trimmed = text.trim();
    let bare = trimmed.split_once('_').map(|(_, rest)| rest);
    let as_text = [
        ("the secret as plain text", text.to_owned()),
        (
            "the secret as plain text, without white space around it",
            trimmed.to_owned(),
        ),
        (
            "the secret as plain text, with a `\\n` appended",
            format!("{trimmed}\n"),
        ),
        (
            "the secret as plain text, with a `\\r\\n` appended",
            format!("{trimmed}\r\n"),
        ),
        (
            "the secret as plain text, with the prefix `whsec_`",
            format!("whsec_{trimmed}"),
        ),
        ("the secret, encoded as base64", STANDARD.encode(trimmed)),
        ("the secret, encoded as hexadecimal", hex::encode(trimmed)),
    ];
    let mut forms = Vec::from(as_text.map(|(how, text)| (how, text.into_bytes())));
    if let Some(bare) = bare {
        let how = "the secret as plain text, without its prefix";
        forms.push((how, bare.as_bytes().to_vec()));
    }
    forms.extend(decoded(
        trimmed,
        [
            "the secret, decoded from base64",
            "the secret, decoded from hexadecimal",
        ],
    ));
    if let Some(bare) = bare {
        forms.extend(decoded(
            bare,
            [
                "the secret without its prefix, decoded from base64",
                "the secret without its prefix, decoded from hexadecimal",
            ],
        ));
    }
    forms
}

/// A text decoded from base64 (any alphabet) and from hexadecimal, as far as it is valid.
fn decoded<'a>(
    text: &str,
    [base64, hexadecimal]: [&'a str; 2],
) -> impl Iterator<Item = (&'a str, Vec<u8>)> + use<'a> {
    let from_base64 = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD]
        .into_iter()
        .find_map(|engine| engine.decode(text).ok());
    let from_hex = hex::decode(text).ok();
    let both = [
        from_base64.map(|key| (base64, key)),
        from_hex.map(|key| (hexadecimal, key)),
    ];
    both.into_iter().flatten()
}

/// The public test key.
pub(crate) fn test_key(case: &Evidence) -> Variants<'_> {
    let form = case.provider.schemes.first().map(|scheme| scheme.key);
    let key = form.and_then(|form| form.key(&Secret::new(case.provider.test_secret)));
    Box::new(key.into_iter().map(|key| Variant {
        how: "the test key".into(),
        keys: Some(vec![key]),
        ..Variant::default()
    }))
}

/// Secrets given for other providers.
pub(crate) fn other_secrets(case: &Evidence) -> Variants<'_> {
    let form = case.provider.schemes.first().map(|scheme| scheme.key);
    Box::new(case.others.iter().filter_map(move |secret| {
        Some(Variant {
            how: format!("the secret {}", secret.name()),
            keys: Some(vec![form?.key(secret)?]),
            ..Variant::default()
        })
    }))
}
