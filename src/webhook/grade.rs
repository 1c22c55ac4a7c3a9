//! How something that was tried out went.

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckStatus {
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

impl CheckStatus {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            CheckStatus::Pass => "pass",
            CheckStatus::Warn => "warn",
            CheckStatus::Fail => "fail",
            CheckStatus::Unknown => "unknown",
            CheckStatus::Skip => "skip",
        }
    }
}
