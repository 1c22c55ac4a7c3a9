//! The plain shape of this tool's own: one flat object, signed with the headers of Standard Webhooks.

use crate::providers::behaviour::{CONDUCT, Conduct};
use crate::providers::catalog::standard_webhooks::{SVIX, TEST_SECRET, WEBHOOK};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Carry, Envelope, FIELDS, Fields, Provider, SIGNER, Stamp, Tell, bounce, row,
};
use crate::webhook::{BounceClass, Kind, Mark, Style};

static SPECIFICATION: Page = page(
    "Standard Webhooks",
    "https://www.standardwebhooks.com/",
    "2026",
);

/// The provider for whoever has none yet.
pub static PROVIDER: Provider = Provider {
    name: "generic",
    title: "Generic",
    docs: SPECIFICATION.url,
    tells: &[Tell::Body(&[
        ("/event", Mark::Present),
        ("/timestamp", Mark::Present),
        ("/email", Mark::Present),
        ("/signature", Mark::Absent),
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
        at: &[Stamp::Rfc3339("/timestamp", 0)],
        url: &["/link_url"],
        campaign: Carry::Text("/campaign_id"),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Sent,
            "sent",
            &[("/event", Mark::Is("sent"))],
            example!("generic/sent"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event", Mark::Is("delivered"))],
            example!("generic/delivered"),
        ),
        row(
            Kind::Deferred,
            "deferred",
            &[("/event", Mark::Is("deferred"))],
            example!("generic/deferred"),
        ),
        row(
            Kind::Open,
            "open",
            &[("/event", Mark::Is("open"))],
            example!("generic/open"),
        ),
        row(
            Kind::Click,
            "click",
            &[("/event", Mark::Is("click"))],
            example!("generic/click"),
        ),
        bounce(
            BounceClass::Undetermined,
            "bounce",
            &[("/event", Mark::Is("bounce"))],
            example!("generic/bounce"),
        ),
        row(
            Kind::Rejected,
            "rejected",
            &[("/event", Mark::Is("rejected"))],
            example!("generic/rejected"),
        ),
        row(
            Kind::Complaint,
            "complaint",
            &[("/event", Mark::Is("complaint"))],
            example!("generic/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribe",
            &[("/event", Mark::Is("unsubscribe"))],
            example!("generic/unsubscribe"),
        ),
        row(
            Kind::Subscribe,
            "subscribe",
            &[("/event", Mark::Is("subscribe"))],
            example!("generic/subscribe"),
        ),
    ],
    conduct: Conduct {
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
