//! Provenance of each field of an example: the page and the day it was read, or the note that it is assumed.
//!
//! Provenance covers the presence, the place and the format of a field. The values are invented everywhere.

/// Page that documents or shows a provider's events.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Title of the page.
    pub title: &'static str,
    /// Address of the page.
    pub url: &'static str,
    /// Day on which it was read, as `YYYY-MM-DD`; only the month or the year where the day was not noted.
    pub read: &'static str,
}

/// Degree of certainty about a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Documented by the provider.
    Documented,
    /// Seen in a request that was really sent.
    Captured,
    /// Neither: inferred from the provider's other events, or from public code.
    Assumed,
}

/// Provenance of the fields at some places, and below them. Of several entries that match a field, the most specific
/// counts.
#[derive(Clone, Copy, Debug)]
pub struct Provenance {
    /// Header names, and JSON pointers in which `*` stands for any one step.
    pub places: &'static [&'static str],
    /// Native names of the events it applies to, where a final `*` stands for any ending; all events if empty.
    pub events: &'static [&'static str],
    /// Version of the provider's webhooks it applies to; all if empty.
    pub version: &'static str,
    /// Degree of certainty.
    pub confidence: Confidence,
    /// The source; none for assumed fields.
    pub page: Option<&'static Page>,
    /// The unconfirmed detail, or the reason for an assumption; empty if nothing is in doubt.
    pub doubt: &'static str,
}

/// A page, from its title, its address and the day it was read.
pub(super) const fn page(title: &'static str, url: &'static str, read: &'static str) -> Page {
    Page { title, url, read }
}

/// Provenance of fields that the page documents.
pub(super) const fn documented(page: &'static Page, places: &'static [&'static str]) -> Provenance {
    Provenance {
        places,
        events: &[],
        version: "",
        confidence: Confidence::Documented,
        page: Some(page),
        doubt: "",
    }
}

/// Provenance of fields that appear in real requests shown on the page.
pub(super) const fn captured(page: &'static Page, places: &'static [&'static str]) -> Provenance {
    Provenance {
        confidence: Confidence::Captured,
        ..documented(page, places)
    }
}

/// Provenance of fields that are assumed, for the given reason.
pub(super) const fn assumed(reason: &'static str, places: &'static [&'static str]) -> Provenance {
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
    /// Limits this to the events of these native names.
    pub const fn of(self, events: &'static [&'static str]) -> Provenance {
        Provenance { events, ..self }
    }

    /// Limits this to one version of the provider's webhooks.
    pub const fn of_version(self, version: &'static str) -> Provenance {
        Provenance { version, ..self }
    }

    /// Adds the detail that is not confirmed.
    pub const fn unconfirmed(self, doubt: &'static str) -> Provenance {
        Provenance { doubt, ..self }
    }

    /// The place of this entry that matches a location best: the one with most steps, then with fewest wildcards.
    pub fn best(&self, location: &str) -> Option<&'static str> {
        let fitting = self
            .places
            .iter()
            .filter(|own| fits_place(own, location).is_some());
        fitting.max_by_key(|own| fits_place(own, location)).copied()
    }

    /// Closeness of the match with a field of an event: by the best place, then an event named, then a version named.
    /// None if it does not match. The event is given by its native name and its version.
    pub(super) fn fit(&self, native: &str, version: &str, location: &str) -> Option<Fit> {
        let named = self.events.iter().any(|name| fits_name(name, native));
        let versioned = !self.version.is_empty();
        if (!self.events.is_empty() && !named) || (versioned && self.version != version) {
            return None;
        }
        let (steps, spelled) = fits_place(self.best(location)?, location)?;
        Some((steps, spelled, named, versioned))
    }
}

/// Steps matched, steps matched without a wildcard, event named, version named.
pub(super) type Fit = (usize, usize, bool, bool);

impl Confidence {
    /// Name of the degree, in text and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Documented => "documented",
            Confidence::Captured => "captured",
            Confidence::Assumed => "assumed",
        }
    }
}

/// Number of steps of a location that a pattern matches, and how many of these without a wildcard; none if it does not
/// match.
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
