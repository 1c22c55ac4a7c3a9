//! The desk of `listen`: each arrival is read, kept, passed on, answered and told, in this order.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::commands::id;
use crate::commands::listen::Plan;
use crate::commands::listen::duplicates;
use crate::commands::listen::duplicates::{Memory, Visit};
use crate::commands::listen::faults::{Failure, Mood};
use crate::commands::listen::forward::{Errand, Forwarder, Passed};
use crate::commands::listen::recording::Keeper;
use crate::commands::shutdown::InFlight;
use crate::commands::sns::certificates::Notary;
use crate::commands::sns::subscription::{Confirmation, Confirmer};
use crate::error::Result;
use crate::io::server::{Answer, Arrival, Handler};
use crate::providers;
use crate::providers::{Challenged, Keys, Provider};
use crate::report::{Again, Forwarded, Notice, Received, Reporter, Tally};
use crate::webhook;
use crate::webhook::{Delivery, Event, Glob, Headers, Judge, Kind, Receipt, Reply};

/// The answer to give where no handler gives one.
#[derive(Clone, Debug)]
pub(crate) struct Canned {
    pub(crate) status: StatusCode,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

/// What is shown; all that is there if it says nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) paths: Vec<Glob>,
}

/// What an arrival meets: everything that is needed to deal with it.
pub(crate) struct Desk {
    keys: Arc<Keys>,
    provider: Option<&'static Provider>,
    require_signature: bool,
    tolerance: Option<Duration>,
    public_url: Option<String>,
    topics: Vec<String>,
    pub(crate) keeper: Option<Keeper>,
    pub(crate) forwarder: Option<Arc<Forwarder>>,
    confirmer: Option<Confirmer>,
    notary: Option<Notary>,
    answer: Canned,
    mood: Mood,
    memory: Memory,
    shown: Shown,
    count: Option<u64>,
    taken: AtomicU64,
    strangers: AtomicU64,
    pub(crate) tally: Mutex<Tally>,
    report: Arc<Reporter>,
    pub(crate) stop: Notify,
    /// Requests that have begun and are not over.
    pub(crate) in_flight: InFlight,
}

/// An arrival, and what we know of it.
struct Case {
    id: String,
    at: Timestamp,
    begun: Instant,
    remote: SocketAddr,
    delivery: Delivery,
    receipt: Receipt,
    visit: Option<Visit>,
    challenged: Option<Challenged>,
}

/// What is to become of a delivery.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Take,
    /// It only asks whether somebody is there, and nobody vouches for it.
    Greet,
    /// Its signature does not hold, and it must.
    Refuse,
    /// On purpose.
    Fail(Failure),
    /// It has come through here before.
    Loop,
}

/// What became of it.
struct Done {
    answer: Answer,
    /// For its signature.
    rejected: bool,
    on_purpose: bool,
    passed: Option<Passed>,
    errands: Vec<Errand>,
    confirmed: Option<Confirmation>,
}

impl Desk {
    pub(crate) fn new(plan: Plan, report: Arc<Reporter>) -> Result<Desk> {
        let keeper = plan.record.as_ref();
        let keeper = keeper
            .map(|record| Keeper::open(record, &report))
            .transpose()?;
        Ok(Desk {
            keys: plan.keys,
            provider: plan.provider,
            require_signature: plan.require_signature,
            tolerance: plan.tolerance,
            public_url: plan.public_url,
            topics: plan.topics,
            keeper,
            forwarder: plan
                .forwarding
                .map(|forwarding| Arc::new(Forwarder::new(&forwarding, Arc::clone(&report)))),
            confirmer: plan.confirm_sns.then(Confirmer::new),
            notary: plan.fetch_certs.then(Notary::new).transpose()?,
            answer: plan.answer,
            mood: plan.mood,
            memory: Memory::default(),
            shown: plan.shown,
            count: plan.count,
            taken: AtomicU64::new(0),
            strangers: AtomicU64::new(0),
            tally: Mutex::new(Tally::new("received")),
            report,
            stop: Notify::new(),
            in_flight: InFlight::default(),
        })
    }
}

