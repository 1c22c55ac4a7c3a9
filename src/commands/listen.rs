//! `listen`: what arrives is read, kept, passed on, answered and told, in this order.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use tokio::sync::Notify;

use super::id;
use super::interrupt::Interrupt;
use super::plan;
use crate::cli::{ListenArgs, Show};
use crate::error::{Error, Exit, Result};
use crate::io::client::{Client, Pool, Settings};
use crate::io::recorder::Recorder;
use crate::io::server::{Answer, Arrival, Handler, Limits, bind, serve};
use crate::providers::{self, Keys, Provider};
use crate::report::{Notice, Parts, Progress, Received, Reporter, Style, Tally};
use crate::webhook::{Delivery, Fixture, Headers, Judge, Kind, Outcome, Receipt, Reply, Target};

/// The largest answer of a handler that is passed back, in bytes.
const LARGEST_ANSWER: usize = 32 << 20;

/// What `listen` was asked to do.
#[derive(Debug)]
pub struct Plan {
    style: Style,
    addr: String,
    limits: Limits,
    keys: Arc<Keys>,
    provider: Option<&'static Provider>,
    require_signature: bool,
    tolerance: Option<Duration>,
    public_url: Option<String>,
    topics: Vec<String>,
    record: Option<std::path::PathBuf>,
    forward_to: Option<Target>,
    timeout: Duration,
    answer: Canned,
    shown: Vec<Kind>,
    count: Option<u64>,
    span: Option<Duration>,
    expected: Vec<(Kind, u64)>,
    notes: Vec<String>,
}

/// The answer to give where no handler gives one.
#[derive(Clone, Debug)]
struct Canned {
    status: StatusCode,
    headers: Headers,
    body: Bytes,
    delay: Duration,
}

impl Plan {
    /// Makes a plan of the words.
    pub fn new(args: &ListenArgs, style: Style) -> Result<Plan> {
        let provider = args.provider.as_deref().map(plan::provider).transpose()?;
        let secrets = plan::secrets(&args.secrets, provider)?;
        let addr = match args.port {
            None => args.addr.clone(),
            Some(port) => format!(
                "{}:{port}",
                args.addr
                    .rsplit_once(':')
                    .map_or(args.addr.as_str(), |(host, _)| host)
            ),
        };
        let show = |part: Show| args.verbose || args.show.contains(&part);
        let default = args.show.is_empty() && !args.quiet;
        let parts = Parts {
            events: default || show(Show::Events),
            headers: show(Show::Headers),
            body: default || show(Show::Body),
            reply: show(Show::Reply),
        };
        Ok(Plan {
            style: Style { parts, ..style },
            addr,
            limits: Limits {
                max_body: args.max_body,
                ..Limits::default()
            },
            keys: Arc::new(secrets.keys),
            provider,
            require_signature: args.require_signature,
            tolerance: args.tolerance,
            public_url: args.secrets.public_url.clone(),
            topics: args.topic_arn.clone(),
            record: args.record.clone(),
            forward_to: args.forward_to.as_deref().map(Target::parse).transpose()?,
            timeout: args.timeout,
            answer: Canned {
                status: StatusCode::from_u16(args.status).unwrap_or_default(),
                headers: plan::headers(&args.headers)?.into_iter().collect(),
                body: args
                    .body
                    .as_deref()
                    .map(plan::body)
                    .transpose()?
                    .unwrap_or_default()
                    .into(),
                delay: args.delay.unwrap_or_default(),
            },
            shown: args.events.clone(),
            count: args.count,
            span: args.span,
            expected: args.expect.clone(),
            notes: secrets.notes,
        })
    }
}

/// Carries the plan out.
pub fn run(plan: &Plan) -> Result<Exit> {
    let listener = bind(&plan.addr)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(
            std::thread::available_parallelism()
                .map_or(2, usize::from)
                .min(4),
        )
        .enable_all()
        .build()
        .map_err(|error| Error::usage(format!("cannot start: {error}")))?;
    let report = Arc::new(Reporter::new(plan.style, Progress::none()));
    let result = runtime.block_on(listen(plan, listener, &report));
    // What still runs in the background (a lookup, say) is not waited for.
    runtime.shutdown_background();
    report.finish();
    result
}

