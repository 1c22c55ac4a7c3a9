//! JSON of inbound mail: mailboxes, members of documents, escapes.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::webhook::{Document, Mailbox};

/// Text at a pointer; none for null and for what is no scalar.
pub fn text(document: &Document, pointer: &str) -> Option<String> {
    document.text(pointer).map(|text| text.into_owned())
}

/// Text at a pointer, if it is not empty.
pub fn filled(document: &Document, pointer: &str) -> Option<String> {
    text(document, pointer).filter(|text| !text.is_empty())
}

/// Number at a pointer, also in a text.
pub fn number(document: &Document, pointer: &str) -> Option<f64> {
    document.text(pointer)?.trim().parse().ok()
}

/// Values of the list at a pointer; none if there is no list.
pub fn list<'d, 'a>(document: &'d Document<'a>, pointer: &str) -> &'d [Document<'a>] {
    let list = document.at(pointer).and_then(Document::values);
    list.unwrap_or_default()
}

/// Texts of a list, or the single text, at a pointer.
pub fn texts(document: &Document, pointer: &str) -> Vec<String> {
    match document.at(pointer) {
        Some(value) => match value.values() {
            Some(values) => values
                .iter()
                .filter_map(|value| value.as_text().map(|text| text.into_owned()))
                .collect(),
            None => value
                .as_text()
                .map(|text| text.into_owned())
                .into_iter()
                .collect(),
        },
        None => Vec::new(),
    }
}

/// Mailboxes of a list of objects, whose address and name are at these pointers.
pub fn mailboxes(list: &[Document], address: &str, name: &str) -> Vec<Mailbox> {
    let read = |it: &Document| {
        Some(Mailbox {
            address: filled(it, address)?,
            name: text(it, name).unwrap_or_default(),
        })
    };
    list.iter().filter_map(read).collect()
}

/// Object of names and values; of several values of one name a list, in order.
pub fn grouped(fields: impl IntoIterator<Item = (String, String)>) -> Map<String, Value> {
    let mut all: Map<String, Value> = Map::new();
    for (name, value) in fields {
        match all.get_mut(&name) {
            Some(Value::Array(several)) => several.push(value.into()),
            Some(one) => *one = json!([one.take(), value]),
            None => {
                all.insert(name, value.into());
            }
        }
    }
    all
}

/// JSON with every character beyond ASCII as `\uXXXX`.
pub fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// JSON of a value, indented by two spaces.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
