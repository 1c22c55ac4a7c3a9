//! Amazon SES, through Amazon SNS: a signed envelope with the SES event as text inside, in two formats (event
//! publishing has `eventType`, identity notifications have `notificationType`). With raw delivery the event comes alone
//! and nothing is signed.
//! <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>

use crate::providers::behaviour::{Behaviour, CONDUCT, Handshake};
use crate::providers::habits::Fact::{Documented, Unconfirmed};
use crate::providers::habits::Habits;
use crate::providers::inbound;
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Placement, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Delivery, Document, Encoding, KeyForm, Kind, Location, Part, Predicate,
    Scheme, Style, TimestampFormat, VerifyOptions,
};

/// Scheme of SNS: <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>.
static SNS: Scheme = Scheme {
    name: "sns",
    algorithm: Algorithm::RsaBy("/SignatureVersion"),
    key: KeyForm::Rsa,
    id: None,
    timestamp: Some((Location::Body("/Timestamp"), TimestampFormat::Rfc3339(3))),
    signed: &[Part::Own(string_to_sign)],
    signature: Location::Body("/Signature"),
    encoding: Encoding::Base64,
    fresh: &[],
    // The timestamp stays the same on every retry, and a policy may retry for an hour.
    tolerance: 3600,
    uncovered: None,
    guard: Some(guard),
};

fn string_to_sign(envelope: &Document) -> Result<Vec<u8>, String> {
    // Only a notification's subject may be missing.
    signed_fields(envelope, |field| field == "Subject")
}

/// Name and value of each signed field, each followed by a line feed, in this order; `may_miss` is true for a field
/// that is left out if it is missing.
pub(crate) fn signed_fields(
    envelope: &Document,
    may_miss: fn(&str) -> bool,
) -> Result<Vec<u8>, String> {
    let fields: &[&str] = match envelope.text("/Type").as_deref() {
        Some("Notification") => &[
            "Message",
            "MessageId",
            "Subject",
            "Timestamp",
            "TopicArn",
            "Type",
        ],
        Some("SubscriptionConfirmation" | "UnsubscribeConfirmation") => &[
            "Message",
            "MessageId",
            "SubscribeURL",
            "Timestamp",
            "Token",
            "TopicArn",
            "Type",
        ],
        _ => return Err("`/Type` in the body is none that SNS sends".into()),
    };
    let mut text = String::new();
    for field in fields {
        match envelope.text(&format!("/{field}")) {
            Some(value) => text.extend([field, "\n", &value, "\n"]),
            None if may_miss(field) => {}
            None => return Err(format!("`/{field}` in the body is missing")),
        }
    }
    Ok(text.into_bytes())
}

/// Guard for facts that the signature does not prove: the certificate is one of SNS's own, and the topic is the
/// expected one. Any customer of AWS can have a topic of theirs delivered anywhere, validly signed.
fn guard(
    delivery: &Delivery,
    envelope: &Document,
    verify_options: &VerifyOptions,
) -> Result<(), String> {
    let url = envelope.text("/SigningCertURL").unwrap_or_default();
    if !is_certificate_url(&url) {
        return Err("`/SigningCertURL` is not an address of SNS".into());
    }
    for (header, field) in [
        ("x-amz-sns-message-type", "/Type"),
        ("x-amz-sns-topic-arn", "/TopicArn"),
    ] {
        if delivery
            .headers
            .text(header)
            .is_some_and(|given| Some(given) != envelope.text(field).as_deref())
        {
            return Err(format!(
                "header `{header}` differs from `{field}` in the body"
            ));
        }
    }
    let topic = envelope.text("/TopicArn").unwrap_or_default();
    if !verify_options.topics.is_empty()
        && !verify_options.topics.iter().any(|wanted| *wanted == topic)
    {
        return Err("it comes from another topic than `--topic-arn` allows".into());
    }
    Ok(())
}

/// True for the address of one of SNS's own certificates.
fn is_certificate_url(url: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    at_sns(url).is_some_and(|path| path.ends_with(".pem") && path.bytes().skip(1).all(plain))
}

