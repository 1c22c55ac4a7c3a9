//! `--dry-run` and `--save` against what goes over the wire.

use serde_json::Value;

use crate::harness::{Receiver, run, text};

const GIVEN: [&str; 16] = [
    "--seed",
    "1",
    "--at",
    "2026-01-02T00:00:00Z",
    "-H",
    "Host: foo.test",
    "-H",
    "Authorization: Bearer t",
    "-H",
    "Connection: close, x-b",
    "-H",
    "X-A: 1",
    "-H",
    "x-b:",
    "-H",
    "user-agent: mine",
];

/// Fields of a request, in order.
type Fields = Vec<(String, String)>;

fn pairs(value: &Value) -> Fields {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let fields = value.as_array().unwrap().iter();
    fields
        .map(|it| (text(&it[0]).to_lowercase(), text(&it[1])))
        .collect()
}

fn sorted(mut fields: Fields) -> Fields {
    fields.retain(|(name, _)| name != "content-length");
    fields.sort();
    fields
}

#[test]
fn every_form_of_a_dry_run_has_the_fields_that_go_over_the_wire() {
    for provider in ["generic", "mailgun", "mandrill", "ses"] {
        let handler = Receiver::ok();
        let args = [
            &[
                "send",
                "click",
                "--provider",
                provider,
                "--to",
                &handler.url,
            ],
            &GIVEN[..],
        ]
        .concat();
        run(&args).success();
        let wire = handler.next();
        let sent: Fields = wire.headers.clone();
        let sent: Fields = sent
            .into_iter()
            .map(|(name, value)| (name.to_lowercase(), value))
            .collect();
        assert!(
            sent.contains(&("host".into(), "foo.test".into())),
            "{sent:?}"
        );
        let dry = |form: &str| {
            let ran = run(&[&args[..], &["--dry-run", "--as", form]].concat()).success();
            assert!(!ran.stderr.contains("***"), "{}", ran.stderr);
            ran.stdout
        };
        let http = dry("http");
        let (head, body) = http.split_once("\r\n\r\n").unwrap();
        let fields: Fields = head
            .lines()
            .skip(1)
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        assert_eq!(fields, sent, "http");
        assert_eq!(
            body.trim_end_matches('\n').as_bytes(),
            wire.body.trim_ascii_end()
        );
        let json: Value = serde_json::from_str(&dry("json")).unwrap();
        assert_eq!(
            sorted(pairs(&json["request"]["headers"])),
            sorted(sent.clone()),
            "json"
        );
        let har: Value = serde_json::from_str(&dry("har")).unwrap();
        let fields = har["log"]["entries"][0]["request"]["headers"]
            .as_array()
            .unwrap();
        let fields = fields
            .iter()
            .map(|it| serde_json::json!([it["name"], it["value"]]));
        assert_eq!(
            sorted(pairs(&fields.collect())),
            sorted(sent.clone()),
            "har"
        );
        let vegeta: Value = serde_json::from_str(&dry("vegeta")).unwrap();
        let fields = vegeta["header"].as_object().unwrap().iter();
        let fields = fields.map(|(name, values)| serde_json::json!([name, values[0]]));
        assert_eq!(
            sorted(pairs(&fields.collect())),
            sorted(sent.clone()),
            "vegeta"
        );
        assert_eq!(vegeta["header"]["Host"][0], "foo.test");
        let curl = dry("curl");
        for (name, value) in sent.iter().filter(|(name, _)| name != "content-length") {
            let field = match value.as_str() {
                "" => format!("-H '{name};'"),
                value => format!("-H '{name}: {value}'"),
            };
            assert!(curl.contains(&field), "{field}: {curl}");
        }
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f.json");
        run(&[&args[..], &["--dry-run", "-q", "--save", text(&file)]].concat()).success();
        let saved: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(saved["request"]["headers"], json["request"]["headers"]);
    }
}

#[test]
fn a_masked_password_is_said() {
    for (form, words) in [
        ("http", "printed as `***`"),
        ("curl", "-u USER:PASSWORD"),
        ("har", "printed as `***`"),
        ("vegeta", "printed as `***`"),
        ("json", "left out"),
    ] {
        let to = ["--to", "http://ada:hunter2@127.0.0.1:1/"];
        let ran = run(&[&["send", "click", "--dry-run", "--as", form], &to[..]].concat()).success();
        assert!(ran.stderr.contains(words), "{form}: {}", ran.stderr);
        assert!(!format!("{ran:?}").contains("hunter2"), "{form}");
    }
}

