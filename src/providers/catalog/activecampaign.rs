//! ActiveCampaign: one form per request, with fields named in PHP's brackets. Nothing is signed: a handler demands
//! basic authentication or a secret in the URL. There are no events for deliveries and complaints, and no retries.
//! <https://developers.activecampaign.com/page/webhooks>

use crate::providers::habits::Fact::Unconfirmed;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

static WEBHOOKS: Page = page(
    "Webhooks",
    "https://developers.activecampaign.com/page/webhooks",
    "2026",
);

/// Doubt for all fields: none was read on the provider's own pages.
const TRANSCRIPTION: &str = "known from a third party's transcription of the documents";

/// ActiveCampaign's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "activecampaign",
    title: "ActiveCampaign",
    docs: "https://developers.activecampaign.com/page/webhooks",
    signals: &[Signal::Body(&[
        ("/type", Predicate::Present),
        ("/date_time", Predicate::Present),
        ("/initiated_from", Predicate::Present),
    ])],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/type"],
    fields: Fields {
        recipient: &["/contact[email]"],
        // In the account's own zone; `send` produces events of an account whose zone is UTC.
        at: &[TimeField::Utc("/date_time", "%Y-%m-%dT%H:%M:%S+00:00")],
        url: &["/link[url]"],
        reason: &["/bounce[description]", "/unsubscribe[reason]"],
        campaign: Placement::First(&["/campaign[name]"]),
        ..FIELDS
    },
    events: &[
        // About the campaign as a whole, so it has no contact.
        row(
            Kind::Sent,
            "sent",
            &[("/type", Predicate::Is("sent"))],
            example!("activecampaign/sent"),
        ),
        row(
            Kind::Open,
            "open",
            &[("/type", Predicate::Is("open"))],
            example!("activecampaign/open"),
        ),
        row(
            Kind::Click,
            "click",
            &[("/type", Predicate::Is("click"))],
            example!("activecampaign/click"),
        ),
        // The list of types is unconfirmed.
        bounce(
            BounceClass::Hard,
            "bounce",
            &[
                ("/type", Predicate::Is("bounce")),
                ("/bounce[type]", Predicate::Is("hard")),
            ],
            example!("activecampaign/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "soft_bounce",
            &[
                ("/type", Predicate::Is("bounce")),
                ("/bounce[type]", Predicate::Is("soft")),
            ],
            "",
        ),
        bounce(
            BounceClass::Undetermined,
            "unknown_bounce",
            &[("/type", Predicate::Is("bounce"))],
            "",
        ),
        row(
            Kind::Subscribe,
            "subscribe",
            &[("/type", Predicate::Is("subscribe"))],
            example!("activecampaign/subscribe"),
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribe",
            &[("/type", Predicate::Is("unsubscribe"))],
            example!("activecampaign/unsubscribe"),
        ),
        row(
            Kind::Other,
            "update",
            &[("/type", Predicate::Is("update"))],
            example!("activecampaign/other-update"),
        ),
        row(
            Kind::Other,
            "reply",
            &[("/type", Predicate::Is("reply"))],
            example!("activecampaign/other-reply"),
        ),
        row(
            Kind::Other,
            "forward",
            &[("/type", Predicate::Is("forward"))],
            example!("activecampaign/other-forward"),
        ),
        row(
            Kind::Other,
            "share",
            &[("/type", Predicate::Is("share"))],
            example!("activecampaign/other-share"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "bounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "bounce",
            sets: &[
                ("/bounce[type]", "soft"),
                ("/bounce[code]", "\"4.2.0\""),
                ("/bounce[description]", "Mailbox temporarily unavailable"),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "bounce",
            sets: &[
                ("/bounce[type]", "soft"),
                ("/bounce[code]", "\"4.2.2\""),
                ("/bounce[description]", "Mailbox full"),
            ],
        },
    ],
    habits: Habits {
        batching: Unconfirmed("one event", TRANSCRIPTION),
        retries: Unconfirmed("none; 410 switches the webhook off", TRANSCRIPTION),
        ..HABITS
    },
    origins: &[
        documented(&WEBHOOKS, &[""]).unconfirmed(TRANSCRIPTION),
        documented(&WEBHOOKS, &["/bounce[type]"]).unconfirmed("which values it has is not known"),
    ],
    ..SIGNER
};
