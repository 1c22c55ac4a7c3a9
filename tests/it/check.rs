//! `check` against correct handlers, which pass, and against handlers with one fault each, which is found by the check
//! named for it and by no other.

#[path = "../handlers/handler.rs"]
mod handler;

use std::collections::BTreeSet;

use crate::harness::foreign::{Foreign, Needs};
use crate::harness::{Ran, Receiver, run, text, webhook_cli};
use handler::{Dress, Fault, Handler};
use serde_json::Value;

const WHSEC: &str = "whsec_XeKGWu8V55i53lCi4Ghgs8jH/3FORvxQcqhqrYpyid0=";

/// How a provider is checked: its name, the secret for `check`, and the secret for the handler.
fn dress(dress: Dress) -> (&'static str, Option<&'static str>, String) {
    let public = |name: &str| {
        webhook_cli::providers::find(name)
            .unwrap()
            .test_public
            .to_owned()
    };
    match dress {
        Dress::SendGrid => ("sendgrid", None, public("sendgrid")),
        Dress::Resend => ("resend", Some(WHSEC), WHSEC.into()),
        Dress::Mailgun => ("mailgun", Some("key-mailgun"), "key-mailgun".into()),
        Dress::Mandrill => ("mandrill", Some("key-mandrill"), "key-mandrill".into()),
        Dress::Postmark => ("postmark", Some("user:pass:word"), "user:pass:word".into()),
        Dress::Ses => ("ses", None, public_key_of(&public("ses"))),
        Dress::Mailchimp => ("mailchimp", Some("query:key=s3cret"), "s3cret".into()),
        Dress::MailerSend => (
            "mailersend",
            Some("key-mailersend"),
            "key-mailersend".into(),
        ),
    }
}

/// The public key in a certificate.
fn public_key_of(certificate: &str) -> String {
    use x509_cert::der::{DecodePem, EncodePem};
    let certificate = x509_cert::Certificate::from_pem(certificate).unwrap();
    let key = certificate.tbs_certificate().subject_public_key_info();
    key.to_pem(Default::default()).unwrap()
}

fn check(dressed: Dress, fault: Fault, more: &[&str]) -> Ran {
    let (provider, own, secret) = dress(dressed);
    let handler = Handler::start(dressed, fault, &secret);
    let mut command = webhook_cli();
    command.args(["check", &handler.url, "--provider", provider, "--json"]);
    if let Some(own) = own {
        command.env("CHECK_SECRET", own);
        command.args(["--secret", "env:CHECK_SECRET"]);
    }
    for word in more {
        command.arg(word.replace("{count}", &handler.count()));
    }
    Ran::of(command.output().unwrap())
}

/// The names of the checks of that verdict.
fn named(ran: &Ran, verdicts: &[&str]) -> BTreeSet<String> {
    let is = |line: &&Value| {
        line["type"] == "checked" && verdicts.iter().any(|verdict| line["verdict"] == *verdict)
    };
    let name = |line: &Value| line["check"].as_str().unwrap().to_owned();
    ran.lines().iter().filter(is).map(name).collect()
}

/// A handler with that fault fails these checks, warnings counted, and no other. `more` are further words.
#[track_caller]
fn finds(dressed: Dress, fault: Fault, expected: &[&str], more: &[&str]) {
    let ran = check(dressed, fault, more);
    let wanted: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(
        named(&ran, &["fail", "warn"]),
        wanted,
        "{dressed:?} {fault:?}\n{}{}",
        ran.stdout,
        ran.stderr
    );
    assert!(
        ran.status == 1 || named(&ran, &["fail"]).is_empty(),
        "{ran:#?}"
    );
}

/// [`finds`] for several faults at once, where most of the time is waited.
fn finds_each(cases: &[(Dress, Fault, &[&str], &[&str])]) {
    std::thread::scope(|scope| {
        for (dressed, fault, expected, more) in cases {
            scope.spawn(|| finds(*dressed, *fault, expected, more));
        }
    });
}

/// What takes its time and has nothing to do with most faults.
const QUICK: &[&str] = &["--skip", "speed"];

#[track_caller]
fn finds_nothing(dressed: Dress, flags: &[&str]) -> Ran {
    let ran = check(dressed, Fault::None, flags);
    assert_eq!(
        named(&ran, &["fail", "warn"]),
        BTreeSet::new(),
        "{dressed:?}\n{}",
        ran.stdout
    );
    assert_eq!(ran.status, 0, "{ran:#?}");
    ran
}

/// A handler without a fault passes everything, and no more than so many checks have nothing to say of its provider.
#[track_caller]
fn passes(dressed: Dress, skipped: u64) {
    let ran = finds_nothing(dressed, &["--strict", "--probe", "{count}"]);
    let lines = ran.lines();
    let summary = lines.last().unwrap();
    assert_eq!(summary["type"], "summary");
    assert!(
        summary["skipped"].as_u64() <= Some(skipped),
        "{}",
        ran.stdout
    );
    // What is skipped says why.
    for line in lines.iter().filter(|line| line["verdict"] == "skip") {
        assert!(!line["said"].as_str().unwrap().is_empty(), "{line}");
    }
}

