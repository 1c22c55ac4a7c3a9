//! SparkPost: always a list; each event stands in an object of one member, `msys`, and there in one member more, named
//! for a class of events. The class does not tell the event: a `generation_failure` was seen inside of a
//! `message_event`. Nearly every number is written as text. Nothing is signed.
//! <https://developers.sparkpost.com/api/webhooks/>

use crate::providers::behaviour::{Batch, CONDUCT, Conduct, Handshake};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Carry, Envelope, FIELDS, Fields, Machine, Provider, SIGNER, Stamp, Tell,
    bounce, row,
};
use crate::webhook::{BounceClass, Kind, Mark, Place, Style};

const BOUNCED: (&str, Mark) = ("/type", Mark::OneOf(&["bounce", "out_of_band"]));
const HARD: (&str, Mark) = ("/bounce_class", Mark::OneOf(&["10", "30"]));
const SOFT: Mark = Mark::OneOf(&[
    "20", "21", "22", "23", "24", "40", "50", "51", "52", "53", "54", "70",
]);

static API: Page = page(
    "Webhooks",
    "https://developers.sparkpost.com/api/webhooks/",
    "2026-06",
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
    tells: &[
        Tell::Body(&[("/0/msys", Mark::Object)]),
        Tell::Header("x-messagesystems-batch-id"),
        Tell::Header("x-messagesystems-webhook-token"),
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
        // What could not be made into a message has the id that the sending API returned, and no other.
        message_id: &["/message_id", "/transmission_id"],
        at: &[
            Stamp::Seconds("/timestamp"),
            Stamp::Seconds("/scheduled_time"),
            Stamp::Rfc3339("/injection_time", 3),
            Stamp::Rfc3339("/expiration_timestamp", 3),
        ],
        url: &["/target_link_url"],
        reason: &["/raw_reason", "/reason"],
        unique: &["/event_id"],
        campaign: Carry::Text("/campaign_id"),
        tag: Carry::List("/rcpt_tags"),
        metadata: Carry::Members("/rcpt_meta"),
        ..FIELDS
    },
    rows: &[
        row(
            Kind::Sent,
            "injection",
            &[("/type", Mark::Is("injection"))],
            example!("sparkpost/sent"),
        ),
        row(
            Kind::Delivered,
            "delivery",
            &[("/type", Mark::Is("delivery"))],
            example!("sparkpost/delivered"),
        ),
        row(
            Kind::Deferred,
            "delay",
            &[("/type", Mark::Is("delay"))],
            example!("sparkpost/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "hard_bounce",
            &[("/type", Mark::Is("bounce")), HARD],
            example!("sparkpost/bounce"),
        ),
        // What a server told after it had taken the message.
        bounce(
            BounceClass::Hard,
            "out_of_band",
            &[("/type", Mark::Is("out_of_band")), HARD],
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
            &[BOUNCED, ("/bounce_class", Mark::Is("25"))],
            "",
        ),
        row(
            Kind::Subscribe,
            "subscribe_reply",
            &[BOUNCED, ("/bounce_class", Mark::Is("80"))],
            "",
        ),
        row(
            Kind::Unsubscribe,
            "unsubscribe_reply",
            &[BOUNCED, ("/bounce_class", Mark::Is("90"))],
            "",
        ),
        row(
            Kind::Other,
            "automatic_reply",
            &[BOUNCED, ("/bounce_class", Mark::OneOf(&["60", "100"]))],
            "",
        ),
        bounce(BounceClass::Undetermined, "undetermined", &[BOUNCED], ""),
        row(
            Kind::Rejected,
            "policy_rejection",
            &[("/type", Mark::Is("policy_rejection"))],
            example!("sparkpost/rejected"),
        ),
        row(
            Kind::Complaint,
            "spam_complaint",
            &[("/type", Mark::Is("spam_complaint"))],
            example!("sparkpost/complaint"),
        ),
        row(
            Kind::Open,
            "open",
            &[("/type", Mark::Is("open"))],
            example!("sparkpost/open"),
        ),
        // Comes as well as `open`, for the same reading.
        row(
            Kind::Open,
            "initial_open",
            &[("/type", Mark::Is("initial_open"))],
            example!("sparkpost/open-initial"),
        ),
        row(
            Kind::Open,
            "amp_open",
            &[("/type", Mark::Is("amp_open"))],
            example!("sparkpost/open-amp"),
        ),
        row(
            Kind::Open,
            "amp_initial_open",
            &[("/type", Mark::Is("amp_initial_open"))],
            example!("sparkpost/open-amp-initial"),
        ),
        row(
            Kind::Click,
            "click",
            &[("/type", Mark::Is("click"))],
            example!("sparkpost/click"),
        ),
        row(
            Kind::Click,
            "amp_click",
            &[("/type", Mark::Is("amp_click"))],
            example!("sparkpost/click-amp"),
        ),
        row(
            Kind::Unsubscribe,
            "list_unsubscribe",
            &[("/type", Mark::Is("list_unsubscribe"))],
            example!("sparkpost/unsubscribe"),
        ),
        row(
            Kind::Unsubscribe,
            "link_unsubscribe",
            &[("/type", Mark::Is("link_unsubscribe"))],
            example!("sparkpost/unsubscribe-link"),
        ),
        row(
            Kind::Rejected,
            "generation_failure",
            &[("/type", Mark::Is("generation_failure"))],
            example!("sparkpost/rejected-generation-failure"),
        ),
        row(
            Kind::Rejected,
            "generation_rejection",
            &[("/type", Mark::Is("generation_rejection"))],
            example!("sparkpost/rejected-generation-rejection"),
        ),
        // The life of inbound mail on its way to a relay webhook.
        row(
            Kind::Other,
            "relay_injection",
            &[("/type", Mark::Is("relay_injection"))],
            example!("sparkpost/other-relay-injection"),
        ),
        row(
            Kind::Other,
            "relay_rejection",
            &[("/type", Mark::Is("relay_rejection"))],
            example!("sparkpost/other-relay-rejection"),
        ),
        row(
            Kind::Other,
            "relay_delivery",
            &[("/type", Mark::Is("relay_delivery"))],
            example!("sparkpost/other-relay-delivery"),
        ),
        row(
            Kind::Other,
            "relay_tempfail",
            &[("/type", Mark::Is("relay_tempfail"))],
            example!("sparkpost/other-relay-tempfail"),
        ),
        row(
            Kind::Other,
            "relay_permfail",
            &[("/type", Mark::Is("relay_permfail"))],
            example!("sparkpost/other-relay-permfail"),
        ),
        row(
            Kind::Other,
            "relay_message",
            &[("/type", Mark::Absent), ("/content", Mark::Object)],
            example!("sparkpost/other-relay-message"),
        ),
        row(
            Kind::Other,
            "ab_test_completed",
            &[("/type", Mark::Is("ab_test_completed"))],
            example!("sparkpost/other-ab-test-completed"),
        ),
        row(
            Kind::Other,
            "ab_test_cancelled",
            &[("/type", Mark::Is("ab_test_cancelled"))],
            example!("sparkpost/other-ab-test-cancelled"),
        ),
        row(
            Kind::Other,
            "ingest_success",
            &[("/type", Mark::Is("success")), ("/batch_id", Mark::Present)],
            example!("sparkpost/other-ingest-success"),
        ),
        row(
            Kind::Other,
            "ingest_error",
            &[("/type", Mark::Is("error")), ("/batch_id", Mark::Present)],
            example!("sparkpost/other-ingest-error"),
        ),
        // The exact body of this one is unconfirmed.
        row(
            Kind::Other,
            "sms_status",
            &[("/type", Mark::Is("sms_status"))],
            example!("sparkpost/other-sms-status"),
        ),
        // Sent when a webhook is made or changed: an `msys` without members.
        row(
            Kind::Other,
            "ping",
            &[("/msys", Mark::Object)],
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
    // A batch that is sent again has the same, and receivers drop it.
    ids: &[Place::Header("x-messagesystems-batch-id")],
    conduct: Conduct {
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
        documented(&API, &["/*/msys/relay_message"]),
        documented(&CATALOGUE, &["/*/msys/*"])
            .unconfirmed("the exact body")
            .of(&["sms_status"]),
    ],
    ..SIGNER
};
