//! How the checks of a handler look: a table by group, the story of what did not pass, and the count. The same as lines
//! of JSON, and as a suite for continuous integration.

use std::io::Write as _;

use bytes::Bytes;
use serde_json::{Value, json};

use super::notice::{Checked, Detail, Marks};
use super::numbers::{count, micros, span};
use super::palette::Role;
use super::suite::{Case, Suite};
use super::text::Voice;
use super::{Untrusted, binary, is_binary};
use crate::webhook::Grade;

/// How much of an answer is shown, in bytes.
const SHOWN: usize = 200;

/// How wide the sentences run.
const WIDTH: usize = 96;

/// The column of names in the table.
const NAMES: usize = 27;

impl Voice {
    /// A row of the table, below the name of its group where it is the first.
    pub(super) fn checked(&self, out: &mut Vec<u8>, it: &Checked) {
        if it.opens {
            self.paint(out, Role::Bold, it.group);
            out.push(b'\n');
        }
        let role = role(it.grade);
        out.extend_from_slice(b"  ");
        self.paint(out, role, word(it.grade));
        let name = format!("  {:<NAMES$} ", it.name);
        let said = Untrusted::new(&it.said).to_string();
        // Writing to a vector cannot fail, here and below.
        if it.grade == Grade::Skip {
            self.paint(out, Role::Dim, &format!("{name}{said}"));
            out.push(b'\n');
        } else {
            let _ = writeln!(out, "{name}{said}");
        }
    }

    /// What did not pass, and the count.
    pub(super) fn marks(&self, out: &mut Vec<u8>, it: &Marks) {
        for check in it.checks {
            if let Some(detail) = &check.detail {
                out.push(b'\n');
                self.paint(out, role(check.grade), word(check.grade));
                let _ = write!(out, "  ");
                self.paint(out, Role::Bold, check.name);
                let _ = writeln!(out, ": {}", check.title);
                for (name, text) in rows(check, detail) {
                    self.row(out, name, &text);
                }
            }
        }
        let _ = write!(
            out,
            "\n{}: ",
            count(it.checks.len() as u64, "check", "checks")
        );
        let mut between = "";
        for grade in [Grade::Pass, Grade::Warn, Grade::Fail, Grade::Skip] {
            let number = it.count(grade) as u64;
            let said = match grade {
                Grade::Pass => format!("{number} passed"),
                Grade::Warn => count(number, "warning", "warnings"),
                Grade::Fail => format!("{number} failed"),
                Grade::Skip => format!("{number} skipped"),
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

    fn row(&self, out: &mut Vec<u8>, name: &str, text: &str) {
        self.paint(out, Role::Dim, &format!("  {name:<7} "));
        // A command line is copied whole.
        let lines = if name == AGAIN {
            vec![text.to_owned()]
        } else {
            wrapped(text)
        };
        for (at, line) in lines.iter().enumerate() {
            if at > 0 {
                let _ = write!(out, "{:10}", "");
            }
            let _ = writeln!(out, "{}", Untrusted::new(line));
        }
    }
}

const AGAIN: &str = "again";

/// The rest of the story, a row for each piece of it.
fn rows<'a>(check: &Checked, detail: &'a Detail<'a>) -> Vec<(&'static str, String)> {
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

/// The beginning of a body, on one line.
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

/// The text in lines of a width that is good to read.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut();
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn role(grade: Grade) -> Role {
    match grade {
        Grade::Pass => Role::Good,
        Grade::Warn => Role::Warn,
        Grade::Fail => Role::Bad,
        Grade::Skip => Role::Dim,
    }
}

/// What fails is seen without colour too.
fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Fail => "FAIL",
        grade => grade.name(),
    }
}

/// A check as a line of JSON.
pub(super) fn line(it: &Checked) -> String {
    let detail = it.detail.as_ref();
    json!({
        "type": "checked", "check": it.name, "group": it.group, "title": it.title, "verdict": it.grade.name(),
        "said": it.said, "requests": it.requests, "micros": micros(it.took),
        "sent": detail.map(|detail| detail.sent.as_str()),
        "status": detail.and_then(|detail| detail.came.as_ref()).map(|(status, _)| status),
        "answer": detail.and_then(|detail| detail.came.as_ref()).map(|(_, body)| shown(body)),
        "expected": detail.map(|detail| detail.expected), "why": detail.map(|detail| detail.why),
        "advice": detail.map(|detail| detail.advice), "page": detail.map(|detail| detail.page),
        "again": detail.and_then(|detail| detail.again.as_deref()),
    })
    .to_string()
}

/// The count as a line of JSON.
pub(super) fn summary(it: &Marks) -> String {
    json!({
        "type": "summary", "target": it.target, "provider": it.provider, "checks": it.checks.len(),
        "passed": it.count(Grade::Pass), "warned": it.count(Grade::Warn), "failed": it.count(Grade::Fail),
        "skipped": it.count(Grade::Skip), "seed": Value::from(it.seed), "micros": micros(it.elapsed),
    })
    .to_string()
}

impl Marks<'_> {
    /// The same as a suite of tests; with `strict`, a warning is a failure.
    pub fn suite(&self, strict: bool) -> Suite {
        let case = |check: &Checked| Case {
            group: format!("check.{}", check.group),
            name: check.name.to_owned(),
            grade: match check.grade {
                Grade::Warn if strict => Grade::Fail,
                grade => grade,
            },
            said: check.said.clone(),
            story: check.detail.as_ref().map_or_else(Vec::new, |detail| {
                std::iter::once(check.title.to_owned())
                    .chain(
                        rows(check, detail)
                            .into_iter()
                            .map(|(name, text)| format!("{name:<7} {text}")),
                    )
                    .collect()
            }),
            took: check.took,
        };
        Suite {
            name: format!("webhook-cli check {} as {}", self.target, self.provider),
            took: self.elapsed,
            cases: self.checks.iter().map(case).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{shown, wrapped};

    #[test]
    fn sentences_are_wrapped_between_words() {
        assert_eq!(wrapped("a b"), ["a b"]);
        let long = "word ".repeat(40);
        let lines = wrapped(long.trim());
        assert!(lines.len() > 1 && lines.iter().all(|line| line.len() <= super::WIDTH));
        assert_eq!(lines.join(" "), long.trim());
    }

    #[test]
    fn an_answer_is_shown_short_and_on_one_line() {
        assert_eq!(shown(&"{\n  \"a\": 1\n}".into()), "{ \"a\": 1 }");
        assert!(shown(&"x".repeat(500).into()).ends_with(" …"));
    }
}
