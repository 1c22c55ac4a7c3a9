//! Postmark: one JSON object per request; field names differ by record type. Nothing is signed: a handler demands basic
//! authentication, a header or a secret in the URL instead.
//! <https://postmarkapp.com/developer/webhooks/webhooks-overview>

use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

const BOUNCE: (&str, Predicate) = ("/RecordType", Predicate::Is("Bounce"));
const CHANGE: (&str, Predicate) = ("/RecordType", Predicate::Is("SubscriptionChange"));
const SUPPRESSED: (&str, Predicate) = ("/SuppressSending", Predicate::Is("true"));

static OVERVIEW: Page = page(
    "Webhooks overview",
    "https://postmarkapp.com/developer/webhooks/webhooks-overview",
    "2026",
);

static INBOUND_PAGE: Page = page(
    "Inbound webhook",
    "https://postmarkapp.com/developer/webhooks/inbound-webhook",
    "2026-11",
);

/// Record types of its webhooks.
const RECORD_TYPES: Predicate = Predicate::OneOf(&[
    "Bounce",
    "Click",
    "Delivery",
    "Open",
    "SpamComplaint",
    "SubscriptionChange",
]);

/// Postmark's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "postmark",
    title: "Postmark",
    docs: OVERVIEW.url,
    signals: &[
        // `MessageStream` is newer than the rest: older recordings have none.
        Signal::Body(&[
            ("/RecordType", RECORD_TYPES),
            ("/MessageID", Predicate::Present),
        ]),
        Signal::Body(&[("/RecordType", RECORD_TYPES), ("/ServerID", Predicate::Present)]),
        Signal::Body(&[
            ("/RecordType", Predicate::Present),
            ("/MessageStream", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/FromFull", Predicate::Object),
            ("/ToFull", Predicate::Present),
            ("/OriginalRecipient", Predicate::Present),
        ]),
    ],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::SPACED,
    native: &["/RecordType"],
    fields: Fields {
        recipient: &["/Recipient", "/Email", "/OriginalRecipient"],
        message_id: &["/MessageID"],
        at: &[
            TimeField::Rfc3339("/DeliveredAt", 7),
            TimeField::Rfc3339("/BouncedAt", 7),
            TimeField::Rfc3339("/ReceivedAt", 7),
            TimeField::Rfc3339("/ChangedAt", 0),
        ],
        url: &["/OriginalLink"],
        reason: &["/Details", "/Description", "/Name", "/SuppressionReason"],
        unique: &["/ID"],
        tag: Placement::Text("/Tag"),
        metadata: Placement::Members("/Metadata"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Delivered,
            "Delivery",
            &[("/RecordType", Predicate::Is("Delivery"))],
            example!("postmark/delivered"),
        ),
        bounce(
            BounceClass::Hard,
            "HardBounce",
            &[BOUNCE, ("/Type", Predicate::Is("HardBounce"))],
            example!("postmark/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "SoftBounce",
            &[
                BOUNCE,
                (
                    "/Type",
                    Predicate::OneOf(&["SoftBounce", "VirusNotification", "Blocked"]),
                ),
            ],
            example!("postmark/bounce-soft"),
        ),
        // Postmark has no webhook for a delay: a delayed message is a bounce of type `Transient`.
        row(
            Kind::Deferred,
            "Transient",
            &[
                BOUNCE,
                (
                    "/Type",
                    Predicate::OneOf(&["Transient", "DnsError", "OpenRelayTest"]),
                ),
            ],
            "",
        ),
        row(
            Kind::Unsubscribe,
            "Unsubscribe",
            &[BOUNCE, ("/Type", Predicate::Is("Unsubscribe"))],
            "",
        ),
        row(
            Kind::Subscribe,
            "Subscribe",
            &[BOUNCE, ("/Type", Predicate::Is("Subscribe"))],
            "",
        ),
        row(
            Kind::Complaint,
            "SpamNotification",
            &[
                BOUNCE,
                ("/Type", Predicate::OneOf(&["SpamNotification", "SpamComplaint"])),
            ],
            "",
        ),
        row(
            Kind::Rejected,
            "BadEmailAddress",
            &[
                BOUNCE,
                (
                    "/Type",
                    Predicate::OneOf(&[
                        "BadEmailAddress",
                        "ManuallyDeactivated",
                        "Unconfirmed",
                        "DMARCPolicy",
                        "SMTPApiError",
                        "TemplateRenderingFailed",
                    ]),
                ),
            ],
            "",
        ),
        row(
            Kind::Other,
            "AutoResponder",
            &[
                BOUNCE,
                (
                    "/Type",
                    Predicate::OneOf(&[
                        "AutoResponder",
                        "AddressChange",
                        "ChallengeVerification",
                        "InboundError",
                    ]),
                ),
            ],
            "",
        ),
        bounce(BounceClass::Undetermined, "Bounce", &[BOUNCE], ""),
        row(
            Kind::Complaint,
            "SpamComplaint",
            &[("/RecordType", Predicate::Is("SpamComplaint"))],
            example!("postmark/complaint"),
        ),
        row(
            Kind::Open,
            "Open",
            &[("/RecordType", Predicate::Is("Open"))],
            example!("postmark/open"),
        ),
        row(
            Kind::Click,
            "Click",
            &[("/RecordType", Predicate::Is("Click"))],
            example!("postmark/click"),
        ),
        // Effect of a bounce or a complaint on the address; on some streams it is the only event.
        bounce(
            BounceClass::Hard,
            "Suppression",
            &[
                CHANGE,
                SUPPRESSED,
                ("/SuppressionReason", Predicate::Is("HardBounce")),
            ],
            example!("postmark/bounce-suppression"),
        ),
        row(
            Kind::Complaint,
            "ComplaintSuppression",
            &[
                CHANGE,
                SUPPRESSED,
                ("/SuppressionReason", Predicate::Is("SpamComplaint")),
            ],
            "",
        ),
        row(
            Kind::Unsubscribe,
            "SubscriptionChange",
            &[CHANGE, SUPPRESSED],
            example!("postmark/unsubscribe"),
        ),
        row(
            Kind::Subscribe,
            "Reactivation",
            &[CHANGE],
            example!("postmark/subscribe"),
        ),
        row(
            Kind::Inbound,
            "InboundRaw",
            &[
                ("/RecordType", Predicate::Absent),
                ("/FromFull", Predicate::Object),
                ("/RawEmail", Predicate::Present),
            ],
            example!("postmark/inbound-raw"),
        )
        .special(),
        row(
            Kind::Inbound,
            "Inbound",
            &[("/RecordType", Predicate::Absent), ("/FromFull", Predicate::Object)],
            example!("postmark/inbound"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "HardBounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "SoftBounce",
            sets: &[],
        },
        Bounce {
            name: "mailbox-full",
            row: "SoftBounce",
            sets: &[("/Details", "smtp;452 4.2.2 mailbox over quota")],
        },
        Bounce {
            name: "blocked",
            row: "SoftBounce",
            sets: &[
                ("/Type", "Blocked"),
                ("/TypeCode", "100006"),
                ("/Name", "ISP block"),
                (
                    "/Description",
                    "The message was blocked by the receiving provider.",
                ),
                (
                    "/Details",
                    "smtp;554 5.7.1 Service unavailable; client host blocked by policy list",
                ),
            ],
        },
    ],
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("200; a help article says any 2xx"),
        retries: Unconfirmed("bounces and inbound 10 times in 10.5 hours, others after 1, 5 and 15 min; 403 ends it", "when a SpamComplaint is tried again"),
        ..HABITS
    },
    origins: &[
        documented(&OVERVIEW, &[""]),
        assumed("seen in a live test; older samples differ", &["/ReadSeconds"]),
        documented(&OVERVIEW, &["/TypeCode"]).unconfirmed("a sample of the documentation has 512; the SDK and requests that were kept have 100001").of(&["SpamComplaint"]),
        documented(&INBOUND_PAGE, &["/"]).of(&["Inbound", "InboundRaw"]),
        documented(&INBOUND_PAGE, &["/Attachments/*/ContentLength"])
            .unconfirmed("a request of 2013 has the length of the base64 text")
            .of(&["Inbound*"]),
        documented(&OVERVIEW, &["content-type"]).unconfirmed("the case of its name on the wire"),
    ],
    inbound: Some(&inbound::postmark::INBOUND),
    ..SIGNER
};
