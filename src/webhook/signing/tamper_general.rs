//! Tampers that apply to most schemes: another key, a changed body, a shifted time, no signature.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::webhook::{
    Algorithm, Credentials, Delivery, Document, Key, KeyForm, Location, MISFITS, Part, Scheme,
    Secret, SigningContext, Tamper, Verdict, VerifyOptions,
};

/// Reasons to reject a changed body.
const CHANGED: &[&str] = &["does not match", "is not the digest"];

/// Tampers that apply to most schemes.
pub static TAMPERS: &[Tamper] = &[
    Tamper {
        name: "wrong-secret",
        about: "signed with another secret",
        refusals: &["does not match", "or differ"],
        make: wrong_secret,
    },
    Tamper {
        name: "body",
        about: "a letter of the body changed after signing",
        refusals: CHANGED,
        make: body,
    },
    Tamper {
        name: "stale",
        about: "signed too long ago",
        refusals: &[" s old", "expired"],
        make: stale,
    },
    Tamper {
        name: "future",
        about: "signed in the future",
        refusals: &[" s ahead"],
        make: future,
    },
    Tamper {
        name: "missing",
        about: "without its signature",
        refusals: &["missing"],
        make: missing,
    },
    Tamper {
        name: "newline",
        about: "the line break after the body added or removed after signing",
        refusals: CHANGED,
        make: newline,
    },
];

/// Bounds of the shift of the signing time, twice the scheme's tolerance: handlers may allow more than their scheme,
/// but hardly an hour; and in some schemes the sender sets how long a signature is valid.
const LEAST_SPAN: SignedDuration = SignedDuration::from_hours(1);
const MOST_SPAN: SignedDuration = SignedDuration::from_hours(24);

impl Tamper {
    /// All tampers, those that only some schemes support at the end.
    pub fn all() -> impl Iterator<Item = &'static Tamper> {
        TAMPERS.iter().chain(MISFITS)
    }

    /// Finds a tamper by name.
    pub fn find(name: &str) -> Option<&'static Tamper> {
        Self::all().find(|tamper| tamper.name == name)
    }
}

fn wrong_secret(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    scheme.sign(delivery, &another(key), context)
}

fn missing(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    if scheme.algorithm == Algorithm::Credentials {
        return Ok(());
    }
    scheme.sign(delivery, key, context)?;
    scheme.signature.remove(delivery)
}

fn stale(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    shifted(scheme, delivery, key, context, Timestamp::checked_sub)?
        .then_some(())
        .ok_or_else(|| "the age is not checked".into())
}

fn future(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    shifted(scheme, delivery, key, context, Timestamp::checked_add)?
        .then_some(())
        .ok_or_else(|| "only the age is checked, and a time in the future is accepted".into())
}

/// Signs with a shifted time; true if a verifier rejects that.
fn shifted(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
    shift: impl FnOnce(Timestamp, SignedDuration) -> Result<Timestamp, jiff::Error>,
) -> Result<bool, String> {
    if scheme.signed_time().is_none() {
        return Err("no time is signed".into());
    }
    let allowed = i64::try_from(scheme.tolerance).unwrap_or(i64::MAX);
    let span = SignedDuration::from_secs(allowed.saturating_mul(2));
    let at =
        shift(context.at, span.clamp(LEAST_SPAN, MOST_SPAN)).map_err(|error| error.to_string())?;
    let mut other = SigningContext {
        at,
        url: context.url,
        rng: context.rng,
    };
    scheme.sign(delivery, key, &mut other)?;
    Ok(refusal(scheme, delivery, key, context).is_some())
}

fn newline(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    scheme.sign(delivery, key, context)?;
    let body = delivery.body.as_ref();
    let changed = match body.strip_suffix(b"\n") {
        Some(rest) => rest.strip_suffix(b"\r").unwrap_or(rest).to_vec(),
        None => [body, b"\n"].concat(),
    };
    *delivery = spoiled(scheme, delivery, changed, key, context)
        .ok_or_else(|| uncovered(scheme, "the line break after the body"))?;
    Ok(())
}

fn body(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    scheme.sign(delivery, key, context)?;
    let changed = letters(&delivery.body).find_map(|at| {
        let mut body = delivery.body.to_vec();
        let letter = body.get_mut(at)?;
        *letter = other_letter(*letter);
        spoiled(scheme, delivery, body, key, context)
    });
    *delivery = changed.ok_or_else(|| uncovered(scheme, "the body"))?;
    Ok(())
}

/// Delivery with a changed body; none if the signature does not cover the change, if the signature itself changes, or
/// if the body becomes unreadable.
fn spoiled(
    scheme: &Scheme,
    delivery: &Delivery,
    body: Vec<u8>,
    key: &Key,
    context: &SigningContext,
) -> Option<Delivery> {
    let spoiled = Delivery {
        body: body.into(),
        ..delivery.clone()
    };
    let (before, after) = (Document::of(delivery).ok(), Document::of(&spoiled).ok());
    let is_same = |location: &Location| {
        let before = location.read(delivery, before.as_ref()).ok().flatten();
        before.map(Cow::into_owned)
            == location
                .read(&spoiled, after.as_ref())
                .ok()
                .flatten()
                .map(Cow::into_owned)
    };
    let timestamp = scheme.timestamp.as_ref().map(|(location, _)| location);
    let own_places = [Some(&scheme.signature), scheme.id.as_ref(), timestamp];
    let is_fair = before.is_some() == after.is_some()
        && own_places
            .into_iter()
            .flatten()
            .chain(scheme.fresh)
            .all(is_same);
    drop((before, after));
    let reason = refusal(scheme, &spoiled, key, context).filter(|_| is_fair)?;
    CHANGED
        .iter()
        .any(|said| reason.contains(said))
        .then_some(spoiled)
}

