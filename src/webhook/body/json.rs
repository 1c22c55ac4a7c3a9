//! JSON as bytes: finds a value without parsing the rest, replaces one value and nothing else, and writes in a
//! provider's style.

use std::fmt::Write as _;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::webhook::body::json_cursor::{JsonCursor, Span};

/// Byte range of the value at a JSON pointer. One scan, no allocation, any depth.
pub fn find(json: &[u8], pointer: &str) -> Option<Span> {
    let mut cursor = JsonCursor::new(json);
    cursor.space();
    for step in pointer.split('/').skip(1) {
        enter(&mut cursor, json, step)?;
    }
    cursor.value()
}

/// Moves to the first value of this name, or of this index in a list.
fn enter(cursor: &mut JsonCursor, json: &[u8], step: &str) -> Option<()> {
    let is_list = cursor.takes(b'[');
    if !is_list {
        cursor.take(b'{')?;
    }
    let wanted = is_list.then(|| step.parse::<usize>());
    let wanted = wanted.transpose().ok()?;
    for number in 0.. {
        cursor.space();
        let is_here = match wanted {
            None => {
                let start = cursor.position();
                cursor.string()?;
                let name = json.get(start..cursor.position())?;
                let name: String = serde_json::from_slice(name).ok()?;
                cursor.space();
                cursor.take(b':')?;
                cursor.space();
                name == step
            }
            Some(wanted) => number == wanted && cursor.peek()? != b']',
        };
        if is_here {
            return Some(());
        }
        cursor.value()?;
        cursor.space();
        cursor.take(b',')?;
    }
    None
}

/// Replaces the value at a pointer with other JSON text; every other byte stays.
pub fn splice(json: &[u8], pointer: &str, value: &str) -> Option<Vec<u8>> {
    let span = find(json, pointer)?;
    Some(
        [
            json.get(..span.start)?,
            value.as_bytes(),
            json.get(span.end..)?,
        ]
        .concat(),
    )
}

/// Removes the member at a pointer; every other byte stays.
pub fn cut(json: &[u8], pointer: &str) -> Option<Vec<u8>> {
    let value = find(json, pointer)?;
    let name = pointer.rsplit('/').next()?;
    let before = json.get(..value.start)?.trim_ascii_end();
    let before = before.strip_suffix(b":")?.trim_ascii_end();
    let before = before.strip_suffix(format!("\"{name}\"").as_bytes())?;
    let behind = json.get(value.end..)?;
    // One comma is removed as well: the one after the member, or the one before if it is the last.
    match behind.trim_ascii_start().strip_prefix(b",") {
        Some(rest) => Some([before, rest.trim_ascii_start()].concat()),
        None => {
            let before = before.trim_ascii_end();
            Some([before.strip_suffix(b",").unwrap_or(before), behind].concat())
        }
    }
}

/// Steps over a list or an object in `json`, and calls `each` for its values, with the names of members. `step` steps over
/// a value: whether it checks it decides if the text is checked. None for any other value, and if a name has escapes.
pub(crate) fn split<'a, T>(
    json: &'a str,
    cursor: &mut JsonCursor<'a>,
    step: impl Fn(&mut JsonCursor<'a>) -> Option<T>,
    mut each: impl FnMut(Option<&'a str>, T),
) -> Option<()> {
    let is_list = cursor.takes(b'[');
    if !is_list {
        cursor.take(b'{')?;
    }
    let close = if is_list { b']' } else { b'}' };
    cursor.space();
    let mut is_closed = cursor.takes(close);
    while !is_closed {
        cursor.space();
        let mut name = None;
        if !is_list {
            let (span, escaped) = cursor.valid_string()?;
            name = Some(json.get(span).filter(|_| !escaped)?);
            cursor.space();
            cursor.take(b':')?;
            cursor.space();
        }
        each(name, step(cursor)?);
        cursor.space();
        is_closed = cursor.takes(close);
        if !is_closed {
            cursor.take(b',')?;
        }
    }
    Some(())
}

/// True if all of a text is one JSON value, with white space around it at most.
pub(crate) fn is_json(text: &str) -> bool {
    is_shallow(text) || serde_json::from_str::<&RawValue>(text).is_ok()
}

/// True if all of a text is one JSON value of 64 levels at most. False says nothing about it.
pub fn is_shallow(text: &str) -> bool {
    let mut cursor = JsonCursor::new(text.as_bytes());
    cursor.space();
    let is_valid = cursor.valid_value().is_some();
    cursor.space();
    is_valid && cursor.is_at_end()
}

/// Style in which a provider writes JSON. Not significant to a parser, but it is what is signed.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// True to sort members by name.
    pub sorted: bool,
    /// Separator between members and between values.
    pub comma: &'static str,
    /// Separator between a name and its value.
    pub colon: &'static str,
    /// Separator between the values of an outermost list.
    pub between: &'static str,
    /// Text after the outermost value.
    pub end: &'static str,
    /// True to write each member of an outermost object on a line of its own, indented by two spaces.
    pub lines: bool,
    /// True to escape slashes and write characters beyond ASCII as `\uXXXX`, as PHP does.
    pub php: bool,
    /// True to write `<`, `>` and `&` as `\uXXXX`, as Rails does.
    pub rails: bool,
    /// True to write `<` and `>` as `\u003C` and `\u003E`, as PHP does on demand.
    pub hex_tags: bool,
}

