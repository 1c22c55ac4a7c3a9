//! Delivery habits of a provider in words: batching, success statuses, retries, timeout.

/// Delivery habits of a provider, as `events` shows them.
#[derive(Debug)]
pub struct Habits {
    /// Events per request.
    pub batching: Fact<&'static str>,
    /// Statuses that count as success.
    pub success: Fact<&'static str>,
    /// Statuses that are retried, with the number and the period of the retries.
    pub retries: Fact<&'static str>,
    /// Seconds that a handler has to respond.
    pub timeout: Fact<u16>,
}

/// Statement about a provider, with its certainty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// No page that was read mentions it.
    NotDocumented,
    /// Documented by the provider.
    Documented(T),
    /// Stated, but in doubt for the given reason.
    Unconfirmed(T, &'static str),
}

/// Default habits, for `..HABITS`: nothing is documented.
pub(super) const HABITS: Habits = Habits {
    batching: Fact::NotDocumented,
    success: Fact::NotDocumented,
    retries: Fact::NotDocumented,
    timeout: Fact::NotDocumented,
};

impl<T> Fact<T> {
    /// The stated value, certain or not.
    pub fn value(&self) -> Option<&T> {
        match self {
            Fact::NotDocumented => None,
            Fact::Documented(value) | Fact::Unconfirmed(value, _) => Some(value),
        }
    }

    /// The reason for doubt, if the value is unconfirmed.
    pub fn doubt(&self) -> Option<&'static str> {
        match self {
            Fact::Unconfirmed(_, doubt) => Some(doubt),
            Fact::NotDocumented | Fact::Documented(_) => None,
        }
    }
}
