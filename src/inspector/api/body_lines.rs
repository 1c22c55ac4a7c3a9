//! Body in lines, for reading: JSON is indented and not parsed, so that each token stays as it was sent.

use std::borrow::Cow;
use std::ops::Range;

/// Deepest level that is indented.
const DEEPEST: usize = 40;

/// Longest line in bytes; what is behind it is left out and said.
pub const LONGEST: usize = 64 << 10;

/// Bytes of a line of the hexadecimal form.
const HEX_ROW: usize = 16;

/// Lines of a body, with the parts that can be folded.
#[derive(Debug, Default)]
pub struct BodyLines {
    /// Lines: indentation, and a range of the body.
    lines: Vec<(usize, Range<usize>)>,
    /// First and last line of each object and list with something in it.
    folds: Vec<[usize; 2]>,
}

impl BodyLines {
    /// Lines of a body.
    pub fn of(body: &[u8]) -> BodyLines {
        match is_object_or_list(body) {
            true => BodyLines::of_json(body),
            false => BodyLines::of_text(body),
        }
    }

    /// Appends a line.
    pub fn push(&mut self, range: Range<usize>) {
        self.lines.push((0, range));
    }

    /// Appends the lines of another body, one level deeper, whose bytes begin at `start`.
    pub fn append_inside(&mut self, other: BodyLines, start: usize) {
        let first = self.lines.len();
        let folds = other.folds.into_iter();
        self.folds
            .extend(folds.map(|[from, to]| [first + from, first + to]));
        let lines = other.lines.into_iter();
        self.lines.extend(
            lines.map(|(depth, range)| (depth + 1, start + range.start..start + range.end)),
        );
    }

    /// Number of lines.
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// Parts that can be folded: first and last line, from 0, in order.
    pub fn folds(&self) -> &[[usize; 2]] {
        &self.folds
    }

    /// Line as text, and its length in bytes if it was cut; invalid UTF-8 is replaced.
    pub fn line(&self, number: usize, body: &[u8]) -> Option<(String, Option<usize>)> {
        let (depth, range) = self.lines.get(number)?;
        let bytes = body.get(range.clone())?;
        let cut = (bytes.len() > LONGEST).then_some(bytes.len());
        let mut shown = bytes.get(..LONGEST).unwrap_or(bytes);
        // Up to the end of a character.
        if let (Some(_), Err(error)) = (cut, std::str::from_utf8(shown))
            && error.error_len().is_none()
        {
            shown = shown.get(..error.valid_up_to()).unwrap_or(shown);
        }
        let shown = on_one_line(shown);
        let text = String::from_utf8_lossy(&shown);
        Some((format!("{:depth$}{text}", "", depth = depth * 2), cut))
    }

    fn of_text(body: &[u8]) -> BodyLines {
        let mut all = BodyLines::default();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', body) {
            let has_return = end > start && body.get(end - 1) == Some(&b'\r');
            all.lines.push((0, start..end - usize::from(has_return)));
            start = end + 1;
        }
        if start < body.len() {
            all.lines.push((0, start..body.len()));
        }
        all
    }

    fn of_json(body: &[u8]) -> BodyLines {
        let mut printer = Printer {
            all: BodyLines::default(),
            open: Vec::new(),
            line: None,
        };
        let mut at = 0;
        while let Some(&byte) = body.get(at) {
            let end = token_end(body, at);
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                b'{' | b'[' => {
                    let is_empty =
                        next_token(body, end).is_some_and(|next| matches!(next, b'}' | b']'));
                    printer.add(at..end);
                    printer.open(is_empty);
                }
                b'}' | b']' => printer.close(at..end),
                b',' => {
                    printer.add(at..end);
                    printer.end_line();
                }
                _ => printer.add(at..end),
            }
            at = end;
        }
        printer.end_line();
        let mut all = printer.all;
        all.folds.sort_unstable();
        all
    }
}

/// Lines of JSON as they are made. A line is a range of the body: white space within it stays as it is.
struct Printer {
    all: BodyLines,
    /// Line of each open bracket; none for an empty pair.
    open: Vec<Option<usize>>,
    line: Option<Range<usize>>,
}

impl Printer {
    fn depth(&self) -> usize {
        self.open.iter().flatten().count().min(DEEPEST)
    }

    fn add(&mut self, token: Range<usize>) {
        match &mut self.line {
            Some(line) => line.end = token.end,
            None => self.line = Some(token),
        }
    }

    fn end_line(&mut self) {
        if let Some(line) = self.line.take() {
            let depth = self.depth();
            self.all.lines.push((depth, line));
        }
    }

    fn open(&mut self, is_empty: bool) {
        if is_empty {
            return self.open.push(None);
        }
        self.end_line();
        self.open.push(Some(self.all.lines.len() - 1));
    }

    fn close(&mut self, token: Range<usize>) {
        match self.open.last() {
            Some(None) => {
                self.open.pop();
                self.add(token);
            }
            Some(Some(first)) => {
                let first = *first;
                self.end_line();
                self.open.pop();
                self.all.folds.push([first, self.all.lines.len()]);
                self.add(token);
            }
            None => self.add(token),
        }
    }
}

