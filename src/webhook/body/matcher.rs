//! Matching of a document against many patterns: those of dozens of providers first, then those of the events of one
//! provider.

use std::cell::Cell;

use crate::webhook::body::document::Member;
use crate::webhook::{Document, name_bit};

/// Condition on the value at one pointer of a document.
#[derive(Clone, Copy, Debug)]
pub enum Predicate {
    /// A value other than null.
    Present,
    /// No value, or null.
    Absent,
    /// No value, null, or an empty object or list.
    Empty,
    /// A scalar that prints as this text.
    Is(&'static str),
    /// A scalar that prints as one of these texts.
    OneOf(&'static [&'static str]),
    /// A text equal to this one, ignoring case.
    InAnyCase(&'static str),
    /// A text that contains this one.
    Contains(&'static str),
    /// A text that starts with this one.
    Starts(&'static str),
    /// A text that starts with one of these.
    StartsOneOf(&'static [&'static str]),
    /// A text that does not start with this one.
    StartsOtherwise(&'static str),
    /// A text whose letters are those of one of these, which are in lower case; case and everything between the letters
    /// are ignored.
    Letters(&'static [&'static str]),
    /// An object.
    Object,
    /// A text that is a JSON object with these members.
    TextWith(&'static [&'static str]),
    /// An object or a form whose only member, of whatever name, is such a text.
    OnlyTextWith(&'static [&'static str]),
}

/// Names that a document needs to match, as bits: one comparison with a document's names rules out most patterns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prefilter {
    in_map: u64,
    in_list: u64,
}

impl Prefilter {
    /// True if a list of events is asked for.
    pub fn is_of_list(self) -> bool {
        self.in_list != 0
    }