#[test]
fn a_handler_that_is_right_passes_whoever_sends() {
    // At once: most of the time is waited for a number to rest, and for a slow client.
    std::thread::scope(|scope| {
        for (dressed, skipped) in [
            (Dress::SendGrid, 14),
            (Dress::Resend, 19),
            (Dress::Mailgun, 19),
            (Dress::Mandrill, 18),
            (Dress::Postmark, 26),
            (Dress::Ses, 19),
            (Dress::MailerSend, 21),
        ] {
            scope.spawn(move || passes(dressed, skipped));
        }
    });
}

#[test]
fn a_handler_of_mailchimp_that_is_right_passes() {
    finds_nothing(Dress::Mailchimp, &["--strict"]);
}

#[test]
fn faults_of_authentication_are_found() {
    finds(
        Dress::Resend,
        Fault::AcceptsEverything,
        &[
            "wrong-secret",
            "changed-body",
            "reserialised",
            "missing-signature",
            "empty-signature",
            "missing-fields",
            "doubled-signature",
            "stale",
            "future",
        ],
        QUICK,
    );
    finds(
        Dress::Resend,
        Fault::AcceptsUnsigned,
        &["missing-signature"],
        QUICK,
    );
    finds(
        Dress::Resend,
        Fault::AcceptsEmptySignature,
        &["empty-signature"],
        QUICK,
    );
    finds(
        Dress::Resend,
        Fault::ChecksTheFormOfTheSignatureOnly,
        &["wrong-secret", "changed-body", "reserialised"],
        QUICK,
    );
    finds(
        Dress::Resend,
        Fault::VerifiesPrintedJson,
        &["reserialised", "odd-json"],
        QUICK,
    );
    finds(
        Dress::Resend,
        Fault::IgnoresTime,
        &["stale", "future"],
        QUICK,
    );
    finds(Dress::Resend, Fault::TakesTheFuture, &["future"], QUICK);
    finds(
        Dress::SendGrid,
        Fault::CrashesWithoutTimestamp,
        &["missing-fields"],
        QUICK,
    );
    finds(
        Dress::Resend,
        Fault::TakesTheLastOfTwo,
        &["doubled-signature"],
        QUICK,
    );
    finds(
        Dress::Resend,
        Fault::TakesTheTestKeyToo,
        &["wrong-secret"],
        QUICK,
    );
    finds(Dress::Ses, Fault::TakesAnyTopic, &["foreign-topic"], QUICK);
    finds(
        Dress::Ses,
        Fault::TakesAnyCertificate,
        &["foreign-certificate"],
        QUICK,
    );
    finds(
        Dress::Postmark,
        Fault::AcceptsEverything,
        &["wrong-secret", "missing-signature"],
        QUICK,
    );
    finds(
        Dress::Postmark,
        Fault::LooksAtTheUserOnly,
        &["wrong-secret"],
        QUICK,
    );
}

#[test]
fn faults_of_idempotency_are_found() {
    let probe = ["--skip", "speed", "--probe", "{count}"];
    let all = [
        "duplicate",
        "duplicate-at-once",
        "retried",
        "duplicate-later",
    ];
    finds_each(&[
        (Dress::SendGrid, Fault::CountsTwice, &all, &probe),
        (
            Dress::SendGrid,
            Fault::CountsTwiceAtOnce,
            &["duplicate-at-once"],
            &probe,
        ),
        (
            Dress::SendGrid,
            Fault::KnowsSignaturesNotIds,
            &["retried"],
            &probe,
        ),
        (
            Dress::SendGrid,
            Fault::ForgetsSoon,
            &["duplicate-later"],
            &probe,
        ),
        // Without a probe the status is all there is.
        (Dress::SendGrid, Fault::RefusesDuplicates, &all, QUICK),
        (
            Dress::SendGrid,
            Fault::CrashesOnDuplicatesAtOnce,
            &["duplicate-at-once"],
            QUICK,
        ),
        (
            Dress::MailerSend,
            Fault::RefusesTwins,
            &["twins", "every-kind"],
            QUICK,
        ),
    ]);
}

#[test]
fn faults_of_order_are_found() {
    finds(
        Dress::SendGrid,
        Fault::RefusesLateDelivered,
        &["click-before-delivered"],
        QUICK,
    );
    finds(
        Dress::SendGrid,
        Fault::RefusesComplaintsOfTheUnsubscribed,
        &["complaint-after-unsubscribe"],
        QUICK,
    );
    finds(
        Dress::Resend,
        Fault::RefusesOldEvents,
        &["old-event"],
        QUICK,
    );
}

