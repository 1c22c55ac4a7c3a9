//! `drift`: a recording against the examples of its providers.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Ran, webhook_cli};
use webhook_cli::providers::ALL;
use webhook_cli::webhook::Fixture;

fn cli(dir: &Path, args: &[&str]) -> Ran {
    Ran::of(webhook_cli().args(args).current_dir(dir).output().unwrap())
}

/// Line of a recording: an event of Postmark's or SendGrid's own example, changed.
fn line(example: &str, change: &dyn Fn(&mut Value)) -> String {
    let text = fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(example),
    );
    let mut fixture: Value = serde_json::from_slice(&text.unwrap()).unwrap();
    let body = &mut fixture["request"]["body"];
    change(if body.is_array() { &mut body[0] } else { body });
    format!("{fixture}\n")
}

/// Folder with `hooks.ndjson`: bounces of Postmark, an open and a click of SendGrid, and something else.
fn recording() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let bounce = |change: &dyn Fn(&mut Value)| line("postmark/bounce.json", change);
    let lines = [
        bounce(&|_| {}),
        bounce(&|it| {
            it["Canary\u{1b}"] = json!("canary");
            it["BouncedAt"] = json!(1767312009);
            it["TypeCode"] = json!("1");
        }),
        bounce(&|it| {
            it["Canary\u{1b}"] = json!(["canary"]);
            it["BouncedAt"] = json!("2026-01-02 00:00:09");
            it["Metadata"] = json!({"canary-name": "canary"});
        }),
        line("sendgrid/open.json", &|it| it["plan"] = json!("canary")),
        line("sendgrid/click.json", &|it| {
            it["event"] = json!("teleported")
        }),
        "{\"fixture\":1,\"request\":{\"body\":{\"a\":1}}}\n".to_owned(),
    ];
    fs::write(dir.path().join("hooks.ndjson"), lines.concat()).unwrap();
    dir
}

#[test]
fn each_kind_has_a_block_with_what_is_different() {
    let dir = recording();
    let ran = cli(dir.path(), &["drift", "hooks.ndjson"]).success();
    for told in [
        "postmark  bounce (HardBounce)  3 deliveries\n",
        "  unknown  /Canary\\x1b  list or text  in 2 of 3\n",
        "  type     /BouncedAt   number (Unix seconds) (example: text (RFC 3339))  in 1 of 3\n",
        "  type     /BouncedAt   text (time without zone) (example: text (RFC 3339))  in 1 of 3\n",
        "  type     /TypeCode    text (example: number)  in 1 of 3\n",
        "sendgrid  open  1 delivery  like the example\n  custom   /[]/plan\n",
        "sendgrid  unknown event  1 delivery\n  event    teleported\n",
        "\n\n6 deliveries compared; 1 of an unknown provider; 2 kinds differ from their examples\n",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
}

#[test]
fn no_value_is_ever_printed() {
    let dir = recording();
    for extra in [&[][..], &["--json"]] {
        let ran = cli(dir.path(), &[&["drift", "hooks.ndjson"], extra].concat()).success();
        for secret in [
            "\"canary\"",
            "canary\n",
            "canary ",
            "1767312009",
            "ada@example.com",
        ] {
            assert!(!ran.stdout.contains(secret), "{secret}: {}", ran.stdout);
        }
    }
}

#[test]
fn a_block_is_a_json_line() {
    let dir = recording();
    let lines = cli(dir.path(), &["drift", "hooks.ndjson", "--json"])
        .success()
        .lines();
    let bounce = &lines[0];
    assert_eq!(
        (
            &bounce["type"],
            &bounce["provider"],
            &bounce["kind"],
            &bounce["deliveries"]
        ),
        (
            &json!("drift"),
            &json!("postmark"),
            &json!("bounce"),
            &json!(3)
        )
    );
    assert_eq!(
        bounce["unknown"],
        json!([{"place": "/Canary\u{1b}", "types": ["list", "text"], "deliveries": 2}])
    );
    assert_eq!(
        bounce["types"][2],
        json!({"place": "/TypeCode", "expected": "number", "came": "text", "deliveries": 1})
    );
    assert_eq!(bounce["custom"], json!(["/Metadata/canary-name"]));
    assert_eq!(lines[2]["names"], json!(["teleported"]));
    assert_eq!(lines[2]["kind"], Value::Null);
    assert_eq!(
        lines[3],
        json!({"type": "summary", "deliveries": 6, "unrecognised": 1, "without_events": 0, "drifting": 2})
    );
}

#[test]
fn a_member_is_missing_if_no_delivery_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let without = |names: &'static [&'static str]| {
        line("postmark/bounce.json", &move |it| {
            for name in names {
                it.as_object_mut().unwrap().remove(*name);
            }
        })
    };
    let lines =
        without(&["Tag", "Inactive", "Metadata"]) + &without(&["Tag", "Subject", "Metadata"]);
    fs::write(dir.path().join("a.ndjson"), lines).unwrap();
    let ran = cli(dir.path(), &["drift", "a.ndjson", "--json"]).success();
    let missing = ran.lines()[0]["missing"].as_array().unwrap().clone();
    let places: Vec<&Value> = missing.iter().map(|it| &it["place"]).collect();
    // Metadata is the sender's own, and its place is Postmark's.
    assert_eq!(places, ["/Tag", "/Metadata"], "{missing:?}");
}

