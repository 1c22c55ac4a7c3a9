//! Targets of deliveries: URLs, the short forms of them, and their paths.

use std::fmt;
use std::net::IpAddr;

use http::header::{AUTHORIZATION, HOST};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue};

use crate::error::{Error, Result};
use crate::webhook::{Credentials, MASK, masked_path};

/// Target URL, also in short forms: `3000`, `:3000/path`, `localhost:3000`, `https://…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// True for TLS.
    pub tls: bool,
    /// Host name or address, IPv6 without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query; `/` if none was given. For a path that ends in `/*`, the part before the `*`.
    pub path: PathAndQuery,
    path_rule: PathRule,
    /// Headers of every request to this target; they replace the delivery's own of these names.
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Rule for the path of a request to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PathRule {
    /// The delivery's own path: the target names none.
    Delivery,
    /// The target's path, unchanged.
    Exact,
    /// The delivery's path, in place of the `*` at the end of the target's.
    Below,
}

impl PathRule {
    /// Rule for a target with this path, and the path without its `*`.
    fn of(path: &str) -> (PathRule, &str) {
        match path {
            "" | "/" | "/*" => (PathRule::Delivery, "/"),
            path => match path.strip_suffix('*').filter(|path| path.ends_with('/')) {
                Some(path) => (PathRule::Below, path),
                None => (PathRule::Exact, path),
            },
        }
    }
}

/// Parts of a target as typed.
struct Typed<'a> {
    /// Scheme in lower case.
    scheme: Option<String>,
    /// User and password, still percent-encoded.
    userinfo: Option<&'a str>,
    /// Host and port.
    authority: &'a str,
    /// Path and query, without a fragment.
    path: &'a str,
}

impl<'a> Typed<'a> {
    fn split(typed: &'a str) -> Typed<'a> {
        let (scheme, rest) = match typed.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, typed),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (userinfo, authority) = match authority.rsplit_once('@') {
            Some((userinfo, authority)) => (Some(userinfo), authority),
            None => (None, authority),
        };
        Typed {
            scheme,
            userinfo,
            authority,
            path: path.split('#').next().unwrap_or_default(),
        }
    }

    /// Host, without brackets, and port; digits alone are a port.
    fn host_and_port(&self) -> (&'a str, Option<&'a str>) {
        let authority = self.authority;
        let bracketed = authority.strip_prefix('[');
        if let Some((host, port)) = bracketed.and_then(|rest| rest.split_once(']')) {
            return (host, port.strip_prefix(':'));
        }
        match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None if !authority.is_empty() && authority.bytes().all(|b| b.is_ascii_digit()) => {
                ("", Some(authority))
            }
            None => (authority, None),
        }
    }
}

/// Checks a host; a missing one is `localhost`.
fn host(name: &str, has_port: bool) -> std::result::Result<&str, &'static str> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._:%".contains(&b);
    match name {
        "" if has_port => Ok("localhost"),
        "" => Err("the host is missing"),
        name if !name.bytes().all(allowed) => Err("its host has invalid characters"),
        name => Ok(name),
    }
}

/// Value of an `Authorization` header for user and password of a URL.
fn basic(userinfo: &str) -> std::result::Result<HeaderValue, &'static str> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let value = Credentials::authorization(&decoded(user), &decoded(password));
    let value = HeaderValue::try_from(value);
    let mut value = value.map_err(|_| "its user or password has characters invalid in a header")?;
    value.set_sensitive(true);
    Ok(value)
}

fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

impl Target {
    /// Parses a target as typed. A missing scheme means `http` for loopback and private names, else `https`; a missing
    /// host is `localhost`.
    pub fn parse(typed: &str) -> Result<Target> {
        Target::from_parts(&Typed::split(typed)).map_err(|why| {
            Error::usage(format!("invalid target `{}`: {why}", masked(typed)))
                .hint("a target is a URL, or `3000`, `:3000/path`, `localhost:3000/path`")
        })
    }

