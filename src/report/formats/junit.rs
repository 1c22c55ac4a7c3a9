//! JUnit's XML, a piece at a time. The counts stand in its head and are known at the end only, so a head has always the
//! same length and can be written over.

use std::fmt::Write as _;
use std::time::Duration;

use crate::report::formats::case::{Counts, TestCase};
use crate::report::formats::markup::xml;
use crate::webhook::CheckStatus;

/// The head, with the suite's name and its counts.
pub(crate) fn head(name: &str, counts: Counts, took: Duration) -> String {
    let longest = Counts {
        cases: u64::MAX,
        failed: u64::MAX,
        skipped: u64::MAX,
    };
    let length = tags(name, longest, Duration::MAX).len();
    // White space in front of the end of a tag means nothing.
    format!("{:<length$}>\n", tags(name, counts, took))
}

/// The head without its end.
fn tags(name: &str, counts: Counts, took: Duration) -> String {
    let Counts {
        cases,
        failed,
        skipped,
    } = counts;
    let counts = format!(
        "name=\"{}\" tests=\"{cases}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\" time=\"{}\"",
        xml(name),
        seconds(took)
    );
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite {counts}"
    )
}

/// A case. One that is skipped or warns says so, and is no failure.
pub(crate) fn case(it: &TestCase) -> String {
    let mut out = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
        xml(&it.group),
        xml(&it.name),
        seconds(it.took)
    );
    let message = xml(&it.message);
    // Writing to a string cannot fail.
    let _ = match it.grade {
        CheckStatus::Pass => return out + "/>\n",
        CheckStatus::Skip | CheckStatus::Unknown => {
            write!(out, ">\n      <skipped message=\"{message}\"/>")
        }
        CheckStatus::Fail => write!(
            out,
            ">\n      <failure message=\"{message}\">{}</failure>",
            details(it)
        ),
        CheckStatus::Warn => write!(
            out,
            ">\n      <system-out>warning: {message}\n{}</system-out>",
            details(it)
        ),
    };
    out + "\n    </testcase>\n"
}

/// The end; `broken_off` where the run did not come to its own.
pub(crate) fn end(broken_off: bool) -> String {
    let note = match broken_off {
        true => "    <system-err>the run did not come to its end</system-err>\n",
        false => "",
    };
    format!("{note}  </testsuite>\n</testsuites>\n")
}

/// The details, a line each.
fn details(it: &TestCase) -> String {
    let line = |(label, text): &(&str, String)| format!("{label:<7} {}", xml(text));
    let lines: Vec<String> = it.details.iter().map(line).collect();
    lines.join("\n")
}

fn seconds(span: Duration) -> String {
    format!("{:.3}", span.as_secs_f64())
}
