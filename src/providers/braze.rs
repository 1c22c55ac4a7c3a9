//! Braze's postbacks for transactional email: one small object a request, without an address. (Currents writes into
//! storage, and the webhook channel has a free body.)
//! Unconfirmed: which field goes with which status. Nothing is known of a signature, of retries or of a User-Agent.
//! <https://www.braze.com/docs/api/endpoints/messaging/send_messages/post_send_transactional_message>

use super::form::{
    Bounce, Carry, Envelope, FIELDS, Fields, Provider, SIGNER, Stamp, Tell, bounce, row,
};
use super::origin::assumed;
use crate::webhook::{BounceClass, Kind, Mark, Style};

const MILLISECONDS: &str = "%Y-%m-%dT%H:%M:%S%.3f+00:00";

/// Braze's transactional postbacks.
pub static PROVIDER: Provider = Provider {
    name: "braze",
    title: "Braze",
    docs: "https://www.braze.com/docs/user_guide/message_building_by_channel/email/transactional_message_api_campaign/tracking_transactional_emails",
    tells: &[Tell::Body(&[
        ("/dispatch_id", Mark::Present),
        ("/status", Mark::Present),
        ("/metadata", Mark::Object),
    ])],
    schemes: &[],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/status"],
    fields: Fields {
        message_id: &["/dispatch_id"],
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
        ],
        reason: &["/metadata/reason"],
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
    ],
    origins: &[
        assumed(
            "known from a community client; which status has which of them is our reading",
            &["/"],
        ),
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
