//! Maker of the jobs of `replay`: sets path and headers of a queued fixture, and signs it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::cli::duration;
use crate::commands::job;
use crate::commands::job::{Job, JobOrigin};
use crate::commands::replay::delivery_changer::DeliveryChanger;
use crate::commands::replay::plan::ReplayPlan;
use crate::commands::replay::queue::{Counts, QueuedFixture, Taken};
use crate::commands::signer;
use crate::commands::signer::StaleSignature;
use crate::error::Result;
use crate::io::recording::reader::Source;
use crate::io::recording::resume::ResumeStep;
use crate::providers;
use crate::providers::Provider;
use crate::report::Reporter;
use crate::webhook::{Delivery, Document, Expectation, Fixture, Receipt, Rng};

/// Fixtures whose signature age is checked at the start of a run, for a warning.
const LOOKED_AT: u32 = 8;

/// Age up to which a new signature counts as made just before sending.
const FRESH: Duration = Duration::from_secs(1);

/// Makes jobs of queued fixtures, on any thread.
pub(crate) struct JobMaker {
    plan: Arc<ReplayPlan>,
    report: Arc<Reporter>,
    counts: Counts,
    changer: DeliveryChanger,
    /// Fixtures still to be checked for an old signature.
    to_check: AtomicU32,
    said_no_id: AtomicBool,
    said_redacted: AtomicBool,
}

impl JobMaker {
    /// Creates the maker of a run's jobs.
    pub(crate) fn new(plan: &Arc<ReplayPlan>, report: &Arc<Reporter>, counts: Counts) -> Self {
        Self {
            plan: Arc::clone(plan),
            report: Arc::clone(report),
            counts,
            changer: DeliveryChanger::new(plan, report),
            to_check: AtomicU32::new(if plan.resign { 0 } else { LOOKED_AT }),
            said_no_id: AtomicBool::new(false),
            said_redacted: AtomicBool::new(false),
        }
    }

    /// Makes a job: changes the delivery, sets path and headers, and signs it where it is to be signed. None, after an
    /// error, if it cannot be changed or signed anew.
    pub(crate) fn make(&self, queued: QueuedFixture, rng: &mut Rng) -> Option<Job> {
        match self.try_make(queued, rng) {
            Ok(job) => Some(job),
            Err(error) => {
                self.counts.add_unfit();
                self.report.complain(&error);
                None
            }
        }
    }

    fn try_make(&self, queued: QueuedFixture, rng: &mut Rng) -> Result<Job> {
        let plan = &self.plan;
        let provider = {
            let item = &queued.item;
            let recorded = item.recorded.as_deref().unwrap_or(&item.fixture);
            self.provider(&recorded.delivery, item.receipt.as_deref())
        };
        let (item, recorded) = self.changed(queued.item, provider)?;
        let Taken {
            source,
            fixture,
            mut receipt,
            ..
        } = *item;
        if plan.ordered {
            receipt =
                receipt.or_else(|| Some(Arc::new(providers::outline(&fixture.delivery, None))));
        }
        let receipt = receipt.as_deref();
        let mut origin = self.origin(&fixture, receipt, &source, queued.step);
        let redacted = fixture.is_redacted();
        let Fixture {
            id, mut delivery, ..
        } = fixture;
        delivery.aim(match &plan.path {
            Some(path) => path.clone(),
            None => plan.request.target.path_for(&delivery.path),
        });
        let signed = match &recorded {
            Some(recorded) => self.sign_anew(recorded, &mut delivery, provider, &source, rng)?,
            None if plan.resign => self.sign(&mut delivery, provider, &source, rng),
            None => false,
        };
        origin.keeps_signature = !signed;
        match (&recorded, provider) {
            (Some(_), _) => {
                if let Some(kept) = &mut origin.fixture {
                    keep_changed(kept, &delivery);
                }
            }
            _ if plan.resign => {}
            _ if redacted => self.say_redacted(&source),
            (None, Some(provider)) if self.checks_age() => {
                self.check_age(provider, &delivery, &source);
            }
            (None, _) => {}
        }
        plan.request.dress(&mut delivery);
        Ok(Job {
            id: id.unwrap_or_else(|| queued.read.to_string()),
            about: receipt.map(job::about),
            source,
            provider,
            delivery,
            origin,
        })
    }

    /// Applies `--set` and `--unset`, unless that was done before an edit. Returns the recorded fixture too, if the
    /// delivery is another now.
    fn changed(
        &self,
        mut item: Box<Taken>,
        provider: Option<&'static Provider>,
    ) -> Result<(Box<Taken>, Option<Box<Fixture>>)> {
        let mut recorded = item.recorded.take();
        if recorded.is_none() && !self.plan.changes.is_empty() {
            let before = Box::new(item.fixture.clone());
            let delivery = &mut item.fixture.delivery;
            let is_changed = self.changer.change(delivery, provider, &item.source)?;
            recorded = is_changed.then_some(before);
        }
        if recorded.is_some() {
            item.receipt = None;
        }
        Ok((item, recorded))
    }

