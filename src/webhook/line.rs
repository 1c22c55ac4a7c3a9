//! A line of a recording, read in one pass and without copying its body: the way in for millions of them.
//!
//! Only what this tool wrote itself is read so, and a checksum says that it is still as it was written. Whatever looks
//! in the least unusual is left to the careful reader, which names what is wrong and where.

use std::ops::Range;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method};

use super::fixture::MOST_FIELDS;
use super::{Delivery, Fixture, Headers, Reply, json};

/// Reads a line whose checksum was found right. None is no judgement: the careful reader decides.
pub(super) fn read(line: &Bytes) -> Option<Fixture> {
    let mut fixture = Fixture::new(Delivery {
        method: Method::POST,
        path: PathAndQuery::from_static("/"),
        headers: Headers::roomy(),
        body: Bytes::new(),
    });
    let mut seen = Seen::default();
    let mut cursor = Cursor { line, at: 0 };
    cursor.members(|cursor, name| match name {
        b"fixture" => {
            seen.once(0)?;
            (cursor.raw()? == b"1").then_some(())
        }
        b"id" => {
            seen.once(1)?;
            fixture.id = Some(cursor.text()?);
            Some(())
        }
        b"at" => {
            seen.once(2)?;
            fixture.at = Some(cursor.text()?.parse().ok()?);
            Some(())
        }
        b"request" => {
            seen.once(3)?;
            request(cursor, &mut fixture.delivery)
        }
        b"reply" => {
            seen.once(4)?;
            fixture.reply = Some(reply(cursor)?);
            Some(())
        }
        b"crc32c" => {
            seen.once(5)?;
            cursor.string().map(|_| ())
        }
        _ => {
            let name = std::str::from_utf8(name).ok()?.to_owned();
            let raw = serde_json::from_slice(cursor.raw()?).ok()?;
            fixture.rest.push((name, raw));
            Some(())
        }
    })?;
    (seen.has(0) && seen.has(3) && cursor.at == line.len()).then_some(fixture)
}

fn request(cursor: &mut Cursor, delivery: &mut Delivery) -> Option<()> {
    let mut seen = Seen::default();
    let (mut leading, mut trailing) = (None, None);
    cursor.members(|cursor, name| {
        match name {
            b"method" => {
                seen.once(0)?;
                let span = cursor.plain()?;
                delivery.method = Method::from_bytes(cursor.line.get(span)?).ok()?;
            }
            b"path" => {
                seen.once(1)?;
                let span = cursor.plain()?;
                let path = cursor.line.slice(span);
                (path.starts_with(b"/") && !path.contains(&b'#')).then_some(())?;
                delivery.path = PathAndQuery::from_maybe_shared(path).ok()?;
            }
            b"headers" => {
                seen.once(2)?;
                headers(cursor, &mut delivery.headers)?;
            }
            b"body" => {
                seen.once(3)?;
                let span = cursor.value()?;
                delivery.body = cursor.line.slice(span);
            }
            b"text" => {
                seen.once(3)?;
                delivery.body = cursor.text()?.into();
            }
            b"leading" => leading = Some(cursor.text()?),
            b"trailing" => trailing = Some(cursor.text()?),
            _ => return None,
        }
        Some(())
    })?;
    seen.has(3).then_some(())?;
    if leading.is_some() || trailing.is_some() {
        let (leading, trailing) = (leading.unwrap_or_default(), trailing.unwrap_or_default());
        let whole = [leading.as_bytes(), &delivery.body, trailing.as_bytes()].concat();
        delivery.body = whole.into();
    }
    Some(())
}

fn headers(cursor: &mut Cursor, into: &mut Headers) -> Option<()> {
    cursor.take(b'[')?;
    if cursor.takes(b']') {
        return Some(());
    }
    let mut left = MOST_FIELDS;
    loop {
        cursor.take(b'[')?;
        let name = cursor.plain()?;
        let name = HeaderName::from_bytes(cursor.line.get(name)?).ok()?;
        cursor.take(b',')?;
        let (value, escaped) = cursor.string()?;
        let value = if escaped {
            HeaderValue::from_bytes(unescape(cursor.line.get(value)?)?.as_bytes()).ok()?
        } else {
            HeaderValue::from_maybe_shared(cursor.line.slice(value)).ok()?
        };
        into.push(name, value);
        left = left.checked_sub(1)?;
        cursor.take(b']')?;
        if cursor.takes(b']') {
            return Some(());
        }
        cursor.take(b',')?;
    }
}

