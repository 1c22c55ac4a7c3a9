//! HTTPS and HTTP/2 of the listener, with attacks in raw frames that no client would send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::harness::{Listen, Receiver, run, text, webhook_cli};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// The certificate that `listen --tls` makes in these tests.
fn kept() -> CertificateDer<'static> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("webhook-cli/localhost.pem");
    CertificateDer::from_pem_file(path).unwrap()
}

/// Connects as somebody who trusts this certificate and offers these protocols.
fn connect(port: u16, certificate: CertificateDer<'static>, protocols: &[&str]) -> Tls {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    tcp.set_nodelay(true).unwrap();
    StreamOwned::new(connection, tcp)
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn literal(text: &[u8]) -> Vec<u8> {
    assert!(text.len() < 127, "a length of seven bits");
    let mut literal = vec![u8::try_from(text.len()).unwrap()];
    literal.extend(text);
    literal
}

/// A field block, every field a literal that nobody remembers.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let fields = fields.iter().map(|(name, value)| {
        [vec![0], literal(name.as_bytes()), literal(value.as_bytes())].concat()
    });
    fields.collect::<Vec<_>>().concat()
}

/// The field block of a request, with these fields behind its pseudo-fields.
fn head(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let start = [
        (":method", method),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", path),
    ];
    block(&[&start[..], more].concat())
}

fn get(path: &str) -> Vec<u8> {
    frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        1,
        &head("GET", path, &[]),
    )
}

/// A connection of HTTP/2 on which anything can be said.
struct Http2(Tls);

impl Http2 {
    fn open(port: u16) -> Http2 {
        let mut http2 = Http2(connect(port, kept(), &["h2"]));
        assert!(http2.say(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()));
        assert_eq!(http2.0.conn.alpn_protocol(), Some(&b"h2"[..]));
        http2
    }

    /// Sends it; false if the other side is gone.
    fn say(&mut self, bytes: &[u8]) -> bool {
        self.0
            .write_all(bytes)
            .and_then(|()| self.0.flush())
            .is_ok()
    }

    /// The next frame: kind, flags, stream, payload. None when it is closed.
    fn hear(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut start = [0; 9];
        match self.0.read_exact(&mut start) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("it neither answered nor closed")
            }
            Err(_) => return None,
        }
        let length = u32::from_be_bytes([0, start[0], start[1], start[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).ok()?;
        let stream = u32::from_be_bytes([start[5], start[6], start[7], start[8]]);
        Some((start[3], start[4], stream, payload))
    }

    /// What becomes of a stream: `200`, `400`, `other`, `reset`, `goaway` or `closed`.
    fn fate(&mut self, stream: u32) -> &'static str {
        loop {
            match self.hear() {
                None => return "closed",
                // One without an error only says that nothing new is taken.
                Some((GOAWAY, _, _, why)) if why.get(4..8) != Some(&[0; 4]) => return "goaway",
                Some((RST_STREAM, _, at, _)) if at == stream => return "reset",
                Some((HEADERS, _, at, payload)) if at == stream => {
                    return match payload.first() {
                        Some(0x88) => "200",
                        Some(0x8c) => "400",
                        _ => "other",
                    };
                }
                Some((SETTINGS, 0, ..)) => drop(self.say(&frame(SETTINGS, ACK, 0, &[]))),
                Some(_) => {}
            }
        }
    }
}

/// Whether somebody who means well is answered, at once.
#[track_caller]
fn still_serves(port: u16) {
    let mut http2 = Http2::open(port);
    http2.say(&get("/good"));
    assert_eq!(http2.fate(1), "200");
}

#[test]
fn a_certificate_is_made_once_and_is_for_this_machine() {
    let state = tempfile::tempdir().unwrap();
    let start = || {
        Listen::start_with(&["--tls", "--count", "2", "--json"], |command| {
            command.env("XDG_STATE_HOME", state.path())
        })
    };
    let listener = start();
    assert!(
        listener.url.starts_with("https://127.0.0.1:"),
        "{}",
        listener.url
    );
    let path = state.path().join("webhook-cli/localhost.pem");
    let certificate = || CertificateDer::from_pem_file(&path).unwrap();
    let first = certificate();
    for (offered, spoken) in [(&["http/1.1"][..], "http/1.1"), (&["h2", "http/1.1"], "h2")] {
        let mut tls = connect(listener.port(), first.clone(), offered);
        tls.flush().unwrap();
        assert_eq!(tls.conn.alpn_protocol(), Some(spoken.as_bytes()));
    }
    let sent = run(&["send", "click", "--to", &listener.url, "--insecure"]);
    assert_eq!(sent.status, 0, "{sent:?}");
    let mut again = start();
    assert_eq!(certificate(), first);
    again.kill();
    let mut tls = connect(listener.port(), first, &["http/1.1"]);
    tls.write_all(
        b"POST /x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi",
    )
    .unwrap();
    let mut answer = String::new();
    tls.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let ran = listener.finish();
    assert_eq!(ran.lines()[1]["path"], "/x");
    assert!(
        ran.stderr
            .contains(&format!("curl --cacert {}", text(&path))),
        "{}",
        ran.stderr
    );
}

