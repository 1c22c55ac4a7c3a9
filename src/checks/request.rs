//! One request of a check: its description, the delivery made from it, and the `send` command line for the same
//! request.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use crate::checks::Context;
use crate::checks::signing::seal;
use crate::providers::{self, CompiledTemplate, HandshakeRequest, Overrides, Provider, Template};
use crate::webhook::sending::rng;
use crate::webhook::{Delivery, Rng, TimestampFormat, as_verbatim, shell};

/// Description of one request.
#[derive(Clone, Debug)]
pub struct CheckRequest {
    /// Label for the reader: `a click signed with another secret`.
    pub what: String,
    /// Content.
    pub load: Payload,
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
    /// No body: a handshake request.
    Ask(Method),
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
            what: format!("{name}, signed as it should be"),
            load: Payload::Event(name),
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
            load: Payload::Batch(name, count),
            ..Self::event("batch")
        }
    }

    /// Creates a request with the headers of an event's request and another body.
    pub fn body(name: &'static str, body: impl Into<Bytes>) -> CheckRequest {
        CheckRequest {
            load: Payload::Body(name, body.into(), PrintedBody::Plain),
            ..Self::event(name)
        }
    }

    /// Creates a handshake request without a body.
    pub fn ask(method: Method) -> CheckRequest {
        CheckRequest {
            what: method.to_string(),
            load: Payload::Ask(method),
            ..Self::event("")
        }
    }

    /// Sets the label.
    #[must_use]
    pub fn told(mut self, what: impl Into<String>) -> CheckRequest {
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
        if let Payload::Body(_, _, words) = &mut self.load {
            *words = PrintedBody::Command(command.into());
        }
        self
    }

    /// Creates the delivery, signed at this time.
    pub fn make(&self, context: &Context, signed: Timestamp) -> Result<Delivery, String> {
        self.nth(0, context, signed)
    }

    /// Creates the delivery without a signature, to inspect.
    pub fn bare(&self, context: &Context) -> Option<Delivery> {
        let (mut rng, life) = self.draws(0, context);
        self.unsigned(context, &mut rng, life).ok()
    }

    /// Creates one of many deliveries that differ in their ids.
    pub fn nth(
        &self,
        number: u64,
        context: &Context,
        signed: Timestamp,
    ) -> Result<Delivery, String> {
        let signed = signed.checked_add(self.later).unwrap_or(signed);
        let (mut rng, life) = self.draws(number, context);
        let mut delivery = self.unsigned(context, &mut rng, life)?;
        delivery.aim(context.target.path.clone());
        self.dress(context, &mut delivery);
        if matches!(self.load, Payload::Ask(_)) {
            // Before the handshake there is no secret yet.
            return Ok(delivery);
        }
        let (tamper, public) = (self.tamper, self.by_test_key);
        seal(context, &mut delivery, tamper, public, signed, &mut rng)?;
        // Headers set by the user replace all others, as in `send`.
        self.dress(context, &mut delivery);
        Ok(delivery)
    }

    /// Two random streams, as for `send --seed`: one for messages, one for everything else.
    fn draws(&self, number: u64, context: &Context) -> (Rng, impl Fn(usize, usize) -> Rng + use<>) {
        let seed = self.seed(context);
        let life = move |lives: usize, life: usize| {
            let number = number * lives as u64 + life as u64;
            Rng::seeded(rng::message_seed(seed, number))
        };
        let rest = Rng::seeded(rng::delivery_seed(seed, number) ^ 1);
        (rest, life)
    }

    fn seed(&self, context: &Context) -> u64 {
        context.seed.wrapping_add(self.number)
    }

    fn at(&self, context: &Context) -> Timestamp {
        context.now.checked_sub(self.ago).unwrap_or(context.now)
    }

    fn unsigned(
        &self,
        context: &Context,
        rng: &mut Rng,
        life: impl Fn(usize, usize) -> Rng,
    ) -> Result<Delivery, String> {
        let overrides = &self.overrides;
        let (compiled, body) = match &self.load {
            Payload::Ask(method) => {
                let request = HandshakeRequest::all(context.provider)
                    .into_iter()
                    .find(|request| request.name.eq_ignore_ascii_case(method.as_str()));
                let request = request.ok_or("nothing is asked so")?;
                let template = request
                    .template(context.provider)
                    .map_err(|error| error.to_string())?;
                (CompiledTemplate::new(&template, overrides), None)
            }
            Payload::Event(name) => {
                let template = template(context.provider, name, self.by_machine)?;
                (CompiledTemplate::new(&template, overrides), None)
            }
            Payload::Body(name, body, _) => {
                let template = template(context.provider, name, false)?;
                (
                    CompiledTemplate::new(&template, overrides),
                    Some(body.clone()),
                )
            }
            Payload::Batch(name, count) => {
                let template = template(context.provider, name, false)?;
                let compiled =
                    CompiledTemplate::batch(&[&template], usize::from(*count), overrides);
                (compiled.ok_or("there is nothing to batch")?, None)
            }
        };
        let lives = compiled.lives();
        let mut delivery = compiled.fill(self.at(context), rng, |number| life(lives, number));
        if let Some(body) = body {
            delivery.body = body;
        }
        Ok(delivery)
    }

    fn dress(&self, context: &Context, delivery: &mut Delivery) {
        for (name, value) in &context.headers {
            delivery.headers.set(name.clone(), value.clone());
        }
        for (name, value) in &self.headers {
            delivery.headers.set(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
    }

    /// Command line that sends an equal request.
    pub fn line(&self, context: &Context) -> String {
        let mut line = String::from("webhook-cli send");
        let mut word = |text: &str| {
            line.push(' ');
            line.push_str(&shell::word(text));
        };
        let mut before = None;
        match &self.load {
            Payload::Event(name) => word(name),
            Payload::Batch(name, count) => {
                word(name);
                word("--batch");
                word(&count.to_string());
            }
            Payload::Body(name, body, words) => {
                word(name);
                word("--data");
                match (words, std::str::from_utf8(body)) {
                    (PrintedBody::Command(command), _) => {
                        before = Some(command.clone());
                        word("-");
                    }
                    (PrintedBody::Plain, Ok(text)) => word(text),
                    (PrintedBody::Plain, Err(_)) => {
                        before = Some(format!("printf {}", shell::printf(body)));
                        word("-");
                    }
                }
            }
            Payload::Ask(method) => {
                word("--handshake");
                word(&method.as_str().to_ascii_lowercase());
            }
        }
        word("--provider");
        word(context.provider.name);
        word("--to");
        word(&context.target.to_string());
        if let Some(secret) = context.secret.as_ref().filter(|_| !self.by_test_key) {
            word("--secret");
            word(secret);
        }
        if let Some(url) = &context.public_url {
            word("--public-url");
            word(url);
        }
        for (name, value) in &context.headers {
            word("-H");
            word(&format!(
                "{name}: {}",
                String::from_utf8_lossy(value.as_bytes())
            ));
        }
        for (name, value) in &self.headers {
            word("-H");
            word(&format!("{name}: {value}"));
        }
        if context.insecure {
            word("--insecure");
        }
        if let Some(address) = &self.overrides.recipient {
            word("--recipient");
            word(address);
        }
        if let Some(id) = &self.overrides.message_id {
            word("--message-id");
            word(id);
        }
        for (name, value) in &self.overrides.metadata {
            word("--metadata");
            word(&format!("{name}={value}"));
        }
        for (path, value) in &self.overrides.sets {
            word("--set");
            word(&format!("{path}={}", bare(value)));
        }
        if self.by_machine {
            word("--machine");
        }
        if let Some(name) = self.tamper {
            word("--tamper");
            word(name);
        }
        if self.exact {
            word("--seed");
            word(&self.seed(context).to_string());
        }
        if self.exact || !self.ago.is_zero() {
            word("--at");
            word(&TimestampFormat::Rfc3339(3).write(self.at(context)));
        }
        let line = match before {
            Some(before) => format!("{before} | {line}"),
            None => line,
        };
        match self.times {
            0 | 1 => line,
            times => {
                let numbers: Vec<String> = (1..=times).map(|number| number.to_string()).collect();
                format!("for i in {}; do {line}; done", numbers.join(" "))
            }
        }
    }
}

impl Context {
    /// Sample delivery, to inspect.
    pub(super) fn sample(&self) -> Option<Delivery> {
        CheckRequest::event(self.event()).bare(self)
    }

    /// True if bodies are URL-encoded forms.
    pub(super) fn is_form(&self) -> bool {
        self.sample().is_some_and(|sample| {
            let kind = sample.headers.text("content-type").unwrap_or_default();
            kind.starts_with("application/x-www-form-urlencoded")
        })
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

fn template(provider: &'static Provider, name: &str, by_machine: bool) -> Result<Template, String> {
    let row = provider
        .row(name)
        .ok_or_else(|| format!("{} sends no `{name}`", provider.title))?;
    if by_machine {
        Template::of_machine(provider, row)
    } else {
        Template::new(provider, row, None)
    }
    .map_err(|error| error.to_string())
}
