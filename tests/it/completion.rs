//! Completion in a real bash, zsh and fish: the script is loaded, and completions of a line are compared.

use std::path::Path;
use std::process::Command;

/// Lines that are completed, with some of what must be offered and some that must not.
const LINES: &[(&str, &[&str], &[&str])] = &[
    ("webhook-cli se", &["send"], &["listen"]),
    ("webhook-cli send --prov", &["--provider"], &["--recipient"]),
    (
        "webhook-cli send --provider sen",
        &["sendgrid"],
        &["resend"],
    ),
    ("webhook-cli send bou", &["bounce"], &["open"]),
    (
        "webhook-cli send --provider sendgrid spam",
        &["spamreport"],
        &["bounce"],
    ),
    ("webhook-cli replay x --events bo", &["bounce"], &["click"]),
    (
        "webhook-cli log x --verdict re",
        &["refused"],
        &["verified"],
    ),
    (
        "webhook-cli diff fixtures/generic/boun",
        &["fixtures/generic/bounce.json"],
        &[],
    ),
    (
        "webhook-cli diff x fixtures/generic/boun",
        &["fixtures/generic/bounce.json"],
        &[],
    ),
    ("webhook-cli drift x --events bo", &["bounce"], &["click"]),
    ("webhook-cli log x --status 5", &["5xx"], &["none"]),
    (
        "webhook-cli show fixtures/generic/boun",
        &["fixtures/generic/bounce.json"],
        &[],
    ),
    ("webhook-cli listen --provider git", &["github"], &["gmail"]),
    (
        "webhook-cli verify --provider po",
        &["postmark", "postal"],
        &[],
    ),
    (
        "webhook-cli check --only auth",
        &["authentication"],
        &["idempotency"],
    ),
    (
        "webhook-cli check --skip wrong-s",
        &["wrong-secret"],
        &["valid"],
    ),
    (
        "webhook-cli keys mail",
        &["mailgun", "mailjet"],
        &["resend"],
    ),
    ("webhook-cli events mailgun bou", &["bounce"], &[]),
    ("webhook-cli events sendgrid bou", &["bounce"], &[]),
    (
        "webhook-cli replay fixtures/generic/boun",
        &["fixtures/generic/bounce.json"],
        &[],
    ),
    (
        "webhook-cli verify fixtures/gen",
        &["fixtures/generic"],
        &[],
    ),
    ("webhook-cli listen --color al", &["always"], &["never"]),
];

/// A shell by that name, with the program on its path; none where it is not installed. Continuous integration installs
/// all of them.
fn shell(name: &str) -> Option<Command> {
    let found = Command::new(name).arg("--version").output();
    if found.is_err() {
        assert!(std::env::var_os("CI").is_none(), "{name} is not installed");
        return None;
    }
    let program = Path::new(env!("CARGO_BIN_EXE_webhook-cli"));
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(name);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env(
            "PATH",
            format!("{}:{path}", program.parent().unwrap().display()),
        )
        .env("HOME", env!("CARGO_TARGET_TMPDIR"));
    Some(command)
}

/// Runs a script once for each line, and holds what it offers against what is right.
fn holds(name: &str, args: &[&str], script: impl Fn(&str) -> String) {
    let Some(mut shell) = shell(name) else {
        return;
    };
    let all: String = LINES
        .iter()
        .map(|(line, ..)| script(line) + "\necho ----\n")
        .collect();
    let source = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("completions")
            .join(match name {
                "bash" => "webhook-cli.bash",
                "zsh" => "_webhook-cli",
                _ => "webhook-cli.fish",
            }),
    )
    .unwrap();
    let ran = shell
        .args(args)
        .arg(format!("{source}\n{all}"))
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&ran.stdout);
    let answers: Vec<&str> = stdout.split("----\n").collect();
    assert_eq!(
        answers.len(),
        LINES.len() + 1,
        "{name}: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    for ((line, wanted, unwanted), answer) in LINES.iter().zip(&answers) {
        // What is behind a tab or a colon is a description.
        let offered: Vec<&str> = answer
            .lines()
            .map(|it| {
                it.split('\t')
                    .next()
                    .unwrap_or(it)
                    .trim()
                    .trim_end_matches('/')
            })
            .collect();
        let once: std::collections::BTreeSet<&&str> = offered.iter().collect();
        assert_eq!(
            once.len(),
            offered.len(),
            "{name}: `{line}` offers {offered:?}"
        );
        for it in *wanted {
            assert!(offered.contains(it), "{name}: `{line}` offers {offered:?}");
        }
        for it in *unwanted {
            assert!(!offered.contains(it), "{name}: `{line}` offers {offered:?}");
        }
    }
}

#[test]
fn bash_completes_flags_providers_kinds_checks_and_files() {
    holds("bash", &["--norc", "--noprofile", "-c"], |line| {
        let words: Vec<&str> = line.split(' ').collect();
        let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
        // The function is called as `complete -F` does.
        format!(
            "COMP_WORDS=({line}); COMP_CWORD={}; COMP_LINE='{line}'; COMP_POINT={}; COMP_TYPE=9; COMPREPLY=()\n\
             _clap_complete_webhook_cli webhook-cli '{last}' '{before}'\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.len() - 1,
            line.len()
        )
    });
}

#[test]
fn zsh_completes_flags_providers_kinds_checks_and_files() {
    // What the function gives to zsh's own `_describe` is caught.
    holds("zsh", &["-f", "-c"], |line| {
        let words: Vec<&str> = line.split(' ').collect();
        format!(
            "compdef() {{ :; }}; compadd() {{ :; }}\n\
             _describe() {{ local -a found; found=(\"${{(@P)3}}\"); for it in $found; do print -r -- \"${{${{it//\\\\:/}}%%:*}}\"; done }}\n\
             words=({line}); CURRENT={}\n_clap_dynamic_completer_webhook_cli",
            words.len()
        )
    });
}

#[test]
fn fish_completes_flags_providers_kinds_checks_and_files() {
    holds("fish", &["--no-config", "-c"], |line| {
        format!("complete -C '{line}'")
    });
}
