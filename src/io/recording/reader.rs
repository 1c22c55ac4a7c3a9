//! Reads deliveries from recordings, fixtures, folders of both, HAR files and standard input, gzipped or not.
//!
//! One delivery is in memory at a time. The files of a folder are read in order of their paths; for recorded files that
//! is the order of time, because their names begin with it.

use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::io::gzip::{inflate, is_gzip, open_at};
use crate::io::recording::answers::SharedAnswers;
use crate::io::recording::detect;
use crate::io::recording::detect::{Class, Content, Document, LONGEST, ends, is_har, is_recording};
use crate::io::recording::har::Har;
use crate::io::recording::lines::{Block, Line, Lines, unreadable};
use crate::io::recording::pump::{Pump, Stop};
use crate::webhook::{Fault, Fixture, LineFilter, RecordedLine};

/// Delivery with its source.
#[derive(Debug)]
pub struct Item {
    /// Source of the delivery, to show to the user.
    pub source: Source,
    /// The delivery, or the parse error; in a recording, the line number of an error is that of the file.
    pub fixture: std::result::Result<Fixture, Fault>,
    /// Position after this delivery, to resume from.
    pub after: Position,
}

/// Source of a delivery as shown, which is its address: `recording.ndjson:12`, `fixtures/click.json`, `stdin:3`.
#[derive(Clone, Debug)]
pub struct Source {
    name: Arc<str>,
    /// Line of a recording or entry of a HAR file, from 1; 0 if the file is a single delivery.
    number: usize,
    /// Id of the delivery, in place of the number, where lines before it were not counted.
    id: Option<Arc<str>>,
}

impl Source {
    /// Number within the file; 1 if the file is a single delivery.
    pub(crate) fn number(&self) -> usize {
        self.number.max(1)
    }
}

impl Source {
    /// Address in a recording; the id, if the lines were not counted.
    fn in_recording(
        name: &Arc<str>,
        number: usize,
        uncounted: bool,
        fixture: &std::result::Result<Fixture, Fault>,
    ) -> Source {
        let id = fixture.as_ref().ok().and_then(|it| it.id.as_deref());
        Source {
            name: Arc::clone(name),
            number,
            id: id.filter(|_| uncounted).map(Arc::from),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match (&self.id, self.number) {
            (Some(id), _) => write!(f, ":{id}"),
            (None, 0) => Ok(()),
            (None, number) => write!(f, ":{number}"),
        }
    }
}

impl From<&str> for Source {
    fn from(name: &str) -> Self {
        Self {
            name: name.into(),
            number: 0,
            id: None,
        }
    }
}

/// Position between two deliveries of the sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Index of the file.
    pub file: usize,
    /// Bytes of the file before this position.
    pub offset: u64,
    /// Lines or entries of the file before this position.
    pub number: usize,
}

/// Iterator over the deliveries of all sources, in order.
pub struct Sources {
    pub(crate) files: Vec<SourceInput>,
    /// Deliveries of a stream that were read before, and are returned first.
    pub(crate) held: VecDeque<Item>,
    /// Index of the current file.
    at: usize,
    /// Position in the current file to start from.
    start: Position,
    reading: Option<Reading>,
    /// True once a delivery of the current file was returned.
    met: bool,
    /// `--edited`: accept a line whose checksum does not match.
    pub(crate) edited: bool,
    /// True if the answers of a recording are paired with its deliveries.
    pub(crate) answered: bool,
    /// Answers of the file with this index.
    answers: Option<(usize, Arc<SharedAnswers>)>,
    stop: Stop,
    notes: Vec<String>,
    /// Total size in bytes of the files before the current one.
    passed: u64,
}

/// File that deliveries are read from, and the part of it that is meant.
#[derive(Clone, Debug)]
pub(crate) struct SourceInput {
    /// Path; none for standard input.
    pub(crate) path: Option<PathBuf>,
    /// Size in bytes on opening; none for a pipe, which has no size.
    pub(crate) size: Option<u64>,
    /// Deliveries meant.
    pub(crate) part: Part,
}

/// Deliveries of a file that are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// All.
    #[default]
    All,
    /// Lines of a recording between two offsets in bytes.
    Between {
        /// Offset of the first line.
        offset: u64,
        /// Lines before it; none if they were not counted, and deliveries are named by their ids.
        number: Option<usize>,
        /// Offset behind the last line.
        end: u64,
    },
    /// Deliveries with these numbers, first and last.
    Numbers(usize, usize),
}

