//! Host names that tunnel programs give: checked, because their output may be anything.

/// Longest host name (RFC 1035).
const LONGEST: usize = 253;

/// Longest part of a host name between two dots.
const LONGEST_LABEL: usize = 63;

/// True for the name of a host in the public DNS: letters, digits and `-`, in at least two parts, and no address.
pub(crate) fn is_public(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= LONGEST_LABEL
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= LONGEST
        && name.contains('.')
        && name.split('.').all(is_label)
        // An address ends in a number, and `localhost` and the like are not public.
        && !last.bytes().all(|b| b.is_ascii_digit())
        && !["localhost", "local", "internal", "test", "invalid"].contains(&last)
}

/// True for a public name below one of these domains.
pub(crate) fn is_below(name: &str, domains: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    let is_inside = |domain: &&str| {
        let front = name.strip_suffix(*domain);
        front.is_some_and(|front| front.len() > 1 && front.ends_with('.'))
    };
    is_public(&name) && domains.iter().any(is_inside)
}

/// Host name of an `https` URL of a host alone: without a user, a port, a path or a query.
pub(crate) fn of_https(url: &str) -> Option<&str> {
    let host = url.strip_prefix("https://")?;
    let host = host.strip_suffix('/').unwrap_or(host);
    is_public(host).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::{is_below, is_public, of_https};

    #[test]
    fn a_public_name_is_a_name_of_the_dns() {
        for good in ["a.trycloudflare.com", "a-b.c.ts.net", "x1.ngrok-free.app"] {
            assert!(is_public(good), "{good}");
        }
        let long = format!("{}.com", "a".repeat(100_000));
        for bad in [
            "",
            "localhost",
            "127.0.0.1",
            "good@evil.com",
            "a b.com",
            "a..com",
            "-a.com",
            "a-.com",
            "a.com/x",
            "a.com:80",
            "a.com?x",
            "a.com#x",
            "\u{1b}[31m.com",
            "a.\u{202e}moc",
            "a.com\n",
            "[::1]",
            "app.localhost",
            "javascript:alert(1).com",
            long.as_str(),
        ] {
            assert!(!is_public(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_name_below_a_domain_is_neither_the_domain_nor_a_lookalike() {
        let below = |name| is_below(name, &["trycloudflare.com"]);
        assert!(below("quick-brown.trycloudflare.com") && below("A.TryCloudflare.com"));
        for bad in [
            "trycloudflare.com",
            ".trycloudflare.com",
            "eviltrycloudflare.com",
            "trycloudflare.com.evil.com",
            "a.trycloudflare.com.",
        ] {
            assert!(!below(bad), "{bad}");
        }
    }

    #[test]
    fn only_the_https_url_of_a_host_alone_is_taken() {
        assert_eq!(of_https("https://a.ngrok.app"), Some("a.ngrok.app"));
        assert_eq!(of_https("https://a.ngrok.app/"), Some("a.ngrok.app"));
        for bad in [
            "http://a.ngrok.app",
            "https://u@a.ngrok.app",
            "https://a.ngrok.app/x",
            "https://a.ngrok.app:1",
            "javascript:a.b",
            "tcp://0.tcp.ngrok.io:1",
            "https://127.0.0.1",
        ] {
            assert_eq!(of_https(bad), None, "{bad}");
        }
    }
}
