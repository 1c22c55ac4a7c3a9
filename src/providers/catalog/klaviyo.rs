//! Klaviyo's system webhooks: up to 1000 events in a list under `data`, each in the format of the events API. (The
//! webhook action of a flow has a free body and is not signed.)
//!
//! Body and timestamp are signed in this order, without anything between; the key is the text of the secret, of 16
//! characters or more. Unconfirmed: the names inside `event_properties`, the address and the link among them; the
//! format of the timestamp header; retries and timeout. No tolerance is documented: five minutes are our choice.
//! <https://developers.klaviyo.com/en/docs/working_with_system_webhooks>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Envelope, FIELDS, Fields, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Delivery, Document, Encoding, KeyForm, Kind, Location, Part, Predicate,
    Scheme, Style, TimestampFormat, VerifyOptions,
};

static SYSTEM_WEBHOOK: Scheme = Scheme {
    name: "klaviyo",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    timestamp: Some((Location::Header("klaviyo-timestamp"), TimestampFormat::Any)),
    signed: &[Part::Body, Part::Timestamp],
    signature: Location::Header("klaviyo-signature"),
    encoding: Encoding::Hex,
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: Some(guard),
};

/// Guard for the unsigned header: its value must equal the signed member of the body.
fn guard(delivery: &Delivery, body: &Document, _: &VerifyOptions) -> Result<(), String> {
    let given = delivery.headers.text("klaviyo-webhook-id");
    if given.is_some() && given != body.text("/meta/klaviyo_webhook_id").as_deref() {
        return Err(
            "header `klaviyo-webhook-id` differs from `/meta/klaviyo_webhook_id` in the body"
                .into(),
        );
    }
    Ok(())
}

static SYSTEM: Page = page(
    "Working with system webhooks",
    "https://developers.klaviyo.com/en/docs/working_with_system_webhooks",
    "2026-11-06",
);

/// Klaviyo's system webhooks.
pub static PROVIDER: Provider = Provider {
    name: "klaviyo",
    title: "Klaviyo",
    docs: SYSTEM.url,
    signals: &[
        Signal::Body(&[
            ("/meta/klaviyo_webhook_id", Predicate::Present),
            ("/data", Predicate::Present),
        ]),
        Signal::Header("klaviyo-signature"),
        Signal::Header("klaviyo-webhook-id"),
    ],
    schemes: &[&SYSTEM_WEBHOOK],
    test_secret: "webhook-cli-public-test-key-klaviyo",
    test_public: "webhook-cli-public-test-key-klaviyo",
    envelope: Envelope::List("/data"),
    style: Style::COMPACT,
    native: &["/topic"],
    fields: Fields {
        recipient: &["/payload/data/attributes/event_properties/Recipient Email Address"],
        at: &[
            TimeField::Seconds("/payload/data/attributes/timestamp"),
            TimeField::Utc(
                "/payload/data/attributes/datetime",
                "%Y-%m-%d %H:%M:%S+00:00",
            ),
        ],
        url: &["/payload/data/attributes/event_properties/URL"],
        reason: &["/payload/data/attributes/event_properties/Bounce Type"],
        // The first is in two places.
        unique: &["/external_id", "/payload/data/attributes/uuid"],
        ..FIELDS
    },
    events: &[
        row(
            Kind::Delivered,
            "received_email",
            &[("/topic", Predicate::Is("event:klaviyo.received_email"))],
            example!("klaviyo/delivered"),
        ),
        row(
            Kind::Open,
            "opened_email",
            &[("/topic", Predicate::Is("event:klaviyo.opened_email"))],
            example!("klaviyo/open"),
        ),
        row(
            Kind::Click,
            "clicked_email",
            &[("/topic", Predicate::Is("event:klaviyo.clicked_email"))],
            example!("klaviyo/click"),
        ),
        // Soft and hard together.
        bounce(
            BounceClass::Undetermined,
            "bounced_email",
            &[("/topic", Predicate::Is("event:klaviyo.bounced_email"))],
            example!("klaviyo/bounce"),
        ),
        row(
            Kind::Rejected,
            "dropped_email",
            &[("/topic", Predicate::Is("event:klaviyo.dropped_email"))],
            example!("klaviyo/rejected"),
        ),
        row(
            Kind::Complaint,
            "marked_email_as_spam",
            &[(
                "/topic",
                Predicate::Is("event:klaviyo.marked_email_as_spam"),
            )],
            example!("klaviyo/complaint"),
        ),
        row(
            Kind::Subscribe,
            "subscribed_to_email_marketing",
            &[(
                "/topic",
                Predicate::Is("event:klaviyo.subscribed_to_email_marketing"),
            )],
            example!("klaviyo/subscribe"),
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribed_from_email_marketing",
            &[(
                "/topic",
                Predicate::Is("event:klaviyo.unsubscribed_from_email_marketing"),
            )],
            example!("klaviyo/unsubscribe"),
        ),
        // By the staff.
        row(
            Kind::Unsubscribe,
            "manually_suppressed_from_email_marketing",
            &[(
                "/topic",
                Predicate::Is("event:klaviyo.manually_suppressed_from_email_marketing"),
            )],
            example!("klaviyo/unsubscribe-suppressed"),
        ),
        row(
            Kind::Subscribe,
            "manually_unsuppressed_from_email_marketing",
            &[(
                "/topic",
                Predicate::Is("event:klaviyo.manually_unsuppressed_from_email_marketing"),
            )],
            example!("klaviyo/subscribe-unsuppressed"),
        ),
        row(
            Kind::Other,
            "updated_email_preferences",
            &[(
                "/topic",
                Predicate::Is("event:klaviyo.updated_email_preferences"),
            )],
            example!("klaviyo/other-updated-preferences"),
        ),
        // About text messages, push messages and reviews; no whole bodies are known.
        row(
            Kind::Other,
            "other_channels",
            &[("/topic", Predicate::Starts("event:klaviyo."))],
            "",
        ),
    ],
    conduct: Behaviour {
        batch: Batch::UpTo(1000),
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("a list of up to 1000 events"),
        ..HABITS
    },
    origins: &[
        documented(&SYSTEM, &[""]),
        documented(&SYSTEM, &["klaviyo-timestamp"]).unconfirmed("how the time is written"),
        assumed(
            "the names in it are not known",
            &["/data/*/payload/data/attributes/event_properties"],
        ),
    ],
    ..SIGNER
};
