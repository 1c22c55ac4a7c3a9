//! Forwarding of `listen`: the first handler's response goes back to the sender, all other targets are served in the
//! background.
//!
//! Background deliveries are retried by the rules of `replay`, each on its own clock. Their memory is bounded: a
//! request
//! that needs more waits before it is answered.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use crate::commands::id;
use crate::commands::listen::answer::plain;
use crate::commands::listen::recording::{ListenRecording, SEARCHED};
use crate::error::{Error, Result};
use crate::io::client::{Client, Exchange, Keep, Pool, Settings};
use crate::io::loopback;
use crate::io::server::Answer;
use crate::report::{ForwardTally, Forwarded, Notice, Reporter};
use crate::webhook::{
    Delivery, Event, Headers, Kind, Outcome, RecordedAnswer, Retry, Rng, Target, TimestampFormat,
};

/// Largest response of a handler that is passed back to the sender, in bytes.
const LARGEST_ANSWER: usize = 32 << 20;

/// Memory budget of all background deliveries together, in KiB.
const ROOM: u32 = 64 << 10;

/// Memory that a background delivery takes beside its body, in KiB.
const OVERHEAD: usize = 4;

/// Limit of background requests in flight to one target.
const AT_ONCE: usize = 32;

/// Wait before the first retry, as in `replay`.
const BACKOFF: Duration = Duration::from_millis(500);

/// Wait for background tasks to report that they were cancelled.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Target of `--forward-to` and its event kinds; without kinds, it gets the events that no other route names.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) target: Target,
}

/// Forwarding settings of `listen`.
#[derive(Clone, Debug)]
pub(crate) struct Forwarding {
    pub(crate) routes: Vec<Route>,
    pub(crate) ack_always: bool,
    /// `--insecure`: accept any certificate.
    pub(crate) insecure: bool,
    pub(crate) retries: u32,
    pub(crate) timeout: Duration,
}

impl Forwarding {
    /// Memory that bodies waiting in the background may take, in bytes; none if nothing is sent in the background.
    pub(crate) fn in_background(&self) -> usize {
        let is_answered_by_one = !self.ack_always && self.routes.len() == 1;
        if is_answered_by_one {
            0
        } else {
            (ROOM as usize) << 10
        }
    }

    /// Returns the default target: the first route without kinds, or else the first route.
    pub(crate) fn main(&self) -> Option<String> {
        let mut routes = self.routes.iter();
        let main = routes.clone().find(|route| route.kinds.is_empty());
        Some(main.or_else(|| routes.next())?.target.to_string())
    }
}

/// Forwards deliveries to their targets and counts the results.
pub(crate) struct Forwarder {
    gates: Vec<Arc<Upstream>>,
    ack_always: bool,
    retry: Retry,
    /// Name of this listener in the `Via` header of forwarded requests.
    mark: String,
    room: Arc<Semaphore>,
    phase: watch::Sender<ShutdownPhase>,
    rng: Mutex<Rng>,
    report: Arc<Reporter>,
    /// Recording of the handlers' answers.
    recording: Option<Arc<ListenRecording>>,
    score: Score,
}

/// Results of forwarding; each delivery counts once for each target.
#[derive(Debug, Default)]
struct Score {
    /// Accepted by the handler.
    passed: AtomicU64,
    /// Rejected: the last response was not 2xx; by status.
    refused: Mutex<BTreeMap<u16, u64>>,
    /// Without a response after the last attempt.
    unanswered: AtomicU64,
    /// Still in the background.
    waiting: AtomicU64,
}

/// Shutdown phase of the background queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ShutdownPhase {
    Open,
    /// Last attempt, at once, for each waiting delivery.
    Closing,
    /// Background deliveries are cancelled.
    Over,
}

/// Forwarding target: its connection pool, in-flight limit and failures.
struct Upstream {
    kinds: Vec<Kind>,
    pool: Pool,
    name: String,
    seats: Semaphore,
    /// End of the pause that the target asked for with `Retry-After`.
    hold: Mutex<Option<Instant>>,
    lost: Mutex<Lost>,
}

/// Deliveries that did not reach a target.
#[derive(Default)]
struct Lost {
    count: u64,
    first: Option<Timestamp>,
}

/// Background delivery with its share of the memory budget reserved, ready to start.
pub(crate) struct ReservedForward {
    gate: Arc<Upstream>,
    room: OwnedSemaphorePermit,
}

/// Result of the request whose response goes back to the sender.
pub(crate) struct ForwardResult {
    pub(crate) target: String,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
}

