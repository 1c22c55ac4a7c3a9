//! Amazon SES receiving, through SNS: `utf8` and `base64` are the encodings of the SNS action, with the message in the
//! notification; `s3` is the notification of the S3 action, without it. The signature is that of SNS.
//! <https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::providers::inbound::definition::{Inbound, InboundForm, SizeLimit};
use crate::providers::inbound::incoming::{IncomingMessage, SENDER_IP, SPAM_FROM, post};
use crate::providers::inbound::json::{list, text, texts};
use crate::webhook::mail::transfer_encoding::base64_decoded;
use crate::webhook::{
    Authentication, Delivery, Document, Mail, MailEnvelope, Mailbox, Message, Rng, TimestampFormat,
};

/// Receipt notifications of Amazon SES.
pub static INBOUND: Inbound = Inbound {
    modes: &["utf8", "base64", "s3"],
    is_event: false,
    is_per_recipient: false,
    form: InboundForm::One(request),
    read,
    content_api: None,
    limits: &[
        SizeLimit {
            bytes: 150 << 10,
            source: "the SNS action of SES takes 150 KB, and a larger message bounces (not confirmed)",
            modes: &["utf8", "base64"],
        },
        SizeLimit {
            bytes: 40 << 20,
            source: "the S3 action of SES takes 40 MB (not confirmed)",
            modes: &["s3"],
        },
    ],
    doubts: &[
        "the subject of the S3 action's notification is not confirmed",
        "decoded words in header values, and an empty `source` for a null return path, are assumed",
        "how characters that are not UTF-8 look in the encoding UTF8 is not known",
        "the size limits are not confirmed",
    ],
};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:ses-inbound";

/// Header bytes from which SES cuts the list of headers, as far as is known.
const MOST_HEADERS: usize = 10 * 1024;

fn request(mail: &IncomingMessage, rng: &mut Rng) -> Delivery {
    let id = rng.like("a116c9ed46d6207734a43317d30fd88f52ac8634");
    let above = fields_above(mail, &id);
    let mut message = json!({
        "notificationType": "Received",
        "mail": described(mail, &id, &above),
        "receipt": receipt(mail, &id),
    });
    let content = || {
        let mut content = String::new();
        for (name, value) in &above {
            content += &format!("{name}: {value}\r\n");
        }
        [content.as_bytes(), mail.message.raw()].concat()
    };
    if let Value::Object(members) = &mut message {
        match mail.mode {
            "utf8" => {
                let text = String::from_utf8_lossy(&content()).into_owned();
                members.insert("content".into(), text.into());
            }
            "base64" => {
                members.insert("content".into(), STANDARD.encode(content()).into());
            }
            _ => {}
        }
    }
    notification(&message, mail.at, rng)
}

/// Notification of SNS around a message, with a signature to be replaced.
fn notification(message: &Value, at: Timestamp, rng: &mut Rng) -> Delivery {
    let id = rng.like("7f9c2b1a-0d3e-4f60-8a7b-0000000000a1");
    let subscription = format!("{TOPIC}:2bcfbf39-05c3-41de-beaa-fcfcc21c8f55");
    let text = |text: &str| Value::from(text).to_string();
    let members = [
        ("Type", text("Notification")),
        ("MessageId", text(&id)),
        ("TopicArn", text(TOPIC)),
        ("Subject", text("Amazon SES Email Receipt Notification")),
        ("Message", text(&message.to_string())),
        ("Timestamp", text(&TimestampFormat::Rfc3339(3).write(at))),
        ("SignatureVersion", text("1")),
        ("Signature", text(&STANDARD.encode([0; 256]))),
        (
            "SigningCertURL",
            text(
                "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
            ),
        ),
        (
            "UnsubscribeURL",
            text(&format!(
                "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription}"
            )),
        ),
    ];
    let lines = members.map(|(name, value)| format!("  \"{name}\" : {value}"));
    post(
        &[
            ("x-amz-sns-message-type", "Notification"),
            ("x-amz-sns-message-id", &id),
            ("x-amz-sns-topic-arn", TOPIC),
            ("x-amz-sns-subscription-arn", &subscription),
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("User-Agent", "Amazon Simple Notification Service Agent"),
        ],
        format!("{{\n{}\n}}", lines.join(",\n")),
    )
}

