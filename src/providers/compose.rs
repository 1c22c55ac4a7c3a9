//! From a kind to a delivery: the provider's own example with the wishes of the sender put in.
//!
//! An example is its own form: wherever it says `ada@example.com`, the wanted recipient goes, inside of an
//! SMTP reply too; wherever it says its message's id, the new one.

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Number, Value};

use super::form::{Carry, Envelope, Provider, Row, Stamp};
use crate::error::{Error, Result};
use crate::webhook::{Chance, Delivery, Fixture, Headers, Place, Style, TimeForm, write};

/// What the sender wants to differ from the example.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The address it is about.
    pub recipient: Option<String>,
    /// The link that was clicked.
    pub url: Option<String>,
    /// The campaign it belongs to.
    pub campaign: Option<String>,
    /// The message's id; a new one if none.
    pub message_id: Option<String>,
    /// Tags of the message.
    pub tags: Vec<String>,
    /// The sender's own members.
    pub metadata: Vec<(String, String)>,
    /// The bounce's common name.
    pub bounce: Option<String>,
    /// Places in the event and the JSON values to put there.
    pub sets: Vec<(String, Value)>,
}

/// An example, taken apart once, ready to be filled in many times.
#[derive(Debug)]
pub struct Template {
    provider: &'static Provider,
    head: Delivery,
    root: Value,
    events: Value,
    is_form: bool,
}

impl Template {
    /// Takes a row's example apart, with a bounce's differences put in if one is wished for.
    pub fn new(
        provider: &'static Provider,
        row: &'static Row,
        bounce: Option<&str>,
    ) -> Result<Template> {
        let Some(name) = bounce else {
            return Self::of_example(provider, row.example);
        };
        let bounce = provider
            .bounces
            .iter()
            .find(|bounce| bounce.name == name)
            .ok_or_else(|| {
                let known: Vec<&str> = provider.bounces.iter().map(|bounce| bounce.name).collect();
                Error::usage(format!("`{}` has no bounce `{name}`", provider.name)).hint(
                    match known.as_slice() {
                        [] => "it does not tell bounces apart".to_owned(),
                        known => format!("it has {}", known.join(", ")),
                    },
                )
            })?;
        let row = provider
            .rows
            .iter()
            .find(|row| row.native == bounce.row && !row.example.is_empty())
            .unwrap_or(row);
        let mut template = Self::of_example(provider, row.example)?;
        let event = match &mut template.events {
            Value::Array(events) => events.first_mut(),
            event => Some(event),
        };
        if let Some(event) = event.and_then(|event| provider.envelope.inside_mut(event)) {
            for (pointer, json) in bounce.sets {
                put(
                    event,
                    pointer,
                    serde_json::from_str(json).unwrap_or_else(|_| Value::from(*json)),
                );
            }
        }
        Ok(template)
    }

    /// No example: a bare request for a body of one's own.
    pub fn bare(provider: &'static Provider) -> Template {
        Template {
            provider,
            head: Delivery {
                method: Method::POST,
                path: PathAndQuery::from_static("/"),
                headers: Headers::new(),
                body: Bytes::new(),
            },
            root: Value::Null,
            events: Value::Null,
            is_form: false,
        }
    }

    fn of_example(provider: &'static Provider, example: &str) -> Result<Template> {
        let broken = |why: String| {
            Error::input(format!(
                "the built-in example of `{}` is broken: {why}",
                provider.name
            ))
        };
        let head = Fixture::read(example.as_bytes())
            .map_err(|fault| broken(fault.to_string()))?
            .delivery;
        let is_form = head
            .headers
            .text("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let fields = |text: &[u8]| {
            let fields = form_urlencoded::parse(text);
            fields
                .map(|(name, value)| (name.into_owned(), Value::from(value)))
                .collect()
        };
        let root = if let Some(query) = head.told_by_query() {
            Value::Object(fields(query.as_bytes()))
        } else if is_form {
            Value::Object(fields(&head.body))
        } else {
            serde_json::from_slice(&head.body).map_err(|error| broken(error.to_string()))?
        };
        let inner = match provider.envelope {
            Envelope::Plain | Envelope::Only(_) | Envelope::Own(_) => None,
            Envelope::Text(at, _) => {
                let text = root.pointer(at).and_then(Value::as_str);
                text.and_then(|text| serde_json::from_str::<Value>(text).ok())
                    .filter(|it| it.is_object() || it.is_array())
            }
            Envelope::List(at) => root.pointer(at).filter(|it| it.is_array()).cloned(),
        };
        let events = inner.unwrap_or_else(|| root.clone());
        Ok(Template {
            provider,
            head,
            root,
            events,
            is_form,
        })
    }

