//! Queue for concurrent sending in which two jobs about the same message never run at once.

use std::collections::{HashSet, VecDeque};

/// Number of waiting jobs at which no more are read.
const FULL: usize = 1024;

/// Keeps the order of jobs that share a key, and of no others.
#[derive(Debug)]
pub struct KeyedQueue<T> {
    busy: HashSet<u64>,
    parked: VecDeque<(Vec<u64>, T)>,
}

impl<T> Default for KeyedQueue<T> {
    fn default() -> Self {
        Self {
            busy: HashSet::new(),
            parked: VecDeque::new(),
        }
    }
}

impl<T> KeyedQueue<T> {
    /// Returns the job if it may start now; otherwise queues it.
    pub fn offer(&mut self, keys: &[u64], item: T) -> Option<T> {
        let waits = keys.iter().any(|key| {
            self.busy.contains(key) || self.parked.iter().any(|(keys, _)| keys.contains(key))
        });
        if waits {
            self.parked.push_back((keys.to_vec(), item));
            return None;
        }
        self.busy.extend(keys);
        Some(item)
    }

    /// Takes the first queued job that may start now.
    pub fn ready(&mut self) -> Option<T> {
        let mut before: HashSet<u64> = HashSet::new();
        let at = self.parked.iter().position(|(keys, _)| {
            let free = !keys
                .iter()
                .any(|key| self.busy.contains(key) || before.contains(key));
            before.extend(keys);
            free
        })?;
        let (keys, item) = self.parked.remove(at)?;
        self.busy.extend(keys);
        Some(item)
    }

    /// Releases the keys of a finished job.
    pub fn done(&mut self, keys: &[u64]) {
        for key in keys {
            self.busy.remove(key);
        }
    }

    /// True if so many jobs wait that no more should be offered.
    pub fn is_full(&self) -> bool {
        self.parked.len() >= FULL
    }

    /// True if no job waits.
    pub fn is_empty(&self) -> bool {
        self.parked.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::KeyedQueue;

    #[test]
    fn those_of_one_message_wait_for_each_other_and_others_do_not() {
        let mut keyed_queue = KeyedQueue::default();
        assert_eq!(keyed_queue.offer(&[1], "a1"), Some("a1"));
        assert_eq!(keyed_queue.offer(&[1, 2], "ab"), None);
        // Key `2` is not in flight, but an earlier job waits for it.
        assert_eq!(keyed_queue.offer(&[2], "b"), None);
        assert_eq!(keyed_queue.offer(&[], "free"), Some("free"));
        assert_eq!(keyed_queue.offer(&[3], "c"), Some("c"));
        assert_eq!(keyed_queue.ready(), None);
        keyed_queue.done(&[1]);
        assert_eq!(keyed_queue.ready(), Some("ab"));
        assert_eq!(keyed_queue.ready(), None);
        keyed_queue.done(&[1, 2]);
        assert_eq!(keyed_queue.ready(), Some("b"));
        assert!(keyed_queue.is_empty() && !keyed_queue.is_full());
    }
}
