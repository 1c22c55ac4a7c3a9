//! Reader of the complete lines of a recording, block by block, also while it grows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZeroU32;
use std::path::Path;

use bytes::Bytes;

use crate::inspector::store::line_place::LinePlace;
use crate::io::recording::detect::LONGEST;
use crate::io::server::memory::{MemoryBudget, Reserved};
use crate::webhook::block_for;

/// Bytes of a recording that are read at once.
const BLOCK: usize = 1 << 20;

/// Use of a line that is longer than a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LongLine {
    /// It is read whole, once there is memory for it and for the body in it.
    Whole,
    /// Only its beginning is read.
    Beginning,
}

/// Complete lines of a recording, or the beginning of a long one.
pub(crate) struct RecordingBlock {
    text: Bytes,
    /// Offset of the first line, in bytes.
    offset: u64,
    /// Lines before these.
    before: u32,
    /// Length of the line of which this is the beginning, in bytes.
    cut: Option<u64>,
    /// Memory for a long line.
    _memory: Option<Reserved>,
}

/// Line of a block, without white space at its end.
pub(crate) struct BlockLine {
    pub(crate) text: Bytes,
    pub(crate) place: LinePlace,
    /// Its number in the recording, from 1.
    pub(crate) number: u32,
}

/// Reader of a recording.
pub(crate) struct BlockReader {
    file: File,
    memory: MemoryBudget,
    /// Offset of the next line, in bytes.
    offset: u64,
    /// Lines before that.
    lines: u32,
    /// Beginning of the next line.
    rest: Vec<u8>,
    /// Bytes of the next line that are known to hold no line break.
    passed: u64,
}

impl RecordingBlock {
    /// Bytes of it in memory.
    pub(crate) fn size(&self) -> usize {
        self.text.len()
    }

    /// Lines that are not empty; `file` is the number of the recording.
    pub(crate) fn lines(&self, file: u16) -> impl Iterator<Item = BlockLine> {
        let ends = memchr::memchr_iter(b'\n', &self.text).chain(self.cut.map(|_| self.text.len()));
        let (mut start, mut number) = (0, self.before);
        ends.filter_map(move |end| {
            let from = std::mem::replace(&mut start, end + 1);
            number += 1;
            let line = self
                .text
                .get(from..end)
                .unwrap_or_default()
                .trim_ascii_end();
            let length = self.cut.unwrap_or((end - from) as u64);
            let place = LinePlace {
                offset: self.offset + from as u64,
                length: u32::try_from(length).ok().and_then(NonZeroU32::new)?,
                file,
            };
            (!line.is_empty()).then(|| BlockLine {
                text: self.text.slice_ref(line),
                place,
                number,
            })
        })
    }
}

impl BlockReader {
    /// Reads a file from its beginning. Long lines are read once there is memory for them.
    pub(crate) fn new(file: File, memory: MemoryBudget) -> Self {
        Self {
            file,
            memory,
            offset: 0,
            lines: 0,
            rest: Vec::new(),
            passed: 0,
        }
    }

    /// Length of the file in bytes.
    pub(crate) fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Reads complete lines of the file before `end`; none if there are none at present.
    pub(crate) fn block(&mut self, end: u64, long: LongLine) -> io::Result<Option<RecordingBlock>> {
        while self.rest.len() < BLOCK {
            let at = self.offset + self.rest.len() as u64;
            let most = end.saturating_sub(at).min(BLOCK as u64);
            self.file.seek(SeekFrom::Start(at))?;
            let input = Read::by_ref(&mut self.file).take(most);
            if { input }.read_to_end(&mut self.rest)? == 0 {
                return Ok(None);
            }
            if let Some(last) = memchr::memrchr(b'\n', &self.rest) {
                let rest = self.rest.split_off(last + 1);
                let text = std::mem::replace(&mut self.rest, rest);
                return Ok(Some(self.taken(text, None, None)));
            }
        }
        let Some(length) = self.long_line(end)? else {
            return Ok(None);
        };
        if long == LongLine::Beginning {
            let beginning = std::mem::take(&mut self.rest);
            return Ok(Some(self.taken(beginning, Some(length), None)));
        }
        let whole = usize::try_from(length).unwrap_or(usize::MAX) + 1;
        // The line, and the body once it is decoded.
        let memory = self.memory.reserve_blocking(2 * whole);
        let mut text = Vec::with_capacity(block_for(whole));
        text.append(&mut self.rest);
        self.file
            .seek(SeekFrom::Start(self.offset + text.len() as u64))?;
        let input = Read::by_ref(&mut self.file).take((whole - text.len()) as u64);
        { input }.read_to_end(&mut text)?;
        // It was cut meanwhile.
        if text.len() < whole {
            return Ok(None);
        }
        Ok(Some(self.taken(text, None, Some(memory))))
    }

    /// Length of the next line, which is longer than a block, without its line break; none if it has none yet.
    fn long_line(&mut self, end: u64) -> io::Result<Option<u64>> {
        let mut piece = vec![0; 64 << 10];
        self.passed = self.passed.max(self.rest.len() as u64);
        loop {
            let at = self.offset + self.passed;
            let most = end.saturating_sub(at).min(piece.len() as u64);
            self.file.seek(SeekFrom::Start(at))?;
            let read = self
                .file
                .read(piece.get_mut(..most as usize).unwrap_or_default())?;
            let piece = piece.get(..read).unwrap_or_default();
            match memchr::memchr(b'\n', piece) {
                Some(at) => return Ok(Some(self.passed + at as u64)),
                None if read == 0 => return Ok(None),
                None => self.passed += read as u64,
            }
            if self.passed > LONGEST as u64 {
                return Err(io::Error::other("a line is longer than 256 MiB"));
            }
        }
    }

