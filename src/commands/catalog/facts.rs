//! Facts about a provider, gathered from its definition: signature schemes, examples, unconfirmed claims.

use crate::providers::{Confidence, EventDef, Provenance, Provider};
use crate::webhook::{Fixture, Scheme};

/// Returns the locations in an example that hold a value, each with its provenance.
pub(crate) fn known(provider: &Provider, row: &EventDef) -> Vec<(String, &'static Provenance)> {
    let fields = provider.fields(row).into_iter();
    fields
        .filter_map(|place| {
            let origin = provider.origins_of(row, &place).first().copied()?;
            Some((place, origin))
        })
        .collect()
}

/// Returns the event definitions that have an example.
pub(crate) fn sendable(provider: &Provider) -> impl Iterator<Item = &'static EventDef> {
    provider.events.iter().filter(|row| !row.example.is_empty())
}

/// Returns the payload of an example: the body, or the query string for events that are sent in the query.
pub(crate) fn payload(row: &EventDef) -> Vec<u8> {
    // A broken example would have failed the tests.
    let Ok(Fixture { delivery, .. }) = Fixture::read(row.example.as_bytes()) else {
        return Vec::new();
    };
    match delivery.told_by_query() {
        Some(query) => query.as_bytes().to_vec(),
        None => delivery.body.to_vec(),
    }
}

/// Unconfirmed claim about a provider.
pub(crate) struct UnconfirmedFact {
    /// Locations in the examples, or the name of the delivery habit.
    pub what: &'static [&'static str],
    /// True for a claim about delivery (batching, success, retries, timeout), not about fields.
    pub habit: bool,
    /// Native names of the events concerned; empty for all.
    pub rows: &'static [&'static str],
    /// Confidence in the claim.
    pub confidence: Confidence,
    /// Open question, or the reason for the assumption.
    pub reason: &'static str,
}

/// Returns all unconfirmed claims about a provider.
pub(crate) fn doubts(provider: &Provider) -> Vec<UnconfirmedFact> {
    let habits = &provider.habits;
    let facts: [(&'static [&'static str], _); 4] = [
        (&["batching"], habits.batching.doubt()),
        (&["success"], habits.success.doubt()),
        (&["retries"], habits.retries.doubt()),
        (&["timeout"], habits.timeout.doubt()),
    ];
    let facts = facts.into_iter().filter_map(|(what, doubt)| {
        Some(UnconfirmedFact {
            what,
            habit: true,
            rows: &[],
            confidence: Confidence::Documented,
            reason: doubt?,
        })
    });
    let origins = provider.origins.iter().filter(|one| !one.doubt.is_empty());
    let fields = origins.map(|origin| UnconfirmedFact {
        what: origin.places,
        habit: false,
        rows: origin.events,
        confidence: origin.confidence,
        reason: origin.doubt,
    });
    let mails = inbound_doubts(provider)
        .iter()
        .map(|reason| UnconfirmedFact {
            what: &["inbound mail"],
            habit: false,
            rows: &[],
            confidence: Confidence::Documented,
            reason,
        });
    facts.chain(fields).chain(mails).collect()
}

/// Returns what is not confirmed of a provider's inbound mail as a whole.
pub(crate) fn inbound_doubts(provider: &Provider) -> &'static [&'static str] {
    provider.inbound.map_or(&[], |inbound| inbound.doubts)
}

/// Returns the delivery habits that no documentation mentions.
pub(crate) fn undocumented(provider: &Provider) -> Vec<&'static str> {
    let habits = &provider.habits;
    let facts = [
        ("batching", habits.batching.value().is_some()),
        ("success", habits.success.value().is_some()),
        ("retries", habits.retries.value().is_some()),
        ("timeout", habits.timeout.value().is_some()),
    ];
    let silent = facts.into_iter().filter(|(_, said)| !said);
    silent.map(|(what, _)| what).collect()
}

/// Returns the provider's schemes without repeats: schemes that differ in nothing shown count once.
pub(crate) fn recipes(provider: &Provider) -> Vec<&'static Scheme> {
    let mut seen: Vec<&'static Scheme> = Vec::new();
    for scheme in provider.schemes.iter().copied() {
        let same = |one: &&Scheme| alike(one, scheme) && one.signature == scheme.signature;
        if !seen.iter().any(same) {
            seen.push(scheme);
        }
    }
    seen
}

/// True if two schemes differ only in the location of the signature.
pub(crate) fn alike(one: &Scheme, other: &Scheme) -> bool {
    one.algorithm.name() == other.algorithm.name()
        && one.covers() == other.covers()
        && one.uncovered == other.uncovered
}
