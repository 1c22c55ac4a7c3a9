//! `replay --set`, `--unset` and `--edit`: recorded deliveries that are changed before they are sent again.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use webhook_cli::providers;
use webhook_cli::providers::{ALL, PlaceChanges, Provider, typed};
use webhook_cli::webhook::{Algorithm, Delivery, Document, Fixture};

use crate::harness::{Listen, Ran, Receiver, run, text, webhook_cli};

const OTHER: &str = "bob.b@example.org";

/// Each example of each provider.
fn examples() -> impl Iterator<Item = (&'static Provider, &'static str, Delivery)> {
    ALL.iter().flat_map(|provider| {
        let rows = provider.events.iter().filter(|row| !row.example.is_empty());
        rows.map(|row| {
            let fixture = Fixture::read(row.example.as_bytes()).unwrap();
            (*provider, row.native, fixture.delivery)
        })
    })
}

fn set(place: &str, value: &str) -> PlaceChanges {
    PlaceChanges {
        sets: vec![(place.into(), typed(value))],
        unsets: Vec::new(),
    }
}

fn unset(place: &str) -> PlaceChanges {
    PlaceChanges {
        sets: Vec::new(),
        unsets: vec![place.into()],
    }
}

/// What is sent of the event.
fn sent(delivery: &Delivery) -> String {
    let body = String::from_utf8(delivery.body.to_vec()).unwrap();
    format!("{}\n{body}", delivery.path)
}

#[test]
fn a_new_field_comes_and_goes_and_no_other_byte_changes() {
    for (provider, name, delivery) in examples() {
        for value in ["1.10", "text", "{\"a\": [1,  2]}"] {
            let told = format!("{} {name} {value}", provider.name);
            let mut changed = delivery.clone();
            let notes = set("zz_new", value).apply(&mut changed, Some(provider));
            assert!(notes.unwrap()[0].ends_with("is a new member"), "{told}");
            assert_ne!(sent(&changed), sent(&delivery), "{told}");
            let notes = unset("zz_new").apply(&mut changed, Some(provider));
            assert_eq!(notes.unwrap(), [""; 0], "{told}");
            assert_eq!(sent(&changed), sent(&delivery), "{told}");
            assert_eq!(changed.headers, delivery.headers, "{told}");
        }
    }
}

#[test]
fn what_stands_in_a_text_is_changed_where_it_stands() {
    let ses = providers::find("ses").unwrap();
    let example = ses.row("bounce").unwrap().example;
    let mut delivery = Fixture::read(example.as_bytes()).unwrap().delivery;
    // Spaces and escapes that we would not write.
    let odd = sent(&delivery)
        .split_once('\n')
        .unwrap()
        .1
        .replace("{\\\"eventType\\\":", "{ \\u0022eventType\\\" :  ");
    assert!(odd.contains("\\u0022eventType"));
    delivery.body = odd.clone().into();
    for (place, old, new) in [
        ("bounce.bounceType", "Permanent", "Transient"),
        ("/Message/eventType", "Bounce", "Renamed"),
        ("Subject", "Amazon SES Email Event Notification", "x"),
    ] {
        let mut changed = delivery.clone();
        let notes = set(place, new).apply(&mut changed, Some(ses));
        assert_eq!(notes.unwrap(), [""; 0], "{place}");
        let changed = String::from_utf8(changed.body.to_vec()).unwrap();
        assert_eq!(changed, odd.replacen(old, new, 1), "{place}");
    }
}

