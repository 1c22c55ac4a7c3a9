//! Forward Email: outbound mail has events for bounces only, one object per request. No field names the event: the
//! category of the bounce does. Mail that an alias forwards to a URL is another body with the same signature.
//! <https://forwardemail.net/faq#do-you-support-bounce-webhooks>

use crate::providers::behaviour::{Behaviour, CONDUCT};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::Habits;
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Encoding, KeyForm, Kind, Location, Part, Predicate, Scheme, Style,
};

static BODY_HEX: Scheme = Scheme {
    name: "forwardemail",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::Text,
    id: None,
    timestamp: None,
    signed: &[Part::Body],
    signature: Location::Header("x-webhook-signature"),
    encoding: Encoding::Hex,
    fresh: &[],
    tolerance: 300,
    uncovered: Some("the scheme has no timestamp: an old delivery verifies as well"),
    guard: None,
};

static FAQ: Page = page(
    "FAQ, bounce webhooks",
    "https://forwardemail.net/faq#do-you-support-bounce-webhooks",
    "2026-11-27",
);

static SOURCE: Page = page(
    "source code of Forward Email",
    "https://github.com/forwardemail/forwardemail.net",
    "2026-11",
);

/// Forward Email's webhooks: of bounces, and of mail for an alias.
pub static PROVIDER: Provider = Provider {
    name: "forwardemail",
    title: "Forward Email",
    docs: FAQ.url,
    // The signature header is no signal: many senders have one of that name.
    signals: &[
        Signal::Body(&[
            ("/email_id", Predicate::Present),
            ("/bounced_at", Predicate::Present),
            ("/bounce", Predicate::Object),
        ]),
        Signal::Body(PARSED),
        Signal::Body(INBOUND),
    ],
    schemes: &[&BODY_HEX],
    test_secret: "webhook-cli-public-test-key-forwardemail",
    test_public: "webhook-cli-public-test-key-forwardemail",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/bounce/category"],
    fields: Fields {
        recipient: &["/recipient"],
        message_id: &["/email_id"],
        at: &[TimeField::Rfc3339("/bounced_at", 3)],
        reason: &["/response", "/message", "/bounce/message"],
        ..FIELDS
    },
    events: &[
        bounce(
            BounceClass::Hard,
            "recipient",
            &[("/bounce/category", Predicate::Is("recipient"))],
            example!("forwardemail/bounce"),
        ),
        // The address is to be removed after these three as well.
        bounce(
            BounceClass::Hard,
            "block",
            &[("/bounce/category", Predicate::Is("block"))],
            example!("forwardemail/bounce-block"),
        ),
        bounce(
            BounceClass::Hard,
            "spam",
            &[("/bounce/category", Predicate::Is("spam"))],
            example!("forwardemail/bounce-spam"),
        ),
        bounce(
            BounceClass::Hard,
            "virus",
            &[("/bounce/category", Predicate::Is("virus"))],
            example!("forwardemail/bounce-virus"),
        ),
        // Soft whatever the status code is: the address may stay.
        bounce(
            BounceClass::Soft,
            "capacity",
            &[("/bounce/category", Predicate::Is("capacity"))],
            example!("forwardemail/bounce-mailbox-full"),
        ),
        // Every other category.
        bounce(
            BounceClass::Soft,
            "greylist",
            &[("/bounce/category", Predicate::Present)],
            example!("forwardemail/bounce-greylist"),
        ),
        row(
            Kind::Inbound,
            "inbound",
            PARSED,
            example!("forwardemail/inbound"),
        ),
        row(Kind::Inbound, "inbound", INBOUND, ""),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "recipient",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "greylist",
            sets: &[],
        },
        Bounce {
            name: "mailbox-full",
            row: "capacity",
            sets: &[],
        },
        Bounce {
            name: "blocked",
            row: "block",
            sets: &[],
        },
    ],
    conduct: Behaviour {
        only_200: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one bounce a request"),
        success: Documented("200"),
        retries: Documented("1 more"),
        timeout: Documented(5),
    },
    origins: &[
        documented(&FAQ, &["/"]),
        documented(&SOURCE, &["/"]).of(&["inbound"]),
        documented(
            &SOURCE,
            &["/arc", "/bimi", "/dkim", "/dmarc", "/headers", "/spf"],
        )
        .unconfirmed("the whole of it")
        .of(&["inbound"]),
        assumed("its version is not known", &["user-agent"]).of(&["inbound"]),
        documented(&FAQ, &["x-webhook-signature"]).unconfirmed("the case of its digits"),
        assumed("the page names no content type", &["content-type"]),
        documented(&FAQ, &["/bounce/action", "/bounce/category"])
            .unconfirmed("the list of their values"),
        assumed(
            "whether deferrals are told, and in which words",
            &["/bounce/action", "/bounce/category"],
        )
        .of(&["greylist"]),
    ],
    inbound: Some(&inbound::forwardemail::INBOUND),
    ..SIGNER
};

/// Mail that came in for an alias, as it was read.
const PARSED: &[(&str, Predicate)] = &[
    ("/headerLines", Predicate::Present),
    ("/recipients", Predicate::Present),
    ("/session", Predicate::Object),
];

/// Mail that came in for an alias, with the message itself.
const INBOUND: &[(&str, Predicate)] = &[
    ("/raw", Predicate::Present),
    ("/recipients", Predicate::Present),
    ("/session", Predicate::Object),
];
