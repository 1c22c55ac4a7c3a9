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

impl Placement {
    /// Writes these names and values into an event, in place of the example's own.
    pub(crate) fn put(&self, event: &mut Value, values: &[(&String, &String)]) -> PlacementResult {
        let Some((_, last)) = values.last() else {
            return PlacementResult::All;
        };
        let one = match values.len() {
            1 => PlacementResult::All,
            _ => PlacementResult::Last,
        };
        match self {
            Placement::Nowhere => return PlacementResult::Nothing,
            Placement::Text(pointer)
            | Placement::List(pointer)
            | Placement::Named(pointer)
            | Placement::Pairs(pointer, _, _)
            | Placement::Members(pointer)
            | Placement::Among(pointer, _)
            | Placement::Lists(pointer, _)
                if !has_room(event, pointer) =>
            {
                return PlacementResult::Nothing;
            }
            Placement::Text(pointer) => {
                put(event, pointer, Value::from(last.as_str()));
                return one;
            }
            Placement::First(pointers) => {
                let there = pointers
                    .iter()
                    .find(|pointer| event.pointer(pointer).is_some());
                let Some(pointer) = there else {
                    return PlacementResult::Nothing;
                };
                // A number stays a number where it can, however long it is.
                let is_number = event.pointer(pointer).is_some_and(Value::is_number);
                let value = match is_number && is_whole_number(last) {
                    true => verbatim(last),
                    false => Value::from(last.as_str()),
                };
                put(event, pointer, value);
                return one;
            }
            Placement::Into(pointer) => match event.pointer_mut(pointer) {
                Some(Value::Object(there)) => *there = members(values),
                _ => return PlacementResult::Nothing,
            },
            Placement::Instead(pointer) => match event.pointer_mut(pointer) {
                Some(Value::String(text)) => {
                    text.clone_from(last);
                    return one;
                }
                _ => return PlacementResult::Nothing,
            },
            Placement::ListText(pointer) => match event.pointer_mut(pointer) {
                Some(Value::String(text)) if text.starts_with('[') => {
                    *text = write(&texts(values), &Style::COMPACT);
                }
                _ => return PlacementResult::Nothing,
            },
            Placement::MembersText(pointer) => match event.pointer_mut(pointer) {
                Some(Value::String(text)) => {
                    *text = write(&Value::Object(members(values)), &Style::COMPACT);
                }
                _ => return PlacementResult::Nothing,
            },
            Placement::There(pointers) => {
                let there = pointers.iter().filter(|pointer| {
                    let value = event.pointer(pointer);
                    value.is_some_and(|value| value.is_object() || value.is_null())
                });
                let there: Vec<&str> = there.copied().collect();
                for pointer in &there {
                    put(event, pointer, Value::Object(members(values)));
                }
                if there.is_empty() {
                    return PlacementResult::Nothing;
                }
            }
            Placement::Each(ways) => {
                let all = ways.iter().map(|way| way.put(event, values));
                let missed = all
                    .into_iter()
                    .find(|carried| *carried != PlacementResult::All);
                return missed.unwrap_or(PlacementResult::All);
            }
            Placement::Either(ways) => {
                let mut all = ways.iter().map(|way| way.put(event, values));
                let found = all.find(|carried| *carried != PlacementResult::Nothing);
                return found.unwrap_or(PlacementResult::Nothing);
            }
            Placement::List(pointer) => put(event, pointer, texts(values)),
            Placement::Named(pointer) => {
                let named = |value: &str| {
                    Value::from_iter([("id", Value::from(value)), ("name", Value::from(value))])
                };
                put(
                    event,
                    pointer,
                    values.iter().map(|(_, value)| named(value)).collect(),
                );
            }
            Placement::Pairs(pointer, name, value) => {
                let pair = |(key, text): &(&String, &String)| {
                    Value::from_iter([(*name, key.as_str()), (*value, text.as_str())])
                };
                put(event, pointer, values.iter().map(pair).collect());
            }
            Placement::Members(pointer) => put(event, pointer, Value::Object(members(values))),
            Placement::Among(pointer, own) => {
                if let Some(Value::Object(there)) = event.pointer_mut(pointer) {
                    there.retain(|name, _| !own.contains(&name.as_str()));
                    there.extend(members(values));
                }
            }
            Placement::Lists(pointer, theirs) => {
                let lists = members(values)
                    .into_iter()
                    .map(|(name, value)| (name, Value::Array(vec![value])));
                let old = match event.pointer_mut(pointer) {
                    Some(Value::Object(old)) => std::mem::take(old),
                    _ => Map::new(),
                };
                let (kept, own): (Vec<_>, Vec<_>) = old
                    .into_iter()
                    .partition(|(name, _)| name.starts_with(theirs));
                put(
                    event,
                    pointer,
                    Value::Object(kept.into_iter().chain(lists).collect()),
                );
                // Another field of the event repeats the header that set the metadata.
                let pair = |name: &str, value: &str| format!("{name}={value}");
                let own = own.iter().filter_map(|(name, value)| {
                    let value = value.get(0)?.as_str()?;
                    Some(pair(name, value))
                });
                let own = own.collect::<Vec<_>>().join(", ");
                if !own.is_empty() {
                    let new: Vec<String> = values.iter().map(|(name, it)| pair(name, it)).collect();
                    replace(event, &own, &new.join(", "));
                }
            }
        }
        PlacementResult::All
    }
}

/// True if a text is a whole number as JSON writes it.
pub(crate) fn is_whole_number(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits && !text.is_empty() && (text == "0" || !text.starts_with('0'))
}

fn texts(values: &[(&String, &String)]) -> Value {
    let texts = values.iter().map(|(_, value)| Value::from(value.as_str()));
    texts.collect()
}

fn members(values: &[(&String, &String)]) -> Map<String, Value> {
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
