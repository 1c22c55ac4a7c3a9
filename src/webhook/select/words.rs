//! Search for words in a line of a recording, to pass over lines that are not worth parsing.
//!
//! A word is a run of ASCII letters, digits and `_`: it is in a line as it is, whatever escapes are around it, unless an
//! escape stands for one of its characters ([`may_spell_words`]).

use std::fmt;

/// Word to search for, without regard to case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word<'a> {
    /// The word.
    pub text: &'a str,
    /// True if it is only found whole; false if it may be part of a longer word.
    pub whole: bool,
}

/// Set of words to search for at once, without regard to case.
///
/// Of each word three bytes in a row are its probe. For each byte of a window of three, a table says which probes may have
/// that byte at that place. Where the tables agree on a probe, and only there, its word is compared.
#[derive(Clone)]
pub struct Words {
    words: Vec<Sought>,
    /// Words whose probes may have a byte at each place of the window, as bits; words share bits if there are many.
    tables: Box<[[u32; 256]; PROBE]>,
}

/// Word of a set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Sought {
    /// The word in lower case.
    word: Vec<u8>,
    /// True if it is only found whole.
    whole: bool,
    /// Place of the probe in it.
    probe: usize,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words.iter();
        let words = words.map(|it| (String::from_utf8_lossy(&it.word), it.whole));
        f.debug_map().entries(words).finish()
    }
}

/// Length of a probe, and of the shortest word.
const PROBE: usize = 3;

/// Number of bits that words have.
const SHARED: usize = 32;

/// Windows that are looked at together.
const BLOCK: usize = 8;

/// Characters of words, from the most frequent on, about.
const BY_FREQUENCY: &[u8] = b"etaoinsrdlcmuphg_0123456789bfyvwkxjqz";

impl Sought {
    fn new(word: Word) -> Self {
        let text: Vec<u8> = word.text.to_ascii_lowercase().into();
        let rarity = |byte: &u8| memchr::memchr(*byte, BY_FREQUENCY).unwrap_or_default();
        let probes = text.windows(PROBE).enumerate();
        let rarest = probes.max_by_key(|(_, probe)| probe.iter().map(rarity).sum::<usize>());
        Sought {
            probe: rarest.map_or(0, |(at, _)| at),
            word: text,
            whole: word.whole,
        }
    }

    /// True if this word is part of another, so that it is found wherever that is.
    fn covers(&self, other: &Sought) -> bool {
        let is_in = || memchr::memmem::find(&other.word, &self.word).is_some();
        !self.whole && is_in() && (self.word != other.word || other.whole)
    }
}

impl Words {
    /// Creates a search for any of these words; none if one of them is too short, or there are none.
    pub fn any_of<'a>(words: impl IntoIterator<Item = Word<'a>>) -> Option<Words> {
        let mut all: Vec<Sought> = words.into_iter().map(Sought::new).collect();
        all.sort();
        all.dedup();
        let is_needed = |word: &&Sought| !all.iter().any(|other| other.covers(word));
        let words: Vec<Sought> = all.iter().filter(is_needed).cloned().collect();
        if words.is_empty() || words.iter().any(|it| it.word.len() < PROBE) {
            return None;
        }
        let mut tables = Box::new([[0; 256]; PROBE]);
        for (nth, it) in words.iter().enumerate() {
            for (table, byte) in tables.iter_mut().zip(it.word.iter().skip(it.probe)) {
                for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                    if let Some(bits) = table.get_mut(usize::from(byte)) {
                        *bits |= 1 << (nth % SHARED);
                    }
                }
            }
        }
        Some(Words { words, tables })
    }

    /// Creates a search for each word of a text: a text that contains it has them all.
    pub fn all_of(text: &str) -> Vec<Words> {
        let part = |text| Word { text, whole: false };
        words_in(text)
            .filter_map(|word| Words::any_of([part(word)]))
            .collect()
    }

    /// True if one of the words is in the text.
    pub fn is_any_in(&self, text: &[u8]) -> bool {
        let mut at = 0;
        // Most blocks have no probe: one comparison for all their windows.
        while let Some(block) = text.get(at..at + BLOCK + PROBE - 1) {
            let any = block
                .windows(PROBE)
                .fold(0, |bits, it| bits | self.probes(it));
            if any != 0 && (at..at + BLOCK).any(|at| self.is_found(text, at)) {
                return true;
            }
            at += BLOCK;
        }
        (at..text.len()).any(|at| self.is_found(text, at))
    }

    /// Probes that the first bytes may be, as bits.
    fn probes(&self, text: &[u8]) -> u32 {
        let [first, second, third] = &*self.tables;
        let of = |table: &[u32; 256], byte: u8| table.get(usize::from(byte)).copied().unwrap_or(0);
        match text {
            [one, two, three, ..] => of(first, *one) & of(second, *two) & of(third, *three),
            _ => 0,
        }
    }

    /// True if one of the words has its probe at this place of the text.
    fn is_found(&self, text: &[u8], at: usize) -> bool {
        let mut bits = self.probes(text.get(at..).unwrap_or_default());
        while bits != 0 {
            let nth = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let mut words = self.words.iter().skip(nth).step_by(SHARED);
            if words.any(|it| at >= it.probe && is_at(text, at - it.probe, &it.word, it.whole)) {
                return true;
            }
        }
        false
    }
}

fn is_at(text: &[u8], start: usize, word: &[u8], whole: bool) -> bool {
    let (before, rest) = text.split_at_checked(start).unwrap_or_default();
    let Some((found, behind)) = rest.split_at_checked(word.len()) else {
        return false;
    };
    found.eq_ignore_ascii_case(word)
        && (!whole || (!behind.first().is_some_and(is_of_word) && !ends_in_word(before)))
}