/// True for a link that confirms a subscription at SNS itself. A message may be forged, so no other link may be
/// visited.
pub(crate) fn confirms_subscription(url: &str) -> bool {
    at_sns(url).is_some_and(asks_to_confirm)
}

/// True for a path with a query that confirms a subscription.
pub(crate) fn asks_to_confirm(path: &str) -> bool {
    let plain = |b: u8| b.is_ascii_graphic() && !b"#\\@\"<>".contains(&b);
    let asks = |query: &str| {
        query
            .split('&')
            .any(|it| it == "Action=ConfirmSubscription")
    };
    path.strip_prefix("/?")
        .is_some_and(|query| asks(query) && query.bytes().all(plain))
}

/// The path and query of an address at SNS itself: `https://sns.<region>.amazonaws.com`, or the same with `.cn`,
/// without user or port.
pub(crate) fn at_sns(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://sns.")?;
    let (host, path) = rest.split_at_checked(rest.find('/')?)?;
    let host = host.strip_suffix(".cn").unwrap_or(host);
    let mut region = host.strip_suffix(".amazonaws.com")?.split('-');
    // As in `eu-central-1`: two letters, words, one or two digits.
    let is =
        |text: &str, wanted: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|b| wanted(&b));
    let continent = region.next()?;
    let number = region.next_back()?;
    let mut words = region.peekable();
    (is(continent, u8::is_ascii_lowercase)
        && continent.len() == 2
        && words.peek().is_some()
        && words.all(|word| is(word, u8::is_ascii_lowercase))
        && is(number, u8::is_ascii_digit)
        && number.len() <= 2)
        .then_some(path)
}

/// The reason why a body cannot be verified: it did not come as a signed SNS post (Lambda event, parsed message, raw
/// delivery); none for a regular one.
pub(crate) fn misuse(delivery: &Delivery, body: &Document) -> Option<&'static str> {
    let there = |pointer: &str| body.at(pointer).is_some_and(|value| !value.is_null());
    if there("/Records/0/Sns") {
        return Some(
            "this is what Lambda hands over, not what SNS posts: the message is inside of `Records[0].Sns`",
        );
    }
    if there("/Type") && there("/TopicArn") {
        if ["/SigningCertUrl", "/UnsubscribeUrl", "/SubscribeUrl"]
            .into_iter()
            .any(there)
        {
            return Some(
                "this is what Lambda hands over, not what SNS posts: SNS writes `SigningCertURL` and `UnsubscribeURL`",
            );
        }
        let is_parsed = |value: &Document| value.is_map() || value.is_list();
        if body.at("/Message").is_some_and(is_parsed) {
            return Some(
                "`Message` was parsed already: SNS posts and signs it as a text, so the raw body is needed",
            );
        }
        return None;
    }
    let is_raw = delivery
        .headers
        .text("x-amz-sns-rawdelivery")
        .is_some_and(|raw| raw.eq_ignore_ascii_case("true"));
    (is_raw || is_bare(body)).then_some(
        "raw message delivery: SNS posts the message without its envelope and without a signature, so nothing can be \
         verified; turn raw message delivery off for the subscription",
    )
}

/// True for a message without its SNS envelope.
pub(crate) fn is_bare(body: &Document) -> bool {
    body.at("/mail").is_some_and(Document::is_map)
        && (body.text("/eventType").is_some() || body.text("/notificationType").is_some())
}

const NEVER_SENT: Predicate = Predicate::OneOf(&["Suppressed", "OnAccountSuppressionList"]);

static EVENTS: Page = page(
    "Contents of event data that Amazon SES publishes to Amazon SNS",
    "https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html",
    "2026-11-24",
);
static NOTIFICATIONS: Page = page(
    "Amazon SNS notification contents for Amazon SES",
    "https://docs.aws.amazon.com/ses/latest/DeveloperGuide/notification-contents.html",
    "2026-11-24",
);
static RECEIVING: Page = page(
    "Contents of notifications for Amazon SES email receiving",
    "https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html",
    "2026-11",
);
static SNS_PAGE: Page = page(
    "Amazon SNS message and JSON formats",
    "https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html",
    "2026",
);

