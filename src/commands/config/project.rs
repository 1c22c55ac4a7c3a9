//! Content of a configuration file, checked: known tables and keys, no secret, no command.

use std::any::TypeId;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::cli::{ListenArgs, SendArgs};
use crate::commands::config::setting::{self, Setting, SettingValue};
use crate::error::{Error, Result};
use crate::io::project_file::ProjectText;
use crate::providers;
use crate::webhook::{Target, is_credential_field, masked_path, nearest};

/// Version of the file's format.
const VERSION: &str = "1";

/// Keys at the top of the file.
const TOP: [&str; 5] = ["version", "provider", "target", "listen", "send"];

/// Keys of `[target.NAME]`.
const OF_TARGET: [&str; 3] = ["to", "secret", "header"];

/// Flags that only a person may type, and the reason.
const ONLY_TYPED: [(&str, &str); 8] = [
    ("yes", "it answers a question that is asked of you"),
    (
        "tunnel",
        "it starts a program, and a file may come from a stranger",
    ),
    (
        "probe-cmd",
        "it runs a command, and a file may come from a stranger",
    ),
    (
        "edit",
        "it runs a command, and a file may come from a stranger",
    ),
    ("config", "it names this file"),
    (
        "open",
        "it starts a program, and a file may come from a stranger",
    ),
    ("handshake", "it is for one request"),
    ("data", "it is for one request"),
];

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

impl Project {
    /// Parses and checks a file.
    pub(crate) fn parse(file: &ProjectText) -> Result<Project> {
        let reader = TableReader {
            path: file.path.display().to_string(),
            folder: file.path.parent().unwrap_or(Path::new("")).to_owned(),
            text: &file.text,
        };
        let parsed = DeTable::parse(&file.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let place = reader.place(at);
            Error::usage(format!("{place}: {}", one_line(error.message())))
        })?;
        let mut project = Project {
            path: reader.path.clone(),
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
    path: String,
    /// Folder of the file: paths in it are relative to this folder.
    folder: PathBuf,
    text: &'a str,
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
type Value<'a> = Spanned<DeValue<'a>>;

impl TableReader<'_> {
    fn top(&self, project: &mut Project, key: &Key, value: &Value) -> Result<()> {
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
                self.check_provider(&setting)?;
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

    fn target(&self, name: &Key, value: &Value) -> Result<ProjectTarget> {
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
                    self.one_text(&setting)?;
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
                    self.check_secret(&mut setting)?;
                    secrets = Some(setting);
                }
                "header" => {
                    self.check_header(&setting)?;
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
        let flags = flags(table);
        let mut settings = Vec::new();
        for (key, value) in values {
            let place = self.place(key.span().start);
            let name = key.get_ref().as_ref();
            if let Some(why) = only_typed(name) {
                return Err(not_here(&place, name, why));
            }
            let mut known = flags.get_arguments().filter_map(clap::Arg::get_long);
            let Some(flag) = flags.get_arguments().find(|it| it.get_long() == Some(name)) else {
                let known: Vec<&str> = known
                    .by_ref()
                    .filter(|it| only_typed(it).is_none())
                    .collect();
                let what = format!("key `{name}` in `[{table}]`");
                return Err(unknown(&place, &what, name, &known));
            };
            let mut setting = self.setting(key, value)?;
            let named = format!("{place}: `{name}` in `[{table}]`");
            setting::check_form(&setting.value, flag, &named)?;
            match name {
                "secret" => self.check_secret(&mut setting)?,
                "header" | "forward-header" => self.check_header(&setting)?,
                "provider" => self.check_provider(&setting)?,
                "to" | "forward-to" => {
                    for typed in setting.texts() {
                        check_target(target_of(typed), &place)?;
                    }
                }
                "body" => self.check_body(&mut setting)?,
                _ if flag.get_value_parser().type_id() == TypeId::of::<PathBuf>() => {
                    setting.map_texts(|path| self.beside(path));
                }
                _ => {}
            }
            settings.push(setting);
        }
        Ok(settings)
    }

    fn setting(&self, key: &Key, value: &Value) -> Result<Setting> {
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

    fn table<'t>(&self, key: &Key, value: &'t Value) -> Result<&'t DeTable<'t>> {
        let name = key.get_ref();
        value.get_ref().as_table().ok_or_else(|| {
            let place = self.place(key.span().start);
            Error::usage(format!("{place}: `{name}` is a table, not a value"))
        })
    }

    fn one_text(&self, setting: &Setting) -> Result<()> {
        match setting.value {
            SettingValue::Text(_) => Ok(()),
            SettingValue::Switch(_) | SettingValue::List(_) => Err(Error::usage(format!(
                "{}:{}: `{}` takes one text",
                self.path, setting.line, setting.name
            ))),
        }
    }

    fn check_provider(&self, setting: &Setting) -> Result<()> {
        self.one_text(setting)?;
        let place = format!("{}:{}", self.path, setting.line);
        for name in setting.texts() {
            let is_known = providers::find(name).is_some()
                || name == "all"
                || (providers::is_custom_scheme(name) && providers::custom_scheme(name).is_ok());
            if !is_known {
                let error = Error::usage(format!("{place}: unknown provider `{name}`"));
                return Err(match providers::guess(name) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint("`webhook-cli events` lists the providers"),
                });
            }
        }
        Ok(())
    }

    /// Checks that a secret is only named: `[PROVIDER=]env:NAME` or `file:PATH`. The value itself is not repeated in an
    /// error.
    fn check_secret(&self, setting: &mut Setting) -> Result<()> {
        let place = format!("{}:{}", self.path, setting.line);
        if matches!(setting.value, SettingValue::Switch(_)) {
            return Err(Error::usage(format!(
                "{place}: `secret` takes a text or a list of texts"
            )));
        }
        for text in setting.texts() {
            let (limit, at) = split_limit(text);
            if !(at.starts_with("env:") || at.starts_with("file:")) {
                return Err(
                    Error::usage(format!("{place}: a secret must not stand in this file"))
                        .hint("put it in the environment, and write `secret = \"env:NAME\"`")
                        .hint("or in a file that is not shared: `secret = \"file:PATH\"`"),
                );
            }
            let known = limit.is_none_or(|name| providers::find(name).is_some());
            if let (false, Some(name)) = (known, limit) {
                let error = Error::usage(format!("{place}: unknown provider `{name}`"));
                return Err(match providers::guess(name) {
                    Some(near) => error.hint(format!("did you mean `{near}={at}`?")),
                    None => error.hint("`webhook-cli events` lists the providers"),
                });
            }
        }
        setting.map_texts(|text| {
            let (limit, at) = split_limit(text);
            let at = match at.strip_prefix("file:") {
                Some(path) => format!("file:{}", self.beside(path)),
                None => at.to_owned(),
            };
            limit.map_or(at.clone(), |limit| format!("{limit}={at}"))
        });
        Ok(())
    }

    /// Checks that no header holds a credential.
    fn check_header(&self, setting: &Setting) -> Result<()> {
        let place = format!("{}:{}", self.path, setting.line);
        if matches!(setting.value, SettingValue::Switch(_)) {
            return Err(Error::usage(format!(
                "{place}: `{}` takes `NAME:VALUE`",
                setting.name
            )));
        }
        for field in setting.texts() {
            let name = field.split(':').next().unwrap_or_default().trim();
            if !field.contains(':') {
                return Err(Error::usage(format!("{place}: `{field}` is not a header"))
                    .hint("write it as `name: value`"));
            }
            if is_credential_field(name) {
                return Err(Error::usage(format!(
                    "{place}: the header `{name}` holds a credential, which must not stand in this file"
                ))
                .hint(format!("type it: `-H \"{name}: $VALUE\"`")));
            }
        }
        Ok(())
    }

    /// Checks that a body is read from a file of the project only: what it holds is sent to others.
    fn check_body(&self, setting: &mut Setting) -> Result<()> {
        let place = format!("{}:{}", self.path, setting.line);
        for text in setting.texts() {
            let Some(path) = text.strip_prefix('@') else {
                continue;
            };
            let path = Path::new(path);
            let leaves = path.components().any(|part| {
                !matches!(
                    part,
                    std::path::Component::Normal(_) | std::path::Component::CurDir
                )
            });
            if leaves {
                return Err(Error::usage(format!(
                    "{place}: `{text}` is a file outside of the project"
                ))
                .hint("name a file below the folder of this configuration"));
            }
        }
        setting.map_texts(|text| match text.strip_prefix('@') {
            Some(path) => format!("@{}", self.beside(path)),
            None => text.to_owned(),
        });
        Ok(())
    }

    /// Path of the file, as seen from the working folder.
    fn beside(&self, path: &str) -> String {
        self.folder.join(path).display().to_string()
    }

    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, self.line(at))
    }
}

