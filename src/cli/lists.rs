//! The words of what only lists: `events` and `keys`.

use clap::Args;

/// `events`
#[derive(Debug, Args)]
pub struct EventsArgs {
    /// The provider; all of them if none
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// The kind or the provider's own name, to see the payload
    #[arg(value_name = "KIND", requires = "provider")]
    pub kind: Option<String>,

    /// Print the JSON Schema of a fixture
    #[arg(long)]
    pub schema: bool,
}

/// `keys`
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// The provider; all of them if none
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,
}