/// SES events and notifications.
pub static PROVIDER: Provider = Provider {
    name: "ses",
    title: "Amazon SES",
    docs: EVENTS.url,
    signals: &[
        Signal::Body(&[
            ("/Type", Predicate::Present),
            // Scaleway has envelopes of the same format.
            ("/TopicArn", Predicate::StartsOtherwise("arn:scw:")),
            ("/Message", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/eventType", Predicate::Present),
            ("/mail", Predicate::Object),
        ]),
        // Other senders use `notificationType` as well.
        Signal::Body(&[
            (
                "/notificationType",
                Predicate::OneOf(&["Bounce", "Complaint", "Delivery", "Received"]),
            ),
            ("/mail", Predicate::Object),
        ]),
        Signal::Body(&[(
            "/notificationType",
            Predicate::Is("AmazonSnsSubscriptionSucceeded"),
        )]),
        Signal::SharedHeader("x-amz-sns-message-type"),
        // An event as Lambda hands it over, not as SNS posts it.
        Signal::Body(&[("/Records/0/Sns", Predicate::Object)]),
    ],
    schemes: &[&SNS],
    test_secret: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/ses/test-key.pem"
    )),
    test_public: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/ses/test-certificate.pem"
    )),
    envelope: Envelope::Text("/Message", Style::COMPACT),
    style: Style {
        lines: true,
        colon: " : ",
        ..Style::COMPACT
    },
    native: &["/eventType", "/notificationType", "/Type"],
    fields: Fields {
        recipient: &[
            "/bounce/bouncedRecipients/*/emailAddress",
            "/complaint/complainedRecipients/*/emailAddress",
            "/delivery/recipients/*",
            "/deliveryDelay/delayedRecipients/*/emailAddress",
            // Sends, opens and clicks do not name the one of several recipients that they are about.
            "/mail/destination/*",
        ],
        message_id: &["/mail/messageId"],
        at: &[
            TimeField::Rfc3339("/delivery/timestamp", 3),
            TimeField::Rfc3339("/deliveryDelay/timestamp", 3),
            TimeField::Rfc3339("/bounce/timestamp", 3),
            TimeField::Rfc3339("/complaint/timestamp", 3),
            TimeField::Rfc3339("/open/timestamp", 3),
            TimeField::Rfc3339("/click/timestamp", 3),
            TimeField::Rfc3339("/subscription/timestamp", 3),
            TimeField::Rfc3339("/mail/timestamp", 3),
            TimeField::Rfc3339("/complaint/arrivalDate", 3),
            TimeField::Rfc3339("/deliveryDelay/expirationTime", 3),
            TimeField::Rfc3339("/Timestamp", 3),
        ],
        url: &["/click/link"],
        reason: &[
            "/bounce/bouncedRecipients/*/diagnosticCode",
            "/deliveryDelay/delayedRecipients/*/diagnosticCode",
            "/delivery/smtpResponse",
            "/reject/reason",
            "/failure/errorMessage",
            "/complaint/complaintFeedbackType",
            "/complaint/complaintSubType",
            "/deliveryDelay/delayType",
        ],
        reason_parts: &["/bounce/bounceType", "/bounce/bounceSubType"],
        unique: &["/bounce/feedbackId", "/complaint/feedbackId"],
        campaign: Placement::Nowhere,
        tag: Placement::Nowhere,
        metadata: Placement::Lists("/mail/tags", "ses:"),
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "Send",
            &[("/eventType", Predicate::Is("Send"))],
            example!("ses/sent"),
        ),
        row(
            Kind::Delivered,
            "Delivery",
            &[("/eventType", Predicate::Is("Delivery"))],
            example!("ses/delivered"),
        ),
        row(
            Kind::Deferred,
            "DeliveryDelay",
            &[("/eventType", Predicate::Is("DeliveryDelay"))],
            example!("ses/deferred"),
        ),
        row(
            Kind::Rejected,
            "SuppressedBounce",
            &[("/bounce/bounceSubType", NEVER_SENT)],
            "",
        ),
        bounce(
            BounceClass::Hard,
            "Bounce",
            &[
                ("/eventType", Predicate::Is("Bounce")),
                ("/bounce/bounceType", Predicate::Is("Permanent")),
            ],
            example!("ses/bounce"),
        ),
        bounce(
            BounceClass::Hard,
            "BounceNotification",
            &[
                ("/notificationType", Predicate::Is("Bounce")),
                ("/bounce/bounceType", Predicate::Is("Permanent")),
            ],
            example!("ses/bounce-notification"),
        ),
        bounce(
            BounceClass::Soft,
            "TransientBounce",
            &[("/bounce/bounceType", Predicate::Is("Transient"))],
            "",
        ),
        bounce(
            BounceClass::Undetermined,
            "UndeterminedBounce",
            &[("/bounce", Predicate::Object)],
            "",
        ),
        // The opposite of a complaint: a user moved it out of the spam folder.
        row(
            Kind::Other,
            "NotSpam",
            &[(
                "/complaint/complaintFeedbackType",
                Predicate::Is("not-spam"),
            )],
            "",
        ),
        row(
            Kind::Complaint,
            "Complaint",
            &[("/eventType", Predicate::Is("Complaint"))],
            example!("ses/complaint"),
        ),
        row(
            Kind::Complaint,
            "ComplaintNotification",
            &[("/notificationType", Predicate::Is("Complaint"))],
            example!("ses/complaint-notification"),
        ),
        row(
            Kind::Rejected,
            "Reject",
            &[("/eventType", Predicate::Is("Reject"))],
            example!("ses/rejected"),
        ),
        row(
            Kind::Open,
            "Open",
            &[("/eventType", Predicate::Is("Open"))],
            example!("ses/open"),
        ),
        row(
            Kind::Click,
            "Click",
            &[("/eventType", Predicate::Is("Click"))],
            example!("ses/click"),
        ),
        // Not sent at all: the template could not be rendered.
        row(
            Kind::Rejected,
            "Rendering Failure",
            &[("/eventType", Predicate::Is("Rendering Failure"))],
            example!("ses/rejected-rendering-failure"),
        ),
        row(
            Kind::Unsubscribe,
            "Subscription",
            &[
                ("/eventType", Predicate::Is("Subscription")),
                (
                    "/subscription/newTopicPreferences/unsubscribeAll",
                    Predicate::Is("true"),
                ),
            ],
            example!("ses/unsubscribe"),
        ),
        row(
            Kind::Unsubscribe,
            "TopicOptOut",
            &[
                ("/eventType", Predicate::Is("Subscription")),
                (
                    "/subscription/newTopicPreferences/topicSubscriptionStatus/0/subscriptionStatus",
                    Predicate::Is("OptOut"),
                ),
            ],
            "",
        ),
        row(
            Kind::Subscribe,
            "TopicOptIn",
            &[("/eventType", Predicate::Is("Subscription"))],
            "",
        ),
        row(
            Kind::Delivered,
            "DeliveryNotification",
            &[("/notificationType", Predicate::Is("Delivery"))],
            example!("ses/delivered-notification"),
        ),
        row(
            Kind::Inbound,
            "Received_base64",
            &[
                ("/notificationType", Predicate::Is("Received")),
                ("/receipt/action/encoding", Predicate::Is("BASE64")),
            ],
            example!("ses/inbound-base64"),
        )
        .special(),
        row(
            Kind::Inbound,
            "Received_s3",
            &[
                ("/notificationType", Predicate::Is("Received")),
                ("/receipt/action/type", Predicate::Is("S3")),
            ],
            example!("ses/inbound-s3"),
        )
        .special(),
        row(
            Kind::Inbound,
            "Received",
            &[("/notificationType", Predicate::Is("Received"))],
            example!("ses/inbound"),
        ),
        row(
            Kind::Other,
            "AmazonSnsSubscriptionSucceeded",
            &[(
                "/notificationType",
                Predicate::Is("AmazonSnsSubscriptionSucceeded"),
            )],
            example!("ses/other-setup"),
        ),
        row(
            Kind::Other,
            "SubscriptionConfirmation",
            &[("/Type", Predicate::Is("SubscriptionConfirmation"))],
            example!("ses/other-subscription-confirmation"),
        ),
        row(
            Kind::Other,
            "UnsubscribeConfirmation",
            &[("/Type", Predicate::Is("UnsubscribeConfirmation"))],
            example!("ses/other-unsubscribe-confirmation"),
        ),
        // For sending only, because they read as the first of their kind: the other signature version, and raw
        // delivery.
        row(
            Kind::Open,
            "OpenVersion2",
            &[("/eventType", Predicate::Is("Open"))],
            example!("ses/open-version-2"),
        ),
        row(
            Kind::Click,
            "ClickRaw",
            &[("/eventType", Predicate::Is("Click"))],
            example!("ses/click-raw"),
        ),
        row(
            Kind::Other,
            "Validated",
            &[(
                "/Message",
                Predicate::Starts("Successfully validated SNS topic"),
            )],
            example!("ses/other-validated"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "Bounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "Bounce",
            sets: &[
                ("/bounce/bounceType", "Transient"),
                ("/bounce/bounceSubType", "General"),
                ("/bounce/bouncedRecipients/0/status", "\"4.2.0\""),
                (
                    "/bounce/bouncedRecipients/0/diagnosticCode",
                    "smtp; 450 4.2.0 mailbox temporarily unavailable",
                ),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "Bounce",
            sets: &[
                ("/bounce/bounceType", "Transient"),
                ("/bounce/bounceSubType", "MailboxFull"),
                ("/bounce/bouncedRecipients/0/status", "\"4.2.2\""),
                (
                    "/bounce/bouncedRecipients/0/diagnosticCode",
                    "smtp; 452 4.2.2 mailbox over quota",
                ),
            ],
        },
        Bounce {
            name: "blocked",
            row: "Bounce",
            sets: &[
                ("/bounce/bounceType", "Transient"),
                ("/bounce/bounceSubType", "ContentRejected"),
                ("/bounce/bouncedRecipients/0/status", "\"5.7.1\""),
                (
                    "/bounce/bouncedRecipients/0/diagnosticCode",
                    "smtp; 554 5.7.1 message blocked by policy",
                ),
            ],
        },
    ],
    ids: &[Location::Body("/MessageId")],
    confirm: Some("/SubscribeURL"),
    conduct: Behaviour {
        handshake: &[
            Handshake::Event("SubscriptionConfirmation"),
            Handshake::Event("AmazonSnsSubscriptionSucceeded"),
            Handshake::Event("Validated"),
        ],
        later: &["UnsubscribeConfirmation"],
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one message, which counts as one event for each recipient it names"),
        success: Unconfirmed("any status from 200 to 4xx", "what 3xx and 429 do"),
        retries: Documented(
            "3 more, 20 s apart, after 5xx and where nothing answers; a policy of your own may take an hour",
        ),
        timeout: Documented(15),
    },
    origins: &[
        documented(&SNS_PAGE, &[""]),
        documented(&EVENTS, &["/Message/*", "/eventType", "/mail", "/click"]),
        documented(&EVENTS, &["/Message/delivery/remoteMtaIp"])
            .unconfirmed("whether all events of today have it")
            .of(&["Delivery"]),
        documented(&NOTIFICATIONS, &["/Message/*"]).of(&[
            "BounceNotification",
            "ComplaintNotification",
            "DeliveryNotification",
            "AmazonSnsSubscriptionSucceeded",
        ]),
        documented(&RECEIVING, &["/Message/*"]).of(&["Received*"]),
        documented(&RECEIVING, &["/Message/mail/headers/*/value"])
            .unconfirmed("whether encoded words are decoded")
            .of(&["Received*"]),
        assumed(
            "seen with the SNS action; another text is possible",
            &["/Subject"],
        )
        .of(&["Received_s3"]),
        documented(&SNS_PAGE, &["/SignatureVersion"])
            .unconfirmed("the exact layout of the envelope in version 2")
            .of(&["OpenVersion2"]),
    ],
    inbound: Some(&inbound::ses::INBOUND),
    ..SIGNER
};

