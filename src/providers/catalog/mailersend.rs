//! MailerSend: one JSON object per request, in two versions. Version 2 is flat, with the recipient in `data.recipient`
//! and the reason of a bounce or the link of a click in `data.meta`. Version 1, with nested objects, ends on 1 December
//! 2026; it is still read, and sent on request. Every slash is escaped, as PHP does, and these bytes are signed.
//! <https://developers.mailersend.com/api/v1/webhooks.html>

use crate::providers::behaviour::{Behaviour, CONDUCT, Handshake};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, captured, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
};

/// Current scheme: <https://developers.mailersend.com/api/v1/webhooks.html#security>.
static SIGNED_BODY: Scheme = signed_body("signature");

/// Scheme with the header name of the Node SDK's read-me; every other source has the short name.
static LONG_NAME: Scheme = signed_body("x-mailersend-signature");

const fn signed_body(header: &'static str) -> Scheme {
    Scheme {
        name: "mailersend",
        algorithm: Algorithm::HmacSha256,
        key: KeyForm::Text,
        id: None,
        timestamp: None,
        signed: &[Part::Body],
        signature: Location::Header(header),
        encoding: Encoding::Hex,
        fresh: &[],
        tolerance: 300,
        uncovered: Some("the scheme has no timestamp: an old delivery verifies as well"),
        guard: None,
    }
}

/// Mark of version 1, missing in version 2.
const IN_OBJECTS: (&str, Predicate) = ("/data/email", Predicate::Object);

/// Events about accounts, lists and routes, not about a message.
const OF_ACCOUNTS: Predicate = Predicate::OneOf(&[
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
    "sms.sent",
    "sms.delivered",
    "sms.failed",
]);

/// Message of an inbound route.
const ROUTE: &[(&str, Predicate)] = &[
    ("/type", Predicate::Is("inbound.message")),
    ("/data", Predicate::Object),
];

static WEBHOOKS: Page = page(
    "Webhooks",
    "https://developers.mailersend.com/api/v1/webhooks.html",
    "2025-12-16",
);
static ANYMAIL_INBOUND: Page = page(
    "Anymail, with a request of 2023 that its tests keep",
    "https://github.com/anymail/django-anymail",
    "2026-11",
);
static ANYMAIL: Page = page(
    "version 2 in Anymail, with requests that its tests keep",
    "https://github.com/anymail/django-anymail/pull/490",
    "2026-11-27",
);

const OF_LIBRARIES: &str =
    "Anymail and Symfony test with this shape; no request that was really sent is public";

