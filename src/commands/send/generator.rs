//! Generator of the deliveries of `send`: one at a time, so that memory does not grow with `--count`.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;

use crate::commands::args::RequestOptions;
use crate::commands::in_order::{CHUNK, Chunks, in_order};
use crate::commands::job;
use crate::commands::job::{Job, JobOrigin};
use crate::commands::send::content_api::ContentStore;
use crate::commands::send::inbound::InboundItem;
use crate::commands::signer::Signer;
use crate::error::{Error, Result};
use crate::io::recording::reader::Source;
use crate::providers;
use crate::providers::{
    Challenged, CompiledTemplate, ContentApi, Outgoing, Provider, RandomStreams,
};
use crate::webhook::body::multipart;
use crate::webhook::{Algorithm, Delivery, Expectation, Key, Rng, Scheme, Secret};

/// Statuses that count as success without `--expect-status`.
pub(crate) const SUCCESS: &str = "2xx";

/// Deliveries to generate, with everything that they share.
#[derive(Debug)]
pub(crate) struct SendSelection {
    /// Items of one round, in order.
    pub items: Vec<Item>,
    /// Number of rounds (`--count`).
    pub count: u64,
    /// Time of the events (`--at`); now if none.
    pub at: Option<Timestamp>,
    /// Body from `--data`, in place of the example's body.
    pub data: Option<Bytes>,
    /// Target, headers and expectation.
    pub request: RequestOptions,
    /// Signs the deliveries.
    pub signer: Arc<Signer>,
    /// True if each delivery has the same bytes whenever it is made (`--seed`).
    pub repeatable: bool,
}

/// Template of one delivery in each round, of one provider.
#[derive(Debug)]
pub(crate) struct Item {
    name: String,
    provider: &'static Provider,
    content: ItemContent,
    key: Option<Key>,
    /// Properties shared by all deliveries of this item, computed with the first.
    known: OnceLock<Known>,
}

/// Source of the deliveries of an item.
#[derive(Debug)]
pub(crate) enum ItemContent {
    /// Example of an event, or of a handshake.
    Event(Box<CompiledTemplate>),
    /// Message that came in.
    Mail(InboundItem),
}

impl From<CompiledTemplate> for ItemContent {
    fn from(compiled: CompiledTemplate) -> Self {
        ItemContent::Event(Box::new(compiled))
    }
}

impl From<InboundItem> for ItemContent {
    fn from(item: InboundItem) -> Self {
        ItemContent::Mail(item)
    }
}

impl ItemContent {
    /// Number of messages that a delivery is about.
    fn messages(&self) -> usize {
        match self {
            ItemContent::Event(compiled) => compiled.lives(),
            ItemContent::Mail(item) => item.messages(),
        }
    }

    fn fill(&self, at: Timestamp, rng: &mut Rng, message: impl Fn(usize) -> Rng) -> Delivery {
        match self {
            ItemContent::Event(compiled) => compiled.fill(at, rng, message),
            ItemContent::Mail(item) => item.fill(at, rng, message),
        }
    }
}

#[derive(Debug)]
struct Known {
    source: Source,
    scheme: Option<&'static Scheme>,
    about: String,
    /// True for a challenge, whose code the response must return.
    is_challenge: bool,
}

impl Item {
    /// Creates the item for an event, a handshake or inbound mail of `provider`.
    pub(crate) fn new(
        name: String,
        provider: &'static Provider,
        content: impl Into<ItemContent>,
    ) -> Item {
        Item {
            name,
            provider,
            content: content.into(),
            key: None,
            known: OnceLock::new(),
        }
    }

    /// Signs this item with `secret`, whatever secrets are given.
    pub(crate) fn signed_with(mut self, secret: &Secret) -> Item {
        let form = self.provider.schemes.first().map(|scheme| scheme.key);
        self.key = form.and_then(|form| form.key(secret));
        self
    }

    /// The name of its provider.
    pub(crate) fn provider(&self) -> &'static str {
        self.provider.name
    }

    /// Returns a note for each override that the provider's format has no field for.
    pub(crate) fn notes(&self) -> &[String] {
        match &self.content {
            ItemContent::Event(compiled) => compiled.notes(),
            ItemContent::Mail(_) => &[],
        }
    }
}

impl SendSelection {
    /// Returns the number of deliveries to generate.
    pub(crate) fn total(&self) -> u64 {
        self.count * self.items.len() as u64
    }

