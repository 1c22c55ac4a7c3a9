//! Notices as text.

use std::io::Write as _;
use std::time::Duration;

use crate::report::notice::{Forwarded, Judged, Notice, View};
use crate::report::text::delivery_line::DeliveryLine;
use crate::report::text::humanize::{count, span};
use crate::report::text::palette::Role;
use crate::report::text::{GUTTER, TextReport};
use crate::report::{Untrusted, shown_signed};
use crate::webhook::{Attempt, Outcome, Verdict, masked_path};

/// Most bytes shown of a response that explains a failure.
const SHOWN_ANSWER: usize = 400;

/// Most signed bytes shown.
const SHOWN_SIGNED: usize = 2000;

impl TextReport {
    /// Writes a notice as text.
    pub fn write(&self, out: &mut Vec<u8>, notice: &Notice) {
        match notice {
            Notice::Listening { url, hint, .. } => {
                // Writing to a vector cannot fail, here and below.
                let _ = writeln!(out, "listening on {url}");
                if let Some(hint) = hint {
                    self.paint(out, Role::Dim, &format!("{hint}\n"));
                }
            }
            Notice::Tunnel { url } => {
                let _ = writeln!(out, "public at {}", Untrusted::new(url));
            }
            Notice::Inspector { url } => {
                let _ = writeln!(out, "inspector on {url}");
            }
            Notice::ContentApi {
                provider,
                url,
                in_place_of,
            } => {
                let _ = writeln!(
                    out,
                    "content API of {provider} on {url}, in place of {in_place_of}"
                );
            }
            Notice::ContentFetched {
                method,
                path,
                status,
                bytes,
            } => {
                self.status(out, *status);
                let _ = write!(out, "  {method} {}", Untrusted::new(path));
                self.paint(out, Role::Dim, &format!("  {bytes} bytes\n"));
            }
            // The delivery's own line says that it was responded to, which implies that it was recorded.
            Notice::Recorded { .. } => {}
            Notice::Received(received) => self.received(out, received),
            Notice::Resent(received) => self.resent(out, received),
            Notice::Logged(logged) => self.line(out, &DeliveryLine::of(logged)),
            Notice::Shown(logged) => self.shown(out, logged),
            Notice::Compared(compared) => self.compared(out, compared),
            Notice::Drifted(drifted) => self.drifted(out, drifted),
            Notice::DriftTotals(totals) => self.drift_totals(out, totals),
            Notice::Forwarded(forwarded) => self.forwarded(out, forwarded),
            Notice::Confirmed {
                link,
                outcome,
                took,
                ..
            } => self.confirmed(out, link, outcome, *took),
            Notice::Attempted(attempt) => self.attempted(out, attempt),
            Notice::Waiting { wait } => self.pause(out, "again in", *wait),
            Notice::Paused { wait } => {
                self.pause(out, "the target asked for a pause: next delivery in", *wait);
            }
            Notice::Judged(judged) => self.judged(out, judged),
            Notice::Read { deliveries, bytes } => {
                let _ = writeln!(
                    out,
                    "{} read, with bodies of {bytes} bytes; nothing was sent",
                    count(*deliveries, "delivery", "deliveries")
                );
            }
            Notice::Checked(checked) => self.checked(out, checked),
            Notice::CheckTotals(marks) => self.marks(out, marks),
            Notice::Summary(tally) => self.summary(out, tally),
        }
    }

    /// Writes the confirmation of an SNS subscription.
    fn confirmed(&self, out: &mut Vec<u8>, link: &str, outcome: &Outcome, took: Duration) {
        out.extend_from_slice(GUTTER.as_bytes());
        if outcome.succeeded() {
            self.paint(out, Role::Good, "confirmed:");
        } else {
            self.paint(out, Role::Bad, "not confirmed:");
            let why = outcome.reason().unwrap_or_default();
            let _ = write!(out, " {},", Untrusted::new(&why));
        }
        let _ = writeln!(out, " {} ({})", Untrusted::new(link), span(took));
    }

    /// Writes the time until something is sent.
    fn pause(&self, out: &mut Vec<u8>, what: &str, wait: Duration) {
        let line = format!("{GUTTER}{what} {}\n", span(wait));
        self.paint(out, Role::Dim, &line);
    }

