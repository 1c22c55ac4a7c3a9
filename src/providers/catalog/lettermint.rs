//! Lettermint: one event per request, for one recipient. The time of signing is in the signature header and in a header
//! of its own, and its libraries demand that both are equal. The key is the whole text of the secret, `whsec_`
//! included. The layout of white space and slashes is not confirmed.
//! <https://docs.lettermint.co/platform/webhooks/introduction>

use crate::providers::behaviour::{Behaviour, CONDUCT, Handshake};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, EventDef, FIELDS, Fields, Machine, Placement, Provider, SIGNER, Signal,
    TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
    TimestampFormat,
};

static SIGNED_BODY: Scheme = Scheme {
    name: "lettermint",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    timestamp: Some((
        Location::All(&[
            Location::Item("x-lettermint-signature", "t"),
            Location::Header("x-lettermint-delivery"),
        ]),
        TimestampFormat::Seconds,
    )),
    signed: &[Part::Timestamp, Part::Text("."), Part::Body],
    signature: Location::Item("x-lettermint-signature", "v1"),
    encoding: Encoding::Listed(&Encoding::AnyHex),
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

/// Prefixes of its event names.
const OURS: Predicate = Predicate::StartsOneOf(&["message.", "suppression.", "webhook."]);

static INTRODUCTION: Page = page(
    "Webhooks",
    "https://docs.lettermint.co/platform/webhooks/introduction",
    "2026-11-27",
);
static EVENTS: Page = page(
    "Events",
    "https://docs.lettermint.co/platform/webhooks/events",
    "2026-11-27",
);
static LARAVEL: Page = page(
    "tests of the official Laravel package",
    "https://github.com/lettermint/lettermint-laravel",
    "2026-11-27",
);
static LIBRARIES: Page = page(
    "official libraries, Python 3.2.0 and Node 2.7.0",
    "https://github.com/lettermint",
    "2026-11-27",
);

/// Lettermint's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "lettermint",
    title: "Lettermint",
    docs: INTRODUCTION.url,
    signals: &[
        Signal::Body(&[
            ("/id", Predicate::Present),
            ("/event", OURS),
            ("/timestamp", Predicate::Present),
            ("/data", Predicate::Object),
        ]),
        // As shown on an older page.
        Signal::Body(&[
            ("/id", Predicate::Present),
            ("/event", OURS),
            ("/created_at", Predicate::Present),
            ("/data", Predicate::Object),
        ]),
        Signal::Header("x-lettermint-signature"),
        Signal::Header("x-lettermint-event"),
    ],
    schemes: &[&SIGNED_BODY],
    test_secret: "whsec_webhook-cli-public-test-key-lettermint",
    test_public: "whsec_webhook-cli-public-test-key-lettermint",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/event", "x-lettermint-event"],
    fields: Fields {
        recipient: &[
            "/data/recipient",
            "/data/to/*/email",
            "/data/auto_reply/sender",
            "/data/value",
        ],
        message_id: &["/data/message_id"],
        at: &[
            TimeField::Rfc3339("/timestamp", 0),
            TimeField::Rfc3339("/created_at", 0),
            TimeField::Rfc3339("/data/opened_at", 0),
            TimeField::Rfc3339("/data/clicked_at", 0),
            TimeField::Rfc3339("/data/unsubscribed_at", 0),
            TimeField::Rfc3339("/data/scheduled_at", 0),
            TimeField::Rfc3339("/data/previous_scheduled_at", 0),
            TimeField::Rfc3339("/data/canceled_at", 0),
            TimeField::Rfc3339("/data/released_at", 0),
            TimeField::Rfc3339("/data/date", 0),
            TimeField::Seconds("/data/timestamp"),
        ],
        url: &["/data/destination_url"],
        reason: &["/data/response/content", "/data/reason"],
        unique: &["/id"],
        tag: Placement::First(&["/data/tag"]),
        metadata: Placement::Into("/data/metadata"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "message.sent",
            &[("/event", Predicate::Is("message.sent"))],
            example!("lettermint/sent"),
        ),
        row(
            Kind::Sent,
            "message.created",
            &[("/event", Predicate::Is("message.created"))],
            example!("lettermint/sent-created"),
        ),
        row(
            Kind::Delivered,
            "message.delivered",
            &[("/event", Predicate::Is("message.delivered"))],
            example!("lettermint/delivered"),
        ),
        row(
            Kind::Open,
            "message.opened",
            &[("/event", Predicate::Is("message.opened"))],
            example!("lettermint/open"),
        ),
        row(
            Kind::Click,
            "message.clicked",
            &[("/event", Predicate::Is("message.clicked"))],
            example!("lettermint/click"),
        ),
        bounce(
            BounceClass::Hard,
            "message.hard_bounced",
            &[("/event", Predicate::Is("message.hard_bounced"))],
            example!("lettermint/bounce"),
        ),
        // Retries are not documented.
        bounce(
            BounceClass::Soft,
            "message.soft_bounced",
            &[("/event", Predicate::Is("message.soft_bounced"))],
            example!("lettermint/bounce-soft"),
        ),
        // It failed within Lettermint.
        row(
            Kind::Rejected,
            "message.failed",
            &[("/event", Predicate::Is("message.failed"))],
            example!("lettermint/rejected"),
        ),
        row(
            Kind::Rejected,
            "message.suppressed",
            &[("/event", Predicate::Is("message.suppressed"))],
            example!("lettermint/rejected-suppressed"),
        ),
        row(
            Kind::Rejected,
            "message.policy_rejected",
            &[("/event", Predicate::Is("message.policy_rejected"))],
            example!("lettermint/rejected-policy"),
        ),
        row(
            Kind::Complaint,
            "message.spam_complaint",
            &[("/event", Predicate::Is("message.spam_complaint"))],
            example!("lettermint/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "message.unsubscribed",
            &[("/event", Predicate::Is("message.unsubscribed"))],
            example!("lettermint/unsubscribe"),
        ),
        other(
            "message.auto_replied",
            &[("/event", Predicate::Is("message.auto_replied"))],
            example!("lettermint/other-message-auto-replied"),
        ),
        other(
            "message.scheduled",
            &[("/event", Predicate::Is("message.scheduled"))],
            example!("lettermint/other-message-scheduled"),
        ),
        other(
            "message.rescheduled",
            &[("/event", Predicate::Is("message.rescheduled"))],
            example!("lettermint/other-message-rescheduled"),
        ),
        other(
            "message.canceled",
            &[("/event", Predicate::Is("message.canceled"))],
            example!("lettermint/other-message-canceled"),
        ),
        other(
            "message.released",
            &[("/event", Predicate::Is("message.released"))],
            example!("lettermint/other-message-released"),
        ),
        other(
            "message.inbound",
            &[("/event", Predicate::Is("message.inbound"))],
            example!("lettermint/other-message-inbound"),
        ),
        other(
            "suppression.added",
            &[("/event", Predicate::Is("suppression.added"))],
            example!("lettermint/other-suppression-added"),
        ),
        other(
            "suppression.removed",
            &[("/event", Predicate::Is("suppression.removed"))],
            example!("lettermint/other-suppression-removed"),
        ),
        other(
            "webhook.test",
            &[("/event", Predicate::Is("webhook.test"))],
            example!("lettermint/other-webhook-test"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "message.hard_bounced",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "message.soft_bounced",
            sets: &[
                ("/data/response/status_code", "450"),
                ("/data/response/enhanced_status_code", "4.2.0"),
                (
                    "/data/response/content",
                    "450 4.2.0 Mailbox temporarily unavailable",
                ),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "message.soft_bounced",
            sets: &[],
        },
        Bounce {
            name: "blocked",
            row: "message.hard_bounced",
            sets: &[
                ("/data/response/status_code", "554"),
                ("/data/response/enhanced_status_code", "5.7.1"),
                (
                    "/data/response/content",
                    "554 5.7.1 Service unavailable; client host blocked by policy list",
                ),
            ],
        },
    ],
    machines: &[
        Machine {
            kind: Kind::Open,
            row: "message.opened",
            sets: BOT,
        },
        Machine {
            kind: Kind::Click,
            row: "message.clicked",
            sets: BOT,
        },
    ],
    conduct: Behaviour {
        handshake: &[Handshake::Event("webhook.test")],
        judges_age: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("2xx"),
        retries: Unconfirmed(
            "again and again, later each time; `X-Lettermint-Attempt` counts them",
            "how often and after which pauses is not known",
        ),
        ..HABITS
    },
    origins: &[
        documented(&LARAVEL, &["/"]),
        documented(&LARAVEL, &["/timestamp"])
            .unconfirmed("the page has milliseconds and the tests have none"),
        documented(&LARAVEL, &["/context"])
            .unconfirmed("new in 2026; whether it always comes is not known"),
        documented(&LARAVEL, &["/data/bot"]).unconfirmed("which words it may hold is not known"),
        documented(&EVENTS, &["/"]).of(&["webhook.test"]),
        documented(&EVENTS, &["/id"])
            .unconfirmed("it may begin with `test-`")
            .of(&["webhook.test"]),
        documented(
            &LIBRARIES,
            &[
                "content-type",
                "x-lettermint-event",
                "x-lettermint-attempt",
                "x-lettermint-delivery",
            ],
        ),
        documented(&LIBRARIES, &["x-lettermint-signature"])
            .unconfirmed("an older page has `sha256=`, which no library takes"),
    ],
    ..SIGNER
};

/// Members that mark a machine; the values are assumed.
const BOT: &[(&str, &str)] = &[
    ("/data/user_agent", "SecurityScanner/1.0"),
    ("/data/bot/detected", "true"),
    ("/data/bot/probability", "97"),
    ("/data/bot/classification", "bot"),
    ("/data/bot/machine", "true"),
    ("/data/bot/counts_for_metrics", "false"),
];

const fn other(
    native: &'static str,
    marks: &'static [(&'static str, Predicate)],
    example: &'static str,
) -> EventDef {
    row(Kind::Other, native, marks, example)
}
