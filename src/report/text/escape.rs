//! Escaping of untrusted text for a terminal.
//!
//! All text from the network or from files (bodies, headers, paths, names, errors of peers) is escaped here before a
//! terminal sees it. Nothing is dropped silently: characters that a terminal would interpret, reorder or hide are shown
//! as escapes, `\x1b` for a byte and `\u{202e}` for a character, so that an attack can be read.
//!
//! A backslash in the input stays a single backslash. Doubling it would make the escapes unambiguous, but JSON bodies,
//! Windows paths and regular expressions hard to read; this output is for people, and recordings hold the bytes.

use std::fmt;
use std::io::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Most bytes of untrusted text shown on one line.
pub const LONGEST_LINE: usize = 64 * 1024;

/// Most combining marks shown on one base character; more would cover other lines, and no language needs them.
const MARKS_ON_ONE_BASE: usize = 8;

/// Untrusted text, which can only be displayed: on one line, escaped, and cut if it is very long.
#[derive(Clone, Copy)]
pub struct Untrusted<'a>(&'a [u8]);

impl<'a> Untrusted<'a> {
    /// Wraps a string, a header value, or any other bytes.
    pub fn new<T: AsRef<[u8]> + ?Sized>(text: &'a T) -> Self {
        Self(text.as_ref())
    }
}

impl fmt::Display for Untrusted<'_> {
    /// Pads on the right to a width (`{:<20}`) in terminal columns.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, note) = cut(self.0, LONGEST_LINE);
        let mut shown = Vec::with_capacity(head.len());
        escape_into(&mut shown, head, Mode::Line);
        let shown = String::from_utf8_lossy(&shown);
        f.write_str(&shown)?;
        f.write_str(&note)?;
        let fill = f.width().map_or(0, |width| {
            width.saturating_sub(shown.width() + note.width())
        });
        write!(f, "{:fill$}", "")
    }
}

impl fmt::Debug for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Formats signed bytes with everything invisible escaped, spaces at both ends too.
pub fn shown_signed(bytes: &[u8]) -> String {
    let start = bytes.iter().take_while(|b| **b == b' ').count();
    let inner = bytes.get(start..).unwrap_or_default();
    let end = inner.iter().rev().take_while(|b| **b == b' ').count();
    let inner = inner.get(..inner.len() - end).unwrap_or_default();
    let spaces = |count: usize| "\\x20".repeat(count.min(MOST_SPACES));
    format!("{}{}{}", spaces(start), Untrusted::new(inner), spaces(end))
}

/// Most spaces shown at either end.
const MOST_SPACES: usize = 64;

/// Treatment of line breaks and tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Output on one line: `
    /// `, `\r` and `\t` are escaped.
    Line,
    /// Output on several lines: `
    /// ` and `\t` stay; a carriage return is escaped, because it overwrites a line.
    Block,
}

/// Appends text as UTF-8, with everything escaped that a terminal would not show as itself.
///
/// Escaped are controls (C0, DEL, C1), format characters, private use, surrogates, unassigned characters, line and
/// paragraph separators, invisible characters, and bytes that are not UTF-8. Of more than eight combining marks on one
/// base character the rest is counted and not shown; a mark without a base would combine with our own text and is
/// escaped.
pub fn escape_into(out: &mut Vec<u8>, bytes: &[u8], mode: Mode) {
    let mut marks = CombiningMarks::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (plain, tail) = rest.split_at(position(rest, not_plain));
        if !plain.is_empty() {
            marks.base(out);
            out.extend_from_slice(plain);
        }
        // ASCII bytes are never part of a longer character, so the bytes up to the next plain one decode on their own.
        let (odd, tail) = tail.split_at(tail.iter().take_while(|byte| !is_plain(**byte)).count());
        for chunk in odd.utf8_chunks() {
            for c in chunk.valid().chars() {
                escape_char(out, c, mode, &mut marks);
            }
            for byte in chunk.invalid() {
                marks.no_base(out);
                put(out, format_args!("\\x{byte:02x}"));
            }
        }
        rest = tail;
    }
    marks.no_base(out);
}

