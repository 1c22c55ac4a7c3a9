//! Forward Email: the message as the npm package mailparser reads it, with the message itself, the results of the
//! filters and the SMTP session. One request for all recipients of a URL, signed if the domain has a webhook key.
//! <https://forwardemail.net/faq#do-you-support-webhooks>

use std::fmt::Write as _;

use jiff::Timestamp;
use md5::{Digest, Md5};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::providers::inbound::definition::{Inbound, InboundForm};
use crate::providers::inbound::incoming::{IncomingMessage, SENDER_IP, post, with_line_feeds};
use crate::providers::inbound::json::{filled, list, text, texts};
use crate::webhook::mail::mailbox::AddressEntry;
use crate::webhook::mail::message_part::MessagePart;
use crate::webhook::{
    Attachment, Authentication, Delivery, Document, Mail, MailEnvelope, Mailbox, Message, Rng,
    TimestampFormat,
};

/// Forward Email's webhook of an alias.
pub static INBOUND: Inbound = Inbound {
    modes: &[],
    is_event: false,
    is_per_recipient: false,
    form: InboundForm::One(request),
    read,
    content_api: None,
    limits: &[],
    doubts: &[
        "the shape of `headers`, and more in `dkim`, `spf`, `arc`, `dmarc` and `bimi`, are not confirmed",
        "`raw` has the signatures and the fields that Forward Email adds; here it is the message as it came",
        "how `raw` shows a message that is not UTF-8 is known from the code only: its bytes are replaced",
        "the version in the user agent is not known",
    ],
};

/// Header fields of which mailparser makes addresses, and its names for them.
const ADDRESSES: [(&str, &str); 5] = [
    ("to", "to"),
    ("from", "from"),
    ("cc", "cc"),
    ("bcc", "bcc"),
    ("reply-to", "replyTo"),
];

fn request(mail: &IncomingMessage, _: &mut Rng) -> Delivery {
    let message = mail.message;
    let mut rest = parsed(message);
    let mut add = |name: &str, value: Value| rest.insert(name.to_owned(), value);
    let raw = String::from_utf8_lossy(message.raw());
    let head = raw.find("\r\n\r\n").map_or(raw.len(), |at| at + 2);
    let status = |result: &str| json!({"status": {"result": result}});
    // Without a wish, what is known of the results is simplified.
    let dkim = mail.results.dkim.iter().map(|result| status(result));
    add("raw", raw.as_ref().into());
    add("dkim", json!({"results": dkim.collect::<Value>()}));
    add("spf", status(mail.spf()));
    add("arc", status("none"));
    add("dmarc", status(mail.dmarc()));
    add("bimi", status("skipped"));
    add("headers", raw.get(..head).unwrap_or_default().into());
    add("recipients", json!(mail.recipients));
    add("session", session(mail));
    let body = RequestBody {
        attachments: attachments(message),
        rest,
    };
    let body = serde_json::to_vec(&body);
    post(
        &[
            ("Content-Type", "application/json"),
            ("User-Agent", "forwardemail/example"),
        ],
        body.unwrap_or_default(),
    )
}

/// Request, written without a [`Value`] for each byte of a file.
#[derive(Serialize)]
struct RequestBody {
    attachments: Vec<ParsedAttachment>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// File as mailparser reads it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ParsedAttachment {
    r#type: &'static str,
    content: NodeBuffer,
    content_type: String,
    part_id: Option<String>,
    release: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<bool>,
    headers: Map<String, Value>,
    checksum: String,
    size: usize,
}

/// Bytes as Node writes them: `{"type": "Buffer", "data": [37, 80, …]}`.
#[derive(Serialize)]
struct NodeBuffer {
    r#type: &'static str,
    data: Vec<u8>,
}

fn session(mail: &IncomingMessage) -> Value {
    let host = format!("mail.{}", mail.author_domain());
    json!({
        "recipient": mail.recipient(),
        "remoteAddress": SENDER_IP,
        "remotePort": 45678,
        "clientHostname": host,
        "hostNameAppearsAs": host,
        "sender": mail.mail_from,
        "mta": "mx1.forwardemail.net",
        "arrivalDate": TimestampFormat::Rfc3339(3).write(mail.at),
        "arrivalTime": mail.at.as_millisecond(),
    })
}

