//! Search for a text in a delivery (`--grep`): its path, headers and body, as they came and with escapes undone.

use std::borrow::Cow;
use std::cmp::Reverse;

use memchr::memmem::Finder;

use crate::webhook::Delivery;
use crate::webhook::body::json_escape::escaped_character;
use crate::webhook::select::words::{may_spell_words, rarity, words_in};

/// Layers of escapes that are undone one after another: JSON in a form, JSON in a string of JSON.
const LAYERS: usize = 4;

/// Text to search for. Case matters.
#[derive(Clone, Debug)]
pub struct Grep {
    finder: Finder<'static>,
    /// Words of the text, the rarest first, as far as their letters tell.
    words: Vec<Finder<'static>>,
    /// Name under which bytes that are no text are recorded.
    base64: Finder<'static>,
}

impl Grep {
    /// Creates a search for this text.
    pub fn new(text: &str) -> Self {
        let mut words: Vec<&str> = words_in(text).collect();
        words.sort_by_key(|word| Reverse(rarity(word)));
        words.dedup();
        Self {
            finder: Finder::new(text.as_bytes()).into_owned(),
            words: words
                .into_iter()
                .map(|word| Finder::new(word.as_bytes()).into_owned())
                .collect(),
            base64: Finder::new(b"\"base64\""),
        }
    }

    /// Text, as it was given.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.finder.needle())
    }

    /// True if the text is in the path, in a header (`name: value`) or in the body.
    pub fn finds(&self, delivery: &Delivery) -> bool {
        self.is_in(delivery.path.as_str().as_bytes())
            || delivery.headers.spelled().any(|(name, value)| {
                let line = [name.as_bytes(), b": ", value.as_bytes()].concat();
                self.finder.find(&line).is_some()
            })
            || self.is_in(&delivery.body)
    }

    /// False if the text is surely in none of these lines of a recording, because a word of it is not.
    pub fn may_be_in_lines(&self, lines: &[u8]) -> bool {
        self.has_words(lines) || self.hides_words(lines)
    }

    fn has_words(&self, lines: &[u8]) -> bool {
        let mut words = self.words.iter();
        words.all(|word| word.find(lines).is_some())
    }

    fn hides_words(&self, lines: &[u8]) -> bool {
        may_spell_words(lines) || self.base64.find(lines).is_some()
    }

    /// False if the text is surely not in the delivery of this line of a recording, so that it need not be parsed.
    pub fn may_be_in_line(&self, line: &[u8]) -> bool {
        if !self.has_words(line) {
            return self.hides_words(line);
        }
        // A body without escapes stands in the line as it is. Bytes that are no text are recorded in base64, and name and
        // value of a header stand in quotes.
        self.finder.find(line).is_some()
            || memchr::memchr(b'\\', line).is_some()
            || self.base64.find(line).is_some()
            || memchr::memmem::find(self.finder.needle(), b": ").is_some()
            || self.is_within(line, LAYERS * 2)
    }

    /// True if the text is in these bytes, as they are or once their escapes are undone.
    fn is_in(&self, bytes: &[u8]) -> bool {
        self.is_within(bytes, LAYERS)
    }

    fn is_within(&self, bytes: &[u8], layers: usize) -> bool {
        let mut layer = Cow::Borrowed(bytes);
        for _ in 0..layers {
            if self.finder.find(&layer).is_some() {
                return true;
            }
            layer = match without_escapes(&layer) {
                Some(next) => Cow::Owned(next),
                None => return false,
            };
        }
        self.finder.find(&layer).is_some()
    }
}

/// Undoes the escapes of JSON, or else those of forms; none if there are none.
fn without_escapes(text: &[u8]) -> Option<Vec<u8>> {
    let json = memchr::memchr(b'\\', text).map(|_| without_json_escapes(text));
    // A backslash may be no escape.
    let json = json.filter(|undone| undone != text);
    json.or_else(|| {
        memchr::memchr2(b'%', b'+', text)?;
        Some(without_percent_escapes(text)).filter(|undone| undone != text)
    })
}