/// Target in a value of `forward-to`, without the kinds before it.
pub(crate) fn target_of(typed: &str) -> &str {
    let is_kinds = |text: &str| text.bytes().all(|b| b.is_ascii_alphabetic() || b == b',');
    match typed.split_once('=') {
        Some((kinds, target)) if is_kinds(kinds) => target,
        _ => typed,
    }
}

/// Checks a target of the file: a valid one, without a user, a password or a token.
fn check_target(typed: &str, place: &str) -> Result<()> {
    if typed.starts_with('@') {
        // A name is looked up when it is used.
        return Ok(());
    }
    let target = Target::parse(typed).map_err(|error| {
        let what = Error::usage(format!("{place}: {}", error.what()));
        error
            .hints()
            .iter()
            .fold(what, |what, hint| what.hint(hint))
    })?;
    if target.has_credentials() || masked_path(typed) != typed {
        return Err(Error::usage(format!(
            "{place}: this target holds a credential, which must not stand in this file"
        ))
        .hint("type the target: `--to URL`"));
    }
    Ok(())
}

/// Provider that a secret is limited to, and the secret's place.
fn split_limit(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((name, at)) if at.starts_with("env:") || at.starts_with("file:") => (Some(name), at),
        _ => (None, text),
    }
}

fn only_typed(name: &str) -> Option<&'static str> {
    let found = ONLY_TYPED.iter().find(|(flag, _)| *flag == name);
    found.map(|(_, why)| *why)
}

fn not_here(place: &str, name: &str, why: &str) -> Error {
    Error::usage(format!("{place}: `{name}` cannot be set in a file: {why}"))
        .hint(format!("type it: `--{name}`"))
}

fn unknown(place: &str, what: &str, name: &str, known: &[&str]) -> Error {
    let error = Error::usage(format!("{place}: unknown {what}"));
    match nearest(name, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("it can be {}", known.join(", "))),
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
