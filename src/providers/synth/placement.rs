//! Writes campaigns, tags and metadata where a provider has a place for them, and values anywhere in an event.

use serde_json::{Map, Value};

use crate::providers::provider::Placement;
use crate::webhook::{Style, verbatim, write};

/// Number of the given values that were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlacementResult {
    /// All values.
    All,
    /// The last of several: the provider has room for one.
    Last,
    /// No value: the event has no place for them.
    Nothing,
}

/// Name and value of each tag, or of each member of the metadata.
type Values<'a> = [(&'a String, &'a String)];

impl Placement {
    /// Writes these names and values into an event, in place of the example's own.
    pub(crate) fn put(&self, event: &mut Value, values: &Values) -> PlacementResult {
        let Some((_, last)) = values.last() else {
            return PlacementResult::All;
        };
        match self {
            Placement::Nowhere => PlacementResult::Nothing,
            Placement::Each(placements) => {
                let mut results = placements.iter().map(|it| it.put(event, values));
                let missed = results.find(|result| *result != PlacementResult::All);
                missed.unwrap_or(PlacementResult::All)
            }
            Placement::Either(placements) => {
                let mut results = placements.iter().map(|it| it.put(event, values));
                let found = results.find(|result| *result != PlacementResult::Nothing);
                found.unwrap_or(PlacementResult::Nothing)
            }
            Placement::Text(_) | Placement::First(_) | Placement::Instead(_) => {
                match self.put_one(event, last) {
                    true if values.len() == 1 => PlacementResult::All,
                    true => PlacementResult::Last,
                    false => PlacementResult::Nothing,
                }
            }
            _ => match self.put_all(event, values) {
                true => PlacementResult::All,
                false => PlacementResult::Nothing,
            },
        }
    }

    /// Writes a value where there is room for one; false if the event has no such place.
    fn put_one(&self, event: &mut Value, value: &str) -> bool {
        match self {
            Placement::Text(pointer) => put_member(event, pointer, Value::from(value)),
            Placement::First(pointers) => {
                let mut pointers = pointers.iter();
                let existing = pointers.find(|pointer| event.pointer(pointer).is_some());
                existing.is_some_and(|pointer| {
                    // A number stays a number where it can, however long it is.
                    let is_number = event.pointer(pointer).is_some_and(Value::is_number);
                    let value = match is_number && is_whole_number(value) {
                        true => verbatim(value),
                        false => Value::from(value),
                    };
                    put(event, pointer, value);
                    true
                })
            }
            Placement::Instead(pointer) => replace_text(event, pointer, |_| Some(value.to_owned())),
            _ => false,
        }
    }

    /// Writes all values; false if the event has no place for them.
    fn put_all(&self, event: &mut Value, values: &Values) -> bool {
        match self {
            Placement::List(pointer) => put_member(event, pointer, texts(values)),
            Placement::Named(pointer) => put_member(event, pointer, named(values)),
            Placement::Pairs(pointer, name, value) => {
                put_member(event, pointer, pairs(values, name, value))
            }
            Placement::Members(pointer) => {
                put_member(event, pointer, Value::Object(members(values)))
            }
            Placement::Among(pointer, own) => {
                has_room(event, pointer) && put_among(event, pointer, own, values)
            }
            Placement::Lists(pointer, theirs) => {
                has_room(event, pointer) && put_lists(event, pointer, theirs, values)
            }
            Placement::Into(pointer) => match event.pointer_mut(pointer) {
                Some(Value::Object(existing)) => {
                    *existing = members(values);
                    true
                }
                _ => false,
            },
            Placement::ListText(pointer) => replace_text(event, pointer, |old| {
                let list = || write(&texts(values), &Style::COMPACT);
                old.starts_with('[').then(list)
            }),
            Placement::MembersText(pointer) => replace_text(event, pointer, |_| {
                Some(write(&Value::Object(members(values)), &Style::COMPACT))
            }),
            Placement::There(pointers) => put_in_existing(event, pointers, values),
            _ => false,
        }
    }
}

/// Writes a member; false if the object for it does not exist.
fn put_member(event: &mut Value, pointer: &str, value: Value) -> bool {
    let has_room = has_room(event, pointer);
    if has_room {
        put(event, pointer, value);
    }
    has_room
}

/// Replaces a text by what `new` makes of it; false if there is no text, or `new` makes none.
fn replace_text(event: &mut Value, pointer: &str, new: impl Fn(&str) -> Option<String>) -> bool {
    let Some(Value::String(text)) = event.pointer_mut(pointer) else {
        return false;
    };
    match new(text) {
        Some(new) => {
            *text = new;
            true
        }
        None => false,
    }
}

/// Writes the members into each of these places that is an object or null; false if there is none.
fn put_in_existing(event: &mut Value, pointers: &[&str], values: &Values) -> bool {
    let mut is_any = false;
    for pointer in pointers {
        let existing = event.pointer(pointer);
        if existing.is_some_and(|value| value.is_object() || value.is_null()) {
            put(event, pointer, Value::Object(members(values)));
            is_any = true;
        }
    }
    is_any
}

