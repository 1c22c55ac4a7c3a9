//! The checks of `check`: tests of a handler. Pure: requests are a function of the context, findings a function of the
//! responses.
//!
//! A check is a value. It plans its steps, the `check` command runs them, and it grades the observations. To add a
//! check, add a value to the list of its group; help, `--list`, `--explain` and the tests take it from there.

mod batch;
mod check;
mod context;
mod expect;
pub mod mail;
mod prepared;
mod request;
mod step;

mod authentication;
mod handshake;
mod idempotency;
mod order;
mod resilience;
mod shape;
mod speed;
mod transport;

pub use check::{Check, CheckSteps, Finding, Group, Observation, Observations, Page};
pub use context::Context;
pub use prepared::PreparedRequest;
pub use request::{CheckRequest, Payload};
pub use step::Step;

use crate::webhook::{CheckStatus, nearest};

/// First check: a handler that rejects everything must pass nothing.
pub static FIRST: &Check = &authentication::VALID;

/// All checks, group by group.
pub fn all() -> impl Iterator<Item = &'static Check> {
    [
        authentication::CHECKS,
        idempotency::CHECKS,
        order::CHECKS,
        shape::CHECKS,
        resilience::CHECKS,
        handshake::CHECKS,
        speed::CHECKS,
        transport::CHECKS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Checks of events that handlers of inbound mail have to pass too.
const OF_MAIL_TOO: &[&str] = &[
    "valid",
    "wrong-secret",
    "changed-body",
    "reserialised",
    "missing-signature",
    "empty-signature",
    "missing-fields",
    "doubled-signature",
    "stale",
    "future",
    "foreign-topic",
    "foreign-certificate",
    "duplicate",
    "duplicate-at-once",
    "retried",
    "duplicate-later",
    "malformed",
    "empty-body",
    "other-json",
    "deep-json",
    "content-type",
    "large-body",
    "gzip",
    "acknowledged",
    "slow-client",
    "https",
    "certificate",
    "redirect",
    "status-200",
];

/// All checks of inbound mail (`--kind inbound`), group by group.
pub fn all_of_mail() -> impl Iterator<Item = &'static Check> {
    let is_shared = |check: &&'static Check| OF_MAIL_TOO.contains(&check.name);
    all()
        .filter(is_shared)
        .chain(mail::cases::CHECKS.iter().copied())
}

/// Finds a check by name.
pub fn find(name: &str) -> Option<&'static Check> {
    everything().find(|check| check.name == name)
}

/// All checks, of events and of inbound mail.
pub fn everything() -> impl Iterator<Item = &'static Check> {
    all().chain(mail::cases::CHECKS.iter().copied())
}

