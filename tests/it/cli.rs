//! Help, completion scripts, manual pages and keys.

use crate::harness::{Ran, run, text, webhook_cli};
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
    run(&["man", "--dir", crate::harness::text(dir.path())]).success();
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
fn a_new_key_signs_and_its_other_half_verifies() {
    let dir = tempfile::tempdir().unwrap();
    for (provider, ed25519) in [
        ("sendgrid", false),
        ("ses", false),
        ("scaleway", false),
        ("postal", false),
        ("lettermint", false),
        ("mailgun", false),
        ("mailpace", false),
        ("resend", true),
        ("stripe", false),
    ] {
        let folder = dir.path().join(provider);
        let mut args = vec!["keys", provider, "--new", "--out", text(&folder)];
        args.extend(ed25519.then_some("--ed25519"));
        let ran = run(&args).success();
        let secret = folder.join(format!("{provider}.secret"));
        let public = folder.join(format!("{provider}.public"));
        assert!(ran.stdout.contains(text(&secret)), "{}", ran.stdout);
        // What is in the file is not shown.
        let minted = std::fs::read_to_string(&secret).unwrap();
        assert!(
            !ran.stdout
                .contains(minted.lines().nth(1).unwrap_or(&minted))
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&secret).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(run(&args).status, 2, "nothing is overwritten");

        let signs = format!("{provider}=file:{}", secret.display());
        let verifies = if public.exists() { &public } else { &secret };
        let verifies = format!("{provider}=file:{}", verifies.display());
        let sent = if provider == "stripe" {
            run(&[
                "send",
                "--scheme",
                provider,
                "-d",
                "{}",
                "--secret",
                &signs,
                "--dry-run",
            ])
        } else {
            run(&[
                "send",
                "delivered",
                "--provider",
                provider,
                "--secret",
                &signs,
                "--dry-run",
            ])
        };
        let file = dir.path().join("request.http");
        std::fs::write(&file, sent.success().stdout).unwrap();
        let judged = run(&["verify", text(&file), "--secret", &verifies, "--json"]);
        assert_eq!(
            judged.lines()[0]["verdict"],
            "verified",
            "{provider}: {}",
            judged.stdout
        );
        assert_eq!(
            judged.lines()[0]["key"]["name"],
            verifies.split_once('=').unwrap().1
        );
    }
    let other = run(&["keys", "mailgun", "--new", "--json"]).success();
    let line = &other.lines()[0];
    assert_eq!(line["new"], true);
    assert_eq!(line["sign_with"], line["verify_with"]);
    assert!(
        run(&["keys", "--new"])
            .success()
            .stdout
            .contains("--secret sendgrid=file:PATH")
    );
    assert_eq!(run(&["keys", "mailgun", "--new", "--ed25519"]).status, 2);
    assert_eq!(run(&["keys", "--out", "x"]).status, 2);
    assert!(
        run(&["keys", "ses"])
            .success()
            .stderr
            .contains("SimpleNotificationService-")
    );
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
    let all = run(&["events"]).success().stdout;
    let line = |name: &str| all.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("sendgrid ").contains("ECDSA P-256"), "{all}");
    assert!(line("mailtrap ").contains("1 to 500"), "{all}");
    assert!(line("mailgun ").ends_with("all but subscribe"), "{all}");
    assert!(line("stripe ").ends_with("timestamp and body"), "{all}");

    let sendgrid = run(&["events", "sendgrid"]).success().stdout;
    for told in [
        "  complaint    spamreport\n",
        "  success        2xx\n",
        "  timeout        not documented\n",
        "ECDSA P-256 over timestamp and body",
        "\n  /*/domain, /*/from, assumed: ",
    ] {
        assert!(sendgrid.contains(told), "{told}: {sendgrid}");
    }
    let mailgun = run(&["events", "mailgun"]).success().stdout;
    assert!(mailgun.contains("the body is not covered"), "{mailgun}");
    let resend = run(&["events", "resend"]).success().stdout;
    assert!(resend.contains("15 s (not confirmed: "), "{resend}");
    let stripe = run(&["events", "stripe"]).success().stdout;
    assert!(stripe.contains("--scheme stripe"), "{stripe}");
    assert_eq!(run(&["events", "sendgrid", "nothing"]).status, 2);
    assert_eq!(run(&["events", "stripe", "click"]).status, 2);

    let lines = run(&["events", "--json"]).success().lines();
    assert!(lines.iter().all(|line| line["type"] == "provider"));
    let one = |name: &str| lines.iter().find(|line| line["provider"] == name).unwrap();
    assert_eq!(one("postal")["timeout"]["said"], 5);
    assert_eq!(one("mailtrap")["most_events"], 500);
    assert_eq!(one("postal")["most_events"], 1);
    assert_eq!(one("twilio")["most_events"], serde_json::Value::Null);
    assert_eq!(one("stripe")["signing"][0]["covers"][1], "body");
    let pages = one("ses")["pages"].as_array().unwrap();
    assert!(
        pages.iter().all(|page| page["read"].is_string()),
        "{pages:?}"
    );
}

