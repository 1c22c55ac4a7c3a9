//! Recorded answers: what a handler answered is a line of its own in a recording, or in the file of its delivery.

use std::fs;
use std::path::Path;

use crate::harness::{Listen, Receiver, post, run, text};
use serde_json::{Value, json};
use webhook_cli::webhook::{Fixture, RecordedAnswer, RecordedLine};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const FAILED: &str = "HTTP/1.1 500 Oops\r\ncontent-type: application/json\r\nSet-Cookie: sid=s3cr3t\r\n\
    content-length: 24\r\n\r\n{\"to\":\"ada@example.com\"}";

/// The deliveries and the answers of a recording, each line of which is whole.
fn lines(path: &Path) -> (Vec<Fixture>, Vec<RecordedAnswer>) {
    let text = fs::read(path).unwrap();
    assert!(text.is_empty() || text.ends_with(b"\n"), "half a line");
    let (mut deliveries, mut answers) = (Vec::new(), Vec::new());
    for line in text.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        match RecordedLine::read(&line.to_vec().into(), false).unwrap() {
            RecordedLine::Delivery(fixture) => deliveries.push(*fixture),
            RecordedLine::Answer(answer) => answers.push(*answer),
        }
    }
    (deliveries, answers)
}

fn send(listen: &Listen, body: &str) -> String {
    post(
        listen.port(),
        "/hooks",
        "connection: close\r\n",
        body.as_bytes(),
    )
}

/// The only file of a folder, but for what git needs.
fn only_file(folder: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(folder).unwrap();
    let mut files = files.map(|file| file.unwrap().path());
    let is_fixture = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "json");
    files.find(is_fixture).unwrap()
}

#[test]
fn an_answer_is_a_line_of_its_own_behind_its_delivery() {
    for sync in ["always", "interval", "none"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let handler = Receiver::start(&[FAILED, OK]);
        let args = ["-n2", "-r", text(&path), "--sync", sync, "-f", &handler.url];
        let listen = Listen::start(&args);
        assert!(send(&listen, "{\"a\":1}").starts_with("HTTP/1.1 500"));
        assert!(send(&listen, "{\"a\":2}").starts_with("HTTP/1.1 200"));
        assert_eq!(listen.finish().status, 1);
        let (deliveries, answers) = lines(&path);
        let ids: Vec<_> = deliveries.iter().filter_map(|it| it.id.clone()).collect();
        let to: Vec<_> = answers.iter().map(|it| it.to.clone()).collect();
        assert_eq!((ids.len(), &to), (2, &ids), "{sync}");
        let written = fs::read_to_string(&path).unwrap();
        let line = written
            .lines()
            .find(|line| line.contains("\"answer\""))
            .unwrap();
        let mut line: Value = serde_json::from_str(line).unwrap();
        let members = line.as_object_mut().unwrap();
        for varying in ["at", "micros", "crc32c"] {
            assert!(members.remove(varying).is_some(), "{varying}");
        }
        let target = format!("{}/", handler.url);
        assert_eq!(
            line,
            json!({"answer":1,"to":ids[0],"target":target,"attempt":1,"outcome":"answered","status":500,
                "headers":[["content-type","application/json"],["Set-Cookie","sid=s3cr3t"],["content-length","24"]],
                "text":"{\"to\":\"ada@example.com\"}"})
        );
        // Readers take the deliveries alone, and count all lines.
        let other = Receiver::ok();
        let ran = run(&["replay", text(&path), "--to", &other.url, "--json"]).success();
        let sources: Vec<_> = ran
            .lines()
            .iter()
            .filter_map(|it| it["source"].as_str().map(str::to_owned))
            .collect();
        let addresses: Vec<_> = written
            .lines()
            .enumerate()
            .filter(|(_, line)| line.starts_with("{\"fixture\""))
            .map(|(at, _)| format!("{}:{}", path.display(), at + 1))
            .collect();
        assert_eq!(sources, addresses);
        assert_eq!(other.all().len(), 2);
    }
}

