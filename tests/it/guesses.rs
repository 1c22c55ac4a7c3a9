//! Diagnosis of invalid signatures: each usual mistake is made on purpose, for every provider that it can happen to,
//! and is named.

use http::{HeaderName, HeaderValue};
use webhook_cli::providers;
use webhook_cli::providers::{Budget, Evidence, HYPOTHESES, Overrides, Provider, Template};
use webhook_cli::webhook::{
    Algorithm, Delivery, Document, Headers, Key, KeyForm, Location, Part, Rng, Scheme, Secret,
    SigningContext, VerifyOptions,
};

const URL: &str = "https://hooks.example.com/in/email?b=2&a=1";

fn now() -> jiff::Timestamp {
    "2026-11-23T19:20:01Z".parse().unwrap()
}

fn scheme(provider: &Provider) -> &'static Scheme {
    provider.schemes[0]
}

/// What a service that only signs may carry: enough to be spelled in many ways.
const BODY: &str = r#"{"b":"<a href=\"https://example.com/x?y=1&z=2\">Grüße</a>","a":{"d":[1,2.5,null],"c":true}}"#;

/// A delivery of a provider, with its body changed before it is signed.
fn signed(provider: &'static Provider, seed: u64, body: impl Fn(&[u8]) -> Vec<u8>) -> Evidence {
    let mut rng = Rng::seeded(seed);
    let row = provider
        .events
        .iter()
        .find(|row| !row.example.is_empty() && row.example.contains("\"POST\""));
    let mut delivery = match row {
        Some(row) => {
            Template::new(provider, row, None)
                .unwrap()
                .fill(&Overrides::default(), now(), &mut rng)
                .0
        }
        None => own_body(provider),
    };
    delivery.path = "/in/email?b=2&a=1".parse().unwrap();
    delivery.body = body(&delivery.body).into();
    let form = scheme(provider).key;
    let mut case = Evidence {
        provider,
        delivery,
        keys: vec![form.key(&Secret::new(provider.test_secret)).unwrap()],
        secrets: vec![Secret::new(provider.test_secret)],
        others: Vec::new(),
        neighbours: Vec::new(),
        verify_options: VerifyOptions {
            now: now(),
            tolerance: None,
            public_url: Some(URL.into()),
            topics: Vec::new(),
        },
    };
    sign(&mut case, &mut rng);
    case
}

/// A body of one's own; Twilio signs the fields of a form.
fn own_body(provider: &Provider) -> Delivery {
    let (kind, body) = match provider.name {
        "twilio" => ("application/x-www-form-urlencoded", "a=1&b=2"),
        _ => ("application/json", BODY),
    };
    Delivery {
        method: http::Method::POST,
        path: http::uri::PathAndQuery::from_static("/"),
        headers: [(http::header::CONTENT_TYPE, HeaderValue::from_static(kind))]
            .into_iter()
            .collect(),
        body: body.into(),
    }
}

/// Whether it holds as it is.
fn holds(case: &Evidence) -> bool {
    found(case).is_some_and(|(name, _)| name == "stale")
}

/// Signs as the provider would: with the key, the time and the URL of the case.
fn sign(case: &mut Evidence, rng: &mut Rng) {
    let scheme = providers::signing_scheme(case.provider, &case.delivery).unwrap();
    let seal = &mut SigningContext {
        at: case.verify_options.now,
        url: case.verify_options.public_url.as_deref().unwrap(),
        rng,
    };
    scheme
        .sign(&mut case.delivery, &case.keys[0], seal)
        .unwrap();
}

fn as_it_is(body: &[u8]) -> Vec<u8> {
    body.to_vec()
}

/// Everyone who signs, and whom a mistake can happen to.
fn those(applies: impl Fn(&Scheme) -> bool) -> Vec<&'static Provider> {
    let all: Vec<_> = providers::everyone()
        .filter(|provider| {
            let scheme = provider.schemes.first();
            let signs = |scheme: &&&Scheme| scheme.algorithm != Algorithm::Credentials;
            scheme.filter(signs).is_some_and(|scheme| applies(scheme))
        })
        .collect();
    assert!(!all.is_empty());
    all
}

fn signs_body(scheme: &Scheme) -> bool {
    let is_it = |part: &Part| matches!(part, Part::Body | Part::BodyAround(_));
    scheme.signed.iter().any(is_it) || scheme.name == "rfc9421"
}

