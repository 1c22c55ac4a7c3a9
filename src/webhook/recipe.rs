//! How a delivery is signed. `sign` and `verify` follow the same recipe, so they cannot drift apart.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use md5::Md5;
use p256::ecdsa::signature::{Signer, Verifier};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Chance, Credentials, Delivery, Document, Key, KeyForm, Signature, Verdict, json};

/// What is signed, with what, and where the signature stands.
#[derive(Debug)]
pub struct Recipe {
    /// The scheme's name, as `--json` says it.
    pub name: &'static str,
    /// How it is computed.
    pub algorithm: Algorithm,
    /// In which form the secret is handed out.
    pub key: KeyForm,
    /// Where the delivery's id stands, if it is signed.
    pub id: Option<Place>,
    /// Where the time of signing stands, if there is one.
    pub timestamp: Option<(Place, TimeForm)>,
    /// What is signed, in order.
    pub signed: &'static [Part],
    /// Where the signature stands.
    pub signature: Place,
    /// How its bytes are written.
    pub encoding: Encoding,
    /// Other values that are new with each signature.
    pub fresh: &'static [Place],
    /// Seconds of age allowed where the user does not say.
    pub tolerance: u64,
    /// What it does not cover, if that matters.
    pub uncovered: Option<&'static str>,
    /// What must hold besides the signature.
    pub guard: Option<Guard>,
}

/// What must hold besides the signature; the reason if it does not.
pub type Guard = fn(&Delivery, &Document, &Judge) -> Result<(), String>;

/// How a signature is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-1.
    HmacSha1,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
    /// SHA-256 of the key with the message behind it, which is no HMAC.
    KeyedSha256,
    /// ECDSA on P-256 with SHA-256, in ASN.1 DER.
    EcdsaP256,
    /// RSA, PKCS#1 v1.5, with SHA-1 or SHA-256 as the text here says `1` or `2`.
    RsaBy(&'static str),
    /// RSA, PKCS#1 v1.5, with SHA-1.
    RsaSha1,
    /// RSA, PKCS#1 v1.5, with SHA-256.
    RsaSha256,
    /// MD5 of what is signed, with the key in its gap. No HMAC, and only as good as MD5 is.
    Md5,
    /// Nothing is computed: the request carries what both sides know.
    Credentials,
}

