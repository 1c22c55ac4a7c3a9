//! What was made of an arrival.

use std::fmt;

use crate::webhook::{Event, Predicate};

/// What was made of a delivery that came in. Reading never fails: what was odd stands in `problems`.
#[derive(Clone, Debug, Default)]
pub struct Receipt {
    /// The provider's or scheme's name, if it was recognised.
    pub provider: Option<&'static str>,
    /// What it was recognised by.
    pub recognised_by: Option<Recognition>,
    /// Whether it only asks if somebody is there, and tells nothing.
    pub handshake: bool,
    /// The events it tells, in the order told.
    pub events: Vec<Event>,
    /// What its signature is worth.
    pub signature: Signature,
    /// What was odd about it, in words for the reader.
    pub problems: Vec<String>,
    /// A link that this delivery asks to be visited, to confirm a subscription.
    pub confirm: Option<String>,
    /// What is the same when the same delivery comes again, and different for any other; none if nothing in it says.
    pub identity: Option<u64>,
}

/// What says whose a delivery is.
#[derive(Clone, Copy, Debug)]
pub enum Recognition {
    /// The user.
    Named,
    /// A header field of that name.
    Header(&'static str),
    /// The beginning of the content type.
    ContentType(&'static str),
    /// These places in the body.
    Body(&'static [(&'static str, Predicate)]),
}

impl fmt::Display for Recognition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recognition::Named => f.write_str("`--provider`"),
            Recognition::Header(name) => write!(f, "header `{name}`"),
            Recognition::ContentType(kind) => write!(f, "content type `{kind}`"),
            Recognition::Body(marks) => {
                // What must not be there says nothing to the reader.
                let there = marks
                    .iter()
                    .filter(|(_, mark)| !matches!(mark, Predicate::Absent | Predicate::Empty));
                for (at, (pointer, _)) in there.enumerate() {
                    write!(f, "{}`{pointer}`", if at == 0 { "" } else { ", " })?;
                }
                f.write_str(" in the body")
            }
        }
    }
}

/// A verdict with its scheme and its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// The scheme's name; none if the provider signs nothing.
    pub scheme: Option<&'static str>,
    /// What the signature is worth.
    pub verdict: Verdict,
    /// Why it was refused, or what the verdict does not cover.
    pub reason: Option<String>,
    /// Which of the keys that were given it holds with, counted from 0.
    pub key: Option<usize>,
}

/// What a signature is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It holds, with a secret that was given.
    Verified,
    /// It holds, with the public test key: anybody could have made it.
    VerifiedTestKey,
    /// There is nothing to check.
    #[default]
    Unsigned,
    /// It is signed, and no secret was given to check it with.
    Unchecked,
    /// It does not hold.
    Refused,
}

impl Verdict {
    /// The word for it, as printed.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Verified => "verified",
            Verdict::VerifiedTestKey => "verified (test key)",
            Verdict::Unsigned => "unsigned",
            Verdict::Unchecked => "unchecked",
            Verdict::Refused => "refused",
        }
    }

    /// Whether somebody who knows the secret sent it.
    pub fn holds(self) -> bool {
        matches!(self, Verdict::Verified | Verdict::VerifiedTestKey)
    }
}
