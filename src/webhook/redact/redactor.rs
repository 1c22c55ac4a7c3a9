//! Removes personal data and credentials from a delivery: addresses, IPs, tokens, passwords (`--redact`).
//!
//! Only the bytes of the removed data change; a body is not re-serialised. Equal inputs always get equal placeholders,
//! in any encoding, so that events of one recipient still belong together. A placeholder is keyed, for otherwise a list
//! of addresses could be tried against it, and it has the format of the original, so that a handler still accepts it.
//!
//! Data that is encoded as a whole (base64) is not searched. A compressed body is dropped, and so is a file in a form
//! that is not text or is encoded as a whole.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, PROXY_AUTHORIZATION,
};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue};
use serde_json::value::RawValue;
use sha2::Sha256;

use crate::webhook::body::multipart::Edit;
use crate::webhook::redact::scanner::Scanner;
use crate::webhook::{
    Fixture, FormPart, Headers, Multipart, RecordedAnswer, block_for, credentials_in,
    is_credential_field, is_credential_member,
};

/// Replaces sensitive data with placeholders.
#[derive(Clone)]
pub struct Redactor {
    key: [u8; 32],
}

/// Bytes after a `%` or `\` in which an escape may end: `\u0040`, also where its backslash is escaped itself.
const LONGEST_ESCAPE: usize = 7;

/// Upper limit for the name of a member, in bytes.
const LONGEST_NAME: usize = 128;

/// Length of the shortest token that is known by its prefix, in bytes.
const SHORTEST_TOKEN: usize = 16;

/// Upper limit for a JSON Web Token, in bytes.
const LONGEST_TOKEN: usize = 64 << 10;
/// Prefixes of well-known tokens.
const TOKEN_STARTS: [&str; 9] = [
    "AKIA",
    "SG.",
    "ghp_",
    "github_pat_",
    "sk_live_",
    "sk_test_",
    "whsec_",
    "xoxb-",
    "xoxp-",
];

impl Redactor {
    /// Creates a redactor. Only with this key can a placeholder be tested against a known address.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// Redacts a fixture, and marks it as redacted.
    pub fn redact(&self, fixture: &mut Fixture) {
        let delivery = &mut fixture.delivery;
        let path = self.query(delivery.path.as_str());
        let redacted = self.text(path.as_bytes(), true);
        if let Some(path) = redacted.or_else(|| match path {
            Cow::Owned(path) => Some(path.into_bytes()),
            Cow::Borrowed(_) => None,
        }) {
            delivery.path = PathAndQuery::from_maybe_shared(Bytes::from(path))
                .unwrap_or(PathAndQuery::from_static("/redacted"));
        }
        self.message(&mut delivery.headers, &mut delivery.body);
        if delivery.headers.get(CONTENT_LENGTH.as_str()).is_some() {
            delivery
                .headers
                .set(CONTENT_LENGTH, delivery.body.len().into());
        }
        for answer in &mut fixture.answers {
            self.redact_answer(answer);
        }
        mark(&mut fixture.rest);
    }

    /// Redacts a recorded answer, and marks it as redacted. A length in its headers stays that of the whole body.
    pub fn redact_answer(&self, answer: &mut RecordedAnswer) {
        let mut body = answer.body.take().unwrap_or_default();
        self.message(&mut answer.headers, &mut body);
        answer.body = answer.status.map(|_| body);
        for text in [Some(&mut answer.target), answer.reason.as_mut()] {
            let Some(text) = text else { continue };
            // Placeholders are ASCII, so a text stays one.
            let redacted = self.text(text.as_bytes(), false);
            if let Some(Ok(redacted)) = redacted.map(String::from_utf8) {
                *text = redacted;
            }
        }
        mark(&mut answer.rest);
    }

    /// Redacts the headers and the body of a request or a response.
    fn message(&self, headers: &mut Headers, body: &mut Bytes) {
        let form = Multipart::of(headers, body);
        let form = form.and_then(Result::ok).map(|form| self.parts(&form));
        *headers = headers.with_values(|field| match &form {
            Some(form) if field.0 == CONTENT_TYPE => self.content_type(field, form),
            _ => self.field(field),
        });
        if is_compressed(headers) {
            *body = Bytes::new();
            headers.remove(CONTENT_ENCODING.as_str());
        } else if let Some(form) = form {
            *body = form.body.into();
        } else {
            let form = headers.text(CONTENT_TYPE.as_str());
            let is_form = form.is_some_and(|it| it.contains("x-www-form-urlencoded"));
            if let Some(redacted) = self.text(body, is_form) {
                *body = redacted.into();
            }
        }
    }

