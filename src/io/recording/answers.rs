//! Index of the recorded answers of a recording: where the answers to each delivery stand, by its id.
//!
//! An answer may stand much later than its delivery, so a reader that wants both reads the file twice. An entry takes 24
//! bytes; the answers themselves are read when they are asked for.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::io::gzip::{is_gzip, open_at};
use crate::io::recording::detect::LONGEST;
use crate::io::recording::lines::{Line, Lines};
use crate::webhook::{Fault, RecordedAnswer, RecordedLine};

/// Index of the answers in one recording.
pub struct AnswerIndex {
    entries: Vec<Entry>,
    targets: Vec<String>,
    /// The file, to read answers from; none if it is gzipped, where only their status is known.
    file: Option<BufReader<File>>,
    /// `--edited`: accept a line whose checksum does not match.
    edited: bool,
}

/// Answer in the file. Entries sort by delivery, and then by their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    id: [u64; 2],
    /// Offset of the line (40 bits), number of the target (8 bits), status or 0 (16 bits).
    packed: u64,
}

/// Largest offset of an entry, and number of targets told apart; of more targets the last number is shared.
const FARTHEST: u64 = (1 << 40) - 1;
const TARGETS: usize = 255;

impl Entry {
    fn offset(self) -> u64 {
        self.packed >> 24
    }

    fn target(self) -> usize {
        let [.., target, _, _] = self.packed.to_be_bytes();
        usize::from(target)
    }

    fn status(self) -> Option<u16> {
        let [.., high, low] = self.packed.to_be_bytes();
        Some(u16::from_be_bytes([high, low])).filter(|status| *status > 0)
    }
}

impl AnswerIndex {
    /// Reads a recording from `begin` to its first `size` bytes, and notes where its answers are. Damaged answers are left
    /// out.
    pub fn of(path: &Path, begin: u64, size: u64, edited: bool) -> io::Result<AnswerIndex> {
        let mut file = File::open(path)?;
        let is_plain = !is_gzip(&mut file)?;
        let mut index = AnswerIndex {
            entries: Vec::new(),
            targets: Vec::new(),
            file: is_plain.then(|| BufReader::with_capacity(32 << 10, file)),
            edited,
        };
        let mut lines = Lines::at(open_at(path, begin, size)?, LONGEST, begin, 0);
        loop {
            let offset = lines.offset();
            match lines.next()? {
                Line::End => break,
                Line::TooLong => {}
                Line::Whole(line) | Line::Torn(line) => index.add(&line, offset),
            }
        }
        index.entries.sort_unstable();
        Ok(index)
    }

    fn add(&mut self, line: &[u8], offset: u64) {
        let line = line.trim_ascii_end();
        if offset > FARTHEST || !RecordedLine::is_answer(line) {
            return;
        }
        let Some(head) = RecordedAnswer::head(line, self.edited) else {
            return;
        };
        let known = self.targets.iter().position(|it| *it == head.target);
        let target = known.unwrap_or_else(|| {
            if self.targets.len() <= TARGETS {
                self.targets.push(head.target.into_owned());
            }
            self.targets.len() - 1
        });
        let (target, status) = (target as u64, u64::from(head.status.unwrap_or(0)));
        self.entries.push(Entry {
            id: key(&head.to),
            packed: offset << 24 | target << 16 | status,
        });
    }

    /// Number of answers.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if there are no answers.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Status of the last answer to a delivery; the inner none if that attempt had no response. Nothing is read.
    pub fn last_status(&self, id: &str) -> Option<Option<u16>> {
        Some(self.entries_of(id).last()?.status())
    }

    /// True if the last answer of one of the targets is missing or is no 2xx; none without answers. Nothing is read.
    pub fn has_failed(&self, id: &str) -> Option<bool> {
        let entries = self.entries_of(id);
        let is_last = |at: usize, target| {
            let mut later = entries.iter().skip(at + 1);
            !later.any(|it| it.target() == target)
        };
        let succeeded = |it: &Entry| {
            it.status()
                .is_some_and(|status| (200..300).contains(&status))
        };
        let mut failed = entries.iter().enumerate();
        (!entries.is_empty())
            .then(|| failed.any(|(at, it)| !succeeded(it) && is_last(at, it.target())))
    }

    /// Reads the answers to a delivery, in the order of the file. Of a gzipped recording they have a target and a status
    /// only. One that cannot be read any more is left out.
    pub fn answers(&mut self, id: &str) -> Vec<RecordedAnswer> {
        let entries = self.entries_of(id).to_vec();
        let read = entries.into_iter().filter_map(|entry| self.read(id, entry));
        read.filter(|answer| answer.to == id).collect()
    }

