//! Maileroo: one event per request, with its members in alphabetical order. A temporary failure is a deferral; there is
//! no soft bounce and no unsubscription. Opens and clicks name no recipient. The members of `event_data` are documented
//! for a click only.
//! <https://maileroo.com/docs/api-reference/emails/webhooks>

use crate::providers::behaviour::{Behaviour, CONDUCT};
use crate::providers::habits::Fact::Unconfirmed;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
};

static SIGNED_BODY: Scheme = Scheme {
    name: "maileroo",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    timestamp: None,
    signed: &[Part::Body],
    signature: Location::Header("x-maileroo-signature"),
    encoding: Encoding::Hex,
    fresh: &[],
    tolerance: 300,
    uncovered: Some("the scheme has no timestamp: an old delivery verifies as well"),
    guard: None,
};

static REFERENCE: Page = page(
    "Webhooks",
    "https://maileroo.com/docs/api-reference/emails/webhooks",
    "2026-11-27",
);
static SAMPLE: Page = page(
    "Email webhooks, with a sample of a click",
    "https://maileroo.com/features/email-webhooks",
    "2026-11-27",
);

/// Maileroo's webhooks of email sending.
pub static PROVIDER: Provider = Provider {
    name: "maileroo",
    title: "Maileroo",
    docs: REFERENCE.url,
    signals: &[
        Signal::Body(&[
            ("/event_type", Predicate::Present),
            ("/event_data", Predicate::Object),
            ("/message_reference_id", Predicate::Present),
        ]),
        // A list is unconfirmed.
        Signal::Body(&[
            ("/0/event_type", Predicate::Present),
            ("/0/event_data", Predicate::Object),
            ("/0/message_reference_id", Predicate::Present),
        ]),
        Signal::Header("x-maileroo-signature"),
    ],
    schemes: &[&SIGNED_BODY],
    test_secret: "webhook-cli-public-test-key-maileroo",
    test_public: "webhook-cli-public-test-key-maileroo",
    envelope: Envelope::Plain,
    style: Style {
        sorted: true,
        ..Style::COMPACT
    },
    native: &["/event_type"],
    fields: Fields {
        recipient: &["/event_data/to", "/event_data/to/*"],
        message_id: &["/message_reference_id"],
        at: &[
            TimeField::Seconds("/event_time"),
            TimeField::Rfc3339("/inserted_at", 3),
        ],
        url: &["/event_data/original_url"],
        reason: &["/event_data/reason", "/event_data/reject_reason"],
        unique: &["/event_id"],
        metadata: Placement::Members("/tags"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "accepted",
            &[("/event_type", Predicate::Is("accepted"))],
            example!("maileroo/sent"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event_type", Predicate::Is("delivered"))],
            example!("maileroo/delivered"),
        ),
        row(
            Kind::Deferred,
            "deferred",
            &[("/event_type", Predicate::Is("deferred"))],
            example!("maileroo/deferred"),
        ),
        row(
            Kind::Open,
            "opened",
            &[("/event_type", Predicate::Is("opened"))],
            example!("maileroo/open"),
        ),
        row(
            Kind::Click,
            "clicked",
            &[("/event_type", Predicate::Is("clicked"))],
            example!("maileroo/click"),
        ),
        bounce(
            BounceClass::Hard,
            "failed",
            &[("/event_type", Predicate::Is("failed"))],
            example!("maileroo/bounce"),
        ),
        // Malformed, or the recipient is suppressed.
        row(
            Kind::Rejected,
            "rejected",
            &[("/event_type", Predicate::Is("rejected"))],
            example!("maileroo/rejected"),
        ),
        row(
            Kind::Complaint,
            "complained",
            &[("/event_type", Predicate::Is("complained"))],
            example!("maileroo/complaint"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "failed",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "deferred",
            sets: &[],
        },
        Bounce {
            name: "mailbox-full",
            row: "deferred",
            sets: &[("/event_data/reason", "452 4.2.2 Mailbox full")],
        },
        Bounce {
            name: "blocked",
            row: "failed",
            sets: &[(
                "/event_data/reason",
                "554 5.7.1 Service unavailable; client host blocked by policy list",
            )],
        },
    ],
    conduct: Behaviour {
        only_200: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Unconfirmed("one event", "a third party's handler takes a list as well"),
        success: Unconfirmed("200", "whether another 2xx counts"),
        retries: Unconfirmed(
            "8 more, over about 14 h",
            "known from a note in a third party's handler",
        ),
        ..HABITS
    },
    origins: &[
        documented(&SAMPLE, &["/"]),
        assumed(
            "only a click is documented; that the recipient stands there is our guess",
            &["/event_data"],
        )
        .of(&["accepted", "delivered", "complained"]),
        assumed("as in `failed`", &["/event_data"]).of(&["deferred"]),
        assumed(
            "as in the documented click, without its link",
            &["/event_data"],
        )
        .of(&["opened"]),
        assumed(
            "known from third parties' handlers, written after the documentation",
            &["/event_data"],
        )
        .of(&["failed", "rejected"]),
        documented(&REFERENCE, &["x-maileroo-signature"])
            .unconfirmed("what is signed is known from five handlers that agree"),
        assumed("the page tells of JSON, not of its type", &["content-type"]),
    ],
    ..SIGNER
};