/// Bytes of a line with a blank for each line break between two tokens.
fn on_one_line(line: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'\n', b'\r', line).is_none() {
        return line.into();
    }
    let (mut out, mut at) = (Vec::with_capacity(line.len()), 0);
    while at < line.len() {
        let end = token_end(line, at);
        match line.get(at..end).unwrap_or_default() {
            b"\n" | b"\r" if out.last() == Some(&b' ') => {}
            b"\n" | b"\r" => out.push(b' '),
            token => out.extend_from_slice(token),
        }
        at = end;
    }
    out.into()
}

/// End of the token that begins at `at`.
pub fn token_end(body: &[u8], at: usize) -> usize {
    let rest = body.get(at + 1..).unwrap_or_default();
    let length = match body.get(at) {
        Some(b'"') => {
            let mut is_escaped = false;
            let end = rest.iter().position(|byte| match (is_escaped, byte) {
                (true, _) => {
                    is_escaped = false;
                    false
                }
                (false, b'\\') => {
                    is_escaped = true;
                    false
                }
                (false, byte) => *byte == b'"',
            });
            end.map_or(rest.len(), |end| end + 1)
        }
        Some(b'{' | b'}' | b'[' | b']' | b',' | b':' | b' ' | b'\t' | b'\r' | b'\n') => 0,
        _ => {
            let ends = |byte: &u8| b"{}[],:\" \t\r\n".contains(byte);
            rest.iter().position(ends).unwrap_or(rest.len())
        }
    };
    at + 1 + length
}

/// First byte at or after `from` that is no white space.
pub fn next_token(body: &[u8], from: usize) -> Option<u8> {
    let rest = body.get(from..)?.iter();
    rest.copied().find(|byte| !b" \t\r\n".contains(byte))
}

/// True for an object or a list.
pub fn is_object_or_list(body: &[u8]) -> bool {
    matches!(next_token(body, 0), Some(b'{' | b'['))
}

/// Number of lines of the hexadecimal form.
pub fn hex_len(body: &[u8]) -> usize {
    body.len().div_ceil(HEX_ROW)
}

/// Line of the hexadecimal form: offset, bytes, characters.
pub fn hex_line(number: usize, body: &[u8]) -> Option<String> {
    let start = number * HEX_ROW;
    let row = body
        .get(start..body.len().min(start + HEX_ROW))
        .filter(|row| !row.is_empty())?;
    let mut bytes = String::new();
    for (at, byte) in row.iter().enumerate() {
        bytes += if at == HEX_ROW / 2 {
            "  "
        } else if at > 0 {
            " "
        } else {
            ""
        };
        bytes += &hex::encode([*byte]);
    }
    let characters: String = row
        .iter()
        .map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        })
        .collect();
    Some(format!("{start:08x}  {bytes:<48}  {characters}"))
}

#[cfg(test)]
mod tests {
    use super::{BodyLines, hex_line};
    use proptest::prelude::*;

    fn lines(body: &str) -> Vec<String> {
        let all = BodyLines::of(body.as_bytes());
        (0..all.count())
            .map(|at| all.line(at, body.as_bytes()).unwrap().0)
            .collect()
    }

    #[test]
    fn json_is_indented_and_its_tokens_stay() {
        let body = r#" [{"a" : 1.10,"a":[],"b":{"c":[1,"x, }"]}} , {}]"#;
        assert_eq!(
            lines(body),
            [
                "[",
                "  {",
                "    \"a\" : 1.10,",
                "    \"a\":[],",
                "    \"b\":{",
                "      \"c\":[",
                "        1,",
                "        \"x, }\"",
                "      ]",
                "    }",
                "  } ,",
                "  {}",
                "]"
            ]
        );
        let folds = BodyLines::of(body.as_bytes()).folds().to_vec();
        assert_eq!(folds, [[0, 12], [1, 10], [4, 9], [5, 8]]);
    }

    #[test]
    fn other_text_is_in_its_own_lines() {
        assert_eq!(lines("a=1\r\nb=2\n\nc"), ["a=1", "b=2", "", "c"]);
        assert!(lines("").is_empty());
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let body = format!("[\"{}é\"]", "é".repeat(40_000));
        let all = BodyLines::of(body.as_bytes());
        let (text, cut) = all.line(1, body.as_bytes()).unwrap();
        assert!(text.len() <= super::LONGEST + 2 && !text.contains('\u{fffd}'));
        assert_eq!(cut, Some(80_004));
    }

    #[test]
    fn the_hexadecimal_form_has_sixteen_bytes_a_line() {
        let line = hex_line(0, b"{\"a\":\xff}\n12345678").unwrap();
        assert_eq!(
            line,
            "00000000  7b 22 61 22 3a ff 7d 0a  31 32 33 34 35 36 37 38  {\"a\":.}.12345678"
        );
        assert!(hex_line(1, b"{\"a\":\xff}\n12345678").is_none());
    }

    fn bare(text: &str) -> String {
        text.chars()
            .filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'))
            .collect()
    }

    proptest! {
        #[test]
        fn nothing_but_white_space_changes(body in "[\\[\\]{}:,\"\\\\ a1é\n\r\t.-]{0,80}") {
            prop_assert_eq!(bare(&lines(&body).concat()), bare(&body));
        }
    }
}
