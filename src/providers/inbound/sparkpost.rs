//! SparkPost relay webhooks: a list of mails, one for each recipient, with the message itself as text, or as base64 if
//! it is not UTF-8. Nothing is signed.
//! <https://developers.sparkpost.com/api/relay-webhooks/>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::providers::inbound::definition::{Inbound, InboundForm};
use crate::providers::inbound::incoming::{IncomingMessage, post};
use crate::providers::inbound::json::{text, texts};
use crate::webhook::mail::transfer_encoding::base64_decoded;
use crate::webhook::{Delivery, Document, Mail, MailEnvelope, Mailbox, Message, Rng};

/// SparkPost's `relay_message`.
pub static INBOUND: Inbound = Inbound {
    modes: &[],
    is_event: false,
    is_per_recipient: false,
    form: InboundForm::Batch {
        item,
        wrap,
        most: None,
        is_per_recipient: true,
    },
    read,
    content_api: None,
    limits: &[],
    doubts: &[
        "an element for each recipient, and no `text` or `html` where the message has none, are assumed",
        "how a message with UTF-8 in its headers is shown is not known",
        "the retries, the largest message and the size of a list are not confirmed",
    ],
};

fn item(mail: &IncomingMessage, _: &mut Rng) -> Value {
    let raw = mail.message.raw();
    let (shown, is_base64) = match std::str::from_utf8(raw) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(raw), true),
    };
    let mut content = Map::new();
    let mut add = |name: &str, value: Value| content.insert(name.to_owned(), value);
    add("email_rfc822", shown.into());
    add("email_rfc822_is_base64", is_base64.into());
    let fields = mail.message.headers().iter();
    let fields = fields.map(|field| json!({&*field.name: field.value}));
    add("headers", fields.collect());
    for (name, body) in [
        ("html", mail.body_html()),
        ("subject", mail.message.value("subject")),
        ("text", mail.body_text()),
    ] {
        if let Some(body) = body {
            add(name, body.into());
        }
    }
    for name in ["to", "cc"] {
        let boxes = mail.mailboxes(name).into_iter();
        add(name, boxes.map(|it| Value::from(it.address)).collect());
    }
    json!({"msys": {"relay_message": {
        "content": content,
        "customer_id": "1337",
        "friendly_from": mail.author().address,
        "msg_from": mail.mail_from,
        "rcpt_to": mail.recipient(),
        "webhook_id": "4839201967643219",
        "protocol": "smtp",
    }}})
}

fn wrap(items: Vec<Value>, rng: &mut Rng) -> Delivery {
    let batch = rng.like("77c2b630-d712-11e4-9642-0a1b2c3d4e5f");
    post(
        &[
            ("Content-Type", "application/json"),
            ("X-MessageSystems-Batch-ID", &batch),
        ],
        Value::Array(items).to_string(),
    )
}

fn read(_: &Delivery, body: &Document) -> Vec<Mail> {
    let single = std::slice::from_ref(body);
    let all = body.values().unwrap_or(single).iter();
    all.filter_map(|it| it.at("/msys/relay_message"))
        .map(mail_of)
        .collect()
}

fn mail_of(relayed: &Document) -> Mail {
    let content = |name: &str| text(relayed, &format!("/content/{name}"));
    let is_base64 = content("email_rfc822_is_base64").as_deref() == Some("true");
    let mut mail = match content("email_rfc822") {
        Some(raw) if is_base64 => {
            Mail::of_message(&Message::read(base64_decoded(raw.as_bytes()).into()))
        }
        Some(raw) => Mail::of_message(&Message::read(raw.into())),
        None => of_members(relayed),
    };
    mail.envelope = MailEnvelope {
        from: text(relayed, "/msg_from"),
        to: text(relayed, "/rcpt_to").into_iter().collect(),
    };
    mail
}

/// Mail of the members beside the message.
fn of_members(relayed: &Document) -> Mail {
    let boxes = |at: &str| -> Vec<Mailbox> {
        let all = texts(relayed, at);
        all.iter().flat_map(|it| Mailbox::list(it)).collect()
    };
    Mail {
        from: boxes("/friendly_from").into_iter().next(),
        to: boxes("/content/to"),
        cc: boxes("/content/cc"),
        subject: text(relayed, "/content/subject"),
        text: text(relayed, "/content/text"),
        html: text(relayed, "/content/html"),
        ..Mail::default()
    }
}
