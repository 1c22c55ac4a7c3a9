//! Resend receiving: one JSON object a message that holds its addresses, its subject and the names of its files. Text,
//! headers and files are fetched from the API, by the ids in the request. Signed like the event webhooks.
//! <https://resend.com/docs/dashboard/receiving/get-email-content>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::providers::inbound::content_api::{ApiAnswer, ContentApi, ContentRequest};
use crate::providers::inbound::definition::{Inbound, InboundForm};
use crate::providers::inbound::incoming::{IncomingMessage, post};
use crate::providers::inbound::json::{filled, grouped, list, text, texts};
use crate::webhook::mail::message_part::MessagePart;
use crate::webhook::{
    Attachment, Delivery, Document, Mail, MailEnvelope, Mailbox, Rng, Style, TimestampFormat, write,
};

/// Resend's `email.received`.
pub static INBOUND: Inbound = Inbound {
    modes: &[],
    is_event: true,
    is_per_recipient: false,
    form: InboundForm::One(request),
    read,
    content_api: Some(&API),
    limits: &[],
    doubts: &[
        "null for a missing Message-ID, and null for the name of a file without one, are assumed",
        "`received_for` of newer requests is read if it is there; it is not confirmed",
        "the API's `html` keeps `cid:`, as with `html_format=cid`; Resend's default is documented as data URIs, which \
         `html_format=data_uri` gives here",
        "the largest message is not known",
    ],
};

/// Receiving part of Resend's API, and the links for downloads.
static API: ContentApi = ContentApi {
    base_url: "https://api.resend.com",
    answers,
};

/// Time for which a link is valid.
const LINK_LIFE: SignedDuration = SignedDuration::from_hours(1);

fn request(mail: &IncomingMessage, rng: &mut Rng) -> Delivery {
    let at = TimestampFormat::Rfc3339(3).write(mail.at);
    let stored = TimestampFormat::Rfc3339(6).write(mail.at);
    let id = rng.like("723ccc3d-b394-583b-af2e-ae321e49328f");
    let files = mail.message.attachments();
    let files: Value = files
        .map(|part| entry(part, &rng.like("853a30a4-c60f-5189-bad8-58323af76fc2")))
        .collect();
    let body = json!({
        "type": "email.received",
        "created_at": at,
        "data": {
            "email_id": id,
            "created_at": stored.replace('Z', "+00:00"),
            "from": mail.text("from"),
            "to": addresses(mail, "to"),
            "bcc": addresses(mail, "bcc"),
            "cc": addresses(mail, "cc"),
            "message_id": mail.message.value("message-id"),
            "subject": mail.text("subject"),
            "attachments": files,
        },
    });
    post(
        &[
            ("Content-Type", "application/json"),
            (
                "User-Agent",
                "Svix-Webhooks/1.84.0 (sender-9YMgn; +https://www.svix.com/http-sender/)",
            ),
        ],
        write(&body, &STYLE),
    )
}

/// Layout of the JSON, as captured with the event webhooks.
const STYLE: Style = Style {
    sorted: true,
    ..Style::COMPACT
};

fn addresses(mail: &IncomingMessage, header: &str) -> Value {
    let boxes = mail.mailboxes(header).into_iter();
    boxes.map(|it| Value::from(it.address)).collect()
}

/// File as the request shows it.
fn entry(part: &MessagePart, id: &str) -> Value {
    let disposition = match part.is_inline() {
        true => "inline",
        false => "attachment",
    };
    json!({
        "id": id,
        "filename": part.filename,
        "content_type": part.media_type,
        "content_disposition": disposition,
        "content_id": part.content_id(),
    })
}

