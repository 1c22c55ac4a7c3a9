//! What says that a delivery is the same as one before: a provider's retry, or a duplicate.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::providers::provider::Provider;
use crate::webhook::{Delivery, Document, Event};

/// The identity of a delivery by the id that its provider gives to all of it; none if there is no such id.
pub(super) fn of_delivery(
    provider: &Provider,
    delivery: &Delivery,
    document: Option<&Document>,
) -> Option<u64> {
    let of_schemes = provider
        .schemes
        .iter()
        .filter_map(|scheme| scheme.id.as_ref());
    let id = of_schemes
        .chain(provider.ids)
        .find_map(|location| location.read(delivery, document).ok().flatten())?;
    let mut hasher = hasher(provider);
    id.hash(&mut hasher);
    (!id.is_empty()).then(|| hasher.finish())
}

/// The identity of a delivery by what its first event tells of itself; none if that says too little. `found` is that
/// event as it stands.
///
/// An event is known by all of this together, for an id alone may be the message's, which its opens and clicks share.
/// The time of the attempt and the signature are in none of it: they are new when a delivery comes again.
pub(super) fn of_event(provider: &Provider, event: &Event, found: &Document) -> Option<u64> {
    let unique = found.first(provider.fields.unique);
    if unique.is_none() && event.message_id.is_none() && event.at.is_none() {
        return None;
    }
    let mut hasher = hasher(provider);
    unique.hash(&mut hasher);
    event.native.hash(&mut hasher);
    event.recipient.hash(&mut hasher);
    event.message_id.hash(&mut hasher);
    event.at.hash(&mut hasher);
    event.url.hash(&mut hasher);
    Some(hasher.finish())
}

/// The same bytes give the same number in every run; what it is used for needs no secret key.
fn hasher(provider: &Provider) -> DefaultHasher {
    let mut hasher = DefaultHasher::new();
    provider.name.hash(&mut hasher);
    hasher
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderName, HeaderValue, Method};

    use crate::providers::{ALL, find, outline};
    use crate::webhook::{Delivery, Fixture, Headers};

    fn examples() -> impl Iterator<Item = (&'static str, Delivery)> {
        // Where the batch has an id, all examples have the same.
        let named_by_events = ALL.iter().filter(|provider| provider.ids.is_empty());
        named_by_events.flat_map(|provider| {
            let events = provider.events.iter().filter(|row| !row.example.is_empty());
            events.map(|row| {
                (
                    provider.name,
                    Fixture::read(row.example.as_bytes()).unwrap().delivery,
                )
            })
        })
    }

    #[test]
    fn the_same_event_is_known_again_and_no_two_kinds_are_taken_for_one() {
        let mut seen = std::collections::HashMap::new();
        for (name, delivery) in examples() {
            let receipt = outline(&delivery, find(name));
            let Some(identity) = receipt.identity else {
                continue;
            };
            assert_eq!(outline(&delivery, find(name)).identity, Some(identity));
            // Some examples tell the same event in two shapes, so only the provider's word for it is compared.
            let told = (name, receipt.events[0].native.clone());
            let before = seen.entry(identity).or_insert_with(|| told.clone());
            assert_eq!(*before, told);
        }
        assert!(seen.len() > 100, "{}", seen.len());
    }

    #[test]
    fn an_id_of_the_delivery_counts_whatever_its_body_and_signature() {
        let delivery = |id: &'static str, signature: &'static str, body: &'static str| Delivery {
            method: Method::POST,
            path: "/".parse().unwrap(),
            headers: [
                ("webhook-id", id),
                ("webhook-timestamp", "1"),
                ("webhook-signature", signature),
            ]
            .into_iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect::<Headers>(),
            body: Bytes::from_static(body.as_bytes()),
        };
        let identity = |delivery: Delivery| outline(&delivery, find("standard-webhooks")).identity;
        let first = identity(delivery("msg_1", "v1,a", "{}"));
        assert!(first.is_some());
        assert_eq!(first, identity(delivery("msg_1", "v1,b", "{\"n\":2}")));
        assert_ne!(first, identity(delivery("msg_2", "v1,a", "{}")));
    }
}
