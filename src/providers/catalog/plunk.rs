//! Plunk: a step of a workflow posts the event that started the workflow. The event has no name: the members of `event`
//! identify it. Nothing is signed; a handler demands a header that its user configured in the step. The step can have a
//! custom body instead, of which nothing is known here.
//! <https://docs.useplunk.com/guides/webhooks>

use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    ABSENT, Bounce, CREDENTIALS, Envelope, EventDef, FIELDS, Fields, Placement, Provider, SIGNER,
    Signal, TimeField, bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

static GUIDE: Page = page(
    "Webhooks",
    "https://docs.useplunk.com/guides/webhooks",
    "2026-11-27",
);
static SENDER: Page = page(
    "source code of the step, WorkflowExecutionService.ts",
    "https://github.com/useplunk/plunk",
    "2026-11-27",
);
static EVENTS: Page = page(
    "source code of the events, Webhooks.ts",
    "https://github.com/useplunk/plunk",
    "2026-11-27",
);

/// Plunk's webhook step.
pub static PROVIDER: Provider = Provider {
    name: "plunk",
    title: "Plunk",
    docs: GUIDE.url,
    signals: &[Signal::Body(&[
        ("/contact", Predicate::Object),
        ("/workflow", Predicate::Object),
        ("/execution", Predicate::Object),
        ("/contact/email", Predicate::Present),
        ("/execution/startedAt", Predicate::Present),
    ])],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &[],
    fields: Fields {
        recipient: &["/contact/email"],
        message_id: &["/event/emailId"],
        message_also: &["/event/messageId"],
        // A transient bounce has no time of its own.
        at: &[
            TimeField::Rfc3339("/event/complainedAt", 3),
            TimeField::Rfc3339("/event/bouncedAt", 3),
            TimeField::Rfc3339("/event/clickedAt", 3),
            TimeField::Rfc3339("/event/openedAt", 3),
            TimeField::Rfc3339("/event/deliveredAt", 3),
            TimeField::Rfc3339("/execution/startedAt", 3),
        ],
        url: &["/event/link"],
        unique: &["/execution/id"],
        campaign: Placement::First(&["/event/campaignId"]),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Complaint,
            "email.complaint",
            &[("/event/complainedAt", Predicate::Present)],
            example!("plunk/complaint"),
        ),
        bounce(
            BounceClass::Hard,
            "email.bounce",
            &[("/event/bounceType", Predicate::Is("Permanent"))],
            example!("plunk/bounce"),
        ),
        bounced(
            BounceClass::Soft,
            &[("/event/bounceType", Predicate::Is("Transient"))],
        ),
        bounced(
            BounceClass::Soft,
            &[("/event/transientBounce", Predicate::Is("true"))],
        ),
        // Everything but a transient bounce counts as permanent there, a bounce of unknown type too.
        bounced(
            BounceClass::Hard,
            &[("/event/bounceType", Predicate::Present)],
        ),
        bounced(
            BounceClass::Hard,
            &[("/event/bouncedAt", Predicate::Present)],
        ),
        row(
            Kind::Other,
            "email.received",
            &[("/event/spamVerdict", Predicate::Present)],
            "",
        ),
        row(
            Kind::Other,
            "email.received",
            &[("/event/sourceType", Predicate::Is("INBOUND"))],
            "",
        ),
        row(
            Kind::Click,
            "email.click",
            &[("/event/clickedAt", Predicate::Present)],
            example!("plunk/click"),
        ),
        row(
            Kind::Open,
            "email.open",
            &[("/event/openedAt", Predicate::Present)],
            example!("plunk/open"),
        ),
        row(
            Kind::Delivered,
            "email.delivery",
            &[("/event/deliveredAt", Predicate::Present)],
            example!("plunk/delivered"),
        ),
        row(
            Kind::Sent,
            "email.sent",
            &[("/event/emailId", Predicate::Present)],
            example!("plunk/sent"),
        ),
        row(
            Kind::Subscribe,
            "contact.subscribed",
            &[
                ("/event", Predicate::Empty),
                ("/contact/subscribed", Predicate::Is("true")),
            ],
            example!("plunk/subscribe"),
        ),
        row(
            Kind::Unsubscribe,
            "contact.unsubscribed",
            &[
                ("/event", Predicate::Empty),
                ("/contact/subscribed", Predicate::Is("false")),
            ],
            example!("plunk/unsubscribe"),
        ),
        // An event of a segment, or a custom one.
        row(Kind::Other, "event", &[], ""),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "email.bounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "email.bounce",
            sets: &[
                ("/contact/subscribed", "true"),
                ("/event/bounceType", "Transient"),
                ("/event/bouncedAt", ABSENT),
                ("/event/transientBounce", "true"),
            ],
        },
    ],
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("any answer; the workflow goes on, whatever the status is"),
        retries: Unconfirmed(
            "none",
            "whether Plunk runs a workflow again whose step could not connect",
        ),
        timeout: Documented(10),
    },
    origins: &[
        documented(&SENDER, &[""]),
        documented(&EVENTS, &["/event"]),
        assumed("the members of `event` are not known for it", &["/event"]).of(&[
            "email.sent",
            "contact.subscribed",
            "contact.unsubscribed",
        ]),
    ],
    ..SIGNER
};

/// Defines a bounce for reading only; the one to send comes first.
const fn bounced(class: BounceClass, marks: &'static [(&'static str, Predicate)]) -> EventDef {
    bounce(class, "email.bounce", marks, "")
}
