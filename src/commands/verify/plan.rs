//! Settings of `verify`.

use std::time::Duration;

use jiff::Timestamp;

use crate::cli::VerifyArgs;
use crate::commands::args;
use crate::commands::recorded::selected::{as_recorded, choose};
use crate::error::Result;
use crate::providers::{Keys, Provider};
use crate::report::OutputStyle;
use crate::webhook::{Fixture, Headers, Keyring, Selection, VerifyOptions};

/// Settings of `verify`, made from its flags.
#[derive(Debug)]
pub(crate) struct VerifyPlan {
    pub style: OutputStyle,
    pub source: String,
    pub body_headers: Option<Headers>,
    pub id: Option<String>,
    pub selection: Selection,
    pub edited: bool,
    pub keys: Keys,
    pub ring: Keyring,
    pub provider: Option<&'static Provider>,
    pub now: Option<Timestamp>,
    pub url: Option<String>,
    pub tolerance: Option<Duration>,
    pub topics: Vec<String>,
    pub fetch_certs: bool,
    pub notes: Vec<String>,
}

impl VerifyPlan {
    /// Makes the settings from the flags; reads secrets.
    pub(crate) fn new(args: VerifyArgs, style: OutputStyle) -> Result<VerifyPlan> {
        let provider = args.provider.as_deref().map(args::provider).transpose()?;
        let secrets = args::secrets(&args.secrets, provider)?;
        let headers: Headers = args::headers(&args.headers)?.into_iter().collect();
        Ok(VerifyPlan {
            style,
            source: args.source,
            body_headers: (!args.headers.is_empty()).then_some(headers),
            id: args.id,
            // `--provider` names the provider to verify as, and is no condition.
            selection: args::selection(args.selection, None, &args.path),
            edited: args.edited,
            keys: secrets.keys,
            ring: secrets.ring,
            provider,
            now: args.now,
            url: args.url.or(args.secrets.public_url),
            tolerance: args.verify_options.tolerance,
            topics: args.verify_options.topic_arn,
            fetch_certs: args.verify_options.fetch_certs,
            notes: secrets.notes,
        })
    }

    /// True if `--id` and the selection choose a delivery.
    pub(crate) fn chooses(&self, fixture: &Fixture) -> bool {
        let options = self.options(fixture);
        (self.id.is_none() || self.id == fixture.id)
            && choose(&self.selection, fixture, &self.keys, &options).is_ok()
    }

    /// Time, URL and tolerance by which a delivery is verified.
    pub(crate) fn options(&self, fixture: &Fixture) -> VerifyOptions {
        let recorded = as_recorded(fixture, self.url.as_ref());
        VerifyOptions {
            now: self.now.unwrap_or(recorded.now),
            tolerance: self.tolerance,
            topics: self.topics.clone(),
            ..recorded
        }
    }
}
