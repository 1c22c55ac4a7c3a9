//! How a time is written.

use jiff::Timestamp;

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// Seconds since 1970, as digits.
    Seconds,
    /// Milliseconds since 1970, as digits.
    Millis,
    /// Another form of which only the age is checked: a time ahead of ours is taken.
    AgeOnly(&'static TimeForm),
    /// Another form of a time that may be missing.
    IfAny(&'static TimeForm),
    /// Another form of a time that is told and not signed, so that its age proves nothing and is not judged.
    Unsigned(&'static TimeForm),
    /// RFC 3339 in UTC with that many digits behind the second.
    Rfc3339(u8),
    /// Where the provider's form is unconfirmed: written as RFC 3339 with microseconds and `+00:00`, read in any of
    /// the usual forms.
    Any,
}

impl TimeForm {
    /// Writes a time in this form.
    pub fn write(self, at: Timestamp) -> String {
        match self {
            TimeForm::Seconds => at.as_second().to_string(),
            TimeForm::Millis => at.as_millisecond().to_string(),
            TimeForm::AgeOnly(form) | TimeForm::IfAny(form) | TimeForm::Unsigned(form) => {
                form.write(at)
            }
            TimeForm::Any => TimeForm::Rfc3339(6).write(at).replace('Z', "+00:00"),
            TimeForm::Rfc3339(digits) => {
                let whole = at.strftime("%Y-%m-%dT%H:%M:%S");
                if digits == 0 {
                    return format!("{whole}Z");
                }
                let fraction = format!("{:09}", at.subsec_nanosecond().unsigned_abs());
                let shown = fraction
                    .get(..usize::from(digits.min(9)))
                    .unwrap_or(&fraction);
                format!("{whole}.{shown}Z")
            }
        }
    }

    /// Reads a time; strict, because a signed text must not mean two things.
    pub fn read(self, text: &str) -> Option<Timestamp> {
        let digits = |most: usize| {
            let plain =
                (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| text.parse().ok()).flatten()
        };
        match self {
            TimeForm::Seconds => Timestamp::from_second(digits(12)?).ok(),
            TimeForm::Millis => Timestamp::from_millisecond(digits(15)?).ok(),
            TimeForm::AgeOnly(form) | TimeForm::IfAny(form) | TimeForm::Unsigned(form) => {
                form.read(text)
            }
            TimeForm::Rfc3339(_) => text.parse().ok(),
            TimeForm::Any => match text.len() {
                13 if text.bytes().all(|b| b.is_ascii_digit()) => {
                    Timestamp::from_millisecond(text.parse().ok()?).ok()
                }
                _ => TimeForm::Seconds
                    .read(text)
                    .or_else(|| text.parse().ok())
                    .or_else(|| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TimeForm;

    #[test]
    fn only_plain_digits_are_a_time() {
        assert!(TimeForm::Seconds.read("1767312059").is_some());
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
            assert!(TimeForm::Seconds.read(odd).is_none(), "{odd}");
        }
        let at = TimeForm::Seconds.read("1767312059").unwrap();
        assert_eq!(TimeForm::Rfc3339(3).write(at), "2026-01-02T00:00:59.000Z");
        assert_eq!(TimeForm::Rfc3339(0).write(at), "2026-01-02T00:00:59Z");
    }
}
