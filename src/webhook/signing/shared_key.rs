//! Shared keys, prepared once to compute many HMACs, and the comparison of secrets in constant time.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// Key that both sides know. Its HMAC states are computed with the first use of each hash function, and copied for each
/// message.
#[derive(Clone, Default)]
pub struct SharedKey {
    bytes: Vec<u8>,
    sha1: OnceLock<Box<Hmac<Sha1>>>,
    sha256: OnceLock<Box<Hmac<Sha256>>>,
    sha384: OnceLock<Box<Hmac<Sha384>>>,
    sha512: OnceLock<Box<Hmac<Sha512>>>,
}

impl From<Vec<u8>> for SharedKey {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }
}

impl Deref for SharedKey {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey(***)")
    }
}

impl PartialEq for SharedKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

/// A method that returns the HMAC state after a message; a macro, because a generic function would need bounds longer
/// than the code.
macro_rules! hmac_of {
    ($name:ident, $digest:ty, $doc:literal) => {
        #[doc = $doc]
        pub(crate) fn $name(&self, message: &[u8]) -> Hmac<$digest> {
            let keyed = self.$name.get_or_init(|| {
                Box::new(Hmac::new_from_slice(&self.bytes).expect("a key of any length is taken"))
            });
            let mut mac = (**keyed).clone();
            mac.update(message);
            mac
        }
    };
}

impl SharedKey {
    hmac_of!(sha1, Sha1, "HMAC state with SHA-1 after `message`.");
    hmac_of!(sha256, Sha256, "HMAC state with SHA-256 after `message`.");
    hmac_of!(sha384, Sha384, "HMAC state with SHA-384 after `message`.");
    hmac_of!(sha512, Sha512, "HMAC state with SHA-512 after `message`.");
}

/// True if two byte strings are equal; compared in constant time.
pub(crate) fn same(given: &[u8], wanted: &[u8]) -> bool {
    given.len() == wanted.len()
        && given
            .iter()
            .zip(wanted)
            .fold(0, |odd, (a, b)| odd | (a ^ b))
            == 0
}
