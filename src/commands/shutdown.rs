//! Ctrl-C and SIGTERM: the first asks to finish, the second quits at once.
//!
//! Signals are waited for on a thread of their own, so that they are heard whatever the program is waiting for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use tokio::sync::Notify;

use crate::error::Exit;

/// What is said to whoever interrupts while requests are in flight.
pub const FINISHING: &str = "finishing requests in flight; Ctrl-C again quits now";

/// Whether the user wants to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<(AtomicBool, Notify)>);

/// How many requests are in flight.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<AtomicUsize>);

/// A request in flight, until this is dropped.
pub struct Begun(InFlight);

impl InFlight {
    /// One more, until it is dropped.
    pub fn begin(&self) -> Begun {
        self.add();
        Begun(self.clone())
    }

    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// One less.
    pub fn take(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.take();
    }
}

impl Interrupt {
    /// Listens for the signals from now on. `say` is called once, with the first of them.
    pub fn start(say: impl FnOnce() + Send + 'static) -> Self {
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
                    // Nobody waits for this thread who is not there any more.
                    let _ = ready.send(());
                    signals.next().await;
                    say();
                    told.set();
                    signals.next().await;
                    std::process::exit(Exit::Interrupted as i32);
                });
            });
        // Both are listened for from here on: a second one may follow on the heels of the first. Without that thread, the
        // system's own way of ending the program is left.
        if waiting.is_ok() {
            let _ = is_ready.recv();
        }
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
