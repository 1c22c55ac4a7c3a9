//! Idempotency checks: every provider delivers at least once, so a delivery may arrive twice.

use std::time::Duration;

use crate::checks::check::STANDARD;
use crate::checks::{
    Check, CheckRequest, CheckStatus, CheckSteps, Context, Finding, Group, Observations, Page,
    Step, expect,
};

/// Number of identical requests in parallel.
const AT_ONCE: u16 = 5;

pub static CHECKS: &[&Check] = &[
    &Check {
        name: "duplicate",
        group: Group::Idempotency,
        title: "the same delivery twice must be accepted twice and count once",
        sends: "a delivery, and the very same bytes again",
        expects: "2xx for both; with `--probe`, a number that grows once",
        why: "every provider delivers at least once: what is not answered in time is sent again, and a refusal of the second \
              copy makes it come a third time",
        advice: "keep the id of each event in a unique column, insert with `ON CONFLICT DO NOTHING`, and answer 200 either way",
        page: STANDARD,
        alone: false,
        plan: twice,
        judge: once,
    },
    &Check {
        name: "duplicate-at-once",
        group: Group::Idempotency,
        title: "the same delivery several times at once must count once",
        sends: "one delivery five times at the same moment",
        expects: "2xx for all; with `--probe`, a number that grows once",
        why: "looking first and inserting then is no protection when two copies arrive together: both look, both insert",
        advice: "let the database decide with a unique constraint, not a query before the insert",
        page: STANDARD,
        alone: false,
        plan: at_once,
        judge: once_at_once,
    },
    &Check {
        name: "retried",
        group: Group::Idempotency,
        title: "a retry with a new signature must count once",
        sends: "a delivery, and the same event and ids again, signed anew",
        expects: "2xx for both; with `--probe`, a number that grows once",
        why: "a retry carries the same id and a new timestamp and signature, so whoever remembers signatures counts it twice",
        advice: "recognise an event by its id, never by its signature, its time of signing or a hash of the request",
        page: STANDARD,
        alone: false,
        plan: retried,
        judge: once,
    },
    &Check {
        name: "duplicate-later",
        group: Group::Idempotency,
        title: "a delivery that comes again after others must count once",
        sends: "a delivery, ten others, and the first again",
        expects: "2xx for all; with `--probe`, a number that does not grow with the last",
        why: "retries come minutes and hours later, when a memory of the last few deliveries is long gone",
        advice: "keep the ids for as long as the provider tries again, which is days, and not in the memory of one process",
        page: STANDARD,
        alone: false,
        plan: later,
        judge: once,
    },
    &Check {
        name: "twins",
        group: Group::Idempotency,
        title: "two events that tell one thing must both be accepted",
        sends: "the pair of events that this provider sends for a thing that happened once, such as an open and the first \
                open",
        expects: "2xx for both",
        why: "handlers that count both report twice as many opens as there were",
        advice: "take both, and count one of the two kinds",
        page: Page::Provider,
        alone: false,
        plan: twins,
        judge: both,
    },
];

fn request(context: &Context, number: u64) -> CheckRequest {
    let event = context.event();
    let mut request = CheckRequest::event(event)
        .labelled(format!("the same {event} again"))
        .numbered(number);
    request.exact = true;
    request.times = 2;
    request
}

/// Adds a probe reading before, between and after the steps, if there is a probe.
fn counted(context: &Context, first: Vec<Step>, then: Step) -> CheckSteps {
    let count = || context.probe.then_some(Step::Count);
    let steps = count()
        .into_iter()
        .chain(first)
        .chain(count())
        .chain([then])
        .chain(count());
    CheckSteps::Run(steps.collect())
}

fn twice(context: &Context) -> CheckSteps {
    let request = request(context, 201);
    let first = request.clone().labelled(format!("a {}", context.event()));
    counted(context, vec![Step::Send(first)], Step::Again(request))
}

fn at_once(context: &Context) -> CheckSteps {
    // The first only shows by how much the number grows with one event.
    let one = CheckRequest::event(context.event()).numbered(205);
    let mut request =
        request(context, 202).labelled(format!("the same {} at the same moment", context.event()));
    request.times = 1;
    counted(
        context,
        vec![Step::Send(one)],
        Step::Together(request, AT_ONCE),
    )
}

fn retried(context: &Context) -> CheckSteps {
    if context.scheme().is_none() {
        return CheckSteps::skip(format!(
            "{} signs nothing, so a retry is the same request",
            context.provider.title
        ));
    }
    let request = request(context, 203);
    let mut anew = request
        .clone()
        .labelled(format!("the same {}, signed anew", context.event()));
    anew.later = Duration::from_secs(2);
    counted(context, vec![Step::Send(request)], Step::Send(anew))
}

fn later(context: &Context) -> CheckSteps {
    let request = request(context, 204);
    let others =
        (0..10).map(|other| Step::Send(CheckRequest::event(context.event()).numbered(210 + other)));
    let first = std::iter::once(Step::Send(request.clone())).chain(others);
    let again = request.labelled(format!("the same {} after ten others", context.event()));
    counted(context, first.collect(), Step::Again(again))
}

fn twins(context: &Context) -> CheckSteps {
    let pairs = context.provider.conduct.twins;
    if pairs.is_empty() {
        return CheckSteps::skip(format!(
            "{} is not known to tell one thing twice",
            context.provider.title
        ));
    }
    let shots = pairs.iter().zip(0..).flat_map(|((one, other), pair)| {
        // Equal numbers give equal messages.
        [*one, *other].map(|name| CheckRequest::event(name).numbered(230 + pair))
    });
    CheckSteps::each(shots)
}

/// Passes if all requests are accepted, and the number does not grow with the copy.
fn once(context: &Context, observations: &Observations) -> Finding {
    grown(context, observations, |_| 0)
}

/// Passes if all requests are accepted, and several copies in parallel grow the number like one event.
fn once_at_once(context: &Context, observations: &Observations) -> Finding {
    grown(context, observations, |one| one)
}

/// Unknown: the responses do not show if a handler counts a copy twice.
fn unknown(finding: &Finding) -> Finding {
    let said = format!(
        "{}; `--probe` or `--probe-cmd` tells whether it counts once",
        finding.said
    );
    Finding::new(CheckStatus::Unknown, said, None)
}

/// Passes if all requests are accepted; only a probe can show which of two events is counted.
fn both(context: &Context, observations: &Observations) -> Finding {
    let finding = expect::taken(context, observations);
    match finding.grade {
        CheckStatus::Pass if !context.probe => unknown(&finding),
        _ => finding,
    }
}

fn grown(context: &Context, observations: &Observations, most: fn(i64) -> i64) -> Finding {
    let finding = expect::taken(context, observations);
    if finding.grade != CheckStatus::Pass {
        return finding;
    }
    let [before, between, after] = observations.counts.as_slice() else {
        return unknown(&finding);
    };
    let last = observations.answers.len().checked_sub(1);
    let (first, then) = (
        between.saturating_sub(*before),
        after.saturating_sub(*between),
    );
    if first <= 0 {
        let said = "the probe's number did not grow with a new event, so it says nothing";
        return Finding::new(CheckStatus::Warn, said, Some(0));
    }
    if then != most(first) {
        let said = format!(
            "taken, but the probe's number grew by {first}, then by {then} with the copies"
        );
        return Finding::new(CheckStatus::Fail, said, last);
    }
    Finding::pass(format!("{}; the probe's number grew once", finding.said))
}