#[test]
fn what_is_kept_does_not_grow_with_the_recording() {
    let dir = tempfile::tempdir().unwrap();
    let lines: String = (0..60)
        .map(|part| {
            line("postmark/bounce.json", &move |it| {
                for at in 0..100 {
                    it[format!("new-{part}-{at}")] = json!(1);
                }
            })
        })
        .collect();
    fs::write(dir.path().join("a.ndjson"), lines).unwrap();
    let ran = cli(dir.path(), &["drift", "a.ndjson", "--json"]).success();
    let block = &ran.lines()[0];
    assert_eq!(block["unknown"].as_array().unwrap().len(), 1000);
    assert_eq!(block["cut"], 50);
    let text = cli(dir.path(), &["drift", "a.ndjson"]).success().stdout;
    assert!(text.contains("too many different places"), "{text}");
}

#[test]
fn deliveries_are_selected_and_faults_are_told() {
    let dir = recording();
    let ran = cli(
        dir.path(),
        &[
            "drift",
            "hooks.ndjson",
            "--provider",
            "sendgrid",
            "-e",
            "open",
        ],
    );
    assert!(
        ran.success()
            .stdout
            .starts_with("sendgrid  open  1 delivery")
    );
    let ran = cli(
        dir.path(),
        &["drift", "hooks.ndjson", "--last", "2", "--json"],
    )
    .success();
    assert_eq!(ran.lines().pop().unwrap()["deliveries"], 2);
    let none = cli(dir.path(), &["drift", "hooks.ndjson", "-e", "complaint"]);
    assert_eq!(none.status, 1);
    assert!(
        none.stderr.contains("6 deliveries read, and none matches"),
        "{}",
        none.stderr
    );
    let good = fs::read_to_string(dir.path().join("hooks.ndjson")).unwrap();
    fs::write(
        dir.path().join("hooks.ndjson"),
        format!("{{\"fixture\":1,}}\n{good}"),
    )
    .unwrap();
    let broken = cli(dir.path(), &["drift", "hooks.ndjson"]);
    assert_eq!(broken.status, 3);
    assert!(
        broken.stderr.contains("hooks.ndjson:1"),
        "{}",
        broken.stderr
    );
    assert!(
        broken.stdout.contains("6 deliveries compared"),
        "{}",
        broken.stdout
    );
}

#[test]
fn no_example_differs_from_itself() {
    let dir = tempfile::tempdir().unwrap();
    let rows = ALL.iter().flat_map(|provider| provider.events);
    let examples = rows.filter(|row| !row.example.is_empty());
    let (mut lines, mut count) = (Vec::new(), 0);
    for row in examples {
        let fixture = Fixture::read(row.example.as_bytes()).unwrap();
        lines.extend_from_slice(fixture.to_line().as_bytes());
        count += 1;
    }
    fs::write(dir.path().join("all.ndjson"), lines).unwrap();
    let ran = cli(dir.path(), &["drift", "all.ndjson", "--json"]).success();
    let told = ran.lines();
    for block in &told[..told.len() - 1] {
        for findings in ["unknown", "missing", "types", "names", "custom"] {
            assert_eq!(block[findings], json!([]), "{block}");
        }
    }
    let totals = told.last().unwrap();
    assert!(count > 400 && totals["deliveries"] == count, "{totals}");
    assert_eq!(totals["drifting"], 0);
}
