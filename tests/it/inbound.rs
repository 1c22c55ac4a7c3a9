//! Inbound mail against requests made by other software (`tests/vectors/inbound`): each is read as expected, and made
//! again from its message.

use std::collections::{BTreeSet, HashMap};
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
    Attachment, Delivery, Fixture, Keyring, Kind, Mail, Mailbox, Message, Multipart, Rng, Secret,
    Verdict, VerifyOptions,
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
    Again {
        provider: "brevo",
        modes: &[],
        random: &[
            "/items/0/Uuid",
            "/items/0/Attachments/0/DownloadToken",
            "/items/0/Attachments/1/DownloadToken",
            "/items/0/Attachments/2/DownloadToken",
        ],
        json: &[],
        skip: &[],
    },
    Again {
        provider: "mailtrap",
        modes: &[],
        random: &[
            "/events/0/event_id",
            "/events/0/timestamp",
            "/events/0/message_id",
        ],
        json: &[],
        skip: &[],
    },
    Again {
        provider: "mailjet",
        modes: &[],
        random: &[],
        json: &[],
        skip: &[],
    },
    Again {
        provider: "sparkpost",
        modes: &[],
        random: &[],
        json: &[],
        // Base64 is for messages that are not UTF-8; this one is, and it is read only.
        skip: &["base64: rich"],
    },
    Again {
        provider: "forwardemail",
        modes: &[],
        random: &["/session/arrivalDate", "/session/arrivalTime"],
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
        ]);
        let token = first(&["auth_token"]);
        let token = token.map(|it| format!("header:X-MessageSystems-Webhook-Token={it}"));
        let secret = secret.or(token);
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
            let envelopes = receipt.mails.iter().flat_map(|mail| &mail.envelope.to);
            let recipients: Vec<String> = envelopes.cloned().collect();
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

#[test]
fn every_example_is_a_mail_with_fields_that_published_requests_have() {
    let mut compared = 0;
    for again in AGAIN {
        let vectors: Vectors = file(again.provider);
        let provider = providers::find(again.provider).unwrap();
        let known: BTreeSet<String> = vectors
            .cases
            .iter()
            .filter(|case| case.valid)
            .flat_map(|case| provider.places(&case.delivery()))
            .map(without_numbers)
            .collect();
        let rows = provider
            .events
            .iter()
            .filter(|row| row.kind == Kind::Inbound);
        for row in rows.filter(|row| !row.example.is_empty()) {
            let label = format!("{} {}", provider.name, row.native);
            let delivery = Fixture::read(row.example.as_bytes()).unwrap().delivery;
            let receipt = providers::outline(&delivery, None);
            let native = &receipt.events[0].native;
            assert!(row.native.starts_with(native.as_str()), "{label}: {native}");
            let from = receipt.mails[0].from.as_ref().unwrap();
            assert_eq!(from.address, "ada@example.com", "{label}");
            let unknown: Vec<String> = provider
                .fields(row)
                .into_iter()
                .map(without_numbers)
                .filter(|place| !known.contains(place))
                .collect();
            assert!(unknown.is_empty(), "{label}: {unknown:?}");
            compared += 1;
        }
    }
    assert!(compared >= 22, "{compared}");
}

#[test]
fn what_is_not_confirmed_of_inbound_mail_is_told() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for again in AGAIN {
        let inbound = providers::find(again.provider).unwrap().inbound.unwrap();
        let told = |args: &[&str]| {
            let args = [&["events", again.provider], args].concat();
            words(&run(&args).success().stdout)
        };
        let (listed, shown) = (told(&["--unconfirmed"]), told(&["inbound", "--provenance"]));
        assert!(!inbound.doubts.is_empty(), "{}", again.provider);
        for doubt in inbound.doubts {
            let wanted = format!("inbound mail: {}", words(doubt));
            assert!(listed.contains(&wanted), "{listed}: {wanted}");
            let wanted = format!("not confirmed: {}", words(doubt));
            assert!(shown.contains(&wanted), "{shown}: {wanted}");
        }
    }
}

#[test]
fn every_provider_with_inbound_mail_is_compared_and_named() {
    let compared: BTreeSet<&str> = AGAIN.iter().map(|again| again.provider).collect();
    let all = providers::ALL.iter().filter(|it| it.inbound.is_some());
    let all: BTreeSet<&str> = all.map(|provider| provider.name).collect();
    assert_eq!(compared, all);
    assert_eq!(all.len(), 14);
    let args = ["send", "inbound", "--dry-run", "--provider", "loops"];
    let ran = run(&args);
    assert_eq!(ran.status, 2, "{ran:?}");
    let named = ran.stderr.split("these have: ").nth(1).unwrap();
    let named = named.lines().next().unwrap().split(", ");
    assert_eq!(named.collect::<BTreeSet<_>>(), all);
    for provider in all {
        let inbound = providers::find(provider).unwrap().inbound.unwrap();
        let args = ["send", "inbound", "--dry-run", "--provider", provider];
        for mode in inbound.modes {
            run(&[&args[..], &["--mode", mode]].concat()).success();
        }
        let ran = run(&[&args[..], &["--mode", "none-such"]].concat());
        assert_eq!(ran.status, 2, "{provider}: {ran:?}");
        let hint = match inbound.modes {
            [] => "one form only".to_owned(),
            modes => format!("its modes are {}", modes.join(", ")),
        };
        assert!(ran.stderr.contains(&hint), "{provider}: {ran:?}");
    }
}

