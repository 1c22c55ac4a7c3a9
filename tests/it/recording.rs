//! Durability of recordings: every acknowledged delivery is in the file, byte for byte. Tests with a failing disk or a
//! busy machine are in `tests/acceptance/listen_durability.py`.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use crate::harness::{Listen, Ran, Receiver, post, raw, run, text, webhook_cli};
use webhook_cli::webhook::{Fixture, RecordedLine};

/// The deliveries of a recording, each line of which is whole; answers to them are left out.
fn lines(path: &Path) -> Vec<Fixture> {
    let text = fs::read(path).unwrap();
    assert!(text.is_empty() || text.ends_with(b"\n"), "half a line");
    text.split_inclusive(|b| *b == b'\n')
        .filter_map(|line| {
            assert!(line.windows(10).any(|it| it == b"\"crc32c\":\""));
            let line = line.trim_ascii_end().to_vec().into();
            RecordedLine::delivery(&line, false).unwrap()
        })
        .collect()
}

fn body_of(fixture: &Fixture) -> String {
    String::from_utf8(fixture.delivery.body.to_vec()).unwrap()
}

/// Posts numbered bodies on one connection, several ahead of the answers, until it breaks; those that were answered.
fn pipeline(port: u16, name: &str, acknowledged: &mpsc::Sender<String>, stop: &AtomicBool) {
    const AHEAD: usize = 8;
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return;
    };
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let body = format!("{name}-{number}\n{}", "x".repeat(number % 3000));
        let request = format!(
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(request.as_bytes()).is_err() {
            return;
        }
        let Some(answered) = number.checked_sub(AHEAD) else {
            continue;
        };
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if !matches!(answers.read_line(&mut line), Ok(1..)) {
                return;
            }
            assert!(
                !line.starts_with("HTTP") || line.contains(" 200 "),
                "{line}"
            );
        }
        let _ = acknowledged.send(format!("{name}-{answered}"));
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill_whole_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.ndjson");
    let (sender, acknowledged) = mpsc::channel();
    let mut promised = Vec::new();
    for round in 0..4 {
        let mut listen = Listen::start(&["-q", "--record", text(&path)]);
        let port = listen.port();
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let (sender, stop) = (sender.clone(), Arc::clone(&stop));
                let name = format!("{round}-{client}");
                std::thread::spawn(move || pipeline(port, &name, &sender, &stop))
            })
            .collect();
        promised.extend(acknowledged.iter().take(200 + 37 * round));
        listen.kill();
        stop.store(true, Ordering::Relaxed);
        clients
            .into_iter()
            .for_each(|client| client.join().unwrap());
        promised.extend(acknowledged.try_iter());
    }
    // The last start mends what the last kill left.
    let listen = Listen::start(&["--record", text(&path), "--for", "1ms"]);
    listen.finish().success();
    let mut kept: HashMap<String, usize> = HashMap::new();
    for fixture in lines(&path) {
        let body = body_of(&fixture);
        let (id, filling) = body.split_once('\n').unwrap();
        let number: usize = id.rsplit('-').next().unwrap().parse().unwrap();
        assert_eq!(filling, "x".repeat(number % 3000));
        *kept.entry(id.to_owned()).or_default() += 1;
    }
    for id in &promised {
        assert_eq!(kept.get(id), Some(&1), "{id}");
    }
    assert!(promised.len() > 1000);
}

