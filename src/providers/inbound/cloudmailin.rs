//! CloudMailin: `json` and `multipart` are the normalized formats, `raw` has the message itself. The request is made
//! within the SMTP conversation, for all recipients together. Nothing is signed.
//! <https://docs.cloudmailin.com/receiving_email/http_post_formats/>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::providers::inbound::definition::{Inbound, InboundForm};
use crate::providers::inbound::form::{FormFields, FormFile, NewForm};
use crate::providers::inbound::incoming::{
    IncomingMessage, SENDER_IP, post, reply_of, with_line_feeds,
};
use crate::providers::inbound::json::{filled, list, number, text, texts};
use crate::webhook::mail::message_part::MessagePart;
use crate::webhook::{
    Attachment, Authentication, Delivery, Document, Mail, MailEnvelope, Mailbox, Message, Rng,
};

/// CloudMailin's formats.
pub static INBOUND: Inbound = Inbound {
    modes: &["json", "multipart", "raw"],
    is_event: true,
    is_per_recipient: false,
    form: InboundForm::One(request),
    read,
    content_api: None,
    limits: &[],
    doubts: &[
        "an empty text for a missing body, and decoded words in `headers`, are assumed",
        "the user agent is that of requests of 2013",
    ],
};

/// Boundary of every form, spelled so.
const BOUNDARY: &str = "----cloudmailinboundry";

fn request(mail: &IncomingMessage, _: &mut Rng) -> Delivery {
    let (kind, body) = match mail.mode {
        "json" => (
            "application/json".to_owned(),
            json_body(mail).to_string().into(),
        ),
        mode => {
            let mut form = NewForm::default();
            match mode {
                "raw" => {
                    form.field("message", mail.message.raw().clone());
                    envelope_fields(&mut form, mail);
                }
                _ => multipart_fields(&mut form, mail),
            }
            let kind = format!("multipart/form-data; boundary={BOUNDARY}");
            (kind, form.multipart(BOUNDARY))
        }
    };
    post(
        &[
            ("Content-Type", &kind),
            ("User-Agent", "CloudMailin Server"),
        ],
        body,
    )
}

/// Bodies of a message: text, HTML, and the text without quotations.
fn bodies(mail: &IncomingMessage) -> [(&'static str, String); 3] {
    let text = mail.body_text().unwrap_or_default();
    let reply = reply_of(&text);
    let reply = if reply.has_quotation { reply.text } else { "" };
    [
        ("plain", text.clone()),
        ("html", mail.body_html().unwrap_or_default()),
        ("reply_plain", reply.to_owned()),
    ]
}

/// Fields by names in small letters with underscores, in order; each with all of its values.
fn headers(message: &Message) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for field in message.headers() {
        let name = field.name.to_ascii_lowercase().replace('-', "_");
        let value = field.decoded().into_owned();
        match all.iter_mut().find(|(it, _)| *it == name) {
            Some((_, values)) => values.push(value),
            None => all.push((name, vec![value])),
        }
    }
    all
}

fn json_body(mail: &IncomingMessage) -> Value {
    let fields = headers(mail.message).into_iter().map(|(name, mut values)| {
        let value = match (values.len(), values.pop()) {
            (1, Some(one)) => one.into(),
            (_, last) => values.into_iter().chain(last).collect::<Value>(),
        };
        (name, value)
    });
    let mut envelope = json!({
        "to": mail.recipient(),
        "recipients": mail.recipients,
        "from": mail.mail_from,
        "helo_domain": format!("mail.{}", mail.author_domain()),
        "remote_ip": SENDER_IP,
        "spf": {"result": mail.spf(), "domain": mail.author_domain()},
        "tls": true,
    });
    if let (Some(score), Value::Object(members)) = (mail.results.spam_score, &mut envelope) {
        let spamd = json!({"score": score.to_string(), "success": true, "symbols": []});
        members.insert("spamd".into(), spamd);
    }
    let mut body = Map::new();
    body.insert("headers".into(), Value::Object(fields.collect()));
    body.insert("envelope".into(), envelope);
    for (name, value) in bodies(mail) {
        body.insert(name.into(), with_line_feeds(&value).into());
    }
    let files = mail.message.attachments().map(attachment);
    body.insert("attachments".into(), files.collect());
    Value::Object(body)
}

fn attachment(part: &MessagePart) -> Value {
    let content = part.content();
    let disposition = if part.is_inline() {
        "inline"
    } else {
        "attachment"
    };
    let mut entry = json!({
        "content": STANDARD.encode(&content), "file_name": part.filename,
        "content_type": part.media_type, "size": content.len(), "disposition": disposition,
    });
    if let (Some(id), Value::Object(members)) = (part.content_id(), &mut entry) {
        members.insert("content_id".into(), id.into());
    }
    entry
}

