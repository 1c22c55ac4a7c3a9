//! Bodies of requests to the API: JSON without repeated members, and not deep.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::inspector::http::problem::Problem;
use crate::webhook::nearest;

/// Deepest nesting.
const DEEPEST: usize = 64;

/// Reads JSON; an error for repeated members, deep nesting, and text behind the value.
pub fn read(bytes: &[u8]) -> Result<Value, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict(0)
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| Problem::bad_request(format!("the body is not valid JSON: {error}")))
}

/// Members of an object of which all must be known.
pub struct Members<'a> {
    /// Place of the object, as a JSON pointer.
    place: String,
    members: &'a Map<String, Value>,
}

impl<'a> Members<'a> {
    /// Members of a value with these names.
    pub fn of(value: &'a Value, place: &str, known: &[&str]) -> Result<Self, Problem> {
        let Value::Object(members) = value else {
            return Err(wrong(place, "an object", value));
        };
        for name in members.keys() {
            if !known.contains(&name.as_str()) {
                let hint = match nearest(name, known.iter().copied()) {
                    Some(guess) => format!("did you mean `{guess}`?"),
                    None => format!("known are {}", known.join(", ")),
                };
                return Err(Problem::bad_request(format!(
                    "unknown member `{}`",
                    inside(place, name)
                ))
                .hint(hint));
            }
        }
        Ok(Self {
            place: place.to_owned(),
            members,
        })
    }

    /// Place of a member.
    pub fn place(&self, name: &str) -> String {
        inside(&self.place, name)
    }

    /// Value of a member; none if it is missing or null.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Text.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Problem> {
        self.typed(name, "a text", Value::as_str)
    }

    /// Boolean.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.typed(name, "true or false", Value::as_bool)
    }

    /// Number that is not negative and has no fraction.
    pub fn count(&self, name: &str) -> Result<Option<u64>, Problem> {
        self.typed(name, "a non-negative integer", Value::as_u64)
    }

    /// Number.
    pub fn number(&self, name: &str) -> Result<Option<f64>, Problem> {
        self.typed(name, "a number", Value::as_f64)
    }

    /// List of texts.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, Problem> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let Value::Array(values) = value else {
            return Err(wrong(&self.place(name), "a list of texts", value));
        };
        let texts = values.iter().enumerate().map(|(at, value)| {
            let place = inside(&self.place(name), &at.to_string());
            value.as_str().ok_or_else(|| wrong(&place, "a text", value))
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// Object.
    pub fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, Problem> {
        self.typed(name, "an object", Value::as_object)
    }

    fn typed<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(wrong(&self.place(name), wanted, value)),
            },
        }
    }
}

/// Place of a member, as a JSON pointer.
pub fn inside(place: &str, name: &str) -> String {
    format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Error for a value of the wrong type.
pub fn wrong(place: &str, wanted: &str, value: &Value) -> Problem {
    let place = if place.is_empty() { "the body" } else { place };
    Problem::bad_request(format!("`{place}` is to be {wanted}, and is `{value}`"))
}

struct Strict(usize);

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number is too large"))?;
        Ok(number.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Strict(inner))? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Strict(inner))?;
            if map.contains_key(&name) {
                return Err(A::Error::custom(format!(
                    "the member `{name}` is there twice"
                )));
            }
            map.insert(name, value);
        }
        Ok(map.into())
    }
}

impl Strict {
    fn deeper<E: Error>(&self) -> Result<usize, E> {
        match self.0 {
            DEEPEST.. => Err(E::custom(format!("it is nested deeper than {DEEPEST}"))),
            depth => Ok(depth + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Members, read};

    #[test]
    fn what_other_readers_would_guess_at_is_an_error() {
        let deep = ["[".repeat(65), "]".repeat(65)].concat();
        for text in [
            "{\"a\":1,\"a\":2}",
            "[{\"b\":{\"c\":1,\"c\":1}}]",
            "{} {}",
            "NaN",
            "\"\\ud800\"",
            "",
            "1e999",
            &deep,
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(["[".repeat(64), "]".repeat(64)].concat().as_bytes()).is_ok());
        assert!(read(b"\xff").is_err());
    }

    #[test]
    fn an_unknown_member_is_named_with_its_place_and_the_nearest() {
        let value = read(b"{\"recipent\":1}").unwrap();
        let problem = Members::of(&value, "", &["recipient"]).err().unwrap();
        assert!(
            problem.message.contains("`/recipent`"),
            "{}",
            problem.message
        );
        assert!(problem.hint.contains("`recipient`"), "{}", problem.hint);
        let value = read(b"{\"a/b\":1}").unwrap();
        let members = Members::of(&value, "/x", &["a/b"]).unwrap();
        let problem = members.text("a/b").unwrap_err();
        assert!(
            problem.message.contains("`/x/a~1b` is to be a text"),
            "{}",
            problem.message
        );
    }
}
