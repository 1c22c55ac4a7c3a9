//! One line for a delivery: status first, then what it is about, and its address, by which it can be named again.

use std::time::Duration;

use jiff::Timestamp;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::report::Untrusted;
use crate::report::notice::Logged;
use crate::report::text::TextReport;
use crate::report::text::humanize::span;
use crate::report::text::palette::Role;
use crate::report::text::received::{kind_role, pad};
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
        }
    }
}

impl TextReport {
    /// Writes a delivery on one line.
    pub(crate) fn line(&self, out: &mut Vec<u8>, it: &Line) {
        let (what, role) = subject(it.receipt);
        let who = match it.receipt.events.as_slice() {
            [first, ..] => first.recipient.as_deref().unwrap_or("-"),
            [] => "-",
        };
        let mut who = Untrusted::new(who).to_string();
        let provider = it.receipt.provider.unwrap_or("unknown");
        let method = it.delivery.method.as_str();
        let mut path = Untrusted::new(it.delivery.path.path()).to_string();
        let target = it.target.map(|target| {
            let short = Untrusted::new(shortened(target)).to_string();
            format!(" → {short}")
        });
        let mut target = target.unwrap_or_default();
        let mut took = it.took.map(span).unwrap_or_default();
        let address = it.address.map(|it| Untrusted::new(it).to_string());
        let address = address.unwrap_or_default();
        let verdict = it.receipt.signature.verdict;
        let verdict_said = match verdict {
            _ if it.receipt.handshake => "",
            Verdict::Verified => "",
            Verdict::VerifiedTestKey => "test key",
            Verdict::Unsigned | Verdict::Unchecked | Verdict::Refused => verdict.name(),
        };

        let is_narrow = (self.columns)().is_some_and(|width| width < 100);
        if let Some(width) = (self.columns)() {
            let column = if is_narrow { 0 } else { WHO };
            let over = |who: &str, path: &str, target: &str, took: &str| {
                let total = 10 + 5 // time and status
                    + what.width().max(WHAT) + 2
                    + who.width().max(column) + 2
                    + provider.width().max(PROVIDER) + 2
                    + method.width() + 1 + path.width() + target.width()
                    + match took {
                        "" => 0,
                        took => took.width().max(TOOK) + 2,
                    }
                    + gap(&address)
                    + gap(verdict_said);
                total.saturating_sub(width)
            };
            path = elided(path.clone(), over(&who, &path, &target, &took));
            who = elided(who.clone(), over(&who, &path, &target, &took));
            if over(&who, &path, &target, &took) > 0 {
                took.clear();
            }
            if over(&who, &path, &target, &took) > 0 {
                target.clear();
            }
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
        pad(out, WHAT.saturating_sub(what.width()) + 2);
        out.extend_from_slice(who.as_bytes());
        let column = if is_narrow { 0 } else { WHO };
        pad(out, column.saturating_sub(who.width()) + 2);
        self.paint(out, Role::Kind, provider);
        pad(out, PROVIDER.saturating_sub(provider.width()) + 2);
        out.extend_from_slice(format!("{method} {path}{target}").as_bytes());
        if !took.is_empty() {
            pad(out, TOOK.saturating_sub(took.width()) + 2);
            out.extend_from_slice(took.as_bytes());
        }
        if !address.is_empty() {
            out.extend_from_slice(b"  ");
            self.paint(out, Role::Dim, &address);
        }
        if !verdict_said.is_empty() {
            out.extend_from_slice(b"  ");
            let role = match verdict {
                Verdict::Refused => Role::Bad,
                Verdict::VerifiedTestKey => Role::Warn,
                Verdict::Verified | Verdict::Unsigned | Verdict::Unchecked => Role::Dim,
            };
            self.paint(out, role, verdict_said);
        }
        out.push(b'\n');
    }
}

/// Kind of the event, or number of events, and the colour of it.
fn subject(receipt: &Receipt) -> (String, Role) {
    match receipt.events.as_slice() {
        [] if receipt.handshake => ("handshake".into(), Role::Dim),
        [] => ("no events".into(), Role::Dim),
        [one] if one.kind == Kind::Other => {
            let name = Untrusted::new(&one.native).to_string();
            (elided_to(name, 24), Role::Kind)
        }
        [one] => (one.kind.name().into(), kind_role(one.kind)),
        many => (format!("{} events", many.len()), Role::Bold),
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
        text => text.width() + 2,
    }
}

/// Shortens a text by so many columns, if it has them to spare; `…` stands for what is left out.
fn elided(text: String, columns: usize) -> String {
    let width = text.width();
    match columns {
        0 => text,
        columns => elided_to(text, width.saturating_sub(columns).max(LEAST)),
    }
}

fn elided_to(text: String, most: usize) -> String {
    if text.width() <= most {
        return text;
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
    use crate::report::{Palette, Parts};
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

    fn told(line: &Line, columns: fn() -> Option<usize>) -> String {
        let report = TextReport {
            palette: Palette::plain(),
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
        let line = Line {
            at: Some("2026-11-23T19:20:01.5Z".parse().unwrap()),
            status: Some(200),
            delivery: &delivery,
            receipt: &bounce,
            target: Some("http://127.0.0.1:3000/"),
            took: Some(Duration::from_millis(12)),
            address: Some("hooks.ndjson:41"),
        };
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

    proptest! {
        #[test]
        fn a_line_is_one_line_and_fits_a_narrow_terminal_where_that_can_be(
            recipient in "\\PC{0,60}", path in "/[a-z0-9/]{0,80}", kind in 0..4usize,
        ) {
            let delivery = delivery(&path);
            let kind = [Kind::Bounce, Kind::Unsubscribe, Kind::Delivered, Kind::Open][kind];
            let receipt = receipt(&[kind], &recipient, Verdict::Verified);
            let line = Line {
                at: Some("2026-11-23T19:20:01.5Z".parse().unwrap()),
                status: Some(500),
                delivery: &delivery,
                receipt: &receipt,
                target: Some("http://127.0.0.1:3000/"),
                took: Some(Duration::from_millis(12)),
                address: Some("h.ndjson:41"),
            };
            let told = told(&line, || Some(80));
            prop_assert_eq!(told.matches('\n').count(), 1);
            prop_assert!(told.ends_with("  h.ndjson:41\n"), "{}", told);
            prop_assert!(told.trim_end().width() <= 80, "{}", told);
        }
    }
}
