//! Reader of recordings for the inspector: makes an entry of each delivery, and goes on where a recording grows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;

use crate::commands::in_order::{Chunks, in_order};
use crate::inspector::backend::Backend;
use crate::inspector::store::entry::Entry;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::line_place::LinePlace;
use crate::inspector::store::names::Names;
use crate::inspector::store::table::Table;
use crate::webhook::{Fixture, RecordedAnswer, RecordedLine};

/// Bytes of a recording that are read at once.
const BLOCK: usize = 1 << 20;

/// Longest line that is read.
const LONGEST: usize = 256 << 20;

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
    /// Number of the file in the table.
    pub(crate) file: u16,
}

/// Complete lines of a recording.
struct RecordingBlock {
    text: Bytes,
    offset: u64,
    /// Lines before these.
    before: u32,
}

/// Line that was read.
enum ReadLine {
    Delivery(LinePlace, u32, Fixture),
    Answer(RecordedAnswer),
    Broken(u32, String),
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
        let mut reader = match File::open(&self.path) {
            Ok(file) => BlockReader::new(file),
            Err(error) => {
                self.table.end_reading();
                let path = self.path.display();
                return self
                    .table
                    .add_problem(format!("`{path}` cannot be read: {error}"));
            }
        };
        let end = reader.length().unwrap_or(0);
        reader = self.read_old(reader, end);
        self.table.end_reading();
        while !self.stop.load(Relaxed) {
            match reader.block(u64::MAX) {
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

    /// Reads what is there at first, on all cores.
    fn read_old(&self, reader: BlockReader, end: u64) -> BlockReader {
        let shared = Arc::new(std::sync::Mutex::new(Some(reader)));
        let blocks = {
            let (shared, stop) = (Arc::clone(&shared), Arc::clone(&self.stop));
            std::iter::from_fn(move || {
                let mut reader = shared.lock().ok()?;
                let block = reader.as_mut()?.block(end).ok()??;
                (!stop.load(Relaxed)).then_some(block)
            })
        };
        let chunks = Chunks {
            items: 1,
            weigh: |block: &RecordingBlock| block.text.len(),
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
        let reader = shared.lock().ok().and_then(|mut reader| reader.take());
        // It is there: all blocks were read.
        reader.unwrap_or_else(|| BlockReader::at_end(end))
    }

    fn broken(&self, line: u32, why: &str) {
        let path = self.path.display();
        self.table.add_problem(format!("{path}:{line}: {why}"));
    }

    fn take_appended(&self, block: &RecordingBlock) {
        block.each_line(self.file, |line| match (line, self.appended) {
            (ReadLine::Delivery(place, line, fixture), Appended::Known) => {
                if let Some(id) = &fixture.id {
                    self.table.place(id, place, line);
                }
            }
            (ReadLine::Delivery(place, line, fixture), Appended::New) => {
                let receipt = self.backend.judge(&fixture);
                let address = address(&self.path, line);
                let mut names = Names::default();
                let entry = Entry::recorded(
                    &fixture,
                    &receipt,
                    Some((place, line)),
                    &address,
                    &mut names,
                );
                let id = fixture.id.clone().unwrap_or_else(|| address.clone());
                let kept = Kept::recorded(id, address, fixture, receipt);
                self.table.append(entry, &names, kept);
            }
            (ReadLine::Answer(answer), Appended::New) => self.table.forwarded(answer),
            (ReadLine::Answer(_), Appended::Known) => {}
            (ReadLine::Broken(line, why), _) => self.broken(line, &why),
        });
    }
}

impl BlockRows {
    /// Reads the lines of a block. Nothing but the rows is kept of them, and each is freed by the thread that read it.
    fn read(block: &RecordingBlock, file: u16, path: &Path, backend: &dyn Backend) -> BlockRows {
        let mut rows = BlockRows::default();
        block.each_line(file, |line| match line {
            ReadLine::Delivery(place, line, fixture) => {
                let receipt = backend.outline(&fixture);
                let unnamed = match fixture.id {
                    Some(_) => String::new(),
                    None => address(path, line),
                };
                let names = &mut rows.names;
                let entry =
                    Entry::recorded(&fixture, &receipt, Some((place, line)), &unnamed, names);
                rows.entries.push(entry);
            }
            ReadLine::Answer(answer) => rows.answers.push(answer),
            ReadLine::Broken(line, why) => rows.broken.push((line, why)),
        });
        rows
    }
}

/// Address of a line, which is also the id of a delivery that has none.
fn address(path: &Path, line: u32) -> String {
    format!("{}:{line}", path.display())
}

impl RecordingBlock {
    fn each_line(&self, file: u16, mut visit: impl FnMut(ReadLine)) {
        let (mut start, mut number) = (0, self.before);
        for end in memchr::memchr_iter(b'\n', &self.text) {
            number += 1;
            let (from, line) = (start, self.text.slice(start..end));
            start = end + 1;
            let text = line.slice(..line.trim_ascii_end().len());
            if text.is_empty() {
                continue;
            }
            if RecordedLine::is_answer(&text) {
                visit(match RecordedAnswer::read_line(&text) {
                    Ok(answer) => ReadLine::Answer(answer),
                    Err(fault) => ReadLine::Broken(number, fault.reason),
                });
                continue;
            }
            match RecordedLine::delivery(&text, false) {
                Ok(Some(fixture)) => {
                    let place = LinePlace {
                        offset: self.offset + from as u64,
                        length: length(end - from),
                        file,
                    };
                    visit(ReadLine::Delivery(place, number, fixture));
                }
                Ok(None) => {}
                Err(fault) => visit(ReadLine::Broken(number, fault.reason)),
            }
        }
    }
}

/// Length of a line that is not empty.
fn length(bytes: usize) -> NonZeroU32 {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    NonZeroU32::new(bytes).unwrap_or(NonZeroU32::MIN)
}

/// Reader of complete lines.
struct BlockReader {
    file: Option<File>,
    /// Bytes of the file that were given out.
    offset: u64,
    lines: u32,
    /// Beginning of the next line.
    rest: Vec<u8>,
}

impl BlockReader {
    fn new(file: File) -> Self {
        Self {
            file: Some(file),
            offset: 0,
            lines: 0,
            rest: Vec::new(),
        }
    }

    fn at_end(offset: u64) -> Self {
        Self {
            file: None,
            offset,
            lines: 0,
            rest: Vec::new(),
        }
    }

    fn length(&self) -> Option<u64> {
        Some(self.file.as_ref()?.metadata().ok()?.len())
    }

    /// Reads complete lines of the file before `end`; none if there are none.
    fn block(&mut self, end: u64) -> std::io::Result<Option<RecordingBlock>> {
        let Some(file) = &mut self.file else {
            return Ok(None);
        };
        loop {
            let at = self.offset + self.rest.len() as u64;
            let most = end.saturating_sub(at).min(BLOCK as u64);
            file.seek(SeekFrom::Start(at))?;
            let read = Read::by_ref(file).take(most).read_to_end(&mut self.rest)?;
            if read == 0 {
                return Ok(None);
            }
            if let Some(last) = memchr::memrchr(b'\n', &self.rest) {
                let rest = self.rest.split_off(last + 1);
                let text = Bytes::from(std::mem::replace(&mut self.rest, rest));
                let block = RecordingBlock {
                    offset: self.offset,
                    before: self.lines,
                    text,
                };
                self.offset += block.text.len() as u64;
                let lines = memchr::memchr_iter(b'\n', &block.text).count();
                self.lines = self
                    .lines
                    .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
                return Ok(Some(block));
            }
            if self.rest.len() > LONGEST {
                return Err(std::io::Error::other("a line is longer than 256 MiB"));
            }
        }
    }

    /// Says if the file was cut or replaced since it was read.
    fn is_replaced(&self, path: &Path) -> Option<&'static str> {
        if self.length().is_some_and(|length| length < self.offset) {
            return Some("was cut");
        }
        let now = std::fs::metadata(path).ok();
        let own = self.file.as_ref().and_then(|file| file.metadata().ok());
        match (now, own) {
            (None, _) => Some("was deleted"),
            (Some(now), Some(own)) if !is_same(&now, &own) => Some("was replaced"),
            _ => None,
        }
    }
}

#[cfg(unix)]
fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    one.len() >= other.len()
}
