//! Detects a target that is our own listener, so that forwarding does not loop.

use std::net::{IpAddr, SocketAddr, TcpListener};

use crate::webhook::Target;

/// True if a connection to `target` would reach the listener at `own`, as far as this is known without DNS.
pub fn leads_to(target: &Target, own: SocketAddr) -> bool {
    if target.port != own.port() {
        return false;
    }
    let own = own.ip().to_canonical();
    match target.host.parse::<IpAddr>() {
        Ok(there) if own.is_unspecified() => is_local(there.to_canonical()),
        Ok(there) => {
            let there = there.to_canonical();
            // Connecting to an unspecified address such as 0.0.0.0 reaches the loopback address.
            there == own || there.is_unspecified() && own.is_loopback()
        }
        Err(_) => {
            let name = target.host.trim_end_matches('.');
            (name == "localhost" || name.ends_with(".localhost"))
                && (own.is_loopback() || own.is_unspecified())
        }
    }
}

/// True if the address belongs to this machine: only such an address can be bound.
fn is_local(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified() || TcpListener::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::leads_to;
    use crate::webhook::Target;

    #[test]
    fn our_own_address_is_known_by_each_of_its_names() {
        for (own, target, leads) in [
            ("127.0.0.1:7878", "7878", true),
            ("127.0.0.1:7878", "http://localhost:7878/x", true),
            ("127.0.0.1:7878", "https://LOCALHOST:7878", true),
            ("127.0.0.1:7878", "app.localhost:7878", true),
            ("127.0.0.1:7878", "[::ffff:127.0.0.1]:7878", true),
            ("127.0.0.1:7878", "0.0.0.0:7878", true),
            ("127.0.0.1:7878", "7879", false),
            ("127.0.0.1:7878", "127.0.0.2:7878", false),
            ("127.0.0.1:7878", "192.0.2.1:7878", false),
            ("127.0.0.1:80", "localhost", true),
            ("0.0.0.0:7878", "127.0.0.1:7878", true),
            ("0.0.0.0:7878", "127.8.8.8:7878", true),
            ("0.0.0.0:7878", "192.0.2.1:7878", false),
            ("[::]:7878", "[::1]:7878", true),
            ("[::1]:7878", "localhost:7878", true),
        ] {
            let at = Target::parse(target).unwrap();
            assert_eq!(
                leads_to(&at, own.parse().unwrap()),
                leads,
                "{target} at {own}"
            );
        }
    }
}
