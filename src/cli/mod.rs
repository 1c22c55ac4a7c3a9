//! Command line: its flags and their help. Parsing does nothing; each command makes a plan of it.

mod check;
mod inbound;
mod inspector;
mod journey;
mod listen;
mod lists;
mod log;
mod recorded;
mod replay;
mod request;
mod secrets;
mod selection;
mod send;
mod values;
mod verify;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use check::{CheckArgs, CheckKind};
pub(crate) use inbound::InboundArgs;
pub(crate) use inspector::{AccessArgs, InspectorArgs, UiArgs};
pub(crate) use journey::{JourneyArgs, JourneyEnd};
pub(crate) use listen::{ListenArgs, Show, SyncWhen, TunnelProgram};
pub(crate) use lists::{EventsArgs, KeysArgs};
pub(crate) use log::{LogArgs, ShowArgs};
pub(crate) use recorded::{DiffArgs, DriftArgs, RecordedArgs};
pub(crate) use replay::ReplayArgs;
pub(crate) use request::{RequestArgs, RequestFormat};
pub(crate) use secrets::{SecretArgs, VerifyOptionsArgs};
pub(crate) use selection::SelectionArgs;
pub(crate) use send::SendArgs;
pub(crate) use values::{Report, duration, kind, status_class, time, verdict};
pub(crate) use verify::VerifyArgs;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Receive, send and replay email webhooks on localhost, in the format of each provider and with its signature.
#[derive(Debug, Parser)]
#[command(
    name = "webhook-cli",
    version = env!("WEBHOOK_CLI_VERSION"),
    styles = STYLES,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  webhook-cli listen --port 7878                   print what arrives
  webhook-cli send bounce --provider sendgrid      send it a signed event
  webhook-cli replay hooks.ndjson --to :3000       send a recording again

`webhook-cli --help` shows all; `webhook-cli send --help` all of `send`.",
    after_long_help = "\
Examples:
  webhook-cli listen                                 print what arrives
  webhook-cli send click                             send a click to it
  webhook-cli send bounce --provider sendgrid        in SendGrid's format
  webhook-cli listen --record hooks.ndjson           record what arrives
  webhook-cli replay hooks.ndjson --to :3000/hooks   send it again

Exit status:
  0    success
  1    a request was rejected, or a check failed
  2    wrong usage, or it could not start
  3    unreadable input
  4    no response from the target
  5    invalid signature
  130  interrupted"
)]
pub(crate) struct Cli {
    /// Command to run.
    #[command(subcommand)]
    pub command: Command,

    /// Print one JSON object per line instead of text
    #[arg(long, global = true, display_order = 30)]
    pub json: bool,

    /// Configuration of the project, instead of the nearest `webhook-cli.toml`; `none` for none
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        display_order = 32,
        hide_short_help = true
    )]
    pub config: Option<PathBuf>,

    /// When to use colors
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        display_order = 31,
        hide_short_help = true
    )]
    pub color: Color,
}

/// Commands. The flags of a command are built only once it is the chosen one.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Receive webhooks, print them, and respond to them
    Listen(Box<ListenArgs>),
    /// Send synthetic events in a provider's format, signed as it signs
    Send(Box<SendArgs>),
    /// Send saved or recorded deliveries again
    Replay(Box<ReplayArgs>),
    /// List recorded deliveries, one line each
    Log(Box<LogArgs>),
    /// Print recorded deliveries in full, with their responses
    Show(Box<ShowArgs>),
    /// Inspect deliveries in the browser, and over an HTTP API
    Ui(Box<UiArgs>),
    /// Compare two recorded deliveries, or one with its example
    Diff(Box<DiffArgs>),
    /// Compare a recording with the examples of its providers
    Drift(Box<DriftArgs>),
    /// Verify a signature, and explain why it is invalid
    Verify(Box<VerifyArgs>),
    /// Test whether a handler is ready for production
    Check(Box<CheckArgs>),
    /// List providers, their events and example payloads
    Events(EventsArgs),
    /// Print the public test keys, or generate a new secret
    Keys(KeysArgs),
    /// List the settings in force, and the source of each
    #[command(after_help = "\
Examples:
  webhook-cli config                            of the nearest webhook-cli.toml
  webhook-cli config --config none              without a file
  webhook-cli config --json

`webhook-cli config --help` shows all options.")]
    Config,
    /// Print a shell completion script
    #[command(after_help = "\
Examples:
  source <(webhook-cli completions bash)      in ~/.bashrc
  source <(webhook-cli completions zsh)       in ~/.zshrc, after compinit
  webhook-cli completions fish | source       in ~/.config/fish/config.fish

`webhook-cli completions --help` shows all options.")]
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write a page for each command
    #[command(after_help = "\
Examples:
  webhook-cli man | man -l -               read it
  webhook-cli man > webhook-cli.1          save it
  webhook-cli man --dir ~/.local/share/man/man1

`webhook-cli man --help` shows all options.")]
    Man {
        /// Write `webhook-cli*.1` into this folder instead of printing
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// When to use colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
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

    /// Its purpose is written here and at its own flags, which are built later.
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
