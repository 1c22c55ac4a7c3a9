//! Queue of `replay`: reads fixtures one by one, filters, repeats and reorders them, and makes jobs of them.

use std::cell::Cell;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::cli::duration;
use crate::commands::dispatch;
use crate::commands::dispatch::{Job, JobOrigin};
use crate::commands::replay::Plan;
use crate::commands::signer;
use crate::commands::signer::StaleSignature;
use crate::error::{Error, Result};
use crate::io::recording::pump::Stop;
use crate::io::recording::reader;
use crate::io::recording::reader::{Item, Position, Sources};
use crate::io::recording::resume::{CompletedWork, Step};
use crate::providers;
use crate::providers::Provider;
use crate::report::Reporter;
use crate::webhook::{
    Delivery, Document, Expectation, Fixture, Receipt, ReorderBuffer, Reordering, Rng,
};

/// Fixtures whose signature age is checked at the start of a run, for a warning.
const LOOKED_AT: u32 = 8;

/// Counters of the fixtures that are read, shared with the running replay.
#[derive(Clone, Debug, Default)]
pub struct Counts(Rc<CountsNow>);

#[derive(Debug, Default)]
struct CountsNow {
    /// Fixtures read, unreadable ones included.
    read: Cell<u64>,
    /// Fixtures that match the filter.
    chosen: Cell<u64>,
    /// Those of them that `--drop` left out.
    dropped: Cell<u64>,
    /// Fixtures that could not be read.
    broken: Cell<u64>,
}

impl Counts {
    /// Returns the number of fixtures that could not be read.
    pub fn broken(&self) -> u64 {
        self.0.broken.get()
    }

    /// Returns the message for a run that had nothing to send and printed no other reason.
    pub fn nothing(&self, sources: &[String]) -> Option<String> {
        let CountsNow {
            read,
            chosen,
            broken,
            ..
        } = &*self.0;
        match (read.get(), chosen.get(), broken.get()) {
            (0, ..) => Some(format!("no deliveries in {}", listed(sources))),
            (1, 0, 0) => Some("1 delivery read, and it does not match; nothing was sent".into()),
            (read, 0, 0) => Some(format!(
                "{read} deliveries read, and none matches; nothing was sent"
            )),
            _ => None,
        }
    }

    /// What to say where `--drop` left something out.
    pub fn left_out(&self) -> Option<String> {
        let CountsNow {
            chosen, dropped, ..
        } = &*self.0;
        match (dropped.get(), chosen.get()) {
            (0, _) => None,
            (all, chosen) if all == chosen => Some(format!(
                "`--drop` left out all of {}; nothing was sent",
                counted(chosen)
            )),
            (some, chosen) => Some(format!(
                "note: `--drop` left out {some} of {}",
                counted(chosen)
            )),
        }
    }

    fn add(cell: &Cell<u64>) {
        cell.set(cell.get() + 1);
    }

    /// Fails if fixtures could not be read, unless `allowed` (`--skip-broken`); for a dry run.
    pub fn result(&self, allowed: bool) -> Result<()> {
        if self.broken() == 0 || allowed {
            return Ok(());
        }
        Err(Error::input(format!(
            "{} could not be read",
            if self.broken() == 1 {
                "an input"
            } else {
                "some inputs"
            }
        ))
        .hint("`--skip-broken` names what is broken and goes on"))
    }
}

/// Iterator over the jobs of a replay.
pub struct ReplayQueue {
    plan: Rc<Plan>,
    report: Arc<Reporter>,
    sources: Sources,
    counts: Counts,
    rng: Rng,
    /// Rounds still to be read after this one (`--repeat`).
    rounds: u32,
    /// Fixtures read, over all rounds.
    read: u64,
    /// Fixtures of this round that match, and those of them within `--skip` and `--limit`.
    wanted: usize,
    taken: usize,
    disorder: Reordering,
    buffer: ReorderBuffer<QueuedFixture>,
    dealt: VecDeque<QueuedFixture>,
    ended: bool,
    /// Jobs numbered for the resume journal, and the number up to which every fixture is accounted for.
    number: u64,
    covered: u64,
    completed: CompletedWork,
    /// Fixtures still to be checked for an old signature.
    to_check: u32,
    said_no_id: bool,
    said_redacted: bool,
}

/// Fixture that is to be sent, with its number.
#[derive(Clone, Debug)]
struct QueuedFixture {
    item: Taken,
    read: u64,
}

#[derive(Clone, Debug)]
struct Taken {
    source: reader::Source,
    fixture: Fixture,
    receipt: Option<Rc<Receipt>>,
    after: Position,
}

impl ReplayQueue {
    /// Opens the sources.
    pub fn open(
        plan: &Rc<Plan>,
        report: &Arc<Reporter>,
        names: &[String],
        stop: Stop,
    ) -> Result<ReplayQueue> {
        Ok(ReplayQueue {
            plan: Rc::clone(plan),
            report: Arc::clone(report),
            sources: reader::open(names)?.edited(plan.edited).until(stop),
            counts: Counts::default(),
            rng: Rng::seeded(plan.disorder.seed),
            rounds: plan.repeat.saturating_sub(1),
            read: 0,
            wanted: 0,
            taken: 0,
            disorder: plan.disorder,
            buffer: plan.disorder.buffer(),
            dealt: VecDeque::new(),
            ended: false,
            number: 0,
            covered: 0,
            completed: CompletedWork::default(),
            to_check: if plan.resign { 0 } else { LOOKED_AT },
            said_no_id: false,
            said_redacted: false,
        })
    }

