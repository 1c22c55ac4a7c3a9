//! JUnit XML, written case by case. The counts are in the head and known at the end only, so the head has a fixed
//! length and is overwritten then.

use std::fmt::Write as _;
use std::time::Duration;

use crate::report::formats::case::{CaseCounts, TestCase};
use crate::report::formats::markup::xml;
use crate::webhook::CheckStatus;

/// Head with the name of the suite and its counts, padded to a fixed length.
pub(crate) fn head(name: &str, counts: CaseCounts, took: Duration) -> String {
    let longest = CaseCounts {
        cases: u64::MAX,
        failed: u64::MAX,
        skipped: u64::MAX,
    };
    let length = tags(name, longest, Duration::MAX).len();
    // White space before the end of a tag is ignored.
    format!("{:<length$}>\n", tags(name, counts, took))
}

/// Head without the `>` at its end.
fn tags(name: &str, counts: CaseCounts, took: Duration) -> String {
    let CaseCounts {
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

/// One test case. Skipped cases and warnings are marked, and are no failures.
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

/// End of the file; `broken_off` says that the run was interrupted.
pub(crate) fn end(broken_off: bool) -> String {
    let note = match broken_off {
        true => "    <system-err>the run did not come to its end</system-err>\n",
        false => "",
    };
    format!("{note}  </testsuite>\n</testsuites>\n")
}

/// Details of a case, one per line.
fn details(it: &TestCase) -> String {
    let line = |(label, text): &(&str, String)| format!("{label:<7} {}", xml(text));
    let lines: Vec<String> = it.details.iter().map(line).collect();
    lines.join("\n")
}

fn seconds(span: Duration) -> String {
    format!("{:.3}", span.as_secs_f64())
}
