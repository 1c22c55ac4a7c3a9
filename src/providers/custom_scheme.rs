//! HMAC schemes described by the user with `--scheme`, for services that are not in the catalogue:
//! `hmac-sha256:header=X-Signature,prefix=sha256=,signed={timestamp}.{body},timestamp=X-Timestamp`.

use http::HeaderName;

use crate::error::{Error, Result};
use crate::providers::provider::{Provider, SIGNER};
use crate::webhook::{Algorithm, Encoding, KeyForm, Location, Part, Scheme, TimestampFormat};

/// Algorithm names, before the colon.
const ALGORITHMS: [(&str, Algorithm); 4] = [
    ("hmac-sha1", Algorithm::HmacSha1),
    ("hmac-sha256", Algorithm::HmacSha256),
    ("hmac-sha384", Algorithm::HmacSha384),
    ("hmac-sha512", Algorithm::HmacSha512),
];

/// Setting names, after the colon.
const NAMES: [&str; 8] = [
    "header",
    "encoding",
    "prefix",
    "signed",
    "timestamp",
    "unit",
    "id",
    "key",
];

/// True if a scheme name is a description (`hmac-…`) and no name of the catalogue.
pub fn is_spelled(text: &str) -> bool {
    text.starts_with("hmac-")
}

/// Builds a scheme from its description. It is leaked on purpose: it is in use until the program ends, and thus has the
/// `'static` lifetime of the built-in schemes.
pub fn spelled(text: &str) -> Result<&'static Provider> {
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let Some((name, algorithm)) = ALGORITHMS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = ALGORITHMS.iter().map(|(name, _)| *name).collect();
        return Err(Error::usage(format!("unknown scheme `{name}`"))
            .hint(format!("of this sort there are {}", known.join(", "))));
    };
    let said = Said::read(rest)?;
    let header = said.field("header")?.ok_or_else(|| {
        wrong("the header that holds the signature is not said").hint(format!(
            "`{name}:header=X-Signature`, and behind a comma each what differs: `encoding=base64`, `prefix=sha256=`, \
             `signed={{timestamp}}.{{body}}`, `timestamp=X-Timestamp`, `unit=ms`, `id=X-Id`, `key=hex`"
        ))
    })?;
    let encoding = said.one_of(
        "encoding",
        &[
            ("hex", &Encoding::AnyHex),
            ("base64", &Encoding::Base64),
            ("base64url", &Encoding::Base64Url),
        ],
    )?;
    let time = said.one_of(
        "unit",
        &[
            ("s", TimestampFormat::Seconds),
            ("ms", TimestampFormat::Millis),
            ("rfc3339", TimestampFormat::Rfc3339(0)),
        ],
    )?;
    let key = said.one_of(
        "key",
        &[
            ("text", KeyForm::Text),
            ("hex", KeyForm::Hex),
            ("base64", KeyForm::Base64),
        ],
    )?;
    let id = said.field("id")?.map(Location::Header);
    let timestamp = said
        .field("timestamp")?
        .map(|name| (Location::Header(name), time));
    let signed = parts(said.get("signed").unwrap_or("{body}"))?;
    let signs = |wanted: &dyn Fn(&Part) -> bool| signed.iter().any(wanted);
    let with_id = signs(&|part| matches!(part, Part::Id));
    let with_time = signs(&|part| matches!(part, Part::Timestamp));
    for (name, is_signed, location) in [
        ("timestamp", with_time, timestamp.is_some()),
        ("id", with_id, id.is_some()),
    ] {
        if is_signed != location {
            let why = if is_signed {
                format!("`{{{name}}}` is signed, and its header is not said")
            } else {
                format!("`{name}` has a header, and is not signed")
            };
            return Err(wrong(&why).hint(format!(
                "`{name}=HEADER` goes with `{{{name}}}` in `signed=`"
            )));
        }
    }
    let uncovered = if !signs(&|part| matches!(part, Part::Body)) {
        Some("the body is not covered by this signature")
    } else if with_time {
        None
    } else {
        Some("the scheme has no timestamp: an old delivery verifies as well")
    };
    let scheme = Scheme {
        name,
        algorithm: *algorithm,
        key,
        id,
        timestamp,
        signed: signed.leak(),
        signature: Location::Header(header),
        encoding: match said.get("prefix") {
            Some(prefix) if !prefix.is_empty() => Encoding::After(keep_text(prefix), encoding),
            _ => *encoding,
        },
        fresh: &[],
        tolerance: 300,
        uncovered,
        guard: None,
    };
    let test_secret = match key {
        KeyForm::Hex => "776562686f6f6b2d636c692d7075626c69632d746573742d6b6579",
        KeyForm::Base64 => "d2ViaG9vay1jbGktcHVibGljLXRlc3Qta2V5",
        _ => "webhook-cli-public-test-key",
    };
    Ok(keep(Provider {
        name,
        title: name,
        schemes: Box::leak(Box::new([keep(scheme)])),
        test_secret,
        test_public: test_secret,
        ..SIGNER
    }))
}

