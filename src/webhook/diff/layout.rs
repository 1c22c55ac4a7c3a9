//! Differences between two JSON texts that are no differences of values: white space, order of members, escapes.

use crate::webhook::body::json_cursor::inside;

/// Differences seen between two trees of the same text format.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    /// Members of an object are in another order.
    pub(super) order: bool,
    /// A text is written with other escapes.
    pub(super) escapes: bool,
    /// A value, a member or a type differs, so that the tokens cannot be held against each other.
    pub(super) structure: bool,
}

impl Layout {
    /// Description of the difference in layout; none if there is none.
    pub(super) fn told(self, left: &[u8], right: &[u8]) -> Option<String> {
        let mut parts = Vec::new();
        parts.extend(self.order.then_some("order of members"));
        parts.extend(self.escapes.then_some("escapes"));
        if !self.order && !self.structure {
            parts.extend(white_space(left, right));
        }
        match parts.as_slice() {
            [] => None,
            parts => Some(format!(
                "same values, different bytes: {}",
                parts.join(", ")
            )),
        }
    }
}

/// Compares the white space between the tokens of two JSON texts.
fn white_space(left: &[u8], right: &[u8]) -> Option<&'static str> {
    let (mut left, mut right) = (Gaps(left), Gaps(right));
    loop {
        let (one, other) = (left.next_gap(), right.next_gap());
        if one == other {
            one.filter(|(_, is_last)| !is_last)?;
            continue;
        }
        return match (one, other) {
            (Some((_, true)), Some((_, true))) => Some("white space at the end"),
            (Some((_, one)), Some((_, other))) if one == other => Some("white space"),
            // Other tokens: values that are written differently.
            _ => None,
        };
    }
}

/// White space before each token of a JSON text.
struct Gaps<'a>(&'a [u8]);

impl<'a> Gaps<'a> {
    /// Next gap, and true if the text ends with it.
    fn next_gap(&mut self) -> Option<(&'a [u8], bool)> {
        let text = self.0;
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let gap = text.iter().take_while(|byte| is_space(byte)).count();
        let (gap, rest) = text.split_at(gap);
        let token = match rest {
            [] => return Some((gap, true)),
            [b'"', tail @ ..] => inside(tail).map_or(rest.len(), |(length, _)| length + 2),
            [b'{' | b'}' | b'[' | b']' | b',' | b':', ..] => 1,
            _ => rest
                .iter()
                .position(|byte| is_space(byte) || b"{}[],:\"".contains(byte))
                .unwrap_or(rest.len())
                .max(1),
        };
        self.0 = rest.get(token..).unwrap_or_default();
        Some((gap, false))
    }
}
