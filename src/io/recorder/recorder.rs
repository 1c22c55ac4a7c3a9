//! Writes deliveries to disk. A delivery is acknowledged once it is written completely and synced, unless `--sync`
//! chooses another mode.
//!
//! Callers append their text to a shared buffer; one thread takes the whole buffer, writes it at once, syncs once and
//! acknowledges every delivery in it: the more deliveries at once, the less each costs. In the modes without a sync per
//! delivery, the thread also waits a little for more text before it writes.
//!
//! Answers of handlers are written by the same thread, and nobody waits for them: with the next deliveries, or at once
//! and synced a little later. In a folder they are added to the files of their deliveries while no delivery waits.
//!
//! Memory is bounded: callers wait while the buffer is full. Answers that a slow disk keeps waiting lose their bodies
//! first, and past a limit they are left out, which is said.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::io::private_files::survive_file_size_limit;
use crate::io::recorder::file::RecordingFile;
use crate::io::recorder::folder::{AnswerToKeep, Folder};
use crate::io::recorder::recorded_at::{PlaceInFile, RecordedAt};
use crate::io::recorder::sync::Sync;
use crate::io::recorder::write_queue::{Put, WriteQueue};
use crate::io::recorder::writer::{LEFT_OUT, RecordingOutput, Writer};
use crate::webhook::{Fixture, RecordedAnswer};

/// Bytes of waiting responses past which their bodies are left out.
const WITHOUT_BODY: usize = 4 << 20;

/// Records fixtures in a file, one per line, or in a folder, one per file.
pub struct Recorder {
    queue: Arc<WriteQueue>,
    writer: Mutex<Option<JoinHandle<()>>>,
    sync: Sync,
    /// Path of the recording, if it is one file.
    file: Option<Arc<Path>>,
    notes: Vec<String>,
}

/// Place of a recorded delivery, or the reason why it was not recorded.
type RecordResult = std::result::Result<RecordedAt, String>;

impl Recorder {
    /// Opens `path` in mode `Always`: `.ndjson` and `.jsonl` are appended to, anything else is a folder.
    pub fn open(path: &Path) -> Result<Recorder> {
        Self::open_with(path, Sync::Always, |_| {})
    }

    /// Opens `path` with a sync mode; `tell` receives later problems of the recording, and their end.
    pub fn open_with(
        path: &Path,
        sync: Sync,
        tell: impl Fn(&str) + Send + 'static,
    ) -> Result<Recorder> {
        let is_file = path
            .extension()
            .is_some_and(|end| end == "ndjson" || end == "jsonl");
        let mut notes = Vec::new();
        notes.extend(folder_note(path));
        let output = if is_file {
            let mut file = RecordingFile::open(path)?;
            notes = file.take_notes();
            RecordingOutput::File(file)
        } else {
            RecordingOutput::Folder(Folder::open(path, &mut notes)?)
        };
        let file = match &output {
            RecordingOutput::File(file) => Some(Arc::clone(file.path())),
            RecordingOutput::Folder(_) => None,
        };
        survive_file_size_limit();
        let queue = Arc::new(WriteQueue::default());
        if let RecordingOutput::File(file) = &output {
            queue.lock().next_line = file.next_line();
        }
        let writer = Writer {
            queue: Arc::clone(&queue),
            output,
            sync,
            tell: Box::new(tell),
            sync_due: None,
            unwritten: Vec::new(),
            later: VecDeque::new(),
            is_told: false,
        };
        let writer = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || writer.run())
            .map_err(|error| {
                Error::usage(format!("cannot record into `{}`: {error}", path.display()))
            })?;
        Ok(Recorder {
            queue,
            writer: Mutex::new(Some(writer)),
            sync,
            file,
            notes,
        })
    }

    /// Repairs made when the recording was opened, to report to the user.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Records a fixture. Returns its place once it is acknowledged, or the reason why it was not recorded.
    pub async fn keep(&self, fixture: &Fixture) -> RecordResult {
        // The text is made once there is room for it, so that waiting callers hold none in memory.
        let room = self.queue.room_for(fixture).await;
        let (name, text) = match &self.file {
            Some(_) => (None, fixture.to_line()),
            None => (Some(name(fixture)), fixture.to_pretty()),
        };
        let Put {
            batch,
            number,
            line,
        } = self.queue.put(name, text, room)?;
        match &self.file {
            Some(file) if self.sync != Sync::Always => Ok(RecordedAt {
                file: Arc::clone(file),
                place: line.into(),
            }),
            Some(file) => batch.wait_together().await.map(|first| RecordedAt {
                file: Arc::clone(file),
                place: first.map(|first| first + number as u64).into(),
            }),
            None => batch.wait_for(number).await.map(|file| RecordedAt {
                file,
                place: PlaceInFile::Whole,
            }),
        }
    }

    /// Records the answer to a delivery that was recorded in `file`, without a wait. `replied` is true if it went back to
    /// the sender.
    pub fn answer(&self, file: &Arc<Path>, mut answer: RecordedAnswer, replied: bool) {
        let mut state = self.queue.lock();
        if state.pending.answers_size > WITHOUT_BODY && answer.body.take().is_some() {
            answer.cut = true;
        }
        if state.closed || state.pending.answers_size > LEFT_OUT {
            state.left_out += 1;
            return;
        }
        drop(state);
        // Written without the lock, which deliveries wait for.
        let line = self.file.is_some().then(|| answer.to_line());
        let mut state = self.queue.lock();
        match line {
            Some(line) => {
                state.pending.answers_size += line.len();
                state.pending.answer_lines += 1;
                state.pending.answers.extend_from_slice(line.as_bytes());
            }
            None => {
                state.pending.answers_size += answer.size();
                let file = Arc::clone(file);
                state.pending.answered.push(AnswerToKeep {
                    file,
                    answer,
                    replied,
                });
            }
        }
        let wake = std::mem::take(&mut state.is_idle);
        drop(state);
        if wake {
            self.queue.work.notify_one();
        }
    }

    /// Closes the recorder and returns once everything is written. Later deliveries are refused.
    pub fn finish(&self) {
        self.queue.lock().closed = true;
        self.queue.work.notify_one();
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer {
            // If the thread panicked, its guard has already notified the callers.
            let _ = writer.join();
        }
    }
}

