//! Delivers parcels: one after another or several at once, at a pace, patiently, and tells of every attempt.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Mutex, Notify};
use tokio::task::LocalSet;

use crate::commands::shutdown::{InFlight, Interrupt};
use crate::commands::signer::Sealer;
use crate::error::Exit;
use crate::io::client::{Client, Keep, Line};
use crate::io::recording::reader::Source;
use crate::io::recording::recorder::Recorder;
use crate::io::recording::resume::{Done, Ledger, Step};
use crate::providers;
use crate::providers::Provider;
use crate::report::{Notice, Reporter, Tally};
use crate::webhook::{
    Attempt, Beat, Chance, Delivery, Expectation, Fixture, Next, Outcome, Pace, Receipt, Reply,
    Retry, Target, Turns, differs,
};

/// A delivery ready to go, and what is said of it.
#[derive(Debug)]
pub struct Parcel {
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
    pub past: History,
}

/// What is known of a parcel that was kept somewhere, and is sent again.
#[derive(Debug, Default)]
pub struct History {
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
pub struct Courier {
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
    pub sealer: Option<Rc<Sealer>>,
    /// Where it is noted what is done.
    pub journal: Option<Ledger>,
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

/// Where parcels come from, one at a time, so that memory does not grow with their number.
pub type Parcels = Box<dyn Iterator<Item = Parcel>>;

/// How often the journal is synced at least.
const SYNC: Duration = Duration::from_millis(100);

struct Run {
    courier: Courier,
    parcels: RefCell<Parcels>,
    turns: RefCell<Turns<Parcel>>,
    /// Somebody came back, so that another may have its turn.
    back: Notify,
    /// The run is stopped, so that nobody need wait for a turn.
    ended: Notify,
    pace: Mutex<Pace>,
    paced: bool,
    tally: RefCell<Tally>,
    chance: RefCell<Chance>,
    journal: RefCell<Option<Ledger>>,
    /// No attempt begins before this: somebody was told to wait, and that holds for the whole target.
    hold: Cell<Option<Instant>>,
    /// Why nothing more is sent.
    stop: RefCell<Option<String>>,
    in_flight: InFlight,
}

impl Courier {
    /// Delivers all of them, and gives what it came to. Must run on a current-thread runtime.
    pub async fn run(mut self, parcels: Parcels, tally: Tally, seed: u64) -> Tally {
        let begun = Instant::now();
        let concurrency = self.concurrency;
        let pace = Pace::new(self.beat);
        let in_flight = self.in_flight.clone();
        let run = Rc::new(Run {
            journal: RefCell::new(self.journal.take()),
            courier: self,
            parcels: RefCell::new(parcels),
            turns: RefCell::default(),
            back: Notify::new(),
            ended: Notify::new(),
            paced: !pace.is_free(),
            pace: Mutex::new(pace),
            tally: RefCell::new(tally),
            chance: RefCell::new(Chance::seeded(seed)),
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
            run.courier.report.warn(why);
            tally.stopped = true;
        }
        tally.elapsed += begun.elapsed();
        tally
    }
}

/// Facts of an attempt besides its outcome: its number, its time, whether another follows.
struct Told {
    number: u32,
    took: Duration,
    sent_twice: bool,
    /// The attempt before ended alike, so its reason is not printed again.
    repeats: bool,
    /// The wait before the next, if there is one.
    again: Option<Duration>,
}

impl Run {
    async fn work(&self) {
        let mut line = self.courier.client.line(&self.courier.target);
        while let Some(mut parcel) = self.next().await {
            // What waited for its turn while the run was stopped stays, and nothing is noted of it.
            if !self.turn(parcel.past.at, true).await {
                return;
            }
            self.deliver(&mut line, &mut parcel).await;
        }
    }

    fn stopped(&self) -> bool {
        self.courier.interrupt.is_set() || self.stop.borrow().is_some()
    }

    /// Stops the run: what is under way comes to its end, nothing else is sent.
    fn stop(&self, why: impl Into<String>) {
        self.stop.borrow_mut().get_or_insert(why.into());
        self.back.notify_waiters();
        self.ended.notify_waiters();
    }

    /// The next parcel that may go although others are under way.
    async fn next(&self) -> Option<Parcel> {
        while !self.stopped() {
            let back = self.back.notified();
            match self.pick() {
                Poll::Ready(picked) => return picked,
                Poll::Pending => tokio::select! {
                    () = back => {}
                    () = self.courier.interrupt.wait() => {}
                },
            }
        }
        None
    }

