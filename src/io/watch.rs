//! Tells which fixtures were saved: all that knows `notify`.
//!
//! Editors save in many ways: they truncate and write, or write beside the file and rename, in several steps.
//! So folders are watched rather than files, a path is looked at when nothing has happened to it for a moment,
//! and it is told only if it differs from what was there before. What is not whole JSON gets a moment more, for it may
//! be half of a save; then it is told too, so that whoever saved it learns of the fault.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::io::recording::detect;

/// A watch that goes on until it is dropped.
pub struct Watch {
    _watcher: RecommendedWatcher,
}

/// So long must nothing happen to a file before it counts as saved.
const SETTLE: Duration = Duration::from_millis(150);
/// And so long if it is not whole JSON.
const SETTLE_BROKEN: Duration = Duration::from_millis(600);
/// A larger file is no fixture.
const LARGEST: u64 = 256 << 20;
/// Saves that wait to be taken.
const WAITING: usize = 64;

impl Watch {
    /// Watches files, and folders with all that is in them. Every save is told once, by the path as it was given.
    pub fn start(paths: &[PathBuf]) -> Result<(Watch, mpsc::Receiver<PathBuf>)> {
        Self::start_with(paths, SETTLE)
    }

    fn start_with(paths: &[PathBuf], settle: Duration) -> Result<(Watch, mpsc::Receiver<PathBuf>)> {
        let roots = paths
            .iter()
            .map(|path| Root::of(path))
            .collect::<Result<Vec<_>>>()?;
        let (happened, happens) = channel();
        let cannot = |path: &Path, why: String| {
            Error::usage(format!("cannot watch `{}`: {why}", path.display()))
        };
        let mut watcher = notify::recommended_watcher(move |event| {
            // When nobody listens any more, the watcher is about to go too.
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
        for path in roots.iter().flat_map(Root::files) {
            if let Some(content) = Content::of(&path) {
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

/// A folder that is watched, all of it or one file in it.
struct Root {
    /// Without links, as the system names what changes.
    folder: PathBuf,
    /// As it was given.
    given: PathBuf,
    only: Option<OsString>,
}

impl Root {
    fn of(path: &Path) -> Result<Root> {
        let cannot = |error: std::io::Error| {
            Error::input(format!("cannot watch `{}`: {error}", path.display()))
        };
        if path.is_dir() {
            return Ok(Root {
                folder: path.canonicalize().map_err(cannot)?,
                given: path.to_owned(),
                only: None,
            });
        }
        path.metadata().map_err(cannot)?;
        let given = path.parent().unwrap_or(Path::new("")).to_owned();
        let folder = if given.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &given
        };
        let folder = folder.canonicalize().map_err(cannot)?;
        Ok(Root {
            folder,
            only: path.file_name().map(ToOwned::to_owned),
            given,
        })
    }

    /// The path as the user knows it, if it is one that is watched.
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

/// Editors keep their own files beside: hidden ones, and with endings of their own such as `.json~` and `.json.swp`.
fn is_fixture(inside: &Path) -> bool {
    let is_hidden = inside
        .iter()
        .any(|part| part.as_encoded_bytes().starts_with(b"."));
    !is_hidden && detect::is_one(inside)
}

/// The thread that waits until files have come to rest.
struct Settling {
    roots: Vec<Root>,
    /// What each file contained when it was last told.
    seen: HashMap<PathBuf, u64>,
    saved: mpsc::Sender<PathBuf>,
    settle: Duration,
    settle_broken: Duration,
}

impl Settling {
    fn run(mut self, happens: &std::sync::mpsc::Receiver<notify::Result<notify::Event>>) {
        let mut restless: HashMap<PathBuf, Instant> = HashMap::new();
        // Those that were not whole when they came to rest, and are looked at once more.
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
                            .flat_map(Root::files)
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
                match Content::of(&path) {
                    Some(content) if !content.is_whole => {
                        broken.insert(path, now + self.settle_broken);
                    }
                    content => rested.push((path, content)),
                }
            }
            for (path, _) in broken.extract_if(|_, when| *when <= now) {
                let content = Content::of(&path);
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

    /// The files that something may have happened to. A folder that was moved here brings all that is in it.
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

    fn is_saved(&mut self, path: &Path, content: Option<Content>) -> bool {
        // Of what is no fixture by its name, a recording say, only what is whole is sent when it is saved.
        let is_fixture = detect::is_one(path);
        let told = content.filter(|content| content.is_whole || is_fixture);
        told.is_some_and(|Content { hash, .. }| {
            self.seen.insert(path.to_owned(), hash) != Some(hash)
        })
    }
}

/// What is in a file.
struct Content {
    /// A number for it.
    hash: u64,
    /// Whether it is a whole document.
    is_whole: bool,
}

impl Content {
    /// None if the file is not there.
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
            is_whole: detect::is_whole(&text),
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

    /// Saves another file and sees that it is the next to be told: nothing was told in between.
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

        // A shell: truncates, then writes, in pieces.
        fs::write(&file, "").unwrap();
        fs::write(&file, "{\"a\":").unwrap();
        fs::write(&file, "{\"a\":1}").unwrap();
        assert_eq!(next(&mut saves).await, file);
        nothing_more(&mut saves, dir.path()).await;

        // In pieces that are whole by chance.
        for number in 0..50 {
            fs::write(&file, number.to_string()).unwrap();
        }
        assert_eq!(next(&mut saves).await, file);
        nothing_more(&mut saves, dir.path()).await;

        // vim: moves the file away, writes a new one, deletes the old one; and tries whether it may, as `4913`.
        fs::write(dir.path().join("4913"), "").unwrap();
        fs::remove_file(dir.path().join("4913")).unwrap();
        fs::rename(&file, dir.path().join("a.json~")).unwrap();
        fs::write(&file, "{\"a\":2}").unwrap();
        fs::remove_file(dir.path().join("a.json~")).unwrap();
        fs::write(dir.path().join(".a.json.swp"), "{}").unwrap();
        assert_eq!(next(&mut saves).await, file);
        nothing_more(&mut saves, dir.path()).await;

        // VS Code and others: write beside it and rename.
        fs::write(dir.path().join("a.json.tmp"), "{\"a\":3}").unwrap();
        fs::rename(dir.path().join("a.json.tmp"), &file).unwrap();
        assert_eq!(next(&mut saves).await, file);
        nothing_more(&mut saves, dir.path()).await;

        // The same again.
        fs::write(&file, "{\"a\":3}").unwrap();
        nothing_more(&mut saves, dir.path()).await;

        // Half of it, twice; then whole again.
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
        assert!(Watch::start(&[dir.path().join("none.json")]).is_err());
    }
}
