//! Changes of recorded deliveries (`--set`, `--unset`), and the new signature of what was changed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::commands::recorded::selected::as_recorded;
use crate::commands::replay::plan::ReplayPlan;
use crate::error::{Error, Result};
use crate::io::recording::reader::Source;
use crate::providers;
use crate::providers::Provider;
use crate::report::Reporter;
use crate::webhook::{Algorithm, Delivery, Document, Fixture, Rng, Scheme, Verdict, shell};

/// Changes deliveries and signs them anew; says each thing once.
pub(super) struct DeliveryChanger {
    plan: Arc<ReplayPlan>,
    report: Arc<Reporter>,
    said: Mutex<HashSet<String>>,
}

impl DeliveryChanger {
    pub(super) fn new(plan: &Arc<ReplayPlan>, report: &Arc<Reporter>) -> DeliveryChanger {
        DeliveryChanger {
            plan: Arc::clone(plan),
            report: Arc::clone(report),
            said: Mutex::default(),
        }
    }

    /// Applies `--set` and `--unset` to a delivery of this provider; true if it is another now.
    pub(super) fn change(
        &self,
        delivery: &mut Delivery,
        provider: Option<&'static Provider>,
        source: &Source,
    ) -> Result<bool> {
        let before = delivery.clone();
        let notes = self.plan.changes.apply(delivery, provider);
        let notes = notes.map_err(|why| {
            let error = Error::usage(format!("{source}: it cannot be changed: {why}"));
            match source.to_string() {
                piped if piped.starts_with("stdin") => error,
                address => error.hint(format!(
                    "`webhook-cli show {} --body` prints what there is",
                    shell::word(&address)
                )),
            }
        })?;
        for note in notes {
            self.note(note.strip_prefix("note: ").unwrap_or(&note));
        }
        Ok(*delivery != before)
    }

    /// Returns the provider by whose rule a changed delivery is signed; none if it needs no new signature. An error if
    /// it needs one, and there is no secret for it.
    pub(super) fn signs(
        &self,
        recorded: &Fixture,
        provider: Option<&'static Provider>,
        source: &Source,
    ) -> Result<Option<&'static Provider>> {
        let Some(provider) = provider else {
            self.note(&format!(
                "{source}: no provider is recognised, so the changed delivery is not signed anew"
            ));
            return Ok(None);
        };
        let delivery = &recorded.delivery;
        let Some(scheme) = providers::signing_scheme(provider, delivery) else {
            return Ok(None);
        };
        let keys = &self.plan.signer.keys;
        let is_given = !keys.given(provider).is_empty() || keys.unfit(provider).is_some();
        if is_given || self.plan.resign {
            return Ok(Some(provider));
        }
        let document = Document::of(delivery).ok();
        let is_signed = scheme.algorithm != Algorithm::Credentials
            && scheme.is_present(delivery, document.as_ref());
        if !is_signed {
            return Ok(None);
        }
        if self.is_signed_with_another_secret(recorded, provider, scheme) {
            return Err(Error::usage(format!(
                "{source}: it was changed and has to be signed anew, which takes the secret of {}: it was not signed with \
                 the public test key",
                provider.title
            ))
            .hint(format!("`--secret {}=env:NAME` names the secret", provider.name))
            .hint("`--resign` signs with the public test key"));
        }
        Ok(Some(provider))
    }

    /// Signs a changed delivery, which is said once.
    pub(super) fn sign(
        &self,
        delivery: &mut Delivery,
        provider: &'static Provider,
        source: &Source,
        rng: &mut Rng,
    ) -> Result<()> {
        let signer = &self.plan.signer;
        let target = &self.plan.request.target;
        signer
            .sign(provider, delivery, target, rng)
            .map_err(|why| {
                Error::usage(format!(
                    "{source}: it was changed, and cannot be signed anew: {why}"
                ))
                .hint(format!(
                    "`webhook-cli keys {}` prints a secret of the right form",
                    provider.name
                ))
            })?;
        let with = match signer.keys.given(provider).is_empty() {
            true => "with the public test key",
            false => "with the given secret",
        };
        self.note(&format!(
            "changed deliveries of {} are signed anew, {with}",
            provider.title
        ));
        Ok(())
    }

    /// True if the recorded signature is known to be made with another secret than the public test key.
    fn is_signed_with_another_secret(
        &self,
        recorded: &Fixture,
        provider: &'static Provider,
        scheme: &Scheme,
    ) -> bool {
        let signer = &self.plan.signer;
        // The URL that was signed may not be known; then any key seems wrong.
        if scheme.covers_url() && signer.public_url.is_none() {
            return false;
        }
        let options = as_recorded(recorded, signer.public_url.as_ref());
        let receipt = providers::read(&recorded.delivery, Some(provider), &signer.keys, &options);
        receipt.signature.verdict == Verdict::Unchecked
    }

    fn note(&self, note: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.insert(note.to_owned()) {
            self.report.note(note);
        }
    }
}