#[test]
fn faults_of_shape_are_found() {
    finds(
        Dress::Resend,
        Fault::RefusesUnknownKinds,
        &["unknown-kind"],
        QUICK,
    );
    finds(
        Dress::SendGrid,
        Fault::RefusesUnknownKinds,
        &["unknown-kind", "batch-odd"],
        QUICK,
    );
    finds(
        Dress::SendGrid,
        Fault::CrashesOnDeferred,
        &["every-kind"],
        QUICK,
    );
    finds(
        Dress::SendGrid,
        Fault::RefusesUnknownFields,
        &["unknown-fields"],
        QUICK,
    );
    finds(
        Dress::SendGrid,
        Fault::CrashesOnTwoEvents,
        &["batch", "batch-large", "batch-odd"],
        QUICK,
    );
    finds(
        Dress::SendGrid,
        Fault::RefusesLargeBatches,
        &["batch-large"],
        QUICK,
    );
    finds(
        Dress::SendGrid,
        Fault::CrashesOnAnOddMember,
        &["batch-odd"],
        QUICK,
    );
    finds(
        Dress::Mandrill,
        Fault::CrashesOnNoEvents,
        &["batch-empty"],
        QUICK,
    );
    finds(
        Dress::SendGrid,
        Fault::CrashesOnMetadata,
        &["metadata"],
        QUICK,
    );
    finds(
        Dress::SendGrid,
        Fault::CrashesBeyondAscii,
        &["non-ascii"],
        QUICK,
    );
    finds(
        Dress::Postmark,
        Fault::ReadsIdsAs32Bits,
        &["big-ids", "every-kind"],
        QUICK,
    );
    finds(Dress::Mailgun, Fault::WantsAFraction, &["fractions"], QUICK);
}

#[test]
fn faults_of_resilience_are_found() {
    finds(
        Dress::Resend,
        Fault::CrashesOnMalformed,
        &["malformed", "empty-body", "deep-json"],
        QUICK,
    );
    finds(
        Dress::Resend,
        Fault::HangsUpOnMalformed,
        &["malformed"],
        QUICK,
    );
    finds(
        Dress::SendGrid,
        Fault::CrashesOnNull,
        &["other-json"],
        QUICK,
    );
    finds(
        Dress::SendGrid,
        Fault::CrashesOnDepth,
        &["deep-json"],
        QUICK,
    );
    finds(Dress::Resend, Fault::CrashesOnEmpty, &["empty-body"], QUICK);
    finds(
        Dress::Mailgun,
        Fault::CrashesOnContentType,
        &["content-type"],
        QUICK,
    );
    finds(Dress::Resend, Fault::CrashesOnLarge, &["large-body"], QUICK);
    finds(Dress::Resend, Fault::CrashesOnGzip, &["gzip"], QUICK);
}

#[test]
fn a_handler_that_dies_is_not_asked_any_further() {
    let ran = check(Dress::Resend, Fault::DiesOnMalformed, &[]);
    assert_eq!(
        named(&ran, &["fail", "warn"]),
        ["malformed".to_owned()].into()
    );
    let lines = ran.lines();
    let last = lines
        .iter()
        .rfind(|line| line["type"] == "checked")
        .unwrap();
    assert_eq!(
        last["said"],
        "the handler does not respond since `malformed`"
    );
    assert_eq!(ran.status, 1);
}

#[test]
fn faults_of_handshakes_are_found() {
    finds(Dress::Mandrill, Fault::RefusesHead, &["head"], QUICK);
    finds(
        Dress::Ses,
        Fault::RefusesSubscriptions,
        &["subscription"],
        QUICK,
    );
    finds(
        Dress::MailerSend,
        Fault::RefusesTheTest,
        &["test-event"],
        QUICK,
    );
}

#[test]
fn a_get_that_is_refused_is_found() {
    finds(Dress::Mailchimp, Fault::RefusesGet, &["get"], QUICK);
}

#[test]
fn what_machines_do_and_what_is_no_event_is_asked_for() {
    finds(
        Dress::SendGrid,
        Fault::CrashesOnMachines,
        &["machine"],
        QUICK,
    );
    finds(
        Dress::Postmark,
        Fault::RefusesForeignMail,
        &["other-kinds"],
        QUICK,
    );
}

/// A scheme has no events, but may ask for consent.
#[test]
fn consent_is_asked_for_as_cloudevents_does() {
    let handler = crate::harness::Receiver::start(&[
        "HTTP/1.1 200 OK\r\nwebhook-allowed-origin: *\r\ncontent-length: 0\r\n\r\n",
    ]);
    let asked = |url: &str| {
        let args = ["check", url, "--provider", "cloudevents", "--json"];
        Ran::of(webhook_cli().args(args).output().unwrap())
    };
    let ran = asked(&handler.url).success();
    assert_eq!(named(&ran, &["pass"]), ["options".to_owned()].into());
    let request = handler.next();
    assert!(request.line.starts_with("OPTIONS / "), "{request:?}");
    assert!(
        request.header("webhook-request-origin").is_some(),
        "{request:?}"
    );
    let refusing =
        crate::harness::Receiver::start(&["HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n"]);
    let ran = asked(&refusing.url);
    assert_eq!(
        (named(&ran, &["fail"]), ran.status),
        (["options".to_owned()].into(), 1)
    );
    // One that neither tells nor asks leaves nothing to check.
    let ran = Ran::of(
        webhook_cli()
            .args(["check", &refusing.url, "--provider", "stripe"])
            .output()
            .unwrap(),
    );
    assert_eq!(ran.status, 2);
}