fn answers(request: &ContentRequest) -> Vec<ApiAnswer> {
    let (Some(mail), Some(id)) = (request.messages.first(), request.text("/data/email_id")) else {
        return Vec::new();
    };
    let at = request.text("/created_at").and_then(|at| at.parse().ok());
    let expiry = at.unwrap_or(mail.at).checked_add(LINK_LIFE);
    let expires_at = TimestampFormat::Rfc3339(3).write(expiry.unwrap_or(Timestamp::MAX));
    let link = |path: &str| format!("{}{path}?signature=sig-example", request.origin);
    let path = format!("/emails/receiving/{id}");
    let raw_path = format!("/{id}/raw");
    let listed = request.body.pointer("/data/attachments");
    let listed = listed.and_then(Value::as_array);
    let mut answers = vec![ApiAnswer::get(
        &raw_path,
        "message/rfc822",
        mail.message.raw().clone(),
    )];
    let (mut files, mut details) = (Vec::new(), Vec::new());
    for (entry, part) in listed.into_iter().flatten().zip(mail.message.attachments()) {
        let file_id = entry.get("id").and_then(Value::as_str).unwrap_or_default();
        let download = format!("/{id}/attachments/{file_id}");
        let content = part.content();
        let file = with(entry, &[("size", content.len().into())]);
        let detail = with(
            &file,
            &[
                ("download_url", link(&download).into()),
                ("expires_at", expires_at.as_str().into()),
            ],
        );
        let object = with(&json!({"object": "attachment"}), &members(&detail));
        let at = format!("{path}/attachments/{file_id}");
        answers.push(ApiAnswer::json(at, &object));
        answers.push(ApiAnswer::get(download, &part.media_type, content));
        files.push(file);
        details.push(detail);
    }
    let list = json!({"object": "list", "has_more": false, "data": details});
    answers.push(ApiAnswer::json(format!("{path}/attachments"), &list));
    let email = |html: Option<String>| {
        json!({
            "object": "email",
            "id": id,
            "to": addresses(mail, "to"),
            "from": mail.text("from"),
            "created_at": request.text("/data/created_at"),
            "subject": mail.text("subject"),
            "html": html,
            "text": mail.body_text(),
            "headers": headers(mail),
            "bcc": addresses(mail, "bcc"),
            "cc": addresses(mail, "cc"),
            "reply_to": addresses(mail, "reply-to"),
            "message_id": mail.message.value("message-id"),
            "raw": {"download_url": link(&raw_path), "expires_at": expires_at},
            "attachments": files,
        })
    };
    let html = mail.body_html();
    answers.push(ApiAnswer {
        query: Some(("html_format", "data_uri")),
        ..ApiAnswer::json(
            &path,
            &email(html.as_deref().map(|it| with_data_uris(it, mail))),
        )
    });
    answers.push(ApiAnswer::json(&path, &email(html)));
    answers
}

/// Object with further members.
fn with(object: &Value, more: &[(&str, Value)]) -> Value {
    let mut all: Map<String, Value> = object.as_object().cloned().unwrap_or_default();
    for (name, value) in more {
        all.insert((*name).to_owned(), value.clone());
    }
    Value::Object(all)
}

/// Members of an object.
fn members(object: &Value) -> Vec<(&str, Value)> {
    let all = object.as_object().into_iter().flatten();
    all.map(|(name, value)| (name.as_str(), value.clone()))
        .collect()
}

/// Fields by names in small letters, decoded; of several values a list.
fn headers(mail: &IncomingMessage) -> Value {
    let fields = mail.message.headers().iter();
    let fields = fields.map(|it| (it.name.to_ascii_lowercase(), it.decoded().into_owned()));
    Value::Object(grouped(fields))
}

/// HTML with the files that it shows by their content ids as data URIs.
fn with_data_uris(html: &str, mail: &IncomingMessage) -> String {
    let mut out = html.to_owned();
    for part in mail.message.attachments() {
        if let Some(id) = part.content_id() {
            let content = STANDARD.encode(part.content());
            let uri = format!("data:{};base64,{content}", part.media_type);
            out = out.replace(&format!("cid:{id}"), &uri);
        }
    }
    out
}

fn read(_: &Delivery, body: &Document) -> Vec<Mail> {
    let Some(data) = body.at("/data") else {
        return Vec::new();
    };
    let boxes = |at: &str| -> Vec<Mailbox> {
        let all = texts(data, at);
        all.iter().flat_map(|it| Mailbox::list(it)).collect()
    };
    vec![Mail {
        from: boxes("/from").into_iter().next(),
        to: boxes("/to"),
        cc: boxes("/cc"),
        bcc: boxes("/bcc"),
        subject: text(data, "/subject"),
        message_id: text(data, "/message_id"),
        envelope: MailEnvelope {
            from: None,
            to: texts(data, "/received_for"),
        },
        attachments: list(data, "/attachments").iter().map(file).collect(),
        id: text(data, "/email_id"),
        ..Mail::default()
    }]
}

fn file(it: &Document) -> Attachment {
    Attachment {
        disposition: text(it, "/content_disposition"),
        name: filled(it, "/filename"),
        content_type: text(it, "/content_type"),
        content_id: filled(it, "/content_id"),
        size: it.text("/size").and_then(|size| size.parse().ok()),
        content: None,
        reference: text(it, "/id"),
    }
    .with_disposition_of_sender()
}
