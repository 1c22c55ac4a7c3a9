//! Whom the questions go to, and as whom they are asked.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::checks::CheckRequest;
use crate::providers::{Batch, EventDef, Provider, Template};
use crate::webhook::{Algorithm, Delivery, Key, Part, Scheme, Target};

/// Everything that the checks are a function of.
#[derive(Debug)]
pub struct Context {
    /// Whose deliveries are sent.
    pub provider: &'static Provider,
    /// What they are signed with; none where nothing is to be signed.
    pub key: Option<Key>,
    /// Whether the user gave that key; else it is the public test key.
    pub own_key: bool,
    /// How that secret is given on a command line, without revealing it.
    pub secret: Option<String>,
    /// Where ids come from.
    pub seed: u64,
    /// When the events happened; whole milliseconds, so that it can be written down.
    pub now: Timestamp,
    /// The handler.
    pub target: Target,
    /// The URL that is signed where one is; the handler's own if none.
    pub public_url: Option<String>,
    /// Header fields to set on every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The topic that SNS messages are to come from; the example's if none.
    pub topic: Option<String>,
    /// How soon the handler must acknowledge, if the user says so.
    pub within: Option<Duration>,
    /// Whether any certificate was taken.
    pub insecure: bool,
    /// Whether there is a number to read.
    pub probe: bool,
}

/// How soon to acknowledge where the provider does not say how long it waits.
const USUAL: Duration = Duration::from_secs(10);

impl Context {
    /// The scheme that signs, if one does: what receivers may demand besides is no signature.
    pub(super) fn scheme(&self) -> Option<&'static Scheme> {
        let first = self.provider.schemes.first().copied()?;
        (first.algorithm != Algorithm::Credentials).then_some(first)
    }

    /// Whether the handler demands credentials.
    pub(super) fn has_credentials(&self) -> bool {
        self.scheme().is_none() && self.key.is_some()
    }

    /// The event that is sent where any will do: one that says whom it is about, as most deliveries do.
    pub fn event(&self) -> &'static str {
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

    /// The event that batches are filled with.
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

    /// An event as it is sent, to look at.
    pub(super) fn sample(&self) -> Option<Delivery> {
        CheckRequest::event(self.event()).bare(self)
    }

    /// Whether bodies are forms.
    pub(super) fn is_form(&self) -> bool {
        self.sample().is_some_and(|sample| {
            let kind = sample.headers.text("content-type").unwrap_or_default();
            kind.starts_with("application/x-www-form-urlencoded")
        })
    }

    /// Whether the signature says anything of the body.
    pub(super) fn covers_body(&self) -> bool {
        let covers = |part: &Part| {
            matches!(
                part,
                Part::Body | Part::BodyAround(_) | Part::SortedForm | Part::Own(_) | Part::Of(_)
            )
        };
        self.scheme()
            .is_some_and(|scheme| scheme.signed.iter().any(covers))
    }

    /// What the deliveries are signed with, in words.
    pub fn signed_with(&self) -> &'static str {
        match (self.scheme(), &self.key, self.own_key) {
            (Some(_), Some(_), true) => "signed with your secret",
            (Some(_), _, _) => "signed with the public test key",
            (None, Some(_), _) => "with your credentials",
            (None, None, _) => "which signs nothing",
        }
    }

    /// The time within which it must acknowledge, and who says so.
    pub(super) fn limit(&self) -> (Duration, String) {
        let title = self.provider.title;
        match (self.within, self.provider.habits.timeout.value()) {
            (Some(within), _) => (within, "you allow".into()),
            (None, Some(seconds)) => (
                Duration::from_secs((*seconds).into()),
                format!("{title} waits"),
            ),
            (None, None) => (
                USUAL,
                format!("{title} does not say how long it waits; assumed"),
            ),
        }
    }

    /// The most events that a request is filled with; none where the provider never sends several.
    pub(super) fn batch(&self) -> Option<u16> {
        match self.provider.conduct.batch {
            Batch::Never => None,
            Batch::UpTo(most) => Some(most.min(LARGE)),
            Batch::Some | Batch::InList => Some(LARGE),
        }
    }
}

/// A large batch: SendGrid's 768 kB hold about so many events.
const LARGE: u16 = 500;
