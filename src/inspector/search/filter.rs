//! Conditions on deliveries, as the API and the search field give them.

use jiff::Timestamp;

use crate::cli;
use crate::inspector::search::query::{self, FilterFault, Term};
use crate::inspector::store::entry::Entry;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::kind_set::KindSet;
use crate::inspector::store::rows::Rows;
use crate::providers;
use crate::webhook::{Event, Glob, Grep, Kind, StatusFilter, Verdict, bare_message_id, nearest};

/// Words of the query language, with the names that they have as parameters of the API.
const WORDS: &[(&str, &str)] = &[
    ("events", "kind"),
    ("provider", "provider"),
    ("recipient", "recipient"),
    ("message-id", "message"),
    ("status", "status"),
    ("failed", "failed"),
    ("verdict", "verdict"),
    ("path", "path"),
    ("grep", "grep"),
    ("since", "since"),
    ("until", "until"),
];

/// Conditions that a delivery must meet. A list that is empty, and an option that is none, is met by any delivery.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    kinds: Vec<Kind>,
    providers: Vec<&'static str>,
    /// Part of the address of a recipient, in lower case.
    recipients: Vec<String>,
    messages: Vec<String>,
    statuses: Vec<StatusFilter>,
    failed: bool,
    verdicts: Vec<Verdict>,
    paths: Vec<Glob>,
    texts: Vec<Grep>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// Result of looking at an entry alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It meets all conditions.
    Yes,
    /// It does not.
    No,
    /// Its bytes must be read to know.
    Unknown,
}

impl Filter {
    /// Names of the parameters of the API that are conditions.
    pub const PARAMETERS: [&str; 12] = [
        "q",
        "kind",
        "provider",
        "recipient",
        "message",
        "status",
        "failed",
        "verdict",
        "path",
        "grep",
        "since",
        "until",
    ];

    /// Adds the condition of a parameter. Values of one parameter are alternatives where they are separated by commas.
    pub fn add(&mut self, parameter: &str, value: &str) -> Result<(), FilterFault> {
        let parts = || {
            value
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
        };
        match parameter {
            "q" => self.add_query(value)?,
            "kind" => {
                for part in parts() {
                    let kind = cli::kind(part).map_err(|why| fault("kind", part, &why))?;
                    self.kinds.push(kind);
                }
                self.rejects_nothing(parameter, value, self.kinds.is_empty())?;
            }
            "provider" => {
                for part in parts() {
                    self.providers.push(provider(part)?);
                }
                self.rejects_nothing(parameter, value, self.providers.is_empty())?;
            }
            "recipient" => {
                self.rejects_nothing(parameter, value, value.is_empty())?;
                self.recipients.push(value.to_lowercase());
            }
            "message" => {
                self.rejects_nothing(parameter, value, value.is_empty())?;
                self.messages.push(bare_message_id(value).to_owned());
            }
            "status" => {
                let filter = cli::status_class(value);
                self.statuses
                    .push(filter.map_err(|why| fault("status", value, &why))?);
            }
            "failed" => self.failed |= truth("failed", value)?,
            "verdict" => {
                for part in parts() {
                    let verdict = cli::verdict(part).map_err(|why| fault("verdict", part, &why))?;
                    self.verdicts.push(verdict);
                }
                self.rejects_nothing(parameter, value, self.verdicts.is_empty())?;
            }
            "path" => {
                self.rejects_nothing(parameter, value, value.is_empty())?;
                self.paths.push(Glob::new(value));
            }
            "grep" if value.is_empty() => {}
            "grep" => self.texts.push(Grep::new(value)),
            "since" => self.since = self.since.max(Some(time("since", value)?)),
            "until" => {
                let until = time("until", value)?;
                self.until = Some(self.until.map_or(until, |it| it.min(until)));
            }
            _ => return Err(unknown(parameter)),
        }
        Ok(())
    }

    /// Adds the conditions of a query.
    fn add_query(&mut self, query: &str) -> Result<(), FilterFault> {
        for term in query::parse(query)? {
            match term {
                Term::Text(text) => self.add("grep", &text)?,
                Term::Word(word, value) => {
                    let is_meant = |names: &&(&str, &str)| [names.0, names.1].contains(&&*word);
                    match WORDS.iter().find(is_meant) {
                        Some((_, parameter)) => self.add(parameter, &value)?,
                        None => return Err(unknown_word(&word, &value)),
                    }
                }
            }
        }
        Ok(())
    }

    fn rejects_nothing(
        &self,
        name: &str,
        value: &str,
        is_nothing: bool,
    ) -> Result<(), FilterFault> {
        match is_nothing {
            true => Err(fault(name, value, "it is empty")),
            false => Ok(()),
        }
    }

    /// True if it has no condition.
    pub fn is_empty(&self) -> bool {
        self.is_about_entries()
            && self.kinds.is_empty()
            && self.providers.is_empty()
            && self.statuses.is_empty()
            && !self.failed
            && self.verdicts.is_empty()
            && self.paths.is_empty()
            && self.since.is_none()
            && self.until.is_none()
    }

    /// True if all conditions are about facts that an entry has.
    fn is_about_entries(&self) -> bool {
        self.recipients.is_empty() && self.messages.is_empty() && self.texts.is_empty()
    }

    /// True if the signature must be verified to know.
    pub fn reads_verdict(&self) -> bool {
        !self.verdicts.is_empty()
    }

