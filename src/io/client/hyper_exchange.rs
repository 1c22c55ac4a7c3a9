//! Exchange over hyper, for every request and response that the fast path does not handle.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes};
use http::Request;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::io::body_buffer::BodyBuffer;
use crate::io::client::error::{Broken, closed, words};
use crate::io::client::{HttpResponse, Keep};
use crate::io::heads;
use crate::io::tls::{HTTP_2_ALONE, Wire};
use crate::webhook::{Cause, Headers, Reason};

/// Most bytes of a response body that are read and dropped beyond the part kept, so that the connection can be reused.
const DRAINED: usize = 1 << 20;
/// Largest head of a response, in bytes.
const LARGEST_HEAD: usize = 64 << 10;

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
        let response = drive(connection, ended, sending)
            .await
            .map_err(|mut failure| {
                let unsent = failure.take_message().is_some();
                let error = failure.into_error();
                match () {
                    () if is_http2.load(Relaxed) => {
                        Broken::Otherwise(Reason::new(Cause::Protocol, HTTP_2_ALONE))
                    }
                    () if unsent => Broken::Unsent,
                    () if closed(&error) => Broken::Unanswered,
                    () => Broken::Otherwise(words(&error).into()),
                }
            })?;
        let (head, mut body) = response.into_parts();
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
        let heard = HttpResponse {
            status: head.status,
            headers: match lock(heard_head).take() {
                Some(heard) => heard.arrange(head.headers.into()),
                None => head.headers.into(),
            },
            body: kept.finish(),
            cut: length > keep,
        };
        // A server that responds before it has read the whole body may never read the rest, and would take the next
        // request for it.
        let usable = whole && !*ended && sent.load(Relaxed);
        Ok((heard, usable))
    }
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

/// Head sent in place of the one that hyper writes: hyper writes field names in lower case and groups repeated fields.
type NextHead = Arc<Mutex<Option<Vec<u8>>>>;

fn lock<T>(head: &Mutex<T>) -> MutexGuard<'_, T> {
    head.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Head of a response as it was received, with the names in their case.
#[derive(Default)]
struct HeardHead {
    bytes: Vec<u8>,
    is_whole: bool,
}

impl HeardHead {
    /// Reads the next bytes received.
    fn read(&mut self, bytes: &[u8]) {
        if self.is_whole || self.bytes.len() > LARGEST_HEAD {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        while let Some(at) = memchr::memmem::find(&self.bytes, HEAD_END) {
            let end = at + HEAD_END.len();
            if !self.bytes.starts_with(b"HTTP/1.1 1") {
                self.bytes.truncate(end);
                self.is_whole = true;
                return;
            }
            // An interim response such as 100.
            self.bytes.drain(..end);
        }
    }

    /// Returns the fields that hyper read, with the names in their case.
    fn arrange(&self, fields: Headers) -> Headers {
        match self.is_whole {
            true => fields.arranged(&heads::names(&self.bytes)),
            false => fields,
        }
    }
}

/// State of replacing the head that hyper writes.
#[derive(Default)]
enum HeadSwap {
    /// No replacement is in progress.
    #[default]
    Done,
    /// hyper's head is being dropped; the number is the bytes of [`HEAD_END`] matched so far.
    Swallowing(usize),
}

/// End of a request head: an empty line.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Transport whose first request was already sent outside hyper: hyper's first request is dropped, and it reads the
/// bytes already received as the response. Heads of later requests are replaced by those in `next_head`.
pub(super) struct ReplayedPrefix {
    wire: Wire,
    heard: Bytes,
    stage: PrefixStage,
    /// True if all bytes that hyper wrote were flushed.
    sent: Arc<AtomicBool>,
    /// Waker of the reader that waits for the first request to be dropped.
    listener: Option<Waker>,
    /// True once a byte was received.
    has_heard: bool,
    is_http2: Arc<AtomicBool>,
    next_head: NextHead,
    heard_head: Arc<Mutex<Option<HeardHead>>>,
    exchanged: HeadSwap,
    /// Bytes of the replacing head that are not sent yet.
    head: Bytes,
    /// True once a write failed. The peer takes no more of the request; reads return the response that may say why.
    has_failed: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum PrefixStage {
    /// The request, already sent, is to be dropped when hyper writes it; until then reads are pending.
    Unsent,
    /// hyper's request is being dropped.
    Sending,
    /// hyper's request was dropped as a whole.
    Sent,
    /// Reads and writes pass through.
    Through,
}

impl ReplayedPrefix {
    fn nothing(wire: Wire) -> Self {
        Self {
            wire,
            heard: Bytes::new(),
            stage: PrefixStage::Through,
            sent: Arc::new(AtomicBool::new(true)),
            listener: None,
            has_heard: false,
            is_http2: Arc::default(),
            next_head: Arc::default(),
            heard_head: Arc::default(),
            exchanged: HeadSwap::Done,
            head: Bytes::new(),
            has_failed: false,
        }
    }

