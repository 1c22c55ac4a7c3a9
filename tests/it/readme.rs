//! Readme: its commands run, and its transcripts equal the output.

use std::path::Path;
use std::process::Command;

use crate::harness::{Listen, Receiver, run, text};
use webhook_cli::providers::{ALL, SCHEMES};
use webhook_cli::webhook::Algorithm;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The fenced blocks of that language.
fn blocks(language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside: Option<(bool, String)> = None;
    for line in readme().lines() {
        match (&mut inside, line.strip_prefix("```")) {
            (None, Some(name)) => inside = Some((name == language, String::new())),
            (Some(_), Some(_)) => found.extend(
                inside
                    .take()
                    .filter(|(wanted, _)| *wanted)
                    .map(|(_, block)| block),
            ),
            (Some((_, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// A stand-in for the binary: a listener ends soon and takes any port, and what names no target goes to ours.
const WRAPPER: &str = r#"#!/usr/bin/env bash
case "$1 $*" in
listen*" --for "*) "$REAL" "${@/10s/300ms}" --port 0; status=$?; [ "$status" -le 1 ] ;;
diff*|check*) "$REAL" "$@"; status=$?; [ "$status" -le 1 ] ;;
listen*" --ui "*) "$REAL" "${@/--ui/--ui=127.0.0.1:0}" --port 0 --for 300ms; status=$?; [ "$status" -le 1 ] ;;
listen*) "$REAL" "$@" --port 0 --for 300ms; status=$?; [ "$status" -le 1 ] ;;
*" --api "*) "$REAL" "${@/:4000/:0}" --for 300ms ;;
ui*) timeout --preserve-status -s INT 0.5 "$REAL" "$@" --addr 127.0.0.1:0; [ "$?" = 130 ] ;;
*--to*|config*|keys*|completions*|man*|verify*|drift*|events*|log*|show*) exec "$REAL" "$@" ;;
*) exec "$REAL" "$@" --to "$TARGET" ;;
esac
"#;

#[test]
fn every_command_runs() {
    let dir = tempfile::tempdir().unwrap();
    let (bin, work) = (dir.path().join("bin"), dir.path().join("work"));
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::create_dir_all(&work).unwrap();
    std::fs::write(bin.join("webhook-cli"), WRAPPER).unwrap();
    assert!(
        Command::new("chmod")
            .args(["+x", text(&bin.join("webhook-cli"))])
            .status()
            .unwrap()
            .success()
    );
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    assert!(
        Command::new("cp")
            .args(["-r", text(&fixtures), text(&work)])
            .status()
            .unwrap()
            .success()
    );
    let handler = Receiver::ok();
    run(&[
        "send",
        "click",
        "open",
        "--save",
        text(&work.join("hooks.ndjson")),
        "--to",
        &handler.url,
    ])
    .success();

    let path = format!("{}:{}", text(&bin), std::env::var("PATH").unwrap());
    let port = handler.url.rsplit(':').next().unwrap();
    let mut seen = 0;
    for block in blocks("sh") {
        // What cargo does to this project is not done again inside of its own tests.
        let script = block
            .replace("cargo run --release -- ", "webhook-cli ")
            .replace(":3000", &format!(":{port}"));
        let script: String = script
            .lines()
            .filter(|line| !line.starts_with("cargo "))
            .map(|line| format!("{line}\n"))
            .collect();
        seen += script.matches("webhook-cli ").count();
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .current_dir(&work)
            .env("PATH", &path)
            .env("REAL", env!("CARGO_BIN_EXE_webhook-cli"))
            .env("TARGET", &handler.url)
            .env("XDG_STATE_HOME", &work)
            // What is edited is saved as it was.
            .env("VISUAL", "true")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{script}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert!(seen > 20, "{seen} commands were found");
}

/// Runs the examples of a language for tests with a handler; they are skipped where the program is not installed.
fn examples(language: &str, file: &str, program: &[&str]) {
    let (first, rest) = program.split_first().unwrap();
    let is_there = Command::new(first).args(rest).arg("--version").output();
    if !is_there.is_ok_and(|it| it.status.success()) {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "{program:?} is not installed"
        );
        return eprintln!("skipped: {program:?} is not installed");
    }
    let dir = tempfile::tempdir().unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_webhook-cli"));
    std::os::unix::fs::symlink(binary, dir.path().join("webhook-cli")).unwrap();
    let handler = Receiver::ok();
    let port = handler.url.rsplit(':').next().unwrap();
    let code: String = blocks(language).concat();
    assert!(code.contains(":3000"), "{language}");
    let code = code.replace(":3000", &format!(":{port}"));
    std::fs::write(dir.path().join(file), code).unwrap();
    let path = format!("{}:{}", text(dir.path()), std::env::var("PATH").unwrap());
    let flags: &[&str] = if *first == "node" {
        &["--test"]
    } else {
        &["-q"]
    };
    let output = Command::new(first)
        .args(rest)
        .args(flags)
        .arg(file)
        .current_dir(dir.path())
        .env("PATH", path)
        .env_remove("WEBHOOK_CLI_SECRET")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_examples_for_pytest_pass() {
    examples("python", "test_hooks.py", &["python3", "-m", "pytest"]);
}

#[test]
fn the_examples_for_node_pass() {
    examples("js", "hooks.test.mjs", &["node"]);
}

/// The rows of the table with that head: the first cell out of its backticks, and the last.
fn table(head: &str) -> Vec<(String, String)> {
    let readme = readme();
    let events = readme.split(head).nth(1).unwrap().lines().skip(2);
    let cells = events.take_while(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let name = cells[0].trim_matches('`').to_owned();
        (name, cells.last().unwrap().to_string())
    });
    cells.collect()
}

