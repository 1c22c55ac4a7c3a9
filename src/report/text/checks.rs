//! Output of `check`: a table by group, the details of checks that did not pass, and the totals; also as JSON lines and
//! as cases of a report.

use std::io::Write as _;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::report::formats::case::TestCase;
use crate::report::notice::{CheckTotals, Checked, Detail};
use crate::report::text::TextReport;
use crate::report::text::humanize::{count, micros, span};
use crate::report::text::palette::Role;
use crate::report::{Untrusted, binary, is_binary};
use crate::webhook::CheckStatus;

/// Most bytes of a response shown.
const SHOWN: usize = 200;

/// Width of the column of names, in characters.
const NAMES: usize = 27;

/// Width of the column of results, in characters.
const WORDS: usize = 7;

/// Most checks skipped for one reason that are named; of more, only the number is shown.
const NAMED: usize = 6;

impl TextReport {
    /// Writes a row of the table, after the group's name if it is the first of it. Skipped checks are listed at the
    /// end.
    pub(crate) fn checked(&self, out: &mut Vec<u8>, it: &Checked) {
        if it.grade == CheckStatus::Skip {
            return;
        }
        if it.opens {
            self.paint(out, Role::Bold, it.group);
            out.push(b'\n');
        }
        out.extend_from_slice(b"  ");
        self.paint(out, role(it.grade), &format!("{:<WORDS$}", word(it)));
        let said = Untrusted::new(&it.said).to_string();
        let said = self.prose(&said, 2 + WORDS + 2 + NAMES + 1);
        // Writing to a vector cannot fail, here and below.
        let _ = writeln!(out, "  {:<NAMES$} {said}", it.name);
    }

    /// Writes the details of checks that did not pass, and the totals.
    pub(crate) fn marks(&self, out: &mut Vec<u8>, it: &CheckTotals) {
        let open = unverified(it.checks);
        let is_open = |check: &Checked| open.iter().any(|other| other.name == check.name);
        // Crashes come first, because any sender can cause them.
        let (crashed, others): (Vec<_>, Vec<_>) = it.checks.iter().partition(|check| check.crashed);
        for check in crashed {
            self.story(out, check, &[]);
        }
        if let Some(first) = open.first() {
            self.story(out, first, &open);
        }
        for check in others.into_iter().filter(|check| !is_open(check)) {
            self.story(out, check, &[]);
        }
        out.push(b'\n');
        self.left(out, it.checks);
        self.check_counts(out, it);
    }

    /// Writes the checks in which the handler crashed, and the number of checks by their result.
    fn check_counts(&self, out: &mut Vec<u8>, it: &CheckTotals) {
        let crashed: Vec<&str> = it
            .checks
            .iter()
            .filter(|check| check.crashed)
            .map(|check| check.name)
            .collect();
        if !crashed.is_empty() {
            let line = format!(
                "THE HANDLER CRASHED in {}: {}",
                count(crashed.len() as u64, "check", "checks"),
                crashed.join(", ")
            );
            self.paint(out, Role::Bad, &line);
            out.push(b'\n');
        }
        let _ = write!(
            out,
            "{}: ",
            count(it.checks.len() as u64, "check", "checks")
        );
        let mut between = "";
        for grade in [
            CheckStatus::Pass,
            CheckStatus::Warn,
            CheckStatus::Fail,
            CheckStatus::Unknown,
            CheckStatus::Skip,
        ] {
            let number = it.count(grade) as u64;
            let said = match grade {
                CheckStatus::Pass => format!("{number} passed"),
                CheckStatus::Warn => count(number, "warning", "warnings"),
                CheckStatus::Fail => format!("{number} failed"),
                CheckStatus::Unknown => format!("{number} unknown"),
                CheckStatus::Skip => format!("{number} skipped"),
            };
            if number > 0 {
                out.extend_from_slice(between.as_bytes());
                between = ", ";
                self.paint(out, role(grade), &said);
            }
        }
        let _ = write!(out, " in {}", span(it.elapsed));
        self.paint(out, Role::Dim, &format!("  (--seed {})", it.seed));
        out.push(b'\n');
    }

