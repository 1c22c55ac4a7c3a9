//! `listen`, end to end.

use std::io::Read;

use crate::harness::{Listen, Ran, Receiver, post, raw, run, text};
use serde_json::Value;
use webhook_cli::providers::ALL;

const SVIX_SECRET: &str = "whsec_XeKGWu8V55i53lCi4Ghgs8jH/3FORvxQcqhqrYpyid0=";

fn received(ran: &Ran) -> Vec<Value> {
    ran.lines()
        .into_iter()
        .filter(|line| line["type"] == "received")
        .collect()
}

#[test]
fn a_delivery_is_told_in_a_line_with_its_events_and_its_body() {
    let listen = Listen::start(&["--count", "1"]);
    run(&[
        "send",
        "click",
        "--provider",
        "sendgrid",
        "--to",
        &format!("{}/hooks/email", listen.url),
    ])
    .success();
    let told = listen.finish().success().stdout;
    let mut lines = told.lines();
    let head = lines.next().unwrap();
    assert!(
        head.contains("  POST /hooks/email  sendgrid  1 event  verified (test key)  200 in "),
        "{head}"
    );
    assert_eq!(
        lines.next().unwrap(),
        "  click  ada@example.com  https://www.example.com/start?utm_source=mail&step=1"
    );
    assert_eq!(lines.next().unwrap(), "  [");
    assert!(told.contains("\n      \"event\": \"click\",\n"), "{told}");
    assert!(told.contains("1 delivery received in "), "{told}");
}

#[test]
fn every_provider_is_recognised_and_verified() {
    let senders: Vec<_> = ALL
        .iter()
        .filter(|provider| provider.row("bounce").is_some())
        .collect();
    let count = senders.len().to_string();
    let listen = Listen::start(&["--json", "-q", "--count", &count, "--expect", "bounce=8"]);
    run(&["send", "bounce", "--provider", "all", "--to", &listen.url]).success();
    let received = received(&listen.finish().success());
    for (provider, line) in senders.iter().zip(&received) {
        assert_eq!(line["provider"], provider.name, "{line}");
        let signs = !provider.test_secret.is_empty();
        let wanted = if signs {
            "verified (test key)"
        } else {
            "unsigned"
        };
        assert_eq!(line["signature"]["verdict"], wanted, "{line}");
        assert_eq!(line["reply"]["status"], 200);
    }
}

