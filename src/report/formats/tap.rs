//! Test Anything Protocol (TAP), version 14, written case by case, with the plan at the end.

use std::fmt::Write as _;

use crate::report::Untrusted;
use crate::report::formats::case::{CaseCounts, TestCase};
use crate::report::formats::markup::tap;
use crate::webhook::CheckStatus;

/// Version line.
pub(crate) fn head() -> String {
    "TAP version 14\n".into()
}

/// One test case, with its diagnostics as YAML. Skipped cases and warnings are marked, and are no failures.
pub(crate) fn case(number: u64, it: &TestCase) -> String {
    let not = match it.grade {
        CheckStatus::Fail => "not ",
        _ => "",
    };
    let name = tap(&format!("{}: {}", it.group, it.name));
    let mut out = format!("{not}ok {number} - {name}");
    if matches!(it.grade, CheckStatus::Skip | CheckStatus::Unknown) {
        out += &format!(" # SKIP {}", tap(&it.message));
    }
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(out, "\n  ---\n  duration_ms: {}", it.took.as_millis());
    if it.grade != CheckStatus::Pass {
        let _ = writeln!(out, "  verdict: {}", it.grade.name());
        let _ = writeln!(out, "  message: {}", quoted(&it.message));
    }
    for (label, text) in &it.details {
        let _ = writeln!(out, "  {}: {}", label.replace(' ', "_"), quoted(text));
    }
    out + "  ...\n"
}

/// Plan at the end; `broken_off` says that the run was interrupted.
pub(crate) fn end(counts: CaseCounts, broken_off: bool) -> String {
    match broken_off {
        true => "Bail out! The run did not come to its end\n".into(),
        false => format!("1..{}\n", counts.cases),
    }
}

/// Quotes a text as JSON, which YAML includes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(Untrusted::new(text).to_string()).to_string()
}
