//! Work on all cores: the order and the verdicts are those of one core. Fast signatures: random nonces without a seed, the
//! same bytes with one.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Ran, Receiver, run, text, webhook_cli};

/// Enough deliveries for several chunks a core.
const MANY: &str = "300";

/// Arguments of `verify` with the key that the deliveries are signed with.
fn verify() -> [String; 3] {
    let key = webhook_cli::providers::find("sendgrid")
        .unwrap()
        .test_public;
    [
        "verify".into(),
        "--secret".into(),
        format!("sendgrid={key}"),
    ]
}

/// SendGrid deliveries as lines of a recording.
fn made(more: &[&str]) -> Vec<String> {
    let args = [
        "send",
        "click",
        "--provider",
        "sendgrid",
        "--dry-run",
        "--as",
        "json",
    ];
    let ran = run(&[&args, more].concat()).success();
    ran.stdout.lines().map(str::to_owned).collect()
}

/// Output for these lines as a file.
fn of_file<T: AsRef<str>>(args: &[T], lines: &[String]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("all.ndjson");
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    let mut all: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    all.insert(1, text(&file));
    run(&all)
}

fn member<'a>(line: &'a Value, pointer: &str) -> &'a str {
    let value = line.pointer(pointer).and_then(Value::as_str);
    value.unwrap_or_else(|| panic!("{pointer} in {line}"))
}

fn header(line: &Value, name: &str) -> String {
    let fields = line["request"]["headers"].as_array().unwrap();
    let field = fields.iter().find(|field| field[0] == *name).unwrap();
    field[1].as_str().unwrap().to_owned()
}

fn parsed(lines: &[String]) -> Vec<Value> {
    let parse = |line: &String| serde_json::from_str(line).unwrap();
    lines.iter().map(parse).collect()
}

