//! MailerSend inbound routes: one JSON object a message, with the whole message as text in it. Signed with the secret of
//! the route.
//! <https://developers.mailersend.com/api/v1/inbound.html>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::providers::inbound::definition::{Inbound, InboundForm};
use crate::providers::inbound::incoming::{IncomingMessage, post};
use crate::providers::inbound::json::{filled, grouped, list, mailboxes, text};
use crate::webhook::mail::message_part::MessagePart;
use crate::webhook::{
    Attachment, Authentication, Delivery, Document, Mail, MailEnvelope, Mailbox, Rng, Style,
    TimestampFormat, write,
};

/// MailerSend's inbound webhook.
pub static INBOUND: Inbound = Inbound {
    modes: &[],
    is_event: false,
    is_per_recipient: false,
    form: InboundForm::One(request),
    read,
    content_api: None,
    limits: &[],
    doubts: &[
        "the shape of `cc`, and null for a missing text or HTML, are assumed",
        "how `raw` shows a message that is not UTF-8 is not known",
        "sizes and retries of inbound routes are not documented",
    ],
};

/// Layout of the JSON, as PHP writes it.
const STYLE: Style = Style {
    php: true,
    ..Style::COMPACT
};

fn request(mail: &IncomingMessage, rng: &mut Rng) -> Delivery {
    let id = rng.like("7baa68f2418ba82d2545a780");
    let at = TimestampFormat::Rfc3339(6).write(mail.at);
    let author = mail.author();
    let mut recipients = json!({
        "rcptTo": mail.recipients.iter().map(|it| json!({"email": it})).collect::<Value>(),
        "to": named(mail, "to"),
    });
    if let (Some(_), Value::Object(members)) = (mail.message.header("cc"), &mut recipients) {
        members.insert("cc".into(), named(mail, "cc"));
    }
    let raw = String::from_utf8_lossy(mail.message.raw());
    let body = json!({
        "type": "inbound.message",
        "inbound_id": "inb3xampl3r0ut3",
        "url": "https://hooks.example.com/inbound/mailersend",
        "created_at": at,
        "data": {
            "object": "message",
            "id": id,
            "recipients": recipients,
            "from": {
                "email": author.address,
                "name": name(&author),
                "raw": raw_value(mail, "from"),
            },
            "sender": {"email": mail.mail_from},
            "subject": mail.message.value("subject"),
            "date": mail.message.value("date"),
            "headers": headers(mail),
            "text": mail.body_text(),
            "html": mail.body_html(),
            "raw": format!("X-Envelope-From: <{}>\r\n{raw}", mail.mail_from),
            "attachments": mail.message.attachments().map(attachment).collect::<Value>(),
            "spf_check": {"code": spf_code(mail.spf()), "value": null},
            // False was captured for a message that had a valid signature.
            "dkim_check": mail.results.dkim.as_deref() == Some("pass"),
            "created_at": at,
        },
    });
    post(
        &[("Content-Type", "application/json")],
        write(&body, &STYLE),
    )
}

/// Result of SPF as the character of its mechanism.
fn spf_code(result: &str) -> &'static str {
    match result {
        "pass" => "+",
        "fail" => "-",
        "softfail" => "~",
        _ => "?",
    }
}

fn raw_value(mail: &IncomingMessage, name: &str) -> Value {
    let field = mail.message.header(name);
    field.map_or(Value::Null, |field| field.value.as_str().into())
}

fn name(mailbox: &Mailbox) -> Value {
    match mailbox.name.as_str() {
        "" => Value::Null,
        name => name.into(),
    }
}

fn named(mail: &IncomingMessage, header: &str) -> Value {
    let boxes = mail.mailboxes(header);
    let one = |it: &Mailbox| json!({"email": it.address, "name": name(it)});
    json!({"raw": raw_value(mail, header), "data": boxes.iter().map(one).collect::<Value>()})
}

/// Fields as written, folds and encoded words included; of several values a list.
fn headers(mail: &IncomingMessage) -> Value {
    let envelope = (
        "X-Envelope-From".to_owned(),
        format!("<{}>", mail.mail_from),
    );
    let own = mail.message.headers().iter().map(|field| {
        let line = String::from_utf8_lossy(&field.line).into_owned();
        let value = line.split_once(':').map_or("", |(_, value)| value.trim());
        (field.name.clone(), value.to_owned())
    });
    Value::Object(grouped(std::iter::once(envelope).chain(own)))
}

fn attachment(part: &MessagePart) -> Value {
    let content = part.content();
    let mut entry = Map::new();
    let disposition = if part.is_inline() {
        "inline"
    } else {
        "attachment"
    };
    entry.insert("file_name".into(), json!(part.filename));
    entry.insert("content_type".into(), part.media_type.as_str().into());
    entry.insert("content_disposition".into(), disposition.into());
    if let Some(id) = part.content_id() {
        entry.insert("content_id".into(), id.into());
    }
    entry.insert("size".into(), content.len().into());
    entry.insert("content".into(), STANDARD.encode(&content).into());
    Value::Object(entry)
}

fn read(_: &Delivery, body: &Document) -> Vec<Mail> {
    let Some(data) = body.at("/data") else {
        return Vec::new();
    };
    let from = data.at("/from").map(std::slice::from_ref);
    let boxes = |at: &str| mailboxes(list(data, at), "/email", "/name");
    let header = |name: &str| {
        let members = data.at("/headers").and_then(Document::members)?;
        let found = members.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_text().map(|text| text.into_owned()))
    };
    let recipients = list(data, "/recipients/rcptTo").iter();
    vec![Mail {
        from: mailboxes(from.unwrap_or_default(), "/email", "/name")
            .into_iter()
            .next(),
        to: boxes("/recipients/to/data"),
        cc: boxes("/recipients/cc/data"),
        reply_to: header("reply-to").map_or_else(Vec::new, |it| Mailbox::list(&it)),
        subject: text(data, "/subject"),
        date: text(data, "/date"),
        message_id: header("message-id"),
        text: text(data, "/text"),
        html: text(data, "/html"),
        envelope: MailEnvelope {
            from: text(data, "/sender/email"),
            to: recipients.filter_map(|it| text(it, "/email")).collect(),
        },
        attachments: list(data, "/attachments").iter().map(file).collect(),
        authentication: Authentication {
            spf: text(data, "/spf_check/code"),
            dkim: text(data, "/dkim_check"),
            dmarc: None,
        },
        id: text(data, "/id"),
        ..Mail::default()
    }]
}

fn file(it: &Document) -> Attachment {
    let content = it.text("/content");
    let content = content.and_then(|content| STANDARD.decode(content.as_bytes()).ok());
    let size = content.as_ref().map(Vec::len);
    Attachment {
        disposition: text(it, "/content_disposition"),
        name: filled(it, "/file_name"),
        content_type: text(it, "/content_type"),
        content_id: filled(it, "/content_id"),
        size: size.and_then(|size| u64::try_from(size).ok()),
        content: content.map(Into::into),
        reference: None,
    }
    .with_disposition_of_sender()
}