/// A URL is validated by a code that comes back with 200 and nothing else.
#[test]
fn a_code_that_does_not_come_back_is_found() {
    let asked = |url: &str| {
        let args = [
            "check",
            url,
            "--provider",
            "azure",
            "--json",
            "--only",
            "handshake",
        ];
        Ran::of(webhook_cli().args(args).output().unwrap())
    };
    // Our own listener is right.
    let listen = crate::harness::Listen::start(&["--json"]);
    let ran = asked(&listen.url).success();
    let right = ["challenge".to_owned(), "options".to_owned()];
    assert_eq!(named(&ran, &["pass"]), right.into());
    let silent = crate::harness::Receiver::ok();
    let ran = asked(&silent.url);
    assert_eq!(
        (named(&ran, &["fail"]), ran.status),
        (["challenge".to_owned()].into(), 1),
        "{ran:#?}"
    );
}

#[test]
fn slowness_is_found() {
    finds_each(&[
        (
            Dress::Resend,
            Fault::AnswersLate,
            &["acknowledged", "burst"],
            &["--only", "speed", "--within", "150ms"],
        ),
        (
            Dress::Resend,
            Fault::AnswersOneAtATime,
            &["burst"],
            &["--only", "speed", "--within", "250ms"],
        ),
        (
            Dress::Resend,
            Fault::HurriesClients,
            &["slow-client"],
            &["--only", "speed"],
        ),
    ]);
}

#[test]
fn faults_of_transport_are_found() {
    finds(Dress::Mailgun, Fault::Answers204, &["status-200"], QUICK);
    finds(
        Dress::Mailgun,
        Fault::Redirects,
        &["valid", "redirect"],
        QUICK,
    );
}

#[test]
fn a_handler_that_refuses_everything_passes_nothing() {
    let ran = check(Dress::Resend, Fault::RefusesEverything, &[]);
    assert_eq!(ran.status, 1);
    assert_eq!(named(&ran, &["fail", "warn"]), ["valid".to_owned()].into());
    // It is said first, and what it refuses counts for nothing.
    let lines = ran.lines();
    assert_eq!(lines[0]["check"], "valid");
    assert_eq!(named(&ran, &["pass"]), BTreeSet::new());
    let redirect = lines.iter().find(|line| line["check"] == "redirect");
    assert_eq!(redirect.unwrap()["said"], "got 403, which is inconclusive");
    let wrong = lines
        .iter()
        .find(|line| line["check"] == "wrong-secret")
        .unwrap();
    assert_eq!(wrong["said"], "not meaningful while `valid` fails");
}

#[test]
fn a_handler_that_nobody_can_reach_is_status_4() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    drop(listener);
    let ran = Ran::of(webhook_cli().args(["check", &target]).output().unwrap());
    assert_eq!(ran.status, 4);
    assert!(
        ran.stderr.contains(&format!(
            "cannot connect to http://{target}/: connection refused"
        )),
        "{ran:#?}"
    );
    assert!(ran.stderr.contains("is your handler running?"), "{ran:#?}");
    assert_eq!(ran.stdout, "");
}

#[test]
fn where_nobody_answers_the_hint_fits_the_cause_in_every_command_that_sends() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let closing = Receiver::start(&[""]);
    let plain = closing.url.replace("http", "https");
    for (target, why, hint) in [
        (
            "127.0.0.1:1",
            "connection refused",
            "is your handler running?",
        ),
        (&*silent, "no response from", "`--timeout`"),
        (
            &closing.url,
            "the connection closed before a response",
            "handler's own log",
        ),
        (&plain, "TLS: ", "`http://"),
        (
            "http://no-such-host.invalid",
            "cannot resolve",
            "is the host spelled right?",
        ),
    ] {
        for (args, flag) in [
            (&["check", target][..], "`TARGET`"),
            (
                &["send", "open", "--retries", "0", "--to", target],
                "`--to`",
            ),
            (
                &[
                    "replay",
                    "fixtures/resend/open.json",
                    "--yes",
                    "--retries",
                    "0",
                    "--to",
                    target,
                ],
                "`--to`",
            ),
        ] {
            let ran = run(&[args, &["--timeout", "200ms"]].concat());
            assert_eq!(ran.status, 4, "{args:?} {ran:#?}");
            let told = format!("{}{}", ran.stdout, ran.stderr);
            assert!(told.contains(why) && told.contains(hint), "{args:?} {told}");
            assert_eq!(
                told.contains("is your handler running?"),
                hint.contains("running"),
                "{args:?} {told}"
            );
            assert!(
                !told.contains("another target") || told.contains(flag),
                "{args:?} {told}"
            );
        }
    }
}

