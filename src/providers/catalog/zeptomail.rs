//! ZeptoMail (Zoho): one event per request, as JSON in the only field of a form, or as JSON alone. The signed text is
//! the decoded value of that field, whatever the field's name; the time of signing is beside the signature and is not
//! signed. Newer settings have a custom header in place of a key: `--secret header:NAME=VALUE`.
//!
//! Unconfirmed: no request that was really sent is known. The content of `details` in opens and clicks, and the events
//! `feedbackloop` and `delivered`, are known from handlers of third parties.
//! <https://www.zoho.com/zeptomail/help/webhooks.html>

use std::borrow::Cow;

use crate::providers::behaviour::{Behaviour, CONDUCT};
use crate::providers::habits::Fact::Unconfirmed;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::{Page, assumed, documented, page};
use crate::providers::provider::{
    Bounce, CREDENTIALS, Envelope, EventDef, FIELDS, Fields, Placement, Provider, SIGNER, Signal,
    TimeField, bounce, row,
};
use crate::webhook::{
    Algorithm, BounceClass, CustomLocation, Delivery, Document, Encoding, KeyForm, Kind, Location,
    Part, Predicate, Scheme, Style, TimestampFormat,
};

/// Header item that names the algorithm, with the only value that is known.
const ALGORITHM: (&str, &str) = ("s-algorithm", "HmacSHA256");

const HEADER: &str = "producer-signature";

static SIGNED: Scheme = Scheme {
    name: "zeptomail",
    algorithm: Algorithm::HmacSha256,
    key: KeyForm::TextOrCredentials,
    id: None,
    timestamp: Some((
        Location::Own(&TIME),
        TimestampFormat::Unsigned(&TimestampFormat::Millis),
    )),
    signed: &[Part::FormValue],
    signature: Location::Own(&SIGNATURE),
    encoding: Encoding::Base64,
    fresh: &[],
    tolerance: 300,
    uncovered: Some("the time is told and not signed: an old delivery verifies as well"),
    guard: None,
};

static TIME: CustomLocation = CustomLocation {
    name: "`ts=` of header `producer-signature`",
    read: |delivery| Ok(item(delivery, "ts")?.map(Cow::Owned)),
    write: |delivery, time| {
        let signature = item(delivery, "s")?;
        put(delivery, Some(time), signature.as_deref())
    },
    remove: |delivery| {
        if let Ok(signature) = item(delivery, "s") {
            // The previous value is a valid header.
            let _ = put(delivery, None, signature.as_deref());
        }
    },
    each: None,
};

/// Location of the signature, percent-encoded or not: some of its characters have a meaning in a form.
static SIGNATURE: CustomLocation = CustomLocation {
    name: "`s=` of header `producer-signature`",
    read: |delivery| {
        let Some(given) = item(delivery, "s")? else {
            return Ok(None);
        };
        let (name, only) = ALGORITHM;
        if let Some(other) = item(delivery, name)?.filter(|other| other != only) {
            return Err(format!(
                "`{name}` of header `{HEADER}` is `{other}`; only `{only}` is known"
            ));
        }
        let field = format!("s={}", given.replace('+', "%2B"));
        let decoded = form_urlencoded::parse(field.as_bytes()).next();
        Ok(decoded.map(|(_, value)| Cow::Owned(value.into_owned())))
    },
    write: |delivery, signature| {
        let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
        let time = item(delivery, "ts")?;
        put(delivery, time.as_deref(), Some(&signature))
    },
    remove: |delivery| delivery.headers.remove(HEADER),
    each: None,
};

/// An item of the header, as it was sent.
fn item(delivery: &Delivery, name: &str) -> Result<Option<String>, String> {
    let header = Location::Header(HEADER).read(delivery, None)?;
    let mut items = header
        .iter()
        .flat_map(|header| header.split(';'))
        .filter_map(|item| item.trim().split_once('='));
    Ok(items
        .find(|(at, _)| *at == name)
        .map(|(_, value)| value.to_owned()))
}

/// Writes the header: the time, the signature and its algorithm.
fn put(delivery: &mut Delivery, time: Option<&str>, signature: Option<&str>) -> Result<(), String> {
    let (name, only) = ALGORITHM;
    let algorithm = signature.map(|_| only);
    let items: Vec<String> = [("ts", time), ("s", signature), (name, algorithm)]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value?)))
        .collect();
    Location::Header(HEADER).write(delivery, &items.join(";"))
}

static HELP: Page = page(
    "Webhooks",
    "https://www.zoho.com/zeptomail/help/webhooks.html",
    "2026-11-27",
);

/// Doubt for most fields.
const HANDLERS: &str = "known from public handlers and their tests";

/// Doubt for the events that a single handler knows.
const ONE_HANDLER: &str = "known from one public handler, which tells the name only";

/// Members by which a body is recognised.
const OURS: &[&str] = &["event_name", "event_message"];

