//! `check --kind inbound` against correct handlers, which pass, and against handlers with one fault each, which is found by
//! the check named for it.

use std::collections::{BTreeSet, HashSet};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use crate::harness::{Ran, Request, read_request, run, webhook_cli};
use webhook_cli::checks;
use webhook_cli::providers;
use webhook_cli::providers::{Keys, Provider};
use webhook_cli::webhook::{
    Delivery, Headers, Keyring, Mail, Multipart, Secret, Verdict, VerifyOptions,
};

/// Fault of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    VerifiesNothing,
    CountsTwice,
    AnswersLate,
    CrashesOnUnknownCharsets,
    NeedsText,
    NeedsMessageId,
    NeedsItsAddressInTo,
    NeedsASender,
    SavesFilesByTheirNames,
    ReadsTheInnerMessage,
    CrashesOnBrokenMime,
    RejectsBrokenMime,
    RejectsMoreThanAMegabyte,
}

/// Handler of one provider's inbound mail.
struct MailHandler {
    provider: &'static Provider,
    keys: Keys,
    is_checked: bool,
    fault: Fault,
    seen: Mutex<HashSet<Vec<u8>>>,
    kept: AtomicU64,
    /// Address of the content API, if the handler calls it.
    api: Option<String>,
}

impl MailHandler {
    fn start(
        provider: &'static Provider,
        secret: Option<&str>,
        fault: Fault,
        api: Option<String>,
    ) -> String {
        let secrets = secret.map(|secret| (Some(provider.name.to_owned()), Secret::new(secret)));
        let keyring = Keyring::new(secrets.into_iter().collect());
        let handler = Arc::new(MailHandler {
            provider,
            keys: Keys::new(&keyring, None).unwrap(),
            is_checked: !provider.schemes.is_empty(),
            fault,
            seen: Mutex::default(),
            kept: AtomicU64::new(0),
            api,
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (handler, stream) = (Arc::clone(&handler), stream.unwrap());
                std::thread::spawn(move || handler.serve(&stream));
            }
        });
        url
    }

    fn serve(&self, stream: &TcpStream) {
        while let Some(request) = read_request(stream) {
            let (status, text) = match request.line.contains(" /count ") {
                true => (200, self.kept.load(Ordering::SeqCst).to_string()),
                false => (self.answer(&request), String::new()),
            };
            let length = text.len();
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{text}");
            if (&mut &*stream).write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> u16 {
        let delivery = delivery_of(request);
        if delivery.headers.get("content-encoding").is_some() {
            return 415;
        }
        let is = |fault| self.fault == fault;
        let options = VerifyOptions {
            now: Timestamp::now(),
            tolerance: None,
            public_url: None,
            topics: vec!["arn:aws:sns:eu-west-1:111122223333:ses-inbound".into()],
        };
        let receipt = providers::read(&delivery, Some(self.provider), &self.keys, &options);
        let is_valid = matches!(
            receipt.signature.verdict,
            Verdict::Verified | Verdict::VerifiedTestKey
        );
        if self.is_checked && !is_valid && !is(Fault::VerifiesNothing) {
            return 401;
        }
        let [mail] = receipt.mails.as_slice() else {
            return 400;
        };
        if is(Fault::RejectsMoreThanAMegabyte) && request.body.len() > 1_100_000 {
            return 413;
        }
        if is(Fault::AnswersLate) {
            std::thread::sleep(Duration::from_millis(300));
        }
        let status = self.judge(mail, &raw_message(&delivery), is);
        if status == 200 {
            let id = mail.message_id.clone().map(String::into_bytes);
            let is_new = self
                .seen
                .lock()
                .unwrap()
                .insert(id.unwrap_or_else(|| request.body.clone()));
            if is_new || is(Fault::CountsTwice) {
                self.kept.fetch_add(1, Ordering::SeqCst);
            }
        }
        status
    }

    fn judge(&self, mail: &Mail, raw: &str, is: impl Fn(Fault) -> bool) -> u16 {
        let names = || mail.attachments.iter().filter_map(|it| it.name.as_deref());
        let is_inner = |kind: &Option<String>| kind.as_deref() == Some("message/rfc822");
        let is_broken = raw.contains("boundary=part") && !raw.contains("--part--")
            || raw.contains("Content-Type: multipart/mixed\r\n")
            || raw.contains("=== no base64")
            || raw.contains("not a field");
        if let Some(api) = &self.api {
            let id = mail.id.as_deref().unwrap();
            let path = format!("/emails/receiving/{id}");
            if !get(api, &path).starts_with("HTTP/1.1 200") {
                return 500;
            }
        }
        let fails = is(Fault::CrashesOnUnknownCharsets) && raw.contains("x-unknown-8")
            || is(Fault::NeedsText) && mail.text.is_none()
            || is(Fault::NeedsMessageId) && mail.message_id.is_none()
            || is(Fault::NeedsASender) && mail.envelope.from.as_deref() == Some("")
            || is(Fault::SavesFilesByTheirNames) && names().any(|name| name.contains('/'))
            || is(Fault::ReadsTheInnerMessage)
                && mail.attachments.iter().any(|it| is_inner(&it.content_type))
            || is(Fault::CrashesOnBrokenMime) && is_broken;
        let is_mine = |address: &str| address == "support@in.example.com";
        match fails {
            true => 500,
            false if is(Fault::RejectsBrokenMime) && is_broken => 400,
            false
                if is(Fault::NeedsItsAddressInTo)
                    && !mail.to.iter().any(|it| is_mine(&it.address)) =>
            {
                422
            }
            false => 200,
        }
    }
}

fn delivery_of(request: &Request) -> Delivery {
    let mut words = request.line.split(' ');
    let header = |(name, value): &(String, String)| {
        let name: http::HeaderName = name.parse().unwrap();
        (
            name,
            http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        )
    };
    Delivery {
        method: words.next().unwrap().parse().unwrap(),
        path: words.next().unwrap().parse().unwrap(),
        headers: request.headers.iter().map(header).collect::<Headers>(),
        body: request.body.clone().into(),
    }
}

/// Raw message in a form of Mailgun; empty for others.
fn raw_message(delivery: &Delivery) -> String {
    let form = Multipart::of(&delivery.headers, &delivery.body).and_then(Result::ok);
    let raw = form.and_then(|form| {
        let mut parts = form.parts().iter();
        let part = parts.find(|part| part.name.as_deref() == Some("body-mime"))?;
        Some(String::from_utf8_lossy(part.content).into_owned())
    });
    let urlencoded = || {
        let mut pairs = form_urlencoded::parse(&delivery.body);
        let found = pairs.find(|(name, _)| name == "body-mime");
        found.map(|(_, value)| value.into_owned())
    };
    raw.or_else(urlencoded).unwrap_or_default()
}

fn get(origin: &str, path: &str) -> String {
    let address = origin.strip_prefix("http://").unwrap();
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    crate::harness::raw(port, request.as_bytes())
}

/// Checks a handler of this provider.
fn check(name: &str, mode: Option<&str>, secret: Option<&str>, fault: Fault, more: &[&str]) -> Ran {
    let provider = providers::find(name).unwrap();
    let url = MailHandler::start(provider, secret, fault, None);
    let mut command = webhook_cli();
    command.args(["check", &url, "--kind", "inbound", "--json"]);
    command.args(["--provider", name]);
    if let Some(mode) = mode {
        command.args(["--mode", mode]);
    }
    if let Some(secret) = secret {
        command.env("SECRET", secret);
        command.args(["--secret", "env:SECRET"]);
    }
    for word in more {
        command.arg(word.replace("{count}", &format!("{url}/count")));
    }
    Ran::of(command.output().unwrap())
}

/// Names of the checks that failed or warned.
fn found(ran: &Ran) -> BTreeSet<String> {
    let is_bad = |line: &serde_json::Value| {
        line["type"] == "checked" && (line["verdict"] == "fail" || line["verdict"] == "warn")
    };
    let lines = ran.lines();
    let bad = lines.iter().filter(|line| is_bad(line));
    bad.map(|line| line["check"].as_str().unwrap().to_owned())
        .collect()
}

const QUICK: &[&str] = &["--skip", "slow-client,large-message,duplicate-later"];

#[track_caller]
fn finds(fault: Fault, expected: &[&str], more: &[&str]) {
    let ran = check("mailgun", Some("raw"), Some("key-mailgun"), fault, more);
    let wanted: BTreeSet<String> = expected.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(
        found(&ran),
        wanted,
        "{fault:?}\n{}{}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn a_handler_of_inbound_mail_that_is_right_passes() {
    let ran = check(
        "mailgun",
        Some("raw"),
        Some("key-mailgun"),
        Fault::None,
        &["--strict", "--probe", "{count}"],
    );
    assert_eq!(found(&ran), BTreeSet::new(), "{}", ran.stdout);
    let ran = ran.success();
    // Every check that only inbound mail has was run.
    for check in checks::mail::cases::CHECKS {
        let line = format!("\"check\":\"{}\"", check.name);
        let lines: Vec<&str> = ran.stdout.lines().filter(|it| it.contains(&line)).collect();
        assert!(lines[0].contains("\"verdict\":\"pass\""), "{lines:?}");
    }
}

#[test]
fn handlers_of_other_providers_and_modes_pass_too() {
    for (name, mode, secret) in [
        ("sendgrid", Some("parsed"), None),
        ("mailgun", Some("parsed"), Some("key-mailgun")),
        ("postmark", Some("parsed"), Some("user:pass:word")),
        ("ses", Some("base64"), None),
        ("mandrill", None, Some("key-mandrill")),
        ("mailersend", None, Some("key-mailersend")),
        ("cloudmailin", Some("json"), Some("user:password")),
    ] {
        let ran = check(
            name,
            mode,
            secret,
            Fault::None,
            &[&["--strict"], QUICK].concat(),
        );
        assert_eq!(found(&ran), BTreeSet::new(), "{name}\n{}", ran.stdout);
        assert_eq!(ran.status, 0, "{name}: {ran:?}");
    }
}

#[test]
fn faults_of_messages_are_found() {
    for (fault, expected) in [
        (Fault::CrashesOnUnknownCharsets, &["charset"][..]),
        // A multipart message without a boundary has no text either.
        (Fault::NeedsText, &["no-text", "broken-mime"]),
        (Fault::NeedsMessageId, &["no-message-id"][..]),
        (Fault::NeedsItsAddressInTo, &["recipients"][..]),
        (Fault::NeedsASender, &["null-sender"][..]),
        (Fault::SavesFilesByTheirNames, &["file-names"][..]),
        (Fault::ReadsTheInnerMessage, &["attached-message"][..]),
        (Fault::CrashesOnBrokenMime, &["broken-mime"][..]),
        (Fault::RejectsBrokenMime, &["broken-mime"][..]),
    ] {
        finds(
            fault,
            expected,
            &["--only", "mail", "--skip", "large-message"],
        );
    }
    let large = ["--only", "mail"];
    finds(Fault::RejectsMoreThanAMegabyte, &["large-message"], &large);
}

#[test]
fn a_rejected_message_is_a_warning_and_a_crash_a_failure() {
    let only = ["--only", "broken-mime"];
    let of = |fault| check("mailgun", Some("raw"), Some("key"), fault, &only);
    assert_eq!(of(Fault::RejectsBrokenMime).status, 0);
    assert_eq!(of(Fault::CrashesOnBrokenMime).status, 1);
}

#[test]
fn faults_that_handlers_of_events_have_too_are_found() {
    finds(
        Fault::VerifiesNothing,
        &[
            "empty-signature",
            "missing-fields",
            "missing-signature",
            "stale",
            "future",
            "wrong-secret",
        ],
        QUICK,
    );
    finds(
        Fault::CountsTwice,
        &["duplicate", "duplicate-at-once", "retried"],
        &[
            "--probe",
            "{count}",
            "--only",
            "idempotency",
            "--skip",
            "duplicate-later",
        ],
    );
    let late = ["--only", "valid,acknowledged", "--within", "500ms"];
    finds(Fault::AnswersLate, &["acknowledged"], &late);
}

#[test]
fn a_handler_that_fetches_the_mail_is_checked_with_the_content_api() {
    let resend = providers::find("resend").unwrap();
    // The port is free: it was bound a moment ago. Another one is tried if somebody else took it.
    let ran = (0..10).find_map(|_| {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let api = Some(format!("http://{address}"));
        let url = MailHandler::start(resend, None, Fault::None, api);
        let port = format!(":{}", address.port());
        let mut command = webhook_cli();
        command.args(["check", &url, "--kind", "inbound", "--provider", "resend"]);
        command.args(["--json", "--api", &port]);
        let ran = Ran::of(command.args(QUICK).output().unwrap());
        (!ran.stderr.contains("already in use")).then_some(ran)
    });
    let ran = ran.unwrap();
    assert_eq!(found(&ran), BTreeSet::new(), "{}", ran.stdout);
    assert_eq!(ran.status, 0, "{ran:?}");
    let without = run(&[
        "check",
        "http://127.0.0.1:1",
        "--kind",
        "inbound",
        "--provider",
        "resend",
    ]);
    assert!(without.stderr.contains("`--api :4000`"), "{without:?}");
}

#[test]
fn flags_that_do_not_go_together_are_told() {
    for (args, wanted) in [
        (
            &["--provider", "generic", "--kind", "inbound"][..],
            "these have: ",
        ),
        (
            &["--provider", "ses", "--kind", "inbound", "--mode", "raw"],
            "its modes are utf8, base64, s3",
        ),
        (
            &["--provider", "ses", "--mode", "utf8"],
            "add `--kind inbound`",
        ),
        (
            &["--provider", "ses", "--kind", "inbound", "--api", ":0"],
            "`--api` is for ",
        ),
        (&["--only", "charset"], "add `--kind inbound`"),
        (
            &["--provider", "ses", "--kind", "inbound", "--only", "batch"],
            "leave out `--kind inbound`",
        ),
    ] {
        let ran = run(&[&["check", ":1"], args].concat());
        assert_eq!(ran.status, 2, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(wanted), "{args:?}: {ran:?}");
    }
}

#[test]
fn the_checks_of_inbound_mail_are_listed_and_explained() {
    let list = run(&["check", "--kind", "inbound", "--list"])
        .success()
        .stdout;
    for check in checks::mail::cases::CHECKS {
        assert!(list.contains(&format!("  {} ", check.name)), "{list}");
        let page = run(&["check", "--explain", check.name]).success().stdout;
        assert!(page.contains("\nWhat to do\n"), "{page}");
    }
    assert!(
        list.contains("  duplicate ") && !list.contains("  batch "),
        "{list}"
    );
    let events = run(&["check", "--list"]).success().stdout;
    assert!(!events.contains("  charset "), "{events}");
}
