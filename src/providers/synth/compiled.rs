//! Compiled templates: the overrides are applied once, and the values that differ from one delivery to the next (ids,
//! times) become slots that are filled for each.
//!
//! An example is its own pattern: the wanted recipient replaces `ada@example.com` wherever that occurs, inside an SMTP
//! reply too; a new message id replaces the old one likewise. To find all positions of a slot in the serialised bytes,
//! a marker number is written in its place, the whole is serialised, and the result is cut at the markers.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use memchr::memmem;
use serde_json::{Map, Number, Value};

use crate::providers::provider::{Envelope, Fields, TimeField};
use crate::providers::synth::change;
use crate::providers::synth::change::{Changed, Path};
use crate::providers::synth::guess::{nearest_place, places};
use crate::providers::synth::overrides::Overrides;
use crate::providers::synth::placement::{PlacementResult, is_whole_number, put, replace};
use crate::providers::synth::template::{FormStyle, Template};
use crate::webhook::{Delivery, Location, Rng, Style, TimestampFormat, address, write_escaped};

/// Serialised events, cut at the slots for the values that change with each delivery.
#[derive(Debug)]
pub struct CompiledTemplate {
    head: Delivery,
    pieces: Vec<Piece>,
    slots: Vec<Slot>,
    headers: Vec<(HeaderName, usize)>,
    layers: Encodings,
    lives: usize,
    notes: Vec<String>,
    faults: Vec<String>,
}

/// Piece of the body, or of the query if the event is sent as one.
#[derive(Debug)]
enum Piece {
    Text(Vec<u8>),
    Slot(usize),
}

/// Value that changes with each delivery, at all its positions.
#[derive(Debug)]
struct Slot {
    draw: Draw,
    /// Value in the example.
    example: String,
    /// True if it is inside the event, false if it is around it (in the envelope or a header).
    is_inner: bool,
}

#[derive(Debug)]
enum Draw {
    /// Message id, the same in all events of one message; `life` is the index of the message.
    Message { life: usize, as_text: bool },
    /// Number given by the user (`--message-id`), of any length.
    Wished(String),
    /// New id in the format of the example's: same length, same sort of characters.
    Id,
    /// New number with as many digits as the example's.
    Number,
    /// Time of the event, or another time at its distance from it.
    Time {
        stamp: &'static TimeField,
        /// Time in the example, for its format.
        like: Value,
        after: SignedDuration,
    },
}

/// Encodings that a value goes through, from the inside out.
#[derive(Debug)]
struct Encodings {
    /// JSON layout of the text that contains the event, if one does.
    inner: Option<Style>,
    /// Encoding of the body.
    outer: Outer,
}

/// Encoding of a body or a query.
#[derive(Debug)]
enum Outer {
    Json(Style),
    FormStyle(FormStyle),
}

/// Smallest marker number: no example contains one, and all markers have the same number of digits.
const MARKS: u64 = 17_716_161_000_000_000_000;
const MARK_DIGITS: usize = 20;
const MARK_STARTS: &str = "17716161000000";

impl CompiledTemplate {
    /// Applies the overrides to an example.
    pub fn new(template: &Template, overrides: &Overrides) -> CompiledTemplate {
        let mut filling = Filling::new(overrides);
        let mut events = template.events.clone();
        let list = match &mut events {
            Value::Array(list) => list.as_mut_slice(),
            event => std::slice::from_mut(event),
        };
        for event in list {
            filling.fill(template, event, 0);
        }
        filling.finish(template, events, 1)
    }

    /// Applies the overrides to `size` events in one request, taking these examples in turn. One round of the examples
    /// is the life of one message; each message has its own recipient if none is given. None without examples.
    pub fn batch(
        templates: &[&Template],
        size: usize,
        overrides: &Overrides,
    ) -> Option<CompiledTemplate> {
        let first = templates.first()?;
        let mut filling = Filling::new(overrides);
        let slots = templates.iter().cycle().take(size).enumerate();
        let events = slots
            .map(|(slot, template)| {
                let mut event = match &template.events {
                    Value::Array(list) => list.first().cloned().unwrap_or_default(),
                    event => event.clone(),
                };
                filling.fill(template, &mut event, slot / templates.len());
                event
            })
            .collect();
        Some(filling.finish(first, events, size.div_ceil(templates.len())))
    }