#[test]
fn an_expectation_that_is_not_met_is_status_1() {
    let listen = Listen::start(&["--count", "1", "--expect", "bounce"]);
    run(&["send", "click", "--to", &listen.url]).success();
    let ran = listen.finish();
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("expected 1 bounce, and 0 came"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_does_not_verify_is_answered_401_and_never_forwarded() {
    let handler = Receiver::ok();
    let listen = Listen::start(&[
        "--count",
        "2",
        "--json",
        "--require-signature",
        "--secret",
        &format!("resend={SVIX_SECRET}"),
        "--forward-to",
        &handler.url,
    ]);
    let refused = run(&["send", "open", "--provider", "resend", "--to", &listen.url]);
    assert_eq!(refused.status, 1, "{refused:#?}");
    run(&[
        "send",
        "open",
        "--provider",
        "resend",
        "--secret",
        SVIX_SECRET,
        "--to",
        &listen.url,
    ])
    .success();
    let ran = listen.finish();
    assert_eq!(ran.status, 5, "{ran:#?}");
    let received = received(&ran);
    assert_eq!(received[0]["signature"]["verdict"], "refused");
    assert!(
        received[0]["signature"]["reason"]
            .as_str()
            .unwrap()
            .contains("public test key")
    );
    assert_eq!(received[0]["reply"]["status"], 401);
    assert_eq!(received[1]["signature"]["verdict"], "verified");
    assert_eq!(handler.all().len(), 1);
}

#[test]
fn the_handlers_answer_goes_back_to_the_sender() {
    let handler = Receiver::start(&[
        "HTTP/1.1 418 Teapot\r\ncontent-length: 5\r\nx-mine: 1\r\nconnection: close\r\n\r\nshort",
    ]);
    let listen = Listen::start(&[
        "--count",
        "1",
        "--json",
        "--forward-to",
        &format!("{}/base/*", handler.url),
    ]);
    let body = b"[{\"n\":1.10,\"n\":1e2}]\r\n";
    let fields = "x-twice: 1\r\nX-Twice: 2\r\nconnection: close, x-hop\r\nx-hop: gone\r\ncontent-type: application/json\r\n";
    let answer = post(listen.port(), "/hooks?a=%00&b=[]", fields, body);
    assert!(
        answer.starts_with("HTTP/1.1 418")
            && answer.contains("x-mine: 1")
            && answer.ends_with("short"),
        "{answer}"
    );
    let request = handler.next();
    assert_eq!(request.line, "POST /base/hooks?a=%00&b=[] HTTP/1.1");
    assert_eq!(request.body, body);
    assert_eq!(request.header("host"), handler.url.strip_prefix("http://"));
    let twice: Vec<&str> = request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("x-twice"))
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(twice, ["1", "2"]);
    assert_eq!(request.header("x-hop"), None);
    let ran = listen.finish();
    assert_eq!(ran.status, 1, "rejected by the handler: {ran:#?}");
    assert!(
        ran.lines()
            .iter()
            .any(|line| line["type"] == "forwarded" && line["status"] == 418)
    );
}

#[test]
fn a_handler_that_is_down_is_502_with_the_reason() {
    let listen = Listen::start(&["--count", "1", "--forward-to", "127.0.0.1:1"]);
    let answer = post(listen.port(), "/", "connection: close\r\n", b"{}");
    assert!(
        answer.starts_with("HTTP/1.1 502") && answer.contains("connection refused"),
        "{answer}"
    );
    assert!(
        listen
            .finish()
            .stdout
            .contains("\n  no response: connection refused\n")
    );
}

#[test]
fn the_answer_is_what_was_asked_for() {
    let listen = Listen::start(&[
        "--count",
        "1",
        "--status",
        "503",
        "--body",
        "later",
        "-H",
        "Retry-After: 7",
    ]);
    let answer = post(listen.port(), "/", "connection: close\r\n", b"{}");
    assert!(
        answer.starts_with("HTTP/1.1 503")
            && answer.contains("retry-after: 7")
            && answer.ends_with("later"),
        "{answer}"
    );
}

#[test]
fn providers_that_ask_first_are_answered() {
    let listen = Listen::start(&[
        "--count",
        "4",
        "--json",
        "--require-signature",
        "--secret",
        "mandrill=k",
    ]);
    assert!(
        raw(
            listen.port(),
            b"HEAD /mandrill HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        )
        .starts_with("HTTP/1.1 200")
    );
    assert!(
        raw(
            listen.port(),
            b"GET /mailchimp HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        )
        .starts_with("HTTP/1.1 200")
    );
    let options = raw(
        listen.port(),
        b"OPTIONS / HTTP/1.1\r\nhost: a\r\nwebhook-request-origin: events.example.com\r\nwebhook-request-rate: 120\r\nconnection: close\r\n\r\n",
    );
    assert!(
        options.contains("webhook-allowed-origin: events.example.com")
            && options.contains("webhook-allowed-rate: *"),
        "{options}"
    );
    let ran = run(&[
        "send",
        "SubscriptionConfirmation",
        "--provider",
        "ses",
        "--to",
        &listen.url,
    ]);
    assert_eq!(
        ran.status, 1,
        "with a secret for Mandrill alone, this is verified by nobody: {ran:#?}"
    );
    let received = received(&listen.finish());
    assert!(
        received[3]["confirm"]
            .as_str()
            .unwrap()
            .starts_with("https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription")
    );
    assert_eq!(received[0]["problems"].as_array().unwrap().len(), 0);
}

#[test]
fn socketlabs_gets_its_secret_key_back_where_it_validates_and_nowhere_else() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/socketlabs.json");
    let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let asked = vectors["handshake"].as_array().unwrap();
    let event = &vectors["cases"][0];
    assert!(event["body"].as_str().unwrap().contains("SecretKey"));
    let listen = Listen::start(&[
        "--count",
        &(asked.len() + 1).to_string(),
        "--require-signature",
        "--secret",
        "socketlabs=Throwaway0SocketLabs1Key",
    ]);
    let answer = |headers: &serde_json::Value, body: &serde_json::Value| {
        let kind = headers["Content-Type"].as_str().unwrap();
        let fields = format!("content-type: {kind}\r\nconnection: close\r\n");
        let body = body.as_str().unwrap().as_bytes();
        post(listen.port(), "/socketlabs", &fields, body)
    };
    for case in asked {
        let answer = answer(&case["request"]["headers"], &case["request"]["body"]);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(
            answer.ends_with("\r\n\r\nThrowaway0SocketLabs1Key"),
            "{answer}"
        );
    }
    let answer = answer(&event["headers"], &event["body"]);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(!answer.contains("Throwaway0"), "{answer}");
    listen.finish().success();
}

#[test]
fn cloudevents_is_granted_whatever_it_asks_for() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/cloudevents.json");
    let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let asked = vectors["handshake"].as_array().unwrap();
    let listen = Listen::start(&["--count", &asked.len().to_string(), "--json"]);
    for case in asked {
        let headers = case["request"]["headers"].as_object().unwrap();
        let fields: String = headers
            .iter()
            .filter(|(name, _)| *name != "Host")
            .map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap()))
            .collect();
        let method = case["request"]["method"].as_str().unwrap();
        let request =
            format!("{method} / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{fields}\r\n");
        let answer = raw(listen.port(), request.as_bytes());
        let origin = headers["WebHook-Request-Origin"].as_str().unwrap();
        let granted = |name: &str, value: &str| answer.contains(&format!("{name}: {value}\r\n"));
        assert!(
            granted("webhook-allowed-origin", origin),
            "{}: {answer}",
            case["name"]
        );
        // A rate is granted to who asks for one; what is asked to be called back is not called.
        assert_eq!(
            granted("webhook-allowed-rate", "*"),
            headers.contains_key("WebHook-Request-Rate")
        );
    }
    listen.finish().success();
}

