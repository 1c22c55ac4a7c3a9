//! Messages made from a few words: sender, recipient, subject, text, HTML, files.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;

use crate::webhook::Rng;
use crate::webhook::mail::mailbox::domain_of;

/// Message to make, anew for each delivery: with an id and a date of its own.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Value of `From`.
    pub from: String,
    /// Value of `To`.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Plain text, if any.
    pub text: Option<String>,
    /// HTML, if any.
    pub html: Option<String>,
    /// Files.
    pub files: Vec<DraftFile>,
}

/// File to attach.
#[derive(Clone, Debug)]
pub struct DraftFile {
    /// File name.
    pub name: String,
    /// Content.
    pub content: Bytes,
}

/// Author of a message, unless another is given.
pub const AUTHOR: &str = "Ada Example <ada@example.org>";
/// Recipient of a message, unless another is given.
pub const RECIPIENT: &str = "support@in.example.com";

/// Message that is made if nothing is said of it.
impl Default for Draft {
    fn default() -> Self {
        Draft {
            from: AUTHOR.into(),
            to: RECIPIENT.into(),
            subject: "Question about order A-1042".into(),
            text: Some("Hello,\n\nwhere is my order?\n\n-- \nAda".into()),
            html: None,
            files: Vec::new(),
        }
    }
}

/// Length of a line of base64.
const LINE: usize = 76;

impl Draft {
    /// Writes the message, with CRLF line ends.
    pub fn write(&self, at: Timestamp, rng: &mut Rng) -> Bytes {
        let date = at.strftime("%a, %-d %b %Y %H:%M:%S +0000");
        let address = crate::webhook::address(&self.from);
        let domain = Some(domain_of(address)).filter(|domain| !domain.is_empty());
        let id = rng.like("0123456789abcdef0123456789abcdef");
        let mut out = String::new();
        for (name, value) in [("From", &self.from), ("To", &self.to)] {
            let _ = write!(out, "{name}: {}\r\n", encoded_mailboxes(value));
        }
        let _ = write!(out, "Subject: {}\r\n", encoded(&self.subject));
        let _ = write!(out, "Date: {}\r\n", date);
        let _ = write!(
            out,
            "Message-ID: <{id}@{}>\r\nMIME-Version: 1.0\r\n",
            domain.unwrap_or("example.org")
        );
        let boundary = rng.like("0123456789abcdef01234567");
        let mut entities = Vec::new();
        entities.extend(self.text.as_ref().map(|text| text_entity("plain", text)));
        entities.extend(self.html.as_ref().map(|html| text_entity("html", html)));
        let text = match entities.as_slice() {
            [_, _] => vec![container("alternative", &format!("a{boundary}"), &entities)],
            _ => entities,
        };
        let parts: Vec<String> = text
            .into_iter()
            .chain(self.files.iter().map(file_entity))
            .collect();
        match parts.as_slice() {
            [] => out += &text_entity("plain", ""),
            [one] if self.files.is_empty() => out += one,
            _ => out += &container("mixed", &format!("m{boundary}"), &parts),
        }
        out.into()
    }
}

fn text_entity(subtype: &str, text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let encoding = if text.is_ascii() { "7bit" } else { "8bit" };
    format!(
        "Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{text}\r\n"
    )
}

fn file_entity(file: &DraftFile) -> String {
    let name = encoded(&file.name).replace(['"', '\\'], "_");
    let mut out = format!(
        "Content-Type: {}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n",
        media_type(&file.name)
    );
    for line in file.content.chunks(LINE / 4 * 3) {
        STANDARD.encode_string(line, &mut out);
        out += "\r\n";
    }
    out
}

fn container(subtype: &str, boundary: &str, parts: &[String]) -> String {
    let mut out = format!("Content-Type: multipart/{subtype}; boundary=\"{boundary}\"\r\n\r\n");
    for part in parts {
        let _ = write!(out, "--{boundary}\r\n{part}");
    }
    let _ = write!(out, "--{boundary}--\r\n");
    out
}

/// Text of a header field, as encoded words if it is not ASCII. A line break would begin another field.
fn encoded(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    if text.is_ascii() {
        return text;
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if word.len() + c.len_utf8() > 45 {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let words = words
        .iter()
        .map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
    words.collect::<Vec<_>>().join("\r\n ")
}

/// Mailboxes of a header field, their names encoded.
fn encoded_mailboxes(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    match text.rsplit_once('<') {
        Some((name, address)) if !name.is_ascii() => {
            let name = name.trim().trim_matches('"');
            format!("{} <{address}", encoded(name))
        }
        _ => text,
    }
}

/// Media type by the extension of a name.
fn media_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "txt" | "log" => "text/plain",
        "html" | "htm" => "text/html",
        "csv" => "text/csv",
        "ics" => "text/calendar",
        "json" => "application/json",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "eml" => "message/rfc822",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Draft, DraftFile};
    use crate::webhook::Rng;
    use crate::webhook::mail::inbound_mail::Mail;
    use crate::webhook::mail::message::Message;

    #[test]
    fn a_message_that_was_made_is_read_back() {
        let draft = Draft {
            from: "Zo\u{eb} <zoe@example.org>".into(),
            to: "support@in.example.com".into(),
            subject: "Gr\u{fc}\u{df}e ".repeat(12).trim().into(),
            text: Some("a\nb".into()),
            html: Some("<p>\u{e9}".into()),
            files: vec![DraftFile {
                name: "M\u{e4}rz.pdf".into(),
                content: vec![7; 200].into(),
            }],
        };
        let made = draft.write(Timestamp::UNIX_EPOCH, &mut Rng::seeded(1));
        assert_eq!(
            made,
            draft.write(Timestamp::UNIX_EPOCH, &mut Rng::seeded(1))
        );
        let mail = Mail::of_message(&Message::read(made));
        let from = mail.from.unwrap();
        assert_eq!(
            (&*from.name, &*from.address),
            ("Zo\u{eb}", "zoe@example.org")
        );
        assert_eq!(mail.subject.unwrap(), draft.subject);
        assert_eq!(mail.date.unwrap(), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(mail.text.unwrap(), "a\r\nb");
        assert_eq!(mail.html.unwrap(), "<p>\u{e9}");
        assert_eq!(mail.attachments[0].name.as_deref(), Some("M\u{e4}rz.pdf"));
        assert_eq!(mail.attachments[0].content.as_deref(), Some(&[7; 200][..]));
    }
}
