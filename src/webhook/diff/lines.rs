//! Differences between two texts by line.

use std::ops::Range;

/// Most pairs of lines that are held against each other; beyond it, all lines between the first and the last
/// difference are one.
const MOST_PAIRS: usize = 1 << 20;

/// Group of lines that differ: indices on the left and on the right.
pub type Hunk = (Range<usize>, Range<usize>);

/// Lines of a text, with their ends: a lost line feed is a difference.
pub(super) fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Groups of lines that differ, in order. The same with both sides exchanged, if they are exchanged.
pub fn hunks(left: &[&str], right: &[&str]) -> Vec<Hunk> {
    if left > right {
        let swap = |(one, other): Hunk| (other, one);
        return hunks_in_order(right, left).into_iter().map(swap).collect();
    }
    hunks_in_order(left, right)
}

fn hunks_in_order(left: &[&str], right: &[&str]) -> Vec<Hunk> {
    let same = |(one, other): &(&&str, &&str)| one == other;
    let start = left.iter().zip(right).take_while(same).count();
    let (left, right) = (
        left.get(start..).unwrap_or_default(),
        right.get(start..).unwrap_or_default(),
    );
    let ends = left.iter().rev().zip(right.iter().rev());
    let end = ends.take_while(same).count();
    let (left, right) = (
        left.get(..left.len() - end).unwrap_or_default(),
        right.get(..right.len() - end).unwrap_or_default(),
    );
    if left.is_empty() && right.is_empty() {
        return Vec::new();
    }
    let shift = |range: Range<usize>| range.start + start..range.end + start;
    if left.len().saturating_mul(right.len()) > MOST_PAIRS {
        return vec![(shift(0..left.len()), shift(0..right.len()))];
    }
    let hunks = between(left, right).into_iter();
    hunks
        .map(|(one, other)| (shift(one), shift(other)))
        .collect()
}

/// Groups between the lines of a longest common subsequence.
fn between(left: &[&str], right: &[&str]) -> Vec<Hunk> {
    let width = right.len() + 1;
    // Length of the longest common subsequence of what begins at each pair.
    let mut common = vec![0u32; (left.len() + 1) * width];
    let at = |common: &[u32], row: usize, column: usize| {
        common.get(row * width + column).copied().unwrap_or(0)
    };
    for (row, one) in left.iter().enumerate().rev() {
        for (column, other) in right.iter().enumerate().rev() {
            let longest = match one == other {
                true => at(&common, row + 1, column + 1) + 1,
                false => at(&common, row + 1, column).max(at(&common, row, column + 1)),
            };
            if let Some(cell) = common.get_mut(row * width + column) {
                *cell = longest;
            }
        }
    }
    let mut hunks = Vec::new();
    let (mut row, mut column) = (0, 0);
    let (mut from_row, mut from_column) = (0, 0);
    loop {
        let pair = left.get(row).zip(right.get(column));
        let is_end = pair.is_none();
        if is_end || pair.is_some_and(|(one, other)| one == other) {
            if is_end {
                (row, column) = (left.len(), right.len());
            }
            if row > from_row || column > from_column {
                hunks.push((from_row..row, from_column..column));
            }
            if is_end {
                return hunks;
            }
            (row, column) = (row + 1, column + 1);
            (from_row, from_column) = (row, column);
        } else if at(&common, row + 1, column) >= at(&common, row, column + 1) {
            row += 1;
        } else {
            column += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{hunks, lines};
    use proptest::prelude::*;

    fn applied(left: &[&str], right: &[&str]) -> String {
        let mut out = String::new();
        let mut at = 0;
        for (one, other) in hunks(left, right) {
            out += &left[at..one.start].concat();
            out += &right[other].concat();
            at = one.end;
        }
        out + &left[at..].concat()
    }

    #[test]
    fn lines_that_differ_are_grouped() {
        let (left, right) = (lines("a\nb\nc\nd\n"), lines("a\nx\nc\nd\ne"));
        assert_eq!(hunks(&left, &right), [(1..2, 1..2), (4..4, 4..5)]);
        assert_eq!(hunks(&right, &left), [(1..2, 1..2), (4..5, 4..4)]);
        assert_eq!(hunks(&lines("a\n"), &lines("a")), [(0..1, 0..1)]);
    }

    #[test]
    fn a_huge_text_is_compared_in_bounded_time() {
        let left = "a\n".repeat(200_000) + "end";
        let right = "b\n".repeat(200_000) + "end";
        assert_eq!(
            hunks(&lines(&left), &lines(&right)),
            [(0..200_000, 0..200_000)]
        );
    }

    proptest! {
        #[test]
        fn the_groups_lead_from_one_text_to_the_other(left in "[ab\n]{0,30}", right in "[ab\n]{0,30}") {
            let (one, other) = (lines(&left), lines(&right));
            prop_assert_eq!(applied(&one, &other), right.clone());
            prop_assert!(hunks(&one, &one).is_empty());
            let back: Vec<_> = hunks(&other, &one).into_iter().map(|(a, b)| (b, a)).collect();
            prop_assert_eq!(hunks(&one, &other), back);
        }
    }
}
