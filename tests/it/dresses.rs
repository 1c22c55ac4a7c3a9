//! Requests of `send` besides single events: batches, machine opens and clicks, handshakes, tampered requests; for
//! every
//! provider.

use std::collections::BTreeSet;

use webhook_cli::providers;
use webhook_cli::providers::{
    ALL, Batch, CompiledTemplate, EventDef, HandshakeRequest, Keys, Overrides, Provider, SCHEMES,
    Template,
};
use webhook_cli::webhook::{
    Algorithm, Delivery, Keyring, Kind, MISFITS, Rng, Secret, SigningContext, TAMPERS, Verdict,
    VerifyOptions,
};

const URL: &str = "https://hooks.example.com/webhooks";

fn now() -> jiff::Timestamp {
    "2026-11-23T19:20:01.123456Z".parse().unwrap()
}

fn judge() -> VerifyOptions {
    VerifyOptions {
        now: now(),
        tolerance: None,
        public_url: Some(URL.into()),
        topics: Vec::new(),
    }
}

fn seal(rng: &mut Rng) -> SigningContext<'_> {
    SigningContext {
        at: now(),
        url: URL,
        rng,
    }
}

fn test_keys() -> Keys {
    Keys::new(&Keyring::default(), None).unwrap()
}

fn events(provider: &'static Provider) -> impl Iterator<Item = &'static EventDef> {
    provider.events.iter().filter(|row| !row.example.is_empty())
}

/// Signs with the test key, where there is one.
fn sealed(provider: &Provider, mut delivery: Delivery) -> Delivery {
    let keys = test_keys();
    if let (Some(scheme), Some(key)) = (
        providers::signing_scheme(provider, &delivery),
        keys.test(provider),
    ) {
        let rng = &mut Rng::seeded(3);
        scheme.sign(&mut delivery, key, &mut seal(rng)).unwrap();
    }
    delivery
}

fn batches() -> impl Iterator<Item = &'static Provider> {
    let batches = |it: &&Provider| !matches!(it.conduct.batch, Batch::Never | Batch::InList);
    ALL.iter().copied().filter(batches)
}

/// A batch of one of each kind and then as many again, each tells of two messages.
fn batch(provider: &'static Provider, seed: u64) -> (Vec<&'static EventDef>, Delivery) {
    // Mails that come in are no events of a message that was sent, and have requests of their own.
    let kinds: Vec<&EventDef> = providers::kinds_of(provider)
        .into_iter()
        .filter(|kind| *kind != "inbound")
        .map(|kind| provider.row(kind).unwrap())
        .collect();
    let templates: Vec<Template> = kinds
        .iter()
        .map(|row| Template::new(provider, row, None).unwrap())
        .collect();
    let templates: Vec<&Template> = templates.iter().collect();
    let compiled =
        CompiledTemplate::batch(&templates, 2 * kinds.len(), &Overrides::default()).unwrap();
    assert_eq!(compiled.lives(), 2);
    let delivery = compiled.fill(now(), &mut Rng::seeded(seed), |life| {
        Rng::seeded(seed + 1000 * life as u64)
    });
    (kinds, sealed(provider, delivery))
}

#[test]
fn a_batch_is_read_as_its_events_and_verifies() {
    assert!(batches().count() >= 8);
    for provider in batches() {
        let (kinds, delivery) = batch(provider, 1);
        let label = provider.name;
        let receipt = providers::read(&delivery, None, &test_keys(), &judge());
        assert_eq!(receipt.provider, Some(label));
        assert_eq!(receipt.problems, [] as [&str; 0], "{label}");
        let told: Vec<Kind> = receipt.events.iter().map(|event| event.kind).collect();
        let sent: Vec<Kind> = kinds.iter().map(|row| row.kind).collect();
        assert_eq!(told, [sent.clone(), sent].concat(), "{label}");
        let verdict = receipt.signature.verdict;
        let signs = !provider.test_secret.is_empty();
        assert_eq!(verdict == Verdict::VerifiedTestKey, signs, "{label}");

        // Two messages: each with one recipient and one id, and no two events with the same id of an event.
        let lives = receipt.events.split_at(kinds.len());
        for (one, other) in lives.0.iter().zip(lives.1) {
            if one.recipient.is_some() {
                assert_ne!(one.recipient, other.recipient, "{label} {}", one.native);
            }
            if one.message_id.is_some() {
                assert_ne!(one.message_id, other.message_id, "{label} {}", one.native);
            }
            assert!(one.at.is_some(), "{label}");
        }
        assert_ne!(batch(provider, 2).1, delivery, "{label}");
        assert_eq!(batch(provider, 1).1, delivery, "{label}");
    }
}

