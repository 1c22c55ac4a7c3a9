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
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore};

use crate::error::{Error, Result};
use crate::io::private_files::survive_file_size_limit;
use crate::io::recording::file::RecordingFile;
use crate::io::recording::folder::{AnswerToKeep, Folder};
use crate::webhook::{Fixture, RecordedAnswer, RecordedLine};

pub use crate::io::recording::sync::{SYNCED_EVERY, Sync};

/// Records fixtures in a file, one per line, or in a folder, one per file.
pub struct Recorder {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    sync: Sync,
    /// Path of the recording, if it is one file.
    file: Option<Arc<Path>>,
    notes: Vec<String>,
}

/// Time for which text is collected for one write, in the modes without a sync per delivery.
const GATHERED_FOR: Duration = Duration::from_millis(2);

/// Pause before a failed write is tried again, in the modes without a sync per delivery.
const TRIED_AGAIN: Duration = Duration::from_millis(100);

/// Most KiB that wait to be written; as many again may be in a write. A larger text takes all of it.
const FULL: u32 = 8 << 10;

/// Capacity in bytes that a buffer keeps after a burst.
const KEPT: usize = 1 << 20;

/// Bytes of waiting answers past which bodies are left out, and past which answers are.
const WITHOUT_BODY: usize = 4 << 20;
const LEFT_OUT: usize = 8 << 20;

/// Most answers that wait until a folder has no deliveries to write.
const LATER: usize = 1024;

/// Answers added to files of a folder in one go, and in mode `Always`, where each is synced.
const IN_ONE_GO: usize = 256;
const IN_ONE_GO_SYNCED: usize = 4;

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
        let file = self.file.display();
        match self.place {
            PlaceInFile::Whole => file.to_string(),
            PlaceInFile::Line(line) => format!("{file}:{line}"),
            PlaceInFile::UnknownLine => format!("{file}:{id}"),
        }
    }
}

impl From<Option<u64>> for PlaceInFile {
    fn from(line: Option<u64>) -> Self {
        line.map_or(PlaceInFile::UnknownLine, PlaceInFile::Line)
    }
}

