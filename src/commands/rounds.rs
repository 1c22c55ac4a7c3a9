//! Makes what `send` sends, one at a time: as much as is asked for, in memory that does not grow with it.

use std::cell::OnceCell;
use std::rc::Rc;

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;

use super::courier::{self, History, Parcel};
use super::plan::Request;
use super::sealer::Sealer;
use crate::error::{Error, Result};
use crate::io::source::Source;
use crate::providers::{self, Provider, Stencil};
use crate::webhook::{Chance, Delivery, Recipe};

/// What is made, and how often.
#[derive(Debug)]
pub struct Works {
    /// The deliveries of one round, in their order.
    pub items: Vec<Item>,
    /// How many rounds there are.
    pub count: u64,
    /// When it happened; now if none.
    pub at: Option<Timestamp>,
    /// A body of the user's own in place of the examples'.
    pub data: Option<Bytes>,
    /// Where it goes, and the header fields that go with it.
    pub request: Request,
    /// Signs it.
    pub sealer: Rc<Sealer>,
}

/// One of the deliveries of a round.
#[derive(Debug)]
pub struct Item {
    name: String,
    provider: &'static Provider,
    stencil: Stencil,
    /// What is the same for all that are made of it, found out with the first.
    known: OnceCell<Known>,
}

#[derive(Debug)]
struct Known {
    source: Source,
    scheme: Option<&'static Recipe>,
    about: String,
}

impl Item {
    /// A delivery of that name in that provider's dress.
    pub fn new(name: String, provider: &'static Provider, stencil: Stencil) -> Item {
        Item {
            name,
            provider,
            stencil,
            known: OnceCell::new(),
        }
    }

    /// A note on each wish that the provider cannot carry.
    pub fn notes(&self) -> &[String] {
        self.stencil.notes()
    }
}

impl Works {
    /// How many deliveries there will be.
    pub fn total(&self) -> u64 {
        self.count * self.items.len() as u64
    }
}

/// Each round is a life of one message for each provider: its kinds in the order given, with one message id.
pub struct Rounds {
    works: Rc<Works>,
    seed: u64,
    next: u64,
}

impl Rounds {
    /// The rounds of that seed, from the first on.
    pub fn new(works: &Rc<Works>, seed: u64) -> Self {
        Self {
            works: Rc::clone(works),
            seed,
            next: 0,
        }
    }

    fn make(&self, number: u64) -> Option<Result<Parcel>> {
        let works = &self.works;
        let items = works.items.len() as u64;
        let (round, place) = (number / items, number % items);
        if round >= works.count {
            return None;
        }
        let item = works.items.get(usize::try_from(place).ok()?)?;
        // Two streams of chance: the message's id is the same for all kinds of a round.
        let of_life = |life: usize| {
            let number = round * item.stencil.lives() as u64 + life as u64;
            Chance::seeded(self.seed ^ number.wrapping_mul(0xA076_1D64_78BD_642F))
        };
        let mut chance = Chance::seeded(self.seed ^ number.wrapping_mul(0xE703_7ED1_A0B4_28DB) ^ 1);
        let at = works.at.unwrap_or_else(Timestamp::now);
        let mut delivery = item.stencil.fill(at, &mut chance, of_life);
        if let Some(data) = &works.data {
            delivery.body = data.clone();
            if delivery.headers.get("content-type").is_none() {
                let kind = HeaderValue::from_static(content_type(data));
                delivery.headers.set(CONTENT_TYPE, kind);
            }
        }
        delivery.aim(works.request.target.path.clone());
        // Before it is signed, because a header may say what is signed; and after, so that the user has the last word.
        works.request.dress(&mut delivery);
        let known = item.known.get_or_init(|| works.know(item, &delivery));
        if let Some(scheme) = known.scheme
            && let Err(why) = works.sealer.seal_as(
                scheme,
                item.provider,
                &mut delivery,
                &works.request.target,
                &mut chance,
            )
        {
            return Some(Err(Error::usage(format!(
                "cannot sign as {}: {why}",
                item.provider.title
            ))));
        }
        works.request.dress(&mut delivery);
        Some(Ok(Parcel {
            id: (number + 1).to_string(),
            source: known.source.clone(),
            about: Some(known.about.clone()),
            provider: Some(item.provider),
            delivery,
            past: History::default(),
        }))
    }
}

impl Works {
    fn know(&self, item: &Item, delivery: &Delivery) -> Known {
        Known {
            source: format!("send {}", item.name).as_str().into(),
            scheme: providers::signing_scheme(item.provider, delivery),
            about: match &self.data {
                Some(data) => format!("{} bytes of your own  {}", data.len(), item.provider.name),
                None => courier::about(&providers::outline(delivery, Some(item.provider))),
            },
        }
    }
}

impl Iterator for Rounds {
    type Item = Result<Parcel>;

    fn next(&mut self) -> Option<Self::Item> {
        let made = self.make(self.next)?;
        self.next += 1;
        Some(made)
    }
}

/// What a body of the user's own looks like.
fn content_type(body: &[u8]) -> &'static str {
    let is_form = body.contains(&b'=')
        && body
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"=&%+-._*~".contains(b));
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() {
        "application/json"
    } else if is_form {
        "application/x-www-form-urlencoded"
    } else if std::str::from_utf8(body).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    }
}
