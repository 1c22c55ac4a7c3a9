//! useSend, which its users may host themselves: one compact object per request, signed with its time in milliseconds.
//! A retry has another `attempt` in its body, and so another signature; `id` stays.
//! <https://docs.usesend.com/guides/webhooks>

use crate::providers::behaviour::{Behaviour, CONDUCT, Handshake};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, EventDef, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
    TimestampFormat,
};

static SIGNED: Scheme = Scheme {
    name: "usesend",
    algorithm: Algorithm::HmacSha256,
    // It begins with `whsec_`, and yet is no base64.
    key: KeyForm::Text,
    id: None,
    timestamp: Some((
        Location::Header("x-usesend-timestamp"),
        TimestampFormat::Millis,
    )),
    signed: &[Part::Timestamp, Part::Text("."), Part::Body],
    signature: Location::Header("x-usesend-signature"),
    encoding: Encoding::After("v1=", &Encoding::Hex),
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

static GUIDE: Page = page(
    "Webhooks",
    "https://docs.usesend.com/guides/webhooks",
    "2026-11-27",
);
static SENDER: Page = page(
    "source code of the sender, webhook-service.ts",
    "https://github.com/usesend/useSend",
    "2026-07-23",
);
static EVENTS: Page = page(
    "source code of the events, webhook-events.ts",
    "https://github.com/usesend/useSend",
    "2026-07-23",
);

/// useSend's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "usesend",
    title: "useSend",
    docs: GUIDE.url,
    signals: &[
        Signal::Body(&[
            ("/id", Predicate::Present),
            ("/type", Predicate::Present),
            ("/version", Predicate::Present),
            ("/createdAt", Predicate::Present),
            ("/teamId", Predicate::Present),
            ("/attempt", Predicate::Present),
            ("/data", Predicate::Object),
        ]),
        Signal::Header("x-usesend-signature"),
        Signal::Header("x-usesend-event"),
        Signal::Header("x-usesend-call"),
    ],
    schemes: &[&SIGNED],
    test_secret: "whsec_webhook_cli_public_test_key_usesend",
    test_public: "whsec_webhook_cli_public_test_key_usesend",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/type", "x-usesend-event"],
    fields: Fields {
        recipient: &["/data/to/*", "/data/email"],
        message_id: &["/data/id"],
        at: &[
            TimeField::Rfc3339("/data/occurredAt", 3),
            TimeField::Rfc3339("/createdAt", 3),
        ],
        other_times: &[
            TimeField::Rfc3339("/data/open/timestamp", 3),
            TimeField::Rfc3339("/data/click/timestamp", 3),
            TimeField::Rfc3339("/data/updatedAt", 3),
            TimeField::Rfc3339("/data/createdAt", 3),
            TimeField::Rfc3339("/data/sentAt", 3),
        ],
        url: &["/data/click/url"],
        reason: &[
            "/data/bounce/message",
            "/data/failed/reason",
            "/data/suppression/reason",
            "/data/suppression/type",
        ],
        reason_parts: &["/data/bounce/type", "/data/bounce/subType"],
        campaign: Placement::First(&["/data/campaignId"]),
        metadata: Placement::Into("/data/metadata"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "email.sent",
            &[("/type", Predicate::Is("email.sent"))],
            example!("usesend/sent"),
        ),
        row(
            Kind::Sent,
            "email.queued",
            &[("/type", Predicate::Is("email.queued"))],
            example!("usesend/sent-queued"),
        ),
        row(
            Kind::Delivered,
            "email.delivered",
            &[("/type", Predicate::Is("email.delivered"))],
            example!("usesend/delivered"),
        ),
        row(
            Kind::Deferred,
            "email.delivery_delayed",
            &[("/type", Predicate::Is("email.delivery_delayed"))],
            example!("usesend/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "email.bounced",
            &[
                ("/type", Predicate::Is("email.bounced")),
                ("/data/bounce/type", Predicate::Is("Permanent")),
            ],
            example!("usesend/bounce"),
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
            Kind::Rejected,
            "email.rejected",
            &[("/type", Predicate::Is("email.rejected"))],
            example!("usesend/rejected"),
        ),
        row(
            Kind::Rejected,
            "email.rendering_failure",
            &[("/type", Predicate::Is("email.rendering_failure"))],
            example!("usesend/rejected-rendering-failure"),
        ),
        row(
            Kind::Rejected,
            "email.failed",
            &[("/type", Predicate::Is("email.failed"))],
            example!("usesend/rejected-failed"),
        ),
        row(
            Kind::Rejected,
            "email.suppressed",
            &[("/type", Predicate::Is("email.suppressed"))],
            example!("usesend/rejected-suppressed"),
        ),
        row(
            Kind::Complaint,
            "email.complained",
            &[("/type", Predicate::Is("email.complained"))],
            example!("usesend/complaint"),
        ),
        row(
            Kind::Open,
            "email.opened",
            &[("/type", Predicate::Is("email.opened"))],
            example!("usesend/open"),
        ),
        row(
            Kind::Click,
            "email.clicked",
            &[("/type", Predicate::Is("email.clicked"))],
            example!("usesend/click"),
        ),
        other(
            "email.cancelled",
            &[("/type", Predicate::Is("email.cancelled"))],
            example!("usesend/other-email-cancelled"),
        ),
        // It says if the contact is subscribed, and not what has changed.
        about(
            "contact.updated",
            &[("/type", Predicate::Is("contact.updated"))],
            example!("usesend/other-contact-updated"),
        ),
        about(
            "contact.created",
            &[("/type", Predicate::Is("contact.created"))],
            example!("usesend/other-contact-created"),
        ),
        about(
            "contact.deleted",
            &[("/type", Predicate::Is("contact.deleted"))],
            example!("usesend/other-contact-deleted"),
        ),
        about(
            "domain.created",
            &[("/type", Predicate::Is("domain.created"))],
            example!("usesend/other-domain-created"),
        ),
        about(
            "domain.verified",
            &[("/type", Predicate::Is("domain.verified"))],
            example!("usesend/other-domain-verified"),
        ),
        about(
            "domain.updated",
            &[("/type", Predicate::Is("domain.updated"))],
            example!("usesend/other-domain-updated"),
        ),
        about(
            "domain.deleted",
            &[("/type", Predicate::Is("domain.deleted"))],
            example!("usesend/other-domain-deleted"),
        ),
        about(
            "webhook.test",
            &[("/type", Predicate::Is("webhook.test"))],
            example!("usesend/other-webhook-test"),
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
                    "450 4.2.0 Mailbox temporarily unavailable",
                ),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "email.bounced",
            sets: &[
                ("/data/bounce/type", "Transient"),
                ("/data/bounce/subType", "MailboxFull"),
                ("/data/bounce/message", "452 4.2.2 Mailbox full"),
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
                    "554 5.7.1 Message blocked by policy",
                ),
            ],
        },
    ],
    ids: &[Location::Body("/id")],
    conduct: Behaviour {
        handshake: &[Handshake::Event("webhook.test")],
        judges_age: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("2xx; redirects are not followed"),
        retries: Documented(
            "5 more, after about 5, 10, 20, 40 and 80 s, each up to 30 % longer; after 30 deliveries that failed \
             one after another the webhook is switched off",
        ),
        timeout: Documented(10),
    },
    origins: &[
        documented(&SENDER, &[""]),
        documented(&EVENTS, &["/type", "/data"]),
        documented(&EVENTS, &["/data/to"])
            .unconfirmed("whether several recipients come in one event or in one each"),
    ],
    ..SIGNER
};

const fn other(
    native: &'static str,
    marks: &'static [(&'static str, Predicate)],
    example: &'static str,
) -> EventDef {
    row(Kind::Other, native, marks, example)
}

/// Defines an event about a contact, a domain or the webhook itself.
const fn about(
    native: &'static str,
    marks: &'static [(&'static str, Predicate)],
    example: &'static str,
) -> EventDef {
    other(native, marks, example).without_message()
}
