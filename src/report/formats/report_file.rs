//! Report file of a run (`--report`), written case by case: JUnit XML, TAP or the lines of `--json`. Memory use does
//! not grow with the run.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::report::formats::case::{CaseCounts, TestCase};
use crate::report::formats::{junit, tap};
use crate::report::json;
use crate::report::notice::Notice;
use crate::report::text::checks;
use crate::webhook::CheckStatus;

/// Format of a report (`--report`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// JSON lines, as with `--json`.
    Json,
    /// JUnit XML.
    Junit,
    /// Test Anything Protocol.
    Tap,
}

/// Test suite that a report describes.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Name of the suite: the command and the target.
    pub name: String,
    /// `--strict`: a warning counts as a failure.
    pub strict: bool,
}

/// Report being written.
#[derive(Debug)]
pub struct ReportFile {
    format: ReportFormat,
    suite: Suite,
    file: BufWriter<File>,
    counts: CaseCounts,
    begun: Instant,
    ended: bool,
    buffer: Vec<u8>,
    fault: Option<io::Error>,
}

impl ReportFile {
    /// Creates or truncates the file at `path`, or without a path a temporary file to be read back at the end.
    pub fn open(format: ReportFormat, suite: Suite, path: Option<&Path>) -> Result<ReportFile> {
        let file = match path {
            Some(path) => File::create(path).map_err(|error| {
                Error::usage(format!("cannot write `{}`: {error}", path.display()))
            })?,
            None => {
                nameless().map_err(|error| Error::usage(format!("cannot keep results: {error}")))?
            }
        };
        let mut results = ReportFile {
            format,
            suite,
            file: BufWriter::new(file),
            counts: CaseCounts::default(),
            begun: Instant::now(),
            ended: false,
            buffer: Vec::new(),
            fault: None,
        };
        let head = match format {
            ReportFormat::Json => String::new(),
            ReportFormat::Junit => results.junit_head(Duration::ZERO),
            ReportFormat::Tap => tap::head(),
        };
        results.put(head.as_bytes());
        Ok(results)
    }

    /// True if the report consists of the lines of `--json`.
    pub fn is_json(&self) -> bool {
        self.format == ReportFormat::Json
    }

    /// Writes a notice, if it belongs to the report.
    pub fn take(&mut self, notice: &Notice) {
        if self.format == ReportFormat::Json {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            json::write(&mut buffer, notice);
            self.put(&buffer);
            self.buffer = buffer;
            return;
        }
        match notice {
            Notice::Attempted(attempt) if attempt.last => self.case(TestCase::of(attempt)),
            Notice::Checked(checked) => self.case(checks::case(checked)),
            Notice::Summary(tally) => self.end(tally.elapsed, false),
            Notice::CheckTotals(marks) => self.end(marks.elapsed, false),
            _ => {}
        }
    }

    /// Writes the end and returns the file, rewound, or the first error of all writes.
    pub fn finish(mut self) -> io::Result<File> {
        if !self.ended {
            self.end(self.begun.elapsed(), true);
        }
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let mut file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(file)
    }

    fn case(&mut self, mut case: TestCase) {
        if self.suite.strict && case.grade == CheckStatus::Warn {
            case.grade = CheckStatus::Fail;
        }
        self.counts.add(case.grade);
        let text = match self.format {
            ReportFormat::Json => return,
            ReportFormat::Junit => junit::case(&case),
            ReportFormat::Tap => tap::case(self.counts.cases, &case),
        };
        self.put(text.as_bytes());
    }

    fn end(&mut self, took: Duration, broken_off: bool) {
        self.ended = true;
        let end = match self.format {
            ReportFormat::Json => return,
            ReportFormat::Tap => tap::end(self.counts, broken_off),
            ReportFormat::Junit => junit::end(broken_off),
        };
        self.put(end.as_bytes());
        if self.format == ReportFormat::Junit {
            let head = self.junit_head(took);
            let over = self.file.seek(SeekFrom::Start(0));
            let over = over.and_then(|_| self.file.write_all(head.as_bytes()));
            let over = over.and_then(|()| self.file.seek(SeekFrom::End(0)).map(drop));
            self.note(over);
        }
    }

    fn junit_head(&self, took: Duration) -> String {
        junit::head(&self.suite.name, self.counts, took)
    }

