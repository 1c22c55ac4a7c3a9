//! Postal HTTP endpoints: `hash` has the parts of a message, `raw` the message itself in base64. Each recipient gets a
//! request. Signed with RSA like the event webhooks.
//! <https://docs.postalserver.io/developer/http-payloads>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::providers::inbound::definition::{Inbound, InboundForm};
use crate::providers::inbound::form::FormFields;
use crate::providers::inbound::incoming::{IncomingMessage, SPAM_FROM, post, with_line_feeds};
use crate::providers::inbound::json::{list, text, texts};
use crate::webhook::mail::message_part::MessagePart;
use crate::webhook::mail::transfer_encoding::base64_decoded;
use crate::webhook::{
    Attachment, Delivery, Document, Mail, MailEnvelope, Mailbox, Message, Rng, Style, write,
};

/// Postal's HTTP endpoints.
pub static INBOUND: Inbound = Inbound {
    modes: &["hash", "raw"],
    is_event: false,
    is_per_recipient: true,
    form: InboundForm::One(request),
    read,
    content_api: None,
    limits: &[],
    doubts: &[
        "whether `size` and `bounce` are numbers or texts in every version is not confirmed",
        "whether a calendar or a forwarded message is among the attachments depends on the version of the mail library",
    ],
};

/// Length of a line of base64 in Ruby.
const LINE: usize = 60;

/// Layout of the JSON, as Rails writes it.
const STYLE: Style = Style {
    rails: true,
    ..Style::COMPACT
};

fn request(mail: &IncomingMessage, rng: &mut Rng) -> Delivery {
    let id = 10_000 + rng.below(90_000);
    let size = mail.message.raw().len();
    let body = match mail.mode {
        "raw" => json!({
            "id": id, "rcpt_to": mail.recipient(), "mail_from": mail.mail_from,
            "message": base64_lines(mail.message.raw()), "base64": true, "size": size,
        }),
        _ => hash(mail, id, size, rng),
    };
    post(
        &[
            ("Content-Type", "application/json"),
            ("User-Agent", "Postal/3.3.5"),
        ],
        write(&body, &STYLE),
    )
}

fn hash(mail: &IncomingMessage, id: usize, size: usize, rng: &mut Rng) -> Value {
    let files: Vec<&MessagePart> = mail.message.attachments().collect();
    let header = |name: &str| {
        let mut fields = mail.message.headers().iter().rev();
        let field = fields.find(|field| field.is(name));
        field.map(|field| field.decoded().into_owned())
    };
    let boxes = |name: &str| {
        mail.message
            .header(name)
            .map(|_| shown(&mail.mailboxes(name)))
    };
    let is_spam = mail
        .results
        .spam_score
        .is_some_and(|score| score >= SPAM_FROM);
    let reply_to: Vec<String> = mail
        .message
        .headers()
        .iter()
        .filter(|field| field.is("reply-to"))
        .map(|field| field.decoded().into_owned())
        .collect();
    let message_id = header("message-id");
    let bare_id = |id: &String| id.trim_matches(['<', '>']).to_owned();
    let timestamp = format!("{}.417", mail.at.as_second());
    let mut body = json!({
        "id": id,
        "rcpt_to": mail.recipient(),
        "mail_from": mail.mail_from,
        "token": rng.like("k3Rt9wQzExample1"),
        "subject": header("subject"),
        "message_id": message_id.as_ref().map(bare_id),
        "timestamp": timestamp.parse::<f64>().unwrap_or_default(),
        "size": size,
        "spam_status": if is_spam { "Spam" } else { "NotSpam" },
        "bounce": mail.mail_from.is_empty(),
        "received_with_ssl": true,
        "to": boxes("to"),
        "cc": boxes("cc"),
        "from": boxes("from"),
        "date": header("date"),
        "in_reply_to": header("in-reply-to"),
        "references": header("references"),
        "html_body": mail.body_html().map(|html| with_line_feeds(&html).into_owned()),
        "attachment_quantity": files.len(),
        "auto_submitted": header("auto-submitted"),
        "reply_to": Some(reply_to).filter(|all| !all.is_empty()),
    });
    if let Value::Object(members) = &mut body {
        bodies(members, mail);
        let files = files.into_iter().map(attachment).collect();
        members.insert("attachments".into(), Value::Array(files));
    }
    body
}

