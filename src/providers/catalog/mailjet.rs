//! Mailjet: one flat JSON object per request, or with grouped events a list of them. Nothing is signed.
//! <https://dev.mailjet.com/email/guides/webhooks/>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

static GUIDE: Page = page(
    "Event API",
    "https://dev.mailjet.com/email/guides/webhooks/",
    "2023-09",
);

static PARSE: Page = page(
    "Parse API",
    "https://dev.mailjet.com/email/guides/parse-api/",
    "2026-11",
);

/// Request of the Parse API.
const PARSED: &[(&str, Predicate)] = &[
    ("/event", Predicate::Absent),
    ("/Sender", Predicate::Present),
    ("/Recipient", Predicate::Present),
    ("/Headers", Predicate::Object),
    ("/Parts", Predicate::Present),
];

/// Mailjet's Event API, and its Parse API.
pub static PROVIDER: Provider = Provider {
    name: "mailjet",
    title: "Mailjet",
    docs: GUIDE.url,
    signals: &[
        Signal::Body(&[
            ("/event", Predicate::Present),
            ("/time", Predicate::Present),
            ("/MessageID", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/event", Predicate::Present),
            ("/time", Predicate::Present),
            ("/Message_GUID", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/0/event", Predicate::Present),
            ("/0/time", Predicate::Present),
            ("/0/MessageID", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/0/event", Predicate::Present),
            ("/0/time", Predicate::Present),
            ("/0/Message_GUID", Predicate::Present),
        ]),
        Signal::Body(PARSED),
    ],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/event"],
    fields: Fields {
        recipient: &["/email"],
        // The id that the Send API returns, and the only one in older events: a number beyond 2^53, so read by its
        // digits. The GUID is another id of the same message.
        message_id: &["/MessageID", "/Message_GUID"],
        at: &[TimeField::Seconds("/time")],
        url: &["/url"],
        // The two fields of an error were seen displaced.
        reason: &["/comment", "/error", "/error_related_to", "/smtp_reply"],
        campaign: Placement::Text("/customcampaign"),
        metadata: Placement::MembersText("/Payload"),
        ..FIELDS
    },
    events: &[
        // The receiving server accepted it; Mailjet has no event for a queued message.
        row(
            Kind::Delivered,
            "sent",
            &[("/event", Predicate::Is("sent"))],
            example!("mailjet/delivered"),
        ),
        row(
            Kind::Open,
            "open",
            &[("/event", Predicate::Is("open"))],
            example!("mailjet/open"),
        ),
        row(
            Kind::Click,
            "click",
            &[("/event", Predicate::Is("click"))],
            example!("mailjet/click"),
        ),
        row(
            Kind::Deferred,
            "greylisted",
            &[
                ("/event", Predicate::Is("bounce")),
                ("/error", Predicate::Is("greylisted")),
            ],
            example!("mailjet/deferred"),
        ),
        // The two fields of an error were seen displaced.
        row(
            Kind::Deferred,
            "greylisted_displaced",
            &[
                ("/event", Predicate::Is("bounce")),
                ("/error_related_to", Predicate::Is("greylisted")),
            ],
            "",
        ),
        bounce(
            BounceClass::Hard,
            "hard_bounce",
            &[
                ("/event", Predicate::Is("bounce")),
                ("/hard_bounce", Predicate::Is("true")),
            ],
            example!("mailjet/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "soft_bounce",
            &[("/event", Predicate::Is("bounce"))],
            example!("mailjet/bounce-soft"),
        ),
        row(
            Kind::Rejected,
            "blocked",
            &[("/event", Predicate::Is("blocked"))],
            example!("mailjet/rejected"),
        ),
        row(
            Kind::Complaint,
            "spam",
            &[("/event", Predicate::Is("spam"))],
            example!("mailjet/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "unsub",
            &[("/event", Predicate::Is("unsub"))],
            example!("mailjet/unsubscribe"),
        ),
        row(
            Kind::Inbound,
            "inbound",
            PARSED,
            example!("mailjet/inbound"),
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
            row: "soft_bounce",
            sets: &[
                ("/error_related_to", "system"),
                ("/error", "connection issue"),
                ("/comment", "421 4.4.2 connection timed out"),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "soft_bounce",
            sets: &[],
        },
        Bounce {
            name: "blocked",
            row: "soft_bounce",
            sets: &[
                ("/error_related_to", "spam"),
                ("/error", "sender blocked"),
                (
                    "/comment",
                    "554 5.7.1 Service unavailable; client host blocked by policy list",
                ),
            ],
        },
    ],
    conduct: Behaviour {
        only_200: true,
        // The size of a group is not documented.
        batch: Batch::Some,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event; in version 2 a list of those of about a second"),
        success: Unconfirmed("200", "whether 204 counts"),
        retries: Documented(
            "every 30 s, until 24 hours after the first failure; then the URL is suspended",
        ),
        ..HABITS
    },
    origins: &[
        documented(&GUIDE, &[""]),
        documented(&PARSE, &["/"]).of(&["inbound"]),
        documented(&PARSE, &["/Parts/*/Headers"])
            .unconfirmed("the sample has texts, requests of a receiver's tests lists")
            .of(&["inbound"]),
        assumed(
            "empty for mail that answers none sent by Mailjet",
            &["/CustomID", "/Payload"],
        )
        .of(&["inbound"]),
    ],
    inbound: Some(&inbound::mailjet::INBOUND),
    ..SIGNER
};
