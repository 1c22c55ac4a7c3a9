//! Loops: one flat object per request, signed with the headers of Standard Webhooks. A click has no link, and a bounce
//! no reason. The User-Agent and the tolerance for the age of a signature are not documented.
//! <https://loops.so/docs/webhooks>

use crate::providers::behaviour::{Behaviour, CONDUCT, Handshake};
use crate::providers::catalog::standard_webhooks::{TEST_SECRET, WEBHOOK};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

static WEBHOOKS: Page = page("Webhooks", "https://loops.so/docs/webhooks", "2026-11-24");

/// Loops' webhooks.
pub static PROVIDER: Provider = Provider {
    name: "loops",
    title: "Loops",
    docs: WEBHOOKS.url,
    signals: &[Signal::Body(&[
        ("/eventName", Predicate::Present),
        ("/eventTime", Predicate::Present),
        ("/webhookSchemaVersion", Predicate::Present),
    ])],
    schemes: &[&WEBHOOK],
    test_secret: TEST_SECRET,
    test_public: TEST_SECRET,
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/eventName"],
    fields: Fields {
        recipient: &["/contactIdentity/email", "/contact/email"],
        message_id: &["/email/emailMessageId"],
        at: &[TimeField::Seconds("/eventTime")],
        // Id of the campaign or loop that sent the email; a transactional email has neither.
        campaign: Placement::First(&["/campaignId", "/loopId"]),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "transactional.email.sent",
            &[("/eventName", Predicate::Is("transactional.email.sent"))],
            example!("loops/sent"),
        ),
        row(
            Kind::Sent,
            "campaign.email.sent",
            &[("/eventName", Predicate::Is("campaign.email.sent"))],
            example!("loops/sent-campaign"),
        ),
        row(
            Kind::Sent,
            "loop.email.sent",
            &[("/eventName", Predicate::Is("loop.email.sent"))],
            example!("loops/sent-loop"),
        ),
        row(
            Kind::Delivered,
            "email.delivered",
            &[("/eventName", Predicate::Is("email.delivered"))],
            example!("loops/delivered"),
        ),
        row(
            Kind::Open,
            "email.opened",
            &[("/eventName", Predicate::Is("email.opened"))],
            example!("loops/open"),
        ),
        row(
            Kind::Click,
            "email.clicked",
            &[("/eventName", Predicate::Is("email.clicked"))],
            example!("loops/click"),
        ),
        bounce(
            BounceClass::Hard,
            "email.hardBounced",
            &[("/eventName", Predicate::Is("email.hardBounced"))],
            example!("loops/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "email.softBounced",
            &[("/eventName", Predicate::Is("email.softBounced"))],
            example!("loops/bounce-soft"),
        ),
        row(
            Kind::Complaint,
            "email.spamReported",
            &[("/eventName", Predicate::Is("email.spamReported"))],
            example!("loops/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "email.unsubscribed",
            &[("/eventName", Predicate::Is("email.unsubscribed"))],
            example!("loops/unsubscribe"),
        ),
        row(
            Kind::Subscribe,
            "email.resubscribed",
            &[("/eventName", Predicate::Is("email.resubscribed"))],
            example!("loops/subscribe"),
        ),
        row(
            Kind::Subscribe,
            "contact.created",
            &[("/eventName", Predicate::Is("contact.created"))],
            example!("loops/subscribe-contact-created"),
        ),
        // Sent after a hard bounce and with the deletion of a contact as well.
        row(
            Kind::Unsubscribe,
            "contact.unsubscribed",
            &[("/eventName", Predicate::Is("contact.unsubscribed"))],
            example!("loops/unsubscribe-contact"),
        ),
        row(
            Kind::Subscribe,
            "contact.mailingList.subscribed",
            &[(
                "/eventName",
                Predicate::Is("contact.mailingList.subscribed"),
            )],
            example!("loops/subscribe-mailing-list"),
        ),
        row(
            Kind::Unsubscribe,
            "contact.mailingList.unsubscribed",
            &[(
                "/eventName",
                Predicate::Is("contact.mailingList.unsubscribed"),
            )],
            example!("loops/unsubscribe-mailing-list"),
        ),
        row(
            Kind::Other,
            "contact.deleted",
            &[("/eventName", Predicate::Is("contact.deleted"))],
            example!("loops/other-contact-deleted"),
        ),
        row(
            Kind::Other,
            "testing.testEvent",
            &[("/eventName", Predicate::Is("testing.testEvent"))],
            example!("loops/other-test-event"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "email.hardBounced",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "email.softBounced",
            sets: &[],
        },
    ],
    conduct: Behaviour {
        handshake: &[Handshake::Event("testing.testEvent")],
        judges_age: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event, at most 10 requests a second"),
        success: Documented("2xx"),
        ..HABITS
    },
    origins: &[documented(&WEBHOOKS, &[""])],
    ..SIGNER
};
