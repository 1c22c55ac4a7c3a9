//! Finds the files of the sources given, and the deliveries that an address names in them.
//!
//! Lines of a plain recording are found without parsing what is before them; from its end, without reading what is
//! before them. Other files are read through once.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;

use crate::error::{Error, Result};
use crate::io::recording::detect::{Class, LONGEST};
use crate::io::recording::last::{Tail, from, last_line};
use crate::io::recording::lines::{Line, Lines};
use crate::io::recording::reader::Sources;
use crate::io::recording::source_input::{SourceInput, SourcePart, files_in};
use crate::webhook::{Fixture, Place, RecordedAnswer, SourceAddress};

/// Most deliveries named in the error for an ambiguous id.
const CANDIDATES: usize = 6;

/// Opens sources. Each must exist, and so must the deliveries that an address names; their content is read by the
/// iterator. A file under the whole name wins over an address.
pub fn open(sources: &[String]) -> Result<Sources> {
    let mut files = Vec::new();
    for source in sources {
        files.extend(files_of(source)?);
    }
    Ok(Sources::of(files))
}

/// Opens sources for `--watch`: a folder may be empty, and a file may be missing.
pub fn open_watched(sources: &[String]) -> Result<Sources> {
    let mut files = Vec::new();
    for source in sources {
        let is_empty = match fs::metadata(source) {
            Ok(about) => about.is_dir() && files_in(source)?.is_empty(),
            Err(error) => {
                error.kind() == io::ErrorKind::NotFound && SourceAddress::parse(source).is_none()
            }
        };
        if !is_empty {
            files.extend(files_of(source)?);
        }
    }
    Ok(Sources::of(files))
}

fn files_of(given: &str) -> Result<Vec<SourceInput>> {
    if given == "-" {
        return Ok(vec![stdin(SourcePart::All)]);
    }
    let failed = match fs::metadata(given) {
        Ok(_) => return whole(given),
        Err(error) => error,
    };
    let missing = || match failed.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            Error::input(format!("`{given}` does not exist"))
        }
        _ => unreadable(given, &failed),
    };
    let Some(address) = SourceAddress::parse(given) else {
        return Err(missing());
    };
    let source = given.rsplit_once(':').map_or(given, |(source, _)| source);
    let is_file = fs::metadata(source).is_ok();
    // Deliveries from `-` are printed as `stdin:3`.
    let is_stdin = source == "-" || (source == "stdin" && !is_file);
    if !is_stdin && !is_file {
        return Err(missing());
    }
    let address = address.map_err(|fault| {
        Error::usage(format!("`{given}` names no delivery: {fault}")).hint(format!(
            "write `{source}:12`, `{source}:-1` or `{source}:3-7`, or an id behind the `:`"
        ))
    })?;
    if is_stdin {
        return match address.place {
            Place::Line(line) => Ok(vec![stdin(SourcePart::Numbers(line, line))]),
            Place::Lines(first, last) => Ok(vec![stdin(SourcePart::Numbers(first, last))]),
            Place::FromEnd(_) | Place::Id(_) => Err(Error::usage(format!(
                "`{given}` names no delivery: stdin is read once, and only lines of it can be named"
            ))
            .hint("keep it in a file first")),
        };
    }
    let files = whole(source)?;
    let found = SourceSearch {
        source,
        files: &files,
    };
    match &address.place {
        Place::Line(line) => found.lines(*line, *line),
        Place::Lines(first, last) => found.lines(*first, *last),
        Place::FromEnd(count) => found.counted_back(*count),
        Place::Id(id) => found.id(id),
    }
}

fn stdin(part: SourcePart) -> SourceInput {
    SourceInput {
        path: None,
        size: None,
        part,
    }
}

fn unreadable(path: &str, error: &io::Error) -> Error {
    Error::input(format!("`{path}` cannot be read: {error}"))
}

