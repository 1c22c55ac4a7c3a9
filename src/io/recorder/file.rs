//! Recording in one file, one delivery per line. A line is only ever appended after a complete line.
//!
//! On opening, and after any failure, the end of the file is checked. A tail without a line break, or with a zero byte,
//! is a torn line: it was never acknowledged, and is moved to `FILE.torn`. A complete last line with a wrong checksum
//! stays: it was edited, or damaged on disk; readers report it, and cutting it off would only lose it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::io::private_files;
use crate::io::recording::tail::lines_before;
use crate::webhook::RecordedLine;

/// Recording file opened for appending.
pub(crate) struct RecordingFile {
    path: Arc<Path>,
    file: File,
    /// Length in bytes of the part known to be intact.
    good: u64,
    /// Length in bytes of the part known to be on disk (fsync).
    synced: u64,
    /// True after a failed write or sync, until the file is reopened.
    doubtful: bool,
    /// Repairs to report to the user.
    notes: Vec<String>,
    lines: LineCount,
}

/// Number of lines of a recording: those that it had when it was opened, and those appended since.
#[derive(Default)]
struct LineCount {
    /// Not set while a large file is still being counted, or if it cannot be read.
    before: Arc<OnceLock<u64>>,
    appended: u64,
}

/// Size in bytes up to which the lines of a file are counted when it is opened; of larger ones, in the background.
const COUNTED_AT_ONCE: u64 = 64 << 20;

/// Most bytes of the last line that are checked.
const LONGEST: u64 = 256 << 20;

