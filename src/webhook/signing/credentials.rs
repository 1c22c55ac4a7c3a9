//! Credentials that receivers demand where requests are not signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use crate::webhook::Delivery;
use crate::webhook::signing::shared_key::same;

/// Credentials that an unsigned request must carry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// User and password of HTTP basic authentication.
    Basic(String, String),
    /// A header field of this name with this value.
    Header(http::HeaderName, String),
    /// A query parameter of this name with this value.
    Query(String, String),
    /// This bearer token: in the `Authorization` field, or in the query as `access_token` (RFC 6750).
    Bearer(String),
}

impl Credentials {
    /// Value of the `Authorization` header for a user and password.
    pub fn authorization(user: &str, password: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    }

    /// Reads `user:password`, `header:NAME=VALUE` or `query:NAME=VALUE`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some((name, value)) = text
            .strip_prefix("header:")
            .and_then(|rest| rest.split_once('='))
        {
            return Some(Credentials::Header(name.parse().ok()?, value.to_owned()));
        }
        if let Some((name, value)) = text
            .strip_prefix("query:")
            .and_then(|rest| rest.split_once('='))
        {
            return Some(Credentials::Query(name.to_owned(), value.to_owned()));
        }
        // Split at the first colon: passwords may hold more of them.
        let (user, password) = text.split_once(':')?;
        Some(Credentials::Basic(user.to_owned(), password.to_owned()))
    }

    /// Adds the credentials to a request.
    pub(crate) fn write(&self, delivery: &mut Delivery) -> Result<(), String> {
        let wanted =
            |_| String::from("the credentials have characters that are invalid in a header");
        match self {
            Credentials::Basic(user, password) => {
                let value = HeaderValue::from_str(&Credentials::authorization(user, password))
                    .map_err(wanted)?;
                delivery.headers.set(http::header::AUTHORIZATION, value);
            }
            Credentials::Header(name, value) => {
                delivery
                    .headers
                    .set(name.clone(), HeaderValue::from_str(value).map_err(wanted)?);
            }
            Credentials::Bearer(token) => {
                let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(wanted)?;
                delivery.headers.set(http::header::AUTHORIZATION, value);
            }
            Credentials::Query(name, value) => {
                let join = if delivery.path.query().is_some() {
                    '&'
                } else {
                    '?'
                };
                let pair: String = form_urlencoded::Serializer::new(String::new())
                    .append_pair(name, value)
                    .finish();
                let path = format!("{}{join}{pair}", delivery.path);
                delivery.path = path
                    .parse()
                    .map_err(|_| String::from("the credentials cannot be added to the path"))?;
            }
        }
        Ok(())
    }

    /// True if a request carries these credentials; compared in constant time.
    pub(crate) fn are_in(&self, delivery: &Delivery) -> bool {
        match self {
            Credentials::Basic(user, password) => {
                let given = delivery
                    .headers
                    .text("authorization")
                    .and_then(|value| value.split_once(' '));
                given
                    .filter(|(way, _)| way.eq_ignore_ascii_case("basic"))
                    .and_then(|(_, value)| STANDARD.decode(value.trim()).ok())
                    .is_some_and(|given| same(&given, format!("{user}:{password}").as_bytes()))
            }
            Credentials::Header(name, value) => delivery
                .headers
                .get(name.as_str())
                .is_some_and(|given| same(given.as_bytes(), value.as_bytes())),
            Credentials::Bearer(token) => {
                let given = delivery
                    .headers
                    .text("authorization")
                    .and_then(|value| value.split_once(' '))
                    .filter(|(way, _)| way.eq_ignore_ascii_case("bearer"));
                match given {
                    Some((_, given)) => same(given.trim().as_bytes(), token.as_bytes()),
                    None => in_query(delivery, "access_token", token),
                }
            }
            Credentials::Query(name, value) => in_query(delivery, name, value),
        }
    }
}

fn in_query(delivery: &Delivery, name: &str, value: &str) -> bool {
    let query = delivery.path.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .any(|(at, given)| at == name && same(given.as_bytes(), value.as_bytes()))
}
