//! Verification of one delivery, with the diagnosis of an invalid signature.

use std::sync::Arc;

use jiff::Timestamp;

use crate::commands::sns::certificates::SnsCertificates;
use crate::commands::verify::cases::Addressed;
use crate::commands::verify::plan::VerifyPlan;
use crate::error::{Exit, Result};
use crate::io::runtime;
use crate::providers;
use crate::providers::{Budget, Evidence, Explanation, Provider};
use crate::report::{Judged, KeyUsed, Notice, ProvenCause, Reporter};
use crate::webhook::{
    Delivery, Document, Fixture, Key, Receipt, Recognition, Verdict, VerifyOptions,
};

/// Delivery with its verdict, ready to be reported.
pub(crate) struct Judgement {
    it: Addressed,
    id: Option<String>,
    now: Timestamp,
    provider: Option<&'static Provider>,
    receipt: Receipt,
    signed: Option<Vec<u8>>,
    explanation: Explanation,
    next: Option<String>,
}

/// Certificate fetching (`--fetch-certs`), with the runtime that it needs.
pub(crate) struct Fetching {
    certificates: SnsCertificates,
    runtime: tokio::runtime::Runtime,
}

impl Fetching {
    /// Starts a runtime.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            certificates: SnsCertificates::new()?,
            runtime: runtime::on_this_thread()?,
        })
    }
}

/// Verifies a delivery, and explains why its signature does not hold.
pub(crate) fn verify(
    plan: &VerifyPlan,
    fetching: Option<&Fetching>,
    it: &Addressed,
    fixture: &Fixture,
    near: &[Addressed],
) -> Judgement {
    let delivery = &fixture.delivery;
    let verify_options = plan.options(fixture);
    let mut receipt = providers::read_beneath(delivery, plan.provider, &plan.keys, &verify_options);
    if let Some(Fetching {
        certificates,
        runtime,
    }) = fetching
    {
        runtime.block_on(certificates.verify(delivery, &verify_options, &mut receipt));
    }
    let verdict = receipt.signature.verdict;
    // A custom scheme from the command line is in no registry.
    let found = || receipt.provider.and_then(providers::find);
    let provider = plan.provider.or_else(found);
    let evidence = provider.map(|provider| {
        let mut evidence = evidence(plan, provider, delivery, &verify_options);
        if verdict == Verdict::Refused {
            evidence.neighbours = near.iter().filter_map(neighbour).collect();
        }
        evidence
    });
    let evidence = evidence.as_ref();
    // The signature may be inside a body that cannot be parsed.
    let is_named = matches!(receipt.recognised_by, Some(Recognition::Named));
    let is_unread = verdict == Verdict::Unsigned && is_named;
    let explained = evidence.map(|evidence| explanation(evidence, verdict, is_unread));
    Judgement {
        it: Arc::clone(it),
        id: fixture.id.clone(),
        now: verify_options.now,
        provider,
        signed: evidence.and_then(providers::signed_text),
        explanation: explained.unwrap_or_default(),
        next: next_step(evidence, verdict, delivery),
        receipt,
    }
}

/// Evidence for the diagnosis of a delivery, without its neighbours.
fn evidence(
    plan: &VerifyPlan,
    provider: &'static Provider,
    delivery: &Delivery,
    verify_options: &VerifyOptions,
) -> Evidence {
    let document = Document::of(delivery).ok();
    let variant = providers::departure_of(provider, document.as_ref());
    let given: Vec<Key> = match variant {
        Some(variant) => {
            let keys = plan.keys.in_form(provider, variant.key);
            keys.map(|(_, key)| key).collect()
        }
        None => plan.keys.given(provider).to_vec(),
    };
    let test = || plan.keys.tried(provider).cloned().into_iter().collect();
    Evidence {
        provider: variant.map_or(provider, |variant| variant.provider),
        delivery: delivery.clone(),
        keys: if given.is_empty() { test() } else { given },
        secrets: plan.ring.of(provider.name).cloned().collect(),
        others: plan.ring.but(provider.name).cloned().collect(),
        neighbours: Vec::new(),
        verify_options: verify_options.clone(),
    }
}