#[test]
fn another_recipient_changes_its_own_bytes_only() {
    let mut count = 0;
    for (provider, name, delivery) in examples() {
        let told = format!("{} {name}", provider.name);
        for pointer in provider.fields.recipient {
            let place = pointer.replace("/*", "/0");
            let mut changed = delivery.clone();
            let notes = set(&place, OTHER).apply(&mut changed, Some(provider));
            // Another kind of its events has it, or it is a list here.
            if notes.is_err() || notes.is_ok_and(|notes| !notes.is_empty()) {
                continue;
            }
            let receipt = providers::outline(&changed, Some(provider));
            let (old, new) = (sent(&delivery), sent(&changed));
            let before = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b);
            let before = before.count();
            let after = old.bytes().rev().zip(new.bytes().rev());
            let after = after.take_while(|(a, b)| a == b).count();
            let written = &new[before..new.len().max(after + before) - after];
            let replaced = &old[before..old.len().max(after + before) - after];
            let events = receipt.events.len().max(1);
            assert!(
                events > 1 || written.len() <= OTHER.len() + 4,
                "{told}: {replaced} -> {written}"
            );
            let address = receipt
                .events
                .iter()
                .filter_map(|it| it.recipient.as_deref());
            count += usize::from(address.into_iter().any(|it| it == OTHER));
        }
    }
    assert!(count > 100, "{count} recipients");
}

#[test]
fn what_was_sent_again_with_another_field_verifies_for_every_provider_that_signs() {
    let dir = tempfile::tempdir().unwrap();
    let recording = dir.path().join("all.ndjson");
    for kind in ["delivered", "click", "bounce", "subscribe"] {
        let args = ["send", kind, "--provider", "all", "--dry-run", "-q"];
        run(&[&args[..], &["--save", text(&recording)]].concat());
    }
    let signing = ALL.iter().filter(|provider| {
        let signs = |scheme: &&&_| {
            let scheme: &webhook_cli::webhook::Scheme = scheme;
            scheme.algorithm != Algorithm::Credentials
        };
        provider.schemes.iter().find(signs).is_some()
    });
    let mut verified = 0;
    let listener = Listen::start(&["--require-signature", "--json"]);
    for provider in signing {
        let ran = run(&[
            "replay",
            text(&recording),
            "--provider",
            provider.name,
            "--set",
            "zz_new=1",
            "--to",
            &listener.url,
            "--json",
        ]);
        for line in ran.lines().iter().filter(|it| it["type"] == "attempted") {
            assert_eq!(line["status"], 200, "{line} {}", ran.stderr);
            verified += 1;
        }
        let lines = ran.stderr.lines();
        let said = lines.filter(|line| line.contains("signed anew")).count();
        assert!(said <= 1, "{}", ran.stderr);
    }
    assert!(verified > 60, "{verified}");
}

/// A recording of these deliveries.
fn recorded(dir: &Path, sends: &[&[&str]]) -> PathBuf {
    let recording = dir.join("hooks.ndjson");
    for send in sends {
        let args = [
            &["send"],
            *send,
            &["--dry-run", "-q", "--save", text(&recording)],
        ]
        .concat();
        run(&args).success();
    }
    recording
}

