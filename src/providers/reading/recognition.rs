//! Recognition of the provider that sent a delivery.

use crate::providers::catalog::cloudevents;
use crate::providers::provider::{Provider, Signal};
use crate::providers::reading::leads::{BodyGroup, HeaderGroup, LEADS};
use crate::webhook::{Delivery, Document, Matcher, Recognition};

/// Recognises the provider of a delivery, and the evidence for it. The order: headers of services that only sign, since
/// their bodies may look like anything; then headers that only one provider sends, since bodies may look alike; then
/// bodies, with the formats shared by several services last; then headers shared by several providers.
pub fn recognise(
    delivery: &Delivery,
    document: Option<&Document>,
) -> Option<(&'static Provider, Recognition)> {
    let candidates = LEADS.headers.candidates(&delivery.headers);
    let by_header = |group| LEADS.headers.all(group, delivery, candidates);
    // A delivery in a CloudEvents envelope may carry another service's signature too.
    let mut packed = None;
    for found in by_header(HeaderGroup::Scheme) {
        if !found.0.test_secret.is_empty() {
            return Some(found);
        }
        packed = packed.or(Some(found));
    }
    // In such an envelope, only a body signal that asks for the envelope itself takes precedence.
    if let Some(found) = packed {
        let unpacked = cloudevents::unpacked(delivery, document);
        let event = unpacked.as_ref().or(document);
        let inside = event.and_then(|event| LEADS.bodies.first_packed(&Matcher::at(event)));
        return Some(inside.unwrap_or(found));
    }
    if let Some(found) = by_header(HeaderGroup::Own).next() {
        return Some(found);
    }
    let found = document.and_then(|document| {
        let (leads, matcher) = (&LEADS.bodies, Matcher::at(document));
        let candidates = leads.candidates(&matcher);
        leads
            .first(BodyGroup::Own, &matcher, candidates)
            .or_else(|| by_other_shape(document, &matcher))
            .or_else(|| leads.first(BodyGroup::General, &matcher, candidates))
            .or_else(|| by_later_elements(document))
    });
    found.or_else(|| by_header(HeaderGroup::Shared).next())
}

/// Provider of an event that stands alone where a list is usual, or in a list where it is not.
fn by_other_shape(
    document: &Document,
    matcher: &Matcher,
) -> Option<(&'static Provider, Recognition)> {
    match document.values() {
        Some(values) => {
            let matcher = Matcher::at(values.first()?);
            let candidates = LEADS.bodies.candidates(&matcher);
            LEADS.bodies.first(BodyGroup::Own, &matcher, candidates)
        }
        None => LEADS.bodies.first_of_list(&matcher.in_list()),
    }
}

/// Leading elements of a batch that may be unrecognised.
const ODD_ELEMENTS: usize = 8;

/// Provider of a batch whose first elements match nothing, such as an account event or a text message among email
/// events.
fn by_later_elements(document: &Document) -> Option<(&'static Provider, Recognition)> {
    (1..=ODD_ELEMENTS).find_map(|skipped| {
        let document = document.without_first(skipped)?;
        let (leads, matcher) = (&LEADS.bodies, Matcher::at(&document));
        let candidates = leads.candidates(&matcher);
        let own = leads.first(BodyGroup::Own, &matcher, candidates);
        own.or_else(|| leads.first(BodyGroup::General, &matcher, candidates))
    })
}

impl Provider {
    /// True if a body alone identifies this provider.
    pub fn claims_body(&self, document: &Document) -> bool {
        let look = Matcher::at(document);
        self.signals
            .iter()
            .any(|tell| matches!(tell, Signal::Body(marks) if look.bears(marks)))
    }
}

impl Signal {
    /// Matches the signal against the headers of a delivery; a body signal never matches here.
    pub fn bears(&self, delivery: &Delivery) -> Option<Recognition> {
        match self {
            Signal::Header(name) | Signal::SharedHeader(name) => {
                let there = delivery.headers.get(name).is_some();
                there.then_some(Recognition::Header(name))
            }
            Signal::ContentType(wanted) => {
                let kind = delivery.headers.text("content-type")?.trim_start();
                let begins = kind
                    .get(..wanted.len())
                    .is_some_and(|kind| kind.eq_ignore_ascii_case(wanted));
                begins.then_some(Recognition::ContentType(wanted))
            }
            Signal::Body(_) => None,
        }
    }
}
