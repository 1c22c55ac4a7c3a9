//! `multipart/form-data` (RFC 7578): a bounded reader, which gives spans of the body, and a writer.
//!
//! Reading is as tolerant as servers are: a preamble, an epilogue, line feeds without carriage returns, names with or
//! without quotes. Faults are listed, and the rest is read. A body is scanned once, whatever it contains, and nested
//! parts are content. Edits change the bytes that they name, and no others.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

use crate::webhook::Headers;
use crate::webhook::body::form_part::{FormPart, NewPart, parameters};

/// Most parts of a form; the rest is not read.
pub const MOST_PARTS: usize = 10_000;

/// Most bytes of a part's headers.
pub const MOST_HEAD: usize = 16 * 1024;

/// Parsed multipart form: its parts, in order.
#[derive(Clone, Debug)]
pub struct Multipart<'a> {
    body: &'a [u8],
    boundary: String,
    parts: Vec<FormPart<'a>>,
    /// Offset of the closing boundary, or of the first part that is not read.
    last: Option<usize>,
    problems: Vec<String>,
}

/// Byte range to replace, and the new bytes.
pub type Edit = (Range<usize>, Vec<u8>);

impl<'a> Multipart<'a> {
    /// Parses a body whose content type is multipart; none for any other type.
    pub fn of(headers: &Headers, body: &'a [u8]) -> Option<Result<Self, String>> {
        let kind = headers.text("content-type")?;
        is_multipart(kind).then(|| match boundary(kind) {
            _ if body.is_empty() => Err("the body is empty".into()),
            Some(boundary) => Self::split(body, &boundary),
            None => {
                Err("the body is a multipart form, but `content-type` names no boundary".to_owned())
            }
        })
    }

    /// Splits a body at a boundary; an error if it does not occur.
    pub fn split(body: &'a [u8], boundary: &str) -> Result<Self, String> {
        let lines = BoundaryLines::new(body, boundary);
        let mut here = lines.next(0).ok_or_else(|| {
            format!(
                "the body is a multipart form, but its boundary `--{boundary}` is nowhere in it"
            )
        })?;
        let (mut parts, mut last, mut count) = (Vec::new(), None, 0);
        let mut problems = Vec::new();
        let mut faults = PartFaults::default();
        loop {
            if here.is_last {
                last = Some(here.start);
                break;
            }
            if here.end >= body.len() {
                break;
            }
            if count == MOST_PARTS {
                problems.push(format!(
                    "the form has more than {MOST_PARTS} parts; the first {MOST_PARTS} are read"
                ));
                last = Some(here.start);
                break;
            }
            count += 1;
            let next = lines.next(here.end);
            parts.extend(faults.read(count, body, &here, next.as_ref()));
            match next {
                Some(next) => here = next,
                None => break,
            }
        }
        if last.is_none() {
            problems.push(format!(
                "the form ends without its last boundary `--{boundary}--`: it may be cut off"
            ));
        }
        problems.extend(faults.say());
        Ok(Self {
            body,
            boundary: boundary.to_owned(),
            parts,
            last,
            problems,
        })
    }

    /// Parts that were read.
    pub fn parts(&self) -> &[FormPart<'a>] {
        &self.parts
    }

    /// Boundary, without the hyphens before it.
    pub fn boundary(&self) -> &str {
        &self.boundary
    }

    /// Body of the form.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Offset of the closing boundary, or of the first part that is not read.
    pub fn last(&self) -> Option<usize> {
        self.last
    }

