//! Test case of a report: one check of `check`, or one delivery of `replay`.

use std::time::Duration;

use crate::report::Untrusted;
use crate::webhook::{Attempt, CheckStatus, Outcome};

/// Most bytes of a response shown in a failed case.
const SHOWN_ANSWER: usize = 2000;

/// Test case with its result. Its texts may be untrusted; each format escapes them.
#[derive(Debug)]
pub(crate) struct TestCase {
    /// Command and group: `check.authentication`, `replay.resend`.
    pub(crate) group: String,
    /// Name of the case.
    pub(crate) name: String,
    /// Status of the case.
    pub(crate) grade: CheckStatus,
    /// Observation on one line; may be empty if the case passed.
    pub(crate) message: String,
    /// Further details, each with its label.
    pub(crate) details: Vec<(&'static str, String)>,
    /// Duration of the case.
    pub(crate) took: Duration,
}

impl TestCase {
    /// Creates the case of a delivery after its last attempt.
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

/// Number of cases written, by result.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CaseCounts {
    /// Number of all cases.
    pub(crate) cases: u64,
    /// Number of failed cases.
    pub(crate) failed: u64,
    /// Number of cases without a result: skipped or unknown.
    pub(crate) skipped: u64,
}

impl CaseCounts {
    /// Counts one case.
    pub(crate) fn add(&mut self, grade: CheckStatus) {
        self.cases += 1;
        self.failed += u64::from(grade == CheckStatus::Fail);
        self.skipped += u64::from(matches!(grade, CheckStatus::Skip | CheckStatus::Unknown));
    }
}

/// Beginning of the response body.
fn answer(it: &Attempt) -> Option<String> {
    let Outcome::Answered { body, .. } = &it.outcome else {
        return None;
    };
    let shown = body.get(..SHOWN_ANSWER).unwrap_or(body);
    // Invalid UTF-8 is escaped here, where the bytes are still known.
    (!shown.is_empty()).then(|| Untrusted::new(shown).to_string())
}
