//! `replay` to faulty targets: time limits, retries by the rules, clean output.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::harness::{Ran, Receiver, run, text, webhook_cli};

fn recording(lines: u32) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    let line = |number| {
        format!(
            "{{\"fixture\":1,\"request\":{{\"path\":\"/r/{number}\",\"body\":{{\"n\":{number}}}}}}}\n"
        )
    };
    std::fs::write(&file, (0..lines).map(line).collect::<String>()).unwrap();
    let path = text(&file).to_owned();
    (dir, path)
}

fn replay(answers: &[&str], more: &[&str]) -> (Ran, Vec<String>) {
    let (_dir, file) = recording(1);
    let handler = Receiver::start(answers);
    let mut args = vec!["replay", &file, "--to", &handler.url];
    args.extend(["--backoff", "1ms", "--retries", "1", "--timeout", "5s"]);
    args.extend(more);
    let ran = run(&args);
    let came = handler
        .all()
        .into_iter()
        .map(|request| request.line)
        .collect();
    (ran, came)
}

#[test]
fn each_status_is_tried_again_or_final() {
    for (status, tries) in [
        (408, 2),
        (425, 2),
        (429, 2),
        (500, 2),
        (502, 2),
        (503, 2),
        (504, 2),
        (300, 1),
        (301, 1),
        (302, 1),
        (303, 1),
        (304, 1),
        (307, 1),
        (308, 1),
        (400, 1),
        (401, 1),
        (403, 1),
        (404, 1),
        (409, 1),
        (410, 1),
        (413, 1),
        (422, 1),
        (451, 1),
        (501, 1),
        (505, 1),
        (511, 1),
    ] {
        let length = if status == 304 {
            ""
        } else {
            "content-length: 0\r\n"
        };
        let answer = format!("HTTP/1.1 {status} X\r\n{length}location: http://192.0.2.1/x\r\n\r\n");
        let (ran, came) = replay(&[&answer], &[]);
        assert_eq!((ran.status, came.len()), (1, tries), "{status}: {ran:#?}");
    }
    for status in [200, 201, 202, 204, 299] {
        let length = if status == 204 {
            ""
        } else {
            "content-length: 0\r\n"
        };
        let (ran, came) = replay(&[&format!("HTTP/1.1 {status} X\r\n{length}\r\n")], &[]);
        assert_eq!((ran.status, came.len()), (0, 1), "{status}: {ran:#?}");
    }
}

#[test]
fn an_answer_that_is_none_is_tried_again_and_said() {
    let fields = "x-a: 1\r\n".repeat(5000);
    let large = format!("x-a: {}\r\n", "y".repeat(80 << 10));
    for (answer, said) in [
        ("", "closed before a response"),
        ("garbage\r\n\r\n", "not HTTP"),
        ("HTTP/1.1 2000 OK\r\n\r\n", "not HTTP"),
        ("SSH-2.0-OpenSSH_9.6\r\n", "not HTTP"),
        (&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"), "too large"),
        (&format!("HTTP/1.1 200 OK\r\n{large}\r\n"), "too large"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\nhalf",
            "in the middle of the response",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nzz\r\n",
            "",
        ),
    ] {
        let (ran, came) = replay(&[answer], &[]);
        assert_eq!((ran.status, came.len()), (4, 2), "{answer:.40}: {ran:#?}");
        assert!(
            ran.stdout.contains(said) && ran.stdout.contains("failed:"),
            "{answer:.40}: {ran:#?}"
        );
    }
}

#[test]
fn what_a_target_says_cannot_touch_the_terminal() {
    let evil = "HTTP/1.1 302 To\r\nlocation: http://x/\u{9b}31m\u{202e}\r\ncontent-length: 11\r\n\r\n\u{1b}]0;owned\u{7}!";
    for more in [
        &[][..],
        &["--json"],
        &["--report", "junit"],
        &["--report", "tap"],
    ] {
        let (ran, _) = replay(&[evil], more);
        for c in (ran.stdout.clone() + &ran.stderr).chars() {
            assert!(
                c == '\n' || !(c.is_control() || (c == '\u{202e}' && more != ["--json"])),
                "{c:?} in {ran:#?}"
            );
        }
    }
    let (ran, _) = replay(&[evil], &[]);
    assert!(ran.stdout.contains("which is not followed"), "{ran:#?}");
}

#[test]
fn a_switch_of_protocols_and_many_interim_answers_are_survived() {
    let (ran, came) = replay(
        &["HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"],
        &[],
    );
    assert!(ran.status != 0 && came.len() <= 2, "{ran:#?}");
    let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(50);
    let (ran, came) = replay(
        &[&format!(
            "{interim}HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        )],
        &[],
    );
    assert_eq!((ran.status, came.len()), (0, 1), "{ran:#?}");
}

/// A target that does to each connection what it is told to.
fn target(does: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || does(stream));
        }
    });
    url
}

fn read_head(stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) && !line.ends_with("\r\n\r\n") {}
}

