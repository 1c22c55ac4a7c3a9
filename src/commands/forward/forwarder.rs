//! Forwarding of `listen`: the first handler's response goes back to the sender, all other targets are served in the
//! background.
//!
//! Background deliveries are retried by the rules of `replay`, each on its own clock. Their memory is bounded: a
//! request that needs more waits before it is answered.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderValue;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::commands::forward::forward_counts::ForwardCounts;
use crate::commands::forward::forward_result::{ForwardResult, ToForward};
use crate::commands::forward::routes::{Forwarding, MEMORY, merged};
use crate::commands::forward::upstream::{ShutdownPhase, Upstream, locked, reached};
use crate::commands::id;
use crate::commands::listen::answer::answer_to_sender;
use crate::commands::listen::recording::{ListenRecording, SEARCHED};
use crate::error::{Error, Result};
use crate::inspector::store::table::Table;
use crate::io::client::{Client, Exchange, Keep, Settings};
use crate::io::loopback;
use crate::io::server::Answer;
use crate::report::{ForwardTally, Forwarded, Notice, Reporter};
use crate::webhook::{
    Delivery, Event, Headers, Outcome, RecordedAnswer, Retry, Rng, Target, TimestampFormat, shell,
};

/// Largest response of a handler that is returned to the sender, in bytes.
const LARGEST_ANSWER: usize = 32 << 20;

/// Memory that a background delivery takes beside its body, in KiB.
const OVERHEAD: usize = 4;

/// Wait before the first retry, as in `replay`.
const BACKOFF: Duration = Duration::from_millis(500);

/// Wait for background tasks to report that they were cancelled.
const CANCELLED_WITHIN: Duration = Duration::from_secs(1);

/// Forwards deliveries to their targets and counts the results.
pub(crate) struct Forwarder {
    upstreams: Vec<Arc<Upstream>>,
    ack_always: bool,
    retry: Retry,
    /// Name of this listener in the `Via` header of forwarded requests.
    pseudonym: String,
    memory: Arc<Semaphore>,
    phase: watch::Sender<ShutdownPhase>,
    rng: Mutex<Rng>,
    report: Arc<Reporter>,
    /// Recording of the handlers' answers.
    recording: Option<Arc<ListenRecording>>,
    /// Deliveries of the inspector.
    table: Option<Arc<Table>>,
    counts: ForwardCounts,
}

/// Background delivery with its share of the memory budget reserved, ready to start.
pub(crate) struct ReservedForward {
    upstream: Arc<Upstream>,
    memory: OwnedSemaphorePermit,
}

/// Delivery that is sent to its targets in the background.
struct QueuedDelivery {
    id: String,
    at: Timestamp,
    delivery: Delivery,
    file: Option<Arc<Path>>,
}

/// Attempt to record: its number and its duration, and the response's headers.
struct RecordedAttempt<'a> {
    number: u32,
    took: Duration,
    headers: Option<&'a Headers>,
    /// True if the body was longer than the part that is here.
    cut: bool,
    /// True if the response goes back to the sender.
    replied: bool,
}

impl Forwarder {
    pub(crate) fn new(plan: &Forwarding, report: Arc<Reporter>) -> Self {
        let pseudonym = format!("webhook-cli-{:016x}", id::fresh_seed());
        let via = HeaderValue::try_from(format!("1.1 {pseudonym}"))
            .unwrap_or_else(|_| HeaderValue::from_static("1.1 webhook-cli"));
        let client = Client::new(Settings {
            timeout: plan.timeout,
            connect_timeout: Settings::default().connect_timeout.min(plan.timeout),
            insecure: plan.insecure,
        })
        .passing_on(via);
        let routes = merged(&plan.routes).into_iter();
        Self {
            upstreams: routes
                .map(|route| Arc::new(Upstream::new(route.kinds, client.pool(&route.target))))
                .collect(),
            ack_always: plan.ack_always,
            retry: Retry {
                times: plan.retries,
                backoff: BACKOFF,
                ..Retry::default()
            },
            pseudonym,
            memory: Arc::new(Semaphore::new(MEMORY as usize)),
            phase: watch::Sender::new(ShutdownPhase::Open),
            rng: Mutex::new(Rng::seeded(id::fresh_seed())),
            report,
            recording: None,
            table: None,
            counts: ForwardCounts::default(),
        }
    }