#[test]
fn verdicts_come_in_the_order_of_the_recording() {
    let mut lines = made(&["-n", MANY]);
    lines[50] = "no delivery".into();
    lines[200] = lines[200].replace("ada@example.com", "eve@example.com");
    let ran = of_file(
        &[&verify()[..], &["--json".into(), "--edited".into()]].concat(),
        &lines,
    );
    // An unreadable line counts more than a signature that does not hold.
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("all.ndjson:51"), "{}", ran.stderr);
    let told = ran.lines();
    let of_delivery: Vec<&Value> = told
        .iter()
        .filter(|it| it.get("source").is_some())
        .collect();
    let numbers: Vec<usize> = of_delivery
        .iter()
        .map(|it| {
            member(it, "/source")
                .rsplit(':')
                .next()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    let wanted: Vec<usize> = (1..=300).filter(|number| *number != 51).collect();
    assert_eq!(numbers, wanted);
    for it in of_delivery {
        let is_changed = member(it, "/source").ends_with(":201");
        assert_eq!(it.to_string().contains("\"refused\""), is_changed, "{it}");
    }
}

#[test]
fn swapped_signatures_are_found_wherever_the_recording_is_divided() {
    let mut lines = made(&["-n", "120"]);
    for at in (10..110).step_by(7) {
        let one: Value = serde_json::from_str(&lines[at]).unwrap();
        let other: Value = serde_json::from_str(&lines[at + 2]).unwrap();
        let signature = "x-twilio-email-event-webhook-signature";
        let (mine, theirs) = (header(&one, signature), header(&other, signature));
        lines[at] = lines[at].replace(&mine, &theirs);
        lines[at + 2] = lines[at + 2].replace(&theirs, &mine);
    }
    let ran = of_file(&[&verify()[..], &["--edited".into()]].concat(), &lines);
    let swapped = ran.stdout.matches("the delivery `").count();
    assert!(swapped >= 30, "{swapped}: {}", ran.stdout);
}

#[test]
fn a_pipe_gives_the_verdicts_of_a_file() {
    let lines = made(&["-n", "100", "--tamper", "wrong-secret"]);
    let wanted = of_file(&verify(), &lines);
    let mut child = webhook_cli()
        .args(verify())
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = lines.join("\n") + "\n";
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let ran = Ran::of(child.wait_with_output().unwrap());
    writer.join().unwrap().unwrap();
    assert_eq!(ran.status, wanted.status);
    let verdicts = |ran: &Ran| ran.stdout.matches("refused").count();
    assert_eq!(verdicts(&ran), verdicts(&wanted));
    assert!(verdicts(&ran) >= 100, "{}", ran.stdout);
}

#[test]
fn new_signatures_keep_the_order_of_the_recording() {
    let lines = made(&["-n", MANY, "--tamper", "wrong-secret"]);
    let ran = of_file(&["replay", "--resign", "--dry-run", "--as", "json"], &lines).success();
    let signed: Vec<String> = ran.stdout.lines().map(str::to_owned).collect();
    let bodies = |lines: &[String]| -> Vec<Value> {
        let each = parsed(lines).into_iter();
        each.map(|line| line["request"]["body"].clone()).collect()
    };
    assert_eq!(bodies(&signed), bodies(&lines));
    of_file(&["verify"], &signed).success();
}

#[test]
fn made_deliveries_are_in_order_of_their_times() {
    let args = [
        "send",
        "click",
        "--provider",
        "resend",
        "--dry-run",
        "--as",
        "json",
    ];
    let ran = run(&[&args, &["-n", "2000"][..]].concat()).success();
    let lines = ran.lines();
    let times = lines
        .iter()
        .map(|line| member(line, "/request/body/created_at"));
    assert!(times.is_sorted());
    assert_eq!(lines.len(), 2000);
}

#[test]
fn a_seed_gives_the_same_bytes_on_any_core_and_no_seed_gives_another_nonce() {
    let fixed = [
        "--at",
        "2026-01-02T00:00:00Z",
        "--signed-at",
        "2026-01-02T00:00:01Z",
    ];
    let of_seed = |count| made(&[&fixed, &["-n", count, "--seed", "7"][..]].concat());
    let all = of_seed(MANY);
    assert_eq!(all, of_seed(MANY));
    assert_eq!(all[..20], of_seed("20"));
    let data = [&fixed[..], &["-n", "2", "--data", "[]"]].concat();
    let seeded = [&data[..], &["--seed", "7"]].concat();
    let signatures = |args: &[&str]| -> Vec<String> {
        let lines = made(args);
        for line in &lines {
            let now = ["--now", "2026-01-02T00:00:01Z"];
            let verify = [&["verify", "--provider", "sendgrid"][..], &now].concat();
            of_file(&verify, std::slice::from_ref(line)).success();
        }
        let each = parsed(&lines);
        let signature = |line| header(line, "x-twilio-email-event-webhook-signature");
        each.iter().map(signature).collect()
    };
    let (random, repeated) = (signatures(&data), signatures(&seeded));
    assert_ne!(random[0], random[1]);
    assert_eq!(repeated[0], repeated[1]);
    assert_eq!(repeated, signatures(&seeded));
}

#[test]
fn a_signature_that_had_to_wait_is_made_anew() {
    let lines = made(&["-n", "40"]);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("all.ndjson");
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let wait = "HTTP/1.1 429 Wait\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n";
    let answers: Vec<&str> = std::iter::repeat_n(ok, 12).chain([wait, ok]).collect();
    let handler = Receiver::start(&answers);
    run(&[
        "replay",
        text(&file),
        "--resign",
        "-c",
        "1",
        "--to",
        &handler.url,
    ]);
    let times: Vec<i64> = handler
        .all()
        .iter()
        .map(|it| it.header("x-twilio-email-event-webhook-timestamp").unwrap())
        .map(|time| time.parse().unwrap())
        .collect();
    assert_eq!(times.len(), 40);
    assert!(
        times.iter().skip(15).all(|time| *time >= times[0] + 2),
        "{times:?}"
    );
}
