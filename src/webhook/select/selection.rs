//! Selection of deliveries: the conditions of `--events`, `--status`, `--grep` and others, the same for all commands
//! that read recordings.

use jiff::Timestamp;

use crate::error::Result;
use crate::webhook::{Delivery, Glob, Grep, Kind, Receipt, Statuses, Verdict};

/// Conditions that a delivery must meet. A list that is empty, and an option that is none, is met by any delivery.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Event kinds, of which the delivery must have one.
    pub events: Vec<Kind>,
    /// Name of the provider.
    pub provider: Option<&'static str>,
    /// Recipient of one of its events, without regard to case.
    pub recipient: Option<String>,
    /// Message id of one of its events, with or without `<` and `>`.
    pub message_id: Option<String>,
    /// Status of the recorded response.
    pub status: Option<StatusFilter>,
    /// True for deliveries whose recorded response is no 2xx, or that have none.
    pub failed: bool,
    /// Verdicts on the signature, of which the delivery must have one.
    pub verdicts: Vec<Verdict>,
    /// Patterns for the path, of which one must match.
    pub paths: Vec<Glob>,
    /// Text that must be in the delivery.
    pub grep: Option<Grep>,
    /// Earliest time of recording, inclusive.
    pub since: Option<Timestamp>,
    /// Latest time of recording, exclusive.
    pub until: Option<Timestamp>,
    /// Number of matching deliveries to leave out first.
    pub skip: usize,
    /// Most deliveries to select.
    pub limit: Option<usize>,
    /// Number of matching deliveries at the end to which the selection is confined, before `skip` and `limit`.
    pub last: Option<usize>,
}

/// Statuses of recorded responses (`--status`): `5xx`, `404`, `none`.
#[derive(Clone, Debug)]
pub struct StatusFilter {
    statuses: Option<Statuses>,
    none: bool,
}

impl StatusFilter {
    /// Parses `5xx`, `404,409`, `none`.
    pub fn parse(given: &str) -> Result<StatusFilter> {
        let (none, some): (Vec<&str>, Vec<&str>) = given
            .split(',')
            .map(str::trim)
            .partition(|part| part.eq_ignore_ascii_case("none"));
        let statuses = match (some.as_slice(), none.is_empty()) {
            ([], false) => None,
            _ => Some(Statuses::parse(&some.join(","))?),
        };
        Ok(StatusFilter {
            statuses,
            none: !none.is_empty(),
        })
    }

    /// True if the filter includes this status; none is that of a delivery without a response.
    pub fn accepts(&self, status: Option<u16>) -> bool {
        match status {
            None => self.none,
            Some(status) => self.statuses.as_ref().is_some_and(|it| it.accept(status)),
        }
    }

    fn said(&self) -> String {
        let statuses = self.statuses.as_ref().map(|it| it.as_typed());
        let parts = statuses.into_iter().chain(self.none.then_some("none"));
        parts.collect::<Vec<_>>().join(",")
    }
}

impl Selection {
    /// True if the events of a delivery must be read to know if it is selected.
    pub fn reads_events(&self) -> bool {
        self.reads_events_at(None)
    }

    /// Like [`reads_events`](Self::reads_events), for a delivery that was recorded at this time.
    pub fn reads_events_at(&self, at: Option<Timestamp>) -> bool {
        !self.events.is_empty()
            || self.provider.is_some()
            || self.recipient.is_some()
            || self.message_id.is_some()
            || self.reads_verdict()
            // A delivery without a time of recording has that of its event.
            || (at.is_none() && (self.since.is_some() || self.until.is_some()))
    }

    /// False if a delivery that was recorded at this time does not meet the conditions on it.
    pub fn may_want_time(&self, at: Option<Timestamp>) -> bool {
        at.is_none_or(|at| {
            self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
        })
    }

    /// True if the signature must be verified to know if it is selected.
    pub fn reads_verdict(&self) -> bool {
        !self.verdicts.is_empty()
    }

    /// True if the recorded response must be known to know if it is selected.
    pub fn reads_answer(&self) -> bool {
        self.status.is_some() || self.failed
    }

    /// True if there is any condition, `skip`, `limit` and `last` not considered.
    pub fn has_conditions(&self) -> bool {
        self.reads_events() || self.reads_answer() || !self.paths.is_empty() || self.grep.is_some()
    }

    /// True if the number of earlier or later matches decides if a delivery is selected.
    pub fn counts(&self) -> bool {
        self.skip > 0 || self.limit.is_some() || self.last.is_some()
    }

