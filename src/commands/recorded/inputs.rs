//! Content of sources as a stream, for work on all cores.

use std::fmt;

use crate::commands::in_order::Chunks;
use crate::io::recording::line_block::{LineBlock, Portion};
use crate::io::recording::reader::Sources;
use crate::webhook::{Fault, Fixture, LineFilter};

/// Iterator over the content of sources.
pub(crate) struct Inputs {
    sources: Sources,
}

/// Part of the sources as it was read.
pub(crate) enum Input {
    /// Delivery with its address.
    Delivery(String, Box<Result<Fixture, Fault>>),
    /// Lines of a recording.
    Lines(Box<LineBlock>),
    /// Note on a skipped part, such as an unfinished last line.
    Note(String),
}

/// Results for the deliveries of an input.
pub(crate) struct Output<T> {
    /// Results and faults, in the order of their deliveries.
    pub found: Vec<Result<T, Unreadable>>,
    /// Number of deliveries that have no result.
    pub passed_over: u64,
    /// Notes on the input.
    pub notes: Vec<String>,
}

/// Fault of a delivery that cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// Address of the delivery.
    pub address: String,
    /// Fault.
    pub fault: Fault,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.fault)
    }
}

impl Inputs {
    /// Iterator over the content of these sources.
    pub(crate) fn new(sources: Sources) -> Inputs {
        Inputs { sources }
    }
}

impl Input {
    /// Chunks of this many deliveries.
    pub(crate) fn chunks(items: usize) -> Chunks<Input> {
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
            // A chunk of its own.
            Input::Lines(_) => usize::MAX / 2,
            Input::Note(_) => 0,
        }
    }

    /// Works on each delivery that passes the filter. `work` also gets its address, and a function that adds the recorded
    /// responses; it returns none for a delivery that is not chosen.
    pub(crate) fn work<T>(
        self,
        filter: &LineFilter,
        mut work: impl FnMut(&dyn fmt::Display, Fixture, &mut dyn FnMut(&mut Fixture)) -> Option<T>,
    ) -> Output<T> {
        let (mut found, mut passed_over, mut notes) = (Vec::new(), 0, Vec::new());
        match self {
            // The responses are added already.
            Input::Delivery(address, fixture) => {
                let result = fixture.map(|fixture| work(&address, fixture, &mut |_| {}));
                match result.transpose() {
                    Some(Ok(result)) => found.push(Ok(result)),
                    Some(Err(fault)) => found.push(Err(Unreadable { address, fault })),
                    None => passed_over += 1,
                }
            }
            Input::Lines(block) => {
                let mut unchosen = 0;
                passed_over += block.deliveries(filter, |source, fixture| {
                    let mut answer =
                        |fixture: &mut Fixture| notes.extend(block.answer(fixture).err());
                    let result = fixture.map(|fixture| work(&source, fixture, &mut answer));
                    let unreadable = |fault| Unreadable {
                        address: source.to_string(),
                        fault,
                    };
                    match result.transpose() {
                        Some(result) => found.push(result.map_err(unreadable)),
                        None => unchosen += 1,
                    }
                });
                passed_over += unchosen;
            }
            Input::Note(note) => notes.push(note),
        }
        Output {
            found,
            passed_over,
            notes,
        }
    }
}

impl Iterator for Inputs {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        let take_note = |sources: &mut Sources| sources.take_note().map(Input::Note);
        if let Some(note) = take_note(&mut self.sources) {
            return Some(note);
        }
        match self.sources.next_portion() {
            Some(Portion::Item(item)) => {
                let address = item.source.to_string();
                Some(Input::Delivery(address, Box::new(item.fixture)))
            }
            Some(Portion::Lines(block)) => Some(Input::Lines(Box::new(block))),
            None => take_note(&mut self.sources),
        }
    }
}
