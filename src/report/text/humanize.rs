//! Numbers and time spans for people.

use std::io::Write as _;
use std::time::Duration;

/// Time span in whole microseconds.
pub(crate) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// Formats a time span for people: `0.8 ms`, `12 ms`, `1.2 s`, `3 m 20 s`.
pub fn span(it: Duration) -> String {
    let mut out = Vec::new();
    put_span(&mut out, it);
    String::from_utf8(out).unwrap_or_default()
}

pub(crate) fn put_span(out: &mut Vec<u8>, it: Duration) {
    let micros = micros(it);
    if let (0..1000, Ok(hundredths)) = (micros, u8::try_from(micros / 10)) {
        // Fast path for the most common case: formatting would take longer than the rest of a line.
        let shown = hundredths.max(1);
        let digits = [b'0' + shown / 10, b'0' + shown % 10];
        // A span below 10 µs is shown as `<0.01 ms`, and not as zero.
        let start: &[u8] = if hundredths == 0 { b"<0." } else { b"0." };
        out.extend_from_slice(start);
        out.extend_from_slice(&digits);
        return out.extend_from_slice(b" ms");
    }
    let (seconds, part) = (it.as_secs(), micros % 1_000_000);
    // Writing to a vector cannot fail.
    let _ = match micros {
        ..10_000 => write!(out, "{}.{} ms", micros / 1000, micros / 100 % 10),
        10_000..1_000_000 => write!(out, "{} ms", micros / 1000),
        1_000_000..60_000_000 => write!(out, "{seconds}.{} s", part / 100_000),
        _ => write!(out, "{} m {} s", seconds / 60, seconds % 60),
    };
}

/// Appends an ordinal number: `2nd`, `13th`.
pub(crate) fn put_ordinal(out: &mut Vec<u8>, number: u64) {
    let end = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    let _ = write!(out, "{number}{end}");
}

/// Appends a number; formatting a small one would take longer than the rest of its cell.
pub(crate) fn put_number(out: &mut Vec<u8>, number: usize) {
    match u8::try_from(number) {
        Ok(digit @ 0..10) => out.push(b'0' + digit),
        _ => out.extend_from_slice(number.to_string().as_bytes()),
    }
}

/// Formats a number with its noun: `1 event`, `2 events`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::{count, put_ordinal, span};
    use std::time::Duration;

    #[test]
    fn spans_and_plurals_read_well() {
        for (micros, said) in [
            (0, "<0.01 ms"),
            (84, "0.08 ms"),
            (812, "0.81 ms"),
            (9_999, "9.9 ms"),
            (12_034, "12 ms"),
            (1_250_000, "1.2 s"),
            (200_000_000, "3 m 20 s"),
        ] {
            assert_eq!(span(Duration::from_micros(micros)), said);
        }
        let mut told = Vec::new();
        for number in [1, 2, 3, 4, 11, 12, 13, 21, 22, 103, 112] {
            put_ordinal(&mut told, number);
        }
        assert_eq!(told, b"1st2nd3rd4th11th12th13th21st22nd103rd112th");
        assert_eq!(count(1, "delivery", "deliveries"), "1 delivery");
        assert_eq!(count(0, "delivery", "deliveries"), "0 deliveries");
    }
}
