//! Signature schemes. `sign` and `verify` follow the same description, so they cannot drift apart.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::webhook::body::json;
use crate::webhook::body::multipart::Multipart;
use crate::webhook::signing::algorithm::GAP;
use crate::webhook::{
    Algorithm, Delivery, Document, Encoding, Key, KeyForm, Location, Rng, Signature,
    TimestampFormat, Verdict, VerifyOptions,
};

/// Signature scheme: the signed parts, the algorithm, and the location of the signature.
#[derive(Debug)]
pub struct Scheme {
    /// Name of the scheme, as in `--json`.
    pub name: &'static str,
    /// Algorithm of the signature.
    pub algorithm: Algorithm,
    /// Form in which the provider issues the secret.
    pub key: KeyForm,
    /// Location of the delivery's id, if it is signed.
    pub id: Option<Location>,
    /// Location and format of the signing time, if there is one; most schemes sign it.
    pub timestamp: Option<(Location, TimestampFormat)>,
    /// Signed parts, in order.
    pub signed: &'static [Part],
    /// Location of the signature.
    pub signature: Location,
    /// Encoding of the signature's bytes.
    pub encoding: Encoding,
    /// Locations of other values that are new with each signature.
    pub fresh: &'static [Location],
    /// Default of `--tolerance`, in seconds.
    pub tolerance: u64,
    /// Note on what the signature does not cover, if that matters.
    pub uncovered: Option<&'static str>,
    /// Check beyond the signature.
    pub guard: Option<Guard>,
}

/// Reason where the URL that is signed is not known.
const NO_URL: &str = "the URL is signed, and neither a `host` header nor `--url` tells it";

/// Check beyond the signature, such as a body digest; returns the reason to reject the delivery.
pub type Guard = fn(&Delivery, &Document, &VerifyOptions) -> Result<(), String>;

/// Part of the signed message.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// The delivery's id.
    Id,
    /// The timestamp, exactly as sent.
    Timestamp,
    /// The raw body.
    Body,
    /// The raw body with a gap byte, later the key, in place of the text at this JSON pointer.
    BodyAround(&'static str),
    /// The request method.
    Method,
    /// The URL configured at the provider (`--public-url`).
    Url,
    /// Path and query of that URL.
    UrlPath,
    /// URL as in [`Part::Url`]; verification also tries the spellings that this function returns.
    UrlOr(fn(&str) -> Vec<String>),
    /// Path and query of the request.
    Path,
    /// Decoded value of a URL-encoded form with a single field of any name; the raw body if it is no form.
    FormValue,
    /// Fields of a form, sorted by name: each name followed by its decoded value. Uploaded files are skipped.
    SortedForm,
    /// A fixed text.
    Text(&'static str),
    /// The text at this location.
    At(Location),
    /// Computed from the parsed body.
    Own(fn(&Document) -> Result<Vec<u8>, String>),
    /// Computed from the whole request and the signed URL.
    Of(fn(&Delivery, &str) -> Result<Vec<u8>, String>),
}

impl Part {
    /// True if this takes in the body, or everything in it that counts.
    pub fn reads_body(&self) -> bool {
        match self {
            Self::Body
            | Self::BodyAround(_)
            | Self::FormValue
            | Self::SortedForm
            | Self::Own(_)
            | Self::Of(_) => true,
            Self::Id
            | Self::Timestamp
            | Self::Method
            | Self::Url
            | Self::UrlPath
            | Self::UrlOr(_)
            | Self::Path
            | Self::Text(_)
            | Self::At(_) => false,
        }
    }

    /// True if this takes in the URL configured at the provider, or a part of it.
    pub fn reads_url(&self) -> bool {
        match self {
            Self::Url | Self::UrlPath | Self::UrlOr(_) | Self::Of(_) => true,
            Self::Id
            | Self::Timestamp
            | Self::Body
            | Self::BodyAround(_)
            | Self::Method
            | Self::Path
            | Self::FormValue
            | Self::SortedForm
            | Self::Text(_)
            | Self::At(_)
            | Self::Own(_) => false,
        }
    }
}

/// Inputs of a new signature besides its key.
#[derive(Debug)]
pub struct SigningContext<'a> {
    /// Signing time.
    pub at: Timestamp,
    /// URL that the delivery is sent to.
    pub url: &'a str,
    /// Source of new ids.
    pub rng: &'a mut Rng,
}

