//! Rows of the table: entries, their ids and positions.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::inspector::store::entry::{Entry, EntryId};
use crate::inspector::store::inbox::Bounds;
use crate::inspector::store::line_place::Recordings;
use crate::inspector::store::names::Names;
use crate::inspector::store::position::Position;
use crate::inspector::store::segments::Segments;
use crate::webhook::RecordedAnswer;

/// Position of the first delivery that came while the inspector runs; those of recordings are before it.
const FIRST_LIVE: u64 = 1 << 62;

/// Rows of the table.
#[derive(Default)]
pub struct Rows {
    pub(super) old: Segments<Entry>,
    /// True while the ids of `old` ascend, so that one is found at once.
    ascends: bool,
    live: Segments<Entry>,
    /// Deliveries that were dropped from the front of `live`.
    pub(super) dropped: u64,
    /// Id of the latest of them.
    pub(super) last_dropped: Option<EntryId>,
    /// Deliveries at the front of `live` whose bytes left the memory.
    pub(super) unkept: usize,
    /// Bytes of the bodies in memory.
    pub(super) bytes: usize,
    /// Results for deliveries that are not there yet.
    pub(super) early: VecDeque<RecordedAnswer>,
    pub(super) names: Names,
    pub(super) recordings: Recordings,
    pub(super) problems: Vec<String>,
    /// Recordings that are being read.
    pub(super) reading: usize,
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

impl Rows {
    /// Creates a table without rows.
    pub(super) fn new() -> Rows {
        Rows {
            ascends: true,
            ..Rows::default()
        }
    }

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
        let first = self.first_live();
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
        let first = self.first_live();
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
            Lookup::Dropped => Some(Position(self.first_live())),
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
            return Some(Position(self.first_live() + at as u64));
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

    pub(super) fn at_mut(&mut self, position: Position) -> Option<&mut Entry> {
        match self.slot(position)? {
            Ok(live) => self.live.get_mut(live),
            Err(old) => self.old.get_mut(old),
        }
    }

    pub(super) fn entry_mut(&mut self, id: &str) -> Option<&mut Entry> {
        let position = self.position(id)?;
        self.at_mut(position)
    }

    /// Position of the first delivery that came while the inspector runs and is kept.
    fn first_live(&self) -> u64 {
        FIRST_LIVE + self.dropped
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
    pub(super) fn forwarded(&mut self, answer: &RecordedAnswer) -> bool {
        let target = self.names.number(&answer.target);
        let Some(entry) = self.entry_mut(&answer.to) else {
            return false;
        };
        entry.forwarded(answer, target);
        true
    }

    /// Takes the results that came before the delivery with this id.
    pub(super) fn take_early(&mut self, id: &str) -> VecDeque<RecordedAnswer> {
        if self.early.is_empty() {
            return VecDeque::new();
        }
        let (ours, others) = self.early.drain(..).partition(|it| it.to == id);
        self.early = others;
        ours
    }

    /// Adds a delivery of a recording.
    pub(super) fn push_old(&mut self, entry: Entry) {
        let precedes = |last: &Entry| last.id.is_before(entry.id);
        self.ascends = self.ascends && self.old.last().is_none_or(precedes);
        self.old.push_back(entry);
    }

    /// Adds a delivery that came while the inspector runs.
    pub(super) fn push(&mut self, entry: Entry) -> Position {
        self.live.push_back(entry);
        Position(self.first_live() + self.live.len() as u64 - 1)
    }

    /// Number of deliveries whose bytes are in memory, and the bytes of their bodies.
    pub(super) fn in_memory(&self) -> (usize, usize) {
        (self.live.len() - self.unkept, self.bytes)
    }

    /// Lets all go that came while the inspector runs.
    pub(super) fn drop_all(&mut self) {
        self.dropped += self.live.len() as u64;
        if let Some(last) = self.live.last() {
            self.last_dropped = Some(last.id);
        }
        self.live.clear();
        (self.bytes, self.unkept) = (0, 0);
    }

    /// Lets the oldest go until the bounds hold, from the memory alone if they are recorded.
    pub(super) fn shrink(&mut self, bounds: Bounds, is_recorded: bool) {
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