/// Delivery to forward.
#[derive(Clone, Copy)]
pub(crate) struct ToForward<'a> {
    pub(crate) id: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) delivery: &'a Delivery,
    /// File that it was recorded in.
    pub(crate) file: Option<&'a Arc<Path>>,
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
        let mark = format!("webhook-cli-{:016x}", id::fresh_seed());
        let via = HeaderValue::try_from(format!("1.1 {mark}"))
            .unwrap_or_else(|_| HeaderValue::from_static("1.1 webhook-cli"));
        let client = Client::new(Settings {
            timeout: plan.timeout,
            connect_timeout: Settings::default().connect_timeout.min(plan.timeout),
            insecure: plan.insecure,
        })
        .passing_on(via);
        let gate = |Route { kinds, target }| {
            Arc::new(Upstream {
                kinds,
                pool: client.pool(&target),
                name: target.to_string(),
                seats: Semaphore::new(AT_ONCE),
                hold: Mutex::default(),
                lost: Mutex::default(),
            })
        };
        Self {
            gates: merged(&plan.routes).into_iter().map(gate).collect(),
            ack_always: plan.ack_always,
            retry: Retry {
                times: plan.retries,
                backoff: BACKOFF,
                ..Retry::default()
            },
            mark,
            room: Arc::new(Semaphore::new(ROOM as usize)),
            phase: watch::Sender::new(ShutdownPhase::Open),
            rng: Mutex::new(Rng::seeded(id::fresh_seed())),
            report,
            recording: None,
            score: Score::default(),
        }
    }

    /// Records the answer to each attempt.
    pub(crate) fn recording(self, recording: Option<Arc<ListenRecording>>) -> Self {
        Self { recording, ..self }
    }

    /// Rejects a target that is this listener itself.
    pub(crate) fn check(&self, own: std::net::SocketAddr) -> Result<()> {
        match self
            .gates
            .iter()
            .find(|gate| loopback::leads_to(gate.pool.target(), own))
        {
            None => Ok(()),
            Some(gate) => Err(Error::usage(format!(
                "cannot forward to {}: that is this listener itself",
                gate.name
            ))
            .hint("give the address of your handler, or listen at another with `--port`")),
        }
    }

    /// True if the `Via` header shows that this listener has forwarded the request before.
    pub(crate) fn has_passed(&self, headers: &Headers) -> bool {
        headers.all("via").any(|via| {
            let via = via.as_bytes();
            via.windows(self.mark.len())
                .any(|part| part == self.mark.as_bytes())
        })
    }

    /// Returns the results so far, for the summary.
    pub(crate) fn score(&self) -> ForwardTally {
        ForwardTally {
            passed: self.score.passed.load(Relaxed),
            refused: locked(&self.score.refused).clone(),
            unanswered: self.score.unanswered.load(Relaxed),
        }
    }

    /// True if the sender is answered without waiting for a handler (`--ack-always`).
    pub(crate) fn acknowledges(&self) -> bool {
        self.ack_always
    }

    /// Forwards a delivery to each target of its events. The first target's response is returned, unless `--ack-always`
    /// is
    /// set; the others are served in the background. Waits for memory for each of them. Reserved forwards that are
    /// returned
    /// start with [`Self::send`].
    pub(crate) async fn pass(
        self: &Arc<Self>,
        passed: ToForward<'_>,
        events: &[Event],
    ) -> (Option<(ForwardResult, Answer)>, Vec<ReservedForward>) {
        let mut chosen = self.chosen(events);
        let first = if self.ack_always { None } else { chosen.next() };
        let mut errands = Vec::new();
        for gate in chosen {
            let size = (passed.delivery.body.len() >> 10) + OVERHEAD;
            let size = u32::try_from(size).unwrap_or(ROOM).min(ROOM);
            // The semaphore is never closed.
            if let Ok(room) = Arc::clone(&self.room).acquire_many_owned(size).await {
                errands.push(ReservedForward {
                    gate: Arc::clone(gate),
                    room,
                });
            }
        }
        let Some(gate) = first else {
            return (None, errands);
        };
        // The other targets need not wait for the first.
        self.send(passed, errands);
        (Some(self.ask(gate, passed).await), Vec::new())
    }

    /// Starts the reserved forwards in the background.
    pub(crate) fn send(self: &Arc<Self>, passed: ToForward<'_>, errands: Vec<ReservedForward>) {
        if errands.is_empty() {
            return;
        }
        let queued = Arc::new(QueuedDelivery {
            id: passed.id.to_owned(),
            at: passed.at,
            delivery: passed.delivery.clone(),
            file: passed.file.cloned(),
        });
        for ReservedForward { gate, room } in errands {
            self.score.waiting.fetch_add(1, Relaxed);
            let (this, queued) = (Arc::clone(self), Arc::clone(&queued));
            tokio::spawn(async move {
                this.carry(&gate, &queued).await;
                this.score.waiting.fetch_sub(1, Relaxed);
                drop(room);
            });
        }
    }

    /// Returns the targets of these events, each once.
    fn chosen<'a>(&'a self, events: &'a [Event]) -> impl Iterator<Item = &'a Arc<Upstream>> + Send {
        let is_routed = |event: &Event| {
            self.gates
                .iter()
                .any(|gate| gate.kinds.contains(&event.kind))
        };
        let some_are_left = events.is_empty() || !events.iter().all(is_routed);
        self.gates.iter().filter(move |gate| {
            if gate.kinds.is_empty() {
                some_are_left
            } else {
                events.iter().any(|event| gate.kinds.contains(&event.kind))
            }
        })
    }

    /// Sends a delivery to a handler; its response, or a 502 or 504, goes back to the sender.
    async fn ask(&self, gate: &Upstream, asked: ToForward<'_>) -> (ForwardResult, Answer) {
        let pool = &gate.pool;
        let path = pool.target().path_for(&asked.delivery.path);
        let exchange = pool
            .ask(&path, asked.delivery, Keep::Answer(LARGEST_ANSWER))
            .await;
        let headers = exchange.answer.as_ref().ok().map(|it| it.headers.clone());
        let bad = |status, why: &str| plain(status, &format!("{why}\n"));
        let (outcome, answer) = match exchange.answer {
            Ok(heard) if heard.cut => {
                let why = "its answer is too long to be passed on";
                (
                    Outcome::Unreachable(why.into()),
                    bad(StatusCode::BAD_GATEWAY, why),
                )
            }
            Ok(heard) => {
                let answer = Answer {
                    headers: heard.headers.end_to_end(),
                    body: heard.body.clone(),
                    ..Answer::of(heard.status)
                };
                (Outcome::from(heard), answer)
            }
            Err(outcome @ Outcome::TimedOut(_)) => {
                let answer = bad(
                    StatusCode::GATEWAY_TIMEOUT,
                    "the handler did not answer in time",
                );
                (outcome, answer)
            }
            Err(outcome) => {
                let why = outcome.reason().unwrap_or_default();
                let why = format!("no response from the handler: {why}");
                (outcome, bad(StatusCode::BAD_GATEWAY, &why))
            }
        };
        self.score.count(&outcome);
        let attempt = RecordedAttempt {
            number: 1,
            took: exchange.took,
            headers: headers.as_ref(),
            cut: false,
            replied: true,
        };
        self.record(gate, asked.id, asked.file, &outcome, attempt);
        let passed = ForwardResult {
            target: gate.name.clone(),
            outcome,
            took: exchange.took,
        };
        (passed, answer)
    }

    /// Records the answer to an attempt, or that there was none, if its delivery is recorded.
    fn record(
        &self,
        gate: &Upstream,
        id: &str,
        file: Option<&Arc<Path>>,
        outcome: &Outcome,
        attempt: RecordedAttempt<'_>,
    ) {
        let (Some(recording), Some(file)) = (&self.recording, file) else {
            return;
        };
        let mut answer = RecordedAnswer::new(id, &gate.name, attempt.number, outcome);
        answer.at = Some(Timestamp::now());
        answer.micros = u64::try_from(attempt.took.as_micros()).unwrap_or(u64::MAX);
        answer.cut = attempt.cut;
        if let (Some(_), Some(headers)) = (answer.status, attempt.headers) {
            answer.headers = headers.clone();
        }
        recording.answer(file, answer, attempt.replied);
    }

    /// Sends a delivery to its target in the background, with retries.
    async fn carry(&self, gate: &Upstream, queued: &QueuedDelivery) {
        let mut phase = self.phase.subscribe();
        let keep = match &self.recording {
            Some(_) => Keep::Answer(SEARCHED),
            None => Keep::Outcome,
        };
        for number in 1.. {
            let tried = tokio::select! {
                biased;
                () = reached(&mut phase, ShutdownPhase::Over) => None,
                exchange = gate.attempt(&queued.delivery, keep, self.phase.subscribe()) => exchange,
            };
            let is_open = *self.phase.borrow() == ShutdownPhase::Open;
            let heard = tried.as_ref().and_then(|it| it.answer.as_ref().ok());
            let heard = heard.map(|it| (it.headers.clone(), it.cut));
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
            if let (
                Some(wait),
                Outcome::Answered {
                    retry_after: Some(_),
                    ..
                },
            ) = (wait, &outcome)
            {
                gate.hold_back(wait);
            }
            let recorded = RecordedAttempt {
                number: attempt,
                took,
                headers: heard.as_ref().map(|(headers, _)| headers),
                cut: heard.as_ref().is_some_and(|(_, cut)| *cut),
                replied: false,
            };
            self.record(gate, &queued.id, queued.file.as_ref(), &outcome, recorded);
            self.report.tell(&Notice::Forwarded(Forwarded {
                id: &queued.id,
                target: &gate.name,
                attempt,
                outcome: &outcome,
                took,
                again_in: wait,
                later: Some(Timestamp::now()),
            }));
            let Some(wait) = wait else {
                return self.end(gate, queued, &outcome);
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = reached(&mut phase, ShutdownPhase::Closing) => {}
            }
        }
    }

    fn end(&self, gate: &Upstream, queued: &QueuedDelivery, outcome: &Outcome) {
        self.score.count(outcome);
        if !outcome.succeeded() {
            let mut lost = locked(&gate.lost);
            lost.count += 1;
            lost.first = Some(lost.first.map_or(queued.at, |first| first.min(queued.at)));
        }
    }

    /// Waits up to `limit` for background deliveries, cancels the rest, and prints a `replay` command for those that
    /// were
    /// lost.
    pub(crate) async fn finish(&self, limit: Duration, recorded: Option<&Path>) {
        let waiting = self.score.waiting.load(Relaxed);
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
        let all = || self.room.acquire_many(ROOM);
        if tokio::time::timeout(limit, all()).await.is_err() {
            self.phase.send_replace(ShutdownPhase::Over);
            // A task that does not even report its cancellation is not waited for.
            let _ = tokio::time::timeout(LAST_WORDS, all()).await;
        }
        for gate in &self.gates {
            let lost = locked(&gate.lost);
            if let Some(first) = lost.first {
                self.report.warn(&format!(
                    "{} {} not reach {}",
                    lost.count,
                    if lost.count == 1 {
                        "delivery did"
                    } else {
                        "deliveries did"
                    },
                    gate.name
                ));
                self.report.say(&match recorded {
                    Some(path) => format!(
                        " hint: webhook-cli replay {} --since {} --to {}",
                        quoted(path),
                        TimestampFormat::Rfc3339(6).write(first),
                        gate.name
                    ),
                    None => " hint: with `--record FILE` they could be replayed".into(),
                });
            }
        }
    }
}

