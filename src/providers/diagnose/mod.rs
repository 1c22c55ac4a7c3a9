//! Diagnosis of a failed signature: common mistakes, tested one after another.

mod beneath;
mod body_variants;
mod evidence;
mod header_variants;
mod hypotheses;
pub mod layers;
mod neighbour_variants;
pub mod reserialise;
mod secret_variants;
mod url_variants;
mod variant;

pub use evidence::Evidence;
pub use hypotheses::{HYPOTHESES, Hypothesis};

use std::time::Duration;

pub use beneath::{outline_beneath, read_beneath, read_beneath_where};

use crate::providers::diagnose::hypotheses::HypothesisLimit;
use crate::providers::diagnose::layers::{Unwrapped, Wrapping};
use crate::providers::diagnose::url_variants::signs_url;
use crate::providers::diagnose::variant::Variant;
use crate::providers::reading::verdict_of;
use crate::webhook::{Algorithm, Delivery, Document, Secret, VerifyOptions};

/// Result of a diagnosis.
#[derive(Debug, Default)]
pub struct Explanation {
    /// The confirmed hypothesis, and the variant that fits, in words.
    pub found: Option<(&'static Hypothesis, String)>,
    /// Hypotheses that were tested and do not fit.
    pub ruled_out: Vec<&'static str>,
    /// Hypotheses that were not tested, or not completely.
    pub not_tried: Vec<&'static str>,
    /// Reasons for that, in words.
    pub untried: Vec<&'static str>,
    /// Suspicion without proof, if no hypothesis is confirmed.
    pub hint: Option<&'static str>,
}

/// Computing budget of a diagnosis, in bytes to hash.
#[derive(Debug)]
pub struct Budget {
    left: u64,
}

/// Cost of one asymmetric verification, in bytes to hash.
const ASYMMETRIC: u64 = 64 * 1024;

/// Fixed cost of each variant (parsing, composing the signed text), in bytes to hash.
const EACH: u64 = 2 * 1024;

impl Default for Budget {
    /// A budget of 512 MiB to hash: about a second for each delivery, whatever its content.
    fn default() -> Self {
        Self::new(1 << 29)
    }
}

impl Budget {
    /// A budget of `bytes` bytes to hash.
    pub fn new(bytes: u64) -> Self {
        Self { left: bytes }
    }

    /// Bytes left.
    pub fn left(&self) -> u64 {
        self.left
    }

