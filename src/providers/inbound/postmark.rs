//! Postmark inbound: one JSON object a recipient, without a signature. With "Include raw email content" the message is
//! in it as well, with line feeds for line ends.
//! <https://postmarkapp.com/developer/webhooks/inbound-webhook>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::providers::inbound::definition::{Inbound, InboundForm, SizeLimit};
use crate::providers::inbound::incoming::{
    IncomingMessage, SPAM_FROM, post, reply_of, with_line_feeds,
};
use crate::providers::inbound::json::{filled, list, mailboxes, pretty, text};
use crate::webhook::mail::message_part::MessagePart;
use crate::webhook::{Attachment, Delivery, Document, Mail, MailEnvelope, Mailbox, Message, Rng};

/// Postmark's inbound webhook.
pub static INBOUND: Inbound = Inbound {
    modes: &["parsed", "raw"],
    is_event: true,
    is_per_recipient: true,
    form: InboundForm::One(request),
    read,
    content_api: None,
    limits: &[SizeLimit {
        bytes: 35 << 20,
        source: "Postmark takes files of 35 MB in total (inbound size limits)",
        modes: &[],
    }],
    doubts: &[
        "the names of files without one, and `RawEmail` of a message that is not UTF-8, are not known",
        "that neither body is made from the other is assumed",
    ],
};

/// Fields that have members of their own and are left out of `Headers`.
const OWN_MEMBERS: [&str; 9] = [
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "reply-to",
    "content-type",
    "content-transfer-encoding",
];

fn request(mail: &IncomingMessage, rng: &mut Rng) -> Delivery {
    let message = mail.message;
    let author = mail.author();
    let (to, cc) = (mail.mailboxes("to"), mail.mailboxes("cc"));
    let recipient = mail.recipient();
    let is_named = to
        .iter()
        .chain(&cc)
        .any(|it| it.address.eq_ignore_ascii_case(recipient));
    let hidden = match is_named || recipient.is_empty() {
        true => Vec::new(),
        false => vec![Mailbox {
            name: String::new(),
            address: recipient.to_owned(),
        }],
    };
    let id = rng.like("07aa9e4a-560a-4537-8eb7-f59bb0c54fda");
    let queue_id = rng.like("0123456789abc");
    let found = found_fields(mail, &queue_id);
    let text = mail.body_text().unwrap_or_default();
    let reply = reply_of(&text);
    let stripped = if reply.has_quotation { reply.text } else { "" };
    let mut body = json!({
        "FromName": author.name,
        "MessageStream": "inbound",
        "From": author.address,
        "FromFull": full(&author),
        "To": shown(&to),
        "ToFull": to.iter().map(full).collect::<Vec<_>>(),
        "Cc": shown(&cc),
        "CcFull": cc.iter().map(full).collect::<Vec<_>>(),
        "Bcc": shown(&hidden),
        "BccFull": hidden.iter().map(full).collect::<Vec<_>>(),
        "OriginalRecipient": recipient,
        "Subject": mail.text("subject"),
        "MessageID": id,
        "ReplyTo": mail.text("reply-to"),
        "MailboxHash": mailbox_hash(recipient),
        "Date": mail.text("date"),
        "TextBody": with_line_feeds(&text),
        "HtmlBody": with_line_feeds(&mail.body_html().unwrap_or_default()),
        "StrippedTextReply": with_line_feeds(stripped),
    });
    if let Value::Object(body) = &mut body {
        if mail.mode == "raw" {
            body.insert("RawEmail".into(), raw_email(mail, &found).into());
        }
        body.insert("Tag".into(), "".into());
        body.insert("Headers".into(), headers(mail, &found));
        let files = message.attachments().map(attachment).collect();
        body.insert("Attachments".into(), Value::Array(files));
    }
    post(
        &[
            ("Content-Type", "application/json"),
            ("User-Agent", "Postmark"),
            ("Accept", "application/json"),
        ],
        pretty(&body),
    )
}

fn full(mailbox: &Mailbox) -> Value {
    json!({
        "Email": mailbox.address,
        "Name": mailbox.name,
        "MailboxHash": mailbox_hash(&mailbox.address),
    })
}

/// Mailboxes as a text, with names always in quotes.
fn shown(mailboxes: &[Mailbox]) -> String {
    let one = |it: &Mailbox| match it.name.as_str() {
        "" => it.address.clone(),
        name => format!("\"{name}\" <{}>", it.address),
    };
    let all: Vec<String> = mailboxes.iter().map(one).collect();
    all.join(", ")
}

/// Text after `+` in the local part of an address.
fn mailbox_hash(address: &str) -> &str {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    local.split_once('+').map_or("", |(_, hash)| hash)
}

