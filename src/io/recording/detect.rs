//! What a file is: a recording, a fixture, a HAR file, a raw HTTP request or a plain JSON payload. Every command that reads
//! files asks here, so that what one of them reads, all do.

use std::io;
use std::path::Path;

use crate::io::recording::lines::{Line, Lines};
use crate::webhook::{Delivery, Fault, Fixture, find};

/// A line of a recording that is longer than this is passed over and said; a file of one delivery is not read.
pub(crate) const LONGEST: usize = 256 << 20;

/// Whether a file is a recording by its name: a delivery a line.
pub(crate) fn is_recording(path: &Path) -> bool {
    ends(path, &[".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz"])
}

/// Whether a file is a HAR file by its name.
pub(crate) fn is_har(path: &Path) -> bool {
    ends(path, &[".har", ".har.gz"])
}

/// Whether a file in a folder is a delivery of its own by its name: a fixture, or a raw HTTP request.
pub(crate) fn is_one(path: &Path) -> bool {
    ends(path, &[".json", ".http"])
}

/// Whether a file in a folder is read.
pub(crate) fn is_read(path: &Path) -> bool {
    is_recording(path) || is_har(path) || is_one(path) || ends(path, &[".json.gz", ".http.gz"])
}

/// Whether a file's name ends with one of these.
pub(crate) fn ends(path: &Path, with: &[&str]) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    with.iter().any(|end| name.ends_with(end.as_bytes()))
}

/// What is in a file whose name does not say it.
pub(crate) enum Content {
    /// One document, or nothing of the kind.
    Document(Vec<u8>),
    /// A delivery a line.
    Recording(Lines),
}

/// It is a recording if its first line is whole JSON and more follows, or begins as our recordings do. `known` says that
/// it was one before.
pub(crate) fn content(lines: &mut Lines, known: bool) -> io::Result<Content> {
    let mut text = Vec::new();
    let first = loop {
        match lines.next()? {
            Line::Whole(line) if line.trim_ascii().is_empty() => {
                text.extend_from_slice(&line);
                text.push(b'\n');
            }
            Line::Whole(line) => break line,
            Line::TooLong => return Err(io::Error::other("its first line is too long")),
            // One line without an end, or nothing at all: a document, be it good or bad.
            Line::Torn(line) => {
                text.extend_from_slice(&line);
                return Ok(Content::Document(text));
            }
            Line::End => return Ok(Content::Document(text)),
        }
    };
    // Nothing more is read to find out about our own: somebody may be writing it at this moment.
    let ours = first.starts_with(b"{\"fixture\":1,") && Fixture::read_line(&first).is_ok();
    let whole = ours || serde_json::from_slice::<serde::de::IgnoredAny>(&first).is_ok();
    if ours || known || (whole && lines.has_more()?) {
        return Ok(Content::Recording(lines.with_again(first)));
    }
    text.extend_from_slice(&first);
    text.push(b'\n');
    match lines.rest()? {
        Some(rest) => {
            text.extend_from_slice(&rest);
            Ok(Content::Document(text))
        }
        None => Err(io::Error::other(format!(
            "it is larger than {} MiB",
            LONGEST >> 20
        ))),
    }
}

/// What a document is.
pub(crate) enum Document {
    /// A HAR file.
    Har,
    /// A raw HTTP request.
    Http(Delivery),
    /// A fixture, or JSON that is a payload; or neither.
    Json(Result<Fixture, Fault>),
}

/// Looks into a document.
pub(crate) fn document(text: &[u8]) -> Document {
    // The first byte tells JSON from HTTP; searching a large body for the end of a head takes its time.
    let is_json = matches!(text.trim_ascii_start(), [b'{' | b'[' | b'"', ..]);
    if is_json && find(text, "/log/entries").is_some() {
        return Document::Har;
    }
    if !is_json && let Some(delivery) = Delivery::from_http(text.trim_ascii_start()) {
        return Document::Http(delivery);
    }
    Document::Json(Fixture::read(text).map_err(|fault| Fault {
        reason: match is_json {
            true => fault.reason,
            false => format!("neither a raw HTTP request nor JSON: {}", fault.reason),
        },
        ..fault
    }))
}

/// Whether a file is one document and whole.
pub(crate) fn is_whole(text: &[u8]) -> bool {
    match document(text) {
        Document::Har | Document::Http(_) => true,
        Document::Json(_) => serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok(),
    }
}

/// A body that a user gives as a file.
#[derive(Debug)]
pub enum Body {
    /// The bytes as they are.
    Plain,
    /// The body of a delivery that the file holds, and what the file is.
    Inside(Vec<u8>, &'static str),
    /// The file holds several deliveries, or may.
    Several(&'static str),
}

/// Whether bytes that are given as a body are a delivery that has one.
pub fn body(text: &[u8]) -> Body {
    match document(text) {
        Document::Har => Body::Several("a HAR file"),
        Document::Http(delivery) => Body::Inside(delivery.body.into(), "a raw HTTP request"),
        Document::Json(Ok(fixture)) if find(text, "/fixture").is_some() => {
            Body::Inside(fixture.delivery.body.into(), "a fixture")
        }
        Document::Json(Ok(_)) => Body::Plain,
        Document::Json(Err(_)) => {
            let mut lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
            let first = lines.next().unwrap_or_default();
            match (Fixture::read_line(first), lines.next()) {
                (Ok(_), Some(_)) => Body::Several("a recording"),
                _ => Body::Plain,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Document, body, document, is_whole};

    const HTTP: &[u8] = b"POST /a HTTP/1.1\r\nhost: x\r\n\r\na=1\r\n";

    #[test]
    fn a_document_is_known_by_what_is_in_it() {
        assert!(matches!(
            document(b"{\"log\":{\"entries\":[]}}"),
            Document::Har
        ));
        assert!(matches!(document(HTTP), Document::Http(it) if it.body == "a=1\r\n"));
        assert!(matches!(document(b"{\"a\":1}"), Document::Json(Ok(_))));
        match document(b"<xml/>") {
            Document::Json(Err(fault)) => assert!(fault.reason.starts_with("neither"), "{fault}"),
            _ => panic!(),
        }
        assert!(is_whole(HTTP) && is_whole(b"[]") && !is_whole(b"{\"a\":") && !is_whole(b"POST"));
    }

    #[test]
    fn a_body_is_taken_out_of_what_it_stands_in() {
        assert!(matches!(body(b"{\"a\":1}"), Body::Plain));
        assert!(matches!(body(b"a=1&b=2"), Body::Plain));
        assert!(matches!(body(HTTP), Body::Inside(it, _) if it == b"a=1\r\n"));
        let fixture = "{\"fixture\":1,\"request\":{\"body\":[1]}}";
        assert!(matches!(body(fixture.as_bytes()), Body::Inside(it, _) if it == b"[1]"));
        let two = format!("{fixture}\n{fixture}\n");
        assert!(matches!(body(two.as_bytes()), Body::Several("a recording")));
    }
}
