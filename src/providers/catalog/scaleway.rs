//! Scaleway Transactional Email, through Topics and Events: a signed envelope in the format of Amazon SNS, with the
//! event as text inside. Its topics begin with `arn:scw:`, its certificates are at Scaleway and are issued by
//! Scaleway's own authority. From a queue, a function or a test the event comes alone, and nothing is signed.
//! <https://www.scaleway.com/en/docs/transactional-email/reference-content/webhook-events-payloads/>

use crate::providers::behaviour::{Behaviour, CONDUCT, Handshake};
use crate::providers::catalog::ses::{asks_to_confirm, signed_fields};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, Envelope, FIELDS, Fields, Provider, SIGNER, Signal, TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, Delivery, Document, Encoding, KeyForm, Kind, Location, Part, Predicate,
    Scheme, Style, TimestampFormat, VerifyOptions,
};

static TOPICS: Scheme = Scheme {
    name: "scaleway-topics",
    algorithm: Algorithm::RsaBy("/SignatureVersion"),
    key: KeyForm::Rsa,
    id: None,
    timestamp: Some((Location::Body("/Timestamp"), TimestampFormat::Rfc3339(3))),
    signed: &[Part::Own(|envelope| signed_fields(envelope, |_| true))],
    signature: Location::Body("/Signature"),
    encoding: Encoding::Base64,
    fresh: &[],
    // No age is documented; this is the tolerance for Amazon's envelope.
    tolerance: 3600,
    uncovered: None,
    guard: Some(guard),
};

/// Guard for facts that the signature does not prove: the certificate is Scaleway's, and the topic is the expected one.
fn guard(_: &Delivery, envelope: &Document, verify_options: &VerifyOptions) -> Result<(), String> {
    let url = envelope.text("/SigningCertURL").unwrap_or_default();
    if certificate_region(&url).is_none() {
        return Err("`/SigningCertURL` is not an address of Scaleway".into());
    }
    let topic = envelope.text("/TopicArn").unwrap_or_default();
    if !verify_options.topics.is_empty()
        && !verify_options.topics.iter().any(|wanted| *wanted == topic)
    {
        return Err("it comes from another topic than `--topic-arn` allows".into());
    }
    Ok(())
}

/// The region in the address of a certificate at Scaleway: `https://messaging.s3.<region>.scw.cloud`, without user or
/// port, and a path. Other buckets there may belong to anyone, so the whole host is compared.
fn certificate_region(url: &str) -> Option<&str> {
    let (region, path) = region_and_path(url, "https://messaging.s3.", ".scw.cloud")?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
    (path.len() > 1 && path.bytes().all(plain)).then_some(region)
}

/// The region between this beginning and this end of a host, and the path after the host.
fn region_and_path<'a>(url: &'a str, start: &str, end: &str) -> Option<(&'a str, &'a str)> {
    let rest = url.strip_prefix(start)?;
    let (host, path) = rest.split_at_checked(rest.find('/')?)?;
    let region = host.strip_suffix(end)?;
    // As in `fr-par`: two letters and three.
    let (country, city) = region.split_once('-')?;
    let lower = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase());
    (country.len() == 2 && city.len() == 3 && lower(country) && lower(city))
        .then_some((region, path))
}

/// The address of the intermediate certificates for a certificate at this address, if that is one to be fetched:
/// `/<region>/sns/<name>` in Scaleway's bucket.
pub(crate) fn authority_of(url: &str) -> Option<String> {
    let region = certificate_region(url)?;
    let (_, path) = region_and_path(url, "https://messaging.s3.", ".scw.cloud")?;
    let name = path.strip_prefix(&format!("/{region}/sns/"))?;
    let is_file = (1..=128).contains(&name.len()) && !name.contains('/') && !name.contains("..");
    is_file.then(|| {
        format!("https://messaging.s3.{region}.scw.cloud/{region}/sns/sns-trust-chain.pem")
    })
}

/// True for a link that confirms a subscription at Scaleway itself.
pub(crate) fn confirms_subscription(url: &str) -> bool {
    region_and_path(url, "https://sns.mnq.", ".scaleway.com")
        .is_some_and(|(_, path)| asks_to_confirm(path))
}

static EVENTS: Page = page(
    "Webhook events payloads",
    "https://www.scaleway.com/en/docs/transactional-email/reference-content/webhook-events-payloads/",
    "2026-11-27",
);
static VERIFYING: Page = page(
    "Verifying webhooks of Topics and Events",
    "https://github.com/scaleway/docs-content/blob/main/pages/topics-and-events/reference-content/verifying-webhooks.mdx",
    "2026-11-27",
);

