//! Authentication checks: valid deliveries are accepted, all nearly valid ones are rejected with 4xx.

use crate::checks::check::{HTTP, STANDARD};
use crate::checks::{
    Check, CheckRequest, CheckStatus, CheckSteps, Context, Finding, Group, Observations, Page,
    expect,
};
use crate::providers;
use crate::webhook::{Location, Part, Tamper, TimestampFormat};

pub(super) static CHECKS: &[&Check] = &[
    &VALID,
    &Check {
        name: "wrong-secret",
        group: Group::Authentication,
        title: "a signature made with another secret must be rejected",
        sends: "a valid event, signed with another secret; if you gave a secret, also one signed with the public test \
                key of this tool",
        expects: "4xx",
        why: "anyone who finds the URL could send events in the provider's name",
        advice: "compute the signature and compare it in constant time, before using the body",
        page: Page::Provider,
        alone: false,
        plan: wrong_secret,
        judge: expect::refused,
    },
    &Check {
        name: "changed-body",
        group: Group::Authentication,
        title: "a body that was changed after it was signed must be rejected",
        sends: "an event whose recipient was changed after it was signed",
        expects: "4xx",
        why: "a signature protects nothing if it is verified against other bytes than the body that is used",
        advice: "compute the signature over exactly the bytes that you use afterwards",
        page: Page::Provider,
        alone: false,
        plan: changed_body,
        judge: expect::refused,
    },
    &Check {
        name: "reserialised",
        group: Group::Authentication,
        title: "the raw bytes must be verified, not a re-serialised body",
        sends: "an event whose signature was made over the same JSON in other bytes",
        expects: "4xx",
        why: "a verifier that re-serialises the JSON rejects real events as soon as the provider writes a number, a \
              space or an escape differently",
        advice: "keep the raw body (`express.raw`, `request.get_data()`, `await request.body()`) and verify it before \
                 any JSON parser runs",
        page: STANDARD,
        alone: false,
        plan: reserialised,
        judge: expect::refused,
    },
    &Check {
        name: "missing-signature",
        group: Group::Authentication,
        title: "an event without a signature must be rejected",
        sends: "an event without a signature, or without the credentials that the handler requires",
        expects: "4xx",
        why: "anyone who finds the URL could send events in the provider's name",
        advice: "reject every request without a signature with 401, in production and in development; if the provider \
                 signs nothing, put credentials or a long secret into the URL and require them",
        page: Page::Provider,
        alone: false,
        plan: missing_signature,
        judge: missing_judged,
    },
    &Check {
        name: "empty-signature",
        group: Group::Authentication,
        title: "an empty signature must be rejected",
        sends: "an event whose signature header is empty",
        expects: "4xx",
        why: "if only the bytes that the sender gave are compared, an empty signature is always valid; a widely used \
              library once had this fault (RUSTSEC-2024-0010)",
        advice: "compare the length first, or use a comparison that does, such as `crypto.timingSafeEqual` or \
                 `hmac.compare_digest`, on the whole signature",
        page: Page::At("https://rustsec.org/advisories/RUSTSEC-2024-0010.html"),
        alone: false,
        plan: |context| near_miss(context, "empty", "with an empty signature"),
        judge: expect::refused,
    },
    &Check {
        name: "missing-fields",
        group: Group::Authentication,
        title: "an event without its timestamp or its id must be rejected",
        sends: "an event without the signed timestamp, and one without the id that is signed",
        expects: "4xx",
        why: "a crash on a missing header is a 500 that anyone can cause, and a check that is left out when its header \
              is missing protects nothing",
        advice: "require each signed header, and return 400 if one is missing",
        page: STANDARD,
        alone: false,
        plan: missing_fields,
        judge: expect::refused,
    },
    &Check {
        name: "doubled-signature",
        group: Group::Authentication,
        title: "two signatures in two headers must be rejected",
        sends: "an event with a valid signature and a forged one, in two headers of the same name, in both orders",
        expects: "4xx, rather than accepting either",
        why: "a proxy and a handler that choose different values of a repeated header do not verify the same thing",
        advice: "reject a request whose signature header occurs more than once",
        page: Page::At("https://www.rfc-editor.org/rfc/rfc9110.html#section-5.3"),
        alone: false,
        plan: doubled,
        judge: expect::better_refused,
    },
    &Check {
        name: "stale",
        group: Group::Authentication,
        title: "an old signature must be rejected",
        sends: "an event with a valid signature that is an hour old or more",
        expects: "4xx",
        why: "anyone who once saw a delivery could send it again at any time",
        advice: "reject signatures that are more than a few minutes old; check the age of the signature, not that of \
                 the event",
        page: STANDARD,
        alone: false,
        plan: |context| timed(context, "stale", "signed long ago"),
        judge: aged,
    },
    &Check {
        name: "future",
        group: Group::Authentication,
        title: "a signature from the future must be rejected",
        sends: "an event with a valid signature whose timestamp is in the future",
        expects: "4xx",
        why: "a signature with a future timestamp stays valid for as long as its sender likes",
        advice: "compare the absolute difference between the signed time and your clock",
        page: STANDARD,
        alone: false,
        plan: future,
        judge: aged,
    },
    &Check {
        name: "foreign-topic",
        group: Group::Authentication,
        title: "a message from another account's topic must be rejected",
        sends: "an SNS message with a valid signature, from a topic of another account",
        expects: "4xx",
        why: "any AWS customer can subscribe your URL to a topic, and AWS signs its messages",
        advice: "compare `TopicArn` with your own topics, after verifying the signature",
        page: Page::At(
            "https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html",
        ),
        alone: false,
        plan: |context| sns(context, "topic", "from another account's topic"),
        judge: expect::refused,
    },
    &Check {
        name: "foreign-certificate",
        group: Group::Authentication,
        title: "a certificate from another host must be rejected",
        sends: "an SNS message whose `SigningCertURL` only looks like an address of SNS",
        expects: "4xx",
        why: "a sender that chooses the certificate can sign anything, and a sender that chooses a URL makes your \
              server fetch it",
        advice: "allow only `https://sns.<region>.amazonaws.com/` for `SigningCertURL`, compared as a parsed host, \
                 before fetching anything",
        page: Page::At(
            "https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html",
        ),
        alone: false,
        plan: |context| {
            sns(
                context,
                "certificate",
                "with a certificate from another host",
            )
        },
        judge: expect::refused,
    },
];