impl Style {
    /// No white space, members in their order.
    pub const COMPACT: Style = Style {
        sorted: false,
        comma: ",",
        colon: ":",
        between: ",",
        end: "",
        lines: false,
        php: false,
        rails: false,
        hex_tags: false,
    };

    /// A space after commas and colons, as Python's `json.dumps` writes.
    pub const SPACED: Style = Style {
        comma: ", ",
        colon: ": ",
        between: ", ",
        ..Style::COMPACT
    };
}

/// Name of the only member of an object that stands for JSON text.
const VERBATIM: &str = "$webhook_cli::verbatim";

/// Stands for JSON text that [`write`] puts out as it is: its numbers, white space and repeated members included. The
/// text must be one JSON value.
pub fn verbatim(text: &str) -> Value {
    Value::from_iter([(VERBATIM, text)])
}

/// The JSON text that a value stands for, if it is one of [`verbatim`].
pub fn as_verbatim(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) if members.len() == 1 => members.get(VERBATIM)?.as_str(),
        _ => None,
    }
}

/// Serialises a value in a style.
pub fn write(value: &Value, style: &Style) -> String {
    let mut out = String::new();
    match value {
        value if as_verbatim(value).is_some() => write_value(&mut out, value, style),
        Value::Array(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { style.between });
                write_value(&mut out, value, style);
            }
            out.push(']');
        }
        Value::Object(members) if style.lines && !members.is_empty() => {
            for (at, (name, value)) in members.iter().enumerate() {
                out.push_str(if at == 0 { "{\n  " } else { ",\n  " });
                write_text(&mut out, name, style);
                out.push_str(style.colon);
                write_value(&mut out, value, style);
            }
            out.push_str("\n}");
        }
        value => write_value(&mut out, value, style),
    }
    out.push_str(style.end);
    out
}

fn write_value(out: &mut String, value: &Value, style: &Style) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => {
            // Writing to a string cannot fail.
            let _ = write!(out, "{number}");
        }
        Value::String(text) => write_text(out, text, style),
        Value::Array(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { style.comma });
                write_value(out, value, style);
            }
            out.push(']');
        }
        Value::Object(members) => {
            if let Some(text) = as_verbatim(value) {
                out.push_str(text);
                return;
            }
            let mut members: Vec<_> = members.iter().collect();
            if style.sorted {
                members.sort_by(|a, b| a.0.cmp(b.0));
            }
            out.push('{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                out.push_str(if at == 0 { "" } else { style.comma });
                write_text(out, name, style);
                out.push_str(style.colon);
                write_value(out, value, style);
            }
            out.push('}');
        }
    }
}

fn write_text(out: &mut String, text: &str, style: &Style) {
    out.push('"');
    write_escaped(out, text, style);
    out.push('"');
}

