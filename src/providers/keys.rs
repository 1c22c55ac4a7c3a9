//! Secrets made into keys, once, for each provider that may need them.

use std::sync::OnceLock;

use super::{Provider, everyone};
use crate::error::{Error, Result};
use crate::webhook::{Key, KeyForm, Keyring, Secret};

/// The keys of every provider: those that were given, and the public test key.
#[derive(Debug)]
pub struct Keys(Vec<Slot>);

#[derive(Debug)]
struct Slot {
    provider: &'static Provider,
    given: Vec<Key>,
    /// Where each of them came from.
    names: Vec<String>,
    test: OnceLock<Option<Key>>,
}

impl Keys {
    /// Makes keys of the secrets. A secret that fits nobody, or not the provider it is named for, is an error
    /// that says which form is wanted. `only` is the one provider in play, if the user named it; it may be a scheme
    /// that was spelled out, which stands in no list.
    pub fn new(ring: &Keyring, only: Option<&'static Provider>) -> Result<Keys> {
        let spelled = only.filter(|only| super::find(only.name).is_none());
        let all = || everyone().chain(spelled);
        let find = |name: &str| all().find(|provider| provider.name == name);
        for (limit, secret) in ring.secrets() {
            let fits =
                |provider: &Provider| form(provider).is_some_and(|form| form.key(secret).is_some());
            match limit
                .or(only.map(|provider| provider.name))
                .map(|name| (name, find(name)))
            {
                Some((name, None)) => {
                    return Err(Error::usage(format!(
                        "`{name}` is no provider to have a secret for"
                    )));
                }
                Some((name, Some(provider))) if !fits(provider) => {
                    return Err(wrong_form(name, provider));
                }
                None if !all().any(fits) => {
                    return Err(Error::usage("the secret is empty")
                        .hint("give it as `--secret env:NAME` or `--secret file:PATH`"));
                }
                _ => {}
            }
        }
        Ok(Keys(
            all()
                .map(|provider| {
                    let (given, names) = ring
                        .of(provider.name)
                        .filter_map(|secret| {
                            Some((form(provider)?.key(secret)?, secret.name().to_owned()))
                        })
                        .unzip();
                    Slot {
                        provider,
                        given,
                        names,
                        test: OnceLock::new(),
                    }
                })
                .collect(),
        ))
    }

    /// This key of that provider alone.
    pub fn only(provider: &'static Provider, key: Key) -> Keys {
        Keys(vec![Slot {
            provider,
            given: vec![key],
            names: Vec::new(),
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

fn form(provider: &Provider) -> Option<KeyForm> {
    provider.schemes.first().map(|scheme| scheme.key)
}

fn wrong_form(name: &str, provider: &Provider) -> Error {
    match form(provider) {
        None => Error::usage(format!("`{name}` signs nothing, so it has no secret")),
        Some(form) => Error::usage(format!("the secret for `{name}` has the wrong form"))
            .hint(format!("wanted: {}", form.wanted()))
            .hint(format!("`webhook-cli keys {name}` prints one of that form")),
    }
}
