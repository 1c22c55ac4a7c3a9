//! A provider's own example, taken apart: what every event that we send starts from.

use std::borrow::Cow;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::providers::provider::{ABSENT, Envelope, EventDef, Machine, Provider};
use crate::providers::synth::compiled::CompiledTemplate;
use crate::providers::synth::overrides::Overrides;
use crate::providers::synth::parts;
use crate::providers::synth::placement::{has_room, put, remove};
use crate::webhook::{Delivery, Fixture, Headers, Rng, Style, write};

/// An example, taken apart.
#[derive(Debug)]
pub struct Template {
    pub(crate) provider: &'static Provider,
    pub(crate) head: Delivery,
    pub(crate) root: Value,
    pub(crate) events: Value,
    /// Whether the events stand somewhere inside of the root, and are not all of it.
    pub(crate) is_inside: bool,
    /// Whether it tells of a message.
    pub(crate) has_message: bool,
    form: Option<FormStyle>,
}

/// How the fields of a form stand in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormStyle {
    /// URL-encoded; in a query, too.
    UrlEncoded,
    /// In parts.
    Multipart,
}

impl Template {
    /// Whether its event stands in a list that holds several.
    pub fn is_listed(&self) -> bool {
        self.is_inside && self.events.is_array()
    }

    /// Takes a row's example apart, with a bounce's differences put in if one is wished for.
    pub fn new(
        provider: &'static Provider,
        row: &'static EventDef,
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
        Self::changed(provider, bounce.row, row, bounce.sets)
    }

    /// The same of what a machine opened or clicked, as the provider marks it.
    pub fn of_machine(provider: &'static Provider, row: &'static EventDef) -> Result<Template> {
        let marked = |machine: &&Machine| machine.kind == row.kind;
        let machine = provider.machines.iter().find(marked).ok_or_else(|| {
            let kinds: Vec<&str> = provider.machines.iter().map(|it| it.kind.name()).collect();
            let error = Error::usage(format!(
                "{} marks no `{}` as a machine's",
                provider.title, row.kind
            ));
            match kinds.as_slice() {
                [] => error.hint(format!(
                    "these mark what machines do: {}",
                    crate::providers::names_of(|it| !it.machines.is_empty())
                )),
                kinds => error.hint(format!("it marks {}", kinds.join(", "))),
            }
        })?;
        Self::changed(provider, machine.row, row, machine.sets)
    }

    /// The example of the row of that native name, with these JSON values put in; `otherwise` is the row to take where
    /// that one has no example. It is of the version of `otherwise`, and what only other versions have a place for is
    /// left out.
    fn changed(
        provider: &'static Provider,
        native: &str,
        otherwise: &'static EventDef,
        sets: &[(&str, &str)],
    ) -> Result<Template> {
        let row = provider
            .events
            .iter()
            .filter(|row| row.native == native && !row.example.is_empty())
            .find(|row| row.is_of(Some(otherwise.version).filter(|it| !it.is_empty())))
            .unwrap_or(otherwise);
        let mut template = Self::of_example(provider, row.example)?;
        let event = match &mut template.events {
            Value::Array(events) => events.first_mut(),
            event => Some(event),
        };
        if let Some(event) = event.and_then(|event| provider.envelope.inside_mut(event)) {
            for (pointer, json) in sets {
                if !row.version.is_empty() && !has_room(event, pointer) {
                    continue;
                }
                if *json == ABSENT {
                    remove(event, pointer);
                    continue;
                }
                let value = serde_json::from_str(json).unwrap_or_else(|_| Value::from(*json));
                put(event, pointer, value);
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
            is_inside: false,
            has_message: false,
            form: None,
        }
    }

    /// Asks by that method, with these header fields.
    pub(crate) fn ask(&mut self, method: &'static str, headers: &[(&'static str, &'static str)]) {
        self.head.method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET);
        for (name, value) in headers {
            let name = HeaderName::from_static(name);
            self.head
                .headers
                .push(name, HeaderValue::from_static(value));
        }
    }

    /// The same without any events.
    pub(crate) fn emptied(mut self) -> Template {
        self.events = Value::Array(Vec::new());
        self
    }

