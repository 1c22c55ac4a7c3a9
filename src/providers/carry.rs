//! How a provider carries what the sender adds, and putting a value anywhere in an event.

use serde_json::{Map, Value};

use super::form::Carry;
use crate::webhook::{Style, write};

impl Carry {
    /// Puts these into an event; whether there was a place for them.
    pub(super) fn put(&self, event: &mut Value, values: &[(&String, &String)]) -> bool {
        let place = |event: &mut Value, pointer: &str, empty: Value| {
            if event
                .pointer(pointer)
                .is_none_or(|there| std::mem::discriminant(there) != std::mem::discriminant(&empty))
            {
                put(event, pointer, empty);
            }
        };
        match self {
            Carry::Nowhere => return false,
            Carry::Text(pointer)
            | Carry::List(pointer)
            | Carry::Named(pointer)
            | Carry::Pairs(pointer, _, _)
            | Carry::Members(pointer)
            | Carry::Lists(pointer)
                if !has_room(event, pointer) =>
            {
                return false;
            }
            Carry::Text(pointer) => {
                if let Some((_, value)) = values.last() {
                    put(event, pointer, Value::from(value.as_str()));
                }
            }
            Carry::First(pointers) => {
                let there = pointers
                    .iter()
                    .find(|pointer| event.pointer(pointer).is_some());
                let (Some(pointer), Some((_, value))) = (there, values.last()) else {
                    return false;
                };
                // A number stays a number where it can.
                let number = event
                    .pointer(pointer)
                    .filter(|old| old.is_number())
                    .and_then(|_| value.parse::<u64>().ok());
                put(
                    event,
                    pointer,
                    number.map_or_else(|| Value::from(value.as_str()), Value::from),
                );
            }
            Carry::Into(pointer) => match event.pointer_mut(pointer) {
                Some(Value::Object(members)) => {
                    for (name, value) in values {
                        members.insert(name.to_string(), Value::from(value.as_str()));
                    }
                }
                _ => return false,
            },
            Carry::Instead(pointer) => match event.pointer_mut(pointer) {
                Some(Value::String(text)) => {
                    if let Some((_, value)) = values.last() {
                        text.clone_from(value);
                    }
                }
                _ => return false,
            },
            Carry::ListText(pointer) => match event.pointer_mut(pointer) {
                Some(Value::String(text)) if text.starts_with('[') => {
                    let list: Value = values
                        .iter()
                        .map(|(_, it)| Value::from(it.as_str()))
                        .collect();
                    *text = write(&list, &Style::COMPACT);
                }
                _ => return false,
            },
            Carry::MembersText(pointer) => match event.pointer_mut(pointer) {
                Some(Value::String(text)) => {
                    let mut members: Map<String, Value> =
                        serde_json::from_str(text).unwrap_or_default();
                    for (name, value) in values {
                        members.insert(name.to_string(), Value::from(value.as_str()));
                    }
                    *text = write(&Value::Object(members), &Style::COMPACT);
                }
                _ => return false,
            },
            Carry::There(pointers) => {
                let there = pointers.iter().filter(|pointer| {
                    let value = event.pointer(pointer);
                    value.is_some_and(|value| value.is_object() || value.is_null())
                });
                let there: Vec<&str> = there.copied().collect();
                for pointer in &there {
                    Carry::Members(pointer).put(event, values);
                }
                return !there.is_empty();
            }
            Carry::Each(ways) => return ways.iter().all(|way| way.put(event, values)),
            Carry::Either(ways) => return ways.iter().any(|way| way.put(event, values)),
            // The example's own values are examples; the sender's replace them.
            Carry::List(pointer) => put(
                event,
                pointer,
                values
                    .iter()
                    .map(|(_, value)| Value::from(value.as_str()))
                    .collect(),
            ),
            Carry::Named(pointer) => {
                let named = |value: &str| {
                    Value::from_iter([("id", Value::from(value)), ("name", Value::from(value))])
                };
                put(
                    event,
                    pointer,
                    values.iter().map(|(_, value)| named(value)).collect(),
                );
            }
            Carry::Pairs(pointer, name, value) => {
                let pair = |(key, text): &(&String, &String)| {
                    Value::from_iter([(*name, key.as_str()), (*value, text.as_str())])
                };
                put(event, pointer, values.iter().map(pair).collect());
            }
            Carry::Members(pointer) | Carry::Lists(pointer) => {
                place(event, pointer, Value::Object(Map::new()));
                let listed = matches!(self, Carry::Lists(_));
                if let Some(Value::Object(members)) = event.pointer_mut(pointer) {
                    for (name, value) in values {
                        let value = Value::from(value.as_str());
                        members.insert(
                            name.to_string(),
                            if listed {
                                Value::Array(vec![value])
                            } else {
                                value
                            },
                        );
                    }
                }
            }
        }
        true
    }
}

/// Whether there is an object to hold what is put there: other versions of an event have other places.
pub(super) fn has_room(event: &Value, pointer: &str) -> bool {
    match pointer.rsplit_once('/') {
        Some((holder, _)) => event.pointer(holder).is_some_and(Value::is_object),
        None => event.is_object(),
    }
}

/// Puts a value at a place given as a JSON pointer or with dots, making the objects on the way.
pub(super) fn put(event: &mut Value, path: &str, value: Value) {
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
            // Beyond the end is one more, wherever it was meant to be.
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

/// Takes away the member at a JSON pointer.
pub(super) fn remove(event: &mut Value, pointer: &str) {
    if let Some((holder, name)) = pointer.rsplit_once('/')
        && let Some(Value::Object(members)) = event.pointer_mut(holder)
    {
        members.shift_remove(name);
    }
}

/// Replaces a text wherever it stands in a value's texts.
pub(super) fn replace(value: &mut Value, old: &str, new: &str) {
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
