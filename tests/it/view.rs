//! One-line view of `listen`: what it prints of a delivery with `--forward-to`, and with `--quiet`.

use std::io::Write;

use crate::harness::{Listen, Receiver, post, run, text};

const EVENT: &[u8] = br#"{"event":"bounce","timestamp":"2024-01-15T10:30:00Z","campaign_id":"c","email":"bob@example.com","reason":"550 no such user"}"#;

fn response(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n{fields}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Output for one bounce that is forwarded to a handler with this response.
fn forwarded(answer: &[u8], args: &[&str]) -> String {
    let handler = Receiver::start_bytes(&[answer]);
    let listen = Listen::start(&[&["-n", "1", "-f", &handler.url], args].concat());
    post(listen.port(), "/hooks", "connection: close\r\n", EVENT);
    listen.finish().stdout
}

/// Lines of a delivery, up to the summary.
fn of_delivery(told: &str) -> Vec<&str> {
    told.lines()
        .take_while(|line| !line.contains("1 delivery received"))
        .collect()
}

#[test]
fn with_a_handler_an_accepted_delivery_is_one_line_with_the_status_first() {
    let told = forwarded(&response("200 OK", "", b"fine"), &[]);
    let lines = of_delivery(&told);
    assert_eq!(lines.len(), 1, "{told}");
    let (_, line) = lines[0].split_once("  ").unwrap();
    assert!(
        line.starts_with("200  bounce     bob@example.com  generic   POST /hooks → :"),
        "{line}"
    );
}

#[test]
fn the_events_and_the_response_stand_below_a_delivery_that_the_handler_rejects() {
    let told = forwarded(
        &response("500 Oh", "", b"Traceback:\n  KeyError: 'sg_event_id'"),
        &[],
    );
    let lines = of_delivery(&told);
    assert!(lines[0].contains("  500  bounce  "), "{told}");
    assert!(lines[1].starts_with("  bounce  bob@example.com"), "{told}");
    assert_eq!(
        &lines[2..],
        ["  response:", "  Traceback:", "    KeyError: 'sg_event_id'",]
    );
}

#[test]
fn a_long_response_is_cut_and_its_length_said_and_a_compressed_one_is_inflated() {
    let long = "<p>error</p>\n".repeat(2000);
    let told = forwarded(&response("500 Oh", "", long.as_bytes()), &[]);
    assert!(
        told.contains("  … 26,000 bytes in all, 4,095 shown\n"),
        "{told}"
    );
    assert!(told.len() < 8000, "{}", told.len());

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"{\"error\":\"no such tenant\"}").unwrap();
    let fields = "content-encoding: gzip\r\ncontent-type: application/json\r\n";
    let told = forwarded(&response("404 No", fields, &gzip.finish().unwrap()), &[]);
    assert!(
        told.contains("\n    \"error\": \"no such tenant\"\n"),
        "{told}"
    );
}

#[test]
fn the_parts_that_are_chosen_are_shown_with_a_handler_too() {
    for args in [&["-v"][..], &["--show", "events,body"]] {
        let told = forwarded(&response("200 OK", "", b""), args);
        assert!(
            told.contains("  POST /hooks  generic  1 event  ")
                && told.contains("\"event\": \"bounce\""),
            "{told}"
        );
    }
}

#[test]
fn quietly_it_is_one_line_whatever_happens() {
    let told = forwarded(&response("500 Oh", "", b"long\nresponse"), &["-q"]);
    assert_eq!(of_delivery(&told).len(), 1, "{told}");

    for (args, said) in [
        (&["--require-signature"][..], "  rejected: "),
        (&["--fail-status", "503"], "  on purpose"),
        (&["--hang-up"], "  ---  bounce  "),
        (&["-f", "127.0.0.1:1"], "  no response: connection refused"),
    ] {
        let listen = Listen::start(&[&["-q", "-n", "1"], args].concat());
        post(listen.port(), "/hooks", "connection: close\r\n", EVENT);
        let told = listen.finish().stdout;
        let lines = of_delivery(&told);
        assert_eq!(lines.len(), 1, "{told}");
        assert!(lines[0].contains(said), "{told}");
    }
}

#[test]
fn the_line_of_a_recorded_delivery_is_the_one_that_log_prints() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["hooks.ndjson", "hooks"] {
        let path = dir.path().join(name);
        let handler = Receiver::start_bytes(&[
            &response("200 OK", "", b""),
            &response("500 Oh", "", b""),
            &response("200 OK", "", b""),
        ]);
        // A second listener goes on where the first has ended.
        for count in ["2", "1"] {
            let args = ["-q", "-n", count, "-r", text(&path), "-f", &handler.url];
            let listen = Listen::start(&args);
            for kind in ["bounce", "click"].iter().take(count.parse().unwrap()) {
                let to = listen.url.clone() + "/hooks";
                run(&[
                    "send",
                    kind,
                    "--provider",
                    "resend",
                    "--retries",
                    "0",
                    "--to",
                    &to,
                ]);
            }
            let told = listen.finish().stdout;
            let count = count.parse().unwrap();
            let shown: Vec<&str> = told.lines().take(count).collect();
            let logged = run(&["log", "-n", &count.to_string(), text(&path)]).success();
            let logged: Vec<&str> = logged.stdout.lines().collect();
            assert_eq!(shown, logged, "{name}");
            assert!(shown[0].contains(text(&path)), "{told}");
        }
    }
}

#[test]
fn a_json_line_has_the_address_by_which_the_delivery_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hooks.ndjson");
    for sync in ["always", "interval", "none"] {
        let args = ["--json", "-n", "3", "-r", text(&path), "--sync", sync];
        let listen = Listen::start(&args);
        run(&["send", "click", "open", "bounce", "--to", &listen.url]).success();
        let ran = listen.finish().success();
        for line in ran.lines().iter().filter(|it| it["type"] == "received") {
            let shown = run(&["show", line["address"].as_str().unwrap(), "--json"]).success();
            assert_eq!(shown.lines()[0]["id"], line["id"], "{sync}");
        }
    }
    let listen = Listen::start(&["--json", "-n", "1"]);
    run(&["send", "click", "--to", &listen.url]).success();
    let ran = listen.finish().success();
    assert!(ran.lines()[0].get("address").is_none());
}

#[test]
fn the_json_in_a_string_of_an_envelope_is_shown_decoded_and_its_bytes_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hooks.ndjson");
    let listen = Listen::start(&["-n", "1", "-r", text(&path)]);
    run(&["send", "bounce", "--provider", "ses", "--to", &listen.url]).success();
    let told = listen.finish().stdout;
    let address = format!("{}:1", text(&path));
    let shown = run(&["show", &address]).success().stdout;
    for shown in [told, shown] {
        assert!(
            shown.contains("\n    \"Message\": (JSON in a string)\n      {\n"),
            "{shown}"
        );
        assert!(shown.contains("\n        \"bounce\": {\n"), "{shown}");
    }
    let body = run(&["show", &address, "--body"]).success().stdout;
    assert!(body.contains(r#"\"bounce\":"#), "{body}");
}
