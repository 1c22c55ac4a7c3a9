//! Rules for what a configuration file may hold: no secret, no command, no file of others.

use std::path::Path;

use crate::commands::config::setting::{Setting, SettingValue};
use crate::error::{Error, Result};
use crate::providers;
use crate::webhook::{Target, is_credential_field, masked_path, nearest};

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

/// Rules for the settings of one file.
pub(super) struct SettingRules<'a> {
    /// Path of the file, as shown.
    pub(super) path: &'a str,
    /// Folder of the file: paths in it are relative to this folder.
    pub(super) folder: &'a Path,
}

impl SettingRules<'_> {
    pub(super) fn one_text(&self, setting: &Setting) -> Result<()> {
        match setting.value {
            SettingValue::Text(_) => Ok(()),
            SettingValue::Switch(_) | SettingValue::List(_) => Err(Error::usage(format!(
                "{}:{}: `{}` takes one text",
                self.path, setting.line, setting.name
            ))),
        }
    }

    pub(super) fn check_provider(&self, setting: &Setting) -> Result<()> {
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
    pub(super) fn check_secret(&self, setting: &mut Setting) -> Result<()> {
        let place = format!("{}:{}", self.path, setting.line);
        if matches!(setting.value, SettingValue::Switch(_)) {
            return Err(Error::usage(format!(
                "{place}: `{}` takes a text or a list of texts",
                setting.name
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
    pub(super) fn check_header(&self, setting: &Setting) -> Result<()> {
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
    pub(super) fn check_body(&self, setting: &mut Setting) -> Result<()> {
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
    pub(super) fn beside(&self, path: &str) -> String {
        self.folder.join(path).display().to_string()
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
pub(super) fn check_target(typed: &str, place: &str) -> Result<()> {
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

pub(super) fn only_typed(name: &str) -> Option<&'static str> {
    let found = ONLY_TYPED.iter().find(|(flag, _)| *flag == name);
    found.map(|(_, why)| *why)
}

pub(super) fn not_here(place: &str, name: &str, why: &str) -> Error {
    Error::usage(format!("{place}: `{name}` cannot be set in a file: {why}"))
        .hint(format!("type it: `--{name}`"))
}

pub(super) fn unknown(place: &str, what: &str, name: &str, known: &[&str]) -> Error {
    let error = Error::usage(format!("{place}: unknown {what}"));
    match nearest(name, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("it can be {}", known.join(", "))),
    }
}
