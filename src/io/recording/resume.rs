//! Journal of `replay --resume`: one line per delivery that is done, so that an interrupted run continues where it
//! ended.
//!
//! A line is written once the response was read, which survives `kill -9`; lines are synced in groups, which bounds the
//! loss on power failure. A torn or damaged line is ignored, and its delivery is sent again: a delivery may be sent
//! twice, but none is left out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::io::private_files;
use crate::io::private_files::sync_folder_of;
use crate::io::recording::reader::SourcePosition;

/// Lines written between two syncs.
const GROUP: usize = 64;

/// Identity of a run: a journal can be continued only by a run with the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunIdentity {
    /// Target URL.
    pub target: String,
    /// Text that differs if other deliveries are sent: filters, reordering.
    pub choice: String,
    /// Hash of the sources, from [`Sources::identity`](super::reader::Sources::identity).
    pub identity: String,
    /// Bytes of each of the first sources that were hashed.
    pub heads: Vec<u64>,
    /// Seed of the random choices.
    pub seed: u64,
}

/// One delivery of a run, with the skipped ones before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResumeStep {
    /// Number of the first delivery covered: those before this one that are not sent.
    pub first: u64,
    /// Number of the delivery, from 1.
    pub number: u64,
    /// Position after the delivery in the sources.
    pub after: SourcePosition,
}

/// Way in which a delivery was completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// Accepted by the handler.
    Accepted,
    /// Rejected for good.
    Refused,
    /// Not accepted, and recorded in the file of `--failed-to`.
    Kept,
}

/// Work completed by earlier runs.
#[derive(Clone, Debug, Default)]
pub struct CompletedWork {
    /// Ranges of completed numbers, keyed by their first; each with its last and the position after it.
    runs: BTreeMap<u64, (u64, SourcePosition)>,
    /// Deliveries accepted.
    pub accepted: u64,
    /// Deliveries rejected for good, or recorded in the file of `--failed-to`.
    pub refused: u64,
    /// Torn or damaged lines.
    pub damaged: u64,
}

/// Journal opened for writing.
#[derive(Debug)]
pub struct ResumeJournal {
    path: PathBuf,
    file: File,
    unsynced: usize,
}

/// Opens or creates a journal. `identity` returns the identity of this run, given that of the earlier one.
pub fn open(
    path: &Path,
    identity: impl FnOnce(Option<&RunIdentity>) -> Result<RunIdentity>,
) -> Result<(ResumeJournal, CompletedWork, RunIdentity)> {
    let cannot = |why: &str| {
        Error::usage(format!(
            "cannot keep a journal in `{}`: {why}",
            path.display()
        ))
    };
    let file = private_files::open(path).map_err(|error| cannot(&error.to_string()))?;
    let about = file
        .metadata()
        .map_err(|error| cannot(&error.to_string()))?;
    if !about.is_file() {
        return Err(cannot("it is not a regular file"));
    }
    if !private_files::lock(&file).map_err(|error| cannot(&error.to_string()))? {
        return Err(cannot("another run writes it"));
    }
    let mut journal = ResumeJournal {
        path: path.to_owned(),
        file,
        unsynced: 0,
    };
    let io = |error: io::Error| cannot(&error.to_string());
    journal.file.rewind().map_err(io)?;
    let (before, completed, good) =
        read(BufReader::with_capacity(256 << 10, &journal.file)).map_err(io)?;
    if before.is_none() && !journal.is_new(good).map_err(io)? {
        return Err(Error::input(format!("`{}` is no journal", path.display()))
            .hint("`--resume` takes a file of its own, which need not exist yet"));
    }
    // A torn line is cut off, so that the next line does not follow a part of one.
    journal.file.set_len(good).map_err(io)?;
    journal.file.seek(SeekFrom::End(0)).map_err(io)?;
    let now = identity(before.as_ref())?;
    match &before {
        Some(before) => differs(before, &now, path)?,
        None => {
            let line = json!({
                "journal": 1, "target": now.target, "choice": now.choice, "identity": now.identity,
                "heads": now.heads, "seed": now.seed,
            });
            journal
                .file
                .write_all(format!("{line}\n").as_bytes())
                .map_err(io)?;
            journal.file.sync_all().map_err(io)?;
            sync_folder_of(path).map_err(io)?;
        }
    }
    Ok((journal, completed, now))
}

fn differs(before: &RunIdentity, now: &RunIdentity, path: &Path) -> Result<()> {
    let other = |what: &str| {
        Err(Error::usage(format!(
            "`{}` is the journal of a run {what}",
            path.display()
        ))
        .hint("another run needs another journal"))
    };
    if before.target != now.target {
        return other(&format!("to {}, not to {}", before.target, now.target));
    }
    if before.identity != now.identity {
        return other("with other sources, or they were changed since");
    }
    if before.choice != now.choice || before.seed != now.seed {
        return other(&format!("that sent other deliveries ({})", before.choice));
    }
    Ok(())
}

