//! Tampering (`--tamper`): a way of making a delivery invalid that looks right and that a handler must reject, for one
//! reason.
//!
//! A change that no verifier could notice is no test, so each names the reason where a scheme does not cover it.

use crate::webhook::{Delivery, Key, Scheme, SigningContext};

/// Way of making a signed delivery invalid.
#[derive(Debug)]
pub struct Tamper {
    /// Name, as typed on the command line.
    pub name: &'static str,
    /// Description of the fault in such a delivery.
    pub about: &'static str,
    /// Texts of which a verifier's reason to reject the delivery must contain one.
    pub refusals: &'static [&'static str],
    pub(crate) make: fn(&Scheme, &mut Delivery, &Key, &mut SigningContext) -> Result<(), String>,
}

impl Tamper {
    /// Signs a delivery like [`Scheme::sign`], with this one fault. Returns the reason if no verifier could notice the
    /// fault.
    pub fn apply(
        &self,
        scheme: &Scheme,
        delivery: &mut Delivery,
        key: &Key,
        context: &mut SigningContext,
    ) -> Result<(), String> {
        (self.make)(scheme, delivery, key, context)
    }
}