    fn from_parts(typed: &Typed) -> std::result::Result<Target, &'static str> {
        let (name, port) = typed.host_and_port();
        let host = host(name, port.is_some())?;
        let tls = match typed.scheme.as_deref() {
            None => !is_private(host),
            Some("http") => false,
            Some("https") => true,
            Some(_) => return Err("only http and https are supported"),
        };
        let port = match port.map(str::parse) {
            None => default_port(tls),
            Some(Ok(port @ 1..)) => port,
            Some(_) => return Err("a port is a number from 1 to 65535"),
        };
        let (path, query) = match typed.path.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (typed.path, String::new()),
        };
        let (path_rule, path) = PathRule::of(path);
        let path = format!("{path}{query}").parse();
        let mut target = Target {
            tls,
            host: host.to_ascii_lowercase(),
            port,
            path: path.map_err(|_| "its path has invalid characters")?,
            path_rule,
            headers: Vec::new(),
        };
        if let Some(userinfo) = typed.userinfo.filter(|it| !it.is_empty()) {
            target.set_header(AUTHORIZATION, basic(userinfo)?);
        }
        Ok(target)
    }

    /// Sets a header on every request to this target, replacing all others of this name.
    pub fn set_header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value));
    }

    /// Removes a header set with [`set_header`](Self::set_header).
    pub fn remove_header(&mut self, name: &HeaderName) {
        self.headers.retain(|(other, _)| other != name);
    }

    /// Headers set on every request to this target, without `Host`.
    pub fn fields(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.headers.iter().filter(|(name, _)| *name != HOST)
    }

    /// All fields that were given for it, `Host` too.
    pub fn given(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.headers.iter()
    }

    /// True if a user and a password were given with the target; they are not printed.
    pub fn has_credentials(&self) -> bool {
        self.headers.iter().any(|(_, value)| value.is_sensitive())
    }

    /// True if every request to this target carries a header of this name.
    pub fn carries(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|(own, _)| own == name)
    }

    /// Value of the `Host` header: the one that was given, or host and port.
    pub fn host_field(&self) -> HeaderValue {
        let given = self.headers.iter().find(|(name, _)| *name == HOST);
        match given {
            Some((_, value)) => value.clone(),
            // A parsed host has no character that a header value may not have.
            None => HeaderValue::try_from(self.authority())
                .unwrap_or_else(|_| HeaderValue::from_static("")),
        }
    }

    /// True for this machine and private networks, where recordings may be sent without `--yes`.
    pub fn is_private(&self) -> bool {
        is_private(&self.host)
    }

    /// Host and port as in the `Host` header: the port only if it is not the scheme's default.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        if self.port == default_port(self.tls) {
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

    /// Scheme, host and port with this path, safe to print.
    pub fn at(&self, path: &PathAndQuery) -> String {
        format!("{}{path}", self.origin())
    }

    /// True for this machine.
    pub fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                address.is_loopback() || address.is_unspecified()
            }
            Err(_) => self.host == "localhost" || self.host.ends_with(".localhost"),
        }
    }

    /// Path to request for a delivery for the path `asked`. A path of the target's own is used unchanged, and the query
    /// of `asked` is appended to its query. Joined as text, never resolved: `//host` and `..` stay as they are.
    pub fn path_for(&self, asked: &PathAndQuery) -> PathAndQuery {
        let (own, below) = match self.path_rule {
            PathRule::Delivery if self.path.query().is_none() => return asked.clone(),
            PathRule::Delivery => ("", asked.path()),
            PathRule::Exact => (self.path.path(), ""),
            PathRule::Below => {
                let below = asked.path();
                (self.path.path(), below.strip_prefix('/').unwrap_or(below))
            }
        };
        let mut joined = format!("{own}{below}");
        let queries = match (self.path.query(), asked.query()) {
            (Some(own), Some(asked)) if own == asked => [Some(own), None],
            both => [both.0, both.1],
        };
        for (query, mark) in queries.into_iter().flatten().zip(['?', '&']) {
            joined.push(mark);
            joined.push_str(query);
        }
        joined.parse().unwrap_or_else(|_| self.path.clone())
    }
}

