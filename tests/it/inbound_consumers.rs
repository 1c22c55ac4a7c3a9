//! Inbound mail as it is read by software that others wrote: django-anymail, and Action Mailbox of Rails. Each runs as a
//! server on the loopback address, `send inbound` posts every message of the vectors to it, and what it makes of that is
//! compared with what the vectors expect.
//!
//! What is not installed is skipped with a message, and fails under `CI=true` only.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::foreign::{Foreign, Needs};
use crate::harness::{Listen, Receiver, post, run, webhook_cli};
use webhook_cli::providers;
use webhook_cli::webhook::{Mail, Message};

/// Requests of a provider that a consumer reads.
struct Row {
    provider: &'static str,
    mode: Option<&'static str>,
    path: &'static str,
    /// True if the consumer verifies the signature of these requests.
    is_verified: bool,
    /// User and password, where the consumer asks for them.
    basic: Option<&'static str>,
    /// True if the consumer fetches the mail from the content API.
    fetches: bool,
}

const fn row(
    provider: &'static str,
    mode: Option<&'static str>,
    path: &'static str,
    is_verified: bool,
) -> Row {
    Row {
        provider,
        mode,
        path,
        is_verified,
        basic: None,
        fetches: false,
    }
}

/// Requests that hold ids only.
const fn fetched(provider: &'static str, path: &'static str, is_verified: bool) -> Row {
    Row {
        fetches: true,
        ..row(provider, None, path, is_verified)
    }
}

const ANYMAIL: &[Row] = &[
    row("sendgrid", Some("parsed"), "/sendgrid/inbound/", false),
    row("sendgrid", Some("raw"), "/sendgrid/inbound/", false),
    row("mailgun", Some("parsed"), "/mailgun/inbound/", true),
    row("mailgun", Some("raw"), "/mailgun/inbound_mime/", true),
    row("postmark", Some("parsed"), "/postmark/inbound/", false),
    row("postmark", Some("raw"), "/postmark/inbound/", false),
    row("ses", Some("utf8"), "/amazon_ses/inbound/", false),
    row("ses", Some("base64"), "/amazon_ses/inbound/", false),
    row("mandrill", None, "/mandrill/", true),
    row("mailersend", None, "/mailersend/inbound/", true),
    row("postal", Some("raw"), "/postal/inbound/", true),
    row("mailjet", None, "/mailjet/inbound/", false),
    row("sparkpost", None, "/sparkpost/inbound/", false),
    fetched("resend", "/resend/inbound/", true),
    fetched("brevo", "/brevo/inbound/", false),
    fetched("mailtrap", "/mailtrap/inbound/", true),
];

const RAILS: &str = "actionmailbox:s3cret";

const ACTION_MAILBOX: &[Row] = &[
    Row {
        basic: Some(RAILS),
        ..row(
            "sendgrid",
            Some("raw"),
            "/rails/action_mailbox/sendgrid/inbound_emails",
            false,
        )
    },
    row(
        "mailgun",
        Some("raw"),
        "/rails/action_mailbox/mailgun/inbound_emails/mime",
        true,
    ),
    row(
        "mandrill",
        None,
        "/rails/action_mailbox/mandrill/inbound_emails",
        true,
    ),
    Row {
        basic: Some(RAILS),
        ..row(
            "postmark",
            Some("raw"),
            "/rails/action_mailbox/postmark/inbound_emails",
            false,
        )
    },
];

/// Difference that is known, with its reason. An empty provider, mode or message stands for all.
struct Limit {
    provider: &'static str,
    mode: &'static str,
    message: &'static str,
    member: &'static str,
    reason: &'static str,
}

const fn limit(
    provider: &'static str,
    mode: &'static str,
    message: &'static str,
    member: &'static str,
    reason: &'static str,
) -> Limit {
    Limit {
        provider,
        mode,
        message,
        member,
        reason,
    }
}

const FORM_IS_TEXT: &str = "it takes the fields of a form for UTF-8";
const JSON_IS_TEXT: &str = "JSON holds text, so the provider loses the bytes that are not UTF-8";

const BASE64_IS_TEXT: &str = "it takes the base64 of the message for UTF-8";
const COUNTS_ITSELF: &str =
    "it counts the message itself as a file if the header of the message has Content-Disposition";