/// What was asked and what must be answered, as published.
#[test]
fn a_code_that_event_grid_sends_comes_back() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/azure.json");
    let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let granted = |case: &&serde_json::Value| case["granted"] == true;
    let cases = vectors["handshake"].as_array().unwrap();
    let cases: Vec<_> = cases.iter().filter(granted).collect();
    assert_eq!(cases.len(), 2);
    // Whatever is answered otherwise, and whatever is made to fail.
    for more in [&[][..], &["--status", "202"], &["--fail-status", "503"]] {
        let count = cases.len().to_string();
        let listen = Listen::start(&[&["--count", &count, "--json"][..], more].concat());
        for case in &cases {
            let (request, wanted) = (&case["request"], &case["response"]);
            let headers = request["headers"].as_object().unwrap();
            let fields: String = headers
                .iter()
                .map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap()))
                .collect();
            let method = request["method"].as_str().unwrap();
            let body = request["body"].as_str().unwrap_or_default();
            let answer = raw(
                listen.port(),
                format!(
                    "{method} /hooks HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n{fields}\r\n{body}",
                    body.len()
                )
                .as_bytes(),
            );
            let label = format!("{} {more:?}: {answer}", case["name"]);
            if wanted["body"].is_string() || more.is_empty() {
                assert!(answer.starts_with("HTTP/1.1 200 "), "{label}");
            }
            for (name, value) in wanted["headers"].as_object().unwrap() {
                let name = name.to_lowercase();
                let field = format!("\r\n{name}: {}\r\n", value.as_str().unwrap());
                assert!(answer.contains(&field), "{label}");
            }
            if let Some(body) = wanted["body"].as_str() {
                assert!(answer.ends_with(body), "{label}");
            }
        }
        let received = received(&listen.finish().success());
        assert_eq!(received[0]["provider"], "azure");
        assert_eq!(received[0]["events"][0]["kind"], "other");
    }
}

#[test]
fn a_code_does_not_come_back_where_a_signature_is_required_and_missing() {
    let args = [
        "--count",
        "2",
        "--json",
        "--require-signature",
        "--secret",
        "azure=query:key=k",
    ];
    let listen = Listen::start(&args);
    for (query, status) in [("", 1), ("?key=k", 0)] {
        let to = format!("{}/{query}", listen.url);
        let handshake = ["send", "--handshake", "validation", "--provider", "azure"];
        let ran = run(&[&handshake[..], &["--to", &to]].concat());
        assert_eq!(ran.status, status, "{ran:#?}");
    }
    let received = received(&listen.finish());
    let statuses: Vec<&Value> = received.iter().map(|it| &it["reply"]["status"]).collect();
    assert_eq!(statuses, [401, 200]);
}

#[test]
fn a_handler_can_fetch_the_certificate_that_messages_are_signed_with() {
    let listen = Listen::start(&["--count", "1", "--json"]);
    let path = "/SimpleNotificationService-00000000000000000000000000000000.pem";
    let answer = raw(
        listen.port(),
        format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes(),
    );
    assert!(answer.contains("application/x-pem-file"), "{answer}");
    let keys = run(&["keys", "ses", "--json"]).success();
    assert_eq!(keys.lines()[0]["served_at"], path);
    assert!(
        answer.ends_with(keys.lines()[0]["verify_with"].as_str().unwrap())
            || answer
                .trim_end()
                .ends_with(keys.lines()[0]["verify_with"].as_str().unwrap())
    );
    // It was no delivery, so one is still to come. It can say where the certificate stands, which is not signed.
    let url = format!("{}{path}", listen.url);
    let set = format!("SigningCertURL={url}");
    run(&[
        "send",
        "open",
        "--provider",
        "ses",
        "--set",
        &set,
        "--to",
        &listen.url,
    ])
    .success();
    let received = received(&listen.finish());
    assert_eq!(received.len(), 1);
    assert!(
        received[0]["body"]["SigningCertURL"] == *url
            || received[0]["text"]
                .as_str()
                .is_some_and(|text| text.contains(&url))
    );
}

#[test]
fn the_certificate_of_a_message_is_fetched_from_nowhere_but_sns_and_only_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ses.http");
    let canary = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let url = format!(
        "https://{}/SimpleNotificationService-0a.pem",
        canary.local_addr().unwrap()
    );
    let sent = run(&[
        "send",
        "open",
        "--provider",
        "ses",
        "--set",
        &format!("SigningCertURL={url}"),
        "--dry-run",
    ]);
    std::fs::write(&file, sent.success().stdout).unwrap();
    for args in [&["--fetch-certs"][..], &[]] {
        let args = [&["verify", text(&file), "--json"], args].concat();
        let ran = run(&args);
        assert_eq!(ran.status, 5, "{ran:#?}");
        let reason = ran.lines()[0]["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains("not an address of SNS"), "{reason}");
        assert!(canary.accept().is_err(), "nobody called");
    }
}

