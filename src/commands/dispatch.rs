//! Sends jobs: one after another or several at once, at a rate, with retries, and reports every attempt.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Mutex, Notify};
use tokio::task::LocalSet;

use crate::commands::shutdown::{InFlight, Interrupt};
use crate::commands::signer::Signer;
use crate::error::Exit;
use crate::io::client::{Client, Keep, TargetConnection};
use crate::io::recording::reader::Source;
use crate::io::recording::recorder::Recorder;
use crate::io::recording::resume::{Completion, ResumeJournal, Step};
use crate::providers;
use crate::providers::Provider;
use crate::report::{Notice, Reporter, Tally};
use crate::webhook::{
    Attempt, Beat, Delivery, Expectation, Fixture, KeyedQueue, Next, Outcome, Pace, Receipt, Reply,
    Retry, Rng, Target, differs,
};

/// A delivery ready to go, and what is said of it.
#[derive(Debug)]
pub struct Job {
    /// Stays the same for every attempt.
    pub id: String,
    /// Where it comes from, for the reader.
    pub source: Source,
    /// What it is about, for the reader; found out when it is said, if nobody knows yet.
    pub about: Option<String>,
    /// Whose shape it has, as far as it is known.
    pub provider: Option<&'static Provider>,
    /// The request.
    pub delivery: Delivery,
    /// What else is known of one that was kept.
    pub completed: JobOrigin,
}

/// Facts about a recorded delivery that is sent again.
#[derive(Debug, Default)]
pub struct JobOrigin {
    /// When it was recorded.
    pub at: Option<Timestamp>,
    /// Its number in the journal.
    pub step: Option<Step>,
    /// What its fixture expects.
    pub expected: Option<Expectation>,
    /// The answer it got when it was recorded, where the new one is held against it.
    pub reply: Option<Reply>,
    /// What must not be overtaken by each other: the messages it is about, hashed.
    pub messages: Vec<u64>,
    /// The fixture as it was kept, where it may be kept again.
    pub fixture: Option<Box<Fixture>>,
}

/// What delivering needs to know.
pub struct Dispatcher {
    /// Makes the connections.
    pub client: Client,
    /// Where everything goes.
    pub target: Target,
    /// How patient to be.
    pub retry: Retry,
    /// How many at once.
    pub concurrency: u16,
    /// When the next one goes.
    pub beat: Beat,
    /// What counts as success.
    pub expected: Expectation,
    /// Signs every attempt after the first anew, where that is wanted.
    pub signer: Option<Rc<Signer>>,
    /// Where it is noted what is done.
    pub journal: Option<ResumeJournal>,
    /// Where is kept what was refused in the end.
    pub failed_to: Option<Rc<Recorder>>,
    /// Where each delivery is kept with its answer.
    pub answers_to: Option<Rc<Recorder>>,
    /// Whom to tell.
    pub report: Arc<Reporter>,
    /// Whether to stop.
    pub interrupt: Interrupt,
    /// Counts the requests that are in flight.
    pub in_flight: InFlight,
}

/// Source of jobs, one at a time, so that memory does not grow with their number.
pub type Jobs = Box<dyn Iterator<Item = Job>>;

/// How often the journal is synced at least.
const SYNC: Duration = Duration::from_millis(100);

struct DispatchRun {
    dispatcher: Dispatcher,
    jobs: RefCell<Jobs>,
    keyed_queue: RefCell<KeyedQueue<Job>>,
    /// Somebody came back, so that another may have its turn.
    back: Notify,
    /// The run is stopped, so that nobody need wait for a turn.
    ended: Notify,
    pace: Mutex<Pace>,
    paced: bool,
    tally: RefCell<Tally>,
    rng: RefCell<Rng>,
    journal: RefCell<Option<ResumeJournal>>,
    /// No attempt begins before this: somebody was told to wait, and that holds for the whole target.
    hold: Cell<Option<Instant>>,
    /// Why nothing more is sent.
    stop: RefCell<Option<String>>,
    in_flight: InFlight,
}

