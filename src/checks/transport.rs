//! The way there.

use crate::checks::check::HTTP;
use crate::checks::{Check, Finding, Grade, Group, Page, Plan, Setting, Shot, Sights, expect};
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
        plan: |setting| {
            if setting.target.is_private() {
                return Plan::skip("it is on this machine or in a private network");
            }
            Plan::each([Shot::event(setting.event()).numbered(801)])
        },
        judge: |setting, sights| {
            if !setting.target.tls {
                return Finding::new(Grade::Fail, "reached over HTTP, in clear text", Some(0));
            }
            answered(sights)
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
        plan: |setting| {
            if !setting.target.tls {
                return Plan::skip("it is not reached over HTTPS");
            }
            Plan::each([Shot::event(setting.event()).numbered(802)])
        },
        judge: |setting, sights| {
            if setting.insecure {
                return Finding::new(
                    Grade::Warn,
                    "not looked at, because of `--insecure`",
                    Some(0),
                );
            }
            answered(sights)
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
        plan: |setting| Plan::each([Shot::event(setting.event()).numbered(803)]),
        judge: |_, sights| match sights.answers.first() {
            Some(seen) if matches!(seen.outcome.status(), Some(300..=399)) => {
                Finding::new(Grade::Fail, expect::answer(seen), Some(0))
            }
            _ => answered(sights),
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
        plan: |setting| {
            if !setting.provider.conduct.only_200 {
                return Plan::skip(format!("{} takes any 2xx", setting.provider.title));
            }
            Plan::each([Shot::event(setting.event()).numbered(804)])
        },
        judge: only_200,
    },
];

fn answered(sights: &Sights) -> Finding {
    match sights.answers.first() {
        Some(seen) if matches!(seen.outcome, Outcome::Answered { .. }) => {
            Finding::pass(expect::answer(seen))
        }
        Some(seen) => Finding::new(Grade::Fail, expect::answer(seen), Some(0)),
        None => Finding::new(Grade::Skip, "nothing was sent", None),
    }
}

fn only_200(setting: &Setting, sights: &Sights) -> Finding {
    let finding = expect::taken(setting, sights);
    match sights.answers.first() {
        Some(seen) if finding.grade == Grade::Pass && seen.outcome.status() != Some(200) => {
            Finding::new(
                Grade::Warn,
                format!(
                    "{}; the pages of {} name 200 alone as success",
                    expect::answer(seen),
                    setting.provider.title
                ),
                Some(0),
            )
        }
        _ => finding,
    }
}
