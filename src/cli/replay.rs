//! The words of `replay`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::cli::values::{Speed, kind, share, speed, time};
use crate::cli::{RequestArgs, SecretArgs};
use crate::webhook::Kind;

/// Send again what was saved or recorded
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  webhook-cli replay hooks.ndjson --to :3000             in the order recorded, at the paths recorded
  webhook-cli replay hooks.ndjson --to :3000/webhooks    all of it to that path
  webhook-cli replay fixtures/ --resign                  signed anew, so that a handler's age check passes
  webhook-cli replay fixtures/ --events bounce --watch   and again whenever a fixture is saved
  webhook-cli replay hooks.ndjson --rate 50/s --resume hooks.journal --failed-to failed.ndjson
                                                         paced, and gone on with after an interrupt")]
pub struct ReplayArgs {
    /// Fixtures, folders of them, `.ndjson` recordings, HAR files, gzipped ones, plain JSON payloads, or `-`
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

    /// Give each delivery an id of its own, so that a handler takes it for a new one; the id is signed too
    #[arg(long, requires = "resign", help_heading = "Signatures")]
    pub fresh_ids: bool,

    /// The path to ask for, in place of the recorded one
    #[arg(long, value_name = "PATH", help_heading = "Requests")]
    pub path: Option<String>,

    /// How many requests at once; the recorded order is kept with 1
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Requests")]
    pub concurrency: u16,

    /// Never two requests at once about the same message, and those in the recorded order; others may overtake
    #[arg(long, help_heading = "Requests")]
    pub ordered: bool,

    /// The recorded gaps between deliveries, scaled: `original`, `2x`, or `max` for none
    #[arg(long, value_name = "SPEED", value_parser = speed, default_value = "max", conflicts_with = "rate", help_heading = "Requests")]
    pub speed: Speed,

    /// How often a delivery is retried [default: 0 for a target on this machine, 3 for others]
    #[arg(long, value_name = "N", help_heading = "Requests")]
    pub retries: Option<u32>,

    /// Send to a host that is neither this machine nor in a private network, without asking
    #[arg(long, help_heading = "Requests")]
    pub yes: bool,

    /// Note in this file what is done, and go on where the last run with it was
    ///
    /// After Ctrl-C or a crash, run the same command again: at most the deliveries in flight are sent twice, none is
    /// passed over. It knows its sources, its target and its filters, and refuses others. What was refused for good is
    /// not sent again; what got no answer, or an answer that is tried again, is.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["watch", "dry_run"], help_heading = "Resume and dead letters")]
    pub resume: Option<PathBuf>,

    /// Write what was rejected in the end to this dead-letter file: a recording that can be replayed, `.ndjson` or a folder
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with = "dry_run",
        help_heading = "Resume and dead letters"
    )]
    pub failed_to: Option<PathBuf>,

    /// Record each delivery with its response: a recording that `--compare` compares a later run with
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with = "dry_run",
        help_heading = "Resume and dead letters"
    )]
    pub answers_to: Option<PathBuf>,

    /// Only deliveries with these kinds of event
    #[arg(short, long, value_name = "KIND", value_delimiter = ',', value_parser = kind, help_heading = "What is sent")]
    pub events: Vec<Kind>,

    /// Only deliveries of this provider
    #[arg(long, value_name = "NAME", help_heading = "What is sent")]
    pub provider: Option<String>,

    /// Only deliveries about this address
    #[arg(long, value_name = "ADDRESS", help_heading = "What is sent")]
    pub recipient: Option<String>,

    /// Only what was recorded at this time or later: RFC 3339, or a span back from now such as `2h`
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "What is sent")]
    pub since: Option<Timestamp>,

    /// Only what was recorded before this time
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "What is sent")]
    pub until: Option<Timestamp>,

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

    /// Take lines of a recording whose checksum differs as they are: somebody has edited them
    #[arg(long, help_heading = "What is sent")]
    pub edited: bool,

    /// Send all of it N times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "watch", help_heading = "Chaos")]
    pub repeat: u32,

    /// Send this share twice: `0.1`, `10%`
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0", hide_default_value = true, help_heading = "Chaos")]
    pub duplicate: f64,

    /// Do not send this share
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0", hide_default_value = true, help_heading = "Chaos")]
    pub drop: f64,

    /// In another order; beyond 10,000 deliveries, shuffled within a window of that many
    #[arg(long, help_heading = "Chaos")]
    pub shuffle: bool,

    /// The same disorder every time
    #[arg(long, value_name = "N", help_heading = "Chaos")]
    pub seed: Option<u64>,

    /// Compare each response with the recorded one: status, and body where that was recorded; ids and times may differ
    #[arg(long, help_heading = "Requests")]
    pub compare: bool,

    /// How to report: `text`, `json` as `--json`, `junit` or `tap` for continuous integration
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        conflicts_with = "dry_run",
        help_heading = "Output"
    )]
    pub report: Report,

    /// Write the report into this file, and tell the run on the terminal as ever
    #[arg(
        long,
        value_name = "FILE",
        requires = "report",
        conflicts_with = "dry_run",
        help_heading = "Output"
    )]
    pub report_to: Option<PathBuf>,

    /// Stay, and send each fixture again when it is saved
    #[arg(long, help_heading = "What is sent", conflicts_with = "dry_run")]
    pub watch: bool,
}

/// How a replay is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Report {
    /// A line for each attempt, and a summary
    Text,
    /// One JSON object a line
    Json,
    /// JUnit's XML
    Junit,
    /// The Test Anything Protocol
    Tap,
}