impl Dispatcher {
    /// Delivers all of them, and gives what it came to. Must run on a current-thread runtime.
    pub async fn run(mut self, jobs: Jobs, tally: Tally, seed: u64) -> Tally {
        let begun = Instant::now();
        let concurrency = self.concurrency;
        let pace = Pace::new(self.beat);
        let in_flight = self.in_flight.clone();
        let run = Rc::new(DispatchRun {
            journal: RefCell::new(self.journal.take()),
            dispatcher: self,
            jobs: RefCell::new(jobs),
            keyed_queue: RefCell::default(),
            back: Notify::new(),
            ended: Notify::new(),
            paced: !pace.is_free(),
            pace: Mutex::new(pace),
            tally: RefCell::new(tally),
            rng: RefCell::new(Rng::seeded(seed)),
            hold: Cell::new(None),
            stop: RefCell::new(None),
            in_flight,
        });
        let local = LocalSet::new();
        let workers: Vec<_> = (0..concurrency)
            .map(|_| {
                let run = Rc::clone(&run);
                local.spawn_local(async move { run.work().await })
            })
            .collect();
        let syncing = local.spawn_local({
            let run = Rc::clone(&run);
            async move { run.sync_now_and_then().await }
        });
        local
            .run_until(async {
                for worker in workers {
                    // A worker that panicked has said so.
                    let _ = worker.await;
                }
            })
            .await;
        syncing.abort();
        run.sync();
        let mut tally = run.tally.replace(Tally::new("sent"));
        if let Some(why) = run.stop.borrow().as_ref() {
            run.dispatcher.report.warn(why);
            tally.stopped = true;
        }
        tally.elapsed += begun.elapsed();
        tally
    }
}

/// Facts of an attempt besides its outcome: its number, its time, whether another follows.
struct AttemptFacts {
    number: u32,
    took: Duration,
    sent_twice: bool,
    /// The attempt before ended alike, so its reason is not printed again.
    repeats: bool,
    /// The wait before the next, if there is one.
    again: Option<Duration>,
}

impl DispatchRun {
    async fn work(&self) {
        let mut line = self.dispatcher.client.line(&self.dispatcher.target);
        while let Some(mut job) = self.next().await {
            // What waited for its turn while the run was stopped stays, and nothing is noted of it.
            if !self.turn(job.completed.at, true).await {
                return;
            }
            self.deliver(&mut line, &mut job).await;
        }
    }

    fn stopped(&self) -> bool {
        self.dispatcher.interrupt.is_set() || self.stop.borrow().is_some()
    }

    /// Stops the run: what is under way comes to its end, nothing else is sent.
    fn stop(&self, why: impl Into<String>) {
        self.stop.borrow_mut().get_or_insert(why.into());
        self.back.notify_waiters();
        self.ended.notify_waiters();
    }

    /// The next job that may be sent while others are in flight.
    async fn next(&self) -> Option<Job> {
        while !self.stopped() {
            let back = self.back.notified();
            match self.pick() {
                Poll::Ready(picked) => return picked,
                Poll::Pending => tokio::select! {
                    () = back => {}
                    () = self.dispatcher.interrupt.wait() => {}
                },
            }
        }
        None
    }

    /// The next one, or none any more; pending if there will be one when another has come back.
    fn pick(&self) -> Poll<Option<Job>> {
        let mut keyed_queue = self.keyed_queue.borrow_mut();
        if let Some(job) = keyed_queue.ready() {
            return Poll::Ready(Some(job));
        }
        while !keyed_queue.is_full() {
            let Some(job) = self.jobs.borrow_mut().next() else {
                return if keyed_queue.is_empty() {
                    Poll::Ready(None)
                } else {
                    Poll::Pending
                };
            };
            if job.completed.messages.is_empty() {
                return Poll::Ready(Some(job));
            }
            let messages = job.completed.messages.clone();
            if let Some(job) = keyed_queue.offer(&messages, job) {
                return Poll::Ready(Some(job));
            }
        }
        Poll::Pending
    }

    /// Waits until an attempt may begin; false if it is not to begin at all.
    async fn turn(&self, at: Option<Timestamp>, first: bool) -> bool {
        if !self.paced {
            self.held().await;
            return !self.stopped();
        }
        // Whoever waits here is waited for: one after the other, in the order in which they came.
        let mut pace = self.pace.lock().await;
        if !first && !pace.counts_tries() {
            drop(pace);
            self.held().await;
            return !self.stopped();
        }
        loop {
            self.held().await;
            if self.stopped() {
                return false;
            }
            let now = Instant::now();
            match pace.due(at).filter(|due| *due > now) {
                Some(due) => self.sleep(due.saturating_duration_since(now)).await,
                None => {
                    pace.go(now, at);
                    return true;
                }
            }
        }
    }

