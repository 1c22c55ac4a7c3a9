//! The words of `verify`.

use clap::Args;
use jiff::Timestamp;

use crate::cli::values::time;
use crate::cli::{JudgeArgs, SecretArgs};

/// Say whether a signature holds, and if not, why
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  webhook-cli verify hooks.ndjson --secret env:SENDGRID_KEY            every delivery of a recording
  webhook-cli verify bounce.json --secret resend=file:secret.txt       a fixture
  webhook-cli verify request.http --secret env:KEY                     a raw HTTP message
  webhook-cli verify body.json -H 'svix-id: msg_1' -H 'svix-timestamp: 1767312059' -H 'svix-signature: v1,…'")]
pub struct VerifyArgs {
    /// A fixture, a folder, a recording, a raw HTTP message, with `-H` a body, or `-`
    #[arg(value_name = "SOURCE", default_value = "-")]
    pub source: String,

    /// What to verify with.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Judge as this provider's, in place of recognising it
    #[arg(long, value_name = "NAME", help_heading = "Signatures")]
    pub provider: Option<String>,

    /// Judge as of this moment [default: when it was recorded, else now]
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Signatures")]
    pub now: Option<Timestamp>,

    /// What a signature must be besides right.
    #[command(flatten)]
    pub judge: JudgeArgs,

    /// The source is a body, and this is one of its headers; may be given more than once
    #[arg(short = 'H', long = "header", value_name = "NAME:VALUE")]
    pub headers: Vec<String>,

    /// The URL where it is part of what is signed; the same as `--public-url`
    #[arg(
        long,
        value_name = "URL",
        help_heading = "Signatures",
        conflicts_with = "public_url"
    )]
    pub url: Option<String>,

    /// Take lines of a recording whose checksum differs as they are: somebody has edited them
    #[arg(long)]
    pub edited: bool,

    /// Only the recorded delivery of this id
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
}
