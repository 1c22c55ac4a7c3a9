//! `diff`: two deliveries, and a delivery with the example of its kind.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::harness::{Ran, webhook_cli};
use webhook_cli::providers;
use webhook_cli::providers::{
    ALL, EventDef, Expected, Keys, Overrides, Provider, Template, What, shape_of,
};
use webhook_cli::webhook::diff::compare::{Comparison, Rules, Subject, compare};
use webhook_cli::webhook::diff::node::Content;
use webhook_cli::webhook::{Delivery, Fixture, Keyring, Rng, SigningContext};

fn cli(dir: &Path, args: &[&str]) -> Ran {
    Ran::of(webhook_cli().args(args).current_dir(dir).output().unwrap())
}

/// Line of a recording: a SendGrid event with these members instead of its own.
fn line(id: &str, headers: &Value, members: &Value) -> String {
    let mut event = json!({
        "email": "ada@example.com", "event": "bounce", "type": "bounce", "timestamp": 1767312009,
        "sg_event_id": format!("event-{id}"), "sg_message_id": format!("message-{id}.recvd-1"),
        "reason": format!("550 no such user, message-{id}"), "status": "5.1.1",
    });
    let event_members = event.as_object_mut().unwrap();
    for (name, value) in members.as_object().unwrap() {
        match value {
            Value::Null => event_members.remove(name),
            value => event_members.insert(name.clone(), value.clone()),
        };
    }
    let line = json!({
        "fixture": 1, "id": id, "at": "2026-11-23T19:20:01Z",
        "request": {"method": "POST", "path": "/hooks?token=canary-1", "headers": headers, "body": [event]},
    });
    format!("{line}\n")
}

/// Folder with `hooks.ndjson`: four bounces and an open.
fn recording() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let json = json!([["content-type", "application/json"], ["date", "a"]]);
    let other = json!([
        ["content-type", "application/json"],
        ["date", "b"],
        ["authorization", "Bearer canary-2"],
        ["X-Twilio-Email-Event-Webhook-Signature", "c2lnbmF0dXJl"]
    ]);
    let lines = [
        line("01AAAA1", &json, &json!({})),
        line("01AAAA2", &other, &json!({"timestamp": 1767319999})),
        line(
            "01BBBB3",
            &json,
            &json!({"event": "open", "type": null, "reason": null}),
        ),
        line(
            "01BBBB4",
            &other,
            &json!({"email": "bob@example.com", "attempt": 1.10}),
        ),
        line(
            "01CCCC5",
            &json,
            &json!({"status": null, "reason": "\u{1b}[31mred\u{202e}"}),
        ),
    ];
    fs::write(dir.path().join("hooks.ndjson"), lines.concat()).unwrap();
    dir
}

