//! Choice of the subcommand.

use crate::cli::{Cli, Color, Command};
use crate::commands::recorded::{diff, drift, log, show};
use crate::commands::{
    catalog, check, completions, config, keys, listen, man, replay, send, verify,
};
use crate::error::{Exit, Result};
use crate::report::{ColorChoice, Parts, Style, View};

/// Runs the subcommand.
pub fn run(cli: Cli) -> Result<Exit> {
    let style = Style {
        json: cli.json,
        quiet: false,
        replies: false,
        color: cli.color.into(),
        view: View::default(),
        parts: Parts::default(),
    };
    match cli.command {
        Command::Listen(args) => listen::run(listen::plan::Plan::new(&args, style)?),
        Command::Send(args) if send::scenario::is_meant(&args) => {
            send::journey::run(send::journey::JourneyPlan::new(*args, style)?)
        }
        Command::Send(args) => {
            send::scenario::reject_its_flags(&args)?;
            send::run(send::SendPlan::new(*args, style)?)
        }
        Command::Replay(args) => replay::run(replay::plan::Plan::new(*args, style)?),
        Command::Log(args) => log::run(log::Plan::new(*args, style)?),
        Command::Show(args) => show::run(&show::Plan::new(*args, style)?),
        Command::Diff(args) => diff::run(&diff::Plan::new(*args, style)?),
        Command::Drift(args) => drift::run(drift::Plan::new(*args, style)?),
        Command::Verify(args) => verify::run(verify::plan::VerifyPlan::new(*args, style)?),
        Command::Check(args) => check::run(check::CheckPlan::new(*args, style)?),
        Command::Events(args) => catalog::events::run(&args, style),
        Command::Keys(args) => keys::run(&args, style),
        Command::Config => config::show::run(cli.config.as_deref(), style),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { dir } => man::run(dir.as_deref()),
    }
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}
