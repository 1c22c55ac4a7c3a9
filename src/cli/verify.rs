//! Flags of `verify`.

use clap::Args;
use jiff::Timestamp;

use crate::cli::values::time;
use crate::cli::{SecretArgs, SelectionArgs, VerifyOptionsArgs};

/// Verify a signature, and explain why it is invalid
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  webhook-cli verify hooks.ndjson --secret env:SENDGRID_KEY
  webhook-cli verify request.http --secret resend=file:secret.txt
  webhook-cli verify body.json -H 'x-hub-signature-256: sha256=7571…'

`webhook-cli verify --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli verify hooks.ndjson --secret env:SENDGRID_KEY   each delivery
  webhook-cli verify bounce.json --secret resend=file:secret.txt
  webhook-cli verify request.http --secret env:KEY            a raw HTTP message
  webhook-cli verify body.json -H 'x-hub-signature-256: sha256=7571…'"
)]
pub(crate) struct VerifyArgs {
    /// Fixture, folder, recording, raw HTTP message, body (with `-H`), or `-` for stdin
    ///
    /// `hooks.ndjson:12` is one delivery of a recording, by its line, `:-1` the last, `:3-7` a range, `:01M8F3` an id or
    /// its beginning.
    #[arg(value_name = "SOURCE", default_value = "-")]
    pub source: String,

    /// Flags of the secrets.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Provider or scheme, instead of recognising it
    #[arg(long, value_name = "NAME", display_order = 10)]
    pub provider: Option<String>,

    /// Time to verify at [default: when recorded, else now]
    ///
    /// RFC 3339, or a time span before now such as `2h`.
    #[arg(long, value_name = "TIME", value_parser = time, display_order = 13)]
    pub now: Option<Timestamp>,

    /// Flags of verification.
    #[command(flatten)]
    pub verify_options: VerifyOptionsArgs,

    /// Header of SOURCE, which is a body; may be repeated
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME:VALUE",
        display_order = 11
    )]
    pub headers: Vec<String>,

    /// URL of the request, if the scheme signs it
    ///
    /// Short name of `--public-url`: the URL that the provider calls, as typed into its settings.
    #[arg(
        long,
        value_name = "URL",
        display_order = 12,
        conflicts_with = "public_url"
    )]
    pub url: Option<String>,

    /// Accept changed lines of a recording, whose checksum differs
    #[arg(long, hide_short_help = true, display_order = 13)]
    pub edited: bool,

    /// Deliveries that are verified.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// Only deliveries whose path matches; may be repeated
    #[arg(
        long,
        value_name = "GLOB",
        hide_short_help = true,
        help_heading = "Selection"
    )]
    pub path: Vec<String>,

    /// Verify only the recorded delivery with this id
    #[arg(long, value_name = "ID", display_order = 14)]
    pub id: Option<String>,
}
