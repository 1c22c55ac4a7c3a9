//! Drift of a recording from the examples as text, one block a provider and kind.

use std::io::Write as _;

use unicode_width::UnicodeWidthStr;

use crate::report::Untrusted;
use crate::report::diff::compared::{DriftTotals, Drifted};
use crate::report::text::humanize::count;
use crate::report::text::palette::Role;
use crate::report::text::{GUTTER, TextReport};

/// Widest column of places.
const WIDEST: usize = 40;

/// Most places with custom data that are listed.
const CUSTOM: usize = 12;

impl TextReport {
    /// Writes what is different in the deliveries of a kind.
    pub(crate) fn drifted(&self, out: &mut Vec<u8>, it: &Drifted) {
        self.paint(out, Role::Kind, &Untrusted::new(&it.provider).to_string());
        out.extend_from_slice(b"  ");
        let kind = it.kind.unwrap_or("unknown event");
        self.paint(out, Role::Bold, kind);
        if let Some(native) = it.native.filter(|it| *it != kind)
            && (it.is_one_of_several || kind == "other")
        {
            // Writing to a vector cannot fail, here and below.
            let _ = write!(out, " ({native})");
        }
        let _ = write!(out, "  {}", count(it.deliveries, "delivery", "deliveries"));
        if it.events != it.deliveries {
            let _ = write!(out, ", {}", count(it.events, "event", "events"));
        }
        if it.kind.is_some() && !it.has_example {
            self.paint(out, Role::Dim, "  no example");
        } else if it.is_like_example() {
            self.paint(out, Role::Good, "  like the example");
        }
        out.push(b'\n');
        self.findings(out, it);
        if !it.custom.is_empty() {
            let places = it.custom.iter().take(CUSTOM);
            let places: Vec<String> = places.map(|it| Untrusted::new(it).to_string()).collect();
            let more = match it.custom.len().saturating_sub(CUSTOM) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let told = format!("{GUTTER}custom   {}{more}\n", places.join(", "));
            self.paint(out, Role::Dim, &told);
        }
        if it.cut > 0 {
            let _ = writeln!(
                out,
                "{GUTTER}too many different places: not all are listed, those of {} are missing",
                count(it.cut, "delivery", "deliveries")
            );
        }
    }

    fn findings(&self, out: &mut Vec<u8>, it: &Drifted) {
        let places = it.unknown.iter().map(|it| &it.place);
        let places = places.chain(it.missing.iter().map(|it| &it.place));
        let places = places.chain(it.types.iter().map(|it| &it.place));
        let widths = places.map(|place| Untrusted::new(place).to_string().width());
        let width = widths.max().unwrap_or(0).min(WIDEST);
        let mut line = |role: Role, what: &str, place: &str, text: &str, deliveries: u64| {
            out.extend_from_slice(GUTTER.as_bytes());
            self.paint(out, role, &format!("{what:<9}"));
            let place = Untrusted::new(place).to_string();
            let gap = match text {
                "" => String::new(),
                _ => " ".repeat(width.saturating_sub(place.width()) + 2),
            };
            let _ = write!(out, "{place}{gap}{text}");
            if deliveries > 0 && deliveries < it.deliveries {
                let told = format!("  in {deliveries} of {}", it.deliveries);
                self.paint(out, Role::Dim, &told);
            }
            out.push(b'\n');
        };
        for name in &it.names {
            line(Role::Warn, "event", name, "", 0);
        }
        for member in &it.unknown {
            let types = member.types.join(" or ");
            line(
                Role::Warn,
                "unknown",
                &member.place,
                &types,
                member.deliveries,
            );
        }
        for change in &it.types {
            let text = format!("{} (example: {})", change.came, change.expected);
            line(Role::Warn, "type", &change.place, &text, change.deliveries);
        }
        for member in &it.missing {
            let text = match member.assumed {
                true => format!("{} (assumed, not documented)", member.expected),
                false => member.expected.clone(),
            };
            line(Role::Dim, "missing", &member.place, &text, 0);
        }
    }

    /// Writes the totals.
    pub(crate) fn drift_totals(&self, out: &mut Vec<u8>, it: &DriftTotals) {
        let mut told = format!(
            "{} compared",
            count(it.deliveries, "delivery", "deliveries")
        );
        if it.unrecognised > 0 {
            told += &format!("; {} of an unknown provider", it.unrecognised);
        }
        if it.without_events > 0 {
            told += &format!("; {} without a readable event", it.without_events);
        }
        told += &match it.drifting {
            0 => "; nothing differs from the examples".to_owned(),
            1 => "; 1 kind differs from its example".to_owned(),
            kinds => format!("; {kinds} kinds differ from their examples"),
        };
        out.push(b'\n');
        self.paint(out, Role::Bold, &format!("{told}\n"));
    }
}