/// Replaces the escapes of JSON strings by what they mean. What is no escape stays.
fn without_json_escapes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        let (character, length) = escaped_character(escape).unwrap_or(('\\', 1));
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = escape.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// Replaces `%XX` by its byte and `+` by a space, as in forms.
fn without_percent_escapes(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let escaped = match byte {
            b'%' => digit(at + 1).zip(digit(at + 2)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                // Two digits of 16 are a byte.
                out.push((high << 4 | low) as u8);
                at += 3;
            }
            None => {
                out.push(if *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Grep, without_json_escapes, without_percent_escapes};
    use crate::webhook::Delivery;
    use proptest::prelude::*;

    fn delivery(body: &str) -> Delivery {
        Delivery {
            method: http::Method::POST,
            path: "/hooks/a%20b?tenant=%C3%A9t%C3%A9".parse().unwrap(),
            headers: [(
                http::HeaderName::from_static("x-topic"),
                http::HeaderValue::from_static("bounces"),
            )]
            .into_iter()
            .collect(),
            body: body.to_owned().into(),
        }
    }

    #[test]
    fn plain_text_is_found_wherever_it_is_and_however_it_is_escaped() {
        for (text, body) in [
            ("x-topic: bounces", ""),
            ("/hooks/a b", ""),
            ("été", ""),
            ("é", r#"{"a":"\u00e9"}"#),
            ("é", r#"{"a":"é"}"#),
            (r"\u00e9", r#"{"a":"\u00e9"}"#),
            ("a/b", r#"{"a":"a\/b"}"#),
            ("😀", r#"{"a":"\ud83d\uDE00"}"#),
            (r#"say "no""#, r#"{"a":"say \"no\""}"#),
            ("two\nlines", r#"{"a":"two\nlines"}"#),
            ("ada@example.com", "recipient=ada%40example.com"),
            ("Ada L", "name=Ada+L"),
            ("Ada L", r"path=C:\+name=Ada+L"),
            // JSON in a form, and JSON in a string of JSON.
            ("a/é", "events=%5B%22a%5C%2F%5Cu00e9%22%5D"),
            ("a/é", r#"{"Message":"{\"a\":\"a\\/\\u00e9\"}"}"#),
        ] {
            assert!(Grep::new(text).finds(&delivery(body)), "{text} in {body}");
        }
        for (text, body) in [
            ("É", r#"{"a":"\u00e9"}"#),
            ("bob", "recipient=ada%40example.com"),
            ("x", r#"{"a":"\ud83d \u00 \q %zz %4 \"#),
        ] {
            let nowhere = Delivery {
                path: "/".parse().unwrap(),
                headers: Default::default(),
                ..delivery(body)
            };
            assert!(!Grep::new(text).finds(&nowhere), "{text} in {body}");
        }
    }

    proptest! {
        #[test]
        fn a_line_is_passed_over_only_if_the_text_is_not_in_its_delivery(
            body in "(%22|%5C|%25|\\\\|\\\\u00e9|\\+|é|a|b|\"| |\\{|\\}|:){0,12}", text in "(é|a|b|\"|:| |\\\\){1,2}",
        ) {
            let delivery = delivery(&body);
            let line = crate::webhook::Fixture::new(delivery.clone()).to_line();
            let grep = Grep::new(&text);
            prop_assert!(!grep.finds(&delivery) || grep.may_be_in_line(line.as_bytes()), "{text} {line}");
        }

        #[test]
        fn what_json_escapes_is_found(text in "\\PC{1,20}|[\"\\\\/\n\t]{1,6}") {
            let quoted = serde_json::to_string(&text).unwrap();
            let ascii: String = quoted.chars().map(|c| {
                let mut units = [0; 2];
                if c.is_ascii() { return c.to_string(); }
                c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
            }).collect();
            let undone = without_json_escapes(ascii.as_bytes());
            prop_assert_eq!(String::from_utf8(undone).unwrap(), format!("\"{text}\""));
        }

        #[test]
        fn what_a_form_escapes_is_found(text in "\\PC{0,20}") {
            let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            prop_assert_eq!(without_percent_escapes(form.as_bytes()), text.as_bytes());
        }

        #[test]
        fn any_bytes_are_searched_without_a_crash(bytes: Vec<u8>) {
            let _ = Grep::new("x").is_in(&bytes);
        }
    }
}
