//! Watches fixture files for changes, on `notify`.
//!
//! Editors save in many ways: they truncate and write, or write another file and rename it, in several steps. Folders
//! are therefore watched rather than files; a path is read once no event has come for a moment, and reported only if
//! its content differs from the last one reported. Incomplete JSON gets a longer moment, because it may be half of a
//! save; then it is reported too, so that the user learns of the error.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::io::recording::detect;

/// Watch that ends when it is dropped.
pub struct Watch {
    _watcher: RecommendedWatcher,
}

/// Time without events after which a file counts as saved.
const SETTLE: Duration = Duration::from_millis(150);
/// Longer time without events for a file that is not complete JSON.
const SETTLE_BROKEN: Duration = Duration::from_millis(600);
/// Most bytes of a file that are read.
const LARGEST: u64 = 256 << 20;
/// Capacity of the channel of saved paths.
const WAITING: usize = 64;

impl Watch {
    /// Watches files, and folders recursively. Each save is reported once, with the path as the user gave it.
    pub fn start(paths: &[PathBuf]) -> Result<(Watch, mpsc::Receiver<PathBuf>)> {
        Self::start_with(paths, SETTLE)
    }

    fn start_with(paths: &[PathBuf], settle: Duration) -> Result<(Watch, mpsc::Receiver<PathBuf>)> {
        let roots = paths
            .iter()
            .map(|path| WatchedFolder::of(path))
            .collect::<Result<Vec<_>>>()?;
        let (happened, happens) = channel();
        let cannot = |path: &Path, why: String| {
            Error::usage(format!("cannot watch `{}`: {why}", path.display()))
        };
        let mut watcher = notify::recommended_watcher(move |event| {
            // Sending fails only while the watch is being dropped.
            let _ = happened.send(event);
        })
        .map_err(|error| cannot(Path::new("."), error.to_string()))?;
        for (root, path) in roots.iter().zip(paths) {
            let mode = if root.only.is_some() {
                RecursiveMode::NonRecursive
            } else {
                RecursiveMode::Recursive
            };
            watcher
                .watch(&root.folder, mode)
                .map_err(|error| cannot(path, error.to_string()))?;
        }
        let mut seen = HashMap::new();
        for path in roots.iter().flat_map(WatchedFolder::files) {
            if let Some(content) = FileContent::of(&path) {
                seen.insert(path, content.hash);
            }
        }
        let (saved, saves) = mpsc::channel(WAITING);
        let settling = Settling {
            roots,
            seen,
            saved,
            settle,
            settle_broken: SETTLE_BROKEN,
        };
        std::thread::Builder::new()
            .name("watch".into())
            .spawn(move || settling.run(&happens))
            .map_err(|error| cannot(Path::new("."), error.to_string()))?;
        Ok((Watch { _watcher: watcher }, saves))
    }
}

/// Watched folder: all fixtures in it, or one file.
struct WatchedFolder {
    /// Canonical path, as the system reports it in events.
    folder: PathBuf,
    /// Path as the user gave it.
    given: PathBuf,
    only: Option<OsString>,
}

impl WatchedFolder {
    fn of(path: &Path) -> Result<WatchedFolder> {
        let cannot = |error: std::io::Error| {
            Error::input(format!("cannot watch `{}`: {error}", path.display()))
        };
        if path.is_dir() {
            return Ok(WatchedFolder {
                folder: path.canonicalize().map_err(cannot)?,
                given: path.to_owned(),
                only: None,
            });
        }
        // A missing file is waited for if its name is that of a file that is read.
        match path.metadata() {
            Err(error) if error.kind() != ErrorKind::NotFound || !detect::is_read(path) => {
                return Err(cannot(error));
            }
            _ => {}
        }
        let given = path.parent().unwrap_or(Path::new("")).to_owned();
        let folder = if given.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &given
        };
        let folder = folder.canonicalize().map_err(cannot)?;
        Ok(WatchedFolder {
            folder,
            only: path.file_name().map(ToOwned::to_owned),
            given,
        })
    }

    /// Path as the user gave it, if it is a watched one.
    fn known(&self, path: &Path) -> Option<PathBuf> {
        let inside = path.strip_prefix(&self.folder).ok()?;
        let wanted = match &self.only {
            Some(only) => inside.as_os_str() == only,
            None => is_fixture(inside),
        };
        wanted.then(|| self.given.join(inside))
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        match &self.only {
            Some(only) => files.push(self.given.join(only)),
            None => walk(&self.given, &mut files),
        }
        files
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = PathBuf::from(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !name.as_os_str().as_encoded_bytes().starts_with(b".") {
                walk(&entry.path(), files);
            }
        } else if is_fixture(&name) {
            files.push(entry.path());
        }
    }
}

