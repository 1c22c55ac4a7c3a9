//! List that grows at its end and is shortened at its front, in pieces of equal size.

use std::collections::VecDeque;

/// Items of a piece.
const PIECE: usize = 4096;

/// List in pieces: it grows without a copy, and takes no more memory than its items and one piece.
#[derive(Debug)]
pub(crate) struct Segments<T> {
    pieces: VecDeque<VecDeque<T>>,
    /// Items that were taken from the first piece.
    taken: usize,
    length: usize,
}

impl<T> Default for Segments<T> {
    fn default() -> Self {
        Self {
            pieces: VecDeque::new(),
            taken: 0,
            length: 0,
        }
    }
}

impl<T> Segments<T> {
    /// Number of items.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Appends an item.
    pub(crate) fn push_back(&mut self, item: T) {
        if (self.taken + self.length).is_multiple_of(PIECE) {
            // A list of a few items takes little.
            let room = if self.pieces.is_empty() { 0 } else { PIECE };
            self.pieces.push_back(VecDeque::with_capacity(room));
        }
        if let Some(last) = self.pieces.back_mut() {
            last.push_back(item);
            self.length += 1;
        }
    }

    /// Takes the first item.
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let item = self.pieces.front_mut()?.pop_front()?;
        self.taken += 1;
        self.length -= 1;
        if self.taken == PIECE {
            self.pieces.pop_front();
            self.taken = 0;
        }
        Some(item)
    }

    /// Removes all items.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Last item.
    pub(crate) fn last(&self) -> Option<&T> {
        self.get(self.length.checked_sub(1)?)
    }

    /// Item at an index.
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        let (piece, at) = self.place(index)?;
        self.pieces.get(piece)?.get(at)
    }

    /// Item at an index, to be changed.
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let (piece, at) = self.place(index)?;
        self.pieces.get_mut(piece)?.get_mut(at)
    }

    /// Items from an index on.
    pub(crate) fn from(&self, start: usize) -> impl Iterator<Item = &T> {
        let (first, at) = self.place(start).unwrap_or((self.pieces.len(), 0));
        let pieces = self.pieces.iter().skip(first).enumerate();
        pieces.flat_map(move |(number, piece)| piece.iter().skip(if number == 0 { at } else { 0 }))
    }

    /// Items before an index, the last first.
    pub(crate) fn before(&self, end: usize) -> impl Iterator<Item = &T> {
        let end = end.min(self.length);
        let (last, at) = match end.checked_sub(1).and_then(|index| self.place(index)) {
            Some((piece, at)) => (piece + 1, at + 1),
            None => (0, 0),
        };
        let pieces = self.pieces.iter().take(last).rev().enumerate();
        pieces.flat_map(move |(number, piece)| {
            let items = if number == 0 { at } else { piece.len() };
            piece.iter().take(items).rev()
        })
    }

    /// Index of the first item for which `is_before` is false; the items for which it is true come first.
    pub(crate) fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle).is_some_and(&is_before) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    /// Index of the last item for which `is_it` is true.
    pub(crate) fn rposition(&self, is_it: impl Fn(&T) -> bool) -> Option<usize> {
        let from_end = self.before(self.length).position(is_it)?;
        Some(self.length - 1 - from_end)
    }

    /// Piece and index in it.
    fn place(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.length {
            return None;
        }
        let at = self.taken + index;
        match at / PIECE {
            0 => Some((0, index)),
            piece => Some((piece, at % PIECE)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECE, Segments};
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn it_holds_what_a_plain_list_holds(
            steps in proptest::collection::vec((0..3 * PIECE, 0..3 * PIECE), 1..5),
            at in 0..6 * PIECE,
        ) {
            let (mut ours, mut plain) = (Segments::default(), VecDeque::new());
            let mut next = 0;
            for (pushed, popped) in steps {
                for _ in 0..pushed {
                    ours.push_back(next);
                    plain.push_back(next);
                    next += 1;
                }
                for _ in 0..popped {
                    prop_assert_eq!(ours.pop_front(), plain.pop_front());
                }
                prop_assert_eq!(ours.len(), plain.len());
                prop_assert_eq!(ours.get(at), plain.get(at));
                prop_assert_eq!(ours.last(), plain.back());
                prop_assert!(ours.from(at).eq(plain.iter().skip(at)));
                prop_assert!(ours.before(at).eq(plain.iter().take(at).rev()));
                prop_assert_eq!(ours.partition_point(|it| *it < at), plain.partition_point(|it| *it < at));
                prop_assert_eq!(ours.rposition(|it| *it == at), plain.iter().position(|it| *it == at));
            }
        }
    }
}