#[test]
fn each_attempt_at_each_target_is_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["r.ndjson", "folder"] {
        let path = dir.path().join(name);
        let unavailable = "HTTP/1.1 503 Later\r\ncontent-length: 5\r\n\r\nlater";
        let (first, second) = (Receiver::start(&[unavailable, OK]), Receiver::start(&[OK]));
        let listen = Listen::start(&[
            "-r",
            text(&path),
            "--ack-always",
            "--retries",
            "1",
            "-f",
            &first.url,
            "-f",
            &second.url,
        ]);
        send(&listen, "{}");
        for handler in [&first, &first, &second] {
            handler.next();
        }
        listen.interrupt();
        assert_eq!(listen.finish().status, 130);
        let (fixture, mut answers) = if name == "folder" {
            let fixture = Fixture::read(&fs::read(only_file(&path)).unwrap()).unwrap();
            (fixture.clone(), fixture.answers)
        } else {
            let (mut deliveries, answers) = lines(&path);
            (deliveries.remove(0), answers)
        };
        assert!(answers.iter().all(|it| Some(&it.to) == fixture.id.as_ref()));
        answers.sort_by_key(|it| (it.target != format!("{}/", first.url), it.attempt));
        let told: Vec<_> = answers.iter().map(|it| (it.attempt, it.status)).collect();
        assert_eq!(
            told,
            [(1, Some(503)), (2, Some(200)), (1, Some(200))],
            "{name}"
        );
        assert_eq!(answers[0].body.as_deref(), Some(&b"later"[..]));
        // It is what the sender got.
        assert_eq!(fixture.reply.unwrap().status, 200);
    }
}

#[test]
fn an_answer_that_did_not_come_is_recorded_with_its_reason_and_without_credentials() {
    let dir = tempfile::tempdir().unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for (name, target, outcome) in [
        (
            "a.ndjson",
            "http://user:s3cr3t@127.0.0.1:1/".to_owned(),
            "unreachable",
        ),
        (
            "b.ndjson",
            format!("http://user:s3cr3t@127.0.0.1:{port}/"),
            "timed out",
        ),
    ] {
        let path = dir.path().join(name);
        let listen = Listen::start(&[
            "-n1",
            "-r",
            text(&path),
            "--timeout",
            "200ms",
            "-f",
            &target,
        ]);
        send(&listen, "{}");
        assert_eq!(listen.finish().status, 4);
        let (_, answers) = lines(&path);
        let answer = &answers[0];
        assert_eq!((answer.outcome.as_str(), answer.status), (outcome, None));
        assert!(
            answer.reason.is_some() && answer.body.is_none(),
            "{answer:?}"
        );
        assert_eq!(answer.target, target.replace("user:s3cr3t@", ""));
        assert!(!fs::read_to_string(&path).unwrap().contains("s3cr3t"));
    }
}

#[test]
fn a_folder_has_the_answer_in_the_file_of_its_delivery() {
    for sync in ["always", "interval", "none"] {
        let dir = tempfile::tempdir().unwrap();
        let handler = Receiver::start(&[FAILED]);
        let args = [
            "-n1",
            "-r",
            text(dir.path()),
            "--sync",
            sync,
            "-f",
            &handler.url,
        ];
        let listen = Listen::start(&args);
        send(&listen, "{\"n\": 1.10}\r\n");
        listen.finish();
        let file = only_file(dir.path());
        let written = fs::read_to_string(&file).unwrap();
        let value: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(value["reply"]["status"], 500, "{sync}: {written}");
        assert_eq!(value["answers"][0]["status"], 500);
        let fixture = Fixture::read(written.as_bytes()).unwrap();
        assert_eq!(fixture.delivery.body, "{\"n\": 1.10}\r\n");
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            2,
            "no temporary file"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&file).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }
}

#[test]
fn of_a_long_answer_64_kib_are_recorded_and_it_says_so() {
    let dir = tempfile::tempdir().unwrap();
    for ack in [&[][..], &["--ack-always"]] {
        let path = dir.path().join(format!("{}.ndjson", ack.len()));
        let body = "x".repeat(100_000);
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let handler = Receiver::start(&[&answer]);
        let listen =
            Listen::start(&[&["-n1", "-r", text(&path), "-f", &handler.url], ack].concat());
        send(&listen, "{}");
        listen.finish().success();
        let (_, answers) = lines(&path);
        assert!(answers[0].cut);
        assert_eq!(answers[0].body.as_ref().unwrap().len(), 64 << 10);
    }
}

#[test]
fn what_is_redacted_is_not_in_the_answers_either() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["r.ndjson", "folder"] {
        let path = dir.path().join(name);
        // Cut in the middle of the address.
        let body = format!(
            "{}ada@example.com{}",
            " ".repeat((64 << 10) - 5),
            " ".repeat(9000)
        );
        let long = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let handler = Receiver::start(&[FAILED, &long]);
        let listen = Listen::start(&["-n2", "--redact", "-r", text(&path), "-f", &handler.url]);
        // What goes back to the sender is not redacted.
        assert!(send(&listen, "{}").contains("ada@example.com"));
        send(&listen, "{}");
        listen.finish();
        let files = if name == "folder" {
            fs::read_dir(&path)
                .unwrap()
                .map(|it| it.unwrap().path())
                .collect()
        } else {
            vec![path]
        };
        let all: String = files
            .iter()
            .map(|it| fs::read_to_string(it).unwrap())
            .collect();
        assert!(!all.contains("ada@") && !all.contains("s3cr3t"), "{all}");
        assert_eq!(all.matches("Set-Cookie").count(), 1);
        // Two deliveries and two answers are marked.
        assert_eq!(all.replace(' ', "").matches("\"redacted\":true").count(), 4);
    }
}