const ANYMAIL_LIMITS: &[Limit] = &[
    limit(
        "",
        "",
        "bcc-no-id",
        "to",
        "its `to` fails where a group of addresses is empty",
    ),
    limit(
        "",
        "",
        "calendar",
        "files",
        "a part is a file for it only with Content-Disposition; SendGrid and Postmark name one that has no name",
    ),
    limit("", "parsed", "attachment-only", "files", COUNTS_ITSELF),
    limit("mailjet", "", "attachment-only", "files", COUNTS_ITSELF),
    limit("brevo", "", "attachment-only", "files", COUNTS_ITSELF),
    limit("sparkpost", "", "html-only", "status", BASE64_IS_TEXT),
    limit(
        "postmark",
        "parsed",
        "rich",
        "files",
        "a file with an empty ContentID is an inline one for it",
    ),
    limit(
        "postmark",
        "parsed",
        "attachment-only",
        "files",
        "a file with an empty ContentID is an inline one for it",
    ),
    limit(
        "mailgun",
        "parsed",
        "html-only",
        "text",
        "Mailgun makes a text of the HTML if the message has none",
    ),
    limit("sendgrid", "raw", "html-only", "html", FORM_IS_TEXT),
    limit("mailgun", "raw", "html-only", "html", FORM_IS_TEXT),
    limit("postmark", "raw", "html-only", "html", JSON_IS_TEXT),
    limit("ses", "utf8", "html-only", "html", JSON_IS_TEXT),
    limit("mandrill", "", "html-only", "html", JSON_IS_TEXT),
    limit("mailersend", "", "html-only", "html", JSON_IS_TEXT),
    limit("postal", "raw", "html-only", "status", BASE64_IS_TEXT),
];

const ACTION_MAILBOX_LIMITS: &[Limit] = &[
    limit(
        "",
        "",
        "calendar",
        "files",
        "a part without a name is no file for it",
    ),
    limit("sendgrid", "", "html-only", "status", FORM_IS_TEXT),
    limit("mailgun", "", "html-only", "status", FORM_IS_TEXT),
    limit("mandrill", "", "html-only", "html", JSON_IS_TEXT),
    limit("mandrill", "", "html-only", "raw", JSON_IS_TEXT),
    limit("postmark", "", "html-only", "html", JSON_IS_TEXT),
    limit("postmark", "", "html-only", "raw", JSON_IS_TEXT),
];

/// Message of the vectors.
struct Example {
    name: String,
    mail_from: String,
    recipients: Vec<String>,
    eml: Vec<u8>,
    expect: Value,
    file: String,
}

impl Example {
    /// True if a file is the one of this digest, with other line ends.
    fn is_same_text(&self, file: &Value, digest: &Value) -> bool {
        let message = Message::read(self.eml.clone().into());
        let mail = Mail::of_message(&message);
        let mut contents = mail.attachments.into_iter().filter_map(|it| it.content);
        let content = contents.find(|it| json!(hex::encode(Sha256::digest(it))) == *digest);
        let mut text = content.unwrap().to_vec();
        text.retain(|byte| *byte != b'\r');
        json!(hex::encode(Sha256::digest(&text))) == file["sha256_lf"]
    }
}

/// Messages of the vectors, each written into the folder.
fn examples(folder: &std::path::Path) -> Vec<Example> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/vectors/inbound/messages.json"
    );
    let all: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let example = |it: &Value| {
        let name = text(&it["name"]);
        let eml = STANDARD.decode(text(&it["eml_base64"])).unwrap();
        let file = folder.join(format!("{name}.eml"));
        std::fs::write(&file, &eml).unwrap();
        Example {
            name,
            mail_from: text(&it["mail_from"]),
            recipients: it["rcpt_to"].as_array().unwrap().iter().map(text).collect(),
            eml,
            expect: it["expect"].clone(),
            file: file.to_str().unwrap().to_owned(),
        }
    };
    all["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(example)
        .collect()
}

/// Consumer that runs, and what is known of it.
struct Consumer {
    server: Foreign,
    rows: &'static [Row],
    limits: &'static [Limit],
    faults: Vec<String>,
}

