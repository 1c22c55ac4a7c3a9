//! Output buffer shared by many threads and written by one.
//!
//! A channel would wake the writer for each message. This writer sleeps only while there is nothing to do, writes the
//! first text at once, and then waits a few milliseconds, unnoticeable on a screen, to collect more for one write.
//! Meanwhile new text goes into a second buffer; both buffers are reused.
//!
//! Invariants: appended text is written completely and in order, or the sink is closed. Memory is bounded: a thread
//! that appends to a full buffer waits. Appending to a closed sink never waits.

use std::io::{self, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Size in bytes at which the buffer is full. A last append may exceed it, and as much again may be in the current
/// write.
pub(super) const FULL: usize = 4 * 1024 * 1024;

/// Capacity in bytes that a buffer keeps after a burst.
const KEPT: usize = 256 * 1024;

/// Time for which the writer collects text: a quarter of a screen's refresh interval.
const GATHERING: Duration = Duration::from_millis(4);

/// Appending end; clones share one buffer.
#[derive(Clone)]
pub struct Sink {
    shared: Arc<SharedBuffer>,
}

/// Writing end. Dropped without [`Drain::finish`], it writes the rest in the background.
pub struct Drain {
    shared: Arc<SharedBuffer>,
    writer: Option<JoinHandle<io::Result<()>>>,
}

impl Sink {
    /// Starts the writer thread. If it cannot be started, the sink is closed.
    pub fn new(write: impl Write + Send + 'static) -> (Self, Drain) {
        let shared = Arc::new(SharedBuffer::default());
        // Created outside the thread, so that the sink is closed even if the thread never starts.
        let guard = CloseAtLast(Arc::clone(&shared));
        let writer = thread::Builder::new()
            .name("sink".to_owned())
            .spawn(move || guard.0.write_all_to(write));
        let sink = Self {
            shared: Arc::clone(&shared),
        };
        (
            sink,
            Drain {
                shared,
                writer: writer.ok(),
            },
        )
    }

    /// Calls `append` with the buffer, after waiting while it is full. Does nothing if the sink is closed. Other
    /// threads wait during the call: the closure must be short and must not use the sink.
    pub fn append(&self, append: impl FnOnce(&mut Vec<u8>)) {
        if self.closed() {
            return;
        }
        let mut state = self.shared.lock();
        if state.is_busy() {
            self.shared.waits.fetch_add(1, Ordering::Relaxed);
            state = wait_while(&self.shared.room, state, BufferState::is_busy);
        }
        self.shared.append_to(state, append);
    }

    /// Appends a text too long to be in memory as a whole: the closure passes it piece by piece, each of which waits while
    /// the buffer is full, and no other text comes in between.
    pub fn append_long(&self, write: impl FnOnce(&mut dyn FnMut(&[u8]))) {
        if self.closed() {
            return;
        }
        let mut state = wait_while(&self.shared.room, self.shared.lock(), BufferState::is_busy);
        if state.stage != SinkStage::Open {
            return;
        }
        state.is_taken = true;
        drop(state);
        let _turn = LongTurn(&self.shared);
        write(&mut |piece| {
            let state = wait_while(&self.shared.room, self.shared.lock(), BufferState::is_full);
            self.shared
                .append_to(state, |buffer| buffer.extend_from_slice(piece));
        });
    }

    /// Appends bytes, after waiting while the buffer is full.
    pub fn push(&self, bytes: &[u8]) {
        self.append(|buffer| buffer.extend_from_slice(bytes));
    }

    /// Appends only if the buffer is not full; true if it did. For threads that must not wait, such as async ones.
    #[cfg(test)]
    fn offer(&self, append: impl FnOnce(&mut Vec<u8>)) -> bool {
        if self.closed() {
            return false;
        }
        let state = self.shared.lock();
        !state.is_busy() && self.shared.append_to(state, append)
    }

    /// True once writing has ended, by a failure or by [`Drain::finish`]; text appended later is dropped.
    pub fn closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Number of appends that waited for a full buffer.
    #[cfg(test)]
    fn waits(&self) -> u64 {
        self.shared.waits.load(Ordering::Relaxed)
    }

    /// Sets the closure called when writing fails, or at once if it has failed already; never after a proper finish. It
    /// runs on the writer thread, and replaces an earlier closure.
    pub fn on_close(&self, tell: impl FnOnce(&WriteFailure) + Send + 'static) {
        let mut state = self.shared.lock();
        match state.stage {
            SinkStage::Open | SinkStage::Finishing => state.on_close = Some(Box::new(tell)),
            SinkStage::Finished => {}
            SinkStage::Failed => {
                let failure = state.failure.clone();
                drop(state);
                tell(&failure);
            }
        }
    }
}

impl Drain {
    /// Writes the rest and ends the thread; later appends are dropped. The error is the one that closed the sink, which
    /// may be a broken pipe.
    pub fn finish(mut self) -> io::Result<()> {
        // Half of a long text would be half a line.
        let is_taken = |state: &BufferState| state.stage == SinkStage::Open && state.is_taken;
        drop(wait_while(&self.shared.room, self.shared.lock(), is_taken));
        self.shared.start_finishing();
        let ended = self.writer.take().map(JoinHandle::join);
        let no_thread = || io::Error::other("the writing thread could not be started");
        ended
            .ok_or_else(no_thread)?
            .unwrap_or_else(|_| Err(io::Error::other("the writing thread panicked")))
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.shared.start_finishing();
    }
}

#[derive(Default)]
struct SharedBuffer {
    state: Mutex<BufferState>,
    /// Wakes the writer: there is text to write, or no reason to collect more.
    work: Condvar,
    /// Wakes appending threads: the buffer is free, or the sink is closed.
    room: Condvar,
    /// True once the sink is closed, readable without the lock.
    closed: AtomicBool,
    waits: AtomicU64,
}

#[derive(Default)]
struct BufferState {
    gathered: Vec<u8>,
    stage: SinkStage,
    /// True while a long text is being appended.
    is_taken: bool,
    /// True while the writer waits for text; otherwise it takes the next text without being woken.
    is_idle: bool,
    on_close: Option<OnClose>,
    failure: WriteFailure,
}

type OnClose = Box<dyn FnOnce(&WriteFailure) + Send>;

/// Error that closed the sink.
#[derive(Clone, Debug, Default)]
pub struct WriteFailure {
    /// True for a broken pipe: the reader has closed it.
    pub is_broken_pipe: bool,
    /// Error message of the system.
    pub words: String,
}

impl From<&io::Error> for WriteFailure {
    fn from(error: &io::Error) -> Self {
        Self {
            is_broken_pipe: error.kind() == io::ErrorKind::BrokenPipe,
            words: error.to_string(),
        }
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum SinkStage {
    #[default]
    Open,
    Finishing,
    Finished,
    Failed,
}

impl BufferState {
    fn is_full(&self) -> bool {
        self.stage == SinkStage::Open && self.gathered.len() >= FULL
    }

    /// True if other threads must wait.
    fn is_busy(&self) -> bool {
        self.is_full() || self.stage == SinkStage::Open && self.is_taken
    }
}

/// Turn of one thread to append a long text; it ends even by a panic.
struct LongTurn<'a>(&'a SharedBuffer);

impl Drop for LongTurn<'_> {
    fn drop(&mut self) {
        self.0.lock().is_taken = false;
        self.0.room.notify_all();
    }
}

impl SharedBuffer {
    fn lock(&self) -> MutexGuard<'_, BufferState> {
        // A closure panicked: the last line may be incomplete, but output goes on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append_to(
        &self,
        mut state: MutexGuard<'_, BufferState>,
        append: impl FnOnce(&mut Vec<u8>),
    ) -> bool {
        if state.stage != SinkStage::Open {
            return false;
        }
        append(&mut state.gathered);
        if state.is_full() || mem::take(&mut state.is_idle) {
            drop(state);
            self.work.notify_one();
        }
        true
    }

    fn start_finishing(&self) {
        let mut state = self.lock();
        if state.stage == SinkStage::Open {
            state.stage = SinkStage::Finishing;
            self.closed.store(true, Ordering::Release);
        }
        drop(state);
        self.work.notify_one();
        self.room.notify_all();
    }

    /// Loop of the writer thread.
    fn write_all_to(&self, mut write: impl Write) -> io::Result<()> {
        let mut taken = Vec::new();
        let mut has_written = false;
        while self.take(&mut taken, has_written) {
            has_written = true;
            let written = write.write_all(&taken).and_then(|()| write.flush());
            if let Err(error) = written {
                self.lock().failure = WriteFailure::from(&error);
                return Err(error);
            }
            taken.clear();
            taken.shrink_to(KEPT);
        }
        Ok(())
    }

    /// Collects text after a write, waits for some, and swaps it with the empty buffer; false once all is written.
    fn take(&self, empty: &mut Vec<u8>, has_written: bool) -> bool {
        let mut state = self.lock();
        if has_written {
            let gathers =
                |state: &mut BufferState| state.stage == SinkStage::Open && !state.is_full();
            let gathered = self.work.wait_timeout_while(state, GATHERING, gathers);
            state = gathered.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_idle = state.gathered.is_empty();
        let mut state = wait_while(&self.work, state, |state| {
            state.stage == SinkStage::Open && state.gathered.is_empty()
        });
        state.is_idle = false;
        mem::swap(&mut state.gathered, empty);
        if empty.is_empty() {
            state.stage = SinkStage::Finished;
        }
        drop(state);
        self.room.notify_all();
        !empty.is_empty()
    }

    /// Closes the sink when the writer ends, after a failure or a finish.
    fn close(&self) {
        let mut state = self.lock();
        self.closed.store(true, Ordering::Release);
        state.gathered = Vec::new();
        let (on_close, failure) = (state.on_close.take(), state.failure.clone());
        let failed = state.stage != SinkStage::Finished;
        if failed {
            state.stage = SinkStage::Failed;
        }
        drop(state);
        self.room.notify_all();
        if let Some(tell) = on_close.filter(|_| failed) {
            tell(&failure);
        }
    }
}

/// Guard that closes the sink when the writer ends, even by a panic: otherwise appending threads would wait for ever.
struct CloseAtLast(Arc<SharedBuffer>);

impl Drop for CloseAtLast {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn wait_while<'a>(
    condvar: &Condvar,
    state: MutexGuard<'a, BufferState>,
    wait: impl Fn(&BufferState) -> bool,
) -> MutexGuard<'a, BufferState> {
    condvar
        .wait_while(state, |state| wait(state))
        .unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Writer that collects all bytes for the test to read.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        fn text(&self) -> Vec<u8> {
            self.0.lock().unwrap().clone()
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writer that reports the size of each write and waits for the test to allow it.
    struct Gate {
        begun: Sender<usize>,
        verdict: Receiver<io::Result<()>>,
    }

    impl Gate {
        fn new() -> (Self, Receiver<usize>, Sender<io::Result<()>>) {
            let (begun, begins) = channel();
            let (decide, verdict) = channel();
            (Self { begun, verdict }, begins, decide)
        }
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.begun.send(bytes.len()).unwrap();
            // Once the test has dropped its end, every write is allowed.
            self.verdict.recv().unwrap_or(Ok(())).map(|()| bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn broken_pipe() -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    #[test]
    fn everything_arrives_and_each_talker_keeps_its_order() {
        let paper = Paper::default();
        let (sink, drain) = Sink::new(paper.clone());
        thread::scope(|scope| {
            for talker in 0..8 {
                let sink = sink.clone();
                scope.spawn(move || {
                    for number in 0..2000 {
                        sink.append(|buffer| writeln!(buffer, "{talker} {number}").unwrap());
                    }
                });
            }
        });
        drain.finish().unwrap();
        let text = String::from_utf8(paper.text()).unwrap();
        let mut next = [0; 8];
        for line in text.lines() {
            let (talker, number) = line.split_once(' ').unwrap();
            let next = &mut next[talker.parse::<usize>().unwrap()];
            assert_eq!(number, next.to_string());
            *next += 1;
        }
        assert_eq!(next, [2000; 8]);
        assert!(sink.closed());
    }

    #[test]
    fn a_long_text_is_written_in_pieces_that_nothing_comes_between() {
        let paper = Paper::default();
        let (sink, drain) = Sink::new(paper.clone());
        thread::scope(|scope| {
            for letter in [b'a', b'b'] {
                let sink = sink.clone();
                scope.spawn(move || {
                    sink.append_long(|give| {
                        (0..200).for_each(|_| give(&[letter; 100_000]));
                        give(b"\n");
                    });
                });
            }
            let sink = sink.clone();
            scope.spawn(move || (0..1000).for_each(|_| sink.push(b"c\n")));
        });
        // What waits is never much more than it may be.
        assert!(sink.shared.lock().gathered.capacity() <= 4 * FULL);
        drain.finish().unwrap();
        let text = paper.text();
        assert_eq!(text.len(), 2 * 20_000_001 + 2000);
        for line in text.split(|b| *b == b'\n') {
            assert!(line.iter().all(|b| Some(b) == line.first()));
        }
    }

    #[test]
    fn text_is_written_without_being_asked_to() {
        let (gate, begins, decide) = Gate::new();
        let (sink, drain) = Sink::new(gate);
        for length in [1, 2, 3] {
            // The writer has gone to sleep and must be woken.
            while !sink.shared.lock().is_idle {
                thread::yield_now();
            }
            sink.push(&b"abc"[..length]);
            assert_eq!(begins.recv().unwrap(), length);
            decide.send(Ok(())).unwrap();
        }
        drain.finish().unwrap();
    }

    #[test]
    fn what_gathers_during_a_write_is_written_at_once() {
        let (gate, begins, decide) = Gate::new();
        let (sink, drain) = Sink::new(gate);
        sink.push(b"first");
        assert_eq!(begins.recv().unwrap(), 5);
        for _ in 0..1000 {
            sink.push(b"more");
        }
        drop(decide);
        drain.finish().unwrap();
        assert_eq!(begins.try_iter().collect::<Vec<_>>(), [4000]);
    }

    #[test]
    fn a_full_buffer_refuses_offers_until_there_is_room() {
        let (gate, begins, decide) = Gate::new();
        let (sink, drain) = Sink::new(gate);
        sink.push(b"first");
        begins.recv().unwrap();
        let part = vec![b'x'; FULL / 4];
        let offer = || sink.offer(|buffer| buffer.extend_from_slice(&part));
        assert_eq!(
            [(); 6].map(|()| offer()),
            [true, true, true, true, false, false]
        );
        decide.send(Ok(())).unwrap();
        assert_eq!(begins.recv().unwrap(), FULL);
        assert!(offer());
        drop(decide);
        drain.finish().unwrap();
        assert!(!offer());
    }

    #[test]
    fn a_slow_reader_makes_talkers_wait_instead_of_filling_the_memory() {
        let (gate, begins, decide) = Gate::new();
        let (sink, drain) = Sink::new(gate);
        sink.push(b"first");
        begins.recv().unwrap();
        let part = FULL / 4;
        let talker = thread::spawn({
            let sink = sink.clone();
            move || (0..16).for_each(|_| sink.push(&vec![b'x'; part]))
        });
        // No write is allowed until the appending thread waits, or has pushed everything without waiting.
        while sink.waits() == 0 && !talker.is_finished() {
            thread::yield_now();
        }
        drop(decide);
        talker.join().unwrap();
        drain.finish().unwrap();
        let writes: Vec<usize> = begins.try_iter().collect();
        assert_eq!(writes.iter().sum::<usize>(), 16 * part);
        assert!(
            writes.iter().all(|length| *length <= FULL + part),
            "{writes:?}"
        );
    }

    #[test]
    fn a_failed_write_closes_the_sink_and_frees_those_who_wait() {
        let (gate, begins, decide) = Gate::new();
        let (sink, drain) = Sink::new(gate);
        let (tell, told) = channel();
        sink.on_close(move |_| tell.send(()).unwrap());
        sink.push(b"first");
        begins.recv().unwrap();
        sink.push(&vec![b'x'; FULL]);
        let talker = thread::spawn({
            let sink = sink.clone();
            move || sink.push(b"this one waits")
        });
        while sink.waits() == 0 && !talker.is_finished() {
            thread::yield_now();
        }
        decide.send(broken_pipe()).unwrap();
        told.recv().unwrap();
        talker.join().unwrap();
        assert!(sink.closed());
        sink.append(|_| panic!("nothing is formatted for a closed sink"));
        assert!(!sink.offer(|_| panic!("nothing is formatted for a closed sink")));
        assert_eq!(sink.shared.lock().gathered.capacity(), 0);
        let (tell, told) = channel();
        sink.on_close(move |_| tell.send(()).unwrap());
        told.recv().unwrap();
        assert_eq!(
            drain.finish().unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
    }

    #[test]
    fn a_writer_that_panics_closes_the_sink_too() {
        struct Bomb;
        impl Write for Bomb {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                panic!("on purpose")
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (sink, drain) = Sink::new(Bomb);
        let (tell, told) = channel();
        sink.on_close(move |_| tell.send(()).unwrap());
        sink.push(b"x");
        told.recv().unwrap();
        sink.push(b"y");
        assert_eq!(
            drain.finish().unwrap_err().to_string(),
            "the writing thread panicked"
        );
    }

    #[test]
    fn a_closure_that_panics_does_not_silence_the_others() {
        let paper = Paper::default();
        let (sink, drain) = Sink::new(paper.clone());
        let clone = sink.clone();
        thread::spawn(move || clone.append(|_| panic!("on purpose")))
            .join()
            .unwrap_err();
        sink.push(b"still here");
        drain.finish().unwrap();
        assert_eq!(paper.text(), b"still here");
    }

    #[test]
    fn a_proper_finish_is_no_failure_to_tell() {
        let paper = Paper::default();
        let (sink, drain) = Sink::new(paper.clone());
        sink.on_close(|_| panic!("nothing failed"));
        sink.push(b"a");
        drain.finish().unwrap();
        sink.on_close(|_| panic!("nothing failed"));
        sink.push(b"b");
        assert_eq!(paper.text(), b"a");
    }

    #[test]
    fn a_drain_that_is_dropped_still_lets_the_writer_end() {
        let (gate, begins, decide) = Gate::new();
        let (sink, drain) = Sink::new(gate);
        sink.push(b"abc");
        drop(decide);
        drop(drain);
        // The channel ends when the thread has dropped its writer.
        assert_eq!(begins.iter().sum::<usize>(), 3);
    }
}
