//! Header fields of a request or a response, in order and in their original spelling.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers in order, repeats included. Names are compared in lower case; their spelling and the values are preserved.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    fields: Vec<(HeaderName, HeaderValue)>,
    /// Names as they were spelled, one after another, each as long as the name of its field. Empty if all are in lower
    /// case.
    spelled: String,
}

/// Hop-by-hop headers, which are made anew for each connection (RFC 9110, 7.6.1).
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// True for a hop-by-hop header (RFC 9110, 7.6.1), which is never forwarded.
pub fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(&name.as_str())
}

impl Headers {
    /// Creates an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty list with room for as many headers as most deliveries have.
    pub fn roomy() -> Self {
        Self {
            fields: Vec::with_capacity(8),
            spelled: String::new(),
        }
    }

    /// First value of this name as text, if it is visible ASCII or UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
    }

    /// First value of this name.
    pub fn get(&self, name: &str) -> Option<&HeaderValue> {
        self.fields
            .iter()
            .find(|(at, _)| at.as_str().eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// All values of this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a HeaderValue> {
        self.fields
            .iter()
            .filter(move |(at, _)| at.as_str().eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Headers in order, repeats included.
    pub fn iter(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.fields.iter()
    }

    /// Values in order, to be replaced.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut HeaderValue> {
        self.fields.iter_mut().map(|(_, value)| value)
    }

    /// Headers in order, each name in its original spelling.
    pub fn spelled(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        let fields = self.fields.iter().zip(self.spellings());
        fields.map(|((_, value), spelled)| (spelled, value))
    }

    /// True if a name is not written in lower case.
    pub fn has_spelling(&self) -> bool {
        !self.spelled.is_empty()
    }

    /// Names in order, in their original spelling.
    fn spellings(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.spelled.as_str();
        self.fields.iter().map(move |(name, _)| {
            let Some((spelled, after)) = rest.split_at_checked(name.as_str().len()) else {
                return name.as_str();
            };
            rest = after;
            spelled
        })
    }

    /// Appends a header.
    pub fn push(&mut self, name: HeaderName, value: HeaderValue) {
        if !self.spelled.is_empty() {
            self.spelled.push_str(name.as_str());
        }
        self.fields.push((name, value));
    }

    /// Appends a header whose name is spelled `spelled`; any other name in `spelled` is ignored.
    pub fn push_spelled(&mut self, name: HeaderName, spelled: &str, value: HeaderValue) {
        let is_spelled = spelled != name.as_str() && name.as_str().eq_ignore_ascii_case(spelled);
        if !is_spelled {
            return self.push(name, value);
        }
        if self.spelled.is_empty() {
            self.spelled = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        }
        self.spelled.push_str(spelled);
        self.fields.push((name, value));
    }

    /// Orders and spells the headers like `names`, which has each name as it was received and a colon after it;
    /// unchanged if those are other headers.
    #[must_use]
    pub fn arranged(self, names: &[u8]) -> Self {
        match self.spelled_like(names) {
            Some(spelled) => Self { spelled, ..self },
            None => self.ordered_like(names),
        }
    }

    /// Spelling of the headers if `names` has them in this order, which is the case unless a name repeats.
    fn spelled_like(&self, names: &[u8]) -> Option<String> {
        let mut rest = names;
        let mut is_lower = true;
        let mut spelled = Vec::with_capacity(names.len());
        for (name, _) in &self.fields {
            let name = name.as_str().as_bytes();
            let (received, after) = rest.split_at_checked(name.len())?;
            if !received.eq_ignore_ascii_case(name) {
                return None;
            }
            is_lower &= received == name;
            spelled.extend_from_slice(received);
            rest = after.strip_prefix(b":")?;
        }
        match (rest, is_lower) {
            ([], true) => Some(String::new()),
            // Equal to names of headers but for the case, so it is ASCII.
            ([], false) => String::from_utf8(spelled).ok(),
            _ => None,
        }
    }

    /// Orders and spells the headers like `names`, whatever their order; unchanged if `names` has other headers.
    fn ordered_like(self, names: &[u8]) -> Self {
        let mut order = Vec::with_capacity(self.fields.len());
        let mut taken = vec![false; self.fields.len()];
        for name in names
            .split(|byte| *byte == b':')
            .filter(|it| !it.is_empty())
        {
            let same = |(at, (other, _)): &(usize, &(HeaderName, HeaderValue))| {
                !taken.get(*at).is_none_or(|taken| *taken)
                    && other.as_str().as_bytes().eq_ignore_ascii_case(name)
            };
            let Some((at, _)) = self.fields.iter().enumerate().find(same) else {
                return self;
            };
            if let Some(taken) = taken.get_mut(at) {
                *taken = true;
            }
            order.push(at);
        }
        if order.len() != self.fields.len() {
            return self;
        }
        let mut fields: Vec<Option<(HeaderName, HeaderValue)>> =
            self.fields.into_iter().map(Some).collect();
        let in_order = order
            .into_iter()
            .filter_map(|at| fields.get_mut(at).and_then(Option::take));
        let arranged: Self = in_order.collect();
        let spelled = arranged.spelled_like(names).unwrap_or_default();
        Self {
            spelled,
            ..arranged
        }
    }

    /// Maps each header through `value`, with the spelling preserved.
    #[must_use]
    pub fn with_values(
        &self,
        value: impl FnMut(&(HeaderName, HeaderValue)) -> (HeaderName, HeaderValue),
    ) -> Self {
        Self {
            fields: self.fields.iter().map(value).collect(),
            spelled: self.spelled.clone(),
        }
    }

    /// Replaces all headers of this name with one, at the place of the first, or appended.
    pub fn set(&mut self, name: HeaderName, value: HeaderValue) {
        match self.fields.iter().position(|(at, _)| *at == name) {
            None => self.push(name, value),
            Some(first) => {
                self.retain(|at, other| *other != name || at == first);
                if let Some(field) = self.fields.get_mut(first) {
                    field.1 = value;
                }
            }
        }
    }

    /// Removes all headers of this name.
    pub fn remove(&mut self, name: &str) {
        self.retain(|_, at| !at.as_str().eq_ignore_ascii_case(name));
    }

    fn retain(&mut self, stays: impl Fn(usize, &HeaderName) -> bool) {
        if self.has_spelling() {
            let fields = self.fields.iter().zip(self.spellings()).enumerate();
            let stay = fields.filter(|(at, ((name, _), _))| stays(*at, name));
            self.spelled = stay.map(|(_, (_, spelled))| spelled).collect();
        }
        let mut at = 0..;
        self.fields
            .retain(|(name, _)| at.next().is_none_or(|at| stays(at, name)));
    }

    /// Headers to forward: without hop-by-hop headers, those that `Connection` names, and `Host` and `Content-Length`,
    /// which are made anew for the next target.
    #[must_use]
    pub fn end_to_end(&self) -> Headers {
        let mut headers = Headers::new();
        for (name, spelled, value) in self.passed_on() {
            headers.push_spelled(name.clone(), spelled, value.clone());
        }
        headers
    }

    /// Headers to forward, each with the original spelling of its name.
    pub fn passed_on(&self) -> impl Iterator<Item = (&HeaderName, &str, &HeaderValue)> {
        let named: Vec<String> = self
            .all("connection")
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        let fields = self.fields.iter().zip(self.spellings());
        let passed = fields.filter(move |((name, _), _)| {
            let name = name.as_str();
            !HOP_BY_HOP.contains(&name)
                && name != "host"
                && name != "content-length"
                && !named.iter().any(|other| other == name)
        });
        passed.map(|((name, value), spelled)| (name, spelled, value))
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.spelled().eq(other.spelled())
    }
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        let mut fields: Vec<(HeaderName, HeaderValue)> = Vec::with_capacity(map.len());
        for (name, value) in map {
            // `HeaderMap` yields a repeated header without its name.
            let name = name.or_else(|| fields.last().map(|(name, _)| name.clone()));
            if let Some(name) = name {
                fields.push((name, value));
            }
        }
        Self {
            fields,
            spelled: String::new(),
        }
    }
}

