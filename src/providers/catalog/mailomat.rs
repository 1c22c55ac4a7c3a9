//! Mailomat: one event per request; inside it is like Mailgun's. Three headers are signed, and the body is not. The
//! source is Symfony's bridge; white space and escapes are unconfirmed.
//! <https://api.mailomat.swiss/docs/#tag/webhook-security>

use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, captured, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Opened, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Delivery, Document, Encoding, KeyForm, Kind, Location, Part, Predicate,
    Scheme, Style, TimestampFormat,
};

const EVENT: &str = "x-mom-webhook-event";
const ID: &str = "x-mom-webhook-id";

/// Scheme over three headers. The tolerance is that of Symfony's bridge, long enough for retries.
static SIGNED_HEADERS: Scheme = Scheme {
    name: "mailomat",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: Some(Location::Header(ID)),
    timestamp: Some((
        Location::Header("x-mom-webhook-timestamp"),
        TimestampFormat::Seconds,
    )),
    signed: &[
        Part::Id,
        Part::Text("."),
        Part::At(Location::Header(EVENT)),
        Part::Text("."),
        Part::Timestamp,
    ],
    signature: Location::Header("x-mom-webhook-signature"),
    encoding: Encoding::After("sha256=", &Encoding::Hex),
    fresh: &[],
    tolerance: 43_200,
    uncovered: Some("the sender is authentic; the body is not covered by the signature"),
    guard: None,
};

static SYMFONY: Page = page(
    "the bridge of Symfony, with requests it keeps",
    "https://github.com/symfony/symfony/tree/HEAD/src/Symfony/Component/Mailer/Bridge/Mailomat/Tests/Webhook/Fixtures",
    "2026-11-27",
);

/// Mailomat's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "mailomat",
    title: "Mailomat",
    docs: "https://api.mailomat.swiss/docs/#tag/webhook-security",
    signals: &[
        Signal::Body(&[
            ("/eventType", Predicate::Present),
            ("/occurredAt", Predicate::Present),
            ("/messageUuid", Predicate::Present),
            ("/payload", Predicate::Object),
        ]),
        Signal::Header("x-mom-webhook-signature"),
        Signal::Header(EVENT),
    ],
    schemes: &[&SIGNED_HEADERS],
    test_secret: "webhook-cli-public-test-key-mailomat",
    test_public: "webhook-cli-public-test-key-mailomat",
    envelope: Envelope::Own(compare_with_header),
    style: Style {
        php: true,
        hex_tags: true,
        ..Style::COMPACT
    },
    native: &["/eventType", EVENT],
    fields: Fields {
        recipient: &["/recipient", "/payload/recipient"],
        message_id: &["/messageUuid", "/messageId"],
        at: &[
            TimeField::Rfc3339("/occurredAt", 0),
            TimeField::Fraction("/payload/timestamp"),
        ],
        url: &["/payload/url"],
        reason: &["/payload/delivery-status/message", "/payload/reason"],
        unique: &["/id"],
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "accepted",
            &[("/eventType", Predicate::Is("accepted"))],
            example!("mailomat/sent"),
        ),
        row(
            Kind::Rejected,
            "not_accepted",
            &[("/eventType", Predicate::Is("not_accepted"))],
            example!("mailomat/rejected"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/eventType", Predicate::Is("delivered"))],
            example!("mailomat/delivered"),
        ),
        row(
            Kind::Deferred,
            "failure_tmp",
            &[("/eventType", Predicate::Is("failure_tmp"))],
            example!("mailomat/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "failure_perm",
            &[("/eventType", Predicate::Is("failure_perm"))],
            example!("mailomat/bounce"),
        ),
        row(
            Kind::Open,
            "opened",
            &[("/eventType", Predicate::Is("opened"))],
            example!("mailomat/open"),
        ),
        row(
            Kind::Click,
            "clicked",
            &[("/eventType", Predicate::Is("clicked"))],
            example!("mailomat/click"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "failure_perm",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "failure_tmp",
            sets: &[],
        },
        Bounce {
            name: "mailbox-full",
            row: "failure_tmp",
            sets: &[
                ("/payload/delivery-status/code", "452"),
                ("/payload/delivery-status/enhanced-code", "\"4.2.2\""),
                ("/payload/delivery-status/message", "4.2.2 mailbox full"),
            ],
        },
        Bounce {
            name: "blocked",
            row: "failure_perm",
            sets: &[
                ("/payload/delivery-status/code", "554"),
                ("/payload/delivery-status/enhanced-code", "\"5.7.1\""),
                (
                    "/payload/delivery-status/message",
                    "5.7.1 service unavailable; client host blocked by policy list",
                ),
            ],
        },
    ],
    ids: &[Location::Header(ID)],
    habits: Habits {
        batching: Documented("one event"),
        retries: Unconfirmed(
            "for up to 12 h",
            "assumed, because Symfony's bridge takes signatures of that age",
        ),
        ..HABITS
    },
    origins: &[
        captured(&SYMFONY, &[""]),
        assumed(
            "no request of it is kept; its shape is that of `failure_perm`",
            &["/"],
        )
        .of(&["failure_tmp"]),
    ],
    ..SIGNER
};

/// Compares the event name in the signed header with that in the unsigned body.
fn compare_with_header<'a>(delivery: &Delivery, document: Option<&Document<'a>>) -> Opened<'a> {
    let named = delivery.headers.text(EVENT);
    let told = document.and_then(|document| document.text("/eventType"));
    let problems = match (named, told) {
        (Some(named), Some(told)) if named != told => vec![format!(
            "header `{EVENT}` says `{named}` and the body says `{told}`; only the header is signed"
        )],
        _ => Vec::new(),
    };
    Opened {
        events: None,
        problems,
    }
}