    /// Names that these conditions need.
    pub fn of(marks: &[(&'static str, Predicate)]) -> Self {
        let must_be = marks
            .iter()
            .filter(|(_, mark)| !matches!(mark, Predicate::Absent | Predicate::Empty));
        must_be.fold(Self::default(), |needs, (pointer, _)| Self {
            in_map: needs.in_map | name_after("/", pointer).map_or(0, name_bit),
            in_list: needs.in_list | name_after("/0/", pointer).map_or(0, name_bit),
        })
    }
}

/// Document prepared to be matched against many patterns.
pub struct Matcher<'d, 'a> {
    document: &'d Document<'a>,
    /// One bit for each name at the top, or at the top of the first value of a list: most names asked for are missing.
    names: u64,
    /// True for a list, and for a document that is matched as the only element of one.
    is_list: bool,
    /// True if the document is matched as the only element of a list.
    in_list: bool,
    /// Last pointer and its value: the events of a provider ask for the same one.
    last: Cell<(&'static str, PointerLookup<'d, 'a>)>,
}

/// Value at a pointer, and its text if it is a scalar, once that was asked for.
#[derive(Clone, Copy)]
struct PointerLookup<'d, 'a> {
    value: Option<&'d Document<'a>>,
    text: Option<Option<&'d str>>,
}

impl<'d, 'a> PointerLookup<'d, 'a> {
    fn of(value: Option<&'d Document<'a>>) -> Self {
        Self { value, text: None }
    }

    fn text(&mut self) -> Option<&'d str> {
        let value = self.value;
        *self
            .text
            .get_or_insert_with(|| value.and_then(Document::as_str))
    }
}

impl<'d, 'a> Matcher<'d, 'a> {
    /// Prepares a document.
    pub fn at(document: &'d Document<'a>) -> Self {
        let names = top_members(document)
            .iter()
            .fold(0, |names, (name, _)| names | name_bit(name.as_bytes()));
        Self {
            document,
            names,
            is_list: document.is_list(),
            in_list: false,
            last: Cell::new(("", PointerLookup::of(Some(document)))),
        }
    }

    /// Matches the same document as if it were the only element of a list.
    pub fn in_list(&self) -> Self {
        Self {
            is_list: true,
            in_list: true,
            last: Cell::new(("/0", PointerLookup::of(Some(self.document)))),
            ..*self
        }
    }

    /// True for a list, and for a document that is matched as the only element of one.
    pub fn is_list(&self) -> bool {
        self.is_list
    }

    /// Names of the members at the top, or at the top of the first value of a list.
    pub fn names(&self) -> impl Iterator<Item = &'d [u8]> {
        top_members(self.document)
            .iter()
            .map(|(name, _)| name.as_bytes())
    }

    /// True if all of these conditions hold.
    pub fn bears(&self, marks: &[(&'static str, Predicate)]) -> bool {
        marks.iter().all(|(pointer, mark)| {
            let mut found = self.find(pointer);
            let fits = mark.fits(&mut found);
            self.last.set((pointer, found));
            fits
        })
    }

    /// False if the names rule a match out; then [`bears`](Self::bears) is false, too.
    pub fn may_bear(&self, needs: Prefilter) -> bool {
        let bits = if self.is_list {
            needs.in_list
        } else {
            needs.in_map
        };
        self.names & bits == bits
    }

    fn find(&self, pointer: &'static str) -> PointerLookup<'d, 'a> {
        let (known, found) = self.last.get();
        if known == pointer {
            return found;
        }
        let inside = match self.in_list {
            true => pointer.strip_prefix("/0"),
            false => Some(pointer),
        };
        let inside = inside.filter(|_| self.may_hold(pointer));
        PointerLookup::of(inside.and_then(|inside| self.document.at(inside)))
    }

    /// False if the names show that there is no value at this pointer.
    fn may_hold(&self, pointer: &str) -> bool {
        let top = if self.is_list { "/0/" } else { "/" };
        name_after(top, pointer).is_none_or(|name| self.names & name_bit(name) != 0)
    }
}

/// Members of a document, or of the first value of a list.
fn top_members<'d, 'a>(document: &'d Document<'a>) -> &'d [Member<'a>] {
    let top = match document.values() {
        Some(values) => values.first(),
        None => Some(document),
    };
    top.and_then(Document::members).unwrap_or_default()
}

impl Predicate {
    fn fits(&self, found: &mut PointerLookup) -> bool {
        let here = found.value;
        let mut text = || found.text();
        match self {
            Predicate::Present => here.is_some_and(|value| !value.is_null()),
            Predicate::Absent => here.is_none_or(Document::is_null),
            Predicate::Empty => here.is_none_or(|value| {
                let members = value.members().map(<[_]>::len);
                let values = value.values().map(<[_]>::len);
                value.is_null() || members.or(values) == Some(0)
            }),
            Predicate::Object => here.is_some_and(Document::is_map),
            Predicate::Is(wanted) => text().is_some_and(|text| text == *wanted),
            Predicate::OneOf(wanted) => text().is_some_and(|text| wanted.contains(&text)),
            Predicate::InAnyCase(wanted) => {
                text().is_some_and(|text| text.eq_ignore_ascii_case(wanted))
            }
            Predicate::Contains(wanted) => text().is_some_and(|text| text.contains(wanted)),
            Predicate::Letters(wanted) => text().is_some_and(|text| {
                let letters = || {
                    let letters = text.bytes().filter(u8::is_ascii_alphabetic);
                    letters.map(|letter| letter.to_ascii_lowercase())
                };
                wanted.iter().any(|one| letters().eq(one.bytes()))
            }),
            Predicate::Starts(wanted) => text().is_some_and(|text| text.starts_with(wanted)),
            Predicate::StartsOneOf(wanted) => {
                text().is_some_and(|text| wanted.iter().any(|one| text.starts_with(one)))
            }
            Predicate::StartsOtherwise(others) => {
                text().is_some_and(|text| !text.starts_with(others))
            }
            Predicate::TextWith(names) => text().is_some_and(|text| has_members(text, names)),
            Predicate::OnlyTextWith(names) => {
                let only = match here.and_then(Document::members) {
                    Some([(_, only)]) => only.as_str(),
                    _ => None,
                };
                only.is_some_and(|text| has_members(text, names))
            }
        }
    }
}

/// True if a text is a JSON object with members of these names.
fn has_members(text: &str, names: &[&str]) -> bool {
    let there = |members: &[Member]| {
        let has = |name: &&str| members.iter().any(|(at, _)| at == *name);
        names.iter().all(has)
    };
    let is_object = text.trim_start().starts_with('{');
    is_object
        && Document::json(text.as_bytes()).is_ok_and(|inner| inner.members().is_some_and(there))
}

/// First name of a pointer after the prefix `top`.
pub fn name_after<'p>(top: &str, pointer: &'p str) -> Option<&'p [u8]> {
    let path = pointer.strip_prefix(top)?.as_bytes();
    let end = path.iter().position(|byte| *byte == b'/');
    Some(end.and_then(|end| path.get(..end)).unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::{Matcher, Predicate, Prefilter};
    use crate::webhook::Document;
    use proptest::prelude::*;

    #[test]
    fn marks_say_what_must_be_there() {
        let document = Document::json(
            br#"{"event":"failed","severity":"permanent","gone":null,"in":{},"tags":[]}"#,
        )
        .unwrap();
        let matcher = Matcher::at(&document);
        assert!(matcher.bears(&[
            ("/event", Predicate::Is("failed")),
            ("/severity", Predicate::Starts("perm"))
        ]));
        assert!(matcher.bears(&[("/severity", Predicate::StartsOtherwise("temp"))]));
        assert!(!matcher.bears(&[("/severity", Predicate::StartsOtherwise("perm"))]));
        assert!(!matcher.bears(&[("/never", Predicate::StartsOtherwise("perm"))]));
        assert!(matcher.bears(&[
            ("/event", Predicate::InAnyCase("FAILED")),
            ("/event", Predicate::Contains("ile")),
            ("/gone", Predicate::Absent),
            ("/never", Predicate::Absent),
            ("/in", Predicate::Object)
        ]));
        assert!(!matcher.bears(&[("/gone", Predicate::Present)]));
        assert!(!matcher.bears(&[("/gone", Predicate::Contains(""))]));
        assert!(!matcher.bears(&[("/event", Predicate::Contains("Ile"))]));
        assert!(!matcher.bears(&[("/event", Predicate::InAnyCase("fail"))]));
        let letters = Document::json(br#"["Soft_bounce", "soft bounces", null]"#).unwrap();
        let soft = |at| Matcher::at(&letters).bears(&[(at, Predicate::Letters(&["softbounce"]))]);
        assert!(soft("/0") && !soft("/1") && !soft("/2") && !soft("/3"));
        assert!(
            ["/in", "/tags", "/gone", "/never"].map(|at| matcher.bears(&[(at, Predicate::Empty)]))
                == [true; 4]
        );
        assert!(
            !matcher.bears(&[("", Predicate::Empty)])
                && !matcher.bears(&[("/event", Predicate::Empty)])
        );
        assert!(!matcher.bears(&[("/event", Predicate::OneOf(&["open", "click"]))]));
    }

    proptest! {
        #[test]
        fn a_look_sees_what_is_there(
            names in proptest::collection::vec("[abc]{0,2}", 0..5),
            listed: bool,
            order in proptest::collection::vec(0_usize..12, 0..20),
        ) {
            const POINTERS: [&str; 12] = [
                "", "/", "/a", "/b", "/ab", "/ca/a", "/a/a", "/0", "/0/a", "/0/ab", "/0/b/c", "/1/a",
            ];
            let members: Vec<String> = names
                .iter()
                .map(|name| format!("{name:?}:{{\"a\":1,\"c\":2}}"))
                .collect();
            let text = format!("{{{}}}", members.join(","));
            let text = if listed { format!("[{text},{text}]") } else { text };
            let document = Document::json(text.as_bytes()).unwrap();
            let matcher = Matcher::at(&document);
            for pointer in POINTERS {
                let marks = [(pointer, Predicate::Present)];
                prop_assert!(matcher.may_bear(Prefilter::of(&marks)) || !matcher.bears(&marks), "{} in {}", pointer, text);
            }
            for pointer in order.iter().map(|at| POINTERS[*at]) {
                let location = |found: Option<_>| found.map(std::ptr::from_ref::<Document>);
                prop_assert_eq!(location(matcher.find(pointer).value), location(document.at(pointer)), "{} in {}", pointer, text);
            }
        }
    }
}
