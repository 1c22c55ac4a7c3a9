//! Deliveries that came since the table was looked at last: they wait here as they are, and become rows when somebody looks.
//! Without a reader, most of them leave before that.

use std::collections::VecDeque;

use crate::inspector::store::packed::Packed;

/// Bounds on what is kept in memory.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most deliveries that are kept in memory (`--keep`).
    pub deliveries: usize,
    /// Most bytes of their bodies.
    pub bytes: usize,
}

/// Deliveries after which those that wait and those in the table are counted together.
const SOME: usize = 64;

/// Deliveries that wait, in the order of arrival.
#[derive(Debug, Default)]
pub struct Inbox {
    /// Those that wait.
    pub waiting: VecDeque<Packed>,
    /// Deliveries that left before they became rows; all that were in the table before them have left too.
    pub dropped: u64,
    /// The latest of them.
    pub last_dropped: Option<Packed>,
    /// Bytes of the bodies that wait.
    bytes: usize,
    /// Deliveries in the table, and the bytes of their bodies.
    pub in_table: (usize, usize),
}

impl Inbox {
    /// Adds a delivery; the oldest leave if there are too many. Returns what is to be freed without the lock, and true if
    /// the table has to be looked at, so that both together hold the bounds.
    pub fn push(&mut self, packed: Packed, bounds: Bounds) -> (Option<Packed>, bool) {
        self.bytes += packed.size();
        self.waiting.push_back(packed);
        let mut freed = None;
        while self.waiting.len() > bounds.deliveries || self.bytes > bounds.bytes {
            let Some(oldest) = self.waiting.pop_front() else {
                break;
            };
            self.bytes -= oldest.size();
            self.dropped += 1;
            freed = self.last_dropped.replace(oldest);
        }
        let (rows, bytes) = self.in_table;
        let is_full = rows > 0
            && (self.waiting.len().is_multiple_of(SOME)
                && rows + self.waiting.len() > bounds.deliveries
                || self.bytes + bytes > bounds.bytes);
        (freed, is_full)
    }

    /// Number of deliveries that wait, and the bytes of their bodies.
    pub fn size(&self) -> (usize, usize) {
        (self.waiting.len(), self.bytes)
    }

    /// Takes all out.
    pub fn take(&mut self) -> Inbox {
        std::mem::take(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Inbox, SOME};
    use crate::inspector::store::kept::Kept;
    use crate::inspector::store::packed::Packed;
    use crate::webhook::{Delivery, Headers, Receipt};
    use jiff::Timestamp;

    fn packed(id: usize, length: usize) -> Packed {
        let delivery = Delivery {
            method: http::Method::POST,
            path: "/".parse().unwrap(),
            headers: Headers::new(),
            body: vec![b'x'; length].into(),
        };
        let at = Timestamp::UNIX_EPOCH;
        let kept = Kept::new(id.to_string(), at, delivery, Receipt::default());
        Packed::received(&kept.as_received(), kept.response.clone())
    }

    fn ids(inbox: &Inbox) -> Vec<&str> {
        inbox.waiting.iter().map(Packed::id).collect()
    }

    #[test]
    fn the_latest_wait_up_to_their_number_and_the_bytes_of_their_bodies() {
        let mut inbox = Inbox::default();
        let bounds = Bounds {
            deliveries: 3,
            bytes: 100,
        };
        for id in 0..5 {
            inbox.push(packed(id, 10), bounds);
        }
        assert_eq!((ids(&inbox), inbox.dropped), (vec!["2", "3", "4"], 2));
        inbox.push(packed(5, 85), bounds);
        assert_eq!((ids(&inbox), inbox.size()), (vec!["4", "5"], (2, 95)));
        assert_eq!(inbox.last_dropped.as_ref().unwrap().id(), "3");
        inbox.push(packed(6, 101), bounds);
        assert_eq!((inbox.size(), inbox.dropped), ((0, 0), 7));
        assert_eq!(inbox.take().dropped, 7);
        assert_eq!(inbox.dropped, 0);
    }

    #[test]
    fn the_table_makes_room_for_what_waits() {
        let mut inbox = Inbox::default();
        let bounds = Bounds {
            deliveries: 1000,
            bytes: 1000,
        };
        inbox.in_table = (1000, 0);
        let asked = (1..=SOME).filter(|id| inbox.push(packed(*id, 0), bounds).1);
        assert_eq!(asked.collect::<Vec<_>>(), [SOME]);
        inbox.in_table = (1, 999);
        assert!(inbox.push(packed(0, 2), bounds).1, "of bytes at once");
        inbox.in_table = (0, 0);
        assert!(
            !inbox.push(packed(0, 2), bounds).1,
            "an empty table has none"
        );
    }
}
