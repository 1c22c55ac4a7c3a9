//! Brevo, formerly Sendinblue: one flat JSON object per request, for transactional mail with a `message-id`, for
//! campaigns with a `campaign name`. The names to subscribe to are not the names on the wire. Nothing is signed.
//! <https://developers.brevo.com/docs/transactional-webhooks>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, captured, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Envelope, FIELDS, Fields, Machine, Placement, Provider, SIGNER, Signal,
    TimeField, bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

const TRANSACTIONAL: (&str, Predicate) = ("/camp_id", Predicate::Absent);
const MARKETING: (&str, Predicate) = ("/camp_id", Predicate::Present);
const OF_CONTACTS: Predicate =
    Predicate::OneOf(&["list_addition", "contact_updated", "contact_deleted"]);

static TRANSACTIONAL_PAGE: Page = page(
    "Transactional webhooks",
    "https://developers.brevo.com/docs/transactional-webhooks",
    "2026-11-24",
);
static PARSING: Page = page(
    "Inbound parsing",
    "https://developers.brevo.com/docs/inbound-parse-webhooks",
    "2026-11",
);
static ANYMAIL: Page = page(
    "Anymail, with a request of 2023 that its tests keep",
    "https://github.com/anymail/django-anymail",
    "2026-11",
);
static SYMFONY: Page = page(
    "the bridge of Symfony, with requests it keeps",
    "https://github.com/symfony/symfony/tree/HEAD/src/Symfony/Component/Mailer/Bridge/Brevo/Tests/Webhook/Fixtures",
    "2026-11-24",
);
static MARKETING_PAGE: Page = page(
    "Marketing webhooks",
    "https://developers.brevo.com/docs/marketing-webhooks",
    "2026-11",
);

