//! Names under which received files are saved: harmless on every system, whatever the sender called them.

use std::borrow::Cow;

/// Longest file name in bytes; all common file systems allow it.
const LONGEST: usize = 255;

/// Names that Windows reserves for devices, with any extension.
const DEVICES: [&str; 24] = [
    "con", "prn", "aux", "nul", "conin$", "conout$", "com1", "com2", "com3", "com4", "com5",
    "com6", "com7", "com8", "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8",
    "lpt9",
];

/// Safe name for an attachment, the `number`th of its mail (from 1): the last step of a path, without characters that
/// are invisible or have a meaning in paths. What is left empty is called `attachment-N`.
pub fn safe_name(given: Option<&str>, number: usize) -> String {
    let given = given.unwrap_or_default();
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| is_harmless(*c)).collect();
    let trimmed = kept.trim_end_matches(is_dot_or_blank).trim_start();
    let stem = trimmed.split('.').next().unwrap_or_default().trim_end();
    let digits = stem.replace(['\u{b9}', '\u{b2}', '\u{b3}'], "1");
    let is_device = DEVICES.iter().any(|name| digits.eq_ignore_ascii_case(name));
    let name = match trimmed {
        // No hidden files, and none that are options of a command.
        _ if is_device => format!("_{trimmed}"),
        name if name.chars().all(|c| c == '.') => format!("attachment-{number}"),
        name if name.starts_with(['.', '-', '~']) => format!("_{name}"),
        name => name.to_owned(),
    };
    shortened(&name, LONGEST)
}

/// Name with a number before its extension, where a file of that name exists: `scan-2.pdf`.
pub fn numbered(name: &str, number: usize) -> String {
    let (stem, extension) = split(name);
    let suffix = format!("-{number}{extension}");
    format!(
        "{}{suffix}",
        cut(stem, LONGEST.saturating_sub(suffix.len()))
    )
}

/// True for what a file name may not end with on every system. Wide and unbreakable blanks are blanks, too.
fn is_dot_or_blank(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

/// True for a character that a file name may have on every system, and that can be seen.
fn is_harmless(c: char) -> bool {
    let is_invisible = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}');
    // Look like separators, and are shown as such.
    let is_lookalike = matches!(
        c,
        '\u{2044}' | '\u{2215}' | '\u{29f8}' | '\u{ff0f}' | '\u{ff3c}'
    );
    let is_reserved = matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '/' | '\\');
    !(c.is_control() || is_invisible || is_lookalike || is_reserved)
}

/// Name of at most so many bytes; the extension stays.
fn shortened(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let stem = cut(stem, most.saturating_sub(extension.len()));
    format!("{}{extension}", stem.trim_end_matches(is_dot_or_blank))
}

/// Stem and extension with its dot; a long extension is none.
fn split(name: &str) -> (&str, Cow<'_, str>) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 16 => {
            let (stem, extension) = name.split_at(at);
            (stem, extension.into())
        }
        _ => (name, "".into()),
    }
}

/// Beginning of a text, of at most so many bytes.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{numbered, safe_name};

    #[test]
    fn names_are_made_safe() {
        for (given, wanted) in [
            ("scan.pdf", "scan.pdf"),
            ("Rechnung M\u{e4}rz.pdf", "Rechnung M\u{e4}rz.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\evil.exe", "evil.exe"),
            ("..", "attachment-3"),
            ("/", "attachment-3"),
            ("", "attachment-3"),
            (" . . ", "attachment-3"),
            ("scan\u{3000}.\u{a0}", "scan"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("com\u{b9}.log", "_com\u{b9}.log"),
            ("a\0b\u{202e}fdp.exe", "abfdp.exe"),
            ("a\u{200b}b", "ab"),
            ("name. ", "name"),
            (".bashrc", "_.bashrc"),
            ("-rf", "_-rf"),
            ("a:b|c?.txt", "abc.txt"),
        ] {
            assert_eq!(safe_name(Some(given), 3), wanted, "{given:?}");
        }
        assert_eq!(safe_name(None, 1), "attachment-1");
        let long = safe_name(Some(&format!("{}.pdf", "\u{e4}".repeat(300))), 1);
        assert!(long.len() <= 255 && long.ends_with("\u{e4}.pdf"));
        assert_eq!(numbered("scan.pdf", 2), "scan-2.pdf");
        assert_eq!(numbered("scan", 2), "scan-2");
        assert!(numbered(&long, 10).len() <= 255);
    }

    proptest! {
        #[test]
        fn any_name_is_one_step_of_a_path(given: String, number in 2usize..9999) {
            for name in [safe_name(Some(&given), 1), numbered(&safe_name(Some(&given), 1), number)] {
                prop_assert!(!name.is_empty() && name.len() <= 255, "{name:?}");
                prop_assert!(!name.contains(['/', '\\', '\0', '\n', ':']), "{name:?}");
                prop_assert!(!name.starts_with('.') && !name.ends_with(['.', ' ']), "{name:?}");
            }
        }
    }
}
