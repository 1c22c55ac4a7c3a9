//! Reporter of a run: all output goes through it.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Instant;

use crate::error::Error;
use crate::report::consumer::{Consumer, JsonLines, Results, TextLines};
use crate::report::formats::report_file::ReportFile;
use crate::report::held::HeldOutput;
use crate::report::notice::{Notice, ShownParts, View};
use crate::report::progress::{Progress, Screen};
use crate::report::sink::{Drain, Sink, WriteFailure};
use crate::report::stdout::Stdout;
use crate::report::text;
use crate::report::text::TextReport;
use crate::report::text::humanize::count;
use crate::report::text::palette::{ColorChoice, Palette, Role, wants_color};
use crate::report::text::wrap;
use crate::report::{StatusLine, Tally, Untrusted};

/// Output options of a run.
#[derive(Clone, Copy, Debug)]
pub struct OutputStyle {
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
    pub parts: ShownParts,
}

/// Passes notices to the consumers of a run, and writes messages to stderr.
pub struct Reporter {
    consumers: Vec<Box<dyn Consumer>>,
    json: bool,
    quiet: bool,
    /// Report (`--report`): none, in a file beside the lines on stdout, or on stdout in place of them.
    report: Option<ReportPlace>,
    stdout: Stdout,
    held: Arc<HeldOutput>,
    palette: Palette,
    stderr_palette: Palette,
    drain: Mutex<Option<Drain>>,
    progress: Progress,
}

/// Line of a notice, ready to be printed.
#[derive(Debug)]
pub struct NoticeLine(Vec<u8>);

/// Place of a report (`--report`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReportPlace {
    File,
    Stdout,
}

impl Reporter {
    /// Creates a reporter, which clears `progress` while it writes.
    pub fn new(style: OutputStyle, progress: Progress) -> Self {
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
        let stdout = Stdout {
            sink,
            is_terminal: io::stdout().is_terminal(),
        };
        let held = Arc::new(HeldOutput::default());
        let lines: Box<dyn Consumer> = if style.json {
            Box::new(JsonLines {
                stdout: stdout.clone(),
                quiet: style.quiet,
            })
        } else {
            Box::new(TextLines {
                report: TextReport {
                    palette: palette(stdout.is_terminal),
                    view: style.view,
                    parts: style.parts,
                    replies: style.replies,
                    // Without a terminal, no line asks for its width.
                    columns: if stdout.is_terminal { width } else { || None },
                    zone: LazyLock::new(text::local_zone),
                },
                stdout: stdout.clone(),
                held: Arc::clone(&held),
                quiet: style.quiet,
            })
        };
        Self {
            consumers: vec![lines],
            json: style.json,
            quiet: style.quiet,
            report: None,
            palette: palette(stdout.is_terminal),
            stderr_palette: palette(io::stderr().is_terminal()),
            stdout,
            held,
            drain: Mutex::new(Some(drain)),
            progress,
        }
    }

    /// Adds a report file; `alone` if the report goes to stdout in place of all else.
    #[must_use]
    pub fn with_results(mut self, results: Option<ReportFile>, alone: bool) -> Self {
        let Some(file) = results else {
            return self;
        };
        if alone {
            self.consumers.clear();
        }
        self.report = Some(match alone {
            true => ReportPlace::Stdout,
            false => ReportPlace::File,
        });
        let results = Results {
            file: Mutex::new(Some(file)),
            copy_to: alone.then(|| self.stdout.clone()),
        };
        self.with(results)
    }

    /// Adds a consumer of all notices.
    #[must_use]
    pub fn with(mut self, consumer: impl Consumer + 'static) -> Self {
        self.consumers.push(Box::new(consumer));
        self
    }

    /// Passes a notice to all consumers.
    pub fn tell(&self, notice: &Notice) {
        for consumer in &self.consumers {
            consumer.take(notice);
        }
    }

    /// Makes the line of a notice, in any thread, to be printed later.
    pub fn line(&self, notice: &Notice) -> NoticeLine {
        let mut out = Vec::new();
        for consumer in &self.consumers {
            consumer.line(notice, &mut out);
        }
        NoticeLine(out)
    }

    /// Prints the line of a notice.
    pub fn print(&self, line: &NoticeLine) {
        self.stdout.push(&line.0);
    }

    /// Writes data to stdout: raw to a file or pipe, escaped to a terminal.
    pub fn data(&self, bytes: &[u8]) {
        self.stdout.data(bytes);
    }

    /// Writes trusted text, already coloured, to stdout.
    pub fn show(&self, text: &str) {
        self.stdout.push(text.as_bytes());
    }

    /// Width of prose on stdout, in columns.
    pub fn columns(&self) -> usize {
        width().map_or(wrap::WIDEST, |width| width.min(wrap::WIDEST))
    }

    /// Palette of stdout.
    pub fn palette(&self) -> &Palette {
        &self.palette
    }

    /// True if stdout is a terminal.
    pub fn on_terminal(&self) -> bool {
        self.stdout.is_terminal
    }