    /// True if the request meets the conditions on path and text.
    pub fn wants_request(&self, delivery: &Delivery) -> bool {
        let path = delivery.path.path();
        (self.paths.is_empty() || self.paths.iter().any(|glob| glob.matches(path)))
            && self.grep.as_ref().is_none_or(|grep| grep.finds(delivery))
    }

    /// True if a delivery with this receipt and this time of recording meets the conditions on both.
    pub fn wants_receipt(&self, receipt: &Receipt, at: Option<Timestamp>) -> bool {
        let any =
            |wanted: &dyn Fn(&crate::webhook::Event) -> bool| receipt.events.iter().any(wanted);
        // A delivery without a time of recording has the time of its event.
        let at = at.or_else(|| receipt.events.iter().find_map(|event| event.at));
        (self.events.is_empty() || any(&|event| self.events.contains(&event.kind)))
            && (self.provider.is_none() || self.provider == receipt.provider)
            && self.recipient.as_deref().is_none_or(|wanted| {
                any(&|event| {
                    let recipient = event.recipient.as_deref();
                    recipient.is_some_and(|it| it.eq_ignore_ascii_case(wanted))
                })
            })
            && self.message_id.as_deref().is_none_or(|wanted| {
                any(&|event| {
                    let id = event.message_id.as_deref();
                    id.is_some_and(|id| bare(id) == bare(wanted))
                })
            })
            && (self.verdicts.is_empty() || self.verdicts.contains(&receipt.signature.verdict))
            && self
                .since
                .is_none_or(|since| at.is_some_and(|at| at >= since))
            && self
                .until
                .is_none_or(|until| at.is_some_and(|at| at < until))
    }

    /// True if the recorded responses of a delivery meet the conditions on them: the status of the last one, if there is
    /// any, and whether a target rejected it in the end.
    pub fn wants_answer(&self, status: Option<u16>, has_failed: bool) -> bool {
        (!self.failed || has_failed)
            && self
                .status
                .as_ref()
                .is_none_or(|wanted| wanted.accepts(status))
    }

    /// True if the delivery that is met by so many others before it is within `skip` and `limit`.
    pub fn admits(&self, before: usize) -> bool {
        let place = before.checked_sub(self.skip);
        place.is_some_and(|place| self.limit.is_none_or(|limit| place < limit))
    }

    /// True if nothing is selected after so many matches.
    pub fn is_full(&self, matched: usize) -> bool {
        self.limit
            .is_some_and(|limit| matched >= self.skip.saturating_add(limit))
    }

    /// Message for a run that read so many deliveries, and selected none.
    pub fn none_of(&self, read: u64) -> String {
        match read {
            1 => "1 delivery read, and it does not match".into(),
            read => format!("{read} deliveries read, and none matches"),
        }
    }

    /// Returns the selection as text for the resume journal; different selections have different texts.
    pub fn said(&self) -> String {
        let mut said = Vec::new();
        if !self.events.is_empty() {
            let kinds: Vec<&str> = self.events.iter().map(|kind| kind.name()).collect();
            said.push(format!("events {}", kinds.join(",")));
        }
        said.extend(self.provider.map(|name| format!("provider {name}")));
        let recipient = self.recipient.as_ref();
        said.extend(recipient.map(|recipient| format!("recipient {recipient}")));
        let id = self.message_id.as_ref();
        said.extend(id.map(|id| format!("message id {id}")));
        let status = self.status.as_ref();
        said.extend(status.map(|status| format!("status {}", status.said())));
        said.extend(self.failed.then(|| "failed".to_owned()));
        if !self.verdicts.is_empty() {
            let verdicts: Vec<&str> = self.verdicts.iter().map(|it| it.name()).collect();
            said.push(format!("verdict {}", verdicts.join(",")));
        }
        said.extend(self.paths.iter().map(|path| format!("path {path}")));
        let grep = self.grep.as_ref();
        said.extend(grep.map(|grep| format!("text {}", grep.text())));
        said.extend(self.since.map(|since| format!("since {since}")));
        said.extend(self.until.map(|until| format!("until {until}")));
        if self.skip > 0 {
            said.push(format!("skip {}", self.skip));
        }
        said.extend(self.limit.map(|limit| format!("limit {limit}")));
        said.extend(self.last.map(|last| format!("last {last}")));
        if said.is_empty() {
            "all of them".into()
        } else {
            said.join(", ")
        }
    }
}

