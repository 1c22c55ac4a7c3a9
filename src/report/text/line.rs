//! One line for a delivery: status first, then what it is about, and its address, by which it can be named again.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::report::Untrusted;
use crate::report::notice::{Logged, Received, Repeat};
use crate::report::text::TextReport;
use crate::report::text::escape::is_plain;
use crate::report::text::humanize::{put_ordinal, put_span, span};
use crate::report::text::palette::Role;
use crate::report::text::text_report::{kind_role, pad};
use crate::webhook::{Delivery, Kind, Receipt, Verdict};

/// Widths in columns that most texts have: shorter ones are padded, so that lines stand in columns.
const WHAT: usize = 9;
const WHO: usize = 15;
const PROVIDER: usize = 8;
const TOOK: usize = 6;

/// Fewest columns that path and recipient keep on a narrow terminal.
const LEAST: usize = 8;

/// Delivery on one line.
#[derive(Debug)]
pub struct Line<'a> {
    /// Time of receipt.
    pub at: Option<Timestamp>,
    /// Status of the response; none if there was none.
    pub status: Option<u16>,
    /// The request.
    pub delivery: &'a Delivery,
    /// Provider, events and signature found in it.
    pub receipt: &'a Receipt,
    /// URL of the handler that responded, if it was forwarded.
    pub target: Option<&'a str>,
    /// Duration until the response.
    pub took: Option<Duration>,
    /// Address in its recording, if it is recorded.
    pub address: Option<&'a str>,
    /// True if it was failed on purpose.
    pub on_purpose: bool,
    /// True if it was sent to the handler again, by hand.
    pub is_resent: bool,
    /// Repetition of an earlier delivery, if it is one.
    pub again: Option<Repeat>,
    /// Reason of a failure, at the end of the line.
    pub reason: Option<(&'static str, &'a str)>,
}

impl<'a> Line<'a> {
    /// Line of a recorded delivery, with its last recorded response.
    pub fn of(logged: &'a Logged<'a>) -> Line<'a> {
        let fixture = logged.fixture;
        let last = fixture.answers.last();
        let micros = match last {
            Some(last) => Some(last.micros),
            None => fixture.reply.as_ref().map(|reply| reply.micros),
        };
        Line {
            at: fixture.at,
            status: fixture.last_status(),
            delivery: &fixture.delivery,
            receipt: logged.receipt,
            target: last
                .map(|last| last.target.as_str())
                .filter(|target| !target.is_empty()),
            took: micros.map(Duration::from_micros),
            address: Some(logged.address),
            on_purpose: false,
            is_resent: false,
            again: None,
            reason: None,
        }
    }

    /// Line of a received delivery.
    pub fn received(it: &'a Received<'a>) -> Line<'a> {
        Line {
            at: Some(it.at),
            status: it.status,
            delivery: it.delivery,
            receipt: it.receipt,
            target: it.handler.map(|handler| handler.target),
            took: Some(it.handler.map_or(it.took, |handler| handler.took)),
            address: it.address,
            on_purpose: it.on_purpose,
            is_resent: false,
            again: it.again,
            reason: None,
        }
    }
}

/// Texts of a line that may be shortened on a narrow terminal.
struct Cells<'a> {
    who: Cow<'a, str>,
    method: &'a str,
    path: Cow<'a, str>,
    target: Option<Cow<'a, str>>,
    took: Option<Duration>,
}

