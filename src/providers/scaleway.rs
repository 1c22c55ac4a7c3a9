//! Scaleway Transactional Email: one object a message. They come through Topics and Events, whose envelope is like that of
//! Amazon SNS, with this object as text in its `Message`; how the envelope is signed is not known here, so what is sent
//! and read is the object alone.
//! <https://www.scaleway.com/en/docs/transactional-email/>

use super::form::{Bounce, Envelope, FIELDS, Fields, Provider, SIGNER, Stamp, Tell, bounce, row};
use super::origin::assumed;
use crate::webhook::{BounceClass, Kind, Mark, Style};

/// Scaleway's events of transactional email.
pub static PROVIDER: Provider = Provider {
    name: "scaleway",
    title: "Scaleway",
    docs: "https://www.scaleway.com/en/docs/transactional-email/",
    tells: &[Tell::Body(&[
        ("/type", Mark::Present),
        ("/organization_id", Mark::Present),
        ("/project_id", Mark::Present),
        ("/domain_id", Mark::Present),
    ])],
    schemes: &[],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/type"],
    fields: Fields {
        recipient: &["/email_to"],
        message_id: &["/email_id"],
        at: &[
            Stamp::Rfc3339("/created_at", 3),
            Stamp::Rfc3339("/email_sent_at", 3),
            Stamp::Rfc3339("/email_queued_at", 3),
            Stamp::Rfc3339("/email_next_try", 0),
        ],
        reason: &["/email_response_message", "/email_error"],
        unique: &["/id"],
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Sent,
            "email_queued",
            &[("/type", Mark::Is("email_queued"))],
            example!("scaleway/sent"),
        ),
        row(
            Kind::Delivered,
            "email_delivered",
            &[("/type", Mark::Is("email_delivered"))],
            example!("scaleway/delivered"),
        ),
        row(
            Kind::Deferred,
            "email_deferred",
            &[("/type", Mark::Is("email_deferred"))],
            example!("scaleway/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "email_mailbox_not_found",
            &[("/type", Mark::Is("email_mailbox_not_found"))],
            example!("scaleway/bounce"),
        ),
        row(
            Kind::Rejected,
            "email_dropped",
            &[("/type", Mark::Is("email_dropped"))],
            example!("scaleway/rejected"),
        ),
        row(
            Kind::Rejected,
            "email_blocklisted",
            &[("/type", Mark::Is("email_blocklisted"))],
            example!("scaleway/rejected-blocklisted"),
        ),
        // May be the verdict of a server and not of a person: unconfirmed.
        row(
            Kind::Complaint,
            "email_spam",
            &[("/type", Mark::Is("email_spam"))],
            example!("scaleway/complaint"),
        ),
        row(
            Kind::Other,
            "blocklist_created",
            &[("/type", Mark::Is("blocklist_created"))],
            "",
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "email_mailbox_not_found",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "email_deferred",
            sets: &[],
        },
        Bounce {
            name: "mailbox-full",
            row: "email_deferred",
            sets: &[
                ("/email_response_code", "452"),
                ("/email_response_message", "4.2.2 Mailbox full"),
            ],
        },
    ],
    origins: &[assumed(
        "no page and no request was at hand, and the envelope it comes in is left out",
        &[""],
    )],
    ..SIGNER
};
