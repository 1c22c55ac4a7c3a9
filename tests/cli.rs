//! What is around the verbs: help, completions, the manual, keys.

mod harness;

use harness::{run, webhook_cli};
use std::path::Path;

#[test]
fn completions_are_kept_and_current() {
    for (shell, file) in [
        ("bash", "webhook-cli.bash"),
        ("zsh", "_webhook-cli"),
        ("fish", "webhook-cli.fish"),
        ("powershell", "_webhook-cli.ps1"),
        ("elvish", "webhook-cli.elv"),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("completions")
            .join(file);
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let printed = run(&["completions", shell]).success().stdout;
        assert!(
            kept == printed,
            "completions/{file} is not what `webhook-cli completions {shell}` prints"
        );
    }
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    assert!(run(&["man"]).success().stdout.contains(".TH webhook-cli 1"));
    let dir = tempfile::tempdir().unwrap();
    run(&["man", "--dir", harness::text(dir.path())]).success();
    for page in [
        "webhook-cli.1",
        "webhook-cli-listen.1",
        "webhook-cli-send.1",
        "webhook-cli-replay.1",
        "webhook-cli-keys.1",
    ] {
        assert!(dir.path().join(page).exists(), "{page}");
    }
}

#[test]
fn help_and_version_are_a_success_and_no_command_is_not() {
    for args in [
        &["--help"][..],
        &["-h"],
        &["listen", "--help"],
        &["send", "-h"],
        &["replay", "--help"],
        &["--version"],
    ] {
        let ran = run(args).success();
        assert!(
            ran.stderr.is_empty() && ran.stdout.contains("webhook-cli"),
            "{args:?}"
        );
    }
    assert_eq!(run(&[]).status, 2);
    assert_eq!(run(&["lisen"]).status, 2);
}

#[test]
fn the_environment_variable_of_the_secret_is_not_shown_by_help() {
    let out = webhook_cli()
        .args(["send", "--help"])
        .env("WEBHOOK_CLI_SECRET", "canary-5f1c0e")
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&out.stdout).contains("canary-5f1c0e"));
}

#[test]
fn keys_are_printed_in_the_form_to_paste() {
    let sendgrid = run(&["keys", "sendgrid"]).success().stdout;
    assert!(
        sendgrid.starts_with("MFkwEwYHKoZIzj0CAQ") && sendgrid.trim_end().len() == 124,
        "{sendgrid}"
    );
    assert!(
        run(&["keys", "resend"])
            .success()
            .stdout
            .starts_with("whsec_")
    );
    assert!(
        run(&["keys", "ses"])
            .success()
            .stdout
            .starts_with("-----BEGIN CERTIFICATE-----")
    );
    let all = run(&["keys"]).success().stdout;
    assert!(
        all.contains("MAILGUN_WEBHOOK_KEY=") && all.contains("# Postmark: nothing is signed"),
        "{all}"
    );
    for line in run(&["keys", "--json"]).success().lines() {
        assert_eq!(line["type"], "key");
    }
    assert_eq!(run(&["keys", "sendgird"]).status, 2);
}

#[test]
fn it_works_with_a_bare_environment() {
    let out = webhook_cli()
        .env_clear()
        .args(["send", "click", "--dry-run"])
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
}

#[test]
fn events_are_listed_and_shown() {
    assert!(run(&["events"]).success().stdout.contains("sendgrid "));
    let sendgrid = run(&["events", "sendgrid"]).success().stdout;
    assert!(
        sendgrid.contains("  complaint    spamreport\n"),
        "{sendgrid}"
    );
    let payload = run(&["events", "sendgrid", "spamreport"]).success().stdout;
    assert!(payload.contains("\"event\":\"spamreport\""), "{payload}");
    for line in run(&["events", "--json"]).success().lines() {
        assert_eq!(line["type"], "provider");
    }
    assert_eq!(run(&["events", "sendgrid", "nothing"]).status, 2);
}

/// Every fixture is what the schema says, as far as a schema of this size can be checked by hand.
#[test]
fn the_schema_names_every_member_of_the_fixtures() {
    let schema: serde_json::Value =
        serde_json::from_str(&run(&["events", "--schema"]).success().stdout).unwrap();
    let known = |of: &serde_json::Value, members: &serde_json::Value| {
        for name in members.as_object().unwrap().keys() {
            assert!(
                of["properties"].get(name).is_some(),
                "the schema lacks `{name}`"
            );
        }
    };
    for folder in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")).unwrap()
    {
        let folder = folder.unwrap().path();
        for file in folder
            .is_dir()
            .then(|| std::fs::read_dir(folder).unwrap())
            .into_iter()
            .flatten()
        {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|end| end == "json") {
                let fixture: serde_json::Value =
                    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
                known(&schema, &fixture);
                known(&schema["properties"]["request"], &fixture["request"]);
            }
        }
    }
}
