//! The words of `--report`.

use clap::ValueEnum;

/// Format of the results, for `--report` of `check` and `replay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Report {
    /// Text for people
    Text,
    /// One JSON object per line, as `--json`
    Json,
    /// JUnit XML
    Junit,
    /// Test Anything Protocol
    Tap,
}
