//! Text output: a line per delivery, a line per event, then the parts chosen with `--show`.

pub mod body;
pub mod checks;
pub mod escape;
pub mod histogram;
pub mod humanize;
pub mod inflate;
pub mod live;
pub mod palette;
pub mod summary;
pub mod wrap;

use std::io::Write as _;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use crate::report::notice::{Forwarded, Judged, Notice, Parts, Received, Repeat};
use crate::report::text::body::{GROWTH, SHOWN_BODY};
use crate::report::text::escape::grouped;
use crate::report::text::humanize::{count, put_ordinal, put_span, span};
use crate::report::text::inflate::inflate;
use crate::report::text::palette::{Palette, Role};
use crate::report::{
    Mode, Untrusted, binary, escape_into, is_binary, looks_like_json, shown_signed,
};
use crate::webhook::{
    Attempt, Delivery, Event, Kind, Multipart, Outcome, Verdict, is_credential_field,
};

/// Prefix of all untrusted lines, so that none begins at the left edge.
pub const GUTTER: &str = "  ";

/// Most bytes shown of a response that explains a failure.
const SHOWN_ANSWER: usize = 400;

/// Most signed bytes shown.
const SHOWN_SIGNED: usize = 2000;

/// Most bytes shown of a file in a form.
const SHOWN_FILE: usize = 1024;

/// Formatter of notices as text.
#[derive(Debug)]
pub struct TextReport {
    /// Palette, with or without colours.
    pub palette: Palette,
    /// Parts shown of a received delivery.
    pub parts: Parts,
    /// True if the response to each attempt is shown.
    pub replies: bool,
    /// Width of the terminal in columns, if it is one.
    pub columns: fn() -> Option<usize>,
    /// Local time zone, looked up at first use.
    pub zone: LazyLock<TimeZone>,
}

