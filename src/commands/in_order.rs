//! Work on all cores whose results come in the order of the input, with bounded memory.
//!
//! One thread reads the input and deals it out in chunks, in turn, to a worker for each core. The results are taken back
//! in the same turn. Every channel holds one chunk, and large items wait for those before them, so what is in memory does
//! not grow with the input.

use std::panic;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::vec;

use crate::io::server::memory::{MemoryBudget, Reserved};

/// Items that are worked on in the caller's thread before threads are started: short inputs need none.
const FEW: usize = 8;
/// Work on an item that takes less time than this costs less than handing the item to another core.
const WORTH: Duration = Duration::from_micros(6);
/// Items of a chunk where they may wait for each other.
pub(super) const CHUNK: usize = 32;
/// Bytes after which a chunk ends.
const BYTES: usize = 256 << 10;

/// Most bytes of items whose results were not taken yet; one larger item is worked on alone.
const IN_WORK: usize = 32 << 20;

/// Size of the chunks that are handed to a worker.
#[derive(Debug)]
pub(crate) struct Chunks<T> {
    /// Items after which a chunk ends; 1 if no item may wait for another, as with a pipe that is still written.
    pub items: usize,
    /// Size of an item in bytes.
    pub weigh: fn(&T) -> usize,
}

/// Iterator over the results, in the order of the input.
pub(super) struct InOrder<I: Iterator, R, F> {
    work: Arc<F>,
    chunks: Chunks<I::Item>,
    worth: Duration,
    state: WorkStage<I, R>,
    ready: vec::IntoIter<R>,
}

enum WorkStage<I, R> {
    /// Items are worked on in this thread.
    Alone(I, Trial),
    Together(Crew<R>),
    Ended,
}

/// Times of a few items, to decide if the work is worth threads.
struct Trial {
    left: usize,
    total: Duration,
    longest: Duration,
}

impl Trial {
    fn new(items: usize) -> Self {
        Self {
            left: items,
            total: Duration::ZERO,
            longest: Duration::ZERO,
        }
    }

    fn took(&mut self, time: Duration) {
        self.left -= 1;
        self.total += time;
        self.longest = self.longest.max(time);
    }

    /// Mean time of an item; the longest does not count, because the first one also prepares keys and tables.
    fn mean(&self) -> Duration {
        (self.total - self.longest) / (FEW as u32 - 1)
    }
}

/// Running threads.
struct Crew<R> {
    /// Results of each worker, with the share of their items in what may be in work.
    results: Vec<Receiver<(Reserved, Vec<R>)>>,
    /// Index of the worker whose chunk is next.
    next: usize,
    /// Share of the items whose results were taken last.
    taken: Option<Reserved>,
    threads: Vec<JoinHandle<()>>,
}

/// Applies `work` to each item of `input`.
pub(super) fn in_order<I, R, F>(input: I, chunks: Chunks<I::Item>, work: F) -> InOrder<I, R, F>
where
    I: Iterator + Send + 'static,
    I::Item: Send,
    R: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
{
    started_at(WORTH, input, chunks, work)
}

fn started_at<I, R, F>(
    worth: Duration,
    input: I,
    chunks: Chunks<I::Item>,
    work: F,
) -> InOrder<I, R, F>
where
    I: Iterator,
{
    let few = if cores() > 1 { FEW } else { usize::MAX };
    InOrder {
        work: Arc::new(work),
        chunks,
        worth,
        state: WorkStage::Alone(input, Trial::new(few)),
        ready: Vec::new().into_iter(),
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, Into::into)
}

