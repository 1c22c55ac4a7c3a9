//! Settings of signature verification: time, tolerance, public URL, topics.

use std::time::Duration;

use jiff::Timestamp;

use crate::webhook::Delivery;

/// Settings of signature verification.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// Current time.
    pub now: Timestamp,
    /// Accepted age of a signed timestamp (`--tolerance`); each scheme's default if none.
    pub tolerance: Option<Duration>,
    /// URL configured at the provider (`--public-url`); without a path, the delivery's path is appended.
    pub public_url: Option<String>,
    /// Accepted SNS topics; any if empty.
    pub topics: Vec<String>,
}

impl VerifyOptions {
    /// Signed URL of a delivery, for schemes that sign it.
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
