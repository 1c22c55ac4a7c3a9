//! Speed checks: response times.

use std::time::Duration;

use crate::checks::{
    Check, CheckRequest, CheckStatus, CheckSteps, Context, Finding, Group, Observations, Page,
    Step, expect,
};

/// Size of a burst, and the number of requests in parallel.
const BURST: (u16, u16) = (200, 20);

/// Time over which a slow client sends its body.
const SLOWLY: Duration = Duration::from_millis(1500);

pub(super) static CHECKS: &[&Check] = &[
    &Check {
        name: "acknowledged",
        group: Group::Speed,
        title: "an event must be acknowledged well within the provider's timeout",
        sends: "three events, one after another",
        expects: "2xx, each within half of the provider's timeout",
        why: "a late response counts as a failure: the provider retries an event that was handled, and finally \
              disables the webhook",
        advice: "store the event, return 200, and do the work afterwards",
        page: Page::Provider,
        alone: false,
        plan: |context| {
            CheckSteps::each(
                (701..704).map(|number| CheckRequest::event(context.event()).numbered(number)),
            )
        },
        judge: timely,
    },
    &Check {
        name: "burst",
        group: Group::Speed,
        title: "a burst must be accepted",
        sends: "200 events, 20 of them at once",
        expects: "2xx for each, 99 of 100 within half of the provider's timeout",
        why: "the opens of a campaign come within minutes, from many machines at once",
        advice: "put events into a queue; run more than one worker; use a pool of database connections",
        page: Page::Provider,
        alone: false,
        plan: |context| {
            let request = CheckRequest::event(context.event())
                .labelled("one of 200 events")
                .numbered(710);
            CheckSteps::Run(vec![Step::Burst(request, BURST.0, BURST.1)])
        },
        judge: timely,
    },
    &Check {
        name: "slow-client",
        group: Group::Speed,
        title: "a body that arrives slowly must be accepted",
        sends: "an event whose body takes a second and a half to arrive, in pieces",
        expects: "2xx",
        why: "networks between you and the provider split and delay data; a handler that reads once gets half a body",
        advice: "read the whole body, up to its declared length, before verifying",
        page: Page::At("https://www.rfc-editor.org/rfc/rfc9112.html#section-6"),
        alone: false,
        plan: |context| {
            let request = CheckRequest::event(context.event())
                .labelled("an event whose body arrives slowly")
                .numbered(711);
            CheckSteps::Run(vec![Step::Slowly(request, SLOWLY)])
        },
        judge: expect::taken,
    },
];

/// Passes if all are accepted, and 99 of 100 responses arrive well within the limit.
fn timely(context: &Context, observations: &Observations) -> Finding {
    let finding = expect::taken(context, observations);
    if finding.grade != CheckStatus::Pass {
        return finding;
    }
    let (limit, who) = context.limit();
    let mut order: Vec<(Duration, usize)> = observations
        .answers
        .iter()
        .zip(0..)
        .map(|(seen, at)| (seen.took, at))
        .collect();
    order.sort_unstable();
    let slowest = order.get((order.len() * 99).div_ceil(100).saturating_sub(1));
    let Some((took, at)) = slowest.copied() else {
        return Finding::pass("nothing was sent");
    };
    let shown = match took.as_micros() {
        micros @ 0..10_000 => format!("{}.{} ms", micros / 1000, micros / 100 % 10),
        micros => format!("{} ms", micros / 1000),
    };
    let of = if order.len() < 100 {
        format!("responded within {shown}")
    } else {
        format!("99 of 100 responded within {shown}")
    };
    let grade = match took {
        took if took >= limit => CheckStatus::Fail,
        took if took >= limit / 2 => CheckStatus::Warn,
        _ => return Finding::pass(of),
    };
    Finding::new(
        grade,
        format!("{of}; {who} {} s", limit.as_secs_f64()),
        Some(at),
    )
}
