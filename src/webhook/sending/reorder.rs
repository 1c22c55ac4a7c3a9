//! Disorder on purpose: what networks and providers do to deliveries, done again from a seed.

use crate::webhook::Rng;

/// What happens to deliveries on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reordering {
    /// The share that is sent twice.
    pub duplicate: f64,
    /// The share that is not sent at all.
    pub drop: f64,
    /// Whether the order is changed.
    pub shuffle: bool,
    /// The same seed does the same again.
    pub seed: u64,
}

/// So many are shuffled among each other at a time. More would have to be kept in memory, or read in no order.
const WINDOW: usize = 10_000;

impl Reordering {
    /// Whether anything happens at all.
    pub fn is_none(&self) -> bool {
        self.duplicate <= 0.0 && self.drop <= 0.0 && !self.shuffle
    }

    /// How often the delivery of that number is sent: not at all, once, or twice. What happens to one does not
    /// depend on what happened to others.
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

    /// Shuffles what is dealt from it.
    pub fn buffer<T>(&self) -> ReorderBuffer<T> {
        ReorderBuffer {
            cards: Vec::new(),
            rng: Rng::seeded(self.seed),
            window: if self.shuffle { WINDOW } else { 0 },
        }
    }
}

/// Cards that are put in in order and come out in none: each is drawn from all that are in it.
#[derive(Debug)]
pub struct ReorderBuffer<T> {
    cards: Vec<T>,
    rng: Rng,
    window: usize,
}

impl<T> ReorderBuffer<T> {
    /// Puts an item in, and takes one out at random if the buffer is full.
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

    /// Draws a card, until there is none.
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
