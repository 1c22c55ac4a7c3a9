//! Second opinions: what we sign is accepted by verifiers that others wrote, and what others sign verifies in `listen`.

mod harness;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harness::{Listen, Receiver, post, run};
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