    /// Takes an example apart: a fixture's text.
    pub(crate) fn of_example(provider: &'static Provider, example: &str) -> Result<Template> {
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
        let (form, root) = if let Some(query) = head.told_by_query() {
            (
                Some(FormStyle::UrlEncoded),
                Value::Object(fields(query.as_bytes())),
            )
        } else if is_form {
            (
                Some(FormStyle::UrlEncoded),
                Value::Object(fields(&head.body)),
            )
        } else if let Some(fields) = parts::read(&head) {
            (Some(FormStyle::Multipart), fields.map_err(broken)?)
        } else {
            let json = serde_json::from_slice(&head.body);
            (None, json.map_err(|error| broken(error.to_string()))?)
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
        Ok(Template {
            provider,
            head,
            is_inside: inner.is_some(),
            has_message: {
                let mut events = provider.events.iter();
                let own = events.find(|row| row.example == example);
                own.is_none_or(|row| row.has_message)
            },
            events: inner.unwrap_or_else(|| root.clone()),
            root,
            form,
        })
    }

    /// An unsigned delivery with the overrides applied, and a note on each override that this provider cannot carry.
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

    /// The example, taken apart and written again.
    pub fn unchanged(&self) -> Delivery {
        CompiledTemplate::new(self, &Overrides::default()).unchanged()
    }

    /// The form that it is told by, if it is not told by JSON.
    pub(crate) fn form(&self) -> Option<FormStyle> {
        self.form
    }

    /// How the text is written that the events stand in, if they stand in one.
    pub(crate) fn inner_style(&self) -> Option<Style> {
        match self.provider.envelope {
            Envelope::Text(_, style) if self.is_inside => Some(style),
            _ => None,
        }
    }

    /// How the body is written, if it is JSON.
    pub(crate) fn style(&self) -> Style {
        match self.provider.envelope {
            Envelope::Text(at, style) if self.root.pointer(at).is_none() => style,
            _ => self.provider.style,
        }
    }

    /// Writes a body, or a query, with these events in this root; and the request that it goes into, for a form may
    /// need another boundary.
    pub(crate) fn write(&self, mut root: Value, events: Value) -> (Delivery, Vec<u8>) {
        let mut head = self.head.clone();
        if root.is_null() {
            return (head, Vec::new());
        }
        let root = match self.provider.envelope {
            Envelope::Text(at, style) if self.is_inside => {
                if let Some(Value::String(text)) = root.pointer_mut(at) {
                    *text = write(&events, &style) + ending(text);
                }
                root
            }
            Envelope::Text(at, style) if root.pointer(at).is_none() => {
                let end = std::str::from_utf8(&self.head.body)
                    .map(ending)
                    .unwrap_or_default();
                return (head, (write(&events, &style) + end).into_bytes());
            }
            Envelope::List(at) if self.is_inside => {
                if let Some(list) = root.pointer_mut(at) {
                    *list = events;
                }
                root
            }
            _ => events,
        };
        let body = match (self.form, &root) {
            (Some(FormStyle::UrlEncoded), Value::Object(fields)) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                for (name, value) in fields {
                    form.append_pair(name, &scalar(value));
                }
                form.finish().into_bytes()
            }
            (Some(FormStyle::Multipart), Value::Object(fields)) => parts::write(&mut head, fields),
            _ => write(&root, &self.provider.style).into_bytes(),
        };
        (head, body)
    }
}

/// A value as the text of a field.
pub(crate) fn scalar(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "".into(),
        Value::String(text) => text.as_str().into(),
        value => value.to_string().into(),
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

    /// The event in a value of the body, to look at.
    pub(crate) fn inside_of<'a>(&self, value: &'a Value) -> &'a Value {
        value.pointer(&self.inside(value)).unwrap_or(value)
    }

    /// The event in a value of the body.
    pub(crate) fn inside_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        let at = self.inside(value);
        value.pointer_mut(&at)
    }
}

/// The white space that a text ends with: event publishing of SES ends with a line feed, notifications do not.
fn ending(text: &str) -> &str {
    text.get(text.trim_end().len()..).unwrap_or_default()
}
