//! The words: what can be typed, and the help for it. Parsing does nothing; each command makes a plan of it.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};

use crate::webhook::Kind;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Listen for, send and replay email webhooks on localhost, shaped and signed as the providers really do.
#[derive(Debug, Parser)]
#[command(name = "webhook-cli", version, styles = STYLES, disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = "\
Examples:
  webhook-cli listen                                 see what arrives on http://127.0.0.1:7878
  webhook-cli send click                             fire a click at it
  webhook-cli send bounce --provider sendgrid        the same in SendGrid's dress, signed
  webhook-cli listen --record hooks.ndjson           keep what arrives
  webhook-cli replay hooks.ndjson --to :3000/hooks   and send it again

Exit status: 0 all done, 1 something was refused, 2 could not run, 3 unreadable input,
4 no answer from the target, 5 a signature does not hold, 130 interrupted.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// One JSON object a line in place of text
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,

    /// When to colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub color: Color,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Receive webhooks, show them, answer them
    Listen(Box<ListenArgs>),
    /// Send synthetic events, shaped and signed as a provider does
    Send(Box<SendArgs>),
    /// Send again what was saved or recorded
    Replay(Box<ReplayArgs>),
    /// Say whether a signature holds, and if not, why
    Verify(Box<VerifyArgs>),
    /// List providers, their events and what an event looks like
    Events(EventsArgs),
    /// Print the public test keys, in the form to paste into a handler's environment
    Keys(KeysArgs),
    /// Print a completion script
    ///
    /// For bash: `webhook-cli completions bash > ~/.local/share/bash-completion/completions/webhook-cli`
    Completions {
        /// The shell to complete in
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write a page for each command
    Man {
        /// Write `webhook-cli*.1` into this folder in place of printing
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Secrets and what a signature is judged by.
#[derive(Debug, Args)]
#[command(next_help_heading = "Signatures")]
pub struct SecretArgs {
    /// A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one
    ///
    /// May be given more than once, for several providers or while a secret is rotated.
    /// A value on the command line can be seen by other users of this machine.
    #[arg(long = "secret", value_name = "SECRET", hide_env_values = true)]
    pub secrets: Vec<String>,

    /// The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot)
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
}

/// `listen`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  webhook-cli listen                                    on http://127.0.0.1:7878
  webhook-cli listen --forward-to :3000                 show, and pass on to the handler at :3000
  webhook-cli listen --secret sendgrid=env:SENDGRID_KEY --require-signature
  webhook-cli listen --count 1 --expect bounce --json   for a test: one line of JSON, exit 1 if it was no bounce")]
pub struct ListenArgs {
    /// Where to listen
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7878")]
    pub addr: String,

    /// The port alone; 0 takes any that is free
    #[arg(short, long, value_name = "PORT")]
    pub port: Option<u16>,

    /// Pass each delivery on, byte for byte, and give the handler's answer back
    #[arg(short, long, value_name = "TARGET")]
    pub forward_to: Option<String>,

    /// Keep each delivery: a line in a `.ndjson` file, or a file in a folder, on disk before it is answered
    #[arg(short, long, value_name = "PATH")]
    pub record: Option<PathBuf>,

    /// Verify signatures: the secrets
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Take every delivery as this provider's or scheme's, in place of recognising it
    #[arg(long, value_name = "NAME", help_heading = "Signatures")]
    pub provider: Option<String>,

    /// Answer 401 to what does not verify, and never forward it
    #[arg(long, help_heading = "Signatures")]
    pub require_signature: bool,

    /// The age allowed to a signed timestamp [default: 5m, for SES 1h]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Signatures")]
    pub tolerance: Option<Duration>,

    /// The topic that SNS messages must come from; may be given more than once
    #[arg(long, value_name = "ARN", help_heading = "Signatures")]
    pub topic_arn: Vec<String>,

    /// The status to answer
    #[arg(long, value_name = "CODE", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599), help_heading = "The answer")]
    pub status: u16,

    /// The body to answer: a text, or `@FILE`
    #[arg(long, value_name = "TEXT", help_heading = "The answer")]
    pub body: Option<String>,

    /// A header to answer; may be given more than once
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME:VALUE",
        help_heading = "The answer"
    )]
    pub headers: Vec<String>,

    /// How long to wait before the answer
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "The answer")]
    pub delay: Option<Duration>,

    /// How long a forwarded delivery may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s", help_heading = "The answer")]
    pub timeout: Duration,

    /// Show only deliveries with these kinds of event; all are still answered, recorded and forwarded
    #[arg(short, long, value_name = "KIND", value_delimiter = ',', value_parser = kind, help_heading = "What is shown")]
    pub events: Vec<Kind>,

    /// Which parts of a delivery to show
    #[arg(
        long,
        value_name = "PART",
        value_delimiter = ',',
        help_heading = "What is shown"
    )]
    pub show: Vec<Show>,

    /// One line for each delivery
    #[arg(short, long, conflicts_with_all = ["show", "verbose"], help_heading = "What is shown")]
    pub quiet: bool,

    /// Everything: events, headers, body and the answer
    #[arg(short, long, conflicts_with = "show", help_heading = "What is shown")]
    pub verbose: bool,

    /// Stop after that many deliveries
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "When to stop")]
    pub count: Option<u64>,

    /// Stop after that time
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, help_heading = "When to stop")]
    pub span: Option<Duration>,

    /// Exit with 1 unless these events came: `bounce`, `click=2`
    #[arg(long, value_name = "KIND[=N]", value_delimiter = ',', value_parser = expected, help_heading = "When to stop")]
    pub expect: Vec<(Kind, u64)>,

    /// The largest body that is taken; more is answered 413
    #[arg(long, value_name = "SIZE", default_value = "32MiB", value_parser = size)]
    pub max_body: usize,
}

