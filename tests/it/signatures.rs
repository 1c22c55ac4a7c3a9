//! What a verifier must take and what it must refuse: for Standard Webhooks in every detail, and for every scheme of the
//! registry as far as it applies.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderValue;
use webhook_cli::providers;
use webhook_cli::providers::{Keys, Provider, Template, Wish};
use webhook_cli::webhook::{
    Algorithm, Chance, Delivery, Document, Encoding, Judge, Key, KeyForm, Keyring, Part, Place,
    Recipe, Seal, Secret, TimeForm, Verdict,
};

const URL: &str = "https://hooks.example.com/in";
const SECRET: &str = "whsec_XeKGWu8V55i53lCi4Ghgs8jH/3FORvxQcqhqrYpyid0=";
const NOW: i64 = 1_767_312_059;

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(second).unwrap()
}

fn judge(now: i64) -> Judge {
    Judge {
        now: at(now),
        tolerance: None,
        public_url: Some(URL.into()),
        topics: Vec::new(),
    }
}

/// Standard Webhooks, by hand.
fn webhook(id: &str, time: &str, signature: &str, body: &[u8]) -> Delivery {
    let fields = [
        ("webhook-id", id),
        ("webhook-timestamp", time),
        ("webhook-signature", signature),
    ];
    Delivery {
        method: http::Method::POST,
        path: "/in".parse().unwrap(),
        headers: fields
            .iter()
            .filter(|(_, value)| *value != "(missing)")
            .map(|(name, value)| {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                (name.parse().unwrap(), value)
            })
            .collect(),
        body: body.to_vec().into(),
    }
}

fn hmac(secret: &[u8], id: &str, time: &str, body: &[u8]) -> Vec<u8> {
    use hmac::{KeyInit, Mac};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
    mac.update(&[format!("{id}.{time}.").as_bytes(), body].concat());
    mac.finalize().into_bytes().to_vec()
}

fn key_bytes(secret: &str) -> Vec<u8> {
    STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap()
}

fn verdict(delivery: &Delivery, secrets: &[&str], judge: &Judge) -> (Verdict, String) {
    let provider = providers::find("standard-webhooks").unwrap();
    let secrets = secrets
        .iter()
        .map(|text| (Some("standard-webhooks".to_owned()), Secret::new(*text)));
    let keys = Keys::new(&Keyring::new(secrets.collect()), None).unwrap();
    let signature = providers::read(delivery, Some(provider), &keys, judge).signature;
    (signature.verdict, signature.reason.unwrap_or_default())
}

#[test]
fn what_is_signed_is_taken_whatever_its_bytes_are_and_however_many_sign() {
    let time = NOW.to_string();
    let v1 = |secret: &str, body: &[u8]| {
        format!(
            "v1,{}",
            STANDARD.encode(hmac(&key_bytes(secret), "msg_1", &time, body))
        )
    };
    let other = "whsec_b3RoZXIgc2VjcmV0IG9mIHNpeHRlZW4=";
    for body in [
        &b"{}"[..],
        b"",
        b"\x00\xff\xfe binary",
        b"\xc3\x28",
        b"{}\r\n",
        b" {} \n",
    ] {
        let good = v1(SECRET, body);
        for (signature, secrets) in [
            (good.clone(), &[SECRET][..]),
            (good.clone(), &[other, SECRET]),
            (format!("{} {good}", v1(other, body)), &[SECRET]),
            (format!("v2,abc {good} v1a,AAAA"), &[SECRET]),
            (format!("  {good}  v1,  v1"), &[SECRET]),
            (good.clone(), &[SECRET.strip_prefix("whsec_").unwrap()]),
            (good.clone(), &[SECRET.trim_end_matches('=')]),
        ] {
            let delivery = webhook("msg_1", &time, &signature, body);
            let said = verdict(&delivery, secrets, &judge(NOW));
            assert_eq!(said.0, Verdict::Verified, "{signature}: {}", said.1);
        }
    }
}