    async fn deliver(&self, line: &mut TargetConnection, job: &mut Job) {
        let mut before: Option<Outcome> = None;
        for number in 1.. {
            if number > 1
                && let (Some(signer), Some(provider)) = (&self.dispatcher.signer, job.provider)
            {
                // A signature that could be made once can be made again.
                let _ = signer.context(
                    provider,
                    &mut job.delivery,
                    &self.dispatcher.target,
                    &mut self.rng.borrow_mut(),
                );
            }
            let begun = self.in_flight.begin();
            let exchange = line
                .ask(&job.delivery.path, &job.delivery, Keep::Outcome)
                .await;
            // Whoever reads the line of it knows that it is over.
            drop(begun);
            let (took, sent_twice) = (exchange.took, exchange.sent_twice);
            let outcome = self.judge(exchange.outcome(), took, &job.completed);
            let next = self
                .dispatcher
                .retry
                .next(number, &outcome, &mut self.rng.borrow_mut());
            let asked = self.dispatcher.retry.asked(&outcome);
            self.heed(&outcome, asked);
            let again = match next {
                Next::Again(wait) if !self.stopped() => Some(wait),
                _ => None,
            };
            let repeats = before.is_some_and(|before| before.is_like(&outcome));
            let told = AttemptFacts {
                number,
                took,
                sent_twice,
                repeats,
                again,
            };
            self.tell(job, &outcome, &told);
            let Some(wait) = again else {
                return self.settle(job, &outcome, took, next).await;
            };
            before = Some(outcome);
            // A wait that was asked for holds everybody back, this one too.
            if asked.is_none() {
                self.sleep(wait).await;
            } else {
                self.hold_until(Instant::now() + wait);
            }
            if !self.turn(None, false).await {
                self.cut_off();
                if let Some(outcome) = &before {
                    self.settle(job, outcome, took, Next::GivenUp).await;
                }
                return;
            }
        }
    }

    /// One was promised another attempt that does not come; it counts as failed.
    fn cut_off(&self) {
        let mut tally = self.tally.borrow_mut();
        tally.deliveries += 1;
        tally.failed += 1;
    }

    fn judge(&self, outcome: Outcome, took: Duration, completed: &JobOrigin) -> Outcome {
        let expected = completed
            .expected
            .as_ref()
            .unwrap_or(&self.dispatcher.expected);
        let why = match &completed.reply {
            Some(reply) => differs(reply, &outcome).or_else(|| expected.late(took)),
            None => expected.judge(&outcome, took),
        };
        match outcome {
            Outcome::Answered {
                status,
                body,
                retry_after,
                location,
                ..
            } => Outcome::Answered {
                status,
                body,
                retry_after,
                location,
                unexpected: why,
            },
            other => other,
        }
    }

    /// Does what an answer asks of the whole run.
    fn heed(&self, outcome: &Outcome, asked: Option<Duration>) {
        if outcome.status() == Some(410) && !outcome.succeeded() {
            self.stop("the target answered 410, gone for good: nothing more was sent to it");
        }
        let longest = self.dispatcher.retry.longest;
        match asked {
            Some(asked) if asked > longest => self.stop(format!(
                "the target asks to be left alone for {} s, which is longer than {} s: nothing more was sent to it; \
                 `--max-retry-after {}s` waits for it",
                asked.as_secs(),
                longest.as_secs(),
                asked.as_secs()
            )),
            Some(asked) => self.hold_until(Instant::now() + asked),
            None => {}
        }
    }

    fn hold_until(&self, until: Instant) {
        self.hold.set(self.hold.get().max(Some(until)));
    }

    /// Keeps and notes what became of a delivery, now that nothing more is tried.
    async fn settle(&self, job: &mut Job, outcome: &Outcome, took: Duration, next: Next) {
        if let Some(recorder) = &self.dispatcher.answers_to {
            Box::pin(self.keep_answer(recorder, job, outcome, took)).await;
        }
        let refused_for_good = next == Next::Final && outcome.status() != Some(410);
        let done = match &self.dispatcher.failed_to {
            _ if outcome.succeeded() => Some(Completion::Accepted),
            // One that an interrupt has cut off is sent by the next run of the journal.
            Some(_)
                if self.dispatcher.interrupt.is_set()
                    && !refused_for_good
                    && job.completed.step.is_some() =>
            {
                None
            }
            Some(recorder) => {
                let fixture = job
                    .completed
                    .fixture
                    .take()
                    .unwrap_or_else(|| Box::new(Fixture::new(job.delivery.clone())));
                match recorder.keep(&fixture).await {
                    Ok(_) => Some(Completion::Kept),
                    Err(why) => {
                        self.stop(format!("{why}; nothing more was sent"));
                        None
                    }
                }
            }
            None => refused_for_good.then_some(Completion::Refused),
        };
        if let (Some(step), Some(done), Some(journal)) =
            (job.completed.step, done, self.journal.borrow_mut().as_mut())
            && let Err(why) = journal.note(step, done)
        {
            self.stop(format!("{why}; nothing more was sent"));
        }
        if !job.completed.messages.is_empty() {
            self.keyed_queue.borrow_mut().done(&job.completed.messages);
            self.back.notify_waiters();
        }
    }

