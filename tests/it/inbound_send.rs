//! `send inbound` with the flags that all of `send` has: what is printed, saved, tampered with, batched and repeated is the
//! same request.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::harness::{Listen, Ran, Receiver, Request, run, text, webhook_cli};
use webhook_cli::providers;
use webhook_cli::providers::Provider;
use webhook_cli::webhook::Fixture;

/// Writes a message of the vectors, and returns its path.
fn eml(folder: &Path, name: &str) -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/vectors/inbound/messages.json"
    );
    let all: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut all = all["messages"].as_array().unwrap().iter();
    let found = all.find(|it| it["name"] == name).unwrap();
    let bytes = STANDARD
        .decode(found["eml_base64"].as_str().unwrap())
        .unwrap();
    let file = folder.join(format!("{name}.eml"));
    std::fs::write(&file, bytes).unwrap();
    text(&file).to_owned()
}

/// Every provider with inbound mail, in each of its modes.
fn forms() -> Vec<(&'static Provider, Vec<&'static str>)> {
    let mut forms = Vec::new();
    for provider in providers::ALL {
        let Some(inbound) = provider.inbound else {
            continue;
        };
        if inbound.modes.is_empty() {
            forms.push((*provider, Vec::new()));
        }
        forms.extend(
            inbound
                .modes
                .iter()
                .map(|mode| (*provider, vec!["--mode", *mode])),
        );
    }
    forms
}

/// Flags with which a request has the same bytes every time.
const FIXED: &[&str] = &["--seed", "7", "--at", "2026-01-02T03:04:05Z"];

/// Fields that a request has whoever sends it.
fn own_fields(request: &Request) -> Vec<(String, String)> {
    let fields = request.headers.iter();
    let lower = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let made = [
        "host",
        "content-length",
        "accept",
        "connection",
        "user-agent",
    ];
    let mut own: Vec<_> = lower
        .filter(|(name, _)| !made.contains(&name.as_str()))
        .collect();
    own.sort();
    own
}

#[test]
fn what_a_dry_run_prints_is_what_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    // Bytes that are not UTF-8 go through forms, shells, JSON and HAR.
    let file = eml(dir.path(), "html-only");
    for (provider, mode) in forms() {
        let label = format!("{} {mode:?}", provider.name);
        let receiver = Receiver::ok();
        let to = format!("{}/in?a=1", receiver.url);
        let args = [
            "send",
            "inbound",
            "--provider",
            provider.name,
            "--eml",
            &file,
            "--to",
            &to,
        ];
        let args = [&args[..], &mode, FIXED].concat();
        run(&args).success();
        let sent = receiver.next();
        let dry = |form: &str| {
            let args = [&args[..], &["--dry-run", "--as", form]].concat();
            webhook_cli().args(args).output().unwrap().stdout
        };

        let printed = dry("http");
        let body = printed.strip_suffix(b"\n").unwrap();
        assert!(body.ends_with(&sent.body), "{label}: http");

        let fixture = Fixture::read(&dry("json")).unwrap();
        assert_eq!(fixture.delivery.body, sent.body, "{label}: json");

        let har: Value = serde_json::from_slice(&dry("har")).unwrap();
        let data = &har["log"]["entries"][0]["request"]["postData"];
        let har_text = data["text"].as_str().unwrap();
        let bytes = match data["_bodyEncoding"].as_str() {
            Some("base64") => STANDARD.decode(har_text).unwrap(),
            _ => har_text.as_bytes().to_vec(),
        };
        assert_eq!(bytes, sent.body, "{label}: har");

        let curl = dir.path().join("curl.sh");
        std::fs::write(&curl, dry("curl")).unwrap();
        let ran = Command::new("bash").arg(&curl).output();
        if !ran.is_ok_and(|ran| ran.status.success()) {
            eprintln!("skipped: bash or curl is not there");
            continue;
        }
        let curled = receiver.next();
        assert_eq!(curled.line, sent.line, "{label}: curl");
        assert_eq!(curled.body, sent.body, "{label}: curl");
        assert_eq!(own_fields(&curled), own_fields(&sent), "{label}: curl");
    }
}

