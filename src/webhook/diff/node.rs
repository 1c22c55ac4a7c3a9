//! Body of a delivery as a tree of values, or as text.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;

use crate::webhook::{Delivery, Document, FormPart, Multipart};

/// Deepest level that is taken apart; a deeper value is one text.
const DEEPEST: usize = 64;

/// Content of a delivery.
#[derive(Clone, Debug)]
pub enum Content {
    /// No body.
    Empty,
    /// JSON, or a form.
    Tree(Node, Format),
    /// Any other text.
    Text(String),
    /// Bytes that are no text.
    Binary(Bytes),
}

/// Format of a content that has places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON; its text, for the comparison of its layout.
    Json(Bytes),
    /// JSON values, one a line.
    JsonLines,
    /// URL-encoded form; its text.
    Form(Bytes),
    /// Multipart form.
    Multipart,
    /// Query of a GET request.
    Query,
}

impl Format {
    /// Name, for people.
    pub fn name(&self) -> &'static str {
        match self {
            Format::Json(_) => "JSON",
            Format::JsonLines => "JSON Lines",
            Format::Form(_) => "URL-encoded form",
            Format::Multipart => "multipart form",
            Format::Query => "query",
        }
    }
}

/// Value of a body. Members keep their order and their repeats.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// Number, as written.
    Number(Box<str>),
    /// Text, decoded.
    Text(Text),
    /// List.
    List(Vec<Node>),
    /// Object, or form.
    Map(Vec<(Box<str>, Node)>),
    /// Text that is JSON itself: the text, and the value in it.
    Inside(Box<str>, Box<Node>),
    /// JSON text of a value that is too deep to be taken apart.
    Deep(Box<str>),
    /// File of a form that is no text: its size and a hash of it.
    Binary(usize, u64),
}

/// Decoded text, with a hash of the way it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Decoded text.
    pub text: Box<str>,
    /// Hash of the JSON token; 0 if it was none.
    pub token: u64,
}

impl Content {
    /// Content of a delivery; its query, if that carries the event. A compressed body is binary.
    pub fn of(delivery: &Delivery) -> Content {
        if let Some(query) = delivery.told_by_query() {
            let form = Document::form(query.as_bytes());
            return Content::Tree(Node::of(&form), Format::Query);
        }
        let body = &delivery.body;
        if body.is_empty() {
            return Content::Empty;
        }
        if let Some(Ok(form)) = Multipart::of(&delivery.headers, body) {
            return Content::Tree(Node::of_multipart(&form), Format::Multipart);
        }
        match Document::of(delivery) {
            Ok(document) => {
                let kind = delivery.headers.text("content-type").unwrap_or_default();
                let kind = kind.trim_start().to_ascii_lowercase();
                let format = match () {
                    () if kind.starts_with("application/x-www-form-urlencoded") => {
                        Format::Form(body.clone())
                    }
                    () if kind.starts_with("application/jsonl")
                        || kind.starts_with("application/x-ndjson") =>
                    {
                        Format::JsonLines
                    }
                    () => Format::Json(body.clone()),
                };
                Content::Tree(Node::of(&document), format)
            }
            Err(_) => match std::str::from_utf8(body) {
                Ok(text) if !text.contains('\0') => Content::Text(text.to_owned()),
                _ => Content::Binary(body.clone()),
            },
        }
    }

    /// The tree, if the content has one.
    pub fn tree(&self) -> Option<&Node> {
        match self {
            Content::Tree(node, _) => Some(node),
            Content::Empty | Content::Text(_) | Content::Binary(_) => None,
        }
    }
}

impl Node {
    /// Takes a document apart.
    pub fn of(document: &Document) -> Node {
        Self::at_depth(document, 0)
    }

    fn at_depth(document: &Document, depth: usize) -> Node {
        let is_deep = depth >= DEEPEST;
        if let Some(json) = document.raw() {
            match json.as_bytes().first() {
                Some(b'n') | None => return Node::Null,
                Some(b't') => return Node::Bool(true),
                Some(b'f') => return Node::Bool(false),
                Some(b'"') => {
                    let text = document.as_text().unwrap_or_default();
                    return Self::of_text(&text, hash(json.as_bytes()), depth);
                }
                Some(b'[' | b'{') if is_deep => return Node::Deep(json.into()),
                Some(b'[' | b'{') => {}
                Some(_) => return Node::Number(json.into()),
            }
        }
        if let Some(members) = document.members() {
            let members = members.iter();
            return Node::Map(
                members
                    .map(|(name, value)| (name.as_ref().into(), Self::at_depth(value, depth + 1)))
                    .collect(),
            );
        }
        if let Some(values) = document.values() {
            let values = values.iter();
            return Node::List(values.map(|it| Self::at_depth(it, depth + 1)).collect());
        }
        Self::of_text(&document.as_text().unwrap_or_default(), 0, depth)
    }

