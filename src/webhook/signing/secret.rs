//! Secrets and the keys they hold. Neither is ever printed.

use std::fmt;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use p256::ecdsa::{SigningKey as P256Signing, VerifyingKey as P256Verifying};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey};
use x509_cert::der::{DecodePem, Encode};

use crate::webhook::signing::pasted;
use crate::webhook::signing::pasted::block;
use crate::webhook::signing::private_key::{P256PrivateKey, RsaPrivateKey};
use crate::webhook::signing::public_key::{Ed25519PublicKey, P256PublicKey, RsaPublicKey};
use crate::webhook::{Credentials, SharedKey};

/// Text of a secret, as pasted. Prints as asterisks.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    name: String,
}

impl Secret {
    /// Creates a secret from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            name: String::new(),
        }
    }

    /// Sets its printable name: its source, such as `env:NAME`.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// Its source, such as `env:NAME`; empty if unknown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Description for messages: its source, never its text.
    pub fn called(&self) -> String {
        match self.name.as_str() {
            "" => "the secret".into(),
            name if name.contains(' ') => format!("the secret from {name}"),
            name => format!("the secret `{name}`"),
        }
    }

    /// Reason why the secret is unusable, if it begins like a known sort of key.
    pub fn broken(&self) -> Option<String> {
        pasted::broken(&self.text, |text| {
            p256(text)
                .or_else(|| ed25519(text))
                .or_else(|| rsa(text))
                .is_some()
        })
    }

    /// The text, to make a key of it and for nothing else.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Form in which a provider issues its secret; decides how the text becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// The text itself is the key.
    Text,
    /// The text itself is the key; `header:NAME=VALUE` or `query:NAME=VALUE` are credentials, sent in place of a
    /// signature.
    TextOrCredentials,
    /// The key in hexadecimal.
    Hex,
    /// The key in base64.
    Base64,
    /// `whsec_` and the key in base64; `whpk_` and `whsk_` for the two halves of an Ed25519 key.
    Whsec,
    /// An Ed25519 private key in PEM or base64, or the 32 bytes of the public key in base64, as dashboards show them.
    Ed25519,
    /// A P-256 private key in PEM or base64, or the base64 public key that the dashboard shows.
    P256,
    /// A PEM certificate or a public key in PEM or base64, to verify; the private key, to sign.
    Rsa,
    /// `user:password`, `header:NAME=VALUE` or `query:NAME=VALUE`.
    Credentials,
    /// The text of a bearer token.
    Bearer,
    /// A shared key in base64, or a key pair or its public half: Ed25519, P-256 or RSA.
    Any,
}

/// Key, parsed and ready for use.
#[derive(Clone)]
pub enum Key {
    /// A shared key.
    Shared(SharedKey),
    /// A P-256 key; the private half is only needed to sign.
    P256(Option<Box<P256PrivateKey>>, Box<P256PublicKey>),
    /// An Ed25519 key; the private half is only needed to sign.
    Ed25519(
        Option<Box<ed25519_dalek::SigningKey>>,
        Box<Ed25519PublicKey>,
    ),
    /// An RSA key; the private half is only needed to sign.
    Rsa(Option<Box<RsaPrivateKey>>, Box<RsaPublicKey>),
    /// Credentials that the receiver demands in place of a signature.
    Credentials(Credentials),
}