impl Drop for Recorder {
    /// Returns once everything is written.
    fn drop(&mut self) {
        self.finish();
    }
}

/// A note where a new folder would have the name of a file.
fn folder_note(path: &Path) -> Option<String> {
    let end = path.extension()?.to_str()?.to_ascii_lowercase();
    let is_of_file = matches!(
        end.as_str(),
        "json" | "har" | "txt" | "log" | "http" | "gz" | "jsonl" | "ndjson"
    );
    let is_file = end == "ndjson" || end == "jsonl";
    let is_exact = path.extension().is_some_and(|it| it == end.as_str());
    if !is_of_file || (is_file && is_exact) || path.exists() {
        return None;
    }
    Some(format!(
        "note: `{}` is made as a folder with a file for each delivery; a recording in one file is named `{}`",
        path.display(),
        path.with_extension("ndjson").display()
    ))
}

/// Name of the file of a delivery in a folder.
pub(crate) fn file_name(at: Timestamp, id: &str) -> String {
    format!("{}.json", stem(at, id))
}

fn name(fixture: &Fixture) -> String {
    let at = fixture.at.unwrap_or_else(Timestamp::now);
    stem(at, fixture.id.as_deref().unwrap_or_default())
}

/// Name that sorts by time. The id comes from the request, so only its alphanumeric characters are used.
fn stem(at: Timestamp, id: &str) -> String {
    let id: String = id
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

#[cfg(test)]
mod tests {
    use super::Recorder;
    use crate::io::recorder::recorded_at::PlaceInFile;
    use crate::io::recorder::sync::{SYNCED_EVERY, Sync};
    use crate::webhook::{Delivery, Fixture, Headers, RecordedAnswer};
    use bytes::Bytes;
    use http::Method;
    use std::fs;
    use std::path::Path;
    use std::sync::{Arc, Mutex};

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

    fn ids(path: &Path) -> Vec<String> {
        let text = fs::read(path).unwrap();
        assert!(text.is_empty() || text.ends_with(b"\n"));
        text.split_inclusive(|b| *b == b'\n')
            .map(|line| Fixture::read_line(line).unwrap().id.unwrap())
            .collect()
    }

    async fn keep_at_once(recorder: &Arc<Recorder>, count: usize) -> Vec<super::RecordResult> {
        let tasks: Vec<_> = (0..count)
            .map(|id| {
                let recorder = Arc::clone(recorder);
                tokio::spawn(async move { recorder.keep(&fixture(id)).await })
            })
            .collect();
        let mut kept = Vec::new();
        for task in tasks {
            kept.push(task.await.unwrap());
        }
        kept
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_at_once_are_all_kept_whole() {
        for sync in [Sync::Always, Sync::Interval, Sync::Never] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("r.ndjson");
            let recorder = Arc::new(Recorder::open_with(&path, sync, |_| {}).unwrap());
            for kept in keep_at_once(&recorder, 500).await {
                assert_eq!(&*kept.unwrap().file, path);
            }
            recorder.finish();
            let mut ids = ids(&path);
            ids.sort();
            let wanted: Vec<_> = (0..500).map(|id| format!("../{id:04}")).collect();
            assert_eq!(ids, wanted, "{sync:?}");
            // After that, deliveries are refused rather than left waiting.
            assert!(recorder.keep(&fixture(0)).await.is_err());
        }
    }

    #[tokio::test]
    async fn one_after_the_other_is_in_order_and_on_disk_when_it_is_said_to_be() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let recorder = Recorder::open(&path).unwrap();
        for id in 0..20 {
            recorder.keep(&fixture(id)).await.unwrap();
            assert_eq!(ids(&path).len(), id + 1);
        }
        assert!(ids(&path).is_sorted());
    }

    #[tokio::test]
    async fn more_than_there_is_room_for_waits_and_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let recorder = Arc::new(Recorder::open(&path).unwrap());
        let tasks: Vec<_> = (0..8)
            .map(|id| {
                let recorder = Arc::clone(&recorder);
                tokio::spawn(async move {
                    let mut large = fixture(id);
                    large.delivery.body = Bytes::from(vec![b'x'; 3 << 20]);
                    recorder.keep(&large).await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(ids(&path).len(), 8);
    }

    #[test]
    fn what_waits_is_kept_before_the_recorder_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let recorder = Recorder::open_with(&path, Sync::Never, |_| {}).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for id in 0..50 {
            runtime.block_on(recorder.keep(&fixture(id))).unwrap();
        }
        drop(recorder);
        assert_eq!(ids(&path).len(), 50);
    }

    #[tokio::test]
    async fn a_deleted_recording_is_made_anew() {
        for sync in [Sync::Always, Sync::Never] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("r.ndjson");
            let told = Arc::new(Mutex::new(String::new()));
            let tell = {
                let told = Arc::clone(&told);
                move |what: &str| told.lock().unwrap().push_str(what)
            };
            let recorder = Recorder::open_with(&path, sync, tell).unwrap();
            fs::remove_file(&path).unwrap();
            recorder.keep(&fixture(2)).await.unwrap();
            recorder.finish();
            assert_eq!(ids(&path), ["../0002"], "{sync:?}");
            assert!(told.lock().unwrap().contains("was deleted"));
        }
    }

    /// Replaces the recording by a file that takes no bytes, until it is repaired.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_was_acknowledged_before_a_failure_is_written_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let path = folder.join("r.ndjson");
        let (told, signals) = std::sync::mpsc::channel();
        let told = Mutex::new(told);
        let tell = move |what: &str| told.lock().unwrap().send(what.to_owned()).unwrap();
        let recorder = Recorder::open_with(&path, Sync::Interval, tell).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        recorder.keep(&fixture(1)).await.unwrap();
        assert!(
            signals
                .recv_timeout(SYNCED_EVERY * 100)
                .unwrap()
                .contains("nothing more is acknowledged")
        );
        let why = recorder.keep(&fixture(2)).await.unwrap_err();
        assert!(why.contains("r.ndjson"), "{why}");
        fs::create_dir(&folder).unwrap();
        while !signals
            .recv_timeout(SYNCED_EVERY * 100)
            .unwrap()
            .contains("again")
        {}
        recorder.keep(&fixture(3)).await.unwrap();
        recorder.finish();
        assert_eq!(ids(&path), ["../0001", "../0003"]);
    }

    fn answer(id: usize) -> RecordedAnswer {
        RecordedAnswer::outline(&format!("../{id:04}"), "http://h/", Some(200))
    }

    /// Ids that the answers of a recording name.
    fn answered(path: &Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        let answers = text.lines().filter(|line| line.starts_with("{\"answer\""));
        answers
            .map(|line| RecordedAnswer::read_line(line.as_bytes()).unwrap().to)
            .collect()
    }

    #[tokio::test]
    async fn answers_stand_behind_their_deliveries() {
        for sync in [Sync::Always, Sync::Interval, Sync::Never] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("r.ndjson");
            let recorder = Recorder::open_with(&path, sync, |_| {}).unwrap();
            for id in 0..20 {
                let file = recorder.keep(&fixture(id)).await.unwrap().file;
                recorder.answer(&file, answer(id), true);
            }
            recorder.finish();
            let text = fs::read_to_string(&path).unwrap();
            for id in 0..20 {
                let delivery = text.find(&format!("\"id\":\"../{id:04}\"")).unwrap();
                let answer = text.find(&format!("\"to\":\"../{id:04}\"")).unwrap();
                assert!(delivery < answer, "{sync:?}");
            }
            assert_eq!(answered(&path).len(), 20);
        }
    }

    #[test]
    fn what_waits_too_long_loses_its_body_and_then_is_left_out() {
        let queue = super::WriteQueue::default();
        let recorder = Recorder {
            queue: Arc::new(queue),
            writer: Mutex::default(),
            sync: Sync::Always,
            file: Some(Path::new("r.ndjson").into()),
            notes: Vec::new(),
        };
        let mut large = answer(1);
        large.body = Some(vec![b'x'; 64 << 10].into());
        for _ in 0..60_000 {
            recorder.answer(&Path::new("r.ndjson").into(), large.clone(), true);
        }
        let state = recorder.queue.lock();
        assert!(state.pending.answers.len() < 9 << 20 && state.left_out > 0);
        let text = String::from_utf8(state.pending.answers.clone()).unwrap();
        let last = RecordedAnswer::read_line(text.lines().last().unwrap().as_bytes()).unwrap();
        assert!(last.cut && last.body.is_none());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_place_of_a_delivery_is_the_line_that_it_is_in() {
        for sync in [Sync::Always, Sync::Interval, Sync::Never] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("r.ndjson");
            fs::write(&path, format!("\n{}", fixture(999).to_line())).unwrap();
            let recorder = Arc::new(Recorder::open_with(&path, sync, |_| {}).unwrap());
            let tasks: Vec<_> = (0..200)
                .map(|id| {
                    let recorder = Arc::clone(&recorder);
                    tokio::spawn(async move {
                        let kept = recorder.keep(&fixture(id)).await.unwrap();
                        recorder.answer(&kept.file, answer(id), true);
                        (id, kept.place)
                    })
                })
                .collect();
            let mut places = Vec::new();
            for task in tasks {
                places.push(task.await.unwrap());
            }
            recorder.finish();
            let text = fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            for (id, place) in places {
                let PlaceInFile::Line(line) = place else {
                    panic!("{place:?}");
                };
                let line = lines[usize::try_from(line).unwrap() - 1];
                assert!(
                    line.contains(&format!("\"id\":\"../{id:04}\"")),
                    "{sync:?} {id}: {line}"
                );
            }
        }
    }

    #[tokio::test]
    async fn answers_that_cannot_be_written_are_written_later() {
        for sync in [Sync::Always, Sync::Interval, Sync::Never] {
            let dir = tempfile::tempdir().unwrap();
            let folder = dir.path().join("folder");
            fs::create_dir(&folder).unwrap();
            let path = folder.join("r.ndjson");
            let (told, signals) = std::sync::mpsc::channel();
            let told = Mutex::new(told);
            let tell = move |what: &str| told.lock().unwrap().send(what.to_owned()).unwrap();
            let recorder = Recorder::open_with(&path, sync, tell).unwrap();
            let file = recorder.keep(&fixture(1)).await.unwrap().file;
            recorder.answer(&file, answer(1), true);
            let said = |words: &str| {
                while !signals
                    .recv_timeout(SYNCED_EVERY * 100)
                    .unwrap()
                    .contains(words)
                {}
            };
            fs::remove_dir_all(&folder).unwrap();
            recorder.answer(&file, answer(2), true);
            said("it works again");
            recorder.answer(&file, answer(3), true);
            fs::create_dir(&folder).unwrap();
            said("can be written again");
            recorder.keep(&fixture(4)).await.unwrap();
            recorder.answer(&file, answer(4), true);
            recorder.finish();
            let answered = answered(&path);
            assert!(answered.is_sorted(), "{sync:?}: {answered:?}");
            assert!(answered.ends_with(&["../0002".into(), "../0003".into(), "../0004".into()]));
        }
    }

    #[tokio::test]
    async fn an_answer_is_added_to_the_file_of_its_delivery() {
        for sync in [Sync::Always, Sync::Interval, Sync::Never] {
            let dir = tempfile::tempdir().unwrap();
            let told = Arc::new(Mutex::new(String::new()));
            let tell = {
                let told = Arc::clone(&told);
                move |what: &str| told.lock().unwrap().push_str(what)
            };
            let recorder = Recorder::open_with(&dir.path().join("f"), sync, tell).unwrap();
            let first = recorder.keep(&fixture(1)).await.unwrap().file;
            let gone = recorder.keep(&fixture(2)).await.unwrap().file;
            let odd = recorder.keep(&fixture(3)).await.unwrap().file;
            fs::remove_file(&gone).unwrap();
            fs::write(&odd, "{").unwrap();
            for (file, id, replied) in [
                (&first, 1, true),
                (&gone, 2, true),
                (&odd, 3, true),
                (&first, 1, false),
            ] {
                recorder.answer(file, answer(id), replied);
            }
            recorder.finish();
            let read = Fixture::read(&fs::read(&first).unwrap()).unwrap();
            assert_eq!(
                (read.answers.len(), read.reply.unwrap().status),
                (2, 200),
                "{sync:?}"
            );
            assert_eq!(read.delivery, fixture(1).delivery);
            assert!(!gone.exists() && fs::read_to_string(&odd).unwrap() == "{");
            let told = told.lock().unwrap();
            assert!(
                told.contains("0003.json") && !told.contains("0002.json"),
                "{told}"
            );
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_is_lost_in_the_end_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let (told, signals) = std::sync::mpsc::channel();
        let told = Mutex::new(told);
        let tell = move |what: &str| told.lock().unwrap().send(what.to_owned()).unwrap();
        let recorder = Recorder::open_with(&folder.join("r.ndjson"), Sync::Never, tell).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        recorder.keep(&fixture(1)).await.unwrap();
        recorder.finish();
        assert!(
            signals
                .iter()
                .any(|what| what.contains("1 delivery that was acknowledged is lost"))
        );
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_cannot_be_written_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["folder", "folder/r.ndjson"] {
            let folder = dir.path().join("folder");
            fs::create_dir(&folder).unwrap();
            let recorder = Recorder::open(&dir.path().join(name)).unwrap();
            recorder.keep(&fixture(1)).await.unwrap();
            fs::remove_dir_all(&folder).unwrap();
            let why = recorder.keep(&fixture(2)).await.unwrap_err();
            assert!(why.contains("folder"), "{why}");
            fs::create_dir(&folder).unwrap();
            recorder.keep(&fixture(3)).await.unwrap();
            drop(recorder);
            fs::remove_dir_all(&folder).unwrap();
        }
    }

    #[tokio::test]
    async fn a_folder_gets_a_file_each() {
        for sync in [Sync::Always, Sync::Interval, Sync::Never] {
            let dir = tempfile::tempdir().unwrap();
            let folder = dir.path().join("new/folder");
            let recorder = Arc::new(Recorder::open_with(&folder, sync, |_| {}).unwrap());
            let first = recorder.keep(&fixture(1)).await.unwrap().file;
            let again = recorder.keep(&fixture(1)).await.unwrap().file;
            assert_eq!(&*first, folder.join("20261123T192001.123456Z-0001.json"));
            assert_eq!(&*again, folder.join("20261123T192001.123456Z-0001-2.json"));
            assert_eq!(
                Fixture::read(&fs::read(&first).unwrap()).unwrap().delivery,
                fixture(1).delivery
            );
            let mut files: Vec<_> = keep_at_once(&recorder, 40)
                .await
                .into_iter()
                .map(|kept| kept.unwrap().file)
                .collect();
            files.sort();
            files.dedup();
            assert_eq!(files.len(), 40);
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 43);
        }
    }
}
