//! `listen --forward-to`, end to end: routing, changed headers, retries, targets that are down.

use std::time::Duration;

use crate::harness::{Listen, Ran, Receiver, post, raw, run, text};
use serde_json::Value;

const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn of_type(ran: &Ran, name: &str) -> Vec<Value> {
    let lines = ran.lines().into_iter();
    lines.filter(|line| line["type"] == name).collect()
}

fn event(kind: &str) -> Vec<u8> {
    format!(
        "{{\"event\":\"{kind}\",\"timestamp\":\"2024-01-15T10:30:00Z\",\"email\":\"ada@example.com\",\"campaign_id\":\"c\"}}"
    )
    .into_bytes()
}

fn sendgrid(kinds: &[&str]) -> Vec<u8> {
    let events: Vec<String> = kinds
        .iter()
        .map(|kind| {
            format!(
                "{{\"email\":\"ada@example.com\",\"timestamp\":1790000000,\"event\":\"{kind}\",\"sg_event_id\":\"{kind}\",\"sg_message_id\":\"m.1\"}}"
            )
        })
        .collect();
    format!("[{}]", events.join(",")).into_bytes()
}

fn nothing_came(receiver: &Receiver) -> bool {
    receiver
        .requests
        .recv_timeout(Duration::from_millis(200))
        .is_err()
}

#[test]
fn nothing_is_changed_but_what_belongs_to_the_connection() {
    let handler = Receiver::ok();
    let listen = Listen::start(&["--count", "1", "-q", "-f", &handler.url]);
    let body: Vec<u8> = (0..=255).collect();
    let fields = "x-b: 1\r\nX-A: one\r\nvia: 1.0 fred\r\nx-a: two\r\nx-bytes: \u{e9}\u{9b}\r\nuser-agent: me/1\r\n\
        accept-encoding: gzip\r\nconnection: close, X-Once\r\nx-once: gone\r\nkeep-alive: timeout=5\r\nte: trailers\r\n\
        trailer: x-t\r\nupgrade: h2c\r\nproxy-authorization: Basic x\r\nauthorization: Bearer kept\r\n";
    post(listen.port(), "/a/../b//c?x=%00&y=[]&&z", fields, &body);
    let got = handler.next();
    assert_eq!(got.line, "POST /a/../b//c?x=%00&y=[]&&z HTTP/1.1");
    assert_eq!(got.body, body);
    let own = handler.url.strip_prefix("http://").unwrap();
    let (mark, rest): (Vec<_>, Vec<_>) = got
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .partition(|(_, value)| value.starts_with("1.1 webhook-cli-"));
    assert_eq!(mark.len(), 1);
    assert_eq!(mark[0].0, "via");
    let mut rest = rest;
    rest.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    assert_eq!(
        rest,
        [
            ("accept-encoding", "gzip"),
            ("authorization", "Bearer kept"),
            ("content-length", "256"),
            ("host", own),
            ("user-agent", "me/1"),
            ("via", "1.0 fred"),
            ("X-A", "one"),
            ("x-a", "two"),
            ("x-b", "1"),
            ("x-bytes", "\u{e9}\u{9b}"),
        ]
    );
    listen.finish().success();
}

#[test]
fn only_the_target_that_the_user_gave_is_called() {
    let (handler, evil) = (Receiver::ok(), Receiver::ok());
    let at = evil.url.strip_prefix("http://").unwrap();
    let listen = Listen::start(&["-q", "-f", &format!("{}/in/*", handler.url)]);
    for target in [
        format!("http://{at}/absolute"),
        format!("//{at}/double"),
        format!("/@{at}/at"),
        format!("/..//..//{at}/up"),
        format!("http://user@{at}/user"),
    ] {
        let request = format!(
            "POST {target} HTTP/1.1\r\nhost: {at}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let answer = raw(listen.port(), request.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200"), "{target}: {answer}");
        let got = handler.next();
        assert!(got.line.starts_with("POST /in/"), "{}", got.line);
        assert_eq!(got.header("host"), handler.url.strip_prefix("http://"));
    }
    // A backslash is in no request line; whatever becomes of it, nobody else is called.
    raw(
        listen.port(),
        format!("POST \\\\{at}\\x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes(),
    );
    assert!(nothing_came(&evil));
    listen.interrupt();
    assert_eq!(listen.finish().status, 130);
}

