//! Exchange over hyper, for every request and response that the fast path does not handle.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use crate::io::body_buffer::BodyBuffer;
use crate::io::client::error::{Broken, closed, words};
use crate::io::client::replayed_prefix::{HeardHead, LARGEST_HEAD, NextHead, ReplayedPrefix, lock};
use crate::io::client::{HttpResponse, Keep};
use crate::io::tls::{HTTP_2_ALONE, Wire};
use crate::webhook::{Cause, Reason};

/// Most bytes of a response body that are read and dropped beyond the part kept, so that the connection can be reused.
const DRAINED: usize = 1 << 20;

/// Open connection driven by hyper. It is polled during an exchange only.
pub(crate) struct HyperExchange {
    sender: SendRequest<Full<Bytes>>,
    connection: Connection<TokioIo<ReplayedPrefix>, Full<Bytes>>,
    ended: bool,
    /// True if all bytes that hyper wrote were flushed.
    sent: Arc<AtomicBool>,
    /// True if the first bytes received were an HTTP/2 SETTINGS frame.
    is_http2: Arc<AtomicBool>,
    /// Head of the next request, sent in place of hyper's.
    head: NextHead,
    /// Head of the response as received, if the case of its names is wanted.
    heard_head: Arc<Mutex<Option<HeardHead>>>,
}

impl HyperExchange {
    /// Creates an exchange over a transport that has carried nothing yet.
    pub(crate) async fn new(wire: Wire) -> Result<Box<Self>, String> {
        Self::open(ReplayedPrefix::nothing(wire)).await
    }

    /// Creates an exchange whose first request was already sent; `heard` are the bytes received of its response.
    pub(crate) async fn retelling(wire: Wire, heard: Bytes) -> Result<Box<Self>, String> {
        Self::open(ReplayedPrefix::request(wire, heard)).await
    }

    async fn open(wire: ReplayedPrefix) -> Result<Box<Self>, String> {
        let (sent, is_http2) = (Arc::clone(&wire.sent), Arc::clone(&wire.is_http2));
        let head = Arc::clone(&wire.next_head);
        let heard_head = Arc::clone(&wire.heard_head);
        let opened = http1::Builder::new()
            .max_header_size(LARGEST_HEAD)
            .handshake(TokioIo::new(wire))
            .await;
        let (sender, connection) = opened.map_err(|error| words(&error))?;
        Ok(Box::new(Self {
            sender,
            connection,
            ended: false,
            sent,
            is_http2,
            head,
            heard_head,
        }))
    }

    /// True if the connection can probably carry one more request.
    pub(crate) async fn is_usable(&mut self) -> bool {
        let Self {
            sender,
            connection,
            ended,
            ..
        } = self;
        // Polling the connection lets it notice that the peer has closed it.
        drive(connection, ended, sender.ready()).await.is_ok() && !*ended
    }

    /// Sends a request with `head` byte for byte, and reads the response; the flag is true if the connection can be
    /// reused.
    pub(crate) async fn exchange(
        &mut self,
        head: Vec<u8>,
        request: Request<Full<Bytes>>,
        keep: Keep,
    ) -> Result<(HttpResponse, bool), Broken> {
        let Self {
            sender,
            connection,
            ended,
            sent,
            is_http2,
            head: next_head,
            heard_head,
        } = self;
        let is_passed_on = matches!(keep, Keep::Answer(_));
        *lock(heard_head) = is_passed_on.then(HeardHead::default);
        let keep = keep.body();
        *lock(next_head) = Some(head);
        let sending = sender.try_send_request(request);
        let response = drive(connection, ended, sending).await;
        let response = response.map_err(|failure| cause_of(failure, is_http2.load(Relaxed)))?;
        let (head, body) = response.into_parts();
        let received = receive(connection, ended, body, keep).await?;
        let heard = HttpResponse {
            status: head.status,
            headers: match lock(heard_head).take() {
                Some(heard) => heard.arrange(head.headers.into()),
                None => head.headers.into(),
            },
            body: received.kept,
            cut: received.length > keep,
        };
        // A server that responds before it has read the whole body may never read the rest, and would take the next
        // request for it.
        let usable = received.whole && !*ended && sent.load(Relaxed);
        Ok((heard, usable))
    }
}

/// Cause of a request that failed.
fn cause_of(mut failure: TrySendError<Request<Full<Bytes>>>, is_http2: bool) -> Broken {
    let unsent = failure.take_message().is_some();
    let error = failure.into_error();
    match () {
        () if is_http2 => Broken::Otherwise(Reason::new(Cause::Protocol, HTTP_2_ALONE)),
        () if unsent => Broken::Unsent,
        () if closed(&error) => Broken::Unanswered,
        () => Broken::Otherwise(words(&error).into()),
    }
}

/// Body of a response as it was received.
struct ReceivedBody {
    /// Bytes that are kept.
    kept: Bytes,
    /// Length of what was read.
    length: usize,
    /// True if it was read to its end.
    whole: bool,
}

/// Reads a body, of which `keep` bytes are kept.
async fn receive(
    connection: &mut Connection<TokioIo<ReplayedPrefix>, Full<Bytes>>,
    ended: &mut bool,
    mut body: Incoming,
    keep: usize,
) -> Result<ReceivedBody, Broken> {
    let total = body
        .size_hint()
        .exact()
        .and_then(|bytes| usize::try_from(bytes).ok());
    let mut kept = BodyBuffer::default();
    let mut length = 0;
    let whole = loop {
        let Some(frame) = drive(connection, ended, frame(&mut body)).await else {
            break true;
        };
        let frame = frame.map_err(|error| {
            Broken::Otherwise(if closed(&error) {
                "the connection closed in the middle of the response".into()
            } else {
                words(&error).into()
            })
        })?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        data.truncate(keep - kept.len());
        if !data.is_empty() {
            kept.push(data, total.map(|total| total.min(keep)));
        }
        if length > keep.saturating_add(DRAINED) {
            break false;
        }
    };
    Ok(ReceivedBody {
        kept: kept.finish(),
        length,
        whole,
    })
}

async fn frame(body: &mut Incoming) -> Option<hyper::Result<hyper::body::Frame<Bytes>>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

/// Waits for `work`, polling the connection that it depends on.
async fn drive<T>(
    connection: &mut Connection<TokioIo<ReplayedPrefix>, Full<Bytes>>,
    ended: &mut bool,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    poll_fn(|cx| {
        // Errors of the connection reach the response's future through hyper.
        if !*ended && Pin::new(&mut *connection).poll(cx).is_ready() {
            *ended = true;
        }
        work.as_mut().poll(cx)
    })
    .await
}
