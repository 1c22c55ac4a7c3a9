//! SendGrid: an array of flat events, joined by comma and CR LF, members in alphabetical order, a CR LF at the end. The
//! CR LF is signed too, and most broken verifiers have lost it.
//! <https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT};
use crate::providers::habits::{Fact, Habits};
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Machine, Placement, Provider, SIGNER, Signal, TimeField,
    bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
    TimestampFormat,
};

static REFERENCE: Page = page(
    "Event Webhook Reference",
    "https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event",
    "2026-11-24",
);

static PARSE: Page = page(
    "Setting Up the Inbound Parse Webhook",
    "https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook",
    "2026-11",
);
static SECURITY: Page = page(
    "Event Webhook Security Features",
    "https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features",
    "2026-11-24",
);

static SIGNED_EVENT_WEBHOOK: Scheme = Scheme {
    name: "sendgrid",
    algorithm: Algorithm::EcdsaP256,
    key: KeyForm::P256,
    id: None,
    timestamp: Some((
        Location::Header("x-twilio-email-event-webhook-timestamp"),
        TimestampFormat::Seconds,
    )),
    signed: &[Part::Timestamp, Part::Body],
    signature: Location::Header("x-twilio-email-event-webhook-signature"),
    encoding: Encoding::Base64,
    fresh: &[],
    // SendGrid documents no age limit; careful handlers choose five minutes.
    tolerance: 300,
    uncovered: None,
    guard: None,
};

/// Event names, to recognise bodies that lack newer ids.
const EVENTS: Predicate = Predicate::OneOf(&[
    "processed",
    "dropped",
    "delivered",
    "deferred",
    "bounce",
    "blocked",
    "open",
    "click",
    "spamreport",
    "unsubscribe",
    "group_unsubscribe",
    "group_resubscribe",
]);

/// Form of the Inbound Parse webhook.
const PARSED: &[(&str, Predicate)] = &[
    ("/headers", Predicate::Present),
    ("/envelope", Predicate::Present),
    ("/charsets", Predicate::Present),
];

/// Form of the Inbound Parse webhook with the whole message.
const RAW: &[(&str, Predicate)] = &[
    ("/email", Predicate::Present),
    ("/envelope", Predicate::Present),
    ("/charsets", Predicate::Present),
];

