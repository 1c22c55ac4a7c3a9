//! How a provider goes about delivering, in a form that can be tried out; `habits` has it in words.

use crate::webhook::{Delivery, Key, SigningContext};

/// What a handler has to reckon with, as far as the provider's documents say; what they do not say is not guessed.
#[derive(Debug)]
pub struct Behaviour {
    /// Whether 200 is the only status that its documents name as success.
    pub only_200: bool,
    /// How many events a request may tell.
    pub batch: Batch,
    /// What it asks of a URL before it trusts it.
    pub handshake: &'static [Handshake],
    /// The header fields that it asks with where it asks without a body.
    pub asks_with: &'static [(&'static str, &'static str)],
    /// What it signs with while it asks, because there is no secret yet.
    pub setup_secret: Option<&'static str>,
    /// What it tells of the webhook itself later on, by the native names.
    pub later: &'static [&'static str],
    /// Whether its documents or its own libraries refuse a signature that is too old.
    pub judges_age: bool,
    /// Events that it sends both of for one thing that happened once, by their native names.
    pub twins: &'static [(&'static str, &'static str)],
    /// What it signs besides, where it signs by its first scheme.
    pub beside: Option<&'static CompanionHeaders>,
}

/// Header fields that go with a signature: an older signature of the same, the name of the key.
#[derive(Debug)]
pub struct CompanionHeaders {
    /// Their names.
    pub headers: &'static [&'static str],
    /// Puts them into a delivery.
    pub sign: fn(&mut Delivery, &Key, &mut SigningContext) -> Result<(), String>,
}

/// A provider of which nothing of this is known.
pub const CONDUCT: Behaviour = Behaviour {
    only_200: false,
    batch: Batch::Never,
    handshake: &[],
    asks_with: &[],
    setup_secret: None,
    later: &[],
    judges_age: false,
    twins: &[],
    beside: None,
};

/// How many events a request may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// Always one.
    Never,
    /// Up to so many.
    UpTo(u16),
    /// Several; how many is not documented.
    Some,
    /// Several, in a list that only some kinds of event come in; the others come alone. How many is not documented.
    InList,
}

/// What a provider asks of a URL before it trusts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// A HEAD that must be answered with success.
    Head,
    /// A GET that must be answered with success.
    Get,
    /// An OPTIONS that asks for consent, as CloudEvents has it.
    Options,
    /// A batch without events.
    EmptyBatch,
    /// The event of that native name.
    Event(&'static str),
    /// An event with a code that must come back.
    Challenge(Challenge),
}

/// An event with a code that must come back in the answer, which must be a 200 with a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The event's native name.
    pub event: &'static str,
    /// Where the code stands in the event.
    pub code: &'static str,
    /// The member of a JSON response that gives it back. Where there is none the code is the whole response, and some
    /// webhooks are content with 200 alone.
    pub answer: Option<&'static str>,
}

impl Behaviour {
    /// The event with a code that must come back, if it asks in that way.
    pub fn challenge(&self) -> Option<&'static Challenge> {
        self.handshake.iter().find_map(|asked| match asked {
            Handshake::Challenge(challenge) => Some(challenge),
            _ => None,
        })
    }

    /// Whether it asks with the event of that native name before it trusts a URL.
    pub fn asks_by(&self, native: &str) -> bool {
        self.handshake.iter().any(|asked| match asked {
            Handshake::Event(name) => *name == native,
            Handshake::Challenge(challenge) => challenge.event == native,
            _ => false,
        })
    }
}
