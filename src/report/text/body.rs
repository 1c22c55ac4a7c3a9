//! Readable bodies: JSON indented, other text line by line. Each line begins with a gutter, so that no untrusted text
//! stands where our own lines begin.
//!
//! JSON is formatted and not parsed. One pass over the bytes moves the white space between tokens and leaves the
//! tokens alone: `1.10` stays `1.10`, a repeated key is shown twice, and `\u001b` stays six characters, because
//! decoding it would re-create the attack. There is no tree, so depth costs nothing. And there is no error: truncated or
//! invalid JSON is shown as far as it goes.
//!
//! One string is decoded: that which is a whole JSON document itself, such as the message in an SNS envelope. It is shown
//! below its key, marked as such, and its tokens are left alone in turn.

use crate::webhook::{Headers, document_in};

use crate::report::text::escape::{
    LONGEST_LINE, Mode, cut, equal, escape_into, grouped, is_plain, not_plain, position,
};
use crate::report::text::palette::{Palette, Role};

/// Most bytes of a body shown by default.
pub const SHOWN_BODY: usize = 1024 * 1024;

/// Deepest level that is indented; deeper ones are shown on lines of their own, with this indentation.
const DEEPEST: usize = 40;

/// Indentation of `DEEPEST` levels, two spaces each.
static INDENT: [u8; 2 * DEEPEST] = [b' '; 2 * DEEPEST];

/// Largest factor by which indentation and escapes may enlarge a body; then it is taken for an attack and cut.
pub const GROWTH: usize = 4;

/// Longest array of plain values, in bytes, shown on one line, such as tags and addresses.
const SHORT_ARRAY: usize = 60;

/// Levels of JSON inside strings that are decoded.
const NESTED: usize = 3;

/// Bytes at the start of a body that decide if it is text.
const SAMPLE: usize = 1024;

/// Appends JSON, or text that looks like it, indented; at most the first [`SHOWN_BODY`] bytes of it.
pub fn pretty(out: &mut Vec<u8>, json: &[u8], gutter: &str, palette: &Palette) {
    pretty_up_to(out, json, SHOWN_BODY, gutter, palette);
}

/// Appends the first `max_bytes` of JSON, indented, and the total length if it was cut. No token is split.
pub fn pretty_up_to(
    out: &mut Vec<u8>,
    json: &[u8],
    max_bytes: usize,
    gutter: &str,
    palette: &Palette,
) {
    out.reserve(2 * json.len().min(max_bytes));
    let output_end = out.len().saturating_add(max_bytes.saturating_mul(GROWTH));
    let mut page = BodyView {
        out,
        gutter,
        palette,
        depth: 0,
        last: Last::Nothing,
        on_one_line: false,
    };
    let limit = Limit {
        max_bytes,
        output_end,
    };
    if let Some(shown) = page.write(json, limit, NESTED) {
        page.note(&in_all(json.len(), shown));
    }
    page.end();
}

/// Appends a body that is not JSON, line by line; at most the first [`SHOWN_BODY`] bytes of it.
///
/// A line ends with `
/// ` or `\r
/// `; a carriage return anywhere else is shown as an escape.
pub fn text(out: &mut Vec<u8>, bytes: &[u8], gutter: &str, palette: &Palette) {
    let output_end = out.len().saturating_add(GROWTH * SHOWN_BODY);
    let mut rest = bytes;
    while !rest.is_empty() {
        let shown = bytes.len() - rest.len();
        out.extend_from_slice(gutter.as_bytes());
        if shown >= SHOWN_BODY || out.len() >= output_end {
            palette.write(out, Role::Dim, in_all(bytes.len(), shown).as_bytes());
            out.push(b'\n');
            return;
        }
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |newline| newline + 1);
        let (line, tail) = rest.split_at(end);
        rest = tail;
        let line = line
            .strip_suffix(b"\n")
            .map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        let (head, note) = cut(line, LONGEST_LINE);
        escape_into(out, head, Mode::Block);
        if !note.is_empty() {
            palette.write(out, Role::Dim, note.as_bytes());
        }
        out.push(b'\n');
    }
}