    /// Keeps a delivery as it came, with the answer that it got in the end.
    async fn keep_answer(&self, recorder: &Recorder, job: &Job, outcome: &Outcome, took: Duration) {
        let (Some(original), Outcome::Answered { status, body, .. }) =
            (&job.completed.fixture, outcome)
        else {
            return;
        };
        let mut fixture = original.clone();
        fixture.reply = Some(Reply::new(*status, took, Some(body.clone())));
        if let Err(why) = recorder.keep(&fixture).await {
            self.stop(format!("{why}; nothing more was sent"));
        }
    }

    fn tell(&self, job: &Job, outcome: &Outcome, told: &AttemptFacts) {
        let AttemptFacts {
            number,
            took,
            sent_twice,
            repeats,
            again,
        } = *told;
        let last = again.is_none();
        let mut tally = self.tally.borrow_mut();
        tally.attempted(number, outcome, took, last);
        tally.maybe_duplicate += u64::from(sent_twice);
        let report = &self.dispatcher.report;
        if last {
            let in_flight = u64::try_from(self.in_flight.count()).unwrap_or(u64::MAX);
            report.progress().step(tally.failed, in_flight);
        }
        drop(tally);
        if report.skips(outcome.succeeded()) {
            return;
        }
        let receipt;
        let (about, provider) = match &job.about {
            Some(about) => (about.clone(), job.provider.map(|provider| provider.name)),
            None => {
                receipt = providers::outline(&job.delivery, job.provider);
                (about(&receipt), receipt.provider)
            }
        };
        let attempt = Attempt {
            id: job.id.clone(),
            source: job.source.to_string(),
            about,
            target: self.dispatcher.target.at(&job.delivery.path),
            provider,
            number,
            outcome: outcome.clone(),
            took,
            last,
            repeats,
        };
        report.tell(&Notice::Attempted(&attempt));
        if let Some(wait) = again {
            report.tell(&Notice::Waiting {
                attempt: &attempt,
                wait,
            });
        }
    }

    async fn held(&self) {
        while let Some(until) = self.hold.get() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.stopped() {
                return;
            }
            self.sleep(left).await;
        }
    }

    async fn sleep(&self, span: Duration) {
        tokio::select! {
            () = tokio::time::sleep(span) => {}
            () = self.ended.notified() => {}
            () = self.dispatcher.interrupt.wait() => {}
        }
    }

    async fn sync_now_and_then(&self) {
        while self.journal.borrow().is_some() {
            tokio::time::sleep(SYNC).await;
            self.sync();
        }
    }

    fn sync(&self) {
        if let Some(Err(why)) = self.journal.borrow_mut().as_mut().map(ResumeJournal::sync) {
            self.stop(format!("{why}; nothing more was sent"));
        }
    }
}

/// What a delivery is about, for the reader: the first event, and how many more there are.
pub fn about(receipt: &Receipt) -> String {
    let provider = receipt.provider.unwrap_or("unknown");
    match receipt.events.as_slice() {
        [] => format!("{:<11} {provider}", "-"),
        [event, rest @ ..] => {
            let more = if rest.is_empty() {
                String::new()
            } else {
                format!(" and {} more", rest.len())
            };
            let native = if event.kind == crate::webhook::Kind::Other {
                event.native.as_str()
            } else {
                event.kind.name()
            };
            format!(
                "{native:<11} {}{more}  {provider}",
                event.recipient.as_deref().unwrap_or("-")
            )
        }
    }
}

/// Says what to try where nobody answered.
pub fn hint(tally: &Tally, report: &Reporter) {
    if let Some(hint) = tally.hint {
        report.hint(hint);
    }
}

/// How a run of attempts ends.
pub fn exit(tally: &Tally, interrupted: bool) -> Exit {
    let mut exit = Exit::Success;
    if tally.failed > 0 || tally.stopped {
        exit = exit.or(Exit::Failure);
    }
    if tally.unanswered > 0 {
        exit = exit.or(Exit::NoAnswer);
    }
    if tally.broken > 0 {
        exit = exit.or(Exit::Input);
    }
    if interrupted {
        exit.or(Exit::Interrupted)
    } else {
        exit
    }
}
