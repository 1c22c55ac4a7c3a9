//! Table of all deliveries, in the order of arrival: those of recordings first, as they are read, then those that come
//! while the inspector runs.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::broadcast;

use crate::inspector::locked::Locked;
use crate::inspector::store::entry::{Entry, EntryId};
use crate::inspector::store::inbox::{Bounds, Inbox};
use crate::inspector::store::kept::Kept;
use crate::inspector::store::line_place::{LinePlace, Recordings};
use crate::inspector::store::live::Live;
use crate::inspector::store::names::Names;
use crate::inspector::store::packed::Packed;
use crate::inspector::store::position::Position;
use crate::inspector::store::segments::Segments;
use crate::webhook::RecordedAnswer;

/// News that a slow reader may be behind before it misses some.
const BEHIND: usize = 1024;

/// Position of the first delivery that came while the inspector runs; those of recordings are before it.
const FIRST_LIVE: u64 = 1 << 62;

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

/// Rows of the table.
#[derive(Default)]
pub struct Rows {
    old: Segments<Entry>,
    /// True while the ids of `old` ascend, so that one is found at once.
    ascends: bool,
    live: Segments<Entry>,
    /// Deliveries that were dropped from the front of `live`.
    dropped: u64,
    /// Id of the latest of them.
    last_dropped: Option<EntryId>,
    /// Deliveries at the front of `live` whose bytes left the memory.
    unkept: usize,
    /// Bytes of the bodies in memory.
    bytes: usize,
    /// Results for deliveries that are not there yet.
    early: VecDeque<RecordedAnswer>,
    names: Names,
    recordings: Recordings,
    problems: Vec<String>,
    /// Recordings that are being read.
    reading: usize,
}

/// Result of looking for an id.
pub enum Lookup {
    /// The delivery.
    Found(Position, Box<Entry>),
    /// It was there, and is no longer kept.
    Dropped,
    /// There never was one.
    Unknown,
}