/// Message as mailparser reads it; what it does not have is left out.
fn parsed(message: &Message) -> Map<String, Value> {
    let mut all = Map::new();
    let lines = message.headers().iter().map(|field| {
        let line = String::from_utf8_lossy(&field.line);
        json!({"key": field.name.to_ascii_lowercase(), "line": line})
    });
    all.insert("headerLines".into(), lines.collect());
    let html = message.html().map(MessagePart::text);
    if let Some(html) = &html {
        all.insert("html".into(), with_line_feeds(html).into());
    }
    if let Some(text) = message.text().map(MessagePart::text) {
        all.insert("text".into(), with_line_feeds(&text).into());
        all.insert("textAsHtml".into(), "".into());
    }
    let filled = |name: &str| message.value(name).filter(|value| !value.is_empty());
    if let Some(subject) = filled("subject") {
        all.insert("subject".into(), subject.into());
    }
    if let Some(ids) = filled("references") {
        let ids: Vec<&str> = ids.split_whitespace().collect();
        let references = match ids.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        all.insert("references".into(), references);
    }
    let date = filled("date").and_then(|date| jiff::fmt::rfc2822::parse(&date).ok());
    if let Some(date) = date.map(|date| date.timestamp()) {
        all.insert("date".into(), iso(date).into());
    }
    for (name, member) in ADDRESSES {
        if let Some(field) = message.header(name) {
            all.insert(member.into(), addresses(&AddressEntry::list(&field.value)));
        }
    }
    for (name, member) in [("message-id", "messageId"), ("in-reply-to", "inReplyTo")] {
        if let Some(id) = filled(name) {
            all.insert(member.into(), id.into());
        }
    }
    if html.is_none() {
        all.insert("html".into(), false.into());
    }
    all
}

fn iso(at: Timestamp) -> String {
    TimestampFormat::Rfc3339(3).write(at)
}

/// Addresses of a field: as values, as HTML and as text.
fn addresses(entries: &[AddressEntry]) -> Value {
    let single = |it: &Mailbox| json!({"address": it.address, "name": it.name});
    let values = entries.iter().map(|entry| match entry {
        AddressEntry::Mailbox(mailbox) => single(mailbox),
        AddressEntry::Group { name, members } => {
            json!({"name": name, "group": members.iter().map(single).collect::<Value>()})
        }
    });
    let joined = |shown: fn(&AddressEntry) -> String| {
        let all: Vec<String> = entries.iter().map(shown).collect();
        all.join(", ")
    };
    json!({"value": values.collect::<Value>(), "html": joined(as_html), "text": joined(as_text)})
}

fn as_html(entry: &AddressEntry) -> String {
    const NAME: &str = "<span class=\"mp_address_name\">";
    let single = |it: &Mailbox| {
        let address = escaped(&it.address);
        let link = format!("<a href=\"mailto:{address}\" class=\"mp_address_email\">{address}</a>");
        match it.name.as_str() {
            "" => link,
            name => format!("{NAME}{}</span> &lt;{link}&gt;", escaped(name)),
        }
    };
    const GROUP: &str = "<span class=\"mp_address_group\">";
    match entry {
        AddressEntry::Mailbox(mailbox) => format!("{GROUP}{}</span>", single(mailbox)),
        AddressEntry::Group { name, members } => {
            let members: Vec<String> = members
                .iter()
                .map(|it| format!("{GROUP}{}</span>", single(it)))
                .collect();
            let members = members.join(", ");
            format!("{GROUP}{NAME}{}: </span>{members};</span>", escaped(name))
        }
    }
}

fn as_text(entry: &AddressEntry) -> String {
    let single = |it: &Mailbox| match it.name.as_str() {
        "" => it.address.clone(),
        name => format!("\"{name}\" <{}>", it.address),
    };
    match entry {
        AddressEntry::Mailbox(mailbox) => single(mailbox),
        AddressEntry::Group { name, members } => {
            let members: Vec<String> = members.iter().map(single).collect();
            format!("\"{name}\": {};", members.join(", "))
        }
    }
}

/// Text for HTML: what is not ASCII, and what HTML knows, as a hexadecimal reference.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_ascii() && !"\"&'<>`".contains(c) {
            true => out.push(c),
            false => {
                let _ = write!(out, "&#x{:X};", u32::from(c));
            }
        }
    }
    out
}