    /// Transport that writes this head in place of the first one of hyper's.
    pub(super) fn with_head(wire: Wire, head: Vec<u8>) -> Self {
        let this = Self::nothing(wire);
        *lock(&this.next_head) = Some(head);
        this
    }

    fn request(wire: Wire, heard: Bytes) -> Self {
        Self {
            heard,
            stage: PrefixStage::Unsent,
            ..Self::nothing(wire)
        }
    }

    /// Checks the first bytes received for HTTP/2.
    fn look(&mut self, heard: &[u8]) {
        if let Some(head) = lock(&self.heard_head).as_mut() {
            head.read(heard);
        }
        if !self.has_heard && !heard.is_empty() {
            self.has_heard = true;
            // An HTTP/2 server begins with a SETTINGS frame (RFC 9113, 3.4).
            let is_settings = matches!(heard, [0, 0, _, 4, _, 0, 0, 0, 0, ..]);
            self.is_http2.store(is_settings, Relaxed);
        }
    }

    /// Drops the part of hyper's head in `bytes` if a head replaces it; returns the number of bytes dropped.
    fn exchange(&mut self, bytes: &[u8]) -> usize {
        if let Some(head) = lock(&self.next_head).take() {
            self.head = head.into();
            self.exchanged = HeadSwap::Swallowing(0);
        }
        let HeadSwap::Swallowing(mut seen) = self.exchanged else {
            return 0;
        };
        for (at, byte) in bytes.iter().enumerate() {
            seen = match HEAD_END.get(seen) {
                Some(next) if next == byte => seen + 1,
                _ => usize::from(HEAD_END.first() == Some(byte)),
            };
            if seen == HEAD_END.len() {
                self.exchanged = HeadSwap::Done;
                return at + 1;
            }
        }
        self.exchanged = HeadSwap::Swallowing(seen);
        bytes.len()
    }

    /// Sends the rest of the replacing head.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.head.is_empty() && matches!(self.exchanged, HeadSwap::Done) {
            match ready!(Pin::new(&mut self.wire).poll_write(cx, &self.head))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.head.advance(sent),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes `length` bytes by `write`, behind the replacing head if there is one.
    ///
    /// hyper drops what it has read if a write fails. So after a failure the rest of the request is dropped as if it
    /// were sent.
    fn poll_behind_head(
        &mut self,
        cx: &mut Context<'_>,
        length: usize,
        write: impl FnOnce(Pin<&mut Wire>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.has_failed {
            return Poll::Ready(Ok(length));
        }
        let result = match ready!(self.poll_head(cx)) {
            Ok(()) => write(Pin::new(&mut self.wire), cx),
            Err(error) => Poll::Ready(Err(error)),
        };
        if let Poll::Ready(Err(_)) = result {
            self.has_failed = true;
            return Poll::Ready(Ok(length));
        }
        result
    }

    fn swallows(&mut self) -> bool {
        self.sent.store(false, Relaxed);
        if self.stage == PrefixStage::Unsent {
            self.stage = PrefixStage::Sending;
        }
        self.stage != PrefixStage::Through
    }
}

impl AsyncRead for ReplayedPrefix {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if matches!(this.stage, PrefixStage::Unsent | PrefixStage::Sending) {
            this.listener = Some(cx.waker().clone());
            return Poll::Pending;
        }
        this.stage = PrefixStage::Through;
        if this.heard.is_empty() {
            let before = into.filled().len();
            ready!(Pin::new(&mut this.wire).poll_read(cx, into))?;
            this.look(into.filled().get(before..).unwrap_or_default());
            return Poll::Ready(Ok(()));
        }
        let length = this.heard.len().min(into.remaining());
        let heard = this.heard.split_to(length);
        this.look(&heard);
        into.put_slice(&heard);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ReplayedPrefix {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.swallows() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let swallowed = self.exchange(bytes);
        if swallowed > 0 {
            return Poll::Ready(Ok(swallowed));
        }
        self.poll_behind_head(cx, bytes.len(), |wire, cx| wire.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        if self.swallows() {
            return Poll::Ready(Ok(length));
        }
        let first = slices.iter().find(|slice| !slice.is_empty());
        let swallowed = first.map_or(0, |slice| self.exchange(slice));
        if swallowed > 0 {
            return Poll::Ready(Ok(swallowed));
        }
        self.poll_behind_head(cx, length, |wire, cx| wire.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    /// Flushes the transport; hyper calls this once it has written a whole request.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.has_failed && ready!(self.poll_head(cx)).is_err() {
            self.has_failed = true;
        }
        if self.stage == PrefixStage::Sending {
            self.stage = PrefixStage::Sent;
            // This head was sent with the request, outside hyper.
            *lock(&self.next_head) = None;
            if let Some(listener) = self.listener.take() {
                listener.wake();
            }
        }
        if !self.has_failed && ready!(Pin::new(&mut self.wire).poll_flush(cx)).is_err() {
            self.has_failed = true;
        }
        // After a failure the connection carries no other request.
        self.sent.store(!self.has_failed, Relaxed);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
