//! The same thing twice: every provider delivers at least once.

use std::time::Duration;

use crate::checks::check::STANDARD;
use crate::checks::{
    Check, Finding, Grade, Group, Page, Plan, Setting, Shot, Sights, Step, expect,
};

/// How often the same delivery is sent at once.
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

fn shot(setting: &Setting, number: u64) -> Shot {
    let event = setting.event();
    let mut shot = Shot::event(event)
        .told(format!("the same {event} again"))
        .numbered(number);
    shot.exact = true;
    shot.times = 2;
    shot
}

/// With a count before, between and behind where there is a probe.
fn counted(setting: &Setting, first: Vec<Step>, then: Step) -> Plan {
    let count = || setting.probe.then_some(Step::Count);
    let steps = count()
        .into_iter()
        .chain(first)
        .chain(count())
        .chain([then])
        .chain(count());
    Plan::Run(steps.collect())
}

fn twice(setting: &Setting) -> Plan {
    let shot = shot(setting, 201);
    let first = shot.clone().told(format!("a {}", setting.event()));
    counted(setting, vec![Step::Send(first)], Step::Again(shot))
}

fn at_once(setting: &Setting) -> Plan {
    // The first only says how much the number grows with one event.
    let one = Shot::event(setting.event()).numbered(205);
    let mut shot =
        shot(setting, 202).told(format!("the same {} at the same moment", setting.event()));
    shot.times = 1;
    counted(
        setting,
        vec![Step::Send(one)],
        Step::Together(shot, AT_ONCE),
    )
}

fn retried(setting: &Setting) -> Plan {
    if setting.scheme().is_none() {
        return Plan::skip(format!(
            "{} signs nothing, so a retry is the same request",
            setting.provider.title
        ));
    }
    let shot = shot(setting, 203);
    let mut anew = shot
        .clone()
        .told(format!("the same {}, signed anew", setting.event()));
    anew.later = Duration::from_secs(2);
    counted(setting, vec![Step::Send(shot)], Step::Send(anew))
}

fn later(setting: &Setting) -> Plan {
    let shot = shot(setting, 204);
    let others =
        (0..10).map(|other| Step::Send(Shot::event(setting.event()).numbered(210 + other)));
    let first = std::iter::once(Step::Send(shot.clone())).chain(others);
    let again = shot.told(format!("the same {} after ten others", setting.event()));
    counted(setting, first.collect(), Step::Again(again))
}

fn twins(setting: &Setting) -> Plan {
    let pairs = setting.provider.conduct.twins;
    if pairs.is_empty() {
        return Plan::skip(format!(
            "{} is not known to tell one thing twice",
            setting.provider.title
        ));
    }
    let shots = pairs.iter().zip(0..).flat_map(|((one, other), pair)| {
        // The same number gives the same message.
        [*one, *other].map(|name| Shot::event(name).numbered(230 + pair))
    });
    Plan::each(shots)
}

/// Everything is taken, and the number does not grow with the copy.
fn once(setting: &Setting, sights: &Sights) -> Finding {
    grown(setting, sights, |_| 0)
}

/// Everything is taken, and with several copies at once the number grows as with one event.
fn once_at_once(setting: &Setting, sights: &Sights) -> Finding {
    grown(setting, sights, |one| one)
}

/// The responses do not say what a handler keeps.
fn unknown(finding: &Finding) -> Finding {
    let said = format!(
        "{}; `--probe` or `--probe-cmd` tells whether it counts once",
        finding.said
    );
    Finding::new(Grade::Unknown, said, None)
}

/// All is accepted; which of two events is counted is seen with a probe alone.
fn both(setting: &Setting, sights: &Sights) -> Finding {
    let finding = expect::taken(setting, sights);
    match finding.grade {
        Grade::Pass if !setting.probe => unknown(&finding),
        _ => finding,
    }
}

fn grown(setting: &Setting, sights: &Sights, most: fn(i64) -> i64) -> Finding {
    let finding = expect::taken(setting, sights);
    if finding.grade != Grade::Pass {
        return finding;
    }
    let [before, between, after] = sights.counts.as_slice() else {
        return unknown(&finding);
    };
    let last = sights.answers.len().checked_sub(1);
    let (first, then) = (
        between.saturating_sub(*before),
        after.saturating_sub(*between),
    );
    if first <= 0 {
        let said = "the probe's number did not grow with a new event, so it says nothing";
        return Finding::new(Grade::Warn, said, Some(0));
    }
    if then != most(first) {
        let said = format!(
            "taken, but the probe's number grew by {first}, then by {then} with the copies"
        );
        return Finding::new(Grade::Fail, said, last);
    }
    Finding::pass(format!("{}; the probe's number grew once", finding.said))
}
