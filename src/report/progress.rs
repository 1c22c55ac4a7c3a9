//! All that knows `indicatif`: a bar on stderr, hidden rather than absent where stderr is no terminal.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// How far a run is.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar over that many deliveries, or a counter where their number is not known. `shown` is whether
    /// stderr is a terminal that may be drawn on.
    pub fn new(total: Option<u64>, shown: bool) -> Self {
        let target = if shown {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(total, target);
        let look = match total {
            Some(_) => "{bar:28} {pos}/{len}  {rate}  {msg}  {eta} left",
            None => "{spinner} {pos} sent  {rate}  {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(look) {
            let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
                // The bar has no use for an error.
                let _ = write!(out, "{:.0}/s", state.per_sec());
            };
            bar.set_style(style.with_key("rate", rate).progress_chars("█▉▊▋▌▍▎▏ "));
        }
        Self(bar)
    }

    /// No bar at all.
    pub fn none() -> Self {
        Self::new(None, false)
    }

    /// Draws from now on, also while nothing moves.
    pub fn start(&self) {
        if !self.0.is_hidden() {
            self.0.enable_steady_tick(Duration::from_millis(200));
        }
    }

    /// One delivery more is through.
    pub fn step(&self, failed: u64) {
        self.0.inc(1);
        if failed > 0 && !self.0.is_hidden() {
            self.0.set_message(format!("{failed} failed"));
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }

    /// Writes while the bar is out of the way. Unlike the bar's own printing, this writes off a terminal too.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
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