fn body(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn the_changed_delivery_is_sent_and_its_length_and_signature_are_right() {
    let dir = tempfile::tempdir().unwrap();
    let recording = recorded(dir.path(), &[&["click", "--provider", "resend"]]);
    let handler = Receiver::ok();
    let ran = run(&[
        "replay",
        text(&recording),
        "--set",
        "data.subject=A much longer subject than before",
        "--unset",
        "/data/tags",
        "--set",
        "data.tag=x",
        "--to",
        &handler.url,
    ])
    .success();
    let request = handler.next();
    let length = request.header("content-length").unwrap();
    assert_eq!(length, request.body.len().to_string());
    let body = body(&request.body);
    assert_eq!(body["data"]["subject"], "A much longer subject than before");
    assert_eq!(body["data"].get("tags"), None);
    let notes: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(
        notes,
        [
            "note: /data/tag is a new member; did you mean /data/tags?",
            "note: changed deliveries of Resend are signed anew, with the public test key",
        ]
    );
}

#[test]
fn a_place_that_does_not_fit_is_an_error_and_that_delivery_is_not_sent() {
    let dir = tempfile::tempdir().unwrap();
    let sends: [&[&str]; 3] = [
        &["click", "--set", "x={\"y\":1}"],
        &["open", "--set", "x=text"],
        &["bounce", "--set", "x={\"y\":1}"],
    ];
    let recording = recorded(dir.path(), &sends);
    let recording = text(&recording);
    let handler = Receiver::ok();
    let replay = |source: &str| run(&["replay", source, "--set", "x.y=2", "--to", &handler.url]);
    let one = replay(&format!("{recording}:2"));
    assert_eq!((one.status, one.stdout.as_str()), (2, ""), "{one:#?}");
    let lines: Vec<&str> = one.stderr.lines().collect();
    let error = "it cannot be changed: `/x` is a string, so it has no `/x/y`";
    assert_eq!(lines[0], format!("error: {recording}:2: {error}"));
    assert_eq!(
        lines[1],
        format!(" hint: `webhook-cli show {recording}:2 --body` prints what there is")
    );
    assert_eq!(handler.all(), []);
    let all = replay(recording);
    assert_eq!(all.status, 2, "{all:#?}");
    assert!(all.stderr.contains(&format!("{recording}:2: it cannot")));
    let events = handler
        .all()
        .into_iter()
        .map(|it| body(&it.body)["event"].clone());
    assert_eq!(events.collect::<Vec<_>>(), ["click", "bounce"]);
    let dry = run(&["replay", recording, "--set", "x.y=2", "--dry-run", "-q"]);
    assert_eq!(dry.status, 2, "{dry:#?}");
}

#[test]
fn bodies_in_which_no_place_can_be_found_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let handler = Receiver::ok();
    for (request, why) in [
        (
            json!({"text": "not json"}),
            "the body is not JSON: expected",
        ),
        (json!({"text": ""}), "the body is empty"),
        (json!({"base64": "/w=="}), "the body is not UTF-8"),
        (
            json!({"text": "x", "headers": [["content-encoding", "gzip"]]}),
            "the body is compressed (gzip)",
        ),
        (
            json!({"text": "a=1&b=2&a=3", "headers": [["content-type", "application/x-www-form-urlencoded"]]}),
            "`/a` is a list; its type cannot change; `/a/0` is its first element",
        ),
    ] {
        let fixture = dir.path().join("odd.json");
        let written = json!({"fixture": 1, "request": request}).to_string();
        std::fs::write(&fixture, written).unwrap();
        let ran = run(&[
            "replay",
            text(&fixture),
            "--set",
            "a=2",
            "--to",
            &handler.url,
        ]);
        assert_eq!(ran.status, 2, "{ran:#?}");
        assert!(ran.stderr.contains(why), "{why}: {}", ran.stderr);
    }
    assert_eq!(handler.all(), []);
}

#[test]
fn each_value_of_a_repeated_form_field_has_a_place() {
    let dir = tempfile::tempdir().unwrap();
    let handler = Receiver::ok();
    let fixture = dir.path().join("form.json");
    let headers = json!([["content-type", "application/x-www-form-urlencoded"]]);
    let request = json!({"text": "tag=a%20b&x=%31&tag=c", "headers": headers});
    std::fs::write(
        &fixture,
        json!({"fixture": 1, "request": request}).to_string(),
    )
    .unwrap();
    for (change, form) in [
        (["--set", "tag.1=d"], "tag=a%20b&x=%31&tag=d"),
        (["--set", "/tag/0=d e"], "tag=d+e&x=%31&tag=c"),
        (["--set", "/tag/-=d"], "tag=a%20b&x=%31&tag=c&tag=d"),
        (["--unset", "/tag/1"], "tag=a%20b&x=%31"),
        (["--unset", "tag"], "x=%31"),
    ] {
        let replay = ["replay", text(&fixture), "--to", &handler.url];
        run(&[&replay[..], &change].concat()).success();
        let body = handler.next().body;
        assert_eq!(String::from_utf8(body).unwrap(), form, "{change:?}");
    }
}