    /// A note on each override that the provider has no place for.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Paths of `--set` that cannot be written, with the reason.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Number of messages that the events are about.
    pub fn lives(&self) -> usize {
        self.lives
    }

    /// Builds an unsigned delivery. `life` returns the random generator for the id of a message, by its index: events
    /// of one message need the same generator.
    pub fn fill(&self, at: Timestamp, rng: &mut Rng, life: impl Fn(usize) -> Rng) -> Delivery {
        self.fill_with(|slot| slot.draw(at, rng, &life).into())
    }

    /// The example itself, with its own ids and times.
    pub fn unchanged(&self) -> Delivery {
        self.fill_with(|slot| Cow::Borrowed(&slot.example))
    }

    fn fill_with<'a>(&'a self, mut value: impl FnMut(&'a Slot) -> Cow<'a, str>) -> Delivery {
        let values: Vec<Cow<str>> = self.slots.iter().map(&mut value).collect();
        let mut delivery = self.head.clone();
        for (name, slot) in &self.headers {
            if let Some(Ok(value)) = values.get(*slot).map(|value| HeaderValue::from_str(value)) {
                delivery.headers.set(name.clone(), value);
            }
        }
        let encoded: Vec<Cow<str>> = self
            .slots
            .iter()
            .zip(&values)
            .map(|(slot, value)| self.layers.encode(value, slot.is_inner))
            .collect();
        let size = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Slot(slot) => encoded.get(*slot).map_or(0, |value| value.len()),
        });
        let mut body = Vec::with_capacity(size.sum());
        for piece in &self.pieces {
            body.extend_from_slice(match piece {
                Piece::Text(text) => text,
                Piece::Slot(slot) => encoded.get(*slot).map_or(b"", |value| value.as_bytes()),
            });
        }
        if delivery.told_by_query().is_none() {
            delivery.body = body.into();
        } else {
            let query = String::from_utf8_lossy(&body);
            if let Ok(path) = format!("{}?{query}", delivery.path.path()).parse() {
                delivery.path = path;
            }
        }
        delivery
    }
}

impl Slot {
    fn draw(&self, at: Timestamp, rng: &mut Rng, life: impl Fn(usize) -> Rng) -> String {
        match &self.draw {
            Draw::Message { life: of, as_text } => {
                let new = life(*of).like(&self.example);
                if *as_text { new } else { number(&new) }
            }
            Draw::Wished(digits) => digits.clone(),
            Draw::Id => rng.like(&self.example),
            Draw::Number => number(&rng.like(&self.example)),
            Draw::Time { stamp, like, after } => {
                let at = at.checked_add(*after).unwrap_or(at);
                match stamp.write(at, like) {
                    Value::String(text) => text,
                    value => value.to_string(),
                }
            }
        }
    }
}

/// Digits as a JSON number, without the first digit if they exceed a signed 64-bit integer.
fn number(digits: &str) -> String {
    digits
        .parse::<i64>()
        .or_else(|_| digits.get(1..).unwrap_or("1").parse())
        .unwrap_or(1)
        .to_string()
}

impl Encodings {
    /// Encodes a value as it is written in the body.
    fn encode<'a>(&self, value: &'a str, is_inner: bool) -> Cow<'a, str> {
        let extra: &[u8] = match self.outer {
            Outer::Json(_) | Outer::FormStyle(FormStyle::Multipart) => b"-._ :+@=,",
            Outer::FormStyle(FormStyle::UrlEncoded) => b"-._",
        };
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || extra.contains(&b);
        if value.bytes().all(is_plain) {
            return Cow::Borrowed(value);
        }
        let escaped = |value: &str, style: &Style| {
            let mut out = String::new();
            write_escaped(&mut out, value, style);
            out
        };
        let value = match &self.inner {
            Some(style) if is_inner => escaped(value, style).into(),
            _ => Cow::Borrowed(value),
        };
        match &self.outer {
            Outer::Json(style) => escaped(&value, style).into(),
            Outer::FormStyle(FormStyle::Multipart) => value,
            Outer::FormStyle(FormStyle::UrlEncoded) => {
                form_urlencoded::byte_serialize(value.as_bytes())
                    .collect::<String>()
                    .into()
            }
        }
    }
}

