//! Flags that select deliveries of a source, the same in all commands that read recordings.

use clap::Args;
use jiff::Timestamp;

use crate::cli::values::{at_least_one, kind, status_class, text, time, verdict};
use crate::webhook::{Grep, Kind, StatusFilter, Verdict};

/// Deliveries that are meant.
#[derive(Debug, Args)]
pub(crate) struct SelectionArgs {
    /// Only these event kinds
    #[arg(short, long, value_name = "KIND", value_delimiter = ',', value_parser = kind, display_order = 3)]
    pub events: Vec<Kind>,

    /// Only deliveries about this recipient
    #[arg(long, value_name = "EMAIL", display_order = 5)]
    pub recipient: Option<String>,

    /// Only deliveries about the message with this id
    #[arg(
        long,
        value_name = "ID",
        hide_short_help = true,
        help_heading = "Selection"
    )]
    pub message_id: Option<String>,

    /// Only deliveries whose recorded response has this status: `5xx`, `404`, `none`
    #[arg(long, value_name = "CLASS", value_parser = status_class, hide_short_help = true, help_heading = "Selection")]
    pub status: Option<StatusFilter>,

    /// Only deliveries with no 2xx response recorded
    #[arg(long, display_order = 6)]
    pub failed: bool,

    /// Only deliveries with this verdict on the signature: `verified`, `test-key`, `unsigned`, `unchecked`, `refused`
    #[arg(long = "verdict", value_name = "VERDICT", value_delimiter = ',', value_parser = verdict, hide_short_help = true, help_heading = "Selection")]
    pub verdicts: Vec<Verdict>,

    /// Only deliveries with TEXT in path, headers or body
    ///
    /// Case matters. Text is found as it was sent, and with its escapes in JSON and in forms undone.
    #[arg(long, value_name = "TEXT", value_parser = text, display_order = 7)]
    pub grep: Option<Grep>,

    /// Only what was recorded at this time or later: RFC 3339, or a time span before now such as `2h`
    #[arg(long, value_name = "TIME", value_parser = time, hide_short_help = true, help_heading = "Selection")]
    pub since: Option<Timestamp>,

    /// Only what was recorded before this time
    #[arg(long, value_name = "TIME", value_parser = time, hide_short_help = true, help_heading = "Selection")]
    pub until: Option<Timestamp>,

    /// Skip the first N deliveries that match
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_short_help = true,
        help_heading = "Selection"
    )]
    pub skip: usize,

    /// At most N deliveries
    #[arg(
        long,
        value_name = "N",
        value_parser = at_least_one,
        hide_short_help = true,
        help_heading = "Selection"
    )]
    pub limit: Option<usize>,

    /// Only the last N deliveries that match
    #[arg(
        long,
        value_name = "N",
        value_parser = at_least_one,
        hide_short_help = true,
        help_heading = "Selection"
    )]
    pub last: Option<usize>,
}