    /// Texts that must be in the delivery.
    pub fn texts(&self) -> &[Grep] {
        &self.texts
    }

    /// True if the events must be read to know.
    pub fn reads_events(&self) -> bool {
        !self.recipients.is_empty() || !self.messages.is_empty() || self.reads_verdict()
    }

    /// Looks at an entry.
    pub fn meets_entry(&self, entry: &Entry, rows: &Rows) -> Match {
        if !self.kinds.is_empty() && !KindSet::of(self.kinds.iter().copied()).meets(entry.kinds) {
            return Match::No;
        }
        let named = |name: u32| rows.name(name).map(|it| it.as_ref());
        if !self.providers.is_empty() {
            let provider = entry.provider().and_then(named);
            if !provider.is_some_and(|name| self.providers.contains(&name)) {
                return Match::No;
            }
        }
        let is_met = self.statuses.iter().all(|it| it.accepts(entry.status()))
            && (!self.failed || entry.has_failed())
            && self.is_in_time(|| entry.time());
        if !is_met {
            return Match::No;
        }
        let path = named(entry.path);
        match path {
            Some(path) if !self.paths.iter().all(|glob| glob.matches(path)) => return Match::No,
            None if !self.paths.is_empty() => return Match::Unknown,
            _ => {}
        }
        match entry.verdict {
            Some(verdict) if self.reads_verdict() && !self.verdicts.contains(&verdict) => Match::No,
            None if self.reads_verdict() => Match::Unknown,
            _ if self.is_about_entries() => Match::Yes,
            _ => Match::Unknown,
        }
    }

    /// Looks at what an entry does not have: path, recipients, message ids, verdict, texts.
    pub fn meets_bytes(&self, kept: &Kept) -> bool {
        let events = &kept.receipt.events;
        let path = kept.delivery.path.path();
        self.paths.iter().all(|glob| glob.matches(path))
            && (self.verdicts.is_empty() || self.verdicts.contains(&kept.receipt.signature.verdict))
            && self.recipients.iter().all(|part| {
                any(events, |it| {
                    it.recipient
                        .as_ref()
                        .is_some_and(|it| it.to_lowercase().contains(part.as_str()))
                })
            })
            && self.messages.iter().all(|id| {
                any(events, |it| {
                    it.message_id
                        .as_deref()
                        .is_some_and(|it| bare_message_id(it) == id)
                })
            })
            && self.texts.iter().all(|text| text.finds(&kept.delivery))
    }

    fn is_in_time(&self, at: impl Fn() -> Timestamp) -> bool {
        self.since.is_none_or(|since| at() >= since) && self.until.is_none_or(|until| at() < until)
    }
}

fn unknown_word(word: &str, value: &str) -> FilterFault {
    let guess = nearest(word, WORDS.iter().map(|(name, _)| *name));
    FilterFault {
        what: format!("unknown word `{word}:` in the query"),
        hint: match guess {
            Some(guess) => format!("did you mean `{guess}:`?"),
            None => format!("to search for the text, put it in quotes: \"{word}:{value}\""),
        },
    }
}

fn any(events: &[Event], wanted: impl Fn(&Event) -> bool) -> bool {
    events.iter().any(wanted)
}

fn fault(name: &str, value: &str, why: &str) -> FilterFault {
    let mut lines = why.lines();
    let what = lines.next().unwrap_or_default();
    FilterFault {
        what: format!("`{value}` is no value for `{name}`: {what}"),
        hint: lines.next().unwrap_or_default().trim().to_owned(),
    }
}

fn unknown(parameter: &str) -> FilterFault {
    let guess = nearest(parameter, Filter::PARAMETERS);
    FilterFault {
        what: format!("unknown parameter `{parameter}`"),
        hint: match guess {
            Some(guess) => format!("did you mean `{guess}`?"),
            None => format!("known are {}", Filter::PARAMETERS.join(", ")),
        },
    }
}

fn provider(name: &str) -> Result<&'static str, FilterFault> {
    let lower = name.to_ascii_lowercase();
    if let Some(provider) = providers::everyone().find(|it| it.name == lower) {
        return Ok(provider.name);
    }
    let guess = nearest(&lower, providers::everyone().map(|it| it.name));
    Err(FilterFault {
        what: format!("unknown provider `{name}`"),
        hint: match guess {
            Some(guess) => format!("did you mean `{guess}`?"),
            None => "`GET /api/v1/catalogue` lists them".into(),
        },
    })
}

/// Reads a parameter that is true or false; without a value it is true.
fn truth(name: &str, value: &str) -> Result<bool, FilterFault> {
    match value {
        "true" | "yes" | "1" | "" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(fault(name, value, "it is `true` or `false`")),
    }
}

fn time(name: &str, value: &str) -> Result<Timestamp, FilterFault> {
    cli::time(value).map_err(|why| fault(name, value, &why))
}

#[cfg(test)]
mod tests {
    use super::Filter;
    use proptest::prelude::*;

    #[test]
    fn an_unknown_word_is_named_with_the_nearest() {
        let fault = |query| Filter::default().add("q", query).unwrap_err();
        let misspelt = fault("evnts:bounce");
        assert!(
            misspelt.what.contains("evnts") && misspelt.hint.contains("`events:`"),
            "{misspelt:?}"
        );
        assert!(fault("http://x").hint.contains("\"http://x\""));
        assert!(fault("\"open").what.contains("not closed"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,60}") {
            let _ = Filter::default().add("q", &text);
        }
    }
}