/// Text, and what is quoted in it (`strip_replies`).
fn bodies(members: &mut Map<String, Value>, mail: &IncomingMessage) {
    let Some(text) = mail.body_text() else {
        members.insert("plain_body".into(), Value::Null);
        return;
    };
    let text = with_line_feeds(&text).into_owned();
    // The quotation begins at its first line, with the empty lines above it.
    let quoted = text
        .starts_with('>')
        .then_some(0)
        .or_else(|| text.find("\n>"));
    match quoted {
        Some(at) => {
            let (kept, quoted) = text.split_at(at);
            let kept = kept.trim_end_matches('\n');
            let gap = text.get(kept.len()..at).unwrap_or_default();
            members.insert("plain_body".into(), kept.into());
            members.insert(
                "replies_from_plain_body".into(),
                format!("{gap}{quoted}").into(),
            );
        }
        None => {
            members.insert("plain_body".into(), text.into());
        }
    }
}

/// Mailboxes as Ruby's mail library writes them: quotes around names that are not plain ASCII.
fn shown(boxes: &[Mailbox]) -> String {
    let one = |it: &Mailbox| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_'!#$%&*+/=?^`{|}~".contains(c);
        match it.name.as_str() {
            "" => it.address.clone(),
            name if name.chars().all(is_plain) => format!("{name} <{}>", it.address),
            name => format!("\"{name}\" <{}>", it.address),
        }
    };
    let all: Vec<String> = boxes.iter().map(one).collect();
    all.join(", ")
}

fn attachment(part: &MessagePart) -> Value {
    let content = part.content();
    json!({
        "filename": part.filename, "content_type": part.media_type,
        "size": content.len(), "data": base64_lines(&content),
    })
}

/// Base64 in lines, with a line end after each.
fn base64_lines(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() / 2 * 3);
    for line in bytes.chunks(LINE / 4 * 3) {
        STANDARD.encode_string(line, &mut out);
        out.push('\n');
    }
    out
}

fn read(delivery: &Delivery, body: &Document) -> Vec<Mail> {
    let envelope = MailEnvelope {
        from: text(body, "/mail_from"),
        to: text(body, "/rcpt_to").into_iter().collect(),
    };
    let id = text(body, "/id");
    let size = text(body, "/size").and_then(|size| size.parse().ok());
    let mail = match body.text("/message") {
        Some(message) => {
            let is_base64 = body.text("/base64").as_deref() != Some("false");
            let raw = match is_base64 {
                true => base64_decoded(message.as_bytes()),
                false => message.as_bytes().to_vec(),
            };
            Mail::of_message(&Message::read(raw.into()))
        }
        None => of_hash(delivery, body),
    };
    vec![Mail {
        envelope,
        id,
        size,
        ..mail
    }]
}

fn of_hash(delivery: &Delivery, body: &Document) -> Mail {
    let boxes = |at: &str| text(body, at).map_or_else(Vec::new, |it| Mailbox::list(&it));
    let reply_to = texts(body, "/reply_to");
    let files = match body.at("/attachments") {
        Some(_) => list(body, "/attachments").iter().map(file).collect(),
        None => form_files(delivery),
    };
    Mail {
        from: boxes("/from").into_iter().next(),
        to: boxes("/to"),
        cc: boxes("/cc"),
        reply_to: reply_to.iter().flat_map(|it| Mailbox::list(it)).collect(),
        subject: text(body, "/subject"),
        date: text(body, "/date"),
        message_id: text(body, "/message_id"),
        text: text(body, "/plain_body"),
        html: text(body, "/html_body"),
        attachments: files,
        is_spam: text(body, "/spam_status").and_then(|status| match status.as_str() {
            "Spam" => Some(true),
            "NotSpam" => Some(false),
            _ => None,
        }),
        ..Mail::default()
    }
}

fn file(it: &Document) -> Attachment {
    let data = it.text("/data").map(|data| base64_decoded(data.as_bytes()));
    attached(text(it, "/filename"), text(it, "/content_type"), data)
}

/// Files in a form: `attachments[0][filename]` and so on.
fn form_files(delivery: &Delivery) -> Vec<Attachment> {
    let form = FormFields::of(delivery);
    let file = |number: usize| {
        let field = |name: &str| form.text(&format!("attachments[{number}][{name}]"));
        let data = field("data")?;
        Some(attached(
            field("filename").map(|name| name.into_owned()),
            field("content_type").map(|kind| kind.into_owned()),
            Some(base64_decoded(data.as_bytes())),
        ))
    };
    (0..).map_while(file).collect()
}

fn attached(name: Option<String>, kind: Option<String>, data: Option<Vec<u8>>) -> Attachment {
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_owned());
    let size = data.as_ref().map(Vec::len);
    Attachment {
        name: name.filter(|name| !name.is_empty()),
        content_type: kind,
        size: size.and_then(|size| u64::try_from(size).ok()),
        content: data.map(Into::into),
        ..Attachment::default()
    }
}
