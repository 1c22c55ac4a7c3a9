//! Mailchimp's audiences: a form whose fields nest by brackets, one event a request. Nothing is signed; what Mailchimp
//! advises is a secret in the URL. Mail that is sent through Mailchimp Transactional is `mandrill`.
//! <https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/>

use crate::providers::behaviour::{CONDUCT, Conduct, Handshake};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Carry, Envelope, FIELDS, Fields, Provider, SIGNER, Stamp, Tell, bounce,
    row,
};
use crate::webhook::{BounceClass, Kind, Mark, Style};

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
    tells: &[Tell::Body(&[
        ("/type", Mark::Present),
        ("/fired_at", Mark::Present),
        ("/data[list_id]", Mark::Present),
    ])],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/type"],
    fields: Fields {
        recipient: &["/data[email]", "/data[new_email]"],
        // Its zone is not told; UTC is what receivers assume.
        at: &[Stamp::Local("/fired_at")],
        reason: &["/data[reason]"],
        campaign: Carry::Instead("/data[campaign_id]"),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Subscribe,
            "subscribe",
            &[("/type", Mark::Is("subscribe"))],
            example!("mailchimp/subscribe"),
        ),
        row(
            Kind::Complaint,
            "unsubscribe_abuse",
            &[
                ("/type", Mark::Is("unsubscribe")),
                ("/data[reason]", Mark::Is("abuse")),
            ],
            "",
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribe",
            &[("/type", Mark::Is("unsubscribe"))],
            example!("mailchimp/unsubscribe"),
        ),
        // An address is taken off the list after bounces, or after a complaint.
        row(
            Kind::Complaint,
            "cleaned_abuse",
            &[
                ("/type", Mark::Is("cleaned")),
                ("/data[reason]", Mark::Is("abuse")),
            ],
            example!("mailchimp/complaint"),
        ),
        bounce(
            BounceClass::Hard,
            "cleaned",
            &[("/type", Mark::Is("cleaned"))],
            example!("mailchimp/bounce"),
        ),
        row(
            Kind::Other,
            "profile",
            &[("/type", Mark::Is("profile"))],
            example!("mailchimp/other-profile"),
        ),
        row(
            Kind::Other,
            "upemail",
            &[("/type", Mark::Is("upemail"))],
            example!("mailchimp/other-upemail"),
        ),
        row(
            Kind::Other,
            "campaign",
            &[("/type", Mark::Is("campaign"))],
            example!("mailchimp/other-campaign"),
        ),
    ],
    bounces: &[Bounce {
        name: "hard",
        row: "cleaned",
        sets: &[],
    }],
    conduct: Conduct {
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
