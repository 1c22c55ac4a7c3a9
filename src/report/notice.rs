//! Anything worth telling.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::report::Tally;
use crate::webhook::{Attempt, CheckStatus, Delivery, Outcome, Receipt};

/// Something that happened and that somebody may want to know.
#[derive(Debug)]
pub enum Notice<'a> {
    /// Connections are accepted at this URL.
    Listening {
        /// The real address, as a URL.
        url: &'a str,
        /// The file of our own certificate, for those who are to trust it.
        certificate: Option<&'a Path>,
        /// What to try first, for somebody who looks on.
        hint: Option<&'a str>,
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
    /// A delivery was passed on, or tried to be.
    Forwarded(Forwarded<'a>),
    /// A link that confirms a subscription was visited.
    Confirmed {
        /// The delivery's id.
        id: &'a str,
        /// The link.
        link: &'a str,
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
    /// Deliveries were read and not sent.
    Read {
        /// How many.
        deliveries: u64,
        /// How many bytes their bodies have.
        bytes: u64,
    },
    /// A check of a handler is through.
    Checked(&'a Checked<'a>),
    /// All checks are through.
    CheckTotals(&'a CheckTotals<'a>),
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
    /// The status that was answered; none where the connection was closed in place of an answer.
    pub status: Option<u16>,
    /// The body that was answered.
    pub answer: &'a [u8],
    /// From the whole request read to the answer ready.
    pub took: Duration,
    /// Whether it was answered 401 for its signature.
    pub rejected: bool,
    /// Whether it was failed on purpose.
    pub on_purpose: bool,
    /// The same delivery came before.
    pub again: Option<Repeat>,
}

/// How often a delivery has come.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    /// 2 for the second time.
    pub count: u64,
    /// The time since it came first.
    pub since: Duration,
}

/// An attempt to pass a delivery on.
#[derive(Debug)]
pub struct Forwarded<'a> {
    /// The delivery's id.
    pub id: &'a str,
    /// Where it went, as a URL.
    pub target: &'a str,
    /// The first is 1.
    pub attempt: u32,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// How long it took.
    pub took: Duration,
    /// The wait until the next attempt, if there is one.
    pub again_in: Option<Duration>,
    /// When it ended, where that is told apart from the delivery itself.
    pub later: Option<Timestamp>,
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
    /// The key that it holds with.
    pub key: Option<KeyUsed<'a>>,
    /// What fits.
    pub finding: Option<Finding<'a>>,
    /// What was tried and does not fit.
    pub ruled_out: &'a [&'a str],
    /// What was not tried to the end.
    pub not_tried: &'a [&'a str],
    /// Why it was not.
    pub untried: &'a [&'a str],
    /// What to do where nothing fits.
    pub next: Option<&'a str>,
    /// What may be the matter, without a proof.
    pub hint: Option<&'a str>,
}

/// Which of the keys a signature holds with. Not the key.
#[derive(Clone, Copy, Debug)]
pub struct KeyUsed<'a> {
    /// Where it came from.
    pub name: &'a str,
    /// Its place among those that were given, counted from 1.
    pub number: usize,
    /// How many were given.
    pub of: usize,
}

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// A short name for it.
    pub name: &'a str,
    /// What is the matter.
    pub finding: &'a str,
    /// With what the signature holds.
    pub fits: &'a str,
    /// What to change.
    pub advice: &'a str,
}

/// A check of a handler, and what it came to.
#[derive(Debug)]
pub struct Checked<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it belongs to.
    pub group: &'a str,
    /// Whether it is the first of that group.
    pub opens: bool,
    /// What is true of a handler that passes.
    pub title: &'a str,
    /// How it went.
    pub grade: CheckStatus,
    /// Whether the handler answered with a 5xx, or broke the connection.
    pub crashed: bool,
    /// What was observed, in a few words.
    pub said: String,
    /// The rest of the story, where it did not pass.
    pub detail: Option<Detail<'a>>,
    /// How many requests it took.
    pub requests: usize,
    /// How long it took.
    pub took: Duration,
}

/// What there is to know of a check that did not pass.
#[derive(Debug)]
pub struct Detail<'a> {
    /// What was sent.
    pub sent: String,
    /// The status and the body that came.
    pub came: Option<(u16, bytes::Bytes)>,
    /// What was expected.
    pub expected: &'a str,
    /// Why it matters.
    pub why: &'a str,
    /// What to do.
    pub advice: &'a str,
    /// What it rests on.
    pub page: &'a str,
    /// The command line that does the same.
    pub again: Option<String>,
}

/// What all checks of a run came to.
#[derive(Debug)]
pub struct CheckTotals<'a> {
    /// The handler.
    pub target: &'a str,
    /// As whom it was checked.
    pub provider: &'a str,
    /// The checks.
    pub checks: &'a [Checked<'a>],
    /// What gives the same ids again.
    pub seed: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl CheckTotals<'_> {
    /// How many went so.
    pub fn count(&self, grade: CheckStatus) -> usize {
        let like = |check: &&Checked| check.grade == grade;
        self.checks.iter().filter(like).count()
    }
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

impl fmt::Display for KeyUsed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match (self.number, self.of) {
            (_, ..=1) => Ok(()),
            (1, of) => write!(f, " (the first of {of})"),
            (2, of) => write!(f, " (the second of {of})"),
            (number, of) => write!(f, " (number {number} of {of})"),
        }
    }
}