#[test]
fn the_tables_of_providers_and_schemes_are_the_catalogue() {
    for (head, of) in [
        ("| name | shape | signature |", ALL),
        ("| scheme | what comes | signature |", SCHEMES),
    ] {
        let events = table(head);
        let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
        let wanted: Vec<&str> = of.iter().map(|provider| provider.name).collect();
        assert_eq!(names, wanted);
        for ((name, signature), provider) in events.iter().zip(of) {
            let schemes = provider.schemes.iter();
            let signed = schemes.filter(|one| one.algorithm != Algorithm::Credentials);
            let algorithms: Vec<&str> = signed.map(|one| one.algorithm.name()).collect();
            assert_eq!(
                algorithms.is_empty(),
                signature.starts_with("none"),
                "{name}"
            );
            for algorithm in algorithms {
                assert!(
                    signature.contains(algorithm),
                    "{name} signs with {algorithm}"
                );
            }
        }
    }
}

#[test]
fn the_test_command_is_the_one_that_ci_runs() {
    assert!(
        blocks("sh")
            .iter()
            .any(|block| block == "cargo test --locked\n")
    );
}

#[test]
fn the_transcripts_are_what_is_printed() {
    let mut listen = Listen::start(&[]);
    let sent = run(&["send", "click", "--to", &listen.url])
        .success()
        .stdout
        + &run(&[
            "send",
            "bounce",
            "--provider",
            "sendgrid",
            "--to",
            &format!("{}/hooks/email", listen.url),
        ])
        .success()
        .stdout;
    let mut heard = format!("listening on {}\n", listen.url);
    while !heard.contains("  bounce  ") {
        heard += &listen.line();
    }
    let consoles = blocks("console");
    let told = |block: &str| -> String {
        block
            .lines()
            .filter(|line| !line.starts_with('$') && !line.contains('…'))
            .map(same)
            .collect()
    };
    assert_eq!(
        told(&consoles[0]),
        heard.lines().map(same).collect::<String>()
    );
    assert_eq!(
        told(&consoles[1]),
        sent.lines().map(same).collect::<String>()
    );
}

#[test]
fn the_transcript_of_a_handler_is_what_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let handler = Receiver::start(&[
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 500 Oh\r\ncontent-length: 25\r\n\r\nKeyError: 'sg_message_id'",
    ]);
    let args = ["-n", "2", "-f", &handler.url, "-r", "hooks.ndjson"];
    let listen = Listen::start_with(&args, |command| command.current_dir(dir.path()));
    let mut printed = format!("listening on {}\n", listen.url);
    let to = format!("{}/hooks", listen.url);
    for kind in ["delivered", "bounce"] {
        run(&[
            "send",
            kind,
            "--provider",
            "sendgrid",
            "--retries",
            "0",
            "--to",
            &to,
        ]);
    }
    let told = listen.finish().stdout;
    printed += told.split("2 deliveries received").next().unwrap();
    let texts = blocks("text");
    let block = texts.iter().find(|it| it.contains("--forward-to"));
    let lines = block.unwrap().lines().skip(1);
    assert_eq!(
        lines.map(same).collect::<String>(),
        printed.lines().map(same).collect::<String>()
    );
}

/// A line without what differs from run to run: clock, port, spans.
fn same(line: &str) -> String {
    let line = line.trim_end();
    if line.starts_with("  ") && !line.contains("timestamp") {
        return format!("{line}\n");
    }
    let mut out = String::new();
    let mut digits = false;
    for c in line.chars() {
        match c {
            '0'..='9' if digits => {}
            '0'..='9' => out.push('0'),
            // Spans are padded to a column.
            ' ' if out.ends_with(' ') => {}
            c => out.push(c),
        }
        digits = c.is_ascii_digit();
    }
    // From ten milliseconds on there is no fraction.
    out.replace("0.0 ms", "0 ms") + "\n"
}
