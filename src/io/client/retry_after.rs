//! Parser for `Retry-After`: seconds, or one of the three date formats of HTTP (RFC 9110, 5.6.7 and 10.2.3).

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// Delay that the field value asks for, counted from `now`. Invalid values give none, past dates zero.
pub fn read(value: &[u8], now: Timestamp) -> Option<Duration> {
    let value = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    if value.bytes().all(|b| b.is_ascii_digit()) {
        // Ten digits are three centuries; a longer number is invalid.
        return (1..=10)
            .contains(&value.len())
            .then(|| value.parse().ok().map(Duration::from_secs))?;
    }
    let then = date(value, now)?;
    Some(
        then.duration_since(now)
            .try_into()
            .unwrap_or(Duration::ZERO),
    )
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

fn date(value: &str, now: Timestamp) -> Option<Timestamp> {
    // No date is longer than `Wednesday, 06-Nov-94 08:49:37 GMT`.
    if value.len() > 33 {
        return None;
    }
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    let (day, month, year, time) = match *words.as_slice() {
        // IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`
        [weekday, day, month, year, time, "GMT"] if weekday.ends_with(',') && year.len() == 4 => {
            (day, month, number(year)?, time)
        }
        // RFC 850: `Sunday, 06-Nov-94 08:49:37 GMT`
        [weekday, date, time, "GMT"] if weekday.ends_with(',') => {
            let (day, rest) = date.split_once('-')?;
            let (month, year) = rest.split_once('-')?;
            (day, month, century(year, now)?, time)
        }
        // asctime: `Sun Nov  6 08:49:37 1994`
        [_, month, day, time, year] if year.len() == 4 => (day, month, number(year)?, time),
        _ => return None,
    };
    let month = i8::try_from(MONTHS.iter().position(|name| *name == month)? + 1).ok()?;
    let date = Date::new(year, month, number(day)?).ok()?;
    let mut clock = time.split(':').map(number::<i8>);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if clock.next().is_some() {
        return None;
    }
    // A leap second counts as the second before.
    let time = Time::new(hour, minute, second.min(59), 0).ok()?;
    TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok()
}

fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// A year of two digits is the one that is at most 50 years ahead.
fn century(digits: &str, now: Timestamp) -> Option<i16> {
    let year = number::<i16>(digits).filter(|_| digits.len() == 2)?;
    let this = TimeZone::UTC.to_datetime(now).year();
    let near = this - this.rem_euclid(100) + year;
    Some(if near > this + 50 { near - 100 } else { near })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    #[test]
    fn seconds_and_dates_are_read_and_junk_is_not() {
        let now = "1994-11-06T08:49:00Z".parse().unwrap();
        let long = "9".repeat(20_000);
        let nested = "(".repeat(5_000);
        for (value, seconds) in [
            ("2", Some(2)),
            ("0", Some(0)),
            (" 86400 ", Some(86_400)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(37)),
            ("Sun Nov  6 08:49:37 1994", Some(37)),
            ("Sun, 06 Nov 1994 08:49:60 GMT", Some(59)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sunday, 06-Nov-45 08:49:37 GMT", Some(0)),
            ("", None),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("soon", None),
            ("2 s", None),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 31 Feb 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37:00 GMT", None),
            ("Sun, +6 Nov 1994 08:49:37 GMT", None),
            ("\u{662}", None),
            (&long, None),
            (&nested, None),
        ] {
            assert_eq!(
                super::read(value.as_bytes(), now),
                seconds.map(Duration::from_secs),
                "`{value:.40}`"
            );
        }
        // Two digits are the nearest year that is not far ahead.
        let now = "2026-11-06T08:49:00Z".parse().unwrap();
        let wait = |year| {
            super::read(
                format!("Sunday, 06-Nov-{year} 08:49:37 GMT").as_bytes(),
                now,
            )
            .unwrap()
        };
        assert_eq!(
            (wait("94"), wait("26")),
            (Duration::ZERO, Duration::from_secs(37))
        );
        assert!(wait("70") > Duration::from_secs(40 * 365 * 86_400));
        assert_eq!(super::read(b"\xff\xfe", now), None);
    }
}