impl Score {
    /// Counts the final outcome of a delivery.
    fn count(&self, outcome: &Outcome) {
        match outcome {
            _ if outcome.succeeded() => {
                self.passed.fetch_add(1, Relaxed);
            }
            Outcome::Answered { status, .. } => {
                *locked(&self.refused).entry(*status).or_default() += 1;
            }
            Outcome::TimedOut(_) | Outcome::Unreachable(_) | Outcome::Impossible(_) => {
                self.unanswered.fetch_add(1, Relaxed);
            }
        }
    }
}

impl Upstream {
    /// Sends one attempt as soon as the in-flight limit and the target's `Retry-After` allow it; none if shutdown
    /// begins
    /// during that pause.
    async fn attempt(
        &self,
        delivery: &Delivery,
        keep: Keep,
        mut phase: watch::Receiver<ShutdownPhase>,
    ) -> Option<Exchange> {
        let _seat = self.seats.acquire().await;
        loop {
            let hold = *locked(&self.hold);
            let Some(until) = hold.filter(|until| *until > Instant::now()) else {
                break;
            };
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = reached(&mut phase, ShutdownPhase::Closing) => return None,
            }
        }
        let path = self.pool.target().path_for(&delivery.path);
        Some(self.pool.ask(&path, delivery, keep).await)
    }

    fn hold_back(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut hold = locked(&self.hold);
        *hold = Some(hold.map_or(until, |hold| hold.max(until)));
    }
}

/// Resolves once shutdown reaches `wanted`.
async fn reached(phase: &mut watch::Receiver<ShutdownPhase>, wanted: ShutdownPhase) {
    let there = |phase: &ShutdownPhase| *phase as u8 >= wanted as u8;
    if phase.wait_for(there).await.is_err() {
        // The sender is gone, so no other phase can follow.
        std::future::pending().await
    }
}

/// Merges routes to the same target: their kinds are joined; a route without kinds covers all that are left.
fn merged(routes: &[Route]) -> Vec<Route> {
    let mut merged: Vec<Route> = Vec::new();
    for route in routes {
        match merged.iter_mut().find(|other| other.target == route.target) {
            None => merged.push(route.clone()),
            Some(other) if other.kinds.is_empty() || route.kinds.is_empty() => other.kinds.clear(),
            Some(other) => other.kinds.extend(&route.kinds),
        }
    }
    merged
}

/// Quotes a path for a shell.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-/+,:@%".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
