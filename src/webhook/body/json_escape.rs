//! Escapes in JSON strings.

use crate::webhook::block_for;

/// Decodes the inside of a JSON string; none if it is none.
pub(crate) fn unescape(inside: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(block_for(inside.len()));
    let mut rest = inside;
    while let Some(at) = next_escape(rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        let (character, length) = escaped_character(escape)?;
        match u8::try_from(character) {
            Ok(byte) if byte.is_ascii() => out.push(byte),
            _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = escape.get(length..)?;
    }
    out.extend_from_slice(rest);
    // Controls are written as escapes.
    let is_control = |byte: &u8| *byte < b' ';
    (!inside.iter().any(is_control)).then_some(())?;
    String::from_utf8(out).ok()
}

/// Offset of the next escape. Escapes often follow one another, as at the end of a line.
#[inline]
fn next_escape(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'\\' => Some(0),
        _ => memchr::memchr(b'\\', text),
    }
}

/// Character that a text beginning with an escape stands for, and the length of the escape in bytes; none if it is no
/// escape. Both halves of a surrogate pair are one.
#[inline]
pub(crate) fn escaped_character(text: &[u8]) -> Option<(char, usize)> {
    let character = match text.strip_prefix(b"\\")?.first()? {
        b'u' => return unicode(text),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
        _ => return None,
    };
    Some((character, 2))
}

/// Character that `\uXXXX`, or a pair of them, stands for, and the length of that.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |unit, digit| {
            Some(unit << 4 | char::from(*digit).to_digit(16)?)
        })
    };
    let first = unit(0)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, 6));
    }
    let second = unit(6).filter(|second| (0xDC00..0xE000).contains(second))?;
    let high = first.checked_sub(0xD800).filter(|high| *high < 0x400)?;
    let character = char::from_u32(0x1_0000 + (high << 10) + (second - 0xDC00))?;
    Some((character, 12))
}

#[cfg(test)]
mod tests {
    use super::unescape;
    use proptest::prelude::*;

    fn with_serde(inside: &[u8]) -> Option<String> {
        serde_json::from_slice(&[b"\"", inside, b"\""].concat()).ok()
    }

    #[test]
    fn it_decodes_and_refuses_as_serde_does() {
        for inside in [
            r"",
            r"plain",
            r#"\"\\\/\b\f\n\r\t"#,
            r"\u00e9\u20AC\uD83D\ude00",
            r"\ud83d",
            r"\ude00\ud83d",
            r"\ud83d\u0041",
            r"\ud83dx",
            r"\u00g0",
            r"\u+123",
            r"\u12",
            r"\x41",
            r"\",
            "\u{7f}\u{e9}\\n",
            "\n",
            "\0\\n",
        ] {
            let inside = inside.as_bytes();
            assert_eq!(unescape(inside), with_serde(inside), "{inside:?}");
        }
        assert_eq!(unescape(b"\xff\\n"), None, "no UTF-8");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text: String) {
            let quoted = serde_json::to_string(&text).unwrap();
            let inside = &quoted.as_bytes()[1..quoted.len() - 1];
            prop_assert_eq!(unescape(inside), Some(text));
        }

        #[test]
        fn anything_is_read_as_serde_reads_it(inside in r#"(\\[u"\\/bfnrtx0]|[0-9a-fA-F]{1,5}|\\u[dD][89a-fA-F][0-9a-f]{2}|[ -!#-\[\]-~é])*"#) {
            prop_assert_eq!(unescape(inside.as_bytes()), with_serde(inside.as_bytes()));
        }
    }
}
