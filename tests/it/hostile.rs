//! HTTP/1.1 attacks on the listener, byte by byte: a smuggled request must be neither answered, recorded nor forwarded
//! to the handler behind it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::{Listen, Receiver, Request, text};

/// Behind everything that must not get through.
const SMUGGLED: &[u8] = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";

/// A listener with a recording, and the handler behind it.
struct House {
    listener: Listen,
    handler: Receiver,
    recording: tempfile::TempDir,
}

impl House {
    fn open() -> House {
        let handler = Receiver::ok();
        let recording = tempfile::tempdir().unwrap();
        let file = recording.path().join("all.ndjson");
        let listener = Listen::start(&[
            "--json",
            "--forward-to",
            &handler.url,
            "--record",
            text(&file),
            "--sync",
            "none",
            "--max-body",
            "32KiB",
        ]);
        House {
            listener,
            handler,
            recording,
        }
    }

    /// Sends these bytes and gives all that comes back. Without `ends`, it is the listener that must close.
    #[track_caller]
    fn say(&self, bytes: &[u8], ends: bool) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.listener.port())).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        // It may close while it is told.
        let _ = stream.write_all(bytes);
        if ends {
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("not closed: {}", bytes.escape_ascii())
            }
            // A reset is as good.
            _ => String::from_utf8_lossy(&answer).into_owned(),
        }
    }

    /// What came through, by its path, is exactly this: at the handler, in the recording, and told.
    fn had(self, paths: &[&str]) -> Vec<Request> {
        self.listener.interrupt();
        let told = self.listener.finish();
        let file = self.recording.path().join("all.ndjson");
        let recorded = std::fs::read_to_string(file).unwrap_or_default();
        let requests = self.handler.all();
        let at_handler: Vec<_> = requests
            .iter()
            .map(|request| request.line.split(' ').nth(1).unwrap().to_owned())
            .collect();
        let of = |lines: Vec<serde_json::Value>, path: &str| -> Vec<String> {
            let paths = lines.iter().filter_map(|line| line.pointer(path)?.as_str());
            paths.map(str::to_owned).collect()
        };
        let recorded = recorded
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        assert_eq!(at_handler, paths, "at the handler");
        assert_eq!(of(recorded.collect(), "/request/path"), paths, "recorded");
        assert_eq!(of(told.lines(), "/path"), paths, "told");
        requests
    }
}

fn post(fields: &str, body: &[u8]) -> Vec<u8> {
    [
        format!("POST /bad HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n").as_bytes(),
        body,
    ]
    .concat()
}

