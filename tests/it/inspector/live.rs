//! As it happens: the stream, its resumption and its gaps, and waiting for what a test expects.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::inspector::Inspected;
use crate::harness::{Receiver, post};

#[test]
fn the_stream_tells_what_arrives_and_how_the_handler_responded() {
    let handler = Receiver::ok();
    let inspected = Inspected::listen(&["-f", &handler.url]);
    let mut events = inspected.stream("?kind=bounce", &[]);
    inspected.event("click", "resend", "no@example.com");
    inspected.event("bounce", "sendgrid", "ada@example.com");
    let received = events.event();
    let row: Value = serde_json::from_str(&received.data).unwrap();
    assert_eq!(
        (received.name.as_str(), &row["type"]),
        ("received", &json!("received"))
    );
    assert_eq!(received.id, row["id"].as_str().unwrap());
    assert_eq!(row["recipients"], json!(["ada@example.com"]));
    assert_eq!(row["events"][0]["kind"], "bounce");
    let forwarded = events.event();
    assert_eq!(
        (forwarded.name.as_str(), forwarded.id.as_str()),
        ("forwarded", "")
    );
    let forwarded: Value = serde_json::from_str(&forwarded.data).unwrap();
    assert_eq!(
        (&forwarded["id"], &forwarded["status"]),
        (&row["id"], &json!(200))
    );
}

#[test]
fn a_stream_resumes_after_the_delivery_that_was_seen_last() {
    let inspected = Inspected::listen(&[]);
    for at in 0..4 {
        inspected.event("open", "resend", &format!("r{at}@example.com"));
    }
    let seen = format!("last-event-id: {}", inspected.id(1));
    let mut events = inspected.stream("", &[&seen]);
    inspected.event("open", "resend", "r4@example.com");
    for at in 2..5 {
        let row = events.json();
        assert_eq!(row["recipients"], json!([format!("r{at}@example.com")]));
    }
    let mut events = inspected.stream("", &["last-event-id: 01JD0000000000000000000000"]);
    assert_eq!(events.event().name, "gap");
}

#[test]
fn a_reader_that_is_slow_misses_some_and_is_told() {
    let mut inspected = Inspected::listen(&["-q"]);
    let mut printed = inspected.process.take_stdout();
    thread::spawn(move || std::io::copy(&mut printed, &mut std::io::sink()));
    let mut events = inspected.stream("", &[]);
    // Not read meanwhile: what the socket does not hold waits, and what waits is bounded.
    let path = format!("/{}", "p".repeat(4000));
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", inspected.process.port())).unwrap();
    let request = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{}}");
    let mut responses = std::io::BufReader::new(stream.try_clone().unwrap());
    let count = 6000;
    let mut gap = None;
    for _ in 0..count {
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        let response = crate::harness::inspector::Reply::read(&mut responses).unwrap();
        assert_eq!(response.status, 200);
    }
    let last = inspected.json("/deliveries?limit=1")["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for _ in 0..count {
        let event = events.event();
        if event.name == "gap" {
            gap = serde_json::from_str::<Value>(&event.data).unwrap()["missed"].as_u64();
        }
        if event.id == last {
            break;
        }
    }
    assert!(gap.unwrap() > 0, "it goes on after the gap, to the last");
}

#[test]
fn there_are_so_many_streams_and_no_more() {
    let inspected = Inspected::listen(&[]);
    let streams: Vec<_> = (0..32).map(|_| inspected.stream("", &[])).collect();
    let reply = inspected.get("/api/v1/stream");
    assert_eq!(reply.status, 503, "{}", reply.text());
    drop(streams);
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let mut stream = inspected.connect();
        let head = format!(
            "GET /api/v1/stream HTTP/1.1\r\nhost: localhost:{}\r\n\r\n",
            inspected.port
        );
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        let mut first = [0; 12];
        std::io::Read::read_exact(&mut stream, &mut first).unwrap();
        if &first == b"HTTP/1.1 200" {
            return;
        }
    }
    panic!("no stream is free again");
}

#[test]
fn streams_end_with_the_listener() {
    let mut inspected = Inspected::listen(&[]);
    let events = inspected.stream("", &[]);
    inspected.process.interrupt();
    assert_eq!(inspected.process.wait(), 130);
    events.rest();
}

#[test]
fn waiting_ends_with_what_came_before_during_or_never() {
    let inspected = Inspected::listen(&[]);
    let address = inspected.process.port();
    inspected.event("bounce", "resend", "before@example.com");
    let found = inspected.json("/wait?recipient=before@example.com&for=0s");
    assert_eq!(
        found["items"][0]["recipients"],
        json!(["before@example.com"])
    );
    let last = inspected.id(0);
    let (give, take) = channel();
    thread::scope(|scope| {
        for recipient in ["a", "b"] {
            let (give, inspected, last) = (give.clone(), &inspected, &last);
            scope.spawn(move || {
                let path = format!("/wait?recipient={recipient}@during&since={last}&for=30s");
                give.send((recipient, inspected.json(&path))).unwrap();
            });
        }
        for recipient in ["b", "a"] {
            let body = format!(
                "{{\"event\":\"click\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"email\":\"{recipient}@during\"}}"
            );
            post(
                address,
                "/",
                "content-type: application/json\r\n",
                body.as_bytes(),
            );
        }
        for _ in 0..2 {
            let (recipient, found) = take.recv().unwrap();
            assert_eq!(
                found["items"][0]["recipients"],
                json!([format!("{recipient}@during")])
            );
        }
    });
    let never = inspected.get("/api/v1/wait?recipient=never@&for=50ms");
    assert_eq!(never.status, 408);
    let items = never.json()["items"].as_array().unwrap().len();
    assert_eq!(items, 3, "what came instead: {}", never.text());
    let never = inspected.get(&format!("/api/v1/wait?since={last}&count=3&for=50ms"));
    assert_eq!(
        (
            never.status,
            never.json()["items"].as_array().unwrap().len()
        ),
        (408, 2)
    );
}

#[test]
fn tests_that_run_at_once_see_only_what_is_theirs() {
    let handler = Receiver::ok();
    let inspected = Inspected::listen(&["-f", &handler.url]);
    thread::scope(|scope| {
        for at in 0..10 {
            let inspected = &inspected;
            scope.spawn(move || {
                let recipient = format!("test-{at}@example.com");
                inspected.event("bounce", "sendgrid", &recipient);
                let found = inspected.json(&format!("/wait?kind=bounce&recipient={recipient}"));
                assert_eq!(found["items"][0]["recipients"], json!([recipient]));
                assert_eq!(found["items"][0]["handler"]["status"], 200);
                assert_eq!(found["matched"], 1);
            });
        }
    });
    assert_eq!(inspected.json("/deliveries")["matched"], 10);
}

#[test]
fn what_is_hidden_on_the_terminal_is_inspected_all_the_same() {
    let inspected = Inspected::listen(&["--events", "bounce", "--path", "/none"]);
    inspected.event("click", "resend", "a@example.com");
    assert_eq!(inspected.json("/deliveries")["matched"], 1);
}

#[test]
fn a_delivery_that_comes_again_says_so() {
    let inspected = Inspected::listen(&[]);
    let body =
        json!({"kinds": ["open"], "provider": "resend", "seed": 1, "at": "2026-01-01T00:00:00Z"});
    for _ in 0..3 {
        inspected.post("/send", &body.to_string());
    }
    let rows = inspected.json("/deliveries");
    let repeats: Vec<u64> = rows["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["repeat"].as_u64().unwrap())
        .collect();
    assert_eq!(repeats, [1, 2, 3]);
}