/// How the signature's bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Lower-case hexadecimal, and only that.
    Hex,
    /// Hexadecimal in either case; written in lower case.
    AnyHex,
    /// Standard base64 with padding.
    Base64,
    /// Base64 in the alphabet for URLs; padding is not written, and does not matter.
    Base64Url,
    /// This text, and behind it the bytes in another encoding.
    After(&'static str, &'static Encoding),
    /// Several with commas between them, of which one must hold; one is written.
    Listed(&'static Encoding),
    /// Space-separated entries of a version, a comma and base64: `v1` for HMAC, `v1a` for Ed25519.
    Versioned,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a header field of that name.
    Header(&'static str),
    /// In a header field that lists `name=value` with commas between: the values of the second name, with commas
    /// between them if there are several.
    Item(&'static str, &'static str),
    /// In the JSON body, at that pointer.
    Body(&'static str),
    /// In a form body: the last field of that name.
    Field(&'static str),
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// Seconds since 1970, as digits.
    Seconds,
    /// Milliseconds since 1970, as digits.
    Millis,
    /// Another form of which only the age is checked: a time ahead of ours is taken.
    AgeOnly(&'static TimeForm),
    /// RFC 3339 in UTC with that many digits behind the second.
    Rfc3339(u8),
    /// Where the provider's form is unconfirmed: written as RFC 3339 with microseconds and `+00:00`, read in any of
    /// the usual forms.
    Any,
}

/// A piece of what is signed.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// The delivery's id.
    Id,
    /// The text of the timestamp, as it stands.
    Timestamp,
    /// The body's bytes.
    Body,
    /// The body's bytes with a gap in place of the text at that pointer.
    BodyAround(&'static str),
    /// The request method.
    Method,
    /// The URL that the provider was told to call.
    Url,
    /// The path and the query of that URL.
    UrlPath,
    /// The same, and further spellings of it that verify as well.
    UrlOr(fn(&str) -> Vec<String>),
    /// Path and query of the request.
    Path,
    /// The fields of a form, sorted by name: each name followed by its decoded value.
    SortedForm,
    /// This text.
    Text(&'static str),
    /// The text at that place.
    At(Place),
    /// What no other part can say.
    Own(fn(&Document) -> Result<Vec<u8>, String>),
    /// The same, of the whole request and the URL that is signed.
    Of(fn(&Delivery, &str) -> Result<Vec<u8>, String>),
}

/// Stands for the key in what is signed: a byte that no UTF-8 has.
const GAP: u8 = 0xFF;

#[derive(Clone, Copy, Debug)]
enum RsaHash {
    Sha1,
    Sha256,
}

/// What a signature is judged by, besides the delivery itself.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The moment that counts as now.
    pub now: Timestamp,
    /// The age allowed to a signed timestamp; each scheme's own if none.
    pub tolerance: Option<Duration>,
    /// The URL that the provider was told to call; without a path, the delivery's path is added.
    pub public_url: Option<String>,
    /// Topics that deliveries may come from; any if empty.
    pub topics: Vec<String>,
}

/// What a new signature needs besides its key.
#[derive(Debug)]
pub struct Seal<'a> {
    /// The time to sign.
    pub at: Timestamp,
    /// The URL that the delivery goes to.
    pub url: &'a str,
    /// Where new ids come from.
    pub chance: &'a mut Chance,
}

impl Place {
    fn read<'a>(
        &self,
        delivery: &'a Delivery,
        document: Option<&'a Document>,
    ) -> Result<Option<Cow<'a, str>>, String> {
        match self {
            Place::Header(name) => {
                let mut all = delivery.headers.all(name);
                let first = all.next();
                if all.next().is_some() {
                    return Err(format!("header `{name}` is given more than once"));
                }
                Ok(first.map(|value| String::from_utf8_lossy(value.as_bytes())))
            }
            Place::Item(header, name) => {
                let list = Place::Header(header).read(delivery, document)?;
                let values: Vec<&str> = items(list.as_deref().unwrap_or_default())
                    .filter(|(at, _)| at == name)
                    .map(|(_, value)| value)
                    .collect();
                Ok((!values.is_empty()).then(|| values.join(",").into()))
            }
            Place::Body(pointer) => Ok(document.and_then(|document| document.text(pointer))),
            Place::Field(name) => Ok(match document {
                Some(Document::Map(fields)) => fields
                    .iter()
                    .rev()
                    .find(|(at, _)| at == name)
                    .and_then(|(_, value)| value.as_text()),
                _ => None,
            }),
        }
    }

    fn write(&self, delivery: &mut Delivery, value: &str) -> Result<(), String> {
        match self {
            Place::Header(name) => {
                let value = HeaderValue::from_str(value)
                    .map_err(|_| format!("`{name}` cannot hold its value"))?;
                delivery.headers.set(HeaderName::from_static(name), value);
            }
            Place::Item(header, name) => {
                let whole = Place::Header(header);
                let list = whole.read(delivery, None)?.unwrap_or_default();
                let mut new = Some(value);
                let mut kept: Vec<String> = items(&list)
                    .filter_map(|(at, old)| {
                        let value = if at == *name { new.take()? } else { old };
                        Some(format!("{at}={value}"))
                    })
                    .collect();
                kept.extend(new.map(|value| format!("{name}={value}")));
                whole.write(delivery, &kept.join(","))?;
            }
            Place::Body(pointer) => {
                let text = serde_json::Value::from(value).to_string();
                delivery.body = json::splice(&delivery.body, pointer, &text)
                    .ok_or_else(|| format!("the body has no `{pointer}` to put a signature in"))?
                    .into();
            }
            Place::Field(name) => delivery.body = set_field(&delivery.body, name, value).into(),
        }
        Ok(())
    }

    fn name(&self) -> String {
        match self {
            Place::Header(name) => format!("header `{name}`"),
            Place::Item(header, name) => format!("`{name}=` in header `{header}`"),
            Place::Body(pointer) => format!("`{pointer}` in the body"),
            Place::Field(name) => format!("form field `{name}`"),
        }
    }
}

/// The items of a list such as `t=1,v1=ab`; what has no `=` is none.
fn items(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.split(',')
        .filter_map(|item| item.trim().split_once('='))
}

/// A form with the last field of that name changed, or with a field more; every other byte stays.
fn set_field(form: &[u8], name: &str, value: &str) -> Vec<u8> {
    let field: String = form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish();
    let mut fields: Vec<&[u8]> = form
        .split(|b| *b == b'&')
        .filter(|field| !field.is_empty())
        .collect();
    let is_it = |field: &&[u8]| {
        form_urlencoded::parse(field)
            .next()
            .is_some_and(|(at, _)| at == name)
    };
    match fields
        .iter()
        .rposition(is_it)
        .and_then(|at| fields.get_mut(at))
    {
        Some(old) => *old = field.as_bytes(),
        None => fields.push(field.as_bytes()),
    }
    fields.join(&b"&"[..])
}

impl TimeForm {
    /// Writes a time in this form.
    pub fn write(self, at: Timestamp) -> String {
        match self {
            TimeForm::Seconds => at.as_second().to_string(),
            TimeForm::Millis => at.as_millisecond().to_string(),
            TimeForm::AgeOnly(form) => form.write(at),
            TimeForm::Any => TimeForm::Rfc3339(6).write(at).replace('Z', "+00:00"),
            TimeForm::Rfc3339(digits) => {
                let whole = at.strftime("%Y-%m-%dT%H:%M:%S");
                if digits == 0 {
                    return format!("{whole}Z");
                }
                let fraction = format!("{:09}", at.subsec_nanosecond().unsigned_abs());
                let shown = fraction
                    .get(..usize::from(digits.min(9)))
                    .unwrap_or(&fraction);
                format!("{whole}.{shown}Z")
            }
        }
    }

    /// Reads a time; strict, because a signed text must not mean two things.
    pub fn read(self, text: &str) -> Option<Timestamp> {
        let digits = |most: usize| {
            let plain =
                (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| text.parse().ok()).flatten()
        };
        match self {
            TimeForm::Seconds => Timestamp::from_second(digits(12)?).ok(),
            TimeForm::Millis => Timestamp::from_millisecond(digits(15)?).ok(),
            TimeForm::AgeOnly(form) => form.read(text),
            TimeForm::Rfc3339(_) => text.parse().ok(),
            TimeForm::Any => match text.len() {
                13 if text.bytes().all(|b| b.is_ascii_digit()) => {
                    Timestamp::from_millisecond(text.parse().ok()?).ok()
                }
                _ => TimeForm::Seconds
                    .read(text)
                    .or_else(|| text.parse().ok())
                    .or_else(|| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())),
            },
        }
    }
}

