//! Place of a delivery in a recording, from which its bytes are read again.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::webhook::{Fixture, RecordedLine};

/// Line of a recording: the file by its number, and the bytes of the line without its line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinePlace {
    /// Offset of the line in bytes.
    pub offset: u64,
    /// Length of the line in bytes.
    pub length: NonZeroU32,
    /// Number of the file.
    pub file: u16,
}

/// Recording that is open for reading.
pub struct RecordingReader {
    file: File,
}

/// Recording that was read last, still open.
#[derive(Default)]
pub struct OpenRecording(Option<(u16, RecordingReader)>);

impl OpenRecording {
    /// Reader of the recording with this number, whose path is looked up if it is another one.
    pub fn reader(
        &mut self,
        file: u16,
        path: impl FnOnce() -> Option<PathBuf>,
    ) -> Result<&mut RecordingReader, Gone> {
        if self.0.as_ref().is_none_or(|(open, _)| *open != file) {
            let path = path().ok_or(Gone)?;
            self.0 = Some((file, RecordingReader::open(&path).map_err(|_| Gone)?));
        }
        self.0.as_mut().map(|(_, reader)| reader).ok_or(Gone)
    }
}

/// Reason why the bytes of a delivery cannot be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl RecordingReader {
    /// Opens the file.
    pub fn open(path: &Path) -> io::Result<RecordingReader> {
        Ok(RecordingReader {
            file: File::open(path)?,
        })
    }

    /// Reads bytes at an offset; fewer, if the file ends before.
    pub fn bytes(&mut self, offset: u64, length: usize) -> io::Result<Bytes> {
        self.file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(length);
        Read::by_ref(&mut self.file)
            .take(length as u64)
            .read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }

    /// Reads a delivery. It is gone if a line with a valid checksum no longer begins and ends there.
    pub fn fixture(&mut self, place: &LinePlace) -> Result<Fixture, Gone> {
        // With the line breaks before and after it.
        let before = u64::from(place.offset > 0);
        let length = place.length.get() as usize + before as usize + 1;
        let bytes = self
            .bytes(place.offset - before, length)
            .map_err(|_| Gone)?;
        let line = match before {
            0 => bytes,
            _ if bytes.first() == Some(&b'\n') => bytes.slice(1..),
            _ => return Err(Gone),
        };
        let line = match line.len().checked_sub(place.length.get() as usize) {
            Some(0) => line,
            Some(1) if line.last() == Some(&b'\n') => line.slice(..place.length.get() as usize),
            _ => return Err(Gone),
        };
        let found = RecordedLine::delivery(&line.slice(..line.trim_ascii_end().len()), false);
        found.ok().flatten().ok_or(Gone)
    }
}

/// Recordings by their numbers.
#[derive(Debug, Default)]
pub struct Recordings(Vec<PathBuf>);

impl Recordings {
    /// Adds a file, and returns its number.
    pub fn add(&mut self, path: &Path) -> u16 {
        self.0.push(path.to_owned());
        u16::try_from(self.0.len() - 1).unwrap_or(u16::MAX)
    }

    /// Path of a file.
    pub fn path(&self, file: u16) -> Option<&Path> {
        self.0.get(usize::from(file)).map(PathBuf::as_path)
    }
}
