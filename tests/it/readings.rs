//! Requests as they may look besides the examples: other forms of a field, other names, other shapes around an event.

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use webhook_cli::providers::{self, Keys};
use webhook_cli::webhook::{Delivery, Headers, Keyring, Receipt, VerifyOptions};

const JSON: (&str, &str) = ("content-type", "application/json");

fn posted(fields: &[(&'static str, &'static str)], body: &str) -> Receipt {
    let field = |(name, value): &(&'static str, &'static str)| {
        let name = HeaderName::from_static(name);
        (name, HeaderValue::from_static(value))
    };
    let delivery = Delivery {
        method: http::Method::POST,
        path: "/".parse().unwrap(),
        headers: fields.iter().map(field).collect::<Headers>(),
        body: body.to_owned().into(),
    };
    let verify_options = VerifyOptions {
        now: "2026-09-21T14:13:20Z".parse().unwrap(),
        tolerance: None,
        public_url: None,
        topics: Vec::new(),
    };
    let keys = Keys::new(&Keyring::default(), None).unwrap();
    providers::read(&delivery, None, &keys, &verify_options)
}

/// A form of one field.
fn form(name: &str, value: &str) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair(name, value).finish()
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Kind, recipient and reason of each event.
fn told(receipt: &Receipt) -> Vec<(&str, Option<&str>, Option<&str>)> {
    let events = receipt.events.iter();
    let each = events.map(|it| {
        (
            it.kind.name(),
            it.recipient.as_deref(),
            it.reason.as_deref(),
        )
    });
    each.collect()
}

fn hard_bounce() -> Value {
    json!({
        "event_name": ["hardbounce"],
        "event_message": [{
            "email_info": {"to": [{"email_address": {"address": "to@example.com"}}]},
            "event_data": [{"object": "hardbounce", "details": [{"reason": "User unknown"}]}],
            "request_id": "r-1",
        }],
        "webhook_request_id": "w-1",
    })
}

#[test]
fn the_event_of_zeptomail_stands_in_a_field_of_any_name() {
    let compact = hard_bounce().to_string();
    let spaced = serde_json::to_string_pretty(&hard_bounce()).unwrap();
    for (name, text) in [
        ("data", &compact),
        ("data", &spaced),
        ("payload", &compact),
        ("payload", &spaced),
    ] {
        let receipt = posted(&[FORM], &form(name, text));
        assert_eq!(receipt.provider, Some("zeptomail"), "{name} {text}");
        let bounce = [("bounce", Some("to@example.com"), Some("User unknown"))];
        assert_eq!(told(&receipt), bounce, "{name} {text}");
        assert_eq!(receipt.events[0].message_id.as_deref(), Some("r-1"));
    }
    // Another's object in a field, and one that only begins so, are not ZeptoMail's.
    for text in [r#"{"event_name":["x"]}"#, r#"{"event_name":"#, "[]", "x"] {
        assert_eq!(posted(&[FORM], &form("payload", text)).provider, None);
    }
}

#[test]
fn each_message_and_each_recipient_of_zeptomail_is_an_event() {
    let mut body = hard_bounce();
    let mut second = body["event_message"][0].clone();
    second["email_info"]["to"][0]["email_address"]["address"] = "second@example.com".into();
    second["request_id"] = "r-2".into();
    second["event_data"][0]["details"] = json!([
        {"bounced_recipient": "third@example.com", "reason": "full", "time": "2026-09-21T14:13:20Z"},
        {"bounced_recipient": "fourth@example.com"},
    ]);
    body["event_message"].as_array_mut().unwrap().push(second);
    let receipt = posted(&[JSON], &body.to_string());
    assert_eq!(
        told(&receipt),
        [
            ("bounce", Some("to@example.com"), Some("User unknown")),
            ("bounce", Some("third@example.com"), Some("full")),
            ("bounce", Some("fourth@example.com"), None),
        ]
    );
    let ids = receipt
        .events
        .iter()
        .map(|event| event.message_id.as_deref());
    assert!(ids.eq([Some("r-1"), Some("r-2"), Some("r-2")]));
    // A name for each message, and a name for each part of one.
    body["event_name"] = json!(["hardbounce", "softbounce"]);
    let receipt = posted(&[JSON], &body.to_string());
    let classes = receipt
        .events
        .iter()
        .map(|event| event.bounce.unwrap().name());
    assert!(classes.eq(["hard", "soft", "soft"]));
    body["event_message"] =
        json!([{"event_data": [{"object": "email_open"}, {"object": "fbl_complaint"}]}]);
    let receipt = posted(&[JSON], &body.to_string());
    assert_eq!(
        told(&receipt),
        [("open", None, None), ("complaint", None, None)]
    );
}