/// Replaces the members of an object, less the provider's `own`.
fn put_among(event: &mut Value, pointer: &str, own: &[&str], values: &Values) -> bool {
    if let Some(Value::Object(existing)) = event.pointer_mut(pointer) {
        existing.retain(|name, _| !own.contains(&name.as_str()));
        existing.extend(members(values));
    }
    true
}

/// Writes a list of one value a member, and keeps the provider's own members, whose names begin with `theirs`.
fn put_lists(event: &mut Value, pointer: &str, theirs: &str, values: &Values) -> bool {
    let old = match event.pointer_mut(pointer) {
        Some(Value::Object(old)) => std::mem::take(old),
        _ => Map::new(),
    };
    let (kept, replaced): (Vec<_>, Vec<_>) = old
        .into_iter()
        .partition(|(name, _)| name.starts_with(theirs));
    let new = members(values).into_iter();
    let new = new.map(|(name, value)| (name, Value::Array(vec![value])));
    let all = kept.into_iter().chain(new).collect();
    put(event, pointer, Value::Object(all));
    // Another field of the event repeats the header that set the metadata.
    let pair = |name: &str, value: &str| format!("{name}={value}");
    let replaced = replaced.iter().filter_map(|(name, value)| {
        let value = value.get(0)?.as_str()?;
        Some(pair(name, value))
    });
    let replaced = replaced.collect::<Vec<_>>().join(", ");
    if !replaced.is_empty() {
        let new: Vec<String> = values.iter().map(|(name, it)| pair(name, it)).collect();
        replace(event, &replaced, &new.join(", "));
    }
    true
}

/// True if a text is a whole number as JSON writes it.
pub(crate) fn is_whole_number(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits && !text.is_empty() && (text == "0" || !text.starts_with('0'))
}

/// The values, as a list of texts.
fn texts(values: &Values) -> Value {
    let texts = values.iter().map(|(_, value)| Value::from(value.as_str()));
    texts.collect()
}

/// The values, as a list of objects with `id` and `name`.
fn named(values: &Values) -> Value {
    let object = |(_, value): &(&String, &String)| {
        Value::from_iter([("id", value.as_str()), ("name", value.as_str())])
    };
    values.iter().map(object).collect()
}

/// The values, as a list of objects with these two members.
fn pairs(values: &Values, name: &str, value: &str) -> Value {
    let object = |(key, text): &(&String, &String)| {
        Value::from_iter([(name, key.as_str()), (value, text.as_str())])
    };
    values.iter().map(object).collect()
}

/// The values, as members of an object.
fn members(values: &Values) -> Map<String, Value> {
    let members = values.iter();
    members
        .map(|(name, value)| (name.to_string(), Value::from(value.as_str())))
        .collect()
}

/// True if the object that would contain the place exists; the versions of an event have different objects.
pub(crate) fn has_room(event: &Value, pointer: &str) -> bool {
    match pointer.rsplit_once('/') {
        Some((holder, _)) => event.pointer(holder).is_some_and(Value::is_object),
        None => event.is_object(),
    }
}

/// Writes a value at a JSON pointer or a dotted path, creating the objects on the way.
pub(crate) fn put(event: &mut Value, path: &str, value: Value) {
    let steps: Vec<String> = match path.strip_prefix('/') {
        Some(pointer) => pointer
            .split('/')
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect(),
        None => path.split('.').map(str::to_owned).collect(),
    };
    let mut here = event;
    for step in &steps {
        let number = step.parse::<usize>().ok();
        if let (Value::Array(values), Some(at)) = (&mut *here, number) {
            // An index beyond the end appends one element.
            if at >= values.len() {
                values.push(Value::Null);
            }
            let at = at.min(values.len() - 1);
            match here {
                Value::Array(values) => match values.get_mut(at) {
                    Some(next) => here = next,
                    None => return,
                },
                _ => return,
            }
            continue;
        }
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        match here {
            Value::Object(members) => here = members.entry(step.clone()).or_insert(Value::Null),
            _ => return,
        }
    }
    *here = value;
}

/// Removes the member at a JSON pointer.
pub(crate) fn remove(event: &mut Value, pointer: &str) {
    if let Some((holder, name)) = pointer.rsplit_once('/')
        && let Some(Value::Object(members)) = event.pointer_mut(holder)
    {
        members.shift_remove(name);
    }
}

/// Replaces a substring in all strings of a value.
pub(crate) fn replace(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text.contains(old) => *text = text.replace(old, new),
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, old, new)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|value| replace(value, old, new)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::put;
    use serde_json::json;

    #[test]
    fn a_value_is_put_where_the_path_says() {
        for (path, wanted) in [
            ("a", json!({"a": 1, "l": [0]})),
            ("/x/y", json!({"a": {"b": 0}, "l": [0], "x": {"y": 1}})),
            ("a.b", json!({"a": {"b": 1}, "l": [0]})),
            ("a.b.c", json!({"a": {"b": {"c": 1}}, "l": [0]})),
            ("/l/0", json!({"a": {"b": 0}, "l": [1]})),
            ("l.7", json!({"a": {"b": 0}, "l": [0, 1]})),
            ("/p~1q", json!({"a": {"b": 0}, "l": [0], "p/q": 1})),
        ] {
            let mut value = json!({"a": {"b": 0}, "l": [0]});
            put(&mut value, path, json!(1));
            assert_eq!(value, wanted, "{path}");
        }
    }
}
