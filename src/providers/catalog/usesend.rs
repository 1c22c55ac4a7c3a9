//! useSend, which its users may host themselves: one compact object a request, signed with its time in milliseconds. A
//! try after a failure has another `attempt` in its body, and so another signature; `id` stays.
//! <https://docs.usesend.com/guides/webhooks>

use crate::providers::behaviour::{CONDUCT, Conduct, Handshake};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, Carry, Envelope, FIELDS, Fields, Provider, Row, SIGNER, Stamp, Tell, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Mark, Part, Place, Recipe, Style, TimeForm,
};

static SIGNED: Recipe = Recipe {
    name: "usesend",
    algorithm: Algorithm::HmacSha256,
    // It begins with `whsec_`, and yet is no base64.
    key: KeyForm::Text,
    id: None,
    timestamp: Some((Place::Header("x-usesend-timestamp"), TimeForm::Millis)),
    signed: &[Part::Timestamp, Part::Text("."), Part::Body],
    signature: Place::Header("x-usesend-signature"),
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
    tells: &[
        Tell::Body(&[
            ("/id", Mark::Present),
            ("/type", Mark::Present),
            ("/version", Mark::Present),
            ("/createdAt", Mark::Present),
            ("/teamId", Mark::Present),
            ("/attempt", Mark::Present),
            ("/data", Mark::Object),
        ]),
        Tell::Header("x-usesend-signature"),
        Tell::Header("x-usesend-event"),
        Tell::Header("x-usesend-call"),
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
            Stamp::Rfc3339("/data/occurredAt", 3),
            Stamp::Rfc3339("/createdAt", 3),
        ],
        other_times: &[
            Stamp::Rfc3339("/data/open/timestamp", 3),
            Stamp::Rfc3339("/data/click/timestamp", 3),
            Stamp::Rfc3339("/data/updatedAt", 3),
            Stamp::Rfc3339("/data/createdAt", 3),
            Stamp::Rfc3339("/data/sentAt", 3),
        ],
        url: &["/data/click/url"],
        reason: &[
            "/data/bounce/message",
            "/data/failed/reason",
            "/data/suppression/reason",
        ],
        reason_parts: &["/data/bounce/type", "/data/bounce/subType"],
        campaign: Carry::First(&["/data/campaignId"]),
        metadata: Carry::Into("/data/metadata"),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Sent,
            "email.sent",
            &[("/type", Mark::Is("email.sent"))],
            example!("usesend/sent"),
        ),
        row(
            Kind::Sent,
            "email.queued",
            &[("/type", Mark::Is("email.queued"))],
            example!("usesend/sent-queued"),
        ),
        row(
            Kind::Delivered,
            "email.delivered",
            &[("/type", Mark::Is("email.delivered"))],
            example!("usesend/delivered"),
        ),
        row(
            Kind::Deferred,
            "email.delivery_delayed",
            &[("/type", Mark::Is("email.delivery_delayed"))],
            example!("usesend/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "email.bounced",
            &[
                ("/type", Mark::Is("email.bounced")),
                ("/data/bounce/type", Mark::Is("Permanent")),
            ],
            example!("usesend/bounce"),
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
            Kind::Rejected,
            "email.rejected",
            &[("/type", Mark::Is("email.rejected"))],
            example!("usesend/rejected"),
        ),
        row(
            Kind::Rejected,
            "email.rendering_failure",
            &[("/type", Mark::Is("email.rendering_failure"))],
            example!("usesend/rejected-rendering-failure"),
        ),
        row(
            Kind::Rejected,
            "email.failed",
            &[("/type", Mark::Is("email.failed"))],
            example!("usesend/rejected-failed"),
        ),
        row(
            Kind::Rejected,
            "email.suppressed",
            &[("/type", Mark::Is("email.suppressed"))],
            example!("usesend/rejected-suppressed"),
        ),
        row(
            Kind::Complaint,
            "email.complained",
            &[("/type", Mark::Is("email.complained"))],
            example!("usesend/complaint"),
        ),
        row(
            Kind::Open,
            "email.opened",
            &[("/type", Mark::Is("email.opened"))],
            example!("usesend/open"),
        ),
        row(
            Kind::Click,
            "email.clicked",
            &[("/type", Mark::Is("email.clicked"))],
            example!("usesend/click"),
        ),
        other(
            "email.cancelled",
            &[("/type", Mark::Is("email.cancelled"))],
            example!("usesend/other-email-cancelled"),
        ),
        // It tells whether the contact is subscribed, and not what has changed.
        about(
            "contact.updated",
            &[("/type", Mark::Is("contact.updated"))],
            example!("usesend/other-contact-updated"),
        ),
        about(
            "contact.created",
            &[("/type", Mark::Is("contact.created"))],
            example!("usesend/other-contact-created"),
        ),
        about(
            "contact.deleted",
            &[("/type", Mark::Is("contact.deleted"))],
            example!("usesend/other-contact-deleted"),
        ),
        about(
            "domain.created",
            &[("/type", Mark::Is("domain.created"))],
            example!("usesend/other-domain-created"),
        ),
        about(
            "domain.verified",
            &[("/type", Mark::Is("domain.verified"))],
            example!("usesend/other-domain-verified"),
        ),
        about(
            "domain.updated",
            &[("/type", Mark::Is("domain.updated"))],
            example!("usesend/other-domain-updated"),
        ),
        about(
            "domain.deleted",
            &[("/type", Mark::Is("domain.deleted"))],
            example!("usesend/other-domain-deleted"),
        ),
        about(
            "webhook.test",
            &[("/type", Mark::Is("webhook.test"))],
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
    ids: &[Place::Body("/id")],
    conduct: Conduct {
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
    marks: &'static [(&'static str, Mark)],
    example: &'static str,
) -> Row {
    row(Kind::Other, native, marks, example)
}

/// An event about a contact, a domain or the webhook itself.
const fn about(
    native: &'static str,
    marks: &'static [(&'static str, Mark)],
    example: &'static str,
) -> Row {
    other(native, marks, example).without_message()
}
