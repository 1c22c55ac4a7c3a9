//! Transport checks: TLS and HTTP.

use crate::checks::check::HTTP;
use crate::checks::{
    Check, CheckRequest, CheckStatus, CheckSteps, Context, Finding, Group, Observations, Page,
    expect,
};
use crate::webhook::Outcome;

pub static CHECKS: &[&Check] = &[
    &Check {
        name: "https",
        group: Group::Transport,
        title: "a public handler must be reached over HTTPS",
        sends: "an event to the URL that was given",
        expects: "an answer over HTTPS, where the handler is neither on this machine nor in a private network",
        why: "events name people and what they read, and credentials in a URL or a header travel with each of them",
        advice: "put the handler behind TLS, and give the provider the `https://` URL",
        page: Page::Provider,
        alone: true,
        plan: |context| {
            if context.target.is_private() {
                return CheckSteps::skip("it is on this machine or in a private network");
            }
            CheckSteps::each([CheckRequest::event(context.event()).numbered(801)])
        },
        judge: |context, observations| {
            if !context.target.tls {
                return Finding::new(
                    CheckStatus::Fail,
                    "reached over HTTP, in clear text",
                    Some(0),
                );
            }
            answered(observations)
        },
    },
    &Check {
        name: "certificate",
        group: Group::Transport,
        title: "its certificate must be trusted",
        sends: "an event over HTTPS",
        expects: "a certificate for that name, from an authority that the system trusts, not expired",
        why: "providers check certificates, and deliver nothing where one does not hold",
        advice: "renew it; send the intermediate certificates along",
        page: Page::Provider,
        alone: true,
        plan: |context| {
            if !context.target.tls {
                return CheckSteps::skip("it is not reached over HTTPS");
            }
            CheckSteps::each([CheckRequest::event(context.event()).numbered(802)])
        },
        judge: |context, observations| {
            if context.insecure {
                return Finding::new(
                    CheckStatus::Warn,
                    "not looked at, because of `--insecure`",
                    Some(0),
                );
            }
            answered(observations)
        },
    },
    &Check {
        name: "redirect",
        group: Group::Transport,
        title: "the URL must not be redirected",
        sends: "an event to the URL that was given",
        expects: "no 3xx",
        why: "providers follow no redirects, or make a GET without a body of the POST",
        advice: "give the provider the final URL: scheme, host, and the slash at its end if there is one",
        page: HTTP,
        alone: true,
        plan: |context| CheckSteps::each([CheckRequest::event(context.event()).numbered(803)]),
        judge: |_, observations| match observations.answers.first() {
            Some(seen) if expect::is_taken(seen) => Finding::pass(expect::answer(seen)),
            // What is refused or asked to wait may be redirected as soon as it is not.
            Some(seen) if matches!(seen.outcome.status(), Some(400..=499)) => {
                Finding::new(CheckStatus::Skip, expect::says_nothing(seen), Some(0))
            }
            Some(seen) => Finding::new(CheckStatus::Fail, expect::answer(seen), Some(0)),
            None => Finding::new(CheckStatus::Skip, "nothing was sent", None),
        },
    },
    &Check {
        name: "status-200",
        group: Group::Transport,
        title: "an event must be acknowledged with the provider's status",
        sends: "an event",
        expects: "200, where the provider's pages name no other success",
        why: "a provider that counts 200 alone sends again what was answered 201, 202 or 204",
        advice: "answer 200",
        page: Page::Provider,
        alone: false,
        plan: |context| {
            if !context.provider.conduct.only_200 {
                return CheckSteps::skip(format!("{} takes any 2xx", context.provider.title));
            }
            CheckSteps::each([CheckRequest::event(context.event()).numbered(804)])
        },
        judge: only_200,
    },
];

/// Any answer at all came over a connection that was made and trusted.
fn answered(observations: &Observations) -> Finding {
    match observations.answers.first() {
        Some(seen) if matches!(seen.outcome, Outcome::Answered { .. }) => {
            Finding::pass(expect::answer(seen))
        }
        Some(seen) => Finding::new(CheckStatus::Fail, expect::answer(seen), Some(0)),
        None => Finding::new(CheckStatus::Skip, "nothing was sent", None),
    }
}

fn only_200(context: &Context, observations: &Observations) -> Finding {
    let finding = expect::taken(context, observations);
    match observations.answers.first() {
        Some(seen) if finding.grade == CheckStatus::Pass && seen.outcome.status() != Some(200) => {
            Finding::new(
                CheckStatus::Warn,
                format!(
                    "{}; the pages of {} name 200 alone as success",
                    expect::answer(seen),
                    context.provider.title
                ),
                Some(0),
            )
        }
        _ => finding,
    }
}