#[test]
fn each_kind_goes_its_way_whole_and_to_each_target_once() {
    let (bounces, clicks, others) = (Receiver::ok(), Receiver::ok(), Receiver::ok());
    let listen = Listen::start(&[
        "--count",
        "4",
        "--json",
        "-f",
        &format!("bounce,complaint={}", bounces.url),
        "-f",
        &format!("click={}", clicks.url),
        "-f",
        &others.url,
        "-f",
        &format!("rejected={}", bounces.url),
    ]);
    let go = |body: &[u8]| {
        let answer = post(
            listen.port(),
            "/",
            "content-type: application/json\r\nconnection: close\r\n",
            body,
        );
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    go(&event("complaint"));
    assert_eq!(bounces.next().body, event("complaint"));
    go(&event("open"));
    assert_eq!(others.next().body, event("open"));
    go(b"no event at all");
    assert_eq!(others.next().body, b"no event at all");
    let batch = sendgrid(&["bounce", "click", "delivered", "bounce", "dropped"]);
    go(&batch);
    for receiver in [&bounces, &clicks, &others] {
        assert_eq!(receiver.next().body, batch);
        assert!(nothing_came(receiver));
    }
    let forwarded = of_type(&listen.finish().success(), "forwarded");
    assert_eq!(forwarded.len(), 6, "{forwarded:#?}");
}

#[test]
fn what_no_route_is_for_is_answered_by_the_listener() {
    let bounces = Receiver::ok();
    let listen = Listen::start(&[
        "--count",
        "1",
        "--status",
        "202",
        "-f",
        &format!("bounce={}", bounces.url),
    ]);
    let answer = post(listen.port(), "/", "connection: close\r\n", &event("click"));
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    assert!(nothing_came(&bounces));
    listen.finish().success();
}

#[test]
fn an_unknown_kind_in_a_route_is_guessed_at() {
    let ran = run(&["listen", "--port", "0", "-f", "bonce=:3000"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("did you mean `bounce`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_first_target_answers_and_the_others_are_tried_again_by_themselves() {
    let first = Receiver::start(&["HTTP/1.1 202 Accepted\r\ncontent-length: 5\r\n\r\nfirst"]);
    let second = Receiver::start(&[UNAVAILABLE, OK]);
    let listen = Listen::start(&["--json", "-f", &first.url, "-f", &second.url]);
    let answer = post(listen.port(), "/", "connection: close\r\n", &event("open"));
    assert!(
        answer.starts_with("HTTP/1.1 202") && answer.ends_with("first"),
        "{answer}"
    );
    assert_eq!(second.next(), second.next());
    listen.interrupt();
    let ran = listen.finish();
    assert_eq!(ran.status, 130);
    let of_second: Vec<Value> = of_type(&ran, "forwarded")
        .into_iter()
        .filter(|line| line["target"] == format!("{}/", second.url))
        .map(|line| serde_json::json!([line["attempt"], line["status"], line["final"]]))
        .collect();
    assert_eq!(
        Value::from(of_second),
        serde_json::json!([[1, 503, false], [2, 200, true]])
    );
    let summary = &of_type(&ran, "summary")[0];
    assert_eq!(
        summary["forwarded"],
        serde_json::json!({"passed": 2, "refused": 0, "unanswered": 0})
    );
}

#[test]
fn what_is_acknowledged_at_once_reaches_a_handler_that_comes_up_later() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut listen = Listen::start(&[
        "--count",
        "3",
        "--json",
        "--ack-always",
        "-f",
        &port.to_string(),
    ]);
    for kind in ["open", "click"] {
        let answer = post(listen.port(), "/", "connection: close\r\n", &event(kind));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let mut failed = 0;
    while failed < 2 {
        let line = listen.line();
        failed += usize::from(line.contains("connection refused"));
    }
    let handler = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let serving = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let mut bodies = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = handler.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
                .unwrap();
            let at = request
                .windows(4)
                .position(|gap| gap == b"\r\n\r\n")
                .unwrap();
            bodies.push(request.split_off(at + 4));
        }
        bodies
    });
    let mut bodies = serving.join().unwrap();
    bodies.sort();
    assert_eq!(bodies, [event("click"), event("open")]);
    let handshake = raw(
        listen.port(),
        b"HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    );
    assert!(handshake.starts_with("HTTP/1.1 200"), "{handshake}");
    let ran = listen.finish();
    let passed: Vec<Value> = of_type(&ran, "forwarded")
        .into_iter()
        .filter(|line| line["status"] == 204)
        .collect();
    assert_eq!(passed.len(), 2);
    assert!(
        passed
            .iter()
            .all(|line| line["attempt"].as_u64().unwrap() > 1),
        "{passed:#?}"
    );
}

#[test]
fn what_is_given_up_is_said_with_its_id_and_how_to_send_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("my hooks.ndjson");
    let listen = Listen::start(&[
        "--count",
        "1",
        "--ack-always",
        "--retries",
        "9",
        "--record",
        text(&file),
        "-f",
        "127.0.0.1:1",
    ]);
    let answer = post(listen.port(), "/", "connection: close\r\n", &event("open"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let begun = std::time::Instant::now();
    let ran = listen.finish();
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "one more attempt, at once, and no waiting"
    );
    assert_eq!(ran.status, 4, "{ran:#?}");
    let kept = std::fs::read_to_string(&file).unwrap();
    let kept: Vec<Value> = kept
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (kept, answers) = kept.split_first().unwrap();
    // Each attempt is recorded, too.
    assert!(!answers.is_empty() && answers.iter().all(|it| it["to"] == kept["id"]));
    let id = kept["id"].as_str().unwrap();
    let last = ran
        .stdout
        .lines()
        .rfind(|line| line.contains("not forwarded"))
        .unwrap();
    assert!(
        last.contains(id) && last.contains("connection refused") && last.contains("given up after"),
        "{last}"
    );
    assert!(
        ran.stderr
            .contains("1 delivery did not reach http://127.0.0.1:1/"),
        "{}",
        ran.stderr
    );
    let hint = format!(
        "webhook-cli replay '{}' --since {} --to http://127.0.0.1:1/",
        text(&file),
        kept["at"].as_str().unwrap()
    );
    assert!(ran.stderr.contains(&hint), "{}", ran.stderr);
}

#[test]
fn an_answer_of_retry_after_holds_the_whole_target_back() {
    let handler = Receiver::start(&[
        "HTTP/1.1 503 Later\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
        OK,
    ]);
    let listen = Listen::start(&["-q", "--ack-always", "-f", &handler.url]);
    post(listen.port(), "/", "connection: close\r\n", &event("open"));
    handler.next();
    let told = std::time::Instant::now();
    // The answer may still be on its way to the listener.
    std::thread::sleep(Duration::from_millis(100));
    post(listen.port(), "/", "connection: close\r\n", &event("click"));
    for _ in 0..2 {
        handler.next();
        assert!(
            told.elapsed() >= Duration::from_millis(990),
            "{:?}",
            told.elapsed()
        );
    }
}

/// Four bodies of 20 MiB are more than may wait in the background: the last sender has to wait, and is not turned away.
#[test]
fn a_sender_waits_for_room_in_the_background() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let listen = Listen::start(&["-q", "--ack-always", "--count", "4", "-f", &url]);
    let port = listen.port();
    let body = vec![b'x'; 20 << 20];
    for _ in 0..3 {
        let answer = post(port, "/", "connection: close\r\n", &body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let (answered, answer) = std::sync::mpsc::channel();
    let last = std::thread::spawn(move || {
        let answer = post(port, "/", "connection: close\r\n", &body);
        let _ = answered.send(answer);
    });
    let early = answer.recv_timeout(Duration::from_secs(1));
    assert!(early.is_err(), "there was room: {early:?}");
    let handler = Receiver::on(silent, &[OK]);
    let late = answer.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(late.starts_with("HTTP/1.1 200"), "{late}");
    last.join().unwrap();
    for _ in 0..4 {
        assert_eq!(handler.next().body.len(), 20 << 20);
    }
    let ran = listen.finish().success();
    assert!(ran.stdout.contains("4 accepted (2xx)"), "{}", ran.stdout);
}

#[test]
fn whoever_asked_to_be_left_alone_for_long_is_not_waited_for_at_the_end() {
    let handler = Receiver::start(&[
        "HTTP/1.1 503 Later\r\nretry-after: 600\r\ncontent-length: 0\r\n\r\n",
        OK,
    ]);
    let mut listen = Listen::start(&["--ack-always", "-f", &handler.url]);
    post(listen.port(), "/", "connection: close\r\n", &event("open"));
    while !listen.line().contains("503 in ") {}
    let begun = std::time::Instant::now();
    listen.interrupt();
    let ran = listen.finish();
    assert!(begun.elapsed() < Duration::from_secs(8), "{ran:#?}");
    handler.next();
    assert!(handler.all().is_empty(), "it is not asked again");
    assert_eq!(ran.status, 130);
    assert!(ran.stdout.contains("given up after"), "{}", ran.stdout);
}

#[test]
fn nothing_unverified_is_forwarded_where_a_signature_is_required() {
    let handler = Receiver::ok();
    let listen = Listen::start(&[
        "--count",
        "3",
        "-q",
        "--ack-always",
        "--require-signature",
        "-f",
        &handler.url,
    ]);
    for (request, status) in [
        (
            &b"HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"[..],
            "200",
        ),
        (
            b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
            "200",
        ),
        (
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
            "401",
        ),
    ] {
        let answer = raw(listen.port(), request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
    assert!(nothing_came(&handler));
    listen.finish();
}

#[test]
fn the_listener_does_not_forward_to_itself() {
    let port = Listen::start(&[]).port();
    for target in [
        format!(":{port}"),
        format!("http://localhost:{port}/x"),
        format!("https://127.0.0.1:{port}"),
    ] {
        let ran = run(&["listen", "--port", &port.to_string(), "-f", &target]);
        assert_eq!(ran.status, 2, "{ran:#?}");
        assert!(
            ran.stderr.contains("that is this listener itself"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn two_listeners_at_each_other_come_to_an_end() {
    let dir = tempfile::tempdir().unwrap();
    for ack in [&[][..], &["--ack-always"]] {
        let files = ["a", "b"].map(|name| dir.path().join(format!("{name}{}.ndjson", ack.len())));
        let ports = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = ports.map(|listener| listener.local_addr().unwrap().port());
        let both: Vec<Listen> = [(0, 1), (1, 0)]
            .map(|(own, other)| {
                let port = ports[own].to_string();
                let other = ports[other].to_string();
                let args = [
                    "--port",
                    &port,
                    "--json",
                    "--record",
                    text(&files[own]),
                    "-f",
                    &other,
                ];
                Listen::start(&[&args[..], ack].concat())
            })
            .into_iter()
            .collect();
        let answer = post(ports[0], "/", "connection: close\r\n", &event("open"));
        let wanted = if ack.is_empty() {
            "HTTP/1.1 508"
        } else {
            "HTTP/1.1 200"
        };
        assert!(answer.starts_with(wanted), "{answer}");
        let ran: Vec<Ran> = both
            .into_iter()
            .map(|listen| {
                // Whatever it still does is done when it has ended.
                std::thread::sleep(Duration::from_millis(100));
                listen.interrupt();
                listen.finish()
            })
            .collect();
        let came: Vec<usize> = ran
            .iter()
            .map(|ran| of_type(ran, "received").len())
            .collect();
        assert_eq!(came, [2, 1]);
        let kept = files.map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let is_delivery = |line: &&str| line.starts_with("{\"fixture\"");
            text.lines().filter(is_delivery).count()
        });
        assert_eq!(kept, [1, 1]);
        let refused = &of_type(&ran[0], "received")[1];
        assert!(
            [refused, &of_type(&ran[0], "received")[0]]
                .iter()
                .any(|line| line["reply"]["status"] == 508)
        );
    }
}

#[test]
fn a_failure_to_forward_is_told_on_the_line_with_its_reason() {
    let hangs = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hanging = format!("http://{}", hangs.local_addr().unwrap());
    for (target, status, reason) in [
        ("http://127.0.0.1:1", "502", "connection refused"),
        (&hanging, "504", "no response within 0.2 s"),
    ] {
        let listen = Listen::start(&["--count", "1", "-q", "--timeout", "200ms", "-f", target]);
        let answer = post(listen.port(), "/", "connection: close\r\n", b"{}");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        let ran = listen.finish();
        assert_eq!(ran.status, 4);
        let told = ran.stdout.lines().next().unwrap();
        let port = &target[target.rfind(':').unwrap()..];
        assert!(
            told.contains(&format!("  {status}  ")) && told.contains(&format!(" → {port}  ")),
            "{told}"
        );
        assert!(
            told.ends_with(&format!("  no response: {reason}")),
            "{told}"
        );
    }
}

#[test]
fn what_a_handler_rejects_is_counted_as_rejected_with_its_status() {
    let answers = [
        OK,
        "HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n",
        // It hangs up for good.
        "",
    ];
    for ack in [&[][..], &["--ack-always", "--retries", "0"]] {
        let handler = Receiver::start(&answers);
        let args = ["--count", "5", "-q", "-f", &handler.url];
        let listen = Listen::start(&[&args[..], ack].concat());
        for _ in 0..4 {
            post(listen.port(), "/", "connection: close\r\n", &event("open"));
            handler.next();
        }
        post(listen.port(), "/", "connection: close\r\n", &event("open"));
        let ran = listen.finish();
        let said = "  forwarded: 1 accepted (2xx), 3 rejected (404, 500 \u{d7} 2), 1 no response\n";
        assert!(ran.stdout.contains(said), "{}", ran.stdout);
        assert_eq!(ran.status, 4);
    }
    let handler = Receiver::start(&answers[1..2]);
    let listen = Listen::start(&["--count", "1", "-q", "-f", &handler.url]);
    post(listen.port(), "/", "connection: close\r\n", &event("open"));
    let ran = listen.finish();
    assert!(
        ran.stdout.contains("forwarded: 1 rejected (500)\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.status, 1);
}

#[test]
fn a_path_in_the_target_is_used_exactly_and_without_one_the_path_asked_for_is_kept() {
    for (path, asked, wanted) in [
        ("", "/hooks/a?x=1", "/hooks/a?x=1"),
        ("/", "/hooks/a/", "/hooks/a/"),
        ("/in", "/hooks/a?x=1", "/in?x=1"),
        ("/in/", "/hooks/a", "/in/"),
        ("/in?t=7", "/hooks/a?x=1", "/in?t=7&x=1"),
        ("/in/*", "/hooks/a?x=1", "/in/hooks/a?x=1"),
        ("/in/*", "/", "/in/"),
    ] {
        let handler = Receiver::ok();
        let target = format!("{}{path}", handler.url);
        let listen = Listen::start(&["--count", "1", "-q", "-f", &target]);
        post(listen.port(), asked, "connection: close\r\n", b"{}");
        assert_eq!(
            handler.next().line,
            format!("POST {wanted} HTTP/1.1"),
            "{path}"
        );
        listen.finish().success();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.json");
        let fixture =
            format!("{{\"fixture\":1,\"request\":{{\"path\":\"{asked}\",\"body\":{{}}}}}}");
        std::fs::write(&file, fixture).unwrap();
        run(&["replay", text(&file), "--to", &target]).success();
        assert_eq!(
            handler.next().line,
            format!("POST {wanted} HTTP/1.1"),
            "replay {path}"
        );
    }
}

#[test]
fn a_user_in_the_target_is_basic_authentication_and_printed_nowhere() {
    let handler = Receiver::ok();
    let target = handler.url.replace("http://", "http://me:hunter2@");
    let listen = Listen::start(&["--count", "1", "-v", "-f", &target]);
    post(
        listen.port(),
        "/",
        "authorization: Bearer theirs\r\nconnection: close\r\n",
        b"{}",
    );
    let got = handler.next();
    assert_eq!(got.header("authorization"), Some("Basic bWU6aHVudGVyMg=="));
    let mut ran = vec![listen.finish().success()];
    ran.push(run(&["send", "click", "--to", &target]).success());
    assert_eq!(
        handler.next().header("authorization"),
        Some("Basic bWU6aHVudGVyMg==")
    );
    for form in ["http", "curl", "har", "vegeta"] {
        ran.push(run(&["send", "click", "--to", &target, "--dry-run", "--as", form]).success());
    }
    // A header that is given outweighs it.
    let args = [
        "send",
        "click",
        "--to",
        &target,
        "-H",
        "Authorization: Bearer mine",
    ];
    ran.push(run(&args).success());
    assert_eq!(handler.next().header("authorization"), Some("Bearer mine"));
    ran.push(run(&[
        "listen",
        "--port",
        "0",
        "-f",
        "http://me:hunter2@:99999",
    ]));
    ran.push(run(&[
        "send",
        "click",
        "--to",
        "http://me:hunter2@127.0.0.1:1",
    ]));
    for Ran { stdout, stderr, .. } in ran {
        let all = stdout + &stderr;
        assert!(
            !all.contains("hunter2") && !all.contains("aHVudGVyMg"),
            "{all}"
        );
    }
}

#[test]
fn a_header_of_the_forwarded_request_is_added_or_overridden() {
    let handler = Receiver::ok();
    let listen = Listen::start(&[
        "--count",
        "1",
        "-q",
        "-f",
        &handler.url,
        "--forward-header",
        "Host: app.test",
        "--forward-header",
        "x-new: 1",
        "--forward-header",
        "user-agent: mine",
    ]);
    post(
        listen.port(),
        "/",
        "user-agent: theirs\r\nx-kept: 1\r\nconnection: close\r\n",
        b"{}",
    );
    let got = handler.next();
    for (name, value) in [
        ("host", "app.test"),
        ("x-new", "1"),
        ("user-agent", "mine"),
        ("x-kept", "1"),
    ] {
        let values: Vec<_> = got
            .headers
            .iter()
            .filter(|it| it.0.eq_ignore_ascii_case(name))
            .collect();
        assert_eq!(values.len(), 1, "{name}");
        assert_eq!(values[0].1, value);
    }
    listen.finish().success();
    let alone = run(&["listen", "--port", "0", "--forward-header", "x: 1"]);
    assert_eq!(alone.status, 2);
}

/// Names in their case, and repeated fields where they stood: what is forwarded, recorded and replayed.
#[test]
fn header_names_keep_their_case_and_repeated_fields_their_places() {
    let dir = tempfile::tempdir().unwrap();
    let fields =
        "X-B: 1\r\nx-a: 2\r\nX-Mixed-CASE: 3\r\nx-b: 4\r\nX-B: 5\r\nContent-Type: text/plain\r\n";
    let wanted = [
        "X-B: 1",
        "x-a: 2",
        "X-Mixed-CASE: 3",
        "x-b: 4",
        "X-B: 5",
        "Content-Type: text/plain",
    ];
    let own = ["host", "content-length", "via"];
    let got = |handler: &Receiver| -> (Vec<String>, Vec<u8>) {
        let request = handler.next();
        let fields = request.headers.iter();
        let fields = fields.filter(|(name, _)| !own.contains(&name.to_ascii_lowercase().as_str()));
        (
            fields
                .map(|(name, value)| format!("{name}: {value}"))
                .collect(),
            request.body,
        )
    };
    let (handler, other) = (Receiver::ok(), Receiver::ok());
    let file = dir.path().join("r.ndjson");
    let listen = Listen::start(&[
        "-q",
        "-f",
        &handler.url,
        "-f",
        &other.url,
        "--record",
        text(&file),
    ]);
    // Small ones leave in one write, behind a large one all of them over hyper; and requests that do not wait for answers.
    let bodies = [2, 300_000, 2, 300_000, 0].map(|size| vec![b'x'; size]);
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", listen.port())).unwrap();
    let mut all = Vec::new();
    for (number, body) in bodies.iter().enumerate() {
        use std::io::Write;
        write!(all, "POST / HTTP/1.1\r\nHost: h\r\n{fields}").unwrap();
        if number % 2 == 0 {
            write!(all, "content-length: {}\r\n\r\n", body.len()).unwrap();
            all.extend_from_slice(body);
        } else {
            write!(
                all,
                "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n",
                body.len()
            )
            .unwrap();
            all.extend_from_slice(body);
            all.extend_from_slice(b"\r\n0\r\n\r\n");
        }
    }
    let mut writer = stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &all));
    for body in &bodies {
        assert_eq!(
            got(&handler),
            (wanted.map(str::to_owned).to_vec(), body.clone())
        );
    }
    writing.join().unwrap().unwrap();
    let mut seen: Vec<_> = bodies.iter().map(|_| got(&other)).collect();
    assert!(
        seen.iter().all(|(fields, _)| fields == &wanted),
        "{seen:#?}"
    );
    seen.sort_by_key(|(_, body)| body.len());
    assert_eq!(seen[4].1.len(), 300_000);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let mut answers = Vec::new();
    while String::from_utf8_lossy(&answers)
        .matches("HTTP/1.1 200")
        .count()
        < 5
    {
        let mut block = [0; 4096];
        let read = std::io::Read::read(&mut stream, &mut block).unwrap();
        answers.extend_from_slice(&block[..read]);
    }
    listen.interrupt();
    assert_eq!(listen.finish().status, 130);
    let again = Receiver::ok();
    run(&["replay", text(&file), "--to", &again.url]).success();
    for body in &bodies {
        assert_eq!(
            got(&again),
            (wanted.map(str::to_owned).to_vec(), body.clone())
        );
    }
    let printed = run(&["replay", text(&file), "--dry-run", "--limit", "1"])
        .success()
        .stdout;
    assert!(
        printed.contains("\r\nX-Mixed-CASE: 3\r\nx-b: 4\r\nX-B: 5\r\n"),
        "{printed}"
    );
}
