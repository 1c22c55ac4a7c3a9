//! Signed message of a scheme: its parts, and the bytes of each.

use std::borrow::Cow;

use crate::webhook::body::json;
use crate::webhook::body::multipart::Multipart;
use crate::webhook::signing::algorithm::GAP;
use crate::webhook::{Delivery, Document, Location};

/// Part of the signed message.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// The delivery's id.
    Id,
    /// The timestamp, exactly as sent.
    Timestamp,
    /// The raw body.
    Body,
    /// The raw body with a gap byte, later the key, in place of the text at this JSON pointer.
    BodyAround(&'static str),
    /// The request method.
    Method,
    /// The URL configured at the provider (`--public-url`).
    Url,
    /// Path and query of that URL.
    UrlPath,
    /// URL as in [`Part::Url`]; verification also tries the spellings that this function returns.
    UrlOr(fn(&str) -> Vec<String>),
    /// Path and query of the request.
    Path,
    /// Decoded value of a URL-encoded form with a single field of any name; the raw body if it is no form.
    FormValue,
    /// Fields of a form, sorted by name: each name followed by its decoded value. Uploaded files are skipped.
    SortedForm,
    /// A fixed text.
    Text(&'static str),
    /// The text at this location.
    At(Location),
    /// Computed from the parsed body.
    Own(fn(&Document) -> Result<Vec<u8>, String>),
    /// Computed from the whole request and the signed URL.
    Of(fn(&Delivery, &str) -> Result<Vec<u8>, String>),
}

/// Inputs of a signed message.
#[derive(Debug)]
pub(crate) struct MessageInput<'a, 'd> {
    pub(crate) delivery: &'a Delivery,
    /// Parsed body, if it can be parsed.
    pub(crate) document: Option<&'a Document<'d>>,
    /// Signed URL.
    pub(crate) url: &'a str,
    /// Location of the delivery's id.
    pub(crate) id: Option<&'a Location>,
    /// Location of the timestamp.
    pub(crate) timestamp: Option<&'a Location>,
}

impl Part {
    /// Name for messages; none for a fixed text.
    pub(crate) fn name(&self) -> Option<&'static str> {
        match self {
            Part::Id => Some("id"),
            Part::Timestamp => Some("timestamp"),
            Part::Body | Part::BodyAround(_) | Part::FormValue => Some("body"),
            Part::Method => Some("method"),
            Part::Url | Part::UrlOr(_) => Some("URL"),
            Part::UrlPath | Part::Path => Some("path with query"),
            Part::SortedForm => Some("fields of the form"),
            Part::Text(_) => None,
            Part::At(Location::Body(pointer)) => pointer.rsplit('/').next(),
            Part::At(Location::Header(name) | Location::Item(_, name) | Location::Field(name)) => {
                Some(name)
            }
            Part::At(Location::All(places)) => places
                .iter()
                .find_map(|location| location.header_names().first().copied()),
            Part::At(Location::Own(own)) => Some(own.name),
            Part::Own(_) => Some("fields of the body"),
            Part::Of(_) => Some("parts of the request"),
        }
    }

    /// True if it is the body, or computed from it.
    pub fn reads_body(&self) -> bool {
        match self {
            Part::Body
            | Part::BodyAround(_)
            | Part::FormValue
            | Part::SortedForm
            | Part::Own(_)
            | Part::Of(_) => true,
            Part::Id
            | Part::Timestamp
            | Part::Method
            | Part::Url
            | Part::UrlPath
            | Part::UrlOr(_)
            | Part::Path
            | Part::Text(_)
            | Part::At(_) => false,
        }
    }

    /// True if it is the URL, or computed from it.
    pub fn reads_url(&self) -> bool {
        match self {
            Part::Url | Part::UrlPath | Part::UrlOr(_) | Part::Of(_) => true,
            Part::Id
            | Part::Timestamp
            | Part::Body
            | Part::BodyAround(_)
            | Part::Method
            | Part::Path
            | Part::FormValue
            | Part::SortedForm
            | Part::Text(_)
            | Part::At(_)
            | Part::Own(_) => false,
        }
    }

    /// True if reading it takes a parsed body, wherever id and timestamp are.
    pub(crate) fn needs_document(&self) -> bool {
        match self {
            Part::At(location) => location.is_inside(),
            Part::Own(_) => true,
            _ => false,
        }
    }

    /// Bytes of this part in the signed message; the error says why there are none.
    pub(crate) fn bytes<'a>(&self, input: &MessageInput<'a, '_>) -> Result<Cow<'a, [u8]>, String> {
        let delivery = input.delivery;
        Ok(match self {
            Part::Id => input.text_at_any(input.id)?,
            Part::Timestamp => input.text_at_any(input.timestamp)?,
            Part::Body => Cow::Borrowed(&delivery.body),
            Part::BodyAround(pointer) => body_around(&delivery.body, pointer)?.into(),
            Part::Method => Cow::Borrowed(delivery.method.as_str().as_bytes()),
            Part::Url | Part::UrlOr(_) => Cow::Borrowed(input.url.as_bytes()),
            Part::UrlPath => Cow::Borrowed(path_of(input.url).as_bytes()),
            Part::Path => Cow::Borrowed(delivery.path.as_str().as_bytes()),
            Part::FormValue => form_value(delivery).into(),
            Part::SortedForm => sorted_form(delivery).into(),
            Part::Text(text) => Cow::Borrowed(text.as_bytes()),
            Part::At(location) => input.text_at(location)?,
            Part::Own(own) => own(input.document.ok_or("the body could not be read")?)?.into(),
            Part::Of(of) => of(delivery, input.url)?.into(),
        })
    }
}