/// Bodies that somebody has been hurt by, or would be.
fn hostile() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        &b""[..],
        b" ",
        b"\r\n",
        b"{}",
        b" \t{\"a\" :\n [ 1 ]}\r\n\r\n",
        b"[1.0,1.10,1e2,1E400,-0,0.1e-7,123456789012345678901234567890]",
        b"{\"a\":1,\"a\":2,\"\":3,\"\":{}}",
        b"{\"fixture\":1,\"request\":{\"text\":\"x\"},\"crc32c\":\"00000000\"}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b"{\"a\":\"\x00\"}",
        b"[\"\\u0000\\ud800\\udead\\uD83D\\uDE00\"]",
        b"[\"\x7f\xc2\x85\xe2\x80\xa8\xe2\x80\xae\"]",
        b"[\"\xc3\x28\"]",
        b"{\"a\":1}}",
        b"[1,]",
        b"nul",
        b"NaN",
        b"'a'",
        b"{\"crc32c\":\"",
        b"\",\"crc32c\":\"00000000\"}",
        b"a=1&b=%00&c=+%2B&d",
        b"line\nbreak\rand\x0b\x0c\x1b[31m",
        b"\\",
        b"\"\\\"\"",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    bodies.push((0..=255).collect());
    for depth in [127, 128, 129, 1000, 200_000] {
        bodies.push([b"[".repeat(depth), b"]".repeat(depth)].concat());
        bodies.push(b"{\"a\":".repeat(depth));
    }
    bodies.push(b"{\"\xe2\x98\x83\": [1, 2]}\n".repeat(150_000));
    bodies.push([&b"\""[..], &b"\\\"\\n".repeat(800_000), b"\""].concat());
    bodies.push((0..3_000_000_u32).map(|n| ((n * 7) >> 3) as u8).collect());
    bodies.push(vec![0; 300_000]);
    bodies
}

#[test]
fn every_body_comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let bodies = hostile();
    for name in ["r.ndjson", "folder"] {
        let path = dir.path().join(name);
        let count = bodies.len().to_string();
        let listen = Listen::start(&["-q", "-n", &count, "--record", text(&path)]);
        for body in &bodies {
            let answer = post(
                listen.port(),
                "/",
                "content-type: application/json\r\n",
                body,
            );
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        listen.finish().success();
        let handler = Receiver::ok();
        run(&["replay", text(&path), "--to", &handler.url]).success();
        let came = handler.all();
        assert_eq!(came.len(), bodies.len());
        for (number, (request, body)) in came.iter().zip(&bodies).enumerate() {
            assert!(request.body == *body, "{name}: body {number} differs");
        }
    }
}

#[test]
fn fields_and_targets_come_back_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let long = format!("/{}", "a".repeat(8000));
    let paths = [
        "/?a=%00%ff&b=[]",
        "/a//b/../c?x=1&x=2&&=",
        "/%2e%2E/?",
        "/a?b?c|d",
        &long,
    ];
    for name in ["r.ndjson", "folder"] {
        let path = dir.path().join(name);
        let count = paths.len().to_string();
        let listen = Listen::start(&["-q", "-n", &count, "--record", text(&path)]);
        let fields = b"x-b: 1\r\nX-A: 2\r\nx-B: 3\r\nX-Odd: \xe9\xff \"\\\r\nContent-Encoding: gzip\r\nx-empty:\r\n\
            connection: close, x-hop\r\nx-hop: 1\r\nte: trailers\r\nx-b: 4\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00";
        for path in paths {
            let head = format!("PUT {path} HTTP/1.1\r\nhost: here\r\n");
            let answer = raw(listen.port(), &[head.as_bytes(), fields].concat());
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        listen.finish().success();
        let handler = Receiver::ok();
        run(&["replay", text(&path), "--to", &handler.url]).success();
        for (request, path) in handler.all().iter().zip(paths) {
            assert_eq!(request.line, format!("PUT {path} HTTP/1.1"));
            let values = |name: &str| -> Vec<&str> {
                let of = |it: &&(String, String)| it.0.eq_ignore_ascii_case(name);
                request
                    .headers
                    .iter()
                    .filter(of)
                    .map(|it| it.1.as_str())
                    .collect()
            };
            assert_eq!(values("x-b"), ["1", "3", "4"]);
            assert_eq!(values("x-a"), ["2"]);
            assert_eq!(values("x-odd"), ["\u{fffd}\u{fffd} \"\\"]);
            assert_eq!(values("x-empty"), [""]);
            assert_eq!(values("content-encoding"), ["gzip"]);
            assert_eq!(
                values("host"),
                [handler.url.strip_prefix("http://").unwrap()]
            );
            assert!(values("x-hop").is_empty() && values("te").is_empty());
            assert_eq!(request.body, b"\x1f\x8b\x08\x00");
        }
    }
}

