//! Message as a provider took it in by SMTP, with what its filters found, and helpers for the requests made of it.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use crate::webhook::{Delivery, Headers, Mailbox, Message, domain_of};

/// Message that arrived at a provider.
#[derive(Clone, Copy, Debug)]
pub struct IncomingMessage<'a> {
    /// The message.
    pub message: &'a Message,
    /// `MAIL FROM`; empty for a null return path.
    pub mail_from: &'a str,
    /// `RCPT TO`, each; a single one if the provider makes a request for each.
    pub recipients: &'a [String],
    /// Mode, one of [`Inbound::modes`](super::definition::Inbound::modes).
    pub mode: &'static str,
    /// Results of the filters.
    pub results: &'a FilterResults,
    /// Time of the delivery.
    pub at: Timestamp,
}

/// Results of a provider's filters, as the user asks for them; each provider has defaults of its own.
#[derive(Clone, Debug, Default)]
pub struct FilterResults {
    /// Spam score (`--spam-score`).
    pub spam_score: Option<f64>,
    /// Result of SPF (`--spf`), such as `pass`.
    pub spf: Option<String>,
    /// Result of DKIM (`--dkim`).
    pub dkim: Option<String>,
    /// Result of DMARC (`--dmarc`).
    pub dmarc: Option<String>,
}

/// Host that hands over the message, from the range of addresses for examples.
pub const SENDER_IP: &str = "192.0.2.10";

/// Score from which a message counts as spam, as in SpamAssassin.
pub const SPAM_FROM: f64 = 5.0;

impl<'a> IncomingMessage<'a> {
    /// The message for each of its recipients alone; the message itself if it has none.
    pub fn for_each_recipient(&self) -> impl Iterator<Item = IncomingMessage<'a>> + use<'a> {
        let whole = *self;
        let alone = self.recipients.chunks(1).map(move |recipients| Self {
            recipients,
            ..whole
        });
        let unaddressed = self.recipients.is_empty().then_some(whole);
        alone.chain(unaddressed)
    }

    /// First recipient of the envelope.
    pub fn recipient(&self) -> &str {
        self.recipients.first().map_or("", String::as_str)
    }

    /// Decoded value of a header field; empty if it is missing.
    pub fn text(&self, name: &str) -> String {
        self.message.value(name).unwrap_or_default()
    }

    /// Mailboxes of the header fields of this name.
    pub fn mailboxes(&self, name: &str) -> Vec<Mailbox> {
        let fields = self.message.headers().iter().filter(|field| field.is(name));
        fields
            .flat_map(|field| Mailbox::list(&field.value))
            .collect()
    }

    /// First author.
    pub fn author(&self) -> Mailbox {
        let from = self.message.header("from");
        from.and_then(|from| Mailbox::first(&from.value))
            .unwrap_or_default()
    }

    /// Domain of the author, else that of the envelope.
    pub fn author_domain(&self) -> String {
        let author = self.author();
        match author.domain() {
            "" => domain_of(self.mail_from).to_owned(),
            domain => domain.to_owned(),
        }
    }

    /// Result of a filter, `pass` unless another one is asked for.
    pub fn spf(&self) -> &str {
        self.results.spf.as_deref().unwrap_or("pass")
    }

    /// Result of DKIM, `pass` unless another one is asked for.
    pub fn dkim(&self) -> &str {
        self.results.dkim.as_deref().unwrap_or("pass")
    }

    /// Result of DMARC, `pass` unless another one is asked for.
    pub fn dmarc(&self) -> &str {
        self.results.dmarc.as_deref().unwrap_or("pass")
    }

    /// Decoded text of the body, if there is one.
    pub fn body_text(&self) -> Option<String> {
        self.message.text().map(|part| part.text())
    }

    /// Decoded HTML of the body, if there is one.
    pub fn body_html(&self) -> Option<String> {
        self.message.html().map(|part| part.text())
    }
}

/// Request without path and signature.
pub fn post(headers: &[(&'static str, &str)], body: impl Into<bytes::Bytes>) -> Delivery {
    let mut all = Headers::new();
    for (name, value) in headers {
        if let (Ok(field), Ok(value)) = (
            HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()),
            HeaderValue::from_str(value),
        ) {
            all.push_spelled(field, name, value);
        }
    }
    Delivery {
        method: Method::POST,
        path: http::uri::PathAndQuery::from_static("/"),
        headers: all,
        body: body.into(),
    }
}

/// Word with a capital at its beginning: `Pass`.
pub fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Text with line feeds in place of CRLF.
pub fn with_line_feeds(text: &str) -> Cow<'_, str> {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").into(),
        false => text.into(),
    }
}

/// Answer in a text: without the quotation and the signature under it.
#[derive(Debug, PartialEq, Eq)]
pub struct ReplyText<'a> {
    /// Text that was written anew.
    pub text: &'a str,
    /// Signature with the line before it; empty if there is none.
    pub signature: &'a str,
    /// True if something was quoted.
    pub has_quotation: bool,
}

/// Splits a text into an answer, its signature and its quotation. Providers have their own rules; this one knows lines
/// with `>`, the line above them that names the author, and the signature line `-- `.
pub fn reply_of(text: &str) -> ReplyText<'_> {
    let mut at = 0;
    let (mut quotation, mut signature) = (None, None);
    let mut last_line = 0;
    for line in text.split_inclusive('\n') {
        let shown = line.trim_end_matches(['\r', '\n']);
        if shown.starts_with('>') {
            let above = text.get(last_line..at).unwrap_or_default();
            let names_author = above.trim_end().ends_with(':') && !above.starts_with('>');
            quotation = Some(if names_author { last_line } else { at });
            break;
        }
        if signature.is_none() && (shown == "-- " || shown == "--") {
            signature = Some(at);
        }
        if !shown.trim().is_empty() {
            last_line = at;
        }
        at += line.len();
    }
    let end = quotation.unwrap_or(text.len());
    let cut = signature.unwrap_or(end).min(end);
    ReplyText {
        text: text.get(..cut).unwrap_or_default().trim_end(),
        signature: text.get(cut..end).unwrap_or_default().trim_end(),
        has_quotation: quotation.is_some(),
    }
}

/// Text of an HTML document, as rough as providers make it where a message has no text of its own.
pub fn text_of_html(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        out.push_str(before);
        rest = match tag.find('>') {
            Some(end) => tag.get(end + 1..).unwrap_or_default(),
            None => "",
        };
    }
    out.push_str(rest);
    for (entity, character) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ] {
        out = out.replace(entity, character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{reply_of, text_of_html};

    #[test]
    fn an_answer_ends_before_its_signature_and_its_quotation() {
        for (text, answer, signature, has_quotation) in [
            ("a\r\n\r\n-- \r\nAda\r\n", "a", "-- \r\nAda", false),
            ("a\r\n\r\n> On Friday, B wrote:\r\n> b", "a", "", true),
            ("a\n\nOn Friday, B wrote:\n> b\n", "a", "", true),
            ("a:\n\nb\n", "a:\n\nb", "", false),
            ("", "", "", false),
        ] {
            let read = reply_of(text);
            assert_eq!((read.text, read.signature), (answer, signature), "{text}");
            assert_eq!(read.has_quotation, has_quotation, "{text}");
        }
    }

    #[test]
    fn html_becomes_text() {
        assert_eq!(text_of_html("<p>a &lt; <b>b</b></p>\r\n<x"), "a < b\r\n");
    }
}
