//! Edits of single places in an event, for `--set` and `--unset`. JSON inside a string is decoded on the way; a list
//! stays a list and an object an object.

use serde_json::{Map, Value};

use crate::webhook::{Style, nearest, write};

/// Path as the user wrote it, split into steps.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) steps: Vec<String>,
}

/// Outcome of an edit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// The place existed.
    Known,
    /// The place was created: its JSON pointer, and that of an existing member with a similar name, if any.
    New(String, Option<String>),
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
            None => text.split('.').map(str::to_owned).collect(),
        };
        Path { steps }
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

fn pointer_of(steps: &[String]) -> String {
    steps
        .iter()
        .map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1")))
        .collect()
}

/// Writes a value at a place; the error names the part of the path that has another type. `path` is the whole path, and
/// `rest` the steps that remain from `here`.
pub(crate) fn set(
    here: &mut Value,
    path: &Path,
    rest: &[String],
    value: &Value,
) -> Result<Changed, String> {
    let at = path.pointer(rest.len());
    let Some((step, after)) = rest.split_first() else {
        return match (sort(here), sort(value)) {
            _ if here.is_null() || value.is_null() => replace(here, value),
            (old, new) if old == new => replace(here, value),
            (Sort::Scalar, Sort::Text) | (Sort::Text, Sort::Scalar) => replace(here, value),
            (old, _) => Err(format!("`{at}` is {}, and stays one", old.name())),
        };
    };
    match here {
        Value::String(text) => {
            let inner = serde_json::from_str::<Value>(text).ok();
            let Some(mut inner) = inner.filter(|it| it.is_object() || it.is_array()) else {
                return Err(nothing_inside(&at, Sort::Text, path));
            };
            let changed = set(&mut inner, path, rest, value)?;
            *text = write(&inner, &Style::COMPACT);
            Ok(changed)
        }
        Value::Array(values) => {
            let count = values.len();
            let Some(index) = step.parse::<usize>().ok() else {
                return Err(format!(
                    "`{at}` is a list; `{at}/0` is the first that stands in it"
                ));
            };
            if let Some(next) = values.get_mut(index) {
                return set(next, path, after, value);
            }
            if index > count {
                return Err(format!(
                    "`{at}` is a list of {count}; `{at}/{count}` adds one more"
                ));
            }
            values.push(made(after, value));
            Ok(Changed::New(format!("{at}/{index}"), None))
        }
        Value::Object(members) => {
            if let Some(next) = members.get_mut(step) {
                return set(next, path, after, value);
            }
            let near = nearest(step, members.keys().map(String::as_str));
            let near =
                near.map(|near| format!("{at}/{}", near.replace('~', "~0").replace('/', "~1")));
            members.insert(step.clone(), made(after, value));
            Ok(Changed::New(path.pointer(after.len()), near))
        }
        // Null can become anything.
        Value::Null => {
            *here = made(rest, value);
            Ok(Changed::New(path.pointer(after.len()), None))
        }
        Value::Bool(_) | Value::Number(_) => Err(nothing_inside(&at, Sort::Scalar, path)),
    }
}

fn replace(here: &mut Value, value: &Value) -> Result<Changed, String> {
    here.clone_from(value);
    Ok(Changed::Known)
}

/// The value, wrapped in objects with these member names.
fn made(steps: &[String], value: &Value) -> Value {
    steps.iter().rev().fold(value.clone(), |inner, step| {
        Value::Object(Map::from_iter([(step.clone(), inner)]))
    })
}

fn nothing_inside(at: &str, sort: Sort, path: &Path) -> String {
    format!(
        "`{at}` is {}, so there is no `{}` in it",
        sort.name(),
        path.pointer(0)
    )
}

/// Removes a place; true if it existed.
pub(crate) fn unset(here: &mut Value, rest: &[String]) -> bool {
    let Some((step, after)) = rest.split_first() else {
        return false;
    };
    match here {
        Value::String(text) => {
            let inner = serde_json::from_str::<Value>(text).ok();
            let Some(mut inner) = inner.filter(|it| it.is_object() || it.is_array()) else {
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
            Sort::Text => "a text",
            Sort::Scalar => "a single value",
        }
    }
}

fn sort(value: &Value) -> Sort {
    match value {
        Value::Object(_) => Sort::Object,
        Value::Array(_) => Sort::List,
        Value::String(_) => Sort::Text,
        Value::Null | Value::Bool(_) | Value::Number(_) => Sort::Scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::{Changed, Path, set, unset};
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
    fn what_is_new_is_told_with_what_it_is_much_like() {
        for (path, new, near) in [
            ("txt", "/txt", Some("/t")),
            ("a.bb", "/a/bb", Some("/a/b")),
            ("l.2", "/l/2", None),
            ("n.x", "/n/x", None),
            ("zzz.y", "/zzz", None),
        ] {
            let (_, changed) = done(path, json!(7)).unwrap();
            assert_eq!(
                changed,
                Changed::New(new.into(), near.map(str::to_owned)),
                "{path}"
            );
        }
    }

    #[test]
    fn no_list_object_or_text_becomes_another_sort_of_value() {
        for (path, value, why) in [
            (
                "t.x",
                json!(1),
                "`/t` is a text, so there is no `/t/x` in it",
            ),
            ("a.b.c", json!(1), "`/a/b` is a single value"),
            ("l.x", json!(1), "`/l` is a list; `/l/0` is the first"),
            ("l.7", json!(1), "`/l` is a list of 2; `/l/2` adds one more"),
            ("l", json!("x"), "`/l` is a list, and stays one"),
            ("l", json!({}), "`/l` is a list, and stays one"),
            ("a", json!([]), "`/a` is an object, and stays one"),
            ("t", json!({}), "`/t` is a text, and stays one"),
            ("l.1", json!(3), "`/l/1` is an object, and stays one"),
        ] {
            let error = done(path, value).unwrap_err();
            assert!(error.contains(why), "{path}: {error}");
        }
        assert!(done("l", json!([])).is_ok() && done("a", json!(null)).is_ok());
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
