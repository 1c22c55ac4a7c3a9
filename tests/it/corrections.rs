//! Deliveries recorded by other projects, and the events that must be read from them: smaller, older or odder than the
//! examples.

use http::{HeaderName, HeaderValue};
use serde_json::Value;
use webhook_cli::providers;
use webhook_cli::webhook::{Delivery, Event, Receipt};

/// Reads a JSON body, with these header fields beside its content type.
pub(crate) fn read_with(headers: &[(&'static str, &'static str)], body: &str) -> Receipt {
    let all = [("content-type", "application/json")]
        .into_iter()
        .chain(headers.iter().copied());
    let delivery = Delivery {
        method: http::Method::POST,
        path: "/hooks".parse().unwrap(),
        headers: all
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect(),
        body: body.to_owned().into(),
    };
    providers::outline(&delivery, None)
}

/// Reads a JSON body.
pub(crate) fn read(body: &str) -> Receipt {
    read_with(&[], body)
}

/// An event in words: kind, class of a bounce, recipient, message id, time, reason; `-` for what is not there.
pub(crate) fn told(event: &Event) -> String {
    let or = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let at = event.at.map(|at| at.to_string());
    [
        event.kind.name().to_owned(),
        or(event.bounce.map(|class| class.name())),
        or(event.recipient.as_deref()),
        or(event.message_id.as_deref()),
        or(at.as_deref()),
        or(event.reason.as_deref()),
    ]
    .join(" | ")
}

/// Holds what is read of a body against the provider and the events that are right.
pub(crate) fn holds(receipt: &Receipt, provider: &str, events: &[&str]) {
    let found: Vec<String> = receipt.events.iter().map(told).collect();
    assert_eq!(
        (receipt.provider, found.as_slice()),
        (
            Some(provider),
            events
                .iter()
                .map(|it| (*it).to_owned())
                .collect::<Vec<_>>()
                .as_slice()
        )
    );
}

#[test]
fn a_signature_header_outweighs_what_the_body_looks_like() {
    let body = r#"{"event":"delivery","email":"to@example.com","timestamp":1790000000,"event_id":"e","message_id":"m"}"#;
    let wanted = ["delivered | - | to@example.com | m | 2026-09-21T14:13:20Z | -"];
    holds(
        &read_with(&[("mailtrap-signature", "00")], body),
        "mailtrap",
        &wanted,
    );
    // The body alone says so too.
    holds(&read(body), "mailtrap", &wanted);
    // A body that would be somebody else's.
    let generic =
        r#"{"event":"click","timestamp":"2024-01-15T10:30:00Z","email":"ada@example.com"}"#;
    assert_eq!(read(generic).provider, Some("generic"));
    for (header, provider) in [
        ("mailtrap-signature", "mailtrap"),
        ("x-twilio-email-event-webhook-signature", "sendgrid"),
        ("x-mandrill-signature", "mandrill"),
        ("x-postal-signature-256", "postal"),
        ("x-cio-signature", "customerio"),
    ] {
        assert_eq!(
            read_with(&[(header, "00")], generic).provider,
            Some(provider),
            "{header}"
        );
    }
    // A header that many send says nothing where the body does.
    let resend = r#"{"type":"email.sent","created_at":"2026-01-01T00:00:00.000Z","data":{"email_id":"e","to":["a@example.com"]}}"#;
    assert_eq!(
        read_with(&[("svix-signature", "v1,00")], resend).provider,
        Some("resend")
    );
}

#[test]
fn mailtrap_tries_again_after_a_soft_bounce_and_logs_what_users_do() {
    holds(
        &read(
            r#"{"events":[{"event":"soft bounce","email":"to@example.com","timestamp":1790000000,"event_id":"e","message_id":"m","response":"full","response_code":452}]}"#,
        ),
        "mailtrap",
        &["deferred | - | to@example.com | m | 2026-09-21T14:13:20Z | full"],
    );
    for body in [
        r#"{"events":[{"event":"activity_log.user.login","description":"User login","actor":{"id":1,"type":"user","name":"Ada"},"timestamp":1790000000}]}"#,
        r#"[{"event":"activity_log.user.login","description":"User login","timestamp":1790000000}]"#,
        r#"{"event":"activity_log.user.login","description":"User login","timestamp":1790000000}"#,
    ] {
        holds(
            &read(body),
            "mailtrap",
            &["other | - | - | - | 2026-09-21T14:13:20Z | -"],
        );
    }
}