    /// A delivery with the wishes put in, not yet signed, and a note on each wish that this provider cannot carry.
    pub fn fill(&self, wish: &Wish, at: Timestamp, chance: &mut Chance) -> (Delivery, Vec<String>) {
        let mut notes = Vec::new();
        let mut events = self.events.clone();
        let list = match &mut events {
            Value::Array(list) => list.as_mut_slice(),
            event => std::slice::from_mut(event),
        };
        for event in list {
            if let Some(event) = self.provider.envelope.inside_mut(event) {
                self.fill_event(event, wish, at, chance, &mut notes);
            }
        }
        let mut delivery = self.head.clone();
        let root = self.fresh_root(&mut delivery, chance);
        self.encode(&mut delivery, root, events);
        (delivery, notes)
    }

    /// A new message id, if this provider's events carry one.
    pub fn message_id(&self, chance: &mut Chance) -> Option<String> {
        let event = match &self.events {
            Value::Array(events) => events.first()?,
            event => event,
        };
        let event = event.pointer(&self.provider.envelope.inside(event))?;
        let fields = &self.provider.fields;
        let whole = fields
            .message_id
            .iter()
            .find_map(|pointer| event.pointer(pointer)?.as_str())?;
        Some(
            chance.like(
                fields
                    .message_id_end
                    .and_then(|end| whole.split(end).next())
                    .unwrap_or(whole),
            ),
        )
    }

    /// The example, taken apart and written again.
    pub fn unchanged(&self) -> Delivery {
        let mut delivery = self.head.clone();
        self.encode(&mut delivery, self.root.clone(), self.events.clone());
        delivery
    }

    fn fill_event(
        &self,
        event: &mut Value,
        wish: &Wish,
        at: Timestamp,
        chance: &mut Chance,
        notes: &mut Vec<String>,
    ) {
        let fields = &self.provider.fields;
        let old = |event: &Value, pointers: &[&str]| {
            pointers
                .iter()
                .find_map(|pointer| event.pointer(pointer)?.as_str().map(str::to_owned))
                .filter(|it| !it.is_empty())
        };
        let lacks = |what: &str| format!("{} carries no {what} here; left out", self.provider.name);

        if let Some(new) = &wish.recipient {
            if old(event, fields.recipient).is_none() {
                notes.push(lacks("recipient"));
            }
            for pointer in fields.recipient {
                if let Some(old) = old(event, &[*pointer]) {
                    replace(event, &old, new);
                }
            }
            for pointer in fields.domain {
                if let (Some(place), Some((_, domain))) =
                    (event.pointer_mut(pointer), new.rsplit_once('@'))
                {
                    *place = Value::from(domain);
                }
            }
        }
        match old(event, fields.message_id) {
            Some(whole) => {
                let old = fields
                    .message_id_end
                    .and_then(|end| whole.split(end).next())
                    .unwrap_or(&whole);
                let new = wish.message_id.clone().unwrap_or_else(|| chance.like(old));
                replace(event, old, &new);
            }
            None if wish.message_id.is_some() => notes.push(lacks("message id")),
            None => {}
        }
        if let Some(new) = &wish.url {
            match old(event, fields.url) {
                Some(old) => replace(event, &old, new),
                None => notes.push(lacks("link")),
            }
        }
        for pointer in fields.unique {
            match event.pointer_mut(pointer) {
                Some(Value::String(id)) => {
                    // Some stand in several places.
                    let (old, new) = (id.clone(), chance.like(id));
                    if old.len() < 8 {
                        *id = new;
                    } else {
                        replace(event, &old, &new);
                    }
                }
                Some(Value::Number(id)) => {
                    let old = id.to_string();
                    let new = chance.like(&old);
                    // A 19-digit id may come out above what 64 bits with a sign hold.
                    *id = new
                        .parse::<i64>()
                        .or_else(|_| new.get(1..).unwrap_or("1").parse())
                        .map_or(1.into(), Number::from);
                    // Some events repeat it as text.
                    let new = id.to_string();
                    replace(event, &old, &new);
                }
                _ => {}
            }
        }
        self.move_times(event, at);
        let carried = [(
            "campaign",
            &fields.campaign,
            wish.campaign.iter().map(|it| (it, it)).collect::<Vec<_>>(),
        )];
        let tags = [(
            "tag",
            &fields.tag,
            wish.tags.iter().map(|it| (it, it)).collect(),
        )];
        let metadata = [(
            "metadata",
            &fields.metadata,
            wish.metadata
                .iter()
                .map(|(name, value)| (name, value))
                .collect(),
        )];
        for (what, carry, values) in carried.into_iter().chain(tags).chain(metadata) {
            if !values.is_empty() && !carry.put(event, &values) {
                notes.push(lacks(what));
            }
        }
        for (path, value) in &wish.sets {
            put(event, path, value.clone());
        }
    }

