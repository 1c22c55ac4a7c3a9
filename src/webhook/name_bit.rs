//! Names as bits: a set of names fits into one number, and one comparison rules most names out.

/// Number of slots that names are spread over.
pub const NAME_SLOTS: usize = 64;

/// Slot of a name, from its length and its first and last byte.
pub fn name_slot(name: &[u8]) -> usize {
    let end = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or_default());
    (name.len() * 5 + end(name.first()) * 11 + end(name.last()) * 3) % NAME_SLOTS
}

/// One of 64 bits for a name: that of its slot.
pub fn name_bit(name: &[u8]) -> u64 {
    1 << name_slot(name)
}