impl Judge {
    /// The URL that was signed, where a scheme signs one.
    pub fn url(&self, delivery: &Delivery) -> String {
        let path = delivery.path.as_str();
        match &self.public_url {
            Some(url)
                if url
                    .split_once("://")
                    .is_some_and(|(_, rest)| rest.contains(['/', '?'])) =>
            {
                url.clone()
            }
            Some(url) => format!("{url}{path}"),
            None => format!(
                "http://{}{path}",
                delivery.headers.text("host").unwrap_or_default()
            ),
        }
    }
}

/// An HMAC that was fed the message; no generic function, because the bounds of one would be longer than the code.
macro_rules! mac {
    ($digest:ty, $key:expr, $message:expr) => {
        Hmac::<$digest>::new_from_slice($key)
            .map(|mut mac| {
                mac.update($message);
                mac
            })
            .map_err(|error| error.to_string())
    };
}

impl Recipe {
    /// Whether anything in the delivery says that it is signed this way.
    pub fn is_present(&self, delivery: &Delivery, document: Option<&Document>) -> bool {
        !matches!(self.signature.read(delivery, document), Ok(None))
    }

    /// Signs a delivery: puts id, time and signature where they belong. An id that is there stays.
    pub fn sign(&self, delivery: &mut Delivery, key: &Key, seal: &mut Seal) -> Result<(), String> {
        if self.algorithm == Algorithm::Credentials {
            return present(delivery, key);
        }
        if let Some(place) = &self.id
            && place.read(delivery, None)?.is_none()
        {
            place.write(
                delivery,
                &seal.chance.like("msg_2zAbCdEfGhIjKlMnOpQrStUvWx7"),
            )?;
        }
        if let Some((place, form)) = &self.timestamp {
            place.write(delivery, &form.write(seal.at))?;
        }
        for place in self.fresh {
            let body = delivery.body.clone();
            let document = Document::read(&delivery.headers, &body).ok();
            let old = place
                .read(delivery, document.as_ref())?
                .map(Cow::into_owned);
            if let Some(old) = old {
                place.write(delivery, &seal.chance.like(&old))?;
            }
        }
        let body = delivery.body.clone();
        let document = Document::read(&delivery.headers, &body).ok();
        let message = self.message(delivery, document.as_ref(), seal.url)?;
        let bytes = self.compute(key, &message, document.as_ref())?;
        self.signature
            .write(delivery, &self.encoding.write(key, &bytes))
    }