    /// Faults of the form.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Named parts that are not files, decoded: the form fields that a handler sees.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Cow<'a, str>)> {
        let fields = self.parts.iter().filter(|part| !part.is_file());
        fields.filter_map(|part| Some((part.name.as_deref()?, part.text())))
    }

    /// Last part of this name.
    pub fn last_of(&self, name: &str) -> Option<&FormPart<'a>> {
        let mut parts = self.parts.iter().rev();
        parts.find(|part| part.name.as_deref() == Some(name))
    }

    /// Byte range of a part with its boundary line, up to the next boundary line.
    pub fn whole(&self, part: &FormPart) -> Range<usize> {
        let next = self.parts.iter().find(|other| other.start > part.start);
        let end = next.map_or(self.last, |next| Some(next.start));
        part.start..end.unwrap_or(self.body.len())
    }

    /// Edit that appends a part, with this boundary.
    pub fn append(&self, part: &NewPart, boundary: &str) -> Edit {
        let first = self
            .parts
            .first()
            .map_or(self.last, |part| Some(part.start));
        let line = first.and_then(|at| self.body.get(at..)).unwrap_or_default();
        let has_crlf =
            memchr(b'\n', line).is_none_or(|at| line.get(..at).is_some_and(ends_with_cr));
        let end: &[u8] = if has_crlf { b"\r\n" } else { b"\n" };
        let boundary = ["--".as_bytes(), boundary.as_bytes()].concat();
        let lines = [
            &boundary,
            end,
            &part.head(end),
            end,
            end,
            &part.content,
            end,
        ]
        .concat();
        match self.last {
            Some(at) => (at..at, lines),
            None => {
                let at = self.body.len();
                (at..at, [end, &lines, &boundary, b"--", end].concat())
            }
        }
    }

    /// Edits that replace the boundary.
    pub fn rename(&self, boundary: &str) -> Vec<Edit> {
        let starts = self.parts.iter().map(|part| part.start);
        starts
            .chain(self.last)
            .map(|start| {
                let at = start + 2;
                (at..at + self.boundary.len(), boundary.into())
            })
            .collect()
    }

    /// Body after these edits; every other byte stays.
    pub fn edited(&self, mut edits: Vec<Edit>) -> Vec<u8> {
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = Vec::with_capacity(self.body.len());
        let mut at = 0;
        for (range, new) in edits {
            if range.start < at {
                continue;
            }
            out.extend_from_slice(self.body.get(at..range.start).unwrap_or_default());
            out.extend_from_slice(&new);
            at = range.end;
        }
        out.extend_from_slice(self.body.get(at..).unwrap_or_default());
        out
    }
}

/// Serialises a form. The boundary must not occur in the contents: [`fresh_boundary`] returns one.
pub fn write(parts: &[NewPart], boundary: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(b"--");
        out.extend_from_slice(boundary.as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&part.head(b"\r\n"));
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(&part.content);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"--");
    out.extend_from_slice(boundary.as_bytes());
    out.extend_from_slice(b"--\r\n");
    out
}

/// Returns the wanted boundary, or a longer one if it occurs in the contents.
pub fn fresh_boundary<'c>(
    wanted: &str,
    contents: impl Iterator<Item = &'c [u8]> + Clone,
) -> String {
    let is_free = |boundary: &str| {
        let finder = memmem::Finder::new(boundary.as_bytes());
        contents
            .clone()
            .all(|content| finder.find(content).is_none())
    };
    let numbered = (1..).map(|number| format!("{wanted}{number}"));
    let mut all = std::iter::once(wanted.to_owned()).chain(numbered);
    all.find(|boundary| is_free(boundary))
        .unwrap_or_else(|| wanted.to_owned())
}

/// True if a content type is `multipart/form-data`.
pub fn is_multipart(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("multipart/form-data")
}

/// Boundary that a content type names.
pub fn boundary(content_type: &str) -> Option<String> {
    let mut all = parameters(content_type);
    let (_, value) = all.find(|(name, _)| name == "boundary")?;
    Some(value).filter(|boundary| !boundary.is_empty())
}

/// Boundary of a body that looks like a multipart form.
pub fn sniff(body: &[u8]) -> Option<String> {
    let (first, rest) = body.split_at(memchr(b'\n', body)?);
    let boundary = std::str::from_utf8(first.strip_prefix(b"--")?.trim_ascii_end()).ok()?;
    let near = rest.get(..rest.len().min(1024))?.to_ascii_lowercase();
    let is_form = memmem::find(&near, b"content-disposition: form-data").is_some();
    let is_plain = boundary
        .bytes()
        .all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    (is_form && is_plain && !boundary.is_empty()).then(|| boundary.to_owned())
}

