//! Filter for the lines of a recording, so that most of those that a selection does not choose are not parsed.

use memchr::memmem::Finder;

use crate::webhook::select::words::{Words, may_spell_words};
use crate::webhook::{Grep, Selection};

/// Filter for lines. It may let a line pass that is not chosen; it never stops one that is.
#[derive(Clone, Debug)]
pub struct LineFilter {
    grep: Option<Grep>,
    /// Sets of words, of each of which a line must have one.
    words: Vec<Words>,
    /// Name before the request in a line.
    request: Finder<'static>,
    base64: Finder<'static>,
}

impl LineFilter {
    /// Creates the filter of a selection. `events` are words of which any delivery with an event of the selected kinds
    /// has one.
    pub fn of(selection: &Selection, events: Option<Words>) -> LineFilter {
        let texts = [&selection.recipient, &selection.message_id];
        let texts = texts.into_iter().flatten();
        let parts = texts.flat_map(|text| Words::all_of(text));
        LineFilter {
            grep: selection.grep.clone(),
            words: events.into_iter().chain(parts).collect(),
            request: Finder::new(b"\"request\":"),
            base64: Finder::new(b"base64"),
        }
    }

    /// False if surely none of these lines is chosen: quick, if a text is searched for.
    pub fn lets_any_pass(&self, lines: &[u8]) -> bool {
        let grep = self.grep.as_ref();
        grep.is_none_or(|it| it.may_be_in_lines(lines))
    }

    /// False if the delivery of a line is surely not chosen.
    pub fn lets_pass(&self, line: &[u8]) -> bool {
        self.grep.as_ref().is_none_or(|it| it.may_be_in_line(line)) && self.has_words(line)
    }

    fn has_words(&self, line: &[u8]) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let request = self.request.find(line);
        let request = request.and_then(|at| line.get(at + self.request.needle().len()..));
        let request = request.unwrap_or(line);
        self.words.iter().all(|words| words.is_any_in(request)) || self.hides_words(request)
    }

    /// True if words may be in a text that are not found in it: because of an escape, or in base64, as bytes that are no
    /// text are recorded, and some services wrap their events.
    fn hides_words(&self, text: &[u8]) -> bool {
        may_spell_words(text) || self.base64.find(text).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::LineFilter;
    use crate::webhook::select::words::{Word, Words};
    use crate::webhook::{Grep, Selection};

    fn part(text: &str) -> Word<'_> {
        Word { text, whole: false }
    }

    #[test]
    fn a_line_passes_if_it_may_have_all_that_is_asked_for() {
        let selection = Selection {
            recipient: Some("Ada@example.com".into()),
            grep: Some(Grep::new("A-10")),
            ..Selection::default()
        };
        let filter = LineFilter::of(&selection, Words::any_of(["bounce", "failed"].map(part)));
        for line in [
            r#"{"bounced":1,"request":{"a":"bounce ada A-10 example com"#,
            "bounced ada A-10 example com",
            "FAILED%40ada EXAMPLE A-10.com",
            r"\u0062ounce \u0061da A-10",
            r#""base64":"YWRh""#,
        ] {
            assert!(filter.lets_pass(line.as_bytes()), "{line}");
        }
        for line in [
            r#"{"bounced":1,"request":{"a":"ada A-10 example com"#,
            "bounced ada A-11 example com",
            "bounced bob A-10 example com",
            "clicked ada A-10 example com",
        ] {
            assert!(!filter.lets_pass(line.as_bytes()), "{line}");
        }
        assert!(LineFilter::of(&Selection::default(), None).lets_pass(b""));
    }
}