/// Appends the first `most` bytes of a longer body, up to the end of a token or a line, and its length.
pub(crate) fn beginning(
    out: &mut Vec<u8>,
    bytes: &[u8],
    most: usize,
    gutter: &str,
    palette: &Palette,
) {
    if looks_like_json(bytes) {
        return pretty_up_to(out, bytes, most, gutter, palette);
    }
    let (head, _) = bytes.split_at(most.min(bytes.len()));
    let end = head.iter().rposition(|byte| *byte == b'\n');
    let head = end.and_then(|end| head.get(..=end)).unwrap_or(head);
    text(out, head, gutter, palette);
    out.extend_from_slice(gutter.as_bytes());
    palette.write(out, Role::Dim, in_all(bytes.len(), head.len()).as_bytes());
    out.push(b'\n');
}

/// True if a body is worth indenting: an object or array, complete or not, or one complete string, number or literal.
pub fn looks_like_json(bytes: &[u8]) -> bool {
    let body = skip_space(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes));
    let Some(&first) = body.first() else {
        return false;
    };
    let (token, tail) = body.split_at(measure(first, body).0);
    match first {
        b'{' | b'[' => true,
        _ if !skip_space(tail).is_empty() => false,
        b'"' => token.len() > 1 && ends_string(token) && !token.iter().any(|byte| *byte < b' '),
        _ => matches!(token, b"true" | b"false" | b"null") || is_number(token),
    }
}

/// True if a body is to be shown as the fields of a form. Some tools send JSON with the content type of a form, as their
/// default.
pub fn is_shown_as_form(headers: &Headers, body: &[u8]) -> bool {
    let kind = headers.text("content-type").unwrap_or_default();
    kind.starts_with("application/x-www-form-urlencoded") && !looks_like_json(body)
}

/// True if a body is binary: its first kilobyte has a NUL, or over a tenth of controls and invalid UTF-8.
pub fn is_binary(bytes: &[u8]) -> bool {
    let (sample, _) = bytes.split_at(bytes.len().min(SAMPLE));
    let odd = if sample.is_ascii() {
        // Fast path: most bodies are ASCII.
        let odd = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t');
        sample.iter().filter(|byte| odd(byte)).count()
    } else {
        odd_in(sample)
    };
    sample.contains(&0) || odd * 10 > sample.len()
}

/// Text shown in place of a binary body.
pub fn binary(bytes: &[u8]) -> String {
    let count = bytes.len();
    let noun = if count == 1 { "byte" } else { "bytes" };
    format!("[{} {noun} of binary data]", grouped(count))
}

fn odd_in(sample: &[u8]) -> usize {
    sample
        .utf8_chunks()
        .map(|chunk| {
            let controls = chunk
                .valid()
                .chars()
                .filter(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
            controls.count() + chunk.invalid().len()
        })
        .sum()
}

/// Last token written, which decides about the space before the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    /// The indentation of a document that was in a string.
    Start,
    Open,
    Comma,
    Colon,
    Value,
}

/// Bytes of a document that are read, and length of the output past which nothing more is written.
#[derive(Clone, Copy)]
struct Limit {
    max_bytes: usize,
    output_end: usize,
}

struct BodyView<'a> {
    out: &'a mut Vec<u8>,
    gutter: &'a str,
    palette: &'a Palette,
    depth: usize,
    last: Last,
    on_one_line: bool,
}