#[test]
fn a_handler_that_answers_everything_alike_passes_nothing_that_it_does_not_show() {
    let answer = |status: &str| format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    for (status, failed) in [
        ("500 Internal Server Error", &["valid", "redirect"][..]),
        ("404 Not Found", &["valid"]),
        ("302 Found", &["valid", "redirect"]),
    ] {
        let handler = Receiver::start(&[&answer(status)]);
        let ran = run(&["check", &handler.url, "--provider", "resend", "--json"]);
        assert_eq!(ran.status, 1, "{ran:#?}");
        let failed = failed.iter().map(ToString::to_string).collect();
        assert_eq!(named(&ran, &["fail", "warn"]), failed, "{status}");
        assert_eq!(named(&ran, &["pass"]), BTreeSet::new(), "{status}");
    }
}

#[test]
fn a_warning_is_a_failure_if_that_is_wanted() {
    let only = ["--only", "doubled-signature"];
    assert_eq!(
        check(Dress::Resend, Fault::TakesTheLastOfTwo, &only).status,
        0
    );
    let strict = ["--only", "doubled-signature", "--strict"];
    assert_eq!(
        check(Dress::Resend, Fault::TakesTheLastOfTwo, &strict).status,
        1
    );
}

/// A report without what differs from run to run: its names, numbers and texts.
fn shape(report: &str) -> Vec<String> {
    let mut lines: Vec<String> = report
        .lines()
        .map(|line| {
            let mut out = String::new();
            for (number, part) in line.split('"').enumerate() {
                // Every other part stands between quotes.
                out += if number % 2 == 1 { "\"\"" } else { part };
            }
            match out.split_once(" - ") {
                Some((head, _)) => format!("{head} - "),
                None => out,
            }
            .replace(|c: char| c.is_ascii_digit(), "")
            .trim_end()
            .to_owned()
        })
        .collect();
    // The rest of a failure's text, and the labels of its details, belong to the command.
    lines.retain(|line| {
        let starts = [
            "<", "  <", "    <", "      <", "TAP", "ok", "not ok", "  ---", "  ...", "..",
        ];
        let fields = ["  duration_ms:", "  verdict:", "  message:"];
        starts
            .iter()
            .chain(&fields)
            .any(|start| line.starts_with(start))
    });
    for line in &mut lines {
        if let Some(at) = line.find("<failure message=\"\">") {
            line.truncate(at + "<failure message=\"\">".len());
        }
    }
    lines
}

#[test]
fn check_and_replay_report_in_the_same_shape() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.json", "b.json"] {
        std::fs::write(dir.path().join(name), "{\"event\":\"click\"}").unwrap();
    }
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let no = "HTTP/1.1 404 No\r\ncontent-length: 5\r\n\r\n<no/>";
    for format in ["junit", "tap"] {
        let refusing = Receiver::start(&[ok, no]);
        let replayed = run(&[
            "replay",
            text(dir.path()),
            "--to",
            &refusing.url,
            "--report",
            format,
        ]);
        let handler = Handler::start(Dress::Resend, Fault::AcceptsUnsigned, WHSEC);
        let checked = Ran::of(
            webhook_cli()
                .args(["check", &handler.url, "--provider", "resend"])
                .args(["--secret", "env:KEY", "--report", format])
                .args(["--only", "valid,missing-signature"])
                .env("KEY", WHSEC)
                .output()
                .unwrap(),
        );
        assert_eq!((replayed.status, checked.status), (1, 1), "{checked:#?}");
        let shapes = [shape(&replayed.stdout), shape(&checked.stdout)];
        assert_eq!(
            shapes[0], shapes[1],
            "{}{}",
            replayed.stdout, checked.stdout
        );
        assert!(shapes[0].len() >= 8, "{shapes:#?}");
    }
}

