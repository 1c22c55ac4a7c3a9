//! `man`: manual pages, generated from the command line's definition.

use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::Cli;
use crate::commands::print::print;
use crate::error::{Error, Exit, Result};

/// Returns the command line with every flag described; a manual page leaves out flags hidden from `-h`.
fn complete() -> clap::Command {
    let shown = |command: clap::Command| command.mut_args(|arg| arg.hide_short_help(false));
    let mut command = shown(Cli::command());
    // The flags of each command are added only by `build`.
    command.build();
    command.mut_subcommands(shown)
}

/// Prints the manual page, or writes one for each command into a folder.
pub(super) fn run(dir: Option<&Path>) -> Result<Exit> {
    match dir {
        Some(dir) => {
            let failed = |error| {
                Error::usage(format!(
                    "cannot write the manual into `{}`: {error}",
                    dir.display()
                ))
            };
            std::fs::create_dir_all(dir)
                .and_then(|()| clap_mangen::generate_to(complete(), dir))
                .map_err(failed)?;
        }
        None => {
            let mut page = Vec::new();
            Man::new(complete())
                .render(&mut page)
                .map_err(|error| Error::usage(format!("cannot make the manual: {error}")))?;
            print(&page)?;
        }
    }
    Ok(Exit::Success)
}
