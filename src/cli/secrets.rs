//! Secrets, and what a signature is judged by.

use std::time::Duration;

use clap::Args;

use crate::cli::values::duration;

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

/// What a signature must be besides right.
#[derive(Debug, Args)]
#[command(next_help_heading = "Signatures")]
pub struct JudgeArgs {
    /// The age allowed to a signed timestamp [default: 5m, for SES and Scaleway 1h]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub tolerance: Option<Duration>,

    /// Fetch the certificate that a message of SNS or Scaleway names, from that service and nowhere else, and verify with it
    #[arg(long)]
    pub fetch_certs: bool,

    /// The topic that messages of SNS or Scaleway must come from; may be given more than once
    #[arg(long, value_name = "ARN")]
    pub topic_arn: Vec<String>,
}
