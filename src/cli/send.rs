//! The words of `send`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use jiff::Timestamp;

use crate::cli::values::time;
use crate::cli::{RequestArgs, SecretArgs, StoryArgs};
use crate::webhook::Tamper;

/// More events in a request than any provider sends, and still a body that fits into memory many times.
const MOST_EVENTS: usize = 100_000;

/// How many events go into a request.
fn events(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|events| (1..=MOST_EVENTS).contains(events))
        .ok_or_else(|| format!("`{text}` is no number of events from 1 to {MOST_EVENTS}"))
}

/// The near misses with what is wrong with each.
fn tamper_names() -> PossibleValuesParser {
    let names = Tamper::all().map(|tamper| PossibleValue::new(tamper.name).help(tamper.about));
    PossibleValuesParser::new(names)
}

/// Send synthetic events, shaped and signed as a provider does
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  webhook-cli send click                                       a click, to http://127.0.0.1:7878
  webhook-cli send delivered open click --provider mailgun     three events of one message
  webhook-cli send bounce --bounce mailbox-full --provider ses --to :3000/hooks
  webhook-cli send spamreport --provider sendgrid              by the provider's own name
  webhook-cli send click --provider all                        the same event of every provider
  webhook-cli send --data @body.json --provider resend         your own body, signed as Resend would
  webhook-cli send --data @body.json --scheme stripe           or as Stripe would
  webhook-cli send click --provider sendgrid --tamper body     a forgery, which your handler must reject
  webhook-cli send journey --ending bounce --provider ses      the life of one message, in order
  webhook-cli send campaign --recipients 1000 --compress 600x  those of many, in the order of time")]
pub struct SendArgs {
    /// What happened: sent, delivered, deferred, open, click, bounce, rejected, complaint, unsubscribe, subscribe,
    /// or a provider's own name for it; or `journey` or `campaign`
    #[arg(value_name = "KIND", required_unless_present_any = ["data", "probe"])]
    pub kinds: Vec<String>,

    /// Whose shape and signature; `all` for every one
    #[arg(long, value_name = "NAME", default_value = "generic")]
    pub provider: String,

    /// Sign your own body as a service that is no email provider: stripe, github, slack, shopify, twilio,
    /// hubspot, rfc9421, or one spelled out: `hmac-sha256:header=X-Sig,encoding=hex,prefix=sha256=`
    ///
    /// What can be said of `hmac-sha1`, `hmac-sha256`, `hmac-sha384` and `hmac-sha512`: `header=`, the header that holds
    /// the signature; `encoding=` hex, base64 or base64url; `prefix=`, the text before it; `signed=`, what is signed, such
    /// as `{timestamp}.{body}` (also `{id}`, `{method}`, `{url}`, `{path}`, and `\n` for a line feed); `timestamp=` and
    /// `id=`, their headers; `unit=` s, ms or rfc3339; `key=` text, hex or base64. `listen --provider` takes the same.
    #[arg(long, value_name = "NAME", requires = "data", conflicts_with_all = ["provider", "kinds"], help_heading = "Signatures")]
    pub scheme: Option<String>,

    /// The version of the provider's webhooks, where it has several [default: the newest]
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["probe", "scheme"])]
    pub native_version: Option<String>,

    /// How the request is made.
    #[command(flatten)]
    pub request: RequestArgs,

    /// What to sign with.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// What is played.
    #[command(flatten)]
    pub story: StoryArgs,

    /// Change a field of the event, or of what stands around it: a JSON pointer or dotted path, and JSON or a text
    #[arg(
        long = "set",
        value_name = "PATH=VALUE",
        conflicts_with = "data",
        help_heading = "The event"
    )]
    pub sets: Vec<String>,

    /// Take a field away, named as for `--set`; may be given more than once
    #[arg(
        long = "unset",
        value_name = "PATH",
        conflicts_with = "data",
        help_heading = "The event"
    )]
    pub unsets: Vec<String>,

    /// The address it is about
    #[arg(long, value_name = "ADDRESS", help_heading = "The event")]
    pub recipient: Option<String>,

    /// The link that was clicked
    #[arg(long, value_name = "URL", help_heading = "The event")]
    pub url: Option<String>,

    /// The campaign
    #[arg(long, value_name = "NAME", help_heading = "The event")]
    pub campaign: Option<String>,

    /// The message's id, as that provider's users correlate on it
    #[arg(long, value_name = "ID", help_heading = "The event")]
    pub message_id: Option<String>,

    /// When it happened: RFC 3339, or a span back from now such as `2h`
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "The event")]
    pub at: Option<Timestamp>,

    /// A tag of the message; may be given more than once
    #[arg(long = "tag", value_name = "TAG", help_heading = "The event")]
    pub tags: Vec<String>,

    /// A member of the sender's own; may be given more than once
    #[arg(long, value_name = "KEY=VALUE", help_heading = "The event")]
    pub metadata: Vec<String>,

    /// The sort of bounce: hard, soft, mailbox-full, blocked
    #[arg(long, value_name = "SORT", help_heading = "The event")]
    pub bounce: Option<String>,

    /// A machine's open or click, as the provider marks it: a privacy proxy, a link scanner
    #[arg(long, conflicts_with = "bounce", help_heading = "The event")]
    pub machine: bool,

    /// So many events a request, of the kinds in turn, as a provider that batches does; `-n` counts requests
    #[arg(long, value_name = "N", value_parser = events, conflicts_with = "data", help_heading = "The event")]
    pub batch: Option<usize>,

    /// What the provider asks of a URL in place of an event: a ping, a HEAD, a subscription to confirm; without a name,
    /// all that it asks
    #[arg(long, value_name = "NAME", num_args = 0..=1, conflicts_with_all = ["kinds", "data", "batch", "machine", "bounce"], help_heading = "The event")]
    pub probe: Option<Option<String>>,

    /// Your own body in place of an example: a text, `@FILE`, or `-`
    #[arg(short, long, value_name = "BODY", help_heading = "The event")]
    pub data: Option<String>,

    /// How many deliveries of each kind
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: u64,

    /// How many requests at once
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Requests")]
    pub concurrency: u16,

    /// How often a delivery is tried again
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Requests")]
    pub retries: u32,

    /// The same ids every time; with `--at` the same bytes
    #[arg(long, value_name = "N", help_heading = "The event")]
    pub seed: Option<u64>,

    /// The signed timestamp: RFC 3339, or a span back from now [default: now; with `--seed` and `--at`, that of `--at`]
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Signatures")]
    pub signed_at: Option<Timestamp>,

    /// Send an invalid request on purpose; a handler must reject it
    #[arg(long, value_name = "MISS", value_parser = tamper_names(), help_heading = "Signatures")]
    pub tamper: Option<String>,

    /// Print the response to each request
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Output")]
    pub verbose: bool,

    /// Keep what is sent as a fixture: a `.json` file, a folder, or a line in a `.ndjson` recording
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub save: Option<PathBuf>,
}
