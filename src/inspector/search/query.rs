//! Query language of the search field and of `q=`: the words of the selection flags, and free text.
//!
//! `events:bounce status:5xx recipient:ada@ path:/hooks/* since:10m "free text"`

/// Reason why a condition cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterFault {
    /// Cause of the fault.
    pub what: String,
    /// Text that can be typed instead.
    pub hint: String,
}

/// Part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// Word with its value: `events:bounce`.
    Word(String, String),
    /// Free text.
    Text(String),
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
    use super::{Term, parse, write};
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
    }
}