#[test]
fn your_own_certificate_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let signed = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let signed = signed.self_signed(&key).unwrap();
    let (cert_file, key_file) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&cert_file, signed.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    let listener = Listen::start(&["--cert", text(&cert_file), "--key", text(&key_file)]);
    let mut tls = connect(listener.port(), signed.der().clone(), &["http/1.1"]);
    tls.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    tls.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let alone = run(&["listen", "--cert", text(&cert_file)]);
    assert_eq!(alone.status, 2);
    let wrong = run(&[
        "listen",
        "--port",
        "0",
        "--cert",
        text(&key_file),
        "--key",
        text(&key_file),
    ]);
    assert_eq!(wrong.status, 3, "{wrong:?}");
    assert!(
        wrong.stderr.contains("no certificate is in it"),
        "{}",
        wrong.stderr
    );
}

#[cfg(unix)]
#[test]
fn without_a_home_the_certificate_is_for_one_run() {
    let mut command = webhook_cli();
    command
        .args(["listen", "--tls", "--port", "0", "--for", "10ms"])
        .env_remove("XDG_STATE_HOME")
        .env_remove("HOME");
    let ran = crate::harness::Ran::of(command.output().unwrap());
    // The system may know a home that the environment does not name.
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stdout.starts_with("listening on https://"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_handshake_that_never_comes_or_is_none_hurts_nobody() {
    let mut listener = Listen::start(&["--tls"]);
    let silent: Vec<_> = (0..200)
        .map(|_| TcpStream::connect(("127.0.0.1", listener.port())).unwrap())
        .collect();
    for garbage in [
        &b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"[..],
        &[0; 600],
        b"\x16\x03\x01\xff\xff",
        b"SSH-2.0-x\r\n",
    ] {
        let answer = crate::harness::raw(listener.port(), garbage);
        assert!(!answer.starts_with("HTTP"), "{answer}");
    }
    still_serves(listener.port());
    // Whoever does not trust the certificate is told of, for then it is to be trusted first.
    let other = rcgen::KeyPair::generate().unwrap();
    let names = ["localhost".to_owned()];
    let other = rcgen::CertificateParams::new(names)
        .unwrap()
        .self_signed(&other)
        .unwrap();
    let mut distrustful = connect(listener.port(), other.der().clone(), &["h2"]);
    assert!(distrustful.write_all(PREFACE).is_err());
    let said = listener.said("does not trust the certificate");
    assert!(said.contains("does not speak it"), "{said}");
    drop(silent);
}

#[test]
fn requests_of_http2_arrive_like_any_other() {
    let listener = Listen::start(&["--tls", "--json", "--count", "5"]);
    let mut http2 = Http2::open(listener.port());
    let post = head(
        "POST",
        "/a?b=%00",
        &[
            ("x-a", "1"),
            ("x-b", "2"),
            ("x-a", "3"),
            ("content-length", "5"),
        ],
    );
    let (first, second) = post.split_at(20);
    let padded = [&[3][..], b"lo", &[0; 3]].concat();
    for (stream, frames, fate) in [
        (1, get("/plain"), "200"),
        (
            3,
            // The head in two frames, the body in three, one of them empty and one padded, and trailers.
            [
                frame(HEADERS, 0, 3, first),
                frame(CONTINUATION, END_HEADERS, 3, second),
                frame(DATA, 0, 3, b"hel"),
                frame(DATA, 0, 3, b""),
                frame(DATA, PADDED, 3, &padded),
                frame(
                    HEADERS,
                    END_HEADERS | END_STREAM,
                    3,
                    &block(&[("x-trailer", "t")]),
                ),
            ]
            .concat(),
            "200",
        ),
        (
            5,
            // What there is between requests, and a frame of a kind that does not exist yet.
            [
                frame(PING, 0, 0, &[7; 8]),
                frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0]),
                frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]),
                frame(PRIORITY, 0, 9, &[0, 0, 0, 0, 15]),
                frame(0xee, 0xff, 5, b"?"),
                frame(
                    HEADERS,
                    END_HEADERS | END_STREAM,
                    5,
                    &head("GET", "/between", &[]),
                ),
            ]
            .concat(),
            "200",
        ),
    ] {
        assert!(http2.say(&frames));
        assert_eq!(http2.fate(stream), fate, "stream {stream}");
    }
    // Two at once, the second first.
    let mut both = frame(HEADERS, END_HEADERS, 11, &head("POST", "/slow", &[]));
    both.extend(frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        13,
        &head("GET", "/fast", &[]),
    ));
    http2.say(&both);
    assert_eq!(http2.fate(13), "200");
    http2.say(&frame(DATA, END_STREAM, 11, b"late"));
    assert_eq!(http2.fate(11), "200");

    let ran = listener.finish();
    let paths: Vec<_> = ran
        .lines()
        .iter()
        .filter_map(|line| line["path"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(paths, ["/plain", "/a?b=%00", "/between", "/fast", "/slow"]);
    let whole = &ran.lines()[1];
    assert_eq!(whole["text"], "hello");
    let headers = whole["headers"].to_string();
    assert!(headers.contains(r#"["x-a","1"],["x-a","3"]"#), "{headers}");
    assert!(
        headers.contains(r#"["host","localhost"]"#) && !headers.contains("trailer"),
        "{headers}"
    );
}

/// Everything that must not get through, as frames for stream 1 and 3 of a new connection.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let whole = END_HEADERS | END_STREAM;
    let odd = |fields: &[(&str, &str)]| frame(HEADERS, whole, 1, &head("GET", "/bad", fields));
    let bare = |fields: &[(&str, &str)]| frame(HEADERS, whole, 1, &block(fields));
    let sized = |length: &str, body: &[u8]| {
        [
            frame(
                HEADERS,
                END_HEADERS,
                1,
                &head("POST", "/bad", &[("content-length", length)]),
            ),
            frame(DATA, END_STREAM, 1, body),
        ]
        .concat()
    };
    let behind = |bytes: &[u8]| {
        // A head that is not whole, and then what must not stand there.
        [
            frame(HEADERS, END_STREAM, 1, &head("GET", "/bad", &[])),
            bytes.to_vec(),
        ]
        .concat()
    };
    let open = |bytes: &[u8]| {
        [
            frame(HEADERS, END_HEADERS, 1, &head("POST", "/bad", &[])),
            bytes.to_vec(),
        ]
        .concat()
    };
    let raw = |bytes: &[u8]| frame(HEADERS, whole, 1, bytes);
    let (method, scheme, authority, path) = (
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", "/bad"),
    );
    vec![
        // Requests that are none.
        ("a name in upper case", odd(&[("X-A", "1")])),
        ("a name with a space", odd(&[("x a", "1")])),
        ("an empty name", odd(&[("", "1")])),
        ("a name with a colon", odd(&[("x:a", "1")])),
        ("connection", odd(&[("connection", "close")])),
        ("keep-alive", odd(&[("keep-alive", "1")])),
        ("proxy-connection", odd(&[("proxy-connection", "close")])),
        (
            "transfer-encoding",
            odd(&[("transfer-encoding", "chunked")]),
        ),
        ("upgrade", odd(&[("upgrade", "h2c")])),
        ("te but trailers", odd(&[("te", "gzip")])),
        ("CR LF in a value", odd(&[("x-a", "1\r\nhost: evil")])),
        ("NUL in a value", odd(&[("x-a", "1\0")])),
        ("LF in a value", odd(&[("x-a", "1\n2")])),
        ("another host", odd(&[("host", "elsewhere")])),
        (
            "a pseudo-field behind a field",
            bare(&[method, scheme, ("x-a", "1"), authority, path]),
        ),
        (
            "a pseudo-field that does not exist",
            bare(&[method, scheme, authority, path, (":foo", "1")]),
        ),
        (
            "one of answers",
            bare(&[method, scheme, authority, path, (":status", "200")]),
        ),
        ("two paths", bare(&[method, scheme, authority, path, path])),
        (
            "two methods",
            bare(&[method, method, scheme, authority, path]),
        ),
        ("no method", bare(&[scheme, authority, path])),
        ("no scheme", bare(&[method, authority, path])),
        ("no path", bare(&[method, scheme, authority])),
        (
            "an empty path",
            bare(&[method, scheme, authority, (":path", "")]),
        ),
        ("no host", bare(&[method, scheme, path])),
        (
            "a host with a user",
            bare(&[method, scheme, (":authority", "a@localhost"), path]),
        ),
        (
            "a path with a space",
            bare(&[method, scheme, authority, (":path", "/bad x")]),
        ),
        ("CONNECT", bare(&[(":method", "CONNECT"), authority])),
        (
            "TRACE",
            bare(&[(":method", "TRACE"), scheme, authority, path]),
        ),
        ("a body longer than said", sized("3", b"hello")),
        ("a body shorter than said", sized("8", b"hello")),
        ("a length that is none", sized("x", b"hello")),
        (
            "two lengths",
            odd(&[("content-length", "0"), ("content-length", "1")]),
        ),
        // Field blocks that are none.
        ("index 0", raw(&[0x80])),
        ("an index behind the table", raw(&[0xff, 0x80, 0x01])),
        (
            "an index without end",
            raw(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        ),
        ("a text longer than the block", raw(&[0x00, 0x05, b'x'])),
        (
            "a Huffman code cut off",
            raw(&[0x00, 0x01, b'x', 0x81, 0x00]),
        ),
        (
            "the end mark in Huffman code",
            raw(&[0x00, 0x01, b'x', 0x84, 0xff, 0xff, 0xff, 0xff]),
        ),
        (
            "a table larger than allowed",
            raw(&[0x3f, 0xff, 0xff, 0x7f]),
        ),
        ("a table of a new size behind a field", raw(&[0x82, 0x20])),
        // Frames that must not stand there.
        ("DATA of no stream", frame(DATA, END_STREAM, 0, b"x")),
        (
            "DATA of a stream that never began",
            frame(DATA, END_STREAM, 1, b"x"),
        ),
        (
            "HEADERS of no stream",
            frame(HEADERS, whole, 0, &head("GET", "/bad", &[])),
        ),
        (
            "HEADERS of an even stream",
            frame(HEADERS, whole, 2, &head("GET", "/bad", &[])),
        ),
        (
            "padding longer than the frame",
            frame(HEADERS, whole | PADDED, 1, &[200, 0, 0]),
        ),
        (
            "padding longer than the data",
            open(&frame(DATA, END_STREAM | PADDED, 1, &[9, 1, 2])),
        ),
        (
            "a stream that needs itself",
            frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 1]),
        ),
        ("PRIORITY of another size", frame(PRIORITY, 0, 1, &[0; 4])),
        (
            "RST_STREAM of a stream that never began",
            frame(RST_STREAM, 0, 1, &[0; 4]),
        ),
        (
            "RST_STREAM of another size",
            open(&frame(RST_STREAM, 0, 1, &[0; 3])),
        ),
        ("SETTINGS of a stream", frame(SETTINGS, 0, 1, &[])),
        ("SETTINGS of another size", frame(SETTINGS, 0, 0, &[0; 5])),
        (
            "SETTINGS with an answer that has a payload",
            frame(SETTINGS, ACK, 0, &[0; 6]),
        ),
        (
            "push neither on nor off",
            frame(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 2]),
        ),
        (
            "a window too large",
            frame(SETTINGS, 0, 0, &[0, 4, 0x80, 0, 0, 0]),
        ),
        (
            "frames too small",
            frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1]),
        ),
        (
            "a promise of a client",
            frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2]),
        ),
        ("PING of a stream", frame(PING, 0, 1, &[0; 8])),
        ("PING of another size", frame(PING, 0, 0, &[0; 7])),
        ("GOAWAY of a stream", frame(GOAWAY, 0, 1, &[0; 8])),
        (
            "a window of nothing more",
            frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
        ),
        (
            "a window beyond all bounds",
            frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]),
        ),
        (
            "a window of another size",
            frame(WINDOW_UPDATE, 0, 0, &[0; 3]),
        ),
        (
            "a window of a stream that never began",
            frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]),
        ),
        (
            "CONTINUATION of nothing",
            frame(CONTINUATION, END_HEADERS, 1, &head("GET", "/bad", &[])),
        ),
        ("DATA within a head", behind(&frame(DATA, 0, 1, b"x"))),
        (
            "CONTINUATION of another stream",
            behind(&frame(CONTINUATION, END_HEADERS, 3, &[])),
        ),
        (
            "another kind within a head",
            behind(&frame(PING, 0, 0, &[0; 8])),
        ),
        (
            "a frame larger than allowed",
            frame(DATA, 0, 0, &vec![0; 16_385]),
        ),
        (
            "a second head that ends nothing",
            open(&frame(HEADERS, END_HEADERS, 1, &block(&[("x-a", "1")]))),
        ),
    ]
}

