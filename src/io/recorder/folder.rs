//! Recording in a folder, one pretty-printed file per delivery. Each file is written under a temporary name and
//! renamed, so that no reader sees a part of one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::io::private_files;
use crate::io::recorder::sync::Sync;
use crate::webhook::{RecordedAnswer, add_to_file};

/// Answer for the file of its delivery.
#[derive(Debug)]
pub(crate) struct AnswerToKeep {
    pub(crate) file: Arc<Path>,
    pub(crate) answer: RecordedAnswer,
    /// True if it went back to the sender.
    pub(crate) replied: bool,
}

/// Folder that deliveries are recorded into.
pub(crate) struct Folder {
    path: PathBuf,
    /// Shared lock held while this process writes to the folder, so that no other process removes its temporary files.
    _lock: Option<File>,
    /// Files written and not synced yet.
    unsynced: Vec<Arc<Path>>,
}

/// Most files that wait for their sync.
const UNSYNCED: usize = 1024;

impl Folder {
    /// Opens the folder, or creates it.
    pub(crate) fn open(path: &Path, notes: &mut Vec<String>) -> Result<Folder> {
        let cannot =
            |why: &str| Error::usage(format!("cannot record into `{}`: {why}", path.display()));
        let failed = |error: io::Error| cannot(&error.to_string());
        match fs::symlink_metadata(path) {
            Ok(about) if about.is_dir() => {}
            Ok(about) if about.is_symlink() => {
                return Err(cannot("symbolic links are not accepted")
                    .hint("a `/` at its end means the folder behind it"));
            }
            Ok(_) => {
                return Err(cannot("it is no folder")
                    .hint("the name of a recording in one file ends in `.ndjson`"));
            }
            Err(_) => {
                private_files::create_folder(path).map_err(failed)?;
                private_files::sync_folder_of(path).map_err(failed)?;
            }
        }
        if private_files::is_open_to_others(path).map_err(failed)? {
            notes.push(format!(
                "`{}`: others may write into this folder, and exchange what is in it",
                path.display()
            ));
        }
        let lock = lock(path, notes);
        // Line endings are part of the signed bytes, and git would change them.
        match private_files::create(&path.join(".gitattributes")) {
            Ok(mut file) => file
                .write_all(b"* -text\n")
                .and_then(|()| file.sync_all())
                .map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
        private_files::sync_folder(path).map_err(failed)?;
        Ok(Folder {
            path: path.to_owned(),
            _lock: lock,
            unsynced: Vec::new(),
        })
    }

    /// Writes one file per delivery, named NAME.json, or NAME-2.json and so on if that exists.
    pub(crate) fn keep<'a>(
        &mut self,
        files: impl Iterator<Item = (&'a str, &'a [u8])>,
        sync: Sync,
    ) -> Vec<std::result::Result<Arc<Path>, String>> {
        let mut kept: Vec<_> = files
            .map(|(name, text)| self.write(name, text, sync))
            .collect();
        // The folder holds the directory entries: one sync for all files.
        let synced = match sync {
            Sync::Always => private_files::sync_folder(&self.path),
            Sync::Interval | Sync::Never => Ok(()),
        };
        if let Err(error) = &synced {
            for path in &mut kept {
                *path = Err(io::Error::new(error.kind(), error.to_string()));
            }
        }
        if sync == Sync::Interval {
            self.unsynced.extend(kept.iter().flatten().cloned());
        }
        let cannot = |error| format!("cannot write into `{}`: {error}", self.path.display());
        kept.into_iter().map(|path| path.map_err(cannot)).collect()
    }

    /// Adds answers to the files of their deliveries; returns the reason for each that could not be added. A file that is
    /// no longer there is passed over: the user moved or deleted it.
    pub(crate) fn answer(
        &mut self,
        answers: impl Iterator<Item = AnswerToKeep>,
        sync: Sync,
    ) -> Vec<String> {
        let mut failed = Vec::new();
        for AnswerToKeep {
            file,
            answer,
            replied,
        } in answers
        {
            let text = match fs::read(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                text => text,
            };
            let written = text.and_then(|text| {
                let edits = add_to_file(&text, &answer, replied).map_err(|fault| {
                    io::Error::new(io::ErrorKind::InvalidData, fault.to_string())
                })?;
                self.rewrite(&file, &text, &edits, sync)
            });
            match written {
                Ok(()) if sync == Sync::Interval => self.unsynced.push(file),
                Ok(()) => {}
                Err(error) => failed.push(format!("`{}`: {error}", file.display())),
            }
        }
        if sync == Sync::Always
            && let Err(error) = private_files::sync_folder(&self.path)
        {
            failed.push(format!("`{}`: {error}", self.path.display()));
        }
        failed
    }