/// Reason for which a verifier with the right key rejects the delivery, if it does.
fn refusal(
    scheme: &Scheme,
    delivery: &Delivery,
    key: &Key,
    context: &SigningContext,
) -> Option<String> {
    let verify_options = VerifyOptions {
        now: context.at,
        tolerance: None,
        public_url: Some(context.url.to_owned()),
        topics: Vec::new(),
    };
    let document = Document::of(delivery).ok();
    let keys = std::slice::from_ref(key);
    let signature = scheme.verify(delivery, document.as_ref(), keys, || None, &verify_options);
    (signature.verdict == Verdict::Refused).then(|| signature.reason.unwrap_or_default())
}

/// Positions of letters to change: before an `@` first, which leaves the event kind alone; then in JSON string values;
/// then anywhere. From the end, where the values matter less.
fn letters(body: &[u8]) -> impl Iterator<Item = usize> {
    let is_letter = |at: &usize| body.get(*at).is_some_and(u8::is_ascii_alphabetic);
    let in_addresses = (0..body.len()).filter(|at| {
        let behind = body.get(at + 1..).unwrap_or_default();
        behind.starts_with(b"@") || behind.starts_with(b"%40")
    });
    in_addresses
        .chain(in_values(body).into_iter().rev())
        .chain((0..body.len()).rev())
        .filter(is_letter)
}

/// Positions of the characters in JSON string values (not names), without escapes.
fn in_values(body: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut text: Option<Vec<usize>> = None;
    let mut bytes = body.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (byte, &mut text) {
            (b'\\', Some(_)) => {
                bytes.next();
            }
            (b'"', Some(_)) => {
                let behind = body.get(at + 1..).unwrap_or_default();
                let inside = text.take().unwrap_or_default();
                if !behind.trim_ascii_start().starts_with(b":") {
                    places.extend(inside);
                }
            }
            (b'"', None) => text = Some(Vec::new()),
            (_, Some(inside)) => inside.push(at),
            (_, None) => {}
        }
    }
    places
}

fn other_letter(letter: u8) -> u8 {
    match letter {
        b'z' => b'a',
        b'Z' => b'A',
        letter => letter + 1,
    }
}

/// Reason why a change to `what` goes unnoticed.
fn uncovered(scheme: &Scheme, what: &str) -> String {
    let fields_only = |part: &Part| matches!(part, Part::Own(_) | Part::SortedForm);
    if scheme.algorithm == Algorithm::Credentials {
        "nothing is signed, the request only has credentials".into()
    } else if scheme.signed.iter().any(fields_only) {
        format!("{what} is not signed, only fields of the body are")
    } else {
        format!("the signature does not cover {what}")
    }
}

/// Another key of the same type, derived from the given one.
fn another(key: &Key) -> Key {
    let digest = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(bytes).into() };
    match key {
        Key::Shared(bytes) => Key::shared(digest(bytes)),
        Key::P256(_, public) => {
            let mut seed = digest(public.compressed().as_bytes());
            let private = loop {
                match p256::ecdsa::SigningKey::from_slice(&seed) {
                    Ok(private) => break private,
                    // Above the order of the group: one in four thousand million.
                    Err(_) => seed = digest(&seed),
                }
            };
            let public = *private.verifying_key();
            Key::P256(Some(Box::new(private.into())), Box::new(public.into()))
        }
        Key::Ed25519(_, public) => {
            let private = ed25519_dalek::SigningKey::from_bytes(&digest(public.as_bytes()));
            let public = private.verifying_key();
            Key::Ed25519(Some(Box::new(private)), Box::new(public.into()))
        }
        Key::Rsa(..) => STRANGER.clone().unwrap_or_else(|| key.clone()),
        Key::Credentials(credentials) => {
            let wrong = |right: &str| format!("{right}-wrong");
            Key::Credentials(match credentials {
                Credentials::Basic(user, password) => {
                    Credentials::Basic(user.clone(), wrong(password))
                }
                Credentials::Header(name, value) => Credentials::Header(name.clone(), wrong(value)),
                Credentials::Query(name, value) => Credentials::Query(name.clone(), wrong(value)),
                Credentials::Bearer(token) => Credentials::Bearer(wrong(token)),
            })
        }
    }
}

/// RSA key that no provider uses; stored, because generating one takes seconds.
static STRANGER: LazyLock<Option<Key>> =
    LazyLock::new(|| KeyForm::Rsa.key(&Secret::new(include_str!("../stranger-key.pem"))));
