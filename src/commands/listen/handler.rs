//! The request handler of `listen`: each request is read, recorded, forwarded, answered and reported, in this order.

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
use crate::commands::listen::duplicates::{DuplicateTracker, Sighting};
use crate::commands::listen::faults::{Failure, FaultInjection};
use crate::commands::listen::forward::{ForwardResult, Forwarder, ReservedForward};
use crate::commands::listen::recording::ListenRecording;
use crate::commands::shutdown::InFlight;
use crate::commands::sns::certificates::SnsCertificates;
use crate::commands::sns::subscription::{Confirmation, SubscriptionConfirmer};
use crate::error::Result;
use crate::io::server::{Answer, Arrival, Handler};
use crate::providers;
use crate::providers::{Challenged, Keys, Provider};
use crate::report::{Forwarded, Notice, Received, Repeat, Reporter, Tally};
use crate::webhook;
use crate::webhook::{Delivery, Event, Glob, Headers, Kind, Receipt, Reply, VerifyOptions};

/// The answer to give where no handler gives one.
#[derive(Clone, Debug)]
pub(crate) struct CannedResponse {
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
pub(crate) struct ListenHandler {
    keys: Arc<Keys>,
    provider: Option<&'static Provider>,
    require_signature: bool,
    tolerance: Option<Duration>,
    public_url: Option<String>,
    topics: Vec<String>,
    pub(crate) recording: Option<ListenRecording>,
    pub(crate) forwarder: Option<Arc<Forwarder>>,
    confirmer: Option<SubscriptionConfirmer>,
    certificates: Option<SnsCertificates>,
    answer: CannedResponse,
    faults: FaultInjection,
    duplicates: DuplicateTracker,
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
struct Incoming {
    id: String,
    at: Timestamp,
    begun: Instant,
    remote: SocketAddr,
    delivery: Delivery,
    receipt: Receipt,
    sighting: Option<Sighting>,
    challenged: Option<Challenged>,
}

/// What is to become of a delivery.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Disposition {
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
struct Handled {
    answer: Answer,
    /// For its signature.
    rejected: bool,
    on_purpose: bool,
    passed: Option<ForwardResult>,
    errands: Vec<ReservedForward>,
    confirmed: Option<Confirmation>,
}

impl ListenHandler {
    pub(crate) fn new(plan: Plan, report: Arc<Reporter>) -> Result<ListenHandler> {
        let recording = plan.record.as_ref();
        let recording = recording
            .map(|record| ListenRecording::open(record, &report))
            .transpose()?;
        Ok(ListenHandler {
            keys: plan.keys,
            provider: plan.provider,
            require_signature: plan.require_signature,
            tolerance: plan.tolerance,
            public_url: plan.public_url,
            topics: plan.topics,
            recording,
            forwarder: plan
                .forwarding
                .map(|forwarding| Arc::new(Forwarder::new(&forwarding, Arc::clone(&report)))),
            confirmer: plan.confirm_sns.then(SubscriptionConfirmer::new),
            certificates: plan.fetch_certs.then(SnsCertificates::new).transpose()?,
            answer: plan.answer,
            faults: plan.faults,
            duplicates: DuplicateTracker::default(),
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

impl Handler for ListenHandler {
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
        if let Some(certificates) = &self.certificates {
            let verify_options = self.judge_at(case.at);
            Box::pin(certificates.vouch(&case.delivery, &verify_options, &mut case.receipt)).await;
        }
        let verdict = self.judge(&case);
        if verdict == Disposition::Refuse {
            let why = why_rejected(&case.receipt);
            case.receipt.signature.reason.get_or_insert(why);
        }
        let done = self.deal(&case, verdict).await;
        if !self.faults.delay.is_zero() && self.faults.concerns(&case.receipt.events) {
            Box::pin(tokio::time::sleep(self.faults.delay)).await;
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

impl ListenHandler {
    fn tell_of_stranger(&self, line: &str) {
        match self.strangers.fetch_add(1, Ordering::Relaxed) {
            0..TOLD_OF_STRANGERS => self.report.warn(line),
            TOLD_OF_STRANGERS => self.report.warn("and more like these, which are not told"),
            _ => {}
        }
    }

    fn open(&self, arrival: Arrival) -> Incoming {
        let begun = Instant::now();
        let Arrival {
            delivery,
            remote,
            at,
        } = arrival;
        let verify_options = self.judge_at(at);
        let receipt = providers::read(&delivery, self.provider, &self.keys, &verify_options);
        let by_bytes = || {
            let counts = self.faults.counts() && !receipt.handshake;
            counts.then(|| duplicates::of_bytes(&delivery))
        };
        let identity = receipt.identity.or_else(by_bytes);
        Incoming {
            id: id::new(at),
            at,
            begun,
            remote,
            sighting: identity.map(|identity| self.duplicates.sighting(identity, begun)),
            challenged: Challenged::read(&receipt, &delivery),
            delivery,
            receipt,
        }
    }

    /// What a signature is judged by that comes at that moment.
    fn judge_at(&self, now: Timestamp) -> VerifyOptions {
        VerifyOptions {
            now,
            tolerance: self.tolerance,
            public_url: self.public_url.clone(),
            topics: self.topics.clone(),
        }
    }

    fn judge(&self, case: &Incoming) -> Disposition {
        let forwarder = self.forwarder.as_ref();
        if forwarder.is_some_and(|it| it.has_passed(&case.delivery.headers)) {
            return Disposition::Loop;
        }
        if self.require_signature && !case.receipt.signature.verdict.holds() {
            return if case.receipt.handshake {
                Disposition::Greet
            } else {
                Disposition::Refuse
            };
        }
        if case.receipt.handshake || case.challenged.is_some() {
            return Disposition::Take;
        }
        let count = case.sighting.map_or(1, |sighting| sighting.count);
        let failure = self.faults.fails(&case.receipt.events, count);
        failure.map_or(Disposition::Take, Disposition::Fail)
    }

    async fn deal(&self, case: &Incoming, verdict: Disposition) -> Handled {
        if verdict == Disposition::Loop {
            let why = "a loop: this listener has passed it on before, and got it back\n";
            return Handled::of(plain(StatusCode::LOOP_DETECTED, why));
        }
        if let Err(unkept) = self.keep(case, verdict).await {
            return Handled::of(unkept);
        }
        match verdict {
            Disposition::Refuse => {
                let why = case.receipt.signature.reason.as_deref().unwrap_or_default();
                Handled {
                    rejected: true,
                    ..Handled::of(plain(StatusCode::UNAUTHORIZED, &format!("{why}\n")))
                }
            }
            Disposition::Fail(failure) => Handled {
                on_purpose: true,
                ..Handled::of(match failure {
                    Failure::Status(status) => plain(status, "failed on purpose\n"),
                    Failure::HangUp => Answer {
                        hang_up: true,
                        ..Answer::of(StatusCode::SERVICE_UNAVAILABLE)
                    },
                })
            },
            Disposition::Greet | Disposition::Loop => Handled::of(self.usual(case)),
            Disposition::Take => self.accept(case).await,
        }
    }

    /// Keeps it, where that is wanted, before anything else becomes of it; the answer to give where it cannot be kept.
    async fn keep(&self, case: &Incoming, verdict: Disposition) -> std::result::Result<(), Answer> {
        let Some(recording) = &self.recording else {
            return Ok(());
        };
        // What a handler will answer is not known yet; to be kept comes first.
        let waits = self.forwarder.as_ref().is_some_and(|it| !it.acknowledges());
        let status = match verdict {
            Disposition::Refuse => Some(StatusCode::UNAUTHORIZED),
            Disposition::Fail(Failure::Status(status)) => Some(status),
            Disposition::Fail(Failure::HangUp) => None,
            Disposition::Take if waits => None,
            Disposition::Take | Disposition::Greet | Disposition::Loop => {
                Some(self.usual_status(case))
            }
        };
        let took = case.begun.elapsed();
        let reply = status.map(|status| Reply::new(status.as_u16(), took, None));
        match Box::pin(recording.keep(&case.id, case.at, &case.delivery, reply)).await {
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

    async fn accept(&self, case: &Incoming) -> Handled {
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
        Handled {
            passed,
            errands,
            confirmed,
            ..Handled::of(answer)
        }
    }

    /// The answer where no handler is asked.
    fn usual(&self, case: &Incoming) -> Answer {
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
    fn usual_status(&self, case: &Incoming) -> StatusCode {
        match &case.challenged {
            Some(_) if self.answer.status.is_success() => StatusCode::OK,
            _ => self.answer.status,
        }
    }

    fn told(&self, case: &Incoming, done: &Handled) {
        let took = case.begun.elapsed();
        let status = (!done.answer.hang_up).then_some(done.answer.status.as_u16());
        let again = case.sighting.filter(|sighting| sighting.count > 1);
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
                again: again.map(|Sighting { count, since }| Repeat { count, since }),
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

impl Handled {
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