/// Place of a recorded delivery, or the reason why it was not recorded.
type Kept = std::result::Result<RecordedAt, String>;

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
        let shelf = if is_file {
            let mut journal = RecordingFile::open(path)?;
            notes = journal.take_notes();
            OpenFile::RecordingFile(journal)
        } else {
            OpenFile::Folder(Folder::open(path, &mut notes)?)
        };
        let file = match &shelf {
            OpenFile::RecordingFile(journal) => Some(Arc::clone(journal.path())),
            OpenFile::Folder(_) => None,
        };
        survive_file_size_limit();
        let shared = Arc::new(Shared::default());
        if let OpenFile::RecordingFile(journal) = &shelf {
            shared.lock().next_line = journal.next_line();
        }
        let writer = Writer {
            shared: Arc::clone(&shared),
            shelf,
            sync,
            tell: Box::new(tell),
            sync_due: None,
            owed: Vec::new(),
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
            shared,
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
    pub async fn keep(&self, fixture: &Fixture) -> Kept {
        // The text is made once there is room for it, so that waiting callers hold none in memory.
        let room = self.shared.room_for(fixture).await;
        let (name, text) = match &self.file {
            Some(_) => (None, fixture.to_line()),
            None => (Some(name(fixture)), fixture.to_pretty()),
        };
        let Put {
            batch,
            number,
            line,
        } = self.shared.put(name, text, room)?;
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
        let mut state = self.shared.lock();
        if state.load.answers_size > WITHOUT_BODY && answer.body.take().is_some() {
            answer.cut = true;
        }
        if state.closed || state.load.answers_size > LEFT_OUT {
            state.left_out += 1;
            return;
        }
        drop(state);
        // Written without the lock, which deliveries wait for.
        let line = self.file.is_some().then(|| answer.to_line());
        let mut state = self.shared.lock();
        match line {
            Some(line) => {
                state.load.answers_size += line.len();
                state.load.answer_lines += 1;
                state.load.answers.extend_from_slice(line.as_bytes());
            }
            None => {
                state.load.answers_size += answer.size();
                let file = Arc::clone(file);
                state.load.answered.push(AnswerToKeep {
                    file,
                    answer,
                    replied,
                });
            }
        }
        let wake = std::mem::take(&mut state.is_idle);
        drop(state);
        if wake {
            self.shared.work.notify_one();
        }
    }

    /// Closes the recorder and returns once everything is written. Later deliveries are refused.
    pub fn finish(&self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_one();
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

/// File name that sorts by time. The id comes from the request, so only its alphanumeric characters are used.
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

/// Error for a delivery that comes after the recorder has stopped.
const GONE: &str = "the recorder has stopped";

struct Shared {
    state: Mutex<State>,
    /// Wakes the writer: there is text to write, or no reason to collect more.
    work: Condvar,
    /// One permit per KiB of free buffer.
    room: Semaphore,
}

#[derive(Default)]
struct State {
    load: PendingWrite,
    /// Callers whose text is in `load`.
    batch: Arc<Waiters>,
    closed: bool,
    /// Reason why deliveries are refused at present.
    failing: Option<String>,
    /// True while the writer waits for text; otherwise it takes the next text without being woken.
    is_idle: bool,
    /// Answers that were left out since it was last said.
    left_out: u64,
    /// Number of the line that the first delivery of `load` will have, if it is known.
    next_line: Option<u64>,
}

/// Text that was put into the buffer.
struct Put {
    batch: Arc<Waiters>,
    /// Number of the delivery within the batch, from 0.
    number: usize,
    /// Number of its line in the file, if nothing fails.
    line: Option<u64>,
}

/// Text of one write.
#[derive(Default)]
struct PendingWrite {
    text: Vec<u8>,
    count: usize,
    /// For a folder: name of each file and the offset at which its text ends.
    files: Vec<(String, usize)>,
    /// Buffer space taken, in KiB.
    room: usize,
    /// Lines of answers, written behind the text; and for a folder, the answers. Their size in bytes.
    answers: Vec<u8>,
    answered: Vec<AnswerToKeep>,
    answers_size: usize,
    answer_lines: u64,
}

impl PendingWrite {
    fn is_empty(&self) -> bool {
        self.count == 0 && self.answers_size == 0
    }

    fn push(&mut self, name: Option<String>, text: String, room: usize) {
        if self.text.is_empty() && text.len() > self.text.capacity() {
            self.text = text.into_bytes();
        } else {
            self.text.extend_from_slice(text.as_bytes());
        }
        self.count += 1;
        self.room += room;
        self.files.extend(name.map(|name| (name, self.text.len())));
    }

    /// True if it is larger than the buffer.
    fn is_large(&self) -> bool {
        self.text.len() > (FULL as usize) << 10
    }

    fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut start = 0;
        self.files.iter().map(move |(name, end)| {
            let text = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            (name.as_str(), text)
        })
    }

    fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(KEPT);
        self.files.clear();
        self.answers.clear();
        self.answers.shrink_to(KEPT);
        self.answered.clear();
        (self.count, self.room, self.answers_size) = (0, 0, 0);
        self.answer_lines = 0;
    }
}

/// Callers that wait for one write.
#[derive(Default)]
struct Waiters {
    outcome: OnceLock<WriteOutcome>,
    done: Notify,
}

enum WriteOutcome {
    /// One result for all, for a single file: the number of the first line, if it is known.
    Together(std::result::Result<Option<u64>, String>),
    /// One result per delivery, by its number, for a folder.
    Each(Vec<std::result::Result<Arc<Path>, String>>),
}

impl Waiters {
    /// Waits for a write to a single file; returns the number of its first line.
    async fn wait_together(&self) -> std::result::Result<Option<u64>, String> {
        match self.wait().await {
            Some(WriteOutcome::Together(first)) => first.clone(),
            Some(WriteOutcome::Each(_)) | None => Err(GONE.into()),
        }
    }

