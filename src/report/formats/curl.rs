//! A request printed in place of being sent: as it goes over the wire, or as a command line for curl.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use http::HeaderValue;
use http::header::HOST;

use crate::webhook::shell::word as quoted;
use crate::webhook::{Delivery, Target, credentials_in, masked_path};

/// Formats a request as the bytes of HTTP/1.1.
pub fn http(delivery: &Delivery, target: &Target) -> Vec<u8> {
    let path = path(delivery, target);
    let mut out = format!("{} {path} HTTP/1.1\r\n", delivery.method).into_bytes();
    let host = (HOST.to_string(), target.host_field());
    for (name, value) in std::iter::once(host).chain(fields(delivery, target)) {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    // A GET, HEAD or OPTIONS without a body gives no length.
    let asks = matches!(delivery.method.as_str(), "GET" | "HEAD" | "OPTIONS");
    if !asks || !delivery.body.is_empty() {
        out.extend_from_slice(format!("content-length: {}\r\n", delivery.body.len()).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&delivery.body);
    out
}

/// Header fields of the request, without `Host` and `Content-Length`. A password in the target URL is masked.
pub(crate) fn fields(delivery: &Delivery, target: &Target) -> Vec<(String, HeaderValue)> {
    let own = target.fields().map(|(name, value)| {
        let value = match value.is_sensitive() {
            true => HeaderValue::from_static("***"),
            false => value.clone(),
        };
        (name.to_string(), value)
    });
    let theirs = delivery.headers.passed_on();
    let theirs = theirs.filter(|(name, ..)| !target.carries(name));
    theirs
        .map(|(_, spelled, value)| (spelled.to_owned(), value.clone()))
        .chain(own)
        .collect()
}

/// Returns the path to print. Credentials in the query typed with the target are masked, as its password is.
pub(crate) fn path<'a>(delivery: &'a Delivery, target: &Target) -> Cow<'a, str> {
    let path = delivery.path.as_str();
    let is_typed = credentials_in(target.path.as_str()).next().is_some();
    if is_typed {
        masked_path(path)
    } else {
        path.into()
    }
}

/// Formats a request as a curl command line for a shell.
pub fn curl(delivery: &Delivery, target: &Target) -> Vec<u8> {
    let mut out = String::new();
    let data = match std::str::from_utf8(&delivery.body) {
        _ if delivery.body.is_empty() => None,
        Ok(text) if !text.contains('\0') => Some(quoted(text)),
        _ => {
            out += &format!(
                "printf %s {} | base64 -d | ",
                STANDARD.encode(&delivery.body)
            );
            Some("@-".to_owned())
        }
    };
    // With `-X HEAD` curl would wait for a body that never comes.
    let ask = match delivery.method.as_str() {
        "HEAD" => "--head".to_owned(),
        method => format!("-X {method}"),
    };
    let url = format!("{}{}", target.origin(), path(delivery, target));
    out += "curl";
    // What curl would otherwise make of a URL: lists of brackets, and a path without its dots.
    if url.contains(['[', ']', '{', '}']) {
        out += " --globoff";
    }
    if delivery.path.path().contains("/.") {
        out += " --path-as-is";
    }
    out += &format!(" {ask} {}", quoted(&url));
    let host = target
        .carries(&HOST)
        .then(|| (HOST.to_string(), target.host_field()));
    for (name, value) in host.into_iter().chain(fields(delivery, target)) {
        let value = String::from_utf8_lossy(value.as_bytes());
        // curl leaves out a header without a value; with a semicolon in place of the colon it sends an empty one.
        let field = if value.is_empty() {
            format!("{name};")
        } else {
            format!("{name}: {value}")
        };
        out += &format!(" -H {}", quoted(&field));
    }
    if let Some(data) = data {
        // Curl has a content type of its own for data.
        if delivery.headers.get("content-type").is_none() {
            out += " -H 'content-type:'";
        }
        out += &format!(" --data-binary {data}");
    }
    out.push('\n');
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{curl, http};
    use crate::webhook::{Delivery, Target};

    fn delivery(body: &[u8]) -> Delivery {
        Delivery {
            method: http::Method::POST,
            path: "/hooks?x=1&y=2".parse().unwrap(),
            headers: [(
                http::header::CONTENT_TYPE,
                http::HeaderValue::from_static("application/json"),
            )]
            .into_iter()
            .collect(),
            body: bytes::Bytes::copy_from_slice(body),
        }
    }

    #[test]
    fn the_wire_form_is_exact() {
        let target = Target::parse(":3000").unwrap();
        assert_eq!(
            String::from_utf8(http(&delivery(b"[]\r\n"), &target)).unwrap(),
            "POST /hooks?x=1&y=2 HTTP/1.1\r\nhost: localhost:3000\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n[]\r\n"
        );
    }

    #[test]
    fn a_shell_gives_curl_the_same_bytes() {
        let target = Target::parse(":3000").unwrap();
        for body in [
            &b"{\"a\":\"it's\"}"[..],
            b"[]\r\n",
            b"@file",
            b"tab\there\\n",
            b"plain",
            "é€".as_bytes(),
            b"\x1b\x7f",
        ] {
            let line = String::from_utf8(curl(&delivery(body), &target)).unwrap();
            let words = line.replace("curl -X", "printf '%s' \"$0\" >/dev/null; set -- -X");
            let script = format!(
                "{} ; while [ $# -gt 1 ]; do shift; done; printf '%s' \"$1\"",
                words.trim_end()
            );
            let output = std::process::Command::new("bash")
                .args(["-c", &script])
                .output()
                .unwrap();
            assert_eq!(output.stdout, body, "{line}");
        }
        assert!(
            String::from_utf8(curl(&delivery(b"\xff"), &target))
                .unwrap()
                .starts_with("printf %s /w== | base64 -d | curl")
        );
    }
}
