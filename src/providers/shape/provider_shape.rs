//! Shape of all that a provider is known to send, made of its examples and its form.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, OnceLock};

use crate::providers::ALL;
use crate::providers::provenance::Confidence;
use crate::providers::provider::{ABSENT, EventDef, Provider, Signal};
use crate::providers::shape::custom::Custom;
use crate::providers::shape::event_places::{EventPlace, event_places};
use crate::providers::shape::value_type::ValueType;
use crate::webhook::diff::node::{Content, Node, fold_into, folded, step_into};
use crate::webhook::{Delivery, Document, Fixture, Location};

/// Headers that depend on the client of the provider, and on proxies.
const CLIENTS: [&str; 7] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent",
];

/// Part of a delivery that a place is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Level {
    /// Header fields, by name.
    Header,
    /// Body around the events.
    Envelope,
    /// Event, by a pointer into it.
    Event,
}

/// Place in a delivery, indices folded.
pub(super) type ShapePlace = (Level, String);

/// Known members of a provider's deliveries.
#[derive(Debug)]
pub struct ProviderShape {
    pub(super) provider: &'static Provider,
    /// Events that have an example.
    pub(super) rows: Vec<RowShape>,
    /// Types at each place of any example; none are listed where any may be.
    pub(super) known: HashMap<ShapePlace, Vec<ValueType>>,
    /// Places of times.
    pub(super) times: HashSet<ShapePlace>,
    /// Lists and objects that are empty in all examples: what they hold is not known.
    pub(super) unexplored: HashSet<ShapePlace>,
    /// Places of the events in the examples.
    pub(super) bases: HashSet<String>,
    pub(super) custom: Custom,
}

/// Members of the example of one event.
#[derive(Debug)]
pub(super) struct RowShape {
    pub(super) row: &'static EventDef,
    /// Place of the event, indices folded.
    pub(super) base: String,
    /// Places in order, those of containers before those in them.
    pub(super) places: Vec<KnownPlace>,
    pub(super) index: HashMap<ShapePlace, usize>,
}

/// Place that an example has.
#[derive(Debug)]
pub(super) struct KnownPlace {
    pub(super) place: ShapePlace,
    /// Place in the whole delivery, to be shown.
    pub(super) shown: String,
    /// Types in the example.
    pub(super) types: Vec<ValueType>,
    /// Index of the container.
    pub(super) parent: Option<usize>,
    /// True if no page confirms it.
    pub(super) assumed: bool,
    /// True for custom data, which may be missing.
    pub(super) is_custom: bool,
}

