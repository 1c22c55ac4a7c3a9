//! Test vectors: requests signed by others, each with its correct verdict. They find faults that signing and verifying
//! share, which a round trip cannot.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use webhook_cli::providers;
use webhook_cli::providers::{ALL, Keys};
use webhook_cli::webhook::{Delivery, Keyring, Kind, Secret, Verdict, VerifyOptions};

#[derive(Deserialize)]
struct Vectors {
    provider: String,
    tolerance_seconds: Option<u64>,
    topics: Vec<String>,
    secrets: std::collections::HashMap<String, String>,
    cases: Vec<Case>,
    #[serde(default)]
    percent_encoding: Vec<Escaped>,
    /// What is signed, by the names of cases.
    #[serde(default)]
    string_to_sign: std::collections::HashMap<String, String>,
}

/// A header's value, and what it means; none if it must be said to be wrong.
#[derive(Deserialize)]
struct Escaped {
    header: String,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// None where there is nothing to verify.
    valid: Option<bool>,
    /// A scheme spelled out, in place of the provider.
    scheme: Option<String>,
    reason: Option<String>,
    /// What must be said of an event that is not as it must be; the signature is another matter.
    problem: Option<String>,
    key: Option<String>,
    now: i64,
    method: String,
    url: String,
    headers: serde_json::Map<String, serde_json::Value>,
    configured_url: Option<String>,
    body: String,
    kind: Option<String>,
    bounce: Option<String>,
}

impl Case {
    fn delivery(&self) -> Delivery {
        let after_host = self.url.splitn(4, '/').nth(3).unwrap_or_default();
        Delivery {
            method: self.method.parse().unwrap(),
            path: format!("/{after_host}").parse().unwrap(),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| {
                    (
                        name.parse::<HeaderName>().unwrap(),
                        HeaderValue::from_bytes(value.as_str().unwrap().as_bytes()).unwrap(),
                    )
                })
                .collect(),
            body: self.body.clone().into(),
        }
    }
}

/// What is said of a refused case, so that the right answer for the wrong reason is noticed too.
fn reason_wanted(case: &Case) -> &'static [&'static str] {
    let name = case.name.as_str();
    match name {
        "key in body, wrong" => &["the secret in"],
        // Nothing is signed: the receiver demands what is named first.
        _ if ["basic_", "bearer_", "legacy_token_", "secret "]
            .iter()
            .any(|way| name.starts_with(way)) =>
        {
            &["missing or differ"]
        }
        _ if name.contains("stale") => &["old"],
        _ if name.contains("future") => &["ahead"],
        _ if name.contains("missing") && !name.contains("block") && !name.contains("prefix") => {
            &["is missing", "are missing or differ"]
        }
        _ if name.starts_with("hostile SigningCertURL") => {
            &["not an address of SNS", "not an address of Scaleway"]
        }
        _ if name.contains("unexpected topic") => &["another topic"],
        _ if name.contains("header type disagrees") => &["differs from"],
        _ if name.contains("hex instead of base64") || name.contains("hex_instead") => {
            &["hexadecimal", "does not match"]
        }
        _ if name.contains("not base64") => &["not base64"],
        _ if name.contains("upper-case hex") => &["upper case"],
        _ if name.contains("credentials")
            || name.contains("password")
            || ["wrong key", "wrong secret", "wrong_key"].contains(&name) =>
        {
            &["missing or differ", "does not match"]
        }
        _ => &[],
    }
}

fn vectors(file: &str) -> Vectors {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(file);
    serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()
}

