//! Consumers of a run's notices: lines on stdout as text or as JSON, and the report file.
//!
//! A command hands each notice to its [`Reporter`](crate::report::Reporter) once, which passes it to all consumers.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::report::formats::report_file::{self, ReportFile};
use crate::report::held::HeldOutput;
use crate::report::json;
use crate::report::notice::Notice;
use crate::report::stdout::Stdout;
use crate::report::text::{GUTTER, TextReport, wrap};

/// Consumer of a run's notices, in the order of their arrival. It may be called by many threads at once.
pub trait Consumer: Send + Sync {
    /// Takes a notice.
    fn take(&self, notice: &Notice);

    /// Appends the line that it would write for a notice, if it writes lines.
    fn line(&self, _notice: &Notice, _out: &mut Vec<u8>) {}

    /// True if it writes JSON.
    fn is_json(&self) -> bool {
        false
    }

    /// Completes what it writes; later notices are dropped. The error is that of its first failed write.
    fn finish(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Lines on stdout for people.
pub(super) struct TextLines {
    pub(super) report: TextReport,
    pub(super) stdout: Stdout,
    /// Lines held back while the output is paused.
    pub(super) held: Arc<HeldOutput>,
    /// `--quiet`: no line for a successful attempt.
    pub(super) quiet: bool,
}

impl Consumer for TextLines {
    fn take(&self, notice: &Notice) {
        if self.quiet && is_success(notice) {
            return;
        }
        with_buffer(|out| {
            self.line(notice, out);
            // What was asked for by a key is shown at once.
            let may_wait = self.held.is_paused() && !matches!(notice, Notice::Resent(_));
            if !(may_wait && self.held.hold(out)) {
                self.stdout.push(out);
            }
        });
    }

    fn line(&self, notice: &Notice, out: &mut Vec<u8>) {
        self.report.write(out, notice);
        if self.stdout.is_terminal
            && let Some(width) = (self.report.columns)()
        {
            wrap::guard(out, width, GUTTER);
        }
    }
}

/// Lines on stdout for programs (`--json`).
pub(super) struct JsonLines {
    pub(super) stdout: Stdout,
    /// `--quiet`: no line for a successful attempt.
    pub(super) quiet: bool,
}

impl Consumer for JsonLines {
    fn take(&self, notice: &Notice) {
        if self.quiet && is_success(notice) {
            return;
        }
        match json::LongLine::of(notice) {
            Some(long) => self.stdout.push_long(|give| long.write(give)),
            None => with_buffer(|out| {
                self.line(notice, out);
                self.stdout.push(out);
            }),
        }
    }

    fn line(&self, notice: &Notice, out: &mut Vec<u8>) {
        json::write(out, notice);
    }

    fn is_json(&self) -> bool {
        true
    }
}

/// Report file (`--report`).
pub(super) struct Results {
    /// None once it is finished.
    pub(super) file: Mutex<Option<ReportFile>>,
    /// Stdout, if the report goes there.
    pub(super) copy_to: Option<Stdout>,
}

impl Consumer for Results {
    fn take(&self, notice: &Notice) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = file.as_mut() {
            file.take(notice);
        }
    }

    fn is_json(&self) -> bool {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.as_ref().is_some_and(ReportFile::is_json)
    }

    fn finish(&self) -> io::Result<()> {
        let file = self
            .file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(file) = file else {
            return Ok(());
        };
        let file = file.finish()?;
        match &self.copy_to {
            Some(stdout) => report_file::read_out(file, |piece| stdout.data(piece)),
            None => Ok(()),
        }
    }
}

/// True for an attempt that succeeded.
fn is_success(notice: &Notice) -> bool {
    matches!(notice, Notice::Attempted(attempt) if attempt.outcome.succeeded())
}

/// Capacity in bytes that the buffer of a thread keeps.
const KEPT: usize = 64 * 1024;

/// Calls `write` with an empty buffer, which each thread reuses. What is written is formatted without any lock.
fn with_buffer(write: impl FnOnce(&mut Vec<u8>)) {
    thread_local!(static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });
    BUFFER.with_borrow_mut(|out| {
        out.clear();
        write(out);
        out.shrink_to(KEPT);
    });
}
