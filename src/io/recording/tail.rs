//! Reads the lines of a file from its end, so that the last deliveries of a large recording are found at once.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::io::recording::detect::LONGEST;

/// Block size in bytes of the first read.
const BLOCK: usize = 64 << 10;

/// Reader of lines from the last to the first.
pub(crate) struct LinesBackward {
    file: File,
    /// Bytes of the file from `start` on that are not returned yet.
    buffer: Vec<u8>,
    start: u64,
    /// Bytes at the end of the buffer known to hold no line break.
    seen: usize,
    /// True once the bytes at the end of the buffer are ended by a line break.
    is_whole: bool,
}

/// Line of a file, without its line break.
#[derive(Debug)]
pub(crate) struct LineAt {
    /// Offset of its first byte in the file.
    pub(crate) offset: u64,
    /// Its bytes; none if it is longer than [`LONGEST`].
    pub(crate) line: Option<Vec<u8>>,
    /// True if a line break follows it.
    pub(crate) is_whole: bool,
    /// Offset behind its line break.
    pub(crate) end: u64,
}

impl LinesBackward {
    /// Reads the first `size` bytes of a file from their end.
    pub(crate) fn new(file: File, size: u64) -> Self {
        Self {
            file,
            buffer: Vec::new(),
            start: size,
            seen: 0,
            is_whole: false,
        }
    }

    /// Reads the line before the last one returned; none at the beginning of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<LineAt>> {
        if self.buffer.is_empty() {
            if self.start == 0 {
                return Ok(None);
            }
            self.fill()?;
        }
        // The line break at the end of the buffer ends the line, and is no break within it.
        if !self.is_whole && self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
            (self.is_whole, self.seen) = (true, 0);
        }
        loop {
            let unseen = self.buffer.len() - self.seen;
            let head = self.buffer.get(..unseen).unwrap_or_default();
            if let Some(at) = memchr::memrchr(b'\n', head) {
                return Ok(Some(self.take(at + 1)));
            }
            self.seen = self.buffer.len();
            if self.start == 0 {
                return Ok(Some(self.take(0)));
            }
            self.fill()?;
        }
    }

    /// Takes the bytes from `from` on as a line. The line break before it is removed: it ends the line before.
    fn take(&mut self, from: usize) -> LineAt {
        let line = self.buffer.split_off(from);
        let offset = self.start + from as u64;
        let is_whole = self.is_whole;
        let end = offset + line.len() as u64 + u64::from(is_whole);
        (self.seen, self.is_whole) = (0, self.buffer.pop().is_some());
        if self.buffer.is_empty() && self.is_whole {
            // The break of an empty line at the beginning of the buffer is put back, to be met again.
            self.buffer.push(b'\n');
            self.is_whole = false;
        }
        LineAt {
            offset,
            line: (line.len() <= LONGEST).then_some(line),
            is_whole,
            end,
        }
    }

    /// Reads the block before the buffer, as large as the buffer, so that the work is linear in the length of a line.
    fn fill(&mut self) -> io::Result<()> {
        let size = (BLOCK.max(self.buffer.len()) as u64).min(self.start);
        self.start -= size;
        self.file.seek(SeekFrom::Start(self.start))?;
        let mut block = Vec::with_capacity(size as usize + self.buffer.len());
        (&mut self.file).take(size).read_to_end(&mut block)?;
        if (block.len() as u64) < size {
            return Err(io::Error::other("it became shorter while it was read"));
        }
        block.append(&mut self.buffer);
        self.buffer = block;
        Ok(())
    }
}

/// Number of lines in the first bytes of a file.
pub(crate) fn lines_before(path: &Path, offset: u64) -> io::Result<usize> {
    let mut input = File::open(path)?.take(offset);
    let mut block = vec![0; 256 << 10];
    let mut count = 0;
    loop {
        match input.read(&mut block) {
            Ok(0) => return Ok(count),
            Ok(read) => {
                let text = block.get(..read).unwrap_or_default();
                count += memchr::memchr_iter(b'\n', text).count();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LinesBackward;
    use proptest::prelude::*;
    use std::io::Write;

    fn backward(text: &[u8], size: usize) -> Vec<(u64, Vec<u8>, bool, u64)> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        let mut lines = LinesBackward::new(file, size as u64);
        let mut found = Vec::new();
        while let Some(it) = lines.next().unwrap() {
            found.push((it.offset, it.line.unwrap(), it.is_whole, it.end));
        }
        found.reverse();
        found
    }

    fn forward(text: &[u8]) -> Vec<(u64, Vec<u8>, bool, u64)> {
        let mut offset = 0;
        let lines = text.split_inclusive(|byte| *byte == b'\n').map(|line| {
            let begin = offset;
            offset += line.len() as u64;
            let whole = line.ends_with(b"\n");
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            (begin, line.to_vec(), whole, offset)
        });
        lines.collect()
    }

    #[test]
    fn a_long_line_and_empty_ones_are_read_backward() {
        let long = vec![b'x'; 300_000];
        let text = [b"\n\na\n", long.as_slice(), b"\n\n", &long].concat();
        assert_eq!(backward(&text, text.len()), forward(&text));
        // Bytes appended after opening are not read.
        assert_eq!(backward(&text, 4), forward(&text[..4]));
    }

    proptest! {
        #[test]
        fn lines_backward_are_those_forward(parts in proptest::collection::vec((0..3usize, 0..90_000usize), 0..8), tail in "[a\n]{0,4}") {
            let mut text = Vec::new();
            for (breaks, length) in parts {
                text.extend(std::iter::repeat_n(b'y', length));
                text.extend(std::iter::repeat_n(b'\n', breaks));
            }
            text.extend_from_slice(tail.as_bytes());
            prop_assert_eq!(backward(&text, text.len()), forward(&text));
        }
    }
}
