//! Locations of a value in a delivery: header, JSON body, form field.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};

use crate::webhook::body::form_part::NewPart;
use crate::webhook::body::json;
use crate::webhook::body::multipart::Multipart;
use crate::webhook::{Delivery, Document};

/// Location of a value in a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The header of this name.
    Header(&'static str),
    /// A header that lists `name=value` pairs separated by commas: the values of the second name, joined with commas if
    /// there are several.
    Item(&'static str, &'static str),
    /// The JSON body, at this JSON pointer.
    Body(&'static str),
    /// A form body, URL-encoded or multipart: the last field of this name.
    Field(&'static str),
    /// Each of these locations; all must hold the same value.
    All(&'static [Location]),
    /// A location with its own functions to read and write it.
    Own(&'static CustomLocation),
}

/// Location that takes code to read and to write.
#[derive(Debug)]
pub struct CustomLocation {
    /// Display name for messages.
    pub name: &'static str,
    /// Reads the text at this location, if there is one.
    pub read: for<'a> fn(&'a Delivery) -> Result<Option<Cow<'a, str>>, String>,
    /// Writes `value` at this location, replacing what is there.
    pub write: fn(&mut Delivery, &str) -> Result<(), String>,
    /// Removes the value at this location.
    pub remove: fn(&mut Delivery),
    /// Splits a delivery with several signatures over different parts into one delivery for each signature; empty where
    /// there is only one.
    pub each: Option<fn(&Delivery) -> Vec<Delivery>>,
}

impl PartialEq for CustomLocation {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for CustomLocation {}

impl Location {
    /// True if reading it takes a parsed body.
    pub fn is_inside(&self) -> bool {
        match self {
            Location::Body(_) | Location::Field(_) => true,
            Location::All(places) => places.iter().any(Location::is_inside),
            Location::Header(_) | Location::Item(..) | Location::Own(_) => false,
        }
    }

    /// Names of the headers that it is in.
    pub fn header_names(&self) -> Vec<&'static str> {
        match self {
            Location::Header(name) | Location::Item(name, _) => vec![name],
            Location::All(places) => places.iter().flat_map(Location::header_names).collect(),
            Location::Body(_) | Location::Field(_) | Location::Own(_) => Vec::new(),
        }
    }

    /// Reads the text at this location, if there is one.
    pub fn read<'a>(
        &self,
        delivery: &'a Delivery,
        document: Option<&'a Document>,
    ) -> Result<Option<Cow<'a, str>>, String> {
        match self {
            Location::Header(name) => {
                let mut all = delivery.headers.all(name);
                let first = all.next();
                if all.next().is_some() {
                    return Err(format!("header `{name}` is given more than once"));
                }
                Ok(first.map(|value| {
                    // Valid UTF-8 is by far the most common, and quick to check.
                    let text = std::str::from_utf8(value.as_bytes()).map(Cow::Borrowed);
                    text.unwrap_or_else(|_| String::from_utf8_lossy(value.as_bytes()))
                }))
            }
            Location::Item(header, name) => {
                let list = Location::Header(header).read(delivery, document)?;
                let values: Vec<&str> = items(list.as_deref().unwrap_or_default())
                    .filter(|(at, _)| at == name)
                    .map(|(_, value)| value)
                    .collect();
                Ok((!values.is_empty()).then(|| values.join(",").into()))
            }
            Location::Body(pointer) => Ok(document.and_then(|document| document.text(pointer))),
            Location::Field(name) => Ok(document.and_then(Document::members).and_then(|fields| {
                let field = fields.iter().rev().find(|(at, _)| at == name);
                field.and_then(|(_, value)| value.as_text())
            })),
            Location::All(places) => read_all(places, delivery, document),
            Location::Own(own) => (own.read)(delivery),
        }
    }

    /// Writes `value` at this location, replacing what is there.
    pub fn write(&self, delivery: &mut Delivery, value: &str) -> Result<(), String> {
        match self {
            Location::Header(name) => {
                let value = HeaderValue::from_str(value)
                    .map_err(|_| format!("header `{name}` cannot have this value"))?;
                delivery.headers.set(HeaderName::from_static(name), value);
            }
            Location::Item(header, name) => {
                let whole = Location::Header(header);
                let list = whole.read(delivery, None)?.unwrap_or_default();
                let mut new = Some(value);
                let mut kept: Vec<String> = items(&list)
                    .filter_map(|(at, old)| {
                        let value = if at == *name { new.take()? } else { old };
                        Some(format!("{at}={value}"))
                    })
                    .collect();
                kept.extend(new.map(|value| format!("{name}={value}")));
                whole.write(delivery, &kept.join(","))?;
            }
            Location::Body(pointer) => {
                let text = serde_json::Value::from(value).to_string();
                delivery.body = json::splice(&delivery.body, pointer, &text)
                    .ok_or_else(|| format!("the body has no `{pointer}` for a signature"))?
                    .into();
            }
            Location::Field(name) => {
                let new = match Multipart::of(&delivery.headers, &delivery.body) {
                    Some(form) => set_part(&form?, name, value),
                    None => set_field(&delivery.body, name, value),
                };
                delivery.body = new.into();
            }
            Location::All(places) => {
                for location in *places {
                    location.write(delivery, value)?;
                }
            }
            Location::Own(own) => (own.write)(delivery, value)?,
        }
        Ok(())
    }

    /// Removes the value at this location.
    pub(crate) fn remove(&self, delivery: &mut Delivery) -> Result<(), String> {
        match self {
            Location::Header(name) => delivery.headers.remove(name),
            Location::Item(header, name) => {
                let whole = Location::Header(header);
                let list = whole.read(delivery, None)?.unwrap_or_default();
                let kept: Vec<String> = items(&list)
                    .filter(|(at, _)| at != name)
                    .map(|(at, value)| format!("{at}={value}"))
                    .collect();
                whole.write(delivery, &kept.join(","))?;
            }
            Location::Body(pointer) => {
                delivery.body = json::cut(&delivery.body, pointer)
                    .ok_or_else(|| format!("the body has no `{pointer}` to remove"))?
                    .into();
            }
            Location::Field(name) => {
                let new = match Multipart::of(&delivery.headers, &delivery.body) {
                    Some(form) => without_part(&form?, name),
                    None => without_field(&delivery.body, name),
                };
                delivery.body = new.into();
            }
            Location::All(places) => {
                for location in *places {
                    location.remove(delivery)?;
                }
            }
            Location::Own(own) => (own.remove)(delivery),
        }
        Ok(())
    }

    /// Display name for messages, such as "header `x-signature`".
    pub fn name(&self) -> String {
        match self {
            Location::Header(name) => format!("header `{name}`"),
            Location::Item(header, name) => format!("`{name}=` of header `{header}`"),
            Location::Body(pointer) => format!("`{pointer}` of the body"),
            Location::Field(name) => format!("form field `{name}`"),
            Location::All(places) => {
                let names: Vec<String> = places.iter().map(Location::name).collect();
                names.join(" and ")
            }
            Location::Own(own) => own.name.to_owned(),
        }
    }
}

/// Text that all of these locations hold; none if all are empty, an error if they differ.
fn read_all<'a>(
    places: &[Location],
    delivery: &'a Delivery,
    document: Option<&'a Document>,
) -> Result<Option<Cow<'a, str>>, String> {
    let texts = places
        .iter()
        .map(|location| Ok((location, location.read(delivery, document)?)))
        .collect::<Result<Vec<_>, String>>()?;
    let Some((first, Some(text))) = texts.iter().find(|(_, text)| text.is_some()) else {
        return Ok(None);
    };
    for (location, other) in &texts {
        match other {
            None => return Err(format!("no signature: {} is missing", location.name())),
            Some(other) if other != text => {
                return Err(format!("{} differs from {}", location.name(), first.name()));
            }
            Some(_) => {}
        }
    }
    Ok(Some(text.clone()))
}

