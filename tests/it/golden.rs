//! Golden master: bytes sent and JSON printed for fixed seeds, one digest a part in `tests/golden.txt`. A refactoring
//! leaves them alone. After a change that is meant: `GOLDEN=update cargo test --test it golden`, and look at the diff.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};
use webhook_cli::providers::ALL;

use crate::harness::{Listen, run, webhook_cli};

const AT: &str = "2026-01-02T03:04:05Z";

/// Output by the name of its part.
type Parts = BTreeMap<String, String>;

#[test]
fn what_is_sent_and_printed_for_a_seed_stays_the_same() {
    let mut parts = Parts::new();
    let recorded = made(&mut parts);
    played(&mut parts);
    printed(&mut parts);
    received(&recorded, &mut parts);
    compare(&parts);
}

/// Adds each kind of each provider, by its native name, and returns all as a recording.
fn made(parts: &mut Parts) -> String {
    let mut all = String::new();
    for provider in ALL {
        let mut args = vec!["send"];
        let sent = provider
            .events
            .iter()
            .filter(|event| !event.example.is_empty());
        args.extend(sent.map(|event| event.native));
        args.extend(["--provider", provider.name, "--seed", "7", "--at", AT]);
        args.extend(["--dry-run", "--as", "json"]);
        let ran = run(&args);
        assert_eq!(ran.status, 0, "{}: {}", provider.name, ran.stderr);
        all.push_str(&ran.stdout);
        parts.insert(format!("send {}", provider.name), ran.stdout);
    }
    all
}

/// Adds a journey and a campaign, for a provider that batches and one that does not.
fn played(parts: &mut Parts) {
    for provider in ["sendgrid", "mailgun"] {
        for scenario in [&["journey"][..], &["campaign", "--recipients", "20"]] {
            let ran = Vec::from_iter(["send"].iter().chain(scenario).copied().chain([
                "--provider",
                provider,
                "--seed",
                "7",
                "--at",
                AT,
                "--dry-run",
                "--as",
                "json",
            ]));
            let ran = run(&ran);
            assert_eq!(ran.status, 0, "{}", ran.stderr);
            parts.insert(format!("send {} {provider}", scenario[0]), ran.stdout);
        }
    }
}

/// Adds the lists that have a JSON form.
fn printed(parts: &mut Parts) {
    for args in [
        &["events", "--json"][..],
        &["events", "--schema"],
        &["check", "--list", "--json"],
        &["keys", "--json"],
    ] {
        let ran = run(args);
        assert_eq!(ran.status, 0, "{args:?}: {}", ran.stderr);
        parts.insert(args.join(" "), ran.stdout);
    }
}

/// Adds the JSON lines of a listener that was sent all of it, by provider, less times, addresses and ids of this run.
fn received(recorded: &str, parts: &mut Parts) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.ndjson");
    std::fs::write(&path, recorded).unwrap();
    let count = recorded.lines().count().to_string();
    let listener = Listen::start(&["--json", "--count", &count]);
    let replayed = webhook_cli()
        .arg("replay")
        .arg(&path)
        .args(["--to", &listener.url, "-q"])
        .output()
        .unwrap();
    assert!(replayed.status.success(), "{replayed:?}");
    for mut line in listener.finish().lines() {
        if line["type"] != "received" {
            continue;
        }
        mask(&mut line);
        let provider = line["provider"].as_str().unwrap_or("none").to_owned();
        let part = parts.entry(format!("listen {provider}")).or_default();
        writeln!(part, "{line}").unwrap();
    }
}

/// Blanks members that differ from run to run. The age in a reason does too.
fn mask(line: &mut Value) {
    for place in [
        "/id",
        "/at",
        "/remote",
        "/reply/micros",
        "/retry/since_micros",
        "/signature/reason",
    ] {
        if let Some(value) = line.pointer_mut(place) {
            *value = Value::Null;
        }
    }
    if let Some(headers) = line["headers"].as_array_mut() {
        headers.retain(|field| field[0] != "host" && field[0] != "Host");
    }
}

/// Compares each part's digest with the file's; writes the file anew if the environment says so.
fn compare(parts: &Parts) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden.txt");
    let found: BTreeMap<&str, String> = parts
        .iter()
        .map(|(name, text)| (name.as_str(), digest(text)))
        .collect();
    if std::env::var("GOLDEN").is_ok_and(|value| value == "update") {
        let lines: String = found
            .iter()
            .map(|(name, digest)| format!("{digest}  {name}\n"))
            .collect();
        std::fs::write(file, lines).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(file).unwrap();
    let expected: BTreeMap<&str, String> = expected
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(digest, name)| (name, digest.to_owned()))
        .collect();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden");
    let mut different = Vec::new();
    for (name, text) in parts {
        if expected.get(name.as_str()) != found.get(name.as_str()) {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(name.replace([' ', '/'], "_")), text).unwrap();
            different.push(name.as_str());
        }
    }
    let gone = expected
        .keys()
        .filter(|name| !found.contains_key(*name))
        .copied();
    different.extend(gone);
    assert!(
        different.is_empty(),
        "differs from tests/golden.txt: {different:?}; the new text is in {}",
        folder.display()
    );
}

fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}