#[test]
fn a_curl_line_asks_for_the_url_as_it_is() {
    let args = ["send", "click", "--dry-run", "--as", "curl", "--to"];
    let line = |to: &str| run(&[&args[..], &[to]].concat()).success().stdout;
    assert!(line(":1/a?x[]=1").starts_with("curl --globoff -X POST "));
    assert!(line(":1/a/../b").starts_with("curl --path-as-is -X POST "));
    assert!(line(":1/a.b").starts_with("curl -X POST "));
}

#[test]
fn several_deliveries_are_not_saved_into_a_json_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("F.json");
    for words in [
        &["journey"][..],
        &["campaign", "--recipients", "5"],
        &["open", "click"],
        &["click", "-n", "2"],
    ] {
        let ran = run(&[&["send"], words, &["--dry-run", "--save", text(&file)]].concat());
        assert_eq!(ran.status, 2, "{words:?}: {ran:?}");
        assert!(ran.stderr.contains("F.ndjson"), "{}", ran.stderr);
        assert!(!file.exists() && ran.stdout.is_empty(), "{words:?}");
    }
    let recording = dir.path().join("F.ndjson");
    run(&[
        "send",
        "journey",
        "--dry-run",
        "-q",
        "--save",
        text(&recording),
    ])
    .success();
    assert_eq!(
        std::fs::read_to_string(&recording).unwrap().lines().count(),
        4
    );
    let har = dir.path().join("F.har");
    let ran = run(&["send", "click", "--dry-run", "-q", "--save", text(&har)]).success();
    assert!(ran.stderr.contains("is made as a folder"), "{}", ran.stderr);
    assert!(har.is_dir());
}

#[test]
fn a_recording_with_the_name_of_a_file_is_said_to_be_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let mut listener =
        crate::harness::Listen::start(&["--record", text(&dir.path().join("x.json"))]);
    listener.said_on("x.ndjson");
    let rejecting = Receiver::start(&["HTTP/1.1 400 No\r\ncontent-length: 0\r\n\r\n"]);
    let failed = dir.path().join("failed.json");
    let source = "fixtures/generic/click.json";
    let ran = run(&[
        "replay",
        source,
        "--to",
        &rejecting.url,
        "--failed-to",
        text(&failed),
    ]);
    assert!(
        ran.stderr.contains("`failed.json`") || ran.stderr.contains("failed.ndjson"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_asks_for_nothing_to_be_sent_is_refused_or_said() {
    let source = "fixtures/generic/click.json";
    let ran = run(&["replay", source, "--limit", "0"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("--limit"), "{}", ran.stderr);
    for flag in ["--repeat", "--concurrency"] {
        assert_eq!(run(&["replay", source, flag, "0"]).status, 2, "{flag}");
    }
    assert_eq!(run(&["send", "click", "-n", "0"]).status, 2);
    let handler = Receiver::ok();
    let ran = run(&["replay", source, "--drop", "100%", "--to", &handler.url]).success();
    assert!(
        ran.stderr
            .contains("warning: `--drop` left out all of 1 delivery; nothing was sent"),
        "{}",
        ran.stderr
    );
    let ran = run(&[
        "replay",
        source,
        source,
        source,
        source,
        "--drop",
        "50%",
        "--seed",
        "1",
        "--dry-run",
    ]);
    assert!(
        ran.stderr.contains("note: `--drop` left out "),
        "{}",
        ran.stderr
    );
    run(&["replay", source, "--duplicate", "0%", "--dry-run"]).success();
}

#[test]
fn an_event_named_like_a_scenario_is_sent_by_its_own_name() {
    let ran = run(&[
        "send",
        "native:campaign",
        "--provider",
        "mailchimp",
        "--dry-run",
    ])
    .success();
    assert!(ran.stdout.contains("type=campaign&"), "{}", ran.stdout);
    let campaign = [
        "send",
        "campaign",
        "--provider",
        "mailchimp",
        "--recipients",
        "2",
        "--dry-run",
    ];
    let ran = run(&campaign).success();
    assert!(
        ran.stderr.contains("`send native:campaign`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_recipient_that_a_provider_does_not_carry_is_said() {
    for kind in ["open", "click"] {
        let ran = run(&[
            "send",
            kind,
            "--provider",
            "maileroo",
            "--recipient",
            "q@example.com",
            "--dry-run",
        ]);
        assert!(
            ran.stderr.contains("maileroo has no recipient field here"),
            "{}",
            ran.stderr
        );
    }
}
