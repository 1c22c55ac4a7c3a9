//! Transport checks: TLS and HTTP.

use crate::checks::check::HTTP;
use crate::checks::{
    Check, CheckRequest, CheckStatus, CheckSteps, Context, Finding, Group, Observations, Page,
    expect,
};
use crate::webhook::Outcome;

pub(super) static CHECKS: &[&Check] = &[
    &Check {
        name: "https",
        group: Group::Transport,
        title: "a public handler must be reached over HTTPS",
        sends: "an event to the URL that was given",
        expects: "a response over HTTPS, unless the handler is on this machine or in a private network",
        why: "events contain personal data, and credentials in a URL or a header are sent with each of them",
        advice: "use TLS, and give the provider the `https://` URL",
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
        expects: "a certificate for this host name, from a CA that the system trusts, not expired",
        why: "providers verify certificates, and deliver nothing if one is invalid",
        advice: "renew it; send the intermediate certificates as well",
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
                    "not checked, because of `--insecure`",
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
        why: "providers do not follow redirects, or turn the POST into a GET without a body",
        advice: "give the provider the final URL: scheme, host, and trailing slash if there is one",
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
        expects: "200, if the provider documents no other success status",
        why: "a provider that accepts only 200 retries after a 201, 202 or 204",
        advice: "return 200",
        page: Page::Provider,
        alone: false,
        plan: |context| {
            if !context.provider.conduct.only_200 {
                return CheckSteps::skip(format!("{} accepts any 2xx", context.provider.title));
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
                    "{}; {} documents only 200 as success",
                    expect::answer(seen),
                    context.provider.title
                ),
                Some(0),
            )
        }
        _ => finding,
    }
}
