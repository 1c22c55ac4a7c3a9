//! Lines that are longer than the screen is wide. A terminal would go on at its left edge, where our own lines begin;
//! so they are broken here, and what follows a break stands behind the gutter like everything that a stranger wrote.

use unicode_width::UnicodeWidthChar;

/// A word that does not fit goes to the next line whole if it is no longer than this, in columns.
const LONGEST_WORD: usize = 24;

/// Breaks the lines from `start` on, so that each takes at most `width` columns; what follows a break is indented like
/// its line, and by `gutter` more. Codes of colour take no columns.
pub fn wrap(out: &mut Vec<u8>, start: usize, width: usize, gutter: &str) {
    let text = out.get(start..).unwrap_or_default();
    // No character takes more columns than bytes, so this is a quick look that passes most of what there is.
    if width <= gutter.len() + 8
        || text
            .split(|byte| *byte == b'\n')
            .all(|line| line.len() <= width && !line.contains(&b'\t'))
    {
        return;
    }
    let text = String::from_utf8_lossy(text).into_owned();
    out.truncate(start);
    let mut column = 0;
    // The last gap between words in this line: where it stands, and in which column it ends.
    let mut gap: Option<(usize, usize)> = None;
    let mut indent = 0;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let columns = match c {
            '\n' => {
                (column, gap, indent) = (0, None, 0);
                out.push(b'\n');
                continue;
            }
            '\x1b' => {
                // One of our own: everything else has been escaped.
                let code = rest.as_str();
                let end = code.find('m').map_or(code.len(), |end| end + 1);
                let (code, after) = code.split_at(end);
                out.push(b'\x1b');
                out.extend_from_slice(code.as_bytes());
                rest = after.chars();
                continue;
            }
            '\t' => 8 - column % 8,
            c => c.width().unwrap_or(0),
        };
        if column + columns > width {
            // Rather between two words, if one begins near the edge.
            let margin = gutter.len() + indent.min(width / 3);
            let word = gap.filter(|(_, end)| {
                let length = column - end;
                c != ' ' && length <= LONGEST_WORD && margin + length + columns <= width
            });
            let moved = match word {
                Some((at, _)) => out.split_off(at),
                None => Vec::new(),
            };
            if !moved.is_empty() {
                while out.last() == Some(&b' ') {
                    out.pop();
                }
            }
            out.push(b'\n');
            out.extend(std::iter::repeat_n(b' ', margin));
            out.extend_from_slice(&moved);
            column = margin + word.map_or(0, |(_, end)| column - end);
            gap = None;
            if c == ' ' {
                continue;
            }
        }
        column += columns;
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        match c {
            ' ' if column == indent + 1 => indent = column,
            ' ' => gap = Some((out.len(), column)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::wrap;
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    fn wrapped(text: &str, width: usize) -> String {
        let mut out = b"before".to_vec();
        out.extend_from_slice(text.as_bytes());
        wrap(&mut out, 6, width, "  ");
        String::from_utf8(out).unwrap().split_off(6)
    }

    #[test]
    fn a_long_line_goes_on_behind_the_gutter() {
        assert_eq!(wrapped("short\nlines\n", 12), "short\nlines\n");
        assert_eq!(wrapped("123456789012\n", 12), "123456789012\n");
        assert_eq!(
            wrapped("  1234567890abcdefghijKLM\nx\n", 12),
            "  1234567890\n    abcdefgh\n    ijKLM\nx\n"
        );
        assert_eq!(wrapped("  12345 6789 abc\n", 12), "  12345 6789\n    abc\n");
        assert_eq!(wrapped("  12345   67890\n", 12), "  12345\n    67890\n");
        // Two columns each.
        assert_eq!(wrapped("日本語日本語日\n", 12), "日本語日本語\n  日\n");
        assert_eq!(
            wrapped("\x1b[31m123456789012\x1b[0m34\n", 12),
            "\x1b[31m123456789012\x1b[0m\n  34\n"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_screen_and_nothing_is_lost(text in "([a-z ]|日|\n){0,300}", width in 11usize..60) {
            let shown = wrapped(&text, width);
            for line in shown.lines() {
                prop_assert!(line.width() <= width);
            }
            let letters = |text: &str| text.replace([' ', '\n'], "");
            prop_assert_eq!(letters(&shown), letters(&text));
        }
    }
}
