//! Flags of secrets and of signature verification.

use std::time::Duration;

use clap::Args;

use crate::cli::values::duration;

/// Secrets, and the URL that some schemes sign.
#[derive(Clone, Debug, Args)]
pub(crate) struct SecretArgs {
    /// Secret: `env:NAME`, `file:PATH`, `-` to be asked
    ///
    /// The value itself is accepted too, but other users of this machine can see it on the command line.
    /// `PROVIDER=SECRET` limits it to one provider. May be repeated, for several providers or while a secret is rotated.
    #[arg(
        long = "secret",
        value_name = "SECRET",
        hide_env_values = true,
        display_order = 9
    )]
    pub secrets: Vec<String>,

    /// The URL configured at the provider, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)
    #[arg(
        long,
        value_name = "URL",
        hide_short_help = true,
        help_heading = "Signatures"
    )]
    pub public_url: Option<String>,
}

/// Conditions beyond a valid signature.
#[derive(Debug, Args)]
pub(crate) struct VerifyOptionsArgs {
    /// Maximum age of a signed timestamp [default: 5m; SES and Scaleway 1h, Mailomat 12h]
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true, help_heading = "Signatures")]
    pub tolerance: Option<Duration>,

    /// Download the certificate that an SNS or Scaleway message names, only from that service, and verify with it
    #[arg(long, hide_short_help = true, help_heading = "Signatures")]
    pub fetch_certs: bool,

    /// Topic that SNS or Scaleway messages must come from; may be repeated
    #[arg(
        long,
        value_name = "ARN",
        hide_short_help = true,
        help_heading = "Signatures"
    )]
    pub topic_arn: Vec<String>,
}
