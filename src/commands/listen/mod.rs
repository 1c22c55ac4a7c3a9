//! `listen`: makes a plan of the arguments, binds the listener, and prints the summary at the end.

pub mod answer;
pub mod duplicates;
pub mod faults;
pub mod forward;
pub mod handler;
pub mod https;
pub mod recording;

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::time::MissedTickBehavior;

use crate::cli::{ListenArgs, Show};
use crate::commands::args;
use crate::commands::id;
use crate::commands::listen::answer::CannedResponse;
use crate::commands::listen::faults::{Failure, FailureRule, FaultInjection};
use crate::commands::listen::forward::{Forwarding, Route, quoted};
use crate::commands::listen::handler::{ListenHandler, Shown};
use crate::commands::listen::https::Https;
use crate::commands::listen::recording::Record;
use crate::commands::shutdown::{FINISHING, Interrupt};
use crate::error::{Error, Exit, Result};
use crate::io::server::{Limits, bind, serve};
use crate::io::tls::server_certificate::Certificate;
use crate::providers::{Keys, Provider};
use crate::report::{Live, Notice, Parts, Progress, Reporter, Style, Tally};
use crate::webhook::{Glob, Kind, Rng, Target};

/// Time limit of shutdown, for requests in flight and background forwarding together.
const DRAIN: Duration = Duration::from_secs(11);

/// Refresh interval of the live status line.
const GLANCE: Duration = Duration::from_millis(200);

/// Settings of `listen`, made from its flags.
#[derive(Debug)]
pub struct Plan {
    pub(crate) style: Style,
    pub(crate) addr: String,
    pub(crate) limits: Limits,
    pub(crate) https: Option<Https>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) provider: Option<&'static Provider>,
    pub(crate) require_signature: bool,
    pub(crate) tolerance: Option<Duration>,
    pub(crate) public_url: Option<String>,
    pub(crate) topics: Vec<String>,
    pub(crate) record: Option<Record>,
    pub(crate) forwarding: Option<Forwarding>,
    pub(crate) confirm_sns: bool,
    pub(crate) fetch_certs: bool,
    pub(crate) faults: FaultInjection,
    pub(crate) answer: CannedResponse,
    pub(crate) shown: Shown,
    pub(crate) count: Option<u64>,
    pub(crate) span: Option<Duration>,
    pub(crate) expected: Vec<(Kind, u64)>,
    pub(crate) quiet: bool,
    pub(crate) notes: Vec<String>,
}

impl Plan {
    /// Makes the settings from the flags; reads secrets and body files.
    pub fn new(args: &ListenArgs, style: Style) -> Result<Plan> {
        let provider = args.provider.as_deref().map(args::provider).transpose()?;
        let secrets = args::secrets(&args.secrets, provider)?;
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
        let record = args.record.clone().map(|path| Record {
            path,
            sync: args.sync.into(),
            redact: args.redact,
        });
        let forwarding = forwarding(args)?;
        Ok(Plan {
            style: Style { parts, ..style },
            addr,
            limits: Limits {
                max_body: args.max_body,
                in_memory: Limits::default().in_memory
                    - record.as_ref().map_or(0, Record::copies)
                    - forwarding.as_ref().map_or(0, Forwarding::in_background),
                ..Limits::default()
            },
            https: Https::of(args),
            keys: Arc::new(secrets.keys),
            provider,
            require_signature: args.require_signature,
            tolerance: args.verify_options.tolerance,
            public_url: args.secrets.public_url.clone(),
            topics: args.verify_options.topic_arn.clone(),
            record,
            forwarding,
            confirm_sns: args.confirm_sns,
            fetch_certs: args.verify_options.fetch_certs,
            faults: faults(args),
            answer: CannedResponse {
                status: StatusCode::from_u16(args.status).unwrap_or_default(),
                headers: args::headers(&args.headers)?.into_iter().collect(),
                body: args
                    .body
                    .as_deref()
                    .map(args::body)
                    .transpose()?
                    .unwrap_or_default()
                    .into(),
            },
            shown: Shown {
                kinds: args.events.clone(),
                paths: args.path.iter().map(|glob| Glob::new(glob)).collect(),
            },
            count: args.count,
            span: args.span,
            expected: args.expect.clone(),
            quiet: args.quiet,
            notes: secrets.notes,
        })
    }
}

