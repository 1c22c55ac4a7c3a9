//! An exchange of the plainest kind: a small request leaves in one write, and its answer says in its head how long it is.
//!
//! That is what nearly every webhook handler answers, and it costs a third of what it costs over hyper. Whatever looks in
//! the least unusual is left to hyper, from the first byte of the answer on, so that there is one place that knows HTTP.

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

/// The largest body that is sent like this. It goes into the kernel's buffer at once, so that nobody must read an answer
/// while it leaves.
const LARGEST_SENT: usize = 16 << 10;
/// The largest answer that is read like this, with its head.
const LARGEST_HEARD: usize = 64 << 10;
/// How much room there is for an answer at first.
const ROOM: usize = 4 << 10;
/// So many fields a plain answer has at most.
const FIELDS: usize = 32;

/// A connection over which nothing unusual came so far.
pub(crate) struct FastHttp1 {
    wire: Wire,
    /// The request, put together.
    request: Vec<u8>,
    /// What was heard and is not used up.
    heard: BytesMut,
}

/// What came back.
pub(crate) enum FastReply {
    /// The whole answer, and whether the connection can be used again.
    Plain(HttpResponse, bool),
    /// So much of an answer that is not plain.
    MultipartProblem(Bytes),
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

    /// Whether a request can be sent like this.
    pub(crate) fn suits(call: &Call) -> bool {
        call.delivery.method == Method::POST && call.delivery.body.len() <= LARGEST_SENT
    }

    /// Whether it can carry one more request: the other side has neither closed it nor said anything unasked.
    pub(crate) async fn is_usable(&mut self) -> bool {
        let mut byte = [0];
        let heard = poll_fn(|cx| {
            let read = Pin::new(&mut self.wire).poll_read(cx, &mut ReadBuf::new(&mut byte));
            Poll::Ready(read.is_ready())
        });
        !heard.await
    }

    /// Sends a request and reads the answer, as much of it as is to be kept.
    pub(crate) async fn exchange(
        &mut self,
        call: &Call<'_>,
        keep: Keep,
    ) -> Result<FastReply, Broken> {
        self.request.clear();
        call.write_head(&mut self.request);
        self.request.extend_from_slice(&call.delivery.body);
        // Where it cannot be written, there may still be an answer that says why.
        let mut left = self.request.as_slice();
        while !left.is_empty()
            && let Ok(written @ 1..) = self.wire.write(left).await
        {
            left = left.get(written..).unwrap_or_default();
        }
        let unsent = left.len() == self.request.len();
        // TLS may hold some of it back.
        let _ = self.wire.flush().await;
        loop {
            if let Some(reply) = self.reply(keep) {
                return Ok(reply);
            }
            self.heard.reserve(ROOM);
            match self.wire.read_buf(&mut self.heard).await {
                Ok(1..) => {}
                Ok(0) | Err(_) if !self.heard.is_empty() => return Ok(self.odd()),
                Ok(0) if unsent => return Err(Broken::Unsent),
                Ok(0) => return Err(Broken::Unanswered),
                Err(error) if gone(&error) && unsent => return Err(Broken::Unsent),
                Err(error) if gone(&error) => return Err(Broken::Unanswered),
                Err(error) => return Err(Broken::Otherwise(io_words(&error).into())),
            }
        }
    }

    /// What was heard, if it is enough to tell.
    fn reply(&mut self, keep: Keep) -> Option<FastReply> {
        let head = match Heading::read(&self.heard, keep) {
            Heading::Plain(head) => head,
            Heading::Partial if self.heard.len() < LARGEST_HEARD => return None,
            Heading::Partial | Heading::MultipartProblem => return Some(self.odd()),
        };
        let whole = head.length.saturating_add(head.body);
        if whole > LARGEST_HEARD {
            return Some(self.odd());
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
        // What follows was not asked for.
        Some(FastReply::Plain(heard, self.heard.is_empty()))
    }

    fn odd(&mut self) -> FastReply {
        FastReply::MultipartProblem(self.heard.split().freeze())
    }
}

/// The head of a plain answer.
struct Head {
    length: usize,
    status: StatusCode,
    headers: Headers,
    /// How long the body behind it is.
    body: usize,
}

/// What stands at the beginning of an answer.
enum Heading {
    Plain(Head),
    /// There is more to come.
    Partial,
    /// It is not plain, or it is no answer at all.
    MultipartProblem,
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
                Head::of(&response, length, keep).map_or(Self::MultipartProblem, Self::Plain)
            }
            Ok(Status::Partial) => Self::Partial,
            Err(_) => Self::MultipartProblem,
        }
    }
}

impl Head {
    fn of(response: &Response, length: usize, keep: Keep) -> Option<Self> {
        let status = StatusCode::from_u16(response.code?).ok()?;
        let is_final = !status.is_informational() && status != StatusCode::NOT_MODIFIED;
        if response.version != Some(1) || !is_final {
            return None;
        }
        // It never has a body (RFC 9110, 15.3.5), and mostly does not say so.
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
                headers.push(
                    field.name.parse().ok()?,
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

/// A number of digits alone.
fn number(text: &[u8]) -> Option<usize> {
    let is_number = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text)
        .ok()
        .filter(|_| is_number)?
        .parse()
        .ok()
}
