//! SocketLabs: one event per request, in names with capital initials. Nothing is signed: the secret key of the webhook
//! is in the body, so that anyone who has seen one delivery knows it.
//!
//! Old endpoints may get the same fields as a form, which is read and not sent. Unconfirmed: the order of the members
//! except for `Queued`, the members of `Validation`, and the required content of its response.
//! <https://help.socketlabs.com/docs/event-webhooks-events>

use crate::providers::behaviour::{Behaviour, CONDUCT, Challenge, Handshake};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    ABSENT, Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Predicate, Scheme, Style,
};

static SECRET_KEY: Scheme = Scheme {
    name: "socketlabs",
    algorithm: Algorithm::Token,
    key: KeyForm::Text,
    id: None,
    timestamp: None,
    signed: &[],
    signature: Location::Body("/SecretKey"),
    encoding: Encoding::Text,
    fresh: &[],
    tolerance: 300,
    uncovered: Some("the secret key is right; the body is not covered by it"),
    guard: None,
};

const FAILED: (&str, Predicate) = ("/Type", Predicate::Is("Failed"));
const TRACKING: (&str, Predicate) = ("/Type", Predicate::Is("Tracking"));

static EVENTS: Page = page(
    "Event webhooks: events",
    "https://help.socketlabs.com/docs/event-webhooks-events",
    "2026-11-27",
);
static LIBRARY: Page = page(
    "the official .NET library",
    "https://github.com/socketlabs/SocketLabs.EventWebhooks.Extensions",
    "2024-11-12",
);

/// SocketLabs' event webhooks.
pub static PROVIDER: Provider = Provider {
    name: "socketlabs",
    title: "SocketLabs",
    docs: EVENTS.url,
    signals: &[
        Signal::Body(&[
            ("/Type", Predicate::Present),
            ("/ServerId", Predicate::Present),
            ("/SecretKey", Predicate::Present),
        ]),
        // Without its key it is still recognised, and rejected.
        Signal::Body(&[
            ("/Type", Predicate::Present),
            ("/DateTime", Predicate::Present),
            ("/ServerId", Predicate::Present),
            ("/MailingId", Predicate::Present),
            ("/MessageId", Predicate::Present),
        ]),
    ],
    schemes: &[&SECRET_KEY],
    test_secret: "webhookCliPublicTestKey0",
    test_public: "webhookCliPublicTestKey0",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/Type"],
    fields: Fields {
        recipient: &["/Address"],
        message_id: &["/MessageId"],
        at: &[TimeField::Rfc3339("/DateTime", 7)],
        url: &["/Url"],
        reason: &["/Reason", "/DiagnosticCode", "/Response"],
        tag: Placement::List("/Data/Tags"),
        metadata: Placement::Pairs("/Data/Meta", "Key", "Value"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "Queued",
            &[("/Type", Predicate::Is("Queued"))],
            example!("socketlabs/sent"),
        ),
        row(
            Kind::Deferred,
            "Deferred",
            &[("/Type", Predicate::Is("Deferred"))],
            example!("socketlabs/deferred"),
        ),
        row(
            Kind::Delivered,
            "Delivered",
            &[("/Type", Predicate::Is("Delivered"))],
            example!("socketlabs/delivered"),
        ),
        bounce(
            BounceClass::Hard,
            "Failed",
            &[FAILED, ("/FailureType", Predicate::Is("Permanent"))],
            example!("socketlabs/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "Failed.Temporary",
            &[FAILED, ("/FailureType", Predicate::Is("Temporary"))],
            "",
        ),
        row(
            Kind::Rejected,
            "Failed.Suppressed",
            &[FAILED, ("/FailureType", Predicate::Is("Suppressed"))],
            example!("socketlabs/rejected"),
        ),
        bounce(BounceClass::Undetermined, "Failed.Unknown", &[FAILED], ""),
        row(
            Kind::Open,
            "Tracking.Open",
            &[
                TRACKING,
                ("/TrackingType", Predicate::OneOf(&["Open", "1"])),
            ],
            example!("socketlabs/open"),
        ),
        row(
            Kind::Click,
            "Tracking.Click",
            &[
                TRACKING,
                ("/TrackingType", Predicate::OneOf(&["Click", "0"])),
            ],
            example!("socketlabs/click"),
        ),
        row(
            Kind::Unsubscribe,
            "Tracking.Unsubscribe",
            &[
                TRACKING,
                ("/TrackingType", Predicate::OneOf(&["Unsubscribe", "2"])),
            ],
            example!("socketlabs/unsubscribe"),
        ),
        row(
            Kind::Complaint,
            "Complaint",
            &[("/Type", Predicate::Is("Complaint"))],
            example!("socketlabs/complaint"),
        ),
        row(
            Kind::Other,
            "Validation",
            &[("/Type", Predicate::Is("Validation"))],
            example!("socketlabs/other-validation"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "Failed",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "Failed",
            sets: &[
                ("/Reason", "450 4.2.0 Mailbox temporarily unavailable"),
                ("/BounceStatus", "4.2.0"),
                (
                    "/DiagnosticCode",
                    "smtp; 450 4.2.0 Mailbox temporarily unavailable",
                ),
                ("/FailureType", "Temporary"),
                // Its number is not known.
                ("/FailureCode", ABSENT),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "Failed",
            sets: &[
                ("/Reason", "452 4.2.2 Mailbox full"),
                ("/BounceStatus", "4.2.2"),
                ("/DiagnosticCode", "smtp; 452 4.2.2 Mailbox full"),
                ("/FailureType", "Temporary"),
                ("/FailureCode", "3001"),
            ],
        },
    ],
    conduct: Behaviour {
        only_200: true,
        // Webhooks of a whole account expect the key in the response; for others 200 is enough.
        handshake: &[Handshake::Challenge(Challenge {
            event: "Validation",
            code: "/SecretKey",
            answer: None,
        })],
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("200"),
        ..HABITS
    },
    origins: &[
        documented(&EVENTS, &[""]),
        documented(&EVENTS, &["/TrackingType"])
            .unconfirmed("the official .NET library takes a number there too"),
        documented(&LIBRARY, &["/FailureType"])
            .unconfirmed("known from the official .NET library only")
            .of(&["Failed.Suppressed"]),
        documented(&LIBRARY, &["/Type"])
            .unconfirmed("known from the official .NET library only")
            .of(&["Validation"]),
        assumed("no page says which members it has", &["/"]).of(&["Validation"]),
    ],
    ..SIGNER
};