/// Valid delivery; without it, the other checks prove nothing.
pub(super) static VALID: Check = Check {
    name: "valid",
    group: Group::Authentication,
    title: "a valid event must be accepted",
    sends: "an event as the provider sends it, signed with the secret that was given",
    expects: "2xx",
    why: "rejected events are retried for hours or days, and then lost",
    advice: "look at the handler's response; give `check` the secret that the handler uses (`--secret`), or use the \
             public test key in the handler (`webhook-cli keys`); if the URL is signed, give it with `--public-url`",
    page: HTTP,
    alone: true,
    plan: |context| CheckSteps::each([CheckRequest::event(context.event())]),
    judge: expect::taken,
};

fn unsigned(context: &Context) -> String {
    format!("{} signs nothing", context.provider.title)
}

fn near_miss(context: &Context, tamper: &'static str, what: &str) -> CheckSteps {
    if context.scheme().is_none() {
        return CheckSteps::skip(unsigned(context));
    }
    CheckSteps::each([request(context, tamper, what)])
}

/// Tampered request, with ids of its own.
fn request(context: &Context, tamper: &'static str, what: &str) -> CheckRequest {
    let event = context.event();
    let known = Tamper::all().zip(100..);
    let number = known
        .filter(|(it, _)| it.name == tamper)
        .map(|(_, number)| number)
        .next();
    CheckRequest::event(event)
        .labelled(format!("{} {what}", context.noun()))
        .tampered(tamper)
        .numbered(number.unwrap_or_default())
}

fn wrong_secret(context: &Context) -> CheckSteps {
    if context.key.is_none() {
        return CheckSteps::skip(no_credentials(context));
    }
    let mut shots = vec![if context.has_credentials() {
        request(context, "wrong-secret", "with other credentials")
    } else {
        request(context, "wrong-secret", "signed with another secret")
    }];
    if context.own_key && context.scheme().is_some() {
        let event = context.event();
        let mut request = CheckRequest::event(event)
            .labelled(format!(
                "{} signed with the public test key",
                context.noun()
            ))
            .numbered(150);
        request.by_test_key = true;
        shots.push(request);
    }
    CheckSteps::each(shots)
}

fn changed_body(context: &Context) -> CheckSteps {
    match context.scheme() {
        None => CheckSteps::skip(unsigned(context)),
        Some(scheme) if !context.covers_body() => CheckSteps::skip(format!(
            "the signature of {} does not cover the body",
            scheme.name
        )),
        Some(_) => CheckSteps::each([request(context, "body", "changed after it was signed")]),
    }
}

