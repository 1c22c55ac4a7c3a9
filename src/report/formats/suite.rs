//! Results as continuous integration reads them: JUnit's XML, and the Test Anything Protocol.

use std::fmt::Write as _;
use std::time::Duration;

use crate::report::Untrusted;
use crate::report::formats::markup::{tap, xml};
use crate::webhook::Grade;

/// A run of things that were tried out.
#[derive(Debug)]
pub struct Suite {
    /// What was tried out.
    pub name: String,
    /// How long that took.
    pub took: Duration,
    /// The cases, in order.
    pub cases: Vec<Case>,
}

/// One thing that was tried out.
#[derive(Debug)]
pub struct Case {
    /// What it belongs to.
    pub group: String,
    /// What it is called.
    pub name: String,
    /// How it went.
    pub grade: Grade,
    /// What was observed, on one line.
    pub said: String,
    /// The rest of the story, a line for each piece of it.
    pub story: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Suite {
    /// As JUnit's XML. What is skipped and what is warned of say so, and count as no failure.
    pub fn junit(&self) -> String {
        let count = |grade: Grade| self.cases.iter().filter(|case| case.grade == grade).count();
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let counts = format!(
            "name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\"",
            xml(&self.name),
            self.cases.len(),
            count(Grade::Fail),
            count(Grade::Skip) + count(Grade::Unknown),
            seconds(self.took),
        );
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "<testsuites {counts}>\n  <testsuite {counts}>");
        for case in &self.cases {
            let _ = write!(
                out,
                "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
                xml(&case.group),
                xml(&case.name),
                seconds(case.took)
            );
            let story: Vec<String> = case.story.iter().map(xml).collect();
            let story = story.join("\n");
            let said = xml(&case.said);
            let _ = match case.grade {
                Grade::Pass => writeln!(out, "/>"),
                Grade::Skip | Grade::Unknown => writeln!(
                    out,
                    ">\n      <skipped message=\"{said}\"/>\n    </testcase>"
                ),
                Grade::Fail => writeln!(
                    out,
                    ">\n      <failure message=\"{said}\">{story}</failure>\n    </testcase>"
                ),
                Grade::Warn => writeln!(
                    out,
                    ">\n      <system-out>warning: {said}\n{story}</system-out>\n    </testcase>"
                ),
            };
        }
        out + "  </testsuite>\n</testsuites>\n"
    }

    /// As the Test Anything Protocol, version 13.
    pub fn tap(&self) -> String {
        let mut out = format!("TAP version 13\n1..{}\n", self.cases.len());
        for (number, case) in (1..).zip(&self.cases) {
            let not = if case.grade == Grade::Fail {
                "not "
            } else {
                ""
            };
            let name = tap(&format!("{}: {}", case.group, case.name));
            let said = tap(&case.said);
            let _ = match case.grade {
                Grade::Skip | Grade::Unknown => {
                    writeln!(out, "ok {number} - {name} # SKIP {said}")
                }
                _ => writeln!(out, "{not}ok {number} - {name}"),
            };
            if matches!(case.grade, Grade::Fail | Grade::Warn) {
                let _ = writeln!(out, "# {}: {said}", case.grade.name());
                for line in &case.story {
                    let _ = writeln!(out, "#   {}", Untrusted::new(line));
                }
            }
        }
        out
    }
}

fn seconds(span: Duration) -> String {
    format!("{:.3}", span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::{Case, Suite};
    use crate::webhook::Grade;
    use std::time::Duration;

    fn suite() -> Suite {
        let case = |name: &str, grade, said: &str| Case {
            group: "shape".into(),
            name: name.into(),
            grade,
            said: said.into(),
            story: vec!["came  <b>&\u{1b}[31m\"".into()],
            took: Duration::from_millis(12),
        };
        Suite {
            name: "check \"x\"".into(),
            took: Duration::from_millis(1500),
            cases: vec![
                case("good", Grade::Pass, "answered 200"),
                case("bad", Grade::Fail, "answered 500 # <oh>"),
                case("odd", Grade::Warn, "late"),
                case("none", Grade::Skip, "signs nothing"),
            ],
        }
    }

    #[test]
    fn junit_counts_and_escapes() {
        let text = suite().junit();
        assert!(text.contains(
            "name=\"check &quot;x&quot;\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"1.500\""
        ));
        assert!(text.contains("<failure message=\"answered 500 # &lt;oh&gt;\">came  &lt;b&gt;&amp;\\x1b[31m&quot;</failure>"));
        assert!(text.contains("<skipped message=\"signs nothing\"/>"));
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn tap_says_ok_to_all_but_failures() {
        assert_eq!(
            suite().tap(),
            "TAP version 13\n1..4\nok 1 - shape: good\nnot ok 2 - shape: bad\n\
             # fail: answered 500 \\# <oh>\n#   came  <b>&\\x1b[31m\"\n\
             ok 3 - shape: odd\n# warn: late\n#   came  <b>&\\x1b[31m\"\n\
             ok 4 - shape: none # SKIP signs nothing\n"
        );
    }
}