/// Parts with one fault: their number, and the index of the first.
#[derive(Default)]
struct MultipartProblem(usize, usize);

impl MultipartProblem {
    fn add(&mut self, number: usize) {
        if self.0 == 0 {
            self.1 = number;
        }
        self.0 += 1;
    }

    fn say(&self, what: &str) -> Option<String> {
        let MultipartProblem(count, first) = self;
        match count {
            0 => None,
            1 => Some(format!("part {first} of the form has {what}")),
            _ => Some(format!(
                "{count} parts of the form, part {first} first, have {what}"
            )),
        }
    }
}

/// Faults of the parts of a form.
#[derive(Default)]
struct PartFaults {
    endless: MultipartProblem,
    unfinished: MultipartProblem,
    nameless: MultipartProblem,
}

impl PartFaults {
    /// Reads the part with this number between two boundary lines, and notes its faults.
    fn read<'a>(
        &mut self,
        number: usize,
        body: &'a [u8],
        here: &BoundaryLine,
        next: Option<&BoundaryLine>,
    ) -> Option<FormPart<'a>> {
        let end = next.map_or(body.len(), |next| next.start);
        let stop = match next {
            Some(_) => without_line_end(body, here.end, end),
            None => end,
        };
        match PartHead::find(body, here.end, end) {
            PartHead::Endless => {
                self.endless.add(number);
                None
            }
            PartHead::Ends(head, content) => {
                let part = FormPart::new(body, here.start, head, content..stop.max(content));
                if part.name.is_none() {
                    self.nameless.add(number);
                }
                Some(part)
            }
            PartHead::Unfinished => {
                self.unfinished.add(number);
                Some(FormPart::new(body, here.start, here.end..stop, stop..stop))
            }
        }
    }

    fn say(&self) -> impl Iterator<Item = String> {
        let endless = format!("more than {MOST_HEAD} bytes of header fields, and is not read");
        [
            self.endless.say(&endless),
            self.unfinished
                .say("no empty line behind the header fields"),
            self.nameless.say("no name"),
        ]
        .into_iter()
        .flatten()
    }
}

/// Scanner for the boundary lines of a body.
struct BoundaryLines<'a> {
    body: &'a [u8],
    length: usize,
    finder: memmem::Finder<'static>,
}

struct BoundaryLine {
    start: usize,
    /// Offset of the next line.
    end: usize,
    is_last: bool,
}

impl<'a> BoundaryLines<'a> {
    fn new(body: &'a [u8], boundary: &str) -> Self {
        let wanted = format!("--{boundary}");
        Self {
            body,
            length: wanted.len(),
            finder: memmem::Finder::new(wanted.as_bytes()).into_owned(),
        }
    }

    /// Finds the next boundary line. After a near match the search continues in the next line, so no byte is read again
    /// and again.
    fn next(&self, from: usize) -> Option<BoundaryLine> {
        let mut at = from;
        loop {
            let start = at + self.finder.find(self.body.get(at..)?)?;
            let begins = start
                .checked_sub(1)
                .is_none_or(|before| self.body.get(before) == Some(&b'\n'));
            if let (true, Some(line)) = (begins, self.line(start)) {
                return Some(line);
            }
            at = start + memchr(b'\n', self.body.get(start..)?)? + 1;
        }
    }

