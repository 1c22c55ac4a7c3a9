//! HubSpot: version 3 is an HMAC of method, URL, body and a time in milliseconds. Versions 2 and 1 are plain hashes of
//! the secret followed by the rest; they count only if version 3 is missing.
//! <https://developers.hubspot.com/docs/api/webhooks/validating-requests>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::provider::{FIELDS, Fields, Provider, SIGNER, Signal, TimeField};
use crate::webhook::{
    Algorithm, Delivery, Encoding, KeyForm, Location, Part, Scheme, TimestampFormat,
};

static V3: Scheme = Scheme {
    name: "hubspot-v3",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    // The documentation mentions an age only; a time in the future is unconfirmed, and rejected here.
    timestamp: Some((
        Location::Header("x-hubspot-request-timestamp"),
        TimestampFormat::Millis,
    )),
    signed: &[
        Part::Method,
        Part::UrlOr(decoded),
        Part::Body,
        Part::Timestamp,
    ],
    signature: Location::Header("x-hubspot-signature-v3"),
    encoding: Encoding::Base64,
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

static V2: Scheme = Scheme {
    name: "hubspot-v2",
    guard: Some(|delivery, _, _| only(delivery, "v2")),
    ..hash(&[Part::Method, Part::UrlOr(decoded), Part::Body])
};

static V1: Scheme = Scheme {
    name: "hubspot-v1",
    guard: Some(|delivery, _, _| only(delivery, "v1")),
    ..hash(&[Part::Body])
};

const fn hash(signed: &'static [Part]) -> Scheme {
    Scheme {
        name: "",
        algorithm: Algorithm::KeyedSha256,
        key: KeyForm::Text,
        id: None,
        timestamp: None,
        signed,
        signature: Location::Header("x-hubspot-signature"),
        encoding: Encoding::Hex,
        fresh: &[],
        tolerance: 300,
        uncovered: Some("the scheme has no timestamp: an old delivery verifies as well"),
        guard: None,
    }
}

/// HubSpot's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "hubspot",
    title: "HubSpot",
    docs: "https://developers.hubspot.com/docs/api/webhooks/validating-requests",
    signals: &[
        Signal::Header("x-hubspot-signature-v3"),
        Signal::Header("x-hubspot-signature"),
    ],
    schemes: &[&V3, &V2, &V1],
    test_secret: "webhook-cli-public-test-key-hubspot",
    test_public: "webhook-cli-public-test-key-hubspot",
    native: &["/subscriptionType"],
    fields: Fields {
        at: &[TimeField::Seconds("/occurredAt")],
        ..FIELDS
    },
    conduct: Behaviour {
        batch: Batch::UpTo(100),
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("a list of up to 100 events"),
        success: Documented("2xx"),
        retries: Unconfirmed(
            "9 more, but none after 400, 401, 403, 404 and 405",
            "whether these figures still hold",
        ),
        timeout: Unconfirmed(5, "a note of a third party's; older texts say 1 or 2 s"),
    },
    ..SIGNER
};

/// Guard of the older versions: an older signature does not make up for an invalid newer one, nor for one of another
/// version.
fn only(delivery: &Delivery, version: &str) -> Result<(), String> {
    if delivery.headers.get("x-hubspot-signature-v3").is_some() {
        return Err("version 3 of the signature is there as well, and does not hold".into());
    }
    match delivery.headers.text("x-hubspot-signature-version") {
        Some(said) if said != version => {
            Err(format!("`x-hubspot-signature-version` is not `{version}`"))
        }
        _ => Ok(()),
    }
}

/// The documentation asks for some escapes to be decoded, the official clients leave them: both spellings are accepted.
fn decoded(url: &str) -> Vec<String> {
    const ESCAPES: &[(&str, &str)] = &[
        ("%3A", ":"),
        ("%2F", "/"),
        ("%3F", "?"),
        ("%40", "@"),
        ("%21", "!"),
        ("%24", "$"),
        ("%27", "'"),
        ("%28", "("),
        ("%29", ")"),
        ("%2A", "*"),
        ("%2C", ","),
        ("%3B", ";"),
    ];
    let decoded = ESCAPES.iter().fold(url.to_owned(), |url, (escape, plain)| {
        url.replace(escape, plain)
            .replace(&escape.to_ascii_lowercase(), plain)
    });
    if decoded == url {
        Vec::new()
    } else {
        vec![decoded]
    }
}

#[cfg(test)]
mod tests {
    use super::{PROVIDER, decoded};
    use crate::providers::{Keys, read};
    use crate::webhook::{Delivery, Headers, Keyring, Rng, SigningContext, Verdict, VerifyOptions};

    /// A delivery with a version 1 signature by the test key, and these fields.
    fn version_1(fields: &[(&'static str, &'static str)]) -> Delivery {
        let mut delivery = Delivery {
            method: http::Method::POST,
            path: "/in".parse().unwrap(),
            headers: Headers::new(),
            body: "[]".into(),
        };
        let keys = Keys::new(&Keyring::default(), None).unwrap();
        let mut context = SigningContext {
            at: jiff::Timestamp::UNIX_EPOCH,
            url: "",
            rng: &mut Rng::seeded(1),
        };
        let key = keys.test(&PROVIDER).unwrap();
        super::V1.sign(&mut delivery, key, &mut context).unwrap();
        for (name, value) in fields {
            delivery
                .headers
                .push(name.parse().unwrap(), value.parse().unwrap());
        }
        delivery
    }

    #[test]
    fn an_older_signature_does_not_make_up_for_a_newer_one() {
        let keys = Keys::new(&Keyring::default(), None).unwrap();
        let verify_options = VerifyOptions {
            now: jiff::Timestamp::UNIX_EPOCH,
            tolerance: None,
            public_url: None,
            topics: Vec::new(),
        };
        let version = "x-hubspot-signature-version";
        for (fields, holds) in [
            (&[][..], true),
            (&[(version, "v1")], true),
            (&[(version, "v2")], false),
            (
                &[
                    ("x-hubspot-signature-v3", "AAAA"),
                    ("x-hubspot-request-timestamp", "0"),
                ],
                false,
            ),
        ] {
            let signature = read(&version_1(fields), None, &keys, &verify_options).signature;
            assert_eq!(
                signature.verdict == Verdict::VerifiedTestKey,
                holds,
                "{fields:?}: {signature:?}"
            );
        }
    }

    #[test]
    fn only_the_escapes_of_the_documentation_are_decoded() {
        assert_eq!(
            decoded("https://a.example/x?y=%3a%2F%20%252F"),
            ["https://a.example/x?y=:/%20%252F"]
        );
        assert!(decoded("https://a.example/x?y=%20").is_empty());
    }
}