impl Key {
    /// Creates a shared key from its bytes.
    pub fn shared(bytes: impl Into<Vec<u8>>) -> Self {
        Key::Shared(bytes.into().into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

/// Base64 with or without padding, as people paste it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl KeyForm {
    /// Description of the expected form, for error messages.
    pub fn wanted(self) -> &'static str {
        match self {
            KeyForm::Text | KeyForm::Bearer => "any text that is not empty",
            KeyForm::TextOrCredentials => {
                "any text that is not empty, or `header:NAME=VALUE` or `query:NAME=VALUE`"
            }
            KeyForm::Hex => "the key in hexadecimal",
            KeyForm::Base64 => "the key in base64",
            KeyForm::Whsec => "`whsec_` followed by base64, as the dashboard shows it",
            KeyForm::Ed25519 => {
                "an Ed25519 private key to sign with (PEM, or base64 of its PKCS#8 DER), \
                 or the base64 public key that the dashboard shows to verify with (44 characters)"
            }
            KeyForm::P256 => {
                "a P-256 private key to sign with (PEM, or base64 of its PKCS#8 DER), \
                 or the base64 public key that the dashboard shows to verify with (it begins `MFkwEwYHKoZIzj0CAQ`)"
            }
            KeyForm::Rsa => {
                "a PEM certificate or a public key (PEM, or base64 of its DER) to verify with, \
                 a PEM private key to sign with"
            }
            KeyForm::Any => {
                "a shared key in base64, or an Ed25519, P-256 or RSA key in PEM (the private one to sign with)"
            }
            KeyForm::Credentials => "`user:password`, `header:NAME=VALUE` or `query:NAME=VALUE`",
        }
    }

    /// Reason why a secret is not a key of this form; never quotes the secret.
    pub fn fault(self, secret: &Secret) -> String {
        let text = secret.reveal().trim();
        if text.is_empty() {
            return "it is empty".into();
        }
        if let Some(why) = secret.broken() {
            return why;
        }
        let sort = [
            (p256(text).is_some(), "it is a P-256 key"),
            (ed25519(text).is_some(), "it is an Ed25519 key"),
            (rsa(text).is_some(), "it is an RSA key or a certificate"),
            (text.starts_with("whsec_"), "it begins with `whsec_`"),
        ];
        let sort = sort.iter().find(|(is_it, _)| *is_it).map(|(_, what)| *what);
        match (self, sort) {
            (KeyForm::Text | KeyForm::Bearer, _) => "it is empty".into(),
            (KeyForm::Credentials, _) => "it has no `:` between a user and a password".into(),
            (KeyForm::Whsec, Some("it begins with `whsec_`")) => {
                let rest = text.trim_start_matches("whsec_");
                let why = pasted::not_base64(rest).unwrap_or_default();
                format!("the part after `whsec_` is not base64: {why}")
            }
            (_, Some(what)) => what.into(),
            (KeyForm::Hex, None) => pasted::not_hex(text)
                .map_or_else(String::new, |why| format!("it is not hexadecimal: {why}")),
            (_, None) => match pasted::not_base64(text) {
                Some(why) => format!("it is not base64: {why}"),
                None => "it is base64, but not such a key".into(),
            },
        }
    }

    /// Parses a secret as a key; none if the secret has another form.
    pub fn key(self, secret: &Secret) -> Option<Key> {
        let text = secret.reveal();
        if text.trim().is_empty() {
            return None;
        }
        match self {
            KeyForm::Text => Some(Key::shared(text.as_bytes())),
            KeyForm::TextOrCredentials => {
                let shows = ["header:", "query:"]
                    .iter()
                    .any(|way| text.starts_with(way));
                let form = if shows {
                    KeyForm::Credentials
                } else {
                    KeyForm::Text
                };
                form.key(secret)
            }
            KeyForm::Hex => hex::decode(text.trim()).ok().map(Key::shared),
            KeyForm::Base64 => LENIENT
                .decode(text.trim())
                .ok()
                .filter(|key| !key.is_empty())
                .map(Key::shared),
            KeyForm::Whsec => whsec(text.trim()),
            KeyForm::Ed25519 => ed25519(text.trim()).or_else(|| bare_ed25519(text.trim())),
            KeyForm::P256 => p256(text.trim()),
            KeyForm::Rsa => rsa(text),
            KeyForm::Any => any(text.trim()),
            KeyForm::Credentials => Credentials::parse(text).map(Key::Credentials),
            KeyForm::Bearer => Some(Key::Credentials(Credentials::Bearer(
                text.trim().to_owned(),
            ))),
        }
    }
}

/// Tries public keys first: used as a shared key, a public one would let everybody sign.
fn any(text: &str) -> Option<Key> {
    p256(text)
        .or_else(|| ed25519(text))
        .or_else(|| rsa(text))
        .or_else(|| KeyForm::Base64.key(&Secret::new(text)))
}

fn ed25519(text: &str) -> Option<Key> {
    use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey};
    let pair = |private: ed25519_dalek::SigningKey| {
        let public = private.verifying_key();
        Key::Ed25519(Some(Box::new(private)), Box::new(public.into()))
    };
    if text.starts_with("whpk_") || text.starts_with("whsk_") {
        return whsec(text);
    }
    ed25519_dalek::SigningKey::from_pkcs8_pem(text)
        .ok()
        .or_else(|| ed25519_dalek::SigningKey::from_pkcs8_der(&LENIENT.decode(text).ok()?).ok())
        .map(pair)
        .or_else(|| {
            let public = ed25519_dalek::VerifyingKey::from_public_key_pem(text).ok()?;
            Some(Key::Ed25519(None, Box::new(public.into())))
        })
        .or_else(|| {
            let der = LENIENT.decode(text).ok()?;
            let public = ed25519_dalek::VerifyingKey::from_public_key_der(&der).ok()?;
            Some(Key::Ed25519(None, Box::new(public.into())))
        })
}

