//! Places of an example that have a value, each with its provenance.

use crate::providers::provenance::{Page, Provenance};
use crate::providers::provider::{Envelope, EventDef, Provider};
use crate::providers::reading::signing_scheme;
use crate::webhook::{Algorithm, Delivery, Document, Fixture, Location};

impl Provider {
    /// Most specific provenance of a field of an event's example: one entry, or several that match equally well.
    pub fn origins_of(&self, row: &EventDef, location: &str) -> Vec<&'static Provenance> {
        let fitting = || {
            self.origins.iter().filter_map(|provenance| {
                let fit = provenance.fit(row.native, row.version, location)?;
                Some((fit, provenance))
            })
        };
        let best = fitting().map(|(fit, _)| fit).max();
        fitting()
            .filter(|(fit, _)| Some(*fit) == best)
            .map(|(_, provenance)| provenance)
            .collect()
    }

    /// Pages of all entries, each once, in order.
    pub fn pages(&self) -> Vec<&'static Page> {
        let mut pages: Vec<&'static Page> = Vec::new();
        for page in self.origins.iter().filter_map(|provenance| provenance.page) {
            if !pages.contains(&page) {
                pages.push(page);
            }
        }
        pages
    }

    /// Places of an event's example that have a value.
    pub fn fields(&self, row: &EventDef) -> Vec<String> {
        match Fixture::read(row.example.as_bytes()) {
            Ok(fixture) => self.places(&fixture.delivery),
            Err(_) => Vec::new(),
        }
    }

    /// Places of a delivery that have a value: header fields by name, including those that signing adds, then the
    /// leaves of the body (or query) as JSON pointers. A list index is a step; a `/` in a member name is written `~1`.
    pub fn places(&self, delivery: &Delivery) -> Vec<String> {
        let mut places = self.header_fields(delivery);
        if let Ok(document) = Document::of(delivery) {
            let text = match self.envelope {
                Envelope::Text(pointer, _) => pointer,
                _ => "",
            };
            leaves(&document, text, &mut String::new(), &mut places);
        }
        places
    }

    fn header_fields(&self, delivery: &Delivery) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut add = |name: &str| {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        };
        for (name, _) in delivery.headers.iter() {
            add(name.as_str());
        }
        // Credentials are a demand of the receiver, and no part of a provider's events.
        let scheme = signing_scheme(self, delivery)
            .filter(|scheme| scheme.algorithm != Algorithm::Credentials);
        if let Some(scheme) = scheme {
            let time = scheme.timestamp.map(|(location, _)| location);
            let places = scheme.id.iter().chain(&time).chain([&scheme.signature]);
            let fields = places.chain(scheme.fresh).flat_map(Location::header_names);
            let beside = self
                .conduct
                .beside
                .iter()
                .flat_map(|it| it.headers.iter().copied());
            fields.chain(beside).for_each(add);
        }
        names
    }
}

/// Appends the pointers of all leaves below `document`. The string at pointer `text` contains JSON, whose leaves
/// replace it.
fn leaves(document: &Document, text: &str, here: &mut String, out: &mut Vec<String>) {
    let mut below = |step: &str, value: &Document| {
        let back = here.len();
        here.push('/');
        here.push_str(&step.replace('~', "~0").replace('/', "~1"));
        leaves(value, text, here, out);
        here.truncate(back);
    };
    let members = document.members().unwrap_or_default();
    let values = document.values().unwrap_or_default();
    members.iter().for_each(|(name, value)| below(name, value));
    for (at, value) in values.iter().enumerate() {
        below(&at.to_string(), value);
    }
    if !members.is_empty() || !values.is_empty() {
        return;
    }
    let json = document
        .as_text()
        .filter(|_| !text.is_empty() && here == text);
    match json.as_ref().map(|json| Document::json(json.as_bytes())) {
        Some(Ok(inner)) => leaves(&inner, "", here, out),
        _ => out.push(here.clone()),
    }
}
