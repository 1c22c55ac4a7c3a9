//! Entry of the table: what is kept in memory of each delivery, so that a million of them can be filtered at once.

use std::sync::Arc;

use jiff::Timestamp;
use ulid::Ulid;

use crate::inspector::store::kept::Kept;
use crate::inspector::store::line_place::LinePlace;
use crate::webhook::{Kind, Receipt, Verdict};

/// Id of a delivery: a ULID as a number, high half first, or the number of another text in the table of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryId([u64; 2]);

/// High half of an id that is no ULID; a ULID with this half is of the year 10889.
const NAMED: u64 = u64::MAX;

/// Set of event kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindSet(u16);

/// Result of passing a delivery on to the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandlerResult {
    /// Status of its response; none if there was none.
    pub status: Option<u16>,
    /// Number of the target in the table of names.
    pub target: u16,
    /// Microseconds of the attempt.
    pub micros: u32,
}

/// Facts about a delivery by which it is filtered and counted, and the place of its bytes.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Id.
    pub id: EntryId,
    /// Microseconds since 1970 at which it was received.
    pub at: i64,
    /// Its line in a recording.
    pub place: Option<LinePlace>,
    /// The delivery in memory.
    pub kept: Option<Arc<Kept>>,
    /// Result of the handler.
    pub handler: Option<HandlerResult>,
    /// Status that the sender got.
    pub status: Option<u16>,
    /// Microseconds until the response.
    pub micros: u32,
    /// Bytes of its body.
    pub bytes: u32,
    /// Number of its path in the table of names.
    pub path: u32,
    /// Line of a recording, from 1; 0 if it is not known.
    pub line: u32,
    /// Number of its provider in the table of names; none if it is not recognised.
    pub provider: Option<u16>,
    /// Kinds of its events.
    pub kinds: KindSet,
    /// Times that it was received, this one included.
    pub repeat: u16,
    /// Problems found in it.
    pub problems: u8,
    /// Verdict on its signature; none until it was judged.
    pub verdict: Option<Verdict>,
}

impl EntryId {
    /// Id of a ULID in its usual form; none for another text.
    pub fn of_ulid(id: &str) -> Option<EntryId> {
        let ulid = Ulid::from_string(id).ok()?;
        let number = u128::from(ulid);
        let high = (number >> 64) as u64;
        // Only its own text gives it back.
        (high != NAMED && ulid.to_string() == id).then_some(EntryId([high, number as u64]))
    }

    /// Id with this number in the table of names.
    pub fn of_name(number: u32) -> EntryId {
        EntryId([NAMED, number.into()])
    }

    /// Number in the table of names; none for a ULID.
    pub fn name(self) -> Option<u32> {
        let EntryId([high, low]) = self;
        (high == NAMED).then(|| u32::try_from(low).unwrap_or(u32::MAX))
    }

    /// Text of a ULID; none for a name.
    pub fn ulid(self) -> Option<String> {
        let EntryId([high, low]) = self;
        let number = u128::from(high) << 64 | u128::from(low);
        (high != NAMED).then(|| Ulid::from(number).to_string())
    }

    /// True if both are ULIDs and this one is before the other.
    pub fn is_before(self, other: EntryId) -> bool {
        self.name().is_none() && other.name().is_none() && self.0 < other.0
    }
}

impl KindSet {
    /// Set of these kinds.
    pub fn of(kinds: impl IntoIterator<Item = Kind>) -> KindSet {
        KindSet(
            kinds
                .into_iter()
                .fold(0, |set, kind| set | 1 << kind as u16),
        )
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

impl Entry {
    /// Entry of a delivery in memory; `number` gives the number of a name.
    pub fn of(kept: Kept, number: &mut dyn FnMut(&str) -> u32) -> Entry {
        let receipt = &kept.receipt;
        let id = EntryId::of_ulid(&kept.id);
        Entry {
            id: id.unwrap_or_else(|| EntryId::of_name(number(&kept.id))),
            at: kept.at.as_microsecond(),
            place: None,
            handler: None,
            status: kept.status,
            micros: micros(kept.took.as_micros()),
            bytes: u32::try_from(kept.delivery.body.len()).unwrap_or(u32::MAX),
            path: number(kept.delivery.path.path()),
            line: 0,
            provider: provider(receipt, number),
            kinds: kinds(receipt),
            repeat: kept
                .again
                .map_or(1, |again| u16::try_from(again.count).unwrap_or(u16::MAX)),
            problems: u8::try_from(receipt.problems.len()).unwrap_or(u8::MAX),
            verdict: Some(receipt.signature.verdict),
            kept: Some(Arc::new(kept)),
        }
    }

    /// Time at which it was received.
    pub fn time(&self) -> Timestamp {
        Timestamp::from_microsecond(self.at).unwrap_or_default()
    }

    /// True if the sender or the handler got no 2xx.
    pub fn has_failed(&self) -> bool {
        let accepted = |status: Option<u16>| status.is_some_and(|it| (200..300).contains(&it));
        !accepted(self.status) || self.handler.is_some_and(|it| !accepted(it.status))
    }
}

/// Number of a receipt's provider.
pub fn provider(receipt: &Receipt, number: &mut dyn FnMut(&str) -> u32) -> Option<u16> {
    receipt
        .provider
        .and_then(|name| u16::try_from(number(name)).ok())
}

/// Kinds of a receipt's events.
pub fn kinds(receipt: &Receipt) -> KindSet {
    KindSet::of(receipt.events.iter().map(|event| event.kind))
}

/// Microseconds, as an entry keeps them: about 71 minutes at most.
pub fn micros(micros: u128) -> u32 {
    u32::try_from(micros).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Entry, EntryId, KindSet};
    use crate::webhook::Kind;

    #[test]
    fn an_entry_takes_less_than_a_hundred_bytes() {
        assert!(size_of::<Entry>() <= 100, "{}", size_of::<Entry>());
    }

    #[test]
    fn an_id_that_is_a_ulid_is_a_number_and_any_other_is_none() {
        let id = "01JD0000000000000000000001";
        assert_eq!(EntryId::of_ulid(id).unwrap().ulid().as_deref(), Some(id));
        for other in [
            "01jd0000000000000000000001",
            "12",
            "",
            "01JD000000000000000000000I",
        ] {
            assert_eq!(EntryId::of_ulid(other), None, "{other}");
        }
    }

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
