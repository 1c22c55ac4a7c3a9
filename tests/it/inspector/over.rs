//! Over recordings: `ui`, and `listen --ui` with a recording that is there already.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::inspector::Inspected;
use crate::harness::{Listen, Receiver, run, webhook_cli};

const FAILED: &str = "HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\noops";

/// Records events with their recipients, passed on to a handler that fails the first.
fn record(path: &Path, recipients: &[&str]) {
    let handler = Receiver::start(&[FAILED, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"]);
    let count = recipients.len().to_string();
    let args = [
        "-r",
        path.to_str().unwrap(),
        "-f",
        &handler.url,
        "-n",
        &count,
    ];
    let listen = Listen::start(&args);
    for recipient in recipients {
        run(&[
            "send",
            "bounce",
            "--provider",
            "sendgrid",
            "--to",
            &listen.url,
            "--recipient",
            recipient,
        ]);
    }
    listen.finish();
}

/// Asks until the response is as it is wanted: recordings are read in the background.
#[track_caller]
fn until(inspected: &Inspected, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let value = inspected.json(path);
        if wanted(&value) {
            return value;
        }
        assert!(Instant::now() < deadline, "{path}: {value}");
    }
}

fn has(count: usize) -> impl Fn(&Value) -> bool {
    move |value| value["matched"] == count
}

#[test]
fn a_recording_is_shown_with_the_responses_of_its_handlers() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    record(&file, &["ada@example.com", "bob@example.com"]);
    let inspected = Inspected::over(&[file.to_str().unwrap()]);
    let rows = until(&inspected, "/deliveries", has(2));
    let rows = until(&inspected, "/deliveries", |rows| {
        rows["items"][1]["status"] == 200 || rows == &Value::Null
    })
    .as_object()
    .map_or(rows, |it| Value::Object(it.clone()));
    let first = &rows["items"][0];
    assert_eq!(
        (&first["status"], &first["handler"]["status"]),
        (&json!(500), &json!(500))
    );
    assert_eq!(first["address"], format!("{}:1", file.display()));
    assert_eq!(first["recipients"], json!(["ada@example.com"]));
    assert_eq!(first["verdict"], "verified (test key)");
    let id = first["id"].as_str().unwrap();
    let shown = inspected.json(&format!("/deliveries/{id}"));
    assert_eq!(
        (
            &shown["forwarded"][0]["status"],
            &shown["forwarded"][0]["text"]
        ),
        (&json!(500), &json!("oops"))
    );
    for (query, wanted) in [
        ("q=recipient:bob@", 1),
        ("q=bob@example.com", 1),
        ("status=5xx", 1),
        ("failed=true", 1),
        ("verdict=test-key", 2),
        ("verdict=refused", 0),
        ("q=nowhere", 0),
        ("path=/*", 2),
    ] {
        let rows = inspected.json(&format!("/deliveries?{query}"));
        assert_eq!(rows["matched"], wanted, "{query}");
    }
    let stats = inspected.json("/stats");
    assert_eq!(stats["all"]["count"], 2);
}

#[test]
fn a_recording_that_grows_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let (file, other) = (dir.path().join("r.ndjson"), dir.path().join("other.ndjson"));
    record(&file, &["ada@example.com"]);
    record(&other, &["bob@example.com"]);
    let inspected = Inspected::over(&[file.to_str().unwrap()]);
    until(&inspected, "/deliveries", has(1));
    until(&inspected, "/session", |session| {
        session["reading"] == false
    });
    let mut events = inspected.stream("", &[]);
    let more = std::fs::read(&other).unwrap();
    let mut open = OpenOptions::new().append(true).open(&file).unwrap();
    // A line in two pieces is one delivery.
    open.write_all(&more[..100]).unwrap();
    open.write_all(&more[100..]).unwrap();
    assert_eq!(events.json()["recipients"], json!(["bob@example.com"]));
    let found = inspected.json("/wait?recipient=bob@example.com&for=30s");
    assert_eq!(found["matched"], 1);
    until(&inspected, "/deliveries?failed=true", has(2));
}

#[test]
fn a_recording_that_is_cut_or_damaged_is_a_problem_and_no_wrong_delivery() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    record(&file, &["ada@example.com", "bob@example.com"]);
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.insert_str(0, "{\"fixture\":1,\"request\":{}}\n");
    std::fs::write(&file, &text).unwrap();
    let inspected = Inspected::over(&[file.to_str().unwrap()]);
    let rows = until(&inspected, "/deliveries", has(2));
    let problems = until(&inspected, "/session", |session| {
        session["reading"] == false
    })["problems"]
        .clone();
    assert!(
        problems[0].as_str().unwrap().contains("r.ndjson:1:"),
        "{problems}"
    );
    let id = rows["items"][1]["id"].as_str().unwrap().to_owned();
    std::fs::write(&file, text.replace("bob@example.com", "eve@example.com")).unwrap();
    let reply = inspected.get(&format!("/api/v1/deliveries/{id}"));
    assert_eq!(reply.status, 410, "its checksum is wrong: {}", reply.text());
    assert_eq!(
        inspected.json("/deliveries?q=eve@example.com")["matched"],
        0
    );
    std::fs::write(&file, &text[..40]).unwrap();
    let session = until(&inspected, "/session", |session| {
        session["problems"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it.as_str().unwrap().contains("cut"))
    });
    assert!(session.to_string().contains("may be gone"));
    let rows = inspected.json("/deliveries");
    assert!(
        rows["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["gone"] == true),
        "{rows}"
    );
    assert_eq!(
        inspected.get(&format!("/api/v1/deliveries/{id}")).status,
        410
    );
}