/// What is piped must be the payload and nothing else: somebody signs it, or compares it.
#[test]
fn a_payload_is_shown_byte_for_byte_and_its_fields_are_accounted_for() {
    let payload = run(&["events", "sendgrid", "deferred"]).success().stdout;
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sendgrid/deferred.json");
    let fixture: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(fixture).unwrap()).unwrap();
    let body: serde_json::Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(body, fixture["request"]["body"]);
    assert!(payload.ends_with("]\r\n"), "{payload:?}");

    let asked = run(&["events", "sendgrid", "deferred", "--provenance"])
        .success()
        .stdout;
    let known = asked.strip_prefix(&payload).unwrap();
    assert!(known.contains("  documented [1]\n"), "{known}");
    assert!(
        known.contains("  [1] Event Webhook Reference, read on 20"),
        "{known}"
    );
    assert!(
        known.contains("assumed: known from receivers' code\n    user-agent\n"),
        "{known}"
    );

    // A provider's own name for a kind goes before another of the same kind.
    for name in ["rejected", "suppressed"] {
        let told = run(&["events", "mailgun", name, "--json"])
            .success()
            .lines();
        assert_eq!(told[0]["native"], name);
    }
    let told = run(&["events", "mailgun", "stored", "--json"])
        .success()
        .lines();
    let fields = told[0]["fields"].as_array().unwrap();
    let field = |place: &str| fields.iter().find(|field| field["place"] == place).unwrap();
    assert_eq!(field("/event-data/event")["standing"], "documented");
    assert!(
        field("/event-data/event")["reason"]
            .as_str()
            .unwrap()
            .contains("not confirmed")
    );
    assert_eq!(field("/signature/token")["reason"], serde_json::Value::Null);
    assert_eq!(field("user-agent")["standing"], "assumed");

    // A GET has no body; what it tells stands in the query.
    let query = run(&["events", "elasticemail", "get-Sent"])
        .success()
        .stdout;
    assert!(query.starts_with("transaction="), "{query}");
}

