//! Parsed view of a body. For reading only: the raw bytes are what is forwarded.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::webhook::body::json;
use crate::webhook::body::json_cursor::{JsonCursor, Span};
use crate::webhook::body::json_limits::{MOST_VALUES, has_too_many_values, length_of_numbers};
use crate::webhook::body::multipart::Multipart;
use crate::webhook::body::sniff::{UTF8_MARK, other_than_json};
use crate::webhook::{Delivery, Headers};

/// JSON value or form fields, borrowed from the bytes where possible.
///
/// Members keep their order and their repeats; a pointer finds the first.
///
/// A file in a form is an object: its `filename`, its `content-type`, its `size`, and its `content` if that is text.
///
/// JSON is validated as a whole. A long text is parsed level by level on demand: most callers need a few texts near the
/// top.
#[derive(Clone, Debug)]
pub struct Document<'a>(Form<'a>);

#[derive(Clone, Debug)]
enum Form<'a> {
    /// Text of a JSON value, trimmed, and its parts or its decoded text once they were asked for.
    Json(&'a str, OnceCell<Option<Parts<'a>>>),
    /// Decoded text.
    Text(Cow<'a, str>),
    /// Value built from parts.
    Whole(Parts<'a>),
    /// Readable part of a faulty body, and its faults.
    Flawed(Box<(Document<'a>, Vec<String>)>),
}

#[derive(Clone, Debug)]
enum Parts<'a> {
    List(Vec<Document<'a>>),
    Map(Vec<Member<'a>>),
    /// Decoded text of a string with escapes: several fields of a provider may be read from one long text.
    Text(Box<str>),
}

/// Name and value.
pub type Member<'a> = (Cow<'a, str>, Document<'a>);

/// White space of JSON.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Fault of JSON after a byte order mark.
const MARKED: &str = "the body begins with a byte order mark (EF BB BF), which JSON does not allow; it is read without it";

/// Length in bytes up to which JSON is read at once, in one pass: most of it is looked at. Of a longer text a level is read
/// when it is asked for.
const SHORT: usize = 16 << 10;

/// Levels of a short text that are read below the first.
const LEVELS: usize = 4;

/// Initial capacity for members: allocating more than a kilobyte is slow.
const ROOM: usize = 1024 / size_of::<Member<'static>>();

impl<'a> Document<'a> {
    /// Parses the data of a delivery: the query if there is no body, otherwise the body.
    pub fn of(delivery: &'a Delivery) -> Result<Self, String> {
        Self::opened(delivery, LEVELS)
    }

    /// Parses the data of a delivery like [`of`](Self::of), for callers that look at hardly more than its first level.
    pub fn top(delivery: &'a Delivery) -> Result<Self, String> {
        Self::opened(delivery, 0)
    }

    fn opened(delivery: &'a Delivery, levels: usize) -> Result<Self, String> {
        if let Some(query) = delivery.told_by_query() {
            return Ok(Self::form(query.as_bytes()));
        }
        let Delivery { headers, body, .. } = delivery;
        Self::parsed(headers, body, levels).map_err(|problem| {
            match headers.text("content-encoding") {
                None | Some("" | "identity") => problem,
                Some(how) => format!("it is compressed ({how}), so its events are not read"),
            }
        })
    }

    /// Parses a body by its content type: URL-encoded and multipart forms as a map of their fields, JSON Lines as a
    /// list, anything else as JSON.
    pub fn read(headers: &Headers, body: &'a [u8]) -> Result<Self, String> {
        Self::parsed(headers, body, LEVELS)
    }

    fn parsed(headers: &Headers, body: &'a [u8], levels: usize) -> Result<Self, String> {
        let kind = headers.text("content-type").map_or("", str::trim_start);
        let begins = |wanted: &str| {
            let start = kind.get(..wanted.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(wanted))
        };
        if begins("application/x-www-form-urlencoded") {
            return Ok(Self::form(body));
        }
        if begins("multipart/form-data")
            && let Some(form) = Multipart::of(headers, body)
        {
            return form.map(|form| Self::multipart(&form));
        }
        if body.is_empty() {
            return Err("the body is empty".into());
        }
        if begins("application/jsonl") || begins("application/x-ndjson") {
            let lines = body.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
            let events = lines.filter(|line| !line.is_empty()).map(Self::json);
            return Ok(Self::list(events.collect::<Result<_, _>>()?));
        }
        match body.strip_prefix(UTF8_MARK) {
            Some(rest) => {
                Self::json_or_other(kind, rest, levels).map(|it| it.flawed(&[MARKED.into()]))
            }
            None => Self::json_or_other(kind, body, levels),
        }
    }

    /// Parses JSON; the error names the actual format if it is recognised.
    fn json_or_other(kind: &str, body: &'a [u8], levels: usize) -> Result<Self, String> {
        Self::json_with(body, levels).map_err(|problem| match other_than_json(kind, body) {
            Some(other) => format!("the body is {other}, not JSON"),
            None => problem,
        })
    }

    /// Parses JSON; the error names the position and the cause.
    pub fn json(text: &'a [u8]) -> Result<Self, String> {
        Self::json_with(text, LEVELS)
    }

    fn json_with(text: &'a [u8], levels: usize) -> Result<Self, String> {
        let no_json = |why: &dyn fmt::Display| format!("the body is not JSON: {why}");
        let text = std::str::from_utf8(text).map_err(|error| no_json(&error))?;
        if text.starts_with('\u{feff}') {
            return Err(no_json(&"a byte order mark (EF BB BF) stands before it"));
        }
        if has_too_many_values(text) {
            return Err(format!(
                "the JSON has more than {MOST_VALUES} values; it is kept, but not read"
            ));
        }
        // Includes the surrounding white space, because an error names the line.
        let parts = Parts::read(text, levels).map_err(|error| no_json(&error))?;
        let value = text.trim_matches(SPACE);
        Ok(Document(Form::Json(
            value,
            parts.map_or_else(OnceCell::new, |parts| OnceCell::from(Some(parts))),
        )))
    }

    /// Decodes the fields of a URL-encoded form, at most the first `MOST_VALUES`. Never fails.
    pub fn form(body: &'a [u8]) -> Self {
        let fields = form_urlencoded::parse(body).take(MOST_VALUES);
        Self::map(
            fields
                .map(|(name, value)| (name, Self::text_of(value)))
                .collect(),
        )
    }

    /// Converts the fields of a multipart form, files as objects. Parts without a name are skipped.
    pub fn multipart(form: &Multipart<'a>) -> Self {
        let named = form.parts().iter().filter_map(|part| {
            let value = match &part.filename {
                None => Self::text_of(part.text()),
                Some(filename) => {
                    let text = |text: &str| Self::text_of(Cow::Owned(text.to_owned()));
                    let mut members = vec![("filename".into(), text(filename))];
                    if let Some(kind) = &part.content_type {
                        members.push(("content-type".into(), text(kind)));
                    }
                    members.push(("size".into(), text(&part.content.len().to_string())));
                    if let Ok(content) = std::str::from_utf8(part.content) {
                        members.push(("content".into(), Self::text_of(content.into())));
                    }
                    Self::map(members)
                }
            };
            Some((part.name.clone()?.into(), value))
        });
        Self::map(named.collect()).flawed(form.problems())
    }

    /// Adds problems to a document.
    fn flawed(self, problems: &[String]) -> Self {
        if problems.is_empty() {
            return self;
        }
        Document(Form::Flawed(Box::new((self, problems.to_vec()))))
    }

    /// Problems of a body that was readable all the same.
    pub fn problems(&self) -> &[String] {
        match &self.0 {
            Form::Flawed(flawed) => &flawed.1,
            _ => &[],
        }
    }

    /// True for a JSON text that was parsed as a whole.
    pub fn is_json(&self) -> bool {
        matches!(self.0, Form::Json(..))
    }

    /// Creates a list.
    pub fn list(values: Vec<Document<'a>>) -> Self {
        Document(Form::Whole(Parts::List(values)))
    }

    /// Creates an object.
    pub fn map(members: Vec<Member<'a>>) -> Self {
        Document(Form::Whole(Parts::Map(members)))
    }

    /// Creates a text, already decoded.
    pub fn text_of(text: Cow<'a, str>) -> Self {
        Document(Form::Text(text))
    }

    /// Creates a null.
    pub fn null() -> Self {
        Document(Form::Json("null", OnceCell::new()))
    }

    /// Value at a JSON pointer such as `/msg/tags/0`.
    pub fn at(&self, pointer: &str) -> Option<&Document<'a>> {
        self.find(pointer, |index| index.parse().ok())
    }

    /// Value at a location: a JSON pointer in which a step `*` is the `nth` value of a list.
    pub fn at_each(&self, location: &str, nth: usize) -> Option<&Document<'a>> {
        self.find(location, |index| match index {
            "*" => Some(nth),
            index => index.parse().ok(),
        })
    }

    /// Value at a pointer, whose steps in lists are read by `index`.
    fn find(&self, pointer: &str, index: impl Fn(&str) -> Option<usize>) -> Option<&Document<'a>> {
        // Pointers are short, and dozens are tried: a loop over the bytes is quicker than setting up a search.
        let mut here = self;
        let mut rest = pointer.strip_prefix('/');
        while let Some(path) = rest {
            let (step, after) = match path.bytes().position(|byte| byte == b'/') {
                Some(end) => (path.get(..end)?, path.get(end + 1..)),
                None => (path, None),
            };
            here = match here.parts()? {
                Parts::Map(members) => &members.iter().find(|(name, _)| name == step)?.1,
                Parts::List(values) => values.get(index(step)?)?,
                Parts::Text(_) => return None,
            };
            rest = after;
        }
        Some(here)
    }

    /// Scalar at a pointer as text; none for null, lists and objects.
    pub fn text(&self, pointer: &str) -> Option<Cow<'_, str>> {
        self.at(pointer)?.as_text()
    }

    /// First scalar at any of several pointers, as text.
    pub fn first(&self, pointers: &[&str]) -> Option<Cow<'_, str>> {
        pointers.iter().find_map(|pointer| self.text(pointer))
    }

    /// Scalar as text, numbers as written.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        self.as_str().map(Cow::Borrowed)
    }

    /// Scalar as text, numbers as written; the text of a string with escapes is kept once decoded.
    pub fn as_str(&self) -> Option<&str> {
        let (json, parts) = match &self.0 {
            Form::Text(text) => return Some(text),
            Form::Whole(_) => return None,
            Form::Flawed(flawed) => return flawed.0.as_str(),
            Form::Json(json, parts) => (*json, parts),
        };
        match json.as_bytes() {
            [b'"', inside @ .., b'"'] if memchr::memchr(b'\\', inside).is_none() => {
                json.get(1..json.len() - 1)
            }
            [b'"', ..] => match parts.get_or_init(|| Parts::of_value(json)) {
                Some(Parts::Text(text)) => Some(text),
                _ => None,
            },
            [b'{' | b'[' | b'n', ..] | [] => None,
            _ => Some(json),
        }
    }

    /// JSON text as it was written; none for a field of a form, and for what was put together from parts.
    pub(crate) fn raw(&self) -> Option<&'a str> {
        match &self.0 {
            Form::Json(json, _) => Some(json),
            Form::Flawed(flawed) => flawed.0.raw(),
            Form::Text(_) | Form::Whole(_) => None,
        }
    }

    /// Bytes in a list of numbers, as Node writes its buffers, however long it is.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let byte = |value: &Document| value.as_text()?.parse().ok();
        let values = || self.values()?.iter().map(byte).collect();
        let read = |json| serde_json::from_str(json).ok();
        self.raw().map_or_else(values, read)
    }

    /// Values of a list.
    pub fn values(&self) -> Option<&[Document<'a>]> {
        match self.parts()? {
            Parts::List(values) => Some(values),
            Parts::Map(_) | Parts::Text(_) => None,
        }
    }

    /// Members of an object, or fields of a form.
    pub fn members(&self) -> Option<&[Member<'a>]> {
        match self.parts()? {
            Parts::Map(members) => Some(members),
            Parts::List(_) | Parts::Text(_) => None,
        }
    }

    /// Drops the first `count` values of a list, or of each list in an object; none if nothing would be left.
    pub fn without_first(&self, count: usize) -> Option<Document<'a>> {
        let rest = |list: &Document<'a>| match list.values()?.get(count..) {
            None | Some([]) => None,
            Some(rest) => Some(Self::list(rest.to_vec())),
        };
        let Some(members) = self.members() else {
            return rest(self);
        };
        let mut is_changed = false;
        let members = members.iter().map(|(name, value)| {
            let shorter = rest(value);
            is_changed |= shorter.is_some();
            (name.clone(), shorter.unwrap_or_else(|| value.clone()))
        });
        let members = members.collect();
        is_changed.then(|| Self::map(members))
    }

    /// True for null.
    pub fn is_null(&self) -> bool {
        self.begins(b"n")
    }

    /// True for a number.
    pub fn is_number(&self) -> bool {
        self.begins(b"-0123456789")
    }

    /// True for an object or a form.
    pub fn is_map(&self) -> bool {
        self.begins(b"{") || matches!(self.whole(), Some(Parts::Map(_)))
    }

    /// True for a list.
    pub fn is_list(&self) -> bool {
        self.begins(b"[") || matches!(self.whole(), Some(Parts::List(_)))
    }

    /// Parts of a value that was built from parts.
    fn whole(&self) -> Option<&Parts<'a>> {
        match &self.0 {
            Form::Whole(parts) => Some(parts),
            Form::Flawed(flawed) => flawed.0.whole(),
            Form::Json(..) | Form::Text(_) => None,
        }
    }

    /// Tells the type of a JSON value by its first byte.
    fn begins(&self, with: &[u8]) -> bool {
        match &self.0 {
            Form::Json(json, _) => json
                .bytes()
                .next()
                .is_some_and(|first| with.contains(&first)),
            Form::Flawed(flawed) => flawed.0.begins(with),
            Form::Text(_) | Form::Whole(_) => false,
        }
    }

    /// Steps over a value that is valid, and reads so many levels of it.
    fn open(json: &'a str, cursor: &mut JsonCursor<'a>, levels: usize) -> Option<Self> {
        let start = cursor.position();
        let is_opened = levels > 0 && matches!(cursor.peek()?, b'{' | b'[');
        let below = |cursor: &mut JsonCursor<'a>| Self::open(json, cursor, levels - 1);
        let parts = is_opened.then(|| Parts::at(json, cursor, below)).flatten();
        if parts.is_none() {
            // A scalar, too deep, or of names with escapes, which are decoded on demand.
            cursor.go_to(start);
            return Self::closed(json, cursor.valid_value()?);
        }
        let value = json.get(start..cursor.position())?;
        Some(Document(Form::Json(value, OnceCell::from(parts))))
    }

    /// Value in a range of a JSON text, which is parsed on demand.
    fn closed(json: &'a str, span: Span) -> Option<Self> {
        Some(Document(Form::Json(json.get(span)?, OnceCell::new())))
    }

    fn parts(&self) -> Option<&Parts<'a>> {
        match &self.0 {
            // Valid, because the whole was validated.
            Form::Json(json, parts) => parts.get_or_init(|| Parts::of_value(json)).as_ref(),
            Form::Text(_) => None,
            Form::Whole(parts) => Some(parts),
            Form::Flawed(flawed) => flawed.0.parts(),
        }
    }
}

