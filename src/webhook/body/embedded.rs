//! JSON that is inside a string of JSON, as the message in an SNS envelope is.

use serde::de::IgnoredAny;

/// Document inside a string token of JSON, if it is one: an object with members, or an array of objects.
pub fn document_in(token: &[u8]) -> Option<String> {
    let inner = token.strip_prefix(b"\"")?;
    let spaces = |text: &[u8]| -> usize {
        let escapes = [&b" "[..], b"\\n", b"\\r", b"\\t"];
        let found = escapes.iter().find(|space| text.starts_with(space));
        found.map_or(0, |space| space.len())
    };
    let mut start = inner;
    while let (1.., Some(rest)) = (spaces(start), start.get(spaces(start)..)) {
        start = rest;
    }
    // Most strings end here.
    if !matches!(start, [b'{' | b'[', ..]) {
        return None;
    }
    let text: String = serde_json::from_slice(token).ok()?;
    let mut rest = text.trim_ascii_start();
    if let Some(items) = rest.strip_prefix('[') {
        rest = items.trim_ascii_start();
    }
    let has_members = rest
        .strip_prefix('{')
        .is_some_and(|members| members.trim_ascii_start().starts_with('"'));
    let is_whole = has_members && serde_json::from_str::<IgnoredAny>(&text).is_ok();
    is_whole.then_some(text)
}
