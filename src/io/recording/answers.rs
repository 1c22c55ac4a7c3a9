//! Recorded responses of a recording, found by the id of their delivery.
//!
//! A response may be recorded much later than its delivery, so a reader that wants both reads the file twice or more
//! often. The index has a bounded size: it covers a range of ids, and is made anew where another id is asked for. Ids of
//! deliveries are in the order of time, and so are the lines of a recording: a range is used up before the next one is.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::io::gzip::{is_gzip, open_at};
use crate::io::recording::detect::LONGEST;
use crate::io::recording::lines::scan;
use crate::webhook::{Fault, Fixture, RecordedAnswer, RecordedLine};

/// Entries from the id on that is asked for, and before it: threads that read a recording together are not quite in
/// order.
const AFTER: usize = 112 << 10;
const BEFORE: usize = 16 << 10;

/// Ranges after which it is decided if the ids are in order: if not, the whole recording is indexed.
const RANGES: u64 = 8;

/// Recorded responses of one recording, for several threads.
pub(crate) struct SharedAnswers(Mutex<Option<AnswerIndex>>);

impl SharedAnswers {
    /// Looks for responses in a recording from `begin` to its first `size` bytes, once one is asked for.
    pub(crate) fn of(path: &Path, begin: u64, size: u64, edited: bool) -> Self {
        Self(Mutex::new(Some(AnswerIndex::of(path, begin, size, edited))))
    }

    /// Adds its responses to a delivery. An error is returned once, and then there are none.
    pub(crate) fn add_to(&self, fixture: &mut Fixture) -> Result<(), String> {
        let mut lock = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(index), Some(id)) = (&mut *lock, &fixture.id) else {
            return Ok(());
        };
        match index.answers(id) {
            Ok(answers) => fixture.answers.extend(answers),
            Err(error) => {
                let path = index.path.display();
                let note = format!("the responses in `{path}` cannot be read: {error}");
                *lock = None;
                return Err(note);
            }
        }
        Ok(())
    }
}

/// Index of the responses in one recording.
struct AnswerIndex {
    path: PathBuf,
    begin: u64,
    size: u64,
    /// `--edited`: accept a line whose checksum does not match.
    edited: bool,
    /// Most entries from an id on, and before it.
    most: (usize, usize),
    /// Ids that the entries cover, first and last; none before the first lookup.
    covered: Option<(DeliveryKey, DeliveryKey)>,
    entries: Vec<AnswerEntry>,
    targets: Vec<String>,
    /// The file, to read responses from; none if it is gzipped, where only their status is known.
    file: Option<BufReader<File>>,
    lookups: u64,
    ranges: u64,
}

/// Id of a delivery as a number.
type DeliveryKey = [u64; 2];

/// Response in the file. Entries sort by delivery, and then by their offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct AnswerEntry {
    id: DeliveryKey,
    /// Offset of the line (40 bits), number of the target (8 bits), status or 0 (16 bits).
    packed: u64,
}

/// Largest offset of an entry, and number of targets told apart; of more targets the last number is shared.
const FARTHEST: u64 = (1 << 40) - 1;
const TARGETS: usize = 255;

impl AnswerEntry {
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

/// Entries on one side of an id, those nearest to it.
struct NearestEntries {
    most: usize,
    /// Number of entries at which those beyond `most` are left out.
    full: usize,
    entries: Vec<AnswerEntry>,
    /// Farthest id that is kept; none while all are.
    limit: Option<DeliveryKey>,
    /// True for the side before the id.
    before: bool,
}

impl NearestEntries {
    fn new(most: usize, before: bool) -> Self {
        Self {
            most,
            full: most.saturating_mul(2),
            entries: Vec::new(),
            limit: None,
            before,
        }
    }

    fn is_beyond(&self, id: DeliveryKey) -> bool {
        self.limit.is_some_and(|limit| match self.before {
            true => id < limit,
            false => id > limit,
        })
    }

    fn push(&mut self, entry: AnswerEntry) {
        self.entries.push(entry);
        if self.entries.len() < self.full {
            return;
        }
        let most = self.most;
        let limit = match self.before {
            true => self
                .entries
                .select_nth_unstable_by(most, |one, other| other.id.cmp(&one.id)),
            false => self
                .entries
                .select_nth_unstable_by(most, |one, other| one.id.cmp(&other.id)),
        };
        self.limit = Some(limit.1.id);
        let mut entries = std::mem::take(&mut self.entries);
        entries.retain(|entry| !self.is_beyond(entry.id));
        self.entries = entries;
        // A delivery may have any number of responses, and they are kept together.
        self.full = self.full.max(self.entries.len() * 2);
    }
}

impl AnswerIndex {
    fn of(path: &Path, begin: u64, size: u64, edited: bool) -> AnswerIndex {
        AnswerIndex {
            path: path.to_owned(),
            begin,
            size,
            edited,
            most: (AFTER, BEFORE),
            covered: None,
            entries: Vec::new(),
            targets: Vec::new(),
            file: None,
            lookups: 0,
            ranges: 0,
        }
    }

