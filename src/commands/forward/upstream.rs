//! Target of forwarding: its connections, its limit of requests in flight, and its pauses.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::io::client::{Exchange, Keep, Pool};
use crate::webhook::{Delivery, Kind};

/// Limit of background requests in flight to one target.
const IN_FLIGHT: usize = 32;

/// Shutdown phase of the background queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShutdownPhase {
    Open,
    /// Last attempt, at once, for each waiting delivery.
    Closing,
    /// Background deliveries are cancelled.
    Over,
}

/// Forwarding target: its connection pool, in-flight limit and failures.
pub(crate) struct Upstream {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) pool: Pool,
    pub(crate) name: String,
    permits: Semaphore,
    /// End of the pause that the target asked for with `Retry-After`.
    pause: Mutex<Option<Instant>>,
    undelivered: Mutex<Undelivered>,
}

/// Deliveries that did not reach a target.
#[derive(Default)]
struct Undelivered {
    count: u64,
    first: Option<Timestamp>,
}

impl Upstream {
    pub(crate) fn new(kinds: Vec<Kind>, pool: Pool) -> Self {
        Self {
            kinds,
            name: pool.target().to_string(),
            pool,
            permits: Semaphore::new(IN_FLIGHT),
            pause: Mutex::default(),
            undelivered: Mutex::default(),
        }
    }

    /// Sends a request at once.
    pub(crate) async fn request(&self, delivery: &Delivery, keep: Keep) -> Exchange {
        let path = self.pool.target().path_for(&delivery.path);
        self.pool.ask(&path, delivery, keep).await
    }

    /// Counts a delivery received at `at` that did not arrive.
    pub(crate) fn add_undelivered(&self, at: Timestamp) {
        let mut undelivered = locked(&self.undelivered);
        undelivered.count += 1;
        undelivered.first = Some(undelivered.first.map_or(at, |first| first.min(at)));
    }

    /// Number of deliveries that did not arrive, and the time of the first.
    pub(crate) fn undelivered(&self) -> (u64, Option<Timestamp>) {
        let undelivered = locked(&self.undelivered);
        (undelivered.count, undelivered.first)
    }

    /// Sends one attempt as soon as the in-flight limit and the target's `Retry-After` allow it; none if shutdown
    /// begins during that pause.
    pub(crate) async fn attempt(
        &self,
        delivery: &Delivery,
        keep: Keep,
        mut phase: watch::Receiver<ShutdownPhase>,
    ) -> Option<Exchange> {
        let _permit = self.permits.acquire().await;
        loop {
            let pause = *locked(&self.pause);
            let Some(until) = pause.filter(|until| *until > Instant::now()) else {
                break;
            };
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = reached(&mut phase, ShutdownPhase::Closing) => return None,
            }
        }
        Some(self.request(delivery, keep).await)
    }

    pub(crate) fn pause_for(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut pause = locked(&self.pause);
        *pause = Some(pause.map_or(until, |pause| pause.max(until)));
    }
}

/// Resolves once shutdown reaches `wanted`.
pub(crate) async fn reached(phase: &mut watch::Receiver<ShutdownPhase>, wanted: ShutdownPhase) {
    let there = |phase: &ShutdownPhase| *phase as u8 >= wanted as u8;
    if phase.wait_for(there).await.is_err() {
        // The sender is gone, so no other phase can follow.
        std::future::pending().await
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