/// Message id without the angle brackets of RFC 5322.
pub fn bare(id: &str) -> &str {
    id.strip_prefix('<')
        .and_then(|id| id.strip_suffix('>'))
        .unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::{Selection, StatusFilter};
    use crate::webhook::{Delivery, Event, Glob, Grep, Kind, Receipt, Verdict};

    #[test]
    fn a_span_of_time_has_its_beginning_and_not_its_end() {
        let at = |time: &str| Some(time.parse().unwrap());
        let choice = Selection {
            since: at("2026-01-02T00:00:00Z"),
            until: at("2026-01-03T00:00:00Z"),
            ..Selection::default()
        };
        let wants = |time| choice.wants_receipt(&Receipt::default(), time);
        assert!(wants(at("2026-01-02T00:00:00Z")) && wants(at("2026-01-02T23:59:59Z")));
        assert!(
            !wants(at("2026-01-03T00:00:00Z"))
                && !wants(at("2026-01-01T23:59:59Z"))
                && !wants(None)
        );
    }

    #[test]
    fn a_status_is_a_class_a_code_or_none_and_failed_is_all_but_2xx() {
        for (given, accepted, refused) in [
            ("5xx", vec![Some(500), Some(599)], vec![Some(404), None]),
            ("404", vec![Some(404)], vec![Some(405), None]),
            ("none", vec![None], vec![Some(200), Some(500)]),
            ("none,4xx", vec![None, Some(404)], vec![Some(500)]),
            ("500-502,NONE", vec![None, Some(501)], vec![Some(503)]),
        ] {
            let filter = StatusFilter::parse(given).unwrap();
            assert!(accepted.iter().all(|it| filter.accepts(*it)), "{given}");
            assert!(!refused.iter().any(|it| filter.accepts(*it)), "{given}");
        }
        for odd in ["", "nothing", "none,", "6xx"] {
            assert!(StatusFilter::parse(odd).is_err(), "{odd}");
        }
        let failed = Selection {
            failed: true,
            ..Selection::default()
        };
        assert!(failed.wants_answer(Some(200), true) && !failed.wants_answer(Some(500), false));
    }

    #[test]
    fn every_condition_must_be_met() {
        let event = Event {
            recipient: Some("Ada@example.com".into()),
            message_id: Some("<m1@x>".into()),
            kind: Kind::Bounce,
            native: "bounced".into(),
            at: None,
            url: None,
            bounce: None,
            reason: None,
        };
        let receipt = Receipt {
            provider: Some("postmark"),
            events: vec![event],
            ..Receipt::default()
        };
        let all = Selection {
            events: vec![Kind::Click, Kind::Bounce],
            provider: Some("postmark"),
            recipient: Some("ada@example.com".into()),
            message_id: Some("m1@x".into()),
            verdicts: vec![Verdict::Unsigned],
            ..Selection::default()
        };
        assert!(all.wants_receipt(&receipt, None));
        type Change = fn(&mut Selection);
        let changes: [Change; 5] = [
            |it| it.events = vec![Kind::Click],
            |it| it.provider = Some("resend"),
            |it| it.recipient = Some("bob@example.com".into()),
            |it| it.message_id = Some("m2@x".into()),
            |it| it.verdicts = vec![Verdict::Verified],
        ];
        let mut said = vec![all.said(), Selection::default().said()];
        for change in changes {
            let mut other = all.clone();
            change(&mut other);
            assert!(!other.wants_receipt(&receipt, None), "{}", other.said());
            said.push(other.said());
        }
        let count = said.len();
        said.sort();
        said.dedup();
        assert_eq!(said.len(), count, "{said:?}");
        let delivery = Delivery {
            method: http::Method::POST,
            path: "/hooks/email?a=1".parse().unwrap(),
            headers: Default::default(),
            body: "{}".into(),
        };
        let request = |path: &str, text: &str| {
            let selection = Selection {
                paths: vec![Glob::new("/no"), Glob::new(path)],
                grep: Some(Grep::new(text)),
                ..Selection::default()
            };
            selection.wants_request(&delivery)
        };
        assert!(request("/hooks/*", "a=1"));
        assert!(!request("/hooks", "a=1") && !request("/hooks/*", "a=2"));
    }

    #[test]
    fn skip_and_limit_are_a_window_of_what_matches() {
        let selection = Selection {
            skip: 2,
            limit: Some(3),
            ..Selection::default()
        };
        let admitted: Vec<usize> = (0..10).filter(|it| selection.admits(*it)).collect();
        assert_eq!(admitted, [2, 3, 4]);
        assert!(selection.is_full(5) && !selection.is_full(4));
        assert!(Selection::default().admits(9) && !Selection::default().is_full(9));
    }
}
