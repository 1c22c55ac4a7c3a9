//! Words by which a delivery with events of some kinds is told from others without parsing it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use memchr::memmem::Finder;

use crate::providers::provider::{EventDef, Provider};
use crate::providers::registry::everyone;
use crate::webhook::{Kind, Predicate, Word, Words, words_in};

/// Search for words of which every delivery with an event of one of these kinds has one, whoever its provider is; none
/// if there are no such words.
pub fn words_of(kinds: &[Kind]) -> Option<Words> {
    // Events of this kind are those that nothing is known about.
    // Messages in requests may be encoded in any way.
    if kinds.is_empty() || kinds.contains(&Kind::Other) || kinds.contains(&Kind::Inbound) {
        return None;
    }
    let is_wanted = |row: &&EventDef| kinds.contains(&row.kind);
    let others = everyone().filter_map(|provider| {
        let mut rows = provider.events.iter();
        let other = rows.find(|row| !is_wanted(row) && !row.example.is_empty())?;
        Some(other.example.to_ascii_lowercase())
    });
    let ranking = Ranking {
        others: others.collect(),
    };
    let mut events: Vec<Vec<Choice>> = Vec::new();
    for provider in everyone() {
        let rows = provider.events.iter().filter(is_wanted);
        events.extend(rows.map(|row| ranking.choices(provider, row)));
    }
    // A word that one event needs serves for others that have a choice.
    events.sort_by_key(|choices| {
        let rare = choices.iter().flatten().filter(|it| !it.is_common);
        rare.count().checked_sub(1).unwrap_or(usize::MAX)
    });
    let mut found: BTreeSet<Word> = BTreeSet::new();
    for choices in events {
        let cost = |choice: &Choice| {
            let missing = choice.iter().filter(|it| !found.contains(&it.word));
            missing.map(|it| ranking.of(it)).max()
        };
        let best = choices.into_iter().min_by_key(cost)?;
        found.extend(best.into_iter().map(|it| it.word));
    }
    Words::any_of(found)
}

/// Words of which one is in every body with a certain event.
type Choice = Vec<WordChoice>;

/// Word that may be searched for.
#[derive(Clone, Copy)]
struct WordChoice {
    word: Word<'static>,
    /// True for the name of a member or a truth value, which other events are likely to have too.
    is_common: bool,
}

/// Order of words: first those that few deliveries have.
struct Ranking {
    /// Deliveries with other events, in lower case.
    others: Vec<String>,
}

impl Ranking {
    fn of(&self, candidate: &WordChoice) -> (bool, usize, Reverse<usize>) {
        let word = candidate.word.text.to_ascii_lowercase();
        let finder = Finder::new(word.as_bytes());
        let has_word = |other: &&String| finder.find(other.as_bytes()).is_some();
        let uses = self.others.iter().filter(has_word).count();
        (candidate.is_common, uses, Reverse(word.len()))
    }

    /// Choices of words for an event.
    fn choices(&self, provider: &'static Provider, row: &'static EventDef) -> Vec<Choice> {
        let mut choices = Vec::new();
        for texts in conditions(provider, row) {
            let words = texts.into_iter().map(Required::words);
            match words.collect::<Vec<_>>().as_slice() {
                // Any word of a single text will do.
                [words] => choices.extend(words.iter().map(|word| vec![*word])),
                several => {
                    let best = |words: &Vec<WordChoice>| {
                        words.iter().min_by_key(|it| self.of(it)).copied()
                    };
                    choices.extend(several.iter().map(best).collect::<Option<Choice>>());
                }
            }
        }
        choices
    }
}

/// Text that is in a body, in any case.
#[derive(Clone, Copy)]
struct Required {
    text: &'static str,
    is_name: bool,
    /// True if the value, or the name, begins with it; false if it may be anywhere in it.
    begins: bool,
    /// True if the value, or the name, ends with it.
    ends: bool,
}

impl Required {
    fn words(self) -> Vec<WordChoice> {
        let candidate = |word: &'static str| {
            let start = word.as_ptr() as usize - self.text.as_ptr() as usize;
            let (is_first, is_last) = (start == 0, start + word.len() == self.text.len());
            let whole = (self.begins || !is_first) && (self.ends || !is_last);
            WordChoice {
                word: Word { text: word, whole },
                is_common: self.is_name || matches!(word, "true" | "false"),
            }
        };
        words_in(self.text).map(candidate).collect()
    }
}

/// Conditions of an event, each as texts of which one is required. Conditions that require none are left out.
fn conditions(provider: &'static Provider, row: &'static EventDef) -> Vec<Vec<Required>> {
    let mut all = Vec::new();
    for (pointer, predicate) in row.marks {
        let texts = |begins, ends, texts: &[&'static str], is_name| {
            let required = |text: &&'static str| Required {
                text,
                is_name,
                begins,
                ends,
            };
            texts.iter().map(required).collect()
        };
        all.extend(match predicate {
            Predicate::Absent | Predicate::Empty => continue,
            Predicate::Is(text) | Predicate::InAnyCase(text) => {
                Some(texts(true, true, &[text], false))
            }
            Predicate::OneOf(any) => Some(texts(true, true, any, false)),
            Predicate::Starts(text) => Some(texts(true, false, &[text], false)),
            Predicate::StartsOneOf(any) => Some(texts(true, false, any, false)),
            Predicate::Contains(text) => Some(texts(false, false, &[text], false)),
            Predicate::TextWith(names) | Predicate::OnlyTextWith(names) => {
                Some(texts(true, true, names.get(..1).unwrap_or_default(), true))
            }
            // Letters may have anything between them.
            Predicate::Present
            | Predicate::Object
            | Predicate::StartsOtherwise(_)
            | Predicate::Letters(_) => None,
        });
        let names = names(provider, pointer).into_iter();
        all.extend(names.map(|names| texts(true, true, &names, true)));
    }
    all
}

