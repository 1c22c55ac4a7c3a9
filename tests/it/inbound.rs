//! Inbound mail against requests made by other software (`tests/vectors/inbound`): each is read as expected, and made
//! again from its message.

use std::collections::HashMap;
use std::path::Path;

use crate::harness::{Listen, run};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use webhook_cli::providers;
use webhook_cli::providers::{FilterResults, IncomingMessage, Keys, Provider};
use webhook_cli::webhook::{
    Attachment, Delivery, Keyring, Kind, Mail, Mailbox, Message, Multipart, Rng, Secret, Verdict,
    VerifyOptions,
};

#[derive(Deserialize)]
struct Vectors {
    provider: String,
    keys: HashMap<String, HashMap<String, String>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    valid: bool,
    /// None where the provider signs nothing.
    signature_valid: Option<bool>,
    key: Option<String>,
    now: i64,
    method: String,
    url: String,
    headers: HashMap<String, String>,
    body_base64: String,
    /// Name of the message that the request was made of.
    eml: Option<Value>,
    /// Answers of the content API, by the method and the path or the URL of the call.
    #[serde(default)]
    api: serde_json::Map<String, Value>,
    expect: Value,
}

#[derive(Deserialize)]
struct Messages {
    messages: Vec<VectorMessage>,
}

#[derive(Deserialize)]
struct VectorMessage {
    name: String,
    mail_from: String,
    eml_base64: String,
}

impl Case {
    fn delivery(&self) -> Delivery {
        let after_host = self.url.splitn(4, '/').nth(3).unwrap_or_default();
        let header = |(name, value): (&String, &String)| {
            let name: http::HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        };
        Delivery {
            method: self.method.parse().unwrap(),
            path: format!("/{after_host}").parse().unwrap(),
            headers: self.headers.iter().map(header).collect(),
            body: STANDARD.decode(&self.body_base64).unwrap().into(),
        }
    }
}

fn file<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/inbound");
    let text = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn message(name: &str) -> (Bytes, String) {
    let all: Messages = file("messages");
    let found = all.messages.into_iter().find(|it| it.name == name).unwrap();
    let bytes = STANDARD.decode(found.eml_base64).unwrap();
    (bytes.into(), found.mail_from)
}

/// Differences that are allowed between a request of the vectors and the one that is made again.
struct Again {
    provider: &'static str,
    /// Modes by the beginning of a case's name.
    modes: &'static [(&'static str, &'static str)],
    /// Fields of a form, or JSON pointers, that are random, times, or signatures.
    random: &'static [&'static str],
    /// Fields of a form, or JSON pointers, whose text is JSON, the order of whose members is free.
    json: &'static [&'static str],
    /// Parts of the names of cases that cannot be made again.
    skip: &'static [&'static str],
}

const AGAIN: &[Again] = &[
    Again {
        provider: "sendgrid",
        modes: &[("parsed", "parsed"), ("raw", "raw")],
        random: &[],
        json: &["charsets", "envelope", "attachment-info", "content-ids"],
        skip: &[],
    },
    Again {
        provider: "mailgun",
        modes: &[
            ("forward, parsed", "parsed"),
            ("forward, raw", "raw"),
            ("raw MIME", "raw"),
            ("store()", "stored"),
        ],
        // The key of a stored message is random, and its links with it.
        random: &[
            "timestamp",
            "token",
            "signature",
            "message-url",
            "attachments",
            "content-id-map@stored",
        ],
        json: &["message-headers", "content-id-map"],
        skip: &[],
    },
    Again {
        provider: "postmark",
        modes: &[("with RawEmail", "raw"), ("parsed", "parsed")],
        // Postmark's `Received` has a time and an id of its own.
        random: &[
            "/MessageID",
            "/Headers/1/Value",
            "/RawEmail#Received: by p-pm",
        ],
        json: &[],
        skip: &[],
    },
    Again {
        provider: "ses",
        modes: &[
            ("SNS action, UTF8", "utf8"),
            ("SNS action, BASE64", "base64"),
            ("S3 action", "s3"),
        ],
        random: &[
            "/MessageId",
            "/Timestamp",
            "/SignatureVersion",
            "/Signature",
            "/Message/mail/timestamp",
            "/Message/mail/messageId",
            "/Message/mail/headers/1/value",
            "/Message/receipt/timestamp",
            "/Message/receipt/action/objectKey",
            "/Message/content#Received: from mail.example.org (mail.example.org [192.0.2.10]) by inbound",
        ],
        json: &["/Message"],
        skip: &[],
    },
    Again {
        provider: "mandrill",
        modes: &[],
        random: &["mandrill_events/0/ts"],
        json: &["mandrill_events"],
        skip: &[],
    },
    Again {
        provider: "mailersend",
        modes: &[],
        random: &["/created_at", "/data/created_at", "/data/id"],
        json: &[],
        skip: &[],
    },
    Again {
        provider: "postal",
        modes: &[("Hash", "hash"), ("RawMessage", "raw")],
        random: &["/id", "/token", "/timestamp"],
        json: &[],
        // An endpoint can be set to forms as well; these are read only.
        skip: &["FormData"],
    },
    Again {
        provider: "resend",
        modes: &[],
        random: &[
            "/created_at",
            "/data/created_at",
            "/data/email_id",
            "/data/attachments/0/id",
            "/data/attachments/1/id",
            "/data/attachments/2/id",
        ],
        json: &[],
        skip: &[],
    },
    Again {
        provider: "cloudmailin",
        modes: &[("JSON", "json"), ("multipart", "multipart"), ("raw", "raw")],
        random: &[],
        json: &[],
        skip: &[],
    },
];

