//! Reporter of a run: all output goes through it.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

use crate::error::Error;
use crate::report::formats::report_file;
use crate::report::formats::report_file::ReportFile;
use crate::report::notice::{Notice, Parts, View};
use crate::report::progress::{Progress, Screen};
use crate::report::sink::{Drain, Failure, Sink};
use crate::report::text;
use crate::report::text::TextReport;
use crate::report::text::palette::{ColorChoice, Palette, Role, wants_color};
use crate::report::text::wrap;
use crate::report::{Live, Mode, Tally, Untrusted, escape_into, json_lines};

/// Capacity in bytes that the buffer of a thread keeps.
const KEPT: usize = 64 * 1024;

/// Output options of a run.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// `--json`: one JSON object per line.
    pub json: bool,
    /// `--quiet`: no line for a successful attempt.
    pub quiet: bool,
    /// Show the response to each attempt.
    pub replies: bool,
    /// `--color`.
    pub color: ColorChoice,
    /// Form in which received deliveries are shown.
    pub view: View,
    /// Parts shown of a received delivery.
    pub parts: Parts,
}

/// Writes notices to stdout, and messages to stderr.
pub struct Reporter {
    json: bool,
    quiet: bool,
    voice: TextReport,
    /// True if stdout is a terminal, where long lines wrap.
    has_edge: bool,
    talk: Palette,
    sink: Sink,
    drain: Mutex<Option<Drain>>,
    progress: Progress,
    /// Report file, and true if the report goes to stdout in place of all else.
    results: Option<(Mutex<Option<ReportFile>>, bool)>,
}

impl Reporter {
    /// Creates a reporter, which clears `progress` while it writes.
    pub fn new(style: Style, progress: Progress) -> Self {
        let palette = |terminal| {
            let env = |name: &str| std::env::var(name).ok();
            if wants_color(style.color, &env, terminal) {
                Palette::colored()
            } else {
                Palette::plain()
            }
        };
        let (sink, drain) = Sink::new(Screen(progress.clone()));
        sink.on_close({
            let complain = lost(&progress, &palette(io::stderr().is_terminal()), "");
            move |failure| complain(failure)
        });
        Self {
            json: style.json,
            quiet: style.quiet,
            has_edge: io::stdout().is_terminal(),
            voice: TextReport {
                palette: palette(io::stdout().is_terminal()),
                view: style.view,
                parts: style.parts,
                replies: style.replies,
                columns: width,
                zone: LazyLock::new(text::local_zone),
            },
            talk: palette(io::stderr().is_terminal()),
            sink,
            drain: Mutex::new(Some(drain)),
            progress,
            results: None,
        }
    }

    /// Adds a report file; `alone` if the report goes to stdout in place of all else.
    #[must_use]
    pub fn with_results(mut self, results: Option<ReportFile>, alone: bool) -> Self {
        self.results = results.map(|results| (Mutex::new(Some(results)), alone));
        self
    }

