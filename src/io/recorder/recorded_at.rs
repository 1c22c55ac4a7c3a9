//! Place of a recorded delivery, and its address.

use std::path::Path;
use std::sync::Arc;

/// Place of a recorded delivery.
#[derive(Clone, Debug)]
pub struct RecordedAt {
    /// File that it is in.
    pub file: Arc<Path>,
    /// Place in that file.
    pub place: PlaceInFile,
}

/// Place of a delivery in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceInFile {
    /// The whole file, in a folder.
    Whole,
    /// Line of a recording, from 1.
    Line(u64),
    /// Line of a recording whose number is not known.
    UnknownLine,
}

impl RecordedAt {
    /// Address of the delivery with this id, as it is typed.
    pub fn address(&self, id: &str) -> String {
        // Not by `format!`: each recorded delivery has one.
        let file = self.file.to_string_lossy();
        match self.place {
            PlaceInFile::Whole => file.into_owned(),
            PlaceInFile::Line(line) => [&file, ":", &line.to_string()].concat(),
            PlaceInFile::UnknownLine => [&file, ":", id].concat(),
        }
    }
}

impl From<Option<u64>> for PlaceInFile {
    fn from(line: Option<u64>) -> Self {
        line.map_or(PlaceInFile::UnknownLine, PlaceInFile::Line)
    }
}
