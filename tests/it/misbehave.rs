//! Fault injection of `listen`, end to end, with the retries that a provider makes.

use crate::harness::{Listen, Ran, Receiver, post, raw, run, text};
use serde_json::Value;

fn received(ran: &Ran) -> Vec<Value> {
    let lines = ran.lines().into_iter();
    lines.filter(|line| line["type"] == "received").collect()
}

fn send(listen: &Listen, kind: &str, retries: &str) -> Ran {
    run(&[
        "send",
        kind,
        "--provider",
        "resend",
        "--retries",
        retries,
        "--to",
        &listen.url,
    ])
}

/// Posts the same event, however often.
fn click(listen: &Listen, number: u32) -> String {
    let body = format!(
        "{{\"event\":\"click\",\"timestamp\":\"2024-01-15T10:30:00Z\",\"email\":\"{number}@example.com\",\"campaign_id\":\"c\"}}"
    );
    let answer = post(listen.port(), "/", "connection: close\r\n", body.as_bytes());
    answer.get(9..12).unwrap_or_default().to_owned()
}

#[test]
fn each_delivery_is_failed_so_often_and_then_taken() {
    let handler = Receiver::ok();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hooks.ndjson");
    let listen = Listen::start(&[
        "--count",
        "6",
        "--json",
        "--fail-first",
        "2",
        "--record",
        text(&file),
        "-f",
        &handler.url,
    ]);
    let statuses = [1, 2, 1, 2, 2, 1].map(|number| click(&listen, number));
    assert_eq!(statuses, ["503", "503", "503", "503", "200", "200"]);
    let received = received(&listen.finish().success());
    let counts: Vec<&Value> = received
        .iter()
        .map(|line| &line["retry"]["count"])
        .collect();
    assert_eq!(
        serde_json::json!(counts),
        serde_json::json!([null, null, 2, 2, 3, 3])
    );
    assert!(received[4]["retry"]["since_micros"].as_u64().unwrap() > 0);
    let purposes: Vec<bool> = received
        .iter()
        .map(|line| line["reply"]["on_purpose"] == true)
        .collect();
    assert_eq!(purposes, [true, true, true, true, false, false]);
    assert_eq!(handler.all().len(), 2, "what is failed is not forwarded");
    let kept = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        kept.matches("\"reply\":{\"status\":503").count(),
        4,
        "{kept}"
    );
}

#[test]
fn only_the_kinds_that_are_named_are_failed() {
    let listen = Listen::start(&[
        "--count",
        "3",
        "--fail-first",
        "2",
        "--fail-status",
        "500",
        "--events",
        "bounce",
    ]);
    assert_eq!(send(&listen, "click", "0").status, 0);
    let first = send(&listen, "bounce", "0");
    assert_eq!(first.status, 1);
    assert!(first.stdout.contains("500"), "{}", first.stdout);
    assert_eq!(send(&listen, "open", "0").status, 0);
    let told = listen.finish().success().stdout;
    assert!(
        told.contains("  500 in ") && told.contains("  on purpose\n"),
        "{told}"
    );
    assert!(
        !told.contains("click") || !told.contains("email.clicked"),
        "{told}"
    );
}

#[test]
fn a_delivery_that_comes_again_is_shown_with_its_count_and_the_time_since() {
    let listen = Listen::start(&["--count", "3", "-q"]);
    for number in [1, 1, 2] {
        assert_eq!(click(&listen, number), "200");
    }
    let told = listen.finish().success().stdout;
    let lines: Vec<&str> = told.lines().collect();
    assert!(!lines[0].contains("time"), "{told}");
    assert!(
        lines[1].contains("  2nd time, ") && lines[1].ends_with(" after the first"),
        "{told}"
    );
    assert!(!lines[2].contains("time"), "{told}");
    assert!(
        lines[3].contains("3 deliveries received") && lines[3].contains("1 retry"),
        "{told}"
    );
}

