//! Inspector of the tests: beside a listener or over sources, with a small HTTP client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Listen, webhook_cli};

/// Running inspector; its process ends when it is dropped.
pub(crate) struct Inspected {
    pub process: Listen,
    pub port: u16,
}

/// Response of the inspector.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Inspected {
    /// Starts `listen --ui` with these arguments.
    pub(crate) fn listen(args: &[&str]) -> Inspected {
        let mut process = Listen::start(&[&["--ui=127.0.0.1:0"], args].concat());
        let quiet = args.contains(&"-q");
        let line = if quiet {
            process.said_on("inspector on")
        } else {
            process.line()
        };
        Inspected {
            port: port(&line),
            process,
        }
    }

    /// Starts `ui` over sources.
    pub(crate) fn over(args: &[&str]) -> Inspected {
        let mut command = webhook_cli();
        command.args(["ui", "--addr", "127.0.0.1:0"]).args(args);
        let process = Listen::of(&mut command, args);
        Inspected {
            port: process.port(),
            process,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], b"")
    }

    /// Gets JSON under `/api/v1`.
    #[track_caller]
    pub(crate) fn json(&self, path: &str) -> Value {
        let reply = self.get(&format!("/api/v1{path}"));
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    /// Posts JSON under `/api/v1`.
    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        let fields = ["content-type: application/json"];
        self.ask("POST", &format!("/api/v1{path}"), &fields, body.as_bytes())
    }

    pub(crate) fn ask(&self, method: &str, path: &str, fields: &[&str], body: &[u8]) -> Reply {
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        if !fields
            .iter()
            .any(|field| field.to_lowercase().starts_with("host:"))
        {
            request += &format!("host: 127.0.0.1:{}\r\n", self.port);
        }
        for field in fields {
            request += &format!("{field}\r\n");
        }
        request += &format!(
            "content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        self.send(&[request.as_bytes(), body].concat())
    }

    /// Sends raw bytes.
    pub(crate) fn send(&self, request: &[u8]) -> Reply {
        let mut stream = self.connect();
        // The response may come before all of it is written.
        let _ = stream.write_all(request);
        let mut reader = BufReader::new(stream);
        let reply = Reply::read(&mut reader);
        reply.unwrap_or(Reply {
            status: 0,
            head: String::new(),
            body: Vec::new(),
        })
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream
    }

    /// Opens a stream of events, whose head is read.
    pub(crate) fn stream(&self, query: &str, fields: &[&str]) -> Events {
        let mut stream = self.connect();
        let mut request = format!(
            "GET /api/v1/stream{query} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n",
            self.port
        );
        for field in fields {
            request += &format!("{field}\r\n");
        }
        stream.write_all((request + "\r\n").as_bytes()).unwrap();
        let mut events = Events(BufReader::new(stream));
        while !events.line().is_empty() {}
        events
    }

    /// Id of the delivery at this place of the list, from the first.
    pub(crate) fn id(&self, at: usize) -> String {
        let list = self.json("/deliveries");
        list["items"][at]["id"].as_str().unwrap().to_owned()
    }

    /// Sends an event to the listener.
    #[track_caller]
    pub(crate) fn event(&self, kind: &str, provider: &str, recipient: &str) -> Value {
        let body =
            serde_json::json!({"kinds": [kind], "provider": provider, "recipient": recipient});
        let reply = self.post("/send", &body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }
}

fn port(line: &str) -> u16 {
    let digits = line.trim_end().trim_end_matches("\"}").rsplit(':').next();
    digits
        .unwrap()
        .parse()
        .unwrap_or_else(|_| panic!("no port in {line:?}"))
}

impl Reply {
    pub(crate) fn read(reader: &mut impl BufRead) -> Option<Reply> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let mut body = Vec::new();
        let field = |name: &str| {
            let lines = head.lines().map(str::to_lowercase);
            lines
                .into_iter()
                .find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
        };
        match field("content-length:") {
            Some(length) => {
                body.resize(length.parse().ok()?, 0);
                reader.read_exact(&mut body).ok()?;
            }
            None => loop {
                let mut size = String::new();
                reader.read_line(&mut size).ok()?;
                let size = usize::from_str_radix(size.trim(), 16).ok()?;
                let start = body.len();
                body.resize(start + size + 2, 0);
                reader.read_exact(body.get_mut(start..)?).ok()?;
                body.truncate(start + size);
                if size == 0 {
                    break;
                }
            },
        }
        Some(Reply { status, head, body })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// Message and hint of an error.
    #[track_caller]
    pub(crate) fn error(&self) -> (String, String) {
        let error = &self.json()["error"];
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("message"), text("hint"))
    }

    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut lines = self.head.lines();
        lines.find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    }
}

/// Reader of a stream of server-sent events.
pub(crate) struct Events(BufReader<TcpStream>);

/// One event.
#[derive(Clone, Debug, Default)]
pub(crate) struct SseEvent {
    pub name: String,
    pub id: String,
    pub data: String,
}

impl Events {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Next event; sizes of chunks and comments are passed over.
    pub(crate) fn event(&mut self) -> SseEvent {
        let mut event = SseEvent::default();
        loop {
            let line = self.line();
            if let Some(name) = line.strip_prefix("event: ") {
                event.name = name.to_owned();
            } else if let Some(id) = line.strip_prefix("id: ") {
                event.id = id.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                event.data = data.to_owned();
                return event;
            }
        }
    }

    pub(crate) fn json(&mut self) -> Value {
        serde_json::from_str(&self.event().data).unwrap()
    }

    /// Rest of the stream, to its end.
    pub(crate) fn rest(mut self) -> String {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }
}
