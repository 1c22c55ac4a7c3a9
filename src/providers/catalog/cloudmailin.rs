//! CloudMailin, which receives mail and does nothing else: one request for each SMTP transaction, made before the sender's
//! server gets its answer. Nothing is signed; the URL carries basic authentication.
//! <https://docs.cloudmailin.com/receiving_email/http_post_formats/>

use crate::providers::habits::Fact::{Documented, NotDocumented};
use crate::providers::habits::Habits;
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{CREDENTIALS, Envelope, Provider, SIGNER, Signal, row};
use crate::webhook::{Kind, Predicate};

static FORMATS: Page = page(
    "HTTP POST formats",
    "https://docs.cloudmailin.com/receiving_email/http_post_formats/",
    "2026-07",
);

/// Normalized JSON.
const NORMALIZED: &[(&str, Predicate)] = &[
    ("/envelope/recipients", Predicate::Present),
    ("/headers", Predicate::Object),
    ("/plain", Predicate::Present),
];

/// Multipart form, normalized or with the whole message.
const FORM: &[(&str, Predicate)] = &[
    ("/envelope[to]", Predicate::Present),
    ("/envelope[remote_ip]", Predicate::Present),
];

/// Multipart form with the whole message.
const RAW_FORM: &[(&str, Predicate)] = &[
    ("/message", Predicate::Present),
    ("/envelope[to]", Predicate::Present),
    ("/envelope[remote_ip]", Predicate::Present),
];

/// CloudMailin's HTTP POST.
pub static PROVIDER: Provider = Provider {
    name: "cloudmailin",
    title: "CloudMailin",
    docs: FORMATS.url,
    signals: &[Signal::Body(NORMALIZED), Signal::Body(FORM)],
    schemes: &[&CREDENTIALS],
    envelope: Envelope::Plain,
    native: &[],
    events: &[
        row(
            Kind::Inbound,
            "inbound",
            NORMALIZED,
            example!("cloudmailin/inbound"),
        ),
        row(
            Kind::Inbound,
            "inbound_raw",
            RAW_FORM,
            example!("cloudmailin/inbound-raw"),
        )
        .special(),
        row(
            Kind::Inbound,
            "inbound_multipart",
            FORM,
            example!("cloudmailin/inbound-multipart"),
        )
        .special(),
    ],
    habits: Habits {
        batching: Documented("one message"),
        success: Documented(
            "2xx; 4xx rejects the message, and 5xx lets the sender's server try again",
        ),
        retries: Documented("none by CloudMailin: the sender's server tries again"),
        timeout: NotDocumented,
    },
    inbound: Some(&inbound::cloudmailin::INBOUND),
    origins: &[
        documented(&FORMATS, &["content-type", "/"]),
        assumed("seen in requests of 2013", &["user-agent"]),
    ],
    ..SIGNER
};
