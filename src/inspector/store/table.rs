//! Table of all deliveries, in the order of arrival: those of recordings first, as they are read, then those that come
//! while the inspector runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::broadcast;

use crate::inspector::locked::Locked;
use crate::inspector::store::entry::{Entry, EntryId};
use crate::inspector::store::inbox::{Bounds, Inbox};
use crate::inspector::store::kept::Kept;
use crate::inspector::store::line_place::LinePlace;
use crate::inspector::store::live::Live;
use crate::inspector::store::names::Names;
use crate::inspector::store::packed::Packed;
use crate::inspector::store::position::Position;
use crate::inspector::store::rows::Rows;
use crate::webhook::RecordedAnswer;

/// News that a slow reader may be behind before it misses some.
const BEHIND: usize = 1024;

/// Table of deliveries.
pub struct Table {
    /// Locked after `rows`, if both are, and for a moment only.
    inbox: Mutex<Inbox>,
    rows: RwLock<Rows>,
    news: broadcast::Sender<Live>,
    bounds: Bounds,
    /// True if what leaves the memory can be read from a recording.
    is_recorded: bool,
    /// Folder with a file for each delivery, if that is the recording.
    folder: Option<PathBuf>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

impl Table {
    /// Creates an empty table. `is_recorded` is true if deliveries that leave the memory can be read from a recording.
    pub fn new(bounds: Bounds, is_recorded: bool) -> Table {
        Table {
            inbox: Mutex::default(),
            rows: RwLock::new(Rows::new()),
            news: broadcast::channel(BEHIND).0,
            bounds,
            is_recorded,
            folder: None,
        }
    }

    /// Sets the folder that deliveries are recorded into, each in a file of its own (`--record DIR/`).
    #[must_use]
    pub fn in_folder(self, folder: PathBuf) -> Table {
        Table {
            folder: Some(folder),
            ..self
        }
    }

    /// Folder that deliveries are recorded into, each in a file.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Rows for reading; a short time only, for the listener waits.
    pub fn rows(&self) -> Locked<RwLockReadGuard<'_, Rows>> {
        if !self.inbox().waiting.is_empty() {
            drop(self.rows_mut());
        }
        Locked::by(|| self.rows.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Rows for writing, with all deliveries that came.
    fn rows_mut(&self) -> Locked<RwLockWriteGuard<'_, Rows>> {
        let mut rows = self.rows_as_they_are();
        self.take_in(&mut rows);
        rows
    }

