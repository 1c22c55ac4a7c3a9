//! Request handler of `listen`: reads, records, forwards, answers and reports each request, in this order.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::commands::id;
use crate::commands::listen::Plan;
use crate::commands::listen::answer::{CannedResponse, plain};
use crate::commands::listen::duplicates;
use crate::commands::listen::duplicates::{DuplicateTracker, Sighting};
use crate::commands::listen::faults::{Failure, FaultInjection};
use crate::commands::listen::forward::{ForwardResult, Forwarder, ReservedForward, ToForward};
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

/// Display filter of `listen` (`--events`, `--path`); an empty list matches everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) paths: Vec<Glob>,
}

/// Request handler of `listen` with its settings and counters; one value shared by all connections.
pub(crate) struct ListenHandler {
    keys: Arc<Keys>,
    provider: Option<&'static Provider>,
    require_signature: bool,
    tolerance: Option<Duration>,
    public_url: Option<String>,
    topics: Vec<String>,
    pub(crate) recording: Option<Arc<ListenRecording>>,
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
    /// Requests that have begun and not ended.
    pub(crate) in_flight: InFlight,
}

/// Received request with its receipt, duplicate count and challenge.
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

/// Decision on a delivery, before it is recorded and answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Disposition {
    Take,
    /// Handshake without a valid signature under `--require-signature`: answered, but not forwarded.
    Greet,
    /// Invalid or missing signature under `--require-signature`: rejected with 401.
    Refuse,
    /// Failure injected by `--fail-first`, `--fail-rate`, `--fail-status` or `--hang-up`.
    Fail(Failure),
    /// Forwarding loop: the `Via` header names this listener.
    Loop,
}

/// Response to a delivery, with the results of forwarding and subscription confirmation.
struct Handled {
    answer: Answer,
    /// True for a 401 because of the signature.
    rejected: bool,
    on_purpose: bool,
    passed: Option<ForwardResult>,
    errands: Vec<ReservedForward>,
    /// File that the delivery was recorded in.
    file: Option<Arc<Path>>,
    confirmed: Option<Confirmation>,
}

impl ListenHandler {
    pub(crate) fn new(plan: Plan, report: Arc<Reporter>) -> Result<ListenHandler> {
        let recording = plan.record.as_ref();
        let recording = recording
            .map(|record| ListenRecording::open(record, &report).map(Arc::new))
            .transpose()?;
        let forwarder = plan.forwarding.map(|forwarding| {
            Forwarder::new(&forwarding, Arc::clone(&report)).recording(recording.clone())
        });
        Ok(ListenHandler {
            keys: plan.keys,
            provider: plan.provider,
            require_signature: plan.require_signature,
            tolerance: plan.tolerance,
            public_url: plan.public_url,
            topics: plan.topics,
            recording,
            forwarder: forwarder.map(Arc::new),
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
        // Boxed, like recording and forwarding below: they are rare or large, and every delivery would carry their
        // size.
        if let Some(certificates) = &self.certificates {
            let verify_options = self.judge_at(case.at);
            Box::pin(certificates.verify(&case.delivery, &verify_options, &mut case.receipt)).await;
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
            forwarder.send(case.to_forward(done.file.as_ref()), done.errands);
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

/// Most warnings printed about malformed requests and failed connections, so that a flood does not fill the terminal.
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

    /// Returns the verification options for a request received at `now`.
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
        let file = match self.keep(case, verdict).await {
            Ok(file) => file,
            Err(unkept) => return Handled::of(unkept),
        };
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
            Disposition::Take => self.accept(case, file).await,
        }
    }

    /// Records the delivery, if `--record` is set, before it is forwarded or answered, and returns the file; on failure
    /// returns the 507 to send.
    async fn keep(
        &self,
        case: &Incoming,
        verdict: Disposition,
    ) -> std::result::Result<Option<Arc<Path>>, Answer> {
        let Some(recording) = &self.recording else {
            return Ok(None);
        };
        // The handler's response is not known yet: the delivery is recorded before it is forwarded.
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
                Ok(Some(file))
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

    async fn accept(&self, case: &Incoming, file: Option<Arc<Path>>) -> Handled {
        let confirmed = match &self.confirmer {
            Some(confirmer) => Box::pin(confirmer.confirm(&case.receipt)).await,
            None => None,
        };
        let (passed, errands) = match &self.forwarder {
            None => (None, Vec::new()),
            Some(forwarder) => {
                let events = &case.receipt.events;
                Box::pin(forwarder.pass(case.to_forward(file.as_ref()), events)).await
            }
        };
        let (passed, answer) = match passed {
            Some((passed, answer)) => (Some(passed), answer),
            None => (None, self.usual(case)),
        };
        Handled {
            passed,
            errands,
            file,
            confirmed,
            ..Handled::of(answer)
        }
    }

    /// Returns the response for a delivery that is not forwarded: challenge code, CloudEvents consent or canned
    /// response.
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
        // CloudEvents asks for permission with an OPTIONS request before it sends.
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

    /// Returns the status of [`Self::usual`]: a challenge code is returned with 200 unless `--status` is not a success.
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

impl Incoming {
    /// Returns the delivery for the forwarder, with the file that it was recorded in.
    fn to_forward<'a>(&'a self, file: Option<&'a Arc<Path>>) -> ToForward<'a> {
        ToForward {
            id: &self.id,
            at: self.at,
            delivery: &self.delivery,
            file,
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
            file: None,
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

/// Explains a rejection for which verification gave no reason: no provider, no secret or no signature.
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

/// Returns the provider whose test certificate this GET asks for; `send` names that URL in what it signs.
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
