//! Multipart forms, end to end: received, shown, recorded, replayed, re-signed, redacted, generated.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::Value;
use webhook_cli::providers;
use webhook_cli::providers::Keys;
use webhook_cli::webhook::body::form_part::NewPart;
use webhook_cli::webhook::body::multipart;
use webhook_cli::webhook::body::multipart::Multipart;
use webhook_cli::webhook::{Delivery, Keyring, Rng, SigningContext, Verdict, VerifyOptions};

use crate::harness::{Listen, Ran, Receiver, Request, post, run, text};

const KEY: &str = "throwaway-mailgun-signing-key-0001";

/// A form as no writer of ours makes it: a preamble, unquoted names, a binary file, an epilogue.
fn legacy_form() -> Vec<u8> {
    let field = |name: &str, value: &str| {
        format!("--b1\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n")
    };
    let file = "--b1\r\nContent-Disposition: form-data; name=\"attachment-1\"; filename=\"a\u{202e}b.png\"\r\nContent-Type: image/png\r\n\r\n";
    [
        b"a preamble\r\n",
        field("event", "bounced").as_bytes(),
        field("recipient", "ada@example.com").as_bytes(),
        field("error", "first\n\x1b[31msecond").as_bytes(),
        file.as_bytes(),
        b"\x89PNG\r\n\x1a\n\0\r\n\0\xff",
        &[0; 59],
        b"\r\n",
        field("timestamp", "1767312059").as_bytes(),
        field(
            "token",
            "3b578b284403dc167848c1bcf9117dbcefaa0b3adf1dd81673",
        )
        .as_bytes(),
        field(
            "signature",
            "d22fdbf644b604fbfa4dc963f397475cdde6ab2645a66c9dcc2c2f52eb08adee",
        )
        .as_bytes(),
        b"--b1--\r\nan epilogue",
    ]
    .concat()
}

const TYPE: &str = "content-type: multipart/form-data; boundary=b1\r\nconnection: close\r\n";

fn received(ran: &Ran) -> Vec<Value> {
    let lines = ran.lines().into_iter();
    lines.filter(|line| line["type"] == "received").collect()
}

#[test]
fn a_form_of_parts_is_shown_part_by_part() {
    let listen = Listen::start(&["--count", "1"]);
    post(listen.port(), "/", TYPE, &legacy_form());
    let told = listen.finish().success().stdout;
    let lines: Vec<&str> = told.lines().collect();
    let from = lines.iter().position(|line| *line == "  event = bounced");
    assert_eq!(
        lines[from.unwrap_or_else(|| panic!("{told}"))..][..9],
        [
            "  event = bounced",
            "  recipient = ada@example.com",
            "  error = (17 bytes)",
            "    first",
            "    \\x1b[31msecond",
            "  attachment-1 = \"a\\u{202e}b.png\" (image/png, 72 bytes)",
            "    [72 bytes of binary data]",
            "  timestamp = 1767312059",
            "  token = 3b578b284403dc167848c1bcf9117dbcefaa0b3adf1dd81673",
        ],
        "{told}"
    );
    assert!(told.contains("  bounce  ada@example.com"), "{told}");
}

#[test]
fn of_a_long_file_the_beginning_is_shown() {
    let body = [
        &b"--b1\r\nContent-Disposition: form-data; name=f; filename=f.csv\r\n\r\n"[..],
        "0123456\r\n".repeat(200).as_bytes(),
        b"\r\n--b1--\r\n",
    ]
    .concat();
    let listen = Listen::start(&["--count", "1"]);
    post(listen.port(), "/", TYPE, &body);
    let told = listen.finish().success().stdout;
    assert!(
        told.contains("  f = \"f.csv\" (1,800 bytes)\n    0123456\n"),
        "{told}"
    );
    assert!(
        told.contains("    … 1,800 bytes in all, 1,017 shown\n"),
        "{told}"
    );
    assert_eq!(told.matches("0123456\n").count(), 113);
}

#[test]
fn what_a_body_is_that_is_no_json_is_said() {
    let listen = Listen::start(&["--count", "5", "--json"]);
    for (kind, body) in [
        ("application/json", "<?xml version=\"1.0\"?><a/>"),
        ("text/plain", "hello"),
        ("multipart/form-data", "--b1--\r\n"),
        (
            "multipart/form-data; boundary=b1",
            "--b1\r\nContent-Disposition: form-data; name=a\r\n\r\n1",
        ),
        ("application/json", "\u{feff}{\"event\":1}"),
    ] {
        let fields = format!("content-type: {kind}\r\nconnection: close\r\n");
        post(listen.port(), "/", &fields, body.as_bytes());
    }
    let received = received(&listen.finish().success());
    let problems: Vec<&str> = received
        .iter()
        .map(|line| line["problems"][0].as_str().unwrap())
        .collect();
    assert_eq!(
        problems,
        [
            "the body is XML, not JSON",
            "the body is plain text, not JSON",
            "the body is a multipart form, but `content-type` names no boundary",
            "the form ends without its last boundary `--b1--`: it may be cut off",
            "the body begins with a byte order mark (EF BB BF), which JSON does not allow; it is read without it",
        ]
    );
}