/// A value for each of these headers.
type ByHeader<T> = Vec<(HeaderName, T)>;

/// Builder of a compiled template: the overrides to apply, and the slots made so far.
struct Filling<'a> {
    overrides: &'a Overrides,
    slots: Vec<Slot>,
    notes: Vec<String>,
    faults: Vec<String>,
}

impl<'a> Filling<'a> {
    fn new(overrides: &'a Overrides) -> Self {
        Self {
            overrides,
            slots: Vec::new(),
            notes: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Serialises the events and cuts the result at the markers.
    fn finish(mut self, template: &Template, mut events: Value, lives: usize) -> CompiledTemplate {
        let mut root = template.root.clone();
        self.change(template, &mut root, &mut events);
        let around = if template.is_inside {
            &mut root
        } else {
            &mut events
        };
        let (headers, fixed) = self.fill_ids(template, around);
        let (mut head, body) = template.write(root, events);
        for (name, value) in fixed {
            head.headers.set(name, value);
        }
        CompiledTemplate {
            head,
            pieces: cut(&body),
            slots: self.slots,
            headers,
            layers: Encodings {
                inner: template.inner_style(),
                outer: match template.form() {
                    Some(form) => Outer::FormStyle(form),
                    None => Outer::Json(template.style()),
                },
            },
            lives,
            notes: self.notes,
            faults: self.faults,
        }
    }

    /// Adds a slot, and returns the marker to write in its place.
    fn slot(&mut self, draw: Draw, example: String, is_inner: bool) -> u64 {
        self.slots.push(Slot {
            draw,
            example,
            is_inner,
        });
        MARKS + self.slots.len() as u64 - 1
    }

    fn note(&mut self, template: &Template, what: &str) {
        let name = template.provider.name;
        self.remark(format!("{name} carries no {what} here; left out"));
    }

    fn remark(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn fill(&mut self, template: &Template, event: &mut Value, life: usize) {
        let provider = template.provider;
        let Some(event) = provider.envelope.inside_mut(event) else {
            return;
        };
        let fields = &provider.fields;
        let overrides = self.overrides;
        self.fill_recipient(template, event, life);
        self.fill_message_id(template, event, life);
        for pointer in fields.message_also {
            if let Some(old) = text_at(event, &[*pointer]) {
                let draw = Draw::Message {
                    life,
                    as_text: true,
                };
                let new = self.slot(draw, old.clone(), true);
                replace(event, &old, &new.to_string());
            }
        }
        if let Some(new) = &overrides.url {
            match text_at(event, fields.url) {
                Some(old) => replace(event, &old, new),
                None => self.note(template, "link"),
            }
        }
        for pointer in fields.unique {
            self.renew(event, pointer);
        }
        self.move_times(event, fields);
        self.placement(template, event);
    }

    /// Applies `--set` and `--unset`.
    fn change(&mut self, template: &Template, root: &mut Value, events: &mut Value) {
        let overrides = self.overrides;
        for (text, value) in &overrides.sets {
            let path = path_of(template, root, events, text);
            if let Some(fields) = fields_of(template, root, events)
                && let Some(one) = change::group(fields, path.first()).first()
                && path.steps.len() == 1
            {
                self.faults.push(format!(
                    "`{}` is a group of form fields, and stays one; one of them is `{one}`",
                    path.pointer(0)
                ));
                continue;
            }
            let mut told = Vec::new();
            route(
                template,
                root,
                events,
                &path,
                &mut |here, rest, is_field| {
                    let value = match is_field && !value.is_null() {
                        true => Value::from(change::field_text(value)),
                        false => value.clone(),
                    };
                    told.push(change::set(here, &path, rest, &value));
                },
            );
            let is_known = told.contains(&Ok(Changed::Known));
            for told in told {
                match told {
                    Ok(Changed::New(new)) if !is_known => {
                        let near = guess(template, &path, Some(&new));
                        self.tell(format!("{new} is a new member"), near);
                    }
                    Ok(_) => {}
                    Err(why) => self.faults.push(why),
                }
            }
        }
        for text in &overrides.unsets {
            let path = path_of(template, root, events, text);
            let mut was_there = false;
            let steps = &path.steps;
            if is_whole_list(template, &path) {
                was_there = change::unset(root, steps);
            } else if let ([name], Some(fields)) =
                (steps.as_slice(), fields_of(template, root, events))
            {
                // A group goes with all of its fields.
                let mut names = change::group(fields, name);
                names.push(name.clone());
                let fields = if template.is_inside {
                    &mut *root
                } else {
                    &mut *events
                };
                for name in names {
                    was_there |= change::unset(fields, &[name]);
                }
            }
            if !was_there {
                route(template, root, events, &path, &mut |here, rest, _| {
                    was_there |= change::unset(here, rest);
                });
            }
            if !was_there {
                let near = guess(template, &path, None);
                self.tell(
                    format!("{} is not there, so nothing is taken away", path.pointer(0)),
                    near,
                );
            }
        }
    }

    /// Adds a remark that is no warning.
    fn tell(&mut self, what: String, near: Option<String>) {
        let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        self.remark(format!("note: {what}{near}"));
    }

    /// Writes the given message id, or a slot for a new one. If the event has several ids of its message, the first
    /// gets the given one, and the others get slots.
    fn fill_message_id(&mut self, template: &Template, event: &mut Value, life: usize) {
        let fields = &template.provider.fields;
        // An event that is about no message has the id of something else there.
        let overrides = self.overrides.message_id.as_deref();
        let mut wished = overrides.filter(|_| template.has_message);
        // Ids written so far: a later field may be composed of an earlier one.
        let mut done: Vec<String> = Vec::new();
        for pointer in fields.message_id {
            let whole = match event.pointer(pointer) {
                Some(Value::String(text)) if !text.is_empty() => text.clone(),
                Some(Value::Number(_)) => {
                    done.push(self.number_id(template, event, pointer, wished.take(), life));
                    continue;
                }
                _ => continue,
            };
            let end = fields.message_id_end;
            let old = end
                .and_then(|end| whole.split(end).next())
                .unwrap_or(&whole);
            if old.is_empty() || done.iter().any(|it| whole.starts_with(it)) {
                continue;
            }
            let new = wished.take().map(str::to_owned).unwrap_or_else(|| {
                let draw = Draw::Message {
                    life,
                    as_text: true,
                };
                self.slot(draw, old.to_owned(), true).to_string()
            });
            replace(event, old, &new);
            done.push(new);
        }
        if wished.is_some() || (overrides.is_some() && !template.has_message) {
            self.note(template, "message id");
        }
    }

    /// Like [`fill_message_id`](Self::fill_message_id), for an id that is a number: a whole number is written digit by
    /// digit, anything else as a string, with a note. Returns the text that is now there.
    fn number_id(
        &mut self,
        template: &Template,
        event: &mut Value,
        pointer: &str,
        wished: Option<&str>,
        life: usize,
    ) -> String {
        let old = event.pointer(pointer).map(Value::to_string);
        let old = old.unwrap_or_default();
        let draw = match wished {
            Some(digits) if is_whole_number(digits) => Draw::Wished(digits.to_owned()),
            Some(text) => {
                put(event, pointer, Value::from(text));
                let name = template.provider.name;
                self.remark(format!(
                    "a message id of {name} is a number; `{text}` is put as a text"
                ));
                return text.to_owned();
            }
            None => Draw::Message {
                life,
                as_text: false,
            },
        };
        let mark = self.slot(draw, old.clone(), true);
        put(event, pointer, Value::from(mark));
        // Some events repeat it as text.
        if old.len() >= 8 {
            replace(event, &old, &mark.to_string());
        }
        mark.to_string()
    }

    fn fill_recipient(&mut self, template: &Template, event: &mut Value, life: usize) {
        let fields = &template.provider.fields;
        let address_at = |event: &Value, pointers: &[&str]| {
            text_at(event, pointers).map(|text| address(&text).to_owned())
        };
        let there = address_at(event, fields.recipient);
        let new = match &self.overrides.recipient {
            Some(new) => {
                if there.is_none() {
                    self.note(template, "recipient");
                }
                new.clone()
            }
            // The first message of a batch keeps the example's recipient; each of the others has its own.
            None => match there.as_deref().and_then(|there| there.split_once('@')) {
                Some((name, domain)) if life > 0 => format!("{name}.{}@{domain}", life + 1),
                _ => return,
            },
        };
        for pointer in fields.recipient {
            if let Some(old) = address_at(event, &[*pointer]) {
                replace(event, &old, &new);
            }
        }
        for pointer in fields.domain {
            if let (Some(location), Some((_, domain))) =
                (event.pointer_mut(pointer), new.rsplit_once('@'))
            {
                *location = Value::from(domain);
            }
        }
    }

    /// Makes a slot of an id that no two events share.
    fn renew(&mut self, event: &mut Value, pointer: &str) {
        match event.pointer_mut(pointer) {
            Some(Value::String(id)) => {
                // Some ids occur in several places.
                let old = id.clone();
                let new = self.slot(Draw::Id, old.clone(), true).to_string();
                if old.len() < 8 {
                    *id = new;
                } else {
                    replace(event, &old, &new);
                }
            }
            Some(Value::Number(id)) => {
                let old = id.to_string();
                let new = self.slot(Draw::Number, old.clone(), true);
                *id = Number::from(new);
                // Some events repeat it as text.
                if old.len() >= 8 {
                    replace(event, &old, &new.to_string());
                }
            }
            _ => {}
        }
    }

    /// Makes slots of the time of the event and of the other times, which keep their distance from it.
    fn move_times(&mut self, event: &mut Value, fields: &'static Fields) {
        let stamps = || fields.at.iter().chain(fields.other_times);
        let scalar = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let read = |event: &Value, stamp: &TimeField| {
            stamp.parse(&scalar(event.pointer(stamp.pointer())?)?)
        };
        let Some(happened) = stamps().find_map(|stamp| read(event, stamp)) else {
            return;
        };
        for (at, stamp) in stamps().enumerate() {
            let Some(time) = read(event, stamp) else {
                continue;
            };
            let Some(location) = event.pointer_mut(stamp.pointer()) else {
                continue;
            };
            let like = location.clone();
            // If several formats are listed for one place, the one that the example is written in counts; otherwise the
            // last.
            let mut others = stamps().skip(at + 1);
            if stamp.write(time, &like) != like
                && others.any(|other| other.pointer() == stamp.pointer())
            {
                continue;
            }
            let draw = Draw::Time {
                stamp,
                like: like.clone(),
                after: time.duration_since(happened),
            };
            let mark = self.slot(draw, scalar(location).unwrap_or_default(), true);
            *location = match stamp.write(time, &like) {
                Value::String(_) => mark.to_string().into(),
                _ => mark.into(),
            };
        }
    }

    fn placement(&mut self, template: &Template, event: &mut Value) {
        let fields = &template.provider.fields;
        let overrides = self.overrides;
        let campaign: Vec<_> = overrides.campaign.iter().map(|it| (it, it)).collect();
        let tags: Vec<_> = overrides.tags.iter().map(|it| (it, it)).collect();
        let metadata: Vec<_> = overrides
            .metadata
            .iter()
            .map(|(name, it)| (name, it))
            .collect();
        for (what, placement, values) in [
            ("campaign", &fields.campaign, campaign),
            ("tag", &fields.tag, tags),
            ("metadata", &fields.metadata, metadata),
        ] {
            match placement.put(event, &values) {
                PlacementResult::All => {}
                PlacementResult::Last => {
                    let name = template.provider.name;
                    self.remark(format!("{name} carries one {what}: the last that is given"));
                }
                PlacementResult::Nothing => self.note(template, what),
            }
        }
    }

    /// Makes slots of the delivery's ids (headers, or members of the body with the headers that repeat them). An id
    /// that the user set is not replaced, and is copied to the headers that repeat it.
    fn fill_ids(
        &mut self,
        template: &Template,
        root: &mut Value,
    ) -> (ByHeader<usize>, ByHeader<HeaderValue>) {
        let mut slots = Vec::new();
        let mut fixed = Vec::new();
        let headers = &template.head.headers;
        for location in template.provider.ids {
            if let Location::Header(name) = location
                && let Some(id) = headers.text(name)
            {
                slots.push((HeaderName::from_static(name), self.slots.len()));
                self.slot(Draw::Id, id.to_owned(), false);
            }
            if let Location::Body(pointer) = location
                && let Some(Value::String(old)) = template.root.pointer(pointer)
                && let Some(there) = root.pointer_mut(pointer)
            {
                let same = headers
                    .iter()
                    .filter(|(_, value)| value.as_bytes() == old.as_bytes())
                    .map(|(name, _)| name.clone());
                let id = change::field_text(there);
                if id != *old {
                    if let Ok(value) = HeaderValue::from_str(&id) {
                        fixed.extend(same.map(|name| (name, value.clone())));
                    }
                    continue;
                }
                slots.extend(same.map(|name| (name, self.slots.len())));
                *there = self.slot(Draw::Id, id, false).to_string().into();
            }
        }
        (slots, fixed)
    }
}

/// The first event, without its wrapper.
fn first_of<'v>(template: &Template, events: &'v Value) -> &'v Value {
    let first = match events {
        Value::Array(list) => list.first().unwrap_or(&Value::Null),
        event => event,
    };
    template.provider.envelope.inside_of(first)
}

/// The fields of the form that a template is told by, if it is.
fn fields_of<'v>(
    template: &Template,
    root: &'v Value,
    events: &'v Value,
) -> Option<&'v Map<String, Value>> {
    template.form()?;
    match template.is_inside {
        true => root.as_object(),
        false => events.as_object(),
    }
}

