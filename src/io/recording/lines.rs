//! Line reader for streams, with lines of any length and without a copy of each.
//!
//! Lines are returned as slices of the block that was read; a block is freed with the last of its lines.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};

use crate::webhook::Fault;

/// Block size in bytes of a read.
const BLOCK: usize = 32 << 10;

/// Size in bytes of the lines that are returned together, about.
const TOGETHER: usize = 256 << 10;

/// Line reader over a stream.
pub(crate) struct Lines {
    input: Box<dyn Read + Send>,
    buffer: BytesMut,
    /// Bytes at the beginning of the buffer known to hold no line break.
    seen: usize,
    ended: bool,
    longest: usize,
    /// Offset of the next line, in bytes from the beginning of the stream.
    offset: u64,
    /// Lines returned so far.
    number: usize,
}

/// Next line, without its line break.
#[derive(Debug)]
pub(crate) enum Line {
    /// Line that ended with a line break.
    Whole(Bytes),
    /// Last line, without a line break.
    Torn(Bytes),
    /// Line longer than `longest`, skipped.
    TooLong,
    /// End of the stream.
    End,
}

/// Next lines of a stream, returned together.
#[derive(Debug)]
pub(crate) enum Block {
    /// Lines, each with its line break.
    Lines(Bytes),
    /// Line that is returned alone: the last one, or one that is too long.
    Line(Line),
}

impl Lines {
    /// Reads lines from the beginning of a stream.
    #[cfg(test)]
    pub(crate) fn new(input: Box<dyn Read + Send>, longest: usize) -> Self {
        Self::at(input, longest, 0, 0)
    }

    /// Reads lines of a stream positioned after `number` lines of `offset` bytes in all.
    pub(crate) fn at(
        input: Box<dyn Read + Send>,
        longest: usize,
        offset: u64,
        number: usize,
    ) -> Self {
        Self {
            input,
            buffer: BytesMut::new(),
            seen: 0,
            ended: false,
            longest,
            offset,
            number,
        }
    }

    /// Returns the stream itself, if it turns out not to be read by lines.
    pub(crate) fn into_input(self) -> Box<dyn Read + Send> {
        self.input
    }

    /// Puts back the last line, which must have been complete, so that it is returned again.
    pub(crate) fn with_again(&mut self, line: Bytes) -> Self {
        let mut buffer = BytesMut::from(&line[..]);
        buffer.extend_from_slice(b"\n");
        buffer.extend_from_slice(&self.buffer);
        Self {
            input: std::mem::replace(&mut self.input, Box::new(io::empty())),
            buffer,
            seen: 0,
            ended: self.ended,
            longest: self.longest,
            offset: self.offset - line.len() as u64 - 1,
            number: self.number - 1,
        }
    }

    /// Stops reading: the next line is the end.
    pub(crate) fn close(&mut self) {
        (self.ended, self.buffer) = (true, BytesMut::new());
    }

    /// Lines returned so far.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Offset of the next line in bytes.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads the next line. A byte order mark at the beginning of the stream is left out.
    pub(crate) fn next(&mut self) -> io::Result<Line> {
        loop {
            let rest = self.buffer.get(self.seen..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', rest) {
                let line = self.take(self.seen + at + 1);
                return Ok(Line::Whole(line.slice(..line.len() - 1)));
            }
            self.seen = self.buffer.len();
            if self.seen > self.longest {
                return self.pass_over();
            }
            if self.ended {
                let rest = self.seen;
                return Ok(match rest {
                    0 => Line::End,
                    _ => {
                        let line = self.take(rest);
                        if line.is_empty() {
                            Line::End
                        } else {
                            Line::Torn(line)
                        }
                    }
                });
            }
            self.fill()?;
        }
    }

    /// Reads the next lines, as many as fit in a block of memory, or a longer line alone.
    pub(crate) fn block(&mut self) -> io::Result<Block> {
        while self.buffer.len() < TOGETHER && !self.ended {
            self.fill_by(TOGETHER)?;
        }
        match memchr::memrchr(b'\n', &self.buffer) {
            Some(at) => {
                let lines = self.take(at + 1);
                self.number += memchr::memchr_iter(b'\n', &lines).count() - 1;
                Ok(Block::Lines(lines))
            }
            None => self.next().map(|line| match line {
                Line::Whole(line) => Block::Lines([&line[..], b"\n"].concat().into()),
                line => Block::Line(line),
            }),
        }
    }