    fn put(&mut self, bytes: &[u8]) {
        let put = self.file.write_all(bytes);
        self.note(put);
    }

    fn note(&mut self, done: io::Result<()>) {
        if let Err(error) = done {
            self.fault.get_or_insert(error);
        }
    }
}

/// Creates a temporary file and deletes its name at once, so that it is gone when it is closed.
fn nameless() -> io::Result<File> {
    // The name is there for a moment, in which another thread may want one too.
    static OPENED: AtomicU64 = AtomicU64::new(0);
    let number = OPENED.fetch_add(1, Ordering::Relaxed);
    let name = format!("webhook-cli-{}-{number}-results", std::process::id());
    let path = std::env::temp_dir().join(name);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// Reads a whole file in blocks.
pub fn read_out(mut file: File, mut give: impl FnMut(&[u8])) -> io::Result<()> {
    let mut block = vec![0; 64 << 10];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(()),
            read => give(block.get(..read).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ReportFile, ReportFormat, Suite, nameless, read_out};
    use crate::report::{CheckTotals, Checked, Detail, Notice, Tally};
    use crate::webhook::{Attempt, CheckStatus, Outcome};
    use std::time::Duration;

    #[test]
    fn files_without_a_name_are_created_at_once() {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..50).for_each(|_| drop(nameless().unwrap())));
            }
        });
    }

    fn open(format: ReportFormat, strict: bool) -> ReportFile {
        let suite = Suite {
            name: "run \"x\"".into(),
            strict,
        };
        ReportFile::open(format, suite, None).unwrap()
    }

    fn written(results: ReportFile) -> String {
        let mut all = Vec::new();
        read_out(results.finish().unwrap(), |piece| {
            all.extend_from_slice(piece)
        })
        .unwrap();
        String::from_utf8(all).unwrap()
    }

    /// Report of replayed deliveries.
    fn replayed(format: ReportFormat) -> String {
        let mut results = open(format, false);
        let mut tally = Tally::new("sent");
        tally.elapsed = Duration::from_millis(1500);
        for (number, last, body, why) in [
            (1, true, "fine", None),
            (1, false, "", Some("not now")),
            (2, true, "<b>\u{1b}[31m&\"", Some("404 # is \"odd\"")),
        ] {
            results.take(&Notice::Attempted(&Attempt {
                id: "1".into(),
                source: "a<b>.ndjson:1".into(),
                about: "click       ada@example.com  resend".into(),
                target: "http://localhost/".into(),
                provider: Some("resend"),
                number,
                outcome: Outcome::Answered {
                    status: 200,
                    body: body.into(),
                    retry_after: None,
                    location: None,
                    unexpected: why.map(Into::into),
                },
                took: Duration::from_millis(12),
                last,
                repeats: false,
                events: None,
            }));
        }
        results.take(&Notice::Summary(&tally));
        written(results)
    }

    /// Report of a checked handler.
    fn checked(format: ReportFormat, strict: bool) -> String {
        let mut results = open(format, strict);
        let check = |name, grade, said: &str| Checked {
            name,
            group: "shape",
            opens: false,
            title: "must be taken",
            grade,
            crashed: false,
            said: said.into(),
            detail: matches!(grade, CheckStatus::Fail | CheckStatus::Warn).then(|| Detail {
                sent: "a click".into(),
                came: Some((500, "<b>\u{1b}[31m&\"".into())),
                expected: "2xx",
                why: "it matters",
                advice: "mend it",
                page: "https://a/",
                again: None,
            }),
            requests: 1,
            took: Duration::from_millis(12),
        };
        let checks = [
            check("good", CheckStatus::Pass, "answered 200"),
            check("bad", CheckStatus::Fail, "answered 500 # <oh>"),
            check("odd", CheckStatus::Warn, "late"),
            check("none", CheckStatus::Skip, "signs nothing"),
            check("dark", CheckStatus::Unknown, "keeps nothing"),
        ];
        for check in &checks {
            results.take(&Notice::Checked(check));
        }
        results.take(&Notice::CheckTotals(&CheckTotals {
            target: "http://localhost/",
            provider: "resend",
            checks: &checks,
            seed: 7,
            elapsed: Duration::from_millis(1500),
        }));
        written(results)
    }

    #[test]
    fn junit_has_its_counts_and_no_controls() {
        let counts = "name=\"run &quot;x&quot;\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"1.500\"";
        let text = replayed(ReportFormat::Junit);
        assert!(text.starts_with(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite {counts} ")), "{text}");
        assert!(text.contains(" >\n    <testcase classname=\"replay.resend\" name=\"click ada@example.com resend (a&lt;b&gt;.ndjson:1)\" time=\"0.012\"/>\n"), "{text}");
        assert!(text.contains("<failure message=\"404 # is &quot;odd&quot;\">answer  &lt;b&gt;\\x1b[31m&amp;&quot;</failure>"), "{text}");

        let all = checked(ReportFormat::Junit, false);
        assert!(all.contains("name=\"run &quot;x&quot;\" tests=\"5\" failures=\"1\" errors=\"0\" skipped=\"2\" time=\"1.500\""), "{all}");
        assert!(all.contains("<failure message=\"answered 500 # &lt;oh&gt;\">title   must be taken\nsent    a click\ncame    500  &lt;b&gt;\\x1b[31m&amp;&quot;\nwanted "), "{all}");
        assert!(
            all.contains("<system-out>warning: late\ntitle   must be taken\n"),
            "{all}"
        );
        assert!(
            all.contains("<skipped message=\"signs nothing\"/>")
                && all.contains("<skipped message=\"keeps nothing\"/>"),
            "{all}"
        );
        for text in [text, all] {
            assert!(
                text.ends_with("  </testsuite>\n</testsuites>\n") && !text.contains('\u{1b}'),
                "{text}"
            );
        }
    }

    #[test]
    fn tap_says_its_plan_at_the_end() {
        assert_eq!(
            replayed(ReportFormat::Tap),
            "TAP version 14\nok 1 - replay.resend: click ada@example.com resend (a<b>.ndjson:1)\n  ---\n  \
             duration_ms: 12\n  ...\n\
             not ok 2 - replay.resend: click ada@example.com resend (a<b>.ndjson:1)\n  ---\n  duration_ms: 12\n  \
             verdict: fail\n  message: \"404 # is \\\"odd\\\"\"\n  answer: \"<b>\\\\x1b[31m&\\\"\"\n  ...\n1..2\n"
        );
        let details = "  title: \"must be taken\"\n  sent: \"a click\"\n  came: \"500  <b>\\\\x1b[31m&\\\"\"\n  wanted: \"2xx\"\n  \
             why: \"it matters\"\n  to_do: \"mend it\"\n  see: \"https://a/\"\n  ...\n";
        assert_eq!(
            checked(ReportFormat::Tap, false),
            format!(
                "TAP version 14\nok 1 - check.shape: good\n  ---\n  duration_ms: 12\n  ...\n\
                 not ok 2 - check.shape: bad\n  ---\n  duration_ms: 12\n  verdict: fail\n  \
                 message: \"answered 500 # <oh>\"\n{details}\
                 ok 3 - check.shape: odd\n  ---\n  duration_ms: 12\n  verdict: warn\n  message: \"late\"\n{details}\
                 ok 4 - check.shape: none # SKIP signs nothing\n  ---\n  duration_ms: 12\n  verdict: skip\n  \
                 message: \"signs nothing\"\n  ...\n\
                 ok 5 - check.shape: dark # SKIP keeps nothing\n  ---\n  duration_ms: 12\n  verdict: unknown\n  \
                 message: \"keeps nothing\"\n  ...\n1..5\n"
            )
        );
        assert_eq!(replayed(ReportFormat::Json).lines().count(), 4);
    }

    #[test]
    fn a_warning_fails_where_it_is_strict() {
        assert!(checked(ReportFormat::Tap, true).contains("\nnot ok 3 - "));
        assert!(checked(ReportFormat::Junit, true).contains(" failures=\"2\" "));
    }

    #[test]
    fn a_run_that_breaks_off_is_no_success() {
        assert_eq!(
            written(open(ReportFormat::Tap, false)),
            "TAP version 14\nBail out! The run did not come to its end\n"
        );
        assert!(
            written(open(ReportFormat::Junit, false))
                .ends_with("</system-err>\n  </testsuite>\n</testsuites>\n")
        );
    }
}
