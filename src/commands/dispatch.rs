//! Sends jobs: one after another or several at once, at a rate, with retries, and reports every attempt.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Mutex, Notify};
use tokio::task::LocalSet;

use crate::commands::job::{Job, about};
use crate::commands::send::saver;
use crate::commands::shutdown::{InFlight, Interrupt};
use crate::commands::signer::Signer;
use crate::io::client::{Client, Keep, TargetConnection};
use crate::io::recorder::Recorder;
use crate::io::recording::resume::{Completion, ResumeJournal};
use crate::io::runtime::others_catch_up;
use crate::providers;
use crate::report::{Notice, Reporter, Tally};
use crate::webhook::{
    Attempt, Beat, EventSummary, Expectation, Fixture, KeyedQueue, Next, Outcome, Pace, Reply,
    Retry, Rng, Target, masked_path,
};

/// Sends jobs with pacing, concurrency and retries.
pub(super) struct Dispatcher {
    /// HTTP client.
    pub client: Client,
    /// Target of all requests.
    pub target: Target,
    /// Retry policy.
    pub retry: Retry,
    /// Most requests in flight at once (`--concurrency`).
    pub concurrency: u16,
    /// Pacing: `--rate`, `--speed` or none.
    pub beat: Beat,
    /// Expectation of a response that counts as success (`--expect-status`, `--expect-within`).
    pub expected: Expectation,
    /// Signer of every attempt after the first; none if retries keep their signature.
    pub signer: Option<Arc<Signer>>,
    /// Resume journal (`--resume`).
    pub journal: Option<ResumeJournal>,
    /// Dead-letter file for deliveries that failed in the end (`--failed-to`).
    pub failed_to: Option<Rc<Recorder>>,
    /// Recording of each delivery with its final response (`--answers-to`).
    pub answers_to: Option<Rc<Recorder>>,
    /// Destination of each delivery as it is first sent (`--save`).
    pub saver: Option<saver::Saver>,
    /// Reporter of attempts and warnings.
    pub report: Arc<Reporter>,
    /// Interrupt flag: no attempt begins once it is set.
    pub interrupt: Interrupt,
    /// Counter of the requests in flight.
    pub in_flight: InFlight,
}

/// Source of jobs, one at a time, so that memory does not grow with their number.
pub(super) type Jobs = Box<dyn Iterator<Item = Job>>;

/// Sync interval of the resume journal.
const SYNC: Duration = Duration::from_millis(100);

struct DispatchRun {
    dispatcher: Dispatcher,
    jobs: RefCell<Jobs>,
    keyed_queue: RefCell<KeyedQueue<Job>>,
    /// Signals that a job has ended, so that a job of the same message may be sent.
    back: Notify,
    /// Signals that the run is stopped; ends every wait.
    ended: Notify,
    pace: Mutex<Pace>,
    paced: bool,
    tally: RefCell<Tally>,
    rng: RefCell<Rng>,
    journal: RefCell<Option<ResumeJournal>>,
    /// Pause of all attempts until then: the target sent `Retry-After`, which holds for all of its requests.
    hold: Cell<Option<Instant>>,
    /// End of the pause that the user was told of.
    told: Cell<Option<Instant>>,
    /// Reason why the run is stopped: nothing more is sent.
    stop: RefCell<Option<String>>,
    in_flight: InFlight,
}

impl Dispatcher {
    /// Sends all jobs and returns the tally with their results added. Must run on a current-thread runtime.
    pub(super) async fn run(mut self, jobs: Jobs, tally: Tally, seed: u64) -> Tally {
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
            told: Cell::new(None),
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
                    // A worker that panicked has printed its message.
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

/// Facts of an attempt besides its outcome: number, duration, wait before the next attempt.
struct AttemptFacts {
    number: u32,
    took: Duration,
    sent_twice: bool,
    /// True if the attempt before had the same result; its reason is not printed again.
    repeats: bool,
    /// Wait before the next attempt, if there is one.
    again: Option<Duration>,
}

impl DispatchRun {
    async fn work(&self) {
        let (target, saver) = (&self.dispatcher.target, &self.dispatcher.saver);
        let mut line = self.dispatcher.client.line(target);
        while let Some(mut job) = self.next().await {
            others_catch_up().await;
            // A job still waiting when the run stops is not sent, and gets no line in the resume journal.
            if !self.turn(job.origin.at, true).await {
                return;
            }
            let saved = saver::keep(saver.as_ref(), &job, target);
            // A slow disk does not delay the request.
            let (saved, ()) = tokio::join!(saved, self.deliver(&mut line, &mut job));
            if let Err(error) = saved {
                self.stop(format!("{}; nothing more was sent", error.what()));
            }
        }
    }

    fn stopped(&self) -> bool {
        self.dispatcher.interrupt.is_set() || self.stop.borrow().is_some()
    }

    /// Stops the run: requests in flight finish, nothing else is sent.
    fn stop(&self, why: impl Into<String>) {
        self.stop.borrow_mut().get_or_insert(why.into());
        self.back.notify_waiters();
        self.ended.notify_waiters();
    }

    /// Returns the next job that may be sent; none at the end of the jobs or once the run is stopped.
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

    /// Returns the next job without waiting; pending while every queued job waits for another of the same message.
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
            if job.origin.messages.is_empty() {
                return Poll::Ready(Some(job));
            }
            let messages = job.origin.messages.clone();
            if let Some(job) = keyed_queue.offer(&messages, job) {
                return Poll::Ready(Some(job));
            }
        }
        Poll::Pending
    }

