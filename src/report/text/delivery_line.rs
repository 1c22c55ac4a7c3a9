//! One line for a delivery: status first, then what it is about, and its address, by which it can be named again.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::report::Untrusted;
use crate::report::notice::{Logged, Received, Repeat};
use crate::report::text::TextReport;
use crate::report::text::escape::is_plain;
use crate::report::text::humanize::{put_number, put_ordinal, put_span, span};
use crate::report::text::palette::{Palette, Role};
use crate::report::text::text_report::{EventColumn, pad};
use crate::report::text::wrap::{columns, elided, elided_to};
use crate::webhook::{Delivery, Receipt, Verdict};

/// Widths in columns that most texts have: shorter ones are padded, so that lines stand in columns.
const WHAT: usize = 9;
const WHO: usize = 15;
const PROVIDER: usize = 8;
const TOOK: usize = 6;

/// Fewest columns that path and recipient keep on a narrow terminal.
const LEAST: usize = 8;

/// Columns that a reason has at least, if it is that long.
const REASON: usize = 24;

/// Delivery on one line.
#[derive(Debug)]
pub struct DeliveryLine<'a> {
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
    /// True if the line says that there are problems, or a link to visit, which are printed nowhere else.
    pub has_remarks: bool,
    /// Reason of a failure, at the end of the line.
    pub reason: Option<(&'static str, &'a str)>,
}

impl<'a> DeliveryLine<'a> {
    /// Line of a recorded delivery, with its last recorded response.
    pub fn of(logged: &'a Logged<'a>) -> DeliveryLine<'a> {
        let fixture = logged.fixture;
        let last = fixture.answers.last();
        let micros = match last {
            Some(last) => Some(last.micros),
            None => fixture.reply.as_ref().map(|reply| reply.micros),
        };
        DeliveryLine {
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
            has_remarks: true,
            reason: None,
        }
    }

    /// Line of a received delivery.
    pub fn received(it: &'a Received<'a>) -> DeliveryLine<'a> {
        DeliveryLine {
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
            has_remarks: false,
            reason: None,
        }
    }
}

/// Texts of a line, of which some are shortened or left out on a narrow terminal.
struct Cells<'a> {
    what: EventColumn<'a>,
    who: Cow<'a, str>,
    provider: &'a str,
    method: &'a str,
    path: Cow<'a, str>,
    target: Option<Cow<'a, str>>,
    took: Option<Duration>,
    address: Cow<'a, str>,
    ending: LineEnd<'a>,
    /// Widths to which kind, recipient and provider are padded.
    pads: (usize, usize, usize),
}