/// Shape of a provider; none for one without events.
pub fn shape_of(provider: &'static Provider) -> Option<&'static ProviderShape> {
    static SHAPES: LazyLock<Vec<OnceLock<ProviderShape>>> =
        LazyLock::new(|| ALL.iter().map(|_| OnceLock::new()).collect());
    let at = ALL.iter().position(|one| one.name == provider.name)?;
    let shape = SHAPES.get(at)?;
    Some(shape.get_or_init(|| ProviderShape::of(provider)))
}

impl ProviderShape {
    fn of(provider: &'static Provider) -> ProviderShape {
        let mut shape = ProviderShape {
            provider,
            rows: Vec::new(),
            known: HashMap::new(),
            times: HashSet::new(),
            unexplored: HashSet::new(),
            bases: HashSet::new(),
            custom: Custom::of(provider),
        };
        let fields = &provider.fields;
        for time in fields.at.iter().chain(fields.other_times) {
            shape.times.insert((Level::Event, folded(time.pointer())));
        }
        for scheme in provider.schemes {
            if let Some((Location::Body(pointer), _)) = scheme.timestamp {
                for level in [Level::Envelope, Level::Event] {
                    shape.times.insert((level, folded(pointer)));
                }
            }
        }
        let examples: Vec<Example> = provider
            .events
            .iter()
            .filter_map(|row| Example::read(provider, row))
            .collect();
        let mut empty = HashSet::new();
        for example in &examples {
            let row = shape.row(example, &mut empty);
            shape.bases.insert(row.base.clone());
            shape.rows.push(row);
        }
        let has_members = |shape: &ProviderShape, (level, pointer): &ShapePlace| {
            let below = format!("{pointer}/");
            shape
                .known
                .keys()
                .any(|(other, it)| other == level && it.starts_with(&below))
        };
        empty.retain(|place| !has_members(&shape, place));
        shape.unexplored = empty;
        shape.add_form();
        shape
    }

    /// Adds the places that the form names, of whatever type.
    fn add_form(&mut self) {
        let provider = self.provider;
        let fields = &provider.fields;
        let lists = [
            fields.recipient,
            fields.domain,
            fields.message_id,
            fields.message_also,
            fields.unique,
            fields.url,
            fields.reason,
            fields.reason_parts,
            provider.native,
        ];
        let times = fields.at.iter().chain(fields.other_times);
        let marks = provider.events.iter().flat_map(|row| row.marks);
        let events = lists
            .into_iter()
            .flatten()
            .copied()
            .chain(times.map(|it| it.pointer()));
        let events: Vec<&str> = events.chain(marks.map(|(pointer, _)| *pointer)).collect();
        for pointer in events {
            self.add_path(Level::Event, pointer);
        }
        let sets = provider.bounces.iter().flat_map(|it| it.sets);
        for (pointer, json) in sets.chain(provider.machines.iter().flat_map(|it| it.sets)) {
            if *json != ABSENT {
                let value =
                    serde_json::from_str(json).unwrap_or_else(|_| serde_json::Value::from(*json));
                self.add_type((Level::Event, folded(pointer)), ValueType::of_json(&value));
            }
        }
        self.add_signals();
        for scheme in provider.schemes {
            let time = scheme.timestamp.map(|(location, _)| location);
            let locations = scheme.id.iter().chain(&time).chain([&scheme.signature]);
            for location in locations.chain(scheme.fresh).chain(provider.ids) {
                self.add_location(location);
            }
        }
        if let Some(pointer) = provider.confirm {
            self.add_path(Level::Envelope, pointer);
        }
    }

    /// Adds the places by which the provider is recognised, which are those of the whole body.
    fn add_signals(&mut self) {
        let provider = self.provider;
        for signal in provider.signals {
            if let Signal::Body(marks) = signal {
                // Of the whole body.
                for (pointer, _) in *marks {
                    let pointer = folded(pointer);
                    let mut bases: Vec<String> = self.bases.iter().cloned().collect();
                    bases.sort_by_key(|base| std::cmp::Reverse(base.len()));
                    let base = bases
                        .iter()
                        .find_map(|base| pointer.strip_prefix(base.as_str()));
                    match base {
                        Some(inside) => self.add_path(Level::Event, inside),
                        None => self.add_path(Level::Envelope, &pointer),
                    }
                }
            }
        }
    }

    fn add_location(&mut self, location: &Location) {
        match location {
            Location::Body(pointer) => self.add_path(Level::Envelope, pointer),
            Location::Field(name) => self.add_path(Level::Envelope, &format!("/{name}")),
            Location::All(all) => all.iter().for_each(|it| self.add_location(it)),
            Location::Header(_) | Location::Item(..) | Location::Own(_) => {}
        }
    }

    /// Adds a place of any type, and its containers. The body may be the event.
    fn add_path(&mut self, level: Level, pointer: &str) {
        let pointer = folded(pointer);
        let levels = match level {
            Level::Envelope if self.bases.contains("") => vec![Level::Envelope, Level::Event],
            level => vec![level],
        };
        for level in levels {
            let mut here = pointer.as_str();
            let mut is_last = true;
            while let Some((parent, _)) = here.rsplit_once('/') {
                let place = (level, here.to_owned());
                // A type that an example shows is known.
                match is_last {
                    true => self.known.entry(place).or_default(),
                    false => self
                        .known
                        .entry(place)
                        .or_insert_with(|| vec![ValueType::Object, ValueType::List]),
                };
                (here, is_last) = (parent, false);
            }
        }
    }

    fn add_type(&mut self, place: ShapePlace, value: ValueType) {
        let types = self.known.entry(place).or_default();
        if !types.contains(&value) {
            types.push(value);
        }
    }

    /// Takes in the places of an example.
    fn row(&mut self, example: &Example, empty: &mut HashSet<ShapePlace>) -> RowShape {
        let mut row = RowShape {
            row: example.row,
            base: folded(&example.base),
            places: Vec::new(),
            index: HashMap::new(),
        };
        let own = |name: &&str| !CLIENTS.contains(name);
        for name in example
            .delivery
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(own)
        {
            let place = (Level::Header, name.to_owned());
            self.take(
                &mut row,
                example,
                ExamplePlace {
                    place,
                    location: name,
                    types: None,
                    parent: None,
                },
            );
        }
        let Some(root) = example.content.tree() else {
            return row;
        };
        let mut walk = ExampleWalk {
            shape: self,
            row: &mut row,
            example,
            empty,
        };
        if !example.base.is_empty() {
            walk.below(root, &mut Here::default(), Level::Envelope, None);
        }
        if let Some(event) = root.at(&example.base) {
            walk.below(event, &mut Here::at(&example.base), Level::Event, None);
        }
        row
    }

    /// Takes in one place, and returns its index in the row.
    fn take(&mut self, row: &mut RowShape, example: &Example, found: ExamplePlace) -> usize {
        let ExamplePlace {
            place,
            location,
            types,
            parent,
        } = found;
        if let Some(value) = types {
            self.add_type(place.clone(), value);
        }
        if let Some(at) = row.index.get(&place) {
            if let (Some(known), Some(value)) = (row.places.get_mut(*at), types)
                && !known.types.contains(&value)
            {
                known.types.push(value);
            }
            return *at;
        }
        let origins = self.provider.origins_of(example.row, location);
        let is_custom = place.0 == Level::Event
            && (self.custom.has(&place.1, true)
                || parent
                    .and_then(|at| row.places.get(at))
                    .is_some_and(|it| it.is_custom));
        row.places.push(KnownPlace {
            shown: match place.0 {
                Level::Header => location.to_owned(),
                Level::Envelope | Level::Event => folded(location),
            },
            types: types.into_iter().collect(),
            parent,
            assumed: origins
                .iter()
                .all(|it| it.confidence == Confidence::Assumed),
            is_custom,
            place: place.clone(),
        });
        row.index.insert(place, row.places.len() - 1);
        row.places.len() - 1
    }
}

/// Place of an example, before it is taken in.
struct ExamplePlace<'a> {
    place: ShapePlace,
    /// Place in the example, with indices.
    location: &'a str,
    types: Option<ValueType>,
    parent: Option<usize>,
}

