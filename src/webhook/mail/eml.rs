//! Messages in files (`.eml`): what is no message is told, and line ends are made those of SMTP.

use bytes::Bytes;

use crate::webhook::mail::mail_header::{HeaderBlock, MailHeader};

/// Fields of which a message has at least one; other texts may have lines that look like fields.
const USUAL_FIELDS: [&str; 12] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "received",
    "return-path",
    "delivered-to",
    "reply-to",
    "mime-version",
    "content-type",
];

/// Reads the bytes of a file as a message that a mail server would accept; the error tells what is wrong. Line feeds
/// alone become CRLF, as mail programs send them.
pub fn message_bytes(file: Bytes) -> Result<Bytes, String> {
    if file.trim_ascii().is_empty() {
        return Err("it is empty".into());
    }
    if let Some(at) = memchr::memchr(0, &file) {
        return Err(format!(
            "it has a NUL byte at offset {at}, which no mail server accepts"
        ));
    }
    if let Some(at) = bare_return(&file) {
        return Err(format!(
            "it has a carriage return without a line feed at offset {at}, which no mail server accepts"
        ));
    }
    // Mailboxes in files begin each message with a line like `From ada@example.org Fri Jan  2 00:00:00 2026`.
    let file = match file.strip_prefix(b"From ") {
        Some(rest) => {
            let end = memchr::memchr(b'\n', rest).map_or(file.len(), |at| at + 6);
            file.slice(end..)
        }
        None => file,
    };
    let block = HeaderBlock::read(&file, |_| false);
    let is_known = |field: &MailHeader| USUAL_FIELDS.iter().any(|name| field.is(name));
    if !block.fields.iter().any(is_known) {
        return Err("it is no email message: it does not begin with header fields".into());
    }
    Ok(with_crlf(file))
}

/// Offset of a carriage return that no line feed follows.
fn bare_return(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\r', bytes).find(|at| bytes.get(at + 1) != Some(&b'\n'))
}

/// Bytes with CRLF in place of line feeds alone.
fn with_crlf(bytes: Bytes) -> Bytes {
    let is_bare = |at: &usize| at.checked_sub(1).and_then(|at| bytes.get(at)) != Some(&b'\r');
    let bare = memchr::memchr_iter(b'\n', &bytes).filter(is_bare).count();
    if bare == 0 {
        return bytes;
    }
    let mut out = Vec::with_capacity(bytes.len() + bare);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) if !text.ends_with(b"\r") => {
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            _ => out.extend_from_slice(line),
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::message_bytes;

    #[test]
    fn a_file_that_is_no_message_is_told() {
        for (file, wanted) in [
            (&b""[..], "empty"),
            (b" \r\n\r\n", "empty"),
            (b"A: b\n\n\0", "NUL byte at offset 6"),
            (b"A: b\rC: d\r\n", "carriage return"),
            (b"{\"a\": 1}", "no email message"),
            (b"\x89PNG\r\n\x1a\n", "no email message"),
            (b"hello\nworld\n", "no email message"),
        ] {
            let said = message_bytes(bytes::Bytes::from_static(file)).unwrap_err();
            assert!(said.contains(wanted), "{said}");
        }
    }

    #[test]
    fn line_feeds_become_those_of_smtp() {
        for (file, wanted) in [
            ("To: b\n\nc\r\nd", "To: b\r\n\r\nc\r\nd"),
            ("From ada Fri\nTo: b\n\n", "To: b\r\n\r\n"),
            ("To: b\r\n", "To: b\r\n"),
        ] {
            assert_eq!(message_bytes(file.into()).unwrap(), wanted);
        }
    }
}
