//! Differences between two trees of values, by JSON pointer.

use std::collections::HashMap;

use crate::webhook::diff::difference::{DeliveryPart, Difference, LONGEST, Side};
use crate::webhook::diff::layout::Layout;
use crate::webhook::diff::lines::{hunks, lines};
use crate::webhook::diff::node::{Node, step_into};
use crate::webhook::redact::sensitive::{MASK, is_credential_parameter};

/// Most values that are visited to find the elements that two lists of different length have in common.
const ALIGNED: usize = 200_000;

/// Ids of the left delivery with those of the right that stand in the same place. A text that repeats one of them is
/// expected to differ too.
#[derive(Debug, Default)]
pub(super) struct Repeats(Vec<(String, String)>);

impl Repeats {
    /// Lengths of an id that is looked for in other texts, in bytes.
    const LENGTHS: std::ops::RangeInclusive<usize> = 6..=1024;
    /// Most ids that are looked for.
    const MOST: usize = 256;
    /// Longest text that is searched, in bytes.
    const SEARCHED: usize = 64 << 10;

    /// Adds two ids; without what is the same on both sides of them, too.
    pub(super) fn add(&mut self, left: &str, right: &str) {
        for (one, other) in [(left, right), core(left, right)] {
            let pair = (one.to_owned(), other.to_owned());
            if one != other
                && Self::LENGTHS.contains(&one.len())
                && Self::LENGTHS.contains(&other.len())
                && self.0.len() < Self::MOST
                && !self.0.contains(&pair)
            {
                self.0.push(pair);
            }
        }
        // The longest first: one may be a part of another.
        self.0
            .sort_by_key(|(one, other)| std::cmp::Reverse(one.len() + other.len()));
    }

    /// True if two texts differ only in such ids.
    pub(super) fn explain(&self, left: &str, right: &str) -> bool {
        if self.0.is_empty() || left.len().max(right.len()) > Self::SEARCHED {
            return false;
        }
        let replaced = |text: &str, pairs: &mut dyn Iterator<Item = (&str, &str)>| {
            pairs.fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
        };
        let mut there = self.0.iter().map(|(one, other)| (&**one, &**other));
        let mut back = self.0.iter().map(|(one, other)| (&**other, &**one));
        replaced(left, &mut there) == right || replaced(right, &mut back) == left
    }
}

/// Parts of two texts that differ, extended to whole words.
fn core<'a>(left: &'a str, right: &'a str) -> (&'a str, &'a str) {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let (one, other) = (left.as_bytes(), right.as_bytes());
    let same = |(a, b): &(&u8, &u8)| a == b;
    let mut start = one.iter().zip(other).take_while(same).count();
    while start > 0 && one.get(start - 1).is_some_and(|byte| is_word(*byte)) {
        start -= 1;
    }
    let most = one.len().min(other.len()).saturating_sub(start);
    let ends = one.iter().rev().zip(other.iter().rev());
    let mut end = ends.take_while(same).count().min(most);
    while end > 0 && one.get(one.len() - end).is_some_and(|byte| is_word(*byte)) {
        end -= 1;
    }
    let inner = |text: &'a str| text.get(start..text.len() - end).unwrap_or(text);
    (inner(left), inner(right))
}

/// Numbers of elements at the beginning and at the end of two lists that are the same.
pub(super) fn aligned(
    left: usize,
    right: usize,
    mut same: impl FnMut(usize, usize) -> bool,
) -> (usize, usize) {
    let shorter = left.min(right);
    let start = (0..shorter).take_while(|at| same(*at, *at)).count();
    let ends = 1..=shorter - start;
    let end = ends.take_while(|back| same(left - back, right - back));
    (start, end.count())
}

/// Comparison of two trees.
pub(super) struct Trees<'r> {
    /// True for a JSON pointer at which a difference is expected.
    pub(super) expects: &'r dyn Fn(&str) -> bool,
    /// Ids that texts may repeat.
    pub(super) repeats: &'r Repeats,
    /// True if values of credentials are not shown.
    pub(super) masks: bool,
    /// Takes the differences.
    pub(super) tell: &'r mut dyn FnMut(Difference),
    /// Differences that are none of values.
    pub(super) layout: Layout,
    /// Values that may still be visited to align lists.
    left: usize,
}