/// Parses a base64 public key, or a private key followed by its public key.
fn bare_ed25519(base64: &str) -> Option<Key> {
    let bytes = LENIENT.decode(base64).ok()?;
    if let Ok(pair) = <[u8; 64]>::try_from(bytes.as_slice()) {
        let private = ed25519_dalek::SigningKey::from_keypair_bytes(&pair).ok()?;
        let public = private.verifying_key();
        return Some(Key::Ed25519(
            Some(Box::new(private)),
            Box::new(public.into()),
        ));
    }
    let public: [u8; 32] = bytes.try_into().ok()?;
    let public = ed25519_dalek::VerifyingKey::from_bytes(&public).ok()?;
    Some(Key::Ed25519(None, Box::new(public.into())))
}

fn whsec(text: &str) -> Option<Key> {
    // Some dashboards put the signature's version before the secret.
    let text = text.strip_prefix("v1,").unwrap_or(text);
    let bytes = |base64: &str| {
        LENIENT
            .decode(base64)
            .ok()
            .filter(|bytes| !bytes.is_empty())
    };
    if let Some(public) = text.strip_prefix("whpk_") {
        let public: [u8; 32] = bytes(public)?.try_into().ok()?;
        let public = ed25519_dalek::VerifyingKey::from_bytes(&public).ok()?;
        return Some(Key::Ed25519(None, Box::new(public.into())));
    }
    if let Some(private) = text.strip_prefix("whsk_") {
        // The seed, then the public key.
        let private: [u8; 32] = bytes(private)?.get(..32)?.try_into().ok()?;
        let private = ed25519_dalek::SigningKey::from_bytes(&private);
        let public = private.verifying_key();
        return Some(Key::Ed25519(
            Some(Box::new(private)),
            Box::new(public.into()),
        ));
    }
    bytes(text.strip_prefix("whsec_").unwrap_or(text)).map(Key::shared)
}

fn p256(text: &str) -> Option<Key> {
    let signing = |key: p256::SecretKey| {
        let key = P256Signing::from(key);
        let public = *key.verifying_key();
        Key::P256(Some(Box::new(key.into())), Box::new(public.into()))
    };
    if text.contains("-----BEGIN") {
        // A block of curve parameters may precede the key.
        return block(text, "PRIVATE KEY")
            .and_then(|pem| p256::SecretKey::from_pkcs8_pem(&pem).ok())
            .or_else(|| {
                let pem = block(text, "EC PRIVATE KEY")?;
                p256::SecretKey::from_sec1_pem(&pem).ok()
            })
            .map(signing)
            .or_else(|| {
                let pem = block(text, "PUBLIC KEY")?;
                let public = P256Verifying::from_public_key_pem(&pem).ok()?;
                Some(Key::P256(None, Box::new(public.into())))
            });
    }
    let der = LENIENT
        .decode(text.split_whitespace().collect::<String>())
        .ok()?;
    p256::SecretKey::from_pkcs8_der(&der)
        .ok()
        .map(signing)
        .or_else(|| {
            let public = P256Verifying::from_public_key_der(&der).ok()?;
            Some(Key::P256(None, Box::new(public.into())))
        })
}

