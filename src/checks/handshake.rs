//! Handshake checks: requests with which a provider validates a URL.

use http::Method;

use crate::checks::{
    Check, CheckRequest, CheckSteps, Context, Finding, Group, Observations, Page, expect,
};
use crate::providers::{Challenged, Handshake};
use crate::webhook::{CheckStatus, Outcome};

pub(super) static CHECKS: &[&Check] = &[
    &Check {
        name: "head",
        group: Group::Handshake,
        title: "the response to a HEAD must be 2xx",
        sends: "HEAD, without a body and without a signature",
        expects: "2xx",
        why: "Mandrill sends a HEAD when a webhook is added or edited, and rejects a URL that does not return 200",
        advice: "return 200 with an empty body for a HEAD, without requiring a signature",
        page: Page::Provider,
        alone: true,
        plan: |context| ask(context, Handshake::Head, Method::HEAD),
        judge: expect::taken,
    },
    &Check {
        name: "get",
        group: Group::Handshake,
        title: "the response to a GET must be 2xx",
        sends: "GET, without a body and without a signature",
        expects: "2xx",
        why: "this provider sends a GET to the URL when it is saved, and rejects one that returns 404 or 405",
        advice: "return 200 for a GET, without requiring a signature",
        page: Page::Provider,
        alone: true,
        plan: |context| ask(context, Handshake::Get, Method::GET),
        judge: expect::taken,
    },
    &Check {
        name: "options",
        group: Group::Handshake,
        title: "the response to an OPTIONS must allow the sender",
        sends: "OPTIONS with `WebHook-Request-Origin`",
        expects: "2xx",
        why: "a sender of CloudEvents asks for permission first, so that no server is flooded",
        advice: "return 200 with `WebHook-Allowed-Origin` and `Allow: POST`",
        page: Page::At("https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md"),
        alone: true,
        plan: |context| ask(context, Handshake::Options, Method::OPTIONS),
        judge: |context, observations| {
            // If there is another handshake, the handler may support that one.
            match context.provider.conduct.challenge() {
                Some(_) => expect::better_taken(context, observations),
                None => expect::taken(context, observations),
            }
        },
    },
    &Check {
        name: "challenge",
        group: Group::Handshake,
        title: "a code must come back as it was sent",
        sends: "the event with the code by which this provider validates a URL",
        expects: "200 with a JSON object that contains the code; 202 is not accepted",
        why: "nothing is sent to a URL that is not validated, unless a link is visited by hand within minutes",
        advice: "handle that event first, and return its code: `{\"validationResponse\":\"…\"}` for Azure Event Grid",
        page: Page::At(
            "https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema",
        ),
        alone: false,
        plan: challenge,
        judge: gives_the_code_back,
    },
    &Check {
        name: "subscription",
        group: Group::Handshake,
        title: "the messages that set up a subscription must be accepted",
        sends: "an SNS `SubscriptionConfirmation` and the messages that follow it, with valid signatures",
        expects: "2xx for each",
        why: "nothing else is sent until the subscription is confirmed, and the messages after it are not events",
        advice: "check `Type` first; visit `SubscribeURL` only if its host belongs to SNS; return 200",
        page: Page::At("https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html"),
        alone: false,
        plan: |context| match context.provider.confirm {
            Some(_) => events(context),
            None => CheckSteps::skip(format!(
                "{} asks for no confirmation",
                context.provider.title
            )),
        },
        judge: expect::taken,
    },
    &Check {
        name: "test-event",
        group: Group::Handshake,
        title: "the provider's test must be accepted",
        sends: "the test event that this provider sends when a webhook is saved or tested",
        expects: "2xx",
        why: "a webhook whose test fails is not saved",
        advice: "return 200 for kinds that you do not use",
        page: Page::Provider,
        alone: false,
        plan: |context| match context.provider.confirm {
            Some(_) => CheckSteps::skip("`subscription` does that"),
            None => events(context),
        },
        judge: expect::taken,
    },
];

fn ask(context: &Context, handshake: Handshake, method: Method) -> CheckSteps {
    if !context.provider.conduct.handshake.contains(&handshake) {
        return CheckSteps::skip(format!("{} does not send {method}", context.provider.title));
    }
    CheckSteps::each([CheckRequest::handshake(method)])
}

fn challenge(context: &Context) -> CheckSteps {
    match context.provider.conduct.challenge() {
        Some(challenge) => CheckSteps::each([CheckRequest::event(challenge.event).numbered(610)]),
        None => CheckSteps::skip(format!(
            "{} sends no validation code",
            context.provider.title
        )),
    }
}

fn gives_the_code_back(context: &Context, observations: &Observations) -> Finding {
    for (at, seen) in observations.answers.iter().enumerate() {
        let sent = seen.request.bare(context);
        let code = sent.and_then(|sent| Challenged::of(context.provider, &sent));
        let optional = code.as_ref().filter(|code| code.member.is_none());
        let missing = optional.filter(|code| !gives_back(&seen.outcome, &code.code));
        let missing = missing.is_some();
        let wrong = match code {
            Some(code) if seen.outcome.status().is_some() => {
                code.expected().judge(&seen.outcome, seen.took)
            }
            _ => (!expect::is_taken(seen)).then(|| expect::answer(seen)),
        };
        if let Some(wrong) = wrong {
            return Finding::new(CheckStatus::Fail, wrong, Some(at));
        }
        if missing {
            let said = format!(
                "{} without the code, which some webhooks of {} must return",
                expect::answer(seen),
                context.provider.title
            );
            return Finding::new(CheckStatus::Warn, said, Some(at));
        }
    }
    Finding::pass(expect::statuses(observations))
}

fn gives_back(outcome: &Outcome, code: &str) -> bool {
    let Outcome::Answered { body, .. } = outcome else {
        return false;
    };
    let body = String::from_utf8_lossy(body);
    body.contains(code)
}

fn events(context: &Context) -> CheckSteps {
    let shots: Vec<CheckRequest> = context
        .provider
        .conduct
        .handshake
        .iter()
        .zip(600..)
        .filter_map(|(handshake, number)| match handshake {
            Handshake::Event(name) => Some(CheckRequest::event(name).numbered(number)),
            _ => None,
        })
        .collect();
    if shots.is_empty() {
        return CheckSteps::skip(format!("{} has no test event", context.provider.title));
    }
    CheckSteps::each(shots)
}
