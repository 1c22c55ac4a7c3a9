//! Writing thread of a recorder: writes, syncs, and tries again what could not be written.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::io::recorder::batch::{BatchGuard, Waiters, WriteOutcome};
use crate::io::recorder::file::RecordingFile;
use crate::io::recorder::folder::{AnswerToKeep, Folder};
use crate::io::recorder::pending_write::PendingWrite;
use crate::io::recorder::sync::{SYNCED_EVERY, Sync};
use crate::io::recorder::write_queue::{QueueState, WriteQueue, WriterStep};
use crate::webhook::RecordedLine;

/// Time for which text is collected for one write, in the modes without a sync per delivery.
const GATHERED_FOR: Duration = Duration::from_millis(2);

/// Pause before a failed write is tried again, in the modes without a sync per delivery.
const TRIED_AGAIN: Duration = Duration::from_millis(100);

/// Bytes of waiting responses past which they are left out.
pub(super) const LEFT_OUT: usize = 8 << 20;

/// Most responses that wait until a folder has no deliveries to write.
const LATER: usize = 1024;

/// Responses added to files of a folder in one go, and in mode `Always`, where each is synced.
const IN_ONE_GO: usize = 256;
const IN_ONE_GO_SYNCED: usize = 4;

/// File or folder that is written to.
pub(super) enum RecordingOutput {
    File(RecordingFile),
    Folder(Folder),
}

/// Thread that writes what is in the queue.
pub(super) struct Writer {
    pub(super) queue: Arc<WriteQueue>,
    pub(super) output: RecordingOutput,
    pub(super) sync: Sync,
    pub(super) tell: Box<dyn Fn(&str) + Send>,
    /// Time of the next sync, if anything is unsynced.
    pub(super) sync_due: Option<Instant>,
    /// In mode `Always`, lines of answers that could not be written yet.
    pub(super) unwritten: Vec<u8>,
    /// Answers for the files of a folder.
    pub(super) later: VecDeque<AnswerToKeep>,
    /// True once it was told that answers cannot be written, until they can be.
    pub(super) is_told: bool,
}

impl Writer {
    pub(super) fn run(mut self) {
        let _last = WriterGuard(Arc::clone(&self.queue));
        let mut pending = PendingWrite::default();
        loop {
            let until = match self.later.is_empty() {
                true => self.sync_due,
                false => Some(Instant::now()),
            };
            match self.queue.take(&mut pending, until) {
                WriterStep::End => break,
                WriterStep::Sync => self.answer_later(self.in_one_go()),
                WriterStep::Write(batch) => {
                    self.keep(&mut pending, &batch.0);
                    if pending.is_large() {
                        pending.text = Vec::new();
                    }
                    self.queue.give_back(&mut pending);
                }
            }
            if self.sync_due.is_some_and(|due| due <= Instant::now()) {
                self.sync(&mut pending);
            }
            pending.clear();
            self.tell_left_out();
            if self.sync != Sync::Always {
                self.queue.rest(GATHERED_FOR);
            }
        }
        self.answer_later(self.later.len());
        if self.sync_due.is_some() {
            self.sync(&mut pending);
        }
        if !self.unwritten.is_empty() {
            self.queue.lock().left_out += count_lines(&self.unwritten, true) as u64;
        }
        self.tell_left_out();
    }

    fn keep(&mut self, pending: &mut PendingWrite, batch: &Waiters) {
        let always = self.sync == Sync::Always;
        match &mut self.output {
            RecordingOutput::Folder(folder) => {
                if pending.count > 0 {
                    batch.end(WriteOutcome::Each(folder.keep(pending.files(), self.sync)));
                }
                self.later.extend(pending.answered.drain(..));
                self.answer_later(self.excess());
            }
            RecordingOutput::File(_) if always => {
                let kept = self.append(pending);
                return batch.end(WriteOutcome::Together(kept));
            }
            RecordingOutput::File(file) => {
                pending.text.append(&mut pending.answers);
                let kept = file
                    .append(&pending.text, false)
                    .map_err(|error| cannot_write(file, &error));
                file.take_notes().iter().for_each(|note| (self.tell)(note));
                match kept {
                    Err(why) => return self.insist(why, pending),
                    kept => batch.end(WriteOutcome::Together(kept)),
                }
                // Anew after each write: the file may have been exchanged, or counted in the meantime.
                self.queue.lock().next_line = file.next_line();
            }
        }
        if self.sync == Sync::Interval && self.sync_due.is_none() {
            self.sync_due = Some(Instant::now() + SYNCED_EVERY);
        }
        if matches!(&self.output, RecordingOutput::Folder(folder) if folder.wants_sync()) {
            self.sync_due = Some(Instant::now());
        }
    }