    /// Reads the rest of the stream; none if it is longer than `longest`.
    pub(crate) fn rest(&mut self) -> io::Result<Option<Bytes>> {
        while !self.ended {
            if self.buffer.len() > self.longest {
                return Ok(None);
            }
            self.fill()?;
        }
        self.seen = 0;
        let all = self.buffer.len();
        Ok(Some(self.take(all)))
    }

    /// True if anything but white space follows; reads until there is something.
    pub(crate) fn has_more(&mut self) -> io::Result<bool> {
        while self.buffer.trim_ascii().is_empty() && !self.ended {
            self.fill()?;
        }
        Ok(!self.buffer.trim_ascii().is_empty())
    }

    fn take(&mut self, length: usize) -> Bytes {
        let mut line = self.buffer.split_to(length).freeze();
        self.seen = 0;
        if self.offset == 0 && line.starts_with(b"\xef\xbb\xbf") {
            line = line.slice(3..);
        }
        self.offset += length as u64;
        self.number += 1;
        line
    }

    fn fill(&mut self) -> io::Result<()> {
        // Doubling the buffer keeps the work linear in the length of the line.
        let had = self.buffer.len();
        self.buffer.resize(had + BLOCK.max(had), 0);
        let read = loop {
            let space = self.buffer.get_mut(had..).unwrap_or_default();
            match self.input.read(space) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(had + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }

    /// Reads as many bytes, or to the end.
    fn fill_by(&mut self, bytes: usize) -> io::Result<()> {
        let mut block = Vec::with_capacity(self.buffer.len() + bytes);
        block.extend_from_slice(&self.buffer);
        let mut input = (&mut self.input).take(bytes as u64);
        // Unlike a single read it need not fill the memory with zeros first.
        self.ended = input.read_to_end(&mut block)? < bytes;
        self.buffer = BytesMut::from(Bytes::from(block));
        Ok(())
    }

    fn pass_over(&mut self) -> io::Result<Line> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer) {
                self.take(at + 1);
                return Ok(Line::TooLong);
            }
            self.offset += self.buffer.len() as u64;
            self.buffer = BytesMut::new();
            if self.ended {
                self.seen = 0;
                self.number += 1;
                return Ok(Line::TooLong);
            }
            self.fill()?;
        }
    }
}

