//! Header fields of a response as the handler wrote them. hyper writes names in lower case and groups repeated fields, so its
//! head is replaced when it is written.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};

use crate::webhook::Headers;

/// End of a head.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Header fields of the next response on a connection of HTTP/1, if their names are not in lower case.
#[derive(Default)]
pub(crate) struct ResponseFields {
    is_set: AtomicBool,
    fields: Mutex<Option<Headers>>,
}

impl ResponseFields {
    /// Sets the fields of the response that is given to hyper now.
    pub(crate) fn set(&self, headers: &Headers) {
        let is_spelled = headers.has_spelling();
        if is_spelled || self.is_set() {
            let fields = is_spelled.then(|| headers.clone());
            *self.fields.lock().unwrap_or_else(PoisonError::into_inner) = fields;
            self.is_set.store(is_spelled, Relaxed);
        }
    }

    /// True if there are such fields.
    pub(crate) fn is_set(&self) -> bool {
        self.is_set.load(Relaxed)
    }

    /// Returns the head to write in place of the one that these bytes begin with, and the length of that one; none if they
    /// begin with no head, or with an interim response.
    pub(crate) fn exchange(&self, bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        let length = memchr::memmem::find(bytes, HEAD_END)? + HEAD_END.len();
        let head = bytes
            .get(..length)
            .filter(|it| !it.starts_with(b"HTTP/1.1 1"))?;
        self.is_set.store(false, Relaxed);
        let fields = self
            .fields
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()?;
        Some((rewritten(head, &fields), length))
    }
}

/// Writes a head with these fields in their case and order, followed by those that hyper added.
fn rewritten(head: &[u8], fields: &Headers) -> Vec<u8> {
    let mut lines = head.split_inclusive(|b| *b == b'\n');
    let mut out = lines.next().unwrap_or_default().to_vec();
    let named = |line: &[u8]| {
        let name = line.split(|b| *b == b':').next().unwrap_or_default();
        std::str::from_utf8(name).unwrap_or_default().to_owned()
    };
    let theirs: Vec<(String, &[u8])> = lines.map(|line| (named(line), line)).collect();
    // Fields of the connection are left to hyper.
    let is_hypers = |name: &str| {
        [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING]
            .iter()
            .any(|own| own == name)
            || fields.get(name).is_none()
    };
    for (spelled, value) in fields.spelled() {
        let is_there = theirs
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(spelled));
        if is_there && !is_hypers(&spelled.to_ascii_lowercase()) {
            for part in [spelled.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                out.extend_from_slice(part);
            }
        }
    }
    for (name, line) in &theirs {
        if is_hypers(name) {
            out.extend_from_slice(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::ResponseFields;
    use crate::webhook::Headers;
    use http::{HeaderName, HeaderValue};

    #[test]
    fn a_head_is_written_as_the_handler_wrote_it() {
        let mut headers = Headers::new();
        for (name, value) in [
            ("X-A", "1"),
            ("x-b", "2"),
            ("X-a", "3"),
            ("Content-Length", "9"),
            ("X-Lost", "4"),
        ] {
            headers.push_spelled(
                HeaderName::try_from(name).unwrap(),
                name,
                HeaderValue::from_static(value),
            );
        }
        let fields = ResponseFields::default();
        assert!(!fields.is_set());
        fields.set(&headers);
        assert!(fields.exchange(b"HTTP/1.1 100 Continue\r\n\r\n").is_none());
        assert!(fields.exchange(b"HTTP/1.1 200 OK\r\nx-a: 1").is_none());
        let head =
            "HTTP/1.1 200 OK\r\nx-a: 1\r\nx-a: 3\r\nx-b: 2\r\ncontent-length: 4\r\ndate: d\r\n\r\n";
        let (written, length) = fields.exchange(format!("{head}body").as_bytes()).unwrap();
        assert_eq!(length, head.len());
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-b: 2\r\nX-a: 3\r\ncontent-length: 4\r\ndate: d\r\n\r\n"
        );
        assert!(!fields.is_set() && fields.exchange(head.as_bytes()).is_none());
        // The next response is another.
        fields.set(&headers);
        fields.set(&Headers::new());
        assert!(!fields.is_set());
    }
}
