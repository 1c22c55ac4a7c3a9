//! Pasted secrets: removes quotes and white space that copying added, and names what is broken in a key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Pairs of quotation marks around a value in a settings file, or as a word processor sets them.
const QUOTES: [(char, char); 7] = [
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('\u{201c}', '\u{201d}'),
    ('\u{2018}', '\u{2019}'),
    ('\u{201e}', '\u{201c}'),
    ('\u{ab}', '\u{bb}'),
];

const BEGIN: &str = "-----BEGIN ";

/// First characters of base64 DER keys that are recognised: P-256, RSA and Ed25519, public and private.
const DER: [&str; 8] = [
    "MFkwEwYHKoZIzj0CAQ",
    "MIGHAgEAMBMGByqGSM49",
    "MHcCAQEE",
    "MIGfMA0GCSqGSIb3DQEB",
    "MIIBIjANBgkqhkiG9w0B",
    "MIICIjANBgkqhkiG9w0B",
    "MCowBQYDK2Vw",
    "MC4CAQAwBQYDK2Vw",
];

/// Text of a secret without a byte order mark, white space and surrounding quotes; PEM and base64 DER get their line
/// breaks back.
pub fn unwrapped(text: &str) -> String {
    let mut text = trimmed(text);
    // A value may be quoted for a settings file and once more for a shell.
    for _ in 0..3 {
        match unquoted(text) {
            Some(inside) => text = trimmed(inside),
            None => break,
        }
    }
    if text.contains(BEGIN) {
        return pem_in_lines(text);
    }
    let solid = without_breaks(text);
    if DER.iter().any(|start| solid.starts_with(start)) {
        return solid;
    }
    text.to_owned()
}

fn trimmed(text: &str) -> &str {
    let invisible = |c: char| {
        c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}')
    };
    let mut text = text.trim_matches(invisible);
    while let Some(rest) = text
        .strip_suffix("\\n")
        .or_else(|| text.strip_suffix("\\r"))
    {
        text = rest.trim_end_matches(invisible);
    }
    text
}

fn unquoted(text: &str) -> Option<&str> {
    QUOTES.iter().find_map(|(open, close)| {
        let inside = text.strip_prefix(*open)?.strip_suffix(*close)?;
        Some(inside)
    })
}

/// Replaces spelled-out line breaks (`\n`, `\r\n`) with real ones.
fn with_breaks(text: &str) -> String {
    text.replace("\\\\n", "\n")
        .replace("\\r\\n", "\n")
        .replace("\\n", "\n")
        .replace("\\r", "\n")
}

fn without_breaks(text: &str) -> String {
    with_breaks(text).split_whitespace().collect()
}

/// PEM blocks with proper line breaks, without the text around them. A truncated PEM stays as it is.
fn pem_in_lines(text: &str) -> String {
    let text = with_breaks(text);
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(block) = PemBlock::first(rest) {
        out += &block.written();
        rest = block.rest;
    }
    if out.is_empty() || rest.contains(BEGIN) {
        return text;
    }
    out
}

/// One block of a PEM file.
struct PemBlock<'a> {
    label: &'a str,
    inside: &'a str,
    rest: &'a str,
}

