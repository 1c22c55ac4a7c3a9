//! Evidence of a diagnosis.

use crate::providers::provider::Provider;
use crate::webhook::{Delivery, Key, Secret, VerifyOptions};

/// Everything needed to verify a delivery, and to test other explanations.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Provider of the delivery.
    pub provider: &'static Provider,
    /// The delivery.
    pub delivery: Delivery,
    /// Keys parsed from the secrets.
    pub keys: Vec<Key>,
    /// Secrets as given.
    pub secrets: Vec<Secret>,
    /// Secrets given for other providers.
    pub others: Vec<Secret>,
    /// Deliveries recorded near this one, each with its name.
    pub neighbours: Vec<(String, Delivery)>,
    /// Moment of verification, tolerance, and public URL.
    pub verify_options: VerifyOptions,
}
