//! Progress bar on stderr, on `indicatif`; hidden if stderr is no terminal.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// Progress bar of a run.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
    count: Arc<Count>,
    by_bytes: bool,
    shown: bool,
}

/// Position of the bar.
#[derive(Debug, Default)]
struct Count {
    /// Deliveries sent by this run.
    sent: AtomicU64,
    /// Deliveries or bytes completed, with the skipped ones.
    position: AtomicU64,
    /// Time and position at the end of the first delivery.
    first: OnceLock<(Instant, u64)>,
}

impl Count {
    /// Estimates the remaining time from the deliveries of this run alone; those skipped took no time.
    fn left(&self, total: u64, now: Instant) -> Option<Duration> {
        let (at, from) = *self.first.get()?;
        let position = self.position.load(Ordering::Relaxed);
        let through = position.checked_sub(from).filter(|through| *through > 0)?;
        let rest = total.saturating_sub(position);
        #[expect(clippy::cast_precision_loss, reason = "an estimate is rounded anyway")]
        let share = rest as f64 / through as f64;
        let seconds = now.duration_since(at).as_secs_f64() * share;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// Expected length of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Number of deliveries.
    Deliveries(u64),
    /// Size of the sources in bytes.
    Bytes(u64),
    /// Not known: a spinner is shown in place of a bar.
    Unknown,
}

impl Progress {
    /// Creates a bar; `shown` says that stderr is a terminal.
    pub fn new(length: Length, shown: bool) -> Self {
        let target = if shown {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let (total, look) = match length {
            Length::Deliveries(total) => (
                Some(total),
                "{bar:24} {pos}/{len}  {rate}  {msg}  {left} left",
            ),
            Length::Bytes(total) => (
                Some(total),
                "{bar:24} {percent}%  {sent} sent  {rate}  {msg}  {left} left",
            ),
            Length::Unknown => (None, "{spinner} {sent} sent  {rate}  {msg}"),
        };
        let count = Arc::new(Count::default());
        let bar = ProgressBar::with_draw_target(total, target);
        if let Ok(style) = ProgressStyle::with_template(look) {
            bar.set_style(Self::styled(style, &count));
        }
        Self {
            bar,
            count,
            by_bytes: matches!(length, Length::Bytes(_)),
            shown,
        }
    }

    /// Adds the values that are computed from the count.
    fn styled(style: ProgressStyle, count: &Arc<Count>) -> ProgressStyle {
        let sent = {
            let count = Arc::clone(count);
            // An error in the bar is of no consequence, here and below.
            move |_: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = write!(out, "{}", count.sent.load(Ordering::Relaxed));
            }
        };
        let rate = {
            let count = Arc::clone(count);
            move |state: &ProgressState, out: &mut dyn fmt::Write| {
                let seconds = state.elapsed().as_secs_f64().max(0.001);
                #[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
                let rate = count.sent.load(Ordering::Relaxed) as f64 / seconds;
                let _ = write!(out, "{rate:.0}/s");
            }
        };
        let left = {
            let count = Arc::clone(count);
            move |state: &ProgressState, out: &mut dyn fmt::Write| {
                let total = state.len().unwrap_or_default();
                let _ = match count.left(total, Instant::now()) {
                    Some(left) => write!(out, "{:#}", HumanDuration(left)),
                    None => out.write_str("?"),
                };
            }
        };
        style
            .with_key("sent", sent)
            .with_key("rate", rate)
            .with_key("left", left)
            .progress_chars("█▉▊▋▌▍▎▏ ")
    }

    /// Creates a hidden bar.
    pub fn none() -> Self {
        Self::new(Length::Unknown, false)
    }

    /// Creates a status line in place of a bar.
    pub fn line(shown: bool) -> Self {
        let this = Self::new(Length::Unknown, shown);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            this.bar.set_style(style);
        }
        this
    }

    /// True if the bar is visible.
    pub fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Sets the text of the status line.
    pub fn say(&self, line: String) {
        if self.bar.message() != line {
            self.bar.set_message(line);
        }
    }

    /// Starts drawing, and redraws also while nothing changes.
    pub fn start(&self) {
        if self.shown {
            self.bar.enable_steady_tick(Duration::from_millis(200));
        }
    }

    /// Advances by one delivery; shows the number failed and in flight.
    pub fn step(&self, failed: u64, in_flight: u64) {
        let count = &self.count;
        count.sent.fetch_add(1, Ordering::Relaxed);
        self.advance();
        count
            .first
            .get_or_init(|| (Instant::now(), count.position.load(Ordering::Relaxed)));
        if !self.shown {
            return;
        }
        let failed = match failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        self.bar
            .set_message(format!("{in_flight} in flight{failed}"));
    }

    /// Advances by one delivery that an earlier run has sent.
    pub fn pass_over(&self) {
        self.advance();
    }

    /// Sets the position in bytes of the sources.
    pub fn read(&self, bytes: u64) {
        if self.by_bytes {
            self.count.position.store(bytes, Ordering::Relaxed);
            self.draw(bytes);
        }
    }

    fn advance(&self) {
        if !self.by_bytes {
            let before = self.count.position.fetch_add(1, Ordering::Relaxed);
            self.draw(before + 1);
        }
    }

    fn draw(&self, position: u64) {
        if self.shown {
            self.bar.set_position(position);
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Clears the bar, runs `write` and draws the bar again. Unlike the bar's own printing, this also writes if stderr
    /// is no terminal.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        if self.shown {
            self.bar.suspend(write)
        } else {
            // No bar to clear; and a message on stderr must not wait for a stdout that is not read.
            write()
        }
    }
}

/// Stdout writer that clears the bar during each write.
#[derive(Debug)]
pub(super) struct Screen(pub Progress);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.aside(|| io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::{Length, Progress};
    use std::time::Duration;

    /// Remaining time ten seconds after the first delivery ended.
    fn left(progress: &Progress, total: u64) -> Option<Duration> {
        let (first, _) = progress.count.first.get()?;
        progress.count.left(total, *first + Duration::from_secs(10))
    }

    #[test]
    fn the_time_left_is_estimated_by_what_this_run_has_sent() {
        let progress = Progress::new(Length::Bytes(1000), false);
        progress.read(900);
        assert_eq!(left(&progress, 1000), None);
        progress.step(0, 1);
        assert_eq!(left(&progress, 1000), None, "one alone tells no pace");
        progress.read(910);
        progress.step(0, 1);
        assert_eq!(left(&progress, 1000), Some(Duration::from_secs(90)));

        let progress = Progress::new(Length::Deliveries(100), false);
        (0..60).for_each(|_| progress.pass_over());
        progress.step(0, 1);
        progress.step(0, 1);
        assert_eq!(left(&progress, 100), Some(Duration::from_secs(380)));
    }
}
