//! What a signature is judged by.

use std::time::Duration;

use jiff::Timestamp;

use crate::webhook::Delivery;

/// What a signature is judged by, besides the delivery itself.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// The moment that counts as now.
    pub now: Timestamp,
    /// The age allowed to a signed timestamp; each scheme's own if none.
    pub tolerance: Option<Duration>,
    /// The URL that the provider was told to call; without a path, the delivery's path is added.
    pub public_url: Option<String>,
    /// Topics that deliveries may come from; any if empty.
    pub topics: Vec<String>,
}

impl VerifyOptions {
    /// The URL that was signed, where a scheme signs one.
    pub fn url(&self, delivery: &Delivery) -> String {
        let path = delivery.path.as_str();
        match &self.public_url {
            Some(url)
                if url
                    .split_once("://")
                    .is_some_and(|(_, rest)| rest.contains(['/', '?'])) =>
            {
                url.clone()
            }
            Some(url) => format!("{url}{path}"),
            None => format!(
                "http://{}{path}",
                delivery.headers.text("host").unwrap_or_default()
            ),
        }
    }
}
