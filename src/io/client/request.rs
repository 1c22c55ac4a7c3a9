//! Request of an exchange, from a delivery and its target.

use bytes::Bytes;
use http::header::{HOST, VIA};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use crate::webhook::{Delivery, Target};

/// Request to send: a delivery with the path, host and `Via` for one target.
pub(crate) struct Call<'a> {
    pub(crate) path: &'a PathAndQuery,
    pub(crate) delivery: &'a Delivery,
    pub(crate) target: &'a Target,
    pub(crate) host: &'a HeaderValue,
    pub(crate) via: Option<&'a HeaderValue>,
}

impl Call<'_> {
    /// Header fields in order, with names spelled as recorded, without `Content-Length`.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&HeaderName, &str, &HeaderValue)> {
        let passed_on = self.delivery.headers.passed_on();
        // First, as RFC 9110 (7.2) advises.
        let host = std::iter::once((&HOST, HOST.as_str(), self.host));
        let via = self.via.map(|via| (&VIA, via));
        let own = self
            .target
            .fields()
            .map(|(name, value)| (name, value))
            .chain(via);
        host.chain(passed_on.filter(|(name, ..)| !self.target.carries(name)))
            .chain(own.map(|(name, value)| (name, name.as_str(), value)))
    }

    /// Writes the HTTP/1.1 request head, with `Content-Length`.
    pub(super) fn write_head(&self, out: &mut Vec<u8>) {
        let Delivery { method, body, .. } = self.delivery;
        let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| out.extend_from_slice(part));
        let path = self.path.as_str().as_bytes();
        put(&[method.as_str().as_bytes(), b" ", path, b" HTTP/1.1\r\n"]);
        for (_, spelled, value) in self.fields() {
            put(&[spelled.as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
        }
        // A GET, HEAD or CONNECT without a body gives no length.
        let asks = matches!(*method, Method::GET | Method::HEAD | Method::CONNECT);
        if !asks || !body.is_empty() {
            put(&[
                b"content-length: ",
                body.len().to_string().as_bytes(),
                b"\r\n",
            ]);
        }
        put(&[b"\r\n"]);
    }

    /// Builds the request for hyper, which adds `Content-Length` itself.
    pub(crate) fn to_request(&self) -> Request<Full<Bytes>> {
        let mut headers = HeaderMap::new();
        for (name, _, value) in self.fields() {
            headers.append(name.clone(), value.clone());
        }
        let mut request = Request::new(Full::new(self.delivery.body.clone()));
        *request.method_mut() = self.delivery.method.clone();
        *request.uri_mut() = Uri::from(self.path.clone());
        *request.headers_mut() = headers;
        request
    }
}