impl Consumer {
    /// Posts a message, and returns what the server printed of each request.
    fn post(&mut self, row: &Row, example: &Example, more: &[&str]) -> Vec<Value> {
        if row.fetches {
            return self.pass_on(row, example, more);
        }
        let target = format!("{}{}", self.server.url, row.path);
        let mut command = command(row, example, &target);
        let ran = command.args(more).output().unwrap();
        let stdout = String::from_utf8(ran.stdout).unwrap();
        let attempts = stdout.matches(r#""type":"attempted""#).count();
        assert!(attempts > 0, "{}", String::from_utf8_lossy(&ran.stderr));
        (0..attempts).map(|_| self.printed()).collect()
    }

    /// Passes requests on to a consumer that is told where the content API is: its port is not known before.
    fn pass_on(&mut self, row: &Row, example: &Example, more: &[&str]) -> Vec<Value> {
        let receiver = Receiver::ok();
        let mut command = command(row, example, &receiver.url);
        command.args(["--api", ":0", "--for", "1m"]).args(more);
        let sending = Listen::of(&mut command, &[]);
        let host = sending.url.strip_prefix("http://").unwrap();
        let api = format!("http://{}", host.split('/').next().unwrap());
        let is_per_recipient = providers::find(row.provider).unwrap().inbound.unwrap();
        let requests = match is_per_recipient.is_per_recipient {
            true => example.recipients.len(),
            false => 1,
        };
        let port = self.server.url.rsplit(':').next().unwrap().parse().unwrap();
        let mut printed = Vec::new();
        for _ in 0..requests {
            let request = receiver.next();
            let mut fields = format!("x-api-url: {api}\r\n");
            for (name, value) in &request.headers {
                let is_own = ["host", "content-length", "connection"]
                    .iter()
                    .any(|own| name.eq_ignore_ascii_case(own));
                if !is_own {
                    fields += &format!("{name}: {value}\r\n");
                }
            }
            post(port, row.path, &fields, &request.body);
            printed.push(self.printed());
        }
        printed
    }

    fn printed(&mut self) -> Value {
        serde_json::from_str(&self.server.line()).unwrap()
    }

    /// Posts every message in every form, and compares.
    fn compare_all(&mut self, examples: &[Example]) {
        for row in self.rows {
            for example in examples {
                let label = format!(
                    "{} {}: {}",
                    row.provider,
                    row.mode.unwrap_or_default(),
                    example.name
                );
                for request in self.post(row, example, &[]) {
                    for (member, difference) in differences(&request, example) {
                        if !self.is_known(row, example, member) {
                            self.faults.push(format!("{label}: {member}: {difference}"));
                        }
                    }
                }
            }
            if row.is_verified {
                let tampered = ["--tamper", "wrong-secret"];
                for request in self.post(row, &examples[0], &tampered) {
                    let status = request["status"].as_u64().unwrap();
                    if !(400..500).contains(&status) {
                        let label = format!("{} with another secret", row.provider);
                        self.faults.push(format!("{label}: status {status}"));
                    }
                }
            }
        }
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
    }

    fn is_known(&self, row: &Row, example: &Example, member: &str) -> bool {
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        self.limits.iter().any(|limit| {
            assert!(!limit.reason.is_empty());
            fits(limit.provider, row.provider)
                && fits(limit.mode, row.mode.unwrap_or_default())
                && fits(limit.message, &example.name)
                && limit.member == member
        })
    }
}

/// Command that sends a message.
fn command(row: &Row, example: &Example, target: &str) -> Command {
    let mut command = webhook_cli();
    command.args(["send", "inbound", "--json", "--retries", "0"]);
    command.args(["--provider", row.provider, "--to", target]);
    command.args(["--eml", &example.file]);
    command.arg(format!("--mail-from={}", example.mail_from));
    for recipient in &example.recipients {
        command.args(["--rcpt", recipient]);
    }
    if let Some(mode) = row.mode {
        command.args(["--mode", mode]);
    }
    if let Some(basic) = row.basic {
        let value = STANDARD.encode(basic);
        command
            .arg("-H")
            .arg(format!("Authorization: Basic {value}"));
    }
    command
}

/// Text as it is compared: with line feeds, without line ends at the end. No text is an empty one.
fn plain(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default().replace("\r\n", "\n");
    text.trim_end_matches('\n').to_owned()
}

/// Body of a message, with line feeds.
fn body_of(eml: &[u8]) -> Vec<u8> {
    let mut lines = eml.to_vec();
    lines.retain(|byte| *byte != b'\r');
    let end = lines.windows(2).position(|two| two == b"\n\n").unwrap();
    lines.split_off(end).trim_ascii_end().to_vec()
}

/// Differences between what a consumer read in a request, and what is expected of the message.
fn differences(request: &Value, example: &Example) -> Vec<(&'static str, String)> {
    let status = request["status"].as_u64().unwrap();
    let messages = request["messages"].as_array().unwrap();
    // A request can hold the message once for each recipient.
    let is_complete = messages.len() == 1 || messages.len() == example.recipients.len();
    if !is_complete || !(200..=299).contains(&status) {
        let told = format!(
            "{status}, {} messages, {}",
            messages.len(),
            request["errors"]
        );
        return vec![("status", told)];
    }
    messages
        .iter()
        .flat_map(|read| differences_of(read, example))
        .collect()
}

/// Differences between a message that a consumer read, and what is expected of it.
fn differences_of(read: &Value, example: &Example) -> Vec<(&'static str, String)> {
    let expect = &example.expect;
    let mut found = Vec::new();
    let mut compare = |member: &'static str, read: Value, wanted: Value| {
        if read != wanted {
            found.push((member, format!("{read} in place of {wanted}")));
        }
    };
    for member in ["from", "to", "cc"] {
        compare(member, read[member].clone(), expect[member].clone());
    }
    for member in ["subject", "text", "html"] {
        let wanted = json!(plain(&expect[member]));
        compare(member, json!(plain(&read[member])), wanted);
    }
    let wanted = expect["attachments"].as_array().unwrap();
    let files = read["files"].as_array().unwrap();
    compare("files", names(files), names(wanted));
    for wanted in wanted {
        let Some(file) = files.iter().find(|file| file["name"] == wanted["name"]) else {
            continue;
        };
        for (member, wanted) in wanted.as_object().unwrap() {
            let read = match member.as_str() {
                // Consumers change the line ends of text.
                "sha256" if is_text(file) && example.is_same_text(file, wanted) => continue,
                "size" if is_text(file) => continue,
                _ => file.get(member).unwrap_or(wanted).clone(),
            };
            compare("files", read, wanted.clone());
        }
    }
    let envelope = &expect["envelope"];
    if let Some(sender) = read["envelope_from"].as_str() {
        compare("envelope", json!(sender), envelope["from"].clone());
    }
    if let Some(recipient) = read["envelope_to"].as_str() {
        let is_one = envelope["to"]
            .as_array()
            .unwrap()
            .contains(&json!(recipient));
        compare("envelope", json!(is_one), json!(true));
    }
    if let Some(raw) = read["raw"].as_str() {
        let raw = STANDARD.decode(raw).unwrap();
        let (read, wanted) = (body_of(&raw), body_of(&example.eml));
        let shown = |bytes: &[u8]| json!(bytes.escape_ascii().to_string());
        compare("raw", shown(&read), shown(&wanted));
    }
    found
}