#[test]
fn a_replay_is_compared_with_the_recorded_answers() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["r.ndjson", "folder"] {
        let path = dir.path().join(name);
        let said = "HTTP/1.1 404 No\r\ncontent-length: 15\r\n\r\n{\"why\": \"gone\"}";
        let handler = Receiver::start(&[said]);
        let listen = Listen::start(&["-n1", "-r", text(&path), "-f", &handler.url]);
        send(&listen, "{}");
        listen.finish();
        let replay = |answer: &str| {
            let handler = Receiver::start(&[answer]);
            run(&["replay", text(&path), "--to", &handler.url, "--compare"])
        };
        replay(said).success();
        let ran = replay(&said.replace("gone", "lost"));
        assert_eq!(ran.status, 1);
        assert!(
            ran.stdout
                .contains("differs from the recorded one at `/why`"),
            "{ran:#?}"
        );
        let ran = replay(OK);
        assert!(
            ran.status == 1 && ran.stdout.contains("got 200, recorded 404"),
            "{ran:#?}"
        );
    }
}

#[test]
fn answers_survive_a_kill_as_far_as_the_next_delivery_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.ndjson");
    let handler = Receiver::ok();
    let (mut kept, mut missing) = (0, 0);
    for round in 0..5 {
        let mut listen = Listen::start(&["-q", "-r", text(&path), "-f", &handler.url]);
        for number in 0..10 {
            assert!(send(&listen, &format!("{round}-{number}")).starts_with("HTTP/1.1 200"));
        }
        listen.kill();
        kept += 10;
        missing += 1;
    }
    // The last start mends what the last kill left.
    Listen::start(&["-r", text(&path), "--for", "1ms"])
        .finish()
        .success();
    let (deliveries, answers) = lines(&path);
    assert_eq!(deliveries.len(), kept);
    assert!(
        answers.len() >= kept - missing,
        "{} of {kept}",
        answers.len()
    );
}

#[test]
fn a_torn_answer_is_set_aside_and_the_next_delivery_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.ndjson");
    let handler = Receiver::ok();
    let round = || {
        let listen = Listen::start(&["-n1", "-r", text(&path), "-f", &handler.url]);
        send(&listen, "{}");
        listen.finish().success().stderr
    };
    round();
    let whole = fs::read_to_string(&path).unwrap();
    let answer = whole.lines().last().unwrap();
    assert!(answer.starts_with("{\"answer\":1,"));
    // A whole answer without its line break is kept.
    for (length, is_cut) in [(10, true), (answer.len() - 1, true), (answer.len(), false)] {
        let before = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{before}{}", &answer[..length])).unwrap();
        let said = round();
        assert_eq!(
            said.contains(&format!("cut {length} bytes")),
            is_cut,
            "{said}"
        );
        let after = fs::read_to_string(&path).unwrap();
        assert!(after.starts_with(&before));
        let (deliveries, answers) = lines(&path);
        assert_eq!(answers.len() - deliveries.len(), usize::from(!is_cut));
    }
    assert_eq!(lines(&path).0.len(), 4);
}

#[test]
fn an_answer_without_its_delivery_is_ignored_and_a_damaged_one_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.ndjson");
    let handler = Receiver::ok();
    let listen = Listen::start(&["-n1", "-r", text(&path), "-f", &handler.url]);
    send(&listen, "{}");
    listen.finish().success();
    let whole = fs::read_to_string(&path).unwrap();
    let (delivery, answer) = whole.split_once('\n').unwrap();
    fs::write(&path, format!("{answer}{delivery}\n")).unwrap();
    run(&["replay", text(&path), "--to", &handler.url, "--compare"]).success();
    fs::write(&path, answer).unwrap();
    let ran = run(&["replay", text(&path), "--to", &handler.url]);
    assert!(
        ran.status == 1 && ran.stderr.contains("no deliveries in"),
        "{ran:#?}"
    );
    fs::write(&path, whole.replace("\"status\":200", "\"status\":500")).unwrap();
    let ran = run(&["replay", text(&path), "--to", &handler.url]);
    assert_eq!(ran.status, 3, "{ran:#?}");
    assert!(
        ran.stderr.contains("r.ndjson:2: line 2") && ran.stderr.contains("checksum"),
        "{ran:#?}"
    );
    run(&["replay", text(&path), "--to", &handler.url, "--edited"]).success();
}
