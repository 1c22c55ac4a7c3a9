//! Generation of deliveries, common to `send`, its journeys and campaigns, and `check`: a compiled template is filled in
//! from the random streams of a seed, aimed at the target with the user's headers, and signed.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::providers::provider::Provider;
use crate::providers::reading::sign;
use crate::webhook::sending::rng::{delivery_seed, message_seed};
use crate::webhook::{Delivery, Key, Rng, Scheme, SigningContext, Tamper, Target};

/// Random streams of a seed (`--seed`).
#[derive(Clone, Copy, Debug)]
pub struct RandomStreams(pub u64);

impl RandomStreams {
    /// Stream of a message: its ids are the same in all its events.
    pub fn message(self, number: u64) -> Rng {
        Rng::seeded(message_seed(self.0, number))
    }

    /// Stream of a delivery: values that differ between events of a message.
    pub fn delivery(self, number: u64) -> Rng {
        Rng::seeded(delivery_seed(self.0, number) ^ 1)
    }

    /// Stream of a delivery by its message, and by its index among the events of that.
    pub fn delivery_of(self, message: u64, index: u64) -> Rng {
        Rng::seeded(delivery_seed(message_seed(self.0, message), index + 1))
    }
}

/// Destination of generated deliveries, and their signature.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Provider that sends.
    pub provider: &'static Provider,
    /// Receiver.
    pub target: &'a Target,
    /// Headers of the user (`--header`).
    pub headers: &'a [(HeaderName, HeaderValue)],
    /// Signed URL (`--public-url`), for schemes that sign it; the target's if none.
    pub public_url: Option<&'a str>,
    /// Deliberate fault of the signature (`--tamper`).
    pub tamper: Option<&'static Tamper>,
    /// Signing time.
    pub at: Timestamp,
}

impl Outgoing<'_> {
    /// Sets path and headers; before signing, because a header may select what is signed.
    pub fn address(&self, delivery: &mut Delivery) {
        delivery.aim(self.target.path.clone());
        self.set_headers(delivery);
    }

    /// Signs a delivery; then sets the headers again, because those of the user replace all others.
    pub fn sign(
        &self,
        scheme: &Scheme,
        key: &Key,
        delivery: &mut Delivery,
        rng: &mut Rng,
    ) -> Result<(), String> {
        let url = match self.public_url {
            Some(url) => Cow::Borrowed(url),
            None if scheme.covers_url() => self.target.at(&delivery.path).into(),
            None => Cow::default(),
        };
        let context = &mut SigningContext {
            at: self.at,
            url: &url,
            rng,
        };
        match self.tamper {
            Some(tamper) => tamper.apply(scheme, delivery, key, context)?,
            None => sign(self.provider, scheme, delivery, key, context)?,
        }
        self.set_headers(delivery);
        Ok(())
    }

    fn set_headers(&self, delivery: &mut Delivery) {
        for (name, value) in self.headers {
            delivery.headers.set(name.clone(), value.clone());
        }
    }
}