/// Writes a text in a style, without its quotes.
pub fn write_escaped(out: &mut String, text: &str, style: &Style) {
    let is_special = |byte: u8| match byte {
        b'"' | b'\\' | 0..b' ' => true,
        b'/' | 0x80.. => style.php,
        b'<' | b'>' => style.rails || style.hex_tags,
        b'&' => style.rails,
        _ => false,
    };
    let mut rest = text;
    loop {
        // What stays as it is is copied at once: a text can be a large file.
        let end = rest.bytes().position(is_special).unwrap_or(rest.len());
        let (plain, special) = rest.split_at(end);
        out.push_str(plain);
        let Some(c) = special.chars().next() else {
            return;
        };
        rest = special.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' if style.php => out.push_str("\\/"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' if style.rails => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            '<' | '>' if style.hex_tags => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c if c < ' ' || (style.php && !c.is_ascii()) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, find, splice, write};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn a_value_is_found_where_it_stands() {
        let json = br#" {"a" : [1, {"b\"": "x,]}"}, 1.10], "c":{"d":null}, "e":{}} "#;
        let at =
            |pointer| find(json, pointer).map(|span| std::str::from_utf8(&json[span]).unwrap());
        assert_eq!(at("/a/1/b\""), Some("\"x,]}\""));
        assert_eq!(at("/a/2"), Some("1.10"));
        assert_eq!(at("/a/0"), Some("1"));
        assert_eq!(at("/c"), Some(r#"{"d":null}"#));
        assert_eq!(at("/c/d"), Some("null"));
        assert_eq!(at("/a/3"), None);
        assert_eq!(at("/e/x"), None);
        assert_eq!(at("/z"), None);
        assert_eq!(at("/c/d/e"), None);
    }

    #[test]
    fn depth_and_rubbish_do_not_matter() {
        let deep = format!(
            "{{\"deep\":{}{},\"x\":1}}",
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        assert_eq!(
            find(deep.as_bytes(), "/x").map(|span| &deep[span]),
            Some("1")
        );
        for rubbish in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":",
            "[",
            "[1",
            "}",
            "{\"a\" 1}",
            "\"",
            "\"\\",
            "{,}",
        ] {
            assert_eq!(find(rubbish.as_bytes(), "/a"), None, "{rubbish}");
        }
    }

    #[test]
    fn splicing_changes_one_value_and_no_other_byte() {
        let json = br#"{ "n":1.10,"a" :  "old" ,"n":1e2 }"#;
        assert_eq!(
            splice(json, "/a", "\"new\"").unwrap(),
            br#"{ "n":1.10,"a" :  "new" ,"n":1e2 }"#
        );
        assert_eq!(splice(json, "/b", "1"), None);
    }

    #[test]
    fn each_style_is_what_its_providers_write() {
        let value = json!([{"b": "é/", "a": [1, true]}, {}]);
        assert_eq!(
            write(&value, &Style::COMPACT),
            r#"[{"b":"é/","a":[1,true]},{}]"#
        );
        assert_eq!(
            write(&value, &Style::SPACED),
            r#"[{"b": "é/", "a": [1, true]}, {}]"#
        );
        let sendgrid = Style {
            sorted: true,
            between: ",\r\n",
            end: "\r\n",
            ..Style::COMPACT
        };
        assert_eq!(
            write(&value, &sendgrid),
            "[{\"a\":[1,true],\"b\":\"é/\"},\r\n{}]\r\n"
        );
        assert_eq!(
            write(
                &value,
                &Style {
                    php: true,
                    ..Style::COMPACT
                }
            ),
            r#"[{"b":"\u00e9\/","a":[1,true]},{}]"#
        );
        let rails = Style {
            rails: true,
            ..Style::COMPACT
        };
        assert_eq!(
            write(&json!({"a": "<b>&/é"}), &rails),
            r#"{"a":"\u003cb\u003e\u0026/é"}"#
        );
        let sns = Style {
            lines: true,
            colon: " : ",
            ..Style::COMPACT
        };
        assert_eq!(
            write(&json!({"A": "x\n", "B": "😀"}), &sns),
            "{\n  \"A\" : \"x\\n\",\n  \"B\" : \"😀\"\n}"
        );
    }

    #[test]
    fn verbatim_text_is_written_as_it_is_in_every_style() {
        let text = r#"{"b" : 1.10,"a":1e3,"a":"\u00e9/"}"#;
        let value = json!({"z": super::verbatim(text), "a": [super::verbatim("-0")]});
        for (style, wanted) in [
            (Style::COMPACT, format!(r#"{{"z":{text},"a":[-0]}}"#)),
            (
                Style {
                    sorted: true,
                    php: true,
                    ..Style::SPACED
                },
                format!(r#"{{"a": [-0], "z": {text}}}"#),
            ),
        ] {
            assert_eq!(write(&value, &style), wanted);
        }
        let lines = Style {
            lines: true,
            ..Style::COMPACT
        };
        assert_eq!(write(&super::verbatim(text), &lines), text);
    }

    #[test]
    fn a_member_is_cut_out_with_one_comma() {
        for (json, left) in [
            (r#"{"a": 1, "s": "x", "b": 2}"#, r#"{"a": 1, "b": 2}"#),
            (r#"{"s" : "x" , "b": 2}"#, r#"{"b": 2}"#),
            ("{\n  \"a\" : 1,\n  \"s\" : \"x\"\n}", "{\n  \"a\" : 1\n}"),
            (r#"{"s":{"t":"x"}}"#, "{}"),
        ] {
            assert_eq!(super::cut(json.as_bytes(), "/s").unwrap(), left.as_bytes());
        }
        assert_eq!(super::cut(br#"{"a":1}"#, "/s"), None);
        assert_eq!(super::cut(b"[1]", "/0"), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((".*", inner), 0..5)
                    .prop_map(|m| Value::Object(m.into_iter().collect()))
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in any_json(), php: bool, rails: bool, sorted: bool, lines: bool) {
            let style = Style { php, rails, sorted, lines, ..Style::SPACED };
            prop_assert_eq!(serde_json::from_str::<Value>(&write(&value, &style)).unwrap(), value);
        }

        #[test]
        fn any_bytes_are_searched_without_a_crash(bytes: Vec<u8>, pointer in "(/[a-z0-9]{0,2}){0,3}") {
            if let Some(span) = find(&bytes, &pointer) {
                prop_assert!(span.start <= span.end && span.end <= bytes.len());
            }
        }
    }
}