impl ResumeJournal {
    /// Writes the line of a completed delivery.
    pub fn note(&mut self, step: ResumeStep, done: Completion) -> std::result::Result<(), String> {
        let word = match done {
            Completion::Accepted => "accepted",
            Completion::Refused => "refused",
            Completion::Kept => "kept",
        };
        let SourcePosition {
            file,
            offset,
            number,
        } = step.after;
        let text = format!(
            "{} {} {file} {offset} {number} {word}",
            step.first, step.number
        );
        let line = format!("{text} {:08x}\n", crc32c::crc32c(text.as_bytes()));
        self.file
            .write_all(line.as_bytes())
            .map_err(|error| self.cannot(&error))?;
        self.unsynced += 1;
        if self.unsynced >= GROUP {
            self.sync()
        } else {
            Ok(())
        }
    }

    /// Syncs the lines written so far.
    pub fn sync(&mut self) -> std::result::Result<(), String> {
        if self.unsynced > 0 {
            self.file.sync_data().map_err(|error| self.cannot(&error))?;
            self.unsynced = 0;
        }
        Ok(())
    }

    fn cannot(&self, error: &io::Error) -> String {
        format!(
            "cannot write the journal `{}`: {error}",
            self.path.display()
        )
    }

    /// True if the file holds nothing but a part of its first line, left by a crash.
    fn is_new(&mut self, good: u64) -> io::Result<bool> {
        let begins = b"{\"journal\":1,";
        let mut head = Vec::new();
        self.file.rewind()?;
        (&mut self.file)
            .take(begins.len() as u64)
            .read_to_end(&mut head)?;
        Ok(good == 0 && begins.starts_with(&head))
    }
}

/// Parses a journal: identity of its run, completed work, and length in bytes up to the last line break.
pub fn read(mut journal: impl BufRead) -> io::Result<(Option<RunIdentity>, CompletedWork, u64)> {
    let (mut identity, mut completed, mut good) = (None, CompletedWork::default(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        // Lines are short; a longer one is no line of a journal, and is read in pieces that are ignored.
        let read = (&mut journal).take(1 << 20).read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") && read < 1 << 20 {
            return Ok((identity, completed, good));
        }
        if good == 0 {
            identity = read_errand(&line);
            if identity.is_none() {
                return Ok((None, completed, read as u64));
            }
        } else {
            completed.read(&line);
        }
        good += read as u64;
    }
}

fn read_errand(line: &[u8]) -> Option<RunIdentity> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let text = |name: &str| Some(line.get(name)?.as_str()?.to_owned());
    (line.get("journal")? == 1).then_some(())?;
    Some(RunIdentity {
        target: text("target")?,
        choice: text("choice")?,
        identity: text("identity")?,
        heads: line
            .get("heads")?
            .as_array()?
            .iter()
            .filter_map(Value::as_u64)
            .collect(),
        seed: line.get("seed")?.as_u64()?,
    })
}

impl CompletedWork {
    /// True if the delivery with this number is done.
    pub fn has(&self, number: u64) -> bool {
        let run = self.runs.range(..=number).next_back();
        run.is_some_and(|(_, (last, _))| *last >= number)
    }

    /// Last number up to which everything is done, and the position after it.
    pub fn start(&self) -> (u64, SourcePosition) {
        self.runs.get(&1).copied().unwrap_or_default()
    }

    /// Adds a line; a torn or damaged one only counts as damaged.
    pub fn read(&mut self, line: &[u8]) {
        match read_line(line) {
            Some((step, Completion::Accepted)) => {
                self.accepted += 1;
                self.add(step);
            }
            Some((step, Completion::Refused | Completion::Kept)) => {
                self.refused += 1;
                self.add(step);
            }
            None => self.damaged += 1,
        }
    }

    fn add(&mut self, step: ResumeStep) {
        let (mut first, mut last, mut after) = (step.first, step.number, step.after);
        // Adjoining and overlapping ranges are merged.
        while let Some((other, (end, place))) =
            self.runs.range(..=last.saturating_add(1)).next_back()
        {
            let (other, end, place) = (*other, *end, *place);
            if end.saturating_add(1) < first {
                break;
            }
            self.runs.remove(&other);
            first = first.min(other);
            if end > last {
                (last, after) = (end, place);
            }
        }
        self.runs.insert(first, (last, after));
    }
}

fn read_line(line: &[u8]) -> Option<(ResumeStep, Completion)> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (text, sum) = line.rsplit_once(' ')?;
    if sum != format!("{:08x}", crc32c::crc32c(text.as_bytes())) {
        return None;
    }
    let mut words = text.split(' ');
    let mut number = || words.next()?.parse::<u64>().ok();
    let (first, own) = (number()?, number()?);
    let after = SourcePosition {
        file: number()?.try_into().ok()?,
        offset: number()?,
        number: number()?.try_into().ok()?,
    };
    let done = match words.next()? {
        "accepted" => Completion::Accepted,
        "refused" => Completion::Refused,
        "kept" => Completion::Kept,
        _ => return None,
    };
    let fits = (1..=own).contains(&first) && words.next().is_none();
    fits.then_some((
        ResumeStep {
            first,
            number: own,
            after,
        },
        done,
    ))
}

