//! Mailgun: one JSON object with a `signature` block beside the `event-data`. Only timestamp and token are signed, so a
//! changed body still verifies. Webhooks from before 2018 are forms of flat fields, multipart if a raw bounce is
//! attached.
//! <https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhooks>

use crate::providers::behaviour::{Behaviour, CONDUCT};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
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

/// Current scheme: <https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks>.
static SIGNATURE_BLOCK: Scheme = scheme(
    "mailgun",
    Location::Body("/signature/timestamp"),
    &[
        Part::Timestamp,
        Part::At(Location::Body("/signature/token")),
    ],
    Location::Body("/signature/signature"),
    &[Location::Body("/signature/token")],
);

/// Scheme of subaccounts, whose deliveries have a second signature with the parent account's key.
static PARENT_SIGNATURE: Scheme = scheme(
    "mailgun",
    Location::Body("/signature/timestamp"),
    &[
        Part::Timestamp,
        Part::At(Location::Body("/signature/token")),
    ],
    Location::Body("/signature/parent-signature"),
    &[],
);

/// Scheme of the legacy form. Custom variables may collide with its fields, so the last of each name counts.
static LEGACY_FORM: Scheme = scheme(
    "mailgun",
    Location::Field("timestamp"),
    &[Part::Timestamp, Part::At(Location::Field("token"))],
    Location::Field("signature"),
    &[Location::Field("token")],
);

const fn scheme(
    name: &'static str,
    timestamp: Location,
    signed: &'static [Part],
    signature: Location,
    fresh: &'static [Location],
) -> Scheme {
    Scheme {
        name,
        algorithm: Algorithm::HmacSha256,
        key: KeyForm::Text,
        id: None,
        timestamp: Some((timestamp, TimestampFormat::Seconds)),
        signed,
        signature,
        encoding: Encoding::Hex,
        fresh,
        tolerance: 300,
        uncovered: Some("the sender is authentic; the body is not covered by the signature"),
        guard: None,
    }
}

/// Form of a route, which tells of a message and not of an event.
const ROUTE: &[(&str, Predicate)] = &[
    RECIPIENT,
    ("/sender", Predicate::Present),
    HEADERS,
    ("/token", Predicate::Present),
    ("/signature", Predicate::Present),
    EVENTLESS,
];

const HEADERS: (&str, Predicate) = ("/message-headers", Predicate::Present);
const RECIPIENT: (&str, Predicate) = ("/recipient", Predicate::Present);
const EVENTLESS: (&str, Predicate) = ("/event", Predicate::Absent);

const SUPPRESSED: Predicate = Predicate::Starts("suppress-");

static MANUAL: Page = page(
    "documentation repository, last version of 2024",
    "https://github.com/mailgun/documentation",
    "2024",
);
static ROUTES: Page = page(
    "Receiving messages by HTTP",
    "https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http",
    "2026-11",
);
static SECURING: Page = page(
    "Securing webhooks",
    "https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks",
    "2024",
);

/// Doubt for the kinds that are documented for the events API only.
const EVENTS_API: &str =
    "known from the events API; whether it comes as a webhook is not confirmed";