#[test]
fn what_only_looks_like_a_signature_is_refused() {
    let time = NOW.to_string();
    let body = b"{\"a\":1}";
    let bytes = hmac(&key_bytes(SECRET), "msg_1", &time, body);
    let v1 = |bytes: &[u8]| format!("v1,{}", STANDARD.encode(bytes));
    let good = v1(&bytes);
    let secret = key_bytes(SECRET);
    let swapped: String = good
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    let many = format!("{good} {}", vec!["v1,AAAA"; 1999].join(" "));
    let last = format!("{} {good}", vec!["v1,AAAA"; 1999].join(" "));
    for signature in [
        "v1,",
        ",",
        "",
        "v1",
        "v1,=",
        "v1, ",
        &v1(&bytes[..1]),
        &v1(&bytes[..31]),
        &v1(&[&bytes[..], b"\0"].concat()),
        &v1(&[&b"\0"[..], &bytes].concat()),
        &format!("v1,{}", hex::encode(&bytes)),
        &format!("v1,{}", STANDARD.encode(hex::encode(&bytes))),
        &swapped,
        &good.replace("v1,", "V1,"),
        &good.replace("v1,", "v1a,"),
        &good.replace("v1,", "v2,"),
        &good.replace("v1,", "v1="),
        &good.replace("v1,", ""),
        &format!("{good},junk"),
        &good.replace('=', ""),
        &format!("v1,{}", URL_SAFE_NO_PAD.encode(&bytes)),
        &v1(&hmac(b"", "msg_1", &time, body)),
        &v1(&hmac(SECRET.as_bytes(), "msg_1", &time, body)),
        &v1(&hmac(
            SECRET.strip_prefix("whsec_").unwrap().as_bytes(),
            "msg_1",
            &time,
            body,
        )),
        &v1(&hmac(&secret, "msg_1", &time, b"{\"a\":1} ")),
        &v1(&hmac(&secret, "msg_2", &time, body)),
        &many,
        &last,
        "(missing)",
    ] {
        let delivery = webhook("msg_1", &time, signature, body);
        let (said, reason) = verdict(&delivery, &[SECRET], &judge(NOW));
        assert_eq!(said, Verdict::Refused, "{signature}");
        // Neither what was wanted nor the secret is ever told.
        assert!(!reason.contains(&STANDARD.encode(&bytes)) && !reason.contains(&SECRET[6..]));
        assert!(!reason.is_empty());
    }
    let with = |name: &str, value: &str| {
        let mut delivery = webhook("msg_1", &time, &good, body);
        delivery
            .headers
            .push(name.parse().unwrap(), value.parse().unwrap());
        delivery
    };
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut delivery = with("x-other", "1");
        assert_eq!(
            verdict(&delivery, &[SECRET], &judge(NOW)).0,
            Verdict::Verified
        );
        let twice = delivery.headers.text(name).unwrap().to_owned();
        let doubled = with(name, &twice);
        assert_eq!(
            verdict(&doubled, &[SECRET], &judge(NOW)).0,
            Verdict::Refused,
            "{name} twice"
        );
        delivery.headers.remove(name);
        assert_eq!(
            verdict(&delivery, &[SECRET], &judge(NOW)).0,
            Verdict::Refused,
            "no {name}"
        );
    }
}

#[test]
fn an_id_cannot_be_cut_at_another_dot() {
    let secret = key_bytes(SECRET);
    let (first, second) = (NOW.to_string(), (NOW + 1).to_string());
    // Signed: `m.1767312059.1767312060.{}`, as a body that begins with digits and a dot.
    let body = format!("{second}.{{}}");
    let signature = format!(
        "v1,{}",
        STANDARD.encode(hmac(&secret, "m", &first, body.as_bytes()))
    );
    let honest = webhook("m", &first, &signature, body.as_bytes());
    assert_eq!(
        verdict(&honest, &[SECRET], &judge(NOW)).0,
        Verdict::Verified
    );
    let moved = webhook(&format!("m.{first}"), &second, &signature, b"{}");
    let (said, reason) = verdict(&moved, &[SECRET], &judge(NOW));
    assert_eq!(
        (said, reason.contains("holds a `.`")),
        (Verdict::Refused, true)
    );
    let signature = format!("v1,{}", STANDARD.encode(hmac(&secret, "", &first, b"{}")));
    let empty = webhook("", &first, &signature, b"{}");
    assert_eq!(verdict(&empty, &[SECRET], &judge(NOW)).0, Verdict::Refused);
}

