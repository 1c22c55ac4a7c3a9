//! Reads deliveries back: from recordings, fixtures, folders of both, and standard input.
//!
//! One delivery is in memory at a time. A folder is read in the order of its files' paths, which is the order of
//! time for what was recorded into it, because the names begin with the time.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::webhook::{Fault, Fixture};

/// A delivery with the place it comes from.
#[derive(Debug)]
pub struct Item {
    /// The place: `recording.ndjson:12`, `fixtures/click.json`, `stdin:3`.
    pub source: String,
    /// What stands there, or what is wrong with it. In a recording, the fault's line is the file's.
    pub fixture: std::result::Result<Fixture, Fault>,
}

/// The deliveries of all sources, one after the other.
pub struct Sources {
    waiting: VecDeque<Place>,
    reading: Option<Lines>,
    notes: Vec<String>,
}

enum Place {
    File(PathBuf),
    Stdin,
}

/// A line that is longer than this is passed over and said.
const LONGEST_LINE: u64 = 256 << 20;

/// Opens sources. Each must exist; what is in them is read as it is asked for.
pub fn open(paths: &[String]) -> Result<Sources> {
    let mut waiting = VecDeque::new();
    for path in paths {
        if path == "-" {
            waiting.push_back(Place::Stdin);
            continue;
        }
        let cannot = |error: &io::Error| match error.kind() {
            io::ErrorKind::NotFound => Error::input(format!("`{path}` does not exist")),
            _ => Error::input(format!("`{path}` cannot be read: {error}")),
        };
        let about = fs::metadata(path).map_err(|error| cannot(&error))?;
        if about.is_dir() {
            let mut files = Vec::new();
            walk(Path::new(path), &mut files).map_err(|error| cannot(&error))?;
            if files.is_empty() {
                return Err(Error::input(format!(
                    "there is no `.json` and no `.ndjson` file in `{path}`"
                )));
            }
            files.sort();
            waiting.extend(files.into_iter().map(Place::File));
        } else {
            // Now rather than in the middle of a run.
            File::open(path).map_err(|error| cannot(&error))?;
            waiting.push_back(Place::File(path.into()));
        }
    }
    Ok(Sources {
        waiting,
        reading: None,
        notes: Vec::new(),
    })
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // A link to a folder is not followed: it could lead back here.
        if is_hidden {
        } else if entry.file_type()?.is_dir() {
            walk(&path, files)?;
        } else if is_recording(&path) || path.extension().is_some_and(|end| end == "json") {
            files.push(path);
        }
    }
    Ok(())
}

fn is_recording(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end == "ndjson" || end == "jsonl")
}

impl Sources {
    /// What was odd about the sources without being an error, since this was last asked.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Begins with the next place. A file that is one delivery is that item.
    fn begin(&mut self, place: Place) -> Option<Item> {
        let (name, input): (String, Box<dyn Read + Send>) = match place {
            Place::Stdin => ("stdin".into(), Box::new(io::stdin())),
            Place::File(path) => {
                let name = path.display().to_string();
                match File::open(&path) {
                    Ok(file) if is_recording(&path) => {
                        self.reading = Some(Lines::new(name, Box::new(file)));
                        return None;
                    }
                    Ok(file) => (name, Box::new(file)),
                    Err(error) => return Some(unreadable(name, 1, &error)),
                }
            }
        };
        // What is no recording by its name may be one by its content.
        let mut lines = Lines::new(name, input);
        match lines.rest_if_document() {
            Ok(Some(text)) => Some(Item {
                source: lines.name,
                fixture: Fixture::read(&text),
            }),
            Ok(None) => {
                self.reading = Some(lines);
                None
            }
            Err(error) => Some(unreadable(lines.name, 1, &error)),
        }
    }
}

impl Iterator for Sources {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(lines) = &mut self.reading {
                match lines.next(&mut self.notes) {
                    Some(item) => return Some(item),
                    None => self.reading = None,
                }
            }
            let place = self.waiting.pop_front()?;
            if let Some(item) = self.begin(place) {
                return Some(item);
            }
        }
    }
}

fn unreadable(source: String, line: usize, error: &io::Error) -> Item {
    let reason = format!("cannot be read: {error}");
    Item {
        source,
        fixture: Err(Fault {
            line,
            column: 1,
            reason,
        }),
    }
}

/// A recording, line by line.
struct Lines {
    name: String,
    input: BufReader<Box<dyn Read + Send>>,
    number: usize,
    line: Vec<u8>,
    /// Whether `line` was read and not used.
    ahead: bool,
    failed: bool,
}

/// How a line ended.
enum Ended {
    Whole,
    /// The last one, without a line break.
    Torn,
    TooLong,
    End,
}

impl Lines {
    fn new(name: String, input: Box<dyn Read + Send>) -> Self {
        Self {
            name,
            input: BufReader::with_capacity(256 << 10, input),
            number: 0,
            line: Vec::new(),
            ahead: false,
            failed: false,
        }
    }

