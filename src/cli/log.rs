//! Flags of `log` and `show`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{Resettable, Str};

use crate::cli::{RecordedArgs, RequestFormat, SecretArgs};

/// List recorded deliveries, one line each
///
/// A line has the status of the recorded response first, and the address of the delivery behind: with it, `show` prints
/// the delivery in full, and `replay` sends it again.
#[derive(Debug, Args)]
#[command(
    mut_arg("last", |last| {
        let last = last.short('n').hide_short_help(false).display_order(8);
        last.help_heading(Resettable::<Str>::Reset)
    }),
    after_help = "\
Examples:
  webhook-cli log hooks.ndjson --last 20
  webhook-cli log hooks.ndjson --failed --events bounce
  webhook-cli log hooks.ndjson --follow

`webhook-cli log --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli log hooks.ndjson --last 20              the last ones
  webhook-cli log hooks.ndjson --failed --since 2h    with no 2xx response
  webhook-cli log hooks.ndjson --grep ada@example.com
  webhook-cli log hooks.ndjson --follow               and new ones"
)]
pub(crate) struct LogArgs {
    /// Recordings (`.ndjson`), fixtures, folders, HAR files, gzipped too, or `-` for stdin
    ///
    /// `hooks.ndjson:12` is one delivery of it, by its line, `:-1` the last, `:3-7` a range, `:01M8F3` an id or its
    /// beginning.
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,

    /// Keep running; print deliveries as they are recorded
    ///
    /// Begins with the last 10, unless `--last` is given. It goes on where a recording is cut or replaced.
    #[arg(long, display_order = 2, conflicts_with = "skip")]
    pub follow: bool,

    /// Deliveries that are listed.
    #[command(flatten)]
    pub recorded: RecordedArgs,
}

/// Print recorded deliveries in full, with their responses
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  webhook-cli show hooks.ndjson:12
  webhook-cli show hooks.ndjson:-1 --body
  webhook-cli show hooks.ndjson:12 --as curl

`webhook-cli show --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli show hooks.ndjson:12             by its line
  webhook-cli show hooks.ndjson:-1             the last one
  webhook-cli show hooks.ndjson:-1 --body      the bytes of its body alone
  webhook-cli show hooks.ndjson:12 --as curl   as a command"
)]
pub(crate) struct ShowArgs {
    /// Delivery in a source: `hooks.ndjson:12` by its line, `:-1` the last, `:3-7` a range, `:01M8F3` an id or its beginning
    ///
    /// A source without an address is printed whole.
    #[arg(value_name = "ADDRESS", required = true)]
    pub sources: Vec<String>,

    /// Print the bytes of the body alone
    #[arg(long, display_order = 1, conflicts_with_all = ["form", "json"])]
    pub body: bool,

    /// Save the files of inbound mail in this folder, under safe names
    #[arg(long, value_name = "DIR", conflicts_with_all = ["body", "form"], display_order = 2)]
    pub attachments: Option<PathBuf>,

    /// Print the request in this format
    #[arg(
        long = "as",
        value_name = "FORM",
        conflicts_with = "json",
        display_order = 2
    )]
    pub form: Option<RequestFormat>,

    /// Target URL of the printed request; short forms: `3000`, `:3000/path`
    #[arg(
        long,
        value_name = "TARGET",
        default_value = "http://127.0.0.1:7878",
        requires = "form",
        display_order = 3
    )]
    pub to: String,

    /// Secrets to verify the signature with.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Accept lines of a recording whose checksum differs, for example after an edit
    #[arg(long, hide_short_help = true)]
    pub edited: bool,
}
