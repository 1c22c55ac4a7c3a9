//! Shape checks, of everything that a provider may put into a body: kinds, fields, batches, names and numbers.

use serde_json::{Value, json};

use crate::checks::check::STANDARD;
use crate::checks::{Check, CheckRequest, CheckSteps, Context, Group, Page, batch, expect};
use crate::providers;
use crate::providers::{EventDef, Handshake, Placement, TimeField};
use crate::webhook::{Delivery, Document, Fixture, Kind, Style, write};

pub(super) static CHECKS: &[&Check] = &[
    &Check {
        name: "every-kind",
        group: Group::Shape,
        title: "every kind of event must be accepted",
        sends: "one event of each kind that this provider sends, by its native name",
        expects: "2xx for each",
        why: "kinds that are rare in tests, such as complaints and soft bounces, matter most in production",
        advice: "return 200 for kinds that you do not use; check that a field exists before you use it, as only some \
                 kinds have it",
        page: Page::Provider,
        alone: false,
        plan: |context| events(context, 400, |row| !is_of_another_use(row)),
        judge: expect::taken,
    },
    &Check {
        name: "other-kinds",
        group: Group::Shape,
        title: "events that are about no message must be accepted",
        sends: "one event of each kind that is not about a message: a contact, an account, inbound mail",
        expects: "2xx, rather than a rejection",
        why: "they are sent as soon as a box is ticked in the provider's settings",
        advice: "log them, and return 200",
        page: Page::Provider,
        alone: false,
        plan: |context| events(context, 450, is_of_another_use),
        judge: expect::better_taken,
    },
    &Check {
        name: "unknown-kind",
        group: Group::Shape,
        title: "an unknown kind of event must be accepted",
        sends: "an event of a kind that does not exist",
        expects: "2xx",
        why: "providers add kinds without notice; a webhook whose handler rejects them is disabled after some days of \
              failures",
        advice: "log it, and return 200",
        page: STANDARD,
        alone: false,
        plan: unknown_kind,
        judge: expect::taken,
    },
    &Check {
        name: "unknown-fields",
        group: Group::Shape,
        title: "unknown fields must be accepted",
        sends: "an event with two additional fields: a string and, in JSON, an object",
        expects: "2xx",
        why: "providers add fields without notice; a strict schema turns that into an outage",
        advice: "let the schema ignore unknown fields (`extra = \"ignore\"`, `.passthrough()`)",
        page: STANDARD,
        alone: false,
        plan: unknown_fields,
        judge: expect::taken,
    },
    &Check {
        name: "odd-json",
        group: Group::Shape,
        title: "the same JSON in another spelling must be accepted",
        sends: "an event whose JSON has spaces, escaped slashes and escaped characters, with a valid signature",
        expects: "2xx",
        why: "a verifier that re-serialises the JSON computes another signature and rejects a valid event",
        advice: "verify the raw bytes of the body, before any JSON parser runs",
        page: STANDARD,
        alone: false,
        plan: odd_json,
        judge: expect::taken,
    },
    &Check {
        name: "batch",
        group: Group::Shape,
        title: "a batch of one and a batch of two must be accepted",
        sends: "one event as a batch, and two events in one request",
        expects: "2xx for both",
        why: "tests usually send one event at a time, and production sends many at once",
        advice: "loop over the events of a request, however many there are",
        page: Page::Provider,
        alone: false,
        plan: |context| batches(context, 510, &[1, 2]),
        judge: expect::taken,
    },
    &Check {
        name: "batch-large",
        group: Group::Shape,
        title: "a large batch must be accepted",
        sends: "as many events in one request as the provider sends, 500 at most",
        expects: "2xx",
        why: "body parsers reject bodies above their default limit, 100 kB in Express, with a 413 that is retried \
              again and again",
        advice: "raise the limit of the body parser to a few megabytes, and insert the events in one statement",
        page: Page::Provider,
        alone: false,
        plan: |context| match context.batch() {
            Some(most) => batches(context, 515, &[most]),
            None => CheckSteps::skip(alone(context)),
        },
        judge: expect::taken,
    },
    &Check {
        name: "batch-odd",
        group: Group::Shape,
        title: "a batch with one unknown event must be accepted",
        sends: "three events in one request, the second of a kind that does not exist",
        expects: "2xx",
        why: "one event that the handler cannot use must not cause a retry of the others, or lose them",
        advice: "handle each event separately, and return 200 once the known ones are stored",
        page: Page::Provider,
        alone: false,
        plan: batch_odd,
        judge: expect::taken,
    },
    &Check {
        name: "batch-empty",
        group: Group::Shape,
        title: "an empty batch must not crash the handler",
        sends: "a request with an empty list of events",
        expects: "no 5xx; 2xx from a handler of Mandrill, which sends one when a webhook is added",
        why: "`events[0]` of an empty list crashes, and the webhook cannot be added",
        advice: "loop over the events instead of reading the first",
        page: Page::Provider,
        alone: false,
        plan: batch_empty,
        judge: |context, observations| {
            if context
                .provider
                .conduct
                .handshake
                .contains(&Handshake::EmptyBatch)
            {
                expect::taken(context, observations)
            } else {
                expect::unharmed(context, observations)
            }
        },
    },
    &Check {
        name: "metadata",
        group: Group::Shape,
        title: "the sender's own fields must be accepted under any name",
        sends: "an event with custom arguments named `id`, `email`, `event`, `constructor` and `__proto__`",
        expects: "2xx",
        why: "custom arguments are set by the sender of the mail, and are next to or among the provider's own fields",
        advice: "read the provider's fields at their exact path, and never merge custom arguments into your own \
                 objects",
        page: Page::Provider,
        alone: false,
        plan: metadata,
        judge: expect::taken,
    },
    &Check {
        name: "machine",
        group: Group::Shape,
        title: "a machine's open or click must be accepted",
        sends: "an open and a click, marked as this provider marks privacy proxies and link scanners",
        expects: "2xx for each",
        why: "about half of all opens are by machines; a handler that cannot distinguish them counts them, and one \
              that fails on the mark loses them",
        advice: "accept them, and do not count them",
        page: Page::Provider,
        alone: false,
        plan: machine,
        judge: expect::taken,
    },
    &Check {
        name: "non-ascii",
        group: Group::Shape,
        title: "an address beyond ASCII must be accepted",
        sends: "an event about `j\u{f6}rg+\u{30c6}\u{30b9}\u{30c8}@b\u{fc}cher.example`",
        expects: "2xx",
        why: "a body that was decoded and encoded again before verification no longer verifies, and a Latin-1 column \
              rejects the address",
        advice: "verify bytes, decode as UTF-8, store as UTF-8",
        page: Page::At("https://www.rfc-editor.org/rfc/rfc6531.html"),
        alone: false,
        plan: non_ascii,
        judge: expect::taken,
    },
    &Check {
        name: "big-ids",
        group: Group::Shape,
        title: "ids of 64 bits must be accepted",
        sends: "an event whose numeric id needs more than 53 bits, and one that needs 63",
        expects: "2xx for both",
        why: "ids grow: one day a 32-bit column or type overflows",
        advice: "read them as 64-bit integers or as strings, and store them as `BIGINT` or text",
        page: Page::Provider,
        alone: false,
        plan: big_ids,
        judge: expect::taken,
    },
    &Check {
        name: "fractions",
        group: Group::Shape,
        title: "times with and without a fraction must be accepted",
        sends: "an event whose time is a number with six decimal places, and one whose time is a whole number",
        expects: "2xx for both",
        why: "a time such as `1767312655.903` is sometimes `1767312655`, and a parser that expects one format fails \
              on the other",
        advice: "read the time as a floating-point number in both cases",
        page: Page::Provider,
        alone: false,
        plan: fractions,
        judge: expect::taken,
    },
];

