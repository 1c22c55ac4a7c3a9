//! Certificate of the server: from `--cert` and `--key`, or self-signed once and stored.

use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use etcetera::BaseStrategy;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_cert::der::Decode;

use crate::error::{Error, Result};
use crate::io::private_files;
use crate::io::tls;
use crate::io::tls::Host;

/// Server certificate with its key.
#[derive(Debug)]
pub struct Certificate {
    /// TLS acceptor that uses it.
    pub host: Host,
    /// File of the generated certificate, for clients that are to trust it.
    pub kept: Option<PathBuf>,
}

/// Names of the loopback interface, in every generated certificate.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Validity of a generated certificate: 820 days, within the limit that every system accepts for a user-trusted one.
const LIFE: Duration = DAY.saturating_mul(820);

impl Certificate {
    /// Reads a certificate chain in PEM, leaf first, and its key.
    pub fn read(chain: &Path, key: &Path) -> Result<Self> {
        let wrong = |path: &Path, why: &dyn std::fmt::Display| {
            Error::input(format!("cannot use {}: {why}", path.display()))
        };
        let certificates: Vec<_> = CertificateDer::pem_file_iter(chain)
            .and_then(Iterator::collect)
            .map_err(|error| wrong(chain, &error))?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
        let host = Host::new(certificates, secret).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                wrong(key, &format!("it is not the key of {}", chain.display()))
            }
            rustls::Error::NoCertificatesPresented => wrong(chain, &"no certificate is in it"),
            error => wrong(chain, &error),
        })?;
        Ok(Self { host, kept: None })
    }

    /// Loads or generates the certificate for a listener at this address. It is stored in the user's state folder, so
    /// that it need be trusted only once; without such a folder it is of this run alone.
    pub fn own(address: IpAddr) -> Result<Self> {
        let folder = etcetera::choose_base_strategy().ok().map(|user| {
            let folder = user.state_dir().unwrap_or_else(|| user.data_dir());
            folder.join("webhook-cli")
        });
        let own = match &folder {
            Some(folder) => keep(folder, address),
            None => draw(&names(address)),
        };
        own.map_err(|error| {
            let place = folder.map_or_else(String::new, |it| format!(" in {}", it.display()));
            Error::usage(format!("cannot make a certificate{place}: {error}"))
                .hint("`--cert FILE --key FILE` takes one of yours")
        })
    }
}

/// Names that the certificate of a listener at this address covers.
fn names(address: IpAddr) -> Vec<String> {
    let mut names = LOOPBACK.map(str::to_owned).to_vec();
    if !address.is_loopback() && !address.is_unspecified() {
        names.push(address.to_string());
    }
    names
}

/// Loads the stored certificate, or generates one if it is missing, about to expire or unusable.
fn keep(folder: &Path, address: IpAddr) -> io::Result<Certificate> {
    private_files::create_folder(folder)?;
    // Locked, because two listeners that start at once would each generate one.
    let lock = private_files::open(&folder.join("lock"))?;
    lock.lock()?;
    let names = names(address);
    // One file per address, so that listeners do not replace each other's. Some systems do not allow a colon in a file
    // name.
    let file = names
        .get(LOOPBACK.len())
        .map_or("localhost", String::as_str);
    let path = folder.join(format!("{}.pem", file.replace(':', "-")));
    let key_path = folder.join("key.pem");

    let kept = fs::read_to_string(&key_path).ok();
    let key = match kept.and_then(|pem| KeyPair::from_pem(&pem).ok()) {
        Some(key) => key,
        None => {
            let key = KeyPair::generate().map_err(io::Error::other)?;
            replace(&key_path, &key.serialize_pem())?;
            key
        }
    };
    if let Ok(certificate) = CertificateDer::from_pem_file(&path)
        && lasts(&certificate)
        && tls::is_for(&certificate, &names)
        && let Ok(host) = Host::new(vec![certificate], secret(&key))
    {
        let kept = Some(path);
        return Ok(Certificate { host, kept });
    }
    let (host, pem) = sign(&key, &names)?;
    replace(&path, &pem)?;
    let kept = Some(path);
    Ok(Certificate { host, kept })
}

