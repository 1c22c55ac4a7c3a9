//! Customer.io: one compact object per request, of a `metric` about an `object_type`. Other channels (SMS, push, …)
//! send the same metrics; these are no email events. Customer.io documents no tolerance for the age of a signature;
//! five minutes are our choice. Unconfirmed: a new signature for each retry, and the User-Agent of today.
//! <https://docs.customer.io/api/webhooks>

use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, EventDef, FIELDS, Fields, Machine, Placement, Provider, SIGNER, Signal,
    TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
    TimestampFormat,
};

static SIGNED_REQUEST: Scheme = Scheme {
    name: "customerio",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    timestamp: Some((
        Location::Header("x-cio-timestamp"),
        TimestampFormat::Seconds,
    )),
    signed: &[
        Part::Text("v0:"),
        Part::Timestamp,
        Part::Text(":"),
        Part::Body,
    ],
    signature: Location::Header("x-cio-signature"),
    encoding: Encoding::Hex,
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

const EMAIL: (&str, Predicate) = ("/object_type", Predicate::Is("email"));

/// An event definition for a metric of email.
macro_rules! email {
    ($kind:ident, $metric:literal, $example:expr) => {
        row(
            Kind::$kind,
            $metric,
            &[EMAIL, ("/metric", Predicate::Is($metric))],
            $example,
        )
    };
}

const ROWS: &[EventDef] = &[
    email!(Sent, "sent", example!("customerio/sent")),
    // With the option to include body content.
    row(
        Kind::Sent,
        "sent_with_content",
        &[EMAIL, ("/metric", Predicate::Is("sent"))],
        example!("customerio/sent-with-content"),
    ),
    email!(Delivered, "delivered", example!("customerio/delivered")),
    email!(Deferred, "attempted", example!("customerio/deferred")),
    email!(Open, "opened", example!("customerio/open")),
    email!(Click, "clicked", example!("customerio/click")),
    // Only the words of `failure_message` distinguish hard from soft.
    bounce(
        BounceClass::Undetermined,
        "bounced",
        &[EMAIL, ("/metric", Predicate::Is("bounced"))],
        example!("customerio/bounce"),
    ),
    email!(Rejected, "dropped", example!("customerio/rejected")),
    email!(Rejected, "failed", example!("customerio/rejected-failed")),
    email!(
        Rejected,
        "undeliverable",
        example!("customerio/rejected-undeliverable")
    ),
    email!(Complaint, "spammed", example!("customerio/complaint")),
    email!(
        Unsubscribe,
        "unsubscribed",
        example!("customerio/unsubscribe")
    ),
    email!(Other, "drafted", example!("customerio/other-drafted")),
    email!(Other, "converted", example!("customerio/other-converted")),
    // A subscription change is listed under the channel that caused it, under `customer` if none did.
    row(
        Kind::Subscribe,
        "subscribed",
        &[
            ("/object_type", Predicate::OneOf(&["customer", "email"])),
            ("/metric", Predicate::Is("subscribed")),
        ],
        example!("customerio/subscribe"),
    ),
    row(
        Kind::Unsubscribe,
        "customer_unsubscribed",
        &[
            ("/object_type", Predicate::Is("customer")),
            ("/metric", Predicate::Is("unsubscribed")),
        ],
        example!("customerio/unsubscribe-customer"),
    ),
    row(
        Kind::Other,
        "cio_subscription_preferences_changed",
        &[(
            "/metric",
            Predicate::Is("cio_subscription_preferences_changed"),
        )],
        example!("customerio/other-preferences-changed"),
    ),
];

static REPORTING: Page = page(
    "Reporting webhooks",
    "https://docs.customer.io/api/webhooks",
    "2026-11-24",
);

/// Customer.io's reporting webhooks.
pub static PROVIDER: Provider = Provider {
    name: "customerio",
    title: "Customer.io",
    docs: REPORTING.url,
    signals: &[
        Signal::Body(&[
            ("/metric", Predicate::Present),
            ("/event_id", Predicate::Present),
            ("/object_type", Predicate::Present),
            ("/data", Predicate::Object),
        ]),
        Signal::Header("x-cio-signature"),
    ],
    schemes: &[&SIGNED_REQUEST],
    test_secret: "webhook-cli-public-test-key-customerio",
    test_public: "webhook-cli-public-test-key-customerio",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/metric"],
    fields: Fields {
        recipient: &[
            "/data/recipient",
            "/data/email_address",
            "/data/identifiers/email",
        ],
        message_id: &["/data/delivery_id"],
        at: &[TimeField::Seconds("/timestamp")],
        url: &["/data/href"],
        reason: &["/data/failure_message"],
        unique: &["/event_id"],
        // A message comes from one of these, and has the id of that one only.
        campaign: Placement::First(&[
            "/data/campaign_id",
            "/data/newsletter_id",
            "/data/broadcast_id",
            "/data/transactional_message_id",
        ]),
        ..FIELDS
    },
    events: ROWS,
    habits: Habits {
        batching: Documented("one event"),
        success: Unconfirmed("2xx", "it is understood from what counts as a failure"),
        retries: Unconfirmed(
            "for up to 7 days, later each time; an hour later after many 4xx and 5xx",
            "the exact steps",
        ),
        timeout: Documented(4),
    },
    origins: &[
        documented(&REPORTING, &[""]),
        documented(&REPORTING, &["x-cio-signature"])
            .unconfirmed("that it is hexadecimal is told by its samples only"),
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
                "/data/failure_message",
                "450 4.2.0 Mailbox temporarily unavailable",
            )],
        },
        Bounce {
            name: "mailbox-full",
            row: "bounced",
            sets: &[("/data/failure_message", "452 4.2.2 Mailbox full")],
        },
        Bounce {
            name: "blocked",
            row: "bounced",
            sets: &[(
                "/data/failure_message",
                "554 5.7.1 Service unavailable; client host blocked by policy list",
            )],
        },
    ],
    machines: &[
        Machine {
            kind: Kind::Open,
            row: "opened",
            sets: &[("/data/proxied", "true"), ("/data/prefetched", "true")],
        },
        Machine {
            kind: Kind::Click,
            row: "clicked",
            sets: &[("/data/machine", "true")],
        },
    ],
    ..SIGNER
};
