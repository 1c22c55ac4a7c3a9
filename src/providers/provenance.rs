//! Where each field of an example is known from: a page and the day it was read, or that we assume it.
//!
//! What has a standing is the field, its place and its form. The values are invented everywhere.

use crate::providers::provider::{Envelope, EventDef, Provider};
use crate::providers::read::signing_scheme;
use crate::webhook::{Algorithm, Delivery, Document, Fixture, Location};

/// A page that tells how a provider's events look.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// What it is called.
    pub title: &'static str,
    /// Where it is.
    pub url: &'static str,
    /// The day it was read, as `YYYY-MM-DD`; where our notes do not say the day, the month or the year of what was
    /// read.
    pub read: &'static str,
}

/// How sure we are of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// The provider says so.
    Documented,
    /// It stands in a request that was really sent.
    Captured,
    /// Neither: the provider's own likeness, or somebody's code.
    Assumed,
}

/// What is known of the fields at some places, and below them. Of several that fit, the most specific counts.
#[derive(Clone, Copy, Debug)]
pub struct Provenance {
    /// The places: names of header fields, and JSON pointers, in which `*` is any one step.
    pub places: &'static [&'static str],
    /// The rows it speaks of, by their native names, where a `*` at the end is any ending; all rows if empty.
    pub events: &'static [&'static str],
    /// The version of the provider's webhooks it speaks of; all if empty.
    pub version: &'static str,
    /// How sure we are.
    pub confidence: Confidence,
    /// The page that it is known from; none for what is assumed.
    pub page: Option<&'static Page>,
    /// What is not confirmed, and for what is assumed the reason; empty where nothing is in doubt.
    pub doubt: &'static str,
}

/// A page of a provider's.
pub const fn page(title: &'static str, url: &'static str, read: &'static str) -> Page {
    Page { title, url, read }
}

/// These places stand on that page.
pub const fn documented(page: &'static Page, places: &'static [&'static str]) -> Provenance {
    Provenance {
        places,
        events: &[],
        version: "",
        confidence: Confidence::Documented,
        page: Some(page),
        doubt: "",
    }
}

/// These places stand in requests that were really sent and that this page keeps.
pub const fn captured(page: &'static Page, places: &'static [&'static str]) -> Provenance {
    Provenance {
        confidence: Confidence::Captured,
        ..documented(page, places)
    }
}

/// These places are assumed, for that reason.
pub const fn assumed(reason: &'static str, places: &'static [&'static str]) -> Provenance {
    Provenance {
        places,
        events: &[],
        version: "",
        confidence: Confidence::Assumed,
        page: None,
        doubt: reason,
    }
}

impl Provenance {
    /// The same, of these rows only.
    pub const fn of(self, events: &'static [&'static str]) -> Provenance {
        Provenance { events, ..self }
    }

    /// The same, of that version of the provider's webhooks only.
    pub const fn of_version(self, version: &'static str) -> Provenance {
        Provenance { version, ..self }
    }

    /// The same, with what is not confirmed about it.
    pub const fn unconfirmed(self, doubt: &'static str) -> Provenance {
        Provenance { doubt, ..self }
    }

    /// The one of its places that fits best: with more steps, then with more of them spelled out.
    pub fn best(&self, location: &str) -> Option<&'static str> {
        let fitting = self
            .places
            .iter()
            .filter(|own| fits_place(own, location).is_some());
        fitting.max_by_key(|own| fits_place(own, location)).copied()
    }

    /// How closely it fits a place of a row: by its best place, then by whether it names the row, then the version.
    /// None if it does not fit.
    fn fit(&self, row: &EventDef, location: &str) -> Option<Fit> {
        let named = self.events.iter().any(|name| fits_name(name, row.native));
        let versioned = !self.version.is_empty();
        if (!self.events.is_empty() && !named) || (versioned && self.version != row.version) {
            return None;
        }
        let (steps, spelled) = fits_place(self.best(location)?, location)?;
        Some((steps, spelled, named, versioned))
    }
}

/// Steps, steps that are spelled out, rows that are named, a version that is named.
type Fit = (usize, usize, bool, bool);

impl Confidence {
    /// Its name, as it is shown and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Documented => "documented",
            Confidence::Captured => "captured",
            Confidence::Assumed => "assumed",
        }
    }
}

impl Provider {
    /// What is known of a field of a row's example: one origin, or several where the form is at odds with itself.
    pub fn origins_of(&self, row: &EventDef, location: &str) -> Vec<&'static Provenance> {
        let fitting = || {
            self.origins
                .iter()
                .filter_map(|provenance| Some((provenance.fit(row, location)?, provenance)))
        };
        let best = fitting().map(|(fit, _)| fit).max();
        fitting()
            .filter(|(fit, _)| Some(*fit) == best)
            .map(|(_, provenance)| provenance)
            .collect()
    }

    /// Its pages, each once, in the order of its origins.
    pub fn pages(&self) -> Vec<&'static Page> {
        let mut pages: Vec<&'static Page> = Vec::new();
        for page in self.origins.iter().filter_map(|provenance| provenance.page) {
            if !pages.contains(&page) {
                pages.push(page);
            }
        }
        pages
    }

    /// The places of a row's example that hold a value.
    pub fn fields(&self, row: &EventDef) -> Vec<String> {
        match Fixture::read(row.example.as_bytes()) {
            Ok(fixture) => self.places(&fixture.delivery),
            Err(_) => Vec::new(),
        }
    }

    /// The places of a delivery that hold a value: header fields by name, with those that signing adds, then the
    /// leaves of what is told, by JSON pointer. Numbers and names are steps; a `/` in a name is written `~1`.
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
        // Credentials are what the receiver demands, and no part of what the provider's events look like.
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

/// Adds the places of all leaves below. At `text` a text holds JSON, whose leaves count in its place.
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

/// How many steps of a place a pattern spells, and how many of these word for word; none if it does not lead there.
fn fits_place(pattern: &str, location: &str) -> Option<(usize, usize)> {
    if !pattern.is_empty() && pattern.starts_with('/') != location.starts_with('/') {
        return None;
    }
    let mut steps = location.split('/');
    let (mut all, mut spelled) = (0, 0);
    for wanted in pattern.split('/').filter(|step| !step.is_empty()) {
        let step = steps.find(|step| !step.is_empty())?;
        if wanted != "*" && wanted != step {
            return None;
        }
        all += 1;
        spelled += usize::from(wanted != "*");
    }
    Some((all, spelled))
}

fn fits_name(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::{fits_name, fits_place};

    #[test]
    fn a_pattern_leads_to_what_is_below_it() {
        for (pattern, location, fit) in [
            ("", "/0/email", Some((0, 0))),
            ("", "user-agent", Some((0, 0))),
            ("/", "/0/email", Some((0, 0))),
            ("/", "user-agent", None),
            ("/*", "/0/email", Some((1, 0))),
            ("/*/pool", "/0/pool/id", Some((2, 1))),
            ("/*/po", "/0/pool/id", None),
            ("/0/pool/id/more", "/0/pool/id", None),
            ("/user-agent", "user-agent", None),
            ("user-agent", "user-agent", Some((1, 1))),
            ("user-agent", "/user-agent", None),
            ("/a/text~1plain", "/a/text~1plain", Some((2, 2))),
        ] {
            assert_eq!(fits_place(pattern, location), fit, "{pattern} {location}");
        }
        assert!(fits_name("inbox.*", "inbox.created") && !fits_name("inbox", "inbox.created"));
    }
}
