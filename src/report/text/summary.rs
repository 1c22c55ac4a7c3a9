//! Summary at the end of a run.

use std::io::Write as _;
use std::time::Duration;

use crate::report::tally::ForwardTally;
use crate::report::text::TextReport;
use crate::report::text::histogram;
use crate::report::text::humanize::{count, span};
use crate::report::text::palette::Role;
use crate::report::{Tally, Untrusted};

/// Fewest responses for which a latency histogram is shown.
const ENOUGH: u64 = 20;

impl TextReport {
    /// Writes the summary. Writing to a vector cannot fail, here and below.
    pub(crate) fn summary(&self, out: &mut Vec<u8>, it: &Tally) {
        self.counts(out, it);
        if !it.kinds.is_empty() {
            let kinds: Vec<String> = it
                .kinds
                .iter()
                .map(|(kind, count)| format!("{kind} {count}"))
                .collect();
            let _ = writeln!(out, "  events    {}", kinds.join("  "));
        }
        if !it.statuses.is_empty() {
            self.statuses(out, it);
        }
        if it.verb == "sent" {
            self.pace(out, it);
        }
        if let Some(passing) = &it.forwarded {
            self.forwarded_in_all(out, passing);
        }
        if let Some(next) = &it.next {
            self.paint(out, Role::Dim, &Untrusted::new(next).to_string());
            out.push(b'\n');
        }
    }

    /// Writes the numbers of deliveries, and of those that something happened to.
    fn counts(&self, out: &mut Vec<u8>, it: &Tally) {
        let _ = write!(
            out,
            "{} {} in {}",
            count(it.deliveries, "delivery", "deliveries"),
            it.verb,
            span(it.elapsed)
        );
        if it.failed > 0 {
            out.extend_from_slice(b", ");
            self.paint(out, Role::Bad, &format!("{} failed", it.failed));
        }
        if it.retries > 0 {
            let _ = write!(out, ", {}", count(it.retries, "retry", "retries"));
        }
        if it.maybe_duplicate > 0 {
            let _ = write!(out, ", {} perhaps sent twice", it.maybe_duplicate);
        }
        if it.hung_up > 0 {
            let _ = write!(out, ", {} hung up on", it.hung_up);
        }
        if it.refused_signatures > 0 {
            out.extend_from_slice(b", ");
            self.paint(
                out,
                Role::Bad,
                &format!("{} without a valid signature", it.refused_signatures),
            );
        }
        if it.broken > 0 {
            out.extend_from_slice(b", ");
            self.paint(
                out,
                Role::Bad,
                &count(it.broken, "broken input", "broken inputs"),
            );
        }
        out.push(b'\n');
    }

    /// Writes the statuses of the responses and the times that they took.
    fn statuses(&self, out: &mut Vec<u8>, it: &Tally) {
        out.extend_from_slice(b"  statuses");
        for (status, count) in &it.statuses {
            out.extend_from_slice(b"  ");
            self.status(out, *status);
            let _ = write!(out, " \u{d7} {count}");
        }
        out.push(b'\n');
        let quantile = |share| span(it.quantile(share));
        let max = span(Duration::from_micros(it.micros.max()));
        let _ = writeln!(
            out,
            "  took      p50 {}  p90 {}  p99 {}  max {max}",
            quantile(0.5),
            quantile(0.9),
            quantile(0.99)
        );
    }

    fn forwarded_in_all(&self, out: &mut Vec<u8>, it: &ForwardTally) {
        let is_one = it.refused.len() == 1;
        let times = |(status, count): (&u16, &u64)| match count {
            // The count is already shown before the parentheses.
            _ if is_one => status.to_string(),
            1 => status.to_string(),
            count => format!("{status} \u{d7} {count}"),
        };
        let statuses: Vec<String> = it.refused.iter().map(times).collect();
        let rejected = format!("rejected ({})", statuses.join(", "));
        out.extend_from_slice(b"  forwarded:");
        let mut gap = " ";
        for (number, what, role) in [
            (it.passed, "accepted (2xx)", None),
            (it.rejected(), &rejected, Some(Role::Bad)),
            (it.unanswered, "no response", Some(Role::Bad)),
        ] {
            if number == 0 {
                continue;
            }
            out.extend_from_slice(gap.as_bytes());
            gap = ", ";
            let told = format!("{number} {what}");
            match role {
                None => out.extend_from_slice(told.as_bytes()),
                Some(role) => self.paint(out, role, &told),
            }
        }
        if gap == " " {
            out.extend_from_slice(b" nothing");
        }
        out.push(b'\n');
    }

    /// Writes the rate and the latency histogram, if there are enough responses.
    fn pace(&self, out: &mut Vec<u8>, it: &Tally) {
        if it.micros.len() < ENOUGH {
            return;
        }
        let seconds = it.elapsed.as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
        let rate = it.deliveries as f64 / seconds;
        let _ = writeln!(out, "  rate      {rate:.0}/s");
        for (limit, bar, count) in histogram::rows(&it.micros) {
            let _ = write!(out, "  {limit:>13}  ");
            self.paint(out, Role::Kind, &bar);
            let _ = writeln!(out, " {count}");
        }
    }
}
