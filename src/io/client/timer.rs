//! Time limit of an exchange, with one timer for all exchanges of a connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::Sleep;

/// Timer set once for many deliveries, because nearly all end long before the limit: when it fires, it is reset if the
/// current delivery still has time.
pub(super) struct Timer(Pin<Box<Sleep>>);

impl Timer {
    pub(super) fn new(limit: Duration) -> Self {
        Self(Box::pin(tokio::time::sleep(limit)))
    }

    /// Result of `work`, begun at `start`, or none after `limit`, which is the same for every call.
    pub(super) async fn within<T>(
        &mut self,
        start: Instant,
        limit: Duration,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        let end = tokio::time::Instant::from_std(start) + limit;
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            loop {
                // Checked at each poll: work that is always ready keeps the runtime from checking its timers often
                // enough.
                if tokio::time::Instant::now() >= end {
                    return Poll::Ready(None);
                }
                if self.0.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.0.as_mut().reset(end);
            }
        })
        .await
    }
}
