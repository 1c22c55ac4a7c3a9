//! Keeps deliveries on disk. What is said to be kept has been written whole and synced.
//!
//! One thread writes. It takes everything that waits, writes it at once, syncs once and tells everybody: the more
//! there is to keep, the less each costs. Only whole lines ever stand in front of a line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::webhook::Fixture;

/// Keeps fixtures in a file, a line each, or in a folder, a file each.
pub struct Recorder {
    queue: Arc<Queue>,
    writer: Option<JoinHandle<()>>,
    lines: bool,
    notes: Vec<String>,
}

/// When what was written is made to reach the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// Before it is said to be kept.
    #[default]
    Always,
    /// When the system finds the time: what was kept may be lost when the power is.
    Never,
}

impl Recorder {
    /// Opens `path`, and syncs always: `.ndjson` and `.jsonl` are appended to, anything else is a folder.
    pub fn open(path: &Path) -> Result<Recorder> {
        Self::open_with(path, Sync::Always)
    }

    /// The same with a choice of when to sync.
    pub fn open_with(path: &Path, sync: Sync) -> Result<Recorder> {
        let lines = path
            .extension()
            .is_some_and(|end| end == "ndjson" || end == "jsonl");
        let mut notes = Vec::new();
        let shelf = if lines {
            Shelf::Lines(Lines::open(path, &mut notes)?)
        } else {
            Shelf::Folder(Folder::open(path)?)
        };
        let queue = Arc::new(Queue::default());
        let writer = Writer {
            queue: Arc::clone(&queue),
            shelf,
            sync,
        };
        let writer = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || writer.run())
            .map_err(|error| {
                Error::usage(format!("cannot record into `{}`: {error}", path.display()))
            })?;
        Ok(Recorder {
            queue,
            writer: Some(writer),
            lines,
            notes,
        })
    }

    /// What was done to the file when it was opened, for the user to know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Keeps a fixture. The answer, once it is kept, is the file that it stands in; or why it is not kept.
    pub fn keep(
        &self,
        fixture: &Fixture,
    ) -> impl Future<Output = std::result::Result<PathBuf, String>> + Send + 'static + use<> {
        let (name, text) = if self.lines {
            (String::new(), fixture.to_line())
        } else {
            (name(fixture), fixture.to_pretty())
        };
        let (done, wait) = oneshot::channel();
        let mut state = self.queue.lock();
        state.jobs.push(Job { name, text, done });
        drop(state);
        self.queue.more.notify_one();
        async move {
            wait.await
                .unwrap_or_else(|_| Err("the recorder has stopped".into()))
        }
    }
}

impl Drop for Recorder {
    /// Waits until everything is kept.
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.more.notify_one();
        if let Some(writer) = self.writer.take() {
            // If it panicked, whoever waits has been told.
            let _ = writer.join();
        }
    }
}

/// A file name that sorts by time. The id may be anybody's, so only what is harmless is taken of it.
fn name(fixture: &Fixture) -> String {
    let at = fixture.at.unwrap_or_else(Timestamp::now);
    let id: String = fixture
        .id
        .as_deref()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .collect();
    let id = if id.is_empty() { id } else { format!("-{id}") };
    format!(
        "{}.{:06}Z{id}",
        at.strftime("%Y%m%dT%H%M%S"),
        at.subsec_nanosecond() / 1000
    )
}

/// What waits to be written.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    jobs: Vec<Job>,
    closed: bool,
}

struct Job {
    /// The file's name without its ending, in a folder.
    name: String,
    text: String,
    done: oneshot::Sender<std::result::Result<PathBuf, String>>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that waits, as soon as something does; none once it is closed and empty.
    fn take(&self, into: &mut Vec<Job>) -> Option<()> {
        let state = self
            .more
            .wait_while(self.lock(), |state| state.jobs.is_empty() && !state.closed);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.jobs, into);
        (!into.is_empty()).then_some(())
    }
}