/// Everything of these must be refused, and the connection closed.
#[track_caller]
fn refuses(requests: impl IntoIterator<Item = Vec<u8>>) {
    let house = House::open();
    let mut failures = Vec::new();
    for request in requests {
        let answer = house.say(&[&request[..], SMUGGLED].concat(), false);
        let refused = answer.is_empty()
            || answer.starts_with("HTTP/1.1 4")
            || answer.starts_with("HTTP/1.1 501")
            || answer.starts_with("HTTP/1.1 505")
            || answer.starts_with("HTTP/1.0 4");
        if !refused || answer.matches("HTTP/1.").count() > 1 {
            failures.push(format!(
                "{}\n  -> {}",
                request.escape_ascii(),
                answer.escape_debug()
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let fine = house.say(
        b"GET /good HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        false,
    );
    assert!(fine.starts_with("HTTP/1.1 200"), "{fine}");
    house.had(&["/good"]);
}

#[test]
fn odd_forms_that_are_valid_arrive_whole() {
    let house = House::open();
    let mut wanted = Vec::new();
    let chunked = "Transfer-Encoding: chunked";
    for (start, fields, body, arrived) in [
        ("GET /v01", "Host: h", "", ""),
        (
            "POST /v02",
            "Host: h\r\nContent-Length: 5",
            "hello",
            "hello",
        ),
        (
            "POST /v03",
            "Host: h\r\nContent-Length: 0005",
            "hello",
            "hello",
        ),
        ("POST /v04", "Host: h\r\nContent-Length: 0", "", ""),
        ("POST /v05", "Host: h\r\ncOnTeNt-LeNgTh:5", "hello", "hello"),
        (
            "POST /v06",
            "Host: h\r\nContent-Length: \t 5 \t",
            "hello",
            "hello",
        ),
        (
            "POST /v07",
            &format!("Host: h\r\n{chunked}"),
            "5\r\nhello\r\n0\r\n\r\n",
            "hello",
        ),
        (
            "POST /v08",
            &format!("Host: h\r\n{chunked}"),
            "2\r\nhe\r\n003\r\nllo\r\n000\r\n\r\n",
            "hello",
        ),
        (
            "POST /v09",
            &format!("Host: h\r\n{chunked}"),
            "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
            "01234567890123456789",
        ),
        (
            "POST /v10",
            &format!("Host: h\r\n{chunked}"),
            "5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n",
            "hello",
        ),
        (
            "POST /v11",
            &format!("Host: h\r\n{chunked}\r\nTrailer: x-t"),
            "5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
            "hello",
        ),
        (
            "POST /v12",
            "Host: h\r\nTransfer-Encoding: CHUNKED",
            "5\r\nhello\r\n0\r\n\r\n",
            "hello",
        ),
        ("PURGE /v13", "Host: h", "", ""),
        ("GET /v14?a=%00%ff&b=[]|{}'", "Host: h", "", ""),
        ("GET //v15/../x", "Host: h", "", ""),
        ("\r\nGET /v16", "Host: h", "", ""),
        (
            "GET /v17",
            "HOST:h\r\nX-Empty:\r\n!#$%&'*+-.^_`|~: odd",
            "",
            "",
        ),
        ("GET /v18", "Host: [::1]:8080", "", ""),
        (
            "POST /v19",
            "Host: h\r\nContent-Length: 5\r\nExpect: 100-continue",
            "hello",
            "hello",
        ),
        (
            "POST /v20",
            "Host: h\r\nContent-Length: 5\r\nContent-Encoding: gzip",
            "\x1f\u{b}no!",
            "\x1f\u{b}no!",
        ),
    ] {
        let request = format!(
            "{start} HTTP/1.1\r\n{fields}\r\nConnection: close\r\nX-A: 1\r\nx-a: 2\r\n\r\n{body}"
        );
        let answer = house.say(request.as_bytes(), false);
        let answer = answer
            .strip_prefix("HTTP/1.1 100 Continue\r\n\r\n")
            .unwrap_or(&answer);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer} for {start}");
        wanted.push((start.split(' ').nth(1).unwrap().to_owned(), arrived));
    }
    // Without Host in HTTP/1.0, with bytes that are no text in a field, and in the form that is meant for proxies.
    for (request, path) in [
        (&b"GET /v21 HTTP/1.0\r\nX-A: 1\r\nX-A: 2\r\n\r\n"[..], "/v21"),
        (b"GET /v22 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-A: 2\r\nConnection: close\r\nX-B: \xff\x80\r\n\r\n", "/v22"),
        (b"GET http://h/v23 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-A: 2\r\nConnection: close\r\n\r\n", "/v23"),
        (b"GET http://elsewhere.invalid/v24 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-A: 2\r\nConnection: close\r\n\r\n", "/v24"),
    ] {
        let answer = house.say(request, false);
        assert!(answer.starts_with("HTTP/1."), "{answer}");
        assert!(answer.get(8..).unwrap().starts_with(" 200"), "{answer}");
        wanted.push((path.into(), ""));
    }
    let paths: Vec<_> = wanted.iter().map(|(path, _)| path.as_str()).collect();
    for (request, (path, body)) in house.had(&paths).iter().zip(&wanted) {
        assert_eq!(String::from_utf8_lossy(&request.body), *body, "{path}");
        let twice: Vec<_> = request
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("x-a"))
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(twice, ["1", "2"], "{path}");
    }
}

#[test]
fn many_requests_in_one_breath_are_answered_one_by_one() {
    let house = House::open();
    let breath: String = (0..5)
        .map(|number| format!("POST /{number} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"))
        .collect();
    // Half closed behind the last.
    let answers = house.say(breath.as_bytes(), true);
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 5, "{answers}");
    house.had(&["/0", "/1", "/2", "/3", "/4"]);
}

#[test]
fn a_length_that_is_none_is_refused() {
    refuses(
        [
            "-1",
            "+5",
            "5 5",
            "5,6",
            "5, 6",
            "0x5",
            "5.0",
            "",
            "5a",
            "1e1",
            "\"5\"",
            "5;",
            "five",
            "18446744073709551616",
            "99999999999999999999999",
            "5,",
            "\u{a0}5",
            "5\x0b",
        ]
        .map(|length| post(&format!("Content-Length: {length}"), b"hello"))
        .into_iter()
        .chain([
            post("Content-Length: 5\r\nContent-Length: 6", b"hello"),
            post("Content-Length: 5\r\nContent-Length:", b"hello"),
            post("Content-Length : 5", b"hello"),
            post("Content_Length: 5\r\nContent-Length: x", b"hello"),
        ]),
    );
}

#[test]
fn a_coding_that_is_none_is_refused() {
    let chunks = b"5\r\nhello\r\n0\r\n\r\n";
    refuses(
        [
            "gzip",
            "gzip, chunked",
            "chunked, gzip",
            "chunked, chunked",
            "chunke",
            "xchunked",
            "chunked;q=1",
            "\"chunked\"",
            "identity",
            "chunked\x0b",
            "chunked,",
            ", chunked",
            "chunked\0",
            "chun ked",
            "",
            "chunked identity",
        ]
        .map(|coding| post(&format!("Transfer-Encoding: {coding}"), chunks))
        .into_iter()
        .chain([
            post(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                chunks,
            ),
            post(
                "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
                chunks,
            ),
            post("Transfer-Encoding : chunked", chunks),
            post("Transfer-Encoding\t: chunked", chunks),
            post(" Transfer-Encoding: chunked", chunks),
            post("X: y\r\n Transfer-Encoding: chunked", chunks),
            post("Transfer-Encoding:\r\n chunked", chunks),
            [
                b"POST /bad HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
                &chunks[..],
            ]
            .concat(),
        ]),
    );
}

/// hyper takes the length away where both are given, so that it cannot be refused; what is left is one framing, and the
/// end of the connection (RFC 9112, 6.3).
#[test]
fn of_both_framings_the_chunks_count_and_it_closes() {
    let house = House::open();
    let (length, chunked) = ("Content-Length: 5", "Transfer-Encoding: chunked");
    let (none, five) = ("0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n");
    for (fields, chunks) in [
        (format!("{length}\r\n{chunked}"), none),
        (format!("{chunked}\r\n{length}"), none),
        (format!("{chunked}\r\nContent-Length: 0"), five),
        (format!("Content-Length: 0\r\n{chunked}"), five),
        (format!("{length}\r\nX: y\r\n{chunked}\r\n{length}"), none),
    ] {
        let request = [&post(&fields, chunks.as_bytes())[..], SMUGGLED].concat();
        let answer = house.say(&request, false);
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
    for (request, length) in house.had(&["/bad"; 5]).iter().zip([0, 0, 5, 5, 0]) {
        assert_eq!(request.body.len(), length);
        assert_eq!(request.header("transfer-encoding"), None);
        let lengths = request.headers.iter();
        let lengths = lengths.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        assert!(lengths.count() <= 1, "{request:?}");
    }
}

#[test]
fn chunks_that_are_none_are_refused() {
    let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(20_000));
    let trailers = format!("0\r\n{}\r\n", "x: y\r\n".repeat(2_000));
    refuses(
        [
            "zz\r\nhello\r\n0\r\n\r\n",
            "-5\r\nhello\r\n0\r\n\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "\r\nhello\r\n0\r\n\r\n",
            ";a\r\nhello\r\n0\r\n\r\n",
            "5_0\r\nhello\r\n0\r\n\r\n",
            "5\r\nhelloo\r\n0\r\n\r\n",
            "5\r\nhello0\r\n\r\n",
            "6\r\nhello\r\n0\r\n\r\n",
            "5\rhello\r\n0\r\n\r\n",
            "5\r\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5\r\nhello\r0\r\n\r\n",
            "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
            "10000000000000005\r\nhello\r\n0\r\n\r\n",
            "5,\r\nhello\r\n0\r\n\r\n",
            "5;a\nb\r\nhello\r\n0\r\n\r\n",
            "5 5\r\nhello\r\n0\r\n\r\n",
            "0\r\nbad trailer\r\n\r\n",
            "0\r\nx\0y: z\r\n\r\n",
            "0\r\n folded: z\r\n\r\n",
            &long,
            &trailers,
        ]
        .map(|body| post("Transfer-Encoding: chunked", body.as_bytes())),
    );
}

#[test]
fn a_head_that_is_none_is_refused() {
    refuses(
        [
            // Fields.
            &b"X: a\0b"[..],
            b"X: a\rb",
            b"X: a\r",
            b"X\0: b",
            b"X\r: b",
            b"X",
            b"X Y: b",
            b"X : b",
            b": b",
            b"X(: b",
            b"X\x7f: b",
            b"X\xff: b",
            b"X: a\x01b",
            b"X: a\x7fb",
            b"X: a\r\n folded",
            b"\tX: b",
            b"X: a\r\n\tb: c",
            b"{}: b",
            b"X\": b",
            // Hosts.
            b"Host: h",
            b"Host: other",
            b"host:",
        ]
        .map(|field| [b"GET /bad HTTP/1.1\r\nHost: h\r\n", field, b"\r\n\r\n"].concat())
        .into_iter()
        .chain(
            [
                "",
                "X: y\r\n",
                "Host: a b\r\n",
                "Host: a/b\r\n",
                "Host: a@b\r\n",
                "Host: h\u{e9}\r\n",
                "Host: a?b\r\n",
                "Host: a#b\r\n",
                "Host: a\\b\r\n",
                "Host: <b>\r\n",
            ]
            .map(|host| format!("GET /bad HTTP/1.1\r\n{host}\r\n").into_bytes()),
        ),
    );
}

#[test]
fn a_request_line_that_is_none_is_refused() {
    let long = format!("GET /{} HTTP/1.1", "x".repeat(20_000));
    refuses(
        [
            "GET",
            "GET /bad",
            "GET  /bad HTTP/1.1",
            "GET /bad  HTTP/1.1",
            " GET /bad HTTP/1.1",
            "GET\t/bad\tHTTP/1.1",
            "GET /bad HTTP/1.1 ",
            "GET /bad HTTP/1.2",
            "GET /bad HTTP/2.0",
            "GET /bad HTTP/0.9",
            "GET /bad HTTP/11",
            "GET /bad http/1.1",
            "GET /bad HTTP/1.1x",
            "GET /ba d HTTP/1.1",
            "GET bad HTTP/1.1",
            "GET h:80 HTTP/1.1",
            "G(T /bad HTTP/1.1",
            "GET /bad\0 HTTP/1.1",
            "GET /bad\r HTTP/1.1",
            "GET file:///etc/passwd HTTP/1.1",
            "/bad",
            "",
            "CONNECT h:80 HTTP/1.1",
            "CONNECT /bad HTTP/1.1",
            "TRACE /bad HTTP/1.1",
            "GET http:///bad HTTP/1.1",
            "GET /bad\x7f HTTP/1.1",
            &long,
        ]
        .map(|line| format!("{line}\r\nHost: h\r\n\r\n").into_bytes()),
    );
}

#[test]
fn another_protocol_gets_no_further() {
    let tls = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 500]].concat();
    let random: Vec<u8> = (0..4000_u32)
        .map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    refuses([
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
        tls,
        b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(),
        b"EHLO there\r\nMAIL FROM:<a@b>\r\n".to_vec(),
        b"*1\r\n$4\r\nPING\r\n".to_vec(),
        random,
        vec![0; 2000],
        vec![0xff; 2000],
    ]);
    // An upgrade that is asked for is not given; what asks is a request like any other.
    let house = House::open();
    for upgrade in [
        "Upgrade: websocket\r\nConnection: upgrade, close\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==",
        "Upgrade: h2c\r\nConnection: upgrade, http2-settings, close\r\nHTTP2-Settings: AAMAAABk",
    ] {
        let answer = house.say(
            format!("GET /plain HTTP/1.1\r\nHost: h\r\n{upgrade}\r\n\r\n").as_bytes(),
            false,
        );
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let asked = house.had(&["/plain", "/plain"]);
    assert!(
        asked
            .iter()
            .all(|request| request.header("upgrade").is_none())
    );
}

