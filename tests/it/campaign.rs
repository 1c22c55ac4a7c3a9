//! `send journey` and `send campaign`, end to end.

use std::collections::BTreeMap;

use crate::harness::{Listen, Receiver, run, text};

#[test]
fn a_journey_is_the_life_of_one_message_in_order() {
    for (more, wanted) in [
        (&[][..], &["sent", "delivered", "open", "click"][..]),
        (&["--ending", "bounce"], &["sent", "bounce"]),
        (
            &["--ending", "complaint"],
            &["sent", "delivered", "open", "complaint"],
        ),
        (
            &["--ending", "unsubscribe"],
            &["sent", "delivered", "open", "unsubscribe"],
        ),
    ] {
        let count = wanted.len().to_string();
        let listen = Listen::start(&["--json", "-q", "--count", &count]);
        let mut args = vec![
            "send",
            "journey",
            "--provider",
            "sendgrid",
            "--to",
            &listen.url,
        ];
        args.extend(more);
        run(&args).success();
        let lines = listen.finish().success().lines();
        let events: Vec<_> = lines
            .iter()
            .filter(|line| line["type"] == "received")
            .map(|line| {
                assert_eq!(
                    line["signature"]["verdict"], "verified (test key)",
                    "{line}"
                );
                line["events"][0].clone()
            })
            .collect();
        let kinds: Vec<&str> = events
            .iter()
            .map(|event| event["kind"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, wanted);
        assert!(
            events
                .iter()
                .all(|event| event["message_id"] == events[0]["message_id"])
        );
        let times: Vec<&str> = events
            .iter()
            .map(|event| event["at"].as_str().unwrap())
            .collect();
        assert!(times.is_sorted(), "{times:?}");
    }
}

#[test]
fn a_campaign_is_the_same_each_time_and_every_message_has_its_own_recipient() {
    let dir = tempfile::tempdir().unwrap();
    let save = |name: &str, more: &[&str]| {
        let path = dir.path().join(name);
        let mut args = vec![
            "send",
            "campaign",
            "--recipients",
            "300",
            "--seed",
            "7",
            "--at",
            "2026-01-02T00:00:00Z",
            "--provider",
            "resend",
            "--dry-run",
            "-q",
            "--save",
            text(&path),
        ];
        args.extend(more);
        run(&args).success();
        std::fs::read_to_string(path).unwrap()
    };
    let first = save("a.ndjson", &["--open-rate", "60%"]);
    assert_eq!(first, save("b.ndjson", &["--open-rate", "60%"]));
    assert_ne!(first, save("c.ndjson", &["--open-rate", "10%"]));

    let mut lives: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut last = String::new();
    for line in first.lines() {
        let fixture: serde_json::Value = serde_json::from_str(line).unwrap();
        let at = fixture["at"].as_str().unwrap().to_owned();
        assert!(at >= last, "{at} after {last}");
        last = at;
        let body = &fixture["request"]["body"];
        // Who wants no more is told of as a contact, not as a message.
        let Some(to) = body["data"]["to"][0].as_str() else {
            continue;
        };
        let to = to.to_owned();
        let id = body["data"]["email_id"].as_str().unwrap().to_owned();
        lives
            .entry(to)
            .or_default()
            .push((body["type"].as_str().unwrap().to_owned(), id));
    }
    assert_eq!(lives.len(), 300);
    for (to, life) in &lives {
        assert!(to.starts_with("reader-0000000"), "{to}");
        assert_eq!(life[0].0, "email.sent", "{life:?}");
        assert!(life.iter().all(|(_, id)| *id == life[0].1), "{life:?}");
    }
    let ids: std::collections::BTreeSet<&String> = lives.values().map(|life| &life[0].1).collect();
    assert_eq!(ids.len(), 300);
    let opened = lives
        .values()
        .filter(|life| life.iter().any(|(kind, _)| kind == "email.opened"))
        .count();
    assert!((140..220).contains(&opened), "{opened}");
    // What was saved can be replayed.
    let listen = Listen::start(&["--json", "-q", "--count", "300"]);
    run(&[
        "replay",
        text(&dir.path().join("a.ndjson")),
        "--limit",
        "300",
        "--to",
        &listen.url,
        "-q",
    ])
    .success();
    assert!(
        listen
            .finish()
            .success()
            .lines()
            .iter()
            .any(|line| line["type"] == "received")
    );
}

#[test]
fn a_campaign_keeps_its_gaps_shortened() {
    let handler = Receiver::ok();
    let begun = std::time::Instant::now();
    // Sent and bounced within seconds, ten times as fast.
    let args = [
        "send",
        "campaign",
        "--recipients",
        "20",
        "--bounce-rate",
        "1",
        "--seed",
        "3",
        "--compress",
        "10x",
        "-q",
        "--to",
        &handler.url,
    ];
    run(&args).success();
    assert_eq!(handler.all().len(), 40);
    assert!(
        begun.elapsed() > std::time::Duration::from_millis(300),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn words_that_do_not_fit_are_refused() {
    for (args, why) in [
        (
            &["send", "click", "--recipients", "3"][..],
            "need a journey or a campaign",
        ),
        (&["send", "journey", "--recipients", "3"], "has one message"),
        (&["send", "journey", "click"], "unexpected word `click`"),
        (
            &["send", "campaign", "--ending", "bounce"],
            "applies to a journey",
        ),
        (
            &["send", "campaign", "--recipient", "a@example.com"],
            "their own recipients",
        ),
        (
            &["send", "campaign", "--provider", "all"],
            "sent as one provider",
        ),
        (&["send", "campaign", "--open-rate", "2"], "not a share"),
    ] {
        let ran = run(args);
        assert_eq!(ran.status, 2, "{ran:#?}");
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
}
