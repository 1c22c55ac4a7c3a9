//! Acting: events that are sent, deliveries that are sent again, faults, and where nothing may be sent.

use serde_json::{Value, json};

use crate::harness::inspector::Inspected;
use crate::harness::{Receiver, run};
use webhook_cli::providers::ALL;

const FAILED: &str = "HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\noops";

#[test]
fn an_event_has_the_bytes_that_send_makes_for_every_provider() {
    let inspected = Inspected::listen(&[]);
    for provider in ALL {
        let row = provider
            .events
            .iter()
            .find(|row| !row.example.is_empty())
            .unwrap();
        let args = [
            "send",
            row.native,
            "--provider",
            provider.name,
            "--to",
            "127.0.0.1:9/hooks",
            "--seed",
            "3",
            "--at",
            "2026-01-01T00:00:00Z",
            "--recipient",
            "ada@example.com",
            "--dry-run",
            "--as",
            "json",
        ];
        let printed = run(&args);
        assert_eq!(printed.status, 0, "{}: {}", provider.name, printed.stderr);
        let body = json!({
            "kinds": [row.native], "provider": provider.name, "to": "127.0.0.1:9/hooks", "seed": 3,
            "at": "2026-01-01T00:00:00Z", "recipient": "ada@example.com", "dry_run": true,
        });
        let made = inspected.post("/send", &body.to_string());
        assert_eq!(made.status, 200, "{}: {}", provider.name, made.text());
        let made = made.json();
        assert_eq!(made["attempts"], json!([]));
        let wanted: Value = serde_json::from_str(printed.stdout.trim_end()).unwrap();
        assert_eq!(made["requests"][0], wanted, "{}", provider.name);
    }
}

#[test]
fn whatever_a_form_offers_reaches_the_event() {
    let inspected = Inspected::listen(&[]);
    let body = json!({
        "kinds": ["bounce"], "provider": "sendgrid", "recipient": "ada@example.com", "message_id": "abc",
        "bounce": "mailbox-full", "set": {"/0/order_id": "B-7", "/0/n": 1.5}, "metadata": {"tenant": "acme"},
        "tamper": "body",
    });
    let sent = inspected.post("/send", &body.to_string());
    assert_eq!(sent.status, 200, "{}", sent.text());
    let shown = inspected.json(&format!("/deliveries/{}", inspected.id(0)));
    let event = &shown["body"][0];
    assert_eq!(
        (&event["order_id"], &event["n"]),
        (&json!("B-7"), &json!(1.5)),
        "{shown}"
    );
    assert_eq!(shown["events"][0]["message_id"], "abc");
    assert_eq!(shown["signature"]["verdict"], "unchecked");
    let batch = json!({"kinds": ["open"], "provider": "sendgrid", "batch": 3, "machine": true});
    assert_eq!(inspected.post("/send", &batch.to_string()).status, 200);
    assert_eq!(inspected.json("/deliveries")["items"][1]["events"], 3);
}

#[test]
fn an_order_that_cannot_be_carried_out_says_what_the_command_line_says() {
    let inspected = Inspected::listen(&[]);
    for (body, status, words) in [
        (json!({}), 400, "/kinds"),
        (json!({"kinds": []}), 400, "/kinds"),
        (json!({"kinds": [1]}), 400, "`/kinds/0` is to be a text"),
        (json!({"kinds": ["--secret=x"]}), 400, "/kinds/0"),
        (json!({"kinds": ["opne"]}), 422, "open"),
        (
            json!({"kinds": ["open"], "provider": "sendgird"}),
            422,
            "sendgrid",
        ),
        (
            json!({"kinds": ["open"], "recipent": "x"}),
            400,
            "did you mean `recipient`",
        ),
        (
            json!({"kinds": ["open"], "recipient": 7}),
            400,
            "`/recipient` is to be a text",
        ),
        (json!({"kinds": ["open"], "seed": -1}), 400, "/seed"),
        (json!({"kinds": ["open"], "at": "noon"}), 422, "noon"),
        (
            json!({"kinds": ["open"], "tamper": "bdy", "provider": "resend"}),
            422,
            "body",
        ),
        (
            json!({"kinds": ["bounce"], "bounce": "sfot", "provider": "sendgrid"}),
            422,
            "soft",
        ),
        (json!({"kinds": ["open"], "set": {"": 1}}), 422, "set"),
        (json!({"kinds": ["open"], "count": 100000}), 422, "too many"),
        (json!({"kinds": ["open"], "to": "http://exa mple"}), 422, ""),
        (
            json!({"kinds": ["open"], "to": "http://example.com/"}),
            403,
            "--ui-target http://example.com",
        ),
        (
            json!({"kinds": ["open"], "to": "http://10.0.0.1/"}),
            403,
            "--ui-target",
        ),
        (
            json!({"kinds": ["open"], "to": "http://127.0.0.1.evil.example/"}),
            403,
            "--ui-target",
        ),
        (
            json!({"kinds": ["open"], "to": "http://127.0.0.1@evil.example/"}),
            403,
            "evil.example",
        ),
    ] {
        let reply = inspected.post("/send", &body.to_string());
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
        assert!(
            reply.json()["error"].to_string().contains(words),
            "{body}: {}",
            reply.text()
        );
        assert!(reply.body.len() <= 1024);
    }
    assert_eq!(inspected.json("/deliveries")["matched"], 0);
}

