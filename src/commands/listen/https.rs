//! Which certificate `listen` shows, and how others come to trust it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::cli::ListenArgs;
use crate::error::Result;
use crate::io::tls::server_certificate::Certificate;

/// The certificate to show.
#[derive(Debug)]
pub(crate) enum Https {
    /// The one that we make and keep.
    Own,
    /// The user's.
    Theirs { chain: PathBuf, key: PathBuf },
}

impl Https {
    /// What was asked for; none is plain HTTP.
    pub(crate) fn of(args: &ListenArgs) -> Option<Self> {
        match (&args.cert, &args.key) {
            (Some(chain), Some(key)) => Some(Self::Theirs {
                chain: chain.clone(),
                key: key.clone(),
            }),
            _ => args.tls.then_some(Self::Own),
        }
    }

    /// The certificate, for a listener at this address.
    pub(crate) fn certificate(&self, address: SocketAddr) -> Result<Certificate> {
        match self {
            Self::Own => Certificate::own(address.ip()),
            Self::Theirs { chain, key } => Certificate::read(chain, key),
        }
    }
}

/// What to do about a certificate that is kept here and that nobody knows yet.
pub(crate) fn how_to_trust(path: &Path, port: u16) -> String {
    format!(
        "self-signed certificate; to trust it: curl --cacert {} https://localhost:{port}",
        path.display()
    )
}
