//! HTTP Message Signatures (RFC 9421): the sender lists in `Signature-Input` the parts of the request that it signs. A
//! request may have several signatures, each with a label; one valid signature is enough. The body is covered through
//! its digest (RFC 9530), if at all.
//! <https://www.rfc-editor.org/rfc/rfc9421>

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use sha2::{Digest, Sha256, Sha512};

use crate::providers::provider::{Provider, SIGNER, Signal};
use crate::providers::signature_input::{Component, MOST_LABELS, SignatureInput, input, members};
use crate::webhook::{
    Algorithm, CustomLocation, Delivery, Document, Encoding, KeyForm, Location, Part, Scheme,
    TimestampFormat, VerifyOptions,
};

static WITH_BODY: Scheme = Scheme {
    guard: Some(digest_holds),
    uncovered: None,
    ..SIGNATURE_BASE
};

static WITHOUT_BODY: Scheme = Scheme {
    guard: Some(no_digest_is_covered),
    uncovered: Some("the body is not covered: a changed one verifies as well"),
    ..SIGNATURE_BASE
};

const SIGNATURE_BASE: Scheme = Scheme {
    name: "rfc9421",
    algorithm: Algorithm::ByKey,
    key: KeyForm::Any,
    id: None,
    timestamp: Some((
        Location::Own(&CREATED),
        TimestampFormat::IfAny(&TimestampFormat::AgeOnly(&TimestampFormat::Seconds)),
    )),
    signed: &[Part::Of(signature_base)],
    signature: Location::Own(&SIGNATURE),
    encoding: Encoding::Base64,
    fresh: &[],
    // The sender limits the time, by `expires`.
    tolerance: u32::MAX as u64,
    uncovered: None,
    guard: None,
};

/// Any sender that signs by RFC 9421.
pub static PROVIDER: Provider = Provider {
    name: "rfc9421",
    title: "HTTP Message Signatures",
    docs: "https://www.rfc-editor.org/rfc/rfc9421",
    signals: &[Signal::Header("signature-input")],
    schemes: &[&WITH_BODY, &WITHOUT_BODY],
    test_secret: "d2ViaG9vay1jbGkgcHVibGljIHRlc3Qga2V5IG9mIHJmYzk0MjE=",
    test_public: "d2ViaG9vay1jbGkgcHVibGljIHRlc3Qga2V5IG9mIHJmYzk0MjE=",
    ..SIGNER
};

/// Location of the first signature, as base64.
static SIGNATURE: CustomLocation = CustomLocation {
    name: "header `signature`",
    read: |delivery| {
        let text = joined(delivery, "signature");
        Ok(members(&text)?.first().map(|member| {
            let value = member.value.strip_prefix(':');
            let end = value.and_then(|value| value.split_once(':'));
            Cow::Owned(end.map_or(member.value, |(base64, _)| base64).to_owned())
        }))
    },
    write: |delivery, base64| {
        let inputs = joined(delivery, "signature-input");
        let inputs = members(&inputs)?;
        let label = inputs.first().map_or(LABEL, |input| input.label);
        set(delivery, "signature", &format!("{label}=:{base64}:"))
    },
    remove: |delivery| delivery.headers.remove("signature"),
    each: Some(each),
};

/// Location of the `created` parameter. Writing it renews `Signature-Input`, or creates it if it is missing.
static CREATED: CustomLocation = CustomLocation {
    name: "`created` in header `signature-input`",
    read: |delivery| {
        let text = joined(delivery, "signature-input");
        let input = input(&text)?;
        Ok(input
            .parameter("created")
            .map(|value| Cow::Owned(value.to_owned())))
    },
    write: renew,
    remove: |delivery| delivery.headers.remove("signature-input"),
    each: None,
};

/// Label of the signatures that `send` makes.
const LABEL: &str = "sig1";

/// Seconds for which a signature made by `send` is valid.
const VALID: i64 = 300;

/// Seconds that `created` may be in the future, for a slow clock.
const AHEAD: i64 = 300;