impl<'a> Parts<'a> {
    /// Parts of a valid JSON value, or the text of a string with escapes; none for any other scalar.
    fn of_value(json: &'a str) -> Option<Self> {
        let list = json.strip_prefix('[').map(str::as_bytes);
        if list.and_then(length_of_numbers).is_some() {
            return None;
        }
        if !json.starts_with('"') {
            let step = |cursor: &mut JsonCursor<'a>| Document::closed(json, cursor.value()?);
            return Self::split(json, step).or_else(|| Self::parse(json).ok().flatten());
        }
        memchr::memchr(b'\\', json.as_bytes())?;
        serde_json::from_str(json).ok().map(Parts::Text)
    }

    /// Splits a list or an object, with `step` for each value; none if it is none, or not a plain one.
    fn split(
        json: &'a str,
        step: impl Fn(&mut JsonCursor<'a>) -> Option<Document<'a>>,
    ) -> Option<Self> {
        let mut cursor = JsonCursor::new(json.as_bytes());
        cursor.space();
        let parts = Self::at(json, &mut cursor, step)?;
        cursor.space();
        cursor.is_at_end().then_some(parts)
    }

    /// Splits the list or the object at the cursor.
    fn at(
        json: &'a str,
        cursor: &mut JsonCursor<'a>,
        step: impl Fn(&mut JsonCursor<'a>) -> Option<Document<'a>>,
    ) -> Option<Self> {
        if cursor.peek() == Some(b'[') {
            let mut values = Vec::new();
            json::split(json, cursor, step, |_, value| values.push(value))?;
            return Some(Parts::List(values));
        }
        let mut members = Vec::new();
        json::split(json, cursor, step, |name, value| {
            if members.is_empty() {
                members.reserve(room(json));
            }
            members.extend(name.map(|name| (Cow::Borrowed(name), value)));
        })?;
        Some(Parts::Map(members))
    }

    /// Reads one level of a JSON value, and of a short one so many levels more; none if it is a scalar. All levels below
    /// are validated.
    fn read(json: &'a str, levels: usize) -> serde_json::Result<Option<Self>> {
        let levels = if json.len() <= SHORT { levels } else { 0 };
        match Self::split(json, |cursor| Document::open(json, cursor, levels)) {
            Some(parts) => Ok(Some(parts)),
            None => Self::parse(json),
        }
    }

    /// Reads it like [`read`](Self::read), whatever is in it, and names the fault.
    fn parse(json: &'a str) -> serde_json::Result<Option<Self>> {
        if !json.trim_start_matches(SPACE).starts_with(['{', '[']) {
            return serde_json::from_str::<&RawValue>(json).map(|_| None);
        }
        let room = room(json);
        let mut reader = serde_json::Deserializer::from_str(json);
        let parts = reader.deserialize_any(Reader { room })?;
        reader.end().map(|()| Some(parts))
    }
}

/// Members to make room for: as many as most events have; fewer for a short text, as there may be many of them.
fn room(json: &str) -> usize {
    (json.len() / 16).min(ROOM)
}

struct Reader {
    room: usize,
}

impl<'de> Visitor<'de> for Reader {
    type Value = Parts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(part(value));
        }
        Ok(Parts::List(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(self.room);
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push((name, part(value)));
        }
        Ok(Parts::Map(members))
    }
}

fn part(raw: &RawValue) -> Document<'_> {
    Document(Form::Json(raw.get(), OnceCell::new()))
}

