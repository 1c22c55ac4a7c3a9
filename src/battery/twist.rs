//! Near misses: deliveries that are nearly right, and must not be taken.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::Value;

use super::Setting;
use crate::providers::{self, Provider};
use crate::webhook::{
    Chance, Credentials, Delivery, Encoding, Key, Place, Recipe, Seal, Secret, Style, splice, write,
};

/// A near miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// Signed with another secret.
    WrongSecret,
    /// Signed with the public test key.
    TestKey,
    /// The body was changed after it was signed.
    Body,
    /// Signed long ago.
    Stale,
    /// Signed in the future.
    Future,
    /// Without a signature.
    Missing,
    /// Without the time of signing.
    NoTime,
    /// Without the id that is signed.
    NoId,
    /// With a signature of nothing.
    Empty,
    /// With two signatures in two fields, the right one first.
    Doubled,
    /// The same, the right one last.
    DoubledLast,
    /// What is signed is the same JSON in another text.
    Reserialised,
    /// From another topic.
    Topic,
    /// With a certificate from another host.
    Certificate,
}

impl Twist {
    /// The name to type.
    pub const fn name(self) -> &'static str {
        match self {
            Twist::WrongSecret => "wrong-secret",
            Twist::TestKey => "test-key",
            Twist::Body => "body",
            Twist::Stale => "stale",
            Twist::Future => "future",
            Twist::Missing => "missing",
            Twist::NoTime => "no-timestamp",
            Twist::NoId => "no-id",
            Twist::Empty => "empty",
            Twist::Doubled => "doubled",
            Twist::DoubledLast => "doubled-last",
            Twist::Reserialised => "reserialised",
            Twist::Topic => "topic",
            Twist::Certificate => "certificate",
        }
    }
}

/// How many times the age allowed an old signature is old.
const OLD: u64 = 12;

/// Signs a delivery as its provider does, or nearly so.
pub fn seal(
    twist: Option<Twist>,
    setting: &Setting,
    delivery: &mut Delivery,
    signed: Timestamp,
    chance: &mut Chance,
) -> Result<(), String> {
    before(twist, setting, delivery);
    let scheme = providers::signing_scheme(setting.provider, delivery);
    let (Some(scheme), Some(key)) = (scheme, &setting.key) else {
        return Ok(());
    };
    if scheme.key == crate::webhook::KeyForm::Credentials && twist == Some(Twist::Missing) {
        return Ok(());
    }
    let distance = Duration::from_secs(scheme.tolerance.saturating_mul(OLD));
    let at = match twist {
        Some(Twist::Stale) => signed.checked_sub(distance),
        Some(Twist::Future) => signed.checked_add(distance),
        _ => Ok(signed),
    }
    .map_err(|error| error.to_string())?;
    let other = match twist {
        Some(Twist::WrongSecret) => another(key, chance),
        Some(Twist::TestKey) => scheme.key.key(&Secret::new(setting.provider.test_secret)),
        _ => None,
    };
    let url = setting
        .public_url
        .clone()
        .unwrap_or_else(|| format!("{}{}", setting.target.origin(), delivery.path));
    let body = delivery.body.clone();
    if twist == Some(Twist::Reserialised) {
        let value: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        delivery.body = write(&value, &Style::COMPACT).into();
    }
    scheme.sign(
        delivery,
        other.as_ref().unwrap_or(key),
        &mut Seal {
            at,
            url: &url,
            chance,
        },
    )?;
    match twist {
        Some(Twist::Reserialised) => {
            let value: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
            // Where the provider's own text is the compact one already, another stands for it.
            delivery.body = if delivery.body == body {
                write(&value, &Style::SPACED).into()
            } else {
                body
            };
        }
        // A key that no other can be made of: one character of its signature is changed in its place.
        Some(Twist::WrongSecret) if other.is_none() => forge(scheme, delivery, chance)?,
        Some(Twist::Body) => change_body(setting.provider, delivery),
        Some(Twist::Missing) => remove(setting.provider, &scheme.signature, delivery),
        Some(Twist::NoTime) => {
            if let Some((place, _)) = &scheme.timestamp {
                remove(setting.provider, place, delivery);
            }
        }
        Some(Twist::NoId) => {
            if let Some(place) = &scheme.id {
                remove(setting.provider, place, delivery);
            }
        }
        Some(Twist::Empty) => put(&scheme.signature, delivery, &nothing(scheme.encoding)),
        Some(Twist::Doubled) => double(scheme, delivery, chance, true)?,
        Some(Twist::DoubledLast) => double(scheme, delivery, chance, false)?,
        _ => {}
    }
    Ok(())
}

