//! Deliveries that were once read or written wrongly, each in its smallest form.

use serde_json::{Value, json};
use webhook_cli::providers;
use webhook_cli::providers::{Keys, Overrides, Template};
use webhook_cli::webhook::{
    Delivery, Fixture, Headers, Keyring, Kind, Receipt, Rng, Verdict, VerifyOptions,
};

use crate::harness::{Receiver, run};

fn posted(content_type: &str, body: &str) -> Delivery {
    let mut headers = Headers::new();
    headers.push(http::header::CONTENT_TYPE, content_type.parse().unwrap());
    Delivery {
        method: http::Method::POST,
        path: "/".parse().unwrap(),
        headers,
        body: body.to_owned().into(),
    }
}

fn read(delivery: &Delivery) -> Receipt {
    let keys = Keys::new(&Keyring::default(), None).unwrap();
    let verify_options = VerifyOptions {
        now: "2026-09-21T14:13:20Z".parse().unwrap(),
        tolerance: None,
        public_url: None,
        topics: Vec::new(),
    };
    providers::read(delivery, None, &keys, &verify_options)
}

/// What is read of a body: the provider, and of its first event what the row asks for.
struct Reading {
    body: &'static str,
    provider: &'static str,
    told: &'static [(&'static str, &'static str)],
}

