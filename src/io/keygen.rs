//! Generates secrets and key pairs from the system's random source, and writes them to owner-only files.

use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rsa::Generate;
use x509_cert::der::DecodePem;

use crate::error::{Error, Result};
use crate::io::private_files;
use crate::webhook::KeyForm;

/// Generated secret or key pair.
#[derive(Debug)]
pub struct NewSecret {
    /// Signing secret, as `--secret file:PATH` takes it.
    pub sign_with: String,
    /// Verification key, as a handler takes it; equal to `sign_with` if the key is shared.
    pub verify_with: String,
}

/// Kind of secret to generate.
#[derive(Clone, Copy, Debug)]
pub struct NewSecretSpec<'a> {
    /// Format of the secret.
    pub form: KeyForm,
    /// Sample secret, whose prefix is reproduced.
    pub like: &'a str,
    /// Sample verification key, whose encoding is reproduced.
    pub verify_like: &'a str,
    /// `--ed25519`: generate a key pair in place of a shared key.
    pub ed25519: bool,
}

/// Length of a shared key in bytes.
const SHARED: usize = 32;

/// Generates a secret.
pub fn mint(wanted: NewSecretSpec) -> Result<NewSecret> {
    let shared = |text: String| NewSecret {
        verify_with: text.clone(),
        sign_with: text,
    };
    if wanted.ed25519 && wanted.form != KeyForm::Ed25519 {
        return ed25519(wanted.form);
    }
    match wanted.form {
        KeyForm::Text | KeyForm::TextOrCredentials => {
            let prefix = if wanted.like.starts_with("whsec_") {
                "whsec_"
            } else {
                ""
            };
            let key = hex::encode(random::<{ SHARED / 2 }>()?);
            Ok(shared(format!("{prefix}{key}")))
        }
        KeyForm::Hex => Ok(shared(hex::encode(random::<SHARED>()?))),
        KeyForm::Base64 => Ok(shared(STANDARD.encode(random::<SHARED>()?))),
        KeyForm::Any => Ok(shared(STANDARD.encode(random::<64>()?))),
        KeyForm::Whsec => {
            let key = STANDARD.encode(random::<SHARED>()?);
            Ok(shared(format!("whsec_{key}")))
        }
        KeyForm::Bearer => Ok(shared(hex::encode(random::<SHARED>()?))),
        KeyForm::Credentials => {
            let password = hex::encode(random::<SHARED>()?);
            Ok(shared(format!("webhook:{password}")))
        }
        KeyForm::Ed25519 => ed25519_pem(),
        KeyForm::P256 => p256(),
        KeyForm::Rsa => rsa(wanted.verify_like),
    }
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(no_key)?;
    Ok(bytes)
}

fn no_key(error: impl std::fmt::Display) -> Error {
    Error::usage(format!("no key could be made: {error}"))
}

/// Generates an Ed25519 pair in the format of Standard Webhooks: `whsk_` (the seed followed by the public key) and
/// `whpk_`.
fn ed25519(form: KeyForm) -> Result<NewSecret> {
    if !matches!(form, KeyForm::Whsec | KeyForm::Any) {
        return Err(Error::usage("this provider does not sign with Ed25519")
            .hint("`--ed25519` is for those of Standard Webhooks, and for `rfc9421`"));
    }
    let private = ed25519_dalek::SigningKey::from_bytes(&random::<32>()?);
    Ok(NewSecret {
        sign_with: format!("whsk_{}", STANDARD.encode(private.to_keypair_bytes())),
        verify_with: format!(
            "whpk_{}",
            STANDARD.encode(private.verifying_key().as_bytes())
        ),
    })
}

/// Generates an Ed25519 pair: the private key in PEM, and the raw public key in base64, as a dashboard shows it.
fn ed25519_pem() -> Result<NewSecret> {
    use ed25519_dalek::pkcs8::EncodePrivateKey;
    let private = ed25519_dalek::SigningKey::from_bytes(&random::<32>()?);
    let pem = private.to_pkcs8_pem(LineEnding::LF).map_err(no_key)?;
    Ok(NewSecret {
        sign_with: pem.trim_end().to_owned(),
        verify_with: STANDARD.encode(private.verifying_key().as_bytes()),
    })
}

/// Generates a P-256 pair: the private key in PEM, and the public key in base64 DER, as a dashboard shows it.
fn p256() -> Result<NewSecret> {
    let private = p256::SecretKey::try_generate().map_err(no_key)?;
    let public = private.public_key().to_public_key_der().map_err(no_key)?;
    let pem = private.to_pkcs8_pem(LineEnding::LF).map_err(no_key)?;
    Ok(NewSecret {
        sign_with: pem.trim_end().to_owned(),
        verify_with: STANDARD.encode(public.as_bytes()),
    })
}

