//! JSON taken apart: each value with its byte range, so that one can be changed and no other byte with it.

use std::ops::Range;

use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use crate::webhook::body::json::{as_verbatim, verbatim};
use crate::webhook::body::json_cursor::{Span, inside};

/// Deepest level of nesting: values are read, compared and written by recursion.
const DEEPEST: usize = 128;

/// JSON value and its byte range.
#[derive(Debug)]
pub(crate) struct JsonNode {
    pub(crate) span: Span,
    pub(crate) kind: NodeKind,
}

/// Type of a value, with what is in it.
#[derive(Debug)]
pub(crate) enum NodeKind {
    /// Number, `true`, `false`, `null`, or a string that is no valid text.
    Scalar,
    /// Decoded text of a string.
    Text(String),
    List(Vec<JsonNode>),
    Map(Vec<NodeMember>),
}

/// Member of an object: its decoded name, the range of the quoted name, and its value.
#[derive(Debug)]
pub(crate) struct NodeMember {
    pub(crate) name: String,
    pub(crate) named: Span,
    pub(crate) value: JsonNode,
}

impl JsonNode {
    /// Parses a text that is one JSON value; the error says why it is none.
    pub(crate) fn read(text: &str) -> Result<JsonNode, String> {
        let valid = serde_json::from_str::<&RawValue>(text);
        valid.map_err(|error| format!("not JSON: {error}"))?;
        let mut reader = NodeReader { text, at: 0 };
        let node = reader.value(0);
        node.ok_or_else(|| format!("JSON that is nested deeper than {DEEPEST} levels"))
    }

    /// Text of the value.
    pub(crate) fn raw<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.span.clone()).unwrap_or_default()
    }

    /// Value to compare and to change. A number that would be written in other digits stands for its text. Of repeated
    /// members, the last counts.
    pub(crate) fn value(&self, text: &str) -> Result<Value, String> {
        Ok(match &self.kind {
            NodeKind::Text(text) => Value::from(text.as_str()),
            NodeKind::List(values) => {
                let values = values.iter().map(|it| it.value(text));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            NodeKind::Map(members) => {
                let members = members
                    .iter()
                    .map(|it| Ok((it.name.clone(), it.value.value(text)?)));
                let value = Value::Object(members.collect::<Result<Map<_, _>, String>>()?);
                if as_verbatim(&value).is_some() {
                    return Err("JSON with a name that this program uses itself".into());
                }
                value
            }
            NodeKind::Scalar => match self.raw(text) {
                "null" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                raw => match serde_json::from_str::<Number>(raw) {
                    Ok(number) if number.to_string() == raw => Value::Number(number),
                    _ => verbatim(raw),
                },
            },
        })
    }

    /// True if a name is repeated in one of the objects.
    pub(crate) fn has_repeats(&self) -> bool {
        match &self.kind {
            NodeKind::Scalar | NodeKind::Text(_) => false,
            NodeKind::List(values) => values.iter().any(JsonNode::has_repeats),
            NodeKind::Map(members) => {
                let mut names: Vec<&str> = members.iter().map(|it| it.name.as_str()).collect();
                names.sort_unstable();
                names.windows(2).any(|pair| pair.first() == pair.last())
                    || members.iter().any(|it| it.value.has_repeats())
            }
        }
    }

    /// Appends the value with a line for each member, indented by two spaces a level from `indent`. Names, texts and
    /// numbers stay as they are written.
    pub(crate) fn write_indented(&self, text: &str, indent: usize, out: &mut String) {
        let mut lines = |brackets: [char; 2], items: &[(Option<Span>, &JsonNode)]| {
            out.push(brackets[0]);
            for (at, (named, value)) in items.iter().enumerate() {
                out.push_str(if at == 0 { "\n" } else { ",\n" });
                out.push_str(&" ".repeat(indent + 2));
                if let Some(named) = named {
                    out.push_str(text.get(named.clone()).unwrap_or_default());
                    out.push_str(": ");
                }
                value.write_indented(text, indent + 2, out);
            }
            if !items.is_empty() {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
            }
            out.push(brackets[1]);
        };
        match &self.kind {
            NodeKind::List(values) => {
                let items: Vec<_> = values.iter().map(|value| (None, value)).collect();
                lines(['[', ']'], &items);
            }
            NodeKind::Map(members) => {
                let items = members.iter().map(|it| (Some(it.named.clone()), &it.value));
                lines(['{', '}'], &items.collect::<Vec<_>>());
            }
            NodeKind::Scalar | NodeKind::Text(_) => out.push_str(self.raw(text)),
        }
    }
}

