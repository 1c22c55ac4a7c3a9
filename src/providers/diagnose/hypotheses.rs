//! Variants of each hypothesis: the delivery, the keys or the URL changed in one way, to be verified again.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::HeaderName;

use crate::providers::diagnose::Evidence;
use crate::providers::diagnose::layers;
use crate::providers::diagnose::layers::{LONGEST_PARSED, Wrapping};
use crate::providers::diagnose::reserialise::spellings;
use crate::providers::provider::Envelope;
use crate::webhook::{Algorithm, Delivery, Document, Headers, Key, Location, Part, Scheme, Secret};

/// One variant to verify; fields that are none are unchanged.
#[derive(Debug, Default)]
pub(crate) struct Variant {
    /// Description of the difference.
    pub how: String,
    /// Changed delivery.
    pub delivery: Option<Delivery>,
    /// Other keys.
    pub keys: Option<Vec<Key>>,
    /// Other URL.
    pub url: Option<String>,
}

/// Variants, computed lazily.
pub(crate) type Variants<'a> = Box<dyn Iterator<Item = Variant> + 'a>;

/// Longest body of a neighbouring delivery that is tried, in bytes.
const LONGEST_NEIGHBOUR: usize = 1 << 20;

/// The unchanged delivery: only its age is wrong.
pub(crate) fn as_it_is(case: &Evidence) -> Variants<'_> {
    let how = format!("all but the age, as of {}", case.verify_options.now);
    Box::new(std::iter::once(Variant {
        how,
        ..Variant::default()
    }))
}

/// The body with one line end more or less, trimmed, or with all line ends converted.
pub(crate) fn line_ends(case: &Evidence) -> Variants<'_> {
    let body = case.delivery.body.as_ref();
    let more = [("a `\\n`", &b"\n"[..]), ("a `\\r\\n`", b"\r\n")]
        .into_iter()
        .map(move |(what, end)| (format!("{what} behind the body"), [body, end].concat()));
    let fewer = [("`\\n`", &b"\n"[..]), ("`\\r\\n`", b"\r\n")]
        .into_iter()
        .filter_map(move |(what, end)| {
            let cut = body.strip_suffix(end)?;
            Some((format!("the body without its last {what}"), cut.to_vec()))
        });
    let trimmed = Some(body.trim_ascii()).filter(|cut| cut.len() < body.len());
    let trimmed = trimmed.into_iter().flat_map(|cut| {
        [
            ("", &b""[..]),
            (", and a `\\n` behind it", b"\n"),
            (", and a `\\r\\n` behind it", b"\r\n"),
        ]
        .map(|(what, end)| {
            let how = format!("the body without the white space around it{what}");
            (how, [cut, end].concat())
        })
    });
    let inside = [("`\\n`", "`\\r\\n`", true), ("`\\r\\n`", "`\\n`", false)]
        .into_iter()
        .filter_map(move |(wanted, given, shorter)| {
            let other = other_line_ends(body, shorter)?;
            Some((format!("{wanted} in place of each {given}"), other))
        });
    bodies(case, more.chain(fewer).chain(trimmed).chain(inside))
}

/// The body with `
/// ` for `\r
/// `, or the other way round; none if that changes nothing.
fn other_line_ends(body: &[u8], shorter: bool) -> Option<Vec<u8>> {
    let mut other = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after.first()) {
            (b'\r', Some(b'\n')) => {
                rest = after.get(1..).unwrap_or_default();
                other.extend_from_slice(if shorter { b"\n" } else { b"\r\n" });
            }
            (b'\n', _) if !shorter => other.extend_from_slice(b"\r\n"),
            (byte, _) => other.push(*byte),
        }
    }
    (other != body).then_some(other)
}

