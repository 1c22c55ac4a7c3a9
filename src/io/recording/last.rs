//! The last deliveries of sources (`--last`, `FILE:-1`), found from the end: of a plain recording, what is before them is
//! not read.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::path::Path;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::io::recording::detect::Class;
use crate::io::recording::reader::{SourceItem, Sources};
use crate::io::recording::source_input::{SourceInput, SourcePart};
use crate::io::recording::tail::{LineAt, LinesBackward, lines_before};
use crate::webhook::{Fault, Fixture, RecordedAnswer, RecordedLine};

/// Largest part of a recording, in bytes, whose lines are counted to name a delivery by its line. Behind more, a
/// delivery found from the end is named by its id.
const COUNTED: u64 = 64 << 20;

/// Confines sources to the last `count` deliveries for which `wanted` is true, and what is between them; they stay whole
/// without a count (`--last`). Broken ones are always wanted.
pub fn last(
    mut sources: Sources,
    count: Option<usize>,
    mut wanted: impl FnMut(&Fixture) -> bool,
) -> Result<Sources> {
    let Some(count) = count else {
        return Ok(sources);
    };
    let mut is_wanted = |fixture: &ReadFixture| match fixture {
        Ok(fixture) => wanted(fixture),
        Err(_) => true,
    };
    if sources.files.iter().any(|file| file.size.is_none()) {
        sources.held = last_of_stream(&mut sources, count, &mut is_wanted);
        return Ok(sources);
    }
    let mut files: VecDeque<SourceInput> = VecDeque::new();
    let mut left = count;
    while left > 0
        && let Some(file) = sources.files.pop()
    {
        let plain = match file.part {
            SourcePart::Numbers(..) => None,
            SourcePart::All | SourcePart::Between { .. } => file.plain_recording()?,
        };
        let (part, met) = match plain {
            Some(path) => {
                let path = path.to_owned();
                last_of_recording(&sources, &path, &file, left, &mut is_wanted).map_err(
                    |error| Error::input(format!("`{}` cannot be read: {error}", path.display())),
                )?
            }
            None => last_of_file(&file, sources.edited, left, &mut is_wanted),
        };
        left -= met;
        if let Some(part) = part {
            files.push_front(SourceInput { part, ..file });
        }
    }
    sources.files = files.into();
    Ok(sources)
}

/// Fixture as it was read.
type ReadFixture = std::result::Result<Fixture, Fault>;

/// Last wanted deliveries of sources that can be read once.
fn last_of_stream(
    sources: &mut Sources,
    count: usize,
    is_wanted: &mut dyn FnMut(&ReadFixture) -> bool,
) -> VecDeque<SourceItem> {
    let mut held: VecDeque<SourceItem> = VecDeque::new();
    for item in sources {
        if is_wanted(&item.fixture) {
            held.push_back(item);
            if held.len() > count {
                held.pop_front();
            }
        }
    }
    held
}

/// Part of a recording from the last wanted deliveries on, and their number. It is read from its end.
fn last_of_recording(
    sources: &Sources,
    path: &Path,
    file: &SourceInput,
    count: usize,
    is_wanted: &mut dyn FnMut(&ReadFixture) -> bool,
) -> io::Result<(Option<SourcePart>, usize)> {
    let (edited, answered) = (sources.edited, sources.answered);
    // Responses are recorded after their deliveries, and are met before them.
    let mut answers: HashMap<String, Vec<RecordedAnswer>> = HashMap::new();
    let wanted = |line: &Bytes, is_answer: bool| {
        if is_answer {
            if let (true, Ok(RecordedLine::Answer(answer))) =
                (answered, RecordedLine::read(line, edited))
            {
                let earlier = answers.entry(answer.to.clone()).or_default();
                earlier.insert(0, *answer);
            }
            return false;
        }
        let mut read = match edited {
            true => Fixture::of_edited(line),
            false => Fixture::of_line(line),
        };
        if let Ok(fixture) = &mut read
            && let Some(found) = fixture.id.as_ref().and_then(|id| answers.remove(id))
        {
            fixture.answers.extend(found);
        }
        is_wanted(&read)
    };
    Ok(match last_line(path, file, count, wanted)? {
        Tail::Found(line) => (Some(from(path, file, &line)?), count),
        Tail::Fewer(met) => (Some(file.part.clone()), met),
    })
}

/// Part of a file with the last wanted deliveries, and their number. The file is read from its beginning.
fn last_of_file(
    file: &SourceInput,
    edited: bool,
    count: usize,
    is_wanted: &mut dyn FnMut(&ReadFixture) -> bool,
) -> (Option<SourcePart>, usize) {
    let mut numbers = VecDeque::new();
    for item in Sources::of(vec![file.clone()]).edited(edited) {
        if is_wanted(&item.fixture) {
            numbers.push_back(item.source.number());
            if numbers.len() > count {
                numbers.pop_front();
            }
        }
    }
    let ends = numbers.front().zip(numbers.back());
    let part = ends.map(|(first, last)| SourcePart::Numbers(*first, *last));
    (part, numbers.len())
}

/// Line of a recording, found from its end.
pub(crate) enum Tail {
    /// Line of the delivery.
    Found(LineAt),
    /// Number of deliveries, where there are fewer.
    Fewer(usize),
}

/// Finds the delivery at this place from the end, of those for which `wanted` is true. It is given answers too, which
/// are marked so.
pub(crate) fn last_line(
    path: &Path,
    file: &SourceInput,
    place: usize,
    mut wanted: impl FnMut(&Bytes, bool) -> bool,
) -> io::Result<Tail> {
    let (begin, end) = match file.part {
        SourcePart::Between { offset, end, .. } => (offset, end),
        SourcePart::All | SourcePart::Numbers(..) => (0, file.size.unwrap_or_default()),
    };
    let mut lines = LinesBackward::new(File::open(path)?, end);
    let mut met = 0;
    while let Some(mut at) = lines.next()? {
        if at.offset < begin {
            break;
        }
        let line = at.line.take().map(Bytes::from);
        let is_wanted = match &line {
            // A line that is too long is a broken delivery.
            None => true,
            Some(line) => {
                let text = line.slice(..line.trim_ascii_end().len());
                match Class::of_line(line, at.is_whole) {
                    Class::Delivery => wanted(&text, false),
                    Class::Answer => wanted(&text, true),
                    Class::Blank | Class::Torn | Class::End => false,
                }
            }
        };
        met += usize::from(is_wanted);
        if met == place && is_wanted {
            at.line = line.map(Vec::from);
            return Ok(Tail::Found(at));
        }
    }
    Ok(Tail::Fewer(met))
}

/// Part of a recording from this line on. Its deliveries are named by their lines where those before it are soon
/// counted, else by their ids.
pub(crate) fn from(path: &Path, file: &SourceInput, line: &LineAt) -> io::Result<SourcePart> {
    let number = match (&file.part, line.offset) {
        (SourcePart::Between { number: None, .. }, _) => None,
        (_, ..=COUNTED) => Some(lines_before(path, line.offset)?),
        // What is written by hand may have no ids.
        _ if !begins_with_id(line) => Some(lines_before(path, line.offset)?),
        _ => None,
    };
    let end = match file.part {
        SourcePart::Between { end, .. } => end,
        SourcePart::All | SourcePart::Numbers(..) => file.size.unwrap_or_default(),
    };
    Ok(SourcePart::Between {
        offset: line.offset,
        number,
        end,
    })
}

fn begins_with_id(line: &LineAt) -> bool {
    let line = line.line.as_deref().unwrap_or_default();
    line.starts_with(b"{\"fixture\":1,\"id\":\"")
}