/// Scaleway's events of transactional email.
pub static PROVIDER: Provider = Provider {
    name: "scaleway",
    title: "Scaleway",
    docs: EVENTS.url,
    signals: &[
        Signal::Body(&[
            ("/TopicArn", Predicate::Starts("arn:scw:")),
            ("/Type", Predicate::Present),
        ]),
        Signal::Body(&[
            (
                "/SigningCertURL",
                Predicate::StartsOneOf(&[
                    "https://messaging.s3.fr-par.scw.cloud/",
                    "https://messaging.s3.nl-ams.scw.cloud/",
                ]),
            ),
            ("/Message", Predicate::Present),
        ]),
        Signal::Body(&[
            ("/type", Predicate::Present),
            ("/organization_id", Predicate::Present),
            ("/project_id", Predicate::Present),
            ("/domain_id", Predicate::Present),
        ]),
    ],
    schemes: &[&TOPICS],
    test_secret: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/scaleway/test-key.pem"
    )),
    test_public: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/scaleway/test-certificate.pem"
    )),
    envelope: Envelope::Text("/Message", Style::COMPACT),
    style: Style::COMPACT,
    native: &["/type", "/Type"],
    fields: Fields {
        recipient: &["/email_to"],
        message_id: &["/email_id"],
        at: &[
            TimeField::Rfc3339("/created_at", 0),
            TimeField::Rfc3339("/email_sent_at", 0),
            TimeField::Rfc3339("/email_queued_at", 0),
            TimeField::Rfc3339("/email_next_try", 0),
            TimeField::Rfc3339("/email_blocklisted_at", 0),
            TimeField::Rfc3339("/Timestamp", 3),
        ],
        reason: &[
            "/blocklist_reason",
            "/email_response_message",
            "/email_error",
        ],
        unique: &["/id"],
        ..FIELDS
    },
    events: &[
        row(
            Kind::Sent,
            "email_queued",
            &[("/type", Predicate::Is("email_queued"))],
            example!("scaleway/sent"),
        ),
        row(
            Kind::Delivered,
            "email_delivered",
            &[("/type", Predicate::Is("email_delivered"))],
            example!("scaleway/delivered"),
        ),
        row(
            Kind::Deferred,
            "email_deferred",
            &[("/type", Predicate::Is("email_deferred"))],
            example!("scaleway/deferred"),
        ),
        bounce(
            BounceClass::Hard,
            "email_mailbox_not_found",
            &[("/type", Predicate::Is("email_mailbox_not_found"))],
            example!("scaleway/bounce"),
        ),
        // Sent, and permanently rejected by the receiving server.
        bounce(
            BounceClass::Hard,
            "email_dropped",
            &[("/type", Predicate::Is("email_dropped"))],
            example!("scaleway/bounce-dropped"),
        ),
        // Not sent: the address is on a suppression list.
        row(
            Kind::Rejected,
            "email_blocklisted",
            &[("/type", Predicate::Is("email_blocklisted"))],
            example!("scaleway/rejected"),
        ),
        // By the recipient, or by a filter of Scaleway's or of the receiving server.
        row(
            Kind::Complaint,
            "email_spam",
            &[("/type", Predicate::Is("email_spam"))],
            example!("scaleway/complaint"),
        ),
        row(
            Kind::Other,
            "blocklist_created",
            &[("/type", Predicate::Is("blocklist_created"))],
            example!("scaleway/other-blocklist-created"),
        ),
        row(
            Kind::Other,
            "unknown_type",
            &[("/type", Predicate::Is("unknown_type"))],
            "",
        ),
        row(
            Kind::Other,
            "SubscriptionConfirmation",
            &[("/Type", Predicate::Is("SubscriptionConfirmation"))],
            example!("scaleway/other-subscription-confirmation"),
        ),
        row(
            Kind::Other,
            "UnsubscribeConfirmation",
            &[("/Type", Predicate::Is("UnsubscribeConfirmation"))],
            example!("scaleway/other-unsubscribe-confirmation"),
        ),
        // For sending only, because it reads as `email_delivered`: without the envelope.
        row(
            Kind::Delivered,
            "email_delivered_bare",
            &[("/type", Predicate::Is("email_delivered"))],
            example!("scaleway/delivered-bare"),
        ),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "email_mailbox_not_found",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "email_deferred",
            sets: &[],
        },
        Bounce {
            name: "mailbox-full",
            row: "email_deferred",
            sets: &[
                ("/email_error", "452 4.2.2 Mailbox full"),
                ("/email_response_code", "452"),
                ("/email_response_message", "4.2.2 Mailbox full"),
            ],
        },
        Bounce {
            name: "blocked",
            row: "email_dropped",
            sets: &[],
        },
    ],
    ids: &[Location::Body("/MessageId")],
    confirm: Some("/SubscribeURL"),
    conduct: Behaviour {
        handshake: &[Handshake::Event("SubscriptionConfirmation")],
        later: &["UnsubscribeConfirmation"],
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event"),
        ..HABITS
    },
    origins: &[
        assumed(
            "the tests of Symfony have such an envelope; none that was really sent is public",
            &[""],
        ),
        documented(
            &VERIFYING,
            &[
                "/Type",
                "/MessageId",
                "/TopicArn",
                "/Message",
                "/Timestamp",
                "/Signature",
                "/SigningCertURL",
            ],
        ),
        documented(&VERIFYING, &["/SignatureVersion"])
            .unconfirmed("a page of 2025 says that it is always 1; Symfony takes 2 as well"),
        documented(&VERIFYING, &["/SubscribeURL", "/Token"])
            .of(&["SubscriptionConfirmation", "UnsubscribeConfirmation"]),
        documented(&EVENTS, &["/Message/*"]),
        documented(&EVENTS, &["/Message/created_at"])
            .unconfirmed("how many digits of a second it has"),
        documented(&EVENTS, &["/"]).of(&["email_delivered_bare"]),
    ],
    ..SIGNER
};

