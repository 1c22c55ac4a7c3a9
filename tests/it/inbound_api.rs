//! `send inbound --api`: handlers fetch the mail of a request that holds ids only.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::harness::{Listen, Receiver, Request, read_request, run, text, webhook_cli};
use webhook_cli::providers;
use webhook_cli::providers::{ApiAnswer, FilterResults, IncomingMessage, Provider};
use webhook_cli::webhook::{Delivery, Headers, Message};

/// Message of the vectors.
fn message(name: &str) -> Vec<u8> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/vectors/inbound/messages.json"
    );
    let all: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let all = all["messages"].as_array().unwrap();
    let found = all.iter().find(|it| it["name"] == name).unwrap();
    STANDARD
        .decode(found["eml_base64"].as_str().unwrap())
        .unwrap()
}

fn providers_with_api() -> Vec<&'static Provider> {
    let has_api = |it: &&&Provider| it.inbound.is_some_and(|it| it.content_api.is_some());
    providers::ALL.iter().filter(has_api).copied().collect()
}

/// Response to a GET: status, media type and body.
fn get(origin: &str, path: &str) -> (u16, String, Vec<u8>) {
    let address = origin.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut response = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut response).unwrap();
    let end = response.windows(4).position(|four| four == b"\r\n\r\n");
    let body = response.split_off(end.unwrap() + 4);
    let head = String::from_utf8(response).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let kind = head
        .lines()
        .find_map(|line| line.strip_prefix("content-type: "));
    (status, kind.unwrap_or_default().to_owned(), body)
}

/// Path and query of a link to this server.
fn path_of<'a>(link: &'a Value, origin: &str) -> &'a str {
    link.as_str().unwrap().strip_prefix(origin).unwrap()
}

/// Handler that calls the API while it handles a request, with what `call` returns of it.
struct Handler<T> {
    url: String,
    /// Tells the handler where the API is.
    origin: Sender<String>,
    handling: JoinHandle<T>,
}

impl<T: Send + 'static> Handler<T> {
    fn start(status: u16, call: impl FnOnce(&Request, &str) -> T + Send + 'static) -> Handler<T> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (origin, known) = channel::<String>();
        let handling = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let request = read_request(&stream).unwrap();
            let result = call(&request, &known.recv().unwrap());
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").unwrap();
            result
        });
        Handler {
            url,
            origin,
            handling,
        }
    }
}

/// Runs `send inbound --api :0` and reads the address of the API.
fn send(args: &[&str]) -> (Listen, String) {
    let mut command = webhook_cli();
    command.args(["send", "inbound", "--api", ":0", "--json"]);
    command.args(args);
    let sending = Listen::of(&mut command, &[]);
    let host = sending.url.strip_prefix("http://").unwrap();
    let origin = format!("http://{}", host.split('/').next().unwrap());
    (sending, origin)
}

fn delivery_of(request: &Request) -> Delivery {
    Delivery {
        method: http::Method::POST,
        path: "/".parse().unwrap(),
        headers: Headers::new(),
        body: request.body.clone().into(),
    }
}

/// Answers that the API of a provider has to give about a message.
fn expected(provider: &Provider, eml: &[u8], request: &Request, origin: &str) -> Vec<ApiAnswer> {
    let message = Message::read(Bytes::copy_from_slice(eml));
    let incoming = IncomingMessage {
        message: &message,
        mail_from: "ada@example.org",
        recipients: &["support+ticket-42@in.example.com".to_owned()],
        mode: "",
        results: &FilterResults::default(),
        at: Timestamp::now(),
    };
    let inbound = provider.inbound.unwrap();
    inbound.answers(&[incoming], &delivery_of(request), origin)
}

#[test]
fn a_handler_fetches_the_mail_in_any_order_and_more_than_once() {
    let dir = tempfile::tempdir().unwrap();
    let eml = dir.path().join("rich.eml");
    std::fs::write(&eml, message("rich")).unwrap();
    for provider in providers_with_api() {
        let handler = Handler::start(200, |request, origin| {
            let answers = expected(provider, &message("rich"), request, origin);
            assert!(answers.len() >= 2, "{answers:?}");
            for answer in answers.iter().rev().chain(&answers) {
                let path = match answer.query {
                    Some((name, value)) => format!("{}?{name}={value}", answer.path),
                    None => answer.path.clone(),
                };
                let (status, kind, body) = get(origin, &path);
                assert_eq!((status, &kind), (200, &answer.content_type), "{path}");
                assert_eq!(Bytes::from(body), answer.body, "{path}");
            }
            answers.len() * 2
        });
        let (sending, origin) = send(&[
            "--provider",
            provider.name,
            "--eml",
            text(&eml),
            "--for",
            "1ms",
            "--to",
            &handler.url,
        ]);
        handler.origin.send(origin).unwrap();
        let calls = handler.handling.join().unwrap();
        let ran = sending.finish().success();
        let lines = ran.lines();
        let fetched = lines.iter().filter(|it| it["type"] == "content_fetched");
        assert_eq!(fetched.count(), calls, "{}: {ran:?}", provider.name);
        assert!(lines.iter().any(|it| it["type"] == "attempted"), "{ran:?}");
    }
}