#[test]
fn fixtures_folders_and_har_files_are_shown_too() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("folder");
    run(&[
        "send",
        "bounce",
        "open",
        "--provider",
        "resend",
        "--dry-run",
        "-q",
        "--save",
        folder.to_str().unwrap(),
    ]);
    let har = dir.path().join("x.har");
    let printed = run(&[
        "send",
        "click",
        "--provider",
        "postmark",
        "--dry-run",
        "--as",
        "har",
    ]);
    std::fs::write(&har, printed.stdout).unwrap();
    let plain = dir.path().join("plain.json");
    std::fs::write(&plain, "{\"a\":1}").unwrap();
    let sources = [&folder, &har, &plain].map(|path| path.to_str().unwrap());
    let inspected = Inspected::over(&sources);
    let rows = inspected.json("/deliveries");
    let kinds: Vec<&Value> = rows["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["kinds"])
        .collect();
    assert_eq!(
        kinds,
        [
            &json!(["bounce"]),
            &json!(["open"]),
            &json!(["click"]),
            &json!([])
        ]
    );
    let id = rows["items"][3]["id"].as_str().unwrap();
    assert_eq!(id, plain.to_str().unwrap(), "its address is its id");
    let encoded = id.replace('/', "%2F");
    let received = inspected.json(&format!("/deliveries/{encoded}"));
    assert_eq!(received["body"], json!({"a": 1}));
    assert_eq!(received["reply"], json!(null), "none was recorded");
    let reply = inspected.get("/api/v1/faults");
    assert_eq!(reply.status, 409, "nothing is listened to");
}

#[test]
fn a_listener_shows_what_its_recording_holds_already_and_reads_back_what_left_the_memory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    record(&file, &["old@example.com"]);
    let inspected = Inspected::listen(&["--record", file.to_str().unwrap(), "--keep", "2"]);
    for at in 0..5 {
        inspected.event("open", "resend", &format!("r{at}@example.com"));
    }
    let rows = until(&inspected, "/deliveries", has(6));
    let rows = match rows["items"]
        .as_array()
        .unwrap()
        .iter()
        .any(|row| row["gone"] == true)
    {
        // The places of the latest lines are noted in the background.
        true => until(&inspected, "/deliveries", |rows| {
            rows["items"]
                .as_array()
                .unwrap()
                .iter()
                .all(|row| row["gone"].is_null())
        }),
        false => rows,
    };
    let recipients: Vec<&str> = rows["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["recipients"][0].as_str().unwrap())
        .collect();
    let wanted = ["old", "r0", "r1", "r2", "r3", "r4"].map(|it| format!("{it}@example.com"));
    assert_eq!(recipients, wanted);
    let addresses: Vec<&str> = rows["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["address"].as_str().unwrap())
        .collect();
    let line = |line: usize| format!("{}:{line}", file.display());
    assert_eq!(addresses, [1, 3, 4, 5, 6, 7].map(line));
    assert_eq!(inspected.json("/session")["kept"]["where"], "recording");
}

#[test]
fn a_listener_that_records_into_a_folder_reads_back_from_its_files_what_left_the_memory() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("kept");
    let first = Inspected::listen(&["--record", folder.to_str().unwrap()]);
    first.event("bounce", "resend", "old@example.com");
    drop(first);
    std::fs::write(folder.join("mine.json"), "{\"a\":1}").unwrap();
    let inspected = Inspected::listen(&["--record", folder.to_str().unwrap(), "--keep", "1"]);
    for at in 0..3 {
        inspected.event("open", "resend", &format!("r{at}@example.com"));
    }
    let rows = until(&inspected, "/deliveries", has(4));
    let rows = rows["items"].as_array().unwrap();
    for (row, recipient) in rows.iter().zip(["old", "r0", "r1", "r2"]) {
        let (id, recipient) = (
            row["id"].as_str().unwrap(),
            format!("{recipient}@example.com"),
        );
        assert_eq!(row["recipients"], json!([recipient]), "{row}");
        assert_eq!((&row["status"], row["gone"].is_null()), (&json!(200), true));
        let address = row["address"].as_str().unwrap();
        assert!(address.starts_with(folder.to_str().unwrap()) && address.contains(id));
        let received = inspected.json(&format!("/deliveries/{id}"));
        assert_eq!(received["address"], row["address"]);
        assert_eq!(received["events"][0]["recipient"], json!(recipient));
        let found = inspected.json(&format!("/deliveries?recipient={recipient}"));
        assert_eq!(found["items"][0]["id"], json!(id));
    }
    std::fs::remove_file(rows[1]["address"].as_str().unwrap()).unwrap();
    let rows = inspected.json("/deliveries");
    assert_eq!(
        rows["items"][1]["gone"],
        json!(true),
        "its file was taken away"
    );
    assert_eq!(
        inspected
            .get(&format!(
                "/api/v1/deliveries/{}",
                rows["items"][1]["id"].as_str().unwrap()
            ))
            .status,
        410
    );
}

#[test]
fn a_source_that_is_not_there_is_an_error_at_once() {
    let output = webhook_cli()
        .args(["ui", "no-such.ndjson", "--addr", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert!(matches!(output.status.code(), Some(2 | 3)), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no-such.ndjson"), "{said}");
    let output = webhook_cli().args(["ui"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
