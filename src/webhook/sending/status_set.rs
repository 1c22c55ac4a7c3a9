//! Sets of HTTP statuses.

use crate::error::{Error, Result};

/// Set of HTTP statuses: classes, codes and ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses(Vec<(u16, u16)>, String);

impl Statuses {
    /// Parses `2xx`, `200,409`, `200-204`.
    pub fn parse(given: &str) -> Result<Statuses> {
        let range = |part: &str| -> Option<(u16, u16)> {
            let code = |text: &str| {
                text.parse::<u16>()
                    .ok()
                    .filter(|code| (100..=599).contains(code))
            };
            if let Some(class) = part.strip_suffix("xx") {
                let class = class
                    .parse::<u16>()
                    .ok()
                    .filter(|class| (1..=5).contains(class))?;
                return Some((class * 100, class * 100 + 99));
            }
            match part.split_once('-') {
                Some((from, to)) => Some((code(from)?, code(to)?)),
                None => code(part).map(|code| (code, code)),
            }
        };
        given
            .split(',')
            .map(|part| range(part.trim()))
            .collect::<Option<Vec<_>>>()
            .map(|ranges| Statuses(ranges, given.to_owned()))
            .ok_or_else(|| {
                Error::usage(format!("`{given}` is not a status"))
                    .hint("write `2xx`, `200,409` or `200-204`")
            })
    }

    /// Creates a set of single statuses.
    pub fn of(codes: &[u16]) -> Statuses {
        let words: Vec<String> = codes.iter().map(u16::to_string).collect();
        Statuses(
            codes.iter().map(|code| (*code, *code)).collect(),
            words.join(","),
        )
    }

    /// True if the status is in the set.
    pub fn accept(&self, status: u16) -> bool {
        self.0
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&status))
    }

    /// The text that was parsed.
    pub fn as_typed(&self) -> &str {
        &self.1
    }
}

#[cfg(test)]
mod tests {
    use super::Statuses;

    #[test]
    fn statuses_are_classes_codes_and_ranges() {
        let statuses = Statuses::parse("2xx,409,500-502").unwrap();
        for (status, accepted) in [
            (200, true),
            (299, true),
            (300, false),
            (409, true),
            (501, true),
            (503, false),
        ] {
            assert_eq!(statuses.accept(status), accepted, "{status}");
        }
        assert!(Statuses::of(&[429]).accept(429) && !Statuses::of(&[429]).accept(428));
        for odd in ["", "6xx", "20", "ok", "200,", "2xx-3xx"] {
            assert!(Statuses::parse(odd).is_err(), "{odd}");
        }
    }
}
