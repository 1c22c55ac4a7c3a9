//! Sweego: one flat object per request, signed with the headers of Standard Webhooks, but with the signature in plain
//! base64, without the prefix `v1,`. The source is Symfony's bridge: the white space, the full list of events and the
//! meaning of a soft bounce are not confirmed.
//! <https://learn.sweego.io/docs/webhooks/webhook_signature>

use crate::providers::habits::Fact::Unconfirmed;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::assumed;
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Machine, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
    TimestampFormat,
};

static BARE_SIGNATURE: Scheme = Scheme {
    name: "sweego",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Base64,
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
    encoding: Encoding::Base64,
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

/// Sweego's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "sweego",
    title: "Sweego",
    docs: "https://learn.sweego.io/docs/webhooks/webhook_signature",
    signals: &[
        Signal::Body(&[
            ("/event_type", Predicate::Present),
            ("/swg_uid", Predicate::Present),
            ("/channel", Predicate::Present),
            ("/transaction_id", Predicate::Present),
        ]),
        // Older ones have it in the headers of the mail only.
        Signal::Body(&[
            ("/event_type", Predicate::Present),
            ("/swg_uid", Predicate::Present),
            ("/channel", Predicate::Present),
            ("/headers/x-transaction-id", Predicate::Present),
        ]),
    ],
    schemes: &[&BARE_SIGNATURE],
    test_secret: "d2ViaG9vay1jbGktc3dlZWdvLWtleS0x",
    test_public: "d2ViaG9vay1jbGktc3dlZWdvLWtleS0x",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/event_type"],
    fields: Fields {
        recipient: &["/recipient"],
        message_id: &["/headers/x-transaction-id", "/transaction_id"],
        message_also: &["/swg_uid"],
        at: &[TimeField::Like("/timestamp")],
        url: &["/click/url"],
        campaign: Placement::Each(&[
            Placement::Text("/campaign_id"),
            Placement::Text("/headers/x-campaign-id"),
        ]),
        tag: Placement::Text("/campaign_tags"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Other,
            "sms",
            &[("/channel", Predicate::Is("sms"))],
            "",
        ),
        row(
            Kind::Sent,
            "email_sent",
            &[(
                "/event_type",
                Predicate::OneOf(&["email_sent", "email-sent"]),
            )],
            example!("sweego/sent"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event_type", Predicate::Is("delivered"))],
            example!("sweego/delivered"),
        ),
        bounce(
            BounceClass::Hard,
            "hard_bounce",
            &[(
                "/event_type",
                Predicate::OneOf(&["hard_bounce", "hard-bounce"]),
            )],
            example!("sweego/bounce"),
        ),
        // With a hyphen, unlike all others.
        bounce(
            BounceClass::Soft,
            "soft-bounce",
            &[(
                "/event_type",
                Predicate::OneOf(&["soft-bounce", "soft_bounce"]),
            )],
            example!("sweego/bounce-soft"),
        ),
        row(
            Kind::Open,
            "email_opened",
            &[(
                "/event_type",
                Predicate::OneOf(&["email_opened", "email-opened"]),
            )],
            example!("sweego/open"),
        ),
        row(
            Kind::Click,
            "email_clicked",
            &[(
                "/event_type",
                Predicate::OneOf(&["email_clicked", "email-clicked"]),
            )],
            example!("sweego/click"),
        ),
        row(
            Kind::Complaint,
            "complaint",
            &[("/event_type", Predicate::Is("complaint"))],
            example!("sweego/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "list_unsub",
            &[(
                "/event_type",
                Predicate::OneOf(&["list_unsub", "list-unsub"]),
            )],
            example!("sweego/unsubscribe"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "hard_bounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "soft-bounce",
            sets: &[("/response_code", "450")],
        },
        Bounce {
            name: "mailbox-full",
            row: "soft-bounce",
            sets: &[],
        },
    ],
    machines: &[
        Machine {
            kind: Kind::Open,
            row: "email_opened",
            sets: &[("/open/proxy", "true")],
        },
        Machine {
            kind: Kind::Click,
            row: "email_clicked",
            sets: &[("/click/proxy", "true")],
        },
    ],
    // A header has the same value.
    ids: &[Location::Body("/event_id")],
    habits: Habits {
        batching: Unconfirmed("one event", "known from the code of Symfony's bridge only"),
        ..HABITS
    },
    origins: &[
        assumed(
            "known from the parser and the fixtures of Symfony's bridge only",
            &[""],
        ),
        assumed(
            "equal to the event's id in the only signed fixture of Symfony's bridge",
            &["webhook-id"],
        ),
    ],
    ..SIGNER
};