#[test]
fn a_batch_of_one_is_the_event_alone_in_the_providers_list() {
    for provider in batches() {
        let is_single = |row: &&EventDef| matches!(row.kind, Kind::Other | Kind::Inbound);
        for row in events(provider).filter(|row| !is_single(row)) {
            let label = format!("{} {}", provider.name, row.native);
            let template = Template::new(provider, row, None).unwrap();
            let one = CompiledTemplate::new(&template, &Overrides::default()).unchanged();
            let batch = CompiledTemplate::batch(&[&template], 1, &Overrides::default()).unwrap();
            let batch = batch.unchanged();
            assert_eq!(batch.headers, one.headers, "{label}");
            if batch.body != one.body {
                // Those whose single event is no list.
                let wrapped = [b"[", one.body.as_ref(), b"]"].concat();
                assert_eq!(batch.body, wrapped, "{label}");
            }
        }
    }
}

#[test]
fn each_provider_joins_its_events_as_it_does() {
    for (provider, start, between, end) in [
        ("sendgrid", "[{", "},\r\n{\"asm_group_id\"", "}]\r\n"),
        ("sparkpost", "[{\"msys\":", "}}},{\"msys\":{", "}}}]"),
        ("mailjet", "[{\"event\":", "},{\"event\":", "}]"),
        ("emailit", "[{\"event_id\":", "}}},{\"event_id\":", "}}}]"),
        ("mailtrap", "{\"events\":[{", "},{\"event\":", "}]}"),
        ("klaviyo", "{\"data\":[{", "},{\"external_id\":", "\"}}"),
        (
            "mandrill",
            "mandrill_events=%5B%7B%22event%22",
            "%7D%2C%7B%22event%22",
            "%7D%5D",
        ),
        (
            "unisender-go",
            "{\"auth\":\"",
            "}},{\"event_name\":",
            "}}]}]}",
        ),
    ] {
        let provider = providers::find(provider).unwrap();
        let template = Template::new(provider, provider.row("click").unwrap(), None).unwrap();
        let batch = CompiledTemplate::batch(&[&template], 3, &Overrides::default()).unwrap();
        let body = String::from_utf8(batch.unchanged().body.to_vec()).unwrap();
        let label = provider.name;
        assert!(body.starts_with(start), "{label}: {body}");
        assert!(body.ends_with(end), "{label}: {body}");
        assert_eq!(body.matches(between).count(), 2, "{label}: {body}");
    }
}

