//! A case of a report: what was tried out, and what came of it.

use std::time::Duration;

use crate::report::Untrusted;
use crate::webhook::{Attempt, CheckStatus, Outcome};

/// How much of an answer is kept where it explains a failure, in bytes.
const SHOWN_ANSWER: usize = 2000;

/// One thing that was tried out. Its texts may be a stranger's; each format escapes them.
#[derive(Debug)]
pub(crate) struct TestCase {
    /// The command, and what the case belongs to: `check.authentication`, `replay.resend`.
    pub(crate) group: String,
    /// Its name.
    pub(crate) name: String,
    /// How it went.
    pub(crate) grade: CheckStatus,
    /// What was observed, on one line; may be empty where it went well.
    pub(crate) message: String,
    /// More of it, each piece with its label.
    pub(crate) details: Vec<(&'static str, String)>,
    /// How long it took.
    pub(crate) took: Duration,
}

impl TestCase {
    /// A delivery after its last attempt.
    pub(crate) fn of(it: &Attempt) -> TestCase {
        let about: Vec<&str> = it.about.split_whitespace().collect();
        let mut case = TestCase {
            group: format!("replay.{}", it.provider.unwrap_or("unknown")),
            name: format!("{} ({})", about.join(" "), it.source),
            grade: CheckStatus::Pass,
            message: String::new(),
            details: Vec::new(),
            took: it.took,
        };
        if !it.outcome.succeeded() {
            case.grade = CheckStatus::Fail;
            case.message = it.outcome.reason_at(&it.target).unwrap_or_default();
            case.details
                .extend(answer(it).map(|answer| ("answer", answer)));
        }
        case
    }
}

/// Cases that were written, counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// All of them.
    pub(crate) cases: u64,
    /// Those that failed.
    pub(crate) failed: u64,
    /// Those that say nothing: skipped, or unknown.
    pub(crate) skipped: u64,
}

impl Counts {
    /// Counts one more.
    pub(crate) fn add(&mut self, grade: CheckStatus) {
        self.cases += 1;
        self.failed += u64::from(grade == CheckStatus::Fail);
        self.skipped += u64::from(matches!(grade, CheckStatus::Skip | CheckStatus::Unknown));
    }
}

/// The beginning of what was answered.
fn answer(it: &Attempt) -> Option<String> {
    let Outcome::Answered { body, .. } = &it.outcome else {
        return None;
    };
    let shown = body.get(..SHOWN_ANSWER).unwrap_or(body);
    // Bytes that are no text are spelled out here, where they are still known.
    (!shown.is_empty()).then(|| Untrusted::new(shown).to_string())
}