struct Writer {
    queue: Arc<Queue>,
    shelf: Shelf,
    sync: Sync,
}

enum Shelf {
    Lines(Lines),
    Folder(Folder),
}

impl Writer {
    fn run(mut self) {
        let mut jobs = Vec::new();
        while self.queue.take(&mut jobs).is_some() {
            match &mut self.shelf {
                Shelf::Lines(lines) => {
                    let kept = lines
                        .keep(&jobs, self.sync)
                        .map(|()| lines.path.clone())
                        .map_err(|error| {
                            format!("cannot write `{}`: {error}", lines.path.display())
                        });
                    for job in jobs.drain(..) {
                        // Nobody may be waiting any more.
                        let _ = job.done.send(kept.clone());
                    }
                }
                Shelf::Folder(folder) => folder.keep(&mut jobs, self.sync),
            }
        }
    }
}

/// A recording: a line a fixture.
struct Lines {
    path: PathBuf,
    file: File,
    /// How long the file is as far as it is known to be good.
    good: u64,
    /// Whether something went wrong since then.
    doubtful: bool,
    buffer: Vec<u8>,
}

impl Lines {
    fn open(path: &Path, notes: &mut Vec<String>) -> Result<Lines> {
        let cannot =
            |why: &str| Error::usage(format!("cannot record into `{}`: {why}", path.display()));
        let new = !path.exists();
        let file = open_private(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => cannot("its folder does not exist"),
            io::ErrorKind::IsADirectory => {
                cannot("it is a folder").hint("a folder's name does not end in `.ndjson`")
            }
            _ if path.is_symlink() => cannot("it is a link, which is not followed"),
            _ => cannot(&error.to_string()),
        })?;
        let about = file
            .metadata()
            .map_err(|error| cannot(&error.to_string()))?;
        if !about.is_file() {
            return Err(cannot("it is not a regular file"));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(cannot("another listener records into it")
                    .hint("give each listener a file of its own"));
            }
            // Some network file systems have no locks.
            Err(fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(fs::TryLockError::Error(error)) => return Err(cannot(&error.to_string())),
        }
        if tighten(&file).map_err(|error| cannot(&error.to_string()))? && !new {
            notes.push(format!(
                "`{}` could be read by others; now only by its owner",
                path.display()
            ));
        }
        let mut lines = Lines {
            path: path.to_owned(),
            file,
            good: about.len(),
            doubtful: false,
            buffer: Vec::new(),
        };
        if let Some(note) = lines.mend().map_err(|error| cannot(&error.to_string()))? {
            notes.push(note);
        }
        sync_folder_of(path).map_err(|error| cannot(&error.to_string()))?;
        Ok(lines)
    }

    fn keep(&mut self, jobs: &[Job], sync: Sync) -> io::Result<()> {
        if self.doubtful || is_deleted(&self.file)? {
            self.reopen()?;
        }
        self.buffer.clear();
        let bytes = match jobs {
            [only] => only.text.as_bytes(),
            jobs => {
                jobs.iter()
                    .for_each(|job| self.buffer.extend_from_slice(job.text.as_bytes()));
                &self.buffer
            }
        };
        let length = bytes.len();
        let written = self.file.write_all(bytes).and_then(|()| match sync {
            Sync::Always => self.file.sync_data(),
            Sync::Never => Ok(()),
        });
        match &written {
            Ok(()) => self.good += length as u64,
            // Half a line goes at once if it can. After a failed sync nobody knows what is on the disk, so nothing
            // more is kept before the file was opened anew and checked.
            Err(_) => {
                let _ = self.file.set_len(self.good);
                self.doubtful = true;
            }
        }
        if self.buffer.capacity() > 1 << 20 {
            self.buffer = Vec::new();
        }
        written
    }

    /// Opens the file again after it was deleted or something went wrong, and goes on behind what is known to be good.
    fn reopen(&mut self) -> io::Result<()> {
        let file = open_private(&self.path)?;
        tighten(&file)?;
        let same = is_same(&self.file, &file)?;
        // The lock goes over to the new handle; it cannot be had while the old one has it.
        self.file.unlock()?;
        if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
            return Err(io::Error::other("another listener records into it"));
        }
        self.file = file;
        if same {
            self.file.set_len(self.good)?;
        } else {
            self.good = self.file.metadata()?.len();
        }
        self.mend()?;
        self.file.sync_all()?;
        sync_folder_of(&self.path)?;
        self.doubtful = false;
        Ok(())
    }

    /// Sees to it that the file ends with a line break: a whole line without one gets it, half a line is cut off.
    /// Only the last line is read.
    fn mend(&mut self) -> io::Result<Option<String>> {
        let start = last_line(&mut self.file, self.good)?;
        if start == self.good {
            return Ok(None);
        }
        let torn = self.good - start;
        let mut line = Vec::new();
        self.file.seek(SeekFrom::Start(start))?;
        (&mut self.file).take(LONGEST).read_to_end(&mut line)?;
        if Fixture::read_line(&line).is_ok() {
            self.file.write_all(b"\n")?;
            self.good += 1;
        } else {
            self.file.set_len(start)?;
            self.good = start;
        }
        self.file.sync_all()?;
        let note = format!(
            "cut {torn} bytes of an unfinished line off the end of `{}`",
            self.path.display()
        );
        Ok((self.good == start).then_some(note))
    }
}