fn names(files: &[Value]) -> Value {
    files.iter().map(|file| file["name"].clone()).collect()
}

fn is_text(file: &Value) -> bool {
    let kind = file["content_type"].as_str().unwrap_or_default();
    kind.starts_with("text/") || kind.starts_with("message/")
}

#[track_caller]
fn compare(
    needs: &Needs,
    file: &str,
    variables: &[(&str, String)],
    rows: &'static [Row],
    limits: &'static [Limit],
) {
    let Some(server) = Foreign::start(needs, file, variables) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{file}");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut consumer = Consumer {
        server,
        rows,
        limits,
        faults: Vec::new(),
    };
    consumer.compare_all(&examples(folder.path()));
}

/// Key that a handler of this provider is given.
fn key(provider: &str) -> String {
    let printed = run(&["keys", provider]).success().stdout;
    printed.trim().to_owned()
}

#[test]
fn anymail_reads_what_was_sent() {
    let needs = Needs {
        program: "python3",
        probe: &["-c", "import anymail, boto3, cryptography, django, svix"],
    };
    let variables = [
        ("MAILERSEND_INBOUND_SECRET", key("mailersend")),
        ("MAILGUN_WEBHOOK_SIGNING_KEY", key("mailgun")),
        ("MANDRILL_WEBHOOK_KEY", key("mandrill")),
        ("POSTAL_WEBHOOK_KEY", key("postal")),
        ("BREVO_API_KEY", "key".into()),
        ("MAILTRAP_API_TOKEN", "token".into()),
        ("MAILTRAP_INBOUND_SECRET", key("mailtrap")),
        ("RESEND_API_KEY", "re_test".into()),
        ("RESEND_INBOUND_SECRET", key("resend")),
    ];
    compare(
        &needs,
        "anymail_app.py",
        &variables,
        ANYMAIL,
        ANYMAIL_LIMITS,
    );
}

#[test]
fn action_mailbox_stores_what_was_sent() {
    let needs = Needs {
        program: "ruby",
        probe: &[
            "-e",
            "require 'action_mailbox/engine'; require 'rack/handler/webrick'; require 'sqlite3'",
        ],
    };
    let variables = [
        ("MAILGUN_INGRESS_SIGNING_KEY", key("mailgun")),
        ("MANDRILL_INGRESS_API_KEY", key("mandrill")),
        ("RAILS_INBOUND_EMAIL_PASSWORD", "s3cret".into()),
    ];
    let file = "action_mailbox_app.rb";
    compare(
        &needs,
        file,
        &variables,
        ACTION_MAILBOX,
        ACTION_MAILBOX_LIMITS,
    );
}