/// Splits a line that is too long to show into its beginning and a note with its length; the note is empty if the line
/// is short enough.
pub fn cut(line: &[u8], max_bytes: usize) -> (&[u8], String) {
    if line.len() <= max_bytes {
        return (line, String::new());
    }
    // Not within a character: half of it would be shown as invalid bytes that were never sent.
    let continues = |end: usize| {
        line.get(end)
            .is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000)
    };
    let boundary = (max_bytes.saturating_sub(3)..=max_bytes)
        .rev()
        .find(|end| !continues(*end));
    let (head, _) = line.split_at(boundary.unwrap_or(max_bytes));
    (
        head,
        format!(
            " … {} bytes, {} shown",
            grouped(line.len()),
            grouped(head.len())
        ),
    )
}

/// Formats a number with thousands separators: `1,048,576`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Position of the first wanted byte, or the length if there is none. Eight bytes are tested at once: `find` sets the
/// high bit of wanted bytes. Above the first of them it may be wrong, which does no harm.
pub(crate) fn position(bytes: &[u8], find: impl Fn(u64) -> u64) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let found = find(u64::from_le_bytes(*word));
        if found != 0 {
            return 8 * index + found.trailing_zeros() as usize / 8;
        }
    }
    let mut word = [0; 8];
    for (place, byte) in word.iter_mut().zip(rest) {
        *place = *byte;
    }
    bytes.len() - rest.len()
        + rest
            .len()
            .min(find(u64::from_le_bytes(word)).trailing_zeros() as usize / 8)
}

/// Sets the high bit of the bytes in a word that equal `byte`.
pub(crate) fn equal(word: u64, byte: u8) -> u64 {
    let differences = word ^ all(byte);
    differences.wrapping_sub(all(1)) & !differences & all(0x80)
}

/// Sets the high bit of the bytes in a word that are not printable ASCII: below a space borrows, above `~` carries.
pub(crate) fn not_plain(word: u64) -> u64 {
    let below = word.wrapping_sub(all(b' ')) & !word;
    let above = word.wrapping_add(all(1)) | word;
    (below | above) & all(0x80)
}

fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// True for printable ASCII.
pub(crate) fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte)
}

fn escape_char(out: &mut Vec<u8>, c: char, mode: Mode, marks: &mut CombiningMarks) {
    match (c, mode) {
        ('\n' | '\t', Mode::Block) => {
            marks.no_base(out);
            put_char(out, c);
        }
        ('\n' | '\r' | '\t', _) => {
            marks.no_base(out);
            put(out, format_args!("{}", c.escape_default()));
        }
        ('\0'..='\x7f', _) => {
            marks.no_base(out);
            put(out, format_args!("\\x{:02x}", u32::from(c)));
        }
        _ if is_everyday(c) => {
            marks.base(out);
            put_char(out, c);
        }
        _ if !is_shown(c) => {
            marks.no_base(out);
            put(out, format_args!("\\u{{{:x}}}", u32::from(c)));
        }
        _ if c.width() == Some(0) => marks.mark(out, c),
        _ => {
            marks.base(out);
            put_char(out, c);
        }
    }
}

