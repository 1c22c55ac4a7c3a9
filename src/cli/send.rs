//! Flags of `send`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use jiff::Timestamp;

use crate::cli::values::time;
use crate::cli::{InboundArgs, JourneyArgs, RequestArgs, SecretArgs};
use crate::webhook::Tamper;

/// More events in a request than any provider sends, and still a body that fits into memory many times.
const MOST_EVENTS: usize = 100_000;

/// Parses the number of events in a request.
fn events(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|events| (1..=MOST_EVENTS).contains(events))
        .ok_or_else(|| format!("`{text}` is not a number of events from 1 to {MOST_EVENTS}"))
}

/// Values of `--tamper` with the fault of each.
fn tamper_names() -> PossibleValuesParser {
    let names = Tamper::all().map(|tamper| PossibleValue::new(tamper.name).help(tamper.about));
    PossibleValuesParser::new(names)
}

/// Send synthetic events in a provider's format, signed as it signs
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  webhook-cli send click                   to http://127.0.0.1:7878
  webhook-cli send bounce --provider ses --bounce mailbox-full --to :3000/hooks
  webhook-cli send --data @body.json --provider resend    your body, signed

`webhook-cli send --help` shows all options.",
    after_long_help = "\
Examples:
  webhook-cli send click                   to http://127.0.0.1:7878
  webhook-cli send delivered open click --provider mailgun
  webhook-cli send bounce --provider ses --bounce mailbox-full --to :3000/hooks
  webhook-cli send spamreport --provider sendgrid         a native name
  webhook-cli send click --provider all                   one of each provider
  webhook-cli send --data @body.json --provider resend    your body, signed
  webhook-cli send --data @body.json --scheme stripe
  webhook-cli send click --provider sendgrid --tamper body
  webhook-cli send inbound --provider sendgrid --eml message.eml
  webhook-cli send journey --ending bounce --provider ses
  webhook-cli send campaign --recipients 1000 --compress 600x"
)]
pub(crate) struct SendArgs {
    /// Event kind: sent, delivered, deferred, open, click, bounce, rejected, complaint, unsubscribe, subscribe,
    /// inbound, or the provider's own name; or `journey` or `campaign`
    #[arg(value_name = "KIND", required_unless_present_any = ["data", "handshake"])]
    pub kinds: Vec<String>,

