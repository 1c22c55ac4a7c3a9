//! Time fields of an event.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::providers::provider::TimeField;
use crate::webhook::Document;

impl TimeField {
    /// JSON pointer to the time.
    pub fn pointer(&self) -> &'static str {
        match self {
            TimeField::Rfc3339(pointer, _)
            | TimeField::Like(pointer)
            | TimeField::Utc(pointer, _)
            | TimeField::Seconds(pointer)
            | TimeField::LastSeconds(pointer)
            | TimeField::Fraction(pointer)
            | TimeField::Millis(pointer)
            | TimeField::Local(pointer) => pointer,
        }
    }

    /// Reads the time from an event.
    pub fn read(&self, event: &Document) -> Option<Timestamp> {
        let pointer = self.pointer();
        let text = match self {
            TimeField::LastSeconds(_) => {
                let name = pointer.strip_prefix('/')?;
                let mut fields = event.members()?.iter().rev();
                fields.find(|(at, _)| at == name)?.1.as_text()?
            }
            _ => event.text(pointer)?,
        };
        self.parse(&text)
    }

    /// Parses a time as this provider writes it, and leniently: for display only.
    pub fn parse(&self, text: &str) -> Option<Timestamp> {
        self.as_written(text).or_else(|| in_any_form(text))
    }

    /// Parses a time in the provider's own form.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked by the timestamp"
    )]
    fn as_written(&self, text: &str) -> Option<Timestamp> {
        match self {
            TimeField::Rfc3339(..) | TimeField::Like(_) => text.parse().ok(),
            TimeField::Utc(_, form) => text.parse().ok().or_else(|| {
                let civil = DateTime::strptime(form, text).ok()?;
                TimeZone::UTC.to_timestamp(civil).ok()
            }),
            TimeField::Local(_) => {
                let local: DateTime = text.parse().ok()?;
                TimeZone::UTC.to_timestamp(local).ok()
            }
            TimeField::Seconds(_)
            | TimeField::LastSeconds(_)
            | TimeField::Fraction(_)
            | TimeField::Millis(_) => {
                // Some senders write a date instead.
                if text.contains(':') {
                    return text.parse().ok();
                }
                match text.parse::<i64>() {
                    // Some senders write milliseconds where seconds are documented, some the other way round.
                    Ok(whole) if whole >= 1_000_000_000_000 => {
                        Timestamp::from_millisecond(whole).ok()
                    }
                    Ok(whole) => Timestamp::from_second(whole).ok(),
                    Err(_) => Timestamp::from_microsecond(
                        (text.parse::<f64>().ok().filter(|it| it.is_finite())? * 1e6).round()
                            as i64,
                    )
                    .ok(),
                }
            }
        }
    }
}

/// The year 2001, in seconds: a smaller number is a date, or a count.
const LEAST_SECONDS: f64 = 1e9;

/// Parses a time in any common form: many providers do not document theirs, or have changed it. Without a zone it is UTC.
fn in_any_form(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        let is_time = number.is_finite() && number >= LEAST_SECONDS;
        return is_time.then(|| TimeField::Seconds("").as_written(text))?;
    }
    let utc = |civil: DateTime| TimeZone::UTC.to_timestamp(civil).ok();
    let mut zones = ["UTC", "GMT", "Z"].iter();
    let plain = zones.find_map(|zone| text.strip_suffix(zone));
    let plain = plain.unwrap_or(text).trim_end();
    text.parse()
        .ok()
        .or_else(|| Timestamp::strptime("%Y-%m-%d %H:%M:%S%.f %z", text).ok())
        .or_else(|| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp()))
        .or_else(|| utc(plain.parse().ok()?))
        .or_else(|| utc(DateTime::strptime("%a %b %d %H:%M:%S %Y", plain).ok()?))
}
