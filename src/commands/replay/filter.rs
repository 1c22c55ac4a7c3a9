//! Filter of `replay`: `--events`, `--provider`, `--recipient`, `--since`, `--until`, `--skip`, `--limit`.

use jiff::Timestamp;

use crate::providers::Provider;
use crate::webhook::{Kind, Receipt};

/// Conditions that a delivery must meet to be sent.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Event kinds, of which the delivery must have one; empty for any.
    pub events: Vec<Kind>,
    /// Provider of the delivery.
    pub provider: Option<&'static Provider>,
    /// Recipient of one of its events, without regard to case.
    pub recipient: Option<String>,
    /// Earliest time of recording, inclusive.
    pub since: Option<Timestamp>,
    /// Latest time of recording, exclusive.
    pub until: Option<Timestamp>,
    /// Number of matching deliveries to skip first.
    pub skip: usize,
    /// Most deliveries to send.
    pub limit: Option<usize>,
}

impl Filter {
    /// True if a delivery must be parsed to know whether it matches.
    pub fn must_read(&self) -> bool {
        !self.events.is_empty()
            || self.provider.is_some()
            || self.recipient.is_some()
            || self.since.is_some()
            || self.until.is_some()
    }

    /// True if the number of earlier matches decides whether a delivery is sent.
    pub fn counts(&self) -> bool {
        self.skip > 0 || self.limit.is_some()
    }

    /// True if a delivery with this receipt and this time of recording matches; `skip` and `limit` are not considered.
    pub fn wants(&self, receipt: &Receipt, at: Option<Timestamp>) -> bool {
        let kind = self.events.is_empty()
            || receipt
                .events
                .iter()
                .any(|event| self.events.contains(&event.kind));
        let provider = self
            .provider
            .is_none_or(|provider| receipt.provider == Some(provider.name));
        let recipient = self.recipient.as_deref().is_none_or(|wanted| {
            receipt.events.iter().any(|event| {
                event
                    .recipient
                    .as_deref()
                    .is_some_and(|it| it.eq_ignore_ascii_case(wanted))
            })
        });
        // A delivery without a time of recording has the time of its event.
        let at = at.or_else(|| receipt.events.iter().find_map(|event| event.at));
        let since = self
            .since
            .is_none_or(|since| at.is_some_and(|at| at >= since));
        let until = self
            .until
            .is_none_or(|until| at.is_some_and(|at| at < until));
        kind && provider && recipient && since && until
    }

    /// Returns the filter as text for the resume journal; different filters have different texts.
    pub fn said(&self) -> String {
        let mut said = Vec::new();
        if !self.events.is_empty() {
            let kinds: Vec<&str> = self.events.iter().map(|kind| kind.name()).collect();
            said.push(format!("events {}", kinds.join(",")));
        }
        said.extend(
            self.provider
                .map(|provider| format!("provider {}", provider.name)),
        );
        said.extend(
            self.recipient
                .as_ref()
                .map(|recipient| format!("recipient {recipient}")),
        );
        said.extend(self.since.map(|since| format!("since {since}")));
        said.extend(self.until.map(|until| format!("until {until}")));
        if self.skip > 0 {
            said.push(format!("skip {}", self.skip));
        }
        said.extend(self.limit.map(|limit| format!("limit {limit}")));
        if said.is_empty() {
            "all of them".into()
        } else {
            said.join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;
    use crate::webhook::Receipt;

    #[test]
    fn a_span_of_time_has_its_beginning_and_not_its_end() {
        let at = |time: &str| Some(time.parse().unwrap());
        let choice = Filter {
            since: at("2026-01-02T00:00:00Z"),
            until: at("2026-01-03T00:00:00Z"),
            ..Filter::default()
        };
        let wants = |time| choice.wants(&Receipt::default(), time);
        assert!(wants(at("2026-01-02T00:00:00Z")) && wants(at("2026-01-02T23:59:59Z")));
        assert!(
            !wants(at("2026-01-03T00:00:00Z"))
                && !wants(at("2026-01-01T23:59:59Z"))
                && !wants(None)
        );
        assert_ne!(choice.said(), Filter::default().said());
    }
}