fn found(case: &Evidence) -> Option<(&'static str, String)> {
    let found = providers::explain(case, &mut Budget::default()).found;
    found.map(|(guess, fits)| (guess.name, fits))
}

fn expect(case: &Evidence, name: &str, fits: &str) {
    let label = case.provider.name;
    let (found, how) = found(case).unwrap_or_else(|| panic!("{label}: nothing found for {name}"));
    assert_eq!(found, name, "{label}: {how}");
    let says = how.contains(fits) || how.starts_with("as this provider writes it");
    assert!(says, "{label}: `{how}` does not say `{fits}`");
    let guess = HYPOTHESES.iter().find(|guess| guess.name == name).unwrap();
    assert!(guess.advice.len() > 20 && guess.finding.len() > 20);
}

fn with_body(case: &Evidence, body: impl Into<Vec<u8>>) -> Evidence {
    let mut changed = case.clone();
    changed.delivery.body = body.into().into();
    changed
}

#[test]
fn every_guess_has_its_test() {
    let here = include_str!("guesses.rs");
    for guess in HYPOTHESES {
        assert!(
            here.matches(&format!("\"{}\"", guess.name)).count() > 0,
            "{}",
            guess.name
        );
    }
}

#[test]
fn a_signature_that_is_too_old_or_ahead_is_called_stale() {
    for provider in those(|scheme| scheme.signed_time().is_some()) {
        let mut case = signed(provider, 1, as_it_is);
        case.verify_options.now = now() + jiff::SignedDuration::from_hours(30);
        if provider.name == "rfc9421" {
            // What has expired by the sender's own word is no matter of clocks.
            assert_eq!(found(&case), None);
            continue;
        }
        expect(&case, "stale", "2026-11-25T01:20:01Z");
    }
}

#[test]
fn a_line_end_that_was_lost_gained_or_changed_is_found() {
    for provider in those(signs_body) {
        let plain = |body: &[u8]| body.trim_ascii_end().to_vec();
        for (end, name) in [(&b"\n"[..], "`\\n`"), (b"\r\n", "`\\r\\n`")] {
            let with = signed(provider, 1, |body| [&plain(body), end].concat());
            let body = with.delivery.body.clone();
            expect(
                &with_body(&with, body.trim_ascii_end()),
                "body-line-end",
                &format!("with a {name} appended"),
            );
            let without = signed(provider, 1, plain);
            let body = [&without.delivery.body, end].concat();
            expect(
                &with_body(&without, body),
                "body-line-end",
                &format!("without its last {name}"),
            );
        }
        let lines = |body: &[u8], end: &str| -> Vec<u8> {
            String::from_utf8(plain(body))
                .unwrap()
                .replace("\r\n", "\n")
                .replace(',', &format!(",{end}"))
                .replace(",\n\n", ",\n")
                .into_bytes()
        };
        let unix = signed(provider, 1, |body| lines(body, "\n"));
        let text = String::from_utf8(unix.delivery.body.to_vec()).unwrap();
        expect(
            &with_body(&unix, text.replace('\n', "\r\n")),
            "body-line-end",
            "replaced by `\\n`",
        );
    }
}

