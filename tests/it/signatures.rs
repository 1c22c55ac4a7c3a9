//! Signatures that must be accepted or rejected: Standard Webhooks in every detail, and every scheme of the registry as
//! far as a case applies to it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderValue;
use webhook_cli::providers;
use webhook_cli::providers::{Keys, Overrides, Provider, Template};
use webhook_cli::webhook::{
    Algorithm, Delivery, Document, Encoding, Key, KeyForm, Keyring, Location, Part, Rng, Scheme,
    Secret, SigningContext, TimestampFormat, Verdict, VerifyOptions,
};

const URL: &str = "https://hooks.example.com/in";
const SECRET: &str = "whsec_XeKGWu8V55i53lCi4Ghgs8jH/3FORvxQcqhqrYpyid0=";
const NOW: i64 = 1_767_312_059;

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(second).unwrap()
}

fn judge(now: i64) -> VerifyOptions {
    VerifyOptions {
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

fn verdict(
    delivery: &Delivery,
    secrets: &[&str],
    verify_options: &VerifyOptions,
) -> (Verdict, String) {
    let provider = providers::find("standard-webhooks").unwrap();
    let secrets = secrets
        .iter()
        .map(|text| (Some("standard-webhooks".to_owned()), Secret::new(*text)));
    let keys = Keys::new(&Keyring::new(secrets.collect()), None).unwrap();
    let signature = providers::read(delivery, Some(provider), &keys, verify_options).signature;
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
        (said, reason.contains("contains `.`")),
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
        let verify_options = VerifyOptions {
            tolerance: tolerance.map(std::time::Duration::from_secs),
            ..judge(now)
        };
        verdict(&delivery, &[SECRET], &verify_options).0
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
fn schemes() -> Vec<(&'static Provider, &'static Scheme, Delivery, Key)> {
    let mut all = Vec::new();
    for provider in providers::everyone() {
        for scheme in provider.schemes.iter().copied() {
            if scheme.algorithm == Algorithm::Credentials {
                continue;
            }
            let mut rng = Rng::seeded(5);
            let row = provider
                .events
                .iter()
                .find(|row| row.example.contains("\"POST\""));
            let mut delivery = match row {
                Some(row) => {
                    Template::new(provider, row, None)
                        .unwrap()
                        .fill(&Overrides::default(), at(NOW), &mut rng)
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
            let seal = &mut SigningContext {
                at: at(NOW),
                url: URL,
                rng: &mut rng,
            };
            if scheme.sign(&mut delivery, &key, seal).is_ok() {
                all.push((provider, scheme, delivery, key));
            }
        }
    }
    assert!(all.len() > 18, "{}", all.len());
    all
}

fn says(
    scheme: &Scheme,
    delivery: &Delivery,
    key: &Key,
    verify_options: &VerifyOptions,
) -> (Verdict, String) {
    let document = Document::of(delivery).ok();
    let keys = std::slice::from_ref(key);
    let signature = scheme.verify(delivery, document.as_ref(), keys, || None, verify_options);
    (signature.verdict, signature.reason.unwrap_or_default())
}

fn read(place: Location, delivery: &Delivery) -> Option<String> {
    let document = Document::of(delivery).unwrap();
    place
        .read(delivery, Some(&document))
        .unwrap()
        .map(Into::into)
}

fn with(place: Location, delivery: &Delivery, text: &str) -> Option<Delivery> {
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
        if let Location::Header(name) | Location::Item(name, _) = scheme.signature {
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
                Key::shared(Vec::new()),
                Key::shared(bytes[..bytes.len() - 1].to_vec()),
                Key::shared([&bytes[..], b"x"].concat()),
                Key::shared(STANDARD.encode(&bytes[..]).into_bytes()),
                Key::shared(hex::encode(&bytes[..]).into_bytes()),
            ],
            // A key of another sort verifies nothing, least of all a public one as if it were shared.
            _ => vec![
                Key::shared(provider.test_public.as_bytes().to_vec()),
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
        let any_age = matches!(place, Location::Own(_));
        let both_ways = !matches!(
            form,
            TimestampFormat::AgeOnly(_) | TimestampFormat::IfAny(_)
        );
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
            if let Ok(bytes) = scheme.algorithm.compute(
                &key,
                &message,
                document.as_ref(),
                scheme.key,
                &Rng::seeded(1),
            ) {
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

/// A scheme that signs the body alone.
fn bare(algorithm: Algorithm, key: KeyForm) -> Scheme {
    Scheme {
        name: "bare",
        algorithm,
        key,
        id: None,
        timestamp: None,
        signed: &[Part::Body],
        signature: Location::Header("x-signature"),
        encoding: Encoding::Base64,
        fresh: &[],
        tolerance: 300,
        uncovered: None,
        guard: None,
    }
}

const MESSAGE: &[u8] = b"{\"event\":\"delivered\"}";

/// Whether the bytes are taken as a signature of the message.
fn takes(algorithm: Algorithm, key: &Key, message: &[u8], signature: &[u8]) -> bool {
    let mut delivery = webhook("(missing)", "(missing)", "(missing)", message);
    delivery.headers.push(
        "x-signature".parse().unwrap(),
        HeaderValue::from_str(&STANDARD.encode(signature)).unwrap(),
    );
    let scheme = bare(algorithm, KeyForm::Any);
    says(&scheme, &delivery, key, &judge(NOW)).0 == Verdict::Verified
}

/// Every bit of a signature and of its message counts.
fn each_bit_counts(algorithm: Algorithm, key: &Key, signature: &[u8]) {
    assert!(takes(algorithm, key, MESSAGE, signature), "{algorithm:?}");
    for at in 0..signature.len() {
        let mut changed = signature.to_vec();
        changed[at] ^= 1 << (at % 8);
        assert!(!takes(algorithm, key, MESSAGE, &changed), "{at}");
    }
    for at in 0..MESSAGE.len() {
        let mut changed = MESSAGE.to_vec();
        changed[at] ^= 1 << (at % 8);
        assert!(!takes(algorithm, key, &changed, signature), "{at}");
    }
}

/// An element of ASN.1 by its tag.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match content.len() {
        0..128 => vec![length[1]],
        128..256 => vec![0x81, length[1]],
        _ => [&[0x82], &length[..]].concat(),
    };
    [&[tag], &length[..], content].concat()
}

/// A signature of these contents of two integers.
fn pair(r: &[u8], s: &[u8]) -> Vec<u8> {
    element(0x30, &[element(2, r), element(2, s)].concat())
}

/// An integer as DER writes it.
fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = &number[zeros.min(number.len() - 1)..];
    match number[0] & 0x80 {
        0 => number.to_vec(),
        _ => [&[0], number].concat(),
    }
}

/// The sum of two numbers of the same length, with the byte that it may need more.
fn sum(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut out: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            carry += u16::from(*a) + u16::from(*b);
            let byte = carry as u8;
            carry >>= 8;
            byte
        })
        .collect();
    out.push(carry as u8);
    out.reverse();
    out
}

const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

#[test]
fn p256_takes_one_spelling_of_a_signature_and_no_number_out_of_its_range() {
    use p256::ecdsa::signature::{Signer, Verifier};
    use p256::ecdsa::{Signature, SigningKey};
    let signer = SigningKey::from_slice(&[7; 32]).unwrap();
    let public = p256_key(&signer.verifying_key().to_sec1_point(false));
    let signature: Signature = signer.sign(MESSAGE);
    let (r, s) = signature.split_bytes();
    let negative = Signature::from_scalars(r, -*signature.s())
        .unwrap()
        .split_bytes()
        .1;
    let (high, low) = match s.as_slice() > negative.as_slice() {
        true => (s, negative),
        false => (negative, s),
    };
    let order = hex::decode(P256_ORDER).unwrap();
    let (zero, one) = (&[0][..], &[1][..]);
    let (ri, si) = (integer(&r), integer(&s));
    let good = pair(&ri, &si);
    let both = [element(2, &ri), element(2, &si)].concat();
    each_bit_counts(Algorithm::EcdsaP256, &public, &good);
    let inside = |more: &[u8]| element(0x30, &[&both, more].concat());
    let cases: Vec<(&str, Vec<u8>, bool)> = vec![
        ("as it was signed", good.clone(), true),
        ("low s", pair(&ri, &integer(&low)), true),
        // The curve's standard allows both halves, and senders use both.
        ("high s", pair(&ri, &integer(&high)), true),
        ("r zero", pair(zero, &si), false),
        ("s zero", pair(&ri, zero), false),
        ("both zero", pair(zero, zero), false),
        ("both one", pair(one, one), false),
        ("r is the order", pair(&integer(&order), &si), false),
        ("s is the order", pair(&ri, &integer(&order)), false),
        (
            "r and the order",
            pair(&integer(&sum(&r, &order)), &si),
            false,
        ),
        (
            "s and the order",
            pair(&ri, &integer(&sum(&s, &order))),
            false,
        ),
        ("r all ones", pair(&integer(&[0xff; 32]), &si), false),
        ("r negative", pair(&[&[0xff], &r[..]].concat(), &si), false),
        ("r minus one", pair(&[0xff], &si), false),
        ("swapped", pair(&si, &ri), false),
        ("r without content", pair(&[], &si), false),
        ("s without content", pair(&ri, &[]), false),
        ("r of a zero more", pair(&[zero, &ri].concat(), &si), false),
        ("s of a zero more", pair(&ri, &[zero, &si].concat()), false),
        ("a byte behind", [&good[..], zero].concat(), false),
        ("two bytes behind", [&good[..], &[5, 0]].concat(), false),
        ("a signature behind", [&good[..], &good].concat(), false),
        ("a byte inside", inside(zero), false),
        ("a null inside", inside(&[5, 0]), false),
        ("a third integer", inside(&element(2, one)), false),
        ("a byte before", [zero, &good].concat(), false),
        ("a byte short", good[..good.len() - 1].to_vec(), false),
        ("nothing", vec![], false),
        ("an empty sequence", vec![0x30, 0], false),
        ("r alone", element(0x30, &element(2, &ri)), false),
        ("a set", element(0x31, &both), false),
        ("no sequence", both.clone(), false),
        (
            "bit strings",
            element(0x30, &[element(3, &ri), element(3, &si)].concat()),
            false,
        ),
        (
            "BER: a length in the long form",
            [&[0x30, 0x81, both.len() as u8], &both[..]].concat(),
            false,
        ),
        (
            "BER: a length in the longer form",
            [&[0x30, 0x82, 0, both.len() as u8], &both[..]].concat(),
            false,
        ),
        (
            "BER: the length of r in the long form",
            element(
                0x30,
                &[&[2, 0x81, ri.len() as u8], &ri[..], &element(2, &si)].concat(),
            ),
            false,
        ),
        (
            "BER: an indefinite length",
            [&[0x30, 0x80], &both[..], &[0, 0]].concat(),
            false,
        ),
        ("side by side", [&r[..], &s].concat(), false),
    ];
    for (label, bytes, taken) in cases {
        assert_eq!(
            takes(Algorithm::EcdsaP256, &public, MESSAGE, &bytes),
            taken,
            "{label}"
        );
        let theirs = Signature::from_der(&bytes)
            .is_ok_and(|given| signer.verifying_key().verify(MESSAGE, &given).is_ok());
        assert_eq!(theirs, taken, "the crate that signs: {label}");
    }
    // Where the first bit of r is set, DER has a zero before it: without it, the number is a negative one.
    let (message, r_set, its_s) = (0..64u8)
        .find_map(|message| {
            let (r, s) = Signer::<Signature>::sign(&signer, &[message]).split_bytes();
            (r[0] & 0x80 != 0).then_some(([message], r, integer(&s)))
        })
        .unwrap();
    let algorithm = Algorithm::EcdsaP256;
    let unsigned = pair(&integer(&r_set), &its_s);
    assert!(takes(algorithm, &public, &message, &unsigned));
    let negative = pair(&r_set, &its_s);
    assert!(!takes(algorithm, &public, &message, &negative));
    assert!(Signature::from_der(&negative).is_err());
    let fixed = [&r[..], &s].concat();
    each_bit_counts(Algorithm::ByKey, &public, &fixed);
    for (label, bytes, taken) in [
        ("high s", [&r[..], &high].concat(), true),
        ("low s", [&r[..], &low].concat(), true),
        ("r zero", [&[0; 32], &s[..]].concat(), false),
        ("s zero", [&r[..], &[0; 32]].concat(), false),
        ("s is the order", [&r[..], &order].concat(), false),
        ("a byte behind", [&fixed[..], zero].concat(), false),
        ("a byte short", fixed[..63].to_vec(), false),
        ("DER", good, false),
    ] {
        assert_eq!(
            takes(Algorithm::ByKey, &public, MESSAGE, &bytes),
            taken,
            "{label}"
        );
    }
}

/// The key of a point, as a dashboard shows it.
fn p256_text(point: &[u8]) -> String {
    let curve = hex::decode("301306072a8648ce3d020106082a8648ce3d030107").unwrap();
    let bits = element(3, &[&[0], point].concat());
    STANDARD.encode(element(0x30, &[curve, bits].concat()))
}

fn p256_key(point: &p256::Sec1Point) -> Key {
    KeyForm::P256
        .key(&Secret::new(p256_text(point.as_bytes())))
        .unwrap()
}

#[test]
fn p256_reads_a_short_point_and_refuses_one_of_another_curve_or_of_none() {
    use p256::ecdsa::signature::Signer;
    use p256::ecdsa::{DerSignature, SigningKey};
    let signer = SigningKey::from_slice(&[7; 32]).unwrap();
    let signature: DerSignature = signer.sign(MESSAGE);
    let long = signer.verifying_key().to_sec1_point(false);
    let short = signer.verifying_key().to_sec1_point(true);
    for point in [&long, &short] {
        let key = p256_key(point);
        assert!(takes(
            Algorithm::EcdsaP256,
            &key,
            MESSAGE,
            signature.as_bytes()
        ));
    }
    let other = SigningKey::from_slice(&[8; 32]).unwrap();
    let other = p256_key(&other.verifying_key().to_sec1_point(false));
    assert!(!takes(
        Algorithm::EcdsaP256,
        &other,
        MESSAGE,
        signature.as_bytes()
    ));
    let mut beside = long.as_bytes().to_vec();
    beside[64] ^= 1;
    for text in [
        p256_text(&beside),
        p256_text(&[0]),
        p256_text(&[]),
        p256_text(&long.as_bytes()[..64]),
        p256_text(&[long.as_bytes(), &[0]].concat()),
        p256_text(&[&[4][..], &[0; 64]].concat()),
        // secp256k1 and P-384.
        "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEo4y57//p/54+2F4XnHMvk3c0L9ucFWyquCoCTji1kncm7g+GE2+kmzIbzif9lpUVDClmiw2+6wp+rZYxuScRWw==".into(),
        "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEZeemvZj23fVuaO61MrnbhIq25pxlORqFWFQQ1QAKlz0aiKNvebRyBkN6uPj3k7Of0tECiwV/AvOPIyutyJg+udZKwvcE01umqXNrdMMKxtHbudr368DH0k5z/x88UBre".into(),
    ] {
        assert!(KeyForm::P256.key(&Secret::new(text.as_str())).is_none(), "{text}");
    }
}

#[test]
fn p256_takes_a_point_whose_coordinate_is_beyond_the_order() {
    use p256::ecdsa::signature::Verifier;
    use p256::ecdsa::{Signature, VerifyingKey};
    use p256::elliptic_curve::ops::Reduce;
    use p256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
    use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
    use sha2::Digest;
    // r is the coordinate less the order: of a small r, the point is the one whose coordinate is r and the order.
    let order = hex::decode(P256_ORDER).unwrap();
    let digest: FieldBytes = sha2::Sha256::digest(MESSAGE);
    let e = <Scalar as Reduce<FieldBytes>>::reduce(&digest);
    let mut seen = 0;
    for small in 1..=40u8 {
        let mut r = [0; 32];
        r[31] = small;
        let x = sum(&r, &order);
        let point = p256::Sec1Point::from_bytes([&[2], &x[1..]].concat()).unwrap();
        let Some(point) = Option::<AffinePoint>::from(AffinePoint::from_sec1_point(&point)) else {
            continue;
        };
        seen += 1;
        let r = Scalar::from(u64::from(small));
        let s = Scalar::from(3u64);
        let public = (ProjectivePoint::from(point) * s - ProjectivePoint::GENERATOR * e)
            * r.invert().unwrap();
        let key = p256_key(&public.to_affine().to_sec1_point(false));
        let theirs = VerifyingKey::from_affine(public.to_affine()).unwrap();
        let given = Signature::from_scalars(r, s).unwrap();
        assert!(theirs.verify(MESSAGE, &given).is_ok(), "{small}");
        assert!(
            takes(Algorithm::EcdsaP256, &key, MESSAGE, &pair(&[small], &[3])),
            "{small}"
        );
        assert!(!takes(
            Algorithm::EcdsaP256,
            &key,
            MESSAGE,
            &pair(&integer(&x[1..]), &[3])
        ));
        assert!(!takes(
            Algorithm::EcdsaP256,
            &key,
            MESSAGE,
            &pair(&[small], &[4])
        ));
    }
    assert!(seen > 5, "{seen}");
}

fn rsa_key(pem: &str) -> (rsa::PrivateKey, Key) {
    let Some(Key::Rsa(Some(private), public)) = KeyForm::Rsa.key(&Secret::new(pem)) else {
        panic!("{pem}")
    };
    (private.key().clone(), Key::Rsa(Some(private), public))
}

const RSA_KEYS: [&str; 3] = [
    include_str!("signatures/rsa-1024.pem"),
    // Its length is no multiple of eight.
    include_str!("signatures/rsa-1028-exponent-3.pem"),
    include_str!("../../fixtures/ses/test-key.pem"),
];

#[test]
fn rsa_signs_with_keys_of_every_size_and_exponent() {
    use rsa::Pkcs1v15Sign;
    use sha2::Digest;
    let sha1 = sha1::Sha1::digest(MESSAGE);
    let sha256 = sha2::Sha256::digest(MESSAGE);
    for pem in RSA_KEYS {
        let (private, key) = rsa_key(pem);
        for (algorithm, wanted) in [
            (
                Algorithm::RsaSha1,
                private.sign(Pkcs1v15Sign::new::<sha1::Sha1>(), &sha1),
            ),
            (
                Algorithm::RsaSha256,
                private.sign(Pkcs1v15Sign::new::<sha2::Sha256>(), &sha256),
            ),
        ] {
            let form = KeyForm::Rsa;
            let given = algorithm.compute(&key, MESSAGE, None, form, &Rng::seeded(1));
            assert_eq!(given.unwrap(), wanted.unwrap(), "{algorithm:?}");
        }
    }
}

#[test]
fn rsa_takes_the_one_padding_and_no_number_beyond_the_modulus() {
    use rsa::pkcs1v15::SigningKey;
    use rsa::signature::SignatureEncoding;
    use rsa::signature::hazmat::PrehashSigner;
    use rsa::traits::PublicKeyParts;
    use sha2::Digest;
    let sha1 = sha1::Sha1::digest(MESSAGE).to_vec();
    let sha256 = sha2::Sha256::digest(MESSAGE).to_vec();
    let prefix1 = hex::decode("3021300906052b0e03021a05000414").unwrap();
    let prefix256 = hex::decode("3031300d060960864801650304020105000420").unwrap();
    // Some senders left the null of the parameters out; the standard does not.
    let no_null1 = hex::decode("301f300706052b0e03021a0414").unwrap();
    let no_null256 = hex::decode("302f300b06096086480165030402010420").unwrap();
    let kinds = [
        (Algorithm::RsaSha1, &prefix1, &sha1, &no_null1),
        (Algorithm::RsaSha256, &prefix256, &sha256, &no_null256),
    ];
    for pem in RSA_KEYS {
        let (private, key) = rsa_key(pem);
        let size = private.size();
        let modulus = private.n_bytes().to_vec();
        let raw = SigningKey::<sha2::Sha256>::new_unprefixed(private.clone());
        // What stands behind the padding.
        let signed = |parts: &[&[u8]]| raw.sign_prehash(&parts.concat()).unwrap().to_vec();
        for (algorithm, prefix, digest, no_null) in &kinds {
            let good = signed(&[prefix, digest]);
            each_bit_counts(*algorithm, &key, &good);
            let (other, other_digest) = match algorithm {
                Algorithm::RsaSha1 => (&prefix256, &sha256),
                _ => (&prefix1, &sha1),
            };
            let mut long_form = vec![0x30, 0x81, prefix[1]];
            long_form.extend(&prefix[2..]);
            let room = size - 11 - prefix.len() - digest.len();
            let mut one = vec![0; size];
            one[size - 1] = 1;
            let mut less = modulus.clone();
            less[size - 1] -= 1;
            let more = sum(&good, &modulus);
            let cases: Vec<(&str, Vec<u8>, bool)> = vec![
                ("as it was signed", good.clone(), true),
                ("the other digest", signed(&[other, other_digest]), false),
                ("the other name", signed(&[other, digest]), false),
                ("no name", signed(&[digest]), false),
                ("no null", signed(&[no_null, digest]), false),
                ("BER: a long length", signed(&[&long_form, digest]), false),
                (
                    "short padding and a rest, as forged where the exponent is 3",
                    signed(&[prefix, digest, &vec![0; room]]),
                    false,
                ),
                (
                    "a byte behind the digest",
                    signed(&[prefix, digest, &[0]]),
                    false,
                ),
                ("a digest cut", signed(&[prefix, &digest[1..]]), false),
                (
                    "padding twice",
                    signed(&[&[0xff, 0], prefix, digest]),
                    false,
                ),
                ("all zero", vec![0; size], false),
                ("one", one, false),
                ("the modulus", modulus.clone(), false),
                ("the modulus less one", less, false),
                ("all ones", vec![0xff; size], false),
                (
                    "the modulus added",
                    match more[0] {
                        0 => more[1..].to_vec(),
                        _ => more,
                    },
                    false,
                ),
                ("a zero before", [&[0], &good[..]].concat(), false),
                ("a zero behind", [&good[..], &[0]].concat(), false),
                ("a byte short", good[1..].to_vec(), false),
                ("nothing", vec![], false),
            ];
            for (label, bytes, taken) in cases {
                let label = format!("{algorithm:?} of {size} bytes: {label}");
                assert_eq!(takes(*algorithm, &key, MESSAGE, &bytes), taken, "{label}");
                let theirs = match algorithm {
                    Algorithm::RsaSha1 => private
                        .as_ref()
                        .pkcs1v15_verify::<sha1::Sha1>(MESSAGE, &bytes),
                    _ => private
                        .as_ref()
                        .pkcs1v15_verify::<sha2::Sha256>(MESSAGE, &bytes),
                };
                assert_eq!(theirs.is_ok(), taken, "the crate that signs: {label}");
            }
        }
    }
}

/// The public key of these numbers, as a dashboard shows it.
fn rsa_text(modulus: &[u8], exponent: &[u8]) -> String {
    let numbers = [modulus, exponent].map(|it| element(2, &integer(it)));
    let bits = [vec![0], element(0x30, &numbers.concat())].concat();
    let name = hex::decode("300d06092a864886f70d0101010500").unwrap();
    STANDARD.encode(element(0x30, &[name, element(3, &bits)].concat()))
}

#[test]
fn rsa_refuses_a_public_key_that_is_short_long_or_of_a_weak_exponent() {
    use p256::pkcs8::DecodePublicKey;
    use rsa::traits::PublicKeyParts;
    use sha2::Digest;
    let (short, _) = rsa_key(include_str!("signatures/rsa-512.pem"));
    let (private, _) = rsa_key(RSA_KEYS[2]);
    let (modulus, size) = (private.n_bytes(), private.size());
    let name = hex::decode("3031300d060960864801650304020105000420").unwrap();
    let digest = sha2::Sha256::digest(MESSAGE);
    let padded = |size: usize| {
        let rest = size - 3 - name.len() - digest.len();
        [&[0, 1], &vec![0xff; rest][..], &[0], &name, &digest[..]].concat()
    };
    let signed = private.pkcs1v15_sign::<sha2::Sha256>(MESSAGE).unwrap();
    let of_short = short.pkcs1v15_sign::<sha2::Sha256>(MESSAGE).unwrap();
    let usual = [1, 0, 1];
    let mut even = modulus.to_vec();
    even[size - 1] &= 0xfe;
    let long = [&[0xff; 1024][..], &modulus].concat();
    let (short_modulus, short_exponent) = (short.n_bytes(), short.e_bytes());
    /// Name, modulus, exponent and signature, and true if it is taken.
    type Case<'a> = (&'a str, &'a [u8], &'a [u8], Vec<u8>, bool);
    let cases: Vec<Case> = vec![
        ("as it was signed", &modulus, &usual, signed.clone(), true),
        ("512 bits", &short_modulus, &short_exponent, of_short, false),
        ("over 8192 bits", &long, &usual, vec![1; long.len()], false),
        // Whoever knows the padding has a signature.
        ("exponent 1", &modulus, &[1], padded(size), false),
        ("exponent 0", &modulus, &[0], padded(size), false),
        ("an even exponent", &modulus, &[2], signed.clone(), false),
        (
            "exponent 3 in place of its own",
            &modulus,
            &[3],
            signed.clone(),
            false,
        ),
        (
            "an exponent over 33 bits",
            &modulus,
            &[2, 0, 0, 0, 1],
            signed.clone(),
            false,
        ),
        ("an even modulus", &even, &usual, signed.clone(), false),
        ("modulus 1", &[1], &usual, vec![0], false),
        ("modulus 0", &[0], &usual, vec![0], false),
    ];
    for (label, modulus, exponent, signature, taken) in cases {
        let key = KeyForm::Rsa.key(&Secret::new(rsa_text(modulus, exponent).as_str()));
        let seen = key
            .as_ref()
            .is_some_and(|key| takes(Algorithm::RsaSha256, key, MESSAGE, &signature));
        assert_eq!(seen, taken, "{label}");
        let der = STANDARD.decode(rsa_text(modulus, exponent)).unwrap();
        let theirs = rsa::PublicKey::from_public_key_der(&der).is_ok_and(|key| {
            key.pkcs1v15_verify::<sha2::Sha256>(MESSAGE, &signature)
                .is_ok()
        });
        assert_eq!(theirs, taken, "the crate that reads keys: {label}");
    }
}

#[test]
fn rsa_verifies_with_a_private_key_that_is_too_short_for_a_public_one() {
    let (private, key) = rsa_key(include_str!("signatures/rsa-512.pem"));
    for (algorithm, signature) in [
        (
            Algorithm::RsaSha1,
            private.pkcs1v15_sign::<sha1::Sha1>(MESSAGE),
        ),
        (
            Algorithm::RsaSha256,
            private.pkcs1v15_sign::<sha2::Sha256>(MESSAGE),
        ),
    ] {
        each_bit_counts(algorithm, &key, &signature.unwrap());
    }
}

#[test]
fn ed25519_takes_no_weak_point_and_no_number_beyond_the_order() {
    use ed25519_dalek::{Signer, SigningKey};
    use sha2::Digest;
    let key_of = |bytes: &[u8]| {
        let key = KeyForm::Ed25519.key(&Secret::new(STANDARD.encode(bytes)));
        key.unwrap()
    };
    let signer = SigningKey::from_bytes(&[7; 32]);
    let public = signer.verifying_key();
    let key = key_of(public.as_bytes());
    let good = signer.sign(MESSAGE).to_bytes();
    each_bit_counts(Algorithm::Ed25519, &key, &good);
    let (point, number) = good.split_at(32);
    let order =
        hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let backwards = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
    let beyond = backwards(&sum(&backwards(number), &backwards(&order))[1..]);
    let mut identity = [0; 32];
    identity[0] = 1;
    // A number that turns the message's share of the key into nothing: h times the private key, for the identity as point.
    let digest = sha2::Sha512::new()
        .chain_update(identity)
        .chain_update(public.as_bytes())
        .chain_update(MESSAGE)
        .finalize();
    let scalar = signer.to_scalar();
    let mut cancels = scalar - scalar;
    for bit in (0..512).rev() {
        cancels = cancels + cancels;
        if digest[bit / 8] >> (bit % 8) & 1 == 1 {
            cancels += scalar;
        }
    }
    for (label, bytes, taken) in [
        ("as it was signed", good.to_vec(), true),
        ("the number and the order", [point, &beyond].concat(), false),
        ("the number zero", [point, &[0; 32]].concat(), false),
        ("the order", [point, &order].concat(), false),
        ("all zero", vec![0; 64], false),
        ("all ones", vec![0xff; 64], false),
        ("swapped", [number, point].concat(), false),
        ("a byte behind", [&good[..], &[0]].concat(), false),
        ("a byte short", good[..63].to_vec(), false),
        ("nothing", vec![], false),
        (
            "a weak point",
            [identity, cancels.to_bytes()].concat(),
            false,
        ),
    ] {
        assert_eq!(
            takes(Algorithm::Ed25519, &key, MESSAGE, &bytes),
            taken,
            "{label}"
        );
        let theirs = ed25519_dalek::Signature::from_slice(&bytes)
            .is_ok_and(|given| public.verify_strict(MESSAGE, &given).is_ok());
        assert_eq!(theirs, taken, "the crate that signs: {label}");
    }
    // Sound for `ring`: what is refused is the weakness.
    let ring = |key: &[u8], bytes: &[u8]| {
        ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, key)
            .verify(MESSAGE, bytes)
            .is_ok()
    };
    assert!(ring(
        public.as_bytes(),
        &[identity, cancels.to_bytes()].concat()
    ));
    // With the identity as key, a point and its number hold for every message.
    let anybody = [public.to_bytes(), scalar.to_bytes()].concat();
    assert!(ring(&identity, &anybody));
    assert!(!takes(
        Algorithm::Ed25519,
        &key_of(&identity),
        MESSAGE,
        &anybody
    ));
}
