//! Header fields of a message or of a part, in their order and as they were written.

use std::borrow::Cow;

use bytes::Bytes;

use crate::webhook::mail::encoded_word;

/// Header field of a message.
#[derive(Clone, Debug)]
pub struct MailHeader {
    /// Name as written.
    pub name: String,
    /// Value without folds: each fold is one space. Encoded words are not decoded.
    pub value: String,
    /// The whole field as written, folds included, without the line end after it.
    pub line: Bytes,
}

/// Most fields of a block; the rest is not read.
pub const MOST_FIELDS: usize = 2_000;

/// Most bytes of a block of fields; the rest is not read.
pub const MOST_BLOCK: usize = 512 * 1024;

impl MailHeader {
    /// True for this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Value with its encoded words decoded.
    pub fn decoded(&self) -> Cow<'_, str> {
        encoded_word::decoded(&self.value)
    }

    /// Name with a capital at the beginning of each word and small letters after it: `Message-Id`.
    pub fn title_cased(&self) -> String {
        let word = |word: &str| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            let rest = letters.map(|c| c.to_ascii_lowercase());
            first.into_iter().chain(rest).collect::<String>()
        };
        let words: Vec<String> = self.name.split('-').map(word).collect();
        words.join("-")
    }

    /// Reads one field from its lines; none if they are no field.
    fn read(lines: Bytes) -> Option<MailHeader> {
        let colon = memchr::memchr(b':', &lines)?;
        let (name, value) = lines.split_at(colon);
        let name = name.trim_ascii_end();
        let is_name = !name.is_empty() && name.iter().all(|byte| (33..=126).contains(byte));
        if !is_name {
            return None;
        }
        Some(MailHeader {
            name: String::from_utf8_lossy(name).into_owned(),
            value: unfolded(value.get(1..).unwrap_or_default()),
            line: lines,
        })
    }
}

/// Fields of a block, and what is at fault with it.
#[derive(Debug, Default)]
pub struct HeaderBlock {
    /// Fields in order.
    pub fields: Vec<MailHeader>,
    /// Offset behind the block and the empty line after it.
    pub end: usize,
    /// True if there was more than is read.
    pub is_cut: bool,
    /// Lines that are no fields.
    pub strays: usize,
}

impl HeaderBlock {
    /// Reads the fields at the beginning of an entity; `is_end` tells of a line that ends the block without belonging
    /// to it, such as a boundary.
    pub fn read(entity: &Bytes, is_end: impl Fn(&[u8]) -> bool) -> HeaderBlock {
        let mut block = HeaderBlock::default();
        // The field being read, from its first line.
        let mut field: Option<usize> = None;
        let mut at = 0;
        loop {
            let rest = entity.get(at..).unwrap_or_default();
            let next = memchr::memchr(b'\n', rest).map_or(entity.len(), |end| at + end + 1);
            let line = entity.get(at..next).unwrap_or_default();
            let is_fold = matches!(line, [b' ' | b'\t', ..]) && field.is_some();
            let is_empty = matches!(line, b"\r\n" | b"\n" | b"");
            if is_fold {
                at = next;
                continue;
            }
            if let Some(start) = field.take() {
                block.keep(entity, start, at);
            }
            if is_empty || is_end(line) {
                block.end = if is_empty { next } else { at };
                return block;
            }
            if at >= MOST_BLOCK || block.fields.len() >= MOST_FIELDS {
                block.is_cut = true;
                block.end = end_of_block(entity, at);
                return block;
            }
            field = Some(at);
            at = next;
        }
    }

    fn keep(&mut self, entity: &Bytes, start: usize, end: usize) {
        let lines = entity.get(start..end).unwrap_or_default();
        let length = lines.strip_suffix(b"\n").map_or(lines.len(), |lines| {
            lines.strip_suffix(b"\r").unwrap_or(lines).len()
        });
        // A single field can be as large as the message.
        let kept = length.min(MOST_BLOCK);
        self.is_cut |= kept < length;
        match MailHeader::read(entity.slice(start..start + kept)) {
            Some(field) => self.fields.push(field),
            None => self.strays += 1,
        }
    }
}

/// Offset behind the first empty line from here on.
fn end_of_block(entity: &[u8], from: usize) -> usize {
    let rest = entity.get(from..).unwrap_or_default();
    let ends = [&b"\n\r\n"[..], b"\n\n"].into_iter().filter_map(|gap| {
        let at = memchr::memmem::find(rest, gap)?;
        Some(from + at + gap.len())
    });
    ends.min().unwrap_or(entity.len())
}

/// Value without folds and without the white space around it.
fn unfolded(value: &[u8]) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(value.len());
    for line in value.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = match out.is_empty() {
            true => line.trim_ascii_start(),
            false => {
                let end = out.trim_ascii_end().len();
                out.truncate(end);
                out.push(b' ');
                line.trim_ascii_start()
            }
        };
        out.extend_from_slice(line);
    }
    let text = out.trim_ascii();
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => charset::decode_latin1(text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::HeaderBlock;

    #[test]
    fn fields_are_read_with_their_folds() {
        let text = "A: 1\r\nb-ID:  x;\r\n\ty \r\n  z\r\nno field\r\nC:\r\n\r\nbody";
        let entity = Bytes::from_static(text.as_bytes());
        let block = HeaderBlock::read(&entity, |_| false);
        let read: Vec<_> = block
            .fields
            .iter()
            .map(|it| (&*it.name, &*it.value))
            .collect();
        assert_eq!(read, [("A", "1"), ("b-ID", "x; y z"), ("C", "")]);
        assert_eq!(block.fields[1].title_cased(), "B-Id");
        assert_eq!(block.fields[1].line, "b-ID:  x;\r\n\ty \r\n  z");
        assert_eq!(&text[block.end..], "body");
        assert_eq!(block.strays, 1);
    }

    #[test]
    fn endless_fields_are_cut() {
        let text = "a: b\n".repeat(100_000) + "\nbody";
        let block = HeaderBlock::read(&text.clone().into(), |_| false);
        assert!(block.is_cut);
        assert_eq!(&text[block.end..], "body");
    }
}