    /// Replaces a file by its edited text, whole or not at all.
    fn rewrite(
        &self,
        path: &Path,
        text: &[u8],
        edits: &[(Range<usize>, String)],
        sync: Sync,
    ) -> io::Result<()> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let temporary = self.path.join(format!(".{name}{TEMPORARY}"));
        let written = private_files::create(&temporary).and_then(|mut file| {
            let mut copied = 0;
            for (range, new) in edits {
                file.write_all(text.get(copied..range.start).unwrap_or_default())?;
                file.write_all(new.as_bytes())?;
                copied = range.end;
            }
            file.write_all(text.get(copied..).unwrap_or_default())?;
            // The delivery in it was acknowledged: it must not be lost with the file that it was in.
            if sync != Sync::Never {
                file.sync_data()?;
            }
            fs::rename(&temporary, path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// True if so many files are unsynced that a sync is due.
    pub(crate) fn wants_sync(&self) -> bool {
        self.unsynced.len() >= UNSYNCED
    }

    /// Syncs the files that are not on disk yet.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        for path in std::mem::take(&mut self.unsynced) {
            match File::open(&path) {
                Ok(file) => file.sync_data()?,
                // The user moved or deleted it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        private_files::sync_folder(&self.path)
    }

    fn write(&self, name: &str, text: &[u8], sync: Sync) -> io::Result<Arc<Path>> {
        let mut path = self.path.join(format!("{name}.json"));
        for number in 2.. {
            if !path.try_exists()? {
                break;
            }
            path = self.path.join(format!("{name}-{number}.json"));
        }
        let temporary = self.path.join(format!(".{name}{TEMPORARY}"));
        let written = private_files::create(&temporary).and_then(|mut file| {
            file.write_all(text)?;
            if sync == Sync::Always {
                file.sync_data()?;
            }
            fs::rename(&temporary, &path)
        });
        if written.is_err() {
            // A temporary file that remains is removed at the next start.
            let _ = fs::remove_file(&temporary);
        }
        written.map(|()| path.into())
    }
}

/// Suffix of temporary files.
const TEMPORARY: &str = ".json.tmp";

/// Takes a shared lock on the folder. The first process to take it removes temporary files left by a killed one.
#[cfg(unix)]
fn lock(path: &Path, notes: &mut Vec<String>) -> Option<File> {
    let folder = File::open(path).ok()?;
    if folder.try_lock().is_ok() {
        let left: Vec<_> = fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| {
                let name = entry.file_name();
                let name = name.as_encoded_bytes();
                name.starts_with(b".") && name.ends_with(TEMPORARY.as_bytes())
            })
            .filter(|entry| fs::remove_file(entry.path()).is_ok())
            .collect();
        if !left.is_empty() {
            let files = if left.len() == 1 { "file" } else { "files" };
            notes.push(format!(
                "`{}`: took away {} unfinished {files}",
                path.display(),
                left.len()
            ));
        }
    }
    // On file systems without locks, temporary files are not removed either.
    folder.try_lock_shared().ok()?;
    Some(folder)
}

#[cfg(not(unix))]
fn lock(_: &Path, _: &mut Vec<String>) -> Option<File> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::Folder;
    use crate::io::recorder::sync::Sync;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn everything_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/folder");
        let mut notes = Vec::new();
        let mut folder = Folder::open(&path, &mut notes).unwrap();
        let files = [("a", &b"1"[..])].into_iter();
        let kept = folder.keep(files, Sync::Always).remove(0).unwrap();
        assert_eq!((mode(&kept), mode(&path)), (0o600, 0o700));
        assert_eq!(
            fs::read_to_string(path.join(".gitattributes")).unwrap(),
            "* -text\n"
        );
        assert!(notes.is_empty(), "{notes:?}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        Folder::open(&path, &mut notes).unwrap();
        assert!(notes.concat().contains("others may write"), "{notes:?}");
    }

    #[test]
    fn what_is_no_folder_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let refused = |path: &Path, why: &str| {
            let error = Folder::open(path, &mut Vec::new()).err().unwrap();
            let said = error.what();
            assert!(
                said.contains(&*path.to_string_lossy()) && said.contains(why),
                "{said}"
            );
        };
        refused(Path::new("/dev/full"), "no folder");
        symlink(dir.path(), dir.path().join("link")).unwrap();
        refused(&dir.path().join("link"), "symbolic links are not accepted");
        assert!(!dir.path().join(".gitattributes").exists());
        Folder::open(&dir.path().join("link/"), &mut Vec::new()).unwrap();
    }

    #[test]
    fn halves_are_taken_away_unless_somebody_writes_them() {
        let dir = tempfile::tempdir().unwrap();
        let half = dir.path().join(".a.json.tmp");
        let first = Folder::open(dir.path(), &mut Vec::new()).unwrap();
        fs::write(&half, "{").unwrap();
        let mut notes = Vec::new();
        let second = Folder::open(dir.path(), &mut notes).unwrap();
        assert!(half.exists() && notes.is_empty());
        drop((first, second));
        Folder::open(dir.path(), &mut notes).unwrap();
        assert!(
            !half.exists() && notes.concat().contains("1 unfinished file"),
            "{notes:?}"
        );
    }

    #[test]
    fn a_sync_later_passes_over_what_was_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(dir.path(), &mut Vec::new()).unwrap();
        let files = [("a", &b"1"[..]), ("b", b"2")].into_iter();
        let kept = folder.keep(files, Sync::Interval);
        fs::remove_file(kept[0].as_ref().unwrap()).unwrap();
        assert_eq!(folder.unsynced.len(), 2);
        folder.sync().unwrap();
        assert!(folder.unsynced.is_empty());
    }
}
