//! Why a signature does not hold: what usually goes wrong, tried one after another.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use super::Provider;
use super::read::verdict_of;
use crate::webhook::{
    Algorithm, Delivery, Document, Judge, Key, Part, Place, Secret, Style, write,
};

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
    /// The cases to try: where one of them holds, this fits.
    variants: fn(&Case) -> Vec<Case>,
}

/// The guesses, likeliest first. A new one is a line.
pub static GUESSES: &[Guess] = &[
    Guess {
        name: "stale",
        finding: "the signature is right, but it was made too long ago or in the future",
        advice: "compare the clocks; `replay --resign` signs a recording anew; `--now` judges as of another moment",
        variants: |case| vec![case.clone()],
    },
    Guess {
        name: "body-line-end",
        finding: "the body lost or gained a line end on its way",
        advice: "verify the raw bytes of the body, before any framework reads it as text or trims it",
        variants: line_ends,
    },
    Guess {
        name: "body-printed-again",
        finding: "the body was parsed and printed again; what was signed is another text of the same JSON",
        advice: "verify the raw bytes of the body, before any framework parses it as JSON",
        variants: printed_again,
    },
    Guess {
        name: "secret-form",
        finding: "the secret was used in another form than the sender's",
        advice: "take the secret exactly as the dashboard shows it: with its prefix, without white space; decode what is base64",
        variants: secret_forms,
    },
    Guess {
        name: "test-key",
        finding: "it is signed with the public test key of this tool",
        advice: "give `send` and `replay --resign` your own secret, or your handler the test key (`webhook-cli keys`)",
        variants: test_key,
    },
    Guess {
        name: "url",
        finding: "another URL was signed than the one that it is checked with",
        advice: "use the URL exactly as it was typed into the provider: scheme, port, slash at the end, query; a proxy hides it",
        variants: urls,
    },
    Guess {
        name: "header-repeated",
        finding: "a signature header came more than once, or a proxy joined several into one",
        advice: "pass the headers on as they come; the first signature is right",
        variants: single_headers,
    },
    Guess {
        name: "milliseconds",
        finding: "the timestamp header is in milliseconds, and seconds were signed",
        advice: "send the timestamp in the unit that is signed",
        variants: seconds,
    },
];

/// The guess that fits, and the names of those that were tried before it and do not.
pub fn explain(case: &Case) -> (Option<&'static Guess>, Vec<&'static str>) {
    let mut ruled_out = Vec::new();
    for guess in GUESSES {
        let fits = (guess.variants)(case).into_iter().any(|mut variant| {
            // Age is a guess of its own; here it is the bytes that count.
            variant.judge.tolerance = Some(Duration::from_secs(u32::MAX.into()));
            let document = Document::read(&variant.delivery.headers, &variant.delivery.body).ok();
            verdict_of(
                variant.provider,
                &variant.delivery,
                document.as_ref(),
                &variant.keys,
                || None,
                &variant.judge,
            )
            .verdict
            .holds()
        });
        if fits {
            return (Some(guess), ruled_out);
        }
        ruled_out.push(guess.name);
    }
    (None, ruled_out)
}

/// Exactly what is signed, as far as it can be put together.
pub fn signed_text(case: &Case) -> Option<Vec<u8>> {
    let document = Document::read(&case.delivery.headers, &case.delivery.body).ok();
    let scheme = super::signing_scheme(case.provider, &case.delivery)?;
    scheme
        .message(
            &case.delivery,
            document.as_ref(),
            &case.judge.url(&case.delivery),
        )
        .ok()
}

fn with_body(case: &Case, body: impl Into<Bytes>) -> Case {
    let mut variant = case.clone();
    variant.delivery.body = body.into();
    variant
}

fn line_ends(case: &Case) -> Vec<Case> {
    let body = &case.delivery.body;
    let bare = body.trim_ascii_end();
    [&b""[..], b"\n", b"\r\n"]
        .map(|end| with_body(case, [bare, end].concat()))
        .to_vec()
}

fn printed_again(case: &Case) -> Vec<Case> {
    let Ok(value) = serde_json::from_slice::<Value>(&case.delivery.body) else {
        return Vec::new();
    };
    let styles = [case.provider.style, Style::COMPACT, Style::SPACED]
        .into_iter()
        .flat_map(|style| {
            [false, true].into_iter().flat_map(move |sorted| {
                [false, true].map(|php| Style {
                    sorted,
                    php,
                    ..style
                })
            })
        });
    styles
        .map(|style| with_body(case, write(&value, &style)))
        .chain(
            serde_json::to_string_pretty(&value)
                .ok()
                .map(|text| with_body(case, text)),
        )
        .collect()
}

