//! Secrets made into keys, once, for each provider that may need them.

use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::providers::{Provider, SchemeVariant, everyone};
use crate::webhook::{Key, KeyForm, Keyring, Secret};

/// The keys of every provider: those that were given, and the public test key.
#[derive(Debug)]
pub struct Keys(Vec<Slot>);

/// A secret of another form than the provider's.
#[derive(Debug)]
pub struct UnsuitableSecret {
    /// What is wrong with it.
    pub why: String,
    /// The form that is wanted.
    pub wanted: &'static str,
}

#[derive(Debug)]
struct Slot {
    provider: &'static Provider,
    given: Vec<Key>,
    /// The secrets that they were made of.
    secrets: Vec<Secret>,
    /// Where each of them came from.
    names: Vec<String>,
    /// Secrets that were given and are no keys of this provider.
    unfit: Vec<Secret>,
    test: OnceLock<Option<Key>>,
}

impl Keys {
    /// Makes keys of the secrets. A secret that fits nobody, or not the provider it is named for, is an error
    /// that says which form is wanted. `only` is the one provider in play, if the user named it; it may be a scheme
    /// that was spelled out, which stands in no list.
    pub fn new(ring: &Keyring, only: Option<&'static Provider>) -> Result<Keys> {
        let spelled = only.filter(|only| crate::providers::find(only.name).is_none());
        let all = || everyone().chain(spelled);
        let find = |name: &str| all().find(|provider| provider.name == name);
        for (limit, secret) in ring.secrets() {
            let fits = |provider: &Provider| key_of(provider, secret).is_some();
            match limit
                .or(only.map(|provider| provider.name))
                .map(|name| (name, find(name)))
            {
                Some((name, None)) => {
                    return Err(Error::usage(format!(
                        "`{name}` is no provider to have a secret for"
                    )));
                }
                Some((name, Some(provider)))
                    if !fits(provider) && stretched(provider, secret).is_none() =>
                {
                    return Err(wrong_form(name, provider, secret));
                }
                Some(_) => {}
                None => {
                    if let Some(why) = secret.broken() {
                        return Err(Error::usage(format!("{}: {why}", secret.called()))
                            .hint("copy it again, all of it: `--secret file:PATH` takes it as it is downloaded"));
                    }
                    if !all().any(fits) {
                        return Err(Error::usage(format!("{} is empty", secret.called()))
                            .hint("give it as `--secret env:NAME` or `--secret file:PATH`"));
                    }
                }
            }
        }
        let slot = |provider: &'static Provider| {
            let is_meant =
                ring.names(provider.name) || only.is_some_and(|only| std::ptr::eq(only, provider));
            let mut slot = Slot {
                provider,
                given: Vec::new(),
                secrets: Vec::new(),
                names: Vec::new(),
                unfit: Vec::new(),
                test: OnceLock::new(),
            };
            for secret in ring.of(provider.name) {
                let stretched = || {
                    let departure = stretched(provider, secret).filter(|_| is_meant)?;
                    departure.key.key(secret)
                };
                match key_of(provider, secret).or_else(stretched) {
                    Some(key) => {
                        slot.given.push(key);
                        slot.secrets.push(secret.clone());
                        slot.names.push(secret.name().to_owned());
                    }
                    None if form(provider).is_some() => slot.unfit.push(secret.clone()),
                    None => {}
                }
            }
            slot
        };
        Ok(Keys(all().map(slot).collect()))
    }

    /// This key of that provider alone.
    pub fn only(provider: &'static Provider, key: Key) -> Keys {
        Keys(vec![Slot {
            provider,
            given: vec![key],
            secrets: Vec::new(),
            names: Vec::new(),
            unfit: Vec::new(),
            test: OnceLock::new(),
        }])
    }

    /// The keys that were given for a provider.
    pub fn given(&self, provider: &Provider) -> &[Key] {
        self.slot(provider).map_or(&[], |slot| &slot.given)
    }

    /// Where the keys came from that were given for a provider, in the same order.
    pub fn names(&self, provider: &Provider) -> &[String] {
        self.slot(provider).map_or(&[], |slot| &slot.names)
    }

    /// The same secrets read in another form, each with its place among the keys that were given.
    pub fn in_form(
        &self,
        provider: &Provider,
        form: KeyForm,
    ) -> impl Iterator<Item = (usize, Key)> {
        let secrets = self.slot(provider).map_or(&[][..], |slot| &slot.secrets);
        let each = secrets.iter().enumerate();
        each.filter_map(move |(at, secret)| Some((at, form.key(secret)?)))
    }

    /// What is to be said of the key at that place where its secret has not the provider's form.
    pub fn stretched(&self, provider: &Provider, at: usize) -> Option<&'static str> {
        let secret = self.slot(provider)?.secrets.get(at)?;
        let departure = stretched(provider, secret)?;
        Some(departure.says)
    }

    /// What is to be said of all secrets that have not the form of the provider that they were given for.
    pub fn notes(&self) -> Vec<String> {
        let each = self.0.iter().flat_map(|slot| {
            let told = |at| {
                let says = self.stretched(slot.provider, at)?;
                let name = slot.provider.name;
                Some(format!("the secret for `{name}` has another form: {says}"))
            };
            (0..slot.given.len()).filter_map(told)
        });
        each.collect()
    }

    /// Why secrets were given and none of them is a key of this provider; none where one is, or none was given.
    pub fn unfit(&self, provider: &Provider) -> Option<UnsuitableSecret> {
        let slot = self.slot(provider)?;
        let secret = slot.unfit.first().filter(|_| slot.given.is_empty())?;
        let form = form(provider)?;
        Some(UnsuitableSecret {
            why: format!(
                "{} is no key of {}: {}",
                secret.called(),
                provider.title,
                form.fault(secret)
            ),
            wanted: form.wanted(),
        })
    }

    /// Why a signature of this provider is not checked.
    pub fn missing(&self, provider: &Provider) -> Option<String> {
        if let Some(unfit) = self.unfit(provider) {
            return Some(unfit.why);
        }
        let others = self.0.iter().any(|slot| !slot.given.is_empty());
        (others && self.given(provider).is_empty())
            .then(|| format!("no secret was given for {}", provider.name))
    }

    /// The provider's public test key.
    pub fn test(&self, provider: &Provider) -> Option<&Key> {
        let slot = self.slot(provider)?;
        slot.test
            .get_or_init(|| form(provider)?.key(&Secret::new(provider.test_secret)))
            .as_ref()
    }

    /// The test key where a signature may be tried with it: where no secret was given at all, or to say that it fits
    /// and the secret does not. A listener that was given a secret for one provider must not take what anybody could
    /// have signed as another.
    pub fn tried(&self, provider: &Provider) -> Option<&Key> {
        let none = self.0.iter().all(|slot| slot.given.is_empty());
        if none || !self.given(provider).is_empty() {
            self.test(provider)
        } else {
            None
        }
    }

    /// The key to sign with: the first that was given, else the test key.
    pub fn signing(&self, provider: &Provider) -> Option<&Key> {
        self.given(provider).first().or_else(|| self.test(provider))
    }

    fn slot(&self, provider: &Provider) -> Option<&Slot> {
        self.0
            .iter()
            .find(|slot| std::ptr::eq(slot.provider, provider))
    }
}