    /// The next one, or none any more; pending if there will be one when another has come back.
    fn pick(&self) -> Poll<Option<Parcel>> {
        let mut turns = self.turns.borrow_mut();
        if let Some(parcel) = turns.ready() {
            return Poll::Ready(Some(parcel));
        }
        while !turns.is_full() {
            let Some(parcel) = self.parcels.borrow_mut().next() else {
                return if turns.is_empty() {
                    Poll::Ready(None)
                } else {
                    Poll::Pending
                };
            };
            if parcel.past.messages.is_empty() {
                return Poll::Ready(Some(parcel));
            }
            let messages = parcel.past.messages.clone();
            if let Some(parcel) = turns.offer(&messages, parcel) {
                return Poll::Ready(Some(parcel));
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

    async fn deliver(&self, line: &mut Line, parcel: &mut Parcel) {
        let mut before: Option<Outcome> = None;
        for number in 1.. {
            if number > 1
                && let (Some(sealer), Some(provider)) = (&self.courier.sealer, parcel.provider)
            {
                // A signature that could be made once can be made again.
                let _ = sealer.seal(
                    provider,
                    &mut parcel.delivery,
                    &self.courier.target,
                    &mut self.chance.borrow_mut(),
                );
            }
            let begun = self.in_flight.begin();
            let exchange = line
                .ask(&parcel.delivery.path, &parcel.delivery, Keep::Outcome)
                .await;
            // Whoever reads the line of it knows that it is over.
            drop(begun);
            let (took, sent_twice) = (exchange.took, exchange.sent_twice);
            let outcome = self.judge(exchange.outcome(), took, &parcel.past);
            let next = self
                .courier
                .retry
                .next(number, &outcome, &mut self.chance.borrow_mut());
            let asked = self.courier.retry.asked(&outcome);
            self.heed(&outcome, asked);
            let again = match next {
                Next::Again(wait) if !self.stopped() => Some(wait),
                _ => None,
            };
            let repeats = before.is_some_and(|before| before.is_like(&outcome));
            let told = Told {
                number,
                took,
                sent_twice,
                repeats,
                again,
            };
            self.tell(parcel, &outcome, &told);
            let Some(wait) = again else {
                return self.settle(parcel, &outcome, took, next).await;
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
                    self.settle(parcel, outcome, took, Next::GivenUp).await;
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

    fn judge(&self, outcome: Outcome, took: Duration, past: &History) -> Outcome {
        let expected = past.expected.as_ref().unwrap_or(&self.courier.expected);
        let why = match &past.reply {
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
        let longest = self.courier.retry.longest;
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
    async fn settle(&self, parcel: &mut Parcel, outcome: &Outcome, took: Duration, next: Next) {
        if let Some(recorder) = &self.courier.answers_to {
            Box::pin(self.keep_answer(recorder, parcel, outcome, took)).await;
        }
        let refused_for_good = next == Next::Final && outcome.status() != Some(410);
        let done = match &self.courier.failed_to {
            _ if outcome.succeeded() => Some(Done::Accepted),
            // One that an interrupt has cut off is sent by the next run of the journal.
            Some(_)
                if self.courier.interrupt.is_set()
                    && !refused_for_good
                    && parcel.past.step.is_some() =>
            {
                None
            }
            Some(recorder) => {
                let fixture = parcel
                    .past
                    .fixture
                    .take()
                    .unwrap_or_else(|| Box::new(Fixture::new(parcel.delivery.clone())));
                match recorder.keep(&fixture).await {
                    Ok(_) => Some(Done::Kept),
                    Err(why) => {
                        self.stop(format!("{why}; nothing more was sent"));
                        None
                    }
                }
            }
            None => refused_for_good.then_some(Done::Refused),
        };
        if let (Some(step), Some(done), Some(journal)) =
            (parcel.past.step, done, self.journal.borrow_mut().as_mut())
            && let Err(why) = journal.note(step, done)
        {
            self.stop(format!("{why}; nothing more was sent"));
        }
        if !parcel.past.messages.is_empty() {
            self.turns.borrow_mut().done(&parcel.past.messages);
            self.back.notify_waiters();
        }
    }

    /// Keeps a delivery as it came, with the answer that it got in the end.
    async fn keep_answer(
        &self,
        recorder: &Recorder,
        parcel: &Parcel,
        outcome: &Outcome,
        took: Duration,
    ) {
        let (Some(original), Outcome::Answered { status, body, .. }) =
            (&parcel.past.fixture, outcome)
        else {
            return;
        };
        let mut fixture = original.clone();
        fixture.reply = Some(Reply::new(*status, took, Some(body.clone())));
        if let Err(why) = recorder.keep(&fixture).await {
            self.stop(format!("{why}; nothing more was sent"));
        }
    }

    fn tell(&self, parcel: &Parcel, outcome: &Outcome, told: &Told) {
        let Told {
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
        let report = &self.courier.report;
        if last {
            let in_flight = u64::try_from(self.in_flight.count()).unwrap_or(u64::MAX);
            report.progress().step(tally.failed, in_flight);
        }
        drop(tally);
        if report.skips(outcome.succeeded()) {
            return;
        }
        let receipt;
        let (about, provider) = match &parcel.about {
            Some(about) => (about.clone(), parcel.provider.map(|provider| provider.name)),
            None => {
                receipt = providers::outline(&parcel.delivery, parcel.provider);
                (about(&receipt), receipt.provider)
            }
        };
        let attempt = Attempt {
            id: parcel.id.clone(),
            source: parcel.source.to_string(),
            about,
            target: self.courier.target.at(&parcel.delivery.path),
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
            () = self.courier.interrupt.wait() => {}
        }
    }

    async fn sync_now_and_then(&self) {
        while self.journal.borrow().is_some() {
            tokio::time::sleep(SYNC).await;
            self.sync();
        }
    }

    fn sync(&self) {
        if let Some(Err(why)) = self.journal.borrow_mut().as_mut().map(Ledger::sync) {
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