    /// Format and signature; `all` for every provider
    #[arg(
        long,
        value_name = "NAME",
        default_value = "generic",
        display_order = 2
    )]
    pub provider: String,

    /// Sign your own body (`--data`) by another service's scheme
    ///
    /// One of stripe, github, slack, shopify, twilio, hubspot, rfc9421; or an HMAC with its settings, such as
    /// `hmac-sha256:header=X-Sig,encoding=hex,prefix=sha256=`.
    ///
    /// Settings of `hmac-sha1`, `hmac-sha256`, `hmac-sha384` and `hmac-sha512`: `header=`, the signature header;
    /// `encoding=` hex, base64 or base64url; `prefix=`, the text before the signature; `signed=`, the signed text, such
    /// as `{timestamp}.{body}` (also `{id}`, `{method}`, `{url}`, `{path}`, and `\n` for a line feed); `timestamp=` and
    /// `id=`, their headers; `unit=` s, ms or rfc3339; `key=` text, hex or base64. `listen --provider` accepts the same.
    #[arg(long, value_name = "NAME", requires = "data", conflicts_with_all = ["provider", "kinds"], hide_short_help = true, help_heading = "Signatures")]
    pub scheme: Option<String>,

    /// Version of the provider's webhooks [default: the newest]
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["handshake", "scheme"], hide_short_help = true, help_heading = "Event")]
    pub native_version: Option<String>,

    /// Flags of the request.
    #[command(flatten)]
    pub request: RequestArgs,

    /// Flags of the secrets.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Flags of inbound mail.
    #[command(flatten)]
    pub inbound: InboundArgs,

    /// Flags of journeys and campaigns.
    #[command(flatten)]
    pub journey: JourneyArgs,

    /// Set a field of the payload; may be repeated
    ///
    /// PATH is a JSON pointer or a dotted path, in the event or in what surrounds it. VALUE is JSON, or else a text.
    #[arg(
        long = "set",
        value_name = "PATH=VALUE",
        conflicts_with = "data",
        display_order = 3
    )]
    pub sets: Vec<String>,

    /// Remove a field, named as in `--set`; may be repeated
    #[arg(
        long = "unset",
        value_name = "PATH",
        conflicts_with = "data",
        hide_short_help = true,
        help_heading = "Event"
    )]
    pub unsets: Vec<String>,

    /// Email address of the recipient
    #[arg(long, value_name = "EMAIL", display_order = 4)]
    pub recipient: Option<String>,

    /// Link that was clicked
    #[arg(
        long,
        value_name = "URL",
        hide_short_help = true,
        help_heading = "Event"
    )]
    pub url: Option<String>,

    /// Campaign of the message
    #[arg(
        long,
        value_name = "NAME",
        hide_short_help = true,
        help_heading = "Event"
    )]
    pub campaign: Option<String>,

    /// Message id, in the field that users of the provider correlate on
    #[arg(
        long,
        value_name = "ID",
        hide_short_help = true,
        help_heading = "Event"
    )]
    pub message_id: Option<String>,

    /// Time of the event: RFC 3339, or a time span before now such as `2h`
    #[arg(long, value_name = "TIME", value_parser = time, hide_short_help = true, help_heading = "Event")]
    pub at: Option<Timestamp>,

    /// Tag of the message; may be repeated
    #[arg(
        long = "tag",
        value_name = "TAG",
        hide_short_help = true,
        help_heading = "Event"
    )]
    pub tags: Vec<String>,

    /// Metadata of the message; may be repeated
    #[arg(
        long,
        value_name = "KEY=VALUE",
        hide_short_help = true,
        help_heading = "Event"
    )]
    pub metadata: Vec<String>,

    /// Bounce type: hard, soft, mailbox-full, blocked
    #[arg(long, value_name = "TYPE", display_order = 5)]
    pub bounce: Option<String>,

    /// An open or click by a machine (privacy proxy, link scanner), marked as the provider marks it
    #[arg(
        long,
        conflicts_with = "bounce",
        hide_short_help = true,
        help_heading = "Event"
    )]
    pub machine: bool,

    /// Events per request
    ///
    /// The kinds take turns, as in the batches of a provider. `-n` counts requests.
    #[arg(long, value_name = "N", value_parser = events, conflicts_with = "data", display_order = 7)]
    pub batch: Option<usize>,

    /// Send the handshake of a provider instead of an event: a ping, a HEAD, a subscription to confirm
    ///
    /// By these requests a provider checks a new URL. Without a name, all of the provider are sent.
    #[arg(long, alias = "probe", value_name = "NAME", num_args = 0..=1, conflicts_with_all = ["kinds", "data", "batch", "machine", "bounce"], hide_short_help = true, help_heading = "Event")]
    pub handshake: Option<Option<String>>,

    /// Your own body: a text, `@FILE`, or `-` for stdin
    #[arg(short, long, value_name = "BODY", display_order = 8)]
    pub data: Option<String>,

    /// Number of requests for each kind
    #[arg(short = 'n', long, value_name = "N", display_order = 6, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: u64,

    /// Number of requests in flight at once
    #[arg(short, long, value_name = "N", hide_short_help = true, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Requests")]
    pub concurrency: u16,

    /// Number of retries
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_short_help = true,
        help_heading = "Requests"
    )]
    pub retries: u32,

    /// Use the same ids in every run; with `--at`, the same bytes
    #[arg(long, value_name = "N", hide_short_help = true, help_heading = "Event")]
    pub seed: Option<u64>,

    /// Signed timestamp: RFC 3339, or a time span before now [default: now; with `--seed` and `--at`, the time of `--at`]
    #[arg(long, value_name = "TIME", value_parser = time, hide_short_help = true, help_heading = "Signatures")]
    pub signed_at: Option<Timestamp>,

    /// An invalid request on purpose; a handler must reject it
    #[arg(long, value_name = "FAULT", value_parser = tamper_names(), hide_short_help = true, help_heading = "Signatures")]
    pub tamper: Option<String>,

    /// Print the response to each request
    #[arg(short, long, conflicts_with = "quiet", display_order = 24)]
    pub verbose: bool,

    /// Save each request: `.json`, `.ndjson` or folder
    ///
    /// A `.json` file is a fixture, a line in a `.ndjson` file a recording, a folder gets a file for each request.
    #[arg(long, value_name = "PATH", display_order = 22)]
    pub save: Option<PathBuf>,
}