#[test]
fn a_body_that_was_printed_again_is_found_whoever_printed_the_original() {
    let json = those(|scheme| signs_body(scheme) && !matches!(scheme.signature, Location::Body(_)));
    for provider in json {
        if !holds(&signed(provider, 1, |_| BODY.into())) {
            // It looks into the body for more than the signature.
            continue;
        }
        let value: serde_json::Value = serde_json::from_str(BODY).unwrap();
        let mut sorted = value.clone();
        sorted.sort_all_objects();
        let compact = serde_json::to_string(&value).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let ascii = |text: &str| text.replace('ü', "\\u00fc").replace('ß', "\\u00df");
        let originals = [
            (compact.clone(), "without white space"),
            (pretty.clone(), "indented by two"),
            (pretty.replace("  ", "    "), "indented by four"),
            (pretty.replace("  ", "\t"), "indented by tabs"),
            (serde_json::to_string(&sorted).unwrap(), "names in order"),
            (ascii(&compact), "(Python)"),
            (ascii(&compact).replace('/', "\\/"), "(PHP)"),
            (compact.replace('/', "\\/"), "(PHP)"),
            (
                compact
                    .replace('<', "\\u003c")
                    .replace('>', "\\u003e")
                    .replace('&', "\\u0026"),
                "(Go)",
            ),
        ];
        // What the handler has is spelled in none of these ways.
        let given = " { \"b\":".to_owned() + compact.strip_prefix("{\"b\":").unwrap();
        for (original, fits) in originals {
            let mut case = signed(provider, 1, |_| original.clone().into_bytes());
            case.delivery.body = given.clone().into();
            // A body without white space is also what a provider of that style writes.
            let fits = if original == compact { "" } else { fits };
            expect(&case, "body-printed-again", fits);
        }
    }
    let slack = providers::find("slack").unwrap();
    let mut case = signed(slack, 1, |_| b"text=a+b&user=x%20y".to_vec());
    assert_eq!(found(&with_body(&case, "text=a+b")), None);
    case = signed(slack, 1, |_| b"text=a+b&user=x+y".to_vec());
    expect(
        &with_body(&case, "text=a%20b&user=x%20y"),
        "body-printed-again",
        "`+` for each space",
    );
    case = signed(slack, 1, |_| b"text=a%20b&user=x%20y".to_vec());
    expect(
        &with_body(&case, "text=a+b&user=x+y"),
        "body-printed-again",
        "`%20` for each space",
    );
    case = signed(slack, 1, |_| b"a=1&b=2".to_vec());
    expect(
        &with_body(&case, "b=2&a=1"),
        "body-printed-again",
        "in order",
    );
}

#[test]
fn a_body_in_another_encoding_is_found() {
    for provider in
        those(|scheme| signs_body(scheme) && !matches!(scheme.signature, Location::Body(_)))
    {
        let case = signed(provider, 1, |_| BODY.into());
        if !holds(&case) {
            continue;
        }
        let latin1: String = BODY.bytes().map(char::from).collect();
        expect(&with_body(&case, latin1), "body-encoding", "Latin-1");
        let narrow: Vec<u8> = BODY.chars().map(|c| c as u8).collect();
        expect(&with_body(&case, narrow), "body-encoding", "in UTF-8");
        expect(
            &with_body(&case, format!("\u{feff}{BODY}")),
            "body-encoding",
            "without its byte order mark",
        );
        let marked = signed(provider, 1, |_| format!("\u{feff}{BODY}").into_bytes());
        expect(
            &with_body(&marked, BODY),
            "body-encoding",
            "with a byte order mark",
        );
    }
}

#[test]
fn a_body_that_was_compressed_or_inflated_is_found_or_hinted_at() {
    use std::io::Write;
    let gzip = |body: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(body).unwrap();
        gzip.finish().unwrap()
    };
    for provider in
        those(|scheme| signs_body(scheme) && !matches!(scheme.signature, Location::Body(_)))
    {
        let case = signed(provider, 1, |_| BODY.into());
        if !holds(&case) {
            continue;
        }
        expect(
            &with_body(&case, gzip(BODY.as_bytes())),
            "body-compressed",
            "in the compressed body",
        );
        // One that grows without end is not what was signed, and is not waited for.
        assert_eq!(found(&with_body(&case, gzip(&vec![b'0'; 1 << 24]))), None);
        let mut inflated = signed(provider, 1, |_| gzip(BODY.as_bytes()));
        inflated.delivery.body = BODY.into();
        let encoding = HeaderValue::from_static("gzip");
        inflated
            .delivery
            .headers
            .push(http::header::CONTENT_ENCODING, encoding);
        let explanation = providers::explain(&inflated, &mut Budget::default());
        assert!(explanation.found.is_none());
        assert!(
            explanation.hint.unwrap().contains("content-encoding"),
            "{explanation:?}"
        );
    }
}

