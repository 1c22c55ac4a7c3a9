//! Content transfer encodings (RFC 2045) and charsets. Decoding never fails: what is invalid is skipped or replaced.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use charset::Charset;

/// Base64 as mail programs write it, with padding or without.
static LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Bytes of a body, its transfer encoding removed.
pub fn transfer_decoded<'a>(body: &'a [u8], encoding: &str) -> Cow<'a, [u8]> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "base64" => Cow::Owned(base64_decoded(body)),
        "quoted-printable" => Cow::Owned(quoted_printable(body)),
        _ => Cow::Borrowed(body),
    }
}

/// Decodes base64 with line ends in it; it ends at the first padding, and other characters are skipped.
pub fn base64_decoded(text: &[u8]) -> Vec<u8> {
    valid_base64(text).unwrap_or_else(|| any_base64(text))
}

/// Bytes of base64 that are decoded at once; a multiple of four.
const CHUNK: usize = 32 << 10;

/// Decodes base64 in lines that hold nothing else; none if they do. A large file takes the memory of its content only.
fn valid_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut digits = Vec::with_capacity(CHUNK);
    let mut is_padded = false;
    let mut decode = |digits: &[u8]| {
        let before = out.len();
        // Padding ends the content.
        if std::mem::replace(&mut is_padded, true) {
            return None;
        }
        LENIENT.decode_vec(digits, &mut out).ok()?;
        is_padded = out.len() - before < digits.len() / 4 * 3 || !digits.len().is_multiple_of(4);
        Some(())
    };
    for line in lines(text) {
        let mut rest = line;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(CHUNK - digits.len()));
            digits.extend_from_slice(now);
            rest = later;
            if digits.len() == CHUNK {
                decode(&digits)?;
                digits.clear();
            }
        }
    }
    if !digits.is_empty() {
        decode(&digits)?;
    }
    Some(out)
}

/// Lines without their ends.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let now = rest?;
        let (line, later) = match memchr::memchr(b'\n', now) {
            Some(at) => (now.get(..at)?, now.get(at + 1..)),
            None => (now, None),
        };
        rest = later;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// Decodes base64 with anything in it.
fn any_base64(text: &[u8]) -> Vec<u8> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut digits = Vec::with_capacity(text.len());
    for line in lines(text) {
        if line.iter().all(is_digit) {
            digits.extend_from_slice(line);
            continue;
        }
        let end = line.iter().position(|byte| *byte == b'=');
        let inside = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
        digits.extend(inside.iter().filter(|byte| is_digit(byte)));
        if end.is_some() {
            break;
        }
    }
    // A single digit at the end holds no byte.
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    LENIENT.decode(&digits).unwrap_or_default()
}

/// Decodes quoted-printable; an escape that is none stays as it is.
pub fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (before, escape) = rest.split_at(at);
        out.extend_from_slice(before);
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        rest = match escape {
            [_, b'\r', b'\n', rest @ ..] | [_, b'\n', rest @ ..] => rest,
            [_, high, low, rest @ ..] => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => {
                    out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                    rest
                }
                _ => literal(&mut out, escape),
            },
            _ => literal(&mut out, escape),
        };
    }
    out.extend_from_slice(rest);
    out
}

/// Keeps an equals sign that begins no escape.
fn literal<'a>(out: &mut Vec<u8>, escape: &'a [u8]) -> &'a [u8] {
    out.push(b'=');
    escape.get(1..).unwrap_or_default()
}

/// Text in a charset; without a known one, in UTF-8 if it is that, else in windows-1252.
pub fn charset_decoded<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    let charset = label.and_then(|label| Charset::for_label(label.trim().as_bytes()));
    match charset.or_else(|| Charset::for_label(b"windows-1252")) {
        // ASCII is a part of UTF-8, and mails that are called ASCII often are UTF-8.
        Some(_) | None if std::str::from_utf8(bytes).is_ok() && is_ascii_or_unknown(label) => {
            String::from_utf8_lossy(bytes)
        }
        Some(charset) => charset.decode_without_bom_handling(bytes).0,
        None => charset::decode_latin1(bytes),
    }
}

fn is_ascii_or_unknown(label: Option<&str>) -> bool {
    let label = label.map(|label| label.trim().to_ascii_lowercase());
    match label.as_deref() {
        None | Some("" | "us-ascii" | "ascii" | "utf-8" | "utf8") => true,
        Some(label) => Charset::for_label(label.as_bytes()).is_none(),
    }
}

/// True if this program can decode the charset.
pub fn is_known_charset(label: &str) -> bool {
    Charset::for_label(label.trim().as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::{any_base64, base64_decoded, charset_decoded, quoted_printable, valid_base64};

    #[test]
    fn encodings_are_removed_and_faults_are_survived() {
        assert_eq!(
            quoted_printable(b"Gr=C3=BC=\r\nn=3D=3d =zz ="),
            "Gr\u{fc}n== =zz =".as_bytes()
        );
        assert_eq!(base64_decoded(b"YWJ\r\nj ZA\r\n==\r\nZZZ"), b"abcd");
        assert_eq!(base64_decoded(b"YWJjZ"), b"abc");
        assert_eq!(base64_decoded(b"!"), b"");
    }

    #[test]
    fn valid_base64_is_decoded_like_any_other() {
        let content: Vec<u8> = (0..100_000u32).map(|at| (at * 7 / 3) as u8).collect();
        for length in [0, 1, 2, 3, 57, 24_575, 24_576, 24_577, 49_152, 99_999] {
            let text = STANDARD.encode(&content[..length]);
            for width in [4, 76, 100_000] {
                let lines: Vec<&[u8]> = text.as_bytes().chunks(width).collect();
                for end in [&b"\r\n"[..], b"\n"] {
                    let mut text = lines.join(end);
                    assert_eq!(valid_base64(&text).as_deref(), Some(&content[..length]));
                    assert_eq!(any_base64(&text), content[..length]);
                    text.extend_from_slice(end);
                    assert_eq!(base64_decoded(&text), content[..length]);
                    text.extend_from_slice(b"QUJD");
                    let is_padded = length % 3 != 0;
                    assert_eq!(base64_decoded(&text), any_base64(&text));
                    assert_eq!(valid_base64(&text).is_none(), is_padded, "{length}");
                }
            }
        }
    }

    #[test]
    fn a_text_is_decoded_in_its_charset() {
        for (bytes, label, wanted) in [
            (&b"5 \x80"[..], Some("windows-1252"), "5 \u{20ac}"),
            (b"5 \x80", None, "5 \u{20ac}"),
            ("\u{20ac}".as_bytes(), Some("us-ascii"), "\u{20ac}"),
            ("\u{e9}".as_bytes(), Some("iso-8859-1"), "\u{c3}\u{a9}"),
            ("\u{e9}".as_bytes(), Some("x-unknown"), "\u{e9}"),
        ] {
            assert_eq!(charset_decoded(bytes, label), wanted, "{label:?}");
        }
    }
}