#[test]
fn a_delivery_that_already_is_so_is_sent_as_it_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let recording = recorded(
        dir.path(),
        &[&["click", "--provider", "postmark"], &["click"]],
    );
    let handler = Receiver::ok();
    let args = ["replay", text(&recording), "--to", &handler.url];
    run(&args).success();
    let recorded = [handler.next(), handler.next()];
    let same = ["--set", "event=click", "--unset", "nothing"];
    let ran = run(&[
        &[
            "replay",
            &format!("{}:2", text(&recording)),
            "--to",
            &handler.url,
        ],
        &same[..],
    ]
    .concat());
    assert_eq!(handler.next(), recorded[1]);
    assert_eq!(
        ran.stderr,
        "note: /nothing does not exist; nothing was removed\n"
    );
    // Nothing signs it, so there is nothing to say.
    let one = format!("{}:1", text(&recording));
    let ran = run(&[
        "replay",
        &one,
        "--to",
        &handler.url,
        "--set",
        "/MessageID=x",
    ]);
    assert_eq!(
        (
            ran.success().stderr.as_str(),
            body(&handler.next().body)["MessageID"].as_str()
        ),
        ("", Some("x"))
    );
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn what_was_signed_with_a_secret_is_signed_anew_with_it_or_not_sent() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let secret = format!("file:{}", text(&secret));
    let sends: [&[&str]; 1] = [&["click", "--provider", "resend", "--secret", &secret]];
    let recording = recorded(dir.path(), &sends);
    let listener = Listen::start(&["--require-signature", "--secret", &secret]);
    let change = [
        "replay",
        text(&recording),
        "--set",
        "data.subject=x",
        "--to",
        &listener.url,
    ];
    let without = run(&change);
    assert_eq!(
        (without.status, without.stdout.as_str()),
        (2, ""),
        "{without:#?}"
    );
    assert!(
        without.stderr.contains("takes the secret of Resend"),
        "{without:#?}"
    );
    assert!(
        without.stderr.contains(" hint: `--secret resend=env:NAME`"),
        "{without:#?}"
    );
    let with = run(&[&change[..], &["--secret", &secret]].concat()).success();
    assert!(
        with.stderr.contains("signed anew, with the given secret"),
        "{with:#?}"
    );
    let test_key = run(&[&change[..], &["--resign"]].concat());
    assert_eq!(test_key.status, 1, "{test_key:#?}");
    let unfit = run(&[&change[..], &["--secret", "resend=whsec_%%%"]].concat());
    assert_eq!(unfit.status, 2, "{unfit:#?}");
}

#[test]
fn retries_and_the_dead_letter_file_have_the_changed_delivery() {
    let dir = tempfile::tempdir().unwrap();
    let recording = recorded(dir.path(), &[&["click", "--provider", "resend"]]);
    let failed = dir.path().join("failed.ndjson");
    let refused = "HTTP/1.1 503 Not Now\r\ncontent-length: 0\r\n\r\n";
    let handler = Receiver::start(&[refused]);
    let ran = run(&[
        "replay",
        text(&recording),
        "--set",
        "data.subject=x",
        "--to",
        &handler.url,
        "--retries",
        "1",
        "--backoff",
        "1ms",
        "--failed-to",
        text(&failed),
    ]);
    assert_eq!(ran.status, 1, "{ran:#?}");
    let (first, second) = (handler.next(), handler.next());
    assert_eq!(first.body, second.body);
    let listener = Listen::start(&["--require-signature"]);
    run(&["replay", text(&failed), "--to", &listener.url]).success();
    let line = std::fs::read_to_string(&failed).unwrap();
    assert!(line.contains("\"subject\":\"x\""), "{line}");
}

#[test]
fn a_replay_that_was_begun_without_the_change_is_not_resumed_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let recording = recorded(dir.path(), &[&["click"]]);
    let journal = dir.path().join("journal");
    let handler = Receiver::ok();
    let args = [
        "replay",
        text(&recording),
        "--to",
        &handler.url,
        "--resume",
        text(&journal),
    ];
    run(&args).success();
    let changed = run(&[&args[..], &["--set", "email=x"]].concat());
    assert_eq!(changed.status, 2, "{changed:#?}");
    run(&args).success();
    assert_eq!(handler.all().len(), 1);
}

/// An editor that is a script; `$1` is the file.
#[cfg(unix)]
struct Editor {
    dir: tempfile::TempDir,
    recording: PathBuf,
    handler: Receiver,
}

