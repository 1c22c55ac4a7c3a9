//! Places of the events in a body, as JSON pointers.

use crate::providers::provider::{Envelope, EventDef, Provider};
use crate::webhook::diff::node::step_into;
use crate::webhook::{Document, Matcher};

/// Place of an event.
#[derive(Debug)]
pub(super) struct EventPlace {
    /// JSON pointer, into a text that is JSON too.
    pub(super) pointer: String,
    /// Definitions that the event matches, the one that counts first; another of its kind may have an example that is
    /// more like it, as the same event in a form. None if the provider has no such event.
    pub(super) rows: Vec<&'static EventDef>,
}

/// Most events of a delivery that are looked for.
const MOST: usize = 10_000;

/// Places of the events in a body of this provider, in order.
pub(super) fn event_places(provider: &'static Provider, document: &Document) -> Vec<EventPlace> {
    let mut search = EventSearch {
        provider,
        found: Vec::new(),
    };
    // Whole bodies in a list, as somebody keeps them.
    let is_body = |it: &Document| match provider.envelope {
        Envelope::Text(at, _) | Envelope::List(at) => it.at(at).is_some(),
        Envelope::Plain | Envelope::Only(_) | Envelope::Own(_) => false,
    };
    match document.values() {
        Some(bodies) if bodies.first().is_some_and(is_body) => {
            for (at, body) in bodies.iter().enumerate() {
                search.body(body, &format!("/{at}"));
            }
        }
        _ => search.body(document, ""),
    }
    search.found
}

struct EventSearch {
    provider: &'static Provider,
    found: Vec<EventPlace>,
}

impl EventSearch {
    fn body(&mut self, document: &Document, here: &str) {
        match self.provider.envelope {
            Envelope::Plain | Envelope::Only(_) | Envelope::Own(_) => self.each(document, here),
            Envelope::List(at) => match document.at(at).filter(|it| it.is_list()) {
                Some(list) => self.each(list, &format!("{here}{at}")),
                None => self.each(document, here),
            },
            Envelope::Text(at, _) => {
                let only = || match document.members()? {
                    [(name, value)] => {
                        let mut place = String::new();
                        step_into(&mut place, name);
                        Some((value.as_text()?, place))
                    }
                    _ => None,
                };
                let text = document.text(at).map(|text| (text, at.to_owned()));
                if let Some((text, place)) = text.or_else(only)
                    && let Ok(inner) = Document::json(text.as_bytes())
                    && (inner.is_map() || inner.is_list())
                {
                    self.each(&inner, &format!("{here}{place}"));
                } else {
                    self.each(document, here);
                }
            }
        }
    }

    /// The events of a list, or the only one.
    fn each(&mut self, root: &Document, here: &str) {
        let Some(events) = root.values() else {
            return self.event(root, here.to_owned());
        };
        for (at, event) in events.iter().enumerate().take(MOST) {
            self.event(event, format!("{here}/{at}"));
        }
    }

    fn event(&mut self, event: &Document, mut pointer: String) {
        let mut event = event;
        if let Envelope::Only(at) = self.provider.envelope
            && let Some([(name, inner)]) = event.at(at).and_then(Document::members)
            && inner.is_map()
        {
            pointer.push_str(at);
            step_into(&mut pointer, name);
            event = inner;
        }
        let parts = self.provider.split.and_then(|split| split(event));
        let first = parts.as_ref().and_then(|parts| parts.first());
        let look = Matcher::at(first.unwrap_or(event));
        let rows = self.provider.events.iter();
        let mut rows: Vec<&EventDef> = rows.filter(|row| look.bears(row.marks)).collect();
        let first = rows.first().map(|first| (first.kind, first.bounce));
        rows.retain(|row| Some((row.kind, row.bounce)) == first);
        self.found.push(EventPlace { pointer, rows });
    }
}
