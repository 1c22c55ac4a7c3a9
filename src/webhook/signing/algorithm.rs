//! Algorithms that compute and verify a signature.

use ed25519_dalek::Signer;
use hmac::Mac;
use md5::Md5;
use sha2::{Digest, Sha256};

use crate::webhook::signing::public_key::RsaHash;
use crate::webhook::signing::shared_key::same;
use crate::webhook::{Document, Key, KeyForm, Rng};

/// Algorithm that computes and verifies a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-1.
    HmacSha1,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
    /// SHA-256 of the key followed by the message; not an HMAC.
    KeyedSha256,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA on P-256 with SHA-256, in ASN.1 DER.
    EcdsaP256,
    /// RSA, PKCS#1 v1.5, with SHA-1 or SHA-256: the member of the body at this JSON pointer is `1` or `2`.
    RsaBy(&'static str),
    /// RSA, PKCS#1 v1.5, with SHA-1.
    RsaSha1,
    /// RSA, PKCS#1 v1.5, with SHA-256.
    RsaSha256,
    /// MD5 of the message, with the key in place of the gap byte. Not an HMAC, and only as strong as MD5.
    Md5,
    /// Algorithm that follows from the type of the key (RFC 9421): HMAC with SHA-256, Ed25519, ECDSA on P-256 with `r`
    /// and `s` concatenated, or RSA, in PKCS#1 v1.5 with SHA-256 or PSS with SHA-512.
    ByKey,
    /// No computation: the secret itself is sent in place of a signature.
    Token,
    /// No computation: the request carries credentials that both sides know.
    Credentials,
}

/// Placeholder for the key in a signed message: a byte that never occurs in UTF-8.
pub(crate) const GAP: u8 = 0xFF;

