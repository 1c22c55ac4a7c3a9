//! `listen --from`: deliveries of a channel, over a server of events that the test plays.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Listen, Ran, Receiver, run, text};

/// A channel: a server of events.
struct Channel {
    listener: TcpListener,
}

/// A client that is connected, and its request.
struct Client {
    stream: TcpStream,
    request: String,
}

impl Channel {
    fn start() -> Channel {
        Channel {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
        }
    }

    fn url(&self) -> String {
        format!("http://{}/channel", self.listener.local_addr().unwrap())
    }

    fn listen(&self, args: &[&str]) -> Listen {
        Listen::start(&[&["--from", &self.url(), "--json"], args].concat())
    }

    fn accept(&self) -> Client {
        self.accept_with(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        )
    }

    fn accept_with(&self, head: &str) -> Client {
        let (mut stream, _) = self.listener.accept().unwrap();
        let mut request = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while !request.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut request).unwrap() > 0, "{request}");
        }
        stream.write_all(head.as_bytes()).unwrap();
        Client { stream, request }
    }
}

impl Client {
    fn send(&mut self, text: &str) {
        write!(self.stream, "{:x}\r\n{text}\r\n", text.len()).unwrap();
    }

    fn event(&mut self, value: &Value) {
        self.send(&format!("id: {}\ndata: {value}\n\n", 7));
    }
}

/// A signed delivery, as its members in a channel: headers, and the body's bytes.
fn signed(provider: &str) -> (serde_json::Map<String, Value>, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("one.json");
    let handler = Receiver::ok();
    run(&[
        "send",
        "click",
        "--provider",
        provider,
        "--save",
        text(&file),
        "--to",
        &handler.url,
    ])
    .success();
    let request = handler.next();
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), json!(value)));
    (headers.collect(), request.body)
}

fn received(ran: &Ran) -> Vec<Value> {
    let lines = ran.lines().into_iter();
    lines.filter(|line| line["type"] == "received").collect()
}

#[test]
fn a_body_in_base64_is_verified_and_one_that_was_rewritten_is_unchecked() {
    let channel = Channel::start();
    let listen = channel.listen(&["-n", "2"]);
    let mut client = channel.accept();
    assert!(client.request.starts_with("GET /channel HTTP/1.1\r\n"));
    assert!(client.request.contains("accept: text/event-stream"));
    client.send("event: ready\ndata: {}\n\nevent: ping\ndata: {}\n\n: comment\n\ndata: {\"message\":\"connected\"}\n\n");
    let (mut whole, body) = signed("sendgrid");
    whole.insert("bodyB".into(), json!(STANDARD.encode(&body)));
    whole.insert("timestamp".into(), json!(1_700_000_000_000_u64));
    whole.insert("query".into(), json!({"tenant": "7"}));
    client.event(&Value::Object(whole));
    let (mut parsed, body) = signed("sendgrid");
    let body: Value = serde_json::from_slice(&body).unwrap();
    parsed.insert("body".into(), body);
    client.event(&Value::Object(parsed));
    let ran = listen.finish().success();
    let deliveries = received(&ran);
    assert_eq!(deliveries.len(), 2, "{ran:?}");
    assert_eq!(deliveries[0]["path"], "/?tenant=7");
    let verdict = &deliveries[0]["signature"]["verdict"];
    assert_eq!(verdict, "verified (test key)", "{ran:?}");
    is_rewritten(&deliveries[1]);
    for delivery in &deliveries {
        let fields = delivery["headers"].as_array().unwrap().iter();
        for name in fields.map(|field| field[0].as_str().unwrap()) {
            let others = ["body", "bodyb", "query", "timestamp", "connection"];
            assert!(!others.contains(&name), "{delivery}");
        }
    }
}

fn is_rewritten(delivery: &Value) {
    let signature = &delivery["signature"];
    assert_eq!(signature["verdict"], "unchecked", "{delivery}");
    assert_eq!(signature["reason"], "the channel rewrote the body");
    let said = "unchecked: the channel rewrote the body";
    assert_eq!(delivery["problems"], json!([said]));
}