/// A place that the user names, as it is found in here.
fn path_of(template: &Template, root: &Value, events: &Value, text: &str) -> Path {
    let path = Path::new(text, first_of(template, events));
    let is_event = template.is_inside && first_of(template, events).get(path.first()).is_some();
    match fields_of(template, root, events) {
        Some(fields) if !is_event => path.among_fields(fields, !template.is_inside),
        _ => path,
    }
}

/// Where the events stand in what is around them, if they do.
fn events_at(template: &Template) -> Option<&'static str> {
    match template.provider.envelope {
        Envelope::Text(at, _) | Envelope::List(at) if template.is_inside && !at.is_empty() => {
            Some(at)
        }
        _ => None,
    }
}

/// Whether a path leads to all the events as they stand in what is around them.
fn is_whole_list(template: &Template, path: &Path) -> bool {
    let rest = events_at(template).and_then(|at| path.behind(at));
    rest.is_some_and(<[String]>::is_empty)
}

/// The place of an example that may be meant by a path that leads to none, or by the pointer of what is new on its way.
fn guess(template: &Template, path: &Path, new: Option<&str>) -> Option<String> {
    let first = first_of(template, &template.events);
    let mut all = places(first);
    // What stands around the events can be named too.
    all.extend(places(&template.root));
    let begun = new.map(|new| Path::new(new, &Value::Null).steps);
    nearest_place(&path.steps, &all)
        .or_else(|| nearest_place(begun.as_deref()?, &all))
        .map(str::to_owned)
}