    /// Reads the responses to a delivery, in the order of the file. Of a gzipped recording they have a target and a
    /// status only. One that cannot be read any more is left out.
    fn answers(&mut self, id: &str) -> io::Result<Vec<RecordedAnswer>> {
        let key = key(id);
        self.lookups += 1;
        if self
            .covered
            .is_none_or(|(first, last)| key < first || key > last)
        {
            self.cover(key)?;
        }
        let entries = self.entries_of(key).to_vec();
        let read = entries.into_iter().filter_map(|entry| self.read(id, entry));
        Ok(read.filter(|answer| answer.to == id).collect())
    }

    /// Makes the index of the ids around this one. Damaged responses are left out.
    fn cover(&mut self, around: DeliveryKey) -> io::Result<()> {
        self.ranges += 1;
        let fewest = (self.most.0 >> 7) as u64;
        if self.ranges > RANGES && self.lookups / self.ranges < fewest {
            self.most = (usize::MAX, usize::MAX);
        }
        if self.covered.is_none() {
            let mut file = File::open(&self.path)?;
            let is_plain = !is_gzip(&mut file)?;
            self.file = is_plain.then(|| BufReader::with_capacity(8 << 10, file));
        }
        self.entries = Vec::new();
        let mut after = NearestEntries::new(self.most.0, false);
        let mut before = NearestEntries::new(self.most.1, true);
        let input = open_at(&self.path, self.begin, self.size)?;
        scan(input, self.begin, LONGEST, |line, at| {
            if at > FARTHEST || line.starts_with(b"{\"fixture\":") {
                return;
            }
            let side = |id: DeliveryKey| match id < around {
                true => &before,
                false => &after,
            };
            if own_key(line).is_some_and(|id| side(id).is_beyond(id)) {
                return;
            }
            if let Some(entry) = self.entry(line, at)
                && !side(entry.id).is_beyond(entry.id)
            {
                match entry.id < around {
                    true => before.push(entry),
                    false => after.push(entry),
                }
            }
        })?;
        self.covered = Some((
            before.limit.unwrap_or([0, 0]),
            after.limit.unwrap_or([u64::MAX, u64::MAX]),
        ));
        self.entries = before.entries;
        self.entries.append(&mut after.entries);
        self.entries.sort_unstable();
        Ok(())
    }

    /// Entry of a response; none if the line is something else.
    fn entry(&mut self, line: &[u8], offset: u64) -> Option<AnswerEntry> {
        let line = line.trim_ascii_end();
        if !RecordedLine::is_answer(line) {
            return None;
        }
        let head = RecordedAnswer::head(line, self.edited)?;
        let known = self.targets.iter().position(|it| *it == head.target);
        let target = known.unwrap_or_else(|| {
            if self.targets.len() <= TARGETS {
                self.targets.push(head.target.into_owned());
            }
            self.targets.len() - 1
        });
        let (target, status) = (target as u64, u64::from(head.status.unwrap_or(0)));
        Some(AnswerEntry {
            id: key(&head.to),
            packed: offset << 24 | target << 16 | status,
        })
    }

    fn read(&mut self, id: &str, entry: AnswerEntry) -> Option<RecordedAnswer> {
        let Some(file) = &mut self.file else {
            let target = self.targets.get(entry.target())?;
            return Some(RecordedAnswer::outline(id, target, entry.status()));
        };
        let mut line = Vec::new();
        file.seek(SeekFrom::Start(entry.offset())).ok()?;
        file.take(LONGEST as u64)
            .read_until(b'\n', &mut line)
            .ok()?;
        // A byte order mark is only before the first line.
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        let line = line.trim_ascii_end().to_vec().into();
        let read: Result<RecordedLine, Fault> = RecordedLine::read(&line, self.edited);
        match read {
            Ok(RecordedLine::Answer(answer)) => Some(*answer),
            Ok(RecordedLine::Delivery(_)) | Err(_) => None,
        }
    }

