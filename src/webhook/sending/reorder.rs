//! Reordering, duplication and loss of deliveries on purpose, reproducible from a seed.

use crate::webhook::Rng;

/// Faults that deliveries suffer on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reordering {
    /// Share that is sent twice.
    pub duplicate: f64,
    /// Share that is not sent.
    pub drop: f64,
    /// True to change the order.
    pub shuffle: bool,
    /// Seed; equal seeds give equal runs.
    pub seed: u64,
}

/// Number of deliveries that are shuffled among each other; more would take too much memory.
const WINDOW: usize = 10_000;

impl Reordering {
    /// True if nothing is changed.
    pub fn is_none(&self) -> bool {
        self.duplicate <= 0.0 && self.drop <= 0.0 && !self.shuffle
    }

    /// Number of times that the delivery `number` is sent: 0, 1 or 2. Independent of the other deliveries.
    pub fn copies(&self, number: u64) -> usize {
        if self.drop <= 0.0 && self.duplicate <= 0.0 {
            return 1;
        }
        let mut rng = Rng::seeded(self.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        if rng.fraction() < self.drop {
            0
        } else if rng.fraction() < self.duplicate {
            2
        } else {
            1
        }
    }

    /// Creates the buffer that shuffles deliveries.
    pub fn buffer<T>(&self) -> ReorderBuffer<T> {
        ReorderBuffer {
            cards: Vec::new(),
            rng: Rng::seeded(self.seed),
            window: if self.shuffle { WINDOW } else { 0 },
        }
    }
}

/// Buffer that is filled in order and emptied at random.
#[derive(Debug)]
pub struct ReorderBuffer<T> {
    cards: Vec<T>,
    rng: Rng,
    window: usize,
}

impl<T> ReorderBuffer<T> {
    /// Adds an item; returns a random one if the buffer is full.
    pub fn put(&mut self, card: T) -> Option<T> {
        if self.window == 0 {
            return Some(card);
        }
        self.cards.push(card);
        if self.cards.len() > self.window {
            self.draw()
        } else {
            None
        }
    }

    /// Takes a random item; none if the buffer is empty.
    pub fn draw(&mut self) -> Option<T> {
        if self.cards.is_empty() {
            return None;
        }
        let at = self.rng.below(self.cards.len());
        Some(self.cards.swap_remove(at))
    }
}

#[cfg(test)]
mod tests {
    use super::Reordering;

    fn shuffled(disorder: Reordering, count: u32) -> Vec<u32> {
        let mut buffer = disorder.buffer();
        let mut out: Vec<u32> = (0..count).filter_map(|card| buffer.put(card)).collect();
        out.extend(std::iter::from_fn(|| buffer.draw()));
        out
    }

    #[test]
    fn a_shuffle_loses_nothing_and_can_be_had_again() {
        let disorder = Reordering {
            shuffle: true,
            seed: 7,
            ..Reordering::default()
        };
        let out = shuffled(disorder, 30_000);
        assert_eq!(out, shuffled(disorder, 30_000));
        assert_ne!(
            out,
            shuffled(
                Reordering {
                    seed: 8,
                    ..disorder
                },
                30_000
            )
        );
        let fixed = out
            .iter()
            .enumerate()
            .filter(|(at, card)| *at == **card as usize)
            .count();
        assert!(fixed < 30, "{fixed}");
        let mut sorted = out;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..30_000));
        assert!(shuffled(Reordering::default(), 10).into_iter().eq(0..10));
    }

    #[test]
    fn shares_are_about_what_was_asked_for() {
        let disorder = Reordering {
            duplicate: 0.1,
            drop: 0.2,
            seed: 1,
            ..Reordering::default()
        };
        let copies: Vec<usize> = (0..10_000).map(|number| disorder.copies(number)).collect();
        let count = |wanted| copies.iter().filter(|copies| **copies == wanted).count();
        assert!(
            (1900..2100).contains(&count(0)) && (700..900).contains(&count(2)),
            "{} {}",
            count(0),
            count(2)
        );
        assert!((0..100).all(|number| Reordering::default().copies(number) == 1));
    }
}
