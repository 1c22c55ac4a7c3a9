//! `replay --resume` after an interrupt: no delivery is skipped.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver as Inbox, Sender, channel};

use crate::harness::{Receiver, run, text, webhook_cli};

fn line(number: u32) -> String {
    format!(
        "{{\"fixture\":1,\"id\":\"e{number}\",\"request\":{{\"path\":\"/r/{number}\",\"body\":{{\"n\":{number}}}}}}}\n"
    )
}

fn recording(dir: &tempfile::TempDir, lines: u32) -> String {
    let file = dir.path().join("r.ndjson");
    std::fs::write(&file, (0..lines).map(line).collect::<String>()).unwrap();
    text(&file).to_owned()
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// A handler that serves several connections at once, and answers each request when it is told to.
struct Gate {
    url: String,
    came: Inbox<String>,
    answer: Sender<&'static str>,
}

impl Gate {
    /// One that answers at once.
    fn open() -> Gate {
        let gate = Gate::new();
        for _ in 0..100_000 {
            gate.answer.send(OK).unwrap();
        }
        gate
    }

    fn new() -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, came) = channel();
        let (answer, answers) = channel();
        let answers = std::sync::Arc::new(std::sync::Mutex::new(answers));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, sender, answers) = (stream.unwrap(), sender.clone(), answers.clone());
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(&stream);
                    loop {
                        let (mut head, mut length) = (String::new(), 0);
                        loop {
                            let mut line = String::new();
                            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                                return;
                            }
                            if let Some(value) = line.strip_prefix("content-length: ") {
                                length = value.trim().parse().unwrap();
                            }
                            if line == "\r\n" {
                                break;
                            }
                            head += &line;
                        }
                        let mut body = vec![0; length];
                        if reader.read_exact(&mut body).is_err() {
                            return;
                        }
                        let path = head.split(' ').nth(1).unwrap().to_owned();
                        if sender.send(path).is_err() {
                            return;
                        }
                        let Ok(answer) = answers.lock().unwrap().recv() else {
                            return;
                        };
                        let _ = (&stream).write_all(str::as_bytes(answer));
                    }
                });
            }
        });
        Gate { url, came, answer }
    }

    fn next(&self) -> String {
        self.came
            .recv_timeout(std::time::Duration::from_secs(20))
            .expect("a request should have come")
    }
}

