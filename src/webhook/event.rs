//! One thing that happened, in common words, whichever provider told it.

use jiff::Timestamp;

use crate::webhook::Kind;

/// One event of a delivery, as far as it could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened, in common words.
    pub kind: Kind,
    /// The provider's own word for it.
    pub native: String,
    /// The address it is about.
    pub recipient: Option<String>,
    /// What that provider's users correlate on.
    pub message_id: Option<String>,
    /// When it happened, as the provider says.
    pub at: Option<Timestamp>,
    /// The link that was clicked.
    pub url: Option<String>,
    /// How final a bounce is.
    pub bounce: Option<BounceClass>,
    /// Why: an SMTP reply, a reason for not sending.
    pub reason: Option<String>,
}

/// How final a bounce is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BounceClass {
    /// The address will never work.
    Hard,
    /// It may work another time.
    Soft,
    /// The provider could not tell.
    Undetermined,
}

impl BounceClass {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            BounceClass::Hard => "hard",
            BounceClass::Soft => "soft",
            BounceClass::Undetermined => "undetermined",
        }
    }
}
