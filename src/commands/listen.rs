//! `listen`: makes a plan of the words, opens the door, and says what it came to in the end.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;

use super::desk::{Canned, Desk};
use super::interrupt::Interrupt;
use super::keeper::{Keeper, Record};
use super::plan;
use crate::cli::{ListenArgs, Show};
use crate::error::{Error, Exit, Result};
use crate::io::server::{Limits, bind, serve};
use crate::providers::{Keys, Provider};
use crate::report::{Notice, Parts, Progress, Reporter, Style, Tally};
use crate::webhook::{Kind, Target};

/// What `listen` was asked to do.
#[derive(Debug)]
pub struct Plan {
    pub(super) style: Style,
    pub(super) addr: String,
    pub(super) limits: Limits,
    pub(super) keys: Arc<Keys>,
    pub(super) provider: Option<&'static Provider>,
    pub(super) require_signature: bool,
    pub(super) tolerance: Option<Duration>,
    pub(super) public_url: Option<String>,
    pub(super) topics: Vec<String>,
    pub(super) record: Option<Record>,
    pub(super) forward_to: Option<Target>,
    pub(super) timeout: Duration,
    pub(super) answer: Canned,
    pub(super) shown: Vec<Kind>,
    pub(super) count: Option<u64>,
    pub(super) span: Option<Duration>,
    pub(super) expected: Vec<(Kind, u64)>,
    pub(super) notes: Vec<String>,
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
            record: args.record.clone().map(|path| Record {
                path,
                sync: args.sync.into(),
            }),
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

    if let Some(keeper) = &desk.keeper {
        // It waits for the disk, which is nothing that this thread is needed for any more.
        keeper.finish();
    }
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
    for note in desk.keeper.iter().flat_map(Keeper::notes) {
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
