//! The words of `listen`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::SecretArgs;
use super::values::{duration, expected, kind, size};
use crate::webhook::Kind;

/// `listen`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  webhook-cli listen                                    on http://127.0.0.1:7878
  webhook-cli listen --forward-to :3000                 show, and pass on to the handler at :3000
  webhook-cli listen --secret sendgrid=env:SENDGRID_KEY --require-signature
  webhook-cli listen --count 1 --expect bounce --json   for a test: one line of JSON, exit 1 if it was no bounce")]
pub struct ListenArgs {
    /// Where to listen
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7878")]
    pub addr: String,

    /// The port alone; 0 takes any that is free
    #[arg(short, long, value_name = "PORT")]
    pub port: Option<u16>,

    /// Pass each delivery on, byte for byte, and give the handler's answer back
    #[arg(short, long, value_name = "TARGET")]
    pub forward_to: Option<String>,

    /// Keep each delivery: a line in a `.ndjson` file, or a file in a folder, on disk before it is answered
    #[arg(short, long, value_name = "PATH")]
    pub record: Option<PathBuf>,

    /// When what is recorded must be on disk
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "always",
        requires = "record"
    )]
    pub sync: SyncWhen,

    /// Verify signatures: the secrets
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Take every delivery as this provider's or scheme's, in place of recognising it
    #[arg(long, value_name = "NAME", help_heading = "Signatures")]
    pub provider: Option<String>,

    /// Answer 401 to what does not verify, and never forward it
    #[arg(long, help_heading = "Signatures")]
    pub require_signature: bool,

    /// The age allowed to a signed timestamp [default: 5m, for SES 1h]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Signatures")]
    pub tolerance: Option<Duration>,

    /// The topic that SNS messages must come from; may be given more than once
    #[arg(long, value_name = "ARN", help_heading = "Signatures")]
    pub topic_arn: Vec<String>,

    /// The status to answer
    #[arg(long, value_name = "CODE", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599), help_heading = "The answer")]
    pub status: u16,

    /// The body to answer: a text, or `@FILE`
    #[arg(long, value_name = "TEXT", help_heading = "The answer")]
    pub body: Option<String>,

    /// A header to answer; may be given more than once
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME:VALUE",
        help_heading = "The answer"
    )]
    pub headers: Vec<String>,

    /// How long to wait before the answer
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "The answer")]
    pub delay: Option<Duration>,

    /// How long a forwarded delivery may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s", help_heading = "The answer")]
    pub timeout: Duration,

    /// Show only deliveries with these kinds of event; all are still answered, recorded and forwarded
    #[arg(short, long, value_name = "KIND", value_delimiter = ',', value_parser = kind, help_heading = "What is shown")]
    pub events: Vec<Kind>,

    /// Which parts of a delivery to show
    #[arg(
        long,
        value_name = "PART",
        value_delimiter = ',',
        help_heading = "What is shown"
    )]
    pub show: Vec<Show>,

    /// One line for each delivery
    #[arg(short, long, conflicts_with_all = ["show", "verbose"], help_heading = "What is shown")]
    pub quiet: bool,

    /// Everything: events, headers, body and the answer
    #[arg(short, long, conflicts_with = "show", help_heading = "What is shown")]
    pub verbose: bool,

    /// Stop after that many deliveries
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "When to stop")]
    pub count: Option<u64>,

    /// Stop after that time
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, help_heading = "When to stop")]
    pub span: Option<Duration>,

    /// Exit with 1 unless these events came: `bounce`, `click=2`
    #[arg(long, value_name = "KIND[=N]", value_delimiter = ',', value_parser = expected, help_heading = "When to stop")]
    pub expect: Vec<(Kind, u64)>,

    /// The largest body that is taken; more is answered 413
    #[arg(long, value_name = "SIZE", default_value = "32MiB", value_parser = size)]
    pub max_body: usize,
}

/// When what is recorded must be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SyncWhen {
    /// Before it is answered: nothing is lost
    Always,
    /// Every 100 ms: a power cut loses what came since, and a kill the last 2 ms
    Interval,
    /// When the system likes: a power cut loses up to half a minute, and a kill the last 2 ms
    None,
}

/// A part of a delivery that can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// A line for each event
    Events,
    /// The header fields
    Headers,
    /// The body
    Body,
    /// What was answered
    Reply,
}