/// Signature base (RFC 9421, section 2.5): a line for each covered component, then the signature parameters.
fn signature_base(delivery: &Delivery, url: &str) -> Result<Vec<u8>, String> {
    let text = joined(delivery, "signature-input");
    let input = input(&text)?;
    let mut base = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for part in &input.parts {
        if seen.contains(&part.text) {
            return Err(format!("the signature covers `{}` twice", part.name));
        }
        seen.push(part.text);
        base.extend_from_slice(part.text.as_bytes());
        base.extend_from_slice(b": ");
        base.extend(component_value(part, delivery, url)?);
        base.push(b'\n');
    }
    base.extend_from_slice(b"\"@signature-params\": ");
    base.extend_from_slice(input.text.as_bytes());
    Ok(base)
}

/// Guard: `content-digest` must be covered, and be the digest of this body.
fn digest_holds(
    delivery: &Delivery,
    _: &Document,
    verify_options: &VerifyOptions,
) -> Result<(), String> {
    let text = joined(delivery, "signature-input");
    let input = input(&text)?;
    is_current(&input, verify_options)?;
    if !input.covers_body() {
        return Err("the signature does not cover `content-digest`".into());
    }
    let digests = joined(delivery, "content-digest");
    let mut known = false;
    for member in members(&digests)? {
        let wanted = match member.label {
            "sha-256" => STANDARD.encode(Sha256::digest(&delivery.body)),
            "sha-512" => STANDARD.encode(Sha512::digest(&delivery.body)),
            _ => continue,
        };
        known = true;
        if member.value != format!(":{wanted}:") {
            return Err("header `content-digest` is not the digest of this body".into());
        }
    }
    if known {
        Ok(())
    } else {
        Err("header `content-digest` has neither `sha-256` nor `sha-512`".into())
    }
}

/// Guard of the scheme without digest: rejects a signature that covers `content-digest`.
fn no_digest_is_covered(
    delivery: &Delivery,
    _: &Document,
    verify_options: &VerifyOptions,
) -> Result<(), String> {
    let text = joined(delivery, "signature-input");
    let input = input(&text)?;
    is_current(&input, verify_options)?;
    if input.covers_body() {
        return Err("header `content-digest` is not the digest of this body".into());
    }
    Ok(())
}

fn is_current(input: &SignatureInput, verify_options: &VerifyOptions) -> Result<(), String> {
    let now = verify_options.now.as_second();
    let time = |name: &str| match input.parameter(name) {
        None => Ok(None),
        Some(text) => TimestampFormat::Seconds
            .read(text)
            .map(|time| Some(time.as_second()))
            .ok_or_else(|| {
                format!("`{name}` in header `signature-input` is not a valid timestamp")
            }),
    };
    if let Some(created) = time("created")?.filter(|created| *created > now + AHEAD) {
        return Err(format!(
            "the timestamp is {} s ahead; at most {AHEAD} s are allowed",
            created - now
        ));
    }
    match time("expires")?.filter(|expires| *expires < now) {
        Some(expires) => Err(format!("the signature expired {} s ago", now - expires)),
        None => Ok(()),
    }
}

/// Splits a delivery with several signatures into one delivery for each label.
fn each(delivery: &Delivery) -> Vec<Delivery> {
    let inputs = joined(delivery, "signature-input");
    let signatures = joined(delivery, "signature");
    let (Ok(inputs), Ok(signatures)) = (members(&inputs), members(&signatures)) else {
        return Vec::new();
    };
    if signatures.len() < 2 {
        return Vec::new();
    }
    let pairs = signatures.iter().filter_map(|signature| {
        let mut named = inputs.iter().filter(|input| input.label == signature.label);
        let input = named.next().filter(|_| named.next().is_none())?;
        let mut one = delivery.clone();
        set(&mut one, "signature-input", input.whole).ok()?;
        set(&mut one, "signature", signature.whole).ok()?;
        Some(one)
    });
    pairs.take(MOST_LABELS).collect()
}