/// A longer last line is not looked at but cut.
const LONGEST: u64 = 256 << 20;

/// Where the last line begins that has no line break: the end, if there is none such.
fn last_line(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut block = vec![0; 64 << 10];
    while end > 0 {
        let size = usize::try_from(end).unwrap_or(usize::MAX).min(block.len());
        let begin = end - size as u64;
        let Some(part) = block.get_mut(..size) else {
            break;
        };
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|b| *b == b'\n') {
            return Ok(begin + at as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

/// A folder: a pretty file a fixture.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn open(path: &Path) -> Result<Folder> {
        let cannot = |error: io::Error| {
            Error::usage(format!("cannot record into `{}`: {error}", path.display()))
        };
        if !path.is_dir() {
            make_private_folder(path).map_err(cannot)?;
            sync_folder_of(path).map_err(cannot)?;
        }
        // Line ends belong to what is signed, and git would change them.
        match create_private(&path.join(".gitattributes")) {
            Ok(mut file) => file
                .write_all(b"* -text\n")
                .and_then(|()| file.sync_all())
                .map_err(cannot)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot(error)),
        }
        Ok(Folder {
            path: path.to_owned(),
        })
    }

    fn keep(&self, jobs: &mut Vec<Job>, sync: Sync) {
        let written: Vec<_> = jobs
            .drain(..)
            .map(|job| (self.write(&job, sync), job.done))
            .collect();
        // The names are kept by the folder.
        let synced = match sync {
            Sync::Always => sync_folder(&self.path),
            Sync::Never => Ok(()),
        };
        for (path, done) in written {
            let kept = path.and_then(|path| match &synced {
                Ok(()) => Ok(path),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            });
            let _ =
                done.send(kept.map_err(|error| {
                    format!("cannot write into `{}`: {error}", self.path.display())
                }));
        }
    }

    /// Writes a file beside its place, then puts it there: nobody ever sees half of it.
    fn write(&self, job: &Job, sync: Sync) -> io::Result<PathBuf> {
        let temporary = self.path.join(format!(".{}.tmp", job.name));
        // Left over from a run that was killed.
        let _ = fs::remove_file(&temporary);
        let mut path = self.path.join(format!("{}.json", job.name));
        for number in 2.. {
            if !path.try_exists()? {
                break;
            }
            path = self.path.join(format!("{}-{number}.json", job.name));
        }
        let written = create_private(&temporary).and_then(|mut file| {
            file.write_all(job.text.as_bytes())?;
            if sync == Sync::Always {
                file.sync_data()?;
            }
            fs::rename(&temporary, &path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written.map(|()| path)
    }
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens a file that only its owner may read, for reading and appending; never through a link.
fn open_private(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().read(true).append(true).create(true)).open(path)
}

/// Makes a file that only its owner may read, where there is none.
fn create_private(path: &Path) -> io::Result<File> {
    let file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    tighten(&file)?;
    Ok(file)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Takes the rights of others away; whether they had any.
#[cfg(unix)]
fn tighten(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode != 0o600 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(mode & 0o077 != 0)
}

#[cfg(not(unix))]
fn tighten(_: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(unix)]
fn make_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn make_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(unix)]
fn is_deleted(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink() == 0)
}

#[cfg(not(unix))]
fn is_deleted(_: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(unix)]
fn is_same(one: &File, other: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (one, other) = (one.metadata()?, other.metadata()?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

#[cfg(not(unix))]
fn is_same(_: &File, _: &File) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::{Job, Lines, Recorder, Sync};
    use crate::webhook::{Delivery, Fixture, Headers};
    use bytes::Bytes;
    use http::Method;
    use std::fs;
    use std::path::Path;

    fn fixture(id: usize) -> Fixture {
        let delivery = Delivery {
            method: Method::POST,
            path: "/".parse().unwrap(),
            headers: Headers::new(),
            body: Bytes::from(format!("line {id}\nand another")),
        };
        Fixture {
            id: Some(format!("../{id:04}")),
            at: Some("2026-11-23T19:20:01.123456Z".parse().unwrap()),
            ..Fixture::new(delivery)
        }
    }

    fn lines(path: &Path) -> Vec<Fixture> {
        let text = fs::read(path).unwrap();
        assert!(text.is_empty() || text.ends_with(b"\n"));
        text.split_inclusive(|b| *b == b'\n')
            .map(|line| Fixture::read_line(line).unwrap())
            .collect()
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn many_at_once_are_all_kept_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let recorder = Recorder::open(&path).unwrap();
        let kept: Vec<_> = (0..500)
            .map(|id| tokio::spawn(recorder.keep(&fixture(id))))
            .collect();
        for kept in kept {
            assert_eq!(kept.await.unwrap().unwrap(), path);
        }
        let ids: Vec<_> = lines(&path)
            .into_iter()
            .map(|fixture| fixture.id.unwrap())
            .collect();
        assert_eq!(
            ids,
            (0..500).map(|id| format!("../{id:04}")).collect::<Vec<_>>()
        );
        #[cfg(unix)]
        assert_eq!(mode(&path), 0o600);
    }

    #[tokio::test]
    async fn what_waits_is_kept_before_the_recorder_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let recorder = Recorder::open(&path).unwrap();
        let kept: Vec<_> = (0..50).map(|id| recorder.keep(&fixture(id))).collect();
        drop(recorder);
        assert_eq!(lines(&path).len(), 50);
        for kept in kept {
            kept.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_torn_tail_is_cut_and_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let whole = fixture(1).to_line();
        let half = &whole.as_bytes()[..40];
        let long = vec![b'{'; 200_000];
        for tail in [half, &[0; 3000], &long, b"\xf0\x9f"] {
            for start in ["", &whole] {
                fs::write(&path, [start.as_bytes(), tail].concat()).unwrap();
                let recorder = Recorder::open(&path).unwrap();
                assert!(
                    recorder
                        .notes()
                        .iter()
                        .any(|note| note.contains(&format!("cut {} bytes", tail.len())))
                );
                recorder.keep(&fixture(2)).await.unwrap();
                drop(recorder);
                assert_eq!(lines(&path).len(), 1 + usize::from(!start.is_empty()));
            }
        }
        // Whole, but for the line break.
        fs::write(&path, whole.trim_end()).unwrap();
        let recorder = Recorder::open(&path).unwrap();
        assert!(!recorder.notes().iter().any(|note| note.contains("cut")));
        recorder.keep(&fixture(2)).await.unwrap();
        drop(recorder);
        assert_eq!(lines(&path).len(), 2);
    }

    #[test]
    fn what_cannot_be_recorded_into_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let first = Recorder::open(&path).unwrap();
        let refused = |path: &Path, why: &str| {
            let error = Recorder::open(path).err().unwrap();
            let said = error.what();
            assert!(
                said.contains(&*path.to_string_lossy()) && said.contains(why),
                "{said}"
            );
            assert_eq!(error.exit() as u8, 2);
        };
        refused(&path, "another listener");
        drop(first);
        drop(Recorder::open(&path).unwrap());
        refused(&dir.path().join("none/r.ndjson"), "does not exist");
        fs::create_dir(dir.path().join("folder.ndjson")).unwrap();
        refused(&dir.path().join("folder.ndjson"), "it is a folder");
        #[cfg(unix)]
        {
            let link = dir.path().join("link.ndjson");
            std::os::unix::fs::symlink(dir.path().join("victim"), &link).unwrap();
            refused(&link, "it is a link");
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
        assert_eq!(Recorder::open(&path).unwrap().notes().len(), 1);
        assert_eq!(mode(&path), 0o600);
    }

    #[tokio::test]
    async fn a_deleted_recording_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let recorder = Recorder::open(&path).unwrap();
        recorder.keep(&fixture(1)).await.unwrap();
        fs::remove_file(&path).unwrap();
        recorder.keep(&fixture(2)).await.unwrap();
        assert_eq!(lines(&path).len(), 1);
    }

    #[test]
    fn after_a_failure_it_goes_on_behind_the_last_good_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let (done, _) = tokio::sync::oneshot::channel();
        let job = Job {
            name: String::new(),
            text: fixture(1).to_line(),
            done,
        };
        let mut lines = Lines::open(&path, &mut Vec::new()).unwrap();
        lines
            .keep(std::slice::from_ref(&job), Sync::Always)
            .unwrap();
        // A handle that cannot be written to, and half a line that got through.
        let good = std::mem::replace(&mut lines.file, fs::File::open(&path).unwrap());
        assert!(
            lines
                .keep(std::slice::from_ref(&job), Sync::Always)
                .is_err()
        );
        fs::write(&path, format!("{}{{half", job.text)).unwrap();
        drop(good);
        lines
            .keep(std::slice::from_ref(&job), Sync::Always)
            .unwrap();
        assert_eq!(super::tests::lines(&path).len(), 2);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_cannot_be_written_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("folder");
        let recorder = Recorder::open(&folder).unwrap();
        recorder.keep(&fixture(1)).await.unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert!(
            recorder
                .keep(&fixture(2))
                .await
                .unwrap_err()
                .contains("folder")
        );
        fs::create_dir(&folder).unwrap();
        recorder.keep(&fixture(3)).await.unwrap();
    }

    #[tokio::test]
    async fn a_folder_gets_a_file_each() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new/folder");
        let recorder = Recorder::open(&folder).unwrap();
        let first = recorder.keep(&fixture(1)).await.unwrap();
        let again = recorder.keep(&fixture(1)).await.unwrap();
        assert_eq!(first, folder.join("20261123T192001.123456Z-0001.json"));
        assert_eq!(again, folder.join("20261123T192001.123456Z-0001-2.json"));
        assert_eq!(
            Fixture::read(&fs::read(&first).unwrap()).unwrap().delivery,
            fixture(1).delivery
        );
        assert_eq!(
            fs::read_to_string(folder.join(".gitattributes")).unwrap(),
            "* -text\n"
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
        #[cfg(unix)]
        assert_eq!((mode(&first), mode(&folder)), (0o600, 0o700));
    }
}
