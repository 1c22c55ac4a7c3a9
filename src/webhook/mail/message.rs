//! Email message (RFC 5322 and MIME), read from bytes: text is decoded only where it is asked for. One pass over the
//! bytes, with a bounded depth and a bounded number of parts; reading never fails.

use bytes::Bytes;
use memchr::memmem;

use crate::webhook::mail::mail_header::{HeaderBlock, MOST_FIELDS, MailHeader};
use crate::webhook::mail::message_part::MessagePart;

/// Most containers around a part; deeper containers are content.
pub const MOST_DEPTH: usize = 50;

/// Most parts of a message; the rest is not read.
pub const MOST_PARTS: usize = 5_000;

/// Parsed message.
#[derive(Clone, Debug)]
pub struct Message {
    raw: Bytes,
    /// Every part in order, the message itself first.
    parts: Vec<MessagePart>,
    text: Option<usize>,
    html: Option<usize>,
    problems: Vec<String>,
}

impl Message {
    /// Reads a message.
    pub fn read(raw: Bytes) -> Message {
        let mut reader = PartReader {
            raw: raw.clone(),
            open: Vec::new(),
            parts: Vec::new(),
            is_too_deep: false,
            is_cut: false,
        };
        reader.read();
        let mut problems = Vec::new();
        if reader.is_too_deep {
            problems.push(format!(
                "the message has more than {MOST_DEPTH} levels of parts; deeper ones are not opened"
            ));
        }
        if reader.is_cut {
            problems.push(format!(
                "the message has more than {MOST_PARTS} parts or {MOST_FIELDS} header fields; the rest is not read"
            ));
        }
        let parts = reader.parts;
        let first = |wanted: &str| {
            let is_body = |part: &MessagePart| part.media_type == wanted && !part.is_file();
            parts.iter().position(is_body)
        };
        let (text, html) = (first("text/plain"), first("text/html"));
        Message {
            raw,
            text,
            html,
            parts,
            problems,
        }
    }

    /// The bytes of the message.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Every part in order, containers too; the message itself is the first.
    pub fn parts(&self) -> &[MessagePart] {
        &self.parts
    }

    /// Header fields of the message, in order.
    pub fn headers(&self) -> &[MailHeader] {
        self.parts.first().map_or(&[], |root| &root.headers)
    }

    /// First field of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&MailHeader> {
        self.headers().iter().find(|header| header.is(name))
    }

    /// Decoded value of the first field of this name.
    pub fn value(&self, name: &str) -> Option<String> {
        self.header(name)
            .map(|header| header.decoded().into_owned())
    }

    /// First plain text that is no file.
    pub fn text(&self) -> Option<&MessagePart> {
        self.parts.get(self.text?)
    }

    /// First HTML that is no file.
    pub fn html(&self) -> Option<&MessagePart> {
        self.parts.get(self.html?)
    }

    /// Parts that are neither the text nor the HTML, containers left out.
    pub fn attachments(&self) -> impl Iterator<Item = &MessagePart> {
        let all = self.parts.iter().enumerate();
        all.filter(|(at, part)| {
            let is_body = Some(*at) == self.text || Some(*at) == self.html;
            !is_body && !part.is_container()
        })
        .map(|(_, part)| part)
    }

    /// Faults of the message, in words for the reader.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

/// Reader of the parts: one pass from boundary line to boundary line.
struct PartReader {
    raw: Bytes,
    /// Boundaries of the open containers, the outermost first.
    open: Vec<Vec<u8>>,
    parts: Vec<MessagePart>,
    is_too_deep: bool,
    is_cut: bool,
}

/// Boundary line.
struct Delimiter {
    /// Offset of the line end before it, which belongs to it.
    start: usize,
    /// Offset of the next line.
    end: usize,
    /// Number of containers that stay open around the part that follows.
    level: usize,
    is_last: bool,
}

impl PartReader {
    fn read(&mut self) {
        let mut at = Some(0);
        while let Some(start) = at {
            let body = self.entity(start);
            let delimiter = self.next_delimiter(body);
            let end = delimiter.as_ref().map_or(self.raw.len(), |it| it.start);
            let content = self.raw.slice(body..end.max(body));
            if let Some(part) = self.parts.last_mut().filter(|part| !part.is_container()) {
                part.body = content;
            }
            at = self.next_entity(delimiter);
        }
    }

    /// Reads the header fields of a part; returns the offset of its body.
    fn entity(&mut self, start: usize) -> usize {
        let entity = self.raw.slice(start..);
        let open = &self.open;
        let block = HeaderBlock::read(&entity, |line| delimits(line, open).is_some());
        self.is_cut |= block.is_cut;
        let mut part = MessagePart::new(self.open.len(), block.fields);
        if part.is_container() && self.open.len() >= MOST_DEPTH {
            self.is_too_deep = true;
            part.boundary = None;
        }
        if part.is_container()
            && let Some(boundary) = &part.boundary
        {
            self.open.push(boundary.clone().into_bytes());
        }
        self.parts.push(part);
        start + block.end
    }

