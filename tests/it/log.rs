//! Addresses, selection, `log` and `show`.

use std::fs;
use std::path::Path;

use crate::harness::{Ran, run, text, webhook_cli};

/// Line of a recording: a generic event.
fn line(id: &str, kind: &str, recipient: &str, reply: &str) -> String {
    let second = id.bytes().map(usize::from).sum::<usize>() % 60;
    format!(
        "{{\"fixture\":1,\"id\":\"{id}\",\"at\":\"2026-11-23T19:20:{second:02}Z\",\"request\":{{\"method\":\"POST\",\
         \"path\":\"/hooks/{kind}\",\"headers\":[[\"content-type\",\"application/json\"]],\"body\":\
         {{\"event\":\"{kind}\",\"timestamp\":\"2026-11-23T19:20:00Z\",\"email\":\"{recipient}\",\
         \"campaign_id\":\"camp_1\"}}}}{reply}}}\n"
    )
}

/// Folder with `hooks.ndjson`: five deliveries with a blank line and a response between them, and a torn line.
fn recording() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let reply = |status| format!(",\"reply\":{{\"status\":{status},\"micros\":5120}}");
    let text = [
        line("01AAAA1", "delivered", "ada@example.com", &reply(200)),
        line("01AAAA2", "bounce", "bob@example.com", &reply(500)),
        "\n".to_owned(),
        line("01BBBB3", "open", "ada@example.com", ""),
        "{\"answer\":1,\"to\":\"01AAAA2\",\"target\":\"http://127.0.0.1:3000/\",\"status\":500,\"micros\":5120}\n"
            .to_owned(),
        line("01BBBB34", "click", "ada@example.com", &reply(204)),
        line("01CCCC5", "bounce", "eve@example.com", &reply(404)),
        "{\"fixture\":1,\"requ".to_owned(),
    ];
    fs::write(dir.path().join("hooks.ndjson"), text.concat()).unwrap();
    dir
}

fn cli(dir: &Path, args: &[&str]) -> Ran {
    Ran::of(webhook_cli().args(args).current_dir(dir).output().unwrap())
}

/// Addresses of what `verify` reads from a source.
fn read(dir: &Path, source: &str) -> Vec<String> {
    let ran = cli(dir, &["verify", source, "--json"]);
    let lines = ran.lines();
    let source = |line: &serde_json::Value| line["source"].as_str().unwrap().to_owned();
    lines.iter().map(source).collect()
}

#[test]
fn an_address_names_deliveries_by_line_from_the_end_by_range_and_by_id() {
    let dir = recording();
    for (address, lines) in [
        ("1", vec![1]),
        ("7", vec![7]),
        ("-1", vec![7]),
        ("-2", vec![6]),
        ("-5", vec![1]),
        ("2-5", vec![2, 4]),
        ("7-7", vec![7]),
        ("01AAAA1", vec![1]),
        ("01CCCC", vec![7]),
        // An id that is whole wins over a longer one.
        ("01BBBB3", vec![4]),
        ("01BBBB34", vec![6]),
    ] {
        let wanted: Vec<String> = lines
            .iter()
            .map(|it| format!("hooks.ndjson:{it}"))
            .collect();
        assert_eq!(
            read(dir.path(), &format!("hooks.ndjson:{address}")),
            wanted,
            "{address}"
        );
    }
}