    /// Writes a notice to stdout and to the report file.
    pub fn tell(&self, notice: &Notice) {
        if let Some((results, alone)) = &self.results {
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(results) = results.as_mut() {
                results.take(notice);
            }
            if *alone
                || matches!(notice, Notice::Attempted(attempt) if self.quiet && attempt.outcome.succeeded())
            {
                return;
            }
        }
        // Formatted without the lock of the sink, in a buffer that each thread reuses.
        thread_local!(static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });
        BUFFER.with_borrow_mut(|out| {
            out.clear();
            if self.json {
                match json_lines::Long::of(notice) {
                    None => json_lines::write(out, notice),
                    Some(long) => self.sink.append_long(|give| long.write(give)),
                }
            } else {
                self.voice.write(out, notice);
                if self.has_edge
                    && let Some(width) = width()
                {
                    wrap::guard(out, width, text::GUTTER);
                }
            }
            if !out.is_empty() {
                self.sink.push(out);
            }
            out.shrink_to(KEPT);
        });
    }

    /// Writes data to stdout: raw to a file or pipe, escaped to a terminal.
    pub fn data(&self, bytes: &[u8]) {
        if self.has_edge {
            let mut out = Vec::with_capacity(bytes.len());
            escape_into(&mut out, bytes, Mode::Block);
            self.sink.push(&out);
        } else {
            self.sink.push(bytes);
        }
    }

    /// Writes trusted text, already coloured, to stdout.
    pub fn show(&self, text: &str) {
        self.sink.push(text.as_bytes());
    }

    /// Width of prose on stdout, in columns.
    pub fn columns(&self) -> usize {
        width().map_or(wrap::WIDEST, |width| width.min(wrap::WIDEST))
    }

    /// Palette of stdout.
    pub fn palette(&self) -> &Palette {
        &self.voice.palette
    }

    /// True if stdout is a terminal.
    pub fn on_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Writes a line to stderr.
    pub fn say(&self, line: &str) {
        self.progress.aside(|| say(line));
    }

    /// Writes a hint: to stdout below results as text, to stderr if results are for programs.
    pub fn hint(&self, hint: &str) {
        let is_text = !self.json && self.results.as_ref().is_none_or(|(_, alone)| !alone);
        let palette = if is_text {
            &self.voice.palette
        } else {
            &self.talk
        };
        let line = format!(
            " {} {}",
            palette.paint(Role::Kind, "hint:"),
            Untrusted::new(hint)
        );
        if is_text {
            self.sink.push(format!("{line}\n").as_bytes());
        } else {
            self.say(&line);
        }
    }

    /// Writes a warning to stderr.
    pub fn warn(&self, line: &str) {
        self.say(&format!(
            "{} {}",
            self.talk.paint(Role::Warn, "warning:"),
            Untrusted::new(line)
        ));
    }

    /// Writes a note to stderr.
    pub fn note(&self, line: &str) {
        self.say(&format!(
            "{} {}",
            self.talk.paint(Role::Dim, "note:"),
            Untrusted::new(line)
        ));
    }

    /// Status line of `listen` for the totals so far.
    pub fn live(&self, live: &mut Live, tally: &Tally) -> String {
        // Leaves columns for what the terminal echoes (`^C`), so that the line does not wrap and can be cleared.
        let width = width().unwrap_or(80).saturating_sub(4);
        live.line(tally, Instant::now(), &self.talk, width)
    }

    /// Progress bar.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// True if an attempt with this result is not shown, so that its text need not be made.
    pub fn skips(&self, succeeded: bool) -> bool {
        self.quiet && succeeded && self.results.is_none()
    }

    /// True once stdout is closed, and what is written is dropped.
    pub fn is_closed(&self) -> bool {
        self.sink.closed()
    }

    /// True if output is JSON lines.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// True if anything is written as JSON: the lines, or a report beside them.
    pub fn writes_json(&self) -> bool {
        let results = self.results.as_ref();
        self.json
            || results.is_some_and(|(results, _)| {
                let results = results.lock().unwrap_or_else(PoisonError::into_inner);
                results.as_ref().is_some_and(ReportFile::is_json)
            })
    }

    /// Calls `call` when the reader of stdout closes the pipe. For another error of stdout a warning is written, ending
    /// in `goes_on`.
    pub fn on_close(&self, goes_on: &'static str, call: impl FnOnce() + Send + 'static) {
        let complain = lost(&self.progress, &self.talk, goes_on);
        self.sink
            .on_close(move |failure| match failure.is_broken_pipe {
                true => call(),
                false => complain(failure),
            });
    }

    /// Flushes everything and finishes the report. Later notices are dropped.
    pub fn finish(&self) {
        self.progress.finish();
        if let Some((results, alone)) = &self.results {
            let results = results
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            let done = results.map_or(Ok(()), |results| {
                let file = results.finish()?;
                if *alone {
                    report_file::read_out(file, |piece| self.data(piece))
                } else {
                    Ok(())
                }
            });
            if let Err(error) = done {
                self.warn(&format!("the report is not whole: {error}"));
            }
        }
        let drain = self
            .drain
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // A closed pipe is no error, and any other error of stdout has been reported.
        let _ = drain.map(Drain::finish);
    }
}

/// True after a write to stdout failed for another reason than a closed pipe.
static LOST: AtomicBool = AtomicBool::new(false);

/// True if output was lost because stdout could not be written, such as on a full disk. A closed pipe does not count.
pub fn lost_output() -> bool {
    LOST.load(Ordering::Acquire)
}

/// Callback that sets `LOST` and writes the warning, once a run.
fn lost(
    progress: &Progress,
    palette: &Palette,
    goes_on: &'static str,
) -> impl Fn(&Failure) + Send + use<> {
    let (progress, warning) = (progress.clone(), palette.paint(Role::Warn, "warning:"));
    move |failure| {
        if !failure.is_broken_pipe {
            if LOST.swap(true, Ordering::AcqRel) {
                return;
            }
            let words = &failure.words;
            progress.aside(|| {
                say(&format!(
                    "{warning} cannot write to stdout: {words}{goes_on}"
                ))
            });
        }
    }
}

/// Width of stdout in columns, if it is a terminal that reports it.
pub fn width() -> Option<usize> {
    #[cfg(unix)]
    {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        (size.ws_col > 0).then_some(size.ws_col.into())
    }
    #[cfg(not(unix))]
    None
}

/// Writes an error to stderr: message, then hints.
pub fn complain(error: &Error, color: ColorChoice) {
    let env = |name: &str| std::env::var(name).ok();
    let palette = if wants_color(color, &env, io::stderr().is_terminal()) {
        Palette::colored()
    } else {
        Palette::plain()
    };
    say(&format!(
        "{} {}",
        palette.paint(Role::Bad, "error:"),
        Untrusted::new(error.what())
    ));
    for hint in error.hints() {
        say(&format!(
            " {} {}",
            palette.paint(Role::Kind, "hint:"),
            Untrusted::new(hint)
        ));
    }
}

fn say(line: &str) {
    // If stderr is closed, the failure cannot be reported.
    let _ = writeln!(io::stderr(), "{line}");
}