/// A part of a delivery that can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// A line for each event
    Events,
    /// The header fields
    Headers,
    /// The body
    Body,
    /// What was answered
    Reply,
}

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

    /// One more header, or another value for one; may be given more than once
    #[arg(short = 'H', long = "header", value_name = "NAME:VALUE")]
    pub headers: Vec<String>,

    /// How long a whole attempt may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    pub timeout: Duration,

    /// How long connecting may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5s")]
    pub connect_timeout: Duration,

    /// Take any certificate
    #[arg(long)]
    pub insecure: bool,

    /// The statuses that count as success: `2xx`, `200,409`
    #[arg(long, value_name = "STATUS", default_value = "2xx")]
    pub expect_status: String,

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
}

/// `send`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  webhook-cli send click                                       a click, to http://127.0.0.1:7878
  webhook-cli send delivered open click --provider mailgun     three events of one message
  webhook-cli send bounce --bounce mailbox-full --provider ses --to :3000/hooks
  webhook-cli send spamreport --provider sendgrid              by the provider's own name
  webhook-cli send click --provider all                        the same event in every dress
  webhook-cli send --data @body.json --provider resend         your own body, signed as Resend would
  webhook-cli send --data @body.json --scheme stripe           or as Stripe would")]
pub struct SendArgs {
    /// What happened: sent, delivered, deferred, open, click, bounce, rejected, complaint, unsubscribe, subscribe,
    /// or a provider's own name for it
    #[arg(value_name = "KIND", required_unless_present = "data")]
    pub kinds: Vec<String>,

    /// Whose shape and signature; `all` for every one
    #[arg(long, value_name = "NAME", default_value = "generic")]
    pub provider: String,

    /// Sign your own body as a service that is no email provider: stripe, github, slack, shopify, twilio, hubspot,
    /// or one spelled out: `hmac-sha256:header=X-Sig,encoding=hex,prefix=sha256=`
    ///
    /// What can be said of `hmac-sha1`, `hmac-sha256`, `hmac-sha384` and `hmac-sha512`: `header=`, the header that holds
    /// the signature; `encoding=` hex, base64 or base64url; `prefix=`, the text before it; `signed=`, what is signed, such
    /// as `{timestamp}.{body}` (also `{id}`, `{method}`, `{url}`, `{path}`, and `\n` for a line feed); `timestamp=` and
    /// `id=`, their headers; `unit=` s, ms or rfc3339; `key=` text, hex or base64. `listen --provider` takes the same.
    #[arg(long, value_name = "NAME", requires = "data", conflicts_with_all = ["provider", "kinds"], help_heading = "Signatures")]
    pub scheme: Option<String>,

