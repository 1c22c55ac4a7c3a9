//! Bodies of requests that do something: `send`, `replay`, `faults`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::cli;
use crate::inspector::http::problem::Problem;
use crate::inspector::http::strict_json::{Members, inside};

/// Events to be made and sent (`POST /api/v1/send`).
#[derive(Clone, Debug, Default)]
pub struct SendOrder {
    /// Provider whose events they are.
    pub provider: Option<String>,
    /// Kinds of the events, or `journey`, or `campaign`.
    pub kinds: Vec<String>,
    /// Target; the handler, if it is missing.
    pub to: Option<String>,
    /// Flags of `send` with their values, as they are typed.
    pub flags: Vec<(&'static str, String)>,
    /// True if nothing is to be sent.
    pub dry_run: bool,
}

/// Delivery to be sent again (`POST /api/v1/deliveries/ID/replay`).
#[derive(Clone, Debug, Default)]
pub struct ReplayOrder {
    /// Target; the handler, if it is missing.
    pub to: Option<String>,
    /// True to sign it anew, false to leave the signature; if it is missing, a changed delivery is signed anew.
    pub resign: Option<bool>,
    /// Header fields that replace those of the delivery.
    pub headers: Option<Vec<(HeaderName, HeaderValue)>>,
    /// Body that replaces that of the delivery.
    pub body: Option<Vec<u8>>,
}

/// Faults to be injected from now on (`PUT /api/v1/faults`).
#[derive(Clone, Debug, Default)]
pub struct FaultOrder {
    /// Failures of each delivery before it is accepted.
    pub fail_first: Option<u64>,
    /// Number of next deliveries that fail, whatever they are.
    pub fail_next: Option<u32>,
    /// Share of deliveries that fail.
    pub fail_rate: Option<f64>,
    /// Status of a failure.
    pub fail_status: Option<u16>,
    /// Wait before each response.
    pub delay: Option<std::time::Duration>,
    /// True to close the connection instead of a response.
    pub hang_up: bool,
    /// Kinds of events that fail; all, if there are none.
    pub kinds: Vec<crate::webhook::Kind>,
}

/// Flags of `send` that take a text, with the names of their members.
const TEXTS: [(&str, &str); 8] = [
    ("recipient", "--recipient"),
    ("message_id", "--message-id"),
    ("bounce", "--bounce"),
    ("tamper", "--tamper"),
    ("at", "--at"),
    ("signed_at", "--signed-at"),
    ("ending", "--ending"),
    ("url", "--url"),
];

impl SendOrder {
    /// Reads the body of a request.
    pub fn of(value: &Value) -> Result<SendOrder, Problem> {
        let mut known = vec![
            "provider",
            "kinds",
            "to",
            "set",
            "unset",
            "metadata",
            "tag",
            "machine",
            "batch",
            "seed",
            "count",
            "recipients",
            "dry_run",
        ];
        known.extend(TEXTS.map(|(name, _)| name));
        let members = Members::of(value, "", &known)?;
        let mut order = SendOrder {
            provider: members.text("provider")?.map(str::to_owned),
            kinds: kinds(&members)?,
            to: members.text("to")?.map(str::to_owned),
            flags: Vec::new(),
            dry_run: members.flag("dry_run")?.unwrap_or(false),
        };
        for (name, flag) in TEXTS {
            if let Some(text) = members.text(name)? {
                order.flags.push((flag, text.to_owned()));
            }
        }
        for (name, flag) in [
            ("seed", "--seed"),
            ("batch", "--batch"),
            ("count", "--count"),
            ("recipients", "--recipients"),
        ] {
            if let Some(count) = members.count(name)? {
                order.flags.push((flag, count.to_string()));
            }
        }
        for (name, flag) in [("set", "--set"), ("metadata", "--metadata")] {
            for (place, value) in members.object(name)?.into_iter().flatten() {
                let value = match (name, value) {
                    ("metadata", Value::String(text)) => text.clone(),
                    _ => value.to_string(),
                };
                order.flags.push((flag, format!("{place}={value}")));
            }
        }
        for (name, flag) in [("unset", "--unset"), ("tag", "--tag")] {
            for text in members.texts(name)?.into_iter().flatten() {
                order.flags.push((flag, text.to_owned()));
            }
        }
        if members.flag("machine")?.unwrap_or(false) {
            order.flags.push(("--machine", String::new()));
        }
        Ok(order)
    }
}

/// Kinds as a list, or one word.
fn kinds(members: &Members) -> Result<Vec<String>, Problem> {
    let kinds = match members.get("kinds") {
        Some(Value::String(one)) => vec![one.clone()],
        _ => {
            let kinds = members.texts("kinds")?.unwrap_or_default();
            kinds.into_iter().map(str::to_owned).collect()
        }
    };
    if kinds.is_empty() {
        return Err(Problem::bad_request("`/kinds` is missing").hint("{\"kinds\":[\"bounce\"]}"));
    }
    if let Some(at) = kinds
        .iter()
        .position(|kind| kind.starts_with('-') || kind.is_empty())
    {
        let place = inside("/kinds", &at.to_string());
        return Err(Problem::bad_request(format!(
            "`{place}` is no kind of event"
        )));
    }
    Ok(kinds)
}

impl ReplayOrder {
    /// Reads the body of a request.
    pub fn of(value: &Value) -> Result<ReplayOrder, Problem> {
        let members = Members::of(value, "", &["to", "resign", "headers", "text", "base64"])?;
        let body =
            match (members.text("text")?, members.text("base64")?) {
                (Some(_), Some(_)) => {
                    return Err(Problem::bad_request("`/text` and `/base64` are both there")
                        .hint("give the body in one of them"));
                }
                (Some(text), None) => Some(text.as_bytes().to_vec()),
                (None, Some(text)) => Some(STANDARD.decode(text).map_err(|why| {
                    Problem::bad_request(format!("`/base64` is no base64: {why}"))
                })?),
                (None, None) => None,
            };
        let headers = members.get("headers").map(headers).transpose()?;
        Ok(ReplayOrder {
            to: members.text("to")?.map(str::to_owned),
            resign: members.flag("resign")?,
            headers,
            body,
        })
    }
}

/// List of header fields: `[["name","value"],…]`.
fn headers(value: &Value) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
    let wrong = |place: &str| {
        Problem::bad_request(format!("`{place}` is no header field"))
            .hint("[[\"content-type\",\"application/json\"]]")
    };
    let Value::Array(fields) = value else {
        return Err(wrong("/headers"));
    };
    let field = |(at, field): (usize, &Value)| {
        let place = format!("/headers/{at}");
        let (name, value) = match field.as_array().map(Vec::as_slice) {
            Some([Value::String(name), Value::String(value)]) => (name, value),
            _ => return Err(wrong(&place)),
        };
        let name: HeaderName = name.parse().map_err(|_| wrong(&format!("{place}/0")))?;
        let value = HeaderValue::from_str(value).map_err(|_| wrong(&format!("{place}/1")))?;
        Ok((name, value))
    };
    fields.iter().enumerate().map(field).collect()
}

