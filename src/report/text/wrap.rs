//! Line wrapping. Our own prose is broken between words. Text that may be copied (a command, a URL, JSON, untrusted
//! text) is written as one line, which the terminal wraps, so that it can be pasted as it is.

use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Width of prose in columns, in a file, a pipe or on a wider terminal.
pub const WIDEST: usize = 100;

/// Beginning of our own commands.
const COMMAND: &str = "webhook-cli ";

/// Breaks a text that begins in column `column` between words, so that lines have at most `width` columns; lines after
/// a break are indented. Words, and text in backticks or double quotes, are never broken.
pub fn prose(text: &str, column: usize, indent: usize, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = column;
    // A break after nothing but the indentation gains nothing.
    let mut is_empty = column <= indent;
    for piece in pieces(text) {
        let shown = piece.trim_end_matches(' ').width();
        if column + shown > width && !is_empty {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            (column, is_empty) = (indent, true);
        }
        is_empty &= shown == 0;
        out += piece;
        column += piece.width();
    }
    out
}

/// Splits a text after each space at which it may be broken.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let whole = spans(text);
    let mut rest = 0;
    let gaps = text.match_indices(' ').map(|(at, _)| at + 1);
    let ends = gaps.filter(move |end| {
        let is_gap = !text.get(*end..).is_some_and(|rest| rest.starts_with(' '));
        is_gap && !whole.iter().any(|span| span.contains(&(end - 1)))
    });
    ends.chain(std::iter::once(text.len())).map(move |end| {
        let piece = text.get(rest..end).unwrap_or_default();
        rest = end;
        piece
    })
}

/// Ranges never broken: text in backticks or double quotes, and a command outside of them up to the end.
fn spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(COMMAND) {
            spans.push(at..text.len());
            break;
        }
        let first = rest.chars().next().unwrap_or_default();
        let length = first.len_utf8();
        let inner = rest.get(length..).unwrap_or_default();
        match inner.find(first).filter(|_| matches!(first, '`' | '"')) {
            Some(end) => {
                spans.push(at..at + length + end + length);
                at += length + end + length;
            }
            None => at += length,
        }
    }
    spans
}

/// Keeps untrusted text from looking like a line of our own: if the terminal's wrapping would put a time at the left
/// edge, the line is broken before it and continues after the gutter. Colour codes take no columns.
pub fn guard(out: &mut Vec<u8>, width: usize, gutter: &str) {
    let is_short = |line: &[u8]| line.len() <= width && !line.contains(&b'\t');
    // No character takes more columns than bytes, so this fast check passes most output.
    if width <= gutter.len() || out.split(|byte| *byte == b'\n').all(is_short) {
        return;
    }
    let text = String::from_utf8_lossy(out).into_owned();
    out.clear();
    let mut column = 0;
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let (mut length, mut columns) = (c.len_utf8(), c.width().unwrap_or(0));
        match c {
            '\n' => column = 0,
            '\t' => columns = 8 - column % 8,
            // A colour code of our own: all others have been escaped.
            '\x1b' => (length, columns) = (rest.find('m').map_or(rest.len(), |end| end + 1), 0),
            _ => {}
        }
        if columns > 0 && column + columns > width {
            column = 0;
            if is_clock(rest) {
                out.push(b'\n');
                out.extend_from_slice(gutter.as_bytes());
                column = gutter.len();
            }
        }
        column += columns;
        let (head, tail) = rest.split_at(length);
        out.extend_from_slice(head.as_bytes());
        rest = tail;
    }
}

/// True if a text begins like a delivery's line: a time and a gap.
fn is_clock(text: &str) -> bool {
    let is_like = |form: &str| {
        let like = |(form, byte): (u8, u8)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == form,
        };
        text.len() >= form.len() && form.bytes().zip(text.bytes()).all(like)
    };
    is_like("00:00:00.000  ") || is_like("00:00:00  ")
}

/// Width of a text in columns.
pub(crate) fn columns(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.width()
    }
}

/// Shortens a text by so many columns, but to no fewer than `least`; `…` stands for what is left out.
pub(super) fn elided(text: &str, excess: usize, least: usize) -> String {
    elided_to(text, columns(text).saturating_sub(excess).max(least))
}

pub(crate) fn elided_to(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut out = String::with_capacity(most + 3);
    let mut width = 1;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width > most {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::{guard, prose};
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn prose_is_broken_between_words() {
        assert_eq!(prose("short lines", 0, 2, 12), "short lines");
        assert_eq!(prose("  12345 6789 abc", 0, 4, 12), "  12345 6789\n    abc");
        assert_eq!(prose("12345  67890", 2, 2, 10), "12345\n  67890");
        // These characters take two columns each.
        assert_eq!(prose("日本 語日 本", 0, 0, 9), "日本 語日\n本");
        // A long word gets a line of its own and is not broken.
        let url = "https://example.com/a/long/path";
        assert_eq!(
            prose(&format!("see {url} for it"), 0, 2, 12),
            format!("see\n  {url}\n  for it")
        );
    }

    #[test]
    fn what_may_be_copied_stays_whole() {
        for whole in [
            "`webhook-cli send click --to :3000`",
            "\"a long string of JSON\"",
            "webhook-cli send click --to :3000",
        ] {
            let shown = prose(&format!("to see it, try {whole}"), 10, 10, 20);
            assert!(shown.ends_with(&format!("\n          {whole}")), "{shown}");
        }
        // A single quote mark does not begin a quotation.
        assert_eq!(prose("5\" is wide", 0, 0, 5), "5\" is\nwide");
    }

    #[test]
    fn only_what_looks_like_a_line_of_ours_is_kept_from_the_left_edge() {
        let guarded = |text: &str| {
            let mut out = text.as_bytes().to_vec();
            guard(&mut out, 12, "  ");
            String::from_utf8(out).unwrap()
        };
        let long = "  \x1b[31mhttps://example.com/a/path\x1b[0m and so on\n";
        assert_eq!(guarded(long), long);
        let clock = "19:20:01.123  POST /";
        assert_eq!(
            guarded(&format!("  1234567890{clock}\n")),
            format!("  1234567890\n  {clock}\n")
        );
        assert_eq!(
            guarded(&format!("日日日日日{clock}日日")),
            format!("日日日日日{clock}日日")
        );
        assert_eq!(
            guarded(&format!("日日日日日日{clock}")),
            format!("日日日日日日\n  {clock}")
        );
        assert_eq!(guarded(&format!("{clock}\n")), format!("{clock}\n"));
    }

    proptest! {
        #[test]
        fn no_word_is_broken_and_no_line_is_wider_than_its_words_need(text in "([a-z ]|日){0,300}", width in 11usize..60) {
            let shown = prose(&text, 0, 2, width);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&shown), words(&text));
            for line in shown.lines() {
                prop_assert!(line.trim_end().width() <= width || line.split_whitespace().count() == 1);
            }
        }
    }
}
