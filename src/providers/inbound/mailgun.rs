//! Mailgun routes: a form, URL-encoded without files and multipart with them. `raw` goes to URLs that end in `mime`,
//! `stored` is the notification of `store()`, with links in place of files. Only timestamp and token are signed.
//! <https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http>

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::providers::inbound::definition::{Inbound, InboundForm, SizeLimit};
use crate::providers::inbound::form::{FormFields, FormFile, NewForm};
use crate::providers::inbound::incoming::{
    IncomingMessage, SPAM_FROM, capitalised, post, reply_of, text_of_html,
};
use crate::providers::inbound::json::ascii;
use crate::webhook::mail::message_part::MessagePart;
use crate::webhook::{
    Attachment, Authentication, Delivery, Document, Mail, MailEnvelope, Mailbox, Message, Rng,
    Style, domain_of, write,
};

/// Mailgun's routes.
pub static INBOUND: Inbound = Inbound {
    modes: &["parsed", "raw", "stored"],
    is_event: false,
    is_per_recipient: true,
    form: InboundForm::One(request),
    read,
    content_api: None,
    limits: &[SizeLimit {
        bytes: 25 << 20,
        source: "Mailgun takes messages of 25 MB",
        modes: &[],
    }],
    doubts: &[
        "the user agent of routes and the content type of the raw form today are not confirmed",
        "an empty `sender` for a null return path, and decoded words in `message-headers`, are assumed",
        "how `body-plain` is made of HTML is not known",
        "`content-id-map` of a stored message is not confirmed",
    ],
};

fn request(mail: &IncomingMessage, rng: &mut Rng) -> Delivery {
    let fields = header_fields(mail);
    let mut form = NewForm::default();
    let files: Vec<&MessagePart> = mail
        .message
        .attachments()
        .filter(|it| is_sent_as_file(it))
        .collect();
    match mail.mode {
        "raw" => raw_form(&mut form, mail, &fields, rng),
        "stored" => stored_form(&mut form, mail, &fields, &files, rng),
        _ => parsed_form(&mut form, mail, &fields, &files, rng),
    }
    let is_multipart = mail.mode == "parsed" && !files.is_empty();
    let (kind, body) = match is_multipart {
        true => {
            let boundary = rng.like("5e3ad828-f3da-404f-a91f-31674775c0ca");
            let kind = format!("multipart/form-data; boundary={boundary}");
            (kind, form.multipart(&boundary))
        }
        false => (
            "application/x-www-form-urlencoded".to_owned(),
            form.url_encoded(),
        ),
    };
    post(
        &[
            ("Content-Type", &kind),
            ("User-Agent", "mailgun/treq-16.12.0"),
            ("Accept-Encoding", "gzip"),
        ],
        body,
    )
}

/// A text without a name is a field of its own: `text/calendar` is `body-calendar`.
fn is_sent_as_file(part: &MessagePart) -> bool {
    part.is_file() || !part.media_type.starts_with("text/")
}

/// Fields that Mailgun adds below those of the message.
fn found_fields(mail: &IncomingMessage) -> Vec<(&'static str, String)> {
    let score = mail.results.spam_score.unwrap_or(1.7);
    let is_spam = if score >= SPAM_FROM { "Yes" } else { "No" };
    vec![
        ("X-Mailgun-Sflag", is_spam.into()),
        ("X-Mailgun-Sscore", score.to_string()),
        ("X-Mailgun-Spf", capitalised(mail.spf())),
        ("X-Mailgun-Dkim-Check-Result", capitalised(mail.dkim())),
    ]
}

/// Header fields as Mailgun posts them, its own included.
fn header_fields(mail: &IncomingMessage) -> Vec<(String, String)> {
    let mut all = vec![
        ("X-Mailgun-Incoming".to_owned(), "Yes".to_owned()),
        (
            "X-Envelope-From".to_owned(),
            format!("<{}>", mail.mail_from),
        ),
    ];
    for field in mail.message.headers() {
        all.push((field.title_cased(), field.decoded().into_owned()));
    }
    for (name, value) in found_fields(mail) {
        all.push((name.to_owned(), value));
    }
    all
}

/// The fields of the header block as JSON.
fn message_headers(fields: &[(String, String)]) -> String {
    let list = Value::from_iter(fields.iter().map(|(name, value)| json!([name, value])));
    ascii(&write(&list, &Style::SPACED))
}

/// Fields that are signed, and their signature: any values, until the delivery is signed.
fn unsigned(form: &mut NewForm, mail: &IncomingMessage, rng: &mut Rng) {
    let token = rng.like("c11064ed4928bde8b135a070b60f67287e53716007fec6d28d");
    form.field("timestamp", mail.at.as_second().to_string());
    form.field("token", token);
    form.field("signature", "0".repeat(64));
}

