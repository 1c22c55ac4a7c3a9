//! A body that comes in pieces.

use bytes::{Bytes, BytesMut};

/// From this size on, a body has a block of memory of its own.
const LARGE: usize = 1 << 20;
/// The system's allocator gives a block back as soon as it is free where it is larger than this; smaller ones it may keep,
/// so that a few large bodies would take the memory of many. What of it is not written to is not there.
const BLOCK: usize = (32 << 20) + 1;

/// Pieces of a body, put together. A body of one piece is not copied.
#[derive(Default)]
pub(super) struct BodyBuffer {
    first: Bytes,
    whole: BytesMut,
}

impl BodyBuffer {
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
