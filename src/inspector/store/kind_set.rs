//! Set of event kinds, in two bytes.

use crate::webhook::{Event, Kind};

/// Set of event kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindSet(u16);

impl KindSet {
    /// Set of these kinds.
    pub fn of(kinds: impl IntoIterator<Item = Kind>) -> KindSet {
        KindSet(
            kinds
                .into_iter()
                .fold(0, |set, kind| set | 1 << kind as u16),
        )
    }

    /// Set of the kinds of these events.
    pub fn of_events(events: &[Event]) -> KindSet {
        KindSet::of(events.iter().map(|event| event.kind))
    }

    /// True if both have a kind in common.
    pub fn meets(self, other: KindSet) -> bool {
        self.0 & other.0 != 0
    }

    /// True if there is none in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Kinds in the order of a message's life.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        let all = Kind::ALL.into_iter().chain([Kind::Other]);
        all.filter(move |kind| self.0 & 1 << *kind as u16 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::KindSet;
    use crate::webhook::Kind;

    #[test]
    fn a_set_of_kinds_holds_what_was_put_in() {
        let set = KindSet::of([Kind::Bounce, Kind::Other, Kind::Sent]);
        let kinds: Vec<Kind> = set.iter().collect();
        assert_eq!(kinds, [Kind::Sent, Kind::Bounce, Kind::Other]);
        assert!(set.meets(KindSet::of([Kind::Other])));
        assert!(!set.meets(KindSet::of([Kind::Open])));
        assert!(KindSet::default().is_empty());
    }
}
