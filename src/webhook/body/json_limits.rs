//! Limits of a JSON body that is opened: a small text can hold very many values.

use crate::webhook::body::json_cursor::inside;

/// Most values of a parsed body: each takes far more memory than the two bytes it may have in JSON.
pub(crate) const MOST_VALUES: usize = 100_000;

/// Most numbers of a list that is opened. A longer list of numbers is a file, as Node writes its buffers: one value.
const MOST_NUMBERS: usize = 1_000;

/// Counts the commas outside of strings: the number of values takes memory, depth does not.
pub(crate) fn has_too_many_values(json: &str) -> bool {
    // A value and its comma are two bytes.
    if json.len() < 2 * MOST_VALUES {
        return false;
    }
    let start = json
        .find(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'))
        .unwrap_or_default();
    // The body itself is opened, whatever it is.
    let mut rest = json.as_bytes().get(start + 1..).unwrap_or_default();
    let mut commas = 0;
    while let Some(at) = memchr::memchr3(b',', b'"', b'[', rest) {
        let found = rest.get(at).copied();
        rest = rest.get(at + 1..).unwrap_or_default();
        let skipped = match found {
            Some(b'"') => inside(rest).map_or(rest.len(), |(length, _)| length + 1),
            Some(b'[') => length_of_numbers(rest).unwrap_or_default(),
            _ => {
                commas += 1;
                0
            }
        };
        rest = rest.get(skipped..).unwrap_or_default();
    }
    commas >= MOST_VALUES
}

/// Length of the values of a list, given from behind its bracket, if they are numbers without signs and fractions, and
/// too many to be opened.
pub(crate) fn length_of_numbers(list: &[u8]) -> Option<usize> {
    let is_other = |byte: &u8| !matches!(byte, b'0'..=b'9' | b',' | b' ' | b'\t' | b'\r' | b'\n');
    let end = list.iter().position(is_other)?;
    let numbers = list.get(..end)?;
    let is_closed = list.get(end) == Some(&b']');
    (is_closed && memchr::memchr_iter(b',', numbers).count() >= MOST_NUMBERS).then_some(end)
}
