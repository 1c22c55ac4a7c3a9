//! Infobip, email: delivery reports come as a list in `results`, tracking notifications one object per request. Text
//! messages and other channels have reports of the same shape: only a recipient with an `@` makes it email. The result
//! is in `status`, and the reason in `error`; the numbers count, because the names of the groups are those of text
//! messages.
//!
//! A subscription can sign with an HMAC; its header, key and signed bytes are not publicly documented, so that it is
//! not verified.
//! <https://www.infobip.com/docs/email/email-over-api/tracking-notifications>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT};
use crate::providers::habits::Fact::Unconfirmed;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

/// Evidence that a delivery report is about email.
const EMAIL: (&str, Predicate) = ("/to", Predicate::Contains("@"));
const DROPPED: (&str, Predicate) = ("/error/groupId", Predicate::Is("1"));
const BOUNCED: (&str, Predicate) = ("/error/groupId", Predicate::Is("2"));
const SYSTEM: (&str, Predicate) = ("/error/groupId", Predicate::Is("3"));
const FOR_GOOD: (&str, Predicate) = ("/error/permanent", Predicate::Is("true"));
const FOR_NOW: (&str, Predicate) = ("/error/permanent", Predicate::Is("false"));

/// Time format: no colon in the offset.
const TIME: &str = "%Y-%m-%dT%H:%M:%S%.3f+0000";

static SDKS: Page = page(
    "official SDKs: tests and models",
    "https://github.com/infobip/infobip-api-php-client",
    "2026-11-27",
);
static TRACKING: Page = page(
    "Tracking notifications",
    "https://www.infobip.com/docs/email/email-over-api/tracking-notifications",
    "2026-11-27",
);
static CODES: Page = page(
    "copy of the page of error codes",
    "https://github.com/api-evangelist/infobip",
    "2026-07-25",
);