    /// Waits until an attempt may begin; false if the run is stopped.
    async fn turn(&self, at: Option<Timestamp>, first: bool) -> bool {
        if !self.paced {
            self.held().await;
            return !self.stopped();
        }
        // The lock is held while waiting, so that attempts begin in the order in which they asked.
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
            if number > 1 {
                self.sign_again(job);
            }
            let begun = self.in_flight.begin();
            let exchange = line
                .ask(&job.delivery.path, &job.delivery, Keep::Outcome)
                .await;
            // The request must not count as in flight when its line is printed.
            drop(begun);
            others_catch_up().await;
            let (took, sent_twice) = (exchange.took, exchange.sent_twice);
            let outcome = job
                .origin
                .judge(exchange.outcome(), took, &self.dispatcher.expected);
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
            // A `Retry-After` pauses all attempts, this one included.
            if asked.is_none() {
                self.sleep(wait).await;
            } else {
                self.hold_until(Instant::now() + wait);
                // The line of the attempt says so.
                self.told.set(self.hold.get());
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

    /// Signs a retry with the time of now, unless retries keep their signature.
    fn sign_again(&self, job: &mut Job) {
        if let (Some(signer), Some(provider)) = (&self.dispatcher.signer, job.provider)
            && !job.origin.keeps_signature
        {
            let target = &self.dispatcher.target;
            let rng = &mut self.rng.borrow_mut();
            // A delivery that could be signed once can be signed again.
            let _ = signer.sign(provider, &mut job.delivery, target, rng);
        }
    }

    /// Counts a delivery as failed whose announced retry does not happen.
    fn cut_off(&self) {
        let mut tally = self.tally.borrow_mut();
        tally.deliveries += 1;
        tally.failed += 1;
    }

    /// Applies the parts of a response that concern the whole run: 410 stops it, `Retry-After` pauses it.
    fn heed(&self, outcome: &Outcome, asked: Option<Duration>) {
        if outcome.status() == Some(410) && !outcome.succeeded() {
            self.stop("the target responded 410 (gone): nothing more was sent to it");
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

    /// Records the final result of a job: answers file, dead-letter file, resume journal.
    async fn settle(&self, job: &mut Job, outcome: &Outcome, took: Duration, next: Next) {
        if let Some(recorder) = &self.dispatcher.answers_to {
            Box::pin(self.keep_answer(recorder, job, outcome, took)).await;
        }
        let refused_for_good = next == Next::Final && outcome.status() != Some(410);
        let done = match &self.dispatcher.failed_to {
            _ if outcome.succeeded() => Some(Completion::Accepted),
            // A delivery cut off by an interrupt is sent by the next run with this journal.
            Some(_)
                if self.dispatcher.interrupt.is_set()
                    && !refused_for_good
                    && job.origin.step.is_some() =>
            {
                None
            }
            Some(recorder) => {
                let fixture = job
                    .origin
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
            (job.origin.step, done, self.journal.borrow_mut().as_mut())
            && let Err(why) = journal.note(step, done)
        {
            self.stop(format!("{why}; nothing more was sent"));
        }
        if !job.origin.messages.is_empty() {
            self.keyed_queue.borrow_mut().done(&job.origin.messages);
            self.back.notify_waiters();
        }
    }

    /// Records the original delivery with its final response (`--answers-to`).
    async fn keep_answer(&self, recorder: &Recorder, job: &Job, outcome: &Outcome, took: Duration) {
        let (Some(original), Outcome::Answered { status, body, .. }) =
            (&job.origin.fixture, outcome)
        else {
            return;
        };
        let mut fixture = original.clone();
        fixture.reply = Some(Reply::new(*status, took, Some(body.clone())));
        // It is the newest response; earlier ones would be compared in its place.
        fixture.answers.clear();
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
        let is_read = job.about.is_none() || report.writes_json();
        let receipt = is_read.then(|| providers::outline(&job.delivery, job.provider));
        let (about, provider) = match (&job.about, &receipt) {
            (None, Some(receipt)) => (about(receipt), receipt.provider),
            (said, _) => (
                said.clone().unwrap_or_default(),
                job.provider.map(|provider| provider.name),
            ),
        };
        let attempt = Attempt {
            id: job.id.clone(),
            source: job.source.to_string(),
            about,
            target: masked_path(&self.dispatcher.target.at(&job.delivery.path)).into_owned(),
            provider,
            number,
            outcome: outcome.clone(),
            took,
            last,
            repeats,
            events: receipt
                .filter(|_| report.writes_json())
                .map(|receipt| EventSummary::of(&receipt.events)),
        };
        report.tell(&Notice::Attempted(&attempt));
        if let Some(wait) = again {
            report.tell(&Notice::Waiting { wait });
        }
    }

    async fn held(&self) {
        while let Some(until) = self.hold.get() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.stopped() {
                return;
            }
            // A pause without a retry, or the run would seem to hang.
            if self.told.get() < Some(until) {
                self.told.set(Some(until));
                self.dispatcher.report.tell(&Notice::Paused { wait: left });
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
