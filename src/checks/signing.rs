//! Signs a delivery as its provider does, or tampered.

use jiff::Timestamp;

use crate::checks::Context;
use crate::providers;
use crate::webhook::{Delivery, Rng, Secret, SigningContext, Tamper, set_topic};

/// Signs a delivery at this time. `tamper` is the name of the tampering; `public` is true to sign with the public test
/// key in place of the user's secret.
pub fn seal(
    context: &Context,
    delivery: &mut Delivery,
    tamper: Option<&str>,
    public: bool,
    at: Timestamp,
    rng: &mut Rng,
) -> Result<(), String> {
    if let Some(topic) = &context.topic {
        // Only SNS messages have a topic.
        let _ = set_topic(delivery, topic);
    }
    let scheme = providers::signing_scheme(context.provider, delivery);
    let (Some(scheme), Some(own)) = (scheme, &context.key) else {
        return Ok(());
    };
    let test = public
        .then(|| scheme.key.key(&Secret::new(context.provider.test_secret)))
        .flatten();
    let key = test.as_ref().unwrap_or(own);
    let url = match &context.public_url {
        Some(url) => url.clone(),
        None => format!("{}{}", context.target.origin(), delivery.path),
    };
    let seal = &mut SigningContext { at, url: &url, rng };
    match tamper {
        None => providers::sign(context.provider, scheme, delivery, key, seal),
        Some(name) => Tamper::find(name)
            .ok_or("there is no such near miss")?
            .apply(scheme, delivery, key, seal),
    }
}