    /// Appends deliveries and answers in mode `Always`. Deliveries are synced, and answers with them; answers alone are
    /// synced later. Answers that cannot be written are kept for another try.
    fn append(&mut self, pending: &mut PendingWrite) -> std::result::Result<Option<u64>, String> {
        let RecordingOutput::File(file) = &mut self.output else {
            return Ok(None);
        };
        let sync = pending.count > 0 || !self.unwritten.is_empty();
        let deliveries = pending.text.len();
        pending.text.append(&mut self.unwritten);
        pending.text.append(&mut pending.answers);
        let unsynced = file.unsynced();
        let kept = file.append(&pending.text, sync);
        file.take_notes().iter().for_each(|note| (self.tell)(note));
        let error = match kept {
            Err(error) => error,
            Ok(first) => {
                if std::mem::take(&mut self.is_told) {
                    let path = file.path().display();
                    (self.tell)(&format!("`{path}` can be written again"));
                }
                let later = || Instant::now() + SYNCED_EVERY;
                self.sync_due = (!sync).then(|| self.sync_due.unwrap_or_else(later));
                return Ok(first);
            }
        };
        let why = cannot_write(file, &error);
        let answers = pending.text.split_off(deliveries);
        self.owe(unsynced, answers, pending.count == 0, &why);
        Err(why)
    }

    /// Keeps lines of answers for another try, after the `unsynced` bytes of earlier writes that are not known to be on
    /// disk.
    fn owe(&mut self, unsynced: usize, answers: Vec<u8>, tell: bool, why: &str) {
        let RecordingOutput::File(file) = &mut self.output else {
            return;
        };
        match file.take_back() {
            Ok(mut lines) => {
                // What this write has left in a file that was deleted is not earlier.
                lines.truncate(unsynced);
                self.unwritten = lines;
            }
            Err(error) => (self.tell)(&format!(
                "the responses recorded last may be lost: {}",
                cannot_write(file, &error)
            )),
        }
        if self.unwritten.len() + answers.len() > LEFT_OUT {
            self.queue.lock().left_out += count_lines(&answers, true) as u64;
        } else {
            self.unwritten.extend_from_slice(&answers);
        }
        if self.unwritten.is_empty() {
            self.sync_due = None;
            return;
        }
        self.sync_due = Some(Instant::now() + SYNCED_EVERY);
        // A delivery that could not be written is told by whoever answers it.
        if tell && !std::mem::replace(&mut self.is_told, true) {
            (self.tell)(&format!(
                "{why}; responses are recorded once it works again"
            ));
        }
    }

    /// Number of waiting answers of a folder that are too many to keep.
    fn excess(&self) -> usize {
        let mut size = 0;
        let newest = self.later.iter().rev().take(LATER);
        let fits = newest.take_while(|it| {
            size += it.answer.size();
            size <= LEFT_OUT
        });
        self.later.len() - fits.count()
    }

    fn in_one_go(&self) -> usize {
        match self.sync {
            Sync::Always => IN_ONE_GO_SYNCED,
            Sync::Interval | Sync::Never => IN_ONE_GO,
        }
    }

    /// Adds up to this many of the waiting answers to the files of a folder.
    fn answer_later(&mut self, count: usize) {
        let count = count.min(self.later.len());
        let RecordingOutput::Folder(folder) = &mut self.output else {
            return;
        };
        if count == 0 {
            return;
        }
        for why in folder.answer(self.later.drain(..count), self.sync) {
            (self.tell)(&format!("a response was not recorded: {why}"));
        }
        if self.sync == Sync::Interval && self.sync_due.is_none() {
            self.sync_due = Some(Instant::now() + SYNCED_EVERY);
        }
    }

