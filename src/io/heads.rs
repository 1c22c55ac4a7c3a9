//! Request heads of a connection as they were received. hyper keeps header fields in a map, which lowers the case of
//! names and groups repeated fields; forwarded and recorded requests keep the order and spelling of the sender.
//!
//! The parser follows the byte stream only far enough to find where each head begins and ends. When it loses track, the
//! fields are used as hyper gives them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::webhook::Headers;

/// Longest head kept, in bytes; hyper rejects longer ones.
const LONGEST: usize = 128 << 10;
/// Bytes kept of a request line: enough for its method.
const BEGUN: usize = 16;
/// Most heads kept for pipelined requests that hyper has not returned yet.
const WAITING: usize = 4096;

/// Parser that reads the bytes of an HTTP/1 connection along with hyper.
#[derive(Default)]
pub(crate) struct Heads(Mutex<HeadParser>);

#[derive(Default)]
struct HeadParser {
    at: ParserPosition,
    /// Bytes of the current head received so far.
    head: Vec<u8>,
    /// Complete heads whose requests hyper has not returned yet.
    whole: VecDeque<ReceivedHead>,
}

/// Complete head.
struct ReceivedHead {
    /// Beginning of the request line.
    begun: [u8; BEGUN],
    /// Field names, each with a colon after it.
    names: Vec<u8>,
}

/// Parser position within a request.
#[derive(Clone, Copy, Default)]
enum ParserPosition {
    #[default]
    Head,
    /// In a body, with this many bytes left.
    Body(u64),
    /// In a chunk size line: the size so far, and true once its last digit was read.
    Size(u64, bool),
    /// In a chunk, with this many bytes left, including its line break.
    Chunk(u64),
    /// In the trailer, in a line of this many bytes so far.
    Trailer(u64),
    /// Framing unknown: the rest of the connection is ignored.
    Lost,
}