/// Mailgun's webhooks, current and legacy.
pub static PROVIDER: Provider = Provider {
    name: "mailgun",
    title: "Mailgun",
    docs: "https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhooks",
    signals: &[
        Signal::Body(&[
            ("/signature/token", Predicate::Present),
            ("/event-data/event", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/event-data/event", Predicate::Present),
            ("/event-data/timestamp", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/token", Predicate::Present),
            ("/timestamp", Predicate::Present),
            ("/signature", Predicate::Present),
            ("/event", Predicate::Present),
        ]),
        Signal::Body(ROUTE),
    ],
    schemes: &[&SIGNATURE_BLOCK, &LEGACY_FORM, &PARENT_SIGNATURE],
    test_secret: "webhook-cli-public-test-key-mailgun",
    test_public: "webhook-cli-public-test-key-mailgun",
    envelope: Envelope::Plain,
    style: Style::SPACED,
    native: &["/event-data/event", "/event"],
    fields: Fields {
        recipient: &[
            "/event-data/recipient",
            "/recipient",
            "/event-data/member/address",
            // The only address in `rejected`.
            "/event-data/message/headers/to",
        ],
        domain: &["/event-data/recipient-domain"],
        message_id: &[
            "/event-data/message/headers/message-id",
            "/Message-Id",
            "/message-id",
        ],
        at: &[
            TimeField::Fraction("/event-data/timestamp"),
            TimeField::LastSeconds("/timestamp"),
        ],
        url: &["/event-data/url", "/url"],
        reason: &[
            "/event-data/delivery-status/message",
            "/event-data/delivery-status/description",
            "/event-data/reject/reason",
            "/event-data/reject/description",
            "/event-data/reason",
            "/error",
            "/description",
        ],
        unique: &["/event-data/id"],
        campaign: Placement::Named("/event-data/campaigns"),
        tag: Placement::List("/event-data/tags"),
        metadata: Placement::Members("/event-data/user-variables"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "accepted",
            &[("/event-data/event", Predicate::Is("accepted"))],
            example!("mailgun/sent"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event-data/event", Predicate::Is("delivered"))],
            example!("mailgun/delivered"),
        ),
        // A webhook is registered for `temporary_fail` or `permanent_fail`; the event in it is `failed`.
        row(
            Kind::Deferred,
            "temporary_fail",
            &[
                ("/event-data/event", Predicate::Is("failed")),
                ("/event-data/severity", Predicate::Is("temporary")),
            ],
            example!("mailgun/deferred"),
        ),
        row(
            Kind::Rejected,
            "suppressed",
            &[
                ("/event-data/event", Predicate::Is("failed")),
                ("/event-data/reason", SUPPRESSED),
            ],
            example!("mailgun/rejected"),
        ),
        bounce(
            BounceClass::Hard,
            "delayed_bounce",
            &[
                ("/event-data/event", Predicate::Is("failed")),
                ("/event-data/flags/is-delayed-bounce", Predicate::Is("true")),
            ],
            example!("mailgun/bounce-delayed"),
        )
        .special(),
        bounce(
            BounceClass::Hard,
            "permanent_fail",
            &[("/event-data/event", Predicate::Is("failed"))],
            example!("mailgun/bounce"),
        ),
        row(
            Kind::Open,
            "opened",
            &[("/event-data/event", Predicate::Is("opened"))],
            example!("mailgun/open"),
        ),
        row(
            Kind::Click,
            "clicked",
            &[("/event-data/event", Predicate::Is("clicked"))],
            example!("mailgun/click"),
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribed",
            &[("/event-data/event", Predicate::Is("unsubscribed"))],
            example!("mailgun/unsubscribe"),
        ),
        row(
            Kind::Complaint,
            "complained",
            &[("/event-data/event", Predicate::Is("complained"))],
            example!("mailgun/complaint"),
        ),
        // Known from the events API; that these are sent as webhooks is unconfirmed.
        row(
            Kind::Rejected,
            "rejected",
            &[("/event-data/event", Predicate::Is("rejected"))],
            example!("mailgun/rejected-by-mailgun"),
        ),
        row(
            Kind::Other,
            "stored",
            &[("/event-data/event", Predicate::Is("stored"))],
            example!("mailgun/other-stored"),
        ),
        row(
            Kind::Other,
            "list_member_uploaded",
            &[("/event-data/event", Predicate::Is("list_member_uploaded"))],
            example!("mailgun/other-list-member-uploaded"),
        ),
        row(
            Kind::Other,
            "list_member_upload_error",
            &[("/event-data/event", Predicate::Is("list_member_upload_error"))],
            example!("mailgun/other-list-member-upload-error"),
        ),
        row(
            Kind::Other,
            "list_uploaded",
            &[("/event-data/event", Predicate::Is("list_uploaded"))],
            example!("mailgun/other-list-uploaded"),
        ),
        row(
            Kind::Inbound,
            "inbound_raw",
            &[RECIPIENT, HEADERS, EVENTLESS, ("/body-mime", Predicate::Present)],
            example!("mailgun/inbound-raw"),
        )
        .special(),
        row(
            Kind::Inbound,
            "inbound_stored",
            &[RECIPIENT, HEADERS, EVENTLESS, ("/message-url", Predicate::Present)],
            example!("mailgun/inbound-stored"),
        )
        .special(),
        row(
            Kind::Inbound,
            "inbound",
            &[RECIPIENT, HEADERS, EVENTLESS],
            example!("mailgun/inbound")),
        // The legacy form.
        row(
            Kind::Delivered,
            "legacy_delivered",
            &[("/event", Predicate::Is("delivered"))],
            example!("mailgun/delivered-legacy"),
        ),
        bounce(
            BounceClass::Soft,
            "legacy_expired",
            &[
                ("/event", Predicate::Is("dropped")),
                ("/reason", Predicate::Is("old")),
            ],
            "",
        ),
        row(
            Kind::Rejected,
            "legacy_dropped",
            &[("/event", Predicate::Is("dropped"))],
            example!("mailgun/rejected-legacy"),
        ),
        bounce(
            BounceClass::Hard,
            "legacy_bounced_multipart",
            &[
                ("/event", Predicate::Is("bounced")),
                ("/attachment-1", Predicate::Object),
            ],
            example!("mailgun/bounce-legacy-multipart"),
        ),
        bounce(
            BounceClass::Hard,
            "legacy_bounced",
            &[("/event", Predicate::Is("bounced"))],
            example!("mailgun/bounce-legacy"),
        ),
        row(
            Kind::Complaint,
            "legacy_complained",
            &[("/event", Predicate::Is("complained"))],
            example!("mailgun/complaint-legacy"),
        ),
        row(
            Kind::Open,
            "legacy_opened",
            &[("/event", Predicate::Is("opened"))],
            example!("mailgun/open-legacy"),
        ),
        row(
            Kind::Click,
            "legacy_clicked",
            &[("/event", Predicate::Is("clicked"))],
            example!("mailgun/click-legacy"),
        ),
        row(
            Kind::Unsubscribe,
            "legacy_unsubscribed",
            &[("/event", Predicate::Is("unsubscribed"))],
            example!("mailgun/unsubscribe-legacy"),
        ),
    ],
    machines: &[
        Machine {
            kind: Kind::Open,
            row: "opened",
            sets: &[("/event-data/client-info/bot", "apple")],
        },
        Machine {
            kind: Kind::Click,
            row: "clicked",
            sets: &[("/event-data/client-info/bot", "generic")],
        },
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "permanent_fail",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "temporary_fail",
            sets: &[],
        },
        Bounce {
            name: "mailbox-full",
            row: "temporary_fail",
            sets: &[
                ("/event-data/reason", "generic"),
                ("/event-data/delivery-status/code", "452"),
                ("/event-data/delivery-status/enhanced-code", "\"4.2.2\""),
                (
                    "/event-data/delivery-status/message",
                    "4.2.2 mailbox over quota",
                ),
            ],
        },
        Bounce {
            name: "blocked",
            row: "permanent_fail",
            sets: &[
                ("/event-data/reason", "espblock"),
                ("/event-data/delivery-status/code", "554"),
                ("/event-data/delivery-status/enhanced-code", "\"5.7.1\""),
                (
                    "/event-data/delivery-status/message",
                    "5.7.1 Service unavailable; client host blocked by policy list",
                ),
                ("/event-data/delivery-status/bounce-type", "soft"),
            ],
        },
    ],
    conduct: Behaviour {
        only_200: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        success: Unconfirmed("200", "whether another 2xx counts"),
        retries: Documented(
            "after any other answer but 406, for 8 hours (5, 10, 15 min, 1, 2, 4 h); `delivered` is not tried again",
        ),
        ..HABITS
    },
    origins: &[
        documented(&MANUAL, &["content-type", "/"]),
        documented(&SECURING, &["/signature", "/timestamp", "/token"]),
        assumed(
            "seen in requests of some years ago; today's version is not known",
            &["user-agent"],
        ),
        assumed(
            "that a raw bounce comes as `attachment-1` is documented; what its file is called, its type and what is in it \
             are not",
            &["/attachment-1"],
        )
        .of(&["legacy_bounced_multipart"]),
        documented(&ROUTES, &["content-type", "/"]).of(&["inbound", "inbound_stored"]),
        documented(&ROUTES, &["/"]).of(&["inbound_raw"]),
        documented(&ROUTES, &["content-type"])
            .unconfirmed("the type of the raw form today")
            .of(&["inbound_raw"]),
        documented(
            &ROUTES,
            &[
                "/Content-Type",
                "/Date",
                "/From",
                "/Message-Id",
                "/Mime-Version",
                "/Subject",
                "/To",
                "/X-Envelope-From",
                "/X-Mailgun-Dkim-Check-Result",
                "/X-Mailgun-Incoming",
                "/X-Mailgun-Sflag",
                "/X-Mailgun-Spf",
                "/X-Mailgun-Sscore",
            ],
        )
        .unconfirmed("every header field is one of the form in requests that were kept; the page of today lists few")
        .of(&["inbound*"]),
        assumed("seen in requests of some years ago", &["accept-encoding"]).of(&["inbound*"]),
        documented(&MANUAL, &["/event-data"])
            .unconfirmed(EVENTS_API)
            .of(&["rejected", "stored", "list_*"]),
    ],
    inbound: Some(&inbound::mailgun::INBOUND),
    ..SIGNER
};