#[test]
fn the_report_says_what_happened_why_it_matters_and_how_to_see_it_again() {
    let handler = Handler::start(Dress::Resend, Fault::AcceptsUnsigned, WHSEC);
    let checked = |form: &str| {
        let output = webhook_cli()
            .args([
                "check",
                &handler.url,
                "--provider",
                "resend",
                "--secret",
                "env:KEY",
                "--report",
                form,
            ])
            .args(["--only", "authentication", "--seed", "7"])
            .env("KEY", WHSEC)
            .output()
            .unwrap();
        Ran::of(output)
    };
    let text = checked("text");
    assert_eq!(text.status, 1);
    for line in [
        "authentication\n  pass     valid                       got 200\n",
        "\n  FAIL     missing-signature           got 200\n",
        "\nskipped: foreign-topic, foreign-certificate (Resend does not use SNS)\n",
        "\nFAIL  missing-signature: an event without a signature must be rejected\n  sent    click without a signature\n  \
         came    200  {\"status\":200}\n  wanted  4xx\n  why     ",
        "\n  see     https://resend.com/docs/",
        &format!(
            "\n  again   webhook-cli send click --provider resend --to {} --secret env:KEY --tamper missing\n",
            handler.url
        ),
        "\n12 checks: 9 passed, 1 failed, 2 skipped in ",
        "  (--seed 7)\n",
    ] {
        assert!(text.stdout.contains(line), "{line}\n{}", text.stdout);
    }
    assert!(
        text.stderr.contains("as Resend, signed with your secret"),
        "{}",
        text.stderr
    );
    let junit = checked("junit").stdout;
    assert!(
        junit.contains("tests=\"12\" failures=\"1\" errors=\"0\" skipped=\"2\""),
        "{junit}"
    );
    assert!(
        junit.contains("<testcase classname=\"check.authentication\" name=\"missing-signature\""),
        "{junit}"
    );
    let tap = checked("tap").stdout;
    assert!(
        tap.starts_with(
            "TAP version 14\nok 1 - check.authentication: valid\n  ---\n  duration_ms: "
        ) && tap.ends_with("\n1..12\n"),
        "{tap}"
    );
    assert!(
        tap.contains("\nnot ok 5 - check.authentication: missing-signature\n  ---\n")
            && tap.contains("\n  verdict: fail\n  message: \"got 200\"\n  title: "),
        "{tap}"
    );
    for text in [text.stdout, text.stderr, junit, tap] {
        assert!(!text.contains(&WHSEC[6..]), "{text}");
    }
}

#[test]
fn what_is_checked_is_listed_and_explained() {
    let list = Ran::of(webhook_cli().args(["check", "--list"]).output().unwrap()).success();
    assert!(
        list.stdout.contains("idempotency\n  duplicate "),
        "{}",
        list.stdout
    );
    let names: Vec<&str> = webhook_cli::checks::all().map(|check| check.name).collect();
    assert!(names.len() > 45);
    for name in &names {
        assert!(list.stdout.contains(&format!("  {name} ")), "{name}");
        let page = Ran::of(
            webhook_cli()
                .args(["check", "--explain", name])
                .output()
                .unwrap(),
        )
        .success();
        for part in [
            "\nSent\n",
            "\nExpected\n",
            "\nWhy\n",
            "\nWhat to do\n",
            "\nBased on\n",
        ] {
            assert!(page.stdout.contains(part), "{}", page.stdout);
        }
    }
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(unique.len(), names.len());
    let near = Ran::of(
        webhook_cli()
            .args(["check", "--explain", "duplicat"])
            .output()
            .unwrap(),
    );
    assert_eq!(near.status, 2);
    assert!(
        near.stderr.contains("did you mean `duplicate`?"),
        "{}",
        near.stderr
    );
    let one = ["check", "--explain", "head", "--provider", "mandrill"];
    let page = Ran::of(webhook_cli().args(one).output().unwrap());
    assert!(
        page.stdout
            .contains("https://mailchimp.com/developer/transactional/"),
        "{}",
        page.stdout
    );
}

#[test]
fn a_probe_that_cannot_be_read_is_said() {
    let ran = check(
        Dress::Resend,
        Fault::None,
        &["--only", "duplicate", "--probe-cmd", "echo nothing"],
    );
    let said = ran.lines()[0]["said"].as_str().unwrap().to_owned();
    assert!(
        said.contains("the probe gives no number but `nothing`"),
        "{said}"
    );
}

