//! Variants of the signed URL.

use crate::providers::diagnose::evidence::Evidence;
use crate::providers::diagnose::variant::{Variant, Variants, schemes};
use crate::webhook::{Delivery, Headers, Part};

/// True if the URL, or the path of the request, is signed.
pub(crate) fn signs_url(case: &Evidence) -> bool {
    let is_path = |part: &Part| matches!(part, Part::Path);
    schemes(case).any(|scheme| scheme.covers_url() || scheme.signed.iter().any(is_path))
}

/// Variations of the URL; without `--url`, also of the URLs that proxy headers report.
pub(crate) fn urls(case: &Evidence) -> Variants<'_> {
    if !signs_url(case) {
        return Box::new(std::iter::empty());
    }
    let requested = case.delivery.path.as_str();
    let given = case.verify_options.url(&case.delivery);
    let mut all = other_urls(&given, requested);
    for url in forwarded_urls(&case.delivery) {
        all.extend(other_urls(&url, requested));
    }
    distinct(&mut all);
    Box::new(all.into_iter().map(|url| {
        // Some schemes sign the path of the request itself.
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let path = format!("/{path}").parse().ok();
        Variant {
            how: format!("`{url}`"),
            delivery: path.map(|path| Delivery {
                path,
                ..case.delivery.clone()
            }),
            url: Some(url),
            ..Variant::default()
        }
    }))
}

/// Most entries read from a proxy header.
const MOST_PROXIES: usize = 4;

/// Request as the proxies received it, by the headers `X-Forwarded-…`, `X-Original-…` and `Forwarded` (RFC 7239).
struct ProxyHeaders<'a>(&'a Headers);

impl ProxyHeaders<'_> {
    /// Entries of a header, whose values are lists.
    fn listed(&self, name: &str) -> Vec<String> {
        let values = self.0.all(name).filter_map(|value| value.to_str().ok());
        let entries = values.flat_map(|value| value.split(',')).map(str::trim);
        let entries = entries.filter(|entry| !entry.is_empty());
        entries.take(MOST_PROXIES).map(str::to_owned).collect()
    }

    /// Entries of several headers.
    fn all_listed(&self, names: &[&str]) -> Vec<String> {
        names.iter().flat_map(|name| self.listed(name)).collect()
    }

    /// Values of a parameter of `Forwarded`.
    fn forwarded(&self, name: &str) -> Vec<String> {
        let elements = self.listed("forwarded");
        let pairs = elements.iter().flat_map(|element| element.split(';'));
        let values = pairs.filter_map(|pair| {
            let (parameter, value) = pair.trim().split_once('=')?;
            let is_it = parameter.trim().eq_ignore_ascii_case(name);
            is_it.then(|| value.trim().trim_matches('"').to_owned())
        });
        values.collect()
    }

    fn schemes(&self) -> Vec<String> {
        let listed = self.all_listed(&["x-forwarded-proto", "x-forwarded-scheme"]);
        [listed, self.forwarded("proto")].concat()
    }

    fn hosts(&self) -> Vec<String> {
        let listed = self.all_listed(&["x-forwarded-host", "x-original-host"]);
        let mut hosts = [listed, self.forwarded("host"), self.listed("host")].concat();
        distinct(&mut hosts);
        hosts
    }
}

/// URLs that proxy headers report; none without such headers.
fn forwarded_urls(delivery: &Delivery) -> Vec<String> {
    let proxies = ProxyHeaders(&delivery.headers);
    let schemes = proxies.schemes();
    let hosts = proxies.hosts();
    let ports = proxies.listed("x-forwarded-port");
    let prefixes = proxies.listed("x-forwarded-prefix");
    let mut paths = proxies.all_listed(&["x-forwarded-uri", "x-original-uri", "x-original-url"]);
    let reports_nothing = [&schemes, &ports, &prefixes, &paths]
        .iter()
        .all(|reported| reported.is_empty());
    if hosts.is_empty() || (hosts.len() == 1 && reports_nothing) {
        return Vec::new();
    }
    paths.push(delivery.path.as_str().to_owned());
    let scheme = match schemes.first().map(String::as_str) {
        Some("http") => "http",
        _ => "https",
    };
    let mut urls = Vec::new();
    for host in hosts.iter().take(MOST_PROXIES) {
        let (name, _) = split_port(host);
        let with_ports = ports.iter().map(|port| format!("{name}:{port}"));
        for host in std::iter::once(host.clone()).chain(with_ports) {
            for path in paths.iter().filter(|path| path.starts_with('/')) {
                for prefix in prefixes.iter().map(String::as_str).chain([""]) {
                    let prefix = prefix.trim_end_matches('/');
                    urls.push(format!("{scheme}://{host}{prefix}{path}"));
                }
            }
        }
    }
    distinct(&mut urls);
    urls
}

/// Splits a host at its port; the colons of an IPv6 address separate none.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, Some(port)),
        _ => (host, None),
    }
}

/// Variations of a URL, itself first: scheme, port, trailing slash, query, and the path of the request.
fn other_urls(given: &str, requested: &str) -> Vec<String> {
    let Some((scheme, rest)) = given.split_once("://") else {
        return Vec::new();
    };
    let (location, query) = rest
        .split_once('?')
        .map_or((rest, None), |(location, query)| (location, Some(query)));
    let (host, path) = location.split_once('/').unwrap_or((location, ""));
    let (name, _) = split_port(host);
    let other = if scheme == "https" { "http" } else { "https" };
    let path = path.trim_end_matches('/');
    let (asked, asked_query) = requested
        .split_once('?')
        .map_or((requested, None), |(path, query)| (path, Some(query)));
    let mut paths = vec![
        format!("/{path}"),
        format!("/{path}/"),
        asked.trim_end_matches('/').to_owned(),
        format!("{}/", asked.trim_end_matches('/')),
        String::new(),
    ];
    let mut queries: Vec<String> = vec![String::new(), "?".into()];
    for query in [query, asked_query].into_iter().flatten() {
        queries.push(format!("?{query}"));
        let mut parts: Vec<&str> = query.split('&').take(MOST_PARAMETERS).collect();
        parts.sort_unstable();
        queries.push(format!("?{}", parts.join("&")));
        parts.reverse();
        queries.push(format!("?{}", parts.join("&")));
        queries.push(format!("?{}", query.replace("%20", "+")));
        queries.push(format!("?{}", query.replace('+', "%20")));
    }
    distinct(&mut paths);
    // The original query first: most likely only one part of the URL is wrong.
    queries.reverse();
    distinct(&mut queries);
    let mut urls = Vec::new();
    for scheme in [scheme, other] {
        for host in [
            host.to_owned(),
            name.to_owned(),
            format!("{name}:443"),
            format!("{name}:80"),
        ] {
            for path in &paths {
                for query in &queries {
                    urls.push(format!("{scheme}://{host}{path}{query}"));
                }
            }
        }
    }
    distinct(&mut urls);
    urls
}

/// Most query parameters that are sorted; more are an attack, not a mistake.
const MOST_PARAMETERS: usize = 64;

fn distinct(texts: &mut Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
}
