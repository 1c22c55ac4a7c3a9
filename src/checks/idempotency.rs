//! Idempotency checks: every provider delivers at least once, so a delivery may arrive twice.

use std::time::Duration;

use crate::checks::check::STANDARD;
use crate::checks::{
    Check, CheckRequest, CheckStatus, CheckSteps, Context, Finding, Group, Observations, Page,
    Step, expect,
};

/// Number of identical requests in parallel.
const AT_ONCE: u16 = 5;

pub(super) static CHECKS: &[&Check] = &[
    &Check {
        name: "duplicate",
        group: Group::Idempotency,
        title: "the same delivery twice must be accepted twice and count once",
        sends: "a delivery, then the same bytes again",
        expects: "2xx for both; with `--probe`, a number that grows once",
        why: "every provider delivers at least once: a delivery without a timely response is retried, and so is a \
              rejected copy",
        advice: "store the id of each event in a unique column, insert with `ON CONFLICT DO NOTHING`, and return 200 \
                 either way",
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
        why: "a query before the insert does not help when two copies arrive together: both find nothing, both insert",
        advice: "use a unique constraint in the database, not a query before the insert",
        page: STANDARD,
        alone: false,
        plan: at_once,
        judge: once_at_once,
    },
    &Check {
        name: "retried",
        group: Group::Idempotency,
        title: "a retry with a new signature must count once",
        sends: "a delivery, then the same event with the same ids and a new signature",
        expects: "2xx for both; with `--probe`, a number that grows once",
        why: "a retry has the same id with a new timestamp and signature, so a handler that remembers signatures \
              counts it twice",
        advice: "identify an event by its id, never by its signature, its signed timestamp or a hash of the request",
        page: STANDARD,
        alone: false,
        plan: retried,
        judge: once,
    },
    &Check {
        name: "duplicate-later",
        group: Group::Idempotency,
        title: "a delivery that comes again after others must count once",
        sends: "a delivery, then ten others, then the first again",
        expects: "2xx for all; with `--probe`, a number that does not grow with the last",
        why: "retries come minutes or hours later, after a short memory of recent deliveries has expired",
        advice: "store the ids for as long as the provider retries, which is days, and not in the memory of one \
                 process",
        page: STANDARD,
        alone: false,
        plan: later,
        judge: once,
    },
    &Check {
        name: "twins",
        group: Group::Idempotency,
        title: "two events for one thing must both be accepted",
        sends: "the two events that this provider sends for one thing, such as an open and the first open",
        expects: "2xx for both",
        why: "a handler that counts both reports twice as many opens as there were",
        advice: "accept both, and count one of the two kinds",
        page: Page::Provider,
        alone: false,
        plan: twins,
        judge: both,
    },
];

fn request(context: &Context, number: u64) -> CheckRequest {
    let event = context.event();
    let mut request = CheckRequest::event(event)
        .labelled(format!("the same {} again", context.noun()))
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
    let first = request.clone().labelled(format!("a {}", context.noun()));
    counted(context, vec![Step::Send(first)], Step::Again(request))
}

fn at_once(context: &Context) -> CheckSteps {
    // The first only shows by how much the number grows with one event.
    let one = CheckRequest::event(context.event()).numbered(205);
    let mut request =
        request(context, 202).labelled(format!("the same {} at the same time", context.noun()));
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
        .labelled(format!("the same {}, signed again", context.noun()));
    anew.later = Duration::from_secs(2);
    counted(context, vec![Step::Send(request)], Step::Send(anew))
}

fn later(context: &Context) -> CheckSteps {
    let request = request(context, 204);
    let others =
        (0..10).map(|other| Step::Send(CheckRequest::event(context.event()).numbered(210 + other)));
    let first = std::iter::once(Step::Send(request.clone())).chain(others);
    let again = request.labelled(format!("the same {} after ten others", context.noun()));
    counted(context, first.collect(), Step::Again(again))
}

fn twins(context: &Context) -> CheckSteps {
    let pairs = context.provider.conduct.twins;
    if pairs.is_empty() {
        return CheckSteps::skip(format!(
            "{} is not known to send two events for one thing",
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
        "{}; use `--probe` or `--probe-cmd` to see if it counts once",
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
        let said = "the probe's number did not grow with a new event, so it is inconclusive";
        return Finding::new(CheckStatus::Warn, said, Some(0));
    }
    if then != most(first) {
        let said = format!(
            "accepted, but the probe's number grew by {first}, then by {then} with the copies"
        );
        return Finding::new(CheckStatus::Fail, said, last);
    }
    Finding::pass(format!("{}; the probe's number grew once", finding.said))
}
