//! Twilio: the signed text is the URL as it was called, then the fields of a form. A body that is no form is not signed
//! itself: its hash is in the URL.
//! <https://www.twilio.com/docs/usage/webhooks/webhooks-security>

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::providers::provider::{Provider, SIGNER, Signal};
use crate::webhook::{Algorithm, Delivery, Encoding, KeyForm, Location, Part, Scheme};

static URL_AND_FIELDS: Scheme = Scheme {
    name: "twilio",
    algorithm: Algorithm::HmacSha1,
    key: KeyForm::Text,
    id: None,
    timestamp: None,
    signed: &[Part::UrlOr(other_port), Part::Of(fields)],
    signature: Location::Header("x-twilio-signature"),
    encoding: Encoding::Base64,
    fresh: &[],
    tolerance: 300,
    uncovered: Some("the scheme has no timestamp: an old delivery verifies as well"),
    guard: None,
};

/// Twilio's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "twilio",
    title: "Twilio",
    docs: "https://www.twilio.com/docs/usage/webhooks/webhooks-security",
    signals: &[Signal::Header("x-twilio-signature")],
    schemes: &[&URL_AND_FIELDS],
    test_secret: "webhook-cli-public-test-key-twilio",
    test_public: "webhook-cli-public-test-key-twilio",
    native: &["/type"],
    ..SIGNER
};

/// The URL with the default port added or removed: some of its products sign it with that port, some without.
fn other_port(url: &str) -> Vec<String> {
    let other = || {
        let (scheme, rest) = url.split_once("://")?;
        let default = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return None,
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        match host.strip_suffix(default) {
            Some(host) => Some(format!("{scheme}://{host}{path}")),
            None if host.rsplit(']').next()?.contains(':') => None,
            None => Some(format!("{scheme}://{host}{default}{path}")),
        }
    };
    other().into_iter().collect()
}

/// The distinct fields of a form, sorted, each name before its decoded value; nothing for other bodies, whose hash must
/// be in the URL.
fn fields(delivery: &Delivery, url: &str) -> Result<Vec<u8>, String> {
    if delivery.body.is_empty() {
        return Ok(Vec::new());
    }
    let kind = delivery.headers.text("content-type").unwrap_or_default();
    if kind
        .to_ascii_lowercase()
        .starts_with("application/x-www-form-urlencoded")
    {
        let fields: BTreeSet<_> = form_urlencoded::parse(&delivery.body).collect();
        let texts = fields.iter().flat_map(|(name, value)| [name, value]);
        return Ok(texts.flat_map(|text| text.bytes()).collect());
    }
    let hash = hex::encode(Sha256::digest(&delivery.body));
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let given = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "bodySHA256");
    match given {
        Some((_, given)) if given == hash => Ok(Vec::new()),
        Some(_) => Err("`bodySHA256` in the URL is not the hash of this body".into()),
        None => Err(format!(
            "a body that is no form is signed by its hash in the URL: `bodySHA256={hash}` is missing there"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::other_port;

    #[test]
    fn a_port_that_goes_without_saying_is_left_out_or_said() {
        for (url, other) in [
            (
                "https://a.example/x?y=:1",
                Some("https://a.example:443/x?y=:1"),
            ),
            ("https://a.example:443/x", Some("https://a.example/x")),
            ("http://a.example", Some("http://a.example:80")),
            ("http://[::1]/x", Some("http://[::1]:80/x")),
            ("http://[::1]:80/x", Some("http://[::1]/x")),
            ("https://a.example:8443/x", None),
            ("http://a.example:443/x", None),
            ("none", None),
        ] {
            assert_eq!(other_port(url).first().map(String::as_str), other, "{url}");
        }
    }
}