#[test]
fn two_deliveries_are_compared_part_by_part() {
    let dir = recording();
    let ran = cli(dir.path(), &["diff", "hooks.ndjson:1", "hooks.ndjson:4"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert_eq!(
        ran.stdout,
        "\
- hooks.ndjson:1  sendgrid  bounce  ada@example.com  2026-11-23 19:20:01
+ hooks.ndjson:4  sendgrid  bounce  bob@example.com  2026-11-23 19:20:01

headers
  + authorization  ***

body
  /0/email
  - \"ada@example.com\"
  + \"bob@example.com\"
  + /0/attempt  1.1

events
  /0/recipient
  - ada@example.com
  + bob@example.com

4 differences; left out: 7 in ids, times and signatures (`--all`)
"
    );
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
}

#[test]
fn ids_times_and_signatures_are_expected_to_differ() {
    let dir = recording();
    let ran = cli(
        dir.path(),
        &["diff", "hooks.ndjson:01AAAA1", "hooks.ndjson:2"],
    );
    let without = ran.stdout.replace("  + authorization  ***\n", "");
    assert!(
        without.contains("\n1 difference; left out: 9 in ids"),
        "{}",
        ran.stdout
    );
    let all = cli(
        dir.path(),
        &["diff", "hooks.ndjson:1", "hooks.ndjson:2", "--all"],
    );
    for told in [
        "  date  (expected)\n  - a\n  + b\n",
        "  /0/timestamp  (expected)\n  - 1767312009\n  + 1767319999\n",
        "  /0/reason  (expected)\n",
        "  + x-twilio-email-event-webhook-signature  c2lnbmF0dXJl  (expected)\n",
        "\n10 differences\n",
    ] {
        assert!(all.stdout.contains(told), "{told}: {}", all.stdout);
    }
    let equal = cli(dir.path(), &["diff", "hooks.ndjson:1", "hooks.ndjson:1"]);
    assert_eq!(equal.status, 0);
    assert!(
        equal.stdout.ends_with("\n\nno differences\n"),
        "{}",
        equal.stdout
    );
}

#[test]
fn a_difference_is_a_json_line_with_numbers_as_written() {
    let dir = recording();
    fs::write(
        dir.path().join("a.json"),
        "{\"n\":1.10,\"big\":123456789012345678901234567890}",
    )
    .unwrap();
    fs::write(dir.path().join("b.json"), "{\"n\":1.1,\"s\":\"\u{7f}\"}").unwrap();
    let ran = cli(dir.path(), &["diff", "a.json", "b.json", "--json"]);
    assert_eq!(ran.status, 1);
    let head = "{\"type\":\"difference\",\"a\":\"a.json\",\"b\":\"b.json\",\"part\":\"body\",";
    let wanted = [
        format!("{head}\"place\":\"/n\",\"change\":\"changed\",\"from\":1.10,\"to\":1.1}}"),
        format!(
            "{head}\"place\":\"/big\",\"change\":\"removed\",\"from\":123456789012345678901234567890}}"
        ),
        format!("{head}\"place\":\"/s\",\"change\":\"added\",\"to\":\"\\u007f\"}}"),
        "{\"type\":\"compared\",\"a\":\"a.json\",\"b\":\"b.json\",\"example\":false,\"equal\":false,\
         \"differences\":3,\"left_out\":0}"
            .to_owned(),
    ];
    assert_eq!(ran.stdout.lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn secrets_are_masked_and_strange_text_is_escaped() {
    let dir = recording();
    let second = fs::read_to_string(dir.path().join("hooks.ndjson")).unwrap();
    let second = second
        .replace("canary-1", "canary-3")
        .replace("canary-2", "canary-4");
    fs::write(dir.path().join("other.ndjson"), second).unwrap();
    for extra in [&[][..], &["--json"], &["--all"], &["--color", "always"]] {
        let args = [&["diff", "hooks.ndjson:4", "other.ndjson:4"], extra].concat();
        let ran = cli(dir.path(), &args);
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        assert!(!ran.stdout.contains("canary"), "{}", ran.stdout);
        assert!(ran.stdout.contains("?token") && ran.stdout.contains("hidden values differ"));
    }
    let ran = cli(dir.path(), &["diff", "hooks.ndjson:1", "hooks.ndjson:5"]);
    assert!(
        ran.stdout.contains(r#"+ "\u001b[31mred\u{202e}""#),
        "{}",
        ran.stdout
    );
}

#[test]
fn colour_adds_nothing_that_the_signs_do_not_say() {
    let dir = recording();
    let args = ["diff", "hooks.ndjson:1", "hooks.ndjson:4", "--color"];
    let colored = cli(dir.path(), &[&args[..], &["always"]].concat()).stdout;
    let plain = cli(dir.path(), &[&args[..], &["never"]].concat()).stdout;
    assert!(colored.contains("\u{1b}[31m- hooks") && colored.contains("\u{1b}[32m+ hooks"));
    let mut stripped = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped += before;
        rest = after.split_once('m').unwrap().1;
    }
    assert_eq!(stripped + rest, plain);
}

#[test]
fn two_deliveries_can_be_selected() {
    let dir = recording();
    for (args, sides) in [
        (&["hooks.ndjson", "-e", "bounce", "--last", "2"][..], (4, 5)),
        (&["hooks.ndjson:1-2"], (1, 2)),
        (
            &[
                "hooks.ndjson",
                "--recipient",
                "ada@example.com",
                "--skip",
                "1",
                "--limit",
                "2",
            ],
            (2, 3),
        ),
        (&["hooks.ndjson", "hooks.ndjson", "--last", "1"], (5, 5)),
    ] {
        let ran = cli(dir.path(), &[&["diff", "--json"], args].concat());
        let last = ran
            .lines()
            .pop()
            .unwrap_or_else(|| panic!("{}", ran.stderr));
        let address = |line: i32| format!("hooks.ndjson:{line}");
        assert_eq!(
            (&last["a"], &last["b"]),
            (&json!(address(sides.0)), &json!(address(sides.1)))
        );
    }
}

#[test]
fn an_address_that_means_none_or_several_is_an_error_that_names_candidates() {
    let dir = recording();
    fs::write(dir.path().join("empty.ndjson"), "").unwrap();
    for (args, code, words) in [
        (
            &["hooks.ndjson", "hooks.ndjson:1"][..],
            2,
            "`hooks.ndjson` holds 5 deliveries, and one is compared\n hint: name one of `hooks.ndjson:1` (bounce, ada@example.com), `hooks.ndjson:2`",
        ),
        (
            &["hooks.ndjson"],
            2,
            "`hooks.ndjson` holds 5 deliveries, and two are compared",
        ),
        (
            &["hooks.ndjson:1"],
            2,
            "webhook-cli diff hooks.ndjson:1 --example",
        ),
        (
            &["hooks.ndjson", "-e", "bounce"],
            2,
            "4 deliveries of `hooks.ndjson` selected",
        ),
        (
            &["hooks.ndjson", "-e", "click"],
            2,
            "5 deliveries read, and none matches in `hooks.ndjson`",
        ),
        (
            &["hooks.ndjson:9", "hooks.ndjson:1"],
            3,
            "`hooks.ndjson` has 5 deliveries",
        ),
        (
            &["hooks.ndjson:01AAAA", "hooks.ndjson:1"],
            3,
            "2 deliveries of `hooks.ndjson` have an id",
        ),
        (
            &["empty.ndjson", "hooks.ndjson:1"],
            3,
            "no deliveries in `empty.ndjson`",
        ),
        (
            &["none.json", "hooks.ndjson:1"],
            3,
            "`none.json` does not exist",
        ),
        (
            &["hooks.ndjson:1", "hooks.ndjson:2", "--example"],
            2,
            "cannot be used with",
        ),
    ] {
        let ran = cli(dir.path(), &[&["diff"], args].concat());
        assert_eq!(ran.status, code, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{args:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{args:?}: {}", ran.stdout);
    }
}

#[test]
fn a_delivery_is_compared_with_its_example_by_members_and_types() {
    let dir = recording();
    let json = json!([["content-type", "application/json"]]);
    let odd = json!({
        "event": "bounce", "timestamp": "2026-01-02T00:00:09Z", "email": 7, "tls": null,
        "category": {"name": "canary"}, "plan": "canary",
    });
    fs::write(dir.path().join("odd.ndjson"), line("01DDDD6", &json, &odd)).unwrap();
    let ran = cli(dir.path(), &["diff", "odd.ndjson", "--example"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    for told in [
        "+ example of sendgrid bounce\n",
        "  /[]/timestamp\n  - text (RFC 3339)\n  + number (Unix seconds)\n",
        "  /[]/email\n  - number\n  + text\n",
        "  /[]/category\n  - object\n  + list or text\n",
        "  + /[]/ip  text\n",
    ] {
        let told_other = told.replace("list or text", "list");
        assert!(
            ran.stdout.contains(told) || ran.stdout.contains(&told_other),
            "{told}: {}",
            ran.stdout
        );
    }
    // It is custom data, and a value is never printed.
    assert!(
        !ran.stdout.contains("plan") && !ran.stdout.contains("canary"),
        "{}",
        ran.stdout
    );
    fs::write(dir.path().join("mine.json"), "{\"a\":1}").unwrap();
    let ran = cli(dir.path(), &["diff", "mine.json", "--example"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr
            .contains("the provider of `mine.json` is not known"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_compressed_body_is_compared_by_place() {
    let dir = tempfile::tempdir().unwrap();
    let packed = |name: &str, body: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(body).unwrap();
        let body = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            gzip.finish().unwrap(),
        );
        let fixture = json!({"fixture": 1, "request": {
            "headers": [["content-encoding", "gzip"]], "base64": body,
        }});
        fs::write(dir.path().join(name), fixture.to_string()).unwrap();
    };
    packed("a.json", b"{\"a\":1}");
    packed("b.json", b"{\"a\":2}");
    let ran = cli(dir.path(), &["diff", "a.json", "b.json"]);
    assert!(
        ran.stdout.contains("  /a\n  - 1\n  + 2\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn huge_bodies_are_compared_in_bounded_space() {
    let dir = tempfile::tempdir().unwrap();
    let text = |word: &str| {
        let body = format!("{word}\n").repeat(1_000_000);
        json!({"fixture": 1, "request": {"headers": [["content-type", "text/plain"]], "text": body}})
    };
    fs::write(dir.path().join("a.json"), text("one").to_string()).unwrap();
    fs::write(dir.path().join("b.json"), text("two").to_string()).unwrap();
    let ran = cli(dir.path(), &["diff", "a.json", "b.json"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(ran.stdout.len() < 100_000 && ran.stdout.contains("… (cut)"));
}

/// Event of `send`, signed with the test key.
fn sent(provider: &'static Provider, row: &'static EventDef, seed: u64, at: Timestamp) -> Delivery {
    let template = Template::new(provider, row, None).unwrap();
    let rng = &mut Rng::seeded(seed);
    let (mut delivery, _) = template.fill(&Overrides::default(), at, rng);
    let keys = Keys::new(&Keyring::default(), None).unwrap();
    let scheme = providers::signing_scheme(provider, &delivery);
    if let (Some(scheme), Some(key)) = (scheme, keys.test(provider)) {
        let mut context = SigningContext {
            at,
            url: "https://hooks.example.com/webhooks",
            rng,
        };
        providers::sign(provider, scheme, &mut delivery, key, &mut context).unwrap();
    }
    delivery
}

fn rows() -> impl Iterator<Item = (&'static Provider, &'static EventDef)> {
    let all = ALL
        .iter()
        .flat_map(|provider| provider.events.iter().map(|row| (*provider, row)));
    all.filter(|(_, row)| !row.example.is_empty())
}

fn compared(provider: &'static Provider, left: &Delivery, right: &Delivery) -> Comparison {
    let mut expected = Expected::new();
    expected.add(provider, left);
    expected.add(provider, right);
    let receipts = [left, right].map(|it| providers::outline(it, Some(provider)));
    let subject = |delivery, at: usize| Subject {
        delivery,
        content: Content::of(delivery),
        provider: receipts[at].provider,
        events: &receipts[at].events,
    };
    let rules = Rules {
        header: &|name| expected.has_header(name),
        body: &|place| expected.has_place(place),
    };
    compare(&subject(left, 0), &subject(right, 1), &rules, false)
}

#[test]
fn two_events_of_a_kind_from_send_differ_in_ids_times_and_signatures_alone() {
    let (one, other) = ("2026-01-02T03:04:05.678901Z", "2026-10-21T23:59:58.012345Z");
    let (mut count, mut left_out) = (0, 0);
    for (provider, row) in rows() {
        let left = sent(provider, row, 1, one.parse().unwrap());
        let right = sent(provider, row, 2, other.parse().unwrap());
        let found = compared(provider, &left, &right);
        assert!(
            found.differences.is_empty(),
            "{} {}: {:#?}",
            provider.name,
            row.native,
            found.differences
        );
        count += 1;
        left_out += found.left_out;
    }
    assert!(count > 400 && left_out > 4 * count, "{count} {left_out}");
}

#[test]
fn an_event_from_send_is_like_its_example() {
    for (provider, row) in rows() {
        let delivery = sent(provider, row, 7, "2026-01-02T03:04:05.6Z".parse().unwrap());
        let shape = shape_of(provider).unwrap();
        for observed in shape.observe(&delivery) {
            let name = format!("{} {}", provider.name, row.native);
            assert!(
                observed.deviations.is_empty(),
                "{name}: {:?}",
                observed.deviations
            );
            let missing = observed.row.map(|row| shape.missing(row, &observed.seen));
            assert_eq!(missing.unwrap_or_default(), [], "{name}");
        }
    }
}

/// Calls `change` for each object in a value, one at a time, and gives the whole.
fn for_each_object(value: &Value, change: &dyn Fn(&mut Value), take: &mut dyn FnMut(Value)) {
    fn pointers(value: &Value, here: String, all: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                all.push(here.clone());
                for (name, value) in members {
                    let step = name.replace('~', "~0").replace('/', "~1");
                    pointers(value, format!("{here}/{step}"), all);
                }
            }
            Value::Array(values) => {
                for (at, value) in values.iter().enumerate() {
                    pointers(value, format!("{here}/{at}"), all);
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    pointers(value, String::new(), &mut all);
    for pointer in all {
        let mut changed = value.clone();
        change(changed.pointer_mut(&pointer).unwrap());
        take(changed);
    }
}

#[test]
fn a_member_that_no_example_has_is_noticed_wherever_it_is() {
    let (mut unknown, mut custom, mut silent) = (0, 0, Vec::new());
    for (provider, row) in rows() {
        let delivery = Fixture::read(row.example.as_bytes()).unwrap().delivery;
        let Ok(body) = serde_json::from_slice::<Value>(&delivery.body) else {
            continue;
        };
        let shape = shape_of(provider).unwrap();
        let add = |object: &mut Value| {
            object
                .as_object_mut()
                .unwrap()
                .insert("zz_new".into(), json!(true));
        };
        for_each_object(&body, &add, &mut |body| {
            let mut changed = delivery.clone();
            changed.body = body.to_string().into();
            let all = shape.observe(&changed);
            let mut found = all.iter().flat_map(|it| &it.deviations);
            match found
                .find(|it| it.place.ends_with("/zz_new"))
                .map(|it| &it.what)
            {
                Some(What::Unknown(came)) if came == "boolean" => unknown += 1,
                Some(What::Custom) => custom += 1,
                _ => silent.push(format!("{} {}", provider.name, row.native)),
            }
        });
    }
    assert!(unknown > 1000 && custom > 100, "{unknown} {custom}");
    // Where the event itself is no longer found, there is nothing to compare.
    assert!(silent.len() * 20 < unknown, "{unknown} {silent:?}");
}

#[test]
fn the_help_fits_a_screen() {
    for command in ["diff", "drift"] {
        let out = webhook_cli()
            .args([command, "-h"])
            .env("COLUMNS", "80")
            .output()
            .unwrap();
        let help = Ran::of(out).success().stdout;
        assert!(help.lines().count() <= 45, "{help}");
    }
}
