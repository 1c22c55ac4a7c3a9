//! Formats of a signature's timestamp.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

/// Format of a signature's timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    /// Seconds since 1970, as digits.
    Seconds,
    /// Milliseconds since 1970, as digits.
    Millis,
    /// Another format of which only the age is checked: a time in the future is accepted.
    AgeOnly(&'static TimestampFormat),
    /// Another format of a timestamp that may be missing.
    IfAny(&'static TimestampFormat),
    /// Another format of a timestamp that is sent but not signed: its age proves nothing and is not checked.
    Unsigned(&'static TimestampFormat),
    /// RFC 3339 in UTC with this many fractional digits.
    Rfc3339(u8),
    /// Unconfirmed format: written as RFC 3339 with microseconds and `+00:00`, read in any of the usual formats.
    Any,
}

impl TimestampFormat {
    /// Formats a time.
    pub fn write(self, at: Timestamp) -> String {
        match self {
            TimestampFormat::Seconds => at.as_second().to_string(),
            TimestampFormat::Millis => at.as_millisecond().to_string(),
            TimestampFormat::AgeOnly(form)
            | TimestampFormat::IfAny(form)
            | TimestampFormat::Unsigned(form) => form.write(at),
            TimestampFormat::Any => TimestampFormat::Rfc3339(6).write(at).replace('Z', "+00:00"),
            TimestampFormat::Rfc3339(digits) => {
                let printer = DateTimePrinter::new().precision(Some(digits.min(9)));
                printer.timestamp_to_string(&at)
            }
        }
    }

    /// Parses a time; strict, because a signed text must not have two meanings.
    pub fn read(self, text: &str) -> Option<Timestamp> {
        let digits = |most: usize| {
            let plain =
                (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| text.parse().ok()).flatten()
        };
        match self {
            TimestampFormat::Seconds => Timestamp::from_second(digits(12)?).ok(),
            TimestampFormat::Millis => Timestamp::from_millisecond(digits(15)?).ok(),
            TimestampFormat::AgeOnly(form)
            | TimestampFormat::IfAny(form)
            | TimestampFormat::Unsigned(form) => form.read(text),
            TimestampFormat::Rfc3339(_) => text.parse().ok(),
            TimestampFormat::Any => match text.len() {
                13 if text.bytes().all(|b| b.is_ascii_digit()) => {
                    Timestamp::from_millisecond(text.parse().ok()?).ok()
                }
                _ => TimestampFormat::Seconds
                    .read(text)
                    .or_else(|| text.parse().ok())
                    .or_else(|| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TimestampFormat;

    #[test]
    fn only_plain_digits_are_a_time() {
        assert!(TimestampFormat::Seconds.read("1767312059").is_some());
        for odd in [
            "",
            "-1",
            "+1767312059",
            "17673120.5",
            "1767312059 ",
            "１７６７３１２０５９",
            "9223372036854775807",
            "now",
        ] {
            assert!(TimestampFormat::Seconds.read(odd).is_none(), "{odd}");
        }
        let at = TimestampFormat::Seconds.read("1767312059").unwrap();
        assert_eq!(
            TimestampFormat::Rfc3339(3).write(at),
            "2026-01-02T00:00:59.000Z"
        );
        assert_eq!(
            TimestampFormat::Rfc3339(0).write(at),
            "2026-01-02T00:00:59Z"
        );
        let late = jiff::Timestamp::new(1_767_312_059, 999_999_999).unwrap();
        assert_eq!(
            TimestampFormat::Rfc3339(6).write(late),
            "2026-01-02T00:00:59.999999Z"
        );
    }
}
