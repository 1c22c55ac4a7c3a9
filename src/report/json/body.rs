//! Member of a body in JSON output, whole or in pieces.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::report::json::escape::{quote, quoted};
use crate::webhook::is_shallow;

/// Member of a request body: `body` if it is JSON on one line, or else `text`, or else `base64`.
pub(super) enum BodyMember<'a> {
    Json(&'a str),
    Text(&'a str),
    Binary(&'a [u8]),
}

/// Size of a piece, in bytes; a multiple of three, so that base64 can be split there.
const PIECE: usize = 48 << 10;

impl<'a> BodyMember<'a> {
    /// Finds the form of a body.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::Binary(bytes);
        };
        let value = text.trim_matches([' ', '\t', '\r', '\n']);
        let is_line = memchr::memchr2(b'\n', b'\r', value.as_bytes()).is_none();
        if is_line && is_shallow(value) {
            Self::Json(value)
        } else {
            Self::Text(text)
        }
    }

    /// Appends the member.
    pub(super) fn append(&self, line: &mut String) {
        match self {
            Self::Json(value) => {
                *line += "\"body\":";
                line.push_str(value);
            }
            Self::Text(text) => {
                *line += "\"text\":";
                quote(line, text);
            }
            Self::Binary(bytes) => {
                *line += "\"base64\":\"";
                STANDARD.encode_string(bytes, line);
                *line += "\"";
            }
        }
    }

    /// Writes the member in pieces.
    pub(super) fn write(&self, put: &mut dyn FnMut(&str)) {
        match self {
            Self::Json(value) => {
                put("\"body\":");
                pieces(value).for_each(put);
            }
            Self::Text(text) => {
                put("\"text\":\"");
                for piece in pieces(text) {
                    let piece = quoted(piece);
                    put(piece.get(1..piece.len() - 1).unwrap_or_default());
                }
                put("\"");
            }
            Self::Binary(bytes) => {
                put("\"base64\":\"");
                for piece in bytes.chunks(PIECE) {
                    put(&STANDARD.encode(piece));
                }
                put("\"");
            }
        }
    }
}

/// Splits a text into pieces of complete characters.
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        // A character has four bytes at most.
        let mut ends = (0..4).map(|less| PIECE.min(text.len()).saturating_sub(less));
        let end = ends.find(|end| text.is_char_boundary(*end));
        let (piece, rest) = text.split_at(end.unwrap_or(text.len()));
        text = rest;
        (!piece.is_empty()).then_some(piece)
    })
}
