//! `verify`: usual mistakes are named, and nothing else is claimed.

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
    assert_eq!(run(&["verify", text(&file), "--id", "none"]).status, 1);
    let later = run(&["verify", text(&file), "--now", "2036-01-01T00:00:00Z"]);
    assert_eq!(later.status, 5);
    assert!(
        later
            .stdout
            .contains("cause      the signature is valid, but its timestamp is too old"),
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

/// Runs with a secret in the environment variable `K`.
fn run_with(secret: &str, args: &[&str]) -> Ran {
    Ran::of(webhook_cli().args(args).env("K", secret).output().unwrap())
}

#[test]
fn a_secret_is_taken_as_people_paste_it() {
    let dir = tempfile::tempdir().unwrap();
    let (private, public) = (
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSF79XJ6T9aRrXj6M\n/ITTLC5r6epKZm8p9Ysju8GG9mqhRANCAATLoXkwBBJWiPjw6k1J9tmOx1C9c6rj\nzXKN1xzrBppKgf5PVL26gd8p1bwx28T0fm4ERPEF4IkqDsGWE/JiSNBi\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEy6F5MAQSVoj48OpNSfbZjsdQvXOq\n481yjdcc6waaSoH+T1S9uoHfKdW8MdvE9H5uBETxBeCJKg7BlhPyYkjQYg==\n-----END PUBLIC KEY-----\n",
    );
    for (provider, sign, verify) in [
        ("resend", SECRET, SECRET),
        ("mailgun", "hunter2", "hunter2"),
        ("sendgrid", private, public),
    ] {
        let file = dir.path().join(format!("{provider}.json"));
        let send = |secret: &str| {
            run_with(
                secret,
                &[
                    "send",
                    "open",
                    "--provider",
                    provider,
                    "--secret",
                    "env:K",
                    "--dry-run",
                    "--as",
                    "json",
                ],
            )
        };
        std::fs::write(&file, send(sign).success().stdout).unwrap();
        let pasted = |text: &str| {
            [
                text.to_owned(),
                format!("{text}\n"),
                format!("\u{feff}{text}\r\n"),
                format!("\"{text}\""),
                format!("'{text}'\n"),
                text.replace('\n', "\\n"),
                format!("\"{}\"", text.replace('\n', "\\n")),
                text.replace('\n', " "),
                text.replace('\n', ""),
            ]
        };
        for pasted in pasted(verify) {
            for spec in ["env:K".to_owned(), format!("{provider}=env:K")] {
                let ran = run_with(&pasted, &["verify", text(&file), "--secret", &spec]);
                assert_eq!(ran.status, 0, "{provider} {pasted:?}: {ran:#?}");
            }
        }
        for pasted in pasted(sign) {
            send(&pasted).success();
        }
    }
}

#[test]
fn a_secret_of_another_form_is_named_at_the_start_whether_or_not_its_provider_is() {
    let dir = tempfile::tempdir().unwrap();
    for (provider, secret, named) in [
        ("sendgrid", "-----BEGIN PUBLIC KEY-----\nMFk", "truncated"),
        ("sendgrid", "hunter2!", "is not base64: character 8"),
        ("sendgrid", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQ", "truncated"),
        ("sendgrid", SECRET, "it begins with `whsec_`"),
        ("resend", "whsec_abc!", "not base64: character 4"),
        (
            "resend",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS…",
            "shortened for display",
        ),
        ("resend", "\"whsec_MfKQ", "quotation mark"),
        ("ses", "no key at all", "is white space"),
    ] {
        let file = dir.path().join("d.json");
        let sent = run(&[
            "send",
            "delivered",
            "--provider",
            provider,
            "--dry-run",
            "--as",
            "json",
        ]);
        std::fs::write(&file, sent.success().stdout).unwrap();
        for spec in ["env:K".to_owned(), format!("{provider}=env:K")] {
            let ran = run_with(secret, &["verify", text(&file), "--secret", &spec]);
            assert_eq!(ran.status, 2, "{provider} {secret}: {ran:#?}");
            assert!(
                ran.stderr.contains(named) && ran.stderr.contains("`env:K`"),
                "{provider} {secret}: {ran:#?}"
            );
            assert!(!ran.stderr.contains(secret), "{ran:#?}");
        }
    }
    // Of many, the secret may be for others: each says for itself why it was not checked.
    let file = dir.path().join("r.ndjson");
    let handler = Receiver::ok();
    for provider in ["sendgrid", "mailgun"] {
        run_with(
            "hunter2!",
            &[
                "send",
                "open",
                "--provider",
                provider,
                "--secret",
                "mailgun=env:K",
                "--save",
                text(&file),
                "--to",
                &handler.url,
            ],
        )
        .success();
    }
    let ran = run_with(
        "hunter2!",
        &["verify", text(&file), "--json", "--secret", "env:K"],
    );
    let lines = ran.lines();
    assert_eq!((ran.status, &lines[1]["verdict"]), (5, &"verified".into()));
    let reason = lines[0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("`env:K` is not a key of SendGrid"),
        "{reason}"
    );
    // The same goes for whoever signs: nothing is signed with a key that nobody gave.
    let ran = run_with(
        "hunter2!",
        &[
            "send",
            "open",
            "--provider",
            "all",
            "--secret",
            "env:K",
            "--dry-run",
        ],
    );
    assert!(
        ran.stderr.contains("`env:K` is not a key of SendGrid"),
        "{}",
        ran.stderr
    );
}

/// What `send` would send, as a raw HTTP message: its head without the length, and its body.
fn composed(args: &[&str]) -> (String, Vec<u8>) {
    let output = webhook_cli()
        .args([&["send"], args, &["--dry-run"]].concat())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let gap = output
        .stdout
        .windows(4)
        .position(|it| it == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(output.stdout[..gap].to_vec()).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.unwrap().parse().unwrap();
    let lines: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with("content-length"))
        .collect();
    (
        lines.join("\r\n") + "\r\n",
        output.stdout[gap + 4..][..length].to_vec(),
    )
}

fn message(head: &str, body: &[u8]) -> Vec<u8> {
    let mut raw = format!("{head}content-length: {}\r\n\r\n", body.len()).into_bytes();
    raw.extend_from_slice(body);
    raw
}

#[test]
fn a_url_that_was_not_given_is_never_ruled_out_and_what_proxies_say_is_tried() {
    let url = "https://hooks.example.com/m/";
    let (head, body) = composed(&[
        "open",
        "--provider",
        "mandrill",
        "--public-url",
        url,
        "--to",
        "http://127.0.0.1:8080/m",
    ]);
    let judged = |more: &str, args: &[&str]| {
        let ran = verify(&message(&format!("{head}{more}"), &body), args);
        ran.lines().remove(0)
    };
    let signals = |line: &Value, member: &str| {
        line[member]
            .as_array()
            .unwrap()
            .iter()
            .any(|name| name == "url")
    };
    let secret = ["--secret", "mandrill=webhook-cli-public-test-key-mandrill"];
    let line = judged("", &secret);
    assert_eq!(line["cause"], Value::Null, "{line}");
    assert!(
        signals(&line, "not_tried") && !signals(&line, "ruled_out"),
        "{line}"
    );
    assert!(line["advice"].as_str().unwrap().contains("--url"), "{line}");
    for proxy in [
        "X-Forwarded-Proto: https\r\nX-Forwarded-Host: hooks.example.com\r\n",
        "X-Forwarded-Proto: https, http\r\nX-Forwarded-Host: hooks.example.com, proxy.internal\r\n",
        "X-Forwarded-Host: hooks.example.com:8080\r\nX-Forwarded-Port: 443\r\n",
        "Forwarded: for=192.0.2.1;proto=https;host=hooks.example.com\r\n",
        "Forwarded: for=\"[::1]\";Proto=https;Host=\"hooks.example.com\", for=10.0.0.1\r\n",
    ] {
        let line = judged(proxy, &secret);
        assert_eq!(
            (&line["cause"], &line["fits"]),
            (&"url".into(), &format!("`{url}`").into()),
            "{proxy}: {line}"
        );
    }
    // A prefix that the proxy took away.
    let (head, body) = composed(&[
        "open",
        "--provider",
        "mandrill",
        "--public-url",
        "https://hooks.example.com/api/m",
        "--to",
        "http://127.0.0.1:8080/m",
    ]);
    let proxied =
        format!("{head}X-Forwarded-Host: hooks.example.com\r\nX-Forwarded-Prefix: /api\r\n");
    let line = verify(&message(&proxied, &body), &secret).lines().remove(0);
    assert_eq!(line["fits"], "`https://hooks.example.com/api/m`", "{line}");
    // One that was given is.
    let line = verify(
        &message(&head, &body),
        &[&secret[..], &["--url", "https://other.example.com/"]].concat(),
    )
    .lines()
    .remove(0);
    assert!(
        signals(&line, "ruled_out") && !signals(&line, "not_tried"),
        "{line}"
    );
}

#[test]
fn json_that_was_printed_again_inside_of_a_form_or_a_text_is_found() {
    let url = ["--url", "http://127.0.0.1:7878/"];
    let (head, body) = composed(&["open", "--provider", "mandrill"]);
    let (_, events) = form_urlencoded::parse(&body).next().unwrap();
    let events: Value = serde_json::from_str(&events).unwrap();
    for text in [
        events.to_string(),
        serde_json::to_string_pretty(&events).unwrap(),
    ] {
        let body: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("mandrill_events", &text)
            .finish();
        let line = verify(&message(&head, body.as_bytes()), &url)
            .lines()
            .remove(0);
        assert_eq!(line["cause"], "body-printed-again", "{line}");
        assert!(
            line["fits"].as_str().unwrap().contains("`mandrill_events`"),
            "{line}"
        );
        assert!(
            line["advice"].as_str().unwrap().contains("express.raw"),
            "{line}"
        );
    }
    // SNS signs a text of JSON; here it was printed again, or left as the object that it was parsed into.
    let (head, body) = composed(&["open", "--provider", "ses"]);
    let mut envelope: Value = serde_json::from_slice(&body).unwrap();
    let inner: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
    for changed in [
        Value::from(serde_json::to_string_pretty(&inner).unwrap()),
        inner,
    ] {
        envelope["Message"] = changed;
        let line = verify(&message(&head, envelope.to_string().as_bytes()), &[])
            .lines()
            .remove(0);
        assert_eq!(line["cause"], "body-printed-again", "{line}");
        assert!(
            line["fits"].as_str().unwrap().contains("`Message`"),
            "{line}"
        );
    }
}

fn base64(body: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(body)
}

/// Events that serverless platforms make of a request: with a body in base64 and, where it is text, as it is.
fn events(head: &str, body: &[u8]) -> Vec<Value> {
    use serde_json::json;
    let fields = || {
        head.lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
    };
    let headers: Value = fields()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let lists: Value = fields()
        .map(|(name, value)| (name.to_owned(), json!([value])))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let pairs: Value = fields()
        .map(|(name, value)| (name.to_owned(), json!([{"key": name, "value": value}])))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let coded = base64(body);
    let mut all = vec![
        json!({"version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": headers,
            "requestContext": {"http": {"method": "POST", "path": "/"}}, "body": coded, "isBase64Encoded": true}),
        json!({"resource": "/", "path": "/", "httpMethod": "POST", "headers": headers, "multiValueHeaders": lists,
            "requestContext": {"path": "/"}, "body": coded, "isBase64Encoded": true}),
        json!({"requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": "POST", "path": "/",
            "multiValueHeaders": lists, "body": coded, "isBase64Encoded": true}),
        json!({"Records": [{"cf": {"request": {"method": "POST", "uri": "/", "querystring": "", "headers": pairs,
            "body": {"data": coded, "encoding": "base64"}}}}]}),
        json!({"method": "POST", "url": "/", "headers": headers, "rawBody": {"type": "Buffer", "data": body}}),
        json!({"__ow_method": "post", "__ow_path": "/", "__ow_headers": headers, "__ow_body": coded}),
        json!({"Action": "Invoke", "body": json!({"method": "POST", "path": "/", "headers": headers,
            "encoding": "base64", "body": coded}).to_string()}),
    ];
    if let Ok(text) = std::str::from_utf8(body) {
        all.extend([
            json!({"version": "2.0", "rawPath": "/", "headers": headers, "body": text, "isBase64Encoded": false}),
            json!({"http": {"method": "POST", "path": "/", "headers": headers, "body": text, "isBase64Encoded": false}}),
            json!({"Data": {"req": {"Url": "http://127.0.0.1:7878/", "Method": "POST", "Headers": lists, "Body": text}},
                "Metadata": {}}),
        ]);
    }
    all
}

#[test]
fn a_body_in_another_layer_is_found_and_named_whoever_signed_it() {
    use webhook_cli::providers;
    let url = ["--url", "http://127.0.0.1:7878/"];
    let dir = tempfile::tempdir().unwrap();
    let mut held = 0;
    for provider in providers::ALL {
        let signs = provider
            .schemes
            .first()
            .is_some_and(|scheme| scheme.algorithm != webhook_cli::webhook::Algorithm::Credentials);
        let row = provider.events.iter().find(|row| !row.example.is_empty());
        let (true, false, Some(row)) = (signs, provider.test_secret.is_empty(), row) else {
            continue;
        };
        let name = provider.name;
        let (head, body) = composed(&[row.native, "--provider", name]);
        let whole = verify(&message(&head, &body), &url);
        if whole.lines()[0]["verdict"] != "verified (test key)" {
            continue;
        }
        held += 1;
        let mut layers = vec![
            (base64(&body), "body-base64"),
            (format!("\"{}\"\n", base64(&body)), "body-base64"),
        ];
        if let Ok(text) = std::str::from_utf8(&body) {
            let text = serde_json::to_string(text).unwrap();
            layers.push((base64(text.as_bytes()), "body-base64"));
            layers.push((text, "body-json-text"));
        }
        let events: Vec<String> = events(&head, &body).iter().map(Value::to_string).collect();
        layers.extend(events.iter().map(|event| (event.clone(), "body-wrapped")));
        // With the head of the request before it, ten names of recordings at once.
        let folder = dir.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        for (number, (layer, _)) in layers.iter().enumerate() {
            let file = folder.join(format!("{number:02}.http"));
            std::fs::write(file, message(&head, layer.as_bytes())).unwrap();
        }
        // And an event alone, as a platform logs it.
        let first = layers.len();
        for (number, event) in events.iter().enumerate() {
            let file = folder.join(format!("{:02}.json", first + number));
            std::fs::write(file, event).unwrap();
        }
        let ran = run(&[&["verify", text(&folder), "--json"], &url[..]].concat());
        let lines = ran.lines();
        let causes = layers.iter().map(|(_, cause)| *cause);
        let causes: Vec<&str> = causes
            .chain(events.iter().map(|_| "body-wrapped"))
            .collect();
        assert_eq!(lines.len(), causes.len(), "{name}: {ran:#?}");
        for (line, cause) in lines.iter().zip(causes) {
            // Of one whose signature leaves the body out, nothing is wrong with it.
            if line["verdict"] == "verified (test key)" {
                assert_eq!(name, "mailomat", "{line}");
                continue;
            }
            assert_eq!(line["cause"], cause, "{name}: {line}");
            assert_eq!(line["provider"], name, "{line}");
        }
        assert_eq!(ran.status, 5, "{name}");
    }
    assert!(held > 15, "{held} providers were looked at");
    let (head, body) = composed(&["open", "--provider", "resend"]);
    let marked = [b"\xEF\xBB\xBF", &body[..]].concat();
    let line = verify(&message(&head, &marked), &[]).lines().remove(0);
    assert_eq!(line["cause"], "body-encoding", "{line}");
    assert!(
        line["fits"].as_str().unwrap().contains("byte order mark"),
        "{line}"
    );
    assert!(
        line["problems"].to_string().contains("byte order mark"),
        "{line}"
    );
}

#[test]
fn a_layer_is_named_though_no_secret_proves_it() {
    for provider in ["mandrill", "mailgun", "resend"] {
        let (head, body) = composed(&["open", "--provider", provider, "--secret", SECRET]);
        let wrapped = serde_json::json!({"body": base64(&body), "isBase64Encoded": true});
        for (layer, words) in [
            (base64(&body), "base64"),
            (wrapped.to_string(), "isBase64Encoded"),
            (
                serde_json::to_string(std::str::from_utf8(&body).unwrap()).unwrap(),
                "serialised twice",
            ),
        ] {
            let raw = message(&head, layer.as_bytes());
            for more in [
                &[][..],
                &["--secret", "whsec_b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXI="],
            ] {
                let line = verify(&raw, &[more, &["--provider", provider]].concat());
                let line = line.lines().remove(0);
                assert_eq!(line["cause"], Value::Null, "{provider}: {line}");
                assert!(
                    line["hint"].as_str().is_some_and(|it| it.contains(words)),
                    "{provider}: {line}"
                );
            }
        }
        // Nothing of the kind is said of a body that is whole.
        let line = verify(&message(&head, &body), &[]).lines().remove(0);
        assert_eq!(line["hint"], Value::Null, "{line}");
    }
}

#[test]
fn a_url_that_nothing_tells_is_named_as_what_is_missing() {
    for provider in ["mandrill", "twilio", "hubspot"] {
        let args: &[&str] = match provider {
            "mandrill" => &["open", "--provider", "mandrill"],
            _ => &["--scheme", provider, "-d", "a=1"],
        };
        let (head, body) = composed(args);
        let lines = head.lines().filter(|line| !line.starts_with("host:"));
        let bare: String = lines.map(|line| format!("{line}\r\n")).collect();
        for (more, verdict) in [
            (&[][..], "unchecked"),
            (&["--secret", "some-secret"], "refused"),
        ] {
            let line = verify(&message(&bare, &body), more).lines().remove(0);
            assert_eq!(line["verdict"], verdict, "{line}");
            for member in ["reason", "advice"] {
                let told = line[member].as_str().unwrap();
                assert!(told.contains("--url"), "{provider} {member}: {line}");
            }
        }
        let ran = verify(&message(&bare, &body), &["--url", "http://127.0.0.1:7878/"]);
        assert_eq!(ran.status, 0, "{provider}: {ran:#?}");
    }
}

#[test]
fn a_question_that_nobody_signs_is_unsigned_and_not_refused() {
    for (request, provider) in [
        (
            "HEAD / HTTP/1.1\r\nhost: h\r\nuser-agent: Mandrill-Webhook/1.0\r\n\r\n",
            "mandrill",
        ),
        ("GET / HTTP/1.1\r\nhost: h\r\n\r\n", "resend"),
        ("OPTIONS / HTTP/1.1\r\nhost: h\r\n\r\n", "sendgrid"),
    ] {
        let secret = match provider {
            "sendgrid" => webhook_cli::providers::find(provider).unwrap().test_public,
            _ => SECRET,
        };
        let args = ["--provider", provider, "--secret", secret];
        let line = verify(request.as_bytes(), &args).lines().remove(0);
        assert_eq!(line["verdict"], "unsigned", "{line}");
        assert!(
            line["reason"].as_str().unwrap().contains("handshake"),
            "{line}"
        );
    }
    // With a body it is an event, and its signature is missed.
    let raw = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{}";
    let line = verify(
        raw.as_bytes(),
        &["--provider", "resend", "--secret", SECRET],
    );
    assert_eq!(line.lines()[0]["verdict"], "refused");
}

#[test]
fn a_certificate_that_was_given_is_said_to_be_trusted_without_its_chain() {
    for provider in ["ses", "scaleway"] {
        let known = webhook_cli::providers::find(provider).unwrap();
        let certificate = known.test_public;
        assert!(certificate.contains("BEGIN CERTIFICATE"));
        let row = known.events.iter().find(|row| !row.example.is_empty());
        let native = row.unwrap().native;
        let (head, body) = composed(&[native, "--provider", provider]);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("own.pem");
        std::fs::write(&file, certificate).unwrap();
        let given = format!("{provider}=file:{}", text(&file));
        let line = verify(&message(&head, &body), &["--secret", &given]);
        let line = line.lines().remove(0);
        assert_eq!(line["verdict"], "verified", "{line}");
        let reason = line["reason"].as_str().unwrap_or_default();
        assert!(
            reason.contains("certificate from `--secret`, whose chain is not checked"),
            "{line}"
        );
    }
    let (head, body) = composed(&["open", "--provider", "resend", "--secret", SECRET]);
    let line = verify(&message(&head, &body), &["--secret", SECRET]);
    assert_eq!(line.lines()[0]["reason"], Value::Null);
}

#[test]
fn every_default_of_the_tolerance_is_in_the_help() {
    let help = run(&["verify", "--help"]).success().stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let start = help.find("Maximum age of a signed timestamp").unwrap();
    let told = &help[start..][..help[start..].find(']').unwrap()];
    for provider in webhook_cli::providers::ALL {
        let timed = |scheme: &&&webhook_cli::webhook::Scheme| scheme.signed_time().is_some();
        for scheme in provider.schemes.iter().filter(timed) {
            let span = match scheme.tolerance {
                hours if hours % 3600 == 0 => format!("{}h", hours / 3600),
                minutes => format!("{}m", minutes / 60),
            };
            assert!(told.contains(&span), "{}: {span}: {told}", provider.name);
            let word = provider.title.rsplit(' ').next().unwrap();
            assert!(
                scheme.tolerance == 300 || told.contains(word),
                "{word} {told}"
            );
        }
    }
}

#[test]
fn what_is_said_of_a_delivery_does_not_depend_on_those_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    let fixture = |secret: &str| {
        let output = webhook_cli()
            .args(["send", "open", "--provider", "resend", "--secret", "env:K"])
            .args(["--dry-run", "--as", "json"])
            .env("K", secret)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    // The first was printed again; the second is signed with another secret.
    let mut printed: Value = serde_json::from_str(&fixture(SECRET)).unwrap();
    let request = printed["request"].as_object_mut().unwrap();
    let body = request.remove("body").unwrap();
    request.insert(
        "text".into(),
        serde_json::to_string_pretty(&body).unwrap().into(),
    );
    printed.as_object_mut().unwrap().remove("crc32c");
    let other = fixture("whsec_b3RoZXIgc2VjcmV0");
    let judged = |lines: String| {
        std::fs::write(&file, lines).unwrap();
        let ran = run(&[
            "verify",
            text(&file),
            "--json",
            "--secret",
            &format!("resend={SECRET}"),
        ]);
        ran.lines()
    };
    let alone = judged(other.clone()).remove(0);
    assert!(alone["ruled_out"].as_array().unwrap().len() > 3, "{alone}");
    let lines = judged(format!("{printed}\n{other}{other}"));
    assert_eq!(lines[0]["cause"], "body-printed-again", "{}", lines[0]);
    for line in &lines[1..] {
        assert_eq!(line["ruled_out"], alone["ruled_out"]);
        assert_eq!(line["not_tried"], alone["not_tried"]);
    }
}

#[test]
fn what_did_not_come_as_sns_posts_it_has_its_own_reason() {
    let (head, body) = composed(&["bounce", "--provider", "ses"]);
    let envelope: Value = serde_json::from_slice(&body).unwrap();
    let lambda = {
        let mut lambda = envelope.clone();
        let members = lambda.as_object_mut().unwrap();
        let url = members.remove("SigningCertURL").unwrap();
        members.insert("SigningCertUrl".into(), url);
        lambda
    };
    let records =
        serde_json::json!({"Records": [{"EventSource": "aws:sns", "Sns": lambda.clone()}]});
    let bare = envelope["Message"].as_str().unwrap().to_owned();
    let mut parsed = envelope.clone();
    // What was changed besides cannot be found by printing it again.
    let mut inner: Value = serde_json::from_str(&bare).unwrap();
    inner["mail"]["messageId"] = "another".into();
    parsed["Message"] = inner;
    let raw_head = format!("{head}x-amz-sns-rawdelivery: true\r\n");
    for (head, body, reason) in [
        (
            &head,
            lambda.to_string(),
            "this is what Lambda hands over, not what SNS posts",
        ),
        (&head, records.to_string(), "`Records[0].Sns`"),
        (&raw_head, bare.clone(), "raw message delivery"),
        (
            &"POST / HTTP/1.1\r\n".to_owned(),
            bare,
            "raw message delivery",
        ),
        (&head, parsed.to_string(), "`Message` was parsed already"),
    ] {
        for secret in [
            &[][..],
            &["--secret", "ses=file:fixtures/ses/test-certificate.pem"],
        ] {
            let ran = verify(&message(head, body.as_bytes()), secret);
            let line = &ran.lines()[0];
            assert_eq!(
                (ran.status, &line["provider"]),
                (5, &"ses".into()),
                "{line}"
            );
            assert!(
                line["reason"].as_str().unwrap_or_default().contains(reason),
                "{reason}: {line}"
            );
        }
    }
}

#[test]
fn the_cause_and_what_to_do_stand_before_all_else() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("d.http");
    let (head, body) = composed(&["open", "--provider", "resend"]);
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_slice::<Value>(&body).unwrap()).unwrap();
    std::fs::write(&file, message(&head, pretty.as_bytes())).unwrap();
    let ran = run(&["verify", text(&file)]);
    let events: Vec<&str> = ran.stdout.lines().collect();
    assert!(events[0].ends_with("resend  unchecked"), "{}", ran.stdout);
    assert_eq!(
        events[1].trim(),
        "cause      the body was re-serialised: same JSON, different bytes"
    );
    assert!(events[2].trim().starts_with("to do"), "{}", ran.stdout);
    for call in [
        "express.raw",
        "request.get_data()",
        "await req.text()",
        "$request->getContent()",
    ] {
        assert!(events[2].contains(call), "{call}: {}", ran.stdout);
    }
    assert!(
        events.last().unwrap().trim().starts_with("signed"),
        "{}",
        ran.stdout
    );

    std::fs::write(&file, message(&head, &body)).unwrap();
    let ran = run(&[
        "verify",
        text(&file),
        "--secret",
        "resend=whsec_b3RoZXIgc2VjcmV0",
    ]);
    let found = ran.stdout.find("cause  ").is_some();
    assert!(found, "{}", ran.stdout);
    // Neither the secret nor the test key: the next step is to compare the secret.
    let output = webhook_cli()
        .args([
            "send",
            "open",
            "--provider",
            "resend",
            "--secret",
            "env:K",
            "--dry-run",
        ])
        .env("K", SECRET)
        .output()
        .unwrap();
    std::fs::write(&file, output.stdout).unwrap();
    let ran = run(&[
        "verify",
        text(&file),
        "--secret",
        "resend=whsec_b3RoZXIgc2VjcmV0",
    ]);
    let events: Vec<&str> = ran.stdout.lines().map(str::trim).collect();
    assert!(
        events[1].starts_with("because    the signature does not match"),
        "{}",
        ran.stdout
    );
    assert!(
        events[2].starts_with("to do      compare the secret first"),
        "{}",
        ran.stdout
    );
    assert!(
        events
            .iter()
            .any(|row| row.starts_with("tried      stale, ")),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("ruled out"), "{}", ran.stdout);
}

