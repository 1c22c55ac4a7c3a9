//! Client of an event stream (server-sent events): reads events over one connection, and connects again with the id of
//! the last one.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::io::client::{Client, Settings};
use crate::webhook::Target;

/// Largest event, in bytes of its data; a larger one is dropped, and the stream goes on.
pub const LARGEST_EVENT: usize = 32 << 20;

/// Longest line that is no data.
const LONGEST_FIELD: usize = 8 << 10;

/// First wait before connecting again, unless the server asks for another one, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Time without a byte after which a connection is taken as dead; channels send something at least once a minute.
const IDLE: Duration = Duration::from_secs(180);

/// Event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// Type of the event; empty for the default.
    pub kind: String,
    /// Its data.
    pub data: Bytes,
}

/// Fact about a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum SseFact {
    /// The server accepted the connection.
    Connected(Option<SocketAddr>),
    /// An event has come.
    Event(SseEvent),
    /// An event was larger than allowed, and was dropped.
    TooLarge,
    /// The connection is lost, for this reason; it is opened again after this wait.
    Lost(String, Duration),
}

/// Stream of events from a URL.
pub struct SseStream {
    target: Target,
    client: Client,
    /// Connection with its body, while there is one.
    open: Option<OpenEventStream>,
    parser: SseParser,
    /// Wait before the next connection.
    wait: Option<Duration>,
    failures: u32,
}

struct OpenEventStream {
    body: Incoming,
    driver: tokio::task::JoinHandle<()>,
    rest: Bytes,
}

impl Drop for OpenEventStream {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl SseStream {
    /// Creates a stream, which connects when the first fact is asked for.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            client: Client::new(Settings::default()),
            open: None,
            parser: SseParser::default(),
            wait: None,
            failures: 0,
        }
    }

    /// Returns the next fact. It never ends: a lost connection is opened again.
    pub async fn next(&mut self) -> SseFact {
        if let Some(wait) = self.wait {
            tokio::time::sleep(wait).await;
            self.wait = None;
        }
        let Some(open) = &mut self.open else {
            return match self.connect().await {
                Ok((open, address)) => {
                    self.open = Some(open);
                    self.parser.begin();
                    SseFact::Connected(address)
                }
                Err(why) => self.lost(why),
            };
        };
        let why = loop {
            match self.parser.take(&mut open.rest) {
                Some(Parsed::Event(event)) => {
                    self.failures = 0;
                    return SseFact::Event(event);
                }
                Some(Parsed::TooLarge) => return SseFact::TooLarge,
                None => {}
            }
            match tokio::time::timeout(IDLE, open.body.frame()).await {
                Err(_) => break format!("nothing came for {} s", IDLE.as_secs()),
                Ok(None) => break "the server closed the stream".to_owned(),
                Ok(Some(Err(error))) => break format!("the stream broke: {error}"),
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        open.rest = data;
                    }
                }
            }
        };
        self.open = None;
        self.lost(why)
    }

    fn lost(&mut self, why: String) -> SseFact {
        let first = self.parser.retry.unwrap_or(FIRST_WAIT);
        let first = first.clamp(SHORTEST_WAIT, LONGEST_WAIT);
        let wait = first.saturating_mul(1 << self.failures.min(6));
        let wait = wait.min(LONGEST_WAIT.max(first));
        self.failures += 1;
        self.wait = Some(wait);
        SseFact::Lost(why, wait)
    }

    async fn connect(&self) -> Result<(OpenEventStream, Option<SocketAddr>), String> {
        let wire = Box::pin(self.client.dial(&self.target)).await;
        let wire = wire.map_err(|outcome| outcome.reason().unwrap_or_default().to_string())?;
        let address = wire.peer();
        let opened = http1::handshake(TokioIo::new(wire)).await;
        let (mut sender, connection) = opened.map_err(|error| error.to_string())?;
        let driver = tokio::spawn(async move {
            // Its failure is seen as the end of the body.
            let _ = connection.await;
        });
        let request = self.request().map_err(|error| error.to_string())?;
        let sent = tokio::time::timeout(Settings::default().timeout, sender.send_request(request));
        let response = sent
            .await
            .map_err(|_| "no response in time".to_owned())?
            .map_err(|error| error.to_string())?;
        let (head, body) = response.into_parts();
        let open = OpenEventStream {
            body,
            driver,
            rest: Bytes::new(),
        };
        if head.status != http::StatusCode::OK {
            return Err(format!("it answers {}", head.status.as_u16()));
        }
        let kind = head.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("text/event-stream") {
            return Err("it is no event stream".into());
        }
        Ok((open, address))
    }

    fn request(&self) -> http::Result<Request<Empty<Bytes>>> {
        let mut request = Request::get(self.target.path.as_str())
            .header(HOST, self.target.host_field())
            .header(ACCEPT, "text/event-stream")
            .header(CACHE_CONTROL, "no-cache")
            .header(
                USER_AGENT,
                concat!("webhook-cli/", env!("CARGO_PKG_VERSION")),
            );
        let given = self.target.fields();
        if let Some((name, value)) = given.into_iter().find(|(name, _)| *name == AUTHORIZATION) {
            request = request.header(name, value);
        }
        if let Ok(id) = HeaderValue::from_str(&self.parser.last_id)
            && !id.is_empty()
        {
            request = request.header("last-event-id", id);
        }
        request.body(Empty::new())
    }
}

