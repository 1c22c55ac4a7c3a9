//! Source of the configuration: the file in force, and the command line with its values.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

use crate::cli::{Cli, Color};
use crate::commands::config::layers;
use crate::commands::config::project::Project;
use crate::commands::config::setting::Setting;
use crate::commands::config::targets;
use crate::error::{Error, Result};
use crate::io::project_file;
use crate::report;
use crate::report::ColorChoice;

/// Commands that read the file. The others (`log`, `events`, `completions`, …) have nothing in it.
const READERS: [&str; 5] = ["listen", "send", "replay", "check", "verify"];

/// Value of `--config` for no file at all.
const NONE: &str = "none";

/// Reason why there is no command line to run.
pub(crate) enum Unparsed {
    /// Command line that is wrong, or asks for help or the version.
    Arguments(clap::Error),
    /// The file is wrong, or does not go with what was typed.
    Configuration(Error),
}

impl From<clap::Error> for Unparsed {
    fn from(error: clap::Error) -> Self {
        Self::Arguments(error)
    }
}

impl From<Error> for Unparsed {
    fn from(error: Error) -> Self {
        Self::Configuration(error)
    }
}

/// Returns the command line with the values of the configuration file. `parsed` is what was typed, without them.
/// Its flags are those of `program`, which is built only once.
pub(crate) fn configured(
    program: &mut Command,
    parsed: clap::error::Result<ArgMatches>,
) -> std::result::Result<Cli, Unparsed> {
    let (typed, missing) = match parsed {
        Ok(matches) => (matches, None),
        // What is missing may stand in the file.
        Err(error) if error.kind() == ErrorKind::MissingRequiredArgument => {
            match Cli::command().ignore_errors(true).try_get_matches() {
                Ok(matches) => (matches, Some(error)),
                Err(_) => return Err(error.into()),
            }
        }
        Err(error) => return Err(error.into()),
    };
    let (config, color) = globals(&typed);
    let reads = |it: &(&str, &ArgMatches)| READERS.contains(&it.0);
    let Some((command, flags)) = typed.subcommand().filter(reads) else {
        return missing.map_or_else(
            || Ok(Cli::from_arg_matches(&typed)?),
            |error| Err(error.into()),
        );
    };
    let project = match load(config.as_deref(), Some(program)) {
        // A wrong command line is the nearer fault.
        Err(_) if missing.is_some() => None,
        loaded => loaded?,
    };
    let mut settings = Vec::new();
    if let Some(project) = &project {
        let definitions = program.find_subcommand(command);
        settings = layers::in_force(project, command, definitions, flags)?;
        let named = targets::named(project, command, flags)?;
        for warning in &project.warnings {
            report::warn(warning, color);
        }
        if !settings.is_empty() || !named.is_empty() {
            report::note(&format!("using `{}`", project.path), color);
        }
    }
    let mut cli = match (&project, missing) {
        (Some(project), missing) if !settings.is_empty() => match with(program, &settings) {
            Err(error) => match missing {
                Some(missing) => return Err(missing.into()),
                None => return Err(explained(&error, project, command, &settings).into()),
            },
            Ok(cli) => cli,
        },
        (_, Some(missing)) => return Err(missing.into()),
        (_, None) => Cli::from_arg_matches(&typed)?,
    };
    targets::resolve(&mut cli, project.as_ref())?;
    Ok(cli)
}

/// Values of `--config` and `--color`.
fn globals(matches: &ArgMatches) -> (Option<PathBuf>, ColorChoice) {
    let color = matches.get_one::<Color>("color").copied();
    (
        matches.get_one::<PathBuf>("config").cloned(),
        color.unwrap_or(Color::Auto).into(),
    )
}

/// Reads the file that `--config` names, else the nearest one; none for `--config none`.
/// `program` is the command line if it is built already.
pub(crate) fn load(config: Option<&Path>, program: Option<&Command>) -> Result<Option<Project>> {
    let (path, is_named) = match config {
        Some(path) if path == Path::new(NONE) => return Ok(None),
        Some(path) => (path.to_owned(), true),
        None => match project_file::find() {
            Some(path) => (path, false),
            None => return Ok(None),
        },
    };
    let file = project_file::read(&path, is_named)?;
    Project::parse(&file, program).map(Some)
}

/// Parses the command line again, with the settings before what was typed.
fn with(program: &mut Command, settings: &[&Setting]) -> clap::error::Result<Cli> {
    let mut line: Vec<OsString> = std::env::args_os().collect();
    let at = after_command(&line);
    let added = settings.iter().flat_map(|setting| setting.arguments());
    line.splice(at..at, added.map(OsString::from));
    let parsed = program.try_get_matches_from_mut(line);
    parsed.and_then(|matches| Cli::from_arg_matches(&matches))
}

/// Index behind the command's name.
fn after_command(line: &[OsString]) -> usize {
    let mut at = 1;
    while let Some(word) = line.get(at) {
        at += match word.to_str() {
            Some("--color" | "--config") => 2,
            Some(word) if word.starts_with('-') => 1,
            _ => return at + 1,
        };
    }
    line.len()
}

/// Error of a value in the file: its place, and what the parser says of the flag.
pub(crate) fn explained(
    error: &clap::Error,
    project: &Project,
    command: &str,
    settings: &[&Setting],
) -> Error {
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) => flag.as_str(),
        Some(ContextValue::Strings(flags)) => flags.first().map_or("", String::as_str),
        _ => "",
    };
    let is_named = |flag: &str, setting: &Setting| {
        let name = flag.trim_start_matches('-');
        let name = name.split([' ', '=', '[']).next().unwrap_or_default();
        name == setting.name
    };
    let text = error.render().to_string();
    let mut words = text.lines().take_while(|line| !line.trim().is_empty());
    let first = words.next().unwrap_or_default();
    let what = words.fold(
        first.trim_start_matches("error: ").to_owned(),
        |what, line| what + " " + line.trim(),
    );
    match settings.iter().find(|setting| is_named(flag, setting)) {
        Some(setting) => Error::usage(format!(
            "{}: `{}` in `[{command}]`: {what}",
            project.place(setting.line),
            setting.name
        )),
        None => Error::usage(format!("`{}` and the command line: {what}", project.path)),
    }
    .hint("`webhook-cli config` lists what the file sets; `--config none` does not read it")
}
