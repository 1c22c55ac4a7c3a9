//! Parser for `Retry-After`: seconds, or one of the three date formats of HTTP (RFC 9110, 5.6.7 and 10.2.3).

use std::time::Duration;

use jiff::Timestamp;

/// Delay that the field value asks for, counted from `now`. Invalid values give none, past dates zero.
pub fn read(value: &[u8], now: Timestamp) -> Option<Duration> {
    let value = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    if value.bytes().all(|b| b.is_ascii_digit()) {
        // Ten digits are three centuries; a longer number is invalid.
        return (1..=10)
            .contains(&value.len())
            .then(|| value.parse().ok().map(Duration::from_secs))?;
    }
    let then = Timestamp::try_from(httpdate::parse_http_date(value).ok()?).ok()?;
    Some(
        then.duration_since(now)
            .try_into()
            .unwrap_or(Duration::ZERO),
    )
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
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
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
        assert_eq!(super::read(b"\xff\xfe", now), None);
    }
}
