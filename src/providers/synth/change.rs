//! Changes of single values in an event: `--set` and `--unset`. A path leads through JSON inside a string, and through
//! the brackets in the names of form fields; the type of a list or an object cannot change. A value is written as typed.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::webhook::{Style, as_verbatim, verbatim, write};

/// Step that names the place after the last value of a list (RFC 6901).
const AFTER_LAST: &str = "-";

/// Path as the user wrote it, split into steps.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) steps: Vec<String>,
}

/// Outcome of an edit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// The place existed, or was appended to a list.
    Known,
    /// The place is new; its pointer.
    New(String),
}

/// Value as typed: JSON, kept verbatim, if it is valid JSON; else a string.
pub fn typed(text: &str) -> Value {
    match text.trim() {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if serde_json::from_str::<&RawValue>(text).is_ok() => verbatim(text),
        _ => Value::from(text),
    }
}

/// A value as the text of a form field. In a form, everything is text.
pub(crate) fn field_text(value: &Value) -> String {
    match (value, as_verbatim(value)) {
        (Value::Null, _) => String::new(),
        (Value::String(text), _) => text.clone(),
        (_, Some(text)) => serde_json::from_str(text).unwrap_or_else(|_| text.to_owned()),
        (value, None) => write(value, &Style::COMPACT),
    }
}

impl Path {
    /// Parses a JSON pointer, or names separated by dots; the name of an existing member counts as one step, dots
    /// included.
    pub(crate) fn new(text: &str, top: &Value) -> Path {
        let steps = match text.strip_prefix('/') {
            Some(pointer) => pointer
                .split('/')
                .map(|step| step.replace("~1", "/").replace("~0", "~"))
                .collect(),
            None if top.get(text).is_some() => vec![text.to_owned()],
            None => dotted(text),
        };
        Path { steps }
    }

    /// Translates the path to the fields of a form, whose names nest by brackets: `data.email` is `data[email]`.
    /// A field that is not there gets a name of that sort where it is one of a group, or where `all` of the event are
    /// fields.
    pub(crate) fn among_fields(self, fields: &Map<String, Value>, all: bool) -> Path {
        let names: Vec<String> = self.steps.iter().flat_map(|step| nested(step)).collect();
        for length in (1..=names.len()).rev() {
            let (start, rest) = names.split_at(length);
            let field = bracketed(start);
            if fields.contains_key(&field) {
                return Path {
                    steps: std::iter::once(field).chain(rest.iter().cloned()).collect(),
                };
            }
        }
        let has_group = names
            .first()
            .is_some_and(|first| !group(fields, first).is_empty());
        if names.iter().any(|name| name == AFTER_LAST) || !(all || has_group) {
            return self;
        }
        Path {
            steps: vec![bracketed(&names)],
        }
    }

    /// The first step.
    pub(crate) fn first(&self) -> &str {
        self.steps.first().map_or("", String::as_str)
    }

    /// The steps that remain after the place at this JSON pointer; none if the path does not lead through it.
    pub(crate) fn behind(&self, pointer: &str) -> Option<&[String]> {
        let before: Vec<&str> = pointer.split('/').skip(1).collect();
        let (start, rest) = self.steps.split_at_checked(before.len())?;
        (start == before).then_some(rest)
    }

    /// The path as a JSON pointer, without its last `less` steps.
    pub(crate) fn pointer(&self, less: usize) -> String {
        let steps = self.steps.get(..self.steps.len().saturating_sub(less));
        pointer_of(steps.unwrap_or_default())
    }
}

pub(crate) fn pointer_of(steps: &[String]) -> String {
    steps
        .iter()
        .map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1")))
        .collect()
}

/// True if a path names no place: it is empty, or a name between its dots is.
pub fn names_no_place(text: &str) -> bool {
    !text.starts_with('/') && dotted(text).iter().any(String::is_empty)
}

/// Names with dots between them; a dot in brackets belongs to the name of a form field.
fn dotted(text: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '.' if depth == 0 => {
                steps.push(String::new());
                continue;
            }
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some(step) = steps.last_mut() {
            step.push(c);
        }
    }
    steps
}