fn start(args: &[&str]) -> Child {
    webhook_cli()
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Eight times killed in the middle, with a torn journal each time: all arrive, and twice only what was in flight.
#[test]
fn after_a_kill_at_most_what_was_in_flight_is_sent_twice() {
    const LINES: u32 = 3000;
    let dir = tempfile::tempdir().unwrap();
    let file = recording(&dir, LINES);
    for concurrency in [1u32, 4] {
        let journal = dir.path().join(format!("j{concurrency}"));
        let gate = Gate::open();
        let connections = concurrency.to_string();
        let args = [
            "replay",
            &file,
            "--to",
            &gate.url,
            "-c",
            &connections,
            "--resume",
            text(&journal),
        ];
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for kill in 0..8 {
            let mut child = start(&args);
            for _ in 0..10 + kill * 7 {
                *seen.entry(gate.next()).or_default() += 1;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            let mut torn = std::fs::OpenOptions::new()
                .append(true)
                .open(&journal)
                .unwrap();
            torn.write_all(b"2999 2999 0 9").unwrap();
        }
        let ran = run(&args).success();
        assert!(ran.stderr.contains("resuming after"), "{}", ran.stderr);
        for path in gate.came.try_iter() {
            *seen.entry(path).or_default() += 1;
        }
        assert_eq!(seen.len(), LINES as usize);
        let extra: u32 = seen.values().map(|times| times - 1).sum();
        assert!(
            extra <= 8 * concurrency,
            "{extra} were sent twice with {concurrency} connections"
        );
        // A run that is finished sends nothing.
        let ran = run(&args).success();
        assert!(ran.stdout.contains("0 deliveries sent"), "{}", ran.stdout);
        assert!(gate.came.try_recv().is_err());
    }
}

#[test]
fn an_interrupt_finishes_what_is_in_flight_and_nothing_is_doubled() {
    let dir = tempfile::tempdir().unwrap();
    let file = recording(&dir, 40);
    let journal = dir.path().join("j");
    let gate = Gate::new();
    let args = [
        "replay",
        &file,
        "--to",
        &gate.url,
        "-c",
        "3",
        "--resume",
        text(&journal),
    ];
    let mut child = start(&args);
    let mut seen: Vec<String> = (0..3).map(|_| gate.next()).collect();
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupt.success());
    // It says so once it has heard.
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert!(said.contains("finishing"), "{said}");
    for _ in 0..3 {
        gate.answer.send(OK).unwrap();
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    for _ in 3..40 {
        gate.answer.send(OK).unwrap();
    }
    let ran = run(&args).success();
    assert!(
        ran.stderr.contains("resuming after 3 already done"),
        "{}",
        ran.stderr
    );
    seen.extend(gate.came.try_iter());
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 40);
    assert!(ran.stdout.contains("37 deliveries sent"), "{}", ran.stdout);
}

#[test]
fn a_journal_knows_its_target_its_source_and_its_filters() {
    let dir = tempfile::tempdir().unwrap();
    let file = recording(&dir, 3);
    let journal = dir.path().join("j");
    let handler = Receiver::ok();
    let go = |extra: &[&str]| {
        let mut args = vec!["replay", "--resume", text(&journal)];
        args.extend(extra);
        run(&args)
    };
    go(&[&file, "--to", &handler.url]).success();
    assert_eq!(handler.all().len(), 3);
    let other = Receiver::ok();
    for (args, why) in [
        (
            &[file.as_str(), "--to", &other.url][..],
            "is the journal of a run to http://127.0.0.1",
        ),
        (
            &[&file, "--to", &handler.url, "--path", "/x"],
            "is the journal of a run to",
        ),
        (
            &[&file, "--to", &handler.url, "--limit", "1"],
            "sent other deliveries",
        ),
        (
            &[&file, "--to", &handler.url, "--shuffle"],
            "sent other deliveries",
        ),
        (&["fixtures/", "--to", &handler.url], "other sources"),
        (&["-", "--to", &handler.url], "stdin cannot be resumed"),
    ] {
        let ran = go(args);
        assert_eq!(ran.status, 2, "{ran:#?}");
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
    assert_eq!((handler.all().len(), other.all().len()), (0, 0));
    // A recording that has grown is still the same.
    let mut grown = std::fs::OpenOptions::new()
        .append(true)
        .open(&file)
        .unwrap();
    grown.write_all(line(3).as_bytes()).unwrap();
    go(&[&file, "--to", &handler.url]).success();
    assert_eq!(handler.next().line, "POST /r/3 HTTP/1.1");
    assert_eq!(handler.all().len(), 0);
}

#[test]
fn a_run_that_is_out_of_order_goes_on_in_its_own_disorder() {
    let dir = tempfile::tempdir().unwrap();
    let file = recording(&dir, 30);
    let journal = dir.path().join("j");
    let answers: Vec<&str> = std::iter::repeat_n(OK, 20)
        .chain(["HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", OK])
        .collect();
    let handler = Receiver::start(&answers);
    let args = [
        "replay",
        &file,
        "--to",
        &handler.url,
        "--shuffle",
        "--duplicate",
        "50%",
        "--drop",
        "10%",
        "--repeat",
        "2",
        "--resume",
        text(&journal),
    ];
    assert_eq!(run(&args).status, 1);
    let mut sent: Vec<String> = handler
        .all()
        .into_iter()
        .map(|request| request.line)
        .collect();
    assert_eq!(sent.len(), 21);
    let gone = sent.pop().unwrap();
    run(&args).success();
    let rest: Vec<String> = handler
        .all()
        .into_iter()
        .map(|request| request.line)
        .collect();
    // What was answered 410 is sent again: the run was ended there, not it.
    assert_eq!(rest[0], gone);
    sent.extend(rest);
    // The same seed, without a journal, sends the same; so nothing was left out and nothing came twice.
    let seed = std::fs::read_to_string(&journal)
        .unwrap()
        .split("\"seed\":")
        .nth(1)
        .unwrap()
        .split('}')
        .next()
        .unwrap()
        .to_owned();
    run(&[
        "replay",
        &file,
        "--to",
        &handler.url,
        "--shuffle",
        "--duplicate",
        "50%",
        "--drop",
        "10%",
        "--repeat",
        "2",
        "--seed",
        &seed,
    ])
    .success();
    let all: Vec<String> = handler
        .all()
        .into_iter()
        .map(|request| request.line)
        .collect();
    assert_eq!(sent, all);
    let ordered = (0..30).map(|number| format!("POST /r/{number} HTTP/1.1"));
    assert!(!all.iter().take(30).cloned().eq(ordered));
}

#[test]
fn what_was_refused_in_the_end_is_a_recording_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let file = recording(&dir, 4);
    let (failed, journal) = (dir.path().join("failed.ndjson"), dir.path().join("j"));
    let refuse = "HTTP/1.1 422 No\r\ncontent-length: 0\r\n\r\n";
    let busy = "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n";
    let handler = Receiver::start(&[OK, refuse, busy, busy, OK]);
    let ran = run(&[
        "replay",
        &file,
        "--to",
        &handler.url,
        "--retries",
        "1",
        "--backoff",
        "1ms",
        "--path",
        "/elsewhere",
        "--failed-to",
        text(&failed),
        "--resume",
        text(&journal),
    ]);
    assert_eq!(ran.status, 1, "{ran:#?}");
    assert_eq!(handler.all().len(), 5);
    // As they were recorded, at the paths recorded.
    run(&["replay", text(&failed), "--to", &handler.url]).success();
    assert_eq!(handler.next().line, "POST /r/1 HTTP/1.1");
    assert_eq!(handler.next().line, "POST /r/2 HTTP/1.1");
    assert_eq!(handler.all().len(), 0);
    // They are kept there, so the journal is done with them.
    run(&[
        "replay",
        &file,
        "--to",
        &handler.url,
        "--path",
        "/elsewhere",
        "--resume",
        text(&journal),
    ])
    .success();
    assert_eq!(handler.all().len(), 0);
}

#[test]
fn without_a_place_for_it_what_may_pass_is_sent_by_the_next_run() {
    let dir = tempfile::tempdir().unwrap();
    let file = recording(&dir, 3);
    let journal = dir.path().join("j");
    let handler = Receiver::start(&[
        "HTTP/1.1 422 No\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n",
        OK,
    ]);
    let args = [
        "replay",
        &file,
        "--to",
        &handler.url,
        "--retries",
        "0",
        "--resume",
        text(&journal),
    ];
    assert_eq!(run(&args).status, 1);
    assert_eq!(handler.all().len(), 3);
    let ran = run(&args).success();
    assert!(
        ran.stderr
            .contains("resuming after 2 already done, one of them rejected"),
        "{}",
        ran.stderr
    );
    assert_eq!(handler.next().line, "POST /r/1 HTTP/1.1");
    assert_eq!(handler.all().len(), 0);
}
