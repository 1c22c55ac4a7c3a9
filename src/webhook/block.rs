//! Capacity of buffers for large bodies and their copies.

/// Size in bytes from which a text gets an allocation of its own, of at least [`BLOCK`] bytes.
const LARGE: usize = 1 << 20;

/// Smallest allocation, in bytes, for a large text. The system's allocator returns a block above this size as soon as it is
/// freed; smaller ones it may keep, so that a few large bodies would hold the memory of many. Pages never written to take
/// no memory.
const BLOCK: usize = (32 << 20) + 1;

/// Capacity to reserve for a text of this length.
pub(crate) fn block_for(length: usize) -> usize {
    if length < LARGE {
        length
    } else {
        length.max(BLOCK)
    }
}
