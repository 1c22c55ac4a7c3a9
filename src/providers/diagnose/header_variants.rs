//! Variants of the headers: their names, their texts, the unit of the timestamp.

use http::HeaderName;

use crate::providers::diagnose::evidence::Evidence;
use crate::providers::diagnose::variant::{Variant, Variants, schemes};
use crate::webhook::{Delivery, Document, Headers, Location};

/// The timestamp in seconds instead of milliseconds, and the other way round.
pub(crate) fn units(case: &Evidence) -> Variants<'_> {
    let document = Document::of(&case.delivery).ok();
    let others: Vec<Variant> = schemes(case)
        .filter_map(|scheme| scheme.signed_time())
        .filter(|(location, _)| !matches!(location, Location::Own(_)))
        .filter_map(|(location, _)| {
            let text = location.read(&case.delivery, document.as_ref()).ok()??;
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            let (how, other) = match text.len() {
                13 if digits => ("the timestamp in seconds", text.get(..10)?.to_owned()),
                10 if digits => ("the timestamp in milliseconds", format!("{text}000")),
                _ => return None,
            };
            let mut delivery = case.delivery.clone();
            location.write(&mut delivery, &other).ok()?;
            Some(Variant {
                how: format!("{how}: `{other}`"),
                delivery: Some(delivery),
                ..Variant::default()
            })
        })
        .collect();
    Box::new(others.into_iter())
}

/// Headers renamed from CGI form (`HTTP_X_NAME`) to their real names.
pub(crate) fn header_names(case: &Evidence) -> Variants<'_> {
    let real = |name: &HeaderName| -> Option<HeaderName> {
        let plain = name.as_str().replace('_', "-");
        let plain = plain.strip_prefix("http-").unwrap_or(&plain);
        plain.parse().ok()
    };
    let headers = &case.delivery.headers;
    let renamed: Headers = headers
        .iter()
        .map(|(name, value)| (real(name).unwrap_or_else(|| name.clone()), value.clone()))
        .collect();
    let changed = (renamed != *headers).then(|| Variant {
        how: "the header names with `-` in place of `_`, and without `HTTP_`".into(),
        delivery: Some(Delivery {
            headers: renamed,
            ..case.delivery.clone()
        }),
        ..Variant::default()
    });
    Box::new(changed.into_iter())
}

/// Headers that the schemes of the provider read.
fn signature_headers(case: &Evidence) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = schemes(case)
        .flat_map(|scheme| {
            [
                Some(scheme.signature),
                scheme.id,
                scheme.signed_time().map(|(location, _)| location),
            ]
        })
        .flatten()
        .flat_map(|location| location.header_names())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Most values tried of a repeated header.
const MOST_REPEATS: usize = 4;

/// One value for each repeated header: all of the first, of the second, and so on.
pub(crate) fn single_headers(case: &Evidence) -> Variants<'_> {
    let split = |text: &str| -> Vec<String> {
        let parts = text.split(", ").take(MOST_REPEATS);
        parts.map(str::to_owned).collect()
    };
    let repeated: Vec<(&'static str, Vec<String>)> = signature_headers(case)
        .into_iter()
        .filter_map(|name| {
            let values = case.delivery.headers.all(name);
            let values: Vec<String> = values
                .filter_map(|value| value.to_str().ok())
                .flat_map(split)
                .take(MOST_REPEATS)
                .collect();
            (values.len() > 1).then_some((name, values))
        })
        .collect();
    const WHICH: [&str; MOST_REPEATS] = ["first", "second", "third", "fourth"];
    let most = repeated.iter().map(|(_, values)| values.len()).max();
    let variants = WHICH.iter().enumerate().take(most.unwrap_or(0));
    Box::new(variants.map(move |(at, which)| {
        let mut delivery = case.delivery.clone();
        for (name, values) in &repeated {
            let value = values.get(at).or(values.last());
            if let Some(value) = value.and_then(|value| value.parse().ok()) {
                delivery.headers.set(HeaderName::from_static(name), value);
            }
        }
        let names: Vec<String> = repeated
            .iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        Variant {
            how: format!("the {which} of {}", names.join(", ")),
            delivery: Some(delivery),
            ..Variant::default()
        }
    }))
}

/// Name and function of a change that proxies or frameworks make to a signature.
type Change = (&'static str, fn(&str) -> Option<String>);

const CHANGES: &[Change] = &[
    ("without white space around it", |text| {
        Some(text.trim().to_owned())
    }),
    ("without the quotes around it", |text| {
        Some(text.trim().trim_matches(['"', '\'']).to_owned())
    }),
    ("in lower case", |text| Some(text.to_ascii_lowercase())),
    ("with `+` for each space", |text| {
        Some(text.replace(' ', "+"))
    }),
    ("with its escapes decoded", |text| {
        let pair = format!("{}=", text.replace('+', "%2B"));
        let first = form_urlencoded::parse(pair.as_bytes()).next();
        first.map(|(text, _)| text.into_owned())
    }),
    ("in the standard base64 alphabet", |text| {
        Some(text.replace('-', "+").replace('_', "/"))
    }),
    ("with `=` appended", |text| Some(format!("{text}="))),
    ("with `==` appended", |text| Some(format!("{text}=="))),
    ("with the prefix `sha256=`", |text| {
        Some(format!("sha256={text}"))
    }),
    ("with the prefix `v0=`", |text| Some(format!("v0={text}"))),
    ("with the prefix `v1,`", |text| Some(format!("v1,{text}"))),
    ("without everything before its first `=`", |text| {
        text.split_once('=').map(|(_, rest)| rest.to_owned())
    }),
];

/// The signature with such a change undone.
pub(crate) fn signature_texts(case: &Evidence) -> Variants<'_> {
    let document = Document::of(&case.delivery).ok();
    let places: Vec<(Location, String)> = schemes(case)
        .filter_map(|scheme| {
            let location = scheme.signature;
            let text = location.read(&case.delivery, document.as_ref()).ok()??;
            Some((location, text.into_owned()))
        })
        .collect();
    Box::new(places.into_iter().flat_map(move |(location, text)| {
        CHANGES.iter().filter_map(move |(how, change)| {
            let changed = change(&text).filter(|changed| *changed != text)?;
            let mut delivery = case.delivery.clone();
            location.write(&mut delivery, &changed).ok()?;
            Some(Variant {
                how: format!("the signature {how}"),
                delivery: Some(delivery),
                ..Variant::default()
            })
        })
    }))
}