/// The body recoded: Latin-1 read as UTF-8 or the other way round, with or without a byte order mark.
pub(crate) fn encodings(case: &Evidence) -> Variants<'_> {
    let body = case.delivery.body.as_ref();
    let text = || std::str::from_utf8(body).ok();
    let narrow = move || {
        let bytes: Option<Vec<u8>> = text()?
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok())
            .collect();
        bytes.map(|bytes| ("each character as one byte (Latin-1)", bytes))
    };
    let wide = move || {
        let text: String = body.iter().copied().map(char::from).collect();
        Some((
            "each byte as a character of its own, in UTF-8",
            text.into_bytes(),
        ))
    };
    let marked = move || {
        Some((
            "a byte order mark before the body",
            [b"\xEF\xBB\xBF", body].concat(),
        ))
    };
    let bare = move || {
        let bare = body.strip_prefix(b"\xEF\xBB\xBF")?;
        Some(("the body without its byte order mark", bare.to_vec()))
    };
    // Plain ASCII is the same in all of these.
    let odd = !body.is_ascii() && body.len() <= LONGEST_PARSED;
    let others = [odd.then(narrow).flatten(), odd.then(wide).flatten()];
    let marks = std::iter::once_with(marked).chain(std::iter::once_with(bare));
    let all = others.into_iter().chain(marks).flatten();
    bodies(case, all.map(|(how, body)| (how.to_owned(), body)))
}

/// The body, decompressed.
pub(crate) fn inflated(case: &Evidence) -> Variants<'_> {
    below(case, Wrapping::Gzip)
}

/// The body in the serialisations of other libraries.
pub(crate) fn printed_again(case: &Evidence) -> Variants<'_> {
    if case.delivery.body.len() > LONGEST_PARSED {
        return Box::new(std::iter::empty());
    }
    let inside = match case.provider.envelope {
        Envelope::Text(at, style) => Some((at, style)),
        _ => None,
    };
    bodies(
        case,
        spellings(&case.delivery, &case.provider.style, inside),
    )
}

/// The body, decoded from base64.
pub(crate) fn from_base64(case: &Evidence) -> Variants<'_> {
    below(case, Wrapping::Base64)
}

/// The request that a platform's event holds.
pub(crate) fn in_event(case: &Evidence) -> Variants<'_> {
    below(case, Wrapping::Event)
}

/// The text that a JSON string holds.
pub(crate) fn in_text(case: &Evidence) -> Variants<'_> {
    below(case, Wrapping::Text)
}

/// Deliveries below a layer of this sort; where a signed URL is missing, one for each likely URL.
fn below(case: &Evidence, wrapping: Wrapping) -> Variants<'_> {
    let all = layers::unwrapped(&case.delivery).into_iter();
    let all = all.filter(move |it| it.wrapping == wrapping);
    Box::new(all.flat_map(move |it| {
        let inner = Evidence {
            delivery: it.delivery.clone(),
            neighbours: Vec::new(),
            ..case.clone()
        };
        let others: Vec<Variant> = match case.verify_options.public_url {
            None => urls(&inner).collect(),
            Some(_) => Vec::new(),
        };
        let how = it.how.clone();
        let as_it_is = Variant {
            how: it.how,
            delivery: Some(it.delivery),
            ..Variant::default()
        };
        let others = others.into_iter().map(move |other| Variant {
            how: format!("{how}, and the URL {}", other.how),
            ..other
        });
        std::iter::once(as_it_is).chain(others)
    }))
}

fn bodies<'a>(
    case: &'a Evidence,
    all: impl Iterator<Item = (String, Vec<u8>)> + 'a,
) -> Variants<'a> {
    if !signs(case, Part::reads_body) {
        return Box::new(std::iter::empty());
    }
    all_bodies(case, all)
}

/// Variants with these bodies even if the scheme does not sign the body: the signature may be inside it.
fn all_bodies<'a>(
    case: &'a Evidence,
    all: impl Iterator<Item = (String, Vec<u8>)> + 'a,
) -> Variants<'a> {
    Box::new(all.map(|(how, body)| Variant {
        how,
        delivery: Some(Delivery {
            body: Bytes::from(body),
            ..case.delivery.clone()
        }),
        ..Variant::default()
    }))
}

fn signs(case: &Evidence, is_it: impl Fn(&Part) -> bool) -> bool {
    schemes(case).any(|scheme| scheme.signed.iter().any(&is_it))
}

fn schemes(case: &Evidence) -> impl Iterator<Item = &'static Scheme> {
    let schemes = case.provider.schemes.iter().copied();
    schemes.filter(|scheme| scheme.algorithm != Algorithm::Credentials)
}

