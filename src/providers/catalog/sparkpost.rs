//! SparkPost: always a list; each event is in an object of one member, `msys`, and there in one more member, named for
//! a class of events. The class does not identify the event: a `generation_failure` was seen inside a `message_event`.
//! Nearly every number is a string. Nothing is signed.
//! <https://developers.sparkpost.com/api/webhooks/>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT, Handshake};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Envelope, FIELDS, Fields, Machine, Placement, Provider, SIGNER, Signal,
    TimeField, bounce, row,
};
use crate::webhook::{BounceClass, Kind, Location, Predicate, Style};

const BOUNCED: (&str, Predicate) = ("/type", Predicate::OneOf(&["bounce", "out_of_band"]));
const HARD: (&str, Predicate) = ("/bounce_class", Predicate::OneOf(&["10", "30"]));
const SOFT: Predicate = Predicate::OneOf(&[
    "20", "21", "22", "23", "24", "40", "50", "51", "52", "53", "54", "70",
]);

static API: Page = page(
    "Webhooks",
    "https://developers.sparkpost.com/api/webhooks/",
    "2026-06",
);
static RELAY: Page = page(
    "Relay webhooks",
    "https://developers.sparkpost.com/api/relay-webhooks/",
    "2026-11",
);
static CATALOGUE: Page = page(
    "event catalogue of the Java client",
    "https://github.com/SparkPost/java-sparkpost",
    "2021",
);

