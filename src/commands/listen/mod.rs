//! `listen`: binds the listener, serves until it is stopped, and prints the summary.

pub(crate) mod answer;
pub(crate) mod conclusion;
pub(crate) mod duplicates;
pub(crate) mod faults;
pub(crate) mod handler;
pub(crate) mod https;
pub(crate) mod incoming;
pub(crate) mod keys;
pub(crate) mod plan;
pub(crate) mod recent;
pub(crate) mod recording;
pub(crate) mod startup;

use std::io::IsTerminal;
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use crate::commands::inspect::listener::ListenInspector;
use crate::commands::listen::conclusion::Conclusion;
use crate::commands::listen::handler::ListenHandler;
use crate::commands::listen::keys::KeyCommands;
use crate::commands::listen::plan::ListenPlan;
use crate::commands::listen::startup::StartupNotice;
use crate::commands::reach::running::ReachPlan;
use crate::commands::shutdown::{FINISHING, Interrupt};
use crate::error::{Error, Exit, Result};
use crate::io::server::{bind, serve};
use crate::report::{Notice, Progress, Reporter, StatusLine};

/// Time limit of shutdown, for requests in flight and background forwarding together.
const DRAIN: Duration = Duration::from_secs(11);

/// Refresh interval of the live status line.
const GLANCE: Duration = Duration::from_millis(200);

/// Binds the listener, runs until it is stopped, and prints the summary.
pub(crate) fn run(plan: ListenPlan) -> Result<Exit> {
    let listener = bind(&plan.addr, "--port 0")?;
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
    plan: ListenPlan,
    listener: std::net::TcpListener,
    report: &Arc<Reporter>,
) -> Result<Exit> {
    let failed = |error| Error::usage(format!("cannot listen on {}: {error}", plan.addr));
    let address = listener.local_addr().map_err(failed)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
    let https = plan.https.as_ref();
    let certificate = https.map(|it| it.certificate(address)).transpose()?;
    let (limits, memory) = (plan.limits, plan.memory.clone());
    let (span, conclusion) = (plan.span, Conclusion::of(&plan));
    let startup = StartupNotice::of(&plan, address, certificate.as_ref());
    let reach = ReachPlan::of(&plan, address);
    let inspector = ListenInspector::bind(&plan).await?;
    let handler = Arc::new(ListenHandler::new(plan, Arc::clone(report))?);
    if let Some(forwarder) = &handler.forwarder {
        forwarder.check(address)?;
    }
    let interrupt = interrupt(&handler, report);
    let goes_on = "; deliveries are still received, but no longer shown";
    report.on_close(goes_on, {
        let handler = Arc::clone(&handler);
        move || handler.stop.notify_one()
    });
    startup.say(report, &handler);
    let reach = reach.start(&handler, report);
    let inspector = inspector.map(|it| it.start(&handler, &startup.url(), &memory, report));
    let page = inspector.as_ref().map(|it| it.url.clone());
    let keyboard = KeyCommands::start(&handler, report, &startup.url(), page);
    let has_keys = keyboard.is_some();
    let status_line = report.progress().is_shown().then(|| {
        let (handler, report) = (Arc::clone(&handler), Arc::clone(report));
        tokio::spawn(async move { refresh_status_line(&handler, &report, has_keys).await })
    });
    let begun = Instant::now();
    let stopped = Arc::new(OnceLock::new());
    let stop = {
        let (handler, interrupt) = (Arc::clone(&handler), interrupt.clone());
        let stopped = Arc::clone(&stopped);
        async move {
            stop(&handler, &interrupt, span).await;
            stopped.get_or_init(Instant::now);
        }
    };
    let tls = certificate.map(|it| it.host);
    serve(listener, limits, memory, tls, Arc::clone(&handler), stop).await;
    let stopped = *stopped.get_or_init(Instant::now);
    let reached = reach.finish(DRAIN.saturating_sub(stopped.elapsed())).await;
    finish(&handler, stopped, &conclusion).await;
    if let Some(inspector) = inspector {
        inspector.finish().await;
    }
    reached?;
    if let Some(status_line) = status_line {
        status_line.abort();
    }
    let exit = summarize(&handler, begun, &conclusion, report, &interrupt);
    drop(keyboard);
    Ok(exit)
}

/// Waits until the listener is to stop: by its own conditions, by Ctrl-C, or after `--for`.
async fn stop(handler: &ListenHandler, interrupt: &Interrupt, span: Option<Duration>) {
    tokio::select! {
        () = handler.stop.notified() => {}
        () = interrupt.wait() => {}
        () = wait(span) => {}
    }
}

fn interrupt(handler: &Arc<ListenHandler>, report: &Arc<Reporter>) -> Interrupt {
    let (report, handler) = (Arc::clone(report), Arc::clone(handler));
    Interrupt::start(move || {
        if handler.in_flight.count() > 0 {
            report.say(FINISHING);
        }
    })
}

/// Ends background forwarding and recording.
async fn finish(handler: &ListenHandler, stopped: Instant, conclusion: &Conclusion) {
    if let Some(forwarder) = &handler.forwarder {
        let left = DRAIN.saturating_sub(stopped.elapsed());
        forwarder.finish(left, conclusion.record.as_deref()).await;
    }
    if let Some(recording) = &handler.recording {
        // Blocks until the recording is on disk; this thread has nothing else to do.
        recording.finish();
    }
}

/// Prints the summary, and returns the exit status.
fn summarize(
    handler: &ListenHandler,
    begun: Instant,
    conclusion: &Conclusion,
    report: &Reporter,
    interrupt: &Interrupt,
) -> Exit {
    let mut tally = handler.tally.lock().unwrap_or_else(PoisonError::into_inner);
    tally.elapsed = begun.elapsed();
    tally.forwarded = handler.forwarder.as_ref().map(|it| it.counts());
    if report.progress().is_shown() && tally.deliveries > 0 {
        tally.next = conclusion.replay();
    }
    report.tell(&Notice::Summary(&tally));
    conclusion.exit(&tally, report, interrupt.is_set())
}

/// Refreshes the live status line from the tally.
async fn refresh_status_line(handler: &ListenHandler, report: &Reporter, keys: bool) {
    let mut live = StatusLine::new(keys);
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

async fn wait(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}
