//! Shutdown of `listen`: requests in flight are answered, others are not, and a second signal quits at once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::{Listen, text};

/// A listener that records and then takes its time to answer.
fn slow(delay: &str, recording: &Path) -> Listen {
    Listen::start(&["--json", "--record", text(recording), "--delay", delay])
}

/// Sends a delivery and waits until it is recorded: from there on it is in flight.
fn begin(listener: &mut Listen, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", listener.port())).unwrap();
    let request = format!("POST /{number} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{{}}");
    stream.write_all(request.as_bytes()).unwrap();
    assert!(listener.line().contains("\"recorded\""));
    stream
}

fn lines(recording: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(recording).unwrap();
    assert!(text.ends_with('\n'));
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn what_is_in_flight_is_answered_and_nothing_more_is_taken() {
    for signal in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("all.ndjson");
        let mut listener = slow("1s", &recording);
        let mut idle = TcpStream::connect(("127.0.0.1", listener.port())).unwrap();
        let streams: Vec<_> = (0..30).map(|number| begin(&mut listener, number)).collect();
        let asked = Instant::now();
        listener.signal(signal);
        listener.said("finishing requests in flight");
        // It closes its door before it closes those who wait behind it.
        assert_eq!(idle.read(&mut [0]).unwrap(), 0);
        assert!(TcpStream::connect(("127.0.0.1", listener.port())).is_err());
        for mut stream in streams {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        let ran = listener.finish();
        assert_eq!(ran.status, 130);
        assert!(asked.elapsed() < Duration::from_secs(12));
        let summary = ran.lines().pop().unwrap();
        assert_eq!(
            (&summary["type"], &summary["deliveries"]),
            (&"summary".into(), &30.into())
        );
        assert_eq!(lines(&recording).len(), 30);
    }
}

#[test]
fn whoever_asks_twice_is_not_kept_waiting() {
    for (first, second) in [("-INT", "-INT"), ("-TERM", "-INT"), ("-INT", "-TERM")] {
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("all.ndjson");
        let mut listener = slow("1h", &recording);
        let streams: Vec<_> = (0..3).map(|number| begin(&mut listener, number)).collect();
        listener.signal(first);
        listener.said("finishing requests in flight");
        let asked = Instant::now();
        listener.signal(second);
        assert_eq!(listener.wait(), 130);
        assert!(asked.elapsed() < Duration::from_secs(3));
        let paths: Vec<_> = lines(&recording)
            .iter()
            .map(|it| it["request"]["path"].clone())
            .collect();
        assert_eq!(paths, ["/0", "/1", "/2"]);
        drop(streams);
    }
}

#[test]
fn where_nothing_is_in_flight_nothing_is_said_to_be() {
    let listener = Listen::start(&[]);
    let _idle = TcpStream::connect(("127.0.0.1", listener.port())).unwrap();
    crate::harness::post(listener.port(), "/", "connection: close\r\n", b"{}");
    listener.interrupt();
    let ran = listener.finish();
    assert_eq!((ran.status, ran.stderr.as_str()), (130, ""));
}
