//! Cursor over JSON as bytes: it steps over tokens and whole values, and parses nothing.

use std::ops::Range;

/// Byte range in a text.
pub type Span = Range<usize>;

/// Deepest value that is checked here; a deeper one is left to the parser.
const DEEPEST: usize = 64;

/// Position in a JSON text. Steps return none where the text is not as expected, and the position is then undefined.
pub(crate) struct JsonCursor<'a> {
    json: &'a [u8],
    at: usize,
}

impl<'a> JsonCursor<'a> {
    /// Starts at the first byte.
    pub(crate) fn new(json: &'a [u8]) -> Self {
        Self { json, at: 0 }
    }

    /// Offset of the next byte.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Goes to an offset.
    pub(crate) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// True if nothing is left.
    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.json.len()
    }

    /// Next byte, which stays the next one.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    /// Steps over a byte if it is the next one, and returns true if it was.
    #[inline]
    pub(crate) fn takes(&mut self, byte: u8) -> bool {
        let is_it = self.peek() == Some(byte);
        self.at += usize::from(is_it);
        is_it
    }

    /// Steps over this byte.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> Option<()> {
        self.takes(byte).then_some(())
    }

    /// Steps over white space.
    #[inline]
    pub(crate) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Steps over a string, and returns the range of its inside, and true if it has escapes.
    pub(crate) fn string(&mut self) -> Option<(Span, bool)> {
        self.take(b'"')?;
        let start = self.at;
        let (length, escaped) = inside(self.json.get(start..)?)?;
        self.at += length + 1;
        Some((start..start + length, escaped))
    }

    /// Steps over a string without escapes, and returns the range of its inside.
    pub(crate) fn plain(&mut self) -> Option<Span> {
        let (span, escaped) = self.string()?;
        (!escaped).then_some(span)
    }

    /// Steps over a value in a text that is valid JSON, and returns its range. Counts brackets instead of recursing, so
    /// depth costs nothing.
    pub(crate) fn value(&mut self) -> Option<Span> {
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
                // Inside a value, only strings and brackets matter for finding its end.
                _ if depth > 0 => {
                    self.to(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'));
                    continue;
                }
                _ => self.to(|byte| b" \t\r\n,:]}".contains(&byte)),
            }
            if depth == 0 {
                return (self.at > start).then_some(start..self.at);
            }
        }
    }

    /// Steps to the next byte of this kind, or to the end.
    #[inline]
    fn to(&mut self, is_it: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(|byte| !is_it(byte)) {
            self.at += 1;
        }
    }

    /// Steps over a value, and returns its range if it is valid JSON. None says nothing about it: a parser decides, and
    /// names the fault.
    pub(crate) fn valid_value(&mut self) -> Option<Span> {
        let start = self.at;
        self.valid(DEEPEST)?;
        Some(start..self.at)
    }

    fn valid(&mut self, deepest: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.valid_string().map(|_| ()),
            b'{' => self.valid_values(b'}', deepest),
            b'[' => self.valid_values(b']', deepest),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn valid_values(&mut self, close: u8, deepest: usize) -> Option<()> {
        let deepest = deepest.checked_sub(1)?;
        self.at += 1;
        self.space();
        if self.takes(close) {
            return Some(());
        }
        loop {
            self.space();
            if close == b'}' {
                self.valid_string()?;
                self.space();
                self.take(b':')?;
                self.space();
            }
            self.valid(deepest)?;
            self.space();
            if self.takes(close) {
                return Some(());
            }
            self.take(b',')?;
        }
    }

    /// Steps over a string that is valid, and returns the range of its inside, and true if it has escapes.
    pub(crate) fn valid_string(&mut self) -> Option<(Span, bool)> {
        self.take(b'"')?;
        let (start, mut escaped) = (self.at, false);
        loop {
            self.at += length_until(self.json.get(self.at..)?, is_special, special_in);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some((start..self.at - 1, escaped));
                }
                b'\\' => {
                    escaped = true;
                    self.at += 1;
                    let after = match self.peek()? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 1,
                        b'u' => {
                            let digits = self.json.get(self.at + 1..self.at + 5)?;
                            digits.iter().all(u8::is_ascii_hexdigit).then_some(5)?
                        }
                        _ => return None,
                    };
                    self.at += after;
                }
                // A control character.
                _ => return None,
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let is_it = self.json.get(self.at..)?.starts_with(word);
        self.at += word.len();
        is_it.then_some(())
    }

    fn number(&mut self) -> Option<()> {
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        self.to(|byte| !byte.is_ascii_digit());
        (self.at > start).then_some(())
    }
}

/// Length of a string after its opening quote, and true if it has escapes.
pub(crate) fn inside(text: &[u8]) -> Option<(usize, bool)> {
    let is_end = |byte| matches!(byte, b'"' | b'\\');
    let ends_in = |word| has_byte(word, b'"') | has_byte(word, b'\\');
    // Most strings are short: eight bytes at a time are scanned before a search could be set up.
    let begin = text.get(..32).unwrap_or(text);
    let (mut at, mut escaped) = (length_until(begin, is_end, ends_in), false);
    loop {
        match text.get(at)? {
            b'"' => return Some((at, escaped)),
            b'\\' => (at, escaped) = (at + 2, true),
            _ => at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?,
        }
    }
}

/// True for a byte that may not stand in a string as it is.
#[inline]
fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..b' ')
}

#[inline]
fn special_in(word: u64) -> u64 {
    let below_space = word.wrapping_sub(ONES * u64::from(b' ')) & !word & (ONES << 7);
    below_space | has_byte(word, b'"') | has_byte(word, b'\\')
}

/// A word of eight bytes of 1.
const ONES: u64 = u64::MAX / 255;