    /// Replaces the credentials in the query of a path, known by the names of their parameters.
    fn query<'a>(&self, path: &'a str) -> Cow<'a, str> {
        let mut out = String::new();
        let mut copied = 0;
        for value in credentials_in(path) {
            let secret = path.get(value.clone()).unwrap_or_default();
            if secret.starts_with("redacted-") {
                continue;
            }
            out += path.get(copied..value.start).unwrap_or_default();
            out += &self.token(secret.as_bytes());
            copied = value.end;
        }
        if copied == 0 {
            return path.into();
        }
        out += path.get(copied..).unwrap_or_default();
        out.into()
    }

    fn field(&self, (name, value): &(HeaderName, HeaderValue)) -> (HeaderName, HeaderValue) {
        let bytes = value.as_bytes();
        let redacted = if is_credential_field(name.as_str()) && !bytes.is_empty() {
            // The authentication scheme may stay.
            let scheme = bytes.iter().position(|b| *b == b' ');
            let scheme = scheme.filter(|_| matches!(*name, AUTHORIZATION | PROXY_AUTHORIZATION));
            let (scheme, secret) = bytes.split_at(scheme.map_or(0, |at| at + 1));
            Some([scheme, self.token(secret).as_bytes()].concat())
        } else {
            self.text(bytes, false)
        };
        let value = match redacted {
            None => value.clone(),
            Some(it) => HeaderValue::from_maybe_shared(Bytes::from(it))
                .unwrap_or(HeaderValue::from_static("redacted")),
        };
        (name.clone(), value)
    }

    /// Redacts a multipart form part by part: the meaning of a value only depends on its own part.
    fn parts(&self, form: &Multipart) -> Redacted {
        let changed = |text: &[u8]| self.text(text, false);
        let boundary = form.boundary();
        let renamed = changed(boundary.as_bytes()).map(|_| self.token(boundary.as_bytes()));
        let mut edits: Vec<Edit> = Vec::new();
        let mut end = 0;
        for part in form.parts() {
            // Bytes between the parts: a preamble, invalid parts, and the boundary.
            edits.extend(changed_at(form, end..part.start, changed));
            edits.extend(changed_at(form, part.head.clone(), changed));
            let is_secret = part.name.as_deref().is_some_and(is_credential_member);
            let is_taken = part.content.starts_with(b"redacted-") || part.content.is_empty();
            if is_secret && !is_taken {
                let token = self.token(part.content).into_bytes();
                edits.push((part.span.clone(), token));
            } else if is_opaque(part) {
                edits.push((part.span.clone(), Vec::new()));
            } else {
                edits.extend(changed_at(form, part.span.clone(), changed));
            }
            end = part.span.end;
        }
        let last = form.last().unwrap_or(form.body().len());
        edits.extend(changed_at(form, end..last, changed));
        // After the closing boundary, not the boundary itself.
        let behind = last + form.last().map_or(0, |_| boundary.len() + 4);
        edits.extend(changed_at(form, behind..form.body().len(), changed));
        if let Some(renamed) = &renamed {
            edits.extend(form.rename(renamed));
        }
        Redacted {
            body: form.edited(edits),
            old: boundary.to_owned(),
            boundary: renamed,
        }
    }

    /// Content type of a multipart form, with the boundary that its body has after redaction.
    fn content_type(
        &self,
        field: &(HeaderName, HeaderValue),
        form: &Redacted,
    ) -> (HeaderName, HeaderValue) {
        let text = field.1.to_str().unwrap_or_default();
        let Some((before, after)) = text.split_once(&form.old) else {
            return field.clone();
        };
        let changed = |text: &str| {
            let new = self.text(text.as_bytes(), false);
            new.map_or(text.into(), |new| {
                String::from_utf8_lossy(&new).into_owned()
            })
        };
        let boundary = form.boundary.as_ref().unwrap_or(&form.old);
        let text = format!("{}{boundary}{}", changed(before), changed(after));
        let value = text.parse().unwrap_or_else(|_| field.1.clone());
        (field.0.clone(), value)
    }

    /// Redacts a text; none if nothing in it is sensitive. In a form, `+` is a space.
    fn text(&self, text: &[u8], form: bool) -> Option<Vec<u8>> {
        self.text_with(text, form, true)
    }

    /// Does the same; with `skips`, bytes at which nothing can begin are skipped, which only saves time.
    fn text_with(&self, text: &[u8], form: bool, skips: bool) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let (mut copied, mut at) = (0, 0);
        // Start of the last escape, which `before` looks for in the bytes just before.
        let mut escape: Option<usize> = None;
        // Computed once a word, for a body may be a single word.
        let mut word_end = 0;
        while let Some(byte) = text.get(at) {
            let is_escape = matches!(byte, b'%' | b'\\');
            if is_escape {
                escape = Some(at);
            }
            let is_plain = skips && escape.is_none_or(|escape| at - escape > LONGEST_ESCAPE);
            if is_plain && at > copied && is_inside(text, at) {
                at += 1;
                continue;
            }
            if at >= word_end && byte.is_ascii_alphanumeric() {
                word_end = end_of_word(text, at);
            }
            let scan = Scanner {
                text,
                floor: copied,
                word_end,
                is_plain,
                form,
            };
            match self.find(scan, at) {
                None if !is_escape => at += 1,
                None => at = scan.after(at).map_or(at + 1, |(_, end)| end),
                Some(found) => {
                    if out.capacity() == 0 {
                        // A placeholder is about as long as the value.
                        out.reserve(block_for(text.len() + text.len() / 4));
                    }
                    out.extend_from_slice(text.get(copied..found.start).unwrap_or_default());
                    out.extend_from_slice(found.placeholder.as_bytes());
                    copied = found.end;
                    at = found.end;
                }
            }
        }
        if copied == 0 {
            return None;
        }
        out.extend_from_slice(text.get(copied..).unwrap_or_default());
        Some(out)
    }

    /// Sensitive data that is recognised at this byte.
    fn find(&self, scan: Scanner, at: usize) -> Option<Found> {
        match scan.text.get(at)? {
            b'@' | b'%' | b'\\' => {
                let (b'@', end) = scan.after(at)? else {
                    return None;
                };
                self.userinfo(scan, at)
                    .or_else(|| self.address(scan, at, end))
            }
            b':' if scan.begins(at) => self.ip(scan, at),
            byte if byte.is_ascii_alphanumeric() && scan.begins(at) => {
                self.ip(scan, at).or_else(|| self.credential(scan, at))
            }
            _ => None,
        }
    }

    /// Email address around the `@` from `at` to `end`.
    fn address(&self, scan: Scanner, at: usize, end: usize) -> Option<Found> {
        let mut start = at;
        let mut name = Vec::new();
        while let Some((c, begin)) = scan.before(start) {
            let plain = begin + 1 == start;
            let is_space = scan.form && plain && c == b'+';
            let is_name = c.is_ascii_alphanumeric() || b"._+-'~".contains(&c) || c >= 0x80;
            if is_space || !(is_name || c == b'=' && !scan.is_parameter(begin)) {
                break;
            }
            name.push(c);
            start = begin;
        }
        name.reverse();
        let (mut host, mut stop, mut next) = (Vec::new(), end, end);
        while let Some((c, after)) = scan.after(next) {
            if !(c.is_ascii_alphanumeric() || b".-".contains(&c) || c >= 0x80) {
                break;
            }
            host.push(c);
            next = after;
            if !b".-".contains(&c) {
                stop = after;
            }
        }
        let host = String::from_utf8_lossy(host.trim_ascii())
            .trim_end_matches(['.', '-'])
            .to_lowercase();
        let last = host.rsplit_once('.').map(|(_, last)| last)?;
        if name.is_empty() || last.len() < 2 || host == PLACE {
            return None;
        }
        let whole = format!("{}@{host}", String::from_utf8_lossy(&name).to_lowercase());
        let sign = std::str::from_utf8(scan.text.get(at..end)?).ok()?;
        let placeholder = format!("{}{sign}{PLACE}", self.name(b"address", whole.as_bytes()));
        Some(Found {
            start,
            end: stop,
            placeholder,
        })
    }

    /// User and password before the host of a URL.
    fn userinfo(&self, scan: Scanner, at: usize) -> Option<Found> {
        let mut start = at;
        while let Some((c, begin)) = scan.before(start) {
            match c {
                b'/' => {
                    let (b'/', _) = scan.before(begin)? else {
                        return None;
                    };
                    let secret = scan.text.get(start..at).filter(|it| !it.is_empty())?;
                    return Some(Found {
                        start,
                        end: at,
                        placeholder: self.token(secret),
                    });
                }
                b'?' | b'#' | b'&' | b'"' | b'<' | b'>' | b'\\' | 0..=b' ' => return None,
                _ if at - begin > 512 => return None,
                _ => start = begin,
            }
        }
        None
    }

    /// IPv4 or IPv6 address that begins here.
    fn ip(&self, scan: Scanner, at: usize) -> Option<Found> {
        // The byte after the first digits rules out most words.
        let rest = scan.text.get(at..)?;
        let digits = rest.iter().take(5).take_while(|b| b.is_ascii_hexdigit());
        if !matches!(rest.get(digits.count()), Some(b'.' | b':' | b'%' | b'\\')) {
            return None;
        }
        let mut text = String::new();
        let mut ends = Vec::new();
        let mut next = at;
        while let Some((c, after)) = scan.after(next) {
            if !(c.is_ascii_hexdigit() || c == b'.' || c == b':') || text.len() > 45 {
                break;
            }
            text.push(char::from(c));
            ends.push(after);
            next = after;
        }
        // A port may follow, or the end of a sentence, or the rest of a name.
        let four = text.find(|c: char| c != '.' && !c.is_ascii_digit());
        let four = text
            .get(..four.unwrap_or(text.len()))?
            .trim_end_matches('.');
        let six = text.trim_end_matches(['.', ':']);
        let (length, placeholder) = if let Ok(ip) = four.parse::<Ipv4Addr>() {
            (four.len(), self.four(ip)?)
        } else {
            let ip: Ipv6Addr = six.parse().ok()?;
            (six.len(), self.six(ip)?)
        };
        let end = *ends.get(length.checked_sub(1)?)?;
        let follows = scan.after(end).map_or(b' ', |(c, _)| c);
        let goes_on = follows.is_ascii_alphanumeric() || b"_@".contains(&follows);
        if goes_on || scan.is_inside_number(at) || scan.is_version(at) {
            return None;
        }
        let encoded = scan.text.get(at..end)?.contains(&b'%');
        let placeholder = if encoded {
            placeholder.replace(':', "%3A")
        } else {
            placeholder
        };
        Some(Found {
            start: at,
            end,
            placeholder,
        })
    }

    /// Placeholder in a reserved range that still parses as IPv4 everywhere.
    fn four(&self, ip: Ipv4Addr) -> Option<String> {
        let [first, ..] = ip.octets();
        if ip.is_loopback() || first == 0 || first >= 240 {
            return None;
        }
        let [a, b, c, d, ..] = self.digest(b"ip", &ip.octets());
        Some(Ipv4Addr::new(240 + a % 15, b, c, d).to_string())
    }

    /// Placeholder in the range for documentation.
    fn six(&self, ip: Ipv6Addr) -> Option<String> {
        let is_ours = matches!(ip.segments(), [0x2001, 0xdb8, 0, 0, ..]);
        if ip.is_loopback() || ip.is_unspecified() || is_ours {
            return None;
        }
        let [a, b, c, d, e, f, g, h, ..] = self.digest(b"ip", &ip.octets());
        let pairs = [[a, b], [c, d], [e, f], [g, h]];
        let parts = pairs.map(|pair| format!("{:x}", u16::from_be_bytes(pair)));
        Some(format!("2001:db8:0:0:{}", parts.join(":")))
    }

    /// Value whose name marks it as a credential, or a token with a known format.
    fn credential(&self, scan: Scanner, at: usize) -> Option<Found> {
        let end = scan.word_end;
        let word = scan.text.get(at..end)?;
        // The end of a long word is enough to recognise a name.
        let last = word.get(word.len().saturating_sub(LONGEST_NAME)..)?;
        let follows = scan.text.get(end).copied().unwrap_or_default();
        let is_name =
            b"\"\\=]%".contains(&follows) && is_credential_member(std::str::from_utf8(last).ok()?);
        let (start, end) = if is_name {
            scan.value_of(at, end)?
        } else if word.eq_ignore_ascii_case(b"bearer") || word.eq_ignore_ascii_case(b"basic") {
            let (b' ' | b'+', start) = scan.after(end)? else {
                return None;
            };
            let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(b);
            let rest = scan.text.get(start..)?;
            let token = rest.get(..rest.iter().position(|b| !is_token(b)).unwrap_or(rest.len()))?;
            // Both are English words, too.
            let is_basic = || STANDARD.decode(token).is_ok_and(|it| it.contains(&b':'));
            let is_bearer = || token.len() >= 16 && token.iter().any(u8::is_ascii_digit);
            (is_bearer() || is_basic()).then_some((start, start + token.len()))?
        } else if word.len() < SHORTEST_TOKEN {
            return None;
        } else {
            let known = TOKEN_STARTS.iter().any(|it| {
                word.len() >= it.len() + SHORTEST_TOKEN && word.starts_with(it.as_bytes())
            });
            let dots = || memchr::memchr_iter(b'.', word).take(3).count();
            let is_jwt = word.starts_with(b"eyJ")
                && (30..=LONGEST_TOKEN).contains(&word.len())
                && dots() == 2;
            (known || is_jwt).then_some((at, end))?
        };
        let secret = scan.text.get(start..end)?;
        if secret.is_empty() || secret.starts_with(b"redacted-") {
            return None;
        }
        Some(Found {
            start,
            end,
            placeholder: self.token(secret),
        })
    }

    fn token(&self, secret: &[u8]) -> String {
        self.name(b"token", secret)
    }

    fn name(&self, kind: &[u8], text: &[u8]) -> String {
        let [a, b, c, d, e, ..] = self.digest(kind, text);
        format!("redacted-{}", hex::encode([a, b, c, d, e]))
    }

    fn digest(&self, kind: &[u8], text: &[u8]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(kind);
        mac.update(b"\0");
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

/// Adds the mark of redacted data to the members of a fixture or an answer.
fn mark(rest: &mut Vec<(String, Box<RawValue>)>) {
    let is_mark = |(name, raw): &(String, Box<RawValue>)| name == MARK && raw.get() == "true";
    let is_marked = rest.iter().any(is_mark);
    if let (false, Ok(yes)) = (is_marked, RawValue::from_string("true".into())) {
        rest.push((MARK.into(), yes));
    }
}

impl Fixture {
    /// True if data was removed, so that the signature is no longer valid.
    pub fn is_redacted(&self) -> bool {
        self.rest
            .iter()
            .any(|(name, raw)| name == MARK && raw.get() == "true")
    }
}

/// Member that marks a fixture as redacted.
const MARK: &str = "redacted";

/// Domain of placeholder addresses: it never receives mail (RFC 2606).
const PLACE: &str = "example.invalid";

/// Redacted multipart form.
struct Redacted {
    body: Vec<u8>,
    old: String,
    /// New boundary, if the old one was sensitive.
    boundary: Option<String>,
}

/// Edit that redacts these bytes of a form, if there is something to redact.
fn changed_at(
    form: &Multipart,
    range: Range<usize>,
    changed: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<Edit> {
    let new = changed(form.body().get(range.clone())?)?;
    Some((range, new))
}

/// True for a part that cannot be searched: base64, or a file that is not text.
fn is_opaque(part: &FormPart) -> bool {
    let encoding = part.header("content-transfer-encoding");
    let is_encoded = encoding.is_some_and(|how| how.eq_ignore_ascii_case("base64"));
    let is_text = |text: &str| !text.contains('\0');
    is_encoded || part.is_file() && !std::str::from_utf8(part.content).is_ok_and(is_text)
}

/// True if nothing to replace can begin at this byte: it is inside a plain word, or between words.
fn is_inside(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        None | Some(b'@' | b'%' | b'\\' | b':') => false,
        Some(byte) if byte.is_ascii_alphanumeric() => {
            let before = at.checked_sub(1).and_then(|at| text.get(at));
            before.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80)
        }
        Some(_) => true,
    }
}