fn numbered(context: &Context, number: u64) -> CheckRequest {
    CheckRequest::event(context.event()).numbered(number)
}

fn alone(context: &Context) -> String {
    format!("{} sends one event per request", context.provider.title)
}

/// Requests for the events that come in the same form of request as the others.
fn events(context: &Context, first: u64, wanted: fn(&EventDef) -> bool) -> CheckSteps {
    let Some(sample) = context.sample() else {
        return CheckSteps::skip("there is nothing to send");
    };
    let kind = |delivery: &Delivery| delivery.headers.text("content-type").map(str::to_owned);
    let signs = |delivery: &Delivery| {
        providers::signing_scheme(context.provider, delivery).map(|scheme| scheme.signature)
    };
    let same = |row: &&EventDef| {
        Fixture::read(row.example.as_bytes()).is_ok_and(|fixture| {
            let one = fixture.delivery;
            one.method == sample.method
                && kind(&one) == kind(&sample)
                && signs(&one) == signs(&sample)
        })
    };
    let asked = |row: &&EventDef| {
        row.kind == Kind::Other
            && (context.provider.conduct.asks_by(row.native) || context.provider.confirm.is_some())
    };
    let inbound = context.provider.inbound;
    let has_url_of_its_own =
        |row: &EventDef| row.kind == Kind::Inbound && inbound.is_some_and(|it| !it.is_event);
    let events = context
        .provider
        .events
        .iter()
        .filter(|row| !row.example.is_empty());
    let shots: Vec<CheckRequest> = events
        .filter(|row| wanted(row) && !asked(row) && !has_url_of_its_own(row))
        .filter(same)
        .zip(first..)
        .map(|(row, number)| CheckRequest::event(row.native).numbered(number))
        .collect();
    if shots.is_empty() {
        return CheckSteps::skip(format!("{} sends none", context.provider.title));
    }
    CheckSteps::each(shots)
}

