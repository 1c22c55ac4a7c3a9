//! TLS certificate of `listen` (`--tls`, `--cert`, `--key`), and how to trust it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::cli::ListenArgs;
use crate::error::Result;
use crate::io::tls::server_certificate::Certificate;

/// Certificate that `listen` presents.
#[derive(Debug)]
pub(crate) enum Https {
    /// Self-signed certificate that is generated once and saved (`--tls`).
    Own,
    /// Certificate chain and key of the user (`--cert`, `--key`).
    Theirs { chain: PathBuf, key: PathBuf },
}

impl Https {
    /// Reads the TLS flags; none for plain HTTP.
    pub(crate) fn of(args: &ListenArgs) -> Option<Self> {
        match (&args.cert, &args.key) {
            (Some(chain), Some(key)) => Some(Self::Theirs {
                chain: chain.clone(),
                key: key.clone(),
            }),
            _ => args.tls.then_some(Self::Own),
        }
    }

    /// Loads or generates the certificate for a listener at this address.
    pub(crate) fn certificate(&self, address: SocketAddr) -> Result<Certificate> {
        match self {
            Self::Own => Certificate::own(address.ip()),
            Self::Theirs { chain, key } => Certificate::read(chain, key),
        }
    }
}

/// Returns the instruction to trust the self-signed certificate at `path`.
pub(crate) fn how_to_trust(path: &Path, port: u16) -> String {
    format!(
        "self-signed certificate; to trust it: curl --cacert {} https://localhost:{port}",
        path.display()
    )
}
