//! The words of what only lists: `events` and `keys`.

use std::path::PathBuf;

use clap::Args;

/// List providers, their events and what an event looks like
#[derive(Debug, Args)]
pub struct EventsArgs {
    /// The provider or scheme; all of them if none
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// The kind or the provider's own name, to see the payload
    #[arg(value_name = "KIND", requires = "provider")]
    pub kind: Option<String>,

    /// The version of the provider's webhooks that the payload is of, where it has several [default: the newest]
    #[arg(long, value_name = "VERSION", requires = "kind")]
    pub native_version: Option<String>,

    /// Say below the payload where each field is known from; a terminal gets that without asking
    #[arg(long, requires = "kind")]
    pub provenance: bool,

    /// List what is assumed or not confirmed
    #[arg(long, conflicts_with = "kind")]
    pub unconfirmed: bool,

    /// Print the JSON Schema of a fixture
    #[arg(long)]
    pub schema: bool,
}

/// Print the public test keys, in the form to paste into a handler's environment
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// The provider; all of them if none
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// Mint a fresh secret, in the form to sign with and in the one for the handler
    #[arg(long)]
    pub new: bool,

    /// With `--new`, an Ed25519 key pair in place of a shared key, where the scheme has one
    #[arg(long, requires = "new", requires = "provider")]
    pub ed25519: bool,

    /// With `--new`, write them into this folder, in files that nobody else can read, in place of printing them
    #[arg(long, value_name = "DIR", requires = "new")]
    pub out: Option<PathBuf>,
}