#[test]
fn the_recipient_of_a_complaint_of_zeptomails_may_stand_in_the_message() {
    for to in [
        json!("to@example.com"),
        json!(["to@example.com"]),
        json!([{"address": "to@example.com"}]),
        json!([{"email_address": {"address": "to@example.com"}}]),
        json!([{"email_address": [{"address": "to@example.com"}]}]),
    ] {
        for name in [json!(["feedback_loop"]), json!("spam")] {
            let body = json!({"event_name": name, "event_message": [{"to": to}]});
            let receipt = posted(&[JSON], &body.to_string());
            let complaint = [("complaint", Some("to@example.com"), None)];
            assert_eq!(told(&receipt), complaint, "{body}");
            // One that stands in place of a list is the only one of it.
            let body = json!({"event_name": name, "event_message": {"to": to}});
            assert_eq!(
                told(&posted(&[JSON], &body.to_string())),
                complaint,
                "{body}"
            );
        }
    }
}

#[test]
fn a_message_id_of_zero_is_none() {
    for (body, wanted) in [
        (
            r#"{"event":"sent","time":1,"MessageID":0,"Message_GUID":"g-1","email":"a@b"}"#,
            Some("g-1"),
        ),
        (
            r#"{"event":"sent","time":1,"MessageID":"0","Message_GUID":"g-1","email":"a@b"}"#,
            Some("g-1"),
        ),
        (
            r#"{"event":"sent","time":1,"MessageID":0,"email":"a@b"}"#,
            None,
        ),
        (
            r#"{"event":"sent","time":1,"MessageID":10,"Message_GUID":"g-1","email":"a@b"}"#,
            Some("10"),
        ),
        (r#"{"event":"open","rcpt":"a@b","email_id":0}"#, None),
    ] {
        let receipt = posted(&[JSON], body);
        assert_eq!(receipt.events[0].message_id.as_deref(), wanted, "{body}");
    }
}

#[test]
fn a_time_is_read_in_whatever_common_form() {
    let event = |time: &str| {
        format!(r#"{{"event":"delivered","rcpt":"a@b","email_id":"e","time":{time}}}"#)
    };
    for time in [
        "\"2026-09-21T14:13:20Z\"",
        "\"2026-09-21T14:13:20\"",
        "\"2026-09-21 14:13:20\"",
        "\"2026-09-21T16:13:20+02:00\"",
        "\"2026-09-21 16:13:20+0200\"",
        "\"2026-09-21 16:13:20 +0200\"",
        "\"2026-09-21 14:13:20 UTC\"",
        "\"2026-09-21 14:13:20 GMT\"",
        "\"Mon, 21 Sep 2026 14:13:20 +0000\"",
        "\"Mon, 21 Sep 2026 14:13:20 GMT\"",
        "\"Mon Sep 21 14:13:20 2026\"",
        "\"1790000000\"",
        "1790000000",
        "1790000000.0",
        "1790000000000",
        "\" 1790000000 \"",
    ] {
        let receipt = posted(&[JSON], &event(time));
        let at = receipt.events[0].at.map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("2026-09-21T14:13:20Z"), "{time}");
    }
    for time in [
        "\"\"", "\"soon\"", "7", "null", "[]", "\"nan\"", "\"inf\"", "1e300",
    ] {
        let receipt = posted(&[JSON], &event(time));
        assert_eq!(receipt.events[0].at, None, "{time}");
    }
    // Of another provider, whose times are seconds.
    for time in ["\"nan\"", "\"-inf\"", "\"\""] {
        let body =
            format!(r#"[{{"event":"open","email":"a@b","sg_event_id":"e","timestamp":{time}}}]"#);
        assert_eq!(posted(&[JSON], &body).events[0].at, None, "{time}");
    }
}

#[test]
fn a_reason_whose_first_place_is_empty_is_looked_for_in_the_next() {
    for (body, wanted) in [
        (
            r#"{"type":"message.bounced","data":{"account_id":"a","recipient":"a@b","delivery_attempt":{"response":"","description":"no such user","classification":"InvalidRecipient"}}}"#,
            "no such user",
        ),
        (
            r#"{"type":"message.bounced","data":{"account_id":"a","recipient":"a@b","delivery_attempt":{"response":" ","description":null,"classification":"InvalidRecipient"}}}"#,
            "InvalidRecipient",
        ),
        (
            r#"{"event":"bounce","time":1,"MessageID":1,"email":"a@b","comment":"","error":"","error_related_to":"policy issue"}"#,
            "policy issue",
        ),
        (
            r#"{"type":"email.suppressed","created_at":"2026-01-01T00:00:00.000Z","data":{"email_id":"e","to":["a@b"],"suppressed":{"message":"","reason":"previous_bounce","type":"Suppressed"}}}"#,
            "previous_bounce",
        ),
        (
            r#"{"type":"email.suppressed","created_at":"2026-01-01T00:00:00.000Z","data":{"email_id":"e","to":["a@b"],"suppressed":{"diagnosticCode":["smtp; 550 gone"],"reason":"previous_bounce"}}}"#,
            "smtp; 550 gone",
        ),
        (
            r#"{"type":"email.bounced","created_at":"2026-01-01T00:00:00.000Z","data":{"email_id":"e","to":["a@b"],"bounce":{"message":"","type":"Permanent","subType":"General"}}}"#,
            "Permanent: General",
        ),
        (
            r#"{"events":[{"event":"bounce","email":"a@b","timestamp":1790000000,"event_id":"e","message_id":"m","response":"","bounce_category":"badrecipient"}]}"#,
            "badrecipient",
        ),
        (
            r#"{"eventType":"DeliveryDelay","mail":{"messageId":"m"},"deliveryDelay":{"delayType":"MailboxFull","delayedRecipients":[{"emailAddress":"a@b"}]}}"#,
            "MailboxFull",
        ),
        (
            r#"{"eventType":"Complaint","mail":{"messageId":"m"},"complaint":{"complaintSubType":"OnAccountSuppressionList","complainedRecipients":[{"emailAddress":"a@b"}]}}"#,
            "OnAccountSuppressionList",
        ),
        (
            r#"{"RecordType":"Bounce","MessageID":"m","Type":"HardBounce","Name":"Hard bounce","Details":"","Description":"","Email":"a@b"}"#,
            "Hard bounce",
        ),
        (
            r#"{"RecordType":"SubscriptionChange","MessageID":"m","SuppressSending":true,"SuppressionReason":"ManualSuppression","Recipient":"a@b"}"#,
            "ManualSuppression",
        ),
        (
            r#"{"event":"bounce","bounce":"hard","rcpt":"a@b","email_id":"e","message":"","context":"RCPT TO"}"#,
            "RCPT TO",
        ),
        (
            r#"{"results":[{"messageId":"m","to":"a@b","status":{"groupName":"REJECTED","description":"Validation failed"},"error":{"description":"","name":""}}]}"#,
            "Validation failed",
        ),
    ] {
        let receipt = posted(&[JSON], body);
        assert!(receipt.provider.is_some(), "{body}");
        assert_eq!(receipt.events[0].reason.as_deref(), Some(wanted), "{body}");
    }
}

#[test]
fn a_cloud_event_of_azures_is_read_in_each_of_its_modes() {
    let data = json!({
        "recipient": "to@example.com",
        "messageId": "m",
        "status": "Bounced",
        "deliveryStatusDetails": {"statusMessage": "550 gone"},
        "deliveryAttemptTimeStamp": "2026-09-21T14:13:20.2855741+00:00",
    });
    const TYPE: &str = "Microsoft.Communication.EmailDeliveryReportReceived";
    let event = json!({
        "specversion": "1.0", "id": "1", "source": "/s", "type": TYPE, "data": data,
    });
    let without_version = json!({"id": "1", "source": "/s", "type": TYPE, "data": data});
    let grid = json!({"id": "1", "eventType": TYPE, "data": data});
    let one = (
        "content-type",
        "application/cloudevents+json; charset=utf-8",
    );
    let batch = ("content-type", "application/cloudevents-batch+json");
    let binary = [
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/s"),
        ("ce-type", TYPE),
        ("ce-time", "2026-09-21T14:13:21Z"),
        JSON,
    ];
    for (headers, body) in [
        (&binary[..], data.to_string()),
        (&[one], event.to_string()),
        (&[batch], json!([event]).to_string()),
        (&[JSON], event.to_string()),
        (&[JSON], without_version.to_string()),
        (&[one], without_version.to_string()),
        (&[JSON], grid.to_string()),
        (&[JSON], json!([grid]).to_string()),
    ] {
        let receipt = posted(headers, &body);
        assert_eq!(receipt.provider, Some("azure"), "{headers:?} {body}");
        assert_eq!(
            told(&receipt),
            [("bounce", Some("to@example.com"), Some("550 gone"))],
            "{headers:?} {body}"
        );
        let event = &receipt.events[0];
        assert_eq!(event.native, TYPE);
        assert_eq!(event.message_id.as_deref(), Some("m"));
        assert_eq!(
            event.at.unwrap().to_string(),
            "2026-09-21T14:13:20.2855741Z"
        );
    }
    // Without what a report says, it is still Azure's, and of no kind.
    let receipt = posted(&binary, "{}");
    assert_eq!(receipt.provider, Some("azure"));
    assert_eq!(told(&receipt), [("other", None, None)]);
}

#[test]
fn a_cloud_event_that_lacks_what_it_must_have_is_one_event_and_a_problem() {
    let binary = ("ce-specversion", "1.0");
    let one = ("content-type", "application/cloudevents+json");
    for (headers, body, missing) in [
        (
            vec![JSON, binary, ("ce-source", "/s"), ("ce-type", "t")],
            "{}",
            "`id`",
        ),
        (
            vec![JSON, binary, ("ce-source", "/s"), ("ce-id", "1")],
            "{}",
            "`type`",
        ),
        (
            vec![one],
            r#"{"specversion":"1.0","source":"/s","type":"t"}"#,
            "`id`",
        ),
        (
            vec![one],
            r#"{"specversion":"1.0","source":"/s","id":"1"}"#,
            "`type`",
        ),
        (
            vec![one],
            r#"{"specversion":"1.0","source":"/s","id":"1","type":null}"#,
            "`type`",
        ),
        (
            vec![one],
            r#"{"specversion":"1.0","source":"/s","id":{},"type":"t"}"#,
            "`id`",
        ),
    ] {
        let receipt = posted(&headers, body);
        assert_eq!(receipt.provider, Some("cloudevents"), "{headers:?} {body}");
        assert_eq!(
            told(&receipt),
            [("other", None, None)],
            "{headers:?} {body}"
        );
        let problem = format!("a CloudEvent must have {missing}");
        assert_eq!(receipt.problems, [problem], "{headers:?} {body}");
    }
}

#[test]
fn a_form_of_mandrills_may_have_other_fields_too() {
    let events = r#"[{"event":"hard_bounce","_id":"i","ts":1790000000,"msg":{"email":"to@example.com","diag":"550 gone"}}]"#;
    let field = form("mandrill_events", events);
    let parts = format!(
        "--b\r\ncontent-disposition: form-data; name=\"tenant\"\r\n\r\n7\r\n--b\r\ncontent-disposition: form-data; \
         name=\"mandrill_events\"\r\n\r\n{events}\r\n--b--\r\n"
    );
    for (kind, body) in [
        (FORM, field.clone()),
        (FORM, format!("tenant=7&{field}")),
        (FORM, format!("{field}&tenant=7&note=")),
        (("content-type", "multipart/form-data; boundary=b"), parts),
    ] {
        let receipt = posted(&[kind], &body);
        assert_eq!(receipt.provider, Some("mandrill"), "{body}");
        let bounce = [("bounce", Some("to@example.com"), Some("550 gone"))];
        assert_eq!(told(&receipt), bounce, "{body}");
    }
}

#[test]
fn an_event_is_read_alone_and_in_a_list_whatever_is_usual() {
    let listed = |body: &str| format!("[{body},{body}]");
    for (provider, body) in [
        (
            "postmark",
            r#"{"RecordType":"Delivery","MessageID":"m","Recipient":"to@example.com"}"#,
        ),
        (
            "sendgrid",
            r#"{"event":"delivered","email":"to@example.com","sg_event_id":"e","timestamp":1790000000}"#,
        ),
        (
            "sparkpost",
            r#"{"msys":{"message_event":{"type":"delivery","rcpt_to":"to@example.com","event_id":"1"}}}"#,
        ),
        (
            "mailtrap",
            r#"{"events":[{"event":"delivery","email":"to@example.com","timestamp":1790000000,"event_id":"e","message_id":"m"}]}"#,
        ),
        (
            "ses",
            r#"{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:eu-central-1:1:t","Message":"{\"eventType\":\"Delivery\",\"mail\":{\"messageId\":\"m\"},\"delivery\":{\"recipients\":[\"to@example.com\"]}}"}"#,
        ),
        (
            "resend",
            r#"{"type":"email.delivered","created_at":"2026-01-01T00:00:00.000Z","data":{"email_id":"e","to":["to@example.com"]}}"#,
        ),
    ] {
        let delivered = ("delivered", Some("to@example.com"), None);
        for (body, count) in [(body.to_owned(), 1), (listed(body), 2)] {
            let receipt = posted(&[JSON], &body);
            assert_eq!(receipt.provider, Some(provider), "{body}");
            assert_eq!(told(&receipt), vec![delivered; count], "{body}");
        }
    }
}

#[test]
fn the_event_of_sparkposts_is_found_beside_members_that_are_none() {
    for beside in [
        r#""version":2"#,
        r#""meta":{"a":1}"#,
        r#""meta":{},"list":[1]"#,
    ] {
        let event = r#""message_event":{"type":"bounce","bounce_class":"10","rcpt_to":"to@example.com","reason":"gone"}"#;
        for inside in [format!("{beside},{event}"), format!("{event},{beside}")] {
            let receipt = posted(&[JSON], &format!(r#"[{{"msys":{{{inside}}}}}]"#));
            assert_eq!(receipt.provider, Some("sparkpost"), "{inside}");
            let bounce = [("bounce", Some("to@example.com"), Some("gone"))];
            assert_eq!(told(&receipt), bounce, "{inside}");
        }
    }
}

#[test]
fn a_header_of_one_provider_outweighs_the_body_of_another() {
    for header in [
        "mailtrap-signature",
        "x-cio-signature",
        "producer-signature",
    ] {
        let own = posted(&[JSON, (header, "x")], "{}").provider;
        assert!(own.is_some(), "{header}");
        for body in [
            r#"{"RecordType":"Delivery","MessageID":"m","Recipient":"to@example.com"}"#,
            r#"{"event":"delivered","timestamp":1,"email":"to@example.com"}"#,
            r#"[{"event":"delivered","email":"to@example.com","sg_event_id":"e"}]"#,
            r#"{"event":"sent","time":1,"MessageID":1,"email":"to@example.com"}"#,
        ] {
            let receipt = posted(&[JSON, (header, "x")], body);
            assert_eq!(receipt.provider, own, "{header} {body}");
            assert_ne!(posted(&[JSON], body).provider, own, "{header} {body}");
        }
    }
}
