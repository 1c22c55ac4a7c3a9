//! Flags of `replay`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::values::{Speed, share, speed};
use crate::cli::{Report, RequestArgs, SecretArgs, SelectionArgs};

/// Send saved or recorded deliveries again
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  webhook-cli replay hooks.ndjson --to :3000            to the recorded paths
  webhook-cli replay hooks.ndjson --to :3000/webhooks --resign
  webhook-cli replay fixtures/ --events bounce --watch

`webhook-cli replay --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli replay hooks.ndjson --to :3000            to the recorded paths
  webhook-cli replay hooks.ndjson --to :3000/webhooks   to this path
  webhook-cli replay fixtures/ --resign                 with new signatures
  webhook-cli replay fixtures/ --events bounce --watch
  webhook-cli replay hooks.ndjson --rate 50/s --resume journal
  webhook-cli replay hooks.ndjson --failed-to failed.ndjson"
)]
pub(crate) struct ReplayArgs {
    /// Recordings (`.ndjson`), fixtures, folders, HAR, raw HTTP, JSON payloads, gzipped too, or `-` for stdin
    ///
    /// `hooks.ndjson:12` is one delivery of it, by its line, `:-1` the last, `:3-7` a range, `:01M8F3` an id or its
    /// beginning.
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,

    /// Flags of the request.
    #[command(flatten)]
    pub request: RequestArgs,

    /// Flags of the secrets.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Sign each attempt again, with a new timestamp
    #[arg(long, display_order = 2)]
    pub resign: bool,

    /// Change a field of the payload; may be repeated
    ///
    /// PLACE is a JSON pointer or a dotted path, in the event or in what surrounds it. VALUE is JSON, or else a text. No
    /// other byte of the body changes, and a delivery that was changed is signed anew.
    #[arg(long = "set", value_name = "PLACE=VALUE", display_order = 8)]
    pub sets: Vec<String>,

    /// Remove a field, named as in `--set`; may be repeated
    #[arg(
        long = "unset",
        value_name = "PLACE",
        hide_short_help = true,
        help_heading = "Requests"
    )]
    pub unsets: Vec<String>,

    /// Edit each delivery in `$VISUAL` or `$EDITOR` before it is sent; an unchanged one is not sent
    ///
    /// For up to 10 deliveries, each opened as a fixture. A delivery that was changed is signed anew. An empty file, or an
    /// editor that ends with an error, sends nothing. An editor that returns at once has to be told to wait:
    /// `EDITOR='code --wait'`.
    #[arg(long, conflicts_with_all = ["watch", "resume", "repeat"], display_order = 8)]
    pub edit: bool,

    /// Give each delivery a new id, so that a handler accepts it as new; the id is signed too
    #[arg(
        long,
        requires = "resign",
        hide_short_help = true,
        help_heading = "Signatures"
    )]
    pub fresh_ids: bool,

    /// Path of the requests, instead of the recorded one
    #[arg(
        long,
        value_name = "PATH",
        hide_short_help = true,
        help_heading = "Requests"
    )]
    pub path: Option<String>,

    /// Number of requests in flight at once
    ///
    /// The recorded order is kept with 1 only.
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024), display_order = 13)]
    pub concurrency: u16,

    /// Keep the recorded order of requests about the same message, one at a time; others may overtake
    #[arg(long, hide_short_help = true, help_heading = "Requests")]
    pub ordered: bool,

    /// Time between deliveries: `original` as recorded, `2x` twice as fast, `max` none
    #[arg(long, value_name = "SPEED", value_parser = speed, default_value = "max", conflicts_with = "rate", hide_short_help = true, help_heading = "Requests")]
    pub speed: Speed,

    /// Number of retries [default: 0 for a target on this machine, else 3]
    #[arg(
        long,
        value_name = "N",
        hide_short_help = true,
        help_heading = "Requests"
    )]
    pub retries: Option<u32>,

    /// Send to a public host without asking
    #[arg(long, hide_short_help = true, help_heading = "Requests")]
    pub yes: bool,

    /// Write progress to FILE, or resume from it
    ///
    /// After Ctrl-C or a crash, run the same command again: none is skipped, and only the deliveries in flight may be
    /// sent twice. FILE belongs to its sources, target and filters, and is rejected with others. A delivery that was
    /// rejected for good is not sent again; one without a response, or with a status to retry, is.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["watch", "dry_run"], display_order = 15)]
    pub resume: Option<PathBuf>,

    /// Write failed deliveries to a dead-letter file
    ///
    /// It is a recording that can be replayed: a `.ndjson` file or a folder.
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with = "dry_run",
        display_order = 14
    )]
    pub failed_to: Option<PathBuf>,

    /// Record each delivery with its response, for `--compare` in a later run
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with = "dry_run",
        hide_short_help = true,
        help_heading = "Resume and dead letters"
    )]
    pub answers_to: Option<PathBuf>,

    /// Deliveries that are sent.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// Only deliveries of this provider
    #[arg(long, value_name = "NAME", display_order = 4)]
    pub provider: Option<String>,

    /// Only deliveries recorded with a path that matches; may be repeated
    #[arg(
        long,
        value_name = "GLOB",
        hide_short_help = true,
        help_heading = "Selection"
    )]
    pub only_path: Vec<String>,

    /// Print a warning for a broken fixture and continue
    #[arg(long, hide_short_help = true, help_heading = "Selection")]
    pub skip_broken: bool,

    /// Accept lines of a recording whose checksum differs, for example after an edit
    #[arg(long, hide_short_help = true, help_heading = "Selection")]
    pub edited: bool,

    /// Send everything N times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "watch", hide_short_help = true, help_heading = "Chaos")]
    pub repeat: u32,

    /// Send this share of deliveries twice: `0.1`, `10%`
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0", hide_default_value = true, hide_short_help = true, help_heading = "Chaos")]
    pub duplicate: f64,

    /// Leave out this share of deliveries
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0", hide_default_value = true, hide_short_help = true, help_heading = "Chaos")]
    pub drop: f64,

    /// Send in random order; beyond 10,000 deliveries, within a window of that size
    #[arg(long, hide_short_help = true, help_heading = "Chaos")]
    pub shuffle: bool,

    /// Make the same random choices in every run
    #[arg(long, value_name = "N", hide_short_help = true, help_heading = "Chaos")]
    pub seed: Option<u64>,

    /// Compare each response with the recorded one
    ///
    /// The status, and the body if it was recorded. Ids and times in it may differ.
    #[arg(long, display_order = 16)]
    pub compare: bool,

    /// Format of the report
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        conflicts_with = "dry_run",
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub report: Report,

    /// Write the report to this file, and print text as usual
    #[arg(
        long,
        value_name = "FILE",
        requires = "report",
        conflicts_with = "dry_run",
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub report_to: Option<PathBuf>,

    /// Keep running; send each fixture when it is saved
    #[arg(long, display_order = 17, conflicts_with = "dry_run")]
    pub watch: bool,
}
