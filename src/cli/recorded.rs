//! Flags of the commands that look back at recorded deliveries.

use clap::Args;

use crate::cli::{SecretArgs, SelectionArgs};

/// Deliveries of the sources to look at, and the keys that verify them.
#[derive(Debug, Args)]
pub struct RecordedArgs {
    /// Conditions on deliveries.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// Only deliveries of this provider
    #[arg(long, value_name = "NAME", display_order = 4)]
    pub provider: Option<String>,

    /// Only deliveries whose path matches; may be repeated
    #[arg(
        long,
        value_name = "GLOB",
        hide_short_help = true,
        help_heading = "Selection"
    )]
    pub path: Vec<String>,

    /// Secrets to verify signatures with.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Accept lines of a recording whose checksum differs, for example after an edit
    #[arg(long, hide_short_help = true, help_heading = "Selection")]
    pub edited: bool,
}
