//! Grade of a check.

/// Grade of a check, as `check` reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckStatus {
    /// As expected.
    Pass,
    /// Works, but is risky.
    Warn,
    /// Not as expected.
    Fail,
    /// Nothing failed, but the responses do not prove more.
    Unknown,
    /// Not applicable.
    Skip,
}

impl CheckStatus {
    /// Name, as printed.
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
