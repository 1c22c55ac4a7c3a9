//! Postal, which its users host themselves: one object per request, signed with the RSA key of the installation. There
//! are no complaints and no unsubscriptions. Beside the signature with SHA-256, Postal still sends one with SHA-1, and
//! the id of the key. The strongest signature present is the one that counts.
//! <https://docs.postalserver.io/developer/webhooks>

use rsa::pkcs1::EncodeRsaPublicKey;
use sha2::{Digest, Sha256};

use crate::providers::behaviour::{Behaviour, CONDUCT, CompanionHeaders};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::Habits;
use crate::providers::inbound;
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Delivery, Document, Encoding, Guard, Key, KeyForm, Kind, Location,
    Part, Predicate, Scheme, SigningContext, Style, VerifyOptions,
};

static SHA256: Scheme = scheme(
    Algorithm::RsaSha256,
    "x-postal-signature-256",
    "the scheme has no timestamp: an old delivery verifies as well",
    None,
);

/// Scheme of older servers, which send no other signature.
static SHA1: Scheme = scheme(
    Algorithm::RsaSha1,
    "x-postal-signature",
    "signed with SHA-1 only, as old servers do, and without a timestamp",
    Some(is_all_there_is),
);

const fn scheme(
    algorithm: Algorithm,
    signature: &'static str,
    uncovered: &'static str,
    guard: Option<Guard>,
) -> Scheme {
    Scheme {
        name: "postal",
        algorithm,
        key: KeyForm::Rsa,
        id: None,
        timestamp: None,
        signed: &[Part::Body],
        signature: Location::Header(signature),
        encoding: Encoding::Base64,
        fresh: &[],
        tolerance: 300,
        uncovered: Some(uncovered),
        guard,
    }
}

/// Guard of the weaker scheme: it is rejected if a stronger signature is present, so that it cannot replace an invalid
/// one.
fn is_all_there_is(delivery: &Delivery, _: &Document, _: &VerifyOptions) -> Result<(), String> {
    match delivery.headers.get("x-postal-signature-256") {
        None => Ok(()),
        Some(_) => Err("the signature with SHA-256 does not match".into()),
    }
}

const KEY_ID: &str = "x-postal-signature-kid";

static BESIDE: CompanionHeaders = CompanionHeaders {
    headers: &["x-postal-signature", KEY_ID],
    sign: sign_beside,
};

fn sign_beside(
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    SHA1.sign(delivery, key, context)?;
    match key {
        Key::Rsa(_, public) => Location::Header(KEY_ID).write(delivery, &key_id(public.key())?),
        _ => Ok(()),
    }
}

/// Id of a key in the key set that the installation publishes: 64 hexadecimal characters, the digest of the key's
/// modulus and exponent as Ruby libraries for JSON Web Keys compute it.
fn key_id(public: &rsa::PublicKey) -> Result<String, String> {
    let der = public.to_pkcs1_der().map_err(|error| error.to_string())?;
    Ok(hex::encode(Sha256::digest(der.as_bytes())))
}

static SOURCE: Page = page(
    "source code of Postal",
    "https://github.com/postalserver/postal",
    "2026-04",
);

/// Message of an HTTP endpoint, whole.
const RAW_MESSAGE: &[(&str, Predicate)] = &[
    ("/rcpt_to", Predicate::Present),
    ("/mail_from", Predicate::Present),
    ("/message", Predicate::Present),
    ("/base64", Predicate::Present),
];

/// Message of an HTTP endpoint, in parts.
const HASH: &[(&str, Predicate)] = &[
    ("/rcpt_to", Predicate::Present),
    ("/mail_from", Predicate::Present),
    ("/attachment_quantity", Predicate::Present),
];

