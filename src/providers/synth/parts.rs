//! Multipart form of an example: its parts as JSON values that can be edited, and the form rebuilt from them.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::providers::synth::change::field_text;
use crate::webhook::body::form_part::NewPart;
use crate::webhook::body::multipart::{Edit, fresh_boundary};
use crate::webhook::{Delivery, FormPart, Multipart};

/// The fields of a multipart form: a string for a field, an object for a file (`filename`, `content-type`, and
/// `content` if it is text), a list for a repeated name. None if the body is no multipart form.
pub(crate) fn read(delivery: &Delivery) -> Option<Result<Value, String>> {
    let form = Multipart::of(&delivery.headers, &delivery.body)?;
    Some(form.map(|form| {
        let mut fields: Map<String, Value> = Map::new();
        for part in form.parts() {
            let Some(name) = &part.name else {
                continue;
            };
            add(&mut fields, name, value_of(part));
        }
        Value::Object(fields)
    }))
}

/// Adds a field to those of a form; a repeated name gets a list.
pub(crate) fn add(fields: &mut Map<String, Value>, name: &str, value: Value) {
    match fields.get_mut(name) {
        None => {
            fields.insert(name.to_owned(), value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

/// Rebuilds the form from these fields: unchanged parts keep their bytes, new fields are appended. If a new value
/// contains the boundary, the form gets another one, and the content type is updated.
pub(crate) fn write(delivery: &mut Delivery, fields: &Map<String, Value>) -> Vec<u8> {
    let body = delivery.body.clone();
    let Some(Ok(form)) = Multipart::of(&delivery.headers, &body) else {
        return body.to_vec();
    };
    let mut edits: Vec<Edit> = Vec::new();
    let mut new_contents: Vec<Vec<u8>> = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for part in form.parts() {
        let Some(name) = part.name.as_deref() else {
            continue;
        };
        let count = seen.entry(name).or_default();
        let new = fields.get(name).and_then(|it| listed(it).get(*count));
        *count += 1;
        match new {
            None => edits.push((form.whole(part), Vec::new())),
            Some(new) if *new == value_of(part) => {}
            Some(new) => {
                let wanted = new_part(name, new, Some(part));
                if !is_same_head(part, &wanted) {
                    edits.push((part.head.clone(), wanted.head(b"\r\n")));
                }
                new_contents.push(wanted.content.to_vec());
                edits.push((part.span.clone(), wanted.content.into_owned()));
            }
        }
    }
    let new_parts: Vec<NewPart> = fields
        .iter()
        .flat_map(|(name, value)| {
            let known = seen.get(name.as_str()).copied().unwrap_or_default();
            let more = listed(value).iter().skip(known);
            more.map(move |value| new_part(name, value, None))
        })
        .collect();
    let contents = new_contents.iter().map(Vec::as_slice);
    let contents = contents.chain(new_parts.iter().map(|part| &*part.content));
    let boundary = fresh_boundary(form.boundary(), contents);
    let appended = new_parts.iter().map(|part| form.append(part, &boundary));
    edits.extend(appended);
    if boundary != form.boundary() {
        edits.extend(form.rename(&boundary));
        let kind = delivery.headers.text("content-type").unwrap_or_default();
        if let Ok(kind) = kind.replace(form.boundary(), &boundary).parse() {
            delivery.headers.set(http::header::CONTENT_TYPE, kind);
        }
    }
    form.edited(edits)
}

/// The values of a field: several if its name is repeated.
pub(crate) fn listed(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        value => std::slice::from_ref(value),
    }
}

fn value_of(part: &FormPart) -> Value {
    let content = std::str::from_utf8(part.content).ok();
    match (&part.filename, content) {
        (None, Some(text)) => Value::from(text),
        (filename, content) => {
            let kind = part.content_type.as_deref();
            let members = [
                ("filename", filename.as_deref()),
                ("content-type", kind),
                ("content", content),
            ];
            let there = members.into_iter();
            there
                .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))))
                .collect()
        }
    }
}