    /// Moves the event's time to `at`, and the other times of the example by the same span.
    fn move_times(&self, event: &mut Value, at: Timestamp) {
        let stamps = self.provider.fields.at;
        let scalar = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let read =
            |event: &Value, stamp: &Stamp| stamp.parse(&scalar(event.pointer(stamp.pointer())?)?);
        let Some(happened) = stamps.iter().find_map(|stamp| read(event, stamp)) else {
            return;
        };
        let by: SignedDuration = at.duration_since(happened);
        for stamp in stamps {
            if let Some(moved) = read(event, stamp).and_then(|old| old.checked_add(by).ok())
                && let Some(place) = event.pointer_mut(stamp.pointer())
            {
                *place = stamp.write(moved, place.is_string());
            }
        }
    }

    /// The envelope with ids of its own, in the headers that repeat them as well.
    fn fresh_root(&self, delivery: &mut Delivery, chance: &mut Chance) -> Value {
        let mut root = self.root.clone();
        for place in self.provider.ids {
            if let Place::Header(name) = place
                && let Some(id) = delivery.headers.text(name)
                && let Ok(new) = HeaderValue::from_str(&chance.like(id))
            {
                delivery.headers.set(HeaderName::from_static(name), new);
            }
            if let Place::Body(pointer) = place
                && let Some(Value::String(id)) = root.pointer_mut(pointer)
            {
                let new = chance.like(id);
                delivery.headers = delivery
                    .headers
                    .iter()
                    .map(|(name, value)| match HeaderValue::from_str(&new) {
                        Ok(new) if value.as_bytes() == id.as_bytes() => (name.clone(), new),
                        _ => (name.clone(), value.clone()),
                    })
                    .collect();
                *id = new;
            }
        }
        root
    }

    /// Writes the body; or the query, where that tells the event.
    fn encode(&self, delivery: &mut Delivery, root: Value, events: Value) {
        let body = self.write(root, events);
        match delivery.told_by_query() {
            None => delivery.body = body,
            Some(_) => {
                let query = String::from_utf8_lossy(&body);
                if let Ok(path) = format!("{}?{query}", delivery.path.path()).parse() {
                    delivery.path = path;
                }
            }
        }
    }