    /// Content API of the inbound mail, and the store of its answers; none if there is no `--api`.
    pub(crate) fn content_api(
        &self,
    ) -> Option<(&'static Provider, &'static ContentApi, &Arc<ContentStore>)> {
        self.items.iter().find_map(|item| match &item.content {
            ItemContent::Mail(mail) => {
                let (api, store) = mail.content_api()?;
                Some((item.provider, api, store))
            }
            ItemContent::Event(_) => None,
        })
    }

    /// Generates delivery `number` of the run; none after the last.
    fn job(&self, seed: u64, number: u64, now: Timestamp) -> Option<Result<Job>> {
        let items = self.items.len() as u64;
        let (round, place) = (number / items, number % items);
        if round >= self.count {
            return None;
        }
        let item = self.items.get(usize::try_from(place).ok()?)?;
        Some(self.make(item, seed, round, number, now))
    }

    /// Generates each item once, so that an error is reported before anything is sent. With `several` providers, items
    /// that fail are left out and noted.
    pub(crate) fn leave_out(&mut self, several: bool) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        let items = std::mem::take(&mut self.items);
        for item in items {
            match self.try_out(&item) {
                Err(error) if several => notes.push(format!("{}; left out", error.what())),
                made => {
                    made?;
                    self.items.push(item);
                }
            }
        }
        if self.items.is_empty() {
            return Err(Error::usage("no delivery is left to send"));
        }
        Ok(notes)
    }

    /// Generates an item once, to see that it can be signed. A large message is not needed for that.
    fn try_out(&self, item: &Item) -> Result<()> {
        let now = Timestamp::now();
        let ItemContent::Mail(mail) = &item.content else {
            return self.make(item, 0, 0, 0, now).map(drop);
        };
        let mut rng = RandomStreams(0).delivery(0);
        let delivery = mail.fill_small(self.at.unwrap_or(now), &mut rng);
        let known = OnceLock::new();
        self.finish(item, &known, delivery, &mut rng).map(drop)
    }

    /// Generates delivery `number` of the run, which belongs to `round`; `now` is the time of its events without `--at`.
    fn make(&self, item: &Item, seed: u64, round: u64, number: u64, now: Timestamp) -> Result<Job> {
        let streams = RandomStreams(seed);
        // The message id is the same for all kinds of a round.
        let first = round * item.content.messages() as u64;
        let message = |index: usize| streams.message(first + index as u64);
        let mut rng = streams.delivery(number).repeatable(self.repeatable);
        let at = self.at.unwrap_or(now);
        let delivery = item.content.fill(at, &mut rng, message);
        let (known, delivery, expected) = self.finish(item, &item.known, delivery, &mut rng)?;
        Ok(Job {
            id: (number + 1).to_string(),
            source: known.source.clone(),
            about: Some(known.about.clone()),
            provider: Some(item.provider),
            delivery,
            origin: JobOrigin {
                expected,
                ..JobOrigin::default()
            },
        })
    }

    /// Addresses a delivery, and signs it.
    fn finish<'a>(
        &self,
        item: &Item,
        known: &'a OnceLock<Known>,
        mut delivery: Delivery,
        rng: &mut Rng,
    ) -> Result<(&'a Known, Delivery, Option<Expectation>)> {
        if let Some(data) = &self.data {
            replace_body(&mut delivery, data);
        }
        let request = &self.request;
        let outgoing = self
            .signer
            .outgoing(item.provider, &request.target, &request.headers);
        outgoing.address(&mut delivery);
        let known = known.get_or_init(|| self.know(item, &delivery));
        let expected = known
            .is_challenge
            .then(|| self.answer_to(item, &delivery))
            .flatten();
        self.sign(item, known.scheme, &outgoing, &mut delivery, rng)?;
        Ok((known, delivery, expected))
    }

    /// Expects the challenge code in the response; none if the user expects another status.
    fn answer_to(&self, item: &Item, delivery: &Delivery) -> Option<Expectation> {
        let usual = &self.request.expected;
        let challenged = Challenged::of(item.provider, delivery)?;
        (usual.status.as_typed() == SUCCESS).then(|| Expectation {
            within: usual.within,
            ..challenged.expected()
        })
    }

    fn know(&self, item: &Item, delivery: &Delivery) -> Known {
        let receipt = providers::outline(delivery, Some(item.provider));
        let about = match &self.data {
            Some(data) => format!("{} bytes of --data  {}", data.len(), item.provider.name),
            None if receipt.handshake => {
                format!("{:<11} {}", delivery.method, item.provider.name)
            }
            None => job::about(&receipt),
        };
        let scheme = providers::signing_scheme(item.provider, delivery);
        // A handshake is not signed; it carries credentials at most.
        let signs =
            |scheme: &&Scheme| scheme.algorithm == Algorithm::Credentials || !receipt.handshake;
        Known {
            source: format!("send {}", item.name).as_str().into(),
            scheme: scheme.filter(signs),
            is_challenge: Challenged::of(item.provider, delivery).is_some(),
            about: match self.signer.tamper {
                Some(tamper) => format!("{about}  {}", tamper.about),
                None => about,
            },
        }
    }

    /// Signs a delivery, unless its scheme or its key is missing.
    fn sign(
        &self,
        item: &Item,
        scheme: Option<&Scheme>,
        outgoing: &Outgoing,
        delivery: &mut Delivery,
        rng: &mut Rng,
    ) -> Result<()> {
        let title = item.provider.title;
        let keys = &self.signer.keys;
        // A user who gave a secret does not expect a signature made with the test key.
        if let (Some(_), None, Some(unfit)) = (scheme, &item.key, keys.unfit(item.provider)) {
            return Err(Error::usage(unfit.why).hint(format!("wanted: {}", unfit.wanted)));
        }
        let key = item.key.as_ref().or_else(|| keys.signing(item.provider));
        match (scheme, key, outgoing.tamper) {
            (Some(scheme), Some(key), tamper) => {
                let signed = outgoing.sign(scheme, key, delivery, rng);
                signed.map_err(|why| {
                    Error::usage(match tamper {
                        Some(tamper) => format!(
                            "no handler can detect `--tamper {}` with {title}: {why}",
                            tamper.name
                        ),
                        None => format!("cannot sign as {title}: {why}"),
                    })
                })
            }
            (_, _, None) => Ok(()),
            (Some(scheme), None, Some(_)) => Err(Error::usage(format!(
                "{title} signs nothing, so there is nothing to tamper with"
            ))
            .hint(format!(
                "give the credentials that your handler expects, to send wrong ones: `--secret` {}",
                scheme.key.wanted()
            ))),
            (None, _, Some(_)) => Err(Error::usage(format!(
                "{title} does not sign `{}`, so there is nothing to tamper with",
                item.name
            ))),
        }
    }
}