impl From<Headers> for HeaderMap {
    fn from(headers: Headers) -> Self {
        // Room for the few headers added later, so that the map does not grow.
        let mut map = HeaderMap::with_capacity(headers.fields.len() + 4);
        for (name, value) in headers.fields {
            map.append(name, value);
        }
        map
    }
}

impl FromIterator<(HeaderName, HeaderValue)> for Headers {
    fn from_iter<I: IntoIterator<Item = (HeaderName, HeaderValue)>>(fields: I) -> Self {
        Self {
            fields: fields.into_iter().collect(),
            spelled: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Headers;
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn headers(fields: &[(&'static str, &'static str)]) -> Headers {
        fields
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn repeats_keep_their_order() {
        let mut map = HeaderMap::new();
        for (name, value) in [("x-a", "1"), ("x-b", "2"), ("x-a", "3")] {
            map.append(name, HeaderValue::from_static(value));
        }
        let headers = Headers::from(map);
        assert_eq!(headers.all("X-A").collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(headers.iter().count(), 3);
    }

    #[test]
    fn names_are_written_as_they_came_and_found_however_they_are_written() {
        let mut it = Headers::new();
        for (name, value) in [
            ("x-b", "1"),
            ("X-A", "2"),
            ("Host", "h"),
            ("x-a", "3"),
            ("X-Id", "4"),
        ] {
            it.push_spelled(name.parse().unwrap(), name, HeaderValue::from_static(value));
        }
        let names = |it: &Headers| {
            it.spelled()
                .map(|(name, _)| name.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&it.end_to_end()), ["x-b", "X-A", "x-a", "X-Id"]);
        assert_eq!(it.get("x-id").unwrap(), "4");
        assert_ne!(
            it.end_to_end(),
            headers(&[("x-b", "1"), ("x-a", "2"), ("x-a", "3"), ("x-id", "4")])
        );
        it.set(
            HeaderName::from_static("x-a"),
            HeaderValue::from_static("new"),
        );
        assert_eq!(names(&it), ["x-b", "X-A", "Host", "X-Id"]);
        it.remove("X-B");
        it.push(
            HeaderName::from_static("x-c"),
            HeaderValue::from_static("5"),
        );
        assert_eq!(names(&it), ["X-A", "Host", "X-Id", "x-c"]);
    }

    #[test]
    fn setting_leaves_one_in_the_place_of_the_first() {
        let mut it = headers(&[("a", "1"), ("x", "2"), ("b", "3"), ("x", "4")]);
        it.set(
            HeaderName::from_static("x"),
            HeaderValue::from_static("new"),
        );
        assert_eq!(it, headers(&[("a", "1"), ("x", "new"), ("b", "3")]));
        it.set(
            HeaderName::from_static("y"),
            HeaderValue::from_static("last"),
        );
        assert_eq!(it.iter().last().unwrap().1, "last");
    }

    #[test]
    fn what_belongs_to_one_connection_stays_behind() {
        let it = headers(&[
            ("host", "a"),
            ("content-length", "3"),
            ("connection", "close, X-Once"),
            ("x-once", "1"),
            ("transfer-encoding", "chunked"),
            ("content-type", "application/json"),
            ("x-kept", "1"),
            ("x-kept", "2"),
        ]);
        assert_eq!(
            it.end_to_end(),
            headers(&[
                ("content-type", "application/json"),
                ("x-kept", "1"),
                ("x-kept", "2")
            ])
        );
    }
}