const SOFT: Predicate = Predicate::Letters(&["softbounce", "emailsoftbounce"]);
const HARD: Predicate = Predicate::Letters(&["hardbounce", "emailhardbounce"]);
const OPEN: Predicate = Predicate::Letters(&["emailopen", "open"]);
const CLICK: Predicate =
    Predicate::Letters(&["emaillinkclick", "emailclick", "linkclick", "click"]);
const COMPLAINT: Predicate = Predicate::Letters(&["feedbackloop", "spam", "fblcomplaint"]);
const DELIVERED: Predicate = Predicate::Letters(&["delivered", "emaildelivered"]);

/// ZeptoMail's webhooks.
pub static PROVIDER: Provider = Provider {
    name: "zeptomail",
    title: "ZeptoMail",
    docs: HELP.url,
    signals: &[
        Signal::Header(HEADER),
        // Whatever the field is called.
        Signal::Body(&[("/data", Predicate::TextWith(OURS))]),
        Signal::Body(&[("", Predicate::OnlyTextWith(OURS))]),
        Signal::Body(&[
            ("/event_name", Predicate::Present),
            ("/event_message", Predicate::Present),
        ]),
    ],
    schemes: &[&SIGNED, &CREDENTIALS],
    test_secret: "webhook-cli-public-test-key-zeptomail",
    test_public: "webhook-cli-public-test-key-zeptomail",
    envelope: Envelope::Text("/data", Style::COMPACT),
    split: Some(apart),
    style: Style::COMPACT,
    native: &["/event_name/0", "/event_name"],
    fields: Fields {
        recipient: &[
            "/event_message/0/event_data/0/details/0/bounced_recipient",
            "/event_message/0/email_info/to/0/email_address/address",
            "/event_message/0/email_info/to/0/email_address/0/address",
            "/event_message/0/email_info/to/0/address",
            // Complaints, in one handler.
            "/event_message/0/to/0/email_address/address",
            "/event_message/0/to/0/email_address/0/address",
            "/event_message/0/to/0/address",
            "/event_message/0/to/0",
            "/event_message/0/to",
        ],
        message_id: &["/event_message/0/request_id"],
        at: &[TimeField::Rfc3339(
            "/event_message/0/event_data/0/details/0/time",
            0,
        )],
        other_times: &[
            TimeField::Rfc3339("/event_message/0/event_data/0/details/0/modified_time", 0),
            TimeField::Rfc3339("/event_message/0/email_info/processed_time", 0),
        ],
        url: &["/event_message/0/event_data/0/details/0/clicked_link"],
        reason: &[
            "/event_message/0/event_data/0/details/0/diagnostic_message",
            "/event_message/0/event_data/0/details/0/reason",
        ],
        unique: &["/webhook_request_id"],
        tag: Placement::Text("/event_message/0/email_info/tag"),
        ..FIELDS
    },
    events: &[
        bounce(
            BounceClass::Hard,
            "hardbounce",
            &[("/event_name/0", HARD)],
            example!("zeptomail/bounce"),
        ),
        bounce(
            BounceClass::Soft,
            "softbounce",
            &[("/event_name/0", SOFT)],
            example!("zeptomail/bounce-soft"),
        ),
        row(
            Kind::Open,
            "email_open",
            &[("/event_name/0", OPEN)],
            example!("zeptomail/open"),
        ),
        row(
            Kind::Click,
            "email_link_click",
            &[("/event_name/0", CLICK)],
            example!("zeptomail/click"),
        ),
        row(
            Kind::Complaint,
            "feedbackloop",
            &[("/event_name/0", COMPLAINT)],
            example!("zeptomail/complaint"),
        ),
        row(
            Kind::Delivered,
            "delivered",
            &[("/event_name/0", DELIVERED)],
            example!("zeptomail/delivered"),
        ),
        // Some tests of handlers have a text in place of the list.
        bounce(
            BounceClass::Hard,
            "hardbounce",
            &[("/event_name", HARD)],
            "",
        ),
        bounce(
            BounceClass::Soft,
            "softbounce",
            &[("/event_name", SOFT)],
            "",
        ),
        plain(Kind::Open, "email_open", &[("/event_name", OPEN)]),
        plain(Kind::Click, "email_link_click", &[("/event_name", CLICK)]),
        plain(
            Kind::Complaint,
            "feedbackloop",
            &[("/event_name", COMPLAINT)],
        ),
        plain(Kind::Delivered, "delivered", &[("/event_name", DELIVERED)]),
    ],
    bounces: &[
        Bounce {
            name: "hard",
            row: "hardbounce",
            sets: &[],
        },
        Bounce {
            name: "soft",
            row: "softbounce",
            sets: &[
                (
                    "/event_message/0/event_data/0/details/0/reason",
                    "Mailbox temporarily unavailable",
                ),
                (
                    "/event_message/0/event_data/0/details/0/diagnostic_message",
                    "450 4.2.0 Mailbox temporarily unavailable",
                ),
            ],
        },
        Bounce {
            name: "mailbox-full",
            row: "softbounce",
            sets: &[],
        },
    ],
    conduct: Behaviour {
        only_200: true,
        ..CONDUCT
    },
    habits: Habits {
        batching: Unconfirmed(
            "one event",
            "the form has room for several; no sample has them",
        ),
        success: Unconfirmed("200", "whether another 2xx counts"),
        ..HABITS
    },
    origins: &[
        documented(&HELP, &["content-type", "/data/event_name"]),
        assumed(HANDLERS, &["/data"]),
        assumed(
            "known from one project's notes",
            &[
                "/data/event_message/*/event_data/*/details/*/time",
                "/data/event_message/*/event_data/*/details/*/user_agent",
                "/data/event_message/*/event_data/*/details/*/ip_address",
            ],
        )
        .of(&["email_open", "email_link_click"]),
        assumed(
            "no request with it is known, and no page names it",
            &["/data/event_message/*/event_data/*/details/*"],
        )
        .of(&["email_open", "email_link_click"]),
        assumed(ONE_HANDLER, &["/data/event_name"]).of(&["feedbackloop", "delivered"]),
        assumed(
            "of this event the name alone is known: it has the form of the others",
            &["/data/event_message"],
        )
        .of(&["feedbackloop", "delivered"]),
    ],
    ..SIGNER
};

