//! Iterable's system webhooks: one object a request. Nothing is signed: a handler demands what it told Iterable to put into
//! `Authorization`, which may be a bare token without a scheme's word. There is no event for a delivery.
//! Which fields each event has is unconfirmed; any may be null or missing.
//! <https://support.iterable.com/hc/en-us/articles/208013936-System-Webhooks>

use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Carry, Envelope, FIELDS, Fields, Machine, Provider, SIGNER, Stamp, Tell,
    bounce, row,
};
use crate::webhook::{BounceClass, Kind, Mark, Style};

const BOUNCE: (&str, Mark) = ("/eventName", Mark::Is("emailBounce"));
const TITLED_BOUNCE: (&str, Mark) = ("/eventTitle", Mark::Is("emailBounce"));

/// The events that are known.
const KNOWN: Mark = Mark::OneOf(&[
    "emailSend",
    "emailOpen",
    "emailClick",
    "emailBounce",
    "emailComplaint",
    "emailSendSkip",
    "emailSubscribe",
    "emailUnSubscribe",
    "emailUnsubscribe",
    "hostedUnsubscribeClick",
]);

static SYSTEM: Page = page(
    "System webhooks",
    "https://support.iterable.com/hc/en-us/articles/208013936-System-Webhooks",
    "2026",
);

/// Iterable's system webhooks.
pub static PROVIDER: Provider = Provider {
    name: "iterable",
    title: "Iterable",
    docs: SYSTEM.url,
    // Some deliveries call the name a title, have no address at the top or no `dataFields`.
    tells: &[
        Tell::Body(&[("/eventName", KNOWN), ("/email", Mark::Present)]),
        Tell::Body(&[("/eventName", KNOWN), ("/userId", Mark::Present)]),
        Tell::Body(&[("/eventName", KNOWN), ("/dataFields", Mark::Object)]),
        Tell::Body(&[("/eventTitle", KNOWN), ("/email", Mark::Present)]),
        Tell::Body(&[("/eventTitle", KNOWN), ("/userId", Mark::Present)]),
        Tell::Body(&[("/eventTitle", KNOWN), ("/dataFields", Mark::Object)]),
    ],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/eventName", "/eventTitle"],
    fields: Fields {
        recipient: &["/email", "/dataFields/email"],
        message_id: &["/dataFields/messageId"],
        at: &[
            Stamp::Utc("/dataFields/createdAt", "%Y-%m-%d %H:%M:%S +00:00"),
            Stamp::Utc("/dataFields/profileUpdatedAt", "%Y-%m-%d %H:%M:%S +00:00"),
        ],
        url: &["/dataFields/url", "/dataFields/linkUrl"],
        reason: &["/dataFields/bounceMessage", "/dataFields/reason"],
        campaign: Carry::First(&["/dataFields/campaignName"]),
        metadata: Carry::Members("/dataFields/transactionalData"),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Sent,
            "emailSend",
            &[("/eventName", Mark::Is("emailSend"))],
            example!("iterable/sent"),
        ),
        row(
            Kind::Open,
            "emailOpen",
            &[("/eventName", Mark::Is("emailOpen"))],
            example!("iterable/open"),
        ),
        row(
            Kind::Click,
            "emailClick",
            &[("/eventName", Mark::Is("emailClick"))],
            example!("iterable/click"),
        ),
        bounce(
            BounceClass::Hard,
            "emailBounce",
            &[
                BOUNCE,
                ("/dataFields/recipientState", Mark::Is("HardBounce")),
            ],
            example!("iterable/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "emailSoftBounce",
            &[
                BOUNCE,
                ("/dataFields/recipientState", Mark::Is("SoftBounce")),
            ],
            example!("iterable/bounce-soft"),
        ),
        bounce(
            BounceClass::Undetermined,
            "emailUnknownBounce",
            &[BOUNCE],
            "",
        ),
        row(
            Kind::Complaint,
            "emailComplaint",
            &[("/eventName", Mark::Is("emailComplaint"))],
            example!("iterable/complaint"),
        ),
        row(
            Kind::Rejected,
            "emailSendSkip",
            &[("/eventName", Mark::Is("emailSendSkip"))],
            example!("iterable/rejected"),
        ),
        row(
            Kind::Subscribe,
            "emailSubscribe",
            &[("/eventName", Mark::Is("emailSubscribe"))],
            example!("iterable/subscribe"),
        ),
        row(
            Kind::Unsubscribe,
            "emailUnSubscribe",
            &[(
                "/eventName",
                Mark::OneOf(&["emailUnSubscribe", "emailUnsubscribe"]),
            )],
            example!("iterable/unsubscribe"),
        ),
        // On the page that Iterable hosts.
        row(
            Kind::Unsubscribe,
            "hostedUnsubscribeClick",
            &[("/eventName", Mark::Is("hostedUnsubscribeClick"))],
            example!("iterable/unsubscribe-hosted"),
        ),
        // The same events by their title.
        row(
            Kind::Sent,
            "emailSendTitle",
            &[("/eventTitle", Mark::Is("emailSend"))],
            "",
        ),
        row(
            Kind::Open,
            "emailOpenTitle",
            &[("/eventTitle", Mark::Is("emailOpen"))],
            "",
        ),
        row(
            Kind::Click,
            "emailClickTitle",
            &[("/eventTitle", Mark::Is("emailClick"))],
            "",
        ),
        bounce(
            BounceClass::Hard,
            "emailHardBounceTitle",
            &[
                TITLED_BOUNCE,
                ("/dataFields/recipientState", Mark::Is("HardBounce")),
            ],
            "",
        ),
        bounce(
            BounceClass::Soft,
            "emailSoftBounceTitle",
            &[
                TITLED_BOUNCE,
                ("/dataFields/recipientState", Mark::Is("SoftBounce")),
            ],
            "",
        ),
        bounce(
            BounceClass::Undetermined,
            "emailBounceTitle",
            &[TITLED_BOUNCE],
            "",
        ),
        row(
            Kind::Complaint,
            "emailComplaintTitle",
            &[("/eventTitle", Mark::Is("emailComplaint"))],
            "",
        ),
        row(
            Kind::Rejected,
            "emailSendSkipTitle",
            &[("/eventTitle", Mark::Is("emailSendSkip"))],
            "",
        ),
        row(
            Kind::Subscribe,
            "emailSubscribeTitle",
            &[("/eventTitle", Mark::Is("emailSubscribe"))],
            "",
        ),
        row(
            Kind::Unsubscribe,
            "emailUnSubscribeTitle",
            &[(
                "/eventTitle",
                Mark::OneOf(&[
                    "emailUnSubscribe",
                    "emailUnsubscribe",
                    "hostedUnsubscribeClick",
                ]),
            )],
            "",
        ),
    ],
    machines: &[
        // Opens name a `proxySource`, of which no value is known.
        Machine {
            kind: Kind::Click,
            row: "emailClick",
            sets: &[("/dataFields/isBot", "true")],
        },
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "emailBounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "emailSoftBounce",
            sets: &[
                ("/dataFields/status", "4.2.0"),
                (
                    "/dataFields/bounceMessage",
                    "450 4.2.0 Mailbox temporarily unavailable",
                ),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "emailSoftBounce",
            sets: &[],
        },
    ],
    habits: Habits {
        batching: Documented("one event"),
        retries: Unconfirmed("some", "how many and for how long"),
        ..HABITS
    },
    origins: &[
        documented(&SYSTEM, &[""]),
        assumed(
            "known from a schema that others keep to collect these webhooks; which event has which of them is not confirmed",
            &["/dataFields"],
        ),
    ],
    ..SIGNER
};
