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

/// Values of `encoding`; the first is the default, as in the tables below.
const ENCODINGS: [(&str, &Encoding); 3] = [
    ("hex", &Encoding::AnyHex),
    ("base64", &Encoding::Base64),
    ("base64url", &Encoding::Base64Url),
];

/// Values of `unit`.
const UNITS: [(&str, TimestampFormat); 3] = [
    ("s", TimestampFormat::Seconds),
    ("ms", TimestampFormat::Millis),
    ("rfc3339", TimestampFormat::Rfc3339(0)),
];

/// Values of `key`.
const KEY_FORMS: [(&str, KeyForm); 3] = [
    ("text", KeyForm::Text),
    ("hex", KeyForm::Hex),
    ("base64", KeyForm::Base64),
];

/// True if a scheme name is a description (`hmac-…`) and no name of the catalogue.
pub fn is_custom_scheme(text: &str) -> bool {
    text.starts_with("hmac-")
}

/// Builds a scheme from its description. It is leaked on purpose: it is in use until the program ends, and thus has the
/// `'static` lifetime of the built-in schemes.
pub fn custom_scheme(text: &str) -> Result<&'static Provider> {
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let Some((name, algorithm)) = ALGORITHMS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = ALGORITHMS.iter().map(|(name, _)| *name).collect();
        return Err(Error::usage(format!("unknown scheme `{name}`"))
            .hint(format!("known algorithms: {}", known.join(", "))));
    };
    let settings = SchemeSettings::read(rest)?;
    let header = settings.header("header")?.ok_or_else(|| {
        invalid("the header of the signature is missing").hint(format!(
            "`{name}:header=X-Signature`; more settings follow after commas: `encoding=base64`, `prefix=sha256=`, \
             `signed={{timestamp}}.{{body}}`, `timestamp=X-Timestamp`, `unit=ms`, `id=X-Id`, `key=hex`"
        ))
    })?;
    let id = settings.header("id")?;
    let timestamp = settings.header("timestamp")?;
    let time_format = settings.one_of("unit", &UNITS)?;
    let key = settings.one_of("key", &KEY_FORMS)?;
    let signed = parts(settings.get("signed").unwrap_or("{body}"))?;
    let signs_time = signed.iter().any(|part| matches!(part, Part::Timestamp));
    let signs_id = signed.iter().any(|part| matches!(part, Part::Id));
    fits("timestamp", timestamp, signs_time)?;
    fits("id", id, signs_id)?;
    let scheme = Scheme {
        name,
        algorithm: *algorithm,
        key,
        id: id.map(Location::Header),
        timestamp: timestamp.map(|name| (Location::Header(name), time_format)),
        uncovered: uncovered(&signed),
        signed: signed.leak(),
        signature: Location::Header(header),
        encoding: settings.encoding()?,
        fresh: &[],
        tolerance: 300,
        guard: None,
    };
    let test_secret = test_secret(key);
    Ok(keep(Provider {
        name,
        title: name,
        schemes: Box::leak(Box::new([keep(scheme)])),
        test_secret,
        test_public: test_secret,
        ..SIGNER
    }))
}

/// Checks that a header is given for an id or a timestamp exactly if it is signed.
fn fits(name: &str, header: Option<&str>, is_signed: bool) -> Result<()> {
    let why = match (header, is_signed) {
        (None, true) => format!("`{{{name}}}` is signed, but its header is missing"),
        (Some(_), false) => format!("`{name}` has a header, but is not signed"),
        (Some(_), true) | (None, false) => return Ok(()),
    };
    Err(invalid(&why).hint(format!(
        "use `{name}=HEADER` together with `{{{name}}}` in `signed=`"
    )))
}

/// Note on what the signature does not cover.
fn uncovered(signed: &[Part]) -> Option<&'static str> {
    let signs_body = signed.iter().any(|part| matches!(part, Part::Body));
    let signs_time = signed.iter().any(|part| matches!(part, Part::Timestamp));
    match (signs_body, signs_time) {
        (false, _) => Some("the body is not covered by this signature"),
        (true, false) => Some("the scheme has no timestamp: an old delivery verifies as well"),
        (true, true) => None,
    }
}

/// Public test key as a secret in this form.
fn test_secret(form: KeyForm) -> &'static str {
    match form {
        KeyForm::Hex => "776562686f6f6b2d636c692d7075626c69632d746573742d6b6579",
        KeyForm::Base64 => "d2ViaG9vay1jbGktcHVibGljLXRlc3Qta2V5",
        _ => "webhook-cli-public-test-key",
    }
}

/// Settings after the colon, as pairs of name and value.
struct SchemeSettings<'a>(Vec<(&'a str, &'a str)>);

