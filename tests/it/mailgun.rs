//! Mailgun deliveries recorded by other projects: JSON, and legacy forms in both encodings.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use webhook_cli::providers;
use webhook_cli::providers::{ALL, Keys};
use webhook_cli::webhook::body::form_part::NewPart;
use webhook_cli::webhook::body::multipart;
use webhook_cli::webhook::{
    BounceClass, Delivery, Fixture, Keyring, Kind, Secret, Verdict, VerifyOptions,
};

use crate::corrections::{holds, read};

/// A webhook around an event.
fn webhook(event: &str) -> String {
    format!(
        r#"{{"signature":{{"token":"t","timestamp":"1790000000","signature":"s"}},"event-data":{event}}}"#
    )
}

#[test]
fn whom_mailgun_rejected_stands_in_the_header_of_the_message_alone() {
    let body = webhook(
        r#"{"id":"i","event":"rejected","timestamp":1790000000.5,"reject":{"reason":"Sandbox","description":""},"message":{"headers":{"to":"Ada <to@example.com>","message-id":"m@example.com"}}}"#,
    );
    let wanted = "rejected | - | to@example.com | m@example.com | 2026-09-21T14:13:20.5Z | Sandbox";
    holds(&read(&body), "mailgun", &[wanted]);
}

#[test]
fn the_reason_stands_in_the_first_place_that_is_not_empty() {
    for (event, reason) in [
        (
            r#""reason":"suppress-bounce","delivery-status":{"code":605,"message":"","description":"Not delivering to previously bounced address"}"#,
            "Not delivering to previously bounced address",
        ),
        (
            r#""delivery-status":{"message":"","description":""},"reject":{"reason":"","description":"d"},"reason":"r""#,
            "d",
        ),
        (
            r#""reason":"suppress-bounce","delivery-status":{"message":""}"#,
            "suppress-bounce",
        ),
    ] {
        let body = webhook(&format!(
            r#"{{"id":"i","event":"failed","severity":"permanent","recipient":"to@example.com","timestamp":1790000000,{event}}}"#
        ));
        assert_eq!(
            read(&body).events[0].reason.as_deref(),
            Some(reason),
            "{body}"
        );
    }
}

#[test]
fn every_example_can_be_named() {
    for provider in ALL {
        for row in provider.events.iter().filter(|row| !row.example.is_empty()) {
            let found = provider.row(row.native).unwrap();
            // A provider's own word may be a common word for another kind.
            let is_kind = Kind::ALL.iter().any(|kind| kind.name() == row.native);
            assert!(
                found.native == row.native || is_kind && row.kind.name() != row.native,
                "{}: `{}` gives `{}`",
                provider.name,
                row.native,
                found.native
            );
        }
    }
    let mailgun = providers::find("mailgun").unwrap();
    assert_eq!(mailgun.row("rejected").unwrap().native, "rejected");
    assert_eq!(mailgun.row("suppressed").unwrap().native, "suppressed");
}

fn form(content_type: &str, body: Vec<u8>) -> Delivery {
    let kind = HeaderValue::from_str(content_type).unwrap();
    Delivery {
        method: Method::POST,
        path: "/hooks".parse().unwrap(),
        headers: [(CONTENT_TYPE, kind)].into_iter().collect(),
        body: body.into(),
    }
}

/// The same fields in both sorts of form.
fn forms(fields: &[(&str, &str)]) -> [Delivery; 2] {
    let urlencoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let parts: Vec<_> = fields
        .iter()
        .map(|(name, value)| NewPart {
            name: (*name).into(),
            content: value.as_bytes().into(),
            ..Default::default()
        })
        .collect();
    [
        form("application/x-www-form-urlencoded", urlencoded.into()),
        form(
            "multipart/form-data; boundary=\"a b\"",
            multipart::write(&parts, "a b"),
        ),
    ]
}

#[test]
fn a_custom_variable_does_not_hide_the_time_of_a_legacy_form() {
    for delivery in forms(&[
        ("timestamp", "my-own"),
        ("event", "delivered"),
        ("recipient", "to@example.com"),
        ("timestamp", "1790000000"),
        ("event", "mine"),
        ("token", "t"),
        ("signature", "s"),
    ]) {
        holds(
            &providers::outline(&delivery, None),
            "mailgun",
            &["delivered | - | to@example.com | - | 2026-09-21T14:13:20Z | -"],
        );
    }
}

#[test]
fn a_legacy_form_is_read_and_verified_in_either_sort_of_form() {
    const KEY: &str = "throwaway-mailgun-signing-key-0001";
    let secret = (Some("mailgun".to_owned()), Secret::new(KEY));
    let keys = Keys::new(&Keyring::new(vec![secret]), None).unwrap();
    let verify_options = VerifyOptions {
        now: jiff::Timestamp::from_second(1_767_312_060).unwrap(),
        tolerance: None,
        public_url: None,
        topics: Vec::new(),
    };
    let fields = |signature: &'static str| {
        forms(&[
            ("event", "bounced"),
            ("recipient", "ada@example.com"),
            ("token", "of a custom variable"),
            ("error", "5.1.1 user unknown"),
            ("timestamp", "1767312059"),
            (
                "token",
                "3b578b284403dc167848c1bcf9117dbcefaa0b3adf1dd81673",
            ),
            ("signature", signature),
        ])
    };
    let right = fields("d22fdbf644b604fbfa4dc963f397475cdde6ab2645a66c9dcc2c2f52eb08adee");
    let wrong = fields("d22fdbf644b604fbfa4dc963f397475cdde6ab2645a66c9dcc2c2f52eb08ade0");
    let read = |delivery: &Delivery| providers::read(delivery, None, &keys, &verify_options);
    for delivery in &right {
        let receipt = read(delivery);
        assert_eq!(receipt.signature.verdict, Verdict::Verified, "{receipt:?}");
        assert_eq!(receipt.problems, [] as [&str; 0]);
        assert_eq!(receipt.events[0].bounce, Some(BounceClass::Hard));
    }
    for delivery in &wrong {
        let signature = read(delivery).signature;
        assert_eq!(signature.verdict, Verdict::Refused);
        assert!(signature.reason.unwrap().contains("does not match"));
    }
    // A retry has another boundary and is the same event.
    let [urlencoded, parts] = &right;
    let identity = read(urlencoded).identity;
    assert!(identity.is_some() && read(parts).identity == identity);
}

#[test]
fn a_raw_bounce_is_attached_to_a_legacy_form() {
    let mailgun = providers::find("mailgun").unwrap();
    let row = mailgun.row("legacy_bounced_multipart").unwrap();
    let delivery = Fixture::read(row.example.as_bytes()).unwrap().delivery;
    let receipt = providers::outline(&delivery, None);
    assert_eq!(receipt.provider, Some("mailgun"));
    assert_eq!(receipt.events[0].native, "bounced");
    let form = multipart::Multipart::of(&delivery.headers, &delivery.body);
    let form = form.unwrap().unwrap();
    let attached = form.last_of("attachment-1").unwrap();
    assert_eq!(attached.content_type.as_deref(), Some("message/rfc822"));
    assert!(attached.content.ends_with(b"user unknown\r\n"));
}
