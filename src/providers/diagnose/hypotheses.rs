//! Hypotheses of a diagnosis: common mistakes, with advice.

use crate::providers::diagnose::evidence::Evidence;
use crate::providers::diagnose::variant::{Variant, Variants};
use crate::providers::diagnose::{
    body_variants, header_variants, neighbour_variants, secret_variants, url_variants,
};

/// Common mistake, as an explanation that can be tested.
#[derive(Debug)]
pub struct Hypothesis {
    /// Short name, as in `--json`.
    pub name: &'static str,
    /// Description of the mistake, printed if the hypothesis is confirmed.
    pub finding: &'static str,
    /// Advice for mending it.
    pub advice: &'static str,
    /// Variants to verify: the hypothesis is confirmed if the signature holds for one of them.
    pub(crate) variants: for<'a> fn(&'a Evidence) -> Variants<'a>,
    /// Restriction on ruling the hypothesis out if no variant fits.
    pub(crate) limit: HypothesisLimit,
}

/// Reason for which a hypothesis is not ruled out, although all its variants failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HypothesisLimit {
    /// None: it is ruled out.
    None,
    /// The variants depend on the URL, which only the user knows (`--url`).
    Url,
    /// Other deliveries than those at hand may fit.
    AtHand,
}

/// Advice for a body that was re-serialised or recoded.
const RAW: &str = "verify the raw bytes of the body, before anything parses it: `express.raw({ type: '*/*' })` in Express, \
     `request.get_data()` in Flask, `await req.text()` in Next.js and wherever there is a Fetch API, `$request->getContent()` in Laravel and Symfony";

/// Hypotheses, the likeliest and cheapest first.
pub static HYPOTHESES: &[Hypothesis] = &[
    Hypothesis {
        name: "stale",
        finding: "the signature is valid, but its timestamp is too old or in the future",
        advice: "compare the clocks; `replay --resign` signs a recording again; `--now` verifies as of another time",
        variants: unchanged,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "body-line-end",
        finding: "a line break was added to the body or removed from it in transit",
        advice: RAW,
        variants: body_variants::line_ends,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "secret-form",
        finding: "the secret was decoded in another way than by the sender",
        advice: "use the secret exactly as the dashboard shows it, with its prefix and without white space; if it is base64, decode it",
        variants: secret_variants::secret_forms,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "test-key",
        finding: "it is signed with the public test key of this tool",
        advice: "give `send` and `replay --resign` your own secret, or use the test key in your handler (`webhook-cli keys`)",
        variants: secret_variants::test_key,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "other-secret",
        finding: "it is signed with a secret that was given for another provider",
        advice: "exchange the secrets in the handler's configuration",
        variants: secret_variants::other_secrets,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "milliseconds",
        finding: "the timestamp has another unit than the one that was signed",
        advice: "pass the timestamp on unchanged, as text: seconds stay seconds, milliseconds stay milliseconds",
        variants: header_variants::units,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "url",
        finding: "the signed URL is not the one that the signature is verified with",
        advice: "use the URL exactly as configured at the provider: scheme, port, trailing slash, query; a proxy hides it",
        variants: url_variants::urls,
        limit: HypothesisLimit::Url,
    },
    Hypothesis {
        name: "header-name",
        finding: "the names of headers were changed in transit",
        advice: "read the headers by their real names: CGI and WSGI write `HTTP_X_NAME` for `X-Name`",
        variants: header_variants::header_names,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "header-repeated",
        finding: "a signature header is there more than once, or a proxy joined several into one",
        advice: "pass the headers on unchanged; only the one named here is right",
        variants: header_variants::single_headers,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "header-changed",
        finding: "a proxy or a framework changed the text of the signature",
        advice: "pass the headers on byte for byte: same case, no quotes, no decoding, no prefix removed",
        variants: header_variants::signature_texts,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "other-delivery",
        finding: "the headers and the body belong to different deliveries",
        advice: "take id, timestamp, signature and body from the same request: a variable or a cache holds an older value",
        variants: neighbour_variants::neighbours,
        limit: HypothesisLimit::AtHand,
    },
    Hypothesis {
        name: "body-encoding",
        finding: "the body was decoded and encoded again in another character encoding",
        advice: RAW,
        variants: body_variants::encodings,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "body-compressed",
        finding: "the body was compressed after it was signed",
        advice: "decompress the body, and verify the result",
        variants: body_variants::inflated,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "body-base64",
        finding: "the body is still encoded as base64, as AWS Lambda, Vercel and others pass it on",
        advice: "decode it before verifying: `Buffer.from(event.body, 'base64')` or `base64.b64decode(event[\"body\"])` where \
                 `isBase64Encoded` is true",
        variants: body_variants::from_base64,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "body-wrapped",
        finding: "the body is a gateway's event, which contains the signed body",
        advice: "verify `event.body`, decoded from base64 where `isBase64Encoded` is true, and not the event itself",
        variants: body_variants::in_event,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "body-json-text",
        finding: "the body was serialised twice: it is a JSON string that contains the signed body",
        advice: "do not serialise a string again (`JSON.stringify`, `json.dumps`); verify the raw bytes of the body, before \
                 anything parses it",
        variants: body_variants::in_text,
        limit: HypothesisLimit::None,
    },
    Hypothesis {
        name: "body-printed-again",
        finding: "the body was re-serialised: same JSON, different bytes",
        advice: RAW,
        variants: body_variants::printed_again,
        limit: HypothesisLimit::None,
    },
];

/// The unchanged delivery: only its age is wrong.
fn unchanged(case: &Evidence) -> Variants<'_> {
    let how = format!("all but the age, at {}", case.verify_options.now);
    Box::new(std::iter::once(Variant {
        how,
        ..Variant::default()
    }))
}
