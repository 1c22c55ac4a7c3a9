//! Brevo inbound parsing: a list of mails under `items`, with their texts and the tokens by which their files are
//! fetched from the API. Nothing is signed.
//! <https://developers.brevo.com/docs/inbound-parse-webhooks>

use serde_json::{Value, json};

use crate::providers::inbound::content_api::{ApiAnswer, ContentApi, ContentRequest, disposition};
use crate::providers::inbound::definition::{Inbound, InboundForm};
use crate::providers::inbound::incoming::{IncomingMessage, post, reply_of, with_line_feeds};
use crate::providers::inbound::json::{filled, grouped, list, mailboxes, number, text};
use crate::webhook::mail::message_part::MessagePart;
use crate::webhook::{Attachment, Delivery, Document, Mail, MailEnvelope, Mailbox, Rng};

/// Brevo's `inboundEmailProcessed`.
pub static INBOUND: Inbound = Inbound {
    modes: &[],
    is_event: false,
    is_per_recipient: false,
    form: InboundForm::Batch {
        item,
        wrap,
        most: None,
        is_per_recipient: false,
    },
    read,
    content_api: Some(&API),
    limits: &[],
    doubts: &[
        "`Bcc` and `Recipients` are documented, and in no request that was published",
        "null for a missing text or HTML, and `\"\"` for the name of a file without one, are assumed",
        "the Markdown that Brevo makes of HTML is not known: without a text, `ExtractedMarkdownMessage` is empty",
        "how many mails a request can hold, and the largest mail, are not known",
        "`Content-Disposition` is documented for the answers of the API, its form is not",
    ],
};

/// API for files.
static API: ContentApi = ContentApi {
    base_url: "https://api.brevo.com/v3",
    answers,
};

fn item(mail: &IncomingMessage, rng: &mut Rng) -> Value {
    let message = mail.message;
    let uuid = rng.like("a2ced1c5-aba6-5d73-80e5-37f576e8ebad");
    let body = mail.body_text().unwrap_or_default();
    let reply = with_line_feeds(reply_of(&body).text).into_owned();
    let recipients = mail.recipients.iter().map(|it| person(it, ""));
    json!({
        "Uuid": [uuid],
        "MessageId": message.value("message-id"),
        "InReplyTo": message.value("in-reply-to"),
        "From": one(&mail.author()),
        "To": people(mail, "to"),
        "Cc": people(mail, "cc"),
        "Bcc": people(mail, "bcc"),
        "Recipients": recipients.collect::<Value>(),
        "ReplyTo": mail.mailboxes("reply-to").first().map(one),
        "SentAtDate": message.value("date"),
        "Subject": mail.text("subject"),
        "Attachments": message.attachments().map(|it| entry(it, rng)).collect::<Value>(),
        "Headers": headers(mail),
        "SpamScore": mail.results.spam_score.unwrap_or(2.9),
        "ExtractedMarkdownMessage": if reply.is_empty() { reply } else { reply + "\n" },
        "ExtractedMarkdownSignature": null,
        "RawHtmlBody": mail.body_html(),
        "RawTextBody": mail.body_text(),
    })
}

fn wrap(items: Vec<Value>, _: &mut Rng) -> Delivery {
    post(
        &[("Content-Type", "application/json")],
        json!({"items": items}).to_string(),
    )
}

fn person(address: &str, name: &str) -> Value {
    let name = Some(name).filter(|name| !name.is_empty());
    json!({"Name": name, "Address": address})
}

fn one(mailbox: &Mailbox) -> Value {
    person(&mailbox.address, &mailbox.name)
}

fn people(mail: &IncomingMessage, header: &str) -> Value {
    mail.mailboxes(header).iter().map(one).collect()
}

fn entry(part: &MessagePart, rng: &mut Rng) -> Value {
    json!({
        "Name": part.filename.as_deref().unwrap_or_default(),
        "ContentType": part.media_type,
        "ContentLength": part.content().len(),
        "ContentID": part.content_id(),
        "DownloadToken": format!("token-{}", rng.like("169825a70203d4069945f5b4")),
    })
}

/// Fields by their names; of several values a list. The media type has no parameters.
fn headers(mail: &IncomingMessage) -> Value {
    let value = |value: &str, is_type: bool| match value.split_once(';') {
        Some((kind, _)) if is_type => kind.trim_end().to_owned(),
        _ => value.to_owned(),
    };
    let fields = mail.message.headers().iter().map(|field| {
        let is_type = field.is("content-type");
        (field.name.clone(), value(&field.decoded(), is_type))
    });
    Value::Object(grouped(fields))
}

fn answers(request: &ContentRequest) -> Vec<ApiAnswer> {
    let items = request.body.pointer("/items").and_then(Value::as_array);
    let mails = items.into_iter().flatten().zip(request.messages);
    let mut answers = Vec::new();
    for (item, mail) in mails {
        let files = item.pointer("/Attachments").and_then(Value::as_array);
        for (file, part) in files.into_iter().flatten().zip(mail.message.attachments()) {
            if let Some(token) = file.pointer("/DownloadToken").and_then(Value::as_str) {
                let path = format!("/v3/inbound/attachments/{token}");
                answers.push(ApiAnswer {
                    disposition: Some(disposition(part.filename.as_deref())),
                    ..ApiAnswer::get(path, &part.media_type, part.content())
                });
            }
        }
    }
    answers
}

fn read(_: &Delivery, body: &Document) -> Vec<Mail> {
    list(body, "/items").iter().map(mail_of).collect()
}

fn mail_of(item: &Document) -> Mail {
    let boxes = |at: &str| mailboxes(list(item, at), "/Address", "/Name");
    let single = |at: &str| {
        let found = item.at(at).map(std::slice::from_ref);
        mailboxes(found.unwrap_or_default(), "/Address", "/Name")
    };
    let recipients = boxes("/Recipients").into_iter();
    Mail {
        from: single("/From").into_iter().next(),
        to: boxes("/To"),
        cc: boxes("/Cc"),
        bcc: boxes("/Bcc"),
        reply_to: single("/ReplyTo"),
        subject: text(item, "/Subject"),
        date: text(item, "/SentAtDate"),
        message_id: text(item, "/MessageId"),
        text: text(item, "/RawTextBody"),
        html: text(item, "/RawHtmlBody"),
        reply: text(item, "/ExtractedMarkdownMessage"),
        envelope: MailEnvelope {
            from: None,
            to: recipients.map(|it| it.address).collect(),
        },
        attachments: list(item, "/Attachments").iter().map(file).collect(),
        spam_score: number(item, "/SpamScore").or_else(|| number(item, "/Spam/Score")),
        id: text(item, "/Uuid/0"),
        ..Mail::default()
    }
}

fn file(it: &Document) -> Attachment {
    Attachment {
        name: filled(it, "/Name"),
        content_type: text(it, "/ContentType"),
        disposition: None,
        content_id: filled(it, "/ContentID"),
        size: it.text("/ContentLength").and_then(|it| it.parse().ok()),
        content: None,
        reference: text(it, "/DownloadToken"),
    }
    .with_inferred_disposition()
}