/// What is changed before it is signed.
fn before(twist: Option<Twist>, setting: &Setting, delivery: &mut Delivery) {
    const TOPIC: &str = "/TopicArn";
    const FOREIGN: &str = "arn:aws:sns:eu-central-1:999988887777:somebody-elses-topic";
    let topic = match twist {
        Some(Twist::Topic) => Some(FOREIGN),
        _ => setting.topic.as_deref(),
    };
    if let Some(topic) = topic
        && set_body(delivery, TOPIC, topic)
        && let Ok(value) = HeaderValue::from_str(topic)
    {
        delivery
            .headers
            .set(HeaderName::from_static("x-amz-sns-topic-arn"), value);
    }
    if twist == Some(Twist::Certificate) {
        set_body(
            delivery,
            "/SigningCertURL",
            "https://sns.eu-central-1.amazonaws.com.example.net/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
        );
    }
}

fn set_body(delivery: &mut Delivery, pointer: &str, text: &str) -> bool {
    let quoted = Value::from(text).to_string();
    match splice(&delivery.body, pointer, &quoted) {
        Some(body) => {
            delivery.body = body.into();
            true
        }
        None => false,
    }
}

/// Another key of the same kind; none where that would take too long to find.
fn another(key: &Key, chance: &mut Chance) -> Option<Key> {
    let mut bytes = |count: usize| -> Vec<u8> {
        std::iter::repeat_with(|| chance.next_u64().to_le_bytes())
            .flatten()
            .take(count)
            .collect()
    };
    match key {
        Key::Shared(old) => Some(Key::Shared(bytes(old.len().max(16)))),
        Key::P256(..) => {
            let private = p256::SecretKey::from_slice(&bytes(32)).ok()?;
            let private = p256::ecdsa::SigningKey::from(private);
            let public = *private.verifying_key();
            Some(Key::P256(Some(Box::new(private)), Box::new(public)))
        }
        Key::Ed25519(..) => {
            let seed: [u8; 32] = bytes(32).try_into().ok()?;
            let private = ed25519_dalek::SigningKey::from_bytes(&seed);
            let public = private.verifying_key();
            Some(Key::Ed25519(Some(Box::new(private)), Box::new(public)))
        }
        Key::Rsa(..) => None,
        Key::Credentials(old) => {
            let wrong = hex::encode(bytes(8));
            Some(Key::Credentials(match old {
                Credentials::Basic(user, _) => Credentials::Basic(user.clone(), wrong),
                Credentials::Header(name, _) => Credentials::Header(name.clone(), wrong),
                Credentials::Query(name, _) => Credentials::Query(name.clone(), wrong),
                Credentials::Bearer(_) => Credentials::Bearer(wrong),
            }))
        }
    }
}

/// Another text of the same looks in place of the signature.
fn forge(scheme: &Recipe, delivery: &mut Delivery, chance: &mut Chance) -> Result<(), String> {
    let given = get(&scheme.signature, delivery).ok_or("there is no signature to forge")?;
    put(&scheme.signature, delivery, &forged(&given, chance));
    Ok(())
}

/// The last characters are kept: they say how long it is.
fn forged(given: &str, chance: &mut Chance) -> String {
    let keep = given
        .find([',', '='])
        .filter(|at| *at < 8)
        .map_or(0, |at| at + 1);
    let end = given.len().saturating_sub(4).max(keep);
    let (Some(head), Some(middle), Some(tail)) =
        (given.get(..keep), given.get(keep..end), given.get(end..))
    else {
        return given.to_owned();
    };
    format!("{head}{}{tail}", chance.like(middle))
}

