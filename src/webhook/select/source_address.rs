//! Address of deliveries inside a source: `hooks.ndjson:12`, `:-1`, `:3-7`, `:01M8F3`. Parsing is pure; files are
//! looked at in `io/recording/locate.rs`.

use std::fmt;

/// Fewest characters of an id that name a delivery.
pub const SHORTEST_ID: usize = 6;

/// Source and the deliveries meant in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceAddress {
    /// File, folder, or `-`.
    pub source: String,
    /// Deliveries meant.
    pub place: Place,
}

/// Deliveries meant in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Line of a recording, entry of a HAR file, or file of a folder, from 1.
    Line(usize),
    /// Delivery counted from the end: 1 is the last.
    FromEnd(usize),
    /// Lines from the first to the second, both included.
    Lines(usize, usize),
    /// Id of a delivery, or the beginning of one.
    Id(String),
}

/// Fault of an address that has the form of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFault {
    /// Line or count of 0.
    Zero,
    /// Range whose end is before its beginning.
    Backwards,
    /// Beginning of an id that is too short.
    Short,
}

impl SourceAddress {
    /// Parses a source with an address. None if the text has no address: no `:`, nothing on a side of it, or a path
    /// separator behind it.
    pub fn parse(text: &str) -> Option<Result<SourceAddress, AddressFault>> {
        let (source, place) = text.rsplit_once(':')?;
        if source.is_empty() || place.is_empty() || place.contains(['/', '\\']) {
            return None;
        }
        Some(Place::parse(place).map(|place| SourceAddress {
            source: source.to_owned(),
            place,
        }))
    }
}

impl fmt::Display for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.place)
    }
}

impl Place {
    fn parse(text: &str) -> Result<Place, AddressFault> {
        if let Some(count) = text.strip_prefix('-').and_then(number) {
            return match count {
                0 => Err(AddressFault::Zero),
                count => Ok(Place::FromEnd(count)),
            };
        }
        if let Some(line) = number(text) {
            return match line {
                0 => Err(AddressFault::Zero),
                line => Ok(Place::Line(line)),
            };
        }
        let range = text.split_once('-');
        if let Some((first, last)) = range.and_then(|(a, b)| Some((number(a)?, number(b)?))) {
            return match first {
                0 => Err(AddressFault::Zero),
                _ if last < first => Err(AddressFault::Backwards),
                _ => Ok(Place::Lines(first, last)),
            };
        }
        if text.chars().count() < SHORTEST_ID {
            return Err(AddressFault::Short);
        }
        Ok(Place::Id(text.to_owned()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(line) => write!(f, "{line}"),
            Place::FromEnd(count) => write!(f, "-{count}"),
            Place::Lines(first, last) => write!(f, "{first}-{last}"),
            Place::Id(id) => f.write_str(id),
        }
    }
}

/// Number as people write it. With leading zeros it is none: ids of our own begin with `0`.
fn number(text: &str) -> Option<usize> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let has_zeros = text.len() > 1 && text.starts_with('0');
    (is_number && !has_zeros).then(|| text.parse().ok())?
}

impl fmt::Display for AddressFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressFault::Zero => f.write_str("deliveries are counted from 1"),
            AddressFault::Backwards => f.write_str("the range ends before it begins"),
            AddressFault::Short => write!(
                f,
                "the beginning of an id has at least {SHORTEST_ID} characters"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressFault, Place, SourceAddress};
    use proptest::prelude::*;

    #[test]
    fn an_address_is_a_line_a_place_from_the_end_a_range_or_an_id() {
        let id = |id: &str| Ok(Place::Id(id.into()));
        for (text, place) in [
            ("12", Ok(Place::Line(12))),
            ("-1", Ok(Place::FromEnd(1))),
            ("3-7", Ok(Place::Lines(3, 7))),
            ("3-3", Ok(Place::Lines(3, 3))),
            ("01M8F3", id("01M8F3")),
            ("012345", id("012345")),
            ("8c7f1d52-5f70-4d09", id("8c7f1d52-5f70-4d09")),
            ("99999999999999999999999", id("99999999999999999999999")),
            ("0", Err(AddressFault::Zero)),
            ("-0", Err(AddressFault::Zero)),
            ("0-3", Err(AddressFault::Zero)),
            ("7-3", Err(AddressFault::Backwards)),
            ("01M8F", Err(AddressFault::Short)),
            ("x", Err(AddressFault::Short)),
            ("3-", Err(AddressFault::Short)),
        ] {
            let parsed = SourceAddress::parse(&format!("a:b.ndjson:{text}")).unwrap();
            assert_eq!(parsed.clone().map(|it| it.place), place, "{text}");
            assert!(parsed.is_err() || parsed.unwrap().source == "a:b.ndjson");
        }
    }

    #[test]
    fn a_path_or_a_url_alone_has_no_address() {
        for text in [
            "hooks.ndjson",
            r"C:\hooks.ndjson",
            "C:/hooks.ndjson",
            "http://localhost/hooks",
            "hooks.ndjson:",
            ":12",
            "",
            ":",
            "-",
        ] {
            assert_eq!(SourceAddress::parse(text), None, "{text}");
        }
    }

    fn places() -> impl Strategy<Value = Place> {
        prop_oneof![
            (1..usize::MAX).prop_map(Place::Line),
            (1..usize::MAX).prop_map(Place::FromEnd),
            (1..1000usize, 0..1000usize)
                .prop_map(|(first, more)| Place::Lines(first, first + more)),
            "[A-Z][0-9A-Za-z_-]{5,30}".prop_map(Place::Id),
        ]
    }

    proptest! {
        #[test]
        fn an_address_is_read_as_it_is_printed(source in ".+", place in places()) {
            let address = SourceAddress { source, place };
            prop_assert_eq!(SourceAddress::parse(&address.to_string()), Some(Ok(address)));
        }

        #[test]
        fn any_text_is_parsed_without_a_crash_and_keeps_its_parts(text in ".*", tail in "[-:0-9a-z]{0,12}") {
            let whole = format!("{text}{tail}");
            if let Some(Ok(address)) = SourceAddress::parse(&whole) {
                prop_assert_eq!(address.to_string(), whole);
            }
        }
    }
}
