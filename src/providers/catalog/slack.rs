//! Slack: the signed text is version, time and body, joined by colons. The signing secret looks hexadecimal and is used
//! as text.
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>

use crate::providers::habits::Fact::Documented;
use crate::providers::habits::Habits;
use crate::providers::provider::{Envelope, Provider, SIGNER, Signal};
use crate::webhook::{
    Algorithm, Encoding, KeyForm, Location, Part, Scheme, Style, TimestampFormat,
};

static V0: Scheme = Scheme {
    name: "slack-v0",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    timestamp: Some((
        Location::Header("x-slack-request-timestamp"),
        TimestampFormat::Seconds,
    )),
    signed: &[
        Part::Text("v0:"),
        Part::Timestamp,
        Part::Text(":"),
        Part::Body,
    ],
    signature: Location::Header("x-slack-signature"),
    encoding: Encoding::After("v0=", &Encoding::Hex),
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

/// Slack's requests: events, slash commands, interactivity.
pub static PROVIDER: Provider = Provider {
    name: "slack",
    title: "Slack",
    docs: "https://docs.slack.dev/authentication/verifying-requests-from-slack",
    signals: &[Signal::Header("x-slack-signature")],
    schemes: &[&V0],
    test_secret: "webhook-cli-public-test-key-slack",
    test_public: "webhook-cli-public-test-key-slack",
    // Interactivity is sent as a form with one field.
    envelope: Envelope::Text("/payload", Style::COMPACT),
    native: &["/event/type", "/type", "/command"],
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("2xx"),
        retries: Documented(
            "3 more: almost at once, after 1 min and after 5 min; `X-Slack-No-Retry: 1` ends it",
        ),
        timeout: Documented(3),
    },
    ..SIGNER
};
