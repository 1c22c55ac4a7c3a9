//! Maker of the jobs of `replay`: sets path and headers of a queued fixture, and signs it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::cli::duration;
use crate::commands::job;
use crate::commands::job::{Job, JobOrigin};
use crate::commands::replay::plan::Plan;
use crate::commands::replay::queue::{QueuedFixture, Taken};
use crate::commands::signer;
use crate::commands::signer::StaleSignature;
use crate::io::recording::reader::Source;
use crate::io::recording::resume::Step;
use crate::providers;
use crate::providers::Provider;
use crate::report::Reporter;
use crate::webhook::{Delivery, Document, Expectation, Fixture, Receipt, Rng};

/// Fixtures whose signature age is checked at the start of a run, for a warning.
const LOOKED_AT: u32 = 8;

/// Age up to which a new signature counts as made just before sending.
const FRESH: Duration = Duration::from_secs(1);

/// Makes jobs of queued fixtures, on any thread.
pub struct JobMaker {
    plan: Arc<Plan>,
    report: Arc<Reporter>,
    /// Fixtures still to be checked for an old signature.
    to_check: AtomicU32,
    said_no_id: AtomicBool,
    said_redacted: AtomicBool,
}

impl JobMaker {
    /// Creates the maker of a run's jobs.
    pub fn new(plan: &Arc<Plan>, report: &Arc<Reporter>) -> Self {
        Self {
            plan: Arc::clone(plan),
            report: Arc::clone(report),
            to_check: AtomicU32::new(if plan.resign { 0 } else { LOOKED_AT }),
            said_no_id: AtomicBool::new(false),
            said_redacted: AtomicBool::new(false),
        }
    }

    /// Makes a job: sets path and headers, and signs with `--resign`.
    pub fn make(&self, queued: QueuedFixture, rng: &mut Rng) -> Job {
        let plan = &self.plan;
        let Taken {
            source,
            fixture,
            mut receipt,
            ..
        } = queued.item;
        if plan.ordered {
            receipt =
                receipt.or_else(|| Some(Arc::new(providers::outline(&fixture.delivery, None))));
        }
        let receipt = receipt.as_deref();
        let provider = self.provider(&fixture.delivery, receipt);
        let origin = self.origin(&fixture, receipt, &source, queued.step);
        let redacted = fixture.is_redacted();
        let Fixture {
            id, mut delivery, ..
        } = fixture;
        delivery.aim(match &plan.path {
            Some(path) => path.clone(),
            None => plan.request.target.path_for(&delivery.path),
        });
        if plan.resign {
            self.sign(&mut delivery, provider, &source, rng);
        } else if redacted {
            self.say_redacted(&source);
        } else if let (Some(provider), true) = (provider, self.checks_age()) {
            self.check_age(provider, &delivery, &source);
        }
        plan.request.dress(&mut delivery);
        Job {
            id: id.unwrap_or_else(|| queued.read.to_string()),
            about: receipt.map(job::about),
            source,
            provider,
            delivery,
            origin,
        }
    }

    /// Returns the provider of a delivery, where it is needed before the delivery is printed.
    fn provider(
        &self,
        delivery: &Delivery,
        receipt: Option<&Receipt>,
    ) -> Option<&'static Provider> {
        match receipt {
            Some(receipt) => receipt.provider.and_then(providers::find),
            None if self.plan.resign || self.checks_age() => {
                let document = Document::of(delivery).ok();
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
        step: Step,
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
            keeps_signature: !plan.resign,
            fixture: is_kept.then(|| Box::new(fixture.clone())),
        }
    }

    /// Signs a job again that has waited, so that its signature is as new as one made just before sending.
    pub fn renew(&self, job: &mut Job, made: Instant, rng: &mut Rng) {
        let signer = &self.plan.signer;
        if made.elapsed() > FRESH
            && self.plan.resign
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
                "{source}: signed {} ago; a handler that allows {} refuses it. `--resign` makes new signatures",
                said(age),
                said(allowed)
            ));
        }
    }

    fn sign(
        &self,
        delivery: &mut Delivery,
        provider: Option<&'static Provider>,
        source: &Source,
        rng: &mut Rng,
    ) {
        let Some(provider) = provider else {
            self.report.warn(&format!(
                "{source}: no provider is recognised, so it is not signed"
            ));
            return;
        };
        if self.plan.fresh_ids {
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
        let target = &self.plan.request.target;
        if let Err(why) = self.plan.signer.sign(provider, delivery, target, rng) {
            self.report
                .warn(&format!("{source}: cannot be signed: {why}"));
        }
    }
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