/// Rewrites `Signature-Input` for another time: the same components, and `expires` moved by as much as `created`.
fn renew(delivery: &mut Delivery, created: &str) -> Result<(), String> {
    let old = joined(delivery, "signature-input");
    let input = input(&old).ok();
    let new = match &input {
        Some(input) => renewed(input, created),
        None => first_input(delivery, created),
    };
    if input.as_ref().is_none_or(SignatureInput::covers_body) {
        let digest = STANDARD.encode(Sha256::digest(&delivery.body));
        set(delivery, "content-digest", &format!("sha-256=:{digest}:"))?;
    }
    set(delivery, "signature-input", &new)
}

/// `Signature-Input` with another `created`, and `expires` moved with it.
fn renewed(input: &SignatureInput, created: &str) -> String {
    let time = |name| {
        let value: &str = input.parameter(name)?;
        value.parse::<i64>().ok()
    };
    let moved = time("expires")
        .zip(time("created"))
        .zip(created.parse::<i64>().ok())
        .and_then(|((expires, old), new)| new.checked_add(expires.checked_sub(old)?));
    let mut parameters = format!(";created={created}");
    for (name, value) in &input.parameters {
        match (*name, moved) {
            ("created", _) => {}
            ("expires", Some(moved)) => parameters += &format!(";expires={moved}"),
            ("expires", None) => {}
            (name, _) if value.is_empty() => parameters += &format!(";{name}"),
            (name, _) => parameters += &format!(";{name}={value}"),
        }
    }
    let parts: Vec<&str> = input.parts.iter().map(|part| part.text).collect();
    format!("{}=({}){parameters}", input.label, parts.join(" "))
}

/// `Signature-Input` of a delivery that has none.
fn first_input(delivery: &Delivery, created: &str) -> String {
    let has_type = delivery.headers.get("content-type").is_some();
    let mut parts = vec!["\"@method\"", "\"@target-uri\"", "\"content-digest\""];
    parts.extend(has_type.then_some("\"content-type\""));
    let expires = created.parse::<i64>().map_or(0, |at| at + VALID);
    let parts = parts.join(" ");
    format!("{LABEL}=({parts});created={created};expires={expires};keyid=\"webhook-cli\"")
}

/// Value of a component in the signature base (RFC 9421, section 2).
fn component_value(
    component: &Component,
    delivery: &Delivery,
    url: &str,
) -> Result<Vec<u8>, String> {
    let text = match (component.name, component.parameters.as_slice()) {
        ("@method", []) => delivery.method.as_str().into(),
        ("@target-uri", []) => url.into(),
        ("@authority", []) => authority(url),
        ("@scheme", []) => Cow::Owned(scheme(url).to_ascii_lowercase()),
        ("@request-target", []) => delivery.path.as_str().into(),
        ("@path", []) => {
            let path = path(url);
            Cow::Owned(path.split('?').next().unwrap_or_default().to_owned())
        }
        ("@query", []) => match path(url).split_once('?') {
            Some((_, query)) => Cow::Owned(format!("?{query}")),
            None => "?".into(),
        },
        ("@query-param", [("name", name)]) => Cow::Owned(query_parameter(url, name)?),
        (name, []) if !name.starts_with('@') => {
            return field(delivery, name, |value| value.to_vec());
        }
        (name, [("bs", "")]) if !name.starts_with('@') => {
            return field(delivery, name, |value| {
                format!(":{}:", STANDARD.encode(value)).into_bytes()
            });
        }
        _ => {
            return Err(format!(
                "the signature covers `{}`, which is not supported",
                component.text
            ));
        }
    };
    Ok(text.into_owned().into_bytes())
}

/// Values of a header, joined by commas.
fn field(
    delivery: &Delivery,
    name: &str,
    write: impl Fn(&[u8]) -> Vec<u8>,
) -> Result<Vec<u8>, String> {
    let values: Vec<Vec<u8>> = delivery
        .headers
        .all(name)
        .map(|value| write(value.as_bytes().trim_ascii()))
        .collect();
    if values.is_empty() {
        return Err(format!(
            "no signature: header `{name}`, which it covers, is missing"
        ));
    }
    Ok(values.join(&b", "[..]))
}