/// Fields that Postmark adds above those of the message.
fn found_fields(mail: &IncomingMessage, queue_id: &str) -> Vec<(&'static str, String)> {
    let score = mail.results.spam_score.unwrap_or(-0.1);
    let is_spam = if score >= SPAM_FROM { "Yes" } else { "No" };
    let spf = mail.spf().to_ascii_uppercase();
    let tests = match mail.dkim() {
        "pass" => format!("DKIM_SIGNED,DKIM_VALID,SPF_{spf}"),
        "none" => format!("SPF_{spf}"),
        _ => format!("DKIM_SIGNED,DKIM_INVALID,SPF_{spf}"),
    };
    let received = format!(
        "by p-pm-inboundexample (Postfix, from userid 996) id {queue_id}; {} (UTC)",
        date_with_padding(mail.at)
    );
    vec![
        ("Received", received),
        (
            "X-Spam-Checker-Version",
            "SpamAssassin 3.4.0 (2014-02-07) on p-pm-inboundexample".into(),
        ),
        ("X-Spam-Status", is_spam.into()),
        ("X-Spam-Score", score.to_string()),
        ("X-Spam-Tests", tests),
    ]
}

/// Date as Postfix writes it: the day has two places.
fn date_with_padding(at: Timestamp) -> String {
    at.strftime("%a, %e %b %Y %H:%M:%S +0000").to_string()
}

fn headers(mail: &IncomingMessage, found: &[(&'static str, String)]) -> Value {
    let entry = |name: &str, value: &str| json!({"Name": name, "Value": value});
    let mut all = vec![entry("Return-Path", &format!("<{}>", mail.mail_from))];
    all.extend(found.iter().map(|(name, value)| entry(name, value)));
    let has_member = |name: &str| {
        let mut own = OWN_MEMBERS.iter().chain(&["return-path"]);
        own.any(|own| own.eq_ignore_ascii_case(name))
    };
    for field in mail.message.headers() {
        if !has_member(&field.name) {
            all.push(entry(&field.name, &field.decoded()));
        }
    }
    Value::Array(all)
}

/// The message with Postmark's fields above it, as text with line feeds.
fn raw_email(mail: &IncomingMessage, found: &[(&'static str, String)]) -> String {
    let mut out = String::new();
    for (name, value) in found {
        out += &format!("{name}: {value}\n");
    }
    let raw = String::from_utf8_lossy(mail.message.raw());
    out + &with_line_feeds(&raw)
}

fn attachment(part: &MessagePart) -> Value {
    let content = part.content();
    json!({
        "Name": part.filename.as_deref().unwrap_or_default(),
        "Content": STANDARD.encode(&content),
        "ContentType": part.media_type,
        "ContentLength": content.len(),
        "ContentID": part.content_id().unwrap_or_default(),
    })
}

fn read(_: &Delivery, body: &Document) -> Vec<Mail> {
    let field = |wanted: &str| {
        let mut all = list(body, "/Headers").iter();
        let is_it = |it: &&Document| {
            it.text("/Name")
                .is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        };
        text(all.find(is_it)?, "/Value")
    };
    let full = |at: &str| mailboxes(list(body, at), "/Email", "/Name");
    let from = body.at("/FromFull").map(std::slice::from_ref);
    let raw = filled(body, "/RawEmail").map(|raw| Mail::of_message(&Message::read(raw.into())));
    let (raw_text, raw_html) = match raw {
        Some(raw) => (Some(raw.text), Some(raw.html)),
        None => (None, None),
    };
    let trimmed = |path: String| path.trim_matches(['<', '>']).to_owned();
    vec![Mail {
        from: mailboxes(from.unwrap_or_default(), "/Email", "/Name")
            .into_iter()
            .next(),
        to: full("/ToFull"),
        cc: full("/CcFull"),
        bcc: full("/BccFull"),
        reply_to: filled(body, "/ReplyTo").map_or_else(Vec::new, |it| Mailbox::list(&it)),
        subject: text(body, "/Subject"),
        date: text(body, "/Date"),
        message_id: field("message-id"),
        text: raw_text.unwrap_or_else(|| text(body, "/TextBody")),
        html: raw_html.unwrap_or_else(|| text(body, "/HtmlBody")),
        reply: text(body, "/StrippedTextReply"),
        envelope: MailEnvelope {
            from: field("return-path").map(trimmed),
            to: text(body, "/OriginalRecipient").into_iter().collect(),
        },
        attachments: list(body, "/Attachments").iter().map(file).collect(),
        spam_score: field("x-spam-score").and_then(|score| score.trim().parse().ok()),
        is_spam: field("x-spam-status")
            .map(|status| status.to_ascii_lowercase().starts_with("yes")),
        id: text(body, "/MessageID"),
        ..Mail::default()
    }]
}

fn file(it: &Document) -> Attachment {
    // The check button of the dashboard posts `Data` in place of `Content`.
    let content = it.text("/Content").or_else(|| it.text("/Data"));
    let content = content.and_then(|content| STANDARD.decode(content.as_bytes()).ok());
    let told = it.text("/ContentLength").and_then(|size| size.parse().ok());
    Attachment {
        size: content
            .as_ref()
            .and_then(|content| u64::try_from(content.len()).ok())
            .or(told),
        name: filled(it, "/Name"),
        content_type: text(it, "/ContentType"),
        disposition: None,
        content_id: filled(it, "/ContentID"),
        content: content.map(Into::into),
        reference: None,
    }
    .with_inferred_disposition()
}