impl FaultOrder {
    /// Reads the body of a request.
    pub fn of(value: &Value) -> Result<FaultOrder, Problem> {
        let known = [
            "fail_first",
            "fail_next",
            "fail_rate",
            "fail_status",
            "delay",
            "hang_up",
            "kinds",
        ];
        let members = Members::of(value, "", &known)?;
        let between = |name: &str, wanted: &str| {
            Problem::bad_request(format!("`{}` is to be {wanted}", members.place(name)))
        };
        let fail_rate = members.number("fail_rate")?;
        if fail_rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
            return Err(between("fail_rate", "from 0 to 1"));
        }
        let fail_status = match members.count("fail_status")? {
            None => None,
            Some(status @ 100..=999) => u16::try_from(status)
                .ok()
                .filter(|it| (200..=599).contains(it)),
            Some(_) => None,
        };
        if members.get("fail_status").is_some() && fail_status.is_none() {
            return Err(between("fail_status", "a status from 200 to 599"));
        }
        let delay = match members.text("delay")? {
            None => None,
            Some(span) => Some(cli::duration(span).map_err(|why| {
                Problem::bad_request(format!("`{}`: {why}", members.place("delay")))
            })?),
        };
        let fail_next = match members.count("fail_next")? {
            None => None,
            Some(count) => Some(
                u32::try_from(count).map_err(|_| between("fail_next", "less than 4294967296"))?,
            ),
        };
        let kinds = members.texts("kinds")?.unwrap_or_default();
        let kinds = kinds.into_iter().enumerate().map(|(at, kind)| {
            cli::kind(kind).map_err(|why| Problem::unprocessable(format!("`/kinds/{at}`: {why}")))
        });
        Ok(FaultOrder {
            fail_first: members.count("fail_first")?,
            fail_next,
            fail_rate,
            fail_status,
            delay,
            hang_up: members.flag("hang_up")?.unwrap_or(false),
            kinds: kinds.collect::<Result<_, _>>()?,
        })
    }
}
