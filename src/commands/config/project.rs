//! Content of a configuration file, checked: known tables and keys, no secret, no command.

use std::any::TypeId;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

use clap::{Arg, Args, Command};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::cli::{ListenArgs, SendArgs};
use crate::commands::config::rules::{
    SettingRules, check_target, not_here, only_typed, target_of, unknown,
};
use crate::commands::config::setting::{self, Setting};
use crate::error::{Error, Result};
use crate::io::project_file::ProjectText;
use crate::webhook::{is_credential_field, nearest};

/// Version of the file's format.
const VERSION: &str = "1";

/// Keys at the top of the file.
const TOP: [&str; 5] = ["version", "provider", "target", "listen", "send"];

/// Keys of `[target.NAME]`.
const OF_TARGET: [&str; 3] = ["to", "secret", "header"];

/// Content of a configuration file.
#[derive(Debug, Default)]
pub(crate) struct Project {
    /// Path of the file, as shown.
    pub(crate) path: String,
    /// Provider of `send`, `check`, `listen` and `verify`.
    pub(crate) provider: Option<Setting>,
    pub(crate) targets: Vec<ProjectTarget>,
    pub(crate) listen: Vec<Setting>,
    pub(crate) send: Vec<Setting>,
    pub(crate) warnings: Vec<String>,
}

/// Target of the project: `[target.NAME]`.
#[derive(Debug)]
pub(crate) struct ProjectTarget {
    pub(crate) name: String,
    pub(crate) to: Setting,
    pub(crate) secrets: Option<Setting>,
    pub(crate) headers: Option<Setting>,
}

/// Flags that a table may set.
pub(crate) fn flags(table: &str) -> Command {
    let command = Command::new(table.to_owned());
    match table {
        "listen" => ListenArgs::augment_args(command),
        _ => SendArgs::augment_args(command),
    }
}

/// True for a flag of the command itself, not one of all commands.
fn is_for_file(flag: &Arg) -> bool {
    flag.get_long().is_some_and(|name| name != "help") && !flag.is_global_set()
}

impl Project {
    /// Parses and checks a file.
    /// `program` is the command line if it is built already.
    pub(crate) fn parse(file: &ProjectText, program: Option<&Command>) -> Result<Project> {
        let path = file.path.display().to_string();
        let reader = TableReader {
            rules: SettingRules {
                path: &path,
                folder: file.path.parent().unwrap_or(Path::new("")),
            },
            text: &file.text,
            program,
        };
        let parsed = DeTable::parse(&file.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let place = reader.place(at);
            Error::usage(format!("{place}: {}", one_line(error.message())))
        })?;
        let mut project = Project {
            path: path.clone(),
            warnings: file.warnings.clone(),
            ..Project::default()
        };
        for (key, value) in parsed.get_ref() {
            reader.top(&mut project, key, value)?;
        }
        // In the order of the file: the parser sorts by name.
        project.targets.sort_by_key(|target| target.to.line);
        project.listen.sort_by_key(|setting| setting.line);
        project.send.sort_by_key(|setting| setting.line);
        Ok(project)
    }

    /// Settings of the table for a command.
    pub(crate) fn table(&self, command: &str) -> &[Setting] {
        match command {
            "listen" => &self.listen,
            "send" => &self.send,
            _ => &[],
        }
    }

    /// Place of a setting, for errors: `webhook-cli.toml:7`.
    pub(crate) fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }

    /// Target by its name.
    pub(crate) fn target(&self, name: &str) -> Result<&ProjectTarget> {
        let known = || self.targets.iter().map(|target| target.name.as_str());
        let found = self.targets.iter().find(|target| target.name == name);
        found.ok_or_else(|| {
            let error = Error::usage(format!("no target `@{name}` in `{}`", self.path));
            let error = match nearest(name, known()) {
                Some(near) => error.hint(format!("did you mean `@{near}`?")),
                None => error,
            };
            let names: Vec<String> = known().map(|name| format!("`@{name}`")).collect();
            error.hint(match names.is_empty() {
                true => format!("`[target.{name}]` with `to = \":3000\"` adds it"),
                false => format!("it has {}", names.join(", ")),
            })
        })
    }
}

/// Reader of the tables of one file.
struct TableReader<'a> {
    rules: SettingRules<'a>,
    text: &'a str,
    program: Option<&'a Command>,
}

type SettingKey<'a> = Spanned<Cow<'a, str>>;
type Value<'a> = Spanned<DeValue<'a>>;