/// Alternative decodings of the secret (raw, trimmed, base64, hex, with or without prefix).
pub(crate) fn secret_forms(case: &Evidence) -> Variants<'_> {
    let is_shared = |key: &Key| matches!(key, Key::Shared(_));
    if !case.keys.iter().any(is_shared) {
        return Box::new(std::iter::empty());
    }
    let forms = case.secrets.iter().flat_map(|secret| {
        let text = secret.reveal();
        let trimmed = text.trim();
        let bare = trimmed.split_once('_').map(|(_, rest)| rest);
        let plain = [
            ("the text of the secret as it stands", text.to_owned()),
            (
                "the text of the secret without white space around it",
                trimmed.to_owned(),
            ),
            (
                "the text of the secret with a `\\n` behind it",
                format!("{trimmed}\n"),
            ),
            (
                "the text of the secret with a `\\r\\n` behind it",
                format!("{trimmed}\r\n"),
            ),
            (
                "the text of the secret with `whsec_` before it",
                format!("whsec_{trimmed}"),
            ),
            ("the secret, encoded as base64", STANDARD.encode(trimmed)),
            ("the secret, encoded as hexadecimal", hex::encode(trimmed)),
        ]
        .into_iter()
        .map(|(how, text)| (how, text.into_bytes()));
        let cut = bare.map(|bare| {
            (
                "the text of the secret without its prefix",
                bare.as_bytes().to_vec(),
            )
        });
        let whole = decoded(
            trimmed,
            [
                "the secret, decoded from base64",
                "the secret, decoded from hexadecimal",
            ],
        );
        let rest = bare.into_iter().flat_map(|bare| {
            decoded(
                bare,
                [
                    "the secret without its prefix, decoded from base64",
                    "the secret without its prefix, decoded from hexadecimal",
                ],
            )
        });
        plain.chain(cut).chain(whole).chain(rest)
    });
    Box::new(
        forms
            .filter(|(_, key)| !key.is_empty())
            .map(|(how, key)| Variant {
                how: how.into(),
                keys: Some(vec![Key::shared(key)]),
                ..Variant::default()
            }),
    )
}

/// A text decoded from base64 (any alphabet) and from hexadecimal, as far as it is valid.
fn decoded<'a>(
    text: &str,
    [base64, hexadecimal]: [&'a str; 2],
) -> impl Iterator<Item = (&'a str, Vec<u8>)> + use<'a> {
    let from_base64 = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD]
        .into_iter()
        .find_map(|engine| engine.decode(text).ok());
    let from_hex = hex::decode(text).ok();
    let both = [
        from_base64.map(|key| (base64, key)),
        from_hex.map(|key| (hexadecimal, key)),
    ];
    both.into_iter().flatten()
}

/// The public test key.
pub(crate) fn test_key(case: &Evidence) -> Variants<'_> {
    let form = case.provider.schemes.first().map(|scheme| scheme.key);
    let key = form.and_then(|form| form.key(&Secret::new(case.provider.test_secret)));
    Box::new(key.into_iter().map(|key| Variant {
        how: "the test key".into(),
        keys: Some(vec![key]),
        ..Variant::default()
    }))
}

/// Secrets given for other providers.
pub(crate) fn other_secrets(case: &Evidence) -> Variants<'_> {
    let form = case.provider.schemes.first().map(|scheme| scheme.key);
    Box::new(case.others.iter().filter_map(move |secret| {
        Some(Variant {
            how: format!("the secret {}", secret.name()),
            keys: Some(vec![form?.key(secret)?]),
            ..Variant::default()
        })
    }))
}

/// The timestamp in seconds instead of milliseconds, and the other way round.
pub(crate) fn units(case: &Evidence) -> Variants<'_> {
    let document = Document::of(&case.delivery).ok();
    let others: Vec<Variant> = schemes(case)
        .filter_map(|scheme| scheme.signed_time())
        .filter(|(location, _)| !matches!(location, Location::Own(_)))
        .filter_map(|(location, _)| {
            let text = location.read(&case.delivery, document.as_ref()).ok()??;
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            let (how, other) = match text.len() {
                13 if digits => ("the timestamp in seconds", text.get(..10)?.to_owned()),
                10 if digits => ("the timestamp in milliseconds", format!("{text}000")),
                _ => return None,
            };
            let mut delivery = case.delivery.clone();
            location.write(&mut delivery, &other).ok()?;
            Some(Variant {
                how: format!("{how}: `{other}`"),
                delivery: Some(delivery),
                ..Variant::default()
            })
        })
        .collect();
    Box::new(others.into_iter())
}