    /// How the request is made.
    #[command(flatten)]
    pub request: RequestArgs,

    /// What to sign with.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Change a field of the event: a JSON pointer or dotted path, and JSON or a text
    #[arg(long = "set", value_name = "PATH=VALUE", help_heading = "The event")]
    pub sets: Vec<String>,

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

    /// Keep what is sent as a fixture: a `.json` file, a folder, or a line in a `.ndjson` recording
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub save: Option<PathBuf>,
}

/// `replay`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  webhook-cli replay hooks.ndjson --to :3000             in the order recorded, at the paths recorded
  webhook-cli replay hooks.ndjson --to :3000/webhooks    all of it to that path
  webhook-cli replay fixtures/ --resign                  signed anew, so that a handler's age check passes
  webhook-cli replay fixtures/ --events bounce --watch   and again whenever a fixture is saved")]
pub struct ReplayArgs {
    /// Fixtures, folders of them, `.ndjson` recordings, plain JSON payloads, or `-`
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,

    /// How the request is made.
    #[command(flatten)]
    pub request: RequestArgs,

    /// What to sign with.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Make a new timestamp and signature for each attempt, by the provider's rule
    #[arg(long, help_heading = "Signatures")]
    pub resign: bool,

    /// The path to ask for, in place of the recorded one
    #[arg(long, value_name = "PATH", help_heading = "Requests")]
    pub path: Option<String>,

    /// How many requests at once; the recorded order is kept with 1
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Requests")]
    pub concurrency: u16,

    /// How often a delivery is tried again: no answer, 408, 425, 429, 500, 502, 503, 504
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "Requests")]
    pub retries: u32,

    /// The wait before the second attempt; it doubles from there
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "500ms", help_heading = "Requests")]
    pub backoff: Duration,

    /// Send to a host that is neither this machine nor in a private network, without asking
    #[arg(long, help_heading = "Requests")]
    pub yes: bool,

    /// Only deliveries with these kinds of event
    #[arg(short, long, value_name = "KIND", value_delimiter = ',', value_parser = kind, help_heading = "What is sent")]
    pub events: Vec<Kind>,

    /// Only deliveries of this provider
    #[arg(long, value_name = "NAME", help_heading = "What is sent")]
    pub provider: Option<String>,

    /// Only deliveries about this address
    #[arg(long, value_name = "ADDRESS", help_heading = "What is sent")]
    pub recipient: Option<String>,

    /// Pass over the first N
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        help_heading = "What is sent"
    )]
    pub skip: usize,

    /// Send at most N
    #[arg(long, value_name = "N", help_heading = "What is sent")]
    pub limit: Option<usize>,

    /// Name a broken fixture and go on
    #[arg(long, help_heading = "What is sent")]
    pub skip_broken: bool,

    /// Stay, and send each fixture again when it is saved
    #[arg(long, help_heading = "What is sent", conflicts_with = "dry_run")]
    pub watch: bool,
}

/// `verify`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  webhook-cli verify hooks.ndjson --secret env:SENDGRID_KEY            every delivery of a recording
  webhook-cli verify bounce.json --secret resend=file:secret.txt       a fixture
  webhook-cli verify request.http --secret env:KEY                     a raw HTTP message
  webhook-cli verify body.json -H 'svix-id: msg_1' -H 'svix-timestamp: 1767312059' -H 'svix-signature: v1,…'")]
pub struct VerifyArgs {
    /// A fixture, a folder, a recording, a raw HTTP message, with `-H` a body, or `-`
    #[arg(value_name = "SOURCE", default_value = "-")]
    pub source: String,

