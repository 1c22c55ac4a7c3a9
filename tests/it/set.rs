//! `--set` and `--unset`: places as people write them, values as they type them, in every provider's format.

use serde_json::Value;
use webhook_cli::providers::{ALL, CompiledTemplate, Overrides, Template, typed};
use webhook_cli::webhook::{Delivery, Rng, Style, write_escaped};

use crate::harness::{Ran, run};

/// A delivery as it would be sent, with these words.
fn dry(args: &[&str]) -> (Delivery, String) {
    let ran = run(&[&["send"], args, &["--dry-run", "--as", "json"]].concat()).success();
    let line = ran.stdout.lines().next().unwrap_or_default();
    let fixture = webhook_cli::webhook::Fixture::read(line.as_bytes()).unwrap();
    (fixture.delivery, ran.stderr)
}

fn body(delivery: &Delivery) -> String {
    String::from_utf8(delivery.body.to_vec()).unwrap()
}

fn fields(delivery: &Delivery) -> Vec<(String, String)> {
    form_urlencoded::parse(&delivery.body)
        .into_owned()
        .collect()
}

fn field(delivery: &Delivery, name: &str) -> Option<String> {
    let mut all = fields(delivery).into_iter();
    all.find(|(other, _)| other == name).map(|(_, value)| value)
}

/// What is refused: nothing is printed but an error.
fn refused(args: &[&str]) -> Ran {
    let ran = run(&[&["send"], args, &["--dry-run"]].concat());
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{args:?}");
    ran
}

const TYPED: [&str; 8] = [
    "12345678901234567890123",
    "1.10",
    "1e3",
    "-0",
    "[ 1.0,2 ]",
    r#"{"b" : 1,"a":-0,"a":1E+2}"#,
    r#""a\u0041\/""#,
    r#"{"x":{"y": [9007199254740993]}}"#,
];

#[test]
fn a_value_reaches_every_providers_body_as_it_was_typed() {
    let escaped = |text: &str| {
        let mut out = String::new();
        write_escaped(&mut out, text, &Style::COMPACT);
        out
    };
    let encoded =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    for provider in ALL {
        for row in provider.events.iter().filter(|row| !row.example.is_empty()) {
            let template = Template::new(provider, row, None).unwrap();
            for text in TYPED {
                let overrides = Overrides {
                    sets: vec![("zz_new".into(), typed(text))],
                    ..Overrides::default()
                };
                let compiled = CompiledTemplate::new(&template, &overrides);
                assert_eq!(compiled.faults(), [] as [&str; 0]);
                let at = "2026-01-02T00:00:00Z".parse().unwrap();
                let sent = compiled.fill(at, &mut Rng::seeded(1), |_| Rng::seeded(2));
                let sent = format!("{}\n{}", sent.path, body(&sent));
                let decoded: String = serde_json::from_str(text).unwrap_or_default();
                let forms = [
                    text.to_owned(),
                    escaped(text),
                    encoded(text),
                    // A field of a form is a text, and so is what a JSON text says.
                    encoded(&decoded),
                    decoded.clone(),
                ];
                let found = forms.iter().any(|form| {
                    !form.is_empty()
                        && sent.split("zz_new").skip(1).any(|rest| {
                            let rest = rest.get(..form.len() + 8).unwrap_or(rest);
                            rest.contains(form.as_str())
                        })
                });
                assert!(found, "{} {}: {text}: {sent}", provider.name, row.native);
            }
        }
    }
}

#[test]
fn a_number_keeps_its_digits_where_it_replaces_one() {
    let (sent, notes) = dry(&[
        "click",
        "--provider",
        "brevo",
        "--set",
        "id=9007199254740993.10",
    ]);
    assert!(
        body(&sent).contains("\"id\":9007199254740993.10,"),
        "{sent:?}"
    );
    assert_eq!(notes, "");
    let (sent, _) = dry(&[
        "click",
        "--set",
        "a={\"n\":1.10,  \"n\":2}",
        "--set",
        "a.m=1e3",
    ]);
    assert!(
        body(&sent).ends_with(",\"a\":{\"n\":2,\"m\":1e3}}"),
        "{sent:?}"
    );
}

#[test]
fn dots_and_pointers_find_the_fields_of_a_form_whose_names_have_brackets() {
    for (provider, path, name) in [
        ("mailchimp", "data.email", "data[email]"),
        ("mailchimp", "/data/email", "data[email]"),
        ("mailchimp", "data[email]", "data[email]"),
        ("mailchimp", "data.merges.FNAME", "data[merges][FNAME]"),
        ("mailchimp", "data[merges].FNAME", "data[merges][FNAME]"),
        ("activecampaign", "contact.email", "contact[email]"),
        (
            "activecampaign",
            "/contact/fields/favourite_colour",
            "contact[fields][favourite_colour]",
        ),
    ] {
        let set = format!("{path}=1.10");
        let (sent, notes) = dry(&["subscribe", "--provider", provider, "--set", &set]);
        assert_eq!(field(&sent, name).as_deref(), Some("1.10"), "{path}");
        assert_eq!(notes, "", "{path}");
        let (unchanged, _) = dry(&["subscribe", "--provider", provider]);
        assert_eq!(fields(&sent).len(), fields(&unchanged).len(), "{path}");
        let (sent, notes) = dry(&["subscribe", "--provider", provider, "--unset", path]);
        assert_eq!((field(&sent, name), notes.as_str()), (None, ""), "{path}");
    }
    let new = ["subscribe", "--provider", "mailchimp", "--set"];
    let (sent, notes) = dry(&[&new[..], &["data.merges.CITY=Ulm"]].concat());
    assert_eq!(field(&sent, "data[merges][CITY]").as_deref(), Some("Ulm"));
    assert_eq!(notes, "note: /data[merges][CITY] is a new member\n");
    let (_, notes) = dry(&[&new[..], &["data.emial=x"]].concat());
    assert!(notes.ends_with("did you mean /data[email]?\n"), "{notes}");
    // A group is no field; without it, all of its fields are gone.
    let ran = refused(&[&new[..], &["data=x"]].concat());
    assert!(ran.stderr.contains("`/data` is a group of form fields"));
    let (sent, _) = dry(&[
        "subscribe",
        "--provider",
        "mailchimp",
        "--unset",
        "data.merges",
    ]);
    assert!(!body(&sent).contains("merges") && body(&sent).contains("list_id"));
}

