//! Mailtrap inbound: a notification with ids; the mail is fetched from the API, and the message itself by a link in the
//! answer. Signed like the event webhooks, with the secret of the inbound webhook.
//! <https://docs.mailtrap.io/developers/inbound/messages>

use serde_json::{Value, json};

use crate::providers::inbound::content_api::{ApiAnswer, ContentApi, ContentRequest};
use crate::providers::inbound::definition::{Inbound, InboundForm};
use crate::providers::inbound::incoming::{IncomingMessage, post};
use crate::providers::inbound::json::{list, text};
use crate::webhook::{Delivery, Document, Mail, Mailbox, Rng};

/// Mailtrap's `inbound.message_received`.
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
        "all but the name of the event is known from the code of a receiver only",
        "the API's answer has the text, the headers and the files as well, by names that are not known: only the link to \
         the message is given here",
        "whether the time that was seen in milliseconds is always so",
    ],
};

/// API for messages, and the links for downloads.
static API: ContentApi = ContentApi {
    base_url: "https://mailtrap.io",
    answers,
};

/// Inbox of every notification.
const INBOX: u32 = 4711;

fn item(mail: &IncomingMessage, rng: &mut Rng) -> Value {
    json!({
        "event": "inbound.message_received",
        "event_id": rng.like("a75b8cc0-633f-56c5-9fef-6e9cc54ebabb"),
        "timestamp": mail.at.as_millisecond(),
        "inbox_id": INBOX,
        "message_id": rng.like("1983946d-6e83-5031-9fd1-22cd65edc8d9"),
        "from": mail.text("from"),
    })
}

fn wrap(events: Vec<Value>, _: &mut Rng) -> Delivery {
    post(
        &[("Content-Type", "application/json")],
        json!({"events": events}).to_string(),
    )
}

fn answers(request: &ContentRequest) -> Vec<ApiAnswer> {
    let events = request.body.pointer("/events").and_then(Value::as_array);
    let mails = events.into_iter().flatten().zip(request.messages);
    let mut answers = Vec::new();
    for (event, mail) in mails {
        let id = event.pointer("/message_id").and_then(Value::as_str);
        if let (Some(inbox), Some(id)) = (event.pointer("/inbox_id"), id) {
            let origin = request.origin;
            answers.push(ApiAnswer::json(
                format!("/api/inbound/inboxes/{inbox}/messages/{id}"),
                &json!({
                    "id": id,
                    "raw_message_url": format!("{origin}/{id}.eml?signature=example"),
                }),
            ));
            let raw = mail.message.raw().clone();
            answers.push(ApiAnswer::get(format!("/{id}.eml"), "message/rfc822", raw));
        }
    }
    answers
}

fn read(_: &Delivery, body: &Document) -> Vec<Mail> {
    let is_mail = |event: &&Document| {
        event
            .text("/event")
            .is_some_and(|name| EVENTS.contains(&&*name))
    };
    let events = list(body, "/events").iter();
    events.filter(is_mail).map(mail_of).collect()
}

/// Names of the event; the latter is that of the test in the dashboard.
pub const EVENTS: &[&str] = &["inbound.message_received", "inbound_message_received"];

fn mail_of(event: &Document) -> Mail {
    Mail {
        from: text(event, "/from").and_then(|from| Mailbox::first(&from)),
        id: text(event, "/message_id"),
        ..Mail::default()
    }
}
