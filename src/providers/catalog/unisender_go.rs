//! Unisender Go: events grouped by user, in a list of one user; or one event with its fields in the body itself. `auth`
//! is an MD5 of the body with the API key in its place. Conditions and number of retries are unconfirmed.
//! <https://godocs.unisender.ru/web-api-ref>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT, Handshake};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
};

static AUTH: Scheme = Scheme {
    name: "unisender-go",
    algorithm: Algorithm::Md5,
    key: KeyForm::Text,
    id: None,
    timestamp: None,
    signed: &[Part::BodyAround("/auth")],
    signature: Location::Body("/auth"),
    encoding: Encoding::Hex,
    fresh: &[],
    tolerance: 300,
    uncovered: Some("MD5 without a timestamp: an old delivery verifies as well"),
    guard: None,
};

const SINGLE: (&str, Predicate) = ("/event_name", Predicate::Is("transactional_email_status"));

static REFERENCE: Page = page(
    "Web API reference",
    "https://godocs.unisender.ru/web-api-ref",
    "2026",
);

/// Unisender Go's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "unisender-go",
    title: "Unisender Go",
    docs: REFERENCE.url,
    signals: &[
        Signal::Body(&[("/events_by_user/0/events", Predicate::Present)]),
        Signal::Body(&[
            ("/auth", Predicate::Present),
            ("/event_name", Predicate::Present),
            ("/job_id", Predicate::Present),
        ]),
    ],
    schemes: &[&AUTH],
    test_secret: "webhook-cli-public-test-key-unisender-go",
    test_public: "webhook-cli-public-test-key-unisender-go",
    envelope: Envelope::List("/events_by_user/0/events"),
    style: Style::COMPACT,
    native: &["/event_data/status", "/status", "/event_name"],
    fields: Fields {
        recipient: &["/event_data/email", "/email"],
        message_id: &["/event_data/job_id", "/job_id"],
        at: &[
            TimeField::Utc("/event_data/event_time", "%Y-%m-%d %H:%M:%S"),
            TimeField::Utc("/event_time", "%Y-%m-%d %H:%M:%S"),
        ],
        url: &["/event_data/url", "/url"],
        reason: &[
            "/event_data/delivery_info/destination_response",
            "/event_data/delivery_info/delivery_status",
            "/event_data/comment",
            "/delivery_info/destination_response",
            "/delivery_info/delivery_status",
            "/comment",
        ],
        metadata: Placement::Members("/event_data/metadata"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "sent",
            &[("/event_data/status", Predicate::Is("sent"))],
            example!("unisender-go/sent"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event_data/status", Predicate::Is("delivered"))],
            example!("unisender-go/delivered"),
        ),
        row(
            Kind::Deferred,
            "soft_bounced",
            &[("/event_data/status", Predicate::Is("soft_bounced"))],
            example!("unisender-go/deferred"),
        ),
        row(
            Kind::Open,
            "opened",
            &[("/event_data/status", Predicate::Is("opened"))],
            example!("unisender-go/open"),
        ),
        row(
            Kind::Click,
            "clicked",
            &[("/event_data/status", Predicate::Is("clicked"))],
            example!("unisender-go/click"),
        ),
        bounce(
            BounceClass::Hard,
            "hard_bounced",
            &[("/event_data/status", Predicate::Is("hard_bounced"))],
            example!("unisender-go/bounce"),
        ),
        row(
            Kind::Complaint,
            "spam",
            &[("/event_data/status", Predicate::Is("spam"))],
            example!("unisender-go/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribed",
            &[("/event_data/status", Predicate::Is("unsubscribed"))],
            example!("unisender-go/unsubscribe"),
        ),
        row(
            Kind::Subscribe,
            "subscribed",
            &[("/event_data/status", Predicate::Is("subscribed"))],
            example!("unisender-go/subscribe"),
        ),
        // In the mode of single events the fields are in the body itself.
        row(
            Kind::Sent,
            "single_sent",
            &[SINGLE, ("/status", Predicate::Is("sent"))],
            "",
        ),
        row(
            Kind::Delivered,
            "single_delivered",
            &[SINGLE, ("/status", Predicate::Is("delivered"))],
            "",
        ),
        row(
            Kind::Deferred,
            "single_soft_bounced",
            &[SINGLE, ("/status", Predicate::Is("soft_bounced"))],
            "",
        ),
        row(
            Kind::Open,
            "single_opened",
            &[SINGLE, ("/status", Predicate::Is("opened"))],
            "",
        ),
        row(
            Kind::Click,
            "single_clicked",
            &[SINGLE, ("/status", Predicate::Is("clicked"))],
            "",
        ),
        bounce(
            BounceClass::Hard,
            "single_hard_bounced",
            &[SINGLE, ("/status", Predicate::Is("hard_bounced"))],
            "",
        ),
        row(
            Kind::Complaint,
            "single_spam",
            &[SINGLE, ("/status", Predicate::Is("spam"))],
            "",
        ),
        row(
            Kind::Unsubscribe,
            "single_unsubscribed",
            &[SINGLE, ("/status", Predicate::Is("unsubscribed"))],
            "",
        ),
        row(
            Kind::Subscribe,
            "single_subscribed",
            &[SINGLE, ("/status", Predicate::Is("subscribed"))],
            "",
        ),
        row(
            Kind::Other,
            "transactional_spam_block",
            &[("/event_name", Predicate::Is("transactional_spam_block"))],
            "",
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "hard_bounced",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "soft_bounced",
            sets: &[],
        },
        Bounce {
            name: "mailbox-full",
            row: "soft_bounced",
            sets: &[
                (
                    "/event_data/delivery_info/delivery_status",
                    "err_mailbox_full",
                ),
                (
                    "/event_data/delivery_info/destination_response",
                    "452 4.2.2 Mailbox full",
                ),
            ],
        },
        Bounce {
            name: "blocked",
            row: "hard_bounced",
            sets: &[
                (
                    "/event_data/delivery_info/delivery_status",
                    "err_blacklisted",
                ),
                (
                    "/event_data/delivery_info/destination_response",
                    "554 5.7.1 Service unavailable; client host blocked by policy list",
                ),
            ],
        },
    ],
    conduct: Behaviour {
        handshake: &[Handshake::Get],
        batch: Batch::Some,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("a list of events of one user, or one event where grouping is off"),
        ..HABITS
    },
    origins: &[documented(&REFERENCE, &[""])],
    ..SIGNER
};
