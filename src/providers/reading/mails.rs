//! Mails in a delivery: each with an event of its own.

use crate::providers::provider::Provider;
use crate::webhook::{Delivery, Document, Event, Kind, Mail, Receipt};

/// Reads the mails of a delivery that has events of inbound mail, and tells of each by an event.
pub(super) fn read_mails(
    provider: &Provider,
    delivery: &Delivery,
    document: &Document,
    receipt: &mut Receipt,
) {
    let mut events = receipt.events.iter();
    let (Some(inbound), Some(first)) = (
        provider.inbound,
        events.find(|event| event.kind == Kind::Inbound).cloned(),
    ) else {
        return;
    };
    let mails = (inbound.read)(delivery, document);
    let told = mails.iter().map(|mail| event_of(mail, &first));
    receipt.events.retain(|event| event.kind != Kind::Inbound);
    receipt.events.extend(told);
    receipt.mails = mails;
}

/// Event of a mail; the native name and the time are those of the delivery.
fn event_of(mail: &Mail, first: &Event) -> Event {
    let to = mail.envelope.to.first().cloned();
    let named = || Some(mail.to.first()?.address.clone());
    Event {
        recipient: to.or_else(named),
        message_id: mail.message_id.clone(),
        ..first.clone()
    }
}
