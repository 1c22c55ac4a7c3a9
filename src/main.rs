//! The program: everything is in the library, so that it can be tested and measured.

#![deny(clippy::unwrap_used, clippy::indexing_slicing)]

use std::process::ExitCode;

fn main() -> ExitCode {
    webhook_cli::run().into()
}
