//! Buffer that joins the pieces of a request or response body.

use bytes::{Bytes, BytesMut};

/// Size in bytes from which a body gets an allocation of its own, of at least [`BLOCK`] bytes.
const LARGE: usize = 1 << 20;
/// Smallest allocation, in bytes, for a large body. The system's allocator returns a block above this size as soon as
/// it is freed; smaller ones it may keep, so that a few large bodies would hold the memory of many. Pages never written
/// to take no memory.
const BLOCK: usize = (32 << 20) + 1;

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
            self.whole.reserve(room_for(room));
            self.whole
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        let length = self.whole.len() + piece.len();
        if length > self.whole.capacity() {
            self.whole.reserve(room_for(length * 2) - self.whole.len());
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

fn room_for(length: usize) -> usize {
    if length < LARGE {
        length
    } else {
        length.max(BLOCK)
    }
}
