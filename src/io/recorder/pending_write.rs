//! Text that waits to be written, collected for one write.

use crate::io::recorder::folder::AnswerToKeep;

/// Most KiB that wait to be written; as many again may be in a write. A larger text takes all of it.
pub(super) const FULL: u32 = 8 << 10;

/// Capacity in bytes that a buffer keeps after a burst.
const KEPT: usize = 1 << 20;

/// Text of one write.
#[derive(Default)]
pub(super) struct PendingWrite {
    pub(super) text: Vec<u8>,
    pub(super) count: usize,
    /// For a folder: name of each file and the offset at which its text ends.
    files: Vec<(String, usize)>,
    /// Buffer space taken, in KiB.
    pub(super) room: usize,
    /// Lines of answers, written behind the text; and for a folder, the answers. Their size in bytes.
    pub(super) answers: Vec<u8>,
    pub(super) answered: Vec<AnswerToKeep>,
    pub(super) answers_size: usize,
    pub(super) answer_lines: u64,
}

impl PendingWrite {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0 && self.answers_size == 0
    }

    pub(super) fn push(&mut self, name: Option<String>, text: String, room: usize) {
        if self.text.is_empty() && text.len() > self.text.capacity() {
            self.text = text.into_bytes();
        } else {
            self.text.extend_from_slice(text.as_bytes());
        }
        self.count += 1;
        self.room += room;
        self.files.extend(name.map(|name| (name, self.text.len())));
    }

    /// True if it is larger than the buffer.
    pub(super) fn is_large(&self) -> bool {
        self.text.len() > (FULL as usize) << 10
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut start = 0;
        self.files.iter().map(move |(name, end)| {
            let text = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            (name.as_str(), text)
        })
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(KEPT);
        self.files.clear();
        self.answers.clear();
        self.answers.shrink_to(KEPT);
        self.answered.clear();
        (self.count, self.room, self.answers_size) = (0, 0, 0);
        self.answer_lines = 0;
    }
}
