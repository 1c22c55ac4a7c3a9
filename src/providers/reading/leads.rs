//! Signals of all providers in the order of recognition, prepared so that a delivery meets only the few that it may match.

use std::sync::LazyLock;

use crate::providers::provider::{Provider, Signal};
use crate::providers::{ALL, SCHEMES};
use crate::webhook::{
    Delivery, Headers, Matcher, NAME_SLOTS, Predicate, Prefilter, Recognition, name_after,
    name_slot,
};

/// Signals of all providers.
pub(super) static LEADS: LazyLock<Leads> = LazyLock::new(|| {
    let is_shared = |signal: &Signal| matches!(signal, Signal::SharedHeader(_));
    Leads {
        headers: HeaderLeads::of([
            header_leads(SCHEMES, HeaderGroup::Scheme, |_| true),
            header_leads(ALL, HeaderGroup::Own, |signal| !is_shared(signal)),
            header_leads(ALL, HeaderGroup::Shared, is_shared),
        ]),
        bodies: BodyLeads::of(ALL),
        packing: ALL.iter().copied().filter(|it| sends_packed(it)).collect(),
    }
});

pub(super) struct Leads {
    pub(super) headers: HeaderLeads,
    pub(super) bodies: BodyLeads,
    /// Providers that send CloudEvents.
    packing: Vec<&'static Provider>,
}

impl Leads {
    /// True if the provider sends CloudEvents.
    pub(super) fn packs(&self, provider: &Provider) -> bool {
        let mut packing = self.packing.iter();
        packing.any(|it| std::ptr::eq(*it, provider))
    }
}

/// True if the provider sends CloudEvents: a signal of it asks for `specversion`, which every CloudEvent must have.
fn sends_packed(provider: &Provider) -> bool {
    let is_version = |pointer: &str| pointer.rsplit('/').next() == Some("specversion");
    let asks = |signal: &Signal| match signal {
        Signal::Body(marks) => marks.iter().any(|(pointer, _)| is_version(pointer)),
        Signal::Header(_) | Signal::SharedHeader(_) | Signal::ContentType(_) => false,
    };
    provider.signals.iter().any(asks)
}

/// Signals of each provider, in order.
fn signals(
    providers: &[&'static Provider],
) -> impl Iterator<Item = (&'static Provider, &'static Signal)> {
    providers.iter().flat_map(|provider| {
        let provider: &'static Provider = provider;
        provider
            .signals
            .iter()
            .map(move |signal| (provider, signal))
    })
}

/// Signals in headers, found by the name of the header.
pub(super) struct HeaderLeads {
    leads: Vec<HeaderLead>,
    index: NameIndex,
}

struct HeaderLead {
    provider: &'static Provider,
    signal: &'static Signal,
    group: HeaderGroup,
}

/// Kind of header signals, in the order of recognition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderGroup {
    /// Of services that only sign.
    Scheme,
    /// Of one provider.
    Own,
    /// Of several providers.
    Shared,
}