/// Applies an edit at every place that a path leads to: in each event, in the one that it numbers, or in the envelope.
/// The closure gets the value to edit, the rest of the path in it, and true if that value is a form field.
fn route(
    template: &Template,
    root: &mut Value,
    events: &mut Value,
    path: &Path,
    change: &mut dyn FnMut(&mut Value, &[String], bool),
) {
    let envelope = &template.provider.envelope;
    change::expand(events);
    let is_field = |rest: &[String]| template.form().is_some() && rest.len() == 1;
    let first = first_of(template, events);
    let in_event = first.get(path.first()).is_some();
    if !in_event && template.is_inside {
        // As the whole body is told, the events where they stand.
        if let Some(rest) = events_at(template).and_then(|at| path.behind(at)) {
            return change(events, rest, false);
        }
        if root.get(path.first()).is_some() {
            return change(root, &path.steps, is_field(&path.steps));
        }
    }
    // Of a list, by its number, or one more.
    let is_number = path.first() == "-" || path.first().parse::<usize>().is_ok();
    if !in_event && events.is_array() && is_number {
        return change(events, &path.steps, false);
    }
    let fields = !template.is_inside && is_field(&path.steps);
    let list = match events {
        Value::Array(list) => list.as_mut_slice(),
        event => std::slice::from_mut(event),
    };
    for value in list {
        // A path may also name the wrapper of an event.
        let wrapped = !in_event && value.get(path.first()).is_some();
        let event = if wrapped {
            Some(value)
        } else {
            envelope.inside_mut(value)
        };
        if let Some(event) = event {
            change(event, &path.steps, fields);
        }
    }
}