fn forwarding(args: &ListenArgs) -> Result<Option<Forwarding>> {
    let route = |(kinds, target): &(Vec<Kind>, String)| {
        let mut target = Target::parse(target)?;
        args::request_headers(&args.forward_header, &mut target)?
            .into_iter()
            .for_each(|(name, value)| target.carry(name, value));
        Ok(Route {
            kinds: kinds.clone(),
            target,
        })
    };
    let routes: Vec<Route> = args.forward_to.iter().map(route).collect::<Result<_>>()?;
    Ok((!routes.is_empty()).then_some(Forwarding {
        routes,
        ack_always: args.ack_always,
        insecure: args.insecure,
        retries: args.retries,
        timeout: args.timeout,
    }))
}

fn faults(args: &ListenArgs) -> FaultInjection {
    let failure = if args.hang_up {
        Failure::HangUp
    } else {
        let status = args.fail_status.map(StatusCode::from_u16);
        Failure::Status(
            status
                .and_then(std::result::Result::ok)
                .unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
        )
    };
    let failing = match (args.fail_first, args.fail_rate) {
        (None, None) if args.hang_up || args.fail_status.is_some() => FailureRule::Always,
        (None, None) => FailureRule::Never,
        (first, rate) => FailureRule::Sometimes {
            first: first.unwrap_or_default(),
            rate: rate.unwrap_or_default(),
            rng: Mutex::new(Rng::seeded(args.seed.unwrap_or_else(id::fresh_seed))),
        },
    };
    FaultInjection {
        kinds: args.events.clone(),
        delay: args.delay.unwrap_or_default(),
        failing,
        failure,
    }
}

/// Binds the listener, runs until it is stopped, and prints the summary.
pub fn run(plan: Plan) -> Result<Exit> {
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
    // Only on a terminal: a line that is redrawn would fill a file with noise.
    let is_watched =
        !plan.style.json && std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    let report = Arc::new(Reporter::new(plan.style, Progress::line(is_watched)));
    let result = runtime.block_on(listen(plan, listener, &report));
    // Tasks still in the background (a DNS lookup, for example) are not waited for.
    runtime.shutdown_background();
    report.finish();
    result
}

async fn listen(
    plan: Plan,
    listener: std::net::TcpListener,
    report: &Arc<Reporter>,
) -> Result<Exit> {
    let failed = |error| Error::usage(format!("cannot listen on {}: {error}", plan.addr));
    let address = listener.local_addr().map_err(failed)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
    let https = plan.https.as_ref();
    let certificate = https.map(|it| it.certificate(address)).transpose()?;
    let (limits, span, end) = (plan.limits, plan.span, End::of(&plan));
    let greeting = StartupNotice::of(&plan, address, certificate.as_ref());
    let handler = Arc::new(ListenHandler::new(plan, Arc::clone(report))?);
    if let Some(forwarder) = &handler.forwarder {
        forwarder.check(address)?;
    }
    let interrupt = Interrupt::start({
        let (report, handler) = (Arc::clone(report), Arc::clone(&handler));
        move || {
            if handler.in_flight.count() > 0 {
                report.say(FINISHING);
            }
        }
    });
    let goes_on = "; deliveries are still received, but no longer shown";
    report.on_close(goes_on, {
        let handler = Arc::clone(&handler);
        move || handler.stop.notify_one()
    });
    greeting.say(report, &handler);
    let watching = report.progress().is_shown().then(|| {
        let (handler, report) = (Arc::clone(&handler), Arc::clone(report));
        tokio::spawn(async move { watch(&handler, &report).await })
    });
    let begun = Instant::now();
    let stopped = Arc::new(OnceLock::new());
    let stop = {
        let (handler, interrupt) = (Arc::clone(&handler), interrupt.clone());
        let stopped = Arc::clone(&stopped);
        async move {
            tokio::select! {
                () = handler.stop.notified() => {}
                () = interrupt.wait() => {}
                () = wait(span) => {}
            }
            stopped.get_or_init(Instant::now);
        }
    };
    let tls = certificate.map(|it| it.host);
    serve(listener, limits, tls, Arc::clone(&handler), stop).await;
    if let Some(forwarder) = &handler.forwarder {
        let left = DRAIN.saturating_sub(stopped.get_or_init(Instant::now).elapsed());
        forwarder.finish(left, end.record.as_deref()).await;
    }

    if let Some(recording) = &handler.recording {
        // Blocks until the recording is on disk; this thread has nothing else to do.
        recording.finish();
    }
    if let Some(watching) = watching {
        watching.abort();
    }
    let mut tally = handler.tally.lock().unwrap_or_else(PoisonError::into_inner);
    tally.elapsed = begun.elapsed();
    tally.forwarded = handler.forwarder.as_ref().map(|it| it.score());
    if report.progress().is_shown() && tally.deliveries > 0 {
        tally.next = end.replay();
    }
    report.tell(&Notice::Summary(&tally));
    Ok(end.conclude(&tally, report, interrupt.is_set()))
}

