//! Deviations of a delivery from the examples of its provider.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};

use crate::providers::provider::EventDef;
use crate::providers::shape::event_places::{EventPlace, event_places};
use crate::providers::shape::provider_shape::{
    Here, KnownPlace, Level, ProviderShape, RowShape, ShapePlace, for_each_child,
};
use crate::providers::shape::value_type::ValueType;
use crate::webhook::diff::difference::beginning;
use crate::webhook::diff::node::{Content, Node};
use crate::webhook::{Delivery, Document, Kind};

/// Most deviations that are kept of a delivery.
const MOST: usize = 1000;

/// Longest place that is kept, in bytes.
const LONGEST: usize = 256;

/// Deviation at one place; no value is in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Deviation {
    /// Header, or JSON pointer with indices folded to `[]`.
    pub place: String,
    /// Difference at the place.
    pub what: What,
}

/// Difference between a delivery and the examples.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    /// Member that no example has, with its type.
    Unknown(String),
    /// Value of another type or format: as known, and as it came.
    Type(String, String),
    /// Custom data of the sender, which no example can have: no deviation.
    Custom,
}

/// Member of the example that did not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Header, or JSON pointer with indices folded to `[]`.
    pub place: String,
    /// Types in the example, or `header`.
    pub types: String,
    /// True if no page confirms that it comes.
    pub assumed: bool,
}

/// All events of one kind in a delivery.
#[derive(Debug)]
pub struct Observed {
    /// Definition of the events; none if the provider has no such event.
    pub row: Option<&'static EventDef>,
    /// Number of events.
    pub events: usize,
    /// Deviations, each once, in order.
    pub deviations: BTreeSet<Deviation>,
    /// Places of the example that came.
    pub seen: Seen,
    /// True if there were more deviations than are kept.
    pub is_cut: bool,
}

impl Observed {
    fn of(row: Option<&'static EventDef>) -> Observed {
        Observed {
            row,
            events: 0,
            deviations: BTreeSet::new(),
            seen: Seen::default(),
            is_cut: false,
        }
    }
}

/// Delivery with its tree and the places of its events.
struct Bodies<'a> {
    delivery: &'a Delivery,
    root: &'a Node,
    bases: &'a HashSet<String>,
}

/// Places of an example that came.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// By the index of the place: came, and came in a type that the example has.
    places: Vec<(bool, bool)>,
    /// True if an event was where the example has it, so that what is around it can be missing.
    has_envelope: bool,
}

impl Seen {
    /// Adds the places of another delivery.
    pub fn add(&mut self, other: &Seen) {
        let longest = self.places.len().max(other.places.len());
        self.places.resize(longest, (false, false));
        for ((came, fits), other) in self.places.iter_mut().zip(&other.places) {
            *came |= other.0;
            *fits |= other.1;
        }
        self.has_envelope |= other.has_envelope;
    }

    fn count(&self) -> usize {
        self.places.iter().filter(|(came, _)| *came).count()
    }

    fn at(&self, index: usize) -> (bool, bool) {
        self.places.get(index).copied().unwrap_or_default()
    }

    fn mark(&mut self, index: usize, fits: bool) {
        if self.places.len() <= index {
            self.places.resize(index + 1, (false, false));
        }
        if let Some(place) = self.places.get_mut(index) {
            *place = (true, place.1 || fits);
        }
    }
}

impl ProviderShape {
    /// True if there is an example of this event.
    pub fn has_example(&self, row: &EventDef) -> bool {
        self.row_of(row).is_some()
    }

    /// Members of the example that were not among those seen.
    pub fn missing(&self, row: &EventDef, seen: &Seen) -> Vec<Missing> {
        let Some(row) = self.row_of(row) else {
            return Vec::new();
        };
        let is_missing = |(at, known): &(usize, &KnownPlace)| {
            let has_parent = known.parent.is_none_or(|parent| seen.at(parent).1);
            !seen.at(*at).0
                && has_parent
                && !known.is_custom
                // A list may be empty.
                && !known.place.1.ends_with("/[]")
                && (seen.has_envelope || known.place.0 != Level::Envelope)
        };
        let missing = row.places.iter().enumerate().filter(is_missing);
        missing
            .map(|(_, known)| Missing {
                place: known.shown.clone(),
                types: match known.place.0 {
                    Level::Header => "header".to_owned(),
                    Level::Envelope | Level::Event => told(&known.types),
                },
                assumed: known.assumed,
            })
            .collect()
    }

