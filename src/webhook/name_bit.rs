//! Names as bits: a set of names fits into one number, and one comparison rules most names out.

/// One of 64 bits for a name, from its length and its first and last byte.
pub fn name_bit(name: &[u8]) -> u64 {
    let end = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or_default());
    1 << ((name.len() * 5 + end(name.first()) * 11 + end(name.last()) * 3) % 64)
}
