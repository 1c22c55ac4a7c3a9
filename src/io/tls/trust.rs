//! Lookup of a certificate itself in the system's trust store. Trust in CAs is left to the system's verifier.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::CertificateError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// Bundle files in which systems keep all trusted certificates.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// True if this very certificate is in the trust store. The files are read each time: the check is rare.
pub(crate) fn holds(wanted: &CertificateDer<'_>) -> bool {
    files().iter().any(|path| {
        let text = fs::read(path).unwrap_or_default();
        CertificateDer::pem_slice_iter(&text)
            .flatten()
            .any(|found| found.as_ref() == wanted.as_ref())
    })
}

/// Files named by `SSL_CERT_FILE` and `SSL_CERT_DIR`, as in OpenSSL, or else the system's bundles.
fn files() -> Vec<PathBuf> {
    let (file, folders) = (
        std::env::var_os("SSL_CERT_FILE"),
        std::env::var_os("SSL_CERT_DIR"),
    );
    if file.is_none() && folders.is_none() {
        return BUNDLES.iter().map(PathBuf::from).collect();
    }
    let mut files: Vec<PathBuf> = file.map(PathBuf::from).into_iter().collect();
    for folder in folders.iter().flat_map(std::env::split_paths) {
        files.extend(inside(&folder));
    }
    files
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Checks the validity period of a certificate at the time `now`.
pub(crate) fn is_current(
    certificate: &CertificateDer<'_>,
    now: UnixTime,
) -> Result<(), CertificateError> {
    let parsed = Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let validity = parsed.tbs_certificate().validity();
    let now = Duration::from_secs(now.as_secs());
    if now < validity.not_before.to_unix_duration() {
        Err(CertificateError::NotValidYet)
    } else if now > validity.not_after.to_unix_duration() {
        Err(CertificateError::Expired)
    } else {
        Ok(())
    }
}