    /// Compares a delivery with the examples, the events of each kind by themselves.
    pub fn observe(&self, delivery: &Delivery) -> Vec<Observed> {
        let content = Content::of(delivery);
        let (Some(root), Ok(document)) = (content.tree(), Document::of(delivery)) else {
            return Vec::new();
        };
        let places = event_places(self.provider, &document);
        let bases: HashSet<String> = places.iter().map(|it| it.pointer.clone()).collect();
        let mut all: Vec<Observed> = Vec::new();
        let bodies = Bodies {
            delivery,
            root,
            bases: &bases,
        };
        for event in &places {
            let row = self.row_for(event, &bodies);
            let key = |row: Option<&'static EventDef>| row.map(std::ptr::from_ref);
            let at = all.iter().position(|it| key(it.row) == key(row));
            let at = at.unwrap_or_else(|| {
                all.push(Observed::of(row));
                all.len() - 1
            });
            if let Some(observed) = all.get_mut(at) {
                self.observe_event(event, &bodies, observed);
            }
        }
        all
    }

    /// Definition whose example an event is most like: of those that it matches, or else of those of its kind.
    fn row_for(&self, event: &EventPlace, bodies: &Bodies) -> Option<&'static EventDef> {
        let first = event.rows.first().copied()?;
        let with_example = |rows: &[&'static EventDef]| -> Vec<&'static EventDef> {
            let rows = rows.iter().copied();
            rows.filter(|row| self.has_example(row)).collect()
        };
        let mut candidates = with_example(&event.rows);
        if candidates.is_empty() && first.kind != Kind::Other {
            let alike = self.provider.events.iter();
            let alike: Vec<&EventDef> = alike.filter(|row| row.kind == first.kind).collect();
            candidates = with_example(&alike);
        }
        match candidates.as_slice() {
            [] => Some(first),
            [one] => Some(one),
            several => several.iter().copied().min_by_key(|row| {
                let mut observed = Observed::of(Some(row));
                self.observe_event(event, bodies, &mut observed);
                let missing = self.missing(row, &observed.seen).len();
                (missing, Reverse(observed.seen.count()))
            }),
        }
    }

    fn observe_event(&self, event: &EventPlace, bodies: &Bodies, observed: &mut Observed) {
        let base = Here::at(&event.pointer);
        let mut walk = DeliveryWalk {
            shape: self,
            row: observed.row.and_then(|row| self.row_of(row)),
            base: &base,
            bases: bodies.bases,
            observed,
        };
        walk.observed.events += 1;
        if walk.observed.events == 1 {
            walk.headers(bodies.delivery);
            walk.envelope(bodies.root);
        }
        if let Some(node) = bodies.root.at(&event.pointer) {
            walk.below(node, &mut Here::at(&event.pointer), Level::Event);
        }
    }

    fn row_of(&self, row: &EventDef) -> Option<&RowShape> {
        self.rows.iter().find(|it| std::ptr::eq(it.row, row))
    }

    /// True if a page names a place, though no example has it. The place has indices folded.
    fn is_named(&self, place: &str) -> bool {
        let fits = |own: &&str| {
            let mut steps = place.split('/');
            let mut own = own.split('/');
            loop {
                match (own.next(), steps.next()) {
                    (None, None) => return true,
                    (Some("*"), Some(_)) => {}
                    (Some(number), Some("[]")) if number.parse::<usize>().is_ok() => {}
                    (Some(one), Some(other)) if one == other => {}
                    _ => return false,
                }
            }
        };
        let mut places = self.provider.origins.iter().flat_map(|it| it.places);
        places.any(|own| !own.ends_with('*') && !own.is_empty() && *own != "/" && fits(own))
    }
}