#[test]
fn what_is_no_http2_is_neither_answered_nor_passed_on() {
    let handler = Receiver::ok();
    let listener = Listen::start(&["--tls", "--json", "--forward-to", &handler.url]);
    for (name, frames) in hostile() {
        let mut http2 = Http2::open(listener.port());
        http2.say(&frames);
        let fate = http2.fate(1);
        assert_ne!(fate, "200", "{name}");
        still_serves(listener.port());
    }
    listener.interrupt();
    let ran = listener.finish();
    assert!(!ran.stdout.contains("/bad"), "{}", ran.stdout);
    assert!(
        handler
            .all()
            .iter()
            .all(|request| request.line.starts_with("GET /good"))
    );
}

#[test]
fn a_stream_that_is_closed_stays_closed() {
    let listener = Listen::start(&["--tls"]);
    let again = frame(HEADERS, END_HEADERS | END_STREAM, 1, &head("GET", "/", &[]));
    for more in [frame(DATA, END_STREAM, 1, b"x"), again] {
        let mut http2 = Http2::open(listener.port());
        http2.say(&get("/"));
        assert_eq!(http2.fate(1), "200");
        http2.say(&more);
        assert!(matches!(http2.fate(1), "reset" | "goaway" | "closed"));
    }
    // Streams are numbered upwards.
    let mut http2 = Http2::open(listener.port());
    http2.say(&frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        5,
        &head("GET", "/", &[]),
    ));
    assert_eq!(http2.fate(5), "200");
    http2.say(&frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        3,
        &head("GET", "/", &[]),
    ));
    assert!(matches!(http2.fate(3), "reset" | "goaway" | "closed"));
}

