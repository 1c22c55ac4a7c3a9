//! Costs of one delivery, in nanoseconds: `cargo bench --bench work`.

use divan::{Bencher, black_box};
use webhook_cli::providers;
use webhook_cli::providers::{Keys, Overrides, Template};
use webhook_cli::webhook::{Delivery, Fixture, Keyring, Rng, SigningContext, VerifyOptions};

fn main() {
    divan::main();
}

const PROVIDERS: [&str; 5] = ["generic", "sendgrid", "mailgun", "ses", "resend"];

fn signed(name: &str) -> (Delivery, Keys, VerifyOptions) {
    let provider = providers::find(name).unwrap();
    let keys = Keys::new(&Keyring::default(), None).unwrap();
    let now = "2026-11-23T19:20:01Z".parse().unwrap();
    let mut rng = Rng::seeded(1);
    let template = Template::new(provider, provider.row("click").unwrap(), None).unwrap();
    let (mut delivery, _) = template.fill(&Overrides::default(), now, &mut rng);
    let seal = &mut SigningContext {
        at: now,
        url: "http://127.0.0.1/",
        rng: &mut rng,
    };
    providers::signing_scheme(provider, &delivery)
        .unwrap()
        .sign(&mut delivery, keys.test(provider).unwrap(), seal)
        .unwrap();
    (
        delivery,
        keys,
        VerifyOptions {
            now,
            tolerance: None,
            public_url: Some("http://127.0.0.1/".into()),
            topics: Vec::new(),
        },
    )
}

/// Recognises, decodes and verifies a delivery.
#[divan::bench(args = PROVIDERS)]
fn read(bencher: Bencher, name: &str) {
    let (delivery, keys, verify_options) = signed(name);
    bencher.bench(|| providers::read(black_box(&delivery), None, &keys, &verify_options));
}

/// Recognises and decodes a delivery.
#[divan::bench(args = PROVIDERS)]
fn outline(bencher: Bencher, name: &str) {
    let (delivery, ..) = signed(name);
    bencher.bench(|| providers::outline(black_box(&delivery), None));
}

/// Generates and signs a delivery.
#[divan::bench(args = PROVIDERS)]
fn compose(bencher: Bencher, name: &str) {
    let provider = providers::find(name).unwrap();
    let (_, keys, verify_options) = signed(name);
    let template = Template::new(provider, provider.row("click").unwrap(), None).unwrap();
    let mut rng = Rng::seeded(1);
    bencher.bench_local(|| {
        let (mut delivery, _) = template.fill(&Overrides::default(), verify_options.now, &mut rng);
        let seal = &mut SigningContext {
            at: verify_options.now,
            url: "http://127.0.0.1/",
            rng: &mut rng,
        };
        let scheme = providers::signing_scheme(provider, &delivery).unwrap();
        scheme
            .sign(&mut delivery, keys.test(provider).unwrap(), seal)
            .unwrap();
        delivery
    });
}

/// Writes a line of a recording.
#[divan::bench]
fn line_written(bencher: Bencher) {
    let fixture = Fixture::new(signed("resend").0);
    bencher.bench(|| black_box(&fixture).to_line());
}

/// Reads a line of a recording.
#[divan::bench]
fn line_read(bencher: Bencher) {
    let line = Fixture::new(signed("resend").0).to_line();
    bencher.bench(|| Fixture::read_line(black_box(line.as_bytes())));
}

/// Computes only the HMAC; `read` of the same provider may take at most three times as long.
#[divan::bench(args = HMACS)]
fn hmac_alone(bencher: Bencher, name: &str) {
    use hmac::{KeyInit, Mac};
    let (_, message) = six_hundred(name);
    bencher.bench(|| {
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"a key of 24 bytes and so")
            .expect("any length will do");
        mac.update(black_box(&message));
        mac.verify_slice(&[0; 32])
    });
}

/// Recognises, decodes and verifies a delivery with a body of 600 bytes.
#[divan::bench(args = HMACS)]
fn read_600(bencher: Bencher, name: &str) {
    let (delivery, _) = six_hundred(name);
    let (_, keys, verify_options) = signed(name);
    bencher.bench(|| providers::read(black_box(&delivery), None, &keys, &verify_options));
}

const HMACS: [&str; 3] = ["generic", "resend", "standard-webhooks"];

/// Returns a signed delivery with a body of 600 bytes, and its signed text.
fn six_hundred(name: &str) -> (Delivery, Vec<u8>) {
    let (mut delivery, keys, verify_options) = signed(name);
    let mut text = String::from_utf8(delivery.body.to_vec()).unwrap();
    if let Some(missing) = 600_usize.checked_sub(text.len() + r#","more":"""#.len()) {
        let end = text.rfind('}').unwrap();
        text.insert_str(end, &format!(r#","more":"{}""#, "x".repeat(missing)));
    }
    delivery.body = text.into();
    let provider = providers::find(name).unwrap();
    let scheme = providers::signing_scheme(provider, &delivery).unwrap();
    let seal = &mut SigningContext {
        at: verify_options.now,
        url: "http://127.0.0.1/",
        rng: &mut Rng::seeded(1),
    };
    scheme
        .sign(&mut delivery, keys.test(provider).unwrap(), seal)
        .unwrap();
    let receipt = providers::read(&delivery, None, &keys, &verify_options);
    assert!(receipt.signature.verdict.holds());
    let message = scheme.message(&delivery, None, "").unwrap();
    println!("{name}: a body of {} bytes", delivery.body.len());
    (delivery, message)
}

mod p256_against_ring {
    //! Comparison of two implementations of SendGrid's algorithm; for the choice see `webhook::signing::private_key`.

    use super::{Bencher, black_box, providers};
    use p256::ecdsa::signature::{Signer, Verifier};
    use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey};
    use ring::rand::SystemRandom;
    use ring::signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
        UnparsedPublicKey,
    };

    const MESSAGE: [u8; 600] = [b'x'; 600];

    fn keys() -> (p256::ecdsa::SigningKey, EcdsaKeyPair) {
        use base64::Engine;
        let text = providers::find("sendgrid").unwrap().test_secret;
        let der = base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap();
        let key = p256::SecretKey::from_pkcs8_der(&der).unwrap();
        // `ring` needs the public key as well.
        let der = key.to_pkcs8_der().unwrap();
        let random = SystemRandom::new();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.as_bytes(), &random);
        (key.into(), pair.unwrap())
    }

    #[divan::bench]
    fn p256_signs(bencher: Bencher) {
        let (key, _) = keys();
        bencher.bench(|| -> p256::ecdsa::DerSignature { key.sign(black_box(&MESSAGE)) });
    }

    #[divan::bench]
    fn ring_signs(bencher: Bencher) {
        let (_, pair) = keys();
        let random = SystemRandom::new();
        bencher.bench(|| pair.sign(&random, black_box(&MESSAGE)).unwrap());
    }

    #[divan::bench]
    fn p256_verifies(bencher: Bencher) {
        let (key, _) = keys();
        let signature: p256::ecdsa::Signature = key.sign(&MESSAGE);
        bencher.bench(|| key.verifying_key().verify(black_box(&MESSAGE), &signature));
    }

    #[divan::bench]
    fn ring_verifies(bencher: Bencher) {
        let (_, pair) = keys();
        let signature = pair.sign(&SystemRandom::new(), &MESSAGE).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public);
        bencher.bench(|| public.verify(black_box(&MESSAGE), signature.as_ref()));
    }
}