    fn spend(&mut self, cost: u64) -> bool {
        let enough = cost <= self.left;
        self.left = if enough { self.left - cost } else { 0 };
        enough
    }
}

/// Tests the hypotheses in order, until one is confirmed.
pub fn explain(case: &Evidence, effort: &mut Budget) -> Explanation {
    let mut explanation = Explanation::default();
    for hypothesis in HYPOTHESES {
        let mut tried = false;
        let mut cut = false;
        for one in (hypothesis.variants)(case) {
            if !effort.spend(cost(case, &one)) {
                cut = true;
                break;
            }
            tried = true;
            if fits(case, &one) {
                explanation.found = Some((hypothesis, one.how));
                return explanation;
            }
        }
        let url_is_missing = hypothesis.limit == HypothesisLimit::Url && lacks_url(case);
        let why = match hypothesis.limit {
            _ if cut => "too much to compute for a body of this size",
            HypothesisLimit::Url if url_is_missing => {
                "the URL configured at the provider was not given: `--url URL`"
            }
            HypothesisLimit::None | HypothesisLimit::Url if tried => {
                explanation.ruled_out.push(hypothesis.name);
                continue;
            }
            HypothesisLimit::None | HypothesisLimit::Url | HypothesisLimit::AtHand => continue,
        };
        explanation.not_tried.push(hypothesis.name);
        if !explanation.untried.contains(&why) {
            explanation.untried.push(why);
        }
    }
    let suspicion = SUSPICIONS.iter().find(|it| (it.applies)(case));
    explanation.hint = suspicion.map(|it| it.hint);
    explanation
}

/// True if the URL is signed, and was not given.
pub fn lacks_url(case: &Evidence) -> bool {
    case.verify_options.public_url.is_none() && signs_url(case)
}

/// Advice for the next step if no hypothesis is confirmed.
pub fn next_step(case: &Evidence) -> String {
    let (title, name) = (case.provider.title, case.provider.name);
    if lacks_url(case) {
        return format!(
            "the URL is signed: give it exactly as configured in {title} (`--url URL`); if it is right, compare the secret"
        );
    }
    if name == "ses" {
        return "verify with the certificate that the message names: `--fetch-certs`; if it is valid, the message was changed \
                after it was signed"
            .into();
    }
    format!(
        "compare the secret first: copy it again from {title}, for this endpoint, account and mode (test or live), and give \
         it as `--secret {name}=env:NAME`; if it is right, the body was changed: record the raw request with \
         `webhook-cli listen --record` instead of the handler, and verify that"
    )
}

/// True if the body seems to contain the signed body in this way; without its secret, that is no proof.
fn seems_wrapped(case: &Evidence, wrapping: Wrapping) -> bool {
    let reads = |delivery: &Delivery| {
        let document = Document::of(delivery).ok();
        document.filter(|it| it.is_map() || it.is_list()).is_some()
    };
    let is_own = Document::of(&case.delivery).is_ok_and(|it| case.provider.claims_body(&it));
    let holds = |it: &Unwrapped| {
        it.wrapping == wrapping
            && std::str::from_utf8(&it.delivery.body).is_ok()
            && reads(&it.delivery)
    };
    !is_own && layers::unwrapped(&case.delivery).iter().any(holds)
}

/// The exact bytes that are signed; none if they cannot be composed.
pub fn signed_text(case: &Evidence) -> Option<Vec<u8>> {
    let document = Document::of(&case.delivery).ok();
    let scheme = crate::providers::signing_scheme(case.provider, &case.delivery)?;
    scheme
        .message(
            &case.delivery,
            document.as_ref(),
            &case.verify_options.url(&case.delivery),
        )
        .ok()
}

fn cost(case: &Evidence, one: &Variant) -> u64 {
    let delivery = one.delivery.as_ref().unwrap_or(&case.delivery);
    let keys = one.keys.as_ref().unwrap_or(&case.keys).len().max(1) as u64;
    let asymmetric = case.provider.schemes.iter().any(|scheme| {
        !matches!(
            scheme.algorithm,
            Algorithm::HmacSha1
                | Algorithm::HmacSha256
                | Algorithm::HmacSha384
                | Algorithm::HmacSha512
                | Algorithm::KeyedSha256
                | Algorithm::Md5
                | Algorithm::Token
                | Algorithm::Credentials
        )
    });
    let each_key = delivery.body.len() as u64 + if asymmetric { ASYMMETRIC } else { 0 };
    EACH + keys * each_key
}

fn fits(case: &Evidence, one: &Variant) -> bool {
    let delivery = one.delivery.as_ref().unwrap_or(&case.delivery);
    let verify_options = VerifyOptions {
        // Age is a hypothesis of its own; here only the bytes count.
        tolerance: Some(Duration::from_secs(u32::MAX.into())),
        public_url: one
            .url
            .clone()
            .or_else(|| case.verify_options.public_url.clone()),
        ..case.verify_options.clone()
    };
    let keys = one.keys.as_deref().unwrap_or(&case.keys);
    let document = Document::of(delivery).ok();
    let verdict = verdict_of(
        case.provider,
        delivery,
        document.as_ref(),
        keys,
        || None,
        &verify_options,
    );
    verdict.verdict.holds()
}

/// Clue without proof, printed only if no hypothesis is confirmed.
#[derive(Debug)]
struct Suspicion {
    applies: fn(&Evidence) -> bool,
    hint: &'static str,
}

static SUSPICIONS: &[Suspicion] = &[
    Suspicion {
        applies: |case| seems_wrapped(case, Wrapping::Event),
        hint: "the body is a gateway's event: verify `event.body`, decoded from base64 where `isBase64Encoded` is true",
    },
    Suspicion {
        applies: |case| seems_wrapped(case, Wrapping::Base64),
        hint: "the body is still encoded as base64, as AWS Lambda, Vercel and others pass it on: decode it before verifying",
    },
    Suspicion {
        applies: |case| seems_wrapped(case, Wrapping::Text),
        hint: "the body was serialised twice, it is a JSON string: verify the raw bytes, before anything parses or prints it",
    },
    Suspicion {
        applies: |case| {
            let mut secrets = case.secrets.iter();
            let is_key = |secret: &Secret| secret.reveal().trim_start().starts_with("key-");
            case.provider.name == "mailgun" && secrets.any(is_key)
        },
        hint: "the secret looks like an API key (`key-…`): only older accounts sign with it, others with the HTTP webhook signing key",
    },
    Suspicion {
        applies: |case| {
            let headers = &case.delivery.headers;
            let encoding = headers.text("content-encoding").unwrap_or("identity");
            encoding != "identity" && !layers::is_gzip(&case.delivery.body)
        },
        hint: "`content-encoding` names a compression, but the body is not compressed: it was decompressed in transit, and the signature may be of the compressed bytes",
    },
];