fn scheme(url: &str) -> &str {
    url.split_once("://").map_or("", |(scheme, _)| scheme)
}

/// Host and port in lower case, without the default port of the scheme.
fn authority(url: &str) -> Cow<'_, str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let default = match scheme(url) {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let bare = Some(host).filter(|_| !default.is_empty());
    let bare = bare.and_then(|host| host.strip_suffix(default));
    Cow::Owned(bare.unwrap_or(host).to_ascii_lowercase())
}

/// Path and query of a URL.
fn path(url: &str) -> Cow<'_, str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.find(['/', '?']).and_then(|at| rest.get(at..)) {
        Some(query) if query.starts_with('?') => Cow::Owned(format!("/{query}")),
        Some(path) => path.into(),
        None => "/".into(),
    }
}

/// The only query parameter of this name, percent-encoded as the RFC requires; an error if it is repeated.
fn query_parameter(url: &str, name: &str) -> Result<String, String> {
    let plain = |text: &str| {
        let pair = format!("{text}=");
        let first = form_urlencoded::parse(pair.as_bytes()).next();
        first.map(|(name, _)| name.into_owned()).unwrap_or_default()
    };
    let name = plain(name.trim_matches('"'));
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(at, _)| *at == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) => {
            let escaped: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            Ok(escaped.replace('+', "%20"))
        }
        (None, _) => Err(format!(
            "the URL has no parameter `{name}`, which is signed"
        )),
        (Some(_), Some(_)) => Err(format!("the URL has the parameter `{name}` more than once")),
    }
}

/// All header fields of this name, joined into one text.
fn joined(delivery: &Delivery, name: &str) -> String {
    let values = delivery.headers.all(name);
    let texts: Vec<Cow<str>> = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    texts.join(", ")
}