fn rsa(text: &str) -> Option<Key> {
    let block = |label: &str| block(text, label);
    let private = block("PRIVATE KEY")
        .and_then(|pem| rsa::PrivateKey::from_pkcs8_pem(&pem).ok())
        .or_else(|| {
            block("RSA PRIVATE KEY")
                .and_then(|pem| rsa::pkcs1::DecodeRsaPrivateKey::from_pkcs1_pem(&pem).ok())
        });
    let public: rsa::PublicKey = match block("CERTIFICATE") {
        Some(pem) => {
            let certificate = x509_cert::Certificate::from_pem(pem).ok()?;
            let der = certificate
                .tbs_certificate()
                .subject_public_key_info()
                .to_der()
                .ok()?;
            rsa::PublicKey::from_public_key_der(&der).ok()?
        }
        None => match (&private, block("PUBLIC KEY")) {
            (Some(private), _) => private.to_public_key(),
            (None, Some(pem)) => rsa::PublicKey::from_public_key_pem(&pem).ok()?,
            (None, None) if text.contains("-----BEGIN") => {
                let pem = block("RSA PUBLIC KEY")?;
                rsa::pkcs1::DecodeRsaPublicKey::from_pkcs1_pem(&pem).ok()?
            }
            (None, None) => {
                let der = LENIENT
                    .decode(text.split_whitespace().collect::<String>())
                    .ok()?;
                rsa::PublicKey::from_public_key_der(&der).ok()?
            }
        },
    };
    let private = private.map(|key| Box::new(RsaPrivateKey::from(key)));
    Some(Key::Rsa(private, Box::new(public.into())))
}

/// Secrets of a run (`--secret`), each for one provider or for all.
#[derive(Clone, Debug, Default)]
pub struct Keyring(Vec<(Option<String>, Secret)>);

impl Keyring {
    /// Creates a keyring of secrets, each with the provider it is limited to, if any.
    pub fn new(secrets: Vec<(Option<String>, Secret)>) -> Self {
        Self(secrets)
    }

    /// The secrets, each with the provider it is limited to, if any.
    pub fn secrets(&self) -> impl Iterator<Item = (Option<&str>, &Secret)> {
        self.0
            .iter()
            .map(|(limit, secret)| (limit.as_deref(), secret))
    }

    /// True if a secret was given for this provider by name.
    pub fn names(&self, provider: &str) -> bool {
        self.0
            .iter()
            .any(|(limit, _)| limit.as_deref() == Some(provider))
    }

    /// Secrets that are limited to other providers.
    pub fn but<'a>(&'a self, provider: &'a str) -> impl Iterator<Item = &'a Secret> {
        self.0
            .iter()
            .filter(move |(limit, _)| limit.as_deref().is_some_and(|limit| limit != provider))
            .map(|(_, secret)| secret)
    }

    /// Secrets that apply to a provider: those limited to it, otherwise those for all.
    pub fn of<'a>(&'a self, provider: &'a str) -> impl Iterator<Item = &'a Secret> {
        let named = self.names(provider);
        self.0
            .iter()
            .filter(move |(limit, _)| {
                if named {
                    limit.as_deref() == Some(provider)
                } else {
                    limit.is_none()
                }
            })
            .map(|(_, secret)| secret)
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, KeyForm, Keyring, Secret};

