//! Tunnel of a listener: started with it, told, started again if it ends, and ended with it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::commands::listen::handler::ListenHandler;
use crate::error::{Error, Result};
use crate::io::tunnel::local::Local;
use crate::io::tunnel::tunnel::{Tunnel, TunnelKind};
use crate::report::{Notice, Reporter};

/// Waits before a tunnel that ended is started again; after the last, it is given up.
const WAITS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Time after which a tunnel counts as stable: its end is then the first one again.
const STABLE: Duration = Duration::from_secs(60);

/// Tunnel that runs beside a listener.
pub(crate) struct Tunnelling {
    stop: Arc<Notify>,
    failure: Arc<Mutex<Option<Error>>>,
    task: JoinHandle<()>,
}

/// State that the task of a tunnel needs.
struct Keeper {
    kind: TunnelKind,
    local: Local,
    quiet: bool,
    handler: Arc<ListenHandler>,
    report: Arc<Reporter>,
}

impl Tunnelling {
    /// Starts the tunnel. If it cannot be opened, the listener is stopped, and `finish` returns the error.
    pub(crate) fn start(
        kind: TunnelKind,
        local: Local,
        quiet: bool,
        handler: &Arc<ListenHandler>,
        report: &Arc<Reporter>,
    ) -> Self {
        let keeper = Keeper {
            kind,
            local,
            quiet,
            handler: Arc::clone(handler),
            report: Arc::clone(report),
        };
        let (stop, failure) = (Arc::new(Notify::new()), Arc::new(Mutex::new(None)));
        let task = tokio::spawn({
            let (stop, failure) = (Arc::clone(&stop), Arc::clone(&failure));
            async move {
                if let Err(error) = keeper.keep(&stop).await {
                    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    keeper.handler.stop.notify_one();
                }
            }
        });
        Self {
            stop,
            failure,
            task,
        }
    }

    /// Ends the tunnel; an error if it could not be opened.
    pub(crate) async fn finish(self) -> Result<()> {
        self.stop.notify_one();
        // A task that panicked has ended its program by dropping it.
        let _ = self.task.await;
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take().map_or(Ok(()), Err)
    }
}

impl Keeper {
    /// Keeps the tunnel open until it is stopped or given up; an error if it was never open.
    async fn keep(&self, stop: &Notify) -> Result<()> {
        let stopped = stop.notified();
        tokio::pin!(stopped);
        let mut tunnel = tokio::select! {
            tunnel = Tunnel::open(&self.kind, &self.local) => tunnel?,
            () = &mut stopped => return Ok(()),
        };
        let mut failures = 0;
        loop {
            self.announce(&tunnel.url);
            let begun = Instant::now();
            let end = tokio::select! {
                end = tunnel.ended() => end,
                () = &mut stopped => {
                    tunnel.close().await;
                    return Ok(());
                }
            };
            let mut lines = tunnel.last_lines();
            tunnel.close().await;
            let mut why = format!("`{}` ended ({end})", self.kind);
            if begun.elapsed() >= STABLE {
                failures = 0;
            }
            tunnel = loop {
                let Some(wait) = WAITS.get(failures) else {
                    self.give_up(&why, &lines);
                    return Ok(());
                };
                failures += 1;
                let seconds = wait.as_secs();
                self.report
                    .warn(&format!("{why}; it is started again in {seconds} s"));
                let again = async {
                    tokio::time::sleep(*wait).await;
                    Tunnel::open(&self.kind, &self.local).await
                };
                let opened = tokio::select! {
                    opened = again => opened,
                    () = &mut stopped => return Ok(()),
                };
                match opened {
                    Ok(tunnel) => break tunnel,
                    Err(error) => {
                        why = error.what().to_owned();
                        lines = error.hints().to_vec();
                    }
                }
            };
        }
    }

    /// Tells the URL; from now on, signatures are verified with it.
    fn announce(&self, url: &str) {
        self.handler.public_url.set(url);
        if self.quiet && !self.report.is_json() {
            // Stdout has one line for each delivery and nothing else.
            self.report.say(&format!("public at {url}"));
        } else {
            self.report.tell(&Notice::Tunnel { url });
        }
    }

    fn give_up(&self, why: &str, lines: &[String]) {
        let last = lines.last();
        let said = last.map_or_else(String::new, |line| format!("; its last line: {line}"));
        self.report.warn(&format!(
            "{why}, and is not started again: no delivery comes through it any more{said}"
        ));
    }
}
