//! The certificates that this machine trusts, to be found among them itself. Which CA may sign is for the system's own
//! verifier to say; this knows only where the certificates stand.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::CertificateError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// Where systems keep all certificates in one file.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// Whether this very certificate is a trusted one. It is looked for anew each time: that is asked once, and seldom.
pub(crate) fn holds(wanted: &CertificateDer<'_>) -> bool {
    files().iter().any(|path| {
        let text = fs::read(path).unwrap_or_default();
        CertificateDer::pem_slice_iter(&text)
            .flatten()
            .any(|found| found.as_ref() == wanted.as_ref())
    })
}

/// The files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, as for OpenSSL; the system's without them.
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

/// Whether a certificate is valid at that time.
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
