//! Why a signature does not hold: what usually goes wrong, tried one after another.

use std::time::Duration;

use super::Provider;
use super::read::verdict_of;
use super::tries::{self, Tries, Try};
use crate::webhook::{Algorithm, Delivery, Document, Judge, Key, Secret};

/// A delivery with all that its signature is judged by.
#[derive(Clone, Debug)]
pub struct Case {
    /// Whose it is.
    pub provider: &'static Provider,
    /// The delivery.
    pub delivery: Delivery,
    /// The keys made of the secrets.
    pub keys: Vec<Key>,
    /// The secrets as they were given.
    pub secrets: Vec<Secret>,
    /// Secrets that were given for other providers.
    pub others: Vec<Secret>,
    /// Deliveries that stand near this one, each with its name.
    pub neighbours: Vec<(String, Delivery)>,
    /// The moment and the URL.
    pub judge: Judge,
}

/// Something that usually goes wrong.
#[derive(Debug)]
pub struct Guess {
    /// A short name, as `--json` says it.
    pub name: &'static str,
    /// What is the matter, where this fits.
    pub finding: &'static str,
    /// What to change.
    pub advice: &'static str,
    /// What to try: where the signature holds for one of them, this fits.
    pub(super) tries: for<'a> fn(&'a Case) -> Tries<'a>,
}

/// The guesses, likeliest and cheapest first. A new one is a line.
pub static GUESSES: &[Guess] = &[
    Guess {
        name: "stale",
        finding: "the signature is right, but it was made too long ago or in the future",
        advice: "compare the clocks; `replay --resign` signs a recording anew; `--now` judges as of another moment",
        tries: tries::as_it_is,
    },
    Guess {
        name: "body-line-end",
        finding: "the body lost or gained a line end on its way",
        advice: "verify the raw bytes of the body, before any framework reads it as text or trims it",
        tries: tries::line_ends,
    },
    Guess {
        name: "secret-form",
        finding: "the secret was used in another form than the sender's",
        advice: "take the secret exactly as the dashboard shows it: with its prefix, without white space; decode what is base64",
        tries: tries::secret_forms,
    },
    Guess {
        name: "test-key",
        finding: "it is signed with the public test key of this tool",
        advice: "give `send` and `replay --resign` your own secret, or your handler the test key (`webhook-cli keys`)",
        tries: tries::test_key,
    },
    Guess {
        name: "other-secret",
        finding: "it is signed with a secret that was given for another provider",
        advice: "exchange the secrets in the handler's configuration",
        tries: tries::other_secrets,
    },
    Guess {
        name: "milliseconds",
        finding: "the timestamp stands there in another unit than was signed",
        advice: "pass the timestamp on as it came, as text: seconds stay seconds, milliseconds stay milliseconds",
        tries: tries::units,
    },
    Guess {
        name: "url",
        finding: "another URL was signed than the one that it is checked with",
        advice: "use the URL exactly as it was typed into the provider: scheme, port, slash at the end, query; a proxy hides it",
        tries: tries::urls,
    },
    Guess {
        name: "header-name",
        finding: "the names of headers were changed on their way",
        advice: "read the headers by their real names: CGI and WSGI write `HTTP_X_NAME` for `X-Name`",
        tries: tries::header_names,
    },
    Guess {
        name: "header-repeated",
        finding: "a signature header came more than once, or a proxy joined several into one",
        advice: "pass the headers on as they come; only the one that is named here is right",
        tries: tries::single_headers,
    },
    Guess {
        name: "header-changed",
        finding: "a proxy or a framework changed the text of the signature",
        advice: "pass the headers on byte for byte: no other case, no quotes, no decoding, no prefix taken away",
        tries: tries::signature_texts,
    },
    Guess {
        name: "other-delivery",
        finding: "the headers and the body are not of the same delivery",
        advice: "take id, timestamp, signature and body from one and the same request: a variable or a cache holds an older one",
        tries: tries::neighbours,
    },
    Guess {
        name: "body-encoding",
        finding: "the body was read in another character encoding and written again",
        advice: "verify the raw bytes of the body, before any framework makes text of them",
        tries: tries::encodings,
    },
    Guess {
        name: "body-compressed",
        finding: "the body was compressed after it was signed",
        advice: "inflate the body, and verify what comes out",
        tries: tries::inflated,
    },
    Guess {
        name: "body-printed-again",
        finding: "the body was parsed and printed again; what was signed is another text of the same content",
        advice: "verify the raw bytes of the body, before any framework parses it",
        tries: tries::printed_again,
    },
];

