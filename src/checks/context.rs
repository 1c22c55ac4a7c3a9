//! Target and provider of the checks.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::providers;
use crate::providers::{Batch, EventDef, Provider, Template};
use crate::webhook::{Algorithm, Key, Scheme, Target};

/// All inputs of the checks.
#[derive(Debug)]
pub struct Context {
    /// Provider whose deliveries are sent.
    pub provider: &'static Provider,
    /// Signing key; none if deliveries are not signed.
    pub key: Option<Key>,
    /// True if the user gave the key; otherwise it is the public test key.
    pub own_key: bool,
    /// Secret as written on a command line, without revealing it.
    pub secret: Option<String>,
    /// Seed of ids.
    pub seed: u64,
    /// Time of the events, in whole milliseconds so that it can be printed exactly.
    pub now: Timestamp,
    /// Handler under test.
    pub target: Target,
    /// Signed URL (`--public-url`), for schemes that sign it; the handler's own if none.
    pub public_url: Option<String>,
    /// Headers to set on every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Topic of SNS messages; the example's if none.
    pub topic: Option<String>,
    /// Time in which the handler must respond, if the user sets it.
    pub within: Option<Duration>,
    /// True if any certificate was accepted (`--insecure`).
    pub insecure: bool,
    /// Mode of inbound mail (`--kind inbound`), empty if the provider has one form only; none for events.
    pub mail: Option<&'static str>,
    /// True if a probe is configured (`--probe`, `--probe-cmd`).
    pub probe: bool,
}

/// Word for inbound mail, as `send` has it.
pub(super) const INBOUND: &str = "inbound";

/// Time to respond if the provider does not document its timeout.
const USUAL: Duration = Duration::from_secs(10);

impl Context {
    /// Signature scheme, if there is one; credentials are not a signature.
    pub(super) fn scheme(&self) -> Option<&'static Scheme> {
        let first = match self.mail {
            // Mail can be signed in another way than events.
            Some(_) => providers::signing_scheme(self.provider, &self.sample()?)?,
            None => self.provider.schemes.first().copied()?,
        };
        (first.algorithm != Algorithm::Credentials).then_some(first)
    }

    /// True if the handler demands credentials.
    pub(super) fn has_credentials(&self) -> bool {
        self.scheme().is_none() && self.key.is_some()
    }

    /// Default event of the checks: one that names a recipient, as most deliveries do.
    pub fn event(&self) -> &'static str {
        if self.mail.is_some() {
            return INBOUND;
        }
        const LIKELY: [&str; 5] = ["click", "delivered", "open", "bounce", "unsubscribe"];
        let has = |name: &&str| self.provider.row(name).is_some();
        let any = self
            .provider
            .events
            .iter()
            .find(|row| !row.example.is_empty());
        LIKELY
            .into_iter()
            .find(has)
            .or(any.map(|row| row.native))
            .unwrap_or_default()
    }

    /// Noun for what is sent.
    pub(super) fn noun(&self) -> &'static str {
        match self.mail {
            Some(_) => "mail",
            None => self.event(),
        }
    }

    /// Event that batches are filled with.
    pub(super) fn batched_event(&self) -> &'static str {
        let provider = self.provider;
        let is_listed = |row: &&'static EventDef| {
            let template = Template::new(provider, row, None);
            !row.example.is_empty() && template.is_ok_and(|template| template.is_listed())
        };
        match provider.conduct.batch {
            Batch::InList => provider
                .events
                .iter()
                .find(is_listed)
                .map_or("", |row| row.native),
            Batch::Never | Batch::UpTo(_) | Batch::Some => self.event(),
        }
    }

    /// True if the signature covers the body.
    pub(super) fn covers_body(&self) -> bool {
        self.scheme().is_some_and(Scheme::covers_body)
    }

    /// Phrase for reports that says how deliveries are signed.
    pub fn signed_with(&self) -> &'static str {
        match (self.scheme(), &self.key, self.own_key) {
            (Some(_), Some(_), true) => "signed with your secret",
            (Some(_), _, _) => "signed with the public test key",
            (None, Some(_), _) => "with your credentials",
            (None, None, _) => "which signs nothing",
        }
    }

    /// Time in which the handler must respond, and the source of that limit.
    pub(super) fn limit(&self) -> (Duration, String) {
        let title = self.provider.title;
        match (self.within, self.provider.habits.timeout.value()) {
            (Some(within), _) => (within, "you allow".into()),
            (None, Some(seconds)) => (
                Duration::from_secs((*seconds).into()),
                format!("{title} waits"),
            ),
            (None, None) => (USUAL, format!("{title} documents no timeout; assumed")),
        }
    }

    /// Most events in a request; none if the provider never sends several.
    pub(super) fn batch(&self) -> Option<u16> {
        match self.provider.conduct.batch {
            Batch::Never => None,
            Batch::UpTo(most) => Some(most.min(LARGE)),
            Batch::Some | Batch::InList => Some(LARGE),
        }
    }
}

/// Size of a large batch: SendGrid's 768 kB hold about as many events.
const LARGE: u16 = 500;
