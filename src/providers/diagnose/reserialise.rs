//! Re-serialisations of a body: the same content in the layouts, orders and escapes of other serialisers.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::PrettyFormatter;

use crate::webhook::{Delivery, Multipart, Style, splice, write};

/// Name and function of an escaping of characters that JSON need not escape.
type Escape = (&'static str, fn(&str) -> String);

const ESCAPES: &[Escape] = &[
    ("", str::to_owned),
    (", with `\\uXXXX` for what is not ASCII (Python)", |text| {
        escaped(text, |c| !c.is_ascii())
    }),
    (
        ", with `\\uXXXX` for what is not ASCII and `\\/` (PHP)",
        |text| escaped(text, |c| !c.is_ascii()).replace('/', "\\/"),
    ),
    (", with `\\/` for `/` (PHP)", |text| {
        text.replace('/', "\\/")
    }),
    (
        ", with `\\u003c`, `\\u003e`, `\\u0026` for `<`, `>`, `&` (Go)",
        |text| {
            escaped(text, |c| {
                matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
            })
        },
    ),
];

/// The body in every other serialisation that is known, each with a description. JSON: layouts, member orders and
/// escapes; a URL-encoded form: escapes, and serialisations of JSON in its fields; a multipart form: what surrounds its
/// parts. `inside` is the pointer to a string that contains JSON, with the layout of that JSON.
pub(crate) fn spellings(
    delivery: &Delivery,
    style: &Style,
    inside: Option<(&'static str, Style)>,
) -> Box<dyn Iterator<Item = (String, Vec<u8>)>> {
    if let Some(form) = Multipart::of(&delivery.headers, &delivery.body) {
        let spellings = form.map(|form| of_parts(&form)).unwrap_or_default();
        return Box::new(spellings.into_iter());
    }
    match serde_json::from_slice::<Value>(&delivery.body) {
        Ok(Value::String(text)) => Box::new(std::iter::once((
            "the text that the JSON text holds".to_owned(),
            text.into_bytes(),
        ))),
        Ok(value @ (Value::Object(_) | Value::Array(_))) => {
            let inner = inside.and_then(|(at, style)| of_text(delivery, &value, at, style));
            Box::new(inner.into_iter().flatten().chain(of_json(value, *style)))
        }
        _ => {
            let style = inside.map_or(*style, |(_, style)| style);
            Box::new(
                of_form(&delivery.body)
                    .into_iter()
                    .chain(of_fields(&delivery.body, style)),
            )
        }
    }
}

/// Serialisations of the JSON inside a string of the body; if it was parsed already, it is turned into a string again.
fn of_text(
    delivery: &Delivery,
    body: &Value,
    at: &'static str,
    style: Style,
) -> Option<impl Iterator<Item = (String, Vec<u8>)> + use<>> {
    let inner = match body.pointer(at)? {
        Value::String(text) => serde_json::from_str(text).ok()?,
        value => value.clone(),
    };
    if !inner.is_object() && !inner.is_array() {
        return None;
    }
    let (name, body) = (at.trim_start_matches('/'), delivery.body.clone());
    let ends = |(how, json): (String, Vec<u8>)| {
        ["", "\n"].map(|end| {
            let json = String::from_utf8_lossy(&json).into_owned();
            let more = if end.is_empty() {
                ""
            } else {
                ", with a `\\n` behind it"
            };
            (format!("{how}{more}"), json + end)
        })
    };
    Some(
        of_json(inner, style)
            .flat_map(ends)
            .filter_map(move |(how, json)| {
                let text = Value::from(json).to_string();
                let body = splice(&body, at, &text)?;
                Some((format!("the JSON in `{name}` {how}"), body))
            }),
    )
}

/// Serialisations of the JSON in the fields of a form, one field at a time.
fn of_fields(body: &[u8], style: Style) -> Vec<(String, Vec<u8>)> {
    let fields: Vec<(String, String)> = form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let mut all = Vec::new();
    for (at, (name, value)) in fields.iter().enumerate() {
        let Ok(json @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(value) else {
            continue;
        };
        for (how, json) in of_json(json, style) {
            let mut changed = fields.clone();
            if let Some((_, value)) = changed.get_mut(at) {
                *value = String::from_utf8_lossy(&json).into_owned();
            }
            let plus: String = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(changed)
                .finish();
            let how = format!("the JSON in `{name}` {how}");
            // The encoding of a space matters only if the form itself is signed.
            if plus.contains('+') {
                let spaces = format!("{how}, and `%20` for each space");
                all.push((spaces, plus.replace('+', "%20").into_bytes()));
            }
            all.push((how, plus.into_bytes()));
        }
    }
    all
}

/// Name and function of a JSON layout.
type JsonLayout = (&'static str, Box<dyn Fn(&Value) -> String>);

fn of_json(value: Value, style: Style) -> impl Iterator<Item = (String, Vec<u8>)> {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    let as_it_is = value != sorted || text(&value) != text(&sorted);
    let orders = [
        ("", Some(value)),
        (", names in order", as_it_is.then_some(sorted)),
    ];
    orders
        .into_iter()
        .filter_map(|(order, value)| Some((order, value?)))
        .flat_map(move |(order, value)| {
            layouts(style).into_iter().flat_map(move |(layout, print)| {
                let text = print(&value);
                let plain = text.clone();
                ESCAPES
                    .iter()
                    .map(move |(escape, change)| (escape, change(&text)))
                    .filter(move |(escape, changed)| escape.is_empty() || *changed != plain)
                    .map(move |(escape, text)| {
                        (format!("{layout}{order}{escape}"), text.into_bytes())
                    })
            })
        })
}

fn layouts(style: Style) -> Vec<JsonLayout> {
    let pretty = |indent: &'static str| -> Box<dyn Fn(&Value) -> String> {
        Box::new(move |value| indented(value, indent))
    };
    vec![
        (
            "as this provider writes it",
            Box::new(move |value| write(value, &style)),
        ),
        ("without white space", Box::new(text)),
        (
            "with a space behind `,` and `:` (Python)",
            Box::new(|value| write(value, &Style::SPACED)),
        ),
        ("indented by two", pretty("  ")),
        ("indented by four", pretty("    ")),
        ("indented by tabs", pretty("\t")),
    ]
}

fn text(value: &Value) -> String {
    write(value, &Style::COMPACT)
}

fn indented(value: &Value, indent: &str) -> String {
    let mut out = Vec::new();
    let mut printer = serde_json::Serializer::with_formatter(
        &mut out,
        PrettyFormatter::with_indent(indent.as_bytes()),
    );
    // Writing to memory cannot fail.
    let _ = value.serialize(&mut printer);
    String::from_utf8(out).unwrap_or_default()
}

fn escaped(text: &str, is_odd: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_odd(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn of_parts(form: &Multipart) -> Vec<(String, Vec<u8>)> {
    let urlencoded: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form.fields())
        .finish();
    let first = form.parts().first().map_or(0, |part| part.start);
    let bare = form.body().get(first..).unwrap_or_default();
    let bare = form.last().and_then(|last| {
        let end = last - first + form.boundary().len() + 4;
        bare.get(..end)
    });
    let bare = bare.unwrap_or_default();
    vec![
        (
            "the fields as a URL-encoded form".into(),
            urlencoded.into_bytes(),
        ),
        (
            "the form without anything around its first and last boundary".into(),
            bare.to_vec(),
        ),
        (
            "the form with a line end behind its last boundary".into(),
            [bare, b"\r\n"].concat(),
        ),
    ]
}

fn of_form(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    if !body.contains(&b'=') {
        return Vec::new();
    }
    let fields: Vec<_> = form_urlencoded::parse(body).collect();
    let print = |fields: &[(std::borrow::Cow<str>, std::borrow::Cow<str>)]| -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish()
    };
    let plus = print(&fields);
    let mut sorted = fields.clone();
    sorted.sort();
    let sorted = print(&sorted);
    vec![
        (
            "the form with `%20` for each space".into(),
            plus.replace('+', "%20").into_bytes(),
        ),
        ("the form with `+` for each space".into(), plus.into_bytes()),
        (
            "the form with its fields in order".into(),
            sorted.into_bytes(),
        ),
    ]
}
