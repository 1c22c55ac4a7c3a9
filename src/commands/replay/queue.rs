//! Queue of `replay`: reads fixtures one by one, filters, repeats and reorders them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::commands::replay::plan::ReplayPlan;
use crate::error::{Error, Result};
use crate::io::recording::last::last;
use crate::io::recording::locate;
use crate::io::recording::pump::Stop;
use crate::io::recording::reader;
use crate::io::recording::reader::{SourceItem, SourcePosition, Sources};
use crate::io::recording::resume::{CompletedWork, ResumeStep};
use crate::report::Reporter;
use crate::webhook::{Fixture, Receipt, ReorderBuffer, Reordering};

/// Counters of the fixtures that are read, shared with the running replay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts(Arc<CountsNow>);

#[derive(Debug, Default)]
struct CountsNow {
    /// Fixtures read, unreadable ones included.
    read: AtomicU64,
    /// Fixtures that match the filter.
    chosen: AtomicU64,
    /// Matching fixtures that `--drop` left out.
    dropped: AtomicU64,
    /// Fixtures that could not be read.
    broken: AtomicU64,
    /// Matching fixtures that could not be changed or signed anew, and are not sent.
    unfit: AtomicU64,
}

impl Counts {
    /// Returns the number of fixtures that could not be read.
    pub(crate) fn broken(&self) -> u64 {
        self.0.broken.load(Ordering::Relaxed)
    }

    /// True if fixtures could not be changed or signed anew.
    pub(crate) fn has_unfit(&self) -> bool {
        self.0.unfit.load(Ordering::Relaxed) > 0
    }

    /// Counts a fixture that could not be changed or signed anew.
    pub(crate) fn add_unfit(&self) {
        Self::add(&self.0.unfit);
    }

    /// Returns the message for a run that had nothing to send and printed no other reason.
    pub(crate) fn nothing(&self, sources: &[String]) -> Option<String> {
        let CountsNow {
            read,
            chosen,
            broken,
            ..
        } = &*self.0;
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        match (now(read), now(chosen), now(broken)) {
            (0, ..) => Some(format!("no deliveries in {}", listed(sources))),
            (1, 0, 0) => Some("1 delivery read, and it does not match; nothing was sent".into()),
            (read, 0, 0) => Some(format!(
                "{read} deliveries read, and none matches; nothing was sent"
            )),
            _ => None,
        }
    }

