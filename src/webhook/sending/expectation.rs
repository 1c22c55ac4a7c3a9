//! Expectations of a response (`--expect-status`, `--expect-within`).

use std::time::Duration;

use serde_json::Value;

use crate::webhook::{Outcome, Statuses};

/// Conditions under which a response counts as success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Accepted statuses.
    pub status: Statuses,
    /// Longest time until the response.
    pub within: Option<Duration>,
    /// Text that the body must contain.
    pub contains: Option<String>,
    /// Member that the JSON object in the body must have, with its value as text.
    pub member: Option<(&'static str, String)>,
}

impl Expectation {
    /// Adds the expectations of a fixture: `{"status": "2xx", "within": "1s", "contains": "text"}`. `span` parses a
    /// time span.
    pub fn with(
        &self,
        json: &str,
        span: impl Fn(&str) -> Option<Duration>,
    ) -> Result<Expectation, String> {
        let own: Value = serde_json::from_str(json).map_err(|_| "`expect` is not JSON")?;
        let Value::Object(own) = own else {
            return Err("`expect` must be an object".into());
        };
        let mut expected = self.clone();
        for (name, value) in &own {
            match (name.as_str(), value) {
                ("status", Value::String(status)) => {
                    expected.status =
                        Statuses::parse(status).map_err(|error| error.what().to_owned())?;
                }
                ("status", Value::Number(status)) => {
                    expected.status = Statuses::parse(&status.to_string())
                        .map_err(|error| error.what().to_owned())?;
                }
                ("within", Value::String(within)) => {
                    let span = span(within);
                    expected.within =
                        Some(span.ok_or("`expect.within` is not a duration such as `1s`")?);
                }
                ("contains", Value::String(text)) => expected.contains = Some(text.clone()),
                _ => return Err(format!("`expect.{name}` is not a known expectation")),
            }
        }
        Ok(expected)
    }

    /// Reason why a response was late; none if it was in time.
    pub fn late(&self, took: Duration) -> Option<String> {
        let within = self.within.filter(|within| took > *within)?;
        Some(format!(
            "it took {} ms, and at most {} ms were expected",
            took.as_millis(),
            within.as_millis()
        ))
    }

    /// Reason why an outcome is not as expected; none if it is.
    pub fn judge(&self, outcome: &Outcome, took: Duration) -> Option<String> {
        let Outcome::Answered { status, body, .. } = outcome else {
            return None;
        };
        if !self.status.accept(*status) {
            return Some(format!(
                "got status {status}, expected {}",
                self.status.as_typed()
            ));
        }
        if let Some(late) = self.late(took) {
            return Some(late);
        }
        let missing = |text: &&String| memchr::memmem::find(body, text.as_bytes()).is_none();
        if let Some(missing) = self.contains.as_ref().filter(missing) {
            return Some(format!("the response does not contain `{missing}`"));
        }
        let (name, text) = self.member.as_ref()?;
        let answer: Option<Value> = serde_json::from_slice(body).ok();
        let said = answer
            .as_ref()
            .and_then(|answer| answer.get(name)?.as_str());
        (said != Some(text))
            .then(|| format!("the response is not JSON with `\"{name}\":\"{text}\"`"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Expectation, Statuses};
    use crate::webhook::Outcome;
    use std::time::Duration;

    fn answered(status: u16) -> Outcome {
        Outcome::Answered {
            status,
            body: bytes::Bytes::from_static(b"{\"ok\":true}"),
            retry_after: None,
            location: None,
            unexpected: None,
        }
    }

    fn any() -> Expectation {
        Expectation {
            status: Statuses::parse("2xx").unwrap(),
            within: None,
            contains: None,
            member: None,
        }
    }

    fn read(json: &str) -> Result<Expectation, String> {
        any().with(json, |text| {
            text.strip_suffix('s')?
                .parse()
                .ok()
                .map(Duration::from_secs)
        })
    }

    #[test]
    fn status_time_and_text_are_judged() {
        let second = Duration::from_secs(1);
        for (json, status, took, why) in [
            ("{}", 200, second, None),
            ("{}", 404, second, Some("got status 404, expected 2xx")),
            (r#"{"status":"404,410"}"#, 404, second, None),
            (
                r#"{"status":404}"#,
                200,
                second,
                Some("got status 200, expected 404"),
            ),
            (r#"{"within":"1s"}"#, 200, second, None),
            (
                r#"{"within":"1s"}"#,
                200,
                second * 2,
                Some("it took 2000 ms, and at most 1000 ms were expected"),
            ),
            (r#"{"contains":"\"ok\":true"}"#, 200, second, None),
            (
                r#"{"contains":"no"}"#,
                200,
                second,
                Some("the response does not contain `no`"),
            ),
        ] {
            let judged = read(json).unwrap().judge(&answered(status), took);
            assert_eq!(judged.as_deref(), why, "{json}");
        }
    }

    #[test]
    fn a_member_must_be_there_as_json() {
        for (name, text, why) in [
            (
                "ok",
                "true",
                Some("the response is not JSON with `\"ok\":\"true\"`"),
            ),
            (
                "code",
                "1",
                Some("the response is not JSON with `\"code\":\"1\"`"),
            ),
            ("said", "yes", None),
        ] {
            let expected = Expectation {
                member: Some((name, text.into())),
                ..any()
            };
            let Outcome::Answered { retry_after, .. } = answered(200) else {
                unreachable!()
            };
            let outcome = Outcome::Answered {
                status: 200,
                body: bytes::Bytes::from_static(b" {\"said\" : \"yes\", \"ok\": true}"),
                retry_after,
                location: None,
                unexpected: None,
            };
            assert_eq!(
                expected.judge(&outcome, Duration::ZERO).as_deref(),
                why,
                "{name}"
            );
        }
    }

    #[test]
    fn what_cannot_be_expected_is_said() {
        for odd in [
            "1",
            r#"{"status":"ok"}"#,
            r#"{"within":"soon"}"#,
            r#"{"weather":"fine"}"#,
            r#"{"status":[200]}"#,
        ] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }
}
