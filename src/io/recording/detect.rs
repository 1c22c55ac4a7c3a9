//! Detects the type of a file: recording, fixture, HAR file, raw HTTP request or plain JSON payload. All commands that
//! read files use this, so that each accepts the same files.

use std::fs::File;
use std::io;
use std::path::Path;

use bytes::Bytes;

use crate::io::gzip::is_gzip;
use crate::io::recording::lines::{Line, Lines};
use crate::webhook::{Delivery, Fault, Fixture, RecordedLine, find};

/// Longest line of a recording and largest file of one delivery, in bytes. A longer line is skipped with a notice; a
/// larger file is an error.
pub(crate) const LONGEST: usize = 256 << 20;

/// True if the file name is that of a recording, with one delivery per line.
pub(crate) fn is_recording(path: &Path) -> bool {
    ends(path, &[".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz"])
}

/// True if the file name is that of a HAR file.
pub(crate) fn is_har(path: &Path) -> bool {
    ends(path, &[".har", ".har.gz"])
}

/// True if the file name is that of a single delivery: a fixture or a raw HTTP request.
pub(crate) fn is_one(path: &Path) -> bool {
    ends(path, &[".json", ".http"])
}

/// True if a file in a folder is read.
pub(crate) fn is_read(path: &Path) -> bool {
    is_recording(path) || is_har(path) || is_one(path) || ends(path, &[".json.gz", ".http.gz"])
}

/// True if the file name ends with one of these suffixes.
pub(crate) fn ends(path: &Path, with: &[&str]) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    with.iter().any(|end| name.ends_with(end.as_bytes()))
}

/// Kind of a recording's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Delivery,
    /// Recorded response to a delivery.
    Answer,
    Blank,
    Torn,
    End,
}

impl Class {
    pub(crate) fn of(line: &Line) -> Class {
        match line {
            Line::End => Class::End,
            Line::TooLong => Class::Delivery,
            Line::Whole(line) => Class::of_line(line, true),
            Line::Torn(line) => Class::of_line(line, false),
        }
    }

    pub(crate) fn of_line(line: &Bytes, is_whole: bool) -> Class {
        let is_torn = |text| !is_whole && Fixture::of_edited(&line.slice_ref(text)).is_err();
        match Class::of_whole(line) {
            Class::Delivery if is_torn(line.trim_ascii()) => Class::Torn,
            class => class,
        }
    }

    /// Class of a line that is ended by a line break.
    pub(crate) fn of_whole(line: &[u8]) -> Class {
        let text = line.trim_ascii();
        if text.is_empty() {
            Class::Blank
        } else if RecordedLine::is_answer(text) {
            Class::Answer
        } else {
            Class::Delivery
        }
    }
}

/// True if a file is a recording by its name, and not gzipped.
pub(crate) fn is_plain_recording(path: &Path) -> io::Result<bool> {
    Ok(is_recording(path) && !is_gzip(&mut File::open(path)?)?)
}

/// Content of a file whose name does not tell its type.
pub(crate) enum DetectedContent {
    /// A single document, of any type or none.
    Document(Vec<u8>),
    /// A recording: one delivery per line.
    Recording(Lines),
}

