//! Order checks: no provider promises an order of deliveries.

use std::time::Duration;

use crate::checks::check::STANDARD;
use crate::checks::{Check, CheckRequest, CheckSteps, Context, Group, Page, expect};

pub(super) static CHECKS: &[&Check] = &[
    &Check {
        name: "click-before-delivered",
        group: Group::Order,
        title: "a click that comes before its delivery must be accepted",
        sends: "a click, and then the `delivered` of the same message",
        expects: "2xx for both",
        why: "providers send events from many machines and retry each on its own, so an earlier event often arrives \
              later",
        advice: "store events in the order of arrival, and sort by their time when you read; never require that an \
                 earlier event exists",
        page: Page::Provider,
        alone: false,
        plan: |context| in_turn(context, &["click", "delivered"], 301),
        judge: expect::taken,
    },
    &Check {
        name: "complaint-after-unsubscribe",
        group: Group::Order,
        title: "a complaint after an unsubscribe must be accepted",
        sends: "an unsubscribe, and then a complaint of the same recipient",
        expects: "2xx for both",
        why: "complaints come through feedback loops, days later; a state machine without a transition from \
              `unsubscribed` loses the events that harm your reputation most",
        advice: "let the more serious state win, and return 200 for an event that changes nothing",
        page: Page::Provider,
        alone: false,
        plan: |context| in_turn(context, &["unsubscribe", "complaint"], 302),
        judge: expect::taken,
    },
    &Check {
        name: "old-event",
        group: Group::Order,
        title: "an event that happened days ago must be accepted",
        sends: "an event of three days ago, signed now",
        expects: "2xx",
        why: "after an outage the provider sends its backlog, with new signatures and the original event times",
        advice: "check the age of the signature, not that of the event",
        page: STANDARD,
        alone: false,
        plan: old,
        judge: expect::taken,
    },
];

fn in_turn(context: &Context, kinds: &[&'static str], number: u64) -> CheckSteps {
    if let Some(none) = kinds
        .iter()
        .find(|kind| context.provider.row(kind).is_none())
    {
        return CheckSteps::skip(format!("{} sends no `{none}`", context.provider.title));
    }
    // Equal numbers give equal messages.
    let shots = kinds
        .iter()
        .map(|kind| CheckRequest::event(kind).numbered(number));
    CheckSteps::each(shots.map(|mut request| {
        request.exact = true;
        request
    }))
}

fn old(context: &Context) -> CheckSteps {
    let mut request = CheckRequest::event(context.event())
        .labelled(format!("a {} of three days ago", context.event()))
        .numbered(303);
    request.ago = Duration::from_secs(3 * 24 * 3600);
    CheckSteps::each([request])
}
