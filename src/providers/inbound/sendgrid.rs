//! SendGrid Inbound Parse: a multipart form with the fixed boundary `xYzZY`. Texts stay in the charset of the message,
//! which the field `charsets` names. With a security policy the body is signed as that of the Event Webhook.
//! <https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook>

use serde_json::{Map, Value, json};

use crate::providers::inbound::definition::{Inbound, InboundForm, SizeLimit};
use crate::providers::inbound::form::{FormFields, FormFile, NewForm};
use crate::providers::inbound::incoming::{IncomingMessage, SENDER_IP, SPAM_FROM, post};
use crate::webhook::mail::message_part::MessagePart;
use crate::webhook::mail::transfer_encoding::charset_decoded;
use crate::webhook::{
    Attachment, Authentication, Delivery, Document, Mail, MailEnvelope, Mailbox, Message, Rng,
};

/// SendGrid's Inbound Parse webhook.
pub static INBOUND: Inbound = Inbound {
    modes: &["parsed", "raw"],
    is_event: false,
    is_per_recipient: false,
    form: InboundForm::One(request),
    read,
    content_api: None,
    limits: &[SizeLimit {
        bytes: 30 << 20,
        source: "SendGrid recommends 30 MB for a message with its files (Inbound Parse)",
        modes: &[],
    }],
    doubts: &[
        "the user agent is that of requests of 2013",
        "one request for several recipients of a message is assumed",
        "names given to parts without one, and line ends in `text` and `html`, are not confirmed",
    ],
};

/// Boundary of every request.
const BOUNDARY: &str = "xYzZY";

fn request(mail: &IncomingMessage, _: &mut Rng) -> Delivery {
    let mut form = NewForm::default();
    match mail.mode {
        "raw" => raw_fields(&mut form, mail),
        _ => parsed_fields(&mut form, mail),
    }
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    post(
        &[("Content-Type", &kind), ("User-Agent", "SendGrid 1.0")],
        form.multipart(BOUNDARY),
    )
}

fn parsed_fields(form: &mut NewForm, mail: &IncomingMessage) {
    let message = mail.message;
    let files: Vec<&MessagePart> = message.attachments().collect();
    let mut headers = String::new();
    for field in message.headers() {
        headers += &format!("{}: {}\n", field.name, field.value);
    }
    form.field("headers", headers);
    form.field("dkim", dkim(mail));
    let ids = content_ids(&files);
    if !ids.is_empty() {
        form.field("content-ids", Value::Object(ids).to_string());
    }
    form.field("to", mail.text("to"));
    cc(form, mail);
    if let Some(html) = message.html() {
        form.field("html", html.content());
    }
    form.field("from", mail.text("from"));
    if let Some(text) = message.text() {
        form.field("text", text.content());
    }
    form.field("sender_ip", SENDER_IP);
    spam(form, mail);
    form.field("envelope", envelope(mail));
    form.field("attachments", files.len().to_string());
    for (number, file) in (1..).zip(&files) {
        let name = file.filename.clone();
        let name = name.unwrap_or_else(|| format!("msg-{number}.bin"));
        let field = format!("attachment{number}");
        form.file(field, name, &file.media_type, file.content(), false);
    }
    form.field("subject", mail.text("subject"));
    if !files.is_empty() {
        form.field("attachment-info", info(&files).to_string());
    }
    form.field("charsets", charsets(mail, &files).to_string());
    form.field("SPF", mail.spf().to_owned());
}

fn raw_fields(form: &mut NewForm, mail: &IncomingMessage) {
    form.field("email", mail.message.raw().clone());
    form.field("dkim", dkim(mail));
    form.field("sender_ip", SENDER_IP);
    spam(form, mail);
    let mut charsets = json!({"to": "UTF-8", "from": "UTF-8", "subject": "UTF-8"});
    if mail.message.header("cc").is_some()
        && let Some(charsets) = charsets.as_object_mut()
    {
        charsets.insert("cc".into(), "UTF-8".into());
    }
    form.field("charsets", charsets.to_string());
    form.field("SPF", mail.spf().to_owned());
    form.field("to", mail.text("to"));
    cc(form, mail);
    form.field("from", mail.text("from"));
    form.field("subject", mail.text("subject"));
    form.field("envelope", envelope(mail));
}

fn cc(form: &mut NewForm, mail: &IncomingMessage) {
    if let Some(cc) = mail.message.value("cc") {
        form.field("cc", cc);
    }
}

/// Result of DKIM in SendGrid's own notation, which is no JSON.
fn dkim(mail: &IncomingMessage) -> String {
    match mail.dkim() {
        "none" => "none".into(),
        result => format!("{{@{} : {result}}}", mail.author_domain()),
    }
}

fn envelope(mail: &IncomingMessage) -> String {
    json!({"to": mail.recipients, "from": mail.mail_from}).to_string()
}