/// Says a thing again and again, until the other side has had enough of it. Gives what it said last.
fn flood(port: u16, start: &[u8], times: u32, each: impl Fn(u32) -> Vec<u8>) -> &'static str {
    let mut http2 = Http2::open(port);
    http2.say(start);
    // Many at a time, or the records of TLS would be most of the work.
    for number in (0..times).step_by(100) {
        let many: Vec<u8> = (number..number + 100).flat_map(&each).collect();
        if !http2.say(&many) {
            break;
        }
    }
    still_serves(port);
    http2.say(&frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        999_999,
        &head("GET", "/", &[]),
    ));
    http2.fate(999_999)
}

#[test]
fn a_flood_of_one_hurts_nobody_else() {
    let listener = Listen::start(&["--tls", "-q"]);
    let port = listener.port();
    let begun = frame(HEADERS, END_HEADERS, 1, &head("POST", "/", &[]));
    let endless = frame(HEADERS, END_STREAM, 1, &head("GET", "/", &[]));
    let padding = [&[255][..], &[0; 255]].concat();
    let reset = |number: u32| {
        let stream = 2 * number + 1;
        [
            frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                stream,
                &head("GET", "/", &[]),
            ),
            frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]),
        ]
        .concat()
    };
    // Each is a request that the server itself resets.
    let provoked = |number: u32| {
        frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            2 * number + 1,
            &head("GET", "/", &[("te", "x")]),
        )
    };
    for (name, fate) in [
        ("resets", flood(port, b"", 10_000, reset)),
        ("provoked resets", flood(port, b"", 10_000, provoked)),
        (
            "endless head",
            flood(port, &endless, 20_000, |_| frame(CONTINUATION, 0, 1, &[])),
        ),
        (
            "head of endless fields",
            flood(port, &endless, 5_000, |_| {
                frame(
                    CONTINUATION,
                    0,
                    1,
                    &block(&[("x-a", "0123456789012345678901234567890123456789")]),
                )
            }),
        ),
        (
            "empty data",
            flood(port, &begun, 60_000, |_| frame(DATA, 0, 1, &[])),
        ),
        (
            "padding alone",
            flood(port, &begun, 60_000, |_| frame(DATA, PADDED, 1, &padding)),
        ),
    ] {
        assert!(matches!(fate, "goaway" | "closed"), "{name}: {fate}");
    }
    // These cost nothing worth closing for.
    for (name, each) in [
        ("pings", frame(PING, 0, 0, &[0; 8])),
        ("settings", frame(SETTINGS, 0, 0, &[])),
        ("priorities", frame(PRIORITY, 0, 3, &[0, 0, 0, 0, 1])),
        ("windows", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
    ] {
        let fate = flood(port, b"", 2_000, |_| each.clone());
        assert!(
            matches!(fate, "200" | "goaway" | "closed"),
            "{name}: {fate}"
        );
    }
}

