//! Infobip, email: delivery reports come as a list in `results`, tracking notifications one object a request. Text
//! messages and other channels have reports of the same shape: only a recipient with an `@` makes it email. What became
//! of a message stands in `status`, and why in `error`, where the numbers count: the names of its groups are those of
//! text messages.
//!
//! A subscription can sign with an HMAC; its header, key and bytes are not documented where they could be read, so that
//! is not checked.
//! <https://www.infobip.com/docs/email/email-over-api/tracking-notifications>

use crate::providers::behaviour::{Batch, CONDUCT, Conduct};
use crate::providers::habits::Fact::Unconfirmed;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Carry, Envelope, FIELDS, Fields, Provider, SIGNER, Stamp, Tell, bounce,
    row,
};
use crate::webhook::{BounceClass, Kind, Mark, Style};

/// What makes a delivery report one of an email.
const EMAIL: (&str, Mark) = ("/to", Mark::Contains("@"));
const DROPPED: (&str, Mark) = ("/error/groupId", Mark::Is("1"));
const BOUNCED: (&str, Mark) = ("/error/groupId", Mark::Is("2"));
const SYSTEM: (&str, Mark) = ("/error/groupId", Mark::Is("3"));
const FOR_GOOD: (&str, Mark) = ("/error/permanent", Mark::Is("true"));
const FOR_NOW: (&str, Mark) = ("/error/permanent", Mark::Is("false"));

/// Without a colon in the offset.
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
    tells: &[
        Tell::Body(&[
            ("/results/0/messageId", Mark::Present),
            ("/results/0/status/groupName", Mark::Present),
            ("/results/0/to", Mark::Contains("@")),
        ]),
        Tell::Body(&[
            (
                "/notificationType",
                Mark::OneOf(&[
                    "OPENED",
                    "CLICKED",
                    "UNSUBSCRIBED",
                    "COMPLAINED",
                    "LATE_BOUNCE",
                ]),
            ),
            ("/messageId", Mark::Present),
        ]),
        // A notification of a type that is not known yet.
        Tell::Body(&[
            ("/notificationType", Mark::Present),
            ("/messageId", Mark::Present),
            ("/sendDateTime", Mark::Present),
            ("/recipient", Mark::Contains("@")),
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
        at: &[Stamp::Utc("/doneAt", TIME)],
        // A notification says when the mail was sent, and not when it was opened.
        other_times: &[Stamp::Utc("/sentAt", TIME), Stamp::Millis("/sendDateTime")],
        url: &["/url"],
        reason: &["/error/description", "/error/name"],
        unique: &["/eventId"],
        campaign: Carry::Text("/campaignReferenceId"),
        metadata: Carry::MembersText("/callbackData"),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Delivered,
            "DELIVERED",
            &[EMAIL, ("/status/groupName", Mark::Is("DELIVERED"))],
            example!("infobip/delivered"),
        ),
        row(
            Kind::Sent,
            "PENDING",
            &[
                EMAIL,
                ("/status/groupName", Mark::OneOf(&["PENDING", "ACCEPTED"])),
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
        // That no error stands beside it is assumed.
        bounce(
            BounceClass::Soft,
            "EXPIRED",
            &[EMAIL, ("/status/groupName", Mark::Is("EXPIRED"))],
            "",
        ),
        row(
            Kind::Rejected,
            "REJECTED",
            &[
                EMAIL,
                (
                    "/status/groupName",
                    Mark::OneOf(&["REJECTED", "UNDELIVERABLE"]),
                ),
            ],
            "",
        ),
        row(
            Kind::Open,
            "OPENED",
            &[("/notificationType", Mark::Is("OPENED"))],
            example!("infobip/open"),
        ),
        row(
            Kind::Click,
            "CLICKED",
            &[("/notificationType", Mark::Is("CLICKED"))],
            example!("infobip/click"),
        ),
        row(
            Kind::Unsubscribe,
            "UNSUBSCRIBED",
            &[("/notificationType", Mark::Is("UNSUBSCRIBED"))],
            example!("infobip/unsubscribe"),
        ),
        row(
            Kind::Complaint,
            "COMPLAINED",
            &[("/notificationType", Mark::Is("COMPLAINED"))],
            example!("infobip/complaint"),
        ),
        // Taken at first, and failed later; it says nothing of the reason.
        bounce(
            BounceClass::Undetermined,
            "LATE_BOUNCE",
            &[("/notificationType", Mark::Is("LATE_BOUNCE"))],
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
    conduct: Conduct {
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