const READINGS: &[Reading] = &[
    // MailerSend, version 2.
    Reading {
        body: r#"{"type":"activity.hard_bounced","created_at":"2026-09-21T14:13:20.000000Z","data":{"id":"a","domain_id":"d","message_id":"m","email_id":"e","type":"hard_bounced","subject":"s","recipient":"to@example.com","tags":[],"meta":{"bounce_reason":"550 5.1.1 User unknown","bounce_code":550,"bounce_type":"hard"}},"webhook_id":"w"}"#,
        provider: "mailersend",
        told: &[
            ("kind", "bounce"),
            ("bounce", "hard"),
            ("recipient", "to@example.com"),
            ("message_id", "m"),
            ("at", "2026-09-21T14:13:20Z"),
            ("reason", "550 5.1.1 User unknown"),
        ],
    },
    Reading {
        body: r#"{"type":"activity.suppressed","created_at":"2026-09-21T14:13:20.000000Z","data":{"recipient":"to@example.com","meta":{"suppression_reason":"on_hold"}}}"#,
        provider: "mailersend",
        told: &[
            ("kind", "rejected"),
            ("recipient", "to@example.com"),
            ("reason", "on_hold"),
        ],
    },
    Reading {
        body: r#"{"type":"activity.clicked","created_at":"2026-09-21T14:13:20.000000Z","data":{"recipient":"to@example.com","meta":{"url":"https:\/\/example.com\/a"}}}"#,
        provider: "mailersend",
        told: &[("kind", "click"), ("url", "https://example.com/a")],
    },
    Reading {
        body: r#"{"type":"activity.unsubscribed","created_at":"2026-09-21T14:13:20.000000Z","data":{"email":"to@example.com","meta":{"unsubscribe_reason":"NO_LONGER_WANT"}}}"#,
        provider: "mailersend",
        told: &[
            ("kind", "unsubscribe"),
            ("recipient", "to@example.com"),
            ("reason", "NO_LONGER_WANT"),
        ],
    },
    Reading {
        body: r#"{"type":"activity.sent","created_at":"2026-09-21T14:13:20.000000Z","data":{"recipient":"to@example.com","meta":null}}"#,
        provider: "mailersend",
        told: &[("kind", "sent"), ("reason", "null")],
    },
    // Scaleway, in an envelope like that of SNS, and without it.
    Reading {
        body: r#"{"Type":"Notification","MessageId":"m","TopicArn":"arn:scw:sns:fr-par:project-1:t","Message":"{\"type\":\"email_dropped\",\"email_to\":\"to@example.com\",\"email_id\":\"e\",\"created_at\":\"2026-09-21T14:13:20Z\",\"email_error\":\"550 refused\"}"}"#,
        provider: "scaleway",
        told: &[
            ("kind", "bounce"),
            ("bounce", "hard"),
            ("recipient", "to@example.com"),
            ("message_id", "e"),
            ("reason", "550 refused"),
        ],
    },
    Reading {
        body: r#"{"Type":"Notification","Message":"{\"type\":\"email_blocklisted\",\"email_to\":\"to@example.com\",\"blocklist_reason\":\"full\",\"email_response_message\":\"x\"}","SigningCertURL":"https://messaging.s3.nl-ams.scw.cloud/nl-ams/sns/sns_certificate_1.crt"}"#,
        provider: "scaleway",
        told: &[("kind", "rejected"), ("reason", "full")],
    },
    Reading {
        body: r#"{"type":"unknown_type","organization_id":"o","project_id":"p","domain_id":"d"}"#,
        provider: "scaleway",
        told: &[("kind", "other"), ("native", "unknown_type")],
    },
    Reading {
        body: r#"{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws-cn:sns:cn-north-1:111122223333:t","Message":"x"}"#,
        provider: "ses",
        told: &[("kind", "other")],
    },
    Reading {
        body: r#"{"Type":"Notification","MessageId":"m","TopicArn":"t","Message":"x"}"#,
        provider: "ses",
        told: &[("kind", "other")],
    },
    // Braze's Currents; the other properties may stand beside the event's name.
    Reading {
        body: r#"{"events":[{"event_type":"users.messages.email.Bounce","id":"a","time":1790000000,"user":{"user_id":"u"},"properties":{"dispatch_id":"d","email_address":"to@example.com","bounce_reason":"550 gone"}}]}"#,
        provider: "braze",
        told: &[
            ("kind", "bounce"),
            ("bounce", "hard"),
            ("native", "users.messages.email.Bounce"),
            ("recipient", "to@example.com"),
            ("message_id", "d"),
            ("at", "2026-09-21T14:13:20Z"),
            ("reason", "550 gone"),
        ],
    },
    Reading {
        body: r#"{"events":[{"event_type":"users.messages.email.Click","id":"a","time":1790000000,"email_address":"to@example.com","url":"https://example.com/a"}]}"#,
        provider: "braze",
        told: &[
            ("kind", "click"),
            ("recipient", "to@example.com"),
            ("url", "https://example.com/a"),
        ],
    },
    Reading {
        body: r#"{"events":[{"event_type":"users.messages.pushnotification.Send","id":"a","time":1790000000}]}"#,
        provider: "braze",
        told: &[("kind", "other")],
    },
    // Klaviyo's topics of other channels.
    Reading {
        body: r#"{"data":[{"external_id":"e","topic":"event:klaviyo.clicked_sms","payload":{}}],"meta":{"klaviyo_webhook_id":"w","timestamp":"2026-09-21T14:13:20+00:00","klaviyo_account_id":"A","version":"2025-07-15"}}"#,
        provider: "klaviyo",
        told: &[("kind", "other"), ("native", "event:klaviyo.clicked_sms")],
    },
    // Iterable, with the address elsewhere, with a title for the name, and with next to nothing.
    Reading {
        body: r#"{"eventName":"emailOpen","userId":"u1","dataFields":{"email":"to@example.com","campaignId":1,"messageId":"m"}}"#,
        provider: "iterable",
        told: &[
            ("kind", "open"),
            ("recipient", "to@example.com"),
            ("message_id", "m"),
        ],
    },
    Reading {
        body: r#"{"email":"to@example.com","eventTitle":"emailOpen","dataFields":{"campaignId":1}}"#,
        provider: "iterable",
        told: &[
            ("kind", "open"),
            ("native", "emailOpen"),
            ("recipient", "to@example.com"),
        ],
    },
    Reading {
        body: r#"{"email":"to@example.com","eventName":"emailOpen"}"#,
        provider: "iterable",
        told: &[("kind", "open"), ("recipient", "to@example.com")],
    },
    Reading {
        body: r#"{"userId":"u1","eventTitle":"emailBounce","dataFields":{"recipientState":"SoftBounce","labels":null,"locale":null}}"#,
        provider: "iterable",
        told: &[("kind", "bounce"), ("bounce", "soft")],
    },
    Reading {
        body: r#"{"userId":"u1","eventTitle":"hostedUnsubscribeClick"}"#,
        provider: "iterable",
        told: &[("kind", "unsubscribe")],
    },
    // Mailjet: the number that the Send API returns, digit by digit.
    Reading {
        body: r#"{"event":"sent","time":1790000000,"MessageID":1152921504606846977,"Message_GUID":"g-1","email":"to@example.com","mj_campaign_id":0,"mj_contact_id":1,"CustomID":"","Payload":""}"#,
        provider: "mailjet",
        told: &[("kind", "delivered"), ("message_id", "1152921504606846977")],
    },
    // Brevo: the time in milliseconds under another name.
    Reading {
        body: r#"{"event":"proxy_open","email":"to@example.com","id":1,"date":"2020-10-09 00:00:00","message-id":"<m@example.com>","tag":["a"],"s_epoch":1534486682000,"template_id":1}"#,
        provider: "brevo",
        told: &[("kind", "open"), ("at", "2018-08-17T06:18:02Z")],
    },
];

