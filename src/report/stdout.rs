//! Standard output of a run, shared by all that write to it.

use crate::report::sink::Sink;
use crate::report::text::escape::{Mode, escape_into};

/// Standard output, written by a thread of its own; clones write to the same.
#[derive(Clone)]
pub(super) struct Stdout {
    pub(super) sink: Sink,
    /// True if it is a terminal, where long lines wrap and strangers' bytes are escaped.
    pub(super) is_terminal: bool,
}

impl Stdout {
    /// Writes a text that may be printed as it is.
    pub(super) fn push(&self, text: &[u8]) {
        if !text.is_empty() {
            self.sink.push(text);
        }
    }

    /// Writes a text that is too long to be in memory as a whole, piece by piece.
    pub(super) fn push_long(&self, write: impl FnOnce(&mut dyn FnMut(&[u8]))) {
        self.sink.append_long(write);
    }

    /// Writes data: raw to a file or a pipe, escaped to a terminal.
    pub(super) fn data(&self, bytes: &[u8]) {
        if self.is_terminal {
            let mut out = Vec::with_capacity(bytes.len());
            escape_into(&mut out, bytes, Mode::Block);
            self.push(&out);
        } else {
            self.push(bytes);
        }
    }
}