fn secret_forms(case: &Case) -> Vec<Case> {
    let shared = |bytes: Vec<u8>| Key::Shared(bytes);
    let forms = case.secrets.iter().flat_map(|secret| {
        let text = secret.reveal();
        let trimmed = text.trim();
        let bare = trimmed.split_once('_').map_or(trimmed, |(_, rest)| rest);
        let texts = [text, trimmed, bare].map(|form| form.as_bytes().to_vec());
        let decoded = [trimmed, bare]
            .into_iter()
            .flat_map(|form| [STANDARD.decode(form).ok(), hex::decode(form).ok()]);
        texts
            .into_iter()
            .chain(decoded.flatten())
            .filter(|bytes| !bytes.is_empty())
            .map(shared)
    });
    vec![Case {
        keys: forms.collect(),
        ..case.clone()
    }]
}

fn test_key(case: &Case) -> Vec<Case> {
    let form = case.provider.schemes.first().map(|scheme| scheme.key);
    let key = form.and_then(|form| form.key(&Secret::new(case.provider.test_secret)));
    key.map(|key| Case {
        keys: vec![key],
        ..case.clone()
    })
    .into_iter()
    .collect()
}

fn urls(case: &Case) -> Vec<Case> {
    let signs_url = |part: &Part| matches!(part, Part::Url);
    if !case
        .provider
        .schemes
        .iter()
        .any(|scheme| scheme.signed.iter().any(signs_url))
    {
        return Vec::new();
    }
    let given = case.judge.url(&case.delivery);
    let Some((_, rest)) = given.split_once("://") else {
        return Vec::new();
    };
    let (place, query) = rest
        .split_once('?')
        .map_or((rest, None), |(place, query)| (place, Some(query)));
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let name = host.split(':').next().unwrap_or(host);
    let path = path.trim_end_matches('/');
    let mut urls = Vec::new();
    for scheme in ["https", "http"] {
        for host in [
            host.to_owned(),
            name.to_owned(),
            format!("{name}:443"),
            format!("{name}:80"),
        ] {
            for path in [format!("/{path}"), format!("/{path}/"), String::new()] {
                for query in [query.map(|query| format!("?{query}")), None] {
                    urls.push(format!(
                        "{scheme}://{host}{path}{}",
                        query.unwrap_or_default()
                    ));
                }
            }
        }
    }
    let exact = |url: String| {
        let mut variant = case.clone();
        variant.judge.public_url = Some(url);
        variant
    };
    urls.into_iter().map(exact).collect()
}

fn single_headers(case: &Case) -> Vec<Case> {
    let mut variant = case.clone();
    let mut found = false;
    let places = case.provider.schemes.iter().flat_map(|scheme| {
        [
            Some(scheme.signature),
            scheme.id,
            scheme.timestamp.map(|(place, _)| place),
        ]
        .into_iter()
        .flatten()
    });
    for place in places {
        let Place::Header(name) = place else { continue };
        let Some(first) = variant.delivery.headers.get(name).cloned() else {
            continue;
        };
        let joined = first
            .to_str()
            .ok()
            .and_then(|text| text.split_once(", "))
            .map(|(first, _)| first.to_owned());
        let value = joined
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| first.clone());
        found |= variant.delivery.headers.all(name).count() > 1 || value != first;
        variant
            .delivery
            .headers
            .set(http::HeaderName::from_static(name), value);
    }
    if found { vec![variant] } else { Vec::new() }
}

fn seconds(case: &Case) -> Vec<Case> {
    let mut variants = Vec::new();
    for scheme in case
        .provider
        .schemes
        .iter()
        .filter(|scheme| scheme.algorithm != Algorithm::Credentials)
    {
        let Some((Place::Header(name), _)) = scheme.timestamp else {
            continue;
        };
        let digits = case
            .delivery
            .headers
            .text(name)
            .filter(|text| text.len() == 13);
        if let Some(value) = digits
            .and_then(|text| text.get(..10))
            .and_then(|text| text.parse().ok())
        {
            let mut variant = case.clone();
            variant
                .delivery
                .headers
                .set(http::HeaderName::from_static(name), value);
            variants.push(variant);
        }
    }
    variants
}