/// True if the URL is part of what is signed.
pub(crate) fn signs_url(case: &Evidence) -> bool {
    signs(case, |part| part.reads_url() || matches!(part, Part::Path))
}

/// Variations of the URL; without `--url`, also of the URLs that proxy headers report.
pub(crate) fn urls(case: &Evidence) -> Variants<'_> {
    if !signs_url(case) {
        return Box::new(std::iter::empty());
    }
    let requested = case.delivery.path.as_str();
    let given = case.verify_options.url(&case.delivery);
    let mut all = other_urls(&given, requested);
    for url in forwarded_urls(&case.delivery) {
        all.extend(other_urls(&url, requested));
    }
    distinct(&mut all);
    Box::new(all.into_iter().map(|url| {
        // Some schemes sign the path of the request itself.
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let path = format!("/{path}").parse().ok();
        Variant {
            how: format!("`{url}`"),
            delivery: path.map(|path| Delivery {
                path,
                ..case.delivery.clone()
            }),
            url: Some(url),
            ..Variant::default()
        }
    }))
}

/// Most entries read from a proxy header.
const MOST_PROXIES: usize = 4;

/// URLs as reported by the proxy headers `X-Forwarded-…` and `Forwarded` (RFC 7239).
fn forwarded_urls(delivery: &Delivery) -> Vec<String> {
    let listed = |name: &str| -> Vec<String> {
        let fields = delivery.headers.all(name);
        let values = fields.filter_map(|value| value.to_str().ok());
        let parts = values.flat_map(|value| value.split(','));
        let parts = parts.map(|part| part.trim().to_owned());
        parts
            .filter(|part| !part.is_empty())
            .take(MOST_PROXIES)
            .collect()
    };
    let forwarded = listed("forwarded");
    let pairs = |name: &str| -> Vec<String> {
        let pairs = forwarded.iter().flat_map(|element| element.split(';'));
        pairs
            .filter_map(|pair| {
                let (at, value) = pair.trim().split_once('=')?;
                let is_it = at.trim().eq_ignore_ascii_case(name);
                is_it.then(|| value.trim().trim_matches('"').to_owned())
            })
            .collect()
    };
    let schemes = [
        listed("x-forwarded-proto"),
        listed("x-forwarded-scheme"),
        pairs("proto"),
    ]
    .concat();
    let mut hosts = [
        listed("x-forwarded-host"),
        listed("x-original-host"),
        pairs("host"),
        listed("host"),
    ]
    .concat();
    distinct(&mut hosts);
    let ports = listed("x-forwarded-port");
    let prefixes = listed("x-forwarded-prefix");
    let paths = [
        listed("x-forwarded-uri"),
        listed("x-original-uri"),
        listed("x-original-url"),
        vec![delivery.path.as_str().to_owned()],
    ]
    .concat();
    if hosts.is_empty()
        || (schemes.is_empty()
            && hosts.len() == 1
            && ports.is_empty()
            && prefixes.is_empty()
            && paths.len() == 1)
    {
        return Vec::new();
    }
    let scheme = match schemes.first().map(String::as_str) {
        Some("http") => "http",
        _ => "https",
    };
    let mut urls = Vec::new();
    for host in hosts.iter().take(MOST_PROXIES) {
        let (name, _) = split_port(host);
        let with_ports = ports.iter().map(|port| format!("{name}:{port}"));
        for host in std::iter::once(host.clone()).chain(with_ports) {
            for path in &paths {
                for prefix in prefixes.iter().map(String::as_str).chain([""]) {
                    let prefix = prefix.trim_end_matches('/');
                    if path.starts_with('/') {
                        urls.push(format!("{scheme}://{host}{prefix}{path}"));
                    }
                }
            }
        }
    }
    distinct(&mut urls);
    urls
}

/// Splits a host at its port; a colon of an IPv6 address is no such place.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, Some(port)),
        _ => (host, None),
    }
}

