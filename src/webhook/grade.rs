//! How something that was tried out went.

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// As it should.
    Pass,
    /// It works, and could do harm.
    Warn,
    /// Not as it should.
    Fail,
    /// Nothing went wrong, and what was seen does not say more.
    Unknown,
    /// It does not apply, or says nothing.
    Skip,
}

impl Grade {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Grade::Pass => "pass",
            Grade::Warn => "warn",
            Grade::Fail => "fail",
            Grade::Unknown => "unknown",
            Grade::Skip => "skip",
        }
    }
}