    /// Writes a line to stderr.
    pub fn say(&self, line: &str) {
        self.progress.aside(|| say(line));
    }

    /// Writes a hint: to stdout below results as text, to stderr if results are for programs.
    pub fn hint(&self, hint: &str) {
        let is_text = !self.json && self.report != Some(ReportPlace::Stdout);
        let palette = match is_text {
            true => &self.palette,
            false => &self.stderr_palette,
        };
        let line = format!(
            " {} {}",
            palette.paint(Role::Kind, "hint:"),
            Untrusted::new(hint)
        );
        if is_text {
            self.stdout.push(format!("{line}\n").as_bytes());
        } else {
            self.say(&line);
        }
    }

    /// Writes the hint of a tally, if it has one: advice for a target without a response.
    pub fn advise(&self, tally: &Tally) {
        tally.hint.iter().for_each(|hint| self.hint(hint));
    }

    /// Writes a warning to stderr.
    pub fn warn(&self, line: &str) {
        self.say(&format!(
            "{} {}",
            self.stderr_palette.paint(Role::Warn, "warning:"),
            Untrusted::new(line)
        ));
    }

    /// Writes an error to stderr after which the run goes on.
    pub fn complain(&self, error: &Error) {
        self.progress
            .aside(|| say_error(error, &self.stderr_palette));
    }

    /// Writes a note to stderr.
    pub fn note(&self, line: &str) {
        self.say(&format!(
            "{} {}",
            self.stderr_palette.paint(Role::Dim, "note:"),
            Untrusted::new(line)
        ));
    }

    /// Holds the lines of notices back until [`Self::resume`]; the oldest are dropped if they are many.
    pub fn pause(&self) {
        self.held.pause();
    }

    /// Prints the lines that were held back.
    pub fn resume(&self) {
        if !self.held.is_paused() {
            return;
        }
        self.held.resume(|released| {
            if released.dropped > 0 {
                let dropped = count(released.dropped, "older notice", "older notices");
                let line = format!("  … {dropped} dropped while the output was paused");
                self.show(&(self.palette.paint(Role::Dim, line) + "\n"));
            }
            self.stdout.push(&released.text);
        });
    }

    /// True while lines are held back.
    pub fn is_paused(&self) -> bool {
        self.held.is_paused()
    }

    /// Status line of `listen` for the totals so far.
    pub fn live(&self, live: &mut StatusLine, tally: &Tally) -> String {
        if self.is_paused() {
            let held = count(self.held.count(), "notice", "notices");
            let line = format!("paused, {held} held back; space goes on");
            return self.stderr_palette.paint(Role::Warn, line);
        }
        // Leaves columns for what the terminal echoes (`^C`), so that the line does not wrap and can be cleared.
        let width = width().unwrap_or(80).saturating_sub(4);
        live.line(tally, Instant::now(), &self.stderr_palette, width)
    }

    /// Progress bar.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// True if an attempt with this result is not shown, so that its text need not be made.
    pub fn skips(&self, succeeded: bool) -> bool {
        self.quiet && succeeded && self.report.is_none()
    }

    /// True once stdout is closed, and what is written is dropped.
    pub fn is_closed(&self) -> bool {
        self.stdout.sink.closed()
    }

    /// True if output is JSON lines.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// True if anything is written as JSON: the lines, or a report beside them.
    pub fn writes_json(&self) -> bool {
        self.consumers.iter().any(|consumer| consumer.is_json())
    }

    /// Calls `call` when the reader of stdout closes the pipe. For another error of stdout a warning is written, ending
    /// in `goes_on`.
    pub fn on_close(&self, goes_on: &'static str, call: impl FnOnce() + Send + 'static) {
        let complain = lost(&self.progress, &self.stderr_palette, goes_on);
        self.stdout
            .sink
            .on_close(move |failure| match failure.is_broken_pipe {
                true => call(),
                false => complain(failure),
            });
    }

    /// Flushes everything and finishes the report. Later notices are dropped.
    pub fn finish(&self) {
        self.resume();
        self.progress.finish();
        for consumer in &self.consumers {
            if let Err(error) = consumer.finish() {
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
) -> impl Fn(&WriteFailure) + Send + use<> {
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
    say_error(error, &stderr_palette(color));
}

/// Writes a note to stderr, before a run has a reporter.
pub fn note(line: &str, color: ColorChoice) {
    let palette = stderr_palette(color);
    say(&format!(
        "{} {}",
        palette.paint(Role::Dim, "note:"),
        Untrusted::new(line)
    ));
}

/// Writes a warning to stderr, before a run has a reporter.
pub fn warn(line: &str, color: ColorChoice) {
    let palette = stderr_palette(color);
    say(&format!(
        "{} {}",
        palette.paint(Role::Warn, "warning:"),
        Untrusted::new(line)
    ));
}

fn stderr_palette(color: ColorChoice) -> Palette {
    let env = |name: &str| std::env::var(name).ok();
    if wants_color(color, &env, io::stderr().is_terminal()) {
        Palette::colored()
    } else {
        Palette::plain()
    }
}

fn say_error(error: &Error, palette: &Palette) {
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