/// What came of guessing.
#[derive(Debug, Default)]
pub struct Explanation {
    /// The guess that fits, and what exactly fits.
    pub found: Option<(&'static Guess, String)>,
    /// What was tried and does not fit.
    pub ruled_out: Vec<&'static str>,
    /// What was not tried to the end, because it would have taken too long.
    pub not_tried: Vec<&'static str>,
    /// What looks wrong, where nothing fits.
    pub hint: Option<&'static str>,
}

/// How much may be computed in search of a reason, counted in bytes that are hashed.
#[derive(Debug)]
pub struct Effort {
    left: u64,
    last: Option<&'static str>,
}

/// As long as it takes to hash so many bytes: a signature that is no hash.
const ASYMMETRIC: u64 = 64 * 1024;

/// What each try costs besides: reading and putting together.
const EACH: u64 = 2 * 1024;

/// The most that one delivery may take of it all.
const FOR_ONE: u64 = 1 << 30;

impl Default for Effort {
    /// A few seconds, however much there is to look into.
    fn default() -> Self {
        Self::new(2 * FOR_ONE)
    }
}

impl Effort {
    /// So many bytes.
    pub fn new(bytes: u64) -> Self {
        Self {
            left: bytes,
            last: None,
        }
    }

    /// What is left of it.
    pub fn left(&self) -> u64 {
        self.left
    }

    fn spend(&mut self, cost: u64) -> bool {
        let enough = cost <= self.left;
        self.left = if enough { self.left - cost } else { 0 };
        enough
    }
}

/// The guess that fits, and those that were tried before it and do not. What fitted last is tried first: a recording
/// has one fault, not many.
pub fn explain(case: &Case, effort: &mut Effort) -> Explanation {
    let mut explanation = Explanation::default();
    let floor = effort.left.saturating_sub(FOR_ONE);
    let last = effort.last;
    let again = |guess: &&Guess| Some(guess.name) == last;
    let others = GUESSES.iter().filter(|guess| !again(guess));
    for guess in GUESSES.iter().filter(again).chain(others) {
        let mut tried = false;
        let mut cut = false;
        for one in (guess.tries)(case) {
            if effort.left <= floor || !effort.spend(cost(case, &one)) {
                cut = true;
                break;
            }
            tried = true;
            if fits(case, &one) {
                effort.last = Some(guess.name);
                explanation.found = Some((guess, one.how));
                return explanation;
            }
        }
        if cut {
            explanation.not_tried.push(guess.name);
        } else if tried {
            explanation.ruled_out.push(guess.name);
        }
    }
    let look = LOOKS.iter().find(|look| (look.is_there)(case));
    explanation.hint = look.map(|look| look.says);
    explanation
}

/// Exactly what is signed, as far as it can be put together.
pub fn signed_text(case: &Case) -> Option<Vec<u8>> {
    let document = Document::of(&case.delivery).ok();
    let scheme = super::signing_scheme(case.provider, &case.delivery)?;
    scheme
        .message(
            &case.delivery,
            document.as_ref(),
            &case.judge.url(&case.delivery),
        )
        .ok()
}

fn cost(case: &Case, one: &Try) -> u64 {
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

fn fits(case: &Case, one: &Try) -> bool {
    let delivery = one.delivery.as_ref().unwrap_or(&case.delivery);
    let judge = Judge {
        // Age is a guess of its own; here it is the bytes that count.
        tolerance: Some(Duration::from_secs(u32::MAX.into())),
        public_url: one.url.clone().or_else(|| case.judge.public_url.clone()),
        ..case.judge.clone()
    };
    let keys = one.keys.as_deref().unwrap_or(&case.keys);
    let document = Document::of(delivery).ok();
    let verdict = verdict_of(
        case.provider,
        delivery,
        document.as_ref(),
        keys,
        || None,
        &judge,
    );
    verdict.verdict.holds()
}

/// What looks wrong. No proof, so it is only said where nothing else fits.
#[derive(Debug)]
struct Look {
    is_there: fn(&Case) -> bool,
    says: &'static str,
}

static LOOKS: &[Look] = &[
    Look {
        is_there: |case| {
            let mut secrets = case.secrets.iter();
            let is_key = |secret: &Secret| secret.reveal().trim_start().starts_with("key-");
            case.provider.name == "mailgun" && secrets.any(is_key)
        },
        says: "the secret looks like an API key (`key-…`): only older accounts sign with it, others with the HTTP webhook signing key",
    },
    Look {
        is_there: |case| {
            let headers = &case.delivery.headers;
            let encoding = headers.text("content-encoding").unwrap_or("identity");
            encoding != "identity" && !tries::is_gzip(&case.delivery.body)
        },
        says: "`content-encoding` says that the body is compressed, and it is not: it was inflated on its way, and what was signed may be the compressed bytes",
    },
];