#[test]
fn a_timestamp_is_plain_digits_and_within_the_tolerance_to_the_second() {
    let secret = key_bytes(SECRET);
    let said = |time: &str, now: i64, tolerance: Option<u64>| {
        let signature = format!(
            "v1,{}",
            STANDARD.encode(hmac(&secret, "msg_1", time, b"{}"))
        );
        let delivery = webhook("msg_1", time, &signature, b"{}");
        let judge = Judge {
            tolerance: tolerance.map(std::time::Duration::from_secs),
            ..judge(now)
        };
        verdict(&delivery, &[SECRET], &judge).0
    };
    let of = |offset: i64| said(&(NOW + offset).to_string(), NOW, None);
    for (offset, holds) in [
        (0, true),
        (-300, true),
        (300, true),
        (-301, false),
        (301, false),
        (-360, false),
        (360, false),
    ] {
        assert_eq!(of(offset) == Verdict::Verified, holds, "{offset}");
    }
    for (tolerance, offset, holds) in [
        (0, 0, true),
        (0, 1, false),
        (0, -1, false),
        (10, -10, true),
        (10, -11, false),
        (86_400, 86_400, true),
        (86_400, 86_401, false),
        (u64::MAX, -1_000_000_000, true),
    ] {
        let time = (NOW + offset).to_string();
        assert_eq!(
            said(&time, NOW, Some(tolerance)) == Verdict::Verified,
            holds,
            "{tolerance} {offset}"
        );
    }
    let good = NOW.to_string();
    let arabic: String = good
        .chars()
        .map(|c| char::from_u32('٠' as u32 + c as u32 - '0' as u32).unwrap())
        .collect();
    let wide: String = good
        .chars()
        .map(|c| char::from_u32('０' as u32 + c as u32 - '0' as u32).unwrap())
        .collect();
    for time in [
        "0",
        "-1",
        "1",
        "now",
        "",
        &format!("+{good}"),
        &format!("-{good}"),
        &format!("{good}.0"),
        &format!("{good}.5"),
        &format!("{good}e0"),
        &format!("0x{:x}", NOW),
        &format!("{good}000"),
        &format!("{good},"),
        &arabic,
        &wide,
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999999999999999",
        "NaN",
        "inf",
        "2026-01-02T00:00:59Z",
    ] {
        for tolerance in [None, Some(300)] {
            assert_eq!(said(time, NOW, tolerance), Verdict::Refused, "{time}");
        }
    }
    // The clock itself may be anywhere.
    for now in [0, -1, 253_402_200_000] {
        assert_eq!(said(&good, now, None), Verdict::Refused);
    }
}

/// Every scheme that computes something, with a delivery that it signs.
fn schemes() -> Vec<(&'static Provider, &'static Recipe, Delivery, Key)> {
    let mut all = Vec::new();
    for provider in providers::everyone() {
        for scheme in provider.schemes.iter().copied() {
            if scheme.algorithm == Algorithm::Credentials {
                continue;
            }
            let mut chance = Chance::seeded(5);
            let row = provider
                .rows
                .iter()
                .find(|row| row.example.contains("\"POST\""));
            let mut delivery = match row {
                Some(row) => {
                    Template::new(provider, row, None)
                        .unwrap()
                        .fill(&Wish::default(), at(NOW), &mut chance)
                        .0
                }
                None => webhook("(missing)", "(missing)", "(missing)", b"a=1&b=2"),
            };
            delivery.path = "/in".parse().unwrap();
            if row.is_none() {
                delivery.headers.push(
                    http::header::CONTENT_TYPE,
                    HeaderValue::from_static("application/x-www-form-urlencoded"),
                );
            }
            let key = scheme.key.key(&Secret::new(provider.test_secret)).unwrap();
            let seal = &mut Seal {
                at: at(NOW),
                url: URL,
                chance: &mut chance,
            };
            if scheme.sign(&mut delivery, &key, seal).is_ok() {
                all.push((provider, scheme, delivery, key));
            }
        }
    }
    assert!(all.len() > 18, "{}", all.len());
    all
}