    /// Judges a delivery. `keys` were given by the user; `test` gives the public test key, tried where none of them fits.
    pub fn verify<'a>(
        &self,
        delivery: &Delivery,
        document: Option<&Document>,
        keys: &[Key],
        test: impl FnOnce() -> Option<&'a Key>,
        judge: &Judge,
    ) -> Signature {
        let told = |verdict, reason: Option<String>| Signature {
            scheme: Some(self.name),
            verdict,
            reason,
        };
        if self.algorithm == Algorithm::Credentials {
            return match keys {
                [] => told(Verdict::Unsigned, None),
                keys if keys.iter().any(|key| carries(delivery, key)) => told(
                    Verdict::Verified,
                    Some("the credentials match; nothing is signed".into()),
                ),
                _ => told(
                    Verdict::Refused,
                    Some("the credentials are missing or differ".into()),
                ),
            };
        }
        let given = match self.signature.read(delivery, document) {
            Ok(Some(given)) => given,
            Ok(None) if keys.is_empty() => return told(Verdict::Unsigned, None),
            Ok(None) => {
                return told(
                    Verdict::Refused,
                    Some(format!(
                        "no signature: {} is missing",
                        self.signature.name()
                    )),
                );
            }
            Err(reason) => return told(Verdict::Refused, Some(reason)),
        };
        let messages: Result<Vec<Vec<u8>>, String> = self
            .spellings(judge.url(delivery))
            .iter()
            .map(|url| self.message(delivery, document, url))
            .collect();
        let messages = match messages {
            Ok(messages) => messages,
            Err(reason) => return told(Verdict::Refused, Some(reason)),
        };
        let holds = |key: &Key| {
            messages
                .iter()
                .any(|message| self.matches(key, message, &given, document))
        };
        let verdict = if keys.iter().any(holds) {
            Verdict::Verified
        } else if test().is_some_and(holds) {
            if !keys.is_empty() {
                let reason =
                    "it is signed with the public test key, not with the secret that was given";
                return told(Verdict::Refused, Some(reason.into()));
            }
            Verdict::VerifiedTestKey
        } else if keys.is_empty() {
            return told(
                Verdict::Unchecked,
                Some("no secret was given, and the test key does not fit".into()),
            );
        } else {
            return told(Verdict::Refused, Some(self.mismatch(&given)));
        };
        if let Err(reason) = self.in_time(delivery, document, judge) {
            return told(Verdict::Refused, Some(reason));
        }
        if let Some(guard) = self.guard
            && let Err(reason) = guard(delivery, document.unwrap_or(&Document::Null), judge)
        {
            return told(Verdict::Refused, Some(reason));
        }
        told(verdict, self.uncovered.map(Into::into))
    }

    /// The URLs that may have been signed, the likeliest first.
    fn spellings(&self, url: String) -> Vec<String> {
        let others = self.signed.iter().find_map(|part| match part {
            Part::UrlOr(others) => Some(others(&url)),
            _ => None,
        });
        std::iter::once(url)
            .chain(others.into_iter().flatten())
            .collect()
    }

    /// Exactly what is signed.
    pub fn message(
        &self,
        delivery: &Delivery,
        document: Option<&Document>,
        url: &str,
    ) -> Result<Vec<u8>, String> {
        let read = |place: &Place| {
            place
                .read(delivery, document)?
                .ok_or_else(|| format!("no signature: {} is missing", place.name()))
        };
        let mut message = Vec::with_capacity(delivery.body.len() + 64);
        for part in self.signed {
            match part {
                Part::Id => message.extend_from_slice(
                    self.id
                        .as_ref()
                        .map(read)
                        .transpose()?
                        .unwrap_or_default()
                        .as_bytes(),
                ),
                Part::Timestamp => {
                    let place = self.timestamp.as_ref().map(|(place, _)| place);
                    message.extend_from_slice(
                        place.map(read).transpose()?.unwrap_or_default().as_bytes(),
                    );
                }
                Part::BodyAround(pointer) => {
                    let span = json::find(&delivery.body, pointer)
                        .filter(|span| span.len() >= 2)
                        .filter(|span| delivery.body.get(span.start) == Some(&b'"'))
                        .ok_or_else(|| {
                            format!("no signature: {} is missing", Place::Body(pointer).name())
                        })?;
                    let around = |range| delivery.body.get(range).unwrap_or_default();
                    message.extend_from_slice(around(0..span.start + 1));
                    message.push(GAP);
                    message.extend_from_slice(around(span.end - 1..delivery.body.len()));
                }
                Part::Body => message.extend_from_slice(&delivery.body),
                Part::Method => message.extend_from_slice(delivery.method.as_str().as_bytes()),
                Part::UrlPath => message.extend_from_slice(path_of(url).as_bytes()),
                Part::Url | Part::UrlOr(_) => message.extend_from_slice(url.as_bytes()),
                Part::Path => message.extend_from_slice(delivery.path.as_str().as_bytes()),
                Part::SortedForm => {
                    let mut fields: Vec<_> = form_urlencoded::parse(&delivery.body).collect();
                    fields.sort();
                    for (name, value) in fields {
                        message.extend_from_slice(name.as_bytes());
                        message.extend_from_slice(value.as_bytes());
                    }
                }
                Part::Text(text) => message.extend_from_slice(text.as_bytes()),
                Part::At(place) => message.extend_from_slice(read(place)?.as_bytes()),
                Part::Own(own) => {
                    message.extend(own(document.ok_or("the body could not be read")?)?)
                }
                Part::Of(of) => message.extend(of(delivery, url)?),
            }
        }
        Ok(message)
    }

    /// What RSA signs a digest of.
    fn digest(&self, document: Option<&Document>) -> Result<RsaHash, String> {
        match self.algorithm {
            Algorithm::RsaBy(version) => match document
                .and_then(|document| document.text(version))
                .as_deref()
            {
                Some("1") => Ok(RsaHash::Sha1),
                Some("2") => Ok(RsaHash::Sha256),
                _ => Err(format!("`{version}` in the body must be \"1\" or \"2\"")),
            },
            Algorithm::RsaSha1 => Ok(RsaHash::Sha1),
            _ => Ok(RsaHash::Sha256),
        }
    }

    fn compute(
        &self,
        key: &Key,
        message: &[u8],
        document: Option<&Document>,
    ) -> Result<Vec<u8>, String> {
        let missing =
            || String::from("this key can verify, but not sign: the private key is needed");
        match (self.algorithm, key) {
            (Algorithm::HmacSha1, Key::Shared(key)) => {
                Ok(mac!(Sha1, key, message)?.finalize().into_bytes().to_vec())
            }
            (Algorithm::HmacSha256, Key::Shared(key)) => {
                Ok(mac!(Sha256, key, message)?.finalize().into_bytes().to_vec())
            }
            (Algorithm::HmacSha384, Key::Shared(key)) => {
                Ok(mac!(Sha384, key, message)?.finalize().into_bytes().to_vec())
            }
            (Algorithm::HmacSha512, Key::Shared(key)) => {
                Ok(mac!(Sha512, key, message)?.finalize().into_bytes().to_vec())
            }
            (Algorithm::KeyedSha256, Key::Shared(key)) => Ok(keyed_sha256(key, message)),
            (Algorithm::HmacSha256, Key::Ed25519(private, _)) => Ok(private
                .as_ref()
                .ok_or_else(missing)?
                .sign(message)
                .to_bytes()
                .to_vec()),
            (Algorithm::EcdsaP256, Key::P256(private, _)) => {
                // Deterministic nonces (RFC 6979): a seed gives the same bytes.
                let signature: p256::ecdsa::DerSignature =
                    private.as_ref().ok_or_else(missing)?.sign(message);
                Ok(signature.as_bytes().to_vec())
            }
            (
                Algorithm::RsaBy(_) | Algorithm::RsaSha1 | Algorithm::RsaSha256,
                Key::Rsa(private, _),
            ) => {
                let private = private.as_ref().ok_or_else(missing)?.as_ref().clone();
                use rsa::signature::SignatureEncoding;
                match self.digest(document)? {
                    RsaHash::Sha1 => Ok(rsa::pkcs1v15::SigningKey::<Sha1>::new(private)
                        .sign(message)
                        .to_vec()),
                    RsaHash::Sha256 => Ok(rsa::pkcs1v15::SigningKey::<Sha256>::new(private)
                        .sign(message)
                        .to_vec()),
                }
            }
            (Algorithm::Md5, Key::Shared(key)) => Ok(gap_filled_md5(message, key)),
            _ => Err(format!("this scheme needs {}", self.key.wanted())),
        }
    }

    fn matches(&self, key: &Key, message: &[u8], given: &str, document: Option<&Document>) -> bool {
        self.encoding.any(key, given, &|given| {
            self.holds(key, message, given, document)
        })
    }

    /// Whether these bytes are the signature; in constant time where the key is shared.
    fn holds(&self, key: &Key, message: &[u8], given: &[u8], document: Option<&Document>) -> bool {
        match (self.algorithm, key) {
            (Algorithm::HmacSha1, Key::Shared(key)) => {
                mac!(Sha1, key, message).is_ok_and(|mac| mac.verify_slice(given).is_ok())
            }
            (Algorithm::HmacSha256, Key::Shared(key)) => {
                mac!(Sha256, key, message).is_ok_and(|mac| mac.verify_slice(given).is_ok())
            }
            (Algorithm::HmacSha384, Key::Shared(key)) => {
                mac!(Sha384, key, message).is_ok_and(|mac| mac.verify_slice(given).is_ok())
            }
            (Algorithm::HmacSha512, Key::Shared(key)) => {
                mac!(Sha512, key, message).is_ok_and(|mac| mac.verify_slice(given).is_ok())
            }
            (Algorithm::KeyedSha256, Key::Shared(key)) => same(given, &keyed_sha256(key, message)),
            (Algorithm::HmacSha256, Key::Ed25519(_, public)) => {
                ed25519_dalek::Signature::from_slice(given)
                    .is_ok_and(|given| public.verify_strict(message, &given).is_ok())
            }
            (Algorithm::EcdsaP256, Key::P256(_, public)) => p256::ecdsa::Signature::from_der(given)
                .is_ok_and(|given| public.verify(message, &given).is_ok()),
            (
                Algorithm::RsaBy(_) | Algorithm::RsaSha1 | Algorithm::RsaSha256,
                Key::Rsa(_, public),
            ) => {
                let Ok(given) = rsa::pkcs1v15::Signature::try_from(given) else {
                    return false;
                };
                let public = public.as_ref().clone();
                match self.digest(document) {
                    Ok(RsaHash::Sha1) => rsa::pkcs1v15::VerifyingKey::<Sha1>::new(public)
                        .verify(message, &given)
                        .is_ok(),
                    Ok(RsaHash::Sha256) => rsa::pkcs1v15::VerifyingKey::<Sha256>::new(public)
                        .verify(message, &given)
                        .is_ok(),
                    Err(_) => false,
                }
            }
            (Algorithm::Md5, Key::Shared(key)) => same(given, &gap_filled_md5(message, key)),
            _ => false,
        }
    }

    /// Why a signature that is there does not match, as far as its looks tell.
    fn mismatch(&self, given: &str) -> String {
        self.encoding.oddity(given).unwrap_or_else(|| {
            "the signature does not match: another secret, or the body was changed on its way"
                .into()
        })
    }

    fn in_time(
        &self,
        delivery: &Delivery,
        document: Option<&Document>,
        judge: &Judge,
    ) -> Result<(), String> {
        let Some((place, form)) = &self.timestamp else {
            return Ok(());
        };
        let text = place.read(delivery, document)?.unwrap_or_default();
        let at = form
            .read(&text)
            .ok_or_else(|| format!("{} is no time", place.name()))?;
        let allowed = judge
            .tolerance
            .unwrap_or(Duration::from_secs(self.tolerance));
        let age = judge.now.duration_since(at);
        // Where whole seconds are signed, whole seconds are compared.
        let in_time = match form {
            TimeForm::AgeOnly(_) if age.is_negative() => true,
            TimeForm::Millis => age.unsigned_abs() <= allowed,
            _ => {
                age.unsigned_abs() <= allowed + Duration::from_nanos(999_999_999)
                    && age.as_secs().unsigned_abs() <= allowed.as_secs()
            }
        };
        if in_time {
            return Ok(());
        }
        let way = if age.is_negative() { "ahead" } else { "old" };
        Err(format!(
            "it was signed {} s {way}; {} s are allowed",
            age.as_secs().unsigned_abs(),
            allowed.as_secs()
        ))
    }
}