#[test]
fn a_secret_in_another_form_is_found() {
    for provider in
        those(|scheme| matches!(scheme.key, KeyForm::Text | KeyForm::Whsec | KeyForm::Base64))
    {
        let text = "whsec_XeKGWu8V55i53lCi4Ghgs8jH/3FORvxQcqhqrYpyid0=";
        let bare = text.strip_prefix("whsec_").unwrap();
        let decoded = match KeyForm::Whsec.key(&Secret::new(text)) {
            Some(Key::Shared(bytes)) => bytes.to_vec(),
            other => panic!("{other:?}"),
        };
        let hexed = hex::encode(&decoded);
        for (given, meant, fits) in [
            (text, text.as_bytes().to_vec(), "as plain text"),
            (text, bare.as_bytes().to_vec(), "without its prefix"),
            (text, decoded.clone(), "decoded from base64"),
            (bare, text.as_bytes().to_vec(), "with the prefix `whsec_`"),
            (bare, decoded.clone(), "decoded from base64"),
            (hexed.as_str(), decoded.clone(), "decoded from hexadecimal"),
            (
                bare,
                format!("{bare}\n").into_bytes(),
                "with a `\\n` appended",
            ),
            (
                bare,
                format!("{bare}\r\n").into_bytes(),
                "with a `\\r\\n` appended",
            ),
            (" x12= \n", b"x12=".to_vec(), "without white space"),
            (bare, base64(bare), "encoded as base64"),
            (
                bare,
                hex::encode(bare).into_bytes(),
                "encoded as hexadecimal",
            ),
        ] {
            let secret = Secret::new(given);
            let Some(key @ Key::Shared(_)) = scheme(provider).key.key(&secret) else {
                continue;
            };
            let mut case = signed(provider, 1, as_it_is);
            case.keys = vec![Key::shared(meant.clone())];
            sign(&mut case, &mut Rng::seeded(3));
            case.keys = vec![key.clone()];
            case.secrets = vec![secret];
            if matches!(key, Key::Shared(bytes) if *bytes == *meant) {
                continue;
            }
            // What is shown and not computed with is text.
            let is_shown = scheme(provider).algorithm == Algorithm::Token;
            if is_shown && std::str::from_utf8(&meant).is_err() {
                continue;
            }
            expect(&case, "secret-form", fits);
        }
    }
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD
        .encode(text)
        .into_bytes()
}

#[test]
fn the_test_key_is_recognised() {
    for provider in
        those(|scheme| matches!(scheme.key, KeyForm::Text | KeyForm::Whsec | KeyForm::Base64))
    {
        let mut case = signed(provider, 1, as_it_is);
        case.secrets = vec![Secret::new("whsec_b3RoZXIgc2VjcmV0")];
        case.keys = vec![Key::shared(b"other secret".to_vec())];
        expect(&case, "test-key", "test key");
    }
    let sendgrid = providers::find("sendgrid").unwrap();
    let mut case = signed(sendgrid, 1, as_it_is);
    let other = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEy6F5MAQSVoj48OpNSfbZjsdQvXOq481yjdcc6waaSoH+T1S9uoHfKdW8MdvE9H5uBETxBeCJKg7BlhPyYkjQYg==";
    case.keys = vec![KeyForm::P256.key(&Secret::new(other)).unwrap()];
    expect(&case, "test-key", "test key");
}

#[test]
fn a_secret_of_another_provider_is_named_by_where_it_came_from() {
    for provider in those(|scheme| scheme.key == KeyForm::Text) {
        let mut case = signed(provider, 1, as_it_is);
        case.keys = vec![Key::shared(b"ours, they said".to_vec())];
        sign(&mut case, &mut Rng::seeded(3));
        case.keys = vec![Key::shared(b"another".to_vec())];
        case.secrets = vec![Secret::new("another")];
        case.others = vec![
            Secret::new("not this"),
            Secret::new("ours, they said").named("env:OTHER"),
        ];
        expect(&case, "other-secret", "env:OTHER");
    }
}

/// Changes a value where the provider has it.
fn change(case: &Evidence, place: Location, change: impl Fn(&str) -> String) -> Evidence {
    let mut changed = case.clone();
    let document = Document::of(&case.delivery).unwrap();
    let text = place
        .read(&case.delivery, Some(&document))
        .unwrap()
        .unwrap();
    place.write(&mut changed.delivery, &change(&text)).unwrap();
    changed
}

#[test]
fn a_timestamp_in_another_unit_is_found() {
    let mut both = [0, 0];
    for provider in those(|scheme| scheme.signed_time().is_some()) {
        let case = signed(provider, 1, as_it_is);
        let (place, _) = scheme(provider).signed_time().unwrap();
        if matches!(place, Location::Own(_)) {
            continue;
        }
        let document = Document::of(&case.delivery).unwrap();
        let text = place
            .read(&case.delivery, Some(&document))
            .unwrap()
            .unwrap();
        match text.len() {
            10 => {
                let case = change(&case, place, |text| format!("{text}123"));
                expect(&case, "milliseconds", "in seconds");
                both[0] += 1;
            }
            13 => {
                let case = change(&case, place, |text| text[..10].to_owned());
                expect(&case, "milliseconds", "in milliseconds");
                both[1] += 1;
            }
            _ => {}
        }
    }
    assert!(both[0] >= 5 && both[1] >= 1, "{both:?}");
}

