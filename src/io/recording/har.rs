//! Reader of HAR files, one entry at a time.

use std::collections::VecDeque;
use std::io::{self, Read};

use crate::io::recording::lines::unreadable;
use crate::webhook::{Fault, Fixture, HarSplitter, read_har_entry};

/// Iterates over the deliveries in a HAR file: its requests.
pub(crate) struct Har {
    input: Box<dyn Read + Send>,
    splitter: HarSplitter,
    found: VecDeque<Vec<u8>>,
    /// Entries returned or skipped so far.
    number: usize,
    skip: usize,
    pub(crate) read: u64,
    ended: bool,
}

impl Har {
    pub(crate) fn new(input: Box<dyn Read + Send>, skip: usize) -> Self {
        Self {
            input,
            splitter: HarSplitter::default(),
            found: VecDeque::new(),
            number: 0,
            skip,
            read: 0,
            ended: false,
        }
    }

    /// Next entry, with its number in the file from 1.
    pub(crate) fn next(&mut self) -> Option<(usize, std::result::Result<Fixture, Fault>)> {
        let fault = |reason| Fault {
            line: 1,
            column: 1,
            reason,
        };
        let mut block = vec![0; 64 << 10];
        loop {
            if let Some(entry) = self.found.pop_front() {
                self.number += 1;
                if self.number <= self.skip {
                    continue;
                }
                return Some((self.number, read_har_entry(&entry).map_err(fault)));
            }
            if self.ended {
                return None;
            }
            match self.input.read(&mut block) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    return Some((self.number + 1, Err(unreadable(1, &error))));
                }
                Ok(0) => {
                    self.ended = true;
                    if !self.splitter.is_done() {
                        let why = "no whole HAR file: `log.entries` does not come to an end";
                        return Some((self.number + 1, Err(fault(why.into()))));
                    }
                }
                Ok(read) => {
                    self.read += read as u64;
                    let (splitter, found) = (&mut self.splitter, &mut self.found);
                    splitter.push(block.get(..read).unwrap_or_default(), |entry| {
                        found.push_back(entry);
                    });
                }
            }
        }
    }
}