#[test]
fn the_links_of_resend_lead_to_the_raw_message_and_to_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let eml = dir.path().join("rich.eml");
    std::fs::write(&eml, message("rich")).unwrap();
    let handler = Handler::start(200, |request, origin| {
        let event: Value = serde_json::from_slice(&request.body).unwrap();
        let path = format!(
            "/emails/receiving/{}",
            event["data"]["email_id"].as_str().unwrap()
        );
        let json = |path: &str| -> Value {
            let (status, kind, body) = get(origin, path);
            assert_eq!((status, kind.as_str()), (200, "application/json"));
            serde_json::from_slice(&body).unwrap()
        };
        let mail = json(&path);
        let (_, _, raw) = get(origin, path_of(&mail["raw"]["download_url"], origin));
        let id = event["data"]["attachments"][1]["id"].as_str().unwrap();
        let file = json(&format!("{path}/attachments/{id}"));
        let (_, _, content) = get(origin, path_of(&file["download_url"], origin));
        let (unknown, ..) = get(origin, "/emails/receiving/another");
        (mail["subject"].clone(), raw, content, unknown)
    });
    let (sending, origin) = send(&[
        "--provider",
        "resend",
        "--eml",
        text(&eml),
        "--for",
        "1ms",
        "--to",
        &handler.url,
    ]);
    handler.origin.send(origin).unwrap();
    let (subject, raw, content, unknown) = handler.handling.join().unwrap();
    sending.finish().success();
    assert_eq!(subject, "Gr\u{fc}\u{df}e und eine Frage \u{1f30d}");
    assert_eq!(raw, message("rich"));
    let pdf = "cfa91235bbf6f6cfd662ca4b237dc06c3519e065a8e7f812801c37cd7a46b526";
    assert_eq!(hex::encode(Sha256::digest(content)), pdf);
    assert_eq!(unknown, 404);
}

#[test]
fn every_mail_of_a_run_can_be_fetched_until_ctrl_c() {
    let handler = Receiver::ok();
    let (mut sending, origin) = send(&["--provider", "resend", "-n", "3", "--to", &handler.url]);
    let requests: Vec<Request> = (0..3).map(|_| handler.next()).collect();
    for request in requests.iter().rev() {
        let event: Value = serde_json::from_slice(&request.body).unwrap();
        let id = event["data"]["email_id"].as_str().unwrap();
        let (status, _, body) = get(&origin, &format!("/emails/receiving/{id}"));
        assert_eq!(status, 200);
        assert!(String::from_utf8(body).unwrap().contains("order A-1042"));
    }
    // It goes on after all was sent.
    for _ in 0..3 {
        while !sending.line().contains("content_fetched") {}
    }
    sending.interrupt();
    assert_eq!(sending.wait(), 130);
}

#[test]
fn the_api_ends_with_the_run_if_no_handler_took_the_mail() {
    let handler = Receiver::start(&["HTTP/1.1 400 X\r\ncontent-length: 0\r\n\r\n"]);
    let (sending, _) = send(&["--provider", "resend", "--to", &handler.url]);
    assert_eq!(sending.finish().status, 1);
}

#[test]
fn the_api_is_told_in_place_of_that_of_the_provider() {
    let handler = Receiver::ok();
    let ran = run(&[
        "send",
        "inbound",
        "--provider",
        "resend",
        "--api",
        "localhost:0",
        "--for",
        "1ms",
        "--to",
        &handler.url,
    ])
    .success();
    let first = ran.stdout.lines().next().unwrap();
    assert!(
        first.starts_with("content API of Resend on http://127.0.0.1:"),
        "{first}"
    );
    assert!(
        first.ends_with(", in place of https://api.resend.com"),
        "{first}"
    );
}

#[test]
fn an_api_that_cannot_be_served_is_told_before_anything_is_sent() {
    let handler = Receiver::ok();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    let names = providers_with_api();
    let names: Vec<&str> = names.iter().map(|it| it.name).collect();
    for (args, wanted) in [
        (
            &["--provider", "sendgrid", "--api", ":0"][..],
            names.join(", ").as_str(),
        ),
        (&["--provider", "resend", "--api", &taken], "already in use"),
        (
            &["--provider", "resend", "--api", &taken],
            "`--api :0` takes any free port",
        ),
        (
            &["--provider", "resend", "--api", "0.0.0.0:0"],
            "other machines",
        ),
        (
            &["--provider", "resend", "--api", "example.com:1"],
            "is not a port",
        ),
        (&["--provider", "resend", "--for", "1s"], "--api"),
        (
            &["--provider", "resend", "--api", ":0", "--dry-run"],
            "--dry-run",
        ),
    ] {
        let args = [&["send", "inbound", "--to", &handler.url], args].concat();
        let ran = run(&args);
        assert_eq!(ran.status, 2, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(wanted), "{args:?}: {ran:?}");
    }
    let events = run(&["send", "click", "--provider", "resend", "--api", ":0"]);
    assert_eq!(events.status, 2, "{events:?}");
    assert!(events.stderr.contains("inbound mail only"), "{events:?}");
    assert!(handler.all().is_empty());
}