impl BodyView<'_> {
    /// Appends a document. Returns the number of bytes that were shown, if it was cut.
    fn write(&mut self, json: &[u8], limit: Limit, nested: usize) -> Option<usize> {
        let mut rest = skip_space(json);
        while let Some(&first) = rest.first() {
            let shown = json.len() - rest.len();
            if shown >= limit.max_bytes || self.out.len() >= limit.output_end {
                return Some(shown);
            }
            let (len, plain) = measure(first, rest);
            let (token, tail) = rest.split_at(len);
            rest = skip_space(tail);
            match first {
                b'{' | b'[' => self.open(first, first == b'[' && is_short_array(tail)),
                b'}' | b']' => self.close(first),
                b',' => self.separator(first, Last::Comma),
                b':' => self.separator(first, Last::Colon),
                b'"' if rest.first() == Some(&b':') => self.value(Role::Key, token, plain),
                b'"' => {
                    let may_hold = nested > 0 && !self.on_one_line && token.len() <= SHOWN_BODY;
                    let decoded = may_hold.then(|| document_in(token)).flatten();
                    match decoded {
                        None => self.value(Role::String, token, plain),
                        Some(json) if self.nested(&json, limit, nested - 1) => {
                            return Some(shown + len);
                        }
                        Some(_) => {}
                    }
                }
                b'-' | b'0'..=b'9' => self.value(Role::Number, token, plain),
                _ if matches!(token, b"true" | b"false" | b"null") => {
                    self.value(Role::Literal, token, plain)
                }
                _ => self.value(Role::Bad, token, plain),
            }
        }
        None
    }

    /// Appends a document that was in a string, below its key. Returns true if it was cut.
    fn nested(&mut self, json: &str, limit: Limit, nested: usize) -> bool {
        self.space();
        self.palette
            .write(self.out, Role::Dim, IN_A_STRING.as_bytes());
        let depth = self.depth;
        self.depth += 1;
        self.new_line();
        self.last = Last::Start;
        let is_cut = self.write(json.as_bytes(), limit, nested).is_some();
        self.depth = depth;
        self.last = Last::Value;
        self.on_one_line = false;
        is_cut
    }

    fn open(&mut self, byte: u8, on_one_line: bool) {
        self.space();
        self.palette
            .write_with(self.out, Role::Punctuation, |out| out.push(byte));
        self.last = Last::Open;
        self.depth += 1;
        self.on_one_line = on_one_line;
    }

    fn close(&mut self, byte: u8) {
        self.depth = self.depth.saturating_sub(1);
        match self.last {
            Last::Nothing => self.gutter(),
            Last::Open | Last::Start => {}
            _ if self.on_one_line => {}
            _ => self.new_line(),
        }
        self.palette
            .write_with(self.out, Role::Punctuation, |out| out.push(byte));
        self.last = Last::Value;
        self.on_one_line = false;
    }

    /// Appends a comma or colon directly behind the last token.
    fn separator(&mut self, byte: u8, last: Last) {
        if self.last == Last::Nothing {
            self.gutter();
        }
        self.palette
            .write_with(self.out, Role::Punctuation, |out| out.push(byte));
        self.last = last;
    }

    fn value(&mut self, role: Role, token: &[u8], plain: bool) {
        self.space();
        self.last = Last::Value;
        if plain && token.len() <= LONGEST_LINE {
            return self.palette.write(self.out, role, token);
        }
        let (head, note) = cut(token, LONGEST_LINE);
        self.palette
            .write_with(self.out, role, |out| escape_into(out, head, Mode::Line));
        if !note.is_empty() {
            self.palette.write(self.out, Role::Dim, note.as_bytes());
        }
    }

    /// Appends the space or line break before a value.
    fn space(&mut self) {
        match self.last {
            Last::Nothing => self.gutter(),
            Last::Start => {}
            Last::Open if self.on_one_line => {}
            Last::Comma if self.on_one_line => self.out.push(b' '),
            Last::Open | Last::Comma => self.new_line(),
            // Several documents in a row, as in a log.
            Last::Value if self.depth == 0 => self.new_line(),
            Last::Value | Last::Colon => self.out.push(b' '),
        }
    }

    fn new_line(&mut self) {
        self.out.push(b'\n');
        self.gutter();
        let (indent, _) = INDENT.split_at(2 * self.depth.min(DEEPEST));
        self.out.extend_from_slice(indent);
    }

    fn gutter(&mut self) {
        self.out.extend_from_slice(self.gutter.as_bytes());
    }

    fn note(&mut self, note: &str) {
        self.depth = 0;
        if self.last == Last::Nothing {
            self.gutter()
        } else {
            self.new_line()
        }
        self.palette.write(self.out, Role::Dim, note.as_bytes());
        self.last = Last::Value;
    }

    fn end(self) {
        if self.last != Last::Nothing {
            self.out.push(b'\n');
        }
    }
}

/// Mark of a document that was in a string: it is shown decoded, and not as it was received.
const IN_A_STRING: &str = "(JSON in a string)";