/// Names of members that a body must have for a value at this pointer: of each list one of them.
fn names(provider: &'static Provider, pointer: &'static str) -> Vec<Vec<&'static str>> {
    if provider.split.is_some() {
        // The parts of a body are made of members with these names.
        let pointers = provider.events.iter().flat_map(|row| row.marks);
        let fields = [provider.fields.recipient, provider.fields.message_id];
        let pointers = pointers.map(|(pointer, _)| *pointer);
        let pointers = pointers.chain(fields.into_iter().flatten().copied());
        let first: BTreeSet<&str> = pointers.filter_map(|it| it.split('/').nth(1)).collect();
        return vec![first.into_iter().collect()];
    }
    let is_index = |step: &str| step.bytes().all(|b| b.is_ascii_digit());
    let names = pointer
        .split('/')
        .filter(|step| !step.is_empty() && !is_index(step));
    // The data of a CloudEvent may be a body, without that name.
    names
        .filter(|name| *name != "data")
        .map(|name| vec![name])
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::words_of;
    use crate::providers::{everyone, outline};
    use crate::webhook::{Fixture, Kind, LineFilter, Selection};

    /// Lines of the examples of all events, as they are recorded, with the kinds of their events.
    fn lines() -> Vec<(String, Vec<Kind>)> {
        let rows = everyone().flat_map(|provider| provider.events);
        let examples = rows.filter(|row| !row.example.is_empty());
        let fixtures = examples.map(|row| Fixture::read(row.example.as_bytes()).unwrap());
        let line = |mut fixture: Fixture| {
            fixture.at = Some(Timestamp::UNIX_EPOCH);
            let kinds = outline(&fixture.delivery, None).events;
            let kinds = kinds.iter().map(|event| event.kind).collect();
            (fixture.to_line(), kinds)
        };
        fixtures.map(line).collect()
    }

    #[test]
    fn every_example_has_a_word_of_its_kind_and_few_others_have() {
        let lines = lines();
        assert!(lines.len() > 200, "{}", lines.len());
        // Nothing is searched for in mails: they may be encoded in any way.
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Inbound) {
            let words = words_of(&[kind]);
            let filter = LineFilter::of(&Selection::default(), words.clone());
            let mut others = 0;
            for (line, kinds) in &lines {
                let passes = filter.lets_pass(line.as_bytes());
                assert!(
                    passes || !kinds.contains(&kind),
                    "{kind:?} {words:?} {line}"
                );
                others += usize::from(passes && !kinds.contains(&kind));
            }
            assert!(others < lines.len() / 4, "{kind:?} {others} {words:?}");
        }
        assert!(words_of(&[Kind::Bounce, Kind::Other]).is_none() && words_of(&[]).is_none());
    }

    /// Writes some letters and digits in strings of JSON as escapes.
    fn escaped(json: &str, mut which: u64) -> String {
        let (mut out, mut is_inside, mut is_escape) = (String::new(), false, false);
        for c in json.chars() {
            which = which
                .rotate_left(7)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .wrapping_add(1);
            let is_letter = c.is_ascii_alphanumeric() && is_inside && !is_escape;
            match is_letter && which >> 61 == 0 {
                true => out += &format!("\\u{:04x}", u32::from(c)),
                false => out.push(c),
            }
            is_inside ^= c == '"' && !is_escape;
            is_escape = c == '\\' && !is_escape;
        }
        out
    }

    proptest! {
        #[test]
        fn a_line_that_is_chosen_passes_the_filter_however_it_is_escaped(
            example in any::<prop::sample::Index>(),
            escapes: Option<u64>,
            in_form: bool,
        ) {
            let rows = everyone().flat_map(|provider| provider.events);
            let rows: Vec<_> = rows.filter(|row| !row.example.is_empty()).collect();
            let mut fixture = Fixture::read(example.get(&rows).example.as_bytes()).unwrap();
            let body = String::from_utf8_lossy(&fixture.delivery.body).into_owned();
            let json = body.trim_start().starts_with(['{', '[']);
            if let (Some(which), true) = (escapes, json) {
                // Not an escape of an escape, which is another character.
                fixture.delivery.body = escaped(&body, which).into();
            }
            if in_form && json {
                let text = String::from_utf8_lossy(&fixture.delivery.body).into_owned();
                let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
                fixture.delivery.body = format!("Message={form}&data={form}&payload={form}&mandrill_events={form}").into();
                let kind = http::HeaderValue::from_static("application/x-www-form-urlencoded");
                fixture.delivery.headers.set(http::header::CONTENT_TYPE, kind);
            }
            let line = fixture.to_line();
            for event in outline(&fixture.delivery, None).events {
                let selection = Selection {
                    recipient: event.recipient,
                    message_id: event.message_id,
                    ..Selection::default()
                };
                let filter = LineFilter::of(&selection, words_of(&[event.kind]));
                prop_assert!(filter.lets_pass(line.as_bytes()), "{:?} {}", filter, line);
            }
        }
    }
}