async fn listen(
    plan: &Plan,
    listener: std::net::TcpListener,
    report: &Arc<Reporter>,
) -> Result<Exit> {
    let failed = |error| Error::usage(format!("cannot listen on {}: {error}", plan.addr));
    let address = listener.local_addr().map_err(failed)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
    let desk = Arc::new(Desk::new(plan, Arc::clone(report))?);
    let interrupt = Interrupt::start({
        let report = Arc::clone(report);
        move || report.say("answering what has begun; Ctrl-C again leaves at once")
    });
    greet(plan, report, address, &desk);
    report.on_close({
        let desk = Arc::clone(&desk);
        move || desk.stop.notify_one()
    });
    let begun = Instant::now();
    let stop = {
        let (desk, interrupt, span) = (Arc::clone(&desk), interrupt.clone(), plan.span);
        async move {
            tokio::select! {
                () = desk.stop.notified() => {}
                () = interrupt.wait() => {}
                () = wait(span) => {}
            }
        }
    };
    serve(listener, plan.limits, Arc::clone(&desk), stop).await;

    let mut tally = desk.tally.lock().unwrap_or_else(PoisonError::into_inner);
    tally.elapsed = begun.elapsed();
    report.tell(&Notice::Summary(&tally));
    Ok(conclude(plan, &tally, report, interrupt.is_set()))
}

/// How it ends: what was expected must have come.
fn conclude(plan: &Plan, tally: &Tally, report: &Reporter, interrupted: bool) -> Exit {
    let mut exit = if interrupted {
        Exit::Interrupted
    } else {
        Exit::Success
    };
    for (kind, wanted) in &plan.expected {
        let came = tally.kinds.get(kind).copied().unwrap_or_default();
        if came < *wanted {
            report.warn(&format!("expected {wanted} {kind}, and {came} came"));
            exit = exit.or(Exit::Failure);
        }
    }
    if plan.count.is_some() && plan.require_signature && tally.refused_signatures > 0 {
        exit = exit.or(Exit::Signature);
    }
    exit
}

fn greet(plan: &Plan, report: &Reporter, address: SocketAddr, desk: &Desk) {
    report.tell(&Notice::Listening {
        url: &format!("http://{address}"),
    });
    plan::say_all(report, &plan.notes);
    if !address.ip().is_loopback() {
        report.warn(&format!(
            "listening on {address}, where other machines can reach it"
        ));
    }
    for note in desk.recorder.iter().flat_map(Recorder::notes) {
        report.warn(note);
    }
    if !plan.style.json && std::io::stdout().is_terminal() && std::io::stderr().is_terminal() {
        report.say(&format!(
            "try it from another terminal: webhook-cli send click --to :{}",
            address.port()
        ));
    }
}