fn says(scheme: &Recipe, delivery: &Delivery, key: &Key, judge: &Judge) -> (Verdict, String) {
    let document = Document::of(delivery).ok();
    let keys = std::slice::from_ref(key);
    let signature = scheme.verify(delivery, document.as_ref(), keys, || None, judge);
    (signature.verdict, signature.reason.unwrap_or_default())
}

fn read(place: Place, delivery: &Delivery) -> Option<String> {
    let document = Document::of(delivery).unwrap();
    place
        .read(delivery, Some(&document))
        .unwrap()
        .map(Into::into)
}

fn with(place: Place, delivery: &Delivery, text: &str) -> Option<Delivery> {
    let mut changed = delivery.clone();
    place.write(&mut changed, text).ok()?;
    Some(changed)
}

/// What stands before the digits of a signature, these, and how they are written.
fn taken_apart(encoding: Encoding, text: &str) -> (String, Vec<u8>, Encoding) {
    match encoding {
        Encoding::Hex | Encoding::AnyHex => (String::new(), hex::decode(text).unwrap(), encoding),
        Encoding::Text => (String::new(), text.as_bytes().to_vec(), encoding),
        Encoding::Base64 => (String::new(), STANDARD.decode(text).unwrap(), encoding),
        Encoding::Base64Url => (
            String::new(),
            URL_SAFE_NO_PAD.decode(text).unwrap(),
            encoding,
        ),
        Encoding::Versioned => {
            let (version, base64) = text.split_once(',').unwrap();
            (
                format!("{version},"),
                STANDARD.decode(base64).unwrap(),
                Encoding::Base64,
            )
        }
        Encoding::After(prefix, inner) => {
            let (more, bytes, plain) = taken_apart(*inner, text.strip_prefix(prefix).unwrap());
            (format!("{prefix}{more}"), bytes, plain)
        }
        Encoding::Listed(inner) => taken_apart(*inner, text),
    }
}

fn written(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        Encoding::Hex | Encoding::AnyHex => hex::encode(bytes),
        Encoding::Text => String::from_utf8_lossy(bytes).into_owned(),
        Encoding::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
        _ => STANDARD.encode(bytes),
    }
}

#[test]
fn no_scheme_takes_a_part_of_a_signature_or_another_spelling_of_it() {
    for (provider, scheme, delivery, key) in schemes() {
        let label = format!("{} {}", provider.name, scheme.name);
        let now = judge(NOW);
        let said = says(scheme, &delivery, &key, &now);
        if scheme.guard.is_some() && said.0 == Verdict::Refused {
            // An older version does not count where a newer one is meant.
            continue;
        }
        assert_eq!(said.0, Verdict::Verified, "{label}: {}", said.1);
        let text = read(scheme.signature, &delivery).unwrap();
        let (prefix, bytes, plain) = taken_apart(scheme.encoding, &text);
        let write = |bytes: &[u8]| format!("{prefix}{}", written(plain, bytes));
        assert_eq!(write(&bytes), text, "{label}");
        let mut flipped = bytes.clone();
        flipped[0] ^= 1;
        let mut end = bytes.clone();
        *end.last_mut().unwrap() ^= 0x80;
        let mut odd = vec![
            String::new(),
            ",".to_owned(),
            prefix.clone(),
            format!("{prefix},"),
            write(&bytes[..1]),
            write(&bytes[..bytes.len() - 1]),
            write(&bytes[1..]),
            write(&[&bytes[..], b"\0"].concat()),
            write(&flipped),
            write(&end),
            write(&vec![0; bytes.len()]),
            format!("{text}{text}"),
            format!("x{text}"),
            format!("{text}!"),
        ];
        match plain {
            Encoding::Hex => {
                odd.push(format!("{prefix}{}", hex::encode_upper(&bytes)));
                odd.push(format!("{prefix}{}", STANDARD.encode(&bytes)));
            }
            Encoding::AnyHex => odd.push(format!("{prefix}{}", STANDARD.encode(&bytes))),
            _ => odd.push(format!("{prefix}{}", hex::encode(&bytes))),
        }
        if !prefix.is_empty() {
            odd.push(text.strip_prefix(&prefix).unwrap().to_owned());
            odd.push(format!(
                "{}{}",
                prefix.to_ascii_uppercase(),
                written(plain, &bytes)
            ));
        }
        let separator = match scheme.encoding {
            Encoding::Versioned => " ",
            _ => ",",
        };
        odd.push(vec![write(&flipped).as_str(); 2000].join(separator));
        odd.push(format!(
            "{}{separator}{text}",
            vec![write(&flipped).as_str(); 1999].join(separator)
        ));
        for odd in odd {
            let Some(changed) = with(scheme.signature, &delivery, &odd) else {
                continue;
            };
            let (said, reason) = says(scheme, &changed, &key, &now);
            assert_eq!(
                said,
                Verdict::Refused,
                "{label}: `{}`",
                odd.get(..200).unwrap_or(&odd)
            );
            assert!(
                !reason.contains(&written(plain, &bytes)),
                "{label}: {reason}"
            );
        }
        if let Place::Header(name) | Place::Item(name, _) = scheme.signature {
            let mut twice = delivery.clone();
            let value = twice.headers.get(name).unwrap().clone();
            twice.headers.push(name.parse().unwrap(), value);
            assert_eq!(
                says(scheme, &twice, &key, &now).0,
                Verdict::Refused,
                "{label} twice"
            );
            let mut none = delivery.clone();
            none.headers.remove(name);
            assert_eq!(
                says(scheme, &none, &key, &now).0,
                Verdict::Refused,
                "{label} missing"
            );
        }
    }
}