impl TextReport {
    /// Writes a delivery on one line.
    pub(crate) fn line(&self, out: &mut Vec<u8>, it: &DeliveryLine) {
        let first = it.receipt.events.first();
        let who = first.and_then(|event| event.recipient.as_deref());
        let mut cells = Cells {
            what: EventColumn::of(it.receipt),
            who: escaped(who.unwrap_or("-")),
            provider: it.receipt.provider.unwrap_or("unknown"),
            method: it.delivery.method.as_str(),
            path: escaped(it.delivery.path.path()),
            target: it.target.map(|target| escaped(shortened(target))),
            took: it.took,
            address: it.address.map(escaped).unwrap_or_default(),
            ending: LineEnd::of(it),
            pads: (WHAT, WHO, PROVIDER),
        };
        if let Some(width) = (self.columns)() {
            cells.fit(width);
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
        self.cells(out, &cells);
        out.push(b'\n');
    }

    /// Writes all of a line but time and status.
    fn cells(&self, out: &mut Vec<u8>, it: &Cells) {
        let (what, who, provider) = it.pads;
        it.what.write(out, &self.palette);
        pad(out, what.saturating_sub(it.what.columns()) + 2);
        if !it.who.is_empty() {
            out.extend_from_slice(it.who.as_bytes());
            pad(out, who.saturating_sub(columns(&it.who)) + 2);
        }
        if !it.provider.is_empty() {
            self.paint(out, Role::Kind, it.provider);
            pad(out, provider.saturating_sub(columns(it.provider)) + 2);
        }
        out.extend_from_slice(it.method.as_bytes());
        if !it.method.is_empty() && !it.path.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(it.path.as_bytes());
        if let Some(target) = &it.target {
            out.extend_from_slice(ARROW.as_bytes());
            out.extend_from_slice(target.as_bytes());
        }
        // Without method and path, the gap is there already.
        let mut gap = if it.path.is_empty() { "" } else { "  " };
        if let Some(took) = it.took {
            out.extend_from_slice(gap.as_bytes());
            put_took(out, took);
            gap = "  ";
        }
        if !it.address.is_empty() {
            out.extend_from_slice(gap.as_bytes());
            self.paint(out, Role::Dim, &it.address);
            gap = "  ";
        }
        it.ending.write(out, gap, &self.palette);
    }

    /// Writes the number of receptions of a repeated delivery, and the time since the first.
    pub(super) fn repeat(&self, out: &mut Vec<u8>, repeat: Repeat) {
        self.palette.write_with(out, Role::Warn, |out| {
            out.extend_from_slice(b"  ");
            put_repeat(out, repeat, false);
        });
    }
}

/// Mark between the path and the handler that it was forwarded to.
const ARROW: &str = " → ";

/// Columns of the time and the status, with the gaps behind them.
const TIME_AND_STATUS: usize = 15;

impl Cells<'_> {
    /// Shortens and leaves out, until the line has so many columns: first what is the same on most lines, and then what
    /// tells deliveries apart. The address stays, because it is copied.
    fn fit(&mut self, width: usize) {
        if width < 100 {
            self.pads.1 = 0;
        }
        self.ending.limit_reason(REASON);
        let steps: [fn(&mut Self, usize); 11] = [
            |it, excess| it.path = elided(&it.path, excess, LEAST).into(),
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
            |it, excess| it.who = elided(&it.who, excess, LEAST).into(),
            |it, _| it.pads = (0, 0, 0),
            |it, _| it.ending.is_short = true,
            |it, _| it.provider = "",
            |it, _| it.ending.limit_reason(0),
            |it, _| it.who = "".into(),
        ];
        for step in steps {
            let excess = self.width().saturating_sub(width);
            if excess == 0 {
                break;
            }
            step(self, excess);
        }
        let spare = width.saturating_sub(self.width());
        let most = self.ending.reason_columns.saturating_add(spare);
        self.ending.limit_reason(most);
    }

    fn width(&self) -> usize {
        let (what, who, provider) = self.pads;
        let cell = |text: &str, pad: usize| match text {
            "" => 0,
            text => columns(text).max(pad) + 2,
        };
        let method = match self.method {
            "" => 0,
            method => method.len() + 1,
        };
        let target = self.target.as_deref();
        let target = target.map_or(0, |target| columns(target) + 3);
        let took = self.took;
        let took = took.map_or(0, |took| columns(&span(took)).max(TOOK) + 2);
        let last = took + gap(&self.address) + self.ending.columns();
        let route = match columns(&self.path) {
            // The gap behind the provider is the one before the rest.
            0 => (target + last).saturating_sub(2),
            path => method + path + target + last,
        };
        let what = self.what.columns().max(what) + 2;
        TIME_AND_STATUS + what + cell(&self.who, who) + cell(self.provider, provider) + route
    }
}

/// End of a line.
#[derive(Debug)]
struct LineEnd<'a> {
    verdict: Verdict,
    /// Word for the verdict; empty where a signature is verified, or where none is expected.
    word: &'static str,
    on_purpose: bool,
    is_resent: bool,
    again: Option<Repeat>,
    /// True if there is a link to visit, to confirm the URL.
    asks: bool,
    /// Number of problems to tell of.
    problems: usize,
    reason: Option<(&'static str, Cow<'a, str>)>,
    /// True if only the number of a repetition is written.
    is_short: bool,
    /// Most columns that the reason takes, with its beginning.
    reason_columns: usize,
}

