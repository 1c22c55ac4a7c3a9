//! The words of `check`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::SecretArgs;
use crate::cli::values::duration;

/// Say whether a handler is safe to ship
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  webhook-cli check :3000/hooks --provider sendgrid --secret env:SENDGRID_KEY
  webhook-cli check :3000/hooks --provider resend --only authentication,batch
  webhook-cli check :3000/hooks --provider postmark --secret env:POSTMARK_LOGIN --probe-cmd 'psql -Atc \"select count(*) from events\"'
  webhook-cli check :3000/hooks --provider mailgun --report junit > check.xml
  webhook-cli check --list                     what is checked
  webhook-cli check --explain duplicate        one check: what is sent, what is expected, why, what to do")]
pub struct CheckArgs {
    /// The handler: a URL, or `3000`, `:3000/path`, `localhost:3000/path`
    #[arg(value_name = "TARGET", required_unless_present_any = ["list", "explain"])]
    pub target: Option<String>,

    /// Whose deliveries to send
    #[arg(long, value_name = "NAME", default_value = "generic")]
    pub provider: String,

    /// Only these checks or groups
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Not these checks or groups
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub skip: Vec<String>,

    /// Take a warning for a failure
    #[arg(long)]
    pub strict: bool,

    /// Where to read a number that grows with what the handler keeps: a URL that answers it
    ///
    /// It is read before and after a delivery that comes twice, and must grow once.
    #[arg(long, value_name = "URL", conflicts_with = "probe_cmd")]
    pub probe: Option<String>,

    /// The same: a command that prints it
    #[arg(long, value_name = "COMMAND")]
    pub probe_cmd: Option<String>,

    /// How soon the handler must acknowledge [default: as long as the provider waits, else 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub within: Option<Duration>,

    /// The same ids every time [default: new ones, so that a handler that knows the old ones is not fooled]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// What to sign with.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// The topic that the handler takes SNS messages from
    #[arg(long, value_name = "ARN", help_heading = "Signatures")]
    pub topic_arn: Option<String>,

    /// One more header, or another value for one; may be given more than once
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME:VALUE",
        help_heading = "Requests"
    )]
    pub headers: Vec<String>,

    /// How long an answer may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s", help_heading = "Requests")]
    pub timeout: Duration,

    /// How long connecting may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5s", help_heading = "Requests")]
    pub connect_timeout: Duration,

    /// Take any certificate
    #[arg(long, help_heading = "Requests")]
    pub insecure: bool,

    /// List the checks, and send nothing
    #[arg(long, help_heading = "Output", conflicts_with = "explain")]
    pub list: bool,

    /// Explain a check, and send nothing
    #[arg(long, value_name = "NAME", help_heading = "Output")]
    pub explain: Option<String>,

    /// How to report
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        help_heading = "Output"
    )]
    pub report: ReportForm,
}

/// How results are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportForm {
    /// For people
    Text,
    /// One JSON object a line, as `--json`
    Json,
    /// JUnit's XML
    Junit,
    /// The Test Anything Protocol
    Tap,
}
