//! What stops the program, told so that it helps: what happened, then what to try.

use std::fmt;

/// How the program ends. The numbers are part of the contract and are listed in the readme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything asked for happened.
    Success = 0,
    /// It ran, and something was refused or an expectation failed.
    Failure = 1,
    /// It could not run: wrong usage, a port that is taken.
    Usage = 2,
    /// An input file could not be read as what it should be.
    Input = 3,
    /// No answer came from the target.
    NoAnswer = 4,
    /// A signature does not hold.
    Signature = 5,
    /// Interrupted by the user.
    Interrupted = 130,
}

impl Exit {
    /// The graver of two outcomes of one run: 130, 3, 4, 5, then 1.
    #[must_use]
    pub fn or(self, other: Exit) -> Exit {
        if self.rank() <= other.rank() {
            self
        } else {
            other
        }
    }

    fn rank(self) -> u8 {
        match self {
            Exit::Interrupted => 0,
            Exit::Usage => 1,
            Exit::Input => 2,
            Exit::NoAnswer => 3,
            Exit::Signature => 4,
            Exit::Failure => 5,
            Exit::Success => 6,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that ends the run, with hints at what to do about it.
#[derive(Debug)]
pub struct Error {
    exit: Exit,
    what: String,
    hints: Vec<String>,
}

/// The result of anything that may end the run.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// It could not run as asked; exit status 2.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// An input file is not what it should be; exit status 3.
    pub fn input(what: impl Into<String>) -> Self {
        Self::new(Exit::Input, what)
    }

    /// An error with an exit status of its own.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            hints: Vec::new(),
        }
    }

    /// The same error with a hint at what to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The exit status this error asks for.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// What happened, without the hints.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to try, most likely first.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_graver_exit_status_wins() {
        let order = [
            Exit::Interrupted,
            Exit::Input,
            Exit::NoAnswer,
            Exit::Signature,
            Exit::Failure,
            Exit::Success,
        ];
        for pair in order.windows(2) {
            assert_eq!(pair[0].or(pair[1]), pair[0]);
            assert_eq!(pair[1].or(pair[0]), pair[0]);
        }
    }
}
