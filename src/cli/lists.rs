//! Flags of `events` and `keys`.

use std::path::PathBuf;

use clap::Args;

/// List providers, their events and example payloads
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  webhook-cli events                       all providers
  webhook-cli events sendgrid              the events of one
  webhook-cli events sendgrid bounce       the payload of an event

`webhook-cli events --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli events                       all providers
  webhook-cli events sendgrid              the events of one
  webhook-cli events sendgrid bounce       the payload of an event
  webhook-cli events --schema              the JSON Schema of a fixture"
)]
pub(crate) struct EventsArgs {
    /// Provider or scheme [default: all]
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// Event kind, or the provider's own name, to print its payload
    #[arg(value_name = "KIND", requires = "provider")]
    pub kind: Option<String>,

    /// Version of the provider's webhooks [default: the newest]
    #[arg(long, value_name = "VERSION", requires = "kind")]
    pub native_version: Option<String>,

    /// Print the source of each field after the payload
    ///
    /// A terminal gets it without this flag.
    #[arg(long, requires = "kind")]
    pub provenance: bool,

    /// List what is assumed or not confirmed
    #[arg(long, conflicts_with = "kind")]
    pub unconfirmed: bool,

    /// Print the JSON Schema of a fixture
    #[arg(long)]
    pub schema: bool,
}

/// Print the public test keys, or generate a new secret
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  webhook-cli keys                         all test keys, as variables
  webhook-cli keys sendgrid                the test key of one provider
  webhook-cli keys resend --new            a new secret

`webhook-cli keys --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli keys                         all test keys, as variables
  webhook-cli keys sendgrid                the test key of one provider
  webhook-cli keys resend --new            a new secret
  webhook-cli keys sendgrid --new --out keys"
)]
pub(crate) struct KeysArgs {
    /// Provider [default: all]
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// Generate a new secret
    ///
    /// It is printed in the format to sign with, and in the one for the handler's environment.
    #[arg(long)]
    pub new: bool,

    /// With `--new`: an Ed25519 key pair instead of a shared key, if the scheme has one
    #[arg(long, requires = "new", requires = "provider")]
    pub ed25519: bool,

    /// With `--new`: write to files in this folder, readable by you only, instead of printing
    #[arg(long, value_name = "DIR", requires = "new")]
    pub out: Option<PathBuf>,
}
