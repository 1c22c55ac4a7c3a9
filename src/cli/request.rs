//! How requests are made and printed: the words that `send` and `replay` share.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::values::{duration, rate};

/// How requests are made.
#[derive(Debug, Args)]
#[command(next_help_heading = "Requests")]
pub struct RequestArgs {
    /// Where to send: a URL, or `3000`, `:3000/path`, `localhost:3000/path`
    #[arg(
        long,
        value_name = "TARGET",
        default_value = "http://127.0.0.1:7878",
        hide_default_value = false
    )]
    pub to: String,

    /// Add or override a header, `Host` too; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME:VALUE")]
    pub headers: Vec<String>,

    /// How long a whole attempt may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    pub timeout: Duration,

    /// How long connecting may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5s")]
    pub connect_timeout: Duration,

    /// Send at this rate at most: `100/s`, `5/m`; it delays, never drops, and makes up for no stall
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub rate: Option<Duration>,

    /// The wait before the second attempt; it doubles from there, and chance adds up to half
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "500ms")]
    pub backoff: Duration,

    /// The statuses that are tried again; so is what gets no answer. All others are final, and 410 ends the run
    #[arg(
        long,
        value_name = "STATUS",
        default_value = "408,425,429,500,502,503,504"
    )]
    pub retry_on: String,

    /// The longest wait that the target may ask for with `Retry-After`; if it asks for more, the run ends and says so
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1h")]
    pub max_retry_after: Duration,

    /// Take any certificate
    #[arg(long)]
    pub insecure: bool,

    /// The statuses that count as success: `2xx`, `200,409` [default: 2xx; with `--tamper`, 4xx]
    #[arg(long, value_name = "STATUS")]
    pub expect_status: Option<String>,

    /// How long an answer may take to count as success
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub expect_within: Option<Duration>,

    /// No line for what succeeded; with `--dry-run`, no requests either
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,

    /// Print the requests in place of sending them
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,

    /// How to print them
    #[arg(
        long = "as",
        value_name = "FORM",
        requires = "dry_run",
        default_value = "http",
        help_heading = "Output"
    )]
    pub form: Form,
}

/// How a request is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// As it goes over the wire
    Http,
    /// As a command line for curl
    Curl,
    /// As a fixture on one line
    Json,
    /// As one HAR 1.2 document of requests, which `replay` and other tools read
    Har,
    /// As a target of the load engine vegeta on one line
    Vegeta,
}