    fn read(&mut self, id: &str, entry: Entry) -> Option<RecordedAnswer> {
        let Some(file) = &mut self.file else {
            let target = self.targets.get(entry.target())?;
            return Some(RecordedAnswer::outline(id, target, entry.status()));
        };
        let mut line = Vec::new();
        file.seek(SeekFrom::Start(entry.offset())).ok()?;
        file.take(LONGEST as u64)
            .read_until(b'\n', &mut line)
            .ok()?;
        // A byte order mark stands before the first line alone.
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        let line = line.trim_ascii_end().to_vec().into();
        let read: Result<RecordedLine, Fault> = RecordedLine::read(&line, self.edited);
        match read {
            Ok(RecordedLine::Answer(answer)) => Some(*answer),
            Ok(RecordedLine::Delivery(_)) | Err(_) => None,
        }
    }

    fn entries_of(&self, id: &str) -> &[Entry] {
        let id = key(id);
        let start = self.entries.partition_point(|it| it.id < id);
        let rest = self.entries.get(start..).unwrap_or_default();
        let end = rest.partition_point(|it| it.id == id);
        rest.get(..end).unwrap_or_default()
    }
}

/// Id as a number: a ULID is one, of any other id it is a hash.
fn key(id: &str) -> [u64; 2] {
    let number = Ulid::from_string(id).ok();
    let number = number.filter(|it| *it.array_to_str(&mut [0; ulid::ULID_LEN]) == *id);
    let number = number.map_or_else(
        || {
            let hash = Sha256::digest(id.as_bytes());
            hash.iter()
                .take(16)
                .fold(0, |number, byte| number << 8 | u128::from(*byte))
        },
        |it| it.0,
    );
    [(number >> 64) as u64, number as u64]
}

#[cfg(test)]
mod tests {
    use super::{AnswerIndex, Entry};
    use crate::webhook::{Outcome, RecordedAnswer};
    use std::fs;
    use std::path::Path;

    const ID: &str = "01KWXYQ6EG0000000000000001";

    fn answer(to: &str, target: &str, attempt: u32, status: Option<u16>) -> String {
        let mut answer = RecordedAnswer::new(
            to,
            target,
            attempt,
            &Outcome::TimedOut(std::time::Duration::ZERO),
        );
        (answer.status, answer.reason) = (status, None);
        answer.body = Some(format!("attempt {attempt}").into());
        answer.to_line()
    }

    fn index(path: &Path) -> AnswerIndex {
        AnswerIndex::of(path, 0, fs::metadata(path).unwrap().len(), false).unwrap()
    }

    #[test]
    fn answers_are_found_by_the_id_of_their_delivery() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        let damaged = answer("x", "b", 1, Some(500)).replace("500", "200");
        let text = [
            "{\"fixture\":1,\"request\":{\"text\":\"{\\\"answer\\\":1,\\\"to\\\":\\\"x\\\"}\"}}\n"
                .to_owned(),
            answer(ID, "a", 1, Some(503)),
            answer("x", "a", 1, None),
            damaged,
            answer(ID, "b", 1, Some(404)),
            answer("X", "a", 1, Some(200)),
            answer(ID, "a", 2, Some(200)),
            answer(&ID.to_lowercase(), "a", 1, Some(500)),
        ];
        fs::write(&path, text.concat()).unwrap();
        let mut index = index(&path);
        assert_eq!(index.len(), 6);
        let bodies: Vec<_> = index
            .answers(ID)
            .into_iter()
            .map(|it| (it.target, it.body.unwrap()))
            .collect();
        assert_eq!(
            bodies,
            [
                ("a".into(), "attempt 1".into()),
                ("b".into(), "attempt 1".into()),
                ("a".into(), "attempt 2".into())
            ]
        );
        assert_eq!(
            (index.last_status(ID), index.has_failed(ID)),
            (Some(Some(200)), Some(true))
        );
        assert_eq!(
            (index.last_status("x"), index.has_failed("x")),
            (Some(None), Some(true))
        );
        assert_eq!(
            (index.last_status("X"), index.has_failed("X")),
            (Some(Some(200)), Some(false))
        );
        assert_eq!(
            (index.last_status("y"), index.has_failed("y")),
            (None, None)
        );
        // What is changed after it was indexed is not taken for something else.
        fs::write(
            &path,
            text.concat().replace(ID, "01KWXYQ6EG0000000000000002"),
        )
        .unwrap();
        assert!(index.answers(ID).is_empty());
    }

    #[test]
    fn of_a_gzipped_recording_the_status_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson.gz");
        let mut gzip = flate2::write::GzEncoder::new(
            fs::File::create(&path).unwrap(),
            flate2::Compression::fast(),
        );
        std::io::Write::write_all(&mut gzip, answer("x", "a", 1, Some(500)).as_bytes()).unwrap();
        gzip.finish().unwrap();
        let answers = index(&path).answers("x");
        assert_eq!(
            (
                answers[0].status,
                answers[0].target.as_str(),
                &answers[0].body
            ),
            (Some(500), "a", &None)
        );
    }

    #[test]
    fn a_million_answers_fit_in_memory() {
        assert_eq!(size_of::<Entry>(), 24);
    }
}