#[test]
fn a_body_that_was_misread_is_read_rightly() {
    for Reading {
        body,
        provider,
        told,
    } in READINGS
    {
        let receipt = read(&posted("application/json", body));
        assert_eq!(receipt.provider, Some(*provider), "{body}");
        assert_eq!(receipt.problems, [] as [&str; 0], "{body}");
        assert_eq!(receipt.events.len(), 1, "{body}");
        let event = &receipt.events[0];
        for (what, wanted) in *told {
            let found = match *what {
                "kind" => Some(event.kind.name().to_owned()),
                "native" => Some(event.native.clone()),
                "bounce" => event.bounce.map(|class| class.name().to_owned()),
                "recipient" => event.recipient.clone(),
                "message_id" => event.message_id.clone(),
                "at" => event.at.map(|at| at.to_string()),
                "url" => event.url.clone(),
                "reason" => event.reason.clone(),
                what => panic!("{what}"),
            };
            assert_eq!(
                found.as_deref().unwrap_or("null"),
                *wanted,
                "{what} of {body}"
            );
        }
    }
}

#[test]
fn what_is_iterables_has_an_event_that_iterable_has() {
    for body in [
        r#"{"email":"to@example.com","eventName":"purchase"}"#,
        r#"{"eventName":"emailOpen"}"#,
    ] {
        assert_ne!(
            read(&posted("application/json", body)).provider,
            Some("iterable"),
            "{body}"
        );
    }
}

#[test]
fn a_message_of_scaleways_shows_the_link_that_confirms_its_subscription() {
    let provider = providers::find("scaleway").unwrap();
    let row = provider.row("SubscriptionConfirmation").unwrap();
    let delivery = Fixture::read(row.example.as_bytes()).unwrap().delivery;
    let receipt = read(&delivery);
    assert_eq!(receipt.provider, Some("scaleway"));
    let link = receipt.confirm.unwrap();
    assert_eq!(
        providers::confirms_subscription(receipt.provider, &link),
        ("Scaleway", true)
    );
    // Each service is told of its own subscriptions alone.
    assert!(!providers::confirms_subscription(Some("ses"), &link).1);
    let amazons = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=1";
    assert!(!providers::confirms_subscription(Some("scaleway"), amazons).1);
    assert!(providers::confirms_subscription(Some("ses"), amazons).1);
}

/// What is sent for a wish, as text and as JSON, with the notes.
fn sent(provider: &str, kind: &str, overrides: &Overrides) -> (String, Value, Vec<String>) {
    let provider = providers::find(provider).unwrap();
    let template = Template::new(provider, provider.row(kind).unwrap(), None).unwrap();
    let (delivery, notes) = template.fill(overrides, jiff::Timestamp::now(), &mut Rng::seeded(1));
    let body = String::from_utf8(delivery.body.to_vec()).unwrap();
    let value = serde_json::from_str(&body).unwrap();
    (body, value, notes)
}

#[test]
fn a_message_id_that_is_a_number_is_put_digit_by_digit() {
    for digits in [
        "2252839243263898067",
        "0",
        "7",
        // More than any integer of a machine holds.
        "123456789012345678901234567890",
    ] {
        let overrides = Overrides {
            message_id: Some(digits.into()),
            ..Overrides::default()
        };
        for kind in ["delivered", "open", "bounce"] {
            let (body, _, notes) = sent("mailjet", kind, &overrides);
            assert!(body.contains(&format!("\"MessageID\":{digits},")), "{body}");
            assert_eq!(notes, [] as [&str; 0]);
        }
        let (body, value, _) = sent("mailjet", "delivered", &overrides);
        assert_eq!(
            value["mj_message_id"], digits,
            "what repeats it follows: {body}"
        );
    }
    // What is no whole number, as JSON writes it, is put as a text, and said.
    for text in ["007", "-1", "1.5", "abc", ""] {
        let overrides = Overrides {
            message_id: Some(text.into()),
            ..Overrides::default()
        };
        let (_, value, notes) = sent("mailjet", "delivered", &overrides);
        assert_eq!(value["MessageID"], text);
        assert!(notes[0].contains("is a number"), "{notes:?}");
    }
}

