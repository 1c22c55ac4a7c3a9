//! Buffer shared by the callers of a recorder and the thread that writes.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::io::recorder::batch::{BatchGuard, GONE, Waiters};
use crate::io::recorder::pending_write::{FULL, PendingWrite};
use crate::webhook::Fixture;

/// Buffer of text that is written next, with the callers that wait for it.
pub(super) struct WriteQueue {
    pub(super) state: Mutex<QueueState>,
    /// Wakes the writer: there is text to write, or no reason to collect more.
    pub(super) work: Condvar,
    /// One permit per KiB of free buffer.
    pub(super) room: Semaphore,
}

/// Content of the buffer, under its lock.
#[derive(Default)]
pub(super) struct QueueState {
    pub(super) pending: PendingWrite,
    /// Callers whose text is in `pending`.
    pub(super) batch: Arc<Waiters>,
    pub(super) closed: bool,
    /// Reason why deliveries are refused at present.
    pub(super) failing: Option<String>,
    /// True while the writer waits for text; otherwise it takes the next text without being woken.
    pub(super) is_idle: bool,
    /// Answers that were left out since it was last said.
    pub(super) left_out: u64,
    /// Number of the line that the first delivery of `pending` will have, if it is known.
    pub(super) next_line: Option<u64>,
}

/// Text that was put into the buffer.
pub(super) struct Put {
    pub(super) batch: Arc<Waiters>,
    /// Number of the delivery within the batch, from 0.
    pub(super) number: usize,
    /// Number of its line in the file, if nothing fails.
    pub(super) line: Option<u64>,
}

impl Default for WriteQueue {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            room: Semaphore::new(FULL as usize),
        }
    }
}

impl WriteQueue {
    pub(super) fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for buffer space in KiB, returned when the writer takes the text, or has written it if it is large.
    pub(super) async fn room_for(&self, fixture: &Fixture) -> usize {
        // Escaped text is hardly ever more than twice as long.
        let bytes = fixture.delivery.body.len() * 2 + 1024;
        let needed = u32::try_from(bytes >> 10).unwrap_or(FULL).clamp(1, FULL);
        // The semaphore is never closed.
        if let Ok(room) = self.room.acquire_many(needed).await {
            room.forget();
        }
        needed as usize
    }

    /// Appends a text to the buffer; returns what to wait for.
    pub(super) fn put(
        &self,
        name: Option<String>,
        text: String,
        room: usize,
    ) -> std::result::Result<Put, String> {
        let mut state = self.lock();
        if state.closed || state.failing.is_some() {
            let why = state.failing.clone().unwrap_or_else(|| GONE.into());
            drop(state);
            self.room.add_permits(room);
            return Err(why);
        }
        let number = state.pending.count;
        state.pending.push(name, text, room);
        let line = state.next_line.map(|next| next + number as u64);
        let batch = Arc::clone(&state.batch);
        // The writer is woken at half full, so that callers do not have to wait.
        let wake = std::mem::take(&mut state.is_idle)
            || state.pending.room >= FULL as usize / 2
                && state.pending.room - room < FULL as usize / 2;
        drop(state);
        if wake {
            self.work.notify_one();
        }
        Ok(Put {
            batch,
            number,
            line,
        })
    }

    /// Waits for text until the time `until`, and moves it into `pending` with the callers that wait for it.
    pub(super) fn take(&self, pending: &mut PendingWrite, until: Option<Instant>) -> WriterStep {
        let mut state = self.lock();
        while state.pending.is_empty() && !state.closed {
            state.is_idle = true;
            state = match until.map(|it| it.saturating_duration_since(Instant::now())) {
                None => self
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => {
                    state.is_idle = false;
                    return WriterStep::Sync;
                }
                Some(left) => {
                    let woken = self.work.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.is_idle = false;
        if state.pending.is_empty() {
            return WriterStep::End;
        }
        std::mem::swap(&mut state.pending, pending);
        let lines = pending.count as u64 + pending.answer_lines;
        state.next_line = state.next_line.map(|next| next + lines);
        let batch = std::mem::take(&mut state.batch);
        drop(state);
        if !pending.is_large() {
            self.give_back(pending);
        }
        WriterStep::Write(BatchGuard(batch))
    }

    /// Returns the buffer space of a batch. While a large text is written, no other is serialised beside it.
    pub(super) fn give_back(&self, pending: &mut PendingWrite) {
        self.room.add_permits(std::mem::take(&mut pending.room));
    }

    /// Waits up to `time` for more text, or until the buffer is half full.
    pub(super) fn rest(&self, time: Duration) {
        let gathers =
            |state: &mut QueueState| !state.closed && state.pending.room < FULL as usize / 2;
        let _ = self.work.wait_timeout_while(self.lock(), time, gathers);
    }

    /// Refuses new deliveries with this reason, and appends the text collected in the meantime to `pending`.
    pub(super) fn fail(&self, why: &str, pending: &mut PendingWrite) {
        let mut state = self.lock();
        state.failing = Some(why.into());
        let late = std::mem::take(&mut state.pending);
        drop(state);
        self.room.add_permits(late.room);
        self.give_back(pending);
        pending.text.extend_from_slice(&late.text);
        pending.text.extend_from_slice(&late.answers);
        pending.count += late.count;
    }
}

/// Next step of the writer.
pub(super) enum WriterStep {
    Write(BatchGuard),
    Sync,
    End,
}