/// Known check or group closest to an unknown name.
pub fn guess(name: &str) -> Option<&'static str> {
    let groups = Group::ALL.into_iter().map(Group::name);
    nearest(name, everything().map(|check| check.name).chain(groups))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use super::{
        Check, CheckRequest, CheckSteps, Context, Finding, Group, Observation, Observations,
        Payload, Step, all,
    };
    use crate::providers;
    use crate::providers::{Keys, Provider};
    use crate::webhook::{CheckStatus, Delivery, Keyring, Outcome, Secret, Target, shell};

    fn context(provider: &'static Provider) -> Context {
        let secret = (provider.test_secret.is_empty() && !provider.schemes.is_empty())
            .then(|| (None, Secret::new("user:password")));
        let keys = Keys::new(&Keyring::new(secret.into_iter().collect()), Some(provider)).unwrap();
        Context {
            provider,
            key: keys.signing(provider).cloned(),
            own_key: false,
            secret: None,
            seed: 7,
            now: "2026-11-23T19:20:01.123Z".parse().unwrap(),
            target: Target::parse(":3000/hooks").unwrap(),
            public_url: None,
            headers: Vec::new(),
            topic: None,
            within: None,
            insecure: false,
            mail: None,
            probe: false,
        }
    }

    fn steps(check: &Check, context: &Context) -> Vec<Step> {
        match (check.plan)(context) {
            CheckSteps::Skip(why) => {
                assert!(!why.is_empty(), "{}", check.name);
                Vec::new()
            }
            CheckSteps::Run(steps) => {
                assert!(!steps.is_empty(), "{} runs nothing", check.name);
                steps
            }
        }
    }

    fn make(request: &CheckRequest, context: &Context) -> Delivery {
        request
            .make(context, context.now)
            .unwrap_or_else(|why| panic!("{}: {}: {why}", context.provider.name, request.what))
    }

    #[test]
    fn everything_can_be_sent_as_every_provider_and_is_the_same_every_time() {
        for provider in providers::ALL {
            let context = context(provider);
            let mut sent = 0;
            for check in all() {
                for step in steps(check, &context) {
                    let request = step.request().expect("nothing is counted without a probe");
                    let delivery = make(request, &context);
                    // Signing with RSA is slow.
                    if provider.name != "ses" {
                        assert_eq!(delivery, make(request, &context), "{}", check.name);
                    }
                    sent += 1;
                }
            }
            assert!(sent > 30, "{} is sent {sent} times", provider.name);
        }
    }

    /// Contexts of inbound mail: each provider in each mode.
    fn contexts_of_mail() -> Vec<Context> {
        let mut contexts = Vec::new();
        for provider in providers::ALL {
            let Some(inbound) = provider.inbound else {
                continue;
            };
            let modes = match inbound.modes {
                [] => &[""],
                modes => modes,
            };
            contexts.extend(modes.iter().map(|mode| Context {
                mail: Some(*mode),
                ..context(provider)
            }));
        }
        contexts
    }

    #[test]
    fn all_mail_can_be_sent_in_every_mode_and_has_numbers_of_its_own() {
        for context in contexts_of_mail() {
            let label = format!("{} {:?}", context.provider.name, context.mail);
            let mut taken: HashMap<u64, &str> = HashMap::new();
            // Signing with RSA is slow, and so is what is large.
            let is_slow = |check: &Check| check.name == "large-message";
            let is_signed_by_rsa = ["ses", "postal"].contains(&context.provider.name);
            let is_first = context.provider.inbound.and_then(|it| it.mode(None)) == context.mail;
            let checks = super::all_of_mail().filter(|check| !is_slow(check));
            for check in checks.filter(|_| is_first || !is_signed_by_rsa) {
                for step in steps(check, &context) {
                    let request = step.request().expect("it sends");
                    let made = request.make(&context, context.now);
                    // What a form cannot have is skipped, with its reason.
                    let is_tampered = request.tamper.is_some();
                    assert!(
                        made.is_ok() || is_tampered,
                        "{label} {}: {made:?}",
                        check.name
                    );
                    let other = *taken.entry(request.number).or_insert(check.name);
                    assert_eq!(other, check.name, "{label}");
                }
            }
            let receipts = super::mail::cases::CHECKS
                .iter()
                .filter(|check| !is_slow(check));
            for step in receipts.flat_map(|check| steps(check, &context)) {
                let request = step.request().expect("it sends");
                let delivery = make(request, &context);
                let receipt = providers::outline(&delivery, None);
                // A request can hold a message once for each recipient.
                let mails = receipt.mails.len();
                assert!((1..=2).contains(&mails), "{label}: {}", request.what);
            }
        }
    }

    #[test]
    fn a_large_message_is_as_large_as_the_provider_takes() {
        for (name, mode, least, most) in [
            ("mandrill", "", 10 << 20, 40 << 20),
            ("ses", "utf8", 130_000, 200_000),
        ] {
            let context = Context {
                mail: Some(mode),
                ..context(providers::find(name).unwrap())
            };
            let steps = steps(super::find("large-message").unwrap(), &context);
            let size = make(steps[0].request().unwrap(), &context).body.len();
            assert!((least..most).contains(&size), "{name}: {size}");
        }
    }

    #[test]
    fn two_checks_send_no_event_that_a_handler_could_take_for_the_same() {
        for provider in providers::ALL {
            let context = context(provider);
            let mut taken: HashMap<u64, &str> = HashMap::new();
            for check in all() {
                for step in steps(check, &context) {
                    let number = step.request().expect("it sends").number;
                    let other = *taken.entry(number).or_insert(check.name);
                    // Requests without a body have no ids.
                    let asks = matches!(
                        step.request().map(|request| &request.payload),
                        Some(Payload::Handshake(_))
                    );
                    assert!(
                        asks || other == check.name,
                        "{other} and {} send {number}",
                        check.name
                    );
                }
            }
        }
    }

    #[test]
    fn every_group_has_checks_and_every_check_says_what_there_is_to_say() {
        for group in Group::ALL {
            assert!(super::everything().any(|check| check.group == group));
        }
        for check in super::everything() {
            for text in [
                check.title,
                check.sends,
                check.expects,
                check.why,
                check.advice,
            ] {
                assert!(
                    !text.is_empty() && !text.ends_with('.'),
                    "{}: {text}",
                    check.name
                );
            }
        }
    }

    #[test]
    fn a_public_handler_is_to_be_reached_over_https() {
        let judged = |name: &str, target: &str, insecure: bool| {
            let mut context = context(providers::find("resend").unwrap());
            context.target = Target::parse(target).unwrap();
            context.insecure = insecure;
            let check = super::find(name).unwrap();
            let CheckSteps::Run(steps) = (check.plan)(&context) else {
                return CheckStatus::Skip;
            };
            let answers = steps.iter().map(|step| Observation {
                request: step.request().expect("it sends").clone(),
                step: 0,
                outcome: Outcome::Answered {
                    status: 200,
                    body: bytes::Bytes::new(),
                    retry_after: None,
                    location: None,
                    unexpected: None,
                },
                took: std::time::Duration::ZERO,
            });
            let answers = answers.collect();
            let counts = Vec::new();
            (check.judge)(&context, &Observations { answers, counts }).grade
        };
        for (name, target, insecure, grade) in [
            ("https", "http://127.0.0.1:3000", false, CheckStatus::Skip),
            (
                "https",
                "http://hooks.example.com",
                false,
                CheckStatus::Fail,
            ),
            (
                "https",
                "https://hooks.example.com",
                false,
                CheckStatus::Pass,
            ),
            (
                "certificate",
                "http://hooks.example.com",
                false,
                CheckStatus::Skip,
            ),
            (
                "certificate",
                "https://hooks.example.com",
                false,
                CheckStatus::Pass,
            ),
            (
                "certificate",
                "https://hooks.example.com",
                true,
                CheckStatus::Warn,
            ),
        ] {
            assert_eq!(judged(name, target, insecure), grade, "{name} {target}");
        }
    }

    /// Statuses of each check against handlers that answer everything alike: 500, 404, no response, 200, 302, 429.
    /// `P` passes, `W` warns, `F` fails, `U` is unknown, `S` is skipped; further columns are for other providers.
    const ALIKE: &[(&str, &[&str])] = &[
        ("valid", &["FFFPFF"]),
        ("wrong-secret", &["FPFFFF"]),
        ("changed-body", &["FPFFFF"]),
        ("reserialised", &["FPFFFF"]),
        // Where nothing is signed, nobody demands a refusal.
        ("missing-signature", &["FPFFFF", "FPFWFF"]),
        ("empty-signature", &["FPFFFF"]),
        ("missing-fields", &["FPFFFF"]),
        ("doubled-signature", &["FPFWFF"]),
        // Where no limit is documented, taking what is old is a warning.
        ("stale", &["FPFFFF", "FPFWFF"]),
        ("future", &["FPFFFF", "FPFWFF"]),
        ("foreign-topic", &["FPFFFF"]),
        ("foreign-certificate", &["FPFFFF"]),
        ("duplicate", &["FFFUFF"]),
        ("duplicate-at-once", &["FFFUFF"]),
        ("retried", &["FFFUFF"]),
        ("duplicate-later", &["FFFUFF"]),
        ("twins", &["FFFUFF"]),
        ("click-before-delivered", &["FFFPFF"]),
        ("complaint-after-unsubscribe", &["FFFPFF"]),
        ("old-event", &["FFFPFF"]),
        ("every-kind", &["FFFPFF"]),
        ("other-kinds", &["FWFPWW"]),
        ("unknown-kind", &["FFFPFF"]),
        ("unknown-fields", &["FFFPFF"]),
        ("odd-json", &["FFFPFF"]),
        ("batch", &["FFFPFF"]),
        ("batch-large", &["FFFPFF"]),
        ("batch-odd", &["FFFPFF"]),
        // One provider asks with an empty batch.
        ("batch-empty", &["FPFPSS", "FFFPFF"]),
        ("metadata", &["FFFPFF"]),
        ("machine", &["FFFPFF"]),
        ("non-ascii", &["FFFPFF"]),
        ("big-ids", &["FFFPFF"]),
        ("fractions", &["FFFPFF"]),
        ("malformed", &["FPFPSS"]),
        ("empty-body", &["FPFPSS"]),
        ("other-json", &["FPFPSS"]),
        ("deep-json", &["FPFPSS"]),
        ("content-type", &["FPFPSS"]),
        ("large-body", &["FPFPSS"]),
        ("gzip", &["FPFPSS"]),
        ("head", &["FFFPFF"]),
        ("get", &["FFFPFF"]),
        // Where there is another way, consent is no must.
        ("options", &["FFFPFF", "FWFPWW"]),
        // Not every webhook of the provider wants the code back.
        ("challenge", &["FFFFFF", "FFFWFF"]),
        ("subscription", &["FFFPFF"]),
        ("test-event", &["FFFPFF"]),
        ("acknowledged", &["FFFPFF"]),
        ("burst", &["FFFPFF"]),
        ("slow-client", &["FFFPFF"]),
        // Whatever is answered came over a trusted connection.
        ("https", &["PPFPPP"]),
        ("certificate", &["PPFPPP"]),
        ("redirect", &["FSFPFS"]),
        ("status-200", &["FFFPFF"]),
        ("charset", &["FFFPFF"]),
        ("no-text", &["FFFPFF"]),
        ("no-message-id", &["FFFPFF"]),
        ("recipients", &["FFFPFF"]),
        ("null-sender", &["FFFPFF"]),
        ("file-names", &["FFFPFF"]),
        ("attached-message", &["FFFPFF"]),
        ("broken-mime", &["FWFPWW"]),
        ("large-message", &["FFFPFF"]),
    ];

    fn grade(finding: &Finding) -> char {
        match finding.grade {
            CheckStatus::Pass => 'P',
            CheckStatus::Warn => 'W',
            CheckStatus::Fail => 'F',
            CheckStatus::Unknown => 'U',
            CheckStatus::Skip => 'S',
        }
    }

    /// Grade of a handler that answers all steps of a check alike.
    fn word(check: &Check, context: &Context, steps: &[Step], outcome: &Outcome) -> char {
        let answers = steps.iter().enumerate().map(|(step, it)| Observation {
            request: it.request().expect("it sends").clone(),
            step,
            outcome: outcome.clone(),
            took: std::time::Duration::ZERO,
        });
        let answers = answers.collect();
        let counts = Vec::new();
        let finding = (check.judge)(context, &Observations { answers, counts });
        assert!(!finding.said.is_empty(), "{}", check.name);
        grade(&finding)
    }

    #[test]
    fn no_check_passes_because_the_handler_answers_everything_alike() {
        let answered = |status: u16| Outcome::Answered {
            status,
            body: bytes::Bytes::new(),
            retry_after: None,
            location: None,
            unexpected: None,
        };
        let handlers = [
            answered(500),
            answered(404),
            Outcome::Unreachable("the connection closed before a response".into()),
            answered(200),
            answered(302),
            answered(429),
        ];
        let mut seen: HashMap<&str, BTreeSet<String>> = HashMap::new();
        for provider in providers::ALL.iter().chain(providers::SCHEMES) {
            let mut context = context(provider);
            context.target = Target::parse("https://hooks.example.com/hooks").unwrap();
            let has_events = !provider.events.is_empty();
            for check in all().filter(|it| has_events || it.group == Group::Handshake) {
                let steps = steps(check, &context);
                if steps.is_empty() {
                    continue;
                }
                let words = handlers
                    .iter()
                    .map(|it| word(check, &context, &steps, it))
                    .collect();
                seen.entry(check.name).or_default().insert(words);
            }
        }
        let context = Context {
            mail: Some("parsed"),
            ..context(providers::find("sendgrid").unwrap())
        };
        for check in super::mail::cases::CHECKS {
            let steps = steps(check, &context);
            let words = handlers
                .iter()
                .map(|it| word(check, &context, &steps, it))
                .collect();
            seen.entry(check.name).or_default().insert(words);
        }
        for check in super::everything() {
            let wanted = ALIKE.iter().find(|(name, _)| *name == check.name);
            let wanted = wanted.map(|(_, rows)| rows.iter().map(ToString::to_string).collect());
            assert_eq!(seen.get(check.name), wanted.as_ref(), "{}", check.name);
        }
    }

    #[test]
    fn a_crash_decides_whatever_came_before_it() {
        let context = context(providers::find("mailersend").unwrap());
        let statuses = |name: &str, statuses: &[u16]| {
            let check = super::find(name).unwrap();
            let answers = statuses.iter().map(|status| Observation {
                request: CheckRequest::event(context.event()),
                step: 0,
                outcome: Outcome::Answered {
                    status: *status,
                    body: bytes::Bytes::new(),
                    retry_after: None,
                    location: None,
                    unexpected: None,
                },
                took: std::time::Duration::ZERO,
            });
            let answers = answers.collect();
            let counts = Vec::new();
            let finding = (check.judge)(&context, &Observations { answers, counts });
            (finding.grade, finding.at)
        };
        use CheckStatus::{Fail, Pass, Skip, Warn};
        for (name, answers, found) in [
            ("doubled-signature", &[200, 401][..], (Warn, Some(0))),
            ("doubled-signature", &[200, 500], (Fail, Some(1))),
            ("other-kinds", &[404, 200, 503], (Fail, Some(2))),
            ("other-kinds", &[404, 200], (Warn, Some(0))),
            ("every-kind", &[422, 200, 500], (Fail, Some(2))),
            ("malformed", &[400, 429, 500], (Fail, Some(2))),
            ("malformed", &[400, 429], (Skip, Some(1))),
            ("malformed", &[400, 413], (Pass, None)),
            ("malformed", &[], (Skip, None)),
        ] {
            assert_eq!(statuses(name, answers), found, "{name} {answers:?}");
        }
    }

    #[test]
    fn a_command_line_is_one_that_a_shell_reads_as_it_was_meant() {
        let context = context(providers::find("sendgrid").unwrap());
        let request = CheckRequest::event("click").set("/it's", "two words");
        assert!(
            request
                .line(&context)
                .ends_with("--set '/it'\\''s=two words'"),
            "{}",
            request.line(&context)
        );
        assert_eq!(shell::word("a b"), "'a b'");
    }
}
