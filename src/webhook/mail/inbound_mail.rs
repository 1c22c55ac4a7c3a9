//! Neutral model of an inbound mail: what a provider's request says of it, in words common to all providers.

use bytes::Bytes;

use crate::webhook::mail::mailbox::Mailbox;
use crate::webhook::mail::message::Message;
use crate::webhook::mail::message_part::MessagePart;

/// Mail as read from a request; what the request does not hold is none or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mail {
    /// First author.
    pub from: Option<Mailbox>,
    /// Recipients named in `To`.
    pub to: Vec<Mailbox>,
    /// Recipients named in `Cc`.
    pub cc: Vec<Mailbox>,
    /// Recipients that the provider found in no header.
    pub bcc: Vec<Mailbox>,
    /// Addresses for answers.
    pub reply_to: Vec<Mailbox>,
    /// Subject, decoded.
    pub subject: Option<String>,
    /// Date as the sender wrote it.
    pub date: Option<String>,
    /// Value of the header `Message-ID`, brackets included.
    pub message_id: Option<String>,
    /// Plain text.
    pub text: Option<String>,
    /// HTML.
    pub html: Option<String>,
    /// Text without quotations and signature, as the provider found it.
    pub reply: Option<String>,
    /// Envelope of SMTP.
    pub envelope: MailEnvelope,
    /// Files, in order.
    pub attachments: Vec<Attachment>,
    /// Spam score.
    pub spam_score: Option<f64>,
    /// Verdict of the spam filter.
    pub is_spam: Option<bool>,
    /// Results of authentication, in the provider's words.
    pub authentication: Authentication,
    /// Size of the message in bytes, if the request says it.
    pub size: Option<u64>,
    /// Provider's own id of the mail.
    pub id: Option<String>,
}

/// Envelope of SMTP: the addresses that the mail was sent from and to, whatever its headers say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailEnvelope {
    /// `MAIL FROM`; empty for a null return path.
    pub from: Option<String>,
    /// `RCPT TO`, each.
    pub to: Vec<String>,
}

/// Results of authentication: `pass`, `fail`, or a text of the provider's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    /// SPF.
    pub spf: Option<String>,
    /// DKIM.
    pub dkim: Option<String>,
    /// DMARC.
    pub dmarc: Option<String>,
}

/// File of a mail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attachment {
    /// File name, as the sender gave it.
    pub name: Option<String>,
    /// Media type without parameters.
    pub content_type: Option<String>,
    /// `attachment` or `inline`.
    pub disposition: Option<String>,
    /// Content id without brackets.
    pub content_id: Option<String>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Content; none if the request holds only a reference.
    pub content: Option<Bytes>,
    /// Reference to the content: a URL, an id, a token.
    pub reference: Option<String>,
}

impl Attachment {
    /// Infers the disposition where a provider does not tell it: `inline` with a content id, `attachment` with a name.
    #[must_use]
    pub(crate) fn with_inferred_disposition(self) -> Attachment {
        let disposition = match (&self.content_id, &self.name) {
            (Some(_), _) => Some("inline"),
            (None, Some(_)) => Some("attachment"),
            (None, None) => None,
        };
        Attachment {
            disposition: disposition.map(str::to_owned),
            ..self
        }
    }

    /// Drops the disposition of a part without name and content id: the provider calls it an attachment, not the sender.
    #[must_use]
    pub(crate) fn with_disposition_of_sender(self) -> Attachment {
        let is_told = self.name.is_some() || self.content_id.is_some();
        Attachment {
            disposition: self.disposition.filter(|_| is_told),
            ..self
        }
    }
}

impl Mail {
    /// Mail of the header fields and parts of a message, without an envelope.
    pub fn of_message(message: &Message) -> Mail {
        let boxes = |name: &str| {
            let fields = message.headers().iter().filter(|header| header.is(name));
            fields
                .flat_map(|field| Mailbox::list(&field.value))
                .collect()
        };
        let from: Vec<Mailbox> = boxes("from");
        Mail {
            from: from.into_iter().next(),
            to: boxes("to"),
            cc: boxes("cc"),
            bcc: boxes("bcc"),
            reply_to: boxes("reply-to"),
            subject: message.value("subject"),
            date: message.value("date"),
            message_id: message.value("message-id"),
            text: message.text().map(MessagePart::text),
            html: message.html().map(MessagePart::text),
            attachments: message.attachments().map(Attachment::of_part).collect(),
            ..Mail::default()
        }
    }

    /// Mail of header fields that stand in a text of their own.
    pub fn of_headers(fields: &str) -> Mail {
        let message = Message::read(Bytes::from(format!("{}\r\n\r\n", fields.trim_end())));
        Mail {
            text: None,
            html: None,
            attachments: Vec::new(),
            ..Mail::of_message(&message)
        }
    }
}

impl Attachment {
    /// File in a message.
    pub fn of_part(part: &MessagePart) -> Attachment {
        let content = part.content();
        Attachment {
            name: part.filename.clone(),
            content_type: Some(part.media_type.clone()),
            disposition: part.disposition.clone(),
            content_id: part.content_id().map(str::to_owned),
            size: u64::try_from(content.len()).ok(),
            content: Some(content),
            reference: None,
        }
    }
}