impl Handler for Desk {
    async fn take(self: Arc<Self>, arrival: Arrival) -> Answer {
        if let Some(provider) = asks_for_certificate(&arrival.delivery) {
            let who = if provider.name == "ses" {
                "SNS"
            } else {
                provider.title
            };
            self.report.say(&format!(
                "a handler asked for the certificate that `send` signs with as {who}"
            ));
            return certificate(provider);
        }
        let mut case = self.open(arrival);
        // Boxed, as keeping and passing on are below: they are rare or large, and every delivery would carry their size.
        if let Some(notary) = &self.notary {
            let judge = self.judge_at(case.at);
            Box::pin(notary.vouch(&case.delivery, &judge, &mut case.receipt)).await;
        }
        let verdict = self.judge(&case);
        if verdict == Verdict::Refuse {
            let why = why_rejected(&case.receipt);
            case.receipt.signature.reason.get_or_insert(why);
        }
        let done = self.deal(&case, verdict).await;
        if !self.mood.delay.is_zero() && self.mood.concerns(&case.receipt.events) {
            Box::pin(tokio::time::sleep(self.mood.delay)).await;
        }
        self.told(&case, &done);
        if let Some(forwarder) = &self.forwarder {
            forwarder.send(&case.id, case.at, &case.delivery, done.errands);
        }
        done.answer
    }

    fn begun(&self) {
        self.in_flight.add();
    }

    fn ended(&self) {
        self.in_flight.take();
    }

    fn refused(&self, remote: SocketAddr, status: StatusCode, why: &str) {
        self.tell_of_stranger(&format!("answered {} to {remote}: {why}", status.as_u16()));
    }

    fn unmet(&self, remote: SocketAddr, why: &str) {
        self.tell_of_stranger(&format!("no connection with {remote}: {why}"));
    }
}

/// So many words are made about requests that were none. Whoever floods us does not flood the terminal.
const TOLD_OF_STRANGERS: u64 = 20;

impl Desk {
    fn tell_of_stranger(&self, line: &str) {
        match self.strangers.fetch_add(1, Ordering::Relaxed) {
            0..TOLD_OF_STRANGERS => self.report.warn(line),
            TOLD_OF_STRANGERS => self.report.warn("and more like these, which are not told"),
            _ => {}
        }
    }

    fn open(&self, arrival: Arrival) -> Case {
        let begun = Instant::now();
        let Arrival {
            delivery,
            remote,
            at,
        } = arrival;
        let judge = self.judge_at(at);
        let receipt = providers::read(&delivery, self.provider, &self.keys, &judge);
        let by_bytes = || {
            let counts = self.mood.counts() && !receipt.handshake;
            counts.then(|| duplicates::of_bytes(&delivery))
        };
        let identity = receipt.identity.or_else(by_bytes);
        Case {
            id: id::new(at),
            at,
            begun,
            remote,
            visit: identity.map(|identity| self.memory.visit(identity, begun)),
            challenged: Challenged::read(&receipt, &delivery),
            delivery,
            receipt,
        }
    }

    /// What a signature is judged by that comes at that moment.
    fn judge_at(&self, now: Timestamp) -> Judge {
        Judge {
            now,
            tolerance: self.tolerance,
            public_url: self.public_url.clone(),
            topics: self.topics.clone(),
        }
    }

    fn judge(&self, case: &Case) -> Verdict {
        let forwarder = self.forwarder.as_ref();
        if forwarder.is_some_and(|it| it.has_passed(&case.delivery.headers)) {
            return Verdict::Loop;
        }
        if self.require_signature && !case.receipt.signature.verdict.holds() {
            return if case.receipt.handshake {
                Verdict::Greet
            } else {
                Verdict::Refuse
            };
        }
        if case.receipt.handshake || case.challenged.is_some() {
            return Verdict::Take;
        }
        let count = case.visit.map_or(1, |visit| visit.count);
        let failure = self.mood.fails(&case.receipt.events, count);
        failure.map_or(Verdict::Take, Verdict::Fail)
    }