fn key_of(provider: &Provider, secret: &Secret) -> Option<Key> {
    form(provider)?.key(secret)
}

/// The departure in whose form a secret can be read that has not the provider's own. What says by its beginning which
/// form it has is of that form or of none: it was copied in part, or a public key would do as a shared one.
fn stretched(provider: &Provider, secret: &Secret) -> Option<&'static SchemeVariant> {
    let text = secret.reveal().trim_start();
    let says_its_form = ["whsec_", "whpk_", "whsk_", "-----BEGIN"]
        .iter()
        .any(|start| text.starts_with(start));
    if says_its_form || key_of(provider, secret).is_some() {
        return None;
    }
    let mut departures = provider.departures.iter();
    departures.find(|departure| departure.stretches && departure.key.key(secret).is_some())
}

fn form(provider: &Provider) -> Option<KeyForm> {
    provider.schemes.first().map(|scheme| scheme.key)
}

fn wrong_form(name: &str, provider: &Provider, secret: &Secret) -> Error {
    match form(provider) {
        None => Error::usage(format!("`{name}` signs nothing, so it has no secret")),
        Some(form) => Error::usage(format!(
            "{} has the wrong form for `{name}`: {}",
            secret.called(),
            form.fault(secret)
        ))
        .hint(format!("wanted: {}", form.wanted()))
        .hint(format!("`webhook-cli keys {name}` prints one of that form")),
    }
}