/// Message with a file, by its number.
fn with_file(number: usize, content: &[u8]) -> Message {
    let text = format!(
        "From: a@b.c\r\nTo: d@e.f\r\nMessage-ID: <{number}@b.c>\r\nSubject: s\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<img src=\"cid:i@x\">\r\n\
         --x\r\nContent-Type: image/png\r\nContent-ID: <i@x>\r\nContent-Disposition: inline; filename=\"{number}.png\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--x--\r\n",
        STANDARD.encode(content)
    );
    Message::read(text.into())
}

fn incoming<'a>(
    message: &'a Message,
    recipients: &'a [String],
    results: &'a FilterResults,
    mode: &'static str,
) -> IncomingMessage<'a> {
    IncomingMessage {
        message,
        mail_from: "a@b.c",
        recipients,
        mode,
        results,
        at: Timestamp::from_second(1_767_316_260).unwrap(),
    }
}

#[test]
fn a_large_file_is_read_from_each_request_that_holds_it() {
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let (message, recipients) = (with_file(1, &content), ["d@e.f".to_owned()]);
    let results = FilterResults::default();
    let mut held = 0;
    for again in AGAIN {
        let inbound = providers::find(again.provider).unwrap().inbound.unwrap();
        let mode = inbound.mode(None).unwrap();
        let incoming = incoming(&message, &recipients, &results, mode);
        let made = inbound.delivery(&[incoming], &mut Rng::seeded(1)).unwrap();
        let receipt = providers::outline(&made, None);
        let label = format!("{}: {:?}", again.provider, receipt.problems);
        assert_eq!(receipt.provider, Some(again.provider), "{label}");
        let file = receipt.mails[0].attachments.first();
        if let Some(read) = file.and_then(|file| file.content.as_ref()) {
            assert!(*read == content, "{label}: {} bytes", read.len());
            held += 1;
        }
    }
    assert_eq!(held, 11);
}

#[test]
fn a_request_with_several_mails_has_answers_for_each() {
    let files = [b"one", b"two"];
    let messages: Vec<Message> = files
        .iter()
        .enumerate()
        .map(|(number, content)| with_file(number, *content))
        .collect();
    let (recipients, results) = (["d@e.f".to_owned()], FilterResults::default());
    for provider in ["brevo", "mailtrap"] {
        let inbound = providers::find(provider).unwrap().inbound.unwrap();
        let both: Vec<_> = messages
            .iter()
            .map(|it| incoming(it, &recipients, &results, ""))
            .collect();
        let made = inbound.delivery(&both, &mut Rng::seeded(1)).unwrap();
        let answers = inbound.answers(&both, &made, ORIGIN);
        for (message, content) in messages.iter().zip(files) {
            let is_it = |it: &&providers::ApiAnswer| {
                it.body == *content.as_slice() || it.body == *message.raw()
            };
            assert_eq!(answers.iter().filter(is_it).count(), 1, "{provider}");
        }
        let paths: BTreeSet<&str> = answers.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths.len(), answers.len(), "{provider}");
    }
}

#[test]
fn html_from_the_content_api_of_resend_has_data_uris_where_they_are_asked_for() {
    let (message, results) = (with_file(1, b"png"), FilterResults::default());
    let inbound = providers::find("resend").unwrap().inbound.unwrap();
    let mails = [incoming(&message, &[], &results, "")];
    let made = inbound.delivery(&mails, &mut Rng::seeded(1)).unwrap();
    let answers = inbound.answers(&mails, &made, ORIGIN);
    let body: Value = serde_json::from_slice(&made.body).unwrap();
    let id = body["data"]["email_id"].as_str().unwrap();
    for (query, image) in [
        ("", "cid:i@x"),
        ("?html_format=cid", "cid:i@x"),
        ("?html_format=data_uri", "data:image/png;base64,cG5n"),
    ] {
        let target = format!("/emails/receiving/{id}{query}").parse().unwrap();
        let mut fitting = answers
            .iter()
            .filter(|it| it.fits(&http::Method::GET, &target));
        let email: Value = serde_json::from_slice(&fitting.next().unwrap().body).unwrap();
        let wanted = format!("<img src=\"{image}\">");
        assert_eq!(email["html"], wanted, "{query}");
    }
    let target = format!("/emails/receiving/{id}/attachments")
        .parse()
        .unwrap();
    let list = answers
        .iter()
        .find(|it| it.fits(&http::Method::GET, &target));
    let list: Value = serde_json::from_slice(&list.unwrap().body).unwrap();
    assert_eq!(list["data"][0]["filename"], "1.png");
}

/// Location with `*` in place of each number of a list, and of the name of each file.
fn without_numbers(place: String) -> String {
    let is_number = |step: &str| step.parse::<usize>().is_ok();
    let is_any = |step: &str| is_number(step) || step.contains('.');
    let step = |step| if is_any(step) { "*" } else { step };
    let steps: Vec<&str> = place.split('/').map(step).collect();
    steps.join("/")
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
    assert!(compared >= 19, "{compared}");
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