/// What a machine did, as each provider says it.
const MACHINES: &[(&str, &str, &str)] = &[
    ("ahasend", "open", r#""is_bot":true"#),
    ("ahasend", "click", r#""is_bot":true"#),
    ("brevo", "open", r#""event":"proxy_open""#),
    ("customerio", "open", r#""proxied":true,"prefetched":true"#),
    ("customerio", "click", r#""machine":true"#),
    ("iterable", "click", r#""isBot":true"#),
    ("lettermint", "open", r#""machine":true"#),
    ("lettermint", "click", r#""machine":true"#),
    ("mailgun", "open", r#""bot": "apple""#),
    ("mailgun", "click", r#""bot": "generic""#),
    ("sendgrid", "open", r#""sg_machine_open":true"#),
    ("sparkpost", "open", r#""is_proxy":true"#),
    ("sweego", "open", r#""proxy":true"#),
    ("sweego", "click", r#""proxy":true"#),
];

#[test]
fn what_a_machine_did_is_marked_as_the_provider_marks_it() {
    let mut marked = BTreeSet::new();
    for provider in ALL {
        for row in events(provider).filter(|row| matches!(row.kind, Kind::Open | Kind::Click)) {
            let (kind, label) = (row.kind.name(), provider.name);
            let wanted = MACHINES.iter().find(|it| (it.0, it.1) == (label, kind));
            match (Template::of_machine(provider, row), wanted) {
                (Ok(template), Some((.., mark))) => {
                    let delivery = sealed(provider, template.unchanged());
                    let body = String::from_utf8_lossy(&delivery.body).into_owned();
                    assert!(body.contains(mark), "{label} {kind}: {body}");
                    let plain = Template::new(provider, provider.row(kind).unwrap(), None);
                    let plain = plain.unwrap().unchanged().body;
                    let plain = String::from_utf8_lossy(&plain).into_owned();
                    assert!(!plain.contains(mark), "{label} {kind}: {plain}");
                    let receipt = providers::read(&delivery, None, &test_keys(), &judge());
                    assert_eq!(receipt.events[0].kind, row.kind, "{label} {kind}");
                    marked.insert((label, kind));
                }
                (Err(error), None) => {
                    let said = format!("{} does not mark a `{kind}`", provider.title);
                    assert!(error.what().contains(&said), "{}", error.what());
                }
                (made, _) => panic!("{label} {kind}: {made:?}"),
            }
        }
    }
    assert_eq!(marked.len(), MACHINES.len(), "{marked:?}");
}

#[test]
fn every_handshake_is_what_a_listener_knows_and_signed_where_it_can_be() {
    let mut all = BTreeSet::new();
    for provider in providers::everyone() {
        for request in HandshakeRequest::all(provider) {
            let label = format!("{} {}", provider.name, request.name);
            let delivery = request.template(provider).unwrap().unchanged();
            assert!(request.is_meant(request.name), "{label}");
            all.insert(label.clone());
            if delivery.body.is_empty() {
                assert!(providers::outline(&delivery, None).handshake, "{label}");
                continue;
            }
            let delivery = match request.secret {
                None => sealed(provider, delivery),
                Some(_) => delivery,
            };
            let receipt = providers::read(&delivery, None, &test_keys(), &judge());
            assert_eq!(receipt.provider, Some(provider.name), "{label}");
            assert_eq!(receipt.problems, [] as [&str; 0], "{label}");
            let is_empty = receipt.events.is_empty();
            assert!(is_empty || receipt.events[0].kind == Kind::Other, "{label}");
            let signs = request.secret.is_none() && !provider.test_secret.is_empty();
            let holds = receipt.signature.verdict.holds();
            assert_eq!(holds, signs, "{label}");
        }
    }
    let wanted = [
        "azure Microsoft.EventGrid.SubscriptionValidationEvent",
        "azure options",
        "cloudevents options",
        "elasticemail get",
        "lettermint webhook.test",
        "loops testing.testEvent",
        "mailchimp get",
        "mailersend webhook.test",
        "mandrill head",
        "mandrill test-webhook",
        "scaleway SubscriptionConfirmation",
        "scaleway UnsubscribeConfirmation",
        "ses AmazonSnsSubscriptionSucceeded",
        "ses SubscriptionConfirmation",
        "ses UnsubscribeConfirmation",
        "ses Validated",
        "socketlabs Validation",
        "sparkpost ping",
        "unisender-go get",
        "usesend webhook.test",
    ];
    assert_eq!(all.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
}

#[test]
fn an_id_around_an_event_is_the_same_in_body_and_headers() {
    let ses = providers::find("ses").unwrap();
    for row in events(ses).filter(|row| row.native != "ClickRaw") {
        let template = Template::new(ses, row, None).unwrap();
        let (delivery, _) = template.fill(&Overrides::default(), now(), &mut Rng::seeded(9));
        let body: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap();
        let header = delivery.headers.text("x-amz-sns-message-id").unwrap();
        assert_eq!(body["MessageId"], header, "{}", row.native);
        let example = template.unchanged();
        let old = example.headers.text("x-amz-sns-message-id").unwrap();
        assert_ne!(header, old, "{}", row.native);
    }
}

/// What a near miss leaves unsaid: the provider or the scheme, the near miss, and why nobody would notice.
const UNNOTICED: &[(&str, &str, &str)] = &[
    // Timestamp and token are signed, and nothing else.
    ("emailit", "future", "a time in the future is accepted"),
    ("mailgun", "body", "does not cover the body"),
    ("mailgun", "newline", "does not cover the line break"),
    // So are the id, the name of the event and the time.
    ("mailomat", "body", "does not cover the body"),
    ("mailomat", "newline", "does not cover the line break"),
    // Names and values of the envelope are signed.
    ("scaleway", "newline", "only fields"),
    ("ses", "newline", "only fields"),
    // The secret stands there, and nothing is signed.
    ("socketlabs", "body", "does not cover the body"),
    ("socketlabs", "newline", "does not cover the line break"),
    ("stripe", "future", "a time in the future is accepted"),
];

/// The secret to judge by: a test key, or credentials where nothing is signed.
fn given(provider: &Provider) -> Keys {
    let text = match (provider.test_secret, provider.name) {
        ("", "cloudevents") => "token",
        ("", _) => "user:password",
        (secret, _) => secret,
    };
    let ring = Keyring::new(vec![(Some(provider.name.to_owned()), Secret::new(text))]);
    Keys::new(&ring, None).unwrap()
}

/// A delivery of each kind of each provider, and a body of one's own for each scheme; none of them signed.
fn unsigned() -> Vec<(String, &'static Provider, Delivery)> {
    let mut all = Vec::new();
    for provider in ALL {
        for row in provider.events.iter().filter(|row| !row.example.is_empty()) {
            let template = Template::new(provider, row, None).unwrap();
            let (delivery, _) = template.fill(&Overrides::default(), now(), &mut Rng::seeded(7));
            let label = format!("{} {}", provider.name, row.native);
            all.push((label, *provider, delivery));
        }
    }
    for scheme in SCHEMES {
        let mut delivery = Template::bare(scheme).unchanged();
        delivery.body = "email=ada%40example.com&event=click".into();
        delivery.headers.push(
            http::header::CONTENT_TYPE,
            "application/x-www-form-urlencoded".parse().unwrap(),
        );
        all.push((scheme.name.to_owned(), *scheme, delivery));
    }
    all
}

#[test]
fn every_near_miss_is_refused_for_its_reason_or_says_why_nobody_would_notice() {
    let mut unnoticed = BTreeSet::new();
    for (label, provider, unsigned) in unsigned() {
        let Some(scheme) = providers::signing_scheme(provider, &unsigned) else {
            continue;
        };
        let keys = given(provider);
        let Some(key) = keys.signing(provider) else {
            panic!("{label} has no key");
        };
        let signed = |sign: &dyn Fn(&mut Delivery, &mut SigningContext) -> Result<(), String>| {
            let mut delivery = unsigned.clone();
            let rng = &mut Rng::seeded(1);
            sign(&mut delivery, &mut seal(rng)).map(|()| delivery)
        };
        let read = |delivery: &Delivery| providers::read(delivery, Some(provider), &keys, &judge());
        let right = signed(&|delivery, seal| scheme.sign(delivery, key, seal)).unwrap();
        let usual = read(&right);
        assert_eq!(usual.signature.verdict, Verdict::Verified, "{label}");
        for tamper in TAMPERS {
            let label = format!("{label}, {}", tamper.name);
            match signed(&|delivery, seal| tamper.apply(scheme, delivery, key, seal)) {
                Ok(delivery) => {
                    let receipt = read(&delivery);
                    let signature = receipt.signature;
                    let reason = signature.reason.unwrap_or_default();
                    assert_eq!(signature.verdict, Verdict::Refused, "{label}");
                    assert!(
                        tamper.refusals.iter().any(|said| reason.contains(said)),
                        "{label}: {reason}"
                    );
                    // One thing is wrong with it, and it looks like the right one otherwise.
                    assert_eq!(receipt.problems, usual.problems, "{label}");
                    assert_eq!(delivery.method, right.method, "{label}");
                }
                Err(why) => {
                    let is_plain = match tamper.name {
                        "stale" | "future" => scheme.signed_time().is_none(),
                        "body" | "newline" => scheme.algorithm == Algorithm::Credentials,
                        _ => false,
                    };
                    if !is_plain {
                        let known = UNNOTICED.iter().find(|(name, which, _)| {
                            *name == provider.name && *which == tamper.name
                        });
                        let (.., said) = known.unwrap_or_else(|| panic!("{label}: {why}"));
                        assert!(why.contains(said), "{label}: {why}");
                        unnoticed.insert((provider.name, tamper.name));
                    }
                }
            }
        }
    }
    assert_eq!(unnoticed.len(), UNNOTICED.len(), "{unnoticed:?}");
}

#[test]
fn credentials_in_place_of_a_key_are_shown_and_nothing_is_signed() {
    let provider = providers::find("zeptomail").unwrap();
    let keys = |text: &str| {
        let secret = (Some(provider.name.to_owned()), Secret::new(text));
        Keys::new(&Keyring::new(vec![secret]), None).unwrap()
    };
    let given = keys("header:X-Hook=throwaway");
    let template = Template::new(provider, provider.row("open").unwrap(), None).unwrap();
    let (mut delivery, _) = template.fill(&Overrides::default(), now(), &mut Rng::seeded(1));
    let scheme = providers::signing_scheme(provider, &delivery).unwrap();
    let rng = &mut Rng::seeded(3);
    let key = given.signing(provider).unwrap();
    scheme.sign(&mut delivery, key, &mut seal(rng)).unwrap();
    assert_eq!(delivery.headers.text("x-hook"), Some("throwaway"));
    assert_eq!(delivery.headers.text("producer-signature"), None);
    for (secret, wanted) in [
        ("header:X-Hook=throwaway", Verdict::Verified),
        ("header:X-Hook=other", Verdict::Refused),
        ("throwaway", Verdict::Refused),
    ] {
        let signature = providers::read(&delivery, None, &keys(secret), &judge()).signature;
        assert_eq!(signature.verdict, wanted, "{secret}: {signature:?}");
    }
}

/// Of these not every scheme is capable, but each of some scheme, and what is made of it is refused for its reason.
#[test]
fn every_misfit_is_refused_for_its_reason() {
    let mut made = BTreeSet::new();
    let verify_options = VerifyOptions {
        topics: vec![
            "arn:aws:sns:eu-central-1:111122223333:ses-events".into(),
            "arn:scw:sns:fr-par:project-22222222-2222-4222-8222-222222222222:tem-events".into(),
        ],
        ..judge()
    };
    for (label, provider, unsigned) in unsigned() {
        let Some(scheme) = providers::signing_scheme(provider, &unsigned) else {
            continue;
        };
        let keys = given(provider);
        let Some(key) = keys.signing(provider) else {
            panic!("{label} has no key");
        };
        for tamper in MISFITS {
            let mut delivery = unsigned.clone();
            let rng = &mut Rng::seeded(1);
            if tamper
                .apply(scheme, &mut delivery, key, &mut seal(rng))
                .is_err()
            {
                continue;
            }
            let signature =
                providers::read(&delivery, Some(provider), &keys, &verify_options).signature;
            let reason = signature.reason.unwrap_or_default();
            let label = format!("{label}, {}: {reason}", tamper.name);
            assert_eq!(signature.verdict, Verdict::Refused, "{label}");
            assert!(
                tamper.refusals.iter().any(|said| reason.contains(said)),
                "{label}"
            );
            made.insert(tamper.name);
        }
    }
    assert_eq!(made.len(), MISFITS.len(), "{made:?}");
}