/// A recording of the form, received with these words, and what the listener said of it.
fn recorded(words: &[&str]) -> (tempfile::TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("r.ndjson");
    let args = [&["--count", "1", "--json", "--record", text(&file)], words].concat();
    let listen = Listen::start(&args);
    post(listen.port(), "/", TYPE, &legacy_form());
    let mut received = received(&listen.finish().success());
    (folder, received.remove(0))
}

fn replayed(folder: &tempfile::TempDir, words: &[&str]) -> Request {
    let receiver = Receiver::ok();
    let args = [
        &["replay", text(folder.path()), "--to", &receiver.url],
        words,
    ]
    .concat();
    run(&args).success();
    receiver.next()
}

#[test]
fn a_form_of_parts_is_recorded_and_replayed_byte_for_byte() {
    let secret = format!("mailgun={KEY}");
    let words = ["--secret", &secret, "--tolerance", "90000h"];
    let (folder, received) = recorded(&words);
    assert_eq!(received["provider"], "mailgun");
    assert_eq!(received["signature"]["verdict"], "verified", "{received}");
    assert_eq!(replayed(&folder, &[]).body, legacy_form());
}

#[test]
fn a_replay_signs_a_form_of_parts_anew_within_its_parts() {
    let (folder, _) = recorded(&[]);
    let secret = format!("mailgun={KEY}");
    let again = replayed(&folder, &["--resign", "--secret", &secret]);
    let (before, after) = (legacy_form(), again.body.clone());
    let old = Multipart::split(&before, "b1").unwrap();
    let new = Multipart::split(&after, "b1").unwrap();
    // With the old values put back, everything is as it was.
    let signed = ["timestamp", "token", "signature"];
    let back = signed.map(|name| {
        let (old, new) = (old.last_of(name).unwrap(), new.last_of(name).unwrap());
        assert_ne!(old.content, new.content, "{name}");
        assert_eq!(old.content.len(), new.content.len(), "{name}");
        (new.span.clone(), old.content.to_vec())
    });
    assert_eq!(new.edited(back.into()), before);
    let listen = Listen::start(&["--count", "1", "--json", "--secret", &secret]);
    let kind = format!(
        "content-type: {}\r\nconnection: close\r\n",
        again.header("content-type").unwrap()
    );
    post(listen.port(), "/", &kind, &after);
    let received = received(&listen.finish().success());
    assert_eq!(received[0]["signature"]["verdict"], "verified");
}

#[test]
fn a_form_of_parts_is_redacted_within_its_parts() {
    let (folder, _) = recorded(&["--redact"]);
    let body = replayed(&folder, &[]).body;
    let form = Multipart::split(&body, "b1").unwrap();
    assert_eq!(form.problems(), [] as [&str; 0]);
    let content = |name: &str| form.last_of(name).unwrap().text();
    assert!(content("recipient").ends_with("@example.invalid"));
    assert!(content("recipient").starts_with("redacted-"));
    assert!(content("token").starts_with("redacted-"));
    assert_eq!(content("event"), "bounced");
    // What cannot be looked into is not kept.
    assert_eq!(content("attachment-1"), "");
    assert!(body.starts_with(b"a preamble") && body.ends_with(b"an epilogue"));
}

#[test]
fn a_form_of_parts_is_made_filled_in_and_signed() {
    let receiver = Receiver::ok();
    let send = |words: &[&str]| {
        let args = [
            &[
                "send",
                "legacy_bounced_multipart",
                "--provider",
                "mailgun",
                "--to",
                &receiver.url,
            ],
            words,
        ]
        .concat();
        run(&args).success();
        receiver.next()
    };
    let sent = send(&[
        "--recipient",
        "grace@example.org",
        "--set",
        "attachment-1.filename=other.eml",
        "--set",
        "code=552",
        "--set",
        "note=new",
    ]);
    let kind = sent.header("content-type").unwrap();
    let boundary = kind.split_once("boundary=").unwrap().1;
    let form = Multipart::split(&sent.body, boundary).unwrap();
    let content = |name: &str| form.last_of(name).unwrap().text();
    assert_eq!(content("recipient"), "grace@example.org");
    assert_eq!(content("code"), "552");
    assert_eq!(content("note"), "new");
    let file = form.last_of("attachment-1").unwrap();
    assert_eq!(file.filename.as_deref(), Some("other.eml"));
    assert_eq!(file.content_type.as_deref(), Some("message/rfc822"));
    assert!(file.text().contains("<grace@example.org>: 5.1.1"));
    // A value that holds the boundary gets another around it.
    let held = format!("note=\r\n--{boundary}--\r\n");
    let sent = send(&["--set", &held]);
    let listen = Listen::start(&["--count", "1", "--json"]);
    let kind = format!(
        "content-type: {}\r\nconnection: close\r\n",
        sent.header("content-type").unwrap()
    );
    post(listen.port(), "/", &kind, &sent.body);
    let received = received(&listen.finish().success());
    assert_eq!(
        received[0]["signature"]["verdict"], "verified (test key)",
        "{}",
        received[0]
    );
    assert_eq!(received[0]["problems"], serde_json::json!([]));
}

