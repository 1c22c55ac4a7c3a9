//! Flags of the commands that look back at recorded deliveries.

use clap::Args;

use crate::cli::{SecretArgs, SelectionArgs};

/// Deliveries of the sources to look at, and the keys that verify them.
#[derive(Debug, Args)]
pub(crate) struct RecordedArgs {
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

/// Compare two recorded deliveries, or one with its example
///
/// Request line, headers, body and events are compared: a JSON body and a form by place, any other body by line. Ids,
/// times and signatures are expected to differ, and are left out. The exit status is 1 if anything else differs.
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  webhook-cli diff hooks.ndjson:3 hooks.ndjson:7
  webhook-cli diff hooks.ndjson --events bounce --last 2
  webhook-cli diff hooks.ndjson:-1 --example

`webhook-cli diff --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli diff hooks.ndjson:3 hooks.ndjson:7           two deliveries
  webhook-cli diff hooks.ndjson --events bounce --last 2   the last two bounces
  webhook-cli diff old.json new.json --all                 with ids and times
  webhook-cli diff hooks.ndjson:-1 --example               members and types

Exit status:
  0  equal
  1  different
  2  wrong usage, or not exactly two deliveries
  3  unreadable input"
)]
pub(crate) struct DiffArgs {
    /// First delivery: `hooks.ndjson:12` by its line, `:-1` the last, `:01M8F3` an id or its beginning; or a fixture
    ///
    /// Alone, it is a source of which two deliveries are selected: `hooks.ndjson:3-4`, or with the options of
    /// "Selection".
    #[arg(value_name = "A")]
    pub source: String,

    /// Second delivery
    #[arg(value_name = "B")]
    pub other: Option<String>,

    /// Compare with the example of the same provider and kind
    ///
    /// Members and types are compared, and no values: members that no example has, members of the example that are
    /// missing, other types and time formats. Custom data of the sender (metadata, tags) is left out.
    #[arg(long, display_order = 1, conflicts_with = "other")]
    pub example: bool,

    /// Include ids, times and signatures
    #[arg(long, display_order = 2, conflicts_with = "example")]
    pub all: bool,

    /// Deliveries that are compared.
    #[command(flatten)]
    pub recorded: RecordedArgs,
}

/// Compare a recording with the examples of its providers
///
/// Each kind of event of a provider has a block: members that no example has, members of the example that never came,
/// types and time formats that differ. Values are never printed. Custom data of the sender (metadata, tags) is listed as
/// such. The exit status does not depend on what is found.
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  webhook-cli drift hooks.ndjson
  webhook-cli drift hooks.ndjson --provider sendgrid --since 24h
  webhook-cli drift recorded/ --json

`webhook-cli drift --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli drift hooks.ndjson                         all of it
  webhook-cli drift hooks.ndjson --provider sendgrid     one provider
  webhook-cli drift hooks.ndjson --since 24h --json      for a script"
)]
pub(crate) struct DriftArgs {
    /// Recordings (`.ndjson`), fixtures, folders, HAR files, gzipped too, or `-` for stdin
    ///
    /// `hooks.ndjson:12` is one delivery of it, by its line, `:-1` the last, `:3-7` a range, `:01M8F3` an id or its
    /// beginning.
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,

    /// Deliveries that are compared.
    #[command(flatten)]
    pub recorded: RecordedArgs,
}