impl<'a> LineEnd<'a> {
    fn of(it: &DeliveryLine<'a>) -> LineEnd<'a> {
        let verdict = it.receipt.signature.verdict;
        let reason = it.reason.map(|(what, why)| (what, escaped(why)));
        LineEnd {
            verdict,
            word: match verdict {
                _ if it.receipt.handshake => "",
                Verdict::Verified => "",
                Verdict::VerifiedTestKey => "test key",
                Verdict::Unsigned | Verdict::Unchecked | Verdict::Refused => verdict.name(),
            },
            on_purpose: it.on_purpose,
            is_resent: it.is_resent,
            again: it.again,
            asks: it.has_remarks && it.receipt.confirm.is_some(),
            problems: match it.has_remarks {
                true => it.receipt.problems.len(),
                false => 0,
            },
            reason,
            is_short: false,
            reason_columns: usize::MAX,
        }
    }

    /// Columns that it takes, with the gap before it.
    fn columns(&self) -> usize {
        let mut out = Vec::new();
        self.write(&mut out, "  ", &Palette::plain());
        columns(&String::from_utf8_lossy(&out))
    }

    /// Limits the reason to so many columns.
    fn limit_reason(&mut self, most: usize) {
        let Some((what, why)) = &self.reason else {
            return;
        };
        let beginning = columns(what) + 1;
        let (least, whole) = (beginning + 1, beginning + columns(why));
        self.reason_columns = most.max(least).min(whole);
    }

    fn write(&self, out: &mut Vec<u8>, gap: &str, palette: &Palette) {
        let mut gap = gap.as_bytes();
        let mut tag = |role: Role, write: &dyn Fn(&mut Vec<u8>)| {
            out.extend_from_slice(gap);
            palette.write_with(out, role, |out| write(out));
            gap = b"  ";
        };
        if !self.word.is_empty() {
            let role = match self.verdict {
                Verdict::Refused => Role::Bad,
                Verdict::VerifiedTestKey => Role::Warn,
                Verdict::Verified | Verdict::Unsigned | Verdict::Unchecked => Role::Dim,
            };
            tag(role, &|out| out.extend_from_slice(self.word.as_bytes()));
        }
        if self.on_purpose {
            tag(Role::Warn, &|out| out.extend_from_slice(b"on purpose"));
        }
        if self.is_resent {
            tag(Role::Warn, &|out| out.extend_from_slice(b"sent again"));
        }
        if let Some(repeat) = self.again {
            tag(Role::Warn, &|out| put_repeat(out, repeat, self.is_short));
        }
        if self.asks {
            tag(Role::Warn, &|out| out.extend_from_slice(b"to confirm"));
        }
        if self.problems > 0 {
            tag(Role::Warn, &|out| {
                put_number(out, self.problems);
                let noun: &[u8] = if self.problems == 1 {
                    b" problem"
                } else {
                    b" problems"
                };
                out.extend_from_slice(noun);
            });
        }
        if let Some((what, why)) = &self.reason {
            tag(Role::Bad, &|out| out.extend_from_slice(what.as_bytes()));
            out.push(b' ');
            let most = self.reason_columns.saturating_sub(columns(what) + 1);
            match columns(why) <= most {
                true => out.extend_from_slice(why.as_bytes()),
                false => out.extend_from_slice(elided_to(why, most).as_bytes()),
            }
        }
    }
}

fn put_repeat(out: &mut Vec<u8>, Repeat { count, since }: Repeat, is_short: bool) {
    put_ordinal(out, count);
    out.extend_from_slice(b" time");
    if !is_short {
        out.extend_from_slice(b", ");
        put_span(out, since);
        out.extend_from_slice(b" after the first");
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

#[cfg(test)]
mod tests {
    use super::{DeliveryLine, shortened};
    use crate::report::notice::Repeat;
    use crate::report::text::TextReport;
    use crate::report::{Palette, ShownParts, View};
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
    fn forwarded<'a>(delivery: &'a Delivery, receipt: &'a Receipt) -> DeliveryLine<'a> {
        DeliveryLine {
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
            has_remarks: true,
            reason: None,
        }
    }

    fn told(line: &DeliveryLine, columns: fn() -> Option<usize>) -> String {
        let report = TextReport {
            palette: Palette::plain(),
            view: View::default(),
            parts: ShownParts::default(),
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
        let line = DeliveryLine {
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
        let line = DeliveryLine {
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
        let line = DeliveryLine {
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

    #[test]
    fn what_is_out_of_the_ordinary_fits_80_columns_too() {
        let delivery = delivery("/api/webhooks/email/sendgrid");
        let mut bounce = receipt(&[Kind::Bounce], "ada@example.com", Verdict::VerifiedTestKey);
        let again = Some(Repeat {
            count: 2,
            since: Duration::from_millis(100),
        });
        let line = forwarded(&delivery, &bounce);
        let plain = "19:20:01  200  bounce     ada@exa…  sendgrid  hooks.ndjson:41  test key";
        let narrow = "19:20:01  200  bounce  ada@exa…  sendgrid  hooks.ndjson:41  test key";
        for (line, wanted) in [
            (
                DeliveryLine {
                    again,
                    is_resent: true,
                    ..forwarded(&delivery, &bounce)
                },
                "19:20:01  200  bounce  ada@exa…  hooks.ndjson:41  test key  sent again  2nd time"
                    .to_owned(),
            ),
            (
                DeliveryLine {
                    again,
                    ..forwarded(&delivery, &bounce)
                },
                format!("{narrow}  2nd time"),
            ),
            (
                DeliveryLine {
                    on_purpose: true,
                    ..forwarded(&delivery, &bounce)
                },
                format!("{narrow}  on purpose"),
            ),
            (
                DeliveryLine {
                    reason: Some(("no response:", "connection refused")),
                    ..forwarded(&delivery, &bounce)
                },
                "19:20:01  200  bounce  ada@exa…  hooks.ndjson:41  test key  no response: connec…"
                    .to_owned(),
            ),
            (line, plain.replace("ada@exa…", "ada@example.com")),
        ] {
            let told = told(&line, || Some(80));
            assert_eq!(told, format!("{wanted}\n"));
            assert!(told.trim_end().width() <= 80, "{told}");
        }
        bounce.problems = vec!["odd".into(), "odder".into()];
        bounce.confirm = Some("https://example.com/".into());
        bounce.signature.verdict = Verdict::Verified;
        let line = forwarded(&delivery, &bounce);
        assert!(told(&line, || None).ends_with("hooks.ndjson:41  to confirm  2 problems\n"));
        let below = DeliveryLine {
            has_remarks: false,
            ..line
        };
        assert!(told(&below, || None).ends_with("hooks.ndjson:41\n"));
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_and_fits_a_narrow_terminal_where_that_can_be(
            recipient in "\\PC{0,60}", path in "/[a-z0-9/]{0,80}", kind in 0..4usize, tags in 0..16u8,
        ) {
            let delivery = delivery(&path);
            let kind = [Kind::Bounce, Kind::Unsubscribe, Kind::Delivered, Kind::Open][kind];
            let tagged = |bit: u8| tags >> bit & 1 == 1;
            let verdict = if tagged(0) { Verdict::VerifiedTestKey } else { Verdict::Verified };
            let receipt = receipt(&[kind], &recipient, verdict);
            let since = Duration::from_secs(100);
            let line = DeliveryLine {
                status: Some(500),
                address: Some("h.ndjson:41"),
                on_purpose: tagged(1),
                again: tagged(2).then_some(Repeat { count: 12, since }),
                // A failure on purpose is not forwarded.
                reason: (tags & 0b1010 == 0b1000).then_some(("no response:", "the connection was closed early")),
                ..forwarded(&delivery, &receipt)
            };
            let told = told(&line, || Some(80));
            prop_assert_eq!(told.matches('\n').count(), 1);
            prop_assert!(told.contains("  h.ndjson:41"), "{}", told);
            prop_assert!(tags > 0 || told.ends_with("  h.ndjson:41\n"), "{}", told);
            prop_assert!(told.trim_end().width() <= 80, "{}", told);
        }
    }
}
