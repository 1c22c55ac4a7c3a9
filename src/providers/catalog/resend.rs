//! Resend: one compact object of `type`, `created_at` and `data`, members in alphabetical order, signed by Svix.
//! The bodies of `inbox.*`, `topic.*`, `suppression.*`, `email.scheduled` and `email.suppressed` are known from the
//! SDK's types only: unconfirmed.
//! <https://resend.com/docs/dashboard/webhooks/event-types>

use crate::providers::behaviour::{Behaviour, CONDUCT};
use crate::providers::catalog::standard_webhooks::{SVIX, TEST_SECRET, WEBHOOK};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, EventDef, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

static EVENTS: Page = page(
    "Event types",
    "https://resend.com/docs/webhooks/event-types",
    "2026-11-24",
);
static RECEIVING: Page = page(
    "Receiving emails, getting their content",
    "https://resend.com/docs/dashboard/receiving/get-email-content",
    "2026-11",
);
static SDK: Page = page(
    "types of the Node SDK 6.38.0",
    "https://github.com/resend/resend-node",
    "2026",
);
static OPENAPI: Page = page(
    "OpenAPI document",
    "https://github.com/resend/resend-openapi",
    "2026-08",
);

/// Doubt for the kinds of which no real body was seen.
const TYPES: &str = "known from the SDK's types only";

