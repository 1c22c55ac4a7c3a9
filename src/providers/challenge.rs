//! The code that a provider sends before it trusts a URL, and wants back in the answer.

use crate::providers::provider::Provider;
use crate::webhook::{Delivery, Document, Expectation, Kind, Matcher, Receipt, Statuses};

/// A code that must come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenged {
    /// The member of a JSON response that gives it back; the code is the whole response where there is none.
    pub member: Option<&'static str>,
    /// The code itself.
    pub code: String,
}

impl Challenged {
    /// The code that a delivery of this provider asks to be sent back; none if it does not ask.
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

    /// The same of a delivery that was read already.
    pub fn read(receipt: &Receipt, delivery: &Delivery) -> Option<Challenged> {
        // Nearly every delivery tells of a message, and is not looked at again.
        let first = receipt.events.first()?;
        if first.kind != Kind::Other {
            return None;
        }
        Self::of(crate::providers::find(receipt.provider?)?, delivery)
    }

    /// The content type and the body of the response that gives it back.
    pub fn answer(&self) -> (&'static str, String) {
        match self.member {
            Some(member) => (
                "application/json",
                serde_json::json!({member: self.code}).to_string(),
            ),
            None => ("text/plain; charset=utf-8", self.code.clone()),
        }
    }

    /// The response that is expected: nothing but 200, and the code where it must come back.
    pub fn expected(self) -> Expectation {
        Expectation {
            status: Statuses::of(&[200]),
            within: None,
            contains: None,
            member: self.member.map(|member| (member, self.code)),
        }
    }
}
