//! HAR 1.2, as browsers, proxies and load engines keep traffic: the requests in it.
//! <http://www.softwareishard.com/blog/har-12-spec/>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Uri};
use jiff::Timestamp;
use serde::Deserialize;

use super::multipart::{self, NewPart};
use super::{Delivery, Fixture, Headers, Reply};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: Option<String>,
    #[serde(default)]
    time: Option<f64>,
    request: Request,
    #[serde(default)]
    response: Option<Response>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Pair>,
    #[serde(default)]
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    status: i64,
    #[serde(default)]
    content: Option<Content>,
}

/// HAR 1.2 says how an answer's text is encoded, and forgot to for a request's: three names are in use.
#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    text: Option<String>,
    #[serde(default, alias = "_encoding", alias = "_bodyEncoding")]
    encoding: Option<String>,
}

#[derive(Deserialize)]
struct PostData {
    #[serde(flatten)]
    content: Content,
    #[serde(default)]
    params: Vec<Param>,
    #[serde(default, rename = "mimeType")]
    mime_type: String,
}

/// A field of a form, or a file in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Param {
    name: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    file_name: Option<String>,
    #[serde(default)]
    content_type: Option<String>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    #[serde(default)]
    value: String,
}

/// Reads one entry of a HAR file; or what is wrong with it.
///
/// Of its URL path and query are taken, never the host: where a recording goes is for the user to say.
pub fn read_har_entry(json: &[u8]) -> Result<Fixture, String> {
    let entry: Entry =
        serde_json::from_slice(json).map_err(|error| format!("no HAR entry: {error}"))?;
    let request = entry.request;
    let method: Method = request
        .method
        .parse()
        .map_err(|_| "`method` is no method")?;
    let mut headers: Headers = request
        .headers
        .iter()
        // HTTP/2's own fields say again what the URL says.
        .filter(|pair| !pair.name.starts_with(':'))
        .map(|pair| {
            let odd = || {
                format!(
                    "header `{}` cannot be sent: it has characters that no header has",
                    pair.name.escape_debug()
                )
            };
            let name = HeaderName::try_from(&pair.name).map_err(|_| odd())?;
            Ok((name, HeaderValue::try_from(&pair.value).map_err(|_| odd())?))
        })
        .collect::<Result<_, String>>()?;
    let body = match request.post_data {
        None => Bytes::new(),
        Some(PostData {
            content:
                Content {
                    text: Some(text),
                    encoding,
                },
            ..
        }) => decode(text, encoding.as_deref())?,
        Some(PostData {
            params, mime_type, ..
        }) => form(&params, &mime_type, &mut headers)?,
    };
    let mut fixture = Fixture::new(Delivery {
        method,
        path: path(&request.url)?,
        headers,
        body,
    });
    fixture.at = entry
        .started_date_time
        .and_then(|at| at.parse::<Timestamp>().ok());
    if let Some(response) = entry.response {
        let status = u16::try_from(response.status)
            .ok()
            .filter(|status| *status >= 100);
        fixture.reply = status.map(|status| Reply {
            status,
            micros: entry
                .time
                .map_or(0, |millis| (millis * 1000.0).max(0.0) as u64),
            body: response
                .content
                .and_then(|content| decode(content.text?, content.encoding.as_deref()).ok()),
        });
    }
    Ok(fixture)
}

/// Writes a form of which a HAR file has the fields and not the text, of the sort that its content type says.
fn form(params: &[Param], mime_type: &str, headers: &mut Headers) -> Result<Bytes, String> {
    let kind = headers.text("content-type").unwrap_or(mime_type).to_owned();
    if !multipart::is_multipart(&kind) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(params.iter().map(|param| (&param.name, &param.value)));
        return Ok(form.finish().into());
    }
    let parts: Vec<NewPart> = params
        .iter()
        .map(|param| NewPart {
            name: param.name.as_str().into(),
            filename: param.file_name.as_deref().map(Into::into),
            content_type: param.content_type.as_deref().map(Into::into),
            content: param.value.as_bytes().into(),
        })
        .collect();
    let named = multipart::boundary(&kind);
    let wanted = named.as_deref().unwrap_or("form");
    let contents = parts.iter().map(|part| &*part.content);
    let boundary = multipart::fresh_boundary(wanted, contents);
    if named.as_ref() != Some(&boundary) || headers.get("content-type").is_none() {
        let kind = format!("multipart/form-data; boundary=\"{boundary}\"").parse();
        let kind = kind.map_err(|_| "the boundary of its form is no text")?;
        headers.set(http::header::CONTENT_TYPE, kind);
    }
    Ok(multipart::write(&parts, &boundary).into())
}

fn decode(text: String, encoding: Option<&str>) -> Result<Bytes, String> {
    match encoding {
        Some("base64") => STANDARD
            .decode(text.trim_ascii())
            .map(Bytes::from)
            .map_err(|why| format!("the body is not base64: {why}")),
        _ => Ok(text.into()),
    }
}

fn path(url: &str) -> Result<PathAndQuery, String> {
    let url = url.split('#').next().unwrap_or_default();
    let uri: Uri = url
        .parse()
        .map_err(|_| format!("`{}` is no URL", url.escape_debug()))?;
    Ok(uri
        .into_parts()
        .path_and_query
        .unwrap_or_else(|| PathAndQuery::from_static("/")))
}

/// How deep the list of entries stands: in the log, which is in the outermost object.
const LIST: usize = 3;

