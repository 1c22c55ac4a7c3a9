//! Phase of each connection and its timeout, so that one timer per connection is enough.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};

use crate::io::heads::Heads;
use crate::io::server::response_fields::ResponseFields;
use crate::io::tls::Wire;

/// Phase of a connection. Every phase but `Busy` has a timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Connected, without a byte received.
    Fresh,
    /// Receiving the head of a request.
    Head,
    /// Receiving the body of a request.
    Body,
    /// Body timed out: its reader stops.
    Late,
    /// Handler running, or waiting for memory; client timeouts are paused.
    Busy,
    /// Between requests; the last response may still be in transit.
    Idle,
    /// Like `Idle`, for HTTP/2, where received bytes do not begin a request: they may be control frames.
    Quiet,
    /// Request rejected; further bytes of the client are dropped.
    Rejected,
}

const PHASES: [Phase; 8] = [
    Phase::Fresh,
    Phase::Head,
    Phase::Body,
    Phase::Late,
    Phase::Busy,
    Phase::Idle,
    Phase::Quiet,
    Phase::Rejected,
];

/// Phase and timeouts of one connection, shared by its stream, its requests and its timer.
pub(crate) struct ConnectionTimer {
    start: Instant,
    /// Start of the phase, in milliseconds since the connection was accepted, with the phase in the lowest byte.
    now: AtomicU64,
    /// Start of blocked writing, in milliseconds since the connection was accepted; 0 if writing is not blocked.
    stuck: AtomicU64,
    /// HTTP/2 requests in flight.
    open: AtomicUsize,
    /// Header fields of the response that is written next.
    pub(crate) response: ResponseFields,
    /// Permit of the connection limit, held until the last request is done, even if the client has disconnected.
    _permit: OwnedSemaphorePermit,
}

/// Timeout of each kind of phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) head: Duration,
    pub(crate) body: Duration,
    pub(crate) idle: Duration,
}

impl Timeouts {
    /// Shortest timeout: the interval at which the phase is checked.
    pub(crate) fn least(&self) -> Duration {
        self.head.min(self.body).min(self.idle)
    }
}

/// Next action of the timer.
pub(crate) enum Due {
    /// Check again at this time.
    Later(Instant),
    /// Make the reader of the body respond 408.
    Late,
    /// Close the connection.
    Close,
}

impl ConnectionTimer {
    pub(crate) fn new(permit: OwnedSemaphorePermit) -> Self {
        Self {
            start: Instant::now(),
            now: AtomicU64::new(0),
            stuck: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            response: ResponseFields::default(),
            _permit: permit,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        let at = usize::from(self.now.load(Relaxed) as u8);
        PHASES.get(at).copied().unwrap_or(Phase::Fresh)
    }

    /// Enters a phase, whose time starts now.
    pub(crate) fn enter(&self, phase: Phase) {
        self.now.store(self.millis() << 8 | phase as u64, Relaxed);
    }

    /// Enters a phase that continues the time of the last one, without reading the clock.
    pub(crate) fn go_on(&self, phase: Phase) {
        self.now
            .store(self.now.load(Relaxed) & !0xff | phase as u64, Relaxed);
    }

    /// Registers an HTTP/2 request, which has its own timeout. The phase is `Quiet` when none is left.
    pub(crate) fn open(self: &Arc<Self>) -> OpenStream {
        self.open.fetch_add(1, Relaxed);
        OpenStream(Arc::clone(self))
    }

    /// Action due now.
    pub(crate) fn due(&self, timeouts: &Timeouts) -> Due {
        let since = |millis: u64| self.start + Duration::from_millis(millis);
        let begun = since(self.now.load(Relaxed) >> 8);
        let soon = Instant::now() + timeouts.least();
        let phase = match self.open.load(Relaxed) {
            0 => self.phase(),
            _ => Phase::Busy,
        };
        let end = match phase {
            Phase::Fresh | Phase::Head => begun + timeouts.head,
            Phase::Body => begun + timeouts.body,
            // The 408 response had the time until now to be written.
            Phase::Late => return Due::Close,
            Phase::Rejected | Phase::Idle | Phase::Quiet => begun + timeouts.idle,
            Phase::Busy => match self.stuck.load(Relaxed) {
                0 => soon,
                millis => since(millis) + timeouts.idle,
            },
        };
        if end > Instant::now() {
            Due::Later(end.min(soon))
        } else if phase == Phase::Body {
            self.enter(Phase::Late);
            Due::Late
        } else {
            Due::Close
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX >> 8)
    }
}

/// HTTP/2 request in flight, until it is dropped.
pub(crate) struct OpenStream(Arc<ConnectionTimer>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Relaxed) == 1 {
            self.0.enter(Phase::Quiet);
        }
    }
}