/// What follows scheme and host; `/` where nothing does.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?'])
        .and_then(|at| rest.get(at..))
        .unwrap_or("/")
}

impl Encoding {
    /// Writes a signature's bytes.
    fn write(self, key: &Key, bytes: &[u8]) -> String {
        match self {
            Encoding::Hex | Encoding::AnyHex => hex::encode(bytes),
            Encoding::Base64 => STANDARD.encode(bytes),
            Encoding::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
            Encoding::Versioned => format!("{},{}", version(key), STANDARD.encode(bytes)),
            Encoding::After(prefix, inner) => format!("{prefix}{}", inner.write(key, bytes)),
            Encoding::Listed(inner) => inner.write(key, bytes),
        }
    }

    /// Whether any signature in this text holds.
    fn any(self, key: &Key, given: &str, holds: &dyn Fn(&[u8]) -> bool) -> bool {
        match self {
            // Providers write lower case, and some of their libraries compare the text.
            Encoding::Hex => {
                !given.bytes().any(|b| b.is_ascii_uppercase())
                    && hex::decode(given).is_ok_and(|given| holds(&given))
            }
            Encoding::AnyHex => hex::decode(given).is_ok_and(|given| holds(&given)),
            Encoding::Base64 => STANDARD.decode(given).is_ok_and(|given| holds(&given)),
            Encoding::Base64Url => URL_SAFE_NO_PAD
                .decode(given.trim_end_matches('='))
                .is_ok_and(|given| holds(&given)),
            Encoding::Versioned => given
                .split(' ')
                .filter_map(|entry| entry.split_once(',').filter(|(at, _)| *at == version(key)))
                .filter_map(|(_, base64)| STANDARD.decode(base64).ok())
                .take(MOST_SIGNATURES)
                .any(|given| holds(&given)),
            Encoding::After(prefix, inner) => given
                .strip_prefix(prefix)
                .is_some_and(|given| inner.any(key, given, holds)),
            Encoding::Listed(inner) => given
                .split(',')
                .take(MOST_SIGNATURES)
                .any(|given| inner.any(key, given, holds)),
        }
    }