/// End of the word that this byte is part of.
fn end_of_word(text: &[u8], at: usize) -> usize {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|b| is_word(b)).count()
}

/// Byte range to replace, and its placeholder.
struct Found {
    start: usize,
    end: usize,
    placeholder: String,
}

fn is_compressed(headers: &Headers) -> bool {
    headers.all(CONTENT_ENCODING.as_str()).any(|coding| {
        !coding
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"identity")
    })
}

#[cfg(test)]
mod tests {
    use super::Redactor;
    use crate::webhook::{Delivery, Fixture};
    use http::{HeaderName, HeaderValue, Method};
    use proptest::prelude::*;

    fn redactor() -> Redactor {
        Redactor::new([7; 32])
    }

    fn text(text: &str) -> String {
        let redacted = redactor().text(text.as_bytes(), false);
        String::from_utf8(redacted.unwrap_or_else(|| text.into())).unwrap()
    }

    fn form(text: &str) -> String {
        let redacted = redactor().text(text.as_bytes(), true);
        String::from_utf8(redacted.unwrap_or_else(|| text.into())).unwrap()
    }

    #[test]
    fn a_body_that_is_one_word_takes_no_longer_than_another() {
        for word in ["a.", "a-", "eyJ-", "token.", "1:z:"] {
            let body = word.repeat((2 << 20) / word.len());
            assert_eq!(text(&body), body);
        }
    }