/// Resend's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "resend",
    title: "Resend",
    docs: EVENTS.url,
    signals: &[Signal::Body(&[
        // Other providers have the same three members around events of other names.
        (
            "/type",
            Predicate::StartsOneOf(&[
                "email.",
                "contact.",
                "domain.",
                "suppression.",
                "topic.",
                "inbox.",
            ]),
        ),
        ("/created_at", Predicate::Present),
        ("/data", Predicate::Object),
    ])],
    schemes: &[&SVIX, &WEBHOOK],
    test_secret: TEST_SECRET,
    test_public: TEST_SECRET,
    envelope: Envelope::Plain,
    style: Style {
        sorted: true,
        ..Style::COMPACT
    },
    native: &["/type"],
    fields: Fields {
        // An event is about all of them.
        recipient: &["/data/to/*", "/data/email", "/data/received_for/*"],
        message_id: &["/data/email_id"],
        at: &[
            TimeField::Rfc3339("/created_at", 3),
            TimeField::Rfc3339("/data/created_at", 3),
            TimeField::Rfc3339("/data/updated_at", 3),
            TimeField::Rfc3339("/data/click/timestamp", 3),
        ],
        url: &["/data/click/link"],
        reason: &[
            "/data/bounce/diagnosticCode/0",
            "/data/bounce/message",
            "/data/failed/reason",
            "/data/suppressed/message",
            "/data/suppressed/diagnosticCode/0",
            "/data/suppressed/reason",
            "/data/suppressed/type",
        ],
        reason_parts: &["/data/bounce/type", "/data/bounce/subType"],
        campaign: Placement::Text("/data/broadcast_id"),
        metadata: Placement::Members("/data/tags"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "email.sent",
            &[("/type", Predicate::Is("email.sent"))],
            example!("resend/sent"),
        ),
        row(
            Kind::Delivered,
            "email.delivered",
            &[("/type", Predicate::Is("email.delivered"))],
            example!("resend/delivered"),
        ),
        row(
            Kind::Deferred,
            "email.delivery_delayed",
            &[("/type", Predicate::Is("email.delivery_delayed"))],
            example!("resend/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "email.bounced",
            &[
                ("/type", Predicate::Is("email.bounced")),
                ("/data/bounce/type", Predicate::Is("Permanent")),
            ],
            example!("resend/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "email.bounced.transient",
            &[
                ("/type", Predicate::Is("email.bounced")),
                ("/data/bounce/type", Predicate::Is("Transient")),
            ],
            "",
        ),
        bounce(
            BounceClass::Undetermined,
            "email.bounced.undetermined",
            &[("/type", Predicate::Is("email.bounced"))],
            "",
        ),
        row(
            Kind::Complaint,
            "email.complained",
            &[("/type", Predicate::Is("email.complained"))],
            example!("resend/complaint"),
        ),
        row(
            Kind::Open,
            "email.opened",
            &[("/type", Predicate::Is("email.opened"))],
            example!("resend/open"),
        ),
        row(
            Kind::Click,
            "email.clicked",
            &[("/type", Predicate::Is("email.clicked"))],
            example!("resend/click"),
        ),
        row(
            Kind::Rejected,
            "email.suppressed",
            &[("/type", Predicate::Is("email.suppressed"))],
            example!("resend/rejected"),
        ),
        // Not sent at all: a quota, a rejected template.
        row(
            Kind::Rejected,
            "email.failed",
            &[("/type", Predicate::Is("email.failed"))],
            example!("resend/rejected-failed"),
        ),
        row(
            Kind::Unsubscribe,
            "contact.topics.updated",
            &[
                ("/type", Predicate::Is("contact.topics.updated")),
                ("/data/topics/0/subscription", Predicate::Is("opt_out")),
            ],
            example!("resend/unsubscribe"),
        ),
        row(
            Kind::Subscribe,
            "contact.topics.updated.opt_in",
            &[
                ("/type", Predicate::Is("contact.topics.updated")),
                ("/data/topics/0/subscription", Predicate::Is("opt_in")),
            ],
            "",
        ),
        other(
            "email.scheduled",
            &[("/type", Predicate::Is("email.scheduled"))],
            example!("resend/other-email-scheduled"),
        ),
        row(
            Kind::Inbound,
            "email.received",
            &[("/type", Predicate::Is("email.received"))],
            example!("resend/inbound"),
        ),
        other(
            "contact.created",
            &[("/type", Predicate::Is("contact.created"))],
            example!("resend/other-contact-created"),
        ),
        other(
            "contact.updated",
            &[("/type", Predicate::Is("contact.updated"))],
            example!("resend/other-contact-updated"),
        ),
        other(
            "contact.deleted",
            &[("/type", Predicate::Is("contact.deleted"))],
            example!("resend/other-contact-deleted"),
        ),
        other(
            "domain.created",
            &[("/type", Predicate::Is("domain.created"))],
            example!("resend/other-domain-created"),
        ),
        other(
            "domain.updated",
            &[("/type", Predicate::Is("domain.updated"))],
            example!("resend/other-domain-updated"),
        ),
        other(
            "domain.deleted",
            &[("/type", Predicate::Is("domain.deleted"))],
            example!("resend/other-domain-deleted"),
        ),
        other(
            "suppression.added",
            &[("/type", Predicate::Is("suppression.added"))],
            example!("resend/other-suppression-added"),
        ),
        other(
            "suppression.removed",
            &[("/type", Predicate::Is("suppression.removed"))],
            example!("resend/other-suppression-removed"),
        ),
        other(
            "topic.created",
            &[("/type", Predicate::Is("topic.created"))],
            example!("resend/other-topic-created"),
        ),
        other(
            "topic.updated",
            &[("/type", Predicate::Is("topic.updated"))],
            example!("resend/other-topic-updated"),
        ),
        other(
            "topic.deleted",
            &[("/type", Predicate::Is("topic.deleted"))],
            example!("resend/other-topic-deleted"),
        ),
        other(
            "inbox.created",
            &[("/type", Predicate::Is("inbox.created"))],
            example!("resend/other-inbox-created"),
        ),
        other(
            "inbox.updated",
            &[("/type", Predicate::Is("inbox.updated"))],
            example!("resend/other-inbox-updated"),
        ),
        other(
            "inbox.deleted",
            &[("/type", Predicate::Is("inbox.deleted"))],
            example!("resend/other-inbox-deleted"),
        ),
        other(
            "inbox.thread.created",
            &[("/type", Predicate::Is("inbox.thread.created"))],
            example!("resend/other-inbox-thread-created"),
        ),
        other(
            "inbox.thread.folder.updated",
            &[("/type", Predicate::Is("inbox.thread.folder.updated"))],
            example!("resend/other-inbox-thread-folder-updated"),
        ),
        other(
            "inbox.thread.assigned",
            &[("/type", Predicate::Is("inbox.thread.assigned"))],
            example!("resend/other-inbox-thread-assigned"),
        ),
        other(
            "inbox.thread.unassigned",
            &[("/type", Predicate::Is("inbox.thread.unassigned"))],
            example!("resend/other-inbox-thread-unassigned"),
        ),
        other(
            "inbox.thread.labels.updated",
            &[("/type", Predicate::Is("inbox.thread.labels.updated"))],
            example!("resend/other-inbox-thread-labels-updated"),
        ),
        other(
            "inbox.email.received",
            &[("/type", Predicate::Is("inbox.email.received"))],
            example!("resend/other-inbox-email-received"),
        ),
        other(
            "inbox.email.sent",
            &[("/type", Predicate::Is("inbox.email.sent"))],
            example!("resend/other-inbox-email-sent"),
        ),
        other(
            "inbox.draft.created",
            &[("/type", Predicate::Is("inbox.draft.created"))],
            example!("resend/other-inbox-draft-created"),
        ),
        other(
            "inbox.draft.updated",
            &[("/type", Predicate::Is("inbox.draft.updated"))],
            example!("resend/other-inbox-draft-updated"),
        ),
        other(
            "inbox.draft.sent",
            &[("/type", Predicate::Is("inbox.draft.sent"))],
            example!("resend/other-inbox-draft-sent"),
        ),
        other(
            "inbox.draft.deleted",
            &[("/type", Predicate::Is("inbox.draft.deleted"))],
            example!("resend/other-inbox-draft-deleted"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "email.bounced",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "email.bounced",
            sets: &[
                ("/data/bounce/type", "Transient"),
                ("/data/bounce/subType", "General"),
                (
                    "/data/bounce/message",
                    "The recipient's mail server could not take the message for now.",
                ),
                (
                    "/data/bounce/diagnosticCode",
                    "[\"smtp; 450 4.2.0 mailbox temporarily unavailable\"]",
                ),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "email.bounced",
            sets: &[
                ("/data/bounce/type", "Transient"),
                ("/data/bounce/subType", "MailboxFull"),
                ("/data/bounce/message", "The recipient's mailbox was full."),
                (
                    "/data/bounce/diagnosticCode",
                    "[\"smtp; 452 4.2.2 mailbox over quota\"]",
                ),
            ],
        },
        Bounce {
            name: "blocked",
            row: "email.bounced",
            sets: &[
                ("/data/bounce/type", "Transient"),
                ("/data/bounce/subType", "ContentRejected"),
                (
                    "/data/bounce/message",
                    "The recipient's mail server rejected the message.",
                ),
                (
                    "/data/bounce/diagnosticCode",
                    "[\"smtp; 554 5.7.1 message blocked by policy\"]",
                ),
            ],
        },
    ],
    conduct: Behaviour {
        judges_age: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        success: Unconfirmed(
            "2xx",
            "the documentation asks for 200; Svix, which sends it, counts any 2xx",
        ),
        retries: Documented("7 more: after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h"),
        timeout: Unconfirmed(
            15,
            "what Svix, which sends it, gives by default; Resend states none",
        ),
    },
    origins: &[
        documented(&EVENTS, &[""]),
        assumed(
            "seen in requests that no page keeps; its version changes",
            &["user-agent"],
        ),
        documented(&RECEIVING, &["/data"]).of(&["email.received"]),
        documented(&SDK, &["/data/message_id"]),
        documented(&SDK, &["/"]).unconfirmed(TYPES).of(&[
            "inbox.*",
            "topic.*",
            "suppression.*",
            "email.scheduled",
            "email.suppressed",
        ]),
        documented(&SDK, &["/data/message_id"])
            .unconfirmed(TYPES)
            .of(&["email.scheduled", "email.suppressed"]),
        documented(
            &OPENAPI,
            &["/data/suppressed/reason", "/data/suppressed/diagnosticCode"],
        )
        .unconfirmed("the SDK's types do not have it"),
    ],
    inbound: Some(&inbound::resend::INBOUND),
    ..SIGNER
};

const fn other(
    native: &'static str,
    marks: &'static [(&'static str, Predicate)],
    example: &'static str,
) -> EventDef {
    row(Kind::Other, native, marks, example)
}
