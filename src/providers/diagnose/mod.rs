//! Diagnosis of a failed signature: common mistakes, tested one after another.

mod evidence;
pub mod hypotheses;
pub mod layers;
pub mod reserialise;

pub use evidence::Evidence;

use std::time::Duration;

use crate::providers::Provider;
use crate::providers::diagnose::hypotheses::{Variant, Variants};
use crate::providers::diagnose::layers::{Unwrapped, Wrapping};
use crate::providers::reading::verdict_of;
use crate::webhook::{Algorithm, Delivery, Document, Recognition, Secret, VerifyOptions};

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
    pub(crate) limit: Limit,
}

/// Reason for which a hypothesis is not ruled out, although all its variants failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
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

/// The hypotheses, the likeliest and cheapest first. A new one is one more entry.
pub static HYPOTHESES: &[Hypothesis] = &[
    Hypothesis {
        name: "stale",
        finding: "the signature is right, but it was made too long ago or in the future",
        advice: "compare the clocks; `replay --resign` signs a recording anew; `--now` judges as of another moment",
        variants: hypotheses::as_it_is,
        limit: Limit::None,
    },
    Hypothesis {
        name: "body-line-end",
        finding: "the body lost or gained a line end on its way",
        advice: RAW,
        variants: hypotheses::line_ends,
        limit: Limit::None,
    },
    Hypothesis {
        name: "secret-form",
        finding: "the secret was used in another form than the sender's",
        advice: "take the secret exactly as the dashboard shows it: with its prefix, without white space; decode what is base64",
        variants: hypotheses::secret_forms,
        limit: Limit::None,
    },
    Hypothesis {
        name: "test-key",
        finding: "it is signed with the public test key of this tool",
        advice: "give `send` and `replay --resign` your own secret, or your handler the test key (`webhook-cli keys`)",
        variants: hypotheses::test_key,
        limit: Limit::None,
    },
    Hypothesis {
        name: "other-secret",
        finding: "it is signed with a secret that was given for another provider",
        advice: "exchange the secrets in the handler's configuration",
        variants: hypotheses::other_secrets,
        limit: Limit::None,
    },
    Hypothesis {
        name: "milliseconds",
        finding: "the timestamp stands there in another unit than was signed",
        advice: "pass the timestamp on as it came, as text: seconds stay seconds, milliseconds stay milliseconds",
        variants: hypotheses::units,
        limit: Limit::None,
    },
    Hypothesis {
        name: "url",
        finding: "another URL was signed than the one that it is checked with",
        advice: "use the URL exactly as it was typed into the provider: scheme, port, slash at the end, query; a proxy hides it",
        variants: hypotheses::urls,
        limit: Limit::Url,
    },
    Hypothesis {
        name: "header-name",
        finding: "the names of headers were changed on their way",
        advice: "read the headers by their real names: CGI and WSGI write `HTTP_X_NAME` for `X-Name`",
        variants: hypotheses::header_names,
        limit: Limit::None,
    },
    Hypothesis {
        name: "header-repeated",
        finding: "a signature header came more than once, or a proxy joined several into one",
        advice: "pass the headers on as they come; only the one that is named here is right",
        variants: hypotheses::single_headers,
        limit: Limit::None,
    },
    Hypothesis {
        name: "header-changed",
        finding: "a proxy or a framework changed the text of the signature",
        advice: "pass the headers on byte for byte: no other case, no quotes, no decoding, no prefix taken away",
        variants: hypotheses::signature_texts,
        limit: Limit::None,
    },
    Hypothesis {
        name: "other-delivery",
        finding: "the headers and the body are not of the same delivery",
        advice: "take id, timestamp, signature and body from one and the same request: a variable or a cache holds an older one",
        variants: hypotheses::neighbours,
        limit: Limit::AtHand,
    },
    Hypothesis {
        name: "body-encoding",
        finding: "the body was read in another character encoding and written again",
        advice: RAW,
        variants: hypotheses::encodings,
        limit: Limit::None,
    },
    Hypothesis {
        name: "body-compressed",
        finding: "the body was compressed after it was signed",
        advice: "inflate the body, and verify what comes out",
        variants: hypotheses::inflated,
        limit: Limit::None,
    },
    Hypothesis {
        name: "body-base64",
        finding: "the body is still encoded as base64, as AWS Lambda, Vercel and others hand it over",
        advice: "decode it before it is verified: `Buffer.from(event.body, 'base64')` or `base64.b64decode(event[\"body\"])` where \
                 `isBase64Encoded` is true",
        variants: hypotheses::from_base64,
        limit: Limit::None,
    },
    Hypothesis {
        name: "body-wrapped",
        finding: "the body is a gateway's event, which holds what was signed",
        advice: "verify `event.body`, decoded from base64 where `isBase64Encoded` is true, and not the event itself",
        variants: hypotheses::in_event,
        limit: Limit::None,
    },
    Hypothesis {
        name: "body-json-text",
        finding: "the body was serialised twice: it is a JSON string that holds what was signed",
        advice: "do not serialise what is text already (`JSON.stringify`, `json.dumps`); verify the raw bytes of the body, before \
                 anything parses it",
        variants: hypotheses::in_text,
        limit: Limit::None,
    },
    Hypothesis {
        name: "body-printed-again",
        finding: "the body was re-serialised: same JSON, different bytes",
        advice: RAW,
        variants: hypotheses::printed_again,
        limit: Limit::None,
    },
];

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
        let url_is_missing = hypothesis.limit == Limit::Url
            && case.verify_options.public_url.is_none()
            && hypotheses::signs_url(case);
        let why = match hypothesis.limit {
            _ if cut => "too much to compute for a body of this size",
            Limit::Url if url_is_missing => {
                "the URL was not given, as it was typed into the provider: `--url URL`"
            }
            Limit::None | Limit::Url if tried => {
                explanation.ruled_out.push(hypothesis.name);
                continue;
            }
            Limit::None | Limit::Url | Limit::AtHand => continue,
        };
        explanation.not_tried.push(hypothesis.name);
        if !explanation.untried.contains(&why) {
            explanation.untried.push(why);
        }
    }
    let look = LOOKS.iter().find(|look| (look.is_there)(case));
    explanation.hint = look.map(|look| look.says);
    explanation
}