    /// Writes the details of a check that did not pass; `same` lists other checks that failed for the same cause.
    fn story(&self, out: &mut Vec<u8>, check: &Checked, same: &[&Checked]) {
        let Some(detail) = &check.detail else { return };
        out.push(b'\n');
        self.paint(out, role(check.grade), word(check));
        out.extend_from_slice(b"  ");
        if same.is_empty() {
            self.paint(out, Role::Bold, check.name);
            let head = word(check).len() + 2;
            let title = self.prose(check.title, head + check.name.len() + 2);
            let _ = writeln!(out, ": {title}");
        } else {
            self.paint(out, Role::Bold, "the handler verifies no signature");
            let names: Vec<&str> = same.iter().map(|check| check.name).collect();
            out.push(b'\n');
            self.row(out, "checks", &names.join(", "));
        }
        for (name, text) in rows(check, detail) {
            self.row(out, name, &text);
        }
    }

    /// Writes the checks without a result, with the reason, and the flags that would give one.
    fn left(&self, out: &mut Vec<u8>, checks: &[Checked]) {
        let named = |grade: CheckStatus| checks.iter().filter(move |check| check.grade == grade);
        let unknown: Vec<&str> = named(CheckStatus::Unknown)
            .map(|check| check.name)
            .collect();
        if !unknown.is_empty() {
            let told = format!(
                "{} (`--probe URL` or `--probe-cmd COMMAND` shows it: a number that grows with each processed event)",
                unknown.join(", ")
            );
            let _ = writeln!(out, "unknown: {}", self.prose(&told, "unknown: ".len()));
        }
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for check in named(CheckStatus::Skip) {
            match reasons.iter_mut().find(|(why, _)| *why == check.said) {
                Some((_, names)) => names.push(check.name),
                None => reasons.push((&check.said, vec![check.name])),
            }
        }
        let parts: Vec<String> = reasons
            .iter()
            .map(|(why, names)| match names.len() {
                ..=NAMED => format!("{} ({})", names.join(", "), Untrusted::new(why)),
                many => format!("{many} checks ({})", Untrusted::new(why)),
            })
            .collect();
        if !parts.is_empty() {
            let told = self.prose(&parts.join("; "), "skipped: ".len());
            for line in format!("skipped: {told}\n").split_inclusive('\n') {
                self.paint(out, Role::Dim, line);
            }
        }
    }

    fn row(&self, out: &mut Vec<u8>, name: &str, text: &str) {
        let label = format!("  {name:<7} ");
        self.paint(out, Role::Dim, &label);
        let text = Untrusted::new(text).to_string();
        let text = match name {
            // Requests, responses and commands are shown unchanged, so that they can be copied.
            "sent" | "came" | "see" | AGAIN => text,
            _ => self.prose(&text, label.len()),
        };
        let _ = writeln!(out, "{text}");
    }
}

/// Checks that fail for one cause: the handler verifies no signature.
fn unverified<'c>(checks: &'c [Checked<'c>]) -> Vec<&'c Checked<'c>> {
    let accepted = |check: &&Checked| {
        let came = check
            .detail
            .as_ref()
            .and_then(|detail| detail.came.as_ref());
        check.group == "authentication"
            && check.name != "valid"
            && came.is_some_and(|(status, _)| (200..300).contains(status))
    };
    let open: Vec<&Checked> = checks.iter().filter(accepted).collect();
    let fails = |name: &str| open.iter().any(|check| check.name == name);
    let judged = |name: &str| {
        checks
            .iter()
            .any(|check| check.name == name && check.grade != CheckStatus::Skip)
    };
    let all = fails("missing-signature") && (fails("wrong-secret") || !judged("wrong-secret"));
    if all && open.len() > 1 {
        open
    } else {
        Vec::new()
    }
}

const AGAIN: &str = "again";

