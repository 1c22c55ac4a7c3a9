//! Promises that every provider of the registry keeps; a new provider is tested without a line here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use webhook_cli::providers;
use webhook_cli::providers::{
    ALL, Batch, CompiledTemplate, Confidence, EventDef, Handshake, Keys, Overrides, Provider,
    SCHEMES, Template, find,
};
use webhook_cli::webhook::{
    Delivery, Document, Fixture, Keyring, Kind, Rng, SigningContext, Verdict, VerifyOptions,
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

fn keys() -> Keys {
    Keys::new(&Keyring::default(), None).unwrap()
}

fn folder(provider: &Provider) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(provider.name)
}

fn examples(provider: &Provider) -> Vec<(PathBuf, Delivery)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder(provider))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no fixtures", provider.name);
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read(&path).unwrap();
            (path, Fixture::read(&text).unwrap().delivery)
        })
        .collect()
}

/// Every row that can be sent, composed and signed with the test key.
fn sent(
    overrides: &Overrides,
    mut check: impl FnMut(&str, &'static Provider, Kind, Delivery, &Keys),
) {
    let keys = keys();
    for provider in ALL {
        for row in provider.events.iter().filter(|row| !row.example.is_empty()) {
            let mut rng = Rng::seeded(7);
            let (mut delivery, _) =
                Template::new(provider, row, None)
                    .unwrap()
                    .fill(overrides, now(), &mut rng);
            if let (Some(scheme), Some(key)) = (scheme_of(provider, &delivery), keys.test(provider))
            {
                scheme
                    .sign(
                        &mut delivery,
                        key,
                        &mut SigningContext {
                            at: now(),
                            url: URL,
                            rng: &mut rng,
                        },
                    )
                    .unwrap();
            }
            check(
                &format!("{} {}", provider.name, row.native),
                provider,
                row.kind,
                delivery,
                &keys,
            );
        }
    }
}

fn scheme_of(
    provider: &'static Provider,
    delivery: &Delivery,
) -> Option<&'static webhook_cli::webhook::Scheme> {
    providers::signing_scheme(provider, delivery)
}

#[test]
fn providers_stand_in_alphabetical_order() {
    assert!(ALL.is_sorted_by_key(|provider| provider.name));
    assert!(SCHEMES.is_sorted_by_key(|scheme| scheme.name));
    let names: BTreeSet<&str> = providers::everyone().map(|one| one.name).collect();
    assert_eq!(names.len(), ALL.len() + SCHEMES.len());
}

#[test]
fn every_fixture_is_built_in_and_every_row_has_its_fixture_on_disk() {
    for provider in ALL {
        let on_disk: BTreeSet<String> = examples(provider)
            .iter()
            .map(|(path, _)| std::fs::read_to_string(path).unwrap())
            .collect();
        let built_in: BTreeSet<String> = provider
            .events
            .iter()
            .map(|row| row.example.to_owned())
            .filter(|it| !it.is_empty())
            .collect();
        assert!(
            on_disk == built_in,
            "{}: fixtures and rows differ",
            provider.name
        );
    }
}

#[test]
fn every_example_is_recognised_by_its_own_provider_and_by_no_other() {
    for provider in ALL {
        for (path, delivery) in examples(provider) {
            let document = Document::of(&delivery).unwrap();
            // A form that several share may fit as well: it is asked after.
            let claims: Vec<&str> = ALL
                .iter()
                .filter(|other| !other.is_general || other.name == provider.name)
                .filter(|other| other.claims_body(&document))
                .map(|other| other.name)
                .collect();
            assert_eq!(claims, [provider.name], "{}", path.display());
            let (found, reason) = providers::recognise(&delivery, Some(&document)).unwrap();
            assert_eq!(found.name, provider.name, "{}", path.display());
            assert!(reason.to_string().len() > 10);
        }
    }
}

#[test]
fn every_example_is_named_for_the_kind_it_is() {
    for provider in ALL {
        for (path, delivery) in examples(provider) {
            let receipt = providers::read(&delivery, None, &keys(), &judge());
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let kind = stem.split('-').next().unwrap();
            assert_eq!(receipt.events[0].kind.name(), kind, "{}", path.display());
            assert_eq!(receipt.problems, [] as [&str; 0], "{}", path.display());
        }
    }
}

#[test]
fn taking_an_example_apart_and_writing_it_again_gives_its_bytes() {
    // Times and ids are put back by asking for the example's own.
    for provider in ALL {
        for row in provider.events.iter().filter(|row| !row.example.is_empty()) {
            let example = Fixture::read(row.example.as_bytes()).unwrap().delivery;
            let written = Template::new(provider, row, None).unwrap().unchanged();
            assert_eq!(
                String::from_utf8_lossy(&written.body),
                String::from_utf8_lossy(&example.body),
                "{} {}",
                provider.name,
                row.native
            );
            assert_eq!(
                written.path, example.path,
                "{} {}",
                provider.name, row.native
            );
        }
    }
}

#[test]
fn what_is_sent_reads_back_as_what_was_wished() {
    let overrides = Overrides {
        recipient: Some("grace@example.org".into()),
        url: Some("https://example.org/other?x=1".into()),
        message_id: Some("0f1e2d3c-4b5a-4697-8877-665544332211".into()),
        ..Overrides::default()
    };
    sent(&overrides, |label, provider, kind, delivery, keys| {
        let receipt = providers::read(&delivery, None, keys, &judge());
        assert_eq!(receipt.provider, Some(provider.name), "{label}");
        let event = &receipt.events[0];
        assert_eq!(event.kind, kind, "{label}");
        if event.recipient.is_some() && !matches!(kind, Kind::Other | Kind::Inbound) {
            assert_eq!(
                event.recipient.as_deref(),
                Some("grace@example.org"),
                "{label}"
            );
            let body = String::from_utf8_lossy(&delivery.body)
                .replace("%40", "@")
                .to_lowercase();
            {
                let old = "ada@example.com";
                assert!(!body.contains(old), "{label} still says {old}");
            }
        }
        // Some tell of a click and not of its link.
        if kind == Kind::Click && !provider.fields.url.is_empty() {
            assert_eq!(
                event.url.as_deref(),
                Some("https://example.org/other?x=1"),
                "{label}"
            );
        }
        if event.message_id.is_some() && kind != Kind::Inbound {
            assert_eq!(
                event.message_id.as_deref(),
                Some("0f1e2d3c-4b5a-4697-8877-665544332211"),
                "{label}"
            );
        }
        if let Some(at) = event.at {
            let late = now().duration_since(at).as_secs_f64();
            assert!((0.0..1.0).contains(&late), "{label} happened {late} s ago");
        }
    });
}