#[test]
fn a_url_with_another_spelling_is_found() {
    let signs_url = |scheme: &Scheme| {
        let is_it = |part: &Part| matches!(part, Part::Url | Part::UrlOr(_) | Part::UrlPath);
        scheme.signed.iter().any(is_it) || scheme.name == "rfc9421"
    };
    let path_alone = |scheme: &Scheme| {
        scheme
            .signed
            .iter()
            .any(|part| matches!(part, Part::UrlPath))
    };
    for provider in those(signs_url) {
        let case = signed(provider, 1, as_it_is);
        for (given, whole) in [
            ("http://hooks.example.com/in/email?b=2&a=1", true),
            ("https://hooks.example.com:8080/in/email?b=2&a=1", true),
            ("http://hooks.example.com:3000/in/email?b=2&a=1", true),
            ("https://hooks.example.com/in/email/?b=2&a=1", false),
            ("https://hooks.example.com/in/email?a=1&b=2", false),
            ("https://hooks.example.com/in/email", false),
            ("http://hooks.example.com/other", false),
        ] {
            let mut case = case.clone();
            case.verify_options.public_url = Some(given.into());
            if whole && path_alone(scheme(provider)) {
                continue;
            }
            expect(&case, "url", "/in/email?b=2&a=1");
        }
        // The provider was told less, or another port.
        for told in [
            "https://hooks.example.com/in/email",
            "https://hooks.example.com/in/email/",
            "https://hooks.example.com:443/in/email?b=2&a=1",
            "http://hooks.example.com:80/in/email?b=2&a=1",
        ] {
            let mut case = case.clone();
            case.verify_options.public_url = Some(told.into());
            sign(&mut case, &mut Rng::seeded(3));
            case.verify_options.public_url = Some(URL.into());
            let holds_anyway = told.contains(":443") && !provider.name.starts_with("mandrill");
            if holds_anyway || (told.contains(":80") && path_alone(scheme(provider))) {
                continue;
            }
            let fits = if provider.name == "rfc9421" {
                "http"
            } else {
                told
            };
            let fits = if path_alone(scheme(provider)) || provider.name == "twilio" {
                "/in/email"
            } else {
                fits
            };
            expect(&case, "url", fits);
        }
    }
    let spelled = providers::custom_scheme("hmac-sha256:header=X-Sig,signed={path}").unwrap();
    let mut case = signed(spelled, 1, as_it_is);
    case.delivery.path = "/in/email/?b=2&a=1".parse().unwrap();
    expect(&case, "url", "/in/email?b=2&a=1");
}

#[test]
fn names_as_cgi_writes_them_are_found() {
    for provider in
        those(|scheme| matches!(scheme.signature, Location::Header(_) | Location::Item(..)))
    {
        let mut case = signed(provider, 1, as_it_is);
        case.delivery.headers = case
            .delivery
            .headers
            .iter()
            .map(|(name, value)| {
                let name = match name.as_str() {
                    "content-type" => "content-type".to_owned(),
                    name => format!("HTTP_{}", name.replace('-', "_")),
                };
                (name.parse::<HeaderName>().unwrap(), value.clone())
            })
            .collect::<Headers>();
        expect(&case, "header-name", "without `HTTP_`");
    }
}

#[test]
fn headers_that_were_repeated_or_joined_are_found() {
    for provider in
        those(|scheme| matches!(scheme.signature, Location::Header(_) | Location::Item(..)))
    {
        let (Location::Header(name) | Location::Item(name, _)) = scheme(provider).signature else {
            unreachable!()
        };
        let case = signed(provider, 1, as_it_is);
        let value = case.delivery.headers.get(name).unwrap().clone();
        let text = value.to_str().unwrap();
        let other = text.replace(|c: char| c.is_ascii_digit(), "7");
        for (repeats, fits) in [
            (vec![text, &other], "first"),
            (vec![&other, text], "second"),
            (vec![&format!("{text}, {other}")], "first"),
            (vec![&format!("{other}, {text}")], "second"),
        ] {
            let mut case = case.clone();
            case.delivery.headers.remove(name);
            for repeat in &repeats {
                case.delivery
                    .headers
                    .push(name.parse().unwrap(), repeat.parse().unwrap());
            }
            match found(&case) {
                // Some schemes take a list, or the first of a list.
                Some(("stale", _)) => assert_eq!(repeats.len(), 1),
                _ => expect(&case, "header-repeated", fits),
            }
        }
    }
}