/// Name of a member, borrowed if it has no escapes: serde's own `Cow` always copies.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, Headers, LEVELS, Parts};
    use crate::webhook::body::json::is_json;
    use crate::webhook::body::json_cursor::tests::any_json;
    use proptest::prelude::*;

    #[test]
    fn a_pointer_finds_its_value() {
        let document =
            Document::json(br#"{"a":[{"b":"x"},7,null,true],"a-b":{"c":1.5},"a":2}"#).unwrap();
        assert_eq!(document.text("/a/0/b").unwrap(), "x");
        assert_eq!(document.text("/a/1").unwrap(), "7");
        assert_eq!(document.text("/a/3").unwrap(), "true");
        assert_eq!(document.text("/a-b/c").unwrap(), "1.5");
        assert_eq!(document.text("/a/2"), None);
        assert_eq!(document.text("/a/9/b"), None);
        assert!(std::ptr::eq(document.at("").unwrap(), &document));
        assert!(document.at("/a").is_some_and(Document::is_list));
        assert!(document.at("/a-b").is_some_and(Document::is_map));
        assert!(document.at("/a/1").is_some_and(Document::is_number));
        assert!(document.at("/a/2").is_some_and(Document::is_null));
        assert_eq!(document.members().unwrap().len(), 3);
        assert_eq!(document.at("/a").unwrap().values().unwrap().len(), 4);
    }

    #[test]
    fn what_is_read_as_json_is_recorded_as_json() {
        for depth in 0..400 {
            let json = "[".repeat(depth) + "1" + &"]".repeat(depth);
            let is_read = Document::json(json.as_bytes()).is_ok_and(|it| it.is_json());
            assert!(!is_read || is_json(&json), "{depth} levels");
        }
        let is_json = |json: &str| Document::json(json.as_bytes()).unwrap().is_json();
        assert!(is_json("1") && is_json(" {} ") && !Document::form(b"a=1").is_json());
        let marked = Document::read(&Headers::new(), b"\xef\xbb\xbf{}").unwrap();
        assert!(!marked.is_json(), "the mark is no JSON");
    }

    /// All values in these parts, each with its JSON text.
    fn all_levels(parts: &Parts) -> String {
        let of = |value: &Document| {
            let below = value.parts().map(all_levels).unwrap_or_default();
            format!("{:?} {:?} ({below})", value.raw(), value.as_str())
        };
        match parts {
            Parts::List(values) => values.iter().map(of).collect(),
            Parts::Map(members) => members
                .iter()
                .map(|(name, value)| format!("{name:?}: {}", of(value)))
                .collect(),
            Parts::Text(text) => text.to_string(),
        }
    }

    #[test]
    fn the_levels_of_a_short_text_are_read_at_once() {
        let is_read = |levels: usize| {
            let json = "[".repeat(levels + 1) + &"]".repeat(levels + 1);
            let document = Document::json(json.as_bytes()).unwrap();
            // Asked without reading.
            let mut here = &document;
            for _ in 0..levels {
                let super::Form::Json(_, parts) = &here.0 else {
                    panic!()
                };
                let Some(Some(Parts::List(values))) = parts.get() else {
                    return false;
                };
                here = &values[0];
            }
            let super::Form::Json(_, parts) = &here.0 else {
                panic!()
            };
            parts.get().is_some()
        };
        assert!(is_read(0) && is_read(LEVELS) && !is_read(LEVELS + 1));
    }

    #[test]
    fn a_step_may_be_any_value_of_a_list() {
        let json = br#"{"to":[{"a":1},{"a":2}],"*":{"a":3},"to/0":{"a":4},"":5}"#;
        let document = Document::json(json).unwrap();
        let at = |location, nth| document.at_each(location, nth).and_then(Document::as_str);
        assert_eq!((at("/to/*/a", 0), at("/to/*/a", 1)), (Some("1"), Some("2")));
        assert_eq!((at("/to/*/a", 2), at("/to/0/a", 7)), (None, Some("1")));
        assert_eq!((at("/*/a", 0), document.text("/to/*/a")), (Some("3"), None));
        assert_eq!((at("/", 0), at("/to/0/a/x", 0)), (Some("5"), None));
        assert_eq!((at("/t", 0), at("/too", 0)), (None, None));
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_is_parsed(json in any_json(), before in "[ \n\t]{0,2}", after in "[ \n,}]{0,2}") {
            let json = format!("{before}{json}{after}");
            let text = |parts: serde_json::Result<Option<Parts>>| match parts {
                Ok(parts) => parts.as_ref().map_or_else(String::new, all_levels),
                Err(error) => error.to_string(),
            };
            for levels in [LEVELS, 0] {
                prop_assert_eq!(text(Parts::read(&json, levels)), text(Parts::parse(&json)));
                prop_assert_eq!(Parts::read(&json, levels).is_ok(), is_json(json.trim_matches(super::SPACE)));
            }
        }

        #[test]
        fn what_is_split_is_what_is_parsed(json in any_json()) {
            let parsed = Parts::parse(&json).unwrap();
            let unchecked = Parts::split(&json, |cursor| Document::closed(&json, cursor.value()?));
            let checked = Parts::split(&json, |cursor| Document::closed(&json, cursor.valid_value()?));
            for split in [unchecked, checked] {
                if let Some(split) = split {
                    prop_assert_eq!(format!("{split:?}"), format!("{:?}", parsed.as_ref().unwrap()));
                } else {
                    let scalar = !json.starts_with(['{', '[']);
                    prop_assert!(scalar || json.contains('\\'), "{}", json);
                }
            }
        }
    }

    #[test]
    fn texts_are_decoded_and_numbers_stay_as_they_are_written() {
        let json =
            br#" {"a\n":"x\u00e9\"","big":12345678901234567890123,"e":1.50e3,"none":"\ud800"}
"#;
        let document = Document::json(json).unwrap();
        assert_eq!(document.text("/a\n").unwrap(), "x\u{e9}\"");
        assert_eq!(document.text("/big").unwrap(), "12345678901234567890123");
        assert_eq!(document.text("/e").unwrap(), "1.50e3");
        // A lone surrogate is no text; everything around it is read.
        assert_eq!(document.text("/none"), None);
    }

    proptest! {
        #[test]
        fn a_document_says_what_serde_json_says(text in JSON, spoiled in any::<prop::sample::Index>()) {
            compare(&text)?;
            // One byte less, too: both parsers must reject it or read the same.
            let mut less = text;
            less.remove(spoiled.index(less.len()));
            compare(&less)?;
        }
    }

    /// Pattern of JSON and of near-JSON.
    const JSON: &str = r#"(\[|\{"[a-c]{0,2}":|"[a-c\\"n,\[]{0,3}",?|[0-9]{1,3},?|-1\.5|null,?|true|\]|\}|,| ){1,14}"#;

    fn compare(text: &str) -> Result<(), TestCaseError> {
        let ours = Document::json(text.as_bytes());
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) => same(&ours.unwrap(), &value),
            Err(_) => {
                prop_assert!(ours.is_err(), "{text}");
                Ok(())
            }
        }
    }

    fn same(document: &Document, value: &serde_json::Value) -> Result<(), TestCaseError> {
        use serde_json::Value;
        match value {
            Value::Null => prop_assert!(document.is_null()),
            Value::Bool(truth) => prop_assert_eq!(document.as_text().unwrap(), truth.to_string()),
            Value::Number(number) => {
                prop_assert!(document.is_number());
                let text = document.as_text().unwrap();
                prop_assert_eq!(text.parse::<f64>().unwrap(), number.as_f64().unwrap());
            }
            Value::String(text) => prop_assert_eq!(&document.as_text().unwrap(), text),
            Value::Array(values) => {
                let ours = document.values().unwrap();
                prop_assert_eq!(ours.len(), values.len());
                for (one, other) in ours.iter().zip(values) {
                    same(one, other)?;
                }
            }
            Value::Object(members) => {
                let ours = document.members().unwrap();
                for (name, value) in members {
                    // Of repeated names serde_json keeps the last.
                    let (_, one) = ours.iter().rev().find(|(it, _)| it == name).unwrap();
                    same(one, value)?;
                }
            }
        }
        Ok(())
    }

    #[test]
    fn too_many_values_are_a_reason_and_no_burden() {
        let body = |count: usize| format!("[{}{{}}]", "{},".repeat(count - 1));
        assert!(Document::json(body(super::MOST_VALUES).as_bytes()).is_ok());
        let why = Document::json(body(super::MOST_VALUES + 1).as_bytes()).unwrap_err();
        assert!(why.contains("more than 100000 values"), "{why}");
        let form = "a&".repeat(super::MOST_VALUES + 1);
        let form = Document::form(form.as_bytes());
        assert_eq!(form.members().unwrap().len(), super::MOST_VALUES);
        // A file as a list of numbers is one value, which is not opened; a body of numbers is a list.
        let numbers = vec!["255"; 2 * super::MOST_VALUES].join(",");
        let file = format!("{{\"data\":[{numbers}],\"size\":2}}");
        let read = Document::json(file.as_bytes()).unwrap();
        assert_eq!(read.text("/size").unwrap(), "2");
        let data = read.at("/data").unwrap();
        assert!(data.is_list() && data.values().is_none());
        assert_eq!(data.bytes().unwrap(), vec![255; 2 * super::MOST_VALUES]);
        assert!(Document::json(format!("[{numbers}]").as_bytes()).is_err());
        let signed = numbers.replace("255", "-25");
        assert!(Document::json(file.replace(&numbers, &signed).as_bytes()).is_err());
        // Commas inside a string are no values.
        let commas = format!("[\"{}\\\"\"]", ",".repeat(2 * super::MOST_VALUES));
        assert!(Document::json(commas.as_bytes()).is_ok());
    }

    #[test]
    fn a_deep_body_is_read_and_no_crash() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let document = Document::json(deep.as_bytes()).unwrap();
        assert!(document.at("/0/0/0").is_some_and(Document::is_list));
        assert!(Document::json("[".repeat(200_000).as_bytes()).is_err());
        assert!(
            Document::json(b"{\"a\":")
                .unwrap_err()
                .contains("line 1 column 5")
        );
        assert!(Document::json(b"\xff").is_err());
        let later = Document::json(b"\n\n  {\"a\":").unwrap_err();
        assert!(later.contains("line 3 column 7"), "{later}");
    }

    #[test]
    fn json_lines_are_a_list() {
        let headers = [(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/jsonl"),
        )]
        .into_iter()
        .collect();
        let document = Document::read(&headers, b"{\"a\":1}\n{\"a\":2}\r\n\n").unwrap();
        assert_eq!(document.text("/1/a").unwrap(), "2");
        assert!(document.at("/2").is_none());
        assert!(Document::read(&headers, b"{\"a\":1}\n{\"a\":").is_err());
    }

    fn read<'a>(kind: &'static str, body: &'a [u8]) -> Result<Document<'a>, String> {
        let header = http::HeaderValue::from_static(kind);
        let headers = [(http::header::CONTENT_TYPE, header)].into_iter().collect();
        Document::read(&headers, body)
    }

    const PARTS: &[u8] = b"--x\r\nContent-Disposition: form-data; name=\"event\"\r\n\r\nbounced\r\n\
        --x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nmine\r\n\
        --x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nyours\r\n\
        --x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.eml\"\r\nContent-Type: message/rfc822\r\n\r\nTo: a\r\n\r\n\
        --x\r\nContent-Disposition: form-data; name=\"g\"; filename=\"\"\r\n\r\n\xff\r\n\
        --x--\r\n";

    #[test]
    fn a_form_of_parts_is_read_as_a_form() {
        let form = read("Multipart/Form-Data; boundary=x", PARTS).unwrap();
        assert_eq!(form.problems(), [] as [&str; 0]);
        assert!(form.is_map() && form.members().unwrap().len() == 5);
        assert_eq!(form.text("/event").unwrap(), "bounced");
        assert_eq!(form.text("/token").unwrap(), "mine");
        assert!(form.at("/f").is_some_and(Document::is_map));
        assert_eq!(form.text("/f"), None);
        assert_eq!(form.text("/f/filename").unwrap(), "a.eml");
        assert_eq!(form.text("/f/content-type").unwrap(), "message/rfc822");
        assert_eq!(form.text("/f/size").unwrap(), "7");
        assert_eq!(form.text("/f/content").unwrap(), "To: a\r\n");
        assert_eq!(form.text("/g/size").unwrap(), "1");
        assert_eq!(form.text("/g/content"), None);
        // A truncated form is read as far as it goes.
        let cut = read("multipart/form-data; boundary=x", &PARTS[..70]).unwrap();
        assert_eq!(cut.text("/event").unwrap(), "bounced");
        assert!(cut.is_map() && !cut.is_list() && cut.as_text().is_none());
        assert!(cut.problems()[0].contains("without its last boundary"));
    }

    #[test]
    fn what_is_no_json_is_called_what_it_is() {
        for (kind, body, why) in [
            ("application/json", "<a/>", "the body is XML, not JSON"),
            ("text/plain", "hello", "the body is plain text, not JSON"),
            (
                "multipart/form-data",
                "--x--",
                "the body is a multipart form, but `content-type` names no boundary",
            ),
            (
                "multipart/form-data; boundary=y",
                "--x--",
                "the body is a multipart form, but its boundary `--y` is nowhere in it",
            ),
            ("multipart/form-data; boundary=y", "", "the body is empty"),
            (
                "application/json",
                "\u{feff}hello",
                "the body is plain text, not JSON",
            ),
            ("application/json", "", "the body is empty"),
        ] {
            assert_eq!(
                read(kind, body.as_bytes()).unwrap_err(),
                why,
                "{kind} {body}"
            );
        }
        let marked = read("application/json", b"\xEF\xBB\xBF [7]").unwrap();
        assert!(marked.is_list() && marked.text("/0").unwrap() == "7");
        assert!(marked.problems()[0].contains("byte order mark (EF BB BF)"));
        let one = read("application/json", b"\xEF\xBB\xBF7").unwrap();
        assert!(one.is_number() && one.as_text().unwrap() == "7");
    }

    #[test]
    fn a_form_is_read_by_its_decoded_fields() {
        let document = Document::form(b"token=a%20b+c&token=2&x");
        assert_eq!(document.text("/token").unwrap(), "a b c");
        assert_eq!(document.text("/x").unwrap(), "");
    }
}