#[test]
fn a_rewritten_body_is_unchecked_even_where_a_secret_was_given_and_is_not_let_through() {
    let (mut parsed, body) = signed("resend");
    parsed.insert("body".into(), serde_json::from_slice(&body).unwrap());
    let channel = Channel::start();
    let secret = "whsec_AAAAsBQIhrscChlQIMV+b5sSYspob7oD";
    let handler = Receiver::ok();
    for more in [&[][..], &["--require-signature", "-f", &handler.url]] {
        let listen = channel.listen(&[&["-n", "1", "--secret", secret], more].concat());
        channel.accept().event(&Value::Object(parsed.clone()));
        let ran = listen.finish();
        let deliveries = received(&ran);
        is_rewritten(&deliveries[0]);
        let status = if more.is_empty() { 200 } else { 401 };
        assert_eq!(deliveries[0]["reply"]["status"], status);
    }
    assert!(handler.all().is_empty());
}

#[test]
fn a_delivery_of_a_channel_is_recorded_and_forwarded() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hooks.ndjson");
    let handler = Receiver::ok();
    let channel = Channel::start();
    let listen = channel.listen(&["-n", "1", "-f", &handler.url, "-r", text(&file)]);
    let mut client = channel.accept();
    client.send("data: {\"x-github-event\":\"push\",\"content-type\":\"application/json\",\ndata: \"body\":{\"a\":  1}}\n\n");
    let request = handler.next();
    assert_eq!(request.line, "POST / HTTP/1.1");
    assert_eq!(request.header("x-github-event"), Some("push"));
    assert_eq!(request.body, b"{\"a\":  1}");
    listen.finish().success();
    assert!(
        std::fs::read_to_string(file)
            .unwrap()
            .contains("x-github-event")
    );
}

#[test]
fn a_lost_connection_is_opened_again_with_the_id_of_the_last_event() {
    let channel = Channel::start();
    let mut listen = channel.listen(&["-n", "2"]);
    let mut first = channel.accept();
    assert!(!first.request.contains("last-event-id"));
    first.send("retry: 10\nid: 41\ndata: {\"body\":1}\n\n");
    assert!(listen.line().contains("received"));
    drop(first);
    let begun = std::time::Instant::now();
    let refused = channel.accept_with("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
    // Ten milliseconds were asked for; half a second is the least.
    assert!(begun.elapsed().as_millis() >= 450);
    drop(refused);
    let mut second = channel.accept();
    assert!(
        second.request.contains("last-event-id: 41"),
        "{}",
        second.request
    );
    second.send("data: {\"body\":2}\n\n");
    let ran = listen.finish().success();
    assert_eq!(received(&ran).len(), 1);
    assert!(
        ran.stderr.contains("the server closed the stream")
            || ran.stderr.contains("the stream broke"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("it answers 503"), "{ran:?}");
}

#[test]
fn what_is_no_channel_is_said() {
    let channel = Channel::start();
    let mut listen = channel.listen(&[]);
    drop(
        channel
            .accept_with("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n"),
    );
    listen.said("it is no event stream");
    for url in ["smee.io/x", "ftp://smee.io/x", "https://"] {
        assert_eq!(
            run(&["listen", "--port", "0", "--from", url]).status,
            2,
            "{url}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_event_that_is_too_large_is_dropped_and_memory_stays_small() {
    let channel = Channel::start();
    let mut listen = channel.listen(&["-n", "1"]);
    let mut client = channel.accept();
    client.send("data: {\"body\":\"");
    let piece = "x".repeat(1 << 20);
    for _ in 0..40 {
        client.send(&piece);
    }
    client.send("\"}\n\n");
    listen.said_on("is larger than 32 MiB");
    let status = std::fs::read_to_string(format!("/proc/{}/status", listen.id())).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 200 << 10, "{peak} KiB");
    client.send("data: {\"body\":\"small\"}\n\n");
    assert_eq!(received(&listen.finish().success())[0]["text"], "small");
}
