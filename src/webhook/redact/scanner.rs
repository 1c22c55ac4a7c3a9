//! Looks around in a text whose characters may be escaped, in JSON, in URLs and in forms, without taking it apart.

/// What stands in front of a version that looks like an IP.
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

/// A text in which characters may be escaped, as `%40` (once or twice), `\u0040` and `\"`.
#[derive(Clone, Copy)]
pub(crate) struct Scanner<'a> {
    pub(crate) text: &'a [u8],
    /// What is in front of it is done.
    pub(crate) floor: usize,
    /// In a form, `+` is a space.
    pub(crate) form: bool,
}

impl Scanner<'_> {
    /// The character in front of there, and where it begins.
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

    /// The character there, and where it ends.
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

    /// Whether a word or a number begins there, rather than goes on.
    pub(crate) fn begins(&self, at: usize) -> bool {
        self.before(at)
            .is_none_or(|(c, _)| !(c.is_ascii_alphanumeric() || c == b'_' || c >= 0x80))
    }

    /// Whether what begins there is the rest of a longer number, or of what is no IP because of its beginning.
    pub(crate) fn is_inside_number(&self, at: usize) -> bool {
        match self.before(at) {
            Some((b'.', dot)) => self.before(dot).is_some_and(|(c, _)| c.is_ascii_digit()),
            Some((b':', colon)) => self.before(colon).is_some_and(|(c, _)| c == b':'),
            Some((c, _)) => c.is_ascii_alphanumeric(),
            None => false,
        }
    }

    /// Whether the `=` there ends the name of a parameter. It may be part of an address as well, in which a list or
    /// a relay keeps another one: `bounces+ada=example.com@lists.example`.
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

    /// Whether what begins there is the version of a browser.
    pub(crate) fn is_version(&self, at: usize) -> bool {
        let Some((b'/', slash)) = self.before(at) else {
            return false;
        };
        let before = self.text.get(..slash).unwrap_or_default();
        PRODUCTS
            .iter()
            .any(|name| before.ends_with(name.as_bytes()))
    }

    /// Where the value stands that belongs to the name from `start` to `end`.
    pub(crate) fn value_of(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let rest = self.text.get(end..)?;
        let slashes = rest.iter().take_while(|b| **b == b'\\').count();
        if rest.get(slashes) == Some(&b'"') {
            return self.quoted_value(start, end, end + slashes + 1);
        }
        // In a query or a form; in brackets it may be the name of a part.
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
            // Where the `=` is not encoded, what is belongs to the value.
            let belongs = is_plain && self.text.get(stop) == Some(&b'%');
            if !belongs && (c <= b' ' || b"&#;\"'<>)".contains(&c)) {
                break;
            }
            stop = after;
        }
        Some((value, stop))
    }

    /// The same behind a quoted name, in JSON, in JSON within JSON, and in a part of a multipart form.
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
        // With each level of JSON within JSON, the backslashes in front of a quote double, and one more comes.
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

/// What a backslash and this letter stand for: a quote and a slash for themselves, the others for what separates. None
/// if nothing is escaped so, and the backslash stands for itself.
fn unescaped(c: u8) -> Option<u8> {
    match c {
        b'"' | b'/' | b'\\' => Some(c),
        b'b' | b'f' | b'n' | b'r' | b't' | b'u' => Some(b'\n'),
        _ => None,
    }
}