/// Postal's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "postal",
    title: "Postal",
    docs: "https://docs.postalserver.io/developer/webhooks",
    signals: &[
        Signal::Body(RAW_MESSAGE),
        Signal::Body(HASH),
        Signal::Body(&[
            ("/event", Predicate::Present),
            ("/timestamp", Predicate::Present),
            ("/payload", Predicate::Object),
            ("/uuid", Predicate::Present),
        ]),
        Signal::Header("x-postal-signature-256"),
        Signal::Header("x-postal-signature"),
    ],
    schemes: &[&SHA256, &SHA1],
    test_secret: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/postal/test-key.pem"
    )),
    test_public: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/postal/test-public-key.txt"
    )),
    envelope: Envelope::Plain,
    style: Style {
        rails: true,
        ..Style::COMPACT
    },
    native: &["/event"],
    fields: Fields {
        recipient: &["/payload/message/to", "/payload/original_message/to"],
        message_id: &[
            "/payload/message/message_id",
            "/payload/original_message/message_id",
        ],
        at: &[
            TimeField::Fraction("/timestamp"),
            TimeField::Fraction("/payload/timestamp"),
            TimeField::Fraction("/payload/message/timestamp"),
            TimeField::Fraction("/payload/original_message/timestamp"),
            TimeField::Fraction("/payload/bounce/timestamp"),
            TimeField::Fraction("/payload/dns_checked_at"),
        ],
        url: &["/payload/url"],
        reason: &["/payload/output", "/payload/details"],
        unique: &["/uuid"],
        tag: Placement::First(&["/payload/message/tag", "/payload/original_message/tag"]),
        ..FIELDS
    },
    events: &[
        row(Kind::Inbound, "inbound", HASH, example!("postal/inbound")),
        row(
            Kind::Inbound,
            "inbound_raw",
            RAW_MESSAGE,
            example!("postal/inbound-raw"),
        )
        .special(),
        row(
            Kind::Delivered,
            "MessageSent",
            &[("/event", Predicate::Is("MessageSent"))],
            example!("postal/delivered"),
        ),
        row(
            Kind::Deferred,
            "MessageDelayed",
            &[("/event", Predicate::Is("MessageDelayed"))],
            example!("postal/deferred"),
        ),
        // Waits for an operator.
        row(
            Kind::Deferred,
            "MessageHeld",
            &[("/event", Predicate::Is("MessageHeld"))],
            example!("postal/deferred-held"),
        ),
        // A bounce message came back.
        bounce(
            BounceClass::Hard,
            "MessageBounced",
            &[("/event", Predicate::Is("MessageBounced"))],
            example!("postal/bounce"),
        ),
        // The next server rejected it permanently.
        bounce(
            BounceClass::Hard,
            "MessageDeliveryFailed",
            &[("/event", Predicate::Is("MessageDeliveryFailed"))],
            example!("postal/bounce-refused"),
        ),
        row(
            Kind::Click,
            "MessageLinkClicked",
            &[("/event", Predicate::Is("MessageLinkClicked"))],
            example!("postal/click"),
        ),
        row(
            Kind::Open,
            "MessageLoaded",
            &[("/event", Predicate::Is("MessageLoaded"))],
            example!("postal/open"),
        ),
        row(
            Kind::Other,
            "DomainDNSError",
            &[("/event", Predicate::Is("DomainDNSError"))],
            example!("postal/other-domain-dns-error"),
        ),
        row(
            Kind::Other,
            "SendLimitApproaching",
            &[("/event", Predicate::Is("SendLimitApproaching"))],
            "",
        ),
        row(
            Kind::Other,
            "SendLimitExceeded",
            &[("/event", Predicate::Is("SendLimitExceeded"))],
            "",
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "MessageBounced",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "MessageDelayed",
            sets: &[],
        },
        Bounce {
            name: "mailbox-full",
            row: "MessageDelayed",
            sets: &[("/payload/output", "452 4.2.2 Mailbox full")],
        },
        Bounce {
            name: "blocked",
            row: "MessageDeliveryFailed",
            sets: &[(
                "/payload/output",
                "554 5.7.1 Service unavailable; client host blocked by policy list",
            )],
        },
    ],
    conduct: Behaviour {
        beside: Some(&BESIDE),
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        success: Documented("2xx"),
        retries: Documented("5 more, after 2, 3, 6, 10 and 15 min"),
        timeout: Documented(5),
    },
    origins: &[
        documented(&SOURCE, &[""]),
        documented(&SOURCE, &["x-postal-signature-kid"])
            .unconfirmed("how the 64 characters are made of the key"),
    ],
    inbound: Some(&inbound::postal::INBOUND),
    ..SIGNER
};
