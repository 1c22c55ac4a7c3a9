//! Mailtrap: up to 500 events in a list under `events`, or as JSON Lines, one event per line, as configured for the
//! webhook. `send` produces the former. The User-Agent is not documented.
//! <https://docs.mailtrap.io/>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
};

/// Scheme whose key is the text of the secret: its 32 hexadecimal digits are not decoded.
static SIGNED_BODY: Scheme = Scheme {
    name: "mailtrap",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    timestamp: None,
    signed: &[Part::Body],
    signature: Location::Header("mailtrap-signature"),
    encoding: Encoding::Hex,
    fresh: &[],
    tolerance: 300,
    uncovered: Some("the scheme has no timestamp: an old delivery verifies as well"),
    guard: None,
};

static DOCUMENTATION: Page = page("Webhooks", "https://docs.mailtrap.io/", "2026-08");

static INBOUND_PAGE: Page = page(
    "Inbound messages",
    "https://docs.mailtrap.io/developers/inbound/messages",
    "2026-11",
);

/// Prefix of the account's own events.
const ACTIVITY: Predicate = Predicate::Starts("activity_log.");

/// Mailtrap's webhooks of email sending.
pub static PROVIDER: Provider = Provider {
    name: "mailtrap",
    title: "Mailtrap",
    docs: DOCUMENTATION.url,
    signals: &[
        Signal::Body(&[
            ("/events/0/event", Predicate::Present),
            ("/events/0/event_id", Predicate::Present),
            ("/events/0/message_id", Predicate::Present),
        ]),
        // JSON Lines.
        Signal::Body(&[
            ("/0/event", Predicate::Present),
            ("/0/event_id", Predicate::Present),
            ("/0/message_id", Predicate::Present),
        ]),
        // A single line.
        Signal::Body(&[
            ("/event", Predicate::Present),
            ("/email", Predicate::Present),
            ("/event_id", Predicate::Present),
            ("/message_id", Predicate::Present),
        ]),
        Signal::Body(&[("/events/0/event", ACTIVITY)]),
        Signal::Body(&[("/0/event", ACTIVITY)]),
        Signal::Body(&[("/event", ACTIVITY)]),
        Signal::Header("mailtrap-signature"),
    ],
    schemes: &[&SIGNED_BODY],
    test_secret: "776562686f6f6b2d636c692d74657374",
    test_public: "776562686f6f6b2d636c692d74657374",
    envelope: Envelope::List("/events"),
    style: Style::COMPACT,
    native: &["/event"],
    fields: Fields {
        recipient: &["/email"],
        message_id: &["/message_id"],
        at: &[TimeField::Seconds("/timestamp")],
        url: &["/url"],
        reason: &["/response", "/reason", "/bounce_category"],
        unique: &["/event_id"],
        tag: Placement::Text("/category"),
        metadata: Placement::Members("/custom_variables"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Delivered,
            "delivery",
            &[("/event", Predicate::Is("delivery"))],
            example!("mailtrap/delivered"),
        ),
        // The domain is not verified, or a limit is reached.
        row(
            Kind::Deferred,
            "suspension",
            &[("/event", Predicate::Is("suspension"))],
            example!("mailtrap/deferred"),
        ),
        row(
            Kind::Open,
            "open",
            &[("/event", Predicate::Is("open"))],
            example!("mailtrap/open"),
        ),
        row(
            Kind::Click,
            "click",
            &[("/event", Predicate::Is("click"))],
            example!("mailtrap/click"),
        ),
        bounce(
            BounceClass::Hard,
            "bounce",
            &[("/event", Predicate::Is("bounce"))],
            example!("mailtrap/bounce"),
        ),
        // With a space. It is retried up to ten times, and ends as a delivery or a bounce.
        row(
            Kind::Deferred,
            "soft bounce",
            &[("/event", Predicate::Is("soft bounce"))],
            example!("mailtrap/deferred-soft-bounce"),
        ),
        row(
            Kind::Rejected,
            "reject",
            &[("/event", Predicate::Is("reject"))],
            example!("mailtrap/rejected"),
        ),
        row(
            Kind::Complaint,
            "spam",
            &[("/event", Predicate::Is("spam"))],
            example!("mailtrap/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribe",
            &[("/event", Predicate::Is("unsubscribe"))],
            example!("mailtrap/unsubscribe"),
        ),
        row(
            Kind::Inbound,
            "inbound.message_received",
            &[("/event", Predicate::OneOf(inbound::mailtrap::EVENTS))],
            example!("mailtrap/inbound"),
        ),
        // Actions of the account's users, about no message.
        row(Kind::Other, "activity_log", &[("/event", ACTIVITY)], ""),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "bounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "soft bounce",
            sets: &[
                ("/response", "4.2.0 Mailbox temporarily unavailable"),
                ("/response_code", "450"),
                ("/bounce_category", "transientfail"),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "soft bounce",
            sets: &[],
        },
        Bounce {
            name: "blocked",
            row: "soft bounce",
            sets: &[
                (
                    "/response",
                    "4.7.1 Service unavailable; client host blocked by policy list",
                ),
                ("/response_code", "451"),
                ("/bounce_category", "block"),
            ],
        },
    ],
    conduct: Behaviour {
        only_200: true,
        batch: Batch::UpTo(500),
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("a list of up to 500 events, about every 30 s"),
        success: Unconfirmed("200", "whether another 2xx counts"),
        retries: Documented("every 5 minutes, 40 times; then the webhook is paused"),
        timeout: Documented(30),
    },
    origins: &[
        documented(&DOCUMENTATION, &[""]),
        assumed("known from the code of a receiver only", &["/events/*"])
            .of(&["inbound.message_received"]),
        documented(&INBOUND_PAGE, &["/events/*/event"]).of(&["inbound.message_received"]),
    ],
    inbound: Some(&inbound::mailtrap::INBOUND),
    ..SIGNER
};