/// Calls `each` for the lines of a stream with their offsets, from `offset` on. Lines that are longer than `longest` are
/// skipped, and a byte order mark at the beginning of the stream. Unlike [`Lines`], it reads into the same memory again
/// and again, which stays in the cache.
pub(crate) fn scan(
    mut input: impl Read,
    mut offset: u64,
    longest: usize,
    mut each: impl FnMut(&[u8], u64),
) -> io::Result<()> {
    let mut tell = |line: &[u8], offset: u64| match line.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) if offset == 0 => each(rest, 3),
        _ => each(line, offset),
    };
    let mut buffer = vec![0; TOGETHER];
    let (mut filled, mut is_skipping) = (0, false);
    loop {
        let read = match input.read(buffer.get_mut(filled..).unwrap_or_default()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let fresh = filled;
        filled += read;
        let held = buffer.get(..filled).unwrap_or_default();
        if read == 0 {
            if filled > 0 && !is_skipping {
                tell(held, offset);
            }
            return Ok(());
        }
        let breaks = memchr::memchr_iter(b'\n', held.get(fresh..).unwrap_or_default());
        let mut start = 0;
        for end in breaks.map(|at| fresh + at) {
            if !std::mem::take(&mut is_skipping) {
                tell(held.get(start..end).unwrap_or_default(), offset);
            }
            offset += (end + 1 - start) as u64;
            start = end + 1;
        }
        is_skipping |= filled - start > longest;
        if is_skipping {
            offset += (filled - start) as u64;
            start = filled;
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
        if filled == buffer.len() {
            buffer.resize(filled * 2, 0);
        }
    }
}

/// Fault of a line, or of a whole file, that could not be read.
pub(crate) fn unreadable(line: usize, error: &io::Error) -> Fault {
    Fault {
        line,
        column: 1,
        reason: format!("cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, Line, Lines, scan};
    use std::io::{Cursor, Read};

    /// Reader that gives one byte at a time, as a slow pipe may.
    struct Slow(Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let one = out.len().min(1);
            self.0.read(&mut out[..one])
        }
    }

    fn told(text: &[u8], slow: bool) -> Vec<String> {
        let cursor = Cursor::new(text.to_vec());
        let input: Box<dyn Read + Send> = if slow {
            Box::new(Slow(cursor))
        } else {
            Box::new(cursor)
        };
        let mut lines = Lines::new(input, 20);
        let mut told = Vec::new();
        loop {
            let line = lines.next().unwrap();
            let place = format!("{}@{}", lines.number(), lines.offset());
            told.push(match line {
                Line::Whole(line) => format!("{place} {}", String::from_utf8_lossy(&line)),
                Line::Torn(line) => format!("{place} {} (torn)", String::from_utf8_lossy(&line)),
                Line::TooLong => format!("{place} too long"),
                Line::End => return told,
            });
        }
    }

    #[test]
    fn blocks_have_the_same_lines() {
        let long = vec![b'y'; 2 * super::TOGETHER];
        let many = b"abc\n\n".repeat(super::TOGETHER / 3);
        for text in [
            &b"\xef\xbb\xbfa\n\nbc"[..],
            b"",
            b"a",
            b"a\n",
            &[&many[..], &long, b"\n", &many, b"z"].concat(),
        ] {
            let longest = 3 * super::TOGETHER;
            let mut lines = Lines::new(Box::new(Cursor::new(text.to_vec())), longest);
            let (mut blocks, mut number) = (Vec::new(), 0);
            loop {
                match lines.block().unwrap() {
                    Block::Lines(block) => {
                        assert!(block.ends_with(b"\n") && block.len() <= longest);
                        number += block.iter().filter(|byte| **byte == b'\n').count();
                        blocks.extend_from_slice(&block);
                    }
                    Block::Line(Line::Torn(line)) => {
                        number += 1;
                        blocks.extend_from_slice(&line);
                    }
                    Block::Line(line) => {
                        assert!(matches!(line, Line::End));
                        break;
                    }
                }
                assert_eq!(lines.number(), number);
            }
            assert_eq!(lines.offset(), text.len() as u64);
            let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
            assert!(blocks == text, "{}", text.len());
        }
        let mut lines = Lines::new(Box::new(Cursor::new(long.repeat(2))), long.len());
        assert!(matches!(lines.block(), Ok(Block::Line(Line::TooLong))));
        assert!(matches!(lines.block(), Ok(Block::Line(Line::End))));
    }

    #[test]
    fn a_scan_finds_the_same_lines_at_the_same_offsets() {
        let long = vec![b'y'; 3 * super::TOGETHER];
        let many = b"abc\n\n".repeat(super::TOGETHER / 3);
        for text in [
            &b"\xef\xbb\xbfa\n\nbc"[..],
            b"",
            b"a",
            b"a\n",
            &[&many[..], &long, b"\n", &long[..9], b"\n", &many, b"z"].concat(),
            &[&b"a\n"[..], &long, &long, b"\nb"].concat(),
            &[&b"a\n"[..], &long, &long].concat(),
        ] {
            let longest = 4 * super::TOGETHER;
            let mut lines = Lines::at(Box::new(Cursor::new(text.to_vec())), longest, 0, 0);
            let mut wanted = Vec::new();
            loop {
                let line = lines.next().unwrap();
                let end = lines.offset();
                match line {
                    Line::Whole(line) => wanted.push((line.to_vec(), end - line.len() as u64 - 1)),
                    Line::Torn(line) => wanted.push((line.to_vec(), end - line.len() as u64)),
                    Line::TooLong => {}
                    Line::End => break,
                }
            }
            let mut found = Vec::new();
            let input = Cursor::new(text.to_vec());
            scan(input, 0, longest, |line, at| {
                found.push((line.to_vec(), at))
            })
            .unwrap();
            assert!(found == wanted, "{} {}", text.len(), found.len());
        }
    }

    #[test]
    fn lines_come_whole_with_their_places() {
        for slow in [false, true] {
            assert_eq!(told(b"", slow), [""; 0]);
            assert_eq!(
                told(b"\xef\xbb\xbfa\n\nbc", slow),
                ["1@5 a", "2@6 ", "3@8 bc (torn)"]
            );
            assert_eq!(told(b"a\r\n", slow), ["1@3 a\r"]);
        }
        let long = [b"a\n".as_slice(), &[b'x'; 600_000], b"\nb\n"].concat();
        assert_eq!(
            told(&long, false),
            ["1@2 a", "2@600003 too long", "3@600005 b"]
        );
        assert_eq!(told(&[b'x'; 600_000], false), ["1@600000 too long"]);
    }
}
