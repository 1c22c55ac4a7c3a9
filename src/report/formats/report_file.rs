//! The results of a run as continuous integration reads them, written as they come: JUnit's XML, the Test Anything
//! Protocol, or the lines of `--json`. Memory does not grow with the run.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::report::formats::markup::{tap, xml};
use crate::report::notice::Notice;
use crate::report::{Tally, Untrusted, json_lines};
use crate::webhook::{Attempt, Outcome};

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The lines of `--json`.
    Json,
    /// JUnit's XML.
    Junit,
    /// The Test Anything Protocol.
    Tap,
}

/// Results on their way into a file.
#[derive(Debug)]
pub struct Results {
    form: Form,
    file: BufWriter<File>,
    cases: u64,
    failed: u64,
    buffer: Vec<u8>,
    fault: Option<io::Error>,
}

/// How long the first line of the XML is: its counts are known at last only, and then written over it.
const HEAD: usize = 200;

/// How much of an answer is kept where it explains a failure, in bytes.
const SHOWN_ANSWER: usize = 2000;

impl Results {
    /// Results into that file, which is begun anew; or, without one, to be read back at the end.
    pub fn open(form: Form, path: Option<&Path>) -> Result<Results> {
        let file = match path {
            Some(path) => File::create(path).map_err(|error| {
                Error::usage(format!("cannot write `{}`: {error}", path.display()))
            })?,
            None => {
                nameless().map_err(|error| Error::usage(format!("cannot keep results: {error}")))?
            }
        };
        let mut results = Results {
            form,
            file: BufWriter::new(file),
            cases: 0,
            failed: 0,
            buffer: Vec::new(),
            fault: None,
        };
        let head = match form {
            Form::Json => String::new(),
            Form::Junit => results.junit_head(0.0),
            Form::Tap => "TAP version 14\n".into(),
        };
        results.put(head.as_bytes());
        Ok(results)
    }

    /// Takes in what happened.
    pub fn take(&mut self, notice: &Notice) {
        if self.form == Form::Json {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            json_lines::write(&mut buffer, notice);
            self.put(&buffer);
            self.buffer = buffer;
            return;
        }
        match notice {
            Notice::Attempted(attempt) if attempt.last => {
                self.cases += 1;
                self.failed += u64::from(!attempt.outcome.succeeded());
                let case = match self.form {
                    Form::Junit => junit_case(attempt),
                    _ => self.tap_case(attempt),
                };
                self.put(case.as_bytes());
            }
            Notice::Summary(tally) => self.end(tally),
            _ => {}
        }
    }

    /// Writes what is left, and says what went wrong; or gives the file, to be read from its beginning.
    pub fn finish(mut self) -> io::Result<File> {
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

    fn end(&mut self, tally: &Tally) {
        let end = match self.form {
            Form::Json => String::new(),
            Form::Tap => format!("1..{}\n", self.cases),
            Form::Junit => "  </testsuite>\n</testsuites>\n".into(),
        };
        self.put(end.as_bytes());
        if self.form == Form::Junit {
            let head = self.junit_head(tally.elapsed.as_secs_f64());
            let over = self.file.seek(SeekFrom::Start(0));
            let over = over.and_then(|_| self.file.write_all(head.as_bytes()));
            let over = over.and_then(|()| self.file.seek(SeekFrom::End(0)).map(drop));
            self.note(over);
        }
    }

    /// Its length is always the same: white space in front of an end of a tag means nothing.
    fn junit_head(&self, seconds: f64) -> String {
        let counts = format!(
            "tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"{seconds:.3}\"",
            self.cases, self.failed
        );
        let head = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"replay\" {counts}"
        );
        format!("{head:<HEAD$}>\n")
    }

    fn tap_case(&self, it: &Attempt) -> String {
        let not = if it.outcome.succeeded() { "" } else { "not " };
        let name = tap(&name(it));
        let mut out = format!("{not}ok {} - {name}\n", self.cases);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  ---\n  duration_ms: {}", it.took.as_millis());
        if let Some(why) = it
            .outcome
            .reason_at(&it.target)
            .filter(|_| !it.outcome.succeeded())
        {
            let _ = writeln!(out, "  message: {}", quoted(why.as_ref()));
            if let Some(answer) = answer(it) {
                let _ = writeln!(out, "  answer: {}", quoted(answer));
            }
        }
        out + "  ...\n"
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

fn junit_case(it: &Attempt) -> String {
    let mut out = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
        xml(it.provider.unwrap_or("unknown")),
        xml(name(it)),
        it.took.as_secs_f64()
    );
    if it.outcome.succeeded() {
        return out + "/>\n";
    }
    let why = it.outcome.reason_at(&it.target).unwrap_or_default();
    let _ = writeln!(
        out,
        ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
        xml(&*why),
        xml(answer(it).unwrap_or_default())
    );
    out
}

fn name(it: &Attempt) -> String {
    let about: Vec<&str> = it.about.split_whitespace().collect();
    format!("{} ({})", about.join(" "), it.source)
}

/// The beginning of what was answered.
fn answer(it: &Attempt) -> Option<&[u8]> {
    let Outcome::Answered { body, .. } = &it.outcome else {
        return None;
    };
    let shown = body.get(..SHOWN_ANSWER).unwrap_or(body);
    (!shown.is_empty()).then_some(shown)
}

fn quoted(text: &[u8]) -> String {
    serde_json::Value::from(Untrusted::new(text).to_string()).to_string()
}

/// A file that nobody else can find, and that is gone when it is closed.
fn nameless() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("webhook-cli-{}-results", std::process::id()));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// All that is in a file, in pieces.
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
    use super::{Form, Results, read_out};
    use crate::report::{Notice, Tally};
    use crate::webhook::{Attempt, Outcome};
    use std::time::Duration;

    fn told(form: Form) -> String {
        let mut results = Results::open(form, None).unwrap();
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
            }));
        }
        results.take(&Notice::Summary(&tally));
        let mut all = Vec::new();
        read_out(results.finish().unwrap(), |piece| {
            all.extend_from_slice(piece)
        })
        .unwrap();
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn junit_has_its_counts_and_no_controls() {
        let text = told(Form::Junit);
        assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"replay\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"1.500\" "), "{text}");
        assert!(text.contains(">\n    <testcase classname=\"resend\" name=\"click ada@example.com resend (a&lt;b&gt;.ndjson:1)\" time=\"0.012\"/>\n"), "{text}");
        assert!(text.contains("<failure message=\"404 # is &quot;odd&quot;\">&lt;b&gt;\\x1b[31m&amp;&quot;</failure>"), "{text}");
        assert!(
            text.ends_with("  </testsuite>\n</testsuites>\n") && !text.contains('\u{1b}'),
            "{text}"
        );
    }

    #[test]
    fn tap_says_its_plan_at_the_end() {
        assert_eq!(
            told(Form::Tap),
            "TAP version 14\nok 1 - click ada@example.com resend (a<b>.ndjson:1)\n  ---\n  duration_ms: 12\n  ...\n\
             not ok 2 - click ada@example.com resend (a<b>.ndjson:1)\n  ---\n  duration_ms: 12\n  \
             message: \"404 # is \\\"odd\\\"\"\n  answer: \"<b>\\\\x1b[31m&\\\"\"\n  ...\n1..2\n"
        );
        assert_eq!(told(Form::Json).lines().count(), 4);
    }
}