fn multipart_fields(form: &mut NewForm, mail: &IncomingMessage) {
    for (name, value) in bodies(mail) {
        if !value.is_empty() {
            form.field(name, value);
        }
    }
    for (name, values) in headers(mail.message) {
        match values.as_slice() {
            [one] => {
                form.field(format!("headers[{name}]"), one.clone());
            }
            several => {
                for (at, value) in several.iter().enumerate() {
                    form.field(format!("headers[{name}][{at}]"), value.clone());
                }
            }
        }
    }
    envelope_fields(form, mail);
    for file in mail.message.attachments() {
        let name = file.filename.clone().unwrap_or_default();
        form.file(
            "attachments[]",
            name,
            &file.media_type,
            file.content(),
            false,
        );
    }
}

fn envelope_fields(form: &mut NewForm, mail: &IncomingMessage) {
    form.field("envelope[to]", mail.recipient().to_owned());
    for (at, recipient) in mail.recipients.iter().enumerate() {
        form.field(format!("envelope[recipients][{at}]"), recipient.clone());
    }
    form.field("envelope[from]", mail.mail_from.to_owned());
    let domain = mail.author_domain();
    form.field("envelope[helo_domain]", format!("mail.{domain}"));
    form.field("envelope[remote_ip]", SENDER_IP);
    form.field("envelope[spf][result]", mail.spf().to_owned());
    form.field("envelope[spf][domain]", domain);
    form.field("envelope[tls]", "true");
}

fn read(delivery: &Delivery, body: &Document) -> Vec<Mail> {
    vec![match body.at("/envelope") {
        Some(_) => of_json(body),
        None => of_form(&FormFields::of(delivery)),
    }]
}

fn of_json(body: &Document) -> Mail {
    let field = |name: &str| texts(body, &format!("/headers/{name}"));
    let one = |name: &str| field(name).into_iter().next();
    let boxes = |name: &str| -> Vec<Mailbox> {
        field(name)
            .iter()
            .flat_map(|it| Mailbox::list(it))
            .collect()
    };
    let mut recipients = texts(body, "/envelope/recipients");
    if recipients.is_empty() {
        recipients.extend(filled(body, "/envelope/to"));
    }
    Mail {
        from: boxes("from").into_iter().next(),
        to: boxes("to"),
        cc: boxes("cc"),
        reply_to: boxes("reply_to"),
        subject: one("subject"),
        date: one("date"),
        message_id: one("message_id"),
        text: text(body, "/plain"),
        html: text(body, "/html"),
        reply: text(body, "/reply_plain"),
        envelope: MailEnvelope {
            from: text(body, "/envelope/from"),
            to: recipients,
        },
        attachments: list(body, "/attachments").iter().map(file).collect(),
        spam_score: number(body, "/envelope/spamd/score"),
        authentication: Authentication {
            spf: text(body, "/envelope/spf/result"),
            dkim: text(body, "/envelope/dkim/result/0/result"),
            dmarc: text(body, "/envelope/dmarc/result"),
        },
        ..Mail::default()
    }
}

fn file(it: &Document) -> Attachment {
    let content = it.text("/content");
    let content = content.and_then(|content| STANDARD.decode(content.as_bytes()).ok());
    let told = it.text("/size").and_then(|size| size.parse().ok());
    let size = content.as_ref().and_then(|it| u64::try_from(it.len()).ok());
    Attachment {
        name: filled(it, "/file_name"),
        content_type: text(it, "/content_type"),
        disposition: text(it, "/disposition"),
        content_id: filled(it, "/content_id"),
        size: size.or(told),
        content: content.map(Into::into),
        reference: filled(it, "/url"),
    }
}

fn of_form(form: &FormFields) -> Mail {
    let text = |name: &str| form.text(name).map(|text| text.into_owned());
    let field = |name: &str| {
        text(&format!("headers[{name}]")).or_else(|| text(&format!("headers[{name}][0]")))
    };
    let boxes = |name: &str| field(name).map_or_else(Vec::new, |it| Mailbox::list(&it));
    let mut mail = match form.bytes("message") {
        Some(raw) => Mail::of_message(&Message::read(raw.clone())),
        None => Mail {
            from: boxes("from").into_iter().next(),
            to: boxes("to"),
            cc: boxes("cc"),
            reply_to: boxes("reply_to"),
            subject: field("subject"),
            date: field("date"),
            message_id: field("message_id"),
            text: text("plain"),
            html: text("html"),
            reply: text("reply_plain"),
            attachments: form.files.iter().map(form_file).collect(),
            ..Mail::default()
        },
    };
    let recipient = |at: usize| text(&format!("envelope[recipients][{at}]"));
    mail.envelope = MailEnvelope {
        from: text("envelope[from]"),
        to: (0..).map_while(recipient).collect(),
    };
    mail.authentication.spf = form.filled("envelope[spf][result]");
    mail
}

fn form_file(file: &FormFile) -> Attachment {
    Attachment {
        name: Some(file.filename.clone()).filter(|name| !name.is_empty()),
        content_type: file.content_type.clone(),
        size: u64::try_from(file.content.len()).ok(),
        content: Some(file.content.clone()),
        ..Attachment::default()
    }
}
