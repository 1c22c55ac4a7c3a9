//! Ctrl-C and SIGTERM: the first asks to finish, the second leaves at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::error::Exit;

/// Whether the user wants to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<(AtomicBool, Notify)>);

impl Interrupt {
    /// Listens for the signals from now on. `say` is told once that the program finishes what it has begun.
    pub fn start(say: impl FnOnce() + Send + 'static) -> Self {
        let this = Self::default();
        let told = this.clone();
        // Both are listened for from here on: a second one may follow on the heels of the first.
        let mut signals = Signals::new();
        tokio::spawn(async move {
            signals.next().await;
            say();
            told.set();
            signals.next().await;
            std::process::exit(Exit::Interrupted as i32);
        });
        this
    }

    /// Whether it was asked for.
    pub fn is_set(&self) -> bool {
        self.0.0.load(Ordering::Acquire)
    }

    /// Until it is asked for.
    pub async fn wait(&self) {
        let notified = self.0.1.notified();
        if !self.is_set() {
            notified.await;
        }
    }

    fn set(&self) {
        self.0.0.store(true, Ordering::Release);
        self.0.1.notify_waiters();
    }
}

/// What tells the program to end.
#[cfg(unix)]
struct Signals([Option<tokio::signal::unix::Signal>; 2]);

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // One that cannot be listened for keeps its own way of ending the program.
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
