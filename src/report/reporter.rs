//! One reporter a run: everything that is printed goes through it.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

use crate::error::Error;
use crate::report::formats::report_file;
use crate::report::formats::report_file::ReportFile;
use crate::report::notice::{Notice, Parts};
use crate::report::progress::{Progress, Screen};
use crate::report::sink::{Drain, Failure, Sink};
use crate::report::text;
use crate::report::text::TextReport;
use crate::report::text::palette::{ColorChoice, Palette, Role, wants_color};
use crate::report::text::wrap;
use crate::report::{Live, Mode, Tally, Untrusted, escape_into, json_lines};

/// What a thread keeps of its buffer, in bytes.
const KEPT: usize = 64 * 1024;

/// How a run talks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// One JSON object a line.
    pub json: bool,
    /// No line for an attempt that succeeded.
    pub quiet: bool,
    /// The response to each attempt.
    pub replies: bool,
    /// When to colour.
    pub color: ColorChoice,
    /// What is shown of a delivery.
    pub parts: Parts,
}

/// Tells what happened, on stdout and stderr.
pub struct Reporter {
    json: bool,
    quiet: bool,
    voice: TextReport,
    /// Whether stdout is a terminal, which wraps long lines.
    has_edge: bool,
    talk: Palette,
    sink: Sink,
    drain: Mutex<Option<Drain>>,
    progress: Progress,
    /// The results that somebody asked for, and whether they are all that goes to stdout.
    results: Option<(Mutex<Option<ReportFile>>, bool)>,
}

impl Reporter {
    /// A reporter in that style, with a bar to keep out of its way.
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

    /// The same, with results that are written too; `alone` if they go to stdout in place of everything else.
    #[must_use]
    pub fn with_results(mut self, results: Option<ReportFile>, alone: bool) -> Self {
        self.results = results.map(|results| (Mutex::new(Some(results)), alone));
        self
    }

    /// Tells a notice on stdout.
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
        // Formatted outside of the sink's lock, in a buffer that each thread uses again.
        thread_local!(static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });
        BUFFER.with_borrow_mut(|out| {
            out.clear();
            if self.json {
                json_lines::write(out, notice)
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

    /// Puts data on stdout: raw for a file or a pipe, escaped for a terminal.
    pub fn data(&self, bytes: &[u8]) {
        if self.has_edge {
            let mut out = Vec::with_capacity(bytes.len());
            escape_into(&mut out, bytes, Mode::Block);
            self.sink.push(&out);
        } else {
            self.sink.push(bytes);
        }
    }

    /// Puts words of our own on stdout, painted as they are.
    pub fn show(&self, text: &str) {
        self.sink.push(text.as_bytes());
    }

    /// Returns the width of prose on stdout, in columns.
    pub fn columns(&self) -> usize {
        width().map_or(wrap::WIDEST, |width| width.min(wrap::WIDEST))
    }

    /// The colours of stdout.
    pub fn palette(&self) -> &Palette {
        &self.voice.palette
    }

    /// Whether data goes to a terminal, where a person reads it.
    pub fn on_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Says a line on stderr.
    pub fn say(&self, line: &str) {
        self.progress.aside(|| say(line));
    }

    /// Says what to try, below the results where people read them; beside them where machines do.
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

    /// Says on stderr what the user may not have meant.
    pub fn warn(&self, line: &str) {
        self.say(&format!(
            "{} {}",
            self.talk.paint(Role::Warn, "warning:"),
            Untrusted::new(line)
        ));
    }

    /// Says on stderr what the user may like to know.
    pub fn note(&self, line: &str) {
        self.say(&format!(
            "{} {}",
            self.talk.paint(Role::Dim, "note:"),
            Untrusted::new(line)
        ));
    }

    /// The line below all others, for what was counted by now.
    pub fn live(&self, live: &mut Live, tally: &Tally) -> String {
        // What the keyboard echoes at its end must fit as well, or the line could not be taken away.
        let width = width().unwrap_or(80).saturating_sub(4);
        live.line(tally, Instant::now(), &self.talk, width)
    }

    /// The bar.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether nobody wants to know of an attempt, so that it need not be put into words.
    pub fn skips(&self, succeeded: bool) -> bool {
        self.quiet && succeeded && self.results.is_none()
    }

    /// Whether lines are JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Calls back when nobody reads stdout any more. If it cannot be written for another reason, that is said, with how
    /// things go on.
    pub fn on_close(&self, goes_on: &'static str, call: impl FnOnce() + Send + 'static) {
        let complain = lost(&self.progress, &self.talk, goes_on);
        self.sink
            .on_close(move |failure| match failure.is_broken_pipe {
                true => call(),
                false => complain(failure),
            });
    }

    /// Writes what is left. Later notices are lost.
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
        // A closed pipe is success, and any other fault of stdout has been said.
        let _ = drain.map(Drain::finish);
    }
}

/// Whether something was not written to stdout, though there is somebody who reads it.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether something was not written to stdout, though there is somebody who reads it: a full disk, say. A closed pipe is
/// nobody's loss.
pub fn lost_output() -> bool {
    LOST.load(Ordering::Acquire)
}

/// What says so, once.
fn lost(
    progress: &Progress,
    palette: &Palette,
    goes_on: &'static str,
) -> impl Fn(&Failure) + Send + use<> {
    let (progress, warning) = (progress.clone(), palette.paint(Role::Warn, "warning:"));
    move |failure| {
        if !failure.is_broken_pipe {
            LOST.store(true, Ordering::Release);
            let words = &failure.words;
            progress.aside(|| {
                say(&format!(
                    "{warning} cannot write to stdout: {words}{goes_on}"
                ))
            });
        }
    }
}

/// Columns of stdout, if it is a terminal that reports them.
pub fn width() -> Option<usize> {
    #[cfg(unix)]
    {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        (size.ws_col > 0).then_some(size.ws_col.into())
    }
    #[cfg(not(unix))]
    None
}

/// Says an error on stderr: what happened, then what to try.
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
    // Where stderr is closed there is nobody to tell that it is.
    let _ = writeln!(io::stderr(), "{line}");
}