#[test]
fn no_scheme_takes_another_key_or_another_body() {
    for (provider, scheme, delivery, key) in schemes() {
        let label = format!("{} {}", provider.name, scheme.name);
        let now = judge(NOW);
        if says(scheme, &delivery, &key, &now).0 != Verdict::Verified {
            continue;
        }
        let keys: Vec<Key> = match &key {
            Key::Shared(bytes) => vec![
                Key::Shared(Vec::new()),
                Key::Shared(bytes[..bytes.len() - 1].to_vec()),
                Key::Shared([bytes, &b"x"[..]].concat()),
                Key::Shared(STANDARD.encode(bytes).into_bytes()),
                Key::Shared(hex::encode(bytes).into_bytes()),
            ],
            // A key of another sort verifies nothing, least of all a public one as if it were shared.
            _ => vec![
                Key::Shared(provider.test_public.as_bytes().to_vec()),
                KeyForm::Whsec.key(&Secret::new(SECRET)).unwrap(),
            ],
        };
        for other in keys {
            assert_eq!(
                says(scheme, &delivery, &other, &now).0,
                Verdict::Refused,
                "{label}"
            );
        }
        for text in ["", " ", "\n"] {
            assert!(scheme.key.key(&Secret::new(text)).is_none(), "{label}");
        }
        let covers = scheme
            .signed
            .iter()
            .any(|part| matches!(part, Part::Body | Part::BodyAround(_)));
        if covers || scheme.name == "rfc9421" {
            for body in [
                [&delivery.body[..], b" "].concat(),
                [&b" "[..], &delivery.body].concat(),
            ] {
                let changed = Delivery {
                    body: body.into(),
                    ..delivery.clone()
                };
                assert_eq!(
                    says(scheme, &changed, &key, &now).0,
                    Verdict::Refused,
                    "{label}"
                );
            }
        }
    }
}