#[test]
fn every_command_reads_the_same_files() {
    let dir = tempfile::tempdir().unwrap();
    let handler = Receiver::ok();
    let (head, body) = composed(&["open", "--provider", "resend"]);
    let raw = message(&head, &body);
    let fixture = run(&[
        "send",
        "open",
        "--provider",
        "resend",
        "--dry-run",
        "--as",
        "json",
    ])
    .success()
    .stdout;
    let har = run(&[
        "send",
        "open",
        "--provider",
        "resend",
        "--dry-run",
        "--as",
        "har",
    ])
    .success()
    .stdout;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&raw).unwrap();
    let zipped = gzip.finish().unwrap();
    for (name, content) in [
        ("raw.http", &raw[..]),
        ("raw.txt", &raw),
        ("raw.json", &raw),
        ("raw.http.gz", &zipped),
        ("fixture.json", fixture.as_bytes()),
        ("fixture", fixture.as_bytes()),
        ("a.har", har.as_bytes()),
        ("har.json", har.as_bytes()),
    ] {
        let file = dir.path().join(name);
        std::fs::write(&file, content).unwrap();
        let judged = run(&["verify", text(&file), "--json"]);
        assert_eq!(judged.status, 0, "{name}: {judged:#?}");
        run(&["replay", text(&file), "--to", &handler.url]).success();
        let sent = handler.next();
        assert!(sent.header("svix-id").is_some(), "{name}: {sent:?}");
        assert_eq!(
            serde_json::from_slice::<Value>(&sent.body).unwrap()["type"],
            "email.opened",
            "{name}"
        );
    }
    // In a folder, and through a pipe.
    let folder = dir.path().join("f");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.http"), &raw).unwrap();
    run(&["replay", text(&folder), "--to", &handler.url]).success();
    assert_eq!(handler.next().body, body);
    assert_eq!(run(&["verify", text(&folder)]).status, 0);
    let mut child = webhook_cli()
        .args(["replay", "-", "--to", &handler.url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&raw).unwrap();
    Ran::of(child.wait_with_output().unwrap()).success();
    assert_eq!(handler.next().body, body);
    // As a body of one's own, what is in it is sent, and nothing else is touched.
    for name in ["raw.http", "fixture.json"] {
        let given = format!("@{}", text(&dir.path().join(name)));
        let ran = run(&[
            "send",
            "--scheme",
            "stripe",
            "-d",
            &given,
            "--to",
            &handler.url,
        ])
        .success();
        assert!(ran.stderr.contains("its body is sent"), "{}", ran.stderr);
        let sent = handler.next();
        assert_eq!(
            serde_json::from_slice::<Value>(&sent.body).unwrap()["type"],
            "email.opened",
            "{name}"
        );
    }
    let plain = dir.path().join("plain.txt");
    std::fs::write(&plain, "a=1&b=\n").unwrap();
    run(&[
        "send",
        "--scheme",
        "stripe",
        "-d",
        &format!("@{}", text(&plain)),
        "--to",
        &handler.url,
    ])
    .success();
    assert_eq!(handler.next().body, b"a=1&b=\n");
    let ran = run(&[
        "send",
        "--scheme",
        "stripe",
        "-d",
        &format!("@{}", text(&dir.path().join("a.har"))),
    ]);
    assert_eq!(ran.status, 2, "{ran:#?}");
    assert!(ran.stderr.contains("a HAR file"), "{}", ran.stderr);
}

