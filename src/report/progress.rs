//! All that knows `indicatif`: a bar on stderr, hidden rather than absent where stderr is no terminal.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// How far a run is.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
    /// How many deliveries are through.
    sent: Arc<AtomicU64>,
    by_bytes: bool,
    shown: bool,
}

/// How long a run will be, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many deliveries.
    Deliveries(u64),
    /// So many bytes of sources.
    Bytes(u64),
    /// Nobody knows.
    Unknown,
}

impl Progress {
    /// A bar of that length. `shown` is whether stderr is a terminal that may be drawn on.
    pub fn new(length: Length, shown: bool) -> Self {
        let target = if shown {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let (total, look) = match length {
            Length::Deliveries(total) => (
                Some(total),
                "{bar:24} {pos}/{len}  {rate}  {msg}  {eta} left",
            ),
            Length::Bytes(total) => (
                Some(total),
                "{bar:24} {percent}%  {sent} sent  {rate}  {msg}  {eta} left",
            ),
            Length::Unknown => (None, "{spinner} {sent} sent  {rate}  {msg}"),
        };
        let sent = Arc::new(AtomicU64::new(0));
        let bar = ProgressBar::with_draw_target(total, target);
        if let Ok(style) = ProgressStyle::with_template(look) {
            let count = {
                let sent = Arc::clone(&sent);
                // The bar has no use for an error, here and below.
                move |_: &ProgressState, out: &mut dyn fmt::Write| {
                    let _ = write!(out, "{}", sent.load(Ordering::Relaxed));
                }
            };
            let rate = {
                let sent = Arc::clone(&sent);
                move |state: &ProgressState, out: &mut dyn fmt::Write| {
                    let seconds = state.elapsed().as_secs_f64().max(0.001);
                    #[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
                    let rate = sent.load(Ordering::Relaxed) as f64 / seconds;
                    let _ = write!(out, "{rate:.0}/s");
                }
            };
            bar.set_style(
                style
                    .with_key("sent", count)
                    .with_key("rate", rate)
                    .progress_chars("█▉▊▋▌▍▎▏ "),
            );
        }
        Self {
            bar,
            sent,
            by_bytes: matches!(length, Length::Bytes(_)),
            shown,
        }
    }

    /// No bar at all.
    pub fn none() -> Self {
        Self::new(Length::Unknown, false)
    }

    /// A line of text that changes.
    pub fn line(shown: bool) -> Self {
        let this = Self::new(Length::Unknown, shown);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            this.bar.set_style(style);
        }
        this
    }

    /// Whether it is to be seen at all.
    pub fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// What the line says from now on.
    pub fn say(&self, line: String) {
        if self.bar.message() != line {
            self.bar.set_message(line);
        }
    }

    /// Draws from now on, also while nothing moves.
    pub fn start(&self) {
        if self.shown {
            self.bar.enable_steady_tick(Duration::from_millis(200));
        }
    }

    /// One delivery more is through; so many have failed, and so many are under way.
    pub fn step(&self, failed: u64, in_flight: u64) {
        let sent = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.shown {
            return;
        }
        let failed = match failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        self.bar
            .set_message(format!("{in_flight} in flight{failed}"));
        if !self.by_bytes {
            self.bar.set_position(sent);
        }
    }

    /// So many bytes of the sources are through.
    pub fn read(&self, bytes: u64) {
        if self.by_bytes && self.shown {
            self.bar.set_position(bytes);
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Writes while the bar is out of the way. Unlike the bar's own printing, this writes off a terminal too.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        if self.shown {
            self.bar.suspend(write)
        } else {
            // Nothing is in the way, and whoever writes to stderr need not wait for a stdout that nobody reads.
            write()
        }
    }
}

/// Stdout, written while the bar is out of the way.
#[derive(Debug)]
pub struct Screen(pub Progress);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.aside(|| io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}