impl<'r> Trees<'r> {
    pub(super) fn new(
        expects: &'r dyn Fn(&str) -> bool,
        repeats: &'r Repeats,
        masks: bool,
        tell: &'r mut dyn FnMut(Difference),
    ) -> Trees<'r> {
        Trees {
            expects,
            repeats,
            masks,
            tell,
            layout: Layout::default(),
            left: ALIGNED,
        }
    }

    /// Compares two values. `nth` is the number of earlier members of the same name.
    pub(super) fn nodes(&mut self, place: &mut String, nth: usize, left: &Node, right: &Node) {
        match (left, right) {
            (Node::List(one), Node::List(other)) => self.lists(place, nth, one, other),
            (Node::Map(one), Node::Map(other)) => self.maps(place, nth, one, other),
            (Node::Inside(one_text, one), Node::Inside(other_text, other)) => {
                let outer = std::mem::take(&mut self.layout);
                self.nodes(place, nth, one, other);
                let inner = std::mem::replace(&mut self.layout, outer);
                if let Some(note) = inner.told(one_text.as_bytes(), other_text.as_bytes()) {
                    let expected = (self.expects)(place);
                    (self.tell)(Difference {
                        nth,
                        expected,
                        ..Difference::noted(DeliveryPart::Body, place, note)
                    });
                }
            }
            (Node::Text(one), Node::Text(other)) if one.text == other.text => {
                self.layout.escapes |= one.token != other.token;
            }
            (left, right) if left == right => {}
            (left, right) => self.differ(place, nth, Some(left), Some(right)),
        }
    }

    fn maps(
        &mut self,
        place: &mut String,
        nth: usize,
        left: &[(Box<str>, Node)],
        right: &[(Box<str>, Node)],
    ) {
        let (one, other) = (numbered(left), numbered(right));
        let known: HashMap<(&str, usize), &Node> = other.iter().copied().collect();
        let mut is_same_set = one.len() == other.len();
        let mut there: HashMap<(&str, usize), ()> = HashMap::with_capacity(one.len());
        for (name, value) in &one {
            there.insert(*name, ());
            let back = place.len();
            step_into(place, name.0);
            let nth = if name.1 == 0 { nth } else { name.1 };
            match known.get(name) {
                Some(other) => self.nodes(place, nth, value, other),
                None => {
                    is_same_set = false;
                    self.differ(place, nth, Some(value), None);
                }
            }
            place.truncate(back);
        }
        for (name, value) in &other {
            if !there.contains_key(name) {
                is_same_set = false;
                let back = place.len();
                step_into(place, name.0);
                let nth = if name.1 == 0 { nth } else { name.1 };
                self.differ(place, nth, None, Some(value));
                place.truncate(back);
            }
        }
        if is_same_set {
            let names = one.iter().map(|(name, _)| name);
            self.layout.order |= !names.eq(other.iter().map(|(name, _)| name));
        }
    }

    fn lists(&mut self, place: &mut String, nth: usize, left: &[Node], right: &[Node]) {
        let (_, end) = match left.len() == right.len() {
            true => (0, 0),
            false => aligned(left.len(), right.len(), |one, other| {
                let mut place = format!("{place}/{one}");
                let pair = left.get(one).zip(right.get(other));
                pair.is_some_and(|(one, other)| self.same(&mut place, one, other))
            }),
        };
        let middle = left.len().max(right.len()) - end;
        for at in 0..middle + end {
            let (one, other) = match at.checked_sub(middle) {
                // From the end, though the lists are not of the same length.
                Some(after) => (left.len() - end + after, right.len() - end + after),
                None => (at, at),
            };
            let is_inside =
                |at: usize, list: &[Node], is_end: bool| is_end || at < list.len() - end;
            let one_value = left.get(one).filter(|_| is_inside(one, left, at >= middle));
            let other_value = right
                .get(other)
                .filter(|_| is_inside(other, right, at >= middle));
            let back = place.len();
            step_into(place, &one.to_string());
            match (one_value, other_value) {
                (Some(one), Some(other)) => self.nodes(place, nth, one, other),
                (one, other) => self.differ(place, nth, one, other),
            }
            place.truncate(back);
        }
    }

    /// True if two values differ in nothing, or only where that is expected.
    fn same(&mut self, place: &mut String, left: &Node, right: &Node) -> bool {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return false;
        }
        let is_same = match (left, right) {
            (Node::List(one), Node::List(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).enumerate().all(|(at, (one, other))| {
                        let back = place.len();
                        step_into(place, &at.to_string());
                        let is_same = self.same(place, one, other);
                        place.truncate(back);
                        is_same
                    })
            }
            (Node::Map(one), Node::Map(other)) => {
                let known: HashMap<(&str, usize), &Node> = numbered(other).into_iter().collect();
                one.len() == other.len()
                    && numbered(one).iter().all(|(name, value)| {
                        let back = place.len();
                        step_into(place, name.0);
                        let other = known.get(name);
                        let is_same = other.is_some_and(|other| self.same(place, value, other));
                        place.truncate(back);
                        is_same
                    })
            }
            (Node::Inside(_, one), Node::Inside(_, other)) => self.same(place, one, other),
            (Node::Text(one), Node::Text(other)) => {
                one.text == other.text || self.repeats.explain(&one.text, &other.text)
            }
            (left, right) => left == right,
        };
        is_same || (self.expects)(place)
    }

    fn differ(&mut self, place: &str, nth: usize, left: Option<&Node>, right: Option<&Node>) {
        let is_scalar = |node: Option<&Node>| {
            node.is_some_and(|it| !matches!(it, Node::List(_) | Node::Map(_) | Node::Deep(_)))
        };
        self.layout.structure |= !(is_scalar(left) && is_scalar(right));
        let texts = left
            .and_then(Node::as_text)
            .zip(right.and_then(Node::as_text));
        let expected = (self.expects)(place)
            || texts.is_some_and(|(one, other)| self.repeats.explain(one, other));
        if let (Some(Node::Text(one)), Some(Node::Text(other))) = (left, right)
            && (has_lines(&one.text) || has_lines(&other.text))
        {
            for mut difference in by_line(place, &one.text, &other.text) {
                (difference.nth, difference.expected) = (nth, expected);
                (self.tell)(difference);
            }
            return;
        }
        let name = place.rsplit('/').next().unwrap_or_default();
        let is_hidden = |node: &Node| {
            let text = node.as_text().unwrap_or_default();
            self.masks && is_credential_parameter(name, text)
        };
        let is_hidden = left.is_some_and(is_hidden) || right.is_some_and(is_hidden);
        let side = |node: &Node| match is_hidden {
            true => Side::text(MASK),
            false => side(node),
        };
        let (left, right) = (left.map(side), right.map(side));
        let note = (left == right).then_some(match is_hidden {
            true => HIDDEN,
            false => "they differ after what is shown",
        });
        (self.tell)(Difference {
            nth,
            expected,
            note: note.map(str::to_owned),
            ..Difference::of(DeliveryPart::Body, place, left, right)
        });
    }
}

