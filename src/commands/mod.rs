//! Subcommands of the program. Each makes a plan from its flags and runs it.

pub mod catalog;
pub mod check;
pub mod listen;
pub mod replay;
pub mod send;
pub mod sns;

mod args;
mod completions;
mod dispatch;
mod dry_run;
mod id;
mod in_order;
mod keys;
mod man;
mod shutdown;
mod signer;
mod verify;

pub use completions::answer_a_shell;

use std::io::{ErrorKind, Write};

use crate::cli::{Cli, Command};
use crate::error::{Error, Exit, Result};
use crate::report::{ColorChoice, Parts, Style};

/// Runs the subcommand.
pub fn run(cli: Cli) -> Result<Exit> {
    let style = Style {
        json: cli.json,
        quiet: false,
        replies: false,
        color: cli.color.into(),
        parts: Parts::default(),
    };
    match cli.command {
        Command::Listen(args) => listen::run(listen::Plan::new(&args, style)?),
        Command::Send(args) if send::journey::is_meant(&args) => {
            send::journey::run(send::journey::Plan::new(*args, style)?)
        }
        Command::Send(args) => {
            send::journey::refuse_its_words(&args)?;
            send::run(send::Plan::new(*args, style)?)
        }
        Command::Replay(args) => replay::run(replay::Plan::new(*args, style)?),
        Command::Verify(args) => verify::run(verify::Plan::new(*args, style)?),
        Command::Check(args) => check::run(check::Plan::new(*args, style)?),
        Command::Events(args) => catalog::events::run(&args, style),
        Command::Keys(args) => keys::run(&args, style),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { dir } => man::run(dir.as_deref()),
    }
}

/// Prints a script or a page. A closed pipe is success, a full disk is an error.
fn print(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::usage(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

impl From<crate::cli::Color> for ColorChoice {
    fn from(color: crate::cli::Color) -> Self {
        match color {
            crate::cli::Color::Auto => ColorChoice::Auto,
            crate::cli::Color::Always => ColorChoice::Always,
            crate::cli::Color::Never => ColorChoice::Never,
        }
    }
}
