//! Resend: one compact object of `type`, `created_at` and `data`, members in alphabetical order, signed by Svix.
//! The bodies of `inbox.*`, `topic.*`, `suppression.*`, `email.scheduled` and `email.suppressed` are known from the
//! SDK's types only: unconfirmed.
//! <https://resend.com/docs/dashboard/webhooks/event-types>

use crate::providers::behaviour::{CONDUCT, Conduct};
use crate::providers::catalog::standard_webhooks::{SVIX, TEST_SECRET, WEBHOOK};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, Carry, Envelope, FIELDS, Fields, Provider, Row, SIGNER, Stamp, Tell, bounce, row,
};
use crate::webhook::{BounceClass, Kind, Mark, Style};

static EVENTS: Page = page(
    "Event types",
    "https://resend.com/docs/webhooks/event-types",
    "2026-11-24",
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

/// What holds for the kinds of which no real body was seen.
const TYPES: &str = "known from the SDK's types only";

/// Resend's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "resend",
    title: "Resend",
    docs: EVENTS.url,
    tells: &[Tell::Body(&[
        // Other providers have the same three members around events of other names.
        (
            "/type",
            Mark::StartsOneOf(&[
                "email.",
                "contact.",
                "domain.",
                "suppression.",
                "topic.",
                "inbox.",
            ]),
        ),
        ("/created_at", Mark::Present),
        ("/data", Mark::Object),
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
            Stamp::Rfc3339("/created_at", 3),
            Stamp::Rfc3339("/data/created_at", 3),
            Stamp::Rfc3339("/data/updated_at", 3),
            Stamp::Rfc3339("/data/click/timestamp", 3),
        ],
        url: &["/data/click/link"],
        reason: &[
            "/data/bounce/diagnosticCode/0",
            "/data/bounce/message",
            "/data/failed/reason",
            "/data/suppressed/message",
        ],
        campaign: Carry::Text("/data/broadcast_id"),
        metadata: Carry::Members("/data/tags"),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Sent,
            "email.sent",
            &[("/type", Mark::Is("email.sent"))],
            example!("resend/sent"),
        ),
        row(
            Kind::Delivered,
            "email.delivered",
            &[("/type", Mark::Is("email.delivered"))],
            example!("resend/delivered"),
        ),
        row(
            Kind::Deferred,
            "email.delivery_delayed",
            &[("/type", Mark::Is("email.delivery_delayed"))],
            example!("resend/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "email.bounced",
            &[
                ("/type", Mark::Is("email.bounced")),
                ("/data/bounce/type", Mark::Is("Permanent")),
            ],
            example!("resend/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "email.bounced.transient",
            &[
                ("/type", Mark::Is("email.bounced")),
                ("/data/bounce/type", Mark::Is("Transient")),
            ],
            "",
        ),
        bounce(
            BounceClass::Undetermined,
            "email.bounced.undetermined",
            &[("/type", Mark::Is("email.bounced"))],
            "",
        ),
        row(
            Kind::Complaint,
            "email.complained",
            &[("/type", Mark::Is("email.complained"))],
            example!("resend/complaint"),
        ),
        row(
            Kind::Open,
            "email.opened",
            &[("/type", Mark::Is("email.opened"))],
            example!("resend/open"),
        ),
        row(
            Kind::Click,
            "email.clicked",
            &[("/type", Mark::Is("email.clicked"))],
            example!("resend/click"),
        ),
        row(
            Kind::Rejected,
            "email.suppressed",
            &[("/type", Mark::Is("email.suppressed"))],
            example!("resend/rejected"),
        ),
        // Nothing was sent: a quota, a rejected template.
        row(
            Kind::Rejected,
            "email.failed",
            &[("/type", Mark::Is("email.failed"))],
            example!("resend/rejected-failed"),
        ),
        row(
            Kind::Unsubscribe,
            "contact.topics.updated",
            &[
                ("/type", Mark::Is("contact.topics.updated")),
                ("/data/topics/0/subscription", Mark::Is("opt_out")),
            ],
            example!("resend/unsubscribe"),
        ),
        row(
            Kind::Subscribe,
            "contact.topics.updated.opt_in",
            &[
                ("/type", Mark::Is("contact.topics.updated")),
                ("/data/topics/0/subscription", Mark::Is("opt_in")),
            ],
            "",
        ),
        other(
            "email.scheduled",
            &[("/type", Mark::Is("email.scheduled"))],
            example!("resend/other-email-scheduled"),
        ),
        other(
            "email.received",
            &[("/type", Mark::Is("email.received"))],
            example!("resend/other-email-received"),
        ),
        other(
            "contact.created",
            &[("/type", Mark::Is("contact.created"))],
            example!("resend/other-contact-created"),
        ),
        other(
            "contact.updated",
            &[("/type", Mark::Is("contact.updated"))],
            example!("resend/other-contact-updated"),
        ),
        other(
            "contact.deleted",
            &[("/type", Mark::Is("contact.deleted"))],
            example!("resend/other-contact-deleted"),
        ),
        other(
            "domain.created",
            &[("/type", Mark::Is("domain.created"))],
            example!("resend/other-domain-created"),
        ),
        other(
            "domain.updated",
            &[("/type", Mark::Is("domain.updated"))],
            example!("resend/other-domain-updated"),
        ),
        other(
            "domain.deleted",
            &[("/type", Mark::Is("domain.deleted"))],
            example!("resend/other-domain-deleted"),
        ),
        other(
            "suppression.added",
            &[("/type", Mark::Is("suppression.added"))],
            example!("resend/other-suppression-added"),
        ),
        other(
            "suppression.removed",
            &[("/type", Mark::Is("suppression.removed"))],
            example!("resend/other-suppression-removed"),
        ),
        other(
            "topic.created",
            &[("/type", Mark::Is("topic.created"))],
            example!("resend/other-topic-created"),
        ),
        other(
            "topic.updated",
            &[("/type", Mark::Is("topic.updated"))],
            example!("resend/other-topic-updated"),
        ),
        other(
            "topic.deleted",
            &[("/type", Mark::Is("topic.deleted"))],
            example!("resend/other-topic-deleted"),
        ),
        other(
            "inbox.created",
            &[("/type", Mark::Is("inbox.created"))],
            example!("resend/other-inbox-created"),
        ),
        other(
            "inbox.updated",
            &[("/type", Mark::Is("inbox.updated"))],
            example!("resend/other-inbox-updated"),
        ),
        other(
            "inbox.deleted",
            &[("/type", Mark::Is("inbox.deleted"))],
            example!("resend/other-inbox-deleted"),
        ),
        other(
            "inbox.thread.created",
            &[("/type", Mark::Is("inbox.thread.created"))],
            example!("resend/other-inbox-thread-created"),
        ),
        other(
            "inbox.thread.folder.updated",
            &[("/type", Mark::Is("inbox.thread.folder.updated"))],
            example!("resend/other-inbox-thread-folder-updated"),
        ),
        other(
            "inbox.thread.assigned",
            &[("/type", Mark::Is("inbox.thread.assigned"))],
            example!("resend/other-inbox-thread-assigned"),
        ),
        other(
            "inbox.thread.unassigned",
            &[("/type", Mark::Is("inbox.thread.unassigned"))],
            example!("resend/other-inbox-thread-unassigned"),
        ),
        other(
            "inbox.thread.labels.updated",
            &[("/type", Mark::Is("inbox.thread.labels.updated"))],
            example!("resend/other-inbox-thread-labels-updated"),
        ),
        other(
            "inbox.email.received",
            &[("/type", Mark::Is("inbox.email.received"))],
            example!("resend/other-inbox-email-received"),
        ),
        other(
            "inbox.email.sent",
            &[("/type", Mark::Is("inbox.email.sent"))],
            example!("resend/other-inbox-email-sent"),
        ),
        other(
            "inbox.draft.created",
            &[("/type", Mark::Is("inbox.draft.created"))],
            example!("resend/other-inbox-draft-created"),
        ),
        other(
            "inbox.draft.updated",
            &[("/type", Mark::Is("inbox.draft.updated"))],
            example!("resend/other-inbox-draft-updated"),
        ),
        other(
            "inbox.draft.sent",
            &[("/type", Mark::Is("inbox.draft.sent"))],
            example!("resend/other-inbox-draft-sent"),
        ),
        other(
            "inbox.draft.deleted",
            &[("/type", Mark::Is("inbox.draft.deleted"))],
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
    conduct: Conduct {
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
    ..SIGNER
};

const fn other(
    native: &'static str,
    marks: &'static [(&'static str, Mark)],
    example: &'static str,
) -> Row {
    row(Kind::Other, native, marks, example)
}