#[test]
fn every_wait_has_an_end() {
    let (_dir, file) = recording(1);
    let never: fn(TcpStream) = |mut stream| {
        read_head(&stream);
        let _ = stream.read(&mut [0; 1]);
        let _ = stream.read(&mut [0; 1]);
        std::thread::park();
    };
    let endless: fn(TcpStream) = |mut stream| {
        read_head(&stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 64 << 10]).is_ok() {}
    };
    let drips: fn(TcpStream) = |mut stream| {
        read_head(&stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            std::thread::yield_now();
        }
    };
    for (does, wanted, said) in [
        (never, 4, "no response within"),
        (endless, 0, "200"),
        (drips, 0, "200"),
    ] {
        let url = target(does);
        let begun = std::time::Instant::now();
        let ran = run(&[
            "replay",
            &file,
            "--to",
            &url,
            "--timeout",
            "600ms",
            "--retries",
            "0",
        ]);
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(15),
            "{:?}",
            begun.elapsed()
        );
        // One that drips may be in time or not, but it ends.
        assert!(
            ran.status == wanted || (wanted == 0 && ran.status == 4),
            "{ran:#?}"
        );
        assert!(ran.stdout.contains(said) || ran.status == 4, "{ran:#?}");
    }
}

/// A body that the target does not read is given up too.
#[test]
fn a_target_that_does_not_read_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("big.json");
    std::fs::write(&file, format!("\"{}\"", "x".repeat(20 << 20))).unwrap();
    let url = target(|stream| {
        std::thread::park();
        drop(stream);
    });
    let ran = run(&[
        "replay",
        text(&file),
        "--to",
        &url,
        "--timeout",
        "500ms",
        "--retries",
        "0",
    ]);
    assert_eq!(ran.status, 4, "{ran:#?}");
    assert!(ran.stdout.contains("within 0.5 s"), "{ran:#?}");
}

#[test]
fn a_target_that_comes_back_is_waited_for_and_one_that_does_not_is_named() {
    let (_dir, file) = recording(2);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    let address = closed.local_addr().unwrap();
    drop(closed);
    let ran = run(&[
        "replay",
        &file,
        "--to",
        &url,
        "--retries",
        "1",
        "--backoff",
        "1ms",
    ]);
    assert_eq!(ran.status, 4);
    assert!(ran.stdout.contains("connection refused"), "{ran:#?}");

    let child = webhook_cli()
        .args([
            "replay",
            &file,
            "--to",
            &url,
            "--retries",
            "8",
            "--backoff",
            "100ms",
        ])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let listener = TcpListener::bind(address).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 65536]);
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    Ran::of(child.wait_with_output().unwrap()).success();
}

/// As many requests at once as were asked for, and never one more.
#[test]
fn never_more_at_once_than_asked_for() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let url = target(|mut stream| {
        loop {
            let mut reader = BufReader::new(&stream);
            let mut length = 0;
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 0) && line != "\r\n" {
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            if line.is_empty() {
                return;
            }
            let _ = reader.read_exact(&mut vec![0; length]);
            MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..200 {
                std::thread::yield_now();
            }
            NOW.fetch_sub(1, Ordering::SeqCst);
            if stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .is_err()
            {
                return;
            }
        }
    });
    let (_dir, file) = recording(200);
    run(&["replay", &file, "--to", &url, "-c", "5", "-q"]).success();
    let most = MOST.load(Ordering::SeqCst);
    assert!((2..=5).contains(&most), "{most} at once");
}

/// Files of others: what is good is sent, the rest is named with its line.
#[test]
fn odd_recordings_are_read_as_far_as_they_go() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    let good = "{\"fixture\":1,\"request\":{\"body\":{}}}";
    let deep = format!(
        "{{\"fixture\":1,\"request\":{{\"body\":{}}}}}",
        "[".repeat(200_000)
    );
    let host = "{\"fixture\":1,\"request\":{\"path\":\"http://192.0.2.1/x\",\"body\":{}}}";
    let split =
        "{\"fixture\":1,\"request\":{\"headers\":[[\"x-a\",\"1\\r\\nx-b: 2\"]],\"body\":{}}}";
    for (content, sent, status, said) in [
        (String::new(), 0, 1, "no deliveries in"),
        (format!("{good}\n{good}"), 2, 0, ""),
        (format!("\u{feff}{good}\r\n{good}\r\n"), 2, 0, ""),
        (
            format!("{good}\n\0\0\0\0"),
            1,
            0,
            "r.ndjson:2: the last line is unfinished",
        ),
        (
            format!("{good}\nnot json\n{good}\n"),
            2,
            3,
            "r.ndjson:2: line 2",
        ),
        (
            format!("{good}\n{deep}\n{good}\n"),
            2,
            3,
            "r.ndjson:2: line 2",
        ),
        (
            format!("{good}\n{host}\n{good}\n"),
            2,
            3,
            "r.ndjson:2: line 2",
        ),
        (format!("{good}\n{split}\n"), 1, 3, "r.ndjson:2: line 2"),
    ] {
        std::fs::write(&file, content).unwrap();
        let handler = Receiver::ok();
        let ran = run(&[
            "replay",
            text(&file),
            "--to",
            &handler.url,
            "--skip-broken",
            "--retries",
            "0",
        ]);
        assert_eq!(
            (handler.all().len(), ran.status),
            (sent, status),
            "{ran:#?}"
        );
        assert!(ran.stderr.contains(said), "{said}: {ran:#?}");
    }
    let bad = [
        good.as_bytes(),
        b"\n{\"fixture\":1,\"request\":{\"text\":\"\xff\"}}\n",
    ]
    .concat();
    std::fs::write(&file, bad).unwrap();
    let handler = Receiver::ok();
    let ran = run(&["replay", text(&file), "--to", &handler.url, "--skip-broken"]);
    assert_eq!((handler.all().len(), ran.status), (1, 3), "{ran:#?}");
}
