//! Mandrill (Mailchimp Transactional): a form with one field, `mandrill_events`, whose value is a JSON array. The URL,
//! exactly as it was typed into Mandrill, and the decoded fields are signed.
//! <https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT, Handshake};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, captured, documented, page};
use crate::providers::provider::{
    ABSENT, Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
};

static SIGNED_FORM: Scheme = Scheme {
    name: "mandrill",
    algorithm: Algorithm::HmacSha1,
    key: KeyForm::Text,
    id: None,
    timestamp: None,
    signed: &[Part::Url, Part::SortedForm],
    signature: Location::Header("x-mandrill-signature"),
    encoding: Encoding::Base64,
    fresh: &[],
    tolerance: 300,
    uncovered: Some("the scheme has no timestamp: an old delivery verifies as well"),
    guard: None,
};

static GUIDE: Page = page(
    "Track and respond to activity with webhooks",
    "https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/",
    "2026",
);
static INBOUND_PAGE: Page = page(
    "Inbound email processing",
    "https://mailchimp.com/developer/transactional/docs/inbound-emails/",
    "2026-11",
);
static RAILS: Page = page(
    "mandrill-rails, with requests it keeps",
    "https://github.com/evendis/mandrill-rails/tree/HEAD/spec/fixtures/webhook_examples",
    "2026-11-24",
);

/// Mandrill's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "mandrill",
    title: "Mandrill",
    docs: GUIDE.url,
    signals: &[
        Signal::Body(&[("/mandrill_events", Predicate::Present)]),
        Signal::Header("x-mandrill-signature"),
    ],
    schemes: &[&SIGNED_FORM],
    test_secret: "webhook-cli-public-test-key-mandrill",
    test_public: "webhook-cli-public-test-key-mandrill",
    envelope: Envelope::Text(
        "/mandrill_events",
        Style {
            php: true,
            ..Style::COMPACT
        },
    ),
    style: Style::COMPACT,
    native: &["/event", "/type"],
    fields: Fields {
        recipient: &["/msg/email", "/reject/email", "/entry/email"],
        message_id: &["/_id", "/msg/_id"],
        at: &[
            TimeField::Seconds("/ts"),
            TimeField::Seconds("/msg/ts"),
            TimeField::Seconds("/msg/opens/0/ts"),
            TimeField::Seconds("/msg/clicks/0/ts"),
            TimeField::Seconds("/msg/smtp_events/0/ts"),
        ],
        url: &["/url"],
        reason: &[
            "/msg/diag",
            "/msg/bounce_description",
            "/msg/reject/reason",
            "/msg/smtp_events/0/diag",
            "/reject/reason",
            "/reject/detail",
        ],
        tag: Placement::List("/msg/tags"),
        metadata: Placement::Members("/msg/metadata"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "send",
            &[("/event", Predicate::Is("send"))],
            example!("mandrill/sent"),
        ),
        row(
            Kind::Deferred,
            "deferral",
            &[("/event", Predicate::Is("deferral"))],
            example!("mandrill/deferred"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event", Predicate::Is("delivered"))],
            example!("mandrill/delivered"),
        ),
        bounce(
            BounceClass::Hard,
            "hard_bounce",
            &[("/event", Predicate::Is("hard_bounce"))],
            example!("mandrill/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "soft_bounce",
            &[("/event", Predicate::Is("soft_bounce"))],
            example!("mandrill/bounce-soft"),
        ),
        row(
            Kind::Open,
            "open",
            &[("/event", Predicate::Is("open"))],
            example!("mandrill/open"),
        ),
        row(
            Kind::Click,
            "click",
            &[("/event", Predicate::Is("click"))],
            example!("mandrill/click"),
        ),
        row(
            Kind::Complaint,
            "spam",
            &[("/event", Predicate::Is("spam"))],
            example!("mandrill/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "unsub",
            &[("/event", Predicate::Is("unsub"))],
            example!("mandrill/unsubscribe"),
        ),
        row(
            Kind::Rejected,
            "reject",
            &[("/event", Predicate::Is("reject"))],
            example!("mandrill/rejected"),
        ),
        row(
            Kind::Inbound,
            "inbound",
            &[("/event", Predicate::Is("inbound"))],
            example!("mandrill/inbound"),
        ),
        // Sync records have a `type` where messages have an `event`; parsers that look at `event` alone crash on them.
        row(
            Kind::Other,
            "blacklist",
            &[("/type", Predicate::OneOf(&["blacklist", "denylist"]))],
            example!("mandrill/other-blacklist"),
        ),
        row(
            Kind::Other,
            "whitelist",
            &[("/type", Predicate::OneOf(&["whitelist", "allowlist"]))],
            example!("mandrill/other-whitelist"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "hard_bounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "soft_bounce",
            sets: &[
                (
                    "/msg/diag",
                    "smtp;450 4.2.0 mailbox temporarily unavailable",
                ),
                ("/msg/bounce_description", "general"),
                // Its number is not known.
                ("/msg/bgtools_code", ABSENT),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "soft_bounce",
            sets: &[],
        },
    ],
    conduct: Behaviour {
        only_200: true,
        batch: Batch::UpTo(1000),
        handshake: &[Handshake::Head, Handshake::EmptyBatch],
        asks_with: &[("user-agent", "Mandrill-Webhook/1.0")],
        setup_secret: Some("test-webhook"),
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("a list of up to 1000 events"),
        success: Documented("200"),
        retries: Unconfirmed(
            "a batch that failed is kept and tried again",
            "when and for how long",
        ),
        ..HABITS
    },
    origins: &[
        documented(&GUIDE, &[""]),
        documented(
            &GUIDE,
            &[
                "/mandrill_events/*/msg/opens/*",
                "/mandrill_events/*/msg/clicks/*",
            ],
        )
        .unconfirmed("whether more stands in it"),
        documented(&INBOUND_PAGE, &["/mandrill_events/*"]).of(&["inbound"]),
        assumed("told by our notes without a page", &["accept"]),
        captured(&RAILS, &["/mandrill_events/*/type"])
            .unconfirmed("the documents say `denylist` and `allowlist` today"),
    ],
    inbound: Some(&inbound::mandrill::INBOUND),
    ..SIGNER
};