/// Note on values that are not shown.
pub(super) const HIDDEN: &str = "hidden values differ";

/// Members, each with the number of earlier ones of its name.
fn numbered(members: &[(Box<str>, Node)]) -> Vec<((&str, usize), &Node)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let members = members.iter().map(|(name, value)| {
        let count = seen.entry(name).or_default();
        *count += 1;
        ((&**name, *count - 1), value)
    });
    members.collect()
}

fn side(node: &Node) -> Side {
    match node {
        Node::Text(text) if text.token == 0 => Side::text(&text.text),
        Node::Binary(size, _) => Side::text(&format!("[{size} bytes of binary data]")),
        node => Side::json(&node.to_json(LONGEST)),
    }
}

/// True for a text of several lines.
fn has_lines(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
}

/// Differences between two texts, a group of lines each.
pub(super) fn by_line(place: &str, left: &str, right: &str) -> Vec<Difference> {
    let (one, other) = (lines(left), lines(right));
    let side = |lines: &[&str]| match lines {
        [] => None,
        lines => Some(Side::text(&lines.concat())),
    };
    let hunks = hunks(&one, &other).into_iter();
    let all = hunks.map(|(from, to)| Difference {
        line: Some((from.start + 1, to.start + 1)),
        ..Difference::of(
            DeliveryPart::Body,
            place,
            side(one.get(from).unwrap_or_default()),
            side(other.get(to).unwrap_or_default()),
        )
    });
    all.collect()
}
