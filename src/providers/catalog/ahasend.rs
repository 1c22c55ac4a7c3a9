//! AhaSend: one compact object of `type`, `webhook_id`, `timestamp` and `data`, signed with the headers of Standard
//! Webhooks. The key is the whole text of the secret, and is never decoded. There are no complaints and no
//! unsubscribes.
//! <https://ahasend.com/docs/integrations/webhooks>

use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Machine, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
    TimestampFormat,
};

static TEXT_KEY: Scheme = Scheme {
    name: "ahasend",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: Some(Location::Header("webhook-id")),
    timestamp: Some((
        Location::Header("webhook-timestamp"),
        TimestampFormat::Seconds,
    )),
    signed: &[
        Part::Id,
        Part::Text("."),
        Part::Timestamp,
        Part::Text("."),
        Part::Body,
    ],
    signature: Location::Header("webhook-signature"),
    encoding: Encoding::Versioned,
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

static OPENAPI: Page = page(
    "OpenAPI document 2.0.0 of the webhooks, a copy",
    "https://github.com/api-evangelist/ahasend",
    "2026-11-27",
);

/// Time format of Go: up to nine fractional digits, without trailing zeros.
const NANOSECONDS: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// AhaSend's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "ahasend",
    title: "AhaSend",
    docs: "https://ahasend.com/docs/integrations/webhooks",
    signals: &[
        Signal::Body(&[
            (
                "/type",
                Predicate::StartsOneOf(&["message.", "suppression.created", "domain.dns_error"]),
            ),
            ("/data/account_id", Predicate::Present),
        ]),
        // Inbound mail has a route in place of an account.
        Signal::Body(&[
            (
                "/type",
                Predicate::OneOf(&["message.routing", "route.message"]),
            ),
            ("/timestamp", Predicate::Present),
            ("/data", Predicate::Object),
        ]),
    ],
    schemes: &[&TEXT_KEY],
    test_secret: "webhook-cli-public-test-key-ahasend",
    test_public: "webhook-cli-public-test-key-ahasend",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/type"],
    fields: Fields {
        recipient: &["/data/recipient", "/data/to"],
        message_id: &["/data/message_id_header", "/data/message_id"],
        message_also: &["/data/id"],
        at: &[
            TimeField::Utc("/timestamp", NANOSECONDS),
            TimeField::Utc("/data/created_at", NANOSECONDS),
            TimeField::Utc("/data/expires_at", NANOSECONDS),
            TimeField::Utc("/data/dns_last_checked_at", NANOSECONDS),
            TimeField::Utc("/data/date", "%a, %d %b %Y %H:%M:%S +0000"),
        ],
        url: &["/data/url"],
        reason: &[
            "/data/delivery_attempt/response",
            "/data/delivery_attempt/description",
            "/data/delivery_attempt/classification",
            "/data/reason",
        ],
        ..FIELDS
    },
    events: &[
        // Accepted and queued; sent for inbound mail too.
        row(
            Kind::Sent,
            "message.reception",
            &[("/type", Predicate::Is("message.reception"))],
            example!("ahasend/sent"),
        ),
        row(
            Kind::Delivered,
            "message.delivered",
            &[("/type", Predicate::Is("message.delivered"))],
            example!("ahasend/delivered"),
        ),
        row(
            Kind::Deferred,
            "message.transient_error",
            &[("/type", Predicate::Is("message.transient_error"))],
            example!("ahasend/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "message.bounced",
            &[("/type", Predicate::Is("message.bounced"))],
            example!("ahasend/bounce"),
        ),
        // The retries are used up without a bounce.
        bounce(
            BounceClass::Soft,
            "message.failed",
            &[("/type", Predicate::Is("message.failed"))],
            example!("ahasend/bounce-failed"),
        ),
        row(
            Kind::Rejected,
            "message.suppressed",
            &[("/type", Predicate::Is("message.suppressed"))],
            example!("ahasend/rejected"),
        ),
        row(
            Kind::Open,
            "message.opened",
            &[("/type", Predicate::Is("message.opened"))],
            example!("ahasend/open"),
        ),
        row(
            Kind::Click,
            "message.clicked",
            &[("/type", Predicate::Is("message.clicked"))],
            example!("ahasend/click"),
        ),
        row(
            Kind::Other,
            "suppression.created",
            &[("/type", Predicate::Is("suppression.created"))],
            example!("ahasend/other-suppression-created"),
        ),
        row(
            Kind::Other,
            "domain.dns_error",
            &[("/type", Predicate::Is("domain.dns_error"))],
            example!("ahasend/other-domain-dns-error"),
        ),
        row(
            Kind::Other,
            "message.routing",
            &[(
                "/type",
                Predicate::OneOf(&["message.routing", "route.message"]),
            )],
            example!("ahasend/other-message-routing"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "message.bounced",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "message.transient_error",
            sets: &[
                ("/data/delivery_attempt/classification", "TransientFailure"),
                ("/data/delivery_attempt/smtp_code", "450"),
                ("/data/delivery_attempt/enhanced_status_code", "4.2.0"),
                (
                    "/data/delivery_attempt/response",
                    "Mailbox temporarily unavailable",
                ),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "message.transient_error",
            sets: &[],
        },
        Bounce {
            name: "blocked",
            row: "message.bounced",
            sets: &[
                ("/data/delivery_attempt/classification", "PolicyRelated"),
                ("/data/delivery_attempt/smtp_code", "550"),
                ("/data/delivery_attempt/enhanced_status_code", "5.7.1"),
                (
                    "/data/delivery_attempt/response",
                    "Message rejected by policy",
                ),
                ("/data/delivery_attempt/command", "DATA"),
            ],
        },
    ],
    machines: &[
        Machine {
            kind: Kind::Open,
            row: "message.opened",
            sets: &[("/data/is_bot", "true")],
        },
        Machine {
            kind: Kind::Click,
            row: "message.clicked",
            sets: &[("/data/is_bot", "true")],
        },
    ],
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("2xx"),
        retries: Documented(
            "6 more, over more than 16 minutes; after 100 failures in a row the webhook is switched off",
        ),
        ..HABITS
    },
    origins: &[documented(&OPENAPI, &[""])],
    ..SIGNER
};
