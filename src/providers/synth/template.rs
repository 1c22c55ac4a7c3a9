//! Templates: a provider's example, parsed. Every event that `send` and `check` produce starts from one.

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::providers::provider::{ABSENT, Envelope, EventDef, Machine, Provider};
use crate::providers::registry::names_of;
use crate::providers::synth::parts;
use crate::providers::synth::placement::{has_room, put, remove};
use crate::webhook::{Delivery, Fixture, Headers, Style, write};

/// Example, parsed into the request, the body around the events, and the events.
#[derive(Debug)]
pub struct Template {
    pub(crate) provider: &'static Provider,
    pub(crate) head: Delivery,
    pub(crate) root: Value,
    pub(crate) events: Value,
    /// True if the events are only a part of the root (an envelope), false if they are all of it.
    pub(crate) is_inside: bool,
    /// True if the event is about a message.
    pub(crate) has_message: bool,
    form: Option<FormStyle>,
}

/// Encoding of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormStyle {
    /// URL-encoded, in the body or in the query.
    UrlEncoded,
    /// Multipart.
    Multipart,
}

impl Template {
    /// True if the body has other members beside a list of events.
    pub fn is_listed(&self) -> bool {
        self.is_inside && self.events.is_array()
    }

    /// Parses an event's example, and applies the differences of a bounce if one is named.
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
                        [] => "it does not distinguish bounces".to_owned(),
                        known => format!("it has {}", known.join(", ")),
                    },
                )
            })?;
        Self::changed(provider, bounce.row, row, bounce.sets)
    }

    /// Like [`new`](Self::new), for an open or click by a machine, as the provider marks it.
    pub fn of_machine(provider: &'static Provider, row: &'static EventDef) -> Result<Template> {
        let marked = |machine: &&Machine| machine.kind == row.kind;
        let machine = provider.machines.iter().find(marked).ok_or_else(|| {
            let kinds: Vec<&str> = provider.machines.iter().map(|it| it.kind.name()).collect();
            let error = Error::usage(format!(
                "{} does not mark a `{}` by a machine",
                provider.title, row.kind
            ));
            match kinds.as_slice() {
                [] => error.hint(format!(
                    "these mark events of machines: {}",
                    names_of(|it| !it.machines.is_empty())
                )),
                kinds => error.hint(format!("it marks {}", kinds.join(", "))),
            }
        })?;
        Self::changed(provider, machine.row, row, machine.sets)
    }

    /// Parses the example of the event with this native name, and writes these JSON values into it; `otherwise` is the
    /// event to use if that has no example. The version is that of `otherwise`; values for which it has no place are
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

    /// A bare POST request without an example, for a body of one's own.
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

    /// Sets the method, and adds header fields.
    pub(crate) fn ask(&mut self, method: &'static str, headers: &[(&'static str, &'static str)]) {
        self.head.method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET);
        for (name, value) in headers {
            let name = HeaderName::from_static(name);
            self.head
                .headers
                .push(name, HeaderValue::from_static(value));
        }
    }

    /// Removes all events: an empty list remains.
    pub(crate) fn emptied(mut self) -> Template {
        self.events = Value::Array(Vec::new());
        self
    }

    /// Parses an example from the text of its fixture.
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
        let json = |text: &[u8]| serde_json::from_slice(text).map_err(|error| error.to_string());
        let template = Self::of_delivery(provider, head, &json).map_err(broken)?;
        let mut events = provider.events.iter();
        let own = events.find(|row| row.example == example);
        Ok(Template {
            has_message: own.is_none_or(|row| row.has_message),
            ..template
        })
    }

    /// Parses a delivery; `json` reads the JSON in it.
    pub(crate) fn of_delivery(
        provider: &'static Provider,
        head: Delivery,
        json: &dyn Fn(&[u8]) -> std::result::Result<Value, String>,
    ) -> std::result::Result<Template, String> {
        let is_form = head
            .headers
            .text("content-type")
            .map(|kind| kind.trim_start().to_ascii_lowercase())
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let fields = |text: &[u8]| {
            let mut fields = Map::new();
            for (name, value) in form_urlencoded::parse(text) {
                parts::add(&mut fields, &name, Value::from(value));
            }
            fields
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
            (Some(FormStyle::Multipart), fields?)
        } else {
            (None, json(&head.body)?)
        };
        let inner = match provider.envelope {
            Envelope::Plain | Envelope::Only(_) | Envelope::Own(_) => None,
            Envelope::Text(at, _) => {
                let text = root.pointer(at).and_then(Value::as_str);
                text.and_then(|text| json(text.as_bytes()).ok())
                    .filter(|it| it.is_object() || it.is_array())
            }
            Envelope::List(at) => root.pointer(at).filter(|it| it.is_array()).cloned(),
        };
        Ok(Template {
            provider,
            head,
            is_inside: inner.is_some(),
            has_message: true,
            events: inner.unwrap_or_else(|| root.clone()),
            root,
            form,
        })
    }

    /// Encoding of the form that the event is sent as; none for JSON.
    pub(crate) fn form(&self) -> Option<FormStyle> {
        self.form
    }

    /// JSON layout of the text that contains the events, if a text contains them.
    pub(crate) fn inner_style(&self) -> Option<Style> {
        match self.provider.envelope {
            Envelope::Text(_, style) if self.is_inside => Some(style),
            _ => None,
        }
    }

    /// JSON layout of the body.
    pub(crate) fn style(&self) -> Style {
        match self.provider.envelope {
            Envelope::Text(at, style) if self.root.pointer(at).is_none() => style,
            _ => self.provider.style,
        }
    }

    /// Puts the events back into what surrounds them.
    pub(crate) fn joined(&self, mut root: Value, events: Value) -> Value {
        match self.provider.envelope {
            Envelope::Text(at, style) if self.is_inside => {
                if let Some(Value::String(text)) = root.pointer_mut(at) {
                    *text = write(&events, &style) + ending(text);
                }
                root
            }
            Envelope::List(at) if self.is_inside => {
                if let Some(list) = root.pointer_mut(at) {
                    *list = events;
                }
                root
            }
            _ => events,
        }
    }

    /// Serialises a body, or a query, from the root and the events. The request is returned as well, because a
    /// multipart form may need another boundary.
    pub(crate) fn write(&self, root: Value, events: Value) -> (Delivery, Vec<u8>) {
        let mut head = self.head.clone();
        if root.is_null() {
            return (head, Vec::new());
        }
        if let Envelope::Text(at, style) = self.provider.envelope
            && !self.is_inside
            && root.pointer(at).is_none()
        {
            let end = std::str::from_utf8(&self.head.body).map(ending);
            let body = write(&events, &style) + end.unwrap_or_default();
            return (head, body.into_bytes());
        }
        let root = self.joined(root, events);
        let body = match (self.form, &root) {
            (Some(FormStyle::UrlEncoded), Value::Object(fields)) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                for (name, value) in fields {
                    for value in parts::listed(value) {
                        form.append_pair(name, &parts::scalar(value));
                    }
                }
                form.finish().into_bytes()
            }
            (Some(FormStyle::Multipart), Value::Object(fields)) => parts::write(&mut head, fields),
            _ => write(&root, &self.provider.style).into_bytes(),
        };
        (head, body)
    }
}

impl Envelope {
    /// JSON pointer from an element of the body to its event.
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

    /// The event in an element of the body.
    pub(crate) fn inside_of<'a>(&self, value: &'a Value) -> &'a Value {
        value.pointer(&self.inside(value)).unwrap_or(value)
    }

    /// Like [`inside_of`](Self::inside_of), to be edited.
    pub(crate) fn inside_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        let at = self.inside(value);
        value.pointer_mut(&at)
    }
}

/// Trailing white space: SES event publishing ends with a line feed, its notifications do not.
fn ending(text: &str) -> &str {
    text.get(text.trim_end().len()..).unwrap_or_default()
}
