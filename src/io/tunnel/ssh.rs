//! ssh: a port of the user's own server, forwarded to the listener. The server chooses the port, and ssh tells it.

use crate::io::tunnel::local::{Local, Told};

pub(super) const PROGRAM: &str = "ssh";

/// Beginning of the line that tells the port.
const ALLOCATED: &str = "Allocated port ";

pub(super) fn args(local: &Local, destination: &str) -> Vec<String> {
    let forward = format!("*:0:{}", local.authority());
    let options = [
        // No question: not for a password, and not for an unknown host key.
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "ExitOnForwardFailure=yes",
        "ServerAliveInterval=15",
        "ServerAliveCountMax=3",
        // The port is told at this level.
        "LogLevel=INFO",
    ];
    let options = options.iter().flat_map(|option| ["-o", option]);
    ["-N", "-T"]
        .into_iter()
        .chain(options)
        .chain(["-R", &forward, destination])
        .map(str::to_owned)
        .collect()
}

/// Reads the port from a line of ssh.
pub(super) fn read(line: &str, local: &Local, destination: &str) -> Told {
    let Some(rest) = line.strip_prefix(ALLOCATED) else {
        return Told::Nothing;
    };
    let Some((port, _)) = rest.split_once(" for remote forward") else {
        return Told::Nothing;
    };
    let host = host_of(destination);
    let scheme = if local.tls { "https" } else { "http" };
    match port.parse::<u16>() {
        Ok(port @ 1..) if host.contains(':') => Told::Url(format!("{scheme}://[{host}]:{port}")),
        Ok(port @ 1..) => Told::Url(format!("{scheme}://{host}:{port}")),
        _ => Told::Unusable(line.to_owned()),
    }
}

/// Host of `[USER@]HOST`, without brackets.
fn host_of(destination: &str) -> &str {
    let host = destination.rsplit_once('@').map(|(_, host)| host);
    host.unwrap_or(destination).trim_matches(['[', ']'])
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::io::tunnel::local::{Local, Told};

    #[test]
    fn the_port_is_the_one_that_was_allocated() {
        let local = Local {
            ip: [127, 0, 0, 1].into(),
            port: 9678,
            tls: false,
        };
        let told = |line: &str| read(line, &local, "ada@example.com");
        let line = "Allocated port 34195 for remote forward to 127.0.0.1:9678";
        assert_eq!(told(line), Told::Url("http://example.com:34195".into()));
        assert_eq!(told("Connected."), Told::Nothing);
        assert_eq!(told("Allocated port of call"), Told::Nothing);
        for port in ["0", "99999", "1@evil", "-1"] {
            let line = format!("Allocated port {port} for remote forward to x");
            assert_eq!(told(&line), Told::Unusable(line.clone()));
        }
    }
}
