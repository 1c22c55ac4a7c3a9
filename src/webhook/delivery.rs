//! A webhook request in transit: raw bytes, never parsed and re-serialised.

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method};

use crate::webhook::Headers;

/// Webhook request, without what belongs to a single connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The request method.
    pub method: Method,
    /// Path and query, exactly as requested.
    pub path: PathAndQuery,
    /// The header fields.
    pub headers: Headers,
    /// The body's bytes, still compressed if they were received compressed.
    pub body: Bytes,
}

/// Largest body in bytes that is copied when a delivery is detached.
const SMALL_BODY: usize = 32 << 10;

impl Delivery {
    /// Parses a raw HTTP/1 message, as logs of browsers and proxies show it; none if it is no request. The body begins
    /// after the first empty line and has `Content-Length` bytes if only white space follows them (the line end that an
    /// editor or a shell adds); otherwise it ends at the last byte.
    pub fn from_http(text: &[u8]) -> Option<Delivery> {
        let (head, body) = [&b"\r\n\r\n"[..], b"\n\n"]
            .into_iter()
            .filter_map(|gap| {
                text.windows(gap.len())
                    .position(|window| window == gap)
                    .map(|at| (at, at + gap.len()))
            })
            .min()
            .and_then(|(end, start)| Some((text.get(..end)?, text.get(start..)?)))?;
        let mut lines = std::str::from_utf8(head).ok()?.lines();
        let mut first = lines.next()?.split(' ');
        let method = first.next()?.parse().ok()?;
        let path = first.next()?.parse().ok()?;
        first
            .next()
            .filter(|version| version.starts_with("HTTP/"))?;
        let mut headers = Headers::new();
        for line in lines {
            let (name, value) = line.split_once(':')?;
            let name = name.trim();
            headers.push_spelled(
                name.parse().ok()?,
                name,
                HeaderValue::from_str(value.trim()).ok()?,
            );
        }
        let (body, _) = headers
            .text("content-length")
            .and_then(|length| body.split_at_checked(length.parse().ok()?))
            .filter(|(_, rest)| rest.trim_ascii().is_empty())
            .unwrap_or((body, b""));
        Some(Delivery {
            method,
            path,
            headers,
            body: Bytes::copy_from_slice(body),
        })
    }

    /// Copies its bytes out of the buffers of its connection, into one of their size. A delivery that is kept would keep
    /// those buffers, which are larger, from being used again. A large body has a buffer of its own already.
    #[must_use]
    pub fn detached(mut self) -> Delivery {
        let body = match self.body.len() {
            length @ ..=SMALL_BODY => length,
            _ => 0,
        };
        let path = self.path.as_str();
        let values: usize = self.headers.iter().map(|(_, value)| value.len()).sum();
        let mut bytes = Vec::with_capacity(body + path.len() + values);
        bytes.extend(self.body.iter().take(body));
        bytes.extend_from_slice(path.as_bytes());
        for (_, value) in self.headers.iter() {
            bytes.extend_from_slice(value.as_bytes());
        }
        let mut rest = Bytes::from(bytes);
        if body == self.body.len() {
            self.body = rest.split_to(body);
        }
        // What was valid stays valid; if not, the original is kept.
        if let Ok(path) = PathAndQuery::from_maybe_shared(rest.split_to(self.path.as_str().len())) {
            self.path = path;
        }
        for value in self.headers.values_mut() {
            if let Ok(copied) = HeaderValue::from_maybe_shared(rest.split_to(value.len())) {
                *value = copied;
            }
        }
        self
    }

    /// The query, if it carries the event: in a GET without a body.
    pub fn told_by_query(&self) -> Option<&str> {
        self.path
            .query()
            .filter(|_| self.method == Method::GET && self.body.is_empty())
    }

    /// Replaces the path. A query that carries the event is kept, after the query of the new path.
    pub fn aim(&mut self, path: PathAndQuery) {
        let joined = self.told_by_query().and_then(|told| match path.query() {
            Some(own) if own == told || own.ends_with(&format!("&{told}")) => None,
            Some(_) => Some(format!("{path}&{told}")),
            None => Some(format!("{path}?{told}")),
        });
        self.path = joined.and_then(|it| it.parse().ok()).unwrap_or(path);
    }
}

#[cfg(test)]
mod tests {
    use super::Delivery;
    use crate::webhook::Headers;

    #[test]
    fn a_raw_message_is_read_to_its_last_byte() {
        let raw = b"POST /a?b HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\n\r\n[]\r\n";
        let delivery = super::Delivery::from_http(raw).unwrap();
        assert_eq!(delivery.body, "[]\r\n");
        assert_eq!(delivery.path, "/a?b");
        assert_eq!(delivery.headers.all("x-a").count(), 2);
        for (length, rest, body) in [
            (2, "\r\n\n", "[]"),
            (4, "\r\n\n", "[]\r\n"),
            (2, "\r\n{}", "[]\r\n{}"),
            (9, "\n", "[]\n"),
        ] {
            let raw = format!("POST / HTTP/1.1\r\ncontent-length: {length}\r\n\r\n[]{rest}");
            let delivery = super::Delivery::from_http(raw.as_bytes()).unwrap();
            assert_eq!(delivery.body, body, "{length}");
        }
        for none in [
            &b"{}"[..],
            b"POST /\r\n\r\n",
            b"hello world\n\n",
            b"",
            b"GET / HTTP/1.1\nnot a header\n\n",
        ] {
            assert!(super::Delivery::from_http(none).is_none(), "{none:?}");
        }
    }

    #[test]
    fn a_detached_delivery_is_the_same_in_bytes_of_its_own() {
        let raw = b"POST /a?b=%20 HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\nX-B:\r\n\r\n[1]";
        let mut delivery = super::Delivery::from_http(raw).unwrap();
        let name = http::HeaderName::from_static("x-c");
        let value = http::HeaderValue::from_bytes(b"\xe4\xff").unwrap();
        delivery.headers.push_spelled(name, "X-C", value);
        for body in [vec![], b"[1]".to_vec(), vec![0xff; 1 << 20]] {
            delivery.body = body.into();
            let detached = delivery.clone().detached();
            assert_eq!(detached.path, delivery.path);
            assert!(detached.headers == delivery.headers && detached.body == delivery.body);
            let is_copied = detached.body.as_ptr() != delivery.body.as_ptr();
            assert_eq!(
                is_copied,
                delivery.body.len() < 32,
                "{}",
                delivery.body.len()
            );
        }
    }

    #[test]
    fn a_query_that_tells_the_event_goes_along() {
        let aimed = |method: http::Method, from: &str, to: &str| {
            let mut delivery = Delivery {
                method,
                path: from.parse().unwrap(),
                headers: Headers::new(),
                body: bytes::Bytes::new(),
            };
            delivery.aim(to.parse().unwrap());
            delivery.path.to_string()
        };
        for (from, to, wanted) in [
            ("/a?status=Sent", "/b", "/b?status=Sent"),
            ("/a?status=Sent", "/b?t=7", "/b?t=7&status=Sent"),
            ("/a?status=Sent", "/b?status=Sent", "/b?status=Sent"),
            ("/a?status=Sent", "/b?t=7&status=Sent", "/b?t=7&status=Sent"),
            ("/a", "/b", "/b"),
        ] {
            assert_eq!(aimed(http::Method::GET, from, to), wanted);
        }
        assert_eq!(aimed(http::Method::POST, "/a?x=1", "/b"), "/b");
    }
}
