//! Request handler of `listen`: reads, records, forwards, answers and reports each request, in this order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::commands::attachments;
use crate::commands::forward::forward_result::ForwardResult;
use crate::commands::forward::forwarder::Forwarder;
use crate::commands::id;
use crate::commands::listen::answer::{CannedResponse, asks_for_certificate, certificate, plain};
use crate::commands::listen::duplicates;
use crate::commands::listen::duplicates::DuplicateTracker;
use crate::commands::listen::faults::{Failure, SwitchableFaults};
use crate::commands::listen::incoming::{Disposition, Handled, Incoming, why_rejected};
use crate::commands::listen::plan::{DisplayFilter, ListenPlan};
use crate::commands::listen::recent::{KeptDelivery, RecentDeliveries};
use crate::commands::listen::recording::ListenRecording;
use crate::commands::reach::public_url::PublicUrl;
use crate::commands::reach::relayed;
use crate::commands::shutdown::InFlight;
use crate::commands::sns::certificates::SnsCertificates;
use crate::commands::sns::subscription::SubscriptionConfirmer;
use crate::error::Result;
use crate::inspector::store::table::Table;
use crate::io::recorder::RecordedAt;
use crate::io::runtime::others_catch_up;
use crate::io::server::{Answer, Arrival, Handler};
use crate::providers;
use crate::providers::{Challenged, Keys, Provider};
use crate::report::{Forwarded, Notice, Received, Reporter, Tally};
use crate::webhook::{Fixture, Reply, VerifyOptions};

/// Request handler of `listen` with its settings and counters; one value shared by all connections.
pub(crate) struct ListenHandler {
    keys: Arc<Keys>,
    provider: Option<&'static Provider>,
    require_signature: bool,
    tolerance: Option<Duration>,
    pub(crate) public_url: PublicUrl,
    topics: Vec<String>,
    pub(crate) recording: Option<Arc<ListenRecording>>,
    pub(crate) forwarder: Option<Arc<Forwarder>>,
    confirmer: Option<SubscriptionConfirmer>,
    certificates: Option<SnsCertificates>,
    answer: CannedResponse,
    pub(crate) faults: Arc<SwitchableFaults>,
    duplicates: DuplicateTracker,
    shown: DisplayFilter,
    count: Option<u64>,
    received: AtomicU64,
    client_warnings: AtomicU64,
    pub(crate) tally: Mutex<Tally>,
    report: Arc<Reporter>,
    pub(crate) stop: Notify,
    /// Deliveries for the inspector.
    table: Option<Arc<Table>>,
    /// Folder for the files of mails.
    save_attachments: Option<PathBuf>,
    /// Latest deliveries, for the keys.
    pub(crate) recent: Option<RecentDeliveries>,
    /// Requests that have begun and not ended.
    pub(crate) in_flight: InFlight,
}

impl ListenHandler {
    pub(crate) fn new(plan: ListenPlan, report: Arc<Reporter>) -> Result<ListenHandler> {
        let recording = plan.record.as_ref();
        let recording = recording
            .map(|record| ListenRecording::open(record, &report).map(Arc::new))
            .transpose()?;
        let forwarder = plan.forwarding.map(|forwarding| {
            Forwarder::new(&forwarding, Arc::clone(&report))
                .recording(recording.clone())
                .inspected(plan.table.clone())
        });
        Ok(ListenHandler {
            keys: plan.keys,
            provider: plan.provider,
            require_signature: plan.require_signature,
            tolerance: plan.tolerance,
            public_url: PublicUrl::new(plan.public_url),
            topics: plan.topics,
            recording,
            forwarder: forwarder.map(Arc::new),
            confirmer: plan.confirm_sns.then(SubscriptionConfirmer::new),
            certificates: plan.fetch_certs.then(SnsCertificates::new).transpose()?,
            answer: plan.answer,
            faults: Arc::new(SwitchableFaults::new(plan.faults)),
            duplicates: DuplicateTracker::default(),
            shown: plan.shown,
            count: plan.count,
            received: AtomicU64::new(0),
            client_warnings: AtomicU64::new(0),
            tally: Mutex::new(Tally::new("received")),
            report,
            stop: Notify::new(),
            table: plan.table,
            save_attachments: plan.save_attachments,
            recent: RecentDeliveries::new(plan.kept),
            in_flight: InFlight::default(),
        })
    }
}

