//! SMTP2GO: one event per request, as a form or as a flat JSON object, as configured for the webhook. `send` by kind
//! produces the JSON; names that begin with `form-` produce the form. Nothing is signed: a handler demands basic
//! authentication or a secret in the URL. There is no event for a deferral.
//!
//! Unconfirmed: the fields of each event, their types in JSON, the format of the times, and the list of recipients in a
//! form.
//! <https://developers.smtp2go.com/docs/webhooks-overview>

use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

const BOUNCE: (&str, Predicate) = ("/event", Predicate::Is("bounce"));

static OVERVIEW: Page = page(
    "Webhooks overview",
    "https://developers.smtp2go.com/docs/webhooks-overview",
    "2026-11-27",
);

/// Doubt for the fields that are listed without events and types.
const LISTED: &str = "which events have it, and its type in JSON";

/// SMTP2GO's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "smtp2go",
    title: "SMTP2GO",
    docs: OVERVIEW.url,
    signals: &[
        Signal::Body(&[
            ("/event", Predicate::Present),
            ("/rcpt", Predicate::Present),
            ("/email_id", Predicate::Present),
        ]),
        // Text messages (SMS).
        Signal::Body(&[
            ("/event", Predicate::StartsOneOf(&["sms_", "opt-out"])),
            ("/destination_number", Predicate::Present),
        ]),
    ],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/event"],
    fields: Fields {
        recipient: &["/rcpt"],
        message_id: &["/email_id"],
        at: &[
            TimeField::Rfc3339("/time", 0),
            // It is UTC, with or without a zone.
            TimeField::Local("/time"),
            TimeField::Rfc3339("/received_timestamp", 0),
        ],
        other_times: &[
            TimeField::Rfc3339("/sendtime", 0),
            TimeField::Rfc3339("/submitted_timestamp", 0),
        ],
        url: &["/url"],
        reason: &["/message", "/context"],
        unique: &["/id"],
        // The mail headers selected for the webhook are members of the event.
        metadata: Placement::Members(""),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "processed",
            &[("/event", Predicate::Is("processed"))],
            example!("smtp2go/sent"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event", Predicate::Is("delivered"))],
            example!("smtp2go/delivered"),
        ),
        row(
            Kind::Open,
            "open",
            &[("/event", Predicate::Is("open"))],
            example!("smtp2go/open"),
        ),
        row(
            Kind::Click,
            "click",
            &[("/event", Predicate::Is("click"))],
            example!("smtp2go/click"),
        ),
        bounce(
            BounceClass::Hard,
            "bounce",
            &[BOUNCE, ("/bounce", Predicate::Is("hard"))],
            example!("smtp2go/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "soft bounce",
            &[BOUNCE, ("/bounce", Predicate::Is("soft"))],
            "",
        ),
        bounce(BounceClass::Undetermined, "unknown bounce", &[BOUNCE], ""),
        row(
            Kind::Complaint,
            "spam",
            &[("/event", Predicate::Is("spam"))],
            example!("smtp2go/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribe",
            &[("/event", Predicate::Is("unsubscribe"))],
            example!("smtp2go/unsubscribe"),
        ),
        // Or removed from the list of suppressed addresses.
        row(
            Kind::Subscribe,
            "resubscribe",
            &[("/event", Predicate::Is("resubscribe"))],
            example!("smtp2go/subscribe"),
        ),
        row(
            Kind::Rejected,
            "reject",
            &[("/event", Predicate::Is("reject"))],
            example!("smtp2go/rejected"),
        ),
        row(
            Kind::Other,
            "sms_delivered",
            &[("/event", Predicate::Is("sms_delivered"))],
            example!("smtp2go/other-sms-delivered"),
        ),
        row(
            Kind::Other,
            "sms",
            &[("/event", Predicate::StartsOneOf(&["sms_", "opt-out"]))],
            "",
        ),
        // The same events as a form: received ones are read by the definitions above, these are for sending only.
        row(
            Kind::Delivered,
            "form-delivered",
            &[("/event", Predicate::Is("delivered"))],
            example!("smtp2go/delivered-form"),
        ),
        row(
            Kind::Click,
            "form-click",
            &[("/event", Predicate::Is("click"))],
            example!("smtp2go/click-form"),
        ),
        bounce(
            BounceClass::Hard,
            "form-bounce",
            &[BOUNCE, ("/bounce", Predicate::Is("hard"))],
            example!("smtp2go/bounce-form"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "bounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "bounce",
            sets: &[
                ("/bounce", "soft"),
                ("/message", "450 4.2.0 Mailbox temporarily unavailable"),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "bounce",
            sets: &[("/bounce", "soft"), ("/message", "452 4.2.2 Mailbox full")],
        },
    ],
    habits: Habits {
        batching: Documented("one event"),
        retries: Documented(
            "up to 35 in about 48 h and more: 5 in the first 30 min, hourly for 24 h, every 6 h for 24 h, \
             every 12 h for 24 h, a last one after 24 h more",
        ),
        timeout: Documented(10),
        ..HABITS
    },
    origins: &[
        documented(&OVERVIEW, &["content-type", "/event"]),
        documented(&OVERVIEW, &["/"]).unconfirmed(LISTED),
        documented(
            &OVERVIEW,
            &[
                "/time",
                "/sendtime",
                "/received_timestamp",
                "/submitted_timestamp",
            ],
        )
        .unconfirmed("in which form a time is written"),
        documented(&OVERVIEW, &["/recipients"]).unconfirmed("whether it is a text or a list"),
        assumed(
            "the list of recipients is documented; how a form writes it is not",
            &["/recipients[]"],
        ),
        assumed("no field for the link is in the documented list", &["/url"]),
    ],
    ..SIGNER
};
