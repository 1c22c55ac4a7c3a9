//! Signs deliveries on their way out.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::providers;
use crate::providers::{Keys, Provider};
use crate::webhook::{Delivery, Document, Key, Rng, Scheme, SigningContext, Tamper, Target};

/// A signature that is too old for those who check it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaleSignature {
    /// How old it is.
    pub age: Duration,
    /// How old it may be where nobody says otherwise.
    pub allowed: Duration,
}

/// Whether the signature that a delivery bears is too old by now.
pub fn stale(provider: &Provider, delivery: &Delivery, now: Timestamp) -> Option<StaleSignature> {
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

/// Signs deliveries as their provider does.
#[derive(Debug)]
pub struct Signer {
    /// What to sign with.
    pub keys: Keys,
    /// The time to sign; now if none.
    pub at: Option<Timestamp>,
    /// The URL that is signed where one is; the one it goes to if none.
    pub public_url: Option<String>,
    /// What is wrong on purpose.
    pub tamper: Option<&'static Tamper>,
}

impl Signer {
    /// Gives a delivery another id, before it is signed anew; false if its provider's deliveries have none.
    pub fn renew_id(
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

    /// Signs a delivery by its provider's rule; what it says if it cannot.
    pub fn context(
        &self,
        provider: &Provider,
        delivery: &mut Delivery,
        target: &Target,
        rng: &mut Rng,
    ) -> Result<(), String> {
        let scheme = providers::signing_scheme(provider, delivery);
        // The test key would be no signature of whoever gave a secret.
        if let (Some(_), Some(unfit)) = (scheme, self.keys.unfit(provider)) {
            return Err(unfit.why);
        }
        match (scheme, self.keys.signing(provider)) {
            (Some(scheme), Some(key)) => self.seal_as(provider, scheme, key, delivery, target, rng),
            _ => Ok(()),
        }
    }

    /// Whether each attempt is signed anew: not at a fixed time, nor where what is wrong with it would be made worse.
    pub fn renews(&self) -> bool {
        self.at.is_none() && self.tamper.is_none()
    }

    /// Signs a delivery by that scheme of the provider's.
    pub fn seal_as(
        &self,
        provider: &Provider,
        scheme: &Scheme,
        key: &Key,
        delivery: &mut Delivery,
        target: &Target,
        rng: &mut Rng,
    ) -> Result<(), String> {
        let url = match &self.public_url {
            Some(url) => Cow::Borrowed(url.as_str()),
            None if scheme.covers_url() => format!("{}{}", target.origin(), delivery.path).into(),
            None => Cow::default(),
        };
        let context = &mut SigningContext {
            at: self.at.unwrap_or_else(Timestamp::now),
            url: &url,
            rng,
        };
        match self.tamper {
            Some(tamper) => tamper.apply(scheme, delivery, key, context),
            None => providers::sign(provider, scheme, delivery, key, context),
        }
    }
}
