//! Histogram of response times, as bars: each row covers about twice the time of the row above it.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::report::text::humanize::span;

/// Length of the longest bar, in characters.
const WIDTH: u64 = 40;

/// Rows in order of time: label, bar and count.
pub fn rows(micros: &Histogram<u32>) -> Vec<(String, String, u64)> {
    let mut counts: Vec<(u64, u64)> = Vec::new();
    for value in micros.iter_recorded() {
        let limit = limit(value.value_iterated_to());
        let count = u64::from(value.count_at_value());
        match counts.last_mut().filter(|(last, _)| *last == limit) {
            Some((_, so_far)) => *so_far += count,
            None => counts.push((limit, count)),
        }
    }
    let most = counts
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or(1)
        .max(1);
    counts
        .into_iter()
        .map(|(limit, count)| {
            let up_to = format!("up to {}", span(Duration::from_micros(limit)));
            (up_to, bar(count, most), count)
        })
        .collect()
}

/// Smallest of 1, 2, 5, 10, 20, 50, … that is not less than `micros`.
fn limit(micros: u64) -> u64 {
    let mut power = 1u64;
    loop {
        for step in [1, 2, 5] {
            let limit = power.saturating_mul(step);
            if limit >= micros || limit == u64::MAX {
                return limit;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// Draws a bar in eighths of a character; a count above zero is always visible.
fn bar(count: u64, most: u64) -> String {
    let eighths = (count.saturating_mul(WIDTH * 8) / most).max(u64::from(count > 0));
    let mut bar = "█".repeat(usize::try_from(eighths / 8).unwrap_or(0));
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    bar += usize::try_from(eighths % 8)
        .ok()
        .and_then(|rest_of| rest.get(rest_of))
        .unwrap_or(&"");
    bar
}

#[cfg(test)]
mod tests {
    use super::{bar, limit, rows};
    use hdrhistogram::Histogram;

    #[test]
    fn rows_are_in_order_and_lose_nothing() {
        let mut micros = Histogram::<u32>::new_with_bounds(1, 3_600_000_000, 2).unwrap();
        for value in [90, 150, 180, 900, 40_000, 40_000, 40_000, 40_000] {
            micros.record(value).unwrap();
        }
        let rows = rows(&micros);
        let told: Vec<(&str, u64)> = rows
            .iter()
            .map(|(said, _, count)| (said.as_str(), *count))
            .collect();
        assert_eq!(
            told,
            [
                ("up to 0.10 ms", 1),
                ("up to 0.20 ms", 2),
                ("up to 1.0 ms", 1),
                ("up to 50 ms", 4)
            ]
        );
        assert_eq!(
            (rows[3].1.chars().count(), rows[0].1.chars().count()),
            (40, 10)
        );
    }

    #[test]
    fn bars_and_limits() {
        assert_eq!(
            (limit(1), limit(3), limit(5), limit(6), limit(1001)),
            (1, 5, 5, 10, 2000)
        );
        assert_eq!(
            (bar(0, 10), bar(1, 1_000_000), bar(10, 10).chars().count()),
            (String::new(), "▏".into(), 40)
        );
    }
}
