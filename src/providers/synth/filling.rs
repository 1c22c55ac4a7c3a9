//! Compiler of templates: applies the overrides to an example, and makes slots of its ids and times.
//!
//! An example is its own pattern: the wanted recipient replaces `ada@example.com` wherever that occurs, inside an SMTP
//! reply too; a new message id replaces the old one likewise. To find all positions of a slot in the serialised bytes,
//! a marker number is written in its place, the whole is serialised, and the result is cut at the markers.

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use memchr::memmem;
use serde_json::{Number, Value};

use crate::providers::provider::{Fields, TimeField};
use crate::providers::synth::change;
use crate::providers::synth::change_places::change_places;
use crate::providers::synth::compiled::{CompiledTemplate, Draw, Encodings, Outer, Piece, Slot};
use crate::providers::synth::overrides::Overrides;
use crate::providers::synth::placement::{PlacementResult, is_whole_number, put, replace};
use crate::providers::synth::template::Template;
use crate::webhook::{Delivery, Location, Rng, address};

/// Smallest marker number: no example contains one, and all markers have the same number of digits.
const MARKS: u64 = 17_716_161_000_000_000_000;
const MARK_DIGITS: usize = 20;
const MARK_STARTS: &str = "17716161000000";

impl Template {
    /// Builds an unsigned delivery with the overrides applied, and a note on each override that the provider has no
    /// place for.
    pub fn fill(
        &self,
        overrides: &Overrides,
        at: Timestamp,
        rng: &mut Rng,
    ) -> (Delivery, Vec<String>) {
        let compiled = CompiledTemplate::new(self, overrides);
        let message = Rng::seeded(rng.next_u64());
        let delivery = compiled.fill(at, rng, |_| message.clone());
        (delivery, compiled.notes().to_vec())
    }

    /// The example, parsed and serialised again, with its own ids and times.
    pub fn unchanged(&self) -> Delivery {
        CompiledTemplate::new(self, &Overrides::default()).unchanged()
    }
}

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
        let Overrides { sets, unsets, .. } = self.overrides;
        let told = change_places(template, &mut root, &mut events, sets, unsets);
        for note in told.notes {
            self.remark(note);
        }
        self.faults.extend(told.faults);
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
        self.remark(format!("{name} has no {what} field here; left out"));
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
                    "a message id of {name} is a number; `{text}` is sent as a string"
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
                    self.remark(format!(
                        "{name} has room for one {what}: the last one given is sent"
                    ));
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

#[cfg(test)]
mod tests {
    use super::{Piece, cut};

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
