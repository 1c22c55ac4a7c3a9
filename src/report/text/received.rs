//! Received delivery as text: its line, a line per event, then the parts chosen with `--show`.

use std::io::Write as _;

use unicode_width::UnicodeWidthStr;

use crate::report::notice::{Received, View};
use crate::report::text::body;
use crate::report::text::body::{GROWTH, SHOWN_BODY, is_shown_as_form};
use crate::report::text::delivery_line::DeliveryLine;
use crate::report::text::escape::grouped;
use crate::report::text::humanize::put_span;
use crate::report::text::inflate::inflate;
use crate::report::text::palette::Role;
use crate::report::text::text_report::{kind_role, pad};
use crate::report::text::{GUTTER, TextReport};
use crate::report::{Mode, Untrusted, escape_into, is_binary};
use crate::webhook::{
    Delivery, Event, Headers, Kind, MASK, Multipart, Receipt, Verdict, is_credential_field,
    masked_path,
};

/// Most bytes shown of a file in a form.
const SHOWN_FILE: usize = 1024;

/// Most bytes shown of a response that was no success, where one line is shown for others.
const SHOWN_RESPONSE: usize = 4096;

impl TextReport {
    /// Writes a received delivery in the chosen view.
    pub(super) fn received(&self, out: &mut Vec<u8>, it: &Received) {
        match self.view {
            View::Parts => self.received_with_parts(out, it),
            View::Line => {
                let reason = reason(it);
                let reason = reason.as_ref().map(|(what, why)| (*what, why.as_str()));
                let line = DeliveryLine {
                    reason,
                    has_remarks: true,
                    ..DeliveryLine::received(it)
                };
                self.line(out, &line);
            }
            View::LineAndFailures => {
                self.line(out, &DeliveryLine::received(it));
                self.below_line(out, it);
            }
        }
    }

    /// Writes a delivery that was sent to the handler again.
    pub(super) fn resent(&self, out: &mut Vec<u8>, it: &Received) {
        let line = DeliveryLine {
            is_resent: true,
            ..DeliveryLine::received(it)
        };
        self.line(out, &line);
        self.below_line(out, it);
    }

    /// Writes what stands below the one line of a delivery: problems, and of one that was not accepted, the reason, the
    /// events and the response.
    fn below_line(&self, out: &mut Vec<u8>, it: &Received) {
        if let Some((what, why)) = reason(it) {
            out.extend_from_slice(GUTTER.as_bytes());
            self.paint(out, Role::Bad, what);
            let _ = writeln!(out, " {}", Untrusted::new(&why));
        }
        self.remarks(out, it);
        if it.status.is_some_and(|status| matches!(status, 200..=299)) {
            return;
        }
        self.events(out, &it.receipt.events);
        let is_of_handler = it.handler.is_none_or(|it| it.outcome.status().is_some());
        if is_of_handler && !it.rejected && !it.on_purpose && !it.answer.is_empty() {
            self.paint(out, Role::Dim, "  response:\n");
            self.response(out, it, SHOWN_RESPONSE);
        }
    }

    /// Writes the body of the response, decompressed, up to so many bytes.
    fn response(&self, out: &mut Vec<u8>, it: &Received, most: usize) {
        let coding = it.answer_coding;
        let inflated = coding.and_then(|coding| inflate(coding, it.answer));
        let body = inflated.as_ref().map_or(it.answer, |it| &it.bytes);
        if body.len() > most && !is_binary(body) {
            body::beginning(out, body, most, GUTTER, &self.palette);
        } else {
            self.body(out, body, GUTTER);
        }
    }

    /// Writes the line of a delivery, and the parts of it that are shown.
    fn received_with_parts(&self, out: &mut Vec<u8>, it: &Received) {
        self.clock(out, it.at);
        out.extend_from_slice(b"  ");
        self.paint(out, Role::Bold, it.delivery.method.as_str());
        out.push(b' ');
        let path = masked_path(it.delivery.path.as_str());
        escape_into(out, path.as_bytes(), Mode::Line);
        out.extend_from_slice(b"  ");
        if it.receipt.handshake {
            self.paint(out, Role::Dim, "handshake");
            if let Some(title) = it.receipt.asks {
                self.paint(out, Role::Dim, &format!(" ({title})"));
            }
        } else {
            self.claims(out, it.receipt);
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
        if let Some(repeat) = it.again {
            self.repeat(out, repeat);
        }
        if let Some(address) = it.address {
            let line = format!("  {}", Untrusted::new(address));
            self.paint(out, Role::Dim, &line);
        }
        out.push(b'\n');

        self.remarks(out, it);
        if self.parts.events {
            self.events(out, &it.receipt.events);
        }
        if self.parts.headers {
            self.headers(out, &it.delivery.headers);
        }
        if self.parts.body {
            self.mails(out, &it.receipt.mails);
            // The form of a mail is worth its length where everything is shown.
            if it.receipt.mails.is_empty() || self.parts.headers {
                self.content(out, it.delivery);
            }
        }
        if self.parts.reply && !it.answer.is_empty() {
            self.paint(out, Role::Dim, "  response:\n");
            self.response(out, it, SHOWN_BODY);
        }
    }

    /// Writes provider, number of events and signature verdict.
    pub(super) fn claims(&self, out: &mut Vec<u8>, receipt: &Receipt) {
        self.paint(out, Role::Kind, receipt.provider.unwrap_or("unknown"));
        match receipt.events.len() {
            0 => out.extend_from_slice(b"  no events  "),
            1 => out.extend_from_slice(b"  1 event  "),
            many => {
                let _ = write!(out, "  {many} events  ");
            }
        }
        let verdict = receipt.signature.verdict;
        let role = match verdict {
            Verdict::Verified | Verdict::VerifiedTestKey => Role::Good,
            Verdict::Unsigned | Verdict::Unchecked => Role::Dim,
            Verdict::Refused => Role::Bad,
        };
        self.paint(out, role, verdict.name());
    }

    /// Writes the reasons, problems and links that do not fit on the delivery's line.
    pub(super) fn remarks(&self, out: &mut Vec<u8>, it: &Received) {
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

    pub(super) fn events(&self, out: &mut Vec<u8>, events: &[Event]) {
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

    pub(super) fn headers(&self, out: &mut Vec<u8>, headers: &Headers) {
        for (name, value) in headers.spelled() {
            out.extend_from_slice(GUTTER.as_bytes());
            self.paint(out, Role::Key, name);
            out.extend_from_slice(b": ");
            if is_credential_field(name) {
                self.paint(out, Role::Dim, MASK);
            } else {
                escape_into(out, value.as_bytes(), Mode::Line);
            }
            out.push(b'\n');
        }
    }

    /// Writes the body of a delivery, decompressed.
    pub(super) fn content(&self, out: &mut Vec<u8>, delivery: &Delivery) {
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
        if is_shown_as_form(&delivery.headers, body) {
            return self.form(out, body);
        }
        match Multipart::of(&delivery.headers, body) {
            Some(Ok(form)) => self.multipart(out, &form, body.len()),
            _ => self.body(out, body, GUTTER),
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
}

/// Reason why a delivery was not accepted, if it is not in the response.
fn reason(it: &Received) -> Option<(&'static str, String)> {
    if it.rejected {
        let why = it.receipt.signature.reason.as_deref();
        return Some(("rejected:", why.unwrap_or_default().to_owned()));
    }
    let handler = it.handler?;
    match handler.outcome.status() {
        Some(_) => None,
        None => Some(("no response:", handler.outcome.reason()?)),
    }
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