/// Types in words.
fn told(types: &[ValueType]) -> String {
    let names: Vec<String> = types.iter().map(ToString::to_string).collect();
    names.join(" or ")
}

/// Walk through the values of a delivery.
struct DeliveryWalk<'a> {
    shape: &'a ProviderShape,
    row: Option<&'a RowShape>,
    base: &'a Here,
    bases: &'a HashSet<String>,
    observed: &'a mut Observed,
}

impl<'a> DeliveryWalk<'a> {
    fn headers(&mut self, delivery: &Delivery) {
        let Some(row) = self.row else {
            return;
        };
        for (at, known) in row.places.iter().enumerate() {
            if known.place.0 == Level::Header && delivery.headers.get(&known.shown).is_some() {
                self.observed.seen.mark(at, true);
            }
        }
    }

    /// Compares what is around the events, if they are where an example has them.
    fn envelope(&mut self, root: &Node) {
        let base = self.base.folded.as_str();
        if !self.shape.bases.contains(base) {
            return;
        }
        self.observed.seen.has_envelope |= self.row.is_some_and(|row| row.base == base);
        if !base.is_empty() {
            self.below(root, &mut Here::default(), Level::Envelope);
        }
    }

    /// Compares what is below a value; `here` is its place in the body.
    fn below(&mut self, node: &Node, here: &mut Here, level: Level) {
        for_each_child(node, here, &mut |child, here| {
            let place = here.place(level, self.base);
            let known = self.known(&place);
            if level == Level::Event && self.shape.custom.has(&place.1, known.is_some()) {
                if known.is_none() {
                    self.deviate(here, What::Custom);
                }
                self.mark(&place, true);
                return;
            }
            let value = ValueType::of(child, self.shape.times.contains(&place));
            match known {
                None => {
                    if !self.shape.is_named(&here.folded) {
                        self.deviate(here, What::Unknown(value.to_string()));
                    }
                    return;
                }
                Some(types) if !types.is_empty() && !ValueType::fits(types, value) => {
                    self.deviate(here, What::Type(told(types), value.to_string()));
                    self.mark(&place, false);
                    return;
                }
                Some(_) => {}
            }
            let is_event = level == Level::Envelope && self.bases.contains(&here.pointer);
            let fits = !value.is_container() || self.is_like_example(&place, value);
            self.mark(&place, fits);
            if !is_event && !self.shape.unexplored.contains(&place) {
                self.below(child, here, level);
            }
        });
    }

    /// Types that are known at a place.
    fn known(&self, place: &ShapePlace) -> Option<&'a [ValueType]> {
        let known: &'a _ = &self.shape.known;
        let around = || {
            // Where no event is in its envelope, the envelope is the event.
            let is_envelope = place.0 == Level::Event && self.base.pointer.is_empty();
            is_envelope.then(|| known.get(&(Level::Envelope, place.1.clone())))?
        };
        known.get(place).or_else(around).map(Vec::as_slice)
    }

    /// True if the example of this event has a container of the same type here.
    fn is_like_example(&self, place: &ShapePlace, value: ValueType) -> bool {
        let known = self
            .row
            .and_then(|row| row.places.get(*row.index.get(place)?));
        known.is_some_and(|known| known.types.contains(&value))
    }

    fn mark(&mut self, place: &ShapePlace, fits: bool) {
        if let Some(at) = self.row.and_then(|row| row.index.get(place)) {
            self.observed.seen.mark(*at, fits);
        }
    }

    fn deviate(&mut self, here: &Here, what: What) {
        if self.observed.deviations.len() >= MOST {
            self.observed.is_cut = true;
            return;
        }
        let place = match here.folded.len() {
            ..=LONGEST => here.folded.clone(),
            _ => format!("{}…", beginning(&here.folded, LONGEST)),
        };
        self.observed.deviations.insert(Deviation { place, what });
    }
}
