//! Differences of two deliveries as text: `-` is the left side, `+` the right one.

use std::io::Write as _;

use crate::report::Untrusted;
use crate::report::diff::compared::{Compared, ComparedSide};
use crate::report::text::EventColumn;
use crate::report::text::humanize::{count, put_ordinal};
use crate::report::text::palette::Role;
use crate::report::text::{GUTTER, TextReport};
use crate::webhook::diff::difference::{Difference, Side};

/// Longest value in characters that stands beside its place.
const SHORT: usize = 40;

/// Longest value in characters that is shown from its beginning.
const LONG: usize = 72;

/// Characters before and after the part that differs, in a long value.
const AROUND: usize = 16;

/// Side that a line is of.
#[derive(Clone, Copy)]
enum Sign {
    Minus,
    Plus,
}

impl TextReport {
    /// Writes the differences of two deliveries.
    pub(crate) fn compared(&self, out: &mut Vec<u8>, it: &Compared) {
        self.side(out, Sign::Minus, &it.left);
        self.side(out, Sign::Plus, &it.right);
        let found = it.comparison;
        let mut part = None;
        for difference in &found.differences {
            if part != Some(difference.part) {
                part = Some(difference.part);
                out.push(b'\n');
                self.paint(out, Role::Dim, difference.part.name());
                out.push(b'\n');
            }
            self.difference(out, difference);
        }
        out.push(b'\n');
        let kept = found.differences.len();
        if found.count > kept {
            // Writing to a vector cannot fail, here and below.
            let _ = writeln!(out, "{GUTTER}… and {} more", found.count - kept);
        }
        let number = u64::try_from(found.count).unwrap_or(u64::MAX);
        let told = match (number, it.is_example) {
            (0, false) => "no differences".to_owned(),
            (0, true) => "members and types are those of the example".to_owned(),
            (number, false) => count(number, "difference", "differences"),
            (number, true) => count(
                number,
                "difference in members and types",
                "differences in members and types",
            ),
        };
        let role = if number == 0 { Role::Good } else { Role::Bold };
        self.paint(out, role, &told);
        if found.left_out > 0 {
            let left_out = format!(
                "; left out: {} in ids, times and signatures (`--all`)",
                found.left_out
            );
            self.paint(out, Role::Dim, &left_out);
        }
        out.push(b'\n');
    }

    fn side(&self, out: &mut Vec<u8>, sign: Sign, side: &ComparedSide) {
        self.sign(out, sign, &Untrusted::new(side.address).to_string());
        if let Some(receipt) = side.receipt {
            out.extend_from_slice(b"  ");
            self.paint(out, Role::Kind, receipt.provider.unwrap_or("unknown"));
            out.extend_from_slice(b"  ");
            EventColumn::of(receipt).write(out, &self.palette);
            let who = receipt
                .events
                .first()
                .and_then(|it| it.recipient.as_deref());
            if let Some(who) = who {
                let _ = write!(out, "  {}", Untrusted::new(who));
            }
        }
        if let Some(at) = side.at {
            let date = self.zone.to_datetime(at).date();
            self.paint(out, Role::Dim, &format!("  {date} "));
            self.palette
                .write_with(out, Role::Dim, |out| self.clock_of_seconds(out, at));
        }
        out.push(b'\n');
    }

    fn difference(&self, out: &mut Vec<u8>, it: &Difference) {
        let mut place = Untrusted::new(&it.place).to_string();
        if it.nth > 0 {
            let mut ordinal = Vec::new();
            put_ordinal(&mut ordinal, u64::try_from(it.nth + 1).unwrap_or(0));
            let ordinal = String::from_utf8_lossy(&ordinal);
            place = format!("{place} ({ordinal} of this name)");
        }
        if let Some((left, right)) = it.line {
            let line = if it.left.is_some() { left } else { right };
            let comma = if place.is_empty() { "" } else { ", " };
            place = format!("{place}{comma}line {line}");
        }
        let notes = it.note.iter().map(String::as_str);
        let notes: Vec<&str> = notes.chain(it.expected.then_some("expected")).collect();
        let note = match notes.as_slice() {
            [] => String::new(),
            notes => format!("  ({})", notes.join(", ")),
        };
        match (&it.left, &it.right) {
            (None, None) => {
                let what = it.note.as_deref().unwrap_or_default();
                out.extend_from_slice(GUTTER.as_bytes());
                if !place.is_empty() {
                    self.paint(out, Role::Bold, &place);
                    out.extend_from_slice(b"  ");
                }
                let _ = writeln!(out, "{}", Untrusted::new(what));
            }
            (Some(one), None) if is_short(one) => self.alone(out, Sign::Minus, &place, one, &note),
            (None, Some(other)) if is_short(other) => {
                self.alone(out, Sign::Plus, &place, other, &note);
            }
            (left, right) => {
                out.extend_from_slice(GUTTER.as_bytes());
                let place = if place.is_empty() { "body" } else { &place };
                self.paint(out, Role::Bold, place);
                self.paint(out, Role::Dim, &note);
                out.push(b'\n');
                let (one, other) = around(left.as_ref(), right.as_ref());
                self.lines(out, Sign::Minus, left.as_ref(), one);
                self.lines(out, Sign::Plus, right.as_ref(), other);
            }
        }
    }

