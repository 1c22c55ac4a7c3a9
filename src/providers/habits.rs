//! How a provider delivers: what a handler meets besides the events themselves.

/// How a provider delivers, in words to show.
#[derive(Debug)]
pub struct Habits {
    /// How many events a request holds.
    pub batching: Fact<&'static str>,
    /// Which answers it takes as success.
    pub success: Fact<&'static str>,
    /// On which answers it tries again, how often and for how long.
    pub retries: Fact<&'static str>,
    /// How many seconds it gives a handler to answer.
    pub timeout: Fact<u16>,
}

/// Something about a provider that is more or less sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// No page that was read says anything of it.
    NotDocumented,
    /// The provider says so.
    Documented(T),
    /// It is said, and in doubt for that reason.
    Unconfirmed(T, &'static str),
}

/// Nothing is documented, to be filled in.
pub const HABITS: Habits = Habits {
    batching: Fact::NotDocumented,
    success: Fact::NotDocumented,
    retries: Fact::NotDocumented,
    timeout: Fact::NotDocumented,
};

impl<T> Fact<T> {
    /// What is said, sure or not.
    pub fn value(&self) -> Option<&T> {
        match self {
            Fact::NotDocumented => None,
            Fact::Documented(value) | Fact::Unconfirmed(value, _) => Some(value),
        }
    }

    /// Why it is in doubt.
    pub fn doubt(&self) -> Option<&'static str> {
        match self {
            Fact::Unconfirmed(_, doubt) => Some(doubt),
            Fact::NotDocumented | Fact::Documented(_) => None,
        }
    }
}
