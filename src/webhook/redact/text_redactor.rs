//! Removes personal data and credentials from a text: addresses, IPs, tokens, passwords, however they are encoded.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::webhook::redact::scanner::Scanner;
use crate::webhook::{block_for, is_credential_member};

/// Replaces sensitive parts of a text with placeholders.
#[derive(Clone)]
pub(super) struct TextRedactor {
    /// Key of the placeholders.
    pub(super) key: [u8; 32],
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

/// Domain of placeholder addresses: it never receives mail (RFC 2606).
const PLACE: &str = "example.invalid";

impl TextRedactor {
    /// Redacts a text; none if nothing in it is sensitive. In a form, `+` is a space.
    pub(super) fn redact(&self, text: &[u8], form: bool) -> Option<Vec<u8>> {
        self.redact_with(text, form, true)
    }

    /// Does the same; with `skips`, bytes at which nothing can begin are skipped, which only saves time.
    fn redact_with(&self, text: &[u8], form: bool, skips: bool) -> Option<Vec<u8>> {
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
    fn find(&self, scan: Scanner, at: usize) -> Option<Replacement> {
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
    fn address(&self, scan: Scanner, at: usize, end: usize) -> Option<Replacement> {
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
        Some(Replacement {
            start,
            end: stop,
            placeholder,
        })
    }

    /// User and password before the host of a URL.
    fn userinfo(&self, scan: Scanner, at: usize) -> Option<Replacement> {
        let mut start = at;
        while let Some((c, begin)) = scan.before(start) {
            match c {
                b'/' => {
                    let (b'/', _) = scan.before(begin)? else {
                        return None;
                    };
                    let secret = scan.text.get(start..at).filter(|it| !it.is_empty())?;
                    return Some(Replacement {
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
    fn ip(&self, scan: Scanner, at: usize) -> Option<Replacement> {
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
        Some(Replacement {
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
    fn credential(&self, scan: Scanner, at: usize) -> Option<Replacement> {
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
        Some(Replacement {
            start,
            end,
            placeholder: self.token(secret),
        })
    }

    pub(super) fn token(&self, secret: &[u8]) -> String {
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
struct Replacement {
    start: usize,
    end: usize,
    placeholder: String,
}

#[cfg(test)]
mod tests {
    use super::TextRedactor;
    use proptest::prelude::*;

    fn redactor() -> TextRedactor {
        TextRedactor { key: [7; 32] }
    }

    fn text(text: &str) -> String {
        let redacted = redactor().redact(text.as_bytes(), false);
        String::from_utf8(redacted.unwrap_or_else(|| text.into())).unwrap()
    }

    fn form(text: &str) -> String {
        let redacted = redactor().redact(text.as_bytes(), true);
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
            let other = TextRedactor { key: [8; 32] }.redact(b"ada@example.com", false);
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
            let all = redactor().redact_with(text.as_bytes(), form, false);
            prop_assert_eq!(redactor().redact_with(text.as_bytes(), form, true), all);
        }

        #[test]
        fn json_stays_json(texts: Vec<String>, odd in "[a@.:%\\\\0-9\"=/]{0,40}") {
            let json = serde_json::json!({"token": odd, "email": format!("{odd}@b.cd"), "texts": texts, "ip": odd}).to_string();
            for text in [json.clone(), serde_json::json!({"Message": json}).to_string()] {
                let redacted = redactor().redact(text.as_bytes(), false).unwrap_or_default();
                let read: Result<serde_json::Value, _> = serde_json::from_slice(&redacted);
                prop_assert!(redacted.is_empty() || read.is_ok(), "{}", String::from_utf8_lossy(&redacted));
            }
        }

        #[test]
        fn any_bytes_are_taken(bytes: Vec<u8>, odd in "[a@.:%\\\\0-9\"=/u\n]{0,60}") {
            for form in [false, true] {
                let _ = redactor().redact(&bytes, form);
                let _ = redactor().redact(odd.as_bytes(), form);
            }
        }
    }
}