#[test]
fn a_minus_adds_one_more_to_a_list() {
    let (sent, notes) = dry(&["bounce", "--provider", "sendgrid", "--set", "/-/x=1"]);
    let events: Value = serde_json::from_str(&body(&sent)).unwrap();
    assert_eq!(
        (&events[1], notes.as_str()),
        (&serde_json::json!({"x": 1}), "")
    );
    let (sent, _) = dry(&["bounce", "--provider", "sendgrid", "--set", "/-=1.0"]);
    assert!(body(&sent).trim_end().ends_with("1.0]"), "{sent:?}");
    let (sent, _) = dry(&["click", "--provider", "mailtrap", "--set", "/events/-/x=1"]);
    let events: Value = serde_json::from_str(&body(&sent)).unwrap();
    assert_eq!(events["events"][1], serde_json::json!({"x": 1}));
    for (set, place) in [
        ("/-=1", "the payload is an object"),
        ("/-/x=1", "the payload is an object"),
        ("/email/-=1", "`/email` is a string"),
        ("/nothing/-=1", "`/nothing` does not exist"),
    ] {
        let ran = refused(&["click", "--set", set]);
        assert!(ran.stderr.contains(place), "{set}: {}", ran.stderr);
    }
}

#[test]
fn a_path_without_a_name_is_refused() {
    for words in [
        ["--set", "=1"],
        ["--set", "a..b=1"],
        ["--set", ".=1"],
        ["--unset", ""],
        ["--unset", "a."],
    ] {
        let ran = refused(&["click", words[0], words[1]]);
        assert!(ran.stderr.contains("names no field"), "{}", ran.stderr);
        assert!(ran.stderr.contains(" hint: "), "{}", ran.stderr);
    }
}

#[test]
fn the_field_that_holds_the_events_is_taken_away() {
    for path in ["mandrill_events", "/mandrill_events"] {
        let (sent, notes) = dry(&["click", "--provider", "mandrill", "--unset", path]);
        assert_eq!((body(&sent).as_str(), notes.as_str()), ("", ""));
    }
    let (sent, _) = dry(&["click", "--provider", "mailtrap", "--unset", "events"]);
    assert_eq!(body(&sent), "{}");
}

#[test]
fn the_place_that_may_be_meant_is_guessed_wherever_it_is() {
    for (provider, path, near) in [
        ("resend", "data.tag", "/data/tags"),
        ("resend", "to", "/data/to"),
        ("resend", "data/to/0", "/data/to/0"),
        ("resend", "data/to", "/data/to"),
        ("resend", "data/subjct", "/data/subject"),
        ("resend", "Type", "/type"),
        ("resend", "data.createdAt", "/data/created_at"),
        ("mandrill", "email", "/msg/email"),
        ("mailgun", "delivery_status", ""),
        ("postmark", "message_id", "/MessageID"),
        ("ses", "message_id", "/MessageId"),
    ] {
        let (_, notes) = dry(&[
            "click",
            "--provider",
            provider,
            "--set",
            &format!("{path}=1"),
        ]);
        match near {
            "" => assert!(!notes.contains("did you mean"), "{path}: {notes}"),
            near => assert!(
                notes.ends_with(&format!("is a new member; did you mean {near}?\n")),
                "{provider} {path}: {notes}"
            ),
        }
    }
    let (_, notes) = dry(&["click", "--provider", "resend", "--unset", "data.subjct"]);
    assert!(notes.ends_with("did you mean /data/subject?\n"), "{notes}");
}

#[test]
fn of_all_providers_a_note_says_whose_place_it_is() {
    let ran = run(&[
        "send",
        "click",
        "--provider",
        "all",
        "--set",
        "zz=1",
        "--dry-run",
    ])
    .success();
    let notes: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|it| it.starts_with("note"))
        .collect();
    assert_eq!(notes.len(), 1, "{notes:#?}");
    assert!(
        notes[0].ends_with(" providers: /zz is a new member"),
        "{notes:?}"
    );
    let ran = run(&[
        "send",
        "click",
        "--provider",
        "all",
        "--set",
        "email.x=1",
        "--dry-run",
    ]);
    assert!(
        ran.stderr
            .contains("warning: generic: `--set` is not possible: `/email` is a string"),
        "{}",
        ran.stderr
    );
}
