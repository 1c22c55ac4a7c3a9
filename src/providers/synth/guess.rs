//! Guesses the place of an event that is meant by a path that leads to none.

use serde_json::Value;

use crate::providers::synth::change::{nested, pointer_of};

/// A place of a document.
#[derive(Debug)]
pub(crate) struct DocumentPlace {
    /// As a JSON pointer.
    pointer: String,
    /// Its steps, as they are compared.
    names: Vec<String>,
}

/// The places of a document. JSON that stands in a text is looked into.
pub(crate) fn places(document: &Value) -> Vec<DocumentPlace> {
    let mut found = Vec::new();
    walk(document, &mut Vec::new(), &mut found);
    found
}

fn walk(value: &Value, steps: &mut Vec<String>, found: &mut Vec<DocumentPlace>) {
    if !steps.is_empty() {
        found.push(DocumentPlace {
            pointer: pointer_of(steps),
            names: names(steps),
        });
    }
    let inner = match value {
        Value::String(text) if text.starts_with(['{', '[']) => serde_json::from_str(text).ok(),
        _ => None,
    };
    let mut enter = |step: String, value: &Value| {
        steps.push(step);
        walk(value, steps, found);
        steps.pop();
    };
    match inner.as_ref().unwrap_or(value) {
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                enter(at.to_string(), value);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                enter(name.clone(), value);
            }
        }
        _ => {}
    }
}

/// Steps as they are compared: brackets of form fields count as steps, numbers of a list are left out, and neither case
/// nor `_` and `-` make a difference.
fn names(steps: &[String]) -> Vec<String> {
    let all = steps.iter().flat_map(|step| nested(step));
    all.filter(|step| step.parse::<usize>().is_err())
        .map(|step| {
            let plain: String = step.chars().filter(|c| c.is_alphanumeric()).collect();
            if plain.is_empty() { step } else { plain }.to_lowercase()
        })
        .collect()
}

/// The place at exactly these steps.
pub(crate) fn exact_place<'p>(
    steps: &[String],
    places: impl IntoIterator<Item = &'p DocumentPlace>,
) -> Option<&'p str> {
    let pointer = pointer_of(steps);
    let mut places = places.into_iter().map(|place| place.pointer.as_str());
    places.find(|it| *it == pointer)
}

/// The place that is nearest to a path, if one is near: its last name tells more than those before it.
pub(crate) fn nearest_place<'p>(
    typed: &[String],
    places: impl IntoIterator<Item = &'p DocumentPlace>,
) -> Option<&'p str> {
    let typed = names(typed);
    let mut best: Option<(f64, &DocumentPlace)> = None;
    for place in places {
        if let Some(far) = distance(&typed, &place.names)
            && best.as_ref().is_none_or(|(least, _)| far < *least)
        {
            best = Some((far, place));
        }
    }
    best.map(|(_, place)| place.pointer.as_str())
}

/// Distance of a place from a path; none if it is too far to be meant.
fn distance(typed: &[String], place: &[String]) -> Option<f64> {
    let (typed_name, typed_before) = typed.split_last()?;
    let (name, before) = place.split_last()?;
    let (longest, shortest) = {
        let lengths = (typed_name.chars().count(), name.chars().count());
        (lengths.0.max(lengths.1), lengths.0.min(lengths.1))
    };
    let letters = strsim::damerau_levenshtein(typed_name, name);
    let starts = typed_name.starts_with(name.as_str()) || name.starts_with(typed_name.as_str());
    let near = match letters {
        0 => 0.0,
        1 if longest >= 3 => 1.0,
        2 if longest >= 6 => 2.0,
        3 if longest >= 9 => 3.0,
        _ if starts && shortest >= 3 => 2.0,
        _ => return None,
    };
    if typed_before == before {
        return Some(near);
    }
    // At another depth, a short name that is not the same is more likely another.
    if letters > 3 || (letters > 0 && longest < 4) {
        return None;
    }
    let (typed_before, before) = (typed_before.join("/"), before.join("/"));
    Some(near + 2.5 - strsim::normalized_damerau_levenshtein(&typed_before, &before))
}

#[cfg(test)]
mod tests {
    use super::{nearest_place, places};
    use serde_json::json;

    #[test]
    fn the_nearest_place_of_the_whole_document_is_guessed() {
        let document = json!({
            "type": "x",
            "data": {
                "email": "a", "tags": ["t"], "created_at": 1, "msgId": 1, "subject": "s",
                "geo": {"city": "c", "ip": "i"}, "inner": "{\"k\":{\"userAgent\":1}}",
            },
            "form[merges][FNAME]": "Ada",
        });
        let places = places(&document);
        for (typed, wanted) in [
            ("/data/tag", Some("/data/tags")),
            ("/data/subjct", Some("/data/subject")),
            ("/data/sbuject", Some("/data/subject")),
            ("/email", Some("/data/email")),
            ("/Data/Email", Some("/data/email")),
            ("/data/e-mail", Some("/data/email")),
            ("/dat/email", Some("/data/email")),
            ("/data/createdAt", Some("/data/created_at")),
            ("/created-at", Some("/data/created_at")),
            ("/data/msg_id", Some("/data/msgId")),
            ("/user_agent", Some("/data/inner/k/userAgent")),
            ("/form/merges/fname", Some("/form[merges][FNAME]")),
            ("/fname", Some("/form[merges][FNAME]")),
            ("/city", Some("/data/geo/city")),
            ("/data/ip", Some("/data/geo/ip")),
            ("/types", Some("/type")),
            ("/order", None),
            ("/subj", Some("/data/subject")),
            ("/data/subj", Some("/data/subject")),
            ("/data/zzz", None),
            ("/dat", Some("/data")),
            ("/x", None),
        ] {
            let steps: Vec<String> = typed.split('/').skip(1).map(str::to_owned).collect();
            assert_eq!(nearest_place(&steps, &places), wanted, "{typed}");
        }
    }
}