impl Scheme {
    /// Names of the signed parts, in order, for messages.
    pub fn covers(&self) -> Vec<&'static str> {
        let words = self.signed.iter().filter_map(|part| match part {
            Part::Id => Some("id"),
            Part::Timestamp => Some("timestamp"),
            Part::Body | Part::BodyAround(_) | Part::FormValue => Some("body"),
            Part::Method => Some("method"),
            Part::Url | Part::UrlOr(_) => Some("URL"),
            Part::UrlPath | Part::Path => Some("path with query"),
            Part::SortedForm => Some("fields of the form"),
            Part::Text(_) => None,
            Part::At(Location::Body(pointer)) => pointer.rsplit('/').next(),
            Part::At(Location::Header(name) | Location::Item(_, name) | Location::Field(name)) => {
                Some(name)
            }
            Part::At(Location::All(places)) => places
                .iter()
                .find_map(|location| location.header_names().first().copied()),
            Part::At(Location::Own(own)) => Some(own.name),
            Part::Own(_) => Some("fields of the body"),
            Part::Of(_) => Some("parts of the request"),
        });
        words.collect()
    }

    /// True if the delivery has a signature at the scheme's location.
    pub fn is_present(&self, delivery: &Delivery, document: Option<&Document>) -> bool {
        !matches!(self.signature.read(delivery, document), Ok(None))
    }

    /// Signs a delivery: writes id, timestamp and signature. An existing id stays.
    pub fn sign(
        &self,
        delivery: &mut Delivery,
        key: &Key,
        context: &mut SigningContext,
    ) -> Result<(), String> {
        // Some providers sign if they have a key, and send credentials if they were given those.
        if self.algorithm == Algorithm::Credentials || matches!(key, Key::Credentials(_)) {
            return match key {
                Key::Credentials(credentials) => credentials.write(delivery),
                _ => Err(format!("credentials are {}", KeyForm::Credentials.wanted())),
            };
        }
        if let Some(location) = &self.id
            && location.read(delivery, None)?.is_none()
        {
            location.write(
                delivery,
                &context.rng.like("msg_2zAbCdEfGhIjKlMnOpQrStUvWx7"),
            )?;
        }
        if let Some((location, form)) = &self.timestamp {
            location.write(delivery, &form.write(context.at))?;
        }
        for location in self.fresh {
            let body = delivery.body.clone();
            let document = Document::read(&delivery.headers, &body).ok();
            let old = location
                .read(delivery, document.as_ref())?
                .map(Cow::into_owned);
            if let Some(old) = old {
                location.write(delivery, &context.rng.like(&old))?;
            }
        }
        let body = delivery.body.clone();
        let document = self
            .looks_inside()
            .then(|| Document::read(&delivery.headers, &body).ok())
            .flatten();
        let message = self.message(delivery, document.as_ref(), context.url)?;
        let bytes =
            self.algorithm
                .compute(key, &message, document.as_ref(), self.key, context.rng)?;
        self.signature
            .write(delivery, &self.encoding.write(key, &bytes))
    }

    /// True if signing or verifying takes a parsed body.
    fn looks_inside(&self) -> bool {
        let part_inside = |part: &Part| match part {
            Part::Id => self.id.as_ref().is_some_and(Location::is_inside),
            Part::Timestamp => self
                .timestamp
                .as_ref()
                .is_some_and(|(at, _)| at.is_inside()),
            Part::At(location) => location.is_inside(),
            Part::Own(_) => true,
            Part::Body
            | Part::BodyAround(_)
            | Part::Method
            | Part::Url
            | Part::UrlPath
            | Part::UrlOr(_)
            | Part::Path
            | Part::FormValue
            | Part::SortedForm
            | Part::Text(_)
            | Part::Of(_) => false,
        };
        matches!(self.algorithm, Algorithm::RsaBy(_)) || self.signed.iter().any(part_inside)
    }

    /// Verifies a delivery. `keys` were given by the user; `test` returns the public test key, tried if none of them
    /// fits.
    pub fn verify<'a>(
        &self,
        delivery: &Delivery,
        document: Option<&Document>,
        keys: &[Key],
        test: impl Fn() -> Option<&'a Key>,
        verify_options: &VerifyOptions,
    ) -> Signature {
        let each = match self.signature {
            Location::Own(own) => own.each.map(|each| each(delivery)),
            _ => None,
        };
        // One valid signature is enough, as where a proxy has added its own.
        let mut verdicts = each
            .iter()
            .flatten()
            .map(|one| self.verify_one(one, document, keys, &test, verify_options));
        match verdicts.next() {
            Some(first) if first.verdict.holds() => first,
            Some(first) => verdicts.find(|it| it.verdict.holds()).unwrap_or(first),
            None => self.verify_one(delivery, document, keys, &test, verify_options),
        }
    }

    fn verify_one<'a>(
        &self,
        delivery: &Delivery,
        document: Option<&Document>,
        keys: &[Key],
        test: impl Fn() -> Option<&'a Key>,
        verify_options: &VerifyOptions,
    ) -> Signature {
        let told = |verdict, reason: Option<String>| Signature {
            scheme: Some(self.name),
            verdict,
            reason,
            key: None,
        };
        if self.algorithm == Algorithm::Credentials {
            let are_shown = |key: &Key| match key {
                Key::Credentials(credentials) => credentials.are_in(delivery),
                _ => false,
            };
            return match keys.iter().position(are_shown) {
                _ if keys.is_empty() => told(Verdict::Unsigned, None),
                Some(key) => Signature {
                    key: Some(key),
                    ..told(
                        Verdict::Verified,
                        Some("the credentials match; nothing is signed".into()),
                    )
                },
                None => told(
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
        if let Err(reason) = self.id_stands_alone(delivery, document) {
            return told(Verdict::Refused, Some(reason));
        }
        let messages: Result<Vec<Vec<u8>>, String> = self
            .spellings(delivery, verify_options)
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
        let key = keys.iter().position(holds);
        let verdict = if key.is_some() {
            Verdict::Verified
        } else if test().is_some_and(holds) {
            if !keys.is_empty() {
                let reason =
                    "it is signed with the public test key, not with the secret that was given";
                return told(Verdict::Refused, Some(reason.into()));
            }
            Verdict::VerifiedTestKey
        } else if keys.is_empty() {
            let reason = "no secret was given, and the test key does not fit";
            let reason = match self.lacks_url(delivery, verify_options) {
                true => format!("{reason}; {NO_URL}"),
                false => reason.into(),
            };
            return told(Verdict::Unchecked, Some(reason));
        } else if self.lacks_url(delivery, verify_options) {
            return told(Verdict::Refused, Some(NO_URL.into()));
        } else {
            return told(Verdict::Refused, Some(self.mismatch(&given)));
        };
        if let Err(reason) = self.in_time(delivery, document, verify_options) {
            return told(Verdict::Refused, Some(reason));
        }
        if let Some(guard) = self.guard
            && let Err(reason) = guard(
                delivery,
                document.unwrap_or(&Document::null()),
                verify_options,
            )
        {
            return told(Verdict::Refused, Some(reason));
        }
        Signature {
            key,
            ..told(verdict, self.uncovered.map(Into::into))
        }
    }

    /// Rejects an id that contains the separator: the message could be split at another place, and unsigned text pass
    /// as signed.
    fn id_stands_alone(
        &self,
        delivery: &Delivery,
        document: Option<&Document>,
    ) -> Result<(), String> {
        let mut parts = self.signed.iter();
        let (Some(location), Some(_)) = (&self.id, parts.find(|part| matches!(part, Part::Id)))
        else {
            return Ok(());
        };
        let id = location.read(delivery, document)?.unwrap_or_default();
        match parts.next() {
            _ if id.is_empty() => Err(format!("{} is missing or empty", location.name())),
            Some(Part::Text(text)) if id.contains(text) => {
                Err(format!("{} holds a `{text}`", location.name()))
            }
            _ => Ok(()),
        }
    }

    /// True if the URL, or a part of it, is signed.
    pub fn covers_url(&self) -> bool {
        self.signed.iter().any(Part::reads_url)
    }

    /// Returns true if the URL is signed and nothing tells it.
    fn lacks_url(&self, delivery: &Delivery, verify_options: &VerifyOptions) -> bool {
        let is_whole = |part: &Part| matches!(part, Part::Url | Part::UrlOr(_));
        verify_options.public_url.is_none()
            && delivery.headers.get("host").is_none()
            && self.signed.iter().any(is_whole)
    }

    /// Candidates for the signed URL, the likeliest first; a single empty text if no URL is signed.
    fn spellings(&self, delivery: &Delivery, verify_options: &VerifyOptions) -> Vec<String> {
        if !self.covers_url() {
            return vec![String::new()];
        }
        let url = verify_options.url(delivery);
        let others = self.signed.iter().find_map(|part| match part {
            Part::UrlOr(others) => Some(others(&url)),
            _ => None,
        });
        std::iter::once(url)
            .chain(others.into_iter().flatten())
            .collect()
    }

    /// Signing time of a delivery, if it has one.
    pub fn signed_at(&self, delivery: &Delivery, document: Option<&Document>) -> Option<Timestamp> {
        let (location, form) = self.signed_time()?;
        form.read(&location.read(delivery, document).ok()??)
    }

    /// Location and format of the signing time, if it is signed.
    pub fn signed_time(&self) -> Option<(Location, TimestampFormat)> {
        self.timestamp
            .filter(|(_, form)| !matches!(form, TimestampFormat::Unsigned(_)))
    }

    /// Replaces the delivery's id with another of the same format, before it is signed; false if the scheme has none.
    pub fn renew_id(&self, delivery: &mut Delivery, rng: &mut Rng) -> Result<bool, String> {
        let Some(location) = &self.id else {
            return Ok(false);
        };
        if let Some(old) = location.read(delivery, None)?.map(Cow::into_owned) {
            location.write(delivery, &rng.like(&old))?;
        }
        Ok(true)
    }

    /// Builds the exact bytes that are signed.
    pub fn message(
        &self,
        delivery: &Delivery,
        document: Option<&Document>,
        url: &str,
    ) -> Result<Vec<u8>, String> {
        let read = |location: &Location| {
            location
                .read(delivery, document)?
                .ok_or_else(|| format!("no signature: {} is missing", location.name()))
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
                    let location = self.timestamp.as_ref().map(|(location, _)| location);
                    message.extend_from_slice(
                        location
                            .map(read)
                            .transpose()?
                            .unwrap_or_default()
                            .as_bytes(),
                    );
                }
                Part::BodyAround(pointer) => {
                    let span = json::find(&delivery.body, pointer)
                        .filter(|span| span.len() >= 2)
                        .filter(|span| delivery.body.get(span.start) == Some(&b'"'))
                        .ok_or_else(|| {
                            format!(
                                "no signature: {} is missing",
                                Location::Body(pointer).name()
                            )
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
                Part::FormValue => message.extend(form_value(delivery)),
                Part::SortedForm => {
                    let mut append = |fields: &mut Vec<(Cow<str>, Cow<str>)>| {
                        fields.sort();
                        for (name, value) in fields {
                            message.extend_from_slice(name.as_bytes());
                            message.extend_from_slice(value.as_bytes());
                        }
                    };
                    match Multipart::of(&delivery.headers, &delivery.body) {
                        Some(Ok(form)) => {
                            let fields = form.fields();
                            append(&mut fields.map(|(name, it)| (name.into(), it)).collect());
                        }
                        // A body that only claims to be multipart may be URL-encoded.
                        _ => append(&mut form_urlencoded::parse(&delivery.body).collect()),
                    }
                }
                Part::Text(text) => message.extend_from_slice(text.as_bytes()),
                Part::At(location) => message.extend_from_slice(read(location)?.as_bytes()),
                Part::Own(own) => {
                    message.extend(own(document.ok_or("the body could not be read")?)?)
                }
                Part::Of(of) => message.extend(of(delivery, url)?),
            }
        }
        Ok(message)
    }

    fn matches(&self, key: &Key, message: &[u8], given: &str, document: Option<&Document>) -> bool {
        self.encoding.any(key, given, &|given| {
            self.algorithm.holds(key, message, given, document)
        })
    }

    /// Reason why a signature does not match, as far as its format shows.
    fn mismatch(&self, given: &str) -> String {
        if self.algorithm == Algorithm::Token {
            return format!("the secret in {} does not match", self.signature.name());
        }
        self.encoding.oddity(given).unwrap_or_else(|| {
            "the signature does not match: another secret, or the body was changed on its way"
                .into()
        })
    }

    fn in_time(
        &self,
        delivery: &Delivery,
        document: Option<&Document>,
        verify_options: &VerifyOptions,
    ) -> Result<(), String> {
        let Some((location, form)) = self.signed_time() else {
            return Ok(());
        };
        let (form, text) = match (form, location.read(delivery, document)?) {
            (TimestampFormat::IfAny(_), None) => return Ok(()),
            (TimestampFormat::IfAny(form), Some(text)) => (*form, text),
            (form, text) => (form, text.unwrap_or_default()),
        };
        let at = form
            .read(&text)
            .ok_or_else(|| format!("{} is no time", location.name()))?;
        let allowed = verify_options
            .tolerance
            .unwrap_or(Duration::from_secs(self.tolerance));
        let age = verify_options.now.duration_since(at);
        // A timestamp in whole seconds is compared in whole seconds.
        let in_time = match form {
            TimestampFormat::AgeOnly(_) if age.is_negative() => true,
            TimestampFormat::Millis => age.unsigned_abs() <= allowed,
            _ => {
                age.unsigned_abs() <= allowed.saturating_add(Duration::from_nanos(999_999_999))
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

/// Path and query of a URL; `/` if it has neither.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?'])
        .and_then(|at| rest.get(at..))
        .unwrap_or("/")
}

/// Decoded text after the first `=` of a URL-encoded form; the raw body if it is no form.
fn form_value(delivery: &Delivery) -> Vec<u8> {
    let body = &delivery.body;
    let wanted = "application/x-www-form-urlencoded";
    let kind = delivery.headers.text("content-type").unwrap_or_default();
    let start = kind.trim_start().get(..wanted.len());
    if !start.is_some_and(|start| start.eq_ignore_ascii_case(wanted)) {
        return body.to_vec();
    }
    let at = body.iter().position(|byte| *byte == b'=');
    let value = at.and_then(|at| body.get(at + 1..)).unwrap_or_default();
    // An `&` there belongs to the value.
    let value: Vec<u8> = value
        .split(|byte| *byte == b'&')
        .collect::<Vec<_>>()
        .join(&b"%26"[..]);
    let field = [b"=", value.as_slice()].concat();
    form_urlencoded::parse(&field)
        .next()
        .map(|(_, value)| value.into_owned().into_bytes())
        .unwrap_or_default()
}