#[test]
fn what_is_signed_verifies_and_one_changed_byte_does_not() {
    sent(
        &Overrides::default(),
        |label, provider, _, delivery, keys| {
            let receipt = providers::read(&delivery, None, keys, &judge());
            let is_signed =
                scheme_of(provider, &delivery).is_some() && keys.test(provider).is_some();
            if !is_signed {
                assert_eq!(receipt.signature.verdict, Verdict::Unsigned, "{label}");
                return;
            }
            assert_eq!(
                receipt.signature.verdict,
                Verdict::VerifiedTestKey,
                "{label}: {:?}",
                receipt.signature
            );
            // What does not cover the body says so in the verdict.
            let covers_body = !receipt
                .signature
                .reason
                .as_deref()
                .unwrap_or_default()
                .contains("body is not covered");
            let signs_no_body = ["mailgun", "mailomat", "socketlabs"].contains(&provider.name);
            assert_eq!(covers_body, !signs_no_body, "{label}");

            // One letter of the recipient, wherever it stands; the document stays well-formed.
            let text = String::from_utf8(delivery.body.to_vec()).unwrap();
            let Some(at) = text.rfind("example") else {
                return;
            };
            let changed = Delivery {
                body: format!("{}f{}", &text[..at], &text[at + 1..]).into(),
                ..delivery.clone()
            };
            let verdict = providers::read(&changed, None, keys, &judge())
                .signature
                .verdict;
            let outside = provider.name == "ses" && text[..at].rfind("URL\"").is_some();
            if covers_body && !outside {
                assert_eq!(verdict, Verdict::Unchecked, "{label}");
            }
        },
    );
}

#[test]
fn what_is_told_by_a_query_is_not_signed() {
    sent(&Overrides::default(), |label, _, _, delivery, _| {
        if delivery.method == http::Method::GET {
            assert!(delivery.told_by_query().is_some(), "{label}");
            assert_eq!(delivery.headers.iter().count(), 0, "{label}");
        }
    });
}

