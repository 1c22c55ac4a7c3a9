//! Texts by their numbers: paths, providers, targets, ids that are no ULID.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

/// Most different paths that get a number: a sender may make up a new one each time.
const MOST: usize = 16 << 10;

/// Number for a path that has none.
const UNNAMED: u32 = u32::MAX;

/// Texts by their numbers.
#[derive(Debug, Default)]
pub struct Names {
    numbers: HashMap<Arc<str>, u32, FixedState>,
    texts: Vec<Arc<str>>,
}

impl Names {
    /// Number of a text, which gets one if it has none.
    pub fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        // Ids of old recordings are many; only paths are bounded, which begin with a slash.
        if self.texts.len() >= MOST && text.starts_with('/') {
            return UNNAMED;
        }
        let (text, number) = (Arc::<str>::from(text), self.texts.len() as u32);
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    /// Number of a text, if it has one.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// Text of a number.
    pub fn text(&self, number: u32) -> Option<&Arc<str>> {
        self.texts.get(number as usize)
    }

    /// Numbers that the texts of `others` have here, by their numbers there.
    pub fn adopt(&mut self, others: &Names) -> Vec<u32> {
        let texts = others.texts.iter();
        texts.map(|text| self.number(text)).collect()
    }
}
