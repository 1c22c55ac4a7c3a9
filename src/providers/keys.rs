//! Secrets parsed into keys, once, for each provider that may need them.

use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::providers::provider::{Provider, SchemeVariant};
use crate::providers::registry::{everyone, find};
use crate::webhook::{Key, KeyForm, Keyring, Secret};

/// Keys of every provider: those given by the user, and the public test key.
#[derive(Debug)]
pub struct Keys(Vec<ProviderKeys>);

/// Secret whose form is not the one that the provider uses.
#[derive(Debug)]
pub struct UnsuitableSecret {
    /// The fault, in words.
    pub why: String,
    /// The expected form.
    pub wanted: &'static str,
}

#[derive(Debug)]
struct ProviderKeys {
    provider: &'static Provider,
    given: Vec<Key>,
    /// Secrets that `given` was parsed from, in the same order.
    secrets: Vec<Secret>,
    /// Origin of each secret (a flag, a variable, a file), in the same order.
    names: Vec<String>,
    /// Secrets that are not valid keys of this provider.
    unfit: Vec<Secret>,
    test: OnceLock<Option<Key>>,
}

impl Keys {
    /// Parses the secrets into keys. A secret that fits no provider, or not the provider that it is limited to, is an
    /// error that names the expected form. `only` is the provider named by the user, if any; a scheme described with
    /// `--scheme hmac-…` is in no list and is added here.
    pub fn new(ring: &Keyring, only: Option<&'static Provider>) -> Result<Keys> {
        let custom = only.filter(|only| find(only.name).is_none());
        let all: Vec<&'static Provider> = everyone().chain(custom).collect();
        for (limit, secret) in ring.secrets() {
            match limit.or(only.map(|provider| provider.name)) {
                Some(name) => {
                    let provider = all.iter().find(|provider| provider.name == name);
                    fits_provider(name, provider.copied(), secret)?;
                }
                None => fits_any(&all, secret)?,
            }
        }
        let slots = all.iter().map(|provider| {
            let is_only = only.is_some_and(|only| std::ptr::eq(only, *provider));
            ProviderKeys::new(provider, ring, is_only || ring.names(provider.name))
        });
        Ok(Keys(slots.collect()))
    }

    /// A single key for a single provider.
    pub fn only(provider: &'static Provider, key: Key) -> Keys {
        Keys(vec![ProviderKeys {
            provider,
            given: vec![key],
            secrets: Vec::new(),
            names: Vec::new(),
            unfit: Vec::new(),
            test: OnceLock::new(),
        }])
    }

    /// Keys that the user gave for a provider.
    pub fn given(&self, provider: &Provider) -> &[Key] {
        self.slot(provider).map_or(&[], |slot| &slot.given)
    }

    /// True if the key at this index was given as a certificate, whose chain is not verified.
    pub fn is_certificate(&self, provider: &Provider, at: usize) -> bool {
        let secret = self.slot(provider).and_then(|slot| slot.secrets.get(at));
        secret.is_some_and(|secret| secret.reveal().contains("BEGIN CERTIFICATE"))
    }

    /// Origins of the keys that the user gave for a provider, in the same order.
    pub fn names(&self, provider: &Provider) -> &[String] {
        self.slot(provider).map_or(&[], |slot| &slot.names)
    }

    /// The provider's secrets parsed in another form, each with the index of its key in [`given`](Self::given).
    pub fn in_form(
        &self,
        provider: &Provider,
        form: KeyForm,
    ) -> impl Iterator<Item = (usize, Key)> {
        let secrets = self.slot(provider).map_or(&[][..], |slot| &slot.secrets);
        let each = secrets.iter().enumerate();
        each.filter_map(move |(at, secret)| Some((at, form.key(secret)?)))
    }

    /// The variant's note on the key at this index, if its secret has the form of a variant instead of the provider's
    /// own.
    pub fn stretched(&self, provider: &Provider, at: usize) -> Option<&'static str> {
        let secret = self.slot(provider)?.secrets.get(at)?;
        let departure = stretched(provider, secret)?;
        Some(departure.says)
    }

    /// Notes on all secrets that have the form of a variant instead of the provider's own.
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

    /// The fault of the given secrets, if none of them is a key of this provider; none if one is, or if none was given.
    pub fn unfit(&self, provider: &Provider) -> Option<UnsuitableSecret> {
        let slot = self.slot(provider)?;
        let secret = slot.unfit.first().filter(|_| slot.given.is_empty())?;
        let form = form(provider)?;
        Some(UnsuitableSecret {
            why: format!(
                "{} is not a key of {}: {}",
                secret.called(),
                provider.title,
                form.fault(secret)
            ),
            wanted: form.wanted(),
        })
    }

    /// The reason for which a signature of this provider is not checked.
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

    /// The test key, where a signature may be checked with it: if no secret was given at all, or if one was given for
    /// this provider, to report that the sender used the test key. A listener with a secret for one provider must not
    /// accept deliveries of another that anyone could have signed.
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

    fn slot(&self, provider: &Provider) -> Option<&ProviderKeys> {
        self.0
            .iter()
            .find(|slot| std::ptr::eq(slot.provider, provider))
    }
}

impl ProviderKeys {
    /// Parses the secrets of a provider. A secret in the form of a variant is a key only if the user names the provider.
    fn new(provider: &'static Provider, ring: &Keyring, is_named: bool) -> ProviderKeys {
        let mut slot = ProviderKeys {
            provider,
            given: Vec::new(),
            secrets: Vec::new(),
            names: Vec::new(),
            unfit: Vec::new(),
            test: OnceLock::new(),
        };
        for secret in ring.of(provider.name) {
            let stretched = || {
                let variant = stretched(provider, secret).filter(|_| is_named)?;
                variant.key.key(secret)
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
    }
}

/// Rejects a secret that cannot be a key of the provider that it is limited to.
fn fits_provider(name: &str, provider: Option<&'static Provider>, secret: &Secret) -> Result<()> {
    let Some(provider) = provider else {
        return Err(Error::usage(format!(
            "`{name}` in `--secret` is not a known provider"
        )));
    };
    match key_of(provider, secret).is_some() || stretched(provider, secret).is_some() {
        true => Ok(()),
        false => Err(wrong_form(name, provider, secret)),
    }
}

/// Rejects a secret that cannot be a key of any provider.
fn fits_any(all: &[&'static Provider], secret: &Secret) -> Result<()> {
    if let Some(why) = secret.broken() {
        return Err(Error::usage(format!("{}: {why}", secret.called()))
            .hint("copy all of it again; `--secret file:PATH` reads a downloaded file"));
    }
    match all
        .iter()
        .any(|provider| key_of(provider, secret).is_some())
    {
        true => Ok(()),
        false => Err(Error::usage(format!("{} is empty", secret.called()))
            .hint("give it as `--secret env:NAME` or `--secret file:PATH`")),
    }
}

fn key_of(provider: &Provider, secret: &Secret) -> Option<Key> {
    form(provider)?.key(secret)
}

/// The variant in whose form a secret can be parsed that lacks the provider's own form. A secret with a telling prefix
/// (`whsec_`, PEM) is never reinterpreted: it would be a truncated copy, or a public key used as a shared secret.
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
        .hint(format!("`webhook-cli keys {name}` prints an example")),
    }
}
