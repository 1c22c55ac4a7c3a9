//! Rules by which nearly every response is graded.

use crate::checks::{CheckStatus, Context, Finding, Observation, Observations};
use crate::webhook::Outcome;

/// Passes if all requests are accepted with 2xx.
pub fn taken(_: &Context, observations: &Observations) -> Finding {
    let wrong = observations
        .answers
        .iter()
        .enumerate()
        .filter(|(_, seen)| !is_taken(seen));
    told(observations, wrong, CheckStatus::Fail)
}

/// Passes if all requests are rejected as the sender's fault, with 4xx.
pub fn refused(_: &Context, observations: &Observations) -> Finding {
    let wrong = observations
        .answers
        .iter()
        .enumerate()
        .filter(|(_, seen)| !is_refused(seen));
    told(observations, wrong, CheckStatus::Fail)
}

/// Like [`refused`], for advice that no provider demands: an accepted request is a warning, a crash still a failure.
pub fn better_refused(_: &Context, observations: &Observations) -> Finding {
    let mut wrong = observations
        .answers
        .iter()
        .enumerate()
        .filter(|(_, seen)| !is_refused(seen))
        .peekable();
    let grade = match wrong.peek() {
        Some((_, seen)) if is_taken(seen) => CheckStatus::Warn,
        _ => CheckStatus::Fail,
    };
    told(observations, wrong, grade)
}

/// Passes on any response that shows no fault of the handler: no 5xx, no timeout.
pub fn unharmed(_: &Context, observations: &Observations) -> Finding {
    let wrong = observations
        .answers
        .iter()
        .enumerate()
        .filter(|(_, seen)| seen.outcome.status().is_none_or(|status| status >= 500));
    told(observations, wrong, CheckStatus::Fail)
}

fn told<'a>(
    observations: &Observations,
    mut wrong: impl Iterator<Item = (usize, &'a Observation)>,
    grade: CheckStatus,
) -> Finding {
    let Some((at, first)) = wrong.next() else {
        return Finding::pass(statuses(observations));
    };
    let more = wrong.count();
    let of = observations.answers.len();
    let said = match (of, more) {
        (1, _) => answer(first),
        (_, 0) => format!("{}: {}", first.request.what, answer(first)),
        _ => format!(
            "{}: {}; {} of {of} went wrong",
            first.request.what,
            answer(first),
            more + 1
        ),
    };
    Finding::new(grade, said, Some(at))
}

/// True for an accepted request: 2xx.
pub fn is_taken(seen: &Observation) -> bool {
    matches!(seen.outcome.status(), Some(200..=299))
}

/// True for a request rejected as the sender's fault: 4xx, but not 408 or 429.
pub fn is_refused(seen: &Observation) -> bool {
    matches!(seen.outcome.status(), Some(status @ 400..=499) if status != 408 && status != 429)
}

/// Description of the response, in a few words.
pub fn answer(seen: &Observation) -> String {
    match &seen.outcome {
        Outcome::Answered {
            status: 429 | 408, ..
        } => format!(
            "answered {}, which says nothing about it",
            seen.outcome.status().unwrap_or_default()
        ),
        Outcome::Answered {
            status, location, ..
        } => match location {
            Some(location) if (300..400).contains(status) => {
                format!("answered {status}, a redirect to {location}")
            }
            _ => format!("answered {status}"),
        },
        Outcome::TimedOut(span) => format!("no response within {} s", span.as_secs_f64()),
        Outcome::Unreachable(why) | Outcome::Impossible(why) => why.to_string(),
    }
}

/// Statuses of the responses: `401`, `2 × 200 and 409`.
pub fn statuses(observations: &Observations) -> String {
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
    format!("answered {}", parts.join(", "))
}