    /// Records the answer to each attempt.
    pub(crate) fn recording(self, recording: Option<Arc<ListenRecording>>) -> Self {
        Self { recording, ..self }
    }

    /// Gives each attempt to the inspector.
    pub(crate) fn inspected(self, table: Option<Arc<Table>>) -> Self {
        Self { table, ..self }
    }

    /// Rejects a target that is this listener itself.
    pub(crate) fn check(&self, own: std::net::SocketAddr) -> Result<()> {
        match self
            .upstreams
            .iter()
            .find(|upstream| loopback::leads_to(upstream.pool.target(), own))
        {
            None => Ok(()),
            Some(upstream) => Err(Error::usage(format!(
                "cannot forward to {}: that is this listener itself",
                upstream.name
            ))
            .hint("give the address of your handler, or listen at another with `--port`")),
        }
    }

    /// True if the `Via` header shows that this listener has forwarded the request before.
    pub(crate) fn has_forwarded(&self, headers: &Headers) -> bool {
        headers.all("via").any(|via| {
            let via = via.as_bytes();
            via.windows(self.pseudonym.len())
                .any(|part| part == self.pseudonym.as_bytes())
        })
    }

    /// Returns the results so far, for the summary.
    pub(crate) fn counts(&self) -> ForwardTally {
        self.counts.tally()
    }

    /// True if the sender is answered without waiting for a handler (`--ack-always`).
    pub(crate) fn acknowledges(&self) -> bool {
        self.ack_always
    }

    /// Forwards a delivery to each target of its events. The first target's response is returned, unless `--ack-always`
    /// is set; the others are served in the background. Waits for memory for each of them. Reserved forwards that are
    /// returned start with [`Self::send`].
    pub(crate) async fn forward(
        self: &Arc<Self>,
        forwarded: ToForward<'_>,
        events: &[Event],
    ) -> (Option<(ForwardResult, Answer)>, Vec<ReservedForward>) {
        let mut chosen = self.chosen(events);
        let first = if self.ack_always { None } else { chosen.next() };
        let mut reserved = Vec::new();
        for upstream in chosen {
            let size = (forwarded.delivery.body.len() >> 10) + OVERHEAD;
            let size = u32::try_from(size).unwrap_or(MEMORY).min(MEMORY);
            // The semaphore is never closed.
            if let Ok(memory) = Arc::clone(&self.memory).acquire_many_owned(size).await {
                reserved.push(ReservedForward {
                    upstream: Arc::clone(upstream),
                    memory,
                });
            }
        }
        let Some(upstream) = first else {
            return (None, reserved);
        };
        // The other targets need not wait for the first.
        self.send(forwarded, reserved);
        let (result, answer) = self.request(upstream, forwarded, 1, true).await;
        self.counts.count(&result.outcome);
        (Some((result, answer)), Vec::new())
    }

    /// Starts the reserved forwards in the background.
    pub(crate) fn send(self: &Arc<Self>, forwarded: ToForward<'_>, reserved: Vec<ReservedForward>) {
        if reserved.is_empty() {
            return;
        }
        let queued = Arc::new(QueuedDelivery {
            id: forwarded.id.to_owned(),
            at: forwarded.at,
            delivery: forwarded.delivery.clone(),
            file: forwarded.file.cloned(),
        });
        for ReservedForward { upstream, memory } in reserved {
            self.counts.waiting.fetch_add(1, Relaxed);
            let (this, queued) = (Arc::clone(self), Arc::clone(&queued));
            tokio::spawn(async move {
                this.send_with_retries(&upstream, &queued).await;
                this.counts.waiting.fetch_sub(1, Relaxed);
                drop(memory);
            });
        }
    }

