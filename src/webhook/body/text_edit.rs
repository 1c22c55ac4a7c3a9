//! Edits of a text that change single ranges of it, through encodings: JSON in a JSON string or in a form field is
//! changed where it stands, and no other byte of the encoded text.

use std::ops::Range;

/// Byte range to replace, and the new text.
pub(crate) type TextEdit = (Range<usize>, String);

/// Returns the text with these edits made. The ranges must not overlap.
pub(crate) fn edited(text: &str, mut edits: Vec<TextEdit>) -> String {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, new) in edits {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(&new);
        at = range.end;
    }
    out + text.get(at..).unwrap_or_default()
}

/// Text in an encoding, decoded, with the place of each of its bytes in the encoded text.
#[derive(Debug)]
pub(crate) struct DecodedText {
    pub(crate) text: String,
    /// Offset of each byte in the encoded text, and of the end.
    offsets: Vec<usize>,
}

impl DecodedText {
    /// Decodes a JSON string with its quotes; none if it has a lone surrogate.
    pub(crate) fn of_json(raw: &str) -> Option<DecodedText> {
        let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
        let mut decoded = Builder::default();
        let mut at = 0;
        while let Some(first) = inner.get(at..)?.chars().next() {
            let length = match first {
                '\\' => escape_length(inner.get(at..)?)?,
                plain => plain.len_utf8(),
            };
            let part = inner.get(at..at + length)?;
            match first {
                '\\' => {
                    let text: String = serde_json::from_str(&format!("\"{part}\"")).ok()?;
                    decoded.push(at + 1, text.as_bytes());
                }
                _ => decoded.push(at + 1, part.as_bytes()),
            }
            at += length;
        }
        decoded.finish(at + 1)
    }

    /// Decodes a URL-encoded field; none if it is not UTF-8.
    pub(crate) fn of_form(raw: &str) -> Option<DecodedText> {
        let bytes = raw.as_bytes();
        let mut decoded = Builder::default();
        let mut at = 0;
        while let Some(&first) = bytes.get(at) {
            let mut byte = [first];
            let code = bytes.get(at + 1..at + 3).filter(|_| first == b'%');
            let is_code = code.is_some_and(|code| hex::decode_to_slice(code, &mut byte).is_ok());
            if !is_code {
                byte = [if first == b'+' { b' ' } else { first }];
            }
            decoded.push(at, &byte);
            at += if is_code { 3 } else { 1 };
        }
        decoded.finish(at)
    }

    /// Turns an edit of the decoded text into one of the encoded text.
    pub(crate) fn outer(
        &self,
        (range, new): TextEdit,
        encode: &dyn Fn(&str) -> String,
    ) -> TextEdit {
        let at = |offset: usize| self.offsets.get(offset).copied().unwrap_or_default();
        (at(range.start)..at(range.end), encode(&new))
    }
}

/// Length of the escape that a text begins with; both halves of a surrogate pair are one.
fn escape_length(text: &str) -> Option<usize> {
    if text.as_bytes().get(1) != Some(&b'u') {
        return Some(2);
    }
    let unit = u16::from_str_radix(text.get(2..6)?, 16).ok()?;
    Some(if (0xD800..0xDC00).contains(&unit) {
        12
    } else {
        6
    })
}

#[derive(Default)]
struct Builder {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl Builder {
    fn push(&mut self, at: usize, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.offsets.extend(bytes.iter().map(|_| at));
    }

    fn finish(mut self, end: usize) -> Option<DecodedText> {
        self.offsets.push(end);
        Some(DecodedText {
            text: String::from_utf8(self.bytes).ok()?,
            offsets: self.offsets,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{DecodedText, edited};
    use proptest::prelude::*;

    /// The encoded text with `b` replaced by `B!`.
    fn with_capital(decoded: &DecodedText, raw: &str) -> String {
        let edits = decoded.text.match_indices('b');
        let edits = edits.map(|(at, _)| {
            let encode = |text: &str| text.replace('!', "(!)");
            decoded.outer((at..at + 1, "B!".into()), &encode)
        });
        edited(raw, edits.collect())
    }

    #[test]
    fn an_edit_reaches_its_place_through_the_encoding() {
        for (raw, text, changed) in [
            (r#""abc""#, "abc", r#""aB(!)c""#),
            (
                r#""\u00e9\/\"b\ud83d\ude00b\n""#,
                "\u{e9}/\"b\u{1f600}b\n",
                r#""\u00e9\/\"B(!)\ud83d\ude00B(!)\n""#,
            ),
            (r#""b""#, "b", r#""B(!)""#),
            (r#""é\u0062é""#, "ébé", r#""éB(!)é""#),
        ] {
            let decoded = DecodedText::of_json(raw).unwrap();
            assert_eq!(decoded.text, text);
            assert_eq!(with_capital(&decoded, raw), changed);
        }
        let raw = "a+%62%2b%zz%C3%A9b";
        let decoded = DecodedText::of_form(raw).unwrap();
        assert_eq!(decoded.text, "a b+%zz\u{e9}b");
        assert_eq!(with_capital(&decoded, raw), "a+B(!)%2b%zz%C3%A9B(!)");
        assert!(DecodedText::of_form("%ff").is_none());
        assert!(DecodedText::of_json("\"\\ud83d\"").is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_decoded_as_others_decode_it(text in ".*", escaped: bool) {
            let mut raw = serde_json::to_string(&text).unwrap();
            if escaped {
                let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
                raw = format!("\"{}\"", units.collect::<String>());
            }
            let decoded = DecodedText::of_json(&raw).unwrap();
            prop_assert_eq!(&decoded.text, &text);
            let all = decoded.outer((0..text.len(), String::new()), &|it| it.to_owned()).0;
            prop_assert_eq!(all, 1..raw.len() - 1);
            let raw: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            prop_assert_eq!(DecodedText::of_form(&raw).unwrap().text, text);
        }

        #[test]
        fn any_text_is_decoded_without_a_crash(text in ".*") {
            let _ = DecodedText::of_json(&text);
            let _ = DecodedText::of_json(&format!("\"{text}\""));
            let _ = DecodedText::of_form(&text);
        }
    }
}