fn is_of_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

/// True if the last character of a text is of a word, and not of an escape such as `\n`, `\u003e` or `%22`.
fn ends_in_word(text: &[u8]) -> bool {
    match text {
        [.., b'\\', b'u', _, _, _, _] | [.., b'%', _, _] | [.., b'\\', _] => false,
        _ => text.last().is_some_and(is_of_word),
    }
}

/// Words in a text that are long enough to search for.
pub fn words_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.len() >= PROBE)
}

/// True if an escape in a text, of JSON or of a form, stands for a character of a word, or may be part of one that does
/// once others are undone: then a word may be in the text that is not found in it.
pub fn may_spell_words(text: &[u8]) -> bool {
    memchr::memchr2_iter(b'\\', b'%', text)
        .any(|at| text.get(at..).is_some_and(begins_with_letter_escape))
}

fn begins_with_letter_escape(text: &[u8]) -> bool {
    match text {
        [b'\\', b'u', rest @ ..] => match number(rest, 4) {
            Some(code) => spells(code) || code == u32::from(b'\\'),
            None => true,
        },
        [b'%', rest @ ..] => match number(rest, 2) {
            // A backslash is part of such an escape only before an `u`.
            Some(code) if code == u32::from(b'\\') => rest.get(2) == Some(&b'u'),
            Some(code) => spells(code),
            None => false,
        },
        _ => false,
    }
}

/// Number of this many hexadecimal digits at the beginning of a text.
fn number(text: &[u8], length: usize) -> Option<u32> {
    let mut digits = text.get(..length)?.iter();
    digits.try_fold(0, |number, digit| {
        Some(number << 4 | char::from(*digit).to_digit(16)?)
    })
}

/// True for characters of words, and for the `%` that begins an escape of its own.
fn spells(code: u32) -> bool {
    u8::try_from(code).is_ok_and(|byte| is_of_word(&byte) || byte == b'%')
}

#[cfg(test)]
mod tests {
    use super::{Word, Words, may_spell_words, words_in};
    use proptest::prelude::*;

    fn part(text: &str) -> Word<'_> {
        Word { text, whole: false }
    }

    fn whole(text: &str) -> Word<'_> {
        Word { text, whole: true }
    }

    #[test]
    fn words_are_found_in_any_case_and_at_both_ends() {
        let words = ["bounce", "hardBounce", "Failed", "spam"].map(part);
        let words = Words::any_of(words).unwrap();
        assert_eq!(words.words.len(), 3);
        for text in [
            "bounce",
            "xBOUNCEd",
            "MessageDeliveryFailed",
            "spam",
            "aspam",
        ] {
            assert!(words.is_any_in(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "spa",
            "boun ce",
            "fail-ed",
            "bounc",
            "delivered to many people",
        ] {
            assert!(!words.is_any_in(text.as_bytes()), "{text}");
        }
        assert!(Words::any_of(["bounce", "ab"].map(part)).is_none());
        assert!(Words::any_of([]).is_none());
        let words: Vec<_> = words_in("event:klaviyo.bounced_email-é1").collect();
        assert_eq!(words, ["event", "klaviyo", "bounced_email"]);
    }

    #[test]
    fn a_whole_word_is_not_found_in_a_longer_one() {
        let words = Words::any_of([whole("sent"), whole("message_sent"), part("failed")]).unwrap();
        assert_eq!(words.words.len(), 3);
        for text in [
            "sent",
            r#""message.sent""#,
            r#"\"sent\""#,
            "%22sent%22",
            r"a\nsent\n",
            r"\u003esent\u003c",
            "MESSAGE_SENT",
            "xfailedx",
            "é sent",
        ] {
            assert!(words.is_any_in(text.as_bytes()), "{text}");
        }
        for text in [
            "present",
            "sent_at",
            "sentAt",
            "unmessage_sent",
            "_sent",
            "1sent",
        ] {
            assert!(!words.is_any_in(text.as_bytes()), "{text}");
        }
        let words = Words::any_of([whole("sent"), part("sent"), whole("Absent")]).unwrap();
        assert_eq!(words.words.len(), 1);
    }

    #[test]
    fn escapes_of_letters_are_noticed_in_any_layer() {
        for text in [
            r"\u0062ounce",
            r"\\u0062ounce",
            r"\\\\u0062",
            r"\u005cu0062",
            r"\u0025",
            r"\uzz",
            "%62ounce",
            "%2562",
            "%5Cu0062",
            "%5c%75",
            "%5Fa",
            r"%5C\u0075",
        ] {
            assert!(may_spell_words(text.as_bytes()), "{text}");
        }
        for text in [
            r#"a\/b\n\"\\ \u003cb\u003e \ud83d\ude00 \u00e9"#,
            "ada%40example.com%5B%22a%5C%2Fb%20%",
            "100 %",
        ] {
            assert!(!may_spell_words(text.as_bytes()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_search_finds_what_one_word_at_a_time_finds(
            words in proptest::collection::vec("[abAB0]{3,5}", 1..6),
            text in "[abcABC0 ._]{0,40}",
        ) {
            let search = Words::any_of(words.iter().map(|word| part(word))).unwrap();
            let lower = text.to_lowercase();
            let slow = words.iter().any(|word| lower.contains(&word.to_lowercase()));
            prop_assert_eq!(search.is_any_in(text.as_bytes()), slow, "{:?}", words);
        }

        #[test]
        fn any_bytes_are_searched_for_words_without_a_crash(text: Vec<u8>) {
            let _ = Words::any_of([part("abc")]).unwrap().is_any_in(&text);
            let _ = may_spell_words(&text);
        }
    }
}
