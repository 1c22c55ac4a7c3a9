//! Parts of a multipart form: read with the parameters of their header fields, or written.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

/// Part of a form: a field or a file.
#[derive(Clone, Debug)]
pub struct FormPart<'a> {
    /// Name of the field, if given.
    pub name: Option<String>,
    /// File name, for a file.
    pub filename: Option<String>,
    /// Its `content-type`, if given.
    pub content_type: Option<String>,
    /// Its content.
    pub content: &'a [u8],
    /// Offset of its boundary line in the body.
    pub start: usize,
    /// Byte range of its headers in the body, without the empty line after them.
    pub head: Range<usize>,
    /// Byte range of its content in the body.
    pub span: Range<usize>,
    head_text: &'a [u8],
}

/// Part to write.
#[derive(Clone, Debug, Default)]
pub struct NewPart<'a> {
    /// Name of the field.
    pub name: Cow<'a, str>,
    /// File name, for a file.
    pub filename: Option<Cow<'a, str>>,
    /// Its `content-type`, if any.
    pub content_type: Option<Cow<'a, str>>,
    /// Its content.
    pub content: Cow<'a, [u8]>,
}

impl<'a> FormPart<'a> {
    pub(super) fn new(
        body: &'a [u8],
        start: usize,
        head: Range<usize>,
        span: Range<usize>,
    ) -> Self {
        let mut part = Self {
            name: None,
            filename: None,
            content_type: None,
            content: body.get(span.clone()).unwrap_or_default(),
            start,
            head_text: body.get(head.clone()).unwrap_or_default(),
            head,
            span,
        };
        if let Some(disposition) = part.header("content-disposition") {
            let mut plain = None;
            for (name, value) in parameters(&disposition) {
                match name.as_str() {
                    "name" if part.name.is_none() => part.name = Some(unquoted(&value)),
                    "filename" if plain.is_none() => plain = Some(unquoted(&value)),
                    "filename*" if part.filename.is_none() => part.filename = extended(&value),
                    _ => {}
                }
            }
            part.filename = part.filename.take().or(plain);
        }
        part.content_type = part.header("content-type").filter(|kind| !kind.is_empty());
        part
    }

    /// Value of a header of the part, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut lines = lines_of(self.head_text).peekable();
        while let Some(line) = lines.next() {
            let Some(colon) = memchr(b':', line) else {
                continue;
            };
            let (at, value) = line.split_at(colon);
            if !at.trim_ascii().eq_ignore_ascii_case(name.as_bytes()) {
                continue;
            }
            let mut value = value.get(1..).unwrap_or_default().to_vec();
            while let Some(more) =
                lines.next_if(|line| line.starts_with(b" ") || line.starts_with(b"\t"))
            {
                value.extend_from_slice(more);
            }
            return Some(String::from_utf8_lossy(value.trim_ascii()).into_owned());
        }
        None
    }

    /// True for a file: a part with a file name.
    pub fn is_file(&self) -> bool {
        self.filename.is_some()
    }

    /// Content as text, with replacement characters for invalid UTF-8.
    pub fn text(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.content)
    }
}

impl NewPart<'_> {
    /// Headers, without a line end after the last. Names are escaped as browsers do, except that a backslash is
    /// doubled: before a quote it would escape that.
    pub fn head(&self, line_end: &[u8]) -> Vec<u8> {
        let escaped = |text: &str| {
            text.replace('\\', "\\\\")
                .replace('"', "%22")
                .replace('\r', "%0D")
                .replace('\n', "%0A")
        };
        let mut out = format!(
            "Content-Disposition: form-data; name=\"{}\"",
            escaped(&self.name)
        );
        if let Some(filename) = &self.filename {
            out += &format!("; filename=\"{}\"", escaped(filename));
        }
        let mut out = out.into_bytes();
        if let Some(kind) = &self.content_type {
            out.extend_from_slice(line_end);
            out.extend_from_slice(b"Content-Type: ");
            out.extend(kind.bytes().filter(|byte| !b"\r\n".contains(byte)));
        }
        out
    }
}

fn lines_of(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// Parameters of a header value, with names in lower case and values unquoted.
pub(super) fn parameters(value: &str) -> impl Iterator<Item = (String, String)> {
    let mut rest = memchr(b';', value.as_bytes()).and_then(|at| value.get(at + 1..));
    std::iter::from_fn(move || {
        loop {
            let text = rest?.trim_start_matches([' ', '\t', ';']);
            let end = text.find(['=', ';'])?;
            let (name, after) = (text.get(..end)?.trim(), text.get(end..)?);
            let Some(after) = after.strip_prefix('=') else {
                // A parameter without a value.
                rest = Some(after);
                continue;
            };
            let after = after.trim_start();
            let (value, behind) = match after.strip_prefix('"') {
                Some(quoted) => unescaped(quoted),
                None => {
                    let end = after.find(';').unwrap_or(after.len());
                    let (value, behind) = after.split_at(end);
                    (value.trim_end().to_owned(), behind)
                }
            };
            rest = memchr(b';', behind.as_bytes()).and_then(|at| behind.get(at + 1..));
            return Some((name.to_ascii_lowercase(), value));
        }
    })
}

/// Splits a text at its closing quote. A backslash is literal, except before a quote or another backslash: Windows
/// paths are sent with single ones.
fn unescaped(quoted: &str) -> (String, &str) {
    let mut out = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => match chars.clone().next() {
                Some((_, escaped @ ('"' | '\\'))) => {
                    chars.next();
                    out.push(escaped);
                }
                _ => out.push(c),
            },
            c => out.push(c),
        }
    }
    (out, "")
}

/// Name with the escapes of browsers decoded.
fn unquoted(name: &str) -> String {
    let mut out = name.to_owned();
    for (escape, sign) in [("%22", "\""), ("%0D", "\r"), ("%0A", "\n")] {
        if out.contains(escape) {
            out = out.replace(escape, sign);
        }
    }
    out
}

/// File name with its charset decoded (RFC 8187): `UTF-8''na%C3%AFve.txt`.
fn extended(value: &str) -> Option<String> {
    let mut pieces = value.splitn(3, '\'');
    let (charset, _, text) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let bytes: Vec<u8> = percent_decoded(text);
    if charset.eq_ignore_ascii_case("iso-8859-1") {
        return Some(bytes.into_iter().map(char::from).collect());
    }
    let is_utf8 = charset.eq_ignore_ascii_case("utf-8");
    is_utf8.then(|| String::from_utf8_lossy(&bytes).into_owned())
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let mut byte = [0];
        let code = after.get(..2).filter(|_| *first == b'%');
        if code.is_some_and(|code| hex::decode_to_slice(code, &mut byte).is_ok()) {
            out.extend_from_slice(&byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}