/// The names in the name of a form field: `data[merges][EMAIL]` has three.
pub(crate) fn nested(field: &str) -> Vec<String> {
    let inner = field.split_once('[').filter(|(first, _)| !first.is_empty());
    match inner.and_then(|(first, rest)| Some((first, rest.strip_suffix(']')?))) {
        Some((first, rest)) => std::iter::once(first)
            .chain(rest.split("]["))
            .map(str::to_owned)
            .collect(),
        None => vec![field.to_owned()],
    }
}

/// The name of the form field of these names.
fn bracketed(names: &[String]) -> String {
    let mut names = names.iter();
    let first = names.next().cloned().unwrap_or_default();
    names.fold(first, |field, name| format!("{field}[{name}]"))
}

/// The fields of a form whose names begin with that name and a bracket.
pub(crate) fn group(fields: &Map<String, Value>, name: &str) -> Vec<String> {
    let is_in = |field: &&String| {
        let rest = field.strip_prefix(name);
        !name.is_empty() && rest.is_some_and(|rest| rest.starts_with('['))
    };
    fields.keys().filter(is_in).cloned().collect()
}

/// Place in words.
fn place(at: &str) -> String {
    match at {
        "" => "the payload".to_owned(),
        at => format!("`{at}`"),
    }
}

/// Writes a value at a place; the error names the part of the path that has another type. `path` is the whole path, and
/// `rest` the steps that remain from `here`.
pub(crate) fn set(
    here: &mut Value,
    path: &Path,
    rest: &[String],
    value: &Value,
) -> Result<Changed, String> {
    Assignment { path, value }.set(here, rest)
}

/// Value to write, and the whole path of its place.
struct Assignment<'a> {
    path: &'a Path,
    value: &'a Value,
}

impl Assignment<'_> {
    /// Writes the value `rest` steps below `here`.
    fn set(&self, here: &mut Value, rest: &[String]) -> Result<Changed, String> {
        let Some((step, after)) = rest.split_first() else {
            return self.replace(here);
        };
        expand(here);
        match here {
            Value::String(text) => self.set_in_text(text, rest),
            Value::Array(values) => self.set_in_list(values, step, after),
            Value::Object(members) => self.set_in_object(members, step, after),
            // Null can become anything.
            Value::Null => {
                *here = self.nested(rest)?;
                Ok(Changed::New(self.path.pointer(after.len())))
            }
            Value::Bool(_) | Value::Number(_) => Err(self.nothing_inside(Sort::Scalar, rest)),
        }
    }

    /// Replaces a value by one of the same type.
    fn replace(&self, here: &mut Value) -> Result<Changed, String> {
        let new = match (sort(here), sort(self.value)) {
            _ if here.is_null() || self.value.is_null() => self.value.clone(),
            (old, new) if old == new => self.value.clone(),
            (Sort::Scalar, Sort::Text) | (Sort::Text, Sort::Scalar) => self.value.clone(),
            // JSON inside a string stays there.
            (Sort::Text, new) if inside(here).is_some_and(|it| sort(&it) == new) => {
                Value::from(field_text(self.value))
            }
            (old, _) => {
                let pointer = self.path.pointer(0);
                let first = match old {
                    Sort::List => format!("; `{pointer}/0` is its first element"),
                    _ => String::new(),
                };
                let at = place(&pointer);
                let sort = old.name();
                return Err(format!("{at} is {sort}; its type cannot change{first}"));
            }
        };
        *here = new;
        Ok(Changed::Known)
    }

    /// Writes the value into JSON inside a string.
    fn set_in_text(&self, text: &mut String, rest: &[String]) -> Result<Changed, String> {
        let Some(mut inner) = inner_json(text) else {
            return Err(self.nothing_inside(Sort::Text, rest));
        };
        let changed = self.set(&mut inner, rest)?;
        *text = write(&inner, &Style::COMPACT);
        Ok(changed)
    }

    fn set_in_list(
        &self,
        values: &mut Vec<Value>,
        step: &str,
        after: &[String],
    ) -> Result<Changed, String> {
        let at = self.path.pointer(after.len() + 1);
        if step == AFTER_LAST {
            values.push(self.nested(after)?);
            return Ok(Changed::Known);
        }
        let Some(index) = step.parse::<usize>().ok() else {
            return Err(format!(
                "{} is a list; `{at}/0` is its first element, `{at}/-` appends one",
                place(&at)
            ));
        };
        let count = values.len();
        if let Some(next) = values.get_mut(index) {
            return self.set(next, after);
        }
        if index > count {
            return Err(format!(
                "{} is a list of {count}; `{at}/-` appends one",
                place(&at)
            ));
        }
        values.push(self.nested(after)?);
        Ok(Changed::New(format!("{at}/{index}")))
    }

    fn set_in_object(
        &self,
        members: &mut Map<String, Value>,
        step: &str,
        after: &[String],
    ) -> Result<Changed, String> {
        if let Some(next) = members.get_mut(step) {
            return self.set(next, after);
        }
        if step == AFTER_LAST {
            let at = place(&self.path.pointer(after.len() + 1));
            return Err(format!("{at} is an object, and `-` appends to a list only"));
        }
        members.insert(step.to_owned(), self.nested(after)?);
        Ok(Changed::New(self.path.pointer(after.len())))
    }

    /// The value in objects of these names, which are the last of the path.
    fn nested(&self, steps: &[String]) -> Result<Value, String> {
        if let Some(at) = steps.iter().position(|step| step == AFTER_LAST) {
            let missing = self.path.pointer(steps.len() - at);
            return Err(format!(
                "`{missing}` does not exist, and `-` appends to an existing list only"
            ));
        }
        let object = |inner, step: &String| Value::Object(Map::from_iter([(step.clone(), inner)]));
        Ok(steps.iter().rev().fold(self.value.clone(), object))
    }

    fn nothing_inside(&self, sort: Sort, rest: &[String]) -> String {
        let at = place(&self.path.pointer(rest.len()));
        let whole = self.path.pointer(0);
        format!("{at} is {}, so it has no `{whole}`", sort.name())
    }
}

