//! Lettermint, Maileroo, Mailomat and MailPace: deliveries besides their examples, and differences from other
//! providers.

use serde_json::Value;
use webhook_cli::providers;
use webhook_cli::providers::{Keys, Overrides, Template};
use webhook_cli::webhook::{Delivery, Keyring, Rng, SigningContext, Verdict, VerifyOptions};

use crate::corrections::{holds, read, read_with};

/// An event of a provider with a wish put in, signed with the test key, and the notes on what is left out.
fn sent(name: &str, kind: &str, overrides: &Overrides, seed: u64) -> (Delivery, Vec<String>) {
    let provider = providers::find(name).unwrap();
    let template = Template::new(provider, provider.row(kind).unwrap(), None).unwrap();
    let rng = &mut Rng::seeded(seed);
    let (mut delivery, notes) = template.fill(overrides, now(), rng);
    let (keys, url) = (keys(), "https://hooks.example.com/");
    let at = now();
    let seal = &mut SigningContext { at, url, rng };
    let scheme = providers::signing_scheme(provider, &delivery).unwrap();
    let key = keys.test(provider).unwrap();
    scheme.sign(&mut delivery, key, seal).unwrap();
    (delivery, notes)
}

fn now() -> jiff::Timestamp {
    "2026-11-23T19:20:01.123456Z".parse().unwrap()
}

fn keys() -> Keys {
    Keys::new(&Keyring::default(), None).unwrap()
}

