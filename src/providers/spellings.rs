//! The same content as other serialisers write it: layouts, orders and escapes.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::PrettyFormatter;

use crate::webhook::{Delivery, Multipart, Style, write};

/// What becomes of characters that need no escape.
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

/// The body in every other spelling that is known, each with its name. Of JSON these are layouts, orders and escapes;
/// of a form, escapes; of one in parts, what is around them.
pub(super) fn spellings(
    delivery: &Delivery,
    style: &Style,
) -> Box<dyn Iterator<Item = (String, Vec<u8>)>> {
    if let Some(form) = Multipart::of(&delivery.headers, &delivery.body) {
        let spellings = form.map(|form| of_parts(&form)).unwrap_or_default();
        return Box::new(spellings.into_iter());
    }
    match serde_json::from_slice::<Value>(&delivery.body) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => Box::new(of_json(value, *style)),
        _ => Box::new(of_form(&delivery.body).into_iter()),
    }
}

/// A layout, by its name.
type Layout = (&'static str, Box<dyn Fn(&Value) -> String>);

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

fn layouts(style: Style) -> Vec<Layout> {
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