/// Result of parsing.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Event(SseEvent),
    TooLarge,
}

/// Parser of an event stream, fed in pieces of any size.
#[derive(Debug, Default)]
struct SseParser {
    /// Line that has begun. For data, what comes after `data:` is added to the data at once, so that it is in memory once.
    line: Vec<u8>,
    /// True while the line that has begun is data.
    in_data: bool,
    /// True until the first character of the data in this line, where one space is dropped.
    at_start: bool,
    kind: String,
    data: BytesMut,
    has_data: bool,
    is_too_large: bool,
    /// True after a carriage return, whose line feed belongs to it.
    after_return: bool,
    /// Bytes of a byte order mark that may still come.
    mark: usize,
    /// Id of the event that has begun, and of the last whole one.
    id: Option<String>,
    last_id: String,
    retry: Option<Duration>,
}

const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

impl SseParser {
    /// Begins a stream: what was left of an earlier one is dropped.
    fn begin(&mut self) {
        *self = Self {
            last_id: std::mem::take(&mut self.last_id),
            retry: self.retry,
            ..Self::default()
        };
    }

    /// Parses up to the end of an event; what was parsed is removed from the input.
    fn take(&mut self, input: &mut Bytes) -> Option<Parsed> {
        self.skip_mark(input);
        while let Some(&first) = input.first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                let _ = input.split_to(1);
                continue;
            }
            let end = memchr::memchr2(b'\n', b'\r', input);
            let piece = input.split_to(end.unwrap_or(input.len()));
            self.add(&piece);
            if end.is_none() {
                break;
            }
            self.after_return = input.split_to(1).first() == Some(&b'\r');
            if let Some(parsed) = self.end_line() {
                return Some(parsed);
            }
        }
        None
    }

    fn skip_mark(&mut self, input: &mut Bytes) {
        while let (Some(mark), Some(first)) = (MARK.get(self.mark), input.first()) {
            if mark != first {
                self.mark = MARK.len();
                break;
            }
            self.mark += 1;
            let _ = input.split_to(1);
        }
    }

    /// Adds a piece of a line.
    fn add(&mut self, mut piece: &[u8]) {
        const DATA: &[u8] = b"data:";
        if !self.in_data {
            let is_prefix = DATA.starts_with(&self.line);
            let wanted = DATA.len().saturating_sub(self.line.len());
            let head = match is_prefix {
                true => wanted.min(piece.len()),
                false => LONGEST_FIELD
                    .saturating_sub(self.line.len())
                    .min(piece.len()),
            };
            let (head, rest) = piece.split_at(head);
            self.line.extend_from_slice(head);
            if self.line != DATA {
                // The rest of a line that is no data, or of one that is too long to matter.
                let room = LONGEST_FIELD.saturating_sub(self.line.len());
                let more = rest.get(..room.min(rest.len())).unwrap_or_default();
                self.line.extend_from_slice(more);
                return;
            }
            self.begin_data();
            piece = rest;
        }
        if self.at_start && !piece.is_empty() {
            self.at_start = false;
            piece = piece.strip_prefix(b" ").unwrap_or(piece);
        }
        self.extend(piece);
    }

    fn begin_data(&mut self) {
        (self.in_data, self.at_start) = (true, true);
        if self.has_data {
            self.extend(b"\n");
        }
        self.has_data = true;
    }

    fn extend(&mut self, piece: &[u8]) {
        if self.data.len() + piece.len() > LARGEST_EVENT {
            self.is_too_large = true;
            self.data = BytesMut::new();
        }
        if !self.is_too_large {
            self.data.extend_from_slice(piece);
        }
    }

    fn end_line(&mut self) -> Option<Parsed> {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.in_data) {
            return None;
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let line = String::from_utf8_lossy(&line);
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => {
                self.begin_data();
                self.in_data = false;
            }
            "event" => self.kind = value.to_owned(),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|b| b.is_ascii_digit()) => {
                self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry);
            }
            _ => {}
        }
        None
    }

    /// Ends an event.
    fn dispatch(&mut self) -> Option<Parsed> {
        if let Some(id) = self.id.take() {
            self.last_id = id;
        }
        let kind = std::mem::take(&mut self.kind);
        let data = std::mem::take(&mut self.data).freeze();
        let has_data = std::mem::take(&mut self.has_data);
        if std::mem::take(&mut self.is_too_large) {
            return Some(Parsed::TooLarge);
        }
        has_data.then_some(Parsed::Event(SseEvent { kind, data }))
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGEST_EVENT, Parsed, SseParser};
    use bytes::Bytes;
    use std::time::Duration;

    /// Events of a stream that comes in pieces of this size: kind and data.
    fn events(stream: &[u8], size: usize) -> (Vec<(String, String)>, SseParser) {
        let mut parser = SseParser::default();
        let mut found = Vec::new();
        for piece in stream.chunks(size) {
            let mut piece = Bytes::copy_from_slice(piece);
            while let Some(parsed) = parser.take(&mut piece) {
                let Parsed::Event(event) = parsed else {
                    panic!("too large")
                };
                let data = String::from_utf8(event.data.to_vec()).unwrap();
                found.push((event.kind, data));
            }
        }
        (found, parser)
    }

    #[test]
    fn a_stream_is_parsed_as_the_standard_says_whatever_the_pieces() {
        let stream = "\u{feff}event: ready\ndata: {}\n\n: a comment\n\nid: 7\ndata: a\ndata:  b\ndata\ndatax: no\n\nretry: 2500\nretry: soon\nevent:ping\r\ndata:p\r\n\r\ndata: c\r\rid: 9\rdata: last\n\ndata: not whole";
        let wanted: Vec<(String, String)> = [
            ("ready", "{}"),
            ("", "a\n b\n"),
            ("ping", "p"),
            ("", "c"),
            ("", "last"),
        ]
        .map(|(kind, data)| (kind.to_owned(), data.to_owned()))
        .into();
        for size in 1..stream.len() + 1 {
            let (found, parser) = events(stream.as_bytes(), size);
            assert_eq!(found, wanted, "in pieces of {size}");
            assert_eq!(parser.last_id, "9");
            assert_eq!(parser.retry, Some(Duration::from_millis(2500)));
        }
    }

    #[test]
    fn an_event_that_is_too_large_is_dropped_and_the_next_one_is_read() {
        let mut parser = SseParser::default();
        let mut found = Vec::new();
        let mut feed = |bytes: &[u8]| {
            let mut piece = Bytes::copy_from_slice(bytes);
            while let Some(parsed) = parser.take(&mut piece) {
                found.push(parsed);
            }
            parser.data.capacity()
        };
        feed(b"data: ");
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..LARGEST_EVENT / piece.len() + 5 {
            assert!(feed(&piece) <= 2 * LARGEST_EVENT);
        }
        feed(b"\n\ndata: small\n\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], Parsed::TooLarge);
        assert!(matches!(&found[1], Parsed::Event(event) if event.data == "small"));
    }
}