/// True for common letters, which need no table lookup: Latin, Cyrillic, Japanese, Chinese, Korean.
fn is_everyday(c: char) -> bool {
    matches!(c,
        '\u{c0}'..='\u{2af}' | '\u{400}'..='\u{481}' | '\u{3041}'..='\u{3096}' | '\u{30a0}'..='\u{30ff}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// True if a terminal shows this non-ASCII character as itself.
fn is_shown(c: char) -> bool {
    !is_made_invisible(c) && (c.is_alphanumeric() || is_space(c) || is_printed_by_std(c))
}

/// True for characters that Unicode classes as letters or marks although they are invisible.
///
/// The variation selectors 15 and 16 are not among them: they are part of common emoji.
fn is_made_invisible(c: char) -> bool {
    matches!(c,
        '\u{34f}' // combining grapheme joiner
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
        | '\u{17b4}' | '\u{17b5}' // Khmer inherent vowels
        | '\u{180b}'..='\u{180f}' // Mongolian selectors and vowel separator
        | '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' // variation selectors
    )
}

/// True for spaces (Zs) beyond ASCII: common in French and Japanese, and harmless.
fn is_space(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// True if `escape_debug` does not escape the character. It knows all of Unicode, and escapes control, format,
/// surrogate, private use, unassigned and separator characters (C*, Z*). A test verifies this.
fn is_printed_by_std(c: char) -> bool {
    // A mark on its own is escaped, one after a base is not; so marks are tested a second time, after an `a`.
    c.escape_debug().len() == 1 || {
        let based: String = ['a', c].iter().collect();
        based.escape_debug().count() == 2
    }
}

/// Counter of combining marks on the current base character.
#[derive(Default)]
struct CombiningMarks {
    /// Marks so far; none if our own text precedes: the start, an escape, a line break.
    on_base: Option<usize>,
    hidden: usize,
}

impl CombiningMarks {
    fn base(&mut self, out: &mut Vec<u8>) {
        self.no_base(out);
        self.on_base = Some(0);
    }

    fn no_base(&mut self, out: &mut Vec<u8>) {
        if self.hidden > 0 {
            let plural = if self.hidden == 1 { "" } else { "s" };
            put(
                out,
                format_args!("…{} more mark{plural}", grouped(self.hidden)),
            );
        }
        *self = Self::default();
    }

    fn mark(&mut self, out: &mut Vec<u8>, mark: char) {
        match &mut self.on_base {
            None => put(out, format_args!("\\u{{{:x}}}", u32::from(mark))),
            Some(count) if *count < MARKS_ON_ONE_BASE => {
                *count += 1;
                put_char(out, mark);
            }
            Some(_) => self.hidden += 1,
        }
    }
}

fn put_char(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

fn put(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("writing to memory does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(bytes: impl AsRef<[u8]>, mode: Mode) -> String {
        let mut out = Vec::new();
        escape_into(&mut out, bytes.as_ref(), mode);
        String::from_utf8(out).expect("the escaper writes UTF-8")
    }

    fn line(bytes: impl AsRef<[u8]>) -> String {
        escaped(bytes, Mode::Line)
    }

    /// Checks that the output has only allowed characters, by other means than the code under test.
    fn check_harmless(text: &str, mode: Mode) {
        let mut marks = MARKS_ON_ONE_BASE;
        for c in text.chars() {
            let allowed_break = mode == Mode::Block && matches!(c, '\n' | '\t');
            assert!(allowed_break || !c.is_control(), "a control in {text:?}");
            let tables = [HIDDEN, FORMAT, NEVER_ASSIGNED].concat();
            assert!(
                !tables.iter().any(|range| range.contains(&u32::from(c))),
                "{c:?} in {text:?}"
            );
            marks = if c.width() == Some(0) { marks + 1 } else { 0 };
            assert!(
                marks <= MARKS_ON_ONE_BASE || allowed_break,
                "too many marks in {text:?}"
            );
            if allowed_break {
                marks = MARKS_ON_ONE_BASE;
            }
        }
    }

    type Range = std::ops::RangeInclusive<u32>;

    const HIDDEN: &[Range] = &[
        0x34f..=0x34f,
        0x115f..=0x1160,
        0x2028..=0x2029,
        0x3164..=0x3164,
        0xffa0..=0xffa0,
        0xe000..=0xf8ff,
        0xe0100..=0xe01ef,
        0xf0000..=0x10ffff,
    ];

    /// General category Cf, from the Unicode character database.
    const FORMAT: &[Range] = &[
        0xad..=0xad,
        0x600..=0x605,
        0x61c..=0x61c,
        0x6dd..=0x6dd,
        0x70f..=0x70f,
        0x890..=0x891,
        0x8e2..=0x8e2,
        0x180e..=0x180e,
        0x200b..=0x200f,
        0x202a..=0x202e,
        0x2060..=0x2064,
        0x2066..=0x206f,
        0xfeff..=0xfeff,
        0xfff9..=0xfffb,
        0x110bd..=0x110bd,
        0x110cd..=0x110cd,
        0x13430..=0x1343f,
        0x1bca0..=0x1bca3,
        0x1d173..=0x1d17a,
        0xe0001..=0xe0001,
        0xe0020..=0xe007f,
    ];

    const NEVER_ASSIGNED: &[Range] = &[
        0xfdd0..=0xfdef,
        0xfffe..=0xffff,
        0x1fffe..=0x1ffff,
        0x2fffe..=0x2ffff,
        0x3fffe..=0x3ffff,
        0x40000..=0xdffff,
        0xe1000..=0xeffff,
    ];

    #[test]
    fn what_a_terminal_obeys_or_hides_is_shown_as_an_escape() {
        for (sent, shown) in [
            ("\x1b[31mred", r"\x1b[31mred"),
            ("\0\x07\x08\x7f", r"\x00\x07\x08\x7f"),
            ("a\nb\tc\rd", r"a\nb\tc\rd"),
            ("\u{85}\u{9b}31m", r"\u{85}\u{9b}31m"),
            ("invoice\u{202e}fdp.exe", r"invoice\u{202e}fdp.exe"),
            ("\u{2028}\u{2029}\u{feff}", r"\u{2028}\u{2029}\u{feff}"),
            (
                "a\u{3164}\u{ffa0}\u{115f}\u{34f}",
                r"a\u{3164}\u{ffa0}\u{115f}\u{34f}",
            ),
            ("\u{e000}\u{378}\u{10ffff}", r"\u{e000}\u{378}\u{10ffff}"),
            (r"C:\temp \u001b", r"C:\temp \u001b"),
            (
                "smörgås 日本語 ✉️ 10\u{a0}€ नमस्ते",
                "smörgås 日本語 ✉️ 10\u{a0}€ नमस्ते",
            ),
        ] {
            assert_eq!(line(sent), shown);
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_shown_one_by_one() {
        assert_eq!(
            line(b"\x9b31m \xff \xe2\x82 \xed\xa0\x80"),
            r"\x9b31m \xff \xe2\x82 \xed\xa0\x80"
        );
    }

    #[test]
    fn a_block_keeps_its_lines_and_tabs_but_no_carriage_return() {
        assert_eq!(escaped("a\n\tb\r\n", Mode::Block), "a\n\tb\\r\n");
    }

    #[test]
    fn every_format_hidden_and_never_assigned_character_is_escaped() {
        for range in [FORMAT, HIDDEN, NEVER_ASSIGNED].concat() {
            for c in range.filter_map(char::from_u32) {
                assert!(!is_shown(c), "{c:?}");
            }
        }
    }

    #[test]
    fn every_everyday_letter_would_be_shown_anyway() {
        for c in ('\0'..=char::MAX).filter(|c| is_everyday(*c)) {
            assert!(is_shown(c) && c.width() != Some(0), "{c:?}");
        }
    }

    #[test]
    fn a_tower_of_marks_is_cut_and_counted() {
        let eight = "\u{301}".repeat(8);
        assert_eq!(line(format!("a{eight}b")), format!("a{eight}b"));
        assert_eq!(
            line(format!("a{eight}\u{301}")),
            format!("a{eight}…1 more mark")
        );
        assert_eq!(
            line(format!("é{}b", "\u{301}".repeat(1008))),
            format!("é{eight}…1,000 more marksb")
        );
    }

    #[test]
    fn a_mark_with_no_base_of_its_own_does_not_sit_on_ours() {
        assert_eq!(line("\u{338}a"), r"\u{338}a");
        assert_eq!(escaped("a\n\u{338}", Mode::Block), "a\n\\u{338}");
        assert_eq!(line("\x1b\u{338}"), r"\x1b\u{338}");
    }

    #[test]
    fn a_long_line_is_cut_between_characters_and_says_its_length() {
        assert_eq!(cut(b"short", 5), (b"short".as_slice(), String::new()));
        let (head, note) = cut(&[b'a'; 200_000], LONGEST_LINE);
        assert_eq!(
            (head.len(), note.as_str()),
            (65_536, " … 200,000 bytes, 65,536 shown")
        );
        assert_eq!(cut("aé".as_bytes(), 2).0, b"a");
        assert_eq!(cut("a😀".as_bytes(), 4).0, b"a");
        assert_eq!(cut("😀".as_bytes(), 4).0, "😀".as_bytes());
        assert_eq!(cut(&[0x80; 9], 5).0.len(), 5);
        assert_eq!(cut(b"ab", 0).0, b"");
    }

    #[test]
    fn an_untrusted_text_is_one_line_and_aligns_by_columns() {
        assert_eq!(Untrusted::new("a\nb").to_string(), r"a\nb");
        assert_eq!(format!("{:<6}|", Untrusted::new("日本")), "日本  |");
        assert_eq!(format!("{:?}", Untrusted::new(b"\x1b")), r#""\x1b""#);
        assert!(
            Untrusted::new(&vec![b'x'; 70_000])
                .to_string()
                .ends_with("x … 70,000 bytes, 65,536 shown")
        );
    }

    #[test]
    fn eight_bytes_at_once_find_what_one_at_a_time_finds() {
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'a'; length];
                    bytes[at] = byte;
                    assert_eq!(
                        position(&bytes, not_plain),
                        if is_plain(byte) { length } else { at }
                    );
                    assert_eq!(
                        position(&bytes, |word| equal(word, b'"')),
                        if byte == b'"' { at } else { length }
                    );
                }
            }
        }
        assert_eq!(position(b"ab\x1f \xff\x7f\x00", not_plain), 2);
        assert_eq!(position(b"~ \xff\x7f", not_plain), 2);
        assert_eq!(position(b"!!\"\"#", |word| equal(word, b'"')), 2);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0, 999, 1000, 1_048_576].map(grouped),
            ["0", "999", "1,000", "1,048,576"]
        );
    }

    proptest! {
        #[test]
        fn whatever_comes_in_only_harmless_text_comes_out(bytes: Vec<u8>) {
            check_harmless(&line(&bytes), Mode::Line);
            check_harmless(&escaped(&bytes, Mode::Block), Mode::Block);
        }

        #[test]
        fn whatever_characters_come_in_only_harmless_ones_come_out(text in "[\\p{C}\\p{Z}\\p{M}a-c]{0,40}") {
            check_harmless(&line(&text), Mode::Line);
            check_harmless(&escaped(&text, Mode::Block), Mode::Block);
        }

        #[test]
        fn ascii_text_is_unchanged(text in "[ -~]{0,100}", lines in "[ -~\n\t]{0,100}") {
            prop_assert_eq!(line(&text), text);
            prop_assert_eq!(escaped(&lines, Mode::Block), lines);
        }

        #[test]
        fn the_letters_of_the_world_are_unchanged(text in "[\\p{L}\\p{N}\\p{P}\\p{S}--[\u{115f}\u{3164}\u{ffa0}]]{0,40}") {
            // Some letters have width 0 and count as marks.
            let text: String = text.chars().filter(|c| c.width() != Some(0)).collect();
            prop_assert_eq!(line(&text), text);
        }

        #[test]
        fn format_and_private_characters_are_all_escaped(text in "[\\p{Cf}\\p{Co}\\p{Zl}\\p{Zp}]{1,40}") {
            prop_assert!(line(&text).is_ascii());
        }
    }
}