impl ListenHandler {
    /// Handles a delivery; `is_rewritten` if its body is not the one that was signed.
    pub(crate) async fn receive(self: Arc<Self>, arrival: Arrival, is_rewritten: bool) -> Answer {
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
        let mut incoming = self.read(arrival);
        // Boxed, like recording and forwarding below: they are rare or large, and every delivery would carry their
        // size.
        if let Some(certificates) = &self.certificates {
            let verify_options = self.verify_options(incoming.at);
            Box::pin(certificates.verify(
                &incoming.delivery,
                &verify_options,
                &mut incoming.receipt,
            ))
            .await;
        }
        if is_rewritten {
            relayed::leave_unchecked(&mut incoming.receipt);
        }
        let disposition = self.disposition(&incoming);
        if disposition == Disposition::Reject {
            let why = why_rejected(&incoming.receipt);
            incoming.receipt.signature.reason.get_or_insert(why);
        }
        let mut done = self.respond(&incoming, disposition).await;
        let faults = self.faults.current();
        if !faults.delay.is_zero() && faults.concerns(&incoming.receipt.events) {
            Box::pin(tokio::time::sleep(faults.delay)).await;
        }
        drop(faults);
        let took = self.report_delivery(&incoming, &done);
        if let Some(forwarder) = &self.forwarder {
            let reserved = std::mem::take(&mut done.reserved);
            forwarder.send(incoming.to_forward(done.recorded.as_ref()), reserved);
        }
        if let Some(recent) = &self.recent {
            recent.add(KeptDelivery {
                id: incoming.id.clone(),
                at: incoming.at,
                delivery: incoming.delivery.clone().detached(),
                receipt: incoming.receipt.clone(),
                recorded: done.recorded.clone(),
                attempts: AtomicU32::new(done.forwarded.is_some().into()),
            });
        }
        if let Some(table) = &self.table {
            let forwarded = done.forwarded.as_ref().map(|it| it.as_answer(&incoming.id));
            table.receive(incoming.packed(&done, took), forwarded);
        }
        done.answer
    }
}

impl Handler for ListenHandler {
    async fn take(self: Arc<Self>, arrival: Arrival) -> Answer {
        self.receive(arrival, false).await
    }

    fn begun(&self) {
        self.in_flight.add();
    }

    fn ended(&self) {
        self.in_flight.take();
    }

    fn refused(&self, remote: SocketAddr, status: StatusCode, why: &str) {
        self.warn_of_client(&format!("responded {} to {remote}: {why}", status.as_u16()));
    }

    fn unmet(&self, remote: SocketAddr, why: &str) {
        self.warn_of_client(&format!("no connection with {remote}: {why}"));
    }
}

/// Most warnings printed about malformed requests and failed connections, so that a flood does not fill the terminal.
const CLIENT_WARNINGS: u64 = 20;

impl ListenHandler {
    fn warn_of_client(&self, line: &str) {
        match self.client_warnings.fetch_add(1, Ordering::Relaxed) {
            0..CLIENT_WARNINGS => self.report.warn(line),
            CLIENT_WARNINGS => self
                .report
                .warn("and more like these, which are not printed"),
            _ => {}
        }
    }