#[test]
fn half_a_request_is_none() {
    let house = House::open();
    let length = b"POST /half HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell";
    let chunks =
        b"POST /half HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n";
    let starts = (1..length.len()).map(|end| &length[..end]);
    for half in starts.chain((66..chunks.len()).map(|end| &chunks[..end])) {
        let answer = house.say(half, true);
        assert!(
            !answer.contains(" 200 "),
            "{answer} for {}",
            half.escape_ascii()
        );
    }
    // As much as a size can say, and not a byte of it more than there is.
    let huge =
        b"POST /half HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n";
    let answer = house.say(&[&huge[..], SMUGGLED].concat(), true);
    assert!(!answer.contains(" 200 "), "{answer}");
    house.had(&[]);
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let house = House::open();
    let post = "POST /much HTTP/1.1\r\nHost: h\r\n";
    let exactly = format!(
        "{post}Connection: close\r\nContent-Length: 32768\r\n\r\n{}",
        "x".repeat(1 << 15)
    );
    assert!(
        house
            .say(exactly.as_bytes(), false)
            .starts_with("HTTP/1.1 200")
    );
    let endless = format!("10000\r\n{}\r\n", "x".repeat(1 << 16)).repeat(17);
    for request in [
        "Content-Length: 32769\r\n\r\n".to_owned(),
        "Content-Length: 10000000000\r\n\r\n".to_owned(),
        "Content-Length: 10000000000\r\nExpect: 100-continue\r\n\r\n".to_owned(),
        format!("Transfer-Encoding: chunked\r\n\r\n{endless}"),
    ] {
        let answer = house.say(format!("{post}{request}").as_bytes(), false);
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
    house.had(&["/much"]);
}