fn reply(cursor: &mut Cursor) -> Option<Reply> {
    let (mut status, mut micros, mut body) = (None, 0, None);
    cursor.members(|cursor, name| {
        let number = |raw: &[u8]| std::str::from_utf8(raw).ok()?.parse::<u64>().ok();
        match name {
            b"status" => status = Some(number(cursor.raw()?)?),
            b"micros" => micros = number(cursor.raw()?)?,
            b"body" => {
                let span = cursor.value()?;
                body = Some(cursor.line.slice(span));
            }
            b"text" => body = Some(cursor.text()?.into()),
            _ => return None,
        }
        Some(())
    })?;
    Some(Reply {
        status: status?.try_into().ok()?,
        micros,
        body,
    })
}

/// What stands between quotes and has escapes.
fn unescape(inside: &[u8]) -> Option<String> {
    let quoted = [b"\"", inside, b"\""].concat();
    serde_json::from_slice(&quoted).ok()
}

/// Members that were there; a second one of the same name is unusual.
#[derive(Default)]
struct Seen(u8);

impl Seen {
    fn has(&self, bit: u8) -> bool {
        self.0 & (1 << bit) != 0
    }

    fn once(&mut self, bit: u8) -> Option<()> {
        let first = !self.has(bit);
        self.0 |= 1 << bit;
        first.then_some(())
    }
}