fn set(delivery: &mut Delivery, name: &'static str, value: &str) -> Result<(), String> {
    let value =
        HeaderValue::from_str(value).map_err(|_| format!("`{name}` cannot hold its value"))?;
    delivery.headers.set(HeaderName::from_static(name), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{PROVIDER, members, query_parameter, signature_base};
    use crate::webhook::{
        Delivery, Key, KeyForm, Rng, Secret, Signature, SigningContext, Verdict, VerifyOptions,
    };

    const URL: &str = "https://Example.com:443/in?Pet=dog&x=a+b&x%20y=%7E";

    fn delivery(fields: &[(&'static str, &str)]) -> Delivery {
        Delivery {
            method: http::Method::POST,
            path: "/in?Pet=dog&x=a+b&x%20y=%7E".parse().unwrap(),
            headers: fields
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect(),
            body: "{\"a\":1}".into(),
        }
    }

    fn key(text: &str) -> Key {
        KeyForm::Any.key(&Secret::new(text)).unwrap()
    }

    fn sign(delivery: &mut Delivery, key: &Key, at: &str) {
        let context = &mut SigningContext {
            at: at.parse().unwrap(),
            url: URL,
            rng: &mut Rng::seeded(1),
        };
        PROVIDER.schemes[0].sign(delivery, key, context).unwrap();
    }

    fn judged(delivery: &Delivery, key: &Key, now: &str) -> Signature {
        let verify_options = VerifyOptions {
            now: now.parse().unwrap(),
            tolerance: None,
            public_url: Some(URL.into()),
            topics: Vec::new(),
        };
        let keys = [key.clone()];
        let verdicts = PROVIDER
            .schemes
            .iter()
            .map(|scheme| scheme.verify(delivery, None, &keys, || None, &verify_options));
        let verdicts: Vec<Signature> = verdicts.collect();
        verdicts
            .iter()
            .find(|it| it.verdict.holds())
            .unwrap_or(&verdicts[0])
            .clone()
    }

    const NOW: &str = "2026-09-21T14:13:20Z";

    #[test]
    fn each_part_of_a_request_stands_as_the_rfc_says() {
        let input = "a=(\"@method\" \"@authority\" \"@scheme\" \"@path\" \"@query\" \"@request-target\" \
                     \"@query-param\";name=\"Pet\" \"@query-param\";name=\"x%20y\" \"x-a\" \"x-a\";bs);created=1;tag=\"q\\\"\"";
        let delivery = delivery(&[("signature-input", input), ("x-a", " 1 "), ("x-a", "2")]);
        let base = String::from_utf8(signature_base(&delivery, URL).unwrap()).unwrap();
        let signed = input.strip_prefix("a=").unwrap();
        assert_eq!(
            base,
            format!(
                "\"@method\": POST\n\"@authority\": example.com\n\"@scheme\": https\n\"@path\": /in\n\
                 \"@query\": ?Pet=dog&x=a+b&x%20y=%7E\n\"@request-target\": /in?Pet=dog&x=a+b&x%20y=%7E\n\
                 \"@query-param\";name=\"Pet\": dog\n\"@query-param\";name=\"x%20y\": %7E\n\
                 \"x-a\": 1, 2\n\"x-a\";bs: :MQ==:, :Mg==:\n\"@signature-params\": {signed}"
            )
        );
        assert_eq!(query_parameter(URL, "\"x\"").unwrap(), "a%20b");
        assert!(query_parameter("https://a/?x=1&x=2", "\"x\"").is_err());
    }

    #[test]
    fn what_cannot_be_checked_is_said_and_refused() {
        for (input, said) in [
            ("a=(\"x-none\")", "`x-none`, which it covers, is missing"),
            ("a=(\"@method\";req)", "is not supported"),
            ("a=(\"@status\")", "is not supported"),
            ("a=(\"x-a\";sf)", "is not supported"),
            ("a=(\"@method\" \"@method\")", "twice"),
            ("a=(@method)", "cannot be parsed"),
            ("a=\"@method\"", "does not list"),
            ("a", "cannot be parsed"),
            ("", "is missing"),
        ] {
            let delivery = delivery(&[("signature-input", input), ("x-a", "1")]);
            let error = signature_base(&delivery, URL).unwrap_err();
            assert!(error.contains(said), "{input}: {error}");
        }
        assert!(members("a=:YQ==:, b=(\"x\" \"y\");q=1;r ,c=?1").is_ok());
        for odd in [
            "a=1,",
            "a=1 b=2",
            "A=1",
            "a=1,a=2",
            "a=(",
            "a=\"\\x\"",
            "a=1;",
            ",",
            "a=:é:",
        ] {
            assert!(members(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn each_kind_of_key_signs_and_verifies_and_a_changed_request_is_refused() {
        let ed25519 = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
        let p256 = crate::providers::find("sendgrid").unwrap().test_secret;
        let rsa = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/ses/test-key.pem"
        ));
        for secret in [PROVIDER.test_secret, ed25519, p256, rsa] {
            let key = key(secret);
            let mut delivery = delivery(&[("content-type", "application/json")]);
            sign(&mut delivery, &key, NOW);
            let good = judged(&delivery, &key, NOW);
            assert_eq!((good.verdict, good.reason), (Verdict::Verified, None));
            let refused = |change: &dyn Fn(&mut Delivery)| {
                let mut changed = delivery.clone();
                change(&mut changed);
                let said = judged(&changed, &key, NOW);
                assert_eq!(said.verdict, Verdict::Refused);
                said.reason.unwrap()
            };
            assert!(refused(&|it| it.body = "{}".into()).contains("not the digest"));
            let _ = refused(&|it| it.method = http::Method::PUT);
            let _ = refused(&|it| it.headers.remove("content-digest"));
            let _ = refused(&|it| {
                it.headers.set(
                    "content-type".parse().unwrap(),
                    "text/plain".parse().unwrap(),
                )
            });
        }
    }

    /// Random generator for a test: not random at all.
    struct Salt(u8);

    impl rsa::rand_core::TryRng for Salt {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            self.0 += 1;
            Ok(self.0.into())
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            self.0 += 1;
            Ok(self.0.into())
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(self.0);
            Ok(())
        }
    }

    impl rsa::rand_core::TryCryptoRng for Salt {}

    #[test]
    fn rsa_with_pss_is_taken_too() {
        use rsa::signature::{RandomizedSigner, SignatureEncoding};
        let key = key(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/ses/test-key.pem"
        )));
        let Key::Rsa(Some(private), _) = &key else {
            panic!("{key:?}")
        };
        let mut delivery = delivery(&[("signature-input", "a=(\"@method\")")]);
        let base = signature_base(&delivery, URL).unwrap();
        let signer = rsa::pss::SigningKey::<sha2::Sha512>::new(private.key().clone());
        let mut bytes = signer.sign_with_rng(&mut Salt(7), &base).to_vec();
        for verdict in [Verdict::Verified, Verdict::Refused] {
            let base64 = super::Engine::encode(&super::STANDARD, &bytes);
            super::set(&mut delivery, "signature", &format!("a=:{base64}:")).unwrap();
            assert_eq!(judged(&delivery, &key, NOW).verdict, verdict);
            bytes[9] ^= 1;
        }
    }

    #[test]
    fn of_several_labels_one_that_holds_is_enough_and_each_has_its_own_times() {
        let key = key(PROVIDER.test_secret);
        let other = super::KeyForm::Any.key(&Secret::new("b3RoZXI=")).unwrap();
        let mut ours = delivery(&[]);
        sign(&mut ours, &key, NOW);
        let mut proxy = delivery(&[(
            "signature-input",
            "proxy=(\"@method\");created=1;expires=301",
        )]);
        sign(&mut proxy, &other, "2026-09-21T14:00:00Z");
        let text = |it: &Delivery, name: &str| it.headers.text(name).unwrap().to_owned();
        assert_eq!(
            text(&proxy, "signature-input"),
            "proxy=(\"@method\");created=1789999200;expires=1789999500"
        );
        for (first, second) in [(&ours, &proxy), (&proxy, &ours)] {
            let mut both = ours.clone();
            for name in ["signature", "signature-input"] {
                let joined = format!("{}, {}", text(first, name), text(second, name));
                both.headers
                    .set(name.parse().unwrap(), joined.parse().unwrap());
            }
            assert_eq!(judged(&both, &key, NOW).verdict, Verdict::Verified);
            // The proxy's own signature has expired.
            assert_eq!(judged(&both, &other, NOW).verdict, Verdict::Refused);
            let then = judged(&both, &other, "2026-09-21T14:01:00Z");
            assert!(then.reason.unwrap().contains("the body is not covered"));
        }
    }

    #[test]
    fn time_is_judged_as_the_sender_says() {
        let key = key(PROVIDER.test_secret);
        for (input, said) in [
            ("a=(\"@method\");created=1790000300", None),
            ("a=(\"@method\")", None),
            ("a=(\"@method\");expires=1790000000", None),
            ("a=(\"@method\");created=1790000301", Some("ahead")),
            (
                "a=(\"@method\");expires=1789999999",
                Some("expired 1 s ago"),
            ),
            ("a=(\"@method\");created=-1", Some("not a valid timestamp")),
            (
                "a=(\"@method\");expires=\"x\"",
                Some("not a valid timestamp"),
            ),
        ] {
            let mut delivery = delivery(&[("signature-input", input)]);
            let base = signature_base(&delivery, URL).unwrap();
            let scheme = PROVIDER.schemes[0];
            let bytes = scheme
                .algorithm
                .compute(&key, &base, None, scheme.key, &Rng::seeded(1))
                .unwrap();
            super::set(
                &mut delivery,
                "signature",
                &format!("a=:{}:", super::Engine::encode(&super::STANDARD, bytes)),
            )
            .unwrap();
            let judged = judged(&delivery, &key, NOW);
            match said {
                None => assert_eq!(judged.verdict, Verdict::Verified, "{input}"),
                Some(said) => assert!(judged.reason.unwrap().contains(said), "{input}"),
            }
        }
    }
}
