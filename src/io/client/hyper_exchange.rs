//! An exchange over hyper, which knows every way in which an answer may come.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::io::body_buffer::Gather;
use crate::io::client::Heard;
use crate::io::client::error::{Broken, closed, words};
use crate::io::tls::{HTTP_2_ALONE, Wire};
use crate::webhook::{Cause, Reason};

/// So much more of a body than is kept is read and dropped, to be able to use the connection again.
const DRAINED: usize = 1 << 20;
/// The largest head of an answer.
const LARGEST_HEAD: usize = 64 << 10;

/// An open connection that hyper speaks over. It moves while somebody asks over it, and only then.
pub(crate) struct Careful {
    sender: SendRequest<Full<Bytes>>,
    connection: Connection<TokioIo<Retold>, Full<Bytes>>,
    ended: bool,
    /// Whether nothing waits to be sent.
    sent: Arc<AtomicBool>,
    /// Whether the first that was heard was HTTP/2.
    is_http2: Arc<AtomicBool>,
}

impl Careful {
    /// Over a connection on which nothing was said yet.
    pub(crate) async fn new(wire: Wire) -> Result<Box<Self>, String> {
        Self::open(Retold::nothing(wire)).await
    }

    /// Over a connection on which the first request was already sent, and so much of its answer was heard.
    pub(crate) async fn retelling(wire: Wire, heard: Bytes) -> Result<Box<Self>, String> {
        Self::open(Retold::request(wire, heard)).await
    }

    async fn open(wire: Retold) -> Result<Box<Self>, String> {
        let (sent, is_http2) = (Arc::clone(&wire.sent), Arc::clone(&wire.is_http2));
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
        }))
    }

    /// Whether it can carry one more request, as far as one can see.
    pub(crate) async fn is_usable(&mut self) -> bool {
        let Self {
            sender,
            connection,
            ended,
            ..
        } = self;
        // A turn lets the connection see that the other side has closed it.
        drive(connection, ended, sender.ready()).await.is_ok() && !*ended
    }

    /// Sends a request and reads the answer; and whether the connection can be used again.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        keep: usize,
    ) -> Result<(Heard, bool), Broken> {
        let Self {
            sender,
            connection,
            ended,
            sent,
            is_http2,
        } = self;
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
        let mut kept = Gather::default();
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
        let heard = Heard {
            status: head.status,
            headers: head.headers.into(),
            body: kept.finish(),
            cut: length > keep,
        };
        // Who answers before it has the whole body may never read the rest, and would take the next request for it.
        let usable = whole && !*ended && sent.load(Relaxed);
        Ok((heard, usable))
    }
}

async fn frame(body: &mut Incoming) -> Option<hyper::Result<hyper::body::Frame<Bytes>>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

/// Waits for something that only happens while the connection moves.
async fn drive<T>(
    connection: &mut Connection<TokioIo<Retold>, Full<Bytes>>,
    ended: &mut bool,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    poll_fn(|cx| {
        // Whoever waits for an answer is told of an error by the connection itself.
        if !*ended && Pin::new(&mut *connection).poll(cx).is_ready() {
            *ended = true;
        }
        work.as_mut().poll(cx)
    })
    .await
}

/// A connection of which somebody else has used the beginning: hyper is made to believe that its first request leaves, and
/// hears what was heard.
struct Retold {
    wire: Wire,
    heard: Bytes,
    stage: Stage,
    /// Whether nothing waits to be sent.
    sent: Arc<AtomicBool>,
    /// Who waits to hear.
    listener: Option<Waker>,
    /// Whether something was heard.
    has_heard: bool,
    is_http2: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// The request is to be swallowed, for it has left already; until then there is no answer.
    Unsent,
    /// It is being swallowed.
    Sending,
    /// It was swallowed as a whole.
    Sent,
    /// All goes its way.
    Through,
}

impl Retold {
    fn nothing(wire: Wire) -> Self {
        Self {
            wire,
            heard: Bytes::new(),
            stage: Stage::Through,
            sent: Arc::new(AtomicBool::new(true)),
            listener: None,
            has_heard: false,
            is_http2: Arc::default(),
        }
    }

    fn request(wire: Wire, heard: Bytes) -> Self {
        Self {
            heard,
            stage: Stage::Unsent,
            ..Self::nothing(wire)
        }
    }

    /// Looks at what is heard first.
    fn look(&mut self, heard: &[u8]) {
        if !self.has_heard && !heard.is_empty() {
            self.has_heard = true;
            // A server of HTTP/2 begins with a frame of settings (RFC 9113, 3.4).
            let is_settings = matches!(heard, [0, 0, _, 4, _, 0, 0, 0, 0, ..]);
            self.is_http2.store(is_settings, Relaxed);
        }
    }

    fn swallows(&mut self) -> bool {
        self.sent.store(false, Relaxed);
        if self.stage == Stage::Unsent {
            self.stage = Stage::Sending;
        }
        self.stage != Stage::Through
    }
}

impl AsyncRead for Retold {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if matches!(this.stage, Stage::Unsent | Stage::Sending) {
            this.listener = Some(cx.waker().clone());
            return Poll::Pending;
        }
        this.stage = Stage::Through;
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

impl AsyncWrite for Retold {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.swallows() {
            true => Poll::Ready(Ok(bytes.len())),
            false => Pin::new(&mut self.wire).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.swallows() {
            true => Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum())),
            false => Pin::new(&mut self.wire).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    /// hyper flushes what it has given away as a whole.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.stage == Stage::Sending {
            self.stage = Stage::Sent;
            if let Some(listener) = self.listener.take() {
                listener.wake();
            }
        }
        self.sent.store(true, Relaxed);
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