/// Detects the content: a recording if its first line is complete JSON and more follows, or begins as our recordings
/// do. `known` says that it was detected as a recording before.
pub(crate) fn content(lines: &mut Lines, known: bool) -> io::Result<DetectedContent> {
    let mut text = Vec::new();
    let first = loop {
        match lines.next()? {
            Line::Whole(line) if line.trim_ascii().is_empty() => {
                text.extend_from_slice(&line);
                text.push(b'\n');
            }
            Line::Whole(line) => break line,
            Line::TooLong => return Err(io::Error::other("its first line is too long")),
            // A single line without a line break, or nothing: a document, valid or not.
            Line::Torn(line) => {
                text.extend_from_slice(&line);
                return Ok(DetectedContent::Document(text));
            }
            Line::End => return Ok(DetectedContent::Document(text)),
        }
    };
    // For our own recordings nothing more is read to detect them: a listener may be writing the file at this moment.
    // A recording that was deleted and begun anew may begin with an answer to an earlier delivery.
    let begins = first.starts_with(b"{\"fixture\":1,") || first.starts_with(b"{\"answer\":1,");
    let ours = begins && RecordedLine::read(&first, false).is_ok();
    let whole = ours || serde_json::from_slice::<serde::de::IgnoredAny>(&first).is_ok();
    if ours || known || (whole && lines.has_more()?) {
        return Ok(DetectedContent::Recording(lines.with_again(first)));
    }
    text.extend_from_slice(&first);
    text.push(b'\n');
    match lines.rest()? {
        Some(rest) => {
            text.extend_from_slice(&rest);
            Ok(DetectedContent::Document(text))
        }
        None => Err(io::Error::other(format!(
            "it is larger than {} MiB",
            LONGEST >> 20
        ))),
    }
}

/// Type of a document.
pub(crate) enum DetectedDocument {
    /// A HAR file.
    Har,
    /// A raw HTTP request.
    Http(Delivery),
    /// A fixture or a JSON payload, or the reason why it is neither.
    Json(Result<Fixture, Fault>),
}

/// Detects the type of a document and parses it.
pub(crate) fn document(text: &[u8]) -> DetectedDocument {
    // The first byte tells JSON from HTTP; searching a large body for the end of a head takes time.
    let is_json = matches!(text.trim_ascii_start(), [b'{' | b'[' | b'"', ..]);
    if is_json && find(text, "/log/entries").is_some() {
        return DetectedDocument::Har;
    }
    if !is_json && let Some(delivery) = Delivery::from_http(text.trim_ascii_start()) {
        return DetectedDocument::Http(delivery);
    }
    DetectedDocument::Json(Fixture::read(text).map_err(|fault| Fault {
        reason: match is_json {
            true => fault.reason,
            false => format!("neither a raw HTTP request nor JSON: {}", fault.reason),
        },
        ..fault
    }))
}

/// True if a file is a single complete document.
pub(crate) fn is_whole(text: &[u8]) -> bool {
    match document(text) {
        DetectedDocument::Har | DetectedDocument::Http(_) => true,
        DetectedDocument::Json(_) => serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok(),
    }
}

/// Content of a file given as a body (`--data`).
#[derive(Debug)]
pub enum Body {
    /// Plain body, sent as it is.
    Plain,
    /// Body of the delivery in the file, and the name of the file's type.
    Inside(Vec<u8>, &'static str),
    /// The file holds, or may hold, several deliveries; with the name of its type.
    Several(&'static str),
}

/// Detects a body file that is itself a delivery.
pub fn body(text: &[u8]) -> Body {
    match document(text) {
        DetectedDocument::Har => Body::Several("a HAR file"),
        DetectedDocument::Http(delivery) => {
            Body::Inside(delivery.body.into(), "a raw HTTP request")
        }
        DetectedDocument::Json(Ok(fixture)) if find(text, "/fixture").is_some() => {
            Body::Inside(fixture.delivery.body.into(), "a fixture")
        }
        DetectedDocument::Json(Ok(_)) => Body::Plain,
        DetectedDocument::Json(Err(_)) => {
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
    use super::{Body, DetectedDocument, body, document, is_whole};

    const HTTP: &[u8] = b"POST /a HTTP/1.1\r\nhost: x\r\n\r\na=1\r\n";

    #[test]
    fn a_document_is_known_by_what_is_in_it() {
        assert!(matches!(
            document(b"{\"log\":{\"entries\":[]}}"),
            DetectedDocument::Har
        ));
        assert!(matches!(document(HTTP), DetectedDocument::Http(it) if it.body == "a=1\r\n"));
        assert!(matches!(
            document(b"{\"a\":1}"),
            DetectedDocument::Json(Ok(_))
        ));
        match document(b"<xml/>") {
            DetectedDocument::Json(Err(fault)) => {
                assert!(fault.reason.starts_with("neither"), "{fault}")
            }
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