/// True for what handlers of a message's events are not made for: mail that came in has handlers of its own.
fn is_of_another_use(row: &EventDef) -> bool {
    matches!(row.kind, Kind::Other | Kind::Inbound)
}

/// Pointer to the native event name, in the event that is sent.
fn native(context: &Context) -> Option<&'static str> {
    let row = context.provider.row(context.event())?;
    let in_body = |place: &&&str| place.starts_with('/');
    let natives = || context.provider.native.iter().filter(in_body);
    natives()
        .find(|place| row.marks.iter().any(|(mark, _)| mark == *place))
        .or_else(|| natives().next())
        .copied()
}

const UNKNOWN: &str = "something_new";

fn unknown_kind(context: &Context) -> CheckSteps {
    match native(context) {
        Some(place) => CheckSteps::each([numbered(context, 501)
            .labelled(format!("an event of the kind `{UNKNOWN}`"))
            .set(place, UNKNOWN)]),
        None => CheckSteps::skip("the kind is in no field of its own"),
    }
}

fn unknown_fields(context: &Context) -> CheckSteps {
    let base = match native(context).and_then(|place| place.rsplit_once('/')) {
        Some((base, _)) => base,
        None => "",
    };
    let request = numbered(context, 502)
        .labelled("an event with unknown fields")
        .set(format!("{base}/new_text"), "something new");
    if context.is_form() {
        return CheckSteps::each([request]);
    }
    CheckSteps::each([request.set(
        format!("{base}/new_object"),
        json!({"nested": [1, null, {"deep": true}]}),
    )])
}

fn odd_json(context: &Context) -> CheckSteps {
    const ODD: Style = Style {
        php: true,
        ..Style::SPACED
    };
    let Some(sample) = numbered(context, 503)
        .bare(context)
        .filter(|_| !context.is_form())
    else {
        return CheckSteps::skip("the body is not JSON");
    };
    match serde_json::from_slice::<Value>(&sample.body) {
        Ok(value) => CheckSteps::each([CheckRequest::body(context.event(), write(&value, &ODD))
            .labelled("the JSON of an event with spaces and escapes")
            .numbered(503)]),
        Err(_) => CheckSteps::skip("the body is not JSON"),
    }
}

/// Requests with batches of these sizes.
fn batches(context: &Context, first: u64, counts: &[u16]) -> CheckSteps {
    if context.batch().is_none() {
        return CheckSteps::skip(alone(context));
    }
    let name = context.batched_event();
    CheckSteps::each(counts.iter().zip(first..).map(|(count, number)| {
        CheckRequest::batch(name, *count)
            .labelled(match count {
                1 => "a batch of one event".to_owned(),
                count => format!("a batch of {count} events"),
            })
            .numbered(number)
    }))
}

fn batch_odd(context: &Context) -> CheckSteps {
    if context.batch().is_none() {
        return CheckSteps::skip(alone(context));
    }
    let Some(place) = native(context) else {
        return CheckSteps::skip("the kind is in no field of its own");
    };
    let part = |number: u64, odd: bool| {
        let request = numbered(context, number);
        let request = if odd {
            request.set(place, UNKNOWN)
        } else {
            request
        };
        request.bare(context)
    };
    let parts: Option<Vec<Delivery>> = [(521, false), (522, true), (523, false)]
        .into_iter()
        .map(|(number, odd)| part(number, odd))
        .collect();
    match parts.and_then(|parts| batch::together(context.provider, &parts)) {
        Some(delivery) => CheckSteps::each([CheckRequest::body(context.event(), delivery.body)
            .labelled(format!(
                "a batch of three events, the second of the kind `{UNKNOWN}`"
            ))
            .numbered(521)]),
        None => CheckSteps::skip(alone(context)),
    }
}