#[test]
fn a_recording_has_one_listener_and_the_lock_dies_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.ndjson");
    let mut first = Listen::start(&["--record", text(&path)]);
    let second = run(&[
        "listen",
        "--port",
        "0",
        "--for",
        "1s",
        "--record",
        text(&path),
    ]);
    assert_eq!(second.status, 2);
    assert!(
        second.stderr.contains("another listener records into it"),
        "{}",
        second.stderr
    );
    assert!(post(first.port(), "/", "", b"1").starts_with("HTTP/1.1 200"));
    first.kill();
    Listen::start(&["--record", text(&path), "--for", "1ms"])
        .finish()
        .success();
    assert_eq!(lines(&path).len(), 1);
}

#[test]
fn where_it_cannot_record_it_does_not_listen() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&dir.path().join(name)).to_owned();
    fs::create_dir(at("folder.ndjson")).unwrap();
    let mut refused = vec![at("none/r.ndjson"), at("folder.ndjson")];
    if cfg!(target_os = "linux") {
        let made = Command::new("mkfifo")
            .arg(at("fifo.ndjson"))
            .status()
            .unwrap();
        assert!(made.success());
        std::os::unix::fs::symlink("/dev/full", at("full.ndjson")).unwrap();
        std::os::unix::fs::symlink(at("nothing"), at("dangling.ndjson")).unwrap();
        std::os::unix::fs::symlink(at("nothing"), at("dangling")).unwrap();
        for name in ["fifo.ndjson", "full.ndjson", "dangling.ndjson", "dangling"] {
            refused.push(at(name));
        }
        refused.extend(["/proc/r.ndjson", "/proc/r", "/dev/full", "/proc"].map(str::to_owned));
    }
    for path in refused {
        let ran = run(&["listen", "--port", "0", "--for", "1s", "--record", &path]);
        assert_eq!(ran.status, 2, "{path}: {ran:?}");
        assert!(ran.stderr.contains(&format!("`{path}`")), "{}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
    assert!(!dir.path().join("nothing").exists());
}

/// A listener that is started by a shell, which can do what a test must not.
#[cfg(unix)]
fn listen_after(words: &str, args: &[&str]) -> Listen {
    Listen::start_with(args, |command| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("{words}; exec \"$0\" \"$@\"")])
            .arg(command.get_program())
            .args(command.get_args())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        *command = shell;
        command
    })
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_a_recording_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    for umask in ["000", "022", "077"] {
        let dir = tempfile::tempdir().unwrap();
        for name in ["r.ndjson", "folder"] {
            let path = dir.path().join(name);
            let listen = listen_after(
                &format!("umask {umask}"),
                &["-n", "1", "--record", text(&path)],
            );
            post(listen.port(), "/", "", b"1");
            listen.finish().success();
            let mut paths = vec![path.clone()];
            if path.is_dir() {
                paths.extend(
                    fs::read_dir(&path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
                assert_eq!(paths.len(), 3);
            }
            for path in paths {
                let mode = fs::metadata(&path).unwrap().permissions().mode();
                assert_eq!(mode & 0o077, 0, "{}", path.display());
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_is_answered_507_and_not_died_of() {
    for name in ["r.ndjson", "folder"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        // In units of 512 or 1024 bytes, as the shell likes.
        let mut listen = listen_after("ulimit -f 16", &["-q", "--record", text(&path)]);
        let mut kept = Vec::new();
        let mut refused = 0;
        for number in 0..60 {
            let size = if path.extension().is_some() {
                700
            } else {
                500 * number
            };
            let body = format!("{number}\n{}", "x".repeat(size));
            let answer = post(listen.port(), "/", "", body.as_bytes());
            match answer.get(9..12) {
                Some("200") => kept.push(body),
                Some("507") => refused += 1,
                _ => panic!("{answer}"),
            }
        }
        assert!(
            kept.len() > 5 && refused > 5,
            "{} kept, {refused} refused",
            kept.len()
        );
        listen.interrupt();
        assert_eq!(listen.wait(), 130);
        let bodies: Vec<String> = if path.is_dir() {
            let files = fs::read_dir(&path)
                .unwrap()
                .map(|entry| entry.unwrap().path());
            let mut files: Vec<_> = files
                .filter(|it| it.extension().is_some_and(|it| it == "json"))
                .collect();
            files.sort();
            files
                .iter()
                .map(|it| body_of(&Fixture::read(&fs::read(it).unwrap()).unwrap()))
                .collect()
        } else {
            lines(&path).iter().map(body_of).collect()
        };
        assert_eq!(bodies, kept);
    }
}

#[test]
fn what_was_acknowledged_is_in_the_old_file_or_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let (path, moved) = (dir.path().join("r.ndjson"), dir.path().join("old.ndjson"));
    for sync in ["always", "interval", "none"] {
        let listen = Listen::start(&["-n", "4", "--sync", sync, "--record", text(&path)]);
        let post = |body: &str| {
            let answer = post(listen.port(), "/", "", body.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        };
        post("1");
        fs::rename(&path, &moved).unwrap();
        post("2");
        post("3");
        fs::remove_file(&moved).unwrap();
        post("4");
        let ran = listen.finish().success();
        assert!(
            ran.stderr.contains("it was deleted, and begins anew"),
            "{}",
            ran.stderr
        );
        let kept: Vec<_> = lines(&path).iter().map(body_of).collect();
        assert_eq!(kept.last().map(String::as_str), Some("4"));
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn at_the_end_everything_is_on_disk_however_it_is_synced() {
    let dir = tempfile::tempdir().unwrap();
    for sync in ["interval", "none"] {
        for name in ["r.ndjson", "folder"] {
            let path = dir.path().join(format!("{sync}-{name}"));
            let mut listen = Listen::start(&["-q", "--sync", sync, "--record", text(&path)]);
            for number in 0..50 {
                let answer = post(listen.port(), "/", "", format!("{number}").as_bytes());
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            }
            listen.interrupt();
            assert_eq!(listen.wait(), 130);
            let kept = match path.is_dir() {
                true => fs::read_dir(&path).unwrap().count() - 1,
                false => lines(&path).len(),
            };
            assert_eq!(kept, 50, "{sync} {name}");
        }
    }
}

#[test]
fn a_sender_that_hangs_up_stops_neither_recording_nor_forwarding() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.ndjson");
    // One connection each, so that those at the same time do not wait for each other.
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let handler = Receiver::start(&[answer]);
    let listen = Listen::start(&[
        "-n",
        "20",
        "--record",
        text(&path),
        "--forward-to",
        &handler.url,
    ]);
    for number in 0..20 {
        // Cut off in the body: it never happened.
        let mut stream = TcpStream::connect(("127.0.0.1", listen.port())).unwrap();
        stream
            .write_all(b"POST /cut HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf")
            .unwrap();
        drop(stream);
        // Gone after the last byte: it did.
        let mut stream = TcpStream::connect(("127.0.0.1", listen.port())).unwrap();
        write!(
            stream,
            "POST /whole HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{number:02}"
        )
        .unwrap();
        drop(stream);
    }
    listen.finish().success();
    let mut kept: Vec<_> = lines(&path).iter().map(body_of).collect();
    let mut forwarded: Vec<_> = handler
        .all()
        .into_iter()
        .map(|request| {
            assert!(request.line.starts_with("POST /whole "), "{}", request.line);
            String::from_utf8(request.body).unwrap()
        })
        .collect();
    let wanted: Vec<_> = (0..20).map(|number| format!("{number:02}")).collect();
    kept.sort();
    forwarded.sort();
    assert_eq!(kept, wanted);
    assert_eq!(forwarded, wanted);
}

#[test]
fn a_flipped_bit_is_noticed_and_said_and_the_rest_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.ndjson");
    let listen = Listen::start(&["-n", "3", "--record", text(&path)]);
    for body in ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"] {
        post(listen.port(), "/", "", body.as_bytes());
    }
    listen.finish().success();
    let whole = fs::read_to_string(&path).unwrap();
    let flipped = whole.replace("{\"n\":2}", "{\"n\":3}");
    fs::write(&path, &flipped).unwrap();
    let handler = Receiver::ok();
    let ran = run(&["replay", text(&path), "--to", &handler.url]);
    assert_eq!(ran.status, 3);
    assert!(
        ran.stderr.contains("r.ndjson:2") && ran.stderr.contains("checksum"),
        "{}",
        ran.stderr
    );
    // Whoever changed it is told how to have it taken as it is.
    let flag = "`--edited` takes changed lines as they are";
    let member = "so does deleting the line's last member, `crc32c`";
    assert!(
        ran.stderr.contains(flag) && ran.stderr.contains(member),
        "{}",
        ran.stderr
    );
    while !handler.all().is_empty() {}
    run(&["replay", text(&path), "--edited", "--to", &handler.url]).success();
    let bodies: Vec<_> = handler.all().into_iter().map(|it| it.body).collect();
    assert_eq!(bodies, [b"{\"n\":1}", b"{\"n\":3}", b"{\"n\":3}"]);
    // A listener that goes on in it leaves it as it is.
    Listen::start(&["--record", text(&path), "--for", "1ms"])
        .finish()
        .success();
    assert_eq!(fs::read_to_string(&path).unwrap(), flipped);
}

#[test]
fn what_is_redacted_is_nowhere_on_disk_and_the_same_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let record = |name: &str, home: &Path| -> (String, Ran) {
        let path = dir.path().join(name);
        let args = ["-n", "2", "--redact", "--record", text(&path)];
        let listen = Listen::start_with(&args, |command| {
            command.env("HOME", home).env_remove("XDG_STATE_HOME")
        });
        let fields = "authorization: Bearer s3cr3t-0123456789\r\nx-forwarded-for: 198.51.100.7\r\n";
        let json =
            b"[ {\"email\": \"ada@example.com\", \"ip\": \"198.51.100.7\", \"n\": 1.10} ]\r\n";
        post(listen.port(), "/?e=ada%40example.com", fields, json);
        let form = "content-type: application/x-www-form-urlencoded\r\n";
        post(
            listen.port(),
            "/",
            form,
            b"to=ada%40example.com&ip=198.51.100.7&token=s3cr3t-0123456789",
        );
        let ran = listen.finish().success();
        let text = fs::read_to_string(&path).unwrap();
        // Not `ada` alone: a checksum in hexadecimal may have these letters.
        for left in ["ada@", "ada%40", "198.51.100.7", "s3cr3t"] {
            assert!(!text.contains(left), "{left} in {text}");
        }
        (text, ran)
    };
    let bodies = |text: &str| -> Vec<String> {
        let lines = text.lines();
        lines
            .map(|line| body_of(&Fixture::read_line(line.as_bytes()).unwrap()))
            .collect()
    };
    let (first, _) = record("1.ndjson", dir.path());
    let (second, _) = record("2.ndjson", dir.path());
    assert_eq!(bodies(&first), bodies(&second));
    let json = &bodies(&first)[0];
    assert!(
        json.starts_with("[ {\"email\": \"redacted-") && json.ends_with("\", \"n\": 1.10} ]\r\n"),
        "{json}"
    );
    let name = &json[13..32];
    assert_eq!(first.matches(name).count(), 3, "{name} in {first}");
    // Without a place for the key it is another one each time, and that is said.
    let nowhere = dir.path().join("1.ndjson");
    let (third, ran) = record("3.ndjson", &nowhere);
    assert_ne!(bodies(&first), bodies(&third));
    assert!(ran.stderr.contains("of this run alone"), "{}", ran.stderr);

    let handler = Receiver::ok();
    let replayed = run(&[
        "replay",
        text(&dir.path().join("1.ndjson")),
        "--to",
        &handler.url,
    ])
    .success();
    assert_eq!(
        replayed.stderr.matches("recorded with `--redact`").count(),
        1,
        "{}",
        replayed.stderr
    );
    let resigned = run(&[
        "replay",
        text(&dir.path().join("1.ndjson")),
        "--to",
        &handler.url,
        "--resign",
    ]);
    assert!(!resigned.stderr.contains("--redact"), "{}", resigned.stderr);
}

#[test]
fn how_to_record_needs_a_recording() {
    for words in [&["--sync", "none"][..], &["--redact"]] {
        let ran = Ran::of(webhook_cli().arg("listen").args(words).output().unwrap());
        assert_eq!(ran.status, 2);
        assert!(ran.stderr.contains("--record"), "{}", ran.stderr);
    }
}

#[test]
fn a_stream_of_large_bodies_is_a_line_each() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.ndjson");
    let listen = Listen::start(&["-q", "-n", "60", "--record", text(&path)]);
    let body = "line\n\"quoted\"\0\r\n".repeat(200_000 / 16);
    let mut stream = TcpStream::connect(("127.0.0.1", listen.port())).unwrap();
    for _ in 0..60 {
        write!(
            stream,
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    }
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 60);
    listen.finish().success();
    let lines = lines(&path);
    assert_eq!(lines.len(), 60);
    assert!(lines.iter().all(|fixture| fixture.delivery.body == body));
}

/// What the recorder makes of bodies counts in the memory that all of them may take together.
#[cfg(target_os = "linux")]
#[test]
fn many_large_bodies_at_once_do_not_take_more_memory_for_being_recorded() {
    let handler = Receiver::ok();
    let cases = [
        &["-q"][..],
        &["--json"],
        &["-q", "--redact", "--sync", "interval"],
        &["--json", "--ack-always", "--forward-to", &handler.url],
    ];
    for args in cases {
        // A file for each: a long one is read before it is appended to.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let peak = peak_of_many_large_bodies(&[args, &["--record", text(&path)]].concat());
        // The bodies, the program itself, and what waits to be printed.
        assert!(peak < 256 + 32, "{args:?}: {peak} MiB");
    }
    let peak = peak_of_many_large_bodies(&["--json"]);
    assert!(peak < 256 + 32, "{peak} MiB");
}

/// Most memory that a listener had while it took large bodies from many connections at once, in MiB.
#[cfg(target_os = "linux")]
fn peak_of_many_large_bodies(args: &[&str]) -> u64 {
    let mut listen = Listen::start(args);
    let mut stdout = listen.take_stdout();
    std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    let port = listen.port();
    // Binary, so that it is larger in the recording; the connections are there at once.
    let body = std::sync::Arc::new(
        [
            &[0xff; 100][..],
            b" ada@example.com ",
            &vec![b'x'; 24 << 20],
        ]
        .concat(),
    );
    let senders: Vec<_> = (0..12)
        .map(|_| {
            let body = std::sync::Arc::clone(&body);
            std::thread::spawn(move || post(port, "/", "connection: close\r\n", &body))
        })
        .collect();
    for sender in senders {
        let answer = sender.join().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let status = fs::read_to_string(format!("/proc/{}/status", listen.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    peak >> 10
}
