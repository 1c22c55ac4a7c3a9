//! Status line of `listen` with the totals so far, kept below all other output.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthStr;

use crate::report::Tally;
use crate::report::text::humanize::{count, span};
use crate::report::text::palette::{Palette, Role};

/// Time span over which the rate is measured.
const WINDOW: Duration = Duration::from_secs(3);

/// Formatter of the status line.
#[derive(Debug, Default)]
pub struct StatusLine {
    /// Numbers of deliveries at earlier times, for the rate.
    seen: VecDeque<(Instant, u64)>,
    /// True if single keys are read.
    has_keys: bool,
}

impl StatusLine {
    /// Makes a status line; `has_keys` if single keys are read.
    pub fn new(has_keys: bool) -> Self {
        Self {
            has_keys,
            ..Self::default()
        }
    }

    /// Formats the status line for the totals at `now`, in at most `width` columns.
    pub fn line(&mut self, tally: &Tally, now: Instant, palette: &Palette, width: usize) -> String {
        let rate = self.rate(tally.deliveries, now);
        if tally.deliveries == 0 {
            let end = if self.has_keys {
                "`?` lists the keys, `q` ends it"
            } else {
                "Ctrl-C ends it"
            };
            return palette.paint(Role::Dim, format!("nothing came yet; {end}"));
        }
        let mut parts = vec![(
            Some(Role::Bold),
            count(tally.deliveries, "delivery", "deliveries"),
        )];
        if rate >= 0.5 {
            parts.push((None, format!("{rate:.0}/s")));
        }
        if tally.refused_signatures > 0 {
            let told = format!("unverified {}", tally.refused_signatures);
            parts.push((Some(Role::Bad), told));
        }
        if tally.retries > 0 {
            parts.push((None, count(tally.retries, "retry", "retries")));
        }
        if !tally.micros.is_empty() {
            let quantile = |share| span(tally.quantile(share));
            let took = format!("p50 {}  p99 {}", quantile(0.5), quantile(0.99));
            parts.push((Some(Role::Dim), took));
        }
        let kinds = tally.kinds.iter();
        parts.extend(kinds.map(|(kind, count)| (None, format!("{kind} {count}"))));
        fitting(&parts, palette, width)
    }

    fn rate(&mut self, deliveries: u64, now: Instant) -> f64 {
        while self.seen.len() > 1
            && self
                .seen
                .front()
                .is_some_and(|(at, _)| now.saturating_duration_since(*at) > WINDOW)
        {
            self.seen.pop_front();
        }
        let (since, before) = self.seen.front().copied().unwrap_or((now, deliveries));
        self.seen.push_back((now, deliveries));
        let seconds = now.saturating_duration_since(since).as_secs_f64();
        if seconds > 0.0 {
            #[expect(clippy::cast_precision_loss, reason = "it is told without fractions")]
            let came = deliveries.saturating_sub(before) as f64;
            came / seconds
        } else {
            0.0
        }
    }
}

/// Joins the parts, leaving out those that do not fit.
fn fitting(parts: &[(Option<Role>, String)], palette: &Palette, width: usize) -> String {
    let mut line = String::new();
    let mut columns = 0;
    for (role, text) in parts {
        let gap = if columns == 0 { 0 } else { 2 };
        let wanted = gap + text.width();
        if columns + wanted > width {
            continue;
        }
        columns += wanted;
        line.extend(std::iter::repeat_n(' ', gap));
        match role {
            Some(role) => line += &palette.paint(*role, text),
            None => line += text,
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{Palette, StatusLine, Tally};
    use crate::webhook::{Event, Kind, Receipt};
    use std::time::{Duration, Instant};

    fn receipt(kind: Kind) -> Receipt {
        Receipt {
            events: vec![Event {
                kind,
                native: String::new(),
                recipient: None,
                message_id: None,
                at: None,
                url: None,
                bounce: None,
                reason: None,
            }],
            ..Receipt::default()
        }
    }

    #[test]
    fn the_line_tells_counts_kinds_times_and_the_rate_of_late() {
        let (mut live, mut tally, start) = (
            StatusLine::default(),
            Tally::new("received"),
            Instant::now(),
        );
        let plain = Palette::plain();
        let mut line = |tally: &Tally, millis| {
            live.line(tally, start + Duration::from_millis(millis), &plain, 78)
        };
        assert_eq!(line(&tally, 0), "nothing came yet; Ctrl-C ends it");
        for _ in 0..20 {
            tally.received(
                &receipt(Kind::Click),
                false,
                Some(200),
                Duration::from_micros(800),
                false,
            );
        }
        tally.received(
            &receipt(Kind::Bounce),
            false,
            Some(200),
            Duration::from_millis(12),
            true,
        );
        assert_eq!(
            line(&tally, 1000),
            "21 deliveries  21/s  1 retry  p50 0.80 ms  p99 12 ms  click 20  bounce 1"
        );
        // A pause in which nothing is received.
        for millis in [3000, 6000, 7000] {
            line(&tally, millis);
        }
        assert!(line(&tally, 9000).starts_with("21 deliveries  1 retry  p50"));
        let narrow = live.line(&tally, start + Duration::from_secs(9), &plain, 30);
        assert_eq!(narrow, "21 deliveries  1 retry");
    }
}
