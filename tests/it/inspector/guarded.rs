//! Guard: hosts, origins, media types, sizes, the key, and what the listener's own port has nothing of.

use std::io::{Read, Write};

use serde_json::Value;

use crate::harness::inspector::{Inspected, Reply};
use crate::harness::{post, raw, webhook_cli};

const FIELDS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

#[track_caller]
fn is_safe(reply: &Reply) {
    for (name, value) in FIELDS {
        assert_eq!(reply.field(name).as_deref(), Some(value), "{}", reply.head);
    }
    for name in [
        "set-cookie",
        "access-control-allow-origin",
        "access-control-allow-methods",
        "etag",
    ] {
        assert_eq!(reply.field(name), None, "{}", reply.head);
    }
}

#[test]
fn every_response_has_the_fields_that_keep_other_pages_out() {
    let inspected = Inspected::listen(&[]);
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/api/v1/health"),
        ("GET", "/api/v1/nothing"),
        ("PATCH", "/api/v1/health"),
        ("OPTIONS", "/api/v1/deliveries"),
        ("POST", "/api/v1/send"),
        ("GET", "/style.css"),
        ("GET", "/nothing"),
    ] {
        is_safe(&inspected.ask(method, path, &[], b""));
    }
    is_safe(&inspected.ask("GET", "/", &["host: evil.example"], b""));
}

#[test]
fn only_the_names_of_this_machine_are_taken_with_their_port() {
    let inspected = Inspected::listen(&["--ui-host", "inspector.test"]);
    let port = inspected.port;
    let other = port ^ 1;
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("LOCALHOST:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        (format!("inspector.test:{port}"), 200),
        ("inspector.test".into(), 421),
        ("127.0.0.1".into(), 421),
        ("localhost".into(), 421),
        (format!("localhost:{other}"), 421),
        (format!("127.1:{port}"), 421),
        (format!("localhost.:{port}"), 421),
        (format!("[::ffff:127.0.0.1]:{port}"), 421),
        (format!("evil.example:{port}"), 421),
        ("evil.example".into(), 421),
        (format!("0.0.0.0:{port}"), 421),
    ] {
        let reply = inspected.ask("GET", "/api/v1/health", &[&format!("host: {host}")], b"");
        assert_eq!(reply.status, status, "{host}");
        let page = inspected.ask("GET", "/", &[&format!("host: {host}")], b"");
        assert_eq!(page.status, status, "{host}");
    }
    let twice =
        format!("GET / HTTP/1.1\r\nhost: localhost:{port}\r\nhost: localhost:{port}\r\n\r\n");
    assert_eq!(inspected.send(twice.as_bytes()).status, 400);
    assert_eq!(
        inspected
            .send(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
            .status,
        400
    );
    // The authority of the request line decides.
    for (authority, status) in [
        (format!("localhost:{port}"), 200),
        (format!("evil.example:{port}"), 421),
    ] {
        let absolute = format!(
            "GET http://{authority}/api/v1/health HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n"
        );
        assert_eq!(
            inspected.send(absolute.as_bytes()).status,
            status,
            "{authority}"
        );
    }
    let reply = inspected.ask("GET", "/", &["host: evil\u{7f}.example"], b"");
    assert!(matches!(reply.status, 400 | 421));
}

#[test]
fn only_our_own_page_asks_from_within_a_browser() {
    let inspected = Inspected::listen(&[]);
    let own = format!("origin: http://127.0.0.1:{}", inspected.port);
    let other = format!("origin: http://127.0.0.1:{}", inspected.port ^ 1);
    let page = "/";
    let api = "/api/v1/deliveries";
    let navigates = ["sec-fetch-mode: navigate", "sec-fetch-dest: document"];
    let framed = ["sec-fetch-mode: navigate", "sec-fetch-dest: iframe"];
    for (method, path, fields, status) in [
        ("GET", api, vec![], 200),
        ("GET", api, vec!["sec-fetch-site: same-origin"], 200),
        ("GET", api, vec!["sec-fetch-site: none"], 200),
        ("GET", api, vec!["sec-fetch-site: cross-site"], 403),
        ("GET", api, vec!["sec-fetch-site: same-site"], 403),
        ("GET", api, vec!["sec-fetch-site: else"], 403),
        ("GET", api, vec![own.as_str()], 200),
        ("GET", api, vec![other.as_str()], 403),
        ("GET", api, vec!["origin: null"], 403),
        ("GET", api, vec!["origin: http://evil.example"], 403),
        (
            "GET",
            page,
            [&["sec-fetch-site: cross-site"], &navigates[..]].concat(),
            200,
        ),
        (
            "GET",
            page,
            [&["sec-fetch-site: cross-site"], &framed[..]].concat(),
            403,
        ),
        (
            "GET",
            page,
            vec!["sec-fetch-site: cross-site", "sec-fetch-mode: no-cors"],
            403,
        ),
        ("POST", page, vec!["sec-fetch-site: cross-site"], 403),
        ("GET", "/style.css", vec!["sec-fetch-site: cross-site"], 403),
        ("DELETE", api, vec!["sec-fetch-site: cross-site"], 403),
        ("DELETE", api, vec![other.as_str()], 403),
        (
            "PUT",
            "/api/v1/faults",
            vec![other.as_str(), "content-type: application/json"],
            403,
        ),
    ] {
        let reply = inspected.ask(method, path, &fields, b"");
        assert_eq!(
            reply.status,
            status,
            "{method} {path} {fields:?}: {}",
            reply.text()
        );
    }
}

#[test]
fn what_changes_something_takes_json_alone() {
    let inspected = Inspected::listen(&[]);
    for (kind, status) in [
        ("content-type: text/plain", 415),
        ("content-type: application/x-www-form-urlencoded", 415),
        ("content-type: application/jsonp", 415),
        ("accept: x", 415),
        ("content-type: application/json; charset=utf-8", 200),
        ("content-type: APPLICATION/JSON", 200),
    ] {
        let body = b"{\"kinds\":[\"open\"],\"dry_run\":true}";
        let reply = inspected.ask("POST", "/api/v1/send", &[kind], body);
        assert_eq!(reply.status, status, "{kind}: {}", reply.text());
    }
    let large = vec![b' '; (1 << 20) + 1];
    let kind = ["content-type: application/json"];
    assert_eq!(
        inspected.ask("POST", "/api/v1/send", &kind, &large).status,
        413
    );
    let chunked = format!(
        "POST /api/v1/send HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n{:x}\r\n",
        inspected.port,
        large.len()
    );
    let reply = inspected.send(&[chunked.as_bytes(), &large, b"\r\n0\r\n\r\n"].concat());
    assert_eq!(reply.status, 413);
    for body in ["{", "{\"a\":1,\"a\":2}", "{} {}", "[]", "NaN", "\u{feff}{}"] {
        let reply = inspected.post("/send", body);
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
    }
}

#[test]
fn a_long_head_and_too_many_connections_are_turned_away() {
    let inspected = Inspected::listen(&[]);
    let long = format!("x-long: {}", "a".repeat(17 << 10));
    let reply = inspected.ask("GET", "/api/v1/health", &[&long], b"");
    assert_eq!(reply.status, 431, "{}", reply.head);
    let idle: Vec<_> = (0..256).map(|_| inspected.connect()).collect();
    let mut last = inspected.connect();
    let mut answer = String::new();
    last.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("too_many_connections"), "{answer}");
    drop(idle);
}