fn keys(vectors: &Vectors, case: &Case, provider: &'static Provider) -> Keys {
    let secret = case.key.as_ref().map(|name| {
        let key = &vectors.keys[name];
        let first = |names: &[&str]| names.iter().find_map(|name| key.get(*name).cloned());
        let secret = first(&[
            "public_key_spki_base64",
            "public_spki_der_base64",
            "certificate_pem",
            "signing_key",
            "webhook_key",
            "inbound_secret",
            "secret",
            "auth_token",
        ]);
        Secret::new(secret.unwrap_or_else(|| format!("{}:{}", key["user"], key["password"])))
    });
    let secrets = secret.map(|secret| (Some(provider.name.to_owned()), secret));
    Keys::new(&Keyring::new(secrets.into_iter().collect()), None).unwrap()
}

/// Text as it is compared: with line feeds, without line ends at the end.
fn plain(text: Option<&str>) -> String {
    let text = text.unwrap_or_default().replace("\r\n", "\n");
    text.trim_end_matches('\n').to_owned()
}

fn shown_boxes(boxes: &[Mailbox]) -> Value {
    let one = |it: &Mailbox| json!({"name": it.name, "address": it.address});
    boxes.iter().map(one).collect()
}

fn shown_file(it: &Attachment) -> Value {
    let hash = it
        .content
        .as_ref()
        .map(|it| hex::encode(Sha256::digest(it)));
    json!({
        "name": it.name, "content_type": it.content_type, "disposition": it.disposition,
        "content_id": it.content_id, "size": it.size, "sha256": hash,
    })
}

/// Compares a mail with what is expected of it, member by member.
fn compare(label: &str, mail: &Mail, expect: &Value) {
    let from: Vec<Mailbox> = mail.from.iter().cloned().collect();
    for (name, boxes) in [
        ("from", &from),
        ("to", &mail.to),
        ("cc", &mail.cc),
        ("bcc", &mail.bcc),
        ("reply_to", &mail.reply_to),
    ] {
        if let Some(wanted) = expect.get(name).filter(|it| it.is_array()) {
            assert_eq!(&shown_boxes(boxes), wanted, "{label}: {name}");
        }
    }
    let texts = [
        ("subject", &mail.subject),
        ("date", &mail.date),
        ("message_id", &mail.message_id),
        ("spf", &mail.authentication.spf),
        ("dkim", &mail.authentication.dkim),
        ("dmarc", &mail.authentication.dmarc),
    ];
    for (name, text) in texts {
        if let Some(wanted) = expect.get(name).filter(|it| it.is_string() || it.is_null()) {
            assert_eq!(&json!(text), wanted, "{label}: {name}");
        }
    }
    for (name, text) in [
        ("text", &mail.text),
        ("html", &mail.html),
        ("stripped_text", &mail.reply),
    ] {
        if let Some(wanted) = expect.get(name) {
            assert_eq!(
                plain(text.as_deref()),
                plain(wanted.as_str()),
                "{label}: {name}"
            );
        }
    }
    if let Some(wanted) = expect.get("envelope").filter(|it| it.is_object()) {
        let read = json!({"from": mail.envelope.from, "to": mail.envelope.to});
        assert_eq!(&read, wanted, "{label}: envelope");
    }
    if let Some(wanted) = expect.get("spam").filter(|it| it.is_object()) {
        let read = json!({"score": mail.spam_score, "detected": mail.is_spam});
        let known = |(name, _): &(&String, &Value)| read.get(name.as_str()).is_some();
        for (name, wanted) in wanted.as_object().unwrap().iter().filter(known) {
            assert_eq!(&read[name], wanted, "{label}: spam {name}");
        }
    }
    if let Some(wanted) = expect.get("attachments").and_then(Value::as_array) {
        assert_eq!(mail.attachments.len(), wanted.len(), "{label}: attachments");
        for (file, wanted) in mail.attachments.iter().zip(wanted) {
            let read = shown_file(file);
            for (name, wanted) in wanted.as_object().unwrap() {
                if let Some(read) = read.get(name) {
                    assert_eq!(read, wanted, "{label}: {name} of {file:?}");
                }
            }
        }
    }
}