    const P256_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSF79XJ6T9aRrXj6M\n/ITTLC5r6epKZm8p9Ysju8GG9mqhRANCAATLoXkwBBJWiPjw6k1J9tmOx1C9c6rj\nzXKN1xzrBppKgf5PVL26gd8p1bwx28T0fm4ERPEF4IkqDsGWE/JiSNBi\n-----END PRIVATE KEY-----\n";
    const P256_PUBLIC: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEy6F5MAQSVoj48OpNSfbZjsdQvXOq481yjdcc6waaSoH+T1S9uoHfKdW8MdvE9H5uBETxBeCJKg7BlhPyYkjQYg==";

    #[test]
    fn a_secret_never_prints() {
        let secret = Secret::new("hunter2");
        let key = KeyForm::Text.key(&secret);
        let ring = Keyring::new(vec![(None, secret.clone())]);
        assert!(!format!("{secret:?} {key:?} {ring:?}").contains("hunter2"));
    }

    #[test]
    fn an_empty_secret_is_no_key() {
        for form in [
            KeyForm::Text,
            KeyForm::TextOrCredentials,
            KeyForm::Hex,
            KeyForm::Base64,
            KeyForm::Whsec,
            KeyForm::Ed25519,
            KeyForm::P256,
            KeyForm::Rsa,
            KeyForm::Credentials,
            KeyForm::Bearer,
        ] {
            for text in ["", " ", "\n"] {
                assert!(form.key(&Secret::new(text)).is_none(), "{form:?}");
            }
        }
        assert!(KeyForm::Whsec.key(&Secret::new("whsec_")).is_none());
    }

    #[test]
    fn each_half_of_a_p256_key_is_taken() {
        let private = KeyForm::P256.key(&Secret::new(P256_PRIVATE));
        let public = KeyForm::P256.key(&Secret::new(P256_PUBLIC));
        let base64: String = P256_PRIVATE
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        let der = KeyForm::P256.key(&Secret::new(base64));
        match (private, public, der) {
            (
                Some(Key::P256(Some(_), a)),
                Some(Key::P256(None, b)),
                Some(Key::P256(Some(_), c)),
            ) => {
                assert!(a == b && b == c);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_half_of_an_ed25519_key_is_taken() {
        // RFC 8032, section 7.1, test 1.
        let seed = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{seed}\n-----END PRIVATE KEY-----\n");
        let public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let both = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==";
        let key = |text: &str| KeyForm::Ed25519.key(&Secret::new(text));
        match (key(&pem), key(public), key(both), key(seed)) {
            (
                Some(Key::Ed25519(Some(_), a)),
                Some(Key::Ed25519(None, b)),
                Some(Key::Ed25519(Some(_), c)),
                Some(Key::Ed25519(Some(_), d)),
            ) => assert!(a == b && b == c && c == d),
            other => panic!("{other:?}"),
        }
        for wrong in [
            &public[..40],
            "not base64!",
            &both.replace("DXWpg", "DXWph"),
        ] {
            assert!(key(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn whsec_is_taken_with_and_without_its_prefix_and_padding() {
        let shared = |text: &str| match KeyForm::Whsec.key(&Secret::new(text)) {
            Some(Key::Shared(bytes)) => bytes,
            other => panic!("{other:?}"),
        };
        assert_eq!(shared("whsec_XeKGWu8="), shared("XeKGWu8"));
        assert!(
            KeyForm::Whsec
                .key(&Secret::new("whsec_not base64!"))
                .is_none()
        );
    }

    #[test]
    fn a_named_secret_goes_before_one_for_all() {
        let ring = Keyring::new(vec![
            (None, Secret::new("all")),
            (Some("mailgun".into()), Secret::new("one")),
        ]);
        assert_eq!(
            ring.of("mailgun").map(Secret::reveal).collect::<Vec<_>>(),
            ["one"]
        );
        assert_eq!(
            ring.of("resend").map(Secret::reveal).collect::<Vec<_>>(),
            ["all"]
        );
    }
}
