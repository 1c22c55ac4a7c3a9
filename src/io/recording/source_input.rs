//! File that is a source of deliveries, and the part of it that is meant.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::io::recording::detect;

/// File that deliveries are read from, and the part of it that is meant.
#[derive(Clone, Debug)]
pub(crate) struct SourceInput {
    /// Path; none for standard input.
    pub(crate) path: Option<PathBuf>,
    /// Size in bytes on opening; none for a pipe, which has no size.
    pub(crate) size: Option<u64>,
    /// Deliveries meant.
    pub(crate) part: SourcePart,
}

/// Deliveries of a file that are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum SourcePart {
    /// All.
    #[default]
    All,
    /// Lines of a recording between two offsets in bytes.
    Between {
        /// Offset of the first line.
        offset: u64,
        /// Lines before it; none if they were not counted, and deliveries are named by their ids.
        number: Option<usize>,
        /// Offset behind the last line.
        end: u64,
    },
    /// Deliveries with these numbers, first and last.
    Numbers(usize, usize),
}

impl SourceInput {
    /// Name, as shown.
    pub(super) fn name(&self) -> Arc<str> {
        match &self.path {
            None => "stdin".into(),
            Some(path) => path.display().to_string().into(),
        }
    }

    /// Path of a recording that is neither gzipped nor a pipe, and is known by its name.
    pub(crate) fn plain_recording(&self) -> Result<Option<&Path>> {
        let path = self.path.as_deref().filter(|_| self.size.is_some());
        let Some(path) = path else { return Ok(None) };
        let is_plain = detect::is_plain_recording(path).map_err(|error| {
            Error::input(format!("`{}` cannot be read: {error}", path.display()))
        })?;
        Ok(is_plain.then_some(path))
    }

    /// Bytes of the part that is meant, if known.
    pub(super) fn length(&self) -> Option<u64> {
        match self.part {
            SourcePart::Between { offset, end, .. } => Some(end.saturating_sub(offset)),
            SourcePart::All | SourcePart::Numbers(..) => self.size,
        }
    }
}

/// Bytes hashed of each file, and number of files hashed, to recognize the same sources in a later run.
const HEAD: u64 = 64 << 10;
const HEADS: usize = 16;

/// Hash that identifies the sources: their names, and the beginning of the first files. `heads` are the lengths
/// hashed in an earlier run, because a recording may have grown since.
pub(super) fn identity(files: &[SourceInput], heads: Option<&[u64]>) -> Result<(Vec<u64>, String)> {
    let mut hash = Sha256::new();
    let mut looked = Vec::new();
    for (number, origin) in files.iter().enumerate() {
        let (Some(path), size) = (&origin.path, &origin.size) else {
            return Err(Error::usage("stdin cannot be resumed").hint("keep it in a file first"));
        };
        let cannot = |error| Error::input(format!("`{}`: {error}", path.display()));
        let full = fs::canonicalize(path).map_err(cannot)?;
        hash.update(full.as_os_str().as_encoded_bytes());
        hash.update([0]);
        if origin.part != SourcePart::All {
            hash.update(format!("{:?}", origin.part));
        }
        if number < HEADS {
            let told = heads.and_then(|heads| heads.get(number)).copied();
            let length = told.or(*size).unwrap_or_default().min(HEAD);
            let mut head = Vec::new();
            let file = File::open(path).map_err(cannot)?;
            file.take(length).read_to_end(&mut head).map_err(cannot)?;
            hash.update((head.len() as u64).to_le_bytes());
            hash.update(&head);
            looked.push(head.len() as u64);
        }
    }
    Ok((looked, hex::encode(hash.finalize())))
}

/// Returns the readable files of a folder in the order of their paths, with their sizes.
pub(super) fn files_in(folder: &str) -> Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    walk(Path::new(folder), &mut found)
        .map_err(|error| Error::input(format!("`{folder}` cannot be read: {error}")))?;
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}

fn walk(folder: &Path, files: &mut Vec<(PathBuf, u64)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // Links to folders are not followed: they could form a cycle.
        if is_hidden {
        } else if entry.file_type()?.is_dir() {
            walk(&path, files)?;
        } else if detect::is_read(&path) {
            files.push((path, entry.metadata()?.len()));
        }
    }
    Ok(())
}
