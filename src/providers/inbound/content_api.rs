//! Content API of a provider whose requests hold ids only: the calls by which a handler fetches the mail, and their
//! answers, for a server that stands in for the provider (`send inbound --api`). Pure: a request and its messages in,
//! answers out. The ids in the paths are those of the request.

use bytes::Bytes;
use http::Method;
use http::uri::PathAndQuery;
use serde_json::Value;

use crate::providers::inbound::incoming::IncomingMessage;

/// API of a provider from which mails and their files are fetched.
#[derive(Debug)]
pub struct ContentApi {
    /// Base URL of the provider's API, as a handler has it in its settings: `https://api.brevo.com/v3`.
    pub base_url: &'static str,
    /// Answers about the messages of a request.
    pub answers: fn(&ContentRequest) -> Vec<ApiAnswer>,
}

/// Request that told of messages, and the messages.
#[derive(Clone, Copy, Debug)]
pub struct ContentRequest<'a> {
    /// Messages, in the order of the request.
    pub messages: &'a [IncomingMessage<'a>],
    /// JSON of the request.
    pub body: &'a Value,
    /// Address of the server that gives the answers, without a slash at its end; links begin with it.
    pub origin: &'a str,
}

/// Answer to a call of the API; its status is 200. Of several answers that fit, the first counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiAnswer {
    /// Method of the call.
    pub method: Method,
    /// Path of the call, without its query.
    pub path: String,
    /// Parameter of the query, and the value that it must have; none if the answer is for any query.
    pub query: Option<(&'static str, &'static str)>,
    /// Media type of the answer.
    pub content_type: String,
    /// Value of `Content-Disposition`, if there is one.
    pub disposition: Option<String>,
    /// Body.
    pub body: Bytes,
}

impl ContentApi {
    /// Base URL to put into the handler's settings in place of the provider's, for a server at `origin`.
    pub fn base_url_at(&self, origin: &str) -> String {
        let rest = self.base_url.split_once("://").map_or("", |(_, rest)| rest);
        let path = rest.find('/').and_then(|at| rest.get(at..));
        format!("{origin}{}", path.unwrap_or_default())
    }
}

impl ContentRequest<'_> {
    /// Text at a JSON pointer in the request.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer)?.as_str()
    }
}

impl ApiAnswer {
    /// Answer to a GET: these bytes.
    pub fn get(path: impl Into<String>, content_type: &str, body: impl Into<Bytes>) -> ApiAnswer {
        ApiAnswer {
            method: Method::GET,
            path: path.into(),
            query: None,
            content_type: content_type.to_owned(),
            disposition: None,
            body: body.into(),
        }
    }

    /// Answer to a GET: this JSON.
    pub fn json(path: impl Into<String>, value: &Value) -> ApiAnswer {
        ApiAnswer::get(path, "application/json", value.to_string())
    }

    /// True if this is an answer to a call.
    pub fn fits(&self, method: &Method, target: &PathAndQuery) -> bool {
        let has_parameter = |(name, value): (&str, &str)| {
            let query = target.query().unwrap_or_default().as_bytes();
            form_urlencoded::parse(query).any(|(its, given)| its == name && given == value)
        };
        self.method == *method && self.path == target.path() && self.query.is_none_or(has_parameter)
    }
}

/// Value of `Content-Disposition` for a file (RFC 6266); a name that is not plain is percent-encoded.
pub fn disposition(name: Option<&str>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_.()".contains(c);
    match name {
        None | Some("") => "attachment".into(),
        Some(name) if name.chars().all(is_plain) => format!("attachment; filename=\"{name}\""),
        Some(name) => {
            let mut encoded = String::new();
            for byte in name.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                        encoded.push(char::from(byte));
                    }
                    _ => encoded += &format!("%{byte:02X}"),
                }
            }
            format!("attachment; filename*=UTF-8''{encoded}")
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{ApiAnswer, ContentApi, disposition};

    #[test]
    fn the_base_url_keeps_its_path() {
        let at = |base_url| {
            let answers = |_: &super::ContentRequest| Vec::new();
            ContentApi { base_url, answers }.base_url_at("http://127.0.0.1:1")
        };
        assert_eq!(at("https://api.example.com/v3"), "http://127.0.0.1:1/v3");
        assert_eq!(at("https://api.example.com"), "http://127.0.0.1:1");
    }

    #[test]
    fn a_name_that_is_not_plain_is_percent_encoded() {
        assert_eq!(disposition(None), "attachment");
        assert_eq!(
            disposition(Some("a b.pdf")),
            "attachment; filename=\"a b.pdf\""
        );
        assert_eq!(
            disposition(Some("M\u{e4}\"\r\n.pdf")),
            "attachment; filename*=UTF-8''M%C3%A4%22%0D%0A.pdf"
        );
    }

    #[test]
    fn an_answer_fits_by_method_path_and_parameter() {
        let any = ApiAnswer::get("/a", "text/plain", "");
        let one = ApiAnswer {
            query: Some(("form", "b c")),
            ..any.clone()
        };
        for (method, target, is_any, is_one) in [
            (Method::GET, "/a", true, false),
            (Method::GET, "/a?x=1&form=b+c", true, true),
            (Method::GET, "/a?form=b", true, false),
            (Method::GET, "/a/", false, false),
            (Method::POST, "/a?form=b+c", false, false),
        ] {
            let target = target.parse().unwrap();
            let fits = (any.fits(&method, &target), one.fits(&method, &target));
            assert_eq!(fits, (is_any, is_one), "{method} {target}");
        }
    }
}