    fn write(&self, mut root: Value, events: Value) -> Bytes {
        let root = match self.provider.envelope {
            Envelope::Text(at, style) if self.root != self.events => {
                if let Some(Value::String(text)) = root.pointer_mut(at) {
                    *text = write(&events, &style) + ending(text);
                }
                root
            }
            Envelope::Text(at, style) if root.pointer(at).is_none() => {
                let end = std::str::from_utf8(&self.head.body)
                    .map(ending)
                    .unwrap_or_default();
                return (write(&events, &style) + end).into();
            }
            Envelope::List(at) if self.root != self.events => {
                if let Some(list) = root.pointer_mut(at) {
                    *list = events;
                }
                root
            }
            _ => events,
        };
        let is_fields = self.is_form || self.head.told_by_query().is_some();
        if let (true, Value::Object(fields)) = (is_fields, &root) {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, value) in fields {
                form.append_pair(name, value.as_str().unwrap_or_default());
            }
            return form.finish().into();
        }
        write(&root, &self.provider.style).into()
    }
}

impl Envelope {
    /// Where in a value of the body its event stands.
    fn inside(&self, value: &Value) -> String {
        let Envelope::Only(at) = self else {
            return String::new();
        };
        let members = value.pointer(at).and_then(Value::as_object);
        let mut names = members.into_iter().flat_map(Map::keys);
        match (names.next(), names.next()) {
            (Some(name), None) => format!("{at}/{name}"),
            _ => String::new(),
        }
    }

    fn inside_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        let at = self.inside(value);
        value.pointer_mut(&at)
    }
}

impl Stamp {
    /// Writes a time as this provider does.
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 fit 53 bits until the year 2255"
    )]
    fn write(&self, at: Timestamp, as_text: bool) -> Value {
        match self {
            Stamp::Rfc3339(_, digits) => Value::from(TimeForm::Rfc3339(*digits).write(at)),
            Stamp::Utc(_, form) => Value::from(at.strftime(form).to_string()),
            Stamp::Seconds(_) if as_text => Value::from(at.as_second().to_string()),
            Stamp::Seconds(_) => Value::from(at.as_second()),
            Stamp::Fraction(_) => Value::from(at.as_microsecond() as f64 / 1e6),
            Stamp::Millis(_) if as_text => Value::from(at.as_millisecond().to_string()),
            Stamp::Millis(_) => Value::from(at.as_millisecond()),
            Stamp::Local(_) => Value::from(at.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        }
    }
}

impl Carry {
    fn put(&self, event: &mut Value, values: &[(&String, &String)]) -> bool {
        let place = |event: &mut Value, pointer: &str, empty: Value| {
            if event
                .pointer(pointer)
                .is_none_or(|there| std::mem::discriminant(there) != std::mem::discriminant(&empty))
            {
                put(event, pointer, empty);
            }
        };
        match self {
            Carry::Nowhere => return false,
            Carry::Text(pointer) => {
                if let Some((_, value)) = values.last() {
                    put(event, pointer, Value::from(value.as_str()));
                }
            }
            Carry::First(pointers) => {
                let there = pointers
                    .iter()
                    .find(|pointer| event.pointer(pointer).is_some());
                let (Some(pointer), Some((_, value))) = (there, values.last()) else {
                    return false;
                };
                // A number stays a number where it can.
                let number = event
                    .pointer(pointer)
                    .filter(|old| old.is_number())
                    .and_then(|_| value.parse::<u64>().ok());
                put(
                    event,
                    pointer,
                    number.map_or_else(|| Value::from(value.as_str()), Value::from),
                );
            }
            Carry::Instead(pointer) => match event.pointer_mut(pointer) {
                Some(Value::String(text)) => {
                    if let Some((_, value)) = values.last() {
                        text.clone_from(value);
                    }
                }
                _ => return false,
            },
            Carry::ListText(pointer) => match event.pointer_mut(pointer) {
                Some(Value::String(text)) if text.starts_with('[') => {
                    let list: Value = values
                        .iter()
                        .map(|(_, it)| Value::from(it.as_str()))
                        .collect();
                    *text = write(&list, &Style::COMPACT);
                }
                _ => return false,
            },
            Carry::MembersText(pointer) => match event.pointer_mut(pointer) {
                Some(Value::String(text)) => {
                    let mut members: Map<String, Value> =
                        serde_json::from_str(text).unwrap_or_default();
                    for (name, value) in values {
                        members.insert(name.to_string(), Value::from(value.as_str()));
                    }
                    *text = write(&Value::Object(members), &Style::COMPACT);
                }
                _ => return false,
            },
            Carry::Each(ways) => return ways.iter().all(|way| way.put(event, values)),
            Carry::List(pointer) if !has_room(event, pointer) => return false,
            // The example's own values are examples; the sender's replace them.
            Carry::List(pointer) => put(
                event,
                pointer,
                values
                    .iter()
                    .map(|(_, value)| Value::from(value.as_str()))
                    .collect(),
            ),
            Carry::Named(pointer) => {
                let named = |value: &str| {
                    Value::from_iter([("id", Value::from(value)), ("name", Value::from(value))])
                };
                put(
                    event,
                    pointer,
                    values.iter().map(|(_, value)| named(value)).collect(),
                );
            }
            Carry::Members(pointer) | Carry::Lists(pointer) => {
                place(event, pointer, Value::Object(Map::new()));
                let listed = matches!(self, Carry::Lists(_));
                if let Some(Value::Object(members)) = event.pointer_mut(pointer) {
                    for (name, value) in values {
                        let value = Value::from(value.as_str());
                        members.insert(
                            name.to_string(),
                            if listed {
                                Value::Array(vec![value])
                            } else {
                                value
                            },
                        );
                    }
                }
            }
        }
        true
    }
}

