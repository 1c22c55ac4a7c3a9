//! Harness of the end-to-end tests: the binary with a clean environment, `listen` on a free port, and a receiver with
//! scripted responses that keeps the exact bytes of each request.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod foreign;
pub(crate) mod inspector;
pub(crate) mod modules;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver as Inbox, channel};
use std::sync::{Arc, Mutex};

/// Returns a command for the binary, without this machine's settings.
pub(crate) fn webhook_cli() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-cli"));
    for name in [
        "NO_COLOR",
        "FORCE_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "WEBHOOK_CLI_SECRET",
        "RUST_BACKTRACE",
    ] {
        command.env_remove(name);
    }
    command
        .env("TZ", "UTC")
        .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null());
    command
}

/// Runs the binary to its end with these arguments.
pub(crate) fn run(args: &[&str]) -> Ran {
    Ran::of(webhook_cli().args(args).output().unwrap())
}

/// Output and exit status of a finished run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Ran {
        Ran {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Parses each line of stdout as JSON.
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
            .collect()
    }

    #[track_caller]
    pub(crate) fn success(self) -> Ran {
        assert_eq!(self.status, 0, "{self:#?}");
        self
    }
}

/// Running `listen` on a free port; stopped when dropped.
pub(crate) struct Listen {
    child: Child,
    stdout: Option<BufReader<std::process::ChildStdout>>,
    stderr: Option<BufReader<std::process::ChildStderr>>,
    pub url: String,
}

impl Listen {
    pub(crate) fn start(args: &[&str]) -> Listen {
        Self::start_with(args, |command| command)
    }

    pub(crate) fn start_with(
        args: &[&str],
        dress: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Listen {
        let mut command = webhook_cli();
        command.arg("listen");
        if !args.contains(&"--port") {
            command.args(["--port", "0"]);
        }
        command.args(args);
        Self::of(dress(&mut command), args)
    }

    /// Starts a command that prints its address.
    pub(crate) fn of(command: &mut Command, args: &[&str]) -> Listen {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        // With `--quiet` the address is printed on stderr.
        if args.contains(&"-q") && !args.contains(&"--json") {
            stderr.read_line(&mut first).unwrap();
        } else {
            stdout.read_line(&mut first).unwrap();
        }
        let start = first.find("http").unwrap_or_else(|| {
            let mut rest = String::new();
            stderr.read_to_string(&mut rest).unwrap();
            panic!("no address in {first:?}; {rest}")
        });
        let url = first[start..]
            .trim_end()
            .split('"')
            .next()
            .unwrap()
            .to_owned();
        Listen {
            child,
            stdout: Some(stdout),
            stderr: Some(stderr),
            url,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads one line of stdout.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }

    /// Reads stderr up to the line that contains `words`. Later output on stderr is missing from `finish`.
    pub(crate) fn said(&mut self, words: &str) -> String {
        let mut said = String::new();
        let mut stderr = self.stderr.take().unwrap();
        while !said.contains(words) {
            let read = stderr.read_line(&mut said).unwrap();
            assert!(read > 0, "it did not say {words:?} but {said:?}");
        }
        said
    }

    /// Returns the next line of stderr that contains `words`.
    pub(crate) fn said_on(&mut self, words: &str) -> String {
        let stderr = self.stderr.as_mut().unwrap();
        loop {
            let mut line = String::new();
            let read = stderr.read_line(&mut line).unwrap();
            assert!(read > 0, "it did not say {words:?}");
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Hands over stdout, for a thread to read.
    pub(crate) fn take_stdout(&mut self) -> BufReader<std::process::ChildStdout> {
        self.stdout.take().unwrap()
    }

    /// Closes stdout, as `head` does.
    pub(crate) fn close_stdout(&mut self) {
        self.stdout = None;
    }

    /// Waits for the process to end, and returns its exit status.
    pub(crate) fn wait(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        self.signal("-INT");
    }

    /// Sends a signal, named as for `kill`.
    pub(crate) fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(done.success());
    }

    /// Sends SIGKILL, and waits for the end.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the end, and returns everything printed after the first line.
    pub(crate) fn finish(mut self) -> Ran {
        let mut stdout = String::new();
        self.stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        let mut stderr = String::new();
        if let Some(mut rest) = self.stderr.take() {
            rest.read_to_string(&mut stderr).unwrap();
        }
        let status = self.child.wait().unwrap().code().unwrap_or(-1);
        Ran {
            status,
            stdout,
            stderr,
        }
    }
}

impl Drop for Listen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Request exactly as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(at, _)| at.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Server with scripted responses: one after another, the last one repeated. Hands over the requests it received.
pub(crate) struct Receiver {
    pub url: String,
    pub requests: Inbox<Request>,
}

impl Receiver {
    /// Starts a server; each response is given as its raw bytes, and an empty one closes the connection.
    pub(crate) fn start(answers: &[&str]) -> Receiver {
        Self::start_bytes(answers)
    }

    /// Starts a server whose responses need not be text.
    pub(crate) fn start_bytes(answers: &[impl AsRef<[u8]>]) -> Receiver {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), answers)
    }

    /// Starts a server on a bound listener, to which clients may have connected already.
    pub(crate) fn on(listener: TcpListener, answers: &[impl AsRef<[u8]>]) -> Receiver {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers: Vec<Vec<u8>> = answers.iter().map(|it| it.as_ref().to_vec()).collect();
        let answers = Arc::new(Mutex::new((answers.into_iter(), Vec::new())));
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let (answers, sender) = (Arc::clone(&answers), sender.clone());
                std::thread::spawn(move || {
                    while let Some(request) = read_request(&stream) {
                        let answer = {
                            let (next, last) = &mut *answers.lock().unwrap();
                            *last = next.next().unwrap_or_else(|| last.clone());
                            // Handed over in the order of the responses.
                            if sender.send(request).is_err() {
                                return;
                            }
                            last.clone()
                        };
                        let close = b"connection: close";
                        if answer.is_empty()
                            || (&stream).write_all(&answer).is_err()
                            || answer.windows(close.len()).any(|part| part == close)
                        {
                            break;
                        }
                    }
                });
            }
        });
        Receiver { url, requests }
    }

    /// Starts a server that always responds 200.
    pub(crate) fn ok() -> Receiver {
        Self::start(&["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"])
    }

    pub(crate) fn next(&self) -> Request {
        self.requests
            .recv_timeout(std::time::Duration::from_secs(20))
            .expect("a request should have come")
    }

    /// Returns the requests received by now.
    pub(crate) fn all(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

/// Reads one request; none once the connection is closed.
pub(crate) fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut field = Vec::new();
        reader.read_until(b'\n', &mut field).ok()?;
        let field = String::from_utf8_lossy(&field).trim_end().to_owned();
        if field.is_empty() {
            break;
        }
        let (name, value) = field.split_once(':')?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![
        0;
        length
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0)
    ];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        line: line.trim_end().to_owned(),
        headers,
        body,
    })
}

/// Sends raw bytes, closes the connection for writing, and returns the whole response.
pub(crate) fn raw(port: u16, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request).unwrap();
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Posts a body, and returns the whole response.
pub(crate) fn post(port: u16, path: &str, fields: &str, body: &[u8]) -> String {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n{fields}\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    raw(port, &request)
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