    fn tell_left_out(&self) {
        let count = std::mem::take(&mut self.queue.lock().left_out);
        if count > 0 {
            let were = if count == 1 {
                "response was"
            } else {
                "responses were"
            };
            (self.tell)(&format!(
                "{count} {were} not recorded: the disk did not keep up; the deliveries are recorded"
            ));
        }
    }

    /// Syncs earlier writes. `pending` is overwritten.
    fn sync(&mut self, pending: &mut PendingWrite) {
        self.sync_due = None;
        pending.clear();
        if !self.unwritten.is_empty() {
            // The deliveries that it fails for are none.
            let _ = self.append(pending);
            return;
        }
        match &mut self.output {
            RecordingOutput::Folder(folder) => {
                if let Err(error) = folder.sync() {
                    (self.tell)(&format!(
                        "what was recorded last may not be on disk: {error}"
                    ));
                }
            }
            RecordingOutput::File(file) => {
                let Err(error) = file.sync() else {
                    return;
                };
                let why = cannot_write(file, &error);
                if self.sync == Sync::Always {
                    // Only answers are written without a sync.
                    return self.owe(usize::MAX, Vec::new(), true, &why);
                }
                match file.take_back() {
                    Ok(lines) => {
                        pending.count = count_lines(&lines, false);
                        pending.text = lines;
                    }
                    Err(error) => (self.tell)(&format!(
                        "what was recorded last may be lost: {}",
                        cannot_write(file, &error)
                    )),
                }
                self.insist(why, pending);
            }
        }
    }

    /// Retries a write of acknowledged deliveries until it succeeds; new ones are refused in the meantime.
    fn insist(&mut self, why: String, pending: &mut PendingWrite) {
        let RecordingOutput::File(file) = &mut self.output else {
            return;
        };
        self.queue.fail(&why, pending);
        (self.tell)(&format!(
            "{why}; nothing more is acknowledged until it works again"
        ));
        loop {
            let closed = {
                let state = self.queue.lock();
                let wait = |state: &mut QueueState| !state.closed;
                let rested = self.queue.work.wait_timeout_while(state, TRIED_AGAIN, wait);
                rested.unwrap_or_else(PoisonError::into_inner).0.closed
            };
            let kept = file.append(&pending.text, true);
            file.take_notes().iter().for_each(|note| (self.tell)(note));
            match kept {
                Ok(_) => {
                    let mut state = self.queue.lock();
                    state.failing = None;
                    state.next_line = file.next_line();
                    drop(state);
                    self.sync_due = None;
                    let path = file.path().display();
                    return (self.tell)(&format!("`{path}` can be written again"));
                }
                Err(error) if closed => {
                    let why = cannot_write(file, &error);
                    let lost = match pending.count {
                        0 => "recorded responses are lost".to_owned(),
                        1 => "1 delivery that was acknowledged is lost".to_owned(),
                        count => format!("{count} deliveries that were acknowledged are lost"),
                    };
                    return (self.tell)(&format!("{lost}: {why}"));
                }
                Err(_) => {}
            }
        }
    }
}

/// Number of lines that are answers, or that are not.
fn count_lines(lines: &[u8], answers: bool) -> usize {
    let lines = lines.split_inclusive(|b| *b == b'\n');
    lines
        .filter(|line| RecordedLine::is_answer(line) == answers)
        .count()
}

fn cannot_write(file: &RecordingFile, error: &io::Error) -> String {
    format!("cannot write `{}`: {error}", file.path().display())
}

/// Guard that closes the recorder and releases all waiting callers when the writer ends, even by a panic.
struct WriterGuard(Arc<WriteQueue>);

impl Drop for WriterGuard {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        drop(BatchGuard(std::mem::take(&mut state.batch)));
        drop(state);
        // Callers that wait for space are released, and then refused.
        self.0.room.add_permits(Semaphore::MAX_PERMITS / 2);
    }
}
