//! Sweego: one flat object a request, signed with the headers of Standard Webhooks, but with the signature in plain
//! base64, without `v1,` before it. All of it is known from Symfony's bridge: the white space, the full list of events
//! and the meaning of a soft bounce are not confirmed.
//! <https://learn.sweego.io/docs/webhooks/webhook_signature>

use crate::providers::habits::Fact::Unconfirmed;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::assumed;
use crate::providers::provider::{
    Bounce, Carry, Envelope, FIELDS, Fields, Machine, Provider, SIGNER, Stamp, Tell, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Mark, Part, Place, Recipe, Style, TimeForm,
};

static BARE_SIGNATURE: Recipe = Recipe {
    name: "sweego",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Base64,
    id: Some(Place::Header("webhook-id")),
    timestamp: Some((Place::Header("webhook-timestamp"), TimeForm::Seconds)),
    signed: &[
        Part::Id,
        Part::Text("."),
        Part::Timestamp,
        Part::Text("."),
        Part::Body,
    ],
    signature: Place::Header("webhook-signature"),
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
    tells: &[
        Tell::Body(&[
            ("/event_type", Mark::Present),
            ("/swg_uid", Mark::Present),
            ("/channel", Mark::Present),
            ("/transaction_id", Mark::Present),
        ]),
        // Older ones have it in the headers of the mail alone.
        Tell::Body(&[
            ("/event_type", Mark::Present),
            ("/swg_uid", Mark::Present),
            ("/channel", Mark::Present),
            ("/headers/x-transaction-id", Mark::Present),
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
        at: &[Stamp::Like("/timestamp")],
        url: &["/click/url"],
        campaign: Carry::Each(&[
            Carry::Text("/campaign_id"),
            Carry::Text("/headers/x-campaign-id"),
        ]),
        tag: Carry::Text("/campaign_tags"),
        ..FIELDS
    },
    rows: &[
        row(Kind::Other, "sms", &[("/channel", Mark::Is("sms"))], ""),
        row(
            Kind::Sent,
            "email_sent",
            &[("/event_type", Mark::OneOf(&["email_sent", "email-sent"]))],
            example!("sweego/sent"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event_type", Mark::Is("delivered"))],
            example!("sweego/delivered"),
        ),
        bounce(
            BounceClass::Hard,
            "hard_bounce",
            &[("/event_type", Mark::OneOf(&["hard_bounce", "hard-bounce"]))],
            example!("sweego/bounce"),
        ),
        // With a hyphen, unlike all others.
        bounce(
            BounceClass::Soft,
            "soft-bounce",
            &[("/event_type", Mark::OneOf(&["soft-bounce", "soft_bounce"]))],
            example!("sweego/bounce-soft"),
        ),
        row(
            Kind::Open,
            "email_opened",
            &[(
                "/event_type",
                Mark::OneOf(&["email_opened", "email-opened"]),
            )],
            example!("sweego/open"),
        ),
        row(
            Kind::Click,
            "email_clicked",
            &[(
                "/event_type",
                Mark::OneOf(&["email_clicked", "email-clicked"]),
            )],
            example!("sweego/click"),
        ),
        row(
            Kind::Complaint,
            "complaint",
            &[("/event_type", Mark::Is("complaint"))],
            example!("sweego/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "list_unsub",
            &[("/event_type", Mark::OneOf(&["list_unsub", "list-unsub"]))],
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
    // The header repeats it.
    ids: &[Place::Body("/event_id")],
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
