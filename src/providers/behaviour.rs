//! Delivery behaviour of a provider in a form that `check`, `send --handshake` and `--batch` can act on;
//! [`Habits`](super::habits::Habits) says it in words.

use crate::webhook::{Delivery, Key, SigningContext};

/// Documented delivery behaviour that a handler must cope with; undocumented behaviour is not guessed.
#[derive(Debug)]
pub struct Behaviour {
    /// True if 200 is the only status that the documentation names as success.
    pub only_200: bool,
    /// Events per request.
    pub batch: Batch,
    /// Requests by which it checks a new URL, in order.
    pub handshake: &'static [Handshake],
    /// Header fields of a check without a body (HEAD, GET, OPTIONS).
    pub asks_with: &'static [(&'static str, &'static str)],
    /// Secret that signs the check of a new URL, before the webhook has a secret of its own.
    pub setup_secret: Option<&'static str>,
    /// Later events about the webhook itself, such as its deletion, by their native names; sent by `send --handshake` too.
    pub later: &'static [&'static str],
    /// True if its documentation or its own libraries reject a signature that is too old.
    pub judges_age: bool,
    /// Pairs of events that it sends both of for one occurrence, by their native names.
    pub twins: &'static [(&'static str, &'static str)],
    /// Companion headers, added when a delivery is signed by the first scheme.
    pub beside: Option<&'static CompanionHeaders>,
}

/// Header fields that accompany a signature: an older signature of the same delivery, the name of the key.
#[derive(Debug)]
pub struct CompanionHeaders {
    /// Names of the header fields.
    pub headers: &'static [&'static str],
    /// Adds them to a delivery.
    pub sign: fn(&mut Delivery, &Key, &mut SigningContext) -> Result<(), String>,
}

/// Default behaviour, for `..CONDUCT`: nothing is documented.
pub(super) const CONDUCT: Behaviour = Behaviour {
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

/// Number of events in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// Always one.
    Never,
    /// A list of at most this many.
    UpTo(u16),
    /// A list of several; the maximum is not documented.
    Some,
    /// A list of several for some kinds of event, a single event for the others; the maximum is not documented.
    InList,
}

/// Request by which a provider checks a new URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// A HEAD request, which must get a success status.
    Head,
    /// A GET request, which must get a success status.
    Get,
    /// An OPTIONS request that asks for consent, as defined by the CloudEvents webhook specification.
    Options,
    /// A batch without events.
    EmptyBatch,
    /// The event of this native name.
    Event(&'static str),
    /// An event with a code that the response must repeat.
    Challenge(Challenge),
}

/// Event with a code that the response must repeat; the response must be a 200, with a JSON object if it has a member
/// name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Native name of the event.
    pub event: &'static str,
    /// JSON pointer to the code in the event.
    pub code: &'static str,
    /// JSON member of the response that repeats the code. None: the code alone is the body, and some webhooks accept
    /// any body with a 200.
    pub answer: Option<&'static str>,
}

impl Behaviour {
    /// The check that sends a code, if this provider has one.
    pub fn challenge(&self) -> Option<&'static Challenge> {
        self.handshake.iter().find_map(|asked| match asked {
            Handshake::Challenge(challenge) => Some(challenge),
            _ => None,
        })
    }

    /// True if the event of this native name is one of the checks of a new URL.
    pub fn asks_by(&self, native: &str) -> bool {
        self.handshake.iter().any(|asked| match asked {
            Handshake::Event(name) => *name == native,
            Handshake::Challenge(challenge) => challenge.event == native,
            _ => false,
        })
    }
}
