//! Targets by name: `@app` in `--to`, `--forward-to` and as the target of `check`.

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::cli::{Cli, Command};
use crate::commands::config::project::{Project, ProjectTarget};
use crate::commands::config::rules::target_of;
use crate::error::{Error, Result};
use crate::io::project_file::NAME;

/// Returns the targets that a command line names, typed or by the file.
pub(crate) fn named<'p>(
    project: &'p Project,
    command: &str,
    matches: &ArgMatches,
) -> Result<Vec<&'p ProjectTarget>> {
    let Some((id, flag)) = argument(command) else {
        return Ok(Vec::new());
    };
    let texts: Vec<String> = if is_typed(matches, id) {
        let raw = matches.get_raw(id).into_iter().flatten();
        raw.map(|text| text.to_string_lossy().into_owned())
            .collect()
    } else {
        let table = project.table(command).iter();
        let setting = table.filter(|setting| setting.name == flag);
        setting.flat_map(|it| it.texts().to_vec()).collect()
    };
    let names = texts.iter().filter_map(|text| name(target_of(text)));
    let mut targets: Vec<&ProjectTarget> = Vec::new();
    for name in names {
        let target = project.target(name)?;
        if !targets.iter().any(|other| other.name == target.name) {
            targets.push(target);
        }
    }
    Ok(targets)
}

/// Puts the URLs of named targets in place of their names.
pub(crate) fn resolve(cli: &mut Cli, project: Option<&Project>) -> Result<()> {
    match &mut cli.command {
        Command::Send(args) => put(&mut args.request.to, project),
        Command::Replay(args) => put(&mut args.request.to, project),
        Command::Check(args) => args.target.as_mut().map_or(Ok(()), |it| put(it, project)),
        Command::Listen(args) => {
            args.route_headers.clear();
            for (_, target) in &mut args.forward_to {
                let headers = match (name(target), project) {
                    (Some(name), Some(project)) => project.target(name)?.headers.as_ref(),
                    _ => None,
                };
                let headers = headers.map_or(&[] as &[String], |it| it.texts());
                args.route_headers.push(headers.to_vec());
                put(target, project)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Argument of a command that takes targets: its id, and the flag's name.
fn argument(command: &str) -> Option<(&'static str, &'static str)> {
    match command {
        "send" | "replay" => Some(("to", "to")),
        "check" => Some(("target", "")),
        "listen" => Some(("forward_to", "forward-to")),
        _ => None,
    }
}

fn put(typed: &mut String, project: Option<&Project>) -> Result<()> {
    let Some(name) = name(typed) else {
        return Ok(());
    };
    let Some(project) = project else {
        return Err(Error::usage(format!(
            "`@{name}` is a target of `{NAME}`, and no such file was read"
        ))
        .hint(format!(
            "`[target.{name}]` with `to = \":3000\"` in `{NAME}` adds it"
        )));
    };
    let target = project.target(name)?;
    *typed = target.to.texts().concat();
    Ok(())
}

/// Name of a target in `@name`; none for a URL.
fn name(typed: &str) -> Option<&str> {
    let name = typed.strip_prefix('@')?;
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        .then_some(name)
}

/// True if an argument stands on the command line.
pub(crate) fn is_typed(matches: &ArgMatches, id: &str) -> bool {
    let is_known = matches.try_contains_id(id).is_ok();
    is_known && matches.value_source(id) == Some(ValueSource::CommandLine)
}
