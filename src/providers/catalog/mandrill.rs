//! Mandrill (Mailchimp Transactional): a form with one field, `mandrill_events`, that holds a JSON array. What is signed
//! is the URL as it was typed into Mandrill and the decoded fields.
//! <https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/>

use crate::providers::behaviour::{Batch, CONDUCT, Conduct, Handshake};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, captured, documented, page};
use crate::providers::provider::{
    ABSENT, Bounce, Carry, Envelope, FIELDS, Fields, Provider, SIGNER, Stamp, Tell, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Mark, Part, Place, Recipe, Style,
};

static SIGNED_FORM: Recipe = Recipe {
    name: "mandrill",
    algorithm: Algorithm::HmacSha1,
    key: KeyForm::Text,
    id: None,
    timestamp: None,
    signed: &[Part::Url, Part::SortedForm],
    signature: Place::Header("x-mandrill-signature"),
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
    tells: &[
        Tell::Body(&[("/mandrill_events", Mark::Present)]),
        Tell::Header("x-mandrill-signature"),
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
            Stamp::Seconds("/ts"),
            Stamp::Seconds("/msg/ts"),
            Stamp::Seconds("/msg/opens/0/ts"),
            Stamp::Seconds("/msg/clicks/0/ts"),
            Stamp::Seconds("/msg/smtp_events/0/ts"),
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
        tag: Carry::List("/msg/tags"),
        metadata: Carry::Members("/msg/metadata"),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Sent,
            "send",
            &[("/event", Mark::Is("send"))],
            example!("mandrill/sent"),
        ),
        row(
            Kind::Deferred,
            "deferral",
            &[("/event", Mark::Is("deferral"))],
            example!("mandrill/deferred"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event", Mark::Is("delivered"))],
            example!("mandrill/delivered"),
        ),
        bounce(
            BounceClass::Hard,
            "hard_bounce",
            &[("/event", Mark::Is("hard_bounce"))],
            example!("mandrill/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "soft_bounce",
            &[("/event", Mark::Is("soft_bounce"))],
            example!("mandrill/bounce-soft"),
        ),
        row(
            Kind::Open,
            "open",
            &[("/event", Mark::Is("open"))],
            example!("mandrill/open"),
        ),
        row(
            Kind::Click,
            "click",
            &[("/event", Mark::Is("click"))],
            example!("mandrill/click"),
        ),
        row(
            Kind::Complaint,
            "spam",
            &[("/event", Mark::Is("spam"))],
            example!("mandrill/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "unsub",
            &[("/event", Mark::Is("unsub"))],
            example!("mandrill/unsubscribe"),
        ),
        row(
            Kind::Rejected,
            "reject",
            &[("/event", Mark::Is("reject"))],
            example!("mandrill/rejected"),
        ),
        row(
            Kind::Other,
            "inbound",
            &[("/event", Mark::Is("inbound"))],
            example!("mandrill/other-inbound"),
        ),
        // Sync records have a `type` where messages have an `event`; parsers that look at `event` alone crash on them.
        row(
            Kind::Other,
            "blacklist",
            &[("/type", Mark::OneOf(&["blacklist", "denylist"]))],
            example!("mandrill/other-blacklist"),
        ),
        row(
            Kind::Other,
            "whitelist",
            &[("/type", Mark::OneOf(&["whitelist", "allowlist"]))],
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
                // The number that goes with it is not known.
                ("/msg/bgtools_code", ABSENT),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "soft_bounce",
            sets: &[],
        },
    ],
    conduct: Conduct {
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
        assumed("told by our notes without a page", &["accept"]),
        captured(&RAILS, &["/mandrill_events/*/type"])
            .unconfirmed("the documents say `denylist` and `allowlist` today"),
    ],
    ..SIGNER
};