impl<I, R, F> Iterator for InOrder<I, R, F>
where
    I: Iterator + Send + 'static,
    I::Item: Send,
    R: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
{
    type Item = R;

    fn next(&mut self) -> Option<R> {
        loop {
            if let Some(result) = self.ready.next() {
                return Some(result);
            }
            match std::mem::replace(&mut self.state, WorkStage::Ended) {
                WorkStage::Alone(mut input, mut trial) => {
                    if trial.left == 0 {
                        if trial.mean() >= self.worth {
                            self.state = WorkStage::Together(self.start(input));
                            continue;
                        }
                        trial = Trial::new(FEW);
                    }
                    let item = input.next()?;
                    let begun = Instant::now();
                    let result = (self.work)(item);
                    trial.took(begun.elapsed());
                    self.state = WorkStage::Alone(input, trial);
                    return Some(result);
                }
                WorkStage::Together(mut crew) => {
                    self.ready = crew.take()?.into_iter();
                    self.state = WorkStage::Together(crew);
                }
                WorkStage::Ended => return None,
            }
        }
    }
}

impl<I, R, F> InOrder<I, R, F>
where
    I: Iterator + Send + 'static,
    I::Item: Send,
    R: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
{
    /// Starts a thread that reads, and a worker for each core.
    fn start(&self, input: I) -> Crew<R> {
        let (mut inputs, mut results, mut threads) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..cores() {
            let (given, taken) = sync_channel::<(Reserved, Vec<I::Item>)>(1);
            let (finished, result) = sync_channel(1);
            let work = Arc::clone(&self.work);
            inputs.push(given);
            results.push(result);
            threads.push(thread::spawn(move || {
                for (share, chunk) in taken {
                    let done = (share, chunk.into_iter().map(|item| work(item)).collect());
                    // Nobody takes results after an interrupt.
                    if finished.send(done).is_err() {
                        return;
                    }
                }
            }));
        }
        let Chunks { items, weigh } = self.chunks;
        threads.push(thread::spawn(move || deal(input, &inputs, items, weigh)));
        Crew {
            results,
            next: 0,
            taken: None,
            threads,
        }
    }
}

/// Deals the input out in chunks, to each worker in turn.
fn deal<T>(
    mut input: impl Iterator<Item = T>,
    workers: &[SyncSender<(Reserved, Vec<T>)>],
    items: usize,
    weigh: fn(&T) -> usize,
) {
    let in_work = MemoryBudget::new(IN_WORK);
    for worker in workers.iter().cycle() {
        let mut chunk = Vec::with_capacity(items);
        let mut bytes = 0;
        while chunk.len() < items
            && bytes < BYTES
            && let Some(item) = input.next()
        {
            bytes += weigh(&item);
            chunk.push(item);
        }
        if chunk.is_empty() {
            return;
        }
        let share = in_work.reserve_blocking(bytes);
        if worker.send((share, chunk)).is_err() {
            return;
        }
    }
}