#[cfg(test)]
mod tests {
    use super::{confirms_subscription, is_certificate_url};

    #[test]
    fn only_sns_itself_is_told_that_a_subscription_is_wanted() {
        let query = "Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-central-1:123456789012:t&Token=2336";
        for (start, ours) in [
            ("https://sns.eu-central-1.amazonaws.com/?", true),
            ("https://sns.us-gov-west-1.amazonaws.com/?", true),
            ("https://sns.cn-north-1.amazonaws.com.cn/?", true),
            ("http://sns.eu-central-1.amazonaws.com/?", false),
            ("https://sns.eu-central-1.amazonaws.com:443/?", false),
            ("https://sns.eu-central-1.amazonaws.com/x?", false),
            (
                "https://sns.eu-central-1.amazonaws.com.evil.example/?",
                false,
            ),
            (
                "https://sns.eu-central-1.amazonaws.com@evil.example/?",
                false,
            ),
            ("https://a@sns.eu-central-1.amazonaws.com/?", false),
            (
                "https://evil.example/sns.eu-central-1.amazonaws.com/?",
                false,
            ),
            (
                "https://sns.eu-central-1.amazonaws.com\\@evil.example/?",
                false,
            ),
            ("https://sns.evil.amazonaws.com/?", false),
            ("https://sns.eu-1.amazonaws.com/?", false),
            ("https://sns.eu-central-111.amazonaws.com/?", false),
            ("https://sns..amazonaws.com/?", false),
            ("https://sns.s3-eu-central-1.amazonaws.com/?", false),
            ("https://evilsns.eu-central-1.amazonaws.com/?", false),
            ("https://sns.eu-central-1.amazonaws.com/#?", false),
        ] {
            assert_eq!(
                confirms_subscription(&format!("{start}{query}")),
                ours,
                "{start}"
            );
        }
        let at = |rest: &str| {
            confirms_subscription(&format!("https://sns.eu-central-1.amazonaws.com/?{rest}"))
        };
        assert!(!at("Action=Unsubscribe&Token=2336"));
        assert!(!at(&format!("{query}#x")));
        assert!(!at(&format!("{query}\r\nX: y")));
    }

    #[test]
    fn only_sns_itself_is_asked_for_a_certificate() {
        for (url, ours) in [
            (
                "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
                true,
            ),
            (
                "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0123456789abcdef.pem",
                true,
            ),
            ("http://sns.eu-central-1.amazonaws.com/x.pem", false),
            (
                "https://sns.eu-central-1.amazonaws.com.evil.example/x.pem",
                false,
            ),
            (
                "https://evil.example/sns.eu-central-1.amazonaws.com/x.pem",
                false,
            ),
            (
                "https://sns.eu-central-1.amazonaws.com@evil.example/x.pem",
                false,
            ),
            ("https://sns.evil.amazonaws.com/x.pem", false),
            ("https://sns.eu-central-1.amazonaws.com:444/x.pem", false),
            ("https://bucket.s3.amazonaws.com/x.pem", false),
            ("https://sns.a.b.amazonaws.com/x.pem", false),
            ("https://sns.eu-central-1.amazonaws.com/x.pem?y", false),
            ("https://sns.eu-central-1.amazonaws.com/x.txt", false),
            ("", false),
        ] {
            assert_eq!(is_certificate_url(url), ours, "{url}");
        }
    }
}
