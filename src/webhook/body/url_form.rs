//! URL-encoded forms as bytes: a field is changed where it stands, and no other byte with it.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::webhook::body::json::Style;
use crate::webhook::body::json_cursor::Span;
use crate::webhook::body::json_edit::{inner_edits, rearrange};
use crate::webhook::body::text_edit::{DecodedText, TextEdit, edited};

/// Field of a form: its decoded name and value, and where they stand.
#[derive(Debug)]
struct Field {
    name: String,
    value: String,
    whole: Span,
    /// Range of the encoded value; none if there is no `=`.
    written: Option<Span>,
}

/// Returns the form with these fields, as texts, or lists of texts if they are repeated: a new field is appended, a missing
/// one removed, and JSON in a field is changed where it stands, by the first of `styles`.
pub(crate) fn with_fields(form: &str, new: &Map<String, Value>, styles: &[Style]) -> String {
    let fields = fields(form);
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let (mut edits, mut kept) = (Vec::new(), Vec::new());
    for field in &fields {
        let count = seen.entry(&field.name).or_default();
        let value = new.get(&field.name).and_then(|it| listed(it).get(*count));
        *count += 1;
        kept.push(value.is_some());
        if let Some(value) = value.and_then(Value::as_str)
            && value != field.value
        {
            edits.extend(changed(form, field, value, styles));
        }
    }
    let mut inserts = Vec::new();
    for (name, values) in new {
        let known = seen.get(name.as_str()).copied().unwrap_or_default();
        for value in listed(values).iter().skip(known) {
            let value = value.as_str().unwrap_or_default();
            inserts.push(format!("{}={}", encoded(name), encoded(value)));
        }
    }
    if !inserts.is_empty() || kept.contains(&false) {
        // A removed field must not be what a new one follows.
        let after = kept.iter().rposition(|kept| *kept);
        let inserts = inserts.into_iter().map(|text| (after, text)).collect();
        let spans: Vec<Span> = fields.iter().map(|field| field.whole.clone()).collect();
        rearrange(&spans, &kept, inserts, (form.len(), "&"), &mut edits);
    }
    edited(form, edits)
}

/// The values of a field: several if it is repeated.
fn listed(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        value => std::slice::from_ref(value),
    }
}

fn changed(form: &str, field: &Field, value: &str, styles: &[Style]) -> Vec<TextEdit> {
    let Some(written) = &field.written else {
        let end = field.whole.end;
        return vec![(end..end, format!("={}", encoded(value)))];
    };
    let raw = form.get(written.clone()).unwrap_or_default();
    let decoded = DecodedText::of_form(raw).filter(|it| it.text == field.value);
    let inside = inner_edits(&field.value, value, styles).zip(decoded);
    let Some((edits, decoded)) = inside else {
        return vec![(written.clone(), encoded(value))];
    };
    let outer = edits.into_iter().map(|edit| {
        let (range, text) = decoded.outer(edit, &encoded);
        (written.start + range.start..written.start + range.end, text)
    });
    outer.collect()
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn fields(form: &str) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut at = 0;
    for part in form.split('&') {
        let whole = at..at + part.len();
        at = whole.end + 1;
        if let Some((name, value)) = form_urlencoded::parse(part.as_bytes()).next() {
            fields.push(Field {
                name: name.into_owned(),
                value: value.into_owned(),
                written: part.find('=').map(|sign| whole.start + sign + 1..whole.end),
                whole,
            });
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::with_fields;
    use crate::webhook::Style;
    use serde_json::{Value, json};

    fn changed(form: &str, change: impl Fn(&mut Value)) -> String {
        let mut new = json!({});
        for (name, value) in form_urlencoded::parse(form.as_bytes()) {
            match &mut new[&*name] {
                Value::Array(values) => values.push(value.into()),
                free @ Value::Null => *free = value.into(),
                first => *first = json!([first.take(), value]),
            }
        }
        change(&mut new);
        with_fields(form, new.as_object().unwrap(), &[Style::COMPACT])
    }

    #[test]
    fn a_field_is_changed_where_it_stands() {
        let form = "a=1%20x&&data%5be%5D=%61da&j=%7B%22k%22%3a1.0%7D&none&tag=a&tag=b";
        let set = |name: &'static str, value: &'static str| {
            changed(form, move |it| it[name] = json!(value))
        };
        assert_eq!(changed(form, |_| {}), form);
        assert_eq!(set("data[e]", "b b"), form.replace("%61da", "b+b"));
        assert_eq!(
            set("j", r#"{"k":1.0,"é":[2]}"#),
            form.replace("1.0%7D", "1.0%2C%22%C3%A9%22%3A%5B2%5D%7D")
        );
        assert_eq!(set("j", "7"), form.replace("%7B%22k%22%3a1.0%7D", "7"));
        assert_eq!(set("none", "1"), form.replace("&none&", "&none=1&"));
        assert_eq!(set("new", "é"), format!("{form}&new=%C3%A9"));
        let tags = |tags: Value| changed(form, |it| it["tag"] = tags.clone());
        assert_eq!(tags(json!(["a", "c"])), form.replace("tag=b", "tag=c"));
        assert_eq!(tags(json!("c")), form.replace("tag=a&tag=b", "tag=c"));
        assert_eq!(tags(json!(["a", "b", "c"])), format!("{form}&tag=c"));
    }

    #[test]
    fn fields_go_with_their_separators() {
        let without = |form: &str, names: &'static [&str]| {
            changed(form, move |it| {
                it.as_object_mut()
                    .unwrap()
                    .retain(|name, _| !names.contains(&name.as_str()));
            })
        };
        assert_eq!(without("a=1&b=2&c=3", &["a"]), "b=2&c=3");
        assert_eq!(without("a=1&b=2&c=3", &["b"]), "a=1&c=3");
        assert_eq!(without("a=1&b=2&c=3", &["c"]), "a=1&b=2");
        assert_eq!(without("a=1&b=2&a=3", &["a"]), "b=2");
        assert_eq!(without("a=1", &["a"]), "");
        assert_eq!(
            changed("", |it| *it = json!({"a": "1", "b": "2"})),
            "a=1&b=2"
        );
        let moved = changed("a=1&b=2", |it| *it = json!({"a": "1", "c": "3"}));
        assert_eq!(moved, "a=1&c=3");
    }
}
