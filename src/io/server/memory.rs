//! Memory for bodies: one budget for what is received, forwarded and recorded, and for what is read from a recording meanwhile.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes in memory of all large bodies together; whoever needs more waits.
pub const BODIES: usize = 256 << 20;

/// Budget of memory; clones share it.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    /// One permit for each free KiB.
    free: Arc<Semaphore>,
    /// KiB of the whole budget.
    all: u32,
}

/// Part of a budget, until it is dropped.
#[derive(Debug)]
pub struct Reserved(OwnedSemaphorePermit);

impl MemoryBudget {
    /// Budget of so many bytes.
    pub fn new(bytes: usize) -> Self {
        let all = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        Self {
            free: Arc::new(Semaphore::new(all as usize)),
            all,
        }
    }

    /// Reserves so many bytes, after waiting for them in turn. More than the budget has is all of it.
    pub async fn reserve(&self, bytes: usize) -> Reserved {
        let permits = Arc::clone(&self.free).acquire_many_owned(self.needed(bytes));
        Reserved(permits.await.expect("the semaphore is never closed"))
    }

    /// Reserves so many bytes in a thread that may block while it waits for them.
    pub fn reserve_blocking(&self, bytes: usize) -> Reserved {
        let mut reserved = pin!(self.reserve(bytes));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match reserved.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(reserved) => return reserved,
                Poll::Pending => thread::park(),
            }
        }
    }

    /// Reserves so many bytes if they are free and nobody waits for them.
    pub fn try_reserve(&self, bytes: usize) -> Option<Reserved> {
        let permits = Arc::clone(&self.free).try_acquire_many_owned(self.needed(bytes));
        permits.ok().map(Reserved)
    }

    /// KiB to reserve for so many bytes.
    fn needed(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(1024)).map_or(self.all, |needed| needed.min(self.all))
    }
}

/// Waker of a thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Reserved {
    /// Releases what exceeds so many bytes.
    pub fn shrink(&mut self, bytes: usize) {
        let spare = self.0.num_permits().saturating_sub(bytes.div_ceil(1024));
        drop(self.0.split(spare));
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryBudget;

    #[test]
    fn what_is_reserved_is_never_more_than_the_budget() {
        let budget = MemoryBudget::new(16 << 20);
        let mut held: Vec<_> = std::iter::from_fn(|| budget.try_reserve(1 << 20)).collect();
        assert_eq!(held.len(), 16);
        held.pop();
        assert!(budget.try_reserve((1 << 20) + 1).is_none());
        assert!(budget.try_reserve(1 << 20).is_some());
        // More than there is waits for all of it, and not forever.
        assert!(budget.try_reserve(1 << 40).is_none());
        held.clear();
        assert!(budget.try_reserve(1 << 40).is_some());
    }

    #[test]
    fn what_was_not_needed_is_released() {
        let budget = MemoryBudget::new(16 << 20);
        let mut held = budget.try_reserve(16 << 20).unwrap();
        assert!(budget.try_reserve(1).is_none());
        held.shrink(1 << 20);
        assert!(budget.try_reserve(15 << 20).is_some());
    }

    #[test]
    fn a_thread_that_may_block_waits_for_its_turn() {
        let budget = MemoryBudget::new(1 << 20);
        let held = budget.try_reserve(1 << 20).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.reserve_blocking(1 << 20));
            assert!(!waiting.is_finished());
            drop(held);
            assert!(waiting.join().is_ok());
        });
    }
}
