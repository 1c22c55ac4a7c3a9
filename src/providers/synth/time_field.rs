//! Times as a provider writes them.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::providers::provider::TimeField;
use crate::webhook::TimestampFormat;

impl TimeField {
    /// Writes a time as this provider does, in the form of another.
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 fit 53 bits until the year 2255"
    )]
    pub(super) fn write(&self, at: Timestamp, like: &Value) -> Value {
        let as_text = like.is_string();
        match self {
            TimeField::Rfc3339(_, digits) => {
                let (offset, zone) = like.as_str().and_then(zone).unwrap_or_default();
                let local =
                    TimestampFormat::Rfc3339(*digits).write(at.checked_add(offset).unwrap_or(at));
                match zone {
                    "" => local.into(),
                    zone => format!("{}{zone}", local.trim_end_matches('Z')).into(),
                }
            }
            TimeField::Like(location) => {
                let fraction = like.as_str().and_then(|text| text.split_once('.'));
                let fraction = fraction.map_or("", |(_, fraction)| fraction);
                let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
                TimeField::Rfc3339(location, u8::try_from(digits).unwrap_or(9)).write(at, like)
            }
            TimeField::Utc(_, form) => Value::from(at.strftime(form).to_string()),
            TimeField::Seconds(location) if is_in_millis(like) => {
                TimeField::Millis(location).write(at, like)
            }
            TimeField::Seconds(_) | TimeField::LastSeconds(_) if as_text => {
                Value::from(at.as_second().to_string())
            }
            TimeField::Seconds(_) | TimeField::LastSeconds(_) => Value::from(at.as_second()),
            TimeField::Fraction(_) if like.is_i64() => Value::from(at.as_second()),
            TimeField::Fraction(_) => Value::from(at.as_microsecond() as f64 / 1e6),
            TimeField::Millis(_) if as_text => Value::from(at.as_millisecond().to_string()),
            TimeField::Millis(_) => Value::from(at.as_millisecond()),
            TimeField::Local(_) => Value::from(at.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        }
    }
}

/// True for a number of milliseconds since 1970: of seconds it would be in a far future.
fn is_in_millis(like: &Value) -> bool {
    like.as_i64()
        .is_some_and(|number| number >= 1_000_000_000_000)
}

/// Offset of an RFC 3339 time with a numeric zone, as a duration ahead of UTC and as written.
fn zone(text: &str) -> Option<(SignedDuration, &str)> {
    let zone = text.get(text.len().checked_sub(6)?..)?;
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    match zone.as_bytes().first()? {
        b'+' => Some((SignedDuration::from_mins(minutes), zone)),
        b'-' => Some((SignedDuration::from_mins(-minutes), zone)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::providers::provider::TimeField;

    #[test]
    fn a_time_is_written_in_the_form_of_the_example() {
        let at = "2026-11-23T23:20:01.123456Z".parse().unwrap();
        for (stamp, like, wanted) in [
            (
                TimeField::Rfc3339("", 0),
                serde_json::json!("2026-09-21T16:13:20+02:00"),
                serde_json::json!("2026-11-24T01:20:01+02:00"),
            ),
            (
                TimeField::Rfc3339("", 3),
                "2026-09-21T16:13:20.5-03:30".into(),
                "2026-11-23T19:50:01.123-03:30".into(),
            ),
            (
                TimeField::Rfc3339("", 0),
                "2026-09-21T14:13:20+00:00".into(),
                "2026-11-23T23:20:01+00:00".into(),
            ),
            (
                TimeField::Rfc3339("", 3),
                "2026-09-21T14:13:20.000Z".into(),
                "2026-11-23T23:20:01.123Z".into(),
            ),
            (
                TimeField::Seconds(""),
                1_790_000_000_000_i64.into(),
                1_795_476_001_123_i64.into(),
            ),
            (
                TimeField::Seconds(""),
                1_790_000_000.into(),
                1_795_476_001.into(),
            ),
            (
                TimeField::Fraction(""),
                1_790_000_000.5.into(),
                1_795_476_001.123456.into(),
            ),
            (
                TimeField::Fraction(""),
                1_790_000_000.into(),
                1_795_476_001.into(),
            ),
        ] {
            assert_eq!(stamp.write(at, &like), wanted, "{like}");
        }
    }
}