/// Explains why a signature does not hold. Each delivery has its own budget, so that its diagnosis does not depend on the
/// others.
fn explanation(evidence: &Evidence, verdict: Verdict, is_unread: bool) -> Explanation {
    match verdict {
        Verdict::Refused => providers::explain(evidence, &mut Budget::default()),
        // Without a secret only the test key is tried; a mismatch rules nothing out.
        _ if verdict == Verdict::Unchecked || is_unread => {
            let tried = providers::explain(evidence, &mut Budget::default());
            Explanation {
                found: tried.found,
                hint: tried.hint,
                ..Explanation::default()
            }
        }
        _ => Explanation::default(),
    }
}

/// Next step for the user; none if the signature holds, or can never be verified.
fn next_step(evidence: Option<&Evidence>, verdict: Verdict, delivery: &Delivery) -> Option<String> {
    let Some(evidence) = evidence else {
        let step = "name the provider: `--provider NAME`; `webhook-cli events` lists them";
        return Some(step.to_owned());
    };
    let (title, name) = (evidence.provider.title, evidence.provider.name);
    match verdict {
        Verdict::Verified | Verdict::VerifiedTestKey | Verdict::Unsigned => None,
        _ if providers::cannot_be_verified(delivery) => None,
        Verdict::Refused => Some(providers::next_step(evidence)),
        Verdict::Unchecked if name == "ses" => {
            Some("verify with the certificate that the message names: `--fetch-certs`".to_owned())
        }
        Verdict::Unchecked if providers::lacks_url(evidence) => Some(format!(
            "give the secret, and the URL as configured in {title}: `--secret {name}=env:NAME --url URL`"
        )),
        Verdict::Unchecked => Some(format!("give the secret: `--secret {name}=env:NAME`")),
    }
}

/// Neighbouring delivery with its name for messages; none if it could not be read.
fn neighbour(it: &Addressed) -> Option<(String, Delivery)> {
    let (source, fixture) = &**it;
    let fixture = fixture.as_ref().ok()?;
    let name = match &fixture.id {
        Some(id) => format!("the delivery `{id}`"),
        None => format!("the delivery `{source}`"),
    };
    Some((name, fixture.delivery.clone()))
}

impl Judgement {
    /// Reports the verdict, and returns its exit status.
    pub(crate) fn tell(&self, plan: &VerifyPlan, report: &Reporter) -> Exit {
        self.with_notice(plan, |notice| report.tell(&notice));
        match self.receipt.signature.verdict {
            Verdict::Verified | Verdict::VerifiedTestKey => Exit::Success,
            Verdict::Unsigned | Verdict::Unchecked | Verdict::Refused => Exit::Signature,
        }
    }

    /// Calls `take` with the verdict as the reporter takes it.
    pub(crate) fn with_notice<T>(&self, plan: &VerifyPlan, take: impl FnOnce(Notice) -> T) -> T {
        let Judgement {
            receipt,
            explanation,
            ..
        } = self;
        let signature = &receipt.signature;
        let names = self
            .provider
            .map_or(&[][..], |provider| plan.keys.names(provider));
        let key = match (signature.verdict, signature.key) {
            (Verdict::VerifiedTestKey, _) => Some(KeyUsed {
                name: "the public test key",
                number: 1,
                of: 1,
            }),
            (_, Some(at)) => names.get(at).map(|name| KeyUsed {
                name,
                number: at + 1,
                of: names.len(),
            }),
            (_, None) => None,
        };
        take(Notice::Judged(Judged {
            id: self.id.as_deref(),
            source: &self.it.0,
            now: self.now,
            receipt,
            signed: self.signed.as_deref(),
            key,
            finding: explanation.found.as_ref().map(|(guess, fits)| ProvenCause {
                name: guess.name,
                finding: guess.finding,
                fits,
                advice: guess.advice,
            }),
            ruled_out: &explanation.ruled_out,
            not_tried: &explanation.not_tried,
            untried: &explanation.untried,
            next: self.next.as_deref(),
            hint: explanation.hint,
        }))
    }
}
