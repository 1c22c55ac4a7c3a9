//! Callers that wait for one write, and its outcome.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

/// Error for a delivery that comes after the recorder has stopped.
pub(super) const GONE: &str = "the recorder has stopped";

/// Callers that wait for one write.
#[derive(Default)]
pub(super) struct Waiters {
    outcome: OnceLock<WriteOutcome>,
    done: Notify,
}

pub(super) enum WriteOutcome {
    /// One result for all, for a single file: the number of the first line, if it is known.
    Together(std::result::Result<Option<u64>, String>),
    /// One result per delivery, by its number, for a folder.
    Each(Vec<std::result::Result<Arc<Path>, String>>),
}

impl Waiters {
    /// Waits for a write to a single file; returns the number of its first line.
    pub(super) async fn wait_together(&self) -> std::result::Result<Option<u64>, String> {
        match self.wait().await {
            Some(WriteOutcome::Together(first)) => first.clone(),
            Some(WriteOutcome::Each(_)) | None => Err(GONE.into()),
        }
    }

    /// Waits for a write to a folder; returns the file of the delivery with this number.
    pub(super) async fn wait_for(&self, number: usize) -> std::result::Result<Arc<Path>, String> {
        match self.wait().await {
            Some(WriteOutcome::Each(kept)) => kept
                .get(number)
                .cloned()
                .unwrap_or_else(|| Err(GONE.into())),
            Some(WriteOutcome::Together(Err(why))) => Err(why.clone()),
            Some(WriteOutcome::Together(Ok(_))) | None => Err(GONE.into()),
        }
    }

    async fn wait(&self) -> Option<&WriteOutcome> {
        let done = self.done.notified();
        if self.outcome.get().is_none() {
            done.await;
        }
        self.outcome.get()
    }

    pub(super) fn end(&self, outcome: WriteOutcome) {
        // Only the first outcome counts.
        let _ = self.outcome.set(outcome);
        self.done.notify_waiters();
    }
}

/// Guard that ends a batch with an error if nothing else has, even on a panic.
pub(super) struct BatchGuard(pub(super) Arc<Waiters>);

impl Drop for BatchGuard {
    fn drop(&mut self) {
        self.0.end(WriteOutcome::Together(Err(GONE.into())));
    }
}
