//! MailPace: one event per request, with the whole mail in it, signed with the Ed25519 key of the sending domain. There
//! are no opens, clicks, complaints and unsubscriptions, and no reasons. Only HTTPS URLs are called. White space and
//! the order of members are unconfirmed.
//! <https://docs.mailpace.com/guide/webhooks/>

use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
};

static SIGNED_BODY: Scheme = Scheme {
    name: "mailpace",
    algorithm: Algorithm::Ed25519,
    key: KeyForm::Ed25519,
    id: None,
    timestamp: None,
    signed: &[Part::Body],
    signature: Location::Header("x-mailpace-signature"),
    encoding: Encoding::Base64,
    fresh: &[],
    tolerance: 300,
    uncovered: Some("the scheme has no timestamp: an old delivery verifies as well"),
    guard: None,
};

static GUIDE: Page = page(
    "Webhooks, as of June 2025",
    "https://docs.mailpace.com/guide/webhooks/",
    "2026-11-27",
);

/// MailPace's webhooks of email sending.
pub static PROVIDER: Provider = Provider {
    name: "mailpace",
    title: "MailPace",
    docs: GUIDE.url,
    signals: &[
        Signal::Body(&[
            ("/event", Predicate::Starts("email.")),
            ("/payload/status", Predicate::Present),
            ("/payload/domain_id", Predicate::Present),
            ("/payload/message_id", Predicate::Present),
        ]),
        Signal::Header("x-mailpace-signature"),
    ],
    schemes: &[&SIGNED_BODY],
    test_secret: "MC4CAQAwBQYDK2VwBCIEIP58ZGrhJIAt1XcRSPZnkrixsOJ9se/NeNnGqq8dR2CP",
    test_public: "hfonusKIN5dzVho9rP3LQhogkZVlb1Uvc/peftWhHx0=",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/event"],
    fields: Fields {
        recipient: &["/payload/to"],
        message_id: &["/payload/message_id"],
        at: &[
            TimeField::Rfc3339("/payload/updated_at", 3),
            TimeField::Rfc3339("/payload/created_at", 3),
        ],
        unique: &["/payload/id"],
        tag: Placement::List("/payload/tags"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "email.queued",
            &[("/event", Predicate::Is("email.queued"))],
            example!("mailpace/sent"),
        ),
        row(
            Kind::Delivered,
            "email.delivered",
            &[("/event", Predicate::Is("email.delivered"))],
            example!("mailpace/delivered"),
        ),
        row(
            Kind::Deferred,
            "email.deferred",
            &[("/event", Predicate::Is("email.deferred"))],
            example!("mailpace/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "email.bounced",
            &[("/event", Predicate::Is("email.bounced"))],
            example!("mailpace/bounce"),
        ),
        // Its own filter stopped the mail before it was sent: no complaint.
        row(
            Kind::Rejected,
            "email.spam",
            &[("/event", Predicate::Is("email.spam"))],
            example!("mailpace/rejected"),
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
            row: "email.deferred",
            sets: &[],
        },
    ],
    habits: Habits {
        batching: Documented("one event"),
        retries: Unconfirmed(
            "up to 10 more after an error of TLS or a timeout, then the webhook is switched off; at once after other errors",
            "which errors of HTTP pass for temporary is not told",
        ),
        ..HABITS
    },
    origins: &[
        documented(&GUIDE, &[""]),
        documented(&GUIDE, &["/payload/created_at", "/payload/updated_at"])
            .unconfirmed("the page prints it without quotes, which is no JSON"),
    ],
    ..SIGNER
};