impl<'a> PemBlock<'a> {
    fn first(text: &'a str) -> Option<PemBlock<'a>> {
        let (_, after) = text.split_once(BEGIN)?;
        let (label, after) = after.split_once("-----")?;
        let (inside, rest) = after.split_once(&format!("-----END {label}-----"))?;
        Some(PemBlock {
            label,
            inside,
            rest,
        })
    }

    fn written(&self) -> String {
        let PemBlock { label, inside, .. } = self;
        // An encrypted key has headers, each in a line of its own.
        let lines = if inside.contains(':') {
            format!("{}\n", inside.trim())
        } else {
            let solid: Vec<char> = inside.split_whitespace().flat_map(str::chars).collect();
            let lines = solid.chunks(64).map(|line| line.iter().collect::<String>());
            lines.map(|line| line + "\n").collect()
        };
        format!("{BEGIN}{label}-----\n{lines}-----END {label}-----\n")
    }
}

/// Finds the PEM block with this label, formatted as in a file.
pub(crate) fn block(text: &str, label: &str) -> Option<String> {
    let mut rest = text;
    while let Some(block) = PemBlock::first(rest) {
        if block.label == label {
            return Some(block.written());
        }
        rest = block.rest;
    }
    None
}

/// Reason why a text that begins like a key (PEM, base64 DER, a known prefix) is unusable. `is_key` tells if a text
/// holds a usable key.
pub(crate) fn broken(text: &str, is_key: impl Fn(&str) -> bool) -> Option<String> {
    let ends = |c: char| QUOTES.iter().any(|(open, close)| c == *open || c == *close);
    let bare = text.trim_matches(ends);
    if bare.len() != text.len() && is_announced(bare) {
        return Some("it has a quotation mark at one end only".into());
    }
    if let Some((name, value)) = text.split_once('=')
        && !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b' ')
        && is_announced(value.trim_matches(ends))
    {
        return Some("it begins with a name and `=`; give the value alone".into());
    }
    if text.contains(BEGIN) {
        return (!is_key(text)).then(|| broken_pem(text));
    }
    if ["KEY-", "CERTIFICATE-"]
        .iter()
        .any(|end| text.contains(end))
        && text.contains("BEGIN ")
    {
        return Some(
            "it looks like a PEM, but its first line does not have five hyphens on each side"
                .into(),
        );
    }
    if let Some(start) = DER.iter().find(|start| text.starts_with(*start)) {
        let fault = not_base64(text).unwrap_or_else(|| "it is truncated or changed".into());
        return (!is_key(text))
            .then(|| format!("it begins as a key does (`{start}`), but {fault}"));
    }
    let base64 = ["whsec_", "whpk_", "whsk_"]
        .iter()
        .find_map(|start| Some((*start, text.strip_prefix(start)?)));
    let (start, rest) = base64?;
    if rest.is_empty() {
        return Some(format!("nothing follows `{start}`"));
    }
    // Some providers issue texts that begin so without being base64: only letters, digits, `-` and `_`.
    let is_text = rest
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if start == "whsec_" && is_text && rest.contains(['-', '_']) {
        return None;
    }
    not_base64(rest)
        .map(|fault| format!("the part after `{start}` is not base64: {fault}"))
        .or_else(|| {
            (start != "whsec_" && !is_key(text)).then(|| {
                format!("the part after `{start}` does not have the length of an Ed25519 key")
            })
        })
}

fn is_announced(text: &str) -> bool {
    text.starts_with(BEGIN.trim_end())
        || ["whsec_", "whpk_", "whsk_"]
            .iter()
            .chain(&DER)
            .any(|start| text.starts_with(start))
}

fn broken_pem(text: &str) -> String {
    let label = text
        .split_once(BEGIN)
        .and_then(|(_, rest)| rest.split_once("-----"))
        .map(|(label, _)| label);
    let Some(label) = label else {
        return "the first line of its PEM is truncated".into();
    };
    // The message shows a label, never a part of a key.
    let label = match label.len() {
        1..=40 if label.bytes().all(|b| b.is_ascii_uppercase() || b == b' ') => label,
        _ => return "the first line of its PEM is damaged".into(),
    };
    let Some(block) = PemBlock::first(text) else {
        return format!("its PEM is truncated: `-----END {label}-----` is missing");
    };
    match label {
        "ENCRYPTED PRIVATE KEY" => return ENCRYPTED.into(),
        _ if block.inside.contains("ENCRYPTED") => return ENCRYPTED.into(),
        "OPENSSH PRIVATE KEY" => {
            return "it is an OpenSSH key; `ssh-keygen -p -m PKCS8 -f FILE` converts it to PEM"
                .into();
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
            return "it is a certificate signing request, not a key".into();
        }
        _ => {}
    }
    let solid: String = block.inside.split_whitespace().collect();
    match not_base64(&solid) {
        Some(fault) => format!("the content of its PEM ({label}) is not base64: {fault}"),
        None => format!(
            "its PEM ({label}) contains no P-256, Ed25519 or RSA key; it may be truncated, or have another curve"
        ),
    }
}

const ENCRYPTED: &str =
    "the private key is encrypted; `openssl pkey -in FILE -out PLAIN` asks for its passphrase";

/// Reason why a text is not base64; never quotes the text.
pub(crate) fn not_base64(text: &str) -> Option<String> {
    let bare = text.trim_end_matches('=');
    if bare.is_empty() {
        return Some("it is empty".into());
    }
    let is_digit = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    if let Some((at, c)) = bare.chars().enumerate().find(|(_, c)| !is_digit(*c)) {
        let what = match c {
            '-' | '_' => "belongs to the URL-safe alphabet",
            c if c.is_whitespace() => "is white space",
            '\u{2026}' | '.' => "is a dot: it was shortened for display",
            '*' | '\u{2022}' => "is a star: it was hidden for display",
            _ => "is not in the base64 alphabet",
        };
        return Some(format!("character {} {what}", at + 1));
    }
    if bare.len() % 4 == 1 || text.len() - bare.len() > 2 {
        return Some(format!(
            "its length of {} characters is impossible: it is truncated",
            bare.len()
        ));
    }
    STANDARD_NO_PAD
        .decode(bare)
        .is_err()
        .then(|| "its last character is impossible: it is truncated".into())
}