    const ADA: &str = "redacted-c0ffee0000";

    /// Placeholder of `ada`, before the `@`.
    fn ada() -> String {
        text("ada@example.com")
            .split('@')
            .next()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn an_address_is_the_same_whatever_it_is_encoded_in() {
        let ada = ada();
        assert!(
            ada.starts_with("redacted-") && ada.len() == ADA.len(),
            "{ada}"
        );
        for (before, after) in [
            ("\"ada@example.com\"", "\"{}@example.invalid\""),
            ("<Ada@Example.com>.", "<{}@example.invalid>."),
            ("To: ada@example.com, x", "To: {}@example.invalid, x"),
            ("a\\nada@example.com\\n", "a\\n{}@example.invalid\\n"),
            (
                "{\\\"e\\\":\\\"ada@example.com\\\"}",
                "{\\\"e\\\":\\\"{}@example.invalid\\\"}",
            ),
            ("ada\\u0040example.com", "{}\\u0040example.invalid"),
            (
                "https://x.org/?e=ada@example.com&y",
                "https://x.org/?e={}@example.invalid&y",
            ),
            (
                "https:\\/\\/x.org\\/?e=ada@example.com",
                "https:\\/\\/x.org\\/?e={}@example.invalid",
            ),
            (
                "mailto:ada@example.com?subject=x",
                "mailto:{}@example.invalid?subject=x",
            ),
            (
                "u=https%3A%2F%2Fx%2F%3Fe%3Dada%2540example.com%26y",
                "u=https%3A%2F%2Fx%2F%3Fe%3D{}%2540example.invalid%26y",
            ),
        ] {
            assert_eq!(text(before), after.replace("{}", &ada), "{before}");
        }
        for (before, after) in [
            (
                "email=ada%40example.com&x=1",
                "email={}%40example.invalid&x=1",
            ),
            (
                "name=hello+ada%40example.com",
                "name=hello+{}%40example.invalid",
            ),
            ("/hooks?e=ada@example.com", "/hooks?e={}@example.invalid"),
        ] {
            assert_eq!(form(before), after.replace("{}", &ada), "{before}");
        }
        assert_ne!(ada, text("bob@example.com").split('@').next().unwrap());
        assert_ne!(text("ada@example.com"), {
            let other = Redactor::new([8; 32]).text(b"ada@example.com", false);
            String::from_utf8(other.unwrap()).unwrap()
        });
    }

    #[test]
    fn nothing_of_an_address_is_left() {
        for address in [
            "ada.lovelace+news@mail.example.co.uk",
            "bounces+123-ada=example.com@mail.example.com",
            "SRS0=ab=cd=example.org=ada@example.com",
            "ада@пример.рф",
            "o'ada@example.com",
            "ADA@EXAMPLE.COM",
        ] {
            for around in ["{}", "\"{}\"", "<{}>", " {},", "x: {};"] {
                let redacted = text(&around.replace("{}", address));
                assert!(
                    redacted.starts_with(around.split("{}").next().unwrap())
                        && redacted.contains("@example.invalid"),
                    "{redacted}"
                );
                let lower = redacted.to_lowercase();
                assert!(
                    !lower.contains("ada") && !lower.contains("ада"),
                    "{redacted}"
                );
            }
        }
    }

    #[test]
    fn an_ip_is_still_an_ip() {
        let four = text("198.51.100.7");
        assert!(
            four.parse::<std::net::Ipv4Addr>().unwrap().octets()[0] >= 240,
            "{four}"
        );
        for around in [
            "\"ip\":\"{}\"",
            "ip:{}",
            "[{}]",
            "{}:443",
            "at {}.",
            "http://{}/",
            "{}, x",
            "\\n{}\\n",
            "{}.dsl.example",
        ] {
            assert_eq!(
                text(&around.replace("{}", "198.51.100.7")),
                around.replace("{}", &four),
                "{around}"
            );
        }
        assert_eq!(form("ip=198.51.100.7&x"), format!("ip={four}&x"));
        assert_eq!(form("u=x%3A198.51.100.7"), format!("u=x%3A{four}"));
        let six = text("2a02:8070::1");
        six.parse::<std::net::Ipv6Addr>().unwrap();
        assert_eq!(text("\"2A02:8070:0::1\""), format!("\"{six}\""));
        assert_eq!(
            text("for=\"[2a02:8070::1]:443\""),
            format!("for=\"[{six}]:443\"")
        );
        assert_eq!(
            form("ip=2a02%3A8070%3A%3A1&x"),
            format!("ip={}&x", six.replace(':', "%3A"))
        );
        assert!(!text("::ffff:198.51.100.7").contains("198.51"));
    }

    #[test]
    fn a_credential_is_taken_out_wherever_it_stands() {
        let secret = "s3cr3t-Value_0123456789";
        let stands = text(&format!("token={secret}"));
        let stands = stands.strip_prefix("token=").unwrap();
        assert!(stands.starts_with("redacted-"), "{stands}");
        for around in [
            "{\"token\":\"{}\"}",
            "{\"apiKey\" : \"{}\", \"x\":1}",
            "{\"m\":\"{\\\"access_token\\\":\\\"{}\\\"}\"}",
            "https://x.org/?api_key={}&y=1",
            "\"https://x.org/?Token={}\\u0026y=1\"",
            "a=1&user%5Bpassword%5D={}&b",
            "u=https%3A%2F%2Fx%2F%3Ftoken%3D{}%26y",
            "Content-Disposition: form-data; name=\"token\"\r\n\r\n{}\r\n--x",
            "Authorization: Bearer {}\r\n",
            "https://{}@x.org/",
        ] {
            assert_eq!(
                text(&around.replace("{}", secret)),
                around.replace("{}", stands),
                "{around}"
            );
        }
        for token in [
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "https://user:pass@x.org",
            "Basic dXNlcjpwYXNz",
            "\"secret\":\"a\\\\\\\"b\"",
        ] {
            let redacted = text(token);
            assert!(
                redacted.contains("redacted-") && redacted.len() < token.len() + 20,
                "{redacted}"
            );
            for left in ["eyJzdWI", "MfKQ9r8", "pass", "dXNl", "b\""] {
                assert!(!redacted.contains(left), "{redacted}");
            }
        }
    }

    #[test]
    fn what_identifies_nobody_stays() {
        for plain in [
            "{\"n\":1.10,\"n\":1e2,\"at\":\"2026-11-23T19:20:01.123456Z\"}",
            "Mozilla/5.0 (X11; Linux x86_64) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.7.1",
            "http://127.0.0.1:7878/ and [::1] and 0.0.0.0",
            "1.2.3.4.5 and 10:20:30 and 00:1b:44:11:3a:b7 and std::fs and std::add",
            "@here, an @ sign, user@localhost, 5@6",
            "a basic introduction for the bearer of this; the token; \"tokens\": 3",
            "<14c5d75ce93.dfd.64b469@ismtpd-555>",
            "",
        ] {
            assert_eq!(text(plain), plain);
        }
    }

    #[test]
    fn a_fixture_is_redacted_everywhere_and_once() {
        let header = |name: &'static str, value: &'static str| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        let delivery = Delivery {
            method: Method::POST,
            path: "/hooks?e=ada@example.com&token=abc".parse().unwrap(),
            headers: [
                header("authorization", "Basic dXNlcjpwYXNz"),
                header("x-forwarded-for", "198.51.100.7"),
                header("x-postmark-server-token", "abc"),
                header("svix-signature", "v1,abc"),
                header("content-length", "33"),
            ]
            .into_iter()
            .collect(),
            body: "[ {\"email\":\"ada@example.com\"} ]\r\n".into(),
        };
        let mut fixture = Fixture::new(delivery);
        assert!(!fixture.is_redacted());
        redactor().redact(&mut fixture);
        let once = fixture.to_line();
        let body = format!("[ {{\"email\":\"{}@example.invalid\"}} ]\r\n", ada());
        assert_eq!(fixture.delivery.body, body);
        assert_eq!(
            fixture.delivery.headers.text("content-length"),
            Some(&*body.len().to_string())
        );
        assert_eq!(
            fixture.delivery.headers.text("svix-signature"),
            Some("v1,abc")
        );
        assert!(
            fixture
                .delivery
                .headers
                .text("authorization")
                .unwrap()
                .starts_with("Basic redacted-")
        );
        for left in ["ada", "abc&", "\"abc\"", "dXNl", "198.51"] {
            assert!(!once.contains(left), "{left} in {once}");
        }
        assert!(once.contains(",\"redacted\":true,\"crc32c\""), "{once}");
        let mut again = Fixture::read_line(once.as_bytes()).unwrap();
        assert!(again.is_redacted());
        redactor().redact(&mut again);
        assert_eq!(again.delivery.body, body);
        assert_eq!(again.rest.len(), 1);
    }

    #[test]
    fn a_compressed_body_is_left_out() {
        let field = (
            http::header::CONTENT_ENCODING,
            HeaderValue::from_static("gzip"),
        );
        let mut fixture = Fixture::new(Delivery {
            method: Method::POST,
            path: "/".parse().unwrap(),
            headers: [field].into_iter().collect(),
            body: "whatever".into(),
        });
        redactor().redact(&mut fixture);
        assert!(
            fixture.delivery.body.is_empty() && fixture.delivery.headers.iter().next().is_none()
        );
    }

    fn redacted_form(kind: &'static str, body: &str) -> (String, String) {
        let mut fixture = Fixture::new(Delivery {
            method: Method::POST,
            path: "/".parse().unwrap(),
            headers: [(http::header::CONTENT_TYPE, HeaderValue::from_static(kind))]
                .into_iter()
                .collect(),
            body: body.to_owned().into(),
        });
        redactor().redact(&mut fixture);
        let delivery = &fixture.delivery;
        let kind = delivery.headers.text("content-type").unwrap().to_owned();
        (kind, String::from_utf8(delivery.body.to_vec()).unwrap())
    }

    #[test]
    fn a_form_of_parts_is_redacted_part_by_part() {
        let part = |head: &str, text: &str| {
            format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n")
        };
        let ada = ada() + "@example.invalid";
        let token = redactor().token(b"s3 cr\r\n3t");
        let before = [
            "for ada@example.com\r\n".to_owned(),
            part("name=to", "Ada <ada@example.com>"),
            // A value is the whole part, whatever it contains; a name may lack quotes, too.
            part("name=api_key", "s3 cr\r\n3t"),
            part(
                "name=f; filename=\"ada@example.com.eml\"",
                "To: ada@example.com\r\n",
            ),
            part(
                "name=g; filename=b\r\nContent-Transfer-Encoding: base64",
                "YWRh",
            ),
            part("name=token", "redacted-0123456789"),
            part("name=event", "bounced"),
            "--x--\r\nby ada@example.com".to_owned(),
        ];
        let after = [
            format!("for {ada}\r\n"),
            part("name=to", &format!("Ada <{ada}>")),
            part("name=api_key", &token),
            part("name=f; filename=\"{}\"", &format!("To: {ada}\r\n")),
            part(
                "name=g; filename=b\r\nContent-Transfer-Encoding: base64",
                "",
            ),
            part("name=token", "redacted-0123456789"),
            part("name=event", "bounced"),
            format!("--x--\r\nby {ada}"),
        ];
        let kind = "multipart/form-data; boundary=x";
        let (kept, body) = redacted_form(kind, &before.concat());
        let file = text("ada@example.com.eml");
        assert_eq!(body, after.concat().replace("{}", &file));
        assert_eq!(kept, kind);
        assert!(!body.contains("ada@"), "{body}");
    }

    #[test]
    fn a_boundary_that_identifies_somebody_is_another_in_header_and_body() {
        let body = "--1@mx.example.com\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--1@mx.example.com--\r\n";
        let (kind, redacted) = redacted_form(
            "multipart/form-data; boundary=\"1@mx.example.com\"; by=ada@example.com",
            body,
        );
        let boundary = crate::webhook::body::multipart::boundary(&kind).unwrap();
        assert!(
            boundary.starts_with("redacted-") && !kind.contains("ada@"),
            "{kind}"
        );
        assert_eq!(redacted, body.replace("1@mx.example.com", &boundary));
    }

    #[test]
    fn a_backslash_in_front_of_a_name_is_no_part_of_it() {
        for name in ["ada", "\u{1058c}", "Ünal"] {
            let json = serde_json::json!({"path": format!("C:\\{name}@example.com")}).to_string();
            let redacted = text(&json);
            assert!(
                redacted.starts_with("{\"path\":\"C:\\\\redacted-"),
                "{redacted}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_skipped_changes_nothing(
            parts in prop::collection::vec(prop_oneof![
                Just("ada@example.com"), Just("203.0.113.7"), Just("2001:db9::1"), Just("::1"), Just("token"), Just("\""),
                Just("="), Just(":"), Just("%40"), Just("%2540"), Just("\\u0040"), Just("\\n"), Just("\\"), Just("%"),
                Just("%25"), Just("%3A"), Just("a"), Just("_"), Just("1"), Just("."), Just("-"), Just(" "), Just("&"),
                Just("é"), Just("bearer "), Just("whsec_0123456789abcdefghij"), Just("abcdefgh"), Just("\\u002e"), Just("%20"),
            ], 0..30),
            form: bool,
        ) {
            let text = parts.concat();
            let all = redactor().text_with(text.as_bytes(), form, false);
            prop_assert_eq!(redactor().text_with(text.as_bytes(), form, true), all);
        }

        #[test]
        fn json_stays_json(texts: Vec<String>, odd in "[a@.:%\\\\0-9\"=/]{0,40}") {
            let json = serde_json::json!({"token": odd, "email": format!("{odd}@b.cd"), "texts": texts, "ip": odd}).to_string();
            for text in [json.clone(), serde_json::json!({"Message": json}).to_string()] {
                let redacted = redactor().text(text.as_bytes(), false).unwrap_or_default();
                let read: Result<serde_json::Value, _> = serde_json::from_slice(&redacted);
                prop_assert!(redacted.is_empty() || read.is_ok(), "{}", String::from_utf8_lossy(&redacted));
            }
        }

        #[test]
        fn any_bytes_are_taken(bytes: Vec<u8>, odd in "[a@.:%\\\\0-9\"=/u\n]{0,60}") {
            for form in [false, true] {
                let _ = redactor().text(&bytes, form);
                let _ = redactor().text(odd.as_bytes(), form);
            }
        }
    }
}