/// A server that shows this certificate and answers 200, whatever it is asked; it speaks these protocols.
fn shows(params: rcgen::CertificateParams, protocols: &[&str]) -> (u16, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, tcp);
            // A request is in one piece here.
            if stream.read(&mut [0; 4096]).is_ok() {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (port, certificate.pem())
}

/// What `openssl req -x509` makes: it has signed itself, and may sign others.
fn like_openssl(name: &str) -> rcgen::CertificateParams {
    let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
}

#[test]
fn a_certificate_that_has_signed_itself_is_named_so_and_taken_where_it_is_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let send = |port: u16, trusted: &str, more: &[&str]| {
        let file = dir.path().join("trusted.pem");
        std::fs::write(&file, trusted).unwrap();
        let target = format!("https://localhost:{port}/");
        let mut command = webhook_cli();
        command
            .args([&["send", "click", "--to", &target], more].concat())
            .env("SSL_CERT_FILE", file);
        crate::harness::Ran::of(command.output().unwrap())
    };
    let (_, other) = shows(like_openssl("localhost"), &[]);
    let as_end_entity = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    for params in [like_openssl("localhost"), as_end_entity] {
        let (port, own) = shows(params, &["http/1.1"]);
        let ran = send(port, &other, &[]);
        assert_eq!(ran.status, 4, "{ran:#?}");
        let why = "certificate is not signed by a trusted CA (`--insecure` accepts it)";
        assert!(ran.stdout.contains(why), "{ran:#?}");
        let all = ran.stdout + &ran.stderr;
        assert!(
            !all.contains("running?") && !all.contains("OtherError"),
            "{all}"
        );
        assert_eq!(send(port, &other, &["--insecure"]).status, 0);
        let ran = send(port, &own, &[]);
        assert_eq!(ran.status, 0, "{ran:#?}");
    }
    // Trusted, but for another name, or no more.
    let (port, own) = shows(like_openssl("elsewhere"), &["http/1.1"]);
    let ran = send(port, &own, &[]);
    assert!(
        ran.stdout.contains("certificate is for another name"),
        "{ran:#?}"
    );
    let mut old = like_openssl("localhost");
    old.not_after = rcgen::date_time_ymd(2020, 1, 1);
    old.not_before = rcgen::date_time_ymd(2019, 1, 1);
    let (port, own) = shows(old, &["http/1.1"]);
    let ran = send(port, &own, &[]);
    assert!(ran.stdout.contains("certificate has expired"), "{ran:#?}");
    // A listener that forwards can be told to take it, too.
    let (port, _) = shows(like_openssl("localhost"), &["http/1.1"]);
    let target = format!("https://localhost:{port}/");
    for (more, status, said) in [(&[][..], "502", "--insecure"), (&["--insecure"], "200", "")] {
        let listen = Listen::start(&[&["--count", "1", "-f", &target], more].concat());
        let answer = crate::harness::post(listen.port(), "/", "connection: close\r\n", b"{}");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(said),
            "{answer}"
        );
        assert!(listen.finish().stdout.contains(said));
    }
}

#[test]
fn a_server_of_http2_alone_is_said_to_be_one() {
    let (port, _) = shows(like_openssl("localhost"), &["h2"]);
    let target = format!("https://localhost:{port}/");
    let ran = run(&["send", "click", "--insecure", "--to", &target]);
    assert_eq!(ran.status, 4, "{ran:#?}");
    let why = "the server does not speak HTTP/1.1, only HTTP/2 perhaps, which is not supported";
    assert!(ran.stdout.contains(why), "{ran:#?}");
    assert!(!ran.stdout.contains("NoApplicationProtocol"), "{ran:#?}");
    // The same without TLS: what comes first is a frame of settings.
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}/", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut tcp in server.incoming().flatten() {
            let _ = tcp.read(&mut [0; 4096]);
            let _ = tcp.write_all(&frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]));
            let _ = tcp.write_all(&frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 1]));
        }
    });
    let large = format!("@{}", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));
    for args in [
        &["send", "click"][..],
        &["send", "--provider", "generic", "-d", &large],
    ] {
        let ran = run(&[args, &["--to", &target]].concat());
        assert!(ran.stdout.contains("only HTTP/2 perhaps"), "{ran:#?}");
    }
}