impl TextReport {
    /// Writes a delivery on one line.
    pub(crate) fn line(&self, out: &mut Vec<u8>, it: &Line) {
        let (what, role) = subject(it.receipt);
        let first = it.receipt.events.first();
        let mut cells = Cells {
            who: escaped(
                first
                    .and_then(|event| event.recipient.as_deref())
                    .unwrap_or("-"),
            ),
            method: it.delivery.method.as_str(),
            path: escaped(it.delivery.path.path()),
            target: it.target.map(|target| escaped(shortened(target))),
            took: it.took,
        };
        let provider = it.receipt.provider.unwrap_or("unknown");
        let address = it.address.map(escaped).unwrap_or_default();
        let verdict = verdict_word(it.receipt);
        let mut who_column = WHO;
        if let Some(width) = (self.columns)() {
            if width < 100 {
                who_column = 0;
            }
            let fixed = TIME_AND_STATUS
                + columns(&what).max(WHAT)
                + columns(provider).max(PROVIDER)
                + BETWEEN
                + gap(&address)
                + ending_width(it, verdict);
            cells.fit(width.saturating_sub(fixed), who_column);
        }

        match it.at {
            Some(at) => self.clock_of_seconds(out, at),
            None => out.extend_from_slice(b"--:--:--"),
        }
        out.extend_from_slice(b"  ");
        match it.status {
            Some(status) => self.status(out, status),
            None => self.paint(out, Role::Bad, "---"),
        }
        out.extend_from_slice(b"  ");
        self.paint(out, role, &what);
        pad(out, WHAT.saturating_sub(columns(&what)) + 2);
        out.extend_from_slice(cells.who.as_bytes());
        pad(out, who_column.saturating_sub(columns(&cells.who)) + 2);
        self.paint(out, Role::Kind, provider);
        pad(out, PROVIDER.saturating_sub(columns(provider)) + 2);
        out.extend_from_slice(cells.method.as_bytes());
        if !cells.method.is_empty() && !cells.path.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(cells.path.as_bytes());
        if let Some(target) = &cells.target {
            out.extend_from_slice(ARROW.as_bytes());
            out.extend_from_slice(target.as_bytes());
        }
        // Without method and path, the gap is there already.
        let mut gap = if cells.path.is_empty() { "" } else { "  " };
        if let Some(took) = cells.took {
            out.extend_from_slice(gap.as_bytes());
            put_took(out, took);
            gap = "  ";
        }
        if !address.is_empty() {
            out.extend_from_slice(gap.as_bytes());
            self.paint(out, Role::Dim, &address);
        }
        self.ending(out, it, verdict);
        out.push(b'\n');
    }

    /// Writes what is out of the ordinary, at the end of a line.
    fn ending(&self, out: &mut Vec<u8>, it: &Line, verdict: &str) {
        if !verdict.is_empty() {
            let role = match it.receipt.signature.verdict {
                Verdict::Refused => Role::Bad,
                Verdict::VerifiedTestKey => Role::Warn,
                Verdict::Verified | Verdict::Unsigned | Verdict::Unchecked => Role::Dim,
            };
            out.extend_from_slice(b"  ");
            self.paint(out, role, verdict);
        }
        if it.on_purpose {
            self.paint(out, Role::Warn, "  on purpose");
        }
        if it.is_resent {
            self.paint(out, Role::Warn, "  sent again");
        }
        if let Some(repeat) = it.again {
            self.repeat(out, repeat);
        }
        if let Some((what, why)) = it.reason {
            out.extend_from_slice(b"  ");
            self.paint(out, Role::Bad, what);
            out.push(b' ');
            out.extend_from_slice(escaped(why).as_bytes());
        }
    }

    /// Writes the number of receptions of a repeated delivery, and the time since the first.
    pub(super) fn repeat(&self, out: &mut Vec<u8>, Repeat { count, since }: Repeat) {
        self.palette.write_with(out, Role::Warn, |out| {
            out.extend_from_slice(b"  ");
            put_ordinal(out, count);
            out.extend_from_slice(b" time, ");
            put_span(out, since);
            out.extend_from_slice(b" after the first");
        });
    }
}

/// Mark between the path and the handler that it was forwarded to.
const ARROW: &str = " → ";

/// Columns of the time and the status, with the gaps behind them.
const TIME_AND_STATUS: usize = 15;

/// Columns of the other gaps: behind the kind, the recipient and the provider.
const BETWEEN: usize = 2 + 2 + 2;

/// Columns of what [`TextReport::ending`] writes, but a reason.
fn ending_width(it: &Line, verdict: &str) -> usize {
    let words = if it.on_purpose || it.is_resent { 12 } else { 0 };
    let repeat = it
        .again
        .map_or(0, |_| "  2nd time, 100 ms after the first".len());
    gap(verdict) + words + repeat
}

impl Cells<'_> {
    /// Shortens and leaves out, until the cells fit: first what is the same on most lines, and the recipient last.
    fn fit(&mut self, width: usize, who_column: usize) {
        let steps: [fn(&mut Self, usize); 6] = [
            |it, excess| it.path = elided(&it.path, excess).into(),
            |it, _| {
                if it.method == "POST" {
                    it.method = "";
                }
            },
            |it, _| it.target = None,
            |it, _| it.took = None,
            |it, _| {
                it.method = "";
                it.path = "".into();
            },
            |it, excess| it.who = elided(&it.who, excess).into(),
        ];
        for step in steps {
            let excess = self.width(who_column).saturating_sub(width);
            if excess == 0 {
                return;
            }
            step(self, excess);
        }
    }

    fn width(&self, who_column: usize) -> usize {
        let method = match self.method {
            "" => 0,
            method => method.len() + 1,
        };
        let target = self.target.as_deref();
        let target = target.map_or(0, |target| columns(target) + 3);
        let took = self.took;
        let took = took.map_or(0, |took| columns(&span(took)).max(TOOK) + 2);
        let who = columns(&self.who).max(who_column);
        match columns(&self.path) {
            // The gap behind the provider is the one before the address.
            0 => (who + target + took).saturating_sub(2),
            path => who + method + path + target + took,
        }
    }
}

