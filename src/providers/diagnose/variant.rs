//! Variant of a delivery, its keys or its URL, to be verified again.

use crate::providers::diagnose::evidence::Evidence;
use crate::webhook::{Algorithm, Delivery, Key, Scheme};

/// One variant to verify; fields that are none are unchanged.
#[derive(Debug, Default)]
pub(crate) struct Variant {
    /// Description of the difference.
    pub how: String,
    /// Changed delivery.
    pub delivery: Option<Delivery>,
    /// Other keys.
    pub keys: Option<Vec<Key>>,
    /// Other URL.
    pub url: Option<String>,
}

/// Variants, computed lazily.
pub(crate) type Variants<'a> = Box<dyn Iterator<Item = Variant> + 'a>;

/// Schemes of the provider that sign.
pub(crate) fn schemes(case: &Evidence) -> impl Iterator<Item = &'static Scheme> {
    let schemes = case.provider.schemes.iter().copied();
    schemes.filter(|scheme| scheme.algorithm != Algorithm::Credentials)
}
