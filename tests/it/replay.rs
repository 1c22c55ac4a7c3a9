//! `replay`, end to end.

use std::io::Write;
use std::process::Stdio;

use crate::harness::{Listen, Ran, Receiver, run, text, webhook_cli};

fn line(number: u32) -> String {
    format!(
        "{{\"fixture\":1,\"id\":\"e{number}\",\"request\":{{\"path\":\"/r/{number}\",\"body\":{{\"event\":\"click\",\"timestamp\":\"2026-01-02T00:00:00Z\",\"email\":\"u{number}@example.com\"}}}}}}\n"
    )
}

fn recording(lines: u32) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    std::fs::write(&file, (0..lines).map(line).collect::<String>()).unwrap();
    let path = text(&file).to_owned();
    (dir, path)
}

#[test]
fn all_fixtures_go_out_as_they_are() {
    let handler = Receiver::ok();
    let ran = run(&["replay", "fixtures/", "--to", &handler.url]).success();
    let sent = handler.all();
    let files = walk(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
    assert_eq!(sent.len(), files);
    assert!(
        ran.stdout.contains(&format!("{files} deliveries sent in ")),
        "{}",
        ran.stdout
    );
}

fn walk(folder: std::path::PathBuf) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            if path.is_dir() {
                walk(path)
            } else {
                usize::from(path.extension().is_some_and(|end| end == "json"))
            }
        })
        .sum()
}

#[test]
fn signed_anew_every_fixture_verifies() {
    let listen = Listen::start(&["--json", "-q", "--count", "20"]);
    let ran = run(&[
        "replay",
        "fixtures/",
        "--resign",
        "--limit",
        "20",
        "--provider",
        "mailgun",
        "--to",
        &listen.url,
    ])
    .success();
    assert_eq!(ran.stderr, "");
    for line in listen
        .finish()
        .success()
        .lines()
        .iter()
        .filter(|line| line["type"] == "received")
    {
        assert_eq!(
            line["signature"]["verdict"], "verified (test key)",
            "{line}"
        );
    }
}