impl Table {
    /// Creates an empty table. `is_recorded` is true if deliveries that leave the memory can be read from a recording.
    pub fn new(bounds: Bounds, is_recorded: bool) -> Table {
        let rows = Rows {
            ascends: true,
            ..Rows::default()
        };
        Table {
            inbox: Mutex::default(),
            rows: RwLock::new(rows),
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
            let precedes = |last: &Entry| last.id.is_before(entry.id);
            rows.ascends = rows.ascends && rows.old.last().is_none_or(precedes);
            rows.old.push_back(entry);
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

impl Rows {
    /// Number of deliveries.
    pub fn count(&self) -> usize {
        self.old.len() + self.live.len()
    }

    /// Number of deliveries that are no longer kept.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Problems with recordings.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// True while recordings are being read.
    pub fn is_reading(&self) -> bool {
        self.reading > 0
    }

    /// Text of a name.
    pub fn name(&self, number: u32) -> Option<&Arc<str>> {
        self.names.text(number)
    }

    /// Id of an entry as text.
    pub fn id(&self, entry: &Entry) -> String {
        let named = entry.id.name().and_then(|number| self.name(number));
        let named = named.map(ToString::to_string);
        named.or_else(|| entry.id.ulid()).unwrap_or_default()
    }

    /// Path of a recording.
    pub fn recording(&self, file: u16) -> Option<PathBuf> {
        self.recordings.path(file).map(Path::to_owned)
    }

    /// Entries before a position, or all of them, the latest first: at most `most`, with their positions.
    pub fn before(
        &self,
        position: Option<Position>,
        most: usize,
    ) -> impl Iterator<Item = (Position, &Entry)> {
        let end = position.unwrap_or(Position(u64::MAX));
        let first = FIRST_LIVE + self.dropped;
        let live_end = end.0.saturating_sub(first);
        let live_end = usize::try_from(live_end)
            .unwrap_or(usize::MAX)
            .min(self.live.len());
        let old_end = usize::try_from(end.0)
            .unwrap_or(usize::MAX)
            .min(self.old.len());
        let live = (first..first + live_end as u64).rev();
        let live = live.map(Position).zip(self.live.before(live_end));
        let old = (0..old_end as u64).rev().map(Position);
        live.chain(old.zip(self.old.before(old_end))).take(most)
    }

    /// Entries after a position, the earliest first.
    pub fn after(&self, position: Position) -> impl Iterator<Item = (Position, &Entry)> {
        let first = FIRST_LIVE + self.dropped;
        let next = position.0.saturating_add(1);
        let from_old = usize::try_from(next).unwrap_or(usize::MAX);
        let from_live = next.saturating_sub(first);
        let old = (next..).map(Position).zip(self.old.from(from_old));
        let live = (first + from_live..).map(Position);
        let from_live = usize::try_from(from_live).unwrap_or(usize::MAX);
        old.chain(live.zip(self.live.from(from_live)))
    }

    /// Looks for the latest delivery with this id.
    pub fn find(&self, id: &str) -> Lookup {
        if let Some(position) = self.position(id)
            && let Some(entry) = self.at(position)
        {
            return Lookup::Found(position, Box::new(entry.clone()));
        }
        let id = EntryId::of_ulid(id);
        match (id, self.last_dropped) {
            (Some(id), Some(last)) if id == last || id.is_before(last) => Lookup::Dropped,
            _ => Lookup::Unknown,
        }
    }

    /// Position before which a page ends that asks for what came before this id: once the delivery itself is
    /// dropped, that of the first which is kept.
    pub fn end_of_page(&self, id: &str) -> Option<Position> {
        match self.find(id) {
            Lookup::Found(position, _) => Some(position),
            Lookup::Dropped => Some(Position(FIRST_LIVE + self.dropped)),
            Lookup::Unknown => None,
        }
    }

    /// Position of the latest delivery with this id.
    pub fn position(&self, id: &str) -> Option<Position> {
        let id = match EntryId::of_ulid(id) {
            Some(id) => id,
            None => EntryId::of_name(self.names.find(id)?),
        };
        if let Some(at) = self.live.rposition(|entry| entry.id == id) {
            return Some(Position(FIRST_LIVE + self.dropped + at as u64));
        }
        let at = match (self.ascends, id.name()) {
            (true, None) => {
                let before = self.old.partition_point(|entry| entry.id.is_before(id));
                self.old.get(before).filter(|entry| entry.id == id)?;
                before
            }
            _ => self.old.rposition(|entry| entry.id == id)?,
        };
        Some(Position(at as u64))
    }

    /// Entry at a position.
    pub fn at(&self, position: Position) -> Option<&Entry> {
        match self.slot(position)? {
            Ok(live) => self.live.get(live),
            Err(old) => self.old.get(old),
        }
    }

    fn at_mut(&mut self, position: Position) -> Option<&mut Entry> {
        match self.slot(position)? {
            Ok(live) => self.live.get_mut(live),
            Err(old) => self.old.get_mut(old),
        }
    }

    fn entry_mut(&mut self, id: &str) -> Option<&mut Entry> {
        let position = self.position(id)?;
        self.at_mut(position)
    }

    /// Index in `live`, or else in `old`; none if it was dropped.
    fn slot(&self, Position(position): Position) -> Option<Result<usize, usize>> {
        if position < FIRST_LIVE {
            return usize::try_from(position).ok().map(Err);
        }
        let at = (position - FIRST_LIVE).checked_sub(self.dropped)?;
        usize::try_from(at).ok().map(Ok)
    }

    /// Adds the result of passing a delivery on; false if the delivery is not there.
    fn forwarded(&mut self, answer: &RecordedAnswer) -> bool {
        let target = self.names.number(&answer.target);
        let Some(entry) = self.entry_mut(&answer.to) else {
            return false;
        };
        entry.forwarded(answer, target);
        true
    }

    /// Takes the results that came before the delivery with this id.
    fn take_early(&mut self, id: &str) -> VecDeque<RecordedAnswer> {
        if self.early.is_empty() {
            return VecDeque::new();
        }
        let (ours, others) = self.early.drain(..).partition(|it| it.to == id);
        self.early = others;
        ours
    }

    /// Adds a delivery that came while the inspector runs.
    fn push(&mut self, entry: Entry) -> Position {
        self.live.push_back(entry);
        Position(FIRST_LIVE + self.dropped + self.live.len() as u64 - 1)
    }

    /// Number of deliveries whose bytes are in memory, and the bytes of their bodies.
    fn in_memory(&self) -> (usize, usize) {
        (self.live.len() - self.unkept, self.bytes)
    }

    /// Lets all go that came while the inspector runs.
    fn drop_all(&mut self) {
        self.dropped += self.live.len() as u64;
        if let Some(last) = self.live.last() {
            self.last_dropped = Some(last.id);
        }
        self.live.clear();
        (self.bytes, self.unkept) = (0, 0);
    }

    /// Lets the oldest go until the bounds hold, from the memory alone if they are recorded.
    fn shrink(&mut self, bounds: Bounds, is_recorded: bool) {
        while self.live.len() - self.unkept > bounds.deliveries || self.bytes > bounds.bytes {
            let oldest = match is_recorded {
                true => {
                    let oldest = self.live.get_mut(self.unkept);
                    self.unkept += 1;
                    oldest.and_then(|entry| entry.kept.take())
                }
                false => {
                    let oldest = self.live.pop_front();
                    self.dropped += 1;
                    self.last_dropped = oldest.as_ref().map(|entry| entry.id);
                    oldest.and_then(|entry| entry.kept)
                }
            };
            match oldest {
                Some(kept) => self.bytes -= kept.size().min(self.bytes),
                None if self.unkept >= self.live.len() => return,
                None => {}
            }
        }
    }
}
