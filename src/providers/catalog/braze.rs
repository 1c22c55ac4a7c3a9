//! Braze's postbacks for transactional email: one small object per request, without an address. Currents, a data export
//! to storage or to a partner, is recognised and read, and not sent. (The webhook channel has a free body and is
//! neither.) Nothing is known of a signature, of retries or of a User-Agent.
//! <https://www.braze.com/docs/user_guide/message_building_by_channel/email/transactional_message_api_campaign/tracking_transactional_emails>

use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, EventDef, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

const MILLISECONDS: &str = "%Y-%m-%dT%H:%M:%S%.3f+00:00";

static POSTBACK: Page = page(
    "Tracking transactional emails",
    "https://www.braze.com/docs/user_guide/message_building_by_channel/email/transactional_message_api_campaign/tracking_transactional_emails",
    "2026-11-27",
);

/// Braze's transactional postbacks, and the events of Currents.
pub static PROVIDER: Provider = Provider {
    name: "braze",
    title: "Braze",
    docs: POSTBACK.url,
    signals: &[
        Signal::Body(&[
            ("/dispatch_id", Predicate::Present),
            ("/status", Predicate::Present),
            ("/metadata", Predicate::Object),
        ]),
        Signal::Body(&[
            ("/events/0/event_type", Predicate::Starts("users.")),
            ("/events/0/id", Predicate::Present),
        ]),
    ],
    schemes: &[],
    test_secret: "",
    test_public: "",
    // For Currents; a postback is a single event.
    envelope: Envelope::List("/events"),
    style: Style::COMPACT,
    native: &["/status", "/event_type"],
    fields: Fields {
        // In the documents for storage, the members of `properties` are beside the event's name.
        recipient: &["/properties/email_address", "/email_address"],
        message_id: &["/dispatch_id", "/properties/dispatch_id"],
        // The last step first.
        at: &[
            TimeField::Utc("/metadata/delivered_at", MILLISECONDS),
            TimeField::Utc("/metadata/bounced_at", MILLISECONDS),
            TimeField::Utc("/metadata/aborted_at", MILLISECONDS),
            TimeField::Utc("/metadata/processed_at", MILLISECONDS),
            TimeField::Utc("/metadata/sent_at", MILLISECONDS),
            TimeField::Utc("/metadata/executed_at", MILLISECONDS),
            TimeField::Utc("/metadata/enqueued_at", MILLISECONDS),
            TimeField::Utc("/metadata/received_at", MILLISECONDS),
            TimeField::Seconds("/time"),
        ],
        url: &["/properties/url", "/url"],
        reason: &[
            "/metadata/reason",
            "/properties/bounce_reason",
            "/bounce_reason",
            "/properties/abort_type",
            "/abort_type",
        ],
        campaign: Placement::First(&["/metadata/campaign_api_id"]),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "sent",
            &[("/status", Predicate::Is("sent"))],
            example!("braze/sent"),
        ),
        row(
            Kind::Sent,
            "processed",
            &[("/status", Predicate::Is("processed"))],
            example!("braze/sent-processed"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/status", Predicate::Is("delivered"))],
            example!("braze/delivered"),
        ),
        bounce(
            BounceClass::Undetermined,
            "bounced",
            &[("/status", Predicate::Is("bounced"))],
            example!("braze/bounce"),
        ),
        row(
            Kind::Rejected,
            "aborted",
            &[("/status", Predicate::Is("aborted"))],
            example!("braze/rejected"),
        ),
        currents(
            Kind::Sent,
            "users.messages.email.Send",
            &[("/event_type", Predicate::Is("users.messages.email.Send"))],
        ),
        currents(
            Kind::Delivered,
            "users.messages.email.Delivery",
            &[(
                "/event_type",
                Predicate::Is("users.messages.email.Delivery"),
            )],
        ),
        currents(
            Kind::Open,
            "users.messages.email.Open",
            &[("/event_type", Predicate::Is("users.messages.email.Open"))],
        ),
        currents(
            Kind::Click,
            "users.messages.email.Click",
            &[("/event_type", Predicate::Is("users.messages.email.Click"))],
        ),
        bounce(
            BounceClass::Hard,
            "users.messages.email.Bounce",
            &[("/event_type", Predicate::Is("users.messages.email.Bounce"))],
            "",
        ),
        bounce(
            BounceClass::Soft,
            "users.messages.email.SoftBounce",
            &[(
                "/event_type",
                Predicate::Is("users.messages.email.SoftBounce"),
            )],
            "",
        ),
        currents(
            Kind::Complaint,
            "users.messages.email.MarkAsSpam",
            &[(
                "/event_type",
                Predicate::Is("users.messages.email.MarkAsSpam"),
            )],
        ),
        currents(
            Kind::Unsubscribe,
            "users.messages.email.Unsubscribe",
            &[(
                "/event_type",
                Predicate::Is("users.messages.email.Unsubscribe"),
            )],
        ),
        currents(
            Kind::Rejected,
            "users.messages.email.Abort",
            &[("/event_type", Predicate::Is("users.messages.email.Abort"))],
        ),
        // Push, text messages, in-app messages, user actions.
        currents(
            Kind::Other,
            "users",
            &[("/event_type", Predicate::Starts("users."))],
        ),
    ],
    habits: Habits {
        batching: Documented("one message"),
        ..HABITS
    },
    origins: &[
        documented(&POSTBACK, &["/"]),
        assumed(
            "nothing is known of the request besides its body",
            &["content-type"],
        ),
    ],
    // They differ only in the reply of the server.
    bounces: &[
        Bounce {
            name: "hard",
            row: "bounced",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "bounced",
            sets: &[(
                "/metadata/reason",
                "450 4.2.0 Mailbox temporarily unavailable",
            )],
        },
        Bounce {
            name: "mailbox-full",
            row: "bounced",
            sets: &[("/metadata/reason", "452 4.2.2 Mailbox full")],
        },
        Bounce {
            name: "blocked",
            row: "bounced",
            sets: &[(
                "/metadata/reason",
                "554 5.7.1 Service unavailable; client host blocked by policy list",
            )],
        },
    ],
    ..SIGNER
};

/// An event of Currents, which is read and not sent.
const fn currents(
    kind: Kind,
    native: &'static str,
    marks: &'static [(&'static str, Predicate)],
) -> EventDef {
    row(kind, native, marks, "")
}