#[test]
fn what_is_acknowledged_is_recorded_and_comes_back_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hooks.ndjson");
    let bodies: [&[u8]; 7] = [
        b"[{\"n\":1.10,\"n\":1e2}]\r\n",
        b"",
        b"\xff\x00",
        b"not json",
        b" {\"a\":\n1}\n",
        b"\"\xe2\x80\xae\"",
        b"a=1&b=2",
    ];
    let listen = Listen::start(&["--record", text(&file), "--count", "7", "-q"]);
    for body in bodies {
        assert!(
            post(
                listen.port(),
                "/a?b=1",
                "x-twice: 1\r\nx-twice: 2\r\nconnection: close\r\n",
                body
            )
            .starts_with("HTTP/1.1 200")
        );
    }
    listen.finish().success();
    assert_eq!(
        std::fs::read_to_string(&file).unwrap().lines().count(),
        bodies.len()
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let handler = Receiver::ok();
    run(&["replay", text(&file), "--to", &handler.url]).success();
    for body in bodies {
        let request = handler.next();
        assert_eq!(request.body, body);
        assert_eq!(request.line, "POST /a?b=1 HTTP/1.1");
        assert_eq!(
            request
                .headers
                .iter()
                .filter(|(name, _)| name == "x-twice")
                .count(),
            2
        );
    }
}

#[test]
fn a_torn_last_line_is_cut_and_nothing_is_glued_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hooks.ndjson");
    let listen = Listen::start(&["--record", text(&file), "--count", "1"]);
    run(&["send", "click", "--to", &listen.url]).success();
    listen.finish().success();
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, [&whole[..], &whole[..whole.len() / 2]].concat()).unwrap();
    let listen = Listen::start(&["--record", text(&file), "--count", "1"]);
    run(&["send", "open", "--to", &listen.url]).success();
    let ran = listen.finish().success();
    assert!(
        ran.stderr.contains("hooks.ndjson"),
        "what was cut is said: {}",
        ran.stderr
    );
    let now = std::fs::read(&file).unwrap();
    assert!(now.starts_with(&whole));
    assert_eq!(String::from_utf8(now).unwrap().lines().count(), 2);
}

#[test]
fn a_folder_gets_a_file_for_each_delivery() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("hooks");
    let listen = Listen::start(&["--record", text(&folder), "--count", "2"]);
    run(&["send", "click", "open", "--to", &listen.url]).success();
    listen.finish().success();
    let handler = Receiver::ok();
    run(&["replay", text(&folder), "--to", &handler.url]).success();
    assert!(
        String::from_utf8(handler.next().body)
            .unwrap()
            .contains("\"click\"")
    );
    assert!(
        String::from_utf8(handler.next().body)
            .unwrap()
            .contains("\"open\"")
    );
    assert_eq!(
        std::fs::read_to_string(folder.join(".gitattributes"))
            .unwrap()
            .trim(),
        "* -text"
    );
}

#[test]
fn two_listeners_do_not_share_a_recording() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hooks.ndjson");
    let _first = Listen::start(&["--record", text(&file)]);
    let second = run(&["listen", "--port", "0", "--record", text(&file)]);
    assert_eq!(second.status, 2, "{second:#?}");
    assert!(second.stderr.contains("hooks.ndjson"), "{}", second.stderr);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let listen = Listen::start(&[]);
    let second = run(&["listen", "--port", &listen.port().to_string()]);
    assert_eq!(second.status, 2);
    assert!(
        second
            .stderr
            .contains(&format!("cannot listen on 127.0.0.1:{}", listen.port())),
        "{}",
        second.stderr
    );
    assert!(
        second
            .stderr
            .contains("hint: `--port 0` takes any free port"),
        "{}",
        second.stderr
    );
}

#[test]
fn any_body_is_taken_and_said_what_is_wrong_with() {
    let listen = Listen::start(&["--count", "5", "--json"]);
    let deep = "[".repeat(200_000);
    for body in [
        &b"not json"[..],
        b"\xff\xfe",
        b"",
        deep.as_bytes(),
        b"{\"a\":",
    ] {
        assert!(
            post(listen.port(), "/", "connection: close\r\n", body).starts_with("HTTP/1.1 200")
        );
    }
    let received = received(&listen.finish().success());
    let problem = |at: usize| received[at]["problems"][0].as_str().unwrap().to_owned();
    assert!(problem(0).contains("not JSON"), "{}", problem(0));
    assert!(problem(1).contains("not JSON"));
    assert!(problem(2).contains("empty"));
    assert!(problem(3).contains("not JSON"));
    assert!(problem(4).contains("line 1 column 5"));
    assert_eq!(received[1]["base64"], "//4=");
    assert_eq!(received[3]["text"].as_str().unwrap().len(), 200_000);
}

