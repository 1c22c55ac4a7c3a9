//! The words of `replay`.

use std::time::Duration;

use clap::Args;

use super::values::{duration, kind};
use super::{RequestArgs, SecretArgs};
use crate::webhook::Kind;

/// `replay`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  webhook-cli replay hooks.ndjson --to :3000             in the order recorded, at the paths recorded
  webhook-cli replay hooks.ndjson --to :3000/webhooks    all of it to that path
  webhook-cli replay fixtures/ --resign                  signed anew, so that a handler's age check passes
  webhook-cli replay fixtures/ --events bounce --watch   and again whenever a fixture is saved")]
pub struct ReplayArgs {
    /// Fixtures, folders of them, `.ndjson` recordings, plain JSON payloads, or `-`
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,

    /// How the request is made.
    #[command(flatten)]
    pub request: RequestArgs,

    /// What to sign with.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Make a new timestamp and signature for each attempt, by the provider's rule
    #[arg(long, help_heading = "Signatures")]
    pub resign: bool,

    /// The path to ask for, in place of the recorded one
    #[arg(long, value_name = "PATH", help_heading = "Requests")]
    pub path: Option<String>,

    /// How many requests at once; the recorded order is kept with 1
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Requests")]
    pub concurrency: u16,

    /// How often a delivery is tried again: no answer, 408, 425, 429, 500, 502, 503, 504
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "Requests")]
    pub retries: u32,

    /// The wait before the second attempt; it doubles from there
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "500ms", help_heading = "Requests")]
    pub backoff: Duration,

    /// Send to a host that is neither this machine nor in a private network, without asking
    #[arg(long, help_heading = "Requests")]
    pub yes: bool,

    /// Only deliveries with these kinds of event
    #[arg(short, long, value_name = "KIND", value_delimiter = ',', value_parser = kind, help_heading = "What is sent")]
    pub events: Vec<Kind>,

    /// Only deliveries of this provider
    #[arg(long, value_name = "NAME", help_heading = "What is sent")]
    pub provider: Option<String>,

    /// Only deliveries about this address
    #[arg(long, value_name = "ADDRESS", help_heading = "What is sent")]
    pub recipient: Option<String>,

    /// Pass over the first N
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        help_heading = "What is sent"
    )]
    pub skip: usize,

    /// Send at most N
    #[arg(long, value_name = "N", help_heading = "What is sent")]
    pub limit: Option<usize>,

    /// Name a broken fixture and go on
    #[arg(long, help_heading = "What is sent")]
    pub skip_broken: bool,

    /// Stay, and send each fixture again when it is saved
    #[arg(long, help_heading = "What is sent", conflicts_with = "dry_run")]
    pub watch: bool,
}