enum Reading {
    Lines(Arc<str>, Lines),
    Har(Arc<str>, Har),
}

/// Bytes hashed of each file, and number of files hashed, to recognize the same sources in a later run.
const HEAD: u64 = 64 << 10;
const HEADS: usize = 16;

/// Position after the last complete line of a recording, and a hash of what stands before it; none for other files.
pub fn end_of(path: &Path) -> Option<(Position, u64)> {
    part_of(path, u64::MAX)
}

/// True if a recording still begins with what stood before this position.
pub fn begins_as(path: &Path, (place, hash): (Position, u64)) -> bool {
    part_of(path, place.offset) == Some((place, hash))
}

/// Position and hash of the complete lines in the first bytes of a recording.
fn part_of(path: &Path, bytes: u64) -> Option<(Position, u64)> {
    if !is_recording(path) || ends(path, &[".gz"]) {
        return None;
    }
    let mut input = io::BufReader::new(File::open(path).ok()?.take(bytes));
    let mut hasher = DefaultHasher::new();
    let mut place = Position::default();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).ok()? > 0 && line.ends_with(b"\n") {
        line.hash(&mut hasher);
        place.offset += line.len() as u64;
        place.number += 1;
        line.clear();
    }
    Some((place, hasher.finish()))
}

impl Sources {
    /// Reads files in this order.
    pub(crate) fn of(files: Vec<SourceInput>) -> Self {
        Self {
            files,
            held: VecDeque::new(),
            at: 0,
            start: Position::default(),
            reading: None,
            met: false,
            edited: false,
            answered: false,
            answers: None,
            stop: Stop::default(),
            notes: Vec::new(),
            passed: 0,
        }
    }

    /// Accepts lines whose checksum does not match, if `edited`.
    #[must_use]
    pub fn edited(self, edited: bool) -> Self {
        Self { edited, ..self }
    }

    /// Pairs each delivery of a recording with its answers: they are in `Fixture::answers`, in the order of the file. Each
    /// recording is read twice for it. Of a pipe, which can be read once, the answers are left out.
    #[must_use]
    pub fn answered(self, answered: bool) -> Self {
        Self { answered, ..self }
    }

