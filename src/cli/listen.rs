//! Flags of `listen`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::values::{duration, expected, kind, route, share, size};
use crate::cli::{InspectorArgs, SecretArgs, VerifyOptionsArgs};
use crate::webhook::{Kind, nearest};

/// Receive webhooks, print them, and respond to them
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  webhook-cli listen                           on http://127.0.0.1:7878
  webhook-cli listen --forward-to :3000 --record hooks.ndjson
  webhook-cli listen --secret sendgrid=env:SENDGRID_KEY --require-signature

`webhook-cli listen --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli listen                           on http://127.0.0.1:7878
  webhook-cli listen --forward-to :3000        forward to a handler
  webhook-cli listen -f :3000 -f bounce,complaint=:3001 --ack-always
  webhook-cli listen --secret sendgrid=env:SENDGRID_KEY --require-signature
  webhook-cli listen --fail-first 2 --events bounce
  webhook-cli listen --count 1 --expect bounce --json     exit 1 if no bounce"
)]
pub(crate) struct ListenArgs {
    /// Address to listen on
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:7878",
        display_order = 2
    )]
    pub addr: String,

    /// Port to listen on; 0 for any free port
    #[arg(short, long, value_name = "PORT", display_order = 1)]
    pub port: Option<u16>,

    /// Use HTTPS, with a certificate that is created once and kept; its path is printed
    #[arg(long, hide_short_help = true, help_heading = "HTTPS")]
    pub tls: bool,

    /// Use HTTPS, with this certificate: PEM, followed by its intermediate certificates
    #[arg(
        long,
        value_name = "FILE",
        requires = "key",
        hide_short_help = true,
        help_heading = "HTTPS"
    )]
    pub cert: Option<PathBuf>,

    /// Private key of that certificate: PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "cert",
        hide_short_help = true,
        help_heading = "HTTPS"
    )]
    pub key: Option<PathBuf>,

    /// Forward to a handler and return its response
    ///
    /// Bodies are forwarded byte for byte. May be repeated: the first target responds, the others are served in the
    /// background. `KIND[,KIND]=TARGET` forwards deliveries with an event of these kinds; a target without kinds then
    /// gets the deliveries with an event that no other target names, or with none. A delivery of several events is
    /// forwarded whole, and to each target once.
    ///
    /// A path in TARGET replaces the request's path. Without one, the request's path is kept; in a path that ends in
    /// `/*`, it is inserted at the `*`. The query is kept. `http://USER:PASSWORD@HOST` sends Basic authentication.
    #[arg(short, long, value_name = "TARGET", value_parser = route, display_order = 3)]
    pub forward_to: Vec<(Vec<Kind>, String)>,

    /// Headers that the project's configuration gives to each of these targets.
    #[arg(skip)]
    pub route_headers: Vec<Vec<String>>,

    /// Respond as soon as a delivery is recorded, and forward it in the background
    #[arg(
        long,
        requires = "forward_to",
        hide_short_help = true,
        help_heading = "Forwarding"
    )]
    pub ack_always: bool,

    /// Number of retries in the background, after no response, 408, 425, 429, 500, 502, 503 or 504
    #[arg(
        long,
        value_name = "N",
        default_value_t = 3,
        hide_short_help = true,
        help_heading = "Forwarding"
    )]
    pub retries: u32,

    /// Time limit of each attempt to forward
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s", hide_short_help = true, help_heading = "Forwarding")]
    pub timeout: Duration,

    /// Add or override a header of the forwarded request, `Host` too; may be repeated
    #[arg(
        long,
        value_name = "NAME:VALUE",
        requires = "forward_to",
        hide_short_help = true,
        help_heading = "Forwarding"
    )]
    pub forward_header: Vec<String>,

    /// Accept any certificate of a handler, for example a self-signed one
    #[arg(
        long,
        requires = "forward_to",
        hide_short_help = true,
        help_heading = "Forwarding"
    )]
    pub insecure: bool,

    /// Record to a `.ndjson` file, or a folder
    ///
    /// A line for each delivery, or a file in the folder. It is on disk before the response is sent.
    #[arg(short, long, value_name = "PATH", display_order = 4)]
    pub record: Option<PathBuf>,

    /// When a recorded delivery must be on disk
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "always",
        requires = "record",
        hide_short_help = true,
        help_heading = "Recording"
    )]
    pub sync: SyncWhen,

    /// Replace personal data before recording
    ///
    /// Email and IP addresses, tokens and credentials. The same input always gets the same placeholder.
    #[arg(long, requires = "record", display_order = 5)]
    pub redact: bool,

    /// Verify signatures: the secrets
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Provider or scheme, instead of recognising it
    #[arg(long, value_name = "NAME", display_order = 10)]
    pub provider: Option<String>,

    /// Respond 401 to an invalid signature
    ///
    /// Such a delivery, or one without a signature, is not forwarded.
    #[arg(long, display_order = 11)]
    pub require_signature: bool,

    /// Flags of verification.
    #[command(flatten)]
    pub verify_options: VerifyOptionsArgs,

    /// Response status
    #[arg(long, value_name = "CODE", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599), display_order = 12)]
    pub status: u16,

    /// Response body: a text, or `@FILE`
    #[arg(
        long,
        value_name = "TEXT",
        hide_short_help = true,
        help_heading = "Response"
    )]
    pub body: Option<String>,

    /// Add or override a response header; may be repeated
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME:VALUE",
        hide_short_help = true,
        help_heading = "Response"
    )]
    pub headers: Vec<String>,

    /// Wait before the response
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true, help_heading = "Response")]
    pub delay: Option<Duration>,

    /// Confirm a subscription of SNS or Scaleway by its link, if the link leads to that service
    #[arg(long, hide_short_help = true, help_heading = "Response")]
    pub confirm_sns: bool,

    /// Fail the first N attempts of each delivery
    ///
    /// This shows how a provider retries. A retry is recognised by the provider's delivery id, by the data of the first
    /// event, or else by its bytes. With `--events`, only deliveries with such an event fail, or are delayed by `--delay`.
    /// Failed deliveries are recorded and not forwarded.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), display_order = 13)]
    pub fail_first: Option<u64>,

    /// Fail this share of the deliveries: `0.3` or `30%`
    #[arg(long, value_name = "SHARE", value_parser = share, hide_short_help = true, help_heading = "Fault injection")]
    pub fail_rate: Option<f64>,

    /// Response status of a failure; without `--fail-first` and `--fail-rate`, of every response [default: 503]
    #[arg(long, value_name = "CODE", value_parser = clap::value_parser!(u16).range(300..=599), hide_short_help = true, help_heading = "Fault injection")]
    pub fail_status: Option<u16>,

    /// Fail by closing the connection without a response; without `--fail-first` and `--fail-rate`, always
    #[arg(
        long,
        conflicts_with = "fail_status",
        hide_short_help = true,
        help_heading = "Fault injection"
    )]
    pub hang_up: bool,

    /// Make the same random choices in every run
    #[arg(
        long,
        value_name = "N",
        requires = "fail_rate",
        hide_short_help = true,
        help_heading = "Fault injection"
    )]
    pub seed: Option<u64>,

    /// Print only deliveries with these event kinds
    ///
    /// All others still get a response, and are recorded and forwarded.
    #[arg(short, long, value_name = "KIND", value_delimiter = ',', value_parser = kind, display_order = 14)]
    pub events: Vec<Kind>,

    /// Print only deliveries to such a path: `/hooks/*`, `**/bounce`; may be repeated
    #[arg(
        long,
        value_name = "GLOB",
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub path: Vec<String>,

    /// Parts of a delivery to print [default: events,body]
    ///
    /// With `--forward-to`, the default is one line, and below it the events and the response if that is not 2xx.
    #[arg(
        long,
        value_name = "PART",
        value_delimiter = ',',
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub show: Vec<Show>,

    /// Print one line for each delivery
    #[arg(short, long, conflicts_with_all = ["show", "verbose"], display_order = 25)]
    pub quiet: bool,

    /// Print events, headers, body and response
    #[arg(short, long, conflicts_with = "show", display_order = 24)]
    pub verbose: bool,

    /// Number of deliveries kept in memory for the keys of the terminal and for `--ui`, if nothing is recorded
    ///
    /// Their bodies take up to 64 MiB. `?` lists the keys; without a terminal and without `--ui` nothing is kept.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10_000,
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub keep: usize,

    /// Save the files of inbound mail in this folder, under safe names
    #[arg(
        long,
        value_name = "DIR",
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub save_attachments: Option<PathBuf>,

    /// The inspector.
    #[command(flatten)]
    pub inspector: InspectorArgs,

    /// Stop after N deliveries
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), display_order = 15)]
    pub count: Option<u64>,

    /// Stop after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, display_order = 16)]
    pub span: Option<Duration>,

    /// Exit with 1 unless these events arrived
    ///
    /// `bounce` for one, `click=2` for two.
    #[arg(long, value_name = "KIND[=N]", value_delimiter = ',', value_parser = expected, display_order = 17)]
    pub expect: Vec<(Kind, u64)>,

    /// Start a tunnel program, and use its public URL: cloudflared, ngrok, tailscale, `ssh:[USER@]HOST`
    ///
    /// The program must be installed; it ends with the listener. The URL is printed, and signatures are verified with it,
    /// as with `--public-url`. With `ssh`, a free port of that server is forwarded.
    #[arg(long, value_name = "PROGRAM", value_parser = tunnel, conflicts_with = "public_url", hide_short_help = true, help_heading = "Public address")]
    pub tunnel: Option<TunnelProgram>,

    /// Receive from a channel of smee.io or gosmee
    ///
    /// A delivery of the channel is handled as if it had been posted here. If the channel serialises bodies anew, as
    /// smee.io does, no signature can be verified: the verdict is `unchecked`.
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "tunnel",
        hide_short_help = true,
        help_heading = "Public address"
    )]
    pub from: Option<String>,

    /// Largest accepted body; a larger one gets 413
    #[arg(long, value_name = "SIZE", default_value = "32MiB", value_parser = size, hide_short_help = true, help_heading = "Response")]
    pub max_body: usize,
}

/// Program that gives the listener a public URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TunnelProgram {
    /// A quick tunnel of Cloudflare.
    Cloudflared,
    /// A tunnel of ngrok.
    Ngrok,
    /// A funnel of Tailscale.
    Tailscale,
    /// A port of a server: `[USER@]HOST`.
    Ssh(String),
}

/// Parses the program of a tunnel.
fn tunnel(text: &str) -> Result<TunnelProgram, String> {
    const NAMES: [&str; 4] = ["cloudflared", "ngrok", "tailscale", "ssh:[USER@]HOST"];
    match text.split_once(':') {
        None if text == "cloudflared" => Ok(TunnelProgram::Cloudflared),
        None if text == "ngrok" => Ok(TunnelProgram::Ngrok),
        None if text == "tailscale" => Ok(TunnelProgram::Tailscale),
        Some(("ssh", destination)) => ssh_destination(destination).map(TunnelProgram::Ssh),
        _ => {
            let guess = match nearest(text, NAMES) {
                _ if text == "ssh" => "; which server? ".into(),
                Some(near) => format!("; did you mean `{near}`? "),
                None => "; ".into(),
            };
            Err(format!(
                "no such tunnel program{guess}The programs are {}",
                NAMES.join(", ")
            ))
        }
    }
}

/// Checks `[USER@]HOST`, so that ssh can only read it as that.
fn ssh_destination(text: &str) -> Result<String, String> {
    let (user, host) = match text.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, text),
    };
    let inner = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let is_address = |text: &str| text.parse::<std::net::Ipv6Addr>().is_ok();
    let is_name = |text: &str| {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        !text.is_empty() && text.bytes().all(is_plain) && !text.starts_with('-')
    };
    let is_host = is_name(host) || is_address(inner.unwrap_or(host));
    match is_host && user.is_none_or(is_name) {
        // ssh takes no brackets here.
        true => Ok(match (user, inner) {
            (Some(user), Some(inner)) => format!("{user}@{inner}"),
            (None, Some(inner)) => inner.to_owned(),
            (_, None) => text.to_owned(),
        }),
        false => Err(format!(
            "`{}` is no server; write `ssh:HOST` or `ssh:USER@HOST`, and the port in ~/.ssh/config",
            text.escape_debug()
        )),
    }
}

/// When a recorded delivery must be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SyncWhen {
    /// Before the response: nothing is lost
    Always,
    /// Every 100 ms: a power failure loses up to 100 ms, a killed process 2 ms
    Interval,
    /// When the system decides: a power failure loses up to 30 s, a killed process 2 ms
    None,
}

/// A part of a delivery that can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Show {
    /// A line for each event
    Events,
    /// The header fields
    Headers,
    /// The body
    Body,
    /// The response
    Reply,
}
