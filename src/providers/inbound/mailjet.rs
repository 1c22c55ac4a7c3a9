//! Mailjet Parse API: one JSON object a recipient, with every part of the message described in `Parts` and its content
//! in a member of its own. Nothing is signed.
//! <https://dev.mailjet.com/email/guides/parse-api/>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::providers::inbound::definition::{Inbound, InboundForm};
use crate::providers::inbound::incoming::{IncomingMessage, post, with_line_feeds};
use crate::providers::inbound::json::{grouped, list, number, text, texts};
use crate::webhook::mail::mail_header::MailHeader;
use crate::webhook::mail::message_part::MessagePart;
use crate::webhook::{Attachment, Delivery, Document, Mail, MailEnvelope, Mailbox, Message, Rng};

/// Mailjet's Parse API.
pub static INBOUND: Inbound = Inbound {
    modes: &[],
    is_event: false,
    is_per_recipient: true,
    form: InboundForm::One(request),
    read,
    content_api: None,
    limits: &[],
    doubts: &[
        "decoded words and joined lines in header values, and bodies in UTF-8 with line feeds, are assumed",
        "`AttachmentN` for a calendar, and the parts of a message that is one file, are assumed",
        "an empty `CustomID` and `Payload` for mail that answers none sent by Mailjet are assumed",
        "the retries, the user agent and the largest message are not confirmed",
    ],
};

/// Fields whose value is a text; that of the others is a list, even of one.
const SINGLE: [&str; 11] = [
    "date",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "message-id",
    "in-reply-to",
    "references",
    "subject",
];

fn request(mail: &IncomingMessage, _: &mut Rng) -> Delivery {
    let message = mail.message;
    let mut body = Map::new();
    let mut add = |name: &str, value: Value| body.insert(name.to_owned(), value);
    add("Sender", mail.mail_from.into());
    add("Recipient", mail.recipient().into());
    add("Date", date(mail).into());
    add("From", mail.text("from").into());
    add("Subject", mail.text("subject").into());
    add("Headers", headers(message));
    let mut contents = Vec::new();
    let parts = parts(message, &mut contents);
    add("Parts", parts);
    for (name, content) in contents {
        add(&name, content.into());
    }
    let score = mail.results.spam_score.unwrap_or(0.602);
    add("SpamAssassinScore", score.to_string().into());
    add("CustomID", "".into());
    add("Payload", "".into());
    post(
        &[("Content-Type", "application/json")],
        Value::Object(body).to_string(),
    )
}

/// Date of the message in UTC, else that of the delivery.
fn date(mail: &IncomingMessage) -> String {
    let sent = mail.message.header("date");
    let sent = sent.and_then(|it| jiff::fmt::rfc2822::parse(&it.value).ok());
    let sent = sent.map_or(mail.at, |sent| sent.timestamp());
    sent.strftime("%Y%m%dT%H%M%S").to_string()
}

fn headers(message: &Message) -> Value {
    let mut all = grouped(fields(message.headers().iter()));
    for (name, value) in &mut all {
        let is_single = SINGLE.iter().any(|it| it.eq_ignore_ascii_case(name));
        if !is_single && value.is_string() {
            *value = json!([value.take()]);
        }
    }
    Value::Object(all)
}

fn fields<'a>(
    fields: impl Iterator<Item = &'a MailHeader>,
) -> impl Iterator<Item = (String, String)> {
    fields.map(|field| (field.name.clone(), field.decoded().into_owned()))
}

/// Description of the parts in order; their contents go to `contents`, by the names of their members.
fn parts(message: &Message, contents: &mut Vec<(String, String)>) -> Value {
    let is = |part: &MessagePart, body: Option<&MessagePart>| {
        body.is_some_and(|body| std::ptr::eq(body, part))
    };
    let (mut attached, mut inline) = (0, 0);
    let mut described = Vec::new();
    for part in message.parts() {
        if part.depth == 0 && part.is_container() {
            continue;
        }
        // Of a message that is one part, the fields that are about the content.
        let own = part.headers.iter().filter(|field| {
            let is_of_content = field.name.to_ascii_lowercase().starts_with("content-");
            part.depth > 0 || is_of_content
        });
        let mut lists = grouped(fields(own));
        for value in lists.values_mut().filter(|value| value.is_string()) {
            *value = json!([value.take()]);
        }
        if part.is_container() {
            described.push(json!({"Headers": lists}));
            continue;
        }
        let (name, content) = if is(part, message.text()) {
            let text = part.text();
            ("Text-part".to_owned(), with_line_feeds(&text).into_owned())
        } else if is(part, message.html()) {
            let html = part.text();
            ("Html-part".to_owned(), with_line_feeds(&html).into_owned())
        } else {
            let (word, number) = match part.is_inline() {
                true => ("InlineAttachment", &mut inline),
                false => ("Attachment", &mut attached),
            };
            *number += 1;
            (format!("{word}{number}"), STANDARD.encode(part.content()))
        };
        described.push(json!({"Headers": lists, "ContentRef": name}));
        contents.push((name, content));
    }
    Value::Array(described)
}

fn read(_: &Delivery, body: &Document) -> Vec<Mail> {
    let header = |wanted: &str| -> Vec<String> {
        let members = body.at("/Headers").and_then(Document::members);
        let mut members = members.unwrap_or_default().iter();
        let found = members.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or_else(Vec::new, |(_, value)| texts(value, ""))
    };
    let first = |wanted: &str| header(wanted).into_iter().next();
    let boxes = |wanted: &str| -> Vec<Mailbox> {
        let all = header(wanted);
        all.iter().flat_map(|it| Mailbox::list(it)).collect()
    };
    let from = text(body, "/From").or_else(|| first("from"));
    vec![Mail {
        from: from.and_then(|from| Mailbox::first(&from)),
        to: boxes("to"),
        cc: boxes("cc"),
        bcc: boxes("bcc"),
        reply_to: boxes("reply-to"),
        subject: text(body, "/Subject").or_else(|| first("subject")),
        date: first("date"),
        message_id: first("message-id"),
        text: text(body, "/Text-part"),
        html: text(body, "/Html-part"),
        envelope: MailEnvelope {
            from: text(body, "/Sender"),
            to: text(body, "/Recipient").into_iter().collect(),
        },
        attachments: list(body, "/Parts")
            .iter()
            .filter_map(|part| file(body, part))
            .collect(),
        spam_score: number(body, "/SpamAssassinScore"),
        ..Mail::default()
    }]
}

/// File of a part, if it is one; what its header fields say is read as in a message.
fn file(body: &Document, part: &Document) -> Option<Attachment> {
    let reference = text(part, "/ContentRef").filter(|name| name.contains("Attachment"))?;
    let mut head = String::new();
    for (name, value) in part.at("/Headers").and_then(Document::members)? {
        for value in texts(value, "") {
            head += &format!("{name}: {}\r\n", value.replace(['\r', '\n'], " "));
        }
    }
    let content = text(body, &format!("/{reference}"));
    let content = content.and_then(|content| STANDARD.decode(content).ok());
    let described = Message::read(format!("{head}\r\n").into());
    let described = described.parts().first().map(Attachment::of_part);
    Some(Attachment {
        size: content.as_ref().and_then(|it| u64::try_from(it.len()).ok()),
        content: content.map(Into::into),
        ..described.unwrap_or_default()
    })
}