#[test]
fn a_body_of_one_s_own_that_is_a_form_of_parts_is_sent_as_one() {
    let receiver = Receiver::ok();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body");
    std::fs::write(&file, &legacy_form()[b"a preamble\r\n".len()..]).unwrap();
    let data = format!("@{}", text(&file));
    run(&["send", "--data", &data, "--to", &receiver.url]).success();
    let sent = receiver.next();
    assert_eq!(
        sent.header("content-type"),
        Some("multipart/form-data; boundary=\"b1\"")
    );
    assert_eq!(sent.body, &legacy_form()[b"a preamble\r\n".len()..]);
}

#[test]
fn what_is_wrong_with_a_signature_in_a_form_of_parts_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("r.ndjson");
    let listen = Listen::start(&["--count", "1", "--record", text(&file)]);
    let body = String::from_utf8_lossy(&legacy_form()).replace("1767312059", "1767312059000");
    post(listen.port(), "/", TYPE, body.as_bytes());
    listen.finish().success();
    let secret = format!("mailgun={KEY}");
    let ran = run(&["verify", text(&file), "--secret", &secret]);
    assert!(ran.stdout.contains("the timestamp in seconds"), "{ran:#?}");
}

#[test]
fn where_the_fields_of_a_form_are_signed_those_of_its_parts_are() {
    const URL: &str = "https://hooks.example.com/mandrill";
    let mandrill = providers::find("mandrill").unwrap();
    let keys = Keys::new(&Keyring::new(Vec::new()), None).unwrap();
    let key = keys.signing(mandrill).unwrap();
    let now = jiff::Timestamp::from_second(1_790_000_000).unwrap();
    const EVENTS: &str = r#"[{"event":"open","_id":"i","ts":1790000000,"msg":{"_id":"i","email":"to@example.com"}}]"#;
    let delivery = |kind: &str, body: Vec<u8>| Delivery {
        method: Method::POST,
        path: "/mandrill".parse().unwrap(),
        headers: [(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap())]
            .into_iter()
            .collect(),
        body: body.into(),
    };
    let urlencoded = form_urlencoded::Serializer::new(String::new())
        .append_pair("mandrill_events", EVENTS)
        .append_pair("a", "ü+1")
        .finish();
    let mut signed = delivery("application/x-www-form-urlencoded", urlencoded.into());
    let seal = &mut SigningContext {
        at: now,
        url: URL,
        rng: &mut Rng::seeded(1),
    };
    mandrill.schemes[0].sign(&mut signed, key, seal).unwrap();
    let part = |name: &'static str, content: &'static str| NewPart {
        name: name.into(),
        content: content.as_bytes().into(),
        ..NewPart::default()
    };
    let file = NewPart {
        filename: Some("b".into()),
        ..part("b", "2")
    };
    let verify_options = VerifyOptions {
        now,
        tolerance: None,
        public_url: Some(URL.into()),
        topics: Vec::new(),
    };
    let verdict = |a: &'static str| {
        // Files are no fields.
        let parts = [part("mandrill_events", EVENTS), part("a", a), file.clone()];
        let mut delivery = delivery(
            "multipart/form-data; boundary=x",
            multipart::write(&parts, "x"),
        );
        let name = http::HeaderName::from_static("x-mandrill-signature");
        let signature = signed.headers.get("x-mandrill-signature").unwrap().clone();
        delivery.headers.set(name, signature);
        let receipt = providers::read(&delivery, None, &keys, &verify_options);
        assert_eq!(receipt.provider, Some("mandrill"));
        assert_eq!(
            receipt.events[0].recipient.as_deref(),
            Some("to@example.com")
        );
        receipt.signature.verdict
    };
    assert_eq!(verdict("ü+1"), Verdict::VerifiedTestKey);
    assert_ne!(verdict("ü 1"), Verdict::VerifiedTestKey);
}
