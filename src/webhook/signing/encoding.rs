//! Encodings of a signature's bytes as text.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::webhook::Key;

/// Encoding of a signature's bytes as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The bytes as they are; they are text.
    Text,
    /// Lower-case hexadecimal; upper case is rejected.
    Hex,
    /// Hexadecimal, read in either case, written in lower case.
    AnyHex,
    /// Standard base64 with padding.
    Base64,
    /// URL-safe base64, written without padding, read with or without it.
    Base64Url,
    /// This prefix, then the bytes in another encoding.
    After(&'static str, &'static Encoding),
    /// Comma-separated list, of which one signature must be valid; written with one entry.
    Listed(&'static Encoding),
    /// Space-separated entries of a version, a comma and base64: `v1` for HMAC, `v1a` for Ed25519.
    Versioned,
}

/// Most entries read from one list; more than any key rotation needs would only cost verification time.
const MOST_SIGNATURES: usize = 32;

impl Encoding {
    /// Encodes the bytes of a signature made with `key`.
    pub(crate) fn write(self, key: &Key, bytes: &[u8]) -> String {
        match self {
            Encoding::Text => String::from_utf8_lossy(bytes).into_owned(),
            Encoding::Hex | Encoding::AnyHex => hex::encode(bytes),
            Encoding::Base64 => STANDARD.encode(bytes),
            Encoding::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
            Encoding::Versioned => {
                let mut text = [version(key), ","].concat();
                STANDARD.encode_string(bytes, &mut text);
                text
            }
            Encoding::After(prefix, inner) => format!("{prefix}{}", inner.write(key, bytes)),
            Encoding::Listed(inner) => inner.write(key, bytes),
        }
    }

    /// True if any signature in the text `given` satisfies `holds`.
    pub(crate) fn any(self, key: &Key, given: &str, holds: &dyn Fn(&[u8]) -> bool) -> bool {
        match self {
            Encoding::Text => holds(given.as_bytes()),
            // Providers write lower case, and some of their libraries compare the text.
            Encoding::Hex => {
                !given.bytes().any(|b| b.is_ascii_uppercase())
                    && hex::decode(given).is_ok_and(|given| holds(&given))
            }
            Encoding::AnyHex => hex::decode(given).is_ok_and(|given| holds(&given)),
            Encoding::Base64 => STANDARD.decode(given).is_ok_and(|given| holds(&given)),
            Encoding::Base64Url => URL_SAFE_NO_PAD
                .decode(given.trim_end_matches('='))
                .is_ok_and(|given| holds(&given)),
            Encoding::Versioned => {
                let is_ours = |entry: &&str| {
                    let entry = entry.split_once(',');
                    entry.is_some_and(|(at, _)| at == version(key))
                };
                let decoded = |entry: &str| STANDARD.decode(entry.split_once(',')?.1).ok();
                given.split(' ').nth(MOST_SIGNATURES).is_none()
                    && given
                        .split(' ')
                        .filter(is_ours)
                        .filter_map(decoded)
                        .any(|given| holds(&given))
            }
            Encoding::After(prefix, inner) => given
                .strip_prefix(prefix)
                .is_some_and(|given| inner.any(key, given, holds)),
            Encoding::Listed(inner) => {
                given.split(',').nth(MOST_SIGNATURES).is_none()
                    && given.split(',').any(|given| inner.any(key, given, holds))
            }
        }
    }

    /// Visible reason why a signature cannot be valid, such as a wrong encoding or a missing prefix.
    pub(crate) fn oddity(self, given: &str) -> Option<String> {
        let hex = !given.is_empty()
            && given.len().is_multiple_of(2)
            && given.bytes().all(|b| b.is_ascii_hexdigit());
        match self {
            Encoding::Hex | Encoding::AnyHex if !hex => {
                Some("the signature is not hexadecimal".into())
            }
            Encoding::Hex if given.bytes().any(|b| b.is_ascii_uppercase()) => {
                Some("the signature is in upper case; the provider writes lower case".into())
            }
            Encoding::Versioned | Encoding::Listed(_)
                if given.split([' ', ',']).nth(2 * MOST_SIGNATURES).is_some() =>
            {
                Some(format!("there are more than {MOST_SIGNATURES} signatures"))
            }
            Encoding::Base64 | Encoding::Base64Url if hex => {
                Some("the signature looks hexadecimal, but base64 is expected".into())
            }
            Encoding::Base64 if STANDARD.decode(given).is_err() => {
                Some("the signature is not base64".into())
            }
            Encoding::Versioned
                if !given
                    .split(' ')
                    .any(|entry| entry.starts_with("v1,") || entry.starts_with("v1a,")) =>
            {
                Some("the signature has no `v1,…` entry".into())
            }
            Encoding::After(prefix, inner) => match given.strip_prefix(prefix) {
                Some(given) => inner.oddity(given),
                None => Some(format!("the signature's prefix `{prefix}` is missing")),
            },
            Encoding::Listed(inner) => inner.oddity(given.split(',').next().unwrap_or(given)),
            _ => None,
        }
    }
}

fn version(key: &Key) -> &'static str {
    if matches!(key, Key::Ed25519(..)) {
        "v1a"
    } else {
        "v1"
    }
}