impl RecordingFile {
    /// Opens a recording, locks it against other listeners, and repairs its end.
    pub(crate) fn open(path: &Path) -> Result<RecordingFile> {
        let cannot =
            |why: &str| Error::usage(format!("cannot record into `{}`: {why}", path.display()));
        let failed = |error: io::Error| cannot(&error.to_string());
        let new = !path.exists();
        let file = private_files::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => cannot("its folder does not exist"),
            io::ErrorKind::IsADirectory => {
                cannot("it is a folder").hint("a folder's name does not end in `.ndjson`")
            }
            _ if path.is_symlink() => cannot("symbolic links are not accepted"),
            _ => cannot(&error.to_string()),
        })?;
        let about = file.metadata().map_err(failed)?;
        if !about.is_file() {
            return Err(cannot("it is not a regular file"));
        }
        if !private_files::lock(&file).map_err(failed)? {
            return Err(cannot("another listener records into it")
                .hint("give each listener a file of its own"));
        }
        let mut journal = RecordingFile {
            path: path.into(),
            file,
            good: about.len(),
            synced: 0,
            doubtful: false,
            notes: Vec::new(),
            lines: LineCount::default(),
        };
        if private_files::tighten(&journal.file).map_err(failed)? && !new {
            journal.note("it could be read by others; now only by its owner");
        }
        journal.settle().map_err(failed)?;
        Ok(journal)
    }

    pub(crate) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Takes the repairs made since the last call, to report to the user.
    pub(crate) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Number of the next line, from 1, if it is known.
    pub(crate) fn next_line(&self) -> Option<u64> {
        Some(self.lines.before.get()? + self.lines.appended + 1)
    }

    /// Appends complete lines, and syncs them if `sync`. Returns the number of the first of them, if it is known. After a
    /// failure none of them is in the file, and the next call reopens it first.
    pub(crate) fn append(&mut self, lines: &[u8], sync: bool) -> io::Result<Option<u64>> {
        if self.doubtful {
            self.reopen()?;
        }
        let mut first = self.write(lines, sync)?;
        // Checked after the write, so that a file deleted during it is noticed too.
        if private_files::is_deleted(&self.file)? {
            self.doubtful = true;
            self.reopen()?;
            self.note("it was deleted, and begins anew");
            first = self.write(lines, sync)?;
        }
        Ok(first)
    }

    /// Syncs the lines that are not on disk yet.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        let synced = self.file.sync_data();
        match synced {
            Ok(()) => self.synced = self.good,
            Err(_) => self.doubtful = true,
        }
        synced
    }

    /// Length in bytes of the lines not known to be on disk.
    pub(crate) fn unsynced(&self) -> usize {
        usize::try_from(self.good.saturating_sub(self.synced)).unwrap_or(usize::MAX)
    }

    /// Removes and returns the lines not known to be on disk: after a failed fsync the system may count them as
    /// written. Lines that cannot be read back are lost.
    pub(crate) fn take_back(&mut self) -> io::Result<Vec<u8>> {
        let mut lines = Vec::new();
        self.file.seek(SeekFrom::Start(self.synced))?;
        (&mut self.file)
            .take(self.good.saturating_sub(self.synced))
            .read_to_end(&mut lines)?;
        self.good = self.synced;
        self.doubtful = true;
        Ok(lines)
    }

    fn write(&mut self, lines: &[u8], sync: bool) -> io::Result<Option<u64>> {
        let first = self.next_line();
        let written = self.file.write_all(lines).and_then(|()| match sync {
            true => self.file.sync_data(),
            false => Ok(()),
        });
        match &written {
            Ok(()) => {
                self.good += lines.len() as u64;
                self.lines.appended += memchr::memchr_iter(b'\n', lines).count() as u64;
                if sync {
                    self.synced = self.good;
                }
            }
            // A torn line is cut off at once if possible. After a failed fsync the state of the disk is unknown, so
            // nothing is appended before the file is reopened and checked.
            Err(_) => {
                let _ = self.cut();
                self.doubtful = true;
            }
        }
        written.map(|()| first)
    }

    /// Truncates the file to its intact part. Another process may have made it shorter than that.
    fn cut(&mut self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length > self.good {
            self.file.set_len(self.good)?;
        }
        self.good = self.good.min(length);
        Ok(())
    }

    /// Reopens the file after it was deleted or a write failed, and continues behind the intact part.
    fn reopen(&mut self) -> io::Result<()> {
        let file = private_files::open(&self.path)?;
        private_files::tighten(&file)?;
        let same = private_files::is_same(&self.file, &file)?;
        // The lock must be released before the new handle can take it.
        self.file.unlock()?;
        if !private_files::lock(&file)? {
            return Err(io::Error::other("another listener records into it"));
        }
        self.file = file;
        if same {
            self.cut()?;
        } else {
            self.good = self.file.metadata()?.len();
        }
        self.settle()?;
        self.doubtful = false;
        Ok(())
    }

    /// Repairs the end of the file, and syncs the file and its directory entry.
    fn settle(&mut self) -> io::Result<()> {
        while self.mend()? {}
        self.file.sync_all()?;
        private_files::sync_folder_of(&self.path)?;
        self.synced = self.good;
        self.count_lines();
        Ok(())
    }

    /// Counts the lines of the file anew.
    fn count_lines(&mut self) {
        self.lines = LineCount::default();
        let (path, size) = (Arc::clone(&self.path), self.good);
        let before = Arc::clone(&self.lines.before);
        let count = move || {
            if let Ok(lines) = lines_before(&path, size) {
                let _ = before.set(lines as u64);
            }
        };
        if size <= COUNTED_AT_ONCE {
            count();
        } else {
            // Without the thread the number stays unknown, and deliveries are addressed by their ids.
            let _ = std::thread::Builder::new()
                .name("line count".into())
                .spawn(count);
        }
    }

    /// Checks the last line; true if it was cut off, so that the line before it must be checked.
    fn mend(&mut self) -> io::Result<bool> {
        let whole = match self.good {
            0 => return Ok(false),
            good => self.byte(good - 1)? == b'\n',
        };
        let start = self.line_before(self.good - u64::from(whole))?;
        let mut line = Vec::new();
        self.file.seek(SeekFrom::Start(start))?;
        (&mut self.file)
            .take((self.good - start).min(LONGEST))
            .read_to_end(&mut line)?;
        line.truncate(line.trim_ascii_end().len());
        let line = Bytes::from(line);
        let read = RecordedLine::read(&line, false);
        match read {
            Ok(_) if whole => Ok(false),
            Ok(_) => {
                self.file.write_all(b"\n")?;
                self.good += 1;
                Ok(false)
            }
            Err(_) if line.trim_ascii().is_empty() && whole => Ok(false),
            Err(fault) if whole && !line.contains(&0) => {
                let reason = fault.reason;
                self.note(&format!("its last line is damaged, and stays: {reason}"));
                Ok(false)
            }
            Err(_) => self.set_aside(start).map(|()| true),
        }
    }

    /// Moves everything from `start` on into `FILE.torn`: the file may not be a recording at all.
    fn set_aside(&mut self, start: u64) -> io::Result<()> {
        let bytes = self.good - start;
        let cut = format!("cut {bytes} bytes of an unfinished line off its end");
        if self.is_zero_from(start)? {
            self.note(&format!("{cut}: zeros"));
        } else {
            let mut name = self.path.as_os_str().to_owned();
            name.push(".torn");
            let aside = PathBuf::from(name);
            let mut torn = private_files::open(&aside)?;
            private_files::tighten(&torn)?;
            self.file.seek(SeekFrom::Start(start))?;
            io::copy(&mut (&mut self.file).take(bytes), &mut torn)?;
            torn.write_all(b"\n")?;
            torn.sync_all()?;
            self.note(&format!("{cut}, into `{}`", aside.display()));
        }
        self.file.set_len(start)?;
        self.good = start;
        Ok(())
    }

    fn is_zero_from(&mut self, start: u64) -> io::Result<bool> {
        let mut block = vec![0; 64 << 10];
        self.file.seek(SeekFrom::Start(start))?;
        loop {
            let size = self.file.read(&mut block)?;
            match block.get(..size) {
                None | Some([]) => return Ok(true),
                Some(part) if part.iter().any(|b| *b != 0) => return Ok(false),
                Some(_) => {}
            }
        }
    }

    fn byte(&mut self, at: u64) -> io::Result<u8> {
        let mut byte = [0];
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(&mut byte)?;
        let [byte] = byte;
        Ok(byte)
    }

    /// Offset at which the line that ends at `end` begins.
    fn line_before(&mut self, mut end: u64) -> io::Result<u64> {
        let mut block = vec![0; 64 << 10];
        while end > 0 {
            let size = usize::try_from(end).unwrap_or(usize::MAX).min(block.len());
            let begin = end - size as u64;
            let Some(part) = block.get_mut(..size) else {
                break;
            };
            self.file.seek(SeekFrom::Start(begin))?;
            self.file.read_exact(part)?;
            if let Some(at) = part.iter().rposition(|b| *b == b'\n') {
                return Ok(begin + at as u64 + 1);
            }
            end = begin;
        }
        Ok(0)
    }

    fn note(&mut self, what: &str) {
        self.notes
            .push(format!("`{}`: {what}", self.path.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::RecordingFile;
    use crate::webhook::{Delivery, Fixture, Headers};
    use bytes::Bytes;
    use http::Method;
    use std::fs;
    use std::path::Path;

    fn line(id: usize) -> String {
        let delivery = Delivery {
            method: Method::POST,
            path: "/".parse().unwrap(),
            headers: Headers::new(),
            body: Bytes::from(format!("line {id}\nand another")),
        };
        Fixture::new(delivery).to_line()
    }

    fn count(path: &Path) -> usize {
        let text = fs::read(path).unwrap();
        let lines = text.split_inclusive(|b| *b == b'\n');
        let read: Vec<_> = lines
            .map(|line| Fixture::read_line(line).unwrap())
            .collect();
        read.len()
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_torn_tail_is_cut_said_and_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let torn = dir.path().join("r.ndjson.torn");
        let whole = line(1);
        let half = &whole.as_bytes()[..40];
        let long = vec![b'{'; 200_000];
        let zeros = [half, &[0; 5000], b"\n"].concat();
        for tail in [half, &[0; 3000], &long, b"\xf0\x9f", &zeros] {
            for start in ["", &whole] {
                let _ = fs::remove_file(&torn);
                fs::write(&path, [start.as_bytes(), tail].concat()).unwrap();
                let mut journal = RecordingFile::open(&path).unwrap();
                let notes = journal.take_notes().concat();
                assert!(
                    notes.contains(&format!("cut {} bytes", tail.len())),
                    "{notes}"
                );
                journal.append(line(2).as_bytes(), true).unwrap();
                assert_eq!(count(&path), 1 + usize::from(!start.is_empty()));
                // A tail of zeros is dropped and not set aside.
                let wanted = (tail != [0; 3000]).then(|| [tail, b"\n"].concat());
                assert_eq!(fs::read(&torn).ok(), wanted);
                #[cfg(unix)]
                assert!(wanted.is_none() || mode(&torn) == 0o600);
            }
        }
    }

    #[test]
    fn a_whole_last_line_without_a_line_break_gets_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        for text in [
            line(1).trim_end(),
            "{\"fixture\":1,\"request\":{\"text\":\"by hand\"}}",
        ] {
            fs::write(&path, text).unwrap();
            let mut journal = RecordingFile::open(&path).unwrap();
            journal.append(line(2).as_bytes(), true).unwrap();
            assert!(!journal.take_notes().concat().contains("cut"));
            assert_eq!(count(&path), 2);
        }
    }

    #[test]
    fn the_number_of_a_line_counts_all_lines_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        fs::write(&path, format!("{}\n{}half", line(1), line(2))).unwrap();
        let mut journal = RecordingFile::open(&path).unwrap();
        assert_eq!(journal.next_line(), Some(4), "the torn line was cut off");
        let two = line(3) + &line(4);
        assert_eq!(journal.append(two.as_bytes(), true).unwrap(), Some(4));
        assert_eq!(journal.append(line(5).as_bytes(), false).unwrap(), Some(6));
        journal.take_back().unwrap();
        assert_eq!(journal.append(line(6).as_bytes(), true).unwrap(), Some(6));
        #[cfg(unix)]
        {
            fs::remove_file(&path).unwrap();
            assert_eq!(journal.append(line(7).as_bytes(), true).unwrap(), Some(1));
        }
    }

    #[test]
    fn a_damaged_last_line_is_said_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let damaged = line(1).replace("line 1", "line 7");
        fs::write(&path, &damaged).unwrap();
        let mut journal = RecordingFile::open(&path).unwrap();
        let notes = journal.take_notes().concat();
        assert!(notes.contains("the checksum differs"), "{notes}");
        journal.append(line(2).as_bytes(), true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged + &line(2));
    }

    #[test]
    fn what_cannot_be_recorded_into_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let first = RecordingFile::open(&path).unwrap();
        #[cfg(unix)]
        assert_eq!(mode(&path), 0o600);
        let refused = |path: &Path, why: &str| {
            let error = RecordingFile::open(path).err().unwrap();
            let said = error.what();
            assert!(
                said.contains(&*path.to_string_lossy()) && said.contains(why),
                "{said}"
            );
            assert_eq!(error.exit() as u8, 2);
        };
        refused(&path, "another listener");
        drop(first);
        drop(RecordingFile::open(&path).unwrap());
        refused(&dir.path().join("none/r.ndjson"), "does not exist");
        fs::create_dir(dir.path().join("folder.ndjson")).unwrap();
        refused(&dir.path().join("folder.ndjson"), "it is a folder");
        #[cfg(unix)]
        {
            let link = dir.path().join("link.ndjson");
            std::os::unix::fs::symlink(dir.path().join("victim"), &link).unwrap();
            refused(&link, "symbolic links are not accepted");
            assert!(!dir.path().join("victim").exists());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_taken_from_them() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(RecordingFile::open(&path).unwrap().take_notes().len(), 1);
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn after_a_failure_it_goes_on_behind_the_last_good_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let mut journal = RecordingFile::open(&path).unwrap();
        journal.append(line(1).as_bytes(), true).unwrap();
        // Simulates a read-only handle and a torn line in the file.
        let good = std::mem::replace(&mut journal.file, fs::File::open(&path).unwrap());
        assert!(journal.append(line(2).as_bytes(), true).is_err());
        fs::write(&path, format!("{}{{half", line(1))).unwrap();
        drop(good);
        journal.append(line(3).as_bytes(), true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), line(1) + &line(3));
    }

    #[test]
    fn what_is_not_known_to_be_on_disk_can_be_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let mut journal = RecordingFile::open(&path).unwrap();
        journal.append(line(1).as_bytes(), true).unwrap();
        journal.append(line(2).as_bytes(), false).unwrap();
        journal.append(line(3).as_bytes(), false).unwrap();
        let back = journal.take_back().unwrap();
        assert_eq!(back, (line(2) + &line(3)).into_bytes());
        journal.append(&back, true).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            line(1) + &line(2) + &line(3)
        );
    }

    #[test]
    fn a_recording_that_was_cut_short_by_others_is_not_filled_with_zeros() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let mut journal = RecordingFile::open(&path).unwrap();
        journal
            .append((line(1) + &line(2)).as_bytes(), true)
            .unwrap();
        fs::write(&path, line(1)).unwrap();
        journal.doubtful = true;
        journal.append(line(3).as_bytes(), true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), line(1) + &line(3));
    }
}