fn new_part<'v>(name: &'v str, value: &'v Value, old: Option<&FormPart<'v>>) -> NewPart<'v> {
    let member = |at: &str| value.get(at).and_then(Value::as_str).map(Into::into);
    let content = value.get("content").and_then(Value::as_str);
    match value {
        Value::Object(_) => NewPart {
            name: name.into(),
            filename: member("filename"),
            content_type: member("content-type"),
            // Binary content cannot be edited, and stays as it is.
            content: match (content, old) {
                (None, Some(old)) => old.content.into(),
                (content, _) => content.unwrap_or_default().as_bytes().into(),
            },
        },
        value => NewPart {
            name: name.into(),
            content_type: old.and_then(|old| old.content_type.clone().map(Into::into)),
            content: scalar(value).into_owned().into_bytes().into(),
            ..NewPart::default()
        },
    }
}

fn is_same_head(part: &FormPart, wanted: &NewPart) -> bool {
    part.filename.as_deref() == wanted.filename.as_deref()
        && part.content_type.as_deref() == wanted.content_type.as_deref()
}

/// A JSON value as the text of a form field.
pub(crate) fn scalar(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => text.as_str().into(),
        value => field_text(value).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use crate::webhook::{Delivery, Document};
    use serde_json::{Value, json};

    fn delivery(body: &str) -> Delivery {
        Delivery {
            method: http::Method::POST,
            path: "/".parse().unwrap(),
            headers: [(
                http::header::CONTENT_TYPE,
                http::HeaderValue::from_static("multipart/form-data; boundary=x"),
            )]
            .into_iter()
            .collect(),
            body: body.to_owned().into(),
        }
    }

    fn part(head: &str, text: &str) -> String {
        format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n")
    }

    fn written(delivery: &mut Delivery, value: &Value) -> String {
        String::from_utf8(write(delivery, value.as_object().unwrap())).unwrap()
    }

    #[test]
    fn only_what_changed_is_written_anew() {
        // Unquoted names, a preamble and an epilogue: none of it is how we write.
        let file = part(
            "name=f; filename=a.txt\r\nX-Odd: 1\r\nContent-Type: text/plain",
            "old",
        );
        let (first, second) = (part("name=t", "1"), part("name=t", "2"));
        let before = format!("hi\r\n{first}{file}{second}--x--\r\nbye");
        let mut it = delivery(&before);
        let value = read(&it).unwrap().unwrap();
        let wanted = json!({
            "t": ["1", "2"],
            "f": {"filename": "a.txt", "content-type": "text/plain", "content": "old"},
        });
        assert_eq!(value, wanted);
        assert_eq!(written(&mut it, &value), before);
        let with = |change: &dyn Fn(&mut Value)| {
            let mut value = wanted.clone();
            change(&mut value);
            written(&mut delivery(&before), &value)
        };
        assert_eq!(
            with(&|it| it["t"][1] = json!(3)),
            before.replace("\r\n2\r\n", "\r\n3\r\n")
        );
        assert_eq!(
            with(&|it| it["f"]["content"] = json!("new")),
            before.replace("old", "new")
        );
        let renamed = with(&|it| it["f"]["filename"] = json!("b.txt"));
        assert_eq!(
            renamed,
            before.replace(
                "name=f; filename=a.txt\r\nX-Odd: 1",
                "name=\"f\"; filename=\"b.txt\""
            )
        );
        let removed = with(&|it| *it = json!({"t": "1"}));
        assert_eq!(removed, format!("hi\r\n{first}--x--\r\nbye"));
        let added = with(&|it| it["n"] = json!("4"));
        assert_eq!(
            added,
            before.replace("--x--", &(part("name=\"n\"", "4") + "--x--"))
        );
    }

    #[test]
    fn a_boundary_that_is_in_a_new_value_gives_way() {
        let mut it = delivery(&format!("{}--x--\r\n", part("name=a", "1")));
        let body = written(&mut it, &json!({"a": "\r\n--x--\r\n", "b": "x1"}));
        assert_eq!(
            it.headers.text("content-type"),
            Some("multipart/form-data; boundary=x2")
        );
        it.body = body.into();
        let document = Document::of(&it).unwrap();
        assert_eq!(document.text("/a").unwrap(), "\r\n--x--\r\n");
        assert_eq!(document.text("/b").unwrap(), "x1");
        assert_eq!(document.problems(), [] as [&str; 0]);
    }
}
