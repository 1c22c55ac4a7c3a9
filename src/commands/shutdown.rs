//! Ctrl-C and SIGTERM: the first finishes requests in flight, the second quits at once.
//!
//! Signals are received on a thread of their own, so that they work whatever the program is waiting for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use tokio::sync::Notify;

use crate::error::Exit;
use crate::io::keyboard;

/// Message on the first Ctrl-C while requests are in flight.
pub(super) const FINISHING: &str = "finishing requests in flight; Ctrl-C again quits now";

/// Interrupt flag, shared by all tasks; set by the first signal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<(AtomicBool, Notify)>);

/// Counter of the requests in flight.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<AtomicUsize>);

/// Guard of a request in flight: dropping it decrements the counter.
pub(crate) struct Begun(InFlight);

impl InFlight {
    /// Counts a request until the guard is dropped.
    pub(crate) fn begin(&self) -> Begun {
        self.add();
        Begun(self.clone())
    }

    /// Increments the counter.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// Decrements the counter.
    pub(crate) fn take(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }

    /// Returns the number of requests in flight.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.take();
    }
}

impl Interrupt {
    /// Starts listening for signals. `say` is called once, on the first of them.
    pub(crate) fn start(say: impl FnOnce() + Send + 'static) -> Self {
        let this = Self::default();
        let told = this.clone();
        let (ready, is_ready) = sync_channel(0);
        let waiting = std::thread::Builder::new()
            .name("interrupt".into())
            .spawn(move || {
                let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                else {
                    return;
                };
                runtime.block_on(async {
                    let mut signals = Signals::new();
                    // Fails only if `start` no longer waits, which does not matter.
                    let _ = ready.send(());
                    signals.next().await;
                    told.set(say);
                    signals.next().await;
                    keyboard::give_back();
                    std::process::exit(Exit::Interrupted as i32);
                });
            });
        // Wait until both handlers are installed: a second signal may follow at once. Without that thread, the system's
        // default handling of signals remains.
        if waiting.is_ok() {
            let _ = is_ready.recv();
        }
        this
    }

    /// True once the first signal has arrived.
    pub(crate) fn is_set(&self) -> bool {
        self.0.0.load(Ordering::Acquire)
    }

    /// Resolves on the first signal.
    pub(crate) async fn wait(&self) {
        let notified = self.0.1.notified();
        if !self.is_set() {
            notified.await;
        }
    }

    /// Sets the flag, and calls `say`. Whoever reads what is said may rely on it that nothing begins any more; whoever
    /// waits is woken afterwards, so that it is said before the program ends.
    fn set(&self, say: impl FnOnce()) {
        self.0.0.store(true, Ordering::Release);
        say();
        self.0.1.notify_waiters();
    }
}

/// Does what Ctrl-C does.
#[cfg(unix)]
pub(super) fn interrupt_self() {
    use rustix::process::{Signal, getpid, kill_process};
    // A process may always send a signal to itself.
    let _ = kill_process(getpid(), Signal::INT);
}

/// Ends the program.
#[cfg(not(unix))]
pub(crate) fn interrupt_self() {
    std::process::exit(Exit::Interrupted as i32);
}

/// Signals that end the program.
#[cfg(unix)]
struct Signals([Option<tokio::signal::unix::Signal>; 2]);

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // A signal that cannot be listened for keeps its default handling.
        Self([SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok()))
    }

    async fn next(&mut self) {
        let [interrupt, terminate] = &mut self.0;
        tokio::select! {
            Some(_) = async { interrupt.as_mut()?.recv().await } => {}
            Some(_) = async { terminate.as_mut()?.recv().await } => {}
            else => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Interrupt;

    #[test]
    fn nothing_begins_any_more_once_an_interrupt_is_said() {
        let interrupt = Interrupt::default();
        interrupt.set(|| assert!(interrupt.is_set()));
    }
}