    fn forwarded(&self, out: &mut Vec<u8>, it: &Forwarded) {
        let is_one_line = self.view != View::Parts;
        if (it.outcome.succeeded() || it.later.is_none()) && is_one_line {
            // The delivery's own line shows it, or the summary counts it.
            return;
        }
        if it.outcome.succeeded() && it.later.is_none() {
            return;
        }
        let is_answered = matches!(it.outcome, Outcome::Answered { .. });
        if is_answered && it.later.is_none() {
            // The sender got the same status, shown on the delivery's line.
            return;
        }
        match it.later {
            None => out.extend_from_slice(GUTTER.as_bytes()),
            Some(at) => {
                self.clock(out, at);
                out.extend_from_slice(b"  ");
                self.paint(out, Role::Dim, it.id);
                out.extend_from_slice(b"  ");
            }
        }
        if it.outcome.succeeded() {
            let _ = write!(out, "forwarded to {}  ", it.target);
        } else {
            self.paint(out, Role::Bad, "not forwarded");
            let _ = write!(out, " to {}: ", it.target);
        }
        match it.outcome.status() {
            Some(status) => {
                self.status(out, status);
                let _ = write!(out, " in {}", span(it.took));
            }
            None => {
                let why = it.outcome.reason().unwrap_or_default();
                let _ = write!(out, "{}", Untrusted::new(&why));
                if !it.took.is_zero() {
                    let _ = write!(out, " after {}", span(it.took));
                }
            }
        }
        match it.again_in {
            Some(wait) => self.paint(out, Role::Dim, &format!(", again in {}", span(wait))),
            None if it.outcome.succeeded() && it.attempt > 1 => {
                let told = format!("  attempt {}", it.attempt);
                self.paint(out, Role::Dim, &told);
            }
            None if !it.outcome.succeeded() && it.later.is_some() => {
                let attempts = count(it.attempt.into(), "attempt", "attempts");
                let _ = write!(out, ", given up after {attempts}");
            }
            None => {}
        }
        out.push(b'\n');
    }

    fn attempted(&self, out: &mut Vec<u8>, it: &Attempt) {
        match &it.outcome {
            Outcome::Answered { status, .. } => self.status(out, *status),
            Outcome::TimedOut(_) | Outcome::Unreachable(_) | Outcome::Impossible(_) => {
                self.paint(out, Role::Bad, "---")
            }
        }
        let _ = write!(out, "  {:>7}  ", span(it.took));
        let _ = write!(out, "{}", Untrusted::new(&it.about));
        if it.number > 1 {
            self.paint(out, Role::Dim, &format!("  attempt {}", it.number));
        }
        self.paint(out, Role::Dim, &format!("  {}", Untrusted::new(&it.source)));
        out.push(b'\n');
        if self.replies
            && let Outcome::Answered {
                status,
                body,
                location,
                ..
            } = &it.outcome
        {
            let reason = http::StatusCode::from_u16(*status).ok();
            let reason = reason.and_then(|status| status.canonical_reason());
            let _ = writeln!(out, "{GUTTER}{status} {}", reason.unwrap_or_default());
            if let Some(location) = location {
                let location = masked_path(location);
                let _ = writeln!(
                    out,
                    "{GUTTER}location: {}",
                    Untrusted::new(location.as_ref())
                );
            }
            self.body(out, body, GUTTER);
        }
        if it.outcome.succeeded() {
            return;
        }
        if let Some(reason) = it.outcome.reason_at(&it.target) {
            out.extend_from_slice(GUTTER.as_bytes());
            self.paint(out, Role::Bad, "failed:");
            let _ = writeln!(out, " {}", Untrusted::new(&reason));
        }
        if let Outcome::Answered { body, .. } = &it.outcome
            && !it.repeats
            && !self.replies
        {
            let shown = body.get(..SHOWN_ANSWER).unwrap_or(body);
            self.body(out, shown, GUTTER);
        }
    }

    fn judged(&self, out: &mut Vec<u8>, it: &Judged) {
        let signature = &it.receipt.signature;
        let role = match signature.verdict {
            Verdict::Verified | Verdict::VerifiedTestKey => Role::Good,
            Verdict::Unsigned | Verdict::Unchecked => Role::Warn,
            Verdict::Refused => Role::Bad,
        };
        let _ = write!(out, "{}  ", Untrusted::new(it.source));
        self.paint(out, Role::Kind, it.receipt.provider.unwrap_or("unknown"));
        out.extend_from_slice(b"  ");
        self.paint(out, role, signature.verdict.name());
        out.push(b'\n');
        for (name, text) in judged_rows(it) {
            let label = format!("{GUTTER}{name:<10} ");
            self.paint(out, Role::Dim, &label);
            let text = Untrusted::new(&text).to_string();
            let text = match name {
                "signed" => text,
                _ => self.prose(&text, label.len()),
            };
            let _ = writeln!(out, "{text}");
        }
    }
}

