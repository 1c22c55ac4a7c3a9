//! Authentication checks: valid deliveries are accepted, all nearly valid ones are rejected with 4xx.

use crate::checks::check::{HTTP, STANDARD};
use crate::checks::{
    Check, CheckRequest, CheckStatus, CheckSteps, Context, Finding, Group, Observations, Page,
    expect,
};
use crate::providers;
use crate::webhook::{Location, Part, Tamper, TimestampFormat};

pub static CHECKS: &[&Check] = &[
    &VALID,
    &Check {
        name: "wrong-secret",
        group: Group::Authentication,
        title: "a signature made with another secret must be rejected",
        sends: "an event that is right in everything, signed with another secret; where you gave a secret of your own, \
                also one signed with the public test key of this tool",
        expects: "4xx",
        why: "whoever finds the URL could tell your handler anything in the provider's name",
        advice: "compare the signature with the one that you compute, in constant time, before anything else is done with \
                 the body",
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
        why: "a signature that is checked against something else than this body protects nothing",
        advice: "compute the signature over the very bytes of the body that you go on to use",
        page: Page::Provider,
        alone: false,
        plan: changed_body,
        judge: expect::refused,
    },
    &Check {
        name: "reserialised",
        group: Group::Authentication,
        title: "the raw bytes must be verified, not a re-serialised body",
        sends: "an event whose signature belongs to the same JSON in another text",
        expects: "4xx",
        why: "a verifier that prints the JSON again refuses real events as soon as the provider writes a number, a space or \
              an escape in another way",
        advice: "keep the raw body (`express.raw`, `request.get_data()`, `await request.body()`) and verify that, before any \
                 JSON parser sees it",
        page: STANDARD,
        alone: false,
        plan: reserialised,
        judge: expect::refused,
    },
    &Check {
        name: "missing-signature",
        group: Group::Authentication,
        title: "an event without a signature must be rejected",
        sends: "an event with no signature, or without the credentials that the handler demands",
        expects: "4xx",
        why: "whoever finds the URL could tell your handler anything in the provider's name",
        advice: "refuse with 401 whatever has no signature, in production and in development; where the provider signs \
                 nothing, put credentials or a long secret into the URL and demand them",
        page: Page::Provider,
        alone: false,
        plan: missing_signature,
        judge: missing_judged,
    },
    &Check {
        name: "empty-signature",
        group: Group::Authentication,
        title: "an empty signature must be rejected",
        sends: "an event whose signature is there and empty",
        expects: "4xx",
        why: "comparing only as many bytes as the sender gave makes an empty signature fit everything, as it once did in a \
              library that many use (RUSTSEC-2024-0010)",
        advice: "compare the length first, or use a comparison that does, such as `crypto.timingSafeEqual` or \
                 `hmac.compare_digest`, on the whole",
        page: Page::At("https://rustsec.org/advisories/RUSTSEC-2024-0010.html"),
        alone: false,
        plan: |context| near_miss(context, "empty", "with an empty signature"),
        judge: expect::refused,
    },
    &Check {
        name: "missing-fields",
        group: Group::Authentication,
        title: "an event without its timestamp or its id must be rejected",
        sends: "an event without the time of signing, and one without the id that is signed",
        expects: "4xx",
        why: "a crash on a missing header is a 500 that strangers can cause, and a check that is left out where its header \
              is missing is no check",
        advice: "treat each header that is signed as required, and answer 400 where one is missing",
        page: STANDARD,
        alone: false,
        plan: missing_fields,
        judge: expect::refused,
    },
    &Check {
        name: "doubled-signature",
        group: Group::Authentication,
        title: "two signatures in two headers must be rejected",
        sends: "an event with the right signature and a forged one, in two headers of the same name, in both orders",
        expects: "4xx, better than to take either",
        why: "a proxy and a handler that choose differently between two values of one header do not verify the same thing",
        advice: "refuse a signature header that is given more than once",
        page: Page::At("https://www.rfc-editor.org/rfc/rfc9110.html#section-5.3"),
        alone: false,
        plan: doubled,
        judge: expect::better_refused,
    },
    &Check {
        name: "stale",
        group: Group::Authentication,
        title: "an old signature must be rejected",
        sends: "an event with a right signature that was made an hour ago or more",
        expects: "4xx",
        why: "somebody who once saw a delivery could send it again for ever",
        advice: "refuse what was signed more than a few minutes ago; measure the age of the signature, not that of the event",
        page: STANDARD,
        alone: false,
        plan: |context| timed(context, "stale", "signed long ago"),
        judge: aged,
    },
    &Check {
        name: "future",
        group: Group::Authentication,
        title: "a signature from the future must be rejected",
        sends: "an event with a right signature that claims to be made in the future",
        expects: "4xx",
        why: "a signature that is dated ahead stays fresh for as long as its maker likes",
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
        sends: "an SNS message, rightly signed, from a topic of another account",
        expects: "4xx",
        why: "any customer of AWS can have a topic of theirs sent to your URL, and AWS signs it",
        advice: "compare `TopicArn` with the topics that are yours, after the signature was verified",
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
        why: "whoever may name the certificate may sign, and whoever may name a URL makes your server fetch it",
        advice: "allow `https://sns.<region>.amazonaws.com/` alone for `SigningCertURL`, compared as a parsed host, before \
                 anything is fetched",
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
pub static VALID: Check = Check {
    name: "valid",
    group: Group::Authentication,
    title: "a valid event must be accepted",
    sends: "an event as the provider sends it, signed with the secret that was given",
    expects: "2xx",
    why: "what is refused is sent again for hours or days, and then lost",
    advice: "look at what the handler answers; give `check` the secret that the handler uses (`--secret`), or the handler \
             the public test key (`webhook-cli keys`); where the URL is signed, name it (`--public-url`)",
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
        .labelled(format!("{event} {what}"))
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
            .labelled(format!("{event} signed with the public test key"))
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
        return CheckSteps::skip(format!(
            "{} does not sign the raw text of JSON",
            context.provider.title
        ));
    }
    CheckSteps::each([request(
        context,
        "reserialised",
        "signed as another text of the same JSON",
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
            ", and {} signs nothing: anybody can post here; `--secret user:password` checks credentials",
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
            "without the time of signing",
        ));
    }
    if scheme.id.as_ref().is_some_and(own) {
        shots.push(request(context, "no-id", "without its id"));
    }
    if shots.is_empty() {
        return CheckSteps::skip(format!(
            "{} signs neither a time nor an id of its own",
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
                "with a forged signature behind the right one",
            ),
            request(
                context,
                "doubled-last",
                "with a forged signature before the right one",
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
        Some(_) => CheckSteps::skip(format!("{} signs no time", context.provider.title)),
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
            "{} checks the age alone: a time ahead is taken",
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
        return CheckSteps::skip(format!(
            "{} does not come through SNS",
            context.provider.title
        ));
    }
    CheckSteps::each([request(context, tamper, what)])
}