/// SparkPost's event and relay webhooks.
pub static PROVIDER: Provider = Provider {
    name: "sparkpost",
    title: "SparkPost",
    docs: API.url,
    signals: &[
        Signal::Body(&[("/0/msys", Predicate::Object)]),
        Signal::Header("x-messagesystems-batch-id"),
        Signal::Header("x-messagesystems-webhook-token"),
    ],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Only("/msys"),
    style: Style::COMPACT,
    native: &["/type"],
    fields: Fields {
        // The first is in lower case, the second as it was typed.
        recipient: &["/rcpt_to", "/raw_rcpt_to"],
        domain: &["/recipient_domain", "/routing_domain"],
        // A message that could not be generated has only the id that the sending API returned.
        message_id: &["/message_id", "/transmission_id"],
        at: &[
            TimeField::Seconds("/timestamp"),
            TimeField::Seconds("/scheduled_time"),
            TimeField::Rfc3339("/injection_time", 3),
            TimeField::Rfc3339("/expiration_timestamp", 3),
        ],
        url: &["/target_link_url"],
        reason: &["/raw_reason", "/reason"],
        unique: &["/event_id"],
        campaign: Placement::Text("/campaign_id"),
        tag: Placement::List("/rcpt_tags"),
        metadata: Placement::Members("/rcpt_meta"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "injection",
            &[("/type", Predicate::Is("injection"))],
            example!("sparkpost/sent"),
        ),
        row(
            Kind::Delivered,
            "delivery",
            &[("/type", Predicate::Is("delivery"))],
            example!("sparkpost/delivered"),
        ),
        row(
            Kind::Deferred,
            "delay",
            &[("/type", Predicate::Is("delay"))],
            example!("sparkpost/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "hard_bounce",
            &[("/type", Predicate::Is("bounce")), HARD],
            example!("sparkpost/bounce"),
        ),
        // Reported by a server after it had accepted the message.
        bounce(
            BounceClass::Hard,
            "out_of_band",
            &[("/type", Predicate::Is("out_of_band")), HARD],
            example!("sparkpost/bounce-out-of-band"),
        ),
        bounce(
            BounceClass::Soft,
            "soft_bounce",
            &[BOUNCED, ("/bounce_class", SOFT)],
            example!("sparkpost/bounce-soft"),
        ),
        row(
            Kind::Rejected,
            "admin_failure",
            &[BOUNCED, ("/bounce_class", Predicate::Is("25"))],
            "",
        ),
        row(
            Kind::Subscribe,
            "subscribe_reply",
            &[BOUNCED, ("/bounce_class", Predicate::Is("80"))],
            "",
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribe_reply",
            &[BOUNCED, ("/bounce_class", Predicate::Is("90"))],
            "",
        ),
        row(
            Kind::Other,
            "automatic_reply",
            &[BOUNCED, ("/bounce_class", Predicate::OneOf(&["60", "100"]))],
            "",
        ),
        bounce(BounceClass::Undetermined, "undetermined", &[BOUNCED], ""),
        row(
            Kind::Rejected,
            "policy_rejection",
            &[("/type", Predicate::Is("policy_rejection"))],
            example!("sparkpost/rejected"),
        ),
        row(
            Kind::Complaint,
            "spam_complaint",
            &[("/type", Predicate::Is("spam_complaint"))],
            example!("sparkpost/complaint"),
        ),
        row(
            Kind::Open,
            "open",
            &[("/type", Predicate::Is("open"))],
            example!("sparkpost/open"),
        ),
        // Sent in addition to `open`, for the same reading.
        row(
            Kind::Open,
            "initial_open",
            &[("/type", Predicate::Is("initial_open"))],
            example!("sparkpost/open-initial"),
        ),
        row(
            Kind::Open,
            "amp_open",
            &[("/type", Predicate::Is("amp_open"))],
            example!("sparkpost/open-amp"),
        ),
        row(
            Kind::Open,
            "amp_initial_open",
            &[("/type", Predicate::Is("amp_initial_open"))],
            example!("sparkpost/open-amp-initial"),
        ),
        row(
            Kind::Click,
            "click",
            &[("/type", Predicate::Is("click"))],
            example!("sparkpost/click"),
        ),
        row(
            Kind::Click,
            "amp_click",
            &[("/type", Predicate::Is("amp_click"))],
            example!("sparkpost/click-amp"),
        ),
        row(
            Kind::Unsubscribe,
            "list_unsubscribe",
            &[("/type", Predicate::Is("list_unsubscribe"))],
            example!("sparkpost/unsubscribe"),
        ),
        row(
            Kind::Unsubscribe,
            "link_unsubscribe",
            &[("/type", Predicate::Is("link_unsubscribe"))],
            example!("sparkpost/unsubscribe-link"),
        ),
        row(
            Kind::Rejected,
            "generation_failure",
            &[("/type", Predicate::Is("generation_failure"))],
            example!("sparkpost/rejected-generation-failure"),
        ),
        row(
            Kind::Rejected,
            "generation_rejection",
            &[("/type", Predicate::Is("generation_rejection"))],
            example!("sparkpost/rejected-generation-rejection"),
        ),
        // The life of inbound mail on its way to a relay webhook.
        row(
            Kind::Other,
            "relay_injection",
            &[("/type", Predicate::Is("relay_injection"))],
            example!("sparkpost/other-relay-injection"),
        ),
        row(
            Kind::Other,
            "relay_rejection",
            &[("/type", Predicate::Is("relay_rejection"))],
            example!("sparkpost/other-relay-rejection"),
        ),
        row(
            Kind::Other,
            "relay_delivery",
            &[("/type", Predicate::Is("relay_delivery"))],
            example!("sparkpost/other-relay-delivery"),
        ),
        row(
            Kind::Other,
            "relay_tempfail",
            &[("/type", Predicate::Is("relay_tempfail"))],
            example!("sparkpost/other-relay-tempfail"),
        ),
        row(
            Kind::Other,
            "relay_permfail",
            &[("/type", Predicate::Is("relay_permfail"))],
            example!("sparkpost/other-relay-permfail"),
        ),
        row(
            Kind::Inbound,
            "relay_message",
            &[
                ("/type", Predicate::Absent),
                ("/content", Predicate::Object),
            ],
            example!("sparkpost/inbound"),
        ),
        row(
            Kind::Other,
            "ab_test_completed",
            &[("/type", Predicate::Is("ab_test_completed"))],
            example!("sparkpost/other-ab-test-completed"),
        ),
        row(
            Kind::Other,
            "ab_test_cancelled",
            &[("/type", Predicate::Is("ab_test_cancelled"))],
            example!("sparkpost/other-ab-test-cancelled"),
        ),
        row(
            Kind::Other,
            "ingest_success",
            &[
                ("/type", Predicate::Is("success")),
                ("/batch_id", Predicate::Present),
            ],
            example!("sparkpost/other-ingest-success"),
        ),
        row(
            Kind::Other,
            "ingest_error",
            &[
                ("/type", Predicate::Is("error")),
                ("/batch_id", Predicate::Present),
            ],
            example!("sparkpost/other-ingest-error"),
        ),
        // The exact body of this one is unconfirmed.
        row(
            Kind::Other,
            "sms_status",
            &[("/type", Predicate::Is("sms_status"))],
            example!("sparkpost/other-sms-status"),
        ),
        // Sent when a webhook is created or changed: an `msys` without members.
        row(
            Kind::Other,
            "ping",
            &[("/msys", Predicate::Object)],
            example!("sparkpost/other-ping"),
        ),
    ],
    machines: &[
        // Known from a weak source only.
        Machine {
            kind: Kind::Open,
            row: "open",
            sets: &[(
                "/user_agent_parsed",
                r#"{"is_mobile":false,"is_proxy":true,"is_prefetched":true}"#,
            )],
        },
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "hard_bounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "soft_bounce",
            sets: &[
                ("/bounce_class", "\"20\""),
                ("/error_code", "\"450\""),
                ("/reason", "450 4.2.0 mailbox temporarily unavailable"),
                ("/raw_reason", "450 4.2.0 mailbox temporarily unavailable"),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "soft_bounce",
            sets: &[],
        },
        Bounce {
            name: "blocked",
            row: "soft_bounce",
            sets: &[
                ("/bounce_class", "\"50\""),
                ("/error_code", "\"554\""),
                (
                    "/reason",
                    "554 5.7.1 Service unavailable; client host blocked by policy list",
                ),
                (
                    "/raw_reason",
                    "554 5.7.1 Service unavailable; client host blocked by policy list",
                ),
            ],
        },
    ],
    // A retried batch has the same id, and receivers drop it.
    ids: &[Location::Header("x-messagesystems-batch-id")],
    conduct: Behaviour {
        only_200: true,
        // A usual batch; more is possible.
        batch: Batch::UpTo(350),
        handshake: &[Handshake::Event("ping")],
        twins: &[("open", "initial_open"), ("amp_open", "amp_initial_open")],
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("a list of 1 to about 350 events, several requests every 30 to 60 s"),
        success: Unconfirmed("200", "another page of its own says any 2xx"),
        retries: Unconfirmed("11 more within 8 hours, later each time", "the exact gaps"),
        timeout: Documented(10),
    },
    origins: &[
        documented(&API, &[""]),
        assumed("one receiver's code looks for it", &["user-agent"]),
        documented(&CATALOGUE, &["/*/msys/*"]),
        documented(&RELAY, &["/*/msys/relay_message"]),
        documented(&CATALOGUE, &["/*/msys/*"])
            .unconfirmed("the exact body")
            .of(&["sms_status"]),
    ],
    inbound: Some(&inbound::sparkpost::INBOUND),
    ..SIGNER
};