fn header_leads(
    providers: &[&'static Provider],
    group: HeaderGroup,
    wanted: impl Fn(&Signal) -> bool,
) -> Vec<HeaderLead> {
    let is_wanted = |signal: &Signal| !matches!(signal, Signal::Body(_)) && wanted(signal);
    let wanted = signals(providers).filter(|(_, signal)| is_wanted(signal));
    let lead = |(provider, signal)| HeaderLead {
        provider,
        signal,
        group,
    };
    wanted.map(lead).collect()
}

impl HeaderLeads {
    fn of(groups: [Vec<HeaderLead>; 3]) -> Self {
        let leads: Vec<HeaderLead> = groups.into_iter().flatten().collect();
        let mut index = NameIndex::default();
        for (at, lead) in leads.iter().enumerate() {
            match lead.signal {
                Signal::Header(name) | Signal::SharedHeader(name) => {
                    index.insert(name.as_bytes(), at);
                }
                Signal::ContentType(_) => index.insert(b"content-type", at),
                Signal::Body(_) => {}
            }
        }
        Self { leads, index }
    }

    /// Signals that a delivery may have, by the names of its headers.
    pub(super) fn candidates(&self, headers: &Headers) -> Positions {
        let names = headers.iter().map(|(name, _)| name.as_str().as_bytes());
        self.index.candidates(names)
    }

    /// Providers of a group whose signal a delivery has, in order.
    pub(super) fn all<'a>(
        &'a self,
        group: HeaderGroup,
        delivery: &'a Delivery,
        candidates: Positions,
    ) -> impl Iterator<Item = (&'static Provider, Recognition)> + 'a {
        let leads = candidates.filter_map(|at| self.leads.get(at));
        let of_group = leads.filter(move |lead| lead.group == group);
        of_group.filter_map(|lead| Some((lead.provider, lead.signal.bears(delivery)?)))
    }
}

/// Signals in bodies, found by a name that a body must have at its top.
pub(super) struct BodyLeads {
    leads: Vec<BodyLead>,
    /// For objects and forms.
    in_map: NameIndex,
    /// For lists.
    in_list: NameIndex,
}

struct BodyLead {
    provider: &'static Provider,
    marks: &'static [Mark],
    needs: Prefilter,
    group: BodyGroup,
    /// True if its provider sends CloudEvents.
    is_packed: bool,
}

type Mark = (&'static str, Predicate);

/// Kind of body signals, in the order of recognition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyGroup {
    /// Of a form that one service has.
    Own,
    /// Of a form that several services share.
    General,
}

impl BodyLeads {
    fn of(providers: &[&'static Provider]) -> Self {
        let lead = |(provider, signal): (&'static Provider, &'static Signal)| match signal {
            Signal::Body(marks) => Some(BodyLead {
                provider,
                marks,
                needs: Prefilter::of(marks),
                group: match provider.is_general {
                    true => BodyGroup::General,
                    false => BodyGroup::Own,
                },
                is_packed: sends_packed(provider),
            }),
            Signal::Header(_) | Signal::SharedHeader(_) | Signal::ContentType(_) => None,
        };
        let leads: Vec<_> = signals(providers).filter_map(lead).collect();
        Self {
            in_map: NameIndex::of(&leads, "/"),
            in_list: NameIndex::of(&leads, "/0/"),
            leads,
        }
    }

    /// Signals that a document may have, by the names at its top.
    pub(super) fn candidates(&self, matcher: &Matcher) -> Positions {
        let index = match matcher.is_list() {
            true => &self.in_list,
            false => &self.in_map,
        };
        index.candidates(matcher.names())
    }

    /// First provider of a group whose signal a document has.
    pub(super) fn first(
        &self,
        group: BodyGroup,
        matcher: &Matcher,
        candidates: Positions,
    ) -> Option<(&'static Provider, Recognition)> {
        self.first_where(matcher, candidates, |lead| lead.group == group)
    }

    /// First provider that sends CloudEvents and whose signal a document has.
    pub(super) fn first_packed(
        &self,
        matcher: &Matcher,
    ) -> Option<(&'static Provider, Recognition)> {
        self.first_where(matcher, self.candidates(matcher), |lead| lead.is_packed)
    }

    /// First provider that sends lists of a form of its own and whose signal a document has.
    pub(super) fn first_of_list(
        &self,
        matcher: &Matcher,
    ) -> Option<(&'static Provider, Recognition)> {
        let is_wanted = |lead: &BodyLead| lead.group == BodyGroup::Own && lead.needs.is_of_list();
        self.first_where(matcher, self.candidates(matcher), is_wanted)
    }

    fn first_where(
        &self,
        matcher: &Matcher,
        candidates: Positions,
        is_wanted: impl Fn(&BodyLead) -> bool,
    ) -> Option<(&'static Provider, Recognition)> {
        let mut leads = candidates.filter_map(|at| self.leads.get(at));
        let lead = leads.find(|lead| {
            is_wanted(lead) && matcher.may_bear(lead.needs) && matcher.bears(lead.marks)
        })?;
        Some((lead.provider, Recognition::Body(lead.marks)))
    }
}

/// Signals by one name that each needs.
struct NameIndex {
    /// Signals that need no name.
    always: Positions,
    /// Names and their signals, by the slot of the name.
    slots: [Vec<(&'static [u8], Positions)>; NAME_SLOTS],
}

impl Default for NameIndex {
    fn default() -> Self {
        Self {
            always: Positions::default(),
            slots: std::array::from_fn(|_| Vec::new()),
        }
    }
}

impl NameIndex {
    /// Indexes signals by a name that they need after `top`: of several, the one that the fewest others need.
    fn of(leads: &[BodyLead], top: &str) -> Self {
        let needed: Vec<_> = leads.iter().map(|lead| needed(lead.marks, top)).collect();
        let count = |name: &[u8]| {
            needed
                .iter()
                .flatten()
                .filter(|names| names.contains(&name))
                .count()
        };
        let mut index = Self::default();
        for (at, names) in needed.iter().enumerate() {
            let Some(names) = names else {
                continue;
            };
            match names.iter().min_by_key(|name| count(name)) {
                None => index.always.insert(at),
                Some(name) => index.insert(name, at),
            }
        }
        index
    }

    fn insert(&mut self, name: &'static [u8], at: usize) {
        let Some(slot) = self.slots.get_mut(name_slot(name)) else {
            return;
        };
        match slot.iter_mut().find(|(other, _)| *other == name) {
            Some((_, positions)) => positions.insert(at),
            None => {
                let mut positions = Positions::default();
                positions.insert(at);
                slot.push((name, positions));
            }
        }
    }

    /// Positions of the signals that a document with these names may have.
    fn candidates<'n>(&self, names: impl Iterator<Item = &'n [u8]>) -> Positions {
        let mut candidates = self.always;
        for name in names {
            let slot = self.slots.get(name_slot(name)).into_iter().flatten();
            for (_, positions) in slot.filter(|(other, _)| *other == name) {
                candidates.add(*positions);
            }
        }
        candidates
    }
}

/// Names that a document must have after `top` (`/`, or `/0/` for a list) to bear these marks; none if no such document
/// bears them.
fn needed(marks: &'static [Mark], top: &str) -> Option<Vec<&'static [u8]>> {
    let must_be = marks
        .iter()
        .filter(|(_, mark)| !matches!(mark, Predicate::Absent | Predicate::Empty))
        .map(|(pointer, _)| *pointer);
    // A pointer to a member leads nowhere in a list.
    let is_of_object = |pointer: &str| {
        let step = pointer
            .strip_prefix('/')
            .and_then(|path| path.split('/').next());
        step.is_some_and(|step| step.parse::<usize>().is_err())
    };
    if top != "/" && must_be.clone().any(is_of_object) {
        return None;
    }
    Some(
        must_be
            .filter_map(|pointer| name_after(top, pointer))
            .collect(),
    )
}

/// Set of positions below 256, taken out in ascending order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Positions([u64; 4]);

impl Positions {
    /// Adds a position; panics from 256 on, when the set has to grow.
    fn insert(&mut self, at: usize) {
        let word = self.0.get_mut(at / 64).expect("fewer than 256 signals");
        *word |= 1 << (at % 64);
    }

    fn add(&mut self, others: Self) {
        for (word, other) in self.0.iter_mut().zip(others.0) {
            *word |= other;
        }
    }
}

impl Iterator for Positions {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let (nth, word) = self
            .0
            .iter_mut()
            .enumerate()
            .find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(nth * 64 + bit)
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyGroup, LEADS};
    use crate::providers::ALL;
    use crate::webhook::{Document, Fixture, Matcher};

    #[test]
    fn the_index_misses_no_signal_that_an_example_bears() {
        let examples = ALL.iter().flat_map(|provider| provider.events.iter());
        let mut seen = 0;
        for row in examples.filter(|row| !row.example.is_empty()) {
            let delivery = Fixture::read(row.example.as_bytes()).unwrap().delivery;
            let Ok(document) = Document::of(&delivery) else {
                continue;
            };
            let shapes = [document.clone(), Document::list(vec![document])];
            for document in &shapes {
                let matcher = Matcher::at(document);
                let leads = &LEADS.bodies;
                let candidates = leads.candidates(&matcher);
                let slow = |wanted: &dyn Fn(&super::BodyLead) -> bool| {
                    let mut all = leads.leads.iter();
                    let lead = all.find(|lead| wanted(lead) && matcher.bears(lead.marks));
                    lead.map(|lead| lead.provider.name)
                };
                for group in [BodyGroup::Own, BodyGroup::General] {
                    let found = leads.first(group, &matcher, candidates);
                    let found = found.map(|(provider, _)| provider.name);
                    assert_eq!(found, slow(&|lead| lead.group == group), "{}", row.native);
                    seen += usize::from(found.is_some());
                }
                let packed = leads.first_packed(&matcher);
                let packed = packed.map(|(provider, _)| provider.name);
                assert_eq!(packed, slow(&|lead| lead.is_packed), "{}", row.native);
            }
        }
        assert!(seen > 200, "{seen}");
    }
}
