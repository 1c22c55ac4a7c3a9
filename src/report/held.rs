//! Output that is held back while the display is paused.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Most bytes of text that are held back; the oldest are dropped.
const MOST: usize = 1 << 20;

/// Texts held back, oldest first.
#[derive(Debug, Default)]
pub(crate) struct HeldOutput {
    /// True while the display is paused; read for each text, without the lock.
    is_paused: AtomicBool,
    /// Texts since the pause began, for the status line.
    count: AtomicU64,
    texts: Mutex<Texts>,
}

#[derive(Debug, Default)]
struct Texts {
    held: VecDeque<Vec<u8>>,
    bytes: usize,
    dropped: u64,
}

/// Text to print when the display goes on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Released {
    pub(crate) text: Vec<u8>,
    /// Number of older texts that were dropped.
    pub(crate) dropped: u64,
}

impl HeldOutput {
    #[inline]
    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused.load(Relaxed)
    }

    /// Number of texts held back or dropped.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    pub(crate) fn pause(&self) {
        let _texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        self.count.store(0, Relaxed);
        self.is_paused.store(true, Relaxed);
    }

    /// Holds a text back; false if the display goes on.
    pub(crate) fn hold(&self, text: &[u8]) -> bool {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_paused() {
            return false;
        }
        if text.is_empty() {
            return true;
        }
        self.count.fetch_add(1, Relaxed);
        texts.bytes += text.len();
        texts.held.push_back(text.to_vec());
        while texts.bytes > MOST
            && let Some(oldest) = texts.held.pop_front()
        {
            texts.bytes -= oldest.len();
            texts.dropped += 1;
        }
        true
    }

    /// Ends the pause. `print` gets what was held back, before any later text.
    pub(crate) fn resume(&self, print: impl FnOnce(Released)) {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let Texts { held, dropped, .. } = std::mem::take(&mut *texts);
        print(Released {
            text: held.into_iter().flatten().collect(),
            dropped,
        });
        self.is_paused.store(false, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{HeldOutput, MOST, Released};

    fn released(held: &HeldOutput) -> Released {
        let mut released = Released::default();
        held.resume(|it| released = it);
        released
    }

    #[test]
    fn what_is_held_back_is_released_in_order_and_then_nothing_is_held() {
        let held = HeldOutput::default();
        assert!(!held.hold(b"before"));
        held.pause();
        assert!(held.hold(b"one\n") && held.hold(b"two\n"));
        assert_eq!(held.count(), 2);
        let text = b"one\ntwo\n".to_vec();
        assert_eq!(released(&held), Released { text, dropped: 0 });
        assert!(!held.hold(b"after") && !held.is_paused());
    }

    #[test]
    fn the_oldest_are_dropped_and_counted() {
        let held = HeldOutput::default();
        held.pause();
        let text = vec![b'x'; MOST / 4];
        (0..6).for_each(|_| assert!(held.hold(&text)));
        let released = released(&held);
        assert_eq!((released.text.len(), released.dropped), (MOST, 2));
        assert_eq!(held.count(), 6);
    }
}