#[test]
fn a_provider_keeps_its_id_over_its_attempts_whatever_else_is_new() {
    let listen = Listen::start(&["--count", "2", "--json"]);
    for signature in ["v1,a", "v1,b"] {
        let fields = format!(
            "webhook-id: msg_7\r\nwebhook-timestamp: 1\r\nwebhook-signature: {signature}\r\nconnection: close\r\n"
        );
        post(listen.port(), "/", &fields, signature.as_bytes());
    }
    let received = received(&listen.finish());
    assert_eq!(received[1]["retry"]["count"], 2, "{received:#?}");
}

#[test]
fn hanging_up_closes_the_connection_and_says_nothing() {
    let listen = Listen::start(&["--count", "3", "--json", "--hang-up", "--fail-first", "1"]);
    assert_eq!(
        [1, 1, 2].map(|number| click(&listen, number)),
        ["", "200", ""]
    );
    let ran = listen.finish().success();
    let first = &received(&ran)[0]["reply"];
    assert_eq!(first["status"], Value::Null);
    assert_eq!(first["hung_up"], true);
    assert_eq!(ran.lines().last().unwrap()["hung_up"], 2);
}

#[test]
fn a_failure_without_a_measure_is_for_all_but_handshakes() {
    let listen = Listen::start(&["--count", "3", "--fail-status", "429"]);
    assert_eq!([1, 2].map(|number| click(&listen, number)), ["429", "429"]);
    let head = raw(
        listen.port(),
        b"HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    );
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    listen.finish().success();
}

#[test]
fn the_same_seed_fails_the_same_ones() {
    let draw = |seed: &str| {
        let listen = Listen::start(&["--count", "20", "-q", "--fail-rate", "50%", "--seed", seed]);
        let statuses: Vec<String> = (0..20).map(|number| click(&listen, number)).collect();
        listen.finish().success();
        statuses
    };
    let first = draw("7");
    assert!(
        first.iter().any(|status| status == "503") && first.iter().any(|status| status == "200")
    );
    assert_eq!(draw("7"), first);
    assert_ne!(draw("8"), first);
}

#[test]
fn a_share_is_checked() {
    for odd in ["2", "-1", "101%", "NaN"] {
        let ran = run(&["listen", "--port", "0", &format!("--fail-rate={odd}")]);
        assert_eq!(ran.status, 2, "{odd}");
    }
}

#[test]
fn only_such_paths_are_shown_and_all_are_counted() {
    let listen = Listen::start(&[
        "--count", "3", "-q", "--path", "/hooks/*", "--path", "**/sns",
    ]);
    for path in ["/hooks/email?x=1", "/hooks/a/b", "/a/b/sns"] {
        post(listen.port(), path, "connection: close\r\n", b"{}");
    }
    let told = listen.finish().success().stdout;
    assert!(
        told.contains("POST /hooks/email ") && told.contains("POST /a/b/sns"),
        "{told}"
    );
    assert!(
        !told.contains("/hooks/a/b") && told.contains("3 deliveries received"),
        "{told}"
    );
}

#[test]
fn a_subscription_is_confirmed_at_sns_alone() {
    let canary = Receiver::ok();
    let listen = Listen::start(&["--count", "2", "--confirm-sns", "-v"]);
    let message = |kind: &str| {
        format!(
            "{{\"Type\":\"{kind}\",\"MessageId\":\"m\",\"TopicArn\":\"t\",\"Message\":\"hello\",\"SubscribeURL\":\"{}/?Action=ConfirmSubscription\"}}",
            canary.url
        )
    };
    for kind in ["SubscriptionConfirmation", "UnsubscribeConfirmation"] {
        let answer = post(
            listen.port(),
            "/",
            "connection: close\r\n",
            message(kind).as_bytes(),
        );
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let told = listen.finish().success().stdout;
    assert_eq!(
        told.matches("to confirm, visit: http://127.0.0.1:").count(),
        2,
        "{told}"
    );
    assert_eq!(
        told.matches("not confirmed: not visited, because it is not an address of SNS")
            .count(),
        1,
        "{told}"
    );
    assert!(canary.all().is_empty());
}