/// MailerSend's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "mailersend",
    title: "MailerSend",
    docs: WEBHOOKS.url,
    // `Signature` is no signal: other senders have such a header too.
    signals: &[
        Signal::Body(&[
            ("/type", Predicate::Starts("activity.")),
            ("/data", Predicate::Object),
        ]),
        Signal::Body(&[
            ("/type", Predicate::Is("webhook.test")),
            ("/message", Predicate::Present),
        ]),
        Signal::Body(&[("/type", OF_ACCOUNTS), ("/data", Predicate::Object)]),
        Signal::Body(ROUTE),
        Signal::Header("x-mailersend-signature"),
    ],
    schemes: &[&SIGNED_BODY, &LONG_NAME],
    test_secret: "webhook-cli-public-test-key-mailersend",
    test_public: "webhook-cli-public-test-key-mailersend",
    envelope: Envelope::Plain,
    style: Style {
        php: true,
        ..Style::COMPACT
    },
    native: &["/type"],
    fields: Fields {
        // The documentation's example of version 2 has the address at `/data/email`.
        recipient: &["/data/recipient", "/data/email/recipient/email", "/data/email"],
        message_id: &["/data/message_id", "/data/email/message/id"],
        at: &[
            TimeField::Rfc3339("/data/created_at", 6),
            // Version 2 has whole seconds, written with six fractional digits all the same.
            TimeField::Utc("/created_at", "%Y-%m-%dT%H:%M:%S.000000Z"),
            TimeField::Rfc3339("/created_at", 6),
            TimeField::Rfc3339("/data/email/created_at", 6),
            TimeField::Rfc3339("/data/email/message/created_at", 6),
            TimeField::Rfc3339("/data/email/recipient/created_at", 6),
            TimeField::Rfc3339("/data/morph/created_at", 6),
            // Events other than activities have a time without a zone.
            TimeField::Local("/created_at"),
        ],
        url: &["/data/meta/url", "/data/morph/url"],
        reason: &[
            "/data/meta/bounce_reason",
            "/data/meta/suppression_reason",
            "/data/meta/unsubscribe_reason",
            "/data/morph/readable_reason",
            "/data/morph/reason",
        ],
        unique: &["/data/id", "/data/morph/id"],
        tag: Placement::Either(&[Placement::List("/data/email/tags"), Placement::List("/data/tags")]),
        ..FIELDS
    },
    events: &[
        row(Kind::Sent, "activity.sent", &[("/type", Predicate::Is("activity.sent"))], example!("mailersend/sent")).of_version("2"),
        row(Kind::Delivered, "activity.delivered", &[("/type", Predicate::Is("activity.delivered"))], example!("mailersend/delivered")).of_version("2"),
        row(Kind::Deferred, "activity.deferred", &[("/type", Predicate::Is("activity.deferred"))], example!("mailersend/deferred")).of_version("2"),
        bounce(BounceClass::Hard, "activity.hard_bounced", &[("/type", Predicate::Is("activity.hard_bounced"))], example!("mailersend/bounce")).of_version("2"),
        bounce(BounceClass::Soft, "activity.soft_bounced", &[("/type", Predicate::Is("activity.soft_bounced"))], example!("mailersend/bounce-soft")).of_version("2"),
        // Never sent: the address is suppressed.
        row(Kind::Rejected, "activity.suppressed", &[("/type", Predicate::Is("activity.suppressed"))], example!("mailersend/rejected")).of_version("2"),
        row(Kind::Open, "activity.opened", &[("/type", Predicate::Is("activity.opened"))], example!("mailersend/open")).of_version("2"),
        // Sent besides `activity.opened`, at the first open.
        row(Kind::Open, "activity.opened_unique", &[("/type", Predicate::Is("activity.opened_unique"))], example!("mailersend/open-unique")).of_version("2"),
        row(Kind::Click, "activity.clicked", &[("/type", Predicate::Is("activity.clicked"))], example!("mailersend/click")).of_version("2"),
        row(Kind::Click, "activity.clicked_unique", &[("/type", Predicate::Is("activity.clicked_unique"))], example!("mailersend/click-unique")).of_version("2"),
        row(Kind::Unsubscribe, "activity.unsubscribed", &[("/type", Predicate::Is("activity.unsubscribed"))], example!("mailersend/unsubscribe")).of_version("2"),
        row(Kind::Complaint, "activity.spam_complaint", &[("/type", Predicate::Is("activity.spam_complaint"))], example!("mailersend/complaint")).of_version("2"),
        row(Kind::Other, "activity.survey_opened", &[("/type", Predicate::Is("activity.survey_opened"))], example!("mailersend/other-survey-opened")).of_version("2"),
        row(Kind::Other, "activity.survey_submitted", &[("/type", Predicate::Is("activity.survey_submitted"))], example!("mailersend/other-survey-submitted")).of_version("2"),
        // Until 1 December 2026.
        row(Kind::Sent, "activity.sent", &[("/type", Predicate::Is("activity.sent")), IN_OBJECTS], example!("mailersend/sent-version-1")).of_version("1"),
        row(Kind::Delivered, "activity.delivered", &[("/type", Predicate::Is("activity.delivered")), IN_OBJECTS], example!("mailersend/delivered-version-1")).of_version("1"),
        row(Kind::Deferred, "activity.deferred", &[("/type", Predicate::Is("activity.deferred")), IN_OBJECTS], example!("mailersend/deferred-version-1")).of_version("1"),
        bounce(BounceClass::Hard, "activity.hard_bounced", &[("/type", Predicate::Is("activity.hard_bounced")), IN_OBJECTS], example!("mailersend/bounce-version-1")).of_version("1"),
        bounce(BounceClass::Soft, "activity.soft_bounced", &[("/type", Predicate::Is("activity.soft_bounced")), IN_OBJECTS], example!("mailersend/bounce-soft-version-1")).of_version("1"),
        row(Kind::Open, "activity.opened", &[("/type", Predicate::Is("activity.opened")), IN_OBJECTS], example!("mailersend/open-version-1")).of_version("1"),
        row(Kind::Open, "activity.opened_unique", &[("/type", Predicate::Is("activity.opened_unique")), IN_OBJECTS], example!("mailersend/open-unique-version-1")).of_version("1"),
        row(Kind::Click, "activity.clicked", &[("/type", Predicate::Is("activity.clicked")), IN_OBJECTS], example!("mailersend/click-version-1")).of_version("1"),
        row(Kind::Click, "activity.clicked_unique", &[("/type", Predicate::Is("activity.clicked_unique")), IN_OBJECTS], example!("mailersend/click-unique-version-1")).of_version("1"),
        row(Kind::Unsubscribe, "activity.unsubscribed", &[("/type", Predicate::Is("activity.unsubscribed")), IN_OBJECTS], example!("mailersend/unsubscribe-version-1")).of_version("1"),
        row(Kind::Complaint, "activity.spam_complaint", &[("/type", Predicate::Is("activity.spam_complaint")), IN_OBJECTS], example!("mailersend/complaint-version-1")).of_version("1"),
        // Sent when a webhook is created or changed. A fixed secret of its own, the same for all accounts, is
        // unconfirmed; we sign it like all other events.
        row(
            Kind::Other,
            "webhook.test",
            &[("/type", Predicate::Is("webhook.test"))],
            example!("mailersend/other-webhook-test"),
        ),
        // Accounts, lists, routes: no whole bodies are known.
        row(
            Kind::Inbound,
            "inbound.message",
            ROUTE,
            example!("mailersend/inbound"),
        ),
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
            sets: &[
                ("/data/meta/bounce_reason", "450 4.2.0 mailbox temporarily unavailable"),
                ("/data/meta/bounce_code", "450"),
                ("/data/morph/reason", "450 4.2.0 mailbox temporarily unavailable"),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "activity.soft_bounced",
            sets: &[],
        },
    ],
    conduct: Behaviour {
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
        captured(&ANYMAIL, &["/"]).of_version("2"),
        captured(&ANYMAIL, &["/webhook_id"])
            .unconfirmed("the fixtures of Symfony have none")
            .of_version("2"),
        captured(&ANYMAIL, &["/data/recipient"])
            .unconfirmed("the documentation calls it `email`, MailerSend's support and what was sent `recipient`")
            .of_version("2"),
        assumed(OF_LIBRARIES, &["/"])
            .of(&[
                "activity.deferred",
                "activity.hard_bounced",
                "activity.soft_bounced",
                "activity.suppressed",
                "activity.unsubscribed",
                "activity.spam_complaint",
            ])
            .of_version("2"),
        assumed("Anymail has a number there, Symfony a text", &["/data/meta/bounce_code"])
            .of(&["activity.hard_bounced", "activity.soft_bounced"])
            .of_version("2"),
        assumed(
            "as the event without `_unique`, whose form was captured",
            &["/data/type"],
        )
        .of(&["activity.opened_unique", "activity.clicked_unique"])
        .of_version("2"),
        assumed("as other events are; nobody has published one", &["/"])
            .of(&["activity.survey_opened", "activity.survey_submitted"])
            .of_version("2"),
        captured(&ANYMAIL_INBOUND, &["/"]).of(&["inbound.message"]),
        documented(&WEBHOOKS, &["/data/meta"])
            .of(&["activity.survey_submitted"])
            .of_version("2"),
        documented(&WEBHOOKS, &["signature"])
            .unconfirmed("the ping is signed with a test secret that one third party tells")
            .of(&["webhook.test"]),
        documented(&WEBHOOKS, &["/type", "/message"])
            .unconfirmed("it may have more members")
            .of(&["webhook.test"]),
    ],
    inbound: Some(&inbound::mailersend::INBOUND),
    ..SIGNER
};
