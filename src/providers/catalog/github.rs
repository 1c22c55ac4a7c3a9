//! GitHub: the body's HMAC after `sha256=`; of a form, that of the raw form. No time is signed. The older header with
//! SHA-1 alone is rejected.
//! <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>

use crate::providers::habits::Fact::Documented;
use crate::providers::habits::Habits;
use crate::providers::provider::{Envelope, Provider, SIGNER, Signal};
use crate::webhook::{Algorithm, Encoding, KeyForm, Location, Part, Scheme, Style};

static HUB_SIGNATURE: Scheme = Scheme {
    name: "github-sha256",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    timestamp: None,
    signed: &[Part::Body],
    signature: Location::Header("x-hub-signature-256"),
    encoding: Encoding::After("sha256=", &Encoding::Hex),
    fresh: &[],
    tolerance: 300,
    uncovered: Some("the scheme has no timestamp: an old delivery verifies as well"),
    guard: None,
};

/// GitHub's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "github",
    title: "GitHub",
    docs: "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
    signals: &[
        Signal::Header("x-github-event"),
        // Other senders use the same header and the same scheme.
        Signal::Header("x-hub-signature-256"),
    ],
    schemes: &[&HUB_SIGNATURE],
    test_secret: "webhook-cli-public-test-key-github",
    test_public: "webhook-cli-public-test-key-github",
    // The form has one field.
    envelope: Envelope::Text("/payload", Style::COMPACT),
    native: &["x-github-event"],
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("2xx"),
        retries: Documented("none; by hand for 3 days"),
        timeout: Documented(10),
    },
    ..SIGNER
};