/// The first text at these pointers that is not empty.
fn text_at(event: &Value, pointers: &[&str]) -> Option<String> {
    // In a list, the first element is written.
    pointers
        .iter()
        .filter_map(|pointer| event.pointer(&pointer.replace("/*", "/0"))?.as_str())
        .find(|text| !text.is_empty())
        .map(str::to_owned)
}

/// Cuts a body at its markers.
fn cut(body: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = body;
    while let Some(at) = memmem::find(rest, MARK_STARTS.as_bytes()) {
        let end = at + MARK_DIGITS;
        let slot = rest.get(at..end).and_then(|mark| {
            let mark = std::str::from_utf8(mark).ok()?;
            let number = mark.parse::<u64>().ok()?.checked_sub(MARKS)?;
            usize::try_from(number).ok()
        });
        match slot {
            Some(slot) => {
                pieces.push(Piece::Text(rest.get(..at).unwrap_or_default().to_vec()));
                pieces.push(Piece::Slot(slot));
                rest = rest.get(end..).unwrap_or_default();
            }
            None => break,
        }
    }
    pieces.push(Piece::Text(rest.to_vec()));
    pieces
}

impl TimeField {
    /// Writes a time as this provider does, in the form of another.
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 fit 53 bits until the year 2255"
    )]
    fn write(&self, at: Timestamp, like: &Value) -> Value {
        let as_text = like.is_string();
        match self {
            TimeField::Rfc3339(_, digits) => {
                let (offset, zone) = like.as_str().and_then(zone).unwrap_or_default();
                let local =
                    TimestampFormat::Rfc3339(*digits).write(at.checked_add(offset).unwrap_or(at));
                match zone {
                    "" => local.into(),
                    zone => format!("{}{zone}", local.trim_end_matches('Z')).into(),
                }
            }
            TimeField::Like(location) => {
                let fraction = like.as_str().and_then(|text| text.split_once('.'));
                let fraction = fraction.map_or("", |(_, fraction)| fraction);
                let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
                TimeField::Rfc3339(location, u8::try_from(digits).unwrap_or(9)).write(at, like)
            }
            TimeField::Utc(_, form) => Value::from(at.strftime(form).to_string()),
            TimeField::Seconds(_) | TimeField::LastSeconds(_) if as_text => {
                Value::from(at.as_second().to_string())
            }
            TimeField::Seconds(_) | TimeField::LastSeconds(_) => Value::from(at.as_second()),
            TimeField::Fraction(_) if like.is_i64() => Value::from(at.as_second()),
            TimeField::Fraction(_) => Value::from(at.as_microsecond() as f64 / 1e6),
            TimeField::Millis(_) if as_text => Value::from(at.as_millisecond().to_string()),
            TimeField::Millis(_) => Value::from(at.as_millisecond()),
            TimeField::Local(_) => Value::from(at.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        }
    }
}

