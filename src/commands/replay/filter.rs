//! Which of the deliveries are sent.

use jiff::Timestamp;

use crate::providers::Provider;
use crate::webhook::{Kind, Receipt};

/// Which deliveries are sent.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those with one of these kinds; all if there is none.
    pub events: Vec<Kind>,
    /// Those of this provider.
    pub provider: Option<&'static Provider>,
    /// Those about this address.
    pub recipient: Option<String>,
    /// Those recorded then or later.
    pub since: Option<Timestamp>,
    /// Those recorded before.
    pub until: Option<Timestamp>,
    /// How many are passed over.
    pub skip: usize,
    /// How many are sent at most.
    pub limit: Option<usize>,
}

impl Filter {
    /// Whether one must be read to know whether it is wanted.
    pub fn must_read(&self) -> bool {
        !self.events.is_empty()
            || self.provider.is_some()
            || self.recipient.is_some()
            || self.since.is_some()
            || self.until.is_some()
    }

    /// Whether the numbers of those that were wanted before matter.
    pub fn counts(&self) -> bool {
        self.skip > 0 || self.limit.is_some()
    }

    /// Whether one that was recorded then, and of which that was made, is wanted.
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
        // What was not recorded but written has the time of what it tells.
        let at = at.or_else(|| receipt.events.iter().find_map(|event| event.at));
        let since = self
            .since
            .is_none_or(|since| at.is_some_and(|at| at >= since));
        let until = self
            .until
            .is_none_or(|until| at.is_some_and(|at| at < until));
        kind && provider && recipient && since && until
    }

    /// The same choice as a text that differs if the choice does.
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