#[test]
fn a_message_id_of_every_provider_comes_back_digit_by_digit() {
    const ID: &str = "2252839243263898067";
    let overrides = Overrides {
        message_id: Some(ID.into()),
        ..Overrides::default()
    };
    for provider in providers::ALL {
        // A mail that comes in has the id that its sender gave it.
        let is_about_ours = |row: &&providers::EventDef| row.kind != Kind::Inbound;
        let rows = provider.events.iter().filter(is_about_ours);
        for row in rows.filter(|row| !row.example.is_empty()) {
            let label = format!("{} {}", provider.name, row.native);
            let template = Template::new(provider, row, None).unwrap();
            let (delivery, notes) =
                template.fill(&overrides, jiff::Timestamp::now(), &mut Rng::seeded(1));
            let event = read(&delivery).events.remove(0);
            if notes.is_empty() {
                assert_eq!(event.message_id.as_deref(), Some(ID), "{label}");
            }
        }
    }
}

#[test]
fn the_events_of_a_message_share_its_number_and_its_guid() {
    let handler = Receiver::ok();
    run(&[
        "send",
        "delivered",
        "open",
        "--provider",
        "mailjet",
        "-n",
        "2",
        "--to",
        &handler.url,
    ])
    .success();
    let told: Vec<Value> = (0..4)
        .map(|_| serde_json::from_slice(&handler.next().body).unwrap())
        .collect();
    for name in ["MessageID", "Message_GUID"] {
        assert_eq!(told[0][name], told[1][name], "{name}");
        assert_eq!(told[2][name], told[3][name], "{name}");
        assert_ne!(told[0][name], told[2][name], "{name}");
    }
}

#[test]
fn mailersend_sends_version_2_and_version_1_where_it_is_asked_for() {
    let handler = Receiver::ok();
    let send = |more: &[&str]| -> Value {
        let mut args = vec![
            "send",
            "bounce",
            "--provider",
            "mailersend",
            "--to",
            &handler.url,
        ];
        args.extend(more);
        run(&args).success();
        let request = handler.next();
        assert!(request.header("signature").is_some());
        serde_json::from_slice(&request.body).unwrap()
    };
    for more in [
        &["--recipient", "to@example.com"][..],
        &["--recipient", "to@example.com", "--native-version", "2"],
    ] {
        let newest = send(more);
        assert_eq!(newest["data"]["recipient"], "to@example.com");
        assert_eq!(newest["data"]["meta"]["bounce_type"], "hard");
        let at = newest["created_at"].as_str().unwrap();
        assert!(at.ends_with(".000000Z"), "{at}");
        assert!(newest.get("url").is_none());
    }
    let older = send(&[
        "--native-version",
        "1",
        "--recipient",
        "to@example.com",
        "--tag",
        "a",
    ]);
    assert_eq!(
        older["data"]["email"]["recipient"]["email"],
        "to@example.com"
    );
    assert_eq!(older["data"]["email"]["tags"], json!(["a"]));
    assert_eq!(older["data"].get("tags"), None);
    assert_eq!(older["data"]["morph"]["object"], "recipient_bounce");

    // A sort of bounce is told as the version tells it.
    let soft = send(&["--native-version", "1", "--bounce", "soft"]);
    assert!(
        soft["data"]["morph"]["reason"]
            .as_str()
            .unwrap()
            .starts_with("450 4.2.0")
    );
    assert_eq!(soft["data"].get("meta"), None);
    let soft = send(&["--bounce", "soft"]);
    assert_eq!(soft["data"]["meta"]["bounce_code"], 450);
    assert_eq!(soft["data"].get("morph"), None);
}

#[test]
fn a_version_that_is_not_there_is_refused_with_those_that_are() {
    let failed = |args: &[&str]| {
        let ran = run(args);
        assert_ne!(ran.status, 0, "{args:?}");
        ran.stderr
    };
    let send = |provider, kind, version| {
        failed(&[
            "send",
            kind,
            "--provider",
            provider,
            "--native-version",
            version,
            "--dry-run",
        ])
    };
    let told = send("postmark", "bounce", "1");
    assert!(told.contains("Postmark have no versions"), "{told}");
    assert!(told.contains("mailersend (2, 1)"), "{told}");
    let told = send("mailersend", "bounce", "3");
    assert!(
        told.contains("no version `3`") && told.contains("2, 1"),
        "{told}"
    );
    let told = send("mailersend", "rejected", "1");
    assert!(told.contains("no `rejected` in version 1"), "{told}");
    let told = failed(&[
        "send",
        "journey",
        "--provider",
        "resend",
        "--native-version",
        "1",
        "--dry-run",
    ]);
    assert!(told.contains("Resend have no versions"), "{told}");
    let told = failed(&["events", "resend", "open", "--native-version", "1"]);
    assert!(told.contains("Resend have no versions"), "{told}");
}