fn in_all(bytes: usize, shown: usize) -> String {
    format!(
        "… {} bytes in all, {} shown",
        grouped(bytes),
        grouped(shown)
    )
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

fn skip_space(bytes: &[u8]) -> &[u8] {
    let count = bytes.iter().take_while(|byte| is_space(**byte)).count();
    bytes.split_at(count).1
}

/// Length of the first token, and true if it is printable ASCII, which needs no escaping.
fn measure(first: u8, bytes: &[u8]) -> (usize, bool) {
    match first {
        b'{' | b'}' | b'[' | b']' | b',' | b':' => (1, true),
        b'"' => measure_string(bytes),
        _ => {
            let len = bytes.iter().take_while(|byte| !ends_word(**byte)).count();
            (len, bytes.iter().take(len).all(|byte| is_plain(*byte)))
        }
    }
}

fn ends_word(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"')
}

/// Length of a string with its quotes, or of all that is left if it is unterminated.
fn measure_string(bytes: &[u8]) -> (usize, bool) {
    let border = |word| equal(word, b'"') | equal(word, b'\\');
    let mut at = 1;
    let mut plain = true;
    while let Some(rest) = bytes.get(at..) {
        // Most strings are plain: a single pass finds the end and decides about escaping.
        at += if plain {
            position(rest, |word| border(word) | not_plain(word))
        } else {
            position(rest, border)
        };
        match bytes.get(at..) {
            Some([b'"', ..]) => return (at + 1, plain),
            Some([b'\\', escaped, ..]) => {
                plain &= is_plain(*escaped);
                at += 2;
            }
            Some([b'\\'] | []) | None => break,
            Some(_) => plain = false,
        }
    }
    (bytes.len(), false)
}

/// True if a token that begins with a quote ends with an unescaped one.
fn ends_string(token: &[u8]) -> bool {
    let escapes = token
        .iter()
        .rev()
        .skip(1)
        .take_while(|byte| **byte == b'\\')
        .count();
    token.last() == Some(&b'"') && escapes.is_multiple_of(2)
}

/// True if only a few plain values and the closing bracket follow an opening bracket.
///
/// The scan stops at the next bracket of any kind, so each byte is scanned at most once more.
fn is_short_array(mut rest: &[u8]) -> bool {
    let mut length = 2;
    loop {
        rest = skip_space(rest);
        let Some(&first) = rest.first() else {
            return false;
        };
        match first {
            b']' => return true,
            b'{' | b'}' | b'[' | b':' => return false,
            _ => {}
        }
        // A long token is not measured to its end, or it would be measured again and again.
        let (near, _) = rest.split_at(rest.len().min(SHORT_ARRAY));
        let (token, _) = rest.split_at(measure(first, near).0);
        length += token.len();
        if length >= SHORT_ARRAY {
            return false;
        }
        rest = rest.split_at(token.len()).1;
    }
}

/// True if a token is a JSON number.
fn is_number(token: &[u8]) -> bool {
    let digits = |bytes: &[u8]| !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let unsigned = token.strip_prefix(b"-").unwrap_or(token);
    let (mantissa, exponent) = split_once(unsigned, |byte| matches!(byte, b'e' | b'E'));
    let (whole, fraction) = split_once(mantissa, |byte| byte == b'.');
    let exponent = exponent.map(|exponent| {
        exponent
            .strip_prefix(b"+")
            .or(exponent.strip_prefix(b"-"))
            .unwrap_or(exponent)
    });
    digits(whole)
        && (whole == b"0" || !whole.starts_with(b"0"))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

fn split_once(bytes: &[u8], is_border: impl Fn(u8) -> bool) -> (&[u8], Option<&[u8]>) {
    let mut parts = bytes.splitn(2, |byte| is_border(*byte));
    (parts.next().unwrap_or_default(), parts.next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    const GUTTER: &str = "  | ";

    fn shown_up_to(json: impl AsRef<[u8]>, max_bytes: usize) -> String {
        let mut out = Vec::new();
        pretty_up_to(
            &mut out,
            json.as_ref(),
            max_bytes,
            GUTTER,
            &Palette::plain(),
        );
        String::from_utf8(out).expect("what is shown is UTF-8")
    }

    /// Lines of a shown body, after checking and removing the gutter.
    fn lines(shown: &str) -> String {
        assert!(
            shown.is_empty() || shown.ends_with('\n'),
            "the last line ends: {shown:?}"
        );
        let bare = |line| {
            str::strip_prefix(line, GUTTER).unwrap_or_else(|| panic!("no gutter before {line:?}"))
        };
        shown.lines().map(bare).collect::<Vec<_>>().join("\n")
    }

    fn check(json: &str, expected: &str) {
        assert_eq!(lines(&shown_up_to(json, SHOWN_BODY)), expected, "{json}");
    }

    fn as_text(bytes: impl AsRef<[u8]>) -> String {
        let mut out = Vec::new();
        text(&mut out, bytes.as_ref(), GUTTER, &Palette::plain());
        lines(&String::from_utf8(out).expect("what is shown is UTF-8"))
    }

    /// Removes white space outside of strings.
    fn squeezed(json: &str) -> String {
        let mut in_string = false;
        let mut escaped = false;
        json.chars()
            .filter(|c| {
                let kept = in_string || !c.is_ascii_whitespace();
                if *c == '"' && !escaped {
                    in_string = !in_string;
                }
                escaped = in_string && *c == '\\' && !escaped;
                kept
            })
            .collect()
    }

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        escape_into(&mut out, text.as_bytes(), Mode::Line);
        String::from_utf8(out).expect("the escaper writes UTF-8")
    }

    #[test]
    fn json_is_indented_and_its_tokens_are_left_alone() {
        check(
            r#"{"a":1.10,"a":1e2,"n":123456789012345678901234567890,"s":"\u001b[31m \"x\" \\","t":[ "x" , "y"],"o":{},"e":[ ]}"#,
            r#"{
  "a": 1.10,
  "a": 1e2,
  "n": 123456789012345678901234567890,
  "s": "\u001b[31m \"x\" \\",
  "t": ["x", "y"],
  "o": {},
  "e": []
}"#,
        );
        check(
            r#"[{"a":true},[null]]"#,
            "[\n  {\n    \"a\": true\n  },\n  [null]\n]",
        );
        check("{\"a\"\n:\t1}\n", "{\n  \"a\": 1\n}");
        check("{}\n{}\n", "{}\n{}");
        check("", "");
        check(" \n", "");
    }

    #[test]
    fn only_short_arrays_of_plain_values_stay_on_one_line() {
        let values = |count: usize| vec!["1"; count].join(",");
        assert_eq!(
            lines(&shown_up_to(format!("[{}]", values(29)), SHOWN_BODY))
                .lines()
                .count(),
            1
        );
        assert_eq!(
            lines(&shown_up_to(format!("[{}]", values(30)), SHOWN_BODY))
                .lines()
                .count(),
            32
        );
        // The arrays above have 59 and 61 bytes; this one is at the limit.
        check(
            &format!("[{},22]", values(28)),
            &format!("[\n{}  22\n]", "  1,\n".repeat(28)),
        );
        // The length counts without the white space that was sent.
        assert_eq!(
            lines(&shown_up_to(
                format!("[{}]", values(29).replace(',', " ,\n   ")),
                SHOWN_BODY
            ))
            .lines()
            .count(),
            1
        );
        check(r#"[1,{"a":2}]"#, "[\n  1,\n  {\n    \"a\": 2\n  }\n]");
        check("[1,2", "[\n  1,\n  2");
        check("[1,2}", "[\n  1,\n  2\n}");
        check("[1}]", "[\n  1\n}\n]");
    }

    #[test]
    fn what_is_not_json_is_shown_as_far_as_it_goes() {
        check(r#"{"a": [1, "cut o"#, "{\n  \"a\": [\n    1,\n    \"cut o");
        check("{]", "{]");
        check("}}]", "}\n}\n]");
        check(",,:", ",,:");
        check("]", "]");
        check("{a b}", "{\n  a b\n}");
        check("{\"a\\", "{\n  \"a\\");
        check("\u{feff}{}", "\\u{feff}\n{}");
        check("[\"a\nb\x1b\u{202e}\"]", r#"["a\nb\x1b\u{202e}"]"#);
        assert_eq!(
            lines(&shown_up_to(b"[\xff\x9b \x00]", SHOWN_BODY)),
            r"[\xff\x9b \x00]"
        );
    }

    #[test]
    fn depth_costs_neither_stack_nor_width() {
        let deep = "[".repeat(200_000);
        let shown = lines(&shown_up_to(&deep, 200_000_000));
        assert_eq!(shown.lines().count(), 200_000);
        assert_eq!(shown.lines().map(str::len).max(), Some(81));
        assert_eq!(squeezed(&shown), deep);
    }

    #[test]
    fn a_body_that_grows_without_end_is_cut() {
        let deep = "[".repeat(SHOWN_BODY);
        let shown = shown_up_to(&deep, SHOWN_BODY);
        assert!(shown.len() < 4 * SHOWN_BODY + 1000, "{} bytes", shown.len());
        assert!(shown.contains("… 1,048,576 bytes in all, "));
    }

    #[test]
    fn a_long_value_is_cut_and_says_its_length() {
        let shown = lines(&shown_up_to(
            format!(r#"{{"a":"{}","b":1}}"#, "x".repeat(199_998)),
            SHOWN_BODY,
        ));
        assert!(shown.contains("x … 200,000 bytes, 65,536 shown,\n  \"b\": 1\n}"));
    }

    #[test]
    fn a_long_body_is_cut_between_tokens_and_says_its_length() {
        assert_eq!(
            lines(&shown_up_to(r#"["a","bcd",1]"#, 6)),
            "[\"a\", \"bcd\"\n… 13 bytes in all, 10 shown"
        );
        assert_eq!(
            lines(&shown_up_to(r#"["a","bcd",1]"#, 13)),
            r#"["a", "bcd", 1]"#
        );
        assert_eq!(lines(&shown_up_to("[]", 0)), "… 2 bytes in all, 0 shown");
        let million = format!("[{}1]", "123,456,".repeat(400_000));
        let shown = shown_up_to(million, SHOWN_BODY);
        assert!(
            shown.ends_with("  | … 3,200,003 bytes in all, 1,048,576 shown\n"),
            "{:?}",
            shown.lines().last()
        );
    }

    #[test]
    fn other_text_is_shown_line_by_line() {
        assert_eq!(as_text("a\n\tb\r\n\nc\rd\x1b"), "a\n\tb\n\nc\\rd\\x1b");
        assert_eq!(as_text("a\n"), "a");
        assert_eq!(as_text(""), "");
        assert_eq!(
            as_text("x".repeat(200_000)).split_off(65_536),
            " … 200,000 bytes, 65,536 shown"
        );
        let long = as_text("0123456\n".repeat(400_000));
        assert_eq!(
            long.lines().last(),
            Some("… 3,200,000 bytes in all, 1,048,576 shown")
        );
        let empty = as_text("\n".repeat(2_000_000));
        assert!(
            empty.ends_with("… 2,000,000 bytes in all, 838,860 shown"),
            "{:?}",
            empty.lines().last()
        );
    }

    #[test]
    fn json_is_told_from_text_and_text_from_bytes() {
        for json in [
            "{",
            " [1",
            "\n{}",
            "\u{feff}{}",
            "\"a\"",
            r#""a\"b\\""#,
            "-1.5e+3",
            "2e-7",
            "0",
            "10",
            "1E5",
            "true",
            " null ",
        ] {
            assert!(looks_like_json(json.as_bytes()), "{json}");
        }
        for text in [
            "", " ", "a=b", "\"a", "\"", r#""a\""#, "\"a\nb\"", "01", "1.", ".5", "-", "1e", "1 2",
            "truee", "+1", "\"a\" b",
        ] {
            assert!(!looks_like_json(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "plain\r\n\ttext",
            "grüße 日本語",
            "one \x1b[31m escape among words",
        ] {
            assert!(!is_binary(text.as_bytes()), "{text}");
        }
        for bytes in [
            &b"one NUL in a long text\0"[..],
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xfe\xfd and",
            b"\x1b\x1b\x1b",
        ] {
            assert!(is_binary(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn a_document_in_a_string_is_shown_decoded_below_its_key() {
        check(
            r#"{"Type":"Notification","Message":"{\"eventType\":\"Bounce\",\"n\":1.10,\"tags\":[\"a\",\"b\"]}\n","Id":1}"#,
            r#"{
  "Type": "Notification",
  "Message": (JSON in a string)
    {
      "eventType": "Bounce",
      "n": 1.10,
      "tags": ["a", "b"]
    },
  "Id": 1
}"#,
        );
        // In a list, in itself, and as the whole body.
        check(
            r#"["{\"inner\":\"{\\\"deep\\\":true}\",\"more\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}"]"#,
            r#"[
  (JSON in a string)
    {
      "inner": (JSON in a string)
        {
          "deep": true
        },
      "more": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    }
]"#,
        );
        check(
            r#""[{\"a\":1}]""#,
            "(JSON in a string)\n  [\n    {\n      \"a\": 1\n    }\n  ]",
        );
    }

    #[test]
    fn a_string_that_only_looks_like_a_document_is_left_alone() {
        for value in [
            r#""{\"cut\":1""#,
            r#""{{name}}""#,
            r#""[1] see below""#,
            r#""{}""#,
            r#""[]""#,
            r#""[1,2]""#,
            r#""{\"a\":1} and more""#,
            r#""{\"a\":\"\u001b[31m\"}""#,
            r#""a{\"a\":1}""#,
        ] {
            check(
                &format!("{{\"x\":{value}}}"),
                &format!("{{\n  \"x\": {value}\n}}"),
            );
        }
        // A key is not decoded, and an escape within stays one.
        check(
            r#"{"{\"a\":1}":"{\"a\":\"\\u001b[31m\"}"}"#,
            "{\n  \"{\\\"a\\\":1}\": (JSON in a string)\n    {\n      \"a\": \"\\u001b[31m\"\n    }\n}",
        );
    }

    #[test]
    fn strings_in_strings_are_decoded_to_a_few_levels_and_cut_as_others_are() {
        let mut json = String::from("{\"a\":1}");
        for _ in 0..6 {
            json = format!("{{\"a\":{}}}", serde_json::to_string(&json).unwrap());
        }
        let shown = shown_up_to(&json, SHOWN_BODY);
        assert_eq!(shown.matches("(JSON in a string)").count(), 3, "{shown}");
        let long = format!("{{\"a\":[{}]}}", "{\"b\":1},".repeat(2000));
        let long = format!(
            "{{\"m\":{}}}",
            serde_json::to_string(&(long[..long.len() - 3].to_owned() + "]}")).unwrap()
        );
        let shown = shown_up_to(&long, 1000);
        assert_eq!(shown.matches(" bytes in all").count(), 1, "{shown}");
        assert!(shown.len() < 8000, "{}", shown.len());
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let json = r#"{"key":"string","n":[1,true,{"x":null}],"bad":oops}"#;
        let mut coloured = Vec::new();
        pretty(&mut coloured, json.as_bytes(), GUTTER, &Palette::colored());
        let coloured = String::from_utf8(coloured).expect("what is shown is UTF-8");
        let mut bare = String::new();
        for piece in coloured.split("\x1b[") {
            bare.push_str(if bare.is_empty() {
                piece
            } else {
                piece.split_once('m').expect("a colour code ends").1
            });
        }
        assert_eq!(bare, shown_up_to(json, SHOWN_BODY));
        for painted in [
            "\x1b[36m\"key\"\x1b[0m: \x1b[32m\"string\"\x1b[0m,",
            "\x1b[33m1\x1b[0m",
            "\x1b[35mtrue\x1b[0m",
        ] {
            assert!(coloured.contains(painted), "{painted:?} in {coloured:?}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,40}".prop_map(Value::from),
            "[\"\\\\ {}\\[\\],:\u{1}-\u{1f}\u{202e}é]{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::vec((".{0,8}", inner), 0..8)
                    .prop_map(|fields| Map::from_iter(fields).into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn only_white_space_outside_strings_changes(value in any_json()) {
            let compact = value.to_string();
            let indented = serde_json::to_string_pretty(&value).expect("a value can be written");
            let shown = lines(&shown_up_to(&compact, SHOWN_BODY));
            prop_assert_eq!(squeezed(&shown), escaped(&compact));
            prop_assert_eq!(lines(&shown_up_to(indented, SHOWN_BODY)), shown);
        }

        #[test]
        fn almost_json_is_shown_whole(text in "[{}\\[\\],:\"\\\\ \n0a-]{0,60}") {
            // White space inside a string is shown as an escape; this alphabet has none.
            let sent: String = squeezed(&text).replace('\n', "\\n");
            prop_assert_eq!(squeezed(&lines(&shown_up_to(&text, SHOWN_BODY))), sent);
        }

        #[test]
        fn any_bytes_are_shown_as_text_behind_the_gutter(bytes: Vec<u8>, max_bytes in 0..300_usize) {
            let shown = lines(&shown_up_to(&bytes, max_bytes));
            prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
            let shown = as_text(&bytes);
            prop_assert!(shown.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
            looks_like_json(&bytes);
            is_binary(&bytes);
        }
    }
}
