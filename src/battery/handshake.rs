//! What a provider asks before it trusts a URL.

use http::Method;

use super::{Check, Group, Page, Plan, Setting, Shot, rule};
use crate::providers::Handshake;

pub static CHECKS: &[&Check] = &[
    &Check {
        name: "head",
        group: Group::Handshake,
        title: "a HEAD is answered with success",
        sends: "HEAD, without a body and without a signature",
        expects: "2xx",
        why: "Mandrill asks with HEAD when a webhook is added or edited, and refuses a URL that does not answer 200",
        advice: "answer HEAD with 200 and an empty body, without looking for a signature",
        page: Page::Provider,
        alone: true,
        plan: |setting| ask(setting, Handshake::Head, Method::HEAD),
        judge: rule::taken,
    },
    &Check {
        name: "get",
        group: Group::Handshake,
        title: "a GET is answered with success",
        sends: "GET, without a body and without a signature",
        expects: "2xx",
        why: "this provider visits the URL when it is saved, and refuses one that answers 404 or 405",
        advice: "answer GET with 200, without looking for a signature",
        page: Page::Provider,
        alone: true,
        plan: |setting| ask(setting, Handshake::Get, Method::GET),
        judge: rule::taken,
    },
    &Check {
        name: "options",
        group: Group::Handshake,
        title: "an OPTIONS is answered with consent",
        sends: "OPTIONS with `WebHook-Request-Origin`",
        expects: "2xx",
        why: "who sends CloudEvents asks for consent first, so that nobody can be flooded",
        advice: "answer 200 with `WebHook-Allowed-Origin` and `Allow: POST`",
        page: Page::At("https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md"),
        alone: true,
        plan: |setting| ask(setting, Handshake::Options, Method::OPTIONS),
        judge: rule::taken,
    },
    &Check {
        name: "subscription",
        group: Group::Handshake,
        title: "the messages that set a subscription up are taken",
        sends: "an SNS `SubscriptionConfirmation` and the messages that follow it, rightly signed",
        expects: "2xx for each",
        why: "nothing else is sent until the subscription is confirmed, and what follows it is no event of a message",
        advice: "look at `Type` first; visit `SubscribeURL` only when its host is one of SNS's own; answer 200",
        page: Page::At("https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html"),
        alone: false,
        plan: |setting| match setting.provider.confirm {
            Some(_) => events(setting),
            None => Plan::skip(format!(
                "{} asks for no confirmation",
                setting.provider.title
            )),
        },
        judge: rule::taken,
    },
    &Check {
        name: "test-event",
        group: Group::Handshake,
        title: "the provider's test is taken",
        sends: "the event that this provider sends when a webhook is saved or tried out",
        expects: "2xx",
        why: "a webhook whose test fails is not saved",
        advice: "answer 200 to kinds that you do not use",
        page: Page::Provider,
        alone: false,
        plan: |setting| match setting.provider.confirm {
            Some(_) => Plan::skip("`subscription` does that"),
            None => events(setting),
        },
        judge: rule::taken,
    },
];

fn ask(setting: &Setting, handshake: Handshake, method: Method) -> Plan {
    if !setting.provider.conduct.handshake.contains(&handshake) {
        return Plan::skip(format!(
            "{} does not ask with {method}",
            setting.provider.title
        ));
    }
    Plan::each([Shot::ask(method)])
}

fn events(setting: &Setting) -> Plan {
    let shots: Vec<Shot> = setting
        .provider
        .conduct
        .handshake
        .iter()
        .zip(600..)
        .filter_map(|(handshake, number)| match handshake {
            Handshake::Event(name) => Some(Shot::event(name).numbered(number)),
            _ => None,
        })
        .collect();
    if shots.is_empty() {
        return Plan::skip(format!(
            "{} has no event for a test",
            setting.provider.title
        ));
    }
    Plan::each(shots)
}