impl<'a> SchemeSettings<'a> {
    /// Parses the settings. A comma ends a value only where a setting name follows, because prefixes and templates
    /// contain commas and `=` too.
    fn read(text: &'a str) -> Result<SchemeSettings<'a>> {
        let mut settings: Vec<(&str, &str)> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let Some((name, value)) = rest
                .split_once('=')
                .filter(|(name, _)| NAMES.contains(name))
            else {
                let name = rest.split(['=', ',']).next().unwrap_or_default();
                return Err(invalid(&format!("unknown setting `{name}`"))
                    .hint(format!("settings: {}", NAMES.join(", "))));
            };
            if settings.iter().any(|(other, _)| *other == name) {
                return Err(invalid(&format!("`{name}` is given twice")));
            }
            let ends = |(at, _): &(usize, &str)| {
                let next = value.get(at + 1..).and_then(|next| next.split_once('='));
                next.is_some_and(|(name, _)| NAMES.contains(&name))
            };
            let end = value.match_indices(',').find(ends).map(|(at, _)| at);
            let whole = value.get(..end.unwrap_or(value.len()));
            settings.push((name, whole.unwrap_or(value)));
            rest = end.and_then(|end| value.get(end + 1..)).unwrap_or_default();
        }
        Ok(SchemeSettings(settings))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| *value)
    }

    /// The value of a setting that must be a header name.
    fn header(&self, name: &str) -> Result<Option<&'static str>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let header: HeaderName = value
            .parse()
            .map_err(|_| invalid(&format!("`{value}` is not a valid header name")))?;
        Ok(Some(keep_text(header.as_str())))
    }

    /// Encoding of the signature, with its prefix.
    fn encoding(&self) -> Result<Encoding> {
        let encoding = self.one_of("encoding", &ENCODINGS)?;
        Ok(match self.get("prefix") {
            Some(prefix) if !prefix.is_empty() => Encoding::After(keep_text(prefix), encoding),
            _ => *encoding,
        })
    }

    /// The choice that the value of a setting names; the first of `choices` if the setting is missing.
    fn one_of<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T> {
        let given = self.get(name);
        let mut fitting = choices
            .iter()
            .filter(|(choice, _)| given.is_none_or(|given| given == *choice));
        fitting.next().map(|(_, it)| *it).ok_or_else(|| {
            let known: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
            let given = given.unwrap_or_default();
            invalid(&format!("unknown {name} `{given}`"))
                .hint(format!("known values: {}", known.join(", ")))
        })
    }
}

/// Parses a `signed=` template such as `{timestamp}.{body}`; `\n` is a line feed.
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
            .ok_or_else(|| invalid("a `{` in `signed=` is not closed"))?;
        let part = PARTS.iter().find(|(known, _)| *known == name);
        let (_, part) = part.ok_or_else(|| {
            invalid(&format!("unknown part `{{{name}}}` in `signed=`")).hint(
                "known parts: {body}, {timestamp}, {id}, {method}, {url} and {path} (with its query)",
            )
        })?;
        text(&mut parts, plain);
        parts.push(*part);
        rest = after;
    }
    text(&mut parts, rest);
    Ok(parts)
}

fn invalid(why: &str) -> Error {
    Error::usage(format!("invalid scheme description: {why}"))
}

fn keep<T>(it: T) -> &'static T {
    Box::leak(Box::new(it))
}

fn keep_text(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{SchemeSettings, custom_scheme};

    #[test]
    fn values_hold_commas_and_equals_signs() {
        let settings = SchemeSettings::read("prefix=v1,,signed=a,b={body},header=X-Sig").unwrap();
        assert_eq!(
            settings.0,
            [
                ("prefix", "v1,"),
                ("signed", "a,b={body}"),
                ("header", "X-Sig")
            ]
        );
    }

    #[test]
    fn an_invalid_description_says_why() {
        for (text, why) in [
            ("hmac-md5:header=X", "unknown scheme `hmac-md5`"),
            ("hmac-sha256", "the header of the signature is missing"),
            ("hmac-sha256:header=X Y", "`X Y` is not a valid header name"),
            ("hmac-sha256:header=X,header=Y", "`header` is given twice"),
            ("hmac-sha256:heder=X", "unknown setting `heder`"),
            (
                "hmac-sha256:header=X,encoding=b64",
                "unknown encoding `b64`",
            ),
            (
                "hmac-sha256:header=X,signed={time}",
                "unknown part `{time}`",
            ),
            ("hmac-sha256:header=X,signed={body", "is not closed"),
            (
                "hmac-sha256:header=X,signed={timestamp}{body}",
                "its header is missing",
            ),
            ("hmac-sha256:header=X,id=X-Id", "is not signed"),
        ] {
            let error = custom_scheme(text)
                .map(|it| it.name)
                .unwrap_err()
                .to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