/// Whether nothing but an object would hold what is put there.
fn has_room(event: &Value, pointer: &str) -> bool {
    pointer
        .rsplit_once('/')
        .and_then(|(holder, _)| event.pointer(holder))
        .is_none_or(Value::is_object)
}

/// The white space that a text ends with: event publishing of SES ends with a line feed, notifications do not.
fn ending(text: &str) -> &str {
    text.get(text.trim_end().len()..).unwrap_or_default()
}

/// Puts a value at a place given as a JSON pointer or with dots, making the objects on the way.
fn put(event: &mut Value, path: &str, value: Value) {
    let steps: Vec<String> = match path.strip_prefix('/') {
        Some(pointer) => pointer
            .split('/')
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect(),
        None => path.split('.').map(str::to_owned).collect(),
    };
    let mut here = event;
    for step in &steps {
        let number = step.parse::<usize>().ok();
        if let (Value::Array(values), Some(at)) = (&mut *here, number) {
            // Beyond the end is one more, wherever it was meant to be.
            if at >= values.len() {
                values.push(Value::Null);
            }
            let at = at.min(values.len() - 1);
            match here {
                Value::Array(values) => match values.get_mut(at) {
                    Some(next) => here = next,
                    None => return,
                },
                _ => return,
            }
            continue;
        }
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        match here {
            Value::Object(members) => here = members.entry(step.clone()).or_insert(Value::Null),
            _ => return,
        }
    }
    *here = value;
}

/// Replaces a text wherever it stands in a value's texts.
fn replace(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text.contains(old) => *text = text.replace(old, new),
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, old, new)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|value| replace(value, old, new)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::put;
    use serde_json::json;

    #[test]
    fn a_value_is_put_where_the_path_says() {
        for (path, wanted) in [
            ("a", json!({"a": 1, "l": [0]})),
            ("/x/y", json!({"a": {"b": 0}, "l": [0], "x": {"y": 1}})),
            ("a.b", json!({"a": {"b": 1}, "l": [0]})),
            ("a.b.c", json!({"a": {"b": {"c": 1}}, "l": [0]})),
            ("/l/0", json!({"a": {"b": 0}, "l": [1]})),
            ("l.7", json!({"a": {"b": 0}, "l": [0, 1]})),
            ("/p~1q", json!({"a": {"b": 0}, "l": [0], "p/q": 1})),
        ] {
            let mut value = json!({"a": {"b": 0}, "l": [0]});
            put(&mut value, path, json!(1));
            assert_eq!(value, wanted, "{path}");
        }
    }
}