#[test]
fn nothing_that_a_stranger_sends_reaches_the_terminal_raw() {
    let listen = Listen::start(&["--count", "3", "-v", "--color", "always"]);
    let attack =
        "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{200b}\r\nlistening on http://evil";
    let json = format!(
        "{{\"event\":\"{}\",\"{}\":\"\\u001b[0m\"}}",
        attack.replace("\r\n", ""),
        "\u{2066}k"
    );
    post(
        listen.port(),
        "/a%1b",
        "x-evil: \u{9b}31m\u{202e}\r\nconnection: close\r\n",
        json.as_bytes(),
    );
    post(
        listen.port(),
        "/",
        "connection: close\r\n",
        attack.as_bytes(),
    );
    post(
        listen.port(),
        "/",
        "authorization: Bearer hunter2\r\nconnection: close\r\n",
        b"{}",
    );
    let ran = listen.finish().success();
    let own = regexless_strip(&ran.stdout);
    for c in own.chars() {
        assert!(
            c == '\n' || !(c.is_control() || matches!(c, '\u{202e}' | '\u{200b}' | '\u{2066}')),
            "{:?} in {own}",
            c
        );
    }
    assert!(own.contains("\\x1b]0;owned"), "{own}");
    assert!(
        own.contains("\\u001b[0m"),
        "an escape of JSON stays six characters: {own}"
    );
    assert!(
        !own.lines()
            .any(|line| line.starts_with("listening on http://evil")),
        "{own}"
    );
    assert!(!own.contains("hunter2"));
}

/// The text without the colours that we put there ourselves: `ESC [ digits ; … m`.
fn regexless_strip(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 2..];
        let end = tail
            .find(|c: char| !c.is_ascii_digit() && c != ';')
            .unwrap();
        assert_eq!(&tail[end..=end], "m", "an escape that is no colour");
        rest = &tail[end + 1..];
    }
    out + rest
}

#[test]
fn a_secret_is_printed_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hooks.ndjson");
    let secret = "canary-5f1c0e";
    let listen = Listen::start_with(
        &[
            "--count",
            "1",
            "-v",
            "--secret",
            "mailgun=env:CANARY",
            "--record",
            text(&file),
        ],
        |command| command.env("CANARY", secret),
    );
    run(&[
        "send",
        "click",
        "--provider",
        "mailgun",
        "--to",
        &listen.url,
    ])
    .success();
    let ran = listen.finish().success();
    assert!(ran.stdout.contains("refused"));
    let all = format!(
        "{}{}{}",
        ran.stdout,
        ran.stderr,
        std::fs::read_to_string(&file).unwrap()
    );
    assert!(!all.contains(secret));
}

#[test]
fn a_closed_pipe_ends_it_as_a_success() {
    let mut listen = Listen::start(&[]);
    let url = listen.url.clone();
    listen.close_stdout();
    run(&["send", "click", "--to", &url]).success();
    assert_eq!(listen.wait(), 0);
}

#[test]
fn a_compressed_body_is_inflated_for_the_eye_alone() {
    let body = r#"{"event":"click","email":"ada@example.com"}"#;
    let mut gzip = Vec::new();
    flate2::read::GzEncoder::new(body.as_bytes(), flate2::Compression::default())
        .read_to_end(&mut gzip)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.ndjson");
    let handler = Receiver::ok();
    let listener = Listen::start(&["-n1", "-v", "-r", text(&file), "-f", &handler.url]);
    let answer = post(listener.port(), "/", "content-encoding: gzip\r\n", &gzip);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let shown = listener.finish().stdout;
    assert!(shown.contains("\"email\": \"ada@example.com\""), "{shown}");
    let passed_on = handler.next();
    assert_eq!(passed_on.body, gzip);
    assert_eq!(passed_on.header("content-encoding"), Some("gzip"));
    let again = Receiver::ok();
    run(&["replay", text(&file), "--to", &again.url]).success();
    assert_eq!(again.next().body, gzip);
}

#[test]
fn json_that_is_called_a_form_is_shown_as_json_and_what_is_compressed_is_said_to_be() {
    let listen = Listen::start(&["--count", "2"]);
    let form = "content-type: application/x-www-form-urlencoded\r\nconnection: close\r\n";
    post(listen.port(), "/", form, b"{\"a\":1}");
    let gzip = "content-encoding: gzip\r\nconnection: close\r\n";
    post(listen.port(), "/", gzip, b"\x1f\x8b\x08");
    let told = listen.finish().success().stdout;
    assert!(told.contains("\n    \"a\": 1\n"), "{told}");
    let problem = "  problem: it is compressed (gzip), so its events are not read\n";
    assert!(told.contains(problem), "{told}");
}