    /// Writes a value that only one side has, beside its place.
    fn alone(&self, out: &mut Vec<u8>, sign: Sign, place: &str, side: &Side, note: &str) {
        out.extend_from_slice(GUTTER.as_bytes());
        let value = shown(side.text.trim_end_matches('\n'), side.is_json);
        let gap = if place.is_empty() { "" } else { "  " };
        self.sign(out, sign, &format!("{place}{gap}{value}"));
        self.paint(out, Role::Dim, note);
        out.push(b'\n');
    }

    fn lines(&self, out: &mut Vec<u8>, sign: Sign, side: Option<&Side>, text: String) {
        let Some(side) = side else {
            return;
        };
        let text = text.strip_suffix('\n').unwrap_or(&text);
        for line in text.split('\n') {
            out.extend_from_slice(GUTTER.as_bytes());
            self.sign(out, sign, &shown(line, side.is_json || text.contains('\n')));
            out.push(b'\n');
        }
        if side.is_cut {
            self.paint(out, Role::Dim, "    … (cut)\n");
        }
    }

    /// Writes an escaped text behind its sign.
    fn sign(&self, out: &mut Vec<u8>, sign: Sign, text: &str) {
        let (sign, role) = match sign {
            Sign::Minus => ("-", Role::Bad),
            Sign::Plus => ("+", Role::Good),
        };
        self.paint(out, role, &format!("{sign} {text}"));
    }
}

/// Text of a value, escaped. An empty text is said, where it has no quotes.
fn shown(text: &str, has_quotes: bool) -> String {
    match text {
        "" if !has_quotes => "(empty)".to_owned(),
        text => Untrusted::new(text).to_string(),
    }
}

fn is_short(side: &Side) -> bool {
    let text = side.text.trim_end_matches('\n');
    !side.is_cut && !text.contains('\n') && text.chars().count() <= SHORT
}

/// Texts of both sides; of two long ones only what is around the difference.
fn around(left: Option<&Side>, right: Option<&Side>) -> (String, String) {
    let text = |side: Option<&Side>| side.map(|it| it.text.clone()).unwrap_or_default();
    let (one, other) = (text(left), text(right));
    let is_long = |text: &str| text.chars().count() > LONG && !text.trim_end().contains('\n');
    if left.is_none() || right.is_none() || !(is_long(&one) || is_long(&other)) {
        return (one, other);
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = |(a, b): &(&char, &char)| a == b;
    let start = one.iter().zip(&other).take_while(same).count();
    let shorter = one.len().min(other.len()) - start;
    let ends = one.iter().rev().zip(other.iter().rev());
    let end = ends.take_while(same).count().min(shorter);
    let piece = |text: &[char]| {
        let from = match start.saturating_sub(AROUND) {
            // The mark is no shorter than what it stands for.
            0..=2 => 0,
            from => from,
        };
        let to = match end.saturating_sub(AROUND) {
            0..=2 => text.len(),
            cut => text.len() - cut,
        };
        let inner: String = text.get(from..to).unwrap_or_default().iter().collect();
        let mark = |is_cut: bool| if is_cut { "…" } else { "" };
        format!("{}{inner}{}", mark(from > 0), mark(to < text.len()))
    };
    (piece(&one), piece(&other))
}

#[cfg(test)]
mod tests {
    use super::around;
    use crate::webhook::diff::difference::Side;

    #[test]
    fn of_long_values_only_what_differs_is_shown_with_what_is_around_it() {
        let text =
            |middle: &str| Side::text(&format!("{}{middle}{}", "a".repeat(60), "b".repeat(60)));
        let (one, other) = around(Some(&text("X")), Some(&text("YY")));
        assert_eq!(one, format!("…{}X{}…", "a".repeat(16), "b".repeat(16)));
        assert_eq!(other, format!("…{}YY{}…", "a".repeat(16), "b".repeat(16)));
        let (one, other) = around(Some(&Side::text("aX")), Some(&Side::text("aY")));
        assert_eq!((&*one, &*other), ("aX", "aY"));
        let (one, other) = around(Some(&text("")), None);
        assert_eq!((one.len(), &*other), (120, ""));
    }
}