#[test]
fn an_address_that_names_nothing_or_several_says_what_is_there() {
    let dir = recording();
    for (address, code, words) in [
        (
            "9",
            3,
            "`hooks.ndjson` has 5 deliveries, the last of them in line 7",
        ),
        ("6-12", 3, "`hooks.ndjson` has 5 deliveries"),
        ("-6", 3, "`hooks.ndjson` has 5 deliveries"),
        ("3", 3, "line 3 of `hooks.ndjson` is blank"),
        (
            "5",
            3,
            "is a recorded response\n hint: its delivery is `hooks.ndjson:01AAAA2`",
        ),
        ("8", 3, "line 8 of `hooks.ndjson` is unfinished"),
        (
            "01AAAA",
            3,
            "`hooks.ndjson:1` (01AAAA1), `hooks.ndjson:2` (01AAAA2)",
        ),
        (
            "01DDDD",
            3,
            "no delivery of `hooks.ndjson` has the id `01DDDD`",
        ),
        ("01AAA", 2, "has at least 6 characters"),
        ("7-3", 2, "the range ends before it begins"),
        ("0", 2, "counted from 1"),
    ] {
        let ran = cli(
            dir.path(),
            &["replay", &format!("hooks.ndjson:{address}"), "--dry-run"],
        );
        assert_eq!(ran.status, code, "{address}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{address}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{address}: {}", ran.stdout);
    }
    for odd in [
        "no.ndjson:12",
        "localhost:3000",
        "http://localhost:3000",
        r"C:\hooks.ndjson",
    ] {
        let ran = cli(dir.path(), &["replay", odd, "--dry-run"]);
        assert_eq!(ran.status, 3);
        assert!(
            ran.stderr.contains(&format!("`{odd}` does not exist")),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_file_under_the_whole_name_wins_over_an_address() {
    let dir = recording();
    fs::write(
        dir.path().join("hooks.ndjson:1"),
        line("01OTHER", "open", "x@example.com", ""),
    )
    .unwrap();
    let ran = cli(dir.path(), &["verify", "hooks.ndjson:1", "--json"]);
    assert_eq!(ran.lines()[0]["id"], "01OTHER");
    assert_eq!(read(dir.path(), "hooks.ndjson:2"), ["hooks.ndjson:2"]);
}

#[test]
fn folders_har_files_fixtures_gzipped_recordings_and_stdin_have_addresses_too() {
    let dir = recording();
    let folder = dir.path().join("f");
    fs::create_dir(&folder).unwrap();
    for (name, id) in [("a", "01FFFF1"), ("b", "01FFFF2"), ("c", "01GGGG3")] {
        fs::write(
            folder.join(format!("{name}.json")),
            line(id, "open", "a@example.com", "").replace("\"request\"", "\n\"request\""),
        )
        .unwrap();
    }
    let entry = |n| {
        format!(
            "{{\"request\":{{\"method\":\"POST\",\"url\":\"http://h/{n}\",\"postData\":{{\"text\":\"{{}}\"}}}}}}"
        )
    };
    let har = format!("{{\"log\":{{\"entries\":[{},{}]}}}}", entry(1), entry(2));
    fs::write(dir.path().join("a.har"), har).unwrap();
    let plain = fs::read(dir.path().join("hooks.ndjson")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(
        fs::File::create(dir.path().join("h.ndjson.gz")).unwrap(),
        flate2::Compression::fast(),
    );
    std::io::Write::write_all(&mut gzip, &plain).unwrap();
    gzip.finish().unwrap();
    for (source, found) in [
        ("f:01GGGG", vec!["f/c.json"]),
        ("f:01FFFF2", vec!["f/b.json"]),
        ("f:-1", vec!["f/c.json"]),
        ("f:2-3", vec!["f/b.json", "f/c.json"]),
        ("f/a.json:1", vec!["f/a.json"]),
        ("f/a.json:-1", vec!["f/a.json"]),
        ("f/a.json:01FFFF", vec!["f/a.json"]),
        ("a.har:2", vec!["a.har:2"]),
        ("a.har:-2", vec!["a.har:1"]),
        ("h.ndjson.gz:7", vec!["h.ndjson.gz:7"]),
        ("h.ndjson.gz:-1", vec!["h.ndjson.gz:7"]),
        ("h.ndjson.gz:01BBBB34", vec!["h.ndjson.gz:6"]),
    ] {
        assert_eq!(read(dir.path(), source), found, "{source}");
    }
    for (source, words) in [
        ("f:01FFFF", "`f/a.json` (01FFFF1), `f/b.json` (01FFFF2)"),
        ("f:4", "`f` has 3 deliveries"),
        ("f/a.json:2", "has 1 delivery"),
        ("a.har:3", "has 2 deliveries"),
        ("stdin:-1", "only lines of it can be named"),
    ] {
        let ran = cli(dir.path(), &["verify", source]);
        assert!(ran.stderr.contains(words), "{source}: {}", ran.stderr);
    }
    for (address, id) in [("stdin:2", Some("01AAAA2")), ("stdin:90", None)] {
        let script = format!(
            "{} verify {address} --json < hooks.ndjson",
            env!("CARGO_BIN_EXE_webhook-cli")
        );
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .current_dir(dir.path())
            .output();
        let ran = Ran::of(output.unwrap());
        match id {
            Some(id) => assert_eq!(ran.lines()[0]["id"], id),
            None => assert!(
                ran.stderr.contains("no delivery is there"),
                "{}",
                ran.stderr
            ),
        }
    }
}

#[test]
fn every_command_selects_by_the_same_flags() {
    let dir = recording();
    for (flags, lines) in [
        ("--events bounce", vec![2, 7]),
        ("--recipient ADA@example.com", vec![1, 4, 6]),
        ("--status 5xx", vec![2]),
        ("--status 404,none", vec![4, 7]),
        ("--failed", vec![2, 4, 7]),
        ("--grep eve@", vec![7]),
        ("--grep ada@example.com --events click", vec![6]),
        ("--verdict unsigned --last 2", vec![6, 7]),
        ("--last 2 --events bounce,open", vec![4, 7]),
        ("--last 3 --limit 1", vec![4]),
        ("--skip 1 --limit 2", vec![2, 4]),
    ] {
        let flags: Vec<&str> = flags.split(' ').collect();
        let wanted: Vec<String> = lines
            .iter()
            .map(|it| format!("hooks.ndjson:{it}"))
            .collect();
        let ran = cli(
            dir.path(),
            &[&["verify", "hooks.ndjson", "--json"], &flags[..]].concat(),
        );
        let found: Vec<String> = ran
            .lines()
            .iter()
            .map(|line| line["source"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(found, wanted, "{flags:?} {}", ran.stderr);
        let ran = cli(
            dir.path(),
            &[
                &["replay", "hooks.ndjson", "--dry-run", "--as", "json"],
                &flags[..],
            ]
            .concat(),
        );
        assert_eq!(
            ran.stdout.lines().count(),
            wanted.len(),
            "{flags:?} {}",
            ran.stderr
        );
    }
    let ran = cli(dir.path(), &["verify", "hooks.ndjson", "--grep", "nowhere"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("5 deliveries read, and none matches"),
        "{}",
        ran.stderr
    );
    let ran = run(&[
        "verify",
        text(&dir.path().join("hooks.ndjson")),
        "--verdict",
        "good",
    ]);
    assert!(
        ran.status == 2 && ran.stderr.contains("the verdicts are"),
        "{}",
        ran.stderr
    );
}

#[test]
fn log_prints_a_line_a_delivery_with_the_status_first_and_its_address() {
    let dir = recording();
    let ran = Ran::of(
        webhook_cli()
            .args(["log", "hooks.ndjson"])
            .env("TZ", "UTC")
            .current_dir(dir.path())
            .output()
            .unwrap(),
    );
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{ran:?}");
    assert!(lines[1].starts_with("19:20:"), "{lines:?}");
    assert_eq!(
        lines[1][8..],
        *"  500  bounce     bob@example.com  generic   POST /hooks/bounce → :3000  5.1 ms  hooks.ndjson:2  unsigned"
    );
    assert!(lines[2].contains("  ---  open "), "{lines:?}");
    assert!(lines[2].ends_with("hooks.ndjson:4  unsigned"), "{lines:?}");
    assert!(
        ran.stderr
            .contains("hooks.ndjson:8: the last line is unfinished"),
        "{}",
        ran.stderr
    );
    // An address that is printed can be typed.
    let shown = cli(dir.path(), &["log", "hooks.ndjson:4"]);
    assert!(
        shown.stdout.contains("hooks.ndjson:4  unsigned"),
        "{shown:?}"
    );
}

#[test]
fn log_as_json_has_the_members_of_received_but_the_body_and_the_recorded_response() {
    let dir = recording();
    let answer = "{\"answer\":1,\"to\":\"01BBBB3\",\"at\":\"2026-11-23T19:21:00Z\",\"target\":\"http://127.0.0.1:3000/\",\
        \"attempt\":2,\"outcome\":\"answered\",\"status\":503,\"headers\":[],\"text\":\"down\",\"micros\":7000}\n";
    let mut text = fs::read_to_string(dir.path().join("hooks.ndjson")).unwrap();
    text.truncate(text.len() - "{\"fixture\":1,\"requ".len());
    fs::write(dir.path().join("hooks.ndjson"), text + answer).unwrap();
    let lines = cli(dir.path(), &["log", "hooks.ndjson", "--json"])
        .success()
        .lines();
    assert_eq!(lines.len(), 5);
    let one = &lines[2];
    for (member, value) in [
        ("type", serde_json::json!("delivery")),
        ("address", serde_json::json!("hooks.ndjson:4")),
        ("id", serde_json::json!("01BBBB3")),
        ("method", serde_json::json!("POST")),
        ("path", serde_json::json!("/hooks/open")),
        ("provider", serde_json::json!("generic")),
        ("problems", serde_json::json!([])),
    ] {
        assert_eq!(one[member], value, "{one}");
    }
    assert_eq!(one["reply"]["status"], 503);
    assert_eq!(one["reply"]["micros"], 7000);
    assert_eq!(one["reply"]["target"], "http://127.0.0.1:3000/");
    assert_eq!(one["events"][0]["recipient"], "ada@example.com");
    assert_eq!(one["signature"]["verdict"], "unsigned");
    assert!(
        one.get("body").is_none() && one.get("headers").is_some(),
        "{one}"
    );
    let found = |flags: &[&str]| {
        let lines = cli(
            dir.path(),
            &[&["log", "hooks.ndjson", "--json"], flags].concat(),
        )
        .lines();
        let address = |line: &serde_json::Value| line["address"].as_str().unwrap().to_owned();
        lines.iter().map(address).collect::<Vec<_>>()
    };
    assert_eq!(found(&["--status", "503"]), ["hooks.ndjson:4"]);
    assert_eq!(
        found(&["--failed", "-n", "2"]),
        ["hooks.ndjson:4", "hooks.ndjson:7"]
    );
    assert_eq!(
        found(&["--path", "/hooks/b*"]),
        ["hooks.ndjson:2", "hooks.ndjson:7"]
    );
    assert_eq!(
        found(&["--provider", "generic", "--message-id", "none"]),
        [""; 0]
    );
}

#[test]
fn show_prints_a_delivery_in_full_with_its_responses() {
    let dir = recording();
    let answer = "{\"answer\":1,\"to\":\"01CCCC5\",\"target\":\"http://127.0.0.1:3000/\",\"attempt\":1,\
        \"outcome\":\"timed out\",\"reason\":\"no response within 2 s\",\"micros\":2000000}\n";
    let mut text = fs::read_to_string(dir.path().join("hooks.ndjson")).unwrap();
    text.truncate(text.len() - "{\"fixture\":1,\"requ".len());
    fs::write(dir.path().join("hooks.ndjson"), text + answer).unwrap();
    let shown = cli(dir.path(), &["show", "hooks.ndjson:-1", "hooks.ndjson:2"])
        .success()
        .stdout;
    for part in [
        "hooks.ndjson:7  2026-11-23",
        "POST /hooks/bounce",
        "id 01CCCC5",
        "content-type: application/json",
        "\"campaign_id\": \"camp_1\"",
        "no response from http://127.0.0.1:3000/: no response within 2 s",
        "hooks.ndjson:2  2026-11-23",
        "response 500 in 5.1 ms from http://127.0.0.1:3000/",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let body = cli(dir.path(), &["show", "hooks.ndjson:2", "--body"])
        .success()
        .stdout;
    assert!(
        body.starts_with("{\"event\":\"bounce\",") && body.ends_with('}'),
        "{body}"
    );
    let curl = cli(
        dir.path(),
        &["show", "hooks.ndjson:2", "--as", "curl", "--to", ":3000/*"],
    );
    assert!(
        curl.success()
            .stdout
            .contains("http://localhost:3000/hooks/bounce")
    );
    let http = cli(dir.path(), &["show", "hooks.ndjson:2", "--as", "http"])
        .success()
        .stdout;
    assert!(
        http.starts_with("POST /hooks/bounce HTTP/1.1\r\n"),
        "{http}"
    );
    let har = cli(dir.path(), &["show", "hooks.ndjson:1-2", "--as", "har"])
        .success()
        .stdout;
    let har: serde_json::Value = serde_json::from_str(&har).unwrap();
    assert_eq!(har["log"]["entries"].as_array().unwrap().len(), 2);
    let line = cli(dir.path(), &["show", "hooks.ndjson:2", "--as", "json"])
        .success()
        .stdout;
    fs::write(dir.path().join("one.ndjson"), line).unwrap();
    assert_eq!(read(dir.path(), "one.ndjson:01AAAA2"), ["one.ndjson:1"]);
    let json = cli(dir.path(), &["show", "hooks.ndjson:7", "--json"])
        .success()
        .lines();
    assert_eq!(json[0]["type"], "delivery");
    assert_eq!(json[0]["body"]["event"], "bounce");
    assert_eq!(json[0]["answers"][0]["outcome"], "timed out");
    assert_eq!(json[0]["reply"]["status"], serde_json::Value::Null);
}

#[test]
fn the_end_of_a_large_recording_is_found_without_reading_it_and_named_by_id() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.ndjson");
    let mut file = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    let filler = "x".repeat(1 << 20);
    for number in 0..70 {
        let line = format!(
            "{{\"fixture\":1,\"id\":\"01LARGE{number:03}\",\"request\":{{\"text\":\"{filler}\"}}}}\n"
        );
        std::io::Write::write_all(&mut file, line.as_bytes()).unwrap();
    }
    drop(file);
    let ran = cli(dir.path(), &["log", "large.ndjson", "--last", "2"]).success();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].contains("large.ndjson:01LARGE068"), "{lines:?}");
    assert!(lines[1].contains("large.ndjson:01LARGE069"), "{lines:?}");
    let lines = cli(dir.path(), &["show", "large.ndjson:01LARGE069", "--json"]).lines();
    assert_eq!(lines[0]["address"], "large.ndjson:70");
}

/// Running `log --follow`, whose lines are read one by one.
struct Following(
    std::process::Child,
    std::io::BufReader<std::process::ChildStdout>,
);

impl Following {
    fn start(dir: &Path, args: &[&str]) -> Following {
        let mut child = webhook_cli()
            .args(args)
            .current_dir(dir)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = std::io::BufReader::new(child.stdout.take().unwrap());
        Following(child, stdout)
    }

    fn address(&mut self) -> String {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut self.1, &mut line).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        format!(
            "{} {}",
            line["address"].as_str().unwrap(),
            line["reply"]["status"]
        )
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn append(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
}

#[test]
fn log_follows_a_recording_that_grows_is_cut_and_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hooks.ndjson");
    let reply = ",\"reply\":{\"status\":200,\"micros\":1}";
    let one = |id: &str| line(id, "open", "ada@example.com", reply);
    fs::write(&path, one("01AAAA1") + &one("01AAAA2")).unwrap();
    let mut log = Following::start(dir.path(), &["log", "hooks.ndjson", "--follow", "--json"]);
    assert_eq!(log.address(), "hooks.ndjson:1 200");
    assert_eq!(log.address(), "hooks.ndjson:2 200");
    // A line is printed once it is whole.
    let third = one("01AAAA3");
    append(&path, &third[..40]);
    append(&path, &third[40..]);
    assert_eq!(log.address(), "hooks.ndjson:3 200");
    // A response that is recorded later belongs to its delivery.
    append(&path, &line("01AAAA4", "click", "ada@example.com", ""));
    append(
        &path,
        "{\"answer\":1,\"to\":\"01AAAA4\",\"target\":\"http://h/\",\"status\":500,\"micros\":1}\n",
    );
    assert_eq!(log.address(), "hooks.ndjson:4 500");
    fs::write(&path, one("01BBBB1")).unwrap();
    assert_eq!(log.address(), "hooks.ndjson:1 200");
    fs::write(dir.path().join("new"), one("01CCCC1") + &one("01CCCC2")).unwrap();
    fs::rename(dir.path().join("new"), &path).unwrap();
    assert_eq!(log.address(), "hooks.ndjson:1 200");
    assert_eq!(log.address(), "hooks.ndjson:2 200");
}

#[test]
fn following_ends_at_its_limit_and_takes_recordings_only() {
    let dir = recording();
    let ran = cli(
        dir.path(),
        &["log", "hooks.ndjson", "--follow", "--limit", "2"],
    )
    .success();
    assert_eq!(ran.stdout.lines().count(), 2);
    fs::create_dir(dir.path().join("f")).unwrap();
    fs::write(dir.path().join("f/a.json"), "{}").unwrap();
    for source in ["f", "f/a.json", "-", "hooks.ndjson:1"] {
        let ran = cli(dir.path(), &["log", source, "--follow"]);
        assert_eq!(ran.status, 2, "{source}: {ran:?}");
        assert!(
            ran.stderr.contains("cannot be followed"),
            "{source}: {ran:?}"
        );
    }
}

#[test]
fn a_selection_that_chooses_nothing_is_said_with_what_was_read() {
    let dir = recording();
    for (args, words) in [
        (
            vec!["log", "hooks.ndjson", "--events", "complaint"],
            "5 deliveries read, and none matches",
        ),
        (
            vec!["log", "hooks.ndjson:1", "--grep", "nowhere"],
            "1 delivery read, and it does not match",
        ),
    ] {
        let ran = cli(dir.path(), &args);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{ran:?}");
        assert!(ran.stderr.contains(words), "{ran:?}");
    }
}

#[test]
fn a_large_recording_is_listed_by_several_threads_as_a_small_one_is() {
    let dir = tempfile::tempdir().unwrap();
    let kinds = ["delivered", "bounce", "open", "click"];
    let mut text = String::new();
    // Long lines, of which fewer are enough.
    let recipient = format!("{}@example.com", "ada".repeat(300));
    for nth in 0..4_000 {
        text += &line(&format!("01{nth:06}"), kinds[nth % 4], &recipient, "");
        text += match nth {
            20 => "broken bounce\n",
            1_700 => "\n",
            _ => "",
        };
        if nth % 3 == 0 {
            let status = if nth % 2 == 0 { 500 } else { 200 };
            text += &format!(
                "{{\"answer\":1,\"to\":\"01{nth:06}\",\"target\":\"http://h/\",\"status\":{status}}}\n"
            );
        }
    }
    // More than what is read before threads are started.
    assert!(text.len() > 3 << 20);
    fs::write(dir.path().join("hooks.ndjson"), &text).unwrap();
    let written: Vec<&str> = text.lines().collect();
    let wanted = |is_wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        let numbered = written.iter().enumerate();
        let deliveries =
            numbered.filter(|(_, line)| line.starts_with("{\"fixture\"") && is_wanted(line));
        deliveries
            .map(|(at, _)| format!("hooks.ndjson:{}", at + 1))
            .collect()
    };
    let listed = |args: &[&str]| {
        let ran = cli(
            dir.path(),
            &[&["log", "hooks.ndjson", "--json"], args].concat(),
        );
        let addresses: Vec<String> = ran
            .lines()
            .iter()
            .map(|line| line["address"].as_str().unwrap().to_owned())
            .collect();
        (addresses, ran.stderr)
    };
    let (all, errors) = listed(&[]);
    assert_eq!(all, wanted(&|_| true));
    assert!(
        errors.contains("hooks.ndjson:29: line 29, column 1"),
        "{errors}"
    );
    let (bounces, errors) = listed(&["-e", "bounce"]);
    assert_eq!(bounces, wanted(&|line| line.contains("/hooks/bounce")));
    // A broken line is said, whatever is searched for.
    assert!(errors.contains("hooks.ndjson:29: "), "{errors}");
    let (found, errors) = listed(&["--grep", "\"01002300\""]);
    assert_eq!((found, errors.contains("4001")), (vec![], true), "{errors}");
    assert!(errors.contains("hooks.ndjson:29: "), "{errors}");
    let failed = |line: &str| {
        let nth: usize = line["{\"fixture\":1,\"id\":\"01".len()..][..6]
            .parse()
            .unwrap();
        !nth.is_multiple_of(3) || nth.is_multiple_of(2)
    };
    assert_eq!(listed(&["--failed"]).0, wanted(&failed));
    let limited = listed(&["-e", "bounce", "--skip", "800", "--limit", "3"]).0;
    assert_eq!(limited, bounces[800..803]);
}

#[test]
fn a_damaged_line_is_said_whatever_is_searched_for() {
    let dir = tempfile::tempdir().unwrap();
    let save = |kind: &str, to: &str| {
        let save = dir.path().join("one.ndjson").display().to_string();
        let all = [
            "send",
            kind,
            "--recipient",
            to,
            "--dry-run",
            "-q",
            "--save",
            &save,
        ];
        assert_eq!(cli(dir.path(), &all).status, 0);
        let line = fs::read_to_string(&save).unwrap();
        fs::remove_file(save).unwrap();
        line
    };
    let damaged = save("open", "bob@example.com").replace("example.com", "exomple.com");
    let text = [
        save("click", "ada@example.com"),
        damaged,
        "{nonsense\n".to_owned(),
        "{\"answer\":1,\"to\":\"01\"}\n".to_owned(),
        save("bounce", "eve@example.com"),
    ];
    fs::write(dir.path().join("hooks.ndjson"), text.concat()).unwrap();
    for args in [
        &["-e", "bounce"][..],
        &["--grep", "eve@example.com"],
        &["--grep", "eve@"],
        &["--recipient", "eve@example.com"],
        &["-e", "bounce", "--grep", "exam"],
    ] {
        let ran = cli(dir.path(), &[&["log", "hooks.ndjson"], args].concat());
        assert_eq!(ran.status, 3, "{args:?}: {ran:?}");
        assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
        assert!(ran.stdout.contains("hooks.ndjson:5"), "{ran:?}");
        assert!(
            ran.stderr.contains("hooks.ndjson:2: line 2, column"),
            "{ran:?}"
        );
        assert!(
            ran.stderr.contains("hooks.ndjson:3: line 3, column"),
            "{ran:?}"
        );
        assert_eq!(ran.stderr.matches("warning:").count(), 2, "{ran:?}");
    }
    // With `--edited` a changed line is taken as it is.
    let edited = ["log", "hooks.ndjson", "--edited", "-e", "bounce"];
    let ran = cli(dir.path(), &edited);
    assert!(!ran.stderr.contains("hooks.ndjson:2:"), "{ran:?}");
}