/// Reader of a text that is known to be valid.
struct NodeReader<'a> {
    text: &'a str,
    at: usize,
}

impl NodeReader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Moves past this byte, if it is next.
    fn skip(&mut self, byte: u8) -> bool {
        self.space();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn string(&mut self) -> Option<Range<usize>> {
        self.space();
        let start = self.at;
        let (length, _) = inside(self.text.as_bytes().get(start + 1..)?)?;
        self.at += length + 2;
        Some(start..self.at)
    }

    fn value(&mut self, depth: usize) -> Option<JsonNode> {
        if depth > DEEPEST {
            return None;
        }
        self.space();
        let start = self.at;
        let kind = match self.peek()? {
            b'{' => NodeKind::Map(self.members(depth)?),
            b'[' => NodeKind::List(self.values(depth)?),
            b'"' => {
                let span = self.string()?;
                let text = serde_json::from_str(self.text.get(span)?);
                text.map_or(NodeKind::Scalar, NodeKind::Text)
            }
            _ => {
                while self.peek().is_some_and(|b| !b" \t\r\n,]}".contains(&b)) {
                    self.at += 1;
                }
                NodeKind::Scalar
            }
        };
        Some(JsonNode {
            span: start..self.at,
            kind,
        })
    }

    fn members(&mut self, depth: usize) -> Option<Vec<NodeMember>> {
        let mut members = Vec::new();
        self.skip(b'{');
        while !self.skip(b'}') {
            let named = self.string()?;
            let raw = self.text.get(named.clone())?;
            let name = serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned());
            self.skip(b':');
            let value = self.value(depth + 1)?;
            members.push(NodeMember { name, named, value });
            self.skip(b',');
        }
        Some(members)
    }

    fn values(&mut self, depth: usize) -> Option<Vec<JsonNode>> {
        let mut values = Vec::new();
        self.skip(b'[');
        while !self.skip(b']') {
            values.push(self.value(depth + 1)?);
            self.skip(b',');
        }
        Some(values)
    }
}

#[cfg(test)]
mod tests {
    use super::JsonNode;
    use crate::webhook::{Style, write};

    #[test]
    fn a_value_keeps_the_digits_of_its_numbers() {
        for text in [
            r#"{"a":[1.10,1,-0,1e3,12345678901234567890123],"b":{},"c":[],"d":"\"x"}"#,
            "null",
            "\"t\"",
            "[[[]]]",
        ] {
            let node = JsonNode::read(text).unwrap();
            assert_eq!(write(&node.value(text).unwrap(), &Style::COMPACT), text);
        }
    }

    #[test]
    fn every_value_is_found_at_its_bytes() {
        let text = " { \"a\" : [ 1.10 , \"x\\u00e9\" ] ,\n\"b\":{ } } ";
        let mut out = String::new();
        let node = JsonNode::read(text).unwrap();
        node.write_indented(text, 2, &mut out);
        let wanted = "{\n    \"a\": [\n      1.10,\n      \"x\\u00e9\"\n    ],\n    \"b\": {}\n  }";
        assert_eq!(out, wanted);
        assert_eq!(node.raw(text), text.trim());
    }

    #[test]
    fn repeated_names_are_noticed_at_any_level() {
        let has = |text: &str| JsonNode::read(text).unwrap().has_repeats();
        assert!(has(r#"[{"a":1,"b":2,"\u0061":3}]"#) && has(r#"{"x":{"a":1,"a":1}}"#));
        assert!(!has(r#"[{"a":1},{"a":1},{"b":{"a":1}}]"#));
    }

    #[test]
    fn what_cannot_be_changed_is_said() {
        let why = |text: &str| {
            let node = JsonNode::read(text);
            node.and_then(|it| it.value(text)).unwrap_err()
        };
        assert!(why("{\"a\":}").starts_with("not JSON: expected value"));
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(why(&deep).contains("nested deeper"));
        assert!(why("[{\"$webhook_cli::verbatim\":\"x\"}]").contains("uses itself"));
    }
}