#[cfg(unix)]
impl Editor {
    fn new(script: &str) -> Editor {
        let dir = tempfile::tempdir().unwrap();
        let sends: [&[&str]; 2] = [
            &["click", "--provider", "sendgrid"],
            &["open", "--provider", "resend"],
        ];
        let recording = recorded(dir.path(), &sends);
        std::fs::create_dir(dir.path().join("tmp")).unwrap();
        std::fs::write(
            dir.path().join("my editor"),
            format!("#!/bin/sh\n{script}\n"),
        )
        .unwrap();
        let editor = dir.path().join("my editor");
        let done = Command::new("chmod").arg("+x").arg(editor).status();
        assert!(done.unwrap().success());
        Editor {
            dir,
            recording,
            handler: Receiver::ok(),
        }
    }

    fn command(&self, place: &str) -> Command {
        let mut command = webhook_cli();
        command
            .args([
                "replay",
                &format!("{}{place}", text(&self.recording)),
                "--edit",
            ])
            .args(["--to", &self.handler.url])
            .env_remove("VISUAL")
            .env(
                "EDITOR",
                format!("'{}'", text(&self.dir.path().join("my editor"))),
            )
            .env("TMPDIR", self.dir.path().join("tmp"));
        command
    }

    /// Runs the command, after which no temporary file is left.
    #[track_caller]
    fn finish(&self, command: &mut Command) -> Ran {
        let ran = Ran::of(command.output().unwrap());
        assert_eq!(self.left(), 0);
        ran
    }

    fn left(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("tmp"))
            .unwrap()
            .count()
    }

    #[track_caller]
    fn run(&self, place: &str) -> Ran {
        self.finish(&mut self.command(place))
    }

    fn sent(&self) -> Vec<Vec<u8>> {
        self.handler.all().into_iter().map(|it| it.body).collect()
    }
}

/// Replaces the recipient.
const RENAME: &str = "sed -i 's/ada@example.com/bob@example.com/' \"$1\"";

#[cfg(unix)]
#[test]
fn what_was_edited_is_sent_signed_anew_and_nothing_else_changes() {
    let editor = Editor::new(RENAME);
    let listener = Listen::start(&["--require-signature"]);
    let ran = editor.run("").success();
    let recorded = std::fs::read_to_string(&editor.recording).unwrap();
    let wanted: Vec<Vec<u8>> = recorded
        .lines()
        .map(|line| {
            let delivery = Fixture::read_line(line.as_bytes()).unwrap().delivery;
            let body = String::from_utf8(delivery.body.to_vec()).unwrap();
            body.replace("ada@example.com", "bob@example.com")
                .into_bytes()
        })
        .collect();
    assert_eq!(editor.sent(), wanted);
    let notes: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(
        notes,
        [
            "note: changed deliveries of SendGrid are signed anew, with the public test key",
            "note: changed deliveries of Resend are signed anew, with the public test key"
        ]
    );
    let mut command = editor.command("");
    let dry = editor
        .finish(command.args(["--dry-run", "--as", "json"]))
        .success();
    let fixtures = dry
        .stdout
        .lines()
        .map(|line| Fixture::read_line(line.as_bytes()));
    let bodies = fixtures.map(|it| it.unwrap().delivery.body.to_vec());
    assert_eq!(bodies.collect::<Vec<_>>(), wanted);
    let saved = editor.dir.path().join("edited.ndjson");
    std::fs::write(&saved, &dry.stdout).unwrap();
    run(&["replay", text(&saved), "--to", &listener.url]).success();
}

