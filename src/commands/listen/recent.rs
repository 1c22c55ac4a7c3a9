//! Deliveries kept in memory (`--keep`), for the keys of the terminal.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::commands::forward::forward_result::ToForward;
use crate::io::recorder::RecordedAt;
use crate::webhook::{Delivery, Receipt};

/// Most bytes of bodies that are kept.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// Latest deliveries, bounded in number and in size.
#[derive(Debug)]
pub(crate) struct RecentDeliveries {
    /// Most deliveries that are kept.
    most: usize,
    kept: Mutex<RecentState>,
}

#[derive(Debug, Default)]
struct RecentState {
    deliveries: VecDeque<Arc<KeptDelivery>>,
    /// Bytes of their bodies.
    bytes: usize,
}

/// Delivery that was received, with what was read from it.
#[derive(Debug)]
pub(crate) struct KeptDelivery {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) delivery: Delivery,
    pub(crate) receipt: Receipt,
    pub(crate) recorded: Option<RecordedAt>,
    /// Times that it was sent to the handler.
    pub(crate) attempts: AtomicU32,
}

impl RecentDeliveries {
    /// Keeps so many deliveries at most; none if that is 0.
    pub(crate) fn new(most: usize) -> Option<Self> {
        (most > 0).then(|| Self {
            most,
            kept: Mutex::default(),
        })
    }

    /// Adds a delivery, whose body is shared and not copied. The oldest are dropped.
    pub(crate) fn add(&self, mut delivery: KeptDelivery) {
        // Texts and files of a mail would take as much memory as the body, which is counted once.
        delivery.receipt.mails = Vec::new();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += delivery.delivery.body.len();
        kept.deliveries.push_back(Arc::new(delivery));
        while (kept.deliveries.len() > self.most || kept.bytes > MOST_BYTES)
            && let Some(oldest) = kept.deliveries.pop_front()
        {
            kept.bytes -= oldest.delivery.body.len();
        }
    }

    /// Returns the latest delivery.
    pub(crate) fn last(&self) -> Option<Arc<KeptDelivery>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.deliveries.back().cloned()
    }
}

impl KeptDelivery {
    /// Returns the delivery for the forwarder.
    pub(crate) fn to_forward(&self) -> ToForward<'_> {
        ToForward {
            id: &self.id,
            at: self.at,
            delivery: &self.delivery,
            file: self.recorded.as_ref().map(|recorded| &recorded.file),
        }
    }

    /// Counts an attempt to send it to the handler, and returns its number.
    pub(crate) fn next_attempt(&self) -> u32 {
        self.attempts.fetch_add(1, Relaxed) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::{KeptDelivery, MOST_BYTES, RecentDeliveries};
    use crate::webhook::{Delivery, Headers, Receipt};
    use bytes::Bytes;
    use jiff::Timestamp;

    fn delivery(id: usize, body: Bytes) -> KeptDelivery {
        KeptDelivery {
            id: id.to_string(),
            at: Timestamp::UNIX_EPOCH,
            delivery: Delivery {
                method: http::Method::POST,
                path: "/".parse().unwrap(),
                headers: Headers::new(),
                body,
            },
            receipt: Receipt::default(),
            recorded: None,
            attempts: Default::default(),
        }
    }

    fn ids(recent: &RecentDeliveries) -> Vec<String> {
        let kept = recent.kept.lock().unwrap();
        kept.deliveries.iter().map(|it| it.id.clone()).collect()
    }

    #[test]
    fn the_latest_are_kept_up_to_their_number_and_the_bytes_of_their_bodies() {
        let recent = RecentDeliveries::new(3).unwrap();
        assert!(recent.last().is_none());
        (0..5).for_each(|id| recent.add(delivery(id, Bytes::new())));
        assert_eq!(ids(&recent), ["2", "3", "4"]);
        assert_eq!(recent.last().unwrap().id, "4");

        let half = Bytes::from(vec![0; MOST_BYTES / 2]);
        recent.add(delivery(5, half.clone()));
        recent.add(delivery(6, half.clone()));
        assert_eq!(ids(&recent), ["4", "5", "6"]);
        recent.add(delivery(7, half));
        assert_eq!(ids(&recent), ["6", "7"]);
        recent.add(delivery(8, vec![0; MOST_BYTES + 1].into()));
        assert!(recent.last().is_none(), "one that is too large is not kept");
        assert_eq!(recent.kept.lock().unwrap().bytes, 0);
        assert!(RecentDeliveries::new(0).is_none());
    }

    #[test]
    fn a_body_is_shared_and_not_copied() {
        let recent = RecentDeliveries::new(2).unwrap();
        let body = Bytes::from(vec![1; 1000]);
        recent.add(delivery(1, body.clone()));
        assert_eq!(recent.last().unwrap().delivery.body.as_ptr(), body.as_ptr());
    }
}