impl TableReader<'_> {
    fn top(&self, project: &mut Project, key: &SettingKey, value: &Value) -> Result<()> {
        let place = self.place(key.span().start);
        match key.get_ref().as_ref() {
            "version" => match value.get_ref() {
                DeValue::Integer(number) if number.as_str() == VERSION => Ok(()),
                _ => Err(Error::usage(format!(
                    "{place}: this version of webhook-cli reads `version = {VERSION}` only"
                ))),
            },
            "provider" => {
                let setting = self.setting(key, value)?;
                self.rules.check_provider(&setting)?;
                project.provider = Some(setting);
                Ok(())
            }
            "target" => {
                for (name, target) in self.table(key, value)? {
                    project.targets.push(self.target(name, target)?);
                }
                Ok(())
            }
            table @ ("listen" | "send") => {
                let settings = self.settings(table, self.table(key, value)?)?;
                match table {
                    "listen" => project.listen = settings,
                    _ => project.send = settings,
                }
                Ok(())
            }
            name => Err(match only_typed(name) {
                Some(why) => not_here(&place, name, why),
                None => {
                    let what = match value.get_ref() {
                        DeValue::Table(_) => format!("table `[{name}]`"),
                        _ => format!("key `{name}`"),
                    };
                    unknown(&place, &what, name, &TOP)
                }
            }),
        }
    }

    fn target(&self, name: &SettingKey, value: &Value) -> Result<ProjectTarget> {
        let place = self.place(name.span().start);
        let table = self.table(name, value)?;
        let name = name.get_ref().as_ref();
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(
                Error::usage(format!("{place}: `{name}` is no name for a target"))
                    .hint("a name has letters, digits, `-`, `_` and `.`"),
            );
        }
        let (mut to, mut secrets, mut headers) = (None, None, None);
        for (key, value) in table {
            let mut setting = self.setting(key, value)?;
            let place = self.place(key.span().start);
            match setting.name.as_str() {
                "to" => {
                    self.rules.one_text(&setting)?;
                    for typed in setting.texts() {
                        if typed.starts_with('@') {
                            return Err(Error::usage(format!(
                                "{place}: `to` takes a URL, not a name"
                            )));
                        }
                        check_target(typed, &place)?;
                    }
                    to = Some(setting);
                }
                "secret" => {
                    self.rules.check_secret(&mut setting)?;
                    secrets = Some(setting);
                }
                "header" => {
                    self.rules.check_header(&setting)?;
                    headers = Some(setting);
                }
                other => {
                    let what = format!("key `{other}` in `[target.{name}]`");
                    return Err(match only_typed(other) {
                        Some(why) => not_here(&place, other, why),
                        None => unknown(&place, &what, other, &OF_TARGET),
                    });
                }
            }
        }
        let to = to.ok_or_else(|| {
            Error::usage(format!("{place}: `[target.{name}]` has no `to`"))
                .hint("`to = \":3000/hooks\"` is one")
        })?;
        Ok(ProjectTarget {
            name: name.to_owned(),
            to,
            secrets,
            headers,
        })
    }

    /// Settings of `[listen]` or `[send]`: each key is a flag of that command.
    fn settings(&self, table: &str, values: &DeTable) -> Result<Vec<Setting>> {
        // Only the command that runs is built.
        let built = self.program.and_then(|it| it.find_subcommand(table));
        let built = built.filter(|it| it.get_arguments().any(is_for_file));
        let flags = built.map_or_else(|| Cow::Owned(flags(table)), Cow::Borrowed);
        let all = || flags.get_arguments().filter(|it| is_for_file(it));
        let mut settings = Vec::new();
        for (key, value) in values {
            let place = self.place(key.span().start);
            let name = key.get_ref().as_ref();
            if let Some(why) = only_typed(name) {
                return Err(not_here(&place, name, why));
            }
            let Some(flag) = all().find(|it| it.get_long() == Some(name)) else {
                let known = all().filter_map(Arg::get_long);
                let known: Vec<&str> = known.filter(|it| only_typed(it).is_none()).collect();
                let what = format!("key `{name}` in `[{table}]`");
                return Err(unknown(&place, &what, name, &known));
            };
            let mut setting = self.setting(key, value)?;
            let named = format!("{place}: `{name}` in `[{table}]`");
            setting::check_form(&setting.value, flag, &named)?;
            match name {
                "secret" => self.rules.check_secret(&mut setting)?,
                "header" | "forward-header" => self.rules.check_header(&setting)?,
                "provider" => self.rules.check_provider(&setting)?,
                "to" | "forward-to" => {
                    for typed in setting.texts() {
                        check_target(target_of(typed), &place)?;
                    }
                }
                "body" => self.rules.check_body(&mut setting)?,
                _ if flag.get_value_parser().type_id() == TypeId::of::<PathBuf>() => {
                    setting.map_texts(|path| self.rules.beside(path));
                }
                // Such as the key of the inspector.
                name if is_credential_field(name) => self.rules.check_secret(&mut setting)?,
                _ => {}
            }
            settings.push(setting);
        }
        Ok(settings)
    }

    fn setting(&self, key: &SettingKey, value: &Value) -> Result<Setting> {
        let name = key.get_ref().as_ref();
        let place = self.place(key.span().start);
        let value = setting::value(value.get_ref()).ok_or_else(|| {
            Error::usage(format!(
                "{place}: `{name}` takes a text, a number, `true`, `false`, or a list of texts"
            ))
        })?;
        Ok(Setting {
            name: name.to_owned(),
            line: self.line(key.span().start),
            value,
        })
    }

    fn table<'t>(&self, key: &SettingKey, value: &'t Value) -> Result<&'t DeTable<'t>> {
        let name = key.get_ref();
        value.get_ref().as_table().ok_or_else(|| {
            let place = self.place(key.span().start);
            Error::usage(format!("{place}: `{name}` is a table, not a value"))
        })
    }

    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    fn place(&self, at: usize) -> String {
        format!("{}:{}", self.rules.path, self.line(at))
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