#[test]
fn every_scheme_with_a_time_keeps_to_it() {
    let mut timed = 0;
    for (provider, scheme, delivery, key) in schemes() {
        let label = format!("{} {}", provider.name, scheme.name);
        let Some((place, form)) = scheme.signed_time() else {
            continue;
        };
        if says(scheme, &delivery, &key, &judge(NOW)).0 != Verdict::Verified {
            continue;
        }
        timed += 1;
        let allowed = i64::try_from(scheme.tolerance).unwrap();
        let any_age = matches!(place, Place::Own(_));
        let both_ways = !matches!(form, TimeForm::AgeOnly(_) | TimeForm::IfAny(_));
        for (offset, holds) in [
            (0, true),
            (allowed, true),
            (allowed + 1, false),
            (-allowed, true),
            (-allowed - 1, !both_ways),
        ] {
            if any_age {
                continue;
            }
            let said = says(scheme, &delivery, &key, &judge(NOW + offset));
            assert_eq!(
                said.0 == Verdict::Verified,
                holds,
                "{label} {offset}: {}",
                said.1
            );
        }
        let good = read(place, &delivery).unwrap();
        for time in [
            "0",
            "-1",
            "",
            "now",
            "9223372036854775807",
            "18446744073709551616",
            "NaN",
            &format!("+{good}"),
            &format!("{good}x"),
            &format!("{good}0000"),
        ] {
            let Some(mut changed) = with(place, &delivery, time) else {
                continue;
            };
            // As somebody would sign it who has the key.
            let document = Document::of(&changed).ok();
            let Ok(message) = scheme.message(&changed, document.as_ref(), URL) else {
                continue;
            };
            if let Ok(bytes) =
                scheme
                    .algorithm
                    .compute(&key, &message, document.as_ref(), scheme.key)
            {
                let old = read(scheme.signature, &changed).unwrap();
                let (prefix, _, plain) = taken_apart(scheme.encoding, &old);
                let text = format!("{prefix}{}", written(plain, &bytes));
                changed = with(scheme.signature, &changed, &text).unwrap();
            }
            let said = says(scheme, &changed, &key, &judge(NOW));
            // What only limits the age takes the far future.
            let far = !both_ways && time.len() > 10;
            assert!(said.0 == Verdict::Refused || far, "{label}: `{time}`");
        }
    }
    assert!(timed >= 7, "{timed}");
}

/// A vector of a provider that departs from Standard Webhooks.
fn departing(provider: &str, name: &str) -> (Delivery, String, i64) {
    let path = format!(
        "{}/tests/vectors/{provider}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let all: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = all["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["name"] == name).unwrap();
    let header = |name: &str| case["headers"][name].as_str().unwrap_or("(missing)");
    let delivery = webhook(
        header("webhook-id"),
        header("webhook-timestamp"),
        header("webhook-signature"),
        case["body"].as_str().unwrap().as_bytes(),
    );
    let secret = all["secrets"][case["key"].as_str().unwrap()]
        .as_str()
        .unwrap();
    (delivery, secret.to_owned(), case["now"].as_i64().unwrap())
}

#[test]
fn what_departs_from_standard_webhooks_verifies_under_its_name_and_says_so() {
    for (provider, name, says) in [
        ("ahasend", "valid", "as AhaSend uses it"),
        ("ahasend", "valid_utf8_escaped_slash_newline", "as AhaSend"),
        ("ahasend", "at_past_tolerance", "as AhaSend uses it"),
        ("sweego", "published", "as Sweego writes it"),
        ("sweego", "valid", "as Sweego writes it"),
    ] {
        let (delivery, secret, now) = departing(provider, name);
        let label = format!("{provider} {name}");
        let (said, reason) = verdict(&delivery, &[&secret], &judge(now));
        assert_eq!(said, Verdict::Verified, "{label}: {reason}");
        assert!(reason.contains(says), "{label}: {reason}");
        // The number of the key is that of the secret.
        let secrets = ["other text!", SECRET, &secret].map(|text| {
            let limit = Some("standard-webhooks".to_owned());
            (limit, Secret::new(text))
        });
        let keys = Keys::new(&Keyring::new(secrets.to_vec()), None).unwrap();
        let general = providers::find("standard-webhooks");
        let signature = providers::read(&delivery, general, &keys, &judge(now)).signature;
        assert_eq!(signature.key, Some(2), "{label}");

        let (said, reason) = verdict(&delivery, &[&secret], &judge(now + 3600));
        assert_eq!(said, Verdict::Refused, "{label}");
        assert!(reason.contains(" s old; "), "{label}: {reason}");
        for secret in [SECRET, "other text!"] {
            let (said, _) = verdict(&delivery, &[secret], &judge(now));
            assert_eq!(said, Verdict::Refused, "{label}");
        }
    }
    for (provider, name) in [
        ("ahasend", "tampered_body"),
        ("ahasend", "wrong_key"),
        ("ahasend", "tampered_id"),
        ("ahasend", "missing_id"),
        ("ahasend", "missing_header"),
        ("ahasend", "empty_header"),
        ("sweego", "tampered_body"),
        ("sweego", "truncated_signature"),
        ("sweego", "secret_used_as_text"),
        ("sweego", "missing_timestamp"),
    ] {
        let (delivery, secret, now) = departing(provider, name);
        let said = verdict(&delivery, &[&secret], &judge(now)).0;
        assert_eq!(said, Verdict::Refused, "{provider} {name}");
    }
}