/// Text of a stranger, escaped. Most texts need no escape, and are not copied.
fn escaped(text: &str) -> Cow<'_, str> {
    if text.len() <= PLAIN && text.bytes().all(is_plain) {
        text.into()
    } else {
        Untrusted::new(text).to_string().into()
    }
}

/// Longest text that is looked through for a character to escape before it is copied.
const PLAIN: usize = 1024;

/// Width of a text in columns.
fn columns(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.width()
    }
}

/// Writes a duration, aligned to the right.
fn put_took(out: &mut Vec<u8>, took: Duration) {
    let start = out.len();
    put_span(out, took);
    let missing = TOOK.saturating_sub(out.len() - start);
    if missing > 0 {
        pad(out, missing);
        if let Some(cell) = out.get_mut(start..) {
            cell.rotate_right(missing);
        }
    }
}

/// Word for a verdict; none where a signature is verified, or where none is expected.
fn verdict_word(receipt: &Receipt) -> &'static str {
    match receipt.signature.verdict {
        _ if receipt.handshake => "",
        Verdict::Verified => "",
        Verdict::VerifiedTestKey => "test key",
        verdict @ (Verdict::Unsigned | Verdict::Unchecked | Verdict::Refused) => verdict.name(),
    }
}

/// Kind of the event, or number of events, and the colour of it.
pub(crate) fn subject(receipt: &Receipt) -> (Cow<'_, str>, Role) {
    match receipt.events.as_slice() {
        [] if receipt.handshake => ("handshake".into(), Role::Dim),
        [] => ("no events".into(), Role::Dim),
        [one] if one.kind == Kind::Other => {
            let name = Untrusted::new(&one.native).to_string();
            (elided_to(&name, 24).into(), Role::Kind)
        }
        [one] => (one.kind.name().into(), kind_role(one.kind)),
        many => (format!("{} events", many.len()).into(), Role::Bold),
    }
}

/// URL of a handler, as it may be typed: `:3000` for this machine, else host and port.
fn shortened(target: &str) -> &str {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let end = rest.find('/').unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or(rest);
    ["127.0.0.1:", "localhost:", "[::1]:"]
        .iter()
        .find(|local| authority.starts_with(**local))
        .and_then(|local| authority.get(local.len() - 1..))
        .unwrap_or(authority)
}

/// Columns that a text takes with the gap before it.
fn gap(text: &str) -> usize {
    match text {
        "" => 0,
        text => columns(text) + 2,
    }
}

/// Shortens a text by so many columns, if it has them to spare; `…` stands for what is left out.
fn elided(text: &str, excess: usize) -> String {
    elided_to(text, columns(text).saturating_sub(excess).max(LEAST))
}