    /// What is odd about a signature that does not hold, as far as its looks tell.
    fn oddity(self, given: &str) -> Option<String> {
        let hex = !given.is_empty()
            && given.len().is_multiple_of(2)
            && given.bytes().all(|b| b.is_ascii_hexdigit());
        match self {
            Encoding::Hex | Encoding::AnyHex if !hex => {
                Some("the signature is not hexadecimal".into())
            }
            Encoding::Hex if given.bytes().any(|b| b.is_ascii_uppercase()) => {
                Some("the signature is in upper case; the provider writes lower case".into())
            }
            Encoding::Base64 | Encoding::Base64Url if hex => {
                Some("the signature looks hexadecimal, base64 is wanted".into())
            }
            Encoding::Base64 if STANDARD.decode(given).is_err() => {
                Some("the signature is not base64".into())
            }
            Encoding::Versioned
                if !given
                    .split(' ')
                    .any(|entry| entry.starts_with("v1,") || entry.starts_with("v1a,")) =>
            {
                Some("the signature has no `v1,…` entry".into())
            }
            Encoding::After(prefix, inner) => match given.strip_prefix(prefix) {
                Some(given) => inner.oddity(given),
                None => Some(format!("the signature's prefix `{prefix}` is missing")),
            },
            Encoding::Listed(inner) => inner.oddity(given.split(',').next().unwrap_or(given)),
            _ => None,
        }
    }
}