/// Offset of an RFC 3339 time with a numeric zone, as a duration ahead of UTC and as written.
fn zone(text: &str) -> Option<(SignedDuration, &str)> {
    let zone = text.get(text.len().checked_sub(6)?..)?;
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    match zone.as_bytes().first()? {
        b'+' => Some((SignedDuration::from_mins(minutes), zone)),
        b'-' => Some((SignedDuration::from_mins(-minutes), zone)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Encodings, FormStyle, Outer, Piece, TimeField, cut};
    use crate::webhook::Style;

    #[test]
    fn a_time_is_written_in_the_form_of_the_example() {
        let at = "2026-11-23T23:20:01.123456Z".parse().unwrap();
        for (stamp, like, wanted) in [
            (
                TimeField::Rfc3339("", 0),
                serde_json::json!("2026-09-21T16:13:20+02:00"),
                serde_json::json!("2026-11-24T01:20:01+02:00"),
            ),
            (
                TimeField::Rfc3339("", 3),
                "2026-09-21T16:13:20.5-03:30".into(),
                "2026-11-23T19:50:01.123-03:30".into(),
            ),
            (
                TimeField::Rfc3339("", 0),
                "2026-09-21T14:13:20+00:00".into(),
                "2026-11-23T23:20:01+00:00".into(),
            ),
            (
                TimeField::Rfc3339("", 3),
                "2026-09-21T14:13:20.000Z".into(),
                "2026-11-23T23:20:01.123Z".into(),
            ),
            (
                TimeField::Fraction(""),
                1_790_000_000.5.into(),
                1_795_476_001.123456.into(),
            ),
            (
                TimeField::Fraction(""),
                1_790_000_000.into(),
                1_795_476_001.into(),
            ),
        ] {
            assert_eq!(stamp.write(at, &like), wanted, "{like}");
        }
    }

    #[test]
    fn a_value_is_wrapped_from_the_inside_out() {
        let php = Style {
            php: true,
            ..Style::COMPACT
        };
        let encode = |inner: Option<Style>, outer: Outer, is_inner| {
            Encodings { inner, outer }
                .encode("a/\"é+1", is_inner)
                .into_owned()
        };
        assert_eq!(encode(None, Outer::Json(Style::COMPACT), true), "a/\\\"é+1");
        // The text of JSON in JSON, as in an envelope of SNS; and in a form, as in Mandrill's.
        let twice = encode(Some(Style::COMPACT), Outer::Json(Style::COMPACT), true);
        assert_eq!(twice, "a/\\\\\\\"é+1");
        let form = encode(Some(php), Outer::FormStyle(FormStyle::UrlEncoded), true);
        assert_eq!(form, "a%5C%2F%5C%22%5Cu00e9%2B1");
        // What stands beside that text is not in it.
        assert_eq!(
            encode(Some(php), Outer::FormStyle(FormStyle::UrlEncoded), false),
            "a%2F%22%C3%A9%2B1"
        );
        // In a part of a form everything is as it is.
        assert_eq!(
            encode(None, Outer::FormStyle(FormStyle::Multipart), true),
            "a/\"é+1"
        );
    }

    #[test]
    fn a_text_is_cut_at_its_marks_and_at_nothing_like_them() {
        let told: Vec<String> = cut(b"a17716161000000000001b17716161000000000000171c")
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => String::from_utf8(text.clone()).unwrap(),
                Piece::Slot(slot) => format!("<{slot}>"),
            })
            .collect();
        assert_eq!(told, ["a", "<1>", "b", "<0>", "171c"]);
        assert_eq!(cut(b"17716161000000").len(), 1);
    }
}