    async fn deal(&self, case: &Case, verdict: Verdict) -> Done {
        if verdict == Verdict::Loop {
            let why = "a loop: this listener has passed it on before, and got it back\n";
            return Done::of(plain(StatusCode::LOOP_DETECTED, why));
        }
        if let Err(unkept) = self.keep(case, verdict).await {
            return Done::of(unkept);
        }
        match verdict {
            Verdict::Refuse => {
                let why = case.receipt.signature.reason.as_deref().unwrap_or_default();
                Done {
                    rejected: true,
                    ..Done::of(plain(StatusCode::UNAUTHORIZED, &format!("{why}\n")))
                }
            }
            Verdict::Fail(failure) => Done {
                on_purpose: true,
                ..Done::of(match failure {
                    Failure::Status(status) => plain(status, "failed on purpose\n"),
                    Failure::HangUp => Answer {
                        hang_up: true,
                        ..Answer::of(StatusCode::SERVICE_UNAVAILABLE)
                    },
                })
            },
            Verdict::Greet | Verdict::Loop => Done::of(self.usual(case)),
            Verdict::Take => self.accept(case).await,
        }
    }

    /// Keeps it, where that is wanted, before anything else becomes of it; the answer to give where it cannot be kept.
    async fn keep(&self, case: &Case, verdict: Verdict) -> std::result::Result<(), Answer> {
        let Some(keeper) = &self.keeper else {
            return Ok(());
        };
        // What a handler will answer is not known yet; to be kept comes first.
        let waits = self.forwarder.as_ref().is_some_and(|it| !it.acknowledges());
        let status = match verdict {
            Verdict::Refuse => Some(StatusCode::UNAUTHORIZED),
            Verdict::Fail(Failure::Status(status)) => Some(status),
            Verdict::Fail(Failure::HangUp) => None,
            Verdict::Take if waits => None,
            Verdict::Take | Verdict::Greet | Verdict::Loop => Some(self.usual_status(case)),
        };
        let took = case.begun.elapsed();
        let reply = status.map(|status| Reply::new(status.as_u16(), took, None));
        match Box::pin(keeper.keep(&case.id, case.at, &case.delivery, reply)).await {
            Ok(file) => {
                self.report.tell(&Notice::Recorded {
                    id: &case.id,
                    file: &file,
                });
                Ok(())
            }
            Err(why) => {
                self.report
                    .warn(&format!("not recorded, so not acknowledged: {why}"));
                Err(plain(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "the delivery could not be recorded\n",
                ))
            }
        }
    }

    async fn accept(&self, case: &Case) -> Done {
        let confirmed = match &self.confirmer {
            Some(confirmer) => Box::pin(confirmer.confirm(&case.receipt)).await,
            None => None,
        };
        let (passed, errands) = match &self.forwarder {
            None => (None, Vec::new()),
            Some(forwarder) => {
                let events = &case.receipt.events;
                Box::pin(forwarder.pass(&case.id, case.at, &case.delivery, events)).await
            }
        };
        let (passed, answer) = match passed {
            Some((passed, answer)) => (Some(passed), answer),
            None => (None, self.usual(case)),
        };
        Done {
            passed,
            errands,
            confirmed,
            ..Done::of(answer)
        }
    }