/// The line that reproduces a failure does send what was sent, byte for byte.
#[test]
#[cfg(unix)]
fn the_command_line_that_is_shown_sends_the_same_bytes() {
    use webhook_cli::checks;
    use webhook_cli::checks::{CheckSteps, Context, Payload, Step};
    use webhook_cli::providers;
    use webhook_cli::providers::Keys;
    use webhook_cli::webhook::{Fixture, Keyring, Target};

    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(
        env!("CARGO_BIN_EXE_webhook-cli"),
        dir.path().join("webhook-cli"),
    )
    .unwrap();
    let path = format!(
        "{}:{}",
        crate::harness::text(dir.path()),
        std::env::var("PATH").unwrap()
    );
    let now: jiff::Timestamp = "2026-11-23T19:20:01.123Z".parse().unwrap();
    let signed: jiff::Timestamp = "2026-11-23T19:20:02Z".parse().unwrap();
    for (name, own, mail) in [
        ("sendgrid", None, None),
        ("resend", Some(WHSEC), None),
        ("mailgun", Some("key"), None),
        ("mandrill", Some("key"), None),
        ("postmark", Some("user:password"), None),
        ("mailjet", Some("user:password"), None),
        ("ses", None, None),
        ("sendgrid", None, Some("parsed")),
        ("mailgun", Some("key"), Some("raw")),
        ("postmark", Some("user:password"), Some("raw")),
        ("mandrill", Some("key"), Some("")),
        ("ses", None, Some("base64")),
    ] {
        let provider = providers::find(name).unwrap();
        let ring = own.map(|own| (None, webhook_cli::webhook::Secret::new(own)));
        let keys = Keys::new(&Keyring::new(ring.into_iter().collect()), Some(provider)).unwrap();
        let context = Context {
            provider,
            key: keys.signing(provider).cloned(),
            own_key: own.is_some(),
            secret: own.map(|_| "env:KEY".to_owned()),
            seed: 7,
            now,
            target: Target::parse(":3000/hooks").unwrap(),
            public_url: None,
            headers: Vec::new(),
            topic: None,
            within: None,
            insecure: false,
            mail,
            probe: false,
        };
        let mut script = String::new();
        let mut expected = Vec::new();
        let checks: Vec<_> = match mail {
            None => checks::all().collect(),
            Some(mode) => checks::all_of_mail()
                // Once is enough of what is large.
                .filter(|check| mode == "parsed" || check.name != "large-message")
                .collect(),
        };
        for check in checks {
            let CheckSteps::Run(steps) = (check.plan)(&context) else {
                continue;
            };
            for step in &steps {
                let (Step::Send(shot)
                | Step::Slowly(shot, _)
                | Step::Burst(shot, ..)
                | Step::Together(shot, _)) = step
                else {
                    continue;
                };
                let mut shot = shot.clone();
                shot.times = 1;
                shot.later = std::time::Duration::ZERO;
                let mut line = shot.line(&context) + " --dry-run --as json";
                if !matches!(shot.payload, Payload::Handshake(_)) {
                    if !shot.exact {
                        line += &format!(" --seed {}", context.seed + shot.number);
                    }
                    if !shot.exact && shot.ago.is_zero() {
                        line += &format!(" --at {now}");
                    }
                    line += &format!(" --signed-at {signed}");
                }
                script += &format!("{line} || echo\n");
                expected.push((check.name, line, shot.make(&context, signed).unwrap()));
            }
        }
        let mut command = std::process::Command::new("bash");
        command
            .args(["-c", &script])
            .env("PATH", &path)
            .env("TZ", "UTC");
        command.env_remove("WEBHOOK_CLI_SECRET");
        if let Some(own) = own {
            command.env("KEY", own);
        }
        let ran = Ran::of(command.output().unwrap());
        assert_eq!(
            ran.stdout.lines().count(),
            expected.len(),
            "{name}\n{}",
            ran.stderr
        );
        for (printed, (check, line, delivery)) in ran.stdout.lines().zip(expected) {
            let shown: String = line.chars().take(600).collect();
            let fixture = Fixture::read(printed.as_bytes())
                .unwrap_or_else(|fault| panic!("{name} {check}: {fault}\n{shown}\n{}", ran.stderr));
            let sent = fixture.delivery;
            assert_eq!(sent.method, delivery.method, "{name} {check}\n{shown}");
            assert_eq!(sent.path, delivery.path, "{name} {check}\n{shown}");
            assert_eq!(
                sent.headers,
                delivery.headers.end_to_end(),
                "{name} {check}\n{shown}"
            );
            assert!(
                sent.body == delivery.body,
                "{name} {check}\n{shown}\n{:?}\n{:?}",
                sent.body.slice(..sent.body.len().min(900)),
                delivery.body.slice(..delivery.body.len().min(900))
            );
        }
    }
}

/// Starts a handler in another language, with the secrets of these checks.
fn foreign(needs: &Needs, file: &str) -> Option<Foreign> {
    let variables = [
        ("WEBHOOK_SECRET", WHSEC.into()),
        ("MAILGUN_KEY", "key-mailgun".into()),
        ("SENDGRID_KEY", dress(Dress::SendGrid).2),
    ];
    Foreign::start(needs, file, &variables)
}

/// Checks a path of a server in another language, which counts at `/count`.
fn check_foreign(
    server: &Foreign,
    path: &str,
    provider: &str,
    secret: Option<&str>,
    more: &[&str],
) -> Ran {
    let (target, count) = (
        format!("{}{path}", server.url),
        format!("{}/count", server.url),
    );
    let mut command = webhook_cli();
    command.args([
        "check",
        &target,
        "--provider",
        provider,
        "--strict",
        "--json",
    ]);
    command.args(more);
    command.args(["--probe", &count]);
    if let Some(secret) = secret {
        command
            .env("SECRET", secret)
            .args(["--secret", "env:SECRET"]);
    }
    Ran::of(command.output().unwrap())
}

