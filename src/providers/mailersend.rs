//! MailerSend: one JSON object a request, in two versions. Version 1 tells everything (the reason of a bounce, the link
//! of a click) and is what is sent here; version 2 is flat and says neither. Both are read. Every slash is escaped, as
//! PHP does, and it is these bytes that are signed.
//! <https://developers.mailersend.com/api/v1/webhooks.html>

use super::conduct::{CONDUCT, Conduct, Handshake};
use super::form::{
    Bounce, Carry, Envelope, FIELDS, Fields, Provider, SIGNER, Stamp, Tell, bounce, row,
};
use super::habits::Fact::{Documented, Unconfirmed};
use super::habits::Habits;
use super::origin::{Page, documented, page};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Mark, Part, Place, Recipe, Style,
};

/// <https://developers.mailersend.com/api/v1/webhooks.html#security>
static SIGNED_BODY: Recipe = Recipe {
    name: "mailersend",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    timestamp: None,
    signed: &[Part::Body],
    signature: Place::Header("signature"),
    encoding: Encoding::Hex,
    fresh: &[],
    tolerance: 300,
    uncovered: Some("the scheme has no timestamp: an old delivery verifies as well"),
    guard: None,
};

/// Events that are no step in a message's life.
const OF_ACCOUNTS: Mark = Mark::OneOf(&[
    "recipient.on_hold_added",
    "recipient.on_hold_removed",
    "sender_identity.verified",
    "maintenance.start",
    "maintenance.end",
    "inbound_forward.failed",
    "inbound_message.rejected",
    "email_single.verified",
    "email_list.verified",
    "bulk_email.completed",
    "inbound.message",
    "sms.sent",
    "sms.delivered",
    "sms.failed",
]);

static WEBHOOKS: Page = page(
    "Webhooks",
    "https://developers.mailersend.com/api/v1/webhooks.html",
    "2025-12-16",
);

/// MailerSend's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "mailersend",
    title: "MailerSend",
    docs: WEBHOOKS.url,
    // Not by its header: others have a `Signature` too.
    tells: &[
        Tell::Body(&[
            ("/type", Mark::Starts("activity.")),
            ("/data", Mark::Object),
        ]),
        Tell::Body(&[
            ("/type", Mark::Is("webhook.test")),
            ("/message", Mark::Present),
        ]),
        Tell::Body(&[("/type", OF_ACCOUNTS), ("/data", Mark::Object)]),
    ],
    schemes: &[&SIGNED_BODY],
    test_secret: "webhook-cli-public-test-key-mailersend",
    test_public: "webhook-cli-public-test-key-mailersend",
    envelope: Envelope::Plain,
    style: Style {
        php: true,
        ..Style::COMPACT
    },
    native: &["/type"],
    fields: Fields {
        recipient: &["/data/email/recipient/email", "/data/email"],
        message_id: &["/data/email/message/id", "/data/message_id"],
        at: &[
            Stamp::Rfc3339("/data/created_at", 6),
            Stamp::Rfc3339("/created_at", 6),
            Stamp::Rfc3339("/data/email/created_at", 6),
            Stamp::Rfc3339("/data/email/message/created_at", 6),
            Stamp::Rfc3339("/data/email/recipient/created_at", 6),
            Stamp::Rfc3339("/data/morph/created_at", 6),
            // What is no activity has its time without a zone.
            Stamp::Local("/created_at"),
        ],
        url: &["/data/morph/url"],
        reason: &["/data/morph/readable_reason", "/data/morph/reason"],
        unique: &["/data/id", "/data/morph/id"],
        tag: Carry::List("/data/email/tags"),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Sent,
            "activity.sent",
            &[("/type", Mark::Is("activity.sent"))],
            example!("mailersend/sent"),
        ),
        row(
            Kind::Delivered,
            "activity.delivered",
            &[("/type", Mark::Is("activity.delivered"))],
            example!("mailersend/delivered"),
        ),
        row(
            Kind::Deferred,
            "activity.deferred",
            &[("/type", Mark::Is("activity.deferred"))],
            example!("mailersend/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "activity.hard_bounced",
            &[("/type", Mark::Is("activity.hard_bounced"))],
            example!("mailersend/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "activity.soft_bounced",
            &[("/type", Mark::Is("activity.soft_bounced"))],
            example!("mailersend/bounce-soft"),
        ),
        row(
            Kind::Open,
            "activity.opened",
            &[("/type", Mark::Is("activity.opened"))],
            example!("mailersend/open"),
        ),
        // Comes besides `activity.opened`, for the first time.
        row(
            Kind::Open,
            "activity.opened_unique",
            &[("/type", Mark::Is("activity.opened_unique"))],
            example!("mailersend/open-unique"),
        ),
        row(
            Kind::Click,
            "activity.clicked",
            &[("/type", Mark::Is("activity.clicked"))],
            example!("mailersend/click"),
        ),
        row(
            Kind::Click,
            "activity.clicked_unique",
            &[("/type", Mark::Is("activity.clicked_unique"))],
            example!("mailersend/click-unique"),
        ),
        row(
            Kind::Unsubscribe,
            "activity.unsubscribed",
            &[("/type", Mark::Is("activity.unsubscribed"))],
            example!("mailersend/unsubscribe"),
        ),
        row(
            Kind::Complaint,
            "activity.spam_complaint",
            &[("/type", Mark::Is("activity.spam_complaint"))],
            example!("mailersend/complaint"),
        ),
        // Known in version 2 only.
        row(
            Kind::Other,
            "activity.survey_opened",
            &[("/type", Mark::Is("activity.survey_opened"))],
            example!("mailersend/other-survey-opened"),
        ),
        row(
            Kind::Other,
            "activity.survey_submitted",
            &[("/type", Mark::Is("activity.survey_submitted"))],
            example!("mailersend/other-survey-submitted"),
        ),
        // Sent when a webhook is made or changed. That it is signed with a secret of its own, the same for everybody, is
        // unconfirmed; we sign it as everything else.
        row(
            Kind::Other,
            "webhook.test",
            &[("/type", Mark::Is("webhook.test"))],
            example!("mailersend/other-webhook-test"),
        ),
        // Accounts, lists, routes: no whole bodies are known.
        row(Kind::Other, "account", &[("/type", OF_ACCOUNTS)], ""),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "activity.hard_bounced",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "activity.soft_bounced",
            sets: &[(
                "/data/morph/reason",
                "450 4.2.0 mailbox temporarily unavailable",
            )],
        },
        Bounce {
            name: "mailbox-full",
            row: "activity.soft_bounced",
            sets: &[],
        },
    ],
    conduct: Conduct {
        handshake: &[Handshake::Event("webhook.test")],
        twins: &[
            ("activity.opened", "activity.opened_unique"),
            ("activity.clicked", "activity.clicked_unique"),
        ],
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("2xx"),
        retries: Unconfirmed(
            "3 attempts, 10 s and 100 s apart; 20 failures in 24 hours pause the webhook",
            "a catalogue of August 2026 says about 3 days",
        ),
        timeout: Documented(3),
    },
    origins: &[
        documented(&WEBHOOKS, &[""]),
        documented(&WEBHOOKS, &["signature"])
            .unconfirmed("the ping is signed with a test secret that one third party tells")
            .of(&["webhook.test"]),
        documented(&WEBHOOKS, &["/type", "/message"])
            .unconfirmed("it may have more members")
            .of(&["webhook.test"]),
    ],
    ..SIGNER
};
