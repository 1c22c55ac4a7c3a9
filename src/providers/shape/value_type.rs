//! Type of a value, and the format of a time.

use std::fmt;

use crate::webhook::diff::node::Node;

/// Type of a value, without the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueType {
    Null,
    Boolean,
    Number(Option<TimeFormat>),
    Text(Option<TimeFormat>),
    List,
    Object,
}

/// Format of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeFormat {
    Rfc3339,
    /// Date and time without a zone.
    Local,
    Seconds,
    Millis,
    Micros,
    /// Any other, at a place that holds a time.
    Other,
}

impl ValueType {
    /// Type of a value. `is_time` if its place holds a time, so that a number is one.
    pub(super) fn of(node: &Node, is_time: bool) -> ValueType {
        match node {
            Node::Null => ValueType::Null,
            Node::Bool(_) => ValueType::Boolean,
            Node::Number(number) => ValueType::Number(is_time.then(|| of_number(number))),
            Node::Text(text) => ValueType::Text(of_text(&text.text, is_time)),
            Node::Inside(..) | Node::Binary(..) => ValueType::Text(None),
            Node::List(_) => ValueType::List,
            Node::Map(_) => ValueType::Object,
            Node::Deep(json) if json.starts_with('[') => ValueType::List,
            Node::Deep(_) => ValueType::Object,
        }
    }

    /// Type of a JSON value that `send` may put in place of another.
    pub(super) fn of_json(value: &serde_json::Value) -> ValueType {
        match value {
            serde_json::Value::Null => ValueType::Null,
            serde_json::Value::Bool(_) => ValueType::Boolean,
            serde_json::Value::Number(_) => ValueType::Number(None),
            serde_json::Value::String(_) => ValueType::Text(None),
            serde_json::Value::Array(_) => ValueType::List,
            serde_json::Value::Object(_) => ValueType::Object,
        }
    }

    /// True if a value of type `came` is what a place with values of these types holds.
    pub(super) fn fits(known: &[ValueType], came: ValueType) -> bool {
        // Where only null is known, nothing is.
        if known.iter().all(|it| *it == ValueType::Null) {
            return true;
        }
        let like = |it: &&ValueType| std::mem::discriminant(*it) == std::mem::discriminant(&came);
        let mut like = known.iter().filter(like).peekable();
        if like.peek().is_none() {
            return false;
        }
        let (ValueType::Number(format) | ValueType::Text(format)) = came else {
            return true;
        };
        like.any(|it| match it {
            ValueType::Number(known) | ValueType::Text(known) => {
                known.is_none() || *known == format
            }
            _ => true,
        })
    }

    /// True for a list or an object.
    pub(super) fn is_container(self) -> bool {
        matches!(self, ValueType::List | ValueType::Object)
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, format) = match self {
            ValueType::Null => ("null", None),
            ValueType::Boolean => ("boolean", None),
            ValueType::Number(format) => ("number", *format),
            ValueType::Text(format) => ("text", *format),
            ValueType::List => ("list", None),
            ValueType::Object => ("object", None),
        };
        f.write_str(name)?;
        match format {
            None => Ok(()),
            Some(TimeFormat::Rfc3339) => f.write_str(" (RFC 3339)"),
            Some(TimeFormat::Local) => f.write_str(" (time without zone)"),
            Some(TimeFormat::Seconds) => f.write_str(" (Unix seconds)"),
            Some(TimeFormat::Millis) => f.write_str(" (Unix milliseconds)"),
            Some(TimeFormat::Micros) => f.write_str(" (Unix microseconds)"),
            Some(TimeFormat::Other) => f.write_str(" (other format)"),
        }
    }
}

fn of_number(number: &str) -> TimeFormat {
    let whole = number.split(['.', 'e', 'E']).next().unwrap_or_default();
    match whole.len() {
        9..=10 => TimeFormat::Seconds,
        12..=13 => TimeFormat::Millis,
        15..=16 => TimeFormat::Micros,
        _ => TimeFormat::Other,
    }
}

fn of_text(text: &str, is_time: bool) -> Option<TimeFormat> {
    let text = text.trim();
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    // A date and a time, with `0` for each digit.
    let digits: Vec<u8> = text
        .bytes()
        .take(19)
        .map(|it| if is_digit(&it) { b'0' } else { it })
        .collect();
    let rest = text.get(19..).unwrap_or_default();
    match digits.as_slice() {
        b"0000-00-00T00:00:00" | b"0000-00-00t00:00:00" => {
            let zone = rest
                .trim_start_matches('.')
                .trim_start_matches(|c: char| c.is_ascii_digit());
            match zone.bytes().next() {
                Some(b'Z' | b'z' | b'+' | b'-') => Some(TimeFormat::Rfc3339),
                _ => Some(TimeFormat::Local),
            }
        }
        b"0000-00-00 00:00:00" => Some(TimeFormat::Local),
        _ if !is_time => None,
        // Nothing is said of the format.
        [] => None,
        digits if digits.iter().all(|byte| *byte == b'0' || *byte == b'.') => Some(of_number(text)),
        _ => Some(TimeFormat::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::{TimeFormat, ValueType};
    use crate::webhook::Document;
    use crate::webhook::diff::node::Node;

    fn of(json: &str, is_time: bool) -> ValueType {
        ValueType::of(
            &Node::of(&Document::json(json.as_bytes()).unwrap()),
            is_time,
        )
    }

    #[test]
    fn a_time_is_known_by_its_format() {
        use TimeFormat::{Local, Millis, Other, Rfc3339, Seconds};
        for (json, is_time, format) in [
            ("\"2026-01-02T00:00:09Z\"", false, Some(Rfc3339)),
            ("\"2026-01-02T00:00:09.771+02:00\"", false, Some(Rfc3339)),
            ("\"2026-01-02T00:00:09.771\"", false, Some(Local)),
            ("\"2026-01-02 00:00:09\"", false, Some(Local)),
            ("\"1767312009\"", false, None),
            ("\"1767312009\"", true, Some(Seconds)),
            ("\"1/2/2026 0:00:09 AM\"", true, Some(Other)),
            ("\"\"", true, None),
        ] {
            assert_eq!(of(json, is_time), ValueType::Text(format), "{json}");
        }
        assert_eq!(of("1767312009.77", true), ValueType::Number(Some(Seconds)));
        assert_eq!(of("1767312009771", true), ValueType::Number(Some(Millis)));
        assert_eq!(of("1767312009", false), ValueType::Number(None));
    }

    #[test]
    fn a_type_fits_if_the_place_holds_it() {
        let known = [of("1767312009", true), ValueType::Null];
        for (json, fits) in [
            ("1790000000", true),
            ("1790000000000", false),
            ("\"1790000000\"", false),
            ("\"2026-01-02T00:00:09Z\"", false),
            ("null", true),
            ("true", false),
        ] {
            assert_eq!(ValueType::fits(&known, of(json, true)), fits, "{json}");
        }
        assert!(ValueType::fits(
            &[ValueType::Text(None)],
            of("\"2026-01-02T00:00:09Z\"", false)
        ));
    }
}
