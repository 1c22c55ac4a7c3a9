//! `GET /api/v1/stats`: deliveries by time: kinds, verdicts, statuses, durations.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::inspector::Inspector;
use crate::inspector::http::parameters::Parameters;
use crate::inspector::http::problem::Problem;
use crate::inspector::http::response::{blocking, json_response};
use crate::inspector::search::scan::Wish;
use crate::inspector::store::stats::Bucket;
use crate::webhook::TimestampFormat;

/// Most buckets; the latest are given, and deliveries before them are counted as left out.
const MOST: usize = 1000;

/// `GET /api/v1/stats?by=second|minute|hour`
pub async fn stats(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (parameters, filter) = Parameters::with_filter(query.as_deref(), &["by"])?;
    let by = parameters
        .word("by", &["second", "minute", "hour"])?
        .unwrap_or("minute");
    let seconds = match by {
        "second" => 1,
        "minute" => 60,
        _ => 3600,
    };
    blocking(move || {
        let mut buckets: BTreeMap<i64, Bucket> = BTreeMap::new();
        let mut all = Bucket::default();
        let mut left_out = 0u64;
        let scanned = inspector.search().run(&filter, None, |_, entry| {
            let start = entry.at.div_euclid(seconds * 1_000_000) * seconds;
            all.add(entry);
            // The latest come first, mostly.
            if buckets.len() < MOST || buckets.contains_key(&start) {
                buckets.entry(start).or_default().add(entry);
            } else {
                left_out += 1;
            }
            Wish::More
        });
        let items: Vec<Value> = buckets
            .into_iter()
            .map(|(start, bucket)| {
                let at = Timestamp::from_second(start).unwrap_or_default();
                let mut value = bucket.to_json();
                if let Some(members) = value.as_object_mut() {
                    let at = TimestampFormat::Rfc3339(0).write(at);
                    members.insert("at".into(), at.into());
                }
                value
            })
            .collect();
        Ok(json_response(&json!({
            "by": by, "buckets": items, "left_out": left_out, "all": all.to_json(),
            "matched": scanned.matched, "complete": scanned.complete,
        })))
    })
    .await
}