#[test]
fn what_is_refused_before_it_is_whole_is_said() {
    let listener = Listen::start(&["--max-body", "10"]);
    for _ in 0..30 {
        let answer = post(listener.port(), "/", "", b"more than ten bytes");
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
    listener.interrupt();
    let said = listener.finish().stderr;
    // A flood of it is not a flood of words.
    assert_eq!(said.matches("the body is too large").count(), 20, "{said}");
    assert_eq!(said.matches("more like these").count(), 1, "{said}");
}

#[test]
fn a_warning_does_not_wait_for_whoever_does_not_read_stdout() {
    let listener = Listen::start(&["--json", "--max-body", "100KiB"]);
    // More than a pipe holds, so that printing is stuck by now.
    for _ in 0..3 {
        let answer = post(listener.port(), "/", "", &[b'x'; 100 << 10]);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let stream = std::net::TcpStream::connect(("127.0.0.1", listener.port())).unwrap();
    let patience = Some(std::time::Duration::from_secs(5));
    stream.set_read_timeout(patience).unwrap();
    let request = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 200000\r\n\r\n";
    std::io::Write::write_all(&mut &stream, request).unwrap();
    let mut answer = [0; 12];
    std::io::Read::read_exact(&mut &stream, &mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

/// Without a secret, too: what is not signed at all is rejected, and that is no success.
#[test]
fn what_is_rejected_for_its_signature_is_said_counted_and_no_success() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("click.json");
    let saved = run(&[
        "send",
        "click",
        "--provider",
        "resend",
        "--secret",
        SVIX_SECRET,
        "--dry-run",
        "--as",
        "json",
    ]);
    std::fs::write(&file, saved.success().stdout).unwrap();
    // Nothing recognised, a provider that signs nothing, and one that is signed with a key that nobody has.
    let posts: [&dyn Fn(&Listen); 3] = [
        &|listen| {
            let answer = post(listen.port(), "/", "connection: close\r\n", b"{\"a\":1}");
            assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        },
        &|listen| {
            let args = ["send", "bounce", "--provider", "brevo", "--to", &listen.url];
            assert_eq!(run(&args).status, 1);
        },
        &|listen| {
            let args = ["replay", text(&file), "--to", &listen.url];
            assert_eq!(run(&args).status, 1);
        },
    ];
    for deliver in posts {
        for args in [&["-q"][..], &["--json"]] {
            let args = [&["--count", "1", "--require-signature"][..], args].concat();
            let listen = Listen::start(&args);
            deliver(&listen);
            let ran = listen.finish();
            assert_eq!(ran.status, 5, "{ran:#?}");
            if args.contains(&"--json") {
                let line = &received(&ran)[0];
                assert!(line["signature"]["reason"].is_string(), "{line}");
                assert_eq!(ran.lines().last().unwrap()["refused_signatures"], 1);
            } else {
                let line = ran.stdout.lines().next().unwrap();
                let (_, rest) = line.split_once("  401  ").unwrap();
                let (_, reason) = rest.split_once("  rejected: ").unwrap();
                assert!(!reason.is_empty(), "{line}");
                assert!(
                    ran.stdout.contains("1 without a valid signature"),
                    "{ran:#?}"
                );
            }
        }
    }
}

#[test]
fn a_handshake_is_one_for_the_answer_and_for_the_line_alike() {
    let listen = Listen::start(&["--count", "4", "--require-signature"]);
    let ask = |line: &str| {
        let request = format!("{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        raw(listen.port(), request.as_bytes())
    };
    for (line, status) in [
        ("GET /b", 200),
        // Mailchimp asks at the very URL that it was told, and a secret in its query is what its handlers check.
        ("GET /b?x=1", 200),
        ("HEAD /b?x=1", 200),
        // One that tells an event is none.
        (
            "GET /b?transaction=t&messageid=m&status=Sent&channel=c&to=a%40example.com",
            401,
        ),
    ] {
        let answer = ask(line);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{line}: {answer}"
        );
    }
    let told = listen.finish().stdout;
    let lines: Vec<&str> = told.lines().filter(|line| line.contains(" /b")).collect();
    for line in lines {
        assert_eq!(
            line.contains("handshake"),
            line.contains("  200 in "),
            "{line}"
        );
    }
}

#[test]
fn a_credential_is_shown_nowhere_whatever_its_field_is_called() {
    let dir = tempfile::tempdir().unwrap();
    let fields = [
        "x-access-key",
        "x-functions-key",
        "ocp-apim-subscription-key",
        "aeg-sas-key",
        "x-key",
        "x-authentication",
        "x-vercel-protection-bypass",
        "x-amzn-oidc-data",
        "x-otp",
        "x-auth",
        "X-Auth-Key",
        "api_key",
        "x-api-key-id",
        "x-session-token-v2",
        "x-hook-passwd",
        "authorization",
        "cookie",
        "x-amz-security-token",
        "x-signing-key",
        "x-goog-iap-jwt-assertion",
    ];
    let head: String = fields
        .iter()
        .map(|name| format!("{name}: hunter2\r\n"))
        .collect();
    for args in [&["-v"][..], &["--json"], &["-q", "--redact"]] {
        let file = dir.path().join(format!("{}.ndjson", args.len()));
        let args = [args, &["--count", "1", "--record", text(&file)]].concat();
        let listen = Listen::start(&args);
        post(
            listen.port(),
            "/",
            &format!("{head}x-kept: hunter2-not\r\nidempotency-key: k\r\nconnection: close\r\n"),
            b"{}",
        );
        let ran = listen.finish().success();
        let shown = if args.contains(&"--redact") {
            std::fs::read_to_string(&file).unwrap()
        } else {
            ran.stdout
        };
        assert!(
            !shown.replace("hunter2-not", "").contains("hunter2"),
            "{shown}"
        );
        if !args.contains(&"-q") {
            assert!(shown.contains("hunter2-not"), "{shown}");
        }
    }
}

#[test]
fn a_credential_in_a_query_is_shown_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let names = [
        "token",
        "api_key",
        "auth",
        "key",
        "sig",
        "access_token",
        "%74oken",
    ];
    let query: Vec<String> = names.iter().map(|name| format!("{name}=hunter2")).collect();
    let path = format!("/hooks?x=kept&{}&code=0123456789hunter2", query.join("&"));
    let handler = Receiver::start(&[
        "HTTP/1.1 307 There\r\nLocation: /there?token=hunter2\r\ncontent-length: 0\r\n\r\n",
    ]);
    for args in [&["-v"][..], &["--json"], &["-q", "--redact"]] {
        let file = dir.path().join(format!("{}.ndjson", args[0]));
        let to = format!("{}/own?key=hunter2", handler.url);
        let forward = ["--forward-to", &to, "--count", "1", "--record", text(&file)];
        let listen = Listen::start(&[args, &forward].concat());
        post(listen.port(), &path, "", b"{}");
        let ran = listen.finish();
        let recorded = std::fs::read_to_string(&file).unwrap();
        let told = ran.stdout + &ran.stderr;
        // One line has the path without its query.
        let kept = if args.contains(&"-q") {
            "POST /hooks "
        } else {
            "x=kept"
        };
        assert!(!told.contains("hunter2") && told.contains(kept), "{told}");
        assert_eq!(
            recorded.contains("hunter2"),
            !args.contains(&"--redact"),
            "{recorded}"
        );
        for args in [
            &["--json"][..],
            &["-v"],
            &["--report", "junit"],
            &["--dry-run", "--as", "curl"],
        ] {
            if recorded.contains("hunter2") && !args.contains(&"--dry-run") {
                let ran = run(&[&["replay", text(&file), "--to", &handler.url][..], args].concat());
                let told = ran.stdout + &ran.stderr;
                assert!(!told.contains("hunter2"), "{args:?}: {told}");
            }
            let ran = run(&[&["replay", text(&file), "--to", &to][..], args].concat());
            let told = ran.stdout + &ran.stderr;
            assert!(!told.contains("hunter2"), "{args:?}: {told}");
        }
    }
    // What came is forwarded as it came.
    let came = handler.all();
    assert!(
        came[0].line.contains("/own?key=hunter2"),
        "{}",
        came[0].line
    );
    let ran = run(&["send", "click", "--to", "http://127.0.0.1:1/?token=hunter2"]);
    assert!(!(ran.stdout + &ran.stderr).contains("hunter2"));
    let ran = run(&["send", "click", "--to", "ftp://a/?token=hunter2"]);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}

#[test]
fn a_handshake_says_whose_it_is_and_is_not_forwarded_where_a_signature_is_required() {
    for args in [&["--show", "events"][..], &["--json"]] {
        let handler = Receiver::ok();
        let required = [
            "--count",
            "4",
            "--require-signature",
            "--forward-to",
            &handler.url,
        ];
        let listen = Listen::start(&[args, &required].concat());
        for method in ["GET /?x=1", "GET /", "HEAD /", "OPTIONS /"] {
            let request = format!("{method} HTTP/1.1\r\nhost: a\r\n\r\n");
            let answer = raw(listen.port(), request.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        let told = listen.finish().success().stdout;
        for title in ["Mailchimp", "Mandrill", "CloudEvents"] {
            let said = match args.contains(&"--json") {
                true => format!("\"handshake\":\"{title}\""),
                false => format!("handshake ({title})"),
            };
            assert!(told.contains(&said) && !told.contains("verified"), "{told}");
        }
        assert_eq!(handler.all(), []);
    }
}

#[test]
fn fields_of_a_handlers_answer_keep_their_case_and_order() {
    let fields = "X-One: 1\r\nx-two: 2\r\nX-ONE: 3\r\nETag: \"a\"\r\n";
    let plain = format!("HTTP/1.1 201 Made\r\n{fields}Content-Length: 2\r\n\r\nok");
    // The second goes over hyper.
    let chunked = format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\n{fields}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    );
    let large = "x".repeat(300_000);
    let large_answer =
        format!("HTTP/1.1 201 Made\r\n{fields}Content-Length: 300000\r\n\r\n{large}");
    let handler = Receiver::start(&[&plain, &chunked, &large_answer, &plain]);
    let listen = Listen::start(&["--forward-to", &handler.url, "-H", "X-Own: 1"]);
    for number in 0..4 {
        let answer = post(listen.port(), "/", "connection: close\r\n", b"{}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with(&format!("HTTP/1.1 201 Created\r\n{}", fields.trim_end())),
            "{head}"
        );
        let wanted = if number == 2 { &large } else { "ok" };
        assert!(body == wanted, "{number}: {} bytes", body.len());
        assert!(
            head.to_lowercase()
                .contains(&format!("content-length: {}", wanted.len())),
            "{head}"
        );
    }
    // Pipelined, each has its own.
    let handler = Receiver::start(&[
        "HTTP/1.1 200 OK\r\nX-A: 1\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-a: 2\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-B: 3\r\ncontent-length: 0\r\n\r\n",
    ]);
    let listen = Listen::start(&["--forward-to", &handler.url]);
    let one = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";
    let answers = raw(listen.port(), one.repeat(3).as_bytes());
    let named: Vec<&str> = answers
        .lines()
        .filter(|line| line.to_lowercase().starts_with("x-"))
        .collect();
    assert_eq!(named, ["X-A: 1", "x-a: 2", "X-B: 3"], "{answers}");
}

#[test]
fn quietly_stdout_holds_a_line_for_each_delivery_and_nothing_in_front_of_it() {
    let listen = Listen::start(&["-q", "--count", "1"]);
    run(&["send", "click", "--to", &listen.url]).success();
    let ran = listen.finish().success();
    assert!(
        ran.stdout.lines().next().unwrap().contains("POST /"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("listening on"), "{}", ran.stdout);
}

/// A full disk behind stdout is no reason to lose deliveries; that nobody reads it any more is a success.
#[cfg(target_os = "linux")]
#[test]
fn where_stdout_cannot_be_written_it_goes_on_and_says_so_once() {
    let full = || {
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    let mut child = crate::harness::webhook_cli()
        .args([
            "listen",
            "--port",
            "0",
            "-q",
            "--count",
            "5",
            "--record",
            text(&file),
        ])
        .stdout(full())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    std::io::BufRead::read_line(&mut stderr, &mut first).unwrap();
    let url = first.trim_end().strip_prefix("listening on ").unwrap();
    for _ in 0..5 {
        run(&["send", "click", "--to", url]).success();
    }
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(
        said.matches("cannot write to stdout: No space left on device")
            .count(),
        1,
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 5);
    for args in [
        &["send", "click", "--dry-run"][..],
        &["events"],
        &["keys"],
        &["replay", text(&file), "--dry-run"],
    ] {
        let done = crate::harness::webhook_cli()
            .args(args)
            .stdout(full())
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(1), "{args:?}");
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(said.contains("cannot write to stdout: No space"), "{said}");
    }
}

/// hyper answers these itself, before a handler is asked.
#[test]
fn a_request_that_is_rejected_before_it_is_read_is_said_with_status_peer_and_reason() {
    let mut listen = Listen::start(&["-q"]);
    let port = listen.port();
    let long = "x".repeat(70_000);
    let many: String = (0..120)
        .map(|number| format!("x-{number}: 1\r\n"))
        .collect();
    let requests: [(Vec<u8>, &str, &str); 10] = [
        (
            format!("POST / HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n").into(),
            "431",
            "its head is larger than 64 KiB",
        ),
        (
            format!("POST / HTTP/1.1\r\nhost: a\r\n{many}\r\n").into(),
            "431",
            "more than 100 fields",
        ),
        (
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"
                .to_vec(),
            "400",
            "Content-Length",
        ),
        (
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -2\r\n\r\n{}".to_vec(),
            "400",
            "Content-Length",
        ),
        (
            b"POST / HTTP/1.1\r\nhost: a\r\nx y: 1\r\n\r\n".to_vec(),
            "400",
            "header field",
        ),
        (
            b"POST / HTTP/7.1\r\nhost: a\r\n\r\n".to_vec(),
            "400",
            "version",
        ),
        (
            b"PO(T / HTTP/1.1\r\nhost: a\r\n\r\n".to_vec(),
            "400",
            "request line",
        ),
        (
            b"POST /\x7f HTTP/1.1\r\nhost: a\r\n\r\n".to_vec(),
            "400",
            "",
        ),
        // Behind a good one, in the same write.
        (
            b"GET / HTTP/1.1\r\nhost: a\r\n\r\nPO(T / HTTP/1.1\r\nhost: a\r\n\r\n".to_vec(),
            "400",
            "request line",
        ),
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            "400",
            "`--tls`",
        ),
    ];
    for (request, status, why) in &requests {
        let stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let peer = stream.local_addr().unwrap();
        std::io::Write::write_all(&mut &stream, request).unwrap();
        let mut answer = Vec::new();
        let _ = (&stream).read_to_end(&mut answer);
        // It is said when the connection is over; a client that stays is waited for.
        drop(stream);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.contains(&format!("HTTP/1.1 {status}")), "{answer}");
        let said = listen.said_on(&format!("responded {status} to {peer}: "));
        assert!(said.contains(why), "{said}");
    }
    let stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    std::io::Write::write_all(&mut &stream, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    let _ = (&stream).read_to_end(&mut Vec::new());
    assert!(
        listen
            .said_on("HTTP/2 without TLS is not spoken")
            .contains("no connection with 127.0.0.1:")
    );
}