/// Pairs of a list such as `t=1,v1=ab`; items without `=` are skipped.
fn items(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.split(',')
        .filter_map(|item| item.trim().split_once('='))
}

/// Multipart form with the last part of this name replaced, or a part appended; every other byte stays.
fn set_part(form: &Multipart, name: &str, value: &str) -> Vec<u8> {
    let edit = match form.last_of(name) {
        Some(part) => (part.span.clone(), value.into()),
        None => {
            let part = NewPart {
                name: name.into(),
                content: value.as_bytes().into(),
                ..NewPart::default()
            };
            form.append(&part, form.boundary())
        }
    };
    form.edited(vec![edit])
}

/// Multipart form without the parts of this name.
fn without_part(form: &Multipart, name: &str) -> Vec<u8> {
    let named = form.parts().iter();
    let named = named.filter(|part| part.name.as_deref() == Some(name));
    form.edited(named.map(|part| (form.whole(part), Vec::new())).collect())
}

/// URL-encoded form without the fields of this name.
fn without_field(form: &[u8], name: &str) -> Vec<u8> {
    let is_other = |field: &&[u8]| {
        let first = form_urlencoded::parse(field).next();
        first.is_none_or(|(at, _)| at != name)
    };
    let kept: Vec<&[u8]> = form.split(|b| *b == b'&').filter(is_other).collect();
    kept.join(&b"&"[..])
}

