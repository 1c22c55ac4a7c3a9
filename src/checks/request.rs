//! One request of a check: what it is made of, the delivery that comes of it, and the command line that sends the same.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use crate::checks::signing::seal;
use crate::checks::{Setting, Step};
use crate::providers::{Probe, Provider, Stencil, Template, Wish};
use crate::webhook::{Chance, Delivery, TimeForm, shell};

/// One request.
#[derive(Clone, Debug)]
pub struct Shot {
    /// What it is, for the reader: `a click signed with another secret`.
    pub what: String,
    /// What it carries.
    pub load: Load,
    /// Whether a machine did it.
    pub by_machine: bool,
    /// What differs from the example.
    pub wish: Wish,
    /// The near miss that it is, if it is one, by its name.
    pub tamper: Option<&'static str>,
    /// Whether the public test key signs it, though the user gave a secret.
    pub by_test_key: bool,
    /// Header fields to set.
    pub headers: Vec<(&'static str, &'static str)>,
    /// How long ago the event happened.
    pub ago: Duration,
    /// Which of the seed's numbers are used; the same number and the same load are the same request.
    pub number: u64,
    /// Whether it only means something in these very bytes.
    pub exact: bool,
    /// How often it must be sent to see the same.
    pub times: u8,
    /// How much later than now it is signed.
    pub later: Duration,
}

