//! Mailchimp's audiences: a form whose fields nest by brackets, one event per request. Nothing is signed; Mailchimp
//! advises a secret in the URL. Mail that is sent through Mailchimp Transactional is `mandrill`.
//! <https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/>

use crate::providers::behaviour::{Behaviour, CONDUCT, Handshake};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

static GUIDE: Page = page(
    "Sync audience data with webhooks",
    "https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/",
    "2026",
);

/// Mailchimp's audience webhooks.
pub static PROVIDER: Provider = Provider {
    name: "mailchimp",
    title: "Mailchimp",
    docs: GUIDE.url,
    signals: &[Signal::Body(&[
        ("/type", Predicate::Present),
        ("/fired_at", Predicate::Present),
        ("/data[list_id]", Predicate::Present),
    ])],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/type"],
    fields: Fields {
        recipient: &["/data[email]", "/data[new_email]"],
        // The zone is not documented; receivers assume UTC.
        at: &[TimeField::Local("/fired_at")],
        reason: &["/data[reason]"],
        campaign: Placement::Instead("/data[campaign_id]"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Subscribe,
            "subscribe",
            &[("/type", Predicate::Is("subscribe"))],
            example!("mailchimp/subscribe"),
        ),
        row(
            Kind::Complaint,
            "unsubscribe_abuse",
            &[
                ("/type", Predicate::Is("unsubscribe")),
                ("/data[reason]", Predicate::Is("abuse")),
            ],
            "",
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribe",
            &[("/type", Predicate::Is("unsubscribe"))],
            example!("mailchimp/unsubscribe"),
        ),
        // An address is removed from the list after bounces, or after a complaint.
        row(
            Kind::Complaint,
            "cleaned_abuse",
            &[
                ("/type", Predicate::Is("cleaned")),
                ("/data[reason]", Predicate::Is("abuse")),
            ],
            example!("mailchimp/complaint"),
        ),
        bounce(
            BounceClass::Hard,
            "cleaned",
            &[("/type", Predicate::Is("cleaned"))],
            example!("mailchimp/bounce"),
        ),
        row(
            Kind::Other,
            "profile",
            &[("/type", Predicate::Is("profile"))],
            example!("mailchimp/other-profile"),
        ),
        row(
            Kind::Other,
            "upemail",
            &[("/type", Predicate::Is("upemail"))],
            example!("mailchimp/other-upemail"),
        ),
        row(
            Kind::Other,
            "campaign",
            &[("/type", Predicate::Is("campaign"))],
            example!("mailchimp/other-campaign"),
        ),
    ],
    bounces: &[Bounce {
        name: "hard",
        row: "cleaned",
        sets: &[],
    }],
    conduct: Behaviour {
        only_200: true,
        handshake: &[Handshake::Get],
        asks_with: &[("user-agent", "MailChimp.com WebHook Validator")],
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("200"),
        retries: Unconfirmed(
            "at increasing intervals for 75 minutes",
            "the exact intervals",
        ),
        timeout: Documented(10),
    },
    origins: &[
        documented(&GUIDE, &["/"]),
        documented(&GUIDE, &["/fired_at"]).unconfirmed("in which zone it is"),
        documented(&GUIDE, &["/"])
            .unconfirmed("known from older documentation and receivers")
            .of(&["profile", "upemail", "cleaned", "cleaned_abuse", "campaign"]),
        assumed("seen in what receivers kept", &["content-type"]),
        assumed("an older note of a receiver's", &["user-agent"]),
    ],
    ..SIGNER
};
