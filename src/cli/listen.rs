//! The words of `listen`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::values::{duration, expected, kind, route, share, size};
use crate::cli::{JudgeArgs, SecretArgs};
use crate::webhook::Kind;

/// Receive webhooks, show them, answer them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  webhook-cli listen                                    on http://127.0.0.1:7878
  webhook-cli listen --forward-to :3000                 show, and pass on to the handler at :3000
  webhook-cli listen -f :3000 -f bounce,complaint=:3001 --ack-always
  webhook-cli listen --secret sendgrid=env:SENDGRID_KEY --require-signature
  webhook-cli listen --fail-first 2 --events bounce     see how a provider tries bounces again
  webhook-cli listen --count 1 --expect bounce --json   for a test: one line of JSON, exit 1 if it was no bounce")]
pub struct ListenArgs {
    /// Where to listen
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7878")]
    pub addr: String,

    /// The port alone; 0 takes any that is free
    #[arg(short, long, value_name = "PORT")]
    pub port: Option<u16>,

    /// HTTPS, with a certificate that is made once and kept; its path is said
    #[arg(long, help_heading = "HTTPS")]
    pub tls: bool,

    /// HTTPS with this certificate: PEM, and behind it those that lead to it
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "HTTPS")]
    pub cert: Option<PathBuf>,

    /// The key of that certificate: PEM
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "HTTPS")]
    pub key: Option<PathBuf>,

    /// Forward each delivery, byte for byte, and return the handler's response; may be repeated, the first one responds
    ///
    /// A path in the target is used exactly; without one, the path of the request is kept, and one that ends in `/*` gets
    /// that path in place of the `*`. The query is kept. `KIND[,KIND]=TARGET` forwards what has an event of one of these
    /// kinds; a target without kinds then gets what has an event that no other names, or none at all. A delivery of
    /// several events goes whole, and to each target once. All targets but the one that responds are served in the
    /// background. `http://USER:PASSWORD@HOST` sends Basic authentication.
    #[arg(short, long, value_name = "[KIND,…=]TARGET", value_parser = route, help_heading = "Forwarding")]
    pub forward_to: Vec<(Vec<Kind>, String)>,

    /// Respond as soon as a delivery is recorded, and forward it in the background
    #[arg(long, requires = "forward_to", help_heading = "Forwarding")]
    pub ack_always: bool,

    /// How often a delivery is retried in the background: no response, 408, 425, 429, 500, 502, 503, 504
    #[arg(
        long,
        value_name = "N",
        default_value_t = 3,
        help_heading = "Forwarding"
    )]
    pub retries: u32,

    /// How long each attempt to forward may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s", help_heading = "Forwarding")]
    pub timeout: Duration,

    /// Add or override a header of the forwarded request, `Host` too; may be repeated
    #[arg(
        long,
        value_name = "NAME:VALUE",
        requires = "forward_to",
        help_heading = "Forwarding"
    )]
    pub forward_header: Vec<String>,

    /// Forward to a handler with any certificate, a self-signed one say
    #[arg(long, requires = "forward_to", help_heading = "Forwarding")]
    pub insecure: bool,

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

    /// Replace addresses, IPs, tokens and credentials on the way to disk: the same input by the same placeholder
    #[arg(long, requires = "record")]
    pub redact: bool,

    /// Verify signatures: the secrets
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Take every delivery as this provider's or scheme's, in place of recognising it
    #[arg(long, value_name = "NAME", help_heading = "Signatures")]
    pub provider: Option<String>,

    /// Answer 401 to what does not verify, and never forward it
    #[arg(long, help_heading = "Signatures")]
    pub require_signature: bool,

    /// What a signature must be besides right.
    #[command(flatten)]
    pub judge: JudgeArgs,

    /// Response status
    #[arg(long, value_name = "CODE", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599), help_heading = "Response")]
    pub status: u16,

    /// Response body: a text, or `@FILE`
    #[arg(long, value_name = "TEXT", help_heading = "Response")]
    pub body: Option<String>,

    /// A response header; may be repeated
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME:VALUE",
        help_heading = "Response"
    )]
    pub headers: Vec<String>,

    /// How long to wait before the response
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Response")]
    pub delay: Option<Duration>,

    /// Visit the link of a subscription of SNS or Scaleway to confirm it, if it leads to that service itself
    #[arg(long, help_heading = "Response")]
    pub confirm_sns: bool,

    /// Fail each delivery N times before it is taken, to watch its provider try again
    ///
    /// A delivery is known again by the id that its provider gives it, by what its first event says of itself, or else
    /// by its bytes. With `--events`, only deliveries with such an event are failed, or delayed by `--delay`. What
    /// is failed is recorded, and not forwarded.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Fault injection")]
    pub fail_first: Option<u64>,

    /// Fail that share of the deliveries: `0.3` or `30%`
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Fault injection")]
    pub fail_rate: Option<f64>,

    /// What to answer when failing; without `--fail-first` and `--fail-rate`, always [default: 503]
    #[arg(long, value_name = "CODE", value_parser = clap::value_parser!(u16).range(300..=599), help_heading = "Fault injection")]
    pub fail_status: Option<u16>,

    /// Close the connection in place of answering when failing; without `--fail-first` and `--fail-rate`, always
    #[arg(long, conflicts_with = "fail_status", help_heading = "Fault injection")]
    pub hang_up: bool,

    /// Fail the same ones of the same deliveries every time
    #[arg(
        long,
        value_name = "N",
        requires = "fail_rate",
        help_heading = "Fault injection"
    )]
    pub seed: Option<u64>,

    /// Show only deliveries with these kinds of event; all are still answered, recorded and forwarded
    #[arg(short, long, value_name = "KIND", value_delimiter = ',', value_parser = kind, help_heading = "What is shown")]
    pub events: Vec<Kind>,

    /// Show only deliveries to such a path: `/hooks/*`, `**/bounce`; may be given more than once
    #[arg(long, value_name = "GLOB", help_heading = "What is shown")]
    pub path: Vec<String>,

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