#[test]
fn every_request_is_read_as_expected_and_gets_its_verdict() {
    for again in AGAIN {
        let vectors: Vectors = file(again.provider);
        let provider = providers::find(&vectors.provider).unwrap();
        for case in &vectors.cases {
            let label = format!("{}: {}", vectors.provider, case.name);
            let verify_options = VerifyOptions {
                now: Timestamp::from_second(case.now).unwrap(),
                tolerance: None,
                public_url: Some(case.url.clone()),
                topics: Vec::new(),
            };
            let keys = keys(&vectors, case, provider);
            let delivery = case.delivery();
            let receipt = providers::read(&delivery, None, &keys, &verify_options);
            assert_eq!(receipt.provider, Some(provider.name), "{label}");
            let signature = &receipt.signature;
            let is_late = case.name.contains("an hour old");
            match case.signature_valid {
                _ if is_late => assert_eq!(signature.verdict, Verdict::Refused, "{label}"),
                Some(true) => {
                    assert_eq!(
                        signature.verdict,
                        Verdict::Verified,
                        "{label}: {signature:?}"
                    );
                }
                Some(false) => {
                    assert_eq!(
                        signature.verdict,
                        Verdict::Refused,
                        "{label}: {signature:?}"
                    );
                }
                None => {}
            }
            let expected = match &case.expect {
                Value::Array(several) => several.clone(),
                Value::Null => continue,
                one => vec![one.clone()],
            };
            assert_eq!(receipt.mails.len(), expected.len(), "{label}");
            assert_eq!(receipt.events.len(), expected.len(), "{label}");
            for (mail, expect) in receipt.mails.iter().zip(&expected) {
                compare(&label, mail, expect);
            }
            for (event, mail) in receipt.events.iter().zip(&receipt.mails) {
                assert_eq!(event.kind, Kind::Inbound, "{label}");
                assert_eq!(event.message_id, mail.message_id, "{label}");
                assert!(!event.native.is_empty(), "{label}");
            }
        }
    }
}