    /// The answer where no handler is asked.
    fn usual(&self, case: &Case) -> Answer {
        let delivery = &case.delivery;
        let mut headers = self.answer.headers.clone();
        if let Some(challenged) = &case.challenged {
            let (kind, body) = challenged.answer();
            headers.set(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
            return Answer {
                headers,
                body: body.into(),
                ..Answer::of(self.usual_status(case))
            };
        }
        // CloudEvents asks, before it sends, whether it may.
        if let (true, Some(origin)) = (
            delivery.method == http::Method::OPTIONS,
            delivery.headers.get("webhook-request-origin"),
        ) {
            headers.push(
                HeaderName::from_static("webhook-allowed-origin"),
                origin.clone(),
            );
            if delivery.headers.get("webhook-request-rate").is_some() {
                headers.push(
                    HeaderName::from_static("webhook-allowed-rate"),
                    HeaderValue::from_static("*"),
                );
            }
            headers.push(http::header::ALLOW, HeaderValue::from_static("POST"));
        }
        Answer {
            headers,
            body: self.answer.body.clone(),
            ..Answer::of(self.answer.status)
        }
    }

    /// Its status: of all that are a success, a code must come back with 200.
    fn usual_status(&self, case: &Case) -> StatusCode {
        match &case.challenged {
            Some(_) if self.answer.status.is_success() => StatusCode::OK,
            _ => self.answer.status,
        }
    }

    fn told(&self, case: &Case, done: &Done) {
        let took = case.begun.elapsed();
        let status = (!done.answer.hang_up).then_some(done.answer.status.as_u16());
        let again = case.visit.filter(|visit| visit.count > 1);
        self.tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .received(&case.receipt, done.rejected, status, took, again.is_some());
        if self
            .shown
            .includes(case.delivery.path.path(), &case.receipt.events)
        {
            self.report.tell(&Notice::Received(Received {
                id: &case.id,
                at: case.at,
                remote: case.remote,
                delivery: &case.delivery,
                receipt: &case.receipt,
                status,
                answer: &done.answer.body,
                took,
                rejected: done.rejected,
                on_purpose: done.on_purpose,
                again: again.map(|Visit { count, since }| Again { count, since }),
            }));
        }
        if let Some(confirmed) = &done.confirmed {
            confirmed.tell(&case.id, &self.report);
        }
        if let Some(passed) = &done.passed {
            self.report.tell(&Notice::Forwarded(Forwarded {
                id: &case.id,
                target: &passed.target,
                attempt: 1,
                outcome: &passed.outcome,
                took: passed.took,
                again_in: None,
                later: None,
            }));
        }
        let taken = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        if self.count.is_some_and(|count| taken >= count) {
            self.stop.notify_one();
        }
    }
}

impl Done {
    fn of(answer: Answer) -> Self {
        Self {
            answer,
            rejected: false,
            on_purpose: false,
            passed: None,
            errands: Vec::new(),
            confirmed: None,
        }
    }
}

impl Shown {
    fn includes(&self, path: &str, events: &[Event]) -> bool {
        let is_kind = |event: &Event| self.kinds.contains(&event.kind);
        (self.kinds.is_empty() || events.iter().any(is_kind))
            && (self.paths.is_empty() || self.paths.iter().any(|glob| glob.matches(path)))
    }
}

/// Why a delivery does not pass whose signature nobody has looked at.
fn why_rejected(receipt: &Receipt) -> String {
    match (
        receipt.provider.and_then(providers::find),
        receipt.signature.verdict,
    ) {
        (None, _) => "no provider is recognised, so there is no signature to verify".into(),
        (Some(_), webhook::Verdict::Unchecked) => {
            "no secret was given to verify it with, and the test key does not fit".into()
        }
        (Some(provider), _) if provider.schemes.is_empty() => {
            format!(
                "{} signs nothing, so nothing can be verified",
                provider.title
            )
        }
        (Some(_), _) => "it is not signed".into(),
    }
}

/// An answer of a line of text.
pub(crate) fn plain(status: StatusCode, text: &str) -> Answer {
    let headers = [(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    )]
    .into_iter()
    .collect();
    Answer {
        headers,
        body: Bytes::copy_from_slice(text.as_bytes()),
        ..Answer::of(status)
    }
}

/// The provider of which a handler wants the certificate that stands behind what `send` signs.
fn asks_for_certificate(delivery: &Delivery) -> Option<&'static Provider> {
    let wanted = providers::certificate_at(delivery.path.as_str());
    wanted.filter(|_| delivery.method == http::Method::GET)
}

fn certificate(provider: &'static Provider) -> Answer {
    let pem = provider.test_public;
    let mut headers = Headers::new();
    headers.push(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-pem-file"),
    );
    Answer {
        headers,
        body: Bytes::from_static(pem.as_bytes()),
        ..Answer::of(StatusCode::OK)
    }
}
