//! The certificate that SNS signs with: where it may be had, and in whose name it must be.

use super::read::recognise;
use super::ses;
use crate::webhook::{Delivery, Document};

/// Where `listen` serves the certificate that `send` signs with, so that a handler can fetch it: a path that passes
/// with those who check what it looks like.
pub const SNS_CERTIFICATE_PATH: &str =
    "/SimpleNotificationService-00000000000000000000000000000000.pem";

/// The address of the certificate of a message of SNS, if it is at SNS itself; the error says what is wrong with it.
/// None where it is no such message. The message is not proven yet, so whatever it says may be anybody's.
pub fn certificate_url(delivery: &Delivery) -> Option<Result<String, String>> {
    let document = Document::of(delivery).ok()?;
    let (provider, _) = recognise(delivery, Some(&document))?;
    if provider.name != ses::PROVIDER.name {
        return None;
    }
    let _ = document.text("/Signature")?;
    let url = document.text("/SigningCertURL")?;
    Some(if is_pinned(&url) {
        Ok(url.into_owned())
    } else {
        Err("`/SigningCertURL` is not where SNS keeps its certificates: not fetched".into())
    })
}

/// The names of which the certificate at that address must bear one.
// The host is what is asked for; `sns.amazonaws.com` is what certificates of SNS are issued to (unconfirmed).
pub fn certificate_names(url: &str) -> Vec<String> {
    let host = url
        .strip_prefix("https://")
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_default();
    let end = if host.ends_with(".cn") { ".cn" } else { "" };
    vec![host.to_owned(), format!("sns.amazonaws.com{end}")]
}

/// `/SimpleNotificationService-<hexadecimal>.pem` at SNS itself.
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
    use super::{SNS_CERTIFICATE_PATH, certificate_names, is_pinned};

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
        let served = format!("https://sns.eu-central-1.amazonaws.com{SNS_CERTIFICATE_PATH}");
        assert!(is_pinned(&served), "who checks the path takes ours");
        assert_eq!(
            certificate_names(&served),
            ["sns.eu-central-1.amazonaws.com", "sns.amazonaws.com"]
        );
    }
}