#[test]
fn a_handler_with_express_passes_and_one_that_prints_json_again_does_not() {
    let needs = Needs {
        program: "node",
        probe: &[
            "-e",
            "require('express'); require('svix'); require('@sendgrid/eventwebhook')",
        ],
    };
    let Some(handler) = foreign(&needs, "express.js") else {
        return;
    };
    for (path, provider, secret) in [
        ("/resend", "resend", Some(WHSEC)),
        ("/sendgrid", "sendgrid", None),
    ] {
        let ran = check_foreign(&handler, path, provider, secret, &[]);
        assert_eq!(
            named(&ran, &["fail", "warn"]),
            BTreeSet::new(),
            "{provider}\n{}",
            ran.stdout
        );
        assert_eq!(ran.status, 0, "{ran:#?}");
    }
    let ran = check_foreign(
        &handler,
        "/printed-again",
        "resend",
        Some(WHSEC),
        &[
            "--only",
            "authentication,odd-json",
            "--skip",
            "doubled-signature",
        ],
    );
    let found = named(&ran, &["fail", "warn"]);
    assert_eq!(
        found,
        ["odd-json".to_owned(), "reserialised".to_owned()].into(),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_handler_with_flask_passes() {
    let needs = Needs {
        program: "python3",
        probe: &["-c", "import flask, standardwebhooks"],
    };
    let Some(handler) = foreign(&needs, "flask_app.py") else {
        return;
    };
    for (path, provider, secret) in [
        ("/standard", "standard-webhooks", WHSEC),
        ("/mailgun", "mailgun", "key-mailgun"),
    ] {
        let ran = check_foreign(&handler, path, provider, Some(secret), &[]);
        assert_eq!(
            named(&ran, &["fail", "warn"]),
            BTreeSet::new(),
            "{provider}\n{}",
            ran.stdout
        );
        assert_eq!(ran.status, 0, "{ran:#?}");
    }
}

/// The report as text.
fn told(fault: Fault, more: &[&str]) -> String {
    let handler = Handler::start(Dress::Resend, fault, WHSEC);
    let output = webhook_cli()
        .args([
            "check",
            &handler.url,
            "--provider",
            "resend",
            "--secret",
            "env:KEY",
        ])
        .args(more)
        .env("KEY", WHSEC)
        .output()
        .unwrap();
    Ran::of(output).stdout
}

#[test]
fn a_handler_that_verifies_nothing_is_told_so_once() {
    let told = told(Fault::AcceptsEverything, QUICK);
    let stories = told
        .lines()
        .filter(|line| line.starts_with("FAIL") || line.starts_with("warn"));
    assert_eq!(
        stories.collect::<Vec<_>>(),
        ["FAIL  the handler verifies no signature"],
        "{told}"
    );
    let checks = told
        .lines()
        .find(|line| line.starts_with("  checks"))
        .unwrap();
    for name in ["missing-signature", "wrong-secret", "changed-body", "stale"] {
        assert!(checks.contains(name), "{checks}");
    }
    assert!(told.lines().count() < 80, "{told}");
}

#[test]
fn a_crash_is_the_first_story_and_the_loudest_line() {
    let told = told(Fault::CrashesWithoutTimestamp, QUICK);
    assert!(told.contains("\n  CRASH    missing-fields"), "{told}");
    let stories = told
        .lines()
        .filter(|line| line.starts_with("FAIL") || line.starts_with("CRASH"));
    assert!(
        stories
            .into_iter()
            .next()
            .unwrap()
            .starts_with("CRASH  missing-fields: "),
        "{told}"
    );
    assert!(
        told.contains("\nTHE HANDLER CRASHED in 1 check: missing-fields\n"),
        "{told}"
    );
    let skips = told.lines().filter(|line| line.contains("skip"));
    assert_eq!(skips.count(), 2, "{told}");
}

#[test]
fn without_a_probe_nobody_knows_what_a_handler_keeps() {
    let ran = check(
        Dress::SendGrid,
        Fault::CountsTwice,
        &["--only", "idempotency"],
    );
    assert_eq!(ran.status, 0, "{ran:#?}");
    assert!(
        named(&ran, &["pass", "fail", "warn"]).is_empty(),
        "{}",
        ran.stdout
    );
    let unknown = named(&ran, &["unknown"]);
    assert!(unknown.len() >= 4, "{unknown:?}");
    for line in ran
        .lines()
        .iter()
        .filter(|line| line["verdict"] == "unknown")
    {
        assert!(line["said"].as_str().unwrap().contains("--probe"), "{line}");
    }
    assert_eq!(ran.lines().last().unwrap()["unknown"], unknown.len());
    let told = told(Fault::None, &["--only", "idempotency"]);
    assert!(told.contains("\nunknown: duplicate, "), "{told}");
    assert!(
        told.contains("unknown, ") || told.contains("unknown in "),
        "{told}"
    );
}

#[test]
fn a_changed_body_is_tried_wherever_the_signature_takes_it_in() {
    let handler = Receiver::ok();
    let said = |provider: &str| {
        let name = ["--provider", provider, "--secret", "abc"];
        let only = ["--only", "changed-body", "--json"];
        let to = ["check", handler.url.as_str()];
        run(&[&to[..], &name, &only].concat()).stdout
    };
    // ZeptoMail signs the decoded value of a form, which is the body.
    assert!(said("zeptomail").contains(r#""verdict":"fail""#));
    // Mailgun signs a timestamp and a token alone.
    assert!(said("mailgun").contains("does not cover the body"));
}