#[test]
fn the_recorded_order_is_kept() {
    let (_dir, file) = recording(40);
    let handler = Receiver::ok();
    run(&["replay", &file, "--to", &handler.url]).success();
    let lines: Vec<String> = handler
        .all()
        .into_iter()
        .map(|request| request.line)
        .collect();
    assert_eq!(
        lines,
        (0..40)
            .map(|number| format!("POST /r/{number} HTTP/1.1"))
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_target_with_a_path_gets_everything_there() {
    let (_dir, file) = recording(1);
    let handler = Receiver::ok();
    run(&["replay", &file, "--to", &format!("{}/hooks", handler.url)]).success();
    run(&[
        "replay",
        &file,
        "--to",
        &handler.url,
        "--path",
        "/other?x=1",
    ])
    .success();
    assert_eq!(handler.next().line, "POST /hooks HTTP/1.1");
    assert_eq!(handler.next().line, "POST /other?x=1 HTTP/1.1");
}

#[test]
fn what_passes_is_tried_again_and_what_does_not_is_not() {
    let (_dir, file) = recording(2);
    let unavailable = "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n";
    let handler = Receiver::start(&[
        unavailable,
        unavailable,
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ]);
    let ran = run(&[
        "replay",
        &file,
        "--to",
        &handler.url,
        "--retries",
        "3",
        "--backoff",
        "1ms",
        "--json",
    ])
    .success();
    let lines: Vec<String> = handler
        .all()
        .into_iter()
        .map(|request| request.line)
        .collect();
    assert_eq!(
        lines,
        [
            "POST /r/0 HTTP/1.1",
            "POST /r/0 HTTP/1.1",
            "POST /r/0 HTTP/1.1",
            "POST /r/1 HTTP/1.1"
        ]
    );
    let told = ran.lines();
    assert_eq!(told[0]["id"], "e0");
    assert_eq!(
        (&told[1]["attempt"], &told[1]["final"]),
        (&2.into(), &false.into())
    );
    assert_eq!(told.last().unwrap()["retries"], 2);

    let handler = Receiver::start(&["HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n"]);
    assert_eq!(run(&["replay", &file, "--to", &handler.url]).status, 1);
    assert_eq!(handler.all().len(), 2);
}

#[test]
fn gone_ends_the_run() {
    let (_dir, file) = recording(5);
    let handler = Receiver::start(&["HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"]);
    let ran = run(&["replay", &file, "--to", &handler.url]);
    assert_eq!(ran.status, 1);
    assert_eq!(handler.all().len(), 1);
    assert!(ran.stderr.contains("responded 410"), "{}", ran.stderr);
}

#[test]
fn a_redirect_is_a_failure_and_never_followed() {
    let (_dir, file) = recording(1);
    let other = Receiver::ok();
    let handler = Receiver::start(&[&format!(
        "HTTP/1.1 307 To\r\nlocation: {}/x\r\ncontent-length: 0\r\n\r\n",
        other.url
    )]);
    let ran = run(&["replay", &file, "--to", &handler.url]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.contains("which is not followed"),
        "{}",
        ran.stdout
    );
    assert_eq!(other.all().len(), 0);
}

#[test]
fn several_at_once_lose_nothing() {
    let (_dir, file) = recording(200);
    let listen = Listen::start(&["--json", "-q", "--count", "200"]);
    run(&["replay", &file, "--to", &listen.url, "-c", "8"]).success();
    let mut ids: Vec<String> = listen
        .finish()
        .success()
        .lines()
        .iter()
        .filter(|line| line["type"] == "received")
        .map(|line| line["events"][0]["recipient"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 200);
}

#[test]
fn filters_say_what_is_sent() {
    let handler = Receiver::ok();
    let sent = |args: &[&str]| {
        let mut all = vec!["replay", "fixtures/", "--to", &handler.url];
        all.extend(args);
        run(&all).success();
        handler.all().len()
    };
    assert_eq!(sent(&["--provider", "sendgrid", "--events", "bounce"]), 2);
    assert_eq!(
        sent(&[
            "--provider",
            "sendgrid",
            "--events",
            "bounce,click",
            "--skip",
            "1"
        ]),
        2
    );
    assert_eq!(sent(&["--provider", "sendgrid", "--limit", "3"]), 3);
}

#[test]
fn a_plain_payload_and_stdin_are_sources() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("payload.json");
    std::fs::write(&file, "{ \"n\": 1.10 }\n").unwrap();
    let handler = Receiver::ok();
    run(&["replay", text(&file), "--to", &handler.url]).success();
    assert_eq!(handler.next().body, b"{ \"n\": 1.10 }\n");
    let mut child = webhook_cli()
        .args(["replay", "-", "--to", &handler.url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all((line(1) + &line(2)).as_bytes())
        .unwrap();
    Ran::of(child.wait_with_output().unwrap()).success();
    assert_eq!(handler.next().line, "POST /r/1 HTTP/1.1");
    assert_eq!(handler.next().line, "POST /r/2 HTTP/1.1");
}

#[test]
fn a_broken_file_is_named_with_line_column_and_reason() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    std::fs::write(
        &file,
        format!("{}{{\"fixture\":1,\"request\":\n{}", line(0), line(2)),
    )
    .unwrap();
    let handler = Receiver::ok();
    let ran = run(&["replay", text(&file), "--to", &handler.url]);
    assert_eq!(ran.status, 3, "{ran:#?}");
    assert!(
        ran.stderr.contains("r.ndjson:2") && ran.stderr.contains("column"),
        "{}",
        ran.stderr
    );
    assert_eq!(handler.all().len(), 1);
    let ran = run(&["replay", text(&file), "--skip-broken", "--to", &handler.url]);
    assert_eq!(ran.status, 3);
    assert_eq!(handler.all().len(), 2);
    let ran = run(&["replay", text(&file), "--skip-broken", "--dry-run"]);
    assert_eq!(ran.status, 3);

    let odd = dir.path().join("odd.json");
    std::fs::write(&odd, "{\n \"fixture\": 1,\n \"request\": 7\n}").unwrap();
    let ran = run(&["replay", text(&odd), "--to", &handler.url]);
    assert_eq!(ran.status, 3);
    assert!(ran.stderr.contains("line 3, column 13"), "{}", ran.stderr);
    let ran = run(&["replay", "no/such/file.json"]);
    assert_eq!(ran.status, 3, "{ran:#?}");
    assert!(ran.stderr.contains("no/such/file.json"), "{}", ran.stderr);
}

#[test]
fn recordings_do_not_leave_for_the_internet_unasked() {
    let (_dir, file) = recording(1);
    let ran = run(&["replay", &file, "--to", "https://203.0.113.1/hooks"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
}

#[test]
fn a_dry_run_prints_what_would_go_out() {
    let (_dir, file) = recording(2);
    let ran = run(&["replay", &file, "--dry-run", "--as", "json"]).success();
    assert_eq!(ran.stdout.lines().count(), 2);
    assert!(ran.stdout.contains("\"path\":\"/r/1\""), "{}", ran.stdout);
}

/// However an editor saves, a fixture is sent once for each save.
#[test]
fn a_saved_fixture_is_sent_at_once_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.json");
    std::fs::write(&file, "{\"n\":0}").unwrap();
    let handler = Receiver::ok();
    let mut child = webhook_cli()
        .args(["replay", text(dir.path()), "--watch", "--to", &handler.url])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert_eq!(handler.next().body, b"{\"n\":0}");

    // As a shell's `>` does: cut to nothing, then written.
    std::fs::File::create(&file)
        .unwrap()
        .write_all(b"{\"n\":1}")
        .unwrap();
    assert_eq!(handler.next().body, b"{\"n\":1}");

    // As VS Code and many others do: a temporary file put in the place of the old one.
    let temporary = dir.path().join(".a.json.tmp");
    std::fs::write(&temporary, "{\"n\":2}").unwrap();
    std::fs::rename(&temporary, &file).unwrap();
    assert_eq!(handler.next().body, b"{\"n\":2}");

    // As vim does: the old file becomes a backup, a new one is written, the backup goes.
    let backup = dir.path().join("a.json~");
    std::fs::rename(&file, &backup).unwrap();
    std::fs::write(&file, "{\"n\":3}").unwrap();
    std::fs::remove_file(&backup).unwrap();
    assert_eq!(handler.next().body, b"{\"n\":3}");

    // Another file closes the row: nothing came twice in between.
    std::fs::write(dir.path().join("b.json"), "{\"n\":4}").unwrap();
    assert_eq!(handler.next().body, b"{\"n\":4}");
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(handler.all(), []);
}

#[test]
fn a_rate_is_kept() {
    let (_dir, file) = recording(30);
    let handler = Receiver::ok();
    let begun = std::time::Instant::now();
    run(&[
        "replay",
        &file,
        "--to",
        &handler.url,
        "--rate",
        "100/s",
        "-c",
        "4",
    ])
    .success();
    let took = begun.elapsed().as_millis();
    assert_eq!(handler.all().len(), 30);
    // 29 gaps of 10 ms; more only where the machine is busy.
    assert!((270..3000).contains(&took), "{took} ms");
    for odd in ["0", "NaN", "1e9", "-1/s"] {
        assert_eq!(run(&["replay", &file, "--rate", odd]).status, 2);
    }
}

#[test]
fn a_wait_that_was_asked_for_is_kept_by_everybody_or_ends_the_run() {
    let (_dir, file) = recording(6);
    let busy = |wait: &str| {
        format!("HTTP/1.1 429 Slow\r\nretry-after: {wait}\r\ncontent-length: 0\r\n\r\n")
    };
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let handler = Receiver::start(&[ok, &busy("1"), ok]);
    let begun = std::time::Instant::now();
    run(&[
        "replay",
        &file,
        "--to",
        &handler.url,
        "--retries",
        "3",
        "--backoff",
        "1ms",
    ])
    .success();
    assert!(begun.elapsed() >= std::time::Duration::from_secs(1));
    assert_eq!(handler.all().len(), 7);

    let handler = Receiver::start(&[&busy("86400")]);
    let ran = run(&["replay", &file, "--to", &handler.url]);
    assert_eq!(ran.status, 1);
    assert_eq!(handler.all().len(), 1);
    assert!(
        ran.stderr.contains("--max-retry-after 86400s"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_pause_that_nothing_is_tried_again_after_is_announced_once() {
    let (_dir, file) = recording(3);
    let busy = "HTTP/1.1 429 Slow\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let handler = Receiver::start(&[busy, ok, ok]);
    let ran = run(&["replay", &file, "--to", &handler.url, "--retries", "0"]);
    let announced = ran.stdout.matches("next delivery in").count();
    assert_eq!(announced, 1, "{}", ran.stdout);

    // The line of a retry says when it comes.
    let handler = Receiver::start(&[busy, ok, ok, ok]);
    let ran = run(&["replay", &file, "--to", &handler.url, "--retries", "1"]).success();
    assert!(ran.stdout.contains("again in"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("next delivery in"), "{}", ran.stdout);
}

#[test]
fn which_statuses_are_tried_again_can_be_said() {
    let (_dir, file) = recording(1);
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let handler = Receiver::start(&["HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", ok]);
    run(&[
        "replay",
        &file,
        "--to",
        &handler.url,
        "--retries",
        "3",
        "--retry-on",
        "404",
        "--backoff",
        "1ms",
    ])
    .success();
    assert_eq!(handler.all().len(), 2);
    let handler = Receiver::start(&["HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", ok]);
    assert_eq!(
        run(&["replay", &file, "--to", &handler.url, "--retry-on", "429"]).status,
        1
    );
    assert_eq!(handler.all().len(), 1);
}

#[test]
fn a_connection_that_breaks_as_it_is_used_again_is_counted() {
    let (_dir, file) = recording(2);
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let handler = Receiver::start(&[ok, "", ok]);
    let ran = run(&["replay", &file, "--to", &handler.url, "--json"]).success();
    let lines: Vec<String> = handler
        .all()
        .into_iter()
        .map(|request| request.line)
        .collect();
    assert_eq!(
        lines,
        [
            "POST /r/0 HTTP/1.1",
            "POST /r/1 HTTP/1.1",
            "POST /r/1 HTTP/1.1"
        ]
    );
    assert_eq!(ran.lines().last().unwrap()["maybe_duplicate"], 1);
}

#[test]
fn a_fixture_expects_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let handler = Receiver::start(&["HTTP/1.1 404 No\r\ncontent-length: 7\r\n\r\nno such"]);
    let status = |expect: &str| {
        let file = dir.path().join("a.json");
        std::fs::write(
            &file,
            format!("{{\"fixture\":1,\"request\":{{\"body\":{{}}}},\"expect\":{expect}}}"),
        )
        .unwrap();
        let ran = run(&["replay", text(&file), "--to", &handler.url]);
        (ran.status, ran.stdout + &ran.stderr)
    };
    assert_eq!(status("{\"status\":\"404\"}").0, 0);
    assert_eq!(
        status("{\"status\":404,\"within\":\"1h\",\"contains\":\"such\"}").0,
        0
    );
    let (code, said) = status("{\"status\":404,\"contains\":\"ok\"}");
    assert!(
        code == 1 && said.contains("does not contain `ok`") && said.contains("no such"),
        "{said}"
    );
    let (code, said) = status("{\"weather\":\"fine\"}");
    assert!(code == 1 && said.contains("`expect.weather`"), "{said}");
    let file = dir.path().join("a.json");
    std::fs::write(&file, "{}").unwrap();
    let ran = run(&[
        "replay",
        text(&file),
        "--to",
        &handler.url,
        "--expect-status",
        "4xx",
        "--expect-within",
        "1ms",
        "--timeout",
        "5s",
    ]);
    assert!(ran.status <= 1, "{ran:#?}");
}

#[test]
fn quietly_only_what_failed_is_told() {
    let (_dir, file) = recording(3);
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let handler = Receiver::start(&[ok, "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", ok]);
    let ran = run(&["replay", &file, "--to", &handler.url, "-q"]);
    assert!(
        ran.stdout.starts_with("404") && ran.stdout.contains("u1@example.com"),
        "{}",
        ran.stdout
    );
    let ran = run(&["replay", &file, "--dry-run", "-q"]).success();
    assert!(
        ran.stdout.starts_with("3 deliveries read"),
        "{}",
        ran.stdout
    );
}

#[test]
fn filters_by_time_and_a_stale_signature() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    let mut old = String::new();
    for day in 1..=4 {
        let ran = run(&[
            "send",
            "click",
            "--provider",
            "resend",
            "--dry-run",
            "--as",
            "json",
            "--seed",
            "1",
            "--at",
            &format!("2026-01-0{day}T00:00:00Z"),
        ])
        .success();
        // By hand, as somebody who has no recording would write it.
        let line = ran
            .stdout
            .trim_end()
            .rsplit_once(",\"crc32c\"")
            .unwrap()
            .0
            .to_owned();
        old += &format!("{},\"at\":\"2026-01-0{day}T00:00:01Z\"}}\n", line);
    }
    std::fs::write(&file, old).unwrap();
    let handler = Receiver::ok();
    let span = [
        "--since",
        "2026-01-02T00:00:00Z",
        "--until",
        "2026-01-04T00:00:00Z",
    ];
    let ran = run(&[
        "replay",
        text(&file),
        "--to",
        &handler.url,
        span[0],
        span[1],
        span[2],
        span[3],
    ])
    .success();
    assert_eq!(handler.all().len(), 2);
    assert_eq!(
        ran.stderr
            .matches("`--resign` makes new signatures")
            .count(),
        1,
        "{}",
        ran.stderr
    );
    let before = std::fs::read_to_string(&file).unwrap();
    run(&[
        "replay",
        text(&file),
        "--to",
        &handler.url,
        "--resign",
        "--fresh-ids",
    ])
    .success();
    let ids: Vec<String> = handler
        .all()
        .iter()
        .map(|request| request.header("svix-id").unwrap().to_owned())
        .collect();
    assert!(
        ids.len() == 4
            && ids
                .iter()
                .all(|id| id.starts_with("msg_") && !before.contains(id.as_str())),
        "{ids:?}"
    );
}

#[test]
fn results_are_written_for_continuous_integration() {
    let (dir, file) = recording(3);
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let no = "HTTP/1.1 404 No\r\ncontent-length: 5\r\n\r\n<no/>";
    let handler = Receiver::start(&[ok, no, ok]);
    let ran = run(&["replay", &file, "--to", &handler.url, "--report", "junit"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.starts_with("<?xml")
            && ran.stdout.contains("tests=\"3\" failures=\"1\"")
            && ran.stdout.contains("&lt;no/&gt;")
            && ran.stdout.ends_with("</testsuites>\n"),
        "{}",
        ran.stdout
    );
    let report = dir.path().join("report.tap");
    let handler = Receiver::start(&[ok, no, ok]);
    let ran = run(&[
        "replay",
        &file,
        "--to",
        &handler.url,
        "-q",
        "--report",
        "tap",
        "--report-to",
        text(&report),
    ]);
    assert!(ran.stdout.starts_with("404"), "{}", ran.stdout);
    let tap = std::fs::read_to_string(&report).unwrap();
    assert!(
        tap.starts_with("TAP version 14\nok 1 - replay.generic: click u0@example.com")
            && tap.contains("\nnot ok 2 - ")
            && tap.ends_with("1..3\n"),
        "{tap}"
    );
    let handler = Receiver::ok();
    let ran = run(&["replay", &file, "--to", &handler.url, "--report", "json"]).success();
    assert_eq!(ran.lines().last().unwrap()["type"], "summary");
    assert_eq!(run(&["replay", &file, "--report-to", "x"]).status, 2);
}

#[test]
fn an_answer_is_held_against_the_recorded_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.json");
    std::fs::write(
        &file,
        "{\"fixture\":1,\"request\":{\"body\":{}},\"reply\":{\"status\":404,\"body\":{\"why\":\"gone\",\"id\":\"a1\"}}}",
    )
    .unwrap();
    let answer = |body: &str| {
        format!(
            "HTTP/1.1 404 No\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let handler = Receiver::start(&[&answer("{\"id\":\"b2\",\"why\":\"gone\"}")]);
    run(&["replay", text(&file), "--to", &handler.url, "--compare"]).success();
    let handler = Receiver::start(&[&answer("{\"id\":\"b2\",\"why\":\"lost\"}")]);
    let ran = run(&["replay", text(&file), "--to", &handler.url, "--compare"]);
    assert!(
        ran.status == 1
            && ran
                .stdout
                .contains("differs from the recorded one at `/why`"),
        "{ran:#?}"
    );
}

#[test]
fn what_a_run_was_answered_is_kept_and_a_later_run_held_against_it() {
    let (dir, file) = recording(3);
    let answer = |body: &str| {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let said = ["{\"queued\":1}", "", "plain \u{e4}\n"];
    let answers = said.map(answer);
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let kept = dir.path().join("answers.ndjson");
    let handler = Receiver::start(&answers);
    let (before, kept) = (
        std::fs::read_to_string(&file).unwrap(),
        text(&kept).to_owned(),
    );
    run(&["replay", &file, "--to", &handler.url, "--answers-to", &kept]).success();
    for (line, before) in std::fs::read_to_string(&kept)
        .unwrap()
        .lines()
        .zip(before.lines())
    {
        // It is what it was; only the answer is new.
        let [line, before] = [line, before].map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            [
                line["request"]["path"].clone(),
                line["request"]["body"].clone(),
            ]
        });
        assert_eq!(line, before);
    }
    let handler = Receiver::start(&answers);
    run(&["replay", &kept, "--to", &handler.url, "--compare"]).success();
    let handler = Receiver::start(&[answers[0], answers[2]]);
    let ran = run(&["replay", &kept, "--to", &handler.url, "--compare"]);
    assert!(
        ran.status == 1 && ran.stdout.matches("differs from the recorded one").count() == 1,
        "{ran:#?}"
    );
}

#[test]
fn a_summary_shows_how_long_answers_took() {
    let (_dir, file) = recording(30);
    let handler = Receiver::ok();
    let ran = run(&["replay", &file, "--to", &handler.url, "-q"]).success();
    assert!(
        ran.stdout.contains("p90") && ran.stdout.contains("up to") && ran.stdout.contains('█'),
        "{}",
        ran.stdout
    );
}

#[test]
fn nothing_to_send_is_said_and_no_success() {
    let (dir, file) = recording(3);
    let empty = dir.path().join("empty.ndjson");
    std::fs::write(&empty, "").unwrap();
    let (handler, empty) = (Receiver::ok(), text(&empty).to_owned());
    for (args, said) in [
        (
            &[&file, "--recipient", "nobody@example.com"][..],
            "3 deliveries read, and none matches",
        ),
        (
            &[&file, "--events", "bounce", "--dry-run"],
            "3 deliveries read, and none matches",
        ),
        (
            &[&file, "--skip", "3"],
            "3 deliveries read, and none matches",
        ),
        (&[&empty], "no deliveries in"),
        (&[&empty, "--dry-run"], "no deliveries in"),
    ] {
        let ran = run(&[&["replay", "--to", &handler.url], args].concat());
        assert_eq!(ran.status, 1, "{ran:#?}");
        assert!(ran.stderr.contains(&format!("warning: {said}")), "{ran:#?}");
    }
    assert!(handler.all().is_empty());
    // What a journal says is done was sent.
    let journal = dir.path().join("j");
    for _ in 0..2 {
        run(&[
            "replay",
            &file,
            "--to",
            &handler.url,
            "--resume",
            text(&journal),
        ])
        .success();
    }
    assert_eq!(handler.all().len(), 3);
}

#[test]
fn a_broken_fixture_that_is_saved_is_named_with_line_and_column() {
    use std::io::{BufRead, BufReader};
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.json");
    std::fs::write(&file, "{\"n\":0}").unwrap();
    let handler = Receiver::ok();
    let mut child = webhook_cli()
        .args(["replay", text(dir.path()), "--watch", "--to", &handler.url])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    handler.next();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    std::fs::write(&file, "{\n  \"n\": 1,\n}").unwrap();
    let mut said = String::new();
    while !said.contains("a.json: line 3, column 1") {
        assert!(stderr.read_line(&mut said).unwrap() > 0, "{said}");
    }
    // And it goes on.
    std::fs::write(&file, "{\"n\":1}").unwrap();
    assert_eq!(handler.next().body, b"{\"n\":1}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// `replay --watch` with its stderr.
fn watching(
    source: &str,
    to: &str,
) -> (
    std::process::Child,
    std::io::BufReader<std::process::ChildStderr>,
) {
    let mut child = webhook_cli()
        .args(["replay", source, "--watch", "--to", to])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    (child, stderr)
}

fn read_until(stderr: &mut impl std::io::BufRead, words: &str) {
    let mut said = String::new();
    while !said.contains(words) {
        assert!(stderr.read_line(&mut said).unwrap() > 0, "{said}");
    }
}

#[test]
fn an_empty_folder_and_a_file_that_is_not_there_yet_are_watched() {
    let dir = tempfile::tempdir().unwrap();
    for (source, file) in [
        (".", "a.json"),
        ("later.json", "later.json"),
        ("later.ndjson", "later.ndjson"),
    ] {
        let handler = Receiver::ok();
        let source = dir.path().join(source);
        let (mut child, mut stderr) = watching(text(&source), &handler.url);
        read_until(&mut stderr, "watching");
        let file = dir.path().join(file);
        std::fs::write(&file, "{\"fixture\":1,\"request\":{\"body\":1}}\n").unwrap();
        assert_eq!(handler.next().body, b"1");
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn of_a_watched_recording_what_is_new_is_sent_and_what_is_broken_is_named() {
    let line = |n: &str| format!("{{\"fixture\":1,\"request\":{{\"body\":{n}}}}}\n");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    std::fs::write(&file, line("1") + &line("2")).unwrap();
    let handler = Receiver::ok();
    let (mut child, mut stderr) = watching(text(&file), &handler.url);
    assert_eq!([handler.next().body, handler.next().body], [b"1", b"2"]);
    read_until(&mut stderr, "watching");
    let append = |text: &str| {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&file)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    append(&line("3"));
    assert_eq!(handler.next().body, b"3");
    append("{oh\n");
    read_until(&mut stderr, "r.ndjson:4: ");
    append(&line("5"));
    assert_eq!(handler.next().body, b"5");
    // Cut short, replaced by another, and written anew: all of it is new.
    std::fs::write(&file, line("6") + &line("7")).unwrap();
    assert_eq!([handler.next().body, handler.next().body], [b"6", b"7"]);
    let beside = dir.path().join("beside");
    std::fs::write(&beside, line("8")).unwrap();
    std::fs::rename(&beside, &file).unwrap();
    assert_eq!(handler.next().body, b"8");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(handler.all(), []);
}

#[test]
fn an_attempt_says_in_json_what_it_is_about() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.json");
    let handler = Receiver::ok();
    let at = ["--to", &handler.url, "--json"];
    let sent = [
        "send",
        "click",
        "--provider",
        "postmark",
        "--recipient",
        "ada@example.com",
        "--message-id",
        "m-1",
        "--save",
        text(&file),
    ];
    for args in [
        &sent[..],
        &["replay", text(&file)],
        &["replay", text(&file), "--events", "click"],
        &["replay", text(&file), "--ordered"],
    ] {
        let ran = run(&[args, &at].concat()).success();
        let line = ran
            .lines()
            .into_iter()
            .find(|line| line["type"] == "attempted")
            .unwrap();
        assert_eq!(line["kinds"], serde_json::json!(["click"]), "{line}");
        assert_eq!(line["recipient"], "ada@example.com", "{line}");
        assert_eq!(line["message_id"], "m-1", "{line}");
    }
    std::fs::write(&file, "{}").unwrap();
    let ran = run(&[&["replay", text(&file)][..], &at].concat()).success();
    let line = &ran.lines()[0];
    assert_eq!(
        (&line["kinds"], &line["recipient"]),
        (&serde_json::json!([]), &serde_json::Value::Null)
    );
}

#[test]
fn a_header_that_is_given_is_sent_or_refused_and_never_dropped_in_silence() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.json");
    std::fs::write(&file, "{}").unwrap();
    let commands = [
        &["send", "click"][..],
        &["replay", text(&file)],
        &["check", "--only", "valid"],
    ];
    for command in commands {
        let handler = Receiver::ok();
        let to = if command[0] == "check" {
            vec![handler.url.as_str()]
        } else {
            vec!["--to", &handler.url]
        };
        let fields = [
            "-H",
            "host: foo.test",
            "-H",
            "TE: trailers",
            "-H",
            "proxy-authorization: Basic eA==",
        ];
        let args = [command, &to, &fields].concat();
        run(&args).success();
        let got = handler.next();
        let of = |name: &str| -> Vec<&str> {
            let fields = got
                .headers
                .iter()
                .filter(|it| it.0.eq_ignore_ascii_case(name));
            fields.map(|it| it.1.as_str()).collect()
        };
        assert_eq!(of("host"), ["foo.test"], "{args:?}");
        assert_eq!(
            (of("te"), of("proxy-authorization")),
            (vec!["trailers"], vec!["Basic eA=="])
        );
        for field in ["content-length: 7", "Transfer-Encoding: chunked"] {
            let ran = run(&[command, &to, &["-H", field]].concat());
            assert_eq!(ran.status, 2, "{ran:#?}");
            assert!(
                ran.stderr.contains("is computed for each request"),
                "{ran:#?}"
            );
        }
    }
    for form in ["http", "curl", "har", "vegeta"] {
        let ran = run(&[
            "send",
            "click",
            "-H",
            "Host: foo.test",
            "--dry-run",
            "--as",
            form,
        ])
        .success();
        assert!(ran.stdout.contains("foo.test"), "{form}: {}", ran.stdout);
        assert!(
            form != "http" || !ran.stdout.contains("127.0.0.1"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn what_a_source_held_when_it_was_opened_is_sent_and_not_what_is_added() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["r.ndjson", "folder"] {
        let path = dir.path().join(name);
        let listen = Listen::start(&["--json", "--record", text(&path)]);
        run(&["send", "open", "click", "bounce", "--to", &listen.url]).success();
        // Into the recording that it reads.
        for (args, sent) in [(&[][..], 3), (&["--repeat", "2"], 12)] {
            let args = [
                &["replay", text(&path), "--to", &listen.url, "--json"],
                args,
            ]
            .concat();
            let ran = run(&args).success();
            assert_eq!(ran.lines().last().unwrap()["deliveries"], sent, "{name}");
        }
    }
    // The same of a gzipped one, whose size is not that of what is in it.
    let (plain, gzipped) = (dir.path().join("a.ndjson"), dir.path().join("a.ndjson.gz"));
    std::fs::write(&plain, (0..5).map(line).collect::<String>()).unwrap();
    let mut gzip = Vec::new();
    let plain = std::fs::read(plain).unwrap();
    let level = flate2::Compression::default();
    std::io::Read::read_to_end(
        &mut flate2::read::GzEncoder::new(&plain[..], level),
        &mut gzip,
    )
    .unwrap();
    std::fs::write(&gzipped, gzip).unwrap();
    let handler = Receiver::ok();
    run(&["replay", text(&gzipped), "--to", &handler.url]).success();
    assert_eq!(handler.all().len(), 5);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_while_nothing_comes_from_a_pipe() {
    use std::io::{BufRead, BufReader};
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo.ndjson");
    let made = std::process::Command::new("mkfifo")
        .arg(&fifo)
        .status()
        .unwrap();
    assert!(made.success());
    for (source, signals) in [
        ("-", &["-INT"][..]),
        ("-", &["-TERM"]),
        (text(&fifo), &["-INT"]),
    ] {
        let handler = Receiver::ok();
        let mut child = webhook_cli()
            .args(["replay", source, "--to", &handler.url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut writer: Box<dyn Write> = match source {
            "-" => Box::new(child.stdin.take().unwrap()),
            _ => Box::new(std::fs::OpenOptions::new().write(true).open(&fifo).unwrap()),
        };
        writer.write_all(line(1).as_bytes()).unwrap();
        handler.next();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut told = String::new();
        stdout.read_line(&mut told).unwrap();
        assert!(told.starts_with("200"), "{told}");
        for signal in signals {
            let id = child.id().to_string();
            assert!(
                std::process::Command::new("kill")
                    .args([*signal, id.as_str()])
                    .status()
                    .unwrap()
                    .success()
            );
        }
        assert_eq!(child.wait().unwrap().code(), Some(130));
        std::io::Read::read_to_string(&mut stdout, &mut told).unwrap();
        assert!(told.contains("1 delivery sent in "), "{told}");
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
        assert_eq!(said, "", "nothing was in flight");
        drop(writer);
    }
}

#[test]
fn a_target_on_this_machine_is_asked_once_and_the_reason_stands_with_the_first_attempt() {
    let (_dir, file) = recording(1);
    let no = "HTTP/1.1 503 No\r\ncontent-length: 9\r\n\r\nqueue off";
    let handler = Receiver::start(&[no]);
    let ran = run(&["replay", &file, "--to", &handler.url]);
    assert_eq!((ran.status, handler.all().len()), (1, 1));
    // Where it is retried, the response is shown with the first attempt, and again only if it is another.
    let other = "HTTP/1.1 503 No\r\ncontent-length: 3\r\n\r\noff";
    let handler = Receiver::start(&[no, no, other]);
    let args = [
        "replay",
        &file,
        "--to",
        &handler.url,
        "--retries",
        "2",
        "--backoff",
        "1ms",
    ];
    let told = run(&args).stdout;
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].starts_with("503") && lines[1].contains("failed: got status 503"),
        "{told}"
    );
    assert_eq!(lines[2], "  queue off", "{told}");
    assert_eq!(told.matches("queue off").count(), 1, "{told}");
    assert!(told.contains("\n  off\n"), "{told}");
}

/// What to try depends on why there was no answer, and stands below the failure on the same stream.
#[test]
fn a_failure_names_the_address_and_the_hint_fits_its_cause() {
    let (_dir, file) = recording(1);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}/x", silent.local_addr().unwrap());
    let closing = Receiver::start(&[""]);
    let plain = closing.url.replace("http", "https");
    for (target, failed, hint) in [
        (
            "127.0.0.1:1",
            "cannot connect to http://127.0.0.1:1/r/0: connection refused",
            "is your handler running?",
        ),
        (
            &silent,
            &*format!("no response from {silent} within 0.2 s"),
            "`--timeout`",
        ),
        (
            &closing.url,
            &*format!(
                "{}/r/0: the connection closed before a response",
                closing.url
            ),
            "handler's own log",
        ),
        (&plain, &*format!("{plain}/r/0: TLS: "), "`http://"),
        (
            "http://no-such-host.invalid",
            "http://no-such-host.invalid/r/0: cannot resolve no-such-host.invalid",
            "is the host spelled right?",
        ),
    ] {
        let args = [
            "replay",
            &file,
            "--yes",
            "--timeout",
            "200ms",
            "--to",
            target,
        ];
        let ran = run(&args);
        assert_eq!(ran.status, 4, "{ran:#?}");
        let at = |words: &str| ran.stdout.lines().position(|line| line.contains(words));
        let failed = at(&format!("failed: {failed}"));
        assert!(failed.is_some(), "{failed:?} {ran:#?}");
        assert!(failed < at(" hint: ") && at(hint).is_some(), "{ran:#?}");
        let is_refused = hint.contains("running");
        assert_eq!(
            ran.stdout.contains("is your handler running?"),
            is_refused,
            "{ran:#?}"
        );
        let ran = run(&[&args[..], &["--json", "--retries", "0"]].concat());
        assert!(ran.stderr.contains(" hint: "), "{ran:#?}");
        assert!(
            ran.lines()[0]["target"]
                .as_str()
                .unwrap()
                .starts_with("http")
        );
    }
}
