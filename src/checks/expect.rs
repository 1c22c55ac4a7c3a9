//! Rules by which nearly every response is graded.

use crate::checks::{CheckStatus, Context, Finding, Observation, Observations};
use crate::webhook::Outcome;

/// Passes if all requests are accepted with 2xx.
pub(super) fn taken(_: &Context, observations: &Observations) -> Finding {
    told(observations, |seen| !is_taken(seen), CheckStatus::Fail)
}

/// Passes if all requests are rejected as the sender's fault, with 4xx.
pub(super) fn refused(_: &Context, observations: &Observations) -> Finding {
    told(observations, |seen| !is_refused(seen), CheckStatus::Fail)
}

/// Like [`refused`], for advice that no provider demands: an accepted request is a warning, a crash still a failure.
pub(super) fn better_refused(_: &Context, observations: &Observations) -> Finding {
    let finding = told(observations, |seen| !is_refused(seen), CheckStatus::Fail);
    warned(observations, finding, is_taken)
}

/// All of it should be taken, and no provider demands it: a refusal is a warning. A crash is not.
pub(super) fn better_taken(context: &Context, observations: &Observations) -> Finding {
    warned(observations, taken(context, observations), |seen| {
        !has_crashed(seen)
    })
}

/// A failure as a warning, where the answer that decides it is `harmless`.
fn warned(
    observations: &Observations,
    finding: Finding,
    harmless: fn(&Observation) -> bool,
) -> Finding {
    let deciding = finding.at.and_then(|at| observations.answers.get(at));
    match deciding {
        Some(seen) if finding.grade == CheckStatus::Fail && harmless(seen) => Finding {
            grade: CheckStatus::Warn,
            ..finding
        },
        _ => finding,
    }
}

/// Any answer will do, but it must answer, and not with a fault of its own: no 5xx, no hang. An answer that tells nothing of
/// what was sent decides nothing.
pub(super) fn unharmed(_: &Context, observations: &Observations) -> Finding {
    let crash = told(observations, has_crashed, CheckStatus::Fail);
    if crash.grade != CheckStatus::Pass {
        return crash;
    }
    let says_nothing = |seen: &Observation| !is_taken(seen) && !is_refused(seen);
    told(observations, says_nothing, CheckStatus::Skip)
}

/// The finding where these answers are wrong, with that grade; a pass where none is.
fn told(
    observations: &Observations,
    is_wrong: impl Fn(&Observation) -> bool,
    grade: CheckStatus,
) -> Finding {
    let of = observations.answers.len();
    if of == 0 {
        return Finding::new(CheckStatus::Skip, "nothing was sent", None);
    }
    let wrong: Vec<(usize, &Observation)> = observations
        .answers
        .iter()
        .enumerate()
        .filter(|(_, seen)| is_wrong(seen))
        .collect();
    // A crash weighs more than what came before it.
    let crash = wrong.iter().find(|(_, seen)| has_crashed(seen));
    let Some((at, first)) = crash.or(wrong.first()).copied() else {
        return Finding::pass(statuses(observations));
    };
    let more = wrong.len() - 1;
    let said = match (of, more) {
        (1, _) => answer(first),
        (_, 0) => format!("{}: {}", first.request.what, answer(first)),
        _ => format!(
            "{}: {}; {} of {of} failed",
            first.request.what,
            answer(first),
            more + 1
        ),
    };
    Finding::new(grade, said, Some(at))
}

/// Returns true if it failed on its own side: 5xx, or no whole answer.
pub(super) fn has_crashed(seen: &Observation) -> bool {
    seen.outcome.status().is_none_or(|status| status >= 500)
}

/// True for an accepted request: 2xx.
pub(super) fn is_taken(seen: &Observation) -> bool {
    matches!(seen.outcome.status(), Some(200..=299))
}

/// True for a request rejected as the sender's fault: 4xx, but not 408 or 429.
pub(super) fn is_refused(seen: &Observation) -> bool {
    matches!(seen.outcome.status(), Some(status @ 400..=499) if status != 408 && status != 429)
}

/// Description of the response, in a few words.
pub(super) fn answer(seen: &Observation) -> String {
    match &seen.outcome {
        Outcome::Answered {
            status: 429 | 408, ..
        } => says_nothing(seen),
        Outcome::Answered {
            status, location, ..
        } => match location {
            Some(location) if (300..400).contains(status) => {
                format!("got {status}, a redirect to {location}")
            }
            _ => format!("got {status}"),
        },
        Outcome::TimedOut(span) => format!("no response within {} s", span.as_secs_f64()),
        Outcome::Unreachable(why) | Outcome::Impossible(why) => why.to_string(),
    }
}

/// Reason for a response whose status leaves the question open.
pub(super) fn says_nothing(seen: &Observation) -> String {
    let status = seen.outcome.status().unwrap_or_default();
    format!("got {status}, which is inconclusive")
}

/// Statuses of the responses: `401`, `2 × 200 and 409`.
pub(super) fn statuses(observations: &Observations) -> String {
    let mut counts: Vec<(u16, usize)> = Vec::new();
    for status in observations
        .answers
        .iter()
        .filter_map(|seen| seen.outcome.status())
    {
        match counts.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => counts.push((status, 1)),
        }
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|(status, count)| match count {
            1 => status.to_string(),
            _ => format!("{count} \u{d7} {status}"),
        })
        .collect();
    format!("got {}", parts.join(", "))
}