/// Splits a body into an object for each of the `details` of each message: there is room for several, though no sample
/// has them. An object in place of a list counts as a list of one.
fn apart<'a>(event: &Document<'a>) -> Option<Vec<Document<'a>>> {
    let names = each(event, "/event_name");
    let mut parts = Vec::new();
    for (nth, message) in each(event, "/event_message").iter().enumerate() {
        let mut put = |name: Option<Document<'a>>, message: Document<'a>| {
            let event = with(event, "event_message", Document::list(vec![message]));
            parts.push(match name {
                Some(name) => with(&event, "event_name", Document::list(vec![name])),
                None => event,
            });
        };
        let named = names.get(nth).or_else(|| names.first()).cloned();
        let data = each(message, "/event_data");
        if data.is_empty() {
            put(named.clone(), message.clone());
        }
        for one in &data {
            // Of several, each says itself what it is.
            let own = one.at("/object").cloned();
            let name = match data.len() {
                1 => named.clone().or(own),
                _ => own.or_else(|| named.clone()),
            };
            let details = each(one, "/details");
            let details = details.into_iter().map(|one| vec![one]);
            let none = details.len() == 0;
            for details in details.chain(none.then(Vec::new)) {
                let one = with(one, "details", Document::list(details));
                let message = with(message, "event_data", Document::list(vec![one]));
                put(name.clone(), message);
            }
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// Values of the list at a pointer, or the single value there.
fn each<'a>(document: &Document<'a>, pointer: &str) -> Vec<Document<'a>> {
    let there = document.at(pointer).filter(|it| !it.is_null());
    there.map_or_else(Vec::new, |it| match it.values() {
        Some(values) => values.to_vec(),
        None => vec![it.clone()],
    })
}

/// Copy of an object with this member, in place of the one of that name.
fn with<'a>(document: &Document<'a>, name: &'static str, value: Document<'a>) -> Document<'a> {
    let others = document.members().unwrap_or_default().iter();
    let mut members: Vec<_> = others.filter(|(at, _)| at != name).cloned().collect();
    members.push((name.into(), value));
    Document::map(members)
}

/// Defines an event for reading only.
const fn plain(
    kind: Kind,
    native: &'static str,
    marks: &'static [(&'static str, Predicate)],
) -> EventDef {
    row(kind, native, marks, "")
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{SIGNATURE, TIME};
    use crate::webhook::{Delivery, Headers, Location};

    #[test]
    fn time_and_signature_share_a_header() {
        let mut delivery = Delivery {
            method: Method::POST,
            path: "/".parse().unwrap(),
            headers: Headers::new(),
            body: "".into(),
        };
        let (time, signature) = (Location::Own(&TIME), Location::Own(&SIGNATURE));
        assert_eq!(signature.read(&delivery, None), Ok(None));
        time.write(&mut delivery, "1790000000000").unwrap();
        signature.write(&mut delivery, "a+/b=").unwrap();
        assert_eq!(
            delivery.headers.text("producer-signature"),
            Some("ts=1790000000000;s=a%2B%2Fb%3D;s-algorithm=HmacSHA256")
        );
        time.write(&mut delivery, "17").unwrap();
        assert_eq!(time.read(&delivery, None), Ok(Some("17".into())));
        assert_eq!(signature.read(&delivery, None), Ok(Some("a+/b=".into())));
        (TIME.remove)(&mut delivery);
        assert_eq!(
            delivery.headers.text("producer-signature"),
            Some("s=a%2B%2Fb%3D;s-algorithm=HmacSHA256")
        );
        (SIGNATURE.remove)(&mut delivery);
        assert_eq!(delivery.headers.text("producer-signature"), None);
    }
}