impl<R> Crew<R> {
    /// Takes the results of the next chunk; none at the end of the input.
    fn take(&mut self) -> Option<Vec<R>> {
        self.taken = None;
        if let Ok((share, results)) = self.results.get(self.next)?.recv() {
            self.next = (self.next + 1) % self.results.len();
            self.taken = Some(share);
            return Some(results);
        }
        // Threads that wait for a place in a channel, or for what is in one, end with it.
        self.results.clear();
        for thread in self.threads.drain(..) {
            if let Err(payload) = thread.join() {
                panic::resume_unwind(payload);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use std::time::Duration;

    use super::{Chunks, FEW, cores, in_order, started_at};

    fn of(items: usize) -> Chunks<usize> {
        Chunks {
            items,
            weigh: |_| 1,
        }
    }

    #[test]
    fn results_come_in_the_order_of_the_input() {
        for (number, items) in [(0, 1), (3, 2), (FEW, 1), (1000, 1), (1000, 7), (1000, 5000)] {
            // The first items take longest.
            let work = |n: usize| (0..(1000 - n) * 50).fold(n, |n, _| std::hint::black_box(n));
            let results: Vec<usize> =
                started_at(Duration::ZERO, 0..number, of(items), work).collect();
            assert_eq!(results, Vec::from_iter(0..number));
        }
    }

    #[test]
    fn the_input_is_read_only_a_few_chunks_ahead() {
        let read = Arc::new(AtomicUsize::new(0));
        let input = {
            let read = Arc::clone(&read);
            (0..100_000).inspect(move |_| {
                read.fetch_add(1, Ordering::SeqCst);
            })
        };
        let mut results = started_at(Duration::ZERO, input, of(4), |n| n);
        for taken in 0..1000 {
            assert_eq!(results.next(), Some(taken));
            // For each worker a chunk that waits, one in work and one that is ready; and one that is being read.
            let most = taken + 1 + 4 * (3 * cores() + 2);
            assert!(read.load(Ordering::SeqCst) <= most, "{taken}");
        }
    }

    #[test]
    fn a_heavy_item_is_a_chunk_of_its_own() {
        let chunks = Chunks {
            items: 1000,
            weigh: |_: &usize| super::BYTES,
        };
        let read = Arc::new(AtomicUsize::new(0));
        let input = {
            let read = Arc::clone(&read);
            (0..10_000).inspect(move |_| {
                read.fetch_add(1, Ordering::SeqCst);
            })
        };
        let mut results = started_at(Duration::ZERO, input, chunks, |n| n);
        assert_eq!(results.nth(FEW), Some(FEW));
        assert!(read.load(Ordering::SeqCst) <= FEW + 1 + 3 * cores() + 2);
    }

    #[test]
    fn what_is_in_work_is_bounded_in_bytes() {
        let chunks = Chunks {
            items: 1000,
            weigh: |_: &usize| super::IN_WORK / 2,
        };
        let worked = Arc::new(AtomicUsize::new(0));
        let work = {
            let worked = Arc::clone(&worked);
            move |n: usize| (n, worked.fetch_add(1, Ordering::SeqCst))
        };
        let mut results = started_at(Duration::ZERO, 0..100, chunks, work);
        for taken in 0..100 {
            assert_eq!(results.next().map(|(n, _)| n), Some(taken));
            // Of the threads, the item that was taken and one more.
            let most = (taken + 2).max(FEW + 2);
            assert!(worked.load(Ordering::SeqCst) <= most, "{taken}");
        }
        assert_eq!(results.next(), None);
        let larger = Chunks {
            items: 1,
            weigh: |_: &usize| 2 * super::IN_WORK,
        };
        assert_eq!(
            started_at(Duration::ZERO, 0..100, larger, |n| n).count(),
            100
        );
    }

    #[test]
    fn threads_that_wait_for_room_end_when_nobody_takes_results() {
        let chunks = Chunks {
            items: 1,
            weigh: |_: &usize| super::IN_WORK,
        };
        // The thread that reads owns the sender.
        let (alive, ended) = std::sync::mpsc::channel::<()>();
        let input = (0..100_000).inspect(move |_| drop(alive.clone()));
        let mut results = started_at(Duration::ZERO, input, chunks, |n| n);
        assert_eq!(results.nth(FEW), Some(FEW));
        drop(results);
        let gone = ended.recv_timeout(Duration::from_secs(60));
        assert_eq!(gone, Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
    }

    #[test]
    fn short_work_stays_in_its_thread() {
        let main = std::thread::current().id();
        let work = move |_| std::thread::current().id() == main;
        assert!(in_order(0..1000, of(1), work).all(|is_here| is_here));
        let slow = move |n| {
            let begun = std::time::Instant::now();
            while begun.elapsed() < super::WORTH {}
            work(n)
        };
        let here = in_order(0..100, of(1), slow).filter(|is_here| *is_here);
        assert_eq!(here.count(), if cores() > 1 { FEW } else { 100 });
    }

    #[test]
    #[should_panic(expected = "number 100")]
    fn a_panic_of_a_worker_is_the_callers() {
        let work = |n: usize| assert!(n != 100, "number {n}");
        started_at(Duration::ZERO, 0..1000, of(1), work).for_each(drop);
    }
}
