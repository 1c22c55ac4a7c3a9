//! Emailit, webhooks of version 2: a list of 1 to 100 events, each with its subject in `object`, and again in
//! `data.object`. Older pages show one event without the list and with `data.object` alone; that is read as well. The
//! order of the members is not confirmed. The key is the whole text of the secret, `whsec_` included.
//! <https://emailit.com/docs/webhooks>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
    TimestampFormat,
};

static TIMED_BODY: Scheme = Scheme {
    name: "emailit",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    // Its own library checks the age and accepts any time in the future.
    timestamp: Some((
        Location::Header("x-emailit-timestamp"),
        TimestampFormat::AgeOnly(&TimestampFormat::Seconds),
    )),
    signed: &[Part::Timestamp, Part::Text("."), Part::Body],
    signature: Location::Header("x-emailit-signature"),
    encoding: Encoding::Hex,
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

static REQUESTS: Page = page(
    "Webhook requests",
    "https://emailit.com/docs/webhooks/webhook-requests.md",
    "2026-11-27",
);
static EVENTS: Page = page(
    "Webhook events",
    "https://emailit.com/docs/webhooks.md",
    "2026-11-27",
);
static CLICKED: Page = page(
    "email.clicked",
    "https://emailit.com/docs/webhooks/events/email-clicked",
    "2026-11-27",
);
static SUPPRESSION: Page = page(
    "suppression.created",
    "https://emailit.com/docs/webhooks/events/suppression-created",
    "2026-11-27",
);

/// Prefixes of event names.
const TYPES: Predicate = Predicate::StartsOneOf(&[
    "email.",
    "domain.",
    "audience.",
    "subscriber.",
    "contact.",
    "template.",
    "suppression.",
    "email_verification.",
    "email_verification_list.",
]);

/// Emailit's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "emailit",
    title: "Emailit",
    docs: "https://emailit.com/docs/webhooks",
    signals: &[
        Signal::Header("x-emailit-signature"),
        Signal::Body(&[
            ("/0/event_id", Predicate::Present),
            ("/0/type", TYPES),
            ("/0/data/object", Predicate::Object),
        ]),
        // The older format.
        Signal::Body(&[
            ("/event_id", Predicate::Present),
            ("/type", TYPES),
            ("/data/object", Predicate::Object),
        ]),
    ],
    schemes: &[&TIMED_BODY],
    test_secret: "whsec_webhook-cli-public-test-key-emailit",
    test_public: "whsec_webhook-cli-public-test-key-emailit",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/type"],
    fields: Fields {
        recipient: &[
            "/object/to",
            "/data/object/to",
            "/object/email/rcpt_to",
            "/data/object/email/rcpt_to",
            // In a suppression.
            "/object/email",
            "/data/object/email",
        ],
        message_id: &[
            "/object/email/id",
            "/data/object/email/id",
            "/object/id",
            "/data/object/id",
        ],
        at: &[
            TimeField::Rfc3339("/object/updated_at", 6),
            TimeField::Rfc3339("/data/object/updated_at", 6),
            TimeField::Rfc3339("/object/created_at", 6),
            TimeField::Rfc3339("/data/object/created_at", 6),
            TimeField::Rfc3339("/object/email/created_at", 6),
            TimeField::Rfc3339("/data/object/email/created_at", 6),
        ],
        url: &["/object/link/url", "/data/object/link/url"],
        reason: &["/object/reason", "/data/object/reason"],
        unique: &["/event_id"],
        metadata: Placement::There(&[
            "/object/meta",
            "/data/object/meta",
            "/object/email/meta",
            "/data/object/email/meta",
        ]),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "email.accepted",
            &[("/type", Predicate::Is("email.accepted"))],
            example!("emailit/sent"),
        ),
        row(
            Kind::Delivered,
            "email.delivered",
            &[("/type", Predicate::Is("email.delivered"))],
            example!("emailit/delivered"),
        ),
        // Up to 7 tries over about 21 hours, then it bounces.
        row(
            Kind::Deferred,
            "email.attempted",
            &[("/type", Predicate::Is("email.attempted"))],
            example!("emailit/deferred"),
        ),
        // Includes full mailboxes, whatever the server's code, and messages that were retried for too long.
        bounce(
            BounceClass::Hard,
            "email.bounced",
            &[("/type", Predicate::Is("email.bounced"))],
            example!("emailit/bounce"),
        ),
        row(
            Kind::Rejected,
            "email.rejected",
            &[("/type", Predicate::Is("email.rejected"))],
            example!("emailit/rejected"),
        ),
        row(
            Kind::Rejected,
            "email.failed",
            &[("/type", Predicate::Is("email.failed"))],
            example!("emailit/rejected-failed"),
        ),
        row(
            Kind::Rejected,
            "email.suppressed",
            &[("/type", Predicate::Is("email.suppressed"))],
            example!("emailit/rejected-suppressed"),
        ),
        row(
            Kind::Complaint,
            "email.complained",
            &[("/type", Predicate::Is("email.complained"))],
            example!("emailit/complaint"),
        ),
        row(
            Kind::Open,
            "email.loaded",
            &[("/type", Predicate::Is("email.loaded"))],
            example!("emailit/open"),
        ),
        row(
            Kind::Click,
            "email.clicked",
            &[("/type", Predicate::Is("email.clicked"))],
            example!("emailit/click"),
        ),
        row(
            Kind::Other,
            "email.scheduled",
            &[("/type", Predicate::Is("email.scheduled"))],
            example!("emailit/other-email-scheduled"),
        ),
        row(
            Kind::Other,
            "email.received",
            &[("/type", Predicate::Is("email.received"))],
            example!("emailit/other-email-received"),
        ),
        row(
            Kind::Other,
            "suppression.created",
            &[("/type", Predicate::Is("suppression.created"))],
            example!("emailit/other-suppression-created"),
        )
        .without_message(),
        // Other events about domains, contacts, templates and lists: the id is theirs.
        row(Kind::Other, "other", &[("/type", TYPES)], "").without_message(),
    ],
    bounces: &[Bounce {
        name: "hard",
        row: "email.bounced",
        sets: &[],
    }],
    conduct: Behaviour {
        batch: Batch::UpTo(100),
        judges_age: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("a list of 1 to 100 events, the oldest first"),
        success: Documented("2xx, for the whole list"),
        retries: Unconfirmed(
            "11 more over about 3 days: after 5 min, 30 min, 2 and 5 h, then every 12 h; then the webhook is switched off",
            "an older page has 7: after 5 s, 5 min, 30 min, 2, 5, 10 and 24 h",
        ),
        timeout: Documented(30),
    },
    origins: &[
        documented(&REQUESTS, &["", "/*/event_id", "/*/type"]),
        documented(&EVENTS, &["/*/object", "/*/data/object"]),
        documented(&EVENTS, &["/*/object/meta", "/*/data/object/meta"])
            .unconfirmed("whether it is null or missing where there is none"),
        documented(&EVENTS, &["/*/object", "/*/data/object"])
            .of(&["email.attempted"])
            .unconfirmed("whether it tells the server's reply as well"),
        documented(&CLICKED, &["/*/object", "/*/data/object"]).of(&["email.clicked"]),
        documented(
            &CLICKED,
            &["/*/object/email/meta", "/*/data/object/email/meta"],
        )
        .of(&["email.clicked"])
        .unconfirmed("whether it is null or missing where there is none"),
        documented(&SUPPRESSION, &["/*/object", "/*/data/object"]).of(&["suppression.created"]),
        assumed(
            "only the name is documented; taken for what a click looks like",
            &["/*/object", "/*/data/object"],
        )
        .of(&["email.loaded"]),
        assumed(
            "only the name is documented; taken for what the other events look like",
            &[
                "/*/object",
                "/*/data/object",
                "/*/object/meta",
                "/*/data/object/meta",
            ],
        )
        .of(&["email.received"]),
    ],
    ..SIGNER
};