    /// Start of the part after a delimiter; the epilogue of a container is skipped.
    fn next_entity(&mut self, mut delimiter: Option<Delimiter>) -> Option<usize> {
        while let Some(it) = delimiter {
            if self.parts.len() >= MOST_PARTS {
                self.is_cut = true;
                return None;
            }
            self.open.truncate(it.level);
            if !it.is_last {
                return Some(it.end);
            }
            delimiter = self.next_delimiter(it.end);
        }
        None
    }

    /// Finds the next boundary line of an open container.
    fn next_delimiter(&self, from: usize) -> Option<Delimiter> {
        if self.open.is_empty() {
            return None;
        }
        // A body may begin with its boundary line.
        let mut at = from;
        if from > 0 && self.raw.get(from - 1) == Some(&b'\n') {
            at = from - 1;
        }
        let finder = memmem::Finder::new(b"\n--");
        loop {
            let start = at + finder.find(self.raw.get(at..)?)?;
            let line_start = start + 1;
            let rest = self.raw.get(line_start..)?;
            let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            if let Some((level, is_last)) = delimits(rest.get(..length)?, &self.open) {
                let has_return = start > from && self.raw.get(start - 1) == Some(&b'\r');
                return Some(Delimiter {
                    start: if has_return { start - 1 } else { start },
                    end: line_start + length,
                    level,
                    is_last,
                });
            }
            at = line_start;
        }
    }
}

/// Number of containers that stay open after a boundary line, and true for a closing line; none for any other line.
fn delimits(line: &[u8], open: &[Vec<u8>]) -> Option<(usize, bool)> {
    let line = line.strip_prefix(b"--")?.trim_ascii_end();
    let at = open.iter().rposition(|boundary| {
        let rest = line.strip_prefix(boundary.as_slice());
        rest.is_some_and(|rest| matches!(rest, b"" | b"--"))
    })?;
    let is_last = open
        .get(at)
        .is_some_and(|boundary| line.len() > boundary.len());
    Some((if is_last { at } else { at + 1 }, is_last))
}

#[cfg(test)]
mod tests {
    use super::{MOST_DEPTH, MOST_PARTS, Message};

    fn read(text: &str) -> Message {
        Message::read(text.replace('\n', "\r\n").into())
    }

    #[test]
    fn parts_are_read_from_their_containers() {
        let message = read(
            "From: a@b.c\nContent-Type: multipart/mixed; boundary=\"m\"\n\npreamble\n--m\n\
             Content-Type: multipart/alternative; boundary=mm\n\n--mm\n\ntext\n--mm\nContent-Type: text/html\n\n\
             <p>\n\n--mm--\nepilogue\n--m\nContent-Type: text/plain; name=a.txt\n\n--\n--mx\nfile\n--m--\nend\n",
        );
        let read: Vec<_> = message
            .parts()
            .iter()
            .map(|part| (part.depth, part.media_type.as_str(), part.content()))
            .collect();
        assert_eq!(
            read,
            [
                (0, "multipart/mixed", "".into()),
                (1, "multipart/alternative", "".into()),
                (2, "text/plain", "text".into()),
                (2, "text/html", "<p>\r\n".into()),
                (1, "text/plain", "--\r\n--mx\r\nfile".into()),
            ]
        );
        assert_eq!(message.text().unwrap().text(), "text");
        assert_eq!(message.html().unwrap().text(), "<p>\r\n");
        let files: Vec<_> = message
            .attachments()
            .map(|it| it.filename.clone())
            .collect();
        assert_eq!(files, [Some("a.txt".to_owned())]);
    }

    #[test]
    fn a_message_without_containers_has_one_part() {
        let message = read("Subject: a\n\n--b\nbody\n");
        assert_eq!(message.parts().len(), 1);
        assert_eq!(message.text().unwrap().text(), "--b\r\nbody\r\n");
        assert_eq!(read("no message").parts().len(), 1);
        assert_eq!(read("").parts().len(), 1);
    }

    #[test]
    fn an_unfinished_container_is_read_to_its_end() {
        let message = read("Content-Type: multipart/mixed; boundary=m\n\n--m\n\na\n--m");
        assert_eq!(message.parts()[1].content(), "a");
        assert_eq!(message.parts().len(), 3);
        let empty = read("Content-Type: multipart/mixed; boundary=m\n\n--m\n--m\nA: b\n--m--\n");
        assert_eq!(empty.parts().len(), 3);
        assert_eq!(empty.parts()[2].header("a").unwrap().value, "b");
    }

    #[test]
    fn depth_and_number_of_parts_are_bounded() {
        let deep: String = (0..1_000)
            .map(|level| {
                format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n")
            })
            .collect();
        let message = read(&deep);
        assert_eq!(message.parts().len(), MOST_DEPTH + 1);
        assert!(message.problems()[0].contains("levels"));
        let wide = "Content-Type: multipart/mixed; boundary=b\n\n".to_owned()
            + &"--b\n\nx\n".repeat(100_000);
        let message = read(&wide);
        assert_eq!(message.parts().len(), MOST_PARTS);
        assert!(message.problems()[0].contains("parts"));
    }
}