    /// Ends the iteration when `stop` is set, even while it waits for a pipe.
    #[must_use]
    pub fn until(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    /// Starts again at the first source, with the sizes found on opening.
    pub fn rewind(&mut self) {
        (self.at, self.start, self.reading, self.passed) = (0, Position::default(), None, 0);
    }

    /// Takes the warnings about the sources since the last call.
    pub fn take_notes(&mut self) -> Vec<String> {
        if self.stop.is_set() {
            // A line cut short by the stop flag is not worth a warning.
            self.notes.clear();
        }
        std::mem::take(&mut self.notes)
    }

    /// Takes the oldest of the warnings.
    pub fn take_note(&mut self) -> Option<String> {
        match self.notes.is_empty() || self.stop.is_set() {
            true => None,
            false => Some(self.notes.remove(0)),
        }
    }

    /// Total size of all sources in bytes, if known.
    pub fn size(&self) -> Option<u64> {
        self.files.iter().map(SourceInput::length).sum()
    }

    /// Bytes read so far.
    pub fn behind(&self) -> u64 {
        self.passed
            + match &self.reading {
                Some(Reading::Lines(_, lines)) => lines.offset() - self.begins(),
                Some(Reading::Har(_, har)) => har.read,
                None => 0,
            }
    }

    /// Offset at which the part of the current file begins.
    fn begins(&self) -> u64 {
        match self.files.get(self.at).map(|file| &file.part) {
            Some(Part::Between { offset, .. }) => *offset,
            _ => 0,
        }
    }

    /// Continues from a position of an earlier run, without reading what is before it.
    pub fn go_to(&mut self, place: Position) -> std::result::Result<(), String> {
        if let Some(SourceInput {
            path: Some(path),
            size,
            ..
        }) = self.files.get(place.file)
        {
            let plain = fs::File::open(path).and_then(|mut file| {
                let mut last = [b'\n'];
                if place.offset > 0 && is_recording(path) && !is_gzip(&mut file)? {
                    file.seek(SeekFrom::Start(place.offset - 1))?;
                    // The last line of a recording may lack its line break.
                    let _ = file.read(&mut last)?;
                }
                let size = size.unwrap_or(u64::MAX);
                Ok(place.offset <= size && (last == *b"\n" || place.offset == size))
            });
            // A gzipped file is larger decompressed, so its offset cannot be checked.
            let fits = plain.map_err(|error| format!("`{}`: {error}", path.display()))?;
            if !fits && !ends(path, &[".gz"]) {
                return Err(format!("`{}` was changed", path.display()));
            }
        }
        let before = self.files.get(..place.file).unwrap_or(&self.files);
        self.passed = before.iter().filter_map(SourceInput::length).sum();
        (self.at, self.start, self.reading) = (place.file, place, None);
        Ok(())
    }

    /// Hash that identifies the sources: their names, and the beginning of the first files. `heads` are the lengths
    /// hashed in an earlier run, because a recording may have grown since.
    pub fn identity(&self, heads: Option<&[u64]>) -> Result<(Vec<u64>, String)> {
        let mut hash = Sha256::new();
        let mut looked = Vec::new();
        for (number, origin) in self.files.iter().enumerate() {
            let (Some(path), size) = (&origin.path, &origin.size) else {
                return Err(Error::usage("stdin cannot be resumed").hint("keep it in a file first"));
            };
            let cannot = |error| Error::input(format!("`{}`: {error}", path.display()));
            let full = fs::canonicalize(path).map_err(cannot)?;
            hash.update(full.as_os_str().as_encoded_bytes());
            hash.update([0]);
            if origin.part != Part::All {
                hash.update(format!("{:?}", origin.part));
            }
            if number < HEADS {
                let told = heads.and_then(|heads| heads.get(number)).copied();
                let length = told.or(*size).unwrap_or_default().min(HEAD);
                let mut head = Vec::new();
                let file = File::open(path).map_err(cannot)?;
                file.take(length).read_to_end(&mut head).map_err(cannot)?;
                hash.update((head.len() as u64).to_le_bytes());
                hash.update(&head);
                looked.push(head.len() as u64);
            }
        }
        Ok((looked, hex::encode(hash.finalize())))
    }

    /// Opens the current file. A file that is a single delivery is returned as the item.
    fn begin(&mut self) -> Option<Item> {
        let origin = self.files.get(self.at)?.clone();
        let mut start = std::mem::take(&mut self.start);
        if let (Part::Between { offset, number, .. }, 0) = (&origin.part, start.offset) {
            (start.offset, start.number) = (*offset, number.unwrap_or_default());
        }
        self.met = false;
        let name = origin.name();
        let input: io::Result<Box<dyn Read + Send>> = match (&origin.path, origin.size) {
            (None, _) => Pump::new(|| Ok(io::stdin()), self.stop.clone())
                .and_then(|pump| inflate(Box::new(pump))),
            (Some(path), None) => {
                let opened = path.clone();
                let pump = Pump::new(move || File::open(opened), self.stop.clone());
                pump.and_then(|pump| inflate(Box::new(pump)))
            }
            // Bytes appended after opening are not read: they may be a recording of this very run.
            (Some(path), Some(size)) => {
                let end = match origin.part {
                    Part::Between { end, .. } => end.min(size),
                    Part::All | Part::Numbers(..) => size,
                };
                open_at(path, start.offset, end)
            }
        };
        let input = match input {
            Ok(input) => input,
            Err(error) => return Some(self.whole(name, Err(unreadable(1, &error)))),
        };
        let mut lines = Lines::at(input, LONGEST, start.offset, start.number);
        match &origin.path {
            Some(path) if is_recording(path) => {
                self.reading = Some(Reading::Lines(name, lines));
                return None;
            }
            Some(path) if is_har(path) => {
                let har = Har::new(lines.into_input(), start.number);
                self.reading = Some(Reading::Har(name, har));
                return None;
            }
            _ => {}
        }
        // A file without the name of a recording may be one by its content.
        match detect::content(&mut lines, start.offset > 0) {
            Ok(Content::Recording(again)) => {
                self.reading = Some(Reading::Lines(name, again));
                None
            }
            Ok(Content::Document(text)) => match detect::document(&text) {
                Document::Har => {
                    let har = Har::new(Box::new(io::Cursor::new(text)), start.number);
                    self.reading = Some(Reading::Har(name, har));
                    None
                }
                Document::Http(delivery) => Some(self.whole(name, Ok(Fixture::new(delivery)))),
                Document::Json(fixture) => Some(self.whole(name, fixture)),
            },
            Err(error) => Some(self.whole(name, Err(unreadable(1, &error)))),
        }
    }

    /// Adds the responses of its recording to a delivery, if they are wanted.
    fn answer(&mut self, item: &mut Item) {
        let (Ok(fixture), true) = (&mut item.fixture, item.after.offset > 0) else {
            return;
        };
        if let Some(answers) = self.answers_of(item.after.file)
            && let Err(note) = answers.add_to(fixture)
        {
            self.notes.push(note);
        }
    }

    /// Responses in the recording with this index, if they are wanted.
    fn answers_of(&mut self, at: usize) -> Option<Arc<SharedAnswers>> {
        if !self.answered {
            return None;
        }
        if self.answers.as_ref().is_none_or(|(of, _)| *of != at) {
            let SourceInput {
                path: Some(path),
                size: Some(size),
                part,
            } = self.files.get(at)?
            else {
                return None;
            };
            // A response is recorded after its delivery.
            let begin = match part {
                Part::Between { offset, .. } => *offset,
                Part::All | Part::Numbers(..) => 0,
            };
            let answers = SharedAnswers::of(path, begin, *size, self.edited);
            self.answers = Some((at, Arc::new(answers)));
        }
        self.answers.as_ref().map(|(_, it)| Arc::clone(it))
    }

    /// Next delivery, or the next lines of a recording, unparsed, where it has a size and is read line by line.
    pub fn next_portion(&mut self) -> Option<Portion> {
        loop {
            let (at, part) = (self.at, self.files.get(self.at).map(|file| &file.part));
            let uncounted = match part {
                Some(Part::All) => false,
                Some(Part::Between { number, .. }) => number.is_none(),
                Some(Part::Numbers(..)) | None => return self.next().map(Portion::of_item),
            };
            if !self.held.is_empty() || self.files.get(at)?.size.is_none() {
                return self.next().map(Portion::of_item);
            }
            let Some(Reading::Lines(name, lines)) = &mut self.reading else {
                match &self.reading {
                    Some(_) => return self.next().map(Portion::of_item),
                    None => match self.begin() {
                        Some(item) => return Some(Portion::of_item(item)),
                        None => continue,
                    },
                }
            };
            let (name, before) = (Arc::clone(name), lines.number());
            let (end, block) = match lines.block() {
                Ok(Block::Lines(text)) => (lines.number(), Ok(text)),
                Ok(Block::Line(line)) => (lines.number(), Err(Ok(line))),
                Err(error) => {
                    lines.close();
                    (before + 1, Err(Err(error)))
                }
            };
            let found = match block {
                Ok(text) => {
                    return Some(Portion::Lines(LineBlock {
                        name,
                        text,
                        before,
                        uncounted,
                        edited: self.edited,
                        answers: self.answers_of(at),
                    }));
                }
                Err(Ok(Line::End)) => {
                    self.end();
                    continue;
                }
                Err(line) => delivery_in(&name, end, line, self.edited, &mut self.notes),
            };
            match found {
                ControlFlow::Continue(Some(fixture)) => {
                    let source = Source::in_recording(&name, end, uncounted, &fixture);
                    let mut item = Item {
                        source,
                        fixture,
                        after: Position {
                            file: at,
                            offset: 1,
                            number: end,
                        },
                    };
                    self.answer(&mut item);
                    return Some(Portion::of_item(item));
                }
                ControlFlow::Continue(None) => {}
                ControlFlow::Break(()) => self.end(),
            }
        }
    }

    /// Item for a file that is a single delivery; moves on to the next file.
    fn whole(&mut self, name: Arc<str>, fixture: std::result::Result<Fixture, Fault>) -> Item {
        self.end();
        Item {
            source: Source {
                name,
                number: 0,
                id: None,
            },
            fixture,
            after: Position {
                file: self.at,
                ..Position::default()
            },
        }
    }

    fn end(&mut self) {
        self.reading = None;
        let length = self.files.get(self.at).and_then(SourceInput::length);
        self.passed += length.unwrap_or(0);
        self.at += 1;
    }

    /// Next delivery of the files, those included that are not meant.
    fn any(&mut self) -> Option<Item> {
        loop {
            let part = self.files.get(self.at).map(|file| &file.part);
            let item = match &mut self.reading {
                Some(Reading::Lines(name, lines)) => {
                    let uncounted = matches!(part, Some(Part::Between { number: None, .. }));
                    let next = next_line(name, lines, self.edited, &mut self.notes);
                    next.map(|(number, fixture)| {
                        let source = Source::in_recording(name, number, uncounted, &fixture);
                        (source, fixture, lines.offset(), lines.number())
                    })
                }
                Some(Reading::Har(name, har)) => har.next().map(|(number, fixture)| {
                    let source = Source {
                        name: Arc::clone(name),
                        number,
                        id: None,
                    };
                    (source, fixture, 0, number)
                }),
                None => {
                    if self.at >= self.files.len() {
                        return None;
                    }
                    match self.begin() {
                        Some(item) => return Some(item),
                        None => continue,
                    }
                }
            };
            match item {
                Some((source, fixture, offset, number)) => {
                    return Some(Item {
                        source,
                        fixture,
                        after: Position {
                            file: self.at,
                            offset,
                            number,
                        },
                    });
                }
                None => match self.unmet() {
                    Some(item) => return Some(item),
                    None => self.end(),
                },
            }
        }
    }

    /// Item for an address on standard input that nothing was read for: only its end shows that it is not there.
    fn unmet(&mut self) -> Option<Item> {
        let file = self.files.get(self.at)?;
        let Part::Numbers(first, _) = file.part else {
            return None;
        };
        if self.met || file.size.is_some() {
            return None;
        }
        self.met = true;
        Some(Item {
            source: Source {
                name: file.name(),
                number: first,
                id: None,
            },
            fixture: Err(Fault {
                line: first,
                column: 1,
                reason: "no delivery is there".into(),
            }),
            after: Position {
                file: self.at,
                ..Position::default()
            },
        })
    }
}

impl Iterator for Sources {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if let Some(item) = self.held.pop_front() {
            return Some(item);
        }
        loop {
            let mut item = self.any()?;
            // A file that is one delivery is done when it is returned, and may follow one that has ended.
            let whole = item.source.number == 0;
            let of = if whole { self.at - 1 } else { self.at };
            let Some(Part::Numbers(first, last)) = self.files.get(of).map(|it| &it.part) else {
                self.answer(&mut item);
                return Some(item);
            };
            let (first, last) = (*first, *last);
            let number = item.source.number();
            if number > last {
                if !whole {
                    self.end();
                }
                continue;
            }
            if number >= first {
                self.met = true;
                self.answer(&mut item);
                return Some(item);
            }
        }
    }
}

