//! Variants with parts of other deliveries.

use crate::providers::diagnose::evidence::Evidence;
use crate::providers::diagnose::variant::{Variant, Variants, schemes};
use crate::webhook::{Delivery, Document, Location, Scheme};

/// Longest body of a neighbouring delivery that is tried, in bytes.
const LONGEST_NEIGHBOUR: usize = 1 << 20;

/// Id, timestamp, signature or combinations of them taken from a delivery near this one.
pub(crate) fn neighbours(case: &Evidence) -> Variants<'_> {
    let near = case.neighbours.iter();
    let near = near.filter(|(_, other)| other.body.len() <= LONGEST_NEIGHBOUR);
    Box::new(near.flat_map(move |(name, other)| {
        schemes(case).flat_map(move |scheme| exchanged(case, scheme, name, other))
    }))
}

fn exchanged(
    case: &Evidence,
    scheme: &'static Scheme,
    name: &str,
    other: &Delivery,
) -> Vec<Variant> {
    let document = Document::of(other).ok();
    let id = scheme.id.map(|location| ("id", location));
    let time = scheme
        .signed_time()
        .map(|(location, _)| ("timestamp", location))
        .filter(|(_, location)| !matches!(location, Location::Own(_)));
    let signature = Some(("signature", scheme.signature));
    let mut variants: Vec<Variant> = Vec::new();
    for parts in [
        vec![id],
        vec![time],
        vec![signature],
        vec![id, time],
        vec![id, signature],
        vec![time, signature],
        vec![id, time, signature],
    ] {
        let parts: Option<Vec<(&str, Location)>> = parts.into_iter().collect();
        let Some(parts) = parts else { continue };
        let mut delivery = case.delivery.clone();
        let taken = parts.iter().all(|(_, location)| {
            let Ok(Some(value)) = location.read(other, document.as_ref()) else {
                return false;
            };
            location.write(&mut delivery, &value).is_ok()
        });
        if taken && delivery != case.delivery {
            let words: Vec<&str> = parts.iter().map(|(word, _)| *word).collect();
            variants.push(Variant {
                how: format!("the {} of {name}", words.join(" and ")),
                delivery: Some(delivery),
                ..Variant::default()
            });
        }
    }
    variants
}
