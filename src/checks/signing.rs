//! Signs a delivery as its provider does, or nearly so.

use jiff::Timestamp;

use crate::checks::Setting;
use crate::providers;
use crate::webhook::{Chance, Delivery, Seal, Secret, Tamper, set_topic};

/// Signs a delivery at that moment. `tamper` is the near miss that it is to be, by its name; `public` is whether the
/// public test key takes the place of the user's secret.
pub fn seal(
    setting: &Setting,
    delivery: &mut Delivery,
    tamper: Option<&str>,
    public: bool,
    at: Timestamp,
    chance: &mut Chance,
) -> Result<(), String> {
    if let Some(topic) = &setting.topic {
        // What does not come through SNS has no topic.
        let _ = set_topic(delivery, topic);
    }
    let scheme = providers::signing_scheme(setting.provider, delivery);
    let (Some(scheme), Some(own)) = (scheme, &setting.key) else {
        return Ok(());
    };
    let test = public
        .then(|| scheme.key.key(&Secret::new(setting.provider.test_secret)))
        .flatten();
    let key = test.as_ref().unwrap_or(own);
    let url = match &setting.public_url {
        Some(url) => url.clone(),
        None => format!("{}{}", setting.target.origin(), delivery.path),
    };
    let seal = &mut Seal {
        at,
        url: &url,
        chance,
    };
    match tamper {
        None => providers::sign(setting.provider, scheme, delivery, key, seal),
        Some(name) => Tamper::find(name)
            .ok_or("there is no such near miss")?
            .apply(scheme, delivery, key, seal),
    }
}
