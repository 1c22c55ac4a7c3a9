//! Search for words in a line of a recording, to pass over lines that are not worth parsing.
//!
//! A word is a run of ASCII letters, digits and `_`: it is in a line as it is, whatever escapes are around it, unless an
//! escape stands for one of its characters ([`may_spell_words`]).

use std::collections::{BTreeMap, BTreeSet};
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
/// Of each word a run of bytes is its root; words share one if they can. Not every place of a text is looked at, but every
/// `stride`-th. So a root has as many probes of three bytes, one behind the other: wherever the root is, one of them is at
/// such a place. For each byte of a window of three, a table says which probes may have that byte there. Where the tables
/// agree on a probe, and only there, the words are compared.
#[derive(Clone)]
pub struct Words {
    words: Vec<Sought>,
    roots: Vec<WordRoot>,
    /// Distance of the places that are looked at, and number of probes of a root.
    stride: usize,
    /// Probes that may have a byte at each place of the window, as bits; roots share bits if there are many.
    tables: Box<[[u64; 256]; PROBE]>,
}

/// Word of a set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Sought {
    /// The word in lower case.
    word: Vec<u8>,
    /// True if it is only found whole.
    whole: bool,
}

/// Run of bytes that one or more words have.
#[derive(Clone)]
struct WordRoot {
    bytes: Vec<u8>,
    /// Words that have it, and its place in each.
    words: Vec<(Sought, usize)>,
}

impl WordRoot {
    /// Finds roots for words that are at least this long: again and again the one that most of the others have, and of
    /// these the rarest.
    fn of(words: &[Sought], length: usize) -> Vec<WordRoot> {
        let mut left: Vec<&Sought> = words.iter().collect();
        let mut roots = Vec::new();
        while !left.is_empty() {
            let mut runs: BTreeMap<&[u8], usize> = BTreeMap::new();
            for word in &left {
                let own: BTreeSet<&[u8]> = word.word.windows(length).collect();
                own.into_iter()
                    .for_each(|run| *runs.entry(run).or_default() += 1);
            }
            let best = runs
                .into_iter()
                .max_by_key(|(run, uses)| (*uses, rarity_of(run)));
            let Some((bytes, _)) = best else { break };
            let place = |word: &Sought| word.word.windows(length).position(|run| run == bytes);
            let root = WordRoot {
                bytes: bytes.to_vec(),
                words: left
                    .iter()
                    .filter_map(|word| Some(((*word).clone(), place(word)?)))
                    .collect(),
            };
            left.retain(|word| place(word).is_none());
            roots.push(root);
        }
        roots
    }

    /// True if one of the words is where this root is at a place of the text.
    fn is_in_word(&self, text: &[u8], at: usize) -> bool {
        let mut words = self.words.iter();
        words.any(|(word, place)| {
            let start = at.checked_sub(*place);
            start.is_some_and(|start| is_at(text, start, &word.word, word.whole))
        })
    }
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

/// Number of bits that probes have.
const BITS: usize = 64;

/// Longest distance of the places that are looked at.
const FARTHEST: usize = 4;

/// Windows that are looked at together.
const BLOCK: usize = 8;

/// Characters of words, from the most frequent on, about.
const BY_FREQUENCY: &[u8] = b"etaoinsrdlcmuphg_0123456789bfyvwkxjqz";

impl Sought {
    fn new(word: Word) -> Self {
        Sought {
            word: word.text.to_ascii_lowercase().into(),
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
        let shortest = words.iter().map(|it| it.word.len()).min()?;
        let most = (shortest + 1).checked_sub(PROBE).filter(|most| *most > 0)?;
        let with = |stride: usize| (stride, WordRoot::of(&words, PROBE + stride - 1));
        let fits =
            |(stride, roots): &(usize, Vec<WordRoot>)| *stride == 1 || roots.len() * stride <= BITS;
        let (stride, roots) = (1..=most.min(FARTHEST)).rev().map(with).find(fits)?;
        let mut tables = Box::new([[0; 256]; PROBE]);
        for (nth, root) in roots.iter().enumerate() {
            for (offset, probe) in root.bytes.windows(PROBE).enumerate() {
                for (table, byte) in tables.iter_mut().zip(probe) {
                    for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                        if let Some(bits) = table.get_mut(usize::from(byte)) {
                            *bits |= 1 << ((nth * stride + offset) % BITS);
                        }
                    }
                }
            }
        }
        Some(Words {
            words,
            roots,
            stride,
            tables,
        })
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
        match self.stride {
            FARTHEST => self.is_any_at::<FARTHEST>(text),
            3 => self.is_any_at::<3>(text),
            2 => self.is_any_at::<2>(text),
            _ => self.is_any_at::<1>(text),
        }
    }

    /// Looks at every `STRIDE`-th place; a constant, for speed.
    fn is_any_at<const STRIDE: usize>(&self, text: &[u8]) -> bool {
        let mut at = 0;
        // Most blocks have no probe: one comparison for all their windows.
        while let Some(block) = text.get(at..at + BLOCK * STRIDE + PROBE - 1) {
            let windows = block.windows(PROBE).step_by(STRIDE);
            let any = windows.fold(0, |bits, it| bits | self.probes(it));
            let mut places = (at..at + BLOCK * STRIDE).step_by(STRIDE);
            if any != 0 && places.any(|at| self.is_found(text, at)) {
                return true;
            }
            at += BLOCK * STRIDE;
        }
        (at..text.len())
            .step_by(STRIDE)
            .any(|at| self.is_found(text, at))
    }

    /// Probes that the first bytes may be, as bits.
    fn probes(&self, text: &[u8]) -> u64 {
        let [first, second, third] = &*self.tables;
        let of = |table: &[u64; 256], byte: u8| table.get(usize::from(byte)).copied().unwrap_or(0);
        match text {
            [one, two, three, ..] => of(first, *one) & of(second, *two) & of(third, *three),
            _ => 0,
        }
    }

    /// True if one of the words has a probe at this place of the text.
    fn is_found(&self, text: &[u8], at: usize) -> bool {
        let mut bits = self.probes(text.get(at..).unwrap_or_default());
        while bits != 0 {
            let bit = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let (nth, offset) = (bit / self.stride, bit % self.stride);
            let mut roots = self.roots.iter().skip(nth).step_by(BITS);
            if let Some(at) = at.checked_sub(offset)
                && roots.any(|root| root.is_in_word(text, at))
            {
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

/// Measure of how rarely a word is found in a text, by its letters.
pub fn rarity(word: &str) -> usize {
    rarity_of(word.to_ascii_lowercase().as_bytes())
}

fn rarity_of(lower: &[u8]) -> usize {
    let rarity = |byte: &u8| memchr::memchr(*byte, BY_FREQUENCY).unwrap_or_default();
    lower.iter().map(rarity).sum()
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
            words in proptest::collection::vec("[abAB0]{3,5}|[abAB0]{6,9}", 1..6),
            more in "[abcABC0 ._]{0,40}", at in 0..41usize,
        ) {
            // Long words are found by chance too rarely.
            let mut text = more;
            text.insert_str(at.min(text.len()), &words[0][1..]);

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