    /// Reads a line without its line break, and without the mark that some editors put in front of a file.
    fn read(&mut self) -> io::Result<Ended> {
        if std::mem::take(&mut self.ahead) {
            return Ok(Ended::Whole);
        }
        if self.line.capacity() > 1 << 20 {
            self.line = Vec::new();
        }
        self.line.clear();
        self.number += 1;
        (&mut self.input)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut self.line)?;
        if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
            self.line.drain(..3);
        }
        if self.line.ends_with(b"\n") {
            self.line.pop();
            Ok(Ended::Whole)
        } else if self.line.len() as u64 + 3 >= LONGEST_LINE {
            self.line = Vec::new();
            self.input.skip_until(b'\n')?;
            Ok(Ended::TooLong)
        } else if self.line.is_empty() {
            Ok(Ended::End)
        } else {
            Ok(Ended::Torn)
        }
    }

    fn next(&mut self, notes: &mut Vec<String>) -> Option<Item> {
        while !self.failed {
            let read = self.read();
            let source = format!("{}:{}", self.name, self.number);
            let line = self.line.trim_ascii_end();
            let fixture = match read {
                Ok(Ended::End) => return None,
                Ok(Ended::Whole | Ended::Torn) if line.is_empty() => continue,
                Ok(Ended::Whole) => Fixture::read_line(line),
                Ok(Ended::Torn) => match Fixture::read_line(line) {
                    Ok(fixture) => Ok(fixture),
                    Err(_) => {
                        notes.push(format!(
                            "{source}: the last line is unfinished and was set aside"
                        ));
                        return None;
                    }
                },
                Ok(Ended::TooLong) => {
                    let reason = format!("the line is longer than {} MiB", LONGEST_LINE >> 20);
                    Err(Fault {
                        line: 1,
                        column: 1,
                        reason,
                    })
                }
                Err(error) => {
                    self.failed = true;
                    return Some(unreadable(source, self.number, &error));
                }
            };
            let fixture = fixture.map_err(|fault| Fault {
                line: self.number,
                ..fault
            });
            return Some(Item { source, fixture });
        }
        None
    }

    /// The whole text, if it is one JSON document rather than a recording.
    ///
    /// It is a recording if its first line is whole JSON and more follows, or begins as our recordings do.
    fn rest_if_document(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut text = Vec::new();
        loop {
            let read = self.read()?;
            let blank = self.line.trim_ascii().is_empty();
            match read {
                Ended::Whole if blank => {
                    text.extend_from_slice(&self.line);
                    text.push(b'\n');
                    continue;
                }
                Ended::Whole => {}
                Ended::TooLong => return Err(io::Error::other("its first line is too long")),
                // One line without an end, or nothing at all: a document, be it good or bad.
                Ended::Torn | Ended::End => {
                    text.extend_from_slice(&self.line);
                    return Ok(Some(text));
                }
            }
            break;
        }
        // Nothing more is read to find out about our own: somebody may be writing it at this moment.
        let ours =
            self.line.starts_with(b"{\"fixture\":1,") && Fixture::read_line(&self.line).is_ok();
        let whole = ours || serde_json::from_slice::<serde::de::IgnoredAny>(&self.line).is_ok();
        if ours || (whole && !self.input.fill_buf()?.trim_ascii().is_empty()) {
            self.ahead = true;
            return Ok(None);
        }
        text.extend_from_slice(&self.line);
        text.push(b'\n');
        (&mut self.input)
            .take(LONGEST_LINE)
            .read_to_end(&mut text)?;
        match self.input.fill_buf()? {
            [] => Ok(Some(text)),
            _ => Err(io::Error::other(format!(
                "it is larger than {} MiB",
                LONGEST_LINE >> 20
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, Lines, open};
    use crate::webhook::{Delivery, Fixture, Headers};
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

    /// What is read from the path, with the folder's own path left out.
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
    fn a_torn_last_line_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        for tail in ["{\"fixture\":1,\"requ", "\0\0\0", "{{{{"] {
            fs::write(dir.path().join("r.ndjson"), format!("{}{tail}", line("1"))).unwrap();
            let (items, notes) = read(dir.path(), "r.ndjson");
            assert_eq!(items, ["r.ndjson:1 1"]);
            assert_eq!(
                notes,
                ["r.ndjson:2: the last line is unfinished and was set aside"]
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
            let mut lines = Lines::new("stdin".into(), input);
            match lines.rest_if_document().unwrap() {
                Some(document) => assert!(is_document && document == text.as_bytes(), "{text}"),
                None => {
                    assert!(!is_document, "{text}");
                    let first = lines.next(&mut Vec::new()).unwrap();
                    assert_eq!(
                        first.source,
                        format!(
                            "stdin:{}",
                            text.lines()
                                .take_while(|line| line.trim().is_empty())
                                .count()
                                + 1
                        )
                    );
                    assert_eq!(first.fixture.is_ok(), text.contains("fixture"));
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
}