/// Generates a certificate without storing it.
fn draw(names: &[String]) -> io::Result<Certificate> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let (host, _) = sign(&key, names)?;
    Ok(Certificate { host, kept: None })
}

/// Creates a self-signed certificate for these names.
fn sign(key: &KeyPair, names: &[String]) -> io::Result<(Host, String)> {
    let mut overrides = CertificateParams::new(names).map_err(io::Error::other)?;
    overrides
        .distinguished_name
        .push(DnType::CommonName, "webhook-cli on this machine");
    overrides.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = SystemTime::now();
    // Valid from a day ago, because clocks differ.
    overrides.not_before = (now - DAY).into();
    overrides.not_after = (now + LIFE).into();
    let signed = overrides.self_signed(key).map_err(io::Error::other)?;
    let host = Host::new(vec![signed.der().clone()], secret(key)).map_err(io::Error::other)?;
    Ok((host, signed.pem()))
}

fn secret(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(key.serialize_der().into())
}

/// True if the certificate is valid for at least one more day.
fn lasts(certificate: &CertificateDer<'_>) -> bool {
    x509_cert::Certificate::from_der(certificate).is_ok_and(|certificate| {
        let validity = certificate.tbs_certificate().validity();
        validity.not_after.to_system_time() > SystemTime::now() + DAY
    })
}

/// Replaces a file atomically, readable only by its owner.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    // Left by a killed run; we hold the lock.
    let _ = fs::remove_file(&new);
    let mut file = private_files::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::{Certificate, draw, keep, names};
    use std::fs;
    use std::net::IpAddr;
    use std::path::Path;

    fn at(address: &str, folder: &Path) -> (Certificate, String) {
        let address: IpAddr = address.parse().unwrap();
        let certificate = keep(folder, address).unwrap();
        let pem = fs::read_to_string(certificate.kept.as_ref().unwrap()).unwrap();
        (certificate, pem)
    }

    #[test]
    fn it_is_made_once_and_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("not/there/yet");
        let (_, first) = at("127.0.0.1", &folder);
        for address in ["127.0.0.1", "::1", "0.0.0.0"] {
            assert_eq!(at(address, &folder).1, first, "{address}");
        }
        let (other, pem) = at("2001:db8::1", &folder);
        assert_ne!(pem, first);
        assert!(other.kept.unwrap().ends_with("2001-db8--1.pem"));
        assert_eq!(at("127.0.0.1", &folder).1, first);
        assert_eq!(at("2001:db8::1", &folder).1, pem);
    }

    #[test]
    fn one_that_is_no_good_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, first) = at("127.0.0.1", folder.path());
        let path = kept.kept.unwrap();
        let (_, other) = at("192.0.2.1", folder.path());
        for spoilt in [String::new(), first.replace("MII", "MIX")] {
            fs::write(&path, spoilt).unwrap();
            let (_, pem) = at("127.0.0.1", folder.path());
            assert!(
                pem != first && Certificate::read(&path, &folder.path().join("key.pem")).is_ok()
            );
        }
        // A certificate for all names, but with another key.
        fs::write(folder.path().join("key.pem"), "no key").unwrap();
        fs::write(&path, &other).unwrap();
        assert_ne!(at("127.0.0.1", folder.path()).1, other);
        assert!(
            draw(&names("127.0.0.1".parse().unwrap()))
                .unwrap()
                .kept
                .is_none()
        );
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        at("127.0.0.1", folder.path());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("key.pem")), 0o600);
        assert_eq!(mode(&folder.path().join("localhost.pem")), 0o600);
    }

    #[test]
    fn files_that_are_no_certificate_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let (kept, _) = at("127.0.0.1", folder.path());
        let (good, key) = (kept.kept.unwrap(), folder.path().join("key.pem"));
        let other_key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        for (chain, key, named) in [
            (&file("empty", ""), &key, "empty: no certificate is in it"),
            (&good, &file("text", "hello"), "text: "),
            (
                &good,
                &file("other", &other_key),
                "other: it is not the key of",
            ),
            (&folder.path().join("none"), &key, "none: "),
        ] {
            let error = Certificate::read(chain, key).unwrap_err();
            assert!(error.what().contains(named), "{} for {named}", error.what());
            assert_eq!(error.exit() as u8, 3);
        }
        Certificate::read(&good, &key).unwrap();
    }
}