    /// Block of lines that were read, or of the beginning of a line of this length; the reader goes on behind it.
    fn taken(
        &mut self,
        text: Vec<u8>,
        cut: Option<u64>,
        memory: Option<Reserved>,
    ) -> RecordingBlock {
        let block = RecordingBlock {
            offset: self.offset,
            before: self.lines,
            text: text.into(),
            cut,
            _memory: memory,
        };
        let breaks = memchr::memchr_iter(b'\n', &block.text).count();
        let lines = if cut.is_some() { 1 } else { breaks };
        self.lines = self
            .lines
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.offset += cut.map_or(block.text.len() as u64, |length| length + 1);
        self.passed = 0;
        block
    }

    /// Says if the file was cut or replaced since it was read.
    pub(crate) fn is_replaced(&self, path: &Path) -> Option<&'static str> {
        let own = self.file.metadata().ok();
        if own.as_ref().is_some_and(|own| own.len() < self.offset) {
            return Some("was cut");
        }
        match (std::fs::metadata(path).ok(), own) {
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

#[cfg(test)]
mod tests {
    use super::{BLOCK, BlockReader, LongLine};
    use crate::io::server::memory::MemoryBudget;
    use std::fs::{self, OpenOptions};
    use std::io::Write as _;

    /// Recording in a folder of its own, and a reader of it.
    struct Case {
        folder: tempfile::TempDir,
        reader: BlockReader,
    }

    fn case(text: &str, memory: &MemoryBudget) -> Case {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.ndjson");
        fs::write(&path, text).unwrap();
        Case {
            reader: BlockReader::new(fs::File::open(path).unwrap(), memory.clone()),
            folder,
        }
    }

    /// Number, offset and length of each line that is read, and its text.
    fn read(case: &mut Case, end: u64, long: LongLine) -> Vec<(u32, u64, u32, String)> {
        let mut lines = Vec::new();
        while let Some(block) = case.reader.block(end, long).unwrap() {
            lines.extend(block.lines(0).map(|line| {
                let text = String::from_utf8(line.text.to_vec()).unwrap();
                (
                    line.number,
                    line.place.offset,
                    line.place.length.get(),
                    text,
                )
            }));
        }
        lines
    }

    #[test]
    fn lines_of_any_length_are_read_with_their_places() {
        let lengths = [3, 0, BLOCK + 1, 5, BLOCK - 1, BLOCK, 0, 3 * BLOCK, 2];
        let line = |length: usize| "x".repeat(length) + "\n";
        let text: String = lengths.into_iter().map(line).collect();
        let budget = MemoryBudget::new(8 * BLOCK);
        for long in [LongLine::Whole, LongLine::Beginning] {
            let mut case = case(&text, &budget);
            let (mut number, mut offset, mut wanted) = (0, 0, Vec::new());
            for length in lengths {
                number += 1;
                wanted.push((number, offset, length as u32));
                offset += length as u64 + 1;
            }
            wanted.retain(|(_, _, length)| *length > 0);
            let found = read(&mut case, u64::MAX, long);
            let places = found
                .iter()
                .map(|(number, offset, length, _)| (*number, *offset, *length));
            assert_eq!(places.collect::<Vec<_>>(), wanted);
            for (_, _, length, text) in found {
                let is_whole = text.len() == length as usize;
                assert!(is_whole || long == LongLine::Beginning && text.len() >= BLOCK);
            }
        }
    }

    #[test]
    fn a_long_line_is_read_once_it_has_its_end() {
        let budget = MemoryBudget::new(8 * BLOCK);
        let mut case = case(&"x".repeat(2 * BLOCK), &budget);
        assert_eq!(read(&mut case, u64::MAX, LongLine::Whole), []);
        let path = case.folder.path().join("r.ndjson");
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"yz\nnext\n").unwrap();
        // What is behind the given end stays unread.
        assert_eq!(read(&mut case, 2 * BLOCK as u64 + 2, LongLine::Whole), []);
        let found = read(&mut case, u64::MAX, LongLine::Whole);
        assert!(found[0].3.ends_with("xyz"));
        assert_eq!(found[1], (2, 2 * BLOCK as u64 + 3, 4, "next".to_owned()));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_long_line_takes_its_memory_from_the_budget() {
        let budget = MemoryBudget::new(4 * BLOCK);
        let long = "x".repeat(BLOCK + 1) + "\n";
        let mut case = case(&(long.clone() + "short\n" + &long), &budget);
        let block = case.reader.block(u64::MAX, LongLine::Whole).unwrap();
        assert!(block.is_some() && budget.try_reserve(2 * BLOCK).is_none());
        drop(block);
        let whole = budget.try_reserve(4 * BLOCK).unwrap();
        // Neither a short line nor the beginning of a long one needs any.
        assert_eq!(read(&mut case, u64::MAX, LongLine::Beginning).len(), 2);
        drop(whole);
    }
}
