//! Lines of a recording, and the deliveries in them.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;

use crate::io::recording::answers::SharedAnswers;
use crate::io::recording::detect::{Class, LONGEST};
use crate::io::recording::lines::{Line, Lines, unreadable};
use crate::io::recording::source_item::{Source, SourceItem};
use crate::webhook::{Fault, Fixture, LineFilter, RecordedLine};

/// Part of the sources.
pub enum Portion {
    /// A delivery.
    Item(Box<SourceItem>),
    /// Lines of a recording that are not parsed yet.
    Lines(LineBlock),
}

impl Portion {
    pub(super) fn of_item(item: SourceItem) -> Portion {
        Portion::Item(Box::new(item))
    }
}

/// Lines of a recording, to be parsed in any thread.
pub struct LineBlock {
    pub(super) name: Arc<str>,
    /// The lines, each with its line break.
    pub(super) text: Bytes,
    /// Lines of the recording before these.
    pub(super) before: usize,
    /// True if lines before these were not counted, and deliveries are named by their ids.
    pub(super) uncounted: bool,
    pub(super) edited: bool,
    pub(super) answers: Option<Arc<SharedAnswers>>,
}

impl LineBlock {
    /// Calls `each` for the deliveries in lines that the filter lets pass, and returns the number of other deliveries. A
    /// line that is not as it was written is never passed over: it may be damaged, which is a fault to report.
    pub fn deliveries(
        &self,
        filter: &LineFilter,
        mut each: impl FnMut(Source, std::result::Result<Fixture, Fault>),
    ) -> u64 {
        let lets_any_pass = filter.lets_any_pass(&self.text);
        let is_passed_over = |line: &[u8]| {
            !(lets_any_pass && filter.lets_pass(line)) && RecordedLine::is_sound(line)
        };
        let (mut number, mut start, mut passed_over) = (self.before, 0, 0);
        for end in memchr::memchr_iter(b'\n', &self.text) {
            let line = self.text.get(start..end).unwrap_or_default();
            number += 1;
            let span = start..end;
            start = end + 1;
            if is_passed_over(line) {
                passed_over += u64::from(Class::of_whole(line) == Class::Delivery);
                continue;
            }
            let line = Line::Whole(self.text.slice(span));
            let found = delivery_in(&self.name, number, Ok(line), self.edited, &mut Vec::new());
            if let ControlFlow::Continue(Some(fixture)) = found {
                let source = Source::in_recording(&self.name, number, self.uncounted, &fixture);
                each(source, fixture);
            }
        }
        passed_over
    }

    /// Adds its recorded responses to a delivery, if they are wanted. A note is returned where they cannot be read.
    pub fn answer(&self, fixture: &mut Fixture) -> std::result::Result<(), String> {
        match &self.answers {
            Some(answers) => answers.add_to(fixture),
            None => Ok(()),
        }
    }
}

/// Next delivery of a recording, with its line number.
pub(super) fn next_line(
    name: &str,
    lines: &mut Lines,
    edited: bool,
    notes: &mut Vec<String>,
) -> Option<(usize, std::result::Result<Fixture, Fault>)> {
    loop {
        let read = lines.next();
        let number = lines.number() + usize::from(read.is_err());
        if read.is_err() {
            lines.close();
        }
        match delivery_in(name, number, read, edited, notes) {
            ControlFlow::Continue(Some(fixture)) => return Some((number, fixture)),
            ControlFlow::Continue(None) => {}
            ControlFlow::Break(()) => return None,
        }
    }
}

/// Delivery in a line of a recording; none in a blank line and in a response. After a break nothing follows but what was
/// being written.
pub(super) type InLine = ControlFlow<(), Option<std::result::Result<Fixture, Fault>>>;

/// Finds the delivery in the line with this number.
pub(super) fn delivery_in(
    name: &str,
    number: usize,
    line: io::Result<Line>,
    edited: bool,
    notes: &mut Vec<String>,
) -> InLine {
    let delivery_of = |line: &Bytes| RecordedLine::delivery(&trimmed(line), edited).transpose();
    let fixture = match line {
        Ok(Line::End) => return ControlFlow::Break(()),
        Ok(Line::Whole(line) | Line::Torn(line)) if line.trim_ascii().is_empty() => {
            return ControlFlow::Continue(None);
        }
        Ok(Line::Whole(line)) => match delivery_of(&line) {
            Some(fixture) => fixture,
            None => return ControlFlow::Continue(None),
        },
        Ok(Line::Torn(line)) => match delivery_of(&line) {
            Some(Ok(fixture)) => Ok(fixture),
            None => return ControlFlow::Continue(None),
            Some(Err(_)) => {
                notes.push(format!(
                    "{name}:{number}: the last line is unfinished and was skipped"
                ));
                return ControlFlow::Break(());
            }
        },
        Ok(Line::TooLong) => Err(Fault {
            line: 1,
            column: 1,
            reason: format!("the line is longer than {} MiB", LONGEST >> 20),
        }),
        Err(error) => Err(unreadable(number, &error)),
    };
    ControlFlow::Continue(Some(fixture.map_err(|fault| Fault {
        line: number,
        ..fault
    })))
}

/// Line without trailing white space.
fn trimmed(line: &Bytes) -> Bytes {
    line.slice(..line.trim_ascii_end().len())
}