#[test]
fn postmark_is_known_by_its_record_without_a_stream() {
    holds(
        &read(
            r#"{"RecordType":"Delivery","MessageID":"m","Recipient":"to@example.com","DeliveredAt":"2026-01-01T00:00:00Z"}"#,
        ),
        "postmark",
        &["delivered | - | to@example.com | m | 2026-01-01T00:00:00Z | -"],
    );
    holds(
        &read(
            r#"{"RecordType":"Bounce","ServerID":23,"ID":42,"Type":"HardBounce","Email":"to@example.com","BouncedAt":"2026-01-01T00:00:00Z"}"#,
        ),
        "postmark",
        &["bounce | hard | to@example.com | - | 2026-01-01T00:00:00Z | -"],
    );
    assert_eq!(read(r#"{"RecordType":"Delivery"}"#).provider, None);
    assert_eq!(
        read(r#"{"RecordType":"Invoice","MessageID":"m"}"#).provider,
        None
    );
}

/// An SNS envelope around an SES document.
fn sns(message: &str) -> String {
    serde_json::json!({
        "Type": "Notification",
        "MessageId": "1",
        "TopicArn": "arn:aws:sns:eu-central-1:111122223333:mail",
        "Message": message,
    })
    .to_string()
}

#[test]
fn an_event_of_ses_counts_once_for_each_recipient_it_names() {
    let mail = r#""mail":{"messageId":"m-1","timestamp":"2026-01-01T00:00:00.000Z","destination":["a@example.com","b@example.com"]}"#;
    let both = |rest: &str| {
        [
            format!("bounce | hard | a@example.com | m-1 | 2026-01-01T00:00:01Z | {rest}"),
            format!("bounce | hard | b@example.com | m-1 | 2026-01-01T00:00:01Z | {rest}"),
        ]
    };
    let bounce = |a: &str, b: &str| {
        sns(&format!(
            r#"{{"eventType":"Bounce",{mail},"bounce":{{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{{"emailAddress":"a@example.com"{a}}},{{"emailAddress":"b@example.com"{b}}}],"timestamp":"2026-01-01T00:00:01.000Z"}}}}"#
        ))
    };
    let wanted = both("Permanent: General");
    holds(
        &read(&bounce("", "")),
        "ses",
        &[wanted[0].as_str(), &wanted[1]],
    );
    // Each has a reason of its own.
    holds(
        &read(&bounce(
            r#","diagnosticCode":"smtp; 550 no a""#,
            r#","diagnosticCode":"smtp; 550 no b""#,
        )),
        "ses",
        &[
            both("smtp; 550 no a")[0].as_str(),
            &both("smtp; 550 no b")[1],
        ],
    );
    for (event, part, kind, reason) in [
        (
            "Complaint",
            r#""complaint":{"complainedRecipients":[{"emailAddress":"a@example.com"},{"emailAddress":"b@example.com"}]}"#,
            "complaint",
            "-",
        ),
        (
            "Delivery",
            r#""delivery":{"recipients":["a@example.com","b@example.com"],"smtpResponse":"250 ok"}"#,
            "delivered",
            "250 ok",
        ),
        (
            "DeliveryDelay",
            r#""deliveryDelay":{"delayedRecipients":[{"emailAddress":"a@example.com"},{"emailAddress":"b@example.com"}]}"#,
            "deferred",
            "-",
        ),
        ("Send", r#""send":{}"#, "sent", "-"),
        ("Open", r#""open":{}"#, "open", "-"),
    ] {
        let receipt = read(&sns(&format!(r#"{{"eventType":"{event}",{mail},{part}}}"#)));
        let wanted = ["a", "b"].map(|name| {
            format!("{kind} | - | {name}@example.com | m-1 | 2026-01-01T00:00:00Z | {reason}")
        });
        holds(&receipt, "ses", &[wanted[0].as_str(), &wanted[1]]);
    }
}

#[test]
fn a_word_that_others_use_too_does_not_make_a_body_one_of_ses() {
    let others = r#"{"notificationType":"OPENED","recipient":"to@example.com","messageId":"m","sendDateTime":1789999978102}"#;
    assert_ne!(read(others).provider, Some("ses"));
    assert_ne!(
        read(r#"{"notificationType":"Bounce","to":"x"}"#).provider,
        Some("ses")
    );
    let bare = r#"{"notificationType":"Bounce","mail":{"messageId":"m","destination":["a@example.com"]},"bounce":{"bounceType":"Permanent"}}"#;
    assert_eq!(read(bare).provider, Some("ses"));
    let setup = r#"{"notificationType":"AmazonSnsSubscriptionSucceeded","message":"You have"}"#;
    assert_eq!(read(setup).provider, Some("ses"));
}

#[test]
fn a_recipient_is_an_address_without_its_name() {
    let resend = |to: &str| {
        read(&format!(
            r#"{{"type":"email.delivered","created_at":"2026-01-01T00:00:00.000Z","data":{{"email_id":"e","from":"S <s@example.com>","to":[{}],"subject":"x"}}}}"#,
            Value::from(to)
        ))
    };
    for to in [
        "Ada <to@example.com>",
        "\"Reader, Ada\" <to@example.com>",
        "to@example.com",
        "<to@example.com>",
    ] {
        holds(
            &resend(to),
            "resend",
            &["delivered | - | to@example.com | e | 2026-01-01T00:00:00Z | -"],
        );
    }
    // Whichever provider writes it so.
    let generic =
        r#"{"event":"open","timestamp":"2026-01-01T00:00:00Z","email":"Ada <to@example.com>"}"#;
    holds(
        &read(generic),
        "generic",
        &["open | - | to@example.com | - | 2026-01-01T00:00:00Z | -"],
    );
}

#[test]
fn sendgrid_is_known_without_the_newer_ids() {
    holds(
        &read(
            r#"[{"email":"to@example.com","timestamp":1790000000,"smtp-id":"<a@example.com>","event":"bounce","status":"5.0.0"}]"#,
        ),
        "sendgrid",
        &["bounce | undetermined | to@example.com | - | 2026-09-21T14:13:20Z | -"],
    );
    holds(
        &read(r#"[{"email":"to@example.com","smtp-id":"<a@example.com>","event":"bounce"}]"#),
        "sendgrid",
        &["bounce | undetermined | to@example.com | - | - | -"],
    );
    holds(
        &read(
            r#"[{"email":"to@example.com","timestamp":1790000000,"sg_message_id":"m.x","event":"blocked"}]"#,
        ),
        "sendgrid",
        &["bounce | soft | to@example.com | m | 2026-09-21T14:13:20Z | -"],
    );
    assert_eq!(
        read(r#"[{"email":"to@example.com","smtp-id":"a","event":"somebody else's"}]"#).provider,
        None
    );
}

#[test]
fn sparkpost_says_the_id_of_the_transmission_where_there_is_no_message() {
    holds(
        &read(
            r#"[{"msys":{"gen_event":{"type":"generation_failure","transmission_id":"65832150921904138","rcpt_to":"to@example.com","reason":"r","timestamp":"2018-10-11T23:24:45.000+00:00","event_id":"1"}}}]"#,
        ),
        "sparkpost",
        &["rejected | - | to@example.com | 65832150921904138 | 2018-10-11T23:24:45Z | r"],
    );
}

#[test]
fn an_empty_place_does_not_hide_the_reason_behind_it() {
    let mandrill = |events: &str| {
        let body: String = form_urlencoded::byte_serialize(events.as_bytes()).collect();
        let delivery = Delivery {
            method: http::Method::POST,
            path: "/".parse().unwrap(),
            headers: [(
                HeaderName::from_static("content-type"),
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            )]
            .into_iter()
            .collect(),
            body: format!("mandrill_events={body}").into(),
        };
        providers::outline(&delivery, None)
    };
    for empty in ["null", "\"\"", "\"  \""] {
        holds(
            &mandrill(&format!(
                r#"[{{"event":"hard_bounce","_id":"i","ts":1790000000,"msg":{{"_id":"i","email":"to@example.com","diag":{empty},"bounce_description":"bad_mailbox"}}}}]"#
            )),
            "mandrill",
            &["bounce | hard | to@example.com | i | 2026-09-21T14:13:20Z | bad_mailbox"],
        );
    }
    holds(
        &mandrill(
            r#"[{"type":"blacklist","action":"add","ts":1790000000,"reject":{"reason":"manual edit","email":"to@example.com"}}]"#,
        ),
        "mandrill",
        &["other | - | to@example.com | - | 2026-09-21T14:13:20Z | manual edit"],
    );
    holds(
        &mandrill(
            r#"[{"event":"reject","_id":"i","ts":1790000000,"msg":{"_id":"i","email":"to@example.com","diag":null,"reject":{"reason":"spam"}}}]"#,
        ),
        "mandrill",
        &["rejected | - | to@example.com | i | 2026-09-21T14:13:20Z | spam"],
    );
}

#[test]
fn a_time_is_read_in_each_form_that_a_provider_was_seen_to_write() {
    for text in [
        "2025-01-09 14:17:29.059104+00",
        "2025-01-09T14:17:29.059104+00:00",
        "2025-01-09T14:17:29.059104Z",
        "2025-01-09T15:17:29.059104+01:00",
    ] {
        let receipt = read(&format!(
            r#"{{"type":"email.delivered","created_at":"{text}","data":{{"email_id":"e","to":["to@example.com"]}}}}"#
        ));
        holds(
            &receipt,
            "resend",
            &["delivered | - | to@example.com | e | 2025-01-09T14:17:29.059104Z | -"],
        );
    }
    for text in [
        "1790000000",
        "1790000000000",
        "\"1790000000\"",
        "\"2026-09-21T14:13:20Z\"",
    ] {
        let receipt = read(&format!(
            r#"[{{"event":"open","email":"to@example.com","sg_event_id":"e","timestamp":{text}}}]"#
        ));
        holds(
            &receipt,
            "sendgrid",
            &["open | - | to@example.com | - | 2026-09-21T14:13:20Z | -"],
        );
    }
}

/// The check of a new URL, as Mandrill signs it with its public key for that address.
#[test]
fn mandrill_may_check_a_url_while_signatures_are_required_and_nothing_else_is_signed_so() {
    use webhook_cli::providers::Keys;
    use webhook_cli::webhook::{Keyring, Secret, Verdict, VerifyOptions};

    let ring = Keyring::new(vec![(
        Some("mandrill".to_owned()),
        Secret::new("throwaway-webhook-key"),
    )]);
    let keys = Keys::new(&ring, None).unwrap();
    let verify_options = VerifyOptions {
        now: "2026-11-27T12:00:00Z".parse().unwrap(),
        tolerance: None,
        public_url: Some("http://localhost/".into()),
        topics: Vec::new(),
    };
    let verdict = |events: &str, signature: &'static str| {
        let delivery = Delivery {
            method: http::Method::POST,
            path: "/".parse().unwrap(),
            headers: [
                ("content-type", "application/x-www-form-urlencoded"),
                ("x-mandrill-signature", signature),
            ]
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .into_iter()
            .collect(),
            body: format!("mandrill_events={events}").into(),
        };
        providers::read(&delivery, None, &keys, &verify_options)
            .signature
            .verdict
    };
    assert_eq!(
        verdict("%5B%5D", "QANhYzyeonX51wyzKImgnLZ27CE="),
        Verdict::VerifiedTestKey
    );
    assert_eq!(
        verdict("%5B%5D", "C3rJOk0zIRTP8UIkTTkUtgDTnSg="),
        Verdict::Refused
    );
    // Signed with `test-webhook`, but with more in the form than the empty list: a handler may read that.
    for (more, signature) in [
        (
            "%5B%5D&mandrill_events=%5B%7B%7D%5D",
            "Cqn8rjGxYYWtZRu7Z7JTQttXg5Q=",
        ),
        (
            "%5B%5D&mandrill_events%5B0%5D%5Bevent%5D=open",
            "02UzLMlU4/OhAd1Il7BOtWOp9cM=",
        ),
        ("%5B%5D&x=1", "QICKv8K7A4hmdHkmIk2VmBYdjJY="),
    ] {
        assert_eq!(verdict(more, signature), Verdict::Refused, "{more}");
    }
    // Signed with `test-webhook` over `[{}]`.
    assert_eq!(
        verdict("%5B%7B%7D%5D", "oPB+KyZdGoYx7a3jQPTw8lSECO4="),
        Verdict::Refused
    );
}

#[test]
fn an_event_of_resend_is_about_everybody_it_was_sent_to() {
    holds(
        &read(
            r#"{"type":"email.bounced","created_at":"2026-01-01T00:00:00.000Z","data":{"email_id":"e","to":["A <a@example.com>","b@example.com"]}}"#,
        ),
        "resend",
        &[
            "bounce | undetermined | a@example.com | e | 2026-01-01T00:00:00Z | -",
            "bounce | undetermined | b@example.com | e | 2026-01-01T00:00:00Z | -",
        ],
    );
}

#[test]
fn a_batch_is_known_by_any_of_its_first_elements() {
    let sms = r#"{"messageId":"1","to":"+4915112345678","status":{"groupName":"DELIVERED"}}"#;
    let mail = r#"{"messageId":"2","to":"to@example.com","status":{"groupName":"DELIVERED"}}"#;
    for results in [format!("{sms},{mail}"), format!("{mail},{sms}")] {
        let receipt = read(&format!(r#"{{"results":[{results}]}}"#));
        assert_eq!(
            (receipt.provider, receipt.events.len()),
            (Some("infobip"), 2),
            "{results}"
        );
    }
    let open =
        r#"{"event":"open","email":"to@example.com","sg_event_id":"1","timestamp":1790000000}"#;
    for odd in [
        r#"{"foo":1}"#,
        r#"{"event":"account_status_change"}"#,
        "7",
        "null",
        "[]",
    ] {
        let receipt = read(&format!("[{odd},{open}]"));
        assert_eq!(receipt.provider, Some("sendgrid"), "{odd}");
    }
    assert_eq!(read(r#"[{"foo":1},{"bar":2}]"#).provider, None);
    assert_eq!(read("[]").provider, None);
}

#[test]
fn a_text_message_of_sweego_is_no_mail() {
    let receipt = read(
        r#"{"event_type":"delivered","swg_uid":"1","channel":"sms","transaction_id":"t","recipient":"+4915112345678"}"#,
    );
    assert_eq!(
        (receipt.provider, receipt.events[0].kind.name()),
        (Some("sweego"), "other")
    );
}
