//! `verify`: each usual mistake is named, and nothing else is.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::harness::{Ran, Receiver, run, text, webhook_cli};
use serde_json::Value;

const SECRET: &str = "whsec_XeKGWu8V55i53lCi4Ghgs8jH/3FORvxQcqhqrYpyid0=";

/// A case of the vectors as a raw HTTP message, with the secret and the moment it is judged by.
fn case(file: &str, name: &str) -> (String, String, String, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(file);
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let case = vectors["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["name"] == name)
        .unwrap();
    let headers: String = case["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap()))
        .collect();
    let url = case["configured_url"]
        .as_str()
        .unwrap_or(case["url"].as_str().unwrap())
        .to_owned();
    let raw = format!(
        "POST /hooks HTTP/1.1\r\n{headers}\r\n{}",
        case["body"].as_str().unwrap()
    );
    let secret = vectors["secrets"][case["key"].as_str().unwrap()]
        .as_str()
        .unwrap()
        .to_owned();
    let now = jiff::Timestamp::from_second(case["now"].as_i64().unwrap())
        .unwrap()
        .to_string();
    (raw, secret, now, url)
}

fn verify(raw: &[u8], args: &[&str]) -> Ran {
    let mut child = webhook_cli()
        .args(["verify", "-", "--json"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(raw).unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

#[test]
fn the_usual_mistakes_are_named() {
    for (file, name, cause) in [
        ("svix.json", "stale timestamp (301 s old)", "stale"),
        ("svix.json", "future timestamp (301 s ahead)", "stale"),
        ("sendgrid.json", "trailing CRLF stripped", "body-line-end"),
        ("sendgrid.json", "re-serialised JSON", "body-printed-again"),
        ("svix.json", "pretty-printed body", "body-printed-again"),
        (
            "svix.json",
            "HMAC keyed with the literal whsec_ text",
            "secret-form",
        ),
        (
            "standard-webhooks.json",
            "secret_used_as_text",
            "secret-form",
        ),
        (
            "mandrill.json",
            "http instead of https in the reconstructed URL",
            "url",
        ),
        ("mandrill.json", "trailing slash difference", "url"),
        ("ahasend.json", "stale_timestamp", "stale"),
        ("ahasend.json", "reserialised_body", "body-printed-again"),
        ("sweego.json", "secret_used_as_text", "secret-form"),
        ("emailit.json", "trailing_newline_added", "body-line-end"),
        ("svix.json", "tampered body", ""),
        ("sendgrid.json", "tampered body", ""),
        ("mailgun.json", "wrong key", ""),
        ("ses.json", "tampered Message", ""),
    ] {
        let (raw, secret, now, url) = case(file, name);
        let provider = file
            .trim_end_matches(".json")
            .replace("svix", "standard-webhooks");
        let ran = verify(
            raw.as_bytes(),
            &[
                "--secret",
                &format!("{provider}={secret}"),
                "--provider",
                &provider,
                "--now",
                &now,
                "--url",
                &url,
            ],
        );
        assert_eq!(ran.status, 5, "{file} {name}: {ran:#?}");
        let line = &ran.lines()[0];
        assert_eq!(line["verdict"], "refused", "{name}");
        assert_eq!(
            line["cause"].as_str().unwrap_or_default(),
            cause,
            "{file} {name}: {line}"
        );
        assert!(!ran.stdout.contains(&secret), "{name}");
        if cause.is_empty() {
            assert!(line["ruled_out"].as_array().unwrap().len() > 3);
        } else {
            assert!(line["advice"].as_str().unwrap().len() > 20);
        }
    }
}

fn sent(handler: &Receiver, change: impl Fn(&str, &str) -> String) -> Vec<u8> {
    let request = handler.next();
    let headers: String = request
        .headers
        .iter()
        .map(|(name, value)| change(name, value))
        .collect();
    let mut raw = format!("{}\r\n{headers}\r\n", request.line).into_bytes();
    raw.extend_from_slice(&request.body);
    raw
}

#[test]
fn what_happens_to_headers_on_the_way_is_named() {
    let handler = Receiver::ok();
    let send = || {
        run(&[
            "send",
            "open",
            "--provider",
            "resend",
            "--secret",
            SECRET,
            "--to",
            &handler.url,
        ])
        .success()
    };
    let secret = format!("resend={SECRET}");

    send();
    let raw = sent(&handler, |name, value| format!("{name}: {value}\r\n"));
    let ran = verify(&raw, &["--secret", &secret]).success();
    assert_eq!(ran.lines()[0]["verdict"], "verified");
    assert!(
        ran.lines()[0]["signed"]["text"]
            .as_str()
            .unwrap()
            .starts_with("msg_")
    );

    send();
    let raw = sent(&handler, |name, value| {
        let twice = if name == "svix-signature" {
            format!("{name}: {value}\r\n")
        } else {
            String::new()
        };
        format!("{twice}{name}: {value}\r\n")
    });
    assert_eq!(
        verify(&raw, &["--secret", &secret]).lines()[0]["cause"],
        "header-repeated"
    );

    send();
    let raw = sent(&handler, |name, value| {
        if name == "svix-timestamp" {
            format!("{name}: {value}123\r\n")
        } else {
            format!("{name}: {value}\r\n")
        }
    });
    assert_eq!(
        verify(&raw, &["--secret", &secret]).lines()[0]["cause"],
        "milliseconds"
    );

    run(&["send", "open", "--provider", "resend", "--to", &handler.url]).success();
    let raw = sent(&handler, |name, value| format!("{name}: {value}\r\n"));
    assert_eq!(
        verify(&raw, &["--secret", &secret]).lines()[0]["cause"],
        "test-key"
    );
    assert_eq!(
        verify(&raw, &[]).lines()[0]["verdict"],
        "verified (test key)"
    );
}

#[test]
fn a_recording_is_judged_as_of_when_it_came_all_of_it_or_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    let handler = Receiver::ok();
    run(&[
        "send",
        "open",
        "click",
        "--provider",
        "resend",
        "--save",
        text(&file),
        "--to",
        &handler.url,
    ])
    .success();
    let ran = run(&["verify", text(&file), "--json"]).success();
    assert_eq!(ran.lines().len(), 2);
    let id = ran.lines()[1]["id"].as_str().unwrap().to_owned();
    let one = run(&["verify", text(&file), "--json", "--id", &id]).success();
    assert_eq!(one.lines().len(), 1);
    assert_eq!(run(&["verify", text(&file), "--id", "none"]).status, 3);
    let later = run(&["verify", text(&file), "--now", "2036-01-01T00:00:00Z"]);
    assert_eq!(later.status, 5);
    assert!(
        later
            .stdout
            .contains("found      the signature is right, but it was made too long ago"),
        "{}",
        later.stdout
    );
}

#[test]
fn a_body_with_its_headers_is_enough() {
    let (_, secret, now, _) = case("svix.json", "v1 with svix-* headers");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("body.json");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/svix.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let case = vectors["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["name"] == "v1 with svix-* headers")
        .unwrap();
    std::fs::write(&file, case["body"].as_str().unwrap()).unwrap();
    let mut args = vec![
        "verify".to_owned(),
        text(&file).to_owned(),
        "--secret".into(),
        secret,
        "--now".into(),
        now,
    ];
    for (name, value) in case["headers"].as_object().unwrap() {
        args.extend(["-H".into(), format!("{name}: {}", value.as_str().unwrap())]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = run(&args).success();
    assert!(
        ran.stdout.contains("verified\n") && ran.stdout.contains("signed     msg_"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_is_no_delivery_is_said() {
    assert_eq!(run(&["verify", "no/such/file"]).status, 3);
    let ran = verify(b"neither JSON nor HTTP", &[]);
    assert_eq!(ran.status, 3, "{ran:#?}");
}

#[test]
fn without_a_secret_what_befell_a_test_delivery_is_named_too() {
    let sent = run(&["send", "click", "--provider", "resend", "--dry-run"]).success();
    let (head, body) = sent.stdout.split_once("\r\n\r\n").unwrap();
    let head: String = head
        .lines()
        .filter(|line| !line.starts_with("content-length"))
        .map(|line| format!("{line}\r\n"))
        .collect();
    let longer = verify(format!("{head}\r\n{body}").as_bytes(), &[]);
    assert_eq!(longer.status, 5, "{longer:#?}");
    let line = &longer.lines()[0];
    assert_eq!(
        (&line["verdict"], &line["cause"]),
        (&"unchecked".into(), &"body-line-end".into())
    );
    // Where nothing fits, nothing is ruled out: it is somebody's delivery, and the secret was not given.
    let other = format!(
        "{head}\r\n{}",
        body.replace("email.clicked", "email.opened")
    );
    let line = &verify(other.as_bytes(), &[]).lines()[0];
    assert_eq!(line["cause"], serde_json::Value::Null);
    assert_eq!(line["ruled_out"], serde_json::json!([]));
}

#[test]
fn what_departs_from_standard_webhooks_is_explained_by_its_own_rule() {
    for (file, name, cause, says) in [
        ("ahasend.json", "valid", "", "as AhaSend uses it"),
        ("ahasend.json", "stale_timestamp", "stale", "301 s old"),
        (
            "ahasend.json",
            "reserialised_body",
            "body-printed-again",
            "",
        ),
        ("sweego.json", "published", "", "as Sweego writes it"),
        ("sweego.json", "stale_timestamp", "stale", "301 s old"),
        ("sweego.json", "reserialised_body", "body-printed-again", ""),
        ("sweego.json", "trailing_newline_added", "body-line-end", ""),
    ] {
        let (raw, secret, now, _) = case(file, name);
        let general = ["--provider", "standard-webhooks", "--now", &now];
        let ran = verify(
            raw.as_bytes(),
            &[&general[..], &["--secret", &secret]].concat(),
        );
        let line = &ran.lines()[0];
        let label = format!("{file} {name}: {line}");
        assert_eq!(ran.status, if cause.is_empty() { 0 } else { 5 }, "{label}");
        assert_eq!(line["cause"].as_str().unwrap_or_default(), cause, "{label}");
        let reason = line["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(says), "{label}");
    }
}