/// SendGrid's Event Webhook, and Inbound Parse.
pub static PROVIDER: Provider = Provider {
    name: "sendgrid",
    title: "SendGrid",
    docs: REFERENCE.url,
    signals: &[
        Signal::Body(&[
            ("/0/event", Predicate::Present),
            ("/0/sg_event_id", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/0/event", EVENTS),
            ("/0/email", Predicate::Present),
            ("/0/sg_message_id", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/0/event", EVENTS),
            ("/0/email", Predicate::Present),
            ("/0/smtp-id", Predicate::Present),
        ]),
        Signal::Body(PARSED),
        Signal::Body(RAW),
        Signal::Header("x-twilio-email-event-webhook-signature"),
        Signal::Header("x-twilio-email-event-webhook-timestamp"),
    ],
    schemes: &[&SIGNED_EVENT_WEBHOOK],
    test_secret: "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6CQob/HFIm/893XSlvg/modzVZYe8TuRuvjTpp+RvbihRANCAATAD8ULJepOXYU7qfryHnbiWWjcNC3MSHx4CmWA73yuKWELzL/50xi2djiLwVrQCQU3fCQpfWFxUCYNO5FWWZYa",
    test_public: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEwA/FCyXqTl2FO6n68h524llo3DQtzEh8eAplgO98rilhC8y/+dMYtnY4i8Fa0AkFN3wkKX1hcVAmDTuRVlmWGg==",
    envelope: Envelope::Plain,
    style: Style {
        sorted: true,
        between: ",\r\n",
        end: "\r\n",
        ..Style::COMPACT
    },
    native: &["/event"],
    fields: Fields {
        recipient: &["/email"],
        message_id: &["/sg_message_id"],
        message_id_end: Some('.'),
        at: &[
            TimeField::Seconds("/timestamp"),
            TimeField::Seconds("/send_at"),
        ],
        url: &["/url"],
        reason: &["/reason", "/response"],
        unique: &["/sg_event_id"],
        campaign: Placement::Text("/marketing_campaign_name"),
        tag: Placement::List("/category"),
        // They are beside the fields of the event.
        metadata: Placement::Among("", &["order_id", "tenant"]),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "processed",
            &[("/event", Predicate::Is("processed"))],
            example!("sendgrid/sent"),
        ),
        row(
            Kind::Rejected,
            "dropped",
            &[("/event", Predicate::Is("dropped"))],
            example!("sendgrid/rejected"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event", Predicate::Is("delivered"))],
            example!("sendgrid/delivered"),
        ),
        row(
            Kind::Deferred,
            "deferred",
            &[("/event", Predicate::Is("deferred"))],
            example!("sendgrid/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "bounce",
            &[
                ("/event", Predicate::Is("bounce")),
                ("/type", Predicate::Is("bounce")),
            ],
            example!("sendgrid/bounce"),
        ),
        // No event on the wire has this name: it is a bounce of type `blocked`.
        bounce(
            BounceClass::Soft,
            "blocked",
            &[
                ("/event", Predicate::Is("bounce")),
                ("/type", Predicate::Is("blocked")),
            ],
            example!("sendgrid/bounce-blocked"),
        ),
        // Fixtures of other projects have one all the same.
        bounce(
            BounceClass::Soft,
            "blocked_event",
            &[("/event", Predicate::Is("blocked"))],
            "",
        ),
        // As in older recordings.
        bounce(
            BounceClass::Undetermined,
            "bounce_without_type",
            &[("/event", Predicate::Is("bounce"))],
            "",
        ),
        row(
            Kind::Open,
            "open",
            &[("/event", Predicate::Is("open"))],
            example!("sendgrid/open"),
        ),
        row(
            Kind::Click,
            "click",
            &[("/event", Predicate::Is("click"))],
            example!("sendgrid/click"),
        ),
        row(
            Kind::Complaint,
            "spamreport",
            &[("/event", Predicate::Is("spamreport"))],
            example!("sendgrid/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribe",
            &[("/event", Predicate::Is("unsubscribe"))],
            example!("sendgrid/unsubscribe"),
        ),
        row(
            Kind::Unsubscribe,
            "group_unsubscribe",
            &[("/event", Predicate::Is("group_unsubscribe"))],
            example!("sendgrid/unsubscribe-group"),
        ),
        row(
            Kind::Subscribe,
            "group_resubscribe",
            &[("/event", Predicate::Is("group_resubscribe"))],
            example!("sendgrid/subscribe"),
        ),
        row(
            Kind::Other,
            "account_status_change",
            &[("/event", Predicate::Is("account_status_change"))],
            example!("sendgrid/other-account-status-change"),
        ),
        row(
            Kind::Other,
            "received",
            &[("/event", Predicate::Is("received"))],
            example!("sendgrid/other-received"),
        ),
        row(
            Kind::Inbound,
            "inbound",
            PARSED,
            example!("sendgrid/inbound"),
        ),
        row(
            Kind::Inbound,
            "inbound_raw",
            RAW,
            example!("sendgrid/inbound-raw"),
        )
        .special(),
    ],
    machines: &[
        // A privacy proxy that loads the message's content before anybody reads it. Clicks have no such mark.
        Machine {
            kind: Kind::Open,
            row: "open",
            sets: &[("/sg_machine_open", "true")],
        },
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "bounce",
            sets: &[],
        },
        Bounce {
            name: "blocked",
            row: "blocked",
            sets: &[],
        },
        Bounce {
            name: "mailbox-full",
            row: "blocked",
            sets: &[
                ("/reason", "552 5.2.2 mailbox full"),
                ("/status", "\"5.2.2\""),
                ("/bounce_classification", "Mailbox Unavailable"),
            ],
        },
        Bounce {
            name: "soft",
            row: "blocked",
            sets: &[
                ("/reason", "450 4.2.0 mailbox temporarily unavailable"),
                ("/status", "\"4.2.0\""),
                ("/bounce_classification", "Mailbox Unavailable"),
            ],
        },
    ],
    habits: Habits {
        batching: Fact::Documented(
            "an array of any mix of events, posted every 30 s or at 768 kB by each sending server",
        ),
        success: Fact::Documented("2xx"),
        retries: Fact::Documented(
            "after any other answer, at increasing intervals, until 24 hours after the event",
        ),
        timeout: Fact::NotDocumented,
    },
    origins: &[
        documented(&REFERENCE, &["content-type", "/"]),
        documented(
            &SECURITY,
            &[
                "x-twilio-email-event-webhook-signature",
                "x-twilio-email-event-webhook-timestamp",
            ],
        ),
        assumed("known from receivers' code", &["user-agent"]),
        assumed(
            "seen in newer requests; documented for delivered and bounce",
            &["/*/tls"],
        )
        .of(&["deferred"]),
        assumed(
            "an extra that is not documented, seen at times",
            &["/*/domain", "/*/from"],
        ),
        assumed("seen in requests; documented for bounce", &["/*/status"]).of(&["dropped"]),
        assumed(
            "the set of fields is known from third parties' code",
            &["/"],
        )
        .of(&["account_status_change", "received"]),
        documented(&PARSE, &["content-type", "/"]).of(&["inbound", "inbound_raw"]),
        documented(&PARSE, &["/text", "/html"])
            .unconfirmed("the line ends in them")
            .of(&["inbound"]),
        assumed("seen in requests of 2013", &["user-agent"]).of(&["inbound", "inbound_raw"]),
        documented(&REFERENCE, &["/*/event", "/*/timestamp", "/*/sg_event_id"]),
    ],
    conduct: Behaviour {
        // A batch is limited by its size alone, 768 kB.
        batch: Batch::Some,
        ..CONDUCT
    },
    inbound: Some(&inbound::sendgrid::INBOUND),
    ..SIGNER
};
