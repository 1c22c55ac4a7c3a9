//! Transport under hyper that replaces the heads of requests, and begins with what was exchanged without hyper.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::io::heads;
use crate::io::tls::Wire;
use crate::webhook::Headers;

/// Largest head of a response, in bytes.
pub(super) const LARGEST_HEAD: usize = 64 << 10;

/// Head sent in place of the one that hyper writes: hyper writes field names in lower case and groups repeated fields.
pub(super) type NextHead = Arc<Mutex<Option<Vec<u8>>>>;

/// End of a request head: an empty line.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Transport whose first request was already sent outside hyper: hyper's first request is dropped, and it reads the
/// bytes already received as the response. Heads of later requests are replaced by those in `next_head`.
pub(super) struct ReplayedPrefix {
    wire: Wire,
    heard: Bytes,
    stage: PrefixStage,
    /// True if all bytes that hyper wrote were flushed.
    pub(super) sent: Arc<AtomicBool>,
    /// Waker of the reader that waits for the first request to be dropped.
    listener: Option<Waker>,
    /// True once a byte was received.
    has_heard: bool,
    pub(super) is_http2: Arc<AtomicBool>,
    pub(super) next_head: NextHead,
    pub(super) heard_head: Arc<Mutex<Option<HeardHead>>>,
    exchanged: HeadSwap,
    /// Bytes of the replacing head that are not sent yet.
    head: Bytes,
    /// True once a write failed. The peer takes no more of the request; reads return the response that may say why.
    has_failed: bool,
}

/// Progress of the first request, which was sent already.
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

/// State of replacing the head that hyper writes.
#[derive(Default)]
enum HeadSwap {
    /// No replacement is in progress.
    #[default]
    Done,
    /// hyper's head is being dropped; the number is the bytes of [`HEAD_END`] matched so far.
    Swallowing(usize),
}

impl ReplayedPrefix {
    pub(super) fn nothing(wire: Wire) -> Self {
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

    pub(super) fn request(wire: Wire, heard: Bytes) -> Self {
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

pub(super) fn lock<T>(head: &Mutex<T>) -> MutexGuard<'_, T> {
    head.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Head of a response as it was received, with the names in their case.
#[derive(Default)]
pub(super) struct HeardHead {
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
    pub(super) fn arrange(&self, fields: Headers) -> Headers {
        match self.is_whole {
            true => fields.arranged(&heads::names(&self.bytes)),
            false => fields,
        }
    }
}
