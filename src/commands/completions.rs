//! Completion scripts, from the same words that the parser knows.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::{Exit, Result};

/// Prints the script for a shell.
pub fn run(shell: Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "webhook-cli", &mut script);
    // A closed pipe is success.
    let _ = std::io::stdout().write_all(&script);
    Ok(Exit::Success)
}