fn parsed_form(
    form: &mut NewForm,
    mail: &IncomingMessage,
    fields: &[(String, String)],
    files: &[&MessagePart],
    rng: &mut Rng,
) {
    for (name, value) in fields {
        form.field(name, value.clone());
    }
    bodies(form, mail);
    let mut ids = Vec::new();
    for (number, file) in (1..).zip(files) {
        let field = format!("attachment-{number}");
        if let Some(id) = file.content_id() {
            ids.push((format!("<{id}>"), Value::from(field.as_str())));
        }
        let name = file.filename.clone();
        let name = name.unwrap_or_else(|| field.clone());
        form.file(field, name, &file.media_type, file.content(), true);
    }
    if !files.is_empty() {
        form.field("attachment-count", files.len().to_string());
    }
    if !ids.is_empty() {
        let ids = Value::Object(ids.into_iter().collect());
        form.field("content-id-map", write(&ids, &Style::SPACED));
    }
    common(form, mail, fields);
    unsigned(form, mail, rng);
    form.sort();
}

/// Texts of the message, and what is left of them without quotations.
fn bodies(form: &mut NewForm, mail: &IncomingMessage) {
    let (text, html) = (mail.body_text(), mail.body_html());
    if let Some(html) = &html {
        form.field("body-html", html.clone());
        form.field("stripped-html", html.clone());
    }
    if let Some(text) = &text {
        let reply = reply_of(text);
        form.field("stripped-text", reply.text.to_owned());
        form.field("stripped-signature", reply.signature.to_owned());
    }
    let plain = text.or_else(|| html.as_deref().map(text_of_html));
    form.field("body-plain", plain.unwrap_or_default());
    for part in mail.message.attachments().filter(|it| !is_sent_as_file(it)) {
        let subtype = part.media_type.trim_start_matches("text/");
        form.field(format!("body-{subtype}"), part.text());
    }
}

/// Fields of every mode.
fn common(form: &mut NewForm, mail: &IncomingMessage, fields: &[(String, String)]) {
    form.field("recipient", mail.recipient().to_owned());
    form.field("sender", mail.mail_from.to_owned());
    form.field("from", mail.text("from"));
    form.field("subject", mail.text("subject"));
    form.field("message-headers", message_headers(fields));
}

fn stored_form(
    form: &mut NewForm,
    mail: &IncomingMessage,
    fields: &[(String, String)],
    files: &[&MessagePart],
    rng: &mut Rng,
) {
    for (name, value) in fields {
        form.field(name, value.clone());
    }
    bodies(form, mail);
    let domain = domain_of(mail.recipient());
    let key = rng.like("BAABAgExampleStorageKey0123456789");
    let url =
        format!("https://storage-us-east4.api.mailgun.net/v3/domains/{domain}/messages/{key}");
    let link = |number: usize| format!("{url}/attachments/{number}");
    let listed = files.iter().enumerate().map(|(number, file)| {
        json!({
            "url": link(number), "content-type": file.media_type,
            "name": file.filename.as_deref().unwrap_or_default(), "size": file.content().len(),
        })
    });
    let listed = Value::from_iter(listed);
    if !files.is_empty() {
        form.field("attachments", write(&listed, &Style::SPACED));
    }
    let ids = files.iter().enumerate().filter_map(|(number, file)| {
        Some((
            format!("<{}>", file.content_id()?),
            Value::from(link(number)),
        ))
    });
    let ids: serde_json::Map<String, Value> = ids.collect();
    if !ids.is_empty() {
        form.field("content-id-map", write(&Value::Object(ids), &Style::SPACED));
    }
    form.field("domain", domain.to_owned());
    form.field("message-url", url);
    common(form, mail, fields);
    unsigned(form, mail, rng);
    form.sort();
}

fn raw_form(
    form: &mut NewForm,
    mail: &IncomingMessage,
    fields: &[(String, String)],
    rng: &mut Rng,
) {
    form.field("recipient", mail.recipient().to_owned());
    form.field("sender", mail.mail_from.to_owned());
    form.field("subject", mail.text("subject"));
    form.field("from", mail.text("from"));
    for (name, value) in fields {
        form.field(name, value.clone());
    }
    form.field("message-headers", message_headers(fields));
    unsigned(form, mail, rng);
    form.field("body-mime", raw_message(mail));
}