/// Details of a check, one row per item.
fn rows(check: &Checked, detail: &Detail) -> Vec<(&'static str, String)> {
    let mut rows = vec![("sent", detail.sent.clone())];
    let came = detail.came.as_ref().map(|(status, body)| {
        let shown = shown(body);
        if shown.is_empty() {
            status.to_string()
        } else {
            format!("{status}  {shown}")
        }
    });
    rows.push(("came", came.unwrap_or_else(|| check.said.clone())));
    rows.push(("wanted", detail.expected.to_owned()));
    rows.push(("why", detail.why.to_owned()));
    rows.push(("to do", detail.advice.to_owned()));
    rows.push(("see", detail.page.to_owned()));
    rows.extend(detail.again.clone().map(|again| (AGAIN, again)));
    rows
}

/// Beginning of a body, on one line.
fn shown(body: &Bytes) -> String {
    if is_binary(body) {
        return binary(body);
    }
    let head = body.get(..SHOWN).unwrap_or(body);
    let text = String::from_utf8_lossy(head);
    let line: Vec<&str> = text.split_whitespace().collect();
    let more = if body.len() > SHOWN { " …" } else { "" };
    format!("{}{more}", line.join(" "))
}

fn role(grade: CheckStatus) -> Role {
    match grade {
        CheckStatus::Pass => Role::Good,
        CheckStatus::Warn => Role::Warn,
        CheckStatus::Fail => Role::Bad,
        CheckStatus::Unknown => Role::Warn,
        CheckStatus::Skip => Role::Dim,
    }
}

/// Result of a check as a word; failures are in capitals, to stand out without colour.
fn word(check: &Checked) -> &'static str {
    match check.grade {
        CheckStatus::Fail if check.crashed => "CRASH",
        CheckStatus::Fail => "FAIL",
        grade => grade.name(),
    }
}

/// Formats a check as a JSON line.
pub(crate) fn line(it: &Checked) -> String {
    let detail = it.detail.as_ref();
    json!({
        "type": "checked", "check": it.name, "group": it.group, "title": it.title, "verdict": it.grade.name(),
        "said": it.said, "crashed": it.crashed, "requests": it.requests, "micros": micros(it.took),
        "sent": detail.map(|detail| detail.sent.as_str()),
        "status": detail.and_then(|detail| detail.came.as_ref()).map(|(status, _)| status),
        "answer": detail.and_then(|detail| detail.came.as_ref()).map(|(_, body)| shown(body)),
        "expected": detail.map(|detail| detail.expected), "why": detail.map(|detail| detail.why),
        "advice": detail.map(|detail| detail.advice), "page": detail.map(|detail| detail.page),
        "again": detail.and_then(|detail| detail.again.as_deref()),
    })
    .to_string()
}

/// Formats the totals as a JSON line.
pub(crate) fn summary(it: &CheckTotals) -> String {
    json!({
        "type": "summary", "target": it.target, "provider": it.provider, "checks": it.checks.len(),
        "passed": it.count(CheckStatus::Pass), "warned": it.count(CheckStatus::Warn), "failed": it.count(CheckStatus::Fail),
        "unknown": it.count(CheckStatus::Unknown), "skipped": it.count(CheckStatus::Skip), "seed": Value::from(it.seed), "micros": micros(it.elapsed),
    })
    .to_string()
}

/// Converts a check to a case of a report.
pub(crate) fn case(it: &Checked) -> TestCase {
    let details = it.detail.as_ref().map(|detail| {
        let title = ("title", it.title.to_owned());
        std::iter::once(title).chain(rows(it, detail)).collect()
    });
    TestCase {
        group: format!("check.{}", it.group),
        name: it.name.to_owned(),
        grade: it.grade,
        message: it.said.clone(),
        details: details.unwrap_or_default(),
        took: it.took,
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn an_answer_is_shown_short_and_on_one_line() {
        assert_eq!(shown(&"{\n  \"a\": 1\n}".into()), "{ \"a\": 1 }");
        assert!(shown(&"x".repeat(500).into()).ends_with(" …"));
    }
}