    fn of_text(text: &str, token: u64, depth: usize) -> Node {
        let inner = text.trim_ascii();
        // A subject may be `[1]`; events come as an object, or as a list of them.
        let may_be = inner.starts_with('{') || inner.starts_with('[') && inner.contains('{');
        if may_be
            && depth < DEEPEST
            && let Ok(document) = Document::json(text.as_bytes())
            && (document.is_map() || document.at("/0").is_some_and(Document::is_map))
        {
            let node = Self::at_depth(&document, depth + 1);
            return Node::Inside(text.into(), Box::new(node));
        }
        Node::Text(Text {
            text: text.into(),
            token,
        })
    }

    fn of_multipart(form: &Multipart) -> Node {
        let value = |part: &FormPart| {
            let text = |text: &str| Self::of_text(text, 0, 1);
            let content = match std::str::from_utf8(part.content) {
                Ok(content) => text(content),
                Err(_) => Node::Binary(part.content.len(), hash(part.content)),
            };
            let Some(filename) = &part.filename else {
                return content;
            };
            let mut members: Vec<(Box<str>, Node)> = vec![("filename".into(), text(filename))];
            if let Some(kind) = &part.content_type {
                members.push(("content-type".into(), text(kind)));
            }
            members.push(("content".into(), content));
            Node::Map(members)
        };
        let parts = form.parts().iter();
        let named = parts.filter_map(|part| Some((part.name.as_deref()?.into(), value(part))));
        Node::Map(named.collect())
    }

    /// Value at a JSON pointer, in a text that is JSON too. Of several members of a name, the first.
    pub fn at(&self, pointer: &str) -> Option<&Node> {
        let mut here = self;
        for step in pointer.split('/').skip(1) {
            if let Node::Inside(_, inner) = here {
                here = inner;
            }
            here = match here {
                Node::Map(members) => {
                    let name = step.replace("~1", "/").replace("~0", "~");
                    &members.iter().find(|(at, _)| **at == *name)?.1
                }
                Node::List(values) => values.get(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(here)
    }

    /// Scalar as text; none for null, lists, objects and files.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Node::Bool(true) => Some("true"),
            Node::Bool(false) => Some("false"),
            Node::Number(text) | Node::Inside(text, _) => Some(text),
            Node::Text(text) => Some(&text.text),
            Node::Null | Node::List(_) | Node::Map(_) | Node::Deep(_) | Node::Binary(..) => None,
        }
    }

    /// Writes the value as compact JSON, numbers as written; at most about `most` bytes of it.
    pub fn to_json(&self, most: usize) -> String {
        let mut out = String::new();
        self.write(&mut out, most);
        out
    }

    fn write(&self, out: &mut String, most: usize) {
        if out.len() > most {
            return;
        }
        match self {
            Node::Null => out.push_str("null"),
            Node::Bool(true) => out.push_str("true"),
            Node::Bool(false) => out.push_str("false"),
            Node::Number(json) | Node::Deep(json) => out.push_str(json),
            Node::Text(text) => quote(out, &text.text),
            Node::Inside(text, _) => quote(out, text),
            Node::Binary(size, _) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\"[{size} bytes of binary data]\"");
            }
            Node::List(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    value.write(out, most);
                }
                out.push(']');
            }
            Node::Map(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    quote(out, name);
                    out.push(':');
                    value.write(out, most);
                }
                out.push('}');
            }
        }
    }
}

/// Appends a step to a JSON pointer.
pub fn step_into(pointer: &mut String, name: &str) {
    pointer.push('/');
    for c in name.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// JSON pointer with each index of a list as `[]`. A member of an object with a number for its name counts as one.
pub fn folded(pointer: &str) -> String {
    let mut out = String::with_capacity(pointer.len());
    for step in pointer.split('/').skip(1) {
        fold_into(&mut out, step);
    }
    out
}

/// Appends a step of a JSON pointer to one with folded indices.
pub fn fold_into(folded: &mut String, step: &str) {
    let is_index = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    folded.push('/');
    folded.push_str(if is_index || step == "*" { "[]" } else { step });
}

fn quote(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