#[test]
fn what_is_saved_is_sent_again_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let file = eml(dir.path(), "latin1");
    for (provider, mode) in forms() {
        let label = format!("{} {mode:?}", provider.name);
        let receiver = Receiver::ok();
        let saved = dir.path().join("saved.json");
        let args = [
            "send",
            "inbound",
            "--provider",
            provider.name,
            "--eml",
            &file,
        ];
        let save = ["--save", text(&saved), "--to", &receiver.url];
        run(&[&args[..], &mode, &save, FIXED].concat()).success();
        run(&["replay", text(&saved), "--to", &receiver.url]).success();
        let (first, second) = (receiver.next(), receiver.next());
        assert_eq!(first.body, second.body, "{label}");
        assert_eq!(own_fields(&first), own_fields(&second), "{label}");
        let shown = run(&["show", &format!("{}:1", text(&saved))]).success();
        assert!(shown.stdout.contains("inbound"), "{label}: {shown:?}");
        std::fs::remove_file(&saved).unwrap();
    }
}

/// Messages of what `listen` received, by provider.
fn received(ran: &Ran) -> Vec<Value> {
    let lines = ran.lines().into_iter();
    lines.filter(|it| it["type"] == "received").collect()
}

#[test]
fn every_request_of_a_run_has_ids_of_its_own_and_a_seed_repeats_them() {
    let ids = |seed: &str| {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (provider, mode) in forms() {
            let name = provider.name;
            let args = [
                "send",
                "inbound",
                "--provider",
                name,
                "-n",
                "4",
                "--dry-run",
                "--as",
            ];
            let more = ["json", "--seed", seed];
            let ran = run(&[&args[..], &more, &mode].concat()).success();
            let ids = ran.stdout.lines().map(|line| {
                let delivery = Fixture::read(line.as_bytes()).unwrap().delivery;
                let receipt = providers::outline(&delivery, Some(provider));
                let mail = receipt.mails.into_iter().next().unwrap();
                format!("{:?} {:?}", mail.message_id, mail.id)
            });
            all.insert(format!("{name} {mode:?}"), ids.collect());
        }
        all
    };
    let (first, again, other) = (ids("1"), ids("1"), ids("2"));
    assert_eq!(first, again);
    for (label, ids) in &first {
        let unique: HashSet<&String> = ids.iter().chain(&other[label]).collect();
        assert_eq!(unique.len(), 8, "{label}: {ids:?}");
    }
}

/// Member of a mail that tells one message from another: Mailtrap's notification has an id of its own only.
fn id(provider: &str) -> &'static str {
    match provider {
        "mailtrap" => "id",
        _ => "message_id",
    }
}

#[test]
fn a_batch_holds_messages_of_its_own_or_the_same_file_several_times() {
    let dir = tempfile::tempdir().unwrap();
    let file = eml(dir.path(), "rich");
    let is_batched = |it: &&&Provider| it.inbound.is_some_and(providers::Inbound::is_batched);
    let names: Vec<&str> = providers::ALL
        .iter()
        .filter(is_batched)
        .map(|it| it.name)
        .collect();
    assert!(names.contains(&"mandrill"));
    for name in names {
        let listen = Listen::start(&["--json", "-n", "3"]);
        let args = [
            "send",
            "inbound",
            "--provider",
            name,
            "--to",
            &listen.url,
            "--batch",
        ];
        run(&[&args[..], &["3", "-n", "2"]].concat()).success();
        run(&[&args[..], &["2", "--eml", &file]].concat()).success();
        let ran = listen.finish().success();
        let all = received(&ran);
        let mut ids = HashSet::new();
        for line in &all[..2] {
            let events = line["events"].as_array().unwrap();
            assert_eq!(events.len(), 3, "{name}: {line}");
            let mails = line["mail"].as_array().unwrap();
            assert_eq!(mails.len(), 3, "{name}");
            ids.extend(mails.iter().map(|it| it[id(name)].to_string()));
        }
        assert_eq!(ids.len(), 6, "{name}: {ids:?}");
        let mails = all[2]["mail"].as_array().unwrap();
        assert_eq!(mails.len(), 2, "{name}");
        for mail in mails.iter().filter(|_| id(name) == "message_id") {
            assert_eq!(mail["message_id"], "<rich-2@example.org>", "{name}");
        }
    }
}

