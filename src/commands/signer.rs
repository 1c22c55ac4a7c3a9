//! Signing of outgoing deliveries.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::providers;
use crate::providers::{Keys, Outgoing, Provider};
use crate::webhook::{Delivery, Document, Rng, Tamper, Target};

/// Age of a signature that handlers reject as too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StaleSignature {
    /// Age of the signature.
    pub age: Duration,
    /// Default tolerance of its scheme.
    pub allowed: Duration,
}

/// Returns the age of a delivery's signature if it is beyond the tolerance of its scheme.
pub(super) fn stale(
    provider: &Provider,
    delivery: &Delivery,
    now: Timestamp,
) -> Option<StaleSignature> {
    let document = Document::of(delivery).ok();
    let scheme = provider
        .schemes
        .iter()
        .find(|scheme| scheme.is_present(delivery, document.as_ref()))?;
    let at = scheme.signed_at(delivery, document.as_ref())?;
    let age = Duration::try_from(now.duration_since(at)).ok()?;
    let allowed = Duration::from_secs(scheme.tolerance);
    (age > allowed).then_some(StaleSignature { age, allowed })
}

/// Signs deliveries by their provider's scheme.
#[derive(Debug)]
pub(crate) struct Signer {
    /// Keys by provider.
    pub keys: Keys,
    /// Signing time (`--signed-at`); now if none.
    pub at: Option<Timestamp>,
    /// Public URL for schemes that sign the URL (`--public-url`); the target's URL if none.
    pub public_url: Option<String>,
    /// Deliberate fault in the signature (`--tamper`).
    pub tamper: Option<&'static Tamper>,
}

impl Signer {
    /// Replaces the delivery id before signing (`--fresh-ids`); false if the provider's scheme has none.
    pub(crate) fn renew_id(
        &self,
        provider: &Provider,
        delivery: &mut Delivery,
        rng: &mut Rng,
    ) -> Result<bool, String> {
        match providers::signing_scheme(provider, delivery) {
            Some(scheme) => scheme.renew_id(delivery, rng),
            None => Ok(false),
        }
    }

    /// Signs a delivery by its provider's scheme; the error says why it cannot be signed.
    pub(crate) fn sign(
        &self,
        provider: &'static Provider,
        delivery: &mut Delivery,
        target: &Target,
        rng: &mut Rng,
    ) -> Result<(), String> {
        let scheme = providers::signing_scheme(provider, delivery);
        // A user who gave a secret does not expect a signature made with the test key.
        if let (Some(_), Some(unfit)) = (scheme, self.keys.unfit(provider)) {
            return Err(unfit.why);
        }
        match (scheme, self.keys.signing(provider)) {
            (Some(scheme), Some(key)) => {
                let outgoing = self.outgoing(provider, target, &[]);
                outgoing.sign(scheme, key, delivery, rng)
            }
            _ => Ok(()),
        }
    }

    /// True if each retry gets a new signature: not with a fixed signing time, nor with `--tamper`.
    pub(crate) fn renews(&self) -> bool {
        self.at.is_none() && self.tamper.is_none()
    }

    /// Destination and signature of a provider's deliveries, with these headers of the user; signed now unless
    /// `--signed-at` is given.
    pub(crate) fn outgoing<'a>(
        &'a self,
        provider: &'static Provider,
        target: &'a Target,
        headers: &'a [(HeaderName, HeaderValue)],
    ) -> Outgoing<'a> {
        Outgoing {
            provider,
            target,
            headers,
            public_url: self.public_url.as_deref(),
            tamper: self.tamper,
            at: self.at.unwrap_or_else(Timestamp::now),
        }
    }
}
