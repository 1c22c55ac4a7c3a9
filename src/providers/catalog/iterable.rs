//! Iterable's system webhooks: one object per request. Nothing is signed: a handler demands the `Authorization` that
//! was configured at Iterable, which may be a bare token without the word of a scheme. There is no event for a
//! delivery. The fields of each event are unconfirmed; any may be null or missing.
//! <https://support.iterable.com/hc/en-us/articles/208013936-System-Webhooks>

use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Envelope, FIELDS, Fields, Machine, Placement, Provider, SIGNER, Signal,
    TimeField, bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

const BOUNCE: (&str, Predicate) = ("/eventName", Predicate::Is("emailBounce"));
const TITLED_BOUNCE: (&str, Predicate) = ("/eventTitle", Predicate::Is("emailBounce"));

/// Known event names.
const KNOWN: Predicate = Predicate::OneOf(&[
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
    // Some deliveries call the name a title, have no address at the top level or no `dataFields`.
    signals: &[
        Signal::Body(&[("/eventName", KNOWN), ("/email", Predicate::Present)]),
        Signal::Body(&[("/eventName", KNOWN), ("/userId", Predicate::Present)]),
        Signal::Body(&[("/eventName", KNOWN), ("/dataFields", Predicate::Object)]),
        Signal::Body(&[("/eventTitle", KNOWN), ("/email", Predicate::Present)]),
        Signal::Body(&[("/eventTitle", KNOWN), ("/userId", Predicate::Present)]),
        Signal::Body(&[("/eventTitle", KNOWN), ("/dataFields", Predicate::Object)]),
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
            TimeField::Utc("/dataFields/createdAt", "%Y-%m-%d %H:%M:%S +00:00"),
            TimeField::Utc("/dataFields/profileUpdatedAt", "%Y-%m-%d %H:%M:%S +00:00"),
        ],
        url: &["/dataFields/url", "/dataFields/linkUrl"],
        reason: &["/dataFields/bounceMessage", "/dataFields/reason"],
        campaign: Placement::First(&["/dataFields/campaignName"]),
        metadata: Placement::Members("/dataFields/transactionalData"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "emailSend",
            &[("/eventName", Predicate::Is("emailSend"))],
            example!("iterable/sent"),
        ),
        row(
            Kind::Open,
            "emailOpen",
            &[("/eventName", Predicate::Is("emailOpen"))],
            example!("iterable/open"),
        ),
        row(
            Kind::Click,
            "emailClick",
            &[("/eventName", Predicate::Is("emailClick"))],
            example!("iterable/click"),
        ),
        bounce(
            BounceClass::Hard,
            "emailBounce",
            &[
                BOUNCE,
                ("/dataFields/recipientState", Predicate::Is("HardBounce")),
            ],
            example!("iterable/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "emailSoftBounce",
            &[
                BOUNCE,
                ("/dataFields/recipientState", Predicate::Is("SoftBounce")),
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
            &[("/eventName", Predicate::Is("emailComplaint"))],
            example!("iterable/complaint"),
        ),
        row(
            Kind::Rejected,
            "emailSendSkip",
            &[("/eventName", Predicate::Is("emailSendSkip"))],
            example!("iterable/rejected"),
        ),
        row(
            Kind::Subscribe,
            "emailSubscribe",
            &[("/eventName", Predicate::Is("emailSubscribe"))],
            example!("iterable/subscribe"),
        ),
        row(
            Kind::Unsubscribe,
            "emailUnSubscribe",
            &[(
                "/eventName",
                Predicate::OneOf(&["emailUnSubscribe", "emailUnsubscribe"]),
            )],
            example!("iterable/unsubscribe"),
        ),
        // On the page hosted by Iterable.
        row(
            Kind::Unsubscribe,
            "hostedUnsubscribeClick",
            &[("/eventName", Predicate::Is("hostedUnsubscribeClick"))],
            example!("iterable/unsubscribe-hosted"),
        ),
        // The same events by their title.
        row(
            Kind::Sent,
            "emailSendTitle",
            &[("/eventTitle", Predicate::Is("emailSend"))],
            "",
        ),
        row(
            Kind::Open,
            "emailOpenTitle",
            &[("/eventTitle", Predicate::Is("emailOpen"))],
            "",
        ),
        row(
            Kind::Click,
            "emailClickTitle",
            &[("/eventTitle", Predicate::Is("emailClick"))],
            "",
        ),
        bounce(
            BounceClass::Hard,
            "emailHardBounceTitle",
            &[
                TITLED_BOUNCE,
                ("/dataFields/recipientState", Predicate::Is("HardBounce")),
            ],
            "",
        ),
        bounce(
            BounceClass::Soft,
            "emailSoftBounceTitle",
            &[
                TITLED_BOUNCE,
                ("/dataFields/recipientState", Predicate::Is("SoftBounce")),
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
            &[("/eventTitle", Predicate::Is("emailComplaint"))],
            "",
        ),
        row(
            Kind::Rejected,
            "emailSendSkipTitle",
            &[("/eventTitle", Predicate::Is("emailSendSkip"))],
            "",
        ),
        row(
            Kind::Subscribe,
            "emailSubscribeTitle",
            &[("/eventTitle", Predicate::Is("emailSubscribe"))],
            "",
        ),
        row(
            Kind::Unsubscribe,
            "emailUnSubscribeTitle",
            &[(
                "/eventTitle",
                Predicate::OneOf(&[
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
