//! Anything worth telling.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::Tally;
use crate::webhook::{Attempt, Delivery, Outcome, Receipt};

/// Something that happened and that somebody may want to know.
#[derive(Debug)]
pub enum Notice<'a> {
    /// Connections are accepted at this URL.
    Listening {
        /// The real address, as a URL.
        url: &'a str,
    },
    /// A delivery came and was answered.
    Received(Received<'a>),
    /// A delivery is on disk.
    Recorded {
        /// The delivery's id.
        id: &'a str,
        /// The file it stands in.
        file: &'a Path,
    },
    /// A delivery was passed on.
    Forwarded {
        /// The delivery's id.
        id: &'a str,
        /// Where it went, as a URL.
        target: &'a str,
        /// What came of it.
        outcome: &'a Outcome,
        /// How long it took.
        took: Duration,
    },
    /// A delivery was sent, or tried to be.
    Attempted(&'a Attempt),
    /// The next attempt waits this long.
    Waiting {
        /// The attempt that failed.
        attempt: &'a Attempt,
        /// The wait until the next.
        wait: Duration,
    },
    /// A signature was judged.
    Judged(Judged<'a>),
    /// The run is over.
    Summary(&'a Tally),
}

/// A delivery that came, what was made of it, and what was answered.
#[derive(Debug)]
pub struct Received<'a> {
    /// The id it was given.
    pub id: &'a str,
    /// When its head arrived.
    pub at: Timestamp,
    /// Who sent it.
    pub remote: SocketAddr,
    /// The delivery.
    pub delivery: &'a Delivery,
    /// What was made of it.
    pub receipt: &'a Receipt,
    /// The status that was answered.
    pub status: u16,
    /// The body that was answered.
    pub answer: &'a [u8],
    /// From the whole request read to the answer ready.
    pub took: Duration,
}

/// A signature that was judged, and why it does not hold.
#[derive(Debug)]
pub struct Judged<'a> {
    /// The delivery's id, if it has one.
    pub id: Option<&'a str>,
    /// Where it stands.
    pub source: &'a str,
    /// The moment that it was judged as of.
    pub now: Timestamp,
    /// What was made of the delivery.
    pub receipt: &'a Receipt,
    /// Exactly what is signed.
    pub signed: Option<&'a [u8]>,
    /// What fits: its name, what is the matter, what to change.
    pub finding: Option<(&'a str, &'a str, &'a str)>,
    /// What was tried and does not fit.
    pub ruled_out: &'a [&'a str],
}

/// Which parts of a received delivery are shown below its line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts {
    /// A line for each event.
    pub events: bool,
    /// The header fields.
    pub headers: bool,
    /// The body.
    pub body: bool,
    /// What was answered.
    pub reply: bool,
}