#[test]
fn a_signature_that_was_changed_on_its_way_is_found() {
    let mut times = 0;
    for provider in those(|scheme| matches!(scheme.signature, Location::Header(_))) {
        let cases: Vec<Evidence> = (0..12)
            .map(|seed| signed(provider, seed, as_it_is))
            .collect();
        let place = scheme(provider).signature;
        for (damage, fits) in [
            (
                (|text| format!("\"{text}\"")) as fn(&str) -> String,
                "without the quotes",
            ),
            (|text| format!(" {text}"), "without white space"),
            (|text| text.replace('+', " "), "`+` for each space"),
            (
                |text| text.replace('+', "%2B").replace('=', "%3D"),
                "escapes decoded",
            ),
            (
                |text| text.replace('+', "-").replace('/', "_"),
                "plain base64",
            ),
            (
                |text| text.strip_prefix("sha256=").unwrap_or(text).to_owned(),
                "`sha256=` before",
            ),
            (
                |text| text.strip_prefix("v0=").unwrap_or(text).to_owned(),
                "`v0=` before",
            ),
            (
                |text| text.strip_prefix("v1,").unwrap_or(text).to_owned(),
                "`v1,` before",
            ),
            (|text| format!("sha256={text}"), "before its first `=`"),
            (
                |text| {
                    if text.ends_with('=') {
                        text.trim_end_matches('=').to_owned()
                    } else {
                        text.to_owned()
                    }
                },
                "padding",
            ),
        ] {
            // One that has every sign of base64 in it.
            let case = cases.iter().find(|case| {
                let document = Document::of(&case.delivery).unwrap();
                let text = place.read(&case.delivery, Some(&document));
                let text = text.unwrap().unwrap().into_owned();
                damage(&text) != text && (!fits.contains('+') || text.contains('+'))
            });
            let Some(case) = case else { continue };
            let damaged = change(case, place, damage);
            match found(&damaged) {
                Some(("stale", _)) => {}
                // Version and comma may be joined to something else by quotes.
                _ => expect(&damaged, "header-changed", ""),
            }
            times += 1;
        }
        let case = signed(provider, 1, as_it_is);
        let upper = change(&case, place, |text| text.to_ascii_uppercase());
        if matches!(
            scheme(provider).encoding,
            webhook_cli::webhook::Encoding::Hex
        ) {
            expect(&upper, "header-changed", "in lower case");
        }
    }
    assert!(times > 40, "{times}");
}

#[test]
fn headers_of_another_delivery_are_found() {
    for provider in those(|_| true) {
        let case = signed(provider, 1, as_it_is);
        let mut other = signed(provider, 2, |body| body.to_vec());
        other.verify_options.now = now() - jiff::SignedDuration::from_secs(7);
        sign(&mut other, &mut Rng::seeded(9));
        let near = vec![("the delivery `01JD`".to_owned(), case.delivery.clone())];
        let scheme = scheme(provider);
        let time = scheme.signed_time().map(|(place, _)| place);
        for (word, place) in [
            ("id", scheme.id),
            ("timestamp", time),
            ("signature", Some(scheme.signature)),
        ] {
            let Some(place) = place.filter(|it| !matches!(it, Location::Own(_))) else {
                continue;
            };
            let document = Document::of(&other.delivery).unwrap();
            let theirs = place.read(&other.delivery, Some(&document)).unwrap();
            let Some(theirs) = theirs else { continue };
            let mut mixed = change(&case, place, |_| theirs.to_string());
            if mixed.delivery == case.delivery
                || found(&mixed).is_some_and(|(name, _)| name == "stale")
            {
                // Two that are the same, or what is not signed.
                continue;
            }
            mixed.neighbours = near.clone();
            expect(
                &mixed,
                "other-delivery",
                &format!("the {word} of the delivery `01JD`"),
            );
        }
    }
}