fn batch_empty(context: &Context) -> CheckSteps {
    if context.batch().is_none() {
        return CheckSteps::skip(alone(context));
    }
    let empty = context
        .sample()
        .and_then(|sample| batch::holding(context.provider, &sample, Vec::new()));
    match empty {
        Some(delivery) => CheckSteps::each([CheckRequest::body(context.event(), delivery.body)
            .labelled("a batch of no events")
            .numbered(524)]),
        None => CheckSteps::skip(alone(context)),
    }
}

fn metadata(context: &Context) -> CheckSteps {
    let names: &[&str] = match context.provider.fields.metadata {
        Placement::Nowhere => {
            return CheckSteps::skip(format!("{} has no custom fields", context.provider.title));
        }
        // Placed among the provider's own members: the provider itself overwrites names that it uses.
        Placement::Among(..) => &["id", "name", "constructor", "__proto__"],
        _ => &["id", "email", "event", "constructor", "__proto__"],
    };
    let mut request = numbered(context, 530).labelled(format!(
        "an event with custom arguments named {}",
        names.join(", ")
    ));
    request.overrides.metadata = names
        .iter()
        .map(|name| ((*name).to_owned(), "mine".to_owned()))
        .collect();
    CheckSteps::each([request])
}

fn machine(context: &Context) -> CheckSteps {
    let marked = context.provider.machines.iter().zip(570..);
    let shots: Vec<CheckRequest> = marked
        .map(|(machine, number)| {
            let mut request = CheckRequest::event(machine.kind.name())
                .labelled(format!("{} by a machine", machine.kind))
                .numbered(number);
            request.by_machine = true;
            request
        })
        .collect();
    if shots.is_empty() {
        return CheckSteps::skip(format!(
            "{} does not mark events of machines",
            context.provider.title
        ));
    }
    CheckSteps::each(shots)
}

fn non_ascii(context: &Context) -> CheckSteps {
    const ADDRESS: &str = "j\u{f6}rg+\u{30c6}\u{30b9}\u{30c8}@b\u{fc}cher.example";
    if context.provider.fields.recipient.is_empty() {
        return CheckSteps::skip(format!(
            "events of {} have no recipient",
            context.provider.title
        ));
    }
    let mut request = numbered(context, 540).labelled("an event with a non-ASCII address");
    request.overrides.recipient = Some(ADDRESS.to_owned());
    CheckSteps::each([request])
}

fn big_ids(context: &Context) -> CheckSteps {
    let found = context.provider.events.iter().find_map(|row| {
        let delivery = Fixture::read(row.example.as_bytes()).ok()?.delivery;
        let document = Document::of(&delivery).ok()?;
        let is_number = |place: &&&str| document.at(place).is_some_and(Document::is_number);
        let place = context.provider.fields.unique.iter().find(is_number)?;
        Some((row.native, *place))
    });
    let Some((name, place)) = found else {
        return CheckSteps::skip(format!(
            "the ids of {} are not numbers",
            context.provider.title
        ));
    };
    let shots = [9_007_199_254_740_993_i64, i64::MAX].into_iter().zip(550..);
    CheckSteps::each(shots.map(|(id, number)| {
        CheckRequest::event(name)
            .labelled(format!("{name} with the id {id}"))
            .numbered(number)
            .set(place, id)
    }))
}

fn fractions(context: &Context) -> CheckSteps {
    let place = context
        .provider
        .fields
        .at
        .iter()
        .find_map(|stamp| match stamp {
            TimeField::Fraction(place) => Some(*place),
            _ => None,
        });
    let Some(place) = place else {
        return CheckSteps::skip(format!(
            "{} does not write times as numbers with a fraction",
            context.provider.title
        ));
    };
    let whole = context.now.as_second();
    CheckSteps::each([
        numbered(context, 560)
            .labelled("an event whose time has a fraction")
            .set(place, json!(whole as f64 + 0.903_125)),
        numbered(context, 561)
            .labelled("an event whose time is whole")
            .set(place, whole),
    ])
}