#[test]
fn a_target_that_is_named_may_be_sent_to_and_one_that_is_down_is_told() {
    let inspected = Inspected::listen(&["--ui-target", "http://hooks.internal.invalid:81/x"]);
    for (to, outcome) in [
        ("http://hooks.internal.invalid:81/y", "unreachable"),
        ("127.0.0.1:9", "unreachable"),
    ] {
        let body = json!({"kinds": ["open"], "to": to});
        let reply = inspected.post("/send", &body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
        let attempt = &reply.json()["attempts"][0];
        assert_eq!(
            (&attempt["outcome"], &attempt["status"]),
            (&json!(outcome), &Value::Null),
            "{to}"
        );
    }
}

#[test]
fn a_delivery_is_sent_again_as_it_came_and_its_handler_is_noted() {
    let handler = Receiver::start(&[FAILED, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"]);
    let inspected = Inspected::listen(&["-f", &format!("{}/hooks", handler.url)]);
    inspected.event("bounce", "mailgun", "ada@example.com");
    let first = handler.next();
    let id = inspected.id(0);
    let reply = inspected.post(&format!("/deliveries/{id}/replay"), "{}");
    assert_eq!(
        reply.json()["attempts"][0]["status"],
        200,
        "{}",
        reply.text()
    );
    let second = handler.next();
    assert_eq!((first.body, first.line), (second.body, second.line));
    let row = &inspected.json("/deliveries")["items"][0];
    assert_eq!(
        (&row["status"], &row["handler"]["status"]),
        (&json!(500), &json!(200))
    );
    let forwarded = inspected.json(&format!("/deliveries/{id}"))["forwarded"].clone();
    assert_eq!(
        (&forwarded[1]["attempt"], &forwarded[1]["status"]),
        (&json!(2), &json!(200))
    );
}

#[test]
fn a_changed_delivery_is_signed_anew_unless_that_is_not_wanted() {
    let inspected = Inspected::listen(&[]);
    inspected.event("bounce", "sendgrid", "ada@example.com");
    let id = inspected.id(0);
    let raw = inspected.get(&format!("/api/v1/deliveries/{id}/body?form=raw"));
    let text = raw.text().replace("ada@example.com", "bob@example.com");
    let replay = format!("/deliveries/{id}/replay");
    for (order, verdict) in [
        (json!({"text": text}), "verified (test key)"),
        (json!({"text": text, "resign": false}), "unchecked"),
        (json!({"resign": true}), "verified (test key)"),
        (json!({"base64": "W10="}), "verified (test key)"),
    ] {
        let reply = inspected.post(&replay, &order.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
        let rows = inspected.json("/deliveries?limit=1");
        assert_eq!(rows["items"][0]["verdict"], verdict, "{order}");
    }
    let rows = inspected.json("/deliveries?recipient=bob@example.com");
    assert_eq!(rows["matched"], 2);
}

#[test]
fn an_order_to_send_again_must_be_clear() {
    let inspected = Inspected::listen(&[]);
    inspected.event("open", "resend", "ada@example.com");
    let replay = format!("/deliveries/{}/replay", inspected.id(0));
    for (body, status, words) in [
        (json!({"text": "a", "base64": "YQ=="}), 400, "both"),
        (json!({"base64": "%"}), 400, "/base64"),
        (json!({"headers": {"a": "b"}}), 400, "/headers"),
        (json!({"headers": [["a"]]}), 400, "/headers/0"),
        (json!({"headers": [["a b", "c"]]}), 400, "/headers/0/0"),
        (
            json!({"headers": [["a", "b\r\nx: y"]]}),
            400,
            "/headers/0/1",
        ),
        (json!({"resign": "yes"}), 400, "/resign"),
        (json!({"to": "http://example.com"}), 403, "--ui-target"),
        (json!({"too": "x"}), 400, "`to`"),
    ] {
        let reply = inspected.post(&replay, &body.to_string());
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
        assert!(
            reply.json()["error"].to_string().contains(words),
            "{body}: {}",
            reply.text()
        );
    }
    let reply = inspected.post(&replay, &json!({"headers": [["X-Mine", "1"]]}).to_string());
    assert_eq!(reply.status, 200);
    let shown = inspected.json(&format!("/deliveries/{}", inspected.id(1)));
    assert!(
        shown["headers"]
            .to_string()
            .to_lowercase()
            .contains("x-mine"),
        "{shown}"
    );
    assert_eq!(inspected.post("/deliveries/nope/replay", "{}").status, 404);
}

#[test]
fn failures_are_turned_on_and_off_by_a_test() {
    let inspected = Inspected::listen(&["--fail-status", "500", "--fail-first", "1"]);
    let status = || {
        let sent = inspected.event("open", "resend", "ada@example.com");
        sent["attempts"][0]["status"].as_u64().unwrap()
    };
    let set = |body: Value| {
        let kind = ["content-type: application/json"];
        inspected.ask("PUT", "/api/v1/faults", &kind, body.to_string().as_bytes())
    };
    assert_eq!(status(), 500, "the first of each delivery");
    assert_eq!(set(json!({})).json()["as_started"], false);
    assert_eq!(status(), 200);
    assert_eq!(
        set(json!({"fail_next": 2, "fail_status": 429})).json()["fail_next"],
        2
    );
    assert_eq!([status(), status(), status()], [429, 429, 200]);
    set(json!({"fail_rate": 1.0}));
    assert_eq!([status(), status()], [503, 503]);
    set(json!({"fail_rate": 1, "kinds": ["bounce"]}));
    assert_eq!(status(), 200, "an open is no bounce");
    set(json!({"delay": "30ms"}));
    let sent = inspected.event("open", "resend", "ada@example.com");
    assert!(
        sent["attempts"][0]["micros"].as_u64().unwrap() >= 30_000,
        "{sent}"
    );
    let reset = inspected.ask("DELETE", "/api/v1/faults", &[], b"");
    assert_eq!(
        (&reset.json()["as_started"], &reset.json()["fail_first"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(status(), 500);
    for (body, place) in [
        (json!({"fail_status": 42}), "/fail_status"),
        (json!({"fail_rate": 2}), "/fail_rate"),
        (json!({"fail_next": -1}), "/fail_next"),
        (json!({"delay": "soon"}), "/delay"),
        (json!({"hang_up": 1}), "/hang_up"),
        (json!({"fail": 1}), "/fail"),
    ] {
        let reply = set(body);
        assert_eq!(reply.status, 400);
        assert!(reply.error().0.contains(place), "{}", reply.text());
    }
    assert_eq!(set(json!({"kinds": ["opne"]})).status, 422);
}

#[test]
fn the_memory_can_be_emptied_and_a_recording_cannot() {
    let inspected = Inspected::listen(&[]);
    inspected.event("open", "resend", "ada@example.com");
    let id = inspected.id(0);
    assert_eq!(
        inspected
            .ask("DELETE", "/api/v1/deliveries", &[], b"")
            .status,
        200
    );
    assert_eq!(inspected.json("/deliveries")["matched"], 0);
    assert_eq!(
        inspected.get(&format!("/api/v1/deliveries/{id}")).status,
        410
    );
    inspected.event("open", "resend", "bob@example.com");
    assert_eq!(inspected.json("/deliveries")["matched"], 1);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    let recorded = Inspected::listen(&["--record", file.to_str().unwrap()]);
    let reply = recorded.ask("DELETE", "/api/v1/deliveries", &[], b"");
    assert_eq!(reply.status, 409);
    assert!(reply.error().0.contains("a recording is not emptied"));
}

#[test]
fn the_catalogue_is_that_of_events() {
    let inspected = Inspected::listen(&[]);
    let all = inspected.json("/catalogue");
    let wanted = run(&["events", "--json"]).lines();
    assert_eq!(all["items"], json!(wanted));
    let one = inspected.json("/catalogue/postmark");
    assert_eq!(one, run(&["events", "postmark", "--json"]).lines()[0]);
    let event = inspected.json("/catalogue/postmark/bounce");
    assert_eq!(
        event,
        run(&["events", "postmark", "bounce", "--json"]).lines()[0]
    );
}
