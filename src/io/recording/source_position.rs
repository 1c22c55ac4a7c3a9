//! Position in the sources, to go on from in a later run.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, Read};
use std::path::Path;

use crate::io::recording::detect::{ends, is_recording};

/// Position between two deliveries of the sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourcePosition {
    /// Index of the file.
    pub file: usize,
    /// Bytes of the file before this position.
    pub offset: u64,
    /// Lines or entries of the file before this position.
    pub number: usize,
}

/// Position after the last complete line of a recording, and a hash of what stands before it; none for other files.
pub fn end_of(path: &Path) -> Option<(SourcePosition, u64)> {
    part_of(path, u64::MAX)
}

/// True if a recording still begins with what stood before this position.
pub fn begins_as(path: &Path, (place, hash): (SourcePosition, u64)) -> bool {
    part_of(path, place.offset) == Some((place, hash))
}

/// Position and hash of the complete lines in the first bytes of a recording.
fn part_of(path: &Path, bytes: u64) -> Option<(SourcePosition, u64)> {
    if !is_recording(path) || ends(path, &[".gz"]) {
        return None;
    }
    let mut input = io::BufReader::new(File::open(path).ok()?.take(bytes));
    let mut hasher = DefaultHasher::new();
    let mut place = SourcePosition::default();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).ok()? > 0 && line.ends_with(b"\n") {
        line.hash(&mut hasher);
        place.offset += line.len() as u64;
        place.number += 1;
        line.clear();
    }
    Some((place, hasher.finish()))
}
