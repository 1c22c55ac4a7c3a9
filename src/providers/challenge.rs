//! The code that a provider sends before it trusts a URL, and wants back in the answer.

use super::form::Provider;
use crate::webhook::{Delivery, Document, Expectation, Kind, Look, Receipt, Statuses};

/// A code that must come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenged {
    /// The member of the answer that gives it back.
    pub member: &'static str,
    /// The code itself.
    pub code: String,
}

impl Challenged {
    /// The code that a delivery of this provider asks to be sent back; none if it does not ask.
    pub fn of(provider: &Provider, delivery: &Delivery) -> Option<Challenged> {
        let challenge = provider.conduct.challenge()?;
        let row = provider
            .rows
            .iter()
            .find(|row| row.native == challenge.event)?;
        let document = Document::of(delivery).ok()?;
        let event = document
            .values()
            .map_or(Some(&document), <[Document]>::first)?;
        if !Look::at(event).bears(row.marks) {
            return None;
        }
        let code = event.text(challenge.code).filter(|code| !code.is_empty())?;
        Some(Challenged {
            member: challenge.answer,
            code: code.into_owned(),
        })
    }

    /// The same of a delivery that was read already.
    pub fn read(receipt: &Receipt, delivery: &Delivery) -> Option<Challenged> {
        // Nearly every delivery tells of a message, and is not looked at again.
        let first = receipt.events.first()?;
        if first.kind != Kind::Other {
            return None;
        }
        Self::of(super::find(receipt.provider?)?, delivery)
    }

    /// The body that answers it.
    pub fn answer(&self) -> String {
        serde_json::json!({self.member: self.code}).to_string()
    }

    /// What an answer must be: nothing but a 200 that gives the code back.
    pub fn expected(self) -> Expectation {
        Expectation {
            status: Statuses::of(&[200]),
            within: None,
            contains: None,
            member: Some((self.member, self.code)),
        }
    }
}