/// Stream that reports its activity to the timer, and closes without losing the response to a rejected request.
pub(crate) struct Stream {
    wire: Wire,
    connection_timer: Arc<ConnectionTimer>,
    lingering: Option<Pin<Box<Sleep>>>,
    /// True if everything written before was flushed, so that the next bytes begin a response.
    is_flushed: bool,
    /// Unwritten rest of a head that replaces hyper's.
    head: Bytes,
    /// Parser of request heads, for HTTP/1.
    heads: Option<Arc<Heads>>,
}

/// Time for which a rejected client may go on sending before the connection is closed; closing at once would reset it,
/// and the response would be lost (RFC 9112, 9.6).
const LINGER: Duration = Duration::from_secs(1);

impl Stream {
    pub(crate) fn new(
        wire: Wire,
        connection_timer: Arc<ConnectionTimer>,
        heads: Option<Arc<Heads>>,
    ) -> Self {
        Self {
            wire,
            connection_timer,
            lingering: None,
            is_flushed: true,
            head: Bytes::new(),
            heads,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.wire).poll_read(cx, into))?;
        if into.filled().len() > before {
            if let Some(heads) = &self.heads {
                heads.read(into.filled().get(before..).unwrap_or_default());
            }
            match self.connection_timer.phase() {
                Phase::Fresh => self.connection_timer.go_on(Phase::Head),
                Phase::Idle => self.connection_timer.enter(Phase::Head),
                _ => {}
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.begins_response() {
            return self.poll_exchanged(cx, &[io::IoSlice::new(bytes)]);
        }
        ready!(self.poll_head(cx))?;
        let done = Pin::new(&mut self.wire).poll_write(cx, bytes);
        self.note(&done);
        done
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.begins_response() {
            return self.poll_exchanged(cx, slices);
        }
        ready!(self.poll_head(cx))?;
        let done = Pin::new(&mut self.wire).poll_write_vectored(cx, slices);
        self.note(&done);
        done
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_head(cx))?;
        ready!(Pin::new(&mut self.wire).poll_flush(cx))?;
        self.is_flushed = true;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_head(cx))?;
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.wire).poll_shutdown(cx))?;
            if !matches!(self.connection_timer.phase(), Phase::Rejected | Phase::Head) {
                return Poll::Ready(Ok(()));
            }
            self.lingering = Some(Box::pin(tokio::time::sleep(LINGER)));
        }
        let mut unread = [0; 4096];
        // Bounded per poll, so that a fast sender does not block the thread.
        for _ in 0..16 {
            let mut buffer = ReadBuf::new(&mut unread);
            match Pin::new(&mut self.wire).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    return self
                        .lingering
                        .as_mut()
                        .map_or(Poll::Ready(()), |sleep| sleep.as_mut().poll(cx))
                        .map(Ok);
                }
            }
        }
        if self
            .lingering
            .as_ref()
            .is_none_or(|sleep| sleep.is_elapsed() || sleep.deadline() <= Instant::now())
        {
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Stream {
    /// True if a response begins here whose head replaces hyper's.
    fn begins_response(&mut self) -> bool {
        std::mem::take(&mut self.is_flushed) && self.connection_timer.response.is_set()
    }

    /// Writes these bytes with the head replaced, if they begin with one.
    fn poll_exchanged(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices
            .iter()
            .position(|slice| !slice.is_empty())
            .unwrap_or(0);
        let (Some(begin), rest) = (
            slices.get(first),
            slices.get(first + 1..).unwrap_or_default(),
        ) else {
            return Poll::Ready(Ok(0));
        };
        let exchanged = self.connection_timer.response.exchange(begin);
        let (head, length) = exchanged.unwrap_or_default();
        self.head = head.into();
        let head = self.head.clone();
        let mut all = vec![
            io::IoSlice::new(&head),
            io::IoSlice::new(begin.get(length..).unwrap_or_default()),
        ];
        all.extend(rest.iter().map(|slice| io::IoSlice::new(slice)));
        let done = Pin::new(&mut self.wire).poll_write_vectored(cx, &all);
        self.note(&done);
        match done {
            // hyper's head counts as written; ours is written before anything else.
            Poll::Pending if length > 0 => Poll::Ready(Ok(length)),
            Poll::Pending => Poll::Pending,
            Poll::Ready(written) => {
                let written = written?;
                let of_head = written.min(self.head.len());
                self.head.advance(of_head);
                Poll::Ready(Ok(length + written - of_head))
            }
        }
    }

    /// Writes the rest of a head that replaces hyper's.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.head.is_empty() {
            let done = Pin::new(&mut self.wire).poll_write(cx, &self.head);
            self.note(&done);
            match ready!(done)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.head.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn note<T>(&self, done: &Poll<T>) {
        let stuck = self.connection_timer.stuck.load(Relaxed);
        match done {
            Poll::Pending if stuck == 0 => self
                .connection_timer
                .stuck
                .store(self.connection_timer.millis().max(1), Relaxed),
            Poll::Ready(_) if stuck != 0 => self.connection_timer.stuck.store(0, Relaxed),
            _ => {}
        }
    }
}
