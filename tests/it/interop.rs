//! Interoperability: other verifiers accept what we sign, and `listen` accepts what others sign.

use crate::harness::{Listen, Receiver, post, run};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use webhook_verify::{Provider, Secret, VerifyOptions, VerifyingKeyMaterial};

const SVIX_SECRET: &str = "whsec_XeKGWu8V55i53lCi4Ghgs8jH/3FORvxQcqhqrYpyid0=";

#[test]
fn a_signature_made_by_somebody_else_verifies() {
    let listen = Listen::start(&["--count", "1", "--json", "--secret", SVIX_SECRET]);
    let body = r#"{"type":"contact.created","timestamp":"2026-01-02T00:00:59.123456Z","data":{"id":"c_1042"}}"#;
    let signer = standardwebhooks::Webhook::new(SVIX_SECRET).unwrap();
    let now = jiff::Timestamp::now().as_second();
    let signature = signer.sign("msg_1", now, body.as_bytes()).unwrap();
    let fields = format!(
        "webhook-id: msg_1\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signature}\r\nconnection: close\r\n"
    );
    assert!(post(listen.port(), "/", &fields, body.as_bytes()).starts_with("HTTP/1.1 200"));
    assert_eq!(
        listen.finish().success().lines()[0]["signature"]["verdict"],
        "verified"
    );
}

#[test]
fn somebody_else_verifies_what_is_sent() {
    for (provider, prefix) in [
        ("generic", "webhook"),
        ("standard-webhooks", "webhook"),
        ("resend", "svix"),
    ] {
        let handler = Receiver::ok();
        run(&[
            "send",
            "click",
            "--provider",
            provider,
            "--secret",
            SVIX_SECRET,
            "--to",
            &handler.url,
        ])
        .success();
        let request = handler.next();
        let mut headers = http::HeaderMap::new();
        for part in ["id", "timestamp", "signature"] {
            let value = request.header(&format!("{prefix}-{part}")).unwrap();
            headers.insert(
                http::HeaderName::try_from(format!("webhook-{part}")).unwrap(),
                value.parse().unwrap(),
            );
        }
        standardwebhooks::Webhook::new(SVIX_SECRET)
            .unwrap()
            .verify(&request.body, &headers)
            .unwrap();
    }
}

#[test]
fn somebody_else_verifies_what_is_sent_as_sendgrid() {
    let handler = Receiver::ok();
    let key = STANDARD
        .decode(run(&["keys", "sendgrid"]).success().stdout.trim())
        .unwrap();
    let verify = |headers: &Vec<(String, String)>, body: &[u8]| {
        let options = VerifyOptions::default()
            .with_verifying_material(VerifyingKeyMaterial::EcdsaP256PublicKey(key.clone()));
        webhook_verify::verify(Provider::SendGrid, headers, body, &Secret::new(""), options)
    };
    for kind in ["click", "bounce", "received"] {
        run(&["send", kind, "--provider", "sendgrid", "--to", &handler.url]).success();
        let request = handler.next();
        assert_eq!(verify(&request.headers, &request.body), Ok(()), "{kind}");
        let trimmed = request.body.trim_ascii_end();
        assert!(
            verify(&request.headers, trimmed).is_err(),
            "{kind} without its last line end"
        );
    }
}

#[test]
fn somebody_else_verifies_what_is_sent_as_a_service() {
    let secret = "whsec_or_whatever_the_dashboard_shows";
    let json = r#"{"type":"invoice.paid","id":"evt_1"}"#;
    let form = "From=%2B15005550006&Body=h%C3%A9llo&MessageStatus=sent";
    for (scheme, provider, body) in [
        ("stripe", Provider::Stripe, json),
        ("github", Provider::GitHub, json),
        ("slack", Provider::Slack, json),
        ("shopify", Provider::Shopify, json),
        ("twilio", Provider::Twilio, form),
    ] {
        let handler = Receiver::ok();
        let to = format!("{}/hooks?tenant=1", handler.url);
        run(&[
            "send", "--data", body, "--scheme", scheme, "--secret", secret, "--to", &to,
        ])
        .success();
        let request = handler.next();
        let fields: Vec<(String, String)> = form_urlencoded::parse(form.as_bytes())
            .into_owned()
            .collect();
        let verify = |body: &[u8], secret: &str, url: &str| {
            let options = VerifyOptions::default()
                .with_request_url(url)
                .with_form_params(fields.clone());
            let secret = Secret::new(secret);
            webhook_verify::verify(provider, &request.headers, body, &secret, options)
        };
        assert_eq!(verify(&request.body, secret, &to), Ok(()), "{scheme}");
        assert!(verify(&request.body, "other", &to).is_err(), "{scheme}");
        // Of a form, Twilio signs the fields; what it signs besides is the URL.
        let changed = match scheme {
            "twilio" => verify(&request.body, secret, &handler.url),
            _ => verify(b"{}", secret, &to),
        };
        assert!(changed.is_err(), "{scheme}: changed");
    }
}
