//! Entry of the table: what is kept in memory of each delivery, so that a million of them can be filtered at once.

use std::num::NonZeroU16;
use std::sync::Arc;

use jiff::Timestamp;
use ulid::Ulid;

use crate::inspector::store::kind_set::KindSet;
use crate::inspector::store::line_place::LinePlace;
use crate::inspector::store::names::Names;
use crate::inspector::store::packed::Packed;
use crate::webhook::{Fixture, Receipt, RecordedAnswer, Verdict};

/// Id of a delivery: a ULID as a number, high half first, or the number of another text in the table of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryId([u64; 2]);

/// High half of an id that is no ULID; a ULID with this half is of the year 10889.
const NAMED: u64 = u64::MAX;

/// Result of passing a delivery on to the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandlerResult {
    status: Option<NonZeroU16>,
    target: ShortNumber,
    /// Microseconds of the attempt.
    pub micros: u32,
}

/// Number in the table of names, in two bytes: plus one, so that none of it takes no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ShortNumber(NonZeroU16);

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
    pub kept: Option<Arc<Packed>>,
    /// Result of the handler.
    pub handler: Option<HandlerResult>,
    status: Option<NonZeroU16>,
    /// Microseconds until the response.
    pub micros: u32,
    /// Bytes of its body.
    pub bytes: u32,
    /// Number of its path in the table of names.
    pub path: u32,
    /// Line of a recording, from 1; 0 if it is not known.
    pub line: u32,
    provider: Option<ShortNumber>,
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
        // Only its own text gives it back: in upper case, and not over 128 bits.
        let is_usual = id.bytes().all(|byte| !byte.is_ascii_lowercase()) && id < "8";
        let number = u128::from(Ulid::from_string(id).ok().filter(|_| is_usual)?);
        let high = (number >> 64) as u64;
        (high != NAMED).then_some(EntryId([high, number as u64]))
    }

    /// Id of any text.
    fn of(id: &str, names: &mut Names) -> EntryId {
        EntryId::of_ulid(id).unwrap_or_else(|| EntryId::of_name(names.number(id)))
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

impl Entry {
    /// Entry of a delivery in memory.
    pub fn of(kept: Arc<Packed>, names: &mut Names) -> Entry {
        let number = |name: &str| ShortNumber::of(names.number(name));
        Entry {
            provider: kept.provider.and_then(number),
            id: EntryId::of(kept.id(), names),
            at: kept.at.as_microsecond(),
            place: None,
            handler: None,
            status: kept.status.and_then(NonZeroU16::new),
            micros: micros(kept.took.as_micros()),
            bytes: u32::try_from(kept.length()).unwrap_or(u32::MAX),
            path: names.number(kept.path()),
            line: 0,
            kinds: kept.kinds,
            repeat: kept
                .again
                .map_or(1, |again| u16::try_from(again.count).unwrap_or(u16::MAX)),
            problems: u8::try_from(kept.problems.len()).unwrap_or(u8::MAX),
            verdict: Some(kept.signature.verdict),
            kept: Some(kept),
        }
    }

    /// Entry of a delivery in a recording, which is named `id` if it has none. Without a place it is a file of a folder.
    pub fn recorded(
        fixture: &Fixture,
        receipt: &Receipt,
        place: Option<(LinePlace, u32)>,
        id: &str,
        names: &mut Names,
    ) -> Entry {
        let reply = fixture.reply.as_ref();
        let of_event = || receipt.events.iter().find_map(|event| event.at);
        let at = fixture.at.or_else(of_event);
        Entry {
            id: EntryId::of(fixture.id.as_deref().unwrap_or(id), names),
            at: at.map_or(0, |at| at.as_microsecond()),
            place: place.map(|(place, _)| place),
            kept: None,
            handler: None,
            status: reply.and_then(|it| NonZeroU16::new(it.status)),
            micros: micros(reply.map_or(0, |it| it.micros).into()),
            bytes: u32::try_from(fixture.delivery.body.len()).unwrap_or(u32::MAX),
            path: names.number(fixture.delivery.path.path()),
            line: place.map_or(0, |(_, line)| line),
            provider: receipt
                .provider
                .and_then(|name| ShortNumber::of(names.number(name))),
            kinds: KindSet::of_events(&receipt.events),
            repeat: 1,
            problems: u8::try_from(receipt.problems.len()).unwrap_or(u8::MAX),
            verdict: None,
        }
    }

    /// Replaces each number of a name by the one at its place in `numbers`.
    pub fn renumber(&mut self, numbers: &[u32]) {
        let new = |number: u32| numbers.get(number as usize).copied().unwrap_or(u32::MAX);
        if let Some(name) = self.id.name() {
            self.id = EntryId::of_name(new(name));
        }
        self.path = new(self.path);
        self.provider = self.provider.and_then(|it| ShortNumber::of(new(it.get())));
    }

    /// Status that the sender got.
    pub fn status(&self) -> Option<u16> {
        self.status.map(NonZeroU16::get)
    }

    /// Number of its provider in the table of names; none if it is not recognised.
    pub fn provider(&self) -> Option<u32> {
        self.provider.map(ShortNumber::get)
    }

    /// Notes an attempt to pass it on. In a recording that grows, its result is also what the sender got.
    pub fn forwarded(&mut self, answer: &RecordedAnswer, target: u32) {
        let status = answer.status.and_then(NonZeroU16::new);
        let took = micros(answer.micros.into());
        self.handler = Some(HandlerResult {
            status,
            target: ShortNumber::of(target).unwrap_or(ShortNumber(NonZeroU16::MAX)),
            micros: took,
        });
        match &self.kept {
            Some(kept) => kept.answered(answer.clone()),
            None => (self.status, self.micros) = (status, took),
        }
    }

    /// Time at which it was received.
    pub fn time(&self) -> Timestamp {
        Timestamp::from_microsecond(self.at).unwrap_or_default()
    }

    /// True if the sender or the handler got no 2xx.
    pub fn has_failed(&self) -> bool {
        let accepted = |status: Option<u16>| status.is_some_and(|it| (200..300).contains(&it));
        !accepted(self.status()) || self.handler.is_some_and(|it| !accepted(it.status()))
    }
}

impl HandlerResult {
    /// Status of its response; none if there was none.
    pub fn status(self) -> Option<u16> {
        self.status.map(NonZeroU16::get)
    }

    /// Number of the target in the table of names.
    pub fn target(self) -> u32 {
        self.target.get()
    }
}

impl ShortNumber {
    fn of(number: u32) -> Option<ShortNumber> {
        let number = u16::try_from(number.checked_add(1)?).ok()?;
        NonZeroU16::new(number).map(ShortNumber)
    }

    fn get(self) -> u32 {
        u32::from(self.0.get()) - 1
    }
}

/// Microseconds, as an entry keeps them: about 71 minutes at most.
fn micros(micros: u128) -> u32 {
    u32::try_from(micros).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Entry, EntryId};
    use proptest::prelude::*;

    #[test]
    fn an_entry_takes_88_bytes() {
        assert!(size_of::<Entry>() <= 88, "{}", size_of::<Entry>());
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
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
        ] {
            assert_eq!(EntryId::of_ulid(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn an_id_that_is_a_number_gives_its_text_back(id in "[0-9A-Za-z]{26}|[0-9A-HJKMNP-TV-Z]{26}") {
            if let Some(read) = EntryId::of_ulid(&id) {
                prop_assert_eq!(read.ulid(), Some(id));
            }
        }
    }
}