/// The message with Mailgun's fields above and below its own.
fn raw_message(mail: &IncomingMessage) -> Vec<u8> {
    let raw = mail.message.raw();
    let gap = memchr::memmem::find(raw, b"\r\n\r\n").map_or(raw.len(), |at| at + 2);
    let (head, body) = raw.split_at(gap);
    let above = format!(
        "X-Mailgun-Incoming: Yes\r\nX-Envelope-From: <{}>\r\n",
        mail.mail_from
    );
    let below = found_fields(mail)
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect::<String>();
    [above.as_bytes(), head, below.as_bytes(), body].concat()
}

fn read(delivery: &Delivery, _: &Document) -> Vec<Mail> {
    let form = FormFields::of(delivery);
    let headers = header_list(&form);
    let field = |wanted: &str| {
        let mut all = headers.iter();
        let found = all.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.clone())
    };
    let boxes = |name: &str| field(name).map_or_else(Vec::new, |value| Mailbox::list(&value));
    let mut mail = match form.bytes("body-mime") {
        Some(raw) => Mail::of_message(&Message::read(raw.clone())),
        None => Mail {
            from: form.text("from").and_then(|from| Mailbox::first(&from)),
            to: boxes("to"),
            cc: boxes("cc"),
            reply_to: boxes("reply-to"),
            subject: form.text("subject").map(|subject| subject.into_owned()),
            date: field("date"),
            message_id: field("message-id"),
            text: form.text("body-plain").map(|text| text.into_owned()),
            html: form.text("body-html").map(|html| html.into_owned()),
            reply: form.text("stripped-text").map(|text| text.into_owned()),
            attachments: attachments(&form),
            ..Mail::default()
        },
    };
    mail.envelope = MailEnvelope {
        from: form.text("sender").map(|sender| sender.into_owned()),
        to: form.filled("recipient").into_iter().collect(),
    };
    mail.spam_score = field("x-mailgun-sscore").and_then(|score| score.trim().parse().ok());
    mail.is_spam = field("x-mailgun-sflag").map(|flag| flag.eq_ignore_ascii_case("yes"));
    mail.authentication = Authentication {
        spf: field("x-mailgun-spf"),
        dkim: field("x-mailgun-dkim-check-result"),
        dmarc: None,
    };
    vec![mail]
}

/// Names and values in `message-headers`; without it, the fields of the form that look like header fields.
fn header_list(form: &FormFields) -> Vec<(String, String)> {
    let Some(Value::Array(list)) = form.json("message-headers") else {
        let is_header = |name: &str| name.starts_with(|c: char| c.is_ascii_uppercase());
        let fields = form.fields().filter(|(name, _)| is_header(name));
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        return fields
            .map(|(name, value)| (name.to_owned(), text(value)))
            .collect();
    };
    let pair = |entry: &Value| {
        Some((
            entry.get(0)?.as_str()?.to_owned(),
            entry.get(1)?.as_str()?.to_owned(),
        ))
    };
    list.iter().filter_map(pair).collect()
}

fn attachments(form: &FormFields) -> Vec<Attachment> {
    let ids: HashMap<String, String> = match form.json("content-id-map") {
        Some(Value::Object(ids)) => ids
            .into_iter()
            .filter_map(|(id, place)| {
                let id = id.trim_start_matches('<').trim_end_matches('>');
                Some((place.as_str()?.to_owned(), id.to_owned()))
            })
            .filter(|(_, id)| !id.is_empty())
            .collect(),
        _ => HashMap::new(),
    };
    let disposition = |id: &Option<String>| {
        let word = if id.is_some() { "inline" } else { "attachment" };
        Some(word.to_owned())
    };
    if let Some(Value::Array(stored)) = form.json("attachments") {
        let stored = stored.iter().map(|it| {
            let text = |name: &str| Some(it.get(name)?.as_str()?.to_owned());
            let url = text("url");
            let content_id = url.as_ref().and_then(|url| ids.get(url).cloned());
            Attachment {
                name: text("name").filter(|name| !name.is_empty()),
                content_type: text("content-type"),
                disposition: disposition(&content_id),
                content_id,
                size: it.get("size").and_then(Value::as_u64),
                content: None,
                reference: url,
            }
        });
        return stored.collect();
    }
    let file = |file: &FormFile| {
        let content_id = ids.get(&file.field).cloned();
        Attachment {
            name: Some(file.filename.clone()),
            content_type: file.content_type.clone(),
            disposition: disposition(&content_id),
            content_id,
            size: u64::try_from(file.content.len()).ok(),
            content: Some(file.content.clone()),
            reference: None,
        }
    };
    form.files.iter().map(file).collect()
}