#[test]
fn what_has_another_cause_is_blamed_on_nothing() {
    for provider in those(|_| true) {
        let mut case = signed(provider, 1, as_it_is);
        let form = scheme(provider).key;
        if let Some(key @ Key::Shared(_)) = form.key(&Secret::new("c29tZXRoaW5nIGVsc2U=")) {
            case.keys = vec![key];
            case.secrets = vec![Secret::new("c29tZXRoaW5nIGVsc2U=")];
            sign(&mut case, &mut Rng::seeded(4));
            case.keys = vec![Key::shared(b"wrong".to_vec())];
            case.secrets = vec![Secret::new("wrong")];
            let explanation = providers::explain(&case, &mut Budget::default());
            assert!(
                explanation.found.is_none(),
                "{}: {:?}",
                provider.name,
                explanation.found
            );
            assert!(
                explanation.ruled_out.len() >= 4,
                "{}: {explanation:?}",
                provider.name
            );
            assert!(explanation.not_tried.is_empty());
        }
    }
}

#[test]
fn an_old_api_key_is_hinted_at_and_never_shown() {
    let mailgun = providers::find("mailgun").unwrap();
    let mut case = signed(mailgun, 1, as_it_is);
    case.secrets = vec![Secret::new("key-0123456789abcdef")];
    case.keys = vec![Key::shared(b"key-0123456789abcdef".to_vec())];
    case.provider = mailgun;
    let explanation = providers::explain(&case, &mut Budget::default());
    assert!(
        explanation
            .found
            .is_some_and(|(guess, _)| guess.name == "test-key")
    );
    let mut rng = Rng::seeded(3);
    let key = std::mem::replace(
        &mut case.keys,
        vec![Key::shared(b"the signing key".to_vec())],
    );
    sign(&mut case, &mut rng);
    case.keys = key;
    let explanation = providers::explain(&case, &mut Budget::default());
    assert!(explanation.found.is_none());
    let hint = explanation.hint.unwrap();
    assert!(hint.contains("HTTP webhook signing key") && !hint.contains("0123456789"));
}

#[test]
fn looking_for_a_reason_takes_no_more_than_it_may() {
    let resend = providers::find("resend").unwrap();
    let mut effort = Budget::new(1 << 20);
    let mut case = signed(resend, 1, as_it_is);
    case.keys = vec![Key::shared(b"wrong".to_vec())];
    case.secrets = vec![Secret::new("wrong")];
    let key = std::mem::replace(&mut case.keys, vec![Key::shared(b"right".to_vec())]);
    sign(&mut case, &mut Rng::seeded(3));
    case.keys = key;
    // A body that is longer than all that may be spent is not even read once.
    let long = with_body(&case, vec![b'['; (1 << 20) + 1]);
    let explanation = providers::explain(&long, &mut effort);
    assert!(explanation.found.is_none() && effort.left() == 0);
    assert!(explanation.not_tried.contains(&"stale"), "{explanation:?}");

    // Many small ones are looked into until it is used up, and then said to have been left.
    let mut effort = Budget::new(1 << 21);
    let before = effort.left();
    let _ = providers::explain(&case, &mut effort);
    let one = before - effort.left();
    assert!(one > 0 && one < 1 << 20, "{one}");
    let most = (1 << 21) / usize::try_from(one).unwrap();
    let mut whole = 0;
    while effort.left() > 0 {
        let explanation = providers::explain(&case, &mut effort);
        whole += usize::from(explanation.not_tried.is_empty());
        assert!(whole <= most, "{whole}");
    }
    assert!(whole > 0);
    let explanation = providers::explain(&case, &mut effort);
    assert!(!explanation.not_tried.is_empty(), "{explanation:?}");
}

#[test]
fn a_body_in_base64_in_a_gateways_event_or_in_a_json_string_is_found() {
    let base64 = |body: &[u8]| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(body)
    };
    for provider in those(|_| true) {
        let case = signed(provider, 1, as_it_is);
        let encoded = with_body(&case, base64(&case.delivery.body));
        if holds(&encoded) {
            // The body is not signed.
            continue;
        }
        expect(&encoded, "body-base64", "decoded from base64");
        let event = serde_json::json!({
            "requestContext": {}, "isBase64Encoded": true, "body": base64(&case.delivery.body),
        });
        expect(
            &with_body(&case, event.to_string()),
            "body-wrapped",
            "decoded from base64",
        );
        if let Ok(text) = std::str::from_utf8(&case.delivery.body) {
            let text = serde_json::to_string(text).unwrap();
            expect(&with_body(&case, text), "body-json-text", "JSON string");
        }
    }
}