fn reserialised(context: &Context) -> CheckSteps {
    let Some(scheme) = context.scheme() else {
        return CheckSteps::skip(unsigned(context));
    };
    let raw = scheme.signed.iter().any(|part| matches!(part, Part::Body));
    if !raw || context.is_form() {
        return CheckSteps::skip(format!("{} does not sign raw JSON", context.provider.title));
    }
    CheckSteps::each([request(
        context,
        "reserialised",
        "signed over the same JSON in other bytes",
    )])
}

fn missing_signature(context: &Context) -> CheckSteps {
    match (context.scheme(), &context.key) {
        (Some(_), _) => CheckSteps::each([request(context, "missing", "without a signature")]),
        (None, Some(_)) => CheckSteps::each([request(context, "missing", "without credentials")]),
        (None, None) => CheckSteps::each([request(context, "missing", "from anybody")]),
    }
}

fn missing_judged(context: &Context, observations: &Observations) -> Finding {
    if context.key.is_some() {
        return expect::refused(context, observations);
    }
    // Without a secret, the handler may not know what to verify.
    let mut finding = expect::better_refused(context, observations);
    if finding.grade == CheckStatus::Warn {
        finding.said += &format!(
            ", and {} signs nothing: anyone can post here; `--secret user:password` checks credentials",
            context.provider.title
        );
    }
    finding
}

fn missing_fields(context: &Context) -> CheckSteps {
    let Some(scheme) = context.scheme() else {
        return CheckSteps::skip(unsigned(context));
    };
    let mut shots = Vec::new();
    let own = |place: &Location| {
        // An item is in the same header as the signature.
        !matches!(place, Location::Item(..))
    };
    if scheme.signed_time().is_some_and(|(place, _)| own(&place)) {
        shots.push(request(
            context,
            "no-timestamp",
            "without the signed timestamp",
        ));
    }
    if scheme.id.as_ref().is_some_and(own) {
        shots.push(request(context, "no-id", "without its id"));
    }
    if shots.is_empty() {
        return CheckSteps::skip(format!(
            "{} signs neither a timestamp nor an id",
            context.provider.title
        ));
    }
    CheckSteps::each(shots)
}

fn doubled(context: &Context) -> CheckSteps {
    match context.scheme().map(|scheme| scheme.signature) {
        Some(Location::Header(_)) => CheckSteps::each([
            request(
                context,
                "doubled",
                "with a forged signature after the valid one",
            ),
            request(
                context,
                "doubled-last",
                "with a forged signature before the valid one",
            ),
        ]),
        Some(_) => CheckSteps::skip(format!(
            "the signature of {} is in no header",
            context.provider.title
        )),
        None => CheckSteps::skip(unsigned(context)),
    }
}

fn timed(context: &Context, tamper: &'static str, what: &str) -> CheckSteps {
    match context.scheme() {
        Some(scheme) if scheme.signed_time().is_some() => {
            CheckSteps::each([request(context, tamper, what)])
        }
        Some(_) => CheckSteps::skip(format!("{} signs no timestamp", context.provider.title)),
        None => CheckSteps::skip(unsigned(context)),
    }
}

fn future(context: &Context) -> CheckSteps {
    if context
        .scheme()
        .and_then(|scheme| scheme.signed_time())
        .is_some_and(|(_, form)| matches!(form, TimestampFormat::AgeOnly(_)))
    {
        return CheckSteps::skip(format!(
            "{} checks only the age: a future timestamp is accepted",
            context.provider.title
        ));
    }
    timed(context, "future", "signed in the future")
}

/// Requires that old signatures are rejected if the provider's page or library does so; otherwise only warns.
fn aged(context: &Context, observations: &Observations) -> Finding {
    if context.provider.conduct.judges_age {
        return expect::refused(context, observations);
    }
    let mut finding = expect::better_refused(context, observations);
    if finding.grade == CheckStatus::Warn {
        finding.said += &format!("; {} documents no limit", context.provider.title);
    }
    finding
}

fn no_credentials(context: &Context) -> String {
    format!(
        "{} signs nothing, and no credentials were given",
        context.provider.title
    )
}

fn sns(context: &Context, tamper: &'static str, what: &str) -> CheckSteps {
    if providers::certificate_path(context.provider).is_none() {
        return CheckSteps::skip(format!("{} does not use SNS", context.provider.title));
    }
    CheckSteps::each([request(context, tamper, what)])
}