/// Fields of the spam check, which is off by default.
fn spam(form: &mut NewForm, mail: &IncomingMessage) {
    let Some(score) = mail.results.spam_score else {
        return;
    };
    let verdict = match score >= SPAM_FROM {
        true => "has identified this incoming email as possible spam.",
        false => "has NOT identified this incoming email as spam.",
    };
    let mut report = format!(
        "Spam detection software, running on the system \"parsley-example-spamassassin\",\n{verdict}\n"
    );
    if mail.mode == "parsed" {
        report += &format!("\nContent analysis details:   ({score} points, 5.0 required)\n");
    }
    form.field("spam_report", report);
    form.field("spam_score", score.to_string());
}

fn content_ids(files: &[&MessagePart]) -> Map<String, Value> {
    let ids = (1..).zip(files).filter_map(|(number, file)| {
        let id = file.content_id()?.to_owned();
        Some((id, format!("attachment{number}").into()))
    });
    ids.collect()
}

fn info(files: &[&MessagePart]) -> Value {
    let all = (1..).zip(files).map(|(number, file)| {
        let mut info = Map::new();
        if let Some(name) = &file.filename {
            info.insert("filename".into(), name.as_str().into());
            info.insert("name".into(), name.as_str().into());
        }
        if let Some(charset) = &file.charset {
            info.insert("charset".into(), charset.as_str().into());
        }
        info.insert("type".into(), file.media_type.as_str().into());
        if let Some(id) = file.content_id() {
            info.insert("content-id".into(), id.into());
        }
        (format!("attachment{number}"), Value::Object(info))
    });
    Value::Object(all.collect())
}

fn charsets(mail: &IncomingMessage, files: &[&MessagePart]) -> Value {
    let mut all = Map::new();
    let mut add = |name: &str, charset: &str| all.insert(name.into(), charset.into());
    let charset_of = |part: &MessagePart| part.charset.clone().unwrap_or("us-ascii".into());
    add("to", "UTF-8");
    if mail.message.header("cc").is_some() {
        add("cc", "UTF-8");
    }
    if files.iter().any(|file| file.filename.is_some()) {
        add("filename", "UTF-8");
    }
    if let Some(html) = mail.message.html() {
        add("html", &charset_of(html));
    }
    add("subject", "UTF-8");
    add("from", "UTF-8");
    if let Some(text) = mail.message.text() {
        add("text", &charset_of(text));
    }
    Value::Object(all)
}

fn read(delivery: &Delivery, _: &Document) -> Vec<Mail> {
    let form = FormFields::of(delivery);
    let mut mail = match (form.bytes("email"), form.text("headers")) {
        (Some(raw), _) => Mail::of_message(&Message::read(raw.clone())),
        (None, Some(headers)) => Mail {
            text: body(&form, "text"),
            html: body(&form, "html"),
            attachments: attachments(&form),
            ..Mail::of_headers(&headers)
        },
        (None, None) => Mail {
            from: form.text("from").and_then(|from| Mailbox::first(&from)),
            ..Mail::default()
        },
    };
    if mail.subject.is_none() {
        mail.subject = form.text("subject").map(|subject| subject.into_owned());
    }
    mail.spam_score = form
        .text("spam_score")
        .and_then(|it| it.trim().parse().ok());
    mail.authentication = Authentication {
        spf: form.filled("SPF"),
        dkim: form.filled("dkim"),
        dmarc: None,
    };
    if let Some(envelope) = form.json("envelope") {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let to = envelope.get("to").and_then(Value::as_array);
        mail.envelope = MailEnvelope {
            from: envelope.get("from").and_then(text),
            to: to.into_iter().flatten().filter_map(text).collect(),
        };
    }
    vec![mail]
}

/// Text in the charset that the form names for it.
fn body(form: &FormFields, name: &str) -> Option<String> {
    let charsets = form.json("charsets").unwrap_or_default();
    let charset = charsets.get(name).and_then(Value::as_str);
    let bytes = form.bytes(name)?;
    Some(charset_decoded(bytes, charset).into_owned())
}

fn attachments(form: &FormFields) -> Vec<Attachment> {
    let info = form.json("attachment-info").unwrap_or_default();
    let number =
        |file: &FormFile| -> Option<u32> { file.field.strip_prefix("attachment")?.parse().ok() };
    let mut files: Vec<&FormFile> = form.files.iter().collect();
    files.sort_by_key(|file| number(file).unwrap_or(u32::MAX));
    let attachment = |file: &FormFile| {
        let about = info.get(&file.field);
        let told = |name: &str| Some(about?.get(name)?.as_str()?.to_owned());
        let name = match about {
            Some(_) => told("filename").or_else(|| told("name")),
            None => Some(file.filename.clone()),
        };
        Attachment {
            name,
            content_type: told("type").or_else(|| file.content_type.clone()),
            disposition: None,
            content_id: told("content-id"),
            size: u64::try_from(file.content.len()).ok(),
            content: Some(file.content.clone()),
            reference: None,
        }
        .with_inferred_disposition()
    };
    files.into_iter().map(attachment).collect()
}
