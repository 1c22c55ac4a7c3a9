//! Azure Communication Services, email: events by way of Event Grid, as an array in its own schema or as CloudEvents.
//! The type names the report, and a member of its data the result. Nothing is signed; a secret is in the URL or in a
//! configured header. A URL is validated before the first event: by an event with a code that the response must repeat,
//! or by an OPTIONS if the events are CloudEvents.
//! <https://learn.microsoft.com/azure/event-grid/communication-services-email-events>

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT, Challenge, Handshake};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::Habits;
use crate::providers::provenance::{Page, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Envelope, FIELDS, Fields, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{BounceClass, Kind, Predicate, Style};

/// Delivery report in the schema of Event Grid.
const REPORT: (&str, Predicate) = ("/eventType", Predicate::Is(DELIVERY_REPORT));
const TRACKED: (&str, Predicate) = ("/eventType", Predicate::Is(ENGAGEMENT_REPORT));
/// Delivery report as a CloudEvent.
const CLOUD_REPORT: (&str, Predicate) = ("/type", Predicate::Is(DELIVERY_REPORT));
const CLOUD_TRACKED: (&str, Predicate) = ("/type", Predicate::Is(ENGAGEMENT_REPORT));

const DELIVERY_REPORT: &str = "Microsoft.Communication.EmailDeliveryReportReceived";
const ENGAGEMENT_REPORT: &str = "Microsoft.Communication.EmailEngagementTrackingReportReceived";
const VALIDATION: &str = "Microsoft.EventGrid.SubscriptionValidationEvent";
const OURS: Predicate = Predicate::Starts("Microsoft.Communication.Email");

const DELIVERED: (&str, Predicate) = ("/data/status", Predicate::Is("Delivered"));
const EXPANDED: (&str, Predicate) = ("/data/status", Predicate::Is("Expanded"));
const BOUNCED: (&str, Predicate) = ("/data/status", Predicate::Is("Bounced"));
const FAILED: (&str, Predicate) = ("/data/status", Predicate::Is("Failed"));
const SUPPRESSED: (&str, Predicate) = ("/data/status", Predicate::Is("Suppressed"));
const QUARANTINED: (&str, Predicate) = ("/data/status", Predicate::Is("Quarantined"));
const SPAM: (&str, Predicate) = ("/data/status", Predicate::Is("FilteredSpam"));
const VIEW: (&str, Predicate) = ("/data/engagementType", Predicate::InAnyCase("view"));
const CLICK: (&str, Predicate) = ("/data/engagementType", Predicate::InAnyCase("click"));

/// Time format of delivery attempts, with seven fractional digits and an offset.
const ATTEMPT: &str = "%Y-%m-%dT%H:%M:%S%.7f+00:00";

static EVENTS: Page = page(
    "Azure Communication Services - Email events",
    "https://learn.microsoft.com/azure/event-grid/communication-services-email-events",
    "2026-11-27",
);
static HANDSHAKE: Page = page(
    "Endpoint validation with Event Grid event schema",
    "https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema",
    "2026-11-27",
);
static DELIVERY: Page = page(
    "Event Grid message delivery and retry",
    "https://learn.microsoft.com/azure/event-grid/delivery-and-retry",
    "2026-11-27",
);
static SDK: Page = page(
    "SDK type AcsEmailDeliveryReportReceivedEventData",
    "https://www.npmjs.com/package/@azure/eventgrid-systemevents",
    "2026-11-27",
);

/// Azure Communication Services' email events.
pub static PROVIDER: Provider = Provider {
    name: "azure",
    title: "Azure Communication Services",
    docs: EVENTS.url,
    signals: &[
        Signal::Body(&[("/0/eventType", OURS)]),
        Signal::Body(&[("/0/eventType", Predicate::Is(VALIDATION))]),
        Signal::Body(&[("/specversion", Predicate::Present), ("/type", OURS)]),
        Signal::Body(&[("/0/specversion", Predicate::Present), ("/0/type", OURS)]),
        // One that is not in a list, or whose version was left out.
        Signal::Body(&[("/eventType", OURS)]),
        Signal::Body(&[("/eventType", Predicate::Is(VALIDATION))]),
        Signal::Body(&[("/type", OURS)]),
        Signal::Body(&[("/0/type", OURS)]),
        Signal::Header("aeg-event-type"),
    ],
    schemes: &[&CREDENTIALS],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/eventType", "/type"],
    fields: Fields {
        recipient: &["/data/recipient"],
        message_id: &["/data/messageId"],
        at: &[
            TimeField::Utc("/data/deliveryAttemptTimeStamp", ATTEMPT),
            // Types of the SDK and some deliveries spell it like this.
            TimeField::Utc("/data/deliveryAttemptTimestamp", ATTEMPT),
            TimeField::Utc("/data/userActionTimeStamp", ATTEMPT),
            TimeField::Rfc3339("/eventTime", 3),
            TimeField::Rfc3339("/time", 3),
        ],
        url: &["/data/engagementContext"],
        // A string in 2022, and an object since.
        reason: &[
            "/data/deliveryStatusDetails/statusMessage",
            "/data/deliveryStatusDetails",
        ],
        unique: &["/id", "/data/validationCode"],
        ..FIELDS
    },
    events: &[
        row(
            Kind::Delivered,
            "Delivered",
            &[REPORT, DELIVERED],
            example!("azure/delivered"),
        ),
        // The recipient was a group, and its members receive the message.
        row(
            Kind::Delivered,
            "Expanded",
            &[REPORT, EXPANDED],
            example!("azure/delivered-expanded"),
        ),
        bounce(
            BounceClass::Hard,
            "Bounced",
            &[REPORT, BOUNCED],
            example!("azure/bounce"),
        ),
        bounce(
            BounceClass::Undetermined,
            "Failed",
            &[REPORT, FAILED],
            example!("azure/bounce-failed"),
        ),
        row(
            Kind::Rejected,
            "Suppressed",
            &[REPORT, SUPPRESSED],
            example!("azure/rejected"),
        ),
        row(
            Kind::Rejected,
            "Quarantined",
            &[REPORT, QUARANTINED],
            example!("azure/rejected-quarantined"),
        ),
        row(
            Kind::Rejected,
            "FilteredSpam",
            &[REPORT, SPAM],
            example!("azure/rejected-spam"),
        ),
        row(Kind::Open, "view", &[TRACKED, VIEW], example!("azure/open")),
        row(
            Kind::Click,
            "click",
            &[TRACKED, CLICK],
            example!("azure/click"),
        ),
        row(
            Kind::Other,
            VALIDATION,
            &[("/eventType", Predicate::Is(VALIDATION))],
            example!("azure/other-subscription-validation"),
        ),
        row(
            Kind::Delivered,
            "cloudevent-Delivered",
            &[CLOUD_REPORT, DELIVERED],
            "",
        ),
        row(
            Kind::Delivered,
            "cloudevent-Expanded",
            &[CLOUD_REPORT, EXPANDED],
            "",
        ),
        bounce(
            BounceClass::Hard,
            "cloudevent-Bounced",
            &[CLOUD_REPORT, BOUNCED],
            example!("azure/bounce-cloudevent"),
        ),
        bounce(
            BounceClass::Undetermined,
            "cloudevent-Failed",
            &[CLOUD_REPORT, FAILED],
            "",
        ),
        row(
            Kind::Rejected,
            "cloudevent-Suppressed",
            &[CLOUD_REPORT, SUPPRESSED],
            "",
        ),
        row(
            Kind::Rejected,
            "cloudevent-Quarantined",
            &[CLOUD_REPORT, QUARANTINED],
            "",
        ),
        row(
            Kind::Rejected,
            "cloudevent-FilteredSpam",
            &[CLOUD_REPORT, SPAM],
            "",
        ),
        row(Kind::Open, "cloudevent-view", &[CLOUD_TRACKED, VIEW], ""),
        row(
            Kind::Click,
            "cloudevent-click",
            &[CLOUD_TRACKED, CLICK],
            example!("azure/click-cloudevent"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "Bounced",
            sets: &[],
        },
        // `Failed` is every other failure; only the SMTP reply gives its class.
        Bounce {
            name: "soft",
            row: "Failed",
            sets: &[(
                "/data/deliveryStatusDetails/statusMessage",
                "450 4.2.0 mailbox temporarily unavailable",
            )],
        },
        Bounce {
            name: "mailbox-full",
            row: "Failed",
            sets: &[(
                "/data/deliveryStatusDetails/statusMessage",
                "452 4.2.2 Mailbox full",
            )],
        },
        Bounce {
            name: "blocked",
            row: "Failed",
            sets: &[(
                "/data/deliveryStatusDetails/statusMessage",
                "554 5.7.1 Service unavailable; client host blocked by policy list",
            )],
        },
    ],
    conduct: Behaviour {
        batch: Batch::UpTo(5000),
        handshake: &[
            Handshake::Challenge(Challenge {
                event: VALIDATION,
                code: "/data/validationCode",
                answer: Some("validationResponse"),
            }),
            Handshake::Options,
        ],
        asks_with: &[
            ("webhook-request-origin", "eventgrid.azure.net"),
            ("webhook-request-rate", "120"),
        ],
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented(
            "a list of one event; up to 5000 events or 1024 kB where batching is configured",
        ),
        success: Documented("200, 201, 202, 203, 204; 200 alone for a validation"),
        retries: Documented(
            "10 s, 30 s, 1, 5, 10, 30 min, 1 h, then hourly, up to 30 tries and 24 h by default; later after 401, 403, \
             404, 408 and 503",
        ),
        timeout: Documented(30),
    },
    origins: &[
        documented(
            &DELIVERY,
            &[
                "content-type",
                "aeg-event-type",
                "aeg-subscription-name",
                "aeg-delivery-count",
                "aeg-data-version",
                "aeg-metadata-version",
            ],
        ),
        documented(&DELIVERY, &["aeg-subscription-name", "aeg-delivery-count"])
            .unconfirmed("which of these fields come with CloudEvents")
            .of(&["cloudevent-*"]),
        documented(&EVENTS, &["/"]),
        documented(&HANDSHAKE, &["/"]).of(&[VALIDATION]),
        documented(
            &EVENTS,
            &[
                "/*/data/deliveryAttemptTimeStamp",
                "/data/deliveryAttemptTimeStamp",
            ],
        )
        .unconfirmed("its spelling today: types of the SDK write `deliveryAttemptTimestamp`"),
        documented(
            &SDK,
            &["/*/data/internetMessageId", "/data/internetMessageId"],
        )
        .unconfirmed("it is new, and not in the page's example"),
        documented(&EVENTS, &["/*/data/engagementType", "/data/engagementType"])
            .unconfirmed("whether it is ever capitalised, as the page's text has it"),
    ],
    ..SIGNER
};