/// Settings after the colon, as pairs of name and value.
struct Said<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Said<'a> {
    /// Parses the settings. A comma ends a value only where a setting name follows, because prefixes and templates
    /// contain commas and `=` too.
    fn read(text: &'a str) -> Result<Said<'a>> {
        let mut said: Vec<(&str, &str)> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let Some((name, value)) = rest
                .split_once('=')
                .filter(|(name, _)| NAMES.contains(name))
            else {
                let name = rest.split(['=', ',']).next().unwrap_or_default();
                return Err(
                    wrong(&format!("`{name}` is nothing that can be said of it"))
                        .hint(format!("there are {}", NAMES.join(", "))),
                );
            };
            if said.iter().any(|(other, _)| *other == name) {
                return Err(wrong(&format!("`{name}` is said twice")));
            }
            let ends = |(at, _): &(usize, &str)| {
                let next = value.get(at + 1..).and_then(|next| next.split_once('='));
                next.is_some_and(|(name, _)| NAMES.contains(&name))
            };
            let end = value.match_indices(',').find(ends).map(|(at, _)| at);
            said.push((
                name,
                value.get(..end.unwrap_or(value.len())).unwrap_or(value),
            ));
            rest = end.and_then(|end| value.get(end + 1..)).unwrap_or_default();
        }
        Ok(Said(said))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| *value)
    }

    /// The value of a setting that must be a header name.
    fn field(&self, name: &str) -> Result<Option<&'static str>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let field: HeaderName = value
            .parse()
            .map_err(|_| wrong(&format!("`{value}` is no name of a header")))?;
        Ok(Some(keep_text(field.as_str())))
    }

    /// The choice that the value of a setting names; the first of `words` if the setting is missing.
    fn one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<T> {
        let said = self.get(name);
        let mut fitting = words
            .iter()
            .filter(|(word, _)| said.is_none_or(|said| said == *word));
        fitting.next().map(|(_, it)| *it).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let said = said.unwrap_or_default();
            wrong(&format!("`{said}` is no {name}")).hint(format!("there are {}", known.join(", ")))
        })
    }
}

/// Parses a `signed=` template such as `{timestamp}.{body}`; `
/// ` is a line feed.
fn parts(template: &str) -> Result<Vec<Part>> {
    const PARTS: [(&str, Part); 6] = [
        ("body", Part::Body),
        ("timestamp", Part::Timestamp),
        ("id", Part::Id),
        ("method", Part::Method),
        ("url", Part::Url),
        ("path", Part::Path),
    ];
    let mut parts = Vec::new();
    let text = |parts: &mut Vec<Part>, plain: &str| {
        if !plain.is_empty() {
            parts.push(Part::Text(keep_text(&plain.replace("\\n", "\n"))));
        }
    };
    let mut rest = template;
    while let Some((plain, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| wrong("a `{` in `signed=` is not closed"))?;
        let part = PARTS.iter().find(|(known, _)| *known == name);
        let (_, part) = part.ok_or_else(|| {
            wrong(&format!("`{{{name}}}` is nothing that can be signed")).hint(
                "there are {body}, {timestamp}, {id}, {method}, {url} and {path} (with its query)",
            )
        })?;
        text(&mut parts, plain);
        parts.push(*part);
        rest = after;
    }
    text(&mut parts, rest);
    Ok(parts)
}

fn wrong(why: &str) -> Error {
    Error::usage(format!("the scheme is not well described: {why}"))
}

fn keep<T>(it: T) -> &'static T {
    Box::leak(Box::new(it))
}

fn keep_text(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Said, spelled};

    #[test]
    fn values_hold_commas_and_equals_signs() {
        let said = Said::read("prefix=v1,,signed=a,b={body},header=X-Sig").unwrap();
        assert_eq!(
            said.0,
            [
                ("prefix", "v1,"),
                ("signed", "a,b={body}"),
                ("header", "X-Sig")
            ]
        );
    }

    #[test]
    fn what_is_not_well_described_says_why() {
        for (text, why) in [
            ("hmac-md5:header=X", "unknown scheme `hmac-md5`"),
            ("hmac-sha256", "the header that holds the signature"),
            ("hmac-sha256:header=X Y", "`X Y` is no name of a header"),
            ("hmac-sha256:header=X,header=Y", "`header` is said twice"),
            ("hmac-sha256:heder=X", "`heder` is nothing"),
            ("hmac-sha256:header=X,encoding=b64", "`b64` is no encoding"),
            ("hmac-sha256:header=X,signed={time}", "`{time}` is nothing"),
            ("hmac-sha256:header=X,signed={body", "is not closed"),
            (
                "hmac-sha256:header=X,signed={timestamp}{body}",
                "its header is not said",
            ),
            ("hmac-sha256:header=X,id=X-Id", "is not signed"),
        ] {
            let error = spelled(text).map(|it| it.name).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