#[test]
fn with_a_key_the_api_takes_nobody_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    std::fs::write(&file, "correct-horse\n").unwrap();
    let spec = format!("file:{}", file.display());
    let inspected = Inspected::listen(&["--ui-key", &spec]);
    let ask = |fields: &[&str]| inspected.ask("GET", "/api/v1/health", fields, b"").status;
    assert_eq!(ask(&["authorization: Bearer correct-horse"]), 200);
    assert_eq!(ask(&["authorization: bearer correct-horse"]), 200);
    assert_eq!(
        inspected.get("/").status,
        200,
        "the page's own files are for all"
    );
    let begun = std::time::Instant::now();
    for fields in [
        &["authorization: Bearer wrong"][..],
        &["authorization: Basic Y29ycmVjdC1ob3JzZQ=="],
        &["authorization: correct-horse"],
        &["x: y"],
        &[
            "authorization: Bearer correct-horse",
            "authorization: Bearer wrong",
        ],
    ] {
        assert_eq!(ask(fields), 401, "{fields:?}");
    }
    assert_eq!(
        inspected.get("/api/v1/health?key=correct-horse").status,
        401
    );
    assert!(begun.elapsed().as_millis() > 500, "guessing is slow");
    assert_eq!(ask(&["authorization: Bearer correct-horse"]), 200);
}

#[test]
fn an_address_that_others_can_reach_needs_a_key() {
    let run = |args: &[&str]| {
        let output = webhook_cli()
            .args(args)
            .env("UI_KEY", "k3y")
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (status, said) = run(&["listen", "-p0", "--ui=0.0.0.0:0"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("--ui-key env:NAME"), "{said}");
    let (status, said) = run(&["listen", "-p0", "--ui", "--ui-key", "k3y"]);
    assert!(status == Some(2) && !said.contains("k3y"), "{said}");
    let (status, said) = run(&["listen", "-p0", "--ui", "--ui-key", "env:NO_SUCH_KEY"]);
    assert!(status == Some(2) && said.contains("NO_SUCH_KEY"), "{said}");
}

#[test]
fn the_inspector_is_not_on_the_listeners_port() {
    let inspected = Inspected::listen(&[]);
    for path in ["/api/v1/health", "/api/v1/deliveries", "/style.css"] {
        let response = post(inspected.process.port(), path, "", b"{}");
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
        assert!(!response.contains("content-security-policy"), "{response}");
    }
    assert_eq!(
        inspected.json("/deliveries")["matched"],
        3,
        "they are deliveries like any other"
    );
}

#[test]
fn a_port_that_is_taken_gives_way_to_the_next() {
    let first = Inspected::listen(&[]);
    let address = format!("127.0.0.1:{}", first.port);
    let mut second = crate::harness::Listen::start(&[&format!("--ui={address}")]);
    let line = second.line();
    assert!(line.starts_with("inspector on http://127.0.0.1:"), "{line}");
    assert!(!line.contains(&address), "{line}");
    assert!(second.said_on("taken").contains(&address));
}

#[test]
fn the_address_is_an_object_of_its_own_with_json() {
    let mut listen = crate::harness::Listen::start(&["--ui=127.0.0.1:0", "--json"]);
    let line: Value = serde_json::from_str(&listen.line()).unwrap();
    assert_eq!(line["type"], "inspector");
    assert!(
        line["url"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:"),
        "{line}"
    );
    listen.interrupt();
    assert_eq!(listen.finish().status, 130);
}

#[test]
fn requests_that_are_no_http_do_not_harm() {
    let inspected = Inspected::listen(&[]);
    for bytes in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let mut stream = inspected.connect();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    assert_eq!(inspected.get("/api/v1/health").status, 200);
    assert!(raw(inspected.port, b"").is_empty());
}