impl<'a> MessageInput<'a, '_> {
    fn text_at(&self, location: &Location) -> Result<Cow<'a, [u8]>, String> {
        match location.read(self.delivery, self.document)? {
            Some(Cow::Borrowed(text)) => Ok(Cow::Borrowed(text.as_bytes())),
            Some(Cow::Owned(text)) => Ok(text.into_bytes().into()),
            None => Err(missing(location)),
        }
    }

    /// The text at a location; empty if the scheme has no such location.
    fn text_at_any(&self, location: Option<&Location>) -> Result<Cow<'a, [u8]>, String> {
        location.map_or(Ok(Cow::default()), |location| self.text_at(location))
    }
}

/// Reason to reject a delivery that has nothing at this location.
pub(crate) fn missing(location: &Location) -> String {
    format!("no signature: {} is missing", location.name())
}

/// The body with a gap byte in place of the text at a pointer.
fn body_around(body: &[u8], pointer: &'static str) -> Result<Vec<u8>, String> {
    let span = json::find(body, pointer)
        .filter(|span| span.len() >= 2)
        .filter(|span| body.get(span.start) == Some(&b'"'))
        .ok_or_else(|| missing(&Location::Body(pointer)))?;
    let before = body.get(..span.start + 1).unwrap_or_default();
    let after = body.get(span.end - 1..).unwrap_or_default();
    Ok([before, &[GAP], after].concat())
}

/// Fields of a form, sorted: each name followed by its value.
fn sorted_form(delivery: &Delivery) -> Vec<u8> {
    let form = Multipart::of(&delivery.headers, &delivery.body);
    let mut fields: Vec<(Cow<str>, Cow<str>)> = match &form {
        Some(Ok(form)) => {
            let fields = form.fields();
            fields.map(|(name, value)| (name.into(), value)).collect()
        }
        // A body that only claims to be multipart may be URL-encoded.
        _ => form_urlencoded::parse(&delivery.body).collect(),
    };
    fields.sort();
    let texts = fields.iter().flat_map(|(name, value)| [name, value]);
    texts.flat_map(|text| text.bytes()).collect()
}

/// Path and query of a URL; `/` if it has neither.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?'])
        .and_then(|at| rest.get(at..))
        .unwrap_or("/")
}

/// Decoded text after the first `=` of a URL-encoded form; the raw body if it is no form.
fn form_value(delivery: &Delivery) -> Vec<u8> {
    let body = &delivery.body;
    let wanted = "application/x-www-form-urlencoded";
    let kind = delivery.headers.text("content-type").unwrap_or_default();
    let start = kind.trim_start().get(..wanted.len());
    if !start.is_some_and(|start| start.eq_ignore_ascii_case(wanted)) {
        return body.to_vec();
    }
    let at = body.iter().position(|byte| *byte == b'=');
    let value = at.and_then(|at| body.get(at + 1..)).unwrap_or_default();
    // An `&` there belongs to the value.
    let value: Vec<u8> = value
        .split(|byte| *byte == b'&')
        .collect::<Vec<_>>()
        .join(&b"%26"[..]);
    let field = [b"=", value.as_slice()].concat();
    form_urlencoded::parse(&field)
        .next()
        .map(|(_, value)| value.into_owned().into_bytes())
        .unwrap_or_default()
}