impl fmt::Display for Target {
    /// Formats the URL without user and password, and without credentials in the query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = match self.path_rule {
            PathRule::Below => "*",
            PathRule::Delivery | PathRule::Exact => "",
        };
        let shown = masked_path(self.path.as_str());
        let (path, query) = shown.split_at(self.path.path().len().min(shown.len()));
        write!(f, "{}{path}{star}{query}", self.origin())
    }
}

/// URL with its credentials masked, safe to print.
fn masked(typed: &str) -> String {
    let typed = masked_path(typed);
    let typed = typed.as_ref();
    let start = typed.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = typed.split_at_checked(start).unwrap_or(("", typed));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("{scheme}{MASK}{}", rest.get(at..).unwrap_or_default()),
        None => typed.to_owned(),
    }
}

/// Percent-decoded part of a URL.
fn decoded(part: &str) -> String {
    let mut out = Vec::new();
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
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
        // A name without a dot only resolves in a local network.
        || !name.contains('.')
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn short_forms_mean_what_people_mean() {
        for (typed, meant) in [
            ("3000", "http://localhost:3000/"),
            (":3000", "http://localhost:3000/"),
            (":3000/hooks?x=1", "http://localhost:3000/hooks?x=1"),
            (":3000/hooks/", "http://localhost:3000/hooks/"),
            (":3000/hooks/*?a", "http://localhost:3000/hooks/*?a"),
            (":3000/*", "http://localhost:3000/"),
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
            ("http://user:pass@example.com", "http://example.com/"),
            ("user@10.0.0.1:1/x", "http://10.0.0.1:1/x"),
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
    fn a_path_is_used_exactly_and_without_one_the_path_asked_for_is_kept() {
        for (target, asked, wanted) in [
            (":1", "/a?b=%00", "/a?b=%00"),
            (":1/", "/a?b=%00", "/a?b=%00"),
            (":1/*", "/a?b", "/a?b"),
            (":1?t=7", "/a", "/a?t=7"),
            (":1/?t=7", "/?b", "/?t=7&b"),
            (":1", "//evil.example/x", "//evil.example/x"),
            (":1/base", "/a?b", "/base?b"),
            (":1/base", "/", "/base"),
            (":1/base/", "/a/", "/base/"),
            (":1/base/", "//evil.example/x", "/base/"),
            (":1/base?t=7", "/a?b", "/base?t=7&b"),
            (":1/base?t=7", "/base?t=7", "/base?t=7"),
            (":1/base/*", "/a/?b", "/base/a/?b"),
            (":1/base/*", "/", "/base/"),
            (":1/base/*?t=7", "/a?b", "/base/a?t=7&b"),
            (":1/base/*", "//evil.example/x", "/base//evil.example/x"),
            (":1/a*", "/b", "/a*"),
        ] {
            let path = Target::parse(target)
                .unwrap()
                .path_for(&asked.parse().unwrap());
            assert_eq!(path.as_str(), wanted, "{asked} at {target}");
        }
    }

    #[test]
    fn a_user_and_a_password_are_sent_and_never_printed() {
        for (typed, sent) in [
            ("http://user:pw@127.0.0.1:1/", "Basic dXNlcjpwdw=="),
            ("user:p%40%3aw@localhost:1", "Basic dXNlcjpwQDp3"),
            ("user:p@w@localhost:1", "Basic dXNlcjpwQHc="),
            ("user@:3000", "Basic dXNlcjo="),
        ] {
            let target = Target::parse(typed).unwrap();
            let fields: Vec<_> = target.fields().collect();
            assert_eq!(fields.len(), 1, "{typed}");
            assert_eq!(
                (fields[0].0.as_str(), fields[0].1.as_bytes()),
                ("authorization", sent.as_bytes())
            );
            let shown = format!("{target} {target:?} {}", target.authority());
            assert!(
                !shown.contains("user") && !shown.contains("dXNl"),
                "{shown}"
            );
        }
        for wrong in [
            "ftp://user:hunter2@a",
            "user:hunter2@a b",
            "user:hunter2@:99999/",
        ] {
            let error = Target::parse(wrong).unwrap_err();
            assert!(!error.what().contains("hunter2"), "{error}");
            assert!(error.what().contains("***@"), "{error}");
        }
        assert_eq!(Target::parse("@:3000").unwrap().fields().count(), 0);
    }
}
