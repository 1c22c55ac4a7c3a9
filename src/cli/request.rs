//! Flags of requests and of how they are printed, which `send` and `replay` share.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::values::{duration, rate};

/// Flags of requests.
#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// Target URL; short forms: `3000`, `:3000/path`; `@name` of the project
    ///
    /// Also `localhost:3000/path`. `http://USER:PASSWORD@HOST` sends Basic authentication.
    #[arg(
        long,
        value_name = "TARGET",
        default_value = "http://127.0.0.1:7878",
        hide_default_value = false,
        display_order = 1
    )]
    pub to: String,

    /// Add or override a header, `Host` too; may be repeated
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME:VALUE",
        hide_short_help = true,
        help_heading = "Requests"
    )]
    pub headers: Vec<String>,

    /// Time limit of each attempt
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s", hide_short_help = true, help_heading = "Requests")]
    pub timeout: Duration,

    /// Time limit of connecting
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5s", hide_short_help = true, help_heading = "Requests")]
    pub connect_timeout: Duration,

    /// Maximum rate: `100/s`, `5/m`
    ///
    /// Requests are delayed, never dropped. After a stall, lost time is not made up.
    #[arg(long, value_name = "RATE", value_parser = rate, display_order = 12)]
    pub rate: Option<Duration>,

    /// Wait before the first retry; it doubles with each further one, plus a random part of up to half
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "500ms", hide_short_help = true, help_heading = "Requests")]
    pub backoff: Duration,

    /// Statuses to retry
    ///
    /// A request without a response is retried too. All other statuses are final, and 410 ends the run.
    #[arg(
        long,
        value_name = "STATUS",
        default_value = "408,425,429,500,502,503,504",
        hide_short_help = true,
        help_heading = "Requests"
    )]
    pub retry_on: String,

    /// Longest accepted `Retry-After`; if the target asks for more, the run ends with a message
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1h", hide_short_help = true, help_heading = "Requests")]
    pub max_retry_after: Duration,

    /// Accept any certificate, for example a self-signed one
    #[arg(long, hide_short_help = true, help_heading = "Requests")]
    pub insecure: bool,

    /// Statuses that count as success: `2xx`, `200,409` [default: 2xx; with `--tamper`, 4xx]
    #[arg(
        long,
        value_name = "STATUS",
        hide_short_help = true,
        help_heading = "Requests"
    )]
    pub expect_status: Option<String>,

    /// Longest response time that counts as success
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true, help_heading = "Requests")]
    pub expect_within: Option<Duration>,

    /// Print failures and the summary only
    ///
    /// With `--dry-run`, the requests are not printed either.
    #[arg(short, long, display_order = 25)]
    pub quiet: bool,

    /// Print the requests instead of sending them
    #[arg(long, display_order = 20)]
    pub dry_run: bool,

    /// Format of `--dry-run`
    #[arg(
        long = "as",
        value_name = "FORM",
        requires = "dry_run",
        default_value = "http",
        display_order = 21
    )]
    pub form: RequestFormat,
}

/// Form of a printed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RequestFormat {
    /// Raw HTTP, as sent
    Http,
    /// A curl command
    Curl,
    /// A fixture on one line
    Json,
    /// One HAR 1.2 document, which `replay` and other tools read
    Har,
    /// A target of the load engine vegeta, on one line
    Vegeta,
}