/// True for a fixture that is not hidden. Editors write files of their own beside it: `.a.json.swp`, `a.json~`.
fn is_fixture(inside: &Path) -> bool {
    let is_hidden = inside
        .iter()
        .any(|part| part.as_encoded_bytes().starts_with(b"."));
    !is_hidden && detect::is_one(inside)
}

/// Thread that waits until files have settled.
struct Settling {
    roots: Vec<WatchedFolder>,
    /// Content hash of each file when it was last reported.
    seen: HashMap<PathBuf, u64>,
    saved: mpsc::Sender<PathBuf>,
    settle: Duration,
    settle_broken: Duration,
}

impl Settling {
    fn run(mut self, happens: &std::sync::mpsc::Receiver<notify::Result<notify::Event>>) {
        let mut restless: HashMap<PathBuf, Instant> = HashMap::new();
        // Files incomplete when they settled, to be read once more.
        let mut broken: HashMap<PathBuf, Instant> = HashMap::new();
        loop {
            let soonest = restless.values().chain(broken.values()).min().copied();
            let event = match soonest {
                None => happens.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(when) => happens.recv_timeout(when.saturating_duration_since(Instant::now())),
            };
            let rest = Instant::now() + self.settle;
            match event {
                Ok(Ok(event)) if event.need_rescan() => {
                    restless.extend(
                        self.roots
                            .iter()
                            .flat_map(WatchedFolder::files)
                            .map(|path| (path, rest)),
                    );
                }
                Ok(Ok(event)) if !event.kind.is_access() => {
                    restless.extend(
                        event
                            .paths
                            .iter()
                            .flat_map(|path| self.touched(path))
                            .map(|path| (path, rest)),
                    );
                }
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            let mut rested = Vec::new();
            for (path, _) in restless.extract_if(|_, when| *when <= now) {
                broken.remove(&path);
                match FileContent::of(&path) {
                    Some(content) if !content.is_whole => {
                        broken.insert(path, now + self.settle_broken);
                    }
                    content => rested.push((path, content)),
                }
            }
            for (path, _) in broken.extract_if(|_, when| *when <= now) {
                let content = FileContent::of(&path);
                rested.push((path, content));
            }
            rested.sort_by(|(one, _), (other, _)| one.cmp(other));
            for (path, content) in rested {
                if self.is_saved(&path, content) && self.saved.blocking_send(path).is_err() {
                    return;
                }
            }
        }
    }

    /// Watched files affected by an event. For a folder that was moved here, all files in it.
    fn touched(&self, path: &Path) -> Vec<PathBuf> {
        if path.is_dir() {
            let mut files = Vec::new();
            walk(path, &mut files);
            return files.iter().filter_map(|path| self.known(path)).collect();
        }
        self.known(path).into_iter().collect()
    }

    fn known(&self, path: &Path) -> Option<PathBuf> {
        self.roots.iter().find_map(|root| root.known(path))
    }

    fn is_saved(&mut self, path: &Path, content: Option<FileContent>) -> bool {
        content.is_some_and(|FileContent { hash, .. }| {
            self.seen.insert(path.to_owned(), hash) != Some(hash)
        })
    }
}

/// Content of a file.
struct FileContent {
    /// Hash of the content.
    hash: u64,
    /// True if it is a complete document, or complete lines of a recording.
    is_whole: bool,
}

impl FileContent {
    /// Reads a file; none if it is missing.
    fn of(path: &Path) -> Option<Self> {
        let mut text = Vec::new();
        fs::File::open(path)
            .ok()?
            .take(LARGEST)
            .read_to_end(&mut text)
            .ok()?;
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Some(Self {
            hash: hasher.finish(),
            is_whole: match detect::is_recording(path) {
                true => text.ends_with(b"\n"),
                false => detect::is_whole(&text),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Watch;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::Duration;
    use tokio::sync::mpsc::Receiver;

    const SETTLE: Duration = Duration::from_millis(150);

    async fn next(saves: &mut Receiver<PathBuf>) -> PathBuf {
        tokio::time::timeout(Duration::from_secs(10), saves.recv())
            .await
            .unwrap()
            .unwrap()
    }

    /// Saves another file and expects it to be reported next: nothing was reported in between.
    async fn nothing_more(saves: &mut Receiver<PathBuf>, folder: &Path) {
        static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let last = folder.join("zz-last.json");
        fs::write(&last, format!("[{number}]")).unwrap();
        assert_eq!(next(saves).await, last);
    }

    #[tokio::test]
    async fn each_kind_of_save_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.json");
        fs::write(&file, "{\"a\":0}").unwrap();
        let (_watch, mut saves) = Watch::start_with(&[dir.path().to_owned()], SETTLE).unwrap();

        // A shell truncates the file, then writes it in pieces.
        fs::write(&file, "").unwrap();
        fs::write(&file, "{\"a\":").unwrap();
        fs::write(&file, "{\"a\":1}").unwrap();
        assert_eq!(next(&mut saves).await, file);
        nothing_more(&mut saves, dir.path()).await;

        // Pieces each of which is complete JSON by chance.
        for number in 0..50 {
            fs::write(&file, number.to_string()).unwrap();
        }
        assert_eq!(next(&mut saves).await, file);
        nothing_more(&mut saves, dir.path()).await;

        // vim moves the file away, writes a new one, deletes the old one, and first tests with a file `4913` if it may.
        fs::write(dir.path().join("4913"), "").unwrap();
        fs::remove_file(dir.path().join("4913")).unwrap();
        fs::rename(&file, dir.path().join("a.json~")).unwrap();
        fs::write(&file, "{\"a\":2}").unwrap();
        fs::remove_file(dir.path().join("a.json~")).unwrap();
        fs::write(dir.path().join(".a.json.swp"), "{}").unwrap();
        assert_eq!(next(&mut saves).await, file);
        nothing_more(&mut saves, dir.path()).await;

        // VS Code and others write another file and rename it.
        fs::write(dir.path().join("a.json.tmp"), "{\"a\":3}").unwrap();
        fs::rename(dir.path().join("a.json.tmp"), &file).unwrap();
        assert_eq!(next(&mut saves).await, file);
        nothing_more(&mut saves, dir.path()).await;

        // The same content again is not reported.
        fs::write(&file, "{\"a\":3}").unwrap();
        nothing_more(&mut saves, dir.path()).await;

        // Incomplete content twice, then complete content again.
        fs::write(&file, "{\"a\":").unwrap();
        assert_eq!(next(&mut saves).await, file);
        fs::write(&file, "{\"a\":").unwrap();
        nothing_more(&mut saves, dir.path()).await;
        fs::write(&file, "{\"a\":3}").unwrap();
        assert_eq!(next(&mut saves).await, file);

        // A new folder with a file in it.
        let deep = dir.path().join("new/deep");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("b.json"), "{}").unwrap();
        assert_eq!(next(&mut saves).await, deep.join("b.json"));
    }

    #[tokio::test]
    async fn a_file_is_watched_alone_and_told_as_it_was_given() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("./a.json");
        fs::write(&file, "1").unwrap();
        let (_watch, mut saves) = Watch::start_with(std::slice::from_ref(&file), SETTLE).unwrap();
        fs::write(dir.path().join("b.json"), "1").unwrap();
        fs::write(dir.path().join("beside"), "2").unwrap();
        fs::rename(dir.path().join("beside"), &file).unwrap();
        assert_eq!(next(&mut saves).await, file);
        assert!(Watch::start(&[dir.path().join("none")]).is_err());
        assert!(Watch::start(&[dir.path().join("none/a.json")]).is_err());
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_yet_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("r.ndjson");
        let (_watch, mut saves) = Watch::start_with(std::slice::from_ref(&file), SETTLE).unwrap();
        // A recording has several lines; half of one is told too, after a moment more.
        for text in ["1\n2\n", "1\n2\n{\n", "", "1\n2", "1\n"] {
            fs::write(&file, text).unwrap();
            assert_eq!(next(&mut saves).await, file, "{text:?}");
        }
        fs::remove_file(&file).unwrap();
        fs::write(dir.path().join("beside"), "3\n").unwrap();
        fs::rename(dir.path().join("beside"), &file).unwrap();
        assert_eq!(next(&mut saves).await, file);
    }
}