    /// Waits for a write to a folder; returns the file of the delivery with this number.
    async fn wait_for(&self, number: usize) -> std::result::Result<Arc<Path>, String> {
        match self.wait().await {
            Some(WriteOutcome::Each(kept)) => kept
                .get(number)
                .cloned()
                .unwrap_or_else(|| Err(GONE.into())),
            Some(WriteOutcome::Together(Err(why))) => Err(why.clone()),
            Some(WriteOutcome::Together(Ok(_))) | None => Err(GONE.into()),
        }
    }

    async fn wait(&self) -> Option<&WriteOutcome> {
        let done = self.done.notified();
        if self.outcome.get().is_none() {
            done.await;
        }
        self.outcome.get()
    }

    fn end(&self, outcome: WriteOutcome) {
        // Only the first outcome counts.
        let _ = self.outcome.set(outcome);
        self.done.notify_waiters();
    }
}

/// Guard that ends a batch with an error if nothing else has, even on a panic.
struct BatchGuard(Arc<Waiters>);

impl Drop for BatchGuard {
    fn drop(&mut self) {
        self.0.end(WriteOutcome::Together(Err(GONE.into())));
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            room: Semaphore::new(FULL as usize),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for buffer space in KiB, returned when the writer takes the text, or has written it if it is large.
    async fn room_for(&self, fixture: &Fixture) -> usize {
        // Escaped text is hardly ever more than twice as long.
        let bytes = fixture.delivery.body.len() * 2 + 1024;
        let needed = u32::try_from(bytes >> 10).unwrap_or(FULL).clamp(1, FULL);
        // The semaphore is never closed.
        if let Ok(room) = self.room.acquire_many(needed).await {
            room.forget();
        }
        needed as usize
    }

    /// Appends a text to the buffer; returns what to wait for.
    fn put(
        &self,
        name: Option<String>,
        text: String,
        room: usize,
    ) -> std::result::Result<Put, String> {
        let mut state = self.lock();
        if state.closed || state.failing.is_some() {
            let why = state.failing.clone().unwrap_or_else(|| GONE.into());
            drop(state);
            self.room.add_permits(room);
            return Err(why);
        }
        let number = state.load.count;
        state.load.push(name, text, room);
        let line = state.next_line.map(|next| next + number as u64);
        let batch = Arc::clone(&state.batch);
        // The writer is woken at half full, so that callers do not have to wait.
        let wake = std::mem::take(&mut state.is_idle)
            || state.load.room >= FULL as usize / 2 && state.load.room - room < FULL as usize / 2;
        drop(state);
        if wake {
            self.work.notify_one();
        }
        Ok(Put {
            batch,
            number,
            line,
        })
    }

    /// Waits for text until the time `until`, and moves it into `load` with the callers that wait for it.
    fn take(&self, load: &mut PendingWrite, until: Option<Instant>) -> Turn {
        let mut state = self.lock();
        while state.load.is_empty() && !state.closed {
            state.is_idle = true;
            state = match until.map(|it| it.saturating_duration_since(Instant::now())) {
                None => self
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => {
                    state.is_idle = false;
                    return Turn::Sync;
                }
                Some(left) => {
                    let woken = self.work.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.is_idle = false;
        if state.load.is_empty() {
            return Turn::End;
        }
        std::mem::swap(&mut state.load, load);
        let lines = load.count as u64 + load.answer_lines;
        state.next_line = state.next_line.map(|next| next + lines);
        let batch = std::mem::take(&mut state.batch);
        drop(state);
        if !load.is_large() {
            self.give_back(load);
        }
        Turn::Write(BatchGuard(batch))
    }

    /// Returns the buffer space of a batch. While a large text is written, no other is serialised beside it.
    fn give_back(&self, load: &mut PendingWrite) {
        self.room.add_permits(std::mem::take(&mut load.room));
    }

    /// Waits up to `time` for more text, or until the buffer is half full.
    fn rest(&self, time: Duration) {
        let gathers = |state: &mut State| !state.closed && state.load.room < FULL as usize / 2;
        let _ = self.work.wait_timeout_while(self.lock(), time, gathers);
    }

    /// Refuses new deliveries with this reason, and appends the text collected in the meantime to `load`.
    fn fail(&self, why: &str, load: &mut PendingWrite) {
        let mut state = self.lock();
        state.failing = Some(why.into());
        let late = std::mem::take(&mut state.load);
        drop(state);
        self.room.add_permits(late.room);
        self.give_back(load);
        load.text.extend_from_slice(&late.text);
        load.text.extend_from_slice(&late.answers);
        load.count += late.count;
    }
}

/// Next step of the writer.
enum Turn {
    Write(BatchGuard),
    Sync,
    End,
}

enum OpenFile {
    RecordingFile(RecordingFile),
    Folder(Folder),
}

struct Writer {
    shared: Arc<Shared>,
    shelf: OpenFile,
    sync: Sync,
    tell: Box<dyn Fn(&str) + Send>,
    /// Time of the next sync, if anything is unsynced.
    sync_due: Option<Instant>,
    /// In mode `Always`, lines of answers that could not be written yet.
    owed: Vec<u8>,
    /// Answers for the files of a folder.
    later: VecDeque<AnswerToKeep>,
    /// True once it was told that answers cannot be written, until they can be.
    is_told: bool,
}

impl Writer {
    fn run(mut self) {
        let _last = WriterGuard(Arc::clone(&self.shared));
        let mut load = PendingWrite::default();
        loop {
            let until = match self.later.is_empty() {
                true => self.sync_due,
                false => Some(Instant::now()),
            };
            match self.shared.take(&mut load, until) {
                Turn::End => break,
                Turn::Sync => self.answer_later(self.in_one_go()),
                Turn::Write(batch) => {
                    self.keep(&mut load, &batch.0);
                    if load.is_large() {
                        load.text = Vec::new();
                    }
                    self.shared.give_back(&mut load);
                }
            }
            if self.sync_due.is_some_and(|due| due <= Instant::now()) {
                self.sync(&mut load);
            }
            load.clear();
            self.tell_left_out();
            if self.sync != Sync::Always {
                self.shared.rest(GATHERED_FOR);
            }
        }
        self.answer_later(self.later.len());
        if self.sync_due.is_some() {
            self.sync(&mut load);
        }
        if !self.owed.is_empty() {
            self.shared.lock().left_out += count_lines(&self.owed, true) as u64;
        }
        self.tell_left_out();
    }

    fn keep(&mut self, load: &mut PendingWrite, batch: &Waiters) {
        let always = self.sync == Sync::Always;
        match &mut self.shelf {
            OpenFile::Folder(folder) => {
                if load.count > 0 {
                    batch.end(WriteOutcome::Each(folder.keep(load.files(), self.sync)));
                }
                self.later.extend(load.answered.drain(..));
                self.answer_later(self.excess());
            }
            OpenFile::RecordingFile(_) if always => {
                let kept = self.append(load);
                return batch.end(WriteOutcome::Together(kept));
            }
            OpenFile::RecordingFile(journal) => {
                load.text.append(&mut load.answers);
                let kept = journal
                    .append(&load.text, false)
                    .map_err(|error| cannot_write(journal, &error));
                journal
                    .take_notes()
                    .iter()
                    .for_each(|note| (self.tell)(note));
                match kept {
                    Err(why) => return self.insist(why, load),
                    kept => batch.end(WriteOutcome::Together(kept)),
                }
                // Anew after each write: the file may have been exchanged, or counted in the meantime.
                self.shared.lock().next_line = journal.next_line();
            }
        }
        if self.sync == Sync::Interval && self.sync_due.is_none() {
            self.sync_due = Some(Instant::now() + SYNCED_EVERY);
        }
        if matches!(&self.shelf, OpenFile::Folder(folder) if folder.wants_sync()) {
            self.sync_due = Some(Instant::now());
        }
    }

    /// Appends deliveries and answers in mode `Always`. Deliveries are synced, and answers with them; answers alone are
    /// synced later. Answers that cannot be written are kept for another try.
    fn append(&mut self, load: &mut PendingWrite) -> std::result::Result<Option<u64>, String> {
        let OpenFile::RecordingFile(journal) = &mut self.shelf else {
            return Ok(None);
        };
        let sync = load.count > 0 || !self.owed.is_empty();
        let deliveries = load.text.len();
        load.text.append(&mut self.owed);
        load.text.append(&mut load.answers);
        let unsynced = journal.unsynced();
        let kept = journal.append(&load.text, sync);
        journal
            .take_notes()
            .iter()
            .for_each(|note| (self.tell)(note));
        let error = match kept {
            Err(error) => error,
            Ok(first) => {
                if std::mem::take(&mut self.is_told) {
                    let path = journal.path().display();
                    (self.tell)(&format!("`{path}` can be written again"));
                }
                let later = || Instant::now() + SYNCED_EVERY;
                self.sync_due = (!sync).then(|| self.sync_due.unwrap_or_else(later));
                return Ok(first);
            }
        };
        let why = cannot_write(journal, &error);
        let answers = load.text.split_off(deliveries);
        self.owe(unsynced, answers, load.count == 0, &why);
        Err(why)
    }

    /// Keeps lines of answers for another try, after the `unsynced` bytes of earlier writes that are not known to be on
    /// disk.
    fn owe(&mut self, unsynced: usize, answers: Vec<u8>, tell: bool, why: &str) {
        let OpenFile::RecordingFile(journal) = &mut self.shelf else {
            return;
        };
        match journal.take_back() {
            Ok(mut lines) => {
                // What this write has left in a file that was deleted is not earlier.
                lines.truncate(unsynced);
                self.owed = lines;
            }
            Err(error) => (self.tell)(&format!(
                "the responses recorded last may be lost: {}",
                cannot_write(journal, &error)
            )),
        }
        if self.owed.len() + answers.len() > LEFT_OUT {
            self.shared.lock().left_out += count_lines(&answers, true) as u64;
        } else {
            self.owed.extend_from_slice(&answers);
        }
        if self.owed.is_empty() {
            self.sync_due = None;
            return;
        }
        self.sync_due = Some(Instant::now() + SYNCED_EVERY);
        // A delivery that could not be written is told by whoever answers it.
        if tell && !std::mem::replace(&mut self.is_told, true) {
            (self.tell)(&format!(
                "{why}; responses are recorded once it works again"
            ));
        }
    }

    /// Number of waiting answers of a folder that are too many to keep.
    fn excess(&self) -> usize {
        let mut size = 0;
        let newest = self.later.iter().rev().take(LATER);
        let fits = newest.take_while(|it| {
            size += it.answer.size();
            size <= LEFT_OUT
        });
        self.later.len() - fits.count()
    }

    fn in_one_go(&self) -> usize {
        match self.sync {
            Sync::Always => IN_ONE_GO_SYNCED,
            Sync::Interval | Sync::Never => IN_ONE_GO,
        }
    }

    /// Adds up to this many of the waiting answers to the files of a folder.
    fn answer_later(&mut self, count: usize) {
        let count = count.min(self.later.len());
        let OpenFile::Folder(folder) = &mut self.shelf else {
            return;
        };
        if count == 0 {
            return;
        }
        for why in folder.answer(self.later.drain(..count), self.sync) {
            (self.tell)(&format!("a response was not recorded: {why}"));
        }
        if self.sync == Sync::Interval && self.sync_due.is_none() {
            self.sync_due = Some(Instant::now() + SYNCED_EVERY);
        }
    }

    fn tell_left_out(&self) {
        let count = std::mem::take(&mut self.shared.lock().left_out);
        if count > 0 {
            let were = if count == 1 {
                "response was"
            } else {
                "responses were"
            };
            (self.tell)(&format!(
                "{count} {were} not recorded: the disk did not keep up; the deliveries are recorded"
            ));
        }
    }

    /// Syncs earlier writes. `load` is overwritten.
    fn sync(&mut self, load: &mut PendingWrite) {
        self.sync_due = None;
        load.clear();
        if !self.owed.is_empty() {
            // The deliveries that it fails for are none.
            let _ = self.append(load);
            return;
        }
        match &mut self.shelf {
            OpenFile::Folder(folder) => {
                if let Err(error) = folder.sync() {
                    (self.tell)(&format!(
                        "what was recorded last may not be on disk: {error}"
                    ));
                }
            }
            OpenFile::RecordingFile(journal) => {
                let Err(error) = journal.sync() else {
                    return;
                };
                let why = cannot_write(journal, &error);
                if self.sync == Sync::Always {
                    // Only answers are written without a sync.
                    return self.owe(usize::MAX, Vec::new(), true, &why);
                }
                match journal.take_back() {
                    Ok(lines) => {
                        load.count = count_lines(&lines, false);
                        load.text = lines;
                    }
                    Err(error) => (self.tell)(&format!(
                        "what was recorded last may be lost: {}",
                        cannot_write(journal, &error)
                    )),
                }
                self.insist(why, load);
            }
        }
    }

    /// Retries a write of acknowledged deliveries until it succeeds; new ones are refused in the meantime.
    fn insist(&mut self, why: String, load: &mut PendingWrite) {
        let OpenFile::RecordingFile(journal) = &mut self.shelf else {
            return;
        };
        self.shared.fail(&why, load);
        (self.tell)(&format!(
            "{why}; nothing more is acknowledged until it works again"
        ));
        loop {
            let closed = {
                let state = self.shared.lock();
                let wait = |state: &mut State| !state.closed;
                let rested = self
                    .shared
                    .work
                    .wait_timeout_while(state, TRIED_AGAIN, wait);
                rested.unwrap_or_else(PoisonError::into_inner).0.closed
            };
            let kept = journal.append(&load.text, true);
            journal
                .take_notes()
                .iter()
                .for_each(|note| (self.tell)(note));
            match kept {
                Ok(_) => {
                    let mut state = self.shared.lock();
                    state.failing = None;
                    state.next_line = journal.next_line();
                    drop(state);
                    self.sync_due = None;
                    let path = journal.path().display();
                    return (self.tell)(&format!("`{path}` can be written again"));
                }
                Err(error) if closed => {
                    let why = cannot_write(journal, &error);
                    let lost = match load.count {
                        0 => "recorded responses are lost".to_owned(),
                        1 => "1 delivery that was acknowledged is lost".to_owned(),
                        count => format!("{count} deliveries that were acknowledged are lost"),
                    };
                    return (self.tell)(&format!("{lost}: {why}"));
                }
                Err(_) => {}
            }
        }
    }
}

/// Number of lines that are answers, or that are not.
fn count_lines(lines: &[u8], answers: bool) -> usize {
    let lines = lines.split_inclusive(|b| *b == b'\n');
    lines
        .filter(|line| RecordedLine::is_answer(line) == answers)
        .count()
}

fn cannot_write(journal: &RecordingFile, error: &io::Error) -> String {
    format!("cannot write `{}`: {error}", journal.path().display())
}

/// Guard that closes the recorder and releases all waiting callers when the writer ends, even by a panic.
struct WriterGuard(Arc<Shared>);

impl Drop for WriterGuard {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        drop(BatchGuard(std::mem::take(&mut state.batch)));
        drop(state);
        // Callers that wait for space are released, and then refused.
        self.0.room.add_permits(Semaphore::MAX_PERMITS / 2);
    }
}
#[cfg(test)]
mod tests {
    use super::{PlaceInFile, Recorder, SYNCED_EVERY, Sync};
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

    async fn keep_at_once(recorder: &Arc<Recorder>, count: usize) -> Vec<super::Kept> {
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
        let shared = super::Shared::default();
        let recorder = Recorder {
            shared: Arc::new(shared),
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
        let state = recorder.shared.lock();
        assert!(state.load.answers.len() < 9 << 20 && state.left_out > 0);
        let text = String::from_utf8(state.load.answers.clone()).unwrap();
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