#[cfg(unix)]
#[test]
fn the_editor_gets_a_private_file_with_the_readable_fixture() {
    let editor = Editor::new(
        "cp \"$1\" \"$KEPT\"; { basename \"$1\"; ls -l \"$1\" | cut -c 1-10; ls -ld \"${1%/*}\" | cut -c 1-10; } > \"$KEPT.about\"; echo drawn",
    );
    let kept = editor.dir.path().join("kept");
    let ran = editor
        .finish(editor.command(":1").env("KEPT", &kept))
        .success();
    assert_eq!(ran.stdout, "");
    assert!(
        ran.stderr
            .contains("hooks.ndjson:1 was not changed; it is not sent"),
        "{ran:#?}"
    );
    assert_eq!(editor.sent(), [[0; 0]; 0]);
    let shown = std::fs::read_to_string(&kept).unwrap();
    let fixture: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(fixture["request"]["body"][0]["email"], "ada@example.com");
    assert!(
        shown.contains("\n        \"email\": \"ada@example.com\",\n"),
        "{shown}"
    );
    let about = std::fs::read_to_string(kept.with_extension("about")).unwrap();
    assert_eq!(about, "hooks.ndjson-1.json\n-rw-------\ndrwx------\n");
}

#[cfg(unix)]
#[test]
fn a_broken_edit_comes_back_with_the_fault_marked() {
    // The first time a comma is put where none may be; then the mark is kept, and the text mended.
    let editor = Editor::new(
        "if grep -q '^//' \"$1\"; then cp \"$1\" \"$KEPT\"; sed -i 's/: ,/:/; s/ada@/bob@/' \"$1\"; else sed -i 's/\"email\":/\"email\": ,/' \"$1\"; fi",
    );
    let kept = editor.dir.path().join("kept");
    let ran = editor
        .finish(editor.command(":1").env("KEPT", &kept))
        .success();
    assert!(
        ran.stderr
            .contains("not JSON: expected value; it is opened again"),
        "{ran:#?}"
    );
    let sent = editor.sent();
    assert_eq!(body(&sent[0])[0]["email"], "bob@example.com");
    let shown = std::fs::read_to_string(&kept).unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains("\"email\": ,"))
        .unwrap();
    let comma = lines[at].find(',').unwrap();
    assert_eq!(lines[at + 1].find('^'), Some(comma), "{shown}");
    assert!(lines[0].starts_with("// This is no valid fixture: not JSON: expected value"));
}

#[cfg(unix)]
#[test]
fn an_edit_that_stays_broken_sends_nothing() {
    for (script, why) in [
        ("echo '{' > \"$1\"", "not JSON"),
        ("echo '{}' > \"$1\"", "`fixture` is missing"),
        ("printf '\\377' > \"$1\"", "is not UTF-8"),
        ("echo '{' >> \"$1\"", "not JSON"),
        (
            "sed -i 's/\"POST\"/\"a b\"/' \"$1\"",
            "`method` is no method",
        ),
    ] {
        let editor = Editor::new(script);
        let ran = editor.run(":1");
        assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "{ran:#?}");
        let last = ran.stderr.lines().last().unwrap();
        assert!(
            last.contains(why) && last.ends_with("nothing was sent"),
            "{last}"
        );
        assert_eq!(editor.sent(), [[0; 0]; 0]);
    }
}

#[cfg(unix)]
#[test]
fn an_edit_that_is_given_up_sends_nothing_and_is_a_success() {
    for script in [
        "true",
        ": > \"$1\"",
        "rm \"$1\"",
        "touch \"$1\"; echo ' ' >> \"$1\"",
        "sed -i 's/\"id\": .*/\"id\": \"other\",/' \"$1\"",
    ] {
        let editor = Editor::new(script);
        let ran = editor.run(":1").success();
        assert!(ran.stderr.contains("it is not sent"), "{script}: {ran:#?}");
        assert_eq!((editor.sent().len(), ran.stdout.as_str()), (0, ""));
    }
    // Of several, those that were changed are sent.
    let editor = Editor::new(&format!("grep -qi sendgrid \"$1\" || {RENAME}"));
    let ran = editor.run("").success();
    assert_eq!(editor.sent().len(), 1, "{ran:#?}");
}