#[test]
fn a_departure_holds_for_the_bodies_of_its_provider_alone() {
    let time = NOW.to_string();
    let said = |body: &str, key: &[u8], version: &str, secret: &str| {
        let body = body.as_bytes();
        let signature = STANDARD.encode(hmac(key, "msg_1", &time, body));
        let delivery = webhook("msg_1", &time, &format!("{version}{signature}"), body);
        verdict(&delivery, &[secret], &judge(NOW))
    };
    let ahasend =
        r#"{"type":"message.opened","timestamp":"2026-01-02T00:00:59Z","data":{"account_id":"a"}}"#;
    let sweego =
        r#"{"event_type":"delivered","swg_uid":"1","channel":"email","transaction_id":"1"}"#;
    let general = r#"{"type":"contact.created","timestamp":"2026-01-02T00:00:59Z","data":{}}"#;
    let base64 = "c2VjcmV0IG9mIHNpeHRlZW4h";
    let decoded = STANDARD.decode(base64).unwrap();
    for (body, key, version, secret, says) in [
        // What looks like base64 is text all the same where AhaSend sends.
        (ahasend, base64.as_bytes(), "v1,", base64, Some("AhaSend")),
        (ahasend, &decoded[..], "v1,", base64, Some("")),
        (general, base64.as_bytes(), "v1,", base64, None),
        (sweego, base64.as_bytes(), "v1,", base64, None),
        (sweego, &decoded, "", base64, Some("Sweego")),
        (sweego, &decoded, "v1,", base64, Some("")),
        (general, &decoded, "", base64, None),
        (ahasend, &decoded, "", base64, None),
        // What is no base64 can only be text.
        (general, b"plain text", "v1,", "plain text", Some("AhaSend")),
        (general, b"plain text", "", "plain text", None),
    ] {
        let (said, reason) = said(body, key, version, secret);
        let label = format!("{body} {version} {secret}: {reason}");
        assert_eq!(said == Verdict::Verified, says.is_some(), "{label}");
        assert!(reason.contains(says.unwrap_or_default()), "{label}");
        assert_eq!(
            says == Some(""),
            said.holds() && reason.is_empty(),
            "{label}"
        );
    }
}

#[test]
fn a_secret_of_a_wrong_form_is_an_error_but_where_its_text_can_be_the_key() {
    let made = |name: Option<&str>, text: &str| {
        let secret = (name.map(str::to_owned), Secret::new(text));
        Keys::new(&Keyring::new(vec![secret]), None)
    };
    let keys = made(Some("standard-webhooks"), "plain text").unwrap();
    assert!(keys.notes()[0].contains("the text of the secret is the key"));
    let keys = made(Some("standard-webhooks"), SECRET).unwrap();
    assert_eq!(keys.notes(), [] as [&str; 0]);
    for name in ["resend", "loops", "generic", "sweego"] {
        assert!(made(Some(name), "plain text").is_err(), "{name}");
    }
    // Copied in part, or public: no text to sign with.
    for text in [
        "whsec_not base64!",
        "whpk_AAAA",
        "-----BEGIN PUBLIC KEY-----",
    ] {
        assert!(made(Some("standard-webhooks"), text).is_err(), "{text}");
        // Given for all, it is nobody's key.
        assert!(made(None, text).is_err(), "{text}");
    }
}
