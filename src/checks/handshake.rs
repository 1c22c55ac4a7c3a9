//! Handshake checks: requests with which a provider validates a URL.

use http::Method;

use crate::checks::{
    Check, CheckRequest, CheckSteps, Context, Finding, Group, Observations, Page, expect,
};
use crate::providers::{Challenged, Handshake};
use crate::webhook::{CheckStatus, Outcome};

pub static CHECKS: &[&Check] = &[
    &Check {
        name: "head",
        group: Group::Handshake,
        title: "a HEAD must be answered with 2xx",
        sends: "HEAD, without a body and without a signature",
        expects: "2xx",
        why: "Mandrill asks with HEAD when a webhook is added or edited, and refuses a URL that does not answer 200",
        advice: "answer HEAD with 200 and an empty body, without looking for a signature",
        page: Page::Provider,
        alone: true,
        plan: |context| ask(context, Handshake::Head, Method::HEAD),
        judge: expect::taken,
    },
    &Check {
        name: "get",
        group: Group::Handshake,
        title: "a GET must be answered with 2xx",
        sends: "GET, without a body and without a signature",
        expects: "2xx",
        why: "this provider visits the URL when it is saved, and refuses one that answers 404 or 405",
        advice: "answer GET with 200, without looking for a signature",
        page: Page::Provider,
        alone: true,
        plan: |context| ask(context, Handshake::Get, Method::GET),
        judge: expect::taken,
    },
    &Check {
        name: "options",
        group: Group::Handshake,
        title: "an OPTIONS must be answered with consent",
        sends: "OPTIONS with `WebHook-Request-Origin`",
        expects: "2xx",
        why: "who sends CloudEvents asks for consent first, so that nobody can be flooded",
        advice: "answer 200 with `WebHook-Allowed-Origin` and `Allow: POST`",
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
        sends: "the event with a code by which this provider validates a URL",
        expects: "200 with a JSON object that gives the code back; 202 does not do",
        why: "nothing is sent to a URL that is not validated, unless somebody visits a link by hand within minutes",
        advice: "look for that event first, and answer its code: `{\"validationResponse\":\"…\"}` for Azure Event Grid",
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
        sends: "an SNS `SubscriptionConfirmation` and the messages that follow it, rightly signed",
        expects: "2xx for each",
        why: "nothing else is sent until the subscription is confirmed, and what follows it is no event of a message",
        advice: "look at `Type` first; visit `SubscribeURL` only when its host is one of SNS's own; answer 200",
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
        sends: "the event that this provider sends when a webhook is saved or tried out",
        expects: "2xx",
        why: "a webhook whose test fails is not saved",
        advice: "answer 200 to kinds that you do not use",
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
        return CheckSteps::skip(format!(
            "{} does not ask with {method}",
            context.provider.title
        ));
    }
    CheckSteps::each([CheckRequest::handshake(method)])
}

fn challenge(context: &Context) -> CheckSteps {
    match context.provider.conduct.challenge() {
        Some(challenge) => CheckSteps::each([CheckRequest::event(challenge.event).numbered(610)]),
        None => CheckSteps::skip(format!(
            "{} sends no code that must come back",
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
                "{} without the code, which some webhooks of {} must give back",
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
        return CheckSteps::skip(format!(
            "{} has no event for a test",
            context.provider.title
        ));
    }
    CheckSteps::each(shots)
}
