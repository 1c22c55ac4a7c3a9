//! Signature schemes. `sign` and `verify` follow the same description, so they cannot drift apart.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::webhook::signing::message::{MessageInput, Part, missing};
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

/// Reason to reject a delivery whose signed URL is unknown.
const NO_URL: &str = "the URL is signed, but unknown: there is no `host` header and no `--url`";

/// Reason for not checking a signature.
const NO_SECRET: &str = "no secret was given, and the test key does not fit";

/// Reason to reject a delivery that anyone could have signed.
const SIGNED_WITH_TEST_KEY: &str =
    "it is signed with the public test key, not with the secret that was given";

/// Check beyond the signature, such as a body digest; returns the reason to reject the delivery.
pub type Guard = fn(&Delivery, &Document, &VerifyOptions) -> Result<(), String>;

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
        self.signed.iter().filter_map(Part::name).collect()
    }

    /// True if the body, or a part of it, is signed.
    pub fn covers_body(&self) -> bool {
        self.signed.iter().any(Part::reads_body)
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
            .needs_document()
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
    fn needs_document(&self) -> bool {
        let id = self.id.as_ref();
        let timestamp = self.timestamp.as_ref().map(|(location, _)| location);
        let is_inside = |part: &Part| match part {
            Part::Id => id.is_some_and(Location::is_inside),
            Part::Timestamp => timestamp.is_some_and(Location::is_inside),
            part => part.needs_document(),
        };
        matches!(self.algorithm, Algorithm::RsaBy(_)) || self.signed.iter().any(is_inside)
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

    /// Verifies the one signature of a delivery.
    fn verify_one<'a>(
        &self,
        delivery: &Delivery,
        document: Option<&Document>,
        keys: &[Key],
        test: impl Fn() -> Option<&'a Key>,
        verify_options: &VerifyOptions,
    ) -> Signature {
        let verified = match self.algorithm {
            Algorithm::Credentials => self.verify_credentials(delivery, keys),
            _ => self.verify_signature(delivery, document, keys, test, verify_options),
        };
        verified.unwrap_or_else(|reason| self.result(Verdict::Refused, Some(reason)))
    }

    fn result(&self, verdict: Verdict, reason: Option<String>) -> Signature {
        Signature {
            scheme: Some(self.name),
            verdict,
            reason,
            key: None,
        }
    }

    /// Compares the credentials of a delivery with those that were given; the error is the reason to reject it.
    fn verify_credentials(&self, delivery: &Delivery, keys: &[Key]) -> Result<Signature, String> {
        if keys.is_empty() {
            return Ok(self.result(Verdict::Unsigned, None));
        }
        let are_in_delivery = |key: &Key| match key {
            Key::Credentials(credentials) => credentials.are_in(delivery),
            _ => false,
        };
        let key = keys.iter().position(are_in_delivery);
        let key = key.ok_or("the credentials are missing or differ")?;
        let reason = "the credentials match; nothing is signed";
        Ok(Signature {
            key: Some(key),
            ..self.result(Verdict::Verified, Some(reason.into()))
        })
    }

    /// Verifies the signature of a delivery, then its age and the guard; the error is the reason to reject it.
    fn verify_signature<'a>(
        &self,
        delivery: &Delivery,
        document: Option<&Document>,
        keys: &[Key],
        test: impl Fn() -> Option<&'a Key>,
        verify_options: &VerifyOptions,
    ) -> Result<Signature, String> {
        let Some(given) = self.signature.read(delivery, document)? else {
            return match keys.is_empty() {
                true => Ok(self.result(Verdict::Unsigned, None)),
                false => Err(missing(&self.signature)),
            };
        };
        self.id_stands_alone(delivery, document)?;
        let urls = self.signed_urls(delivery, verify_options);
        let messages = urls.iter().map(|url| self.message(delivery, document, url));
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        let matches = |key: &Key| {
            let mut messages = messages.iter();
            messages.any(|message| self.matches(key, message, &given, document))
        };
        let lacks_url = || self.lacks_url(delivery, verify_options);
        let key = keys.iter().position(matches);
        let verdict = match key {
            Some(_) => Verdict::Verified,
            None if test().is_some_and(matches) => match keys.is_empty() {
                true => Verdict::VerifiedTestKey,
                false => return Err(SIGNED_WITH_TEST_KEY.into()),
            },
            None if keys.is_empty() => {
                let reason = match lacks_url() {
                    true => format!("{NO_SECRET}; {NO_URL}"),
                    false => NO_SECRET.into(),
                };
                return Ok(self.result(Verdict::Unchecked, Some(reason)));
            }
            None if lacks_url() => return Err(NO_URL.into()),
            None => return Err(self.mismatch(&given)),
        };
        self.in_time(delivery, document, verify_options)?;
        if let Some(guard) = self.guard {
            let null = Document::null();
            guard(delivery, document.unwrap_or(&null), verify_options)?;
        }
        Ok(Signature {
            key,
            ..self.result(verdict, self.uncovered.map(Into::into))
        })
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
                Err(format!("{} contains `{text}`", location.name()))
            }
            _ => Ok(()),
        }
    }

    /// True if the URL, or a part of it, is signed.
    pub fn covers_url(&self) -> bool {
        self.signed.iter().any(Part::reads_url)
    }

    /// True if the URL is signed, and neither `--url` nor the request names it.
    fn lacks_url(&self, delivery: &Delivery, verify_options: &VerifyOptions) -> bool {
        let is_whole = |part: &Part| matches!(part, Part::Url | Part::UrlOr(_));
        verify_options.public_url.is_none()
            && delivery.headers.get("host").is_none()
            && self.signed.iter().any(is_whole)
    }

    /// Candidates for the signed URL, the likeliest first; a single empty text if no URL is signed.
    fn signed_urls(&self, delivery: &Delivery, verify_options: &VerifyOptions) -> Vec<String> {
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
        let input = MessageInput {
            delivery,
            document,
            url,
            id: self.id.as_ref(),
            timestamp: self.timestamp.as_ref().map(|(location, _)| location),
        };
        let mut message = Vec::with_capacity(delivery.body.len() + 64);
        for part in self.signed {
            message.extend_from_slice(&part.bytes(&input)?);
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
            "the signature does not match: another secret, or the body was changed in transit"
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
            .ok_or_else(|| format!("{} is not a valid timestamp", location.name()))?;
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
            "the timestamp is {} s {way}; at most {} s are allowed",
            age.as_secs().unsigned_abs(),
            allowed.as_secs()
        ))
    }
}