/// Rows on a signature, each with its name: cause and advice first, and then what was tried.
fn judged_rows(it: &Judged) -> Vec<(&'static str, String)> {
    let signature = &it.receipt.signature;
    let mut rows = Vec::new();
    let mut row = |name, text: &str| rows.push((name, text.to_owned()));
    match it.finding {
        Some(finding) => {
            row("cause", finding.finding);
            row("to do", finding.advice);
            row("holds with", finding.fits);
        }
        None => {
            if let Some(reason) = &signature.reason {
                row("because", reason);
            }
            if let Some(hint) = it.hint {
                row("perhaps", hint);
            }
            if let Some(next) = it.next {
                row("to do", next);
            }
        }
    }
    let told = |problem: &&String| signature.reason.as_ref() != Some(*problem);
    for problem in it.receipt.problems.iter().filter(told) {
        row("problem", problem);
    }
    if let (None, [_, ..]) = (it.finding, it.ruled_out) {
        row("tried", &it.ruled_out.join(", "));
    }
    if let (None, [_, ..]) = (it.finding, it.not_tried) {
        let why = it.untried.join("; ");
        row("not tried", &format!("{} ({why})", it.not_tried.join(", ")));
    }
    if let Some(scheme) = signature.scheme {
        row("scheme", scheme);
    }
    if let Some(key) = it.key {
        row("key", &key.to_string());
    }
    if let (Some(reason), Some(_)) = (&signature.reason, it.finding) {
        row("because", reason);
    }
    if let Some(signed) = it.signed {
        let shown = signed.get(..SHOWN_SIGNED).unwrap_or(signed);
        let more = if shown.len() < signed.len() {
            format!(" … {} bytes in all", signed.len())
        } else {
            String::new()
        };
        row("signed", &format!("{}{more}", shown_signed(shown)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::TextReport;
    use crate::report::{Notice, Palette, Received, ShownParts, View};
    use crate::webhook::{Delivery, Event, Kind, Receipt};
    use http::HeaderValue;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use std::sync::LazyLock;
    use std::time::Duration;

    /// Output for a delivery with untrusted bytes in every possible place, without our own colours.
    fn shown(bytes: &[u8], kind: &str) -> String {
        let voice = TextReport {
            palette: Palette::colored(),
            view: View::Parts,
            parts: ShownParts {
                events: true,
                headers: true,
                body: true,
                reply: true,
            },
            replies: true,
            columns: || None,
            zone: LazyLock::new(|| TimeZone::UTC),
        };
        let text = String::from_utf8_lossy(bytes).into_owned();
        let field: Vec<u8> = bytes
            .iter()
            .copied()
            .filter(|byte| *byte >= b' ' && *byte != 0x7f)
            .collect();
        let header = |name, value| (http::HeaderName::from_static(name), value);
        let delivery = Delivery {
            method: http::Method::POST,
            path: "/".parse().unwrap(),
            headers: [
                header("x-odd", HeaderValue::from_bytes(&field).unwrap()),
                header("content-type", HeaderValue::from_str(kind).unwrap()),
            ]
            .into_iter()
            .collect(),
            body: bytes.to_vec().into(),
        };
        let event = Event {
            kind: Kind::Other,
            native: text.clone(),
            recipient: Some(text.clone()),
            message_id: None,
            at: None,
            url: Some(text.clone()),
            bounce: None,
            reason: None,
        };
        let receipt = Receipt {
            events: vec![event],
            problems: vec![text.clone()],
            confirm: Some(text),
            ..Receipt::default()
        };
        let mut out = Vec::new();
        voice.write(
            &mut out,
            &Notice::Received(Received {
                id: "01",
                at: jiff::Timestamp::UNIX_EPOCH,
                remote: Some(([127, 0, 0, 1], 1).into()),
                delivery: &delivery,
                receipt: &receipt,
                status: Some(200),
                hung_up: false,
                answer: bytes,
                answer_coding: None,
                took: Duration::ZERO,
                rejected: false,
                on_purpose: false,
                again: None,
                handler: None,
                address: None,
            }),
        );
        let out = String::from_utf8(out).unwrap();
        let mut plain = String::new();
        let mut parts = out.split("\x1b[");
        plain += parts.next().unwrap_or_default();
        for part in parts {
            let (code, rest) = part.split_once('m').unwrap();
            assert!(
                code.bytes().all(|b| b.is_ascii_digit() || b == b';'),
                "{code:?}"
            );
            plain += rest;
        }
        plain
    }

    proptest! {
        #[test]
        fn whatever_a_stranger_sends_is_shown_as_text_behind_the_gutter(
            bytes: Vec<u8>,
            control in "([\\x00-\\x1f\u{7f}-\u{9f}]|[\\[\\]{}:,\"a-z0-9=&%;]){0,60}",
            kind in "text/plain|application/json|application/x-www-form-urlencoded|multipart/form-data; boundary=x",
            name in "[ -~é\u{202e}]{0,20}",
        ) {
            let part = format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"; filename={name}\r\n\r\n");
            let parts = [part.as_bytes(), &bytes, b"\r\n", part.as_bytes(), control.as_bytes()].concat();
            for bytes in [&bytes, control.as_bytes(), &parts] {
                let shown = shown(bytes, &kind);
                prop_assert!(shown.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()), "{shown:?}");
                let mut lines = shown.lines();
                prop_assert!(lines.next().unwrap().starts_with("00:00:00.000  POST /  "));
                prop_assert!(lines.all(|line| line.starts_with("  ")), "{shown:?}");
            }
        }
    }
}