/// More entries than any rotation needs are an attack on our time.
const MOST_SIGNATURES: usize = 16;

fn keyed_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    Sha256::new_with_prefix(key)
        .chain_update(message)
        .finalize()
        .to_vec()
}

fn version(key: &Key) -> &'static str {
    if matches!(key, Key::Ed25519(..)) {
        "v1a"
    } else {
        "v1"
    }
}

/// Puts credentials into a request.
fn present(delivery: &mut Delivery, key: &Key) -> Result<(), String> {
    let wanted = |_| String::from("the credentials have characters that a header cannot hold");
    match key {
        Key::Credentials(Credentials::Basic(user, password)) => {
            let value = HeaderValue::from_str(&Credentials::authorization(user, password))
                .map_err(wanted)?;
            delivery.headers.set(http::header::AUTHORIZATION, value);
        }
        Key::Credentials(Credentials::Header(name, value)) => {
            delivery
                .headers
                .set(name.clone(), HeaderValue::from_str(value).map_err(wanted)?);
        }
        Key::Credentials(Credentials::Bearer(token)) => {
            let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(wanted)?;
            delivery.headers.set(http::header::AUTHORIZATION, value);
        }
        Key::Credentials(Credentials::Query(name, value)) => {
            let join = if delivery.path.query().is_some() {
                '&'
            } else {
                '?'
            };
            let pair: String = form_urlencoded::Serializer::new(String::new())
                .append_pair(name, value)
                .finish();
            let path = format!("{}{join}{pair}", delivery.path);
            delivery.path = path
                .parse()
                .map_err(|_| String::from("the path cannot hold the credentials"))?;
        }
        _ => return Err(format!("credentials are {}", KeyForm::Credentials.wanted())),
    }
    Ok(())
}