#[test]
fn a_stale_signature_is_refused_where_time_is_signed() {
    sent(
        &Overrides::default(),
        |label, provider, _, delivery, keys| {
            let Some(scheme) =
                scheme_of(provider, &delivery).filter(|_| keys.test(provider).is_some())
            else {
                return;
            };
            let tolerance = std::time::Duration::from_secs(scheme.tolerance);
            let later = VerifyOptions {
                now: now() + jiff::SignedDuration::from_hours(2) + tolerance,
                ..judge()
            };
            let verdict = providers::read(&delivery, None, keys, &later)
                .signature
                .verdict;
            let wanted = if scheme.signed_time().is_some() {
                Verdict::Refused
            } else {
                Verdict::VerifiedTestKey
            };
            assert_eq!(verdict, wanted, "{label}");
        },
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_other_ids() {
    for provider in ALL {
        for row in provider.events.iter().filter(|row| !row.example.is_empty()) {
            let template = Template::new(provider, row, None).unwrap();
            let make = |seed| {
                template
                    .fill(&Overrides::default(), now(), &mut Rng::seeded(seed))
                    .0
            };
            assert_eq!(make(1), make(1), "{} {}", provider.name, row.native);
        }
    }
}

/// What each sort of bounce says where the provider tells the enhanced code of the reply.
const CODES: &[(&str, &[&str])] = &[
    ("hard", &["5.1.1"]),
    ("soft", &["4.2.0", "4.2.2", "4.4.2", "4.7.1"]),
    ("mailbox-full", &["4.2.2", "5.2.2"]),
    ("blocked", &["5.7.1", "4.7.1"]),
];

/// The enhanced codes (RFC 3463) in a text; no addresses, no versions.
fn enhanced_codes(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    text.split(|c: char| !is_part(c))
        .filter(|run| {
            let parts: Vec<&str> = run.split('.').collect();
            matches!(parts.as_slice(), ["2" | "4" | "5", subject, detail]
                if subject.len() == 1 && (1..=2).contains(&detail.len()))
        })
        .collect()
}

#[test]
fn every_example_is_about_the_same_recipient() {
    for provider in ALL {
        for (path, delivery) in examples(provider) {
            let receipt = providers::outline(&delivery, Some(provider));
            // What is about no message may tell of another address, and a mail is for the user of the provider.
            let is_other = |kind| matches!(kind, Kind::Other | Kind::Inbound);
            let told = receipt.events.iter().filter(|it| !is_other(it.kind));
            for recipient in told.filter_map(|it| it.recipient.as_deref()) {
                assert_eq!(recipient, "ada@example.com", "{}", path.display());
            }
        }
    }
}

#[test]
fn every_bounce_is_read_as_a_bounce_or_a_deferral() {
    for provider in ALL {
        for bounce in provider.bounces {
            let row = provider.row("bounce").unwrap();
            let template = Template::new(provider, row, Some(bounce.name)).unwrap();
            let (delivery, _) = template.fill(&Overrides::default(), now(), &mut Rng::seeded(1));
            let receipt = providers::read(&delivery, None, &keys(), &judge());
            let event = &receipt.events[0];
            let label = format!("{} --bounce {}", provider.name, bounce.name);
            let from = provider.events.iter().find(|row| row.native == bounce.row);
            assert!(from.is_some_and(|row| !row.example.is_empty()), "{label}");
            assert!(
                matches!(event.kind, Kind::Bounce | Kind::Deferred),
                "{label}: {:?}",
                event.kind
            );
            // Some say nothing of it but the server's reply.
            let class = event.bounce.map(|class| class.name());
            let wanted: &[Option<&str>] = match bounce.name {
                "hard" => &[Some("hard"), Some("undetermined")],
                // Where the provider tries again, it is no bounce yet.
                "blocked" if event.kind == Kind::Deferred => &[None],
                "blocked" => &[Some("soft"), Some("hard"), Some("undetermined")],
                _ => &[None, Some("soft"), Some("undetermined")],
            };
            assert!(wanted.contains(&class), "{label}: {class:?}");
            if bounce.name != "hard" && !provider.fields.reason.is_empty() {
                assert_ne!(event.reason, None, "{label}");
            }
            // The reply, the code in a field of its own, and the sort say the same.
            let body = String::from_utf8_lossy(&delivery.body).replace('+', " ");
            let codes = enhanced_codes(&body);
            let (_, wanted) = CODES.iter().find(|(name, _)| *name == bounce.name).unwrap();
            assert!(codes.len() <= 1, "{label}: {codes:?}");
            for code in codes {
                assert!(wanted.contains(&code), "{label}: {code}");
            }
        }
    }
    let own = |name: &str| {
        let bounces = providers::find(name).unwrap().bounces.iter();
        bounces.map(|bounce| bounce.name).collect::<Vec<_>>()
    };
    // The rest has one sort of bounce, and says nothing of the server's reply.
    for provider in ALL {
        let without = ["cloudmailin", "generic", "klaviyo", "standard-webhooks"];
        let has_none = without.contains(&provider.name);
        assert_eq!(own(provider.name).is_empty(), has_none, "{}", provider.name);
    }
    assert_eq!(
        own("customerio"),
        ["hard", "soft", "mailbox-full", "blocked"]
    );
}

/// What a provider carries of what the sender adds, in any of its events.
const ADDED: &[(&str, &[&str])] = &[
    ("activecampaign", &["campaign"]),
    ("braze", &["campaign"]),
    ("brevo", &["campaign", "metadata", "tag"]),
    ("customerio", &["campaign"]),
    ("elasticemail", &["tag"]),
    ("emailit", &["metadata"]),
    ("generic", &["campaign"]),
    ("infobip", &["campaign", "metadata"]),
    ("iterable", &["campaign", "metadata"]),
    ("lettermint", &["metadata", "tag"]),
    ("loops", &["campaign"]),
    ("mailchimp", &["campaign"]),
    ("maileroo", &["metadata"]),
    ("mailersend", &["tag"]),
    ("mailgun", &["campaign", "metadata", "tag"]),
    ("mailjet", &["campaign", "metadata"]),
    ("mailpace", &["tag"]),
    ("mailtrap", &["metadata", "tag"]),
    ("mandrill", &["metadata", "tag"]),
    ("plunk", &["campaign"]),
    ("postal", &["tag"]),
    ("postmark", &["metadata", "tag"]),
    ("resend", &["campaign", "metadata"]),
    ("sendgrid", &["campaign", "metadata", "tag"]),
    ("ses", &["metadata"]),
    ("smtp2go", &["metadata"]),
    ("socketlabs", &["metadata", "tag"]),
    ("sparkpost", &["campaign", "metadata", "tag"]),
    ("standard-webhooks", &["campaign", "metadata"]),
    ("sweego", &["campaign", "tag"]),
    ("unisender-go", &["metadata"]),
    ("usesend", &["campaign", "metadata"]),
    ("zeptomail", &["tag"]),
];

#[test]
fn what_the_sender_adds_is_carried_or_said_to_be_left_out() {
    let overrides = Overrides {
        campaign: Some("4711001".into()),
        tags: vec!["4711002".into()],
        metadata: vec![("plan".into(), "4711003".into())],
        ..Overrides::default()
    };
    let added = [
        ("campaign", "4711001"),
        ("tag", "4711002"),
        ("metadata", "4711003"),
    ];
    for provider in ALL {
        let mut carried = BTreeSet::new();
        for row in provider.events.iter().filter(|row| !row.example.is_empty()) {
            let template = Template::new(provider, row, None).unwrap();
            let (delivery, notes) = template.fill(&overrides, now(), &mut Rng::seeded(1));
            let told = format!(
                "{}{}",
                delivery.path,
                String::from_utf8_lossy(&delivery.body)
            );
            for (what, value) in added {
                let label = format!("{} {}: {what}", provider.name, row.native);
                let left_out = notes
                    .iter()
                    .any(|note| note.contains(&format!("has no {what} field here")));
                assert_eq!(told.contains(value), !left_out, "{label}: {told}");
                if !left_out {
                    carried.insert(what);
                }
            }
        }
        let wanted = ADDED.iter().find(|(name, _)| *name == provider.name);
        let wanted: BTreeSet<&str> = wanted
            .map(|it| it.1.iter().copied().collect())
            .unwrap_or_default();
        assert_eq!(carried, wanted, "{}", provider.name);
    }
}

#[test]
fn every_name_that_can_be_sent_is_found() {
    for provider in ALL {
        for row in provider.events.iter().filter(|row| !row.example.is_empty()) {
            assert!(
                provider.row(row.native).is_some(),
                "{} {}",
                provider.name,
                row.native
            );
        }
        for kind in providers::kinds_of(provider) {
            // Inbound mail is made of a message; an example is not needed.
            let row = provider.row(kind);
            assert!(
                row.is_some_and(|row| row.kind.name() == kind)
                    || (kind == "inbound" && provider.inbound.is_some()),
                "{} {kind}",
                provider.name
            );
        }
    }
}

/// A provider, a kind, and what stands where once a campaign, tags and metadata are wished for.
type PlacementResult = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const CARRIED: &[PlacementResult] = &[
    // A list beside a text of it, and an object as text.
    (
        "brevo",
        "click",
        &[
            ("/campaign name", "absent"),
            ("/tags", r#"["a","b"]"#),
            ("/tag", r#""[\"a\",\"b\"]""#),
            (
                "/X-Mailin-custom",
                r#""{\"plan\":\"free\",\"seat\":\"7\"}""#,
            ),
        ],
    ),
    (
        "brevo",
        "marketing_click",
        &[
            ("/campaign name", r#""spring \"sale\"""#),
            ("/tag", r#""""#),
            ("/tags", "absent"),
            ("/X-Mailin-custom", "absent"),
        ],
    ),
    (
        "socketlabs",
        "click",
        &[
            ("/Data/Tags", r#"["a","b"]"#),
            (
                "/Data/Meta",
                r#"[{"Key":"plan","Value":"free"},{"Key":"seat","Value":"7"}]"#,
            ),
        ],
    ),
    (
        "mailersend",
        "click",
        &[("/data/tags", r#"["a","b"]"#), ("/data/email", "absent")],
    ),
    (
        "mailjet",
        "bounce",
        &[
            ("/customcampaign", r#""spring \"sale\"""#),
            ("/Payload", r#""{\"plan\":\"free\",\"seat\":\"7\"}""#),
        ],
    ),
    // The object of an event stands there twice, and that of a click holds the message's.
    (
        "emailit",
        "bounce",
        &[
            ("/0/object/meta", r#"{"plan":"free","seat":"7"}"#),
            ("/0/data/object/meta", r#"{"plan":"free","seat":"7"}"#),
        ],
    ),
    (
        "emailit",
        "click",
        &[
            ("/0/object/meta", "absent"),
            ("/0/data/object/email/meta", r#"{"plan":"free","seat":"7"}"#),
        ],
    ),
    (
        "sparkpost",
        "click",
        &[
            ("/0/msys/track_event/campaign_id", r#""spring \"sale\"""#),
            ("/0/msys/track_event/rcpt_tags", r#"["a","b"]"#),
            (
                "/0/msys/track_event/rcpt_meta",
                r#"{"plan":"free","seat":"7"}"#,
            ),
        ],
    ),
];

#[test]
fn what_the_sender_adds_is_carried_where_the_provider_carries_it() {
    let overrides = Overrides {
        campaign: Some("spring \"sale\"".into()),
        tags: vec!["a".into(), "b".into()],
        metadata: vec![("plan".into(), "free".into()), ("seat".into(), "7".into())],
        ..Overrides::default()
    };
    for (provider, kind, wanted) in CARRIED {
        let provider = providers::find(provider).unwrap();
        let row = provider.row(kind).unwrap();
        let template = Template::new(provider, row, None).unwrap();
        let (delivery, _) = template.fill(&overrides, now(), &mut Rng::seeded(1));
        let body: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap();
        for (pointer, json) in *wanted {
            let label = format!("{} {kind} {pointer}", provider.name);
            let there = body.pointer(pointer).map(ToString::to_string);
            assert_eq!(there.as_deref().unwrap_or("absent"), *json, "{label}");
        }
    }
}

#[test]
fn times_without_a_zone_keep_their_distance_to_the_others() {
    // The account of the example is two hours ahead of UTC.
    let brevo = filled("brevo", "delivered");
    assert_eq!(brevo["ts_epoch"], 1_795_461_601_123_i64);
    assert_eq!(brevo["ts_event"], 1_795_461_600);
    assert_eq!(brevo["date"], "2026-11-23 21:20:00");
}

#[test]
fn a_text_that_repeats_a_number_of_its_own_follows_it() {
    let mailjet = filled("mailjet", "delivered");
    assert!(mailjet["MessageID"].is_u64());
    assert_ne!(mailjet["MessageID"], 288_230_399_871_204_417_u64);
    assert_eq!(mailjet["mj_message_id"], mailjet["MessageID"].to_string());
}

fn filled(provider: &str, kind: &str) -> serde_json::Value {
    let provider = providers::find(provider).unwrap();
    let template = Template::new(provider, provider.row(kind).unwrap(), None).unwrap();
    let (delivery, _) = template.fill(&Overrides::default(), now(), &mut Rng::seeded(1));
    serde_json::from_slice(&delivery.body).unwrap()
}

#[test]
fn a_further_id_of_a_message_is_new_with_each_message() {
    for (provider, pointer) in [("ahasend", "/data/id"), ("sweego", "/swg_uid")] {
        let provider = providers::find(provider).unwrap();
        let id = |kind: &str, message: u64| {
            let template = Template::new(provider, provider.row(kind).unwrap(), None).unwrap();
            let compiled = CompiledTemplate::new(&template, &Overrides::default());
            let delivery = compiled.fill(now(), &mut Rng::seeded(message * 7), |_| {
                Rng::seeded(message)
            });
            let body: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap();
            body.pointer(pointer).unwrap().clone()
        };
        assert_eq!(id("open", 1), id("click", 1), "{}", provider.name);
        assert_ne!(id("open", 1), id("open", 2), "{}", provider.name);
    }
    let sweego = filled("sweego", "open");
    assert_eq!(sweego["swg_uid"], sweego["headers"]["x-swg-uid"]);
}

#[test]
fn a_time_has_the_digits_that_its_provider_writes() {
    let open = "2026-11-23T19:20:01+00:00";
    assert_eq!(filled("sweego", "open")["timestamp"], open);
    let unsubscribe = "2026-11-23T19:20:01.123456+00:00";
    assert_eq!(filled("sweego", "unsubscribe")["timestamp"], unsubscribe);
    let at = &filled("emailit", "click")[0]["data"]["object"]["created_at"];
    assert_eq!(*at, unsubscribe);
    // Go leaves out zeros at the end.
    let at = "2026-11-23T19:20:01.123456Z";
    assert_eq!(filled("ahasend", "click")["timestamp"], at);
}

#[test]
fn the_id_of_something_else_is_no_id_of_a_message() {
    for (kind, id, wanted) in [
        ("email.bounced", "em_1", Some("em_1")),
        ("suppression.created", "sup_1", None),
        ("domain.updated", "dom_1", None),
    ] {
        let body = format!(
            r#"[{{"event_id":"evt_1","type":"{kind}","object":{{"id":"{id}"}},"data":{{"object":{{"id":"{id}"}}}}}}]"#
        );
        let delivery = Delivery {
            method: http::Method::POST,
            path: "/".parse().unwrap(),
            headers: webhook_cli::webhook::Headers::new(),
            body: body.into(),
        };
        let receipt = providers::read(&delivery, None, &keys(), &judge());
        assert_eq!(receipt.provider, Some("emailit"), "{kind}");
        assert_eq!(receipt.problems, [] as [&str; 0], "{kind}");
        assert_eq!(receipt.events[0].native, kind);
        assert_eq!(receipt.events[0].message_id.as_deref(), wanted, "{kind}");
    }
}

#[test]
fn an_event_is_found_whatever_the_class_it_is_wrapped_in() {
    // Seen on the wire: the class of a message around an event of another class.
    let read = |body: &'static str| {
        let delivery = Delivery {
            method: http::Method::POST,
            path: "/".parse().unwrap(),
            headers: webhook_cli::webhook::Headers::new(),
            body: body.into(),
        };
        providers::read(&delivery, None, &keys(), &judge()).events
    };
    let events = read(
        r#"[{"msys":{"message_event":{"type":"generation_failure","rcpt_to":"ada@example.com"}}},{"msys":{"new_event":{"type":"delivery"}}},{"msys":{}}]"#,
    );
    let told: Vec<(&str, Kind)> = events
        .iter()
        .map(|event| (event.native.as_str(), event.kind))
        .collect();
    assert_eq!(
        told,
        [
            ("generation_failure", Kind::Rejected),
            ("delivery", Kind::Delivered),
            ("ping", Kind::Other)
        ]
    );
    assert_eq!(events[0].recipient.as_deref(), Some("ada@example.com"));
}

/// A provider, a body that it has no example for, and what is read there.
type Reading = (
    &'static str,
    &'static str,
    &'static str,
    Kind,
    Option<&'static str>,
);

const READINGS: &[Reading] = &[
    (
        "azure",
        r#"[{"eventType":"Microsoft.Communication.EmailEngagementTrackingReportReceived","data":{"messageId":"1","engagementType":"View"}}]"#,
        "Microsoft.Communication.EmailEngagementTrackingReportReceived",
        Kind::Open,
        None,
    ),
    (
        "azure",
        r#"[{"eventType":"Microsoft.Communication.EmailDeliveryReportReceived","data":{"status":"Parked"}}]"#,
        "Microsoft.Communication.EmailDeliveryReportReceived",
        Kind::Other,
        None,
    ),
    (
        "brevo",
        r#"[{"event":"unsubscribe","email":"ada@example.com","message-id":"<1@example.com>","ts":1767312000}]"#,
        "unsubscribe",
        Kind::Unsubscribe,
        None,
    ),
    (
        "brevo",
        r#"{"items":[{"Uuid":["1"],"MessageId":"<1@example.com>"}]}"#,
        "inbound",
        Kind::Inbound,
        None,
    ),
    (
        "ahasend",
        r#"{"type":"route.message","timestamp":"2026-09-21T14:13:20Z","data":{"to":"ada@example.com"}}"#,
        "route.message",
        Kind::Other,
        None,
    ),
    (
        "emailit",
        r#"{"event_id":"evt_1","type":"email.bounced","data":{"object":{"id":"em_1","to":"ada@example.com"}}}"#,
        "email.bounced",
        Kind::Bounce,
        Some("hard"),
    ),
    (
        "sweego",
        r#"{"event_type":"soft_bounce","swg_uid":"02-1","channel":"email","headers":{"x-transaction-id":"1"}}"#,
        "soft_bounce",
        Kind::Bounce,
        Some("soft"),
    ),
    (
        "sweego",
        r#"{"event_type":"hard-bounce","swg_uid":"02-1","channel":"email","transaction_id":"1"}"#,
        "hard-bounce",
        Kind::Bounce,
        Some("hard"),
    ),
    (
        "infobip",
        r#"{"results":[{"messageId":"1","to":"ada@example.com","status":{"groupId":4,"groupName":"EXPIRED"}}]}"#,
        "EXPIRED",
        Kind::Bounce,
        Some("soft"),
    ),
    (
        "infobip",
        r#"{"results":[{"messageId":"1","to":"ada@example.com","status":{"groupId":4,"groupName":"EXPIRED"},"error":{"groupId":1,"permanent":true}}]}"#,
        "EXPIRED",
        Kind::Rejected,
        None,
    ),
    (
        "infobip",
        r#"{"results":[{"messageId":"1","to":"ada@example.com","status":{"groupId":2,"groupName":"UNDELIVERABLE"},"error":{"groupId":3,"permanent":false}}]}"#,
        "UNDELIVERABLE",
        Kind::Rejected,
        None,
    ),
    (
        "infobip",
        r#"{"results":[{"messageId":"1","to":"ada@example.com","status":{"groupId":9,"groupName":"MISLAID"}}]}"#,
        "MISLAID",
        Kind::Other,
        None,
    ),
    (
        "forwardemail",
        r#"{"email_id":"1","recipient":"ada@example.com","response_code":550,"bounce":{"category":"mislaid"},"bounced_at":"2026-09-21T14:13:20.417Z"}"#,
        "mislaid",
        Kind::Bounce,
        Some("soft"),
    ),
    (
        "forwardemail",
        r#"{"raw":"From: a","headers":{},"attachments":[],"session":{},"recipients":["ada@example.com"]}"#,
        "inbound",
        Kind::Inbound,
        None,
    ),
    (
        "mailchimp",
        "type=unsubscribe&fired_at=2026-01-02+01%3A01%3A40&data%5Breason%5D=abuse&data%5Blist_id%5D=a1b2c3d4e5",
        "unsubscribe",
        Kind::Complaint,
        None,
    ),
    (
        "mailersend",
        r#"{"type":"maintenance.start","created_at":"2026-01-02 00:00:00","data":{"domain_id":"x"}}"#,
        "maintenance.start",
        Kind::Other,
        None,
    ),
    (
        "mailjet",
        r#"{"event":"bounce","time":1767312000,"MessageID":1,"hard_bounce":false,"error_related_to":"greylisted","error":""}"#,
        "bounce",
        Kind::Deferred,
        None,
    ),
    // An event of the user's own, which says nothing of a subscription.
    (
        "plunk",
        r#"{"contact":{"email":"ada@example.com","subscribed":true,"data":{}},"workflow":{"id":"w","name":"n"},"execution":{"id":"e","startedAt":"2026-09-21T14:13:20.417Z"},"event":{"plan":"free"}}"#,
        "event",
        Kind::Other,
        None,
    ),
    (
        "plunk",
        r#"{"contact":{"email":"ada@example.com","subscribed":false,"data":{}},"workflow":{"id":"w","name":"n"},"execution":{"id":"e","startedAt":"2026-09-21T14:13:20.417Z"},"event":{"emailId":"1","bounceType":"Undetermined"}}"#,
        "email.bounce",
        Kind::Bounce,
        Some("hard"),
    ),
    (
        "smtp2go",
        "event=sms_failed&destination_number=%2B4915100000000&id=1",
        "sms_failed",
        Kind::Other,
        None,
    ),
    (
        "smtp2go",
        "event=bounce&rcpt=ada%40example.com&email_id=1wXyZa&message=421+4.4.2+Timeout",
        "bounce",
        Kind::Bounce,
        Some("undetermined"),
    ),
    (
        "sparkpost",
        r#"[{"msys":{"message_event":{"type":"bounce","bounce_class":"25"}}}]"#,
        "bounce",
        Kind::Rejected,
        None,
    ),
    (
        "sparkpost",
        r#"[{"msys":{"message_event":{"type":"out_of_band","bounce_class":"60"}}}]"#,
        "out_of_band",
        Kind::Other,
        None,
    ),
    (
        "sparkpost",
        r#"[{"msys":{"message_event":{"type":"bounce","bounce_class":80}}}]"#,
        "bounce",
        Kind::Subscribe,
        None,
    ),
    (
        "sparkpost",
        r#"[{"msys":{"message_event":{"type":"bounce","bounce_class":"90"}}}]"#,
        "bounce",
        Kind::Unsubscribe,
        None,
    ),
    (
        "sparkpost",
        r#"[{"msys":{"message_event":{"type":"bounce","bounce_class":"1"}}}]"#,
        "bounce",
        Kind::Bounce,
        Some("undetermined"),
    ),
    // A handler's own test has a text in place of the list, and another spelling.
    (
        "zeptomail",
        r#"{"event_name":"email_hardbounce","event_message":[{"request_id":"1"}]}"#,
        "email_hardbounce",
        Kind::Bounce,
        Some("hard"),
    ),
    (
        "zeptomail",
        "data=%7B%22event_name%22%3A%5B%22Soft+bounce%22%5D%2C%22event_message%22%3A%5B%7B%7D%5D%7D",
        "Soft bounce",
        Kind::Bounce,
        Some("soft"),
    ),
];

#[test]
fn what_has_no_example_is_read_all_the_same() {
    for (provider, body, native, kind, bounce) in READINGS {
        let mut headers = webhook_cli::webhook::Headers::new();
        let form = "application/x-www-form-urlencoded";
        if !body.starts_with(['{', '[']) {
            headers.push(http::header::CONTENT_TYPE, form.parse().unwrap());
        }
        let delivery = Delivery {
            method: http::Method::POST,
            path: "/".parse().unwrap(),
            headers,
            body: (*body).into(),
        };
        let receipt = providers::read(&delivery, None, &keys(), &judge());
        assert_eq!(receipt.provider, Some(*provider), "{body}");
        let event = &receipt.events[0];
        assert_eq!(event.native, *native, "{body}");
        assert_eq!(event.kind, *kind, "{body}");
        let class = event.bounce.map(|class| class.name());
        assert_eq!(class, *bounce, "{body}");
    }
}

/// A body with that content type.
fn typed(kind: &str, body: String) -> Delivery {
    let mut headers = webhook_cli::webhook::Headers::new();
    headers.push(http::header::CONTENT_TYPE, kind.parse().unwrap());
    Delivery {
        method: http::Method::POST,
        path: "/".parse().unwrap(),
        headers,
        body: body.into(),
    }
}

#[test]
fn a_cloudevent_that_says_whose_it_is_is_that_providers() {
    let azure = providers::find("azure").unwrap();
    let row = azure.row("cloudevent-Bounced").unwrap();
    let one = Fixture::read(row.example.as_bytes()).unwrap().delivery.body;
    let one = String::from_utf8(one.to_vec()).unwrap();
    let single = "application/cloudevents+json; charset=utf-8";
    for (kind, body) in [
        (single, one.clone()),
        ("application/json", one.clone()),
        (
            "application/cloudevents-batch+json",
            format!("[{one},{}]", one.replace("Bounced", "Delivered")),
        ),
    ] {
        let receipt = providers::read(&typed(kind, body), None, &keys(), &judge());
        assert_eq!(receipt.provider, Some("azure"), "{kind}");
        assert_eq!(receipt.problems, [] as [&str; 0], "{kind}");
        assert_eq!(receipt.events[0].kind, Kind::Bounce, "{kind}");
        let others: Vec<Kind> = receipt.events[1..].iter().map(|it| it.kind).collect();
        assert!(others.is_empty() || others == [Kind::Delivered], "{kind}");
    }
    // Any other stays one of nobody's.
    let other = one.replace("Microsoft.Communication.Email", "com.example.");
    let receipt = providers::read(&typed(single, other), None, &keys(), &judge());
    assert_eq!(receipt.provider, Some("cloudevents"));
    // And so does one whose data looks like a provider's event.
    let other = r#"{"specversion":"1.0","id":"1","source":"/a","type":"t","RecordType":"Open","MessageID":"1","ServerID":1}"#;
    let receipt = providers::read(&typed(single, other.into()), None, &keys(), &judge());
    assert_eq!(receipt.provider, Some("cloudevents"));
}

#[test]
fn a_report_of_a_text_message_is_no_email() {
    let report = |to: &str| {
        let body = format!(
            r#"{{"results":[{{"messageId":"1","to":"{to}","status":{{"groupId":3,"groupName":"DELIVERED"}}}}]}}"#
        );
        typed("application/json", body)
    };
    let read = |delivery: &Delivery, named| providers::read(delivery, named, &keys(), &judge());
    assert_eq!(read(&report("41793026727"), None).provider, None);
    assert_eq!(
        read(&report("ada@example.com"), None).provider,
        Some("infobip")
    );
    let named = read(&report("41793026727"), providers::find("infobip"));
    assert_eq!(named.events[0].kind, Kind::Other);
}

#[test]
fn a_time_that_is_not_the_events_moves_and_is_not_read() {
    let click = filled("infobip", "click");
    assert_eq!(click["sendDateTime"], now().as_millisecond());
    let infobip = providers::find("infobip").unwrap();
    let template = Template::new(infobip, infobip.row("click").unwrap(), None).unwrap();
    let (delivery, _) = template.fill(&Overrides::default(), now(), &mut Rng::seeded(1));
    let receipt = providers::read(&delivery, None, &keys(), &judge());
    assert_eq!(receipt.events[0].at, None);
    let report = filled("infobip", "delivered");
    assert_eq!(
        report["results"][0]["doneAt"],
        "2026-11-23T19:20:01.123+0000"
    );
    assert_eq!(
        report["results"][0]["sentAt"],
        "2026-11-23T19:19:38.808+0000"
    );
}

#[test]
fn times_of_azure_keep_their_seven_digits_and_their_offset() {
    let bounce = filled("azure", "bounce");
    let event = &bounce[0];
    assert_eq!(
        event["data"]["deliveryAttemptTimeStamp"],
        "2026-11-23T19:20:01.1234560+00:00"
    );
    assert_eq!(event["eventTime"], "2026-11-23T19:20:01.124Z");
}

#[test]
fn an_id_in_a_header_is_new_with_each_delivery() {
    let provider = providers::find("sparkpost").unwrap();
    let template = Template::new(provider, provider.row("open").unwrap(), None).unwrap();
    let id = |seed| {
        let (delivery, _) = template.fill(&Overrides::default(), now(), &mut Rng::seeded(seed));
        delivery
            .headers
            .text("x-messagesystems-batch-id")
            .map(str::to_owned)
    };
    assert_ne!(id(1), None);
    assert_ne!(id(1), id(2));
    assert_eq!(id(1), id(1));
}

/// A body that looks like an email provider's, which a service that only signs may carry as well.
fn own_body(provider: &Provider) -> Delivery {
    let mut delivery = Delivery {
        method: http::Method::POST,
        path: "/webhooks".parse().unwrap(),
        headers: webhook_cli::webhook::Headers::new(),
        body: "mandrill_events=%5B%7B%22event%22%3A%22click%22%7D%5D&email=ada".into(),
    };
    delivery.headers.push(
        http::header::CONTENT_TYPE,
        "application/x-www-form-urlencoded".parse().unwrap(),
    );
    if let (Some(scheme), Some(key)) = (
        providers::signing_scheme(provider, &delivery),
        keys().test(provider),
    ) {
        let mut rng = Rng::seeded(1);
        let seal = &mut SigningContext {
            at: now(),
            url: URL,
            rng: &mut rng,
        };
        scheme.sign(&mut delivery, key, seal).unwrap();
    }
    delivery
}

#[test]
fn what_a_scheme_signs_is_recognised_and_verified_whatever_the_body_is() {
    for provider in SCHEMES.iter().filter(|it| !it.test_secret.is_empty()) {
        let label = provider.name;
        let scheme = provider.schemes[0];
        let delivery = own_body(provider);
        let receipt = providers::read(&delivery, None, &keys(), &judge());
        assert_eq!(receipt.provider, Some(label));
        assert_eq!(receipt.problems, [] as [&str; 0], "{label}");
        assert_eq!(receipt.events[0].kind, Kind::Other, "{label}");
        let verdict = |delivery: &Delivery, verify_options: &VerifyOptions| {
            providers::read(delivery, None, &keys(), verify_options)
                .signature
                .verdict
        };
        assert_eq!(
            verdict(&delivery, &judge()),
            Verdict::VerifiedTestKey,
            "{label}: {:?}",
            receipt.signature
        );

        let changed = Delivery {
            body: String::from_utf8(delivery.body.to_vec())
                .unwrap()
                .replace("ada", "bob")
                .into(),
            ..delivery.clone()
        };
        assert!(!verdict(&changed, &judge()).holds(), "{label}");

        let later = VerifyOptions {
            now: now() + jiff::SignedDuration::from_hours(2),
            ..judge()
        };
        let stale = if scheme.signed_time().is_some() {
            Verdict::Refused
        } else {
            Verdict::VerifiedTestKey
        };
        assert_eq!(verdict(&delivery, &later), stale, "{label}");

        // Signed once more, it still has one signature of each sort.
        let mut again = delivery.clone();
        let seal = &mut SigningContext {
            at: now(),
            url: URL,
            rng: &mut Rng::seeded(1),
        };
        scheme
            .sign(&mut again, keys().test(provider).unwrap(), seal)
            .unwrap();
        assert_eq!(again, delivery, "{label}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_a_crash(body: Vec<u8>, form: bool, name in "[a-z-]{1,20}", value in "[ -~]{0,60}") {
        let keys = keys();
        let mut headers = webhook_cli::webhook::Headers::new();
        let kind = if form { "application/x-www-form-urlencoded" } else { "application/json" };
        headers.push(http::header::CONTENT_TYPE, kind.parse().unwrap());
        if let (Ok(name), Ok(value)) = (name.parse(), value.parse()) {
            headers.push(name, value);
        }
        let delivery = Delivery { method: http::Method::POST, path: "/".parse().unwrap(), headers, body: body.into() };
        for provider in providers::everyone() {
            let receipt = providers::read(&delivery, Some(provider), &keys, &judge());
            proptest::prop_assert!(!receipt.signature.verdict.holds());
        }
    }
}

#[test]
fn every_field_of_every_example_has_one_origin_and_every_origin_a_field() {
    for provider in ALL {
        let mut used: BTreeSet<(usize, &str, &str)> = BTreeSet::new();
        for row in provider.events.iter().filter(|row| !row.example.is_empty()) {
            for place in provider.fields(row) {
                let label = format!("{} {} {place}", provider.name, row.native);
                let found = provider.origins_of(row, &place);
                assert_eq!(found.len(), 1, "{label}: {found:?}");
                let origin = found[0];
                match origin.confidence {
                    Confidence::Assumed => assert!(!origin.doubt.is_empty(), "{label}: no reason"),
                    _ => assert!(origin.page.is_some(), "{label}: no page"),
                }
                let at = provider
                    .origins
                    .iter()
                    .position(|one| std::ptr::eq(one, origin))
                    .unwrap();
                let names = origin.events.iter().filter(|name| {
                    let start = name.strip_suffix('*');
                    start.map_or(**name == row.native, |start| row.native.starts_with(start))
                });
                let spelled = origin.best(&place).unwrap();
                used.extend(
                    names
                        .chain(origin.events.is_empty().then_some(&""))
                        .map(|name| (at, spelled, *name)),
                );
            }
        }
        for (at, origin) in provider.origins.iter().enumerate() {
            for place in origin.places {
                assert!(
                    used.iter().any(|(by, one, _)| *by == at && one == place),
                    "{}: no field is known by {place} of {origin:?}",
                    provider.name
                );
            }
            for name in origin.events {
                assert!(
                    used.iter().any(|(by, _, one)| *by == at && one == name),
                    "{}: no row is meant by {name} of {origin:?}",
                    provider.name
                );
            }
        }
    }
}

#[test]
fn every_page_has_an_address_and_the_day_it_was_read() {
    for provider in providers::everyone() {
        for page in provider.pages() {
            let label = format!("{} {page:?}", provider.name);
            assert!(
                page.url.parse::<http::Uri>().unwrap().scheme_str() == Some("https"),
                "{label}"
            );
            // A month or a year alone is a date too.
            let day = format!(
                "{}{}",
                page.read,
                "2020-01-01".get(page.read.len()..).unwrap()
            );
            assert!(
                day.parse::<jiff::civil::Date>()
                    .is_ok_and(|day| day.year() >= 2020),
                "{label}"
            );
            assert!(!page.title.is_empty(), "{label}");
        }
    }
}

#[test]
fn a_conduct_speaks_of_events_that_there_are() {
    for provider in ALL {
        let has = |name: &str| {
            let found = provider.events.iter().find(|row| row.native == name);
            assert!(
                found.is_some_and(|row| !row.example.is_empty()),
                "{} has no `{name}` to send",
                provider.name
            );
        };
        for (one, other) in provider.conduct.twins {
            has(one);
            has(other);
            assert_ne!(one, other);
        }
        for handshake in provider.conduct.handshake {
            match handshake {
                Handshake::Event(name) => has(name),
                Handshake::Challenge(challenge) => has(challenge.event),
                _ => {}
            }
        }
        assert_ne!(provider.conduct.batch, Batch::UpTo(1), "{}", provider.name);
    }
}

#[test]
fn what_is_said_of_a_provider_and_what_is_tried_out_agree() {
    for provider in providers::everyone() {
        let (conduct, habits) = (&provider.conduct, &provider.habits);
        let label = provider.name;
        let success = habits.success.value().copied().unwrap_or_default();
        if conduct.only_200 {
            assert!(success.starts_with("200"), "{label}: {success}");
        }
        if success.starts_with("2xx") {
            assert!(!conduct.only_200, "{label}: {success}");
        }
        let batching = habits.batching.value().copied().unwrap_or("one");
        let said = match conduct.batch {
            Batch::Never => "one ".to_owned(),
            Batch::UpTo(most) => most.to_string(),
            Batch::Some | Batch::InList => "event".to_owned(),
        };
        assert!(
            format!("{batching} ").contains(&said),
            "{label}: {batching}"
        );
        if conduct.batch == Batch::Never {
            assert!(!batching.contains("list"), "{label}: {batching}");
        }
        // What is in doubt says why, in words.
        for doubt in [
            habits.batching.doubt(),
            habits.success.doubt(),
            habits.retries.doubt(),
            habits.timeout.doubt(),
        ] {
            assert!(
                doubt.is_none_or(|doubt| doubt.contains(' ')),
                "{label}: {doubt:?}"
            );
        }
    }
}

#[test]
fn what_the_sender_gives_stands_in_place_of_the_example_s_own() {
    // What the examples say of tags, of the sender's own members, and as ids of the message.
    const OWN: [&str; 13] = [
        "order_id",
        "acme-test",
        "tenant",
        "\"order\"",
        "gold",
        "onboarding",
        "\"vip\"",
        "autumn\"",
        "81440217755039284",
        "0006a1b2c3d4e5f60718",
        "288230399871204417",
        "7d4c3b2a-1f0e",
        "6b1f3c92",
    ];
    let overrides = Overrides {
        message_id: Some("4711004".into()),
        tags: vec!["4711002".into()],
        metadata: vec![("user".into(), "4711003".into())],
        ..Overrides::default()
    };
    for provider in ALL {
        for row in provider.events.iter().filter(|row| !row.example.is_empty()) {
            let template = Template::new(provider, row, None).unwrap();
            let (delivery, notes) = template.fill(&overrides, now(), &mut Rng::seeded(1));
            let raw = format!(
                "{}{}",
                delivery.path,
                String::from_utf8_lossy(&delivery.body)
            );
            let told: String = form_urlencoded::parse(raw.replace('\\', "").as_bytes())
                .map(|(name, value)| format!("{name}={value}&"))
                .collect();
            let label = format!("{} {}", provider.name, row.native);
            for own in OWN {
                let left_out = |what: &str| {
                    notes
                        .iter()
                        .any(|note| note.contains(&format!("has no {what} field")))
                };
                let is_tag = own == "\"vip\"" || own == "autumn\"" || own == "onboarding";
                let is_id = own.starts_with(|c: char| c.is_ascii_digit());
                let excused = match (is_tag, is_id) {
                    (true, _) => left_out("tag"),
                    (_, true) => left_out("message id"),
                    _ => left_out("metadata"),
                };
                assert!(excused || !told.contains(own), "{label}: {own} in {told}");
            }
            let named = told.matches("4711004").count();
            assert!(
                named > 0 || notes.iter().any(|note| note.contains("message id")),
                "{label}: {told}"
            );
        }
    }
}

#[test]
fn an_id_that_is_a_number_takes_the_very_digits_and_a_text_with_a_note() {
    let mailjet = providers::find("mailjet").unwrap();
    let template = Template::new(mailjet, mailjet.row("delivered").unwrap(), None).unwrap();
    let with = |id: &str| {
        let overrides = Overrides {
            message_id: Some(id.into()),
            ..Overrides::default()
        };
        let (delivery, notes) = template.fill(&overrides, now(), &mut Rng::seeded(1));
        (String::from_utf8_lossy(&delivery.body).into_owned(), notes)
    };
    let (body, notes) = with("2252839243263898067");
    assert!(
        body.contains("\"MessageID\":2252839243263898067,"),
        "{body}"
    );
    assert!(
        body.contains("\"mj_message_id\":\"2252839243263898067\""),
        "{body}"
    );
    assert_eq!(notes, [""; 0]);
    let (body, notes) = with("msg-7");
    assert!(body.contains("\"MessageID\":\"msg-7\""), "{body}");
    assert!(
        notes[0].contains("is a number; `msg-7` is sent as a string"),
        "{notes:?}"
    );
}

#[test]
fn of_several_tags_a_provider_that_carries_one_says_so() {
    let postmark = providers::find("postmark").unwrap();
    let template = Template::new(postmark, postmark.row("delivered").unwrap(), None).unwrap();
    let overrides = Overrides {
        tags: vec!["a".into(), "b".into()],
        ..Overrides::default()
    };
    let (_, notes) = template.fill(&overrides, now(), &mut Rng::seeded(1));
    assert_eq!(
        notes,
        ["postmark has room for one tag: the last one given is sent"]
    );
}

#[test]
fn a_kind_is_sent_as_its_ordinary_event_and_not_as_a_special_case_of_it() {
    for provider in ALL {
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Other) {
            let Some(sent) = provider.row(kind.name()) else {
                continue;
            };
            let marks = |row: &EventDef| -> BTreeSet<String> {
                row.marks.iter().map(|mark| format!("{mark:?}")).collect()
            };
            let (own, is_alike) = (marks(sent), |row: &&EventDef| {
                (row.kind, row.bounce, row.version) == (kind, sent.bounce, sent.version)
                    && !row.example.is_empty()
            });
            let mut others = provider.events.iter().filter(is_alike);
            let ordinary =
                others.find(|row| marks(row).len() < own.len() && marks(row).is_subset(&own));
            assert_eq!(
                ordinary.map(|row| row.native),
                None,
                "{} {kind:?} is sent as {}",
                provider.name,
                sent.native
            );
        }
    }
    let sent = |provider, kind| find(provider).unwrap().row(kind).unwrap().native;
    assert_eq!(sent("mailgun", "bounce"), "permanent_fail");
    assert_eq!(sent("mailgun", "delayed_bounce"), "delayed_bounce");
}
