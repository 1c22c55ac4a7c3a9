//! Shopify: the body's HMAC in base64; no time is signed. A newer format of its deliveries has the same headers without
//! `X-`.
//! <https://shopify.dev/docs/apps/build/webhooks>

use crate::providers::habits::Fact::Documented;
use crate::providers::habits::Habits;
use crate::providers::provider::{Provider, SIGNER, Signal};
use crate::webhook::{Algorithm, Encoding, KeyForm, Location, Part, Scheme};

static WEBHOOK: Scheme = scheme("shopify", "x-shopify-hmac-sha256");
static EVENT: Scheme = scheme("shopify-events", "shopify-hmac-sha256");

const fn scheme(name: &'static str, signature: &'static str) -> Scheme {
    Scheme {
        name,
        algorithm: Algorithm::HmacSha256,
        key: KeyForm::Text,
        id: None,
        timestamp: None,
        signed: &[Part::Body],
        signature: Location::Header(signature),
        encoding: Encoding::Base64,
        fresh: &[],
        tolerance: 300,
        uncovered: Some("the scheme has no timestamp: an old delivery verifies as well"),
        guard: None,
    }
}

/// Shopify's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "shopify",
    title: "Shopify",
    docs: "https://shopify.dev/docs/apps/build/webhooks",
    signals: &[
        Signal::Header("x-shopify-hmac-sha256"),
        Signal::Header("shopify-hmac-sha256"),
        Signal::Header("x-shopify-topic"),
        Signal::Header("shopify-topic"),
    ],
    schemes: &[&WEBHOOK, &EVENT],
    test_secret: "webhook-cli-public-test-key-shopify",
    test_public: "webhook-cli-public-test-key-shopify",
    native: &["x-shopify-topic", "shopify-topic"],
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("2xx"),
        retries: Documented("8 more in 4 hours, later each time; then the subscription is removed"),
        timeout: Documented(5),
    },
    ..SIGNER
};