fn body(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

#[test]
fn an_event_counts_once_for_each_recipient_whatever_lists_them() {
    let mail = |to: &str| {
        read(&format!(
            r#"{{"event":"email.delivered","payload":{{"status":"delivered","id":1001,"domain_id":1,"updated_at":"2026-09-21T14:13:20.417Z","to":{to},"message_id":"<6f0c@mailer.mailpace.com>","tags":null}}}}"#
        ))
    };
    holds(
        &mail(r#""ada@example.com, Bob <bob@example.com>""#),
        "mailpace",
        &[
            "delivered | - | ada@example.com | <6f0c@mailer.mailpace.com> | 2026-09-21T14:13:20.417Z | -",
            "delivered | - | bob@example.com | <6f0c@mailer.mailpace.com> | 2026-09-21T14:13:20.417Z | -",
        ],
    );
    holds(
        &mail("null"),
        "mailpace",
        &["delivered | - | - | <6f0c@mailer.mailpace.com> | 2026-09-21T14:13:20.417Z | -"],
    );
    holds(
        &read(
            r#"{"event_type":"rejected","event_time":1790000000,"message_reference_id":"0ed7","tags":null,"event_data":{"from":["shop@example.com"],"to":["ada@example.com","bob@example.com"],"reject_reason":"suppressed"}}"#,
        ),
        "maileroo",
        &[
            "rejected | - | ada@example.com | 0ed7 | 2026-09-21T14:13:20Z | suppressed",
            "rejected | - | bob@example.com | 0ed7 | 2026-09-21T14:13:20Z | suppressed",
        ],
    );
    holds(
        &read(
            r#"{"id":"1","event":"message.created","timestamp":"2026-09-21T14:13:20Z","data":{"message_id":"m","to":[{"email":"ada@example.com","name":null},{"email":"bob@example.com","name":"Bob"}]}}"#,
        ),
        "lettermint",
        &[
            "sent | - | ada@example.com | m | 2026-09-21T14:13:20Z | -",
            "sent | - | bob@example.com | m | 2026-09-21T14:13:20Z | -",
        ],
    );
}

#[test]
fn lettermint_is_read_without_a_context_and_with_the_older_name_of_the_time() {
    holds(
        &read(
            r#"{"id":"1","event":"message.hard_bounced","created_at":"2026-09-21T14:13:20.250Z","data":{"message_id":"m","metadata":[],"tag":null,"recipient":"ada@example.com","response":{"content":"550 no"}}}"#,
        ),
        "lettermint",
        &["bounce | hard | ada@example.com | m | 2026-09-21T14:13:20.25Z | 550 no"],
    );
    // A name to come.
    let receipt = read(
        r#"{"id":"1","event":"message.archived","timestamp":"2026-09-21T14:13:20Z","data":{"message_id":"m"}}"#,
    );
    holds(
        &receipt,
        "lettermint",
        &["other | - | - | m | 2026-09-21T14:13:20Z | -"],
    );
    assert_eq!(receipt.events[0].native, "message.archived");
}

#[test]
fn lettermint_says_the_time_of_signing_twice() {
    let (delivery, _) = sent("lettermint", "delivered", &Overrides::default(), 1);
    let headers = &delivery.headers;
    let time = headers.text("x-lettermint-delivery").unwrap();
    let signature = headers.text("x-lettermint-signature").unwrap();
    assert!(
        signature.starts_with(&format!("t={time},v1=")),
        "{signature}"
    );
    assert_eq!(time, now().as_second().to_string());
    assert_eq!(
        headers.text("x-lettermint-event"),
        Some("message.delivered")
    );
}

#[test]
fn lettermint_carries_what_the_sender_adds_in_events_of_messages_only() {
    let overrides = Overrides {
        tags: vec!["spring".into()],
        metadata: vec![("plan".into(), "free".into())],
        ..Overrides::default()
    };
    let (delivery, notes) = sent("lettermint", "click", &overrides, 1);
    assert_eq!(body(&delivery)["data"]["tag"], "spring");
    assert_eq!(body(&delivery)["data"]["metadata"]["plan"], "free");
    assert_eq!(notes, [] as [&str; 0]);
    for event in ["suppression.added", "webhook.test", "message.inbound"] {
        let (delivery, notes) = sent("lettermint", event, &overrides, 1);
        let data = &body(&delivery)["data"];
        assert!(data.get("tag").is_none() && data.get("metadata").is_none());
        assert_eq!(notes.len(), 2, "{event}: {notes:?}");
    }
}

#[test]
fn mailomat_writes_times_and_escapes_as_its_requests_have_them() {
    let time = |kind: &str| {
        let (delivery, _) = sent("mailomat", kind, &Overrides::default(), 1);
        let body = body(&delivery);
        (
            body["occurredAt"].as_str().unwrap().to_owned(),
            body["payload"]["timestamp"].clone(),
        )
    };
    let (at, seconds) = time("delivered");
    assert_eq!(at, "2026-11-23T21:20:01+02:00");
    assert!(seconds.is_f64(), "{seconds}");
    let (at, seconds) = time("click");
    assert_eq!(at, "2026-11-23T21:20:01+02:00");
    assert!(seconds.is_u64(), "{seconds}");

    let overrides = Overrides {
        url: Some("https://example.org/a".into()),
        ..Overrides::default()
    };
    let (delivery, _) = sent("mailomat", "click", &overrides, 1);
    let text = String::from_utf8_lossy(&delivery.body).into_owned();
    assert!(text.contains(r#""https:\/\/example.org\/a""#), "{text}");
    let (delivery, _) = sent("mailomat", "bounce", &Overrides::default(), 1);
    let text = String::from_utf8_lossy(&delivery.body).into_owned();
    assert!(text.contains(r#""message-id":"\u003C"#), "{text}");
}

#[test]
fn mailomat_has_a_new_id_in_each_delivery_and_signs_it() {
    let id = |seed| {
        let (delivery, _) = sent("mailomat", "open", &Overrides::default(), seed);
        delivery.headers.text("x-mom-webhook-id").map(str::to_owned)
    };
    assert_ne!(id(1), id(2));
    assert_eq!(id(1), id(1));
    assert_eq!(id(1).unwrap().len(), 36);
}

#[test]
fn what_mailomat_names_in_the_header_and_not_in_the_body_is_remarked_on() {
    let (right, _) = sent("mailomat", "delivered", &Overrides::default(), 1);
    let told = |delivery: &Delivery| {
        let verify_options = VerifyOptions {
            now: now(),
            tolerance: None,
            public_url: None,
            topics: Vec::new(),
        };
        providers::read(delivery, None, &keys(), &verify_options)
    };
    assert_eq!(told(&right).problems, [] as [&str; 0]);
    let changed = Delivery {
        body: String::from_utf8(right.body.to_vec())
            .unwrap()
            .replace("\"delivered\"", "\"clicked\"")
            .into(),
        ..right
    };
    let receipt = told(&changed);
    assert_eq!(receipt.signature.verdict, Verdict::VerifiedTestKey);
    let problem = &receipt.problems[0];
    assert!(
        problem.contains("`delivered`") && problem.contains("`clicked`"),
        "{problem}"
    );
    assert!(problem.contains("only the header is signed"), "{problem}");
}

#[test]
fn each_is_known_by_a_header_of_its_own() {
    for (header, provider) in [
        ("x-lettermint-event", "lettermint"),
        ("x-lettermint-signature", "lettermint"),
        ("x-maileroo-signature", "maileroo"),
        ("x-mom-webhook-event", "mailomat"),
        ("x-mom-webhook-signature", "mailomat"),
        ("x-mailpace-signature", "mailpace"),
    ] {
        let receipt = read_with(&[(header, "?")], r#"{"hello":1}"#);
        assert_eq!(receipt.provider, Some(provider), "{header}");
    }
}
