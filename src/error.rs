//! Errors that end the program (message and hints), and its exit statuses.

use std::fmt;

/// Exit status of the program. The numbers are part of the contract and listed in the readme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success.
    Success = 0,
    /// Rejected request, or an expectation that was not met.
    Failure = 1,
    /// Wrong usage, or a start that failed: a port in use, for example.
    Usage = 2,
    /// Unreadable input file.
    Input = 3,
    /// No response from the target.
    NoAnswer = 4,
    /// Invalid signature.
    Signature = 5,
    /// Interrupt by the user (Ctrl-C).
    Interrupted = 130,
}

impl Exit {
    /// Returns the exit status that takes precedence: 130, then 2, 3, 4, 5, 1, 0.
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

/// Error that ends the run, with hints for the user.
#[derive(Debug)]
pub struct Error {
    exit: Exit,
    what: String,
    hints: Vec<String>,
}

/// Result of an operation whose error ends the run.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Creates an error of usage or start-up; exit status 2.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// Creates an error for an unreadable input; exit status 3.
    pub fn input(what: impl Into<String>) -> Self {
        Self::new(Exit::Input, what)
    }

    /// Creates an error with the given exit status.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            hints: Vec::new(),
        }
    }

    /// Adds a hint: a command or a flag to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Returns the exit status.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Returns the message, without the hints.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Returns the hints, the most likely remedy first.
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
