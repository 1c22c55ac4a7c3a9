//! Deliveries of sources as a stream, for work on all cores.

use crate::commands::in_order::Chunks;
use crate::io::recording::reader::Sources;
use crate::webhook::{Fault, Fixture};

/// Iterator over what the sources hold.
pub struct Inputs {
    sources: Sources,
    ended: bool,
}

/// Delivery as it was read, or what was said on the way to it.
pub enum Input {
    /// Delivery with its address.
    Delivery(String, Box<Result<Fixture, Fault>>),
    /// Note on a skipped part, such as a torn last line.
    Note(String),
    /// End of the sources, with the number of deliveries that were passed over.
    Ended(u64),
}

impl Inputs {
    /// Iterator over the deliveries of these sources.
    pub fn new(sources: Sources) -> Inputs {
        Inputs {
            sources,
            ended: false,
        }
    }
}

impl Input {
    /// Chunks of this many deliveries.
    pub fn chunks(items: usize) -> Chunks<Input> {
        Chunks {
            items,
            weigh: Input::bytes,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Input::Delivery(_, fixture) => {
                let fixture = fixture.as_ref().as_ref();
                fixture.map_or(0, |fixture| fixture.delivery.body.len())
            }
            Input::Note(_) | Input::Ended(_) => 0,
        }
    }
}

impl Iterator for Inputs {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        if let Some(note) = self.sources.take_note() {
            return Some(Input::Note(note));
        }
        if self.ended {
            return None;
        }
        match self.sources.next() {
            Some(item) => Some(Input::Delivery(
                item.source.to_string(),
                Box::new(item.fixture),
            )),
            None => {
                self.ended = true;
                Some(Input::Ended(self.sources.passed_over()))
            }
        }
    }
}