#[cfg(test)]
mod tests {
    use super::{authority_of, certificate_region, confirms_subscription};

    #[test]
    fn only_scaleway_itself_is_asked_for_a_certificate() {
        const AT: &str =
            "https://messaging.s3.fr-par.scw.cloud/fr-par/sns/sns_certificate_0123.crt";
        assert_eq!(
            authority_of(AT).as_deref(),
            Some("https://messaging.s3.fr-par.scw.cloud/fr-par/sns/sns-trust-chain.pem")
        );
        assert_eq!(
            certificate_region(&AT.replace("fr-par", "nl-ams")),
            Some("nl-ams")
        );
        for url in [
            AT.replace("https", "http"),
            AT.replace("//messaging", "//attacker"),
            AT.replace("messaging.", "messaging.s3.evil.example/messaging."),
            AT.replace(".cloud/", ".cloud:443/"),
            AT.replace(".cloud/", ".cloud.example.com/"),
            AT.replace(".cloud/", ".cloud@example.com/"),
            AT.replace("//", "//a@"),
            AT.replace("fr-par.scw", "FR-PAR.scw"),
            AT.replace("fr-par.scw", "fr-pari.scw"),
            AT.replace("fr-par.scw", "scw"),
            AT.replace("scw.cloud", "amazonaws.com"),
            format!(" {AT}"),
            format!("{AT}?x"),
            format!("{AT}#x"),
            "https://messaging.s3.fr-par.scw.cloud".into(),
            "https://messaging.s3.fr-par.scw.cloud/".into(),
            String::new(),
        ] {
            assert_eq!(certificate_region(&url), None, "{url}");
            assert_eq!(authority_of(&url), None, "{url}");
        }
        // Not fetched, although the host is right.
        for url in [
            AT.replace("/sns/", "/sns/../"),
            AT.replace("/sns/", "/other/"),
            AT.replace("/fr-par/", "/nl-ams/"),
        ] {
            assert_eq!(authority_of(&url), None, "{url}");
        }
    }

    #[test]
    fn only_scaleway_itself_is_told_that_a_subscription_is_wanted() {
        const QUERY: &str = "Action=ConfirmSubscription&TopicArn=arn:scw:sns:fr-par:t&Token=2336";
        for (start, ours) in [
            ("https://sns.mnq.fr-par.scaleway.com/?", true),
            ("https://sns.mnq.nl-ams.scaleway.com/?", true),
            ("http://sns.mnq.fr-par.scaleway.com/?", false),
            ("https://sns.mnq.fr-par.scaleway.com:443/?", false),
            ("https://sns.mnq.fr-par.scaleway.com/x?", false),
            ("https://sns.mnq.fr-par.scaleway.com.evil.example/?", false),
            ("https://sns.mnq.fr-par.scaleway.com@evil.example/?", false),
            ("https://evil.example/sns.mnq.fr-par.scaleway.com/?", false),
            ("https://sns.mnq.scaleway.com/?", false),
            ("https://sns.eu-central-1.amazonaws.com/?", false),
        ] {
            assert_eq!(
                confirms_subscription(&format!("{start}{QUERY}")),
                ours,
                "{start}"
            );
        }
    }
}
