//! `send`, end to end.

use crate::harness::{Listen, Receiver, run, text, webhook_cli};
use webhook_cli::webhook::Fixture;

#[test]
fn an_event_arrives_in_the_providers_own_bytes() {
    let handler = Receiver::ok();
    let ran = run(&[
        "send",
        "bounce",
        "--provider",
        "sendgrid",
        "--to",
        &format!("{}/hooks", handler.url),
    ])
    .success();
    assert!(ran.stdout.starts_with("200"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("bounce      ada@example.com  sendgrid"),
        "{}",
        ran.stdout
    );
    let request = handler.next();
    assert_eq!(request.line, "POST /hooks HTTP/1.1");
    assert_eq!(request.header("user-agent"), Some("SendGrid Event API"));
    assert!(
        request.body.starts_with(b"[{\"asm_group_id\":4711,") && request.body.ends_with(b"}]\r\n")
    );
    assert!(
        request
            .header("x-twilio-email-event-webhook-signature")
            .unwrap()
            .len()
            >= 92
    );
}

#[test]
fn several_kinds_are_the_life_of_one_message() {
    let handler = Receiver::ok();
    run(&[
        "send",
        "delivered",
        "open",
        "click",
        "--provider",
        "mailgun",
        "-n",
        "2",
        "--to",
        &handler.url,
    ])
    .success();
    let ids: Vec<String> = (0..6)
        .map(|_| {
            let body: serde_json::Value = serde_json::from_slice(&handler.next().body).unwrap();
            body["event-data"]["message"]["headers"]["message-id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert!(
        ids[0] == ids[1] && ids[1] == ids[2] && ids[3] == ids[4] && ids[4] == ids[5],
        "{ids:?}"
    );
    assert_ne!(ids[0], ids[3]);
}

#[test]
fn wishes_go_where_each_provider_carries_them() {
    let overrides = [
        "--recipient",
        "grace@example.org",
        "--url",
        "https://example.org/x",
        "--tag",
        "spring",
        "--metadata",
        "order=7",
        "--campaign",
        "c1",
        "--message-id",
        "0f1e2d3c-4b5a-4697-8877-665544332211",
        "--at",
        "2026-01-02T03:04:05Z",
    ];
    for (provider, wanted) in [
        (
            "sendgrid",
            &[
                "\"category\":[\"spring\"]",
                "\"order\":\"7\"",
                "\"marketing_campaign_name\":\"c1\"",
                "\"timestamp\":1767323045",
                "\"sg_message_id\":\"0f1e2d3c-4b5a-4697-8877-665544332211.recvd",
            ][..],
        ),
        (
            "mailgun",
            &[
                "\"tags\": [\"spring\"]",
                "\"order\": \"7\"",
                "\"campaigns\": [{\"id\": \"c1\", \"name\": \"c1\"}]",
                "\"timestamp\": 1767323045.0",
                "\"recipient-domain\": \"example.org\"",
            ],
        ),
        (
            "postmark",
            &[
                "\"Tag\": \"spring\"",
                "\"order\": \"7\"",
                "\"ReceivedAt\": \"2026-01-02T03:04:05.0000000Z\"",
            ],
        ),
        (
            "ses",
            &[
                "\\\"order\\\":[\\\"7\\\"]",
                "\\\"timestamp\\\":\\\"2026-01-02T03:04:05.000Z\\\"",
                "\\\"link\\\":\\\"https://example.org/x\\\"",
            ],
        ),
        (
            "resend",
            &[
                "\"order\":\"7\"",
                "\"broadcast_id\":\"c1\"",
                "\"created_at\":\"2026-01-02T03:04:05.000Z\"",
                "\"email_id\":\"0f1e2d3c-4b5a-4697-8877-665544332211\"",
            ],
        ),
        (
            "mandrill",
            &[
                "%22tags%22%3A%5B%22spring%22%5D",
                "%22order%22%3A%227%22",
                "%22ts%22%3A1767323045",
            ],
        ),
        (
            "generic",
            &[
                "\"email\":\"grace@example.org\"",
                "\"campaign_id\":\"c1\"",
                "\"timestamp\":\"2026-01-02T03:04:05Z\"",
                "\"link_url\":\"https://example.org/x\"",
            ],
        ),
    ] {
        let mut args = vec!["send", "click", "--provider", provider, "--dry-run"];
        args.extend(overrides);
        let ran = run(&args).success();
        for part in wanted {
            assert!(
                ran.stdout.contains(part),
                "{provider} lacks {part}: {}",
                ran.stdout
            );
        }
        assert!(!ran.stdout.contains("ada@example.com"), "{provider}");
        assert!(ran.stdout.contains("grace"), "{provider}");
    }
    let postmark = run(&[
        "send",
        "click",
        "--provider",
        "postmark",
        "--campaign",
        "c1",
        "--dry-run",
    ])
    .success();
    assert!(
        postmark
            .stderr
            .contains("postmark has no campaign field here; left out"),
        "{}",
        postmark.stderr
    );
}

#[test]
fn a_field_is_set_by_pointer_or_with_dots() {
    let ran = run(&[
        "send",
        "click",
        "--set",
        "/email=x@example.com",
        "--set",
        "a.b=[1,2]",
        "--set",
        "n=1.50",
        "--dry-run",
        "--as",
        "json",
    ])
    .success();
    assert!(
        ran.stdout.contains("\"email\":\"x@example.com\""),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("\"a\":{\"b\":[1,2]}"), "{}", ran.stdout);
}

#[test]
fn a_seed_and_a_time_give_the_same_bytes() {
    let life = [
        "sent",
        "delivered",
        "deferred",
        "open",
        "click",
        "bounce",
        "rejected",
        "complaint",
        "unsubscribe",
        "subscribe",
    ];
    let every = ["--provider", "all"];
    for (what, least) in [
        ([&life[..], &every, &["-n", "2"]].concat(), 300),
        ([&life[4..5], &every, &["--batch", "3"]].concat(), 8),
        ([&life[3..4], &every, &["--machine"]].concat(), 5),
        (
            [&life[5..6], &every, &["--bounce", "mailbox-full"]].concat(),
            10,
        ),
        (
            [&life[4..5], &every, &["--tamper", "wrong-secret"]].concat(),
            10,
        ),
        (vec!["--handshake", "--provider", "all"], 14),
    ] {
        let make = |seed: &str| {
            let fixed = [
                "--at",
                "2026-01-02T00:00:00Z",
                "--dry-run",
                "--as",
                "json",
                "--seed",
                seed,
            ];
            run(&[&["send"], &what[..], &fixed].concat())
                .success()
                .stdout
        };
        let one = make("1");
        assert_eq!(one, make("1"), "{what:?}");
        assert!(
            one.lines().count() >= least,
            "{what:?}: {}",
            one.lines().count()
        );
        let other = make("2");
        assert_eq!(one.lines().count(), other.lines().count());
        assert_ne!(one, other, "{what:?}");
    }
}

#[test]
fn your_own_body_is_signed_and_not_touched() {
    let body = " {\"n\":1.10,\"n\":1e2}\r\n";
    let listen = Listen::start(&["--count", "2", "--json"]);
    let url = format!("{}/x", listen.url);
    run(&["send", "--data", body, "--provider", "resend", "--to", &url]).success();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("body");
    std::fs::write(&file, b"\xff\x00").unwrap();
    run(&[
        "send",
        "--data",
        &format!("@{}", text(&file)),
        "--provider",
        "sendgrid",
        "--to",
        &url,
    ])
    .success();
    let lines = listen.finish().success().lines();
    assert_eq!(
        lines[0]["signature"]["verdict"], "verified (test key)",
        "{}",
        lines[0]
    );
    assert_eq!(lines[0]["body"].to_string(), "{\"n\":100.0}");
    assert_eq!(
        lines[1]["signature"]["verdict"], "verified (test key)",
        "{}",
        lines[1]
    );
    assert_eq!(lines[1]["base64"], "/wA=");
}

#[test]
fn a_name_that_is_not_known_lists_what_is() {
    for (args, said) in [
        (
            &["send", "clicked"][..],
            "unknown event `clicked` for provider generic; did you mean `click`?\n",
        ),
        (
            &["send", "click", "--provider", "sendgird"],
            "did you mean `sendgrid`?",
        ),
        (
            &["send", "sent", "--provider", "postmark"],
            "Postmark sends no `sent`",
        ),
        (&["send", "spamreport"], "it sends sent, delivered"),
        (
            &["send", "click", "--bounce", "hard"],
            "`--bounce` applies to a bounce",
        ),
        (
            &[
                "send",
                "bounce",
                "--bounce",
                "odd",
                "--provider",
                "sendgrid",
            ],
            "it has hard, blocked, mailbox-full, soft",
        ),
        (
            &[
                "send",
                "click",
                "--secret",
                "sendgrid=nonsense",
                "--provider",
                "sendgrid",
            ],
            "wanted: a P-256 private key",
        ),
        (
            &["send", "click", "--secret", "env:NOT_SET_ANYWHERE"],
            "NOT_SET_ANYWHERE",
        ),
        (
            &["send", "click", "--to", "ftp://x"],
            "only http and https are supported",
        ),
        (&["send", "click", "-H", "X=1"], "is not a header"),
        (&["send", "click", "--at", "yesterday"], "write RFC 3339"),
        (
            &["send", "click", "--expect-status", "ok"],
            "is not a status",
        ),
        (
            &["send", "click", "--machine"],
            "Generic does not mark a `click` by a machine",
        ),
        (
            &["send", "bounce", "--machine", "--provider", "sendgrid"],
            "`--machine` applies to an open or a click",
        ),
        (
            &[
                "send",
                "click",
                "--tamper",
                "stale",
                "--provider",
                "mandrill",
            ],
            "no handler can detect `--tamper stale` with Mandrill: no time is signed",
        ),
        (
            &[
                "send",
                "click",
                "--tamper",
                "body",
                "--provider",
                "postmark",
            ],
            "Postmark signs nothing, so there is nothing to tamper with",
        ),
        (
            &[
                "send",
                "get-Clicked",
                "--tamper",
                "body",
                "--provider",
                "elasticemail",
            ],
            "Elastic Email does not sign `get-Clicked`",
        ),
        (&["send", "click", "--tamper", "bod"], "'body'"),
        (&["send", "click", "--batch", "0"], "not a number of events"),
        (&["send"], "<KIND>"),
    ] {
        let ran = run(args);
        assert_eq!(ran.status, 2, "{args:?}: {ran:#?}");
        assert!(ran.stderr.contains(said), "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("nonsense"), "{}", ran.stderr);
    }
}

#[test]
fn a_providers_own_name_is_taken() {
    let ran = run(&["send", "spamreport", "--provider", "sendgrid", "--dry-run"]).success();
    assert!(ran.stdout.contains("\"event\":\"spamreport\""));
}

#[test]
fn a_refusal_shows_the_handlers_answer() {
    let handler = Receiver::start(&[
        "HTTP/1.1 400 Bad\r\ncontent-length: 16\r\n\r\n{\"error\":\"no\u{1b}[\"}",
    ]);
    let ran = run(&["send", "click", "--to", &handler.url]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.contains("failed: got status 400, expected 2xx"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("\"error\": \"no\\x1b[\""),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_target_that_is_down_is_status_4_and_says_so() {
    let ran = run(&["send", "click", "--to", "127.0.0.1:1"]);
    assert_eq!(ran.status, 4);
    assert!(ran.stdout.contains("connection refused"), "{ran:#?}");
    let told = ran.stdout.lines().collect::<Vec<_>>();
    let at = |words: &str| told.iter().position(|line| line.contains(words));
    let failed = at("failed: cannot connect to http://127.0.0.1:1/: connection refused");
    assert!(
        failed.is_some() && failed < at(" hint: is your handler running?"),
        "{ran:#?}"
    );
}

#[test]
fn a_saved_fixture_can_be_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bounce.json");
    let handler = Receiver::ok();
    run(&[
        "send",
        "bounce",
        "--provider",
        "sendgrid",
        "--save",
        text(&file),
        "--to",
        &handler.url,
    ])
    .success();
    run(&["replay", text(&file), "--to", &handler.url]).success();
    let (sent, replayed) = (handler.next(), handler.next());
    // Signed once: its time, in seconds, is the same however long the two are apart.
    assert_eq!(sent.body, replayed.body);
    assert_eq!(sent.headers, replayed.headers);
    let many = run(&[
        "send",
        "bounce",
        "-n",
        "2",
        "--save",
        text(&file),
        "--to",
        &handler.url,
    ]);
    assert_eq!(many.status, 2);
}

/// Everything is made once: times, ids and signatures in the recording are those that went out.
#[test]
fn what_is_saved_is_what_the_target_received() {
    let dir = tempfile::tempdir().unwrap();
    for (nth, words) in [
        &["click", "-n", "3", "--provider", "sendgrid"][..],
        // So slow that the last one is of another second than the first.
        &["click", "-n", "3", "--provider", "resend", "--rate", "2/s"],
        &["click", "-n", "2", "--provider", "ses"],
        &[
            "open",
            "click",
            "-n",
            "2",
            "--provider",
            "resend",
            "--concurrency",
            "3",
        ],
        &["journey", "--provider", "mailgun"],
        &["journey", "--provider", "sendgrid", "--compress", "max"],
        &["inbound", "-n", "2", "--provider", "mailgun"],
        &["bounce", "--provider", "postmark", "-H", "x-own: 1"],
    ]
    .into_iter()
    .enumerate()
    {
        let saved = dir.path().join(format!("{nth}.ndjson"));
        let handler = Receiver::ok();
        run(&[
            &["send"],
            words,
            &["--save", text(&saved), "--to", &handler.url],
        ]
        .concat())
        .success();
        let saved = std::fs::read_to_string(saved).unwrap();
        let mut received = handler.all();
        assert_eq!(saved.lines().count(), received.len(), "{words:?}");
        for line in saved.lines() {
            let sent = Fixture::read(line.as_bytes()).unwrap().delivery;
            // With several at once, they may arrive in another order.
            let at = received.iter().position(|it| it.body == sent.body);
            let it = received.remove(at.unwrap_or_else(|| panic!("{words:?}: {line}")));
            assert_eq!(it.line, format!("{} {} HTTP/1.1", sent.method, sent.path));
            for (name, value) in sent.headers.iter() {
                let value = Some(value.to_str().unwrap());
                assert_eq!(it.header(name.as_str()), value, "{words:?}: {name}");
            }
        }
    }
}

/// What is not sent is not saved.
#[test]
fn a_run_that_stops_saves_what_it_has_sent() {
    let dir = tempfile::tempdir().unwrap();
    let saved = dir.path().join("saved.ndjson");
    let gone = Receiver::start(&[
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n",
    ]);
    let args = ["send", "click", "-n", "5", "--save", text(&saved)];
    let ran = run(&[&args[..], &["--to", &gone.url]].concat());
    assert_eq!(ran.status, 1, "{ran:?}");
    assert_eq!(gone.all().len(), 2);
    assert_eq!(std::fs::read_to_string(&saved).unwrap().lines().count(), 2);
    // A file that cannot be written is said before anything is sent.
    let handler = Receiver::ok();
    let nowhere = dir.path().join("no-folder/a.json");
    let ran = run(&[
        "send",
        "click",
        "--save",
        text(&nowhere),
        "--to",
        &handler.url,
    ]);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.stderr.contains("cannot save"), "{}", ran.stderr);
    assert_eq!(handler.all(), []);
}

#[test]
fn a_dry_run_prints_and_sends_nothing() {
    let http = run(&["send", "click", "--dry-run", "--to", ":1/x"])
        .success()
        .stdout;
    assert!(
        http.starts_with("POST /x HTTP/1.1\r\nhost: localhost:1\r\ncontent-type: application/json\r\nwebhook-id: msg_"),
        "{http}"
    );
    let curl = run(&["send", "click", "--dry-run", "--as", "curl", "--to", ":1/x"])
        .success()
        .stdout;
    assert!(
        curl.starts_with("curl -X POST http://localhost:1/x -H 'content-type: application/json'"),
        "{curl}"
    );
    let json = run(&["send", "click", "--dry-run", "--as", "json", "--to", ":1/x"])
        .success()
        .stdout;
    assert!(
        json.starts_with("{\"fixture\":1,\"request\":{\"method\":\"POST\",\"path\":\"/x\","),
        "{json}"
    );
}

#[test]
fn json_lines_tell_each_attempt_and_the_summary() {
    let handler = Receiver::ok();
    let ran = run(&["send", "click", "open", "--json", "--to", &handler.url]).success();
    let lines = ran.lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["type"], "attempted");
    assert_eq!(
        (
            &lines[0]["outcome"],
            &lines[0]["status"],
            &lines[0]["final"]
        ),
        (&"answered".into(), &200.into(), &true.into())
    );
    assert_eq!(lines[2]["type"], "summary");
    assert_eq!(lines[2]["deliveries"], 2);
    assert_eq!(lines[2]["statuses"]["200"], 2);
}

#[test]
fn a_secret_comes_from_a_file_or_the_environment_and_is_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    let secret = "whsec_XeKGWu8V55i53lCi4Ghgs8jH/3FORvxQcqhqrYpyid0=";
    std::fs::write(&file, format!("{secret}\n")).unwrap();
    let listen = Listen::start(&[
        "--count",
        "2",
        "--json",
        "--secret",
        &format!("file:{}", text(&file)),
    ]);
    run(&[
        "send",
        "click",
        "--secret",
        &format!("file:{}", text(&file)),
        "--to",
        &listen.url,
    ])
    .success();
    let out = webhook_cli()
        .args(["send", "click", "--to", &listen.url])
        .env("WEBHOOK_CLI_SECRET", secret)
        .output()
        .unwrap();
    assert!(out.status.success());
    for line in listen
        .finish()
        .success()
        .lines()
        .iter()
        .filter(|line| line["type"] == "received")
    {
        assert_eq!(line["signature"]["verdict"], "verified");
    }
    let warned = run(&["send", "click", "--secret", secret, "--dry-run"]).success();
    assert!(
        warned.stderr.contains("can be seen by other users") && !warned.stderr.contains("XeKG"),
        "{}",
        warned.stderr
    );
}

#[test]
fn a_body_of_ones_own_is_signed_as_a_service_that_is_no_email_provider() {
    // Each body looks like an email provider's; the headers say whose it is.
    let body = r#"{"event":"click","timestamp":"2026-11-23T19:20:01Z","email":"ada@example.com"}"#;
    for scheme in ["stripe", "github", "slack", "shopify", "hubspot"] {
        for (secret, verdict) in [
            (None, "verified (test key)"),
            (Some("a secret of ours"), "verified"),
        ] {
            let given = secret.map(|secret| format!("{scheme}={secret}"));
            let secret: Vec<&str> = given.iter().flat_map(|it| ["--secret", it]).collect();
            let listen = Listen::start(&[&["--json", "--count", "1"], &secret[..]].concat());
            let mut args = vec!["send", "--data", body, "--scheme", scheme];
            args.extend(["--to", &listen.url]);
            args.extend(&secret);
            let sent = run(&args).success();
            assert!(sent.stdout.contains(scheme), "{}", sent.stdout);
            let lines = listen.finish().success().lines();
            let it = lines
                .iter()
                .find(|line| line["type"] == "received")
                .unwrap();
            assert_eq!(it["provider"], scheme);
            assert_eq!(it["signature"]["verdict"], verdict, "{it}");
            assert_eq!(it["body"]["event"], "click");
        }
    }
}

#[test]
fn a_scheme_signs_what_the_service_would() {
    let handler = Receiver::ok();
    let secret = "--secret=It's a Secret to Everybody";
    let body = "Hello, World!";
    run(&[
        "send",
        "-d",
        body,
        "--scheme",
        "github",
        secret,
        "--to",
        &handler.url,
    ])
    .success();
    let request = handler.next();
    // The example in GitHub's documentation.
    assert_eq!(
        request.header("x-hub-signature-256"),
        Some("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
    );
    assert_eq!(request.body, body.as_bytes());
    assert_eq!(
        request.header("content-type"),
        Some("text/plain; charset=utf-8")
    );

    let ran = run(&[
        "send",
        "-d",
        "a=1&b=%20",
        "--scheme",
        "stripe",
        "--signed-at",
        "2026-09-21T14:13:20Z",
        "--dry-run",
    ])
    .success();
    assert!(
        ran.stdout.contains("stripe-signature: t=1790000000,v1="),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("content-type: application/x-www-form-urlencoded"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_scheme_has_no_events_to_send() {
    let ran = run(&["send", "click", "--provider", "stripe"]);
    assert_eq!(ran.status, 2);
    assert_eq!(
        ran.stderr,
        "error: Stripe sends no `click`\n hint: a body of your own is signed so: `--data BODY --scheme stripe`\n"
    );
    for args in [
        &["send", "--scheme", "stripe"][..],
        &["send", "click", "--scheme", "stripe", "--data", "{}"],
        &[
            "send",
            "--provider",
            "resend",
            "--scheme",
            "stripe",
            "--data",
            "{}",
        ],
        &["send", "--scheme", "resend", "--data", "{}"],
        &["send", "--scheme", "stirpe", "--data", "{}"],
    ] {
        let ran = run(args);
        assert_eq!(ran.status, 2, "{args:?}: {ran:#?}");
    }
    let ran = run(&["send", "--scheme", "stirpe", "--data", "{}"]);
    assert!(
        ran.stderr.contains("did you mean `stripe`?"),
        "{}",
        ran.stderr
    );
    // Nor does `all` mean them.
    let ran = run(&["send", "click", "--provider", "all", "--dry-run"]).success();
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("stripe"));
}

#[test]
fn a_scheme_that_signs_the_url_signs_the_one_it_goes_to() {
    for public_url in [None, Some("https://hooks.example.com")] {
        let url = public_url.map(|url| ["--public-url", url]);
        let url = url.as_ref().map_or(&[][..], |url| &url[..]);
        for scheme in ["twilio", "hubspot"] {
            let listen = Listen::start(&[&["--json", "--count", "1"], url].concat());
            let to = format!("{}/in?tenant=7", listen.url);
            let full = public_url.map(|url| format!("{url}/in?tenant=7"));
            let full: Vec<&str> = full.iter().flat_map(|it| ["--public-url", it]).collect();
            let args = [
                "send",
                "-d",
                "To=%2B12025550199&Body=a+b",
                "--scheme",
                scheme,
            ];
            run(&[&args[..], &["--to", &to], &full].concat()).success();
            let lines = listen.finish().success().lines();
            let it = lines
                .iter()
                .find(|line| line["type"] == "received")
                .unwrap();
            assert_eq!(it["provider"], scheme);
            assert_eq!(it["signature"]["verdict"], "verified (test key)", "{it}");
        }
    }
    // What Twilio ties to the URL is said, not left out.
    let ran = run(&["send", "-d", "{}", "--scheme", "twilio", "--dry-run"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr
            .contains("`bodySHA256=44136fa355b3678a1146ad16f7e8649e"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_scheme_that_is_spelled_out_signs_and_verifies() {
    let scheme = "hmac-sha512:header=X-Sig,prefix=v1,,signed={id}.{timestamp}.{method}.{body},timestamp=X-Time,unit=ms,id=X-Id";
    let secret = ["--secret", "hmac-sha512=a secret of ours"];
    for (secret, verdict) in [(&[][..], "verified (test key)"), (&secret, "verified")] {
        let listen =
            Listen::start(&[&["--json", "--count", "1", "--provider", scheme], secret].concat());
        let args = [
            "send",
            "-d",
            "{\"event\":1}",
            "--scheme",
            scheme,
            "--to",
            &listen.url,
        ];
        run(&[&args, secret].concat()).success();
        let lines = listen.finish().success().lines();
        let it = lines
            .iter()
            .find(|line| line["type"] == "received")
            .unwrap();
        assert_eq!(it["provider"], "hmac-sha512");
        assert_eq!(it["signature"]["verdict"], verdict, "{it}");
    }
    // As somebody else computes it: printf Hi | openssl dgst -sha256 -hmac key
    let ran = run(&[
        "send",
        "-d",
        "Hi",
        "--dry-run",
        "--secret",
        "key",
        "--scheme",
        "hmac-sha256:header=X-Sig,prefix=sha256=",
    ])
    .success();
    let wanted = "x-sig: sha256=79072ecd38d20cb6a30171e8c509f2a897bd0f8d0982fb48d487ae6ec4f103cf";
    assert!(ran.stdout.contains(wanted), "{}", ran.stdout);
    let ran = run(&["send", "-d", "Hi", "--scheme", "hmac-sha256"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr
            .contains("hint: `hmac-sha256:header=X-Signature`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_header_of_the_users_own_is_there_when_it_is_signed() {
    // A form is signed by its fields; were it taken for the JSON that it looks like, there would be an error.
    let kind = "content-type: application/x-www-form-urlencoded";
    let ran = run(&[
        "send",
        "-d",
        "{}",
        "--scheme",
        "twilio",
        "-H",
        kind,
        "--dry-run",
    ])
    .success();
    assert!(
        ran.stdout.contains("x-twilio-signature: "),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_near_miss_is_meant_to_be_refused() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    std::fs::write(
        &secret,
        "whsec_XeKGWu8V55i53lCi4Ghgs8jH/3FORvxQcqhqrYpyid0=",
    )
    .unwrap();
    let secret = format!("file:{}", text(&secret));
    let misses = [
        "wrong-secret",
        "body",
        "stale",
        "future",
        "missing",
        "newline",
    ];
    let listen = Listen::start(&[
        "--require-signature",
        "--secret",
        &secret,
        "--count",
        "6",
        "--json",
    ]);
    for miss in misses {
        let ran = run(&[
            "send",
            "click",
            "--provider",
            "resend",
            "--secret",
            &secret,
            "--tamper",
            miss,
            "--to",
            &listen.url,
        ])
        .success();
        assert!(ran.stdout.starts_with("401"), "{miss}: {}", ran.stdout);
    }
    let received = listen.finish().lines();
    let received = received.iter().filter(|line| line["type"] == "received");
    assert_eq!(received.count(), misses.len());

    // A handler that takes it is at fault.
    let handler = Receiver::ok();
    let ran = run(&["send", "click", "--tamper", "body", "--to", &handler.url]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout
            .contains("a letter of the body changed after signing"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("got status 200, expected 4xx"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_near_miss_stays_the_same_miss_when_it_is_tried_again() {
    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";
    let refused = "HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n";
    let handler = Receiver::start(&[busy, refused]);
    let args = ["send", "click", "--tamper", "newline", "--retries", "1"];
    run(&[&args[..], &["--to", &handler.url]].concat()).success();
    let (first, second) = (handler.next(), handler.next());
    assert!(first.body.ends_with(b"}\n"));
    assert_eq!((first.body, first.headers), (second.body, second.headers));
}

#[test]
fn a_batch_holds_so_many_events_and_the_count_is_of_requests() {
    let args = [
        "send",
        "delivered",
        "open",
        "--provider",
        "sendgrid",
        "--batch",
        "5",
        "-n",
        "2",
        "--dry-run",
        "--as",
        "json",
    ];
    let lines = run(&args).success().lines();
    assert_eq!(lines.len(), 2);
    let mut ids = std::collections::BTreeSet::new();
    for line in &lines {
        let body = line["request"]["text"].as_str().unwrap();
        assert!(body.ends_with("}]\r\n"), "{body}");
        let events: Vec<serde_json::Value> = serde_json::from_str(body).unwrap();
        let kinds: Vec<&str> = events
            .iter()
            .map(|it| it["event"].as_str().unwrap())
            .collect();
        assert_eq!(
            kinds,
            ["delivered", "open", "delivered", "open", "delivered"]
        );
        ids.extend(events.iter().map(|it| it["sg_event_id"].to_string()));
    }
    assert_eq!(ids.len(), 10);

    let ran = run(&[
        "send",
        "click",
        "--provider",
        "resend",
        "--batch",
        "5",
        "--dry-run",
    ]);
    assert_eq!(ran.status, 2);
    assert_eq!(
        ran.stderr,
        "error: Resend sends one event per request\n \
         hint: these send several: azure, brevo, emailit, infobip, klaviyo, mailjet, mailtrap, mandrill, sendgrid, sparkpost, unisender-go\n"
    );
    let ran = run(&[
        "send",
        "click",
        "--provider",
        "mandrill",
        "--batch",
        "1001",
        "--dry-run",
    ]);
    assert!(
        ran.success()
            .stderr
            .contains("Mandrill sends at most 1000 events per request; 1001 are more")
    );
}

#[test]
fn a_handshake_asks_what_the_provider_asks() {
    let handler = Receiver::ok();
    let to = format!("{}/hooks?secret=7", handler.url);
    run(&["send", "--handshake", "--provider", "mandrill", "--to", &to]).success();
    let (head, post) = (handler.next(), handler.next());
    assert_eq!(head.line, "HEAD /hooks?secret=7 HTTP/1.1");
    assert_eq!(head.header("x-mandrill-signature"), None);
    assert_eq!(post.body, b"mandrill_events=%5B%5D");

    // As somebody else computed it.
    let known = [
        "--public-url",
        "https://hooks.example.com/webhooks/mandrill",
    ];
    let args = [
        "send",
        "--handshake",
        "test",
        "--provider",
        "mandrill",
        "--dry-run",
    ];
    let ran = run(&[&args[..], &known].concat()).success();
    assert!(
        ran.stdout
            .contains("x-mandrill-signature: C3rJOk0zIRTP8UIkTTkUtgDTnSg="),
        "{}",
        ran.stdout
    );
    // Its name of before.
    let ran = run(&[
        "send",
        "--probe",
        "head",
        "--provider",
        "mandrill",
        "--dry-run",
    ])
    .success();
    assert!(ran.stdout.starts_with("HEAD "), "{}", ran.stdout);
    for (provider, name, said) in [
        ("ses", "nope", "it has SubscriptionConfirmation, "),
        ("generic", "head", "these have one: "),
    ] {
        let ran = run(&[
            "send",
            "--handshake",
            name,
            "--provider",
            provider,
            "--dry-run",
        ]);
        assert_eq!(ran.status, 2);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}

/// The published handshakes: the answer decides whether the URL counts as validated.
#[test]
fn a_handshake_of_azure_wants_its_code_back_with_200() {
    let ask = |status: &str, answer: &dyn Fn(&str) -> String, more: &[&str]| {
        let args = [
            "--handshake",
            "validation",
            "--provider",
            "azure",
            "--seed",
            "5",
        ];
        let dry = run(&[&["send"], &args[..], &["--dry-run", "--as", "json"]].concat()).success();
        let body = dry.lines()[0]["request"]["body"].clone();
        let code = body[0]["data"]["validationCode"].as_str().unwrap();
        let link = body[0]["data"]["validationUrl"].as_str().unwrap();
        assert!(link.contains(code), "{link}");
        let body = answer(code);
        let handler = Receiver::start(&[&format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )]);
        let ran = run(&[&["send", "--to", &handler.url], &args[..], more].concat());
        let request = handler.next();
        assert_eq!(
            request.header("aeg-event-type"),
            Some("SubscriptionValidation")
        );
        ran
    };
    let echo = |code: &str| format!("{{\"validationResponse\": \"{code}\"}}");
    assert_eq!(ask("200", &echo, &[]).status, 0);
    for (status, answer, said) in [
        (
            "202",
            &echo as &dyn Fn(&str) -> String,
            "got status 202, expected 200",
        ),
        (
            "200",
            &|_: &str| String::new(),
            "the response is not JSON with `\"validationResponse\"",
        ),
        (
            "200",
            &|code: &str| code.to_owned(),
            "the response is not JSON with",
        ),
    ] {
        let ran = ask(status, answer, &[]);
        assert_eq!(ran.status, 1, "{ran:#?}");
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert!(told.contains(said), "{told}");
    }
    // Who says what to expect has the last word.
    assert_eq!(ask("202", &echo, &["--expect-status", "202"]).status, 0);
}

#[test]
fn reports_come_as_a_list_and_notifications_alone() {
    let args = [
        "send",
        "--provider",
        "infobip",
        "--batch",
        "2",
        "--dry-run",
        "--as",
        "json",
    ];
    let ran = run(&[&args[..], &["delivered"]].concat()).success();
    let results = ran.lines()[0]["request"]["body"]["results"].clone();
    assert_eq!(results.as_array().unwrap().len(), 2);
    assert_eq!(results[1]["to"], "ada.2@example.com");
    let ran = run(&[&args[..], &["click"]].concat());
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("Infobip sends one `click` per request"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_har_of_every_dress_is_replayed_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let args = [
        "send",
        "click",
        "bounce",
        "--provider",
        "all",
        "--seed",
        "3",
        "--at",
        "2026-01-02T00:00:00Z",
        "--dry-run",
        "--as",
    ];
    let sent = run(&[&args[..], &["json"]].concat()).success();
    let har = run(&[&args[..], &["har"]].concat()).success();
    let file = dir.path().join("all.har");
    std::fs::write(&file, &har.stdout).unwrap();
    let replayed = run(&["replay", text(&file), "--dry-run", "--as", "json"]).success();
    assert!(sent.lines().len() > 30);
    assert_eq!(replayed.stdout, sent.stdout);

    // What is no text, too.
    let body = dir.path().join("body");
    std::fs::write(&body, b"\xff\0\r\n").unwrap();
    let data = format!("@{}", text(&body));
    let har = run(&["send", "-d", &data, "--dry-run", "--as", "har"]).success();
    std::fs::write(&file, &har.stdout).unwrap();
    let replayed = run(&["replay", text(&file), "--dry-run", "--as", "vegeta"]).success();
    assert_eq!(replayed.lines()[0]["body"], "/wANCg==");
}

/// What would be sent, as a fixture, and the run.
fn dry(args: &[&str]) -> (serde_json::Value, crate::harness::Ran) {
    let ran = run(&[&["send"], args, &["--dry-run", "--as", "json"]].concat()).success();
    let first = ran.stdout.lines().next().unwrap_or_default();
    (serde_json::from_str(first).unwrap(), ran)
}

/// The JSON of a body; one with a line break in it is a text in a fixture of one line.
fn body_of(sent: &serde_json::Value) -> serde_json::Value {
    let request = &sent["request"];
    match request["text"].as_str() {
        Some(text) => serde_json::from_str(text).unwrap(),
        None => request["body"].clone(),
    }
}

#[test]
fn what_is_set_is_found_as_the_reader_sees_it() {
    // A form with a list in it.
    let (sent, _) = dry(&[
        "click",
        "--provider",
        "mandrill",
        "--set",
        "mandrill_events.0.msg.email=q@example.com",
    ]);
    let form = sent["request"]["text"].as_str().unwrap();
    let (_, events) = form_urlencoded::parse(form.as_bytes()).next().unwrap();
    let events: serde_json::Value = serde_json::from_str(&events).unwrap();
    assert_eq!(events[0]["msg"]["email"], "q@example.com");
    // A batch, and the first event of it.
    for path in ["/0/email", "0.email", "email"] {
        let (sent, ran) = dry(&[
            "bounce",
            "--provider",
            "sendgrid",
            "--set",
            &format!("{path}=q@example.com"),
        ]);
        assert_eq!(body_of(&sent)[0]["email"], "q@example.com", "{path}");
        assert_eq!(ran.stderr, "", "{path}");
    }
    let (sent, _) = dry(&[
        "bounce",
        "--provider",
        "sendgrid",
        "--batch",
        "3",
        "--set",
        "/1/email=q@example.com",
    ]);
    let emails: Vec<bool> = (0..3)
        .map(|at| body_of(&sent)[at]["email"] == "q@example.com")
        .collect();
    assert_eq!(emails, [false, true, false]);
    // JSON in a text.
    for path in [
        "Message.mail.messageId",
        "/Message/mail/messageId",
        "mail.messageId",
    ] {
        let (sent, _) = dry(&[
            "click",
            "--provider",
            "ses",
            "--set",
            &format!("{path}=m-7"),
        ]);
        let body = body_of(&sent);
        let message: serde_json::Value =
            serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
        assert_eq!(message["mail"]["messageId"], "m-7", "{path}");
    }
    let (sent, _) = dry(&[
        "click",
        "--provider",
        "mailtrap",
        "--set",
        "/events/0/email=q@example.com",
    ]);
    assert_eq!(
        sent["request"]["body"]["events"][0]["email"],
        "q@example.com"
    );
    // A number in a form is text.
    let (sent, _) = dry(&[
        "bounce",
        "--provider",
        "mailchimp",
        "--set",
        "data[email]=5",
    ]);
    assert!(
        sent["request"]["text"]
            .as_str()
            .unwrap()
            .contains("data%5Bemail%5D=5"),
        "{sent}"
    );
}

#[test]
fn an_id_that_is_set_stays_and_its_header_follows() {
    let (sent, _) = dry(&["click", "--provider", "ses", "--set", "MessageId=m-7"]);
    let headers = sent["request"]["headers"].to_string();
    assert!(
        headers.contains("[\"x-amz-sns-message-id\",\"m-7\"]"),
        "{headers}"
    );
    assert!(sent["request"].to_string().contains("m-7"));
}

#[test]
fn nothing_that_is_set_makes_an_object_of_a_list_or_a_text() {
    for (provider, set, place) in [
        (
            "mandrill",
            "mandrill_events.msg.email=x",
            "/mandrill_events",
        ),
        ("sendgrid", "/7/email=x", "the payload is a list of 1"),
        ("sendgrid", "email.address=x", "`/email`"),
        ("resend", "data.to.email=x", "`/data/to`"),
        ("resend", "data.to=x", "`/data/to`"),
        ("resend", "data.to={\"a\":1}", "`/data/to`"),
        ("resend", "data=x", "`/data`"),
        ("generic", "email.address=x", "`/email`"),
        ("generic", "email={\"a\":1}", "`/email`"),
    ] {
        let ran = run(&[
            "send",
            "delivered",
            "--provider",
            provider,
            "--set",
            set,
            "--dry-run",
        ]);
        assert_eq!(ran.status, 2, "{set}: {ran:#?}");
        assert!(ran.stderr.contains(place), "{set}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{set}");
    }
}

#[test]
fn a_new_member_is_noted_with_the_one_that_may_be_meant() {
    let (sent, ran) = dry(&[
        "delivered",
        "--provider",
        "resend",
        "--set",
        "data.subjct=x",
    ]);
    assert_eq!(sent["request"]["body"]["data"]["subjct"], "x");
    assert_eq!(
        ran.stderr,
        "note: /data/subjct is a new member; did you mean /data/subject?\n"
    );
}

#[test]
fn a_field_is_taken_away() {
    let (sent, ran) = dry(&[
        "delivered",
        "--provider",
        "resend",
        "--unset",
        "data.subject",
        "--unset",
        "/data/nothing",
    ]);
    assert!(
        sent["request"]["body"]["data"].get("subject").is_none(),
        "{sent}"
    );
    assert!(
        sent["request"]["body"]["data"].get("email_id").is_some(),
        "{sent}"
    );
    assert!(
        ran.stderr.contains("note: /data/nothing does not exist"),
        "{}",
        ran.stderr
    );
    let (sent, _) = dry(&[
        "click",
        "--provider",
        "mandrill",
        "--unset",
        "mandrill_events.0.msg",
    ]);
    assert!(
        !sent["request"]["text"]
            .as_str()
            .unwrap()
            .contains("%22msg%22"),
        "{sent}"
    );
}

#[test]
fn a_dry_run_saves_what_it_is_told_to_save() {
    let dir = tempfile::tempdir().unwrap();
    for (name, args) in [("f.json", &["click"][..]), ("r.ndjson", &["open", "click"])] {
        let file = dir.path().join(name);
        let ran = run(&[
            &["send"],
            args,
            &["--provider", "resend", "--dry-run", "--save", text(&file)],
        ]
        .concat())
        .success();
        assert!(ran.stdout.contains("POST / HTTP/1.1"), "{}", ran.stdout);
        assert_eq!(run(&["verify", text(&file)]).status, 0, "{name}");
    }
}

#[test]
fn the_response_is_printed_if_that_is_wanted() {
    let handler = Receiver::start(&[
        "HTTP/1.1 202 Accepted\r\ncontent-length: 17\r\n\r\n{\"queued\": \"yes\"}",
    ]);
    let ran = run(&["send", "click", "-v", "--to", &handler.url]).success();
    assert!(ran.stdout.contains("  202 Accepted\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("queued"), "{}", ran.stdout);
    let ran = run(&["send", "click", "--to", &handler.url]).success();
    assert!(!ran.stdout.contains("queued"), "{}", ran.stdout);
}
