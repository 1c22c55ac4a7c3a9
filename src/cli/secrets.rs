//! Secrets, and what a signature is judged by.

use clap::Args;

/// Secrets and what a signature is judged by.
#[derive(Debug, Args)]
#[command(next_help_heading = "Signatures")]
pub struct SecretArgs {
    /// A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one
    ///
    /// May be given more than once, for several providers or while a secret is rotated.
    /// A value on the command line can be seen by other users of this machine.
    #[arg(long = "secret", value_name = "SECRET", hide_env_values = true)]
    pub secrets: Vec<String>,

    /// The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
}