    /// Signs a delivery that was changed; false if it has no signature to renew.
    fn sign_anew(
        &self,
        recorded: &Fixture,
        delivery: &mut Delivery,
        provider: Option<&'static Provider>,
        source: &Source,
        rng: &mut Rng,
    ) -> Result<bool> {
        let Some(provider) = self.changer.signs(recorded, provider, source)? else {
            return Ok(false);
        };
        if self.plan.fresh_ids {
            self.renew_id(delivery, provider, source, rng);
        }
        self.changer.sign(delivery, provider, source, rng)?;
        Ok(true)
    }

    /// Returns the provider of a delivery, where it is needed before the delivery is printed.
    fn provider(
        &self,
        delivery: &Delivery,
        receipt: Option<&Receipt>,
    ) -> Option<&'static Provider> {
        match receipt {
            Some(receipt) => receipt.provider.and_then(providers::find),
            None if self.plan.signs() || self.checks_age() => {
                let document = Document::top(delivery).ok();
                providers::recognise(delivery, document.as_ref()).map(|(provider, _)| provider)
            }
            None => None,
        }
    }

    fn origin(
        &self,
        fixture: &Fixture,
        receipt: Option<&Receipt>,
        source: &Source,
        step: ResumeStep,
    ) -> JobOrigin {
        let plan = &self.plan;
        let is_kept = plan.failed_to.is_some() || plan.answers_to.is_some();
        let target = || plan.request.target.to_string();
        let reply = plan
            .compare
            .then(|| fixture.last_reply(Some(&target())))
            .flatten();
        let messages = receipt.filter(|_| plan.ordered).map(messages);
        JobOrigin {
            at: fixture.at,
            step: plan.resume.is_some().then_some(step),
            expected: self.expected(fixture, source),
            reply,
            messages: messages.unwrap_or_default(),
            keeps_signature: true,
            fixture: is_kept.then(|| Box::new(fixture.clone())),
        }
    }

    /// Signs a job again that has waited, so that its signature is as new as one made just before sending.
    pub(crate) fn renew(&self, job: &mut Job, made: Instant, rng: &mut Rng) {
        let signer = &self.plan.signer;
        if made.elapsed() > FRESH
            && !job.origin.keeps_signature
            && signer.renews()
            && let Some(provider) = job.provider
        {
            // A delivery that could be signed once can be signed again.
            let target = &self.plan.request.target;
            let _ = signer.sign(provider, &mut job.delivery, target, rng);
        }
    }

    fn checks_age(&self) -> bool {
        self.to_check.load(Ordering::Relaxed) > 0
    }

    fn expected(&self, fixture: &Fixture, source: &Source) -> Option<Expectation> {
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
    fn say_redacted(&self, source: &Source) {
        if !self.said_redacted.swap(true, Ordering::Relaxed) {
            self.report.warn(&format!(
                "{source}: it was recorded with `--redact`, so its signature does not hold; `--resign` makes a new one"
            ));
        }
    }

    /// Warns once that recorded signatures are too old.
    fn check_age(&self, provider: &Provider, delivery: &Delivery, source: &Source) {
        let left = self.to_check.load(Ordering::Relaxed);
        self.to_check
            .store(left.saturating_sub(1), Ordering::Relaxed);
        if let Some(StaleSignature { age, allowed }) =
            signer::stale(provider, delivery, Timestamp::now())
        {
            self.to_check.store(0, Ordering::Relaxed);
            self.report.warn(&format!(
                "{source}: signed {} ago; a handler that allows {} rejects it. `--resign` makes new signatures",
                said(age),
                said(allowed)
            ));
        }
    }

    /// Signs a delivery for `--resign`; false, after a warning, if that cannot be done.
    fn sign(
        &self,
        delivery: &mut Delivery,
        provider: Option<&'static Provider>,
        source: &Source,
        rng: &mut Rng,
    ) -> bool {
        let Some(provider) = provider else {
            self.report.warn(&format!(
                "{source}: no provider is recognised, so it is not signed"
            ));
            return false;
        };
        if self.plan.fresh_ids {
            self.renew_id(delivery, provider, source, rng);
        }
        let target = &self.plan.request.target;
        let signed = self.plan.signer.sign(provider, delivery, target, rng);
        if let Err(why) = &signed {
            self.report
                .warn(&format!("{source}: cannot be signed: {why}"));
        }
        signed.is_ok()
    }

    /// Gives a delivery a new id (`--fresh-ids`).
    fn renew_id(
        &self,
        delivery: &mut Delivery,
        provider: &'static Provider,
        source: &Source,
        rng: &mut Rng,
    ) {
        match self.plan.signer.renew_id(provider, delivery, rng) {
            Ok(true) => {}
            Ok(false) if self.said_no_id.swap(true, Ordering::Relaxed) => {}
            Ok(false) => {
                self.report.warn(&format!(
                    "{source}: a delivery of {} has no id outside its body, which stays as it is",
                    provider.title
                ));
            }
            Err(why) => self.report.warn(&format!("{source}: {why}")),
        }
    }
}

/// Makes the fixture of a changed delivery, for a file: as it is sent, without the responses to the recorded one.
fn keep_changed(fixture: &mut Fixture, sent: &Delivery) {
    fixture.delivery.headers = sent.headers.clone();
    fixture.delivery.body = sent.body.clone();
    fixture.reply = None;
    fixture.answers.clear();
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