    /// Returns the targets of these events, each once.
    fn chosen<'a>(&'a self, events: &'a [Event]) -> impl Iterator<Item = &'a Arc<Upstream>> + Send {
        let is_routed = |event: &Event| {
            self.upstreams
                .iter()
                .any(|upstream| upstream.kinds.contains(&event.kind))
        };
        let some_are_left = events.is_empty() || !events.iter().all(is_routed);
        self.upstreams.iter().filter(move |upstream| {
            if upstream.kinds.is_empty() {
                some_are_left
            } else {
                events
                    .iter()
                    .any(|event| upstream.kinds.contains(&event.kind))
            }
        })
    }

    /// Returns the first target of these events.
    pub(crate) fn target(&self, events: &[Event]) -> Option<Target> {
        let upstream = self.chosen(events).next()?;
        Some(upstream.pool.target().clone())
    }

    /// Sends a delivery to the first target of its events once more; none if no target gets them. It is recorded, and not
    /// counted.
    pub(crate) async fn resend(
        &self,
        forwarded: ToForward<'_>,
        events: &[Event],
        attempt: u32,
    ) -> Option<(ForwardResult, Answer)> {
        let upstream = self.chosen(events).next()?;
        Some(self.request(upstream, forwarded, attempt, false).await)
    }

    /// Sends a delivery to a handler; its response, or a 502 or 504, goes back to the sender if `replied`.
    async fn request(
        &self,
        upstream: &Upstream,
        forwarded: ToForward<'_>,
        attempt: u32,
        replied: bool,
    ) -> (ForwardResult, Answer) {
        let exchange = upstream
            .request(forwarded.delivery, Keep::Answer(LARGEST_ANSWER))
            .await;
        let (took, headers) = (exchange.took, headers_of(&exchange));
        let (outcome, answer) = answer_to_sender(exchange);
        let attempt = RecordedAttempt {
            number: attempt,
            took,
            headers: headers.as_ref(),
            cut: false,
            replied,
        };
        self.record(upstream, forwarded.id, forwarded.file, &outcome, attempt);
        let result = ForwardResult {
            target: upstream.name.clone(),
            outcome,
            took,
        };
        (result, answer)
    }

    /// Records the answer to an attempt, or that there was none, if its delivery is recorded.
    fn record(
        &self,
        upstream: &Upstream,
        id: &str,
        file: Option<&Arc<Path>>,
        outcome: &Outcome,
        attempt: RecordedAttempt<'_>,
    ) {
        let recording = self.recording.as_ref().zip(file);
        // The inspector gets the attempt that the sender waits for with the delivery itself.
        let table = self.table.as_ref().filter(|_| !attempt.replied);
        if recording.is_none() && table.is_none() {
            return;
        }
        let mut answer = RecordedAnswer::new(id, &upstream.name, attempt.number, outcome);
        answer.at = Some(Timestamp::now());
        answer.micros = u64::try_from(attempt.took.as_micros()).unwrap_or(u64::MAX);
        answer.cut = attempt.cut;
        if let (Some(_), Some(headers)) = (answer.status, attempt.headers) {
            answer.headers = headers.clone();
        }
        if let Some(table) = table {
            table.forwarded(answer.clone());
        }
        if let Some((recording, file)) = recording {
            recording.answer(file, answer, attempt.replied);
        }
    }