#[cfg(test)]
mod tests {
    use super::{CompletedWork, Completion, ResumeStep, RunIdentity, SourcePosition, open};
    use proptest::prelude::*;
    use std::fs;
    use std::path::Path;

    fn identity(target: &str) -> RunIdentity {
        RunIdentity {
            target: target.into(),
            choice: "all".into(),
            identity: "abc".into(),
            heads: vec![3],
            seed: 7,
        }
    }

    fn step(first: u64, number: u64) -> ResumeStep {
        let after = SourcePosition {
            file: 0,
            offset: number * 10,
            number: number as usize,
        };
        ResumeStep {
            first,
            number,
            after,
        }
    }

    fn completed(path: &Path) -> CompletedWork {
        open(path, |_| Ok(identity("a"))).unwrap().1
    }

    #[test]
    fn what_was_noted_is_known_the_next_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let (mut journal, past_before, _) = open(&path, |before| {
            assert!(before.is_none());
            Ok(identity("a"))
        })
        .unwrap();
        assert!(!past_before.has(1) && past_before.start() == (0, SourcePosition::default()));
        for (first, number) in [(1, 1), (2, 5), (7, 7), (8, 8)] {
            journal
                .note(step(first, number), Completion::Accepted)
                .unwrap();
        }
        journal.note(step(12, 12), Completion::Refused).unwrap();
        // A second run with the same journal is refused while this one is running.
        assert!(
            open(&path, |_| Ok(identity("a")))
                .unwrap_err()
                .what()
                .contains("another run")
        );
        drop(journal);
        let completed = completed(&path);
        let done: Vec<u64> = (0..20).filter(|number| completed.has(*number)).collect();
        assert_eq!(done, [1, 2, 3, 4, 5, 7, 8, 12]);
        assert_eq!((completed.start().0, completed.start().1.offset), (5, 50));
        assert_eq!(
            (completed.accepted, completed.refused, completed.damaged),
            (4, 1, 0)
        );
    }

    #[test]
    fn another_errand_is_refused_with_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        drop(open(&path, |_| Ok(identity("http://a/"))).unwrap());
        let other = |now: RunIdentity| open(&path, |_| Ok(now)).unwrap_err().what().to_owned();
        assert!(other(identity("http://b/")).contains("to http://a/, not to http://b/"));
        assert!(
            other(RunIdentity {
                identity: "x".into(),
                ..identity("http://a/")
            })
            .contains("other sources")
        );
        assert!(
            other(RunIdentity {
                choice: "x".into(),
                ..identity("http://a/")
            })
            .contains("other deliveries")
        );
        assert!(open(&path, |before| Ok(before.unwrap().clone())).is_ok());
        for text in ["{\"fixture\":1}\n", "{\"fixture\":1}", "notes"] {
            fs::write(&path, text).unwrap();
            let error = open(&path, |_| Ok(identity("a"))).unwrap_err();
            assert_eq!(
                (error.exit() as u8, error.what().contains("is no journal")),
                (3, true)
            );
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_torn_journal_says_what_is_whole_and_goes_on_behind_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let mut journal = open(&path, |_| Ok(identity("a"))).unwrap().0;
        for number in 1..=3 {
            journal
                .note(step(number, number), Completion::Accepted)
                .unwrap();
        }
        drop(journal);
        let whole = fs::read(&path).unwrap();
        let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
        for cut in 0..=whole.len() {
            for tail in [&b""[..], b"\0\0\0", b"9 9 0 0 0 acc"] {
                let tail = if cut > ends[0] { tail } else { b"" };
                fs::write(&path, [&whole[..cut], tail].concat()).unwrap();
                let lines = ends.iter().filter(|end| **end < cut).count();
                let (mut journal, completed, _) = open(&path, |_| Ok(identity("a"))).unwrap();
                assert_eq!(completed.accepted, lines.saturating_sub(1) as u64, "{cut}");
                journal.note(step(4, 4), Completion::Accepted).unwrap();
                drop(journal);
                assert!(self::completed(&path).has(4), "{cut}");
            }
        }
        // A flipped digit must not skip a delivery that was never sent.
        let damaged = String::from_utf8(whole)
            .unwrap()
            .replace("\n2 2 ", "\n2 3 ");
        fs::write(&path, damaged).unwrap();
        let completed = completed(&path);
        assert_eq!(
            (completed.has(2), completed.has(3), completed.damaged),
            (false, true, 1)
        );
    }

    proptest! {
        #[test]
        fn any_order_of_steps_comes_to_the_same(mut steps in Just((1..60u64).collect::<Vec<_>>()).prop_shuffle(), missing in 0..30usize) {
            steps.truncate(59 - missing);
            let mut completed = CompletedWork::default();
            for number in &steps {
                completed.add(step(*number, *number));
            }
            for number in 0..70 {
                prop_assert_eq!(completed.has(number), steps.contains(&number));
            }
            let start = (1..).take_while(|number| steps.contains(number)).last().unwrap_or(0);
            prop_assert_eq!((completed.start().0, completed.start().1.offset), (start, start * 10));
        }

        #[test]
        fn any_line_is_read_without_a_crash(line: Vec<u8>) {
            CompletedWork::default().read(&line);
        }
    }
}