async fn wait(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

/// What an arrival meets: everything that is needed to deal with it.
struct Desk {
    keys: Arc<Keys>,
    provider: Option<&'static Provider>,
    require_signature: bool,
    tolerance: Option<Duration>,
    public_url: Option<String>,
    topics: Vec<String>,
    recorder: Option<Recorder>,
    forward: Option<(Pool, String)>,
    answer: Canned,
    shown: Vec<Kind>,
    count: Option<u64>,
    taken: AtomicU64,
    tally: Mutex<Tally>,
    report: Arc<Reporter>,
    stop: Notify,
}

impl Desk {
    fn new(plan: &Plan, report: Arc<Reporter>) -> Result<Desk> {
        let forward = match &plan.forward_to {
            None => None,
            Some(target) => {
                let connect_timeout = Settings::default().connect_timeout.min(plan.timeout);
                let client = Client::new(Settings {
                    timeout: plan.timeout,
                    connect_timeout,
                    insecure: false,
                });
                Some((client.pool(target), target.to_string()))
            }
        };
        Ok(Desk {
            keys: Arc::clone(&plan.keys),
            provider: plan.provider,
            require_signature: plan.require_signature,
            tolerance: plan.tolerance,
            public_url: plan.public_url.clone(),
            topics: plan.topics.clone(),
            recorder: plan.record.as_deref().map(Recorder::open).transpose()?,
            forward,
            answer: plan.answer.clone(),
            shown: plan.shown.clone(),
            count: plan.count,
            taken: AtomicU64::new(0),
            tally: Mutex::new(Tally::new("received")),
            report,
            stop: Notify::new(),
        })
    }
}

impl Handler for Desk {
    async fn take(self: Arc<Self>, arrival: Arrival) -> Answer {
        let begun = Instant::now();
        let Arrival {
            delivery,
            remote,
            at,
        } = arrival;
        let id = id::new(at);
        let receipt = self.read(&delivery, at);
        let answer = self.answer(&id, &delivery, &receipt, at, begun).await;
        self.told(
            &id,
            at,
            remote,
            &delivery,
            &receipt,
            &answer,
            begun.elapsed(),
        );
        answer
    }
}

impl Desk {
    fn read(&self, delivery: &Delivery, now: Timestamp) -> Receipt {
        let judge = Judge {
            now,
            tolerance: self.tolerance,
            public_url: self.public_url.clone(),
            topics: self.topics.clone(),
        };
        providers::read(delivery, self.provider, &self.keys, &judge)
    }

    async fn answer(
        &self,
        id: &str,
        delivery: &Delivery,
        receipt: &Receipt,
        at: Timestamp,
        begun: Instant,
    ) -> Answer {
        let handshake = providers::is_handshake(delivery);
        let refused = self.require_signature && !receipt.signature.verdict.holds() && !handshake;
        let status = if refused {
            StatusCode::UNAUTHORIZED
        } else {
            self.answer.status
        };
        if let Some(recorder) = &self.recorder {
            let mut fixture = Fixture::new(delivery.clone());
            fixture.id = Some(id.to_owned());
            fixture.at = Some(at);
            // What a handler will answer is not known yet; to be kept comes first.
            if self.forward.is_none() || refused {
                fixture.reply = Some(Reply {
                    status: status.as_u16(),
                    micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
                });
            }
            match recorder.keep(&fixture).await {
                Ok(file) => self.report.tell(&Notice::Recorded { id, file: &file }),
                Err(why) => {
                    self.report
                        .warn(&format!("not recorded, so not acknowledged: {why}"));
                    return plain(
                        StatusCode::INSUFFICIENT_STORAGE,
                        "the delivery could not be recorded\n",
                    );
                }
            }
        }
        if refused {
            let why = receipt
                .signature
                .reason
                .as_deref()
                .unwrap_or("it is not signed");
            return plain(StatusCode::UNAUTHORIZED, &format!("{why}\n"));
        }
        if let Some((pool, name)) = &self.forward {
            return self.forward(id, delivery, pool, name).await;
        }
        if !self.answer.delay.is_zero() {
            tokio::time::sleep(self.answer.delay).await;
        }
        let mut headers = self.answer.headers.clone();
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
            status: self.answer.status,
            headers,
            body: self.answer.body.clone(),
            hang_up: false,
        }
    }

    async fn forward(&self, id: &str, delivery: &Delivery, pool: &Pool, target: &str) -> Answer {
        let exchange = pool
            .ask(
                &pool.target().join(&delivery.path),
                delivery,
                LARGEST_ANSWER,
            )
            .await;
        let (outcome, answer) = match exchange.answer {
            Ok(heard) if heard.cut => {
                let why = "its answer is too long to be passed on";
                (
                    Outcome::Unreachable(why.into()),
                    plain(StatusCode::BAD_GATEWAY, &format!("{why}\n")),
                )
            }
            Ok(heard) => {
                let answer = Answer {
                    status: heard.status,
                    headers: heard.headers.end_to_end(),
                    body: heard.body.clone(),
                    hang_up: false,
                };
                (Outcome::from(heard), answer)
            }
            Err(outcome @ Outcome::TimedOut(_)) => (
                outcome,
                plain(
                    StatusCode::GATEWAY_TIMEOUT,
                    "the handler did not answer in time\n",
                ),
            ),
            Err(outcome) => {
                let why = outcome.reason().unwrap_or_default();
                (
                    outcome,
                    plain(
                        StatusCode::BAD_GATEWAY,
                        &format!("the handler gave no answer: {why}\n"),
                    ),
                )
            }
        };
        self.report.tell(&Notice::Forwarded {
            id,
            target,
            outcome: &outcome,
            took: exchange.took,
        });
        answer
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "these are the members of one notice"
    )]
    fn told(
        &self,
        id: &str,
        at: Timestamp,
        remote: SocketAddr,
        delivery: &Delivery,
        receipt: &Receipt,
        answer: &Answer,
        took: Duration,
    ) {
        self.tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .received(receipt, answer.status.as_u16(), took);
        if self.shown.is_empty()
            || receipt
                .events
                .iter()
                .any(|event| self.shown.contains(&event.kind))
        {
            let (status, answer) = (answer.status.as_u16(), answer.body.as_ref());
            self.report.tell(&Notice::Received(Received {
                id,
                at,
                remote,
                delivery,
                receipt,
                status,
                answer,
                took,
            }));
        }
        let taken = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        if self.count.is_some_and(|count| taken >= count) {
            self.stop.notify_one();
        }
    }
}

fn plain(status: StatusCode, text: &str) -> Answer {
    let headers = [(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    )]
    .into_iter()
    .collect();
    Answer {
        status,
        headers,
        body: Bytes::copy_from_slice(text.as_bytes()),
        hang_up: false,
    }
}
