//! Search through the table, the latest delivery first: by what the entries hold, and where that is not enough by the
//! bytes of the deliveries, on two threads, without keeping the listener from its work.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::inspector::backend::Backend;
use crate::inspector::search::filter::{Filter, Match};
use crate::inspector::store::entry::Entry;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::line_place::{Gone, LinePlace, OpenRecording};
use crate::inspector::store::packed::Packed;
use crate::inspector::store::position::Position;
use crate::inspector::store::table::Table;
use crate::io::recorder::file_name;
use crate::webhook::{Fixture, RecordedLine};

/// Entries that are looked at between two looks at the clock, and at first, when a few of them are likely to be enough.
const CHUNK: usize = 32 << 10;
const FIRST_CHUNK: usize = 1 << 10;

/// Bytes of a recording that are read at once.
const BLOCK: usize = 1 << 20;

/// Time after which a search stops.
pub const BUDGET: Duration = Duration::from_secs(3);

/// Table with what is needed to read the deliveries in it.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// The table.
    pub table: &'a Table,
    /// Reader of events and signatures.
    pub backend: &'a dyn Backend,
}

/// Wish for more of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// More deliveries.
    More,
    /// The number of deliveries alone.
    Count,
    /// Nothing: the search stops.
    Nothing,
}

/// Result of a search.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanned {
    /// Deliveries that were looked at.
    pub scanned: usize,
    /// Deliveries that match.
    pub matched: usize,
    /// False if the time was over before all were looked at.
    pub complete: bool,
}