    fn line(&self, start: usize) -> Option<BoundaryLine> {
        let mut rest = self.body.get(start + self.length..)?;
        let is_last = rest.starts_with(b"--");
        if is_last {
            rest = rest.get(2..)?;
        }
        let padding = rest.iter().take_while(|b| b" \t".contains(b)).count();
        let behind = match rest.get(padding..)? {
            [] => 0,
            [b'\r'] | [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return None,
        };
        Some(BoundaryLine {
            start,
            end: self.body.len() - rest.len() + padding + behind,
            is_last,
        })
    }
}

/// Result of scanning a part's headers.
enum PartHead {
    /// Byte range of the headers, and the offset of the content.
    Ends(Range<usize>, usize),
    /// Headers that no empty line ends.
    Unfinished,
    /// Headers longer than [`MOST_HEAD`].
    Endless,
}

impl PartHead {
    fn find(body: &[u8], start: usize, end: usize) -> PartHead {
        let mut at = start;
        loop {
            let near = end.min(at.saturating_add(MOST_HEAD));
            let line = body.get(at..near).unwrap_or_default();
            let length = memchr(b'\n', line);
            if at - start + length.unwrap_or(line.len()) >= MOST_HEAD {
                return PartHead::Endless;
            }
            let Some(length) = length else {
                return PartHead::Unfinished;
            };
            let next = at + length + 1;
            if matches!(line.get(..length), Some(b"" | b"\r")) {
                return PartHead::Ends(start..without_line_end(body, start, at), next);
            }
            at = next;
        }
    }
}

/// Offset of the end without the line end before it.
fn without_line_end(body: &[u8], start: usize, end: usize) -> usize {
    match body.get(start..end) {
        Some([.., b'\r', b'\n']) => end - 2,
        Some([.., b'\n']) => end - 1,
        _ => end,
    }
}

fn ends_with_cr(line: &[u8]) -> bool {
    line.ends_with(b"\r")
}

#[cfg(test)]
mod tests {
    use super::{MOST_HEAD, MOST_PARTS, Multipart, boundary, fresh_boundary, sniff, write};
    use crate::webhook::body::form_part::{FormPart, NewPart};
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    fn split(body: &str) -> Multipart<'_> {
        Multipart::split(body.as_bytes(), "x").unwrap()
    }

    fn told(part: &FormPart) -> (Option<String>, Option<String>, String) {
        (
            part.name.clone(),
            part.filename.clone(),
            part.text().into_owned(),
        )
    }

    /// Name and content of each part.
    fn contents(body: &str) -> Vec<(String, String)> {
        let form = split(body);
        let all = form.parts().iter();
        all.map(|part| {
            (
                part.name.clone().unwrap_or_default(),
                part.text().into_owned(),
            )
        })
        .collect()
    }

    fn disposition(parameters: &str) -> (Option<String>, Option<String>) {
        let body =
            format!("--x\r\nContent-Disposition: form-data{parameters}\r\n\r\n\r\n--x--\r\n");
        let form = split(&body);
        let (name, filename, _) = told(&form.parts()[0]);
        (name, filename)
    }