/// Iterator over the jobs of all rounds. A round is one message for each provider: its kinds in the given order.
pub(crate) struct Generator {
    selection: Arc<SendSelection>,
    seed: u64,
    next: u64,
}

impl Generator {
    /// Starts at the first round of `seed`.
    pub(crate) fn new(selection: &Arc<SendSelection>, seed: u64) -> Self {
        Self {
            selection: Arc::clone(selection),
            seed,
            next: 0,
        }
    }
}

impl Generator {
    /// Generates the jobs on all cores, ahead of their use.
    pub(crate) fn on_all_cores(self) -> impl Iterator<Item = Result<Job>> {
        let (selection, seed) = (Arc::clone(&self.selection), self.seed);
        let chunks = Chunks {
            items: CHUNK,
            weigh: |_: &(u64, Timestamp)| 0,
        };
        // The events are in order of their time, so it is taken where their numbers are dealt out.
        let numbers = (self.next..selection.total()).map(|number| (number, Timestamp::now()));
        let jobs = in_order(numbers, chunks, move |(number, now)| {
            selection.job(seed, number, now)
        });
        jobs.flatten()
    }
}

impl Iterator for Generator {
    type Item = Result<Job>;

    fn next(&mut self) -> Option<Self::Item> {
        let job = self.selection.job(self.seed, self.next, Timestamp::now())?;
        self.next += 1;
        Some(job)
    }
}

/// Replaces the body by that of `--data`.
fn replace_body(delivery: &mut Delivery, data: &Bytes) {
    delivery.body = data.clone();
    // A multipart form cannot be read without its boundary.
    let boundary = multipart::sniff(data);
    let given = delivery.headers.text(CONTENT_TYPE.as_str());
    let has_other = boundary.is_some_and(|boundary| {
        // What the request says already stays as it is written.
        !given.is_some_and(|given| given.contains(&*boundary))
    });
    if has_other || delivery.headers.get(CONTENT_TYPE.as_str()).is_none() {
        delivery.headers.set(CONTENT_TYPE, content_type(data));
    }
}

/// Guesses the `Content-Type` of a `--data` body.
fn content_type(body: &[u8]) -> HeaderValue {
    if let Some(boundary) = multipart::sniff(body)
        && let Ok(kind) = format!("multipart/form-data; boundary=\"{boundary}\"").parse()
    {
        return kind;
    }
    let is_form = body.contains(&b'=')
        && body
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"=&%+-._*~".contains(b));
    let kind = if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() {
        "application/json"
    } else if is_form {
        "application/x-www-form-urlencoded"
    } else if std::str::from_utf8(body).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    };
    HeaderValue::from_static(kind)
}
