//! Part of a message: a leaf with content, or a multipart container.

use std::borrow::Cow;

use bytes::Bytes;
use mailparse::{DispositionType, parse_content_disposition, parse_content_type};

use crate::webhook::mail::encoded_word;
use crate::webhook::mail::mail_header::MailHeader;
use crate::webhook::mail::transfer_encoding::{charset_decoded, transfer_decoded};

/// Entity of MIME: the message itself, or one of its parts.
#[derive(Clone, Debug)]
pub struct MessagePart {
    /// Number of containers around it; 0 for the message itself.
    pub depth: usize,
    /// Header fields in order.
    pub headers: Vec<MailHeader>,
    /// Body as it came, transfer encoding and all; empty for a container.
    pub body: Bytes,
    /// Media type in lower case, without parameters: `text/plain`.
    pub media_type: String,
    /// Charset as written, if given.
    pub charset: Option<String>,
    /// Boundary of a container.
    pub boundary: Option<String>,
    /// Disposition as written in lower case (`attachment`, `inline`), if given.
    pub disposition: Option<String>,
    /// File name, decoded, if given.
    pub filename: Option<String>,
}

/// Longest field whose parameters are read.
const LONGEST_FIELD: usize = 8 * 1024;

impl MessagePart {
    /// Reads what the header fields say of the part; its body comes later.
    pub(super) fn new(depth: usize, headers: Vec<MailHeader>) -> MessagePart {
        let field = |name: &str| {
            let found = headers.iter().find(|header| header.is(name));
            found.map(|header| header.value.as_str())
        };
        let short = |name: &str| field(name).filter(|value| value.len() <= LONGEST_FIELD);
        let kind = short("content-type").map(parse_content_type);
        let disposition = short("content-disposition").map(|value| {
            let kind = value.split(';').next().unwrap_or_default().trim();
            (kind.to_ascii_lowercase(), parse_content_disposition(value))
        });
        let parameter = |name: &str| {
            let params = kind.as_ref().map(|kind| &kind.params)?;
            params.get(name).filter(|value| !value.is_empty()).cloned()
        };
        let name = disposition
            .as_ref()
            .and_then(|(_, it)| it.params.get("filename").cloned());
        let name = name.or_else(|| parameter("name"));
        let name = name.map(|name| encoded_word::decoded(&name).into_owned());
        let media_type = kind
            .as_ref()
            .map(|kind| kind.mimetype.trim().to_lowercase());
        MessagePart {
            depth,
            body: Bytes::new(),
            media_type: media_type
                .filter(|media_type| media_type.contains('/'))
                .unwrap_or_else(|| "text/plain".into()),
            charset: parameter("charset"),
            boundary: parameter("boundary"),
            disposition: disposition
                .map(|(kind, _)| kind)
                .filter(|kind| !kind.is_empty()),
            filename: name.filter(|name| !name.is_empty()),
            headers,
        }
    }

    /// First field of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&MailHeader> {
        self.headers.iter().find(|header| header.is(name))
    }

    /// True for a container of other parts.
    pub fn is_container(&self) -> bool {
        self.media_type.starts_with("multipart/") && self.boundary.is_some()
    }

    /// True for a file: it is called one, or has a name.
    pub fn is_file(&self) -> bool {
        self.disposition.as_deref() == Some("attachment") || self.filename.is_some()
    }

    /// Content with its transfer encoding removed, in its own charset.
    pub fn content(&self) -> Bytes {
        let encoding = self.header("content-transfer-encoding");
        match transfer_decoded(&self.body, encoding.map_or("", |it| &it.value)) {
            Cow::Borrowed(_) => self.body.clone(),
            Cow::Owned(decoded) => decoded.into(),
        }
    }

    /// Content as text.
    pub fn text(&self) -> String {
        charset_decoded(&self.content(), self.charset.as_deref()).into_owned()
    }

    /// Content id without its angle brackets.
    pub fn content_id(&self) -> Option<&str> {
        let id = self.header("content-id")?.value.trim();
        let id = id.strip_prefix('<').unwrap_or(id);
        let id = id.strip_suffix('>').unwrap_or(id);
        Some(id).filter(|id| !id.is_empty())
    }

    /// True if the part belongs into the text, such as an image shown there.
    pub fn is_inline(&self) -> bool {
        match self.disposition.as_deref().map(DispositionWord::of) {
            Some(DispositionWord::Attachment) => false,
            Some(DispositionWord::Inline) => true,
            None => self.content_id().is_some(),
        }
    }
}

/// Disposition by which clients decide where they show a part.
enum DispositionWord {
    Inline,
    Attachment,
}

impl DispositionWord {
    fn of(word: &str) -> DispositionWord {
        match parse_content_disposition(word).disposition {
            DispositionType::Inline => DispositionWord::Inline,
            // Unknown words mean an attachment (RFC 2183).
            _ => DispositionWord::Attachment,
        }
    }
}