fn attachments(message: &Message) -> Vec<ParsedAttachment> {
    let is_body = |part: &MessagePart| {
        let bodies = [message.text(), message.html()];
        bodies
            .into_iter()
            .flatten()
            .any(|it| std::ptr::eq(it, part))
    };
    // Number of each part among its siblings, and the media types of the containers around the current one.
    let mut numbers: Vec<usize> = Vec::new();
    let mut around: Vec<&str> = Vec::new();
    let mut all = Vec::new();
    for part in message.parts() {
        if part.depth > 0 {
            numbers.resize(part.depth, 0);
            if let Some(last) = numbers.last_mut() {
                *last += 1;
            }
        }
        around.truncate(part.depth);
        if part.is_container() {
            around.push(&part.media_type);
        } else if !is_body(part) {
            let steps: Vec<String> = numbers.iter().map(usize::to_string).collect();
            let id = (part.depth > 0).then(|| steps.join("."));
            let is_related = around.last() == Some(&"multipart/related");
            all.push(attachment(part, id, is_related));
        }
    }
    all
}

fn attachment(part: &MessagePart, part_id: Option<String>, is_related: bool) -> ParsedAttachment {
    let content = part.content();
    ParsedAttachment {
        r#type: "attachment",
        content_type: part.media_type.clone(),
        part_id,
        release: (),
        content_disposition: part.disposition.clone(),
        filename: part.filename.clone(),
        content_id: part.content_id().map(|id| format!("<{id}>")),
        cid: part.content_id().map(str::to_owned),
        related: is_related.then_some(true),
        headers: Map::new(),
        checksum: hex::encode(Md5::digest(&content)),
        size: content.len(),
        content: NodeBuffer {
            r#type: "Buffer",
            data: content.into(),
        },
    }
}

fn read(_: &Delivery, body: &Document) -> Vec<Mail> {
    let raw = text(body, "/raw").map(|raw| Mail::of_message(&Message::read(raw.into())));
    // Files can be left out of the members, and the message out of the request.
    let listed = body.at("/attachments").and_then(Document::values);
    let attachments = match (listed, raw) {
        (Some(files), _) => files.iter().map(file).collect(),
        (None, raw) => raw.map_or_else(Vec::new, |raw| raw.attachments),
    };
    let verdict = |name: &str| text(body, &format!("/{name}/status/result"));
    vec![Mail {
        from: boxes(body, "from").into_iter().next(),
        to: boxes(body, "to"),
        cc: boxes(body, "cc"),
        bcc: boxes(body, "bcc"),
        reply_to: boxes(body, "replyTo"),
        subject: text(body, "/subject").or_else(|| line(body, "subject")),
        date: line(body, "date").or_else(|| text(body, "/date")),
        message_id: text(body, "/messageId"),
        text: text(body, "/text"),
        html: text(body, "/html").filter(|html| html != "false"),
        envelope: MailEnvelope {
            from: text(body, "/session/sender"),
            to: texts(body, "/recipients"),
        },
        attachments,
        authentication: Authentication {
            spf: verdict("spf"),
            dkim: text(body, "/dkim/results/0/status/result"),
            dmarc: verdict("dmarc"),
        },
        ..Mail::default()
    }]
}

/// Mailboxes of a member, those of groups included.
fn boxes(body: &Document, member: &str) -> Vec<Mailbox> {
    let mut all = Vec::new();
    for entry in list(body, &format!("/{member}/value")) {
        let single = std::slice::from_ref(entry);
        let group = entry.at("/group").and_then(Document::values);
        for it in group.unwrap_or(single) {
            if let Some(address) = filled(it, "/address") {
                let name = text(it, "/name").unwrap_or_default();
                all.push(Mailbox { name, address });
            }
        }
    }
    all
}

/// Value of a header field, as the sender wrote it.
fn line(body: &Document, name: &str) -> Option<String> {
    let mut lines = list(body, "/headerLines").iter();
    let found = lines.find(|it| it.text("/key").as_deref() == Some(name))?;
    let line = text(found, "/line")?;
    Message::read(format!("{line}\r\n\r\n").into()).value(name)
}

fn file(it: &Document) -> Attachment {
    let content = it.at("/content/data").and_then(Document::bytes);
    Attachment {
        name: filled(it, "/filename"),
        content_type: text(it, "/contentType"),
        disposition: text(it, "/contentDisposition"),
        content_id: filled(it, "/cid"),
        size: it.text("/size").and_then(|size| size.parse().ok()),
        content: content.map(Into::into),
        reference: None,
    }
}