    /// What to verify with.
    #[command(flatten)]
    pub secrets: SecretArgs,

    /// Judge as this provider's, in place of recognising it
    #[arg(long, value_name = "NAME", help_heading = "Signatures")]
    pub provider: Option<String>,

    /// Judge as of this moment [default: when it was recorded, else now]
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Signatures")]
    pub now: Option<Timestamp>,

    /// The age allowed to a signed timestamp [default: 5m, for SES 1h]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Signatures")]
    pub tolerance: Option<Duration>,

    /// The topic that SNS messages must come from; may be given more than once
    #[arg(long, value_name = "ARN", help_heading = "Signatures")]
    pub topic_arn: Vec<String>,

    /// The source is a body, and this is one of its headers; may be given more than once
    #[arg(short = 'H', long = "header", value_name = "NAME:VALUE")]
    pub headers: Vec<String>,

    /// The URL where it is part of what is signed; the same as `--public-url`
    #[arg(
        long,
        value_name = "URL",
        help_heading = "Signatures",
        conflicts_with = "public_url"
    )]
    pub url: Option<String>,

    /// Only the recorded delivery of this id
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
}

/// `events`
#[derive(Debug, Args)]
pub struct EventsArgs {
    /// The provider; all of them if none
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// The kind or the provider's own name, to see the payload
    #[arg(value_name = "KIND", requires = "provider")]
    pub kind: Option<String>,

    /// Print the JSON Schema of a fixture
    #[arg(long)]
    pub schema: bool,
}

/// `keys`
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// The provider; all of them if none
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,
}

/// A span such as `250ms`, `2s`, `5m`, `1h`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || format!("`{text}` is no duration; write `250ms`, `2s`, `5m` or `1h`");
    let span: SignedDuration = text.parse().map_err(|_| wanted())?;
    Duration::try_from(span).map_err(|_| wanted())
}

/// A moment: RFC 3339, or a span back from now.
pub fn time(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let back = duration(text).map_err(|_| {
        format!("`{text}` is no time; write RFC 3339, or a span back from now such as `2h`")
    })?;
    Timestamp::now()
        .checked_sub(back)
        .map_err(|_| format!("`{text}` is too long ago"))
}

/// A size such as `64KiB`, `1MiB`, in bytes.
pub fn size(text: &str) -> Result<usize, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "kb" => 1_000,
        "m" | "mib" => 1 << 20,
        "mb" => 1_000_000,
        "g" | "gib" => 1 << 30,
        _ => 0,
    };
    number
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("`{text}` is no size; write `64KiB` or `1MiB`"))
}

/// A kind by its name, with a guess at what was meant.
pub fn kind(text: &str) -> Result<Kind, String> {
    Kind::from_name(text).ok_or_else(|| {
        let known = Kind::ALL.map(Kind::name);
        let guess = crate::webhook::nearest(text, known)
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        format!(
            "no kind of that name{guess} The kinds are {}",
            known.join(", ")
        )
    })
}

fn expected(text: &str) -> Result<(Kind, u64), String> {
    match text.split_once('=') {
        None => Ok((kind(text)?, 1)),
        Some((name, number)) => Ok((
            kind(name)?,
            number
                .parse()
                .map_err(|_| format!("`{number}` is no number of events"))?,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cli, duration, size, time};
    use clap::CommandFactory;
    use std::time::Duration;

    #[test]
    fn the_words_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_sizes_and_times_are_what_people_write() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        for odd in ["", "5", "-2s", "soon", "1d"] {
            assert!(duration(odd).is_err(), "{odd}");
        }
        assert_eq!(size("64KiB"), Ok(65_536));
        assert_eq!(size("1MiB"), Ok(1_048_576));
        assert_eq!(size("12"), Ok(12));
        for odd in ["", "MiB", "-1", "1XB", "0", "99999999999999999999"] {
            assert!(size(odd).is_err(), "{odd}");
        }
        assert!(
            time("2026-01-02T00:00:00Z").is_ok()
                && time("2h").is_ok()
                && time("yesterday").is_err()
        );
    }
}
