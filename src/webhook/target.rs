//! Where deliveries go.

use std::fmt;
use std::net::IpAddr;

use http::uri::PathAndQuery;

use crate::error::{Error, Result};

/// A URL to send to, in the short forms people type: `3000`, `:3000/path`, `localhost:3000`, `https://…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether the connection is TLS.
    pub tls: bool,
    /// The name or address, IPv6 without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query; `/` if none was given.
    pub path: PathAndQuery,
}

impl Target {
    /// Reads what was typed. A missing scheme means `http` for loopback and private names, else `https`.
    pub fn parse(typed: &str) -> Result<Target> {
        let wrong = |why: &str| {
            Error::usage(format!("`{typed}` is no target: {why}"))
                .hint("a target is a URL, or `3000`, `:3000/path`, `localhost:3000/path`")
        };
        let (scheme, rest) = match typed.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, typed),
        };
        let tls = match scheme.as_deref() {
            None => None,
            Some("http") => Some(false),
            Some("https") => Some(true),
            Some(_) => return Err(wrong("only http and https are spoken")),
        };
        let split = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(split);
        if authority.contains('@') {
            return Err(wrong("credentials in a URL are not taken")
                .hint("send them with `-H 'authorization: Basic …'`"));
        }
        let (host, port) = match authority
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None if !authority.is_empty() && authority.bytes().all(|b| b.is_ascii_digit()) => {
                    ("", Some(authority))
                }
                None => (authority, None),
            },
        };
        let host = match host {
            "" if port.is_some() => "127.0.0.1",
            "" => return Err(wrong("there is no host in it")),
            host => host,
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._:%".contains(&b);
        if !host.bytes().all(allowed) {
            return Err(wrong("its host has characters that no host has"));
        }
        let tls = tls.unwrap_or_else(|| !is_private(host));
        let port = match port {
            None => {
                if tls {
                    443
                } else {
                    80
                }
            }
            Some(port) => match port.parse::<u16>() {
                Ok(port @ 1..) => port,
                _ => return Err(wrong("a port is a number from 1 to 65535")),
            },
        };
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        let path = path
            .parse()
            .map_err(|_| wrong("its path has characters that no path has"))?;
        Ok(Target {
            tls,
            host: host.to_ascii_lowercase(),
            port,
            path,
        })
    }

    /// Whether it is on this machine or in a private network, where recordings may go without asking.
    pub fn is_private(&self) -> bool {
        is_private(&self.host)
    }

    /// Host and port as the `Host` field says them: the port only if it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let own = if self.tls { 443 } else { 80 };
        if self.port == own {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// Scheme, host and port, without a path.
    pub fn origin(&self) -> String {
        format!(
            "{}://{}",
            if self.tls { "https" } else { "http" },
            self.authority()
        )
    }

    /// The path to ask for when a delivery for `wanted` is passed on: this target's path in front of it, and its query
    /// in front of the other's. Joined as text, never resolved: `//host` and `..` stay what they are.
    pub fn join(&self, wanted: &PathAndQuery) -> PathAndQuery {
        let base = self.path.path().trim_end_matches('/');
        if base.is_empty() && self.path.query().is_none() {
            return wanted.clone();
        }
        let rest = match wanted.path() {
            "/" if !base.is_empty() => "",
            rest => rest,
        };
        let mut joined = format!("{base}{rest}");
        for (query, mark) in [self.path.query(), wanted.query()]
            .into_iter()
            .flatten()
            .zip(['?', '&'])
        {
            joined.push(mark);
            joined.push_str(query);
        }
        joined.parse().unwrap_or_else(|_| self.path.clone())
    }

    /// The path to ask for when a delivery recorded at `recorded` is sent again: this target's own if it names one.
    pub fn instead_of(&self, recorded: &PathAndQuery) -> PathAndQuery {
        if self.path.as_str() == "/" {
            return recorded.clone();
        }
        match (self.path.query(), recorded.query()) {
            (None, Some(query)) => format!("{}?{query}", self.path.path())
                .parse()
                .unwrap_or_else(|_| self.path.clone()),
            _ => self.path.clone(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

fn is_private(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return match address {
            IpAddr::V4(v4) => {
                v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()
            }
            IpAddr::V6(v6) => {
                v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local()
                    || v6
                        .to_ipv4_mapped()
                        .is_some_and(|v4| v4.is_loopback() || v4.is_private())
            }
        };
    }
    let name = host.to_ascii_lowercase();
    name == "localhost"
        || [".localhost", ".local", ".internal", ".test", ".home.arpa"].iter().any(|end| name.ends_with(end))
        // A bare name can only be found in a local network.
        || !name.contains('.')
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn short_forms_mean_what_people_mean() {
        for (typed, meant) in [
            ("3000", "http://127.0.0.1:3000/"),
            (":3000", "http://127.0.0.1:3000/"),
            (":3000/hooks?x=1", "http://127.0.0.1:3000/hooks?x=1"),
            ("localhost:3000/hooks", "http://localhost:3000/hooks"),
            ("LOCALHOST", "http://localhost/"),
            ("example.com/hooks", "https://example.com/hooks"),
            ("example.com?x=1", "https://example.com/?x=1"),
            ("http://example.com", "http://example.com/"),
            ("https://example.com:8443/a#b", "https://example.com:8443/a"),
            ("[::1]:8080/x", "http://[::1]:8080/x"),
            ("192.168.1.7:80/a", "http://192.168.1.7/a"),
            ("api.test:1", "http://api.test:1/"),
            ("//3000", ""),
            ("ftp://example.com", ""),
            ("https://", ""),
            ("localhost:0", ""),
            ("localhost:65536", ""),
            ("localhost:http", ""),
            ("http://user:pass@example.com", ""),
            ("exa mple.com", ""),
            ("a.example/\r\nx", ""),
            ("", ""),
        ] {
            let got = Target::parse(typed)
                .map(|target| target.to_string())
                .unwrap_or_default();
            assert_eq!(got, meant, "for `{typed}`");
        }
    }

    #[test]
    fn private_is_what_cannot_be_the_internet() {
        for (host, private) in [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("[::1]", true),
            ("app", true),
            ("app.local", true),
            ("203.0.113.1", false),
            ("8.8.8.8", false),
            ("example.com", false),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com", false),
        ] {
            assert_eq!(Target::parse(host).unwrap().is_private(), private, "{host}");
        }
    }

    #[test]
    fn paths_are_joined_as_text() {
        let join = |target: &str, path: &str| {
            Target::parse(target)
                .unwrap()
                .join(&path.parse().unwrap())
                .to_string()
        };
        assert_eq!(join(":1", "/a?b=%00"), "/a?b=%00");
        assert_eq!(join(":1/base/", "/a?b"), "/base/a?b");
        assert_eq!(join(":1/base", "/"), "/base");
        assert_eq!(join(":1/base?t=7", "/a?b"), "/base/a?t=7&b");
        assert_eq!(join(":1?t=7", "/"), "/?t=7");
        assert_eq!(join(":1", "//evil.example/x"), "//evil.example/x");
        assert_eq!(join(":1/base", "//evil.example/x"), "/base//evil.example/x");
        let instead = |target: &str, path: &str| {
            Target::parse(target)
                .unwrap()
                .instead_of(&path.parse().unwrap())
                .to_string()
        };
        assert_eq!(instead(":1", "/recorded?x=1"), "/recorded?x=1");
        assert_eq!(instead(":1/hooks", "/recorded?x=1"), "/hooks?x=1");
        assert_eq!(instead(":1/hooks?mine", "/recorded?x=1"), "/hooks?mine");
    }
}