fn elided_to(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut out = String::with_capacity(most + 3);
    let mut width = 1;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width > most {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::{Line, shortened};
    use crate::report::text::TextReport;
    use crate::report::{Palette, Parts, View};
    use crate::webhook::{Delivery, Event, Kind, Receipt, Signature, Verdict};
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use std::sync::LazyLock;
    use std::time::Duration;
    use unicode_width::UnicodeWidthStr;

    fn delivery(path: &str) -> Delivery {
        Delivery {
            method: http::Method::POST,
            path: path.parse().unwrap(),
            headers: Default::default(),
            body: Default::default(),
        }
    }

    fn receipt(kinds: &[Kind], recipient: &str, verdict: Verdict) -> Receipt {
        let event = |kind: &Kind| Event {
            kind: *kind,
            native: "Odd\u{1b}".into(),
            recipient: Some(recipient.into()),
            message_id: None,
            at: None,
            url: None,
            bounce: None,
            reason: None,
        };
        Receipt {
            provider: Some("sendgrid"),
            events: kinds.iter().map(event).collect(),
            signature: Signature {
                verdict,
                ..Signature::default()
            },
            ..Receipt::default()
        }
    }

    /// Line of a delivery that a handler on port 3000 accepted.
    fn forwarded<'a>(delivery: &'a Delivery, receipt: &'a Receipt) -> Line<'a> {
        Line {
            at: Some("2026-11-23T19:20:01.5Z".parse().unwrap()),
            status: Some(200),
            delivery,
            receipt,
            target: Some("http://127.0.0.1:3000/"),
            took: Some(Duration::from_millis(12)),
            address: Some("hooks.ndjson:41"),
            on_purpose: false,
            is_resent: false,
            again: None,
            reason: None,
        }
    }

    fn told(line: &Line, columns: fn() -> Option<usize>) -> String {
        let report = TextReport {
            palette: Palette::plain(),
            view: View::default(),
            parts: Parts::default(),
            replies: false,
            columns,
            zone: LazyLock::new(|| TimeZone::UTC),
        };
        let mut out = Vec::new();
        report.line(&mut out, line);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_has_the_status_first_and_what_is_out_of_the_ordinary() {
        let delivery = delivery("/hooks");
        let bounce = receipt(&[Kind::Bounce], "bob@example.com", Verdict::Verified);
        let line = forwarded(&delivery, &bounce);
        assert_eq!(
            told(&line, || None),
            "19:20:01  200  bounce     bob@example.com  sendgrid  POST /hooks → :3000   12 ms  hooks.ndjson:41\n"
        );
        let many = receipt(
            &[Kind::Open, Kind::Click],
            "ada@example.com",
            Verdict::VerifiedTestKey,
        );
        let line = Line {
            at: None,
            status: None,
            receipt: &many,
            target: None,
            took: None,
            ..line
        };
        assert_eq!(
            told(&line, || None),
            "--:--:--  ---  2 events   ada@example.com  sendgrid  POST /hooks  hooks.ndjson:41  test key\n"
        );
        let other = receipt(&[Kind::Other], "-", Verdict::Refused);
        let line = Line {
            receipt: &other,
            ..line
        };
        let told = told(&line, || None);
        assert!(
            told.contains("Odd\\u{1b}") || told.contains("Odd\\x1b"),
            "{told}"
        );
        assert!(told.ends_with("  refused\n"), "{told}");
    }

    #[test]
    fn a_target_is_said_as_it_is_typed() {
        for (target, said) in [
            ("http://127.0.0.1:3000/hooks", ":3000"),
            ("http://localhost:3000", ":3000"),
            ("http://[::1]:3000/", ":3000"),
            ("https://example.com/a", "example.com"),
            ("http://127.0.0.1/", "127.0.0.1"),
        ] {
            assert_eq!(shortened(target), said);
        }
    }

    #[test]
    fn on_a_narrow_terminal_the_recipient_is_left_out_last() {
        let delivery = delivery("/api/webhooks/email/sendgrid");
        let bounce = receipt(&[Kind::Bounce], "ada@example.com", Verdict::VerifiedTestKey);
        let line = Line {
            status: Some(500),
            ..forwarded(&delivery, &bounce)
        };
        for (columns, wanted) in [
            (
                (|| Some(105)) as fn() -> Option<usize>,
                "19:20:01  500  bounce     ada@example.com  sendgrid  /api/we… → :3000   12 ms  hooks.ndjson:41  test key\n",
            ),
            (
                || Some(90),
                "19:20:01  500  bounce     ada@example.com  sendgrid  /api/we…  hooks.ndjson:41  test key\n",
            ),
            (
                || Some(80),
                "19:20:01  500  bounce     ada@example.com  sendgrid  hooks.ndjson:41  test key\n",
            ),
            (
                || Some(76),
                "19:20:01  500  bounce     ada@example.…  sendgrid  hooks.ndjson:41  test key\n",
            ),
        ] {
            assert_eq!(told(&line, columns), wanted);
        }
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_and_fits_a_narrow_terminal_where_that_can_be(
            recipient in "\\PC{0,60}", path in "/[a-z0-9/]{0,80}", kind in 0..4usize,
        ) {
            let delivery = delivery(&path);
            let kind = [Kind::Bounce, Kind::Unsubscribe, Kind::Delivered, Kind::Open][kind];
            let receipt = receipt(&[kind], &recipient, Verdict::Verified);
            let line = Line {
                status: Some(500),
                address: Some("h.ndjson:41"),
                ..forwarded(&delivery, &receipt)
            };
            let told = told(&line, || Some(80));
            prop_assert_eq!(told.matches('\n').count(), 1);
            prop_assert!(told.ends_with("  h.ndjson:41\n"), "{}", told);
            prop_assert!(told.trim_end().width() <= 80, "{}", told);
        }
    }
}