fn check(file: &str) {
    let vectors = vectors(file);
    assert!(!vectors.cases.is_empty());
    for case in &vectors.cases {
        let provider = match &case.scheme {
            Some(text) => providers::custom_scheme(text).unwrap(),
            None => providers::find(&vectors.provider).unwrap(),
        };
        let label = format!("{file}: {}", case.name);
        let key = case
            .key
            .as_ref()
            .map(|name| Secret::new(vectors.secrets[name].clone()));
        let ring = Keyring::new(
            key.map(|secret| (Some(provider.name.to_owned()), secret))
                .into_iter()
                .collect(),
        );
        let keys = Keys::new(&ring, case.scheme.is_some().then_some(provider)).unwrap();
        let verify_options = VerifyOptions {
            now: jiff::Timestamp::from_second(case.now).unwrap(),
            tolerance: vectors.tolerance_seconds.map(Duration::from_secs),
            public_url: Some(
                case.configured_url
                    .clone()
                    .unwrap_or_else(|| case.url.clone()),
            ),
            topics: vectors.topics.clone(),
        };
        let delivery = case.delivery();
        let receipt = providers::read(&delivery, Some(provider), &keys, &verify_options);
        let signature = &receipt.signature;
        if let Some(problem) = &case.problem {
            assert!(
                receipt.problems.iter().any(|said| said.contains(problem)),
                "{label}: {:?}",
                receipt.problems
            );
        } else if case.valid.is_none() {
            // There is nothing to verify: whatever it is called, it must not be verified.
            assert!(!signature.verdict.holds(), "{label}: {signature:?}");
        } else if case.valid == Some(false) {
            assert_eq!(
                signature.verdict,
                Verdict::Refused,
                "{label}: {:?}, because {:?}",
                signature,
                case.reason
            );
            let reason = signature.reason.as_deref().unwrap_or_default();
            let wanted = reason_wanted(case);
            assert!(
                wanted.is_empty() || wanted.iter().any(|part| reason.contains(part)),
                "{label}: said `{reason}`"
            );
        } else if case.name == "raw message delivery" || case.name.starts_with("HEAD") {
            // Nothing is signed; a listener with a secret refuses the first and answers the second.
            assert!(!signature.verdict.holds(), "{label}: {signature:?}");
        } else {
            assert_eq!(
                signature.verdict,
                Verdict::Verified,
                "{label}: {signature:?}"
            );
        }
        if let Some(kind) = &case.kind {
            let recognised = providers::read(&delivery, None, &keys, &verify_options);
            assert_eq!(
                recognised.provider,
                Some(vectors.provider.as_str()),
                "{label}"
            );
            let event = &recognised.events[0];
            // Mails that came in were once counted among the other events.
            let is_mail = event.kind == Kind::Inbound && kind == "other";
            assert!(
                is_mail || event.kind.name() == kind,
                "{label}: {:?}",
                event.kind
            );
            assert_eq!(
                event.bounce.map(|class| class.name()),
                case.bounce.as_deref(),
                "{label}"
            );
            assert!(!event.native.is_empty(), "{label}");
        }
    }
}

#[test]
fn what_a_header_of_cloudevents_escapes_is_read() {
    let vectors = vectors("cloudevents.json");
    assert!(vectors.percent_encoding.len() > 10);
    for Escaped { header, value } in &vectors.percent_encoding {
        let mut delivery = vectors.cases[0].delivery();
        delivery.body = "{}".into();
        delivery.headers = [
            ("content-type", "application/json"),
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "/a"),
            ("ce-type", header.as_str()),
        ]
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
        .into_iter()
        .collect();
        let receipt = providers::outline(&delivery, None);
        match value {
            Some(value) => {
                assert_eq!(receipt.events[0].native, *value);
                assert_eq!(receipt.problems, [] as [&str; 0], "{header}");
            }
            None => assert!(
                receipt
                    .problems
                    .iter()
                    .any(|said| said.contains("not UTF-8")),
                "{header}"
            ),
        }
    }
}

#[test]
fn what_scaleway_signs_is_put_together_to_the_byte() {
    let vectors = vectors("scaleway.json");
    let (name, wanted) = vectors.string_to_sign.iter().next().unwrap();
    let case = vectors.cases.iter().find(|case| case.name == *name);
    let mut delivery = case.unwrap().delivery();
    let body = String::from_utf8(delivery.body.to_vec()).unwrap();
    // The published example is that of the first message.
    delivery.body = body.replace("000000000003", "000000000001").into();
    assert_eq!(signed_text("scaleway", delivery), *wanted);
}

fn signed_text(provider: &str, delivery: Delivery) -> String {
    let signed = providers::signed_text(&providers::Evidence {
        provider: providers::find(provider).unwrap(),
        delivery,
        keys: Vec::new(),
        secrets: Vec::new(),
        others: Vec::new(),
        neighbours: Vec::new(),
        verify_options: VerifyOptions {
            now: jiff::Timestamp::UNIX_EPOCH,
            tolerance: None,
            public_url: None,
            topics: Vec::new(),
        },
    });
    String::from_utf8(signed.unwrap()).unwrap()
}

#[test]
fn what_sns_signs_is_put_together_to_the_byte() {
    let vectors = vectors("ses.json");
    assert!(!vectors.string_to_sign.is_empty());
    for (name, wanted) in &vectors.string_to_sign {
        let case = vectors.cases.iter().find(|case| case.name == *name);
        let mut delivery = case.unwrap().delivery();
        // The published example has an id of its own.
        let body = String::from_utf8(delivery.body.to_vec()).unwrap();
        delivery.body = body.replace("000000000026", "000000000999").into();
        assert_eq!(signed_text("ses", delivery), *wanted);
    }
}

macro_rules! vectors {
    ($($name:ident: $file:literal)*) => {
        $(#[test]
        fn $name() {
            check($file);
        })*

        #[test]
        fn no_file_is_forgotten() {
            let listed = [$($file),*];
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
            let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
            for entry in entries.filter(|entry| entry.path().is_file()) {
                let name = entry.file_name().into_string().unwrap();
                assert!(listed.contains(&name.as_str()), "{name} is not checked");
            }
        }
    };
}

