//! URL verification codes: a provider sends one before it trusts a URL and expects it back in the response.

use crate::providers::provider::Provider;
use crate::providers::registry;
use crate::webhook::{Delivery, Document, Expectation, Kind, Matcher, Receipt, Statuses};

/// Verification code received in a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenged {
    /// JSON member of the response that repeats the code; none if the code is the whole body.
    pub member: Option<&'static str>,
    /// The code itself.
    pub code: String,
}

impl Challenged {
    /// Extracts the code from a delivery of this provider; none if the delivery is no such check.
    pub fn of(provider: &Provider, delivery: &Delivery) -> Option<Challenged> {
        let challenge = provider.conduct.challenge()?;
        let row = provider
            .events
            .iter()
            .find(|row| row.native == challenge.event)?;
        let document = Document::of(delivery).ok()?;
        let event = document
            .values()
            .map_or(Some(&document), <[Document]>::first)?;
        if !Matcher::at(event).bears(row.marks) {
            return None;
        }
        let code = event.text(challenge.code).filter(|code| !code.is_empty())?;
        Some(Challenged {
            member: challenge.answer,
            code: code.into_owned(),
        })
    }

    /// Like [`of`](Self::of), for a delivery that has been read into a receipt; the receipt rules most deliveries out
    /// cheaply.
    pub fn read(receipt: &Receipt, delivery: &Delivery) -> Option<Challenged> {
        // Nearly every delivery is about a message, and is not parsed again.
        let first = receipt.events.first()?;
        if first.kind != Kind::Other {
            return None;
        }
        Self::of(registry::find(receipt.provider?)?, delivery)
    }

    /// Content type and body of the response that repeats the code.
    pub fn answer(&self) -> (&'static str, String) {
        match self.member {
            Some(member) => (
                "application/json",
                serde_json::json!({member: self.code}).to_string(),
            ),
            None => ("text/plain; charset=utf-8", self.code.clone()),
        }
    }

    /// Expected response: status 200 and, where a member is named, the code in that member.
    pub fn expected(self) -> Expectation {
        Expectation {
            status: Statuses::of(&[200]),
            within: None,
            contains: None,
            member: self.member.map(|member| (member, self.code)),
        }
    }
}