/// Returns true if the URL is signed, and nobody gave it.
pub fn lacks_url(case: &Evidence) -> bool {
    case.verify_options.public_url.is_none() && hypotheses::signs_url(case)
}

/// Advice for the next step if no hypothesis is confirmed.
pub fn next_step(case: &Evidence) -> String {
    let (title, name) = (case.provider.title, case.provider.name);
    if lacks_url(case) {
        return format!(
            "the URL is signed: give it exactly as it was typed into {title} (`--url URL`); if it is right, compare the secret"
        );
    }
    if name == "ses" {
        return "verify with the certificate that the message names: `--fetch-certs`; if it is right, the message was changed \
                after it was signed"
            .into();
    }
    format!(
        "compare the secret first: copy it again from {title}, from this very endpoint, account and mode (test or live), and give \
         it as `--secret {name}=env:NAME`; if it is right, the body was changed: record the raw request with \
         `webhook-cli listen --record` in place of the handler, and verify that"
    )
}

/// Provider of a delivery by what its body holds, where the body itself cannot be read: in base64, compressed, in another
/// text, in a platform's event, behind a byte order mark.
pub fn beneath(delivery: &Delivery) -> Option<&'static Provider> {
    let found = |delivery: &Delivery| {
        let document = Document::of(delivery).ok()?;
        crate::providers::recognise(delivery, Some(&document))
    };
    if found(delivery).is_some_and(|(_, reason)| matches!(reason, Recognition::Body(_))) {
        return None;
    }
    let mut by_header = None;
    for it in layers::unwrapped(delivery) {
        match found(&it.delivery) {
            Some((provider, Recognition::Body(_))) => return Some(provider),
            // An event has the headers of the request as well.
            Some((provider, _)) if it.wrapping == Wrapping::Event => by_header = Some(provider),
            _ => {}
        }
    }
    by_header
}

/// Returns true if there is a delivery below a layer of that sort, as far as can be told without its secret.
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
    is_there: fn(&Evidence) -> bool,
    says: &'static str,
}

static LOOKS: &[Suspicion] = &[
    Suspicion {
        is_there: |case| seems_wrapped(case, Wrapping::Event),
        says: "the body is a gateway's event: verify `event.body`, decoded from base64 where `isBase64Encoded` is true",
    },
    Suspicion {
        is_there: |case| seems_wrapped(case, Wrapping::Base64),
        says: "the body is still encoded as base64, as AWS Lambda, Vercel and others hand it over: decode it before it is verified",
    },
    Suspicion {
        is_there: |case| seems_wrapped(case, Wrapping::Text),
        says: "the body was serialised twice, it is a JSON string: verify the raw bytes, before anything parses or prints it",
    },
    Suspicion {
        is_there: |case| {
            let mut secrets = case.secrets.iter();
            let is_key = |secret: &Secret| secret.reveal().trim_start().starts_with("key-");
            case.provider.name == "mailgun" && secrets.any(is_key)
        },
        says: "the secret looks like an API key (`key-…`): only older accounts sign with it, others with the HTTP webhook signing key",
    },
    Suspicion {
        is_there: |case| {
            let headers = &case.delivery.headers;
            let encoding = headers.text("content-encoding").unwrap_or("identity");
            encoding != "identity" && !layers::is_gzip(&case.delivery.body)
        },
        says: "`content-encoding` says that the body is compressed, and it is not: it was inflated on its way, and what was signed may be the compressed bytes",
    },
];