/// MD5 with the key in the gap. A message has one gap; bytes like it in a body that is no UTF-8 stay as they are.
fn gap_filled_md5(message: &[u8], key: &[u8]) -> Vec<u8> {
    let mut parts = message.splitn(2, |b| *b == GAP);
    let mut md5 = Md5::new();
    md5.update(parts.next().unwrap_or_default());
    if let Some(rest) = parts.next() {
        md5.update(key);
        md5.update(rest);
    }
    md5.finalize().to_vec()
}

/// Whether two byte strings are the same, in the same time wherever they differ.
fn same(given: &[u8], wanted: &[u8]) -> bool {
    given.len() == wanted.len()
        && given
            .iter()
            .zip(wanted)
            .fold(0, |odd, (a, b)| odd | (a ^ b))
            == 0
}

/// Whether a request carries these credentials; compared in constant time.
fn carries(delivery: &Delivery, key: &Key) -> bool {
    match key {
        Key::Credentials(Credentials::Basic(user, password)) => {
            let given = delivery
                .headers
                .text("authorization")
                .and_then(|value| value.split_once(' '));
            given
                .filter(|(way, _)| way.eq_ignore_ascii_case("basic"))
                .and_then(|(_, value)| STANDARD.decode(value.trim()).ok())
                .is_some_and(|given| same(&given, format!("{user}:{password}").as_bytes()))
        }
        Key::Credentials(Credentials::Header(name, value)) => delivery
            .headers
            .get(name.as_str())
            .is_some_and(|given| same(given.as_bytes(), value.as_bytes())),
        Key::Credentials(Credentials::Bearer(token)) => {
            let given = delivery
                .headers
                .text("authorization")
                .and_then(|value| value.split_once(' '))
                .filter(|(way, _)| way.eq_ignore_ascii_case("bearer"));
            match given {
                Some((_, given)) => same(given.trim().as_bytes(), token.as_bytes()),
                None => in_query(delivery, "access_token", token),
            }
        }
        Key::Credentials(Credentials::Query(name, value)) => in_query(delivery, name, value),
        _ => false,
    }
}

fn in_query(delivery: &Delivery, name: &str, value: &str) -> bool {
    let query = delivery.path.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .any(|(at, given)| at == name && same(given.as_bytes(), value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{TimeForm, set_field};

    #[test]
    fn only_plain_digits_are_a_time() {
        assert!(TimeForm::Seconds.read("1767312059").is_some());
        for odd in [
            "",
            "-1",
            "+1767312059",
            "17673120.5",
            "1767312059 ",
            "１７６７３１２０５９",
            "9223372036854775807",
            "now",
        ] {
            assert!(TimeForm::Seconds.read(odd).is_none(), "{odd}");
        }
        let at = TimeForm::Seconds.read("1767312059").unwrap();
        assert_eq!(TimeForm::Rfc3339(3).write(at), "2026-01-02T00:00:59.000Z");
        assert_eq!(TimeForm::Rfc3339(0).write(at), "2026-01-02T00:00:59Z");
    }

    #[test]
    fn a_form_field_changes_and_nothing_else() {
        assert_eq!(
            set_field(b"a=1&token=x&b=%7e&token=y", "token", "n&w"),
            b"a=1&token=x&b=%7e&token=n%26w"
        );
        assert_eq!(set_field(b"a=1", "token", "z"), b"a=1&token=z");
        assert_eq!(set_field(b"", "token", "z"), b"token=z");
    }
}
