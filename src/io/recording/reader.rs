//! Reads deliveries from recordings, fixtures, folders of both, HAR files and standard input, gzipped or not.
//!
//! One delivery is in memory at a time. The files of a folder are read in order of their paths; for recorded files that
//! is the order of time, because their names begin with it.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::error::Result;
use crate::io::gzip::{inflate, is_gzip, open_at};
use crate::io::recording::answers::SharedAnswers;
use crate::io::recording::detect;
use crate::io::recording::detect::{
    DetectedContent, DetectedDocument, LONGEST, ends, is_har, is_recording,
};
use crate::io::recording::har::Har;
use crate::io::recording::line_block::{LineBlock, Portion, delivery_in, next_line};
use crate::io::recording::lines::{Block, Lines, unreadable};
use crate::io::recording::pump::{Pump, Stop};
use crate::io::recording::source_input::{SourceInput, SourcePart, identity};
use crate::webhook::{Fault, Fixture};

pub use crate::io::recording::source_item::{Source, SourceItem};
pub use crate::io::recording::source_position::{SourcePosition, begins_as, end_of};

/// Iterator over the deliveries of all sources, in order.
pub struct Sources {
    pub(crate) files: Vec<SourceInput>,
    /// Deliveries of a stream that were read before, and are returned first.
    pub(crate) held: VecDeque<SourceItem>,
    /// Index of the current file.
    at: usize,
    /// Position in the current file to start from.
    start: SourcePosition,
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

enum Reading {
    Lines(Arc<str>, Lines),
    Har(Arc<str>, Har),
}

impl Sources {
    /// Reads files in this order.
    pub(crate) fn of(files: Vec<SourceInput>) -> Self {
        Self {
            files,
            held: VecDeque::new(),
            at: 0,
            start: SourcePosition::default(),
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
        (self.at, self.start, self.reading, self.passed) = (0, SourcePosition::default(), None, 0);
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
            Some(SourcePart::Between { offset, .. }) => *offset,
            _ => 0,
        }
    }

    /// Continues from a position of an earlier run, without reading what is before it.
    pub fn go_to(&mut self, place: SourcePosition) -> std::result::Result<(), String> {
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
        identity(&self.files, heads)
    }

    /// Opens the current file. A file that is a single delivery is returned as the item.
    fn begin(&mut self) -> Option<SourceItem> {
        let origin = self.files.get(self.at)?.clone();
        let mut start = std::mem::take(&mut self.start);
        if let (SourcePart::Between { offset, number, .. }, 0) = (&origin.part, start.offset) {
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
                    SourcePart::Between { end, .. } => end.min(size),
                    SourcePart::All | SourcePart::Numbers(..) => size,
                };
                open_at(path, start.offset, end)
            }
        };
        let input = match input {
            Ok(input) => input,
            Err(error) => return Some(self.whole(name, Err(unreadable(1, &error)))),
        };
        let lines = Lines::at(input, LONGEST, start.offset, start.number);
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
        self.begin_by_content(name, lines, start)
    }

    /// Opens a file without the name of a recording, which may be one by its content.
    fn begin_by_content(
        &mut self,
        name: Arc<str>,
        mut lines: Lines,
        start: SourcePosition,
    ) -> Option<SourceItem> {
        match detect::content(&mut lines, start.offset > 0) {
            Ok(DetectedContent::Recording(again)) => {
                self.reading = Some(Reading::Lines(name, again));
                None
            }
            Ok(DetectedContent::Document(text)) => match detect::document(&text) {
                DetectedDocument::Har => {
                    let har = Har::new(Box::new(io::Cursor::new(text)), start.number);
                    self.reading = Some(Reading::Har(name, har));
                    None
                }
                DetectedDocument::Http(delivery) => {
                    Some(self.whole(name, Ok(Fixture::new(delivery))))
                }
                DetectedDocument::Json(fixture) => Some(self.whole(name, fixture)),
            },
            Err(error) => Some(self.whole(name, Err(unreadable(1, &error)))),
        }
    }

    /// Adds the responses of its recording to a delivery, if they are wanted.
    fn answer(&mut self, item: &mut SourceItem) {
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
                SourcePart::Between { offset, .. } => *offset,
                SourcePart::All | SourcePart::Numbers(..) => 0,
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
                Some(SourcePart::All) => false,
                Some(SourcePart::Between { number, .. }) => number.is_none(),
                Some(SourcePart::Numbers(..)) | None => return self.next().map(Portion::of_item),
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
            let line = match lines.block() {
                Ok(Block::Lines(text)) => {
                    return Some(Portion::Lines(LineBlock {
                        name,
                        text,
                        before,
                        uncounted,
                        edited: self.edited,
                        answers: self.answers_of(at),
                    }));
                }
                Ok(Block::Line(line)) => Ok(line),
                Err(error) => {
                    lines.close();
                    Err(error)
                }
            };
            let after = SourcePosition {
                file: at,
                offset: lines.offset(),
                number: lines.number() + usize::from(line.is_err()),
            };
            let number = after.number;
            match delivery_in(&name, number, line, self.edited, &mut self.notes) {
                ControlFlow::Continue(Some(fixture)) => {
                    let source = Source::in_recording(&name, number, uncounted, &fixture);
                    let mut item = SourceItem {
                        source,
                        fixture,
                        after,
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
    fn whole(
        &mut self,
        name: Arc<str>,
        fixture: std::result::Result<Fixture, Fault>,
    ) -> SourceItem {
        self.end();
        SourceItem {
            source: Source {
                name,
                number: 0,
                id: None,
            },
            fixture,
            after: SourcePosition {
                file: self.at,
                ..SourcePosition::default()
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
    fn any(&mut self) -> Option<SourceItem> {
        loop {
            let part = self.files.get(self.at).map(|file| &file.part);
            let item = match &mut self.reading {
                Some(Reading::Lines(name, lines)) => {
                    let uncounted = matches!(part, Some(SourcePart::Between { number: None, .. }));
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
                    return Some(SourceItem {
                        source,
                        fixture,
                        after: SourcePosition {
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
    fn unmet(&mut self) -> Option<SourceItem> {
        let file = self.files.get(self.at)?;
        let SourcePart::Numbers(first, _) = file.part else {
            return None;
        };
        if self.met || file.size.is_some() {
            return None;
        }
        self.met = true;
        Some(SourceItem {
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
            after: SourcePosition {
                file: self.at,
                ..SourcePosition::default()
            },
        })
    }
}

impl Iterator for Sources {
    type Item = SourceItem;

    fn next(&mut self) -> Option<SourceItem> {
        if let Some(item) = self.held.pop_front() {
            return Some(item);
        }
        loop {
            let mut item = self.any()?;
            // A file that is one delivery is done when it is returned, and may follow one that has ended.
            let whole = item.source.number == 0;
            let of = if whole { self.at - 1 } else { self.at };
            let Some(SourcePart::Numbers(first, last)) = self.files.get(of).map(|it| &it.part)
            else {
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

#[cfg(test)]
mod tests {
    use super::{LONGEST, Lines, SourceItem, next_line};
    use crate::io::recording::detect::{DetectedContent, content};
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

    fn told(item: SourceItem) -> String {
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
                DetectedContent::Document(document) => {
                    assert!(is_document && document == text.as_bytes(), "{text}")
                }
                DetectedContent::Recording(mut lines) => {
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
        let into = super::SourcePosition {
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