/// Brevo's transactional and marketing webhooks.
pub static PROVIDER: Provider = Provider {
    name: "brevo",
    title: "Brevo",
    docs: TRANSACTIONAL_PAGE.url,
    signals: &[
        Signal::Body(&[
            ("/event", Predicate::Present),
            ("/email", Predicate::Present),
            ("/message-id", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/event", Predicate::Present),
            ("/camp_id", Predicate::Present),
            ("/campaign name", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/event", OF_CONTACTS),
            ("/key", Predicate::Present),
            ("/email", Predicate::Present),
        ]),
        // That a batch is a list of the single objects is likely, but unconfirmed.
        Signal::Body(&[
            ("/0/event", Predicate::Present),
            ("/0/email", Predicate::Present),
            ("/0/message-id", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/items/0/Uuid", Predicate::Present),
            ("/items/0/MessageId", Predicate::Present),
        ]),
        // A mail need not have a Message-ID.
        Signal::Body(&[
            ("/items/0/Uuid", Predicate::Present),
            ("/items/0/Headers", Predicate::Present),
        ]),
    ],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/event"],
    fields: Fields {
        recipient: &["/email"],
        message_id: &["/message-id"],
        at: &[
            // The only time that was right in every capture: `ts` was seen shifted by the account's zone.
            TimeField::Millis("/ts_epoch"),
            // Name in the documented opens by a proxy; the name on the wire is unconfirmed.
            TimeField::Millis("/s_epoch"),
            TimeField::Seconds("/ts_event"),
            TimeField::Seconds("/ts"),
            TimeField::Seconds("/ts_sent"),
            TimeField::Local("/date"),
            TimeField::Local("/date_event"),
            TimeField::Local("/date_sent"),
        ],
        url: &["/link", "/URL"],
        reason: &["/reason"],
        campaign: Placement::Instead("/campaign name"),
        tag: Placement::Each(&[Placement::ListText("/tag"), Placement::List("/tags")]),
        metadata: Placement::MembersText("/X-Mailin-custom"),
        ..FIELDS
    },
    events: &[
        // Transactional mail.
        row(
            Kind::Sent,
            "request",
            &[TRANSACTIONAL, ("/event", Predicate::Is("request"))],
            example!("brevo/sent"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[TRANSACTIONAL, ("/event", Predicate::Is("delivered"))],
            example!("brevo/delivered"),
        ),
        row(
            Kind::Deferred,
            "deferred",
            &[TRANSACTIONAL, ("/event", Predicate::Is("deferred"))],
            example!("brevo/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "hard_bounce",
            &[TRANSACTIONAL, ("/event", Predicate::Is("hard_bounce"))],
            example!("brevo/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "soft_bounce",
            &[TRANSACTIONAL, ("/event", Predicate::Is("soft_bounce"))],
            example!("brevo/bounce-soft"),
        ),
        bounce(
            BounceClass::Hard,
            "invalid_email",
            &[TRANSACTIONAL, ("/event", Predicate::Is("invalid_email"))],
            example!("brevo/bounce-invalid"),
        ),
        row(
            Kind::Rejected,
            "blocked",
            &[TRANSACTIONAL, ("/event", Predicate::Is("blocked"))],
            example!("brevo/rejected"),
        ),
        row(
            Kind::Rejected,
            "error",
            &[TRANSACTIONAL, ("/event", Predicate::Is("error"))],
            example!("brevo/rejected-error"),
        ),
        // The documentation says `spam`; the user interface and a test of theirs say `complaint`.
        row(
            Kind::Complaint,
            "spam",
            &[TRANSACTIONAL, ("/event", Predicate::Is("spam"))],
            example!("brevo/complaint"),
        ),
        row(
            Kind::Complaint,
            "complaint",
            &[TRANSACTIONAL, ("/event", Predicate::Is("complaint"))],
            example!("brevo/complaint-complaint"),
        ),
        row(
            Kind::Open,
            "opened",
            &[TRANSACTIONAL, ("/event", Predicate::Is("opened"))],
            example!("brevo/open"),
        ),
        row(
            Kind::Open,
            "unique_opened",
            &[TRANSACTIONAL, ("/event", Predicate::Is("unique_opened"))],
            example!("brevo/open-first"),
        ),
        // Opened by a privacy proxy.
        row(
            Kind::Open,
            "proxy_open",
            &[TRANSACTIONAL, ("/event", Predicate::Is("proxy_open"))],
            example!("brevo/open-proxy"),
        ),
        row(
            Kind::Open,
            "unique_proxy_open",
            &[
                TRANSACTIONAL,
                ("/event", Predicate::Is("unique_proxy_open")),
            ],
            example!("brevo/open-proxy-first"),
        ),
        row(
            Kind::Click,
            "click",
            &[TRANSACTIONAL, ("/event", Predicate::Is("click"))],
            example!("brevo/click"),
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribed",
            &[
                TRANSACTIONAL,
                ("/event", Predicate::OneOf(&["unsubscribed", "unsubscribe"])),
            ],
            example!("brevo/unsubscribe"),
        ),
        // Campaigns use the same names.
        row(
            Kind::Delivered,
            "marketing_delivered",
            &[MARKETING, ("/event", Predicate::Is("delivered"))],
            example!("brevo/delivered-marketing"),
        ),
        row(
            Kind::Open,
            "marketing_opened",
            &[MARKETING, ("/event", Predicate::Is("opened"))],
            example!("brevo/open-marketing"),
        ),
        row(
            Kind::Click,
            "marketing_click",
            &[MARKETING, ("/event", Predicate::Is("click"))],
            example!("brevo/click-marketing"),
        ),
        bounce(
            BounceClass::Hard,
            "marketing_hard_bounce",
            &[MARKETING, ("/event", Predicate::Is("hard_bounce"))],
            example!("brevo/bounce-marketing"),
        ),
        bounce(
            BounceClass::Soft,
            "marketing_soft_bounce",
            &[MARKETING, ("/event", Predicate::Is("soft_bounce"))],
            example!("brevo/bounce-marketing-soft"),
        ),
        row(
            Kind::Complaint,
            "marketing_spam",
            &[
                MARKETING,
                ("/event", Predicate::OneOf(&["spam", "complaint"])),
            ],
            example!("brevo/complaint-marketing"),
        ),
        // `unsubscribe` instead of `unsubscribed` is unconfirmed here.
        row(
            Kind::Unsubscribe,
            "marketing_unsubscribe",
            &[
                MARKETING,
                ("/event", Predicate::OneOf(&["unsubscribe", "unsubscribed"])),
            ],
            example!("brevo/unsubscribe-marketing"),
        ),
        // Contacts; the inner form of `content` is unconfirmed.
        row(
            Kind::Subscribe,
            "list_addition",
            &[("/event", Predicate::Is("list_addition"))],
            example!("brevo/subscribe"),
        ),
        row(
            Kind::Other,
            "contact_updated",
            &[("/event", Predicate::Is("contact_updated"))],
            example!("brevo/other-contact-updated"),
        ),
        row(
            Kind::Other,
            "contact_deleted",
            &[("/event", Predicate::Is("contact_deleted"))],
            example!("brevo/other-contact-deleted"),
        ),
        row(
            Kind::Inbound,
            "inbound",
            &[
                ("/event", Predicate::Absent),
                ("/items", Predicate::Present),
            ],
            example!("brevo/inbound"),
        ),
    ],
    // A blocked message was never sent: it is `rejected`, and no bounce.
    machines: &[Machine {
        kind: Kind::Open,
        row: "proxy_open",
        sets: &[],
    }],
    bounces: &[
        Bounce {
            name: "hard",
            row: "hard_bounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "soft_bounce",
            sets: &[("/reason", "450 4.2.0 mailbox temporarily unavailable")],
        },
        Bounce {
            name: "mailbox-full",
            row: "soft_bounce",
            sets: &[],
        },
    ],
    conduct: Behaviour {
        // A batch as a list of the single objects is unconfirmed.
        batch: Batch::UpTo(500),
        twins: &[
            ("opened", "unique_opened"),
            ("proxy_open", "unique_proxy_open"),
        ],
        ..CONDUCT
    },
    habits: Habits {
        batching: Unconfirmed(
            "one event; up to 500 of five minutes where batching is on",
            "what the body of a batch looks like",
        ),
        success: Documented("2xx"),
        retries: Documented(
            "4 more, after 10 min, 1 h, 2 h and 8 h, where nothing answers and after 429; none after another 4xx or 5xx",
        ),
        ..HABITS
    },
    origins: &[
        documented(&TRANSACTIONAL_PAGE, &["content-type", "/"]),
        documented(&TRANSACTIONAL_PAGE, &["/id"])
            .unconfirmed("whether it is the webhook or the account"),
        documented(&TRANSACTIONAL_PAGE, &["/event"])
            .unconfirmed("the name is known from the export and the interface")
            .of(&["error"]),
        assumed(
            "a test of a receiver and the interface call it so, the documents `spam`",
            &["/event"],
        )
        .of(&["complaint"]),
        captured(&SYMFONY, &["/is_returnpath"]),
        assumed(
            "seen in newer events; documented for `unique_proxy_open`",
            &["/sender_email"],
        ),
        documented(&TRANSACTIONAL_PAGE, &["/sender_email"]).of(&["unique_proxy_open"]),
        captured(&ANYMAIL, &["/items"]),
        documented(&PARSING, &["/items/*/Bcc", "/items/*/Recipients"])
            .unconfirmed("no request that was published has it"),
        documented(&MARKETING_PAGE, &["/"]).of(&["marketing_*"]),
        documented(&MARKETING_PAGE, &["/event"])
            .unconfirmed("`unsubscribed` may be what is sent")
            .of(&["marketing_unsubscribe"]),
        documented(&MARKETING_PAGE, &["/"])
            .unconfirmed("known from a third party's transcription of the documents")
            .of(&["list_addition", "contact_*"]),
        documented(&MARKETING_PAGE, &["/content"]).unconfirmed("what stands in it is not known"),
    ],
    inbound: Some(&inbound::brevo::INBOUND),
    ..SIGNER
};