/// Removes a place; true if it existed.
pub(crate) fn unset(here: &mut Value, rest: &[String]) -> bool {
    let Some((step, after)) = rest.split_first() else {
        return false;
    };
    expand(here);
    match here {
        Value::String(text) => {
            let Some(mut inner) = inner_json(text) else {
                return false;
            };
            let was_there = unset(&mut inner, rest);
            if was_there {
                *text = write(&inner, &Style::COMPACT);
            }
            was_there
        }
        Value::Array(values) => {
            let index = step.parse::<usize>().ok().filter(|at| *at < values.len());
            match (index, after) {
                (Some(index), []) => {
                    values.remove(index);
                    true
                }
                (Some(index), _) => values.get_mut(index).is_some_and(|next| unset(next, after)),
                (None, _) => false,
            }
        }
        Value::Object(members) => match after {
            [] => members.shift_remove(step).is_some(),
            _ => members.get_mut(step).is_some_and(|next| unset(next, after)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Takes a value that stands for JSON text apart, one level deep; what is in it still stands for text.
pub(crate) fn expand(here: &mut Value) {
    let Some(text) = as_verbatim(here) else {
        return;
    };
    let apart = match text.trim_start().as_bytes().first() {
        Some(b'{') => serde_json::from_str::<TextMembers>(text)
            .ok()
            .map(|members| Value::Object(members.0)),
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text)
            .ok()
            .map(|values| values.into_iter().map(|it| typed(it.get())).collect()),
        Some(b'"') => serde_json::from_str::<String>(text).ok().map(Value::from),
        _ => serde_json::from_str(text).ok(),
    };
    if let Some(apart) = apart {
        *here = apart;
    }
}

/// Members of an object, each of which stands for its text.
struct TextMembers(Map<String, Value>);

impl<'de> Deserialize<'de> for TextMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = TextMembers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TextMembers, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            members.insert(name, typed(value.get()));
        }
        Ok(TextMembers(members))
    }
}

/// The list or the object that a text is, taken apart.
fn inner_json(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str::<&RawValue>(text).ok()?;
    let mut inner = verbatim(text);
    expand(&mut inner);
    Some(inner)
}