/// Infobip's delivery reports and tracking notifications.
pub static PROVIDER: Provider = Provider {
    name: "infobip",
    title: "Infobip",
    docs: TRACKING.url,
    signals: &[
        Signal::Body(&[
            ("/results/0/messageId", Predicate::Present),
            ("/results/0/status/groupName", Predicate::Present),
            ("/results/0/to", Predicate::Contains("@")),
        ]),
        Signal::Body(&[
            (
                "/notificationType",
                Predicate::OneOf(&[
                    "OPENED",
                    "CLICKED",
                    "UNSUBSCRIBED",
                    "COMPLAINED",
                    "LATE_BOUNCE",
                ]),
            ),
            ("/messageId", Predicate::Present),
        ]),
        // A notification of an unknown type.
        Signal::Body(&[
            ("/notificationType", Predicate::Present),
            ("/messageId", Predicate::Present),
            ("/sendDateTime", Predicate::Present),
            ("/recipient", Predicate::Contains("@")),
        ]),
    ],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::List("/results"),
    style: Style::COMPACT,
    native: &["/notificationType", "/status/groupName"],
    fields: Fields {
        recipient: &["/to", "/recipient"],
        message_id: &["/messageId"],
        at: &[TimeField::Utc("/doneAt", TIME)],
        // A notification has the time of sending, and not the time of the open.
        other_times: &[
            TimeField::Utc("/sentAt", TIME),
            TimeField::Millis("/sendDateTime"),
        ],
        url: &["/url"],
        reason: &["/error/description", "/error/name", "/status/description"],
        unique: &["/eventId"],
        campaign: Placement::Text("/campaignReferenceId"),
        metadata: Placement::MembersText("/callbackData"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Delivered,
            "DELIVERED",
            &[EMAIL, ("/status/groupName", Predicate::Is("DELIVERED"))],
            example!("infobip/delivered"),
        ),
        row(
            Kind::Sent,
            "PENDING",
            &[
                EMAIL,
                (
                    "/status/groupName",
                    Predicate::OneOf(&["PENDING", "ACCEPTED"]),
                ),
            ],
            example!("infobip/sent"),
        ),
        bounce(
            BounceClass::Hard,
            "EC_HARD_BOUNCE",
            &[EMAIL, BOUNCED, FOR_GOOD],
            example!("infobip/bounce"),
        ),
        bounce(
            BounceClass::Hard,
            "EC_INVALID_EMAIL_ADDRESS",
            &[EMAIL, BOUNCED, FOR_GOOD],
            example!("infobip/bounce-invalid"),
        ),
        bounce(
            BounceClass::Soft,
            "EC_RECIPIENT_INBOX_FULL",
            &[EMAIL, BOUNCED, FOR_NOW],
            example!("infobip/bounce-mailbox-full"),
        ),
        bounce(
            BounceClass::Undetermined,
            "UNDELIVERABLE",
            &[EMAIL, BOUNCED],
            "",
        ),
        row(
            Kind::Rejected,
            "EC_SUPPRESSED_BOUNCE",
            &[EMAIL, DROPPED],
            example!("infobip/rejected"),
        ),
        row(
            Kind::Rejected,
            "EC_UNSUBSCRIBED_EMAIL_ADDRESS",
            &[EMAIL, DROPPED],
            example!("infobip/rejected-unsubscribed"),
        ),
        row(Kind::Rejected, "SYSTEM", &[EMAIL, SYSTEM], ""),
        // The missing error is assumed.
        bounce(
            BounceClass::Soft,
            "EXPIRED",
            &[EMAIL, ("/status/groupName", Predicate::Is("EXPIRED"))],
            "",
        ),
        row(
            Kind::Rejected,
            "REJECTED",
            &[
                EMAIL,
                (
                    "/status/groupName",
                    Predicate::OneOf(&["REJECTED", "UNDELIVERABLE"]),
                ),
            ],
            "",
        ),
        row(
            Kind::Open,
            "OPENED",
            &[("/notificationType", Predicate::Is("OPENED"))],
            example!("infobip/open"),
        ),
        row(
            Kind::Click,
            "CLICKED",
            &[("/notificationType", Predicate::Is("CLICKED"))],
            example!("infobip/click"),
        ),
        row(
            Kind::Unsubscribe,
            "UNSUBSCRIBED",
            &[("/notificationType", Predicate::Is("UNSUBSCRIBED"))],
            example!("infobip/unsubscribe"),
        ),
        row(
            Kind::Complaint,
            "COMPLAINED",
            &[("/notificationType", Predicate::Is("COMPLAINED"))],
            example!("infobip/complaint"),
        ),
        // Accepted at first, and failed later; no reason is given.
        bounce(
            BounceClass::Undetermined,
            "LATE_BOUNCE",
            &[("/notificationType", Predicate::Is("LATE_BOUNCE"))],
            example!("infobip/bounce-late"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "EC_HARD_BOUNCE",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "EC_RECIPIENT_INBOX_FULL",
            sets: &[],
        },
        Bounce {
            name: "mailbox-full",
            row: "EC_RECIPIENT_INBOX_FULL",
            sets: &[],
        },
    ],
    conduct: Behaviour {
        batch: Batch::InList,
        ..CONDUCT
    },
    habits: Habits {
        batching: Unconfirmed(
            "a list of delivery reports, or one event of tracking",
            "how many reports a list holds",
        ),
        ..HABITS
    },
    origins: &[
        documented(&TRACKING, &["content-type"]),
        documented(&SDKS, &["/"]),
        documented(&SDKS, &["/"])
            .unconfirmed("that it is sent")
            .of(&["PENDING"]),
        assumed(
            "which status stands beside which error of an email",
            &["/results/*/status"],
        )
        .of(&["EC_*"]),
        documented(&CODES, &["/results/*/error"]).of(&["EC_*"]),
        documented(&SDKS, &["/results/*/error/groupName"]).unconfirmed(
            "the SDKs have names of text messages, the page of error codes has others for email",
        ),
        assumed(
            "the text beside an error code",
            &["/results/*/error/description"],
        )
        .of(&["EC_*"]),
        documented(&SDKS, &["/messageId"])
            .unconfirmed("the newest model says a number, its own tests write text"),
        documented(&SDKS, &["/eventId"]).unconfirmed("it is new, and may be missing"),
    ],
    ..SIGNER
};
