//! Description of one request of a check, and the `send` command line for the same request.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;

use crate::checks::Context;
use crate::checks::context::INBOUND;
use crate::checks::mail::payload::MailPayload;
use crate::providers;
use crate::providers::{Overrides, Provider};
use crate::webhook::shell::CommandLine;
use crate::webhook::{Kind, TimestampFormat, as_verbatim, shell};

/// Description of one request.
#[derive(Clone, Debug)]
pub struct CheckRequest {
    /// Label for the reader: `a click signed with another secret`.
    pub what: String,
    /// Content.
    pub payload: Payload,
    /// True for an open or click by a machine.
    pub by_machine: bool,
    /// Differences from the provider's example.
    pub overrides: Overrides,
    /// Name of the tampering, if any.
    pub tamper: Option<&'static str>,
    /// True to sign with the public test key, even if the user gave a secret.
    pub by_test_key: bool,
    /// Headers to set.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Age of the event.
    pub ago: Duration,
    /// Number of the random stream; equal number and payload give an equal request.
    pub number: u64,
    /// True if the request only makes sense with exactly these bytes.
    pub exact: bool,
    /// Number of times to send it, to see the same result.
    pub times: u8,
    /// Offset of the signing time, after now.
    pub later: Duration,
}

/// Content of a request.
#[derive(Clone, Debug)]
pub enum Payload {
    /// An event, by its kind or its native name.
    Event(&'static str),
    /// This many events of one name, batched as by the provider.
    Batch(&'static str, u16),
    /// The headers of an event's request, with another body.
    Body(&'static str, Bytes, PrintedBody),
    /// Message that came in.
    Mail(MailPayload),
    /// No body: a handshake request.
    Handshake(Method),
}

/// Form of a body on a command line.
#[derive(Clone, Debug)]
pub enum PrintedBody {
    /// The literal text.
    Plain,
    /// A command that prints it.
    Command(String),
}

impl CheckRequest {
    /// Creates a request with an event.
    pub fn event(name: &'static str) -> CheckRequest {
        CheckRequest {
            what: format!("{name} with a valid signature"),
            payload: Payload::Event(name),
            by_machine: false,
            overrides: Overrides::default(),
            tamper: None,
            by_test_key: false,
            headers: Vec::new(),
            ago: Duration::ZERO,
            number: 0,
            exact: false,
            times: 1,
            later: Duration::ZERO,
        }
    }

    /// Creates a request with several events.
    pub fn batch(name: &'static str, count: u16) -> CheckRequest {
        CheckRequest {
            payload: Payload::Batch(name, count),
            ..Self::event("batch")
        }
    }

    /// Creates a request with the headers of an event's request and another body.
    pub fn body(name: &'static str, body: impl Into<Bytes>) -> CheckRequest {
        CheckRequest {
            payload: Payload::Body(name, body.into(), PrintedBody::Plain),
            ..Self::event(name)
        }
    }

    /// Creates a handshake request without a body.
    pub fn handshake(method: Method) -> CheckRequest {
        CheckRequest {
            what: method.to_string(),
            payload: Payload::Handshake(method),
            ..Self::event("")
        }
    }

    /// Sets the label.
    #[must_use]
    pub fn labelled(mut self, what: impl Into<String>) -> CheckRequest {
        self.what = what.into();
        self
    }

    /// Sets the number, which gives ids of its own.
    #[must_use]
    pub fn numbered(mut self, number: u64) -> CheckRequest {
        self.number = number;
        self
    }

    /// Sets the tampering.
    #[must_use]
    pub fn tampered(mut self, name: &'static str) -> CheckRequest {
        self.tamper = Some(name);
        self
    }

    /// Sets a value at a path of the event, like `--set`.
    #[must_use]
    pub fn set(
        mut self,
        path: impl Into<String>,
        value: impl Into<serde_json::Value>,
    ) -> CheckRequest {
        // As the command line that is shown has it, so that both send the same bytes.
        let value = providers::typed(&bare(&value.into()));
        self.overrides.sets.push((path.into(), value));
        self
    }

    /// Sets the command that prints the body.
    #[must_use]
    pub fn printed_by(mut self, command: impl Into<String>) -> CheckRequest {
        if let Payload::Body(_, _, words) = &mut self.payload {
            *words = PrintedBody::Command(command.into());
        }
        self
    }

    /// Seed of its random streams.
    pub(super) fn seed(&self, context: &Context) -> u64 {
        context.seed.wrapping_add(self.number)
    }

    /// Time of its events.
    pub(super) fn at(&self, context: &Context) -> Timestamp {
        context.now.checked_sub(self.ago).unwrap_or(context.now)
    }

    /// Command line that sends an equal request.
    pub fn line(&self, context: &Context) -> String {
        let mut line = CommandLine::new("webhook-cli send");
        self.payload.write(&mut line, context);
        line.option("--provider", context.provider.name);
        context.write(&mut line, self.by_test_key);
        for (name, value) in &self.headers {
            line.option("-H", &format!("{name}: {value}"));
        }
        line.flag("--insecure", context.insecure);
        self.write_overrides(&mut line);
        line.flag("--machine", self.by_machine);
        if let Some(name) = self.tamper {
            line.option("--tamper", name);
        }
        if self.exact {
            line.option("--seed", &self.seed(context).to_string());
        }
        if self.exact || !self.ago.is_zero() {
            line.option("--at", &TimestampFormat::Rfc3339(3).write(self.at(context)));
        }
        line.repeated(self.times)
    }

    fn write_overrides(&self, line: &mut CommandLine) {
        if let Some(address) = &self.overrides.recipient {
            line.option("--recipient", address);
        }
        if let Some(id) = &self.overrides.message_id {
            line.option("--message-id", id);
        }
        for (name, value) in &self.overrides.metadata {
            line.option("--metadata", &format!("{name}={value}"));
        }
        for (path, value) in &self.overrides.sets {
            line.option("--set", &format!("{path}={}", bare(value)));
        }
    }
}

/// True for the example of inbound mail.
fn is_inbound(provider: &Provider, name: &str) -> bool {
    let row = provider.row(name);
    provider.inbound.is_some() && row.is_some_and(|row| row.kind == Kind::Inbound)
}

impl Payload {
    /// Writes the words that name the payload.
    fn write(&self, line: &mut CommandLine, context: &Context) {
        if let Some(mode) = context.mail {
            line.word(INBOUND);
            let inbound = context.provider.inbound;
            if inbound.is_some_and(|it| it.mode(None) != Some(mode)) {
                line.option("--mode", mode);
            }
        }
        match self {
            Payload::Event(_) if context.mail.is_some() => {}
            Payload::Mail(mail) => mail.write(line),
            // Without the prefix, `send` makes the request of a message.
            Payload::Event(name) if is_inbound(context.provider, name) => {
                line.word(&format!("native:{name}"));
            }
            Payload::Event(name) => line.word(name),
            Payload::Batch(name, count) => {
                line.word(name);
                line.option("--batch", &count.to_string());
            }
            Payload::Body(name, body, printed) => {
                if context.mail.is_none() {
                    line.word(name);
                }
                match (printed, std::str::from_utf8(body)) {
                    (PrintedBody::Command(command), _) => pipe(line, command.clone()),
                    (PrintedBody::Plain, Ok(text)) => line.option("--data", text),
                    (PrintedBody::Plain, Err(_)) => {
                        pipe(line, format!("printf {}", shell::printf(body)));
                    }
                }
            }
            Payload::Handshake(method) => {
                line.option("--handshake", &method.as_str().to_ascii_lowercase());
            }
        }
    }
}

/// Adds `--data -`, and the command that prints the body.
fn pipe(line: &mut CommandLine, command: String) {
    line.option("--data", "-");
    line.pipe_from(command);
}

impl Context {
    /// Writes target, secret, URL and headers; with the test key, no secret.
    fn write(&self, line: &mut CommandLine, by_test_key: bool) {
        line.option("--to", &self.target.to_string());
        if let Some(secret) = self.secret.as_ref().filter(|_| !by_test_key) {
            line.option("--secret", secret);
        }
        if let Some(url) = &self.public_url {
            line.option("--public-url", url);
        }
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            line.option("-H", &format!("{name}: {value}"));
        }
    }
}

/// Value as `--set` reads it: a text without quotes, unless it would be read as JSON.
fn bare(value: &serde_json::Value) -> String {
    if let Some(text) = as_verbatim(value) {
        return text.to_owned();
    }
    match value.as_str() {
        Some(text) if serde_json::from_str::<serde_json::Value>(text).is_err() => text.to_owned(),
        _ => value.to_string(),
    }
}
