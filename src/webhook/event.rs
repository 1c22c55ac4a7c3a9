//! One event, in common words for all providers.

use jiff::Timestamp;

use crate::webhook::Kind;

/// One event of a delivery, as far as it could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Kind of event, in common words.
    pub kind: Kind,
    /// The provider's own name of the event.
    pub native: String,
    /// Email address that the event is about.
    pub recipient: Option<String>,
    /// Message id that the provider's users correlate on.
    pub message_id: Option<String>,
    /// Time of the event, as the provider reports it.
    pub at: Option<Timestamp>,
    /// Clicked link.
    pub url: Option<String>,
    /// Class of a bounce.
    pub bounce: Option<BounceClass>,
    /// Reason, such as an SMTP reply.
    pub reason: Option<String>,
}

/// Class of a bounce: permanent or temporary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BounceClass {
    /// Permanent: the address will never work.
    Hard,
    /// Temporary: a later message may arrive.
    Soft,
    /// Unknown to the provider.
    Undetermined,
}

impl BounceClass {
    /// Name, as printed.
    pub fn name(self) -> &'static str {
        match self {
            BounceClass::Hard => "hard",
            BounceClass::Soft => "soft",
            BounceClass::Undetermined => "undetermined",
        }
    }
}
