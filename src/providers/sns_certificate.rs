//! Certificates that SNS signs with, and Scaleway with an SNS-like envelope: their addresses, and how they are
//! verified.

use crate::providers::catalog::{scaleway, ses};
use crate::providers::provider::Provider;
use crate::providers::reading::recognise;
use crate::webhook::{Delivery, Document};

/// Paths at which `listen` serves the certificates that `send` signs with, so that a handler can fetch them. They have
/// the form of the real ones, for handlers that check it.
static SERVED: [(&Provider, &str); 2] = [
    (
        &ses::PROVIDER,
        "/SimpleNotificationService-00000000000000000000000000000000.pem",
    ),
    (
        &scaleway::PROVIDER,
        "/fr-par/sns/sns_certificate_00000000000000000000000000000000.crt",
    ),
];

/// The path at which `listen` serves the certificate that `send` signs with for this provider; none if it signs without
/// one.
pub fn certificate_path(provider: &Provider) -> Option<&'static str> {
    let own = SERVED.iter().find(|(one, _)| one.name == provider.name);
    own.map(|(_, path)| *path)
}

/// The provider whose certificate `listen` serves at this path.
pub fn certificate_at(path: &str) -> Option<&'static Provider> {
    let own = SERVED.iter().find(|(_, one)| *one == path);
    own.map(|(provider, _)| *provider)
}

/// Certificate that a message refers to.
#[derive(Debug)]
pub struct NamedCertificate {
    /// Provider of the message.
    pub provider: &'static Provider,
    /// Address of the certificate.
    pub url: String,
    /// Requirement that the certificate must meet.
    pub proof: Proof,
}

/// Requirement that makes a certificate trusted.
#[derive(Debug, PartialEq, Eq)]
pub enum Proof {
    /// One of these names in the certificate, and an issuer that the system trusts.
    Names(Vec<String>),
    /// An issuer among the certificates at this address.
    IssuedBy(String),
}

/// The certificate that a message of SNS or Scaleway refers to; the error says what is wrong with its address. None for
/// any other delivery. The message is not verified yet, so all of it may be forged.
pub fn named_certificate(delivery: &Delivery) -> Option<Result<NamedCertificate, String>> {
    let document = Document::of(delivery).ok()?;
    let (provider, _) = recognise(delivery, Some(&document))?;
    certificate_path(provider)?;
    let _ = document.text("/Signature")?;
    let url = document.text("/SigningCertURL")?;
    let proof = if provider.name == scaleway::PROVIDER.name {
        scaleway::authority_of(&url)
            .map(Proof::IssuedBy)
            .ok_or("Scaleway")
    } else if is_pinned(&url) {
        Ok(Proof::Names(certificate_names(&url)))
    } else {
        Err("SNS")
    };
    let named = proof.map(|proof| NamedCertificate {
        provider,
        url: url.into_owned(),
        proof,
    });
    Some(named.map_err(|whose| {
        format!("`/SigningCertURL` is not an address of certificates of {whose}: not fetched")
    }))
}

/// Name of the service that a confirmation link belongs to, and true if the link leads to that service itself. A
/// message may be forged, so no other link may be visited.
pub fn confirms_subscription(provider: Option<&str>, url: &str) -> (&'static str, bool) {
    if provider == Some(scaleway::PROVIDER.name) {
        (
            scaleway::PROVIDER.title,
            scaleway::confirms_subscription(url),
        )
    } else {
        ("SNS", ses::confirms_subscription(url))
    }
}

/// Names of which the certificate at this address must bear one.
// The host is the one that was requested; `sns.amazonaws.com` is the name SNS certificates are issued to (unconfirmed).
fn certificate_names(url: &str) -> Vec<String> {
    let host = url
        .strip_prefix("https://")
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_default();
    let end = if host.ends_with(".cn") { ".cn" } else { "" };
    vec![host.to_owned(), format!("sns.amazonaws.com{end}")]
}

/// True for `/SimpleNotificationService-<hexadecimal>.pem` at a host of SNS.
fn is_pinned(url: &str) -> bool {
    let path = ses::at_sns(url);
    let name = path
        .and_then(|path| path.strip_prefix("/SimpleNotificationService-"))
        .and_then(|name| name.strip_suffix(".pem"));
    name.is_some_and(|name| {
        (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::{certificate_names, certificate_path, is_pinned};
    use crate::providers::catalog::{scaleway, ses};

    #[test]
    fn only_an_address_of_sns_itself_is_asked() {
        const AT: &str = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService";
        for (url, ours) in [
            (format!("{AT}-0123456789abcdef.pem"), true),
            (AT.replace("central", "gov-west") + "-0a.pem", true),
            (AT.replace(".com/", ".com.cn/") + "-0a.pem", true),
            (format!("{AT}-.pem"), false),
            (format!("{AT}-0g.pem"), false),
            (format!("{AT}-0a.pem?x"), false),
            (format!("{AT}-0a.pem#x"), false),
            (format!("{AT}-0a.pem/../x"), false),
            (format!("{AT}-0a.txt"), false),
            (AT.replace("https", "http") + "-0a.pem", false),
            (AT.replace("//", "//user@") + "-0a.pem", false),
            (AT.replace(".com/", ".com:443/") + "-0a.pem", false),
            (AT.replace(".com/", ".com.evil.example/") + "-0a.pem", false),
            (
                AT.replace("sns.", "sns.evil.example/sns.") + "-0a.pem",
                false,
            ),
            (AT.replace("sns.", "s3.") + "-0a.pem", false),
            (AT.replace("-1.", "-123.") + "-0a.pem", false),
            (AT.replace("eu-central-1", "evil") + "-0a.pem", false),
            (AT.replace("eu-", "EU-") + "-0a.pem", false),
            (format!("{AT}-{}.pem", "a".repeat(129)), false),
            (String::new(), false),
        ] {
            assert_eq!(is_pinned(&url), ours, "{url}");
        }
        let path = certificate_path(&ses::PROVIDER).unwrap();
        let served = format!("https://sns.eu-central-1.amazonaws.com{path}");
        assert!(is_pinned(&served), "who checks the path takes ours");
        let path = certificate_path(&scaleway::PROVIDER).unwrap();
        let scaleways = format!("https://messaging.s3.fr-par.scw.cloud{path}");
        assert!(scaleway::authority_of(&scaleways).is_some());
        assert_eq!(
            certificate_names(&served),
            ["sns.eu-central-1.amazonaws.com", "sns.amazonaws.com"]
        );
    }
}
