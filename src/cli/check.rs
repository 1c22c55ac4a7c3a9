//! Flags of `check`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::values::{duration, loopback};
use crate::cli::{Report, SecretArgs};

/// Kind of webhook that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckKind {
    /// Events of mail that was sent
    Events,
    /// Mail that came in
    Inbound,
}

/// Test whether a handler is ready for production
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  webhook-cli check :3000/hooks --provider sendgrid --secret env:SENDGRID_KEY
  webhook-cli check :3000/hooks --provider resend --only authentication,batch
  webhook-cli check --explain duplicate    one check: cause and remedy

`webhook-cli check --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli check :3000/hooks --provider sendgrid --secret env:SENDGRID_KEY
  webhook-cli check :3000/hooks --provider resend --only authentication,batch
  webhook-cli check :3000 --probe http://localhost:3000/events/count
  webhook-cli check :3000 --probe-cmd 'psql -Atc \"select count(*) from events\"'
  webhook-cli check :3000/hooks --provider mailgun --report junit > check.xml
  webhook-cli check :3000/mail --provider mailgun --kind inbound --mode raw
  webhook-cli check --list                 the checks
  webhook-cli check --explain duplicate    one check: cause and remedy"
)]
pub(crate) struct CheckArgs {
    /// URL of the handler; short forms: `3000`, `:3000/path`, `localhost:3000/path`
    #[arg(value_name = "TARGET", required_unless_present_any = ["list", "explain"])]
    pub target: Option<String>,

    /// Provider whose deliveries are sent
    #[arg(
        long,
        value_name = "NAME",
        default_value = "generic",
        display_order = 2
    )]
    pub provider: String,

    /// Kind of webhook: events of sent mail, or inbound mail
    #[arg(long, value_name = "KIND", default_value = "events", display_order = 3)]
    pub kind: CheckKind,

    /// Form of inbound mail, where the provider has several: raw, parsed, stored, utf8, base64, s3, hash, json, multipart
    #[arg(
        long,
        value_name = "MODE",
        hide_short_help = true,
        help_heading = "Requests"
    )]
    pub mode: Option<String>,

    /// Serve the provider's content API on this port, for handlers that fetch inbound mail from there
    #[arg(long, value_name = "PORT", value_parser = loopback, hide_short_help = true, help_heading = "Requests")]
    pub api: Option<SocketAddr>,

    /// Run only these checks or groups
    #[arg(long, value_name = "NAME", value_delimiter = ',', display_order = 10)]
    pub only: Vec<String>,

    /// Skip these checks or groups
    #[arg(long, value_name = "NAME", value_delimiter = ',', display_order = 11)]
    pub skip: Vec<String>,

    /// Treat warnings as failures
    #[arg(long, display_order = 14)]
    pub strict: bool,

    /// URL that returns the number of stored events
    ///
    /// The number is read before and after a delivery that is sent twice, and must grow as if it was sent once.
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "probe_cmd",
        display_order = 12
    )]
    pub probe: Option<String>,

    /// Command that prints that number
    #[arg(long, value_name = "COMMAND", display_order = 13)]
    pub probe_cmd: Option<String>,

    /// Time limit for the handler to acknowledge [default: the provider's, else 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true, help_heading = "Requests")]
    pub within: Option<Duration>,

    /// Use the same ids in every run
    ///
    /// Without it the ids are new, so that a handler that knows the ids of an earlier run accepts them as new.
    #[arg(
        long,
        value_name = "N",
        hide_short_help = true,
        help_heading = "Requests"
    )]
    pub seed: Option<u64>,

    /// Flags of the secrets.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Topic that the handler accepts SNS messages from
    #[arg(
        long,
        value_name = "ARN",
        hide_short_help = true,
        help_heading = "Signatures"
    )]
    pub topic_arn: Option<String>,

    /// Add or override a header; may be repeated
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME:VALUE",
        hide_short_help = true,
        help_heading = "Requests"
    )]
    pub headers: Vec<String>,

    /// Time limit of a response
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s", hide_short_help = true, help_heading = "Requests")]
    pub timeout: Duration,

    /// Time limit of connecting
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5s", hide_short_help = true, help_heading = "Requests")]
    pub connect_timeout: Duration,

    /// Accept any certificate, for example a self-signed one
    #[arg(long, hide_short_help = true, help_heading = "Requests")]
    pub insecure: bool,

    /// List the checks and send nothing
    #[arg(long, conflicts_with = "explain", display_order = 15)]
    pub list: bool,

    /// Explain a check and send nothing
    #[arg(long, value_name = "NAME", display_order = 16)]
    pub explain: Option<String>,

    /// Format of the report
    #[arg(long, value_name = "FORM", default_value = "text", display_order = 17)]
    pub report: Report,
}
