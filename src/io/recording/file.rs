//! A recording in one file, a line a delivery. Only whole lines ever stand in front of a line.
//!
//! At the start, and after anything went wrong, the end of the file is looked at, and only the end: what no line break
//! ends, or has a zero in it, is half a line that nobody was told is kept, and is set aside. A last line that is whole
//! and has a wrong checksum stays where it is: somebody changed it or the disk did, whoever reads it is told, and
//! cutting it off would only lose it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::io::private_files;
use crate::webhook::Fixture;

/// A recording that is appended to.
pub(crate) struct RecordingFile {
    path: Arc<Path>,
    file: File,
    /// How long the file is as far as it is known to be good.
    good: u64,
    /// How much of that is on disk.
    synced: u64,
    /// Whether something went wrong since then.
    doubtful: bool,
    /// What was done and somebody should know.
    notes: Vec<String>,
}

/// A last line that is longer is not looked at.
const LONGEST: u64 = 256 << 20;

impl RecordingFile {
    /// Opens a recording for itself alone, and mends its end.
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
            _ if path.is_symlink() => cannot("symbolic links are refused"),
            _ => cannot(&error.to_string()),
        })?;
        let about = file.metadata().map_err(failed)?;
        if !about.is_file() {
            return Err(cannot("it is not a regular file"));
        }
        if !lock(&file).map_err(failed)? {
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

    /// What was done since this was last asked, and somebody should know.
    pub(crate) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Appends whole lines, on disk if `sync`. After a failure none of them is there, and the next call begins with
    /// opening the file anew.
    pub(crate) fn append(&mut self, lines: &[u8], sync: bool) -> io::Result<()> {
        if self.doubtful {
            self.reopen()?;
        }
        self.write(lines, sync)?;
        // Looked at afterwards, it also finds what was deleted in the meantime.
        if private_files::is_deleted(&self.file)? {
            self.doubtful = true;
            self.reopen()?;
            self.note("it was deleted, and begins anew");
            self.write(lines, sync)?;
        }
        Ok(())
    }

    /// Brings to disk what is not there yet.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        let synced = self.file.sync_data();
        match synced {
            Ok(()) => self.synced = self.good,
            Err(_) => self.doubtful = true,
        }
        synced
    }

    /// Takes the lines out again that are not known to be on disk: after a failed sync the system may count them as
    /// written. What cannot be read back is lost.
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

    fn write(&mut self, lines: &[u8], sync: bool) -> io::Result<()> {
        let written = self.file.write_all(lines).and_then(|()| match sync {
            true => self.file.sync_data(),
            false => Ok(()),
        });
        match &written {
            Ok(()) => {
                self.good += lines.len() as u64;
                if sync {
                    self.synced = self.good;
                }
            }
            // Half a line goes at once if it can. After a failed sync nobody knows what is on the disk, so nothing
            // more is kept before the file was opened anew and checked.
            Err(_) => {
                let _ = self.cut();
                self.doubtful = true;
            }
        }
        written
    }

    /// Cuts off what is behind the good part. Somebody else may have made the file shorter than that.
    fn cut(&mut self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length > self.good {
            self.file.set_len(self.good)?;
        }
        self.good = self.good.min(length);
        Ok(())
    }

    /// Opens the file again after it was deleted or something went wrong, and goes on behind what is known to be good.
    fn reopen(&mut self) -> io::Result<()> {
        let file = private_files::open(&self.path)?;
        private_files::tighten(&file)?;
        let same = private_files::is_same(&self.file, &file)?;
        // The lock goes over to the new handle; it cannot be had while the old one has it.
        self.file.unlock()?;
        if !lock(&file)? {
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

    /// Mends the end, and brings the file and its name to disk.
    fn settle(&mut self) -> io::Result<()> {
        while self.mend()? {}
        self.file.sync_all()?;
        private_files::sync_folder_of(&self.path)?;
        self.synced = self.good;
        Ok(())
    }

    /// Looks at the last line; whether it was cut off, so that another one is the last now.
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
        let read = Fixture::read_line(line.trim_ascii_end());
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

    /// Cuts off everything from there on, and keeps it in a file beside the recording: this may be no recording.
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

    /// Where the line begins that ends there.
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

/// Takes the lock, which the system takes back when the program ends, however it does; whether it could be had.
pub(crate) fn lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(fs::TryLockError::WouldBlock) => Ok(false),
        // Some network file systems have no locks.
        Err(fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
            Ok(true)
        }
        Err(fs::TryLockError::Error(error)) => Err(error),
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
                // Zeros alone are nobody's.
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
            refused(&link, "symbolic links are refused");
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
        // A handle that cannot be written to, and half a line that got through.
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
