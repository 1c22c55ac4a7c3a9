//! The words: what can be typed, and the help for it. Parsing does nothing; each command makes a plan of it.

mod check;
mod listen;
mod lists;
mod replay;
mod request;
mod secrets;
mod send;
mod story;
mod values;
mod verify;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand, ValueEnum};

pub use check::{CheckArgs, ReportForm};
pub use listen::{ListenArgs, Show, SyncWhen};
pub use lists::{EventsArgs, KeysArgs};
pub use replay::{ReplayArgs, Report};
pub use request::{Form, RequestArgs};
pub use secrets::{JudgeArgs, SecretArgs};
pub use send::SendArgs;
pub use story::{Ending, StoryArgs};
pub use values::duration;
pub use verify::VerifyArgs;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Listen for, send and replay email webhooks on localhost, shaped and signed as the providers really do.
#[derive(Debug, Parser)]
#[command(name = "webhook-cli", version, styles = STYLES, disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = "\
Examples:
  webhook-cli listen                                 see what arrives on http://127.0.0.1:7878
  webhook-cli send click                             fire a click at it
  webhook-cli send bounce --provider sendgrid        the same in SendGrid's dress, signed
  webhook-cli listen --record hooks.ndjson           keep what arrives
  webhook-cli replay hooks.ndjson --to :3000/hooks   and send it again

Exit status: 0 all done, 1 something was refused, 2 could not run, 3 unreadable input,
4 no answer from the target, 5 a signature does not hold, 130 interrupted.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// One JSON object a line in place of text
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,

    /// When to colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub color: Color,
}

/// What to do. The words of a command are only put together once it is the one that is wanted.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Receive webhooks, show them, answer them
    Listen(Box<ListenArgs>),
    /// Send synthetic events, shaped and signed as a provider does
    Send(Box<SendArgs>),
    /// Send again what was saved or recorded
    Replay(Box<ReplayArgs>),
    /// Say whether a signature holds, and if not, why
    Verify(Box<VerifyArgs>),
    /// Say whether a handler is safe to ship
    Check(Box<CheckArgs>),
    /// List providers, their events and what an event looks like
    Events(EventsArgs),
    /// Print the public test keys, in the form to paste into a handler's environment
    Keys(KeysArgs),
    /// Print a completion script
    ///
    /// For bash: `webhook-cli completions bash > ~/.local/share/bash-completion/completions/webhook-cli`
    Completions {
        /// The shell to complete in
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write a page for each command
    Man {
        /// Write `webhook-cli*.1` into this folder in place of printing
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_words_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    /// What a command is for stands here and at its own words, which are put together later.
    #[test]
    fn a_command_says_the_same_of_itself_before_and_after() {
        let before = Cli::command();
        let mut after = before.clone();
        after.build();
        for one in before.get_subcommands() {
            let later = after.find_subcommand(one.get_name()).unwrap();
            let (about, later) = (one.get_about(), later.get_about());
            assert_eq!(
                about.map(ToString::to_string),
                later.map(ToString::to_string)
            );
        }
    }
}
