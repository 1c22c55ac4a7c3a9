//! Unisender Go: events grouped by user, in a list of one user; or one event with its fields in the body itself. `auth` is
//! an MD5 of the body with the API key in its place. When and how often it tries again is unconfirmed.
//! <https://godocs.unisender.ru/web-api-ref>

use crate::providers::behaviour::{Batch, CONDUCT, Conduct, Handshake};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, Carry, Envelope, FIELDS, Fields, Provider, SIGNER, Stamp, Tell, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Mark, Part, Place, Recipe, Style,
};

static AUTH: Recipe = Recipe {
    name: "unisender-go",
    algorithm: Algorithm::Md5,
    key: KeyForm::Text,
    id: None,
    timestamp: None,
    signed: &[Part::BodyAround("/auth")],
    signature: Place::Body("/auth"),
    encoding: Encoding::Hex,
    fresh: &[],
    tolerance: 300,
    uncovered: Some("MD5 without a timestamp: an old delivery verifies as well"),
    guard: None,
};

const SINGLE: (&str, Mark) = ("/event_name", Mark::Is("transactional_email_status"));

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
    tells: &[
        Tell::Body(&[("/events_by_user/0/events", Mark::Present)]),
        Tell::Body(&[
            ("/auth", Mark::Present),
            ("/event_name", Mark::Present),
            ("/job_id", Mark::Present),
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
            Stamp::Utc("/event_data/event_time", "%Y-%m-%d %H:%M:%S"),
            Stamp::Utc("/event_time", "%Y-%m-%d %H:%M:%S"),
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
        metadata: Carry::Members("/event_data/metadata"),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Sent,
            "sent",
            &[("/event_data/status", Mark::Is("sent"))],
            example!("unisender-go/sent"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event_data/status", Mark::Is("delivered"))],
            example!("unisender-go/delivered"),
        ),
        row(
            Kind::Deferred,
            "soft_bounced",
            &[("/event_data/status", Mark::Is("soft_bounced"))],
            example!("unisender-go/deferred"),
        ),
        row(
            Kind::Open,
            "opened",
            &[("/event_data/status", Mark::Is("opened"))],
            example!("unisender-go/open"),
        ),
        row(
            Kind::Click,
            "clicked",
            &[("/event_data/status", Mark::Is("clicked"))],
            example!("unisender-go/click"),
        ),
        bounce(
            BounceClass::Hard,
            "hard_bounced",
            &[("/event_data/status", Mark::Is("hard_bounced"))],
            example!("unisender-go/bounce"),
        ),
        row(
            Kind::Complaint,
            "spam",
            &[("/event_data/status", Mark::Is("spam"))],
            example!("unisender-go/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribed",
            &[("/event_data/status", Mark::Is("unsubscribed"))],
            example!("unisender-go/unsubscribe"),
        ),
        row(
            Kind::Subscribe,
            "subscribed",
            &[("/event_data/status", Mark::Is("subscribed"))],
            example!("unisender-go/subscribe"),
        ),
        // In the mode of single events the fields stand in the body itself.
        row(
            Kind::Sent,
            "single_sent",
            &[SINGLE, ("/status", Mark::Is("sent"))],
            "",
        ),
        row(
            Kind::Delivered,
            "single_delivered",
            &[SINGLE, ("/status", Mark::Is("delivered"))],
            "",
        ),
        row(
            Kind::Deferred,
            "single_soft_bounced",
            &[SINGLE, ("/status", Mark::Is("soft_bounced"))],
            "",
        ),
        row(
            Kind::Open,
            "single_opened",
            &[SINGLE, ("/status", Mark::Is("opened"))],
            "",
        ),
        row(
            Kind::Click,
            "single_clicked",
            &[SINGLE, ("/status", Mark::Is("clicked"))],
            "",
        ),
        bounce(
            BounceClass::Hard,
            "single_hard_bounced",
            &[SINGLE, ("/status", Mark::Is("hard_bounced"))],
            "",
        ),
        row(
            Kind::Complaint,
            "single_spam",
            &[SINGLE, ("/status", Mark::Is("spam"))],
            "",
        ),
        row(
            Kind::Unsubscribe,
            "single_unsubscribed",
            &[SINGLE, ("/status", Mark::Is("unsubscribed"))],
            "",
        ),
        row(
            Kind::Subscribe,
            "single_subscribed",
            &[SINGLE, ("/status", Mark::Is("subscribed"))],
            "",
        ),
        row(
            Kind::Other,
            "transactional_spam_block",
            &[("/event_name", Mark::Is("transactional_spam_block"))],
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
    conduct: Conduct {
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
