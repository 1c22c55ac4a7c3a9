//! Variants of the body: line ends, encodings, serialisations, and what it contains.

use bytes::Bytes;

use crate::providers::diagnose::evidence::Evidence;
use crate::providers::diagnose::layers;
use crate::providers::diagnose::layers::{LONGEST_PARSED, Wrapping};
use crate::providers::diagnose::reserialise::spellings;
use crate::providers::diagnose::url_variants::urls;
use crate::providers::diagnose::variant::{Variant, Variants, schemes};
use crate::providers::provider::Envelope;
use crate::webhook::{Delivery, Scheme};

/// The body with one line end more or less, trimmed, or with all line ends converted.
pub(crate) fn line_ends(case: &Evidence) -> Variants<'_> {
    let body = case.delivery.body.as_ref();
    let more = [("a `\\n`", &b"\n"[..]), ("a `\\r\\n`", b"\r\n")]
        .into_iter()
        .map(move |(what, end)| {
            (
                format!("the body with {what} appended"),
                [body, end].concat(),
            )
        });
    let fewer = [("`\\n`", &b"\n"[..]), ("`\\r\\n`", b"\r\n")]
        .into_iter()
        .filter_map(move |(what, end)| {
            let cut = body.strip_suffix(end)?;
            Some((format!("the body without its last {what}"), cut.to_vec()))
        });
    let trimmed = Some(body.trim_ascii()).filter(|cut| cut.len() < body.len());
    let trimmed = trimmed.into_iter().flat_map(|cut| {
        [
            ("", &b""[..]),
            (", and with a `\\n` appended", b"\n"),
            (", and with a `\\r\\n` appended", b"\r\n"),
        ]
        .map(|(what, end)| {
            let how = format!("the body without the white space around it{what}");
            (how, [cut, end].concat())
        })
    });
    let inside = [("`\\n`", "`\\r\\n`", true), ("`\\r\\n`", "`\\n`", false)]
        .into_iter()
        .filter_map(move |(wanted, given, shorter)| {
            let other = other_line_ends(body, shorter)?;
            Some((format!("each {given} replaced by {wanted}"), other))
        });
    bodies(case, more.chain(fewer).chain(trimmed).chain(inside))
}

/// The body with `\n` for `\r\n`, or the other way round; none if that changes nothing.
fn other_line_ends(body: &[u8], shorter: bool) -> Option<Vec<u8>> {
    let mut other = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after.first()) {
            (b'\r', Some(b'\n')) => {
                rest = after.get(1..).unwrap_or_default();
                other.extend_from_slice(if shorter { b"\n" } else { b"\r\n" });
            }
            (b'\n', _) if !shorter => other.extend_from_slice(b"\r\n"),
            (byte, _) => other.push(*byte),
        }
    }
    (other != body).then_some(other)
}

/// The body recoded: Latin-1 read as UTF-8 or the other way round, with or without a byte order mark.
pub(crate) fn encodings(case: &Evidence) -> Variants<'_> {
    let body = case.delivery.body.as_ref();
    let text = || std::str::from_utf8(body).ok();
    let narrow = move || {
        let bytes: Option<Vec<u8>> = text()?
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok())
            .collect();
        bytes.map(|bytes| ("each character as one byte (Latin-1)", bytes))
    };
    let wide = move || {
        let text: String = body.iter().copied().map(char::from).collect();
        Some((
            "each byte read as one character, in UTF-8",
            text.into_bytes(),
        ))
    };
    let marked = move || {
        Some((
            "the body with a byte order mark",
            [b"\xEF\xBB\xBF", body].concat(),
        ))
    };
    let bare = move || {
        let bare = body.strip_prefix(b"\xEF\xBB\xBF")?;
        Some(("the body without its byte order mark", bare.to_vec()))
    };
    // Plain ASCII is the same in all of these.
    let odd = !body.is_ascii() && body.len() <= LONGEST_PARSED;
    let others = [odd.then(narrow).flatten(), odd.then(wide).flatten()];
    let marks = std::iter::once_with(marked).chain(std::iter::once_with(bare));
    let all = others.into_iter().chain(marks).flatten();
    bodies(case, all.map(|(how, body)| (how.to_owned(), body)))
}

/// The body, decompressed.
pub(crate) fn inflated(case: &Evidence) -> Variants<'_> {
    below(case, Wrapping::Gzip)
}

/// The body in the serialisations of other libraries.
pub(crate) fn printed_again(case: &Evidence) -> Variants<'_> {
    if case.delivery.body.len() > LONGEST_PARSED {
        return Box::new(std::iter::empty());
    }
    let inside = match case.provider.envelope {
        Envelope::Text(at, style) => Some((at, style)),
        _ => None,
    };
    bodies(
        case,
        spellings(&case.delivery, &case.provider.style, inside),
    )
}

/// The body, decoded from base64.
pub(crate) fn from_base64(case: &Evidence) -> Variants<'_> {
    below(case, Wrapping::Base64)
}

/// The request inside a platform's event.
pub(crate) fn in_event(case: &Evidence) -> Variants<'_> {
    below(case, Wrapping::Event)
}

/// The text inside a JSON string.
pub(crate) fn in_text(case: &Evidence) -> Variants<'_> {
    below(case, Wrapping::Text)
}

/// Deliveries below a layer of this sort; where a signed URL is missing, one for each likely URL.
fn below(case: &Evidence, wrapping: Wrapping) -> Variants<'_> {
    let all = layers::unwrapped(&case.delivery).into_iter();
    let all = all.filter(move |it| it.wrapping == wrapping);
    Box::new(all.flat_map(move |it| {
        let inner = Evidence {
            delivery: it.delivery.clone(),
            neighbours: Vec::new(),
            ..case.clone()
        };
        let others: Vec<Variant> = match case.verify_options.public_url {
            None => urls(&inner).collect(),
            Some(_) => Vec::new(),
        };
        let how = it.how.clone();
        let as_it_is = Variant {
            how: it.how,
            delivery: Some(it.delivery),
            ..Variant::default()
        };
        let others = others.into_iter().map(move |other| Variant {
            how: format!("{how}, and the URL {}", other.how),
            ..other
        });
        std::iter::once(as_it_is).chain(others)
    }))
}

/// Variants with these bodies; none if the body is not signed.
fn bodies<'a>(
    case: &'a Evidence,
    all: impl Iterator<Item = (String, Vec<u8>)> + 'a,
) -> Variants<'a> {
    if !schemes(case).any(Scheme::covers_body) {
        return Box::new(std::iter::empty());
    }
    Box::new(all.map(|(how, body)| Variant {
        how,
        delivery: Some(Delivery {
            body: Bytes::from(body),
            ..case.delivery.clone()
        }),
        ..Variant::default()
    }))
}
