//! A body that comes in pieces.

use bytes::{Bytes, BytesMut};

/// Pieces of a body, put together. A body of one piece is not copied.
#[derive(Default)]
pub(super) struct Gather {
    first: Bytes,
    whole: BytesMut,
}

impl Gather {
    pub(super) fn len(&self) -> usize {
        self.first.len() + self.whole.len()
    }

    /// One more piece; `total` is how long the body will be, as far as it is known.
    pub(super) fn push(&mut self, piece: Bytes, total: Option<usize>) {
        if self.len() == 0 {
            self.first = piece;
            return;
        }
        if self.whole.is_empty() {
            self.whole
                .reserve(total.unwrap_or(0).max((self.first.len() + piece.len()) * 2));
            self.whole
                .extend_from_slice(&std::mem::take(&mut self.first));
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
