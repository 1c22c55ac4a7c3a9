//! Flags of the inspector: `listen --ui` and `ui`.

use clap::Args;

use crate::cli::SecretArgs;

/// Inspector beside a listener.
#[derive(Clone, Debug, Args)]
pub(crate) struct InspectorArgs {
    /// Inspect deliveries in the browser and over an HTTP API, at a port of its own
    ///
    /// The next free port is used if that one is taken. It is never reachable through the listener's port.
    #[arg(long, value_name = "HOST:PORT", num_args = 0..=1, require_equals = true, default_missing_value = "127.0.0.1:7879", display_order = 6)]
    pub ui: Option<String>,

    /// Open the inspector in the browser
    #[arg(
        long,
        requires = "ui",
        hide_short_help = true,
        help_heading = "Inspector"
    )]
    pub open: bool,

    /// Access to the inspector.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// Access to the inspector.
#[derive(Clone, Debug, Args)]
pub(crate) struct AccessArgs {
    /// Key that requests to the inspector's API must have: `env:NAME` or `file:PATH`
    ///
    /// Required for an address that other machines can reach. It is sent as `Authorization: Bearer KEY`.
    #[arg(
        long,
        value_name = "KEY",
        hide_short_help = true,
        help_heading = "Inspector"
    )]
    pub ui_key: Option<String>,

    /// Further host name of the inspector, for example of a container; may be repeated
    #[arg(
        long,
        value_name = "NAME",
        hide_short_help = true,
        help_heading = "Inspector"
    )]
    pub ui_host: Vec<String>,

    /// Further target that the inspector may send to; may be repeated
    ///
    /// Handlers of `--forward-to` and this machine are always allowed.
    #[arg(
        long,
        value_name = "TARGET",
        hide_short_help = true,
        help_heading = "Inspector"
    )]
    pub ui_target: Vec<String>,
}

/// Inspect deliveries in the browser, and over an HTTP API
///
/// Recordings, fixtures, folders and HAR files are shown. A recording may grow meanwhile. To inspect what arrives, use
/// `listen --ui`.
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  webhook-cli ui hooks.ndjson                 on http://127.0.0.1:7879
  webhook-cli ui hooks.ndjson --open          in the browser
  webhook-cli listen --ui                     inspect what arrives

`webhook-cli ui --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli ui hooks.ndjson                 on http://127.0.0.1:7879
  webhook-cli ui hooks.ndjson --open          in the browser
  webhook-cli ui recorded/ more.har --addr 127.0.0.1:0
  webhook-cli listen --ui                     inspect what arrives"
)]
pub(crate) struct UiArgs {
    /// Recordings (`.ndjson`), fixtures, folders, HAR files, gzipped too, or `-` for stdin
    #[arg(value_name = "SOURCE", required_unless_present = "listen")]
    pub sources: Vec<String>,

    /// Address of the inspector; the next free port if it is taken, port 0 for any
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:7879",
        display_order = 1
    )]
    pub addr: String,

    /// Open the inspector in the browser
    #[arg(long, display_order = 2)]
    pub open: bool,

    /// Receive deliveries too, as `listen --ui` does
    #[arg(long, conflicts_with = "sources", display_order = 3)]
    pub listen: bool,

    /// Secrets to verify signatures with.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Access to the inspector.
    #[command(flatten)]
    pub access: AccessArgs,
}