/// Parts of a body that can be compared: fields of a form in the order of their names, or JSON.
fn parts(again: &Again, mode: &str, delivery: &Delivery) -> Vec<(String, Value)> {
    let kind = delivery.headers.text("content-type").unwrap_or_default();
    let form: Vec<(String, Vec<u8>)> = match Multipart::of(&delivery.headers, &delivery.body) {
        Some(form) => {
            let form = form.unwrap();
            let part = |part: &webhook_cli::webhook::FormPart| {
                let name = part.name.clone().unwrap();
                let about = match &part.filename {
                    Some(file) => format!("{name} {file} {:?}", part.content_type),
                    None => name,
                };
                (about, part.content.to_vec())
            };
            form.parts().iter().map(part).collect()
        }
        None if kind.starts_with("application/x-www-form-urlencoded") => {
            let pairs = delivery.body.split(|byte| *byte == b'&');
            let pair = |pair: &[u8]| {
                let at = pair.iter().position(|byte| *byte == b'=').unwrap();
                let name = String::from_utf8(pair[..at].to_vec()).unwrap();
                (name, pair[at + 1..].to_vec())
            };
            pairs.map(pair).collect()
        }
        None => {
            let mut value: Value = serde_json::from_slice(&delivery.body).unwrap();
            for pointer in again.json {
                let found = value.pointer_mut(pointer).unwrap();
                *found = serde_json::from_str(found.as_str().unwrap()).unwrap();
            }
            if value.pointer("/Message/receipt/action/encoding") == Some(&json!("BASE64")) {
                let content = value.pointer_mut("/Message/content").unwrap();
                let bytes = STANDARD.decode(content.as_str().unwrap()).unwrap();
                *content = String::from_utf8_lossy(&bytes).into();
            }
            for pointer in again.random {
                let (pointer, line) = pointer.split_once('#').unwrap_or((pointer, ""));
                if let Some(found) = value.pointer_mut(pointer) {
                    *found = match (found.as_str(), line) {
                        (Some(text), line) if !line.is_empty() => {
                            let kept = text.lines().filter(|it| !it.starts_with(line));
                            kept.collect::<Vec<_>>().join("\n").into()
                        }
                        _ => Value::Null,
                    };
                }
            }
            return vec![("body".into(), value)];
        }
    };
    let mut all: Vec<(String, Value)> = form
        .into_iter()
        .filter(|(name, _)| {
            let of_mode = format!("{name}@{mode}");
            !again.random.contains(&name.as_str()) && !again.random.contains(&of_mode.as_str())
        })
        .map(|(name, bytes)| {
            let text = STANDARD.encode(&bytes);
            let is_json = again.json.contains(&name.as_str());
            let decoded = match kind.starts_with("multipart") {
                true => bytes,
                false => {
                    let text = [b"a=", bytes.as_slice()].concat();
                    let mut pairs = form_urlencoded::parse(&text);
                    pairs.next().unwrap().1.into_owned().into_bytes()
                }
            };
            let mut value: Value = match is_json {
                true => serde_json::from_slice(&decoded).unwrap(),
                false => text.into(),
            };
            for pointer in again.random {
                let inside = pointer.strip_prefix(&name).unwrap_or_default();
                if let (true, Some(found)) = (is_json, value.pointer_mut(inside)) {
                    *found = Value::Null;
                }
            }
            (name, value)
        })
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

#[test]
fn every_message_is_made_into_its_request_again() {
    for again in AGAIN {
        let vectors: Vectors = file(again.provider);
        let inbound = providers::find(again.provider).unwrap().inbound.unwrap();
        let mut compared = 0;
        for case in vectors.cases.iter().filter(|case| case.valid) {
            let Some(eml) = case.eml.as_ref().and_then(Value::as_str) else {
                continue;
            };
            if again.skip.iter().any(|text| case.name.contains(text)) {
                continue;
            }
            let label = format!("{}: {}", again.provider, case.name);
            let mode = again
                .modes
                .iter()
                .find(|(name, _)| case.name.starts_with(name));
            let mode = inbound.mode(mode.map(|(_, mode)| *mode)).unwrap();
            let (bytes, mail_from) = message(eml);
            let message = Message::read(bytes);
            let delivery = case.delivery();
            let receipt = providers::outline(&delivery, None);
            let recipients: Vec<String> = receipt.mails[0].envelope.to.clone();
            let is_spam = receipt.mails[0].is_spam == Some(true);
            let results = FilterResults {
                spam_score: receipt.mails[0].spam_score.or(is_spam.then_some(9.0)),
                ..FilterResults::default()
            };
            let incoming = IncomingMessage {
                message: &message,
                mail_from: &mail_from,
                recipients: &recipients,
                mode,
                results: &results,
                at: Timestamp::from_second(case.now - 1).unwrap(),
            };
            let made = inbound.delivery(&[incoming], &mut Rng::seeded(1)).unwrap();
            let (made_parts, wanted) = (parts(again, mode, &made), parts(again, mode, &delivery));
            let names = |parts: &[(String, Value)]| -> Vec<String> {
                parts.iter().map(|(name, _)| name.clone()).collect()
            };
            assert_eq!(names(&made_parts), names(&wanted), "{label}");
            for ((name, made), (_, wanted)) in made_parts.iter().zip(&wanted) {
                assert_eq!(made, wanted, "{label}: {name}");
            }
            for name in ["content-type", "user-agent", "accept", "accept-encoding"] {
                let value = |delivery: &Delivery| {
                    let text = delivery.headers.text(name).unwrap_or_default();
                    text.split("boundary=").next().unwrap().to_owned()
                };
                assert_eq!(value(&made), value(&delivery), "{label}: {name}");
            }
            compared += 1;
        }
        assert!(compared >= 2, "{}: {compared}", again.provider);
    }
}

/// Address of a server that answers in place of a content API.
const ORIGIN: &str = "http://127.0.0.1:8080";

/// Hosts of the vectors' content APIs and downloads.
const API_HOSTS: [&str; 2] = [
    "https://inbound-cdn.resend.com",
    "https://inbound-example.s3.amazonaws.com",
];

/// Text with the address of the server in place of the provider's hosts.
fn moved(text: &str) -> String {
    let moved = |text: String, host: &&str| text.replace(*host, ORIGIN);
    API_HOSTS.iter().fold(text.to_owned(), moved)
}

/// Links in a JSON answer.
fn links(value: &Value) -> Vec<String> {
    let texts = value.to_string();
    let links = texts.split('"').filter(|text| text.starts_with(ORIGIN));
    links.map(str::to_owned).collect()
}

#[test]
fn a_content_api_answers_the_calls_of_the_vectors_and_its_own_links() {
    let mut compared = 0;
    for again in AGAIN {
        let vectors: Vectors = file(again.provider);
        let inbound = providers::find(again.provider).unwrap().inbound.unwrap();
        for case in vectors.cases.iter().filter(|case| !case.api.is_empty()) {
            let label = format!("{}: {}", again.provider, case.name);
            let (bytes, mail_from) = message(case.eml.as_ref().unwrap().as_str().unwrap());
            let message_read = Message::read(bytes);
            let incoming = IncomingMessage {
                message: &message_read,
                mail_from: &mail_from,
                recipients: &[],
                mode: "",
                results: &FilterResults::default(),
                at: Timestamp::from_second(case.now - 1).unwrap(),
            };
            let answers = inbound.answers(&[incoming], &case.delivery(), ORIGIN);
            let find = |target: &str| {
                let target = target.parse().unwrap();
                let found = answers
                    .iter()
                    .find(|it| it.fits(&http::Method::GET, &target));
                found.unwrap_or_else(|| panic!("{label}: {target}"))
            };
            for (call, wanted) in &case.api {
                let target = moved(call.strip_prefix("GET ").unwrap());
                let answer = find(target.strip_prefix(ORIGIN).unwrap_or(&target));
                if let Some(name) = wanted["eml"].as_str() {
                    assert_eq!(answer.body, message(name).0, "{label}: {call}");
                } else if let Some(body) = wanted["body_base64"].as_str() {
                    assert_eq!(
                        answer.body,
                        STANDARD.decode(body).unwrap(),
                        "{label}: {call}"
                    );
                    let kind = wanted["content_type"].as_str().unwrap();
                    assert_eq!(answer.content_type, kind, "{label}: {call}");
                } else {
                    let made: Value = serde_json::from_slice(&answer.body).unwrap();
                    let wanted: Value = serde_json::from_str(&moved(&wanted.to_string())).unwrap();
                    assert_eq!(made, wanted, "{label}: {call}");
                    for link in links(&made) {
                        let content = &find(link.strip_prefix(ORIGIN).unwrap()).body;
                        let mut parts = message_read.parts().iter();
                        let is_known = content == message_read.raw()
                            || parts.any(|part| part.content() == *content);
                        assert!(is_known, "{label}: {link}");
                    }
                }
                compared += 1;
            }
        }
    }
    assert!(compared >= 11, "{compared}");
}

/// Writes a message of the vectors into a folder, and returns its path.
fn eml(folder: &Path, name: &str) -> String {
    let path = folder.join(format!("{name}.eml"));
    std::fs::write(&path, message(name).0).unwrap();
    path.to_str().unwrap().to_owned()
}

/// True if the requests of a provider hold the files; otherwise its API does.
fn holds_files(provider: &str) -> bool {
    let inbound = providers::find(provider).unwrap().inbound.unwrap();
    inbound.content_api.is_none()
}

#[test]
fn a_mail_is_sent_listened_to_and_its_files_are_saved() {
    let dir = tempfile::tempdir().unwrap();
    let rich = eml(dir.path(), "rich");
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (saved, recording) = (path("saved"), path("hooks.ndjson"));
    let providers: Vec<&str> = AGAIN.iter().map(|again| again.provider).collect();
    let count = providers.len().to_string();
    let listen = Listen::start(&[
        "--json",
        "-n",
        &count,
        "--record",
        &recording,
        "--save-attachments",
        &saved,
    ]);
    for provider in &providers {
        let args = [
            "send",
            "inbound",
            "--provider",
            provider,
            "--eml",
            &rich,
            "--to",
        ];
        run(&[&args[..], &[&listen.url]].concat()).success();
    }
    let ran = listen.finish();
    let mut received = ran.lines();
    received.retain(|line| line["type"] == "received");
    assert_eq!(received.len(), providers.len(), "{ran:?}");
    for (line, provider) in received.iter().zip(&providers) {
        assert_eq!(line["provider"], *provider);
        assert_eq!(line["events"][0]["kind"], "inbound", "{provider}");
        assert_eq!(line["events"].as_array().unwrap().len(), 1, "{provider}");
        assert_eq!(
            line["mail"]["from"]["address"], "ada@example.org",
            "{provider}"
        );
        if !holds_files(provider) {
            continue;
        }
        assert_eq!(line["mail"]["attachments"].as_array().unwrap().len(), 3);
        let hash = "cfa91235bbf6f6cfd662ca4b237dc06c3519e065a8e7f812801c37cd7a46b526";
        assert_eq!(line["mail"]["attachments"][1]["sha256"], hash, "{provider}");
    }
    let holding = providers.iter().filter(|name| holds_files(name)).count();
    let pdf = std::fs::read(dir.path().join("saved/Rechnung M\u{e4}rz.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-1.4"));
    let files = |folder: &str| std::fs::read_dir(dir.path().join(folder)).unwrap().count();
    assert_eq!(files("saved"), 3 * holding);

    let shown = run(&[
        "show",
        &format!("{recording}:1"),
        "--attachments",
        &path("shown"),
    ]);
    assert!(
        shown.stderr.contains("sha256 cfa91235bbf6f6cf"),
        "{shown:?}"
    );
    assert!(shown.success().stdout.contains("subject"));
    assert_eq!(files("shown"), 3);
}

#[test]
fn what_cannot_be_sent_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| {
        std::fs::write(dir.path().join(name), text).unwrap();
        dir.path().join(name).to_str().unwrap().to_owned()
    };
    let plain = eml(dir.path(), "plain");
    let empty = write("empty.eml", b"");
    let zero = write("nul.eml", b"From: a@b.c\nTo: d@e.f\n\n\0");
    let bare = write("bare.eml", b"From: a@b.c\rTo: d@e.f\r\n\r\n");
    let none = write("none.eml", b"{\"a\": 1}\n");
    let nobody = write("nobody.eml", b"From: a@b.c\n\nhi\n");
    let big = [b"From: a@b.c\nTo: d@e.f\n\n".as_slice(), &[b'x'; 200_000]].concat();
    let big = write("big.eml", &big);
    for (args, status, wanted) in [
        (
            &["--provider", "sendgrid", "--eml", &empty][..],
            3,
            "it is empty",
        ),
        (&["--provider", "sendgrid", "--eml", &zero], 3, "NUL byte"),
        (
            &["--provider", "sendgrid", "--eml", &bare],
            3,
            "carriage return",
        ),
        (
            &["--provider", "sendgrid", "--eml", &none],
            3,
            "no email message",
        ),
        (
            &["--provider", "sendgrid", "--eml", "/no/such.eml"],
            3,
            "cannot read",
        ),
        (
            &["--provider", "sendgrid", "--eml", &nobody],
            2,
            "no recipient",
        ),
        (
            &["--provider", "generic", "--eml", &plain],
            2,
            "these have: ",
        ),
        (
            &["--provider", "postmark", "--mode", "stored"],
            2,
            "its modes are parsed, raw",
        ),
        (
            &["--provider", "mandrill", "--mode", "raw"],
            2,
            "one form only",
        ),
        (
            &["--provider", "sendgrid", "--batch", "2"],
            2,
            "one message per request",
        ),
        (
            &["--provider", "ses", "--eml", &big],
            0,
            "more than Amazon SES takes",
        ),
    ] {
        let args = [&["send", "inbound", "--dry-run"][..], args].concat();
        let ran = run(&args);
        assert_eq!(ran.status, status, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(wanted), "{args:?}: {ran:?}");
    }
}

#[test]
fn a_seed_and_a_time_make_the_same_mail_and_another_seed_another() {
    for again in AGAIN {
        let made = |seed: &str| {
            let at = ["--at", "2026-01-02T03:04:05Z", "--seed", seed, "-n", "2"];
            let args = ["send", "inbound", "--provider", again.provider, "--dry-run"];
            run(&[&args[..], &at].concat()).success().stdout
        };
        assert_eq!(made("1"), made("1"), "{}", again.provider);
        assert_ne!(made("1"), made("2"), "{}", again.provider);
    }
}
