//! Mails as text: who wrote to whom, the subject, the first lines, the files. HTML is shown as source only.

use std::io::Write as _;

use crate::report::Untrusted;
use crate::report::text::escape::grouped;
use crate::report::text::palette::Role;
use crate::report::text::{GUTTER, TextReport};
use crate::webhook::{Attachment, Mail, Mailbox};

/// Most lines shown of a text.
const TEXT_LINES: usize = 12;

/// Most lines shown of HTML.
const HTML_LINES: usize = 4;

/// Most bytes shown of a line.
const LINE_BYTES: usize = 400;

/// Most files and addresses listed.
const MOST_LISTED: usize = 50;

/// Width of the names before the values.
const NAMES: usize = 9;

impl TextReport {
    /// Writes the mails of a delivery.
    pub(super) fn mails(&self, out: &mut Vec<u8>, mails: &[Mail]) {
        for (at, mail) in mails.iter().enumerate() {
            if at > 0 {
                out.push(b'\n');
            }
            self.mail(out, mail);
        }
    }

    fn mail(&self, out: &mut Vec<u8>, mail: &Mail) {
        let from: Vec<Mailbox> = mail.from.iter().cloned().collect();
        for (name, boxes) in [
            ("from", &from),
            ("to", &mail.to),
            ("cc", &mail.cc),
            ("bcc", &mail.bcc),
        ] {
            if !boxes.is_empty() {
                self.named(out, name, &listed(boxes));
            }
        }
        if mail.envelope.from.is_some() || !mail.envelope.to.is_empty() {
            let from = match mail.envelope.from.as_deref() {
                Some("") => "<>",
                Some(from) => from,
                None => "?",
            };
            let to = mail.envelope.to.join(", ");
            self.named(out, "envelope", &format!("{from} to {to}"));
        }
        if let Some(subject) = &mail.subject {
            self.named(out, "subject", subject);
        }
        if let Some(score) = mail.spam_score {
            self.named(out, "spam", &score.to_string());
        }
        for (name, text, lines) in [
            ("text", &mail.text, TEXT_LINES),
            ("html", &mail.html, HTML_LINES),
        ] {
            if let Some(text) = text.as_ref().filter(|text| !text.trim().is_empty()) {
                self.beginning_of(out, name, text, lines);
            }
        }
        for file in mail.attachments.iter().take(MOST_LISTED) {
            self.named(out, "file", &described(file));
        }
        if mail.attachments.len() > MOST_LISTED {
            let more = mail.attachments.len() - MOST_LISTED;
            self.named(out, "", &format!("… {more} more"));
        }
    }

    /// Writes a value after its name.
    fn named(&self, out: &mut Vec<u8>, name: &str, value: &str) {
        out.extend_from_slice(GUTTER.as_bytes());
        self.paint(out, Role::Key, &format!("{name:<NAMES$}"));
        let _ = writeln!(out, "{}", Untrusted::new(short(value)));
    }

    /// Writes the first lines of a text, one below the other.
    fn beginning_of(&self, out: &mut Vec<u8>, name: &str, text: &str, most: usize) {
        let mut lines = text.trim_end().lines();
        for (at, line) in lines.by_ref().take(most).enumerate() {
            self.named(out, if at == 0 { name } else { "" }, line);
        }
        let more = lines.count();
        if more > 0 {
            let lines = if more == 1 { "line" } else { "lines" };
            self.named(out, "", &format!("… {} more {lines}", grouped(more)));
        }
    }
}

fn listed(boxes: &[Mailbox]) -> String {
    let one = |it: &Mailbox| match it.name.as_str() {
        "" => it.address.clone(),
        name => format!("{name} <{}>", it.address),
    };
    let all: Vec<String> = boxes.iter().take(MOST_LISTED).map(one).collect();
    all.join(", ")
}

fn described(file: &Attachment) -> String {
    let name = file.name.as_deref().unwrap_or("(no name)");
    let kind = file.content_type.as_deref().unwrap_or("unknown type");
    let mut out = format!("{name}  {kind}");
    if let Some(size) = file.size {
        let bytes = if size == 1 { "byte" } else { "bytes" };
        let size = usize::try_from(size).map_or_else(|_| size.to_string(), grouped);
        out += &format!("  {size} {bytes}");
    }
    if let Some("inline") = file.disposition.as_deref() {
        out += "  inline";
    }
    if let (None, Some(reference)) = (&file.content, &file.reference) {
        out += &format!("  at {reference}");
    }
    out
}

/// Beginning of a long line.
fn short(line: &str) -> &str {
    let mut end = line.len().min(LINE_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.get(..end).unwrap_or_default()
}