/// Reason why a text is not hexadecimal; never quotes the text.
pub(crate) fn not_hex(text: &str) -> Option<String> {
    let odd = text.chars().position(|c| !c.is_ascii_hexdigit());
    match odd {
        Some(at) => Some(format!("character {} is not a hexadecimal digit", at + 1)),
        None if text.len() % 2 == 1 => Some(format!(
            "it has an odd number of digits ({}): it is truncated",
            text.len()
        )),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{broken, not_base64, not_hex, unwrapped};

    #[test]
    fn what_copying_puts_around_a_secret_is_taken_away() {
        for pasted in [
            "hunter2",
            "hunter2\n",
            "hunter2\r\n\r\n",
            "\u{feff}hunter2",
            " hunter2\t",
            "\"hunter2\"",
            "'hunter2'",
            "`hunter2`",
            "\u{201c}hunter2\u{201d}",
            "\"'hunter2'\"\n",
            "\"hunter2\\n\"",
            "\u{a0}hunter2\u{200b}",
        ] {
            assert_eq!(unwrapped(pasted), "hunter2", "{pasted:?}");
        }
        for kept in ["a\"b", "\"a", "a'", "it's", "two words"] {
            assert_eq!(unwrapped(kept), kept);
        }
    }

    #[test]
    fn a_pem_gets_its_lines_back() {
        let inside = "A".repeat(70);
        let lines = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n",
            "A".repeat(64),
            "A".repeat(6)
        );
        let one = format!("-----BEGIN PUBLIC KEY-----{inside}-----END PUBLIC KEY-----");
        for pasted in [
            lines.clone(),
            lines.replace('\n', "\\n"),
            lines.replace('\n', "\\r\\n"),
            lines.replace('\n', " "),
            lines.replace('\n', "\r\n"),
            lines.replace('\n', "\n    "),
            format!("\"{}\"", lines.replace('\n', "\\n")),
            format!("'{}'", lines.replace('\n', "\\\\n")),
            format!("subject=CN = x\n{one}"),
            one,
        ] {
            assert_eq!(unwrapped(&pasted), lines, "{pasted:?}");
        }
    }

    #[test]
    fn what_says_that_it_is_a_key_and_is_none_is_named() {
        let none = |_: &str| false;
        for (text, named) in [
            (
                "-----BEGIN PUBLIC KEY-----\nMFk",
                "`-----END PUBLIC KEY-----` is missing",
            ),
            ("-----BEGIN PUB", "is truncated"),
            (
                "-----BEGIN X-----\nM!\n-----END X-----\n",
                "character 2 is not in",
            ),
            (
                "-----BEGIN X-----\nMMMM\n-----END X-----\n",
                "contains no P-256",
            ),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMMMM\n-----END ENCRYPTED PRIVATE KEY-----\n",
                "encrypted",
            ),
            ("----BEGIN PUBLIC KEY----", "five hyphens"),
            ("whsec_", "nothing follows"),
            ("whsec_abc\u{2026}", "shortened for display"),
            ("whsec_abcde", "truncated"),
            ("whpk_AAAA", "does not have the length"),
            ("\"whsec_YWJj", "one end"),
            ("RESEND_SECRET=whsec_YWJj", "a name and `=`"),
            ("MFkwEwYHKoZIzj0CAQYIKoZI", "truncated"),
        ] {
            let why = broken(text, none).unwrap_or_default();
            assert!(why.contains(named), "{text}: {why}");
        }
        for fine in [
            "hunter2",
            "whsec_YWJj",
            "whsec_webhook-cli_test",
            "key-123",
            "user:a=b",
        ] {
            assert_eq!(broken(fine, none), None, "{fine}");
        }
    }

    #[test]
    fn no_character_of_a_secret_is_told() {
        assert_eq!(
            not_base64("ab!d").unwrap(),
            "character 3 is not in the base64 alphabet"
        );
        assert_eq!(not_base64("YWI="), None);
        assert_eq!(
            not_hex("0az").unwrap(),
            "character 3 is not a hexadecimal digit"
        );
        assert!(not_hex("0ab").unwrap().contains("odd"));
        assert_eq!(not_hex("0aB1"), None);
    }
}