/// A place in a line that has no white space between its tokens, as we write it.
struct Cursor<'a> {
    line: &'a Bytes,
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_it = self.peek() == Some(byte);
        self.at += usize::from(is_it);
        is_it
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.takes(byte).then_some(())
    }

    /// Hands each member of an object to the closure, which must read its value.
    fn members(&mut self, mut each: impl FnMut(&mut Self, &[u8]) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        let line = self.line;
        loop {
            let name = self.plain()?;
            self.take(b':')?;
            each(self, line.get(name)?)?;
            if self.takes(b'}') {
                return Some(());
            }
            self.take(b',')?;
        }
    }

    /// Where the inside of a string stands, and whether it has escapes.
    fn string(&mut self) -> Option<(Range<usize>, bool)> {
        self.take(b'"')?;
        let start = self.at;
        let (length, escaped) = json::inside(self.line.get(start..)?)?;
        self.at += length + 1;
        Some((start..start + length, escaped))
    }

    /// A string without escapes.
    fn plain(&mut self) -> Option<Range<usize>> {
        self.string()
            .filter(|(_, escaped)| !escaped)
            .map(|(span, _)| span)
    }

    fn text(&mut self) -> Option<String> {
        let (span, escaped) = self.string()?;
        let inside = self.line.get(span)?;
        if escaped {
            unescape(inside)
        } else {
            Some(std::str::from_utf8(inside).ok()?.to_owned())
        }
    }

    /// Goes behind a value, of any depth, and gives where it stands.
    fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                // Inside, what is between two strings and brackets says nothing about where the value ends.
                _ if depth > 0 => {
                    let rest = self.line.get(self.at..)?;
                    self.at += rest
                        .iter()
                        .position(|b| matches!(b, b'"' | b'{' | b'}' | b'[' | b']'))?;
                    continue;
                }
                _ => {
                    let rest = self.line.get(self.at..)?;
                    self.at += rest.iter().position(|b| matches!(b, b',' | b'}' | b']'))?;
                }
            }
            if depth == 0 {
                return (self.at > start).then_some(start..self.at);
            }
        }
    }

    fn raw(&mut self) -> Option<&[u8]> {
        let span = self.value()?;
        self.line.get(span)
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::webhook::{Delivery, Fixture, Reply};
    use bytes::Bytes;
    use http::{HeaderName, HeaderValue, Method};
    use proptest::prelude::*;

    fn fixture(body: Vec<u8>, value: &str) -> Fixture {
        let name = HeaderName::from_static("x-a");
        let value = HeaderValue::from_str(value).unwrap();
        let mut fixture = Fixture::new(Delivery {
            method: Method::PUT,
            path: "/a?b=%22".parse().unwrap(),
            headers: [(name.clone(), value), (name, HeaderValue::from_static("2"))]
                .into_iter()
                .collect(),
            body: body.into(),
        });
        fixture.id = Some("01\"JD".into());
        fixture.at = Some("2026-11-23T19:20:01.123456Z".parse().unwrap());
        fixture.reply = Some(Reply {
            status: 200,
            micros: 7,
            body: Some(Bytes::from_static(b"{\"ok\":[1]}")),
        });
        fixture
    }

    /// As the careful reader reads it; the two must never differ.
    fn agrees(fixture: &Fixture) -> bool {
        let line = fixture.to_line();
        let careful = Fixture::read_line(line.trim_end().as_bytes()).unwrap();
        let Some(quick) = read(&Bytes::from(line.trim_end().to_owned())) else {
            return false;
        };
        assert_eq!(quick.delivery, careful.delivery, "{line}");
        assert_eq!(
            (quick.id, quick.at, quick.reply),
            (careful.id, careful.at, careful.reply)
        );
        assert_eq!(quick.rest.len(), careful.rest.len());
        true
    }

    #[test]
    fn our_own_lines_are_read_quickly_and_right() {
        for body in [
            &b"{\"a\":[1,{\"b\":\"]}\\\"\"}],\"c\":null}"[..],
            b"[]\r\n",
            b" 12",
            b"\"text\"",
            b"not json",
            b"",
            b"{\n}",
            b"true",
        ] {
            assert!(agrees(&fixture(body.to_vec(), "plain")), "{body:?}");
            assert!(agrees(&fixture(body.to_vec(), "quo\"ted\\")), "{body:?}");
        }
        assert!(agrees(&Fixture::new(fixture(b"{}".to_vec(), "x").delivery)));
    }

    #[test]
    fn what_is_unusual_is_left_to_the_careful_reader() {
        for line in [
            "",
            "{}",
            "{\"fixture\":2,\"request\":{\"text\":\"\"}}",
            "{\"fixture\":1,\"fixture\":1,\"request\":{\"text\":\"\"}}",
            "{\"fixture\":1,\"request\":{\"text\":\"\",\"body\":1}}",
            "{\"fixture\":1,\"request\":{\"base64\":\"\"}}",
            "{\"fixture\":1,\"request\":{}}",
            "{\"fixture\":1,\"request\":{\"text\":\"\",\"path\":\"x\"}}",
            "{\"fixture\":1,\"request\":{\"text\":\"\",\"headers\":[[\"a\",{\"base64\":\"\"}]]}}",
            "{\"fixture\":1, \"request\":{\"text\":\"\"}}",
            "{\"fixture\":1,\"request\":{\"text\":\"\"}} ",
            "{\"fixture\":1,\"request\":{\"text\":\"\"}",
            "{\"fixture\":1,\"request\":{\"body\":[}}",
        ] {
            assert!(read(&Bytes::from(line)).is_none(), "{line}");
        }
        let deep = format!(
            "{{\"fixture\":1,\"request\":{{\"body\":{}}}}}",
            "[".repeat(200_000)
        );
        assert!(read(&Bytes::from(deep)).is_none());
    }

    proptest! {
        #[test]
        fn the_two_readers_agree(body: Vec<u8>, value in "[ -~]{0,20}") {
            let _ = agrees(&fixture(body, value.trim()));
        }

        #[test]
        fn they_agree_on_json(text in "[a-z\"\\\\{}\\[\\]:, é]{0,40}", number: i32) {
            let body = serde_json::json!({"t": text, "n": [number, {"deep": [null, true, text]}]});
            prop_assert!(agrees(&fixture(body.to_string().into_bytes(), "v")));
        }

        #[test]
        fn any_line_is_read_without_a_crash(line: Vec<u8>, text in "\\{\"fixture\":1,\"request\":\\{.{0,60}") {
            let _ = read(&Bytes::from(line));
            let _ = read(&Bytes::from(text));
        }
    }
}
