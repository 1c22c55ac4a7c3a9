//! Scans a text with escaped characters (JSON, URLs, forms) in both directions, without parsing it.

/// Names of products whose versions look like IPs.
const PRODUCTS: [&str; 16] = [
    "Chrome",
    "Chromium",
    "CriOS",
    "Edg",
    "EdgA",
    "EdgiOS",
    "Edge",
    "Electron",
    "Firefox",
    "FxiOS",
    "GSA",
    "OPR",
    "Safari",
    "SamsungBrowser",
    "Version",
    "YaBrowser",
];

/// Text with escaped characters: `%40` (once or twice), `\u0040` and `\"`.
#[derive(Clone, Copy)]
pub(crate) struct Scanner<'a> {
    pub(crate) text: &'a [u8],
    /// Offset before which everything is processed.
    pub(crate) floor: usize,
    /// End of the word at hand.
    pub(crate) word_end: usize,
    /// True if no escape is close before the byte at hand.
    pub(crate) is_plain: bool,
    /// True for a form, in which `+` is a space.
    pub(crate) form: bool,
}

impl Scanner<'_> {
    /// Character before an offset, and its own offset.
    pub(crate) fn before(&self, at: usize) -> Option<(u8, usize)> {
        for (sign, length) in [(&b"%25"[..], 5), (b"\\u00", 6), (b"%", 3)] {
            if let Some(begin) = at.checked_sub(length).filter(|it| *it >= self.floor)
                && self.text.get(begin..)?.starts_with(sign)
                && let Some(c) = hex_at(self.text, at - 2)
            {
                return Some((c, begin));
            }
        }
        let begin = at.checked_sub(1).filter(|it| *it >= self.floor)?;
        let c = *self.text.get(begin)?;
        match begin.checked_sub(1).filter(|it| *it >= self.floor) {
            Some(slash) if self.text.get(slash) == Some(&b'\\') => {
                Some(unescaped(c).map_or((c, begin), |c| (c, slash)))
            }
            _ => Some((c, begin)),
        }
    }

    /// Character at an offset, and the offset after it.
    pub(crate) fn after(&self, at: usize) -> Option<(u8, usize)> {
        let rest = self.text.get(at..)?;
        for (sign, length) in [(&b"%25"[..], 5), (b"\\u00", 6), (b"%", 3)] {
            if rest.starts_with(sign)
                && let Some(c) = hex_at(self.text, at + length - 2)
            {
                return Some((c, at + length));
            }
        }
        match rest {
            [b'\\', c, ..] => Some(unescaped(*c).map_or((b'\\', at + 1), |c| (c, at + 2))),
            [c, ..] => Some((*c, at + 1)),
            [] => None,
        }
    }

    /// True if a word or a number begins here rather than continues.
    pub(crate) fn begins(&self, at: usize) -> bool {
        let before = if self.is_plain {
            at.checked_sub(1)
                .filter(|it| *it >= self.floor)
                .and_then(|it| self.text.get(it).copied())
        } else {
            self.before(at).map(|(c, _)| c)
        };
        before.is_none_or(|c| !(c.is_ascii_alphanumeric() || c == b'_' || c >= 0x80))
    }

    /// True inside a longer number, or inside a text that is no IP because of its beginning.
    pub(crate) fn is_inside_number(&self, at: usize) -> bool {
        match self.before(at) {
            Some((b'.', dot)) => self.before(dot).is_some_and(|(c, _)| c.is_ascii_digit()),
            Some((b':', colon)) => self.before(colon).is_some_and(|(c, _)| c == b':'),
            Some((c, _)) => c.is_ascii_alphanumeric(),
            None => false,
        }
    }

    /// True if this `=` ends the name of a parameter. It may also be part of an address in which a list or a relay
    /// embeds another: `bounces+ada=example.com@lists.example`.
    pub(crate) fn is_parameter(&self, equals: usize) -> bool {
        let mut start = equals;
        let mut name = Vec::new();
        while let Some((c, begin)) = self.before(start) {
            if !(c.is_ascii_alphanumeric() || b"._+-".contains(&c)) {
                if b"?&;".contains(&c) {
                    return true;
                }
                break;
            }
            name.push(c);
            start = begin;
        }
        name.reverse();
        let is_nested = name.iter().any(|c| b"+-".contains(c)) || name.starts_with(b"SRS");
        self.form && start == 0 || !is_nested
    }

    /// True if the version of a browser begins here.
    pub(crate) fn is_version(&self, at: usize) -> bool {
        let Some((b'/', slash)) = self.before(at) else {
            return false;
        };
        let before = self.text.get(..slash).unwrap_or_default();
        PRODUCTS
            .iter()
            .any(|name| before.ends_with(name.as_bytes()))
    }

    /// Byte range of the value for the name from `start` to `end`.
    pub(crate) fn value_of(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let rest = self.text.get(end..)?;
        let slashes = rest.iter().take_while(|b| **b == b'\\').count();
        if rest.get(slashes) == Some(&b'"') {
            return self.quoted_value(start, end, end + slashes + 1);
        }
        // In a query or a form; a name in brackets may be part of a longer name.
        let equals = match self.after(end)? {
            (b']', equals) => equals,
            _ => end,
        };
        let (b'=', value) = self.after(equals)? else {
            return None;
        };
        let is_plain = self.text.get(equals) != Some(&b'%');
        let mut stop = value;
        while let Some((c, after)) = self.after(stop) {
            // After an unencoded `=`, encoded separators belong to the value.
            let belongs = is_plain && self.text.get(stop) == Some(&b'%');
            if !belongs && (c <= b' ' || b"&#;\"'<>)".contains(&c)) {
                break;
            }
            stop = after;
        }
        Some((value, stop))
    }

    /// Byte range of the value after a quoted name: in JSON, in JSON within JSON, and in a multipart header.
    fn quoted_value(&self, start: usize, quote: usize, end: usize) -> Option<(usize, usize)> {
        let quote = self.text.get(quote..end)?;
        if !self.text.get(..start)?.ends_with(quote) {
            return None;
        }
        let rest = self.text.get(end..)?;
        if self.text.get(..start)?.ends_with(b"name=\"") && rest.starts_with(b"\r\n") {
            let value = end + position(rest, b"\r\n\r\n")? + 4;
            let length = position(self.text.get(value..)?, b"\r\n")?;
            return Some((value, value + length));
        }
        let colon = rest.trim_ascii_start().strip_prefix(b":")?;
        let value = colon.trim_ascii_start().strip_prefix(quote)?;
        let start = self.text.len() - value.len();
        // With each level of JSON within JSON, the backslashes before a quote double, plus one.
        let own = quote.len() - 1;
        let mut slashes = 0;
        for (at, c) in value.iter().enumerate() {
            match c {
                b'\\' => slashes += 1,
                b'"' if slashes >= own && (slashes - own) % (2 * (own + 1)) == 0 => {
                    return Some((start, start + at - own));
                }
                _ => slashes = 0,
            }
        }
        None
    }
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

fn hex_at(text: &[u8], at: usize) -> Option<u8> {
    let mut byte = [0];
    hex::decode_to_slice(text.get(at..at + 2)?, &mut byte).ok()?;
    let [byte] = byte;
    Some(byte)
}

/// Meaning of a backslash with this letter: quotes and slashes mean themselves, the others a separator. None if there
/// is no such escape, and the backslash is literal.
fn unescaped(c: u8) -> Option<u8> {
    match c {
        b'"' | b'/' | b'\\' => Some(c),
        b'b' | b'f' | b'n' | b'r' | b't' | b'u' => Some(b'\n'),
        _ => None,
    }
}
