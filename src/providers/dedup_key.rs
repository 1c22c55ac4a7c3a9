//! Deduplication keys: hashes by which a retry or a duplicate is matched with an earlier delivery.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::{FixedState, FoldHasher};

use crate::providers::provider::Provider;
use crate::webhook::{Delivery, Document, Event};

/// Key from the id that the provider gives to the whole delivery (a header or a body field); none without such an id.
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

/// Key from the fields of the first event; none if it has neither a unique id, a message id nor a time. `found` is that
/// event as parsed.
///
/// All of these fields are hashed together, because a message id alone is shared by the opens and clicks of the
/// message. The time of the attempt and the signature are left out: they change with each retry.
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

/// A hasher with fixed keys: equal input gives an equal number in every run. No attacker gains from a collision, so no
/// secret key is needed.
fn hasher(provider: &Provider) -> FoldHasher<'static> {
    let mut hasher = FixedState::with_seed(0).build_hasher();
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
            // Some examples are the same event in two formats, so only the provider's word for it is compared.
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
