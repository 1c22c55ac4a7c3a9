//! Strings of JSON output.

use std::fmt::Write as _;

use serde::Serialize;

/// Escapes DEL and the C1 controls, which JSON allows in strings and a terminal interprets. They occur in strings only.
pub fn harmless(line: &str) -> std::borrow::Cow<'_, str> {
    let dangerous = |c: char| matches!(c, '\u{7f}'..='\u{9f}');
    // In UTF-8 each of them has one of these two bytes.
    if memchr::memchr2(0x7f, 0xc2, line.as_bytes()).is_none() {
        return line.into();
    }
    let mut out = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        if dangerous(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.into()
}

/// Text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 2);
    quote(&mut line, text);
    line
}

/// Appends a text as a JSON string.
pub(super) fn quote(line: &mut String, text: &str) {
    if text
        .bytes()
        .any(|byte| matches!(byte, b'"' | b'\\' | 0..b' '))
    {
        return append(line, text);
    }
    line.push('"');
    line.push_str(text);
    line.push('"');
}

/// Appends a value as JSON.
pub(super) fn append<T: Serialize + ?Sized>(line: &mut String, value: &T) {
    // Writing into memory does not fail.
    *line += &serde_json::to_string(value).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::{harmless, quoted};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_quoted_text_is_that_text(text in "[ -~é\u{0}-\u{20}\"]{0,20}") {
            prop_assert_eq!(quoted(&text), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn controls_that_json_allows_are_escaped() {
        assert_eq!(
            harmless("{\"a\":\"\u{9b}31m\u{7f}é\"}"),
            "{\"a\":\"\\u009b31m\\u007fé\"}"
        );
    }
}
