//! `config`: the settings in force, and the source of each.

use std::path::Path;

use clap::{Arg, CommandFactory};
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::commands::args;
use crate::commands::config::layers;
use crate::commands::config::project::{Project, flags};
use crate::commands::config::setting::{Setting, SettingValue};
use crate::commands::config::source;
use crate::commands::print::print;
use crate::error::{Exit, Result};
use crate::io::project_file::NAME;
use crate::report;
use crate::report::{OutputStyle, Untrusted};

/// Version of the JSON lines of this command.
const VERSION: u32 = 1;

/// Commands whose flags the file can set.
const COMMANDS: [&str; 2] = ["listen", "send"];

/// One line of the list.
struct SettingRow {
    /// Name with its table: `listen.record`.
    name: String,
    value: Value,
    origin: Origin,
}

/// Source of a value.
enum Origin {
    Default,
    Environment,
    /// Line of the file.
    File(usize),
}

/// Prints the settings in force.
pub(crate) fn run(config: Option<&Path>, style: OutputStyle) -> Result<Exit> {
    let project = source::load(config, None)?;
    for warning in project.iter().flat_map(|project| &project.warnings) {
        report::warn(warning, style.color);
    }
    let (project, is_read) = match project {
        Some(project) => (project, true),
        None => (Project::default(), false),
    };
    let mut rows = general(&project);
    for command in COMMANDS {
        check_values(&project, command)?;
        rows.extend(of_command(&project, command));
    }
    let path = is_read.then_some(project.path.as_str());
    let text = match style.json {
        true => lines(&rows, path),
        false => table(&rows, path),
    };
    print(text.as_bytes())?;
    Ok(Exit::Success)
}

/// Parses each command with the values of the file, so that an invalid one is an error here too.
fn check_values(project: &Project, command: &str) -> Result<()> {
    let settings: Vec<&Setting> = project.table(command).iter().collect();
    let line = ["webhook-cli".to_owned(), command.to_owned()].into_iter();
    let added = settings.iter().flat_map(|setting| setting.arguments());
    // `send` needs a kind, and a file has none.
    let kind = (command == "send").then(|| "click".to_owned());
    match Cli::command().try_get_matches_from(line.chain(added).chain(kind)) {
        Ok(_) => Ok(()),
        Err(error) => Err(source::explained(&error, project, command, &settings)),
    }
}

/// Rows of the provider and of the targets.
fn general(project: &Project) -> Vec<SettingRow> {
    let row = |name: String, setting: &Setting| SettingRow {
        name,
        value: value(setting),
        origin: Origin::File(setting.line),
    };
    let provider = project.provider.iter();
    let mut rows: Vec<SettingRow> = provider.map(|it| row("provider".into(), it)).collect();
    for target in &project.targets {
        let settings = [
            Some(&target.to),
            target.secrets.as_ref(),
            target.headers.as_ref(),
        ];
        for setting in settings.into_iter().flatten() {
            let name = format!("target.{}.{}", target.name, setting.name);
            rows.push(row(name, setting));
        }
    }
    rows
}

/// Rows of a command: each flag that has a value.
fn of_command(project: &Project, command: &str) -> Vec<SettingRow> {
    let table = project.table(command);
    let flags = flags(command);
    let row = |flag: &Arg| {
        let name = flag.get_long()?;
        let set = table.iter().find(|setting| setting.name == name);
        let of_project = project.provider.as_ref();
        let of_project =
            of_project.filter(|_| name == "provider" && layers::WITH_PROVIDER.contains(&command));
        let (value, origin) = match set.or(of_project) {
            _ if name == "secret" && args::default_secret().is_some() => {
                (json!(args::DEFAULT_SECRET), Origin::Environment)
            }
            Some(setting) => (value(setting), Origin::File(setting.line)),
            None => {
                let default = flag.get_default_values().first()?.to_string_lossy();
                let is_switch = !flag.get_action().takes_values();
                if is_switch {
                    return None;
                }
                (json!(default), Origin::Default)
            }
        };
        Some(SettingRow {
            name: format!("{command}.{name}"),
            value,
            origin,
        })
    };
    flags.get_arguments().filter_map(row).collect()
}

fn value(setting: &Setting) -> Value {
    match &setting.value {
        SettingValue::Switch(is) => json!(is),
        SettingValue::Text(text) => json!(text),
        SettingValue::List(list) => json!(list),
    }
}

/// The list as JSON lines.
fn lines(rows: &[SettingRow], path: Option<&str>) -> String {
    let mut text = json!({"type": "config", "version": VERSION, "file": path}).to_string() + "\n";
    for row in rows {
        let (source, file, line) = match row.origin {
            Origin::Default => ("default", None, None),
            Origin::Environment => ("environment", None, None),
            Origin::File(line) => ("file", path, Some(line)),
        };
        let object = json!({
            "type": "setting", "name": row.name, "value": row.value, "source": source,
            "file": file, "line": line,
        });
        text += &report::harmless(&object.to_string());
        text.push('\n');
    }
    text
}

/// The list as a table: name, value, source.
fn table(rows: &[SettingRow], path: Option<&str>) -> String {
    let shown: Vec<(String, String, String)> = rows
        .iter()
        .map(|row| {
            let origin = match row.origin {
                Origin::Default => "default".to_owned(),
                Origin::Environment => "environment".to_owned(),
                Origin::File(line) => format!("{}:{line}", path.unwrap_or(NAME)),
            };
            let value = Untrusted::new(&words(&row.value)).to_string();
            (
                Untrusted::new(&row.name).to_string(),
                value,
                Untrusted::new(&origin).to_string(),
            )
        })
        .collect();
    let widest = |of: fn(&(String, String, String)) -> usize, most: usize| {
        shown.iter().map(of).max().unwrap_or(0).min(most)
    };
    let (name, value) = (
        widest(|it| it.0.len(), 40),
        widest(|it| it.1.chars().count(), 50),
    );
    let head = match path {
        Some(path) => format!("file: {}\n", Untrusted::new(path)),
        None => format!("no `{NAME}` is read\n"),
    };
    shown.iter().fold(head, |text, row| {
        text + &format!("{:name$}  {:value$}  {}\n", row.0, row.1, row.2)
    })
}

/// A value as words: a list with commas; a variable that is not set is said.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let variable = text.rsplit_once("env:").map(|(_, name)| name);
            let is_missing = variable.is_some_and(|name| std::env::var_os(name).is_none());
            format!("{text}{}", if is_missing { " (not set)" } else { "" })
        }
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