/// The highest bit of each byte of the word that is this one; above the first of them, of others as well.
#[inline]
fn has_byte(word: u64, byte: u8) -> u64 {
    let word = word ^ (ONES * u64::from(byte));
    word.wrapping_sub(ONES) & !word & (ONES << 7)
}

/// Length of the text before the first byte of a kind. `are_in` has the highest bit of the first such byte of a word, and
/// no lower one.
#[inline]
fn length_until(text: &[u8], is_it: impl Fn(u8) -> bool, are_in: impl Fn(u64) -> u64) -> usize {
    let (words, rest) = text.as_chunks();
    for (nth, word) in words.iter().enumerate() {
        let found = are_in(u64::from_le_bytes(*word));
        if found != 0 {
            return nth * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let before = rest.iter().position(|byte| is_it(*byte));
    words.len() * 8 + before.unwrap_or(rest.len())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{JsonCursor, inside};
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    /// Range of the value if all of the text is one that is valid.
    fn checked(text: &str) -> Option<&str> {
        let mut cursor = JsonCursor::new(text.as_bytes());
        cursor.space();
        let value = cursor.valid_value()?;
        cursor.space();
        cursor.is_at_end().then(|| &text[value])
    }

    fn parsed(text: &str) -> Option<&str> {
        let value: &RawValue = serde_json::from_str(text).ok()?;
        Some(value.get())
    }

    #[test]
    fn what_no_parser_takes_is_not_valid() {
        for text in [
            "",
            " ",
            "{",
            "[",
            "[1,]",
            "{\"a\":1,}",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "[1 2]",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "nul",
            "nulll",
            "True",
            "\"",
            "\"\\\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\n\"",
            "\"\u{1f}\"",
            "1 1",
            "[1]]",
            "{\"a\" 1}",
            "[\"a\":1]",
            "'a'",
            "NaN",
            "\u{a0}1",
            "\"abcdefgh\u{7}ijklmnop\"",
        ] {
            assert_eq!((checked(text), parsed(text)), (None, None), "{text}");
        }
    }

    #[test]
    fn what_every_parser_takes_is_valid() {
        for text in [
            "0",
            "-0",
            "10.50e+3",
            "1E-9",
            "1e999",
            "\"\"",
            "\"é\u{7f}\"",
            "\"\\u00e9\\ud800\\/\"",
            "[]",
            "[ ]",
            "{ }",
            " { \"a\" : [ 1 , { } ] , \"a\" : null } ",
            "true",
            "false",
            "[[[[]]]]",
            "\"abcdefgh\\nijklmnop\"",
        ] {
            assert!(checked(text).is_some(), "{text}");
            assert_eq!(checked(text), parsed(text), "{text}");
        }
    }

    #[test]
    fn what_is_too_deep_is_left_to_the_parser() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(checked(&nested(super::DEEPEST)).is_some());
        assert_eq!(checked(&nested(super::DEEPEST + 1)), None);
    }

    proptest! {
        #[test]
        fn what_is_valid_here_is_valid_for_the_parser(
            text in "([\\[\\]{},: \n\t]|\"[a-zé]{0,9}\"|\"[ -~]{0,9}\"|-?[0-9]{1,3}|[.eE+-]|true|null|\\\\u[0-9a-f]{3,4}|\"|\u{1}){0,12}"
        ) {
            if let Some(value) = checked(&text) {
                prop_assert_eq!(Some(value), parsed(&text));
            }
        }

        #[test]
        fn what_the_parser_takes_is_valid_here(text in any_json()) {
            prop_assert_eq!(checked(&text), parsed(&text));
            let mut cursor = JsonCursor::new(text.as_bytes());
            cursor.space();
            prop_assert_eq!(cursor.value().map(|span| &text[span]), parsed(&text));
        }

        #[test]
        fn a_string_ends_at_its_first_bare_quote(text in "[a-z\"\\\\ ]{0,70}") {
            let mut slow = None;
            let (mut at, mut escaped) = (0, false);
            while let Some(byte) = text.as_bytes().get(at) {
                match byte {
                    b'"' => { slow = Some((at, escaped)); break; }
                    b'\\' => (at, escaped) = (at + 2, true),
                    _ => at += 1,
                }
            }
            prop_assert_eq!(inside(text.as_bytes()), slow);
        }

        #[test]
        fn no_text_crashes_it(text: Vec<u8>) {
            let mut cursor = JsonCursor::new(&text);
            let _ = cursor.valid_value();
            let _ = JsonCursor::new(&text).value();
        }
    }

    /// Valid JSON with white space, escapes and levels.
    pub(crate) fn any_json() -> impl Strategy<Value = String> {
        let scalar = "null|true|false|0|-1[.]5e3|-?[1-9][0-9]{0,20}|\"[a-z]{0,40}\"|\"[,:{}é]{0,9}\"|\"\\\\[\"\\\\/bfnrt]\"|\"a\\\\u00[0-9a-fA-F]{2}\"";
        scalar.prop_recursive(4, 40, 5, |inner| {
            let space = "[ \n\t\r]{0,2}";
            let name = "[a-z]{0,9}|[,:{}]|é|\\\\\"|\\\\u0061";
            let list = prop::collection::vec((space, inner.clone(), space), 0..4);
            let map = prop::collection::vec((space, name, space, space, inner), 0..4);
            prop_oneof![
                (list, space).prop_map(|(values, end)| {
                    let values = values.iter().map(|(a, value, b)| format!("{a}{value}{b}"));
                    format!("[{end}{}]", values.collect::<Vec<_>>().join(","))
                }),
                (map, space).prop_map(|(members, end)| {
                    let members = members
                        .iter()
                        .map(|(a, name, b, c, value)| format!("{a}\"{name}\"{b}:{c}{value}{b}"));
                    format!("{{{end}{}}}", members.collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }
}
