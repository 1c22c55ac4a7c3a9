//! Listener that a tunnel leads to, and what its program tells of the public side.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Listener that a tunnel leads to.
#[derive(Clone, Copy, Debug)]
pub struct Local {
    /// Address on this machine.
    pub ip: IpAddr,
    /// Port of the listener.
    pub port: u16,
    /// True if it speaks HTTPS.
    pub tls: bool,
}

/// URL that a program has told, or the reason why it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing yet.
    Nothing,
    /// The public URL.
    Url(String),
    /// Something that is no URL which this program can have.
    Unusable(String),
}

impl Local {
    /// Listener bound to this address.
    pub fn of(address: SocketAddr, tls: bool) -> Local {
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Local {
            ip,
            port: address.port(),
            tls,
        }
    }

    /// Address and port.
    pub(super) fn authority(&self) -> String {
        SocketAddr::from((self.ip, self.port)).to_string()
    }

    /// URL of the listener.
    pub(super) fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }
}
