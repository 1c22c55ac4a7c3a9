//! Mandrill inbound: a form with one field, a JSON list of events, each with one message for one recipient. The message
//! itself is in `raw_msg`, with line feeds. Signed like the event webhooks.
//! <https://mailchimp.com/developer/transactional/docs/inbound-emails/>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::providers::inbound::definition::{Inbound, InboundForm};
use crate::providers::inbound::form::NewForm;
use crate::providers::inbound::incoming::{IncomingMessage, post, with_line_feeds};
use crate::providers::inbound::json::{grouped, number, text};
use crate::webhook::mail::message_part::MessagePart;
use crate::webhook::{
    Authentication, Delivery, Document, Mail, MailEnvelope, Mailbox, Message, Rng, Style, write,
};

/// Mandrill's inbound webhook.
pub static INBOUND: Inbound = Inbound {
    modes: &[],
    is_event: true,
    is_per_recipient: true,
    form: InboundForm::Batch {
        item,
        wrap,
        most: None,
        is_per_recipient: false,
    },
    read,
    content_api: None,
    limits: &[],
    doubts: &[
        "that `images` is keyed by content id, and the member `base64` of text files today, are not confirmed",
        "how `raw_msg` shows a message that is not UTF-8 is not known",
        "encoded words in `headers` are not confirmed",
    ],
};

/// Layout of the JSON, as PHP writes it.
const STYLE: Style = Style {
    php: true,
    ..Style::COMPACT
};

fn item(mail: &IncomingMessage, _: &mut Rng) -> Value {
    let author = mail.author();
    let mut message = Map::new();
    let mut add = |name: &str, value: Value| message.insert(name.to_owned(), value);
    let raw = String::from_utf8_lossy(mail.message.raw());
    add(
        "raw_msg",
        with_line_feeds(&raw).trim_end_matches('\n').into(),
    );
    add("headers", headers(mail.message));
    if let Some(text) = mail.body_text() {
        add("text", ended(&text));
        let is_flowed = mail.message.text().and_then(|it| it.header("content-type"));
        let is_flowed =
            is_flowed.is_some_and(|it| it.value.to_lowercase().contains("format=flowed"));
        add("text_flowed", is_flowed.into());
    }
    if let Some(html) = mail.body_html() {
        add("html", ended(&html));
    }
    let files: Vec<&MessagePart> = mail.message.attachments().collect();
    let (images, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|it| is_image(it));
    if !others.is_empty() {
        add(
            "attachments",
            others.iter().map(|it| attachment(it)).collect(),
        );
    }
    if !images.is_empty() {
        add("images", images.iter().map(|it| image(it)).collect());
    }
    add("from_email", author.address.into());
    if !author.name.is_empty() {
        add("from_name", author.name.into());
    }
    add("to", pairs(&mail.mailboxes("to")));
    if mail.message.header("cc").is_some() {
        add("cc", pairs(&mail.mailboxes("cc")));
    }
    add("subject", mail.text("subject").into());
    add(
        "spam_report",
        json!({
            "score": mail.results.spam_score.unwrap_or(1.7),
            "matched_rules": [
                {"name": "HTML_MESSAGE", "score": 0, "description": "BODY: HTML included in message"}
            ],
        }),
    );
    add(
        "dkim",
        json!({"signed": mail.dkim() != "none", "valid": mail.dkim() == "pass"}),
    );
    let detail = match mail.spf() {
        "pass" => "sender SPF authorized",
        _ => "sender SPF not authorized",
    };
    add("spf", json!({"result": mail.spf(), "detail": detail}));
    add("email", mail.recipient().into());
    add("tags", json!([]));
    add("sender", Value::Null);
    add("template", Value::Null);
    json!({"event": "inbound", "ts": mail.at.as_second(), "msg": message})
}

fn wrap(items: Vec<Value>, _: &mut Rng) -> Delivery {
    let mut form = NewForm::default();
    form.field("mandrill_events", write(&Value::Array(items), &STYLE));
    post(
        &[
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("User-Agent", "Mandrill-Webhook/1.0"),
            ("Accept", "*/*"),
        ],
        form.url_encoded(),
    )
}

/// Text with line feeds, and one at its end.
fn ended(text: &str) -> Value {
    format!("{}\n", with_line_feeds(text).trim_end_matches('\n')).into()
}

/// Fields by title-cased names; of several values a list.
fn headers(message: &Message) -> Value {
    let fields = message.headers().iter();
    Value::Object(grouped(
        fields.map(|field| (field.title_cased(), field.value.clone())),
    ))
}

fn pairs(boxes: &[Mailbox]) -> Value {
    let pair = |it: &Mailbox| {
        let name = Some(&it.name).filter(|name| !name.is_empty());
        json!([it.address, name])
    };
    boxes.iter().map(pair).collect()
}

fn is_image(part: &MessagePart) -> bool {
    part.content_id().is_some() && part.media_type.starts_with("image/")
}

fn attachment(part: &MessagePart) -> (String, Value) {
    let name = part.filename.clone().unwrap_or_default();
    let content = part.content();
    let is_text = part.media_type.starts_with("text/");
    let text = std::str::from_utf8(&content).ok().filter(|_| is_text);
    let shown = text.map_or_else(|| STANDARD.encode(&content), str::to_owned);
    let entry = json!({
        "name": name, "type": part.media_type, "content": shown, "base64": text.is_none(),
    });
    (name, entry)
}

fn image(part: &MessagePart) -> (String, Value) {
    let id = part.content_id().unwrap_or_default().to_owned();
    let content = STANDARD.encode(part.content());
    let entry = json!({"name": id, "type": part.media_type, "content": content});
    (id, entry)
}

fn read(_: &Delivery, body: &Document) -> Vec<Mail> {
    let Some(events) = body.text("/mandrill_events") else {
        return Vec::new();
    };
    let Ok(events) = Document::json(events.as_bytes()) else {
        return Vec::new();
    };
    let single = std::slice::from_ref(&events);
    let is_mail = |event: &&Document| event.text("/event").as_deref() == Some("inbound");
    let all = events.values().unwrap_or(single).iter();
    all.filter(is_mail).map(mail_of).collect()
}

fn mail_of(event: &Document) -> Mail {
    let raw = event.text("/msg/raw_msg").unwrap_or_default();
    // The line ends of the message itself are those of SMTP.
    let raw = with_line_feeds(&raw).replace('\n', "\r\n");
    let mut mail = Mail::of_message(&Message::read(raw.into()));
    if mail.subject.is_none() {
        mail.subject = text(event, "/msg/subject");
    }
    if mail.from.is_none() {
        mail.from = text(event, "/msg/from_email").map(|address| Mailbox {
            address,
            name: text(event, "/msg/from_name").unwrap_or_default(),
        });
    }
    mail.envelope = MailEnvelope {
        from: None,
        to: text(event, "/msg/email").into_iter().collect(),
    };
    mail.spam_score = number(event, "/msg/spam_report/score");
    mail.authentication = Authentication {
        spf: text(event, "/msg/spf/result"),
        dkim: text(event, "/msg/dkim/valid").map(|valid| match valid.as_str() {
            "true" => "pass".into(),
            _ => "fail".into(),
        }),
        dmarc: None,
    };
    mail
}