#[cfg(unix)]
#[test]
fn an_editor_that_fails_or_is_not_there_sends_nothing() {
    let editor = Editor::new(&format!("{RENAME}; exit 3"));
    let failed = editor.run("");
    assert_eq!(failed.status, 2, "{failed:#?}");
    assert!(
        failed
            .stderr
            .contains("failed (exit status 3), so nothing was sent")
    );
    let killed = Editor::new(&format!("{RENAME}; kill -KILL $$"));
    assert!(killed.run(":1").stderr.contains("ended by a signal"));
    for (variable, value, why) in [
        (
            "EDITOR",
            "/no/such/editor -w",
            "cannot run the editor `/no/such/editor` (EDITOR): there is no such program",
        ),
        ("EDITOR", "'open", "a quote is not closed"),
        ("EDITOR", " ", "neither VISUAL nor EDITOR is set"),
        ("VISUAL", "false", "the editor `false` (VISUAL) failed"),
    ] {
        let ran = editor.finish(editor.command(":1").env(variable, value));
        assert_eq!(ran.status, 2, "{ran:#?}");
        assert!(ran.stderr.contains(why), "{why}: {ran:#?}");
        assert!(ran.stderr.contains(" hint: "), "{ran:#?}");
    }
    assert_eq!((editor.sent().len(), killed.sent().len()), (0, 0));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_editor_and_leaves_nothing_behind() {
    let editor = Editor::new("echo > \"$STARTED\"; exec cat \"$STARTED\" > /dev/null");
    let fifo = editor.dir.path().join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let child = editor
        .command(":1")
        .env("STARTED", &fifo)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Opening it waits for the editor.
    std::fs::read(&fifo).unwrap();
    assert_eq!(editor.left(), 1);
    let kill = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.status, editor.left()), (130, 0), "{ran:#?}");
    assert!(ran.stderr.contains("nothing was sent"), "{ran:#?}");
    assert_eq!(editor.sent().len(), 0);
}

#[cfg(unix)]
#[test]
fn few_deliveries_are_edited_at_once() {
    let editor = Editor::new(RENAME);
    let args = [
        "send",
        "click",
        "-n",
        "9",
        "--save",
        text(&editor.recording),
    ];
    run(&[&args[..], &["--dry-run", "-q"]].concat()).success();
    let ran = editor.run("");
    assert_eq!(ran.status, 2, "{ran:#?}");
    assert!(
        ran.stderr.contains("more than 10 deliveries are selected"),
        "{ran:#?}"
    );
    assert_eq!(editor.sent().len(), 0);
    let ran = editor.finish(editor.command("").args(["--limit", "10"]));
    assert_eq!((ran.status, editor.sent().len()), (0, 10), "{ran:#?}");
    let none = editor.finish(editor.command("").args(["--grep", "zzzz"]));
    assert_eq!(none.status, 1, "{none:#?}");
    assert!(
        none.stderr.contains("none matches; nothing was sent"),
        "{none:#?}"
    );
}

#[cfg(unix)]
#[test]
fn what_was_set_is_shown_in_the_editor_and_can_be_changed_further() {
    let editor = Editor::new("sed -i 's/carol@/dave@/' \"$1\"");
    let mut command = editor.command(":1");
    editor
        .finish(command.args(["--set", "email=carol@example.com"]))
        .success();
    assert_eq!(body(&editor.sent()[0])[0]["email"], "dave@example.com");
    let mut command = editor.command(":1");
    let misfit = editor.finish(command.args(["--set", "email.x=1"]));
    assert_eq!((misfit.status, editor.sent().len()), (2, 0), "{misfit:#?}");
}

#[test]
fn the_provider_stays_known_where_the_change_hides_it() {
    let dir = tempfile::tempdir().unwrap();
    let recording = recorded(dir.path(), &[&["click", "--provider", "sendgrid"]]);
    let ran = run(&[
        "replay",
        text(&recording),
        "--unset",
        "sg_event_id",
        "--unset",
        "sg_message_id",
        "--set",
        "event=unheard-of",
        "--dry-run",
        "--as",
        "json",
    ])
    .success();
    let delivery = Fixture::read_line(ran.stdout.trim_end().as_bytes())
        .unwrap()
        .delivery;
    assert!(Document::of(&delivery).is_ok());
    assert!(
        ran.stderr.contains("of SendGrid are signed anew"),
        "{ran:#?}"
    );
}