/// The list or the object in a value that is a text of JSON.
pub(crate) fn inside(value: &Value) -> Option<Value> {
    let mut value = value.clone();
    expand(&mut value);
    inner_json(value.as_str()?)
}

/// Type of a value: replacing one by another type is an error, except between texts and scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Object,
    List,
    Text,
    Scalar,
}

impl Sort {
    fn name(self) -> &'static str {
        match self {
            Sort::Object => "an object",
            Sort::List => "a list",
            Sort::Text => "a string",
            Sort::Scalar => "a single value",
        }
    }
}

fn sort(value: &Value) -> Sort {
    if let Some(text) = as_verbatim(value) {
        return match text.trim_start().as_bytes().first() {
            Some(b'{') => Sort::Object,
            Some(b'[') => Sort::List,
            Some(b'"') => Sort::Text,
            _ => Sort::Scalar,
        };
    }
    match value {
        Value::Object(_) => Sort::Object,
        Value::Array(_) => Sort::List,
        Value::String(_) => Sort::Text,
        Value::Null | Value::Bool(_) | Value::Number(_) => Sort::Scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::{Changed, Path, set, typed, unset};
    use crate::webhook::{Style, write};
    use serde_json::{Value, json};

    fn event() -> Value {
        json!({"a": {"b": 0}, "l": [0, {"x": 1}], "t": "text", "n": null, "j": "{\"k\":[1]}", "d.e": 1})
    }

    fn done(path: &str, value: Value) -> Result<(Value, Changed), String> {
        let mut event = event();
        let path = Path::new(path, &event);
        let changed = set(&mut event, &path, &path.steps, &value)?;
        Ok((event, changed))
    }

    #[test]
    fn a_value_is_put_where_the_path_leads() {
        for (path, at) in [
            ("a.b", "/a/b"),
            ("/a/b", "/a/b"),
            ("l.0", "/l/0"),
            ("/l/1/x", "/l/1/x"),
            ("t", "/t"),
            ("d.e", "/d.e"),
            ("n", "/n"),
        ] {
            let (event, changed) = done(path, json!(7)).unwrap();
            assert_eq!(
                (event.pointer(at), changed),
                (Some(&json!(7)), Changed::Known),
                "{path}"
            );
        }
        let (event, _) = done("j.k.0", json!(7)).unwrap();
        assert_eq!(event["j"], "{\"k\":[7]}");
    }

    #[test]
    fn what_is_new_is_told() {
        for (path, new) in [
            ("txt", "/txt"),
            ("a.bb", "/a/bb"),
            ("l.2", "/l/2"),
            ("n.x", "/n/x"),
            ("zzz.y", "/zzz"),
        ] {
            let (_, changed) = done(path, json!(7)).unwrap();
            assert_eq!(changed, Changed::New(new.into()), "{path}");
        }
    }

    #[test]
    fn a_minus_adds_to_a_list_and_is_an_error_elsewhere() {
        let (event, changed) = done("/l/-", json!(7)).unwrap();
        assert_eq!((&event["l"][2], changed), (&json!(7), Changed::Known));
        let (event, _) = done("l.-.x", json!(7)).unwrap();
        assert_eq!(event["l"][2], json!({"x": 7}));
        let (event, _) = done("j.k.-", json!(7)).unwrap();
        assert_eq!(event["j"], "{\"k\":[1,7]}");
        for (path, why) in [
            ("/-", "the payload is an object, and `-`"),
            ("/a/-", "`/a` is an object, and `-`"),
            ("/t/-", "`/t` is a string"),
            ("/n/-", "`/n` does not exist, and `-`"),
            ("/l/-/-", "`/l/-` does not exist, and `-`"),
            ("/zzz/y/-", "`/zzz/y` does not exist, and `-`"),
        ] {
            let error = done(path, json!(7)).unwrap_err();
            assert!(error.contains(why), "{path}: {error}");
        }
    }

    #[test]
    fn what_is_typed_is_written_as_it_is_typed() {
        let texts = [
            "9007199254740993",
            "1.10",
            "1e3",
            "-0",
            "1e999",
            r#"{"b" : 1,  "a":1.0,"a":2}"#,
            "[ 1,2 ]",
            r#""caf\u00e9""#,
        ];
        for text in texts {
            let mut event = json!({"a": {"b": null}});
            let path = Path::new("a.b", &event);
            set(&mut event, &path, &path.steps, &typed(text)).unwrap();
            let written = write(&event, &Style::SPACED);
            assert_eq!(written, format!(r#"{{"a": {{"b": {text}}}}}"#));
        }
        // What is put into it later leaves the rest as it was.
        let mut event = json!({});
        for (path, text) in [
            ("a", r#"{"n":1.10,"l":[ 1e3 ]}"#),
            ("a.l.-", "-0"),
            ("a.t", "no JSON"),
        ] {
            let path = Path::new(path, &event);
            set(&mut event, &path, &path.steps, &typed(text)).unwrap();
        }
        assert_eq!(
            write(&event, &Style::COMPACT),
            r#"{"a":{"n":1.10,"l":[1e3,-0],"t":"no JSON"}}"#
        );
        let path = Path::new("a.n", &event);
        assert!(unset(&mut event, &path.steps));
    }

    #[test]
    fn brackets_in_the_names_of_fields_are_steps() {
        let form = json!({"type": "x", "data[email]": "a", "data[m][E]": "b", "j": "{\"k\":1}"});
        for (typed, steps) in [
            ("data.email", &["data[email]"][..]),
            ("/data/email", &["data[email]"]),
            ("data[email]", &["data[email]"]),
            ("/data[email]", &["data[email]"]),
            ("data.m.E", &["data[m][E]"]),
            ("data[m].E", &["data[m][E]"]),
            ("data[m].new", &["data[m][new]"]),
            ("data.new.x", &["data[new][x]"]),
            ("data[a.b]", &["data[a.b]"]),
            ("j.k", &["j", "k"]),
            ("other", &["other"]),
        ] {
            let path = Path::new(typed, &form).among_fields(form.as_object().unwrap(), true);
            assert_eq!(path.steps, steps, "{typed}");
        }
        let path = Path::new("msg.email", &form).among_fields(form.as_object().unwrap(), false);
        assert_eq!(path.steps, ["msg", "email"]);
    }

    #[test]
    fn no_list_object_or_text_becomes_another_sort_of_value() {
        for (path, value, why) in [
            ("t.x", json!(1), "`/t` is a string, so it has no `/t/x`"),
            ("a.b.c", json!(1), "`/a/b` is a single value"),
            ("l.x", json!(1), "`/l` is a list; `/l/0` is its first"),
            ("l.7", json!(1), "`/l` is a list of 2; `/l/-` appends one"),
            ("l", json!("x"), "`/l` is a list; its type cannot change"),
            ("l", json!({}), "`/l` is a list; its type cannot change"),
            ("a", json!([]), "`/a` is an object; its type cannot change"),
            ("t", json!({}), "`/t` is a string; its type cannot change"),
            (
                "l.1",
                json!(3),
                "`/l/1` is an object; its type cannot change",
            ),
        ] {
            let error = done(path, value).unwrap_err();
            assert!(error.contains(why), "{path}: {error}");
        }
        assert!(done("l", json!([])).is_ok() && done("a", json!(null)).is_ok());
        // JSON that stands in a text may become other JSON of its sort, still in a text.
        let (event, _) = done("j", typed("{\"k\": 1.0}")).unwrap();
        assert_eq!(event["j"], "{\"k\": 1.0}");
        assert!(done("j", typed("[]")).is_err());
    }

    #[test]
    fn a_place_is_taken_away() {
        for (path, there) in [
            ("a.b", true),
            ("l.0", true),
            ("l.1.x", true),
            ("j.k", true),
            ("t", true),
            ("zzz", false),
            ("t.x", false),
            ("l.7", false),
        ] {
            let mut event = event();
            let path = Path::new(path, &event);
            assert_eq!(unset(&mut event, &path.steps), there, "{path:?}");
            assert_eq!(event != super::tests::event(), there);
        }
    }
}
