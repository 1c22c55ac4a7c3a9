//! Choice of the subcommand.

use clap::Parser;

use crate::cli::{Cli, Color, Command, InspectorArgs, ListenArgs, UiArgs};
use crate::commands::inspect::ui;
use crate::commands::recorded::{diff, drift, log, show};
use crate::commands::{
    catalog, check, completions, config, keys, listen, man, replay, send, verify,
};
use crate::error::{Error, Exit, Result};
use crate::report::{ColorChoice, OutputStyle, ShownParts, View};

/// Runs the subcommand.
pub(crate) fn run(cli: Cli) -> Result<Exit> {
    let style = OutputStyle {
        json: cli.json,
        quiet: false,
        replies: false,
        color: cli.color.into(),
        view: View::default(),
        parts: ShownParts::default(),
    };
    match cli.command {
        Command::Listen(args) => listen::run(listen::plan::ListenPlan::new(&args, style)?),
        Command::Send(args) if send::scenario::is_meant(&args) => {
            send::journey::run(send::journey::JourneyPlan::new(*args, style)?)
        }
        Command::Send(args) => {
            send::scenario::reject_its_flags(&args)?;
            send::run(send::SendPlan::new(*args, style)?)
        }
        Command::Replay(args) => replay::run(replay::plan::ReplayPlan::new(*args, style)?),
        Command::Log(args) => log::run(log::LogPlan::new(*args, style)?),
        Command::Show(args) => show::run(&show::ShowPlan::new(*args, style)?),
        Command::Ui(args) if args.listen => {
            let args = listen_args(&args)?;
            listen::run(listen::plan::ListenPlan::new(&args, style)?)
        }
        Command::Ui(args) => ui::run(ui::UiPlan::new(*args, style)?),
        Command::Diff(args) => diff::run(&diff::DiffPlan::new(*args, style)?),
        Command::Drift(args) => drift::run(drift::DriftPlan::new(*args, style)?),
        Command::Verify(args) => verify::run(verify::plan::VerifyPlan::new(*args, style)?),
        Command::Check(args) => check::run(check::CheckPlan::new(*args, style)?),
        Command::Events(args) => catalog::events::run(&args, style),
        Command::Keys(args) => keys::run(&args, style),
        Command::Config => config::show::run(cli.config.as_deref(), style),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { dir } => man::run(dir.as_deref()),
    }
}

/// Flags of `listen --ui` for `ui --listen`.
fn listen_args(args: &UiArgs) -> Result<ListenArgs> {
    let typed = ["webhook-cli", "listen", "--ui"];
    let cli = Cli::try_parse_from(typed).map_err(|error| Error::usage(error.to_string()))?;
    let Command::Listen(listen) = cli.command else {
        return Err(Error::usage("it is no listener"));
    };
    Ok(ListenArgs {
        secrets: args.secrets.clone(),
        inspector: InspectorArgs {
            ui: Some(args.addr.clone()),
            open: args.open,
            access: args.access.clone(),
        },
        ..*listen
    })
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