/// Variations of a URL, itself first: scheme, port, trailing slash, query, and the path of the request.
fn other_urls(given: &str, requested: &str) -> Vec<String> {
    let Some((scheme, rest)) = given.split_once("://") else {
        return Vec::new();
    };
    let (location, query) = rest
        .split_once('?')
        .map_or((rest, None), |(location, query)| (location, Some(query)));
    let (host, path) = location.split_once('/').unwrap_or((location, ""));
    let (name, _) = split_port(host);
    let other = if scheme == "https" { "http" } else { "https" };
    let path = path.trim_end_matches('/');
    let (asked, asked_query) = requested
        .split_once('?')
        .map_or((requested, None), |(path, query)| (path, Some(query)));
    let mut paths = vec![
        format!("/{path}"),
        format!("/{path}/"),
        asked.trim_end_matches('/').to_owned(),
        format!("{}/", asked.trim_end_matches('/')),
        String::new(),
    ];
    let mut queries: Vec<String> = vec![String::new(), "?".into()];
    for query in [query, asked_query].into_iter().flatten() {
        queries.push(format!("?{query}"));
        let mut parts: Vec<&str> = query.split('&').take(MOST_PARAMETERS).collect();
        parts.sort_unstable();
        queries.push(format!("?{}", parts.join("&")));
        parts.reverse();
        queries.push(format!("?{}", parts.join("&")));
        queries.push(format!("?{}", query.replace("%20", "+")));
        queries.push(format!("?{}", query.replace('+', "%20")));
    }
    distinct(&mut paths);
    // The original query first: most likely only one part of the URL is wrong.
    queries.reverse();
    distinct(&mut queries);
    let mut urls = Vec::new();
    for scheme in [scheme, other] {
        for host in [
            host.to_owned(),
            name.to_owned(),
            format!("{name}:443"),
            format!("{name}:80"),
        ] {
            for path in &paths {
                for query in &queries {
                    urls.push(format!("{scheme}://{host}{path}{query}"));
                }
            }
        }
    }
    distinct(&mut urls);
    urls
}

/// Most query parameters that are sorted; more are an attack, not a mistake.
const MOST_PARAMETERS: usize = 64;

fn distinct(texts: &mut Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
}

/// Headers renamed from CGI form (`HTTP_X_NAME`) to their real names.
pub(crate) fn header_names(case: &Evidence) -> Variants<'_> {
    let real = |name: &HeaderName| -> Option<HeaderName> {
        let plain = name.as_str().replace('_', "-");
        let plain = plain.strip_prefix("http-").unwrap_or(&plain);
        plain.parse().ok()
    };
    let headers = &case.delivery.headers;
    let renamed: Headers = headers
        .iter()
        .map(|(name, value)| (real(name).unwrap_or_else(|| name.clone()), value.clone()))
        .collect();
    let changed = (renamed != *headers).then(|| Variant {
        how: "the names with `-` for `_`, and without `HTTP_`".into(),
        delivery: Some(Delivery {
            headers: renamed,
            ..case.delivery.clone()
        }),
        ..Variant::default()
    });
    Box::new(changed.into_iter())
}

/// Headers that the schemes of the provider read.
fn signature_headers(case: &Evidence) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = schemes(case)
        .flat_map(|scheme| {
            [
                Some(scheme.signature),
                scheme.id,
                scheme.signed_time().map(|(location, _)| location),
            ]
        })
        .flatten()
        .flat_map(|location| location.header_names())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Most values tried of a repeated header.
const MOST_REPEATS: usize = 4;

/// One value for each repeated header: all of the first, of the second, and so on.
pub(crate) fn single_headers(case: &Evidence) -> Variants<'_> {
    let split = |text: &str| -> Vec<String> {
        let parts = text.split(", ").take(MOST_REPEATS);
        parts.map(str::to_owned).collect()
    };
    let repeated: Vec<(&'static str, Vec<String>)> = signature_headers(case)
        .into_iter()
        .filter_map(|name| {
            let values = case.delivery.headers.all(name);
            let values: Vec<String> = values
                .filter_map(|value| value.to_str().ok())
                .flat_map(split)
                .take(MOST_REPEATS)
                .collect();
            (values.len() > 1).then_some((name, values))
        })
        .collect();
    const WHICH: [&str; MOST_REPEATS] = ["first", "second", "third", "fourth"];
    let most = repeated.iter().map(|(_, values)| values.len()).max();
    let variants = WHICH.iter().enumerate().take(most.unwrap_or(0));
    Box::new(variants.map(move |(at, which)| {
        let mut delivery = case.delivery.clone();
        for (name, values) in &repeated {
            let value = values.get(at).or(values.last());
            if let Some(value) = value.and_then(|value| value.parse().ok()) {
                delivery.headers.set(HeaderName::from_static(name), value);
            }
        }
        let names: Vec<String> = repeated
            .iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        Variant {
            how: format!("the {which} of {}", names.join(", ")),
            delivery: Some(delivery),
            ..Variant::default()
        }
    }))
}

