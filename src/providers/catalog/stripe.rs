//! Stripe: time and signatures are in one header, `t=…,v1=…`, with two signatures while a secret is rotated. The key is
//! the whole text of the secret, `whsec_` included.
//! <https://docs.stripe.com/webhooks>

use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provider::{Provider, SIGNER, Signal};
use crate::webhook::{Algorithm, Encoding, KeyForm, Location, Part, Scheme, TimestampFormat};

static SIGNED_HEADER: Scheme = Scheme {
    name: "stripe-v1",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    // Its own libraries check the age and accept any time in the future.
    timestamp: Some((
        Location::Item("stripe-signature", "t"),
        TimestampFormat::AgeOnly(&TimestampFormat::Seconds),
    )),
    signed: &[Part::Timestamp, Part::Text("."), Part::Body],
    signature: Location::Item("stripe-signature", "v1"),
    encoding: Encoding::Listed(&Encoding::Hex),
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

/// Stripe's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "stripe",
    title: "Stripe",
    docs: "https://docs.stripe.com/webhooks",
    signals: &[Signal::Header("stripe-signature")],
    schemes: &[&SIGNED_HEADER],
    test_secret: "whsec_webhook-cli-public-test-key-stripe",
    test_public: "whsec_webhook-cli-public-test-key-stripe",
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("2xx"),
        retries: Documented("for up to 3 days, later each time"),
        ..HABITS
    },
    ..SIGNER
};
