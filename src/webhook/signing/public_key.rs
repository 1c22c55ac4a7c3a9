//! Public keys, prepared once to verify many signatures. `ring` does the arithmetic, several times as fast as the
//! crates that parse the keys; both accept and reject the same signatures.

use p256::Sec1Point;
use p256::ecdsa::VerifyingKey as P256Verifying;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, EcdsaVerificationAlgorithm,
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// Hash function whose digest RSA signs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RsaHash {
    Sha1,
    Sha256,
}

/// P-256 key to verify with.
#[derive(Clone, Debug)]
pub struct P256PublicKey {
    key: P256Verifying,
    /// Uncompressed point, the form that `ring` takes.
    point: Sec1Point,
}

impl From<P256Verifying> for P256PublicKey {
    fn from(key: P256Verifying) -> Self {
        let point = key.to_sec1_point(false);
        Self { key, point }
    }
}

impl PartialEq for P256PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl P256PublicKey {
    /// Compressed point: one coordinate and the sign of the other.
    pub(crate) fn compressed(&self) -> Sec1Point {
        self.key.to_sec1_point(true)
    }

    /// Verifies a signature in ASN.1 DER.
    pub(crate) fn verify_der(&self, message: &[u8], given: &[u8]) -> bool {
        self.verify(&ECDSA_P256_SHA256_ASN1, message, given)
    }

    /// Verifies a signature of `r` and `s` concatenated.
    pub(crate) fn verify_fixed(&self, message: &[u8], given: &[u8]) -> bool {
        self.verify(&ECDSA_P256_SHA256_FIXED, message, given)
    }

    fn verify(
        &self,
        algorithm: &'static EcdsaVerificationAlgorithm,
        message: &[u8],
        given: &[u8],
    ) -> bool {
        let key = UnparsedPublicKey::new(algorithm, self.point.as_bytes());
        key.verify(message, given).is_ok()
    }
}

/// Ed25519 key to verify with.
#[derive(Clone, Debug, PartialEq)]
pub struct Ed25519PublicKey {
    key: ed25519_dalek::VerifyingKey,
    /// True for a point of small order, for which anybody can make signatures.
    weak: bool,
}

impl From<ed25519_dalek::VerifyingKey> for Ed25519PublicKey {
    fn from(key: ed25519_dalek::VerifyingKey) -> Self {
        let weak = key.is_weak();
        Self { key, weak }
    }
}

impl Ed25519PublicKey {
    /// The 32 bytes of the key.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.key.as_bytes()
    }

    /// Verifies a signature, and rejects points of small order, which `ring` does not.
    pub(crate) fn verify(&self, message: &[u8], given: &[u8]) -> bool {
        let point = || {
            let bytes = given.first_chunk()?;
            ed25519_dalek::VerifyingKey::from_bytes(bytes).ok()
        };
        let key = UnparsedPublicKey::new(&ED25519, self.as_bytes());
        !self.weak
            && key.verify(message, given).is_ok()
            && point().is_some_and(|point| !point.is_weak())
    }
}

/// RSA key to verify with.
#[derive(Clone, Debug)]
pub struct RsaPublicKey {
    key: rsa::PublicKey,
    /// Modulus and exponent, if `ring` supports the length of the key.
    numbers: Option<RsaPublicKeyComponents<Box<[u8]>>>,
}

impl From<rsa::PublicKey> for RsaPublicKey {
    fn from(key: rsa::PublicKey) -> Self {
        let numbers = (128..=1024)
            .contains(&key.size())
            .then(|| RsaPublicKeyComponents {
                n: key.n_bytes(),
                e: key.e_bytes(),
            });
        Self { key, numbers }
    }
}

impl PartialEq for RsaPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl RsaPublicKey {
    /// The parsed key, to compute its identifier.
    pub(crate) fn key(&self) -> &rsa::PublicKey {
        &self.key
    }

    /// Verifies a signature in PKCS#1 v1.5.
    pub(crate) fn verify(&self, hash: RsaHash, message: &[u8], given: &[u8]) -> bool {
        if let Some(numbers) = &self.numbers {
            let algorithm = match hash {
                RsaHash::Sha1 => &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
                RsaHash::Sha256 => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            };
            return numbers.verify(algorithm, message, given).is_ok();
        }
        match hash {
            RsaHash::Sha1 => self.key.pkcs1v15_verify::<Sha1>(message, given).is_ok(),
            RsaHash::Sha256 => self.key.pkcs1v15_verify::<Sha256>(message, given).is_ok(),
        }
    }

    /// Verifies a signature in PSS with SHA-512.
    pub(crate) fn verify_pss(&self, message: &[u8], given: &[u8]) -> bool {
        rsa::pss::Signature::try_from(given).is_ok_and(|given| {
            rsa::pss::VerifyingKey::<Sha512>::new(self.key.clone())
                .verify(message, &given)
                .is_ok()
        })
    }
}