impl Search<'_> {
    /// Calls `visit` for each delivery that matches, the latest first, until it wishes no more of them.
    pub fn run(
        &self,
        filter: &Filter,
        before: Option<Position>,
        mut visit: impl FnMut(Position, &Entry) -> Wish,
    ) -> Scanned {
        let until = Instant::now() + BUDGET;
        let mut scanned = Scanned {
            complete: true,
            ..Scanned::default()
        };
        let (mut position, mut size) = (before, FIRST_CHUNK);
        let mut wish = Wish::More;
        loop {
            let chunk: Vec<(Position, Entry, bool)> = {
                let rows = self.table.rows();
                let mut last = None;
                let looked = rows.before(position, size).inspect(|(at, _)| {
                    scanned.scanned += 1;
                    last = Some(*at);
                });
                let chunk =
                    looked.filter_map(|(at, entry)| match filter.meets_entry(entry, &rows) {
                        Match::No => None,
                        Match::Yes if wish == Wish::Count => {
                            scanned.matched += 1;
                            None
                        }
                        found => Some((at, entry.clone(), found == Match::Yes)),
                    });
                let chunk = chunk.collect();
                let Some(last) = last else {
                    return scanned;
                };
                position = Some(last);
                chunk
            };
            let found = self.decide(filter, &chunk);
            for ((at, entry, _), _) in chunk.iter().zip(found).filter(|(_, found)| *found) {
                scanned.matched += 1;
                if wish == Wish::More {
                    wish = visit(*at, entry);
                }
                if wish == Wish::Nothing {
                    return scanned;
                }
            }
            size = (size * 2).min(CHUNK);
            if Instant::now() > until {
                scanned.complete = false;
                return scanned;
            }
        }
    }

    /// True for each of the entries that matches.
    fn decide(&self, filter: &Filter, chunk: &[(Position, Entry, bool)]) -> Vec<bool> {
        if chunk.iter().all(|(.., is_sure)| *is_sure) {
            return vec![true; chunk.len()];
        }
        // Backward through a recording, but each block is read forward.
        let half = chunk.len().div_ceil(2);
        let decide = |part: &[(Position, Entry, bool)]| {
            let mut lines = RecordingLines::new(self.table);
            let mut found: Vec<bool> = part
                .iter()
                .rev()
                .map(|(at, entry, is_sure)| {
                    *is_sure || self.matches(filter, *at, entry, &mut lines)
                })
                .collect();
            found.reverse();
            found
        };
        let (late, early) = chunk.split_at(half);
        if early.len() < 64 {
            return decide(chunk);
        }
        std::thread::scope(|scope| {
            let early = scope.spawn(|| decide(early));
            let mut found = decide(late);
            found.extend(early.join().unwrap_or_default());
            found
        })
    }

    fn matches(
        &self,
        filter: &Filter,
        at: Position,
        entry: &Entry,
        lines: &mut RecordingLines,
    ) -> bool {
        if let Some(kept) = &entry.kept {
            return self.meets_bytes(filter, kept);
        }
        let fixture = match &entry.place {
            Some(place) => {
                let line = lines.line(place);
                let may_be = |line: &Bytes| filter.texts().iter().all(|it| it.may_be_in_line(line));
                line.filter(may_be)
                    .and_then(|line| RecordedLine::delivery(&line, false).ok().flatten())
            }
            None => self.whole_file(entry).ok(),
        };
        let Some(fixture) = fixture else {
            return false;
        };
        let receipt = match (filter.reads_verdict(), filter.reads_events()) {
            (true, _) => self.backend.judge(&fixture),
            (false, true) => self.backend.outline(&fixture),
            (false, false) => crate::webhook::Receipt::default(),
        };
        if filter.reads_verdict() {
            self.table.judged(at, receipt.signature.verdict);
        }
        filter.meets_bytes(&Kept::recorded(
            String::new(),
            String::new(),
            fixture,
            receipt,
        ))
    }

    /// True if a delivery meets what its entry cannot tell.
    pub fn meets_bytes(&self, filter: &Filter, kept: &Packed) -> bool {
        let kept = kept.unpack(|delivery| match filter.reads_events() {
            true => self.backend.read_again(delivery),
            false => crate::webhook::Receipt::default(),
        });
        filter.meets_bytes(&kept)
    }

    /// A delivery in memory, with what is read in it.
    pub fn unpack(&self, kept: &Packed) -> Kept {
        kept.unpack(|delivery| self.backend.read_again(delivery))
    }

    /// Reads a delivery: from the memory, or from its recording with the verdict on its signature.
    pub fn load(&self, at: Position, entry: &Entry) -> Result<Arc<Kept>, Gone> {
        self.load_of(&mut OpenRecording::default(), at, entry)
    }

    /// Reads a delivery, from a recording that may be open already.
    pub fn load_of(
        &self,
        recording: &mut OpenRecording,
        at: Position,
        entry: &Entry,
    ) -> Result<Arc<Kept>, Gone> {
        if let Some(kept) = &entry.kept {
            return Ok(Arc::new(self.unpack(kept)));
        }
        let fixture = match &entry.place {
            Some(place) => {
                let path = || self.table.rows().recording(place.file);
                recording.reader(place.file, path)?.fixture(place)?
            }
            None => self.whole_file(entry)?,
        };
        let receipt = self.backend.judge(&fixture);
        if entry.verdict.is_none() {
            self.table.judged(at, receipt.signature.verdict);
        }
        // One lock after the other: a second one inside the first would wait for a writer that waits for the first.
        let id = self.table.rows().id(entry);
        let address = self.address(entry);
        let mut kept = Kept::recorded(id, address.unwrap_or_default(), fixture, receipt);
        kept.status = entry.status();
        kept.took = Duration::from_micros(entry.micros.into());
        kept.at = entry.time();
        Ok(Arc::new(kept))
    }

    /// Reads a delivery from its file. It is gone if that holds another one, or no valid one.
    fn whole_file(&self, entry: &Entry) -> Result<Fixture, Gone> {
        let text = std::fs::read(self.file(entry).ok_or(Gone)?).map_err(|_| Gone)?;
        let fixture = Fixture::read(&text).map_err(|_| Gone)?;
        let id = self.table.rows().id(entry);
        match fixture.id.as_deref() == Some(&id) {
            true => Ok(fixture),
            false => Err(Gone),
        }
    }

    /// File of a delivery, if a folder is recorded into.
    fn file(&self, entry: &Entry) -> Option<PathBuf> {
        let folder = self.table.folder()?;
        let id = self.table.rows().id(entry);
        Some(folder.join(file_name(entry.time(), &id)))
    }

    /// Address of a delivery in its recording.
    pub fn address(&self, entry: &Entry) -> Option<String> {
        let kept = entry.kept.as_ref();
        if let Some(address) = kept.and_then(|kept| kept.address()) {
            return Some(address.to_owned());
        }
        let Some(place) = &entry.place else {
            return Some(self.file(entry)?.display().to_string());
        };
        let rows = self.table.rows();
        let path = rows.recording(place.file)?;
        Some(match entry.line {
            0 => format!("{}:{}", path.display(), rows.id(entry)),
            line => format!("{}:{line}", path.display()),
        })
    }
}

/// Lines of recordings, read forward in blocks.
struct RecordingLines<'a> {
    table: &'a Table,
    open: OpenRecording,
    block: (u16, u64, Bytes),
}

impl<'a> RecordingLines<'a> {
    fn new(table: &'a Table) -> Self {
        Self {
            table,
            open: OpenRecording::default(),
            block: (0, 0, Bytes::new()),
        }
    }

    /// Bytes of a line; none if they cannot be read.
    fn line(&mut self, place: &LinePlace) -> Option<Bytes> {
        if self.within(place).is_none() {
            let path = || self.table.rows().recording(place.file);
            let reader = self.open.reader(place.file, path).ok()?;
            let length = BLOCK.max(place.length.get() as usize);
            self.block = (
                place.file,
                place.offset,
                reader.bytes(place.offset, length).ok()?,
            );
        }
        self.within(place)
    }

    fn within(&self, place: &LinePlace) -> Option<Bytes> {
        let (file, offset, bytes) = &self.block;
        let start = usize::try_from(place.offset.checked_sub(*offset)?).ok()?;
        let end = start.checked_add(place.length.get() as usize)?;
        (*file == place.file && end <= bytes.len()).then(|| bytes.slice(start..end))
    }
}
