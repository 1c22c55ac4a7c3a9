//! Braze's postbacks for transactional email: one small object a request, without an address. Currents, a data export
//! to storage or to a partner, is recognised and read, and not sent. (The webhook channel has a free body and is neither.)
//! Nothing is known of a signature, of retries or of a User-Agent.
//! <https://www.braze.com/docs/user_guide/message_building_by_channel/email/transactional_message_api_campaign/tracking_transactional_emails>

use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, Carry, Envelope, FIELDS, Fields, Provider, Row, SIGNER, Stamp, Tell, bounce, row,
};
use crate::webhook::{BounceClass, Kind, Mark, Style};

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
    tells: &[
        Tell::Body(&[
            ("/dispatch_id", Mark::Present),
            ("/status", Mark::Present),
            ("/metadata", Mark::Object),
        ]),
        Tell::Body(&[
            ("/events/0/event_type", Mark::Starts("users.")),
            ("/events/0/id", Mark::Present),
        ]),
    ],
    schemes: &[],
    test_secret: "",
    test_public: "",
    // Of Currents; a postback is an event by itself.
    envelope: Envelope::List("/events"),
    style: Style::COMPACT,
    native: &["/status", "/event_type"],
    fields: Fields {
        // In documents for storage, what else is in `properties` stands beside the event's name.
        recipient: &["/properties/email_address", "/email_address"],
        message_id: &["/dispatch_id", "/properties/dispatch_id"],
        // The last step first.
        at: &[
            Stamp::Utc("/metadata/delivered_at", MILLISECONDS),
            Stamp::Utc("/metadata/bounced_at", MILLISECONDS),
            Stamp::Utc("/metadata/aborted_at", MILLISECONDS),
            Stamp::Utc("/metadata/processed_at", MILLISECONDS),
            Stamp::Utc("/metadata/sent_at", MILLISECONDS),
            Stamp::Utc("/metadata/executed_at", MILLISECONDS),
            Stamp::Utc("/metadata/enqueued_at", MILLISECONDS),
            Stamp::Utc("/metadata/received_at", MILLISECONDS),
            Stamp::Seconds("/time"),
        ],
        url: &["/properties/url", "/url"],
        reason: &[
            "/metadata/reason",
            "/properties/bounce_reason",
            "/bounce_reason",
            "/properties/abort_type",
            "/abort_type",
        ],
        campaign: Carry::First(&["/metadata/campaign_api_id"]),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Sent,
            "sent",
            &[("/status", Mark::Is("sent"))],
            example!("braze/sent"),
        ),
        row(
            Kind::Sent,
            "processed",
            &[("/status", Mark::Is("processed"))],
            example!("braze/sent-processed"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/status", Mark::Is("delivered"))],
            example!("braze/delivered"),
        ),
        bounce(
            BounceClass::Undetermined,
            "bounced",
            &[("/status", Mark::Is("bounced"))],
            example!("braze/bounce"),
        ),
        row(
            Kind::Rejected,
            "aborted",
            &[("/status", Mark::Is("aborted"))],
            example!("braze/rejected"),
        ),
        currents(
            Kind::Sent,
            "users.messages.email.Send",
            &[("/event_type", Mark::Is("users.messages.email.Send"))],
        ),
        currents(
            Kind::Delivered,
            "users.messages.email.Delivery",
            &[("/event_type", Mark::Is("users.messages.email.Delivery"))],
        ),
        currents(
            Kind::Open,
            "users.messages.email.Open",
            &[("/event_type", Mark::Is("users.messages.email.Open"))],
        ),
        currents(
            Kind::Click,
            "users.messages.email.Click",
            &[("/event_type", Mark::Is("users.messages.email.Click"))],
        ),
        bounce(
            BounceClass::Hard,
            "users.messages.email.Bounce",
            &[("/event_type", Mark::Is("users.messages.email.Bounce"))],
            "",
        ),
        bounce(
            BounceClass::Soft,
            "users.messages.email.SoftBounce",
            &[("/event_type", Mark::Is("users.messages.email.SoftBounce"))],
            "",
        ),
        currents(
            Kind::Complaint,
            "users.messages.email.MarkAsSpam",
            &[("/event_type", Mark::Is("users.messages.email.MarkAsSpam"))],
        ),
        currents(
            Kind::Unsubscribe,
            "users.messages.email.Unsubscribe",
            &[("/event_type", Mark::Is("users.messages.email.Unsubscribe"))],
        ),
        currents(
            Kind::Rejected,
            "users.messages.email.Abort",
            &[("/event_type", Mark::Is("users.messages.email.Abort"))],
        ),
        // Push, text messages, messages in an app, what users do.
        currents(
            Kind::Other,
            "users",
            &[("/event_type", Mark::Starts("users."))],
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
    // They differ in nothing but the reply of the server.
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
const fn currents(kind: Kind, native: &'static str, marks: &'static [(&'static str, Mark)]) -> Row {
    row(kind, native, marks, "")
}
