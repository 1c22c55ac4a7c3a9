//! Standard Webhooks and Svix: the same scheme under two header prefixes. It defines no events; the payload is the
//! `type`, `timestamp` and `data` that the specification recommends. The content of `data` is an example of ours.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use crate::providers::behaviour::{Behaviour, CONDUCT};
use crate::providers::catalog::{ahasend, sweego};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Envelope, FIELDS, Fields, Placement, Provider, SIGNER, SchemeVariant, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
    TimestampFormat,
};

/// Public test key of all providers that sign by this scheme: with headers as the only evidence, they cannot be told
/// apart.
pub const TEST_SECRET: &str = "whsec_d2ViaG9vay1jbGktcHVibGljLXRlc3Qta2V5LTAx";

/// Scheme of Standard Webhooks: `webhook-*` headers.
pub static WEBHOOK: Scheme = scheme(
    "standard-webhooks",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
);

/// Scheme of Svix: `svix-*` headers.
pub static SVIX: Scheme = scheme("svix", "svix-id", "svix-timestamp", "svix-signature");

const fn scheme(
    name: &'static str,
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
) -> Scheme {
    Scheme {
        name,
        algorithm: Algorithm::HmacSha256,
        key: KeyForm::Whsec,
        id: Some(Location::Header(id)),
        timestamp: Some((Location::Header(timestamp), TimestampFormat::Seconds)),
        signed: &[
            Part::Id,
            Part::Text("."),
            Part::Timestamp,
            Part::Text("."),
            Part::Body,
        ],
        signature: Location::Header(signature),
        encoding: Encoding::Versioned,
        fresh: &[],
        tolerance: 300,
        uncovered: None,
        guard: None,
    }
}

static SPECIFICATION: Page = page(
    "Standard Webhooks",
    "https://www.standardwebhooks.com/",
    "2026",
);

/// Senders that follow the specification, whoever they are.
pub static PROVIDER: Provider = Provider {
    name: "standard-webhooks",
    title: "Standard Webhooks",
    docs: SPECIFICATION.url,
    signals: &[
        Signal::Body(&[
            ("/type", Predicate::Present),
            ("/timestamp", Predicate::Present),
            ("/data", Predicate::Object),
        ]),
        Signal::SharedHeader("webhook-signature"),
        Signal::SharedHeader("svix-signature"),
        Signal::SharedHeader("webhook-id"),
        Signal::SharedHeader("svix-id"),
    ],
    is_general: true,
    schemes: &[&WEBHOOK, &SVIX],
    departures: &[
        SchemeVariant {
            provider: &ahasend::PROVIDER,
            key: KeyForm::Text,
            stretches: true,
            says: "the text of the secret is the key, as AhaSend uses it",
        },
        SchemeVariant {
            provider: &sweego::PROVIDER,
            key: KeyForm::Whsec,
            stretches: false,
            says: "there is no `v1,` before the signature, as Sweego writes it",
        },
    ],
    test_secret: TEST_SECRET,
    test_public: TEST_SECRET,
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/type"],
    fields: Fields {
        recipient: &["/data/email"],
        at: &[TimeField::Rfc3339("/timestamp", 3)],
        url: &["/data/link_url"],
        campaign: Placement::Text("/data/campaign_id"),
        metadata: Placement::Among("/data", &[]),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "email.sent",
            &[("/type", Predicate::Is("email.sent"))],
            example!("standard-webhooks/sent"),
        ),
        row(
            Kind::Delivered,
            "email.delivered",
            &[("/type", Predicate::Is("email.delivered"))],
            example!("standard-webhooks/delivered"),
        ),
        row(
            Kind::Deferred,
            "email.deferred",
            &[("/type", Predicate::Is("email.deferred"))],
            example!("standard-webhooks/deferred"),
        ),
        row(
            Kind::Open,
            "email.open",
            &[("/type", Predicate::OneOf(&["email.open", "email.opened"]))],
            example!("standard-webhooks/open"),
        ),
        row(
            Kind::Click,
            "email.click",
            &[("/type", Predicate::OneOf(&["email.click", "email.clicked"]))],
            example!("standard-webhooks/click"),
        ),
        bounce(
            BounceClass::Undetermined,
            "email.bounce",
            &[(
                "/type",
                Predicate::OneOf(&["email.bounce", "email.bounced"]),
            )],
            example!("standard-webhooks/bounce"),
        ),
        row(
            Kind::Rejected,
            "email.rejected",
            &[("/type", Predicate::Is("email.rejected"))],
            example!("standard-webhooks/rejected"),
        ),
        row(
            Kind::Complaint,
            "email.complaint",
            &[(
                "/type",
                Predicate::OneOf(&["email.complaint", "email.complained"]),
            )],
            example!("standard-webhooks/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "email.unsubscribe",
            &[(
                "/type",
                Predicate::OneOf(&["email.unsubscribe", "email.unsubscribed"]),
            )],
            example!("standard-webhooks/unsubscribe"),
        ),
        row(
            Kind::Subscribe,
            "email.subscribe",
            &[(
                "/type",
                Predicate::OneOf(&["email.subscribe", "email.subscribed"]),
            )],
            example!("standard-webhooks/subscribe"),
        ),
    ],
    conduct: Behaviour {
        judges_age: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("2xx"),
        retries: Unconfirmed(
            "9 more: after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h",
            "the specification gives it as an example",
        ),
        timeout: Unconfirmed(15, "the specification recommends 15 to 30 s"),
    },
    origins: &[
        documented(&SPECIFICATION, &[""]),
        assumed(
            "the specification leaves it open; this is an example of ours",
            &["/data"],
        ),
    ],
    ..SIGNER
};
