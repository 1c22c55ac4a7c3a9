//! Delivers parcels: one after another or several at once, patiently, and tells of every attempt.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::task::LocalSet;

use super::interrupt::Interrupt;
use super::plan::Statuses;
use crate::error::Exit;
use crate::io::client::{Client, Line};
use crate::providers::{self, Keys, Provider};
use crate::report::{Notice, Reporter, Tally};
use crate::webhook::{Attempt, Chance, Delivery, Outcome, Receipt, Recipe, Retry, Seal, Target};

/// A delivery ready to go, and what is said of it.
#[derive(Debug)]
pub struct Parcel {
    /// Stays the same for every attempt.
    pub id: String,
    /// Where it comes from, for the reader.
    pub source: String,
    /// What it is about, for the reader.
    pub about: String,
    /// Whose shape it has.
    pub provider: Option<&'static Provider>,
    /// The request.
    pub delivery: Delivery,
}

/// Signs deliveries as their provider does.
#[derive(Debug)]
pub struct Sealer {
    /// What to sign with.
    pub keys: Keys,
    /// The time to sign; now if none.
    pub at: Option<Timestamp>,
    /// The URL that is signed where one is; the one it goes to if none.
    pub public_url: Option<String>,
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
    /// What counts as success.
    pub expected: Statuses,
    /// Signs every attempt after the first anew, where that is wanted.
    pub sealer: Option<Rc<Sealer>>,
    /// Whom to tell.
    pub report: Arc<Reporter>,
    /// Whether to stop.
    pub interrupt: Interrupt,
}

/// Where parcels come from, one at a time, so that memory does not grow with their number.
pub type Parcels = Box<dyn Iterator<Item = Parcel>>;

struct Run {
    courier: Courier,
    parcels: RefCell<Parcels>,
    tally: RefCell<Tally>,
    chance: RefCell<Chance>,
    /// No attempt begins before this: somebody was told to wait, and that holds for the whole target.
    hold: Cell<Option<Instant>>,
    /// The target said that it is gone for good (410).
    gone: Cell<bool>,
}

impl Courier {
    /// Delivers all of them, and gives what it came to. Must run on a current-thread runtime.
    pub async fn run(self, parcels: Parcels, tally: Tally, seed: u64) -> Tally {
        let begun = Instant::now();
        let concurrency = self.concurrency;
        let run = Rc::new(Run {
            courier: self,
            parcels: RefCell::new(parcels),
            tally: RefCell::new(tally),
            chance: RefCell::new(Chance::seeded(seed)),
            hold: Cell::new(None),
            gone: Cell::new(false),
        });
        let local = LocalSet::new();
        for _ in 0..concurrency {
            let run = Rc::clone(&run);
            local.spawn_local(async move { run.work().await });
        }
        local.await;
        if run.gone.get() {
            run.courier
                .report
                .warn("the target answered 410, gone for good: nothing more was sent to it");
        }
        match Rc::try_unwrap(run) {
            Ok(run) => {
                let mut tally = run.tally.into_inner();
                tally.elapsed += begun.elapsed();
                tally
            }
            // Every worker has ended, so nobody else holds the run.
            Err(run) => run.tally.replace(Tally::new("sent")),
        }
    }
}

impl Run {
    async fn work(&self) {
        let mut line = self.courier.client.line(&self.courier.target);
        while !self.courier.interrupt.is_set() && !self.gone.get() {
            let next = self.parcels.borrow_mut().next();
            let Some(parcel) = next else { return };
            self.deliver(&mut line, parcel).await;
        }
    }

    async fn deliver(&self, line: &mut Line, mut parcel: Parcel) {
        for number in 1.. {
            self.held().await;
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
            let (outcome, took) = line.deliver(&parcel.delivery.path, &parcel.delivery).await;
            let outcome = self.judge(outcome);
            self.gone
                .set(self.gone.get() || outcome.status() == Some(410) && !outcome.succeeded());
            let stopped = self.courier.interrupt.is_set() || self.gone.get();
            let wait = self
                .courier
                .retry
                .wait(number, &outcome, &mut self.chance.borrow_mut())
                .filter(|_| !stopped);
            let asked = matches!(
                outcome,
                Outcome::Answered {
                    retry_after: Some(_),
                    ..
                }
            );
            let attempt = Attempt {
                id: parcel.id.clone(),
                source: parcel.source.clone(),
                about: parcel.about.clone(),
                provider: parcel.provider.map(|provider| provider.name),
                number,
                outcome,
                took,
                last: wait.is_none(),
            };
            self.tell(&attempt);
            let Some(wait) = wait else { return };
            self.courier.report.tell(&Notice::Waiting {
                attempt: &attempt,
                wait,
            });
            if asked {
                self.hold
                    .set(self.hold.get().max(Some(Instant::now() + wait)));
            } else {
                self.sleep(wait).await;
            }
            if self.courier.interrupt.is_set() {
                // It was promised another attempt that does not come; it counts as failed.
                let mut tally = self.tally.borrow_mut();
                tally.deliveries += 1;
                tally.failed += 1;
                return;
            }
        }
    }

    fn judge(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Answered {
                status,
                body,
                retry_after,
                location,
                ..
            } => {
                let unexpected = (!self.courier.expected.accept(status)).then(|| {
                    format!(
                        "{status} is not the status expected, {}",
                        self.courier.expected.as_typed()
                    )
                });
                Outcome::Answered {
                    status,
                    body,
                    retry_after,
                    location,
                    unexpected,
                }
            }
            other => other,
        }
    }

    fn tell(&self, attempt: &Attempt) {
        let mut tally = self.tally.borrow_mut();
        tally.attempted(attempt);
        self.courier.report.tell(&Notice::Attempted(attempt));
        if attempt.last {
            self.courier.report.progress().step(tally.failed);
        }
    }

    async fn held(&self) {
        while let Some(until) = self.hold.get() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.courier.interrupt.is_set() {
                return;
            }
            self.sleep(left).await;
        }
    }

    async fn sleep(&self, span: Duration) {
        tokio::select! {
            () = tokio::time::sleep(span) => {}
            () = self.courier.interrupt.wait() => {}
        }
    }
}

impl Sealer {
    /// Signs a delivery by its provider's rule; what it says if it cannot.
    pub fn seal(
        &self,
        provider: &Provider,
        delivery: &mut Delivery,
        target: &Target,
        chance: &mut Chance,
    ) -> Result<(), String> {
        match providers::signing_scheme(provider, delivery) {
            Some(scheme) => self.seal_as(scheme, provider, delivery, target, chance),
            None => Ok(()),
        }
    }

    /// Signs a delivery by that scheme of its provider; where there is no key to sign with, it stays as it is.
    pub fn seal_as(
        &self,
        scheme: &Recipe,
        provider: &Provider,
        delivery: &mut Delivery,
        target: &Target,
        chance: &mut Chance,
    ) -> Result<(), String> {
        let Some(key) = self.keys.signing(provider) else {
            return Ok(());
        };
        let url = self
            .public_url
            .clone()
            .unwrap_or_else(|| format!("{}{}", target.origin(), delivery.path));
        scheme.sign(
            delivery,
            key,
            &mut Seal {
                at: self.at.unwrap_or_else(Timestamp::now),
                url: &url,
                chance,
            },
        )
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
    if tally.unanswered > 0 {
        report.say(" hint: is your handler running? `webhook-cli listen` shows what arrives");
    }
}

/// How a run of attempts ends.
pub fn exit(tally: &Tally, interrupted: bool) -> Exit {
    let mut exit = Exit::Success;
    if tally.failed > 0 {
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