impl Algorithm {
    /// Display name, such as `HMAC-SHA256`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::HmacSha256 => "HMAC-SHA256",
            Algorithm::HmacSha1 => "HMAC-SHA1",
            Algorithm::HmacSha384 => "HMAC-SHA384",
            Algorithm::HmacSha512 => "HMAC-SHA512",
            Algorithm::KeyedSha256 => "SHA-256",
            Algorithm::Ed25519 => "Ed25519",
            Algorithm::EcdsaP256 => "ECDSA P-256",
            Algorithm::RsaBy(_) => "RSA",
            Algorithm::RsaSha1 => "RSA-SHA1",
            Algorithm::RsaSha256 => "RSA-SHA256",
            Algorithm::Md5 => "MD5",
            Algorithm::ByKey => "HMAC, Ed25519, ECDSA or RSA",
            Algorithm::Token => "the secret itself",
            Algorithm::Credentials => "credentials",
        }
    }

    /// Hash function whose digest RSA signs.
    fn digest(self, document: Option<&Document>) -> Result<RsaHash, String> {
        match self {
            Algorithm::RsaBy(version) => match document
                .and_then(|document| document.text(version))
                .as_deref()
            {
                Some("1") => Ok(RsaHash::Sha1),
                Some("2") => Ok(RsaHash::Sha256),
                _ => Err(format!("`{version}` in the body must be \"1\" or \"2\"")),
            },
            Algorithm::RsaSha1 => Ok(RsaHash::Sha1),
            _ => Ok(RsaHash::Sha256),
        }
    }

    /// Computes the bytes of the signature of `message`; with a repeatable `rng`, the same bytes each time.
    pub fn compute(
        self,
        key: &Key,
        message: &[u8],
        document: Option<&Document>,
        wanted: KeyForm,
        rng: &Rng,
    ) -> Result<Vec<u8>, String> {
        let missing =
            || String::from("this key can verify, but not sign: the private key is needed");
        match (self, key) {
            (Algorithm::HmacSha1, Key::Shared(key)) => {
                Ok(key.sha1(message).finalize().into_bytes().to_vec())
            }
            (Algorithm::HmacSha256 | Algorithm::ByKey, Key::Shared(key)) => {
                Ok(key.sha256(message).finalize().into_bytes().to_vec())
            }
            (Algorithm::HmacSha384, Key::Shared(key)) => {
                Ok(key.sha384(message).finalize().into_bytes().to_vec())
            }
            (Algorithm::HmacSha512, Key::Shared(key)) => {
                Ok(key.sha512(message).finalize().into_bytes().to_vec())
            }
            (Algorithm::KeyedSha256, Key::Shared(key)) => Ok(keyed_sha256(key, message)),
            (Algorithm::Token, Key::Shared(key)) => Ok(key.to_vec()),
            (
                Algorithm::HmacSha256 | Algorithm::Ed25519 | Algorithm::ByKey,
                Key::Ed25519(private, _),
            ) => Ok(private
                .as_ref()
                .ok_or_else(missing)?
                .sign(message)
                .to_bytes()
                .to_vec()),
            (Algorithm::ByKey, Key::P256(private, _)) => Ok(private
                .as_ref()
                .ok_or_else(missing)?
                .sign_fixed(message, rng.is_repeatable())),
            (Algorithm::EcdsaP256, Key::P256(private, _)) => Ok(private
                .as_ref()
                .ok_or_else(missing)?
                .sign_der(message, rng.is_repeatable())),
            (
                Algorithm::RsaBy(_) | Algorithm::RsaSha1 | Algorithm::RsaSha256 | Algorithm::ByKey,
                Key::Rsa(private, _),
            ) => private
                .as_ref()
                .ok_or_else(missing)?
                .sign(self.digest(document)?, message),
            (Algorithm::Md5, Key::Shared(key)) => Ok(gap_filled_md5(message, key)),
            _ => Err(format!("this scheme needs {}", wanted.wanted())),
        }
    }

    /// True if `given` is a valid signature of `message`; compared in constant time where the key is shared.
    pub(crate) fn holds(
        self,
        key: &Key,
        message: &[u8],
        given: &[u8],
        document: Option<&Document>,
    ) -> bool {
        match (self, key) {
            (Algorithm::HmacSha1, Key::Shared(key)) => {
                key.sha1(message).verify_slice(given).is_ok()
            }
            (Algorithm::HmacSha256 | Algorithm::ByKey, Key::Shared(key)) => {
                key.sha256(message).verify_slice(given).is_ok()
            }
            (Algorithm::HmacSha384, Key::Shared(key)) => {
                key.sha384(message).verify_slice(given).is_ok()
            }
            (Algorithm::HmacSha512, Key::Shared(key)) => {
                key.sha512(message).verify_slice(given).is_ok()
            }
            (Algorithm::KeyedSha256, Key::Shared(key)) => same(given, &keyed_sha256(key, message)),
            (Algorithm::Token, Key::Shared(key)) => same(given, key),
            (
                Algorithm::HmacSha256 | Algorithm::Ed25519 | Algorithm::ByKey,
                Key::Ed25519(_, public),
            ) => public.verify(message, given),
            (Algorithm::ByKey, Key::P256(_, public)) => public.verify_fixed(message, given),
            (Algorithm::EcdsaP256, Key::P256(_, public)) => public.verify_der(message, given),
            (Algorithm::ByKey, Key::Rsa(_, public)) => {
                public.verify(RsaHash::Sha256, message, given) || public.verify_pss(message, given)
            }
            (
                Algorithm::RsaBy(_) | Algorithm::RsaSha1 | Algorithm::RsaSha256,
                Key::Rsa(_, public),
            ) => self
                .digest(document)
                .is_ok_and(|hash| public.verify(hash, message, given)),
            (Algorithm::Md5, Key::Shared(key)) => same(given, &gap_filled_md5(message, key)),
            _ => false,
        }
    }
}

fn keyed_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    Sha256::new_with_prefix(key)
        .chain_update(message)
        .finalize()
        .to_vec()
}

/// MD5 with the key in the gap. Only the first gap is filled: the same byte in a body that is not UTF-8 stays.
fn gap_filled_md5(message: &[u8], key: &[u8]) -> Vec<u8> {
    let mut parts = message.splitn(2, |b| *b == GAP);
    let mut md5 = Md5::new();
    md5.update(parts.next().unwrap_or_default());
    if let Some(rest) = parts.next() {
        md5.update(key);
        md5.update(rest);
    }
    md5.finalize().to_vec()
}
