//! Private keys, prepared once to make many signatures. `ring` signs several times as fast as the crates that parse the
//! keys; those sign what `ring` cannot: deterministic ECDSA, RSA with SHA-1, and RSA keys of other sizes.

use std::sync::{Arc, OnceLock};

use p256::ecdsa::SigningKey as P256Signing;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs1::EncodeRsaPrivateKey;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::webhook::signing::public_key::RsaHash;

/// P-256 key to sign with.
#[derive(Clone)]
pub struct P256PrivateKey {
    key: P256Signing,
    /// The key in `ring`'s form; prepared with the first signature that may differ from run to run.
    pair: OnceLock<Option<Arc<EcdsaKeyPair>>>,
}

impl From<P256Signing> for P256PrivateKey {
    fn from(key: P256Signing) -> Self {
        let pair = OnceLock::new();
        Self { key, pair }
    }
}

impl P256PrivateKey {
    /// Signs in ASN.1 DER. A `repeatable` signature has a deterministic nonce (RFC 6979), so its bytes are the same each
    /// time; any other has a random one.
    pub(crate) fn sign_der(&self, message: &[u8], repeatable: bool) -> Vec<u8> {
        if !repeatable && let Some(signature) = self.sign_randomly(message) {
            return signature;
        }
        let signature: p256::ecdsa::DerSignature = self.deterministic(message).to_der();
        signature.as_bytes().to_vec()
    }

    /// Signs with `r` and `s` concatenated; for `repeatable` see [`sign_der`](Self::sign_der).
    pub(crate) fn sign_fixed(&self, message: &[u8], repeatable: bool) -> Vec<u8> {
        let random = || p256::ecdsa::Signature::from_der(&self.sign_randomly(message)?).ok();
        let signature = if repeatable { None } else { random() };
        let signature = signature.unwrap_or_else(|| self.deterministic(message));
        signature.to_bytes().to_vec()
    }

    fn deterministic(&self, message: &[u8]) -> p256::ecdsa::Signature {
        p256::ecdsa::signature::Signer::sign(&self.key, message)
    }

    /// Signs with a random nonce; none if `ring` does not accept the key.
    fn sign_randomly(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        let prepared = || {
            let public = self.key.verifying_key().to_sec1_point(false);
            EcdsaKeyPair::from_private_key_and_public_key(
                &ECDSA_P256_SHA256_ASN1_SIGNING,
                &self.key.to_bytes(),
                public.as_bytes(),
                &random,
            )
            .ok()
            .map(Arc::new)
        };
        let pair = self.pair.get_or_init(prepared).as_ref()?;
        let signature = pair.sign(&random, message).ok()?;
        Some(signature.as_ref().to_vec())
    }
}

/// RSA key to sign with.
#[derive(Clone)]
pub struct RsaPrivateKey {
    key: rsa::PrivateKey,
    /// The key in `ring`'s form, prepared with the first signature; none if `ring` does not accept its size or exponent.
    pair: OnceLock<Option<Arc<RsaKeyPair>>>,
}

impl From<rsa::PrivateKey> for RsaPrivateKey {
    fn from(key: rsa::PrivateKey) -> Self {
        let pair = OnceLock::new();
        Self { key, pair }
    }
}

impl RsaPrivateKey {
    /// The parsed key.
    pub fn key(&self) -> &rsa::PrivateKey {
        &self.key
    }

    /// Signs in PKCS#1 v1.5; the bytes are the same each time.
    pub(crate) fn sign(&self, hash: RsaHash, message: &[u8]) -> Result<Vec<u8>, String> {
        let signed = match hash {
            RsaHash::Sha1 => {
                let padding = rsa::Pkcs1v15Sign::new::<Sha1>();
                self.key.sign(padding, &Sha1::digest(message))
            }
            RsaHash::Sha256 => {
                if let Some(signature) = self.sign_with_ring(message) {
                    return Ok(signature);
                }
                let padding = rsa::Pkcs1v15Sign::new::<Sha256>();
                self.key.sign(padding, &Sha256::digest(message))
            }
        };
        signed.map_err(|error| error.to_string())
    }

    fn sign_with_ring(&self, message: &[u8]) -> Option<Vec<u8>> {
        let prepared = || {
            let der = self.key.to_pkcs1_der().ok()?;
            RsaKeyPair::from_der(der.as_bytes()).ok().map(Arc::new)
        };
        let pair = self.pair.get_or_init(prepared).as_ref()?;
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        )
        .ok()?;
        Some(signature)
    }
}
#[cfg(test)]
mod tests {
    use rsa::pkcs8::DecodePrivateKey;
    use sha2::{Digest, Sha256};

    use super::{P256PrivateKey, RsaPrivateKey};
    use crate::webhook::signing::public_key::P256PublicKey;

    #[test]
    fn a_repeatable_signature_is_the_published_one_and_another_is_new_each_time() {
        // RFC 6979, A.2.5: P-256 with SHA-256, message "sample".
        let secret = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
        let wanted = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                      f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
        let key = p256::ecdsa::SigningKey::from_slice(&hex::decode(secret).unwrap()).unwrap();
        let public = P256PublicKey::from(*key.verifying_key());
        let key = P256PrivateKey::from(key);
        assert_eq!(hex::encode(key.sign_fixed(b"sample", true)), wanted);
        let random = key.sign_fixed(b"sample", false);
        assert!(public.verify_fixed(b"sample", &random));
        assert_ne!(random, key.sign_fixed(b"sample", false));
        let der = key.sign_der(b"sample", false);
        assert!(public.verify_der(b"sample", &der));
        assert_ne!(der, key.sign_der(b"sample", false));
        assert_eq!(key.sign_der(b"sample", true), key.sign_der(b"sample", true));
    }

    #[test]
    fn rsa_signatures_are_those_of_the_other_crate() {
        let pem = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/ses/test-key.pem"
        ));
        let pem = crate::webhook::signing::pasted::block(pem, "PRIVATE KEY").unwrap();
        let key = rsa::PrivateKey::from_pkcs8_pem(&pem).unwrap();
        let padding = rsa::Pkcs1v15Sign::new::<Sha256>();
        let wanted = key.sign(padding, &Sha256::digest(b"sample")).unwrap();
        let key = RsaPrivateKey::from(key);
        assert_eq!(key.sign_with_ring(b"sample"), Some(wanted));
    }
}