    /// Returns the counters, which go on counting while the queue is read.
    pub fn counts(&self) -> Counts {
        self.counts.clone()
    }

    /// Returns the sources.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Skips what an earlier run with this journal has sent. `seed` is the seed of that run's reordering.
    pub fn go_on(&mut self, completed: CompletedWork, seed: u64) -> Result<()> {
        self.disorder.seed = seed;
        self.buffer = self.disorder.buffer();
        // Where each line of the sources has one number, finished lines need not be read again.
        let (number, place) = completed.start();
        if number > 0 && self.plan.is_plain() && !self.plan.choice.counts() {
            self.sources.go_to(place).map_err(|why| {
                Error::usage(format!("cannot go on: {why}"))
                    .hint("begin again with another journal")
            })?;
            (self.read, self.covered) = (number, number);
            self.counts.0.read.set(number);
            self.counts.0.chosen.set(number);
        }
        self.completed = completed;
        Ok(())
    }

    /// Reads the next fixture and appends the 0 or more copies to send to `dealt`; false at the end of input.
    fn deal(&mut self) -> bool {
        if self.ended {
            self.dealt.extend(self.buffer.draw());
            return !self.dealt.is_empty();
        }
        let limit = self.plan.choice.limit;
        let item = if limit.is_some_and(|limit| self.taken >= limit) {
            None
        } else {
            self.sources.next()
        };
        for note in self.sources.take_notes() {
            self.report.warn(&note);
        }
        self.report.progress().read(self.sources.behind());
        let Some(item) = item else {
            self.ended = !self.again();
            return true;
        };
        self.read += 1;
        Counts::add(&self.counts.0.read);
        if let Some(taken) = self.take(item) {
            let queued = QueuedFixture {
                item: taken,
                read: self.read,
            };
            let copies = self.disorder.copies(self.read);
            if copies == 0 {
                Counts::add(&self.counts.0.dropped);
            }
            for _ in 1..copies {
                self.dealt.extend(self.buffer.put(queued.clone()));
            }
            if copies > 0 {
                self.dealt.extend(self.buffer.put(queued));
            }
        }
        true
    }

    /// Begins another round; false after the last.
    fn again(&mut self) -> bool {
        if self.rounds == 0 {
            return false;
        }
        self.sources.rewind();
        self.rounds -= 1;
        (self.wanted, self.taken) = (0, 0);
        true
    }

    /// Applies the filter to an item that was read, and counts it; none if it is not sent.
    fn take(&mut self, item: Item) -> Option<Taken> {
        let fixture = match item.fixture {
            Ok(fixture) => fixture,
            Err(fault) => {
                Counts::add(&self.counts.0.broken);
                self.report.warn(&format!("{}: {fault}", item.source));
                if !self.plan.skip_broken {
                    // In watch mode, this is the file just saved, and watching goes on.
                    if !self.plan.watch {
                        self.report
                            .say("stopped there; `--skip-broken` goes on with the rest");
                    }
                    (self.ended, self.rounds) = (true, 0);
                }
                return None;
            }
        };
        let choice = &self.plan.choice;
        let receipt = choice
            .must_read()
            .then(|| Rc::new(providers::outline(&fixture.delivery, None)));
        if receipt
            .as_ref()
            .is_some_and(|receipt| !choice.wants(receipt, fixture.at))
        {
            return None;
        }
        self.wanted += 1;
        if self.wanted <= choice.skip {
            return None;
        }
        self.taken += 1;
        Counts::add(&self.counts.0.chosen);
        Some(Taken {
            source: item.source,
            fixture,
            receipt,
            after: item.after,
        })
    }