    /// Sends a delivery to its target in the background, with retries.
    async fn send_with_retries(&self, upstream: &Upstream, queued: &QueuedDelivery) {
        let mut phase = self.phase.subscribe();
        let keep = match &self.recording {
            Some(_) => Keep::Answer(SEARCHED),
            None => Keep::Outcome,
        };
        for number in 1.. {
            let tried = tokio::select! {
                biased;
                () = reached(&mut phase, ShutdownPhase::Over) => None,
                exchange = upstream.attempt(&queued.delivery, keep, self.phase.subscribe()) => exchange,
            };
            let Some(wait) = self.end_attempt(upstream, queued, number, tried) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = reached(&mut phase, ShutdownPhase::Closing) => {}
            }
        }
    }

    /// Records and reports an attempt of the background; none if it was cancelled. Returns the wait before the next one,
    /// or counts the delivery if there is none.
    fn end_attempt(
        &self,
        upstream: &Upstream,
        queued: &QueuedDelivery,
        number: u32,
        tried: Option<Exchange>,
    ) -> Option<Duration> {
        let is_open = *self.phase.borrow() == ShutdownPhase::Open;
        let headers = tried.as_ref().and_then(headers_of);
        let response = tried.as_ref().and_then(|it| it.answer.as_ref().ok());
        let cut = response.is_some_and(|it| it.cut);
        let (outcome, took, attempt, may_wait) = match tried {
            Some(exchange) => {
                let took = exchange.took;
                (exchange.outcome(), took, number, is_open)
            }
            None => {
                let why = "the listener stopped before the response";
                // An attempt that was not begun is not counted.
                let attempt = (number - 1).max(1);
                let outcome = Outcome::Unreachable(why.into());
                (outcome, Duration::ZERO, attempt, false)
            }
        };
        let wait = self
            .retry
            .wait(number, &outcome, &mut locked(&self.rng))
            .filter(|_| may_wait);
        if let (Some(wait), true) = (wait, asks_for_pause(&outcome)) {
            upstream.pause_for(wait);
        }
        let recorded = RecordedAttempt {
            number: attempt,
            took,
            headers: headers.as_ref(),
            cut,
            replied: false,
        };
        let file = queued.file.as_ref();
        self.record(upstream, &queued.id, file, &outcome, recorded);
        self.report.tell(&Notice::Forwarded(Forwarded {
            id: &queued.id,
            target: &upstream.name,
            attempt,
            outcome: &outcome,
            took,
            again_in: wait,
            later: Some(Timestamp::now()),
        }));
        if wait.is_none() {
            self.conclude(upstream, queued, &outcome);
        }
        wait
    }

    fn conclude(&self, upstream: &Upstream, queued: &QueuedDelivery, outcome: &Outcome) {
        self.counts.count(outcome);
        if !outcome.succeeded() {
            upstream.add_undelivered(queued.at);
        }
    }

    /// Waits up to `limit` for background deliveries, cancels the rest, and prints a `replay` command for those that
    /// did not arrive.
    pub(crate) async fn finish(&self, limit: Duration, recorded: Option<&Path>) {
        let waiting = self.counts.waiting.load(Relaxed);
        if waiting > 0 {
            let (noun, verb) = if waiting == 1 {
                ("delivery", "is")
            } else {
                ("deliveries", "are")
            };
            self.report.say(&format!(
                "{waiting} {noun} {verb} still on the way to a handler; one more attempt each"
            ));
        }
        self.phase.send_replace(ShutdownPhase::Closing);
        let all = || self.memory.acquire_many(MEMORY);
        if tokio::time::timeout(limit, all()).await.is_err() {
            self.phase.send_replace(ShutdownPhase::Over);
            // A task that does not even report its cancellation is not waited for.
            let _ = tokio::time::timeout(CANCELLED_WITHIN, all()).await;
        }
        for upstream in &self.upstreams {
            self.report_undelivered(upstream, recorded);
        }
    }

    fn report_undelivered(&self, upstream: &Upstream, recorded: Option<&Path>) {
        let (count, first) = upstream.undelivered();
        let Some(first) = first else {
            return;
        };
        self.report.warn(&format!(
            "{count} {} not reach {}",
            if count == 1 {
                "delivery did"
            } else {
                "deliveries did"
            },
            upstream.name
        ));
        self.report.say(&match recorded {
            Some(path) => format!(
                " hint: webhook-cli replay {} --since {} --to {}",
                shell::word(&path.to_string_lossy()),
                TimestampFormat::Rfc3339(6).write(first),
                upstream.name
            ),
            None => " hint: with `--record FILE` they could be replayed".into(),
        });
    }
}

/// Headers of the response, if there was one.
fn headers_of(exchange: &Exchange) -> Option<Headers> {
    exchange.answer.as_ref().ok().map(|it| it.headers.clone())
}

/// True if the response has a `Retry-After`.
fn asks_for_pause(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Answered { retry_after, .. } => retry_after.is_some(),
        Outcome::TimedOut(_) | Outcome::Unreachable(_) | Outcome::Impossible(_) => false,
    }
}
