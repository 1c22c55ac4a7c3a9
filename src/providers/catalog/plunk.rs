//! Plunk: a step of a workflow posts what set the workflow off. The name of the event is not in the body: what `event`
//! holds tells it. Nothing is signed; a handler demands a header that its user put into the step. The step can have a
//! body of one's own instead, of which nothing is known here.
//! <https://docs.useplunk.com/guides/webhooks>

use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    ABSENT, Bounce, CREDENTIALS, Carry, Envelope, FIELDS, Fields, Provider, Row, SIGNER, Stamp,
    Tell, bounce, row,
};
use crate::webhook::{BounceClass, Kind, Mark, Style};

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
    tells: &[Tell::Body(&[
        ("/contact", Mark::Object),
        ("/workflow", Mark::Object),
        ("/execution", Mark::Object),
        ("/contact/email", Mark::Present),
        ("/execution/startedAt", Mark::Present),
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
            Stamp::Rfc3339("/event/complainedAt", 3),
            Stamp::Rfc3339("/event/bouncedAt", 3),
            Stamp::Rfc3339("/event/clickedAt", 3),
            Stamp::Rfc3339("/event/openedAt", 3),
            Stamp::Rfc3339("/event/deliveredAt", 3),
            Stamp::Rfc3339("/execution/startedAt", 3),
        ],
        url: &["/event/link"],
        unique: &["/execution/id"],
        campaign: Carry::First(&["/event/campaignId"]),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Complaint,
            "email.complaint",
            &[("/event/complainedAt", Mark::Present)],
            example!("plunk/complaint"),
        ),
        bounce(
            BounceClass::Hard,
            "email.bounce",
            &[("/event/bounceType", Mark::Is("Permanent"))],
            example!("plunk/bounce"),
        ),
        bounced(
            BounceClass::Soft,
            &[("/event/bounceType", Mark::Is("Transient"))],
        ),
        bounced(
            BounceClass::Soft,
            &[("/event/transientBounce", Mark::Is("true"))],
        ),
        // What is not transient counts as permanent there, a bounce of no known sort too.
        bounced(BounceClass::Hard, &[("/event/bounceType", Mark::Present)]),
        bounced(BounceClass::Hard, &[("/event/bouncedAt", Mark::Present)]),
        row(
            Kind::Other,
            "email.received",
            &[("/event/spamVerdict", Mark::Present)],
            "",
        ),
        row(
            Kind::Other,
            "email.received",
            &[("/event/sourceType", Mark::Is("INBOUND"))],
            "",
        ),
        row(
            Kind::Click,
            "email.click",
            &[("/event/clickedAt", Mark::Present)],
            example!("plunk/click"),
        ),
        row(
            Kind::Open,
            "email.open",
            &[("/event/openedAt", Mark::Present)],
            example!("plunk/open"),
        ),
        row(
            Kind::Delivered,
            "email.delivery",
            &[("/event/deliveredAt", Mark::Present)],
            example!("plunk/delivered"),
        ),
        row(
            Kind::Sent,
            "email.sent",
            &[("/event/emailId", Mark::Present)],
            example!("plunk/sent"),
        ),
        row(
            Kind::Subscribe,
            "contact.subscribed",
            &[
                ("/event", Mark::Empty),
                ("/contact/subscribed", Mark::Is("true")),
            ],
            example!("plunk/subscribe"),
        ),
        row(
            Kind::Unsubscribe,
            "contact.unsubscribed",
            &[
                ("/event", Mark::Empty),
                ("/contact/subscribed", Mark::Is("false")),
            ],
            example!("plunk/unsubscribe"),
        ),
        // A segment's, or one of the user's own.
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

/// A bounce to be read; the one to send stands before.
const fn bounced(class: BounceClass, marks: &'static [(&'static str, Mark)]) -> Row {
    bounce(class, "email.bounce", marks, "")
}
