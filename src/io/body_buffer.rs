//! Buffer that joins the pieces of a request or response body.

use bytes::{Bytes, BytesMut};

use crate::webhook::block_for;

/// Pieces of a body, joined in order. A body of one piece is not copied.
#[derive(Default)]
pub(super) struct BodyBuffer {
    first: Bytes,
    whole: BytesMut,
}

impl BodyBuffer {
    pub(super) fn len(&self) -> usize {
        self.first.len() + self.whole.len()
    }

    /// Appends a piece; `total` is the length of the whole body in bytes, if known.
    pub(super) fn push(&mut self, piece: Bytes, total: Option<usize>) {
        if self.len() == 0 {
            self.first = piece;
            return;
        }
        if self.whole.is_empty() {
            let room = total.unwrap_or(0).max((self.first.len() + piece.len()) * 2);
            self.whole.reserve(block_for(room));
            self.whole
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        let length = self.whole.len() + piece.len();
        if length > self.whole.capacity() {
            self.whole.reserve(block_for(length * 2) - self.whole.len());
        }
        self.whole.extend_from_slice(&piece);
    }

    pub(super) fn finish(self) -> Bytes {
        if self.whole.is_empty() {
            self.first
        } else {
            self.whole.freeze()
        }
    }
}