    /// Rows for writing, without the deliveries that wait.
    fn rows_as_they_are(&self) -> Locked<RwLockWriteGuard<'_, Rows>> {
        Locked::by(|| self.rows.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Receives the news from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Live> {
        // What came before is no news; what came meanwhile is.
        drop(self.rows());
        let news = self.news.subscribe();
        drop(self.rows());
        news
    }

    /// Most deliveries that are kept in memory.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// True if deliveries are read from a recording once they left the memory.
    pub fn is_recorded(&self) -> bool {
        self.is_recorded
    }

    /// Adds a delivery that was received just now, and the response of the handler that the sender waited for.
    pub fn receive(&self, packed: Packed, forwarded: Option<RecordedAnswer>) {
        // What is recorded stays in the table, and news are told.
        let is_awaited =
            || forwarded.is_some() || self.is_recorded || self.news.receiver_count() > 0;
        let bounds = match is_awaited() {
            true => Bounds {
                deliveries: usize::MAX,
                bytes: usize::MAX,
            },
            false => self.bounds,
        };
        let (freed, is_full) = self.inbox().push(packed, bounds);
        drop(freed);
        // Asked again: who subscribed before the delivery was in the inbox, and looked at it then, waits for the news.
        if is_awaited() {
            let mut rows = self.rows_mut();
            if let Some(answer) = forwarded {
                self.tell_forwarded(&mut rows, &Arc::new(answer));
            }
        } else if is_full {
            self.make_room();
        }
    }

    /// Makes rows of the deliveries that wait, and tells them, so that the news come in the order of the table.
    fn take_in(&self, rows: &mut Rows) {
        let inbox = self.inbox().take();
        if let Some(last) = inbox.last_dropped {
            rows.drop_all();
            rows.dropped += inbox.dropped;
            rows.last_dropped = EntryId::of_ulid(last.id());
        }
        let is_told = self.news.receiver_count() > 0;
        for packed in inbox.waiting {
            let kept = Arc::new(packed);
            let entry = Entry::of(Arc::clone(&kept), &mut rows.names);
            let position = rows.push(entry);
            rows.bytes += kept.size();
            if is_told {
                let _ = self.news.send(Live::Received(position, Arc::clone(&kept)));
            }
            for answer in rows.take_early(kept.id()) {
                self.tell_forwarded(rows, &Arc::new(answer));
            }
        }
        rows.shrink(self.bounds, self.is_recorded);
        self.inbox().in_table = rows.in_memory();
    }

    /// Lets the oldest rows go, so that they and the deliveries that wait are within the bounds.
    fn make_room(&self) {
        let mut rows = self.rows_as_they_are();
        let mut inbox = self.inbox();
        let (waiting, bytes) = inbox.size();
        let bounds = Bounds {
            deliveries: self.bounds.deliveries.saturating_sub(waiting),
            bytes: self.bounds.bytes.saturating_sub(bytes),
        };
        rows.shrink(bounds, self.is_recorded);
        inbox.in_table = rows.in_memory();
    }

    /// Notes the result of passing a delivery on, and tells it; false if the delivery is not there.
    fn tell_forwarded(&self, rows: &mut Rows, answer: &Arc<RecordedAnswer>) -> bool {
        let is_there = rows.forwarded(answer);
        if is_there && self.news.receiver_count() > 0 {
            let _ = self.news.send(Live::Forwarded(Arc::clone(answer)));
        }
        is_there
    }

    /// Adds deliveries of recordings, which came before those that come while the inspector runs, and recorded responses.
    /// The latest one is also what the sender got, if nothing else is known. `names` are those of the entries.
    pub fn add_old(&self, entries: Vec<Entry>, answers: &[RecordedAnswer], names: &Names) {
        let mut rows = self.rows_mut();
        let numbers = rows.names.adopt(names);
        for mut entry in entries {
            entry.renumber(&numbers);
            rows.push_old(entry);
        }
        for answer in answers {
            rows.forwarded(answer);
        }
    }

    /// Adds a delivery that was appended to a recording; `kept` is told, and not kept. `names` are those of the entry.
    pub fn append(&self, mut entry: Entry, names: &Names, kept: Kept) {
        let mut rows = self.rows_mut();
        entry.renumber(&rows.names.adopt(names));
        let position = rows.push(entry);
        rows.unkept += 1;
        let kept = Arc::new(Packed::with_receipt(kept));
        let _ = self.news.send(Live::Received(position, kept));
    }

    /// Adds the result of passing a delivery on.
    pub fn forwarded(&self, answer: RecordedAnswer) {
        let answer = Arc::new(answer);
        let mut rows = self.rows_mut();
        if !self.tell_forwarded(&mut rows, &answer) && rows.early.len() < BEHIND {
            // A handler in the background may be faster than the one that the sender waits for.
            rows.early.push_back(Arc::unwrap_or_clone(answer));
        }
    }

    /// Notes the line of a delivery that came while the inspector runs.
    pub fn place(&self, id: &str, place: LinePlace, line: u32) {
        let mut rows = self.rows_mut();
        if let Some(entry) = rows.entry_mut(id) {
            entry.place = Some(place);
            entry.line = line;
        }
    }

    /// Notes the verdict on a delivery of a recording, once it was judged.
    pub fn judged(&self, position: Position, verdict: crate::webhook::Verdict) {
        if let Some(entry) = self.rows_mut().at_mut(position) {
            entry.verdict = Some(verdict);
        }
    }

    /// Adds a recording, and returns its number.
    pub fn add_recording(&self, path: &Path) -> u16 {
        self.rows_mut().recordings.add(path)
    }

    /// Notes a problem with a recording.
    pub fn add_problem(&self, problem: String) {
        let mut rows = self.rows_mut();
        if rows.problems.len() < 100 {
            rows.problems.push(problem);
        }
    }

    /// Notes that a recording is going to be read.
    pub fn begin_reading(&self) {
        self.rows_mut().reading += 1;
    }

    /// Notes that a recording was read to its end.
    pub fn end_reading(&self) {
        let mut rows = self.rows_mut();
        rows.reading = rows.reading.saturating_sub(1);
    }

    /// Empties the memory; what comes later has later positions.
    pub fn clear(&self) {
        let mut rows = self.rows_mut();
        rows.drop_all();
        rows.old.clear();
    }
}
