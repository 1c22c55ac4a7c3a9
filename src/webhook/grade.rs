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
            Grade::Skip => "skip",
        }
    }
}