fn spam_verdict(mail: &IncomingMessage) -> &'static str {
    match mail.results.spam_score {
        Some(score) if score >= SPAM_FROM => "FAIL",
        _ => "PASS",
    }
}

/// Fields that SES adds above those of the message.
fn fields_above(mail: &IncomingMessage, id: &str) -> Vec<(&'static str, String)> {
    let date = mail.at.strftime("%a, %d %b %Y %H:%M:%S +0000 (UTC)");
    let host = format!("mail.{}", mail.author_domain());
    vec![
        ("Return-Path", format!("<{}>", mail.mail_from)),
        (
            "Received",
            format!(
                "from {host} ({host} [{SENDER_IP}]) by inbound-smtp.eu-west-1.amazonaws.com with SMTP id {id} for {}; {date}",
                mail.recipient()
            ),
        ),
        ("X-SES-Spam-Verdict", spam_verdict(mail).into()),
        ("X-SES-Virus-Verdict", "PASS".into()),
    ]
}

/// Member `mail` of a notification.
fn described(mail: &IncomingMessage, id: &str, above: &[(&'static str, String)]) -> Value {
    let field = |name: &str, value: &str| json!({"name": name, "value": value});
    let own = mail.message.headers();
    let mut headers: Vec<Value> = above
        .iter()
        .map(|(name, value)| field(name, value))
        .collect();
    headers.extend(own.iter().map(|it| field(&it.name, &it.decoded())));
    let size: usize = own.iter().map(|it| it.line.len() + 2).sum();
    let (to, cc) = (mail.mailboxes("to"), mail.mailboxes("cc"));
    let mut destination: Vec<String> = to.iter().chain(&cc).map(|it| it.address.clone()).collect();
    if destination.is_empty() {
        destination = mail.recipients.to_vec();
    }
    let mut common = Map::new();
    common.insert("returnPath".into(), mail.mail_from.into());
    let mut boxes = |name: &str, boxes: &[Mailbox]| {
        if !boxes.is_empty() {
            common.insert(name.into(), boxes.iter().map(shown).collect());
        }
    };
    boxes("from", &mail.mailboxes("from"));
    boxes("replyTo", &mail.mailboxes("reply-to"));
    let common_text = |common: &mut Map<String, Value>, name: &str, header: &str| {
        if let Some(value) = mail.message.value(header) {
            common.insert(name.into(), value.into());
        }
    };
    common_text(&mut common, "date", "date");
    for (name, list) in [("to", &to), ("cc", &cc)] {
        if !list.is_empty() {
            common.insert(name.into(), list.iter().map(shown).collect());
        }
    }
    common_text(&mut common, "messageId", "message-id");
    common_text(&mut common, "subject", "subject");
    json!({
        "timestamp": TimestampFormat::Rfc3339(3).write(mail.at),
        "source": mail.mail_from,
        "messageId": id,
        "destination": destination,
        "headersTruncated": size > MOST_HEADERS,
        "headers": headers,
        "commonHeaders": common,
    })
}

/// Mailbox as text, with quotes where the name needs them.
fn shown(mailbox: &Mailbox) -> String {
    let Mailbox { name, address } = mailbox;
    let is_plain = |c: char| !"()<>[]:;@\\,.\"".contains(c);
    match name.as_str() {
        "" => address.clone(),
        name if name.chars().all(is_plain) => format!("{name} <{address}>"),
        name => format!(
            "\"{}\" <{address}>",
            name.replace('\\', "\\\\").replace('"', "\\\"")
        ),
    }
}

/// Member `receipt` of a notification.
fn receipt(mail: &IncomingMessage, id: &str) -> Value {
    let status = |word: &str| json!({"status": word.to_ascii_uppercase()});
    // A signature of another domain than the author's is neither right nor wrong for SES.
    let dkim = mail.results.dkim.as_deref().unwrap_or("gray");
    let mut receipt = json!({
        "timestamp": TimestampFormat::Rfc3339(3).write(mail.at),
        "processingTimeMillis": 357,
        "recipients": mail.recipients,
        "spamVerdict": status(spam_verdict(mail)),
        "virusVerdict": status("pass"),
        "spfVerdict": status(mail.spf()),
        "dkimVerdict": status(dkim),
        "dmarcVerdict": status(mail.dmarc()),
    });
    if let Value::Object(members) = &mut receipt {
        if mail.dmarc() == "fail" {
            members.insert("dmarcPolicy".into(), "none".into());
        }
        let action = match mail.mode {
            "s3" => json!({
                "type": "S3", "topicArn": TOPIC, "bucketName": "example-inbound-mail",
                "objectKeyPrefix": "inbound", "objectKey": format!("inbound/{id}"),
            }),
            mode => json!({
                "type": "SNS", "topicArn": TOPIC, "encoding": mode.to_ascii_uppercase(),
            }),
        };
        members.insert("action".into(), action);
    }
    receipt
}

fn read(_: &Delivery, body: &Document) -> Vec<Mail> {
    match body.text("/Message") {
        Some(inside) => match Document::json(inside.as_bytes()) {
            Ok(inside) => vec![mail_of(&inside)],
            Err(_) => Vec::new(),
        },
        // Raw delivery.
        None => vec![mail_of(body)],
    }
}

fn mail_of(notification: &Document) -> Mail {
    let content = notification.text("/content").map(|content| {
        let is_base64 = notification
            .text("/receipt/action/encoding")
            .is_some_and(|it| it.eq_ignore_ascii_case("base64"));
        match is_base64 {
            true => base64_decoded(content.as_bytes()),
            false => content.as_bytes().to_vec(),
        }
    });
    let mut mail = match content {
        Some(content) => Mail::of_message(&Message::read(content.into())),
        None => of_headers(notification),
    };
    let verdict = |name: &str| text(notification, &format!("/receipt/{name}/status"));
    mail.envelope = MailEnvelope {
        from: text(notification, "/mail/source"),
        to: texts(notification, "/receipt/recipients"),
    };
    mail.is_spam = verdict("spamVerdict").map(|it| it == "FAIL");
    mail.authentication = Authentication {
        spf: verdict("spfVerdict"),
        dkim: verdict("dkimVerdict"),
        dmarc: verdict("dmarcVerdict"),
    };
    mail.id = text(notification, "/mail/messageId");
    mail
}

/// Mail of a notification without the message.
fn of_headers(notification: &Document) -> Mail {
    let common = |name: &str| format!("/mail/commonHeaders/{name}");
    let boxes = |name: &str| -> Vec<Mailbox> {
        let all = texts(notification, &common(name));
        all.iter().flat_map(|it| Mailbox::list(it)).collect()
    };
    let field = |wanted: &str| {
        let mut all = list(notification, "/mail/headers").iter();
        let is_it = |it: &&Document| {
            it.text("/name")
                .is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        };
        text(all.find(is_it)?, "/value")
    };
    let told = |name: &str| text(notification, &common(name));
    Mail {
        from: boxes("from").into_iter().next(),
        to: boxes("to"),
        cc: boxes("cc"),
        reply_to: boxes("replyTo"),
        subject: told("subject").or_else(|| field("subject")),
        date: told("date").or_else(|| field("date")),
        message_id: told("messageId").or_else(|| field("message-id")),
        ..Mail::default()
    }
}