    fn entries_of(&self, id: DeliveryKey) -> &[AnswerEntry] {
        let start = self.entries.partition_point(|it| it.id < id);
        let rest = self.entries.get(start..).unwrap_or_default();
        let end = rest.partition_point(|it| it.id == id);
        rest.get(..end).unwrap_or_default()
    }
}

/// Key of the delivery of a response, if the line is written as this tool writes it.
fn own_key(line: &[u8]) -> Option<DeliveryKey> {
    let rest = line.strip_prefix(b"{\"answer\":1,\"to\":\"")?;
    let (id, rest) = rest.split_at_checked(ulid::ULID_LEN)?;
    rest.starts_with(b"\"").then_some(())?;
    ulid_key(std::str::from_utf8(id).ok()?)
}

/// Id as a number: a ULID is one, of any other id it is a hash.
fn key(id: &str) -> DeliveryKey {
    ulid_key(id).unwrap_or_else(|| {
        let hash = Sha256::digest(id.as_bytes());
        halves(
            hash.iter()
                .take(16)
                .fold(0, |number, byte| number << 8 | u128::from(*byte)),
        )
    })
}

/// Number of a ULID in its usual form.
fn ulid_key(id: &str) -> Option<DeliveryKey> {
    let number = Ulid::from_string(id).ok()?;
    (*number.array_to_str(&mut [0; ulid::ULID_LEN]) == *id).then(|| halves(number.0))
}

fn halves(number: u128) -> DeliveryKey {
    [(number >> 64) as u64, number as u64]
}

#[cfg(test)]
mod tests {
    use super::{AnswerEntry, AnswerIndex};
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
        AnswerIndex::of(path, 0, fs::metadata(path).unwrap().len(), false)
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
        let mut found = |id: &str| -> Vec<(String, Option<u16>, Option<bytes::Bytes>)> {
            let answers = index.answers(id).unwrap().into_iter();
            answers.map(|it| (it.target, it.status, it.body)).collect()
        };
        assert_eq!(
            found(ID),
            [
                ("a".into(), Some(503), Some("attempt 1".into())),
                ("b".into(), Some(404), Some("attempt 1".into())),
                ("a".into(), Some(200), Some("attempt 2".into()))
            ]
        );
        assert_eq!(found("x"), [("a".into(), None, Some("attempt 1".into()))]);
        assert_eq!(found("X").len(), 1);
        assert_eq!(found(&ID.to_lowercase()).len(), 1);
        assert_eq!(found("y"), []);
        // What is changed after it was indexed is not taken for something else.
        fs::write(
            &path,
            text.concat().replace(ID, "01KWXYQ6EG0000000000000002"),
        )
        .unwrap();
        assert!(index.answers(ID).unwrap().is_empty());
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
        let answers = index(&path).answers("x").unwrap();
        assert_eq!(
            (
                answers[0].status,
                answers[0].target.as_str(),
                &answers[0].body
            ),
            (Some(500), "a", &None)
        );
    }

    /// Ids of deliveries, in the order of time or in none.
    fn ids(count: u128, in_order: bool) -> Vec<String> {
        let ulid = |n| ulid::Ulid((1u128 << 100) + (n << 70)).to_string();
        let other = |n| format!("delivery {}", n * 7919 % count);
        (0..count)
            .map(|n| if in_order { ulid(n) } else { other(n) })
            .collect()
    }

    #[test]
    fn an_index_of_a_part_of_the_ids_finds_the_responses_of_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ndjson");
        for (in_order, ranges) in [(true, 0), (false, 0), (false, 1000)] {
            let count = if in_order { 600 } else { 90 };
            let ids = ids(count, in_order);
            let lines = ids.iter().enumerate().map(|(at, id)| {
                let first = answer(id, "a", 1, Some(200));
                match at % 3 {
                    0 => answer(id, "a", 2, Some(500)).repeat(at % 50) + &first,
                    _ => first,
                }
            });
            fs::write(&path, lines.rev().collect::<String>()).unwrap();
            let mut index = index(&path);
            (index.most, index.ranges) = ((70, 10), ranges);
            if ranges > 0 {
                index.most = (140, 10);
            }
            for nth in 0..ids.len() {
                // As threads ask that share the work.
                let at = nth ^ 3;
                let Some(id) = ids.get(at) else { continue };
                let wanted = 1 + if at % 3 == 0 { at % 50 } else { 0 };
                assert_eq!(index.answers(id).unwrap().len(), wanted, "{at}");
                assert!(index.entries.len() < 400 || ranges > 0, "{at}");
            }
            let made = index.ranges - ranges;
            match (in_order, ranges) {
                (true, _) => assert!((5..200).contains(&made), "{made}"),
                (false, 0) => assert!(made > 10, "{made}"),
                (false, _) => assert_eq!(made, 1),
            }
        }
    }

    #[test]
    fn the_index_has_a_bounded_size() {
        // Twice as many entries while a recording is read.
        assert!(2 * size_of::<AnswerEntry>() * (super::AFTER + super::BEFORE) < 8 << 20);
    }
}