/// Returns the file, or the files of the folder.
fn whole(path: &str) -> Result<Vec<SourceInput>> {
    let cannot = |error: io::Error| unreadable(path, &error);
    let about = fs::metadata(path).map_err(cannot)?;
    let file = |path: PathBuf, size| SourceInput {
        path: Some(path),
        size,
        part: SourcePart::All,
    };
    if about.is_dir() {
        let found = files_in(path)?;
        if found.is_empty() {
            return Err(Error::input(format!(
                "there is no `.json`, `.ndjson`, `.har` or `.http` file in `{path}`"
            )));
        }
        let files = found.into_iter();
        return Ok(files.map(|(path, size)| file(path, Some(size))).collect());
    }
    if !about.is_file() {
        return Ok(vec![file(path.into(), None)]);
    }
    // A file that cannot be opened is an error now rather than in the middle of a run.
    File::open(path).map_err(cannot)?;
    Ok(vec![file(path.into(), Some(about.len()))])
}

/// Search for deliveries in the files of a source.
struct SourceSearch<'a> {
    source: &'a str,
    files: &'a [SourceInput],
}

/// Delivery that was found.
struct FoundDelivery {
    input: SourceInput,
    /// Address, for messages.
    address: String,
    id: String,
}

impl SourceSearch<'_> {
    /// Finds the deliveries of these lines. In a folder, its deliveries are counted in order.
    fn lines(&self, first: usize, last: usize) -> Result<Vec<SourceInput>> {
        if let [file] = self.files {
            if let Some(path) = file.plain_recording()? {
                return self.lines_of(path, file, first, last);
            }
            if file.size.is_none() {
                return Ok(vec![numbered(file, first, last)]);
            }
            let numbers: Vec<usize> = deliveries(file).map(|(number, _)| number).collect();
            let is_there = |number: usize| numbers.contains(&number);
            return match numbers.iter().any(|it| (first..=last).contains(it))
                && (first == last || is_there(last))
            {
                true => Ok(vec![numbered(file, first, last)]),
                false => Err(self.absent(numbers.len(), numbers.last().copied())),
            };
        }
        let mut found = Vec::new();
        let mut count = 0;
        for file in self.files {
            for (number, _) in deliveries(file) {
                count += 1;
                if (first..=last).contains(&count) {
                    found.push(numbered(file, number, number));
                }
            }
            if count >= last {
                return Ok(found);
            }
        }
        Err(self.absent(count, None))
    }

    /// Finds lines of a plain recording; only as much is read.
    fn lines_of(
        &self,
        path: &Path,
        file: &SourceInput,
        first: usize,
        last: usize,
    ) -> Result<Vec<SourceInput>> {
        let cannot = |error: io::Error| unreadable(self.source, &error);
        let size = file.size.unwrap_or_default();
        let input = || -> Result<_> { Ok(File::open(path).map_err(cannot)?.take(size)) };
        let Some(offset) = offset_behind(input()?, first - 1).map_err(cannot)? else {
            return Err(self.beyond(path, size)?);
        };
        let mut start = input()?;
        io::Seek::seek(start.get_mut(), io::SeekFrom::Start(offset)).map_err(cannot)?;
        start.set_limit(size.saturating_sub(offset));
        let mut lines = Lines::at(Box::new(start), LONGEST, offset, first - 1);
        let mut odd = None;
        let mut end = offset;
        let mut is_any = false;
        while lines.number() < last {
            let line = lines.next().map_err(cannot)?;
            let class = Class::of(&line);
            end = lines.offset();
            match class {
                Class::End => return Err(self.beyond(path, size)?),
                Class::Delivery => is_any = true,
                Class::Answer | Class::Blank | Class::Torn => odd = Some((class, line)),
            }
        }
        if is_any {
            return Ok(vec![SourceInput {
                part: SourcePart::Between {
                    offset,
                    number: Some(first - 1),
                    end,
                },
                ..file.clone()
            }]);
        }
        Err(self.without_delivery(first, last, odd))
    }

    /// Error for lines without a delivery; `odd` is the last of them.
    fn without_delivery(&self, first: usize, last: usize, odd: Option<(Class, Line)>) -> Error {
        let line = if first == last {
            format!("line {first} of `{}`", self.source)
        } else {
            format!("lines {first} to {last} of `{}`", self.source)
        };
        match odd {
            Some((Class::Answer, Line::Whole(answer) | Line::Torn(answer))) if first == last => {
                let error = Error::input(format!("{line} is a recorded response"));
                match RecordedAnswer::head(answer.trim_ascii_end(), true) {
                    Some(head) => {
                        error.hint(format!("its delivery is `{}:{}`", self.source, head.to))
                    }
                    None => error,
                }
            }
            Some((Class::Torn, _)) if first == last => {
                Error::input(format!("{line} is unfinished: its end was never written"))
            }
            Some((Class::Blank, _)) if first == last => Error::input(format!("{line} is blank")),
            _ => Error::input(format!("{line} hold no delivery")),
        }
    }

    /// Finds the delivery at this place from the end.
    fn counted_back(&self, count: usize) -> Result<Vec<SourceInput>> {
        let mut before = 0;
        for file in self.files.iter().rev() {
            if let Some(path) = file.plain_recording()? {
                let cannot = |error: io::Error| unreadable(self.source, &error);
                match last_line(path, file, count - before, |_, is_answer| !is_answer)
                    .map_err(cannot)?
                {
                    Tail::Found(line) => {
                        let mut part = from(path, file, &line).map_err(cannot)?;
                        if let SourcePart::Between { end, .. } = &mut part {
                            *end = line.end;
                        }
                        return Ok(vec![SourceInput {
                            part,
                            ..file.clone()
                        }]);
                    }
                    Tail::Fewer(deliveries) => before += deliveries,
                }
                continue;
            }
            if file.size.is_none() {
                return Err(Error::usage(format!(
                    "`{}` is a pipe, and only lines of it can be named",
                    self.source
                )));
            }
            let numbers: Vec<usize> = deliveries(file).map(|(number, _)| number).collect();
            let place = (before + numbers.len()).checked_sub(count);
            if let Some(number) = place.and_then(|at| numbers.get(at)) {
                return Ok(vec![numbered(file, *number, *number)]);
            }
            before += numbers.len();
        }
        Err(self.absent(before, None))
    }

    /// Finds the delivery with this id, or the only one whose id begins so.
    fn id(&self, wanted: &str) -> Result<Vec<SourceInput>> {
        let mut found: Vec<FoundDelivery> = Vec::new();
        let mut more = 0usize;
        for file in self.files {
            if file.size.is_none() {
                return Err(Error::usage(format!(
                    "`{}` is a pipe, and only lines of it can be named",
                    self.source
                )));
            }
            self.ids_of(file, wanted, &mut |one| match found.len() {
                ..CANDIDATES => found.push(one),
                // A whole id wins over longer ones, wherever it is.
                _ if one.id == wanted => found.insert(0, one),
                _ => more += 1,
            })?;
        }
        let exact = found.iter().filter(|one| one.id == wanted).count();
        if exact == 1 {
            found.retain(|one| one.id == wanted);
        }
        if found.len() > 1 {
            let count = found.len() + more;
            let named = found.iter().take(CANDIDATES);
            let named: Vec<String> = named
                .map(|one| format!("`{}` ({})", one.address, one.id))
                .collect();
            let more = match count - named.len() {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            return Err(Error::input(format!(
                "{count} deliveries of `{}` have an id that is or begins with `{wanted}`: {}{more}",
                self.source,
                named.join(", ")
            )));
        }
        match found.pop() {
            Some(one) => Ok(vec![one.input]),
            None => Err(Error::input(format!(
                "no delivery of `{}` has the id `{wanted}`, or an id that begins so",
                self.source
            ))
            .hint(format!("`webhook-cli log {}` lists them", self.source))),
        }
    }

    fn ids_of(
        &self,
        file: &SourceInput,
        wanted: &str,
        tell: &mut dyn FnMut(FoundDelivery),
    ) -> Result<()> {
        let cannot = |error: io::Error| unreadable(self.source, &error);
        let name = file.path.as_deref().unwrap_or(Path::new("")).display();
        if let Some(path) = file.plain_recording()? {
            let input = File::open(path).map_err(cannot)?;
            let input = input.take(file.size.unwrap_or_default());
            let mut lines = Lines::at(Box::new(input), LONGEST, 0, 0);
            let finder = Finder::new(wanted.as_bytes());
            loop {
                let offset = lines.offset();
                let line = match lines.next().map_err(cannot)? {
                    Line::End => return Ok(()),
                    Line::TooLong => continue,
                    Line::Whole(line) | Line::Torn(line) => line,
                };
                if finder.find(&line).is_none() {
                    continue;
                }
                let fixture = Fixture::of_edited(&line.slice(..line.trim_ascii_end().len()));
                let id = fixture.ok().and_then(|fixture| fixture.id);
                let Some(id) = id.filter(|id| id.starts_with(wanted)) else {
                    continue;
                };
                let number = lines.number();
                let part = SourcePart::Between {
                    offset,
                    number: Some(number - 1),
                    end: lines.offset(),
                };
                let input = SourceInput {
                    part,
                    ..file.clone()
                };
                let address = format!("{name}:{number}");
                tell(FoundDelivery { input, address, id });
            }
        }
        for (number, id) in deliveries(file) {
            if let Some(id) = id.filter(|id| id.starts_with(wanted)) {
                tell(FoundDelivery {
                    input: numbered(file, number, number),
                    address: match self.files.len() {
                        1 => format!("{name}:{number}"),
                        _ => name.to_string(),
                    },
                    id,
                });
            }
        }
        Ok(())
    }

    /// Error for lines behind the last.
    fn beyond(&self, path: &Path, size: u64) -> Result<Error> {
        let cannot = |error: io::Error| unreadable(self.source, &error);
        let input = File::open(path).map_err(cannot)?.take(size);
        let mut lines = Lines::at(Box::new(input), LONGEST, 0, 0);
        let (mut count, mut last) = (0, None);
        loop {
            match Class::of(&lines.next().map_err(cannot)?) {
                Class::End => return Ok(self.absent(count, last)),
                Class::Delivery => (count, last) = (count + 1, Some(lines.number())),
                Class::Answer | Class::Blank | Class::Torn => {}
            }
        }
    }

    fn absent(&self, count: usize, last: Option<usize>) -> Error {
        let source = self.source;
        let has = match count {
            0 => format!("`{source}` has no deliveries"),
            1 => format!("`{source}` has 1 delivery"),
            _ => format!("`{source}` has {count} deliveries"),
        };
        let error = match last {
            Some(last) if last != count => {
                Error::input(format!("{has}, the last of them in line {last}"))
            }
            _ => Error::input(has),
        };
        match count {
            0 => error,
            _ => error.hint(format!("the last is `{source}:-1`")),
        }
    }
}

