//! Query language of the search field and of `q=`: the words of the selection flags, and free text.
//!
//! `events:bounce status:5xx recipient:ada@ path:/hooks/* since:10m "free text"`

use crate::inspector::store::filter::{Filter, FilterFault};
use crate::webhook::nearest;

/// Words of the language, with the names that they have as parameters of the API.
pub const WORDS: &[(&str, &str)] = &[
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

/// Part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// Word with its value: `events:bounce`.
    Word(String, String),
    /// Free text.
    Text(String),
}

/// Adds the conditions of a query to a filter.
pub fn apply(query: &str, filter: &mut Filter) -> Result<(), FilterFault> {
    for term in parse(query)? {
        match term {
            Term::Text(text) => filter.add("grep", &text)?,
            Term::Word(word, value) => {
                let known = WORDS
                    .iter()
                    .find(|(name, parameter)| [*name, *parameter].contains(&&*word));
                match known {
                    Some((_, parameter)) => filter.add(parameter, &value)?,
                    None => return Err(unknown(&word, &value)),
                }
            }
        }
    }
    Ok(())
}

fn unknown(word: &str, value: &str) -> FilterFault {
    let guess = nearest(word, WORDS.iter().map(|(name, _)| *name));
    FilterFault {
        what: format!("unknown word `{word}:` in the query"),
        hint: match guess {
            Some(guess) => format!("did you mean `{guess}:`?"),
            None => format!("to search for the text, put it in quotes: \"{word}:{value}\""),
        },
    }
}

/// Splits a query into its terms. In quotes, `\"` and `\\` stand for themselves.
pub fn parse(query: &str) -> Result<Vec<Term>, FilterFault> {
    let mut terms = Vec::new();
    let mut rest = query.trim_start();
    while !rest.is_empty() {
        let (word, after) = match word_of(rest) {
            Some((word, after)) => (Some(word), after),
            None => (None, rest),
        };
        let (value, after) = value_of(after)?;
        terms.push(match word {
            Some(word) => Term::Word(word.to_owned(), value),
            None => Term::Text(value),
        });
        rest = after.trim_start();
    }
    Ok(terms)
}

/// Word before a colon, and what follows it.
fn word_of(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_lowercase() || c == '-' || c == '_'))?;
    let (word, after) = text.split_at(end);
    let after = after.strip_prefix(':')?;
    (!word.is_empty()).then_some((word, after))
}

/// Value in quotes, or up to the next white space, and what follows it.
fn value_of(text: &str) -> Result<(String, &str), FilterFault> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (value, after) = text.split_at(end);
        return Ok((value.to_owned(), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    Err(FilterFault {
        what: "a quote in the query is not closed".into(),
        hint: "end the text with `\"`".into(),
    })
}

/// Writes terms as a query, which [`parse`] reads back.
pub fn write(terms: &[Term]) -> String {
    let texts: Vec<String> = terms
        .iter()
        .map(|term| match term {
            Term::Word(word, value) => format!("{word}:{}", quoted(value)),
            Term::Text(text) => quoted(text),
        })
        .collect();
    texts.join(" ")
}

fn quoted(value: &str) -> String {
    let is_plain = !value.is_empty()
        && !value.contains(|c: char| c.is_whitespace() || c == '"')
        && word_of(value).is_none();
    match is_plain {
        true => value.to_owned(),
        false => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Term, apply, parse, write};
    use crate::inspector::store::filter::Filter;
    use proptest::prelude::*;

    fn word(word: &str, value: &str) -> Term {
        Term::Word(word.into(), value.into())
    }

    #[test]
    fn words_and_texts_are_told_apart() {
        let terms =
            parse("events:bounce  status:5xx \"free text\" recipient:ada@ https path:\"/a b\"");
        let text = |text: &str| Term::Text(text.into());
        assert_eq!(
            terms.unwrap(),
            [
                word("events", "bounce"),
                word("status", "5xx"),
                text("free text"),
                word("recipient", "ada@"),
                text("https"),
                word("path", "/a b"),
            ]
        );
    }

    #[test]
    fn an_unknown_word_is_named_with_the_nearest() {
        let fault = apply("evnts:bounce", &mut Filter::default()).unwrap_err();
        assert!(
            fault.what.contains("evnts") && fault.hint.contains("`events:`"),
            "{fault:?}"
        );
        let fault = apply("http://x", &mut Filter::default()).unwrap_err();
        assert!(fault.hint.contains("\"http://x\""), "{fault:?}");
        assert!(parse("\"open").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            terms in prop::collection::vec(
                prop_oneof![
                    ("[a-z-]{1,8}", "\\PC{0,12}").prop_map(|(name, value)| Term::Word(name, value)),
                    "\\PC{0,12}".prop_map(Term::Text),
                ],
                0..6,
            )
        ) {
            prop_assert_eq!(parse(&write(&terms)).unwrap(), terms);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,60}") {
            let _ = apply(&text, &mut Filter::default());
        }
    }
}