vectors! {
    activecampaign_vectors_get_their_verdicts: "activecampaign.json"
    ahasend_vectors_get_their_verdicts: "ahasend.json"
    azure_vectors_get_their_verdicts: "azure.json"
    braze_vectors_get_their_verdicts: "braze.json"
    customerio_vectors_get_their_verdicts: "customerio.json"
    elasticemail_vectors_get_their_verdicts: "elasticemail.json"
    emailit_vectors_get_their_verdicts: "emailit.json"
    forwardemail_vectors_get_their_verdicts: "forwardemail.json"
    infobip_vectors_get_their_verdicts: "infobip.json"
    iterable_vectors_get_their_verdicts: "iterable.json"
    klaviyo_vectors_get_their_verdicts: "klaviyo.json"
    lettermint_vectors_get_their_verdicts: "lettermint.json"
    loops_vectors_get_their_verdicts: "loops.json"
    cloudevents_vectors_get_their_verdicts: "cloudevents.json"
    generic_hmac_vectors_get_their_verdicts: "generic-hmac.json"
    github_vectors_get_their_verdicts: "github.json"
    hubspot_vectors_get_their_verdicts: "hubspot.json"
    brevo_vectors_get_their_verdicts: "brevo.json"
    mailchimp_vectors_get_their_verdicts: "mailchimp.json"
    maileroo_vectors_get_their_verdicts: "maileroo.json"
    mailersend_vectors_get_their_verdicts: "mailersend.json"
    mailgun_vectors_get_their_verdicts: "mailgun.json"
    mailomat_vectors_get_their_verdicts: "mailomat.json"
    mailpace_vectors_get_their_verdicts: "mailpace.json"
    mailtrap_vectors_get_their_verdicts: "mailtrap.json"
    mailjet_vectors_get_their_verdicts: "mailjet.json"
    mandrill_vectors_get_their_verdicts: "mandrill.json"
    plunk_vectors_get_their_verdicts: "plunk.json"
    postal_vectors_get_their_verdicts: "postal.json"
    postmark_vectors_get_their_verdicts: "postmark.json"
    resend_vectors_get_their_verdicts: "resend.json"
    rfc9421_vectors_get_their_verdicts: "rfc9421.json"
    scaleway_vectors_get_their_verdicts: "scaleway.json"
    sendgrid_vectors_get_their_verdicts: "sendgrid.json"
    ses_vectors_get_their_verdicts: "ses.json"
    smtp2go_vectors_get_their_verdicts: "smtp2go.json"
    socketlabs_vectors_get_their_verdicts: "socketlabs.json"
    sparkpost_vectors_get_their_verdicts: "sparkpost.json"
    shopify_vectors_get_their_verdicts: "shopify.json"
    slack_vectors_get_their_verdicts: "slack.json"
    standard_webhooks_vectors_get_their_verdicts: "standard-webhooks.json"
    stripe_vectors_get_their_verdicts: "stripe.json"
    svix_vectors_get_their_verdicts: "svix.json"
    sweego_vectors_get_their_verdicts: "sweego.json"
    twilio_vectors_get_their_verdicts: "twilio.json"
    unisender_go_vectors_get_their_verdicts: "unisender-go.json"
    usesend_vectors_get_their_verdicts: "usesend.json"
    zeptomail_vectors_get_their_verdicts: "zeptomail.json"
}

/// The fields of an example, in whatever order, are those of a request that is known to be right: none is made up and
/// none is left out.
#[test]
fn every_example_has_the_fields_of_a_published_request() {
    // `generic` is of our own making, and so is what stands in the `data` of `standard-webhooks`.
    // `cloudmailin` has no events.
    let ours = ["generic", "standard-webhooks", "cloudmailin"];
    for provider in ALL.iter().filter(|one| !ours.contains(&one.name)) {
        let vectors = vectors(&format!("{}.json", provider.name));
        let (mut names, mut bodies) = (BTreeSet::new(), Vec::new());
        for case in vectors
            .cases
            .iter()
            .filter(|case| case.valid != Some(false))
        {
            let places = provider.places(&case.delivery());
            let (body, headers): (BTreeSet<_>, BTreeSet<_>) =
                places.into_iter().partition(|place| place.starts_with('/'));
            names.extend(headers);
            bodies.push(body);
        }
        // Inbound mail has vectors of its own: `inbound.rs`.
        let events = provider.events.iter();
        let events = events.filter(|row| provider.inbound.is_none() || row.kind != Kind::Inbound);
        for row in events.filter(|row| !row.example.is_empty()) {
            let label = format!("{} {}", provider.name, row.native);
            let (body, headers): (BTreeSet<_>, BTreeSet<_>) = provider
                .fields(row)
                .into_iter()
                // A file in a form is documented, and published nowhere.
                .filter(|place| !place.starts_with("/attachment-"))
                .partition(|place| place.starts_with('/'));
            let nearest = bodies
                .iter()
                .min_by_key(|known| known.symmetric_difference(&body).count());
            let nearest = nearest.unwrap();
            let differ: Vec<_> = nearest.symmetric_difference(&body).collect();
            assert!(differ.is_empty(), "{label}: {differ:?}");
            let unknown: Vec<_> = headers.difference(&names).collect();
            assert!(unknown.is_empty(), "{label}: {unknown:?}");
        }
    }
}
