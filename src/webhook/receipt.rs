//! Result of reading and verifying a received delivery.

use std::fmt;

use crate::webhook::{Event, Mail, Predicate};

/// Result of reading and verifying a received delivery. Reading never fails: faults are listed in `problems`.
#[derive(Clone, Debug, Default)]
pub struct Receipt {
    /// Name of the provider or scheme, if recognised.
    pub provider: Option<&'static str>,
    /// Feature by which the provider was recognised.
    pub recognised_by: Option<Recognition>,
    /// True for a handshake: the provider validates the URL, without an event.
    pub handshake: bool,
    /// Title of the provider that sends this handshake, if known.
    pub asks: Option<&'static str>,
    /// Events of the delivery, in order.
    pub events: Vec<Event>,
    /// Mails that came in, each with an event of its own.
    pub mails: Vec<Mail>,
    /// Verdict on the signature.
    pub signature: Signature,
    /// True if the body is one JSON value; false if it is none, and if nothing is known about it.
    pub is_json: bool,
    /// Faults of the delivery, in words for the reader.
    pub problems: Vec<String>,
    /// URL to visit to confirm a subscription, if the delivery asks for it.
    pub confirm: Option<String>,
    /// Hash that is equal for repeats of this delivery and differs for others; none if nothing in it identifies it.
    pub identity: Option<u64>,
}

/// Feature that identifies the provider of a delivery.
#[derive(Clone, Copy, Debug)]
pub enum Recognition {
    /// The user, with `--provider`.
    Named,
    /// A header of this name.
    Header(&'static str),
    /// The beginning of the content type.
    ContentType(&'static str),
    /// Members of the body.
    Body(&'static [(&'static str, Predicate)]),
}

impl fmt::Display for Recognition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recognition::Named => f.write_str("`--provider`"),
            Recognition::Header(name) => write!(f, "header `{name}`"),
            Recognition::ContentType(kind) => write!(f, "content type `{kind}`"),
            Recognition::Body(marks) => {
                // A member that must be absent tells the reader nothing.
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

/// Verdict on a signature, with scheme and reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// Name of the scheme; none if the provider signs nothing.
    pub scheme: Option<&'static str>,
    /// Verdict on the signature.
    pub verdict: Verdict,
    /// Reason of a rejection, or note on what the signature does not cover.
    pub reason: Option<String>,
    /// Index of the given key that verified it, from 0.
    pub key: Option<usize>,
}

/// Verdict on a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Valid, with a given secret.
    Verified,
    /// Valid, with the public test key, which anybody can sign with.
    VerifiedTestKey,
    /// No signature to verify.
    #[default]
    Unsigned,
    /// Signed, but no secret was given to verify it.
    Unchecked,
    /// Invalid.
    Refused,
}

impl Verdict {
    /// Name, as printed.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Verified => "verified",
            Verdict::VerifiedTestKey => "verified (test key)",
            Verdict::Unsigned => "unsigned",
            Verdict::Unchecked => "unchecked",
            Verdict::Refused => "refused",
        }
    }

    /// Verdict by its name on the command line.
    pub fn from_name(name: &str) -> Option<Verdict> {
        Some(match name.to_ascii_lowercase().as_str() {
            "verified" => Verdict::Verified,
            "test-key" => Verdict::VerifiedTestKey,
            "unsigned" => Verdict::Unsigned,
            "unchecked" => Verdict::Unchecked,
            "refused" => Verdict::Refused,
            _ => return None,
        })
    }

    /// True for a valid signature.
    pub fn holds(self) -> bool {
        matches!(self, Verdict::Verified | Verdict::VerifiedTestKey)
    }
}
