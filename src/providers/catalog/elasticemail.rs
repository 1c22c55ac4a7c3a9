//! Elastic Email: one event per request, in one of two formats. A webhook is an unsigned GET by default, with the
//! fields in its query; since 2026 it can be a POST of the same fields as a flat JSON object, signed. `send` by kind
//! produces the POST; names that begin with `get-` produce the GET.
//!
//! Unconfirmed: the whole text of the secret as key (no verifier is published), the format of `date` and the case of
//! the names in JSON.
//! <https://help.elasticemail.com/>

use crate::providers::behaviour::{Behaviour, CONDUCT, Handshake};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
    TimestampFormat,
};

static POST_JSON: Scheme = Scheme {
    name: "elasticemail",
    algorithm: Algorithm::HmacSha256,
    // It is shown once, at creation, and begins with `whsec_` (from an API collection of a third party, not confirmed);
    // and yet it is no base64.
    key: KeyForm::Text,
    id: None,
    timestamp: Some((
        Location::Header("x-elasticemail-timestamp"),
        TimestampFormat::Seconds,
    )),
    signed: &[
        Part::Timestamp,
        Part::Text("\n"),
        Part::Method,
        Part::Text("\n"),
        Part::UrlPath,
        Part::Text("\n"),
        Part::Body,
    ],
    signature: Location::Header("x-elasticemail-signature"),
    encoding: Encoding::After("v1=", &Encoding::Hex),
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

const ERROR: (&str, Predicate) = ("/status", Predicate::Is("Error"));

/// Categories of soft bounces. Blocks are among them: the mailbox exists.
const SOFT: Predicate = Predicate::OneOf(&[
    "GreyListed",
    "DNSProblem",
    "ConnectionProblem",
    "ConnectionTerminated",
    "Timeout",
    "Throttled",
    "AccountProblem",
    "CodeError",
    "SPFProblem",
    "WhitelistingProblem",
    "BlackListed",
    "Spam",
    "ContentFilter",
]);

static SDK: Page = page(
    "Python SDK 4.4.0",
    "https://github.com/ElasticEmail/elasticemail-python",
    "2026",
);

/// Elastic Email's notifications.
pub static PROVIDER: Provider = Provider {
    name: "elasticemail",
    title: "Elastic Email",
    docs: "https://help.elasticemail.com/",
    signals: &[
        Signal::Body(&[
            ("/transaction", Predicate::Present),
            ("/messageid", Predicate::Present),
            ("/status", Predicate::Present),
            ("/channel", Predicate::Present),
        ]),
        Signal::Header("x-elasticemail-signature"),
        Signal::Header("x-elasticemail-webhook-id"),
    ],
    schemes: &[&POST_JSON],
    test_secret: "whsec_webhook_cli_public_test_key_elasticemail",
    test_public: "whsec_webhook_cli_public_test_key_elasticemail",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/status"],
    fields: Fields {
        recipient: &["/to"],
        message_id: &["/messageid"],
        at: &[TimeField::Utc("/date", "%-m/%-d/%Y %-I:%M:%S %p")],
        url: &["/target"],
        reason: &["/category"],
        tag: Placement::Text("/channel"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Delivered,
            "Sent",
            &[("/status", Predicate::Is("Sent"))],
            example!("elasticemail/delivered"),
        ),
        row(
            Kind::Open,
            "Opened",
            &[("/status", Predicate::Is("Opened"))],
            example!("elasticemail/open"),
        ),
        row(
            Kind::Click,
            "Clicked",
            &[("/status", Predicate::Is("Clicked"))],
            example!("elasticemail/click"),
        ),
        // Never handed to the receiving server: cancelled, or suppressed.
        row(
            Kind::Rejected,
            "NotDelivered",
            &[
                ERROR,
                (
                    "/category",
                    Predicate::OneOf(&["NotDelivered", "ManualCancel"]),
                ),
            ],
            "",
        ),
        bounce(
            BounceClass::Hard,
            "Error",
            &[ERROR, ("/category", Predicate::Is("NoMailbox"))],
            example!("elasticemail/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "SoftError",
            &[ERROR, ("/category", SOFT)],
            example!("elasticemail/bounce-soft"),
        ),
        bounce(BounceClass::Undetermined, "UnknownError", &[ERROR], ""),
        row(
            Kind::Complaint,
            "AbuseReport",
            &[("/status", Predicate::Is("AbuseReport"))],
            example!("elasticemail/complaint"),
        ),
        row(
            Kind::Unsubscribe,
            "Unsubscribed",
            &[("/status", Predicate::Is("Unsubscribed"))],
            example!("elasticemail/unsubscribe"),
        ),
        // The same events as GET: received ones are read by the definitions above, these are for sending only.
        row(
            Kind::Delivered,
            "get-Sent",
            &[("/status", Predicate::Is("Sent"))],
            example!("elasticemail/delivered-get"),
        ),
        row(
            Kind::Open,
            "get-Opened",
            &[("/status", Predicate::Is("Opened"))],
            example!("elasticemail/open-get"),
        ),
        row(
            Kind::Click,
            "get-Clicked",
            &[("/status", Predicate::Is("Clicked"))],
            example!("elasticemail/click-get"),
        ),
        bounce(
            BounceClass::Hard,
            "get-Error",
            &[ERROR, ("/category", Predicate::Is("NoMailbox"))],
            example!("elasticemail/bounce-get"),
        ),
        bounce(
            BounceClass::Soft,
            "get-SoftError",
            &[ERROR, ("/category", SOFT)],
            example!("elasticemail/bounce-soft-get"),
        ),
        row(
            Kind::Complaint,
            "get-AbuseReport",
            &[("/status", Predicate::Is("AbuseReport"))],
            example!("elasticemail/complaint-get"),
        ),
        row(
            Kind::Unsubscribe,
            "get-Unsubscribed",
            &[("/status", Predicate::Is("Unsubscribed"))],
            example!("elasticemail/unsubscribe-get"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "Error",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "SoftError",
            sets: &[],
        },
        Bounce {
            name: "blocked",
            row: "SoftError",
            sets: &[("/category", "BlackListed")],
        },
    ],
    conduct: Behaviour {
        handshake: &[Handshake::Get],
        judges_age: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        retries: Unconfirmed(
            "until 1000 failures switch the webhook off",
            "when and how often",
        ),
        ..HABITS
    },
    origins: &[
        documented(&SDK, &[""]),
        documented(&SDK, &["/"])
            .unconfirmed("whether names keep their case in JSON")
            .of(&[
                "Sent",
                "Opened",
                "Clicked",
                "Error",
                "SoftError",
                "AbuseReport",
                "Unsubscribed",
            ]),
        documented(&SDK, &["/date"])
            .unconfirmed("its form in JSON")
            .of(&[
                "Sent",
                "Opened",
                "Clicked",
                "Error",
                "SoftError",
                "AbuseReport",
                "Unsubscribed",
            ]),
        documented(&SDK, &["x-elasticemail-signature"])
            .unconfirmed("whether the key is the text of the secret"),
    ],
    ..SIGNER
};