/// Name and function of a change that proxies or frameworks make to a signature.
type Change = (&'static str, fn(&str) -> Option<String>);

const CHANGES: &[Change] = &[
    ("without white space around it", |text| {
        Some(text.trim().to_owned())
    }),
    ("without the quotes around it", |text| {
        Some(text.trim().trim_matches(['"', '\'']).to_owned())
    }),
    ("in lower case", |text| Some(text.to_ascii_lowercase())),
    ("with `+` for each space", |text| {
        Some(text.replace(' ', "+"))
    }),
    ("with its escapes decoded", |text| {
        let pair = format!("{}=", text.replace('+', "%2B"));
        let first = form_urlencoded::parse(pair.as_bytes()).next();
        first.map(|(text, _)| text.into_owned())
    }),
    ("in the alphabet of plain base64", |text| {
        Some(text.replace('-', "+").replace('_', "/"))
    }),
    ("with `=` behind it", |text| Some(format!("{text}="))),
    ("with `==` behind it", |text| Some(format!("{text}=="))),
    ("with `sha256=` before it", |text| {
        Some(format!("sha256={text}"))
    }),
    ("with `v0=` before it", |text| Some(format!("v0={text}"))),
    ("with `v1,` before it", |text| Some(format!("v1,{text}"))),
    ("without what stands before its first `=`", |text| {
        text.split_once('=').map(|(_, rest)| rest.to_owned())
    }),
];

/// The signature with such a change undone.
pub(crate) fn signature_texts(case: &Evidence) -> Variants<'_> {
    let document = Document::of(&case.delivery).ok();
    let places: Vec<(Location, String)> = schemes(case)
        .filter_map(|scheme| {
            let location = scheme.signature;
            let text = location.read(&case.delivery, document.as_ref()).ok()??;
            Some((location, text.into_owned()))
        })
        .collect();
    Box::new(places.into_iter().flat_map(move |(location, text)| {
        CHANGES.iter().filter_map(move |(how, change)| {
            let changed = change(&text).filter(|changed| *changed != text)?;
            let mut delivery = case.delivery.clone();
            location.write(&mut delivery, &changed).ok()?;
            Some(Variant {
                how: format!("the signature {how}"),
                delivery: Some(delivery),
                ..Variant::default()
            })
        })
    }))
}

/// Id, timestamp, signature or combinations of them taken from a delivery near this one.
pub(crate) fn neighbours(case: &Evidence) -> Variants<'_> {
    let near = case.neighbours.iter();
    let near = near.filter(|(_, other)| other.body.len() <= LONGEST_NEIGHBOUR);
    Box::new(near.flat_map(move |(name, other)| {
        schemes(case).flat_map(move |scheme| exchanged(case, scheme, name, other))
    }))
}

fn exchanged(
    case: &Evidence,
    scheme: &'static Scheme,
    name: &str,
    other: &Delivery,
) -> Vec<Variant> {
    let document = Document::of(other).ok();
    let id = scheme.id.map(|location| ("id", location));
    let time = scheme
        .signed_time()
        .map(|(location, _)| ("timestamp", location))
        .filter(|(_, location)| !matches!(location, Location::Own(_)));
    let signature = Some(("signature", scheme.signature));
    let mut variants: Vec<Variant> = Vec::new();
    for parts in [
        vec![id],
        vec![time],
        vec![signature],
        vec![id, time],
        vec![id, signature],
        vec![time, signature],
        vec![id, time, signature],
    ] {
        let parts: Option<Vec<(&str, Location)>> = parts.into_iter().collect();
        let Some(parts) = parts else { continue };
        let mut delivery = case.delivery.clone();
        let taken = parts.iter().all(|(_, location)| {
            let Ok(Some(value)) = location.read(other, document.as_ref()) else {
                return false;
            };
            location.write(&mut delivery, &value).is_ok()
        });
        if taken && delivery != case.delivery {
            let words: Vec<&str> = parts.iter().map(|(word, _)| *word).collect();
            variants.push(Variant {
                how: format!("the {} of {name}", words.join(" and ")),
                delivery: Some(delivery),
                ..Variant::default()
            });
        }
    }
    variants
}
