//! What a connection is doing and since when, so that one timer a connection is enough.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};

use crate::io::heads::Heads;
use crate::io::tls::Wire;

/// What a connection is doing. Every phase but `Busy` has its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing has come yet.
    Fresh,
    /// A request's head is on its way.
    Head,
    /// A request's body is on its way.
    Body,
    /// The body is too late: whoever reads it stops.
    Late,
    /// It is not the client that is waited for.
    Busy,
    /// Everything is answered. The answer may still be on its way.
    Idle,
    /// As idle, where bytes alone begin nothing: HTTP/2, which talks about itself too.
    Quiet,
    /// A refusal is said, and what the client still sends is not looked at.
    Refused,
}

const PHASES: [Phase; 8] = [
    Phase::Fresh,
    Phase::Head,
    Phase::Body,
    Phase::Late,
    Phase::Busy,
    Phase::Idle,
    Phase::Quiet,
    Phase::Refused,
];

/// The phase of one connection. Shared by its stream, its requests and its timer.
pub(crate) struct ConnectionTimer {
    start: Instant,
    /// Milliseconds from the start, then the phase in the lowest byte.
    now: AtomicU64,
    /// Milliseconds from the start since when nothing could be written; 0 if it can.
    stuck: AtomicU64,
    /// Requests of HTTP/2 that are open.
    open: AtomicUsize,
    /// The connection counts until its last request is done, even if the client is gone before that.
    _seat: OwnedSemaphorePermit,
}

/// How long each phase may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) head: Duration,
    pub(crate) body: Duration,
    pub(crate) idle: Duration,
}

impl Timeouts {
    /// So soon that no phase that begins in between can be overlooked.
    pub(crate) fn least(&self) -> Duration {
        self.head.min(self.body).min(self.idle)
    }
}

/// What the timer is to do.
pub(crate) enum Due {
    /// Look again then.
    Later(Instant),
    /// Tell the reader of the body that it is too late.
    Late,
    /// Close.
    Close,
}

impl ConnectionTimer {
    pub(crate) fn new(seat: OwnedSemaphorePermit) -> Self {
        Self {
            start: Instant::now(),
            now: AtomicU64::new(0),
            stuck: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            _seat: seat,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        let at = usize::from(self.now.load(Relaxed) as u8);
        PHASES.get(at).copied().unwrap_or(Phase::Fresh)
    }

    /// A new phase that begins now.
    pub(crate) fn enter(&self, phase: Phase) {
        self.now.store(self.millis() << 8 | phase as u64, Relaxed);
    }

    /// A new phase that counts from the beginning of the last one, which spares a look at the clock.
    pub(crate) fn go_on(&self, phase: Phase) {
        self.now
            .store(self.now.load(Relaxed) & !0xff | phase as u64, Relaxed);
    }

    /// One of many requests at once, each of which keeps its own time. Without any, the connection is quiet.
    pub(crate) fn open(self: &Arc<Self>) -> Opened {
        self.open.fetch_add(1, Relaxed);
        Opened(Arc::clone(self))
    }

    /// What is to be done by now.
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
            // The refusal gets the time that the body would have had.
            Phase::Late => return Due::Close,
            Phase::Refused | Phase::Idle | Phase::Quiet => begun + timeouts.idle,
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

/// An open request of HTTP/2.
pub(crate) struct Opened(Arc<ConnectionTimer>);

impl Drop for Opened {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Relaxed) == 1 {
            self.0.enter(Phase::Quiet);
        }
    }
}

/// A stream that reports its activity to the timer, and that closes so that a refusal is not lost.
pub(crate) struct Stream {
    wire: Wire,
    connection_timer: Arc<ConnectionTimer>,
    lingering: Option<Pin<Box<Sleep>>>,
    /// Who reads along, of HTTP/1.
    heads: Option<Arc<Heads>>,
}

/// A client that is refused while it sends may go on for so long; closing at once would reset the
/// connection, and the refusal would be lost with it (RFC 9112, 9.6).
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
        let done = Pin::new(&mut self.wire).poll_write(cx, bytes);
        self.note(&done);
        done
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.wire).poll_write_vectored(cx, slices);
        self.note(&done);
        done
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.wire).poll_shutdown(cx))?;
            if !matches!(self.connection_timer.phase(), Phase::Refused | Phase::Head) {
                return Poll::Ready(Ok(()));
            }
            self.lingering = Some(Box::pin(tokio::time::sleep(LINGER)));
        }
        let mut unread = [0; 4096];
        // Bounded in each turn, so that a fast sender does not keep the thread.
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