fn numbered(file: &SourceInput, first: usize, last: usize) -> SourceInput {
    SourceInput {
        part: SourcePart::Numbers(first, last),
        ..file.clone()
    }
}

/// Numbers and ids of all deliveries of a file.
fn deliveries(file: &SourceInput) -> impl Iterator<Item = (usize, Option<String>)> {
    let all = Sources::of(vec![file.clone()]).edited(true);
    all.map(|item| (item.source.number(), item.fixture.ok().and_then(|it| it.id)))
}

/// Offset behind that many lines; none if there are fewer, or nothing behind them.
fn offset_behind(mut input: impl Read, lines: usize) -> io::Result<Option<u64>> {
    let mut block = vec![0; 256 << 10];
    let (mut offset, mut left) = (0u64, lines);
    loop {
        let read = match input.read(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let text = block.get(..read).unwrap_or_default();
        if text.is_empty() {
            return Ok(None);
        }
        if left == 0 {
            return Ok(Some(offset));
        }
        let breaks = memchr::memchr_iter(b'\n', text).count();
        if breaks >= left {
            let at = memchr::memchr_iter(b'\n', text).nth(left - 1).unwrap_or(0) + 1;
            offset += at as u64;
            left = 0;
            if at < text.len() {
                return Ok(Some(offset));
            }
            continue;
        }
        left -= breaks;
        offset += read as u64;
    }
}