/// Finds the entries of a HAR file as it streams by, so that a file of any size can be read.
#[derive(Debug, Default)]
pub struct HarSplitter {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The text that was read last, at the depth of a member's name.
    word: Vec<u8>,
    log: bool,
    entries: bool,
    entry: Vec<u8>,
    done: bool,
}

impl HarSplitter {
    /// Takes the bytes that come next, and gives each entry that has become whole.
    pub fn push(&mut self, bytes: &[u8], mut give: impl FnMut(Vec<u8>)) {
        for byte in bytes {
            let (before, in_string) = (self.depth, self.in_string);
            self.step(*byte);
            if self.entries && (before > LIST || (*byte == b'{' && !in_string)) {
                self.entry.push(*byte);
                if self.depth == LIST {
                    give(std::mem::take(&mut self.entry));
                }
            }
        }
    }

    /// Whether the list of entries has come to its end.
    pub fn is_done(&self) -> bool {
        self.done
    }

    fn step(&mut self, byte: u8) {
        if self.in_string {
            match byte {
                _ if std::mem::take(&mut self.escaped) => {}
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ if self.depth <= 2 && self.word.len() < 16 => self.word.push(byte),
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.word.clear();
            }
            b'{' | b'[' => {
                self.log |= self.depth == 1 && byte == b'{' && self.word == b"log";
                let is_list = self.depth == 2 && byte == b'[' && self.word == b"entries";
                self.depth += 1;
                self.entries |= self.log && is_list && !self.done;
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.entries && self.depth < LIST {
                    (self.entries, self.done) = (false, true);
                }
                self.log &= self.depth > 1;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HarSplitter, read_har_entry};

    const HAR: &str = r#"{"other":{"entries":[{"no":1}]},"log":{"version":"1.2","creator":{"name":"entries"},
        "pages":[{"id":"[{"}],"entries":[{"a":"}]\"","b":{"c":[]}} , {"d":2}],"comment":[{"e":3}]}}"#;

    #[test]
    fn entries_are_found_as_they_stream_by() {
        for size in [1, 2, 7, 1000] {
            let (mut splitter, mut found) = (HarSplitter::default(), Vec::new());
            for piece in HAR.as_bytes().chunks(size) {
                splitter.push(piece, |entry| found.push(String::from_utf8(entry).unwrap()));
            }
            assert_eq!(found, [r#"{"a":"}]\"","b":{"c":[]}}"#, r#"{"d":2}"#]);
            assert!(splitter.is_done());
        }
        let mut splitter = HarSplitter::default();
        splitter.push(b"{\"log\":{\"version\":\"1.2\"}}", |_| {
            panic!("there is none")
        });
        assert!(!splitter.is_done());
    }

    #[test]
    fn an_entry_is_a_request_and_its_host_is_nobodys_business() {
        let fixture = read_har_entry(
            br##"{"startedDateTime":"2026-01-02T03:04:05.678+01:00","time":12.5,"request":{"method":"PUT",
            "url":"https://evil.example/hooks?x=%20#f","httpVersion":"HTTP/2",
            "headers":[{"name":":authority","value":"evil.example"},{"name":"X-A","value":"1"},{"name":"x-a","value":"2"}],
            "postData":{"mimeType":"application/json","text":"{\"n\": 1.10}\r\n"}},
            "response":{"status":202,"content":{"text":"b2s=","encoding":"base64"}}}"##,
        )
        .unwrap();
        assert_eq!(fixture.delivery.path, "/hooks?x=%20");
        assert_eq!(fixture.delivery.method, "PUT");
        assert_eq!(fixture.delivery.body, "{\"n\": 1.10}\r\n");
        assert_eq!(fixture.delivery.headers.all("x-a").count(), 2);
        assert_eq!(fixture.delivery.headers.iter().count(), 2);
        assert_eq!(fixture.at.unwrap().to_string(), "2026-01-02T02:04:05.678Z");
        let reply = fixture.reply.unwrap();
        assert_eq!(
            (reply.status, reply.micros, reply.body.unwrap()),
            (202, 12_500, "ok".into())
        );
    }

    #[test]
    fn a_body_is_text_or_base64_or_a_form() {
        let body = |data: &str| {
            let entry =
                format!(r#"{{"request":{{"method":"POST","url":"http://h/","postData":{data}}}}}"#);
            read_har_entry(entry.as_bytes()).map(|fixture| fixture.delivery.body)
        };
        assert_eq!(
            body(r#"{"text":"/w==","_bodyEncoding":"base64"}"#).unwrap(),
            &b"\xff"[..]
        );
        assert_eq!(
            body(r#"{"text":"/w==","encoding":"base64"}"#).unwrap(),
            &b"\xff"[..]
        );
        assert_eq!(
            body(r#"{"params":[{"name":"a","value":"1 2"},{"name":"b"}]}"#).unwrap(),
            "a=1+2&b="
        );
        let parts = body(
            r#"{"mimeType":"multipart/form-data; boundary=x","params":[{"name":"a","value":"1"},
            {"name":"f","value":"hi","fileName":"f.txt","contentType":"text/plain"}]}"#,
        );
        assert_eq!(
            parts.unwrap(),
            "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
             --x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n\
             --x--\r\n"
        );
        assert!(body(r#"{"text":"?","encoding":"base64"}"#).is_err());
        let odd = br#"{"request":{"method":"POST","url":"http://h/","headers":[{"name":"a","value":"x\r\ny"}]}}"#;
        assert!(read_har_entry(odd).unwrap_err().contains("no header has"));
    }
}
