//! Recognises the format of a body that is not JSON: an error "not JSON" about an HTML page would mislead.

use memchr::memmem;

use crate::webhook::body::multipart;

/// The byte order mark of UTF-8.
pub const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Bytes of a body that are examined.
const SAMPLE: usize = 1024;

/// Format of a body, by its bytes and then its content type; none if it begins like JSON.
pub fn other_than_json(content_type: &str, body: &[u8]) -> Option<&'static str> {
    let text = body.trim_ascii_start();
    let kind = content_type.to_ascii_lowercase();
    let sample = text.get(..text.len().min(SAMPLE)).unwrap_or_default();
    let lower = sample.to_ascii_lowercase();
    let is_html = || {
        let starts = |tag: &str| lower.starts_with(tag.as_bytes());
        starts("<!doctype html") || starts("<html") || kind.starts_with("text/html")
    };
    if body.starts_with(b"\xFF\xFE") || body.starts_with(b"\xFE\xFF") {
        return Some("UTF-16 text (it begins with that byte order mark)");
    }
    if body.starts_with(b"\x1f\x8b") {
        return Some("gzip-compressed data (and no `content-encoding` says so)");
    }
    match text {
        [] => Some("only white space"),
        [b'{' | b'[' | b'"', ..] => None,
        [b'<', ..] if is_html() => Some("HTML"),
        [b'<', ..] => Some("XML"),
        _ if multipart::sniff(body).is_some() => {
            Some("a multipart form (and `content-type` does not say so)")
        }
        _ if sample.contains(&0) || is_mostly_binary(sample) => Some("binary data"),
        _ if is_form(body) => Some("a URL-encoded form (and `content-type` does not say so)"),
        _ if kind.starts_with("multipart/") => Some("a message of several parts"),
        _ if is_number_or_word(text) => None,
        _ => Some("plain text"),
    }
}

fn is_mostly_binary(sample: &[u8]) -> bool {
    let invalid: usize = sample
        .utf8_chunks()
        .map(|chunk| chunk.invalid().len())
        .sum();
    let controls = sample
        .iter()
        .filter(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
    (invalid + controls.count()) * 10 > sample.len()
}

/// Returns true if a body begins with pairs of names and values, without anything that should be escaped in them.
pub fn is_form(body: &[u8]) -> bool {
    let text = body.trim_ascii_start();
    let sample = text.get(..text.len().min(SAMPLE)).unwrap_or_default();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"=&%+-._*~[]@".contains(byte);
    let end = sample.trim_ascii_end();
    let name = end.split(|byte| *byte == b'=').next();
    end.iter().all(is_plain)
        && memmem::find(end, b"=").is_some()
        && name.is_some_and(|name| !name.is_empty())
}

/// True if the text may be a JSON number, `true`, `false` or `null`, whole or truncated.
fn is_number_or_word(text: &[u8]) -> bool {
    let word = text.trim_ascii_end();
    let words = [&b"true"[..], b"false", b"null"];
    let is_number = || {
        word.iter()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte))
    };
    words.contains(&word) || is_number()
}

#[cfg(test)]
mod tests {
    use super::other_than_json;

    #[test]
    fn a_body_is_called_what_it_is() {
        for (kind, body, wanted) in [
            ("application/json", "{\"a\":", None),
            ("text/html", " [1", None),
            ("", "\"a", None),
            ("", "12.e", None),
            ("", "true\n", None),
            (
                "application/json",
                "<?xml version=\"1.0\"?><a/>",
                Some("XML"),
            ),
            ("", " <soap:Envelope>", Some("XML")),
            ("application/json", "<!DOCTYPE html><p>", Some("HTML")),
            ("text/html; charset=utf-8", "<p>hello", Some("HTML")),
            ("", "hello world", Some("plain text")),
            ("", "nulls", Some("plain text")),
            ("application/json", "undefined", Some("plain text")),
            ("", " \r\n", Some("only white space")),
            (
                "",
                "a=1&b=%20",
                Some("a URL-encoded form (and `content-type` does not say so)"),
            ),
            ("", "a = 1", Some("plain text")),
            (
                "",
                "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--",
                Some("a multipart form (and `content-type` does not say so)"),
            ),
            (
                "multipart/mixed; boundary=x",
                "--x\r\n\r\n--x--",
                Some("a message of several parts"),
            ),
            ("", "%PDF-1.7\n\0", Some("binary data")),
        ] {
            assert_eq!(other_than_json(kind, body.as_bytes()), wanted, "{body}");
        }
        for (body, wanted) in [
            (
                &b"\x1f\x8b\x08"[..],
                "gzip-compressed data (and no `content-encoding` says so)",
            ),
            (
                b"\xFF\xFE{\0",
                "UTF-16 text (it begins with that byte order mark)",
            ),
            (b"\x89PNG\x80\x81", "binary data"),
        ] {
            assert_eq!(other_than_json("", body), Some(wanted));
        }
    }
}