    fn read(&self, arrival: Arrival) -> Incoming {
        let begun = Instant::now();
        let Arrival {
            delivery,
            remote,
            at,
        } = arrival;
        let verify_options = self.verify_options(at);
        let receipt = providers::read(&delivery, self.provider, &self.keys, &verify_options);
        let by_bytes = || {
            let counts = self.faults.current().counts() && !receipt.handshake;
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
    fn verify_options(&self, now: Timestamp) -> VerifyOptions {
        VerifyOptions {
            now,
            tolerance: self.tolerance,
            public_url: self.public_url.get(),
            topics: self.topics.clone(),
        }
    }

    fn disposition(&self, incoming: &Incoming) -> Disposition {
        let forwarder = self.forwarder.as_ref();
        if forwarder.is_some_and(|it| it.has_forwarded(&incoming.delivery.headers)) {
            return Disposition::Loop;
        }
        if self.require_signature && !incoming.receipt.signature.verdict.holds() {
            return if incoming.receipt.handshake {
                Disposition::Handshake
            } else {
                Disposition::Reject
            };
        }
        if incoming.receipt.handshake || incoming.challenged.is_some() {
            return Disposition::Accept;
        }
        let count = incoming.sighting.map_or(1, |sighting| sighting.count);
        let failure = self.faults.current().fails(&incoming.receipt.events, count);
        failure.map_or(Disposition::Accept, Disposition::Fail)
    }

    async fn respond(&self, incoming: &Incoming, disposition: Disposition) -> Handled {
        if disposition == Disposition::Loop {
            let why = "a loop: this listener has forwarded it before, and got it back\n";
            return Handled::of(plain(StatusCode::LOOP_DETECTED, why));
        }
        let recorded = match self.record(incoming, disposition).await {
            Ok(recorded) => recorded,
            Err(not_recorded) => return Handled::of(not_recorded),
        };
        let handled = match disposition {
            Disposition::Reject => {
                let why = incoming
                    .receipt
                    .signature
                    .reason
                    .as_deref()
                    .unwrap_or_default();
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
            Disposition::Handshake | Disposition::Loop => Handled::of(self.own_answer(incoming)),
            Disposition::Accept => self.accept(incoming, recorded.as_ref()).await,
        };
        Handled {
            recorded,
            ..handled
        }
    }

    /// Returns the response of this listener.
    fn own_answer(&self, incoming: &Incoming) -> Answer {
        let challenged = incoming.challenged.as_ref();
        self.answer.respond(&incoming.delivery, challenged)
    }

    /// Records the delivery, if `--record` is set, before it is forwarded or answered, and returns its place; on failure
    /// returns the 507 to send.
    async fn record(
        &self,
        incoming: &Incoming,
        disposition: Disposition,
    ) -> std::result::Result<Option<RecordedAt>, Answer> {
        let Some(recording) = &self.recording else {
            return Ok(None);
        };
        // The handler's response is not known yet: the delivery is recorded before it is forwarded.
        let waits = self.forwarder.as_ref().is_some_and(|it| !it.acknowledges());
        let status = match disposition {
            Disposition::Reject => Some(StatusCode::UNAUTHORIZED),
            Disposition::Fail(Failure::Status(status)) => Some(status),
            Disposition::Fail(Failure::HangUp) => None,
            Disposition::Accept if waits => None,
            Disposition::Accept | Disposition::Handshake | Disposition::Loop => {
                Some(self.answer.status_for(incoming.challenged.as_ref()))
            }
        };
        let took = incoming.begun.elapsed();
        let reply = status.map(|status| Reply::new(status.as_u16(), took, None));
        let fixture = Fixture {
            id: Some(incoming.id.clone()),
            at: Some(incoming.at),
            is_json: incoming.receipt.is_json,
            reply,
            ..Fixture::new(incoming.delivery.clone())
        };
        match Box::pin(recording.keep(fixture)).await {
            Ok(recorded) => {
                self.report.tell(&Notice::Recorded {
                    id: &incoming.id,
                    file: &recorded.file,
                });
                Ok(Some(recorded))
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

    async fn accept(&self, incoming: &Incoming, recorded: Option<&RecordedAt>) -> Handled {
        let confirmed = match &self.confirmer {
            Some(confirmer) => Box::pin(confirmer.confirm(&incoming.receipt)).await,
            None => None,
        };
        let (forwarded, reserved) = match &self.forwarder {
            None => (None, Vec::new()),
            Some(forwarder) => {
                let events = &incoming.receipt.events;
                others_catch_up().await;
                let forwarding = forwarder.forward(incoming.to_forward(recorded), events);
                let forwarded = Box::pin(forwarding).await;
                others_catch_up().await;
                forwarded
            }
        };
        let (forwarded, answer) = match forwarded {
            Some((forwarded, answer)) => (Some(forwarded), answer),
            None => (None, self.own_answer(incoming)),
        };
        Handled {
            forwarded,
            reserved,
            confirmed,
            ..Handled::of(answer)
        }
    }

    /// Saves the files of the mails in a delivery.
    fn save_attachments(&self, incoming: &Incoming, folder: &Path) {
        match attachments::save(&incoming.receipt.mails, folder) {
            Ok(lines) => lines.iter().for_each(|line| self.report.say(line)),
            Err(why) => self.report.warn(&why),
        }
    }

    /// Counts a delivery and prints it; returns the time until its response.
    fn report_delivery(&self, incoming: &Incoming, done: &Handled) -> Duration {
        let took = incoming.begun.elapsed();
        if let (Some(folder), false) = (&self.save_attachments, done.rejected) {
            self.save_attachments(incoming, folder);
        }
        let status = (!done.answer.hang_up).then_some(done.answer.status.as_u16());
        let again = incoming.sighting.filter(|sighting| sighting.count > 1);
        self.tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .received(
                &incoming.receipt,
                done.rejected,
                status,
                took,
                again.is_some(),
            );
        let (path, events) = (incoming.delivery.path.path(), &incoming.receipt.events);
        if self.shown.includes(path, events) {
            let recorded = done.recorded.as_ref();
            let address = recorded.map(|recorded| recorded.address(&incoming.id));
            let handler = done.forwarded.as_ref();
            self.report.tell(&Notice::Received(Received {
                handler: handler.map(ForwardResult::as_notice),
                ..incoming.as_received(done, took, address.as_deref())
            }));
        }
        if let Some(confirmed) = &done.confirmed {
            confirmed.tell(&incoming.id, &self.report);
        }
        if let Some(forwarded) = &done.forwarded {
            self.report.tell(&Notice::Forwarded(Forwarded {
                id: &incoming.id,
                target: &forwarded.target,
                attempt: 1,
                outcome: &forwarded.outcome,
                took: forwarded.took,
                again_in: None,
                later: None,
            }));
        }
        let received = self.received.fetch_add(1, Ordering::Relaxed) + 1;
        if self.count.is_some_and(|count| received >= count) {
            self.stop.notify_one();
        }
        took
    }
}