/// Generates an RSA pair: the private key in PEM, and a verification key in the format of `like`: a certificate, which
/// is also appended to the private key, or a public key in PEM or base64.
fn rsa(like: &str) -> Result<NewSecret> {
    let private = rsa::PrivateKey::try_generate().map_err(no_key)?;
    let pem = private.to_pkcs8_pem(LineEnding::LF).map_err(no_key)?;
    if like.contains("BEGIN CERTIFICATE") {
        let der = private.to_pkcs8_der().map_err(no_key)?;
        let certificate = certificate(der.as_bytes(), like)?;
        return Ok(NewSecret {
            sign_with: format!("{}{}", *pem, certificate.trim_end()),
            verify_with: certificate.trim_end().to_owned(),
        });
    }
    let public = private.to_public_key();
    let verify_with = if like.contains("BEGIN") {
        public.to_public_key_pem(LineEnding::LF).map_err(no_key)?
    } else {
        let der = public.to_public_key_der().map_err(no_key)?;
        STANDARD.encode(der.as_bytes())
    };
    Ok(NewSecret {
        sign_with: pem.trim_end().to_owned(),
        verify_with: verify_with.trim_end().to_owned(),
    })
}

/// Creates a self-signed certificate with the common name of the certificate `like`.
fn certificate(key: &[u8], like: &str) -> Result<String> {
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key);
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_RSA_SHA256);
    let pair = pair.map_err(no_key)?;
    let mut name = DistinguishedName::new();
    let other = x509_cert::Certificate::from_pem(like).map_err(no_key)?;
    let subject = other.tbs_certificate().subject().to_string();
    let mut parts = subject.split(',').map(str::trim);
    let common = parts.find_map(|part| part.strip_prefix("CN="));
    name.push(DnType::CommonName, common.unwrap_or("webhook-cli"));
    name.push(DnType::OrganizationName, "webhook-cli on this machine");
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    let certificate = params.self_signed(&pair).map_err(no_key)?;
    Ok(certificate.pem())
}

/// Writes a new file, readable only by its owner; missing folders are created, and an existing file is an error.
pub fn write_new(path: &Path, text: &str) -> Result<()> {
    let write = || {
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            private_files::create_folder(folder)?;
        }
        private_files::create(path)?.write_all(text.as_bytes())
    };
    write().map_err(|error: io::Error| {
        let why = match error.kind() {
            io::ErrorKind::AlreadyExists => "it is there already".into(),
            _ => error.to_string(),
        };
        Error::usage(format!("cannot write `{}`: {why}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::{NewSecretSpec, mint};
    use crate::webhook::{Key, KeyForm, Secret};

    fn new_secret(form: KeyForm, like: &str, ed25519: bool) -> (Key, Key) {
        let wanted = NewSecretSpec {
            form,
            like,
            verify_like: like,
            ed25519,
        };
        let (one, other) = (mint(wanted).unwrap(), mint(wanted).unwrap());
        assert_ne!(one.sign_with, other.sign_with, "each is new");
        let key = |text: &str| form.key(&Secret::new(text)).unwrap();
        (key(&one.sign_with), key(&one.verify_with))
    }

    #[test]
    fn what_is_minted_is_a_key_of_its_form() {
        for form in [
            KeyForm::Text,
            KeyForm::Hex,
            KeyForm::Base64,
            KeyForm::Whsec,
            KeyForm::Any,
        ] {
            match new_secret(form, "whsec_x", false) {
                (Key::Shared(one), Key::Shared(other)) => {
                    assert!(one == other && one.len() >= 32, "{form:?}");
                }
                other => panic!("{form:?}: {other:?}"),
            }
        }
        for form in [KeyForm::Credentials, KeyForm::Bearer] {
            let (one, other) = new_secret(form, "", false);
            assert!(matches!(
                (one, other),
                (Key::Credentials(one), Key::Credentials(other)) if one == other
            ));
        }
        for (form, ed25519) in [
            (KeyForm::Whsec, true),
            (KeyForm::Any, true),
            (KeyForm::Ed25519, true),
            (KeyForm::Ed25519, false),
        ] {
            let (private, public) = new_secret(form, "", ed25519);
            assert!(matches!(
                (private, public),
                (Key::Ed25519(Some(_), one), Key::Ed25519(None, other)) if one == other
            ));
        }
        let (private, public) = new_secret(KeyForm::P256, "", false);
        assert!(matches!(
            (private, public),
            (Key::P256(Some(_), one), Key::P256(None, other)) if one == other
        ));
    }

    #[test]
    fn rsa_is_verified_with_what_the_provider_hands_out() {
        let certificate = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/ses/test-certificate.pem"
        ));
        for (like, begins) in [
            (certificate, "-----BEGIN CERTIFICATE-----"),
            ("-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----"),
            ("MIIB", "MIIB"),
        ] {
            let wanted = NewSecretSpec {
                form: KeyForm::Rsa,
                like: "",
                verify_like: like,
                ed25519: false,
            };
            let new_secret = mint(wanted).unwrap();
            assert!(new_secret.verify_with.starts_with(begins), "{begins}");
            let key = |text: &str| KeyForm::Rsa.key(&Secret::new(text)).unwrap();
            assert!(matches!(
                (key(&new_secret.sign_with), key(&new_secret.verify_with)),
                (Key::Rsa(Some(_), one), Key::Rsa(None, other)) if one == other
            ));
        }
    }

    #[test]
    fn not_everyone_signs_with_ed25519() {
        let wanted = NewSecretSpec {
            form: KeyForm::Text,
            like: "",
            verify_like: "",
            ed25519: true,
        };
        assert!(mint(wanted).is_err());
    }
}
