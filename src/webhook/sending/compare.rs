//! Comparison of a response with the recorded one (`--compare`), apart from ids and times.

use bytes::Bytes;
use serde_json::Value;

use crate::webhook::{Outcome, Reply};

/// Difference from the recorded response; none if they agree. Ids and times are ignored, because they always differ.
pub fn differs(recorded: &Reply, outcome: &Outcome) -> Option<String> {
    let Outcome::Answered { status, body, .. } = outcome else {
        return None;
    };
    if *status != recorded.status {
        return Some(format!("got {status}, recorded {}", recorded.status));
    }
    let before = recorded.body.as_ref()?;
    match bodies(before, body) {
        None => None,
        Some(place) if place.is_empty() => {
            Some("the body of the response differs from the recorded one".into())
        }
        Some(place) => Some(format!(
            "the response differs from the recorded one at `{place}`"
        )),
    }
}

/// Difference between two bodies: a JSON pointer, empty for bodies that are not JSON.
fn bodies(before: &Bytes, now: &Bytes) -> Option<String> {
    if before == now {
        return None;
    }
    let json = |bytes: &Bytes| serde_json::from_slice::<Value>(bytes).ok();
    match (json(before), json(now)) {
        (Some(before), Some(now)) => values(&before, &now, String::new()),
        _ => {
            let text = |bytes: &Bytes| std::str::from_utf8(bytes).map(str::to_owned).ok();
            let same = text(before)
                .zip(text(now))
                .is_some_and(|(before, now)| words_agree(&before, &now));
            (!same).then(String::new)
        }
    }
}

fn values(before: &Value, now: &Value, place: String) -> Option<String> {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            let missing = now.keys().find(|name| !before.contains_key(*name));
            let mut names = before.iter();
            names
                .find_map(|(name, before)| {
                    let place = format!("{place}/{name}");
                    match now.get(name) {
                        None => Some(place),
                        Some(now) if is_noisy_name(name) && is_leaf(before) && is_leaf(now) => None,
                        Some(now) => values(before, now, place),
                    }
                })
                .or_else(|| missing.map(|name| format!("{place}/{name}")))
        }
        (Value::Array(before), Value::Array(now)) if before.len() == now.len() => {
            let mut pairs = before.iter().zip(now).enumerate();
            pairs.find_map(|(at, (before, now))| values(before, now, format!("{place}/{at}")))
        }
        (Value::String(before), Value::String(now)) if words_agree(before, now) => None,
        // Seconds or milliseconds since 1970.
        (Value::Number(before), Value::Number(now))
            if before.as_f64().is_some_and(is_epoch) && now.as_f64().is_some_and(is_epoch) =>
        {
            None
        }
        (before, now) => (before != now).then_some(place),
    }
}

fn is_leaf(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

fn is_epoch(number: f64) -> bool {
    (1e9..1e10).contains(&number) || (1e12..1e13).contains(&number)
}

/// True for a member name whose value is new each time, such as an id or a time.
fn is_noisy_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let last = name.rsplit('_').next().unwrap_or_default();
    matches!(
        last,
        "id" | "uuid"
            | "at"
            | "time"
            | "timestamp"
            | "date"
            | "nonce"
            | "token"
            | "etag"
            | "duration"
            | "took"
    ) || name.ends_with("requestid")
        || name.ends_with("traceid")
}

/// True if two texts are equal apart from words that are ids or times.
fn words_agree(before: &str, now: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| c.is_whitespace() || "\"'<>()[]{},;=".contains(c))
            .map(str::to_owned)
            .collect()
    };
    let (before, now) = (words(before), words(now));
    before.len() == now.len()
        && before
            .iter()
            .zip(&now)
            .all(|(before, now)| before == now || (is_noise(before) && is_noise(now)))
}

/// True if a word looks like an id or a time: many digits, or long with letters and digits mixed.
fn is_noise(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let looks = word
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_:.+".contains(&b));
    looks && (word.len() >= 8 && digits >= 6 || word.len() >= 16 && digits >= 2)
}

#[cfg(test)]
mod tests {
    use super::differs;
    use crate::webhook::{Outcome, Reply};
    use bytes::Bytes;

    fn told(status: u16, before: &str, now: &str) -> Option<String> {
        let recorded = Reply {
            status: 200,
            micros: 0,
            body: Some(Bytes::from(before.to_owned())),
        };
        let outcome = Outcome::Answered {
            status,
            body: Bytes::from(now.to_owned()),
            retry_after: None,
            location: None,
            unexpected: None,
        };
        differs(&recorded, &outcome)
    }

    #[test]
    fn ids_and_times_are_noise_and_the_rest_is_not() {
        for (before, now) in [
            ("ok", "ok"),
            (r#"{"ok":true,"id":"a1"}"#, r#"{"id":"b2", "ok":true}"#),
            (
                r#"{"t":1767312000,"u":1767312000000}"#,
                r#"{"t":1767400000,"u":1767400000001}"#,
            ),
            (
                r#"["550e8400-e29b-41d4-a716-446655440000"]"#,
                r#"["7c9e6679-7425-40de-944b-e07fc1f90ae7"]"#,
            ),
            (
                r#"{"when":"2026-01-02T03:04:05Z"}"#,
                r#"{"when":"2026-02-03T04:05:06.7Z"}"#,
            ),
            (
                "accepted 01JD8A9B7C6D5E4F at 2026-01-02T03:04:05Z",
                "accepted 01JE8A9B7C6D5E4G at 2026-01-03T03:04:05Z",
            ),
        ] {
            assert_eq!(told(200, before, now), None, "{before} {now}");
        }
        for (before, now, place) in [
            (r#"{"a":{"b":[1,2]}}"#, r#"{"a":{"b":[1,3]}}"#, "`/a/b/1`"),
            (r#"{"a":1}"#, r#"{"a":1,"c":2}"#, "`/c`"),
            (r#"{"a":1,"c":2}"#, r#"{"a":1}"#, "`/c`"),
            (r#"{"a":"accepted"}"#, r#"{"a":"rejected"}"#, "`/a`"),
            (r#"{"id":"1"}"#, r#"{"id":{"a":1}}"#, "`/id`"),
            ("ok", "no", "body of the response differs"),
            ("ok", "{}", "body of the response differs"),
        ] {
            let said = told(200, before, now).unwrap_or_default();
            assert!(said.contains(place), "{said:?} for {before} {now}");
        }
        assert_eq!(told(404, "ok", "ok").unwrap(), "got 404, recorded 200");
    }
}