    #[test]
    fn parts_are_spans_of_the_body() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--x\r\n\
                    content-disposition: form-data; name=\"b\"; filename=\"b.txt\"\r\nContent-Type: text/plain\r\nX-Odd: 1\r\n\r\n\
                    two\r\n\r\n--x--\r\n";
        let form = split(body);
        assert_eq!(form.problems(), [] as [&str; 0]);
        let [a, b] = form.parts() else {
            panic!("{form:?}")
        };
        assert_eq!(told(a), (Some("a".into()), None, "one".into()));
        assert_eq!(
            told(b),
            (Some("b".into()), Some("b.txt".into()), "two\r\n".into())
        );
        assert_eq!(b.content_type.as_deref(), Some("text/plain"));
        assert_eq!(b.header("x-odd").as_deref(), Some("1"));
        assert_eq!(&body[b.span.clone()], "two\r\n");
        assert_eq!(
            &body[a.head.clone()],
            "Content-Disposition: form-data; name=\"a\""
        );
        assert_eq!(
            &body[form.whole(a)],
            "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n"
        );
        assert!(body[form.whole(b)].ends_with("two\r\n\r\n"));
    }

    #[test]
    fn what_servers_take_is_taken() {
        let field = |name: &str, end: &str| {
            format!("--x{end}Content-Disposition: form-data; name={name}{end}{end}1{end}")
        };
        let pair = |name: &str, text: &str| vec![(name.to_owned(), text.to_owned())];
        for (body, wanted) in [
            // A preamble and an epilogue, and near-boundaries in both.
            (
                format!(
                    "hello --x\r\n{}--x--\r\nbye --x\r\n--x\r\n",
                    field("a", "\r\n")
                ),
                pair("a", "1"),
            ),
            (format!("{}--x--", field("a", "\n")), pair("a", "1")),
            // White space after a boundary.
            (
                field("a", "\r\n").replace("--x", "--x \t") + "--x-- \r\n",
                pair("a", "1"),
            ),
            // A line that only starts like a boundary is content.
            (
                field("a", "\r\n").replace('1', "--xy\r\n --x\r\n-x") + "--x--",
                pair("a", "--xy\r\n --x\r\n-x"),
            ),
            (
                field("a", "\r\n").replace("1\r\n", "") + "--x--",
                pair("a", ""),
            ),
            // A folded header.
            (
                field("a", "\r\n").replace("; name", ";\r\n name") + "--x--",
                pair("a", "1"),
            ),
        ] {
            assert_eq!(contents(&body), wanted, "{body:?}");
            assert_eq!(split(&body).problems(), [] as [&str; 0], "{body:?}");
        }
        assert_eq!(contents("--x--\r\n"), []);
    }

    #[test]
    fn names_are_read_however_they_are_quoted() {
        for (parameters, name, filename) in [
            ("; name=\"a b\"", Some("a b"), None),
            ("; name=a", Some("a"), None),
            (";name=a ;filename=b.txt", Some("a"), Some("b.txt")),
            ("; NAME = \"a\"; FileName=\"\"", Some("a"), Some("")),
            ("; name=\"a;b=c\"", Some("a;b=c"), None),
            (r#"; name="a\"b\\c\d""#, Some(r#"a"b\c\d"#), None),
            ("; name=\"a%22%0D%0Ab%41\"", Some("a\"\r\nb%41"), None),
            (
                "; name=\"ü\"; filename=\"日本.eml\"",
                Some("ü"),
                Some("日本.eml"),
            ),
            (
                "; filename=plain; filename*=UTF-8''na%C3%AFve%20x; name=a",
                Some("a"),
                Some("naïve x"),
            ),
            (
                "; filename*=iso-8859-1'en'%E9; name=a",
                Some("a"),
                Some("é"),
            ),
            (
                "; filename*=koi8-r''%E9; filename=\"b\"; name=a",
                Some("a"),
                Some("b"),
            ),
            ("; name=\"open", Some("open"), None),
            ("; word; name=a; name=b", Some("a"), None),
            ("", None, None),
        ] {
            let wanted = (name.map(str::to_owned), filename.map(str::to_owned));
            assert_eq!(disposition(parameters), wanted, "{parameters}");
        }
        for (kind, wanted) in [
            ("multipart/form-data; boundary=x", Some("x")),
            (
                "multipart/form-data; charset=utf-8; Boundary=\"a b;c\"",
                Some("a b;c"),
            ),
            ("multipart/form-data;boundary=", None),
            ("multipart/form-data", None),
        ] {
            assert_eq!(boundary(kind).as_deref(), wanted, "{kind}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_the_rest_is_read() {
        let part = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
        let long = format!("--x\r\n{}\r\n\r\n2\r\n", "X: y\r\n".repeat(MOST_HEAD));
        for (body, names, problem) in [
            (
                part.to_owned(),
                1,
                "the form ends without its last boundary `--x--`: it may be cut off",
            ),
            (format!("{part}--x"), 1, "without its last boundary"),
            (format!("{part}--x-"), 1, "without its last boundary"),
            (
                format!("{long}{part}--x--"),
                1,
                "part 1 of the form has more than 16384 bytes of header fields, and is not read",
            ),
            (
                format!("{part}--x\r\nContent-Disposition: form-data; name=b\r\n--x--"),
                2,
                "part 2 of the form has no empty line behind the header fields",
            ),
            (
                format!("{part}--x\r\n\r\n1\r\n--x--"),
                2,
                "part 2 of the form has no name",
            ),
            (
                "--x\r\n\r\n\r\n--x\r\n\r\n--x\r\n\r\n1\r\n--x--".to_owned(),
                3,
                "3 parts of the form, part 1 first, have no name",
            ),
            (
                format!("{}--x--", part.repeat(MOST_PARTS + 1)),
                MOST_PARTS,
                "more than 10000 parts",
            ),
        ] {
            let form = split(&body);
            assert_eq!(form.parts().len(), names, "{problem}");
            assert!(
                form.problems().len() == 1 && form.problems()[0].contains(problem),
                "{:?}",
                form.problems()
            );
            let first = form.fields().next().map(|(name, _)| name == "a");
            assert_eq!(first == Some(true), body.contains("name=a"), "{body}");
        }
        for none in ["", "{}", "--y\r\n", " --x\r\n", "--xx--"] {
            let why = Multipart::split(none.as_bytes(), "x").unwrap_err();
            assert_eq!(
                why,
                "the body is a multipart form, but its boundary `--x` is nowhere in it"
            );
        }
    }

    #[test]
    fn a_hostile_body_costs_little() {
        let field = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
        let nested: String = (0..1000)
            .map(|level| {
                format!(
                    "--b{level}\r\nContent-Type: multipart/form-data; boundary=b{}\r\n\r\n",
                    level + 1
                )
            })
            .collect();
        let dashes = "-".repeat(4 << 20);
        for (body, boundary) in [
            (field.repeat(100_000), "x"),
            (format!("--x\r\n{}", "A: b\r\n".repeat(500_000)), "x"),
            (format!("--x\r\n{}", "a".repeat(4 << 20)), "x"),
            (nested, "b0"),
            ("--x\r\n".repeat(800_000), "x"),
            ("\n--x".repeat(800_000), "x"),
            (format!("--x{}", " ".repeat(4 << 20)), "x"),
            ("\n".repeat(4 << 20), "x"),
            (dashes.clone(), "x"),
            (dashes.clone(), "-"),
            (dashes.clone(), &dashes[..10_000]),
            (
                format!("{}\n", &dashes[..10_002]).repeat(400),
                &dashes[..10_000],
            ),
            (
                format!(
                    "--x\r\nContent-Disposition: form-data{}\r\n\r\n--x--",
                    ";".repeat(16_000)
                )
                .repeat(200),
                "x",
            ),
            (
                format!(
                    "--x\r\nContent-Disposition: form-data; name=\"{}\r\n\r\n\r\n",
                    "\\\"%22".repeat(3_000)
                )
                .repeat(200),
                "x",
            ),
        ] {
            let start = Instant::now();
            if let Ok(form) = Multipart::split(body.as_bytes(), boundary) {
                assert!(form.parts().len() <= MOST_PARTS && form.problems().len() <= 4);
            }
            // Limit for a debug build on a busy machine; a release build takes a tenth.
            assert!(
                start.elapsed() < Duration::from_secs(2),
                "{:?} {}",
                start.elapsed(),
                &body[..40.min(body.len())]
            );
        }
    }

    #[test]
    fn a_part_is_appended_in_front_of_the_last_boundary() {
        let part = NewPart {
            name: "b".into(),
            content: b"2"[..].into(),
            ..NewPart::default()
        };
        for end in ["\r\n", "\n"] {
            let field = |name: &str, text: &str| {
                format!(
                    "--x{end}Content-Disposition: form-data; name=\"{name}\"{end}{end}{text}{end}"
                )
            };
            for (before, after) in [
                (
                    format!("{}--x--{end}bye", field("a", "1")),
                    format!("{}{}--x--{end}bye", field("a", "1"), field("b", "2")),
                ),
                (
                    field("a", "1"),
                    format!("{}{end}{}--x--{end}", field("a", "1"), field("b", "2")),
                ),
            ] {
                let form = split(&before);
                let edited = form.edited(vec![form.append(&part, "x")]);
                assert_eq!(String::from_utf8(edited).unwrap(), after);
            }
        }
    }

    #[test]
    fn a_boundary_is_in_no_content() {
        let contents = [&b"a --x1 b"[..], b"x"];
        assert_eq!(fresh_boundary("y", contents.into_iter()), "y");
        assert_eq!(fresh_boundary("x", contents.into_iter()), "x2");
    }

    #[test]
    fn a_body_may_look_like_a_form_of_parts() {
        let part = NewPart {
            name: "a".into(),
            ..NewPart::default()
        };
        assert_eq!(sniff(&write(&[part], "b-1")).as_deref(), Some("b-1"));
        for none in [
            "--x\r\nhello",
            "--x",
            "{}",
            "--\nContent-Disposition: form-data",
            "-- a\n# Content-Disposition: form-data",
        ] {
            assert_eq!(sniff(none.as_bytes()), None, "{none}");
        }
    }

    fn any_part() -> impl Strategy<Value = NewPart<'static>> {
        let name = "[a-zA-Z0-9 ;=\"\\\\é\r\n\\[\\]-]{0,12}";
        let content = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "(\r\n|\n|--x|--|x| |a){0,12}".prop_map(String::into_bytes),
        ];
        let kind = prop::option::of("[a-z]{1,8}/[a-z]{1,8}(; charset=utf-8)?");
        (name, prop::option::of(name), kind, content).prop_map(|(name, filename, kind, content)| {
            NewPart {
                name: name.into(),
                filename: filename.map(Into::into),
                content_type: kind.map(Into::into),
                content: content.into(),
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(parts in prop::collection::vec(any_part(), 0..6)) {
            let boundary = fresh_boundary("x", parts.iter().map(|part| &*part.content));
            let body = write(&parts, &boundary);
            let form = Multipart::split(&body, &boundary).unwrap();
            prop_assert_eq!(form.problems(), &[] as &[String]);
            prop_assert_eq!(form.parts().len(), parts.len());
            for (read, written) in form.parts().iter().zip(&parts) {
                prop_assert_eq!(read.name.as_deref(), Some(&*written.name));
                prop_assert_eq!(read.filename.as_deref(), written.filename.as_deref());
                prop_assert_eq!(read.content_type.as_deref(), written.content_type.as_deref());
                prop_assert_eq!(read.content, &*written.content);
                prop_assert_eq!(&body[read.span.clone()], read.content);
            }
        }

        #[test]
        fn a_damaged_body_is_read_as_far_as_it_goes(
            parts in prop::collection::vec(any_part(), 0..6),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
        ) {
            let mut body = write(&parts, "x");
            for (at, byte, how) in damage {
                let at = at.index(body.len());
                match how {
                    0 => body[at] = byte,
                    1 => body.truncate(at + 1),
                    _ => { body.remove(at); }
                }
                if body.is_empty() {
                    body.push(byte);
                }
            }
            sound(&body)?;
        }

        #[test]
        fn any_bytes_are_split(body: Vec<u8>, odd in "(--x|\r\n|\n|--|: |name=|\"|;|a|Content-Disposition){0,30}") {
            sound(&body)?;
            sound(odd.as_bytes())?;
        }
    }

    /// Spans are ordered and inside the body, and empty edits change nothing.
    fn sound(body: &[u8]) -> Result<(), TestCaseError> {
        let _ = sniff(body);
        let Ok(form) = Multipart::split(body, "x") else {
            return Ok(());
        };
        let mut end = 0;
        for part in form.parts() {
            prop_assert!(
                end <= part.start
                    && part.start < part.head.start
                    && part.head.start <= part.head.end
            );
            prop_assert!(part.head.end <= part.span.start && part.span.start <= part.span.end);
            end = part.span.end;
            prop_assert!(form.whole(part).end >= end);
        }
        prop_assert!(end <= body.len());
        prop_assert_eq!(&form.edited(Vec::new()), body);
        prop_assert_eq!(&form.edited(form.rename("x")), body);
        let other = form.edited(vec![form.append(&NewPart::default(), "x")]);
        let other = Multipart::split(&other, "x").unwrap();
        prop_assert!(form.parts().len() == MOST_PARTS || other.parts().len() > form.parts().len());
        Ok(())
    }
}