#[test]
fn an_empty_recording_is_said_to_be_one_and_an_edited_or_torn_line_too() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    let verify = |args: &[&str]| run(&[&["verify", text(&file)], args].concat());
    for empty in ["", "\n\n"] {
        std::fs::write(&file, empty).unwrap();
        let ran = verify(&[]);
        assert_eq!(ran.status, 1, "{ran:#?}");
        assert!(ran.stderr.contains("no deliveries in"), "{ran:#?}");
    }
    let handler = Receiver::ok();
    let saved = dir.path().join("saved.ndjson");
    run(&[
        "send",
        "click",
        "--provider",
        "resend",
        "--save",
        text(&saved),
        "--to",
        &handler.url,
    ])
    .success();
    let line = std::fs::read_to_string(&saved).unwrap();
    let ran = verify_file(&saved, &["--id", "01JZZZZZZZ"]);
    assert_eq!(ran.status, 1, "{ran:#?}");
    assert!(
        ran.stderr.contains("1 delivery read, and its id is not"),
        "{ran:#?}"
    );
    // A changed line is refused until it is said to be meant.
    std::fs::write(&file, line.replace("\"POST\"", "\"PUT\"")).unwrap();
    let ran = verify(&[]);
    assert!(
        ran.status == 3 && ran.stderr.contains("--edited"),
        "{ran:#?}"
    );
    verify(&["--edited"]).success();
    // The beginning of a line that a crash left.
    std::fs::write(&file, format!("{line}{}", &line[..40])).unwrap();
    let ran = verify(&[]).success();
    assert!(
        ran.stderr
            .contains("r.ndjson:2: the last line is unfinished"),
        "{ran:#?}"
    );
}

fn verify_file(file: &std::path::Path, args: &[&str]) -> Ran {
    run(&[&["verify", text(file)], args].concat())
}