#[test]
fn the_events_of_mailersend_are_listed_with_their_versions() {
    let page = run(&["events", "mailersend"]).success().stdout;
    assert!(
        page.contains("2, which is sent; 1 (`--native-version 1`)"),
        "{page}"
    );
    assert!(page.contains("activity.opened  (version 1)"), "{page}");
    let older = run(&["events", "mailersend", "open", "--native-version", "1"])
        .success()
        .stdout;
    assert!(older.contains("\"object\":\"activity\""), "{older}");
    let newest = run(&["events", "mailersend", "open"]).success().stdout;
    assert!(
        newest.contains("\"recipient\":\"ada@example.com\""),
        "{newest}"
    );
    let line = run(&["events", "mailersend", "--json"]).success().stdout;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["versions"], json!(["2", "1"]));
    let of = |version: Value| {
        let events = line["events"].as_array().unwrap().iter();
        events.filter(|event| event["version"] == version).count()
    };
    assert_eq!(
        (of(json!("2")), of(json!("1")), of(Value::Null)),
        (14, 11, 2)
    );
}

#[test]
fn a_signature_of_mailersends_counts_under_its_longer_name_too() {
    let body = r#"{"type":"activity.sent","data":{"recipient":"to@example.com"}}"#;
    let mut delivery = posted("application/json", body);
    let provider = providers::find("mailersend").unwrap();
    let keys = Keys::new(&Keyring::default(), None).unwrap();
    let mut rng = Rng::seeded(1);
    let seal = &mut webhook_cli::webhook::SigningContext {
        at: jiff::Timestamp::now(),
        url: "",
        rng: &mut rng,
    };
    provider.schemes[1]
        .sign(&mut delivery, keys.test(provider).unwrap(), seal)
        .unwrap();
    assert!(delivery.headers.text("x-mailersend-signature").is_some());
    assert_eq!(read(&delivery).signature.verdict, Verdict::VerifiedTestKey);
}

#[test]
fn postal_sends_three_headers_and_the_best_that_is_there_counts() {
    let handler = Receiver::ok();
    run(&[
        "send",
        "delivered",
        "--provider",
        "postal",
        "--to",
        &handler.url,
    ])
    .success();
    let request = handler.next();
    let field = |name: &str| request.header(name).unwrap().to_owned();
    let kid = field("x-postal-signature-kid");
    assert!(
        kid.len() == 64 && kid.bytes().all(|b| b.is_ascii_hexdigit()),
        "{kid}"
    );
    let sent = |fields: &[(&'static str, &str)]| {
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        let mut delivery = posted("application/json", &body);
        for (name, value) in fields {
            let name = http::HeaderName::from_static(name);
            delivery.headers.push(name, value.parse().unwrap());
        }
        read(&delivery).signature.verdict
    };
    let (new, old) = (field("x-postal-signature-256"), field("x-postal-signature"));
    assert_ne!(new, old);
    const NEW: &str = "x-postal-signature-256";
    const OLD: &str = "x-postal-signature";
    for (fields, wanted) in [
        (
            &[(NEW, new.as_str()), (OLD, old.as_str())][..],
            Verdict::VerifiedTestKey,
        ),
        (&[(NEW, &new)], Verdict::VerifiedTestKey),
        (&[(OLD, &old)], Verdict::VerifiedTestKey),
        (&[(NEW, &new), (OLD, &new)], Verdict::VerifiedTestKey),
        // Whoever has changed the newer one is not helped by the older one.
        (&[(NEW, &old), (OLD, &old)], Verdict::Unchecked),
        (&[(NEW, ""), (OLD, &old)], Verdict::Unchecked),
        (&[(NEW, "!"), (OLD, &old)], Verdict::Unchecked),
    ] {
        assert_eq!(sent(fields), wanted, "{fields:?}");
    }
}
