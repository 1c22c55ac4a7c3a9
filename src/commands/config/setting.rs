//! Setting of the configuration file: a key, its value and its line.

use clap::{Arg, ArgAction};
use toml::de::DeValue;

use crate::error::{Error, Result};

/// Key of the file with its value.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// Name of the key: that of the flag, without `--`.
    pub(crate) name: String,
    /// Line of the key, from 1.
    pub(crate) line: usize,
    pub(crate) value: SettingValue,
}

/// Value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SettingValue {
    /// `true` or `false`.
    Switch(bool),
    /// A text or a number.
    Text(String),
    /// A list of texts and numbers.
    List(Vec<String>),
}

impl Setting {
    /// Texts of the value; none for `true` and `false`.
    pub(crate) fn texts(&self) -> &[String] {
        match &self.value {
            SettingValue::Switch(_) => &[],
            SettingValue::Text(text) => std::slice::from_ref(text),
            SettingValue::List(list) => list,
        }
    }

    /// Changes each text of the value.
    pub(crate) fn map_texts(&mut self, change: impl Fn(&str) -> String) {
        match &mut self.value {
            SettingValue::Switch(_) => {}
            SettingValue::Text(text) => *text = change(text),
            SettingValue::List(list) => list.iter_mut().for_each(|text| *text = change(text)),
        }
    }

    /// Arguments that say the same on the command line.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let name = &self.name;
        match &self.value {
            SettingValue::Switch(true) => vec![format!("--{name}")],
            SettingValue::Switch(false) => Vec::new(),
            SettingValue::Text(_) | SettingValue::List(_) => self
                .texts()
                .iter()
                .map(|text| format!("--{name}={text}"))
                .collect(),
        }
    }
}

/// Reads a value; none if it is no text, number, truth value or list of texts and numbers.
pub(crate) fn value(value: &DeValue) -> Option<SettingValue> {
    match value {
        DeValue::Boolean(is) => Some(SettingValue::Switch(*is)),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| text(item.get_ref()));
            Some(SettingValue::List(texts.collect::<Option<_>>()?))
        }
        value => text(value).map(SettingValue::Text),
    }
}

fn text(value: &DeValue) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|number| number.to_string()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

/// Checks that a value has the form that the flag takes.
pub(crate) fn check_form(value: &SettingValue, flag: &Arg, place: &str) -> Result<()> {
    let is_optional = flag
        .get_num_args()
        .is_some_and(|values| values.min_values() == 0);
    let (fits, wanted) = match (flag.get_action(), value) {
        (ArgAction::SetTrue, value) => (
            matches!(value, SettingValue::Switch(_)),
            "`true` or `false`",
        ),
        (_, SettingValue::Switch(_)) => (is_optional, "a text or a number"),
        (ArgAction::Append, _) => (true, ""),
        (_, SettingValue::Text(_)) => (true, ""),
        (_, SettingValue::List(_)) => (false, "one value, not a list"),
    };
    match fits {
        true => Ok(()),
        false => Err(Error::usage(format!("{place} takes {wanted}"))),
    }
}