/// Refreshes the live status line from the tally.
async fn watch(handler: &ListenHandler, report: &Reporter) {
    let mut live = Live::default();
    let mut clock = tokio::time::interval(GLANCE);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        // Drawn when the lock is free again: a terminal may be slow.
        let line = report.live(
            &mut live,
            &handler.tally.lock().unwrap_or_else(PoisonError::into_inner),
        );
        report.progress().say(line);
    }
}

/// Settings that decide the exit status and the closing hint.
struct End {
    record: Option<PathBuf>,
    /// Target of most forwarded deliveries, for the `replay` hint.
    target: Option<String>,
    expected: Vec<(Kind, u64)>,
    counts_signatures: bool,
}

impl End {
    fn of(plan: &Plan) -> Self {
        Self {
            record: plan.record.as_ref().map(|record| record.path.clone()),
            target: plan.forwarding.as_ref().and_then(Forwarding::main),
            expected: plan.expected.clone(),
            counts_signatures: plan.count.is_some() && plan.require_signature,
        }
    }

    /// Returns the `replay` command for what was recorded.
    fn replay(&self) -> Option<String> {
        let path = quoted(self.record.as_deref()?);
        let target = self.target.as_deref().unwrap_or(":3000");
        Some(format!(
            "send it again: webhook-cli replay {path} --to {target}"
        ))
    }

    /// Returns the exit status: fails if `--expect` is not met, or if deliveries were rejected or lost while
    /// forwarding.
    fn conclude(&self, tally: &Tally, report: &Reporter, interrupted: bool) -> Exit {
        let mut exit = if interrupted {
            Exit::Interrupted
        } else {
            Exit::Success
        };
        for (kind, wanted) in &self.expected {
            let came = tally.kinds.get(kind).copied().unwrap_or_default();
            if came < *wanted {
                report.warn(&format!("expected {wanted} {kind}, and {came} came"));
                exit = exit.or(Exit::Failure);
            }
        }
        if self.counts_signatures && tally.refused_signatures > 0 {
            exit = exit.or(Exit::Signature);
        }
        if let Some(passing) = &tally.forwarded {
            if passing.rejected() > 0 {
                exit = exit.or(Exit::Failure);
            }
            if passing.unanswered > 0 {
                exit = exit.or(Exit::NoAnswer);
            }
        }
        exit
    }
}

/// Startup message: address, certificate and warnings.
struct StartupNotice {
    address: SocketAddr,
    /// Present with HTTPS; inside it, the path of the saved self-signed certificate, if that is used.
    https: Option<Option<PathBuf>>,
    /// True for `--insecure`: certificates of handlers are not checked.
    insecure: bool,
    /// True for `--quiet`: stdout has one line for each delivery and nothing else.
    quiet: bool,
    notes: Vec<String>,
}

impl StartupNotice {
    fn of(plan: &Plan, address: SocketAddr, certificate: Option<&Certificate>) -> Self {
        Self {
            address,
            https: certificate.map(|it| it.kept.clone()),
            quiet: plan.quiet,
            insecure: plan.forwarding.as_ref().is_some_and(|it| it.insecure),
            notes: plan.notes.clone(),
        }
    }

    fn say(&self, report: &Reporter, handler: &ListenHandler) {
        let address = self.address;
        let (scheme, to) = match self.https {
            Some(_) => ("https", "https://localhost"),
            None => ("http", ""),
        };
        let kept = self.https.as_ref().and_then(Option::as_deref);
        let hint = format!(
            "try it from another terminal: webhook-cli send click --to {to}:{}{}",
            address.port(),
            if to.is_empty() { "" } else { " --insecure" }
        );
        let url = format!("{scheme}://{address}");
        if self.quiet && !report.is_json() {
            // Stdout has one line for each delivery and nothing else.
            report.say(&format!("listening on {url}"));
        } else {
            report.tell(&Notice::Listening {
                url: &url,
                certificate: kept,
                hint: report.progress().is_shown().then_some(hint.as_str()),
            });
        }
        if let Some(path) = kept {
            report.say(&https::how_to_trust(path, address.port()));
        }
        args::say_all(report, &self.notes);
        if self.insecure {
            report.warn("certificates of handlers are not checked");
        }
        if !address.ip().is_loopback() {
            report.warn(&format!(
                "listening on {address}, where other machines can reach it"
            ));
        }
        if let Some(recording) = &handler.recording {
            args::say_all(report, recording.notes());
        }
    }
}

async fn wait(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}