impl Heads {
    /// Parses the next bytes received.
    pub(super) fn read(&self, mut bytes: &[u8]) {
        let mut parser = self.lock();
        while !bytes.is_empty() {
            let taken = parser.take(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// Restores the order and spelling of names from the next head in the fields that hyper parsed.
    pub(super) fn arrange(&self, method: &str, fields: Headers) -> Headers {
        let mut parser = self.lock();
        let Some(head) = parser.whole.pop_front() else {
            return fields;
        };
        drop(parser);
        let mut begin = method.bytes().chain([b' ']).zip(head.begun);
        match begin.all(|(wanted, received)| wanted == received) {
            true => fields.arranged(&head.names),
            false => fields,
        }
    }

    /// First bytes of the oldest head whose request hyper has not returned.
    pub(super) fn begun(&self) -> Vec<u8> {
        let parser = self.lock();
        let begun = parser.whole.front().map(|head| &head.begun[..]);
        let begun = begun.unwrap_or(&parser.head);
        begun.get(..BEGUN).unwrap_or(begun).to_vec()
    }

    fn lock(&self) -> MutexGuard<'_, HeadParser> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeadParser {
    /// Parses some of the bytes, and returns how many.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let up_to = |left: u64| usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let byte = bytes.first().copied().unwrap_or_default();
        match self.at {
            ParserPosition::Lost => bytes.len(),
            ParserPosition::Head => self.take_head(bytes),
            ParserPosition::Body(left) => {
                let taken = up_to(left);
                self.at = match left - taken as u64 {
                    0 => ParserPosition::Head,
                    left => ParserPosition::Body(left),
                };
                taken
            }
            ParserPosition::Chunk(left) => {
                let taken = up_to(left);
                self.at = match left - taken as u64 {
                    0 => ParserPosition::Size(0, false),
                    left => ParserPosition::Chunk(left),
                };
                taken
            }
            ParserPosition::Size(size, is_read) => {
                let digit = char::from(byte).to_digit(16).map(u64::from);
                self.at = match (byte, digit) {
                    (b'\n', _) if size == 0 => ParserPosition::Trailer(0),
                    // A chunk ends with a line break.
                    (b'\n', _) => ParserPosition::Chunk(size.saturating_add(2)),
                    (_, Some(digit)) if !is_read => match size.checked_mul(16) {
                        Some(size) => ParserPosition::Size(size | digit, false),
                        None => ParserPosition::Lost,
                    },
                    _ => ParserPosition::Size(size, true),
                };
                1
            }
            ParserPosition::Trailer(length) => {
                self.at = match byte {
                    b'\n' if length == 0 => ParserPosition::Head,
                    b'\n' => ParserPosition::Trailer(0),
                    b'\r' => ParserPosition::Trailer(length),
                    _ => ParserPosition::Trailer(length + 1),
                };
                1
            }
        }
    }

    fn take_head(&mut self, bytes: &[u8]) -> usize {
        // Empty lines before a request are ignored (RFC 9112, 2.2).
        if self.head.is_empty() && matches!(bytes.first(), Some(b'\r' | b'\n')) {
            return 1;
        }
        let known = self.head.len();
        for at in memchr::memchr_iter(b'\n', bytes) {
            let line = bytes.get(..at).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let ends_empty = match line.last() {
                Some(last) => *last == b'\n',
                None => {
                    let head = self.head.as_slice();
                    let head = match line.len() == at {
                        true => head.strip_suffix(b"\r").unwrap_or(head),
                        false => head,
                    };
                    head.last() == Some(&b'\n')
                }
            };
            if ends_empty {
                let last = bytes.get(..=at).unwrap_or_default();
                // Most heads come in one piece.
                if self.head.is_empty() {
                    self.finish(last);
                } else {
                    let mut head = std::mem::take(&mut self.head);
                    head.extend_from_slice(last);
                    self.finish(&head);
                }
                return at + 1;
            }
        }
        if known + bytes.len() > LONGEST {
            self.at = ParserPosition::Lost;
        }
        self.head.extend_from_slice(bytes);
        bytes.len()
    }

    /// Keeps the names of a complete head, and goes to what follows it.
    fn finish(&mut self, head: &[u8]) {
        let mut names = Vec::with_capacity(head.len() / 2);
        let mut next = ParserPosition::Head;
        for (name, value) in fields(head) {
            names.extend_from_slice(name);
            names.push(b':');
            next = next.after_field(name, value);
        }
        self.at = match next {
            _ if self.whole.len() >= WAITING => ParserPosition::Lost,
            ParserPosition::Body(0) => ParserPosition::Head,
            next => next,
        };
        let mut begun = [0; BEGUN];
        for (to, from) in begun.iter_mut().zip(head) {
            *to = *from;
        }
        self.whole.push_back(ReceivedHead { begun, names });
    }
}

/// Header fields of a head: its lines after the first.
fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines(head).skip(1).filter_map(|line| {
        let at = memchr::memchr(b':', line)?;
        let (name, value) = line.split_at_checked(at)?;
        Some((name, value.get(1..)?))
    })
}

/// Lines of a head, each without its line feed.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut begin = 0;
    memchr::memchr_iter(b'\n', head).map(move |end| {
        let line = head.get(begin..end).unwrap_or_default();
        begin = end + 1;
        line
    })
}

/// Field names of a head, each with a colon after it.
pub(super) fn names(head: &[u8]) -> Vec<u8> {
    let mut names = Vec::with_capacity(head.len() / 2);
    for (name, _) in fields(head) {
        names.extend_from_slice(name);
        names.push(b':');
    }
    names
}