/// Example of an event, taken apart.
struct Example {
    row: &'static EventDef,
    delivery: Delivery,
    content: Content,
    base: String,
}

impl Example {
    fn read(provider: &'static Provider, row: &'static EventDef) -> Option<Example> {
        if row.example.is_empty() {
            return None;
        }
        let delivery = Fixture::read(row.example.as_bytes()).ok()?.delivery;
        let base = {
            let document = Document::of(&delivery).ok();
            let places = document
                .map(|it| event_places(provider, &it))
                .unwrap_or_default();
            let own = |it: &&EventPlace| it.rows.iter().any(|it| std::ptr::eq(*it, row));
            let place = places.iter().find(own).or(places.first());
            place.map(|it| it.pointer.clone()).unwrap_or_default()
        };
        let content = Content::of(&delivery);
        Some(Example {
            row,
            delivery,
            content,
            base,
        })
    }
}

/// Walk through the values of an example.
struct ExampleWalk<'a> {
    shape: &'a mut ProviderShape,
    row: &'a mut RowShape,
    example: &'a Example,
    empty: &'a mut HashSet<ShapePlace>,
}

impl ExampleWalk<'_> {
    /// Takes in what is below a value; `here` is its place in the body.
    fn below(&mut self, node: &Node, here: &mut Here, level: Level, parent: Option<usize>) {
        let base = Here::at(&self.example.base);
        for_each_child(node, here, &mut |child, here| {
            let place = here.place(level, &base);
            let value = ValueType::of(child, self.shape.times.contains(&place));
            let found = ExamplePlace {
                place: place.clone(),
                location: &here.pointer,
                types: Some(value),
                parent,
            };
            let at = self.shape.take(self.row, self.example, found);
            // What it holds is not known.
            if is_empty(child) || *child == Node::Null {
                self.empty.insert(place);
            }
            // The event has places of its own.
            if level == Level::Event || here.pointer != self.example.base {
                self.below(child, here, level, Some(at));
            }
        });
    }
}

/// Pointer to a value in a body, with and without its indices.
#[derive(Debug, Default)]
pub(super) struct Here {
    /// JSON pointer.
    pub(super) pointer: String,
    /// JSON pointer with each index of a list folded to `[]`.
    pub(super) folded: String,
}

impl Here {
    pub(super) fn at(pointer: &str) -> Here {
        Here {
            pointer: pointer.to_owned(),
            folded: folded(pointer),
        }
    }

    /// Place at its level; `base` is the place of the event.
    pub(super) fn place(&self, level: Level, base: &Here) -> ShapePlace {
        let inside = match level {
            Level::Header | Level::Envelope => Some(self.folded.as_str()),
            Level::Event => self.folded.get(base.folded.len()..),
        };
        (level, inside.unwrap_or_default().to_owned())
    }
}

/// True for a list or an object without members.
pub(super) fn is_empty(node: &Node) -> bool {
    match node {
        Node::List(values) => values.is_empty(),
        Node::Map(members) => members.is_empty(),
        _ => false,
    }
}

/// Calls `take` for each value of a list and each member of an object, with its pointer.
pub(super) fn for_each_child(node: &Node, here: &mut Here, take: &mut dyn FnMut(&Node, &mut Here)) {
    let mut each = |name: &str, value: &Node| {
        let (pointer, folded) = (here.pointer.len(), here.folded.len());
        step_into(&mut here.pointer, name);
        fold_into(
            &mut here.folded,
            here.pointer.get(pointer + 1..).unwrap_or_default(),
        );
        take(value, here);
        here.pointer.truncate(pointer);
        here.folded.truncate(folded);
    };
    match node {
        Node::Inside(_, inner) => for_each_child(inner, here, take),
        Node::List(values) => {
            for (at, value) in values.iter().enumerate() {
                each(&at.to_string(), value);
            }
        }
        Node::Map(members) => members.iter().for_each(|(name, value)| each(name, value)),
        _ => {}
    }
}
