//! Entry point; everything else is in the library, where tests and benchmarks can reach it.

#![deny(clippy::unwrap_used, clippy::indexing_slicing)]

use std::process::ExitCode;

fn main() -> ExitCode {
    webhook_cli::run().into()
}
