//! Generic format of this tool: one flat object, signed with the headers of Standard Webhooks.

use crate::providers::behaviour::{Behaviour, CONDUCT};
use crate::providers::catalog::standard_webhooks::{SVIX, TEST_SECRET, WEBHOOK};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

static SPECIFICATION: Page = page(
    "Standard Webhooks",
    "https://www.standardwebhooks.com/",
    "2026",
);

/// The default provider, for users who have not chosen one yet.
pub static PROVIDER: Provider = Provider {
    name: "generic",
    title: "Generic",
    docs: SPECIFICATION.url,
    signals: &[Signal::Body(&[
        ("/event", Predicate::Present),
        ("/timestamp", Predicate::Present),
        ("/email", Predicate::Present),
        ("/signature", Predicate::Absent),
    ])],
    is_general: true,
    schemes: &[&WEBHOOK, &SVIX],
    test_secret: TEST_SECRET,
    test_public: TEST_SECRET,
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/event"],
    fields: Fields {
        recipient: &["/email"],
        at: &[TimeField::Rfc3339("/timestamp", 0)],
        url: &["/link_url"],
        campaign: Placement::Text("/campaign_id"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "sent",
            &[("/event", Predicate::Is("sent"))],
            example!("generic/sent"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event", Predicate::Is("delivered"))],
            example!("generic/delivered"),
        ),
        row(
            Kind::Deferred,
            "deferred",
            &[("/event", Predicate::Is("deferred"))],
            example!("generic/deferred"),
        ),
        row(
            Kind::Open,
            "open",
            &[("/event", Predicate::Is("open"))],
            example!("generic/open"),
        ),
        row(
            Kind::Click,
            "click",
            &[("/event", Predicate::Is("click"))],
            example!("generic/click"),
        ),
        bounce(
            BounceClass::Undetermined,
            "bounce",
            &[("/event", Predicate::Is("bounce"))],
            example!("generic/bounce"),
        ),
        row(
            Kind::Rejected,
            "rejected",
            &[("/event", Predicate::Is("rejected"))],
            example!("generic/rejected"),
        ),
        row(
            Kind::Complaint,
            "complaint",
            &[("/event", Predicate::Is("complaint"))],
            example!("generic/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribe",
            &[("/event", Predicate::Is("unsubscribe"))],
            example!("generic/unsubscribe"),
        ),
        row(
            Kind::Subscribe,
            "subscribe",
            &[("/event", Predicate::Is("subscribe"))],
            example!("generic/subscribe"),
        ),
    ],
    conduct: Behaviour {
        judges_age: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        ..HABITS
    },
    origins: &[
        documented(&SPECIFICATION, &[""]),
        assumed("a shape of this tool's own", &["/*"]),
    ],
    ..SIGNER
};