    /// Returns the message about fixtures that `--drop` left out, if there are any.
    pub(crate) fn left_out(&self) -> Option<String> {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        match (now(&self.0.dropped), now(&self.0.chosen)) {
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

    fn add(count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Fails if fixtures could not be read, unless `allowed` (`--skip-broken`); for a dry run.
    pub(crate) fn result(&self, allowed: bool) -> Result<()> {
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

/// Iterator over the fixtures that a replay sends.
pub(crate) struct ReplayQueue {
    plan: Arc<ReplayPlan>,
    report: Arc<Reporter>,
    sources: Sources,
    counts: Counts,
    /// Rounds still to be read after this one (`--repeat`).
    rounds: u32,
    /// Fixtures read, over all rounds.
    read: u64,
    /// Fixtures of this round that match.
    wanted: usize,
    disorder: Reordering,
    buffer: ReorderBuffer<QueuedFixture>,
    dealt: VecDeque<QueuedFixture>,
    ended: bool,
    /// Jobs numbered for the resume journal, and the number up to which every fixture is accounted for.
    number: u64,
    covered: u64,
    completed: CompletedWork,
}

/// Fixture that is to be sent, with its number.
#[derive(Clone, Debug)]
pub(crate) struct QueuedFixture {
    /// Boxed: it is large, and goes through several hands.
    pub(super) item: Box<Taken>,
    /// Number among the fixtures that were read, from 1.
    pub(super) read: u64,
    pub(super) step: ResumeStep,
}

impl QueuedFixture {
    /// Returns the size of its body in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.item.fixture.delivery.body.len()
    }
}

/// Fixture that matches the filter, as it was read.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) source: reader::Source,
    pub(super) fixture: Fixture,
    /// Receipt, if the filter had to read one.
    pub(super) receipt: Option<Arc<Receipt>>,
    /// Fixture as it was recorded, if `fixture` was edited.
    pub(super) recorded: Option<Box<Fixture>>,
    after: SourcePosition,
}

impl ReplayQueue {
    /// Opens the sources.
    pub(crate) fn open(
        plan: &Arc<ReplayPlan>,
        report: &Arc<Reporter>,
        names: &[String],
        stop: Stop,
    ) -> Result<ReplayQueue> {
        let sources = match plan.watch {
            true => locate::open_watched(names)?,
            false => locate::open(names)?,
        };
        let sources = sources
            .edited(plan.edited)
            .answered(plan.choice.reads_answer() || plan.compare)
            .until(stop);
        let sources = last(sources, plan.choice.last, |fixture| {
            plan.chooses(fixture).is_ok()
        })?;
        Ok(ReplayQueue {
            plan: Arc::clone(plan),
            report: Arc::clone(report),
            sources,
            counts: Counts::default(),
            rounds: plan.repeat.saturating_sub(1),
            read: 0,
            wanted: 0,
            disorder: plan.disorder,
            buffer: plan.disorder.buffer(),
            dealt: VecDeque::new(),
            ended: false,
            number: 0,
            covered: 0,
            completed: CompletedWork::default(),
        })
    }

    /// Returns the counters, which go on counting while the queue is read.
    pub(crate) fn counts(&self) -> Counts {
        self.counts.clone()
    }

    /// Puts fixtures that were taken out of the queue, and may have been edited, in place of what is left in it.
    pub(crate) fn put_back(&mut self, queued: Vec<QueuedFixture>) {
        self.dealt = queued.into();
        self.ended = true;
        self.buffer = self.disorder.buffer();
    }

    /// Returns the sources.
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Starts at this position of the sources.
    pub(crate) fn begin_at(&mut self, place: SourcePosition) -> std::result::Result<(), String> {
        self.sources.go_to(place)
    }

    /// Skips what an earlier run with this journal has sent. `seed` is the seed of that run's reordering.
    pub(crate) fn go_on(&mut self, completed: CompletedWork, seed: u64) -> Result<()> {
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
            self.counts.0.read.store(number, Ordering::Relaxed);
            self.counts.0.chosen.store(number, Ordering::Relaxed);
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
        let item = match self.plan.choice.is_full(self.wanted) {
            true => None,
            false => self.sources.next(),
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
                step: ResumeStep::default(),
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
        self.wanted = 0;
        true
    }

    /// Applies the filter to an item that was read, and counts it; none if it is not sent.
    fn take(&mut self, item: SourceItem) -> Option<Box<Taken>> {
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
        let receipt = self.plan.chooses(&fixture).ok()?;
        self.wanted += 1;
        if !self.plan.choice.admits(self.wanted - 1) {
            return None;
        }
        Counts::add(&self.counts.0.chosen);
        Some(Box::new(Taken {
            source: item.source,
            fixture,
            receipt: receipt.map(Arc::new),
            recorded: None,
            after: item.after,
        }))
    }

    /// Sets the fixture's step in the resume journal; none if it was sent before.
    fn numbered(&mut self, mut queued: QueuedFixture) -> Option<QueuedFixture> {
        queued.step = if self.plan.is_plain() {
            ResumeStep {
                first: self.covered + 1,
                number: queued.read,
                after: queued.item.after,
            }
        } else {
            self.number += 1;
            ResumeStep {
                first: self.number,
                number: self.number,
                after: SourcePosition::default(),
            }
        };
        self.covered = queued.step.number;
        if self.completed.has(queued.step.number) {
            self.report.progress().pass_over();
            return None;
        }
        Some(queued)
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

impl Iterator for ReplayQueue {
    type Item = QueuedFixture;

    fn next(&mut self) -> Option<QueuedFixture> {
        loop {
            while let Some(queued) = self.dealt.pop_front() {
                if let Some(queued) = self.numbered(queued) {
                    return Some(queued);
                }
            }
            if !self.deal() {
                return None;
            }
        }
    }
}
