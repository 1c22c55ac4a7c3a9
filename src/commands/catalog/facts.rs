//! What there is to say of a provider, gathered from its form: its ways of signing, its examples, what is not sure.

use crate::providers::{Confidence, EventDef, Provenance, Provider};
use crate::webhook::{Fixture, Scheme};

/// The places of a row's example that hold a value, with what is known of each.
pub fn known(provider: &Provider, row: &EventDef) -> Vec<(String, &'static Provenance)> {
    let fields = provider.fields(row).into_iter();
    fields
        .filter_map(|place| {
            let origin = provider.origins_of(row, &place).first().copied()?;
            Some((place, origin))
        })
        .collect()
}

/// The rows that have an example.
pub fn sendable(provider: &Provider) -> impl Iterator<Item = &'static EventDef> {
    provider.events.iter().filter(|row| !row.example.is_empty())
}

/// The bytes of an example: the body, or the query where that tells the event.
pub fn payload(row: &EventDef) -> Vec<u8> {
    // An example that could not be read would have failed the tests.
    let Ok(Fixture { delivery, .. }) = Fixture::read(row.example.as_bytes()) else {
        return Vec::new();
    };
    match delivery.told_by_query() {
        Some(query) => query.as_bytes().to_vec(),
        None => delivery.body.to_vec(),
    }
}

/// Something that is not sure.
pub struct UnconfirmedFact {
    /// The places in the examples, or the habit.
    pub what: &'static [&'static str],
    /// Whether it is about how the provider delivers.
    pub habit: bool,
    /// The rows, by their native names; all if empty.
    pub rows: &'static [&'static str],
    /// How sure we are.
    pub confidence: Confidence,
    /// What is in doubt, or why it is assumed.
    pub reason: &'static str,
}

/// All that is not sure of a provider.
pub fn doubts(provider: &Provider) -> Vec<UnconfirmedFact> {
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
    facts.chain(fields).collect()
}

/// The habits of which no page that was read says anything.
pub fn undocumented(provider: &Provider) -> Vec<&'static str> {
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

/// Each way of signing once, although schemes may share it.
pub fn recipes(provider: &Provider) -> Vec<&'static Scheme> {
    let mut seen: Vec<&'static Scheme> = Vec::new();
    for scheme in provider.schemes.iter().copied() {
        let same = |one: &&Scheme| alike(one, scheme) && one.signature == scheme.signature;
        if !seen.iter().any(same) {
            seen.push(scheme);
        }
    }
    seen
}

/// True if two schemes differ only in where the signature stands.
pub fn alike(one: &Scheme, other: &Scheme) -> bool {
    one.algorithm.name() == other.algorithm.name()
        && one.covers() == other.covers()
        && one.uncovered == other.uncovered
}
