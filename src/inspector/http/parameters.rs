//! Parameters of the query string.

use std::time::Duration;

use crate::cli;
use crate::inspector::http::problem::Problem;
use crate::inspector::search::filter::Filter;
use crate::webhook::nearest;

/// Parameters of a request, each at its place.
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query string of a request; only these names are known.
    pub fn of(query: Option<&str>, known: &[&str]) -> Result<Parameters, Problem> {
        let query = query.unwrap_or_default();
        let all: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        for (name, _) in &all {
            if !known.contains(&name.as_str()) {
                let hint = match nearest(name, known.iter().copied()) {
                    Some(guess) => format!("did you mean `{guess}`?"),
                    None if known.is_empty() => "there are none here".to_owned(),
                    None => format!("known are {}", known.join(", ")),
                };
                return Err(Problem::bad_request(format!("unknown parameter `{name}`")).hint(hint));
            }
        }
        Ok(Parameters(all))
    }

    /// Reads the query string of a request that has conditions, and these parameters besides.
    pub fn with_filter(
        query: Option<&str>,
        besides: &[&str],
    ) -> Result<(Parameters, Filter), Problem> {
        let known = [&Filter::PARAMETERS[..], besides].concat();
        let all = Parameters::of(query, &known)?;
        let mut filter = Filter::default();
        for (name, value) in &all.0 {
            if Filter::PARAMETERS.contains(&name.as_str()) && !besides.contains(&name.as_str()) {
                filter.add(name, value)?;
            }
        }
        Ok((all, filter))
    }

    /// Value of a parameter; an error if it is there twice.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(it, _)| it == name);
        let first = values.next().map(|(_, value)| value.as_str());
        match values.next() {
            Some(_) => Err(Problem::bad_request(format!(
                "the parameter `{name}` is there twice"
            ))),
            None => Ok(first),
        }
    }

    /// All values of a parameter.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.iter().filter(move |(it, _)| it == name);
        values.map(|(_, value)| value.as_str())
    }

    /// Number within these bounds.
    pub fn number(
        &self,
        name: &str,
        usual: usize,
        least: usize,
        most: usize,
    ) -> Result<usize, Problem> {
        let Some(value) = self.get(name)? else {
            return Ok(usual);
        };
        let number = value.parse().ok().filter(|it| (least..=most).contains(it));
        number.ok_or_else(|| {
            Problem::bad_request(format!("`{value}` is no value for `{name}`"))
                .hint(format!("a number from {least} to {most}"))
        })
    }

    /// Time span.
    pub fn span(&self, name: &str, usual: Duration, most: Duration) -> Result<Duration, Problem> {
        let Some(value) = self.get(name)? else {
            return Ok(usual);
        };
        let span = cli::duration(value).ok().filter(|it| *it <= most);
        span.ok_or_else(|| {
            Problem::bad_request(format!("`{value}` is no value for `{name}`")).hint(format!(
                "a time span up to {} s, such as `10s` or `500ms`",
                most.as_secs()
            ))
        })
    }

    /// One of these words.
    pub fn word<'a>(&self, name: &str, known: &[&'a str]) -> Result<Option<&'a str>, Problem> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        let word = known.iter().find(|it| **it == value);
        word.map(|word| Some(*word)).ok_or_else(|| {
            Problem::bad_request(format!("`{value}` is no value for `{name}`"))
                .hint(format!("one of {}", known.join(", ")))
        })
    }
}