    /// Makes a job of a queued fixture; none if it was sent before.
    fn job(&mut self, queued: QueuedFixture) -> Option<Job> {
        let step = if self.plan.is_plain() {
            Step {
                first: self.covered + 1,
                number: queued.read,
                after: queued.item.after,
            }
        } else {
            self.number += 1;
            Step {
                first: self.number,
                number: self.number,
                after: Position::default(),
            }
        };
        self.covered = step.number;
        if self.completed.has(step.number) {
            self.report.progress().pass_over();
            return None;
        }
        let Taken {
            source,
            fixture,
            mut receipt,
            ..
        } = queued.item;
        let plan = Rc::clone(&self.plan);
        let is_kept = plan.failed_to.is_some() || plan.answers_to.is_some();
        let original = is_kept.then(|| Box::new(fixture.clone()));
        let expected = self.expected(&fixture, &source);
        let redacted = fixture.is_redacted();
        let Fixture {
            id,
            at,
            mut delivery,
            reply,
            ..
        } = fixture;
        if plan.ordered {
            receipt = receipt.or_else(|| Some(Rc::new(providers::outline(&delivery, None))));
        }
        // The event is parsed when it is printed; the provider may be needed before.
        let provider = match &receipt {
            Some(receipt) => receipt.provider.and_then(providers::find),
            None if plan.resign || self.to_check > 0 => {
                let document = Document::of(&delivery).ok();
                providers::recognise(&delivery, document.as_ref()).map(|(provider, _)| provider)
            }
            None => None,
        };
        let messages = receipt
            .as_ref()
            .filter(|_| plan.ordered)
            .map(|receipt| messages(receipt));
        delivery.aim(match &plan.path {
            Some(path) => path.clone(),
            None => plan.request.target.path_for(&delivery.path),
        });
        if plan.resign {
            self.sign(&mut delivery, provider, &source);
        } else if redacted {
            self.say_redacted(&source);
        } else if let (Some(provider), true) = (provider, self.to_check > 0) {
            self.check_age(provider, &delivery, &source);
        }
        plan.request.dress(&mut delivery);
        Some(Job {
            id: id.unwrap_or_else(|| queued.read.to_string()),
            about: receipt.as_deref().map(dispatch::about),
            source,
            provider,
            delivery,
            completed: JobOrigin {
                at,
                step: plan.resume.is_some().then_some(step),
                expected,
                reply: reply.filter(|_| plan.compare),
                messages: messages.unwrap_or_default(),
                fixture: original,
            },
        })
    }

    fn expected(&self, fixture: &Fixture, source: &reader::Source) -> Option<Expectation> {
        let (_, own) = fixture.rest.iter().find(|(name, _)| name == "expect")?;
        let span = |text: &str| duration(text).ok();
        match self.plan.expected.with(own.get(), span) {
            Ok(expected) => Some(expected),
            Err(why) => {
                self.report.warn(&format!("{source}: {why}"));
                None
            }
        }
    }

    /// Warns once that a redacted recording's signature is invalid.
    fn say_redacted(&mut self, source: &reader::Source) {
        if !std::mem::replace(&mut self.said_redacted, true) {
            self.report.warn(&format!(
                "{source}: it was recorded with `--redact`, so its signature does not hold; `--resign` makes a new one"
            ));
        }
    }

    /// Warns once that recorded signatures are too old.
    fn check_age(&mut self, provider: &Provider, delivery: &Delivery, source: &reader::Source) {
        self.to_check -= 1;
        if let Some(StaleSignature { age, allowed }) =
            signer::stale(provider, delivery, Timestamp::now())
        {
            self.to_check = 0;
            self.report.warn(&format!(
                "{source}: signed {} ago; a handler that allows {} refuses it. `--resign` makes new signatures",
                said(age),
                said(allowed)
            ));
        }
    }

    fn sign(
        &mut self,
        delivery: &mut Delivery,
        provider: Option<&'static Provider>,
        source: &reader::Source,
    ) {
        let Some(provider) = provider else {
            self.report.warn(&format!(
                "{source}: no provider is recognised, so it is not signed"
            ));
            return;
        };
        if self.plan.fresh_ids {
            match self.plan.signer.renew_id(provider, delivery, &mut self.rng) {
                Ok(true) => {}
                Ok(false) if self.said_no_id => {}
                Ok(false) => {
                    self.said_no_id = true;
                    self.report.warn(&format!(
                        "{source}: a delivery of {} has no id outside its body, which stays as it is",
                        provider.title
                    ));
                }
                Err(why) => self.report.warn(&format!("{source}: {why}")),
            }
        }
        let target = &self.plan.request.target;
        if let Err(why) = self
            .plan
            .signer
            .context(provider, delivery, target, &mut self.rng)
        {
            self.report
                .warn(&format!("{source}: cannot be signed: {why}"));
        }
    }
}

/// A number of deliveries.
fn counted(number: u64) -> String {
    match number {
        1 => "1 delivery".into(),
        number => format!("{number} deliveries"),
    }
}

/// Returns source names in backticks, with commas.
fn listed(sources: &[String]) -> String {
    let names: Vec<String> = sources.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Returns a duration rounded down to one unit.
fn said(span: Duration) -> String {
    let (number, unit) = match span.as_secs() {
        seconds @ 0..120 => (seconds, "second"),
        seconds @ 120..7200 => (seconds / 60, "minute"),
        seconds @ 7200..172_800 => (seconds / 3600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// Returns hashes of the message ids of a receipt.
fn messages(receipt: &Receipt) -> Vec<u64> {
    let hash = |id: &str| {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish()
    };
    let mut all: Vec<u64> = receipt
        .events
        .iter()
        .filter_map(|event| event.message_id.as_deref().map(hash))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Iterator for ReplayQueue {
    type Item = Job;

    fn next(&mut self) -> Option<Job> {
        loop {
            while let Some(queued) = self.dealt.pop_front() {
                if let Some(job) = self.job(queued) {
                    return Some(job);
                }
            }
            if !self.deal() {
                return None;
            }
        }
    }
}
