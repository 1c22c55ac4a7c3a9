//! Fast path for plain HTTP/1.1 exchanges: a small POST, sent in one write, and a response whose head gives its length.
//!
//! Nearly every webhook handler responds like this, and it costs a third of the same exchange over hyper. Anything
//! unusual in a response is left to hyper, from its first byte on, so that only one place implements all of HTTP.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use httparse::{ParserConfig, Response, Status};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};

use crate::io::client::error::{Broken, gone, io_words};
use crate::io::client::{Call, HttpResponse, Keep};
use crate::io::tls::Wire;
use crate::webhook::Headers;

/// Largest request body, in bytes, sent on the fast path. It fits into the kernel's send buffer, so the response need
/// not be read while the request is being sent.
const LARGEST_SENT: usize = 16 << 10;
/// Largest response, in bytes with its head, read on the fast path.
const LARGEST_HEARD: usize = 64 << 10;
/// Free space, in bytes, reserved in the buffer before each read.
const ROOM: usize = 4 << 10;
/// Most header fields of a response on the fast path.
const FIELDS: usize = 32;

/// Connection that has carried only plain responses so far.
pub(crate) struct FastHttp1 {
    wire: Wire,
    /// Serialized request: head and body.
    request: Vec<u8>,
    /// Bytes received and not yet parsed.
    heard: BytesMut,
}

/// Response as the fast path read it.
pub(crate) enum FastReply {
    /// Complete response; the flag is true if the connection can be reused.
    Plain(HttpResponse, bool),
    /// Bytes received so far of a response that is left to hyper.
    NotPlain(Bytes),
}

impl FastHttp1 {
    pub(crate) fn new(wire: Wire) -> Self {
        Self {
            wire,
            request: Vec::new(),
            heard: BytesMut::new(),
        }
    }

    pub(crate) fn into_wire(self) -> Wire {
        self.wire
    }

    /// True if the request can be sent on the fast path: a POST with a body of at most 16 KiB.
    pub(crate) fn suits(call: &Call) -> bool {
        call.delivery.method == Method::POST && call.delivery.body.len() <= LARGEST_SENT
    }

    /// True if the connection can carry one more request: the peer has neither closed it nor sent unsolicited bytes.
    pub(crate) async fn is_usable(&mut self) -> bool {
        let mut byte = [0];
        let heard = poll_fn(|cx| {
            let read = Pin::new(&mut self.wire).poll_read(cx, &mut ReadBuf::new(&mut byte));
            Poll::Ready(read.is_ready())
        });
        !heard.await
    }

    /// Sends a request and reads the response, kept as far as `keep` says.
    pub(crate) async fn exchange(
        &mut self,
        call: &Call<'_>,
        keep: Keep,
    ) -> Result<FastReply, Broken> {
        self.request.clear();
        call.write_head(&mut self.request);
        self.request.extend_from_slice(&call.delivery.body);
        // Even if the request cannot be written, a response may say why.
        let mut left = self.request.as_slice();
        while !left.is_empty()
            && let Ok(written @ 1..) = self.wire.write(left).await
        {
            left = left.get(written..).unwrap_or_default();
        }
        let unsent = left.len() == self.request.len();
        // TLS may buffer part of the request.
        let _ = self.wire.flush().await;
        loop {
            if let Some(reply) = self.reply(keep) {
                return Ok(reply);
            }
            self.heard.reserve(ROOM);
            match self.wire.read_buf(&mut self.heard).await {
                Ok(1..) => {}
                Ok(0) | Err(_) if !self.heard.is_empty() => return Ok(self.not_plain()),
                Ok(0) if unsent => return Err(Broken::Unsent),
                Ok(0) => return Err(Broken::Unanswered),
                Err(error) if gone(&error) && unsent => return Err(Broken::Unsent),
                Err(error) if gone(&error) => return Err(Broken::Unanswered),
                Err(error) => return Err(Broken::Otherwise(io_words(&error).into())),
            }
        }
    }

    /// Parses the bytes received so far; none if the response is not complete yet.
    fn reply(&mut self, keep: Keep) -> Option<FastReply> {
        let head = match Heading::read(&self.heard, keep) {
            Heading::Plain(head) => head,
            Heading::Partial if self.heard.len() < LARGEST_HEARD => return None,
            Heading::Partial | Heading::NotPlain => return Some(self.not_plain()),
        };
        let whole = head.length.saturating_add(head.body);
        if whole > LARGEST_HEARD {
            return Some(self.not_plain());
        }
        if self.heard.len() < whole {
            return None;
        }
        self.heard.advance(head.length);
        let mut body = self.heard.split_to(head.body).freeze();
        body.truncate(keep.body());
        let heard = HttpResponse {
            status: head.status,
            headers: head.headers,
            body,
            cut: head.body > keep.body(),
        };
        // Bytes behind the response were not requested: the connection is not reused.
        Some(FastReply::Plain(heard, self.heard.is_empty()))
    }

    fn not_plain(&mut self) -> FastReply {
        FastReply::NotPlain(self.heard.split().freeze())
    }
}

/// Parsed head of a plain response.
struct ResponseHead {
    length: usize,
    status: StatusCode,
    headers: Headers,
    /// Length of the body in bytes.
    body: usize,
}

/// Result of parsing the beginning of a response.
enum Heading {
    Plain(ResponseHead),
    /// The head is not complete yet.
    Partial,
    /// The response is not plain, or is not HTTP.
    NotPlain,
}

impl Heading {
    fn read(heard: &[u8], keep: Keep) -> Self {
        let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
        let mut response = Response::new(&mut []);
        let parsed = ParserConfig::default().parse_response_with_uninit_headers(
            &mut response,
            heard,
            &mut fields,
        );
        match parsed {
            Ok(Status::Complete(length)) => {
                ResponseHead::of(&response, length, keep).map_or(Self::NotPlain, Self::Plain)
            }
            Ok(Status::Partial) => Self::Partial,
            Err(_) => Self::NotPlain,
        }
    }
}

impl ResponseHead {
    fn of(response: &Response, length: usize, keep: Keep) -> Option<Self> {
        let status = StatusCode::from_u16(response.code?).ok()?;
        let is_final = !status.is_informational() && status != StatusCode::NOT_MODIFIED;
        if response.version != Some(1) || !is_final {
            return None;
        }
        // A 204 never has a body (RFC 9110, 15.3.5), and mostly gives no length.
        let mut body = (status == StatusCode::NO_CONTENT).then_some(0);
        let keeps = keep.fields(status);
        let mut headers = if keeps {
            Headers::roomy()
        } else {
            Headers::new()
        };
        for field in response.headers.iter() {
            let is = |name: &HeaderName| field.name.eq_ignore_ascii_case(name.as_str());
            if is(&CONTENT_LENGTH) {
                body = Some(number(field.value).filter(|_| body.is_none())?);
            } else if is(&TRANSFER_ENCODING)
                || (is(&CONNECTION) && !field.value.eq_ignore_ascii_case(b"keep-alive"))
            {
                return None;
            }
            if keeps {
                headers.push_spelled(
                    field.name.parse().ok()?,
                    field.name,
                    HeaderValue::from_bytes(field.value).ok()?,
                );
            }
        }
        Some(Self {
            length,
            status,
            headers,
            body: body?,
        })
    }
}

/// Parses a `Content-Length`: ASCII digits alone.
fn number(text: &[u8]) -> Option<usize> {
    let is_number = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text)
        .ok()
        .filter(|_| is_number)?
        .parse()
        .ok()
}
