//! Counters of the deliveries of a time span.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use crate::inspector::store::entry::Entry;

/// Counters.
#[derive(Debug, Default)]
pub struct Bucket {
    count: u64,
    kinds: BTreeMap<&'static str, u64>,
    verdicts: BTreeMap<&'static str, u64>,
    statuses: BTreeMap<u16, u64>,
    without_status: u64,
    micros: Option<Histogram<u32>>,
}

impl Bucket {
    /// Counts a delivery.
    pub fn add(&mut self, entry: &Entry) {
        self.count += 1;
        for kind in entry.kinds.iter() {
            *self.kinds.entry(kind.name()).or_default() += 1;
        }
        let verdict = entry.verdict.map_or("not judged", |it| it.name());
        *self.verdicts.entry(verdict).or_default() += 1;
        match entry.status() {
            Some(status) => *self.statuses.entry(status).or_default() += 1,
            None => self.without_status += 1,
        }
        // Two digits are enough for a chart, and small.
        let micros = self.micros.get_or_insert_with(|| {
            Histogram::new_with_bounds(1, u64::from(u32::MAX), 2)
                .unwrap_or_else(|_| unreachable!("valid bounds"))
        });
        micros.saturating_record(entry.micros.max(1).into());
    }

    /// Counters as JSON.
    pub fn to_json(&self) -> Value {
        let statuses: Map<String, Value> = self
            .statuses
            .iter()
            .map(|(status, count)| (status.to_string(), json!(count)))
            .chain(
                (self.without_status > 0).then(|| ("none".to_owned(), json!(self.without_status))),
            )
            .collect();
        let micros = self.micros.as_ref();
        let quantile = |of: f64| micros.map_or(0, |it| it.value_at_quantile(of));
        json!({
            "count": self.count, "kinds": self.kinds, "verdicts": self.verdicts, "statuses": statuses,
            "micros": {"p50": quantile(0.5), "p90": quantile(0.9), "p99": quantile(0.99)},
        })
    }
}
