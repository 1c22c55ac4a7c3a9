//! Follows recordings that grow (`log --follow`): reads lines as they are appended, and goes on where a recording is cut
//! or replaced.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::error::{Error, Result};
use crate::io::private_files;
use crate::io::recording::detect::LONGEST;
use crate::io::recording::lines::{Line, Lines};
use crate::io::recording::reader::Sources;
use crate::io::recording::source_input::SourcePart;
use crate::io::recording::tail::{LinesBackward, lines_before};
use crate::webhook::{Fault, Fixture, RecordedAnswer, RecordedLine};

/// Most lines of a file that are read at once.
const AT_ONCE: usize = 512;

/// Recordings that are followed.
pub struct Follow {
    files: Vec<FollowedFile>,
    /// Reports changes to `changes` while it lives; none where the system cannot, and the files are looked at in turns.
    _watcher: Option<RecommendedWatcher>,
    changes: Receiver<()>,
    /// True if there is more to read.
    more: bool,
}

/// Line that was appended.
#[derive(Debug)]
pub enum FollowedLine {
    /// Delivery.
    Delivery(Box<AppendedDelivery>),
    /// Recorded response to a delivery.
    Answer(Box<RecordedAnswer>),
    /// Something about a file that the user should know.
    Note(String),
}

/// Delivery that was appended.
#[derive(Debug)]
pub struct AppendedDelivery {
    /// Its address.
    pub address: String,
    /// The delivery, or the parse error.
    pub fixture: std::result::Result<Fixture, Fault>,
}

struct FollowedFile {
    path: PathBuf,
    file: File,
    /// Offset behind the last line read, and number of lines before it.
    offset: u64,
    number: usize,
    edited: bool,
    /// True if the file was missing when it was looked at last.
    is_missing: bool,
}

impl Follow {
    /// Starts to follow the recordings at their ends; `sources` are confined to what is before.
    pub fn start(sources: &mut Sources, edited: bool) -> Result<Follow> {
        let mut files = Vec::new();
        for input in &mut sources.files {
            let path = input.plain_recording()?.map(Path::to_owned);
            let (Some(path), SourcePart::All) = (path, &input.part) else {
                let name = input.path.as_deref().unwrap_or(Path::new("-"));
                return Err(Error::usage(format!(
                    "`{}` cannot be followed: it is no recording in one file",
                    name.display()
                ))
                .hint("the name of a recording ends in `.ndjson`"));
            };
            let followed = FollowedFile::open(path, input.size.unwrap_or_default(), edited);
            let followed = followed.map_err(|error| {
                let name = input.path.as_deref().unwrap_or(Path::new("-"));
                Error::input(format!("`{}` cannot be read: {error}", name.display()))
            })?;
            // A line without its end is read once it has one.
            input.size = Some(followed.offset);
            files.push(followed);
        }
        let (happened, changes) = sync_channel(1);
        let watcher = notify::recommended_watcher(move |_| {
            // A full channel has the news already.
            let _ = happened.try_send(());
        });
        let mut watcher = watcher.ok();
        for file in &files {
            let folder = file.path.parent().filter(|it| !it.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            if let Some(watching) = &mut watcher
                && watching.watch(folder, RecursiveMode::NonRecursive).is_err()
            {
                watcher = None;
            }
        }
        Ok(Follow {
            files,
            _watcher: watcher,
            changes,
            more: true,
        })
    }

    /// Waits for a change, at most this long, and reads what was appended.
    pub fn wait(&mut self, longest: Duration) -> Vec<FollowedLine> {
        if !self.more {
            match self.changes.recv_timeout(longest) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(longest),
            }
        }
        self.more = false;
        let mut seen = Vec::new();
        for file in &mut self.files {
            match file.read(&mut seen) {
                Ok(more) => self.more |= more,
                Err(error) => seen.push(FollowedLine::Note(format!(
                    "`{}` cannot be read: {error}",
                    file.path.display()
                ))),
            }
        }
        seen
    }
}

impl FollowedFile {
    fn open(path: PathBuf, size: u64, edited: bool) -> io::Result<FollowedFile> {
        let last = LinesBackward::new(File::open(&path)?, size).next()?;
        let offset = match last {
            Some(last) if !last.is_whole => last.offset,
            _ => size,
        };
        Ok(FollowedFile {
            number: lines_before(&path, offset)?,
            file: File::open(&path)?,
            path,
            offset,
            edited,
            is_missing: false,
        })
    }

    /// Reads appended lines; true if there may be more.
    fn read(&mut self, seen: &mut Vec<FollowedLine>) -> io::Result<bool> {
        let name = self.path.display().to_string();
        let length = self.file.metadata()?.len();
        if length < self.offset {
            seen.push(FollowedLine::Note(format!(
                "`{name}` became shorter; following it from its beginning"
            )));
            (self.offset, self.number) = (0, 0);
        }
        if length > self.offset && self.read_to(length, &name, seen)? {
            return Ok(true);
        }
        // What was replaced is read to its end first.
        match File::open(&self.path) {
            Ok(file) => {
                self.is_missing = false;
                if !private_files::is_same(&self.file, &file)? {
                    seen.push(FollowedLine::Note(format!(
                        "`{name}` was replaced; following the new file"
                    )));
                    (self.file, self.offset, self.number) = (file, 0, 0);
                    return Ok(true);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !std::mem::replace(&mut self.is_missing, true) {
                    seen.push(FollowedLine::Note(format!(
                        "`{name}` was removed; waiting for it to come back"
                    )));
                }
            }
            Err(error) => return Err(error),
        }
        Ok(false)
    }

    /// Reads the lines up to an offset; true if there are more than are read at once.
    fn read_to(
        &mut self,
        length: u64,
        name: &str,
        seen: &mut Vec<FollowedLine>,
    ) -> io::Result<bool> {
        let mut input = self.file.try_clone()?;
        input.seek(SeekFrom::Start(self.offset))?;
        let input = Box::new(input.take(length - self.offset));
        let mut lines = Lines::at(input, LONGEST, self.offset, self.number);
        for _ in 0..AT_ONCE {
            let line = match lines.next()? {
                // The end of the line is not written yet.
                Line::Torn(_) | Line::End => return Ok(false),
                Line::TooLong => None,
                Line::Whole(line) => Some(line),
            };
            (self.offset, self.number) = (lines.offset(), lines.number());
            let Some(line) = line else { continue };
            let line = line.slice(..line.trim_ascii_end().len());
            if line.is_empty() {
                continue;
            }
            let address = format!("{name}:{}", self.number);
            let fixture = match RecordedLine::read(&line, self.edited) {
                Ok(RecordedLine::Answer(answer)) => {
                    seen.push(FollowedLine::Answer(answer));
                    continue;
                }
                Ok(RecordedLine::Delivery(fixture)) => Ok(*fixture),
                Err(fault) => Err(Fault {
                    line: self.number,
                    ..fault
                }),
            };
            seen.push(FollowedLine::Delivery(Box::new(AppendedDelivery {
                address,
                fixture,
            })));
        }
        Ok(true)
    }
}
