//! Encoded words in header values (RFC 2047): `=?utf-8?q?Gr=C3=BC=C3=9Fe?=`. One pass, however long the value is.

use std::borrow::Cow;

use crate::webhook::mail::transfer_encoding::{base64_decoded, charset_decoded, quoted_printable};

/// Header value with its encoded words decoded; white space between two of them is dropped. What is no valid encoded
/// word stays.
pub fn decoded(value: &str) -> Cow<'_, str> {
    if !value.contains("=?") {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    // Bytes of words in one charset are put together first: a character may be split between two words.
    let mut pending = Pending::default();
    let mut rest = value;
    while let Some(start) = rest.find("=?") {
        let (before, from) = rest.split_at(start);
        match EncodedWord::at(from) {
            Some(word) => {
                let is_gap = before.chars().all(char::is_whitespace);
                if !(is_gap && pending.is_open) {
                    pending.flush(&mut out);
                    out.push_str(before);
                }
                pending.add(&word, &mut out);
                rest = from.get(word.length..).unwrap_or_default();
            }
            None => {
                pending.flush(&mut out);
                out.push_str(before);
                out.push_str("=?");
                rest = from.get(2..).unwrap_or_default();
            }
        }
    }
    pending.flush(&mut out);
    out.push_str(rest);
    Cow::Owned(out)
}

#[derive(Default)]
struct Pending {
    is_open: bool,
    charset: String,
    bytes: Vec<u8>,
}

impl Pending {
    fn add(&mut self, word: &EncodedWord, out: &mut String) {
        if self.is_open && !self.charset.eq_ignore_ascii_case(word.charset) {
            self.flush(out);
        }
        self.is_open = true;
        word.charset.clone_into(&mut self.charset);
        self.bytes.extend_from_slice(&word.bytes);
    }

    fn flush(&mut self, out: &mut String) {
        if self.is_open {
            out.push_str(&charset_decoded(&self.bytes, Some(&self.charset)));
        }
        self.is_open = false;
        self.bytes.clear();
    }
}

/// Encoded word at the beginning of a text.
struct EncodedWord<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    length: usize,
}

/// Longest encoded word that is decoded; the standard allows 75 characters.
const LONGEST: usize = 2048;

impl<'a> EncodedWord<'a> {
    fn at(text: &'a str) -> Option<EncodedWord<'a>> {
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let inside = text.get(2..end)?;
        let (charset, rest) = inside.split_once('?')?;
        let (encoding, rest) = rest.split_once('?')?;
        let (content, rest) = rest.split_once('?')?;
        rest.strip_prefix('=')?;
        if charset.is_empty() || !charset.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let bytes = match encoding {
            "B" | "b" => base64_decoded(content.as_bytes()),
            "Q" | "q" => quoted_printable(content.replace('_', " ").as_bytes()),
            _ => return None,
        };
        Some(EncodedWord {
            // A language may follow (RFC 2231).
            charset: charset.split('*').next().unwrap_or(charset),
            bytes,
            length: 2 + charset.len() + 1 + encoding.len() + 1 + content.len() + 2,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn encoded_words_are_decoded_and_joined() {
        for (value, wanted) in [
            ("plain", "plain"),
            (
                "=?utf-8?q?Gr=C3=BC=C3=9Fe_und_eine?= =?utf-8?q?_Frage_=F0=9F=8C=8D?=",
                "Gr\u{fc}\u{df}e und eine Frage \u{1f30d}",
            ),
            (
                "=?windows-1252?Q?5_=80_f=FCr?= dich",
                "5 \u{20ac} f\u{fc}r dich",
            ),
            (
                "=?ISO-2022-JP?B?GyRCOzNFREJATzobKEI=?= <t@e.org>",
                "\u{5c71}\u{7530}\u{592a}\u{90ce} <t@e.org>",
            ),
            // A character in two halves.
            ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "\u{e9}"),
            ("a =?utf-8*en?q?b?= c", "a b c"),
            ("=?x?y", "=?x?y"),
            ("=? =?utf-8?z?b?= =?=", "=? =?utf-8?z?b?= =?="),
        ] {
            assert_eq!(decoded(value), wanted, "{value}");
        }
    }

    #[test]
    fn a_long_value_costs_no_more_than_its_length() {
        let value = "=?utf-8?q?".repeat(100_000);
        assert_eq!(decoded(&value).len(), value.len());
    }
}