#[test]
fn a_tampered_request_is_rejected_for_its_fault() {
    for (name, mode, tampers) in [
        ("sendgrid", "raw", &["wrong-secret", "body", "missing"][..]),
        ("mailgun", "parsed", &["wrong-secret", "stale"]),
        ("mailgun", "raw", &["wrong-secret", "stale"]),
        ("ses", "utf8", &["wrong-secret", "body"]),
        ("postal", "raw", &["wrong-secret", "body", "missing"]),
        ("mandrill", "", &["wrong-secret", "body", "missing"]),
        ("mailersend", "", &["wrong-secret", "body", "missing"]),
        ("resend", "", &["wrong-secret", "body", "stale", "missing"]),
    ] {
        let count = tampers.len().to_string();
        let secret = providers::find(name).unwrap().test_public;
        let public = format!("{name}={secret}");
        let listen = Listen::start(&[
            "--json",
            "-n",
            &count,
            "--require-signature",
            "--provider",
            name,
            "--secret",
            &public,
        ]);
        for tamper in tampers {
            let args = [
                "send",
                "inbound",
                "--provider",
                name,
                "--to",
                &listen.url,
                "--tamper",
            ];
            let mode = match mode {
                "" => Vec::new(),
                mode => vec!["--mode", mode],
            };
            let ran = run(&[&args[..], &[tamper], &mode].concat());
            assert_eq!(ran.status, 0, "{name} {mode:?} {tamper}: {ran:?}");
            assert!(ran.stdout.starts_with("401"), "{name} {tamper}: {ran:?}");
        }
        let ran = listen.finish();
        for (line, tamper) in received(&ran).iter().zip(tampers) {
            assert_eq!(line["signature"]["verdict"], "refused", "{name} {tamper}");
        }
    }
}

#[test]
fn a_message_can_come_from_a_pipe_and_from_a_mailbox() {
    let eml = b"From ada@example.org Fri Jan  2 00:00:00 2026\nFrom: ada@example.org\nTo: bob@example.net\n\nhi\n";
    let mut command = webhook_cli();
    command.args(["send", "inbound", "--provider", "postmark", "--eml", "-"]);
    command.args(["--mail-from", "<>", "--dry-run", "--as", "json"]);
    command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), eml).unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap()).success();
    let delivery = Fixture::read(ran.stdout.as_bytes()).unwrap().delivery;
    let receipt = providers::outline(&delivery, None);
    assert_eq!(receipt.mails[0].envelope.to, ["bob@example.net"]);
    assert_eq!(receipt.mails[0].text.as_deref().map(str::trim), Some("hi"));
}

#[test]
fn the_warning_of_a_large_message_names_the_limit_and_its_source() {
    let dir = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for (provider, mode) in forms() {
        let inbound = provider.inbound.unwrap();
        let name = mode.get(1).copied().unwrap_or_default();
        let Some(limit) = inbound.limit_of(name).filter(|limit| limit.bytes < 1 << 20) else {
            continue;
        };
        seen += 1;
        let size = usize::try_from(limit.bytes).unwrap();
        let head = b"From: a@example.org\nTo: b@example.net\n\n".as_slice();
        let big = dir.path().join("big.eml");
        let args = [
            "send",
            "inbound",
            "--provider",
            provider.name,
            "--dry-run",
            "-q",
            "--eml",
        ];
        let args = [&args[..], &[text(&big)], &mode].concat();
        for (more, is_told) in [(1, true), (0, false)] {
            let rest = vec![b'x'; size - head.len() + more];
            std::fs::write(&big, [head, &rest].concat()).unwrap();
            let ran = run(&args).success();
            assert_eq!(ran.stderr.contains(limit.source), is_told, "{ran:?}");
        }
    }
    assert!(seen > 0);
}