impl SourceInput {
    /// Name, as shown.
    fn name(&self) -> Arc<str> {
        match &self.path {
            None => "stdin".into(),
            Some(path) => path.display().to_string().into(),
        }
    }

    /// Path of a recording that is neither gzipped nor a pipe, and is known by its name.
    pub(crate) fn plain_recording(&self) -> Result<Option<&Path>> {
        let path = self.path.as_deref().filter(|_| self.size.is_some());
        let Some(path) = path else { return Ok(None) };
        let is_plain = detect::is_plain_recording(path).map_err(|error| {
            Error::input(format!("`{}` cannot be read: {error}", path.display()))
        })?;
        Ok(is_plain.then_some(path))
    }

    /// Bytes of the part that is meant, if known.
    fn length(&self) -> Option<u64> {
        match self.part {
            Part::Between { offset, end, .. } => Some(end.saturating_sub(offset)),
            Part::All | Part::Numbers(..) => self.size,
        }
    }
}

/// Part of the sources.
pub enum Portion {
    /// A delivery.
    Item(Box<Item>),
    /// Lines of a recording that are not parsed yet.
    Lines(LineBlock),
}

/// Lines of a recording, to be parsed in any thread.
pub struct LineBlock {
    name: Arc<str>,
    /// The lines, each with its line break.
    text: Bytes,
    /// Lines of the recording before these.
    before: usize,
    /// True if lines before these were not counted, and deliveries are named by their ids.
    uncounted: bool,
    edited: bool,
    answers: Option<Arc<SharedAnswers>>,
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
fn next_line(
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

impl Portion {
    fn of_item(item: Item) -> Portion {
        Portion::Item(Box::new(item))
    }
}

/// Delivery in a line of a recording; none in a blank line and in a response. After a break nothing follows but what was
/// being written.
type InLine = ControlFlow<(), Option<std::result::Result<Fixture, Fault>>>;

/// Finds the delivery in the line with this number.
fn delivery_in(
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

#[cfg(test)]
mod tests {
    use super::{Item, LONGEST, Lines, next_line};
    use crate::io::recording::detect::{Content, content};
    use crate::io::recording::locate::open;
    use crate::webhook::{Delivery, Fixture, Headers, RecordedAnswer};
    use bytes::Bytes;
    use http::Method;
    use std::fs;
    use std::path::Path;

    fn fixture(body: &str) -> Fixture {
        let delivery = Delivery {
            method: Method::POST,
            path: "/".parse().unwrap(),
            headers: Headers::new(),
            body: Bytes::from(body.to_owned()),
        };
        Fixture::new(delivery)
    }

    fn line(body: &str) -> String {
        fixture(body).to_line()
    }

    fn told(item: Item) -> String {
        let source = item.source;
        match item.fixture {
            Ok(fixture) => format!(
                "{source} {}",
                String::from_utf8_lossy(&fixture.delivery.body)
            ),
            Err(fault) => format!("{source} line {} {}", fault.line, fault.reason),
        }
    }

    /// Items and notes read from a path, with the folder's path removed.
    fn read(dir: &Path, name: &str) -> (Vec<String>, Vec<String>) {
        let short = |text: String| text.replace(&format!("{}/", dir.display()), "");
        let mut sources = open(&[dir.join(name).display().to_string()]).unwrap();
        let items = sources.by_ref().map(|item| short(told(item))).collect();
        (items, sources.take_notes().into_iter().map(short).collect())
    }

    #[test]
    fn a_recording_is_read_line_by_line_and_a_broken_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let damaged = line("middle").replace("middle", "muddle");
        let text = format!(
            "\u{feff}{}\r\n\n{damaged}{{nonsense\n{}{}",
            line("1").trim_end(),
            line("2"),
            line("3").trim_end()
        );
        fs::write(dir.path().join("r.ndjson"), text).unwrap();
        let (items, notes) = read(dir.path(), "r.ndjson");
        assert_eq!(items.len(), 5, "{items:?}");
        assert_eq!(
            (items[0].as_str(), items[3].as_str(), items[4].as_str()),
            ("r.ndjson:1 1", "r.ndjson:5 2", "r.ndjson:6 3")
        );
        assert!(
            items[1].starts_with("r.ndjson:3 line 3 the checksum differs"),
            "{items:?}"
        );
        assert!(
            items[2].starts_with("r.ndjson:4 line 4 not JSON"),
            "{items:?}"
        );
        assert!(notes.is_empty(), "{notes:?}");
    }

    #[test]
    fn answers_are_no_deliveries_and_are_paired_by_id() {
        let answer =
            |id: &str, status| RecordedAnswer::outline(id, "http://h/", Some(status)).to_line();
        let delivery = |id: &str| {
            let mut fixture = fixture(id);
            fixture.id = Some(id.into());
            fixture.to_line()
        };
        let dir = tempfile::tempdir().unwrap();
        let damaged = answer("a", 500).replace("500", "200");
        let text = [
            answer("z", 500),
            delivery("a"),
            delivery("b"),
            answer("a", 503),
            damaged,
            delivery("c"),
            answer("a", 200),
            answer("b", 404).trim_end().to_owned(),
        ];
        for name in ["r.ndjson", "r"] {
            fs::write(dir.path().join(name), text.concat()).unwrap();
            let (items, notes) = read(dir.path(), name);
            assert_eq!(items.len(), 4, "{items:?}");
            assert_eq!(items[0], format!("{name}:2 a"));
            assert_eq!(items[1], format!("{name}:3 b"));
            assert!(
                items[2].starts_with(&format!("{name}:5 line 5 the checksum")),
                "{items:?}"
            );
            assert_eq!(items[3], format!("{name}:6 c"));
            assert!(notes.is_empty(), "{notes:?}");
            let sources = open(&[dir.path().join(name).display().to_string()]).unwrap();
            let statuses: Vec<Vec<_>> = sources
                .answered(true)
                .filter_map(|item| item.fixture.ok())
                .map(|fixture| {
                    fixture
                        .answers
                        .iter()
                        .map(|it| it.status.unwrap())
                        .collect()
                })
                .collect();
            assert_eq!(statuses, [vec![503, 200], vec![404], vec![]]);
        }
        let torn = [delivery("a"), answer("a", 500)[..30].to_owned()];
        fs::write(dir.path().join("t.ndjson"), torn.concat()).unwrap();
        let (items, notes) = read(dir.path(), "t.ndjson");
        assert_eq!((items.len(), notes.len()), (1, 1));
    }

    #[test]
    fn a_torn_last_line_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        for tail in ["{\"fixture\":1,\"requ", "\0\0\0", "{{{{"] {
            fs::write(dir.path().join("r.ndjson"), format!("{}{tail}", line("1"))).unwrap();
            let (items, notes) = read(dir.path(), "r.ndjson");
            assert_eq!(items, ["r.ndjson:1 1"]);
            assert_eq!(
                notes,
                ["r.ndjson:2: the last line is unfinished and was skipped"]
            );
        }
        fs::write(dir.path().join("r.ndjson"), "").unwrap();
        assert_eq!(read(dir.path(), "r.ndjson"), (vec![], vec![]));
    }

    #[test]
    fn a_folder_is_read_in_the_order_of_names() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("f/b")).unwrap();
        fs::create_dir_all(dir.path().join("f/.git")).unwrap();
        fs::write(dir.path().join("f/c.json"), fixture("3").to_pretty()).unwrap();
        fs::write(dir.path().join("f/a.json"), "{\"plain\":\n1}").unwrap();
        fs::write(dir.path().join("f/b/x.ndjson"), line("2")).unwrap();
        fs::write(dir.path().join("f/d.json"), "{\n\n").unwrap();
        for ignored in ["f/.hidden.json", "f/.git/x.json", "f/readme.md"] {
            fs::write(dir.path().join(ignored), "x").unwrap();
        }
        let (items, _) = read(dir.path(), "f");
        assert_eq!(
            items[..3],
            ["f/a.json {\"plain\":\n1}", "f/b/x.ndjson:1 2", "f/c.json 3"]
        );
        assert!(
            items.len() == 4 && items[3].starts_with("f/d.json line 3"),
            "{items:?}"
        );
    }

    #[test]
    fn what_is_not_there_is_said() {
        let error = open(&["/no/such/recording.ndjson".into()]).err().unwrap();
        assert_eq!(
            (error.what(), error.exit() as u8),
            ("`/no/such/recording.ndjson` does not exist", 3)
        );
        let dir = tempfile::tempdir().unwrap();
        assert!(open(&[dir.path().display().to_string()]).is_err());
    }

    #[test]
    fn without_a_name_the_content_decides() {
        for (text, is_document) in [
            (line("1"), false),
            (line("1") + &line("2"), false),
            (format!("\n \n{}", line("1")), false),
            ("{}\n{}\n".into(), false),
            ("{}\n".into(), true),
            ("{}".into(), true),
            ("".into(), true),
            ("\n{\n\"a\": 1\n}\n".into(), true),
            (fixture("1").to_pretty(), true),
        ] {
            let input: Box<dyn std::io::Read + Send> = Box::new(std::io::Cursor::new(text.clone()));
            let mut lines = Lines::new(input, LONGEST);
            match content(&mut lines, false).unwrap() {
                Content::Document(document) => {
                    assert!(is_document && document == text.as_bytes(), "{text}")
                }
                Content::Recording(mut lines) => {
                    assert!(!is_document, "{text}");
                    let (number, first) =
                        next_line("stdin", &mut lines, false, &mut Vec::new()).unwrap();
                    let blank = text.lines().take_while(|line| line.trim().is_empty());
                    assert_eq!(number, blank.count() + 1);
                    assert_eq!(first.is_ok(), text.contains("fixture"));
                }
            }
        }
    }

    #[test]
    fn a_line_of_30_megabytes_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let body = "x".repeat(30 << 20);
        fs::write(dir.path().join("r.ndjson"), line(&body) + &line("2")).unwrap();
        let (items, _) = read(dir.path(), "r.ndjson");
        assert_eq!(
            (items.len(), items[0].len()),
            (2, body.len() + "r.ndjson:1 ".len())
        );
    }

    #[test]
    fn what_is_gzipped_is_read_as_if_it_were_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = fs::File::create(dir.path().join("r.ndjson.gz")).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, (line("1") + &line("2")).as_bytes()).unwrap();
        gzip.finish().unwrap();
        let (items, _) = read(dir.path(), "r.ndjson.gz");
        assert_eq!(items, ["r.ndjson.gz:1 1", "r.ndjson.gz:2 2"]);
        // Detected by its content under any name; the second case is truncated.
        let bytes = fs::read(dir.path().join("r.ndjson.gz")).unwrap();
        fs::write(dir.path().join("plain"), &bytes).unwrap();
        assert_eq!(read(dir.path(), "plain").0.len(), 2);
        fs::write(dir.path().join("cut.ndjson"), &bytes[..bytes.len() / 2]).unwrap();
        let (items, _) = read(dir.path(), "cut.ndjson");
        assert!(
            items.last().unwrap().contains("cannot be read"),
            "{items:?}"
        );
    }

    #[test]
    fn the_requests_of_a_har_file_are_deliveries() {
        let dir = tempfile::tempdir().unwrap();
        let entry = |n| {
            format!(
                "{{\"request\":{{\"method\":\"POST\",\"url\":\"http://h/{n}\",\"postData\":{{\"text\":\"{n}\"}}}}}}"
            )
        };
        let har = format!(
            "{{\"log\":{{\"entries\":[{},{{\"request\":1}},{}]}}}}",
            entry(1),
            entry(3)
        );
        for name in ["a.har", "a.json"] {
            fs::write(dir.path().join(name), &har).unwrap();
            let (items, _) = read(dir.path(), name);
            assert_eq!(items.len(), 3, "{items:?}");
            assert_eq!(
                (&items[0], &items[2]),
                (&format!("{name}:1 1"), &format!("{name}:3 3"))
            );
            assert!(items[1].contains("no HAR entry"), "{items:?}");
        }
        fs::write(dir.path().join("b.har"), &har[..har.len() - 4]).unwrap();
        let (items, _) = read(dir.path(), "b.har");
        assert!(items[2].contains("no whole HAR file"), "{items:?}");
    }

    /// Reading from each position gives the same rest as reading everything.
    #[test]
    fn reading_goes_on_from_any_place() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("f")).unwrap();
        fs::write(dir.path().join("f/a.json"), "{\"plain\":1}").unwrap();
        fs::write(
            dir.path().join("f/b.ndjson"),
            format!("\u{feff}{}\n{}", line("2"), line("3").trim_end()),
        )
        .unwrap();
        let file = fs::File::create(dir.path().join("f/c.ndjson.gz")).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, (line(&"4".repeat(3000)) + &line("5")).as_bytes())
            .unwrap();
        gzip.finish().unwrap();
        let har = "{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\",\"url\":\"/6\"}},{\"request\":{\"method\":\"GET\",\"url\":\"/7\"}}]}}";
        fs::write(dir.path().join("f/d.har"), har).unwrap();
        fs::write(dir.path().join("f/e"), "not read").unwrap();
        let fresh = || open(&[dir.path().join("f").display().to_string()]).unwrap();
        let places: Vec<_> = fresh().map(|item| item.after).collect();
        let all: Vec<_> = fresh().map(told).collect();
        assert_eq!(all.len(), 7, "{all:?}");
        for (number, place) in places.into_iter().enumerate() {
            let mut sources = fresh();
            sources.go_to(place).unwrap();
            assert_eq!(
                sources.map(told).collect::<Vec<_>>(),
                all[number + 1..],
                "{place:?}"
            );
        }
        let mut sources = fresh();
        let into = super::Position {
            file: 1,
            offset: 9,
            number: 1,
        };
        assert!(sources.go_to(into).unwrap_err().contains("was changed"));
    }

    #[test]
    fn sources_are_told_from_others_and_may_grow() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let identity = |heads: Option<&[u64]>| {
            open(&[path.display().to_string()])
                .unwrap()
                .identity(heads)
                .unwrap()
        };
        fs::write(&path, line("1")).unwrap();
        let (heads, first) = identity(None);
        fs::write(&path, line("1") + &line("2")).unwrap();
        assert_eq!(identity(Some(&heads)).1, first);
        fs::write(&path, line("7")).unwrap();
        assert_ne!(identity(Some(&heads)).1, first);
        assert!(open(&["-".into()]).unwrap().identity(None).is_err());
    }
}