/// URL-encoded form with the last field of this name replaced, or a field appended; every other byte stays.
fn set_field(form: &[u8], name: &str, value: &str) -> Vec<u8> {
    let field: String = form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish();
    let mut fields: Vec<&[u8]> = form
        .split(|b| *b == b'&')
        .filter(|field| !field.is_empty())
        .collect();
    let is_it = |field: &&[u8]| {
        form_urlencoded::parse(field)
            .next()
            .is_some_and(|(at, _)| at == name)
    };
    match fields
        .iter()
        .rposition(is_it)
        .and_then(|at| fields.get_mut(at))
    {
        Some(old) => *old = field.as_bytes(),
        None => fields.push(field.as_bytes()),
    }
    fields.join(&b"&"[..])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Location, set_field};
    use crate::webhook::{Delivery, Document, Headers};

    #[test]
    fn what_stands_at_several_places_is_read_where_all_say_the_same() {
        let both = Location::All(&[
            Location::Item("signature", "t"),
            Location::Header("sent-at"),
        ]);
        let mut delivery = Delivery {
            method: Method::POST,
            path: "/".parse().unwrap(),
            headers: Headers::new(),
            body: "".into(),
        };
        assert_eq!(both.read(&delivery, None), Ok(None));
        both.write(&mut delivery, "17").unwrap();
        assert_eq!(both.read(&delivery, None), Ok(Some("17".into())));
        assert_eq!(delivery.headers.text("signature"), Some("t=17"));

        let only = |location: &Location| {
            let mut delivery = delivery.clone();
            location.remove(&mut delivery).unwrap();
            both.read(&delivery, None).unwrap_err()
        };
        assert!(only(&Location::Header("sent-at")).contains("header `sent-at` is missing"));
        assert!(only(&Location::Item("signature", "t")).contains("`t=` of header `signature`"));

        let mut other = delivery.clone();
        Location::Header("sent-at").write(&mut other, "18").unwrap();
        let reason = both.read(&other, None).unwrap_err();
        assert!(reason.contains("differs"), "{reason}");

        both.remove(&mut delivery).unwrap();
        assert_eq!(both.read(&delivery, None), Ok(None));
        assert_eq!(both.header_names(), ["signature", "sent-at"]);
    }

    #[test]
    fn a_part_of_a_form_changes_and_nothing_else() {
        let part = |name: &str, text: &str| {
            format!("--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n{text}\r\n")
        };
        let delivery = |body: &str| Delivery {
            method: http::Method::POST,
            path: "/".parse().unwrap(),
            headers: [(
                http::header::CONTENT_TYPE,
                http::HeaderValue::from_static("multipart/form-data; boundary=x"),
            )]
            .into_iter()
            .collect(),
            body: body.to_owned().into(),
        };
        let (a, mine, yours) = (part("a", "1"), part("token", "m"), part("token", "y"));
        let location = Location::Field("token");
        let before = format!("{a}{mine}{yours}--x--\r\nbye");
        let mut it = delivery(&before);
        let document = Document::of(&it).unwrap();
        assert_eq!(location.read(&it, Some(&document)).unwrap().unwrap(), "y");
        drop(document);
        location.write(&mut it, "new&").unwrap();
        assert_eq!(
            it.body,
            format!("{a}{mine}{}--x--\r\nbye", part("token", "new&"))
        );
        location.remove(&mut it).unwrap();
        assert_eq!(it.body, format!("{a}--x--\r\nbye"));
        location.write(&mut it, "z").unwrap();
        assert_eq!(
            it.body,
            format!("{a}{}--x--\r\nbye", part("\"token\"", "z"))
        );
        // A body that only claims to be multipart is treated as URL-encoded.
        let mut none = delivery("{}");
        assert!(
            location
                .write(&mut none, "z")
                .unwrap_err()
                .contains("boundary")
        );
        assert_eq!(none.body, "{}");
    }

    #[test]
    fn a_form_field_changes_and_nothing_else() {
        assert_eq!(
            set_field(b"a=1&token=x&b=%7e&token=y", "token", "n&w"),
            b"a=1&token=x&b=%7e&token=n%26w"
        );
        assert_eq!(set_field(b"a=1", "token", "z"), b"a=1&token=z");
        assert_eq!(set_field(b"", "token", "z"), b"token=z");
    }
}