/// First bytes of a file, up to the end of a line if possible; a binary file is returned whole, since it is not shown.
fn beginning(content: &[u8]) -> &[u8] {
    match content.get(..SHOWN_FILE) {
        Some(head) if !is_binary(content) => {
            let end = head.iter().rposition(|byte| *byte == b'\n');
            end.and_then(|end| head.get(..=end)).unwrap_or(head)
        }
        _ => content,
    }
}

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
            // The delivery's own line says that it was responded to, which implies that it was recorded.
            Notice::Recorded { .. } => {}
            Notice::Received(received) => self.received(out, received),
            Notice::Forwarded(forwarded) => self.forwarded(out, forwarded),
            Notice::Confirmed {
                link,
                outcome,
                took,
                ..
            } => {
                out.extend_from_slice(GUTTER.as_bytes());
                if outcome.succeeded() {
                    self.paint(out, Role::Good, "confirmed:");
                } else {
                    self.paint(out, Role::Bad, "not confirmed:");
                    let why = outcome.reason().unwrap_or_default();
                    let _ = write!(out, " {},", Untrusted::new(&why));
                }
                let _ = writeln!(out, " {} ({})", Untrusted::new(link), span(*took));
            }
            Notice::Attempted(attempt) => self.attempted(out, attempt),
            Notice::Waiting { wait, .. } => {
                let again = format!("{GUTTER}again in {}\n", span(*wait));
                self.paint(out, Role::Dim, &again);
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

    fn received(&self, out: &mut Vec<u8>, it: &Received) {
        self.clock(out, it.at);
        out.extend_from_slice(b"  ");
        self.paint(out, Role::Bold, it.delivery.method.as_str());
        out.push(b' ');
        escape_into(out, it.delivery.path.as_str().as_bytes(), Mode::Line);
        out.extend_from_slice(b"  ");
        if it.receipt.handshake {
            self.paint(out, Role::Dim, "handshake");
        } else {
            self.claims(out, it);
        }
        out.extend_from_slice(b"  ");
        match it.status {
            Some(status) => self.status(out, status),
            None => self.paint(out, Role::Bad, "hung up"),
        }
        out.extend_from_slice(b" in ");
        put_span(out, it.took);
        if it.rejected {
            self.paint(out, Role::Bad, "  rejected:");
            let why = it.receipt.signature.reason.as_deref().unwrap_or_default();
            let _ = write!(out, " {}", Untrusted::new(why));
        }
        if it.on_purpose {
            self.paint(out, Role::Warn, "  on purpose");
        }
        if let Some(Repeat { count, since }) = it.again {
            self.palette.write_with(out, Role::Warn, |out| {
                out.extend_from_slice(b"  ");
                put_ordinal(out, count);
                out.extend_from_slice(b" time, ");
                put_span(out, since);
                out.extend_from_slice(b" after the first");
            });
        }
        out.push(b'\n');

        self.remarks(out, it);
        if self.parts.events {
            self.events(out, &it.receipt.events);
        }
        if self.parts.headers {
            self.headers(out, it);
        }
        if self.parts.body {
            self.content(out, it.delivery);
        }
        if self.parts.reply && !it.answer.is_empty() {
            self.paint(out, Role::Dim, "  answered:\n");
            self.body(out, it.answer, GUTTER);
        }
    }

    /// Writes provider, number of events and signature verdict.
    fn claims(&self, out: &mut Vec<u8>, it: &Received) {
        self.paint(out, Role::Kind, it.receipt.provider.unwrap_or("unknown"));
        match it.receipt.events.len() {
            0 => out.extend_from_slice(b"  no events  "),
            1 => out.extend_from_slice(b"  1 event  "),
            many => {
                let _ = write!(out, "  {many} events  ");
            }
        }
        let verdict = it.receipt.signature.verdict;
        let role = match verdict {
            Verdict::Verified | Verdict::VerifiedTestKey => Role::Good,
            Verdict::Unsigned | Verdict::Unchecked => Role::Dim,
            Verdict::Refused => Role::Bad,
        };
        self.paint(out, role, verdict.name());
    }

    /// Writes the reasons, problems and links that do not fit on the delivery's line.
    fn remarks(&self, out: &mut Vec<u8>, it: &Received) {
        let signature = &it.receipt.signature;
        if let (Some(reason), true, false) = (
            &signature.reason,
            signature.verdict == Verdict::Refused || self.parts.headers,
            // A rejection has its reason on the line itself.
            it.rejected,
        ) {
            out.extend_from_slice(GUTTER.as_bytes());
            self.paint(
                out,
                if signature.verdict == Verdict::Refused {
                    Role::Bad
                } else {
                    Role::Dim
                },
                "signature:",
            );
            let _ = writeln!(out, " {}", Untrusted::new(reason));
        }
        for problem in &it.receipt.problems {
            out.extend_from_slice(GUTTER.as_bytes());
            self.paint(out, Role::Warn, "problem:");
            let _ = writeln!(out, " {}", Untrusted::new(problem));
        }
        if let Some(link) = &it.receipt.confirm {
            out.extend_from_slice(GUTTER.as_bytes());
            self.paint(out, Role::Warn, "to confirm, visit:");
            let _ = writeln!(out, " {}", Untrusted::new(link));
        }
        if self.parts.headers {
            let by = it.receipt.recognised_by;
            let by = by.map_or_else(String::new, |by| format!(", recognised by {by}"));
            self.paint(out, Role::Dim, &format!("{GUTTER}id {}{by}\n", it.id));
        }
    }

    fn forwarded(&self, out: &mut Vec<u8>, it: &Forwarded) {
        let parts = self.parts;
        let is_quiet = !(parts.events || parts.headers || parts.body || parts.reply);
        if it.outcome.succeeded() && (it.later.is_none() || is_quiet) {
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

    fn events(&self, out: &mut Vec<u8>, events: &[Event]) {
        let recipient =
            |event: &Event| Untrusted::new(event.recipient.as_deref().unwrap_or("-")).to_string();
        let name = |event: &Event| match event.kind {
            Kind::Other => Untrusted::new(&event.native).to_string(),
            kind => kind.name().to_owned(),
        };
        let rows: Vec<_> = events
            .iter()
            .map(|event| (event, name(event), recipient(event)))
            .collect();
        let widest = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0);
        let kinds = widest(&mut rows.iter().map(|(_, kind, _)| kind.width()));
        let recipients = widest(&mut rows.iter().map(|(.., to)| to.width())).min(60);
        for (event, kind, to) in rows {
            let what = story(event);
            out.extend_from_slice(GUTTER.as_bytes());
            self.paint(out, kind_role(event.kind), &kind);
            pad(out, kinds.saturating_sub(kind.width()) + 2);
            out.extend_from_slice(to.as_bytes());
            if !what.is_empty() {
                pad(out, recipients.saturating_sub(to.width()) + 2);
                let _ = write!(out, "{}", Untrusted::new(&what));
            }
            out.push(b'\n');
        }
    }

    fn headers(&self, out: &mut Vec<u8>, it: &Received) {
        for (name, value) in it.delivery.headers.spelled() {
            out.extend_from_slice(GUTTER.as_bytes());
            self.paint(out, Role::Key, name);
            out.extend_from_slice(b": ");
            if is_credential_field(name) {
                self.paint(out, Role::Dim, "***");
            } else {
                escape_into(out, value.as_bytes(), Mode::Line);
            }
            out.push(b'\n');
        }
    }

    /// Writes the body of a delivery, decompressed.
    fn content(&self, out: &mut Vec<u8>, delivery: &Delivery) {
        let coding = delivery.headers.text("content-encoding");
        let inflated = coding.and_then(|coding| inflate(coding, &delivery.body));
        let body = match &inflated {
            None => &delivery.body[..],
            Some(inflated) => {
                let (sent, shown) = (delivery.body.len(), inflated.bytes.len());
                let cut = inflated
                    .cut
                    .map_or_else(String::new, |why| format!(", {why}"));
                let line = format!(
                    "{GUTTER}[{} bytes sent compressed, {} inflated{cut}]\n",
                    grouped(sent),
                    grouped(shown)
                );
                self.paint(out, Role::Dim, &line);
                &inflated.bytes
            }
        };
        match delivery.headers.text("content-type") {
            // Some tools send JSON with the content type of a form, as their default.
            Some(kind)
                if kind.starts_with("application/x-www-form-urlencoded")
                    && !looks_like_json(body) =>
            {
                self.form(out, body)
            }
            _ => match Multipart::of(&delivery.headers, body) {
                Some(Ok(form)) => self.multipart(out, &form, body.len()),
                _ => self.body(out, body, GUTTER),
            },
        }
    }

    /// Writes the parts of a multipart form: each field, and for a file its name, type, size and beginning.
    fn multipart(&self, out: &mut Vec<u8>, form: &Multipart, size: usize) {
        let end = out.len() + GROWTH * SHOWN_BODY;
        let inner = format!("{GUTTER}{GUTTER}");
        for part in form.parts() {
            if out.len() > end {
                let line = format!("{GUTTER}… {} bytes in all\n", grouped(size));
                return self.paint(out, Role::Dim, &line);
            }
            out.extend_from_slice(GUTTER.as_bytes());
            let name = part.name.as_deref().unwrap_or("(no name)");
            self.paint(out, Role::Key, &Untrusted::new(name).to_string());
            out.extend_from_slice(b" =");
            let is_line = !part.content.contains(&b'\n') && !is_binary(part.content);
            let is_json = matches!(part.content.trim_ascii_start(), [b'{' | b'[', ..]);
            if let (None, None, true, false) =
                (&part.filename, &part.content_type, is_line, is_json)
            {
                let _ = writeln!(out, " {}", Untrusted::new(part.content));
                continue;
            }
            if let Some(filename) = &part.filename {
                let _ = write!(out, " {:?}", Untrusted::new(filename));
            }
            let kind = part
                .content_type
                .iter()
                .map(|kind| format!("{}, ", Untrusted::new(kind)));
            let kind: String = kind.collect();
            let bytes = part.content.len();
            let bytes = format!(
                "{} {}",
                grouped(bytes),
                if bytes == 1 { "byte" } else { "bytes" }
            );
            self.paint(out, Role::Dim, &format!(" ({kind}{bytes})"));
            out.push(b'\n');
            let shown = match part.is_file() {
                true => beginning(part.content),
                false => part.content,
            };
            self.body(out, shown, &inner);
            if shown.len() < part.content.len() {
                let line = format!("{inner}… {bytes} in all, {} shown\n", grouped(shown.len()));
                self.paint(out, Role::Dim, &line);
            }
        }
    }

    /// Writes the decoded fields of a form: the name on a line, and a JSON value below it.
    fn form(&self, out: &mut Vec<u8>, body: &[u8]) {
        let end = out.len() + GROWTH * SHOWN_BODY;
        for (name, value) in form_urlencoded::parse(body) {
            if out.len() > end {
                let line = format!("{GUTTER}… {} bytes in all\n", grouped(body.len()));
                return self.paint(out, Role::Dim, &line);
            }
            out.extend_from_slice(GUTTER.as_bytes());
            self.paint(out, Role::Key, &Untrusted::new(name.as_ref()).to_string());
            out.extend_from_slice(b" =");
            if matches!(value.trim_start().as_bytes(), [b'{' | b'[', ..]) {
                out.push(b'\n');
                self.body(out, value.as_bytes(), GUTTER);
            } else {
                let _ = writeln!(out, " {}", Untrusted::new(value.as_ref()));
            }
        }
    }

    fn body(&self, out: &mut Vec<u8>, body: &[u8], gutter: &str) {
        if body.is_empty() {
            return;
        }
        if is_binary(body) {
            let line = format!("{gutter}{}\n", binary(body));
            self.paint(out, Role::Dim, &line);
        } else if looks_like_json(body) {
            body::pretty(out, body, gutter, &self.palette);
        } else {
            body::text(out, body, gutter, &self.palette);
        }
        if out.last() != Some(&b'\n') {
            out.push(b'\n');
        }
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
                let _ = writeln!(out, "{GUTTER}location: {}", Untrusted::new(location));
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
        let mut row = |name: &str, text: &str| {
            let label = format!("{GUTTER}{name:<10} ");
            self.paint(out, Role::Dim, &label);
            let text = Untrusted::new(text).to_string();
            let text = match name {
                "signed" => text,
                _ => self.prose(&text, label.len()),
            };
            let _ = writeln!(out, "{text}");
        };
        // Cause and advice come first; what was tried is shown below.
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
    }

    /// Writes a status in its colour.
    pub(crate) fn status(&self, out: &mut Vec<u8>, status: u16) {
        let role = match status {
            200..=299 => Role::Good,
            300..=399 => Role::Kind,
            400..=499 => Role::Warn,
            _ => Role::Bad,
        };
        let digits = [status / 100 % 10, status / 10 % 10, status % 10]
            .map(|digit| b'0' + u8::try_from(digit).unwrap_or(0));
        self.palette.write(out, role, &digits);
    }

    fn clock(&self, out: &mut Vec<u8>, at: jiff::Timestamp) {
        let local = at.as_second() + i64::from(self.zone.to_offset(at).seconds());
        let digit = |number: i64| b'0' + u8::try_from(number.rem_euclid(10)).unwrap_or(0);
        for (part, end) in [
            (local.div_euclid(3600).rem_euclid(24), b':'),
            (local.div_euclid(60).rem_euclid(60), b':'),
            (local.rem_euclid(60), b'.'),
        ] {
            out.extend_from_slice(&[digit(part / 10), digit(part), end]);
        }
        let millis = i64::from(at.subsec_millisecond());
        out.extend_from_slice(&[digit(millis / 100), digit(millis / 10), digit(millis)]);
    }

    /// Wraps our own prose to the terminal, for a text that begins in `column`.
    pub(crate) fn prose(&self, text: &str, column: usize) -> String {
        match (self.columns)() {
            // On a narrow terminal, lines after a break begin further to the left.
            Some(width) if column > width / 2 => wrap::prose(text, column, GUTTER.len() * 2, width),
            Some(width) => wrap::prose(text, column, column, width),
            None => text.to_owned(),
        }
    }

    /// Writes a text in the colour of its role, without colouring the line break at its end.
    pub(crate) fn paint(&self, out: &mut Vec<u8>, role: Role, text: &str) {
        let line = text.strip_suffix('\n');
        self.palette
            .write(out, role, line.unwrap_or(text).as_bytes());
        if line.is_some() {
            out.push(b'\n');
        }
    }
}

/// Details of an event beyond kind and recipient: the link, or the reason.
fn story(event: &Event) -> String {
    match (&event.url, event.bounce, &event.reason) {
        (Some(url), _, _) => url.clone(),
        (None, Some(class), Some(reason)) => format!("{}: {reason}", class.name()),
        (None, Some(class), None) => class.name().to_owned(),
        (None, None, Some(reason)) if event.kind != Kind::Delivered => reason.clone(),
        _ => String::new(),
    }
}

fn kind_role(kind: Kind) -> Role {
    match kind {
        Kind::Sent | Kind::Delivered | Kind::Open | Kind::Click | Kind::Subscribe => Role::Good,
        Kind::Deferred | Kind::Unsubscribe => Role::Warn,
        Kind::Bounce | Kind::Rejected | Kind::Complaint => Role::Bad,
        Kind::Other => Role::Kind,
    }
}

fn pad(out: &mut Vec<u8>, width: usize) {
    out.extend(std::iter::repeat_n(b' ', width));
}

/// Local time zone, from `/etc/localtime` if possible; other lookups are slower.
pub fn local_zone() -> TimeZone {
    if std::env::var_os("TZ").is_none()
        && let Ok(rules) = std::fs::read("/etc/localtime")
        && let Ok(zone) = TimeZone::tzif("Local", &rules)
    {
        return zone;
    }
    TimeZone::system()
}

#[cfg(test)]
mod tests {
    use super::{Parts, TextReport};
    use crate::report::{Notice, Palette, Received};
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
            parts: Parts {
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
                remote: ([127, 0, 0, 1], 1).into(),
                delivery: &delivery,
                receipt: &receipt,
                status: Some(200),
                answer: bytes,
                took: Duration::ZERO,
                rejected: false,
                on_purpose: false,
                again: None,
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