/// What a request carries.
#[derive(Clone, Debug)]
pub enum Load {
    /// An event, by its kind or its native name.
    Event(&'static str),
    /// So many events of that name, as the provider batches them.
    Batch(&'static str, u16),
    /// The head of an event's request with another body.
    Body(&'static str, Bytes, Words),
    /// Nothing: only a question.
    Ask(Method),
}

/// How a body is put on a command line.
#[derive(Clone, Debug)]
pub enum Words {
    /// As it is.
    Plain,
    /// By a command that prints it.
    Command(String),
}

impl Shot {
    /// An event, as it is.
    pub fn event(name: &'static str) -> Shot {
        Shot {
            what: format!("{name}, signed as it should be"),
            load: Load::Event(name),
            by_machine: false,
            wish: Wish::default(),
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

    /// Several events in a request.
    pub fn batch(name: &'static str, count: u16) -> Shot {
        Shot {
            load: Load::Batch(name, count),
            ..Self::event("batch")
        }
    }

    /// The head of an event's request with another body.
    pub fn body(name: &'static str, body: impl Into<Bytes>) -> Shot {
        Shot {
            load: Load::Body(name, body.into(), Words::Plain),
            ..Self::event(name)
        }
    }

    /// A question without a body.
    pub fn ask(method: Method) -> Shot {
        Shot {
            what: method.to_string(),
            load: Load::Ask(method),
            ..Self::event("")
        }
    }

    /// The same, told so.
    #[must_use]
    pub fn told(mut self, what: impl Into<String>) -> Shot {
        self.what = what.into();
        self
    }

    /// The same with ids of its own.
    #[must_use]
    pub fn numbered(mut self, number: u64) -> Shot {
        self.number = number;
        self
    }

    /// The same as a near miss.
    #[must_use]
    pub fn tampered(mut self, name: &'static str) -> Shot {
        self.tamper = Some(name);
        self
    }

    /// The same with a value at that place of the event.
    #[must_use]
    pub fn set(mut self, path: impl Into<String>, value: impl Into<serde_json::Value>) -> Shot {
        self.wish.sets.push((path.into(), value.into()));
        self
    }

    /// The same, with its body printed by that command.
    #[must_use]
    pub fn printed_by(mut self, command: impl Into<String>) -> Shot {
        if let Load::Body(_, _, words) = &mut self.load {
            *words = Words::Command(command.into());
        }
        self
    }

    /// The delivery, signed at that moment.
    pub fn make(&self, setting: &Setting, signed: Timestamp) -> Result<Delivery, String> {
        self.nth(0, setting, signed)
    }

    /// The delivery as it is before it is signed, to look at.
    pub fn bare(&self, setting: &Setting) -> Option<Delivery> {
        let (mut chance, life) = self.draws(0, setting);
        self.unsigned(setting, &mut chance, life).ok()
    }

    /// One of many that differ in their ids.
    pub fn nth(
        &self,
        number: u64,
        setting: &Setting,
        signed: Timestamp,
    ) -> Result<Delivery, String> {
        let signed = signed.checked_add(self.later).unwrap_or(signed);
        let (mut chance, life) = self.draws(number, setting);
        let mut delivery = self.unsigned(setting, &mut chance, life)?;
        delivery.aim(setting.target.path.clone());
        self.dress(setting, &mut delivery);
        if matches!(self.load, Load::Ask(_)) {
            // Nobody has a secret yet.
            return Ok(delivery);
        }
        let (tamper, public) = (self.tamper, self.by_test_key);
        seal(setting, &mut delivery, tamper, public, signed, &mut chance)?;
        // What the user wants to say has the last word, as in `send`.
        self.dress(setting, &mut delivery);
        Ok(delivery)
    }

    /// Two streams of chance, as `send --seed` has them: one for the rest, one for the messages.
    fn draws(
        &self,
        number: u64,
        setting: &Setting,
    ) -> (Chance, impl Fn(usize, usize) -> Chance + use<>) {
        let seed = self.seed(setting);
        let life = move |lives: usize, life: usize| {
            let number = number * lives as u64 + life as u64;
            Chance::seeded(seed ^ number.wrapping_mul(0xA076_1D64_78BD_642F))
        };
        let rest = Chance::seeded(seed ^ number.wrapping_mul(0xE703_7ED1_A0B4_28DB) ^ 1);
        (rest, life)
    }

    fn seed(&self, setting: &Setting) -> u64 {
        setting.seed.wrapping_add(self.number)
    }

    fn at(&self, setting: &Setting) -> Timestamp {
        setting.now.checked_sub(self.ago).unwrap_or(setting.now)
    }

    fn unsigned(
        &self,
        setting: &Setting,
        chance: &mut Chance,
        life: impl Fn(usize, usize) -> Chance,
    ) -> Result<Delivery, String> {
        let wish = &self.wish;
        let (stencil, body) = match &self.load {
            Load::Ask(method) => {
                let probe = Probe::all(setting.provider)
                    .into_iter()
                    .find(|probe| probe.name.eq_ignore_ascii_case(method.as_str()));
                let probe = probe.ok_or("nothing is asked so")?;
                let template = probe
                    .template(setting.provider)
                    .map_err(|error| error.to_string())?;
                (Stencil::new(&template, wish), None)
            }
            Load::Event(name) => {
                let template = template(setting.provider, name, self.by_machine)?;
                (Stencil::new(&template, wish), None)
            }
            Load::Body(name, body, _) => {
                let template = template(setting.provider, name, false)?;
                (Stencil::new(&template, wish), Some(body.clone()))
            }
            Load::Batch(name, count) => {
                let template = template(setting.provider, name, false)?;
                let stencil = Stencil::batch(&[&template], usize::from(*count), wish);
                (stencil.ok_or("there is nothing to batch")?, None)
            }
        };
        let lives = stencil.lives();
        let mut delivery = stencil.fill(self.at(setting), chance, |number| life(lives, number));
        if let Some(body) = body {
            delivery.body = body;
        }
        Ok(delivery)
    }

    fn dress(&self, setting: &Setting, delivery: &mut Delivery) {
        for (name, value) in &setting.headers {
            delivery.headers.set(name.clone(), value.clone());
        }
        for (name, value) in &self.headers {
            delivery.headers.set(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
    }

    /// The command line that sends the same.
    pub fn line(&self, setting: &Setting) -> String {
        let mut line = String::from("webhook-cli send");
        let mut word = |text: &str| {
            line.push(' ');
            line.push_str(&shell::word(text));
        };
        let mut before = None;
        match &self.load {
            Load::Event(name) => word(name),
            Load::Batch(name, count) => {
                word(name);
                word("--batch");
                word(&count.to_string());
            }
            Load::Body(name, body, words) => {
                word(name);
                word("--data");
                match (words, std::str::from_utf8(body)) {
                    (Words::Command(command), _) => {
                        before = Some(command.clone());
                        word("-");
                    }
                    (Words::Plain, Ok(text)) => word(text),
                    (Words::Plain, Err(_)) => {
                        before = Some(format!("printf {}", shell::printf(body)));
                        word("-");
                    }
                }
            }
            Load::Ask(method) => {
                word("--probe");
                word(&method.as_str().to_ascii_lowercase());
            }
        }
        word("--provider");
        word(setting.provider.name);
        word("--to");
        word(&setting.target.to_string());
        if let Some(secret) = setting.secret.as_ref().filter(|_| !self.by_test_key) {
            word("--secret");
            word(secret);
        }
        if let Some(url) = &setting.public_url {
            word("--public-url");
            word(url);
        }
        for (name, value) in &setting.headers {
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
        if setting.insecure {
            word("--insecure");
        }
        if let Some(address) = &self.wish.recipient {
            word("--recipient");
            word(address);
        }
        if let Some(id) = &self.wish.message_id {
            word("--message-id");
            word(id);
        }
        for (name, value) in &self.wish.metadata {
            word("--metadata");
            word(&format!("{name}={value}"));
        }
        for (path, value) in &self.wish.sets {
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
            word(&self.seed(setting).to_string());
        }
        if self.exact || !self.ago.is_zero() {
            word("--at");
            word(&TimeForm::Rfc3339(3).write(self.at(setting)));
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

impl Step {
    /// The command line that does the same; none where nothing is sent.
    pub fn line(&self, setting: &Setting) -> Option<String> {
        match self {
            Step::Send(shot) | Step::Again(shot) => Some(shot.line(setting)),
            Step::Together(shot, times) => {
                let numbers: Vec<String> = (1..=*times).map(|number| number.to_string()).collect();
                Some(format!(
                    "for i in {}; do {} & done; wait",
                    numbers.join(" "),
                    shot.line(setting)
                ))
            }
            Step::Burst(shot, count, at_once) => {
                Some(format!("{} -n {count} -c {at_once}", shot.line(setting)))
            }
            Step::Slowly(shot, _) => Some(format!(
                "{} --dry-run --as curl | sed 's/^curl/curl --limit-rate 300/' | sh",
                shot.line(setting)
            )),
            Step::Count => None,
        }
    }

    /// What is sent, if anything is.
    pub fn shot(&self) -> Option<&Shot> {
        match self {
            Step::Send(shot)
            | Step::Again(shot)
            | Step::Together(shot, _)
            | Step::Burst(shot, ..)
            | Step::Slowly(shot, _) => Some(shot),
            Step::Count => None,
        }
    }
}

/// A value as `--set` reads it: a text without its quotes, where that is still a text.
fn bare(value: &serde_json::Value) -> String {
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