/// A second field of that name with a forged signature, behind the right one or before it.
fn double(
    scheme: &Recipe,
    delivery: &mut Delivery,
    chance: &mut Chance,
    right_first: bool,
) -> Result<(), String> {
    let Place::Header(name) = scheme.signature else {
        return Err("the signature is in no header".into());
    };
    let name = HeaderName::from_static(name);
    let right = delivery
        .headers
        .get(name.as_str())
        .cloned()
        .ok_or("there is no signature to double")?;
    let text = right.to_str().map_err(|error| error.to_string())?;
    let wrong = HeaderValue::from_str(&forged(text, chance)).map_err(|error| error.to_string())?;
    let (first, second) = if right_first {
        (right, wrong)
    } else {
        (wrong, right)
    };
    delivery.headers.set(name.clone(), first);
    delivery.headers.push(name, second);
    Ok(())
}

/// How a signature of no bytes is written.
fn nothing(encoding: Encoding) -> String {
    match encoding {
        Encoding::Versioned => "v1,".into(),
        Encoding::After(prefix, inner) => format!("{prefix}{}", nothing(*inner)),
        _ => String::new(),
    }
}

/// Changes whom it is about, as somebody would who has something of it.
fn change_body(provider: &'static Provider, delivery: &mut Delivery) {
    let whom = providers::outline(delivery, Some(provider))
        .events
        .into_iter()
        .find_map(|event| event.recipient)
        .unwrap_or_default();
    let written = [
        whom.clone(),
        form_urlencoded::byte_serialize(whom.as_bytes()).collect(),
    ];
    let body = delivery.body.to_vec();
    for old in written.iter().filter(|old| !old.is_empty()) {
        let found = body
            .windows(old.len())
            .position(|window| window == old.as_bytes());
        if let Some(at) = found {
            let (head, rest) = body.split_at(at);
            let tail = rest.get(old.len()..).unwrap_or_default();
            delivery.body = [head, format!("x{old}").as_bytes(), tail].concat().into();
            return;
        }
    }
    // Nobody is named: any letter will do.
    let mut body = body;
    if let Some(letter) = body.iter_mut().rev().find(|byte| byte.is_ascii_lowercase()) {
        *letter = if *letter == b'x' { b'y' } else { b'x' };
    }
    delivery.body = body.into();
}

fn get(place: &Place, delivery: &Delivery) -> Option<String> {
    match place {
        Place::Header(name) | Place::Item(name, _) => {
            delivery.headers.text(name).map(str::to_owned)
        }
        Place::Body(pointer) => {
            let value: Value = serde_json::from_slice(&delivery.body).ok()?;
            value.pointer(pointer)?.as_str().map(str::to_owned)
        }
        Place::Field(name) => form_urlencoded::parse(&delivery.body)
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned()),
        Place::Own(_) => None,
    }
}

fn put(place: &Place, delivery: &mut Delivery, text: &str) {
    match place {
        Place::Header(name) | Place::Item(name, _) => {
            if let Ok(value) = HeaderValue::from_str(text) {
                delivery.headers.set(HeaderName::from_static(name), value);
            }
        }
        Place::Body(pointer) => {
            set_body(delivery, pointer, text);
        }
        Place::Field(name) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (field, value) in form_urlencoded::parse(&delivery.body) {
                form.append_pair(&field, if field == *name { text } else { &value });
            }
            delivery.body = form.finish().into();
        }
        Place::Own(_) => {}
    }
}

fn remove(provider: &Provider, place: &Place, delivery: &mut Delivery) {
    match place {
        Place::Header(name) | Place::Item(name, _) => delivery.headers.remove(name),
        Place::Body(pointer) => {
            let Some((parent, name)) = pointer.rsplit_once('/') else {
                return;
            };
            let Ok(mut value) = serde_json::from_slice::<Value>(&delivery.body) else {
                return;
            };
            if let Some(Value::Object(members)) = value.pointer_mut(parent) {
                members.shift_remove(name);
                delivery.body = write(&value, &provider.style).into();
            }
        }
        Place::Field(name) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (field, value) in form_urlencoded::parse(&delivery.body) {
                if field != *name {
                    form.append_pair(&field, &value);
                }
            }
            delivery.body = form.finish().into();
        }
        Place::Own(_) => {}
    }
}
