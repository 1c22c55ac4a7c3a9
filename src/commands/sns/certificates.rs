//! Verification of SNS and Scaleway messages by the certificate that they name (`--fetch-certs`): it is fetched from
//! the
//! service, checked and cached.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::io::client::{Client, Settings};
use crate::io::tls::certificate_fetch::{Chain, Trust};
use crate::providers;
use crate::providers::{Keys, Proof};
use crate::webhook::{Delivery, KeyForm, Receipt, Target, Verdict, VerifyOptions};

/// Capacity of the certificate cache; the services change their certificates about once a year.
const KEPT: usize = 32;

/// Time for which a failed fetch is not repeated.
const FAILED: Duration = Duration::from_secs(60);

type Fetched = std::result::Result<Arc<Chain>, String>;

/// Fetches certificates, checks their chains, and verifies messages with them.
pub(crate) struct SnsCertificates {
    client: Client,
    trust: Trust,
    known: Mutex<HashMap<String, (Instant, Fetched)>>,
    /// Lock of fetches: one at a time, so that a certificate named by many messages is fetched once.
    fetching: tokio::sync::Mutex<()>,
}

impl SnsCertificates {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            client: Client::new(Settings::default()),
            trust: Trust::of_system().map_err(Error::usage)?,
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        })
    }

    /// Verifies a message by the certificate that it names, unless a given key has verified it already.
    pub(crate) async fn verify(
        &self,
        delivery: &Delivery,
        verify_options: &VerifyOptions,
        receipt: &mut Receipt,
    ) {
        if receipt.signature.verdict.holds() {
            return;
        }
        let named = match providers::named_certificate(delivery) {
            Some(Ok(named)) => named,
            Some(Err(why)) => {
                receipt.signature.reason.get_or_insert(why);
                return;
            }
            None => return,
        };
        let url = &named.url;
        let had = async {
            let issuers = match &named.proof {
                Proof::Names(_) => None,
                Proof::IssuedBy(at) => Some(self.chain(at).await?),
            };
            Ok::<_, String>((self.chain(url).await?, issuers))
        };
        let (chain, issuers) = match had.await {
            Ok(had) => had,
            Err(why) => {
                receipt.signature.reason =
                    Some(format!("the certificate could not be fetched: {why}"));
                return;
            }
        };
        let checked = match (&named.proof, issuers) {
            (Proof::IssuedBy(_), Some(issuers)) => chain.is_issued_by(&issuers, verify_options.now),
            (Proof::Names(names), _) => self.trust.check(&chain, names, verify_options.now),
            (Proof::IssuedBy(_), None) => Err("its issuer is unknown".into()),
        };
        if let Err(why) = checked {
            receipt.signature.verdict = Verdict::Refused;
            receipt.signature.reason = Some(format!("the certificate is not trusted: {why}"));
            return;
        }
        let provider = named.provider;
        let Some(key) = KeyForm::Rsa.key(&chain.secret()) else {
            receipt.signature.reason = Some("the certificate has no RSA key".into());
            return;
        };
        let keys = Keys::only(provider, key);
        receipt.signature =
            providers::read(delivery, Some(provider), &keys, verify_options).signature;
        // The key is none of those that were given.
        receipt.signature.key = None;
        if receipt.signature.verdict == Verdict::Verified {
            receipt.signature.reason = Some(format!("with the certificate at `{url}`"));
        }
    }

    async fn chain(&self, url: &str) -> Fetched {
        if let Some(fetched) = self.recall(url) {
            return fetched;
        }
        let _one = self.fetching.lock().await;
        // Another task may have fetched it while this one waited.
        if let Some(fetched) = self.recall(url) {
            return fetched;
        }
        let fetched = match Target::parse(url) {
            Ok(target) => Chain::fetch(&self.client, &target).await.map(Arc::new),
            Err(error) => Err(error.to_string()),
        };
        self.keep(url, fetched.clone());
        fetched
    }

    fn recall(&self, url: &str) -> Option<Fetched> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, fetched) = known.get(url)?;
        (fetched.is_ok() || at.elapsed() < FAILED).then(|| fetched.clone())
    }

    fn keep(&self, url: &str, fetched: Fetched) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            // Anybody can name addresses where nothing is; failed fetches are evicted first.
            let oldest = known
                .iter()
                .min_by_key(|(_, (at, fetched))| (fetched.is_ok(), *at));
            if let Some(url) = oldest.map(|(url, _)| url.clone()) {
                known.remove(&url);
            }
        }
        known.insert(url.to_owned(), (Instant::now(), fetched));
    }
}
