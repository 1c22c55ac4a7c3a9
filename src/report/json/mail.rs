//! Mails as JSON: the member `mail` of a delivery.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::webhook::{Attachment, Mail, Mailbox};

/// Mail of a delivery; a list if the delivery has several.
pub(super) fn mails(mails: &[Mail]) -> Value {
    match mails {
        [one] => mail(one),
        several => Value::from_iter(several.iter().map(mail)),
    }
}

fn mail(it: &Mail) -> Value {
    let boxes = |all: &[Mailbox]| Value::from_iter(all.iter().map(mailbox));
    let mut out = json!({
        "from": it.from.as_ref().map(mailbox),
        "to": boxes(&it.to),
        "cc": boxes(&it.cc),
        "bcc": boxes(&it.bcc),
        "reply_to": boxes(&it.reply_to),
        "subject": it.subject,
        "date": it.date,
        "message_id": it.message_id,
        "text": it.text,
        "html": it.html,
        "reply": it.reply,
        "envelope": {"from": it.envelope.from, "to": it.envelope.to},
        "attachments": Value::from_iter(it.attachments.iter().map(attachment)),
        "spam": Value::Null,
        "spf": it.authentication.spf,
        "dkim": it.authentication.dkim,
        "dmarc": it.authentication.dmarc,
        "size": it.size,
        "id": it.id,
    });
    if (it.spam_score.is_some() || it.is_spam.is_some())
        && let Some(members) = out.as_object_mut()
    {
        let spam = json!({"score": it.spam_score, "detected": it.is_spam});
        members.insert("spam".into(), spam);
    }
    out
}

fn mailbox(it: &Mailbox) -> Value {
    json!({"name": it.name, "address": it.address})
}

fn attachment(it: &Attachment) -> Value {
    let hash = it
        .content
        .as_ref()
        .map(|content| hex::encode(Sha256::digest(content)));
    json!({
        "name": it.name,
        "content_type": it.content_type,
        "disposition": it.disposition,
        "content_id": it.content_id,
        "size": it.size,
        "sha256": hash,
        "reference": it.reference,
    })
}