impl ParserPosition {
    /// Position after a head with this field, if it was this one without the field: the framing of the body.
    fn after_field(self, name: &[u8], value: &[u8]) -> Self {
        match (self, name.len()) {
            (ParserPosition::Head | ParserPosition::Body(_), 17)
                if name.eq_ignore_ascii_case(b"transfer-encoding") =>
            {
                match value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                    true => ParserPosition::Size(0, false),
                    false => ParserPosition::Lost,
                }
            }
            (ParserPosition::Head | ParserPosition::Body(_), 14)
                if name.eq_ignore_ascii_case(b"content-length") =>
            {
                let length = std::str::from_utf8(value.trim_ascii()).ok();
                match (self, length.and_then(|length| length.parse().ok())) {
                    (ParserPosition::Head, Some(length)) => ParserPosition::Body(length),
                    (ParserPosition::Body(known), Some(length)) if known == length => self,
                    _ => ParserPosition::Lost,
                }
            }
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Heads;
    use crate::webhook::Headers;
    use http::{HeaderMap, HeaderName, HeaderValue};

    /// Field lines of each request of a stream that arrives in pieces of `size` bytes.
    fn arranged(
        stream: &[u8],
        size: usize,
        fields: &[(&str, &str)],
        requests: usize,
    ) -> Vec<String> {
        let heads = Heads::default();
        stream.chunks(size).for_each(|piece| heads.read(piece));
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            let name = HeaderName::try_from(*name).unwrap();
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        (0..requests)
            .map(|_| {
                let headers = heads.arrange("POST", Headers::from(map.clone()));
                let fields = headers.spelled();
                let lines =
                    fields.map(|(name, value)| format!("{name}={}", value.to_str().unwrap()));
                lines.collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    #[test]
    fn names_have_their_case_and_repeated_fields_their_places() {
        let fields = [("x-a", "1"), ("X-b", "2"), ("x-a", "3")];
        let head = "POST / HTTP/1.1\r\nX-A: 1\r\nx-B:2\r\nx-a: 3\r\n";
        let bodies = [
            ("content-length: 5\r\n\r\nPOST ", ("content-length", "5")),
            (
                "Transfer-Encoding: chunked\r\n\r\n5;x=a\r\n\r\n\r\n\r\r\n00A\r\nPOST / HTT\r\n0\r\nt: 1\r\n\r\n",
                ("transfer-encoding", "chunked"),
            ),
            ("content-length: 0\r\n\r\n", ("content-length", "0")),
        ];
        for (body, (name, value)) in bodies {
            let stream = format!("{head}{body}").repeat(3);
            for size in 1..80 {
                let fields = [&fields[..], &[(name, value)]].concat();
                let told = arranged(stream.as_bytes(), size, &fields, 3);
                let spelled = if body.starts_with('T') {
                    "Transfer-Encoding"
                } else {
                    name
                };
                let wanted = format!("X-A=1 x-B=2 x-a=3 {spelled}={value}");
                assert_eq!(told, [&wanted[..]; 3], "{body} in pieces of {size}");
            }
        }
        // Line ends without a carriage return, and empty lines in front.
        let stream = b"\r\n\nPOST / HTTP/1.1\nX-A: 1\nx-B:2\nx-a: 3\n\n";
        for size in 1..20 {
            assert_eq!(arranged(stream, size, &fields, 1), ["X-A=1 x-B=2 x-a=3"]);
        }
    }

    #[test]
    fn where_it_does_not_fit_it_is_as_hyper_says() {
        let fields = [("x-a", "1"), ("x-b", "2"), ("x-a", "3")];
        let grouped = "x-a=1 x-a=3 x-b=2";
        for stream in [
            &b""[..],
            b"POST / HTTP/1.1\r\nX-A: 1\r\n",
            b"GET / HTTP/1.1\r\nX-A: 1\r\nX-B: 2\r\nX-A: 3\r\n\r\n",
            b"POST / HTTP/1.1\r\nX-A: 1\r\nX-B: 2\r\n\r\n",
            b"POST / HTTP/1.1\r\nX-A: 1\r\nX-B: 2\r\nX-A: 3\r\nX-C: 4\r\n\r\n",
        ] {
            assert_eq!(arranged(stream, 7, &fields, 1), [grouped]);
        }
    }
}
