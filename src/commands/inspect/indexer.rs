//! Reader of recordings for the inspector: makes an entry of each delivery, and goes on where a recording grows.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use crate::commands::in_order::{Chunks, in_order};
use crate::commands::inspect::block_reader::{BlockLine, BlockReader, LongLine, RecordingBlock};
use crate::inspector::backend::Backend;
use crate::inspector::store::entry::Entry;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::names::Names;
use crate::inspector::store::table::Table;
use crate::io::server::memory::MemoryBudget;
use crate::webhook::{RecordedAnswer, RecordedLine};

/// Pause between two looks at a recording that may grow.
const GLANCE: Duration = Duration::from_millis(100);

/// Use of the deliveries that are appended while the inspector runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    /// They are new: `ui` shows them.
    New,
    /// The listener has shown them already; only their places are noted.
    Known,
}

/// Reader of one recording.
pub(crate) struct Indexer {
    pub(crate) path: PathBuf,
    pub(crate) table: Arc<Table>,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) appended: Appended,
    /// True once the reader is to end.
    pub(crate) stop: Arc<AtomicBool>,
    /// Memory for long lines.
    pub(crate) memory: MemoryBudget,
    /// Number of the file in the table.
    pub(crate) file: u16,
}

/// Rows of a block.
#[derive(Default)]
struct BlockRows {
    entries: Vec<Entry>,
    answers: Vec<RecordedAnswer>,
    broken: Vec<(u32, String)>,
    /// Names of the entries.
    names: Names,
}

impl Indexer {
    /// Reads the recording to its end, which [`Table::begin_reading`] announced, and then what is appended, until it is to end.
    pub(crate) fn run(self) {
        let reader = match File::open(&self.path) {
            Ok(file) => BlockReader::new(file, self.memory.clone()),
            Err(error) => {
                self.table.end_reading();
                let path = self.path.display();
                return self
                    .table
                    .add_problem(format!("`{path}` cannot be read: {error}"));
            }
        };
        let end = reader.length().unwrap_or(0);
        let reader = self.read_old(reader, end);
        self.table.end_reading();
        // It is there: all blocks were read.
        let Some(mut reader) = reader else { return };
        let long = match self.appended {
            Appended::New => LongLine::Whole,
            Appended::Known => LongLine::Beginning,
        };
        while !self.stop.load(Relaxed) {
            match reader.block(u64::MAX, long) {
                Ok(Some(block)) => self.take_appended(&block),
                Ok(None) => {
                    if let Some(why) = reader.is_replaced(&self.path) {
                        let path = self.path.display();
                        return self.table.add_problem(format!(
                            "`{path}` {why}; deliveries that were in it may be gone"
                        ));
                    }
                    std::thread::sleep(GLANCE);
                }
                Err(error) => {
                    let path = self.path.display();
                    return self
                        .table
                        .add_problem(format!("`{path}` cannot be read: {error}"));
                }
            }
        }
    }

    /// Reads what is there at first, on all cores; returns the reader.
    fn read_old(&self, reader: BlockReader, end: u64) -> Option<BlockReader> {
        let shared = Arc::new(std::sync::Mutex::new(Some(reader)));
        let blocks = {
            let (shared, stop) = (Arc::clone(&shared), Arc::clone(&self.stop));
            std::iter::from_fn(move || {
                let mut reader = shared.lock().ok()?;
                let block = reader.as_mut()?.block(end, LongLine::Whole).ok()??;
                (!stop.load(Relaxed)).then_some(block)
            })
        };
        let chunks = Chunks {
            items: 1,
            weigh: RecordingBlock::size,
        };
        let (backend, file) = (Arc::clone(&self.backend), self.file);
        let path = self.path.clone();
        let read = move |block: RecordingBlock| BlockRows::read(&block, file, &path, &*backend);
        for rows in in_order(blocks, chunks, read) {
            self.table.add_old(rows.entries, &rows.answers, &rows.names);
            for (line, why) in rows.broken {
                self.broken(line, &why);
            }
        }
        shared.lock().ok()?.take()
    }

    fn broken(&self, line: u32, why: &str) {
        let path = self.path.display();
        self.table.add_problem(format!("{path}:{line}: {why}"));
    }

    fn take_appended(&self, block: &RecordingBlock) {
        for line in block.lines(self.file) {
            match self.appended {
                Appended::Known => {
                    if let Some(id) = RecordedLine::id(&line.text) {
                        self.table.place(id, line.place, line.number);
                    }
                }
                Appended::New => self.take_new(&line),
            }
        }
    }

    fn take_new(&self, line: &BlockLine) {
        match RecordedLine::read(&line.text, false) {
            Ok(RecordedLine::Delivery(fixture)) => {
                let receipt = self.backend.judge(&fixture);
                let address = address(&self.path, line.number);
                let mut names = Names::default();
                let place = Some((line.place, line.number));
                let entry = Entry::recorded(&fixture, &receipt, place, &address, &mut names);
                let id = fixture.id.clone().unwrap_or_else(|| address.clone());
                let kept = Kept::recorded(id, address, *fixture, receipt);
                self.table.append(entry, &names, kept);
            }
            Ok(RecordedLine::Answer(answer)) => self.table.forwarded(*answer),
            Err(fault) => self.broken(line.number, &fault.reason),
        }
    }
}

impl BlockRows {
    /// Reads the lines of a block. Nothing but the rows is kept of them, and each is freed by the thread that read it.
    fn read(block: &RecordingBlock, file: u16, path: &Path, backend: &dyn Backend) -> BlockRows {
        let mut rows = BlockRows::default();
        for line in block.lines(file) {
            match RecordedLine::read(&line.text, false) {
                Ok(RecordedLine::Delivery(fixture)) => {
                    let receipt = backend.outline(&fixture);
                    let unnamed = match fixture.id {
                        Some(_) => String::new(),
                        None => address(path, line.number),
                    };
                    let (place, names) = (Some((line.place, line.number)), &mut rows.names);
                    let entry = Entry::recorded(&fixture, &receipt, place, &unnamed, names);
                    rows.entries.push(entry);
                }
                Ok(RecordedLine::Answer(answer)) => rows.answers.push(*answer),
                Err(fault) => rows.broken.push((line.number, fault.reason)),
            }
        }
        rows
    }
}

/// Address of a line, which is also the id of a delivery that has none.
fn address(path: &Path, line: u32) -> String {
    format!("{}:{line}", path.display())
}