#[test]
fn what_is_not_confirmed_is_listed() {
    let all = run(&["events", "--unconfirmed"]).success().stdout;
    for told in [
        "Mailgun\n",
        "\n  /event-data of rejected, stored, list_*: ",
        "Loops\n  not documented: retries, timeout\n",
        "Postal\n  x-postal-signature-kid: how the 64 characters are made of the key\n",
    ] {
        assert!(all.contains(told), "{told}: {all}");
    }
    let lines = run(&["events", "resend", "--unconfirmed", "--json"])
        .success()
        .lines();
    assert!(lines.iter().all(|line| line["type"] == "unconfirmed"));
    assert!(
        lines.iter().any(|line| line["natives"][0] == "inbox.*"),
        "{lines:?}"
    );
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

#[test]
fn a_new_key_is_all_that_stdout_holds() {
    for (provider, shared) in [
        ("resend", true),
        ("mailgun", true),
        ("sendgrid", false),
        ("postal", false),
    ] {
        let ran = run(&["keys", "--new", provider]).success();
        let key = ran.stdout.trim_end();
        assert_eq!(ran.stdout, format!("{key}\n"), "{provider}");
        assert!(!key.contains('#') && !key.is_empty(), "{provider}: {key}");
        assert_eq!(
            ran.stderr.contains("the handler's key for"),
            !shared,
            "{provider}: {}",
            ran.stderr
        );
        let signed = webhook_cli()
            .args([
                "send",
                "open",
                "--provider",
                provider,
                "--secret",
                "env:K",
                "--dry-run",
            ])
            .env("K", key)
            .output()
            .unwrap();
        assert!(signed.status.success(), "{provider}: {signed:?}");
    }
    // Where there is no key, nothing is taken for one.
    let ran = run(&["keys", "brevo"]).success();
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("signs nothing"), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_script_that_cannot_be_written_whole_is_no_success() {
    for args in [
        &["completions", "bash"][..],
        &["man"],
        &["--help"],
        &["--version"],
    ] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let ran = webhook_cli().args(args).stdout(full).output().unwrap();
        assert_ne!(ran.status.code(), Some(0), "{args:?}");
    }
}

/// The program itself, and every command of it.
fn helps(flag: &str, columns: &str) -> Vec<(String, String)> {
    let mut lines = vec![vec![]];
    lines.extend(
        webhook_cli::command()
            .get_subcommands()
            .map(|one| vec![one.get_name().to_owned()]),
    );
    lines
        .into_iter()
        .map(|line| {
            let name = line.first().cloned().unwrap_or_default();
            let out = webhook_cli()
                .args(&line)
                .arg(flag)
                .env("COLUMNS", columns)
                .output()
                .unwrap();
            (name, Ran::of(out).success().stdout)
        })
        .collect()
}

/// The lines of the examples.
fn examples(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| *line != "Examples:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect()
}

#[test]
fn a_short_help_fits_a_screen() {
    for (name, help) in helps("-h", "80") {
        assert!(help.lines().count() <= 45, "{name}: {help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 80),
            "{name}: {help}"
        );
        assert_eq!(examples(&help).len(), 3, "{name}: {help}");
        let last = help.lines().last().unwrap();
        assert!(
            last.contains("--help` shows all"),
            "{name} ends with {last}"
        );
    }
}

#[test]
fn the_flags_of_every_day_are_in_the_short_help_in_this_order() {
    for (name, flags) in [
        (
            "send",
            "--to --provider --set --recipient --bounce --count --data --secret --dry-run --as --json",
        ),
        (
            "listen",
            "--port --forward-to --record --secret --provider --require-signature --json",
        ),
        (
            "replay",
            "--to --resign --events --secret --rate --concurrency --failed-to --resume --json",
        ),
        (
            "log",
            "--follow --events --provider --recipient --failed --grep --last --secret --json",
        ),
        ("show", "--body --as --to --secret --json"),
        ("verify", "--secret --provider --header --json"),
        (
            "check",
            "--provider --secret --only --skip --strict --report --json",
        ),
    ] {
        let help = run(&[name, "-h"]).success().stdout;
        let (_, mut rest) = help.split_once("\nOptions:\n").unwrap();
        for flag in flags.split(' ') {
            let at = rest.find(&format!(" {flag} "));
            rest = &rest[at.unwrap_or_else(|| panic!("{name}: {flag} is missing: {help}"))..];
        }
    }
}

/// A command that is pasted must be whole, on a narrow terminal too: that wraps by itself.
#[test]
fn no_line_of_an_example_is_broken() {
    for columns in ["40", "80", "200"] {
        for flag in ["-h", "--help"] {
            for (name, help) in helps(flag, columns) {
                let lines = examples(&help);
                assert!(lines.len() >= 3, "{name} {flag}: {help}");
                for line in lines {
                    assert!(
                        line.starts_with("  ")
                            && line.contains("webhook-cli ")
                            && line.chars().count() <= 80,
                        "{name} {flag} at {columns}: {line}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_long_help_and_the_manual_describe_every_flag() {
    let dir = tempfile::tempdir().unwrap();
    run(&["man", "--dir", text(dir.path())]).success();
    let mut all = webhook_cli::command();
    all.build();
    for (name, help) in helps("--help", "80") {
        let (command, page) = match all.find_subcommand(&name) {
            Some(command) => (command, format!("webhook-cli-{name}.1")),
            None => (&all, "webhook-cli.1".to_owned()),
        };
        let page = std::fs::read_to_string(dir.path().join(page)).unwrap();
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            let Some(flag) = arg.get_long() else { continue };
            let flag = format!("--{flag}");
            assert!(
                help.lines().any(|line| line
                    .split([' ', ',', '['])
                    .any(|word| word == flag && line.trim_start().starts_with('-'))),
                "`{name} --help` lacks {flag}"
            );
            let about = arg.get_help().unwrap().to_string();
            let first = about.split([' ', '\'', '-']).next().unwrap();
            let described = page
                .split(".TP\n")
                .filter(|item| item.replace('\\', "").contains(&flag))
                .any(|item| item.lines().skip(1).any(|line| line.starts_with(first)));
            assert!(described, "{name}: the manual has no text for {flag}");
        }
    }
}

#[test]
fn the_version_names_the_commit_and_its_date_where_git_knows_them() {
    let said = run(&["--version"]).success().stdout;
    let version = concat!("webhook-cli ", env!("CARGO_PKG_VERSION"));
    let rest = said.trim_end().strip_prefix(version);
    let rest = rest.unwrap_or_else(|| panic!("{said}"));
    if Path::new(env!("CARGO_MANIFEST_DIR")).join(".git").exists() {
        let (commit, date) = rest[2..rest.len() - 1].split_once(' ').unwrap();
        assert!(commit.bytes().all(|b| b.is_ascii_hexdigit()), "{said}");
        assert_eq!((date.len(), date.matches('-').count()), (10, 2), "{said}");
    }
}
